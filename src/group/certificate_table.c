/* certificate_table.c - the tree of a group's certificates, found by certificate hash and by key.
 *
 * Happy path: the group's own certificate enters first, then each certificate below its issuer,
 * which is in the table already; a row keeps what judging needs, the DER stays in the store. A
 * second certificate for the group itself is refused, so that all members hang on one root.
 * Failure: nothing of a refused certificate remains. A row with children cannot go. */
#include "group/certificate_table.h"

enum { LENGTH_SIZE = 4 }; /* before each certificate of a list */

/* All certificates of one key. */
struct key_rows {
    struct hash key;
    struct certificate_row *first;
    UT_hash_handle hh;
};

struct certificate_table {
    struct certificate_row *rows;
    struct key_rows *keys;
    struct certificate_row *root;
    char *group_name;
};

HRESULT certificate_table_new(const char *group_name, struct certificate_table **table)
{
    *table = NULL;
    struct certificate_table *made = mem_zalloc(sizeof(*made));
    if (!made)
        return E_OUTOFMEMORY;
    made->group_name = mem_strdup(group_name);
    if (!made->group_name) {
        mem_free(made);
        return E_OUTOFMEMORY;
    }
    *table = made;
    return S_OK;
}

void certificate_table_free(struct certificate_table *table)
{
    if (!table)
        return;
    struct certificate_row *row, *next_row;
    HASH_ITER (hh, table->rows, row, next_row) {
        HASH_DEL(table->rows, row);
        mem_free(row);
    }
    struct key_rows *key, *next_key;
    HASH_ITER (hh, table->keys, key, next_key) {
        HASH_DEL(table->keys, key);
        mem_free(key);
    }
    mem_free(table->group_name);
    mem_free(table);
}

struct certificate_row *certificate_table_find(const struct certificate_table *table,
                                               const struct hash *hash)
{
    struct certificate_row *row;
    HASH_FIND(hh, table->rows, hash, HASH_SIZE, row);
    return row;
}

static struct key_rows *find_key(const struct certificate_table *table, const struct hash *key)
{
    struct key_rows *rows;
    HASH_FIND(hh, table->keys, key, HASH_SIZE, rows);
    return rows;
}

struct certificate_row *certificate_table_of_key(const struct certificate_table *table,
                                                 const struct hash *key)
{
    struct key_rows *rows = find_key(table, key);
    return rows ? rows->first : NULL;
}

struct certificate_row *certificate_table_root(const struct certificate_table *table)
{
    return table->root;
}

uint32_t certificate_table_count(const struct certificate_table *table)
{
    return HASH_COUNT(table->rows);
}

static struct certificate_row *row_new(const struct certificate *certificate,
                                       struct certificate_row *issuer)
{
    size_t peer_size = strlen(certificate->peer_name) + 1;
    size_t friendly_size = strlen(certificate->friendly_name) + 1;
    struct certificate_row *row = mem_zalloc(sizeof(*row) + peer_size + friendly_size);
    if (!row)
        return NULL;
    char *texts = (char *)(row + 1);
    memcpy(texts, certificate->peer_name, peer_size);
    memcpy(texts + peer_size, certificate->friendly_name, friendly_size);
    row->peer_name = texts;
    row->friendly_name = texts + peer_size;
    row->hash = certificate->hash;
    row->key_hash = certificate->key_hash;
    memcpy(row->key, certificate->key, KEY_SIZE);
    row->issuer = issuer;
    row->not_before = certificate->not_before;
    row->not_after = certificate->not_after;
    row->depth = issuer ? issuer->depth + 1 : 0;
    row->roles = (uint8_t)certificate->roles;
    row->deputy = certificate->deputy;
    static const struct hash none;
    row->by_password = !hash_equal(&certificate->properties, &none);
    return row;
}

static struct key_rows *require_key(struct certificate_table *table, const struct hash *key)
{
    struct key_rows *rows = find_key(table, key);
    if (rows)
        return rows;
    rows = mem_zalloc(sizeof(*rows));
    if (!rows)
        return NULL;
    rows->key = *key;
    HASH_ADD(hh, table->keys, key, HASH_SIZE, rows);
    if (TABLE_ADDED(rows, hh))
        return rows;
    mem_free(rows);
    return NULL;
}

static void drop_key_if_empty(struct certificate_table *table, struct key_rows *rows)
{
    if (rows->first)
        return;
    HASH_DEL(table->keys, rows);
    mem_free(rows);
}

static HRESULT insert(struct certificate_table *table, const struct certificate *certificate,
                      struct certificate_row *issuer, struct certificate_row **inserted)
{
    struct certificate_row *row = row_new(certificate, issuer);
    struct key_rows *key = row ? require_key(table, &certificate->key_hash) : NULL;
    if (!key) {
        mem_free(row);
        return E_OUTOFMEMORY;
    }
    HASH_ADD(hh, table->rows, hash, HASH_SIZE, row);
    if (!TABLE_ADDED(row, hh)) {
        mem_free(row);
        drop_key_if_empty(table, key);
        return E_OUTOFMEMORY;
    }
    struct certificate_row **last = &key->first;
    while (*last)
        last = &(*last)->next_of_key;
    *last = row;
    if (issuer)
        issuer->children++;
    else
        table->root = row;
    *inserted = row;
    return S_OK;
}

