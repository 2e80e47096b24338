/* pnrpdef.h - scopes, clouds and resolve criteria of Peer Name Resolution, under the names and
 * values of Windows' header of the same name.
 *
 * On Windows the system's own <pnrpdef.h> is used. PNRP_USE_V1_API selects the version 1 names for
 * PNRPINFO and SVCID_PNRPNAME, PNRP_USE_V2_API (the default) those of version 2; not both. */
#ifndef PEERGROUP_COMPAT_PNRPDEF_H
#define PEERGROUP_COMPAT_PNRPDEF_H

#include <peergroup/platform.h>

#if defined(PNRP_USE_V1_API) && defined(PNRP_USE_V2_API)
#error "define PNRP_USE_V1_API or PNRP_USE_V2_API, not both"
#endif
#if !defined(PNRP_USE_V1_API) && !defined(PNRP_USE_V2_API)
#if defined(_WIN32_WINNT) && _WIN32_WINNT < 0x0600
#define PNRP_USE_V1_API
#else
#define PNRP_USE_V2_API
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

/* Addresses of one registration at most, and bytes of an extended payload at most. */
#define PNRP_MAX_ENDPOINT_ADDRESSES 10
#define PNRP_MAX_EXTENDED_PAYLOAD_BYTES 0x1000

/* The scope of a cloud as invitations spell it. */
#define WSZ_SCOPE_GLOBAL PEERGROUP_TEXT("GLOBAL")
#define WSZ_SCOPE_SITELOCAL PEERGROUP_TEXT("SITELOCAL")
#define WSZ_SCOPE_LINKLOCAL PEERGROUP_TEXT("LINKLOCAL")

typedef enum _PNRP_SCOPE {
    PNRP_SCOPE_ANY = 0,
    PNRP_GLOBAL_SCOPE = 1,
    PNRP_SITE_LOCAL_SCOPE = 2,
    PNRP_LINK_LOCAL_SCOPE = 3
} PNRP_SCOPE,
    *PPNRP_SCOPE;

typedef enum _PNRP_CLOUD_STATE {
    PNRP_CLOUD_STATE_VIRTUAL = 0,       /* not started yet */
    PNRP_CLOUD_STATE_SYNCHRONISING = 1, /* starting */
    PNRP_CLOUD_STATE_ACTIVE = 2,        /* registers and resolves */
    PNRP_CLOUD_STATE_DEAD = 3,          /* lost its network */
    PNRP_CLOUD_STATE_DISABLED = 4,      /* switched off */
    PNRP_CLOUD_STATE_NO_NET = 5,        /* was active, waits for its network */
    PNRP_CLOUD_STATE_ALONE = 6          /* works, but nobody else is there */
} PNRP_CLOUD_STATE;

typedef enum _PNRP_CLOUD_FLAGS {
    PNRP_CLOUD_NO_FLAGS = 0x0,
    PNRP_CLOUD_NAME_LOCAL = 0x1,      /* the name means something on this machine only */
    PNRP_CLOUD_RESOLVE_ONLY = 0x2,    /* names cannot be registered */
    PNRP_CLOUD_FULL_PARTICIPANT = 0x4 /* this machine serves others in the cloud */
} PNRP_CLOUD_FLAGS;

typedef enum _PNRP_REGISTERED_ID_STATE {
    PNRP_REGISTERED_ID_STATE_OK = 1,
    PNRP_REGISTERED_ID_STATE_PROBLEM = 2
} PNRP_REGISTERED_ID_STATE;

typedef enum _PNRP_RESOLVE_CRITERIA {
    PNRP_RESOLVE_CRITERIA_DEFAULT = 0,
    PNRP_RESOLVE_CRITERIA_REMOTE_PEER_NAME = 1,
    PNRP_RESOLVE_CRITERIA_NEAREST_REMOTE_PEER_NAME = 2,
    PNRP_RESOLVE_CRITERIA_NON_CURRENT_PROCESS_PEER_NAME = 3,
    PNRP_RESOLVE_CRITERIA_NEAREST_NON_CURRENT_PROCESS_PEER_NAME = 4,
    PNRP_RESOLVE_CRITERIA_ANY_PEER_NAME = 5,
    PNRP_RESOLVE_CRITERIA_NEAREST_PEER_NAME = 6
} PNRP_RESOLVE_CRITERIA;

typedef enum _PNRP_EXTENDED_PAYLOAD_TYPE {
    PNRP_EXTENDED_PAYLOAD_TYPE_NONE = 0,
    PNRP_EXTENDED_PAYLOAD_TYPE_BINARY = 1,
    PNRP_EXTENDED_PAYLOAD_TYPE_STRING = 2
} PNRP_EXTENDED_PAYLOAD_TYPE,
    *PPNRP_EXTENDED_PAYLOAD_TYPE;

typedef struct _PNRP_CLOUD_ID {
    INT AddressFamily; /* AF_INET6 */
    PNRP_SCOPE Scope;
    ULONG ScopeId; /* interface of a link-local cloud, zone of a site-local one */
} PNRP_CLOUD_ID, *PPNRP_CLOUD_ID;

#endif
