/* Who is admitted to a link? And does a chain that is refused, for whatever reason, leave nothing
 * in table and store? */
#include "scene.h"
#include "support/test.h"

#include "group/security_internal.h"

struct group {
    struct scene scene;
    struct party witness; /* who is dialled */
    struct party inviter; /* known to nobody but its inviter */
};

static int setup(void **state)
{
    static struct group group;
    scene_init(&group.scene);
    group.witness = party_join(&group.scene.founder, 1, ROLE_MEMBER);
    group.inviter = party_join(&group.scene.founder, 2, ROLE_INVITING_MEMBER);
    *state = &group;
    return 0;
}

static int teardown(void **state)
{
    struct group *group = *state;
    party_deinit(&group->witness);
    party_deinit(&group->inviter);
    scene_deinit(&group->scene);
    return 0;
}

static HRESULT count_one(void *context, const struct store_certificate *certificate)
{
    (void)certificate;
    ++*(uint32_t *)context;
    return S_OK;
}

/* As many in the table as in the store. */
static uint32_t kept(const struct party *party)
{
    uint32_t stored = 0;
    assert_ok(party->store->ops->certificate_each(party->store, count_one, &stored));
    assert_int_equal(certificate_table_count(party->security->table), stored);
    return stored;
}

static HRESULT admit(struct group *group, const struct buffer *chain, const struct party *caller,
                     uint64_t utc)
{
    const struct certificate_row *row;
    uint32_t before = kept(&group->witness);
    HRESULT hr =
        security_admit(group->witness.security, buffer_view(chain), caller->public_key, utc, &row);
    assert_true(SUCCEEDED(hr) == (row != NULL));
    if (FAILED(hr))
        assert_int_equal(kept(&group->witness), before);
    return hr;
}

static struct buffer chain_of(const struct party *party)
{
    struct buffer chain = BUFFER_NULL;
    assert_ok(security_own_chain(party->security, SCENE_NOW, &chain));
    return chain;
}

static void test_a_refused_chain_is_not_kept(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->inviter, 3, ROLE_MEMBER);
    struct buffer chain = chain_of(&guest), bad = BUFFER_NULL;
    assert_hr(admit(group, &chain, &group->inviter, SCENE_NOW),
              PEER_E_CONNECTION_NOT_AUTHENTICATED);
    assert_hr(admit(group, &chain, &guest, SCENE_NOW - 2 * SCENE_DAY), PEER_E_NOT_AUTHORIZED);
    chain.data[chain.size - 1] ^= 1; /* in the signature of the last */
    assert_hr(admit(group, &chain, &guest, SCENE_NOW), PEER_E_NOT_AUTHORIZED);
    chain.data[chain.size - 1] ^= 1;
    assert_ok(buffer_append(&bad, chain.data, chain.size - 1));
    assert_hr(admit(group, &bad, &guest, SCENE_NOW), PEER_E_NOT_AUTHORIZED);
    bad.size = 0;
    assert_hr(admit(group, &bad, &guest, SCENE_NOW), PEER_E_NOT_AUTHORIZED);
    /* A certificate of the group that is none of the chain. */
    struct buffer other = chain_of(&group->witness);
    assert_ok(buffer_append(&bad, other.data, other.size));
    assert_ok(buffer_append(&bad, chain.data, chain.size));
    assert_hr(admit(group, &bad, &guest, SCENE_NOW), PEER_E_NOT_AUTHORIZED);
    uint32_t before = kept(&group->witness);
    assert_ok(admit(group, &chain, &guest, SCENE_NOW));
    assert_int_equal(kept(&group->witness), before + 2);
    party_reopen(&group->witness, NULL);
    assert_int_equal(kept(&group->witness), before + 2);
    buffer_deinit(&other);
    buffer_deinit(&bad);
    buffer_deinit(&chain);
    party_deinit(&guest);
}

static void test_a_removed_member_cannot_leave_certificates(void **state)
{
    struct group *group = *state;
    struct party removed = party_join(&group->scene.founder, 4, ROLE_INVITING_MEMBER);
    struct party kept_guest = party_join(&removed, 5, ROLE_MEMBER);
    struct buffer chain = chain_of(&removed), saved = chain_of(&kept_guest);
    const struct certificate_row *row;
    assert_ok(security_own(kept_guest.security, SCENE_NOW, &row));
    struct sealed_record revocation =
        scene_revoke(&group->scene.founder, false, &removed.key_hash, SCENE_NOW, &row->hash, 1);
    assert_ok(admit(group, &chain, &removed, SCENE_NOW));
    assert_ok(party_deliver(&group->witness, &group->scene.founder, &revocation));
    assert_hr(admit(group, &chain, &removed, SCENE_NOW), PEER_E_NOT_AUTHORIZED);
    for (unsigned i = 0; i < 8; i++) {
        struct party minted = party_join(&removed, 10 + i, ROLE_INVITING_MEMBER);
        struct party below = party_join(&minted, 20 + i, ROLE_MEMBER);
        struct buffer dead = chain_of(&minted), deep = chain_of(&below);
        assert_hr(admit(group, &dead, &minted, SCENE_NOW), PEER_E_NOT_AUTHORIZED);
        assert_hr(admit(group, &deep, &below, SCENE_NOW), PEER_E_NOT_AUTHORIZED);
        buffer_deinit(&dead);
        buffer_deinit(&deep);
        party_deinit(&minted);
        party_deinit(&below);
    }
    /* Whom a keep-list saves is a member as before. */
    assert_ok(admit(group, &saved, &kept_guest, SCENE_NOW));
    sealed_record_deinit(&revocation);
    buffer_deinit(&chain);
    buffer_deinit(&saved);
    party_deinit(&removed);
    party_deinit(&kept_guest);
}

static void test_admission_survives_lack_of_memory(void **state)
{
    struct group *group = *state;
    struct party first = party_join(&group->scene.founder, 6, ROLE_INVITING_MEMBER);
    struct party guest = party_join(&first, 7, ROLE_MEMBER);
    struct buffer chain = chain_of(&guest);
    const struct certificate_row *row;
    assert_ok(group->witness.store->ops->commit(group->witness.store));
    for (uint64_t n = 1;; n++) {
        uint32_t before = certificate_table_count(group->witness.security->table);
        mem_fail_nth(n);
        HRESULT hr = security_admit(group->witness.security, buffer_view(&chain), guest.public_key,
                                    SCENE_NOW, &row);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        if (!hit)
            break;
        assert_int_equal(certificate_table_count(group->witness.security->table), before);
        assert_ok(group->witness.store->ops->rollback(group->witness.store));
        party_reopen(&group->witness, NULL);
    }
    buffer_deinit(&chain);
    party_deinit(&first);
    party_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_chain_is_not_kept),
        cmocka_unit_test(test_a_removed_member_cannot_leave_certificates),
        cmocka_unit_test(test_admission_survives_lack_of_memory),
    };
    return cmocka_run_group_tests_name("group-admission", tests, setup, teardown);
}
