/* member_records.c - the driven member's records: write, read back, and write without end.
 *
 * Payloads follow from a seed and a size, so that whoever reads one back can name it by its
 * fingerprint. storm tells each change before it begins ("~") and after it is confirmed ("!"), so
 * that whoever kills the process knows what must be there and what may be. */
#include "e2e/member.h"

#include "engine/loop.h"

#include <stdlib.h>

enum { MARK_SIZE = 17, LIST_PART = 64 };

static void fill(uint8_t *data, size_t size, uint64_t seed)
{
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data[i] = (uint8_t)(state >> 32);
    }
}

static void mark_of(const void *data, size_t size, char mark[MARK_SIZE])
{
    struct hash hash;
    char text[HASH_TEXT_SIZE];
    hash_sha256(data, size, &hash);
    hash_format(&hash, text);
    memcpy(mark, text, MARK_SIZE - 1);
    mark[MARK_SIZE - 1] = 0;
}

static uint64_t in_hours(uint64_t hours)
{
    int64_t offset = 0;
    HRESULT hr = engine_time_offset(session, &offset);
    (void)hr; /* not ready: the call that follows says so */
    return loop_utc() + (uint64_t)offset + hours * 3600 * TICKS_PER_SECOND;
}

static HRESULT write_note(const struct guid *id, size_t size, uint64_t seed, struct guid *added)
{
    uint8_t *data = malloc(size + 1);
    if (!data)
        return E_OUTOFMEMORY;
    fill(data, size, seed);
    /* An update may not end before the version that it replaces. */
    static uint64_t latest;
    uint64_t expiration = in_hours(24);
    latest = expiration > latest ? expiration : latest;
    struct engine_publish note = {
        .type = note_type, .expiration = latest, .payload = bytes_of(data, size)};
    if (id)
        note.id = *id;
    HRESULT hr =
        id ? engine_record_update(session, &note) : engine_record_add(session, &note, added);
    free(data);
    return hr;
}

/* add SIZE SEED: the id, and the times before and after the call */
void do_add(char **words)
{
    struct guid id;
    char text[GUID_TEXT_SIZE];
    uint64_t before = now_ns();
    HRESULT hr = write_note(NULL, strtoull(words[1], NULL, 10), strtoull(words[2], NULL, 10), &id);
    guid_format(&id, text);
    answer(hr, "%s %llu %llu", text, (unsigned long long)before, (unsigned long long)now_ns());
}

/* addmany COUNT SIZE */
void do_add_many(char **words)
{
    struct guid id;
    uint64_t count = strtoull(words[1], NULL, 10), i = 0;
    HRESULT hr = S_OK;
    for (; i < count && SUCCEEDED(hr); i++)
        hr = write_note(NULL, strtoull(words[2], NULL, 10), i + now_ns(), &id);
    answer(hr, "%llu", (unsigned long long)i);
}

/* update ID SIZE SEED */
void do_update(char **words)
{
    struct guid id;
    HRESULT hr = guid_parse(words[1], &id);
    if (SUCCEEDED(hr))
        hr = write_note(&id, strtoull(words[2], NULL, 10), strtoull(words[3], NULL, 10), NULL);
    answer(hr, "updated");
}

void do_remove(char **words)
{
    struct guid id;
    HRESULT hr = guid_parse(words[1], &id);
    if (SUCCEEDED(hr))
        hr = engine_record_delete(session, &id);
    answer(hr, "removed");
}

void do_get(char **words)
{
    struct guid id;
    struct engine_record record;
    char mark[MARK_SIZE] = "";
    HRESULT hr = guid_parse(words[1], &id);
    if (SUCCEEDED(hr))
        hr = engine_record_get(session, &id, &record);
    if (FAILED(hr)) {
        answer(hr, "-");
        return;
    }
    mark_of(record.payload.data, record.payload.size, mark);
    answer(hr, "%u %zu %s", record.version, record.payload.size, mark);
    engine_record_deinit(&record);
}

