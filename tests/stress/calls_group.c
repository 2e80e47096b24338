/* calls_group.c - the life of groups, invitations, properties, members and export. */
#include "stress.h"

/* Keeps a group's handle; closes the one that had to make room. */
static void keep_group(unsigned *seed, HGROUP group)
{
    HGROUP old = stress_put(STRESS_GROUP, seed, group);
    if (old) {
        HRESULT closed = PeerGroupClose(old);
        (void)closed; /* deleted meanwhile, perhaps */
    }
}

static HRESULT startup(unsigned *seed)
{
    (void)seed;
    PEER_VERSION_DATA version;
    HRESULT hr = PeerGroupStartup(PEER_GROUP_VERSION, &version);
    return SUCCEEDED(hr) ? PeerGroupShutdown() : hr;
}

static HRESULT create(unsigned *seed)
{
    static const WCHAR password[] = u"Plinth-Vex-27-obelisk";
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish),
                                  .pwzCreatorPeerName = identity,
                                  .pwzFriendlyName = (PWSTR)u"Stress"};
    if (stress_draw(seed, 8) == 0) {
        wish.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
        wish.pwzGroupPassword = (PWSTR)password;
        wish.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    }
    HRESULT hr = PeerGroupCreate(&wish, &group);
    PPEER_GROUP_PROPERTIES properties = NULL;
    if (SUCCEEDED(hr) && SUCCEEDED(PeerGroupGetProperties(group, &properties)))
        stress_keep(STRESS_GROUP_NAME, seed, identity, properties->pwzGroupPeerName);
    PeerFreeData(properties);
    if (SUCCEEDED(hr))
        keep_group(seed, group);
    free(identity);
    return hr;
}

static HRESULT open(unsigned *seed)
{
    WCHAR *names = stress_text(STRESS_GROUP_NAME, seed);
    if (!names)
        return STRESS_NOT_CALLED;
    HGROUP group = NULL;
    PCWSTR name = stress_split(names);
    HRESULT hr = PeerGroupOpen(names, name, NULL, &group);
    if (SUCCEEDED(hr))
        keep_group(seed, group);
    free(names);
    return hr;
}

static HRESULT join(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_INVITATION, seed);
    if (!identity)
        return STRESS_NOT_CALLED;
    HGROUP group = NULL;
    PCWSTR invitation = stress_split(identity);
    HRESULT hr = PeerGroupJoin(identity, invitation, NULL, &group);
    if (SUCCEEDED(hr))
        keep_group(seed, group);
    free(identity);
    return hr;
}

static HRESULT password_join(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    WCHAR *invitation = stress_text(STRESS_PASSWORD_INVITATION, seed);
    HGROUP group = NULL;
    HRESULT hr = PeerGroupPasswordJoin(identity, invitation,
                                       stress_draw(seed, 4) ? u"Plinth-Vex-27-obelisk" : u"wrong",
                                       NULL, &group);
    if (SUCCEEDED(hr))
        keep_group(seed, group);
    free(identity);
    free(invitation);
    return hr;
}

static HRESULT connect_group(unsigned *seed)
{
    return PeerGroupConnect(stress_look(STRESS_GROUP, seed));
}

static HRESULT connect_by_address(unsigned *seed)
{
    PEER_ADDRESS address = stress_pair[stress_draw(seed, 2)].address;
    if (stress_draw(seed, 2))
        address.sin6.sin6_port = htons(9);
    return PeerGroupConnectByAddress(stress_look(STRESS_GROUP, seed), 1, &address);
}

static HRESULT close(unsigned *seed)
{
    return PeerGroupClose(stress_take(STRESS_GROUP, seed));
}

static HRESULT delete_group(unsigned *seed)
{
    WCHAR *names = stress_text(STRESS_GROUP_NAME, seed);
    if (!names)
        return STRESS_NOT_CALLED;
    PCWSTR name = stress_split(names);
    HRESULT hr = PeerGroupDelete(names, name);
    free(names);
    return hr;
}

static HRESULT create_invitation(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    PWSTR xml = NULL, invitation = NULL;
    HRESULT hr = STRESS_NOT_CALLED;
    if (identity && SUCCEEDED(PeerIdentityGetXML(identity, &xml)))
        hr = PeerGroupCreateInvitation(stress_look(STRESS_GROUP, seed), xml, NULL, 0, NULL,
                                       &invitation);
    if (invitation)
        stress_keep(STRESS_INVITATION, seed, identity, invitation);
    PeerFreeData(invitation);
    PeerFreeData(xml);
    free(identity);
    return hr;
}

static HRESULT create_password_invitation(unsigned *seed)
{
    PWSTR invitation = NULL;
    HRESULT hr = PeerGroupCreatePasswordInvitation(stress_look(STRESS_GROUP, seed), &invitation);
    if (SUCCEEDED(hr) && invitation)
        stress_keep(STRESS_PASSWORD_INVITATION, seed, invitation, NULL);
    PeerFreeData(invitation);
    return hr;
}

static HRESULT parse_invitation(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_INVITATION, seed);
    if (!identity)
        return STRESS_NOT_CALLED;
    PPEER_INVITATION_INFO info = NULL;
    HRESULT hr = PeerGroupParseInvitation(stress_split(identity), &info);
    PeerFreeData(info);
    free(identity);
    return hr;
}

static HRESULT status(unsigned *seed)
{
    DWORD bits;
    return PeerGroupGetStatus(stress_look(STRESS_GROUP, seed), &bits);
}

