/* Is each rule about who may write what, and each right to issue, refused with its own code where
 * it is broken? Does a member know afterwards, and after reopening, what it knew before? */
#include "scene_group.h"
#include "support/test.h"

#include "group/peer_name.h"

static const struct guid APP_TYPE = {{0xAB, 0xCD, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}};

static void expect(const struct party *to, const struct party *author, const struct draft *draft,
                   HRESULT want, int line)
{
    struct sealed_record sealed = party_force(author, draft);
    HRESULT got = party_judge(to, author, &sealed);
    if (got != want)
        print_error("line %d\n", line);
    assert_hr(got, want);
    sealed_record_deinit(&sealed);
}
#define EXPECT(author, want, ...)                                                                  \
    expect(&group->member, (author), &(struct draft){__VA_ARGS__}, (want), __LINE__)

static void test_a_group_is_founded_as_wished(void **state)
{
    struct group *group = *state;
    const struct security *security = group->scene.founder.security;
    const struct group_properties *properties;
    const struct certificate_row *row;
    struct peer_name name;
    struct revocation_summary summary;
    uint32_t hints;
    assert_ok(security_properties(security, &properties));
    assert_string_equal(properties->classifier, "choir");
    assert_string_equal(properties->friendly_name, "Choir");
    assert_string_equal(properties->cloud, "Global_");
    assert_string_equal(properties->creator_name, group->scene.founder.name);
    assert_string_equal(properties->group_name, security_graph_id(security));
    assert_int_equal(properties->rendezvous.epoch, 1);
    assert_ok(peer_name_parse(security_graph_id(security), &name));
    assert_true(name.secure);
    assert_ok(security_own(security, SCENE_NOW, &row));
    assert_int_equal(row->roles, ROLE_ADMIN);
    assert_int_equal(row->depth, 1);
    assert_true(row->not_after == TICKS_UNLIMITED);
    assert_true(row->not_before == SCENE_NOW - SCENE_DAY - SCENE_GRACE);
    assert_true(security_is_creator(security));
    assert_true(security_may_set_properties(security));
    assert_false(security_is_creator(group->admin.security));
    assert_false(security_may_set_properties(group->admin.security));
    security_revocations_expected(security, &summary);
    assert_int_equal(summary.count, 0);
    security_hints(security, &hints);
    assert_int_equal(hints, 0);
    security_hints(group->admin.security, &hints);
    assert_int_equal(hints, 1);
}

static void test_everybody_writes_their_own(void **state)
{
    struct group *group = *state;
    const struct party *authors[] = {&group->scene.founder, &group->admin, &group->inviter,
                                     &group->member};
    for (size_t i = 0; i < ARRAY_SIZE(authors); i++) {
        for (size_t to = 0; to < ARRAY_SIZE(authors); to++) {
            struct sealed_record sealed, update;
            struct draft draft = {.type = APP_TYPE, .payload = bytes_of("hi", 2)};
            assert_ok(party_write(authors[i], &draft, &sealed));
            assert_ok(party_judge(authors[to], authors[i], &sealed));
            struct draft next = {.of = &sealed, .deleted = true};
            assert_ok(party_write(authors[i], &next, &update));
            assert_ok(party_judge(authors[to], authors[i], &update));
            sealed_record_deinit(&sealed);
            sealed_record_deinit(&update);
        }
    }
}

static void test_only_administrators_write_for_others(void **state)
{
    struct group *group = *state;
    struct sealed_record sealed, refused;
    struct draft draft = {.type = APP_TYPE};
    assert_ok(party_write(&group->inviter, &draft, &sealed));
    EXPECT(&group->admin, S_OK, .of = &sealed);
    EXPECT(&group->admin, S_OK, .of = &sealed, .deleted = true);
    EXPECT(&group->scene.founder, S_OK, .of = &sealed);
    EXPECT(&group->member, PEER_E_INVALID_RECORD, .of = &sealed);
    EXPECT(&group->member, PEER_E_INVALID_RECORD, .of = &sealed, .deleted = true);
    struct draft update = {.of = &sealed};
    assert_hr(party_write(&group->member, &update, &refused), PEER_E_NOT_AUTHORIZED);
    sealed_record_deinit(&refused);
    sealed_record_deinit(&sealed);
}

