/* store_memory_value.c - certificates by their hash and small values by a text key, in memory.
 *
 * Both are rows in one sorted array: put replaces, get copies into the caller's buffer, each visits
 * in key order. What is not there is PEER_E_NOT_FOUND; a failed put (E_OUTOFMEMORY) changes
 * nothing. */
#include "store/store_memory.h"

HRESULT memory_certificate_put(struct store *base, const struct store_certificate *certificate)
{
    struct memory_store *store = memory_store_of(base);
    struct store_certificate *row = mem_alloc(sizeof(*row) + certificate->der.size);
    if (!row)
        return E_OUTOFMEMORY;
    *row = *certificate;
    row->der = bytes_of(row + 1, certificate->der.size);
    if (certificate->der.size > 0)
        memcpy(row + 1, certificate->der.data, certificate->der.size);
    return memory_change(store, MEMORY_CERTIFICATE, memory_at(store, MEMORY_BY_HASH, row), row);
}

static struct store_certificate *find_certificate(struct memory_store *store,
                                                  const struct hash *hash)
{
    struct store_certificate probe = {.hash = *hash};
    return memory_at(store, MEMORY_BY_HASH, &probe);
}

HRESULT memory_certificate_get(struct store *base, const struct hash *hash, struct buffer *der)
{
    const struct store_certificate *row = find_certificate(memory_store_of(base), hash);
    der->size = 0;
    return row ? buffer_append(der, row->der.data, row->der.size) : PEER_E_NOT_FOUND;
}

HRESULT memory_certificate_remove(struct store *base, const struct hash *hash)
{
    struct memory_store *store = memory_store_of(base);
    struct store_certificate *row = find_certificate(store, hash);
    return row ? memory_change(store, MEMORY_CERTIFICATE, row, NULL) : S_OK;
}

HRESULT memory_certificate_each(struct store *base, store_certificate_visitor visit, void *context)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_array *certificates = &store->orders[MEMORY_BY_HASH];
    HRESULT hr = S_OK;
    bool more = true;
    store->visits++;
    for (size_t at = 0; more && at < certificates->count; at++)
        more = memory_visited(visit(context, certificates->rows[at]), &hr);
    store->visits--;
    return hr;
}

HRESULT memory_value_put(struct store *base, const char *key, struct bytes value)
{
    struct memory_store *store = memory_store_of(base);
    size_t key_size = strlen(key);
    struct memory_value *row = mem_alloc(sizeof(*row) + key_size + value.size);
    if (!row)
        return E_OUTOFMEMORY;
    uint8_t *end = (uint8_t *)(row + 1);
    row->key = bytes_of(end, key_size);
    memcpy(end, key, key_size);
    row->value = bytes_of(end + key_size, value.size);
    if (value.size > 0)
        memcpy(end + key_size, value.data, value.size);
    return memory_change(store, MEMORY_VALUE, memory_at(store, MEMORY_BY_KEY, row), row);
}

static struct memory_value *find_value(struct memory_store *store, const char *key)
{
    struct memory_value probe = {.key = bytes_of_text(key)};
    return memory_at(store, MEMORY_BY_KEY, &probe);
}

HRESULT memory_value_get(struct store *base, const char *key, struct buffer *value)
{
    const struct memory_value *row = find_value(memory_store_of(base), key);
    value->size = 0;
    return row ? buffer_append(value, row->value.data, row->value.size) : PEER_E_NOT_FOUND;
}

HRESULT memory_value_remove(struct store *base, const char *key)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_value *row = find_value(store, key);
    return row ? memory_change(store, MEMORY_VALUE, row, NULL) : S_OK;
}

HRESULT memory_value_each(struct store *base, const char *prefix, store_value_visitor visit,
                          void *context)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_array *values = &store->orders[MEMORY_BY_KEY];
    struct memory_value probe = {.key = bytes_of_text(prefix)};
    HRESULT hr = S_OK;
    bool more = true;
    store->visits++;
    for (size_t at = memory_position(store, MEMORY_BY_KEY, &probe, false);
         more && at < values->count; at++) {
        const struct memory_value *row = values->rows[at];
        more = store_key_begins(row->key, probe.key) &&
               memory_visited(visit(context, row->key, row->value), &hr);
    }
    store->visits--;
    return hr;
}
