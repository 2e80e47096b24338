/* cases_removal.c - the calls of peergroup/extensions.h on removal and deputies. */
#include "oom.h"

#include <peergroup/extensions.h>

static HRESULT call_revoke(void)
{
    HRESULT hr = PeerGroupRevokeMember(oom_now.founder, oom_now.template->member, 0);
    return hr == S_FALSE ? S_OK : hr;
}

static HRESULT call_appoint(void)
{
    HRESULT hr = PeerGroupAppointDeputy(oom_now.founder, oom_now.template->member);
    return hr == S_FALSE ? S_OK : hr;
}

static void prepare_removed(void)
{
    OOM_CHECK(call_revoke() == S_OK);
}

static HRESULT call_list(void)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerGroupEnumRevocations(oom_now.founder, &enumeration);
    OOM_CHECK(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
    return hr;
}

static HRESULT call_own(void)
{
    PPEER_GROUP_REVOCATION removal = (PPEER_GROUP_REVOCATION)1;
    HRESULT hr = PeerGroupGetRemoval(oom_now.founder, &removal);
    OOM_CHECK(removal == NULL);
    return hr == S_FALSE ? S_OK : hr;
}

const struct oom_case oom_cases_removal[] = {
    {"PeerGroupRevokeMember", OOM_OPEN, NULL, call_revoke, .failures_min = 20},
    {"PeerGroupEnumRevocations", OOM_OPEN, prepare_removed, call_list, .failures_min = 5},
    {"PeerGroupGetRemoval", OOM_OPEN, prepare_removed, call_own},
    {"PeerGroupAppointDeputy", OOM_OPEN, NULL, call_appoint, .failures_min = 20},
    {0},
};
