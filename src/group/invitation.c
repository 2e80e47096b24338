/* invitation.c - PEERINVITATION: writing it, and reading what anybody may have altered.
 *
 * Happy path: the documented elements are read, each exactly once and nothing else; the signed
 * element behind them must hash them, hang on the same chain and be signed by the issuer's key.
 * What comes out is one structure with its memory. Failure: VERSION is looked at first, so that a
 * later form is told from an altered one; everything else that does not fit is
 * PEER_E_INVITATION_NOT_TRUSTED. Only a lack of memory is passed up as it is. */
#include "group/invitation_data.h"

#include "base/text.h"
#include "base/xml.h"
#include "group/peer_name.h"

#include <sodium.h>

#define INVITATION_VERSION "2.0"
#define DATATYPES "urn:schemas-microsoft-com:datatypes"
#define DATA_ELEMENT "GROUPDATA"

enum { CLOUD_UNITS_MAX = 255 };

void invitation_deinit(struct invitation *invitation)
{
    chain_deinit(&invitation->parsed);
    buffer_deinit(&invitation->texts);
    buffer_deinit(&invitation->list);
    sodium_memzero(&invitation->rendezvous, sizeof(invitation->rendezvous));
    *invitation = (struct invitation){.scheme = 0};
}

static const char *scope_text(enum invitation_scope scope)
{
    switch (scope) {
    case SCOPE_GLOBAL:
        return "GLOBAL";
    case SCOPE_SITE_LOCAL:
        return "SITELOCAL";
    case SCOPE_LINK_LOCAL:
        return "LINKLOCAL";
    }
    return NULL;
}

/* ---- writing ---- */

static void write_base64_element(struct xml_writer *writer, const char *name, struct bytes data)
{
    xml_write_open(writer, name);
    xml_write_attribute(writer, "xmlns:dt", DATATYPES);
    xml_write_attribute(writer, "dt:dt", "bin.base64");
    xml_write_base64(writer, data);
    xml_write_close(writer);
}

static HRESULT write_xml(const struct invitation *invitation,
                         const struct invitation_fields *fields, struct bytes data,
                         struct buffer *xml)
{
    struct xml_writer writer;
    xml_writer_init(&writer, xml);
    xml_write_open(&writer, "PEERINVITATION");
    xml_write_attribute(&writer, "VERSION", INVITATION_VERSION);
    xml_write_element(&writer, "CLOUDNAME", fields->cloud);
    xml_write_element(&writer, "SCOPE", fields->scope);
    xml_write_element(&writer, "CLOUDFLAGS", fields->cloud_flags);
    if (invitation->scheme == GROUP_SCHEME_CERTIFICATE) {
        write_base64_element(&writer, "GMC", fields->certificates);
    } else {
        xml_write_element(&writer, "GROUPPEERNAME", fields->group_name);
        xml_write_element(&writer, "GROUPFRIENDLYNAME", fields->group_friendly_name);
    }
    write_base64_element(&writer, DATA_ELEMENT, data);
    xml_write_close(&writer);
    HRESULT hr = xml_writer_finish(&writer);
    return SUCCEEDED(hr) ? buffer_terminate(xml) : hr;
}

/* The issuer stands above the invitee, or last in its own chain. */
static const struct certificate *issuer_of(const struct invitation *invitation,
                                           const struct chain *chain)
{
    bool by_password = invitation->scheme == GROUP_SCHEME_PASSWORD;
    if (chain->count < 2)
        return NULL;
    return &chain->certificates[chain->count - (by_password ? 1 : 2)];
}

static HRESULT make_from_chain(const struct invitation *invitation, const struct chain *chain,
                               const struct signing_key *key, struct buffer *xml)
{
    CLEANUP_BUFFER struct buffer pkcs7 = BUFFER_NULL;
    CLEANUP_BUFFER struct buffer data = BUFFER_SECRET;
    uint8_t public_key[KEY_SIZE];
    const struct certificate *issuer = issuer_of(invitation, chain);
    signing_key_public(key, public_key);
    if (!issuer || memcmp(issuer->key, public_key, KEY_SIZE) != 0 || !scope_text(invitation->scope))
        return E_INVALIDARG;
    HRESULT hr = S_OK;
    if (invitation->scheme == GROUP_SCHEME_CERTIFICATE)
        hr = pkcs7_encode(chain->ders, chain->count, &pkcs7);
    if (FAILED(hr))
        return hr;
    struct invitation_fields fields = {
        .cloud = invitation->cloud ? invitation->cloud : "",
        .scope = scope_text(invitation->scope),
        .cloud_flags = (invitation->cloud_flags & CLOUD_FLAG_PRIVATE) ? "1" : "0",
        .certificates = buffer_view(&pkcs7),
        .group_name = invitation->group_name,
        .group_friendly_name =
            invitation->group_friendly_name ? invitation->group_friendly_name : "",
    };
    struct hash hash;
    invitation_fields_hash(invitation->scheme, &fields, &hash);
    hr = invitation_data_encode(invitation, &hash, key, &data);
    if (SUCCEEDED(hr))
        hr = write_xml(invitation, &fields, buffer_view(&data), xml);
    return hr;
}

