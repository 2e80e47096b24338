/* certificate_parse.c - reads one certificate by our own rules, from strict DER.
 *
 * The outer shape is split first, then the body is read field by field in its one order; extensions
 * are collected by their place in the table and looked at once the kind is known. Texts are copied
 * into one block that the structure owns. A certificate that is not exactly as docs/protocol.md,
 * "Certificates", asks is PEER_E_INVALID_RECORD; without unknown extensions, a certificate that
 * passes is byte for byte what certificate_issue would write. Signatures are checked here only
 * where the certificate holds the key for it; the rest is a link's affair. */
#include "group/certificate_format.h"
#include "group/peer_name.h"

/* A certificate taken apart: views into its DER. */
struct body {
    struct bytes issuer_friendly;
    struct bytes friendly;
    struct bytes values[EXTENSION_COUNT]; /* data NULL: absent */
    struct bytes peer_name;
    struct bytes issuer_name;
    struct bytes group_name;
    uint64_t not_before;
    uint64_t not_after;
    const uint8_t *key;
};

HRESULT certificate_split(struct bytes der, struct bytes *body, struct bytes *signature)
{
    *body = *signature = bytes_of(NULL, 0);
    if (der.size > LIMIT_CERTIFICATE_SIZE)
        return PEER_E_INVALID_RECORD;
    struct der outer = der_of(der);
    struct der inner = der_enter(&outer, DER_SEQUENCE);
    struct bytes signed_part = der_take_whole(&inner, DER_SEQUENCE);
    der_expect(&inner, format_algorithm().data, format_algorithm().size);
    struct bytes bits = der_take(&inner, DER_BIT_STRING);
    der_leave(&outer, &inner);
    if (!der_done(&outer) || bits.size != 1 + CERTIFICATE_SIGNATURE_SIZE || bits.data[0] != 0)
        return PEER_E_INVALID_RECORD;
    *body = signed_part;
    *signature = bytes_of(bits.data + 1, CERTIFICATE_SIGNATURE_SIZE);
    return S_OK;
}

/* Name with exactly one common name. */
static struct bytes take_common_name(struct der *der)
{
    struct der names = der_enter(der, DER_SEQUENCE);
    struct der set = der_enter(&names, DER_SET);
    struct der pair = der_enter(&set, DER_SEQUENCE);
    der_expect(&pair, "\x06\x03\x55\x04\x03", 5);
    struct bytes name = der_take(&pair, DER_UTF8);
    der_leave(&set, &pair);
    der_leave(&names, &set);
    der_leave(der, &names);
    return name;
}

static bool oid_is_strict(struct bytes oid)
{
    if (oid.size == 0 || oid.data[oid.size - 1] & 0x80)
        return false;
    for (size_t i = 0; i < oid.size; i++) {
        bool begins = i == 0 || !(oid.data[i - 1] & 0x80);
        if (begins && oid.data[i] == 0x80)
            return false;
    }
    return true;
}

static int extension_find(struct bytes oid)
{
    int found = 0;
    while (found < EXTENSION_COUNT && !bytes_equal(oid, extension_oid((enum extension)found)))
        found++;
    return found;
}

/* Unknown extensions: not critical, behind the known ones, each once, at most so many. */
static bool unknown_fits(struct bytes oid, struct bytes seen[UNKNOWN_EXTENSIONS_MAX], size_t count)
{
    if (count == UNKNOWN_EXTENSIONS_MAX || !oid_is_strict(oid))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(oid, seen[i]))
            return false;
    }
    return true;
}

