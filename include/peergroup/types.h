/* peergroup/types.h - the basic types of the interface on systems without <windows.h>.
 *
 * On Windows this header is <windows.h> and nothing more. Elsewhere it gives HRESULT, GUID,
 * FILETIME and the integer and pointer names that p2p.h is written in, with the sizes they have on
 * Windows. WCHAR is always 16 bits wide: wchar_t where the compiler was told -fshort-wchar,
 * char16_t otherwise. Functions and the rest of Win32 are in peergroup/platform.h. */
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
typedef int16_t SHORT;
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
typedef uint8_t BOOLEAN;
typedef char CHAR;
typedef float FLOAT;
typedef long long LONGLONG;
typedef unsigned long long ULONGLONG;
typedef unsigned long long DWORDLONG;
typedef int32_t INT32;
typedef uint32_t UINT32;
typedef uint32_t DWORD32;
typedef long long INT64;
typedef unsigned long long UINT64;
typedef unsigned long long ULONG64;
typedef unsigned long long DWORD64;
typedef intptr_t INT_PTR;
typedef uintptr_t UINT_PTR;
typedef intptr_t LONG_PTR;
typedef uintptr_t ULONG_PTR;
typedef uintptr_t DWORD_PTR;
typedef size_t SIZE_T;
typedef void VOID;
typedef void *PVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef void *HANDLE;
typedef HANDLE *PHANDLE;
typedef HANDLE *LPHANDLE;
typedef BYTE *PBYTE;
typedef BYTE *LPBYTE;
typedef UCHAR *PUCHAR;
typedef WORD *PWORD;
typedef WORD *LPWORD;
typedef USHORT *PUSHORT;
typedef DWORD *PDWORD;
typedef DWORD *LPDWORD;
typedef LONG *PLONG;
typedef LONG *LPLONG;
typedef ULONG *PULONG;
typedef UINT *PUINT;
typedef INT *PINT;
typedef INT *LPINT;
typedef BOOL *PBOOL;
typedef BOOL *LPBOOL;
typedef ULONGLONG *PULONGLONG;
typedef ULONG_PTR *PULONG_PTR;
typedef SIZE_T *PSIZE_T;
typedef CHAR *PSTR;
typedef CHAR *LPSTR;
typedef const CHAR *PCSTR;
typedef const CHAR *LPCSTR;
typedef WCHAR *PWCHAR;
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
} FILETIME, *PFILETIME, *LPFILETIME;

/* Calling conventions have no meaning here; sources name them. */
#define WINAPI
#define APIENTRY
#define CALLBACK
#define NTAPI
#define WSAAPI

/* EXTERN_C declares one name with C linkage in either language. */
#ifndef EXTERN_C
#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C extern
#endif
#endif

#endif /* !_WIN32 */

/* PEERGROUP_API marks what the shared library exports; the library itself is compiled with hidden
 * visibility. */
#if defined(__GNUC__) && !defined(_WIN32)
#define PEERGROUP_API __attribute__((visibility("default")))
#else
#define PEERGROUP_API
#endif

#endif
