/* fuzz_properties.c - any payload: it decodes or gives one of two codes, and what decodes is
 * written back as it came. */
#include "group/properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct group_properties properties, copy;
    HRESULT hr = group_properties_decode(bytes_of(data, size), &properties);
    ASSERT(hr == S_OK || hr == PEER_E_INVALID_RECORD || hr == PEER_E_UNSUPPORTED_VERSION);
    if (FAILED(hr))
        return 0;
    struct buffer again = BUFFER_NULL;
    hr = group_properties_copy(&properties, &copy);
    ASSERT(SUCCEEDED(hr));
    hr = group_properties_encode(&copy, &again);
    ASSERT(SUCCEEDED(hr));
    ASSERT(bytes_equal(buffer_view(&again), bytes_of(data, size)));
    buffer_deinit(&again);
    group_properties_deinit(&properties);
    group_properties_deinit(&copy);
    return 0;
}
