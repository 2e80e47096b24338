/* Do PeerGroupExportConfig and PeerGroupImportConfig let the same identity use a group on another
 * machine, and refuse what was altered? (semantics 15.4 to 15.7) */
#include "carry.h"

#include "engine/engine.h"
#include "group/group_config.h"

/* [point 15.4] [point 15.5] The documented elements in their order; what is secret stands in
 * another. The creator goes on alone on the new machine: it can write, and it can invite. */
static void test_creator_moves(void **state)
{
    (void)state;
    CONTRACT("PeerGroupExportConfig", "S_OK");
    CONTRACT("PeerGroupImportConfig", "S_OK");
    static const char *const order[] = {"<PEERGROUPCONFIG VERSION=\"1.0\">",
                                        "<IDENTITYPEERNAME>",
                                        "<GROUPPEERNAME>",
                                        "<CLOUDNAME",
                                        "<SCOPE>GLOBAL<",
                                        "<CLOUDFLAGS>0<",
                                        "<GMC",
                                        "<GROUPDATA",
                                        "</PEERGROUPCONFIG>"};
    use(home_a);
    PWSTR founder = new_identity(u"Founder"), guest = NULL;
    HGROUP group = new_group(founder);
    WCHAR *name = name_of(group);
    PWSTR xml = config_of(group);
    char *text = narrow(xml);
    const char *at = text;
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        at = strstr(at, order[i]);
        assert_non_null(at);
    }
    assert_ok(PeerGroupClose(group));
    carry_identity(founder);
    group = open_config(xml);
    WCHAR *again = name_of(group);
    assert_wide_equal(again, name);
    add_note(group, "on the new machine");
    guest = new_identity(u"Guest");
    PeerFreeData(invite(group, guest, &PEER_GROUP_ROLE_ADMIN));
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_ok(PeerGroupGetProperties(group, &properties));
    properties->pwzComment = (PWSTR)u"moved";
    assert_ok(PeerGroupSetProperties(group, properties));
    PeerFreeData(properties);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(founder);
    PeerFreeData(guest);
    PeerFreeData(xml);
    mem_free(text);
    free(name);
    free(again);
}

/* [point 15.7] A member: what comes back feeds PeerGroupOpen; after the connection the records are
 * here, though the document held none, and others hear of its own. */
static void test_member_moves(void **state)
{
    (void)state;
    struct pair pair;
    use(home_a);
    pair_begin(&pair, NULL);
    GUID id = add_note(pair.founder, "from the founder");
    PWSTR xml = config_of(pair.member);
    assert_ok(PeerGroupClose(pair.member));
    carry_identity(pair.member_name);
    pair.member = open_config(xml);
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_hr(PeerGroupGetProperties(pair.member, &properties), PEER_E_GROUP_NOT_READY);
    go_online(pair.member);
    PEER_RECORD *record = NULL;
    assert_ok(PeerGroupGetRecord(pair.member, &id, &record));
    PeerFreeData(record);
    struct listener listener = listen_to(pair.founder);
    GUID own = add_note(pair.member, "from the new machine");
    assert_int_equal(await_record(&listener, &own), PEER_RECORD_ADDED);
    stop_listening(&listener);
    pair_end(&pair);
    PeerFreeData(xml);
}

/* A joiner that has never met anybody can move, too: it carries its invitation's hints. */
static void test_joiner_moves(void **state)
{
    (void)state;
    use(home_a);
    PWSTR founder_name = new_identity(u"Founder"), name = new_identity(u"Member");
    HGROUP founder = new_group(founder_name);
    go_online(founder);
    HGROUP member = join(founder, name, NULL);
    PWSTR xml = config_of(member);
    assert_ok(PeerGroupClose(member));
    carry_identity(name);
    member = open_config(xml);
    go_online(member);
    assert_ok(PeerGroupClose(member));
    assert_ok(PeerGroupClose(founder));
    PeerFreeData(founder_name);
    PeerFreeData(name);
    PeerFreeData(xml);
}

