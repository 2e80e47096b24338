/* Do credentials change what they should at whoever hears of them, in whatever order, and nothing
 * at whoever issues them? */
#include "scene.h"
#include "support/test.h"

#include "group/security_internal.h"

#define MINUTE (60 * TICKS_PER_SECOND)

struct group {
    struct scene scene;
    struct party admin, inviter, witness;
};

static int setup(void **state)
{
    static struct group group;
    scene_init(&group.scene);
    group.admin = party_join(&group.scene.founder, 1, ROLE_ADMIN);
    group.inviter = party_join(&group.scene.founder, 2, ROLE_INVITING_MEMBER);
    group.witness = party_join(&group.scene.founder, 3, ROLE_MEMBER);
    *state = &group;
    return 0;
}

static int teardown(void **state)
{
    struct group *group = *state;
    party_deinit(&group->admin);
    party_deinit(&group->inviter);
    party_deinit(&group->witness);
    scene_deinit(&group->scene);
    return 0;
}

/* A membership record of the administrator's with the chain of a new certificate. */
static struct sealed_record announcement(const struct party *by, const struct party *subject,
                                         unsigned roles, uint64_t not_before, uint64_t modified)
{
    static uint8_t nonce;
    struct issue_request request = issue_for(subject, roles);
    request.not_before = not_before;
    request.unkept = true;
    struct buffer chain = party_issue(by, &request);
    struct draft draft = {.type = RECORD_TYPE_MEMBERSHIP,
                          .payload = buffer_view(&chain),
                          .modified = modified,
                          .nonce = ++nonce};
    struct sealed_record sealed;
    assert_ok(party_write(by, &draft, &sealed));
    buffer_deinit(&chain);
    return sealed;
}

static unsigned roles_of(const struct party *party)
{
    return security_own_roles(party->security, SCENE_NOW);
}

static HRESULT note_roles(void *context, const struct member_info *member)
{
    *(unsigned *)context = member->certificate->roles;
    return S_OK;
}

static unsigned shown_roles(const struct party *at, const struct party *member)
{
    unsigned roles = 0;
    assert_ok(security_member_find(at->security, SCENE_NOW, member->name, note_roles, &roles));
    return roles;
}

static void test_a_lesser_role_takes_none_away_in_any_order(void **state)
{
    struct group *group = *state;
    for (unsigned order = 0; order < 2; order++) {
        struct party subject = party_join(&group->scene.founder, 20 + order, ROLE_MEMBER);
        struct party witness = party_join(&group->scene.founder, 30 + order, ROLE_MEMBER);
        struct sealed_record more =
            announcement(&group->admin, &subject, ROLE_ADMIN, SCENE_NOW - 3 * MINUTE, 0);
        struct sealed_record less =
            announcement(&group->admin, &subject, ROLE_MEMBER, SCENE_NOW - 2 * MINUTE, 0);
        const struct sealed_record *both[] = {order ? &less : &more, order ? &more : &less};
        for (int i = 0; i < 2; i++) {
            assert_ok(party_deliver(&subject, &group->admin, both[i]));
            assert_ok(party_deliver(&witness, &group->admin, both[i]));
        }
        assert_int_equal(roles_of(&subject), ROLE_ADMIN);
        assert_int_equal(shown_roles(&witness, &subject), ROLE_ADMIN);
        sealed_record_deinit(&more);
        sealed_record_deinit(&less);
        party_deinit(&subject);
        party_deinit(&witness);
    }
}

/* May it delete what another wrote? */
static HRESULT try_delete(const struct party *party, const struct party *author)
{
    struct draft first = {.type = {{0xEE}}};
    struct sealed_record record, tombstone;
    assert_ok(party_write(author, &first, &record));
    struct draft deletion = {.type = {{0xEE}}, .of = &record, .deleted = true};
    HRESULT hr = party_write(party, &deletion, &tombstone);
    sealed_record_deinit(&record);
    sealed_record_deinit(&tombstone);
    return hr;
}

