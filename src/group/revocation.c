/* revocation.c - who is removed by a set of revocations, decided from the root down.
 *
 * Happy path: revocations are sorted by who sealed them (group key, deputies, administrators by
 * depth). Each is in force when its seal's certificate is alive, or a keep-list names the
 * revocation, under those decided before it. A certificate can be removed only by somebody higher
 * in that order, so no two revocations contradict each other and the outcome depends on the set
 * alone. A path has at most 25 certificates, so a verdict is a short walk to the root. Failure:
 * only memory. The set is decided anew at the first question after a change. */
#include "group/revocation.h"

#include "wire/wire.h"

#include <stdlib.h>

enum { PAYLOAD_VERSION = 1 };

struct entry {
    struct hash digest; /* of the record version that carries it */
    struct hash key;
    uint64_t time;
    uint64_t expiration; /* of that record version */
    const struct certificate_row *seal;
    struct bytes keep;
    bool in_force;
    struct entry *next_of_key;
    uint8_t digests[]; /* behind keep */
};

/* All revocations of one key. */
struct key_entries {
    struct hash key;
    struct entry *first;
    UT_hash_handle hh;
};

struct revocation_set {
    struct entry **entries;
    uint32_t count;
    uint32_t capacity;
    struct key_entries *keys;
    bool decided;
};

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, HASH_SIZE);
}

static void write_keep(struct wire_writer *writer, const struct hash *sorted, uint32_t count)
{
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < count; i++)
        distinct += i == 0 || !hash_equal(&sorted[i], &sorted[i - 1]);
    wire_write_u32(writer, distinct);
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || !hash_equal(&sorted[i], &sorted[i - 1]))
            wire_write_fixed(writer, sorted[i].bytes, HASH_SIZE);
    }
}

HRESULT revocation_encode(const struct hash *key, uint64_t time, const struct hash *keep,
                          uint32_t count, struct buffer *out)
{
    if (count > REVOCATION_KEEP_MAX)
        return E_INVALIDARG;
    CLEANUP_FREE struct hash *sorted = mem_alloc(count * sizeof(*sorted));
    if (!sorted)
        return E_OUTOFMEMORY;
    if (count > 0) {
        memcpy(sorted, keep, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), compare_hashes);
    }
    size_t before = out->size;
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, PAYLOAD_VERSION);
    wire_write_fixed(&writer, key->bytes, HASH_SIZE);
    wire_write_u64(&writer, time);
    write_keep(&writer, sorted, count);
    if (FAILED(writer.hr))
        out->size = before;
    return writer.hr;
}

HRESULT revocation_decode(struct bytes payload, struct revocation *revocation)
{
    struct wire_reader reader;
    *revocation = (struct revocation){.time = 0};
    wire_reader_init(&reader, payload);
    uint8_t version = wire_read_u8(&reader);
    wire_read_fixed(&reader, revocation->key.bytes, HASH_SIZE);
    revocation->time = wire_read_u64(&reader);
    uint32_t count = wire_read_count(&reader, REVOCATION_KEEP_MAX, HASH_SIZE);
    revocation->keep = wire_read_view(&reader, (size_t)count * HASH_SIZE);
    if (!wire_reader_done(&reader) || version != PAYLOAD_VERSION)
        return PEER_E_INVALID_RECORD;
    for (uint32_t i = 1; i < count; i++) {
        const uint8_t *digest = revocation->keep.data + (size_t)i * HASH_SIZE;
        if (compare_hashes(digest - HASH_SIZE, digest) >= 0)
            return PEER_E_INVALID_RECORD;
    }
    return S_OK;
}

HRESULT revocation_set_new(struct revocation_set **set)
{
    *set = mem_zalloc(sizeof(**set));
    return *set ? S_OK : E_OUTOFMEMORY;
}

void revocation_set_free(struct revocation_set *set)
{
    if (!set)
        return;
    struct key_entries *key, *next;
    HASH_ITER (hh, set->keys, key, next) {
        HASH_DEL(set->keys, key);
        mem_free(key);
    }
    for (uint32_t i = 0; i < set->count; i++)
        mem_free(set->entries[i]);
    mem_free(set->entries);
    mem_free(set);
}

