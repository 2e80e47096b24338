/* Do all who stay agree on records and members, whatever a removed member does, whoever hears of it
 * late, and whoever removes whom? Each schedule runs under several seeds, with slow and reordered
 * verdicts and with links that break. */
#include "group/removal.h"

#include "scenario.h"

enum { SEEDS = 3, HELPING_MINUTES = 15 };

/* Who is there at first: the one who let in the next line is named. */
enum {
    FOUNDER,
    ADMIN,  /* by the founder */
    ROGUE,  /* an administrator by ADMIN */
    HOST,   /* may invite, by the founder */
    MEMBER, /* by the founder */
    GUEST,  /* by HOST */
    CAST
};

/* ---- a group and its weather ---- */

static uint32_t come(struct sim *sim, uint32_t inviter, unsigned roles, uint32_t through)
{
    uint32_t index = sim_add(sim, &(struct sim_node_options){.synchronised = sim_count(sim) == 0,
                                                             .presence = true,
                                                             .membership = true,
                                                             .inviter = inviter,
                                                             .roles = roles});
    assert_int_equal(sim_node(sim, index)->inviter, inviter);
    sim_partition(sim, index, sim_node(sim, through)->group);
    sim_listen(sim, index);
    if (index != through)
        sim_connect(sim, index, through);
    sim_run(sim, 4000);
    return index;
}

static struct sim *cast_of_seed(uint64_t seed)
{
    struct sim *sim = sim_new(&(struct sim_options){.seed = seed,
                                                    .security = SIM_GROUP,
                                                    .latency_min_ms = 1,
                                                    .latency_max_ms = 150,
                                                    .verdict_max_ms = 400});
    come(sim, FOUNDER, 0, FOUNDER);
    come(sim, FOUNDER, ROLE_ADMIN, FOUNDER);
    come(sim, ADMIN, ROLE_ADMIN, ADMIN);
    come(sim, FOUNDER, ROLE_INVITING_MEMBER, FOUNDER);
    come(sim, FOUNDER, ROLE_MEMBER, ROGUE);
    come(sim, HOST, ROLE_MEMBER, HOST);
    sim_run(sim, 20000);
    sim_set_cuts(sim, 60);
    return sim;
}

static void part(struct sim *sim, const uint32_t *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sim_partition(sim, nodes[i], 1);
    sim_run(sim, 5000);
}

static bool is_member(struct sim *sim, uint32_t seen_by, uint32_t index)
{
    struct sim_node *node = sim_node(sim, seen_by);
    struct provider *provider = sim_provider_of(node);
    return SUCCEEDED(
        provider->ops->link_allowed(provider, &sim_node(sim, index)->key.hash, sim_utc(sim, node)));
}

static bool stays(struct sim *sim, uint32_t index)
{
    const struct sim_node *node = sim_node(sim, index);
    return node->graph && !node->removed;
}

/* Who runs and was removed has heard it. */
static bool all_were_told(struct sim *sim)
{
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        const struct sim_node *node = sim_node(sim, i);
        if (node->graph && security_is_removed(node->security) != node->removed)
            return false;
    }
    return true;
}

/* Links break on for two minutes; then all is well, and so it must become: everybody holds the same
 * records, shows the same members and says the same of each. */
static void settle(struct sim *sim)
{
    sim_heal(sim);
    sim_run(sim, 2 * MINUTE_MS);
    sim_set_cuts(sim, 0);
    uint64_t latest = sim_now_ms(sim) + HELPING_MINUTES * MINUTE_MS;
    do
        sim_run(sim, 5701);
    while (sim_now_ms(sim) < latest && !(sim_equal_now(sim, NULL) && all_were_told(sim)));
    assert_all_equal(sim);
    (void)sim_check_security(sim);
    assert_sound(sim);
    assert_true(all_were_told(sim));
    for (uint32_t i = 0; i < sim_count(sim); i++)
        for (uint32_t j = 0; stays(sim, i) && j < sim_count(sim); j++)
            assert_int_equal(is_member(sim, i, j), !sim_node(sim, j)->removed);
}

static void under_all_seeds(void (*schedule)(uint64_t seed))
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        schedule(seed);
}

/* ---- short words ---- */

