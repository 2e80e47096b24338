/* peergroup/platform.h - the part of Win32 and Winsock that programs for p2p.dll are written with,
 * for systems without it.
 *
 * p2p.h includes this header. Sources that include <windows.h>, <winsock2.h>, <ws2tcpip.h>,
 * <wincrypt.h>, <strsafe.h> or <initguid.h> get it under those names when the compiler is given
 * -I<includedir>/peergroup/compat. On Windows it is those headers and nothing more.
 *
 * Names are those of Windows and stand, by macros, for functions of the library that are exported
 * with the prefix peergroup_. Where WCHAR is char16_t write u"text"; L"text" needs -fshort-wchar.
 * Then the C library's own wcs* functions would be wrong; this header replaces wcslen, wcscmp,
 * wcsncmp, wcscpy, wcsncpy, wcscat and wcschr, but not wprintf and the like.
 *
 * Unless said otherwise: every function may be called from any thread at any time; pointers are
 * borrowed for the call; a function that fails sets the calling thread's last error (GetLastError),
 * and one that succeeds leaves it. The page of each is the one of the same name in the Windows API
 * reference; only deviations are told. */
#ifndef PEERGROUP_PLATFORM_H
#define PEERGROUP_PLATFORM_H

#include <peergroup/errors.h>

#ifdef _WIN32
#include <wincrypt.h>
#else

#include <string.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Words of the language ---- */

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif

#define MAXDWORD 0xFFFFFFFFu
#define MAX_PATH 260
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#define UNREFERENCED_PARAMETER(name) ((void)(name))

#define MAKEWORD(low, high) ((WORD)(((BYTE)(low)) | ((WORD)((BYTE)(high)) << 8)))
#define MAKELONG(low, high) ((LONG)(((WORD)(low)) | ((DWORD)((WORD)(high)) << 16)))
#define LOWORD(value) ((WORD)((DWORD_PTR)(value)&0xFFFF))
#define HIWORD(value) ((WORD)((DWORD_PTR)(value) >> 16 & 0xFFFF))
#define LOBYTE(value) ((BYTE)((DWORD_PTR)(value)&0xFF))
#define HIBYTE(value) ((BYTE)((DWORD_PTR)(value) >> 8 & 0xFF))
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* ---- Error numbers, as GetLastError and HRESULT_FROM_WIN32 speak of them ---- */

#define NO_ERROR 0
#define ERROR_SUCCESS 0
#define ERROR_INVALID_FUNCTION 1
#define ERROR_FILE_NOT_FOUND 2
#define ERROR_PATH_NOT_FOUND 3
#define ERROR_TOO_MANY_OPEN_FILES 4
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_HANDLE 6
#define ERROR_NOT_ENOUGH_MEMORY 8
#define ERROR_INVALID_DATA 13
#define ERROR_OUTOFMEMORY 14
#define ERROR_WRITE_PROTECT 19
#define ERROR_NOT_READY 21
#define ERROR_GEN_FAILURE 31
#define ERROR_SHARING_VIOLATION 32
#define ERROR_HANDLE_EOF 38
#define ERROR_NOT_SUPPORTED 50
#define ERROR_FILE_EXISTS 80
#define ERROR_INVALID_PARAMETER 87
#define ERROR_DISK_FULL 112
#define ERROR_CALL_NOT_IMPLEMENTED 120
#define ERROR_SEM_TIMEOUT 121
#define ERROR_INSUFFICIENT_BUFFER 122
#define ERROR_INVALID_NAME 123
#define ERROR_BUSY 170
#define ERROR_ALREADY_EXISTS 183
#define ERROR_FILENAME_EXCED_RANGE 206
#define ERROR_MORE_DATA 234
#define ERROR_NO_MORE_ITEMS 259
#define ERROR_DIRECTORY 267
#define ERROR_DELETE_PENDING 303
#define ERROR_OPERATION_ABORTED 995
#define ERROR_IO_INCOMPLETE 996
#define ERROR_IO_PENDING 997
#define ERROR_NOACCESS 998
#define ERROR_INVALID_FLAGS 1004
#define ERROR_SERVICE_DEPENDENCY_FAIL 1068
#define ERROR_NO_UNICODE_TRANSLATION 1113
#define ERROR_NOT_FOUND 1168
#define ERROR_CANCELLED 1223
#define ERROR_NO_SYSTEM_RESOURCES 1450
#define ERROR_TIMEOUT 1460

#ifndef WSAEFAULT
#define WSAEFAULT 10014
#endif
#define WSAVERNOTSUPPORTED 10092
#define WSANOTINITIALISED 10093

