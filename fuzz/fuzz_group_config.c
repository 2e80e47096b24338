/* Does the secret part of a configuration survive any bytes, and does what is taken come back as it
 * was written? */
#include "group/group_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct group_config config = {.identity = NULL};
    struct buffer again = BUFFER_NULL;
    HRESULT hr = group_config_decode(bytes_of(data, size), &config);
    ASSERT(hr == S_OK || hr == E_INVALIDARG || hr == E_OUTOFMEMORY);
    if (SUCCEEDED(hr)) {
        hr = group_config_encode(&config, &again);
        ASSERT(FAILED(hr) || bytes_equal(buffer_view(&again), bytes_of(data, size)));
    }
    buffer_deinit(&again);
    group_config_deinit(&config);
    return 0;
}