static void take_extensions(struct der *list, struct bytes values[EXTENSION_COUNT])
{
    struct bytes unknown[UNKNOWN_EXTENSIONS_MAX];
    size_t unknown_count = 0;
    int next = 0;
    while (der_more(list)) {
        struct der one = der_enter(list, DER_SEQUENCE);
        struct bytes oid = der_take(&one, DER_OID);
        int found = one.failed ? EXTENSION_COUNT : extension_find(oid);
        if (found == EXTENSION_BASIC_CONSTRAINTS)
            der_expect(&one, "\x01\x01\xFF", 3);
        struct bytes value = der_take(&one, DER_OCTET_STRING);
        der_leave(list, &one);
        if (list->failed)
            return;
        if (found < EXTENSION_COUNT && found >= next) {
            values[found] = value;
            next = found + 1;
        } else if (found == EXTENSION_COUNT && unknown_fits(oid, unknown, unknown_count)) {
            unknown[unknown_count++] = oid;
            next = EXTENSION_COUNT;
        } else {
            list->failed = true;
        }
    }
}

/* Everything up to the extensions. */
static void take_fields(struct der *der, struct bytes whole, struct body *body)
{
    static const uint8_t key_header[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                         0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
    uint8_t expected[SERIAL_SIZE];
    der_expect(der, "\xA0\x03\x02\x01\x02", 5);
    struct bytes serial = der_take(der, DER_INTEGER);
    if (serial.size != SERIAL_SIZE) {
        der->failed = true;
        return;
    }
    certificate_serial(whole, expected);
    der->failed = der->failed || memcmp(serial.data, expected, SERIAL_SIZE) != 0;
    der_expect(der, format_algorithm().data, format_algorithm().size);
    body->issuer_friendly = take_common_name(der);
    struct der dates = der_enter(der, DER_SEQUENCE);
    body->not_before = der_take_time(&dates);
    body->not_after = der_take_time(&dates);
    der_leave(der, &dates);
    body->friendly = take_common_name(der);
    der_expect(der, key_header, sizeof(key_header));
    if (der->failed || der->rest.size < KEY_SIZE) {
        der->failed = true;
        return;
    }
    body->key = der->rest.data;
    der->rest = bytes_of(der->rest.data + KEY_SIZE, der->rest.size - KEY_SIZE);
}

static HRESULT body_read(struct bytes whole, struct body *body)
{
    *body = (struct body){.key = NULL};
    struct der outer = der_of(whole);
    struct der fields = der_enter(&outer, DER_SEQUENCE);
    take_fields(&fields, whole, body);
    struct der wrapper = der_enter(&fields, DER_CONTEXT_3_CONSTRUCTED);
    struct der list = der_enter(&wrapper, DER_SEQUENCE);
    take_extensions(&list, body->values);
    der_leave(&wrapper, &list);
    der_leave(&fields, &wrapper);
    der_leave(&outer, &fields);
    bool good = der_done(&outer) && body->not_before <= body->not_after &&
                friendly_name_fits(body->friendly) && friendly_name_fits(body->issuer_friendly);
    return good ? S_OK : PEER_E_INVALID_RECORD;
}

/* GeneralNames with exactly one otherName that holds a peer name. */
static struct bytes read_alternative_name(struct bytes value)
{
    struct der outer = der_of(value);
    struct der names = der_enter(&outer, DER_SEQUENCE);
    struct der other = der_enter(&names, DER_CONTEXT_0_CONSTRUCTED);
    struct bytes type = der_take(&other, DER_OID);
    struct der wrapper = der_enter(&other, DER_CONTEXT_0_CONSTRUCTED);
    struct bytes name = der_take(&wrapper, DER_UTF8);
    der_leave(&other, &wrapper);
    der_leave(&names, &other);
    der_leave(&outer, &names);
    bool good = der_done(&outer) && bytes_equal(type, format_name_oid());
    return good ? name : bytes_of(NULL, 0);
}

/* Reads an OCTET STRING of one hash. */
static void take_hash(struct der *der, struct hash *hash)
{
    struct bytes value = der_take(der, DER_OCTET_STRING);
    if (value.size == HASH_SIZE)
        memcpy(hash->bytes, value.data, HASH_SIZE);
    else
        der->failed = true;
}

/* SEQUENCE OF OCTET STRING: one or more roles, administrator first, member last. */
static unsigned read_roles(struct bytes value)
{
    unsigned roles = 0;
    struct der outer = der_of(value);
    struct der list = der_enter(&outer, DER_SEQUENCE);
    while (der_more(&list)) {
        struct bytes one = der_take(&list, DER_OCTET_STRING);
        struct guid guid = GUID_NULL_VALUE;
        if (one.size == GUID_SIZE)
            memcpy(guid.bytes, one.data, GUID_SIZE);
        unsigned role = role_of_guid(&guid);
        if (role <= roles)
            return 0;
        roles |= role;
    }
    der_leave(&outer, &list);
    return der_done(&outer) ? roles : 0;
}

/* What only members' certificates say. */
static bool read_member(const struct body *body, struct certificate *certificate)
{
    const struct bytes *values = body->values;
    certificate->roles = read_roles(values[EXTENSION_ROLES]);
    struct der outer = der_of(values[EXTENSION_ISSUER]);
    struct der issuer = der_enter(&outer, DER_SEQUENCE);
    take_hash(&issuer, &certificate->issuer);
    take_hash(&issuer, &certificate->issuer_key_hash);
    der_leave(&outer, &issuer);
    bool good = certificate->roles != 0 && der_done(&outer);
    if (values[EXTENSION_DEPUTY].data) {
        certificate->deputy = true;
        good = good && bytes_equal(values[EXTENSION_DEPUTY], bytes_of("\x01\x01\xFF", 3));
    }
    if (values[EXTENSION_PROPERTIES].data) {
        struct der properties = der_of(values[EXTENSION_PROPERTIES]);
        take_hash(&properties, &certificate->properties);
        good = good && der_done(&properties) && !hash_equal(&certificate->properties, &HASH_NULL);
    }
    return good;
}

static bool read_kind(const struct body *body, struct certificate *certificate)
{
    struct der reader = der_of(body->values[EXTENSION_KIND]);
    struct bytes value = der_take(&reader, DER_INTEGER);
    if (!der_done(&reader) || value.size != 1)
        return false;
    certificate->kind = (enum certificate_kind)value.data[0];
    unsigned present = 0;
    for (unsigned i = 0; i < EXTENSION_COUNT; i++)
        present |= body->values[i].data ? 1u << i : 0;
    unsigned required = extensions_required(certificate->kind);
    return required != 0 && (present & required) == required &&
           (present & ~extensions_allowed(certificate->kind)) == 0;
}

static bool identifier_holds(struct bytes value, const char *header, size_t header_size,
                             const struct hash *hash)
{
    struct der reader = der_of(value);
    der_expect(&reader, header, header_size);
    der_expect(&reader, hash->bytes, KEY_IDENTIFIER_SIZE);
    return der_done(&reader);
}

/* The extensions that follow from others. */
static bool standard_hold(const struct body *body, const struct certificate *certificate)
{
    const struct bytes *values = body->values;
    struct bytes constraints = certificate_is_issuer(certificate)
                                   ? bytes_of("\x30\x03\x01\x01\xFF", 5)
                                   : bytes_of("\x30\x00", 2);
    return bytes_equal(values[EXTENSION_BASIC_CONSTRAINTS], constraints) &&
           bytes_equal(values[EXTENSION_KEY_USE], format_key_use()) &&
           identifier_holds(values[EXTENSION_SUBJECT_KEY], "\x04\x14", 2, &certificate->key_hash) &&
           identifier_holds(values[EXTENSION_AUTHORITY_KEY], "\x30\x16\x80\x14", 4,
                            &certificate->issuer_key_hash);
}

static bool read_names(struct body *body, const struct certificate *certificate)
{
    body->peer_name = read_alternative_name(body->values[EXTENSION_SUBJECT_NAME]);
    body->issuer_name = body->group_name = bytes_of(NULL, 0);
    bool good = body->peer_name.size > 0;
    if (certificate->kind == CERTIFICATE_MEMBER) {
        body->issuer_name = read_alternative_name(body->values[EXTENSION_ISSUER_NAME]);
        good = good && body->issuer_name.size > 0;
    }
    if (certificate->kind != CERTIFICATE_IDENTITY) {
        struct der reader = der_of(body->values[EXTENSION_GROUP_NAME]);
        body->group_name = der_take(&reader, DER_UTF8);
        good = good && der_done(&reader) && body->group_name.size > 0;
    }
    return good;
}

/* Fills everything but the texts. */
static HRESULT certificate_fill(struct bytes der, struct body *body,
                                struct certificate *certificate)
{
    hash_sha256(der.data, der.size, &certificate->hash);
    memcpy(certificate->key, body->key, KEY_SIZE);
    key_hash(certificate->key, &certificate->key_hash);
    certificate->not_before = body->not_before;
    certificate->not_after = body->not_after;
    certificate->issuer = certificate->hash;
    certificate->issuer_key_hash = certificate->key_hash;
    bool good = read_kind(body, certificate) &&
                (certificate->kind != CERTIFICATE_MEMBER || read_member(body, certificate)) &&
                standard_hold(body, certificate) && read_names(body, certificate);
    return good ? S_OK : PEER_E_INVALID_RECORD;
}

static HRESULT texts_copy(const struct body *body, struct certificate *certificate)
{
    const struct bytes views[] = {body->peer_name, body->friendly, body->issuer_name,
                                  body->issuer_friendly, body->group_name};
    const char **const texts[] = {&certificate->peer_name, &certificate->friendly_name,
                                  &certificate->issuer_name, &certificate->issuer_friendly_name,
                                  &certificate->group_name};
    const size_t count = sizeof(views) / sizeof(views[0]);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += views[i].size + 1;
    char *at = certificate->owned = mem_alloc(size);
    if (!at)
        return E_OUTOFMEMORY;
    for (size_t i = 0; i < count; i++) {
        *texts[i] = at;
        if (views[i].size > 0)
            memcpy(at, views[i].data, views[i].size);
        at[views[i].size] = '\0';
        at += views[i].size + 1;
    }
    return S_OK;
}

static bool has_nul(struct bytes text)
{
    return text.size > 0 && memchr(text.data, 0, text.size);
}

static bool names_hold(const struct body *body, const struct certificate *certificate)
{
    struct peer_name group;
    if (has_nul(body->peer_name) || has_nul(body->issuer_name) || has_nul(body->group_name) ||
        !peer_name_matches(certificate->peer_name, &certificate->key_hash))
        return false;
    switch (certificate->kind) {
    case CERTIFICATE_MEMBER:
        return peer_name_matches(certificate->issuer_name, &certificate->issuer_key_hash) &&
               SUCCEEDED(peer_name_parse(certificate->group_name, &group)) && group.secure;
    case CERTIFICATE_GROUP:
        return strcmp(certificate->group_name, certificate->peer_name) == 0;
    case CERTIFICATE_IDENTITY:
        return true;
    }
    return false;
}

static bool self_signature_holds(struct bytes signed_part, struct bytes signature,
                                 const struct certificate *certificate)
{
    if (!certificate_is_self_signed_kind(certificate->kind))
        return true;
    return strcmp(certificate->friendly_name, certificate->issuer_friendly_name) == 0 &&
           signature_check(certificate->key, signed_part.data, signed_part.size, signature.data);
}

void certificate_deinit(struct certificate *certificate)
{
    mem_free(certificate->owned);
    *certificate = (struct certificate){.owned = NULL};
}

HRESULT certificate_parse(struct bytes der, struct certificate *certificate)
{
    *certificate = (struct certificate){.owned = NULL};
    struct bytes signed_part, signature;
    struct body body;
    HRESULT hr = certificate_split(der, &signed_part, &signature);
    if (SUCCEEDED(hr))
        hr = body_read(signed_part, &body);
    if (SUCCEEDED(hr))
        hr = certificate_fill(der, &body, certificate);
    if (SUCCEEDED(hr))
        hr = texts_copy(&body, certificate);
    if (SUCCEEDED(hr) && !(names_hold(&body, certificate) && key_check(certificate->key) &&
                           self_signature_holds(signed_part, signature, certificate)))
        hr = PEER_E_INVALID_RECORD;
    if (FAILED(hr))
        certificate_deinit(certificate);
    return hr;
}
