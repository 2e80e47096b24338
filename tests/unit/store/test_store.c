/* Do both backends keep every promise of store.h? One body of tests, run over SQLite and memory. */
#include "store_fixture.h"

struct backend {
    bool on_disk;
    struct folder folder;
    struct store *store;
};

static int open_backend(void **state, bool on_disk)
{
    struct backend *backend = calloc(1, sizeof(*backend));
    backend->on_disk = on_disk;
    folder_make(&backend->folder);
    if (on_disk)
        assert_ok(store_sqlite_open(backend->folder.file, STORE_CREATE, &backend->store));
    else
        assert_ok(store_memory_new(&backend->store));
    *state = backend;
    return 0;
}

static int open_sqlite(void **state)
{
    return open_backend(state, true);
}

static int open_memory(void **state)
{
    return open_backend(state, false);
}

static int close_backend(void **state)
{
    struct backend *backend = *state;
    store_free(backend->store);
    folder_remove(&backend->folder);
    free(backend);
    return 0;
}

#define STORE_OF(state) (((struct backend *)*(state))->store)

/* ---- records ---- */

static void test_put_get_returns_every_field(void **state)
{
    struct store *store = STORE_OF(state);
    struct store_record got, records[] = {record_of(1), record_of(99), record_of(100)};
    records[1].deleted = records[1].local = true;
    records[1].version = UINT32_MAX;
    records[1].created = 0;
    records[1].expiration = UINT64_MAX;
    records[1].modified = 1ull << 63;
    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        assert_ok(store->ops->put(store, &records[i]));
    for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
        assert_ok(store->ops->get(store, &records[i].id, &got));
        assert_record_equal(&got, &records[i]);
        store_record_deinit(&got);
        assert_ok(store->ops->find(store, &records[i].id, &got));
        assert_true(got.header.size == 0 && got.payload.size == 0 && !got.owned);
        assert_true(got.created == records[i].created && got.local == records[i].local);
        assert_true(hash_equal(&got.digest, &records[i].digest));
    }
}

static void test_get_of_what_is_not_there(void **state)
{
    struct store *store = STORE_OF(state);
    struct guid id = guid_of(5);
    struct store_record got;
    assert_hr(store->ops->get(store, &id, &got), PEER_E_RECORD_NOT_FOUND);
    assert_null(got.owned);
    assert_hr(store->ops->find(store, &id, &got), PEER_E_RECORD_NOT_FOUND);
    assert_ok(store->ops->remove(store, &id));
}

static void test_put_refuses_a_payload_that_contradicts_its_size(void **state)
{
    struct store *store = STORE_OF(state);
    struct store_record record = record_of(10);
    record.payload_size++;
    assert_hr(store->ops->put(store, &record), E_INVALIDARG);
    record.payload_size = LIMIT_PIECE_SIZE + 1;
    assert_hr(store->ops->put(store, &record), E_INVALIDARG);
    record.payload = bytes_of(NULL, 0);
    record.payload_size = UINT64_MAX;
    assert_hr(store->ops->put(store, &record), E_INVALIDARG);
    struct store_unfinished unfinished = {.record = record};
    assert_hr(store->ops->unfinished_put(store, &unfinished), E_INVALIDARG);
    assert_false(has_record(store, 10));
}

static void test_put_takes_the_largest_inline_payload(void **state)
{
    struct store *store = STORE_OF(state);
    static uint8_t payload[LIMIT_PIECE_SIZE];
    memset(payload, 0x5a, sizeof(payload));
    struct store_record got, record = record_of(1);
    record.payload = bytes_of(payload, sizeof(payload));
    record.payload_size = sizeof(payload);
    assert_ok(store->ops->put(store, &record));
    assert_ok(store->ops->get(store, &record.id, &got));
    assert_record_equal(&got, &record);
    store_record_deinit(&got);
}

static void test_put_replaces_the_older_version_everywhere(void **state)
{
    struct store *store = STORE_OF(state);
    struct seen seen = {.count = 0};
    struct store_record got, record = record_of(1);
    put_record(store, 1);
    put_record(store, 2);
    record.version = 2;
    record.modified = 900;
    record.expiration = 90000;
    record.digest = hash_of(77);
    record.certificate = hash_of(2001);
    record.payload_size = 0;
    record.payload = bytes_of(NULL, 0);
    assert_ok(store->ops->put(store, &record));
    assert_ok(store->ops->get(store, &record.id, &got));
    assert_record_equal(&got, &record);
    store_record_deinit(&got);
    assert_ok(store->ops->scan(store, NULL, NULL, 0, see_item, &seen));
    assert_string_equal(seen.text, "2 1");
    seen = (struct seen){.count = 0};
    struct hash old_certificate = hash_of(2000);
    assert_ok(store->ops->each_by_certificate(store, &old_certificate, see_record, &seen));
    assert_string_equal(seen.text, "2");
    uint64_t count = 0;
    assert_ok(store->ops->count(store, 0, &count));
    assert_int_equal(count, 2);
}

