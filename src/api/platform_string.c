/* platform_string.c - 16-bit strings: lstr*, StringCch*, and the wcs* functions that platform.h
 * puts in the place of the C library's where wchar_t has two bytes.
 *
 * They do what the functions of those names do, unit by unit. Where the page tells what happens to
 * NULL or to a buffer that is too small, that is done; the wcs* ones trust their arguments as C's
 * do. */
#include <peergroup/platform.h>

#include <limits.h>
#include <string.h>

size_t peergroup_wcslen(const WCHAR *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

int peergroup_wcsncmp(const WCHAR *first, const WCHAR *second, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (first[i] != second[i])
            return first[i] < second[i] ? -1 : 1;
        if (first[i] == 0)
            return 0;
    }
    return 0;
}

int peergroup_wcscmp(const WCHAR *first, const WCHAR *second)
{
    return peergroup_wcsncmp(first, second, SIZE_MAX);
}

WCHAR *peergroup_wcscpy(WCHAR *to, const WCHAR *from)
{
    memcpy(to, from, (peergroup_wcslen(from) + 1) * sizeof *to);
    return to;
}

WCHAR *peergroup_wcsncpy(WCHAR *to, const WCHAR *from, size_t count)
{
    size_t i = 0;
    for (; i < count && from[i] != 0; i++)
        to[i] = from[i];
    for (; i < count; i++)
        to[i] = 0;
    return to;
}

WCHAR *peergroup_wcscat(WCHAR *to, const WCHAR *from)
{
    peergroup_wcscpy(to + peergroup_wcslen(to), from);
    return to;
}

WCHAR *peergroup_wcschr(const WCHAR *text, WCHAR unit)
{
    for (;; text++) {
        if (*text == unit)
            return (WCHAR *)(uintptr_t)text;
        if (*text == 0)
            return NULL;
    }
}

int lstrlenW(LPCWSTR text)
{
    return text ? (int)peergroup_wcslen(text) : 0;
}

int lstrcmpW(LPCWSTR first, LPCWSTR second)
{
    if (!first || !second)
        return (first != NULL) - (second != NULL);
    return peergroup_wcscmp(first, second);
}

LPWSTR lstrcpynW(LPWSTR to, LPCWSTR from, int size)
{
    if (!to || !from || size <= 0)
        return NULL;
    size_t length = 0;
    while (length < (size_t)size - 1 && from[length] != 0)
        length++;
    memmove(to, from, length * sizeof *to);
    to[length] = 0;
    return to;
}

HRESULT StringCchLengthW(LPCWSTR text, size_t size, size_t *length)
{
    if (length)
        *length = 0;
    if (!text || size > STRSAFE_MAX_CCH)
        return E_INVALIDARG;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != 0)
            continue;
        if (length)
            *length = i;
        return S_OK;
    }
    return E_INVALIDARG;
}

HRESULT StringCchCopyW(LPWSTR to, size_t size, LPCWSTR from)
{
    if (!to || size == 0 || size > STRSAFE_MAX_CCH)
        return E_INVALIDARG;
    size_t length = 0;
    for (; length < size - 1 && from[length] != 0; length++)
        to[length] = from[length];
    to[length] = 0;
    return from[length] == 0 ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
}

HRESULT StringCchCatW(LPWSTR to, size_t size, LPCWSTR from)
{
    size_t length;
    if (FAILED(StringCchLengthW(to, size, &length)))
        return E_INVALIDARG;
    return StringCchCopyW(to + length, size - length, from);
}
