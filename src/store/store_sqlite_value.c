/* store_sqlite_value.c - certificates by their hash, and small values by a text key.
 *
 * Both are plain rows: put replaces, get copies into the caller's buffer, each visits in key order.
 * Keys are stored as blobs, so that their order is that of their bytes. What is not there is
 * PEER_E_NOT_FOUND; other failures stick in the query. */
#include "store/store_sqlite.h"

/* copy_found reads the only column of the only row into buffer and ends the query. */
static HRESULT copy_found(struct sql_query *query, struct buffer *buffer)
{
    buffer->size = 0;
    bool found = sql_query_step(query);
    if (found) {
        struct bytes bytes = sql_read_bytes(query);
        if (SUCCEEDED(query->hr))
            query->hr = buffer_append(buffer, bytes.data, bytes.size);
    }
    HRESULT hr = sql_query_end(query);
    return SUCCEEDED(hr) && !found ? PEER_E_NOT_FOUND : hr;
}

HRESULT sql_certificate_put(struct store *base, const struct store_certificate *certificate)
{
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_CERTIFICATE_PUT);
    sql_bind_hash(&query, &certificate->hash);
    sql_bind_hash(&query, &certificate->issuer);
    sql_bind_hash(&query, &certificate->subject_key);
    sql_bind_bytes(&query, certificate->der);
    return sql_query_run(&query);
}

HRESULT sql_certificate_get(struct store *base, const struct hash *hash, struct buffer *der)
{
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_CERTIFICATE_GET);
    sql_bind_hash(&query, hash);
    return copy_found(&query, der);
}

HRESULT sql_certificate_remove(struct store *base, const struct hash *hash)
{
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_CERTIFICATE_DELETE);
    sql_bind_hash(&query, hash);
    return sql_query_run(&query);
}

HRESULT sql_certificate_each(struct store *base, store_certificate_visitor visit, void *context)
{
    struct sql_store *store = sql_store_of(base);
    struct sql_query query;
    sql_query_begin(&query, store, SQL_CERTIFICATE_EACH);
    store->visits++;
    bool more = true;
    while (more && sql_query_step(&query)) {
        struct store_certificate certificate;
        sql_read_hash(&query, &certificate.hash);
        sql_read_hash(&query, &certificate.issuer);
        sql_read_hash(&query, &certificate.subject_key);
        certificate.der = sql_read_bytes(&query);
        more = SUCCEEDED(query.hr) && sql_query_visited(&query, visit(context, &certificate));
    }
    store->visits--;
    return sql_query_end(&query);
}

HRESULT sql_value_put(struct store *base, const char *key, struct bytes value)
{
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_VALUE_PUT);
    sql_bind_bytes(&query, bytes_of_text(key));
    sql_bind_bytes(&query, value);
    return sql_query_run(&query);
}

HRESULT sql_value_get(struct store *base, const char *key, struct buffer *value)
{
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_VALUE_GET);
    sql_bind_bytes(&query, bytes_of_text(key));
    return copy_found(&query, value);
}

HRESULT sql_value_remove(struct store *base, const char *key)
{
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_VALUE_DELETE);
    sql_bind_bytes(&query, bytes_of_text(key));
    return sql_query_run(&query);
}

HRESULT sql_value_each(struct store *base, const char *prefix, store_value_visitor visit,
                       void *context)
{
    struct sql_store *store = sql_store_of(base);
    struct bytes begin = bytes_of_text(prefix);
    struct sql_query query;
    sql_query_begin(&query, store, SQL_VALUE_EACH);
    sql_bind_bytes(&query, begin);
    store->visits++;
    bool more = true;
    while (more && sql_query_step(&query)) {
        struct bytes key = sql_read_bytes(&query);
        struct bytes value = sql_read_bytes(&query);
        more = SUCCEEDED(query.hr) && store_key_begins(key, begin) &&
               sql_query_visited(&query, visit(context, key, value));
    }
    store->visits--;
    return sql_query_end(&query);
}
