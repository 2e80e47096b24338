/* notimpl.c - what the header declares and this library does not have yet.
 *
 * Each entry defines one function that sets its results to NULL or 0 and answers E_NOTIMPL, so that
 * programs link against the whole interface and can ask for what is missing instead of failing to
 * start. Nothing here allocates, blocks or can fail in another way. Whoever builds a function for
 * real takes its entry out; two definitions of one name do not link.
 *
 * Results named in an entry are cleared only where the caller gave a pointer. The time conversions
 * clear nothing: their input and output may be the same variable. */
#include <p2p.h>

#include <string.h>

/* One output: zero bytes are NULL, 0 and the empty structure alike. */
#define OUT(pointer) (void)((pointer) && memset((pointer), 0, sizeof(*(pointer))))
#define OUT2(first, second) (OUT(first), OUT(second))
#define NO_OUT (void)0

/* An entry uses its outputs only; the other parameters are there for the caller. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NOT_BUILT(name, parameters, outputs)                                                       \
    HRESULT WINAPI name parameters                                                                 \
    {                                                                                              \
        outputs;                                                                                   \
        return E_NOTIMPL;                                                                          \
    }
#define NOT_BUILT_VOID(name, parameters)                                                           \
    VOID WINAPI name parameters                                                                    \
    {                                                                                              \
    }

/* Common */
NOT_BUILT_VOID(PeerFreeData, (LPCVOID pvData))
NOT_BUILT(PeerGetItemCount, (HPEERENUM hPeerEnum, ULONG *pCount), OUT(pCount))
NOT_BUILT(PeerGetNextItem, (HPEERENUM hPeerEnum, ULONG *pCount, PVOID **pppvItems),
          OUT2(pCount, pppvItems))
NOT_BUILT(PeerEndEnumeration, (HPEERENUM hPeerEnum), NO_OUT)

/* Identity */
NOT_BUILT(PeerIdentityCreate,
          (PCWSTR pwzClassifier, PCWSTR pwzFriendlyName, HCRYPTPROV hCryptProv,
           PWSTR *ppwzIdentity),
          OUT(ppwzIdentity))
NOT_BUILT(PeerIdentityGetFriendlyName, (PCWSTR pwzIdentity, PWSTR *ppwzFriendlyName),
          OUT(ppwzFriendlyName))
NOT_BUILT(PeerIdentitySetFriendlyName, (PCWSTR pwzIdentity, PCWSTR pwzFriendlyName), NO_OUT)
NOT_BUILT(PeerIdentityGetCryptKey, (PCWSTR pwzIdentity, HCRYPTPROV *phCryptProv), OUT(phCryptProv))
NOT_BUILT(PeerIdentityDelete, (PCWSTR pwzIdentity), NO_OUT)
NOT_BUILT(PeerEnumIdentities, (HPEERENUM * phPeerEnum), OUT(phPeerEnum))
NOT_BUILT(PeerEnumGroups, (PCWSTR pwzIdentity, HPEERENUM *phPeerEnum), OUT(phPeerEnum))
NOT_BUILT(PeerCreatePeerName, (PCWSTR pwzIdentity, PCWSTR pwzClassifier, PWSTR *ppwzPeerName),
          OUT(ppwzPeerName))
NOT_BUILT(PeerIdentityGetXML, (PCWSTR pwzIdentity, PWSTR *ppwzIdentityXML), OUT(ppwzIdentityXML))
NOT_BUILT(PeerIdentityExport, (PCWSTR pwzIdentity, PCWSTR pwzPassword, PWSTR *ppwzExportXML),
          OUT(ppwzExportXML))
NOT_BUILT(PeerIdentityImport, (PCWSTR pwzImportXML, PCWSTR pwzPassword, PWSTR *ppwzIdentity),
          OUT(ppwzIdentity))
NOT_BUILT(PeerIdentityGetDefault, (PWSTR * ppwzPeerName), OUT(ppwzPeerName))

/* Grouping */
NOT_BUILT(PeerGroupStartup, (WORD wVersionRequested, PPEER_VERSION_DATA pVersionData),
          OUT(pVersionData))
NOT_BUILT(PeerGroupShutdown, (void), NO_OUT)
NOT_BUILT(PeerGroupCreate, (PPEER_GROUP_PROPERTIES pProperties, HGROUP *phGroup), OUT(phGroup))
NOT_BUILT(PeerGroupOpen,
          (PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName, PCWSTR pwzCloud, HGROUP *phGroup),
          OUT(phGroup))
NOT_BUILT(PeerGroupJoin,
          (PCWSTR pwzIdentity, PCWSTR pwzInvitation, PCWSTR pwzCloud, HGROUP *phGroup),
          OUT(phGroup))