static uint32_t version_at(struct sim *sim, uint32_t index, const struct guid *id)
{
    struct store_record row;
    struct store *store = sim_node(sim, index)->store;
    return SUCCEEDED(store->ops->find(store, id, &row)) && !row.deleted ? row.version : 0;
}

/* 0: it is gone, or deleted. */
static void assert_version(struct sim *sim, const struct guid *id, uint32_t version)
{
    for (uint32_t i = 0; i < sim_count(sim); i++)
        if (stays(sim, i))
            assert_int_equal(version_at(sim, i, id), version);
}

static void come_back(struct sim *sim, uint32_t index, uint32_t to)
{
    if (!sim_node(sim, index)->alive)
        sim_restart(sim, index);
    sim_listen(sim, index);
    sim_connect(sim, index, to);
}

/* ---- a member who minds no rule ---- */

static void send(struct sim *sim, uint64_t link, struct buffer *out)
{
    sim_raw_send(sim, link, buffer_view(out));
    buffer_deinit(out);
}

static uint64_t call_as_forger(struct sim *sim, uint32_t forger, uint32_t to)
{
    struct buffer out = BUFFER_NULL;
    uint64_t link = sim_raw_dial(sim, forger, to, false);
    assert_true(link != 0);
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    send(sim, link, &out);
    sim_run(sim, 1000);
    return link;
}

/* Sealed by the forger's own security, which has not heard and never will. */
static void forge(struct sim *sim, uint32_t forger, uint64_t link, struct record *record,
                  struct bytes payload)
{
    struct provider *provider = sim_provider_of(sim_node(sim, forger));
    CLEANUP_BUFFER struct buffer header = BUFFER_NULL;
    struct buffer out = BUFFER_NULL;
    struct hash digest;
    struct record_seal seal;
    record->payload_size = payload.size;
    payload_leaf(payload, &record->payload_root);
    if (record->version == 1)
        record_make_id(bytes_of_text(sim_graph_id(sim)), record, &record->id);
    assert_ok(record_header_encode(record, &header));
    record_digest(bytes_of_text(sim_graph_id(sim)), buffer_view(&header), &digest);
    assert_ok(provider->ops->seal(provider, record, &digest, &seal));
    struct message_flood flood = {.header = buffer_view(&header),
                                  .certificate = seal.certificate,
                                  .signature = bytes_of(seal.signature, SIGNATURE_SIZE),
                                  .payload = payload};
    assert_ok(message_encode_flood(&flood, &out));
    send(sim, link, &out);
}

static struct record backdated(struct sim *sim, uint32_t forger, const struct guid *type,
                               uint64_t when)
{
    const struct sim_key *key = &sim_node(sim, forger)->key;
    return (struct record){.type = *type,
                           .creator = key->hash,
                           .creator_name = bytes_of_text(key->name),
                           .version = 1,
                           .created = when,
                           .modified = when,
                           .expiration = when + 86400 * TICKS_PER_SECOND,
                           .nonce = {7}};
}

/* The next version of what stands at a node, as if written a second after it. */
static void forge_next(struct sim *sim, uint32_t forger, uint64_t link, uint32_t at,
                       const struct guid *id, bool deleted)
{
    const struct sim_key *key = &sim_node(sim, forger)->key;
    struct store *store = sim_node(sim, at)->store;
    struct store_record row;
    struct record record;
    assert_ok(store->ops->get(store, id, &row));
    assert_ok(record_header_decode(row.header, &record));
    record.version++;
    record.modifier = key->hash;
    record.modifier_name = bytes_of_text(key->name);
    record.modified += TICKS_PER_SECOND;
    record.deleted = deleted;
    if (deleted)
        record.attributes = bytes_of(NULL, 0);
    forge(sim, forger, link, &record, deleted ? bytes_of(NULL, 0) : bytes_of_text("forged"));
    store_record_deinit(&row);
}

/* ---- schedules ---- */

/* What the removed administrator dates back is taken where nobody has heard, and gone once they
 * have: a record, changes of others' records, a removal, a helper's certificate. */
