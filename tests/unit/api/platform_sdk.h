/* platform_sdk.h - how a program for the Windows SDK begins and what it uses; the body of
 * platform_compile.c and platform_compile.cpp, which are compiled with both widths of wchar_t, and
 * run with the narrow one. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <initguid.h>
#include <windows.h>
#include <wincrypt.h>
#include <strsafe.h>
#include <stdio.h>

#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#define WIDE(text) L##text
#else
#define WIDE(text) u##text
#endif

#ifdef __cplusplus
#define GUID_ARGUMENT(guid) (guid)
#else
#define GUID_ARGUMENT(guid) (&(guid))
#endif

/* {8D5A0D4C-6A5F-4B38-9B5E-2A8A9B1C0D11} */
DEFINE_GUID(CHAT_RECORD_TYPE, 0x8d5a0d4c, 0x6a5f, 0x4b38, 0x9b, 0x5e, 0x2a, 0x8a, 0x9b, 0x1c, 0x0d,
            0x11);

static HANDLE g_hEvent;
static CRITICAL_SECTION g_cs;

static VOID CALLBACK OnEvent(IN PVOID pvContext, IN BOOLEAN fTimedOut)
{
    UNREFERENCED_PARAMETER(fTimedOut);
    EnterCriticalSection(&g_cs);
    *(LPDWORD)pvContext += 1;
    LeaveCriticalSection(&g_cs);
    SetEvent(g_hEvent);
}

static BOOL UseEvents(void)
{
    DWORD dwCount = 0;
    HANDLE hWait = NULL;
    HANDLE rgHandles[2];
    HANDLE hSignal = CreateEvent(NULL, FALSE, FALSE, NULL);
    g_hEvent = CreateEvent(NULL, TRUE, FALSE, NULL);
    rgHandles[0] = g_hEvent;
    rgHandles[1] = hSignal;
    InitializeCriticalSection(&g_cs);
    if (!RegisterWaitForSingleObject(&hWait, hSignal, OnEvent, &dwCount, INFINITE,
                                     WT_EXECUTEDEFAULT))
        return FALSE;
    SetEvent(hSignal);
    if (WaitForMultipleObjects(2, rgHandles, FALSE, 10000) != WAIT_OBJECT_0)
        return FALSE;
    UnregisterWaitEx(hWait, INVALID_HANDLE_VALUE);
    DeleteCriticalSection(&g_cs);
    CloseHandle(hSignal);
    CloseHandle(g_hEvent);
    Sleep(0);
    return dwCount == 1;
}

static BOOL UseTime(void)
{
    FILETIME ftNow, ftBack;
    SYSTEMTIME stNow;
    ULARGE_INTEGER ulTime;
    GetSystemTimeAsFileTime(&ftNow);
    ulTime.LowPart = ftNow.dwLowDateTime;
    ulTime.HighPart = ftNow.dwHighDateTime;
    ulTime.QuadPart += 60 * 10000000ull;
    ftNow.dwLowDateTime = ulTime.u.LowPart;
    ftNow.dwHighDateTime = ulTime.u.HighPart;
    if (!FileTimeToSystemTime(&ftNow, &stNow) || !SystemTimeToFileTime(&stNow, &ftBack))
        return FALSE;
    return CompareFileTime(&ftBack, &ftNow) <= 0;
}

static BOOL UseText(void)
{
    CONST WCHAR *pwzName = WIDE("caf\u00e9.classifier");
    WCHAR wzBuffer[32];
    CHAR szBuffer[32];
    if (lstrlenW(pwzName) != 15 || FAILED(StringCchCopyW(wzBuffer, ARRAYSIZE(wzBuffer), pwzName)))
        return FALSE;
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
    if (wcslen(pwzName) != 15 || wcscmp(pwzName, wzBuffer) != 0)
        return FALSE;
    if (wcschr(wzBuffer, L'.') != wzBuffer + 4 || wcsncmp(wzBuffer, L"cafe", 3) != 0)
        return FALSE;
    wcscpy(wzBuffer, L"a");
    wcscat(wzBuffer, L"b");
    wcsncpy(wzBuffer + 2, L"cde", 2);
    wzBuffer[4] = 0;
    if (wcscmp(wzBuffer, L"abcd") != 0)
        return FALSE;
#endif
    return WideCharToMultiByte(CP_UTF8, 0, pwzName, -1, szBuffer, sizeof(szBuffer), NULL, NULL) ==
               17 &&
           MultiByteToWideChar(CP_UTF8, 0, szBuffer, -1, wzBuffer, ARRAYSIZE(wzBuffer)) == 16 &&
           lstrcmpW(pwzName, wzBuffer) == 0;
}

static BOOL UseSecrets(void)
{
    BYTE rgbPassword[CRYPTPROTECTMEMORY_BLOCK_SIZE * 2];
    ZeroMemory(rgbPassword, sizeof(rgbPassword));
    rgbPassword[0] = 'x';
    if (!CryptProtectMemory(rgbPassword, sizeof(rgbPassword), CRYPTPROTECTMEMORY_SAME_PROCESS) ||
        !CryptUnprotectMemory(rgbPassword, sizeof(rgbPassword), CRYPTPROTECTMEMORY_SAME_PROCESS))
        return FALSE;
    BOOL fSame = rgbPassword[0] == 'x' && rgbPassword[1] == 0;
    SecureZeroMemory(rgbPassword, sizeof(rgbPassword));
    HCRYPTPROV hProv = 0;
    if (CryptReleaseContext(hProv, 0) || GetLastError() != ERROR_INVALID_HANDLE)
        return FALSE;
    return fSame && FAILED(HRESULT_FROM_WIN32(GetLastError())) && SUCCEEDED(S_OK);
}

static BOOL UseStructures(void)
{
    CERT_PUBLIC_KEY_INFO keyInfo;
    SOCKADDR_IN6 address;
    SOCKET_ADDRESS socketAddress;
    SOCKADDR_STORAGE storage;
    BLOB blob;
    GUID type = CHAT_RECORD_TYPE;
    ZeroMemory(&keyInfo, sizeof(keyInfo));
    ZeroMemory(&address, sizeof(address));
    ZeroMemory(&storage, sizeof(storage));
    keyInfo.PublicKey.cbData = 32;
    keyInfo.Algorithm.Parameters.pbData = NULL;
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(3587);
    address.sin6_addr.s6_addr[15] = 1;
    socketAddress.lpSockaddr = (LPSOCKADDR)&address;
    socketAddress.iSockaddrLength = sizeof(address);
    blob.cbSize = 0;
    blob.pBlobData = NULL;
    return IsEqualGUID(GUID_ARGUMENT(type), GUID_ARGUMENT(CHAT_RECORD_TYPE)) &&
           !IsEqualGUID(GUID_ARGUMENT(type), GUID_ARGUMENT(GUID_NULL)) && blob.cbSize == 0 &&
           IN6_IS_ADDR_LOOPBACK(&address.sin6_addr) && storage.ss_family == 0 &&
           socketAddress.iSockaddrLength == 28 && keyInfo.PublicKey.cbData == 32;
}

int main(void)
{
    WSADATA wsaData;
    if (WSAStartup(MAKEWORD(2, 2), &wsaData) != 0)
        return 1;
    BOOL fOk = UseEvents() && UseTime() && UseText() && UseSecrets() && UseStructures();
    WSACleanup();
    printf("%s\n", fOk ? "fine" : "wrong");
    return fOk ? 0 : 1;
}