/* list: a line "@ id version size mark" for every record, then their number */
void do_list(char **words)
{
    (void)words;
    struct engine_snapshot snapshot;
    HRESULT hr = engine_records_begin(session, NULL, NULL, &snapshot);
    uint32_t told = 0;
    for (uint32_t first = 0; SUCCEEDED(hr) && first < snapshot.count;) {
        struct engine_record_list part;
        hr = engine_records_read(&snapshot, first, LIST_PART, &part);
        for (uint32_t i = 0; SUCCEEDED(hr) && i < part.count; i++) {
            if (part.items[i].gone)
                continue;
            char id[GUID_TEXT_SIZE], mark[MARK_SIZE];
            const struct engine_record *record = &part.items[i];
            guid_format(&record->id, id);
            mark_of(record->payload.data, record->payload.size, mark);
            say("@ %s %u %zu %s", id, record->version, record->payload.size, mark);
            told++;
        }
        first += part.count;
        engine_record_list_deinit(&part);
    }
    answer(hr, "%u", told);
    engine_records_end(&snapshot);
}

/* count: how many records list would show */
void do_count(char **words)
{
    (void)words;
    struct engine_snapshot snapshot;
    HRESULT hr = engine_records_begin(session, NULL, NULL, &snapshot);
    answer(hr, "%u", snapshot.count);
    engine_records_end(&snapshot);
}

/* ---- storm ---- */

enum { STORM_KEPT = 400, STORM_NAMES = 4096 };

struct storm {
    struct guid ids[STORM_NAMES];
    uint32_t count;
    uint64_t state;
    size_t large;
};

static uint64_t draw(struct storm *storm, uint64_t bound)
{
    storm->state = storm->state * 6364136223846793005u + 1442695040888963407u;
    return (storm->state >> 33) % bound;
}

static void tell_change(const char *sign, const char *verb, const struct guid *id, const char *mark)
{
    char text[GUID_TEXT_SIZE];
    guid_format(id, text);
    say("%s %s %s %s", sign, verb, text, mark);
}

static HRESULT storm_write(struct storm *storm, struct guid *id, size_t size)
{
    uint64_t seed = storm->state ^ now_ns();
    char mark[MARK_SIZE];
    uint8_t *data = malloc(size + 1);
    if (!data)
        return E_OUTOFMEMORY;
    fill(data, size, seed);
    mark_of(data, size, mark);
    free(data);
    bool update = id != NULL;
    struct guid added = GUID_NULL_VALUE;
    tell_change("~", update ? "update" : "add", update ? id : &added, mark);
    HRESULT hr = write_note(id, size, seed, &added);
    if (FAILED(hr))
        return hr;
    tell_change("!", update ? "update" : "add", update ? id : &added, mark);
    if (!update)
        storm->ids[storm->count++] = added;
    return S_OK;
}

static HRESULT storm_delete(struct storm *storm, uint32_t index)
{
    tell_change("~", "delete", &storm->ids[index], "-");
    HRESULT hr = engine_record_delete(session, &storm->ids[index]);
    if (FAILED(hr))
        return hr;
    tell_change("!", "delete", &storm->ids[index], "-");
    storm->ids[index] = storm->ids[--storm->count];
    return S_OK;
}

/* storm SEED LARGE: never ends but with a failure or the process; every thirtieth payload or so is
 * up to LARGE bytes */
void do_storm(char **words)
{
    static struct storm storm;
    storm = (struct storm){.state = strtoull(words[1], NULL, 10),
                           .large = strtoull(words[2], NULL, 10)};
    struct engine_snapshot snapshot;
    HRESULT hr = engine_records_begin(session, &note_type, NULL, &snapshot);
    while (SUCCEEDED(hr) && storm.count < snapshot.count && storm.count < STORM_NAMES / 2) {
        struct engine_record_list part;
        hr = engine_records_read(&snapshot, storm.count, LIST_PART, &part);
        for (uint32_t i = 0; SUCCEEDED(hr) && i < part.count && storm.count < STORM_NAMES / 2; i++)
            storm.ids[storm.count++] = part.items[i].id;
        engine_record_list_deinit(&part);
    }
    engine_records_end(&snapshot);
    while (SUCCEEDED(hr)) {
        uint64_t choice = draw(&storm, 100);
        size_t size = draw(&storm, 30) == 0 ? draw(&storm, storm.large + 1) : draw(&storm, 500);
        uint32_t index = storm.count > 0 ? (uint32_t)draw(&storm, storm.count) : 0;
        if (storm.count > STORM_KEPT || (storm.count > 0 && choice < 15))
            hr = storm_delete(&storm, index);
        else if (storm.count > 0 && choice < 40)
            hr = storm_write(&storm, &storm.ids[index], size);
        else
            hr = storm_write(&storm, NULL, size);
    }
    answer(hr, "storm");
}
