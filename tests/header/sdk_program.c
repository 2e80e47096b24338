/* sdk_program.c - does a source written for the Windows SDK compile here without a change?
 *
 * Winsock, Win32 and this interface in one file, wide literals, INITGUID, the includes and idioms
 * of such programs. It is compiled on Linux with -Iinclude/peergroup/compat -fshort-wchar, as C and
 * as C++, and by the Windows cross compilers with the system's own headers. */
#define UNICODE
#define _UNICODE
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#define INITGUID
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <wincrypt.h>
#include <strsafe.h>
#include <p2p.h>
#include <stdio.h>
#include <wchar.h>

#define MAX_CHAT_MESSAGE 512

#ifdef __cplusplus
#define SAME_GUID(first, second) ((first) == (second))
#else
#define SAME_GUID(first, second) IsEqualGUID(&(first), &(second))
#endif

DEFINE_GUID(RECORD_TYPE_CHAT, 0x1a2b3c4d, 0x1111, 0x2222, 0x80, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
            0x07);

static HGROUP g_hGroup = NULL;
static HPEEREVENT g_hPeerEvent = NULL;
static HANDLE g_hEvent = NULL;
static HANDLE g_hWait = NULL;
static CRITICAL_SECTION g_lock;

static void PrintResult(PCWSTR pwzCall, HRESULT hr)
{
    char szCall[128];

    WideCharToMultiByte(CP_UTF8, 0, pwzCall, -1, szCall, sizeof(szCall), NULL, NULL);
    printf("%s: %s 0x%08x\n", szCall, FAILED(hr) ? "failed" : "succeeded", (unsigned int)hr);
}

static void HandleRecord(const PEER_EVENT_RECORD_CHANGE_DATA *pData)
{
    PPEER_RECORD pRecord = NULL;
    HRESULT hr = PeerGroupGetRecord(g_hGroup, &pData->recordId, &pRecord);

    if (SUCCEEDED(hr) && SAME_GUID(pRecord->type, RECORD_TYPE_CHAT)) {
        WCHAR wzText[MAX_CHAT_MESSAGE];
        SYSTEMTIME st;
        FILETIME ftUniversal;

        ZeroMemory(&st, sizeof(st));
        if (pRecord->data.cbData / sizeof(WCHAR) < MAX_CHAT_MESSAGE) {
            CopyMemory(wzText, pRecord->data.pbData, pRecord->data.cbData);
            wzText[pRecord->data.cbData / sizeof(WCHAR)] = L'\0';
            if (wcscmp(wzText, L"quit") == 0)
                SetEvent(g_hEvent);
        }
        if (SUCCEEDED(
                PeerGroupPeerTimeToUniversalTime(g_hGroup, &pRecord->ftCreation, &ftUniversal)))
            FileTimeToSystemTime(&ftUniversal, &st);
    }
    PeerFreeData(pRecord);
}

static void HandleEvent(const PEER_GROUP_EVENT_DATA *pEventData)
{
    switch (pEventData->eventType) {
    case PEER_GROUP_EVENT_STATUS_CHANGED:
        if (pEventData->dwStatus & PEER_GROUP_STATUS_HAS_CONNECTIONS)
            PrintResult(L"PeerGroupConnect", S_OK);
        break;
    case PEER_GROUP_EVENT_RECORD_CHANGED:
        if (pEventData->recordChangeData.changeType == PEER_RECORD_ADDED)
            HandleRecord(&pEventData->recordChangeData);
        break;
    case PEER_GROUP_EVENT_MEMBER_CHANGED:
        if (pEventData->memberChangeData.changeType == PEER_MEMBER_JOINED)
            PrintResult(pEventData->memberChangeData.pwzIdentity, S_OK);
        break;
    case PEER_GROUP_EVENT_DIRECT_CONNECTION:
        if (pEventData->connectionChangeData.status == PEER_CONNECTION_FAILED)
            PrintResult(L"direct", pEventData->connectionChangeData.hrConnectionFailedReason);
        break;
    case PEER_GROUP_EVENT_INCOMING_DATA:
        PeerGroupCloseDirectConnection(g_hGroup, pEventData->incomingData.ullConnectionId);
        break;
    case PEER_GROUP_EVENT_CONNECTION_FAILED:
        PrintResult(L"PeerGroupConnect", pEventData->hrConnectionFailedReason);
        break;
    default:
        break;
    }
}

