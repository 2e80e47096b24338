/* tls.h - TLS 1.3 as the protocol allows it, over bytes in memory (protocol.md 3). Internal to the
 * transport.
 *
 * A session is used by one thread at a time: by a pool thread while it shakes hands, by the loop
 * afterwards. */
#ifndef ENGINE_TLS_H
#define ENGINE_TLS_H

#include "base/bytes.h"
#include "group/certificate.h"
#include "group/sni.h"

#include <openssl/ssl.h>

enum { TLS_PLAIN_MAX = 16384, TLS_RECORD_OVERHEAD = 22, TLS_HEADER_SIZE = 5 };

/* What all sessions share; any thread. E_OUTOFMEMORY. */
struct tls;
HRESULT tls_new(struct tls **tls) MUST_CHECK;
void tls_free(struct tls *tls);

/* What one side presents: counted references to objects that any thread may read. TLS_IDENTITY_NULL
 * is a valid empty one. */
struct tls_identity {
    X509 *certificate;
    EVP_PKEY *key;
};
/* E_OUTOFMEMORY. */
HRESULT tls_identity_init(struct tls_identity *identity, const struct signing_key *key) MUST_CHECK;
struct tls_identity tls_identity_share(const struct tls_identity *identity);
void tls_identity_deinit(struct tls_identity *identity);

/* Where a session's bytes come from and go to. input is borrowed and shrinks from its front as it
 * is read; when it is empty, the session wants more. output is set while the session is used. Must
 * live as long as the session. */
struct tls_io {
    struct bytes input;
    struct buffer *output;
};

/* One handshake: who may take part, and who did. */
struct tls_handshake {
    bool incoming;
    /* Incoming: decides by the server name of the ClientHello, on the pool thread, and gives a
     * share of the identity to present. Called once. */
    bool (*admit)(struct tls_handshake *handshake, const uint8_t sni[SNI_SIZE],
                  struct tls_identity *identity);
    /* Dialled: what to say and whom to expect (any key when expects is false). */
    struct tls_identity identity;
    char server_name[SNI_LENGTH + 1];
    bool expects;
    struct hash expected;
    /* Results. */
    bool admitted; /* incoming: a server name was found good */
    uint8_t admitted_by[SNI_SIZE];
    bool refused;               /* this side refused the other's certificate */
    uint8_t peer_key[KEY_SIZE]; /* set when done */
};

/* tls_session makes a session that reports to handshake until tls_handshake has returned something
 * else than TLS_MORE. NULL: no memory. */
SSL *tls_session(struct tls *tls, struct tls_io *io, struct tls_handshake *handshake);
void tls_session_free(SSL *session);

enum tls_progress { TLS_MORE, TLS_DONE, TLS_FAILED };
/* tls_handshake goes as far as the input allows. */
enum tls_progress tls_handshake(SSL *session);
/* tls_refused_by_peer: did the last failed call of this thread fail because the other side refused
 * us? */
bool tls_refused_by_peer(void);

/* tls_read decrypts at most size bytes: TLS_DONE: *got (> 0) bytes; TLS_MORE: none until more input
 * comes; TLS_FAILED: the other side closed or broke the protocol. */
enum tls_progress tls_read(SSL *session, uint8_t *out, size_t size, size_t *got);
/* tls_write encrypts all of data; false: the session is broken. */
bool tls_write(SSL *session, struct bytes data);
/* tls_key_update lets the next tls_write begin with a new key for what this side sends. */
bool tls_key_update(SSL *session);
/* tls_goodbye writes close_notify. */
void tls_goodbye(SSL *session);
/* tls_export: RFC 8446 7.5 with a label of label.h and no context. */
bool tls_export(SSL *session, const uint8_t *label, uint8_t *out, size_t size);

/* tls_server_name reads the extension of that name of a ClientHello: exactly one host name. */
bool tls_server_name(struct bytes extension, struct bytes *name);

#endif