static void test_the_certificate_alone_judges(void **state)
{
    struct group *group = *state;
    const struct party *author = &group->admin;
    const struct certificate_row *row;
    assert_ok(security_own(author->security, SCENE_NOW, &row));
    EXPECT(author, S_OK, .type = APP_TYPE, .modified = row->not_before);
    EXPECT(author, PEER_E_INVALID_RECORD, .type = APP_TYPE, .modified = row->not_before - 1);
    EXPECT(author, PEER_E_INVALID_RECORD, .type = APP_TYPE,
           .creator_is = &group->inviter); /* another's name over the own certificate */
    char *alias;
    assert_ok(peer_name_make(&author->key_hash, "alias", &alias));
    EXPECT(author, PEER_E_INVALID_RECORD, .type = APP_TYPE, .name = alias);
    mem_free(alias);
    struct draft draft = {.type = APP_TYPE};
    struct sealed_record sealed = draft_record(author, &draft);
    /* signed by somebody else's key under the author's certificate */
    sealed_sign(&sealed, group->inviter.key, &row->hash);
    assert_hr(party_judge(&group->member, author, &sealed), NTE_BAD_SIGNATURE);
    /* the right key, another certificate */
    const struct certificate_row *other;
    assert_ok(security_own(group->inviter.security, SCENE_NOW, &other));
    sealed_sign(&sealed, author->key, &other->hash);
    assert_hr(party_judge(&group->member, &group->inviter, &sealed), PEER_E_INVALID_RECORD);
    sealed_record_deinit(&sealed);
}

static void test_nothing_outlives_its_signer(void **state)
{
    struct group *group = *state;
    struct party guest = party_new(20);
    struct issue_request request = issue_for(&guest, ROLE_MEMBER);
    request.not_after = SCENE_NOW + 10 * SCENE_DAY;
    struct buffer chain = party_issue(&group->scene.founder, &request);
    struct buffer xml = party_invite(&group->scene.founder, buffer_view(&chain));
    assert_ok(party_adopt(&guest, buffer_view(&xml), SCENE_NOW));
    uint64_t end = request.not_after;
    EXPECT(&guest, S_OK, .type = APP_TYPE, .expiration = end);
    EXPECT(&guest, PEER_E_INVALID_RECORD, .type = APP_TYPE, .expiration = end + 1);
    struct sealed_record refused;
    struct draft draft = {.type = APP_TYPE, .expiration = end + 1};
    assert_hr(party_write(&guest, &draft, &refused), PEER_E_NOT_AUTHORIZED);
    struct hash key;
    struct bytes name;
    uint64_t expiration;
    struct provider *provider = party_provider(&guest);
    provider->ops->own(provider, &key, &name, &expiration);
    assert_true(expiration == end);
    assert_true(hash_equal(&key, &guest.key_hash));
    assert_true(bytes_equal(name, bytes_of_text(guest.name)));
    sealed_record_deinit(&refused);
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_deinit(&guest);
}

static void test_the_id_is_recomputed(void **state)
{
    struct group *group = *state;
    struct draft draft = {.type = APP_TYPE};
    const struct certificate_row *row;
    assert_ok(security_own(group->admin.security, SCENE_NOW, &row));
    struct sealed_record sealed = draft_record(&group->admin, &draft);
    struct record record = sealed.record;
    struct buffer header = BUFFER_NULL;
    record.id.bytes[3] ^= 1;
    assert_ok(record_header_encode(&record, &header));
    assert_ok(record_header_decode(buffer_view(&header), &sealed.record));
    record_digest(bytes_of_text(security_graph_id(group->admin.security)), buffer_view(&header),
                  &sealed.digest);
    sealed_sign(&sealed, group->admin.key, &row->hash);
    assert_hr(party_judge(&group->member, &group->admin, &sealed), PEER_E_INVALID_RECORD);
    buffer_deinit(&header);
    sealed_record_deinit(&sealed);
}

static void test_what_has_one_writer(void **state)
{
    struct group *group = *state;
    const struct guid types[] = {RECORD_TYPE_SIGNATURE, RECORD_TYPE_CONTACT, RECORD_TYPE_PRESENCE};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct sealed_record sealed;
        struct draft draft = {.type = types[i]};
        assert_ok(party_write(&group->inviter, &draft, &sealed));
        assert_ok(party_judge(&group->member, &group->inviter, &sealed));
        EXPECT(&group->inviter, S_OK, .of = &sealed, .deleted = true);
        EXPECT(&group->admin, PEER_E_INVALID_RECORD, .of = &sealed);
        EXPECT(&group->admin, PEER_E_INVALID_RECORD, .of = &sealed, .deleted = true);
        sealed_record_deinit(&sealed);
    }
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_GRAPH_INFO);
    /* A reserved type that nobody knows yet is treated like any other. */
    EXPECT(&group->member, S_OK, .type = {{9}});
}

static void test_the_group_key_writes_nothing_else(void **state)
{
    struct group *group = *state;
    struct sealed_record sealed;
    struct draft draft = {.type = APP_TYPE, .by_group = true};
    struct party *founder = &group->scene.founder;
    assert_hr(party_write(founder, &draft, &sealed), PEER_E_NOT_AUTHORIZED);
    const struct certificate_row *row;
    assert_ok(security_own(founder->security, SCENE_NOW, &row));
    sealed_sign(&sealed, group->scene.group_key, &row->issuer->hash);
    assert_hr(party_judge(&group->member, founder, &sealed), PEER_E_INVALID_RECORD);
    sealed_record_deinit(&sealed);
}

/* ---- Security Properties ---- */

