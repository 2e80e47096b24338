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
#define CLEAR(pointer) (void)((pointer) && memset((pointer), 0, sizeof(*(pointer))))
#define CLEAR2(first, second) (CLEAR(first), CLEAR(second))
#define NOTHING (void)0

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

/* PNRP */
NOT_BUILT(PeerNameToPeerHostName, (PCWSTR pwzPeerName, PWSTR *ppwzHostName), CLEAR(ppwzHostName))
NOT_BUILT(PeerHostNameToPeerName, (PCWSTR pwzHostName, PWSTR *ppwzPeerName), CLEAR(ppwzPeerName))
NOT_BUILT(PeerPnrpStartup, (WORD wVersionRequested), NOTHING)
NOT_BUILT(PeerPnrpShutdown, (void), NOTHING)
NOT_BUILT(PeerPnrpRegister,
          (PCWSTR pcwzPeerName, PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo,
           HREGISTRATION *phRegistration),
          CLEAR(phRegistration))
NOT_BUILT(PeerPnrpUpdateRegistration,
          (HREGISTRATION hRegistration, PPEER_PNRP_REGISTRATION_INFO pRegistrationInfo), NOTHING)
NOT_BUILT(PeerPnrpUnregister, (HREGISTRATION hRegistration), NOTHING)
NOT_BUILT(PeerPnrpResolve,
          (PCWSTR pcwzPeerName, PCWSTR pcwzCloudName, ULONG *pcEndpoints,
           PPEER_PNRP_ENDPOINT_INFO *ppEndpoints),
          CLEAR2(pcEndpoints, ppEndpoints))
NOT_BUILT(PeerPnrpStartResolve,
          (PCWSTR pcwzPeerName, PCWSTR pcwzCloudName, ULONG cMaxEndpoints, HANDLE hEvent,
           HRESOLUTION *phResolve),
          CLEAR(phResolve))
NOT_BUILT(PeerPnrpGetCloudInfo, (ULONG * pcNumClouds, PPEER_PNRP_CLOUD_INFO *ppCloudInfo),
          CLEAR2(pcNumClouds, ppCloudInfo))
NOT_BUILT(PeerPnrpGetEndpoint, (HRESOLUTION hResolve, PPEER_PNRP_ENDPOINT_INFO *ppEndpoint),
          CLEAR(ppEndpoint))
NOT_BUILT(PeerPnrpEndResolve, (HRESOLUTION hResolve), NOTHING)

/* Graphing */
NOT_BUILT(PeerGraphStartup, (WORD wVersionRequested, PPEER_VERSION_DATA pVersionData),
          CLEAR(pVersionData))
NOT_BUILT(PeerGraphShutdown, (void), NOTHING)
NOT_BUILT_VOID(PeerGraphFreeData, (PVOID pvData))
NOT_BUILT(PeerGraphGetItemCount, (HPEERENUM hPeerEnum, ULONG *pCount), CLEAR(pCount))
NOT_BUILT(PeerGraphGetNextItem, (HPEERENUM hPeerEnum, ULONG *pCount, PVOID **pppvItems),
          CLEAR2(pCount, pppvItems))
NOT_BUILT(PeerGraphEndEnumeration, (HPEERENUM hPeerEnum), NOTHING)
NOT_BUILT(PeerGraphCreate,
          (PPEER_GRAPH_PROPERTIES pGraphProperties, PCWSTR pwzDatabaseName,
           PPEER_SECURITY_INTERFACE pSecurityInterface, HGRAPH *phGraph),
          CLEAR(phGraph))
NOT_BUILT(PeerGraphOpen,
          (PCWSTR pwzGraphId, PCWSTR pwzPeerId, PCWSTR pwzDatabaseName,
           PPEER_SECURITY_INTERFACE pSecurityInterface, ULONG cRecordTypeSyncPrecedence,
           const GUID *pRecordTypeSyncPrecedence, HGRAPH *phGraph),
          CLEAR(phGraph))
NOT_BUILT(PeerGraphListen, (HGRAPH hGraph, DWORD dwScope, DWORD dwScopeId, WORD wPort), NOTHING)
NOT_BUILT(PeerGraphConnect,
          (HGRAPH hGraph, PCWSTR pwzPeerId, PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId),
          CLEAR(pullConnectionId))
