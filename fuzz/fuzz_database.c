/* Does a database file of any bytes end in E_INVALIDARG or in items that are whole? The first byte
 * chooses: the rest is a file, or, since no file passes its hash by chance, items as a file has
 * them. */
#include "group/database_file.h"

#include "base/limits.h"

static HRESULT read_some(void *context, uint8_t *data, size_t size, size_t *got)
{
    struct bytes *left = context;
    *got = size < left->size ? size : left->size;
    if (*got > 0)
        memcpy(data, left->data, *got);
    *left = bytes_of(left->data + *got, left->size - *got);
    return S_OK;
}

static void read_items(struct bytes segment, struct bytes group)
{
    struct wire_reader reader;
    struct database_item item;
    HRESULT hr;
    wire_reader_init(&reader, segment);
    while ((hr = database_item_next(&reader, group, &item)) == S_OK) {
        ASSERT(item.body.size <= DATABASE_ITEM_MAX && item.framed.size == item.body.size + 4);
        if (item.type != DATABASE_RECORD)
            continue;
        ASSERT(item.payload.size == item.record.payload_size || item.payload.size == 0);
        struct buffer again = BUFFER_NULL;
        hr = database_write_record(&item.seal.certificate,
                                   bytes_of(item.seal.signature, SIGNATURE_SIZE), item.header,
                                   item.payload, &again);
        ASSERT(FAILED(hr) || bytes_equal(bytes_of(again.data + 5, again.size - 5), item.body));
        buffer_deinit(&again);
    }
    ASSERT(hr == S_FALSE || hr == E_INVALIDARG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes rest = bytes_of(data + 1, size - 1);
    if (data[0] & 1) {
        read_items(rest, bytes_of_text("0123456789012345678901234567890123456789.group"));
        return 0;
    }
    struct database_reader reader;
    struct database_segment segment = {.data = BUFFER_NULL};
    const struct database_source source = {.read = read_some, .context = &rest};
    HRESULT hr = database_reader_open(&reader, &source);
    while (hr == S_OK) {
        hr = database_reader_next(&reader, &segment);
        if (hr == S_OK)
            read_items(buffer_view(&segment.data), reader.header.group);
    }
    ASSERT(hr == S_FALSE || hr == E_INVALIDARG || hr == E_OUTOFMEMORY);
    ASSERT(hr != S_FALSE || rest.size == 0);
    buffer_deinit(&segment.data);
    database_reader_deinit(&reader);
    return 0;
}