HRESULT invitation_make(const struct invitation *invitation, const struct signing_key *issuer_key,
                        struct buffer *xml)
{
    struct chain chain;
    size_t before = xml->size;
    HRESULT hr = chain_parse(invitation->chain, NULL, &chain);
    if (FAILED(hr))
        return hr == E_OUTOFMEMORY ? hr : E_INVALIDARG;
    hr = make_from_chain(invitation, &chain, issuer_key, xml);
    chain_deinit(&chain);
    if (SUCCEEDED(hr) && xml->size - before > LIMIT_XML_SIZE)
        hr = E_INVALIDARG;
    if (FAILED(hr))
        xml->size = before;
    return hr;
}

/* ---- reading ---- */

/* What was found in the XML; texts are borrowed from the document. */
struct reading {
    const char *cloud;
    const char *scope;
    const char *cloud_flags;
    const char *group_name;
    const char *group_friendly_name;
    const char *certificates;
    const char *data;
};

static HRESULT distrust(HRESULT hr)
{
    return hr == E_OUTOFMEMORY ? hr : PEER_E_INVITATION_NOT_TRUSTED;
}

static const char **place_of(struct reading *reading, const struct xml_element *element)
{
    const struct {
        const char *name;
        const char **place;
    } known[] = {
        {"CLOUDNAME", &reading->cloud},
        {"SCOPE", &reading->scope},
        {"CLOUDFLAGS", &reading->cloud_flags},
        {"GROUPPEERNAME", &reading->group_name},
        {"GROUPFRIENDLYNAME", &reading->group_friendly_name},
        {"GMC", &reading->certificates},
        {DATA_ELEMENT, &reading->data},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (xml_is(element, NULL, known[i].name))
            return known[i].place;
    }
    return NULL;
}

/* Each element at most once, none that is unknown, no attribute but the datatype of binary ones. */
static bool read_element(struct reading *reading, const struct xml_element *element)
{
    const char **place = place_of(reading, element);
    if (!place || *place)
        return false;
    bool binary = place == &reading->certificates || place == &reading->data;
    const char *datatype = xml_attribute(element, DATATYPES, "dt");
    size_t allowed = binary && datatype ? 1 : 0;
    if (xml_attribute_count(element) != allowed || (allowed && strcmp(datatype, "bin.base64") != 0))
        return false;
    *place = xml_text(element);
    return *place != NULL;
}

static bool read_elements(struct reading *reading, const struct xml_element *root)
{
    if (xml_has_text(root) || xml_attribute_count(root) != 1)
        return false;
    for (const struct xml_element *element = xml_first(root); element;
         element = xml_next(element)) {
        if (!read_element(reading, element))
            return false;
    }
    bool certificate =
        reading->certificates && !reading->group_name && !reading->group_friendly_name;
    bool password = !reading->certificates && reading->group_name && reading->group_friendly_name;
    return reading->cloud && reading->scope && reading->cloud_flags && reading->data &&
           (certificate || password);
}

static bool take_cloud(const struct reading *reading, struct invitation *invitation)
{
    static const enum invitation_scope scopes[] = {SCOPE_GLOBAL, SCOPE_SITE_LOCAL,
                                                   SCOPE_LINK_LOCAL};
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (strcmp(reading->scope, scope_text(scopes[i])) == 0)
            invitation->scope = scopes[i];
    }
    bool private_cloud = strcmp(reading->cloud_flags, "1") == 0;
    invitation->cloud_flags = private_cloud ? CLOUD_FLAG_PRIVATE : 0;
    return invitation->scope != 0 && (private_cloud || strcmp(reading->cloud_flags, "0") == 0) &&
           text_units(reading->cloud) <= CLOUD_UNITS_MAX &&
           (!reading->group_friendly_name ||
            text_units(reading->group_friendly_name) <= LIMIT_FRIENDLY_NAME_UNITS);
}

/* Copies the texts that outlive the document into one buffer and points the invitation at them. */
static HRESULT take_texts(const struct reading *reading, struct invitation *invitation)
{
    const struct certificate *root = &invitation->parsed.certificates[0];
    const char *names[] = {reading->cloud, root->peer_name,
                           reading->group_friendly_name ? reading->group_friendly_name
                                                        : root->friendly_name};
    const char **places[] = {&invitation->cloud, &invitation->group_name,
                             &invitation->group_friendly_name};
    HRESULT hr = S_OK;
    for (size_t i = 0; i < 3 && SUCCEEDED(hr); i++)
        hr = buffer_append(&invitation->texts, names[i], strlen(names[i]) + 1);
    if (FAILED(hr))
        return hr;
    const char *next = (const char *)invitation->texts.data;
    for (size_t i = 0; i < 3; i++) {
        *places[i] = next;
        next += strlen(next) + 1;
    }
    return S_OK;
}

