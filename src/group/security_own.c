/* security_own.c - which certificates of the own key are this node's own.
 *
 * A certificate needs no consent of the key it is for, so having come is not enough: a member who
 * may invite could otherwise change name, role and end of another. Own are those that this node
 * founded the group with, took by an invitation, was given for the group's password, or that a
 * membership record sealed by an administrator announced. Happy path: such a certificate is marked
 * in its row, and the list of all marked is a value of the store, read back at opening. One that
 * changes the role of a member who is online waits for the next connection. Failure: what could not
 * be the own certificate is passed over (S_FALSE); a list that names what is not there is
 * PEER_E_INVALID_DATABASE. */
#include "group/security_internal.h"

#define VALUE_CERTIFICATES "own/certificates"

HRESULT security_own_put(struct security *security)
{
    CLEANUP_BUFFER struct buffer list = BUFFER_NULL;
    HRESULT hr = S_OK;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row && SUCCEEDED(hr); row = row->next_of_key) {
        if (row->own)
            hr = buffer_append(&list, row->hash.bytes, HASH_SIZE);
    }
    if (SUCCEEDED(hr))
        hr = security->store->ops->value_put(security->store, VALUE_CERTIFICATES,
                                             buffer_view(&list));
    if (SUCCEEDED(hr))
        security->store->ops->mark_durable(security->store);
    return hr;
}

HRESULT security_own_take(struct security *security, struct certificate_row *row)
{
    bool possible = row->depth > 0 && hash_equal(&row->key_hash, &security->key_hash) &&
                    strcmp(row->peer_name, security->peer_name) == 0 &&
                    row->chain_size <= CHAIN_SIZE_MAX;
    if (!possible)
        return S_FALSE;
    if (row->own)
        return S_OK;
    row->own = true;
    HRESULT hr = security_own_put(security);
    if (FAILED(hr))
        row->own = false;
    return hr;
}

/* [contract 6.6] A change of role that comes while the member is connected counts from its next
 * connection on; what was announced before it went online counts at once, and so does what only
 * prolongs. */
HRESULT security_own_announced(struct security *security, struct certificate_row *row,
                               uint64_t announced)
{
    const struct certificate_row *before = security_best_own(security, security->utc);
    bool known = row->own;
    HRESULT hr = security_own_take(security, row);
    if (hr != S_OK || known)
        return hr;
    bool online = security->connected_since != 0 && announced > security->connected_since;
    row->waits = online && before && before->roles != row->roles && !row->deputy;
    security->has_waiting = security->has_waiting || row->waits;
    return S_OK;
}

static void stop_waiting(struct security *security)
{
    security->has_waiting = false;
    for (struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key)
        row->waits = false;
}

void security_connecting(struct security *security, uint64_t now)
{
    stop_waiting(security);
    security->connected_since = now;
}

/* Membership goes on under what waits when nothing else is left. */
void security_set_time(struct security *security, uint64_t utc)
{
    security->utc = utc;
    if (security->has_waiting && !security_best_own(security, utc))
        stop_waiting(security);
}

HRESULT security_own_load(struct security *security)
{
    CLEANUP_BUFFER struct buffer list = BUFFER_NULL;
    HRESULT hr = security->store->ops->value_get(security->store, VALUE_CERTIFICATES, &list);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
    if (list.size % HASH_SIZE != 0)
        return PEER_E_INVALID_DATABASE;
    for (size_t at = 0; at < list.size; at += HASH_SIZE) {
        struct hash hash;
        memcpy(hash.bytes, list.data + at, HASH_SIZE);
        struct certificate_row *row = certificate_table_find(security->table, &hash);
        if (!row || !hash_equal(&row->key_hash, &security->key_hash))
            return PEER_E_INVALID_DATABASE;
        row->own = true;
    }
    return S_OK;
}

struct certificate_row *security_best_own(const struct security *security, uint64_t utc)
{
    struct certificate_row *best = NULL;
    for (struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        if (row->own && !row->waits && security_stands(security, row, utc) &&
            (!best || certificate_row_preferred(row, best)))
            best = row;
    }
    return best;
}