static void test_remove_takes_the_record_out_of_every_order(void **state)
{
    struct store *store = STORE_OF(state);
    struct seen seen = {.count = 0};
    struct guid id = guid_of(1);
    struct hash creator = hash_of(1000), certificate = hash_of(2000);
    uint64_t expiration = 0, count = 9;
    put_record(store, 1);
    assert_ok(store->ops->remove(store, &id));
    assert_false(has_record(store, 1));
    assert_ok(store->ops->scan(store, NULL, NULL, 0, see_item, &seen));
    assert_ok(store->ops->each(store, NULL, 0, true, see_record, &seen));
    assert_ok(store->ops->each_by_creator(store, &creator, see_record, &seen));
    assert_ok(store->ops->each_by_certificate(store, &certificate, see_record, &seen));
    assert_ok(store->ops->each_expired(store, 0, UINT64_MAX, 9, see_record, &seen));
    assert_int_equal(seen.count, 0);
    assert_ok(store->ops->next_expiration(store, 0, &expiration));
    assert_true(expiration == UINT64_MAX);
    assert_ok(store->ops->count(store, 0, &count));
    assert_int_equal(count, 0);
}

/* ---- visits ---- */

static void put_for_each(struct store *store)
{
    /* Created in the order 4 2 3 1 (3 and 2 at once: by identifier); 5 is deleted, 6 of another
     * type. */
    static const uint64_t created[] = {0, 400, 200, 200, 100, 50, 150};
    for (uint32_t i = 1; i <= 6; i++) {
        struct store_record record = record_of(i);
        record.created = created[i];
        record.deleted = i == 5;
        if (i == 6)
            record.type = guid_of(8);
        assert_ok(store->ops->put(store, &record));
    }
}

static void check_each(struct store *store, uint32_t type, uint64_t after, const char *want)
{
    struct seen seen = {.count = 0};
    struct guid guid = guid_of(type);
    assert_ok(store->ops->each(store, type ? &guid : NULL, after, false, see_record, &seen));
    assert_string_equal(seen.text, want);
    assert_false(seen.payload);
    assert_true(seen.count == 0 || seen.header);
}

/* From any record on, the rest in order; deleted ones never, expired ones too. */
static void test_walk_goes_on_where_it_was(void **state)
{
    struct store *store = STORE_OF(state);
    static const uint32_t order[] = {4, 2, 3, 1, 6};
    static const char *const rest[] = {"2 3 1 6", "3 1 6", "1 6", "6", ""};
    put_for_each(store);
    for (int with_header = 0; with_header < 2; with_header++) {
        struct seen seen = {.count = 0};
        assert_ok(store->ops->walk(store, NULL, with_header, see_record, &seen));
        assert_string_equal(seen.text, "4 2 3 1 6");
        assert_true(seen.header == (with_header != 0) && !seen.payload);
        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
            struct store_record record;
            struct guid id = guid_of(order[i]);
            assert_ok(store->ops->find(store, &id, &record));
            struct store_place from = {record.type, record.created, record.id};
            seen = (struct seen){.count = 0};
            assert_ok(store->ops->walk(store, &from, with_header, see_record, &seen));
            assert_string_equal(seen.text, rest[i]);
        }
        struct store_place between = {guid_of(7), 150, guid_of(0)};
        seen = (struct seen){.count = 0};
        assert_ok(store->ops->walk(store, &between, with_header, see_record, &seen));
        assert_string_equal(seen.text, "2 3 1 6");
    }
}

static void test_each_orders_and_filters(void **state)
{
    struct store *store = STORE_OF(state);
    put_for_each(store);
    check_each(store, 7, 0, "4 2 3 1");
    check_each(store, 8, 0, "6");
    check_each(store, 9, 0, "");
    check_each(store, 0, 0, "4 6 2 3 1");
    check_each(store, 0, 10002, "4 6 3");
    check_each(store, 7, 10003, "4");
    check_each(store, 7, UINT64_MAX, "");
    struct seen seen = {.count = 0};
    assert_ok(store->ops->each(store, NULL, 0, true, see_record, &seen));
    assert_true(seen.payload);
}

