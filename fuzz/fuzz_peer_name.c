/* Does peer_name_parse survive any text, and is a name that it takes its parts joined again, within
 * the interface's limit? */
#include "group/peer_name.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer_name name;
    char *text = mem_strndup((const char *)data, size);
    if (!text)
        return 0;
    if (SUCCEEDED(peer_name_parse(text, &name))) {
        struct buffer joined = BUFFER_NULL;
        HRESULT hr = buffer_printf(&joined, "%s.%s", name.authority, name.classifier);
        ASSERT(FAILED(hr) || bytes_equal(buffer_view(&joined), bytes_of_text(text)));
        ASSERT(text_units(text) <= LIMIT_PEER_NAME_UNITS);
        ASSERT(name.secure == (strlen(name.authority) == AUTHORITY_TEXT_SIZE - 1));
        buffer_deinit(&joined);
    } else {
        ASSERT(!name.classifier);
    }
    mem_free(text);
    return 0;
}
