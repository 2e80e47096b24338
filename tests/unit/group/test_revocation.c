/* Who may remove whom? What does a keep-list save? Does the verdict depend on the set of
 * revocations alone, in whatever order they come, and never contradict itself? */
#include "support/test.h"

#include "group/revocation.h"

#include <stdlib.h>

/* A tree by hand: the pure functions look at nothing but rows. */
enum { ROOT, DEPUTY, OTHER_DEPUTY, CREATOR, ADMIN, SUBADMIN, INVITER, GUEST, MEMBER, ROW_COUNT };

static const struct {
    int issuer;
    unsigned roles;
    bool deputy;
} plan[ROW_COUNT] = {
    [ROOT] = {-1, 0, false},
    [DEPUTY] = {ROOT, ROLE_MEMBER, true},
    [OTHER_DEPUTY] = {ROOT, ROLE_ADMIN, true},
    [CREATOR] = {ROOT, ROLE_ADMIN, false},
    [ADMIN] = {CREATOR, ROLE_ADMIN, false},
    [SUBADMIN] = {ADMIN, ROLE_ADMIN, false},
    [INVITER] = {CREATOR, ROLE_INVITING_MEMBER, false},
    [GUEST] = {INVITER, ROLE_MEMBER, false},
    [MEMBER] = {SUBADMIN, ROLE_MEMBER, false},
};

enum { START = 1000 };

static void row_set(struct certificate_row *row, unsigned number, struct certificate_row *issuer,
                    unsigned roles)
{
    *row = (struct certificate_row){.hash = {{(uint8_t)number, 1}},
                                    .key_hash = {{(uint8_t)number, 2}},
                                    .issuer = issuer,
                                    .depth = issuer ? issuer->depth + 1 : 0,
                                    .roles = (uint8_t)roles,
                                    .not_before = START,
                                    .not_after = TICKS_UNLIMITED};
}

static void tree(struct certificate_row rows[ROW_COUNT])
{
    for (int i = 0; i < ROW_COUNT; i++) {
        row_set(&rows[i], (unsigned)i, plan[i].issuer < 0 ? NULL : &rows[plan[i].issuer],
                plan[i].roles);
        rows[i].deputy = plan[i].deputy;
    }
}

static struct hash digest_of(unsigned number)
{
    return (struct hash){{(uint8_t)number, 3}};
}

struct planned {
    int seal;
    int target;
    uint64_t time;
    struct hash keep[3];
    uint32_t keep_count;
};

static void add(struct revocation_set *set, const struct certificate_row rows[ROW_COUNT],
                const struct planned *planned, unsigned number)
{
    struct buffer payload = BUFFER_NULL;
    struct revocation revocation;
    struct hash digest = digest_of(number);
    assert_ok(revocation_encode(&rows[planned->target].key_hash, planned->time, planned->keep,
                                planned->keep_count, &payload));
    assert_ok(revocation_decode(buffer_view(&payload), &revocation));
    assert_ok(revocation_set_add(set, &revocation, &digest, 0, &rows[planned->seal]));
    buffer_deinit(&payload);
}

/* One bit for each dead certificate. */
static unsigned verdict(const struct planned *planned, unsigned count, const unsigned *order,
                        struct revocation_summary *summary)
{
    struct certificate_row rows[ROW_COUNT];
    struct revocation_set *set;
    unsigned dead = 0;
    tree(rows);
    assert_ok(revocation_set_new(&set));
    for (unsigned i = 0; i < count; i++) {
        unsigned at = order ? order[i] : i;
        add(set, rows, &planned[at], at);
        /* A question in between must not spoil the answer. */
        (void)revocation_certificate_dead(set, &rows[MEMBER]);
    }
    for (int i = 0; i < ROW_COUNT; i++)
        dead |= (unsigned)revocation_certificate_dead(set, &rows[i]) << i;
    if (summary)
        revocation_set_summary(set, summary);
    revocation_set_free(set);
    return dead;
}

#define BIT(row) (1u << (row))