static void test_each_by_creator_and_certificate_show_deleted_ones(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash creator = hash_of(1000), other = hash_of(1001), certificate = hash_of(2000);
    struct store_record record = record_of(3);
    put_for_each(store);
    record.creator = other;
    assert_ok(store->ops->put(store, &record));
    struct seen seen = {.count = 0};
    assert_ok(store->ops->each_by_creator(store, &creator, see_record, &seen));
    assert_int_equal(seen.count, 5);
    assert_non_null(strchr(seen.text, '5'));
    assert_true(seen.header && !seen.payload);
    seen = (struct seen){.count = 0};
    assert_ok(store->ops->each_by_creator(store, &other, see_record, &seen));
    assert_string_equal(seen.text, "3");
    seen = (struct seen){.count = 0};
    assert_ok(store->ops->each_by_certificate(store, &certificate, see_record, &seen));
    assert_int_equal(seen.count, 6);
    seen = (struct seen){.count = 0};
    assert_ok(store->ops->each_by_certificate(store, &creator, see_record, &seen));
    assert_int_equal(seen.count, 0);
}

static HRESULT check_item(void *context, const struct store_item *item)
{
    struct store_record want = record_of(item->key.id.bytes[15]);
    ++*(int *)context;
    assert_true(item->key.modified == want.modified && item->version == want.version);
    assert_true(hash_equal(&item->digest, &want.digest));
    return S_OK;
}

static void check_scan(struct store *store, const struct store_key *from,
                       const struct store_key *to, uint64_t after, const char *want)
{
    struct seen seen = {.count = 0};
    assert_ok(store->ops->scan(store, from, to, after, see_item, &seen));
    assert_string_equal(seen.text, want);
}

static void test_scan_excludes_from_and_includes_to(void **state)
{
    struct store *store = STORE_OF(state);
    /* 1 at 201, 2 and 3 both at 300, 4 at 204, 5 (deleted) at the end of time. */
    for (uint32_t i = 1; i <= 5; i++) {
        struct store_record record = record_of(i);
        if (i == 2 || i == 3)
            record.modified = 300;
        if (i == 5)
            record.modified = UINT64_MAX;
        record.deleted = i == 5;
        assert_ok(store->ops->put(store, &record));
    }
    struct store_key key2 = {300, guid_of(2)}, key3 = {300, guid_of(3)}, key1 = {201, guid_of(1)};
    struct store_key zero = {0, guid_of(0)}, end = {UINT64_MAX, guid_of(5)};
    check_scan(store, NULL, NULL, 0, "1 4 2 3 5");
    check_scan(store, &key1, NULL, 0, "4 2 3 5");
    check_scan(store, &key2, NULL, 0, "3 5");
    check_scan(store, NULL, &key2, 0, "1 4 2");
    check_scan(store, &key2, &key3, 0, "3");
    check_scan(store, &key3, &key3, 0, "");
    check_scan(store, &key3, &key2, 0, "");
    check_scan(store, &zero, &end, 0, "1 4 2 3 5");
    check_scan(store, &end, NULL, 0, "");
    check_scan(store, NULL, NULL, 10003, "4 5");
    check_scan(store, NULL, NULL, UINT64_MAX, "");
}

static void test_scan_shows_version_and_digest(void **state)
{
    struct store *store = STORE_OF(state);
    int count = 0;
    for (uint32_t i = 1; i <= 20; i++)
        put_record(store, i);
    assert_ok(store->ops->scan(store, NULL, NULL, 0, check_item, &count));
    assert_int_equal(count, 20);
}

static void check_expired(struct store *store, uint64_t after, uint64_t until, uint32_t limit,
                          const char *want)
{
    struct seen seen = {.count = 0};
    assert_ok(store->ops->each_expired(store, after, until, limit, see_record, &seen));
    assert_string_equal(seen.text, want);
}

static void test_expiry(void **state)
{
    struct store *store = STORE_OF(state);
    uint64_t next = 0, count = 0;
    for (uint32_t i = 4; i >= 1; i--) {
        struct store_record record = record_of(i);
        record.deleted = i == 3;
        assert_ok(store->ops->put(store, &record));
    }
    check_expired(store, 0, 10000, 9, "");
    check_expired(store, 0, 10002, 9, "1 2");
    check_expired(store, 10001, 10004, 9, "2 3 4");
    check_expired(store, 0, UINT64_MAX, 3, "1 2 3");
    check_expired(store, 0, UINT64_MAX, 0, "");
    assert_ok(store->ops->next_expiration(store, 0, &next));
    assert_int_equal(next, 10001);
    assert_ok(store->ops->next_expiration(store, 10001, &next));
    assert_int_equal(next, 10002);
    assert_ok(store->ops->next_expiration(store, 10004, &next));
    assert_true(next == UINT64_MAX);
    assert_ok(store->ops->count(store, 0, &count));
    assert_int_equal(count, 3);
    assert_ok(store->ops->count(store, 10001, &count));
    assert_int_equal(count, 2);
    assert_ok(store->ops->count(store, UINT64_MAX, &count));
    assert_int_equal(count, 0);
}

/* visit_all runs every visit there is with one context and checks that each stops at its second row
 * with this code. */
