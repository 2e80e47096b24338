/* Does pkcs7_decode survive any bytes, and does what it takes come back the same when wrapped
 * again? */
#include "group/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes our own list apart. */
static uint32_t split(struct bytes list, struct bytes ders[LIMIT_CHAIN_LENGTH + 1])
{
    uint32_t count = 0;
    while (list.size > 0) {
        ASSERT(count <= LIMIT_CHAIN_LENGTH && list.size > 4);
        size_t one = (size_t)list.data[2] << 8 | list.data[3];
        ASSERT(list.size - 4 >= one);
        ders[count++] = bytes_of(list.data + 4, one);
        list = bytes_of(list.data + 4 + one, list.size - 4 - one);
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_BUFFER struct buffer list = BUFFER_NULL;
    CLEANUP_BUFFER struct buffer wrapped = BUFFER_NULL;
    CLEANUP_BUFFER struct buffer again = BUFFER_NULL;
    struct bytes ders[LIMIT_CHAIN_LENGTH + 1];
    if (FAILED(pkcs7_decode(bytes_of(data, size), &list))) {
        ASSERT(list.size == 0);
        return 0;
    }
    uint32_t count = split(buffer_view(&list), ders);
    ASSERT(count > 0);
    if (FAILED(pkcs7_encode(ders, count, &wrapped)))
        return 0;
    HRESULT hr = pkcs7_decode(buffer_view(&wrapped), &again);
    ASSERT(hr == E_OUTOFMEMORY || bytes_equal(buffer_view(&list), buffer_view(&again)));
    return 0;
}
