/* Certificates of the field in virtual time: what follows when they end, are renewed, change a
 * role, or are issued by many at once? */
#include "group/security.h"

#include "scenario.h"

#define SECOND TICKS_PER_SECOND

static struct sim *group_of_seed(uint64_t seed)
{
    return sim_new(&(struct sim_options){.seed = seed,
                                         .security = SIM_GROUP,
                                         .latency_min_ms = 1,
                                         .latency_max_ms = 20,
                                         .verdict_max_ms = 10});
}

static uint64_t utc_at(struct sim *sim, uint32_t index)
{
    return sim_utc(sim, sim_node(sim, index));
}

/* As the engine does it: from here on a change of role waits. */
static void go_online(struct sim *sim, uint32_t index, uint32_t to)
{
    struct sim_node *node = sim_node(sim, index);
    security_connecting(node->security, graph_peer_time(node->graph, utc_at(sim, index)));
    sim_listen(sim, index);
    sim_connect(sim, index, to);
}

static uint32_t add(struct sim *sim, uint32_t inviter, unsigned roles, uint64_t certificate_end)
{
    uint32_t index = sim_add(sim, &(struct sim_node_options){.synchronised = sim_count(sim) == 0,
                                                             .presence = true,
                                                             .membership = true,
                                                             .inviter = inviter,
                                                             .roles = roles,
                                                             .certificate_end = certificate_end});
    go_online(sim, index, inviter);
    sim_run(sim, 5000);
    return index;
}

/* What engine/credential_calls.c does with PEER_GROUP_STORE_CREDENTIALS. */
static void announce(struct sim *sim, uint32_t by, const struct sim_key *subject,
                     const struct credential_request *wanted)
{
    struct sim_node *issuer = sim_node(sim, by);
    struct credential_request request = *wanted;
    struct issued_credentials issued;
    request.peer_name = subject->name;
    memcpy(request.key, subject->public_key, KEY_SIZE);
    assert_ok(security_credentials(issuer->security, &request, utc_at(sim, by), &issued));
    struct graph_publish publish = {.kind = PUBLISH_ADD,
                                    .type = RECORD_TYPE_MEMBERSHIP,
                                    .expiration = utc_at(sim, by) + 86400 * SECOND,
                                    .payload = buffer_view(&issued.chain),
                                    .payload_size = issued.chain.size,
                                    .reserved = true};
    if (publish.expiration > issued.not_after)
        publish.expiration = issued.not_after;
    payload_leaf(publish.payload, &publish.payload_root);
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &publish, .request = 4};
    issuer->completed = 0;
    assert_ok(sim_event(sim, by, &event));
    assert_int_equal(issuer->completed, 4);
    assert_ok(issuer->completed_hr);
    buffer_deinit(&issued.chain);
}

static void give(struct sim *sim, uint32_t by, uint32_t subject, unsigned roles)
{
    const struct credential_request request = {
        .given = true, .roles = roles, .not_before = utc_at(sim, by), .not_after = TICKS_UNLIMITED};
    announce(sim, by, &sim_node(sim, subject)->key, &request);
}

static void renew(struct sim *sim, uint32_t by, uint32_t subject)
{
    announce(sim, by, &sim_node(sim, subject)->key, &(struct credential_request){.given = false});
}

static unsigned roles_of(struct sim *sim, uint32_t index)
{
    return security_own_roles(sim_node(sim, index)->security, utc_at(sim, index));
}

static uint32_t present(struct sim *sim, uint32_t index)
{
    return sim_visible_of(sim, index, &RECORD_TYPE_PRESENCE);
}

static HRESULT write_until(struct sim *sim, uint32_t index, uint64_t expiration)
{
    struct sim_record record = {.expiration = expiration, .payload = "x", .payload_size = 1};
    record.kind = PUBLISH_ADD;
    return sim_publish(sim, index, &record, NULL);
}

static void run_until_utc(struct sim *sim, uint64_t utc)
{
    sim_run(sim, (utc - utc_at(sim, 0)) / TICKS_PER_MS);
}