static void test_who_may_remove_whom(void **state)
{
    (void)state;
    const unsigned below_admin = BIT(ADMIN) | BIT(SUBADMIN) | BIT(MEMBER);
    const unsigned below_inviter = BIT(INVITER) | BIT(GUEST);
    const unsigned all = BIT(CREATOR) | below_admin | below_inviter;
    const struct {
        int seal, target;
        unsigned dead;
    } cases[] = {
        {ROOT, ROOT, 0},
        {ROOT, DEPUTY, BIT(DEPUTY)},
        {ROOT, CREATOR, all},
        {ROOT, MEMBER, BIT(MEMBER)},
        {DEPUTY, OTHER_DEPUTY, 0},
        {DEPUTY, DEPUTY, 0},
        {DEPUTY, ROOT, 0},
        {DEPUTY, CREATOR, 0},
        {DEPUTY, ADMIN, below_admin},
        {DEPUTY, INVITER, below_inviter},
        {OTHER_DEPUTY, MEMBER, BIT(MEMBER)},
        {CREATOR, CREATOR, 0},
        {CREATOR, DEPUTY, 0},
        {CREATOR, ROOT, 0},
        {CREATOR, ADMIN, below_admin},
        {CREATOR, INVITER, below_inviter},
        {ADMIN, CREATOR, 0},
        {ADMIN, SUBADMIN, BIT(SUBADMIN) | BIT(MEMBER)},
        {ADMIN, INVITER, below_inviter},
        {SUBADMIN, ADMIN, 0},
        {SUBADMIN, GUEST, BIT(GUEST)},
        {INVITER, GUEST, 0},
        {GUEST, GUEST, 0},
        {MEMBER, GUEST, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct planned planned = {.seal = cases[i].seal, .target = cases[i].target, .time = START};
        unsigned dead = verdict(&planned, 1, NULL, NULL);
        if (dead != cases[i].dead)
            print_error("case %zu\n", i);
        assert_int_equal(dead, cases[i].dead);
    }
}

static void test_time_divides_and_administrators_readmit(void **state)
{
    (void)state;
    struct planned planned = {.seal = ROOT, .target = GUEST, .time = START - 1};
    /* GUEST's certificate starts after T, but an inviting member gave it. */
    assert_int_equal(verdict(&planned, 1, NULL, NULL), BIT(GUEST));
    planned = (struct planned){.seal = ROOT, .target = MEMBER, .time = START - 1};
    assert_int_equal(verdict(&planned, 1, NULL, NULL), 0);
    planned.time = START;
    assert_int_equal(verdict(&planned, 1, NULL, NULL), BIT(MEMBER));
}

static void test_a_removed_administrator_removes_nobody(void **state)
{
    (void)state;
    struct planned planned[] = {{.seal = ADMIN, .target = INVITER, .time = START},
                                {.seal = CREATOR, .target = ADMIN, .time = START}};
    unsigned gone = BIT(ADMIN) | BIT(SUBADMIN) | BIT(MEMBER);
    assert_int_equal(verdict(planned, 2, NULL, NULL), gone);
    /* unless its revocation is kept */
    planned[1].keep[0] = digest_of(0);
    planned[1].keep_count = 1;
    assert_int_equal(verdict(planned, 2, NULL, NULL), gone | BIT(INVITER) | BIT(GUEST));
}

static void test_keep_lists_save_certificates_and_records(void **state)
{
    (void)state;
    struct certificate_row rows[ROW_COUNT];
    struct revocation_set *set;
    struct hash kept = {{77}}, lost = {{78}}, late = {{79}};
    tree(rows);
    assert_ok(revocation_set_new(&set));
    struct planned first = {.seal = CREATOR,
                            .target = ADMIN,
                            .time = START,
                            .keep = {kept, rows[SUBADMIN].hash},
                            .keep_count = 2};
    add(set, rows, &first, 0);
    assert_true(revocation_certificate_dead(set, &rows[ADMIN]));
    assert_false(revocation_certificate_dead(set, &rows[SUBADMIN]));
    assert_false(revocation_certificate_dead(set, &rows[MEMBER]));
    assert_false(revocation_signature_dead(set, &rows[ADMIN], &kept));
    assert_true(revocation_signature_dead(set, &rows[ADMIN], &lost));
    assert_false(revocation_signature_dead(set, &rows[MEMBER], &lost));
    /* Lists are united. */
    struct planned second = {
        .seal = ROOT, .target = ADMIN, .time = START, .keep = {late}, .keep_count = 1};
    add(set, rows, &second, 1);
    assert_false(revocation_signature_dead(set, &rows[ADMIN], &late));
    assert_false(revocation_signature_dead(set, &rows[ADMIN], &kept));
    /* A list of somebody else's removal saves nothing. */
    struct planned third = {
        .seal = ROOT, .target = INVITER, .time = START, .keep = {lost}, .keep_count = 1};
    add(set, rows, &third, 2);
    assert_true(revocation_signature_dead(set, &rows[ADMIN], &lost));
    /* What is named itself cannot be kept. */
    struct planned fourth = {
        .seal = ROOT, .target = GUEST, .time = START, .keep = {rows[GUEST].hash}, .keep_count = 1};
    add(set, rows, &fourth, 3);
    assert_true(revocation_certificate_dead(set, &rows[GUEST]));
    revocation_set_free(set);
}

static void test_another_certificate_of_the_key_stays_where_the_signer_has_no_right(void **state)
{
    (void)state;
    struct certificate_row rows[ROW_COUNT], promoted;
    struct revocation_set *set;
    tree(rows);
    row_set(&promoted, 50, &rows[CREATOR], ROLE_ADMIN);
    promoted.key_hash = rows[INVITER].key_hash;
    assert_ok(revocation_set_new(&set));
    struct planned planned = {.seal = ADMIN, .target = INVITER, .time = START};
    add(set, rows, &planned, 0);
    assert_true(revocation_certificate_dead(set, &rows[INVITER]));
    assert_false(revocation_certificate_dead(set, &promoted));
    uint64_t last = 0;
    assert_true(revocation_last(set, &rows[INVITER].key_hash, &last) && last == START);
    assert_false(revocation_last(set, &rows[ADMIN].key_hash, &last));
    /* T = 0 is one like others. */
    struct planned early = {.seal = ADMIN, .target = MEMBER, .time = 0};
    add(set, rows, &early, 1);
    assert_true(revocation_last(set, &rows[MEMBER].key_hash, &last) && last == 0);
    assert_true(revocation_needs(set, &rows[ADMIN]));
    assert_false(revocation_needs(set, &rows[CREATOR]));
    revocation_set_free(set);
}

/* Everybody removes everybody, some keep something: all orders must agree. */
static void test_any_order_gives_the_same_verdict(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 200; round++) {
        struct planned planned[8];
        unsigned order[8];
        struct revocation_summary first, again;
        for (unsigned i = 0; i < 8; i++) {
            planned[i] = (struct planned){
                .seal = rand() % ROW_COUNT,
                .target = rand() % ROW_COUNT,
                .time = START + (uint64_t)(rand() % 3) - 1,
                .keep = {digest_of((unsigned)rand() % 8), {{(uint8_t)(rand() % ROW_COUNT), 1}}},
                .keep_count = (uint32_t)rand() % 3};
            order[i] = i;
        }
        unsigned dead = verdict(planned, 8, NULL, &first);
        for (int shuffle = 0; shuffle < 6; shuffle++) {
            for (unsigned i = 7; i > 0; i--) {
                unsigned j = (unsigned)rand() % (i + 1), held = order[i];
                order[i] = order[j];
                order[j] = held;
            }
            assert_int_equal(verdict(planned, 8, order, &again), dead);
            assert_int_equal(again.count, first.count);
            assert_true(hash_equal(&again.sum, &first.sum));
        }
        assert_false(dead & BIT(ROOT));
    }
}