static void visit_all(struct store *store, HRESULT stop_with, HRESULT want)
{
    struct hash creator = hash_of(1000), certificate = hash_of(2000);
    struct guid type = guid_of(7);
    for (int i = 0; i < 11; i++) {
        struct seen seen = {.stop_at = 2, .stop_with = stop_with};
        const struct store_ops *ops = store->ops;
        HRESULT hr = i == 0   ? ops->each(store, NULL, 0, false, see_record, &seen)
                     : i == 1 ? ops->each(store, &type, 0, true, see_record, &seen)
                     : i == 2 ? ops->each_by_creator(store, &creator, see_record, &seen)
                     : i == 3 ? ops->each_by_certificate(store, &certificate, see_record, &seen)
                     : i == 4 ? ops->scan(store, NULL, NULL, 0, see_item, &seen)
                     : i == 5 ? ops->each_expired(store, 0, UINT64_MAX, 9, see_record, &seen)
                     : i == 6 ? ops->unfinished_each(store, see_unfinished, &seen)
                     : i == 8 ? ops->walk(store, NULL, false, see_record, &seen)
                     : i == 9 ? ops->walk(store, NULL, true, see_record, &seen)
                     : i == 7 ? ops->certificate_each(store, see_certificate, &seen)
                              : ops->value_each(store, "", see_value, &seen);
        assert_hr(hr, want);
        assert_int_equal(seen.count, 2);
    }
}

static void test_visitors_stop_early(void **state)
{
    struct store *store = STORE_OF(state);
    for (uint32_t i = 1; i <= 3; i++) {
        char key[2] = {(char)('a' + i), 0};
        struct store_unfinished unfinished = {.record = record_of(i), .since_utc = i};
        struct store_certificate certificate = {.hash = hash_of(i), .der = bytes_of("x", 1)};
        put_record(store, i);
        assert_ok(store->ops->unfinished_put(store, &unfinished));
        assert_ok(store->ops->certificate_put(store, &certificate));
        assert_ok(store->ops->value_put(store, key, bytes_of("y", 1)));
    }
    visit_all(store, S_FALSE, S_OK);
    visit_all(store, E_ABORT, E_ABORT);
    assert_ok(store->ops->rollback(store)); /* an aborted visit leaves the store usable */
    put_record(store, 9);
    assert_ok(store->ops->commit(store));
}

struct nested {
    struct store *store;
    uint32_t rows;
};

static HRESULT visit_again(void *context, const struct store_record *record)
{
    struct nested *nested = context;
    struct seen seen = {.count = 0};
    struct store_record got;
    assert_ok(nested->store->ops->get(nested->store, &record->id, &got));
    store_record_deinit(&got);
    assert_ok(nested->store->ops->each(nested->store, NULL, 0, false, see_record, &seen));
    assert_int_equal(seen.count, 4);
    nested->rows++;
    return S_OK;
}

static void test_visitors_may_read_the_store(void **state)
{
    struct nested nested = {.store = STORE_OF(state)};
    for (uint32_t i = 1; i <= 4; i++)
        put_record(nested.store, i);
    assert_ok(nested.store->ops->each(nested.store, NULL, 0, false, visit_again, &nested));
    assert_int_equal(nested.rows, 4);
}

/* ---- pieces ---- */

static void test_pieces(void **state)
{
    struct store *store = STORE_OF(state);
    CLEANUP_BUFFER struct buffer data = BUFFER_NULL;
    struct hash root = hash_of(1), other = hash_of(2), leaf = hash_of(3);
    bool has = true;
    assert_ok(buffer_append_text(&data, "old"));
    assert_ok(store->ops->piece_has(store, &root, 0, &has));
    assert_false(has);
    assert_hr(store->ops->piece_get(store, &root, 0, &data), PEER_E_RECORD_NOT_FOUND);
    assert_int_equal(data.size, 0);
    assert_ok(store->ops->piece_put(store, &root, 3, bytes_of("three", 5), &leaf));
    assert_ok(store->ops->piece_put(store, &root, 3, bytes_of("other", 5), &leaf));
    assert_ok(store->ops->piece_put(store, &root, UINT32_MAX, bytes_of(NULL, 0), &leaf));
    assert_ok(store->ops->piece_put(store, &other, 3, bytes_of("x", 1), &leaf));
    assert_ok(store->ops->piece_get(store, &root, 3, &data));
    assert_bytes_equal(buffer_view(&data), bytes_of("three", 5));
    assert_ok(store->ops->piece_get(store, &root, UINT32_MAX, &data));
    assert_int_equal(data.size, 0);
    assert_ok(store->ops->piece_has(store, &root, 3, &has));
    assert_true(has);
    assert_int_equal(pieces_of(store, &root), 2);
    static const uint8_t large[LIMIT_PIECE_SIZE + 1];
    assert_hr(store->ops->piece_put(store, &root, 4, bytes_of(large, sizeof(large)), &leaf),
              E_INVALIDARG);
}