/* What was announced is not in the simulator's register, so sim_check_authorised does not apply. */
static void assert_same(struct sim *sim)
{
    (void)(sim_check_equal(sim) && sim_check_security(sim));
    assert_sound(sim);
}

/* ---- the end ---- */

static void open_direct(struct sim *sim, uint32_t from, uint32_t to)
{
    struct graph_event allow = {.type = GRAPH_ALLOW_DIRECT, .flag = true};
    struct graph_event open = {.type = GRAPH_OPEN_DIRECT,
                               .request = 9,
                               .key = sim_node(sim, to)->key.hash,
                               .addresses = {.count = 1}};
    sim_address(to, &open.addresses.items[0]);
    assert_ok(sim_event(sim, to, &allow));
    assert_ok(sim_event(sim, from, &open));
    sim_run(sim, 1000);
    assert_int_equal(sim_last_notice(sim, from, GRAPH_NOTICE_DIRECT)->change, GRAPH_LINK_CONNECTED);
}

/* [point 7.22] A member shows no addresses when its certificate ends within the life of presence.
 * [point 10.10] Until the end it writes what does not outlive it, then nothing; the links go 20
 * minutes later, direct ones too. */
static void a_certificate_ends_while_connected(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(1);
    add(sim, 0, 0, 0);
    uint64_t end = (utc_at(sim, 0) / SECOND + 7200) * SECOND;
    uint32_t brief = add(sim, 0, ROLE_ADMIN, end), other = add(sim, 0, 0, 0);
    open_direct(sim, brief, other);
    run_until_utc(sim, end - 600 * SECOND);
    assert_int_equal(present(sim, 0), 3);
    assert_hr(write_until(sim, brief, end + SECOND), E_INVALIDARG);
    run_until_utc(sim, end - SECOND);
    assert_int_equal(present(sim, 0), 2);
    assert_int_equal(present(sim, brief), 2);
    assert_ok(write_until(sim, brief, end));
    run_until_utc(sim, end + SECOND);
    assert_hr(write_until(sim, brief, end + 60 * SECOND), PEER_E_NOT_AUTHORIZED);
    run_until_utc(sim, end + 19 * 60 * SECOND);
    assert_true(sim_linked(sim, 0, brief) && sim_linked(sim, other, brief));
    run_until_utc(sim, end + 21 * 60 * SECOND);
    assert_int_equal(sim_links(sim, brief), 0);
    assert_int_equal(sim_last_notice(sim, other, GRAPH_NOTICE_DIRECT)->change,
                     GRAPH_LINK_DISCONNECTED);
    assert_true(sim_linked(sim, 0, other));
    run_until_utc(sim, end + 60 * 60 * SECOND);
    assert_int_equal(sim_links(sim, brief), 0);
    assert_sound(sim);
    sim_free(sim);
}

/* ---- a writer who looks at no end, when it writes what a test has it write ---- */

static struct {
    bool lies;
    const struct provider_ops *honest;
    struct provider_ops ops;
    const struct signing_key *key;
    struct hash certificate;
} liar;

static HRESULT seal_anyway(struct provider *provider, const struct record *record,
                           const struct hash *digest, struct record_seal *seal)
{
    uint8_t message[64];
    if (!liar.lies)
        return liar.honest->seal(provider, record, digest, seal);
    record_signed_bytes(digest, message);
    seal->certificate = liar.certificate;
    signing_key_sign(liar.key, message, sizeof(message), seal->signature);
    return S_OK;
}

static void own_without_end(struct provider *provider, struct hash *key, struct bytes *name,
                            uint64_t *expiration)
{
    liar.honest->own(provider, key, name, expiration);
    if (liar.lies)
        *expiration = UINT64_MAX;
}

