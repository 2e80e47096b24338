/* create_group.c - makes an identity and a group, and prints the group's peer name. */
#include <p2p.h>

#include <stdio.h>

static void print_group(HGROUP group)
{
    PPEER_GROUP_PROPERTIES properties = NULL;
    if (FAILED(PeerGroupGetProperties(group, &properties)))
        return;
    for (PCWSTR unit = properties->pwzGroupPeerName; *unit; unit++)
        putchar(*unit < 128 ? *unit : '?');
    putchar('\n');
    PeerFreeData(properties);
}

int main(void)
{
    PEER_VERSION_DATA version;
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish),
                                  .pwzFriendlyName = PEERGROUP_TEXT("Tills")};
    HGROUP group = NULL;
    HRESULT hr = PeerGroupStartup(PEER_GROUP_VERSION, &version);
    if (SUCCEEDED(hr))
        hr = PeerIdentityCreate(NULL, PEERGROUP_TEXT("Till 1"), 0, &wish.pwzCreatorPeerName);
    if (SUCCEEDED(hr))
        hr = PeerGroupCreate(&wish, &group);
    if (SUCCEEDED(hr)) {
        print_group(group);
        PeerGroupClose(group);
    } else {
        fprintf(stderr, "failed: 0x%08lx\n", (unsigned long)hr & 0xffffffff);
    }
    PeerFreeData(wish.pwzCreatorPeerName);
    PeerGroupShutdown();
    return FAILED(hr);
}
