/* Does pfx_read survive any bytes, within the rounds that it allows? */
#include "group/pfx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer certificate = BUFFER_NULL;
    struct signing_key *key = NULL;
    HRESULT hr = pfx_read(bytes_of(data, size), "secret", &certificate, &key);
    ASSERT(hr == S_OK || hr == E_INVALIDARG || hr == E_OUTOFMEMORY);
    ASSERT(SUCCEEDED(hr) == (key != NULL));
    signing_key_free(key);
    buffer_deinit(&certificate);
    return 0;
}
