/* Does an invitation say after parsing what its issuer put in? Is every alteration, contradiction
 * and malformed text refused, with the codes of PeerGroupParseInvitation? */
#include "scene.h"
#include "support/test.h"
#include "support/xml_memory.h"

#include "group/invitation_data.h"
#include "group/peer_name.h"

struct fixture {
    struct scene scene;
    struct party invitee;
    struct buffer chain; /* of the invitee */
    struct buffer own;   /* of the founder */
    struct buffer xml;
    struct buffer password_xml;
};

static HRESULT make_password_form(struct fixture *fixture, const char *name,
                                  const struct group_password *password, struct buffer *xml)
{
    struct invitation invitation = {.scheme = GROUP_SCHEME_PASSWORD,
                                    .cloud = "",
                                    .scope = SCOPE_LINK_LOCAL,
                                    .cloud_flags = CLOUD_FLAG_PRIVATE,
                                    .group_name = name,
                                    .group_friendly_name = "Ch\xC3\xB6r & <more>",
                                    .rendezvous = {.secret = {4}, .epoch = 9},
                                    .password = *password,
                                    .chain = buffer_view(&fixture->own)};
    return invitation_make(&invitation, fixture->scene.founder.key, xml);
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct group_password password = {
        .role = ROLE_MEMBER, .salt = {1}, .cost = {.memory_kib = 65536, .passes = 3}};
    fixture = (struct fixture){.invitee = party_new(9)};
    scene_init(&fixture.scene);
    struct party *founder = &fixture.scene.founder;
    struct issue_request request = issue_for(&fixture.invitee, ROLE_INVITING_MEMBER);
    fixture.chain = party_issue(founder, &request);
    fixture.xml = party_invite(founder, buffer_view(&fixture.chain));
    assert_ok(security_own_chain(founder->security, SCENE_NOW, &fixture.own));
    assert_ok(make_password_form(&fixture, security_graph_id(founder->security), &password,
                                 &fixture.password_xml));
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    scene_deinit(&fixture->scene);
    party_deinit(&fixture->invitee);
    buffer_deinit(&fixture->chain);
    buffer_deinit(&fixture->own);
    buffer_deinit(&fixture->xml);
    buffer_deinit(&fixture->password_xml);
    return 0;
}

static void test_certificate_form(void **state)
{
    struct fixture *fixture = *state;
    struct invitation read;
    struct revocation_summary summary;
    assert_ok(invitation_parse(buffer_view(&fixture->xml), &read));
    assert_int_equal(read.scheme, GROUP_SCHEME_CERTIFICATE);
    assert_string_equal(read.cloud, "Global_");
    assert_int_equal(read.scope, SCOPE_GLOBAL);
    assert_int_equal(read.cloud_flags, 0);
    assert_string_equal(read.group_name, security_graph_id(fixture->scene.founder.security));
    assert_string_equal(read.group_friendly_name, "Choir");
    assert_string_equal(read.subject->peer_name, fixture->invitee.name);
    assert_string_equal(read.subject->friendly_name, "Ann");
    assert_int_equal(read.subject->roles, ROLE_INVITING_MEMBER);
    assert_string_equal(read.issuer->peer_name, fixture->scene.founder.name);
    assert_int_equal(read.hint_count, 1);
    assert_int_equal(read.hints[0].port, 3587);
    assert_int_equal(read.hints[0].ip[12], 127);
    assert_int_equal(read.rendezvous.epoch, 1);
    assert_memory_equal(read.rendezvous.secret,
                        security_rendezvous(fixture->scene.founder.security)->secret,
                        RENDEZVOUS_SECRET_SIZE);
    security_revocations(fixture->scene.founder.security, &summary);
    assert_int_equal(read.revocations.count, 0);
    assert_true(hash_equal(&read.revocations.sum, &summary.sum));
    assert_true(bytes_equal(read.chain, buffer_view(&fixture->chain)));
    invitation_deinit(&read);
}

static void test_password_form(void **state)
{
    struct fixture *fixture = *state;
    struct invitation read;
    assert_ok(invitation_parse(buffer_view(&fixture->password_xml), &read));
    assert_int_equal(read.scheme, GROUP_SCHEME_PASSWORD);
    assert_null(read.subject);
    assert_string_equal(read.cloud, "");
    assert_int_equal(read.scope, SCOPE_LINK_LOCAL);
    assert_int_equal(read.cloud_flags, CLOUD_FLAG_PRIVATE);
    assert_string_equal(read.group_friendly_name, "Ch\xC3\xB6r & <more>");
    assert_string_equal(read.issuer->peer_name, fixture->scene.founder.name);
    assert_int_equal(read.password.salt[0], 1);
    assert_int_equal(read.password.cost.passes, 3);
    invitation_deinit(&read);
}