/* What the families NTE_* and CRYPT_E_* hold beyond peergroup/errors.h. */
#define NTE_BAD_UID PEERGROUP_HRESULT(0x80090001)
#define NTE_BAD_HASH PEERGROUP_HRESULT(0x80090002)
#define NTE_BAD_LEN PEERGROUP_HRESULT(0x80090004)
#define NTE_BAD_DATA PEERGROUP_HRESULT(0x80090005)
#define NTE_BAD_VER PEERGROUP_HRESULT(0x80090007)
#define NTE_BAD_ALGID PEERGROUP_HRESULT(0x80090008)
#define NTE_BAD_FLAGS PEERGROUP_HRESULT(0x80090009)
#define NTE_BAD_TYPE PEERGROUP_HRESULT(0x8009000A)
#define NTE_NO_KEY PEERGROUP_HRESULT(0x8009000D)
#define NTE_EXISTS PEERGROUP_HRESULT(0x8009000F)
#define NTE_PERM PEERGROUP_HRESULT(0x80090010)
#define NTE_NOT_FOUND PEERGROUP_HRESULT(0x80090011)
#define NTE_BAD_PROVIDER PEERGROUP_HRESULT(0x80090013)
#define NTE_BAD_KEYSET_PARAM PEERGROUP_HRESULT(0x8009001F)
#define NTE_SILENT_CONTEXT PEERGROUP_HRESULT(0x80090022)
#define NTE_INVALID_PARAMETER PEERGROUP_HRESULT(0x80090027)
#define CRYPT_E_MSG_ERROR PEERGROUP_HRESULT(0x80091001)
#define CRYPT_E_UNKNOWN_ALGO PEERGROUP_HRESULT(0x80091002)
#define CRYPT_E_UNEXPECTED_ENCODING PEERGROUP_HRESULT(0x80091005)
#define CRYPT_E_SIGNER_NOT_FOUND PEERGROUP_HRESULT(0x8009100E)
#define CRYPT_E_BAD_LEN PEERGROUP_HRESULT(0x80092001)
#define CRYPT_E_NOT_FOUND PEERGROUP_HRESULT(0x80092004)
#define CRYPT_E_EXISTS PEERGROUP_HRESULT(0x80092005)
#define CRYPT_E_SELF_SIGNED PEERGROUP_HRESULT(0x80092007)
#define CRYPT_E_NO_MATCH PEERGROUP_HRESULT(0x80092009)
#define CRYPT_E_NO_KEY_PROPERTY PEERGROUP_HRESULT(0x8009200B)
#define CRYPT_E_BAD_MSG PEERGROUP_HRESULT(0x8009200D)
#define CRYPT_E_REVOKED PEERGROUP_HRESULT(0x80092010)
#define CRYPT_E_ASN1_EOD PEERGROUP_HRESULT(0x80093102)

/* GetLastError gives the number that the last failing function left for the calling thread;
 * ERROR_SUCCESS before there was one. */
#define GetLastError peergroup_GetLastError
PEERGROUP_API DWORD WINAPI GetLastError(void);

/* SetLastError sets that number for the calling thread. */
#define SetLastError peergroup_SetLastError
PEERGROUP_API void WINAPI SetLastError(DWORD dwErrCode);

/* ---- Large integers and GUIDs ---- */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define PEERGROUP_HALVES(high_type)                                                                \
    high_type HighPart;                                                                            \
    DWORD LowPart;
#else
#define PEERGROUP_HALVES(high_type)                                                                \
    DWORD LowPart;                                                                                 \
    high_type HighPart;
#endif

