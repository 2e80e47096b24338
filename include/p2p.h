/* p2p.h - the Peer-to-Peer interface: identities, groups, name resolution and graphs.
 *
 * The interface that Windows documents under the same name, on Windows and elsewhere. Include this
 * header and link libpeergroup (pkg-config: peergroup). Where there is no <windows.h>,
 * peergroup/platform.h comes with it: the types, event objects and few functions of Win32 that
 * programs use beside this interface.
 *
 * Parts can be left out by defining NO_P2P_IDENTITY, NO_P2P_GROUP, NO_P2P_PNRP or NO_P2P_GRAPH
 * first. Collaboration is not part of this library.
 *
 * Text is WCHAR: UTF-16 in 16-bit units, ended by a zero. Lengths below count units without that
 * zero. Texts are compared exactly. A lone surrogate is refused.
 *
 * Times are FILETIME: 100 ns since 1601-01-01. "UTC" is this machine's clock; "peer time" is the
 * clock that the members of a group share, see PeerGroupPeerTimeToUniversalTime.
 *
 * Ownership. What a call is given is borrowed until the call returns; only an event object given
 * to a registration is used until that registration ends. What a call hands out is one block with
 * everything it points to inside: free the outer pointer, once, with PeerFreeData (Graphing:
 * PeerGraphFreeData), never a pointer found in it. Outputs are set to NULL or 0 first, so that
 * after a failure there is nothing to free. "out" marks a parameter that receives a result.
 *
 * Threads. Every function may be called from any thread, by several at once. A call blocks until
 * its own work is done and, if it changed something, until that is on disk; none but
 * PeerPnrpResolve waits for other machines. What depends on others is announced by events.
 * Two calls that race, such as one on a handle and the close of that handle, end in some order; the
 * later one gets the code for a closed handle. Not for signal handlers, nor for the child of a fork
 * before its exec.
 *
 * Results are HRESULT: negative is a failure that had no effect, 0 is S_OK, positive is a success
 * with something to say (PEER_S_...). Test with SUCCEEDED and FAILED. These codes mean the same
 * everywhere; a line "As everywhere" below names those that apply to a function, listed on its page
 * or not:
 *
 *   E_INVALIDARG               a required pointer is NULL, a dwSize is wrong, a text is too long or
 *                              has a lone surrogate, an HPEERENUM or HPEEREVENT is not a live one:
 *                              a mistake in the program, correct it
 *   E_OUTOFMEMORY              no memory; nothing was changed, free some and call again
 *   PEER_E_NOT_INITIALIZED     PeerGroupStartup, PeerGraphStartup or PeerPnrpStartup is missing;
 *                              call it first
 *   PEER_E_INVALID_GROUP       the HGROUP is NULL, closed, of a deleted group or no such handle;
 *                              forget it and open the group again
 *   PEER_E_INVALID_GRAPH       the same of an HGRAPH
 *   PEER_E_GROUP_NOT_READY     joined, but the group's records have not arrived yet; connect, wait
 *                              for PEER_GROUP_STATUS_LISTENING and call again
 *   PEER_E_GRAPH_NOT_READY     the same of a graph; wait for PEER_GRAPH_STATUS_SYNCHRONIZED
 *   PEER_E_NO_KEY_ACCESS       the folder or file of the private keys cannot be read or written, or
 *                              others may: correct owner and permissions (0700, files 0600)
 *   PEER_E_DISK_FULL           no room on the disk, or a limit on files' sizes; make some and call
 *                              again. Any function that writes may say so
 *   PEER_E_INVALID_DATABASE    the database of the user or of the group is damaged or not ours;
 *                              restore it from a copy. Any function that reads one may say so
 *   PEER_E_DATABASE_ACCESSDENIED
 *                              the database of an open group cannot be read or written any more;
 *                              close the group, see to the file, open it again. Any function that
 *                              takes an HGROUP may say so
 *   PEER_E_CLOUD_NAME_AMBIGUOUS, PEER_E_NO_CLOUD
 *                              the cloud's name begins the names of several clouds, or of none;
 *                              take a full name, such as "Global_" or "LinkLocal_eth0", or NULL
 *   CRYPT_*                    a key or certificate does not decode, or a cryptographic operation
 *                              failed: NTE_FAIL, NTE_BAD_KEYSET, NTE_NO_MEMORY, CRYPT_E_BAD_ENCODE
 *                              or CRYPT_E_ASN1_ERROR; restore the key store from a copy
 *   WIN32_FILE                 what the file system said, as HRESULT_FROM_WIN32 of file not found,
 *                              path not found, access denied and the like; choose another path
 *   E_NOTIMPL                  the header has the function, this build has not; every function may
 *                              say so, and none that is built does
 *
 * A bad value inside a well-formed structure has its own code where the page names one, else
 * PEER_E_INVALID_GROUP_PROPERTIES. Codes of Win32 are passed on as HRESULT_FROM_WIN32: below,
 * ERROR_DELETE_PENDING means 0x8007012F. Every choice made where the pages contradict each other
 * or are silent is listed in docs/deviations.md.
 */
#ifndef _P2P_H_
#define _P2P_H_

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <pnrpns.h>
#include <windows.h>
#include <wincrypt.h>
#else
#include <peergroup/platform.h>
#include <peergroup/compat/pnrpns.h>
#endif
#include <peergroup/errors.h>

/* PEERGROUP_P2P_H tells this header from others named p2p.h. */
#define PEERGROUP_P2P_H 1

/* Which version of the interface the program is written for: 0x05010000 XP, 0x06000000 Vista,
 * 0x06010000 Windows 7 (the default). It selects structure layouts and what is declared. */
#ifndef NTDDI_VERSION
#ifdef _WIN32_WINNT
#define NTDDI_VERSION ((_WIN32_WINNT)*0x10000)
#else
#define NTDDI_VERSION 0x06010000
#endif
#endif

#if NTDDI_VERSION < 0x06000000 && !defined(NO_P2P_PNRP)
#define NO_P2P_PNRP
#endif

#ifndef PEERGROUP_API
#ifdef _WIN32
#define PEERGROUP_API __declspec(dllimport)
#else
#define PEERGROUP_API __attribute__((visibility("default")))
#endif
#endif

/* PEERGROUP_TEXT makes a WCHAR literal of a plain one, whichever type WCHAR is. */
#ifndef PEERGROUP_TEXT
#if defined(_WIN32) || (defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2)
#define PEERGROUP_TEXT(text) L##text
#else
#define PEERGROUP_TEXT(text) u##text
#endif
#endif

#ifndef MAKEWORD
#define MAKEWORD(low, high)                                                                        \
    ((WORD)(((BYTE)((ULONG_PTR)(low)&0xff)) | ((WORD)((BYTE)((ULONG_PTR)(high)&0xff))) << 8))
#endif

/* Error numbers of Win32 and Winsock that the interface passes on; in an HRESULT they are wrapped
 * by HRESULT_FROM_WIN32. */
#ifndef ERROR_INVALID_HANDLE
#define ERROR_INVALID_HANDLE 6L
#endif
#ifndef ERROR_DELETE_PENDING
#define ERROR_DELETE_PENDING 303L
#endif
#ifndef ERROR_SERVICE_DEPENDENCY_FAIL
#define ERROR_SERVICE_DEPENDENCY_FAIL 1068L
#endif
#ifndef WSA_NOT_ENOUGH_MEMORY
#define WSA_NOT_ENOUGH_MEMORY 8L
#endif
#ifndef WSA_OPERATION_ABORTED
#define WSA_OPERATION_ABORTED 995L
#endif
#ifndef WSA_IO_PENDING
#define WSA_IO_PENDING 997L
#endif
#ifndef WSAEFAULT
#define WSAEFAULT 10014L
#endif
#ifndef WSAEINVAL
#define WSAEINVAL 10022L
#endif
#ifndef WSAEWOULDBLOCK
#define WSAEWOULDBLOCK 10035L
#endif
#ifndef WSAEOPNOTSUPP
#define WSAEOPNOTSUPP 10045L
#endif
#ifndef WSAENETUNREACH
#define WSAENETUNREACH 10051L
#endif
#ifndef WSASYSNOTREADY
#define WSASYSNOTREADY 10091L
#endif
#ifndef WSASERVICE_NOT_FOUND
#define WSASERVICE_NOT_FOUND 10108L
#endif
#ifndef WSA_E_NO_MORE
#define WSA_E_NO_MORE 10110L
#endif
#ifndef WSA_E_CANCELLED
#define WSA_E_CANCELLED 10111L
#endif

/* Errors of name resolution. Wrapped, they are PEER_E_CLOUD_NOT_FOUND and its neighbours. */
#ifndef WSA_PNRP_ERROR_BASE
#define WSA_PNRP_ERROR_BASE 11500
#define WSA_PNRP_CLOUD_NOT_FOUND (WSA_PNRP_ERROR_BASE + 1)
#define WSA_PNRP_CLOUD_DISABLED (WSA_PNRP_ERROR_BASE + 2)
#define WSA_PNRP_INVALID_IDENTITY (WSA_PNRP_ERROR_BASE + 3)
#define WSA_PNRP_TOO_MUCH_LOAD (WSA_PNRP_ERROR_BASE + 4)
#define WSA_PNRP_CLOUD_IS_SEARCH_ONLY (WSA_PNRP_ERROR_BASE + 5)
#define WSA_PNRP_CLIENT_INVALID_COMPARTMENT_ID (WSA_PNRP_ERROR_BASE + 6)
#define WSA_PNRP_DUPLICATE_PEER_NAME (WSA_PNRP_ERROR_BASE + 8)
#define WSA_PNRP_CLOUD_IS_DEAD (WSA_PNRP_ERROR_BASE + 9)
#endif

/* Limits of the interface. Lengths are UTF-16 units without the terminator, times are seconds. */
#define PEERGROUP_CLASSIFIER_MAX 149
#define PEERGROUP_AUTHORITY_LENGTH 40 /* lower-case hexadecimal digits of a secured peer name */
#define PEERGROUP_PEER_NAME_MAX 190   /* authority, a dot, a classifier */
#define PEERGROUP_FRIENDLY_NAME_MAX 255
#define PEERGROUP_COMMENT_MAX 255
#define PEERGROUP_MEMBER_DATA_LIFETIME_DEFAULT 2419200 /* 28 days */
#define PEERGROUP_MEMBER_DATA_LIFETIME_MIN 28800       /* 8 hours */
#define PEERGROUP_MEMBER_DATA_LIFETIME_MAX 315360000   /* 10 years */
#define PEERGROUP_PRESENCE_LIFETIME_MIN 300            /* and the default */
#define PEERGROUP_CHAIN_MAX 24                         /* certificates of a member's chain */
#define PEERGROUP_RECORD_SIZE_MAX 62914560             /* bytes of payload and attributes, 60 MB */
#define PEERGROUP_RECORD_SIZE_MIN 1024 /* least that a graph's dwMaxRecordSize may be */
#define PEERGROUP_AUTOREFRESH_LIFETIME_MIN 240
#define PEERGROUP_ATTRIBUTE_NAME_MAX 40 /* of 0-9, a-z, A-Z */
#define PEERGROUP_CONNECT_TIMEOUT 30    /* recommended to callers of PeerGroupConnect */
#define PEERGROUP_GROUP_PORT 3587       /* TCP */
#define PEERGROUP_PUBLISHED_ADDRESSES_MAX 4
#define PEERGROUP_GRAPH_ID_MAX 255 /* also creator and peer ids */
#define PEERGROUP_GRAPH_FRIENDLY_NAME_MAX 255
#define PEERGROUP_GRAPH_COMMENT_MAX 511
#define PEERGROUP_PNRP_PORT 3540 /* UDP */
#define PEERGROUP_PNRP_CLOUD_NAME_MAX 256
#define PEERGROUP_PNRP_COMMENT_MAX 38
#define PEERGROUP_PNRP_RESOLVE_TIMEOUT 30

/* Names with a meaning. Clouds: the global one, and the beginning of those of one link or site. */
#define PEERGROUP_CLOUD_GLOBAL PEERGROUP_TEXT("Global_")
#define PEERGROUP_CLOUD_LINK_LOCAL_PREFIX PEERGROUP_TEXT("LinkLocal_")
#define PEERGROUP_CLOUD_SITE_LOCAL_PREFIX PEERGROUP_TEXT("SiteLocal_")
/* The classifier under which listening members publish themselves. */
#define PEERGROUP_PARTICIPANT_CLASSIFIER PEERGROUP_TEXT("participant")
/* Attributes that the library answers for every record: searched like others, never set. */
#define PEERGROUP_ATTRIBUTE_RECORD_ID PEERGROUP_TEXT("peerrecordid")
#define PEERGROUP_ATTRIBUTE_RECORD_TYPE PEERGROUP_TEXT("peerrecordtype")
#define PEERGROUP_ATTRIBUTE_CREATOR_ID PEERGROUP_TEXT("peercreatorid")
#define PEERGROUP_ATTRIBUTE_LAST_MODIFIED_BY PEERGROUP_TEXT("peerlastmodifiedby")
#define PEERGROUP_ATTRIBUTE_CREATION_TIME PEERGROUP_TEXT("peercreationtime")
#define PEERGROUP_ATTRIBUTE_LAST_MODIFICATION_TIME PEERGROUP_TEXT("peerlastmodificationtime")

/* Object identifiers of group certificates. */
#define szOID_PEERNET_IDENTITY_FLAGS "1.3.6.1.4.1.311.44.2.2"
#define szOID_PEERNET_GROUPING_PEERNAME "1.3.6.1.4.1.311.44.3.1"
#define szOID_PEERNET_GROUPING_FLAGS "1.3.6.1.4.1.311.44.3.2"
#define szOID_PEERNET_GROUPING_ROLES "1.3.6.1.4.1.311.44.3.3"
#define szOID_PEERNET_GROUPING_CLASSIFIERS "1.3.6.1.4.1.311.44.3.5"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Common: what identities, groups, names and graphs share ------------------------------- */

typedef enum peer_record_change_type_tag {
    PEER_RECORD_ADDED = 1,
    PEER_RECORD_UPDATED = 2,
    PEER_RECORD_DELETED = 3,
    PEER_RECORD_EXPIRED = 4
} PEER_RECORD_CHANGE_TYPE;

typedef enum peer_connection_status_tag {
    PEER_CONNECTED = 1,
    PEER_DISCONNECTED = 2,
    PEER_CONNECTION_FAILED = 3
} PEER_CONNECTION_STATUS;

typedef enum peer_connection_flags_tag {
    PEER_CONNECTION_NEIGHBOR = 0x1, /* carries records */
    PEER_CONNECTION_DIRECT = 0x2    /* carries only what PeerGroupSendData sends */
} PEER_CONNECTION_FLAGS;

typedef enum peer_record_flags_tag {
    PEER_RECORD_FLAG_AUTOREFRESH = 0x1, /* its creator's library prolongs it before it expires */
    PEER_RECORD_FLAG_DELETED = 0x2      /* what is left of a deleted record */
} PEER_RECORD_FLAGS;

/* Handles are opaque and belong to the process that got them. A closed or foreign one is refused
 * with a code, never dereferenced. */
typedef void *HPEEREVENT;
typedef HPEEREVENT *PHPEEREVENT;
typedef void *HPEERENUM;
typedef HPEERENUM *PHPEERENUM;

/* Result of PeerGroupStartup and PeerGraphStartup. Low byte major, high byte minor. */
typedef struct peer_version_data_tag {
    WORD wVersion;        /* the version to use */
    WORD wHighestVersion; /* the highest that the library can do */
} PEER_VERSION_DATA, *PPEER_VERSION_DATA;

