/* Do PeerGroupExportDatabase and PeerGroupImportDatabase carry a group's records in a file, and is
 * nothing of a file taken that is not right to the last byte? (semantics 15.1 to 15.3) */
#include "carry.h"

#include "base/hash.h"

#include <peergroup/extensions.h>

enum { LARGE = 200 * 1024 };

/* "home A/name" as the interface wants it, in static memory. */
static PCWSTR path_of(const char *name)
{
    static WCHAR wide[512];
    char path[256];
    size_t count;
    snprintf(path, sizeof(path), "%s/%s", home_a, name);
    assert_ok(text_to_utf16(path, wide, ARRAY_SIZE(wide), &count));
    return wide;
}

static const char *file_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", home_a, name);
    return path;
}

static uint8_t *read_file(const char *name, size_t *size)
{
    FILE *file = fopen(file_of(name), "rb");
    assert_non_null(file);
    uint8_t *data = malloc(1 << 20);
    *size = fread(data, 1, 1 << 20, file);
    fclose(file);
    return data;
}

static GUID add_large(HGROUP group)
{
    GUID id;
    uint8_t *data = malloc(LARGE);
    for (int i = 0; i < LARGE; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    PEER_RECORD record = note(group, "");
    record.data.cbData = LARGE;
    record.data.pbData = data;
    assert_ok(PeerGroupAddRecord(group, &record, &id));
    free(data);
    return id;
}

static void assert_large(HGROUP group, const GUID *id)
{
    PEER_RECORD *record = NULL;
    assert_ok(PeerGroupGetRecord(group, id, &record));
    assert_int_equal(record->data.cbData, LARGE);
    for (int i = 0; i < LARGE; i++)
        assert_int_equal(record->data.pbData[i], (uint8_t)(i * 7 + i / 251));
    PeerFreeData(record);
}

static HGROUP reopen(HGROUP group, PCWSTR identity)
{
    WCHAR *name = name_of(group);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupOpen(identity, name, NULL, &group));
    free(name);
    return group;
}

/* [point 15.1] [point 15.2] To a file, over the one that is there, and from it into the same group
 * elsewhere: small, large, updated and deleted records. */
static void test_round_trip(void **state)
{
    (void)state;
    CONTRACT("PeerGroupExportDatabase", "S_OK");
    CONTRACT("PeerGroupImportDatabase", "S_OK");
    use(home_a);
    PWSTR founder = new_identity(u"Founder");
    HGROUP group = new_group(founder);
    PWSTR config = config_of(group);
    GUID small = add_note(group, "small"), gone = add_note(group, "gone"), large;
    assert_ok(PeerGroupDeleteRecord(group, &gone));
    large = add_large(group);
    home_write(file_of("round"), "something else", 14, 0600);
    assert_ok(PeerGroupExportDatabase(group, path_of("round")));
    struct stat status;
    assert_int_equal(stat(file_of("round"), &status), 0);
    assert_int_equal(status.st_mode & 077, 0);
    assert_ok(PeerGroupClose(group));

    carry_identity(founder);
    group = open_config(config);
    assert_int_equal(record_count(group), 0);
    struct listener listener = listen_to(group);
    assert_ok(PeerGroupImportDatabase(group, path_of("round")));
    assert_int_equal(await_record(&listener, &small), PEER_RECORD_ADDED);
    stop_listening(&listener);
    assert_int_equal(record_count(group), 2);
    assert_large(group, &large);
    PEER_RECORD *record = NULL;
    assert_hr(PeerGroupGetRecord(group, &gone, &record), PEER_E_RECORD_NOT_FOUND);
    assert_ok(PeerGroupGetRecord(group, &small, &record));
    assert_memory_equal(record->data.pbData, "small", 5);

    /* What is newer here stays; the same again changes nothing. */
    record->data.pbData = (PBYTE) "newer";
    assert_ok(PeerGroupUpdateRecord(group, record));
    PeerFreeData(record);
    assert_ok(PeerGroupImportDatabase(group, path_of("round")));
    group = reopen(group, founder);
    assert_ok(PeerGroupGetRecord(group, &small, &record));
    assert_memory_equal(record->data.pbData, "newer", 5);
    PeerFreeData(record);
    assert_int_equal(record_count(group), 2);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(founder);
    PeerFreeData(config);
}

