/* What does a node do with its password when there is no link at hand that asked for it, or more
 * than one? */
#include "../group/scene.h"

#include "engine/engine_internal.h"
#include "group/password_file.h"
#include "support/home.h"
#include "support/test.h"

#include <sodium.h>

/* The linker hands the node's calls of link_close to this (meson.build): the links here are none.
 */
static uint32_t closings;
static HRESULT closed_with;
void __wrap_link_close(struct link *link, HRESULT reason);
void __wrap_link_close(struct link *link, HRESULT reason)
{
    assert_null(link);
    closings++;
    closed_with = reason;
}

static struct password_key some_key(uint8_t salt)
{
    struct password_key key = {.cost = {PASSWORD_MEMORY_MIN, 1}};
    uint8_t seed[SEED_SIZE] = {salt};
    key.salt[0] = salt;
    assert_ok(signing_key_from_seed(seed, &key.key));
    return key;
}

static struct node node_of(struct party *party)
{
    struct node node = {.security = party->security, .store = party->store};
    node.identity = party->name;
    node.group = (char *)security_graph_id(party->security);
    return node;
}

/* The certificate can come by a link that is gone before it is committed: the commit alone ends the
 * use of the password, whether a link waits for it or not. */
static void test_the_key_goes_at_the_commit(void **state)
{
    (void)state;
    struct scene scene;
    struct password_key found, key = some_key(1);
    scene_init(&scene);
    struct party member = party_join(&scene.founder, 1, ROLE_MEMBER);
    struct node node = node_of(&member);
    assert_ok(node_password_set(&node, &key, password_text_copy("text")));
    assert_ok(password_file_load(node.identity, node.group, &found));
    password_key_deinit(&found);
    assert_null(node.links);
    node_links_committed(&node);
    assert_null(node.password.key.key);
    assert_null(node.password.text);
    assert_hr(password_file_load(node.identity, node.group, &found), PEER_E_NOT_FOUND);
    password_key_deinit(&key);
    party_deinit(&member);
    scene_deinit(&scene);
}

/* While the password is derived for one link, another that was offered the same terms waits for the
 * same key; one with other terms is closed and dialled again. */
static void test_links_with_the_same_terms_wait_together(void **state)
{
    (void)state;
    struct node node = {.password = {.text = password_text_copy("text"), .deriving = true}};
    struct node_link link = {.in_graph = false};
    struct group_password password = {.cost = {PASSWORD_MEMORY_MIN, 1}, .salt = {7}};
    memcpy(node.password.deriving_salt, password.salt, PASSWORD_SALT_SIZE);
    closings = 0;
    node_password_derive(&node, &link, &password);
    assert_int_equal(closings, 0);
    password.salt[0] = 8;
    node_password_derive(&node, &link, &password);
    assert_int_equal(closings, 1);
    assert_hr(closed_with, PEER_E_CONNECTION_FAILED);
    assert_int_equal(link.refusal.code, 0);
    node_password_deinit(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_key_goes_at_the_commit, home_setup, home_teardown),
        cmocka_unit_test(test_links_with_the_same_terms_wait_together),
    };
    return cmocka_run_group_tests_name("engine-node-password", tests, NULL, NULL);
}
