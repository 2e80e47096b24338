/* Is each right to issue refused with its own code where it is broken? Who joins with what, what
 * does a reopened group still know, and whom do its members see? */
#include "scene_group.h"
#include "support/test.h"

#include "group/peer_name.h"
#include "group/security_internal.h"

static HRESULT try_issue(const struct party *issuer, const struct issue_request *request)
{
    struct buffer chain = BUFFER_NULL;
    HRESULT hr = security_issue(issuer->security, request, SCENE_NOW, &chain);
    assert_true(SUCCEEDED(hr) == (chain.size > 0));
    buffer_deinit(&chain);
    return hr;
}

static void test_who_may_give_which_role(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(90);
    const struct party *issuers[] = {&group->scene.founder, &group->admin, &group->inviter,
                                     &group->member};
    static const unsigned roles[] = {ROLE_ADMIN, ROLE_INVITING_MEMBER, ROLE_MEMBER, 0,
                                     ROLE_ADMIN | ROLE_MEMBER};
    static const bool may[4][5] = {{true, true, true, true, true},
                                   {true, true, true, true, true},
                                   {false, true, true, true, false},
                                   {false, false, false, false, false}};
    for (size_t i = 0; i < 4; i++) {
        for (size_t r = 0; r < ARRAY_SIZE(roles); r++) {
            struct issue_request request = issue_for(&guest, roles[r]);
            assert_hr(try_issue(issuers[i], &request), may[i][r] ? S_OK : PEER_E_NOT_AUTHORIZED);
        }
    }
    party_deinit(&guest);
}

static void test_dates_nest(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(91), below = party_new(92);
    struct issue_request request = issue_for(&guest, ROLE_ADMIN);
    const struct certificate_row *row;
    request.not_before = SCENE_NOW - 30 * TICKS_PER_SECOND;
    request.not_after = SCENE_NOW + SCENE_DAY;
    struct buffer chain = party_issue(&group->scene.founder, &request);
    struct buffer xml = party_invite(&group->scene.founder, buffer_view(&chain));
    assert_hr(party_adopt(&guest, buffer_view(&xml), request.not_before - 1),
              PEER_E_INVALID_TIME_PERIOD);
    assert_hr(party_adopt(&guest, buffer_view(&xml), request.not_after + 1),
              PEER_E_INVALID_TIME_PERIOD);
    assert_ok(party_adopt(&guest, buffer_view(&xml), SCENE_NOW));
    struct issue_request wanted = issue_for(&below, ROLE_MEMBER);
    assert_hr(try_issue(&guest, &wanted), PEER_E_GROUP_NOT_READY);
    party_sync_properties(&guest, &group->scene.founder);
    assert_ok(try_issue(&guest, &wanted));
    /* The default start is 20 minutes early, but never before the issuer's. */
    struct provider *provider = party_provider(&guest);
    uint64_t earliest = request.not_before - SCENE_GRACE;
    assert_ok(provider->ops->link_allowed(provider, &below.key_hash, earliest));
    assert_hr(provider->ops->link_allowed(provider, &below.key_hash, earliest - 1),
              PEER_E_NOT_AUTHORIZED);
    wanted.not_before = request.not_before - TICKS_PER_SECOND;
    assert_hr(try_issue(&guest, &wanted), E_INVALIDARG);
    wanted.not_before = request.not_before;
    assert_ok(try_issue(&guest, &wanted));
    wanted.not_after = request.not_after + TICKS_PER_SECOND;
    assert_hr(try_issue(&guest, &wanted), E_INVALIDARG);
    wanted.not_after = SCENE_NOW;
    assert_hr(try_issue(&guest, &wanted), E_INVALIDARG);
    wanted.not_before = wanted.not_after = SCENE_NOW + TICKS_PER_SECOND;
    assert_hr(try_issue(&guest, &wanted), E_INVALIDARG);
    assert_ok(security_own(guest.security, request.not_after + SCENE_GRACE, &row));
    assert_hr(security_own(guest.security, request.not_after + SCENE_GRACE + 1, &row),
              PEER_E_INVALID_TIME_PERIOD);
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_deinit(&guest);
    party_deinit(&below);
}

