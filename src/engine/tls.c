/* tls.c - one SSL_CTX for both roles, and the three callbacks that put our rules in the place of
 * OpenSSL's.
 *
 * ClientHello: the server name must admit, before any key exchange; the identity to present is
 * chosen by it. ALPN: must be ours, and present. Certificate: one, judged by certificate_tls_check
 * alone; there is no path building, no date, no name. Everything that TLS 1.3 offers beside
 * (tickets, resumption, early data, later authentication, compression) is off.
 *
 * A session reads from and writes to memory through a small BIO of our own: unlike two memory BIOs
 * it copies nothing it need not and holds no buffer while a link is idle. OpenSSL's error queue is
 * of one thread: each call clears it first. Failures are false or TLS_FAILED; the link ends then.
 */
#include "engine/tls.h"

#include "base/label.h"

#include <openssl/err.h>
#include <sodium.h>

#define TLS_GROUPS_HYBRID "*X25519MLKEM768:*X25519"
#define TLS_GROUPS "X25519"
#define TLS_SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

static const uint8_t alpn[] = "\x0bpeergroup/2";
enum { ALPN_SIZE = sizeof(alpn) - 1 };

struct tls {
    SSL_CTX *context;
    BIO_METHOD *method;
};

static int io_read(BIO *bio, char *out, int size)
{
    struct tls_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    if (io->input.size == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t taken = io->input.size < (size_t)size ? io->input.size : (size_t)size;
    memcpy(out, io->input.data, taken);
    io->input.data += taken;
    io->input.size -= taken;
    return (int)taken;
}

static int io_write(BIO *bio, const char *data, int size)
{
    struct tls_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    return io->output && SUCCEEDED(buffer_append(io->output, data, (size_t)size)) ? size : -1;
}

static long io_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_PUSH || command == BIO_CTRL_POP;
}

static int io_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *new_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "peergroup");
    if (method) {
        BIO_meth_set_read(method, io_read);
        BIO_meth_set_write(method, io_write);
        BIO_meth_set_ctrl(method, io_control);
        BIO_meth_set_create(method, io_create);
    }
    return method;
}

bool tls_server_name(struct bytes extension, struct bytes *name)
{
    enum { FRAME = 5 };
    const uint8_t *data = extension.data;
    *name = bytes_of(NULL, 0);
    if (extension.size <= FRAME || ((size_t)data[0] << 8 | data[1]) != extension.size - 2 ||
        data[2] != 0 || ((size_t)data[3] << 8 | data[4]) != extension.size - FRAME)
        return false;
    *name = bytes_of(data + FRAME, extension.size - FRAME);
    return true;
}

/* Finds out whether this ClientHello may go on. The second one, after a HelloRetryRequest, must say
 * the same again. */
static bool hello_admits(SSL *session, struct tls_handshake *handshake)
{
    const unsigned char *data = NULL;
    size_t size = 0;
    struct bytes name;
    uint8_t sni[SNI_SIZE];
    if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_server_name, &data, &size) != 1 ||
        !tls_server_name(bytes_of(data, size), &name) || !sni_decode(name, sni))
        return false;
    if (handshake->admitted)
        return memcmp(sni, handshake->admitted_by, sizeof(sni)) == 0;
    struct tls_identity identity = {.certificate = NULL};
    if (!handshake->admit(handshake, sni, &identity))
        return false;
    bool ok = SSL_use_certificate(session, identity.certificate) == 1 &&
              SSL_use_PrivateKey(session, identity.key) == 1;
    tls_identity_deinit(&identity);
    memcpy(handshake->admitted_by, sni, sizeof(sni));
    handshake->admitted = ok;
    return ok;
}

static int on_client_hello(SSL *session, int *alert, void *argument)
{
    (void)argument;
    struct tls_handshake *handshake = SSL_get_app_data(session);
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    if (!handshake || !handshake->incoming || !hello_admits(session, handshake))
        return SSL_CLIENT_HELLO_ERROR;
    const unsigned char *data = NULL;
    size_t size = 0;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_client_hello_get0_ext(session, TLSEXT_TYPE_application_layer_protocol_negotiation,
                                     &data, &size) == 1
               ? SSL_CLIENT_HELLO_SUCCESS
               : SSL_CLIENT_HELLO_ERROR;
}

