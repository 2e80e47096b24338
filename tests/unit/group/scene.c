/* scene.c - see scene.h. */
#include "scene.h"

#include "support/test.h"

#include "group/peer_name.h"

struct party party_new(unsigned number)
{
    struct party party = {.key = NULL};
    uint8_t seed[SEED_SIZE] = {(uint8_t)number, (uint8_t)(number >> 8), 7};
    assert_ok(signing_key_from_seed(seed, &party.key));
    signing_key_public(party.key, party.public_key);
    key_hash(party.public_key, &party.key_hash);
    assert_ok(peer_name_make(&party.key_hash, "someone", &party.name));
    assert_ok(store_memory_new(&party.store));
    return party;
}

void party_deinit(struct party *party)
{
    security_free(party->security);
    store_free(party->store);
    signing_key_free(party->key);
    mem_free(party->name);
    *party = (struct party){.key = NULL};
}

struct security_self party_self(const struct party *party)
{
    return (struct security_self){
        .peer_name = party->name, .friendly_name = "Some One", .key = party->key};
}

struct provider *party_provider(const struct party *party)
{
    return security_provider(party->security);
}

void party_reopen(struct party *party, struct signing_key *group_key)
{
    struct security_self self = party_self(party);
    security_free(party->security);
    party->security = NULL;
    assert_ok(security_open(party->store, &self, group_key, SCENE_NOW, &party->security));
}

void scene_init_with(struct scene *scene, const struct group_wish *wish, uint64_t utc)
{
    *scene = (struct scene){.founder = party_new(0)};
    struct security_self self = party_self(&scene->founder);
    struct founding founding = {.wish = wish, .cloud = "Global_", .utc = utc};
    assert_ok(security_new_founder(scene->founder.store, &self, &founding, &scene->group_key,
                                   &scene->founder.security));
    security_set_time(scene->founder.security, SCENE_NOW);
}

void scene_init(struct scene *scene)
{
    struct group_wish wish = {.classifier = "choir", .friendly_name = "Choir", .comment = "sings"};
    scene_init_with(scene, &wish, SCENE_NOW - SCENE_DAY);
}

void scene_deinit(struct scene *scene)
{
    party_deinit(&scene->founder);
    signing_key_free(scene->group_key);
}

struct issue_request issue_for(const struct party *to, unsigned roles)
{
    struct issue_request request = {.peer_name = to->name, .friendly_name = "Ann", .roles = roles};
    memcpy(request.key, to->public_key, KEY_SIZE);
    return request;
}

struct buffer party_issue(const struct party *issuer, const struct issue_request *request)
{
    struct buffer chain = BUFFER_NULL;
    assert_ok(security_issue(issuer->security, request, SCENE_NOW, &chain));
    return chain;
}

struct buffer party_invite(const struct party *issuer, struct bytes chain)
{
    static const struct address hints[] = {{.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 3587}};
    struct invite_request request = {.scheme = GROUP_SCHEME_CERTIFICATE,
                                     .chain = chain,
                                     .scope = SCOPE_GLOBAL,
                                     .hints = hints,
                                     .hint_count = 1};
    struct buffer xml = BUFFER_NULL;
    assert_ok(security_invite(issuer->security, &request, &xml));
    return xml;
}

HRESULT party_adopt(struct party *party, struct bytes xml, uint64_t utc)
{
    struct security_self self = party_self(party);
    struct invitation invitation;
    assert_ok(invitation_parse(xml, &invitation));
    HRESULT hr = security_adopt_invitation(party->store, &self, &invitation, utc, &party->security);
    invitation_deinit(&invitation);
    return hr;
}

struct party party_join(const struct party *issuer, unsigned number, unsigned roles)
{
    struct party party = party_new(number);
    struct issue_request request = issue_for(&party, roles);
    struct buffer chain = party_issue(issuer, &request);
    struct buffer xml = party_invite(issuer, buffer_view(&chain));
    assert_ok(party_adopt(&party, buffer_view(&xml), SCENE_NOW));
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_sync_properties(&party, issuer);
    return party;
}

/* No call makes a deputy: it is issued by hand. */
static void issue_deputy(const struct scene *scene, const struct party *deputy, struct buffer *list)
{
    const struct party *founder = &scene->founder;
    const struct certificate_row *row;
    struct certificate root;
    struct buffer der = BUFFER_NULL;
    assert_ok(security_own(founder->security, SCENE_NOW, &row));
    assert_ok(founder->store->ops->certificate_get(founder->store, &row->issuer->hash, &der));
    struct bytes view = buffer_view(&der);
    assert_ok(chain_encode(&view, 1, list));
    assert_ok(certificate_parse(view, &root));
    struct certificate_request request = {.kind = CERTIFICATE_MEMBER,
                                          .peer_name = deputy->name,
                                          .roles = ROLE_MEMBER,
                                          .deputy = true,
                                          .not_before = row->not_before,
                                          .not_after = TICKS_UNLIMITED};
    memcpy(request.key, deputy->public_key, KEY_SIZE);
    der.size = 0;
    assert_ok(certificate_issue(&request, &root, scene->group_key, &der));
    view = buffer_view(&der);
    assert_ok(chain_encode(&view, 1, list));
    certificate_deinit(&root);
    buffer_deinit(&der);
}

