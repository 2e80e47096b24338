/* text.h - UTF-8 inside, UTF-16 at the border: strict conversions and counts. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"

/* text_from_utf16 converts count units to a NUL-terminated UTF-8 string (free with mem_free).
 * E_INVALIDARG: a lone surrogate. E_OUTOFMEMORY. *text is NULL after a failure. */
HRESULT text_from_utf16(const WCHAR *units, size_t count, char **text) MUST_CHECK;

/* text_to_utf16 writes at most capacity units, NUL included, and gives the number of units without
 * NUL in *count. units may be NULL to count only. E_INVALIDARG: not UTF-8. E_OUTOFMEMORY: capacity
 * is too small. */
HRESULT text_to_utf16(const char *text, WCHAR *units, size_t capacity, size_t *count) MUST_CHECK;

/* text_units gives the number of UTF-16 units of valid UTF-8. */
size_t text_units(const char *text);

/* text_is_utf8: well-formed UTF-8 (no surrogates, no overlong forms) without a NUL. */
bool text_is_utf8(struct bytes text);

/* text_has_control: contains a character below 0x20 or 0x7F..0x9F. */
bool text_has_control(const char *text);

/* utf16_length counts units before the NUL, at most limit. */
size_t utf16_length(const WCHAR *units, size_t limit);

/* Base64 with padding; decode skips XML white space. Result: free with buffer_deinit. E_INVALIDARG:
 * not base64. */
HRESULT text_base64_encode(struct bytes data, struct buffer *out) MUST_CHECK;
HRESULT text_base64_decode(struct bytes text, struct buffer *out) MUST_CHECK;

#endif