static void test_the_same_revocation_counts_once(void **state)
{
    (void)state;
    struct certificate_row rows[ROW_COUNT];
    struct revocation_set *set;
    struct revocation_summary summary;
    struct hash digest = digest_of(1);
    tree(rows);
    assert_ok(revocation_set_new(&set));
    struct revocation revocation = {.key = rows[GUEST].key_hash, .time = START};
    assert_ok(revocation_set_add(set, &revocation, &digest, 0, &rows[ROOT]));
    assert_hr(revocation_set_add(set, &revocation, &digest, 0, &rows[ROOT]), S_FALSE);
    revocation_set_summary(set, &summary);
    assert_int_equal(summary.count, 1);
    revocation_set_free(set);
}

static void test_payload(void **state)
{
    (void)state;
    struct hash key = {{5}}, keep[] = {{{9}}, {{1}}, {{9}}, {{4}}};
    struct buffer payload = BUFFER_NULL;
    struct revocation read;
    assert_ok(revocation_encode(&key, 123, keep, 4, &payload));
    assert_ok(revocation_decode(buffer_view(&payload), &read));
    assert_true(hash_equal(&read.key, &key));
    assert_int_equal(read.time, 123);
    assert_int_equal(read.keep.size, 3 * HASH_SIZE);
    assert_int_equal(read.keep.data[0], 1);
    assert_int_equal(read.keep.data[2 * HASH_SIZE], 9);
    for (size_t size = 0; size < payload.size; size++)
        assert_hr(revocation_decode(bytes_of(payload.data, size), &read), PEER_E_INVALID_RECORD);
    assert_ok(buffer_append(&payload, "", 1));
    assert_hr(revocation_decode(buffer_view(&payload), &read), PEER_E_INVALID_RECORD);
    payload.size--;
    payload.data[payload.size - 3 * HASH_SIZE] = 4; /* now 4 4 9: repeated */
    assert_hr(revocation_decode(buffer_view(&payload), &read), PEER_E_INVALID_RECORD);
    payload.data[payload.size - 3 * HASH_SIZE] = 5; /* not ascending */
    assert_hr(revocation_decode(buffer_view(&payload), &read), PEER_E_INVALID_RECORD);
    payload.data[payload.size - 3 * HASH_SIZE] = 1;
    payload.data[0] = 2;
    assert_hr(revocation_decode(buffer_view(&payload), &read), PEER_E_INVALID_RECORD);
    payload.data[0] = 1;
    payload.data[1 + HASH_SIZE + 8] = 0xff; /* a claimed count */
    assert_hr(revocation_decode(buffer_view(&payload), &read), PEER_E_INVALID_RECORD);
    assert_hr(revocation_encode(&key, 1, keep, REVOCATION_KEEP_MAX + 1, &payload), E_INVALIDARG);
    buffer_deinit(&payload);
}