static struct sealed_record next_properties(const struct party *founder, const char *comment)
{
    const struct group_properties *current;
    struct group_properties next;
    struct sealed_record sealed;
    assert_ok(security_properties(founder->security, &current));
    assert_ok(group_properties_copy(current, &next));
    mem_free(next.comment);
    next.comment = mem_strdup(comment);
    assert_ok(security_properties_record(founder->security, &next, SCENE_NOW, &sealed));
    group_properties_deinit(&next);
    return sealed;
}

static void test_properties_are_the_group_keys(void **state)
{
    struct group *group = *state;
    struct party *founder = &group->scene.founder;
    struct sealed_record sealed = next_properties(founder, "new");
    const struct group_properties *seen;
    struct guid id;
    security_properties_id(founder->security, &id);
    assert_true(guid_equal(&id, &sealed.record.id));
    assert_ok(party_deliver(&group->member, founder, &sealed));
    assert_ok(security_properties(group->member.security, &seen));
    assert_string_equal(seen->comment, "new");
    /* An administrator may not, whatever name is on it. */
    struct bytes payload = buffer_view(&sealed.payload);
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .of = &sealed, .payload = payload,
           .expiration = TICKS_UNLIMITED);
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_SECURITY_PROPERTIES,
           .fixed = true, .payload = payload, .expiration = TICKS_UNLIMITED);
    struct sealed_record none;
    assert_hr(security_properties_record(group->admin.security, seen, SCENE_NOW, &none),
              PEER_E_NOT_AUTHORIZED);
    assert_null(none.header.data);
    sealed_record_deinit(&sealed);
}

/* Signs a draft with the group key itself. */
static HRESULT judge_by_group(struct group *group, const struct draft *draft)
{
    const struct certificate_row *row;
    struct party *founder = &group->scene.founder;
    struct sealed_record sealed = draft_record(founder, draft);
    assert_ok(security_own(founder->security, SCENE_NOW, &row));
    sealed_sign(&sealed, group->scene.group_key, &row->issuer->hash);
    HRESULT hr = party_judge(&group->member, founder, &sealed);
    sealed_record_deinit(&sealed);
    return hr;
}

static void test_properties_have_one_id_and_no_end(void **state)
{
    struct group *group = *state;
    struct sealed_record sealed = next_properties(&group->scene.founder, "x");
    struct bytes payload = buffer_view(&sealed.payload);
    struct draft good = {.type = RECORD_TYPE_SECURITY_PROPERTIES,
                         .by_group = true,
                         .fixed = true,
                         .payload = payload,
                         .expiration = TICKS_UNLIMITED};
    assert_ok(judge_by_group(group, &good));
    struct draft bad = good;
    bad.fixed = false;
    assert_hr(judge_by_group(group, &bad), PEER_E_INVALID_RECORD);
    bad = good;
    bad.nonce = 1;
    assert_hr(judge_by_group(group, &bad), PEER_E_INVALID_RECORD);
    bad = good;
    bad.expiration = TICKS_UNLIMITED - 1;
    assert_hr(judge_by_group(group, &bad), PEER_E_INVALID_RECORD);
    bad = good;
    bad.payload = bytes_of(payload.data, payload.size - 1);
    assert_hr(judge_by_group(group, &bad), PEER_E_INVALID_RECORD);
    bad = good;
    bad.of = &sealed;
    assert_ok(judge_by_group(group, &bad));
    bad.deleted = true;
    bad.payload = bytes_of(NULL, 0);
    assert_hr(judge_by_group(group, &bad), PEER_E_INVALID_RECORD);
    /* Those of another group. */
    struct scene other;
    scene_init(&other);
    struct sealed_record foreign = next_properties(&other.founder, "y");
    bad = good;
    bad.payload = buffer_view(&foreign.payload);
    assert_hr(judge_by_group(group, &bad), PEER_E_INVALID_RECORD);
    sealed_record_deinit(&foreign);
    scene_deinit(&other);
    sealed_record_deinit(&sealed);
}

static void test_properties_of_later_versions_stand_but_stop_this_build(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->scene.founder, 30, ROLE_MEMBER);
    const struct group_properties *seen;
    struct group_properties next;
    struct sealed_record sealed;
    assert_ok(security_properties(group->scene.founder.security, &seen));
    assert_ok(group_properties_copy(seen, &next));
    next.required_features = 1;
    assert_ok(security_properties_record(group->scene.founder.security, &next, SCENE_NOW, &sealed));
    assert_ok(party_deliver(&guest, &group->scene.founder, &sealed));
    assert_hr(security_properties(guest.security, &seen), PEER_E_UNSUPPORTED_VERSION);
    sealed_record_deinit(&sealed);
    group_properties_deinit(&next);
    static const uint8_t later[] = {3, 1, 2, 3};
    struct draft draft = {.type = RECORD_TYPE_SECURITY_PROPERTIES,
                          .by_group = true,
                          .fixed = true,
                          .payload = bytes_of(later, sizeof(later)),
                          .expiration = TICKS_UNLIMITED};
    assert_ok(judge_by_group(group, &draft));
    party_deinit(&guest);
}

