/* password_scene.h - a group with a password in memory, and both sides of its handshake. */
#ifndef UNIT_GROUP_PASSWORD_SCENE_H
#define UNIT_GROUP_PASSWORD_SCENE_H

#include "scene.h"

#include "group/handshake.h"

/* The least work that is taken. */
extern const struct password_cost cheap_cost;

/* password_of makes what the properties keep of a password, with its key (password_key_deinit). */
struct group_password password_of(const char *password, unsigned role, uint8_t salt,
                                  struct password_key *key);
/* scene_set_password has the founder publish a password; others learn it by party_sync_properties.
 */
void scene_set_password(struct scene *scene, const struct group_password *password);
/* party_by_password is an identity that has adopted an invitation by password of issuer. */
struct party party_by_password(const struct party *issuer, unsigned number);

/* Both sides of one connection. */
struct talk {
    const struct party *caller, *listener;
    struct handshake *calling, *accepting;
    struct buffer to_caller, to_listener;
    HRESULT caller_result, listener_result; /* S_FALSE while going on */
    bool caller_commits, listener_commits;  /* at any time */
};
struct talk_options {
    const struct password_key *password;
    const struct password_key
        *later; /* given when the handshake asks; NULL: the talk stops there */
    struct password_guard *guard;
    uint8_t channel; /* names the connection */
    uint8_t site;    /* names the caller's address */
    uint64_t utc;    /* 0: SCENE_NOW */
    const char *friendly_name;
};
/* talk_begin starts both sides; what the caller says first lies in to_listener. */
HRESULT talk_begin(struct talk *talk, const struct party *caller, const struct party *listener,
                   const struct talk_options *options);
/* talk_caller, talk_listener let one side read what waits for it. */
void talk_caller(struct talk *talk, const struct talk_options *options);
void talk_listener(struct talk *talk);
void talk_end(struct talk *talk);
/* talk_all is one whole connection: the caller's result. refusal may be NULL. */
HRESULT talk_all(const struct party *caller, const struct party *listener,
                 const struct talk_options *options, struct handshake_refusal *refusal);
/* talk_message finds the first message of a type in a stream; its body. */
bool talk_message(const struct buffer *stream, uint8_t type, struct bytes *body);

#endif
