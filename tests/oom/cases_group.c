/* cases_group.c - the life of groups, their properties and invitations under failing allocations.
 */
#include "oom.h"

static HRESULT closed(HRESULT hr, HGROUP group)
{
    OOM_CHECK(SUCCEEDED(hr) == (group != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerGroupClose(group)));
    return hr;
}

static HRESULT call_startup(void)
{
    PEER_VERSION_DATA version;
    HRESULT hr = PeerGroupStartup(PEER_GROUP_VERSION, &version);
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerGroupShutdown()));
    return hr;
}

/* Ends one more startup: the last one is the ground's. */
static HRESULT call_shutdown(void)
{
    PEER_VERSION_DATA version;
    OOM_CHECK(SUCCEEDED(PeerGroupStartup(PEER_GROUP_VERSION, &version)));
    return PeerGroupShutdown();
}

static HRESULT call_create(void)
{
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish),
                                  .pwzCreatorPeerName = (PWSTR)oom_now.template->guest,
                                  .pwzFriendlyName = (PWSTR)u"Another club"};
    HRESULT hr = PeerGroupCreate(&wish, &group);
    return closed(hr, group);
}

static HRESULT call_open(void)
{
    HGROUP group = NULL;
    HRESULT hr = PeerGroupOpen(oom_now.template->member, oom_now.template->group, NULL, &group);
    return closed(hr, group);
}

static HRESULT call_open_again(void)
{
    HGROUP group = NULL;
    HRESULT hr = PeerGroupOpen(oom_now.template->founder, oom_now.template->group, NULL, &group);
    return closed(hr, group);
}

static HRESULT call_join(void)
{
    HGROUP group = NULL;
    HRESULT hr = PeerGroupJoin(oom_now.template->guest, oom_now.template->invitation, NULL, &group);
    return closed(hr, group);
}

static HRESULT call_close(void)
{
    return PeerGroupClose(oom_now.founder);
}

static HRESULT call_delete(void)
{
    return PeerGroupDelete(oom_now.template->founder, oom_now.template->group);
}

static HRESULT call_status(void)
{
    DWORD status = 0;
    return PeerGroupGetStatus(oom_now.founder, &status);
}

static HRESULT call_get_properties(void)
{
    PPEER_GROUP_PROPERTIES properties = NULL;
    HRESULT hr = PeerGroupGetProperties(oom_now.founder, &properties);
    OOM_CHECK(SUCCEEDED(hr) == (properties != NULL));
    PeerFreeData(properties);
    return hr;
}

static PPEER_GROUP_PROPERTIES wished;

static void prepare_properties(void)
{
    OOM_CHECK(SUCCEEDED(PeerGroupGetProperties(oom_now.founder, &wished)));
    wished->pwzComment = (PWSTR)u"A comment";
}

static HRESULT call_set_properties(void)
{
    return PeerGroupSetProperties(oom_now.founder, wished);
}

static HRESULT call_invite(void)
{
    PWSTR invitation = NULL;
    HRESULT hr = PeerGroupCreateInvitation(oom_now.founder, oom_now.template->guest_xml, NULL, 0,
                                           NULL, &invitation);
    OOM_CHECK(SUCCEEDED(hr) == (invitation != NULL));
    PeerFreeData(invitation);
    return hr;
}

static HRESULT call_parse(void)
{
    PPEER_INVITATION_INFO info = NULL;
    HRESULT hr = PeerGroupParseInvitation(oom_now.template->invitation, &info);
    OOM_CHECK(SUCCEEDED(hr) == (info != NULL));
    PeerFreeData(info);
    return hr;
}

static HRESULT call_members(void)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerGroupEnumMembers(oom_now.founder, 0, NULL, &enumeration);
    OOM_CHECK(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
    return hr;
}

static HRESULT call_to_universal(void)
{
    FILETIME time = oom_later(0);
    return PeerGroupPeerTimeToUniversalTime(oom_now.founder, &time, &time);
}

static HRESULT call_to_peer(void)
{
    FILETIME time = oom_later(0);
    return PeerGroupUniversalTimeToPeerTime(oom_now.founder, &time, &time);
}

static HRESULT call_holder(void)
{
    DWORD process = 0;
    return PeerGroupGetHolder(oom_now.template->founder, oom_now.template->group, &process);
}

const struct oom_case oom_cases_group[] = {
    {"PeerGroupStartup", OOM_STOPPED, NULL, call_startup, .failures_min = 3},
    {"PeerGroupShutdown", OOM_STARTED, NULL, call_shutdown},
    {"PeerGroupCreate", OOM_STARTED, NULL, call_create, .failures_min = 50},
    {"PeerGroupOpen", OOM_STARTED, NULL, call_open, .failures_min = 30},
    {"PeerGroupOpen again", OOM_OPEN, NULL, call_open_again, .failures_min = 3},
    {"PeerGroupJoin", OOM_STARTED, NULL, call_join, .failures_min = 50},
    {"PeerGroupClose", OOM_OPEN, NULL, call_close, PEER_E_INVALID_GROUP},
    {"PeerGroupDelete", OOM_STARTED, NULL, call_delete, PEER_E_NOT_FOUND, .failures_min = 3},
    {"PeerGroupDelete open", OOM_OPEN, NULL, call_delete, PEER_E_NOT_FOUND, .failures_min = 3},
    {"PeerGroupGetStatus", OOM_OPEN, NULL, call_status},
    {"PeerGroupGetProperties", OOM_OPEN, NULL, call_get_properties, .failures_min = 3},
    {"PeerGroupSetProperties", OOM_OPEN, prepare_properties, call_set_properties,
     .failures_min = 10},
    {"PeerGroupCreateInvitation", OOM_OPEN, NULL, call_invite, .failures_min = 20},
    {"PeerGroupParseInvitation", OOM_STARTED, NULL, call_parse, .failures_min = 20},
    {"PeerGroupEnumMembers", OOM_OPEN, NULL, call_members, .failures_min = 5},
    {"PeerGroupPeerTimeToUniversalTime", OOM_OPEN, NULL, call_to_universal},
    {"PeerGroupUniversalTimeToPeerTime", OOM_OPEN, NULL, call_to_peer},
    {"PeerGroupGetHolder", OOM_OPEN, NULL, call_holder, .failures_min = 2},
    {0},
};