static void test_a_full_list_fits_into_an_inline_payload(void **state)
{
    (void)state;
    struct hash key = {{5}}, *keep = calloc(REVOCATION_KEEP_MAX, sizeof(*keep));
    struct buffer payload = BUFFER_NULL;
    for (uint32_t i = 0; i < REVOCATION_KEEP_MAX; i++) {
        keep[i].bytes[0] = (uint8_t)i;
        keep[i].bytes[1] = (uint8_t)(i >> 8);
    }
    assert_ok(revocation_encode(&key, 1, keep, REVOCATION_KEEP_MAX, &payload));
    assert_true(payload.size <= LIMIT_PIECE_SIZE);
    free(keep);
    buffer_deinit(&payload);
}

static void test_lack_of_memory_adds_nothing(void **state)
{
    (void)state;
    struct certificate_row rows[ROW_COUNT];
    tree(rows);
    for (uint64_t n = 1; n < 20; n++) {
        struct revocation_set *set;
        struct revocation_summary summary;
        struct hash digest = digest_of(1);
        struct revocation revocation = {.key = rows[GUEST].key_hash, .time = START};
        assert_ok(revocation_set_new(&set));
        mem_fail_nth(n);
        HRESULT hr = revocation_set_add(set, &revocation, &digest, 0, &rows[ROOT]);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        revocation_set_summary(set, &summary);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_int_equal(summary.count, hit ? 0 : 1);
        revocation_set_free(set);
        if (!hit)
            return;
    }
    fail();
}

static void test_what_is_removed_counts_no_more(void **state)
{
    (void)state;
    const struct planned first = {ADMIN, MEMBER, START, {{{0}}}, 0};
    const struct planned second = {CREATOR, MEMBER, START + 5, {{{0}}}, 0};
    const struct planned above = {ROOT, ADMIN, START, {{{0}}}, 0};
    struct certificate_row rows[ROW_COUNT];
    struct revocation_set *set;
    struct revocation_summary summary;
    uint64_t last;
    tree(rows);
    assert_ok(revocation_set_new(&set));
    add(set, rows, &first, 1);
    add(set, rows, &second, 2);
    assert_true(revocation_last(set, &rows[MEMBER].key_hash, &last) && last == START + 5);
    struct hash digest = digest_of(2);
    revocation_set_remove(set, &digest);
    assert_true(revocation_last(set, &rows[MEMBER].key_hash, &last) && last == START);
    assert_false(revocation_needs(set, &rows[CREATOR]));
    assert_true(revocation_certificate_dead(set, &rows[MEMBER]));
    revocation_set_remove(set, &digest); /* it is gone already */
    digest = digest_of(1);
    /* What stops a revocation from counting goes, and it counts again. */
    add(set, rows, &above, 3);
    assert_false(revocation_last(set, &rows[MEMBER].key_hash, &last));
    struct hash third = digest_of(3);
    revocation_set_remove(set, &third);
    assert_true(revocation_last(set, &rows[MEMBER].key_hash, &last) && last == START);
    revocation_set_remove(set, &digest);
    assert_false(revocation_certificate_dead(set, &rows[MEMBER]));
    revocation_set_summary(set, &summary);
    assert_int_equal(summary.count, 0);
    assert_false(revocation_last(set, &rows[MEMBER].key_hash, &last));
    add(set, rows, &first, 1);
    assert_true(revocation_certificate_dead(set, &rows[MEMBER]));
    revocation_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may_remove_whom),
        cmocka_unit_test(test_time_divides_and_administrators_readmit),
        cmocka_unit_test(test_a_removed_administrator_removes_nobody),
        cmocka_unit_test(test_keep_lists_save_certificates_and_records),
        cmocka_unit_test(test_another_certificate_of_the_key_stays_where_the_signer_has_no_right),
        cmocka_unit_test(test_any_order_gives_the_same_verdict),
        cmocka_unit_test(test_the_same_revocation_counts_once),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_a_full_list_fits_into_an_inline_payload),
        cmocka_unit_test(test_lack_of_memory_adds_nothing),
        cmocka_unit_test(test_what_is_removed_counts_no_more),
    };
    return cmocka_run_group_tests_name("group-revocation", tests, NULL, NULL);
}
