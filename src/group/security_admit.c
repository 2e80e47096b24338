/* security_admit.c - who is admitted to a link, and that nobody else leaves a trace.
 *
 * Happy path: the last certificate of the chain is of the key that TLS saw; each certificate enters
 * the table below the one before it, the last is judged as a row like any other, and what is new is
 * stored. Failure: what had entered the table leaves it again, so that a stranger, or a member who
 * was removed, can fill neither memory nor disk. Only the last certificate's verdict counts: a
 * keep-list may save it from the end of those above it. */
#include "group/security_internal.h"

#include "wire/wire.h"

struct admission {
    struct security *security;
    struct certificate_row *last; /* of the certificates read so far */
    struct {
        struct certificate_row *row;
        struct bytes der;
    } added[LIMIT_CHAIN_LENGTH + 1];
    uint32_t count;
};

/* Reads the last certificate alone, before any signature is checked. */
static HRESULT check_leaf(const struct security *security, struct bytes chain,
                          const uint8_t key[KEY_SIZE])
{
    struct certificate leaf;
    struct bytes last;
    if (!certificate_list_last(chain, &last))
        return PEER_E_NOT_AUTHORIZED;
    HRESULT hr = certificate_parse(last, &leaf);
    if (FAILED(hr))
        return hr == E_OUTOFMEMORY ? hr : PEER_E_NOT_AUTHORIZED;
    bool own_key = memcmp(leaf.key, key, KEY_SIZE) == 0;
    bool of_group =
        leaf.kind == CERTIFICATE_MEMBER && strcmp(leaf.group_name, security->graph_id) == 0;
    certificate_deinit(&leaf);
    if (!own_key)
        return PEER_E_CONNECTION_NOT_AUTHENTICATED;
    return of_group ? S_OK : PEER_E_NOT_AUTHORIZED;
}

static HRESULT enter(struct admission *admission, struct bytes der)
{
    struct certificate_row *row;
    HRESULT hr = certificate_table_add(admission->security->table, der, &row);
    if (FAILED(hr))
        return hr == E_OUTOFMEMORY ? hr : PEER_E_NOT_AUTHORIZED;
    if (hr == S_OK) {
        admission->added[admission->count].row = row;
        admission->added[admission->count++].der = der;
    }
    if (row->issuer != admission->last)
        return PEER_E_NOT_AUTHORIZED;
    admission->last = row;
    return S_OK;
}

static HRESULT enter_all(struct admission *admission, struct bytes chain)
{
    struct wire_reader reader;
    HRESULT hr = S_OK;
    wire_reader_init(&reader, chain);
    for (uint32_t at = 0; SUCCEEDED(hr) && wire_left(&reader) > 0; at++) {
        struct bytes der = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
        bool good = !reader.failed && at <= LIMIT_CHAIN_LENGTH;
        hr = good ? enter(admission, der) : PEER_E_NOT_AUTHORIZED;
    }
    return hr;
}

static HRESULT judge_last(const struct admission *admission, uint64_t utc)
{
    const struct certificate_row *row = admission->last;
    struct security *security = admission->security;
    bool dead = revocation_certificate_dead(security->revocations, row);
    if (dead)
        security->refusal_count = revocation_why(security->revocations, row, security->refusals);
    return certificate_row_valid(row, utc, VALIDITY_GRACE) && !dead ? S_OK : PEER_E_NOT_AUTHORIZED;
}

static HRESULT store_added(const struct admission *admission)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 0; SUCCEEDED(hr) && i < admission->count; i++)
        hr = security_store_certificate(admission->security, admission->added[i].row,
                                        admission->added[i].der);
    return hr;
}

/* What was shown for nothing leaves no trace. */
static HRESULT settle(struct admission *admission, HRESULT hr)
{
    if (hr == S_OK)
        hr = store_added(admission);
    if (hr == S_OK)
        return S_OK;
    while (admission->count-- > 0)
        certificate_table_remove(admission->security->table,
                                 admission->added[admission->count].row);
    return hr;
}

HRESULT security_try_chain(struct security *security, struct bytes chain,
                           const struct hash *certificate, chain_judge judge, void *context)
{
    struct admission admission = {.security = security};
    HRESULT hr = enter_all(&admission, chain);
    bool whole = SUCCEEDED(hr) && admission.last && hash_equal(&admission.last->hash, certificate);
    if (whole)
        hr = judge(context);
    else if (hr != E_OUTOFMEMORY)
        hr = PEER_E_INVALID_RECORD;
    return settle(&admission, hr);
}

HRESULT security_admit(struct security *security, struct bytes chain, const uint8_t key[KEY_SIZE],
                       uint64_t utc, const struct certificate_row **row)
{
    struct admission admission = {.security = security};
    *row = NULL;
    security->refusal_count = 0;
    HRESULT hr = check_leaf(security, chain, key);
    if (SUCCEEDED(hr))
        hr = enter_all(&admission, chain);
    if (SUCCEEDED(hr))
        hr = judge_last(&admission, utc);
    hr = settle(&admission, hr);
    *row = SUCCEEDED(hr) ? admission.last : NULL;
    return hr;
}
