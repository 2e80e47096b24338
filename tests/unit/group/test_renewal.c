/* Who signs a tombstone or a revocation again, and until when? */
#include "scene.h"

#include "support/test.h"

#define HOUR (3600 * TICKS_PER_SECOND)

static const struct guid APPLICATION = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};

/* party_until joins with a certificate that ends then. */
static struct party party_until(const struct party *issuer, unsigned number, unsigned roles,
                                uint64_t end)
{
    struct party party = party_new(number);
    struct issue_request request = issue_for(&party, roles);
    request.not_after = end;
    struct buffer chain = party_issue(issuer, &request);
    struct buffer xml = party_invite(issuer, buffer_view(&chain));
    assert_ok(party_adopt(&party, buffer_view(&xml), SCENE_NOW));
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_sync_properties(&party, issuer);
    return party;
}

static HRESULT ask(const struct party *party, const struct sealed_record *sealed,
                   uint64_t outlived_by, struct renewal *renewal)
{
    const struct store_record row = {.id = sealed->record.id,
                                     .type = sealed->record.type,
                                     .digest = sealed->digest,
                                     .creator = sealed->record.creator,
                                     .certificate = sealed->seal.certificate,
                                     .payload_root = sealed->record.payload_root,
                                     .deleted = sealed->record.deleted,
                                     .modified = sealed->record.modified,
                                     .expiration = sealed->record.expiration};
    struct provider *provider = party_provider(party);
    return provider->ops->renewal(provider, &row, outlived_by, renewal);
}

static struct sealed_record tombstone(const struct party *author, const struct party *by,
                                      uint64_t expiration)
{
    struct sealed_record first, deleted;
    struct draft draft = {.type = APPLICATION, .expiration = SCENE_NOW + HOUR};
    assert_ok(party_write(author, &draft, &first));
    struct draft end = {
        .type = APPLICATION, .of = &first, .deleted = true, .expiration = expiration};
    assert_ok(party_write(by, &end, &deleted));
    sealed_record_deinit(&first);
    return deleted;
}

static void carry(const struct party *to, const struct party *from,
                  const struct sealed_record *sealed)
{
    assert_ok(party_judge(to, from, sealed));
}

static void cut_short_by_the_certificate(void **state)
{
    (void)state;
    struct scene scene;
    struct renewal renewal;
    scene_init(&scene);
    struct party admin = party_until(&scene.founder, 1, ROLE_ADMIN, SCENE_NOW + 2 * SCENE_DAY);
    struct party author = party_until(&scene.founder, 2, ROLE_MEMBER, SCENE_NOW + 9 * SCENE_DAY);
    struct party member = party_until(&scene.founder, 3, ROLE_MEMBER, 0);
    struct sealed_record cut = tombstone(&author, &admin, SCENE_NOW + 2 * SCENE_DAY);
    carry(&scene.founder, &admin, &cut);
    carry(&author, &admin, &cut);
    carry(&member, &admin, &cut);
    /* Until the end of the creator's certificates: nothing of the creator lives longer. */
    assert_hr(ask(&scene.founder, &cut, 0, &renewal), S_OK);
    assert_true(renewal.until == SCENE_NOW + 9 * SCENE_DAY && renewal.first);
    assert_memory_equal(&renewal.key, &scene.founder.key_hash, HASH_SIZE);
    assert_hr(ask(&author, &cut, 0, &renewal), S_OK);
    assert_true(renewal.until == SCENE_NOW + 9 * SCENE_DAY);
    /* The signer has no longer certificate, a plain member no right. */
    assert_hr(ask(&admin, &cut, 0, &renewal), S_FALSE);
    assert_hr(ask(&member, &cut, 0, &renewal), S_FALSE);
    assert_hr(ask(&member, &cut, SCENE_NOW + 8 * SCENE_DAY, &renewal), S_FALSE);
    sealed_record_deinit(&cut);
    /* What ends before its signer's certificate ends by intent, unless something outlives it. */
    struct sealed_record whole = tombstone(&author, &author, SCENE_NOW + HOUR);
    carry(&scene.founder, &author, &whole);
    assert_hr(ask(&scene.founder, &whole, 0, &renewal), S_FALSE);
    assert_hr(ask(&author, &whole, 0, &renewal), S_FALSE);
    assert_hr(ask(&author, &whole, SCENE_NOW + 5 * HOUR, &renewal), S_OK);
    assert_true(renewal.until == SCENE_NOW + 5 * HOUR && renewal.first);
    assert_hr(ask(&author, &whole, SCENE_NOW + 10 * SCENE_DAY, &renewal), S_OK);
    assert_true(renewal.until == SCENE_NOW + 9 * SCENE_DAY && !renewal.first);
    assert_hr(ask(&scene.founder, &whole, SCENE_NOW + 5 * HOUR, &renewal), S_OK);
    assert_true(renewal.until == SCENE_NOW + 9 * SCENE_DAY);
    sealed_record_deinit(&whole);
    party_deinit(&member);
    party_deinit(&author);
    party_deinit(&admin);
    scene_deinit(&scene);
}