static void test_a_deputy_may_write_properties_and_root_revocations(void **state)
{
    struct group *group = *state;
    struct party deputy = scene_deputy(&group->scene, 31);
    const struct group_properties *seen;
    struct sealed_record sealed;
    assert_true(security_may_set_properties(deputy.security));
    assert_ok(security_properties(deputy.security, &seen));
    assert_ok(security_properties_record(deputy.security, seen, SCENE_NOW, &sealed));
    assert_int_equal(sealed.record.version, 2);
    assert_ok(party_judge(&group->member, &deputy, &sealed));
    sealed_record_deinit(&sealed);
    sealed = scene_revoke(&deputy, false, &group->admin.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_judge(&group->member, &deputy, &sealed));
    sealed_record_deinit(&sealed);
    party_deinit(&deputy);
}

/* ---- membership records ---- */

/* At most four certificates of a list; views into it. */
static uint32_t list_split(struct bytes list, struct bytes ders[4])
{
    uint32_t count = 0;
    while (list.size > 0 && count < 4) {
        size_t size = (size_t)(list.data[2] << 8 | list.data[3]);
        ders[count++] = bytes_of(list.data + 4, size);
        list = bytes_of(list.data + 4 + size, list.size - 4 - size);
    }
    return count;
}

static void test_membership_is_its_members_or_an_administrators(void **state)
{
    struct group *group = *state;
    struct party fresh = party_new(32);
    struct issue_request request = issue_for(&fresh, ROLE_MEMBER);
    struct buffer chain = party_issue(&group->admin, &request);
    struct buffer own = BUFFER_NULL;
    struct bytes view = buffer_view(&chain);
    assert_ok(security_own_chain(group->inviter.security, SCENE_NOW, &own));
    EXPECT(&group->member, S_OK, .type = RECORD_TYPE_MEMBERSHIP);
    EXPECT(&group->admin, S_OK, .type = RECORD_TYPE_MEMBERSHIP, .payload = view);
    EXPECT(&group->scene.founder, S_OK, .type = RECORD_TYPE_MEMBERSHIP, .payload = view);
    EXPECT(&group->inviter, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_MEMBERSHIP, .payload = view);
    EXPECT(&group->member, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_MEMBERSHIP, .payload = view);
    EXPECT(&group->inviter, S_OK, .type = RECORD_TYPE_MEMBERSHIP, .payload = buffer_view(&own));
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_MEMBERSHIP,
           .payload = bytes_of(view.data, view.size - 1));
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_MEMBERSHIP,
           .payload = bytes_of("x", 1));
    /* An administrator cannot refresh an empty one, which speaks of whoever seals. */
    struct sealed_record sealed;
    struct draft draft = {.type = RECORD_TYPE_MEMBERSHIP};
    assert_ok(party_write(&group->inviter, &draft, &sealed));
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .of = &sealed);
    EXPECT(&group->admin, S_OK, .of = &sealed, .deleted = true);
    sealed_record_deinit(&sealed);
    /* A chain of another group. */
    struct scene other;
    scene_init(&other);
    struct buffer foreign = BUFFER_NULL;
    assert_ok(security_own_chain(other.founder.security, SCENE_NOW, &foreign));
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_MEMBERSHIP,
           .payload = buffer_view(&foreign));
    buffer_deinit(&foreign);
    scene_deinit(&other);
    buffer_deinit(&own);
    buffer_deinit(&chain);
    party_deinit(&fresh);
}

/* Whether a payload is a chain must not depend on which certificates a member has met before. */
static void test_no_membership_is_judged_by_its_last_certificate_alone(void **state)
{
    struct group *group = *state;
    struct party *founder = &group->scene.founder;
    struct party stranger = party_join(founder, 34, ROLE_MEMBER);
    struct buffer chain = BUFFER_NULL, other = BUFFER_NULL, list = BUFFER_NULL;
    struct bytes ders[4], others[4], view;
    assert_ok(security_own_chain(group->inviter.security, SCENE_NOW, &chain));
    assert_ok(security_own_chain(group->admin.security, SCENE_NOW, &other));
    assert_int_equal(list_split(buffer_view(&chain), ders), 3);
    assert_int_equal(list_split(buffer_view(&other), others), 3);
    const struct bytes junk = bytes_of("junk", 4);
    const struct bytes lists[][4] = {{junk, ders[2]},
                                     {ders[2]},
                                     {ders[1], ders[2]},
                                     {ders[0], ders[2]},
                                     {ders[0], junk, ders[2]},
                                     {junk, ders[0], ders[1], ders[2]},
                                     {ders[0], ders[1], others[2], ders[2]},
                                     {ders[0], ders[1], ders[1], ders[2]},
                                     {ders[0]},
                                     {ders[0], ders[1], ders[2]}};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        HRESULT want = i + 1 == ARRAY_SIZE(lists) ? S_OK : PEER_E_INVALID_RECORD;
        uint32_t count = 0;
        while (count < 4 && lists[i][count].size > 0)
            count++;
        list.size = 0;
        assert_ok(chain_encode(lists[i], count, &list));
        view = buffer_view(&list);
        /* The member knows the certificate, the stranger gets it only with the record. */
        EXPECT(&group->inviter, want, .type = RECORD_TYPE_MEMBERSHIP, .payload = view);
        struct draft draft = {.type = RECORD_TYPE_MEMBERSHIP, .payload = view};
        struct sealed_record sealed = party_force(founder, &draft);
        assert_hr(party_judge(&stranger, founder, &sealed), want);
        sealed_record_deinit(&sealed);
    }
    buffer_deinit(&list);
    buffer_deinit(&other);
    buffer_deinit(&chain);
    party_deinit(&stranger);
}