static void test_impossible_subjects(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(93);
    struct issue_request request = issue_for(&guest, ROLE_MEMBER);
    request.peer_name = group->admin.name;
    assert_hr(try_issue(&group->scene.founder, &request), E_INVALIDARG);
    request = issue_for(&group->scene.founder, ROLE_MEMBER);
    assert_hr(try_issue(&group->scene.founder, &request), E_INVALIDARG);
    assert_hr(try_issue(&group->admin, &request), E_INVALIDARG);
    party_deinit(&guest);
}

static void test_a_chain_has_24_members_at_the_most(void **state)
{
    (void)state;
    struct scene scene;
    struct party members[LIMIT_CHAIN_LENGTH], last = party_new(200);
    struct issue_request request = issue_for(&last, ROLE_MEMBER);
    scene_init(&scene);
    members[0] = scene.founder;
    for (unsigned i = 1; i < LIMIT_CHAIN_LENGTH; i++) {
        assert_ok(try_issue(&members[i - 1], &request));
        members[i] = party_join(&members[i - 1], 100 + i, ROLE_ADMIN);
    }
    assert_hr(try_issue(&members[LIMIT_CHAIN_LENGTH - 1], &request), PEER_E_CHAIN_TOO_LONG);
    for (unsigned i = 1; i < LIMIT_CHAIN_LENGTH; i++)
        party_deinit(&members[i]);
    party_deinit(&last);
    scene_deinit(&scene);
}

/* ---- joining and opening ---- */

static void test_an_invitation_is_for_one_identity(void **state)
{
    struct group *group = *state;
    struct party invited = party_new(94), thief = party_new(95);
    struct issue_request request = issue_for(&invited, ROLE_MEMBER);
    struct buffer chain = party_issue(&group->admin, &request);
    struct buffer xml = party_invite(&group->admin, buffer_view(&chain));
    const struct group_properties *properties;
    assert_hr(party_adopt(&thief, buffer_view(&xml), SCENE_NOW), PEER_E_INVITATION_NOT_TRUSTED);
    assert_null(thief.security);
    assert_ok(party_adopt(&invited, buffer_view(&xml), SCENE_NOW));
    assert_hr(security_properties(invited.security, &properties), PEER_E_GROUP_NOT_READY);
    assert_string_equal(security_cloud(invited.security), "Global_");
    assert_string_equal(security_friendly_name(invited.security), "Choir");
    assert_memory_equal(security_rendezvous(invited.security)->secret,
                        security_rendezvous(group->admin.security)->secret, RENDEZVOUS_SECRET_SIZE);
    party_reopen(&invited, NULL);
    assert_string_equal(security_cloud(invited.security), "Global_");
    assert_hr(security_properties(invited.security, &properties), PEER_E_GROUP_NOT_READY);
    party_sync_properties(&invited, &group->admin);
    party_reopen(&invited, NULL);
    assert_ok(security_properties(invited.security, &properties));
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_deinit(&invited);
    party_deinit(&thief);
}

static void test_a_newer_invitation_changes_the_role(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->scene.founder, 96, ROLE_MEMBER);
    struct issue_request request = issue_for(&guest, ROLE_ADMIN);
    request.not_before = SCENE_NOW - 60 * TICKS_PER_SECOND;
    struct buffer chain = party_issue(&group->scene.founder, &request);
    struct buffer xml = party_invite(&group->scene.founder, buffer_view(&chain));
    struct invitation invitation;
    assert_ok(invitation_parse(buffer_view(&xml), &invitation));
    assert_hr(security_renew(group->member.security, &invitation, SCENE_NOW),
              PEER_E_INVITATION_NOT_TRUSTED);
    assert_ok(security_renew(guest.security, &invitation, SCENE_NOW));
    assert_int_equal(security_own_roles(guest.security, SCENE_NOW), ROLE_ADMIN);
    invitation_deinit(&invitation);
    party_reopen(&guest, NULL);
    assert_int_equal(security_own_roles(guest.security, SCENE_NOW), ROLE_ADMIN);
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_deinit(&guest);
}

