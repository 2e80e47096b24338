/* fuzz_own_record.c - payloads of presence, signature and contact records: what a decoder takes
 * comes back byte for byte from its encoder. */
#include "graph/graph.h"

static void same(const struct buffer *out, struct bytes in)
{
    ASSERT(bytes_equal(buffer_view(out), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct buffer out = BUFFER_NULL;
    struct presence presence;
    struct contact contact;
    uint64_t node_id;
    if (SUCCEEDED(presence_decode(in, &presence)) && SUCCEEDED(presence_encode(&presence, &out)))
        same(&out, in);
    out.size = 0;
    if (SUCCEEDED(signature_decode(in, &node_id)) && SUCCEEDED(signature_encode(node_id, &out)))
        same(&out, in);
    out.size = 0;
    if (SUCCEEDED(contact_decode(in, &contact)) && SUCCEEDED(contact_encode(&contact, &out)))
        same(&out, in);
    buffer_deinit(&out);
    return 0;
}