/* What a row says as a certificate, as far as a link of a chain compares it. */
static struct certificate issuer_of_row(const struct certificate_table *table,
                                        const struct certificate_row *row)
{
    struct certificate issuer = {
        .hash = row->hash,
        .key_hash = row->key_hash,
        .kind = row->depth == 0 ? CERTIFICATE_GROUP : CERTIFICATE_MEMBER,
        .roles = row->roles,
        .deputy = row->deputy,
        .not_before = row->not_before,
        .not_after = row->not_after,
        .peer_name = row->peer_name,
        .friendly_name = row->friendly_name,
        .issuer_name = "",
        .issuer_friendly_name = "",
        .group_name = table->group_name,
    };
    memcpy(issuer.key, row->key, KEY_SIZE);
    return issuer;
}

static HRESULT check_root(const struct certificate_table *table,
                          const struct certificate *certificate)
{
    bool good = !table->root && certificate->kind == CERTIFICATE_GROUP &&
                strcmp(certificate->group_name, table->group_name) == 0;
    return good ? S_OK : PEER_E_INVALID_RECORD;
}

/* [protocol, Certificates] A key stands once in a chain. */
static bool key_stands_above(const struct certificate *certificate,
                             const struct certificate_row *row)
{
    for (; row; row = row->issuer) {
        if (hash_equal(&row->key_hash, &certificate->key_hash))
            return true;
    }
    return false;
}

static HRESULT check_below(const struct certificate_table *table, struct bytes der,
                           const struct certificate *certificate,
                           const struct certificate_row *issuer)
{
    struct certificate above = issuer_of_row(table, issuer);
    if (key_stands_above(certificate, issuer))
        return PEER_E_INVALID_RECORD;
    return certificate_check_issued(der, certificate, &above, issuer->depth + 1);
}

static HRESULT add_parsed(struct certificate_table *table, struct bytes der,
                          const struct certificate *certificate, struct certificate_row **row)
{
    struct certificate_row *issuer = NULL;
    HRESULT hr;
    if (certificate->kind == CERTIFICATE_MEMBER) {
        issuer = certificate_table_find(table, &certificate->issuer);
        hr = issuer ? check_below(table, der, certificate, issuer) : PEER_E_DEFERRED_VALIDATION;
    } else {
        hr = check_root(table, certificate);
    }
    if (SUCCEEDED(hr))
        hr = insert(table, certificate, issuer, row);
    if (SUCCEEDED(hr))
        (*row)->chain_size = (issuer ? issuer->chain_size : 0) + LENGTH_SIZE + (uint32_t)der.size;
    return hr;
}

HRESULT certificate_table_add(struct certificate_table *table, struct bytes der,
                              struct certificate_row **row)
{
    struct certificate certificate;
    struct certificate_row *ignored;
    struct hash hash;
    if (!row)
        row = &ignored;
    hash_sha256(der.data, der.size, &hash);
    *row = certificate_table_find(table, &hash);
    if (*row)
        return S_FALSE;
    HRESULT hr = certificate_parse(der, &certificate);
    if (FAILED(hr))
        return hr;
    hr = add_parsed(table, der, &certificate, row);
    certificate_deinit(&certificate);
    return hr;
}

void certificate_table_remove(struct certificate_table *table, struct certificate_row *row)
{
    ASSERT(row->children == 0);
    struct key_rows *key = find_key(table, &row->key_hash);
    ASSERT(key);
    struct certificate_row **place = &key->first;
    while (*place != row)
        place = &(*place)->next_of_key;
    *place = row->next_of_key;
    drop_key_if_empty(table, key);
    if (row->issuer)
        row->issuer->children--;
    else
        table->root = NULL;
    HASH_DEL(table->rows, row);
    mem_free(row);
}

HRESULT certificate_table_each(struct certificate_table *table, uint32_t depth,
                               certificate_row_visitor visit, void *context)
{
    struct certificate_row *row, *next;
    HASH_ITER (hh, table->rows, row, next) {
        if (row->depth != depth)
            continue;
        HRESULT hr = visit(context, row);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

bool certificate_row_valid(const struct certificate_row *row, uint64_t utc, uint64_t grace)
{
    uint64_t latest = utc > UINT64_MAX - grace ? UINT64_MAX : utc + grace;
    uint64_t earliest = utc < grace ? 0 : utc - grace;
    for (; row; row = row->issuer) {
        if (latest < row->not_before || earliest > row->not_after)
            return false;
    }
    return true;
}

static int role_rank(const struct certificate_row *row)
{
    if (row->roles & ROLE_ADMIN)
        return 2;
    return row->roles & ROLE_INVITING_MEMBER ? 1 : 0;
}

/* A certificate takes no role away that another one gives: only a revocation does. */
bool certificate_row_preferred(const struct certificate_row *row,
                               const struct certificate_row *other)
{
    if (role_rank(row) != role_rank(other))
        return role_rank(row) > role_rank(other);
    if (row->not_before != other->not_before)
        return row->not_before > other->not_before;
    return hash_compare(&row->hash, &other->hash) > 0;
}

bool certificate_row_below(const struct certificate_row *row, const struct certificate_row *above)
{
    while (row->issuer) {
        row = row->issuer;
        if (row == above)
            return true;
    }
    return false;
}
