/* fuzz_record.c - any bytes as a record header: refused with one code, or a header that encodes to
 * the very same bytes and whose rank equals itself. */
#include "record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record;
    HRESULT hr = record_header_decode(bytes_of(data, size), &record);
    ASSERT(hr == S_OK || hr == PEER_E_INVALID_RECORD);
    if (FAILED(hr))
        return 0;
    struct buffer again = BUFFER_NULL;
    ASSERT(SUCCEEDED(record_header_encode(&record, &again)));
    ASSERT(bytes_equal(buffer_view(&again), bytes_of(data, size)));
    buffer_deinit(&again);
    struct hash digest;
    struct record_rank rank;
    record_digest(bytes_of_text("group"), bytes_of(data, size), &digest);
    record_rank_of(&record, &digest, &rank);
    ASSERT(record_rank_compare(&rank, &rank) == 0);
    return 0;
}