struct party scene_deputy(const struct scene *scene, unsigned number)
{
    struct party deputy = party_new(number);
    struct buffer list = BUFFER_NULL, xml = BUFFER_NULL;
    issue_deputy(scene, &deputy, &list);
    struct invitation invitation = {.scheme = GROUP_SCHEME_CERTIFICATE,
                                    .cloud = "",
                                    .scope = SCOPE_GLOBAL,
                                    .chain = buffer_view(&list)};
    assert_ok(invitation_make(&invitation, scene->group_key, &xml));
    assert_ok(party_adopt(&deputy, buffer_view(&xml), SCENE_NOW));
    party_sync_properties(&deputy, &scene->founder);
    buffer_deinit(&list);
    buffer_deinit(&xml);
    return deputy;
}

static struct record plain_record(const struct party *party, const struct draft *draft)
{
    struct bytes graph_id = bytes_of_text(security_graph_id(party->security));
    struct record record = {.type = draft->type,
                            .version = 1,
                            .modified = draft->modified ? draft->modified : SCENE_NOW,
                            .creator = party->key_hash,
                            .creator_name = bytes_of_text(party->name)};
    record.created = draft->fixed ? 0 : draft->created ? draft->created : record.modified;
    record.nonce[0] = draft->nonce;
    if (draft->name)
        record.creator_name = bytes_of_text(draft->name);
    if (draft->by_group) {
        security_group_key_hash(party->security, &record.creator);
        record.creator_name = graph_id;
    } else if (draft->creator_is) {
        record.creator = draft->creator_is->key_hash;
        record.creator_name = bytes_of_text(draft->creator_is->name);
    }
    record_make_id(graph_id, &record, &record.id);
    return record;
}

static struct record next_record(const struct party *party, const struct draft *draft)
{
    struct record record = draft->of->record;
    record.version++;
    record.modified = draft->modified ? draft->modified : record.modified + 1;
    record.modifier = party->key_hash;
    record.modifier_name = bytes_of_text(party->name);
    if (draft->by_group) {
        security_group_key_hash(party->security, &record.modifier);
        record.modifier_name = bytes_of_text(security_graph_id(party->security));
    }
    return record;
}

struct sealed_record draft_record(const struct party *party, const struct draft *draft)
{
    struct sealed_record sealed = {.header = BUFFER_NULL};
    struct record record = draft->of ? next_record(party, draft) : plain_record(party, draft);
    record.expiration = draft->expiration ? draft->expiration : SCENE_NOW + SCENE_DAY;
    record.deleted = draft->deleted;
    record.attributes = bytes_of(NULL, 0);
    record.payload_size = draft->payload.size;
    assert_ok(payload_root(draft->payload, &record.payload_root));
    assert_ok(buffer_append(&sealed.payload, draft->payload.data, draft->payload.size));
    assert_ok(record_header_encode(&record, &sealed.header));
    assert_ok(record_header_decode(buffer_view(&sealed.header), &sealed.record));
    record_digest(bytes_of_text(security_graph_id(party->security)), buffer_view(&sealed.header),
                  &sealed.digest);
    return sealed;
}

HRESULT party_write(const struct party *party, const struct draft *draft,
                    struct sealed_record *sealed)
{
    *sealed = draft_record(party, draft);
    struct provider *provider = party_provider(party);
    return provider->ops->seal(provider, &sealed->record, &sealed->digest, &sealed->seal);
}

void sealed_sign(struct sealed_record *sealed, const struct signing_key *key,
                 const struct hash *certificate)
{
    uint8_t message[64];
    record_signed_bytes(&sealed->digest, message);
    sealed->seal.certificate = *certificate;
    signing_key_sign(key, message, sizeof(message), sealed->seal.signature);
}

struct sealed_record party_force(const struct party *party, const struct draft *draft)
{
    const struct certificate_row *row;
    struct sealed_record sealed = draft_record(party, draft);
    assert_ok(security_own(party->security, SCENE_NOW, &row));
    sealed_sign(&sealed, party->key, &row->hash);
    return sealed;
}

static void carry_certificates(const struct party *to, const struct party *author,
                               const struct hash *certificate)
{
    struct provider *from = party_provider(author);
    struct provider *provider = party_provider(to);
    struct buffer chain = BUFFER_NULL;
    if (provider->ops->certificate_has(provider, certificate))
        return;
    assert_ok(from->ops->certificate_chain(from, certificate, &chain));
    assert_ok(provider->ops->certificate_take(provider, buffer_view(&chain)));
    buffer_deinit(&chain);
}