/* [point 15.2] After Join: whoever has the Security Properties from the file is ready, before it
 * has met anybody. */
static void test_joiner_becomes_ready(void **state)
{
    (void)state;
    struct pair pair;
    use(home_a);
    pair_begin(&pair, NULL);
    GUID id = add_note(pair.member, "mine");
    PWSTR invitation = invite(pair.founder, pair.member_name, NULL);
    assert_ok(PeerGroupExportDatabase(pair.member, path_of("joiner"))); /* [point 15.3] connected */
    assert_ok(PeerGroupClose(pair.member));
    carry_identity(pair.member_name);
    assert_ok(PeerGroupJoin(pair.member_name, invitation, NULL, &pair.member));
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_hr(PeerGroupGetProperties(pair.member, &properties), PEER_E_GROUP_NOT_READY);
    assert_ok(PeerGroupImportDatabase(pair.member, path_of("joiner")));
    assert_ok(PeerGroupGetProperties(pair.member, &properties));
    PeerFreeData(properties);
    PEER_RECORD *record = NULL;
    assert_ok(PeerGroupGetRecord(pair.member, &id, &record));
    PeerFreeData(record);
    add_note(pair.member, "at once");
    pair.member = reopen(pair.member, pair.member_name);
    assert_int_equal(record_count(pair.member), 2);
    go_online(pair.member);
    pair_end(&pair);
    PeerFreeData(invitation);
}

static bool has_gone(const PEER_GROUP_EVENT_DATA *event, const void *name)
{
    return event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
           event->memberChangeData.changeType == PEER_MEMBER_LEFT &&
           wide_equal(event->memberChangeData.pwzIdentity, name);
}

/* [point 15.2] A file that is older than a removal which the invitation's issuer knew of makes
 * nobody ready: the removed would be admitted. A newer one does. */
static void test_old_file_hides_removal(void **state)
{
    (void)state;
    struct pair pair;
    use(home_a);
    pair_begin(&pair, NULL);
    PWSTR guest = new_identity(u"Guest");
    HGROUP group = join(pair.founder, guest, NULL);
    go_online(group);
    assert_ok(PeerGroupExportDatabase(pair.member, path_of("early")));
    struct listener listener = listen_to(pair.member);
    assert_ok(PeerGroupRevokeMember(pair.founder, guest, 0));
    PeerFreeData(await(&listener, has_gone, guest));
    stop_listening(&listener);
    PWSTR invitation = invite(pair.founder, pair.member_name, NULL);
    assert_ok(PeerGroupExportDatabase(pair.member, path_of("late")));
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupClose(pair.member));
    carry_identity(pair.member_name);
    assert_ok(PeerGroupJoin(pair.member_name, invitation, NULL, &pair.member));
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_ok(PeerGroupImportDatabase(pair.member, path_of("early")));
    assert_hr(PeerGroupGetProperties(pair.member, &properties), PEER_E_GROUP_NOT_READY);
    assert_ok(PeerGroupImportDatabase(pair.member, path_of("late")));
    assert_ok(PeerGroupGetProperties(pair.member, &properties));
    PeerFreeData(properties);
    pair_end(&pair);
    PeerFreeData(invitation);
    PeerFreeData(guest);
}

