/* Does a removal end a member, whatever it back-dates, and keep what was there? Do halves that
 * removed different members agree when they meet? Does nobody believe in a removal that is none? */
#include "scene.h"
#include "support/test.h"

#include "group/removal.h"
#include "wire/message.h"

static const struct guid NOTE = {{0xAB, 0xCD, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}};

/* ---- several members as one group: everything that one has is offered to all ---- */

enum { SET_MAX = 64 };
struct digests {
    struct hash items[SET_MAX];
    unsigned count;
};

static HRESULT note_digest(void *context, const struct store_item *item)
{
    struct digests *digests = context;
    assert_true(digests->count < SET_MAX);
    digests->items[digests->count++] = item->digest;
    return S_OK;
}

static struct digests digests_of(const struct party *party)
{
    struct digests digests = {.count = 0};
    assert_ok(party->store->ops->scan(party->store, NULL, NULL, 0, note_digest, &digests));
    return digests;
}

/* As the graph does it after a revocation. */
static void drop_condemned(const struct party *party)
{
    struct guid ids[SET_MAX];
    struct provider *provider = party_provider(party);
    unsigned count = party_condemned(party, ids, SET_MAX);
    for (unsigned i = 0; i < count; i++) {
        struct store_record row;
        unsigned effects;
        assert_ok(party->store->ops->find(party->store, &ids[i], &row));
        assert_ok(party->store->ops->remove(party->store, &ids[i]));
        assert_ok(provider->ops->removed(provider, &row.type, &row.digest, &effects));
    }
}

static bool offer(const struct party *to, const struct party *from, const struct guid *id)
{
    struct sealed_record sealed = party_stored(from, id);
    struct store_record held;
    bool news = to->store->ops->find(to->store, id, &held) == PEER_E_RECORD_NOT_FOUND;
    if (!news && held.version < sealed.record.version)
        news = true;
    news = news && SUCCEEDED(party_deliver(to, from, &sealed));
    if (news)
        drop_condemned(to);
    sealed_record_deinit(&sealed);
    return news;
}

struct ids {
    struct guid items[SET_MAX];
    unsigned count;
};

static HRESULT note_id(void *context, const struct store_item *item)
{
    struct ids *ids = context;
    ids->items[ids->count++] = item->key.id;
    return S_OK;
}

static void meet(const struct party *const *parties, size_t count)
{
    bool news = true;
    for (unsigned round = 0; news; round++) {
        assert_true(round < 20);
        news = false;
        for (size_t from = 0; from < count; from++) {
            struct ids ids = {.count = 0};
            struct store *store = parties[from]->store;
            assert_ok(store->ops->scan(store, NULL, NULL, 0, note_id, &ids));
            for (size_t to = 0; to < count; to++) {
                for (unsigned i = 0; to != from && i < ids.count; i++) {
                    struct store_record row;
                    if (SUCCEEDED(store->ops->find(store, &ids.items[i], &row)))
                        news = offer(parties[to], parties[from], &ids.items[i]) || news;
                }
            }
        }
    }
}

static void assert_same(const struct party *a, const struct party *b)
{
    struct digests left = digests_of(a), right = digests_of(b);
    assert_int_equal(left.count, right.count);
    assert_memory_equal(left.items, right.items, left.count * HASH_SIZE);
}

static bool holds(const struct party *party, const struct sealed_record *sealed)
{
    struct store_record row;
    HRESULT hr = party->store->ops->find(party->store, &sealed->record.id, &row);
    return SUCCEEDED(hr) && hash_equal(&row.digest, &sealed->digest);
}

/* ---- short words ---- */

static struct sealed_record publish(const struct party *author, struct draft draft)
{
    struct sealed_record sealed;
    if (guid_equal(&draft.type, &GUID_NULL_VALUE))
        draft.type = NOTE;
    assert_ok(party_write(author, &draft, &sealed));
    assert_ok(party_deliver(author, author, &sealed));
    return sealed;
}

