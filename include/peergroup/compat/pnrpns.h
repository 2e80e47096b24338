/* pnrpns.h - the structures and GUIDs of the name provider, under the names and values of Windows'
 * header of the same name. Programs include it as <pnrpns.h> with peergroup/compat on their include
 * path; p2p.h includes it by itself.
 *
 * The GUIDs stand outside the include guard and go through DEFINE_GUID: declarations, and, once in
 * a file, definitions where INITGUID is set or the file is read again after <initguid.h>. */
#ifndef _PNRPNS_H_
#define _PNRPNS_H_

#include <peergroup/platform.h>
#include <peergroup/compat/pnrpdef.h>

/* Name space numbers for WSALookupServiceBegin and WSASetService. */
#ifndef NS_PNRPNAME
#define NS_PNRPNAME 38
#endif
#ifndef NS_PNRPCLOUD
#define NS_PNRPCLOUD 39
#endif

/* dwFlags of PNRPINFO: saHint is set. */
#define PNRPINFO_HINT 0x1

typedef struct _PNRPINFO_V1 {
    DWORD dwSize;
    LPWSTR lpwszIdentity; /* peer name that publishes; NULL for names without security */
    DWORD nMaxResolve;    /* answers wanted */
    DWORD dwTimeout;      /* seconds */
    DWORD dwLifetime;     /* seconds */
    PNRP_RESOLVE_CRITERIA enResolveCriteria;
    DWORD dwFlags;                        /* PNRPINFO_HINT or 0 */
    SOCKET_ADDRESS saHint;                /* address that "nearest" is measured from */
    PNRP_REGISTERED_ID_STATE enNameState; /* reserved, 0 */
} PNRPINFO_V1, *PPNRPINFO_V1;

typedef struct _PNRPINFO_V2 {
    DWORD dwSize;
    LPWSTR lpwszIdentity;
    DWORD nMaxResolve;
    DWORD dwTimeout;
    DWORD dwLifetime;
    PNRP_RESOLVE_CRITERIA enResolveCriteria;
    DWORD dwFlags;
    SOCKET_ADDRESS saHint;
    PNRP_REGISTERED_ID_STATE enNameState;
    PNRP_EXTENDED_PAYLOAD_TYPE enExtendedPayloadType; /* selects the member below */
    union {
        BLOB blobPayload;
        PWSTR pwszPayload;
    };
} PNRPINFO_V2, *PPNRPINFO_V2;

#ifdef PNRP_USE_V1_API
typedef PNRPINFO_V1 PNRPINFO;
typedef PPNRPINFO_V1 PPNRPINFO;
#else
typedef PNRPINFO_V2 PNRPINFO;
typedef PPNRPINFO_V2 PPNRPINFO;
#endif

#ifdef PNRP_USE_V1_API
#define SVCID_PNRPNAME SVCID_PNRPNAME_V1
#else
#define SVCID_PNRPNAME SVCID_PNRPNAME_V2
#endif

typedef struct _PNRPCLOUDINFO {
    DWORD dwSize;
    PNRP_CLOUD_ID Cloud;
    PNRP_CLOUD_STATE enCloudState;
    PNRP_CLOUD_FLAGS enCloudFlags;
} PNRPCLOUDINFO, *PPNRPCLOUDINFO;

#endif

#include <peergroup/platform.h>
#if defined(DEFINE_GUID) && !defined(PEERGROUP_PNRP_GUIDS_DEFINED)
#if defined(INITGUID) && !defined(_WIN32)
#define PEERGROUP_PNRP_GUIDS_DEFINED
#endif
/* The two name space providers. */
DEFINE_GUID(NS_PROVIDER_PNRPNAME, 0x03fe89cd, 0x766d, 0x4976, 0xb9, 0xc1, 0xbb, 0x9b, 0xc4, 0x2c,
            0x7b, 0x4d);
DEFINE_GUID(NS_PROVIDER_PNRPCLOUD, 0x03fe89ce, 0x766d, 0x4976, 0xb9, 0xc1, 0xbb, 0x9b, 0xc4, 0x2c,
            0x7b, 0x4d);
/* Their service classes. */
DEFINE_GUID(SVCID_PNRPCLOUD, 0xc2239ce6, 0x00c0, 0x4fbf, 0xba, 0xd6, 0x18, 0x13, 0x93, 0x85, 0xa4,
            0x9a);
DEFINE_GUID(SVCID_PNRPNAME_V1, 0xc2239ce5, 0x00c0, 0x4fbf, 0xba, 0xd6, 0x18, 0x13, 0x93, 0x85, 0xa4,
            0x9a);
DEFINE_GUID(SVCID_PNRPNAME_V2, 0xc2239ce7, 0x00c0, 0x4fbf, 0xba, 0xd6, 0x18, 0x13, 0x93, 0x85, 0xa4,
            0x9a);
#endif