/* Any bytes. */
typedef struct peer_data_tag {
    ULONG cbData; /* bytes, 0 allowed */
    PBYTE pbData; /* may be NULL when cbData is 0 */
} PEER_DATA, *PPEER_DATA;
typedef const PEER_DATA *PCPEER_DATA;

/* A record. PeerGroupAddRecord and PeerGraphAddRecord need dwSize, type and ftExpiration; the
 * update calls need dwSize, id, type and dwFlags as they are stored and take over pwzAttributes,
 * ftExpiration and data. All three times are peer time. */
typedef struct peer_record_tag {
    DWORD dwSize;            /* sizeof(PEER_RECORD) */
    GUID type;               /* the application's own; the reserved types are refused */
    GUID id;                 /* made by the library, ignored on add */
    DWORD dwVersion;         /* 1, and one more with each update; ignored on input */
    DWORD dwFlags;           /* PEER_RECORD_FLAGS */
    PWSTR pwzCreatorId;      /* groups: not used on input, but text that is no peer name is
                                PEER_E_INVALID_PEER_NAME; graphs: NULL is the own peer id */
    PWSTR pwzModifiedById;   /* groups: ignored on input; graphs: NULL is the creator */
    PWSTR pwzAttributes;     /* XML of the record attribute schema, or NULL */
    FILETIME ftCreation;     /* ignored on input */
    FILETIME ftExpiration;   /* later than now; an update never shortens it */
    FILETIME ftLastModified; /* ignored on input */
    PEER_DATA securityData;  /* groups: the signature, ignored on input */
    PEER_DATA data;          /* the payload, 0 bytes allowed */
} PEER_RECORD, *PPEER_RECORD;

/* An IPv6 socket address; IPv4 travels as a v4-mapped one. */
typedef struct peer_address_tag {
    DWORD dwSize; /* sizeof(PEER_ADDRESS) */
    SOCKADDR_IN6 sin6;
} PEER_ADDRESS, *PPEER_ADDRESS;
typedef const PEER_ADDRESS *PCPEER_ADDRESS;

/* Item of PeerGroupEnumConnections and PeerGraphEnumConnections. */
typedef struct peer_connection_info_tag {
    DWORD dwSize;
    DWORD dwFlags;             /* PEER_CONNECTION_NEIGHBOR or PEER_CONNECTION_DIRECT */
    ULONGLONG ullConnectionId; /* for PeerGroupSendData and PeerGroupCloseDirectConnection */
    ULONGLONG ullNodeId;       /* node at the other end */
    PWSTR pwzPeerId;           /* peer name, or peer id, at the other end */
    PEER_ADDRESS address;      /* address of the other end */
} PEER_CONNECTION_INFO, *PPEER_CONNECTION_INFO;

/* Data of the event INCOMING_DATA. */
typedef struct peer_event_incoming_data_tag {
    DWORD dwSize;
    ULONGLONG ullConnectionId; /* the connection it came over */
    GUID type;                 /* chosen by the sender */
    PEER_DATA data;
} PEER_EVENT_INCOMING_DATA, *PPEER_EVENT_INCOMING_DATA;

/* Data of the event RECORD_CHANGED; the record itself is fetched by its id. */
typedef struct peer_event_record_change_data_tag {
    DWORD dwSize;
    PEER_RECORD_CHANGE_TYPE changeType;
    GUID recordId;
    GUID recordType;
} PEER_EVENT_RECORD_CHANGE_DATA, *PPEER_EVENT_RECORD_CHANGE_DATA;

/* Data of the events NEIGHBOR_CONNECTION and DIRECT_CONNECTION. */
typedef struct peer_event_connection_change_data_tag {
    DWORD dwSize;
    PEER_CONNECTION_STATUS status;
    ULONGLONG ullConnectionId;
    ULONGLONG ullNodeId;
#if NTDDI_VERSION >= 0x06000000
    ULONGLONG ullNextConnectionId; /* after a failure: what is tried next; 0: nothing more */
    /* PEER_E_CONNECTION_REFUSED, PEER_E_CONNECTION_FAILED or PEER_E_CONNECTION_NOT_AUTHENTICATED;
     * S_OK with PEER_CONNECTED, and with a PEER_DISCONNECTED that ends the connection in order */
    HRESULT hrConnectionFailedReason;
#endif
} PEER_EVENT_CONNECTION_CHANGE_DATA, *PPEER_EVENT_CONNECTION_CHANGE_DATA;

/* Data of PEER_GRAPH_EVENT_SYNCHRONIZED. */
typedef struct peer_event_synchronized_data_tag {
    DWORD dwSize;
    GUID recordType; /* every record of this type that the neighbour has is here now */
} PEER_EVENT_SYNCHRONIZED_DATA, *PPEER_EVENT_SYNCHRONIZED_DATA;

#if !(defined(NO_P2P_GROUP) && defined(NO_P2P_IDENTITY) && defined(NO_P2P_PNRP))

/* PeerFreeData frees one block that a function of Identity, Grouping or PNRP handed out.
 *
 *   pvData  the pointer as it was handed out; taken. NULL does nothing
 *
 * Documented page: PeerFreeData function (p2p.h). The page asks for a valid pointer; NULL, a
 * pointer that is not a block of this library and a block freed before are ignored. */
PEERGROUP_API VOID WINAPI PeerFreeData(LPCVOID pvData);

/* PeerGetItemCount tells how many items an enumeration held when it was made.
 *
 *   hPeerEnum  an open enumeration
 *   pCount     out; items, 0 or more
 *
 *   S_OK  the count is set; fewer items may be left to fetch
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerGetItemCount function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGetItemCount(HPEERENUM hPeerEnum, ULONG *pCount);

/* PeerGetNextItem fetches the next items of an enumeration.
 *
 *   hPeerEnum  an open enumeration
 *   pCount     in: items wanted, 1 or more; out: items delivered, which may be fewer
 *   pppvItems  out; an array of *pCount pointers to items. One PeerFreeData on the array frees it
 *              with every item. The items outlive the enumeration
 *
 *   S_OK  *pCount items were delivered; with 0 the end is reached and the array is NULL: call
 *         PeerEndEnumeration
 *   As everywhere: E_INVALIDARG (also: it lists records of a group that was closed since),
 *   E_OUTOFMEMORY
 *
 * Documented page: PeerGetNextItem function (p2p.h). The page does not say what the array is at
 * the end; here it is NULL. */
PEERGROUP_API HRESULT WINAPI PeerGetNextItem(HPEERENUM hPeerEnum, ULONG *pCount, PVOID **pppvItems);

/* PeerEndEnumeration closes an enumeration.
 *
 *   hPeerEnum  an open enumeration; taken
 *
 *   S_OK  it is closed; what was fetched from it stays valid
 *   As everywhere: E_INVALIDARG
 *
 * Documented page: PeerEndEnumeration function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerEndEnumeration(HPEERENUM hPeerEnum);

#endif

/* ---- Identity: who a user is --------------------------------------------------------------- */

#if !(defined(NO_P2P_GROUP) && defined(NO_P2P_IDENTITY))

/* Item of PeerEnumIdentities and PeerEnumGroups. */
typedef struct peer_name_pair_tag {
    DWORD dwSize;
    PWSTR pwzPeerName;     /* of the identity or of the group */
    PWSTR pwzFriendlyName; /* what to show to people */
} PEER_NAME_PAIR, *PPEER_NAME_PAIR;

#endif

#ifndef NO_P2P_IDENTITY

/* PeerIdentityCreate makes an identity, that is a key pair, a certificate signed with it and the
 * peer name that follows from it, and keeps it on disk.
 *
 *   pwzClassifier    up to 149 units; NULL and "" give a name that ends with the dot
 *   pwzFriendlyName  up to 255 units, need not be unique; NULL: the peer name
 *   hCryptProv       0: a new Ed25519 key; else a handle on an Ed25519 key, from
 *                    PeerIdentityGetCryptKey or made with peergroup/platform.h. Borrowed: release
 *                    it when you like
 *   ppwzIdentity     out; the peer name. Freeing it does not delete the identity
 *
 *   S_OK                        the identity exists and is on disk
 *   ERROR_INVALID_HANDLE        hCryptProv is no such handle; pass 0 or a live one
 *   PEER_E_ALREADY_EXISTS       an identity with that key and classifier exists; use it, or choose
 *                               another classifier
 *   PEER_E_TOO_MANY_IDENTITIES  this user has 1024 identities; delete one
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL
 *
 * Documented page: PeerIdentityCreate function (p2p.h). Keys are Ed25519 where the page asks for
 * RSA of 1024 bits or more; a key of another kind is E_INVALIDARG. */
PEERGROUP_API HRESULT WINAPI PeerIdentityCreate(PCWSTR pwzClassifier, PCWSTR pwzFriendlyName,
                                                HCRYPTPROV hCryptProv, PWSTR *ppwzIdentity);

/* PeerIdentityGetFriendlyName reads the name to show for an identity.
 *
 *   pwzIdentity       peer name of an identity of this user; NULL is the default identity
 *   ppwzFriendlyName  out; the name
 *
 *   S_OK              the name is set
 *   PEER_E_NOT_FOUND  no such identity, or no default one; see PeerEnumIdentities
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS
 *
 * Documented page: PeerIdentityGetFriendlyName function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerIdentityGetFriendlyName(PCWSTR pwzIdentity,
                                                         PWSTR *ppwzFriendlyName);

/* PeerIdentitySetFriendlyName changes the name to show for an identity.
 *
 *   pwzIdentity      peer name of an identity of this user; NULL is the default identity
 *   pwzFriendlyName  up to 255 units; NULL and "" set it back to the peer name
 *
 *   S_OK              the new name is on disk
 *   PEER_E_NOT_FOUND  no such identity, or no default one; see PeerEnumIdentities
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL
 *
 * Documented page: PeerIdentitySetFriendlyName function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerIdentitySetFriendlyName(PCWSTR pwzIdentity,
                                                         PCWSTR pwzFriendlyName);

/* PeerIdentityGetCryptKey gives a handle on the key pair of an identity.
 *
 *   pwzIdentity  peer name of an identity of this user; NULL is the default identity
 *   phCryptProv  out; release it with CryptReleaseContext
 *
 *   S_OK              the handle is set
 *   PEER_E_NOT_FOUND  no such identity, or no default one; see PeerEnumIdentities
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS
 *
 * Documented page: PeerIdentityGetCryptKey function (p2p.h). A key that does not decode is
 * PEER_E_NO_KEY_ACCESS too. The key is Ed25519, not RSA, and the
 * handle works only with the functions of peergroup/platform.h. It refuses to sign what this
 * library itself would sign. */
PEERGROUP_API HRESULT WINAPI PeerIdentityGetCryptKey(PCWSTR pwzIdentity, HCRYPTPROV *phCryptProv);

/* PeerIdentityDelete deletes an identity with its keys and certificates, for good.
 *
 *   pwzIdentity  peer name of an identity of this user; required
 *
 *   S_OK                 it is gone, and so is the file of its key (at the next start at the
 *                        latest, when memory or room ended in between)
 *   PEER_E_GROUPS_EXIST  it still is a member of groups; PeerGroupDelete them first, see
 *                        PeerEnumGroups
 *   PEER_E_NOT_FOUND     no such identity; nothing to do
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL
 *
 * Where the folder of keys does not let the file go, nothing is deleted. Should the file itself
 * stay in spite of that, the call fails too, the identity is gone, and the next PeerGroupStartup
 * tries again.
 *
 * Documented page: PeerIdentityDelete function (p2p.h). It does not name PEER_E_NO_KEY_ACCESS. */
PEERGROUP_API HRESULT WINAPI PeerIdentityDelete(PCWSTR pwzIdentity);

/* PeerEnumIdentities lists the identities of this user.
 *
 *   phPeerEnum  out; items are PEER_NAME_PAIR, as of now. Close it with PeerEndEnumeration
 *
 *   S_OK  the enumeration is open; it may be empty
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS
 *
 * Documented page: PeerEnumIdentities function (p2p.h). It does not name PEER_E_NO_KEY_ACCESS. */
PEERGROUP_API HRESULT WINAPI PeerEnumIdentities(HPEERENUM *phPeerEnum);

/* PeerEnumGroups lists the groups that an identity created or joined.
 *
 *   pwzIdentity  peer name of an identity of this user; required
 *   phPeerEnum   out; items are PEER_NAME_PAIR: the group's peer name for PeerGroupOpen and its
 *                friendly name. Close it with PeerEndEnumeration
 *
 *   S_OK              the enumeration is open; it may be empty
 *   PEER_E_NOT_FOUND  no such identity; see PeerEnumIdentities
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS
 *
 * Documented page: PeerEnumGroups function (p2p.h). It does not name PEER_E_NO_KEY_ACCESS. */
PEERGROUP_API HRESULT WINAPI PeerEnumGroups(PCWSTR pwzIdentity, HPEERENUM *phPeerEnum);

/* PeerCreatePeerName builds a peer name; it makes no identity.
 *
 *   pwzIdentity    peer name that gives the authority; NULL: the name is not secured,
 *                  "0.classifier"
 *   pwzClassifier  up to 149 units; NULL: the name of pwzIdentity unchanged
 *   ppwzPeerName   out; the name. Both inputs NULL is E_INVALIDARG
 *
 *   S_OK  the name is set
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerCreatePeerName function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerCreatePeerName(PCWSTR pwzIdentity, PCWSTR pwzClassifier,
                                                PWSTR *ppwzPeerName);

/* PeerIdentityGetXML gives the public part of an identity, for the one who will invite it.
 *
 *   pwzIdentity      peer name of an identity of this user; NULL is the default identity, which is
 *                    made if there is none
 *   ppwzIdentityXML  out; XML for PeerGroupCreateInvitation. Pass it on unchanged
 *
 *   S_OK      the XML is set
 *   E_HANDLE  no such identity; see PeerEnumIdentities
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL
 *
 * Documented page: PeerIdentityGetXML function (p2p.h). The certificate in it is one of an Ed25519
 * key. The page does not name PEER_E_NO_KEY_ACCESS, which is the code of a key that does not
 * decode, too. */
PEERGROUP_API HRESULT WINAPI PeerIdentityGetXML(PCWSTR pwzIdentity, PWSTR *ppwzIdentityXML);

/* PeerIdentityExport gives a copy of an identity with its private key, encrypted by a password.
 *
 *   pwzIdentity    peer name of an identity of this user; NULL is the default identity
 *   pwzPassword    up to 255 units; required, and any is accepted: "" protects nothing. It is not
 *                  stored
 *   ppwzExportXML  out; XML for PeerIdentityImport. Groups are not in it, see
 *                  PeerGroupExportConfig
 *
 *   S_OK              the copy is made; the identity stays here too
 *   PEER_E_NOT_FOUND  no such identity, or no default one; see PeerEnumIdentities
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS
 *
 * Takes about a second. A key that does not decode is PEER_E_NO_KEY_ACCESS too. Documented page:
 * PeerIdentityExport function (p2p.h). The data is a PFX (PKCS#12) of today's strength; Windows
 * cannot read it. */
PEERGROUP_API HRESULT WINAPI PeerIdentityExport(PCWSTR pwzIdentity, PCWSTR pwzPassword,
                                                PWSTR *ppwzExportXML);