static void test_leaves(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1), other = hash_of(2), leaves[4], got[4];
    uint64_t size = 7;
    assert_hr(store->ops->leaves(store, &root, 1, got, &size), PEER_E_RECORD_NOT_FOUND);
    for (uint32_t i = 0; i < ARRAY_SIZE(leaves); i++)
        leaves[i] = hash_of(10 + i);
    static const uint32_t order[] = {3, 0, 2};
    for (uint32_t i = 0; i < ARRAY_SIZE(order); i++)
        assert_ok(store->ops->piece_put(store, &root, order[i], bytes_of("abcd", 1 + order[i]),
                                        &leaves[order[i]]));
    assert_ok(store->ops->piece_put(store, &other, 1, bytes_of("x", 1), &other));
    assert_ok(store->ops->leaves(store, &root, 1, got, &size));
    assert_int_equal(size, 1);
    assert_hr(store->ops->leaves(store, &root, 2, got, &size), PEER_E_RECORD_NOT_FOUND);
    assert_hr(store->ops->leaves(store, &root, 4, got, &size), PEER_E_RECORD_NOT_FOUND);
    assert_hr(store->ops->leaves(store, &other, 1, got, &size), PEER_E_RECORD_NOT_FOUND);
    assert_ok(store->ops->piece_put(store, &root, 1, bytes_of("ab", 2), &leaves[1]));
    assert_ok(store->ops->leaves(store, &root, 4, got, &size));
    assert_int_equal(size, 10);
    assert_memory_equal(got, leaves, sizeof(leaves));
    assert_ok(store->ops->leaves(store, &root, 3, got, &size));
    assert_int_equal(size, 6);
    assert_hr(store->ops->leaves(store, &root, 5, got, &size), PEER_E_RECORD_NOT_FOUND);
}

static void test_pieces_go_with_the_last_record_that_names_them(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1);
    struct guid id1 = guid_of(1), id2 = guid_of(2);
    struct store_record first = large_of(1, &root), second = large_of(2, &root);
    put_pieces(store, &root);
    assert_ok(store->ops->put(store, &first));
    assert_ok(store->ops->put(store, &second));
    assert_ok(store->ops->remove(store, &id1));
    assert_int_equal(pieces_of(store, &root), 2);
    assert_ok(store->ops->remove(store, &id2));
    assert_int_equal(pieces_of(store, &root), 0);
}

static void test_replacing_keeps_or_drops_pieces(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1), other = hash_of(2);
    struct store_record record = large_of(1, &root), small = record_of(1);
    put_pieces(store, &root);
    put_pieces(store, &other);
    assert_ok(store->ops->put(store, &record));
    record.version = 2; /* the same payload */
    assert_ok(store->ops->put(store, &record));
    assert_int_equal(pieces_of(store, &root), 2);
    record = large_of(1, &other); /* another one */
    assert_ok(store->ops->put(store, &record));
    assert_int_equal(pieces_of(store, &root), 0);
    assert_int_equal(pieces_of(store, &other), 2);
    small.payload_root = other; /* in the row itself: names no pieces */
    assert_ok(store->ops->put(store, &small));
    assert_int_equal(pieces_of(store, &other), 0);
}

static void test_collect_drops_pieces_without_a_name(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash record_root = hash_of(1), unfinished_root = hash_of(2), nobody = hash_of(3);
    struct store_record record = large_of(1, &record_root);
    struct store_unfinished unfinished = {.record = large_of(2, &unfinished_root)};
    put_pieces(store, &record_root);
    put_pieces(store, &unfinished_root);
    put_pieces(store, &nobody);
    assert_ok(store->ops->put(store, &record));
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->pieces_collect(store));
    assert_int_equal(pieces_of(store, &record_root), 2);
    assert_int_equal(pieces_of(store, &unfinished_root), 2);
    assert_int_equal(pieces_of(store, &nobody), 0);
}

static void test_drop_leaves_pieces_with_a_name(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash roots[] = {hash_of(1), hash_of(2), hash_of(3), hash_of(4)};
    struct store_record record = large_of(1, &roots[0]);
    struct store_unfinished unfinished = {.record = large_of(2, &roots[1])};
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
        put_pieces(store, &roots[i]);
    assert_ok(store->ops->put(store, &record));
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    for (size_t i = 0; i < 3; i++)
        assert_ok(store->ops->pieces_drop(store, &roots[i]));
    assert_int_equal(pieces_of(store, &roots[0]), 2);
    assert_int_equal(pieces_of(store, &roots[1]), 2);
    assert_int_equal(pieces_of(store, &roots[2]), 0);
    assert_int_equal(pieces_of(store, &roots[3]), 2);
}