static void test_every_changed_byte_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    struct buffer *texts[] = {&fixture->xml, &fixture->password_xml};
    for (size_t t = 0; t < ARRAY_SIZE(texts); t++) {
        for (size_t i = 0; i < texts[t]->size; i++) {
            struct invitation read;
            texts[t]->data[i] ^= 1;
            HRESULT hr = invitation_parse(buffer_view(texts[t]), &read);
            texts[t]->data[i] ^= 1;
            if (hr != PEER_E_INVITATION_NOT_TRUSTED && hr != PEER_E_UNSUPPORTED_VERSION)
                print_error("byte %zu of text %zu\n", i, t);
            assert_true(hr == PEER_E_INVITATION_NOT_TRUSTED || hr == PEER_E_UNSUPPORTED_VERSION);
        }
    }
}

static struct buffer replaced(const struct buffer *xml, const char *from, const char *to)
{
    struct buffer result = BUFFER_NULL;
    const char *text = (const char *)xml->data;
    const char *at = strstr(text, from);
    assert_non_null(at);
    assert_ok(buffer_append(&result, text, (size_t)(at - text)));
    assert_ok(buffer_append_text(&result, to));
    assert_ok(buffer_append_text(&result, at + strlen(from)));
    return result;
}

static void test_altered_text(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        bool password;
        const char *from, *to;
        HRESULT want;
    } cases[] = {
        {false, "VERSION=\"2.0\"", "VERSION=\"1.1\"", PEER_E_UNSUPPORTED_VERSION},
        {false, "VERSION=\"2.0\"", "VERSION=\"3.0\" NEW=\"1\"", PEER_E_UNSUPPORTED_VERSION},
        {false, " VERSION=\"2.0\"", "", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "VERSION=\"2.0\"", "VERSION=\"2.0\" MORE=\"1\"", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<SCOPE>GLOBAL</SCOPE>", "<SCOPE>LINKLOCAL</SCOPE>", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<SCOPE>GLOBAL</SCOPE>", "<SCOPE>ANY</SCOPE>", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<SCOPE>GLOBAL</SCOPE>", "", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<SCOPE>", "<SCOPE>GLOBAL</SCOPE><SCOPE>", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<SCOPE>", "<NEW/><SCOPE>", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<SCOPE>", "text<SCOPE>", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<SCOPE>", "<SCOPE A=\"1\">", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<CLOUDFLAGS>0", "<CLOUDFLAGS>1", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<CLOUDNAME>Global_", "<CLOUDNAME>Global", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "</GMC>",
         "</GMC><GROUPPEERNAME>x</GROUPPEERNAME><GROUPFRIENDLYNAME>x</GROUPFRIENDLYNAME>",
         PEER_E_INVITATION_NOT_TRUSTED},
        {true, "&lt;more&gt;", "more", PEER_E_INVITATION_NOT_TRUSTED},
        {true, "<GROUPFRIENDLYNAME>", "<GROUPFRIENDLYNAME>x", PEER_E_INVITATION_NOT_TRUSTED},
        {false, "<PEERINVITATION", "<!DOCTYPE x><PEERINVITATION", E_INVALIDARG},
        {false, "<SCOPE>GLOBAL</SCOPE>", "<!-- a remark --><SCOPE>GLOBAL</SCOPE>", S_OK},
        {false, "<SCOPE>GLOBAL</SCOPE>", "\n  <SCOPE>GLOBAL</SCOPE>", S_OK},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct buffer *xml = cases[i].password ? &fixture->password_xml : &fixture->xml;
        struct buffer changed = replaced(xml, cases[i].from, cases[i].to);
        struct invitation read;
        HRESULT hr = invitation_parse(buffer_view(&changed), &read);
        if (hr != cases[i].want)
            print_error("case %zu\n", i);
        assert_hr(hr, cases[i].want);
        invitation_deinit(&read);
        buffer_deinit(&changed);
    }
}