static HRESULT revoke(const struct party *by, const struct party *whom, unsigned flags)
{
    struct sealed_list list;
    HRESULT hr = security_revoke(by->security, whom->name, flags, SCENE_NOW, &list);
    for (uint32_t i = 0; i < list.count; i++)
        assert_ok(party_deliver(by, by, &list.items[i]));
    if (list.count > 0)
        drop_condemned(by);
    assert_true((list.count > 0) == (hr == S_OK));
    sealed_list_deinit(&list);
    return hr;
}

static bool is_member(const struct party *seen_by, const struct party *party)
{
    struct provider *provider = party_provider(seen_by);
    return SUCCEEDED(provider->ops->link_allowed(provider, &party->key_hash, SCENE_NOW));
}

static void learn(const struct party *who, const struct party *of)
{
    struct provider *from = party_provider(of), *to = party_provider(who);
    const struct certificate_row *row;
    struct buffer chain = BUFFER_NULL;
    assert_ok(security_own(of->security, SCENE_NOW, &row));
    assert_ok(from->ops->certificate_chain(from, &row->hash, &chain));
    assert_ok(to->ops->certificate_take(to, buffer_view(&chain)));
    buffer_deinit(&chain);
}

struct group {
    struct scene scene;
    struct party admin, other_admin, host, guest, member;
};

static int setup(void **state)
{
    static struct group group;
    scene_init(&group.scene);
    group.admin = party_join(&group.scene.founder, 1, ROLE_ADMIN);
    group.other_admin = party_join(&group.admin, 2, ROLE_ADMIN);
    group.host = party_join(&group.scene.founder, 3, ROLE_INVITING_MEMBER);
    group.guest = party_join(&group.host, 4, ROLE_MEMBER);
    group.member = party_join(&group.scene.founder, 5, ROLE_MEMBER);
    *state = &group;
    return 0;
}

static int teardown(void **state)
{
    struct group *group = *state;
    struct party *parties[] = {&group->admin, &group->other_admin, &group->host, &group->guest,
                               &group->member};
    for (size_t i = 0; i < ARRAY_SIZE(parties); i++)
        party_deinit(parties[i]);
    scene_deinit(&group->scene);
    return 0;
}

/* ---- what stays and what falls ---- */

static void test_the_default_keeps_what_is_here(void **state)
{
    struct group *group = *state;
    const struct party *founder = &group->scene.founder, *host = &group->host;
    const struct party *all[] = {founder, host, &group->guest, &group->member};
    struct sealed_record note = publish(host, (struct draft){.nonce = 1});
    struct sealed_record below = publish(&group->guest, (struct draft){.nonce = 2});
    struct sealed_record presence =
        publish(host, (struct draft){.type = RECORD_TYPE_PRESENCE, .nonce = 3});
    struct sealed_record membership =
        publish(host, (struct draft){.type = RECORD_TYPE_MEMBERSHIP, .nonce = 4});
    meet(all, ARRAY_SIZE(all));
    struct sealed_record unseen = publish(host, (struct draft){.nonce = 5});
    struct sealed_record changed = publish(host, (struct draft){.of = &note});
    assert_ok(revoke(founder, host, 0));
    meet(all, ARRAY_SIZE(all));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        assert_same(all[i], founder);
        assert_true(holds(all[i], &note) && holds(all[i], &below));
        assert_false(holds(all[i], &presence) || holds(all[i], &membership));
        assert_false(holds(all[i], &unseen) || holds(all[i], &changed));
        assert_false(is_member(all[i], host));
        assert_true(is_member(all[i], &group->guest));
    }
    assert_true(security_is_removed(host->security));
    assert_false(security_is_removed(group->guest.security));
    struct sealed_record *sealed[] = {&note, &below, &presence, &membership, &unseen, &changed};
    for (size_t i = 0; i < ARRAY_SIZE(sealed); i++)
        sealed_record_deinit(sealed[i]);
}