/* PeerIdentityImport installs an identity that PeerIdentityExport gave out.
 *
 *   pwzImportXML  the XML, unchanged; up to 64 KiB
 *   pwzPassword   the password of the export; required
 *   ppwzIdentity  out; peer name of the identity
 *
 *   S_OK                   the identity is here and on disk, with its friendly name
 *   E_INVALIDARG           also: the XML was changed, or the password is a wrong one; ask for it
 *                          again
 *   PEER_E_ALREADY_EXISTS  the identity is here already; use it
 *   PEER_E_TOO_MANY_IDENTITIES  there are 1024; delete one
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL
 *
 * Takes about a second. Documented page: PeerIdentityImport function (p2p.h). The page names no
 * code for a wrong password; it is E_INVALIDARG. Both documented spellings of the elements are
 * read. */
PEERGROUP_API HRESULT WINAPI PeerIdentityImport(PCWSTR pwzImportXML, PCWSTR pwzPassword,
                                                PWSTR *ppwzIdentity);

/* PeerIdentityGetDefault gives the default identity: the oldest one that this user still has.
 *
 *   ppwzPeerName  out; its peer name
 *
 *   S_OK              the name is set
 *   PEER_E_NOT_FOUND  this user has no identity; call PeerIdentityCreate
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS
 *
 * Documented page: PeerIdentityGetDefault function (p2p.h). It does not name PEER_E_NO_KEY_ACCESS.
 */
PEERGROUP_API HRESULT WINAPI PeerIdentityGetDefault(PWSTR *ppwzPeerName);

#endif /* NO_P2P_IDENTITY */

/* ---- Grouping: secured groups -------------------------------------------------------------- */

#ifndef NO_P2P_GROUP

typedef PVOID HGROUP, *PHGROUP;

/* One of PEER_GROUP_ROLE_ADMIN, PEER_GROUP_ROLE_INVITING_MEMBER and PEER_GROUP_ROLE_MEMBER. */
typedef GUID PEER_ROLE_ID;

/* The version for PeerGroupStartup: 1.1, and 1.0 for programs written for XP. */
#if NTDDI_VERSION >= 0x06000000
#define PEER_GROUP_VERSION MAKEWORD(1, 1)
#else
#define PEER_GROUP_VERSION MAKEWORD(1, 0)
#endif

typedef enum peer_group_event_type_tag {
    PEER_GROUP_EVENT_STATUS_CHANGED = 1,
    PEER_GROUP_EVENT_PROPERTY_CHANGED = 2, /* no data; call PeerGroupGetProperties */
    PEER_GROUP_EVENT_RECORD_CHANGED = 3,
    PEER_GROUP_EVENT_DIRECT_CONNECTION = 4,
    PEER_GROUP_EVENT_NEIGHBOR_CONNECTION = 5,
    PEER_GROUP_EVENT_INCOMING_DATA = 6,
    PEER_GROUP_EVENT_MEMBER_CHANGED = 8,
    PEER_GROUP_EVENT_CONNECTION_FAILED = 10,
    PEER_GROUP_EVENT_AUTHENTICATION_FAILED = 11 /* no data; the group's password was refused */
} PEER_GROUP_EVENT_TYPE;

typedef enum peer_group_status_tag {
    PEER_GROUP_STATUS_LISTENING = 0x1,      /* other members can reach this one */
    PEER_GROUP_STATUS_HAS_CONNECTIONS = 0x2 /* at least one neighbour is connected */
} PEER_GROUP_STATUS;

typedef enum peer_group_property_flags_tag {
    PEER_MEMBER_DATA_OPTIONAL = 0x1, /* membership is published with a member's first action */
    PEER_DISABLE_PRESENCE = 0x2,     /* members do not publish that they are there */
    PEER_DEFER_EXPIRATION = 0x4      /* records do not expire while a member is alone */
} PEER_GROUP_PROPERTY_FLAGS;

#if NTDDI_VERSION >= 0x06000000
typedef enum peer_group_authentication_scheme_tag {
    PEER_GROUP_GMC_AUTHENTICATION = 0x1,     /* by a certificate from an invitation */
    PEER_GROUP_PASSWORD_AUTHENTICATION = 0x2 /* by the group's password */
} PEER_GROUP_AUTHENTICATION_SCHEME;
#endif

typedef enum peer_member_flags_tag { PEER_MEMBER_PRESENT = 0x1 } PEER_MEMBER_FLAGS;

typedef enum peer_member_change_type_tag {
    PEER_MEMBER_CONNECTED = 1,
    PEER_MEMBER_DISCONNECTED = 2,
    PEER_MEMBER_UPDATED = 3,
    PEER_MEMBER_JOINED = 4,
    PEER_MEMBER_LEFT = 5 /* removed: see peergroup/extensions.h; Windows never sends it */
} PEER_MEMBER_CHANGE_TYPE;

typedef enum peer_issue_credential_flags_tag {
    PEER_GROUP_STORE_CREDENTIALS = 0x1 /* publish them to the group */
} PEER_GROUP_ISSUE_CREDENTIAL_FLAGS;

/* What a member's certificate says: input of PeerGroupIssueCredentials, part of PEER_MEMBER. */
typedef struct peer_credential_info_tag {
    DWORD dwSize;
    DWORD dwFlags;                    /* 0 */
    PWSTR pwzFriendlyName;            /* of the member, up to 255 units */
    CERT_PUBLIC_KEY_INFO *pPublicKey; /* Ed25519, OID 1.3.101.112, 32 bytes */
    PWSTR pwzIssuerPeerName;          /* ignored on input */
    PWSTR pwzIssuerFriendlyName;      /* ignored on input */
    FILETIME ftValidityStart;         /* UTC; later than in the credential the member has */
    FILETIME ftValidityEnd;           /* UTC; not later than the issuer's own */
    ULONG cRoles;
    PEER_ROLE_ID *pRoles;
} PEER_CREDENTIAL_INFO, *PPEER_CREDENTIAL_INFO;

/* Item of PeerGroupEnumMembers. */
typedef struct peer_member_tag {
    DWORD dwSize;
    DWORD dwFlags;            /* PEER_MEMBER_PRESENT or 0 */
    PWSTR pwzIdentity;        /* peer name */
    PWSTR pwzAttributes;      /* the application's own text, or NULL */
    ULONGLONG ullNodeId;      /* another one in each group */
    ULONG cAddresses;         /* 0 when the member does not publish its presence */
    PEER_ADDRESS *pAddresses; /* where it listens */
    PEER_CREDENTIAL_INFO *pCredentialInfo;
} PEER_MEMBER, *PPEER_MEMBER;

/* Result of PeerGroupParseInvitation. A password invitation names no issuer, subject, dates, roles
 * and key: those members are NULL or 0. */
typedef struct peer_invitation_info_tag {
    DWORD dwSize;
    DWORD dwFlags; /* 0 */
    PWSTR pwzCloudName;
    DWORD dwScope;      /* PNRP_SCOPE */
    DWORD dwCloudFlags; /* PNRP_CLOUD_NO_FLAGS or PNRP_CLOUD_NAME_LOCAL */
    PWSTR pwzGroupPeerName;
    PWSTR pwzIssuerPeerName;
    PWSTR pwzSubjectPeerName;
    PWSTR pwzGroupFriendlyName;
    PWSTR pwzIssuerFriendlyName;
    PWSTR pwzSubjectFriendlyName;
    FILETIME ftValidityStart; /* UTC, not peer time */
    FILETIME ftValidityEnd;   /* UTC, not peer time */
    ULONG cRoles;
    PEER_ROLE_ID *pRoles;
    ULONG cClassifiers;     /* reserved */
    PWSTR *ppwzClassifiers; /* reserved */
    CERT_PUBLIC_KEY_INFO *pSubjectPublicKey;
#if NTDDI_VERSION >= 0x06000000
    PEER_GROUP_AUTHENTICATION_SCHEME authScheme;
#endif
} PEER_INVITATION_INFO, *PPEER_INVITATION_INFO;

/* What a group is. PeerGroupCreate needs dwSize and pwzCreatorPeerName; PeerGroupSetProperties
 * refuses a change of pwzCloud, pwzClassifier, pwzGroupPeerName and pwzCreatorPeerName. Both the
 * size of XP and that of Vista are taken; members beyond dwSize count as not set. */
typedef struct peer_group_properties_tag {
    DWORD dwSize;               /* sizeof(PEER_GROUP_PROPERTIES) */
    DWORD dwFlags;              /* PEER_GROUP_PROPERTY_FLAGS, default 0 */
    PWSTR pwzCloud;             /* NULL: the global cloud */
    PWSTR pwzClassifier;        /* up to 149 units; NULL and "": none */
    PWSTR pwzGroupPeerName;     /* made by the library; NULL or "" on create */
    PWSTR pwzCreatorPeerName;   /* an identity of this user */
    PWSTR pwzFriendlyName;      /* up to 255 units, or NULL */
    PWSTR pwzComment;           /* up to 255 units, or NULL */
    ULONG ulMemberDataLifetime; /* seconds, 8 hours to 10 years; 0: 28 days */
    ULONG ulPresenceLifetime;   /* seconds; 0 and less than 300: 300 */
#if NTDDI_VERSION >= 0x06000000
    DWORD dwAuthenticationSchemes;  /* PEER_GROUP_AUTHENTICATION_SCHEME; 0: certificates */
    PWSTR pwzGroupPassword;         /* with PEER_GROUP_PASSWORD_AUTHENTICATION only */
    PEER_ROLE_ID groupPasswordRole; /* the role of who joins by password */
#endif
} PEER_GROUP_PROPERTIES, *PPEER_GROUP_PROPERTIES;

/* Data of PEER_GROUP_EVENT_MEMBER_CHANGED. */
typedef struct peer_event_member_change_data_tag {
    DWORD dwSize;
    PEER_MEMBER_CHANGE_TYPE changeType;
    PWSTR pwzIdentity; /* peer name of the member */
} PEER_EVENT_MEMBER_CHANGE_DATA, *PPEER_EVENT_MEMBER_CHANGE_DATA;

/* One kind of event for PeerGroupRegisterEvent. */
typedef struct peer_group_event_registration_tag {
    PEER_GROUP_EVENT_TYPE eventType;
    GUID *pType; /* RECORD_CHANGED: one record type, INCOMING_DATA: one data type; NULL: all.
                    Ignored with other events. */
} PEER_GROUP_EVENT_REGISTRATION, *PPEER_GROUP_EVENT_REGISTRATION;

/* Result of PeerGroupGetEventData; eventType tells which member holds. */
typedef struct peer_group_event_data_tag {
    PEER_GROUP_EVENT_TYPE eventType;
    union {
        PEER_GROUP_STATUS dwStatus;                             /* STATUS_CHANGED */
        PEER_EVENT_INCOMING_DATA incomingData;                  /* INCOMING_DATA */
        PEER_EVENT_RECORD_CHANGE_DATA recordChangeData;         /* RECORD_CHANGED */
        PEER_EVENT_CONNECTION_CHANGE_DATA connectionChangeData; /* the two connection events */
        PEER_EVENT_MEMBER_CHANGE_DATA memberChangeData;         /* MEMBER_CHANGED */
        HRESULT hrConnectionFailedReason;                       /* CONNECTION_FAILED */
    };
} PEER_GROUP_EVENT_DATA, *PPEER_GROUP_EVENT_DATA;

/* PeerGroupStartup starts Grouping for this process; the first call of every program that uses
 * groups.
 *
 *   wVersionRequested  PEER_GROUP_VERSION; the highest version the program can use
 *   pVersionData       out; the version to use and the highest there is
 *
 *   S_OK                          started; calls are counted, call PeerGroupShutdown once for each
 *   PEER_E_UNSUPPORTED_VERSION    the version asked for is not known here; ask for 1.1 or 1.0
 *   PEER_E_IPV6_NOT_INSTALLED     this system has no IPv6; switch it on
 *   ERROR_SERVICE_DEPENDENCY_FAIL
 *                                 a service that Windows needs is not running; start it
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, CRYPT_*
 *
 * Documented page: PeerGroupStartup function (p2p.h). Both codes of missing services concern
 * Windows; they are kept for programs that test for them. */
PEERGROUP_API HRESULT WINAPI PeerGroupStartup(WORD wVersionRequested,
                                              PPEER_VERSION_DATA pVersionData);

/* PeerGroupShutdown ends what one PeerGroupStartup began. The last one closes the groups,
 * enumerations and registrations that are still open.
 *
 *   S_OK                    done
 *   PEER_E_NOT_INITIALIZED  there was no PeerGroupStartup to end; nothing to do
 *   As everywhere: CRYPT_*
 *
 * Documented page: PeerGroupShutdown function (p2p.h). The page does not speak of counting. Its
 * E_UNEXPECTED does not occur: the last shutdown cannot fail. */
PEERGROUP_API HRESULT WINAPI PeerGroupShutdown(void);

/* PeerGroupCreate founds a group: its keys, its peer name, its properties and its database here,
 * with the creator as first member and administrator without end.
 *
 *   pProperties  borrowed; dwSize and pwzCreatorPeerName are required, pwzGroupPeerName must be
 *                NULL or "". Checked in this order: pointers and sizes, creator, group name,
 *                flags, schemes with role and password, lengths, lifetimes, cloud, keys
 *   phGroup      out; handle on the group, offline. Close it with PeerGroupClose. Records can be
 *                added at once; others get in only after PeerGroupConnect
 *
 *   S_OK                          the group exists and is on disk; call PeerGroupConnect soon, or
 *                                 invited members find nobody
 *   PEER_E_INVALID_PROPERTIES     the same value as PEER_E_INVALID_GROUP_PROPERTIES: no creator, a
 *                                 group name, an unknown flag or scheme, a password without its
 *                                 scheme or the reverse, a role that is none of the three, a
 *                                 friendly name or comment over 255 units, a member data lifetime
 *                                 outside 8 hours to 10 years; correct it
 *   PEER_E_INVALID_CLASSIFIER     the classifier is over 149 units or has a control character or
 *                                 lone surrogate; choose another
 *   PEER_E_INVALID_PEER_NAME      the creator is no identity of this user, or a name is no peer
 *                                 name; see PeerEnumIdentities
 *   ERROR_DELETE_PENDING          the creator is deleted or being deleted; choose another identity
 *   PEER_E_PASSWORD_DOES_NOT_MEET_POLICY
 *                                 the group password is too weak for this system; ask for a better
 *                                 one
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_NO_KEY_ACCESS,
 *   PEER_E_CLOUD_NAME_AMBIGUOUS, PEER_E_NO_CLOUD, PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupCreate function (p2p.h). The function's page requires the creator, the
 * structure's page does not; here it is required. A presence lifetime under 300 seconds is raised
 * to 300, member data lifetime 0 is 28 days. Peer names may have 190 units. */
PEERGROUP_API HRESULT WINAPI PeerGroupCreate(PPEER_GROUP_PROPERTIES pProperties, HGROUP *phGroup);

/* PeerGroupOpen opens a group that this identity created or joined before.
 *
 *   pwzIdentity       peer name of an identity of this user; required
 *   pwzGroupPeerName  peer name of the group, as PeerEnumGroups or PeerGroupGetProperties give it;
 *                     required
 *   pwzCloud          name of a cloud or the beginning of one; NULL: the cloud of the group's
 *                     properties
 *   phGroup           out; handle on the group, offline. Close it with PeerGroupClose
 *
 *   S_OK                 the group is open; online if this process has it connected already
 *   PEER_E_GROUP_IN_USE  another process has the group open; close it there
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_NO_KEY_ACCESS,
 *   PEER_E_CLOUD_NAME_AMBIGUOUS, PEER_E_NO_CLOUD, CRYPT_*
 *
 * Documented page: PeerGroupOpen function (p2p.h). One process at a time has a group open; the
 * page lets several share it. */
PEERGROUP_API HRESULT WINAPI PeerGroupOpen(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName,
                                           PCWSTR pwzCloud, HGROUP *phGroup);