typedef union _LARGE_INTEGER {
    __extension__ struct {
        PEERGROUP_HALVES(LONG)
    };
    struct {
        PEERGROUP_HALVES(LONG)
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        PEERGROUP_HALVES(DWORD)
    };
    struct {
        PEERGROUP_HALVES(DWORD)
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef GUID *LPGUID;
typedef const GUID *LPCGUID;
typedef GUID IID;
typedef GUID CLSID;
typedef GUID UUID;

#ifdef __cplusplus
} /* extern "C" */
#define REFGUID const GUID &
#define REFIID const IID &
#define REFCLSID const CLSID &

/* IsEqualGUID tells whether two GUIDs are the same; so do InlineIsEqualGUID, == and !=. */
inline int IsEqualGUID(REFGUID first, REFGUID second)
{
    return !memcmp(&first, &second, sizeof(GUID));
}
inline int InlineIsEqualGUID(REFGUID first, REFGUID second)
{
    return IsEqualGUID(first, second);
}
inline bool operator==(REFGUID first, REFGUID second)
{
    return IsEqualGUID(first, second) != 0;
}
inline bool operator!=(REFGUID first, REFGUID second)
{
    return !(first == second);
}
extern "C" {
#else
#define REFGUID const GUID *
#define REFIID const IID *
#define REFCLSID const CLSID *

/* IsEqualGUID tells whether the GUIDs at two addresses are the same; so does InlineIsEqualGUID. */
#define IsEqualGUID(first, second) (!memcmp((first), (second), sizeof(GUID)))
#define InlineIsEqualGUID(first, second) IsEqualGUID(first, second)
#endif
#define IsEqualIID(first, second) IsEqualGUID(first, second)
#define IsEqualCLSID(first, second) IsEqualGUID(first, second)

/* ---- Memory ---- */

#define ZeroMemory(to, size) memset((to), 0, (size))
#define FillMemory(to, size, byte) memset((to), (byte), (size))
#define CopyMemory(to, from, size) memcpy((to), (from), (size))
#define MoveMemory(to, from, size) memmove((to), (from), (size))
#define RtlZeroMemory ZeroMemory
#define RtlCopyMemory CopyMemory

/* SecureZeroMemory overwrites cnt bytes at ptr with zeros in a way that no compiler leaves out, and
 * returns ptr. Call it when a password is no longer needed. */
#define SecureZeroMemory peergroup_SecureZeroMemory
PEERGROUP_API PVOID WINAPI SecureZeroMemory(PVOID ptr, SIZE_T cnt);

#define CRYPTPROTECTMEMORY_BLOCK_SIZE 16
#define CRYPTPROTECTMEMORY_SAME_PROCESS 0x00
#define CRYPTPROTECTMEMORY_CROSS_PROCESS 0x01
#define CRYPTPROTECTMEMORY_SAME_LOGON 0x02

/* CryptProtectMemory encrypts cbDataIn bytes at pDataIn in place, so that a secret lies in memory
 * unreadable until CryptUnprotectMemory is called with the same size and flags.
 *
 * pDataIn: the bytes, changed in place; NULL only with size 0. They may be moved before they are
 * decrypted. cbDataIn: a multiple of CRYPTPROTECTMEMORY_BLOCK_SIZE; 0 does nothing. dwFlags:
 * CRYPTPROTECTMEMORY_SAME_PROCESS.
 *
 * Returns TRUE, or FALSE with the bytes untouched and the last error:
 *   ERROR_INVALID_PARAMETER  the size, the pointer or an unknown flag: correct the call
 *   ERROR_NOT_SUPPORTED      CROSS_PROCESS or SAME_LOGON: use SAME_PROCESS
 *   ERROR_NOT_ENOUGH_MEMORY  no guarded memory for the key: as for any lack of memory
 *
 * Deviations: the two flags that share a key with other processes are refused; the page names no
 * code for it. A child made by fork() after the first use can decrypt too. */
#define CryptProtectMemory peergroup_CryptProtectMemory
PEERGROUP_API BOOL WINAPI CryptProtectMemory(LPVOID pDataIn, DWORD cbDataIn, DWORD dwFlags);

/* CryptUnprotectMemory decrypts what CryptProtectMemory encrypted: same size, same flags, same
 * process. Parameters, return codes and deviations are those of CryptProtectMemory. Bytes that were
 * not encrypted by it, or in pieces of another size, come out as noise; that is no error. */
#define CryptUnprotectMemory peergroup_CryptUnprotectMemory
PEERGROUP_API BOOL WINAPI CryptUnprotectMemory(LPVOID pDataIn, DWORD cbDataIn, DWORD dwFlags);

typedef HANDLE HLOCAL;
#define LMEM_FIXED 0x0000
#define LMEM_ZEROINIT 0x0040
#define LPTR (LMEM_FIXED | LMEM_ZEROINIT)

/* LocalAlloc gives uBytes bytes of memory to free with LocalFree; zeros with LMEM_ZEROINIT. NULL:
 * ERROR_NOT_ENOUGH_MEMORY, or ERROR_INVALID_PARAMETER for other flags (deviation: memory is never
 * movable). */
#define LocalAlloc peergroup_LocalAlloc
PEERGROUP_API HLOCAL WINAPI LocalAlloc(UINT uFlags, SIZE_T uBytes);

/* LocalFree takes back what LocalAlloc gave, or NULL, and returns NULL. Deviation: another pointer
 * is not detected. */
#define LocalFree peergroup_LocalFree
PEERGROUP_API HLOCAL WINAPI LocalFree(HLOCAL hMem);

/* ---- Time ---- */

typedef struct _SYSTEMTIME {
    WORD wYear;
    WORD wMonth;     /* 1..12 */
    WORD wDayOfWeek; /* 0 is Sunday */
    WORD wDay;       /* 1..31 */
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;

/* GetSystemTimeAsFileTime gives the time of day in UTC: 100 ns since 1601. */
#define GetSystemTimeAsFileTime peergroup_GetSystemTimeAsFileTime
PEERGROUP_API void WINAPI GetSystemTimeAsFileTime(LPFILETIME lpSystemTimeAsFileTime);

/* GetSystemTime gives the date and time of day in UTC. */
#define GetSystemTime peergroup_GetSystemTime
PEERGROUP_API void WINAPI GetSystemTime(LPSYSTEMTIME lpSystemTime);

/* GetLocalTime gives the date and time of day in the time zone of the process (TZ). */
#define GetLocalTime peergroup_GetLocalTime
PEERGROUP_API void WINAPI GetLocalTime(LPSYSTEMTIME lpSystemTime);

/* FileTimeToSystemTime converts to a date, both UTC; parts of a millisecond are dropped. FALSE with
 * ERROR_INVALID_PARAMETER and nothing written for values of 2^63 and more, and for NULL. */
#define FileTimeToSystemTime peergroup_FileTimeToSystemTime
PEERGROUP_API BOOL WINAPI FileTimeToSystemTime(const FILETIME *lpFileTime,
                                               LPSYSTEMTIME lpSystemTime);

/* SystemTimeToFileTime converts a date of the years 1601 to 30827; wDayOfWeek is ignored. FALSE
 * with ERROR_INVALID_PARAMETER and nothing written for what is no date, and for NULL. */
#define SystemTimeToFileTime peergroup_SystemTimeToFileTime
PEERGROUP_API BOOL WINAPI SystemTimeToFileTime(const SYSTEMTIME *lpSystemTime,
                                               LPFILETIME lpFileTime);

/* CompareFileTime returns -1 when the first is earlier, 0 when they are equal, 1 when it is later.
 */
#define CompareFileTime peergroup_CompareFileTime
PEERGROUP_API LONG WINAPI CompareFileTime(const FILETIME *lpFileTime1, const FILETIME *lpFileTime2);

/* FileTimeToLocalFileTime adds what local time is ahead of UTC now, and LocalFileTimeToFileTime
 * takes it away; as documented, it is not the difference at the time converted. FALSE with
 * ERROR_INVALID_PARAMETER for values of 2^63 and more, results that leave that range, and NULL. */
#define FileTimeToLocalFileTime peergroup_FileTimeToLocalFileTime
PEERGROUP_API BOOL WINAPI FileTimeToLocalFileTime(const FILETIME *lpFileTime,
                                                  LPFILETIME lpLocalFileTime);
#define LocalFileTimeToFileTime peergroup_LocalFileTimeToFileTime
PEERGROUP_API BOOL WINAPI LocalFileTimeToFileTime(const FILETIME *lpLocalFileTime,
                                                  LPFILETIME lpFileTime);

/* GetTickCount64 gives the milliseconds since the system started; GetTickCount their low 32 bits.
 */
#define GetTickCount64 peergroup_GetTickCount64
PEERGROUP_API ULONGLONG WINAPI GetTickCount64(void);
#define GetTickCount peergroup_GetTickCount
PEERGROUP_API DWORD WINAPI GetTickCount(void);

/* Sleep suspends the calling thread for dwMilliseconds, for ever with INFINITE. */
#define Sleep peergroup_Sleep
PEERGROUP_API void WINAPI Sleep(DWORD dwMilliseconds);

/* ---- Events ----
 *
 * A HANDLE is a checked number: a closed, foreign or random one is refused with
 * ERROR_INVALID_HANDLE. Deviations: events have no names and no access rights, and are of one
 * process; after fork() a child has its own copies, without the waits and descriptors of the
 * parent.
 */

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

#define INFINITE 0xFFFFFFFFu
#define MAXIMUM_WAIT_OBJECTS 64
#define WAIT_OBJECT_0 0x00000000u
#define WAIT_ABANDONED 0x00000080u
#define WAIT_ABANDONED_0 0x00000080u
#define WAIT_IO_COMPLETION 0x000000C0u
#define WAIT_TIMEOUT 0x00000102u
#define WAIT_FAILED 0xFFFFFFFFu
#define CREATE_EVENT_MANUAL_RESET 0x00000001
#define CREATE_EVENT_INITIAL_SET 0x00000002
#define EVENT_MODIFY_STATE 0x0002
#define SYNCHRONIZE 0x00100000
#define EVENT_ALL_ACCESS 0x1F0003

/* CreateEvent makes an event.
 *
 * lpEventAttributes: ignored, may be NULL. bManualReset: FALSE for an event that each released wait
 * resets, TRUE for one that stays signalled until ResetEvent. bInitialState: TRUE to begin
 * signalled. lpName: NULL.
 *
 * Returns the handle, to be closed with CloseHandle, and sets the last error to ERROR_SUCCESS; or
 * NULL:
 *   ERROR_NOT_SUPPORTED      lpName is not NULL (deviation): do without a name
 *   ERROR_NOT_ENOUGH_MEMORY  no memory, or 65,536 events exist: close some */
#define CreateEventW peergroup_CreateEventW
PEERGROUP_API HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset,
                                         BOOL bInitialState, LPCWSTR lpName);
#define CreateEventA peergroup_CreateEventA
PEERGROUP_API HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset,
                                         BOOL bInitialState, LPCSTR lpName);

/* CreateEventEx makes an event as CreateEvent does. dwFlags: CREATE_EVENT_MANUAL_RESET,
 * CREATE_EVENT_INITIAL_SET; other bits give NULL and ERROR_INVALID_PARAMETER. dwDesiredAccess:
 * ignored. */
#define CreateEventExW peergroup_CreateEventExW
PEERGROUP_API HANDLE WINAPI CreateEventExW(LPSECURITY_ATTRIBUTES lpEventAttributes, LPCWSTR lpName,
                                           DWORD dwFlags, DWORD dwDesiredAccess);
#define CreateEventExA peergroup_CreateEventExA
PEERGROUP_API HANDLE WINAPI CreateEventExA(LPSECURITY_ATTRIBUTES lpEventAttributes, LPCSTR lpName,
                                           DWORD dwFlags, DWORD dwDesiredAccess);
#ifdef UNICODE
#define CreateEvent CreateEventW
#define CreateEventEx CreateEventExW
#else
#define CreateEvent CreateEventA
#define CreateEventEx CreateEventExA
#endif

/* SetEvent signals an event: of an auto-reset one it releases exactly one wait, or keeps the signal
 * for the next; of a manual-reset one it releases all and stays signalled. FALSE with
 * ERROR_INVALID_HANDLE for what is no live event. */
#define SetEvent peergroup_SetEvent
PEERGROUP_API BOOL WINAPI SetEvent(HANDLE hEvent);

/* ResetEvent takes an event's signal away; it is no error when there is none. FALSE with
 * ERROR_INVALID_HANDLE for what is no live event. */
#define ResetEvent peergroup_ResetEvent
PEERGROUP_API BOOL WINAPI ResetEvent(HANDLE hEvent);

/* CloseHandle ends an event. Waits that go on for it return WAIT_FAILED with ERROR_INVALID_HANDLE
 * (undefined on Windows), registered ones never fire again and are still to be unregistered. FALSE
 * with ERROR_INVALID_HANDLE for what is no live event, such as a handle that was closed before. */
#define CloseHandle peergroup_CloseHandle
PEERGROUP_API BOOL WINAPI CloseHandle(HANDLE hObject);

/* WaitForSingleObject waits until an event is signalled, and resets it when it is an auto-reset
 * one.
 *
 * hHandle: an event. dwMilliseconds: how long at most, by a clock that nobody sets; 0 only looks,
 * INFINITE has no end.
 *
 * Returns
 *   WAIT_OBJECT_0  the signal was taken
 *   WAIT_TIMEOUT   there was none in time; one that comes now is kept for the next wait
 *   WAIT_FAILED    ERROR_INVALID_HANDLE: not a live event, or it was closed during the wait;
 * correct the program. ERROR_NOT_ENOUGH_MEMORY: try again later */
#define WaitForSingleObject peergroup_WaitForSingleObject
PEERGROUP_API DWORD WINAPI WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds);