static void test_unfinished_becomes_a_record(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1);
    struct store_unfinished unfinished = {.record = large_of(1, &root), .since_utc = 50};
    struct seen seen = {.count = 0};
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    put_pieces(store, &root);
    assert_false(has_record(store, 1));
    assert_ok(store->ops->unfinished_each(store, see_unfinished, &seen));
    assert_string_equal(seen.text, "1");
    assert_true(seen.header);
    assert_ok(store->ops->put(store, &unfinished.record));
    assert_ok(store->ops->unfinished_remove(store, &unfinished.record.digest));
    assert_true(has_record(store, 1));
    assert_int_equal(pieces_of(store, &root), 2);
    seen = (struct seen){.count = 0};
    assert_ok(store->ops->unfinished_each(store, see_unfinished, &seen));
    assert_int_equal(seen.count, 0);
}

static void test_unfinished_that_is_given_up_takes_its_pieces(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1), shared = hash_of(2), never = hash_of(99);
    struct store_unfinished a = {.record = large_of(1, &root), .since_utc = 50};
    struct store_unfinished b = {.record = large_of(2, &shared), .since_utc = 60};
    struct store_unfinished c = {.record = large_of(3, &shared), .since_utc = 70};
    struct seen seen = {.count = 0};
    put_pieces(store, &root);
    put_pieces(store, &shared);
    assert_ok(store->ops->unfinished_put(store, &a));
    assert_ok(store->ops->unfinished_put(store, &b));
    assert_ok(store->ops->unfinished_put(store, &c));
    assert_ok(store->ops->unfinished_remove(store, &never));
    assert_ok(store->ops->unfinished_remove(store, &a.record.digest));
    assert_int_equal(pieces_of(store, &root), 0);
    assert_ok(store->ops->unfinished_remove(store, &b.record.digest));
    assert_int_equal(pieces_of(store, &shared), 2); /* c names them */
    assert_ok(store->ops->unfinished_each(store, see_unfinished, &seen));
    assert_string_equal(seen.text, "3");
    assert_ok(store->ops->unfinished_remove(store, &c.record.digest));
    assert_int_equal(pieces_of(store, &shared), 0);
}

static HRESULT check_unfinished(void *context, const struct store_unfinished *unfinished)
{
    const struct store_unfinished *want = context;
    assert_record_equal(&unfinished->record, &want->record);
    assert_true(unfinished->since_utc == want->since_utc);
    assert_true(hash_equal(&unfinished->owner, &want->owner));
    return S_OK;
}

static void test_unfinished_each_shows_every_field(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1);
    struct store_unfinished unfinished = {
        .record = large_of(1, &root), .since_utc = UINT64_MAX - 5, .owner = hash_of(9)};
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->unfinished_each(store, check_unfinished, &unfinished));
}

static void test_unfinished_leaves_the_pieces_of_a_record(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1);
    struct store_record record = large_of(1, &root);
    struct store_unfinished unfinished = {.record = large_of(2, &root), .since_utc = 1};
    put_pieces(store, &root);
    assert_ok(store->ops->put(store, &record));
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->unfinished_remove(store, &unfinished.record.digest));
    assert_int_equal(pieces_of(store, &root), 2);
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->remove(store, &record.id));
    assert_int_equal(pieces_of(store, &root), 2);
}

/* ---- certificates and values ---- */

static void test_certificates(void **state)
{
    struct store *store = STORE_OF(state);
    CLEANUP_BUFFER struct buffer der = BUFFER_NULL;
    struct hash hashes[] = {hash_of(1), hash_of(2), hash_of(3)};
    struct seen seen = {.count = 0};
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t content[2] = {i + 1, 9};
        struct store_certificate certificate = {.hash = hashes[i], .der = bytes_of(content, 2)};
        assert_ok(store->ops->certificate_put(store, &certificate));
        assert_ok(store->ops->certificate_put(store, &certificate));
    }
    assert_ok(store->ops->certificate_each(store, see_certificate, &seen));
    assert_string_equal(seen.text, "2 1 3"); /* their hashes begin with 26, 67 and 9d */
    assert_ok(store->ops->certificate_get(store, &hashes[1], &der));
    assert_bytes_equal(buffer_view(&der), bytes_of("\2\11", 2));
    assert_ok(store->ops->certificate_remove(store, &hashes[1]));
    assert_ok(store->ops->certificate_remove(store, &hashes[1]));
    assert_hr(store->ops->certificate_get(store, &hashes[1], &der), PEER_E_NOT_FOUND);
    assert_int_equal(der.size, 0);
}

