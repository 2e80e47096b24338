/* store.h - where a group's records, payload pieces, certificates and small values live.
 *
 * A const vtable with two implementations, SQLite (store_sqlite.c) and memory (store_memory.c),
 * held to the same behaviour by one contract test. The store knows rows, not rules: what may be put
 * is decided above it. All calls come from one thread. Changes become visible to the caller at once
 * and last after store_commit; without a commit they are gone after a crash, all of them or none.
 * Every call returns S_OK or E_OUTOFMEMORY, PEER_E_DISK_FULL, PEER_E_INVALID_DATABASE (damaged),
 * PEER_E_DATABASE_ACCESSDENIED besides the codes named at it.
 *
 * A call that fails may take the uncommitted changes before it with it (SQLite rolls back by itself
 * when memory or disk run out). Then every call fails with the same code until the caller answers
 * with rollback, or with commit, which fails once more. So the answer to a failed change is always
 * rollback; nothing is ever half applied. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/hash.h"

struct store;

/* One record version, as a row. Views in a row that is passed in are borrowed for the call; views
 * in a row that is passed to a visitor are borrowed until the visitor returns; store_get copies
 * (release with store_record_deinit). */
struct store_record {
    struct guid id;
    struct guid type;
    struct hash digest;      /* of this version */
    struct hash creator;     /* key of the creator */
    struct hash certificate; /* that signed this version */
    struct hash payload_root;
    uint32_t version;
    bool deleted;
    bool local;       /* last written by this node: it refreshes it where that is due */
    uint64_t created; /* peer time, as are the next two */
    uint64_t modified;
    uint64_t expiration;
    uint64_t payload_size;
    struct bytes header; /* canonical bytes */
    struct bytes signature;
    struct bytes payload; /* when payload_size <= LIMIT_PIECE_SIZE; else empty, in pieces */
    uint8_t *owned;       /* memory behind the views of a copied row */
};

void store_record_deinit(struct store_record *record);

/* A position in the order of reconciliation: (modified, id). */
struct store_key {
    uint64_t modified;
    struct guid id;
};

/* A position in the order of walk; it stays the same while the record lives. */
struct store_place {
    struct guid type;
    uint64_t created;
    struct guid id;
};

/* What reconciliation needs of a record. */
struct store_item {
    struct store_key key;
    uint32_t version;
    struct hash digest;
};

/* Visitors return S_OK to go on, S_FALSE to stop early (the visit then returns S_OK), a failure to
 * stop with it. They may read the store, but must not change, commit or roll it back. */
typedef HRESULT (*store_record_visitor)(void *context, const struct store_record *record);
typedef HRESULT (*store_item_visitor)(void *context, const struct store_item *item);
typedef HRESULT (*store_value_visitor)(void *context, struct bytes key, struct bytes value);

struct store_certificate {
    struct hash hash;   /* SHA-256 of the DER */
    struct hash issuer; /* hash of the issuer's certificate; of itself when self-signed */
    struct hash subject_key;
    struct bytes der;
};
typedef HRESULT (*store_certificate_visitor)(void *context,
                                             const struct store_certificate *certificate);

/* A large record whose pieces have not all come: the header waits here, not visible as a record. */
struct store_unfinished {
    struct store_record record;
    uint64_t since_utc; /* when it began, for the hour's limit */
    struct hash owner;  /* key of the member that showed it */
};
typedef HRESULT (*store_unfinished_visitor)(void *context,
                                            const struct store_unfinished *unfinished);

struct store_ops {
    void (*free)(struct store *store);

    /* Commits everything since the last commit or rollback. After a failure everything since then
     * is rolled back. Once mark_durable was called since the last commit, the commit survives a
     * power cut, and so are those before it, even when nothing has changed. When the disk refuses
     * to confirm such a commit, nobody knows what it holds: the code comes back from this and every
     * later call until the store is opened again. */
    HRESULT (*commit)(struct store *store);
    HRESULT (*rollback)(struct store *store);
    void (*mark_durable)(struct store *store);

    /* put inserts the record or replaces the version with the same id; pieces that no record or
     * unfinished record names any more go with the replaced one. A record with payload_size >
     * LIMIT_PIECE_SIZE must have all pieces. E_INVALIDARG: the payload view contradicts
     * payload_size. */
    HRESULT (*put)(struct store *store, const struct store_record *record);
    /* get: PEER_E_RECORD_NOT_FOUND. Also returns expired and deleted records; the caller decides.
     */
    HRESULT (*get)(struct store *store, const struct guid *id, struct store_record *record);
    /* find is get without header, signature and payload, hence without allocation. */
    HRESULT (*find)(struct store *store, const struct guid *id, struct store_record *record);
    /* remove forgets the record, and its pieces as put does; S_OK when it is not there, as with
     * every *_remove. */
    HRESULT (*remove)(struct store *store, const struct guid *id);

