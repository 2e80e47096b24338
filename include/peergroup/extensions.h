/* peergroup/extensions.h - what this library has beside the documented interface.
 *
 * Programs that use these functions do not run on Windows' own p2p.dll. Rules of p2p.h for texts,
 * ownership, threads and results hold here too. */
#ifndef PEERGROUP_EXTENSIONS_H
#define PEERGROUP_EXTENSIONS_H

#include <p2p.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PeerGroupGetHolder tells which process has a group open, after PEER_E_GROUP_IN_USE.
 *
 *   pwzIdentity       peer name of an identity of this user; required
 *   pwzGroupPeerName  peer name of the group; required
 *   pdwProcessId      out; the process id, which may be this process; 0: nobody, or not known
 *
 *   S_OK              the id is set; the process may have ended since
 *   PEER_E_NOT_FOUND  this identity has no such group; see PeerEnumGroups
 *   E_INVALIDARG, E_OUTOFMEMORY, PEER_E_NO_KEY_ACCESS as everywhere. PeerGroupStartup is not
 *   needed. */
PEERGROUP_API HRESULT WINAPI PeerGroupGetHolder(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName,
                                                DWORD *pdwProcessId);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
