/* certificate_issue.c - writes certificates: the one order of fields that certificate_parse reads.
 *
 * A request and its issuer become the row that the finished certificate will be read as; the body
 * is written from that row, its serial computed, the issuer's key signs. The result is read back
 * and held against the rules of a link before anyone gets it, so that nothing is issued that
 * another member would refuse: such a request is E_INVALIDARG. All is written in a fixed block on
 * the stack; the only allocations are those of the reading and of the caller's buffer. */
#include "group/certificate_format.h"
#include "group/peer_name.h"

static void put_common_name(struct der_writer *writer, const char *name)
{
    size_t names = der_open(writer, DER_SEQUENCE);
    size_t set = der_open(writer, DER_SET);
    size_t pair = der_open(writer, DER_SEQUENCE);
    der_put(writer, DER_OID, bytes_of("\x55\x04\x03", 3));
    der_put(writer, DER_UTF8, bytes_of_text(name));
    der_close(writer, pair);
    der_close(writer, set);
    der_close(writer, names);
}

/* Opens one extension up to its value; end it with extension_close. */
struct opened_extension {
    size_t whole;
    size_t value;
};

static struct opened_extension extension_open(struct der_writer *writer, enum extension extension)
{
    struct opened_extension opened;
    opened.whole = der_open(writer, DER_SEQUENCE);
    der_put(writer, DER_OID, extension_oid(extension));
    if (extension == EXTENSION_BASIC_CONSTRAINTS)
        der_put(writer, DER_BOOLEAN, bytes_of("\xFF", 1));
    opened.value = der_open(writer, DER_OCTET_STRING);
    return opened;
}

static void extension_close(struct der_writer *writer, struct opened_extension opened)
{
    der_close(writer, opened.value);
    der_close(writer, opened.whole);
}

static void put_extension(struct der_writer *writer, enum extension extension, struct bytes value)
{
    struct opened_extension opened = extension_open(writer, extension);
    der_put_raw(writer, value.data, value.size);
    extension_close(writer, opened);
}

static void put_standard(struct der_writer *writer, const struct certificate *certificate)
{
    struct bytes constraints = certificate_is_issuer(certificate)
                                   ? bytes_of("\x30\x03\x01\x01\xFF", 5)
                                   : bytes_of("\x30\x00", 2);
    put_extension(writer, EXTENSION_BASIC_CONSTRAINTS, constraints);
    struct opened_extension opened = extension_open(writer, EXTENSION_SUBJECT_KEY);
    der_put(writer, DER_OCTET_STRING, bytes_of(certificate->key_hash.bytes, KEY_IDENTIFIER_SIZE));
    extension_close(writer, opened);
    opened = extension_open(writer, EXTENSION_AUTHORITY_KEY);
    size_t sequence = der_open(writer, DER_SEQUENCE);
    der_put(writer, DER_CONTEXT_0,
            bytes_of(certificate->issuer_key_hash.bytes, KEY_IDENTIFIER_SIZE));
    der_close(writer, sequence);
    extension_close(writer, opened);
    put_extension(writer, EXTENSION_KEY_USE, format_key_use());
}

static void put_alternative_name(struct der_writer *writer, enum extension extension,
                                 const char *name)
{
    struct opened_extension opened = extension_open(writer, extension);
    size_t names = der_open(writer, DER_SEQUENCE);
    size_t other = der_open(writer, DER_CONTEXT_0_CONSTRUCTED);
    der_put(writer, DER_OID, format_name_oid());
    size_t wrapper = der_open(writer, DER_CONTEXT_0_CONSTRUCTED);
    der_put(writer, DER_UTF8, bytes_of_text(name));
    der_close(writer, wrapper);
    der_close(writer, other);
    der_close(writer, names);
    extension_close(writer, opened);
}

