/* Do all who stay agree on records and members, whatever a removed member does and whoever hears of
 * it late? Each schedule runs under several seeds, with slow and reordered verdicts and with links
 * that break. */
#include "removal_cast.h"

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
    /* So do a newcomer, and one that comes back through it. */
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
        cmocka_unit_test(puppets_stay_or_go_by_flags),
        cmocka_unit_test(a_half_that_has_not_heard_merges),
        cmocka_unit_test(a_removal_in_parts_keeps_all_that_they_name),
        cmocka_unit_test(who_was_removed_comes_back_and_goes),
        cmocka_unit_test(an_administrator_alone_readmits),
        cmocka_unit_test(a_removal_that_is_known_is_news_to_who_is_out_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
