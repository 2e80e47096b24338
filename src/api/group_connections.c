/* group_connections.c - the links of this peer in a group: listed, opened to one member, closed,
 * and used to send bytes.
 *
 * What a call begins here ends elsewhere: whether a connection came about is an event, and bytes
 * are only handed to the network. An id that names no connection is PEER_E_CONNECTION_NOT_FOUND. */
#include "api/api.h"
#include "api/enumeration.h"
#include "api/group_convert.h"
#include "api/group_handle.h"

static HRESULT connection_item(void *context, uint32_t index, struct block *block, size_t *offset)
{
    const struct engine_connection_list *list = context;
    const struct engine_connection *connection = &list->items[index];
    HRESULT hr = block_add(block, sizeof(PEER_CONNECTION_INFO), offset);
    if (FAILED(hr))
        return hr;
    PEER_CONNECTION_INFO *info = block_at(block, *offset);
    info->dwSize = sizeof(*info);
    info->dwFlags = connection->direct ? PEER_CONNECTION_DIRECT : PEER_CONNECTION_NEIGHBOR;
    info->ullConnectionId = connection->id;
    info->ullNodeId = connection->node_id;
    info->address = convert_address_out(&connection->address);
    return block_add_text(block, *offset + offsetof(PEER_CONNECTION_INFO, pwzPeerId),
                          connection->peer_name);
}

static void connections_free(void *context)
{
    engine_connection_list_deinit(context);
    mem_free(context);
}

/* Takes the snapshot. */
static HRESULT enumerate(uint64_t session, DWORD flags, HPEERENUM *handle)
{
    struct engine_connection_list *list = mem_zalloc(sizeof(*list));
    if (!list)
        return E_OUTOFMEMORY;
    HRESULT hr = engine_connections(session, flags & PEER_CONNECTION_NEIGHBOR,
                                    flags & PEER_CONNECTION_DIRECT, list);
    const struct enumeration_source source = {.count = list->count,
                                              .item = connection_item,
                                              .free_context = connections_free,
                                              .context = list,
                                              .of_group = true};
    if (SUCCEEDED(hr))
        hr = enumeration_new(&source, handle);
    if (FAILED(hr))
        connections_free(list);
    return hr;
}

HRESULT WINAPI PeerGroupEnumConnections(HGROUP hGroup, DWORD dwFlags, HPEERENUM *phPeerEnum)
{
    const DWORD known = PEER_CONNECTION_NEIGHBOR | PEER_CONNECTION_DIRECT;
    uint64_t session;
    if (phPeerEnum)
        *phPeerEnum = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!phPeerEnum || (dwFlags & ~known) || !(dwFlags & known))
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    return SUCCEEDED(hr) ? enumerate(session, dwFlags, phPeerEnum) : hr;
}

HRESULT WINAPI PeerGroupOpenDirectConnection(HGROUP hGroup, PCWSTR pwzIdentity,
                                             PPEER_ADDRESS pAddress, ULONGLONG *pullConnectionId)
{
    char *identity CLEANUP_FREE = NULL;
    struct address address;
    uint64_t session, connection;
    if (pullConnectionId)
        *pullConnectionId = 0;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzIdentity || !pAddress || !pullConnectionId)
        return E_INVALIDARG;
    hr = convert_address_in(pAddress, &address);
    if (SUCCEEDED(hr))
        hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzIdentity, E_INVALIDARG, &identity);
    if (SUCCEEDED(hr))
        hr = engine_direct_open(session, identity, &address, &connection);
    if (SUCCEEDED(hr))
        *pullConnectionId = connection;
    return hr;
}

HRESULT WINAPI PeerGroupCloseDirectConnection(HGROUP hGroup, ULONGLONG ullConnectionId)
{
    uint64_t session;
    HRESULT hr = group_ready();
    if (SUCCEEDED(hr))
        hr = group_session(hGroup, &session);
    return SUCCEEDED(hr) ? engine_direct_close(session, ullConnectionId) : hr;
}

HRESULT WINAPI PeerGroupSendData(HGROUP hGroup, ULONGLONG ullConnectionId, const GUID *pType,
                                 ULONG cbData, PVOID pvData)
{
    uint64_t session;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pType || (cbData > 0 && !pvData) || cbData > LIMIT_DATA_SIZE)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (FAILED(hr))
        return hr;
    struct guid type = convert_guid_in(pType);
    return engine_send_data(session, ullConnectionId, &type, bytes_of(pvData, cbData));
}