/* PeerGroupJoin enters a group by an invitation with a certificate. It only prepares things here:
 * no other machine is asked.
 *
 *   pwzIdentity    peer name of an identity of this user, the one that was invited; required
 *   pwzInvitation  XML from PeerGroupCreateInvitation or PeerGroupIssueCredentials, unchanged;
 *                  required
 *   pwzCloud       name of a cloud or the beginning of one; NULL: the cloud of the invitation
 *   phGroup        out; handle on the group, offline. Close it with PeerGroupClose
 *
 *   S_OK                          the membership is on disk; call PeerGroupConnect, and
 *                                 PeerGroupOpen on later days
 *   PEER_E_GROUP_IN_USE           the group is open already; use that handle or close it
 *   PEER_E_INVALID_PEER_NAME      pwzIdentity is no identity of this user
 *   PEER_E_INVALID_TIME_PERIOD    the invitation has expired or does not hold yet; look at the
 *                                 clock, ask for a new one
 *   PEER_E_INVITATION_NOT_TRUSTED
 *                                 the invitation was changed, is malformed or is for another
 *                                 identity; ask for a new one
 *   PEER_E_UNSUPPORTED_VERSION    the invitation is of a later version; update this program
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_NO_KEY_ACCESS,
 *   PEER_E_CLOUD_NAME_AMBIGUOUS, PEER_E_NO_CLOUD, PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupJoin function (p2p.h). Of the two codes that the page has for an
 * expired invitation, PEER_E_INVALID_TIME_PERIOD is used. */
PEERGROUP_API HRESULT WINAPI PeerGroupJoin(PCWSTR pwzIdentity, PCWSTR pwzInvitation,
                                           PCWSTR pwzCloud, HGROUP *phGroup);

/* PeerGroupConnect goes online: connects to members and listens. Members are looked for where the
 * invitation says and where some were met before; nothing is resolved by name.
 *
 *   hGroup  an open group
 *
 *   S_OK                      it has begun; the outcome comes as STATUS_CHANGED or
 *                             CONNECTION_FAILED, so register these before. Give it 30 seconds
 *   PEER_S_ALREADY_CONNECTED  the group is online already; nothing to do
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupConnect function (p2p.h). The page names no code for a second call.
 * CONNECTION_FAILED carries PEER_E_NO_MEMBERS_FOUND (no address to try),
 * PEER_E_NO_MEMBER_CONNECTIONS, PEER_E_UNABLE_TO_LISTEN, PEER_E_NOT_AUTHORIZED or
 * PEER_E_INVALID_TIME_PERIOD (this clock is off by over a day), 30 seconds after the call at the
 * latest. Where the database cannot be written it carries PEER_E_DISK_FULL,
 * PEER_E_DATABASE_ACCESSDENIED or PEER_E_INVALID_DATABASE, without memory E_OUTOFMEMORY. Who was
 * online before that hears STATUS_CHANGED with 0 alone, and comes back by itself. Who has the
 * group's records and reaches nobody listens instead, which is no failure. */
PEERGROUP_API HRESULT WINAPI PeerGroupConnect(HGROUP hGroup);

/* PeerGroupClose gives a group handle back. The last one takes this peer offline.
 *
 *   hGroup  an open group; taken
 *
 *   S_OK  the handle is closed
 *   As everywhere: PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP, CRYPT_*
 *
 * Documented page: PeerGroupClose function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupClose(HGROUP hGroup);

/* PeerGroupDelete deletes this identity's copy of a group: database, certificate, membership. The
 * group goes on elsewhere.
 *
 *   pwzIdentity       peer name of an identity of this user; NULL is the default identity
 *   pwzGroupPeerName  peer name of the group, as PeerEnumGroups or PeerGroupGetProperties give it;
 *                     required
 *
 *   S_OK                 it is gone, with its keys; open handles on it are PEER_E_INVALID_GROUP now
 *   PEER_E_NOT_FOUND     this identity has no such group; see PeerEnumGroups
 *   E_ACCESSDENIED       the folder of the database lets no file go; correct its owner and
 *                        permissions (0700) and call again: nothing was deleted
 *   PEER_E_GROUP_IN_USE  another process has the group open; close it there
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_NO_KEY_ACCESS,
 *   PEER_E_DISK_FULL, CRYPT_*, WIN32_FILE
 *
 * PEER_E_NO_KEY_ACCESS is said of the folder of keys, E_ACCESSDENIED and WIN32_FILE of that of the
 * database, both before anything is deleted. Should a single file stay in spite of that, its code
 * is returned, PeerEnumGroups does not list the group any more, and the next PeerGroupStartup tries
 * again.
 *
 * Documented page: PeerGroupDelete function (p2p.h). The page lets only the creator delete; here
 * every member may delete its own copy. */
PEERGROUP_API HRESULT WINAPI PeerGroupDelete(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName);

/* PeerGroupCreateInvitation makes an invitation with a certificate for one identity.
 *
 *   hGroup           an open group
 *   pwzIdentityInfo  XML that the invited one got from PeerIdentityGetXML, unchanged; required
 *   pftExpiration    UTC, end of the membership, not after the inviter's own; NULL: the inviter's
 *                    own end
 *   cRoles           entries of pRoles, 0 to 3; 0 means PEER_GROUP_ROLE_MEMBER
 *   pRoles           roles to grant; may be NULL when cRoles is 0
 *   ppwzInvitation   out; XML for PeerGroupJoin. Send it by any means: it is of use to the invited
 *                    one only
 *
 *   S_OK                     the invitation is made; nothing is published
 *   PEER_E_NOT_AUTHORIZED    this identity may not grant that role; ask an administrator
 *   PEER_E_CHAIN_TOO_LONG    the chain to the creator would pass 24 certificates; ask a member
 *                            nearer to the creator
 *   PEER_E_IDENTITY_DELETED  the invited identity is one of this user that was deleted; take a
 *                            live one
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, PEER_E_NO_KEY_ACCESS, CRYPT_*
 *
 * Documented page: PeerGroupCreateInvitation function (p2p.h). The page names administrators only;
 * inviting members may invite inviting members and members. A certificate begins up to 20 minutes
 * before its issue, for clocks that differ. */
PEERGROUP_API HRESULT WINAPI PeerGroupCreateInvitation(HGROUP hGroup, PCWSTR pwzIdentityInfo,
                                                       FILETIME *pftExpiration, ULONG cRoles,
                                                       const GUID *pRoles, PWSTR *ppwzInvitation);

/* PeerGroupParseInvitation reads an invitation without joining.
 *
 *   pwzInvitation     XML, up to 64 KiB; required
 *   ppInvitationInfo  out; of a password invitation the issuer, subject, dates, roles and key are
 *                     not set
 *
 *   S_OK                          the invitation is well-formed and its signatures hold
 *   PEER_E_INVITATION_NOT_TRUSTED
 *                                 it was changed or is malformed; ask for a new one
 *   PEER_E_UNSUPPORTED_VERSION    it is of a later version; update this program
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, CRYPT_*
 *
 * Documented page: PeerGroupParseInvitation function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupParseInvitation(PCWSTR pwzInvitation,
                                                      PPEER_INVITATION_INFO *ppInvitationInfo);

/* PeerGroupGetStatus reads the status of a group.
 *
 *   hGroup     an open group
 *   pdwStatus  out; PEER_GROUP_STATUS bits, 0 when offline
 *
 *   S_OK  the status is set
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   CRYPT_*
 *
 * Documented page: PeerGroupGetStatus function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupGetStatus(HGROUP hGroup, DWORD *pdwStatus);

/* PeerGroupGetProperties reads the properties of a group.
 *
 *   hGroup        an open group
 *   ppProperties  out; a copy. pwzGroupPassword is always NULL
 *
 *   S_OK  the properties are set
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, CRYPT_*
 *
 * Documented page: PeerGroupGetProperties function (p2p.h). Of the group's password only the
 * public half of the key that it gives is kept; it cannot be read back. */
PEERGROUP_API HRESULT WINAPI PeerGroupGetProperties(HGROUP hGroup,
                                                    PPEER_GROUP_PROPERTIES *ppProperties);

/* PeerGroupSetProperties changes the properties of a group for all its members.
 *
 *   hGroup       an open group
 *   pProperties  borrowed; what PeerGroupGetProperties gave, changed. dwSize, pwzCloud,
 *                pwzClassifier, pwzGroupPeerName and pwzCreatorPeerName must be as they are
 *
 *   S_OK                          the change is on disk and on its way to the members, who get
 *                                 PROPERTY_CHANGED
 *   PEER_E_INVALID_GROUP_PROPERTIES
 *                                 a value is not allowed, or one was changed that is fixed;
 *                                 correct it
 *   PEER_E_NOT_AUTHORIZED         this identity is neither the creator nor a deputy (see
 *                                 peergroup/extensions.h)
 *   PEER_E_PASSWORD_DOES_NOT_MEET_POLICY
 *                                 the new password is too weak for this system; ask for a better
 *                                 one
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupSetProperties function (p2p.h). pwzGroupPassword NULL keeps the
 * password. */
PEERGROUP_API HRESULT WINAPI PeerGroupSetProperties(HGROUP hGroup,
                                                    PPEER_GROUP_PROPERTIES pProperties);

/* PeerGroupEnumMembers lists members.
 *
 *   hGroup       an open group
 *   dwFlags      0: all that are known; PEER_MEMBER_PRESENT: those that are online
 *   pwzIdentity  peer name: only that member; NULL: all, this one first
 *   phPeerEnum   out; items are PEER_MEMBER, as of now. Close it with PeerEndEnumeration
 *
 *   S_OK  the enumeration is open; it may be empty
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   CRYPT_*
 *
 * Documented page: PeerGroupEnumMembers function (p2p.h). With PEER_MEMBER_DATA_OPTIONAL another
 * member is not listed before its first action: a record it adds, updates or deletes, or an
 * invitation it makes; that it is there is none. With PEER_DISABLE_PRESENCE nobody is online here
 * and no addresses are given. */
PEERGROUP_API HRESULT WINAPI PeerGroupEnumMembers(HGROUP hGroup, DWORD dwFlags, PCWSTR pwzIdentity,
                                                  HPEERENUM *phPeerEnum);

/* PeerGroupOpenDirectConnection begins a connection to one member, for PeerGroupSendData.
 *
 *   hGroup            an open group
 *   pwzIdentity       peer name of the member; required
 *   pAddress          one of its addresses, see PeerGroupEnumMembers; required
 *   pullConnectionId  out; id of the connection, to be used after DIRECT_CONNECTION says
 *                     PEER_CONNECTED
 *
 *   S_OK                 it has begun; DIRECT_CONNECTION brings the outcome. The other side
 *                        refuses unless it registered that event. Close it with
 *                        PeerGroupCloseDirectConnection; one that failed is gone by itself
 *   PEER_E_CONNECT_SELF  the member is this one; no connection is needed
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   CRYPT_*
 *
 * Documented page: PeerGroupOpenDirectConnection function (p2p.h). Its
 * PEER_E_NO_KEY_ACCESS does not occur: the key was read when the group was opened. */
PEERGROUP_API HRESULT WINAPI PeerGroupOpenDirectConnection(HGROUP hGroup, PCWSTR pwzIdentity,
                                                           PPEER_ADDRESS pAddress,
                                                           ULONGLONG *pullConnectionId);

/* PeerGroupCloseDirectConnection ends a direct connection.
 *
 *   hGroup           an open group
 *   ullConnectionId  id from PeerGroupOpenDirectConnection, or from the event at the other side
 *
 *   S_OK                         it is closed; both sides get DIRECT_CONNECTION
 *   PEER_E_CONNECTION_NOT_FOUND  no direct connection has that id: it failed, the other side has
 *                                closed it, or it is not there yet; nothing to do
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP, CRYPT_*
 *
 * Documented page: PeerGroupCloseDirectConnection function (p2p.h). When memory runs out, the
 * connection is gone all the same. */
PEERGROUP_API HRESULT WINAPI PeerGroupCloseDirectConnection(HGROUP hGroup,
                                                            ULONGLONG ullConnectionId);

/* PeerGroupEnumConnections lists the connections of this peer in a group.
 *
 *   hGroup      an open group
 *   dwFlags     PEER_CONNECTION_NEIGHBOR, PEER_CONNECTION_DIRECT or both
 *   phPeerEnum  out; items are PEER_CONNECTION_INFO, as of now. Close it with PeerEndEnumeration
 *
 *   S_OK  the enumeration is open; it may be empty
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   CRYPT_*
 *
 * Documented page: PeerGroupEnumConnections function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupEnumConnections(HGROUP hGroup, DWORD dwFlags,
                                                      HPEERENUM *phPeerEnum);

/* PeerGroupSendData sends bytes to the other end of one connection.
 *
 *   hGroup           an open group
 *   ullConnectionId  a neighbour or direct connection
 *   pType            GUID that tells the receiver what it is; required
 *   cbData           bytes, 0 to 4 MiB
 *   pvData           the bytes; may be NULL when cbData is 0
 *
 *   S_OK                         handed to the network; no word comes back when it arrives. The
 *                                receiver gets INCOMING_DATA if it registered that
 *   PEER_E_CONNECTION_NOT_FOUND  no connection has that id; open one, wait for PEER_CONNECTED
 *   PEER_E_TOO_MUCH_LOAD         over 4 MiB + 64 KiB wait for the other side, which does not take
 *                                them as fast; nothing was sent. Try again a little later
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   CRYPT_*
 *
 * Documented page: PeerGroupSendData function (p2p.h), which does not name PEER_E_TOO_MUCH_LOAD. */
PEERGROUP_API HRESULT WINAPI PeerGroupSendData(HGROUP hGroup, ULONGLONG ullConnectionId,
                                               const GUID *pType, ULONG cbData, PVOID pvData);

/* PeerGroupRegisterEvent asks for events of a group.
 *
 *   hGroup               an open group
 *   hEvent               event object, signalled when something is queued; borrowed until
 *                        PeerGroupUnregisterEvent. Auto-reset serves best
 *   cEventRegistration   entries of pEventRegistrations, 1 or more
 *   pEventRegistrations  the kinds of event wanted; copied
 *   phPeerEvent          out; the registration with its own queue. End it with
 *                        PeerGroupUnregisterEvent
 *
 *   S_OK  events are queued from now on; one signal may stand for many
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   CRYPT_*
 *
 * Events of one registration come in the order in which they happened, and each only when what it
 * tells is in effect. A neighbour is CONNECTED before the status says so, and DISCONNECTED before
 * the status no longer does; DIRECT_CONNECTION comes before the first INCOMING_DATA and, with
 * PEER_DISCONNECTED, after the last; a record is ADDED first and DELETED or EXPIRED last.
 * Several records, member data and presence among them, may come in another order than written.
 *
 * CONNECTION_FAILED, with AUTHENTICATION_FAILED right before it where that is why, comes behind all
 * that goes with it.
 *
 * Nothing is merged. A program that does not take its events finds PEER_E_TOO_MUCH_LOAD in their
 * place once 262,144 wait or they take 40 MiB (64,000 about members with the longest names; with
 * what is neither records' nor members' 44 MiB); INCOMING_DATA is never let go: when 16 MiB of it
 * wait at one registration, the connections that bring it are read no further until half of it was
 * taken, by that registration, or it has ended. Other registrations wait for that data too.
 *
 * Documented page: PeerGroupRegisterEvent function (p2p.h). pType filters RECORD_CHANGED and
 * INCOMING_DATA and is ignored with other events. INCOMING_DATA needs no other registration, but
 * without DIRECT_CONNECTION nobody can open a direct connection to this member. */
