/* handshake_internal.h - the state of one handshake, shared by handshake.c (members) and
 * handshake_password.c (who joins by password). */
#ifndef GROUP_HANDSHAKE_INTERNAL_H
#define GROUP_HANDSHAKE_INTERNAL_H

#include "group/handshake.h"
#include "wire/message.h"

/* What is awaited. The accepting side takes the question with STEP_AUTH_INFO and the proof before
 * STEP_MY_GMC; the last three before STEP_DONE are the caller's who joins by password. */
enum step {
    STEP_ADMISSION,
    STEP_AUTH_INFO,
    STEP_HELLO,
    STEP_MY_GMC,
    STEP_OFFER,
    STEP_KEY, /* the password is derived elsewhere */
    STEP_YOUR_GMC,
    STEP_DONE,
    STEP_FAILED
};

struct handshake {
    struct security *security;
    bool accepting;
    bool has_expected;
    struct hash expected;
    uint8_t peer_key[KEY_SIZE];
    uint64_t utc;
    uint64_t features;
    enum step step;
    HRESULT failure;
    size_t consumed;     /* bytes of messages that were handled */
    struct buffer input; /* bytes not handled yet; after the end those of the graph */
    struct buffer chain; /* own, encoded */
    bool chain_refused;  /* by the rules of membership: the other side is told of revocations */
    struct buffer heard; /* the body of a REVOKED that came instead of an answer */
    uint8_t admission[HASH_SIZE];
    struct handshake_result result;

    /* handshake_password.c */
    bool by_password; /* the caller has no certificate, and asks for one */
    bool proven;      /* accepting: the proof was right, YOURGMC is out */
    bool must_commit;
    size_t said;         /* size of the output before the message that is read */
    uint8_t refuse_code; /* to be said; refusal is then what goes with it */
    struct handshake_refusal refusal;
    uint8_t link[PASSWORD_LINK_SIZE];
    struct password_key password;
    const char *friendly_name;
    struct password_guard *guard;
    struct password_attempt attempt;
    uint64_t peer_time;
    struct password_terms terms; /* offered by the one, verified by the other side */
};

/* ---- handshake.c ---- */

/* handshake_send_hello appends AUTH_INFO and HELLO; handshake_send_chain one message that is a
 * chain. */
HRESULT handshake_send_hello(const struct handshake *handshake, struct buffer *out) MUST_CHECK;
HRESULT handshake_send_chain(uint8_t type, struct bytes chain, struct buffer *out) MUST_CHECK;
/* handshake_end makes a failure final, and cuts out back to before. */
HRESULT handshake_end(struct handshake *handshake, HRESULT hr, size_t before,
                      struct buffer *out) MUST_CHECK;

/* ---- handshake_password.c ---- */

/* handshake_password_init sets by_password for a caller that has no other way. */
void handshake_password_init(struct handshake *handshake, const struct handshake_options *options);
HRESULT handshake_ask(const struct handshake *handshake, struct buffer *out) MUST_CHECK;
/* handshake_is_for_password: in this state such a message belongs to joining by password. */
bool handshake_is_for_password(const struct handshake *handshake, uint8_t type);
/* handshake_read_password handles it and goes to the next step. */
HRESULT handshake_read_password(struct handshake *handshake, const struct message *message,
                                struct buffer *out) MUST_CHECK;

#endif