HRESULT party_judge(const struct party *to, const struct party *author,
                    const struct sealed_record *sealed)
{
    struct provider *provider = party_provider(to);
    struct verify_job job;
    carry_certificates(to, author, &sealed->seal.certificate);
    HRESULT hr = provider->ops->judge(provider, &sealed->record, &sealed->digest, &sealed->seal,
                                      buffer_view(&sealed->payload), &job);
    if (FAILED(hr))
        return hr;
    return signature_check(job.key, job.message, sizeof(job.message), job.signature)
               ? S_OK
               : NTE_BAD_SIGNATURE;
}

struct sealed_record party_stored(const struct party *party, const struct guid *id)
{
    struct store_record row;
    struct sealed_record sealed = {.header = BUFFER_NULL};
    assert_ok(party->store->ops->get(party->store, id, &row));
    assert_ok(buffer_append(&sealed.header, row.header.data, row.header.size));
    assert_ok(buffer_append(&sealed.payload, row.payload.data, row.payload.size));
    assert_ok(record_header_decode(buffer_view(&sealed.header), &sealed.record));
    sealed.digest = row.digest;
    sealed.seal.certificate = row.certificate;
    memcpy(sealed.seal.signature, row.signature.data, SIGNATURE_SIZE);
    store_record_deinit(&row);
    return sealed;
}

struct signed_by_dead {
    const struct party *party;
    struct guid *ids;
    unsigned count;
    unsigned max;
};

static HRESULT note_signed(void *context, const struct store_record *row)
{
    struct signed_by_dead *found = context;
    assert_true(found->count < found->max);
    found->ids[found->count++] = row->id;
    return S_OK;
}

static HRESULT note_dead(void *context, const struct hash *certificate)
{
    struct signed_by_dead *found = context;
    struct store *store = found->party->store;
    return store->ops->each_by_certificate(store, certificate, note_signed, found);
}

unsigned party_condemned(const struct party *party, struct guid *ids, unsigned max)
{
    unsigned count = 0;
    struct provider *provider = party_provider(party);
    struct signed_by_dead found = {.party = party, .ids = ids, .max = max};
    assert_ok(provider->ops->each_dead(provider, note_dead, &found));
    for (unsigned i = 0; i < found.count; i++) {
        struct sealed_record sealed = party_stored(party, &ids[i]);
        struct verify_job job;
        HRESULT hr = provider->ops->judge(provider, &sealed.record, &sealed.digest, &sealed.seal,
                                          buffer_view(&sealed.payload), &job);
        if (FAILED(hr))
            ids[count++] = ids[i];
        sealed_record_deinit(&sealed);
    }
    return count;
}

HRESULT party_deliver(const struct party *to, const struct party *author,
                      const struct sealed_record *sealed)
{
    struct provider *provider = party_provider(to);
    const struct record *record = &sealed->record;
    unsigned effects;
    HRESULT hr = party_judge(to, author, sealed);
    if (FAILED(hr))
        return hr;
    struct store_record row = {.id = record->id,
                               .type = record->type,
                               .digest = sealed->digest,
                               .creator = record->creator,
                               .certificate = sealed->seal.certificate,
                               .payload_root = record->payload_root,
                               .version = record->version,
                               .deleted = record->deleted,
                               .created = record->created,
                               .modified = record->modified,
                               .expiration = record->expiration,
                               .payload_size = record->payload_size,
                               .header = buffer_view(&sealed->header),
                               .signature = bytes_of(sealed->seal.signature, SIGNATURE_SIZE),
                               .payload = buffer_view(&sealed->payload)};
    assert_ok(to->store->ops->put(to->store, &row));
    return provider->ops->accepted(provider, record, &sealed->digest, buffer_view(&sealed->payload),
                                   &effects);
}

void party_sync_properties(const struct party *to, const struct party *from)
{
    struct store_record row;
    struct sealed_record sealed = {.header = BUFFER_NULL};
    struct guid id;
    security_properties_id(from->security, &id);
    assert_ok(from->store->ops->get(from->store, &id, &row));
    assert_ok(buffer_append(&sealed.header, row.header.data, row.header.size));
    assert_ok(buffer_append(&sealed.payload, row.payload.data, row.payload.size));
    assert_ok(record_header_decode(buffer_view(&sealed.header), &sealed.record));
    sealed.digest = row.digest;
    sealed.seal.certificate = row.certificate;
    memcpy(sealed.seal.signature, row.signature.data, SIGNATURE_SIZE);
    assert_ok(party_deliver(to, from, &sealed));
    sealed_record_deinit(&sealed);
    store_record_deinit(&row);
}

struct sealed_record scene_revoke(const struct party *by, bool by_group, const struct hash *key,
                                  uint64_t time, const struct hash *keep, uint32_t keep_count)
{
    struct buffer payload = BUFFER_NULL;
    struct sealed_record sealed;
    static uint8_t nonce;
    assert_ok(revocation_encode(key, time, keep, keep_count, &payload));
    struct draft draft = {.type = RECORD_TYPE_REVOCATION,
                          .payload = buffer_view(&payload),
                          .by_group = by_group,
                          .expiration = by_group ? TICKS_UNLIMITED : 0,
                          .nonce = ++nonce};
    assert_ok(party_write(by, &draft, &sealed));
    buffer_deinit(&payload);
    return sealed;
}