static void turn_liar(struct sim *sim, uint32_t index)
{
    struct sim_node *node = sim_node(sim, index);
    struct provider *provider = sim_provider_of(node);
    const struct certificate_row *row;
    assert_ok(security_own(node->security, utc_at(sim, index), &row));
    liar.honest = provider->ops;
    liar.ops = *provider->ops;
    liar.ops.seal = seal_anyway;
    liar.ops.own = own_without_end;
    liar.key = node->signing_key;
    liar.certificate = row->hash;
    provider->ops = &liar.ops;
}

static HRESULT lie(struct sim *sim, struct sim_record *record)
{
    liar.lies = true;
    HRESULT hr = sim_publish(sim, 2, record, NULL);
    liar.lies = false;
    return hr;
}

static HRESULT lie_until(struct sim *sim, uint64_t expiration)
{
    struct sim_record record = {.kind = PUBLISH_ADD, .expiration = expiration, .payload = "x"};
    record.payload_size = 1;
    return lie(sim, &record);
}

/* A founder, another member, and an administrator for an hour, who may lie from now on. */
static struct sim *group_with_liar(uint64_t seed, uint64_t *end)
{
    struct sim *sim = group_of_seed(seed);
    add(sim, 0, 0, 0);
    add(sim, 0, 0, 0);
    *end = (utc_at(sim, 0) / SECOND + 3600) * SECOND;
    uint32_t brief = add(sim, 0, ROLE_ADMIN, *end);
    assert_true(sim_linked(sim, 0, brief));
    turn_liar(sim, brief);
    return sim;
}

static uint32_t texts(struct sim *sim, uint32_t index)
{
    return sim_visible_of(sim, index, &SIM_RECORD_TYPE);
}

/* Nobody else took what the liar, number 2, has written, and its neighbour has cut it off. */
static void assert_only_liar_has_it(struct sim *sim, uint32_t others_have, uint32_t it_has)
{
    sim_run(sim, 2000);
    assert_int_equal(texts(sim, 2), it_has);
    assert_int_equal(texts(sim, 0), others_have);
    assert_int_equal(texts(sim, 1), others_have);
    assert_true(sim_notices(sim, 0, GRAPH_NOTICE_NEIGHBOUR, GRAPH_LINK_DISCONNECTED) > 0);
    sim_run(sim, 5 * MINUTE_MS); /* whatever it tells when it comes back */
    assert_int_equal(texts(sim, 0), others_have);
    assert_int_equal(texts(sim, 1), others_have);
    assert_sound(sim);
    sim_free(sim);
}

/* [point 7.20] [point 10.10] Receivers refuse what outlives its writer's certificate, also from a
 * writer that does not look at that; what does not they take from it. */
static void nobody_takes_what_outlives_its_writer(void **state)
{
    (void)state;
    uint64_t end;
    struct sim *sim = group_with_liar(11, &end);
    run_until_utc(sim, end - 1200 * SECOND);
    assert_ok(lie_until(sim, end));
    sim_run(sim, 1000);
    assert_int_equal(texts(sim, 0), 1);
    assert_int_equal(texts(sim, 1), 1);
    assert_ok(lie_until(sim, end + SECOND));
    assert_only_liar_has_it(sim, 1, 2);
}

/* [point 7.20] [point 10.10] Nor what it writes when its certificate has ended, while its link
 * still stands. */
static void nobody_takes_what_comes_after_the_end(void **state)
{
    (void)state;
    uint64_t end;
    struct sim *sim = group_with_liar(12, &end);
    run_until_utc(sim, end + 60 * SECOND);
    assert_true(sim_linked(sim, 0, 2));
    assert_ok(lie_until(sim, end + 3600 * SECOND));
    assert_only_liar_has_it(sim, 0, 1);
}

/* Nor its deletion of what others wrote, administrator that it was. */
static void nobody_deletes_after_the_end(void **state)
{
    (void)state;
    uint64_t end;
    struct sim *sim = group_with_liar(13, &end);
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 2 * 86400};
    assert_ok(sim_publish(sim, 1, &record, &id));
    run_until_utc(sim, end + 60 * SECOND);
    assert_true(sim_linked(sim, 0, 2) && sim_holds(sim, 2, &id));
    record = (struct sim_record){.kind = PUBLISH_DELETE, .id = id};
    assert_ok(lie(sim, &record));
    assert_only_liar_has_it(sim, 1, 0);
}