static void test_no_invitation_at_all(void **state)
{
    struct fixture *fixture = *state;
    struct invitation read;
    static const char *const texts[] = {"",
                                        "x",
                                        "<PEERINVITATION/>",
                                        "<PEERINVITATION VERSION=\"2.0\"/>",
                                        "<OTHER VERSION=\"2.0\"/>",
                                        "<x:PEERINVITATION xmlns:x=\"y\" VERSION=\"2.0\"/>"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_hr(invitation_parse(bytes_of_text(texts[i]), &read), PEER_E_INVITATION_NOT_TRUSTED);
    for (size_t size = 0; size < fixture->xml.size; size += 17)
        assert_hr(invitation_parse(bytes_of(fixture->xml.data, size), &read),
                  PEER_E_INVITATION_NOT_TRUSTED);
    struct buffer large = BUFFER_NULL;
    while (large.size <= LIMIT_XML_SIZE)
        assert_ok(buffer_append_text(&large, "<!-- long -->"));
    assert_hr(invitation_parse(buffer_view(&large), &read), E_INVALIDARG);
    buffer_deinit(&large);
}

/* Each part is right in itself, but they were not made for each other. */
static void test_parts_of_two_invitations_do_not_mix(void **state)
{
    struct fixture *fixture = *state;
    struct party other = party_new(11);
    struct issue_request request = issue_for(&other, ROLE_ADMIN);
    struct buffer chain = party_issue(&fixture->scene.founder, &request);
    struct buffer xml = party_invite(&fixture->scene.founder, buffer_view(&chain));
    const char *mine = strstr((const char *)fixture->xml.data, "<GROUPDATA");
    const char *theirs = strstr((const char *)xml.data, "<GROUPDATA");
    struct buffer mixed = BUFFER_NULL;
    struct invitation read;
    assert_ok(
        buffer_append(&mixed, fixture->xml.data, (size_t)(mine - (const char *)fixture->xml.data)));
    assert_ok(buffer_append_text(&mixed, theirs));
    assert_hr(invitation_parse(buffer_view(&mixed), &read), PEER_E_INVITATION_NOT_TRUSTED);
    buffer_deinit(&mixed);
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_deinit(&other);
}

static void test_contradictions_are_refused_though_they_are_signed(void **state)
{
    struct fixture *fixture = *state;
    struct buffer xml = BUFFER_NULL;
    struct invitation read;
    const char *name = security_graph_id(fixture->scene.founder.security);
    struct group_password none = {.role = 0};
    struct group_password cheap = {.role = 1, .cost = {.memory_kib = 1, .passes = 1}};
    struct group_password good = {.role = 1, .cost = {.memory_kib = 65536, .passes = 1}};
    assert_ok(make_password_form(fixture, name, &none, &xml));
    assert_hr(invitation_parse(buffer_view(&xml), &read), PEER_E_INVITATION_NOT_TRUSTED);
    xml.size = 0;
    assert_ok(make_password_form(fixture, name, &cheap, &xml));
    assert_hr(invitation_parse(buffer_view(&xml), &read), PEER_E_INVITATION_NOT_TRUSTED);
    xml.size = 0;
    assert_ok(make_password_form(fixture, fixture->invitee.name, &good, &xml));
    assert_hr(invitation_parse(buffer_view(&xml), &read), PEER_E_INVITATION_NOT_TRUSTED);
    xml.size = 0;
    assert_ok(make_password_form(fixture, name, &good, &xml));
    assert_ok(invitation_parse(buffer_view(&xml), &read));
    invitation_deinit(&read);
    buffer_deinit(&xml);
}

static void test_only_the_issuer_can_make_it(void **state)
{
    struct fixture *fixture = *state;
    struct buffer xml = BUFFER_NULL;
    struct invitation invitation = {.scheme = GROUP_SCHEME_CERTIFICATE,
                                    .cloud = "",
                                    .scope = SCOPE_GLOBAL,
                                    .chain = buffer_view(&fixture->chain)};
    assert_hr(invitation_make(&invitation, fixture->invitee.key, &xml), E_INVALIDARG);
    invitation.scope = 9;
    assert_hr(invitation_make(&invitation, fixture->scene.founder.key, &xml), E_INVALIDARG);
    invitation.scope = SCOPE_GLOBAL;
    invitation.cloud = "\x01";
    assert_hr(invitation_make(&invitation, fixture->scene.founder.key, &xml), E_INVALIDARG);
    invitation.cloud = "";
    invitation.chain = bytes_of("x", 1);
    assert_hr(invitation_make(&invitation, fixture->scene.founder.key, &xml), E_INVALIDARG);
    assert_int_equal(xml.size, 0);
    buffer_deinit(&xml);
}

static void sweep(const struct buffer *xml)
{
    struct invitation read;
    for (uint64_t n = 1;; n++) {
        mem_fail_nth(n);
        HRESULT hr = invitation_parse(buffer_view(xml), &read);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        if (!hit) {
            assert_ok(hr);
            invitation_deinit(&read);
            return;
        }
        if (hr != S_OK)
            assert_hr(hr, E_OUTOFMEMORY);
        invitation_deinit(&read);
    }
}

static void test_lack_of_memory(void **state)
{
    struct fixture *fixture = *state;
    sweep(&fixture->xml);
    sweep(&fixture->password_xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate_form),
        cmocka_unit_test(test_password_form),
        cmocka_unit_test(test_every_changed_byte_is_noticed),
        cmocka_unit_test(test_altered_text),
        cmocka_unit_test(test_no_invitation_at_all),
        cmocka_unit_test(test_parts_of_two_invitations_do_not_mix),
        cmocka_unit_test(test_contradictions_are_refused_though_they_are_signed),
        cmocka_unit_test(test_only_the_issuer_can_make_it),
        cmocka_unit_test(test_lack_of_memory),
    };
    xml_memory_hook();
    return cmocka_run_group_tests_name("group-invitation", tests, setup, teardown);
}
