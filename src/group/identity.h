/* identity.h - a user's identities, on disk: keys in files, names and tombstones in one small
 * SQLite database.
 *
 * May be used from any thread and by several processes at once: every call opens what it needs,
 * works under SQLite's lock and closes. Layout below the user's folder (architecture.md, decision
 * 9), all 0700/0600: user.db                identities, their tombstones, groups of each identity
 *   keys/<hex of key hash> 32-byte seed in our framed file (identity and group keys)
 *   groups/<id>.db         one store per (identity, group)
 * Every call may return PEER_E_NO_KEY_ACCESS (a folder or key that cannot be read or written or has
 * unsafe owner or permissions), PEER_E_DISK_FULL, E_OUTOFMEMORY, PEER_E_INVALID_DATABASE (user.db
 * is damaged), and the CRYPT_* family for keys that do not decode (NTE_BAD_KEYSET). */
#ifndef GROUP_IDENTITY_H
#define GROUP_IDENTITY_H

#include "group/certificate.h"

/* home_path gives the user's folder (free with mem_free), made with 0700 when create is set and it
 * is missing; PEER_E_NOT_FOUND: it is missing and create is not set. */
HRESULT home_path(bool create, char **path) MUST_CHECK;

struct identity {
    char *peer_name;
    char *friendly_name;
    struct hash key_hash;
    uint8_t key[KEY_SIZE];
    uint64_t created; /* UTC */
};
void identity_deinit(struct identity *identity);

/* identity_create makes and stores one. key NULL: a new key pair. friendly_name NULL or "": the
 * peer name. PEER_E_INVALID_CLASSIFIER, PEER_E_ALREADY_EXISTS (same key and classifier),
 * PEER_E_TOO_MANY_IDENTITIES. */
HRESULT identity_create(const char *classifier, const char *friendly_name, struct signing_key *key,
                        struct identity *identity) MUST_CHECK;
/* identity_find: peer_name NULL is the default identity. PEER_E_NOT_FOUND. identity_default: the
 * oldest that exists. */
HRESULT identity_find(const char *peer_name, struct identity *identity) MUST_CHECK;
/* identity_state: S_OK it exists; IDENTITY_E_DELETED it was deleted; PEER_E_NOT_FOUND never had. */
#define IDENTITY_E_DELETED HRESULT_FROM_WIN32(303) /* ERROR_DELETE_PENDING */
HRESULT identity_state(const char *peer_name) MUST_CHECK;
/* identity_key reads the key (free with signing_key_free). PEER_E_NOT_FOUND. */
HRESULT identity_key(const char *peer_name, struct signing_key **key) MUST_CHECK;
HRESULT identity_set_friendly_name(const char *peer_name, const char *friendly_name) MUST_CHECK;
/* identity_delete leaves a tombstone. PEER_E_NOT_FOUND, PEER_E_GROUPS_EXIST. The key file goes when
 * no other identity uses the key; where the folder of keys would not let it go, that is
 * PEER_E_NO_KEY_ACCESS and the identity stays. A file that stays in spite of that is the same code,
 * and the tombstone remembers it. identity_collect removes such files, as far as it can. */
HRESULT identity_delete(const char *peer_name) MUST_CHECK;
void identity_collect(void);
/* identity_was_deleted: a tombstone of this user has this key. */
HRESULT identity_was_deleted(const struct hash *key_hash, bool *deleted) MUST_CHECK;
/* identity_each visits all, the oldest first; the row is borrowed. A visitor that fails ends it
 * with its code. It may not write through this header: the database is being read. So for
 * group_entry_each. */
typedef HRESULT (*identity_visitor)(void *context, const struct identity *identity);
HRESULT identity_each(identity_visitor visit, void *context) MUST_CHECK;

/* key_file_save writes a key durably (write, fsync, rename, fsync of the folder); load; remove.
 * Used for group keys too. load: PEER_E_NOT_FOUND. */
HRESULT key_file_save(const struct signing_key *key) MUST_CHECK;
HRESULT key_file_load(const struct hash *key_hash, struct signing_key **key) MUST_CHECK;
HRESULT key_file_remove(const struct hash *key_hash) MUST_CHECK;

/* One group of one identity, as the user's database knows it. */
struct group_entry {
    char *identity;      /* peer name */
    char *group;         /* group peer name */
    char *friendly_name; /* of the group */
    char *database;      /* absolute path of its store */
};
void group_entry_deinit(struct group_entry *entry);

/* group_entry_reserve picks a database path for a new group, with nothing stored yet (free with
 * mem_free); it makes the folder around it and fails early with the codes of group_entry_add.
 * group_entry_add makes the group known; durable when it returns. PEER_E_ALREADY_EXISTS;
 * IDENTITY_E_DELETED: the identity was deleted meanwhile (checked in the same transaction);
 * PEER_E_NOT_FOUND: never existed. group_entry_find, group_entry_remove, group_entry_rename:
 * PEER_E_NOT_FOUND. group_entry_remove leaves the files: it takes back what was just added;
 * deleting is group_remains.h. */
HRESULT group_entry_reserve(const char *identity, const char *group, char **database) MUST_CHECK;
HRESULT group_entry_add(const struct group_entry *entry) MUST_CHECK;
HRESULT group_entry_find(const char *identity, const char *group,
                         struct group_entry *entry) MUST_CHECK;
HRESULT group_entry_remove(const char *identity, const char *group) MUST_CHECK;
HRESULT group_entry_rename(const char *identity, const char *group,
                           const char *friendly_name) MUST_CHECK;
typedef HRESULT (*group_entry_visitor)(void *context, const struct group_entry *entry);
/* group_entry_each: PEER_E_NOT_FOUND when the identity does not exist. */
HRESULT group_entry_each(const char *identity, group_entry_visitor visit, void *context) MUST_CHECK;

#endif