/* [point 7.11] The new certificate takes over without a pause: links, presence, records. */
static void a_renewal_is_not_noticed(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(2);
    add(sim, 0, 0, 0);
    uint64_t end = (utc_at(sim, 0) / SECOND + 7200) * SECOND;
    uint32_t brief = add(sim, 0, 0, end), other = add(sim, 0, 0, 0);
    run_until_utc(sim, end - 1800 * SECOND);
    renew(sim, 0, brief);
    for (int minute = 0; minute < 90; minute++) {
        sim_run(sim, MINUTE_MS);
        assert_true(sim_linked(sim, 0, brief));
        assert_int_equal(present(sim, other), 3);
        assert_ok(write_until(sim, brief, utc_at(sim, brief) + 600 * SECOND));
    }
    assert_int_equal(sim_notices(sim, brief, GRAPH_NOTICE_NEIGHBOUR, GRAPH_LINK_DISCONNECTED), 0);
    sim_run(sim, 5000);
    assert_same(sim);
    sim_free(sim);
}

/* ---- roles ---- */

static void come_back(struct sim *sim, uint32_t index, uint32_t to)
{
    sim_restart(sim, index);
    go_online(sim, index, to);
    sim_run(sim, 5000);
}

/* [point 6.6] [point 7.16] */
static void a_role_counts_from_the_next_connection_on(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(3);
    add(sim, 0, 0, 0);
    uint32_t here = add(sim, 0, ROLE_MEMBER, 0), away = add(sim, 0, ROLE_MEMBER, 0);
    sim_leave(sim, away);
    sim_crash(sim, away);
    sim_run(sim, MINUTE_MS);
    give(sim, 0, here, ROLE_ADMIN);
    give(sim, 0, away, ROLE_INVITING_MEMBER);
    sim_run(sim, HOUR_MS);
    assert_int_equal(roles_of(sim, here), ROLE_MEMBER);
    come_back(sim, away, 0);
    assert_int_equal(roles_of(sim, away), ROLE_INVITING_MEMBER);
    assert_int_equal(roles_of(sim, here), ROLE_MEMBER);
    sim_crash(sim, here);
    sim_run(sim, MINUTE_MS);
    come_back(sim, here, 0);
    assert_int_equal(roles_of(sim, here), ROLE_ADMIN);
    sim_run(sim, MINUTE_MS);
    assert_same(sim);
    sim_free(sim);
}

/* A role that waits is better than no membership at all. */
static void what_waits_takes_over_at_the_end(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(4);
    add(sim, 0, 0, 0);
    uint64_t end = (utc_at(sim, 0) / SECOND + 3600) * SECOND;
    uint32_t brief = add(sim, 0, ROLE_MEMBER, end);
    give(sim, 0, brief, ROLE_ADMIN);
    run_until_utc(sim, end - 2 * SECOND);
    assert_int_equal(roles_of(sim, brief), ROLE_MEMBER);
    run_until_utc(sim, end + 2 * 3600 * SECOND);
    assert_int_equal(roles_of(sim, brief), ROLE_ADMIN);
    assert_true(sim_linked(sim, 0, brief));
    assert_ok(write_until(sim, brief, utc_at(sim, brief) + 86400 * SECOND));
    assert_sound(sim);
    sim_free(sim);
}

/* ---- many at once ---- */

enum { ADMINS = 5, INVITING = 20, SUBJECTS = 50, SHARED = 5 };

static void add_issuers(struct sim *sim)
{
    add(sim, 0, 0, 0);
    for (uint32_t i = 0; i < ADMINS; i++)
        add(sim, 0, ROLE_ADMIN, 0);
    for (uint32_t i = 0; i < INVITING; i++)
        add(sim, 1 + i % ADMINS, ROLE_INVITING_MEMBER, 0);
}

