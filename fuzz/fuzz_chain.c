/* Does chain_parse survive any bytes, and does a chain that it takes read the same when written
 * again? */
#include "group/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chain chain;
    HRESULT hr = chain_parse(bytes_of(data, size), NULL, &chain);
    if (FAILED(hr)) {
        ASSERT(chain.count == 0 && !chain.owned);
        return 0;
    }
    struct buffer again = BUFFER_NULL;
    ASSERT(chain.count > 0 && chain.count <= LIMIT_CHAIN_LENGTH + 1);
    hr = chain_encode(chain.ders, chain.count, &again);
    ASSERT(FAILED(hr) || bytes_equal(buffer_view(&again), bytes_of(data, size)));
    buffer_deinit(&again);
    chain_deinit(&chain);
    return 0;
}
