/* password_scene.c - see password_scene.h. */
#include "password_scene.h"

#include "support/test.h"

const struct password_cost cheap_cost = {.memory_kib = PASSWORD_MEMORY_MIN, .passes = 1};

struct group_password password_of(const char *password, unsigned role, uint8_t salt,
                                  struct password_key *key)
{
    struct group_password made = {.role = role, .salt = {salt, 1}, .cost = cheap_cost};
    assert_ok(password_key_derive(password, made.salt, &made.cost, key));
    signing_key_public(key->key, made.public_key);
    return made;
}

void scene_set_password(struct scene *scene, const struct group_password *password)
{
    const struct group_properties *current;
    struct group_properties next;
    struct sealed_record sealed;
    assert_ok(security_properties(scene->founder.security, &current));
    assert_ok(group_properties_copy(current, &next));
    next.schemes = GROUP_SCHEMES_ALL;
    next.password = *password;
    assert_ok(security_properties_record(scene->founder.security, &next, SCENE_NOW, &sealed));
    assert_ok(party_deliver(&scene->founder, &scene->founder, &sealed));
    sealed_record_deinit(&sealed);
    group_properties_deinit(&next);
}

struct party party_by_password(const struct party *issuer, unsigned number)
{
    struct party party = party_new(number);
    struct security_self self = party_self(&party);
    struct buffer chain = BUFFER_NULL, xml = BUFFER_NULL;
    struct invitation invitation;
    assert_ok(security_own_chain(issuer->security, SCENE_NOW, &chain));
    struct invite_request request = {
        .scheme = GROUP_SCHEME_PASSWORD, .chain = buffer_view(&chain), .scope = SCOPE_GLOBAL};
    assert_ok(security_invite(issuer->security, &request, &xml));
    assert_ok(invitation_parse(buffer_view(&xml), &invitation));
    assert_ok(security_adopt_password(party.store, &self, &invitation, SCENE_NOW, &party.security));
    invitation_deinit(&invitation);
    buffer_deinit(&xml);
    buffer_deinit(&chain);
    return party;
}

static struct handshake_options options_of(const struct party *other, bool accepting,
                                           const struct talk_options *options)
{
    struct handshake_options made = {.accepting = accepting,
                                     .kind = accepting ? 0 : HANDSHAKE_NEIGHBOUR,
                                     .channel = {options->channel, 1},
                                     .link = {options->channel, 2},
                                     .utc = options->utc ? options->utc : SCENE_NOW,
                                     .features = HANDSHAKE_FEATURES,
                                     .password = options->password,
                                     .friendly_name = options->friendly_name,
                                     .guard = options->guard,
                                     .ip = {[10] = 0xff, 0xff, 10, 0, 0, options->site}};
    made.peer_time = made.utc;
    memcpy(made.peer_key, other->public_key, KEY_SIZE);
    return made;
}

HRESULT talk_begin(struct talk *talk, const struct party *caller, const struct party *listener,
                   const struct talk_options *options)
{
    *talk = (struct talk){.caller = caller,
                          .listener = listener,
                          .caller_result = S_FALSE,
                          .listener_result = S_FALSE};
    struct handshake_options one = options_of(caller, true, options);
    assert_ok(handshake_start(listener->security, &one, &talk->accepting, &talk->to_caller));
    one = options_of(listener, false, options);
    return handshake_start(caller->security, &one, &talk->calling, &talk->to_listener);
}

static struct buffer take(struct buffer *from)
{
    struct buffer taken = *from;
    *from = BUFFER_NULL;
    return taken;
}

void talk_caller(struct talk *talk, const struct talk_options *options)
{
    struct group_password wanted;
    struct buffer in = take(&talk->to_caller);
    talk->caller_result = handshake_feed(talk->calling, buffer_view(&in), &talk->to_listener);
    talk->caller_commits |= handshake_must_commit(talk->calling);
    if (handshake_wants_key(talk->calling, &wanted) && options->later)
        talk->caller_result = handshake_give_key(talk->calling, options->later, &talk->to_listener);
    buffer_deinit(&in);
}

void talk_listener(struct talk *talk)
{
    struct buffer in = take(&talk->to_listener);
    talk->listener_result = handshake_feed(talk->accepting, buffer_view(&in), &talk->to_caller);
    talk->listener_commits |= handshake_must_commit(talk->accepting);
    buffer_deinit(&in);
}

void talk_end(struct talk *talk)
{
    handshake_free(talk->calling);
    handshake_free(talk->accepting);
    buffer_deinit(&talk->to_caller);
    buffer_deinit(&talk->to_listener);
}

HRESULT talk_all(const struct party *caller, const struct party *listener,
                 const struct talk_options *options, struct handshake_refusal *refusal)
{
    struct talk talk;
    HRESULT hr = talk_begin(&talk, caller, listener, options);
    while (hr == S_OK && (talk.to_listener.size > 0 || talk.to_caller.size > 0)) {
        if (talk.to_listener.size > 0 && talk.listener_result == S_FALSE)
            talk_listener(&talk);
        talk.to_listener.size = 0;
        if (talk.to_caller.size > 0 && talk.caller_result == S_FALSE)
            talk_caller(&talk, options);
        talk.to_caller.size = 0;
    }
    if (hr == S_OK) {
        hr = talk.caller_result;
        if (hr == S_OK)
            assert_ok(talk.listener_result);
        if (refusal)
            *refusal = *handshake_refusal(talk.calling);
    }
    talk_end(&talk);
    return hr;
}

bool talk_message(const struct buffer *stream, uint8_t type, struct bytes *body)
{
    struct bytes rest = buffer_view(stream);
    struct message message;
    while (rest.size > 0 && message_next(rest, &message) == S_OK) {
        if (message.type == type) {
            *body = message.body;
            return true;
        }
        rest = bytes_of(rest.data + message.size, rest.size - message.size);
    }
    return false;
}
