/* group_remains.h - the files of a group that is deleted: found, remembered, and removed for sure.
 *
 * A deletion prepares (which tells what cannot be done while nothing is lost), buries (the group is
 * forgotten and its files are remembered, in one transaction) and erases. What is cut off after the
 * burial is made up for by group_remains_collect at the next start. */
#ifndef GROUP_GROUP_REMAINS_H
#define GROUP_GROUP_REMAINS_H

#include "group/identity.h"

/* The group's key, the password's, the database, four files beside it, and its lock. */
enum { REMAINS_KEYS = 2, REMAINS_FILES = 8 };

struct group_remains {
    const struct group_entry *entry; /* borrowed */
    char *key_name;             /* of the file of the group's key; NULL: it stays, or is none */
    char *key_folder;           /* NULL: there is none */
    char *folder;               /* of the database */
    char *files[REMAINS_FILES]; /* keys first; NULL: nothing to remove */
};
#define CLEANUP_REMAINS CLEANUP(group_remains_deinit)
void group_remains_deinit(struct group_remains *remains);

/* group_remains_reachable: the folder around the group's database lets files go. E_ACCESSDENIED, or
 * what the system says as of result_of_file. */
HRESULT group_remains_reachable(const struct group_entry *entry) MUST_CHECK;
/* group_remains_prepare finds the files of entry, borrowed until group_remains_deinit, and that
 * they can be removed. The group's key is among them when this identity is its creator, or no other
 * identity of the user has the group. Codes of group_remains_reachable; PEER_E_NO_KEY_ACCESS of the
 * folder of keys. */
HRESULT group_remains_prepare(const struct group_entry *entry, bool creator,
                              struct group_remains *remains) MUST_CHECK;
/* group_remains_bury forgets the group and remembers the files, durably. PEER_E_NOT_FOUND. */
HRESULT group_remains_bury(const struct group_remains *remains) MUST_CHECK;
/* group_remains_erase removes the files, all that it can; the first failure is told, and what is
 * left stays remembered. The files go without any memory. */
HRESULT group_remains_erase(const struct group_remains *remains) MUST_CHECK;
/* group_remains_collect removes what earlier deletions have left, as far as it can. */
void group_remains_collect(void);

#endif