PEERGROUP_API HRESULT WINAPI
PeerGroupRegisterEvent(HGROUP hGroup, HANDLE hEvent, DWORD cEventRegistration,
                       PEER_GROUP_EVENT_REGISTRATION *pEventRegistrations, HPEEREVENT *phPeerEvent);

/* PeerGroupUnregisterEvent ends a registration; what its queue holds is dropped.
 *
 *   hPeerEvent  a registration; taken. Close the event object after this, not before
 *
 *   S_OK  the event object is not used any more
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, CRYPT_*
 *
 * Documented page: PeerGroupUnregisterEvent function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupUnregisterEvent(HPEEREVENT hPeerEvent);

/* PeerGroupGetEventData takes the oldest event out of a queue.
 *
 *   hPeerEvent   a registration
 *   ppEventData  out; the event. Free it with PeerFreeData
 *
 *   S_OK                  an event was taken; call again until the queue is empty
 *   PEER_S_NO_EVENT_DATA  the queue is empty, *ppEventData is NULL; wait for the event object
 *   PEER_E_TOO_MUCH_LOAD  events that came here in the order were not kept, because the program
 *                         did not take them in time or memory was short; said once for all of them.
 *                         Look at what is now (PeerGroupEnumRecords, PeerGroupEnumMembers,
 *                         PeerGroupEnumConnections, PeerGroupGetStatus), then go on taking events:
 *                         all that happens from this return on is kept again. The event object is
 *                         signalled once more if something waits
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, CRYPT_*
 *
 * Documented page: PeerGroupGetEventData function (p2p.h). CONNECTION_FAILED has its HRESULT here,
 * as the structure's page says; two other pages deny it. The page does not name
 * PEER_E_TOO_MUCH_LOAD. */
PEERGROUP_API HRESULT WINAPI PeerGroupGetEventData(HPEEREVENT hPeerEvent,
                                                   PPEER_GROUP_EVENT_DATA *ppEventData);

/* PeerGroupGetRecord fetches a record.
 *
 *   hGroup     an open group
 *   pRecordId  its id; required
 *   ppRecord   out; a copy
 *
 *   S_OK                     the record is set
 *   PEER_E_RECORD_NOT_FOUND  there is no such record, or it was deleted or has expired; forget the
 *                            id
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, CRYPT_*
 *
 * Documented page: PeerGroupGetRecord function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupGetRecord(HGROUP hGroup, const GUID *pRecordId,
                                                PPEER_RECORD *ppRecord);

/* PeerGroupAddRecord publishes a new record to the group.
 *
 *   hGroup     an open group
 *   pRecord    borrowed; dwSize, type and ftExpiration are required, creator, modifier, id,
 *              version, creation and modification time and security data are made by the library.
 *              Payload and attributes up to 60 MB in all, the attributes up to 60 KiB
 *   pRecordId  out; id of the record
 *
 *   S_OK                          the record is signed and on disk; members get it now or when
 *                                 they meet this one
 *   PEER_E_INVALID_RECORD         a member of the structure is not allowed, such as an expiration
 *                                 that is past or after this member's own; correct it
 *   PEER_E_INVALID_ATTRIBUTES     the attributes do not follow the schema: XML up to 60 KiB, names
 *                                 of up to 40 digits and letters, types int, string or date;
 *                                 correct them
 *   PEER_E_TOO_MANY_ATTRIBUTES    over 256 attributes; use fewer
 *   PEER_E_INVALID_PEER_NAME      a creator was given that is no peer name; leave it NULL
 *   PEER_E_MAX_RECORD_SIZE_EXCEEDED
 *                                 payload and attributes are over 60 MB; split the record
 *   PEER_E_NOT_AUTHORIZED         the type is reserved to the library, or this member may not
 *                                 publish; choose another type
 *   PEER_E_DISK_FULL              no room; make some and call again
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, CRYPT_*
 *
 * Documented page: PeerGroupAddRecord function (p2p.h). dwFlags is 0: a record with
 * PEER_RECORD_FLAG_AUTOREFRESH, which the pages both forbid and use, is PEER_E_INVALID_RECORD. */
PEERGROUP_API HRESULT WINAPI PeerGroupAddRecord(HGROUP hGroup, PPEER_RECORD pRecord,
                                                GUID *pRecordId);

/* PeerGroupUpdateRecord publishes a new version of a record.
 *
 *   hGroup   an open group
 *   pRecord  borrowed; dwSize, id, type and dwFlags as stored. pwzAttributes, ftExpiration and
 *            data are taken over; the expiration may not shrink. Start from PeerGroupGetRecord
 *
 *   S_OK                     the new version is on disk and on its way
 *   PEER_E_RECORD_NOT_FOUND  there is no such record any more; add it again
 *   PEER_E_NOT_AUTHORIZED    this identity is neither the record's creator nor an administrator
 *   PEER_E_TOO_MANY_ATTRIBUTES
 *                            over 256 attributes; use fewer
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupUpdateRecord function (p2p.h). The page lets the creator only;
 * administrators may too, as other pages say. */
PEERGROUP_API HRESULT WINAPI PeerGroupUpdateRecord(HGROUP hGroup, PPEER_RECORD pRecord);

/* PeerGroupDeleteRecord deletes a record in the whole group.
 *
 *   hGroup     an open group
 *   pRecordId  its id; required
 *
 *   S_OK                     it is gone here, and everywhere as the word spreads
 *   PEER_E_RECORD_NOT_FOUND  there is no such record; nothing to do
 *   PEER_E_NOT_AUTHORIZED    this identity is neither the record's creator nor an administrator
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupDeleteRecord function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupDeleteRecord(HGROUP hGroup, const GUID *pRecordId);

/* PeerGroupEnumRecords lists records.
 *
 *   hGroup       an open group
 *   pRecordType  only records of this type; NULL: all
 *   phPeerEnum   out; items are PEER_RECORD, as of now. Close it with PeerEndEnumeration
 *
 *   S_OK  the enumeration is open; it may be empty
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   CRYPT_*
 *
 * Records are fetched as PeerGetNextItem asks for them, each as it was when the enumeration was
 * made: of those that change meanwhile the earlier version is kept, up to 8 MiB an enumeration.
 * What goes beyond that is left out, so that fewer items come than PeerGetItemCount tells. When the
 * group is closed before all are fetched, PeerGetNextItem returns E_INVALIDARG. Items come in the
 * order of their creation.
 *
 * Documented page: PeerGroupEnumRecords function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupEnumRecords(HGROUP hGroup, const GUID *pRecordType,
                                                  HPEERENUM *phPeerEnum);

/* PeerGroupSearchRecords lists the records of the local database that match a query.
 *
 *   hGroup       an open group
 *   pwzCriteria  XML of the record search schema, up to 64 KiB, 32 levels; required
 *   phPeerEnum   out; items are PEER_RECORD, as of now. Close it with PeerEndEnumeration
 *
 *   S_OK                   the enumeration is open; it may be empty
 *   E_INVALIDARG           also: a backslash in a value is not followed by *, ? or a backslash
 *   PEER_E_INVALID_SEARCH  the query does not follow the schema; correct it
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP, CRYPT_*
 *
 * Items are fetched as those of PeerGroupEnumRecords.
 *
 * Documented page: PeerGroupSearchRecords function (p2p.h). In values * stands for any run of
 * characters, ? for one. type and compare may be left out: string and equal. */
PEERGROUP_API HRESULT WINAPI PeerGroupSearchRecords(HGROUP hGroup, PCWSTR pwzCriteria,
                                                    HPEERENUM *phPeerEnum);

/* PeerGroupExportDatabase writes the records of a group to a file, over one that is there.
 *
 *   hGroup       an open group, connected or not
 *   pwzFilePath  absolute path of the file (it begins with a slash); required
 *
 *   S_OK  the file is written, complete and on disk. After a failure the one that was there stays
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_DISK_FULL, CRYPT_*, WIN32_FILE (HRESULT_FROM_WIN32 of ERROR_PATH_NOT_FOUND,
 *   ERROR_ACCESS_DENIED ...)
 *
 * The file is not encrypted; only its owner may read it. Documented page: PeerGroupExportDatabase
 * function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupExportDatabase(HGROUP hGroup, PCWSTR pwzFilePath);

/* PeerGroupImportDatabase loads a file of PeerGroupExportDatabase, after PeerGroupOpen or
 * PeerGroupJoin and before PeerGroupConnect.
 *
 *   hGroup       an open group
 *   pwzFilePath  absolute path of the file, of the same group and identity; required
 *
 *   S_OK                 the records are here and on disk; what was newer here stays. A joiner to
 *                        whom the file brings the group's properties need not be connected first
 *                        any more, unless it lacks removals that the invitation tells of
 *   E_INVALIDARG         also: the file is not whole, was altered, or is of another version, group
 *                        or identity; nothing of it was taken
 *   PEER_E_GROUP_IN_USE  the group is connected already, or was created by this handle; close it,
 *                        open it, import, connect
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP, PEER_E_DISK_FULL,
 *   CRYPT_*, WIN32_FILE
 *
 * Every record is verified like a neighbour's. Memory or disk that run out may leave a part of the
 * records here: repeat the call. Documented page: PeerGroupImportDatabase function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGroupImportDatabase(HGROUP hGroup, PCWSTR pwzFilePath);

/* PeerGroupIssueCredentials issues or renews the certificate of a member.
 *
 *   hGroup              an open group
 *   pwzSubjectIdentity  peer name of the member; required
 *   pCredentialInfo     NULL: renew what a known member has, for the same length of time, at most
 *                       to the issuer's own end. Else borrowed: name, key, dates and roles; of a
 *                       known member the key must be its own and the start later than now held.
 *                       Both dates are required, the end is not after the issuer's own; no name
 *                       means the known one, no roles mean member. What it says of the issuer is
 *                       ignored
 *   dwFlags             0: nothing is kept. PEER_GROUP_STORE_CREDENTIALS: publish it; all members
 *                       see it, the member picks it up when it connects. A change of role reaches a
 *                       connected member after it closed the group and connected again; a lesser
 *                       role takes none away
 *   ppwzInvitation      out, may be NULL with and without the flag; XML for PeerGroupJoin (free
 *                       with PeerFreeData). Who was never in the group needs it
 *
 *   S_OK                       the certificate is issued; with the flag it is on disk, and all
 *                              members get MEMBER_CHANGED (JOINED)
 *   PEER_E_IDENTITY_NOT_FOUND  pCredentialInfo is NULL and the group knows no such member; pass
 *                              its key
 *   PEER_E_IDENTITY_DELETED    the issuing identity was deleted; take a live one
 *   PEER_E_CHAIN_TOO_LONG      the chain to the creator would pass 24 certificates; ask a member
 *                              nearer to the creator
 *   PEER_E_GROUP_NOT_READY     this member is not synchronised yet; connect and wait
 *   E_INVALIDARG               also: a date, role or key in pCredentialInfo is not allowed, or the
 *                              member is the issuer or above it; correct it
 *   PEER_E_NOT_AUTHORIZED      this identity may not grant that role, may not publish (only
 *                              administrators may), or its own membership has ended; ask an
 *                              administrator
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupIssueCredentials function (p2p.h). The page lists neither
 * PEER_E_NOT_AUTHORIZED nor PEER_E_GROUP_NOT_READY, and speaks of administrators alone. The end is
 * held to that of the issuer; protocol texts say the opposite. */
PEERGROUP_API HRESULT WINAPI PeerGroupIssueCredentials(HGROUP hGroup, PCWSTR pwzSubjectIdentity,
                                                       PEER_CREDENTIAL_INFO *pCredentialInfo,
                                                       DWORD dwFlags, PWSTR *ppwzInvitation);

/* PeerGroupExportConfig gives what the same identity needs to use a group on another machine,
 * encrypted by a password.
 *
 *   hGroup       an open group
 *   pwzPassword  up to 255 units, any is accepted; required. It is not stored
 *   ppwzXML      out; XML for PeerGroupImportConfig. For the creator it has the group's private
 *                key
 *
 *   S_OK                   the XML is set; records are not in it, see PeerGroupExportDatabase
 *   PEER_E_NOT_AUTHORIZED  this member has no certificate yet, having joined by password; connect
 *                          first. The page does not name it
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_NO_KEY_ACCESS, CRYPT_*
 *
 * Documented page: PeerGroupExportConfig function (p2p.h). Beside the documented elements stands
 * GROUPDATA, encrypted; Windows cannot read it. */
PEERGROUP_API HRESULT WINAPI PeerGroupExportConfig(HGROUP hGroup, PCWSTR pwzPassword,
                                                   PWSTR *ppwzXML);

/* PeerGroupImportConfig installs what PeerGroupExportConfig gave out. The identity must be here
 * already.
 *
 *   pwzXML        the XML, unchanged; up to 64 KiB
 *   pwzPassword   the password of the export; required
 *   fOverwrite    TRUE: renew a configuration that is there; its records stay, and newer properties
 *   ppwzIdentity  out; peer name of the identity, for PeerGroupOpen
 *   ppwzGroup     out; peer name of the group, for PeerGroupOpen
 *
 *   S_OK                   the group can be opened
 *   PEER_E_ALREADY_EXISTS  the group is configured here and fOverwrite is FALSE; open it, or
 *                          overwrite
 *   E_INVALIDARG           also: the XML was changed, or the password is a wrong one; ask for it
 *                          again. Or the identity is not here; import it first
 *   PEER_E_GROUP_IN_USE    the group is open, here or in another process; close it
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL,
 *   CRYPT_*
 *
 * Documented page: PeerGroupImportConfig function (p2p.h). The page names no code for a wrong
 * password; it is E_INVALIDARG. Nor has it the one for a group in use. */
PEERGROUP_API HRESULT WINAPI PeerGroupImportConfig(PCWSTR pwzXML, PCWSTR pwzPassword,
                                                   BOOL fOverwrite, PWSTR *ppwzIdentity,
                                                   PWSTR *ppwzGroup);

/* PeerGroupPeerTimeToUniversalTime turns peer time into UTC of this machine.
 *
 *   hGroup            an open group
 *   pftPeerTime       the time to turn; required
 *   pftUniversalTime  out; UTC. May be the same variable
 *
 *   S_OK  the time is set
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, CRYPT_*
 *
 * Documented page: PeerGroupPeerTimeToUniversalTime function (p2p.h). The page calls the result
 * local time; it is UTC. No remote service is asked, so the RPC codes that the page lists do not
 * occur. */
PEERGROUP_API HRESULT WINAPI PeerGroupPeerTimeToUniversalTime(HGROUP hGroup, FILETIME *pftPeerTime,
                                                              FILETIME *pftUniversalTime);

/* PeerGroupUniversalTimeToPeerTime turns UTC of this machine into peer time, as ftExpiration needs
 * it.
 *
 *   hGroup            an open group
 *   pftUniversalTime  the time to turn; required
 *   pftPeerTime       out; peer time. May be the same variable
 *
 *   S_OK  the time is set
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY, CRYPT_*
 *
 * Documented page: PeerGroupUniversalTimeToPeerTime function (p2p.h). No remote service is asked,
 * so the RPC codes that the page lists do not occur. */
PEERGROUP_API HRESULT WINAPI PeerGroupUniversalTimeToPeerTime(HGROUP hGroup,
                                                              FILETIME *pftUniversalTime,
                                                              FILETIME *pftPeerTime);