static void test_an_announced_certificate_enters_every_table(void **state)
{
    struct group *group = *state;
    struct party fresh = party_new(33);
    struct issue_request request = issue_for(&fresh, ROLE_MEMBER);
    struct buffer chain = party_issue(&group->admin, &request);
    struct sealed_record sealed;
    struct draft draft = {.type = RECORD_TYPE_MEMBERSHIP, .payload = buffer_view(&chain)};
    struct provider *provider = party_provider(&group->member);
    assert_ok(party_write(&group->admin, &draft, &sealed));
    assert_hr(provider->ops->link_allowed(provider, &fresh.key_hash, SCENE_NOW),
              PEER_E_NOT_AUTHORIZED);
    assert_ok(party_deliver(&group->member, &group->admin, &sealed));
    assert_ok(provider->ops->link_allowed(provider, &fresh.key_hash, SCENE_NOW));
    sealed_record_deinit(&sealed);
    buffer_deinit(&chain);
    party_deinit(&fresh);
}

/* ---- revocations ---- */

static void test_form_of_revocations(void **state)
{
    struct group *group = *state;
    struct buffer payload = BUFFER_NULL, ahead = BUFFER_NULL;
    struct hash key = {{1}};
    assert_ok(revocation_encode(&key, SCENE_NOW, NULL, 0, &payload));
    assert_ok(revocation_encode(&key, SCENE_NOW + SCENE_DAY + 1, NULL, 0, &ahead));
    struct bytes view = buffer_view(&payload);
    EXPECT(&group->admin, S_OK, .type = RECORD_TYPE_REVOCATION, .payload = view);
    EXPECT(&group->inviter, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_REVOCATION, .payload = view);
    EXPECT(&group->member, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_REVOCATION, .payload = view);
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_REVOCATION,
           .payload = buffer_view(&ahead));
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .type = RECORD_TYPE_REVOCATION);
    struct sealed_record sealed;
    struct draft draft = {.type = RECORD_TYPE_REVOCATION, .payload = view};
    assert_ok(party_write(&group->admin, &draft, &sealed));
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .of = &sealed, .payload = view);
    EXPECT(&group->admin, PEER_E_INVALID_RECORD, .of = &sealed, .deleted = true);
    EXPECT(&group->scene.founder, PEER_E_INVALID_RECORD, .of = &sealed, .deleted = true);
    sealed_record_deinit(&sealed);
    struct draft root = {.type = RECORD_TYPE_REVOCATION,
                         .by_group = true,
                         .payload = view,
                         .expiration = TICKS_UNLIMITED};
    assert_ok(judge_by_group(group, &root));
    root.expiration = TICKS_UNLIMITED - 1;
    assert_hr(judge_by_group(group, &root), PEER_E_INVALID_RECORD);
    buffer_deinit(&payload);
    buffer_deinit(&ahead);
}

