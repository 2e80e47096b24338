/* group_records.c - records of a group: published, changed, deleted, fetched, listed, searched.
 *
 * On the way in a PEER_RECORD is checked as far as it can be without the group: structure, type,
 * attributes, size. The engine knows the rest (rights, times, what is stored) and answers when the
 * new version is on disk. On the way out each record is one block, or one item of an enumeration,
 * which reads it when it is asked for. The pages give PeerGroupAddRecord more codes than
 * PeerGroupUpdateRecord; a record that is not allowed is PEER_E_INVALID_RECORD to the first and
 * E_INVALIDARG to the other.
 */
#include "api/api.h"
#include "api/enumeration.h"
#include "api/group_convert.h"
#include "api/group_handle.h"
#include "group/peer_name.h"
#include "record/record.h"

/* ---- out ---- */

static HRESULT add_data(struct block *block, size_t at, const struct buffer *data)
{
    PEER_DATA *place = block_at(block, at);
    place->cbData = (ULONG)data->size;
    return block_add_bytes(block, at + offsetof(PEER_DATA, pbData), buffer_view(data));
}

static HRESULT add_record(struct block *block, const struct engine_record *from, size_t *offset)
{
    HRESULT hr = block_add(block, sizeof(PEER_RECORD), offset);
    if (FAILED(hr))
        return hr;
    PEER_RECORD *record = block_at(block, *offset);
    record->dwSize = sizeof(*record);
    record->type = convert_guid_out(&from->type);
    record->id = convert_guid_out(&from->id);
    record->dwVersion = from->version;
    record->dwFlags = from->flags;
    record->ftCreation = convert_filetime(from->created);
    record->ftExpiration = convert_filetime(from->expiration);
    record->ftLastModified = convert_filetime(from->modified);
    hr = block_add_text(block, *offset + offsetof(PEER_RECORD, pwzCreatorId), from->creator);
    if (SUCCEEDED(hr))
        hr =
            block_add_text(block, *offset + offsetof(PEER_RECORD, pwzModifiedById), from->modifier);
    if (SUCCEEDED(hr))
        hr =
            block_add_text(block, *offset + offsetof(PEER_RECORD, pwzAttributes), from->attributes);
    if (SUCCEEDED(hr))
        hr = add_data(block, *offset + offsetof(PEER_RECORD, securityData), &from->signature);
    if (SUCCEEDED(hr))
        hr = add_data(block, *offset + offsetof(PEER_RECORD, data), &from->payload);
    return hr;
}

/* An open enumeration: a snapshot of the engine's, and the part of it that was read last. */
struct records {
    struct engine_snapshot snapshot;
    struct engine_record_list part;
    uint32_t first; /* index of the part's first record */
};

enum { PART_RECORDS = 64 };

static HRESULT record_item(void *context, uint32_t index, struct block *block, size_t *offset)
{
    struct records *records = context;
    if (index < records->first || index - records->first >= records->part.count) {
        engine_record_list_deinit(&records->part);
        records->first = index;
        HRESULT hr = engine_records_read(&records->snapshot, index, PART_RECORDS, &records->part);
        if (FAILED(hr)) /* a group that was closed leaves an enumeration of nothing */
            return hr == PEER_E_INVALID_GROUP ? E_INVALIDARG : hr;
    }
    const struct engine_record *record = &records->part.items[index - records->first];
    return record->gone ? S_FALSE : add_record(block, record, offset);
}

static void records_free(void *context)
{
    struct records *records = context;
    engine_records_end(&records->snapshot);
    engine_record_list_deinit(&records->part);
    mem_free(records);
}

/* Takes the snapshot. */
static HRESULT enumerate(uint64_t session, const struct guid *type, const struct search *search,
                         HPEERENUM *handle)
{
    struct records *records = mem_zalloc(sizeof(*records));
    if (!records)
        return E_OUTOFMEMORY;
    HRESULT hr = engine_records_begin(session, type, search, &records->snapshot);
    const struct enumeration_source source = {.count = records->snapshot.count,
                                              .item = record_item,
                                              .free_context = records_free,
                                              .context = records,
                                              .of_group = true};
    if (SUCCEEDED(hr))
        hr = enumeration_new(&source, handle);
    if (FAILED(hr))
        records_free(records);
    return hr;
}

HRESULT WINAPI PeerGroupGetRecord(HGROUP hGroup, const GUID *pRecordId, PPEER_RECORD *ppRecord)
{
    struct engine_record record CLEANUP(engine_record_deinit) = {.creator = NULL};
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    uint64_t session;
    size_t offset;
    void *finished;
    if (ppRecord)
        *ppRecord = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pRecordId || !ppRecord)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (FAILED(hr))
        return hr;
    struct guid id = convert_guid_in(pRecordId);
    hr = engine_record_get(session, &id, &record);
    if (SUCCEEDED(hr))
        hr = add_record(&block, &record, &offset);
    if (SUCCEEDED(hr))
        hr = block_finish(&block, &finished);
    if (SUCCEEDED(hr))
        *ppRecord = finished;
    return hr;
}

HRESULT WINAPI PeerGroupEnumRecords(HGROUP hGroup, const GUID *pRecordType, HPEERENUM *phPeerEnum)
{
    uint64_t session;
    struct guid type;
    if (phPeerEnum)
        *phPeerEnum = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!phPeerEnum)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (FAILED(hr))
        return hr;
    if (pRecordType)
        type = convert_guid_in(pRecordType);
    return enumerate(session, pRecordType ? &type : NULL, NULL, phPeerEnum);
}

