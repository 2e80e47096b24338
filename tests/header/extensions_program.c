/* extensions_program.c - what a program writes to use peergroup/extensions.h, compiled as C and as
 * C++. */
#include <peergroup/extensions.h>

static HRESULT remove_and_list(HGROUP group, PCWSTR member)
{
    HPEERENUM enumeration = NULL;
    PPEER_GROUP_REVOCATION *items = NULL;
    PPEER_GROUP_REVOCATION own = NULL;
    ULONG count = 1;
    DWORD process = 0, flags = PEER_GROUP_REVOKE_DROP_RECORDS | PEER_GROUP_REVOKE_WITH_ISSUED;
    HRESULT hr = PeerGroupRevokeMember(group, member, flags);
    if (SUCCEEDED(hr))
        hr = PeerGroupEnumRevocations(group, &enumeration);
    if (SUCCEEDED(hr))
        hr = PeerGetNextItem(enumeration, &count, (PVOID **)&items);
    if (SUCCEEDED(hr) && count == 1) {
        PCPEER_GROUP_REVOCATION first = items[0];
        if (first->keyHash.cbData == 32 && (first->dwFlags & PEER_GROUP_REVOCATION_IN_FORCE))
            hr = PeerGroupAppointDeputy(group, first->pwzIdentity);
    }
    PeerFreeData(items);
    if (SUCCEEDED(hr))
        hr = PeerGroupGetRemoval(group, &own);
    PeerFreeData(own);
    return SUCCEEDED(hr) ? PeerGroupGetHolder(member, member, &process) : hr;
}

int main(void)
{
    return SUCCEEDED(remove_and_list(NULL, NULL)) ? 1 : 0;
}
