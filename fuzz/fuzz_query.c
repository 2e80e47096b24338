/* fuzz_query.c - any query against one record: it parses or gives one of two codes, and matching
 * always comes back with the same answer. */
#include "record/search.h"

static const char subject_attributes[] =
    "<attributes><attribute name='a' type='string'>aaab aab \xC3\xA9*?\\</attribute>"
    "<attribute name='a' type='int'>0100</attribute>"
    "<attribute name='b' type='date'>2003-02-10T12:00+02:00</attribute>"
    "<attribute name='c' type='string'/></attributes>";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct search *search = NULL;
    HRESULT hr = search_parse_bytes(bytes_of(data, size), &search);
    ASSERT(hr == S_OK || hr == PEER_E_INVALID_SEARCH || hr == E_INVALIDARG);
    ASSERT(SUCCEEDED(hr) == (search != NULL));
    if (!search)
        return 0;
    struct attribute_list *attributes = NULL;
    hr = attributes_parse(subject_attributes, &attributes);
    ASSERT(SUCCEEDED(hr));
    const struct search_subject full = {.creator = "0123456789abcdef.creator",
                                        .modifier = "fedcba9876543210.m\xC3\xB6",
                                        .creation_time = 126884448000000000ull,
                                        .modification_time = 126908640000000000ull,
                                        .id = {{1, 2, 3}},
                                        .type = {{0xAB, 0xCD}},
                                        .attributes = attributes};
    const struct search_subject bare = {.modification_time = UINT64_MAX};
    ASSERT(search_match(search, &full) == search_match(search, &full));
    ASSERT(search_match(search, &bare) == search_match(search, &bare));
    attributes_free(attributes);
    search_free(search);
    return 0;
}