static struct entry *entries_of(const struct revocation_set *set, const struct hash *key)
{
    struct key_entries *entries;
    HASH_FIND(hh, set->keys, key, HASH_SIZE, entries);
    return entries ? entries->first : NULL;
}

/* The group key may revoke any; a deputy all but those that the group's certificate issued itself,
 * which are the creator's and the deputies'; an administrator those below its own certificate and
 * those without the administrator role. */
bool revocation_may_revoke(const struct certificate_row *seal, const struct certificate_row *row)
{
    if (row->depth == 0)
        return false;
    if (seal->depth == 0)
        return true;
    if (row->depth == 1)
        return false;
    if (seal->deputy)
        return true;
    if (!(seal->roles & ROLE_ADMIN))
        return false;
    return !(row->roles & ROLE_ADMIN) || certificate_row_below(row, seal);
}

/* An administrator or the group key issued it, by choice: knowing the password is nobody's consent,
 * whatever the one who issued it had heard. */
static bool is_readmission(const struct certificate_row *row)
{
    return !row->by_password && (row->issuer->depth == 0 || (row->issuer->roles & ROLE_ADMIN));
}

static bool hits(const struct entry *entry, const struct certificate_row *row)
{
    return entry->in_force && revocation_may_revoke(entry->seal, row) &&
           (row->not_before <= entry->time || !is_readmission(row));
}

/* kept: a list of a revocation that hits row or what it hangs on names the digest. */
static bool kept(const struct revocation_set *set, const struct certificate_row *row,
                 const struct hash *digest)
{
    for (; row; row = row->issuer) {
        for (const struct entry *entry = entries_of(set, &row->key_hash); entry;
             entry = entry->next_of_key) {
            if (hits(entry, row) && bsearch(digest, entry->digests, entry->keep.size / HASH_SIZE,
                                            HASH_SIZE, compare_hashes))
                return true;
        }
    }
    return false;
}

static bool is_hit(const struct revocation_set *set, const struct certificate_row *row)
{
    for (const struct entry *entry = entries_of(set, &row->key_hash); entry;
         entry = entry->next_of_key) {
        if (hits(entry, row))
            return true;
    }
    return false;
}

/* Down the path: a certificate dies by a hit, or with its issuer unless it is kept. */
static bool is_dead(const struct revocation_set *set, const struct certificate_row *row)
{
    const struct certificate_row *path[LIMIT_CHAIN_LENGTH + 1];
    uint32_t count = 0;
    for (; row; row = row->issuer)
        path[count++] = row;
    bool dead = false;
    while (count-- > 0) {
        const struct certificate_row *at = path[count];
        dead = is_hit(set, at) || (dead && !kept(set, at->issuer, &at->hash));
    }
    return dead;
}

static bool signature_is_dead(const struct revocation_set *set, const struct certificate_row *row,
                              const struct hash *digest)
{
    return is_dead(set, row) && !kept(set, row, digest);
}

static uint32_t rank(const struct certificate_row *seal)
{
    if (seal->depth == 0)
        return 0;
    return seal->deputy ? 1 : seal->depth + 1;
}

static int compare_ranks(const void *a, const void *b)
{
    const struct entry *left = *(struct entry *const *)a;
    const struct entry *right = *(struct entry *const *)b;
    uint32_t left_rank = rank(left->seal), right_rank = rank(right->seal);
    if (left_rank != right_rank)
        return left_rank < right_rank ? -1 : 1;
    return hash_compare(&left->digest, &right->digest);
}

/* Nobody of one rank can remove another of that rank, so the order within a rank is of no account.
 */
static void decide(struct revocation_set *set)
{
    if (set->decided)
        return;
    for (uint32_t i = 0; i < set->count; i++)
        set->entries[i]->in_force = false;
    if (set->count > 0)
        qsort(set->entries, set->count, sizeof(*set->entries), compare_ranks);
    for (uint32_t i = 0; i < set->count; i++) {
        struct entry *entry = set->entries[i];
        entry->in_force = !signature_is_dead(set, entry->seal, &entry->digest);
    }
    set->decided = true;
}