#if NTDDI_VERSION >= 0x06000000
/* PeerGroupPasswordJoin enters a group by a password invitation and the password. It only prepares
 * things here: no other machine is asked. It takes the work of deriving a key from the password, a
 * fraction of a second and 64 MiB, on the calling thread. What it keeps until a certificate has
 * come is that key, not the password.
 *
 *   pwzIdentity    peer name of an identity of this user; required
 *   pwzInvitation  XML from PeerGroupCreatePasswordInvitation, unchanged; required
 *   pwzPassword    the group's password, 1 to 255 units; required
 *   pwzCloud       name of a cloud or the beginning of one; NULL: the cloud of the invitation
 *   phGroup        out; handle on the group, offline. Close it with PeerGroupClose
 *
 *   S_OK                          call PeerGroupConnect; an administrator or inviting member
 *                                 checks the password and gives the certificate
 *   PEER_S_ALREADY_A_MEMBER       a success: this identity joined before; *phGroup is one more
 *                                 handle on the group. As long as it has no certificate, this
 *                                 password takes the place of the last. The next PeerGroupConnect
 *                                 also calls who made this invitation
 *   PEER_E_GROUP_IN_USE           the group is open in another process; close it there
 *   PEER_E_INVALID_PEER_NAME      pwzIdentity is no identity of this user
 *   PEER_E_INVITATION_NOT_TRUSTED
 *                                 the invitation was changed or is malformed; ask for a new one
 *   PEER_E_UNSUPPORTED_VERSION    the invitation is of a later version; update this program
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_NO_KEY_ACCESS,
 *   PEER_E_CLOUD_NAME_AMBIGUOUS, PEER_E_NO_CLOUD, PEER_E_DISK_FULL, CRYPT_*
 *
 *   E_INVALIDARG also: an invitation by certificate; take PeerGroupJoin
 *
 * Documented page: PeerGroupPasswordJoin function (p2p.h). A wrong password shows after
 * connecting, when no member that is known has let this one in: AUTHENTICATION_FAILED, then
 * CONNECTION_FAILED with PEER_E_NOT_AUTHORIZED; so does one that was changed, when the key alone is
 * left of it after a restart: join once more. The password is in no invitation, whatever the page
 * says. */
PEERGROUP_API HRESULT WINAPI PeerGroupPasswordJoin(PCWSTR pwzIdentity, PCWSTR pwzInvitation,
                                                   PCWSTR pwzPassword, PCWSTR pwzCloud,
                                                   HGROUP *phGroup);

/* PeerGroupConnectByAddress goes online by addresses that the caller knows, without name
 * resolution.
 *
 *   hGroup      an open group
 *   cAddresses  entries of pAddresses, 1 to 30
 *   pAddresses  where members listen; IPv4 as v4-mapped addresses. Tried one after the other, 5
 *               seconds each at most and 30 in all, before the addresses that are known
 *
 *   S_OK                      it has begun; the outcome comes as STATUS_CHANGED or
 *                             CONNECTION_FAILED, so register these before
 *   PEER_S_ALREADY_CONNECTED  the group is online already; nothing to do
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_DISK_FULL, CRYPT_*
 *
 * Documented page: PeerGroupConnectByAddress function (p2p.h). The page has no limit
 * to the number of addresses. */
PEERGROUP_API HRESULT WINAPI PeerGroupConnectByAddress(HGROUP hGroup, ULONG cAddresses,
                                                       PPEER_ADDRESS pAddresses);

/* PeerGroupCreatePasswordInvitation makes an invitation for everyone who knows the group's
 * password.
 *
 *   hGroup          an open group
 *   ppwzInvitation  out; XML for PeerGroupPasswordJoin. The password is not in it
 *
 *   S_OK                     the invitation is made
 *   E_INVALIDARG             also: the group has no password scheme; set one with
 *                            PeerGroupSetProperties
 *   PEER_E_NOT_AUTHORIZED    this identity may not give the role that the password gives, or its
 *                            certificate has ended; ask an administrator
 *   PEER_E_CHAIN_TOO_LONG    this member's chain is 24 certificates long: nobody could be admitted
 *                            by it; ask one nearer to the creator
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP,
 *   PEER_E_GROUP_NOT_READY
 *
 * Documented page: PeerGroupCreatePasswordInvitation function (p2p.h). Inviting members may, too,
 * unless the password makes administrators. PEER_E_IDENTITY_DELETED, PEER_E_NO_KEY_ACCESS and the
 * CRYPT_* codes of the page do not occur: the key is in memory since the group was opened. */
PEERGROUP_API HRESULT WINAPI PeerGroupCreatePasswordInvitation(HGROUP hGroup,
                                                               PWSTR *ppwzInvitation);

#endif
#if NTDDI_VERSION >= 0x06010000
/* PeerGroupResumePasswordAuthentication tries again after the group refused the password: call
 * PeerGroupPasswordJoin with another one first.
 *
 *   hGroup            an open group
 *   hPeerEventHandle  the registration that brought AUTHENTICATION_FAILED
 *
 *   S_OK                      it has begun; the outcome comes as after PeerGroupConnect
 *   PEER_S_ALREADY_CONNECTED  a success: the group is connecting, or online; nothing to do
 *   E_INVALIDARG              also: the registration is not one of this group
 *   As everywhere: E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GROUP
 *
 * Documented page: none. Windows has no page for this function; what it does here is our reading
 * of its name. */
PEERGROUP_API HRESULT WINAPI PeerGroupResumePasswordAuthentication(HGROUP hGroup,
                                                                   HPEEREVENT hPeerEventHandle);

#endif
#endif /* NO_P2P_GROUP */

/* ---- PNRP: names and where they answer ----------------------------------------------------- */

#ifndef NO_P2P_PNRP

/* The version for PeerPnrpStartup. */
#define PNRP_VERSION MAKEWORD(2, 0)

/* Value of pwzCloudName: every link-local cloud. */
#define PEER_PNRP_ALL_LINK_CLOUDS PEERGROUP_TEXT("PEER_PNRP_ALL_LINKS")
/* Value of cAddresses: the library chooses the addresses, wPort gives the port. */
#define PEER_PNRP_AUTO_ADDRESSES ((ULONG)(-1))

typedef PVOID HRESOLUTION;
typedef PVOID HREGISTRATION;

/* Result of PeerPnrpResolve and PeerPnrpGetEndpoint. */
typedef struct peer_pnrp_endpoint_info_tag {
    PWSTR pwzPeerName;
    ULONG cAddresses;
    SOCKADDR **ppAddresses;
    PWSTR pwzComment;
    PEER_DATA payload; /* up to 4096 bytes */
} PEER_PNRP_ENDPOINT_INFO, *PPEER_PNRP_ENDPOINT_INFO;

/* Result of PeerPnrpGetCloudInfo. */
typedef struct peer_pnrp_cloud_info_tag {
    PWSTR pwzCloudName; /* up to 256 units */
    PNRP_SCOPE dwScope;
    DWORD dwScopeId; /* interface of a link-local cloud */
} PEER_PNRP_CLOUD_INFO, *PPEER_PNRP_CLOUD_INFO;

/* What PeerPnrpRegister publishes. pwzCloudName and cAddresses cannot change in an update. */
typedef struct peer_pnrp_registration_info_tag {
    PWSTR pwzCloudName;          /* NULL: all clouds; or PEER_PNRP_ALL_LINK_CLOUDS */
    PWSTR pwzPublishingIdentity; /* an identity of this user */
    ULONG cAddresses;            /* up to 10, or PEER_PNRP_AUTO_ADDRESSES */
    SOCKADDR **ppAddresses;
    WORD wPort;        /* with PEER_PNRP_AUTO_ADDRESSES */
    PWSTR pwzComment;  /* up to 38 units, or NULL */
    PEER_DATA payload; /* up to 4096 bytes */
} PEER_PNRP_REGISTRATION_INFO, *PPEER_PNRP_REGISTRATION_INFO;

/* PeerNameToPeerHostName turns a peer name into a host name for getaddrinfo.
 *
 *   pwzPeerName   a peer name; required
 *   ppwzHostName  out; the host name, ends with ".pnrp.net". Free it with PeerFreeData
 *
 *   S_OK          the host name is set
 *   E_INVALIDARG  also: it is no peer name; correct it
 *   As everywhere: E_OUTOFMEMORY
 *
 * Documented page: PeerNameToPeerHostName function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerNameToPeerHostName(PCWSTR pwzPeerName, PWSTR *ppwzHostName);

/* PeerHostNameToPeerName turns a host name of PeerNameToPeerHostName back into the peer name.
 *
 *   pwzHostName   the host name; required
 *   ppwzPeerName  out; the peer name. Free it with PeerFreeData
 *
 *   S_OK          the peer name is set
 *   E_INVALIDARG  also: it is no such host name; correct it
 *   As everywhere: E_OUTOFMEMORY
 *
 * Documented page: PeerHostNameToPeerName function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerHostNameToPeerName(PCWSTR pwzHostName, PWSTR *ppwzPeerName);

/* PeerPnrpStartup starts name resolution for this process; the first PeerPnrp call.
 *
 *   wVersionRequested  PNRP_VERSION
 *
 *   S_OK                          started; calls are counted, call PeerPnrpShutdown once for each
 *   PEER_E_UNSUPPORTED_VERSION    the version is not known here; ask for 2.0
 *   PEER_E_SERVICE_NOT_AVAILABLE  no cloud can be reached from this process; look at the network
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpStartup function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpStartup(WORD wVersionRequested);

/* PeerPnrpShutdown ends what one PeerPnrpStartup began; the last one withdraws every registration
 * and ends every resolution.
 *
 *   S_OK                    done
 *   PEER_E_NOT_INITIALIZED  there was no PeerPnrpStartup to end; nothing to do
 *   As everywhere: E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpShutdown function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpShutdown(void);

/* PeerPnrpRegister publishes a peer name with addresses, a comment and a payload.
 *
 *   pcwzPeerName       the name; a secured one only with its identity here. Required
 *   pRegistrationInfo  borrowed; NULL: all clouds, addresses chosen by the library
 *   phRegistration     out; end it with PeerPnrpUnregister
 *
 *   S_OK                       the name is being published, until PeerPnrpUnregister or the end of
 *                              the process
 *   PEER_E_IDENTITY_NOT_FOUND  pwzPublishingIdentity is no identity of this user; see
 *                              PeerEnumIdentities
 *   WSA_PNRP                   what name resolution said, such as PEER_E_CLOUD_NOT_FOUND,
 *                              PEER_E_CLOUD_DISABLED or PEER_E_DUPLICATE_PEER_NAME; choose another
 *                              cloud or name
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpRegister function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpRegister(PCWSTR pcwzPeerName,
                                              PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo,
                                              HREGISTRATION *phRegistration);

/* PeerPnrpUpdateRegistration changes what a registration publishes.
 *
 *   hRegistration      a live registration
 *   pRegistrationInfo  borrowed; cloud name and number of addresses as they were registered.
 *                      Required
 *
 *   S_OK          the change is being published
 *   E_INVALIDARG  also: the cloud or the number of addresses differs; unregister and register
 *                 again
 *   As everywhere: E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpUpdateRegistration function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpUpdateRegistration(
    HREGISTRATION hRegistration, PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo);

/* PeerPnrpUnregister withdraws a registration.
 *
 *   hRegistration  a live registration; taken
 *
 *   S_OK  the name is withdrawn; others may see it for a while
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpUnregister function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpUnregister(HREGISTRATION hRegistration);

/* PeerPnrpResolve finds who published a name, and waits for the answer, 30 seconds at most.
 *
 *   pcwzPeerName   the name; required
 *   pcwzCloudName  a cloud; NULL: all
 *   pcEndpoints    in: endpoints wanted, 1 or more; out: endpoints found
 *   ppEndpoints    out; array of *pcEndpoints, one block. Free it with PeerFreeData
 *
 *   S_OK  the endpoints are set; 0 of them: nobody answered
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpResolve function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpResolve(PCWSTR pcwzPeerName, PCWSTR pcwzCloudName,
                                             ULONG *pcEndpoints,
                                             PPEER_PNRP_ENDPOINT_INFO *ppEndpoints);

/* PeerPnrpStartResolve begins to find who published a name.
 *
 *   pcwzPeerName   the name; required
 *   pcwzCloudName  a cloud; NULL: all
 *   cMaxEndpoints  endpoints wanted, 1 or more
 *   hEvent         event object, signalled when an endpoint is there or no more will come;
 *                  borrowed until PeerPnrpEndResolve
 *   phResolve      out; end it with PeerPnrpEndResolve
 *
 *   S_OK  it has begun; wait for the event, then call PeerPnrpGetEndpoint
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpStartResolve function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpStartResolve(PCWSTR pcwzPeerName, PCWSTR pcwzCloudName,
                                                  ULONG cMaxEndpoints, HANDLE hEvent,
                                                  HRESOLUTION *phResolve);

/* PeerPnrpGetCloudInfo lists the clouds of this machine.
 *
 *   pcNumClouds  out; how many
 *   ppCloudInfo  out; array of them, one block. Free it with PeerFreeData
 *
 *   S_OK  the array is set; NULL when there is none
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpGetCloudInfo function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpGetCloudInfo(ULONG *pcNumClouds,
                                                  PPEER_PNRP_CLOUD_INFO *ppCloudInfo);

/* PeerPnrpGetEndpoint takes one endpoint that a resolution found.
 *
 *   hResolve    a live resolution
 *   ppEndpoint  out; the endpoint. Free it with PeerFreeData
 *
 *   S_OK            an endpoint was taken; call again
 *   PEER_E_NO_MORE  all have been taken; call PeerPnrpEndResolve
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpGetEndpoint function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpGetEndpoint(HRESOLUTION hResolve,
                                                 PPEER_PNRP_ENDPOINT_INFO *ppEndpoint);

/* PeerPnrpEndResolve ends a resolution.
 *
 *   hResolve  a live resolution; taken
 *
 *   S_OK  it is ended; the event object is not used any more
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerPnrpEndResolve function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerPnrpEndResolve(HRESOLUTION hResolve);

#endif /* NO_P2P_PNRP */

/* ---- Graphing: the graph below a group ----------------------------------------------------- */

#ifndef NO_P2P_GRAPH

/* The version for PeerGraphStartup. */
#define PEER_GRAPH_VERSION MAKEWORD(1, 0)

typedef PVOID HGRAPH, *PHGRAPH;

typedef enum peer_graph_event_type_tag {
    PEER_GRAPH_EVENT_STATUS_CHANGED = 1,
    PEER_GRAPH_EVENT_PROPERTY_CHANGED = 2, /* no data; call PeerGraphGetProperties */
    PEER_GRAPH_EVENT_RECORD_CHANGED = 3,
    PEER_GRAPH_EVENT_DIRECT_CONNECTION = 4,
    PEER_GRAPH_EVENT_NEIGHBOR_CONNECTION = 5,
    PEER_GRAPH_EVENT_INCOMING_DATA = 6,
    PEER_GRAPH_EVENT_CONNECTION_REQUIRED = 7, /* no data; call PeerGraphConnect */
    PEER_GRAPH_EVENT_NODE_CHANGED = 8,
    PEER_GRAPH_EVENT_SYNCHRONIZED = 9
} PEER_GRAPH_EVENT_TYPE;

typedef enum peer_node_change_type_tag {
    PEER_NODE_CHANGE_CONNECTED = 1,
    PEER_NODE_CHANGE_DISCONNECTED = 2,
    PEER_NODE_CHANGE_UPDATED = 3
} PEER_NODE_CHANGE_TYPE;

typedef enum peer_graph_status_flags_tag {
    PEER_GRAPH_STATUS_LISTENING = 0x1,
    PEER_GRAPH_STATUS_HAS_CONNECTIONS = 0x2,
    PEER_GRAPH_STATUS_SYNCHRONIZED = 0x4
} PEER_GRAPH_STATUS_FLAGS;