/* [point 15.7] Without fOverwrite what is here stays; with it, the records do. */
static void test_already_exists(void **state)
{
    (void)state;
    CONTRACT("PeerGroupImportConfig", "PEER_E_ALREADY_EXISTS");
    use(home_a);
    PWSTR founder = new_identity(u"Founder"), identity = (PWSTR)1, name = (PWSTR)1;
    HGROUP group = new_group(founder);
    PWSTR xml = config_of(group);
    add_note(group, "kept");
    assert_hr(PeerGroupImportConfig(xml, secret, FALSE, &identity, &name), PEER_E_ALREADY_EXISTS);
    assert_null(identity);
    assert_null(name);
    assert_hr(PeerGroupImportConfig(xml, secret, TRUE, &identity, &name), PEER_E_GROUP_IN_USE);
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_ok(PeerGroupGetProperties(group, &properties));
    properties->pwzComment = (PWSTR)u"newer than the export";
    assert_ok(PeerGroupSetProperties(group, properties));
    PeerFreeData(properties);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupImportConfig(xml, secret, TRUE, &identity, &name));
    assert_wide_equal(identity, founder);
    assert_ok(PeerGroupOpen(identity, name, NULL, &group));
    assert_int_equal(record_count(group), 1);
    assert_ok(PeerGroupGetProperties(group, &properties));
    assert_wide_equal(properties->pwzComment, u"newer than the export");
    PeerFreeData(properties);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(founder);
    PeerFreeData(identity);
    PeerFreeData(name);
    PeerFreeData(xml);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupExportConfig", "E_INVALIDARG");
    CONTRACT("PeerGroupImportConfig", "E_INVALIDARG");
    use(home_a);
    PWSTR founder = new_identity(u"Founder"), xml = (PWSTR)1, identity = NULL, name = NULL;
    WCHAR *long_one = wide_fill(u'p', 256);
    HGROUP group = new_group(founder);
    assert_hr(PeerGroupExportConfig(group, NULL, &xml), E_INVALIDARG);
    assert_null(xml);
    assert_hr(PeerGroupExportConfig(group, secret, NULL), E_INVALIDARG);
    assert_hr(PeerGroupExportConfig(group, long_one, &xml), E_INVALIDARG);
    assert_hr(PeerGroupExportConfig(group, lone_surrogate, &xml), E_INVALIDARG);
    assert_hr(PeerGroupExportConfig(NULL, secret, &xml), PEER_E_INVALID_GROUP);
    assert_null(xml);
    /* [point 15.6] Any password. */
    assert_ok(PeerGroupExportConfig(group, u"", &xml));
    assert_hr(PeerGroupImportConfig(xml, u"a", FALSE, &identity, &name), E_INVALIDARG);
    assert_hr(PeerGroupImportConfig(xml, u"", FALSE, &identity, &name), PEER_E_ALREADY_EXISTS);
    assert_hr(PeerGroupImportConfig(NULL, u"", FALSE, &identity, &name), E_INVALIDARG);
    assert_hr(PeerGroupImportConfig(xml, NULL, FALSE, &identity, &name), E_INVALIDARG);
    assert_hr(PeerGroupImportConfig(xml, u"", FALSE, NULL, &name), E_INVALIDARG);
    assert_hr(PeerGroupImportConfig(xml, u"", FALSE, &identity, NULL), E_INVALIDARG);
    assert_hr(PeerGroupImportConfig(u"<a/>", u"", FALSE, &identity, &name), E_INVALIDARG);
    assert_ok(PeerGroupClose(group));
    /* The identity must be here first. */
    use(home_b);
    assert_hr(PeerGroupImportConfig(xml, u"", FALSE, &identity, &name), E_INVALIDARG);
    assert_null(identity);
    assert_null(name);
    PeerFreeData(founder);
    PeerFreeData(xml);
    free(long_one);
}