/* The chain comes from the GMC element, or from the signed one with the password form. */
static HRESULT take_chain(const struct reading *reading, struct bytes certificates,
                          const struct invitation_data *data, struct invitation *invitation)
{
    HRESULT hr;
    bool by_password = invitation->scheme == GROUP_SCHEME_PASSWORD;
    if (!by_password && data->chain.size > 0)
        return PEER_E_INVITATION_NOT_TRUSTED;
    if (by_password)
        hr = buffer_append(&invitation->list, data->chain.data, data->chain.size);
    else
        hr = pkcs7_decode(certificates, &invitation->list);
    if (FAILED(hr))
        return hr;
    invitation->chain = buffer_view(&invitation->list);
    hr = chain_parse(invitation->chain, reading->group_name, &invitation->parsed);
    if (FAILED(hr))
        return hr;
    invitation->issuer = issuer_of(invitation, &invitation->parsed);
    if (!by_password && invitation->issuer)
        invitation->subject = invitation->issuer + 1;
    return invitation->issuer ? S_OK : PEER_E_INVITATION_NOT_TRUSTED;
}

static HRESULT take_all(const struct reading *reading, struct bytes certificates, struct bytes data,
                        struct invitation *invitation)
{
    struct invitation_data decoded;
    struct hash hash;
    const struct invitation_fields fields = {.cloud = reading->cloud,
                                             .scope = reading->scope,
                                             .cloud_flags = reading->cloud_flags,
                                             .certificates = certificates,
                                             .group_name = reading->group_name,
                                             .group_friendly_name = reading->group_friendly_name};
    HRESULT hr = invitation_data_decode(data, invitation, &decoded);
    if (FAILED(hr))
        return hr;
    invitation_fields_hash(invitation->scheme, &fields, &hash);
    bool by_password = invitation->scheme == GROUP_SCHEME_PASSWORD;
    if (!hash_equal(&hash, &decoded.fields) || !take_cloud(reading, invitation) ||
        (by_password && invitation->password.role == 0))
        return PEER_E_INVITATION_NOT_TRUSTED;
    hr = take_chain(reading, certificates, &decoded, invitation);
    if (FAILED(hr))
        return hr;
    if (!invitation_data_signed_by(&decoded, invitation->issuer->key))
        return PEER_E_INVITATION_NOT_TRUSTED;
    return take_texts(reading, invitation);
}

static HRESULT read_invitation(const struct xml_element *root, struct invitation *invitation)
{
    struct reading reading = {.cloud = NULL};
    const char *version = xml_attribute(root, NULL, "VERSION");
    if (!xml_is(root, NULL, "PEERINVITATION") || !version)
        return PEER_E_INVITATION_NOT_TRUSTED;
    if (strcmp(version, INVITATION_VERSION) != 0)
        return PEER_E_UNSUPPORTED_VERSION;
    if (!read_elements(&reading, root))
        return PEER_E_INVITATION_NOT_TRUSTED;
    invitation->scheme = reading.certificates ? GROUP_SCHEME_CERTIFICATE : GROUP_SCHEME_PASSWORD;
    CLEANUP_BUFFER struct buffer certificates = BUFFER_NULL;
    CLEANUP_BUFFER struct buffer data = BUFFER_SECRET;
    HRESULT hr = text_base64_decode(bytes_of_text(reading.data), &data);
    if (SUCCEEDED(hr) && reading.certificates)
        hr = text_base64_decode(bytes_of_text(reading.certificates), &certificates);
    if (SUCCEEDED(hr))
        hr = take_all(&reading, buffer_view(&certificates), buffer_view(&data), invitation);
    return FAILED(hr) ? distrust(hr) : S_OK;
}

/* [ruling 31] A document type is an argument that is refused, whatever else is wrong. */
static bool has_doctype(struct bytes xml)
{
    static const char mark[] = "<!DOCTYPE";
    return xml.size > 0 && memmem(xml.data, xml.size, mark, sizeof(mark) - 1);
}

HRESULT invitation_parse(struct bytes xml, struct invitation *invitation)
{
    CLEANUP_XML struct xml_document *document = NULL;
    *invitation = (struct invitation){.scheme = 0};
    if (xml.size > LIMIT_XML_SIZE)
        return E_INVALIDARG;
    HRESULT hr = xml_parse(xml, PEER_E_INVITATION_NOT_TRUSTED, &document);
    if (FAILED(hr))
        return hr != E_OUTOFMEMORY && has_doctype(xml) ? E_INVALIDARG : hr;
    hr = read_invitation(xml_root(document), invitation);
    if (FAILED(hr))
        invitation_deinit(invitation);
    return hr;
}
