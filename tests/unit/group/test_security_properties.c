/* Do the Security Properties outlive a deputy who is removed? And what if no version of the group's
 * own was ever seen? */
#include "scene.h"
#include "support/test.h"

struct group {
    struct scene scene;
    struct party deputy;
};

static int setup(void **state)
{
    static struct group group;
    scene_init(&group.scene);
    group.deputy = scene_deputy(&group.scene, 1);
    *state = &group;
    return 0;
}

static int teardown(void **state)
{
    struct group *group = *state;
    party_deinit(&group->deputy);
    scene_deinit(&group->scene);
    return 0;
}

static struct sealed_record next_properties(const struct party *by, const char *comment)
{
    const struct group_properties *current;
    struct group_properties next;
    struct sealed_record sealed;
    assert_ok(security_properties(by->security, &current));
    assert_ok(group_properties_copy(current, &next));
    mem_free(next.comment);
    next.comment = mem_strdup(comment);
    assert_ok(security_properties_record(by->security, &next, SCENE_NOW, &sealed));
    group_properties_deinit(&next);
    return sealed;
}

static void expect_comment(const struct party *party, const char *comment)
{
    const struct group_properties *seen;
    assert_ok(security_properties(party->security, &seen));
    assert_string_equal(seen->comment, comment);
}

/* As the graph does it after a revocation: the row goes, the provider hears of it. */
static unsigned drop(const struct party *party, const struct sealed_record *sealed)
{
    struct provider *provider = party_provider(party);
    unsigned effects;
    assert_hr(party_judge(party, party, sealed), PEER_E_NOT_AUTHORIZED);
    assert_ok(party->store->ops->remove(party->store, &sealed->record.id));
    assert_ok(provider->ops->removed(provider, &sealed->record.type, &sealed->digest, &effects));
    return effects;
}

static struct sealed_record remove_deputy(struct group *group)
{
    return scene_revoke(&group->scene.founder, true, &group->deputy.key_hash, SCENE_NOW, NULL, 0);
}

static void test_the_groups_own_version_comes_back(void **state)
{
    struct group *group = *state;
    struct party *founder = &group->scene.founder;
    struct party witness = party_join(founder, 10, ROLE_MEMBER);
    struct sealed_record second = next_properties(founder, "by the group");
    assert_ok(party_deliver(founder, founder, &second));
    assert_ok(party_deliver(&group->deputy, founder, &second));
    assert_ok(party_deliver(&witness, founder, &second));
    struct sealed_record third = next_properties(&group->deputy, "by the deputy");
    assert_ok(party_deliver(&group->deputy, &group->deputy, &third));
    assert_ok(party_deliver(&witness, &group->deputy, &third));
    expect_comment(&witness, "by the deputy");
    struct sealed_record revocation = remove_deputy(group);
    assert_ok(party_deliver(&witness, founder, &revocation));
    assert_int_equal(drop(&witness, &third), PROVIDER_EFFECT_PROPERTIES);
    expect_comment(&witness, "by the group");
    struct store_record row;
    assert_ok(witness.store->ops->get(witness.store, &second.record.id, &row));
    assert_int_equal(row.version, second.record.version);
    assert_true(hash_equal(&row.digest, &second.digest));
    assert_true(hash_equal(&row.certificate, &second.seal.certificate));
    assert_true(row.modified == second.record.modified && row.expiration == TICKS_UNLIMITED);
    assert_true(bytes_equal(row.header, buffer_view(&second.header)));
    assert_memory_equal(row.signature.data, second.seal.signature, SIGNATURE_SIZE);
    assert_true(bytes_equal(row.payload, buffer_view(&second.payload)));
    store_record_deinit(&row);
    party_reopen(&witness, NULL);
    expect_comment(&witness, "by the group");
    /* What another version replaced does not come back. */
    struct provider *provider = party_provider(&witness);
    unsigned effects;
    assert_ok(provider->ops->removed(provider, &second.record.type, &third.digest, &effects));
    assert_int_equal(effects, PROVIDER_EFFECT_NONE);
    sealed_record_deinit(&second);
    sealed_record_deinit(&third);
    sealed_record_deinit(&revocation);
    party_deinit(&witness);
}

/* Joined when the deputy's version stood, and never saw another. */
static void test_without_such_a_version_the_group_is_not_ready(void **state)
{
    struct group *group = *state;
    struct party *founder = &group->scene.founder;
    struct party witness = party_new(11);
    struct issue_request request = issue_for(&witness, ROLE_MEMBER);
    struct buffer chain = party_issue(founder, &request);
    struct buffer xml = party_invite(founder, buffer_view(&chain));
    const struct group_properties *seen;
    assert_ok(party_adopt(&witness, buffer_view(&xml), SCENE_NOW));
    struct sealed_record third = next_properties(&group->deputy, "alone");
    assert_ok(party_deliver(&witness, &group->deputy, &third));
    expect_comment(&witness, "alone");
    struct sealed_record revocation = remove_deputy(group);
    assert_ok(party_deliver(&witness, founder, &revocation));
    assert_int_equal(drop(&witness, &third), PROVIDER_EFFECT_PROPERTIES);
    assert_hr(security_properties(witness.security, &seen), PEER_E_GROUP_NOT_READY);
    party_reopen(&witness, NULL);
    assert_hr(security_properties(witness.security, &seen), PEER_E_GROUP_NOT_READY);
    party_sync_properties(&witness, founder);
    assert_ok(security_properties(witness.security, &seen));
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    sealed_record_deinit(&third);
    sealed_record_deinit(&revocation);
    party_deinit(&witness);
}

static void test_a_damaged_version_is_noticed(void **state)
{
    struct group *group = *state;
    struct party witness = party_join(&group->scene.founder, 12, ROLE_MEMBER);
    struct provider *provider = party_provider(&witness);
    struct hash digest = {{1}};
    struct guid id;
    unsigned effects;
    struct buffer value = BUFFER_NULL;
    security_properties_id(witness.security, &id);
    assert_ok(witness.store->ops->remove(witness.store, &id));
    assert_ok(witness.store->ops->value_get(witness.store, "own/properties", &value));
    for (size_t size = 0; size < value.size; size += 7) {
        assert_ok(witness.store->ops->value_put(witness.store, "own/properties",
                                                bytes_of(value.data, size)));
        assert_hr(
            provider->ops->removed(provider, &RECORD_TYPE_SECURITY_PROPERTIES, &digest, &effects),
            PEER_E_INVALID_DATABASE);
    }
    buffer_deinit(&value);
    party_deinit(&witness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_groups_own_version_comes_back),
        cmocka_unit_test(test_without_such_a_version_the_group_is_not_ready),
        cmocka_unit_test(test_a_damaged_version_is_noticed),
    };
    return cmocka_run_group_tests_name("group-security-properties", tests, setup, teardown);
}