static void test_opening_checks_whose_store_it_is(void **state)
{
    struct group *group = *state;
    struct security_self other = party_self(&group->admin);
    struct security *security;
    struct store *empty;
    assert_hr(security_open(group->member.store, &other, NULL, SCENE_NOW, &security),
              PEER_E_INVALID_DATABASE);
    assert_null(security);
    assert_ok(store_memory_new(&empty));
    assert_hr(security_open(empty, &other, NULL, SCENE_NOW, &security), PEER_E_INVALID_DATABASE);
    store_free(empty);
    party_reopen(&group->scene.founder, group->scene.group_key);
    assert_true(security_is_creator(group->scene.founder.security));
    struct security_self founder = party_self(&group->scene.founder);
    assert_hr(
        security_open(group->scene.founder.store, &founder, group->admin.key, SCENE_NOW, &security),
        E_INVALIDARG);
}

/* ---- the own certificate ---- */

static void announce(const struct party *to, const struct party *by, struct bytes chain,
                     uint8_t nonce)
{
    struct draft draft = {.type = RECORD_TYPE_MEMBERSHIP, .payload = chain, .nonce = nonce};
    struct sealed_record sealed;
    assert_ok(party_write(by, &draft, &sealed));
    assert_ok(party_deliver(to, by, &sealed));
    sealed_record_deinit(&sealed);
}

static struct hash own_hash(const struct party *party)
{
    const struct certificate_row *row;
    assert_ok(security_own(party->security, SCENE_NOW, &row));
    return row->hash;
}

static struct hash sealing_hash(const struct party *party)
{
    struct draft draft = {.type = {{0xEE}}};
    struct sealed_record sealed;
    assert_ok(party_write(party, &draft, &sealed));
    struct hash hash = sealed.seal.certificate;
    sealed_record_deinit(&sealed);
    return hash;
}

static void test_nobody_plants_the_own_certificate_of_another(void **state)
{
    struct group *group = *state;
    struct party victim = party_join(&group->scene.founder, 110, ROLE_ADMIN);
    struct issue_request request = issue_for(&victim, ROLE_MEMBER);
    struct provider *provider = party_provider(&victim);
    struct hash before = own_hash(&victim), key;
    struct bytes name;
    uint64_t end;
    request.not_before = SCENE_NOW - 60 * TICKS_PER_SECOND;
    request.not_after = SCENE_NOW + SCENE_DAY;
    struct buffer chain = party_issue(&group->inviter, &request);
    assert_ok(provider->ops->certificate_take(provider, buffer_view(&chain)));
    for (int reopened = 0; reopened < 2; reopened++) {
        struct hash own = own_hash(&victim), sealing = sealing_hash(&victim);
        assert_true(hash_equal(&own, &before));
        assert_true(hash_equal(&sealing, &before));
        assert_int_equal(security_own_roles(victim.security, SCENE_NOW), ROLE_ADMIN);
        provider = party_provider(&victim);
        provider->ops->own(provider, &key, &name, &end);
        assert_true(end == TICKS_UNLIMITED);
        party_reopen(&victim, NULL);
    }
    /* It is of no use to anybody here, and goes like any other. */
    uint32_t count = certificate_table_count(victim.security->table);
    for (int i = 0; i < 3; i++)
        assert_ok(security_collect_certificates(victim.security, NULL, 0));
    assert_true(certificate_table_count(victim.security->table) < count);
    assert_int_equal(security_own_roles(victim.security, SCENE_NOW), ROLE_ADMIN);
    buffer_deinit(&chain);
    party_deinit(&victim);
}

