/* group_time.c - between this machine's UTC and the clock that the members of a group share.
 *
 * The engine knows the group's offset; the rest is an addition. Source and result may be the same
 * variable, so a failure leaves the result as it was. A time that the offset would carry out of
 * FILETIME's range is E_INVALIDARG. */
#include "api/group_convert.h"
#include "api/group_handle.h"

static HRESULT convert(HGROUP group, bool to_peer_time, const FILETIME *from, FILETIME *to)
{
    uint64_t session, result;
    int64_t offset;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!from || !to)
        return E_INVALIDARG;
    hr = group_session(group, &session);
    if (SUCCEEDED(hr))
        hr = engine_time_offset(session, &offset);
    if (FAILED(hr))
        return hr;
    uint64_t ticks = convert_ticks(from);
    bool overflow = to_peer_time ? __builtin_add_overflow(ticks, offset, &result)
                                 : __builtin_sub_overflow(ticks, offset, &result);
    if (overflow)
        return E_INVALIDARG;
    *to = convert_filetime(result);
    return S_OK;
}

HRESULT WINAPI PeerGroupPeerTimeToUniversalTime(HGROUP hGroup, FILETIME *pftPeerTime,
                                                FILETIME *pftUniversalTime)
{
    return convert(hGroup, false, pftPeerTime, pftUniversalTime);
}

HRESULT WINAPI PeerGroupUniversalTimeToPeerTime(HGROUP hGroup, FILETIME *pftUniversalTime,
                                                FILETIME *pftPeerTime)
{
    return convert(hGroup, true, pftUniversalTime, pftPeerTime);
}