/* [point 15.2] Not once connected, and not into a group that was just created. */
static void test_in_use(void **state)
{
    (void)state;
    CONTRACT("PeerGroupImportDatabase", "PEER_E_GROUP_IN_USE");
    use(home_a);
    PWSTR founder = new_identity(u"Founder");
    HGROUP group = new_group(founder);
    assert_ok(PeerGroupExportDatabase(group, path_of("used")));
    assert_hr(PeerGroupImportDatabase(group, path_of("used")), PEER_E_GROUP_IN_USE);
    group = reopen(group, founder);
    assert_ok(PeerGroupImportDatabase(group, path_of("used")));
    go_online(group);
    assert_hr(PeerGroupImportDatabase(group, path_of("used")), PEER_E_GROUP_IN_USE);
    assert_ok(PeerGroupExportDatabase(group, path_of("used"))); /* [point 15.3] */
    assert_ok(PeerGroupClose(group));
    PeerFreeData(founder);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupExportDatabase", "E_INVALIDARG");
    CONTRACT("PeerGroupImportDatabase", "E_INVALIDARG");
    CONTRACT("PeerGroupImportDatabase", "PEER_E_INVALID_GROUP");
    use(home_a);
    PWSTR founder = new_identity(u"Founder");
    HGROUP group = new_group(founder);
    group = reopen(group, founder);
    static const PCWSTR bad[] = {NULL,        u"",      u"relative",   u"./here",
                                 u"C:\\here", u"/tmp/", lone_surrogate};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_hr(PeerGroupExportDatabase(group, bad[i]), E_INVALIDARG);
        assert_hr(PeerGroupImportDatabase(group, bad[i]), E_INVALIDARG);
    }
    assert_hr(PeerGroupExportDatabase(NULL, path_of("x")), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupImportDatabase(NULL, path_of("x")), PEER_E_INVALID_GROUP);
    assert_ok(PeerGroupClose(group));
    assert_hr(PeerGroupExportDatabase(group, path_of("x")), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupImportDatabase(group, path_of("x")), PEER_E_INVALID_GROUP);
    PeerFreeData(founder);
}

/* [point 15.1] What the file system says: no file, no folder, a folder, no right. */
static bool refused_files(void)
{
    PEER_VERSION_DATA version;
    HGROUP group = NULL;
    PWSTR founder = NULL;
    strcpy(home_a, test_home);
    PEER_GROUP_PROPERTIES properties;
    bool well = expect_hr(PeerGroupStartup(PEER_GROUP_VERSION, &version), S_OK) &&
                expect_hr(PeerIdentityCreate(NULL, u"F", 0, &founder), S_OK);
    properties = properties_by(founder);
    well = well && expect_hr(PeerGroupCreate(&properties, &group), S_OK);
    if (!well)
        return false;
    group = reopen(group, founder);
    const HRESULT denied = HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED);
    mkdir(file_of("folder"), 0700);
    well &= expect_hr(PeerGroupImportDatabase(group, path_of("missing")),
                      HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
    well &= expect_hr(PeerGroupExportDatabase(group, path_of("no/such/folder")),
                      HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND));
    well &= expect_hr(PeerGroupExportDatabase(group, path_of("user.db/below")),
                      HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND));
    well &= expect_hr(PeerGroupExportDatabase(group, path_of("folder")), denied);
    well &= expect_hr(PeerGroupImportDatabase(group, path_of("folder")), denied);
    chmod(file_of("folder"), 0500);
    well &= expect_hr(PeerGroupExportDatabase(group, path_of("folder/file")), denied);
    chmod(file_of("folder"), 0700);
    well &= expect_hr(PeerGroupExportDatabase(group, path_of("folder/file")), S_OK);
    chmod(file_of("folder/file"), 0);
    well &= expect_hr(PeerGroupImportDatabase(group, path_of("folder/file")), denied);
    well &= expect_hr(PeerGroupExportDatabase(group, u"/dev/null/x"),
                      HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND));
    well &= expect_hr(PeerGroupClose(group), S_OK);
    PeerFreeData(founder);
    return well && expect_hr(PeerGroupShutdown(), S_OK);
}

static void test_file_errors(void **state)
{
    (void)state;
    CONTRACT("PeerGroupExportDatabase", "family:WIN32_FILE");
    CONTRACT("PeerGroupImportDatabase", "family:WIN32_FILE");
    assert_ok(PeerGroupShutdown()); /* threads do not survive a fork */
    use(home_a);
    as_ordinary_user(refused_files);
    PEER_VERSION_DATA version;
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
}

