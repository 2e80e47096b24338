/* provider.h - what the graph asks of group security (the "graph security provider" of [MS-PPGRH]).
 *
 * The graph moves records; whether a record may be believed is decided here. group/ implements it;
 * tests have a fake. All calls come from the graph's thread and are quick: signatures are checked
 * elsewhere, from a verify_job. */
#ifndef GRAPH_PROVIDER_H
#define GRAPH_PROVIDER_H

#include "base/bytes.h"
#include "base/hash.h"
#include "record/record.h"

enum { PUBLIC_KEY_SIZE = 32 };

/* A signature to check, complete in itself, so that any thread can. */
struct verify_job {
    uint8_t key[PUBLIC_KEY_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t message[64];
};

/* What acceptance of a record changed for the whole graph. */
enum provider_effect {
    PROVIDER_EFFECT_NONE = 0,
    PROVIDER_EFFECT_PROPERTIES = 1, /* group properties are new */
    PROVIDER_EFFECT_REVOKED = 2     /* records and links must be judged again */
};

struct provider;
struct store_record;

/* How a member would sign a tombstone or revocation again. Views are the provider's. */
struct renewal {
    uint64_t until; /* later than its expiration */
    bool first;     /* this settles it: no other signer could do better */
    struct hash key;
    struct bytes name;
};

typedef HRESULT (*provider_certificate_visitor)(void *context, const struct hash *certificate);

struct provider_ops {
    /* judge says whether a version may stand, all but the signature, and prepares that check. It
     * compares with nothing but the version itself, its certificate chain and the revocations.
     * S_OK: *job is filled. PEER_E_DEFERRED_VALIDATION: the certificate seal->certificate is not
     * here. PEER_E_INVALID_RECORD: wrong in itself; whoever sent it is to blame.
     * PEER_E_NOT_AUTHORIZED: refused for what this member knows (revoked); nobody is to blame.
     * payload is empty for a payload in pieces. */
    HRESULT(*judge)
    (struct provider *provider, const struct record *record, const struct hash *digest,
     const struct record_seal *seal, struct bytes payload, struct verify_job *job);

    /* seal signs an own version. PEER_E_NOT_AUTHORIZED: this member may not write it.
     * PEER_E_NO_KEY_ACCESS. The seal passes the provider's own judge. */
    HRESULT(*seal)
    (struct provider *provider, const struct record *record, const struct hash *digest,
     struct record_seal *seal);

    /* own gives the key and peer name under which this node writes; expiration is the end of its
     * certificate. */
    void (*own)(struct provider *provider, struct hash *key, struct bytes *name,
                uint64_t *expiration);

    /* accepted tells that a version of a reserved type now stands in the store, and what that
     * changes. */
    HRESULT(*accepted)
    (struct provider *provider, const struct record *record, const struct hash *digest,
     struct bytes payload, unsigned *effects);

    /* removed tells that a version of a reserved type stands in the store no more, because it was
     * purged, fell to a revocation, or another took its place (which stands already). The provider
     * may put back what is to stand instead. */
    HRESULT(*removed)
    (struct provider *provider, const struct guid *type, const struct hash *digest,
     unsigned *effects);

    /* renewal tells whether this member would sign a stored tombstone or revocation again, and
     * until when. outlived_by is the expiration of a version that outlives it, or 0: then only what
     * its signer's certificate cut short is signed again. For a record that is being deleted it
     * tells how long its tombstone should last. S_OK: *renewal is filled. S_FALSE: nothing to do.
     */
    HRESULT(*renewal)
    (struct provider *provider, const struct store_record *row, uint64_t outlived_by,
     struct renewal *renewal);

    /* certificate_has, certificate_chain: certificate_chain appends, for the certificate named,
     * each DER from the root down as (u32 length, bytes). PEER_E_NOT_FOUND. certificate_take reads
     * one such list, verifies each link and keeps what is new. PEER_E_INVALID_RECORD: wrong in
     * itself. */
    bool (*certificate_has)(struct provider *provider, const struct hash *certificate);
    HRESULT(*certificate_chain)
    (struct provider *provider, const struct hash *certificate, struct buffer *out);
    HRESULT (*certificate_take)(struct provider *provider, struct bytes chain);

    /* lacks_revocations: this member was told (by its invitation) of revocations that are not here.
     */
    bool (*lacks_revocations)(struct provider *provider);

    /* each_dead visits the certificates that are here and dead by revocations: of what they signed
     * judge refuses some, of what others signed nothing for that reason. Stops at what is not S_OK
     * and returns that. */
    HRESULT(*each_dead)
    (struct provider *provider, provider_certificate_visitor visit, void *context);

    /* link_allowed judges an authenticated link again, after a revocation or when its certificate
     * ends, with grace for wrong clocks. S_OK or PEER_E_NOT_AUTHORIZED. */
    HRESULT (*link_allowed)(struct provider *provider, const struct hash *key, uint64_t utc);

    /* refusal appends the messages REVOKED that tell this key by which revocations it was removed.
     * PEER_E_NOT_FOUND: by none that can be told. */
    HRESULT (*refusal)(struct provider *provider, const struct hash *key, struct buffer *out);

    /* removes_own judges a revocation that came with its signer's chain in REVOKED, its signature
     * included. S_OK: it is about this member, and may stand; S_FALSE: about somebody else.
     * PEER_E_INVALID_RECORD: wrong in itself. PEER_E_NOT_AUTHORIZED: refused for what this member
     * knows. */
    HRESULT(*removes_own)
    (struct provider *provider, struct bytes chain, const struct record *record,
     const struct hash *digest, const struct record_seal *seal, struct bytes payload);
};

struct provider {
    const struct provider_ops *ops;
};

#endif