typedef enum peer_graph_property_flags_tag {
    PEER_GRAPH_PROPERTY_HEARTBEATS = 0x1,      /* reserved */
    PEER_GRAPH_PROPERTY_DEFER_EXPIRATION = 0x2 /* records do not expire while a node is alone */
} PEER_GRAPH_PROPERTY_FLAGS;

typedef enum peer_graph_scope_tag {
    PEER_GRAPH_SCOPE_ANY = 0,
    PEER_GRAPH_SCOPE_GLOBAL = 1,
    PEER_GRAPH_SCOPE_SITELOCAL = 2,
    PEER_GRAPH_SCOPE_LINKLOCAL = 3,
    PEER_GRAPH_SCOPE_LOOPBACK = 4
} PEER_GRAPH_SCOPE;

/* What a graph is. PeerGraphSetProperties takes over pwzFriendlyName, pwzComment,
 * ulPresenceLifetime and cPresenceMax and ignores the rest. */
typedef struct peer_graph_properties_tag {
    DWORD dwSize;             /* sizeof(PEER_GRAPH_PROPERTIES) */
    DWORD dwFlags;            /* PEER_GRAPH_PROPERTY_FLAGS, default 0 */
    DWORD dwScope;            /* PEER_GRAPH_SCOPE, default global */
    DWORD dwMaxRecordSize;    /* bytes, 1024 to 60 MB; 0: 60 MB */
    PWSTR pwzGraphId;         /* up to 255 units, one of its kind for this user */
    PWSTR pwzCreatorId;       /* up to 255 units */
    PWSTR pwzFriendlyName;    /* up to 255 units, or NULL */
    PWSTR pwzComment;         /* up to 511 units, or NULL */
    ULONG ulPresenceLifetime; /* seconds; default and least 300 */
    ULONG cPresenceMax;       /* nodes that publish presence: -1 all, 0 none, n about n */
} PEER_GRAPH_PROPERTIES, *PPEER_GRAPH_PROPERTIES;

/* Result of PeerGraphGetNodeInfo and item of PeerGraphEnumNodes. */
typedef struct peer_node_info_tag {
    DWORD dwSize;
    ULONGLONG ullNodeId;
    PWSTR pwzPeerId;
    ULONG cAddresses;
    PPEER_ADDRESS pAddresses; /* where it listens */
    PWSTR pwzAttributes;      /* the application's own text, or NULL */
} PEER_NODE_INFO, *PPEER_NODE_INFO;

/* Data of PEER_GRAPH_EVENT_NODE_CHANGED. */
typedef struct peer_event_node_change_data_tag {
    DWORD dwSize;
    PEER_NODE_CHANGE_TYPE changeType;
    ULONGLONG ullNodeId;
    PWSTR pwzPeerId;
} PEER_EVENT_NODE_CHANGE_DATA, *PPEER_EVENT_NODE_CHANGE_DATA;

/* One kind of event for PeerGraphRegisterEvent. */
typedef struct peer_graph_event_registration_tag {
    PEER_GRAPH_EVENT_TYPE eventType;
    GUID *pType; /* record events: one record type; NULL: all. Ignored with other events. */
} PEER_GRAPH_EVENT_REGISTRATION, *PPEER_GRAPH_EVENT_REGISTRATION;

/* Result of PeerGraphGetEventData; eventType tells which member holds. */
typedef struct peer_graph_event_data_tag {
    PEER_GRAPH_EVENT_TYPE eventType;
    union {
        PEER_GRAPH_STATUS_FLAGS dwStatus;                       /* STATUS_CHANGED */
        PEER_EVENT_INCOMING_DATA incomingData;                  /* INCOMING_DATA */
        PEER_EVENT_RECORD_CHANGE_DATA recordChangeData;         /* RECORD_CHANGED */
        PEER_EVENT_CONNECTION_CHANGE_DATA connectionChangeData; /* the two connection events */
        PEER_EVENT_NODE_CHANGE_DATA nodeChangeData;             /* NODE_CHANGED */
        PEER_EVENT_SYNCHRONIZED_DATA synchronizedData;          /* SYNCHRONIZED */
    };
} PEER_GRAPH_EVENT_DATA, *PPEER_GRAPH_EVENT_DATA;

/* The application's part in the security of a graph. Each is called on a thread of the library,
 * several at once for different graphs; it may call every function but PeerGraphClose of that
 * graph, and should return soon: records wait for it. What it is given is borrowed until it
 * returns. pvContext is that of PEER_SECURITY_INTERFACE.
 *
 * PFNPEER_VALIDATE_RECORD judges a record that came in or is about to be published.
 *
 *   hGraph      the graph
 *   pvContext   the application's own
 *   pRecord     the record; only securityData may be of the application's making
 *   changeType  added, updated, deleted or expired
 *
 *   S_OK                        the record is good
 *   PEER_E_INVALID_RECORD       it is refused and dropped
 *   PEER_E_DEFERRED_VALIDATION  not known yet: it is set aside until
 *                               PeerGraphValidateDeferredRecords
 *   E_INVALIDARG                a parameter is not understood; the record is refused
 *
 * Documented page: PFNPEER_VALIDATE_RECORD callback function (p2p.h). */
typedef HRESULT(CALLBACK *PFNPEER_VALIDATE_RECORD)(HGRAPH hGraph, PVOID pvContext,
                                                   PPEER_RECORD pRecord,
                                                   PEER_RECORD_CHANGE_TYPE changeType);

/* PFNPEER_SECURE_RECORD signs a record that this node publishes, changes or deletes.
 *
 *   ppSecurityData  out; bytes to keep with the record. The library copies them and then calls
 *                   PFNPEER_FREE_SECURITY_DATA
 *
 *   S_OK                   the bytes are set
 *   PEER_E_NOT_AUTHORIZED  the change is not allowed; the call that made it fails with this code
 *
 * Documented page: PFNPEER_SECURE_RECORD callback function (p2p.h). */
typedef HRESULT(CALLBACK *PFNPEER_SECURE_RECORD)(HGRAPH hGraph, PVOID pvContext,
                                                 PPEER_RECORD pRecord,
                                                 PEER_RECORD_CHANGE_TYPE changeType,
                                                 PPEER_DATA *ppSecurityData);

/* PFNPEER_FREE_SECURITY_DATA takes back what PFNPEER_SECURE_RECORD gave.
 *
 *   pSecurityData  those bytes; taken
 *
 *   S_OK, E_INVALIDARG, E_OUTOFMEMORY  the library goes on in any case
 *
 * Documented page: PFNPEER_FREE_SECURITY_DATA callback function (p2p.h). */
typedef HRESULT(CALLBACK *PFNPEER_FREE_SECURITY_DATA)(HGRAPH hGraph, PVOID pvContext,
                                                      PPEER_DATA pSecurityData);

/* PFNPEER_ON_PASSWORD_AUTH_FAILED hears that the other end refused a password; its result is not
 * looked at. Documented page: none. */
typedef HRESULT(CALLBACK *PFNPEER_ON_PASSWORD_AUTH_FAILED)(HGRAPH hGraph, PVOID pvContext);

/* The security of a graph, given by the application to PeerGraphCreate and, with the same values,
 * to PeerGraphOpen. */
typedef struct peer_security_interface_tag {
    DWORD dwSize;                              /* sizeof(PEER_SECURITY_INTERFACE) */
    PWSTR pwzSspFilename;                      /* security package library */
    PWSTR pwzPackageName;                      /* package in it */
    ULONG cbSecurityInfo;                      /* bytes */
    PBYTE pbSecurityInfo;                      /* what the package is given, or NULL */
    PVOID pvContext;                           /* passed to each callback */
    PFNPEER_VALIDATE_RECORD pfnValidateRecord; /* both or neither with pfnSecureRecord */
    PFNPEER_SECURE_RECORD pfnSecureRecord;
    PFNPEER_FREE_SECURITY_DATA pfnFreeSecurityData; /* or NULL */
    PFNPEER_ON_PASSWORD_AUTH_FAILED pfnAuthFailed;  /* or NULL */
} PEER_SECURITY_INTERFACE, *PPEER_SECURITY_INTERFACE;

/* PeerGraphStartup starts Graphing for this process; the first PeerGraph call.
 *
 *   wVersionRequested  PEER_GRAPH_VERSION
 *   pVersionData       out; the version to use and the highest there is
 *
 *   S_OK                        started; calls are counted, call PeerGraphShutdown once for each
 *   PEER_E_UNSUPPORTED_VERSION  the version is not known here; ask for 1.0
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY
 *
 * Documented page: PeerGraphStartup function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphStartup(WORD wVersionRequested,
                                              PPEER_VERSION_DATA pVersionData);

/* PeerGraphShutdown ends what one PeerGraphStartup began. The last one closes graphs, enumerations
 * and registrations that are still open.
 *
 *   S_OK                    done
 *   PEER_E_NOT_INITIALIZED  there was no PeerGraphStartup to end; nothing to do
 *   WINERROR                what the system said on closing, as HRESULT_FROM_WIN32; the process
 *                           may go on
 *
 * Documented page: PeerGraphShutdown function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphShutdown(void);

/* PeerGraphFreeData frees one block that a PeerGraph function handed out.
 *
 *   pvData  the pointer as it was handed out; taken. NULL does nothing
 *
 * Documented page: PeerGraphFreeData function (p2p.h). */
PEERGROUP_API VOID WINAPI PeerGraphFreeData(PVOID pvData);

/* PeerGraphGetItemCount tells how many items an enumeration held when it was made.
 *
 *   hPeerEnum  an open enumeration
 *   pCount     out; items, 0 or more
 *
 *   S_OK  the count is set; fewer items may be left to fetch
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED
 *
 * Documented page: PeerGraphGetItemCount function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphGetItemCount(HPEERENUM hPeerEnum, ULONG *pCount);

/* PeerGraphGetNextItem fetches the next items of an enumeration.
 *
 *   hPeerEnum  an open enumeration
 *   pCount     in: items wanted, 1 or more; out: items delivered, which may be fewer
 *   pppvItems  out; an array of *pCount pointers to items. One PeerGraphFreeData on the array
 *              frees it with every item
 *
 *   S_OK  *pCount items were delivered; with 0 the end is reached and the array is NULL
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED
 *
 * Documented page: PeerGraphGetNextItem function (p2p.h). The page does not say what the array is
 * at the end; here it is NULL. */
PEERGROUP_API HRESULT WINAPI PeerGraphGetNextItem(HPEERENUM hPeerEnum, ULONG *pCount,
                                                  PVOID **pppvItems);

/* PeerGraphEndEnumeration closes an enumeration.
 *
 *   hPeerEnum  an open enumeration; taken
 *
 *   S_OK  it is closed; what was fetched from it stays valid
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED
 *
 * Documented page: PeerGraphEndEnumeration function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphEndEnumeration(HPEERENUM hPeerEnum);

/* PeerGraphCreate makes a new graph and its database here. Nothing goes to the network yet.
 *
 *   pGraphProperties    borrowed; dwSize, pwzGraphId and pwzCreatorId are required
 *   pwzDatabaseName     name of the database, a file name without folders; required
 *   pSecurityInterface  borrowed, its callbacks until the graph is closed; NULL: no security
 *   phGraph             out; close it with PeerGraphClose
 *
 *   S_OK                    the graph exists; call PeerGraphListen
 *   PEER_E_DUPLICATE_GRAPH  a graph of that id has a database; open it, or choose another id
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED
 *
 * Documented page: PeerGraphCreate function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphCreate(PPEER_GRAPH_PROPERTIES pGraphProperties,
                                             PCWSTR pwzDatabaseName,
                                             PPEER_SECURITY_INTERFACE pSecurityInterface,
                                             HGRAPH *phGraph);

/* PeerGraphOpen opens the database of a graph, or makes an empty one for a graph made elsewhere.
 * Nothing goes to the network yet.
 *
 *   pwzGraphId                 up to 255 units; required
 *   pwzPeerId                  id of this peer in the graph, up to 255 units; required
 *   pwzDatabaseName            name of the database, a file name without folders; required
 *   pSecurityInterface         borrowed, its callbacks until the graph is closed; NULL: no
 *                              security
 *   cRecordTypeSyncPrecedence  entries of pRecordTypeSyncPrecedence, 0 or more
 *   pRecordTypeSyncPrecedence  record types to synchronise first, in this order; each is announced
 *                              by PEER_GRAPH_EVENT_SYNCHRONIZED. NULL when there are 0
 *   phGraph                    out; close it with PeerGraphClose
 *
 *   S_OK                       the database was there
 *   PEER_S_GRAPH_DATA_CREATED  a success: there was none and an empty one was made; call
 *                              PeerGraphConnect
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphOpen function (p2p.h). The page lists PEER_E_INVALID_GRAPH, though no
 * handle is given. */
PEERGROUP_API HRESULT WINAPI PeerGraphOpen(PCWSTR pwzGraphId, PCWSTR pwzPeerId,
                                           PCWSTR pwzDatabaseName,
                                           PPEER_SECURITY_INTERFACE pSecurityInterface,
                                           ULONG cRecordTypeSyncPrecedence,
                                           const GUID *pRecordTypeSyncPrecedence, HGRAPH *phGraph);

/* PeerGraphListen begins to accept connections.
 *
 *   hGraph     an open graph
 *   dwScope    PEER_GRAPH_SCOPE
 *   dwScopeId  interface of a link-local scope; 0: all of the scope
 *   wPort      TCP port, 1 to 65535; 0: a free one
 *
 *   S_OK  it listens; STATUS_CHANGED follows
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH,
 *   PEER_E_GRAPH_NOT_READY
 *
 * Documented page: PeerGraphListen function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphListen(HGRAPH hGraph, DWORD dwScope, DWORD dwScopeId,
                                             WORD wPort);

/* PeerGraphConnect begins a neighbour connection to a node.
 *
 *   hGraph            an open graph
 *   pwzPeerId         id of the peer expected there; NULL: any
 *   pAddress          where it listens; required
 *   pullConnectionId  out; id of the connection, to be used after NEIGHBOR_CONNECTION says
 *                     PEER_CONNECTED
 *
 *   S_OK                   it has begun; NEIGHBOR_CONNECTION brings the outcome
 *   PEER_E_ALREADY_EXISTS  that node is a neighbour already; nothing to do
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphConnect function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphConnect(HGRAPH hGraph, PCWSTR pwzPeerId,
                                              PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId);

/* PeerGraphClose closes a graph with all its connections.
 *
 *   hGraph  an open graph; taken
 *
 *   S_OK  it is closed
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphClose function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphClose(HGRAPH hGraph);

/* PeerGraphDelete deletes what is stored of a closed graph for one peer id.
 *
 *   pwzGraphId       the graph; required
 *   pwzPeerId        the peer id; required
 *   pwzDatabaseName  the database; required
 *
 *   S_OK            it is gone
 *   E_ACCESSDENIED  the database may not be written; correct its permissions
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, WIN32_FILE
 *
 * Documented page: PeerGraphDelete function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphDelete(PCWSTR pwzGraphId, PCWSTR pwzPeerId,
                                             PCWSTR pwzDatabaseName);

/* PeerGraphGetStatus reads the status of a graph.
 *
 *   hGraph     an open graph
 *   pdwStatus  out; PEER_GRAPH_STATUS_FLAGS bits
 *
 *   S_OK  the status is set
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphGetStatus function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphGetStatus(HGRAPH hGraph, DWORD *pdwStatus);

/* PeerGraphGetProperties reads the properties of a graph.
 *
 *   hGraph             an open graph
 *   ppGraphProperties  out; a copy. Free it with PeerGraphFreeData
 *
 *   S_OK  the properties are set
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH,
 *   PEER_E_GRAPH_NOT_READY
 *
 * Documented page: PeerGraphGetProperties function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphGetProperties(HGRAPH hGraph,
                                                    PPEER_GRAPH_PROPERTIES *ppGraphProperties);

/* PeerGraphSetProperties changes friendly name, comment, presence lifetime and number of present
 * nodes of a graph.
 *
 *   hGraph            an open graph
 *   pGraphProperties  borrowed; the other members are ignored. Start from PeerGraphGetProperties
 *
 *   S_OK            the change is on disk and on its way; nodes get PROPERTY_CHANGED
 *   E_ACCESSDENIED  the security callback refused it
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphSetProperties function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphSetProperties(HGRAPH hGraph,
                                                    PPEER_GRAPH_PROPERTIES pGraphProperties);

/* PeerGraphRegisterEvent asks for events of a graph.
 *
 *   hGraph               an open graph
 *   hEvent               event object, signalled when something is queued; borrowed until
 *                        PeerGraphUnregisterEvent
 *   cEventRegistrations  entries of pEventRegistrations, 1 or more
 *   pEventRegistrations  the kinds of event wanted; copied
 *   phPeerEvent          out; the registration with its own queue. End it with
 *                        PeerGraphUnregisterEvent
 *
 *   S_OK  events are queued from now on; one signal may stand for many
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphRegisterEvent function (p2p.h). */
PEERGROUP_API HRESULT WINAPI
PeerGraphRegisterEvent(HGRAPH hGraph, HANDLE hEvent, ULONG cEventRegistrations,
                       PEER_GRAPH_EVENT_REGISTRATION *pEventRegistrations, HPEEREVENT *phPeerEvent);

