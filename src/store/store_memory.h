/* store_memory.h - inside the memory backend: rows, their orders, and the log that can undo. */
#ifndef STORE_STORE_MEMORY_H
#define STORE_STORE_MEMORY_H

#include "store/store_row.h"

/* Kinds of rows. A row is one block, never changed once it is in the store: a change puts another
 * in its place. */
enum memory_table {
    MEMORY_RECORD,
    MEMORY_PIECE,
    MEMORY_UNFINISHED,
    MEMORY_CERTIFICATE,
    MEMORY_VALUE
};

/* Of a record, and of an unfinished one. */
struct memory_record {
    struct store_record record;
    uint64_t since_utc;
    struct hash owner;
};

struct memory_piece {
    struct hash root;
    uint32_t index;
    struct hash leaf;
    struct bytes data;
};

struct memory_value {
    struct bytes key;
    struct bytes value;
};

/* The orders in which rows are kept. */
enum memory_order {
    MEMORY_BY_MODIFIED,   /* records: modified, id */
    MEMORY_BY_EXPIRATION, /* records: expiration, id */
    MEMORY_BY_CREATED,    /* records that are not deleted: created, id */
    MEMORY_BY_TYPE,       /* records that are not deleted: type, created, id */
    MEMORY_BY_ROOT,       /* records with pieces: payload_root, id */
    MEMORY_BY_PIECE,      /* pieces: root, index */
    MEMORY_BY_DIGEST,     /* unfinished records */
    MEMORY_BY_HASH,       /* certificates */
    MEMORY_BY_KEY,        /* values */
    MEMORY_ORDER_COUNT
};

/* A sorted array of borrowed rows. It never shrinks, so that undoing needs no memory. */
struct memory_array {
    void **rows;
    size_t count;
    size_t capacity;
};

/* What happened since the last commit; old and new may be NULL, not both. */
struct memory_step {
    enum memory_table table;
    void *old;
    void *new;
};

struct memory_slot;

struct memory_store {
    struct store base;
    struct memory_array orders[MEMORY_ORDER_COUNT];
    struct memory_slot *slots; /* records by id */
    struct memory_step *steps;
    size_t step_count;
    size_t step_capacity;
    uint64_t generation;
    uint32_t visits; /* visitors that are running */
};

static inline struct memory_store *memory_store_of(struct store *store)
{
    return (struct memory_store *)store;
}

/* ---- rows and orders (store_memory_table.c) ---- */

/* memory_change puts new (taken, also on failure; NULL: nothing) in the place of old (NULL: of
 * nothing). E_OUTOFMEMORY, then nothing has changed. */
HRESULT memory_change(struct memory_store *store, enum memory_table table, void *old,
                      void *new) MUST_CHECK;
/* memory_undo goes back to where step_count was. */
void memory_undo(struct memory_store *store, size_t step_count);
/* memory_keep makes all steps final. */
void memory_keep(struct memory_store *store);
/* memory_deinit releases everything. */
void memory_deinit(struct memory_store *store);

struct memory_record *memory_find_record(struct memory_store *store, const struct guid *id);
/* memory_position is the index of the first row that is not before probe; past: that is after it. A
 * probe is a row whose fields of that order are set. */
size_t memory_position(const struct memory_store *store, enum memory_order order, const void *probe,
                       bool past);
/* memory_at is the row equal to probe in that order, or NULL. */
void *memory_at(const struct memory_store *store, enum memory_order order, const void *probe);
int memory_compare(enum memory_order order, const void *a, const void *b);

/* memory_visited takes what a visitor returned: true to go on; hr becomes what the visit returns.
 */
static inline bool memory_visited(HRESULT visited, HRESULT *hr)
{
    *hr = FAILED(visited) ? visited : S_OK;
    return visited == S_OK;
}

/* ---- operations ---- */

/* store_memory_record.c */
/* memory_record_new copies a row; NULL when there is no memory. */
struct memory_record *memory_record_new(const struct store_record *record);
HRESULT memory_record_put(struct store *store, const struct store_record *record);
HRESULT memory_record_get(struct store *store, const struct guid *id, struct store_record *record);
HRESULT memory_record_find(struct store *store, const struct guid *id, struct store_record *record);
HRESULT memory_record_remove(struct store *store, const struct guid *id);
HRESULT memory_record_each(struct store *store, const struct guid *type, uint64_t after,
                           bool with_payload, store_record_visitor visit, void *context);
HRESULT memory_record_walk(struct store *store, const struct store_place *from, bool with_header,
                           store_record_visitor visit, void *context);
HRESULT memory_record_each_by_creator(struct store *store, const struct hash *creator,
                                      store_record_visitor visit, void *context);
HRESULT memory_record_each_by_certificate(struct store *store, const struct hash *certificate,
                                          store_record_visitor visit, void *context);
HRESULT memory_record_scan(struct store *store, const struct store_key *from,
                           const struct store_key *to, uint64_t after, store_item_visitor visit,
                           void *context);
HRESULT memory_record_each_expired(struct store *store, uint64_t after, uint64_t until,
                                   uint32_t limit, store_record_visitor visit, void *context);
HRESULT memory_record_next_expiration(struct store *store, uint64_t after, uint64_t *expiration);
HRESULT memory_record_count(struct store *store, uint64_t after, uint64_t *count);

/* store_memory_piece.c */
/* memory_drop_unnamed drops the pieces under root unless a record or an unfinished record names it.
 * On failure some may be gone: undo. */
HRESULT memory_drop_unnamed(struct memory_store *store, const struct hash *root) MUST_CHECK;
HRESULT memory_piece_put(struct store *store, const struct hash *root, uint32_t index,
                         struct bytes data, const struct hash *leaf);
HRESULT memory_piece_get(struct store *store, const struct hash *root, uint32_t index,
                         struct buffer *data);
HRESULT memory_piece_has(struct store *store, const struct hash *root, uint32_t index, bool *has);
HRESULT memory_piece_count(struct store *store, const struct hash *root, uint32_t *count);
HRESULT memory_leaves(struct store *store, const struct hash *root, uint32_t count,
                      struct hash *leaves, uint64_t *size);
HRESULT memory_pieces_drop(struct store *store, const struct hash *root);
HRESULT memory_pieces_collect(struct store *store);
HRESULT memory_unfinished_put(struct store *store, const struct store_unfinished *unfinished);
HRESULT memory_unfinished_remove(struct store *store, const struct hash *digest);
HRESULT memory_unfinished_each(struct store *store, store_unfinished_visitor visit, void *context);

/* store_memory_value.c */
HRESULT memory_certificate_put(struct store *store, const struct store_certificate *certificate);
HRESULT memory_certificate_get(struct store *store, const struct hash *hash, struct buffer *der);
HRESULT memory_certificate_remove(struct store *store, const struct hash *hash);
HRESULT memory_certificate_each(struct store *store, store_certificate_visitor visit,
                                void *context);
HRESULT memory_value_put(struct store *store, const char *key, struct bytes value);
HRESULT memory_value_get(struct store *store, const char *key, struct buffer *value);
HRESULT memory_value_remove(struct store *store, const char *key);
HRESULT memory_value_each(struct store *store, const char *prefix, store_value_visitor visit,
                          void *context);

#endif