static void invite_only(struct sim *sim, uint32_t by, const struct sim_key *subject,
                        struct credential_request request)
{
    struct issued_credentials issued;
    request.peer_name = subject->name;
    memcpy(request.key, subject->public_key, KEY_SIZE);
    assert_ok(
        security_credentials(sim_node(sim, by)->security, &request, utc_at(sim, by), &issued));
    buffer_deinit(&issued.chain);
}

/* Each comes with an invitation by one inviting member, another has invited it too; administrators
 * announce a fifth each, and each the first five. Then all come, each at another member. No time
 * goes by in between. */
static void issue_at_once(struct sim *sim)
{
    uint32_t issuers = sim_count(sim);
    for (uint32_t s = 0; s < SUBJECTS; s++)
        sim_add(sim, &(struct sim_node_options){.presence = true,
                                                .membership = true,
                                                .inviter = 1 + ADMINS + s % INVITING});
    for (uint32_t s = 0; s < SUBJECTS; s++) {
        const struct sim_key *subject = &sim_node(sim, issuers + s)->key;
        struct credential_request request = {.given = true, .roles = ROLE_MEMBER};
        request.not_before = utc_at(sim, 0);
        request.not_after = utc_at(sim, 0) + 3 * 86400 * SECOND;
        invite_only(sim, 1 + ADMINS + (s + 1) % INVITING, subject, request);
        for (uint32_t admin = 0; admin < ADMINS; admin++) {
            request.not_after += 86400 * SECOND;
            if (s < SHARED || s % ADMINS == admin)
                announce(sim, 1 + admin, subject, &request);
        }
    }
    for (uint32_t s = 0; s < SUBJECTS; s++)
        go_online(sim, issuers + s, (s * 7) % issuers);
}

struct muster {
    struct sim *sim;
    uint32_t count;
    uint32_t subjects;
};

/* A subject has the role that it was given. */
static HRESULT muster_member(void *context, const struct member_info *member)
{
    struct muster *muster = context;
    assert_true(member->has_membership);
    muster->count++;
    for (uint32_t s = 1 + ADMINS + INVITING; s < sim_count(muster->sim); s++) {
        if (strcmp(member->certificate->peer_name, sim_node(muster->sim, s)->key.name) != 0)
            continue;
        assert_int_equal(member->certificate->roles, ROLE_MEMBER);
        muster->subjects++;
    }
    return S_OK;
}

static void assert_everybody_is_known(struct sim *sim, uint32_t index)
{
    struct sim_node *node = sim_node(sim, index);
    struct muster muster = {.sim = sim};
    assert_ok(security_members_each(
        node->security, graph_peer_time(node->graph, utc_at(sim, index)), muster_member, &muster));
    assert_int_equal(muster.count, 1 + ADMINS + INVITING + SUBJECTS);
    assert_int_equal(muster.subjects, SUBJECTS);
}

/* [point 7.18] Every subject is a valid member by one certificate, the same to everybody. */
static void many_issue_at_once(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(5);
    add_issuers(sim);
    issue_at_once(sim);
    sim_run(sim, 2 * MINUTE_MS);
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        assert_everybody_is_known(sim, i);
        assert_true(sim_links(sim, i) > 0);
    }
    for (uint32_t s = 1 + ADMINS + INVITING; s < sim_count(sim); s++)
        assert_int_equal(roles_of(sim, s), ROLE_MEMBER);
    assert_same(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_ends_while_connected),
        cmocka_unit_test(nobody_takes_what_outlives_its_writer),
        cmocka_unit_test(nobody_takes_what_comes_after_the_end),
        cmocka_unit_test(nobody_deletes_after_the_end),
        cmocka_unit_test(a_renewal_is_not_noticed),
        cmocka_unit_test(a_role_counts_from_the_next_connection_on),
        cmocka_unit_test(what_waits_takes_over_at_the_end),
        cmocka_unit_test(many_issue_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