static void test_an_administrator_may_announce_an_own_certificate(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->scene.founder, 111, ROLE_MEMBER);
    struct issue_request request = issue_for(&guest, ROLE_INVITING_MEMBER);
    request.not_before = SCENE_NOW - 60 * TICKS_PER_SECOND;
    struct buffer chain = party_issue(&group->admin, &request);
    announce(&guest, &group->admin, buffer_view(&chain), 1);
    assert_int_equal(security_own_roles(guest.security, SCENE_NOW), ROLE_INVITING_MEMBER);
    struct hash own = own_hash(&guest), sealing = sealing_hash(&guest);
    assert_true(hash_equal(&own, &sealing));
    party_reopen(&guest, NULL);
    assert_int_equal(security_own_roles(guest.security, SCENE_NOW), ROLE_INVITING_MEMBER);
    for (int i = 0; i < 3; i++)
        assert_ok(security_collect_certificates(guest.security, NULL, 0));
    assert_int_equal(security_own_roles(guest.security, SCENE_NOW), ROLE_INVITING_MEMBER);
    /* Not under another peer name. */
    char *alias;
    assert_ok(peer_name_make(&guest.key_hash, "alias", &alias));
    struct issue_request other = issue_for(&guest, ROLE_ADMIN);
    other.peer_name = alias;
    other.not_before = SCENE_NOW - 30 * TICKS_PER_SECOND;
    struct buffer aliased = party_issue(&group->admin, &other);
    announce(&guest, &group->admin, buffer_view(&aliased), 2);
    assert_int_equal(security_own_roles(guest.security, SCENE_NOW), ROLE_INVITING_MEMBER);
    mem_free(alias);
    buffer_deinit(&aliased);
    buffer_deinit(&chain);
    party_deinit(&guest);
}

static void test_an_own_certificate_fits_into_a_handshake(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->inviter, 112, ROLE_MEMBER);
    struct hash hash = own_hash(&guest);
    struct certificate_row *row = certificate_table_find(guest.security->table, &hash);
    struct buffer chain = BUFFER_NULL;
    assert_ok(security_own_chain(guest.security, SCENE_NOW, &chain));
    assert_int_equal(row->chain_size, chain.size);
    row->own = false;
    row->chain_size = CHAIN_SIZE_MAX + 1;
    assert_hr(security_own_take(guest.security, row), S_FALSE);
    assert_false(row->own);
    row->chain_size = CHAIN_SIZE_MAX;
    assert_ok(security_own_take(guest.security, row));
    assert_true(row->own);
    buffer_deinit(&chain);
    party_deinit(&guest);
}

static void test_a_damaged_list_of_own_certificates_is_noticed(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->inviter, 113, ROLE_MEMBER);
    struct security_self self = party_self(&guest);
    struct security *security;
    static const uint8_t unknown[HASH_SIZE] = {1};
    struct hash others = own_hash(&group->inviter);
    const struct bytes bad[] = {bytes_of(unknown, HASH_SIZE), bytes_of(unknown, HASH_SIZE - 1),
                                bytes_of(others.bytes, HASH_SIZE)};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_ok(guest.store->ops->value_put(guest.store, "own/certificates", bad[i]));
        assert_hr(security_open(guest.store, &self, NULL, SCENE_NOW, &security),
                  PEER_E_INVALID_DATABASE);
    }
    assert_ok(guest.store->ops->value_remove(guest.store, "own/certificates"));
    assert_hr(security_open(guest.store, &self, NULL, SCENE_NOW, &security),
              PEER_E_INVALID_DATABASE);
    party_deinit(&guest);
}

/* ---- members ---- */

struct seen {
    unsigned count;
    char names[8][LIMIT_PEER_NAME_UNITS * 3 + 1];
    bool membership[8], presence[8], self[8];
    unsigned roles[8];
    char attributes[8][16];
};

static HRESULT see(void *context, const struct member_info *member)
{
    struct seen *seen = context;
    unsigned at = seen->count++;
    assert_true(at < 8);
    strcpy(seen->names[at], member->certificate->peer_name);
    seen->membership[at] = member->has_membership;
    seen->presence[at] = member->has_presence;
    seen->self[at] = member->self;
    seen->roles[at] = member->certificate->roles;
    return S_OK;
}

static void write_to(const struct party *to, const struct party *author, struct draft draft)
{
    struct sealed_record sealed;
    assert_ok(party_write(author, &draft, &sealed));
    assert_ok(party_deliver(to, author, &sealed));
    sealed_record_deinit(&sealed);
}