static VOID CALLBACK EventCallback(PVOID lpParam, BOOLEAN TimerOrWaitFired)
{
    PPEER_GROUP_EVENT_DATA pEventData = NULL;
    HRESULT hr = S_OK;

    UNREFERENCED_PARAMETER(lpParam);
    UNREFERENCED_PARAMETER(TimerOrWaitFired);
    EnterCriticalSection(&g_lock);
    while (SUCCEEDED(hr)) {
        hr = PeerGroupGetEventData(g_hPeerEvent, &pEventData);
        if (hr == PEER_S_NO_EVENT_DATA || FAILED(hr))
            break;
        HandleEvent(pEventData);
        PeerFreeData(pEventData);
    }
    LeaveCriticalSection(&g_lock);
}

static HRESULT RegisterForEvents(void)
{
    PEER_GROUP_EVENT_REGISTRATION registrations[] = {
        {PEER_GROUP_EVENT_STATUS_CHANGED, 0},
        {PEER_GROUP_EVENT_RECORD_CHANGED, (GUID *)&RECORD_TYPE_CHAT},
        {PEER_GROUP_EVENT_MEMBER_CHANGED, 0},
        {PEER_GROUP_EVENT_DIRECT_CONNECTION, 0},
        {PEER_GROUP_EVENT_INCOMING_DATA, 0},
        {PEER_GROUP_EVENT_CONNECTION_FAILED, 0},
    };
    HRESULT hr;

    g_hEvent = CreateEvent(NULL, FALSE, FALSE, NULL);
    if (g_hEvent == NULL)
        return HRESULT_FROM_WIN32(GetLastError());
    hr = PeerGroupRegisterEvent(g_hGroup, g_hEvent, ARRAYSIZE(registrations), registrations,
                                &g_hPeerEvent);
    if (SUCCEEDED(hr) && !RegisterWaitForSingleObject(&g_hWait, g_hEvent, EventCallback, NULL,
                                                      INFINITE, WT_EXECUTEDEFAULT))
        hr = E_OUTOFMEMORY;
    return hr;
}

static HRESULT CreateGroup(PWSTR pwzIdentity)
{
    PEER_GROUP_PROPERTIES props;
    WCHAR wzPassword[] = L"correct horse battery staple";
    WCHAR wzName[64];

    ZeroMemory(&props, sizeof(props));
    StringCchCopyW(wzName, ARRAYSIZE(wzName), L"Till group");
    props.dwSize = sizeof(props);
    props.pwzCreatorPeerName = pwzIdentity;
    props.pwzFriendlyName = wzName;
    props.pwzGroupPassword = wzPassword;
    props.dwAuthenticationSchemes =
        PEER_GROUP_GMC_AUTHENTICATION | PEER_GROUP_PASSWORD_AUTHENTICATION;
    props.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    return PeerGroupCreate(&props, &g_hGroup);
}

static HRESULT AddChatRecord(PCWSTR pwzMessage)
{
    PEER_RECORD record;
    GUID idRecord;
    SYSTEMTIME st;
    ULARGE_INTEGER ulTime;
    HRESULT hr;

    ZeroMemory(&record, sizeof(record));
    record.dwSize = sizeof(record);
    record.type = RECORD_TYPE_CHAT;
    record.data.cbData = (ULONG)((wcslen(pwzMessage) + 1) * sizeof(WCHAR));
    record.data.pbData = (PBYTE)pwzMessage;
    GetSystemTime(&st);
    SystemTimeToFileTime(&st, &record.ftExpiration);
    ulTime.LowPart = record.ftExpiration.dwLowDateTime;
    ulTime.HighPart = record.ftExpiration.dwHighDateTime;
    ulTime.QuadPart += 120ull * 10000000ull;
    record.ftExpiration.dwLowDateTime = ulTime.LowPart;
    record.ftExpiration.dwHighDateTime = ulTime.HighPart;
    hr = PeerGroupUniversalTimeToPeerTime(g_hGroup, &record.ftExpiration, &record.ftExpiration);
    if (SUCCEEDED(hr))
        hr = PeerGroupAddRecord(g_hGroup, &record, &idRecord);
    return hr;
}