static void put_roles(struct der_writer *writer, unsigned roles)
{
    struct opened_extension opened = extension_open(writer, EXTENSION_ROLES);
    size_t sequence = der_open(writer, DER_SEQUENCE);
    for (unsigned role = ROLE_ADMIN; role <= ROLE_MEMBER; role <<= 1) {
        struct guid guid;
        if (!(roles & role))
            continue;
        role_guid((enum role)role, &guid);
        der_put(writer, DER_OCTET_STRING, bytes_of(guid.bytes, GUID_SIZE));
    }
    der_close(writer, sequence);
    extension_close(writer, opened);
}

static void put_hash_extension(struct der_writer *writer, enum extension extension,
                               const struct hash *hash)
{
    struct opened_extension opened = extension_open(writer, extension);
    der_put(writer, DER_OCTET_STRING, bytes_of(hash->bytes, HASH_SIZE));
    extension_close(writer, opened);
}

static void put_member(struct der_writer *writer, const struct certificate *certificate)
{
    put_roles(writer, certificate->roles);
    struct opened_extension opened = extension_open(writer, EXTENSION_ISSUER);
    size_t sequence = der_open(writer, DER_SEQUENCE);
    der_put(writer, DER_OCTET_STRING, bytes_of(certificate->issuer.bytes, HASH_SIZE));
    der_put(writer, DER_OCTET_STRING, bytes_of(certificate->issuer_key_hash.bytes, HASH_SIZE));
    der_close(writer, sequence);
    extension_close(writer, opened);
    if (certificate->deputy)
        put_extension(writer, EXTENSION_DEPUTY, bytes_of("\x01\x01\xFF", 3));
    if (!hash_equal(&certificate->properties, &HASH_NULL))
        put_hash_extension(writer, EXTENSION_PROPERTIES, &certificate->properties);
}

static void put_extensions(struct der_writer *writer, const struct certificate *certificate)
{
    size_t wrapper = der_open(writer, DER_CONTEXT_3_CONSTRUCTED);
    size_t list = der_open(writer, DER_SEQUENCE);
    put_standard(writer, certificate);
    put_alternative_name(writer, EXTENSION_SUBJECT_NAME, certificate->peer_name);
    if (certificate->kind == CERTIFICATE_MEMBER)
        put_alternative_name(writer, EXTENSION_ISSUER_NAME, certificate->issuer_name);
    uint8_t kind[] = {DER_INTEGER, 1, (uint8_t)certificate->kind};
    put_extension(writer, EXTENSION_KIND, bytes_of(kind, sizeof(kind)));
    if (certificate->kind != CERTIFICATE_IDENTITY) {
        struct opened_extension opened = extension_open(writer, EXTENSION_GROUP_NAME);
        der_put(writer, DER_UTF8, bytes_of_text(certificate->group_name));
        extension_close(writer, opened);
    }
    if (certificate->kind == CERTIFICATE_MEMBER)
        put_member(writer, certificate);
    der_close(writer, list);
    der_close(writer, wrapper);
}