static struct sealed_record removal(const struct party *by, const struct party *of, uint64_t end)
{
    struct buffer payload = BUFFER_NULL;
    struct sealed_record sealed;
    assert_ok(revocation_encode(&of->key_hash, SCENE_NOW, NULL, 0, &payload));
    struct draft draft = {
        .type = RECORD_TYPE_REVOCATION, .payload = buffer_view(&payload), .expiration = end};
    assert_ok(party_write(by, &draft, &sealed));
    buffer_deinit(&payload);
    return sealed;
}

static void removals_go_on(void **state)
{
    (void)state;
    struct scene scene;
    struct renewal renewal;
    struct hash group_key;
    scene_init(&scene);
    struct party admin = party_until(&scene.founder, 1, ROLE_ADMIN, SCENE_NOW + 2 * SCENE_DAY);
    struct party other = party_until(&scene.founder, 2, ROLE_ADMIN, SCENE_NOW + 9 * SCENE_DAY);
    struct party below = party_until(&admin, 3, ROLE_ADMIN, 0);
    struct party bad = party_until(&scene.founder, 4, ROLE_MEMBER, 0);
    struct sealed_record plain = removal(&admin, &bad, SCENE_NOW + SCENE_DAY);
    struct sealed_record high = removal(&admin, &below, SCENE_NOW + SCENE_DAY);
    const struct party *all[] = {&scene.founder, &other};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        assert_ok(party_deliver(all[i], &admin, &plain));
        assert_ok(party_deliver(all[i], &admin, &high));
        struct buffer chain = BUFFER_NULL;
        assert_ok(security_own_chain(below.security, SCENE_NOW, &chain));
        struct provider *provider = party_provider(all[i]);
        assert_ok(provider->ops->certificate_take(provider, buffer_view(&chain)));
        buffer_deinit(&chain);
    }
    /* The group key signs for ever; another administrator what it may say itself. */
    assert_hr(ask(&scene.founder, &plain, 0, &renewal), S_OK);
    security_group_key_hash(scene.founder.security, &group_key);
    assert_true(renewal.until == TICKS_UNLIMITED && renewal.first);
    assert_memory_equal(&renewal.key, &group_key, HASH_SIZE);
    assert_hr(ask(&other, &plain, 0, &renewal), S_OK);
    assert_true(renewal.until == SCENE_NOW + 9 * SCENE_DAY && !renewal.first);
    assert_hr(ask(&other, &high, 0, &renewal), S_FALSE);
    /* Once it has been said again it need not be. */
    struct sealed_record again = removal(&other, &bad, SCENE_NOW + 9 * SCENE_DAY);
    assert_ok(party_deliver(&scene.founder, &other, &again));
    assert_hr(ask(&scene.founder, &plain, 0, &renewal), S_FALSE);
    sealed_record_deinit(&again);
    sealed_record_deinit(&high);
    sealed_record_deinit(&plain);
    party_deinit(&bad);
    party_deinit(&below);
    party_deinit(&other);
    party_deinit(&admin);
    scene_deinit(&scene);
}

/* [protocol 9] The invitation tells how many revocations there were. */
static void newcomer_lacks_what_its_issuer_knew(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct party bad = party_until(&scene.founder, 1, ROLE_MEMBER, 0);
    struct party early = party_join(&scene.founder, 2, ROLE_MEMBER);
    struct sealed_record first = removal(&scene.founder, &bad, SCENE_NOW + SCENE_DAY);
    assert_ok(party_deliver(&scene.founder, &scene.founder, &first));
    struct party late = party_join(&scene.founder, 3, ROLE_MEMBER);
    struct provider *provider = party_provider(&early);
    assert_false(provider->ops->lacks_revocations(provider));
    provider = party_provider(&late);
    assert_true(provider->ops->lacks_revocations(provider));
    /* As many, but another: somebody may hide the first. */
    struct sealed_record second = removal(&scene.founder, &early, SCENE_NOW + SCENE_DAY);
    assert_ok(party_deliver(&late, &scene.founder, &second));
    assert_true(provider->ops->lacks_revocations(provider));
    assert_ok(party_deliver(&late, &scene.founder, &first));
    assert_false(provider->ops->lacks_revocations(provider));
    sealed_record_deinit(&first);
    sealed_record_deinit(&second);
    party_deinit(&late);
    party_deinit(&early);
    party_deinit(&bad);
    scene_deinit(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_short_by_the_certificate),
        cmocka_unit_test(removals_go_on),
        cmocka_unit_test(newcomer_lacks_what_its_issuer_knew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