static HRESULT ConnectByAddress(void)
{
    PEER_ADDRESS address;

    ZeroMemory(&address, sizeof(address));
    address.dwSize = sizeof(PEER_ADDRESS);
    address.sin6.sin6_family = AF_INET6;
    address.sin6.sin6_port = htons(3587);
    address.sin6.sin6_addr = in6addr_loopback;
    return PeerGroupConnectByAddress(g_hGroup, 1, &address);
}

static void ListMembers(void)
{
    HPEERENUM hPeerEnum = NULL;
    PEER_MEMBER **ppMember = NULL;
    ULONG cMembers = 1;

    if (FAILED(PeerGroupEnumMembers(g_hGroup, PEER_MEMBER_PRESENT, NULL, &hPeerEnum)))
        return;
    while (SUCCEEDED(PeerGetNextItem(hPeerEnum, &cMembers, (PVOID **)&ppMember)) && cMembers) {
        if (ppMember[0]->pCredentialInfo)
            PrintResult(ppMember[0]->pCredentialInfo->pwzFriendlyName, S_OK);
        PeerFreeData(ppMember);
        cMembers = 1;
    }
    PeerEndEnumeration(hPeerEnum);
}

static BOOL LookUpName(void)
{
    PNRPINFO info;
    PNRPCLOUDINFO cloud;
    BLOB blob;

    ZeroMemory(&info, sizeof(info));
    ZeroMemory(&cloud, sizeof(cloud));
    info.dwSize = sizeof(info);
    info.nMaxResolve = 1;
    info.enResolveCriteria = PNRP_RESOLVE_CRITERIA_NON_CURRENT_PROCESS_PEER_NAME;
    cloud.dwSize = sizeof(cloud);
    cloud.Cloud.Scope = PNRP_LINK_LOCAL_SCOPE;
    blob.cbSize = sizeof(info);
    blob.pBlobData = (BYTE *)&info;
    return blob.cbSize > cloud.dwSize && !SAME_GUID(SVCID_PNRPNAME, SVCID_PNRPCLOUD);
}

int main(void)
{
    PEER_VERSION_DATA pvd;
    WSADATA wsaData;
    PWSTR pwzIdentity = NULL;
    HRESULT hr;

    InitializeCriticalSection(&g_lock);
    if (WSAStartup(MAKEWORD(2, 2), &wsaData) != 0)
        return 1;
    hr = PeerGroupStartup(PEER_GROUP_VERSION, &pvd);
    if (SUCCEEDED(hr))
        hr = PeerIdentityCreate(NULL, L"Till 1", 0, &pwzIdentity);
    if (SUCCEEDED(hr))
        hr = CreateGroup(pwzIdentity);
    if (SUCCEEDED(hr))
        hr = RegisterForEvents();
    if (SUCCEEDED(hr))
        hr = ConnectByAddress();
    if (SUCCEEDED(hr) && LookUpName())
        hr = AddChatRecord(L"The till is open");
    if (SUCCEEDED(hr) && WaitForSingleObject(g_hEvent, 1000) == WAIT_TIMEOUT)
        ListMembers();
    PrintResult(L"All", hr);
    if (g_hWait)
        UnregisterWait(g_hWait);
    if (g_hPeerEvent)
        PeerGroupUnregisterEvent(g_hPeerEvent);
    if (g_hEvent)
        CloseHandle(g_hEvent);
    PeerFreeData(pwzIdentity);
    PeerGroupClose(g_hGroup);
    PeerGroupShutdown();
    WSACleanup();
    DeleteCriticalSection(&g_lock);
    return FAILED(hr) ? 1 : 0;
}
