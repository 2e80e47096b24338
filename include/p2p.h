/* p2p.h - the Peer-to-Peer interface: identities, groups, name resolution and graphs.
 *
 * The interface that Windows documents under the same name, on Windows and elsewhere.
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

/* ---- Common: what identities, groups, names and graphs share ----------------------------------
 */

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
    PWSTR pwzCreatorId;      /* groups: ignored on input; graphs: NULL is the own peer id */
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
    /* PEER_E_CONNECTION_REFUSED, PEER_E_CONNECTION_FAILED or PEER_E_CONNECTION_NOT_AUTHENTICATED */
    HRESULT hrConnectionFailedReason;
#endif
} PEER_EVENT_CONNECTION_CHANGE_DATA, *PPEER_EVENT_CONNECTION_CHANGE_DATA;

/* Data of PEER_GRAPH_EVENT_SYNCHRONIZED. */
typedef struct peer_event_synchronized_data_tag {
    DWORD dwSize;
    GUID recordType; /* every record of this type that the neighbour has is here now */
} PEER_EVENT_SYNCHRONIZED_DATA, *PPEER_EVENT_SYNCHRONIZED_DATA;

#if !(defined(NO_P2P_GROUP) && defined(NO_P2P_IDENTITY) && defined(NO_P2P_PNRP))

PEERGROUP_API VOID WINAPI PeerFreeData(LPCVOID pvData);

PEERGROUP_API HRESULT WINAPI PeerGetItemCount(HPEERENUM hPeerEnum, ULONG *pCount);

PEERGROUP_API HRESULT WINAPI PeerGetNextItem(HPEERENUM hPeerEnum, ULONG *pCount, PVOID **pppvItems);

PEERGROUP_API HRESULT WINAPI PeerEndEnumeration(HPEERENUM hPeerEnum);

#endif

/* ---- Identity: who a user is ------------------------------------------------------------------
 */

#if !(defined(NO_P2P_GROUP) && defined(NO_P2P_IDENTITY))

/* Item of PeerEnumIdentities and PeerEnumGroups. */
typedef struct peer_name_pair_tag {
    DWORD dwSize;
    PWSTR pwzPeerName;     /* of the identity or of the group */
    PWSTR pwzFriendlyName; /* what to show to people */
} PEER_NAME_PAIR, *PPEER_NAME_PAIR;

#endif

#ifndef NO_P2P_IDENTITY

PEERGROUP_API HRESULT WINAPI PeerIdentityCreate(PCWSTR pwzClassifier, PCWSTR pwzFriendlyName,
                                                HCRYPTPROV hCryptProv, PWSTR *ppwzIdentity);

PEERGROUP_API HRESULT WINAPI PeerIdentityGetFriendlyName(PCWSTR pwzIdentity,
                                                         PWSTR *ppwzFriendlyName);

PEERGROUP_API HRESULT WINAPI PeerIdentitySetFriendlyName(PCWSTR pwzIdentity,
                                                         PCWSTR pwzFriendlyName);

PEERGROUP_API HRESULT WINAPI PeerIdentityGetCryptKey(PCWSTR pwzIdentity, HCRYPTPROV *phCryptProv);

PEERGROUP_API HRESULT WINAPI PeerIdentityDelete(PCWSTR pwzIdentity);

