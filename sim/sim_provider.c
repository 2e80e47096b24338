/* sim_provider.c - group security without certificates' formats: one key, one certificate, one
 * group.
 *
 * A certificate is the 32 bytes of a public key and counts when it is a member's. Signatures are
 * real, so that forged ones fail where they would fail in the field. Revocations are records whose
 * payload is the hash of a key. What a record may not be is PEER_E_INVALID_RECORD, what this node
 * knows against it PEER_E_NOT_AUTHORIZED, as provider.h demands. */
#include "sim_provider.h"

#include "store/store.h"
#include "wire/wire.h"

#include <sodium.h>
#include <stdio.h>

static struct sim_provider *of(struct provider *provider)
{
    return (struct sim_provider *)provider;
}

void sim_key_make(uint64_t seed, uint32_t number, struct sim_key *key)
{
    uint64_t words[4] = {seed, number, 0x70656572, 0};
    crypto_sign_seed_keypair(key->public_key, key->secret_key, (const uint8_t *)words);
    hash_sha256(key->public_key, sizeof(key->public_key), &key->hash);
    char hex[HASH_TEXT_SIZE];
    hash_format(&key->hash, hex);
    snprintf(key->name, sizeof(key->name), "%.40s.sim%u", hex, number);
}

void sim_key_sign(const struct sim_key *key, const struct hash *digest, struct record_seal *seal)
{
    uint8_t message[64];
    record_signed_bytes(digest, message);
    crypto_sign_detached(seal->signature, NULL, message, sizeof(message), key->secret_key);
    seal->certificate = key->hash;
}

static int member_index(const struct sim_members *members, const struct hash *hash)
{
    for (uint32_t i = 0; i < members->count; i++)
        if (hash_equal(&members->keys[i]->hash, hash))
            return (int)i;
    return -1;
}

const struct sim_key *sim_members_find(const struct sim_members *members, const struct hash *hash)
{
    int index = member_index(members, hash);
    return index < 0 ? NULL : members->keys[index];
}

static bool is_revoked(const struct sim_provider *provider, const struct hash *key)
{
    for (uint32_t i = 0; i < provider->revoked_count; i++)
        if (hash_equal(&provider->revoked[i], key))
            return true;
    return false;
}

static bool may_write(const struct sim_provider *provider, const struct record *record,
                      const struct hash *signer)
{
    if (guid_equal(&record->type, &RECORD_TYPE_REVOCATION))
        return hash_equal(signer, &provider->members->keys[0]->hash) && record->version == 1;
    return !record_type_is_reserved(&record->type) || hash_equal(signer, &record->creator);
}

static HRESULT judge(struct provider *base, const struct record *record, const struct hash *digest,
                     const struct record_seal *seal, struct bytes payload, struct verify_job *job)
{
    struct sim_provider *provider = of(base);
    (void)payload;
    const struct hash *signer = record->version == 1 ? &record->creator : &record->modifier;
    int index = member_index(provider->members, &seal->certificate);
    if (index < 0 || !provider->known[index])
        return PEER_E_DEFERRED_VALIDATION;
    if (!hash_equal(signer, &seal->certificate) || !may_write(provider, record, signer))
        return PEER_E_INVALID_RECORD;
    if (is_revoked(provider, signer))
        return PEER_E_NOT_AUTHORIZED;
    memcpy(job->key, provider->members->keys[index]->public_key, PUBLIC_KEY_SIZE);
    memcpy(job->signature, seal->signature, SIGNATURE_SIZE);
    record_signed_bytes(digest, job->message);
    return S_OK;
}

static HRESULT seal(struct provider *base, const struct record *record, const struct hash *digest,
                    struct record_seal *out)
{
    struct sim_provider *provider = of(base);
    const struct hash *signer = record->version == 1 ? &record->creator : &record->modifier;
    if (!hash_equal(signer, &provider->own->hash) || !may_write(provider, record, signer) ||
        is_revoked(provider, signer))
        return PEER_E_NOT_AUTHORIZED;
    sim_key_sign(provider->own, digest, out);
    return S_OK;
}

static void own(struct provider *base, struct hash *key, struct bytes *name, uint64_t *expiration)
{
    struct sim_provider *provider = of(base);
    *key = provider->own->hash;
    *name = bytes_of_text(provider->own->name);
    *expiration = provider->own_end;
}

static void revoke(struct sim_provider *provider, const struct hash *key, const struct hash *digest)
{
    static const struct hash none;
    uint32_t at = provider->revoked_count;
    for (uint32_t i = 0; i < at; i++)
        if (!hash_equal(digest, &none) && hash_equal(&provider->revoked_by[i], digest))
            return;
    if (at == SIM_REVOKED_MAX)
        return;
    provider->revoked[at] = *key;
    provider->revoked_by[at] = *digest;
    provider->revoked_count++;
}

static HRESULT accepted(struct provider *base, const struct record *record,
                        const struct hash *digest, struct bytes payload, unsigned *effects)
{
    *effects = PROVIDER_EFFECT_NONE;
    if (guid_equal(&record->type, &RECORD_TYPE_REVOCATION) && payload.size == HASH_SIZE) {
        struct hash key;
        memcpy(key.bytes, payload.data, HASH_SIZE);
        revoke(of(base), &key, digest);
        *effects = PROVIDER_EFFECT_REVOKED;
    }
    if (guid_equal(&record->type, &RECORD_TYPE_SECURITY_PROPERTIES))
        *effects = PROVIDER_EFFECT_PROPERTIES;
    return S_OK;
}