static void back_dating(uint64_t seed)
{
    static const uint32_t half[] = {ROGUE, MEMBER, GUEST};
    struct sim *sim = cast_of_seed(seed);
    struct guid before = add_text(sim, ROGUE, "while a member");
    struct guid changed = add_text(sim, GUEST, "to be changed");
    struct guid deleted = add_text(sim, HOST, "to be deleted");
    uint32_t known = come(sim, ROGUE, ROLE_MEMBER, ADMIN);
    uint32_t victim = come(sim, FOUNDER, ROLE_MEMBER, FOUNDER);
    struct guid by_known = add_text(sim, known, "let in before");
    sim_run(sim, 30000);
    part(sim, half, ARRAY_SIZE(half));
    uint32_t unknown = come(sim, ROGUE, ROLE_MEMBER, ROGUE);
    struct guid by_unknown = add_text(sim, unknown, "let in before, but nobody there heard");
    uint64_t when = sim_peer_time(sim);
    sim_run(sim, 30000);
    assert_ok(sim_revoke(sim, seed % 2 ? FOUNDER : ADMIN, ROGUE, 0));
    sim_run(sim, MINUTE_MS);

    sim_set_cuts(sim, 0);
    sim_turn_raw(sim, ROGUE);
    sim_node(sim, ROGUE)->options.clock_ms = -600000;
    uint32_t puppet = come(sim, ROGUE, ROLE_INVITING_MEMBER, MEMBER);
    struct guid by_puppet = add_text(sim, puppet, "let in by a date of yesterday");
    uint64_t link = call_as_forger(sim, ROGUE, MEMBER);
    struct record record = backdated(sim, ROGUE, &SIM_RECORD_TYPE, when);
    forge(sim, ROGUE, link, &record, bytes_of_text("forged"));
    struct buffer payload = BUFFER_NULL;
    assert_ok(revocation_encode(&sim_node(sim, victim)->key.hash, when, NULL, 0, &payload));
    struct record removal = backdated(sim, ROGUE, &RECORD_TYPE_REVOCATION, when);
    forge(sim, ROGUE, link, &removal, buffer_view(&payload));
    buffer_deinit(&payload);
    forge_next(sim, ROGUE, link, GUEST, &changed, false);
    sim_run(sim, 10000);
    forge_next(sim, ROGUE, link, MEMBER, &deleted, true);
    sim_run(sim, 20000);
    /* All of it stands where nobody has heard. */
    assert_true(sim_holds(sim, GUEST, &record.id) && sim_holds(sim, GUEST, &by_puppet));
    assert_int_equal(version_at(sim, GUEST, &changed), 2);
    assert_int_equal(version_at(sim, GUEST, &deleted), 0);
    assert_true(is_member(sim, GUEST, puppet) && !is_member(sim, GUEST, victim));
    sim_set_cuts(sim, 60);

    settle(sim);
    assert_version(sim, &before, 1);
    assert_version(sim, &by_known, 1);
    assert_version(sim, &changed, 1);
    assert_version(sim, &deleted, 1);
    assert_version(sim, &record.id, 0);
    assert_version(sim, &by_unknown, 0);
    assert_version(sim, &by_puppet, 0);
    for (uint32_t i = 0; i < sim_count(sim); i++)
        if (stays(sim, i))
            assert_true(sim_raw_dial(sim, ROGUE, i, false) == 0);
    sim_free(sim);
}

static void what_a_removed_member_dates_back_falls(void **state)
{
    (void)state;
    under_all_seeds(back_dating);
}

/* One above the other: the upper one's removal stands, and what the lower one has removed is back.
 */
