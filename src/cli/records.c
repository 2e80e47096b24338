/* records.c - what several commands do with records: describe, find by the beginning of an id,
 * digest.
 *
 * The digest is the same on every machine that holds the same records: ids in their written order,
 * versions in network order, the payload's SHA-256, then the attributes, each field behind its
 * length where that can vary. Times stay out of it, and so does what is deleted. */
#include "cli/records.h"
#include "cli/error.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

uint64_t record_utc(HGROUP group, const FILETIME *peer_time)
{
    FILETIME from = *peer_time, to;
    /* Before the first contact there is no peer time; the difference does not matter then. */
    if (FAILED(PeerGroupPeerTimeToUniversalTime(group, &from, &to)))
        to = *peer_time;
    return moment_ticks(&to);
}

static void add_time(HGROUP group, json_t *object, const char *name, const FILETIME *time)
{
    char text[MOMENT_TEXT_SIZE];
    moment_iso(record_utc(group, time), text);
    json_object_set_new(object, name, json_string(text));
}

json_t *record_json(HGROUP group, const PEER_RECORD *record, bool with_data)
{
    char *attributes CLEANUP_TEXT = text_from_wide(record->pwzAttributes);
    char *type CLEANUP_TEXT = record_type_text(&record->type);
    json_t *object =
        json_pack("{s:o, s:o, s:i, s:o, s:o, s:I, s:o}", "id", output_guid(&record->id), "type",
                  output_text(type), "version", (int)record->dwVersion, "creator",
                  output_wide(record->pwzCreatorId), "modified_by",
                  output_wide(record->pwzModifiedById), "size", (json_int_t)record->data.cbData,
                  "attributes", attributes ? attributes_read(attributes) : json_array());
    add_time(group, object, "created", &record->ftCreation);
    add_time(group, object, "modified", &record->ftLastModified);
    add_time(group, object, "expires", &record->ftExpiration);
    if (with_data)
        output_bytes(object, record->data.pbData, record->data.cbData);
    return object;
}

/* The value of the attribute "filename", or NULL. */
static char *file_name(const PEER_RECORD *record)
{
    char *xml CLEANUP_TEXT = text_from_wide(record->pwzAttributes);
    json_t *list = xml ? attributes_read(xml) : NULL, *one;
    char *found = NULL;
    size_t index;
    json_array_foreach(list, index, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        const char *value = json_string_value(json_object_get(one, "value"));
        if (!found && name && value && strcmp(name, "filename") == 0)
            found = text_one_line(value, strlen(value), 60);
    }
    json_decref(list);
    return found;
}

char *record_title(const PEER_RECORD *record)
{
    char *name CLEANUP_TEXT = file_name(record);
    if (name)
        return text_format("file %s", name);
    if (record->data.cbData == 0)
        return text_copy("(empty)");
    if (!text_is_plain(record->data.pbData, record->data.cbData))
        return text_copy("(binary)");
    return text_one_line(record->data.pbData, record->data.cbData, 60);
}

/* ---- finding ---- */

struct finding {
    const char *wanted;
    GUID id;
    int count;
};

static void visit_finding(void *context, const void *item)
{
    struct finding *finding = context;
    const PEER_RECORD *record = item;
    char text[GUID_TEXT_SIZE];
    text_guid(&record->id, text);
    if (strncasecmp(text, finding->wanted, strlen(finding->wanted)) != 0)
        return;
    finding->id = record->id;
    finding->count++;
}

int record_find(const struct context *context, HGROUP group, const char *wanted, GUID *id)
{
    if (text_guid_parse(wanted, id))
        return EXIT_OK;
    HPEERENUM enumeration;
    struct finding finding = {.wanted = wanted};
    HRESULT hr = PeerGroupEnumRecords(group, NULL, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_finding, &finding);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the records");
    if (finding.count == 0 || !*wanted)
        return error_say(context, EXIT_NOT_FOUND, "PEER_E_RECORD_NOT_FOUND",
                         "no record's id begins with \"%s\"; see peergroup record list", wanted);
    if (finding.count > 1)
        return error_usage(context, "%d records begin with \"%s\"; give more of the id",
                           finding.count, wanted);
    *id = finding.id;
    return EXIT_OK;
}

/* ---- the digest ---- */

struct digest_row {
    uint8_t id[16];
    uint8_t hash[32]; /* of everything about the record */
};
struct digest_rows {
    struct digest_row *items;
    unsigned count;
    bool failed;
};

static void put_u32(uint8_t to[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void visit_digest(void *context, const void *item)
{
    struct digest_rows *rows = context;
    const PEER_RECORD *record = item;
    char *attributes CLEANUP_TEXT = text_from_wide(record->pwzAttributes);
    uint32_t attributes_size = attributes ? (uint32_t)strlen(attributes) : 0;
    uint8_t *bytes CLEANUP_TEXT = text_alloc(16 + 4 + 32 + 4 + (size_t)attributes_size);
    if (record->dwFlags & PEER_RECORD_FLAG_DELETED)
        return;
    text_guid_bytes(&record->id, bytes);
    put_u32(bytes + 16, record->dwVersion);
    rows->failed |= EVP_Digest(record->data.cbData ? record->data.pbData : bytes,
                               record->data.cbData, bytes + 20, NULL, EVP_sha256(), NULL) != 1;
    put_u32(bytes + 52, attributes_size);
    if (attributes_size > 0)
        memcpy(bytes + 56, attributes, attributes_size);
    rows->items = text_realloc(rows->items, (rows->count + 1) * sizeof(*rows->items));
    struct digest_row *row = &rows->items[rows->count++];
    memcpy(row->id, bytes, 16);
    rows->failed |=
        EVP_Digest(bytes, 56 + (size_t)attributes_size, row->hash, NULL, EVP_sha256(), NULL) != 1;
}

static int compare_rows(const void *left, const void *right)
{
    return memcmp(left, right, 16);
}

HRESULT group_digest(HGROUP group, char text[DIGEST_TEXT_SIZE], unsigned *count)
{
    struct digest_rows rows = {.items = NULL};
    HPEERENUM enumeration;
    uint8_t hash[32] = {0};
    HRESULT hr = PeerGroupEnumRecords(group, NULL, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_digest, &rows);
    if (rows.count > 0)
        qsort(rows.items, rows.count, sizeof(*rows.items), compare_rows);
    if (EVP_Digest(rows.count ? (void *)rows.items : (void *)hash, rows.count * sizeof(*rows.items),
                   hash, NULL, EVP_sha256(), NULL) != 1 ||
        rows.failed)
        hr = FAILED(hr) ? hr : NTE_FAIL;
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    *count = rows.count;
    free(rows.items);
    return hr;
}
