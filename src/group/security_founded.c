/* security_founded.c - the Security Properties that no removal of a deputy takes along.
 *
 * There is one record of them, so a deputy's version replaces the group's, and goes when the deputy
 * is removed. Happy path: the last version that the group's own certificate sealed is kept as a
 * value of the store; when the record is gone, that version is put back and read again. Failure:
 * where no such version was ever seen the group is not ready until another member sends one; a
 * value that does not decode is PEER_E_INVALID_DATABASE. */
#include "group/security_internal.h"

#include "wire/wire.h"

#define VALUE_PROPERTIES "own/properties"

enum { HEADER_MAX = 65536 };

HRESULT security_keep_properties(struct security *security, const struct store_record *stored)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_SECRET;
    struct wire_writer writer;
    if (!hash_equal(&stored->certificate, &certificate_table_root(security->table)->hash))
        return S_OK;
    wire_writer_init(&writer, &value);
    wire_write_blob(&writer, stored->header);
    wire_write_blob(&writer, stored->signature);
    wire_write_blob(&writer, stored->payload);
    if (FAILED(writer.hr))
        return writer.hr;
    HRESULT hr =
        security->store->ops->value_put(security->store, VALUE_PROPERTIES, buffer_view(&value));
    if (SUCCEEDED(hr))
        security->store->ops->mark_durable(security->store);
    return hr;
}

static HRESULT decode(const struct security *security, struct bytes value, struct store_record *row)
{
    struct wire_reader reader;
    struct record record;
    wire_reader_init(&reader, value);
    *row = (struct store_record){.header = wire_read_blob(&reader, HEADER_MAX)};
    row->signature = wire_read_blob(&reader, SIGNATURE_SIZE);
    row->payload = wire_read_blob(&reader, LIMIT_PIECE_SIZE);
    if (!wire_reader_done(&reader) || row->signature.size != SIGNATURE_SIZE ||
        FAILED(record_header_decode(row->header, &record)))
        return PEER_E_INVALID_DATABASE;
    row->id = record.id;
    row->type = record.type;
    row->creator = record.creator;
    row->certificate = certificate_table_root(security->table)->hash;
    row->payload_root = record.payload_root;
    row->version = record.version;
    row->local = security->group_key != NULL;
    row->created = record.created;
    row->modified = record.modified;
    row->expiration = record.expiration;
    row->payload_size = record.payload_size;
    record_digest(bytes_of_text(security->graph_id), row->header, &row->digest);
    return S_OK;
}

static HRESULT put_back(struct security *security)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_SECRET;
    struct store_record row;
    struct store *store = security->store;
    HRESULT hr = store->ops->value_get(store, VALUE_PROPERTIES, &value);
    if (hr == PEER_E_NOT_FOUND)
        return S_OK;
    if (SUCCEEDED(hr))
        hr = decode(security, buffer_view(&value), &row);
    if (SUCCEEDED(hr))
        hr = store->ops->put(store, &row);
    return hr == E_INVALIDARG ? PEER_E_INVALID_DATABASE : hr;
}

HRESULT security_properties_gone(struct security *security, unsigned *effects)
{
    struct store_record row;
    struct guid id;
    security_properties_id(security, &id);
    HRESULT hr = security->store->ops->find(security->store, &id, &row);
    if (hr != PEER_E_RECORD_NOT_FOUND)
        return hr; /* a newer version took the place */
    hr = put_back(security);
    if (SUCCEEDED(hr))
        hr = security_load_properties(security);
    if (SUCCEEDED(hr)) {
        security->store->ops->mark_durable(security->store);
        *effects |= PROVIDER_EFFECT_PROPERTIES;
    }
    return hr;
}
