/* Is what must stay secret wiped from memory before it is let go of? */
#include "support/home.h"
#include "support/test.h"

#include "base/text.h"
#include "engine/engine.h"
#include "graph/graph.h"
#include "group/identity.h"
#include "group/identity_xml.h"
#include "group/invitation.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

/* The watch itself sees what is not wiped, also when a block grows. */
static void test_watch_sees(void **state)
{
    (void)state;
    char *text = mem_strdup("a secret that nobody wipes");
    struct buffer buffer = BUFFER_NULL, secret = BUFFER_SECRET;
    mem_watch("nobody wipes", 12);
    mem_free(text);
    assert_int_equal(mem_watch_seen(), 1);
    assert_ok(buffer_append(&buffer, "nobody wipes", 12));
    assert_ok(buffer_append(&secret, "nobody wipes", 12));
    assert_ok(buffer_reserve(&secret, 10000));
    assert_memory_equal(secret.data, "nobody wipes", 12);
    assert_int_equal(mem_watch_seen(), 1);
    assert_ok(buffer_reserve(&buffer, 10000));
    assert_int_equal(mem_watch_seen(), 2);
    buffer_deinit(&secret);
    assert_int_equal(mem_watch_seen(), 2);
    buffer_deinit(&buffer);
    assert_int_equal(mem_watch_seen(), 3);
    mem_watch(NULL, 0);
}

static void test_graph(void **state)
{
    (void)state;
    static const uint8_t seed[32] = "the seed of a graph, 32 bytes...",
                         key[FINGERPRINT_KEY_SIZE] = "16 bytes of key";
    for (int turn = 0; turn < 2; turn++) {
        struct sim *sim = sim_new(&(struct sim_options){.seed = 2});
        sim_add(sim, &(struct sim_node_options){.synchronised = true});
        struct sim_node *node = sim_node(sim, 0);
        struct graph_config config = {.graph_id = SIM_GRAPH_ID,
                                      .friendly_name = "name",
                                      .node_id = 1,
                                      .provider = &node->provider.base,
                                      .store = node->store};
        memcpy(config.seed, seed, sizeof(seed));
        struct graph_now now = {.ms = 1, .utc = sim_utc(sim, node)};
        struct graph *graph;
        struct graph_actions actions = {.items = NULL};
        struct graph_event up = {.type = GRAPH_LINK_UP,
                                 .link = 5,
                                 .incoming = true,
                                 .now = now,
                                 .peer_name = bytes_of_text("name")};
        memcpy(up.fingerprint_key, key, sizeof(key));
        mem_watch(turn == 0 ? seed : key, turn == 0 ? sizeof(seed) : sizeof(key));
        assert_ok(graph_new(&config, &now, &graph));
        assert_ok(graph_step(graph, &up, &actions));
        graph_actions_deinit(&actions);
        graph_free(graph);
        assert_int_equal(mem_watch_seen(), 0);
        mem_watch(NULL, 0);
        sim_free(sim);
    }
}

/* Some of the base64 text that stands for these bytes where they begin at this place of a group of
 * three. */
static void base64_part(const uint8_t secret[RENDEZVOUS_SECRET_SIZE], int shift, char part[25])
{
    uint8_t padded[RENDEZVOUS_SECRET_SIZE + 2] = {0};
    struct buffer text = BUFFER_NULL;
    memcpy(padded + shift, secret, RENDEZVOUS_SECRET_SIZE);
    assert_ok(text_base64_encode(bytes_of(padded, sizeof(padded)), &text));
    memcpy(part, text.data + 4, 24);
    part[24] = 0;
    buffer_deinit(&text);
}

static uint64_t host, guest;

static void make_invitation(const struct identity *identity, char **invitation)
{
    char *xml = NULL;
    assert_ok(identity_xml_make(identity->peer_name, &xml));
    struct engine_invite invite = {.identity_xml = xml, .roles = ROLE_MEMBER};
    assert_ok(engine_group_invite(host, &invite, invitation));
    mem_free(xml);
}

/* The rendezvous secret, as bytes and as it stands in an invitation's text. */
static void test_rendezvous_secret(void **state)
{
    (void)state;
    struct identity one, other;
    struct invitation parsed;
    char *invitation = NULL, part[25];
    assert_ok(engine_startup());
    assert_ok(identity_create(NULL, "Anna", NULL, &one));
    assert_ok(identity_create(NULL, "Boris", NULL, &other));
    struct engine_create create = {.creator = one.peer_name,
                                   .wish = {.friendly_name = "test group", .schemes = 0}};
    assert_ok(engine_group_create(&create, &host));
    make_invitation(&other, &invitation);
    assert_ok(invitation_parse(bytes_of_text(invitation), &parsed));
    int shift = 0;
    do
        base64_part(parsed.rendezvous.secret, shift, part);
    while (!strstr(invitation, part) && ++shift < 3);
    assert_true(shift < 3);
    for (int turn = 0; turn < 2; turn++) {
        char *again = NULL;
        mem_watch(turn == 0 ? (const void *)parsed.rendezvous.secret : part,
                  turn == 0 ? RENDEZVOUS_SECRET_SIZE : 24);
        make_invitation(&other, &again);
        mem_wipe_text(again);
        mem_free(again);
        assert_int_equal(mem_watch_seen(), 0);
        assert_ok(engine_group_join(other.peer_name, invitation, NULL, &guest));
        assert_ok(engine_group_close(guest));
        assert_int_equal(mem_watch_seen(), 0);
        assert_ok(engine_group_delete(other.peer_name, parsed.group_name));
        struct group_properties held;
        assert_ok(engine_group_properties(host, &held));
        struct engine_set_properties set = {
            .creator = held.creator_name,
            .cloud = held.cloud,
            .wish = {.friendly_name = turn == 0 ? "new name" : "newer name",
                     .group_name = held.group_name,
                     .classifier = held.classifier}};
        assert_ok(engine_group_set_properties(host, &set));
        group_properties_deinit(&held);
        assert_int_equal(mem_watch_seen(), 0);
    }
    assert_ok(engine_group_close(host));
    assert_ok(engine_shutdown());
    assert_int_equal(mem_watch_seen(), 0);
    mem_watch(NULL, 0);
    invitation_deinit(&parsed);
    mem_free(invitation);
    identity_deinit(&one);
    identity_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch_sees),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_rendezvous_secret),
    };
    return cmocka_run_group_tests(tests, home_setup, home_teardown);
}