/* WaitForSingleObjectEx is WaitForSingleObject. bAlertable: ignored, since nothing queues calls to
 * threads here; WAIT_IO_COMPLETION never comes. */
#define WaitForSingleObjectEx peergroup_WaitForSingleObjectEx
PEERGROUP_API DWORD WINAPI WaitForSingleObjectEx(HANDLE hHandle, DWORD dwMilliseconds,
                                                 BOOL bAlertable);

/* WaitForMultipleObjects waits for one or for all of several events.
 *
 * nCount: 1 to MAXIMUM_WAIT_OBJECTS. lpHandles: that many events, none twice. bWaitAll: TRUE to
 * wait until all are signalled at one time and then take all signals together; FALSE to take one.
 * dwMilliseconds: as for WaitForSingleObject.
 *
 * Returns
 *   WAIT_OBJECT_0 + i  the signal of lpHandles[i] was taken, the lowest i of those signalled;
 *                      WAIT_OBJECT_0 with bWaitAll
 *   WAIT_TIMEOUT       not in time; no signal was taken
 *   WAIT_FAILED        ERROR_INVALID_PARAMETER: the count, NULL, or an event twice (deviation: also
 *                      without bWaitAll). Otherwise as WaitForSingleObject, for any of them */
#define WaitForMultipleObjects peergroup_WaitForMultipleObjects
PEERGROUP_API DWORD WINAPI WaitForMultipleObjects(DWORD nCount, const HANDLE *lpHandles,
                                                  BOOL bWaitAll, DWORD dwMilliseconds);

