/* bench_store.c - how fast a store takes, finds and lists records.
 *
 * Puts a late joiner's load: records of 256 bytes from 16 authors in batches of 1,000, each batch
 * one commit; then gets them by identifier in random order, scans them in reconciliation order, and
 * commits single records durably. Prints one line for each; stops with the code of the first
 * failure. Usage: bench-store FOLDER [RECORDS]. FOLDER must not hold the file bench.db. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    BATCH = 1000,
    DURABLE_COUNT = 200,
    AUTHORS = 16,
    HEADER_SIZE = 330,
    SIGNATURE_SIZE = 64,
    PAYLOAD_SIZE = 256
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void check(HRESULT hr, const char *what)
{
    if (SUCCEEDED(hr))
        return;
    const char *name = result_name(hr);
    fprintf(stderr, "bench-store: %s: 0x%08x %s\n", what, (unsigned)hr, name ? name : "");
    exit(1);
}

static void make_id(uint32_t number, struct guid *id)
{
    struct hash hash;
    hash_sha256(&number, sizeof(number), &hash);
    memcpy(id->bytes, hash.bytes, GUID_SIZE);
}

/* A pool of records made beforehand, so that only the store is measured; the rest follows from the
 * number. */
static struct store_record pool[BATCH];

static void fill_pool(uint32_t first)
{
    static uint8_t content[HEADER_SIZE + PAYLOAD_SIZE];
    for (uint32_t i = 0; i < BATCH; i++) {
        uint32_t number = first + i, author = number % AUTHORS;
        struct store_record *record = &pool[i];
        *record = (struct store_record){.version = 1, .payload_size = PAYLOAD_SIZE};
        make_id(number, &record->id);
        hash_sha256(&author, sizeof(author), &record->creator);
        hash_sha256(&record->creator, sizeof(record->creator), &record->certificate);
        hash_sha256(&record->id, sizeof(record->id), &record->digest);
        record->payload_root = record->digest;
        record->created = record->modified = 133000000000000000ull + number * 10000ull;
        record->expiration = record->created + 864000000000ull;
        record->header = bytes_of(content, HEADER_SIZE);
        record->signature = bytes_of(content, SIGNATURE_SIZE);
        record->payload = bytes_of(content + HEADER_SIZE, PAYLOAD_SIZE);
    }
}

static void report(const char *backend, const char *what, uint32_t count, double taken)
{
    printf("%-7s %-34s %9.0f /s  %7.3f ms each\n", backend, what, count / taken,
           taken * 1000 / count);
}

static HRESULT count_item(void *context, const struct store_item *item)
{
    (void)item;
    ++*(uint32_t *)context;
    return S_OK;
}

static HRESULT count_record(void *context, const struct store_record *record)
{
    (void)record;
    ++*(uint32_t *)context;
    return S_OK;
}

static void put_all(struct store *store, const char *backend, uint32_t count)
{
    double taken = 0;
    for (uint32_t i = 0; i < count; i += BATCH) {
        fill_pool(i);
        double started = seconds();
        for (uint32_t k = 0; k < BATCH; k++)
            check(store->ops->put(store, &pool[k]), "put");
        check(store->ops->commit(store), "commit");
        taken += seconds() - started;
    }
    report(backend, "put, 1,000 a commit", count, taken);
}

static void read_all(struct store *store, const char *backend, uint32_t count)
{
    double started = seconds();
    for (uint32_t i = 0; i < count; i++) {
        struct guid id;
        struct store_record record;
        make_id((uint32_t)(((uint64_t)i * 2654435761u) % count), &id);
        check(store->ops->get(store, &id, &record), "get");
        store_record_deinit(&record);
    }
    report(backend, "get, random order", count, seconds() - started);
    uint32_t seen = 0;
    started = seconds();
    check(store->ops->scan(store, NULL, NULL, 0, count_item, &seen), "scan");
    report(backend, "scan", seen, seconds() - started);
    seen = 0;
    started = seconds();
    check(store->ops->each(store, NULL, 0, true, count_record, &seen), "each");
    report(backend, "each, with payload", seen, seconds() - started);
}

static void put_durably(struct store *store, const char *backend, uint32_t first)
{
    fill_pool(first);
    double started = seconds();
    for (uint32_t i = 0; i < DURABLE_COUNT; i++) {
        check(store->ops->put(store, &pool[i]), "put");
        store->ops->mark_durable(store);
        check(store->ops->commit(store), "durable commit");
    }
    report(backend, "put, durable, 1 a commit", DURABLE_COUNT, seconds() - started);
}

static void run(struct store *store, const char *backend, uint32_t count)
{
    put_all(store, backend, count);
    read_all(store, backend, count);
    put_durably(store, backend, count);
    store_free(store);
}

int main(int argc, char **argv)
{
    char path[4096];
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100000;
    if (argc < 2 || count == 0 || count % BATCH != 0 ||
        snprintf(path, sizeof(path), "%s/bench.db", argv[1]) >= (int)sizeof(path)) {
        fprintf(stderr, "usage: bench-store FOLDER [RECORDS, a multiple of 1000]\n");
        return 2;
    }
    struct store *store = NULL;
    check(store_memory_new(&store), "memory");
    run(store, "memory", count);
    check(store_sqlite_open(path, STORE_CREATE, &store), "create");
    run(store, "sqlite", count);
    double started = seconds();
    check(store_sqlite_open(path, STORE_OPEN_EXISTING, &store), "open");
    report("sqlite", "open", 1, seconds() - started);
    store_free(store);
    check(store_sqlite_delete(path), "delete");
    return 0;
}