/* PeerGraphUnregisterEvent ends a registration; what its queue holds is dropped.
 *
 *   hPeerEvent  a registration; taken. Close the event object after this, not before
 *
 *   S_OK  the event object is not used any more
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED
 *
 * Documented page: PeerGraphUnregisterEvent function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphUnregisterEvent(HPEEREVENT hPeerEvent);

/* PeerGraphGetEventData takes the oldest event out of a queue.
 *
 *   hPeerEvent   a registration
 *   ppEventData  out; the event. Free it with PeerGraphFreeData
 *
 *   S_OK                  an event was taken; call again until the queue is empty
 *   PEER_S_NO_EVENT_DATA  the queue is empty, *ppEventData is NULL; wait for the event object
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED
 *
 * Documented page: PeerGraphGetEventData function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphGetEventData(HPEEREVENT hPeerEvent,
                                                   PPEER_GRAPH_EVENT_DATA *ppEventData);

/* PeerGraphGetRecord fetches a record.
 *
 *   hGraph     an open graph
 *   pRecordId  its id; required
 *   ppRecord   out; a copy. Free it with PeerGraphFreeData
 *
 *   S_OK                     the record is set
 *   PEER_E_RECORD_NOT_FOUND  there is no such record, or it was deleted or has expired; forget the
 *                            id
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH,
 *   PEER_E_GRAPH_NOT_READY
 *
 * Documented page: PeerGraphGetRecord function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphGetRecord(HGRAPH hGraph, const GUID *pRecordId,
                                                PPEER_RECORD *ppRecord);

/* PeerGraphAddRecord publishes a new record to the graph.
 *
 *   hGraph     an open graph
 *   pRecord    borrowed; dwSize, type and ftExpiration are required. Payload and attributes up to
 *              dwMaxRecordSize
 *   pRecordId  out; id of the record
 *
 *   S_OK                          the record is on disk; nodes get it now or when they meet this
 *                                 one
 *   E_ACCESSDENIED                the security callback refused it
 *   PEER_E_INVALID_ATTRIBUTES     the attributes do not follow the schema; correct them
 *   PEER_E_MAX_RECORD_SIZE_EXCEEDED
 *                                 the record is larger than the graph allows; split it
 *   PEER_E_GRAPH_SHUTTING_DOWN    PeerGraphClose has begun; open the graph again
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH,
 *   PEER_E_GRAPH_NOT_READY
 *
 * Documented page: PeerGraphAddRecord function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphAddRecord(HGRAPH hGraph, PPEER_RECORD pRecord,
                                                GUID *pRecordId);

/* PeerGraphUpdateRecord publishes a new version of a record.
 *
 *   hGraph   an open graph
 *   pRecord  borrowed; dwSize, id, type and dwFlags as stored. pwzAttributes, ftExpiration and
 *            data are taken over; the expiration may not shrink
 *
 *   S_OK                     the new version is on disk and on its way
 *   PEER_E_RECORD_NOT_FOUND  there is no such record any more; add it again
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH,
 *   PEER_E_GRAPH_NOT_READY
 *
 * Documented page: PeerGraphUpdateRecord function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphUpdateRecord(HGRAPH hGraph, PPEER_RECORD pRecord);

/* PeerGraphDeleteRecord deletes a record, everywhere or here only.
 *
 *   hGraph     an open graph
 *   pRecordId  its id; required
 *   fLocal     TRUE: drop it from this database only; FALSE: in the whole graph
 *
 *   S_OK                     it is gone here, and with FALSE everywhere as the word spreads
 *   E_ACCESSDENIED           the security callback refused it
 *   PEER_E_RECORD_NOT_FOUND  there is no such record; nothing to do
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH,
 *   PEER_E_GRAPH_NOT_READY
 *
 * Documented page: PeerGraphDeleteRecord function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphDeleteRecord(HGRAPH hGraph, const GUID *pRecordId,
                                                   BOOL fLocal);

/* PeerGraphEnumRecords lists records.
 *
 *   hGraph       an open graph
 *   pRecordType  only records of this type; NULL: all
 *   pwzPeerId    only records of this creator; NULL: all
 *   phPeerEnum   out; items are PEER_RECORD, as of now. Close it with PeerGraphEndEnumeration
 *
 *   S_OK  the enumeration is open; it may be empty
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphEnumRecords function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphEnumRecords(HGRAPH hGraph, const GUID *pRecordType,
                                                  PCWSTR pwzPeerId, HPEERENUM *phPeerEnum);

/* PeerGraphSearchRecords lists the records of the local database that match a query.
 *
 *   hGraph       an open graph
 *   pwzCriteria  XML of the record search schema, up to 64 KiB, 32 levels; required
 *   phPeerEnum   out; items are PEER_RECORD, as of now. Close it with PeerGraphEndEnumeration
 *
 *   S_OK                   the enumeration is open; it may be empty
 *   PEER_E_INVALID_SEARCH  the query does not follow the schema; correct it
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphSearchRecords function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphSearchRecords(HGRAPH hGraph, PCWSTR pwzCriteria,
                                                    HPEERENUM *phPeerEnum);

/* PeerGraphExportDatabase writes the records of a graph to a file, over one that is there.
 *
 *   hGraph       an open graph
 *   pwzFilePath  absolute path of the file; required
 *
 *   S_OK  the file is written and complete
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH,
 *   WIN32_FILE
 *
 * Documented page: PeerGraphExportDatabase function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphExportDatabase(HGRAPH hGraph, PCWSTR pwzFilePath);

/* PeerGraphImportDatabase loads a file of PeerGraphExportDatabase into an opened graph, before
 * PeerGraphListen and PeerGraphConnect.
 *
 *   hGraph       an open graph
 *   pwzFilePath  absolute path of the file, of the same graph and peer id; required
 *
 *   S_OK                     the records are here
 *   PEER_E_GRAPH_IN_USE      PeerGraphListen or PeerGraphConnect came first; close it, open it,
 *                            import
 *   PEER_E_INVALID_DATABASE  the file is not a database of this graph; choose another
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH, WIN32_FILE
 *
 * Documented page: PeerGraphImportDatabase function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphImportDatabase(HGRAPH hGraph, PCWSTR pwzFilePath);

/* PeerGraphValidateDeferredRecords asks for records that a callback set aside to be validated
 * again.
 *
 *   hGraph      an open graph
 *   cRecordIds  entries of pRecordIds, 1 or more
 *   pRecordIds  their ids
 *
 *   S_OK  the validation callback is called for each that is still set aside
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphValidateDeferredRecords function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphValidateDeferredRecords(HGRAPH hGraph, ULONG cRecordIds,
                                                              const GUID *pRecordIds);

/* PeerGraphOpenDirectConnection begins a connection to one node, for PeerGraphSendData.
 *
 *   hGraph            an open graph
 *   pwzPeerId         peer id of the node; required
 *   pAddress          where it listens; required
 *   pullConnectionId  out; id of the connection, to be used after DIRECT_CONNECTION says
 *                     PEER_CONNECTED
 *
 *   S_OK  it has begun; DIRECT_CONNECTION brings the outcome
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphOpenDirectConnection function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphOpenDirectConnection(HGRAPH hGraph, PCWSTR pwzPeerId,
                                                           PPEER_ADDRESS pAddress,
                                                           ULONGLONG *pullConnectionId);

/* PeerGraphSendData sends bytes to the other end of one connection.
 *
 *   hGraph           an open graph
 *   ullConnectionId  a neighbour or direct connection
 *   pType            GUID that tells the receiver what it is; required
 *   cbData           bytes, 0 or more
 *   pvData           the bytes; may be NULL when cbData is 0
 *
 *   S_OK                         handed to the network; no word comes back when it arrives
 *   PEER_E_CONNECTION_NOT_FOUND  no connection has that id; open one, wait for PEER_CONNECTED
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphSendData function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphSendData(HGRAPH hGraph, ULONGLONG ullConnectionId,
                                               const GUID *pType, ULONG cbData, PVOID pvData);

/* PeerGraphCloseDirectConnection ends a direct connection.
 *
 *   hGraph           an open graph
 *   ullConnectionId  its id
 *
 *   S_OK                         it is closed; both sides get DIRECT_CONNECTION
 *   PEER_E_CONNECTION_NOT_FOUND  no direct connection has that id; nothing to do
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphCloseDirectConnection function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphCloseDirectConnection(HGRAPH hGraph,
                                                            ULONGLONG ullConnectionId);

/* PeerGraphEnumConnections lists the connections of this node.
 *
 *   hGraph      an open graph
 *   dwFlags     PEER_CONNECTION_NEIGHBOR, PEER_CONNECTION_DIRECT or both
 *   phPeerEnum  out; items are PEER_CONNECTION_INFO, as of now. Close it with
 *               PeerGraphEndEnumeration
 *
 *   S_OK  the enumeration is open; it may be empty
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphEnumConnections function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphEnumConnections(HGRAPH hGraph, DWORD dwFlags,
                                                      HPEERENUM *phPeerEnum);

/* PeerGraphEnumNodes lists the nodes that publish their presence.
 *
 *   hGraph      an open graph
 *   pwzPeerId   only nodes of this peer; NULL: all
 *   phPeerEnum  out; items are PEER_NODE_INFO, as of now. Close it with PeerGraphEndEnumeration
 *
 *   S_OK                      the enumeration is open; it may be empty
 *   PEER_E_GRAPH_NOT_READY    the graph is not synchronised; wait for
 *                             PEER_GRAPH_STATUS_SYNCHRONIZED
 *   PEER_E_NOT_READY          a name of the page that has no value; PEER_E_GRAPH_NOT_READY is what
 *                             comes
 *   PEER_E_PRESENCE_DISABLED  a name of the page that has no value; without presence the
 *                             enumeration is empty
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphEnumNodes function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphEnumNodes(HGRAPH hGraph, PCWSTR pwzPeerId,
                                                HPEERENUM *phPeerEnum);

/* PeerGraphSetPresence publishes the presence of this node, or leaves it to the graph's rule.
 *
 *   hGraph    an open graph
 *   fPresent  TRUE: publish; FALSE: as cPresenceMax says
 *
 *   S_OK  done
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphSetPresence function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphSetPresence(HGRAPH hGraph, BOOL fPresent);

/* PeerGraphGetNodeInfo describes one node.
 *
 *   hGraph      an open graph
 *   ullNodeId   the node; 0: this one
 *   ppNodeInfo  out; a copy. Free it with PeerGraphFreeData
 *
 *   S_OK                   the description is set
 *   PEER_E_NODE_NOT_FOUND  no node that publishes its presence has that id
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphGetNodeInfo function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphGetNodeInfo(HGRAPH hGraph, ULONGLONG ullNodeId,
                                                  PPEER_NODE_INFO *ppNodeInfo);

/* PeerGraphSetNodeAttributes sets the text that is published with the presence of this node.
 *
 *   hGraph         an open graph
 *   pwzAttributes  any text; NULL: none
 *
 *   S_OK  done; nodes get NODE_CHANGED
 *   As everywhere: E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphSetNodeAttributes function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphSetNodeAttributes(HGRAPH hGraph, PCWSTR pwzAttributes);

/* PeerGraphPeerTimeToUniversalTime turns peer time into UTC of this machine.
 *
 *   hGraph            an open graph
 *   pftPeerTime       the time to turn; required
 *   pftUniversalTime  out; UTC. May be the same variable
 *
 *   S_OK  the time is set
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphPeerTimeToUniversalTime function (p2p.h). */
PEERGROUP_API HRESULT WINAPI PeerGraphPeerTimeToUniversalTime(HGRAPH hGraph, FILETIME *pftPeerTime,
                                                              FILETIME *pftUniversalTime);

/* PeerGraphUniversalTimeToPeerTime turns UTC of this machine into peer time, as ftExpiration needs
 * it.
 *
 *   hGraph            an open graph
 *   pftUniversalTime  the time to turn; required
 *   pftPeerTime       out; peer time. May be the same variable
 *
 *   S_OK  the time is set
 *   As everywhere: E_INVALIDARG, PEER_E_NOT_INITIALIZED, PEER_E_INVALID_GRAPH
 *
 * Documented page: PeerGraphUniversalTimeToPeerTime function (p2p.h). No remote service is asked,
 * so the RPC codes that the page lists do not occur. */
PEERGROUP_API HRESULT WINAPI PeerGraphUniversalTimeToPeerTime(HGRAPH hGraph,
                                                              FILETIME *pftUniversalTime,
                                                              FILETIME *pftPeerTime);

#endif /* NO_P2P_GRAPH */

#ifdef __cplusplus
}
#endif

#endif /* _P2P_H_ */

/* The roles of a member. An administrator may invite, renew and change every record; an inviting
 * member may invite inviting members and members; every role publishes records and changes its own.
 *
 * Outside the include guard: the GUIDs are declared wherever the header is read, and defined, once
 * in a file, where DEFINE_GUID defines: with INITGUID, or when the header is read again after
 * <initguid.h>. */
#ifndef _WIN32
#include <peergroup/platform.h>
#endif
#if defined(DEFINE_GUID) && !defined(NO_P2P_GROUP) && !defined(PEERGROUP_ROLES_DEFINED)
#if defined(INITGUID) && !defined(_WIN32)
#define PEERGROUP_ROLES_DEFINED
#endif
DEFINE_GUID(PEER_GROUP_ROLE_ADMIN, 0x04387127, 0xaa56, 0x450a, 0x8c, 0xe5, 0x4f, 0x56, 0x5c, 0x67,
            0x90, 0xf4);
DEFINE_GUID(PEER_GROUP_ROLE_MEMBER, 0xf12dc4c7, 0x0857, 0x4ca0, 0x93, 0xfc, 0xb1, 0xbb, 0x19, 0xa3,
            0xd8, 0xc2);
#if NTDDI_VERSION >= 0x06000000
DEFINE_GUID(PEER_GROUP_ROLE_INVITING_MEMBER, 0x4370fd89, 0xdc18, 0x4cfb, 0x8d, 0xbf, 0x98, 0x53,
            0xa8, 0xa9, 0xf9, 0x05);
#endif
#endif