NOT_BUILT(PeerGroupConnect, (HGROUP hGroup), NO_OUT)
NOT_BUILT(PeerGroupClose, (HGROUP hGroup), NO_OUT)
NOT_BUILT(PeerGroupDelete, (PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName), NO_OUT)
NOT_BUILT(PeerGroupCreateInvitation,
          (HGROUP hGroup, PCWSTR pwzIdentityInfo, FILETIME *pftExpiration, ULONG cRoles,
           const GUID *pRoles, PWSTR *ppwzInvitation),
          OUT(ppwzInvitation))
NOT_BUILT(PeerGroupParseInvitation, (PCWSTR pwzInvitation, PPEER_INVITATION_INFO *ppInvitationInfo),
          OUT(ppInvitationInfo))
NOT_BUILT(PeerGroupGetStatus, (HGROUP hGroup, DWORD *pdwStatus), OUT(pdwStatus))
NOT_BUILT(PeerGroupGetProperties, (HGROUP hGroup, PPEER_GROUP_PROPERTIES *ppProperties),
          OUT(ppProperties))
NOT_BUILT(PeerGroupSetProperties, (HGROUP hGroup, PPEER_GROUP_PROPERTIES pProperties), NO_OUT)
NOT_BUILT(PeerGroupEnumMembers,
          (HGROUP hGroup, DWORD dwFlags, PCWSTR pwzIdentity, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGroupOpenDirectConnection,
          (HGROUP hGroup, PCWSTR pwzIdentity, PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId),
          OUT(pullConnectionId))
NOT_BUILT(PeerGroupCloseDirectConnection, (HGROUP hGroup, ULONGLONG ullConnectionId), NO_OUT)
NOT_BUILT(PeerGroupEnumConnections, (HGROUP hGroup, DWORD dwFlags, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGroupSendData,
          (HGROUP hGroup, ULONGLONG ullConnectionId, const GUID *pType, ULONG cbData, PVOID pvData),
          NO_OUT)
NOT_BUILT(PeerGroupRegisterEvent,
          (HGROUP hGroup, HANDLE hEvent, DWORD cEventRegistration,
           PEER_GROUP_EVENT_REGISTRATION *pEventRegistrations, HPEEREVENT *phPeerEvent),
          OUT(phPeerEvent))
NOT_BUILT(PeerGroupUnregisterEvent, (HPEEREVENT hPeerEvent), NO_OUT)
NOT_BUILT(PeerGroupGetEventData, (HPEEREVENT hPeerEvent, PPEER_GROUP_EVENT_DATA *ppEventData),
          OUT(ppEventData))
NOT_BUILT(PeerGroupGetRecord, (HGROUP hGroup, const GUID *pRecordId, PPEER_RECORD *ppRecord),
          OUT(ppRecord))
NOT_BUILT(PeerGroupAddRecord, (HGROUP hGroup, PPEER_RECORD pRecord, GUID *pRecordId),
          OUT(pRecordId))
NOT_BUILT(PeerGroupUpdateRecord, (HGROUP hGroup, PPEER_RECORD pRecord), NO_OUT)
NOT_BUILT(PeerGroupDeleteRecord, (HGROUP hGroup, const GUID *pRecordId), NO_OUT)
NOT_BUILT(PeerGroupEnumRecords, (HGROUP hGroup, const GUID *pRecordType, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGroupSearchRecords, (HGROUP hGroup, PCWSTR pwzCriteria, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGroupExportDatabase, (HGROUP hGroup, PCWSTR pwzFilePath), NO_OUT)
NOT_BUILT(PeerGroupImportDatabase, (HGROUP hGroup, PCWSTR pwzFilePath), NO_OUT)
NOT_BUILT(PeerGroupIssueCredentials,
          (HGROUP hGroup, PCWSTR pwzSubjectIdentity, PEER_CREDENTIAL_INFO *pCredentialInfo,
           DWORD dwFlags, PWSTR *ppwzInvitation),
          OUT(ppwzInvitation))
NOT_BUILT(PeerGroupExportConfig, (HGROUP hGroup, PCWSTR pwzPassword, PWSTR *ppwzXML), OUT(ppwzXML))
NOT_BUILT(PeerGroupImportConfig,
          (PCWSTR pwzXML, PCWSTR pwzPassword, BOOL fOverwrite, PWSTR *ppwzIdentity,
           PWSTR *ppwzGroup),
          OUT2(ppwzIdentity, ppwzGroup))
NOT_BUILT(PeerGroupPeerTimeToUniversalTime,
          (HGROUP hGroup, FILETIME *pftPeerTime, FILETIME *pftUniversalTime), NO_OUT)
NOT_BUILT(PeerGroupUniversalTimeToPeerTime,
          (HGROUP hGroup, FILETIME *pftUniversalTime, FILETIME *pftPeerTime), NO_OUT)
NOT_BUILT(PeerGroupPasswordJoin,
          (PCWSTR pwzIdentity, PCWSTR pwzInvitation, PCWSTR pwzPassword, PCWSTR pwzCloud,
           HGROUP *phGroup),
          OUT(phGroup))
NOT_BUILT(PeerGroupConnectByAddress, (HGROUP hGroup, ULONG cAddresses, PPEER_ADDRESS pAddresses),
          NO_OUT)
NOT_BUILT(PeerGroupCreatePasswordInvitation, (HGROUP hGroup, PWSTR *ppwzInvitation),
          OUT(ppwzInvitation))
NOT_BUILT(PeerGroupResumePasswordAuthentication, (HGROUP hGroup, HPEEREVENT hPeerEventHandle),
          NO_OUT)

/* PNRP */
NOT_BUILT(PeerNameToPeerHostName, (PCWSTR pwzPeerName, PWSTR *ppwzHostName), OUT(ppwzHostName))
NOT_BUILT(PeerHostNameToPeerName, (PCWSTR pwzHostName, PWSTR *ppwzPeerName), OUT(ppwzPeerName))
NOT_BUILT(PeerPnrpStartup, (WORD wVersionRequested), NO_OUT)
NOT_BUILT(PeerPnrpShutdown, (void), NO_OUT)
NOT_BUILT(PeerPnrpRegister,
          (PCWSTR pcwzPeerName, PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo,
           HREGISTRATION *phRegistration),
          OUT(phRegistration))
NOT_BUILT(PeerPnrpUpdateRegistration,
          (HREGISTRATION hRegistration, PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo), NO_OUT)
NOT_BUILT(PeerPnrpUnregister, (HREGISTRATION hRegistration), NO_OUT)
NOT_BUILT(PeerPnrpResolve,
          (PCWSTR pcwzPeerName, PCWSTR pcwzCloudName, ULONG *pcEndpoints,
           PPEER_PNRP_ENDPOINT_INFO *ppEndpoints),
          OUT2(pcEndpoints, ppEndpoints))
NOT_BUILT(PeerPnrpStartResolve,
          (PCWSTR pcwzPeerName, PCWSTR pcwzCloudName, ULONG cMaxEndpoints, HANDLE hEvent,
           HRESOLUTION *phResolve),
          OUT(phResolve))
NOT_BUILT(PeerPnrpGetCloudInfo, (ULONG * pcNumClouds, PPEER_PNRP_CLOUD_INFO *ppCloudInfo),
          OUT2(pcNumClouds, ppCloudInfo))
NOT_BUILT(PeerPnrpGetEndpoint, (HRESOLUTION hResolve, PPEER_PNRP_ENDPOINT_INFO *ppEndpoint),
          OUT(ppEndpoint))
NOT_BUILT(PeerPnrpEndResolve, (HRESOLUTION hResolve), NO_OUT)

/* Graphing */
NOT_BUILT(PeerGraphStartup, (WORD wVersionRequested, PPEER_VERSION_DATA pVersionData),
          OUT(pVersionData))
NOT_BUILT(PeerGraphShutdown, (void), NO_OUT)
NOT_BUILT_VOID(PeerGraphFreeData, (PVOID pvData))
NOT_BUILT(PeerGraphGetItemCount, (HPEERENUM hPeerEnum, ULONG *pCount), OUT(pCount))
NOT_BUILT(PeerGraphGetNextItem, (HPEERENUM hPeerEnum, ULONG *pCount, PVOID **pppvItems),
          OUT2(pCount, pppvItems))
NOT_BUILT(PeerGraphEndEnumeration, (HPEERENUM hPeerEnum), NO_OUT)
NOT_BUILT(PeerGraphCreate,
          (PPEER_GRAPH_PROPERTIES pGraphProperties, PCWSTR pwzDatabaseName,
           PPEER_SECURITY_INTERFACE pSecurityInterface, HGRAPH *phGraph),
          OUT(phGraph))
NOT_BUILT(PeerGraphOpen,
          (PCWSTR pwzGraphId, PCWSTR pwzPeerId, PCWSTR pwzDatabaseName,
           PPEER_SECURITY_INTERFACE pSecurityInterface, ULONG cRecordTypeSyncPrecedence,
           const GUID *pRecordTypeSyncPrecedence, HGRAPH *phGraph),
          OUT(phGraph))
NOT_BUILT(PeerGraphListen, (HGRAPH hGraph, DWORD dwScope, DWORD dwScopeId, WORD wPort), NO_OUT)
NOT_BUILT(PeerGraphConnect,
          (HGRAPH hGraph, PCWSTR pwzPeerId, PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId),
          OUT(pullConnectionId))
NOT_BUILT(PeerGraphClose, (HGRAPH hGraph), NO_OUT)
NOT_BUILT(PeerGraphDelete, (PCWSTR pwzGraphId, PCWSTR pwzPeerId, PCWSTR pwzDatabaseName), NO_OUT)
NOT_BUILT(PeerGraphGetStatus, (HGRAPH hGraph, DWORD *pdwStatus), OUT(pdwStatus))
NOT_BUILT(PeerGraphGetProperties, (HGRAPH hGraph, PPEER_GRAPH_PROPERTIES *ppGraphProperties),
          OUT(ppGraphProperties))
NOT_BUILT(PeerGraphSetProperties, (HGRAPH hGraph, PPEER_GRAPH_PROPERTIES pGraphProperties), NO_OUT)
NOT_BUILT(PeerGraphRegisterEvent,
          (HGRAPH hGraph, HANDLE hEvent, ULONG cEventRegistrations,
           PEER_GRAPH_EVENT_REGISTRATION *pEventRegistrations, HPEEREVENT *phPeerEvent),
          OUT(phPeerEvent))
NOT_BUILT(PeerGraphUnregisterEvent, (HPEEREVENT hPeerEvent), NO_OUT)
NOT_BUILT(PeerGraphGetEventData, (HPEEREVENT hPeerEvent, PPEER_GRAPH_EVENT_DATA *ppEventData),
          OUT(ppEventData))
NOT_BUILT(PeerGraphGetRecord, (HGRAPH hGraph, const GUID *pRecordId, PPEER_RECORD *ppRecord),
          OUT(ppRecord))
NOT_BUILT(PeerGraphAddRecord, (HGRAPH hGraph, PPEER_RECORD pRecord, GUID *pRecordId),
          OUT(pRecordId))
NOT_BUILT(PeerGraphUpdateRecord, (HGRAPH hGraph, PPEER_RECORD pRecord), NO_OUT)
NOT_BUILT(PeerGraphDeleteRecord, (HGRAPH hGraph, const GUID *pRecordId, BOOL fLocal), NO_OUT)
NOT_BUILT(PeerGraphEnumRecords,
          (HGRAPH hGraph, const GUID *pRecordType, PCWSTR pwzPeerId, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGraphSearchRecords, (HGRAPH hGraph, PCWSTR pwzCriteria, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGraphExportDatabase, (HGRAPH hGraph, PCWSTR pwzFilePath), NO_OUT)
NOT_BUILT(PeerGraphImportDatabase, (HGRAPH hGraph, PCWSTR pwzFilePath), NO_OUT)
NOT_BUILT(PeerGraphValidateDeferredRecords,
          (HGRAPH hGraph, ULONG cRecordIds, const GUID *pRecordIds), NO_OUT)
NOT_BUILT(PeerGraphOpenDirectConnection,
          (HGRAPH hGraph, PCWSTR pwzPeerId, PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId),
          OUT(pullConnectionId))
NOT_BUILT(PeerGraphSendData,
          (HGRAPH hGraph, ULONGLONG ullConnectionId, const GUID *pType, ULONG cbData, PVOID pvData),
          NO_OUT)
NOT_BUILT(PeerGraphCloseDirectConnection, (HGRAPH hGraph, ULONGLONG ullConnectionId), NO_OUT)
NOT_BUILT(PeerGraphEnumConnections, (HGRAPH hGraph, DWORD dwFlags, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGraphEnumNodes, (HGRAPH hGraph, PCWSTR pwzPeerId, HPEERENUM *phPeerEnum),
          OUT(phPeerEnum))
NOT_BUILT(PeerGraphSetPresence, (HGRAPH hGraph, BOOL fPresent), NO_OUT)
NOT_BUILT(PeerGraphGetNodeInfo, (HGRAPH hGraph, ULONGLONG ullNodeId, PPEER_NODE_INFO *ppNodeInfo),
          OUT(ppNodeInfo))
NOT_BUILT(PeerGraphSetNodeAttributes, (HGRAPH hGraph, PCWSTR pwzAttributes), NO_OUT)
NOT_BUILT(PeerGraphPeerTimeToUniversalTime,
          (HGRAPH hGraph, FILETIME *pftPeerTime, FILETIME *pftUniversalTime), NO_OUT)
NOT_BUILT(PeerGraphUniversalTimeToPeerTime,
          (HGRAPH hGraph, FILETIME *pftUniversalTime, FILETIME *pftPeerTime), NO_OUT)
