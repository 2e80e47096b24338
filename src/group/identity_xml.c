/* identity_xml.c - an identity's public half as XML: made for the user's own, read from anybody's.
 *
 * Making issues the identity's certificate anew, always from the same values: the key, the names,
 * and validity from 20 minutes before the identity was made, without end. Reading accepts exactly
 * the documented elements with one self-signed identity certificate in them; whatever else it is,
 * down to a wrong signature, is E_INVALIDARG. */
#include "group/identity_xml.h"
#include "base/text.h"
#include "base/xml.h"
#include "group/identity.h"

static const char data_types[] = "urn:schemas-microsoft-com:datatypes";
static const uint64_t ahead_ticks = 20 * 60 * TICKS_PER_SECOND;

HRESULT identity_certificate(const struct identity *identity, const struct signing_key *key,
                             struct buffer *der)
{
    struct certificate_request request = {.kind = CERTIFICATE_IDENTITY,
                                          .peer_name = identity->peer_name,
                                          .friendly_name = identity->friendly_name,
                                          .not_before = identity->created - ahead_ticks,
                                          .not_after = TICKS_UNLIMITED};
    memcpy(request.key, identity->key, KEY_SIZE);
    return certificate_issue(&request, NULL, key, der);
}

static HRESULT issue(const struct identity *identity, struct buffer *der)
{
    struct signing_key *key = NULL;
    HRESULT hr = identity_key(identity->peer_name, &key);
    if (SUCCEEDED(hr))
        hr = identity_certificate(identity, key, der);
    signing_key_free(key);
    return hr;
}

static HRESULT write_xml(struct bytes pkcs7, struct buffer *out)
{
    struct xml_writer writer;
    xml_writer_init(&writer, out);
    xml_write_open(&writer, "PEERIDENTITYINFO");
    xml_write_attribute(&writer, "VERSION", "1.0");
    xml_write_open(&writer, "IDC");
    xml_write_attribute(&writer, "dt:dt", "bin.base64");
    xml_write_attribute(&writer, "xmlns:dt", data_types);
    xml_write_base64(&writer, pkcs7);
    xml_write_close(&writer);
    xml_write_close(&writer);
    HRESULT hr = xml_writer_finish(&writer);
    return SUCCEEDED(hr) ? buffer_terminate(out) : hr;
}

HRESULT identity_xml_make(const char *peer_name, char **xml)
{
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    struct buffer der CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer pkcs7 CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    *xml = NULL;
    HRESULT hr = identity_find(peer_name, &identity);
    if (SUCCEEDED(hr))
        hr = issue(&identity, &der);
    struct bytes view = buffer_view(&der);
    if (SUCCEEDED(hr))
        hr = pkcs7_encode(&view, 1, &pkcs7);
    if (SUCCEEDED(hr))
        hr = write_xml(buffer_view(&pkcs7), &text);
    if (SUCCEEDED(hr))
        *xml = (char *)buffer_take(&text);
    return hr;
}

/* Finds the base64 text in a document of exactly the documented form, or NULL. */
static const char *find_base64(const struct xml_document *document)
{
    const struct xml_element *root = xml_root(document);
    const struct xml_element *idc = xml_first(root);
    if (!xml_is(root, NULL, "PEERIDENTITYINFO") || xml_attribute_count(root) != 1 ||
        xml_has_text(root) || !idc || xml_next(idc))
        return NULL;
    const char *version = xml_attribute(root, NULL, "VERSION");
    const char *type = xml_attribute(idc, data_types, "dt");
    if (!xml_is(idc, NULL, "IDC") || xml_attribute_count(idc) != 1 || !version || !type ||
        strcmp(version, "1.0") != 0 || strcmp(type, "bin.base64") != 0)
        return NULL;
    return xml_text(idc);
}

/* Appends the DER of the only certificate in a PKCS#7. */
static HRESULT take_only(struct bytes pkcs7, struct buffer *der)
{
    struct buffer list CLEANUP_BUFFER = BUFFER_NULL;
    HRESULT hr = pkcs7_decode(pkcs7, &list);
    if (FAILED(hr))
        return hr;
    if (list.size < 4)
        return E_INVALIDARG;
    size_t size = (size_t)list.data[0] << 24 | (size_t)list.data[1] << 16 |
                  (size_t)list.data[2] << 8 | list.data[3];
    if (size != list.size - 4)
        return E_INVALIDARG;
    return buffer_append(der, list.data + 4, size);
}

static HRESULT read_certificate(const char *xml, struct buffer *der)
{
    struct xml_document *document CLEANUP_XML = NULL;
    struct buffer pkcs7 CLEANUP_BUFFER = BUFFER_NULL;
    HRESULT hr = xml_parse(bytes_of_text(xml), E_INVALIDARG, &document);
    if (FAILED(hr))
        return hr;
    const char *base64 = find_base64(document);
    if (!base64)
        return E_INVALIDARG;
    hr = text_base64_decode(bytes_of_text(base64), &pkcs7);
    return SUCCEEDED(hr) ? take_only(buffer_view(&pkcs7), der) : hr;
}

HRESULT identity_xml_parse(const char *xml, struct certificate *certificate, struct buffer *der)
{
    size_t before = der->size;
    *certificate = (struct certificate){.owned = NULL};
    HRESULT hr = read_certificate(xml, der);
    if (SUCCEEDED(hr))
        hr = certificate_parse(bytes_of(der->data + before, der->size - before), certificate);
    if (SUCCEEDED(hr) && certificate->kind != CERTIFICATE_IDENTITY) {
        certificate_deinit(certificate);
        *certificate = (struct certificate){.owned = NULL};
        hr = E_INVALIDARG;
    }
    if (FAILED(hr))
        der->size = before;
    return FAILED(hr) && hr != E_OUTOFMEMORY ? E_INVALIDARG : hr;
}