static HRESULT check_certificate(void *context, const struct store_certificate *certificate)
{
    const struct store_certificate *want = context;
    assert_true(hash_equal(&certificate->hash, &want->hash));
    assert_true(hash_equal(&certificate->issuer, &want->issuer));
    assert_true(hash_equal(&certificate->subject_key, &want->subject_key));
    assert_bytes_equal(certificate->der, want->der);
    return S_OK;
}

static void test_certificate_each_shows_every_field(void **state)
{
    struct store *store = STORE_OF(state);
    struct store_certificate certificate = {.hash = hash_of(1),
                                            .issuer = hash_of(2),
                                            .subject_key = hash_of(3),
                                            .der = bytes_of("der", 3)};
    assert_ok(store->ops->certificate_put(store, &certificate));
    assert_ok(store->ops->certificate_each(store, check_certificate, &certificate));
}

static void test_values_by_prefix_in_byte_order(void **state)
{
    struct store *store = STORE_OF(state);
    static const char *const keys[] = {"b", "a/2", "a/10", "a", "a/\xc3\xa9", "A/1"};
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    for (uint8_t i = 0; i < ARRAY_SIZE(keys); i++) {
        uint8_t content = i + 1;
        assert_ok(store->ops->value_put(store, keys[i], bytes_of(&content, 1)));
    }
    static const struct {
        const char *prefix, *want;
    } cases[] = {{"a/", "3 2 5"}, {"", "6 4 3 2 5 1"}, {"a", "4 3 2 5"}, {"z", ""}, {"A/1", "6"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct seen seen = {.count = 0};
        assert_ok(store->ops->value_each(store, cases[i].prefix, see_value, &seen));
        assert_string_equal(seen.text, cases[i].want);
    }
    assert_ok(store->ops->value_put(store, "a", bytes_of("longer", 6)));
    assert_ok(store->ops->value_get(store, "a", &value));
    assert_bytes_equal(buffer_view(&value), bytes_of("longer", 6));
    assert_ok(store->ops->value_put(store, "a", bytes_of(NULL, 0)));
    assert_ok(store->ops->value_get(store, "a", &value));
    assert_int_equal(value.size, 0);
    assert_ok(store->ops->value_remove(store, "a"));
    assert_ok(store->ops->value_remove(store, "a"));
    assert_hr(store->ops->value_get(store, "a", &value), PEER_E_NOT_FOUND);
}

/* ---- commit, rollback, generation ---- */

static void test_rollback_restores_everything(void **state)
{
    struct store *store = STORE_OF(state);
    struct hash root = hash_of(1), certificate_hash = hash_of(5);
    struct store_record large = large_of(2, &root), got, before = record_of(1),
                        after = record_of(1);
    struct store_certificate certificate = {.hash = certificate_hash, .der = bytes_of("d", 1)};
    struct store_unfinished unfinished = {.record = large_of(8, &root), .since_utc = 1};
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    struct guid third = guid_of(3);
    struct seen seen = {.count = 0};
    put_record(store, 1);
    put_pieces(store, &root);
    assert_ok(store->ops->put(store, &large));
    assert_ok(store->ops->value_put(store, "key", bytes_of("old", 3)));
    assert_ok(store->ops->commit(store));

    after.version = 2;
    after.modified = 999;
    assert_ok(store->ops->put(store, &after));
    assert_ok(store->ops->remove(store, &before.id));
    assert_ok(store->ops->put(store, &after)); /* removed and put again */
    assert_ok(store->ops->remove(store, &large.id));
    put_record(store, 3);
    assert_ok(store->ops->remove(store, &third));
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->certificate_put(store, &certificate));
    assert_ok(store->ops->value_put(store, "key", bytes_of("new", 3)));
    assert_ok(store->ops->value_put(store, "other", bytes_of("new", 3)));
    assert_int_equal(pieces_of(store, &root), 0);
    assert_ok(store->ops->rollback(store));

    assert_ok(store->ops->get(store, &before.id, &got));
    assert_record_equal(&got, &before);
    store_record_deinit(&got);
    assert_true(has_record(store, 2) && !has_record(store, 3));
    assert_int_equal(pieces_of(store, &root), 2);
    assert_ok(store->ops->scan(store, NULL, NULL, 0, see_item, &seen));
    assert_string_equal(seen.text, "1 2");
    seen = (struct seen){.count = 0};
    assert_ok(store->ops->unfinished_each(store, see_unfinished, &seen));
    assert_ok(store->ops->certificate_each(store, see_certificate, &seen));
    assert_int_equal(seen.count, 0);
    assert_ok(store->ops->value_get(store, "key", &value));
    assert_bytes_equal(buffer_view(&value), bytes_of("old", 3));
    assert_hr(store->ops->value_get(store, "other", &value), PEER_E_NOT_FOUND);
    put_record(store, 4);
    assert_ok(store->ops->commit(store));
    assert_ok(store->ops->rollback(store)); /* nothing to undo */
    assert_true(has_record(store, 4));
}