static void test_a_removed_member_is_out_and_may_come_back(void **state)
{
    struct group *group = *state;
    struct party *founder = &group->scene.founder;
    struct party guest = party_join(&group->admin, 40, ROLE_INVITING_MEMBER);
    struct party friend = party_join(&guest, 41, ROLE_MEMBER);
    struct sealed_record kept, lost, below;
    struct draft draft = {.type = APP_TYPE};
    assert_ok(party_write(&guest, &draft, &kept));
    draft.nonce = 1;
    assert_ok(party_write(&guest, &draft, &lost));
    assert_ok(party_write(&friend, &draft, &below));
    assert_ok(party_deliver(&group->member, &guest, &kept));
    assert_ok(party_deliver(&group->member, &guest, &lost));
    assert_ok(party_deliver(&group->member, &friend, &below));
    struct provider *provider = party_provider(&group->member);
    assert_ok(provider->ops->link_allowed(provider, &guest.key_hash, SCENE_NOW));

    struct sealed_record revocation =
        scene_revoke(&group->admin, false, &guest.key_hash, SCENE_NOW, &kept.digest, 1);
    assert_ok(party_deliver(&group->member, &group->admin, &revocation));
    assert_hr(provider->ops->link_allowed(provider, &guest.key_hash, SCENE_NOW),
              PEER_E_NOT_AUTHORIZED);
    assert_hr(provider->ops->link_allowed(provider, &friend.key_hash, SCENE_NOW),
              PEER_E_NOT_AUTHORIZED);
    assert_ok(party_judge(&group->member, &guest, &kept));
    assert_hr(party_judge(&group->member, &guest, &lost), PEER_E_NOT_AUTHORIZED);
    assert_hr(party_judge(&group->member, &friend, &below), PEER_E_NOT_AUTHORIZED);
    struct guid condemned[4];
    assert_int_equal(party_condemned(&group->member, condemned, 4), 2);

    /* It knows of itself, too, and what is known survives reopening. */
    const struct certificate_row *row;
    assert_ok(party_deliver(&guest, &group->admin, &revocation));
    party_reopen(&guest, NULL);
    assert_hr(security_own(guest.security, SCENE_NOW, &row), PEER_E_NOT_AUTHORIZED);
    struct sealed_record refused;
    draft.nonce = 2;
    assert_hr(party_write(&guest, &draft, &refused), PEER_E_NOT_AUTHORIZED);
    sealed_record_deinit(&refused);

    /* Readmission: only by an administrator, with a certificate that starts later. */
    struct buffer chain = BUFFER_NULL;
    struct issue_request request = issue_for(&guest, ROLE_MEMBER);
    assert_ok(party_deliver(&group->inviter, &group->admin, &revocation));
    assert_hr(security_issue(group->inviter.security, &request, SCENE_NOW, &chain),
              PEER_E_NOT_AUTHORIZED);
    assert_ok(party_deliver(founder, &group->admin, &revocation));
    request.not_before = SCENE_NOW;
    assert_hr(security_issue(founder->security, &request, SCENE_NOW, &chain), E_INVALIDARG);
    request.not_before = 0;
    assert_ok(security_issue(founder->security, &request, SCENE_NOW, &chain));
    assert_ok(provider->ops->certificate_take(provider, buffer_view(&chain)));
    assert_ok(provider->ops->link_allowed(provider, &guest.key_hash, SCENE_NOW));
    assert_hr(party_judge(&group->member, &guest, &lost), PEER_E_NOT_AUTHORIZED);

    sealed_record_deinit(&kept);
    sealed_record_deinit(&lost);
    sealed_record_deinit(&below);
    sealed_record_deinit(&revocation);
    buffer_deinit(&chain);
    party_deinit(&guest);
    party_deinit(&friend);
}

static void test_a_revocation_counts_as_long_as_it_is_stored(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->admin, 45, ROLE_MEMBER);
    struct party witness = party_join(&group->scene.founder, 46, ROLE_MEMBER);
    struct provider *provider = party_provider(&witness);
    struct draft draft = {.type = APP_TYPE};
    struct sealed_record sealed;
    unsigned effects = 1;
    assert_ok(party_write(&guest, &draft, &sealed));
    struct sealed_record revocation =
        scene_revoke(&group->admin, false, &guest.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(&witness, &group->admin, &revocation));
    assert_hr(party_judge(&witness, &guest, &sealed), PEER_E_NOT_AUTHORIZED);
    assert_ok(witness.store->ops->remove(witness.store, &revocation.record.id));
    assert_ok(
        provider->ops->removed(provider, &RECORD_TYPE_REVOCATION, &revocation.digest, &effects));
    assert_int_equal(effects, PROVIDER_EFFECT_NONE);
    for (int reopened = 0; reopened < 2; reopened++) {
        struct revocation_summary summary;
        security_revocations(witness.security, &summary);
        assert_int_equal(summary.count, 0);
        assert_ok(party_judge(&witness, &guest, &sealed));
        party_reopen(&witness, NULL);
    }
    sealed_record_deinit(&revocation);
    sealed_record_deinit(&sealed);
    party_deinit(&guest);
    party_deinit(&witness);
}

/* The same revocations, certificates and records in other orders: each judgement must be the same.
 */