NOT_BUILT(PeerGraphClose, (HGRAPH hGraph), NOTHING)
NOT_BUILT(PeerGraphDelete, (PCWSTR pwzGraphId, PCWSTR pwzPeerId, PCWSTR pwzDatabaseName), NOTHING)
NOT_BUILT(PeerGraphGetStatus, (HGRAPH hGraph, DWORD *pdwStatus), CLEAR(pdwStatus))
NOT_BUILT(PeerGraphGetProperties, (HGRAPH hGraph, PPEER_GRAPH_PROPERTIES *ppGraphProperties),
          CLEAR(ppGraphProperties))
NOT_BUILT(PeerGraphSetProperties, (HGRAPH hGraph, PPEER_GRAPH_PROPERTIES pGraphProperties), NOTHING)
NOT_BUILT(PeerGraphRegisterEvent,
          (HGRAPH hGraph, HANDLE hEvent, ULONG cEventRegistrations,
           PEER_GRAPH_EVENT_REGISTRATION *pEventRegistrations, HPEEREVENT *phPeerEvent),
          CLEAR(phPeerEvent))
NOT_BUILT(PeerGraphUnregisterEvent, (HPEEREVENT hPeerEvent), NOTHING)
NOT_BUILT(PeerGraphGetEventData, (HPEEREVENT hPeerEvent, PPEER_GRAPH_EVENT_DATA *ppEventData),
          CLEAR(ppEventData))
NOT_BUILT(PeerGraphGetRecord, (HGRAPH hGraph, const GUID *pRecordId, PPEER_RECORD *ppRecord),
          CLEAR(ppRecord))
NOT_BUILT(PeerGraphAddRecord, (HGRAPH hGraph, PPEER_RECORD pRecord, GUID *pRecordId),
          CLEAR(pRecordId))
NOT_BUILT(PeerGraphUpdateRecord, (HGRAPH hGraph, PPEER_RECORD pRecord), NOTHING)
NOT_BUILT(PeerGraphDeleteRecord, (HGRAPH hGraph, const GUID *pRecordId, BOOL fLocal), NOTHING)
NOT_BUILT(PeerGraphEnumRecords,
          (HGRAPH hGraph, const GUID *pRecordType, PCWSTR pwzPeerId, HPEERENUM *phPeerEnum),
          CLEAR(phPeerEnum))
NOT_BUILT(PeerGraphSearchRecords, (HGRAPH hGraph, PCWSTR pwzCriteria, HPEERENUM *phPeerEnum),
          CLEAR(phPeerEnum))
NOT_BUILT(PeerGraphExportDatabase, (HGRAPH hGraph, PCWSTR pwzFilePath), NOTHING)
NOT_BUILT(PeerGraphImportDatabase, (HGRAPH hGraph, PCWSTR pwzFilePath), NOTHING)
NOT_BUILT(PeerGraphValidateDeferredRecords,
          (HGRAPH hGraph, ULONG cRecordIds, const GUID *pRecordIds), NOTHING)
NOT_BUILT(PeerGraphOpenDirectConnection,
          (HGRAPH hGraph, PCWSTR pwzPeerId, PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId),
          CLEAR(pullConnectionId))
NOT_BUILT(PeerGraphSendData,
          (HGRAPH hGraph, ULONGLONG ullConnectionId, const GUID *pType, ULONG cbData, PVOID pvData),
          NOTHING)
NOT_BUILT(PeerGraphCloseDirectConnection, (HGRAPH hGraph, ULONGLONG ullConnectionId), NOTHING)
NOT_BUILT(PeerGraphEnumConnections, (HGRAPH hGraph, DWORD dwFlags, HPEERENUM *phPeerEnum),
          CLEAR(phPeerEnum))
NOT_BUILT(PeerGraphEnumNodes, (HGRAPH hGraph, PCWSTR pwzPeerId, HPEERENUM *phPeerEnum),
          CLEAR(phPeerEnum))
NOT_BUILT(PeerGraphSetPresence, (HGRAPH hGraph, BOOL fPresent), NOTHING)
NOT_BUILT(PeerGraphGetNodeInfo, (HGRAPH hGraph, ULONGLONG ullNodeId, PPEER_NODE_INFO *ppNodeInfo),
          CLEAR(ppNodeInfo))
NOT_BUILT(PeerGraphSetNodeAttributes, (HGRAPH hGraph, PCWSTR pwzAttributes), NOTHING)
NOT_BUILT(PeerGraphPeerTimeToUniversalTime,
          (HGRAPH hGraph, FILETIME *pftPeerTime, FILETIME *pftUniversalTime), NOTHING)
NOT_BUILT(PeerGraphUniversalTimeToPeerTime,
          (HGRAPH hGraph, FILETIME *pftUniversalTime, FILETIME *pftPeerTime), NOTHING)