static bool is_known(const struct revocation_set *set, const struct hash *key,
                     const struct hash *digest)
{
    for (const struct entry *entry = entries_of(set, key); entry; entry = entry->next_of_key) {
        if (hash_equal(&entry->digest, digest))
            return true;
    }
    return false;
}

static HRESULT reserve(struct revocation_set *set)
{
    if (set->count < set->capacity)
        return S_OK;
    uint32_t capacity = set->capacity ? 2 * set->capacity : 8;
    struct entry **entries = mem_realloc(set->entries, capacity * sizeof(struct entry *));
    if (!entries)
        return E_OUTOFMEMORY;
    set->entries = entries;
    set->capacity = capacity;
    return S_OK;
}

static struct key_entries *require_key(struct revocation_set *set, const struct hash *key)
{
    struct key_entries *entries;
    HASH_FIND(hh, set->keys, key, HASH_SIZE, entries);
    if (entries)
        return entries;
    entries = mem_zalloc(sizeof(*entries));
    if (!entries)
        return NULL;
    entries->key = *key;
    HASH_ADD(hh, set->keys, key, HASH_SIZE, entries);
    if (TABLE_ADDED(entries, hh))
        return entries;
    mem_free(entries);
    return NULL;
}

static struct entry *entry_new(const struct revocation *revocation, const struct hash *digest,
                               uint64_t expiration, const struct certificate_row *seal)
{
    struct entry *entry = mem_zalloc(sizeof(*entry) + revocation->keep.size);
    if (!entry)
        return NULL;
    entry->digest = *digest;
    entry->key = revocation->key;
    entry->time = revocation->time;
    entry->expiration = expiration;
    entry->seal = seal;
    if (revocation->keep.size > 0)
        memcpy(entry->digests, revocation->keep.data, revocation->keep.size);
    entry->keep = bytes_of(entry->digests, revocation->keep.size);
    return entry;
}

HRESULT revocation_set_add(struct revocation_set *set, const struct revocation *revocation,
                           const struct hash *digest, uint64_t expiration,
                           const struct certificate_row *seal)
{
    if (is_known(set, &revocation->key, digest))
        return S_FALSE;
    HRESULT hr = reserve(set);
    if (FAILED(hr))
        return hr;
    struct entry *entry = entry_new(revocation, digest, expiration, seal);
    struct key_entries *key = entry ? require_key(set, &revocation->key) : NULL;
    if (!key) {
        mem_free(entry);
        return E_OUTOFMEMORY;
    }
    entry->next_of_key = key->first;
    key->first = entry;
    set->entries[set->count++] = entry;
    set->decided = false;
    return S_OK;
}

static void unlink_entry(struct revocation_set *set, const struct entry *entry)
{
    struct key_entries *key;
    HASH_FIND(hh, set->keys, &entry->key, HASH_SIZE, key);
    ASSERT(key);
    struct entry **place = &key->first;
    while (*place != entry)
        place = &(*place)->next_of_key;
    *place = entry->next_of_key;
    if (key->first)
        return;
    HASH_DEL(set->keys, key);
    mem_free(key);
}

void revocation_set_remove(struct revocation_set *set, const struct hash *digest)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct entry *entry = set->entries[i];
        if (!hash_equal(&entry->digest, digest))
            continue;
        unlink_entry(set, entry);
        set->entries[i] = set->entries[--set->count];
        mem_free(entry);
        set->decided = false;
        return;
    }
}

bool revocation_certificate_dead(struct revocation_set *set, const struct certificate_row *row)
{
    decide(set);
    return is_dead(set, row);
}

bool revocation_signature_dead(struct revocation_set *set, const struct certificate_row *row,
                               const struct hash *digest)
{
    decide(set);
    return signature_is_dead(set, row, digest);
}

bool revocation_needs(struct revocation_set *set, const struct certificate_row *row)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->entries[i]->seal == row)
            return true;
    }
    return false;
}

/* Inserts by the length of the keep-list; the longest go when there are too many. */
static uint32_t insert_shortest(const struct entry *entries[REVOCATION_WHY_MAX], uint32_t count,
                                const struct entry *entry)
{
    uint32_t at = count;
    while (at > 0 && entries[at - 1]->keep.size > entry->keep.size)
        at--;
    if (at == REVOCATION_WHY_MAX)
        return count;
    uint32_t kept = count < REVOCATION_WHY_MAX ? count : REVOCATION_WHY_MAX - 1;
    memmove(&entries[at + 1], &entries[at], (kept - at) * sizeof(entries[0]));
    entries[at] = entry;
    return kept + 1;
}