static void test_any_order_gives_the_same_judgement(void **state)
{
    struct group *group = *state;
    struct party admin = party_join(&group->scene.founder, 50, ROLE_ADMIN);
    struct party guest = party_join(&admin, 51, ROLE_MEMBER);
    struct sealed_record by_admin, by_guest;
    struct draft draft = {.type = APP_TYPE};
    assert_ok(party_write(&admin, &draft, &by_admin));
    assert_ok(party_write(&guest, &draft, &by_guest));
    const struct certificate_row *row;
    assert_ok(security_own(guest.security, SCENE_NOW, &row));
    struct hash keep[] = {row->hash};
    struct sealed_record events[] = {
        scene_revoke(&group->scene.founder, true, &admin.key_hash, SCENE_NOW, keep, 1),
        scene_revoke(&admin, false, &guest.key_hash, SCENE_NOW, NULL, 0),
        scene_revoke(&group->scene.founder, true, &admin.key_hash, SCENE_NOW - 1, &by_admin.digest,
                     1),
    };
    static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct revocation_summary first, again;
    for (size_t o = 0; o < ARRAY_SIZE(orders); o++) {
        struct party witness = party_join(&group->scene.founder, 60 + (unsigned)o, ROLE_MEMBER);
        for (size_t i = 0; i < 3; i++) {
            const struct sealed_record *event = &events[orders[o][i]];
            const struct party *author = orders[o][i] == 1 ? &admin : &group->scene.founder;
            HRESULT hr = party_deliver(&witness, author, event);
            /* What was refused comes again by reconciliation. */
            assert_true(hr == S_OK || hr == PEER_E_NOT_AUTHORIZED);
        }
        assert_ok(party_judge(&witness, &admin, &by_admin));
        assert_ok(party_judge(&witness, &guest, &by_guest));
        security_revocations(witness.security, &again);
        if (o == 0)
            first = again;
        assert_int_equal(again.count, 2);
        assert_true(hash_equal(&first.sum, &again.sum));
        party_deinit(&witness);
    }
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        sealed_record_deinit(&events[i]);
    sealed_record_deinit(&by_admin);
    sealed_record_deinit(&by_guest);
    party_deinit(&admin);
    party_deinit(&guest);
}

/* ---- certificates ---- */

static void test_certificates_come_root_first_and_of_this_group(void **state)
{
    struct group *group = *state;
    struct provider *provider = party_provider(&group->member);
    struct party guest = party_new(70);
    struct issue_request request = issue_for(&guest, ROLE_MEMBER);
    struct buffer chain = party_issue(&group->admin, &request);
    struct scene other;
    scene_init(&other);
    struct buffer foreign = BUFFER_NULL;
    assert_ok(security_own_chain(other.founder.security, SCENE_NOW, &foreign));
    assert_hr(provider->ops->certificate_take(provider, buffer_view(&foreign)),
              PEER_E_INVALID_RECORD);
    assert_hr(provider->ops->certificate_take(provider, bytes_of(NULL, 0)), PEER_E_INVALID_RECORD);
    assert_hr(provider->ops->certificate_take(provider, bytes_of(chain.data, chain.size - 1)),
              PEER_E_INVALID_RECORD);
    struct bytes last;
    size_t skip = 0;
    for (struct bytes rest = buffer_view(&chain); rest.size > 0;) {
        uint32_t size = (uint32_t)(rest.data[2] << 8 | rest.data[3]);
        skip = (size_t)(rest.data - chain.data);
        last = bytes_of(rest.data + 4, size);
        rest = bytes_of(rest.data + 4 + size, rest.size - 4 - size);
    }
    struct hash hash;
    hash_sha256(last.data, last.size, &hash);
    assert_false(provider->ops->certificate_has(provider, &hash));
    chain.data[chain.size - 1] ^= 1; /* in the signature */
    assert_hr(provider->ops->certificate_take(provider, buffer_view(&chain)),
              PEER_E_INVALID_RECORD);
    chain.data[chain.size - 1] ^= 1;
    assert_false(provider->ops->certificate_has(provider, &hash));
    assert_ok(provider->ops->certificate_take(provider, bytes_of(chain.data, skip)));
    assert_ok(
        provider->ops->certificate_take(provider, bytes_of(chain.data + skip, chain.size - skip)));
    assert_true(provider->ops->certificate_has(provider, &hash));
    struct buffer back = BUFFER_NULL;
    assert_ok(provider->ops->certificate_chain(provider, &hash, &back));
    assert_true(bytes_equal(buffer_view(&back), buffer_view(&chain)));
    hash.bytes[0] ^= 1;
    assert_hr(provider->ops->certificate_chain(provider, &hash, &back), PEER_E_NOT_FOUND);
    /* A record under an unknown certificate waits for it. */
    struct sealed_record sealed;
    struct draft draft = {.type = APP_TYPE};
    struct verify_job job;
    assert_ok(party_write(&group->admin, &draft, &sealed));
    sealed.seal.certificate = hash;
    assert_hr(provider->ops->judge(provider, &sealed.record, &sealed.digest, &sealed.seal,
                                   bytes_of(NULL, 0), &job),
              PEER_E_DEFERRED_VALIDATION);
    sealed_record_deinit(&sealed);
    buffer_deinit(&back);
    buffer_deinit(&foreign);
    buffer_deinit(&chain);
    scene_deinit(&other);
    party_deinit(&guest);
}