PEERGROUP_API HRESULT WINAPI PeerEnumIdentities(HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerEnumGroups(PCWSTR pwzIdentity, HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerCreatePeerName(PCWSTR pwzIdentity, PCWSTR pwzClassifier,
                                                PWSTR *ppwzPeerName);

PEERGROUP_API HRESULT WINAPI PeerIdentityGetXML(PCWSTR pwzIdentity, PWSTR *ppwzIdentityXML);

PEERGROUP_API HRESULT WINAPI PeerIdentityExport(PCWSTR pwzIdentity, PCWSTR pwzPassword,
                                                PWSTR *ppwzExportXML);

PEERGROUP_API HRESULT WINAPI PeerIdentityImport(PCWSTR pwzImportXML, PCWSTR pwzPassword,
                                                PWSTR *ppwzIdentity);

PEERGROUP_API HRESULT WINAPI PeerIdentityGetDefault(PWSTR *ppwzPeerName);

#endif /* NO_P2P_IDENTITY */

/* ---- Grouping: secured groups -----------------------------------------------------------------
 */

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
    PEER_MEMBER_LEFT = 5 /* never sent */
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

PEERGROUP_API HRESULT WINAPI PeerGroupStartup(WORD wVersionRequested,
                                              PPEER_VERSION_DATA pVersionData);

PEERGROUP_API HRESULT WINAPI PeerGroupShutdown(void);

PEERGROUP_API HRESULT WINAPI PeerGroupCreate(PPEER_GROUP_PROPERTIES pProperties, HGROUP *phGroup);

PEERGROUP_API HRESULT WINAPI PeerGroupOpen(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName,
                                           PCWSTR pwzCloud, HGROUP *phGroup);

PEERGROUP_API HRESULT WINAPI PeerGroupJoin(PCWSTR pwzIdentity, PCWSTR pwzInvitation,
                                           PCWSTR pwzCloud, HGROUP *phGroup);

PEERGROUP_API HRESULT WINAPI PeerGroupConnect(HGROUP hGroup);

PEERGROUP_API HRESULT WINAPI PeerGroupClose(HGROUP hGroup);

PEERGROUP_API HRESULT WINAPI PeerGroupDelete(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName);

PEERGROUP_API HRESULT WINAPI PeerGroupCreateInvitation(HGROUP hGroup, PCWSTR pwzIdentityInfo,
                                                       FILETIME *pftExpiration, ULONG cRoles,
                                                       const GUID *pRoles, PWSTR *ppwzInvitation);

PEERGROUP_API HRESULT WINAPI PeerGroupParseInvitation(PCWSTR pwzInvitation,
                                                      PPEER_INVITATION_INFO *ppInvitationInfo);

PEERGROUP_API HRESULT WINAPI PeerGroupGetStatus(HGROUP hGroup, DWORD *pdwStatus);

PEERGROUP_API HRESULT WINAPI PeerGroupGetProperties(HGROUP hGroup,
                                                    PPEER_GROUP_PROPERTIES *ppProperties);

PEERGROUP_API HRESULT WINAPI PeerGroupSetProperties(HGROUP hGroup,
                                                    PPEER_GROUP_PROPERTIES pProperties);

PEERGROUP_API HRESULT WINAPI PeerGroupEnumMembers(HGROUP hGroup, DWORD dwFlags, PCWSTR pwzIdentity,
                                                  HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGroupOpenDirectConnection(HGROUP hGroup, PCWSTR pwzIdentity,
                                                           PPEER_ADDRESS pAddress,
                                                           ULONGLONG *pullConnectionId);

PEERGROUP_API HRESULT WINAPI PeerGroupCloseDirectConnection(HGROUP hGroup,
                                                            ULONGLONG ullConnectionId);

PEERGROUP_API HRESULT WINAPI PeerGroupEnumConnections(HGROUP hGroup, DWORD dwFlags,
                                                      HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGroupSendData(HGROUP hGroup, ULONGLONG ullConnectionId,
                                               const GUID *pType, ULONG cbData, PVOID pvData);

PEERGROUP_API HRESULT WINAPI
PeerGroupRegisterEvent(HGROUP hGroup, HANDLE hEvent, DWORD cEventRegistration,
                       PEER_GROUP_EVENT_REGISTRATION *pEventRegistrations, HPEEREVENT *phPeerEvent);

PEERGROUP_API HRESULT WINAPI PeerGroupUnregisterEvent(HPEEREVENT hPeerEvent);

PEERGROUP_API HRESULT WINAPI PeerGroupGetEventData(HPEEREVENT hPeerEvent,
                                                   PPEER_GROUP_EVENT_DATA *ppEventData);

PEERGROUP_API HRESULT WINAPI PeerGroupGetRecord(HGROUP hGroup, const GUID *pRecordId,
                                                PPEER_RECORD *ppRecord);

PEERGROUP_API HRESULT WINAPI PeerGroupAddRecord(HGROUP hGroup, PPEER_RECORD pRecord,
                                                GUID *pRecordId);

PEERGROUP_API HRESULT WINAPI PeerGroupUpdateRecord(HGROUP hGroup, PPEER_RECORD pRecord);

PEERGROUP_API HRESULT WINAPI PeerGroupDeleteRecord(HGROUP hGroup, const GUID *pRecordId);

PEERGROUP_API HRESULT WINAPI PeerGroupEnumRecords(HGROUP hGroup, const GUID *pRecordType,
                                                  HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGroupSearchRecords(HGROUP hGroup, PCWSTR pwzCriteria,
                                                    HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGroupExportDatabase(HGROUP hGroup, PCWSTR pwzFilePath);

PEERGROUP_API HRESULT WINAPI PeerGroupImportDatabase(HGROUP hGroup, PCWSTR pwzFilePath);

PEERGROUP_API HRESULT WINAPI PeerGroupIssueCredentials(HGROUP hGroup, PCWSTR pwzSubjectIdentity,
                                                       PEER_CREDENTIAL_INFO *pCredentialInfo,
                                                       DWORD dwFlags, PWSTR *ppwzInvitation);

PEERGROUP_API HRESULT WINAPI PeerGroupExportConfig(HGROUP hGroup, PCWSTR pwzPassword,
                                                   PWSTR *ppwzXML);

PEERGROUP_API HRESULT WINAPI PeerGroupImportConfig(PCWSTR pwzXML, PCWSTR pwzPassword,
                                                   BOOL fOverwrite, PWSTR *ppwzIdentity,
                                                   PWSTR *ppwzGroup);

PEERGROUP_API HRESULT WINAPI PeerGroupPeerTimeToUniversalTime(HGROUP hGroup, FILETIME *pftPeerTime,
                                                              FILETIME *pftUniversalTime);

PEERGROUP_API HRESULT WINAPI PeerGroupUniversalTimeToPeerTime(HGROUP hGroup,
                                                              FILETIME *pftUniversalTime,
                                                              FILETIME *pftPeerTime);

#if NTDDI_VERSION >= 0x06000000
PEERGROUP_API HRESULT WINAPI PeerGroupPasswordJoin(PCWSTR pwzIdentity, PCWSTR pwzInvitation,
                                                   PCWSTR pwzPassword, PCWSTR pwzCloud,
                                                   HGROUP *phGroup);

PEERGROUP_API HRESULT WINAPI PeerGroupConnectByAddress(HGROUP hGroup, ULONG cAddresses,
                                                       PPEER_ADDRESS pAddresses);

PEERGROUP_API HRESULT WINAPI PeerGroupCreatePasswordInvitation(HGROUP hGroup,
                                                               PWSTR *ppwzInvitation);

#endif
#if NTDDI_VERSION >= 0x06010000
PEERGROUP_API HRESULT WINAPI PeerGroupResumePasswordAuthentication(HGROUP hGroup,
                                                                   HPEEREVENT hPeerEventHandle);

#endif
#endif /* NO_P2P_GROUP */

/* ---- PNRP: names and where they answer --------------------------------------------------------
 */

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

PEERGROUP_API HRESULT WINAPI PeerNameToPeerHostName(PCWSTR pwzPeerName, PWSTR *ppwzHostName);

PEERGROUP_API HRESULT WINAPI PeerHostNameToPeerName(PCWSTR pwzHostName, PWSTR *ppwzPeerName);

PEERGROUP_API HRESULT WINAPI PeerPnrpStartup(WORD wVersionRequested);

PEERGROUP_API HRESULT WINAPI PeerPnrpShutdown(void);

PEERGROUP_API HRESULT WINAPI PeerPnrpRegister(PCWSTR pcwzPeerName,
                                              PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo,
                                              HREGISTRATION *phRegistration);

PEERGROUP_API HRESULT WINAPI PeerPnrpUpdateRegistration(
    HREGISTRATION hRegistration, PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo);

PEERGROUP_API HRESULT WINAPI PeerPnrpUnregister(HREGISTRATION hRegistration);

PEERGROUP_API HRESULT WINAPI PeerPnrpResolve(PCWSTR pcwzPeerName, PCWSTR pcwzCloudName,
                                             ULONG *pcEndpoints,
                                             PPEER_PNRP_ENDPOINT_INFO *ppEndpoints);

PEERGROUP_API HRESULT WINAPI PeerPnrpStartResolve(PCWSTR pcwzPeerName, PCWSTR pcwzCloudName,
                                                  ULONG cMaxEndpoints, HANDLE hEvent,
                                                  HRESOLUTION *phResolve);

PEERGROUP_API HRESULT WINAPI PeerPnrpGetCloudInfo(ULONG *pcNumClouds,
                                                  PPEER_PNRP_CLOUD_INFO *ppCloudInfo);

PEERGROUP_API HRESULT WINAPI PeerPnrpGetEndpoint(HRESOLUTION hResolve,
                                                 PPEER_PNRP_ENDPOINT_INFO *ppEndpoint);

PEERGROUP_API HRESULT WINAPI PeerPnrpEndResolve(HRESOLUTION hResolve);

#endif /* NO_P2P_PNRP */

/* ---- Graphing: the graph below a group --------------------------------------------------------
 */

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

typedef HRESULT(CALLBACK *PFNPEER_VALIDATE_RECORD)(HGRAPH hGraph, PVOID pvContext,
                                                   PPEER_RECORD pRecord,
                                                   PEER_RECORD_CHANGE_TYPE changeType);
typedef HRESULT(CALLBACK *PFNPEER_SECURE_RECORD)(HGRAPH hGraph, PVOID pvContext,
                                                 PPEER_RECORD pRecord,
                                                 PEER_RECORD_CHANGE_TYPE changeType,
                                                 PPEER_DATA *ppSecurityData);
typedef HRESULT(CALLBACK *PFNPEER_FREE_SECURITY_DATA)(HGRAPH hGraph, PVOID pvContext,
                                                      PPEER_DATA pSecurityData);
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

PEERGROUP_API HRESULT WINAPI PeerGraphStartup(WORD wVersionRequested,
                                              PPEER_VERSION_DATA pVersionData);

PEERGROUP_API HRESULT WINAPI PeerGraphShutdown(void);

PEERGROUP_API VOID WINAPI PeerGraphFreeData(PVOID pvData);

PEERGROUP_API HRESULT WINAPI PeerGraphGetItemCount(HPEERENUM hPeerEnum, ULONG *pCount);

PEERGROUP_API HRESULT WINAPI PeerGraphGetNextItem(HPEERENUM hPeerEnum, ULONG *pCount,
                                                  PVOID **pppvItems);

PEERGROUP_API HRESULT WINAPI PeerGraphEndEnumeration(HPEERENUM hPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGraphCreate(PPEER_GRAPH_PROPERTIES pGraphProperties,
                                             PCWSTR pwzDatabaseName,
                                             PPEER_SECURITY_INTERFACE pSecurityInterface,
                                             HGRAPH *phGraph);

PEERGROUP_API HRESULT WINAPI PeerGraphOpen(PCWSTR pwzGraphId, PCWSTR pwzPeerId,
                                           PCWSTR pwzDatabaseName,
                                           PPEER_SECURITY_INTERFACE pSecurityInterface,
                                           ULONG cRecordTypeSyncPrecedence,
                                           const GUID *pRecordTypeSyncPrecedence, HGRAPH *phGraph);

PEERGROUP_API HRESULT WINAPI PeerGraphListen(HGRAPH hGraph, DWORD dwScope, DWORD dwScopeId,
                                             WORD wPort);

PEERGROUP_API HRESULT WINAPI PeerGraphConnect(HGRAPH hGraph, PCWSTR pwzPeerId,
                                              PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId);

PEERGROUP_API HRESULT WINAPI PeerGraphClose(HGRAPH hGraph);

PEERGROUP_API HRESULT WINAPI PeerGraphDelete(PCWSTR pwzGraphId, PCWSTR pwzPeerId,
                                             PCWSTR pwzDatabaseName);

PEERGROUP_API HRESULT WINAPI PeerGraphGetStatus(HGRAPH hGraph, DWORD *pdwStatus);

PEERGROUP_API HRESULT WINAPI PeerGraphGetProperties(HGRAPH hGraph,
                                                    PPEER_GRAPH_PROPERTIES *ppGraphProperties);

PEERGROUP_API HRESULT WINAPI PeerGraphSetProperties(HGRAPH hGraph,
                                                    PPEER_GRAPH_PROPERTIES pGraphProperties);

PEERGROUP_API HRESULT WINAPI
PeerGraphRegisterEvent(HGRAPH hGraph, HANDLE hEvent, ULONG cEventRegistrations,
                       PEER_GRAPH_EVENT_REGISTRATION *pEventRegistrations, HPEEREVENT *phPeerEvent);

PEERGROUP_API HRESULT WINAPI PeerGraphUnregisterEvent(HPEEREVENT hPeerEvent);

PEERGROUP_API HRESULT WINAPI PeerGraphGetEventData(HPEEREVENT hPeerEvent,
                                                   PPEER_GRAPH_EVENT_DATA *ppEventData);

PEERGROUP_API HRESULT WINAPI PeerGraphGetRecord(HGRAPH hGraph, const GUID *pRecordId,
                                                PPEER_RECORD *ppRecord);

PEERGROUP_API HRESULT WINAPI PeerGraphAddRecord(HGRAPH hGraph, PPEER_RECORD pRecord,
                                                GUID *pRecordId);

PEERGROUP_API HRESULT WINAPI PeerGraphUpdateRecord(HGRAPH hGraph, PPEER_RECORD pRecord);

PEERGROUP_API HRESULT WINAPI PeerGraphDeleteRecord(HGRAPH hGraph, const GUID *pRecordId,
                                                   BOOL fLocal);

PEERGROUP_API HRESULT WINAPI PeerGraphEnumRecords(HGRAPH hGraph, const GUID *pRecordType,
                                                  PCWSTR pwzPeerId, HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGraphSearchRecords(HGRAPH hGraph, PCWSTR pwzCriteria,
                                                    HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGraphExportDatabase(HGRAPH hGraph, PCWSTR pwzFilePath);

PEERGROUP_API HRESULT WINAPI PeerGraphImportDatabase(HGRAPH hGraph, PCWSTR pwzFilePath);

PEERGROUP_API HRESULT WINAPI PeerGraphValidateDeferredRecords(HGRAPH hGraph, ULONG cRecordIds,
                                                              const GUID *pRecordIds);

PEERGROUP_API HRESULT WINAPI PeerGraphOpenDirectConnection(HGRAPH hGraph, PCWSTR pwzPeerId,
                                                           PPEER_ADDRESS pAddress,
                                                           ULONGLONG *pullConnectionId);

PEERGROUP_API HRESULT WINAPI PeerGraphSendData(HGRAPH hGraph, ULONGLONG ullConnectionId,
                                               const GUID *pType, ULONG cbData, PVOID pvData);

PEERGROUP_API HRESULT WINAPI PeerGraphCloseDirectConnection(HGRAPH hGraph,
                                                            ULONGLONG ullConnectionId);

PEERGROUP_API HRESULT WINAPI PeerGraphEnumConnections(HGRAPH hGraph, DWORD dwFlags,
                                                      HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGraphEnumNodes(HGRAPH hGraph, PCWSTR pwzPeerId,
                                                HPEERENUM *phPeerEnum);

PEERGROUP_API HRESULT WINAPI PeerGraphSetPresence(HGRAPH hGraph, BOOL fPresent);

PEERGROUP_API HRESULT WINAPI PeerGraphGetNodeInfo(HGRAPH hGraph, ULONGLONG ullNodeId,
                                                  PPEER_NODE_INFO *ppNodeInfo);

PEERGROUP_API HRESULT WINAPI PeerGraphSetNodeAttributes(HGRAPH hGraph, PCWSTR pwzAttributes);

PEERGROUP_API HRESULT WINAPI PeerGraphPeerTimeToUniversalTime(HGRAPH hGraph, FILETIME *pftPeerTime,
                                                              FILETIME *pftUniversalTime);

PEERGROUP_API HRESULT WINAPI PeerGraphUniversalTimeToPeerTime(HGRAPH hGraph,
                                                              FILETIME *pftUniversalTime,
                                                              FILETIME *pftPeerTime);

#endif /* NO_P2P_GRAPH */

#ifdef __cplusplus
}
#endif

#endif /* _P2P_H_ */

/* The roles of a member. Declared wherever the header is read, and defined where DEFINE_GUID
 * defines: with INITGUID, or when the header is read again after <initguid.h>. Each administrator
 * may invite, renew and change every record; an inviting member may invite inviting members and
 * members; every role publishes records and changes its own. */
#if defined(DEFINE_GUID) && !defined(NO_P2P_GROUP)
DEFINE_GUID(PEER_GROUP_ROLE_ADMIN, 0x04387127, 0xaa56, 0x450a, 0x8c, 0xe5, 0x4f, 0x56, 0x5c, 0x67,
            0x90, 0xf4);
DEFINE_GUID(PEER_GROUP_ROLE_MEMBER, 0xf12dc4c7, 0x0857, 0x4ca0, 0x93, 0xfc, 0xb1, 0xbb, 0x19, 0xa3,
            0xd8, 0xc2);
#if NTDDI_VERSION >= 0x06000000
DEFINE_GUID(PEER_GROUP_ROLE_INVITING_MEMBER, 0x4370fd89, 0xdc18, 0x4cfb, 0x8d, 0xbf, 0x98, 0x53,
            0xa8, 0xa9, 0xf9, 0x05);
#endif
#endif