static void test_generation_tells_sets_apart(void **state)
{
    struct store *store = STORE_OF(state);
    struct guid id = guid_of(1), never = guid_of(99);
    uint64_t empty = store->ops->generation(store);
    put_record(store, 1);
    uint64_t first = store->ops->generation(store);
    assert_true(first > empty);
    assert_ok(store->ops->commit(store));
    assert_ok(store->ops->value_put(store, "key", bytes_of("v", 1)));
    assert_ok(store->ops->remove(store, &never));
    assert_true(store->ops->generation(store) == first);
    put_record(store, 2);
    uint64_t second = store->ops->generation(store);
    assert_ok(store->ops->rollback(store));
    uint64_t third = store->ops->generation(store);
    assert_true(second > first && third > second);
    assert_ok(store->ops->remove(store, &id));
    assert_true(store->ops->generation(store) > third);
    uint64_t fourth = store->ops->generation(store);
    assert_ok(store->ops->commit(store));
    assert_ok(store->ops->value_put(store, "key", bytes_of("w", 1)));
    assert_ok(store->ops->rollback(store));
    assert_true(store->ops->generation(store) == fourth);
}

static void test_durable_marks_and_empty_commits(void **state)
{
    struct store *store = STORE_OF(state);
    assert_ok(store->ops->commit(store));
    store->ops->mark_durable(store);
    assert_ok(store->ops->commit(store));
    put_record(store, 1);
    store->ops->mark_durable(store);
    put_record(store, 2);
    assert_ok(store->ops->commit(store));
    store->ops->mark_durable(store);
    put_record(store, 3);
    assert_ok(store->ops->rollback(store));
    assert_true(has_record(store, 1) && has_record(store, 2) && !has_record(store, 3));
}

static void test_many_records_stay_ordered(void **state)
{
    struct store *store = STORE_OF(state);
    enum { COUNT = 2000 };
    for (uint32_t i = 0; i < COUNT; i++) {
        struct store_record record = record_of(i * 7919 % COUNT);
        assert_ok(store->ops->put(store, &record));
        if (i % 300 == 0)
            assert_ok(store->ops->commit(store));
    }
    for (uint32_t i = 0; i < COUNT; i += 2) {
        struct guid id = guid_of(i);
        assert_ok(store->ops->remove(store, &id));
    }
    assert_ok(store->ops->commit(store));
    for (uint32_t i = 0; i < COUNT; i++)
        assert_true(has_record(store, i) == (i % 2 == 1));
    uint64_t count = 0;
    assert_ok(store->ops->count(store, 0, &count));
    assert_int_equal(count, COUNT / 2);
}

#define BOTH(test)                                                                                 \
    {"sqlite: " #test, test, open_sqlite, close_backend, NULL},                                    \
    {                                                                                              \
        "memory: " #test, test, open_memory, close_backend, NULL                                   \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_put_get_returns_every_field),
        BOTH(test_get_of_what_is_not_there),
        BOTH(test_put_refuses_a_payload_that_contradicts_its_size),
        BOTH(test_put_takes_the_largest_inline_payload),
        BOTH(test_put_replaces_the_older_version_everywhere),
        BOTH(test_remove_takes_the_record_out_of_every_order),
        BOTH(test_walk_goes_on_where_it_was),
        BOTH(test_each_orders_and_filters),
        BOTH(test_each_by_creator_and_certificate_show_deleted_ones),
        BOTH(test_scan_excludes_from_and_includes_to),
        BOTH(test_scan_shows_version_and_digest),
        BOTH(test_expiry),
        BOTH(test_visitors_stop_early),
        BOTH(test_visitors_may_read_the_store),
        BOTH(test_pieces),
        BOTH(test_leaves),
        BOTH(test_pieces_go_with_the_last_record_that_names_them),
        BOTH(test_replacing_keeps_or_drops_pieces),
        BOTH(test_collect_drops_pieces_without_a_name),
        BOTH(test_drop_leaves_pieces_with_a_name),
        BOTH(test_unfinished_becomes_a_record),
        BOTH(test_unfinished_that_is_given_up_takes_its_pieces),
        BOTH(test_unfinished_each_shows_every_field),
        BOTH(test_unfinished_leaves_the_pieces_of_a_record),
        BOTH(test_certificates),
        BOTH(test_certificate_each_shows_every_field),
        BOTH(test_values_by_prefix_in_byte_order),
        BOTH(test_rollback_restores_everything),
        BOTH(test_generation_tells_sets_apart),
        BOTH(test_durable_marks_and_empty_commits),
        BOTH(test_many_records_stay_ordered),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
