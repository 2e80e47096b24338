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

/* ---- removal and deputies ----
 *
 * How a program learns that its own user was removed. There is no event of its own for it: the
 * member hears PEER_GROUP_EVENT_AUTHENTICATION_FAILED, then PEER_GROUP_EVENT_CONNECTION_FAILED with
 * PEER_E_NOT_AUTHORIZED, which is what it hears of a wrong password too. PeerGroupGetRemoval tells
 * the two apart, so ask it each time:
 *
 *   if (data->eventType == PEER_GROUP_EVENT_CONNECTION_FAILED &&
 *       data->hrConnectionFailedReason == PEER_E_NOT_AUTHORIZED) {
 *       PPEER_GROUP_REVOCATION removal;
 *       if (PeerGroupGetRemoval(group, &removal) == S_OK) {
 *           ... removed, by whom and when: PEER_GROUP_REVOCATION; PeerFreeData(removal)
 *       } else {
 *           ... the password was refused: join again with another one
 *       }
 *   }
 *
 * What stays of a removed member is chosen as a whole: what this peer holds at the moment, or with
 * PEER_GROUP_REVOKE_DROP_RECORDS nothing. It cannot be chosen record by record: delete single
 * records with PeerGroupDeleteRecord. Readmission has no call of its own: it is issuing again, by
 * PeerGroupCreateInvitation or PeerGroupIssueCredentials of an administrator. */

/* Flags of PeerGroupRevokeMember. */
typedef enum peer_group_revoke_flags_tag {
    PEER_GROUP_REVOKE_DROP_RECORDS = 0x1, /* what the member has published goes, too */
    PEER_GROUP_REVOKE_WITH_ISSUED = 0x2   /* so do those whom it let in, and theirs */
} PEER_GROUP_REVOKE_FLAGS;

/* dwFlags of PEER_GROUP_REVOCATION. */
typedef enum peer_group_revocation_flags_tag {
    PEER_GROUP_REVOCATION_IN_FORCE = 0x1,   /* else a removal of its signer has undone it */
    PEER_GROUP_REVOCATION_BY_GROUP = 0x2,   /* signed with the group's key, by the creator */
    PEER_GROUP_REVOCATION_READMITTED = 0x4, /* the one removed is a member again */
    PEER_GROUP_REVOCATION_MAX_FLAG = 0x4
} PEER_GROUP_REVOCATION_FLAGS;

/* One removal. Free the block with PeerFreeData. */
typedef struct peer_group_revocation_tag {
    DWORD dwSize;
    DWORD dwFlags;
    PWSTR pwzIdentity;           /* who was removed; NULL: this peer has no certificate of it */
    PWSTR pwzFriendlyName;       /* likewise */
    FILETIME ftTime;             /* UTC: certificates that begin later are not touched */
    PWSTR pwzSignerPeerName;     /* who removed it; the group's peer name with BY_GROUP */
    PWSTR pwzSignerFriendlyName; /* likewise */
    ULONGLONG ullKept;           /* records and certificates that stay by name */
    PEER_DATA keyHash;           /* SHA-256 of the removed key, 32 bytes: its name for ever */
} PEER_GROUP_REVOCATION, *PPEER_GROUP_REVOCATION;
typedef const PEER_GROUP_REVOCATION *PCPEER_GROUP_REVOCATION;

