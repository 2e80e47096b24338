/* password_fixture.h - one group with a password, for the tests of the handshake. */
#ifndef TESTS_PASSWORD_FIXTURE_H
#define TESTS_PASSWORD_FIXTURE_H

#include "password_scene.h"
#include "support/test.h"

struct fixture {
    struct scene scene;
    struct group_password password;
    struct password_key right, wrong;
    struct password_guard guard;
};

static inline int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.right = PASSWORD_KEY_NULL};
    scene_init(&fixture.scene);
    fixture.password = password_of("Plinth-Vex-27", ROLE_MEMBER, 1, &fixture.right);
    struct group_password other = password_of("Plinth-Vex-28", ROLE_MEMBER, 1, &fixture.wrong);
    (void)other;
    scene_set_password(&fixture.scene, &fixture.password);
    *state = &fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    password_key_deinit(&fixture->right);
    password_key_deinit(&fixture->wrong);
    scene_deinit(&fixture->scene);
    return 0;
}

static inline struct talk_options options_with(struct fixture *fixture,
                                               const struct password_key *key)
{
    return (struct talk_options){
        .password = key, .guard = &fixture->guard, .friendly_name = "Bea", .site = 1};
}

static inline bool knows_certificate(const struct party *at, const struct party *of)
{
    const struct certificate_row *row;
    struct provider *provider = party_provider(at);
    return SUCCEEDED(security_own(of->security, SCENE_NOW, &row)) &&
           provider->ops->certificate_has(provider, &row->hash);
}

static inline HRESULT count_one(void *context, const struct store_certificate *certificate)
{
    (void)certificate;
    (*(uint32_t *)context)++;
    return S_OK;
}

static inline uint32_t certificate_count(const struct party *party)
{
    uint32_t count = 0;
    assert_ok(party->store->ops->certificate_each(party->store, count_one, &count));
    return count;
}

static inline void assert_refused(struct fixture *fixture, const struct party *joiner,
                                  const struct party *listener, const struct talk_options *options,
                                  uint8_t code)
{
    struct handshake_refusal refusal = {.code = 0};
    uint32_t before = certificate_count(listener);
    (void)fixture;
    assert_hr(talk_all(joiner, listener, options, &refusal), PEER_E_NOT_AUTHORIZED);
    assert_int_equal(refusal.code, code);
    assert_int_equal(certificate_count(listener), before);
    const struct certificate_row *row;
    assert_hr(security_own(joiner->security, SCENE_NOW, &row), PEER_E_NOT_AUTHORIZED);
}

#endif
