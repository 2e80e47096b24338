/* Does the user's database know the groups of each identity, keep their paths, and let of two calls
 * that race (a new group, the end of its identity) exactly one through? */
#include "support/home.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"

#include "group/identity.h"

#include <pthread.h>

static struct identity me;
static char group_a[] = "g.a";
static char no_name[] = "";

static int setup(void **state)
{
    if (home_setup(state) != 0)
        return -1;
    return FAILED(identity_create("me", NULL, NULL, &me)) ? -1 : 0;
}

static int teardown(void **state)
{
    identity_deinit(&me);
    return home_teardown(state);
}

static void fill(struct group_entry *entry, const char *group)
{
    *entry = (struct group_entry){.identity = NULL};
    assert_ok(group_entry_reserve(me.peer_name, group, &entry->database));
    entry->identity = mem_strdup(me.peer_name);
    entry->group = mem_strdup(group);
    entry->friendly_name = mem_strdup("Our group");
}

static void add(const char *group)
{
    struct group_entry entry;
    fill(&entry, group);
    assert_ok(group_entry_add(&entry));
    group_entry_deinit(&entry);
}

static void test_added_is_found(void **state)
{
    (void)state;
    struct group_entry entry, found;
    struct stat status;
    fill(&entry, "g.a");
    assert_hr(group_entry_find(me.peer_name, "g.a", &found), PEER_E_NOT_FOUND);
    assert_ok(group_entry_add(&entry));
    assert_ok(group_entry_find(me.peer_name, "g.a", &found));
    assert_string_equal(found.identity, me.peer_name);
    assert_string_equal(found.group, "g.a");
    assert_string_equal(found.friendly_name, "Our group");
    assert_string_equal(found.database, entry.database);
    /* The place is ready, and empty. */
    assert_memory_equal(found.database, home_file("groups/"), strlen(home_file("groups/")));
    assert_int_equal(stat(home_file("groups"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(access(found.database, F_OK), -1);
    assert_hr(group_entry_add(&entry), PEER_E_ALREADY_EXISTS);
    group_entry_deinit(&entry);
    group_entry_deinit(&found);
}

static void test_reserved_paths_differ_and_fail_early(void **state)
{
    (void)state;
    struct identity gone;
    char *first = NULL, *second = NULL, *none = NULL;
    assert_ok(group_entry_reserve(me.peer_name, "g.a", &first));
    assert_ok(group_entry_reserve(me.peer_name, "g.a", &second));
    assert_string_not_equal(first, second);
    mem_free(first);
    mem_free(second);
    add("g.a");
    assert_hr(group_entry_reserve(me.peer_name, "g.a", &none), PEER_E_ALREADY_EXISTS);
    assert_null(none);
    assert_hr(group_entry_reserve("x.y", "g.a", &none), PEER_E_NOT_FOUND);
    assert_ok(identity_create("gone", NULL, NULL, &gone));
    assert_ok(identity_delete(gone.peer_name));
    assert_hr(group_entry_reserve(gone.peer_name, "g.a", &none), IDENTITY_E_DELETED);
    identity_deinit(&gone);
}

static void test_paths_move_with_the_home(void **state)
{
    (void)state;
    struct group_entry found;
    char moved[256];
    add("g.a");
    snprintf(moved, sizeof(moved), "%s-moved", test_home);
    assert_int_equal(rename(test_home, moved), 0);
    setenv("PEERGROUP_HOME", moved, 1);
    assert_ok(group_entry_find(me.peer_name, "g.a", &found));
    assert_memory_equal(found.database, moved, strlen(moved));
    group_entry_deinit(&found);
    assert_int_equal(rename(moved, test_home), 0);
    setenv("PEERGROUP_HOME", test_home, 1);
}

static void test_rename_and_remove(void **state)
{
    (void)state;
    struct group_entry found;
    add("g.a");
    assert_ok(group_entry_rename(me.peer_name, "g.a", "New name"));
    assert_ok(group_entry_find(me.peer_name, "g.a", &found));
    assert_string_equal(found.friendly_name, "New name");
    group_entry_deinit(&found);
    assert_hr(group_entry_rename(me.peer_name, "g.b", "New name"), PEER_E_NOT_FOUND);
    assert_hr(group_entry_remove(me.peer_name, "g.b"), PEER_E_NOT_FOUND);
    assert_ok(group_entry_remove(me.peer_name, "g.a"));
    assert_hr(group_entry_remove(me.peer_name, "g.a"), PEER_E_NOT_FOUND);
    assert_hr(group_entry_find(me.peer_name, "g.a", &found), PEER_E_NOT_FOUND);
    assert_null(found.group);
}

static void test_identity_with_groups_stays(void **state)
{
    (void)state;
    struct group_entry late;
    fill(&late, "g.b");
    add("g.a");
    assert_hr(identity_delete(me.peer_name), PEER_E_GROUPS_EXIST);
    assert_ok(identity_state(me.peer_name));
    assert_ok(group_entry_remove(me.peer_name, "g.a"));
    assert_ok(identity_delete(me.peer_name));
    assert_hr(group_entry_add(&late), IDENTITY_E_DELETED);
    group_entry_deinit(&late);
}

static HRESULT collect_visit(void *context, const struct group_entry *entry)
{
    strcat(context, entry->group);
    return strcmp(entry->group, "g.stop") == 0 ? E_ABORT : S_OK;
}

static void test_each(void **state)
{
    (void)state;
    char seen[64] = "";
    struct identity other;
    assert_ok(identity_create("other", NULL, NULL, &other));
    assert_ok(group_entry_each(me.peer_name, collect_visit, seen));
    assert_string_equal(seen, "");
    add("g.b");
    add("g.a");
    assert_ok(group_entry_each(me.peer_name, collect_visit, seen));
    assert_string_equal(seen, "g.bg.a");
    seen[0] = '\0';
    assert_ok(group_entry_each(other.peer_name, collect_visit, seen));
    assert_string_equal(seen, "");
    add("g.stop");
    add("g.after");
    assert_hr(group_entry_each(me.peer_name, collect_visit, seen), E_ABORT);
    assert_string_equal(seen, "g.bg.ag.stop");
    assert_hr(group_entry_each("x.y", collect_visit, seen), PEER_E_NOT_FOUND);
    assert_ok(identity_delete(other.peer_name));
    assert_hr(group_entry_each(other.peer_name, collect_visit, seen), PEER_E_NOT_FOUND);
    identity_deinit(&other);
}

struct race {
    pthread_barrier_t start;
    struct group_entry entry;
    HRESULT added;
    HRESULT deleted;
};

static void *race_add(void *context)
{
    struct race *race = context;
    pthread_barrier_wait(&race->start);
    race->added = group_entry_add(&race->entry);
    return NULL;
}

static void *race_delete(void *context)
{
    struct race *race = context;
    pthread_barrier_wait(&race->start);
    race->deleted = identity_delete(race->entry.identity);
    return NULL;
}

static void test_new_group_races_end_of_identity(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct identity fresh;
        struct race race = {.added = S_OK};
        pthread_t threads[2];
        assert_ok(identity_create("race", NULL, NULL, &fresh));
        race.entry.identity = fresh.peer_name;
        race.entry.group = mem_strdup("g.race");
        race.entry.friendly_name = mem_strdup("");
        fresh.peer_name = NULL;
        assert_ok(group_entry_reserve(race.entry.identity, "g.race", &race.entry.database));
        pthread_barrier_init(&race.start, NULL, 2);
        assert_int_equal(pthread_create(&threads[0], NULL, race_add, &race), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, race_delete, &race), 0);
        pthread_join(threads[0], NULL);
        pthread_join(threads[1], NULL);
        pthread_barrier_destroy(&race.start);
        if (SUCCEEDED(race.added)) {
            assert_hr(race.deleted, PEER_E_GROUPS_EXIST);
        } else {
            assert_hr(race.added, IDENTITY_E_DELETED);
            assert_ok(race.deleted);
        }
        group_entry_deinit(&race.entry);
        identity_deinit(&fresh);
    }
}

static HRESULT call_reserve(void)
{
    char *database = NULL;
    HRESULT hr = group_entry_reserve(me.peer_name, "g.new", &database);
    assert_true(SUCCEEDED(hr) == (database != NULL));
    mem_free(database);
    return hr;
}

static HRESULT call_find(void)
{
    struct group_entry found;
    HRESULT hr = group_entry_find(me.peer_name, "g.a", &found);
    assert_true(SUCCEEDED(hr) == (found.database != NULL));
    group_entry_deinit(&found);
    return hr;
}

static HRESULT call_each(void)
{
    char seen[64] = "";
    return group_entry_each(me.peer_name, collect_visit, seen);
}

static HRESULT call_rename(void)
{
    return group_entry_rename(me.peer_name, "g.a", "x");
}

/* Whether g.a is there now: what a change that failed must not have touched. */
static bool is_there(void)
{
    struct group_entry found;
    HRESULT hr = group_entry_find(me.peer_name, "g.a", &found);
    group_entry_deinit(&found);
    return hr == S_OK;
}

static void test_survives_want_of_memory(void **state)
{
    (void)state;
    static HRESULT (*const calls[])(void) = {call_reserve, call_find, call_each, call_rename};
    add("g.a");
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        assert_true(sweep(calls[i], NULL) > 5);
}

static HRESULT call_add(void)
{
    struct group_entry entry = {.identity = me.peer_name,
                                .group = group_a,
                                .friendly_name = no_name,
                                .database = test_home};
    return group_entry_add(&entry);
}

static HRESULT call_remove(void)
{
    return group_entry_remove(me.peer_name, "g.a");
}

static void after_add(HRESULT hr)
{
    assert_true(is_there() == SUCCEEDED(hr));
    if (SUCCEEDED(hr))
        assert_ok(call_remove());
}

static void after_remove(HRESULT hr)
{
    assert_true(is_there() == FAILED(hr));
    if (SUCCEEDED(hr))
        assert_ok(call_add());
}

static void test_change_without_memory_is_whole_or_none(void **state)
{
    (void)state;
    assert_true(sweep(call_add, after_add) > 5);
    add("g.a");
    assert_true(sweep(call_remove, after_remove) > 5);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_added_is_found),
        TEST(test_reserved_paths_differ_and_fail_early),
        TEST(test_paths_move_with_the_home),
        TEST(test_rename_and_remove),
        TEST(test_identity_with_groups_stays),
        TEST(test_each),
        TEST(test_new_group_races_end_of_identity),
        TEST(test_survives_want_of_memory),
        TEST(test_change_without_memory_is_whole_or_none),
    };
    return foreign_memory_setup() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