static void test_flags_take_more_along(void **state)
{
    struct group *group = *state;
    const struct party *founder = &group->scene.founder, *host = &group->host;
    const struct party *all[] = {founder, host, &group->guest, &group->member};
    struct sealed_record note = publish(host, (struct draft){.nonce = 1});
    struct sealed_record below = publish(&group->guest, (struct draft){.nonce = 2});
    meet(all, ARRAY_SIZE(all));
    assert_ok(revoke(founder, host, REVOKE_WITH_ISSUED));
    meet(all, ARRAY_SIZE(all));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        assert_same(all[i], founder);
        assert_true(holds(all[i], &note) && holds(all[i], &below));
        assert_false(is_member(all[i], &group->guest));
    }
    assert_true(security_is_removed(group->guest.security));
    sealed_record_deinit(&note);
    sealed_record_deinit(&below);
    note = publish(&group->member, (struct draft){.nonce = 3});
    meet(all, ARRAY_SIZE(all));
    assert_true(holds(founder, &note));
    assert_ok(revoke(founder, &group->member, REVOKE_DROP_RECORDS));
    meet(all, ARRAY_SIZE(all));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        assert_false(holds(all[i], &note));
    sealed_record_deinit(&note);
}

/* No date helps: neither on records nor on certificates for helpers, nor on revocations. */
static void test_back_dating_is_of_no_use(void **state)
{
    struct group *group = *state;
    const struct party *founder = &group->scene.founder, *admin = &group->admin;
    learn(founder, admin);
    struct party known = party_join(admin, 20, ROLE_MEMBER);
    learn(founder, &known);
    assert_ok(revoke(founder, admin, 0));
    /* The removed one has not heard, and works on with dates of yesterday. */
    struct issue_request request = {.roles = ROLE_ADMIN};
    struct party puppet = party_new(21);
    request = issue_for(&puppet, ROLE_ADMIN);
    struct buffer chain = BUFFER_NULL;
    assert_ok(security_issue(admin->security, &request, SCENE_NOW, &chain));
    struct buffer xml = party_invite(admin, buffer_view(&chain));
    assert_ok(party_adopt(&puppet, buffer_view(&xml), SCENE_NOW));
    struct draft old = {.type = NOTE, .modified = SCENE_NOW - SCENE_GRACE + TICKS_PER_SECOND};
    struct sealed_record by_admin, by_puppet, by_known;
    assert_ok(party_write(admin, &old, &by_admin));
    assert_ok(party_write(&puppet, &old, &by_puppet));
    assert_ok(party_write(&known, &old, &by_known));
    struct sealed_record counter =
        scene_revoke(admin, false, &group->member.key_hash, SCENE_NOW, NULL, 0);
    assert_hr(party_judge(founder, admin, &by_admin), PEER_E_NOT_AUTHORIZED);
    assert_hr(party_judge(founder, &puppet, &by_puppet), PEER_E_NOT_AUTHORIZED);
    assert_hr(party_judge(founder, admin, &counter), PEER_E_NOT_AUTHORIZED);
    assert_ok(party_judge(founder, &known, &by_known));
    assert_false(is_member(founder, &puppet));
    assert_true(is_member(founder, &known) && is_member(founder, &group->member));
    struct sealed_record *sealed[] = {&by_admin, &by_puppet, &by_known, &counter};
    for (size_t i = 0; i < ARRAY_SIZE(sealed); i++)
        sealed_record_deinit(sealed[i]);
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_deinit(&puppet);
    party_deinit(&known);
}

/* Two administrators remove each other, each in its half: the one nearer to the root prevails, and
 * what the other has removed is a member again. */