/* Of another identity, of another group. */
static void test_same_group_and_identity_only(void **state)
{
    (void)state;
    struct pair pair;
    use(home_a);
    pair_begin(&pair, NULL);
    HGROUP other = new_group(pair.founder_name);
    assert_ok(PeerGroupExportDatabase(pair.founder, path_of("founder")));
    assert_ok(PeerGroupExportDatabase(other, path_of("strange")));
    assert_ok(PeerGroupClose(other));
    pair.member = reopen(pair.member, pair.member_name);
    assert_hr(PeerGroupImportDatabase(pair.member, path_of("founder")), E_INVALIDARG);
    pair.founder = reopen(pair.founder, pair.founder_name);
    assert_hr(PeerGroupImportDatabase(pair.founder, path_of("strange")), E_INVALIDARG);
    pair_end(&pair);
}

/* ---- altered files ---- */

/* Gives a changed content the trailer that belongs to it, as whoever alters a file can. */
static void seal(uint8_t *data, size_t size)
{
    struct hash hash;
    hash_sha256(data, size - HASH_SIZE - 8 - 5, &hash);
    memcpy(data + size - HASH_SIZE, hash.bytes, HASH_SIZE);
}

static ULONG member_count(HGROUP group)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupEnumMembers(group, 0, NULL, &enumeration));
    return count_of(enumeration);
}

static void assert_file_refused(HGROUP group, const uint8_t *data, size_t size)
{
    home_write(file_of("altered"), data, size, 0600);
    assert_hr(PeerGroupImportDatabase(group, path_of("altered")), E_INVALIDARG);
    assert_int_equal(record_count(group), 0);
    assert_int_equal(member_count(group), 1);
}