/* WaitForMultipleObjectsEx is WaitForMultipleObjects. bAlertable: ignored. */
#define WaitForMultipleObjectsEx peergroup_WaitForMultipleObjectsEx
PEERGROUP_API DWORD WINAPI WaitForMultipleObjectsEx(DWORD nCount, const HANDLE *lpHandles,
                                                    BOOL bWaitAll, DWORD dwMilliseconds,
                                                    BOOL bAlertable);

/* PeerEventGetFd gives a descriptor to poll an event with; an extension, not on Windows.
 *
 * hEvent: an event. pFd: the descriptor, -1 after a failure. It is readable (POLLIN) while the
 * event is signalled, belongs to the event and closes with it: do not read, write or close it. It
 * is made at the first call, later ones give the same.
 *
 * When it is readable take the signal with WaitForSingleObject(hEvent, 0), then drain what the
 * event stands for, as PeerGroupGetEventData until PEER_S_NO_EVENT_DATA. Another thread may have
 * been faster; WAIT_TIMEOUT means just that.
 *
 * Returns S_OK; E_INVALIDARG: not a live event, or pFd is NULL; E_OUTOFMEMORY: the process has no
 * more descriptors, close some. Leaves the last error alone. */
PEERGROUP_API HRESULT WINAPI PeerEventGetFd(HANDLE hEvent, int *pFd);

typedef VOID(CALLBACK *WAITORTIMERCALLBACK)(PVOID lpParameter, BOOLEAN TimerOrWaitFired);
typedef WAITORTIMERCALLBACK WAITORTIMERCALLBACKFUNC;

#define WT_EXECUTEDEFAULT 0x00000000u
#define WT_EXECUTEINIOTHREAD 0x00000001u
#define WT_EXECUTEINUITHREAD 0x00000002u
#define WT_EXECUTEINWAITTHREAD 0x00000004u
#define WT_EXECUTEONLYONCE 0x00000008u
#define WT_EXECUTELONGFUNCTION 0x00000010u
#define WT_EXECUTEINTIMERTHREAD 0x00000020u
#define WT_EXECUTEINPERSISTENTTHREAD 0x00000080u
#define WT_TRANSFER_IMPERSONATION 0x00000100u

/* RegisterWaitForSingleObject has a function called each time an event is signalled or a time is
 * over.
 *
 * phNewWaitObject: the registration, to be ended with UnregisterWaitEx, also after
 * WT_EXECUTEONLYONCE; written before the first call of the function, NULL after a failure. hObject:
 * an event. Callback: called on a thread of the library, with Context and FALSE for a signal (which
 * has been taken) or TRUE for the time-out. Context: passed on; the program keeps it alive until
 * the registration has ended. dwMilliseconds: counted anew after each call; INFINITE for none.
 * dwFlags: WT_EXECUTEONLYONCE for one call; the other WT_ flags have no effect.
 *
 * Returns TRUE, or FALSE:
 *   ERROR_INVALID_PARAMETER  a NULL pointer, an unknown flag: correct the call
 *   ERROR_INVALID_HANDLE     not a live event
 *   ERROR_NOT_ENOUGH_MEMORY  no memory or no thread: try again later
 *
 * The function may block and may call everything here. Without WT_EXECUTEONLYONCE a manual-reset
 * event that stays signalled has it called again and again. Deviations: calls of one registration
 * come one after the other, a signal that comes during a call causes the next; at most 16 functions
 * run at a time. In a child made by fork() registrations are without effect. */
#define RegisterWaitForSingleObject peergroup_RegisterWaitForSingleObject
PEERGROUP_API BOOL WINAPI RegisterWaitForSingleObject(PHANDLE phNewWaitObject, HANDLE hObject,
                                                      WAITORTIMERCALLBACK Callback, PVOID Context,
                                                      ULONG dwMilliseconds, ULONG dwFlags);

/* UnregisterWaitEx ends a registration: no call of its function begins any more.
 *
 * WaitHandle: from RegisterWaitForSingleObject; never valid again once this was called with it,
 * ERROR_INVALID_HANDLE apart. CompletionEvent: INVALID_HANDLE_VALUE to return when a call that is
 * running has ended; an event, which is set then or at once; or NULL.
 *
 * Returns TRUE: ended, nothing runs. FALSE:
 *   ERROR_IO_PENDING      a call is running, and the registration ends with it; also for
 *                         INVALID_HANDLE_VALUE from within that very call, which would wait for
 *                         itself. Keep what the function uses until the event is set
 *   ERROR_INVALID_HANDLE  not a live registration, or no live event; nothing has changed
 *
 * Two functions that wait for each other's registration in this way wait for ever, as on Windows.
 */
#define UnregisterWaitEx peergroup_UnregisterWaitEx
PEERGROUP_API BOOL WINAPI UnregisterWaitEx(HANDLE WaitHandle, HANDLE CompletionEvent);

/* UnregisterWait is UnregisterWaitEx with NULL. */
#define UnregisterWait peergroup_UnregisterWait
PEERGROUP_API BOOL WINAPI UnregisterWait(HANDLE WaitHandle);

/* ---- Critical sections ---- */

/* One section, in the program's memory; it does not move between initialising and deleting. */
typedef struct _RTL_CRITICAL_SECTION {
    long long peergroup_storage[8];
} CRITICAL_SECTION, *PCRITICAL_SECTION, *LPCRITICAL_SECTION;

