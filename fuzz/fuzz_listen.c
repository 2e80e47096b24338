/* fuzz_listen.c - any text as PEERGROUP_LISTEN: an address that one can listen at, or E_INVALIDARG.
 */
#include "engine/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sockaddr_in6 address;
    bool port_given = false;
    char *text = mem_strndup((const char *)data, size);
    if (!text)
        return 0;
    HRESULT hr = address_parse_listen(text, &address, &port_given);
    ASSERT(hr == S_OK || hr == E_INVALIDARG);
    ASSERT(FAILED(hr) || address_is_unspecified(&address) ||
           address_reach(&address) != ADDRESS_NONE);
    ASSERT(FAILED(hr) || port_given || address.sin6_port == 0);
    mem_free(text);
    return 0;
}