static void test_two_halves_that_removed_each_other(void **state)
{
    struct group *group = *state;
    const struct party *upper = &group->admin, *lower = &group->other_admin;
    const struct party *host = &group->host, *member = &group->member;
    const struct party *one[] = {upper, host}, *two[] = {lower, member};
    const struct party *all[] = {lower, member, host, upper, &group->scene.founder};
    learn(upper, lower);
    learn(lower, host);
    learn(lower, member);
    meet(one, 2);
    meet(two, 2);
    assert_hr(revoke(lower, upper, 0), PEER_E_NOT_AUTHORIZED);
    /* By hand, since no call makes it: it stands nowhere. */
    struct sealed_record mutiny = scene_revoke(lower, false, &upper->key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(lower, lower, &mutiny));
    assert_ok(revoke(lower, host, REVOKE_DROP_RECORDS));
    struct sealed_record note = publish(host, (struct draft){.nonce = 9});
    meet(two, 2);
    assert_false(is_member(member, host));
    assert_true(is_member(member, upper));
    assert_ok(revoke(upper, lower, REVOKE_DROP_RECORDS));
    meet(one, 2);
    meet(all, ARRAY_SIZE(all));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct revocation_summary summary;
        assert_same(all[i], upper);
        assert_true(holds(all[i], &note));
        assert_true(is_member(all[i], host) && is_member(all[i], upper));
        assert_false(is_member(all[i], lower));
        security_revocations(all[i]->security, &summary);
        assert_int_equal(summary.count, 1);
    }
    assert_true(security_is_removed(lower->security));
    assert_false(security_is_removed(host->security));
    sealed_record_deinit(&note);
    sealed_record_deinit(&mutiny);
}