/* InitializeCriticalSection readies a section that nobody uses yet. */
#define InitializeCriticalSection peergroup_InitializeCriticalSection
PEERGROUP_API void WINAPI InitializeCriticalSection(LPCRITICAL_SECTION lpCriticalSection);

/* InitializeCriticalSectionAndSpinCount does the same and returns TRUE; the count is ignored. */
#define InitializeCriticalSectionAndSpinCount peergroup_InitializeCriticalSectionAndSpinCount
PEERGROUP_API BOOL WINAPI
InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION lpCriticalSection, DWORD dwSpinCount);

/* EnterCriticalSection waits until the section is the calling thread's; a thread may enter several
 * times and leaves as often. */
#define EnterCriticalSection peergroup_EnterCriticalSection
PEERGROUP_API void WINAPI EnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection);

/* TryEnterCriticalSection enters and returns TRUE, or returns FALSE when another thread is in. */
#define TryEnterCriticalSection peergroup_TryEnterCriticalSection
PEERGROUP_API BOOL WINAPI TryEnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection);

/* LeaveCriticalSection undoes one entering by the calling thread. */
#define LeaveCriticalSection peergroup_LeaveCriticalSection
PEERGROUP_API void WINAPI LeaveCriticalSection(LPCRITICAL_SECTION lpCriticalSection);

/* DeleteCriticalSection ends a section that nobody is in. */
#define DeleteCriticalSection peergroup_DeleteCriticalSection
PEERGROUP_API void WINAPI DeleteCriticalSection(LPCRITICAL_SECTION lpCriticalSection);

/* ---- Text ---- */

#define CP_ACP 0
#define CP_OEMCP 1
#define CP_THREAD_ACP 3
#define CP_UTF8 65001
#define MB_PRECOMPOSED 0x00000001
#define MB_ERR_INVALID_CHARS 0x00000008
#define WC_ERR_INVALID_CHARS 0x00000080
#define WC_NO_BEST_FIT_CHARS 0x00000400

/* MultiByteToWideChar converts UTF-8 to UTF-16.
 *
 * CodePage: CP_UTF8; CP_ACP, CP_OEMCP and CP_THREAD_ACP are UTF-8 too (deviation: there are no
 * others). dwFlags: 0, or MB_ERR_INVALID_CHARS to fail on ill-formed input, which is U+FFFD
 * otherwise; MB_PRECOMPOSED is allowed for the system's pages. lpMultiByteStr, cbMultiByte: the
 * input in bytes; -1 when a NUL ends it, which is then converted too. lpWideCharStr, cchWideChar:
 * where to write and how many units fit; with 0 nothing is written.
 *
 * Returns the units written or needed, or 0, when the output is undefined:
 *   ERROR_INSUFFICIENT_BUFFER     ask for the size with cchWideChar 0 and try again
 *   ERROR_NO_UNICODE_TRANSLATION  ill-formed input
 *   ERROR_INVALID_FLAGS           other flags
 *   ERROR_INVALID_PARAMETER       the code page, a NULL pointer, a size of 0 or below, one buffer
 *                                 for both, more than fits an int */
#define MultiByteToWideChar peergroup_MultiByteToWideChar
PEERGROUP_API int WINAPI MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCSTR lpMultiByteStr,
                                             int cbMultiByte, LPWSTR lpWideCharStr,
                                             int cchWideChar);

/* WideCharToMultiByte converts UTF-16 to UTF-8.
 *
 * CodePage: as for MultiByteToWideChar. dwFlags: 0, or WC_ERR_INVALID_CHARS to fail on a lone
 * surrogate, which is U+FFFD otherwise; WC_NO_BEST_FIT_CHARS is allowed for the system's pages.
 * lpWideCharStr, cchWideChar: the input in units; -1 when a NUL ends it, which is then converted
 * too. lpMultiByteStr, cbMultiByte: where to write and how many bytes fit; with 0 nothing is
 * written. lpDefaultChar, lpUsedDefaultChar: NULL for CP_UTF8; for the system's pages the first is
 * ignored and the second tells whether something was replaced.
 *
 * Returns the bytes written or needed, or 0 with a code as of MultiByteToWideChar. */
#define WideCharToMultiByte peergroup_WideCharToMultiByte
PEERGROUP_API int WINAPI WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWSTR lpWideCharStr,
                                             int cchWideChar, LPSTR lpMultiByteStr, int cbMultiByte,
                                             LPCSTR lpDefaultChar, LPBOOL lpUsedDefaultChar);

/* lstrlenW returns the units before the NUL; 0 for NULL. */
#define lstrlenW peergroup_lstrlenW
PEERGROUP_API int WINAPI lstrlenW(LPCWSTR lpString);

/* lstrcmpW returns a number below, equal to or above 0 as the first string comes before, equals or
 * comes after the second; NULL comes first. Deviation: compares units, not by language. */
#define lstrcmpW peergroup_lstrcmpW
PEERGROUP_API int WINAPI lstrcmpW(LPCWSTR lpString1, LPCWSTR lpString2);

/* lstrcpynW copies at most iMaxLength - 1 units and always ends with a NUL. Returns lpString1;
 * NULL, and nothing copied, for NULL or an iMaxLength below 1. */