static void test_a_key_stands_once_in_a_chain(void **state)
{
    struct group *group = *state;
    struct party guest = party_join(&group->admin, 71, ROLE_ADMIN);
    const struct certificate_row *row;
    struct certificate issuer;
    struct buffer der = BUFFER_NULL, list = BUFFER_NULL;
    struct provider *provider = party_provider(&guest);
    assert_ok(security_own(guest.security, SCENE_NOW, &row));
    assert_ok(guest.store->ops->certificate_get(guest.store, &row->hash, &der));
    assert_ok(certificate_parse(buffer_view(&der), &issuer));
    struct certificate_request request = {.kind = CERTIFICATE_MEMBER,
                                          .peer_name = group->admin.name,
                                          .roles = ROLE_ADMIN,
                                          .not_before = row->not_before,
                                          .not_after = row->not_after};
    memcpy(request.key, group->admin.public_key, KEY_SIZE);
    der.size = 0;
    assert_ok(certificate_issue(&request, &issuer, guest.key, &der));
    struct bytes view = buffer_view(&der);
    assert_ok(chain_encode(&view, 1, &list));
    assert_hr(provider->ops->certificate_take(provider, buffer_view(&list)), PEER_E_INVALID_RECORD);
    certificate_deinit(&issuer);
    buffer_deinit(&der);
    buffer_deinit(&list);
    party_deinit(&guest);
}

static void test_unused_certificates_go_and_used_ones_stay(void **state)
{
    struct group *group = *state;
    struct party witness = party_join(&group->scene.founder, 80, ROLE_MEMBER);
    struct party used = party_join(&group->scene.founder, 81, ROLE_ADMIN);
    struct party unused = party_join(&used, 82, ROLE_MEMBER);
    struct party linked = party_join(&used, 83, ROLE_MEMBER);
    struct provider *provider = party_provider(&witness);
    const struct certificate_row *rows[3];
    const struct party *parties[] = {&used, &unused, &linked};
    for (size_t i = 0; i < 3; i++) {
        struct buffer chain = BUFFER_NULL;
        assert_ok(security_own(parties[i]->security, SCENE_NOW, &rows[i]));
        assert_ok(security_own_chain(parties[i]->security, SCENE_NOW, &chain));
        assert_ok(provider->ops->certificate_take(provider, buffer_view(&chain)));
        buffer_deinit(&chain);
    }
    struct sealed_record sealed;
    struct draft draft = {.type = APP_TYPE};
    assert_ok(party_write(&used, &draft, &sealed));
    assert_ok(party_deliver(&witness, &used, &sealed));
    assert_ok(security_collect_certificates(witness.security, &rows[2]->hash, 1));
    for (size_t i = 0; i < 3; i++)
        assert_true(provider->ops->certificate_has(provider, &rows[i]->hash));
    assert_ok(security_collect_certificates(witness.security, &rows[2]->hash, 1));
    assert_true(provider->ops->certificate_has(provider, &rows[0]->hash));
    assert_false(provider->ops->certificate_has(provider, &rows[1]->hash));
    assert_true(provider->ops->certificate_has(provider, &rows[2]->hash));
    assert_ok(witness.store->ops->remove(witness.store, &sealed.record.id));
    for (int i = 0; i < 3; i++)
        assert_ok(security_collect_certificates(witness.security, NULL, 0));
    assert_false(provider->ops->certificate_has(provider, &rows[2]->hash));
    assert_ok(security_collect_certificates(witness.security, NULL, 0));
    assert_false(provider->ops->certificate_has(provider, &rows[0]->hash));
    party_reopen(&witness, NULL);
    assert_int_equal(security_own_roles(witness.security, SCENE_NOW), ROLE_MEMBER);
    sealed_record_deinit(&sealed);
    party_deinit(&witness);
    party_deinit(&used);
    party_deinit(&unused);
    party_deinit(&linked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_group_is_founded_as_wished),
        cmocka_unit_test(test_everybody_writes_their_own),
        cmocka_unit_test(test_only_administrators_write_for_others),
        cmocka_unit_test(test_the_certificate_alone_judges),
        cmocka_unit_test(test_nothing_outlives_its_signer),
        cmocka_unit_test(test_the_id_is_recomputed),
        cmocka_unit_test(test_what_has_one_writer),
        cmocka_unit_test(test_the_group_key_writes_nothing_else),
        cmocka_unit_test(test_properties_are_the_group_keys),
        cmocka_unit_test(test_properties_have_one_id_and_no_end),
        cmocka_unit_test(test_properties_of_later_versions_stand_but_stop_this_build),
        cmocka_unit_test(test_a_deputy_may_write_properties_and_root_revocations),
        cmocka_unit_test(test_membership_is_its_members_or_an_administrators),
        cmocka_unit_test(test_no_membership_is_judged_by_its_last_certificate_alone),
        cmocka_unit_test(test_an_announced_certificate_enters_every_table),
        cmocka_unit_test(test_form_of_revocations),
        cmocka_unit_test(test_a_removed_member_is_out_and_may_come_back),
        cmocka_unit_test(test_a_revocation_counts_as_long_as_it_is_stored),
        cmocka_unit_test(test_any_order_gives_the_same_judgement),
        cmocka_unit_test(test_certificates_come_root_first_and_of_this_group),
        cmocka_unit_test(test_a_key_stands_once_in_a_chain),
        cmocka_unit_test(test_unused_certificates_go_and_used_ones_stay),
    };
    return cmocka_run_group_tests_name("group-security", tests, group_setup, group_teardown);
}
