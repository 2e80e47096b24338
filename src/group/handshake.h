/* handshake.h - what two members say inside TLS before the graph sees their link (docs/protocol.md,
 * "Links").
 *
 * Sans-I/O: the caller shows that it knows the group's name (ADMISSION, bound to this TLS
 * connection), and hears nothing before that; the accepting side answers with AUTH_INFO, HELLO and
 * MYGMC; the caller sends its own three after verifying them. Each side is done when it has
 * verified the other's. No message of the graph may pass before.
 *
 * A caller without a certificate that has a password asks for one in between (docs/protocol.md,
 * "Passwords"): ADMISSION with its question; the three of the accepting side and its Security
 * Properties; AUTH_INFO, HELLO and a proof; YOURGMC; and its MYGMC at last. */
#ifndef GROUP_HANDSHAKE_H
#define GROUP_HANDSHAKE_H

#include "group/password_guard.h"
#include "group/security_password.h"

enum handshake_kind { HANDSHAKE_NEIGHBOUR = 1, HANDSHAKE_DIRECT = 2 };

/* The features that this build has; bits of HELLO. */
#define HANDSHAKE_FEATURES 0ull

/* What the caller's ADMISSION is a MAC over: the TLS exporter's value under LABEL_ADMISSION. */
enum { HANDSHAKE_CHANNEL_SIZE = 32 };

struct handshake;

struct handshake_result {
    struct hash key;                               /* hash of the other's key */
    struct hash certificate;                       /* its certificate, now in the table */
    char peer_name[LIMIT_PEER_NAME_UNITS * 3 + 1]; /* UTF-8 */
    unsigned roles;
    uint64_t features; /* what the other side has */
    enum handshake_kind kind;
};

struct handshake_options {
    bool accepting;
    enum handshake_kind kind;    /* the caller's wish; the accepting side learns it */
    uint8_t peer_key[KEY_SIZE];  /* of the other side's TLS certificate */
    const struct hash *expected; /* key hash that was dialled, or NULL */
    uint8_t channel[HANDSHAKE_CHANNEL_SIZE];
    uint64_t utc;
    uint64_t features; /* HANDSHAKE_FEATURES but in tests */
    /* Joining by password. link is the TLS exporter's value under LABEL_PASSWORD_LINK. */
    uint8_t link[PASSWORD_LINK_SIZE];
    const struct password_key *password; /* caller: NULL or without a key: none; shared */
    const char *friendly_name;           /* caller; borrowed until handshake_free */
    struct password_guard *guard;        /* accepting: borrowed likewise; NULL: nobody joins so */
    uint8_t ip[16];                      /* of the other side, for the guard */
    uint64_t peer_time;                  /* accepting: to tell whose presence is live */
};

/* Why the other side, a member, did not let this one in by password. */
struct handshake_refusal {
    uint8_t code; /* enum refuse_code; 0: it did not say. REFUSE_PASSWORD also where the password is
                     not the one that the Security Properties mean */
    struct address_list addresses; /* who may let in */
};

/* handshake_start borrows security until handshake_free. The caller's ADMISSION is appended to out;
 * the accepting side has nothing to say yet. Who was removed may try all the same (security_shown).
 * Without a certificate the caller uses the password, for a neighbour's link only.
 * PEER_E_NOT_AUTHORIZED: no own certificate that holds, nor a password;
 * PEER_E_INVALID_TIME_PERIOD: the own certificate has ended or not begun. E_OUTOFMEMORY. */
HRESULT handshake_start(struct security *security, const struct handshake_options *options,
                        struct handshake **handshake, struct buffer *out) MUST_CHECK;
void handshake_free(struct handshake *handshake); /* NULL is fine */

/* handshake_feed takes bytes from the link and appends what is to be sent to out; when it fails,
 * nothing, REVOKED where a revocation is the reason, or the REFUSE that ends joining by password.
 * S_FALSE: going on. S_OK: done; what was fed
 * beyond the handshake waits in handshake_leftover. A failure stays: close the link.
 * PEER_E_CONNECTION_NOT_AUTHENTICATED: the certificate's key is not the TLS key, or not the one
 * dialled. PEER_E_NOT_AUTHORIZED: a caller that begins with anything but a right ADMISSION; another
 * group, no chain, ended or revoked. PEER_E_UNSUPPORTED_VERSION: another protocol version, or
 * features that the group demands are missing. PEER_E_INVALID_RECORD: not our protocol.
 * E_OUTOFMEMORY. */
HRESULT handshake_feed(struct handshake *handshake, struct bytes data,
                       struct buffer *out) MUST_CHECK;

/* After a failure: the body of the REVOKED by which the other side refused this one; empty: none
 * came. Borrowed until handshake_free. */
struct bytes handshake_revoked_by(const struct handshake *handshake);
/* handshake_must_commit: certificates were issued or taken; what handshake_feed and
 * handshake_give_key appended goes out only after the store has committed. */
bool handshake_must_commit(const struct handshake *handshake);
/* handshake_trusts: the other side is known as a member, and this one waits for its decision. */
bool handshake_trusts(const struct handshake *handshake);
/* handshake_wants_key: it goes on only with the password derived by other terms than the key that
 * it has: they are given. handshake_give_key brings that key and appends what is to be sent;
 * results as handshake_feed. */
bool handshake_wants_key(const struct handshake *handshake, struct group_password *password);
HRESULT handshake_give_key(struct handshake *handshake, const struct password_key *key,
                           struct buffer *out) MUST_CHECK;
/* handshake_refusal tells more after a failure. */
const struct handshake_refusal *handshake_refusal(const struct handshake *handshake);

/* After S_OK: borrowed until handshake_free. */
const struct handshake_result *handshake_result(const struct handshake *handshake);
struct bytes handshake_leftover(const struct handshake *handshake);

#endif
