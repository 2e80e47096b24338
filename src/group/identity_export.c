/* identity_export.c - PEERIDENTITYEXPORT: an identity's name beside a PFX of its certificate and
 * key.
 *
 * Happy path: the identity's own certificate and key go into the PFX under the password; reading
 * takes it apart again, and accepts it only if the certificate is one of an identity, of this very
 * key, and bears the name that stands beside it. The friendly name travels in the certificate.
 * Both documented spellings of the elements are read; the first is written. Failure: whatever is
 * wrong with a document or its password is E_INVALIDARG. */
#include "group/identity_export.h"

#include "base/text.h"
#include "base/xml.h"
#include "group/identity.h"
#include "group/identity_xml.h"
#include "group/peer_name.h"
#include "group/pfx.h"

static const char data_types[] = "urn:schemas-microsoft-com:datatypes";

enum { XML_ROOM = 512 };

static HRESULT write_xml(const char *peer_name, struct bytes pfx, struct buffer *out)
{
    struct xml_writer writer;
    HRESULT hr = buffer_reserve(out, XML_ROOM + strlen(peer_name) + 2 * pfx.size);
    if (FAILED(hr))
        return hr;
    xml_writer_init(&writer, out);
    xml_write_open(&writer, "PEERIDENTITYEXPORT");
    xml_write_attribute(&writer, "VERSION", "1.0");
    xml_write_element(&writer, "PEERNAME", peer_name);
    xml_write_open(&writer, "DATA");
    xml_write_attribute(&writer, "xmlns:dt", data_types);
    xml_write_attribute(&writer, "dt:dt", "bin.base64");
    xml_write_base64(&writer, pfx);
    xml_write_close(&writer);
    xml_write_close(&writer);
    hr = xml_writer_finish(&writer);
    return SUCCEEDED(hr) ? buffer_terminate(out) : hr;
}

static HRESULT write_pfx(const struct identity *identity, const char *password, struct buffer *pfx)
{
    struct buffer der CLEANUP_BUFFER = BUFFER_NULL;
    struct signing_key *key = NULL;
    HRESULT hr = identity_key(identity->peer_name, &key);
    if (SUCCEEDED(hr))
        hr = identity_certificate(identity, key, &der);
    if (SUCCEEDED(hr))
        hr = pfx_write(key, buffer_view(&der), identity->friendly_name, password, PFX_ROUNDS, pfx);
    signing_key_free(key);
    return hr;
}

HRESULT identity_export_make(const char *peer_name, const char *password, char **xml)
{
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    struct buffer pfx CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    *xml = NULL;
    HRESULT hr = identity_find(peer_name, &identity);
    if (SUCCEEDED(hr))
        hr = write_pfx(&identity, password, &pfx);
    if (SUCCEEDED(hr))
        hr = write_xml(identity.peer_name, buffer_view(&pfx), &text);
    if (SUCCEEDED(hr))
        *xml = (char *)buffer_take(&text);
    return hr;
}

void identity_copy_deinit(struct identity_copy *copy)
{
    mem_free(copy->peer_name);
    mem_free(copy->friendly_name);
    signing_key_free(copy->key);
    *copy = (struct identity_copy){.peer_name = NULL};
}

/* Finds name and base64 in a document of exactly the documented form. */
static bool find_texts(const struct xml_document *document, const char **name, const char **base64)
{
    const struct xml_element *root = xml_root(document);
    const struct xml_element *first = xml_first(root);
    const struct xml_element *second = first ? xml_next(first) : NULL;
    if (!xml_is(root, NULL, "PEERIDENTITYEXPORT") || xml_attribute_count(root) != 1 ||
        xml_has_text(root) || !second || xml_next(second))
        return false;
    const char *version = xml_attribute(root, NULL, "VERSION");
    const char *type = xml_attribute(second, data_types, "dt");
    bool known = (xml_is(first, NULL, "PEERNAME") && xml_is(second, NULL, "DATA")) ||
                 (xml_is(first, NULL, "IDENTITY") && xml_is(second, NULL, "IDENTITYDATA"));
    if (!known || !version || strcmp(version, "1.0") != 0 || xml_attribute_count(first) != 0 ||
        xml_attribute_count(second) != (type ? 1 : 0) || (type && strcmp(type, "bin.base64") != 0))
        return false;
    *name = xml_text(first);
    *base64 = xml_text(second);
    return *name && *base64;
}

/* Name, key and certificate must be of one identity. */
static HRESULT check(struct bytes der, const char *name, struct identity_copy *copy)
{
    struct certificate certificate;
    struct peer_name parts;
    uint8_t key[KEY_SIZE];
    HRESULT hr = certificate_parse(der, &certificate);
    if (FAILED(hr))
        return hr;
    signing_key_public(copy->key, key);
    bool agree =
        certificate.kind == CERTIFICATE_IDENTITY && memcmp(certificate.key, key, KEY_SIZE) == 0 &&
        strcmp(certificate.peer_name, name) == 0 && SUCCEEDED(peer_name_parse(name, &parts)) &&
        SUCCEEDED(classifier_check(parts.classifier));
    if (agree) {
        copy->peer_name = mem_strdup(name);
        copy->friendly_name = mem_strdup(certificate.friendly_name);
    }
    certificate_deinit(&certificate);
    if (!agree)
        return E_INVALIDARG;
    return copy->peer_name && copy->friendly_name ? S_OK : E_OUTOFMEMORY;
}

static HRESULT open_document(const struct xml_document *document, const char *password,
                             struct identity_copy *copy)
{
    struct buffer pfx CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer der CLEANUP_BUFFER = BUFFER_NULL;
    const char *name, *base64;
    if (!find_texts(document, &name, &base64))
        return E_INVALIDARG;
    HRESULT hr = text_base64_decode(bytes_of_text(base64), &pfx);
    if (SUCCEEDED(hr))
        hr = pfx_read(buffer_view(&pfx), password, &der, &copy->key);
    return SUCCEEDED(hr) ? check(buffer_view(&der), name, copy) : hr;
}

HRESULT identity_export_open(const char *xml, const char *password, struct identity_copy *copy)
{
    struct xml_document *document CLEANUP_XML = NULL;
    *copy = (struct identity_copy){.peer_name = NULL};
    HRESULT hr = xml_parse(bytes_of_text(xml), E_INVALIDARG, &document);
    if (SUCCEEDED(hr))
        hr = open_document(document, password, copy);
    if (FAILED(hr))
        identity_copy_deinit(copy);
    return FAILED(hr) && hr != E_OUTOFMEMORY ? E_INVALIDARG : hr;
}

HRESULT identity_export_install(const struct identity_copy *copy)
{
    struct peer_name parts;
    struct identity made CLEANUP(identity_deinit) = {.peer_name = NULL};
    HRESULT hr = peer_name_parse(copy->peer_name, &parts);
    if (SUCCEEDED(hr))
        hr = identity_create(parts.classifier, copy->friendly_name, copy->key, &made);
    return hr;
}
