/* cases_password.c - entering a group by its password under failing allocations. */
#include "oom.h"

static HRESULT call_invite(void)
{
    PWSTR invitation = NULL;
    HRESULT hr = PeerGroupCreatePasswordInvitation(oom_now.founder, &invitation);
    OOM_CHECK(SUCCEEDED(hr) == (invitation != NULL));
    PeerFreeData(invitation);
    return hr;
}

static HRESULT call_join(void)
{
    HGROUP group = NULL;
    HRESULT hr = PeerGroupPasswordJoin(
        oom_now.template->guest, oom_now.template->password_invitation, oom_password, NULL, &group);
    OOM_CHECK(SUCCEEDED(hr) == (group != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerGroupClose(group)));
    return hr;
}

/* Guest waits for a certificate, and is not online. */
static void prepare_joined(void)
{
    OOM_CHECK(call_join() == S_OK);
}

static void prepare_registration(void)
{
    PEER_GROUP_EVENT_REGISTRATION wanted = {PEER_GROUP_EVENT_AUTHENTICATION_FAILED, NULL};
    OOM_CHECK(SUCCEEDED(PeerGroupPasswordJoin(oom_now.template->guest,
                                              oom_now.template->password_invitation, oom_password,
                                              NULL, &oom_now.member)));
    oom_now.event = CreateEventW(NULL, FALSE, FALSE, NULL);
    OOM_CHECK(oom_now.event);
    OOM_CHECK(SUCCEEDED(
        PeerGroupRegisterEvent(oom_now.member, oom_now.event, 1, &wanted, &oom_now.registration)));
}

static HRESULT call_resume(void)
{
    return PeerGroupResumePasswordAuthentication(oom_now.member, oom_now.registration);
}

static HRESULT call_create(void)
{
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish),
                                  .pwzCreatorPeerName = (PWSTR)oom_now.template->guest,
                                  .dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION,
                                  .pwzGroupPassword = (PWSTR)oom_password,
                                  .groupPasswordRole = PEER_GROUP_ROLE_MEMBER};
    HRESULT hr = PeerGroupCreate(&wish, &group);
    OOM_CHECK(SUCCEEDED(hr) == (group != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerGroupClose(group)));
    return hr;
}

const struct oom_case oom_cases_password[] = {
    {"PeerGroupCreate with a password", OOM_STARTED, NULL, call_create, .failures_min = 50},
    {"PeerGroupCreatePasswordInvitation", OOM_OPEN, NULL, call_invite, .failures_min = 20},
    {"PeerGroupPasswordJoin", OOM_STARTED, NULL, call_join, .failures_min = 50},
    {"PeerGroupPasswordJoin again", OOM_STARTED, prepare_joined, call_join, .failures_min = 50},
    {"PeerGroupResumePasswordAuthentication", OOM_STARTED, prepare_registration, call_resume,
     .failures_min = 5},
    {0},
};
