/* peergroup/types.h - the basic types of the interface on systems without <windows.h>.
 *
 * On Windows this header is <windows.h> and nothing more. Elsewhere it gives HRESULT, GUID,
 * FILETIME and the integer and pointer names that p2p.h is written in. WCHAR is always 16 bits
 * wide: wchar_t where the compiler was told -fshort-wchar, char16_t otherwise. Functions and the
 * rest of Win32 are in peergroup/platform.h. */
#ifndef PEERGROUP_TYPES_H
#define PEERGROUP_TYPES_H

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#else

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#else
typedef char16_t WCHAR;
#endif
#else
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
typedef __WCHAR_TYPE__ WCHAR;
#else
#include <uchar.h>
typedef char16_t WCHAR;
#endif
#endif

typedef int32_t HRESULT;
typedef int32_t LONG;
typedef int32_t BOOL;
typedef int32_t INT;
typedef uint32_t UINT;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef uint16_t WORD;
typedef uint16_t USHORT;
typedef uint8_t BYTE;
typedef uint8_t UCHAR;
typedef char CHAR;
typedef int64_t LONGLONG;
typedef unsigned long long ULONGLONG;
typedef uintptr_t ULONG_PTR;
typedef void VOID;
typedef void *PVOID;
typedef const void *LPCVOID;
typedef void *HANDLE;
typedef BYTE *PBYTE;
typedef DWORD *PDWORD;
typedef ULONG *PULONG;
typedef WCHAR *PWSTR;
typedef WCHAR *LPWSTR;
typedef const WCHAR *PCWSTR;
typedef const WCHAR *LPCWSTR;

typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME;

#endif /* !_WIN32 */
#endif