static void mutiny(uint64_t seed)
{
    static const uint32_t half[] = {ROGUE, MEMBER, GUEST};
    struct sim *sim = cast_of_seed(seed);
    struct guid by_member = add_text(sim, MEMBER, "dropped in one half");
    sim_run(sim, 30000);
    part(sim, half, ARRAY_SIZE(half));
    assert_hr(sim_revoke(sim, ROGUE, ADMIN, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke_by_hand(sim, ROGUE, ADMIN));
    assert_ok(sim_revoke(sim, ROGUE, MEMBER, REVOKE_DROP_RECORDS));
    assert_ok(sim_revoke(sim, ADMIN, ROGUE, 0));
    struct guid late = add_text(sim, ROGUE, "written after the removal");
    sim_run(sim, MINUTE_MS);
    assert_true(is_member(sim, GUEST, ADMIN) && is_member(sim, GUEST, ROGUE));
    assert_false(is_member(sim, GUEST, MEMBER) || sim_holds(sim, GUEST, &by_member));
    assert_true(security_is_removed(sim_node(sim, MEMBER)->security));
    sim_take_back(sim, MEMBER);
    sim_heal(sim);
    sim_run(sim, MINUTE_MS);
    come_back(sim, MEMBER, FOUNDER);
    settle(sim);
    assert_version(sim, &by_member, 1);
    assert_version(sim, &late, 0);
    assert_true(sim_linked(sim, MEMBER, FOUNDER) || sim_links(sim, MEMBER) > 0);
    sim_free(sim);
}

static void of_two_that_revoke_each_other_the_upper_prevails(void **state)
{
    (void)state;
    under_all_seeds(mutiny);
}

/* Side by side, neither has the right: both stay. */
static void rivalry(uint64_t seed)
{
    struct sim *sim = cast_of_seed(seed);
    uint32_t rival = come(sim, FOUNDER, ROLE_ADMIN, FOUNDER);
    const uint32_t half[] = {rival, ROGUE, MEMBER};
    sim_run(sim, 30000);
    part(sim, half, ARRAY_SIZE(half));
    assert_hr(sim_revoke(sim, rival, ADMIN, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(sim_revoke(sim, ADMIN, rival, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke_by_hand(sim, rival, ADMIN));
    assert_ok(sim_revoke_by_hand(sim, ADMIN, rival));
    struct guid by_rival = add_text(sim, rival, "one"), by_admin = add_text(sim, ADMIN, "other");
    sim_run(sim, MINUTE_MS);
    settle(sim);
    assert_version(sim, &by_rival, 1);
    assert_version(sim, &by_admin, 1);
    sim_free(sim);
}

static void of_two_of_one_rank_neither_removes_the_other(void **state)
{
    (void)state;
    under_all_seeds(rivalry);
}

/* Whom the removed one let in, and whom those let in: by flags they stay, go, and leave records. */
static void puppets_of(uint64_t seed, unsigned flags)
{
    struct sim *sim = cast_of_seed(seed);
    uint32_t puppet = come(sim, ROGUE, ROLE_INVITING_MEMBER, FOUNDER);
    uint32_t below = come(sim, puppet, ROLE_MEMBER, puppet);
    struct guid own = add_text(sim, ROGUE, "own"), first = add_text(sim, puppet, "puppet's");
    struct guid second = add_text(sim, below, "puppet's puppet's");
    sim_run(sim, 30000);
    assert_ok(sim_revoke(sim, FOUNDER, ROGUE, flags));
    settle(sim);
    bool drops = flags & REVOKE_DROP_RECORDS, takes_along = flags & REVOKE_WITH_ISSUED;
    assert_int_equal(sim_node(sim, puppet)->removed, takes_along);
    assert_int_equal(sim_node(sim, below)->removed, takes_along);
    assert_version(sim, &own, !drops);
    assert_version(sim, &first, !(drops && takes_along));
    assert_version(sim, &second, !(drops && takes_along));
    /* A removed one that had heard nothing could go on letting in: nobody takes them. */
    sim_crash(sim, GUEST);
    uint32_t late = come(sim, FOUNDER, ROLE_MEMBER, FOUNDER);
    come_back(sim, GUEST, late);
    settle(sim);
    sim_free(sim);
}

static void puppets_stay_or_go_by_flags(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        puppets_of(seed, (unsigned)(seed - 1) & (REVOKE_DROP_RECORDS | REVOKE_WITH_ISSUED));
}

/* Honest members in a half that has not heard go on with one who is removed in the other. */
static void unheard(uint64_t seed)
{
    static const uint32_t half[] = {HOST, GUEST, ROGUE};
    struct sim *sim = cast_of_seed(seed);
    struct guid own = add_text(sim, HOST, "own"), other = add_text(sim, HOST, "other");
    struct guid fleeting = add_text(sim, MEMBER, "changed in both halves");
    sim_run(sim, 30000);
    part(sim, half, ARRAY_SIZE(half));
    assert_ok(sim_revoke(sim, seed % 2 ? FOUNDER : ADMIN, HOST, 0));
    assert_ok(update_text(sim, HOST, &own, "changed by who is removed"));
    assert_ok(update_text(sim, ROGUE, &other, "changed by who stays"));
    struct guid late = add_text(sim, HOST, "late");
    uint32_t pupil = come(sim, HOST, ROLE_MEMBER, HOST);
    struct guid by_pupil = add_text(sim, pupil, "of who was let in late");
    assert_ok(update_text(sim, MEMBER, &fleeting, "here"));
    sim_run(sim, MINUTE_MS);
    assert_true(sim_holds(sim, GUEST, &late) && sim_holds(sim, GUEST, &by_pupil));
    assert_int_equal(version_at(sim, GUEST, &own), 2);
    settle(sim);
    assert_true(sim_node(sim, pupil)->removed && !sim_node(sim, GUEST)->removed);
    assert_version(sim, &own, 1);
    assert_version(sim, &other, 2);
    assert_version(sim, &fleeting, 2);
    assert_version(sim, &late, 0);
    assert_version(sim, &by_pupil, 0);
    sim_free(sim);
}

static void a_half_that_has_not_heard_merges(void **state)
{
    (void)state;
    under_all_seeds(unheard);
}

/* More is kept than one list holds; verdicts come in any order, also later than what they kill is
 * dropped, and one node loses its memory in between. */
static void in_parts(uint64_t seed)
{
    enum { NOTES = 300 };
    struct sim *sim = cast_of_seed(seed);
    struct guid notes[NOTES];
    for (uint32_t i = 0; i < NOTES; i++)
        notes[i] = add_text(sim, MEMBER, "kept");
    sim_run(sim, 30000);
    sim_set_verdicts(sim, 3000);
    assert_ok(sim_revoke(sim, FOUNDER, MEMBER, 0));
    assert_int_equal(sim_visible_of(sim, FOUNDER, &RECORD_TYPE_REVOCATION), 2);
    sim_run(sim, 500 + 700 * seed);
    sim_crash(sim, GUEST);
    sim_run(sim, 1000);
    come_back(sim, GUEST, FOUNDER);
    settle(sim);
    for (uint32_t i = 0; i < NOTES; i++)
        assert_version(sim, &notes[i], 1);
    sim_free(sim);
}

static void a_removal_in_parts_keeps_all_that_they_name(void **state)
{
    (void)state;
    under_all_seeds(in_parts);
}

/* Without a deputy: administrators remove those below them and plain members, nobody else. */
static void without_creator(uint64_t seed)
{
    struct sim *sim = cast_of_seed(seed);
    uint32_t rival = come(sim, FOUNDER, ROLE_ADMIN, FOUNDER);
    sim_run(sim, 30000);
    sim_crash(sim, FOUNDER);
    assert_hr(sim_revoke(sim, ADMIN, rival, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(sim_revoke(sim, ADMIN, FOUNDER, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke_by_hand(sim, ROGUE, FOUNDER));
    assert_ok(sim_revoke(sim, rival, MEMBER, REVOKE_DROP_RECORDS));
    assert_ok(sim_revoke(sim, ADMIN, ROGUE, 0));
    sim_run(sim, MINUTE_MS);
    uint32_t newcomer = come(sim, ADMIN, ROLE_MEMBER, GUEST);
    settle(sim);
    assert_true(graph_is_synchronised(sim_node(sim, newcomer)->graph));
    assert_true(is_member(sim, newcomer, rival) && !is_member(sim, newcomer, ROGUE));
    struct guid id = add_text(sim, newcomer, "the group goes on");
    settle(sim);
    assert_version(sim, &id, 1);
    sim_free(sim);
}

static void without_the_creator_and_a_deputy(void **state)
{
    (void)state;
    under_all_seeds(without_creator);
}

static void set_comment(struct sim *sim, uint32_t by, const char *comment)
{
    struct sim_node *node = sim_node(sim, by);
    const struct group_properties *properties;
    struct sealed_record sealed;
    assert_ok(security_properties(node->security, &properties));
    struct group_properties wanted = *properties;
    wanted.comment = (char *)(uintptr_t)comment; /* read only here */
    assert_ok(security_properties_record(
        node->security, &wanted, graph_peer_time(node->graph, sim_utc(sim, node)), &sealed));
    assert_ok(sim_publish_sealed(sim, by, &sealed, 1));
    sealed_record_deinit(&sealed);
}

static void assert_comment(struct sim *sim, const char *comment)
{
    const struct group_properties *properties;
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        if (!stays(sim, i))
            continue;
        assert_ok(security_properties(sim_node(sim, i)->security, &properties));
        assert_string_equal(properties->comment, comment);
    }
}

/* With one, all goes on: also administrators can be removed, and properties set. The creator comes
 * back from an old disk and finds it so. */
static void with_deputy(uint64_t seed)
{
    struct sim *sim = cast_of_seed(seed);
    struct guid by_admin = add_text(sim, ADMIN, "of who is removed");
    assert_ok(sim_appoint(sim, MEMBER));
    sim_run(sim, 30000);
    sim_crash(sim, FOUNDER);
    sim_run(sim, MINUTE_MS);
    assert_true(security_may_set_properties(sim_node(sim, MEMBER)->security));
    assert_hr(sim_revoke(sim, MEMBER, FOUNDER, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke(sim, MEMBER, ADMIN, REVOKE_DROP_RECORDS));
    set_comment(sim, MEMBER, "by the deputy");
    sim_run(sim, MINUTE_MS);
    uint32_t newcomer = come(sim, MEMBER, ROLE_ADMIN, HOST);
    settle(sim);
    assert_true(sim_node(sim, ADMIN)->removed && !sim_node(sim, ROGUE)->removed);
    assert_comment(sim, "by the deputy");
    assert_version(sim, &by_admin, 0);
    struct guid id = add_text(sim, newcomer, "let in by the deputy");
    sim_set_cuts(sim, 60);
    come_back(sim, FOUNDER, HOST);
    settle(sim);
    assert_comment(sim, "by the deputy");
    assert_version(sim, &id, 1);
    sim_free(sim);
}

static void with_a_deputy_the_group_outlives_its_creator(void **state)
{
    (void)state;
    under_all_seeds(with_deputy);
}

static HRESULT invite_again(struct sim *sim, uint32_t by, uint32_t whom)
{
    struct sim_node *node = sim_node(sim, by);
    struct issue_request request = {.peer_name = sim_node(sim, whom)->key.name};
    struct buffer chain = BUFFER_NULL;
    memcpy(request.key, sim_node(sim, whom)->key.public_key, KEY_SIZE);
    HRESULT hr = security_issue(node->security, &request, sim_utc(sim, node), &chain);
    buffer_deinit(&chain);
    return hr;
}

/* Removed, readmitted where half the group does not hear of it and one has heard of neither, and
 * removed for good. */
static void back_and_forth(uint64_t seed)
{
    static const uint32_t half[] = {HOST, ROGUE};
    struct sim *sim = cast_of_seed(seed);
    struct guid before = add_text(sim, MEMBER, "before");
    sim_run(sim, 30000);
    sim_crash(sim, GUEST);
    assert_ok(sim_revoke(sim, FOUNDER, MEMBER, 0));
    settle(sim);
    assert_hr(sim_revoke(sim, ADMIN, MEMBER, 0), S_FALSE);
    assert_hr(invite_again(sim, HOST, MEMBER), PEER_E_NOT_AUTHORIZED);
    part(sim, half, ARRAY_SIZE(half));
    sim_set_cuts(sim, 60);
    sim_renew(sim, MEMBER, ADMIN, 0);
    come_back(sim, MEMBER, ADMIN);
    sim_run(sim, MINUTE_MS);
    assert_true(is_member(sim, FOUNDER, MEMBER) && !is_member(sim, HOST, MEMBER));
    struct guid again = add_text(sim, MEMBER, "again");
    come_back(sim, GUEST, MEMBER);
    settle(sim);
    assert_true(stays(sim, MEMBER));
    assert_version(sim, &before, 1);
    assert_version(sim, &again, 1);
    assert_ok(sim_revoke(sim, ADMIN, MEMBER, REVOKE_DROP_RECORDS));
    settle(sim);
    assert_version(sim, &before, 1);
    assert_version(sim, &again, 0);
    sim_free(sim);
}

static void who_was_removed_comes_back_and_goes(void **state)
{
    (void)state;
    under_all_seeds(back_and_forth);
}

/* Who has not heard gives the removed member a certificate that begins after the removal: by an
 * administrator that readmits it, by another member it is nothing. */
static void unheard_consent(uint64_t seed)
{
    static const uint32_t half[] = {HOST, GUEST, ROGUE, MEMBER};
    struct sim *sim = cast_of_seed(seed);
    uint32_t by = seed % 2 ? HOST : ROGUE, expected = seed % 2 ? 0 : 1;
    struct guid before = add_text(sim, MEMBER, "before");
    sim_run(sim, 30000);
    part(sim, half, ARRAY_SIZE(half));
    assert_ok(sim_revoke(sim, FOUNDER, MEMBER, 0));
    sim_run(sim, 5000);
    struct guid between = add_text(sim, MEMBER, "by the old certificate");
    sim_node(sim, MEMBER)->options.certificate_begin = sim_utc(sim, sim_node(sim, by));
    sim_renew(sim, MEMBER, by, 0);
    assert_int_equal(sim_node(sim, MEMBER)->inviter, by);
    sim_run(sim, 5000);
    struct guid after = add_text(sim, MEMBER, "by the new one");
    sim_run(sim, MINUTE_MS);
    assert_true(sim_holds(sim, GUEST, &between) && sim_holds(sim, GUEST, &after));
    sim_heal(sim);
    sim_run(sim, MINUTE_MS);
    if (stays(sim, MEMBER))
        come_back(sim, MEMBER, ADMIN);
    settle(sim);
    assert_int_equal(stays(sim, MEMBER), expected);
    assert_version(sim, &before, 1);
    assert_version(sim, &between, 0);
    assert_version(sim, &after, expected);
    sim_free(sim);
}

static void an_administrator_alone_readmits(void **state)
{
    (void)state;
    under_all_seeds(unheard_consent);
}

static uint32_t hear_refusal(struct sim *sim, uint32_t index, struct bytes message)
{
    struct message revoked;
    uint32_t before = sim_notices(sim, index, GRAPH_NOTICE_REVOKED, 0);
    assert_ok(message_next(message, &revoked));
    struct graph_event refused = {.type = GRAPH_REFUSED, .data = revoked.body};
    assert_ok(sim_event(sim, index, &refused));
    return sim_notices(sim, index, GRAPH_NOTICE_REVOKED, 0) - before;
}

/* A REVOKED that says what is known says so again to who is out. Anybody can send it to anybody: to
 * others, and to who was readmitted since, it says nothing. */
static void a_removal_that_is_known_is_news_to_who_is_out_alone(void **state)
{
    (void)state;
    struct sim *sim = cast_of_seed(1);
    struct provider *founder = sim_provider_of(sim_node(sim, FOUNDER));
    struct buffer message = BUFFER_NULL;
    sim_set_cuts(sim, 0);
    assert_true(sim_links(sim, MEMBER) > 0);
    assert_ok(sim_revoke(sim, FOUNDER, MEMBER, 0));
    sim_run(sim, 3000);
    assert_int_equal(sim_links(sim, MEMBER), 0);
    settle(sim);
    assert_ok(founder->ops->refusal(founder, &sim_node(sim, MEMBER)->key.hash, &message));
    assert_int_equal(hear_refusal(sim, GUEST, buffer_view(&message)), 0);
    assert_int_equal(hear_refusal(sim, MEMBER, buffer_view(&message)), 1);
    sim_renew(sim, MEMBER, ADMIN, 0);
    come_back(sim, MEMBER, ADMIN);
    settle(sim);
    assert_int_equal(hear_refusal(sim, MEMBER, buffer_view(&message)), 0);
    assert_true(stays(sim, MEMBER) && sim_links(sim, MEMBER) > 0);
    buffer_deinit(&message);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_removed_member_dates_back_falls),
        cmocka_unit_test(of_two_that_revoke_each_other_the_upper_prevails),
        cmocka_unit_test(of_two_of_one_rank_neither_removes_the_other),
        cmocka_unit_test(puppets_stay_or_go_by_flags),
        cmocka_unit_test(a_half_that_has_not_heard_merges),
        cmocka_unit_test(a_removal_in_parts_keeps_all_that_they_name),
        cmocka_unit_test(without_the_creator_and_a_deputy),
        cmocka_unit_test(with_a_deputy_the_group_outlives_its_creator),
        cmocka_unit_test(who_was_removed_comes_back_and_goes),
        cmocka_unit_test(an_administrator_alone_readmits),
        cmocka_unit_test(a_removal_that_is_known_is_news_to_who_is_out_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
