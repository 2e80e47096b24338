/* group_holder.c - PeerGroupGetHolder: which process has a group open.
 *
 * A question to the lock beside the group's database; nothing is opened, and an answer may be out
 * of date when it arrives. Names that cannot be peer names belong to nobody. Failure: the code of
 * the folder that cannot be read, and the process is 0. */
#include "api/api.h"
#include "engine/engine.h"

#include <peergroup/extensions.h>

HRESULT WINAPI PeerGroupGetHolder(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName, DWORD *pdwProcessId)
{
    char *identity CLEANUP_FREE = NULL;
    char *group CLEANUP_FREE = NULL;
    uint32_t process = 0;
    if (pdwProcessId)
        *pdwProcessId = 0;
    if (!pwzIdentity || !pwzGroupPeerName || !pdwProcessId)
        return E_INVALIDARG;
    HRESULT hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &identity);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzGroupPeerName, PEER_E_NOT_FOUND, &group);
    if (SUCCEEDED(hr))
        hr = engine_group_holder(identity, group, &process);
    if (SUCCEEDED(hr))
        *pdwProcessId = process;
    return hr;
}