static HRESULT get_properties(unsigned *seed)
{
    PPEER_GROUP_PROPERTIES properties = NULL;
    HRESULT hr = PeerGroupGetProperties(stress_look(STRESS_GROUP, seed), &properties);
    PeerFreeData(properties);
    return hr;
}

static HRESULT set_properties(unsigned *seed)
{
    HGROUP group = stress_look(STRESS_GROUP, seed);
    PPEER_GROUP_PROPERTIES properties = NULL;
    HRESULT hr = PeerGroupGetProperties(group, &properties);
    if (FAILED(hr)) /* a code of another function: made anew on nothing */
        return PeerGroupSetProperties(NULL, NULL);
    properties->pwzComment = (PWSTR)u"stressed";
    hr = PeerGroupSetProperties(group, properties);
    PeerFreeData(properties);
    return hr;
}

static HRESULT enum_members(unsigned *seed)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr =
        PeerGroupEnumMembers(stress_look(STRESS_GROUP, seed),
                             stress_draw(seed, 2) ? PEER_MEMBER_PRESENT : 0, NULL, &enumeration);
    return stress_keep_enumeration(seed, hr, enumeration);
}

static HRESULT issue(unsigned *seed)
{
    PWSTR invitation = NULL;
    /* A certificate that is stored stays, with everybody. */
    DWORD flags = stress_draw(seed, 64) == 0 ? (DWORD)PEER_GROUP_STORE_CREDENTIALS : 0;
    if (stress_draw(seed, 2)) {
        HRESULT known = PeerGroupIssueCredentials(stress_pair[0].group, stress_pair[1].name, NULL,
                                                  flags, &invitation);
        PeerFreeData(invitation);
        return known;
    }
    WCHAR *names = stress_text(STRESS_GROUP_NAME, seed);
    if (names)
        stress_split(names);
    HRESULT hr =
        PeerGroupIssueCredentials(stress_look(STRESS_GROUP, seed), names, NULL, flags, &invitation);
    PeerFreeData(invitation);
    free(names);
    return hr;
}

static HRESULT export_config(unsigned *seed)
{
    PWSTR xml = NULL;
    HRESULT hr = PeerGroupExportConfig(stress_look(STRESS_GROUP, seed), u"a password", &xml);
    if (SUCCEEDED(hr) && xml)
        stress_keep(STRESS_CONFIG, seed, xml, NULL);
    PeerFreeData(xml);
    return hr;
}

static HRESULT import_config(unsigned *seed)
{
    WCHAR *xml = stress_draw(seed, 2) ? stress_text(STRESS_CONFIG, seed) : NULL;
    PWSTR identity = NULL, group = NULL;
    HRESULT hr = PeerGroupImportConfig(xml ? xml : stress_parked.config, u"a password",
                                       (BOOL)stress_draw(seed, 2), &identity, &group);
    PeerFreeData(identity);
    PeerFreeData(group);
    free(xml);
    return hr;
}

/* One of four files that all threads write and read. */
static void file_name(unsigned *seed, WCHAR path[160])
{
    char name[] = "export-0";
    name[7] = (char)('0' + stress_draw(seed, 4));
    stress_path(name, path);
}

static HRESULT export_database(unsigned *seed)
{
    WCHAR path[160];
    file_name(seed, path);
    return PeerGroupExportDatabase(stress_look(STRESS_GROUP, seed), path);
}

static HRESULT import_database(unsigned *seed)
{
    WCHAR path[160];
    if (stress_draw(seed, 2))
        return PeerGroupImportDatabase(stress_parked.group, stress_parked.database);
    file_name(seed, path);
    return PeerGroupImportDatabase(stress_look(STRESS_GROUP, seed), path);
}

static HRESULT to_universal(unsigned *seed)
{
    FILETIME time = stress_later(0);
    return PeerGroupPeerTimeToUniversalTime(stress_look(STRESS_GROUP, seed), &time, &time);
}

static HRESULT to_peer(unsigned *seed)
{
    FILETIME time = stress_later(0);
    return PeerGroupUniversalTimeToPeerTime(stress_look(STRESS_GROUP, seed), &time, &time);
}

const struct stress_call stress_group_calls[] = {
    {"PeerGroupStartup", startup, 2},
    {"PeerGroupShutdown", startup, 2},
    {"PeerGroupCreate", create, 30},
    {"PeerGroupOpen", open, 10},
    {"PeerGroupJoin", join, 10},
    {"PeerGroupPasswordJoin", password_join, 20},
    {"PeerGroupConnect", connect_group, 1},
    {"PeerGroupConnectByAddress", connect_by_address, 4},
    {"PeerGroupClose", close, 20},
    {"PeerGroupDelete", delete_group, 40},
    {"PeerGroupCreateInvitation", create_invitation, 1},
    {"PeerGroupCreatePasswordInvitation", create_password_invitation, 1},
    {"PeerGroupParseInvitation", parse_invitation, 1},
    {"PeerGroupGetStatus", status, 1},
    {"PeerGroupGetProperties", get_properties, 1},
    {"PeerGroupSetProperties", set_properties, 2},
    {"PeerGroupEnumMembers", enum_members, 1},
    {"PeerGroupIssueCredentials", issue, 1},
    {"PeerGroupExportConfig", export_config, 20},
    {"PeerGroupImportConfig", import_config, 20},
    {"PeerGroupExportDatabase", export_database, 8},
    {"PeerGroupImportDatabase", import_database, 8},
    {"PeerGroupPeerTimeToUniversalTime", to_universal, 1},
    {"PeerGroupUniversalTimeToPeerTime", to_peer, 1},
    {0},
};