uint32_t revocation_why(struct revocation_set *set, const struct certificate_row *row,
                        struct hash digests[REVOCATION_WHY_MAX])
{
    const struct entry *found[REVOCATION_WHY_MAX];
    uint32_t count = 0;
    decide(set);
    for (; row && count == 0; row = row->issuer) {
        for (const struct entry *entry = entries_of(set, &row->key_hash); entry;
             entry = entry->next_of_key) {
            if (hits(entry, row))
                count = insert_shortest(found, count, entry);
        }
    }
    for (uint32_t i = 0; i < count; i++)
        digests[i] = found[i]->digest;
    return count;
}

bool revocation_names(const struct revocation_set *set, const struct hash *key)
{
    return entries_of(set, key) != NULL;
}

uint32_t revocation_count(const struct revocation_set *set)
{
    return set->count;
}

void revocation_view_at(struct revocation_set *set, uint32_t index, struct revocation_view *view)
{
    ASSERT(index < set->count);
    decide(set);
    const struct entry *entry = set->entries[index];
    *view = (struct revocation_view){.digest = entry->digest,
                                     .key = entry->key,
                                     .time = entry->time,
                                     .seal = entry->seal,
                                     .keep_count = (uint32_t)(entry->keep.size / HASH_SIZE),
                                     .in_force = entry->in_force};
}

bool revocation_last(struct revocation_set *set, const struct hash *key, uint64_t *last)
{
    bool any = false;
    *last = 0;
    decide(set);
    for (const struct entry *entry = entries_of(set, key); entry; entry = entry->next_of_key) {
        any = any || entry->in_force;
        if (entry->in_force && entry->time > *last)
            *last = entry->time;
    }
    return any;
}

static const struct entry *entry_of(const struct revocation_set *set, const struct hash *digest)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (hash_equal(&set->entries[i]->digest, digest))
            return set->entries[i];
    return NULL;
}

static bool may_take_over(const struct revocation_set *set, const struct entry *entry,
                          const struct certificate_table *table, const struct certificate_row *seal)
{
    if (!entry || !entry->in_force || is_dead(set, seal) ||
        !(seal->depth == 0 || seal->deputy || (seal->roles & ROLE_ADMIN)))
        return false;
    for (const struct certificate_row *row = certificate_table_of_key(table, &entry->key); row;
         row = row->next_of_key)
        if (hits(entry, row) && !revocation_may_revoke(seal, row))
            return false;
    return true;
}

bool revocation_may_take_over(struct revocation_set *set, const struct hash *digest,
                              const struct certificate_table *table,
                              const struct certificate_row *seal)
{
    decide(set);
    return may_take_over(set, entry_of(set, digest), table, seal);
}

bool revocation_said_longer(struct revocation_set *set, const struct hash *digest,
                            const struct certificate_table *table)
{
    decide(set);
    const struct entry *entry = entry_of(set, digest);
    for (const struct entry *other = entry ? entries_of(set, &entry->key) : NULL; other;
         other = other->next_of_key) {
        bool same = other->time == entry->time && bytes_equal(other->keep, entry->keep);
        if (same && other->expiration > entry->expiration &&
            may_take_over(set, entry, table, other->seal))
            return true;
    }
    return false;
}

static int compare_digests(const void *a, const void *b)
{
    return hash_compare(&(*(struct entry *const *)a)->digest, &(*(struct entry *const *)b)->digest);
}

void revocation_set_summary(struct revocation_set *set, struct revocation_summary *summary)
{
    struct sha256 sha;
    decide(set);
    if (set->count > 0)
        qsort(set->entries, set->count, sizeof(*set->entries), compare_digests);
    sha256_init(&sha);
    summary->count = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (!set->entries[i]->in_force)
            continue;
        summary->count++;
        sha256_update(&sha, set->entries[i]->digest.bytes, HASH_SIZE);
    }
    sha256_final(&sha, &summary->sum);
}