HRESULT WINAPI PeerGroupSearchRecords(HGROUP hGroup, PCWSTR pwzCriteria, HPEERENUM *phPeerEnum)
{
    char *xml CLEANUP_FREE = NULL;
    struct search *search = NULL;
    uint64_t session;
    if (phPeerEnum)
        *phPeerEnum = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzCriteria || !phPeerEnum)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = api_xml(pwzCriteria, PEER_E_INVALID_SEARCH, PEER_E_INVALID_SEARCH, &xml);
    if (SUCCEEDED(hr))
        hr = search_parse(xml, &search);
    if (SUCCEEDED(hr))
        hr = enumerate(session, NULL, search, phPeerEnum);
    search_free(search);
    return hr;
}

/* ---- in ---- */

static bool structure_is_valid(const PEER_RECORD *record)
{
    return record->dwSize == sizeof(*record) && (record->data.cbData == 0 || record->data.pbData);
}

/* Takes over what a program may set; publish borrows *attributes and the record's payload. */
static HRESULT take_content(const PEER_RECORD *record, char **attributes,
                            struct engine_publish *publish)
{
    struct attribute_list *list = NULL;
    HRESULT hr = api_xml(record->pwzAttributes, PEER_E_INVALID_ATTRIBUTES,
                         PEER_E_INVALID_ATTRIBUTES, attributes);
    if (FAILED(hr))
        return hr;
    size_t size = *attributes ? strlen(*attributes) : 0;
    if (size > LIMIT_ATTRIBUTES_SIZE)
        return PEER_E_INVALID_ATTRIBUTES;
    if (*attributes)
        hr = attributes_parse(*attributes, &list);
    attributes_free(list);
    if (FAILED(hr))
        return hr;
    if (record->data.cbData > LIMIT_RECORD_SIZE - size)
        return PEER_E_MAX_RECORD_SIZE_EXCEEDED;
    *publish =
        (struct engine_publish){.type = convert_guid_in(&record->type),
                                .id = convert_guid_in(&record->id),
                                .expiration = convert_ticks(&record->ftExpiration),
                                .attributes = *attributes,
                                .payload = bytes_of(record->data.pbData, record->data.cbData)};
    return S_OK;
}

/* A creator is ignored, but what is no peer name is a mistake to be told of. */
static HRESULT check_creator(PCWSTR units)
{
    char *name CLEANUP_FREE = NULL;
    struct peer_name parts;
    HRESULT hr = api_text(units, LIMIT_PEER_NAME_UNITS, PEER_E_INVALID_PEER_NAME, &name);
    return SUCCEEDED(hr) && name && name[0] ? peer_name_parse(name, &parts) : hr;
}

HRESULT WINAPI PeerGroupAddRecord(HGROUP hGroup, PPEER_RECORD pRecord, GUID *pRecordId)
{
    char *attributes CLEANUP_FREE = NULL;
    struct engine_publish publish;
    struct guid id;
    uint64_t session;
    if (pRecordId)
        memset(pRecordId, 0, sizeof(*pRecordId));
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pRecord || !pRecordId || !structure_is_valid(pRecord))
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = check_creator(pRecord->pwzCreatorId);
    if (SUCCEEDED(hr))
        hr = take_content(pRecord, &attributes, &publish);
    if (FAILED(hr))
        return hr;
    if (pRecord->dwFlags != 0 || guid_equal(&publish.type, &GUID_NULL_VALUE))
        return PEER_E_INVALID_RECORD;
    if (record_type_is_reserved(&publish.type))
        return PEER_E_NOT_AUTHORIZED;
    hr = engine_record_add(session, &publish, &id);
    if (SUCCEEDED(hr))
        *pRecordId = convert_guid_out(&id);
    return hr == E_INVALIDARG ? PEER_E_INVALID_RECORD : hr;
}

/* The codes that the page of PeerGroupUpdateRecord does not have. */
static HRESULT update_result(HRESULT hr)
{
    bool unlisted = hr == PEER_E_INVALID_RECORD || hr == PEER_E_INVALID_ATTRIBUTES ||
                    hr == PEER_E_MAX_RECORD_SIZE_EXCEEDED;
    return unlisted ? E_INVALIDARG : hr;
}

HRESULT WINAPI PeerGroupUpdateRecord(HGROUP hGroup, PPEER_RECORD pRecord)
{
    char *attributes CLEANUP_FREE = NULL;
    struct engine_publish publish;
    uint64_t session;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pRecord || !structure_is_valid(pRecord))
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = take_content(pRecord, &attributes, &publish);
    if (SUCCEEDED(hr) && pRecord->dwFlags != 0)
        hr = E_INVALIDARG; /* no record that can be updated is stored with one */
    if (SUCCEEDED(hr))
        hr = engine_record_update(session, &publish);
    return update_result(hr);
}

HRESULT WINAPI PeerGroupDeleteRecord(HGROUP hGroup, const GUID *pRecordId)
{
    uint64_t session;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pRecordId)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (FAILED(hr))
        return hr;
    struct guid id = convert_guid_in(pRecordId);
    return engine_record_delete(session, &id);
}
