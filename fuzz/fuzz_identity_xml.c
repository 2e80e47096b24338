/* Is an identity's XML from anybody read without harm, down to the certificate in it? What is
 * accepted must be one whole identity certificate. */
#include "base/alloc.h"
#include "group/identity_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct certificate certificate;
    struct buffer der = BUFFER_NULL;
    char *xml = mem_strndup((const char *)data, size);
    if (!xml)
        return 0;
    HRESULT hr = identity_xml_parse(xml, &certificate, &der);
    if (SUCCEEDED(hr)) {
        ASSERT(certificate.kind == CERTIFICATE_IDENTITY && der.size > 0);
        ASSERT(certificate.peer_name && certificate.friendly_name);
    } else {
        ASSERT(!certificate.owned && der.size == 0);
    }
    certificate_deinit(&certificate);
    buffer_deinit(&der);
    mem_free(xml);
    return 0;
}
