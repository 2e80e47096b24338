/* fuzz_invitation.c - any text as an invitation: a code of PeerGroupParseInvitation, or an
 * invitation whose parts are all there. */
#include "group/invitation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct invitation invitation;
    HRESULT hr = invitation_parse(bytes_of(data, size), &invitation);
    ASSERT(hr == S_OK || hr == PEER_E_INVITATION_NOT_TRUSTED || hr == PEER_E_UNSUPPORTED_VERSION ||
           hr == E_INVALIDARG);
    if (FAILED(hr))
        return 0;
    ASSERT(invitation.issuer && invitation.cloud && invitation.group_name);
    ASSERT((invitation.scheme == GROUP_SCHEME_CERTIFICATE) == (invitation.subject != NULL));
    ASSERT(invitation.hint_count <= LIMIT_ADDRESSES);
    invitation_deinit(&invitation);
    return 0;
}