/* PeerGroupRevokeMember removes a member from a group, which Windows could not.
 *
 * What the member's certificates sign from now on counts nowhere, whatever date it bears; its links
 * are closed, its presence ends, and no member takes a call of it. Members hear
 * PEER_GROUP_EVENT_MEMBER_CHANGED with PEER_MEMBER_LEFT; the one removed hears
 * PEER_GROUP_EVENT_AUTHENTICATION_FAILED, then PEER_GROUP_EVENT_CONNECTION_FAILED with
 * PEER_E_NOT_AUTHORIZED, now or at its next attempt to connect, and can ask PeerGroupGetRemoval.
 * Members that are not connected hear of it when they are.
 *
 * By default everything stays that this peer holds at the moment: the records of the member (a
 * version that this peer has not seen falls), and the membership of those whom it let in and who
 * are known here. An invitation that the member gave and nobody has used yet is void. In a group
 * with a password, change the password too: who was removed knows it.
 *
 * The creator and deputies may remove everyone but that only the creator removes deputies and
 * nobody the creator; an administrator those below its own certificate, and those who are no
 * administrators. A member comes back by a new invitation of an administrator
 * (PeerGroupCreateInvitation), to be joined with PeerGroupJoin while the group is closed.
 *
 *   hGroup       an open group whose records are here
 *   pwzIdentity  peer name of the member; not this one, which leaves with PeerGroupDelete; required
 *   dwFlags      0 or PEER_GROUP_REVOKE_FLAGS. DROP_RECORDS: nothing of the member stays, nor the
 *                versions that it put over the records of others, nor removals it made.
 *                WITH_ISSUED: all whose membership hangs on this member's certificates are removed
 *                with it, unless they have another
 *
 *   S_OK                    the removal is on disk and on its way
 *   S_FALSE                 the member was removed before; nothing was done
 *   PEER_E_NOT_FOUND        no member of that name is known here; see PeerGroupEnumMembers
 *   PEER_E_NOT_AUTHORIZED   this member may not remove that one; ask one who may, or the creator
 *   PEER_E_GROUP_NOT_READY  the group's records are not here yet; connect first
 *   E_INVALIDARG            no name, a name that is no text, unknown flags, or this member itself
 *   PEER_E_INVALID_GROUP, PEER_E_NOT_INITIALIZED, PEER_E_DISK_FULL, E_OUTOFMEMORY as everywhere */
PEERGROUP_API HRESULT WINAPI PeerGroupRevokeMember(HGROUP hGroup, PCWSTR pwzIdentity,
                                                   DWORD dwFlags);

/* PeerGroupEnumRevocations lists the removals that this peer knows of, the oldest first.
 *
 *   hGroup      an open group
 *   phPeerEnum  out; an enumeration of PEER_GROUP_REVOCATION for PeerGetItemCount, PeerGetNextItem
 *               and PeerEndEnumeration; what it lists is of the moment of this call; required
 *
 *   S_OK                   the enumeration is made; it may be empty
 *   E_INVALIDARG           no place for the enumeration
 *   PEER_E_INVALID_GROUP, PEER_E_NOT_INITIALIZED, E_OUTOFMEMORY as everywhere */
PEERGROUP_API HRESULT WINAPI PeerGroupEnumRevocations(HGROUP hGroup, HPEERENUM *phPeerEnum);

/* PeerGroupGetRemoval tells whether this member itself was removed, by whom and when.
 *
 * The answer is what this peer has heard and verified: nobody without the right to remove it can
 * bring it about.
 *
 *   hGroup     an open group
 *   ppRemoval  out; the removal, free with PeerFreeData; NULL when there is none. Where the member
 *              went with the one who let it in, pwzIdentity is that one. Required
 *
 *   S_OK                   this member was removed; a new invitation of an administrator brings it
 *                          back, PeerGroupConnect asks whether the removal still stands
 *   S_FALSE                it was not removed, as far as this peer has heard
 *   E_INVALIDARG           no place for the answer
 *   PEER_E_INVALID_GROUP, PEER_E_NOT_INITIALIZED, E_OUTOFMEMORY as everywhere */
PEERGROUP_API HRESULT WINAPI PeerGroupGetRemoval(HGROUP hGroup, PPEER_GROUP_REVOCATION *ppRemoval);

/* PeerGroupAppointDeputy makes a member a deputy of the creator, so that a group outlives the loss
 * of its creator's disk.
 *
 * A deputy is an administrator, may change the group's properties (PeerGroupSetProperties) and
 * remove every member but the creator and other deputies. It can appoint nobody. It learns of its
 * office with the group's records, at once or when it connects. The creator takes the office back
 * with PeerGroupRevokeMember and a new invitation.
 *
 *   hGroup       an open group that this member has created
 *   pwzIdentity  peer name of a member; required
 *
 *   S_OK                    it is a deputy; that is on disk and on its way
 *   S_FALSE                 it is a deputy already; nothing was done
 *   PEER_E_NOT_FOUND        no such member is known here; invite it, and let it connect once
 *   PEER_E_NOT_AUTHORIZED   only the creator appoints
 *   PEER_E_GROUP_NOT_READY  the group's records are not here yet; connect first
 *   E_INVALIDARG            no name, a name that is no text, or this member itself
 *   PEER_E_INVALID_GROUP, PEER_E_NOT_INITIALIZED, PEER_E_DISK_FULL, E_OUTOFMEMORY as everywhere */
PEERGROUP_API HRESULT WINAPI PeerGroupAppointDeputy(HGROUP hGroup, PCWSTR pwzIdentity);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