/* [point 6.6] */
static void test_a_role_waits_for_the_next_connection(void **state)
{
    struct group *group = *state;
    struct party subject = party_join(&group->scene.founder, 40, ROLE_MEMBER);
    security_connecting(subject.security, SCENE_NOW);
    struct sealed_record early = announcement(&group->admin, &subject, ROLE_INVITING_MEMBER,
                                              SCENE_NOW - 4 * MINUTE, SCENE_NOW);
    struct sealed_record late =
        announcement(&group->admin, &subject, ROLE_ADMIN, SCENE_NOW - 3 * MINUTE, SCENE_NOW + 1);
    assert_ok(party_deliver(&subject, &group->admin, &late));
    assert_int_equal(roles_of(&subject), ROLE_MEMBER);
    assert_hr(try_delete(&subject, &group->inviter), PEER_E_NOT_AUTHORIZED);
    assert_ok(party_deliver(&subject, &group->admin, &early));
    assert_int_equal(roles_of(&subject), ROLE_INVITING_MEMBER);
    assert_ok(party_deliver(&subject, &group->admin, &late));
    assert_int_equal(roles_of(&subject), ROLE_INVITING_MEMBER);
    assert_int_equal(shown_roles(&subject, &subject), ROLE_INVITING_MEMBER);
    security_connecting(subject.security, SCENE_NOW + 2);
    assert_int_equal(roles_of(&subject), ROLE_ADMIN);
    assert_ok(try_delete(&subject, &group->inviter));
    party_reopen(&subject, NULL);
    assert_int_equal(roles_of(&subject), ROLE_ADMIN);
    sealed_record_deinit(&early);
    sealed_record_deinit(&late);
    party_deinit(&subject);
}

static void test_the_same_role_is_used_at_once(void **state)
{
    struct group *group = *state;
    struct party subject = party_join(&group->scene.founder, 41, ROLE_MEMBER);
    const struct certificate_row *before, *after;
    security_connecting(subject.security, SCENE_NOW);
    struct sealed_record renewal =
        announcement(&group->admin, &subject, ROLE_MEMBER, SCENE_NOW - 3 * MINUTE, SCENE_NOW + 1);
    assert_ok(security_own(subject.security, SCENE_NOW, &before));
    assert_ok(party_deliver(&subject, &group->admin, &renewal));
    assert_ok(security_own(subject.security, SCENE_NOW, &after));
    assert_true(after != before && after->not_before == SCENE_NOW - 3 * MINUTE);
    sealed_record_deinit(&renewal);
    party_deinit(&subject);
}

static void test_only_an_administrator_announces(void **state)
{
    struct group *group = *state;
    struct party subject = party_join(&group->scene.founder, 42, ROLE_MEMBER);
    struct sealed_record sealed =
        announcement(&group->inviter, &subject, ROLE_MEMBER, SCENE_NOW - 3 * MINUTE, 0);
    assert_hr(party_judge(&group->witness, &group->inviter, &sealed), PEER_E_INVALID_RECORD);
    sealed_record_deinit(&sealed);
    party_deinit(&subject);
}

static void test_whose_membership_a_record_announces(void **state)
{
    struct group *group = *state;
    struct party subject = party_new(43);
    struct sealed_record other =
        announcement(&group->admin, &subject, ROLE_MEMBER, SCENE_NOW - 3 * MINUTE, 0);
    struct draft draft = {.type = RECORD_TYPE_MEMBERSHIP, .nonce = 200};
    struct sealed_record own;
    struct store_record row;
    struct store *store = group->witness.store;
    assert_ok(party_write(&group->admin, &draft, &own));
    assert_ok(party_deliver(&group->witness, &group->admin, &other));
    assert_ok(party_deliver(&group->witness, &group->admin, &own));
    assert_ok(store->ops->get(store, &other.record.id, &row));
    assert_string_equal(security_membership_name(group->witness.security, &row), subject.name);
    store_record_deinit(&row);
    assert_ok(store->ops->get(store, &own.record.id, &row));
    assert_string_equal(security_membership_name(group->witness.security, &row), group->admin.name);
    store_record_deinit(&row);
    sealed_record_deinit(&other);
    sealed_record_deinit(&own);
    party_deinit(&subject);
}

/* ---- the last certificate of a chain whose others are known ---- */

static HRESULT judge_chain(const struct group *group, struct bytes chain)
{
    static uint8_t nonce = 100;
    struct draft draft = {.type = RECORD_TYPE_MEMBERSHIP, .payload = chain, .nonce = ++nonce};
    struct sealed_record sealed;
    assert_ok(party_write(&group->admin, &draft, &sealed));
    HRESULT hr = party_judge(&group->witness, &group->admin, &sealed);
    sealed_record_deinit(&sealed);
    return hr;
}

/* A certificate by hand below the administrator's own, behind that one's chain. */
static void issue_by_hand(const struct group *group, const struct party *to, struct buffer *chain)
{
    struct certificate_row *row = security_best_own(group->admin.security, SCENE_NOW);
    struct buffer der = BUFFER_NULL;
    struct certificate issuer;
    assert_ok(security_parse(group->admin.security, row, &issuer));
    struct certificate_request request = {.kind = CERTIFICATE_MEMBER,
                                          .peer_name = to->name,
                                          .roles = ROLE_MEMBER,
                                          .not_before = row->not_before,
                                          .not_after = row->not_after};
    memcpy(request.key, to->public_key, KEY_SIZE);
    assert_ok(certificate_issue(&request, &issuer, group->admin.key, &der));
    assert_ok(security_own_chain(group->admin.security, SCENE_NOW, chain));
    struct bytes view = buffer_view(&der);
    assert_ok(chain_encode(&view, 1, chain));
    certificate_deinit(&issuer);
    buffer_deinit(&der);
}