static void assert_refused(const char *text)
{
    PWSTR identity = (PWSTR)1, name = (PWSTR)1;
    WCHAR *wide = widen(text);
    assert_hr(PeerGroupImportConfig(wide, secret, FALSE, &identity, &name), E_INVALIDARG);
    assert_null(identity);
    assert_null(name);
    free(wide);
}

/* The document is bound together: no element can be altered, dropped, doubled or exchanged. */
static void test_altered(void **state)
{
    (void)state;
    use(home_a);
    PWSTR founder = new_identity(u"Founder");
    HGROUP group = new_group(founder), other = new_group(founder);
    PWSTR xml = config_of(group), other_xml = config_of(other);
    WCHAR *name = name_of(group), *other_name = name_of(other);
    char *text = narrow(xml), *mine = narrow(name), *others = narrow(other_name);
    char *other_text = narrow(other_xml);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupClose(other));
    carry_identity(founder);
    const char *changes[][2] = {{"VERSION=\"1.0\"", "VERSION=\"2.0\""},
                                {"<CLOUDNAME", "<X/><CLOUDNAME"},
                                {">GLOBAL<", ">LINKLOCAL<"},
                                {">GLOBAL<", ">WORLD<"},
                                {"<CLOUDFLAGS>0", "<CLOUDFLAGS>1"},
                                {"<CLOUDFLAGS>0", "<CLOUDFLAGS>00"},
                                {"bin.base64", "bin.hex"},
                                {"</GMC>", "AAAA</GMC>"},
                                {"</GROUPDATA>", "AAAA</GROUPDATA>"},
                                {"</PEERGROUPCONFIG>", ""},
                                {"</IDENTITYPEERNAME>", "x</IDENTITYPEERNAME>"},
                                {mine, others}};
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        char *altered = replaced(text, changes[i][0], changes[i][1]);
        assert_refused(altered);
        free(altered);
    }
    /* The secret part of another group's document, and one character of it. */
    char *data = strstr(text, "<GROUPDATA"), *other_data = strstr(other_text, "<GROUPDATA");
    char *mixed = calloc(1, strlen(text) + strlen(other_data) + 1);
    memcpy(mixed, text, (size_t)(data - text));
    strcat(mixed, other_data);
    assert_refused(mixed);
    char *middle = data + strlen(data) / 2;
    *middle = *middle == 'A' ? 'B' : 'A';
    assert_refused(text);
    assert_int_equal(group_count(founder), 0);
    free(mixed);
    mem_free(text);
    mem_free(mine);
    mem_free(others);
    mem_free(other_text);
    free(name);
    free(other_name);
    PeerFreeData(xml);
    PeerFreeData(other_xml);
    PeerFreeData(founder);
}

/* ---- keys ---- */

static HGROUP locked_group;

static HRESULT call_locked(void)
{
    PWSTR xml = (PWSTR)1;
    HRESULT hr = PeerGroupExportConfig(locked_group, secret, &xml);
    assert_true(SUCCEEDED(hr) || !xml);
    PeerFreeData(xml);
    return hr;
}

static void test_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupExportConfig", "PEER_E_NO_KEY_ACCESS");
    use(home_a);
    PWSTR founder = new_identity(u"Founder");
    locked_group = new_group(founder);
    assert_hr(group_locked(call_locked), PEER_E_NO_KEY_ACCESS);
    assert_ok(call_locked());
    assert_ok(PeerGroupClose(locked_group));
    PeerFreeData(founder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creator_moves), cmocka_unit_test(test_member_moves),
        cmocka_unit_test(test_joiner_moves),  cmocka_unit_test(test_already_exists),
        cmocka_unit_test(test_bad_arguments), cmocka_unit_test(test_altered),
        cmocka_unit_test(test_no_key_access),
    };
    return cmocka_run_group_tests(tests, carry_setup, carry_teardown);
}