#define lstrcpynW peergroup_lstrcpynW
PEERGROUP_API LPWSTR WINAPI lstrcpynW(LPWSTR lpString1, LPCWSTR lpString2, int iMaxLength);

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_E_INSUFFICIENT_BUFFER PEERGROUP_HRESULT(0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER E_INVALIDARG

/* StringCchLengthW gives the units before the NUL in *pcchLength (may be NULL). E_INVALIDARG, and
 * 0: psz is NULL, has no NUL within cchMax units, or cchMax is over STRSAFE_MAX_CCH. */
#define StringCchLengthW peergroup_StringCchLengthW
PEERGROUP_API HRESULT WINAPI StringCchLengthW(LPCWSTR psz, size_t cchMax, size_t *pcchLength);

/* StringCchCopyW copies a string into cchDest units. STRSAFE_E_INSUFFICIENT_BUFFER: it is cut, and
 * ends with a NUL. E_INVALIDARG: cchDest is 0 or over STRSAFE_MAX_CCH; nothing is written. */
#define StringCchCopyW peergroup_StringCchCopyW
PEERGROUP_API HRESULT WINAPI StringCchCopyW(LPWSTR pszDest, size_t cchDest, LPCWSTR pszSrc);

/* StringCchCatW appends a string to the one in cchDest units; codes as of StringCchCopyW, and
 * E_INVALIDARG when that one has no NUL. */
#define StringCchCatW peergroup_StringCchCatW
PEERGROUP_API HRESULT WINAPI StringCchCatW(LPWSTR pszDest, size_t cchDest, LPCWSTR pszSrc);

#ifdef UNICODE
#define lstrlen lstrlenW
#define lstrcmp lstrcmpW
#define lstrcpyn lstrcpynW
#define StringCchLength StringCchLengthW
#define StringCchCopy StringCchCopyW
#define StringCchCat StringCchCatW
#endif

/* The C library's functions for strings of WCHAR; used under their own names where L"" has 16-bit
 * units. */
PEERGROUP_API size_t peergroup_wcslen(const WCHAR *text);
PEERGROUP_API int peergroup_wcscmp(const WCHAR *first, const WCHAR *second);
PEERGROUP_API int peergroup_wcsncmp(const WCHAR *first, const WCHAR *second, size_t count);
PEERGROUP_API WCHAR *peergroup_wcscpy(WCHAR *to, const WCHAR *from);
PEERGROUP_API WCHAR *peergroup_wcsncpy(WCHAR *to, const WCHAR *from, size_t count);
PEERGROUP_API WCHAR *peergroup_wcscat(WCHAR *to, const WCHAR *from);
PEERGROUP_API WCHAR *peergroup_wcschr(const WCHAR *text, WCHAR unit);

/* ---- Sockets: addresses, and a Winsock that needs no starting ---- */

typedef int SOCKET;
#define INVALID_SOCKET ((SOCKET)-1)
#define SOCKET_ERROR (-1)

typedef unsigned short ADDRESS_FAMILY;
typedef struct in_addr IN_ADDR, *PIN_ADDR, *LPIN_ADDR;
typedef struct in6_addr IN6_ADDR, *PIN6_ADDR, *LPIN6_ADDR;
typedef struct sockaddr SOCKADDR, *PSOCKADDR, *LPSOCKADDR;
typedef struct sockaddr_in SOCKADDR_IN, *PSOCKADDR_IN, *LPSOCKADDR_IN;
typedef struct sockaddr_in6 SOCKADDR_IN6, *PSOCKADDR_IN6, *LPSOCKADDR_IN6;
typedef struct sockaddr_storage SOCKADDR_STORAGE, *PSOCKADDR_STORAGE, *LPSOCKADDR_STORAGE;

/* Windows' other names for the bytes and words of an address. */
#if !defined(s6_bytes)
#define s6_bytes s6_addr
#endif
#if !defined(s6_words) && defined(s6_addr16)
#define s6_words s6_addr16
#endif

typedef struct _SOCKET_ADDRESS {
    LPSOCKADDR lpSockaddr;
    INT iSockaddrLength;
} SOCKET_ADDRESS, *PSOCKET_ADDRESS, *LPSOCKET_ADDRESS;

typedef struct _SOCKET_ADDRESS_LIST {
    INT iAddressCount;
    SOCKET_ADDRESS Address[1];
} SOCKET_ADDRESS_LIST, *PSOCKET_ADDRESS_LIST, *LPSOCKET_ADDRESS_LIST;

typedef struct _BLOB {
    ULONG cbSize;
    BYTE *pBlobData;
} BLOB, *PBLOB, *LPBLOB;

#define WSADESCRIPTION_LEN 256
#define WSASYS_STATUS_LEN 128
typedef struct WSAData {
    WORD wVersion;
    WORD wHighVersion;
    unsigned short iMaxSockets;
    unsigned short iMaxUdpDg;
    char *lpVendorInfo;
    char szDescription[WSADESCRIPTION_LEN + 1];
    char szSystemStatus[WSASYS_STATUS_LEN + 1];
} WSADATA, *LPWSADATA;

/* WSAStartup agrees on a version, 2.2 at most; sockets work without it. wVersionRequested:
 * MAKEWORD(major, minor). lpWSAData: filled in. Returns 0 (call WSACleanup as often as this),
 * WSAVERNOTSUPPORTED for major 0, or WSAEFAULT for NULL; leaves the last error alone. */
#define WSAStartup peergroup_WSAStartup
PEERGROUP_API int WSAAPI WSAStartup(WORD wVersionRequested, LPWSADATA lpWSAData);

/* WSACleanup undoes one WSAStartup. Returns 0, or SOCKET_ERROR with WSANOTINITIALISED when there is
 * none left; GetLastError gives it. */
#define WSACleanup peergroup_WSACleanup
PEERGROUP_API int WSAAPI WSACleanup(void);

/* ---- Cryptography ---- */

typedef ULONG_PTR HCRYPTPROV;
#define AT_KEYEXCHANGE 1
#define AT_SIGNATURE 2

typedef struct _CRYPTOAPI_BLOB {
    DWORD cbData;
    BYTE *pbData;
} CRYPT_INTEGER_BLOB, *PCRYPT_INTEGER_BLOB, CRYPT_UINT_BLOB, *PCRYPT_UINT_BLOB, CRYPT_OBJID_BLOB,
    *PCRYPT_OBJID_BLOB, CRYPT_DATA_BLOB, *PCRYPT_DATA_BLOB, CRYPT_HASH_BLOB, *PCRYPT_HASH_BLOB,
    CRYPT_DIGEST_BLOB, *PCRYPT_DIGEST_BLOB, CRYPT_DER_BLOB, *PCRYPT_DER_BLOB, CRYPT_ATTR_BLOB,
    *PCRYPT_ATTR_BLOB, CERT_NAME_BLOB, *PCERT_NAME_BLOB, CERT_RDN_VALUE_BLOB, *PCERT_RDN_VALUE_BLOB,
    CERT_BLOB, *PCERT_BLOB, DATA_BLOB, *PDATA_BLOB;

typedef struct _CRYPT_BIT_BLOB {
    DWORD cbData;
    BYTE *pbData;
    DWORD cUnusedBits;
} CRYPT_BIT_BLOB, *PCRYPT_BIT_BLOB;

typedef struct _CRYPT_ALGORITHM_IDENTIFIER {
    LPSTR pszObjId;
    CRYPT_OBJID_BLOB Parameters;
} CRYPT_ALGORITHM_IDENTIFIER, *PCRYPT_ALGORITHM_IDENTIFIER;

typedef struct _CERT_PUBLIC_KEY_INFO {
    CRYPT_ALGORITHM_IDENTIFIER Algorithm;
    CRYPT_BIT_BLOB PublicKey;
} CERT_PUBLIC_KEY_INFO, *PCERT_PUBLIC_KEY_INFO;

/* CryptReleaseContext ends a key handle that the library made (PeerIdentityGetCryptKey); calls that
 * use the key at this moment finish.
 *
 * hProv: the handle, never valid again. dwFlags: 0.
 *
 * Returns TRUE, or FALSE:
 *   ERROR_INVALID_HANDLE  not a live handle of the library
 *   NTE_BAD_FLAGS         dwFlags is not 0; as documented, the handle is released all the same */
#define CryptReleaseContext peergroup_CryptReleaseContext
PEERGROUP_API BOOL WINAPI CryptReleaseContext(HCRYPTPROV hProv, DWORD dwFlags);

/* peergroup_CryptHandleFromPkey makes a key handle of a key of OpenSSL, for PeerIdentityCreate. Not
 * part of Win32.
 *
 * evp_pkey: an EVP_PKEY with an Ed25519 private key that can be exported; copied, so it may be
 * freed after the call. phCryptProv: receives the handle, to be ended with CryptReleaseContext; 0
 * after a failure.
 *
 * Returns S_OK or:
 *   E_INVALIDARG   a pointer is NULL, or the key is of another kind, public only, or in a token:
 *                  make one with EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
 *   E_OUTOFMEMORY  free memory and repeat
 *   NTE_FAIL       the cryptographic library on this machine is broken */
PEERGROUP_API HRESULT WINAPI peergroup_CryptHandleFromPkey(void *evp_pkey, HCRYPTPROV *phCryptProv);

/* peergroup_CryptHandleSign signs bytes of a program with the Ed25519 key behind a handle, such as
 * one of PeerIdentityGetCryptKey; whoever has the identity's certificate can check the signature.
 * Not part of Win32.
 *
 * pvData, cbData: what to sign, any size; pvData may be NULL when cbData is 0. signature: receives
 * 64 bytes.
 *
 * The same key stands for its identity in groups. Bytes that begin the way the library's own signed
 * statements do are therefore refused: 0x30 (also the digit '0'), 64 spaces, or one of the 32-byte
 * labels of docs/protocol.md. A program avoids all of them with a prefix of its own.
 *
 * Returns S_OK or:
 *   E_INVALIDARG  a required pointer is NULL, or the bytes begin like one of the above
 *   E_HANDLE      hCryptProv is not a live handle of the library
 *   NTE_FAIL      the cryptographic library on this machine is broken */
PEERGROUP_API HRESULT WINAPI peergroup_CryptHandleSign(HCRYPTPROV hCryptProv, const void *pvData,
                                                       size_t cbData, uint8_t signature[64]);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* 16-bit wide characters: the C library's header comes first, then its names are ours. */
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#ifdef __cplusplus
#include <cwchar>
#else
#include <wchar.h>
#endif
#undef wcslen
#undef wcscmp
#undef wcsncmp
#undef wcscpy
#undef wcsncpy
#undef wcscat
#undef wcschr
#define wcslen peergroup_wcslen
#define wcscmp peergroup_wcscmp
#define wcsncmp peergroup_wcsncmp
#define wcscpy peergroup_wcscpy
#define wcsncpy peergroup_wcsncpy
#define wcscat peergroup_wcscat
#define wcschr peergroup_wcschr
#endif

#endif /* !_WIN32 */
#endif

/* Outside the include guard, so that INITGUID counts wherever the next header comes. DEFINE_GUID
 * declares a GUID; under INITGUID it defines it, in as many files as like to. */
#ifndef _WIN32
#undef DEFINE_GUID
#ifdef INITGUID
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)                               \
    EXTERN_C PEERGROUP_API __attribute__((weak)) const GUID name;                                  \
    const GUID name = {l, w1, w2, {b1, b2, b3, b4, b5, b6, b7, b8}}
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)                               \
    EXTERN_C PEERGROUP_API const GUID name
#endif

/* GUID_NULL is all zeros. */
#ifndef PEERGROUP_GUID_NULL_DEFINED
#ifdef INITGUID
#define PEERGROUP_GUID_NULL_DEFINED
#endif
DEFINE_GUID(GUID_NULL, 0x00000000, 0x0000, 0x0000, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00);
#endif
#endif