static size_t u32_at(const uint8_t *data)
{
    return (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
}

enum { VERSION_AT = 19, NAMES_AT = 20, WRITTEN_SIZE = 8, FRAME = 5 };

/* Where the time of writing stands: after two names and a flag. */
static size_t written_at(const uint8_t *data)
{
    size_t at = NAMES_AT;
    for (int name = 0; name < 2; name++)
        at += 4 + u32_at(data + at);
    return at + 1;
}

/* A file with certificates, small records and a large one in pieces; a group that it fits, which is
 * at folder B. */
static uint8_t *whole_file(HGROUP *group, size_t *size)
{
    use(home_a);
    PWSTR founder = new_identity(u"Founder"), other = new_identity(u"Other");
    *group = new_group(founder);
    PWSTR config = config_of(*group);
    add_note(*group, "one");
    add_note(*group, "two");
    announce(*group, other);
    add_large(*group);
    assert_ok(PeerGroupExportDatabase(*group, path_of("whole")));
    assert_ok(PeerGroupClose(*group));
    carry_identity(founder);
    *group = open_config(config);
    PeerFreeData(other);
    PeerFreeData(founder);
    PeerFreeData(config);
    return read_file("whole", size);
}

/* Changes one byte, with the trailer that was there and with one that fits; neither is taken. */
static void assert_byte_counts(HGROUP group, uint8_t *data, size_t size, size_t at)
{
    uint8_t trailer[HASH_SIZE];
    memcpy(trailer, data + size - HASH_SIZE, HASH_SIZE);
    data[at] ^= 0x10;
    assert_file_refused(group, data, size);
    if (at < size - HASH_SIZE) {
        seal(data, size);
        assert_file_refused(group, data, size);
        memcpy(data + size - HASH_SIZE, trailer, HASH_SIZE);
    }
    data[at] ^= 0x10;
}

/* Any byte, in each part of the file: the header, and of each item its type, its length and places
 * all over it. Nothing is taken. The time of writing, of no effect, may be anybody's who gives the
 * file a trailer that fits: that one is taken, with all there is. */
static void test_altered(void **state)
{
    (void)state;
    HGROUP group;
    size_t size, items = 0;
    uint8_t *data = whole_file(&group, &size);
    const size_t written = written_at(data);
    for (size_t at = 0; at < written; at += 7)
        assert_byte_counts(group, data, size, at);
    assert_byte_counts(group, data, size, written - 1);
    size_t at = written + WRITTEN_SIZE;
    for (; at < size; items++) {
        const size_t body = u32_at(data + at + 1), end = at + FRAME + body;
        assert_true(end <= size);
        assert_byte_counts(group, data, size, at);
        assert_byte_counts(group, data, size, at + 1 + items % 4);
        for (size_t inside = at + FRAME; inside < end; inside += 1 + body / 8)
            assert_byte_counts(group, data, size, inside);
        assert_byte_counts(group, data, size, end - 1);
        at = end;
    }
    assert_int_equal(at, size);
    assert_true(items > 12); /* two certificates, five records, seven pieces, the trailer */
    data[written + 3] ^= 0x10;
    assert_file_refused(group, data, size);
    seal(data, size);
    home_write(file_of("altered"), data, size, 0600);
    assert_ok(PeerGroupImportDatabase(group, path_of("altered")));
    assert_int_equal(record_count(group), 3);
    assert_int_equal(member_count(group), 2);
    assert_ok(PeerGroupClose(group));
    free(data);
}

/* The signature of the record with this number in a file; NULL: it has fewer. */
static uint8_t *signature_in(uint8_t *data, size_t size, unsigned number)
{
    uint8_t *item = data + written_at(data) + WRITTEN_SIZE;
    for (; item < data + size; item += FRAME + u32_at(item + 1))
        if (item[0] == 2 && number-- == 0)
            return item + FRAME + HASH_SIZE;
    return NULL;
}

/* One signature that does not hold, in whichever part of a longer file: nothing is taken. */
static void test_one_signature_of_many(void **state)
{
    (void)state;
    enum { NOTES = 600 };
    use(home_a);
    PWSTR founder = new_identity(u"Founder");
    HGROUP group = new_group(founder);
    PWSTR config = config_of(group);
    for (int i = 0; i < NOTES; i++)
        add_note(group, "note");
    assert_ok(PeerGroupExportDatabase(group, path_of("whole")));
    assert_ok(PeerGroupClose(group));
    carry_identity(founder);
    group = open_config(config);
    size_t size;
    uint8_t *data = read_file("whole", &size);
    assert_null(signature_in(data, size, NOTES + 100));
    static const unsigned numbers[] = {0, 130, 300, 470, NOTES - 1};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint8_t *signature = signature_in(data, size, numbers[i]);
        assert_non_null(signature);
        signature[40] ^= 1;
        seal(data, size);
        assert_file_refused(group, data, size);
        signature[40] ^= 1;
    }
    assert_ok(PeerGroupImportDatabase(group, path_of("whole")));
    assert_int_equal(record_count(group), NOTES);
    assert_ok(PeerGroupClose(group));
    free(data);
    PeerFreeData(founder);
    PeerFreeData(config);
}

/* Any end, something after it, another version. */
static void test_truncated(void **state)
{
    (void)state;
    use(home_a);
    PWSTR founder = new_identity(u"Founder");
    HGROUP group = new_group(founder);
    PWSTR config = config_of(group);
    add_note(group, "one");
    assert_ok(PeerGroupExportDatabase(group, path_of("whole")));
    assert_ok(PeerGroupClose(group));
    carry_identity(founder);
    group = open_config(config);
    size_t size;
    uint8_t *data = read_file("whole", &size);
    data = realloc(data, size + 1);
    data[size] = 0;
    assert_file_refused(group, data, size + 1);
    for (size_t end = 0; end < size; end += 1 + end / 7)
        assert_file_refused(group, data, end);
    data[VERSION_AT] = 2;
    seal(data, size);
    assert_file_refused(group, data, size);
    assert_ok(PeerGroupClose(group));
    free(data);
    PeerFreeData(founder);
    PeerFreeData(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_joiner_becomes_ready),
        cmocka_unit_test(test_in_use),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_file_errors),
        cmocka_unit_test(test_same_group_and_identity_only),
        cmocka_unit_test(test_altered),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_old_file_hides_removal),
        cmocka_unit_test(test_one_signature_of_many),
    };
    return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