static HRESULT removed(struct provider *base, const struct guid *type, const struct hash *digest,
                       unsigned *effects)
{
    struct sim_provider *provider = of(base);
    (void)type;
    *effects = PROVIDER_EFFECT_NONE;
    provider->removals++;
    for (uint32_t i = 0; i < provider->revoked_count; i++) {
        if (!hash_equal(&provider->revoked_by[i], digest))
            continue;
        uint32_t last = --provider->revoked_count;
        provider->revoked[i] = provider->revoked[last];
        provider->revoked_by[i] = provider->revoked_by[last];
        break;
    }
    return S_OK;
}

/* A foreign tombstone lasts as long as its signer; certificates that end are for src/group. */
static HRESULT renewal(struct provider *base, const struct store_record *row, uint64_t outlived_by,
                       struct renewal *out)
{
    const struct sim_provider *provider = of(base);
    *out = (struct renewal){.until = provider->own_end,
                            .first = true,
                            .key = provider->own->hash,
                            .name = bytes_of_text(provider->own->name)};
    return outlived_by != 0 && provider->own_end > row->expiration ? S_OK : S_FALSE;
}

static bool certificate_has(struct provider *base, const struct hash *certificate)
{
    struct sim_provider *provider = of(base);
    int index = member_index(provider->members, certificate);
    return index >= 0 && provider->known[index];
}

static HRESULT certificate_chain(struct provider *base, const struct hash *certificate,
                                 struct buffer *out)
{
    struct sim_provider *provider = of(base);
    if (provider->silent || !certificate_has(base, certificate))
        return PEER_E_NOT_FOUND;
    int index = member_index(provider->members, certificate);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_blob(&writer, bytes_of(provider->members->keys[index]->public_key, PUBLIC_KEY_SIZE));
    return writer.hr;
}

static HRESULT certificate_take(struct provider *base, struct bytes chain)
{
    struct sim_provider *provider = of(base);
    struct wire_reader reader;
    wire_reader_init(&reader, chain);
    struct bytes key = wire_read_blob(&reader, PUBLIC_KEY_SIZE);
    struct hash hash;
    hash_sha256(key.data, key.size, &hash);
    int index = member_index(provider->members, &hash);
    if (!wire_reader_done(&reader) || key.size != PUBLIC_KEY_SIZE || index < 0)
        return PEER_E_INVALID_RECORD;
    provider->known[index] = 1;
    provider->chains_taken++;
    return S_OK;
}

static bool lacks_revocations(struct provider *base)
{
    const struct sim_provider *provider = of(base);
    return provider->revoked_count < provider->revoked_expected;
}

static HRESULT each_dead(struct provider *base, provider_certificate_visitor visit, void *context)
{
    const struct sim_provider *provider = of(base);
    HRESULT hr = S_OK;
    for (uint32_t i = 0; i < provider->revoked_count && hr == S_OK; i++)
        hr = visit(context, &provider->revoked[i]);
    return hr;
}

static HRESULT link_allowed(struct provider *base, const struct hash *key, uint64_t utc)
{
    (void)utc;
    return is_revoked(of(base), key) ? PEER_E_NOT_AUTHORIZED : S_OK;
}

/* Nobody is told why, and nobody would believe it: that is group/'s. */
static HRESULT refusal(struct provider *base, const struct hash *key, struct buffer *out)
{
    (void)base;
    (void)key;
    (void)out;
    return PEER_E_NOT_FOUND;
}

static HRESULT removes_own(struct provider *base, struct bytes chain, const struct record *record,
                           const struct hash *digest, const struct record_seal *seal,
                           struct bytes payload)
{
    (void)base;
    (void)chain;
    (void)record;
    (void)digest;
    (void)seal;
    (void)payload;
    return S_FALSE;
}

static const struct provider_ops ops = {.judge = judge,
                                        .seal = seal,
                                        .own = own,
                                        .accepted = accepted,
                                        .removed = removed,
                                        .renewal = renewal,
                                        .certificate_has = certificate_has,
                                        .certificate_chain = certificate_chain,
                                        .certificate_take = certificate_take,
                                        .lacks_revocations = lacks_revocations,
                                        .each_dead = each_dead,
                                        .link_allowed = link_allowed,
                                        .refusal = refusal,
                                        .removes_own = removes_own};

void sim_provider_init(struct sim_provider *provider, const struct sim_members *members,
                       const struct sim_key *key)
{
    memset(provider, 0, sizeof(*provider));
    provider->base.ops = &ops;
    provider->members = members;
    provider->own = key;
    provider->own_end = TICKS_UNLIMITED;
    sim_provider_learn(provider, &key->hash);
}

void sim_provider_learn(struct sim_provider *provider, const struct hash *key)
{
    int index = member_index(provider->members, key);
    if (index >= 0)
        provider->known[index] = 1;
}

void sim_provider_revoke(struct sim_provider *provider, const struct hash *key)
{
    static const struct hash none;
    if (!is_revoked(provider, key))
        revoke(provider, key, &none);
}
