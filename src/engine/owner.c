/* owner.c - the groups that this process serves, as callers name them.
 *
 * Owners are added and removed on the loop thread. The ClientHello of a caller is judged in the
 * thread pool; that walk and every change of what it reads are under the registry's mutex. It gives
 * no pointer away, only a share of the identity to present and the owner's number, by which the
 * loop finds the owner again or sees that it has gone. */
#include "engine/transport_private.h"

#include <utlist.h>

HRESULT transport_owner_new(struct transport *transport, const char *graph_id,
                            struct signing_key *key, const struct transport_callbacks *callbacks,
                            void *context, struct transport_owner **out)
{
    *out = NULL;
    struct transport_owner *owner = mem_zalloc(sizeof(*owner));
    if (!owner)
        return E_OUTOFMEMORY;
    HRESULT hr = tls_identity_init(&owner->identity, key);
    if (FAILED(hr)) {
        mem_free(owner);
        return hr;
    }
    uint8_t public_key[KEY_SIZE];
    signing_key_public(key, public_key);
    key_hash(public_key, &owner->key_hash);
    sni_key_derive(graph_id, &owner->sni_key);
    owner->transport = transport;
    owner->callbacks = *callbacks;
    owner->context = context;
    owner->number = ++transport->owner_number;
    uv_mutex_lock(&transport->registry);
    DL_APPEND(transport->owners, owner);
    uv_mutex_unlock(&transport->registry);
    *out = owner;
    return S_OK;
}

void transport_owner_set_accepting(struct transport_owner *owner, bool accepting)
{
    uv_mutex_lock(&owner->transport->registry);
    owner->accepting = accepting;
    uv_mutex_unlock(&owner->transport->registry);
}

void transport_owner_free(struct transport_owner *owner)
{
    if (!owner)
        return;
    struct transport *transport = owner->transport;
    uv_mutex_lock(&transport->registry);
    DL_DELETE(transport->owners, owner);
    uv_mutex_unlock(&transport->registry);
    struct link *link = NULL;
    DL_FOREACH (transport->links, link) {
        if (link->owner != owner)
            continue;
        link->owner = NULL;
        /* What a link that is being closed has still to say goes out by itself. */
        if (link->state == LINK_FLUSHING)
            link_flush(link);
        else if (link->state != LINK_LINGERING)
            link_shut(link, S_OK);
    }
    sni_nonces_deinit(&owner->nonces);
    mem_wipe(&owner->sni_key, sizeof(owner->sni_key));
    tls_identity_deinit(&owner->identity);
    mem_free(owner);
}

void transport_owner_calls(struct transport_owner *owner, const uint8_t nonce[SNI_NONCE_SIZE])
{
    uv_mutex_lock(&owner->transport->registry);
    memcpy(owner->calls[owner->call_count++ % OWNER_CALLS], nonce, SNI_NONCE_SIZE);
    uv_mutex_unlock(&owner->transport->registry);
}

static bool own_call(const struct transport_owner *owner, const uint8_t sni[SNI_SIZE])
{
    for (uint32_t i = 0; i < owner->call_count && i < OWNER_CALLS; i++) {
        if (memcmp(owner->calls[i], sni, SNI_NONCE_SIZE) == 0)
            return true;
    }
    return false;
}

bool transport_admit(struct tls_handshake *handshake, const uint8_t sni[SNI_SIZE],
                     struct tls_identity *identity)
{
    struct link_start *start =
        (struct link_start *)((char *)handshake - offsetof(struct link_start, tls));
    struct transport *transport = start->link->transport;
    uint32_t today = sni_day(loop_utc()), day = 0;
    struct transport_owner *owner = NULL;
    bool admitted = false;
    uv_mutex_lock(&transport->registry);
    DL_FOREACH (transport->owners, owner) {
        if (!owner->accepting || own_call(owner, sni) ||
            !sni_matches(&owner->sni_key, sni, today, &owner->key_hash, &day))
            continue;
        admitted = SUCCEEDED(sni_nonces_take(&owner->nonces, sni, day, today));
        if (admitted) {
            *identity = tls_identity_share(&owner->identity);
            start->owner_number = owner->number;
        }
        break;
    }
    uv_mutex_unlock(&transport->registry);
    return admitted;
}

struct transport_owner *transport_find_owner(struct transport *transport, uint64_t number)
{
    struct transport_owner *owner = NULL;
    DL_FOREACH (transport->owners, owner) {
        if (owner->number == number)
            return owner->accepting ? owner : NULL;
    }
    return NULL;
}