    /* each visits records of a type (NULL: all types), not deleted, expiration > after, ordered by
     * (created, id). with_payload tells whether payload views are filled; the other visits leave
     * them empty. */
    HRESULT(*each)
    (struct store *store, const struct guid *type, uint64_t after, bool with_payload,
     store_record_visitor visit, void *context);
    /* walk visits records that are not deleted, expired ones too, in the order (type, created, id),
     * behind the position from (NULL: from the beginning), so that a long list can be read in
     * parts. with_header: as the other visits without payload; else only id, type, created and
     * expiration are set. */
    HRESULT(*walk)
    (struct store *store, const struct store_place *from, bool with_header,
     store_record_visitor visit, void *context);
    /* each_by_creator visits every record of one creator key, deleted ones too, in no particular
     * order. */
    HRESULT(*each_by_creator)
    (struct store *store, const struct hash *creator, store_record_visitor visit, void *context);
    /* each_by_certificate visits every record that one certificate signed, in no particular order.
     */
    HRESULT(*each_by_certificate)
    (struct store *store, const struct hash *certificate, store_record_visitor visit,
     void *context);
    /* scan visits items in (from, to] of the reconciliation order with expiration > after,
     * tombstones included. from NULL: from the beginning; to NULL: to the end. */
    HRESULT(*scan)
    (struct store *store, const struct store_key *from, const struct store_key *to, uint64_t after,
     store_item_visitor visit, void *context);
    /* each_expired visits records with after < expiration <= until, at most limit, the earliest
     * first; next_expiration gives the least expiration > after (UINT64_MAX: none). */
    HRESULT(*each_expired)
    (struct store *store, uint64_t after, uint64_t until, uint32_t limit,
     store_record_visitor visit, void *context);
    HRESULT (*next_expiration)(struct store *store, uint64_t after, uint64_t *expiration);
    /* count gives the number of records with expiration > after that are not deleted. */
    HRESULT (*count)(struct store *store, uint64_t after, uint64_t *count);

    /* Pieces are named by the payload root and their index and are shared by records with the same
     * payload. leaf is the piece's hash in the tree, and the caller's word for it. put of a piece
     * that is there changes nothing; E_INVALIDARG: larger than LIMIT_PIECE_SIZE. get copies into
     * data (cleared first): PEER_E_RECORD_NOT_FOUND. */
    HRESULT(*piece_put)
    (struct store *store, const struct hash *root, uint32_t index, struct bytes data,
     const struct hash *leaf);
    HRESULT(*piece_get)
    (struct store *store, const struct hash *root, uint32_t index, struct buffer *data);
    HRESULT (*piece_has)(struct store *store, const struct hash *root, uint32_t index, bool *has);
    HRESULT (*piece_count)(struct store *store, const struct hash *root, uint32_t *count);
    /* leaves gives the leaves of the first count pieces, in order, and the sum of their sizes,
     * without reading the pieces. PEER_E_RECORD_NOT_FOUND: one of them is not there. */
    HRESULT(*leaves)
    (struct store *store, const struct hash *root, uint32_t count, struct hash *leaves,
     uint64_t *size);
    /* pieces_drop removes the pieces under root unless a record or an unfinished record names it.
     */
    HRESULT (*pieces_drop)(struct store *store, const struct hash *root);
    /* pieces_collect removes pieces whose root neither a record nor an unfinished record names
     * (after a crash). */
    HRESULT (*pieces_collect)(struct store *store);

    /* Unfinished records are named by their digest. When one is complete: put first,
     * unfinished_remove second, so that its pieces stay named. E_INVALIDARG as with put. */
    HRESULT (*unfinished_put)(struct store *store, const struct store_unfinished *unfinished);
    /* unfinished_remove forgets it; its pieces go unless something else names them. */
    HRESULT (*unfinished_remove)(struct store *store, const struct hash *digest);
    /* each visits all, ordered by digest. */
    HRESULT (*unfinished_each)(struct store *store, store_unfinished_visitor visit, void *context);

    HRESULT (*certificate_put)(struct store *store, const struct store_certificate *certificate);
    /* certificate_get copies the DER into der (cleared first): PEER_E_NOT_FOUND. */
    HRESULT (*certificate_get)(struct store *store, const struct hash *hash, struct buffer *der);
    HRESULT (*certificate_remove)(struct store *store, const struct hash *hash);
    /* each visits all, ordered by hash. */
    HRESULT(*certificate_each)
    (struct store *store, store_certificate_visitor visit, void *context);

    /* Small values under a text key: own identity, remembered addresses, port, peer-time offset ...
     * get copies (cleared first): PEER_E_NOT_FOUND. each visits keys that begin with prefix, in
     * byte order. */
    HRESULT (*value_put)(struct store *store, const char *key, struct bytes value);
    HRESULT (*value_get)(struct store *store, const char *key, struct buffer *value);
    HRESULT (*value_remove)(struct store *store, const char *key);
    HRESULT(*value_each)
    (struct store *store, const char *prefix, store_value_visitor visit, void *context);

    /* generation grows with every change to the set of records; equal values mean an equal set. */
    uint64_t (*generation)(struct store *store);
};

struct store {
    const struct store_ops *ops;
};

/* store_memory_new makes an empty store in memory; commit and rollback behave as on disk. */
HRESULT store_memory_new(struct store **store) MUST_CHECK;

enum store_open_mode { STORE_CREATE, STORE_OPEN_EXISTING };

/* store_sqlite_open opens or creates the database file at path (UTF-8), made with mode 0600.
 * PEER_E_DATABASE_ALREADY_PRESENT: STORE_CREATE and the file exists. PEER_E_DATABASE_NOT_PRESENT:
 * the other case. PEER_E_INVALID_DATABASE: not our database, or damaged.
 * PEER_E_UNSUPPORTED_VERSION: written by a newer version. */
HRESULT store_sqlite_open(const char *path, enum store_open_mode mode,
                          struct store **store) MUST_CHECK;
/* store_sqlite_delete removes the database file and what SQLite keeps beside it.
 * PEER_E_DATABASE_NOT_PRESENT. */
HRESULT store_sqlite_delete(const char *path) MUST_CHECK;

/* store_free closes without a commit. NULL is fine. */
void store_free(struct store *store);

#endif