static void test_the_last_of_a_known_chain_is_verified(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(44);
    struct buffer good = BUFFER_NULL, circular = BUFFER_NULL;
    issue_by_hand(group, &guest, &good);
    assert_ok(judge_chain(group, buffer_view(&good)));
    /* C36: any byte of its signature; C2: any of its form. */
    for (size_t back = 1; back < 300; back += 37) {
        good.data[good.size - back] ^= 1;
        assert_hr(judge_chain(group, buffer_view(&good)), PEER_E_INVALID_RECORD);
        good.data[good.size - back] ^= 1;
    }
    assert_hr(judge_chain(group, bytes_of(good.data, good.size - 1)), PEER_E_INVALID_RECORD);
    /* C35: the founder's key stands above already. */
    issue_by_hand(group, &group->scene.founder, &circular);
    assert_hr(judge_chain(group, buffer_view(&circular)), PEER_E_INVALID_RECORD);
    assert_ok(judge_chain(group, buffer_view(&good)));
    buffer_deinit(&good);
    buffer_deinit(&circular);
    party_deinit(&guest);
}

/* ---- issuing ---- */

static HRESULT issue(const struct party *by, const struct party *subject, bool given, uint64_t utc)
{
    struct issued_credentials issued;
    struct credential_request request = {.peer_name = subject->name,
                                         .given = given,
                                         .not_before = utc,
                                         .not_after = utc + SCENE_DAY};
    memcpy(request.key, subject->public_key, KEY_SIZE);
    HRESULT hr = security_credentials(by->security, &request, utc, &issued);
    assert_true(SUCCEEDED(hr) == (issued.chain.size > 0));
    buffer_deinit(&issued.chain);
    return hr;
}

static void test_nothing_of_what_is_issued_stays(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(50);
    uint32_t count = certificate_table_count(group->admin.security->table);
    assert_ok(issue(&group->admin, &guest, true, SCENE_NOW));
    assert_int_equal(certificate_table_count(group->admin.security->table), count);
    assert_hr(issue(&group->admin, &guest, false, SCENE_NOW), PEER_E_NOT_FOUND);
    party_deinit(&guest);
}

/* [point 7.11] One that has ended is known, one that was removed is not until it is admitted again.
 */
static void test_who_is_known(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(51);
    struct issue_request brief = issue_for(&guest, ROLE_MEMBER);
    brief.not_after = SCENE_NOW + 10 * MINUTE;
    struct buffer chain = party_issue(&group->admin, &brief);
    buffer_deinit(&chain);
    assert_ok(issue(&group->admin, &guest, false, SCENE_NOW));
    assert_ok(issue(&group->admin, &guest, false, SCENE_NOW + SCENE_DAY));
    struct sealed_record revocation =
        scene_revoke(&group->scene.founder, true, &guest.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(&group->admin, &group->scene.founder, &revocation));
    assert_hr(issue(&group->admin, &guest, false, SCENE_NOW + MINUTE), PEER_E_NOT_FOUND);
    assert_hr(issue(&group->admin, &guest, true, SCENE_NOW), E_INVALIDARG);
    assert_ok(issue(&group->admin, &guest, true, SCENE_NOW + MINUTE));
    sealed_record_deinit(&revocation);
    party_deinit(&guest);
}

static void test_issuing_survives_lack_of_memory(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(52);
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        mem_fail_nth(n);
        HRESULT hr = issue(&group->admin, &guest, true, SCENE_NOW);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
    }
    party_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lesser_role_takes_none_away_in_any_order),
        cmocka_unit_test(test_a_role_waits_for_the_next_connection),
        cmocka_unit_test(test_the_same_role_is_used_at_once),
        cmocka_unit_test(test_only_an_administrator_announces),
        cmocka_unit_test(test_whose_membership_a_record_announces),
        cmocka_unit_test(test_the_last_of_a_known_chain_is_verified),
        cmocka_unit_test(test_nothing_of_what_is_issued_stays),
        cmocka_unit_test(test_who_is_known),
        cmocka_unit_test(test_issuing_survives_lack_of_memory),
    };
    return cmocka_run_group_tests_name("group-credentials", tests, setup, teardown);
}