static int on_alpn(SSL *session, const unsigned char **out, unsigned char *out_size,
                   const unsigned char *offered, unsigned offered_size, void *argument)
{
    (void)session;
    (void)argument;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_size, alpn, ALPN_SIZE, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Is this the one certificate of an identity, and of the one that was dialled? */
static bool certificate_is_good(X509_STORE_CTX *store, struct tls_handshake *handshake)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    if (!leaf || sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) != 1)
        return false;
    unsigned char *der = NULL;
    int size = i2d_X509(leaf, &der);
    bool good = size > 0 &&
                SUCCEEDED(certificate_tls_check(bytes_of(der, (size_t)size), handshake->peer_key));
    OPENSSL_free(der);
    struct hash hash;
    if (good && handshake->expects) {
        key_hash(handshake->peer_key, &hash);
        good = hash_equal(&hash, &handshake->expected);
    }
    return good;
}

static int on_certificate(X509_STORE_CTX *store, void *argument)
{
    (void)argument;
    SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_handshake *handshake = SSL_get_app_data(session);
    if (handshake && certificate_is_good(store, handshake)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    if (handshake)
        handshake->refused = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static bool set_algorithms(SSL_CTX *context)
{
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           (SSL_CTX_set1_groups_list(context, TLS_GROUPS_HYBRID) == 1 ||
            SSL_CTX_set1_groups_list(context, TLS_GROUPS) == 1) &&
           SSL_CTX_set_ciphersuites(context, TLS_SUITES) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1 &&
           SSL_CTX_set1_client_sigalgs_list(context, "ed25519") == 1 &&
           SSL_CTX_set_alpn_protos(context, alpn, ALPN_SIZE) == 0;
}

static void set_refusals(SSL_CTX *context)
{
    uint64_t options = SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
    options |= SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION;
#endif
    SSL_CTX_set_options(context, options);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_recv_max_early_data(context, 0);
    SSL_CTX_set_post_handshake_auth(context, 0);
    SSL_CTX_set_max_cert_list(context, LIMIT_CERTIFICATE_SIZE);
    SSL_CTX_set_read_ahead(context, 0);
}

HRESULT tls_new(struct tls **out)
{
    *out = NULL;
    struct tls *tls = mem_zalloc(sizeof(*tls));
    if (!tls)
        return E_OUTOFMEMORY;
    ERR_clear_error();
    tls->method = new_method();
    tls->context = SSL_CTX_new(TLS_method());
    if (!tls->method || !tls->context || !set_algorithms(tls->context)) {
        tls_free(tls);
        return E_OUTOFMEMORY;
    }
    set_refusals(tls->context);
    SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(tls->context, on_certificate, NULL);
    SSL_CTX_set_client_hello_cb(tls->context, on_client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(tls->context, on_alpn, NULL);
    *out = tls;
    return S_OK;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    mem_free(tls);
}

HRESULT tls_identity_init(struct tls_identity *identity, const struct signing_key *key)
{
    struct buffer der CLEANUP_BUFFER = BUFFER_NULL;
    uint8_t seed[SEED_SIZE];
    *identity = (struct tls_identity){.certificate = NULL};
    HRESULT hr = certificate_tls(key, &der);
    if (FAILED(hr))
        return hr;
    const unsigned char *at = der.data;
    identity->certificate = d2i_X509(NULL, &at, (long)der.size);
    signing_key_seed(key, seed);
    identity->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
    sodium_memzero(seed, sizeof(seed));
    if (identity->certificate && identity->key)
        return S_OK;
    tls_identity_deinit(identity);
    return E_OUTOFMEMORY;
}

struct tls_identity tls_identity_share(const struct tls_identity *identity)
{
    X509_up_ref(identity->certificate);
    EVP_PKEY_up_ref(identity->key);
    return *identity;
}

void tls_identity_deinit(struct tls_identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    *identity = (struct tls_identity){.certificate = NULL};
}

static bool prepare(SSL *session, struct tls_handshake *handshake)
{
    SSL_set_app_data(session, handshake);
    if (handshake->incoming) {
        SSL_set_accept_state(session);
        return true;
    }
    SSL_set_connect_state(session);
    return SSL_use_certificate(session, handshake->identity.certificate) == 1 &&
           SSL_use_PrivateKey(session, handshake->identity.key) == 1 &&
           SSL_set_tlsext_host_name(session, handshake->server_name) == 1;
}

SSL *tls_session(struct tls *tls, struct tls_io *io, struct tls_handshake *handshake)
{
    ERR_clear_error();
    SSL *session = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->method);
    if (!session || !bio) {
        SSL_free(session);
        BIO_free(bio);
        return NULL;
    }
    BIO_set_data(bio, io);
    SSL_set_bio(session, bio, bio);
    if (!prepare(session, handshake)) {
        SSL_free(session);
        return NULL;
    }
    return session;
}

void tls_session_free(SSL *session)
{
    SSL_free(session);
}

static bool protocol_is_ours(SSL *session)
{
    const unsigned char *chosen = NULL;
    unsigned size = 0;
    SSL_get0_alpn_selected(session, &chosen, &size);
    return size == ALPN_SIZE - 1 && memcmp(chosen, alpn + 1, size) == 0;
}

enum tls_progress tls_handshake(SSL *session)
{
    ERR_clear_error();
    int done = SSL_do_handshake(session);
    if (done != 1 && SSL_get_error(session, done) == SSL_ERROR_WANT_READ)
        return TLS_MORE;
    SSL_set_app_data(session, NULL);
    return done == 1 && protocol_is_ours(session) ? TLS_DONE : TLS_FAILED;
}

bool tls_refused_by_peer(void)
{
    /* An alert that the other side sent is SSL_AD_REASON_OFFSET + its number in the error queue. */
    static const int alerts[] = {
        SSL_AD_NO_CERTIFICATE,      SSL_AD_BAD_CERTIFICATE,     SSL_AD_UNSUPPORTED_CERTIFICATE,
        SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_UNKNOWN,
        SSL_AD_UNKNOWN_CA,          SSL_AD_ACCESS_DENIED,       SSL_AD_DECRYPT_ERROR,
        SSL_AD_CERTIFICATE_REQUIRED};
    int reason = ERR_GET_REASON(ERR_peek_error()) - SSL_AD_REASON_OFFSET;
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
        if (reason == alerts[i])
            return true;
    }
    return false;
}

enum tls_progress tls_read(SSL *session, uint8_t *out, size_t size, size_t *got)
{
    *got = 0;
    ERR_clear_error();
    if (SSL_read_ex(session, out, size, got) == 1)
        return TLS_DONE;
    return SSL_get_error(session, 0) == SSL_ERROR_WANT_READ ? TLS_MORE : TLS_FAILED;
}

bool tls_write(SSL *session, struct bytes data)
{
    ERR_clear_error();
    while (data.size > 0) {
        size_t written = 0;
        if (SSL_write_ex(session, data.data, data.size, &written) != 1)
            return false;
        data.data += written;
        data.size -= written;
    }
    return true;
}

bool tls_key_update(SSL *session)
{
    ERR_clear_error();
    return SSL_key_update(session, SSL_KEY_UPDATE_NOT_REQUESTED) == 1;
}

void tls_goodbye(SSL *session)
{
    ERR_clear_error();
    SSL_shutdown(session);
}

bool tls_export(SSL *session, const uint8_t *label, uint8_t *out, size_t size)
{
    ERR_clear_error();
    return SSL_export_keying_material(session, out, size, (const char *)label, LABEL_SIZE, NULL, 0,
                                      0) == 1;
}
