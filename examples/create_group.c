/* create_group.c - makes an identity and a group, and prints the group's peer name. */
#include <p2p.h>

#include <stdio.h>

int main(void)
{
    PEER_VERSION_DATA version;
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish),
                                  .pwzFriendlyName = PEERGROUP_TEXT("Tills")};
    PPEER_GROUP_PROPERTIES made = NULL;
    HGROUP group = NULL;
    HRESULT hr = PeerGroupStartup(PEER_GROUP_VERSION, &version);
    if (SUCCEEDED(hr))
        hr = PeerIdentityCreate(NULL, PEERGROUP_TEXT("Till 1"), 0, &wish.pwzCreatorPeerName);
    if (SUCCEEDED(hr))
        hr = PeerGroupCreate(&wish, &group);
    if (SUCCEEDED(hr))
        hr = PeerGroupGetProperties(group, &made);
    for (PCWSTR unit = made ? made->pwzGroupPeerName : PEERGROUP_TEXT("failed"); *unit; unit++)
        putchar(*unit < 128 ? (int)*unit : '?');
    putchar('\n');
    PeerFreeData(made);
    PeerFreeData(wish.pwzCreatorPeerName);
    PeerGroupClose(group);
    PeerGroupShutdown();
    return FAILED(hr);
}