static void test_members_are_those_with_live_records(void **state)
{
    struct group *group = *state;
    struct party witness = party_join(&group->scene.founder, 97, ROLE_MEMBER);
    struct party gone = party_join(&group->scene.founder, 98, ROLE_MEMBER);
    struct party silent = party_join(&group->scene.founder, 99, ROLE_MEMBER);
    struct seen seen = {.count = 0};
    write_to(&witness, &group->admin, (struct draft){.type = RECORD_TYPE_PRESENCE});
    write_to(&witness, &group->inviter, (struct draft){.type = RECORD_TYPE_MEMBERSHIP});
    write_to(&witness, &group->inviter, (struct draft){.type = RECORD_TYPE_MEMBERSHIP, .nonce = 1});
    write_to(&witness, &group->inviter, (struct draft){.type = RECORD_TYPE_PRESENCE});
    write_to(&witness, &gone, (struct draft){.type = RECORD_TYPE_MEMBERSHIP});
    struct sealed_record revocation =
        scene_revoke(&group->admin, false, &gone.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(&witness, &group->admin, &revocation));
    assert_ok(security_members_each(witness.security, SCENE_NOW, see, &seen));
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.names[0], witness.name);
    assert_true(seen.self[0] && !seen.membership[0] && !seen.presence[0]);
    assert_string_equal(seen.names[1], group->inviter.name);
    assert_true(seen.membership[1] && seen.presence[1]);
    assert_int_equal(seen.roles[1], ROLE_INVITING_MEMBER);
    assert_string_equal(seen.names[2], group->admin.name);
    assert_true(!seen.membership[2] && seen.presence[2]);
    /* Later, when the records have expired, only this one is left. */
    seen.count = 0;
    assert_ok(security_members_each(witness.security, SCENE_NOW + 2 * SCENE_DAY, see, &seen));
    assert_int_equal(seen.count, 1);
    seen.count = 0;
    assert_ok(security_member_find(witness.security, SCENE_NOW, group->admin.name, see, &seen));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.names[0], group->admin.name);
    assert_hr(security_member_find(witness.security, SCENE_NOW, silent.name, see, &seen),
              PEER_E_NOT_FOUND);
    assert_hr(security_member_find(witness.security, SCENE_NOW, gone.name, see, &seen),
              PEER_E_NOT_FOUND);
    sealed_record_deinit(&revocation);
    party_deinit(&witness);
    party_deinit(&gone);
    party_deinit(&silent);
}

/* ---- memory ---- */

static void test_founding_survives_lack_of_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct party founder = party_new(1);
        struct security_self self = party_self(&founder);
        struct group_wish wish = {.friendly_name = "Choir"};
        struct founding founding = {.wish = &wish, .utc = SCENE_NOW};
        struct signing_key *group_key;
        mem_fail_nth(n);
        HRESULT hr =
            security_new_founder(founder.store, &self, &founding, &group_key, &founder.security);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_true(SUCCEEDED(hr) == (founder.security && group_key));
        signing_key_free(group_key);
        party_deinit(&founder);
        if (!hit)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may_give_which_role),
        cmocka_unit_test(test_dates_nest),
        cmocka_unit_test(test_impossible_subjects),
        cmocka_unit_test(test_a_chain_has_24_members_at_the_most),
        cmocka_unit_test(test_an_invitation_is_for_one_identity),
        cmocka_unit_test(test_a_newer_invitation_changes_the_role),
        cmocka_unit_test(test_opening_checks_whose_store_it_is),
        cmocka_unit_test(test_nobody_plants_the_own_certificate_of_another),
        cmocka_unit_test(test_an_administrator_may_announce_an_own_certificate),
        cmocka_unit_test(test_an_own_certificate_fits_into_a_handshake),
        cmocka_unit_test(test_a_damaged_list_of_own_certificates_is_noticed),
        cmocka_unit_test(test_members_are_those_with_live_records),
        cmocka_unit_test(test_founding_survives_lack_of_memory),
    };
    return cmocka_run_group_tests_name("group-security-members", tests, group_setup,
                                       group_teardown);
}