static void test_a_deputy_goes_on_without_the_creator(void **state)
{
    struct group *group = *state;
    const struct party *founder = &group->scene.founder, *member = &group->member;
    struct party deputy = party_join(founder, 30, ROLE_MEMBER);
    struct party rival = scene_deputy(&group->scene, 31);
    struct buffer chain = BUFFER_NULL;
    assert_hr(security_appoint(member->security, deputy.name, SCENE_NOW, &chain),
              PEER_E_NOT_AUTHORIZED);
    assert_hr(security_appoint(founder->security, "nobody", SCENE_NOW, &chain), PEER_E_NOT_FOUND);
    assert_hr(security_appoint(founder->security, founder->name, SCENE_NOW, &chain), E_INVALIDARG);
    assert_int_equal(chain.size, 0);
    assert_ok(security_appoint(founder->security, deputy.name, SCENE_NOW, &chain));
    struct buffer again = BUFFER_NULL;
    assert_hr(security_appoint(founder->security, deputy.name, SCENE_NOW, &again), S_FALSE);
    struct sealed_record announced = publish(
        founder, (struct draft){.type = RECORD_TYPE_MEMBERSHIP, .payload = buffer_view(&chain)});
    learn(&deputy, &group->admin);
    learn(&deputy, &rival);
    learn(&deputy, founder);
    /* Without an office nobody removes an administrator, nor after the creator is gone. */
    assert_hr(revoke(&deputy, &group->admin, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(revoke(member, &group->admin, 0), PEER_E_NOT_FOUND);
    assert_ok(party_deliver(&deputy, founder, &announced));
    assert_true(security_may_set_properties(deputy.security));
    assert_int_equal(security_own_roles(deputy.security, SCENE_NOW), ROLE_ADMIN);
    assert_hr(revoke(&deputy, &rival, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(revoke(&deputy, founder, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(revoke(&deputy, &deputy, 0), E_INVALIDARG);
    assert_ok(revoke(&deputy, &group->admin, 0));
    const struct party *rest[] = {&deputy, member, &group->admin, &rival};
    meet(rest, ARRAY_SIZE(rest));
    assert_false(is_member(member, &group->admin));
    assert_true(security_is_removed(group->admin.security));
    for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
        assert_same(rest[i], &deputy);
    /* The creator takes the office back, and what the deputy did stays. */
    const struct party *all[] = {&deputy, member, founder};
    meet(all, ARRAY_SIZE(all));
    assert_ok(revoke(founder, &deputy, 0));
    meet(all, ARRAY_SIZE(all));
    assert_true(security_is_removed(deputy.security));
    assert_false(security_may_set_properties(deputy.security));
    assert_false(is_member(member, &group->admin));
    sealed_record_deinit(&announced);
    buffer_deinit(&chain);
    party_deinit(&deputy);
    party_deinit(&rival);
}

/* ---- long lists ---- */

static void test_a_long_list_comes_in_parts(void **state)
{
    enum { NOTES = 2500 };
    struct group *group = *state;
    const struct party *founder = &group->scene.founder, *author = &group->member;
    static struct sealed_record notes[NOTES];
    for (unsigned i = 0; i < NOTES; i++) {
        struct draft draft = {.type = NOTE, .modified = SCENE_NOW - i - 1, .nonce = (uint8_t)i};
        assert_ok(party_write(author, &draft, &notes[i]));
        assert_ok(party_deliver(founder, author, &notes[i]));
    }
    struct sealed_list list;
    assert_ok(security_revoke(founder->security, author->name, 0, SCENE_NOW, &list));
    assert_int_equal(list.count, 3);
    for (unsigned i = 0; i < list.count; i++) {
        assert_true(list.items[i].payload.size <= LIMIT_PIECE_SIZE);
        assert_ok(party_deliver(founder, founder, &list.items[i]));
    }
    assert_true(list.items[0].payload.size < 9000);
    for (unsigned i = 0; i < NOTES; i++)
        assert_ok(party_judge(founder, author, &notes[i]));
    struct draft late = {.type = NOTE, .modified = SCENE_NOW - NOTES - 1};
    struct sealed_record sealed;
    assert_ok(party_write(author, &late, &sealed));
    assert_hr(party_judge(founder, author, &sealed), PEER_E_NOT_AUTHORIZED);
    sealed_record_deinit(&sealed);
    for (unsigned i = 0; i < NOTES; i++)
        sealed_record_deinit(&notes[i]);
    sealed_list_deinit(&list);
}

/* ---- who is told, and what it believes ---- */

struct refusal {
    struct buffer bytes;
    struct message_revoked message;
    struct record record;
    struct hash digest;
    struct record_seal seal;
};

static struct refusal refusal_by(const struct party *by, const struct party *whom)
{
    struct refusal refusal = {.bytes = BUFFER_NULL};
    struct message message;
    assert_ok(security_refusal(party_provider(by), &whom->key_hash, &refusal.bytes));
    assert_ok(message_next(buffer_view(&refusal.bytes), &message));
    assert_int_equal(message.type, MESSAGE_REVOKED);
    assert_int_equal(message.size, refusal.bytes.size);
    assert_ok(message_decode_revoked(message.body, &refusal.message));
    assert_ok(record_header_decode(refusal.message.flood.header, &refusal.record));
    record_digest(bytes_of_text(security_graph_id(by->security)), refusal.message.flood.header,
                  &refusal.digest);
    refusal.seal.certificate = refusal.message.flood.certificate;
    memcpy(refusal.seal.signature, refusal.message.flood.signature.data, SIGNATURE_SIZE);
    return refusal;
}

static HRESULT heard_by(const struct party *party, const struct refusal *refusal)
{
    return security_removes_own(party_provider(party), refusal->message.chain, &refusal->record,
                                &refusal->digest, &refusal->seal, refusal->message.flood.payload);
}

static void test_who_is_refused_is_told_with_proof(void **state)
{
    struct group *group = *state;
    const struct party *admin = &group->admin, *guest = &group->guest;
    struct buffer out = BUFFER_NULL;
    learn(admin, guest);
    assert_hr(security_refusal(party_provider(admin), &guest->key_hash, &out), PEER_E_NOT_FOUND);
    assert_ok(revoke(admin, guest, 0));
    struct refusal refusal = refusal_by(admin, guest);
    /* The guest has never heard of that administrator: its chain comes along. */
    struct provider *provider = party_provider(guest);
    assert_false(provider->ops->certificate_has(provider, &refusal.seal.certificate));
    assert_hr(heard_by(&group->member, &refusal), S_FALSE);
    refusal.seal.signature[3] ^= 1;
    assert_hr(heard_by(guest, &refusal), PEER_E_INVALID_RECORD);
    refusal.seal.signature[3] ^= 1;
    /* What proves nothing leaves nothing: anybody can send it. */
    assert_false(provider->ops->certificate_has(provider, &refusal.seal.certificate));
    assert_ok(heard_by(guest, &refusal));
    assert_true(provider->ops->certificate_has(provider, &refusal.seal.certificate));
    struct bytes chain = refusal.message.chain;
    refusal.message.chain = bytes_of(chain.data, chain.size - 1);
    assert_hr(heard_by(guest, &refusal), PEER_E_INVALID_RECORD);
    buffer_deinit(&refusal.bytes);
}

static const struct store_ops *counted_ops;
static unsigned walks, walks_with_payload, gets;

static HRESULT counted_each(struct store *store, const struct guid *type, uint64_t after,
                            bool with_payload, store_record_visitor visit, void *context)
{
    walks++;
    walks_with_payload += with_payload;
    return counted_ops->each(store, type, after, with_payload, visit, context);
}

static HRESULT counted_get(struct store *store, const struct guid *id, struct store_record *record)
{
    gets++;
    return counted_ops->get(store, id, record);
}

/* Who was removed can call again and again: of all revocations only the parts of its own are read
 * whole, however many others there are. */
static void test_little_is_read_to_tell(void **state)
{
    enum { PARTS = 3, OTHERS = 20 };
    struct group *group = *state;
    const struct party *founder = &group->scene.founder;
    struct sealed_record made[PARTS + OTHERS];
    for (unsigned i = 0; i < PARTS + OTHERS; i++) {
        struct hash key = {{(uint8_t)i, 1}}, keep = {{(uint8_t)i, 2}};
        made[i] = scene_revoke(founder, true, i < PARTS ? &group->member.key_hash : &key, SCENE_NOW,
                               &keep, 1);
        assert_ok(party_deliver(founder, founder, &made[i]));
    }
    counted_ops = founder->store->ops;
    struct store_ops ops = *counted_ops;
    ops.each = counted_each;
    ops.get = counted_get;
    founder->store->ops = &ops;
    walks = walks_with_payload = gets = 0;
    struct buffer out = BUFFER_NULL;
    HRESULT hr = security_refusal(party_provider(founder), &group->member.key_hash, &out);
    founder->store->ops = counted_ops;
    assert_ok(hr);
    assert_int_equal(walks, 1);
    assert_int_equal(walks_with_payload, 0);
    assert_int_equal(gets, PARTS);
    struct bytes rest = buffer_view(&out);
    struct message message;
    for (unsigned i = 0; i < PARTS; i++) {
        assert_ok(message_next(rest, &message));
        assert_int_equal(message.type, MESSAGE_REVOKED);
        rest = bytes_of(rest.data + message.size, rest.size - message.size);
    }
    assert_int_equal(rest.size, 0);
    buffer_deinit(&out);
    for (unsigned i = 0; i < PARTS + OTHERS; i++)
        sealed_record_deinit(&made[i]);
}

/* A member without the right makes a revocation that looks like one: it is wrong in itself. An
 * administrator beside another makes one that may stand, and removes nobody. */
static void test_nobody_is_made_to_believe_it(void **state)
{
    struct group *group = *state;
    const struct party *member = &group->member, *admin = &group->admin;
    const struct certificate_row *row;
    struct buffer payload = BUFFER_NULL, chain = BUFFER_NULL;
    assert_ok(revocation_encode(&member->key_hash, SCENE_NOW, NULL, 0, &payload));
    struct draft draft = {.type = RECORD_TYPE_REVOCATION, .payload = buffer_view(&payload)};
    struct sealed_record forged = party_force(&group->host, &draft);
    assert_ok(security_own(group->host.security, SCENE_NOW, &row));
    assert_ok(party_provider(&group->host)
                  ->ops->certificate_chain(party_provider(&group->host), &row->hash, &chain));
    assert_hr(security_removes_own(party_provider(member), buffer_view(&chain), &forged.record,
                                   &forged.digest, &forged.seal, buffer_view(&forged.payload)),
              PEER_E_INVALID_RECORD);
    assert_false(security_is_removed(member->security));

    struct sealed_record beside =
        scene_revoke(&group->other_admin, false, &admin->key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(admin, &group->other_admin, &beside));
    assert_false(security_is_removed(admin->security));
    assert_hr(security_removal(admin->security, NULL, NULL), S_FALSE);
    sealed_record_deinit(&beside);
    sealed_record_deinit(&forged);
    buffer_deinit(&payload);
    buffer_deinit(&chain);
}

/* ---- who has gone ---- */

struct gone {
    unsigned count;
    char name[256];
};

static void note_gone(void *context, const struct hash *key, const char *peer_name)
{
    struct gone *gone = context;
    (void)key;
    gone->count++;
    strcpy(gone->name, peer_name);
}

static unsigned gone_now(const struct party *party, const char *name)
{
    struct gone gone = {.count = 0};
    assert_ok(security_gone_each(party->security, note_gone, &gone));
    if (gone.count > 0)
        assert_string_equal(gone.name, name);
    return gone.count;
}

static HRESULT note_info(void *context, const struct removal_info *info)
{
    *(struct removal_info *)context = *info;
    return S_OK;
}

static void test_each_is_gone_once_until_readmitted(void **state)
{
    struct group *group = *state;
    struct party *founder = &group->scene.founder;
    const struct party *member = &group->member;
    struct removal_info info = {.time = 0};
    assert_int_equal(gone_now(founder, NULL), 0);
    assert_hr(security_removal(member->security, note_info, &info), S_FALSE);
    assert_ok(revoke(founder, member, 0));
    assert_int_equal(gone_now(founder, member->name), 1);
    assert_int_equal(gone_now(founder, member->name), 0);
    party_reopen(founder, group->scene.group_key);
    assert_int_equal(gone_now(founder, member->name), 0);
    assert_hr(revoke(founder, member, 0), S_FALSE);
    assert_ok(security_removals_each(founder->security, note_info, &info));
    assert_true(info.in_force && info.by_group && !info.readmitted);
    assert_string_equal(info.peer_name, member->name);
    assert_true(info.time < SCENE_NOW && info.time >= SCENE_NOW - 2 * TICKS_PER_SECOND);
    struct issue_request request = issue_for(member, ROLE_MEMBER);
    struct buffer chain = BUFFER_NULL;
    assert_ok(security_issue(founder->security, &request, SCENE_NOW, &chain));
    assert_int_equal(gone_now(founder, NULL), 0);
    assert_true(is_member(founder, member));
    assert_ok(security_removals_each(founder->security, note_info, &info));
    assert_true(info.readmitted);
    assert_ok(revoke(founder, member, 0));
    assert_int_equal(gone_now(founder, member->name), 1);
    buffer_deinit(&chain);
}

/* ---- memory ---- */

static void test_lack_of_memory(void **state)
{
    struct group *group = *state;
    const struct party *founder = &group->scene.founder, *host = &group->host;
    struct sealed_record note = publish(host, (struct draft){.nonce = 1});
    learn(founder, &group->guest);
    assert_ok(party_deliver(founder, host, &note));
    struct sealed_list list;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        mem_fail_nth(n);
        HRESULT hr = security_revoke(founder->security, host->name, 0, SCENE_NOW, &list);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_true(is_member(founder, host));
        sealed_list_deinit(&list);
    }
    hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct buffer chain = BUFFER_NULL;
        mem_fail_nth(n);
        HRESULT hr = security_appoint(founder->security, host->name, SCENE_NOW, &chain);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        buffer_deinit(&chain);
    }
    assert_ok(revoke(founder, &group->member, 0));
    hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct buffer out = BUFFER_NULL;
        mem_fail_nth(n);
        HRESULT hr = security_refusal(party_provider(founder), &group->member.key_hash, &out);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        buffer_deinit(&out);
    }
    sealed_record_deinit(&note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_default_keeps_what_is_here),
        TEST(test_flags_take_more_along),
        TEST(test_back_dating_is_of_no_use),
        TEST(test_two_halves_that_removed_each_other),
        TEST(test_a_deputy_goes_on_without_the_creator),
        TEST(test_a_long_list_comes_in_parts),
        TEST(test_who_is_refused_is_told_with_proof),
        TEST(test_little_is_read_to_tell),
        TEST(test_nobody_is_made_to_believe_it),
        TEST(test_each_is_gone_once_until_readmitted),
        TEST(test_lack_of_memory),
    };
    return cmocka_run_group_tests_name("group-removal", tests, NULL, NULL);
}