void certificate_write_body(const struct certificate *certificate, struct der_writer *writer)
{
    static const uint8_t no_serial[SERIAL_SIZE] = {0x40};
    static const uint8_t key_header[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                         0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
    size_t begin = writer->size;
    size_t body = der_open(writer, DER_SEQUENCE);
    der_put_raw(writer, "\xA0\x03\x02\x01\x02", 5);
    der_put(writer, DER_INTEGER, bytes_of(no_serial, SERIAL_SIZE));
    der_put_raw(writer, format_algorithm().data, format_algorithm().size);
    put_common_name(writer, certificate->issuer_friendly_name);
    size_t dates = der_open(writer, DER_SEQUENCE);
    der_put_time(writer, certificate->not_before);
    der_put_time(writer, certificate->not_after);
    der_close(writer, dates);
    put_common_name(writer, certificate->friendly_name);
    der_put_raw(writer, key_header, sizeof(key_header));
    der_put_raw(writer, certificate->key, KEY_SIZE);
    put_extensions(writer, certificate);
    der_close(writer, body);
    if (writer->failed)
        return;
    uint8_t serial[SERIAL_SIZE];
    size_t at = certificate_serial(bytes_of(writer->data + begin, writer->size - begin), serial);
    memcpy(writer->data + begin + at, serial, SERIAL_SIZE);
}

/* Fills the row from what was asked for; E_INVALIDARG for what cannot even be written. */
static HRESULT request_fill(const struct certificate_request *request,
                            const struct certificate *issuer, struct certificate *made)
{
    const char *friendly = request->friendly_name && *request->friendly_name
                               ? request->friendly_name
                               : request->peer_name;
    struct peer_name name;
    if (FAILED(peer_name_parse(request->peer_name, &name)) ||
        !friendly_name_fits(bytes_of_text(friendly)) || !der_time_fits(request->not_before) ||
        !der_time_fits(request->not_after))
        return E_INVALIDARG;
    *made = (struct certificate){.kind = request->kind,
                                 .roles = request->roles,
                                 .deputy = request->deputy,
                                 .not_before = request->not_before,
                                 .not_after = request->not_after,
                                 .peer_name = request->peer_name,
                                 .friendly_name = friendly,
                                 .issuer_name = "",
                                 .issuer_friendly_name = friendly,
                                 .group_name = request->peer_name};
    memcpy(made->key, request->key, KEY_SIZE);
    key_hash(made->key, &made->key_hash);
    made->issuer_key_hash = made->key_hash;
    if (request->properties)
        made->properties = *request->properties;
    if (!issuer)
        return request->roles || request->deputy || request->properties ? E_INVALIDARG : S_OK;
    made->issuer = issuer->hash;
    made->issuer_key_hash = issuer->key_hash;
    made->issuer_name = issuer->peer_name;
    made->issuer_friendly_name = issuer->friendly_name;
    made->group_name = issuer->group_name;
    return S_OK;
}

/* Reads what was made as any member would. */
static HRESULT made_check(struct bytes der, const struct certificate *issuer)
{
    struct certificate made;
    HRESULT hr = certificate_parse(der, &made);
    if (SUCCEEDED(hr) && issuer && !certificate_link_holds(&made, issuer))
        hr = E_INVALIDARG;
    certificate_deinit(&made);
    return hr == PEER_E_INVALID_RECORD ? E_INVALIDARG : hr;
}

HRESULT certificate_issue(const struct certificate_request *request,
                          const struct certificate *issuer, const struct signing_key *issuer_key,
                          struct buffer *der)
{
    uint8_t signing_public[KEY_SIZE];
    signing_key_public(issuer_key, signing_public);
    bool self_signed = certificate_is_self_signed_kind(request->kind);
    if ((!self_signed && request->kind != CERTIFICATE_MEMBER) || self_signed != (issuer == NULL) ||
        memcmp(signing_public, issuer ? issuer->key : request->key, KEY_SIZE) != 0)
        return E_INVALIDARG;
    struct certificate made;
    HRESULT hr = request_fill(request, issuer, &made);
    if (FAILED(hr))
        return hr;
    struct der_writer writer = {.size = 0, .failed = false};
    size_t whole = der_open(&writer, DER_SEQUENCE);
    size_t begin = writer.size;
    certificate_write_body(&made, &writer);
    if (writer.failed)
        return CRYPT_E_BAD_ENCODE;
    uint8_t signature[1 + CERTIFICATE_SIGNATURE_SIZE] = {0};
    signing_key_sign(issuer_key, writer.data + begin, writer.size - begin, signature + 1);
    der_put_raw(&writer, format_algorithm().data, format_algorithm().size);
    der_put(&writer, DER_BIT_STRING, bytes_of(signature, sizeof(signature)));
    der_close(&writer, whole);
    if (writer.failed)
        return CRYPT_E_BAD_ENCODE;
    hr = made_check(bytes_of(writer.data, writer.size), issuer);
    return FAILED(hr) ? hr : buffer_append(der, writer.data, writer.size);
}
