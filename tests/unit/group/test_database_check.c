/* Is a database file refused whose hash is right and whose content is not: certificates,
 * signatures, payloads, order? */
#include "group/database_check.h"
#include "scene.h"
#include "support/test.h"

enum { LARGE = 150 * 1024 };

static struct scene scene;
static struct party member;
static struct buffer root, chain;
static struct database_check *check;

static int setup(void **state)
{
    (void)state;
    scene_init(&scene);
    member = party_join(&scene.founder, 1, ROLE_MEMBER);
    struct hash hash;
    security_root_hash(scene.founder.security, &hash);
    struct provider *provider = party_provider(&scene.founder);
    HRESULT hr = provider->ops->certificate_chain(provider, &hash, &root);
    if (SUCCEEDED(hr))
        hr = security_own_chain(member.security, SCENE_NOW, &chain);
    return SUCCEEDED(hr) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    party_deinit(&member);
    scene_deinit(&scene);
    buffer_deinit(&root);
    buffer_deinit(&chain);
    return 0;
}

static void begin(void)
{
    assert_ok(
        database_check_new(security_graph_id(scene.founder.security), buffer_view(&root), &check));
}

static void add_chain(struct buffer *out)
{
    struct wire_reader reader;
    wire_reader_init(&reader, buffer_view(&chain));
    while (wire_left(&reader) > 0)
        assert_ok(database_write_item(DATABASE_CERTIFICATE,
                                      wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE), out));
}

static void add_sealed(const struct sealed_record *sealed, struct buffer *out)
{
    bool large = sealed->record.payload_size > LIMIT_PIECE_SIZE;
    assert_ok(database_write_record(
        &sealed->seal.certificate, bytes_of(sealed->seal.signature, SIGNATURE_SIZE),
        buffer_view(&sealed->header), large ? bytes_of(NULL, 0) : buffer_view(&sealed->payload),
        out));
}

/* Ends what begin has begun. */
static void expect(struct buffer *segment, HRESULT want)
{
    static struct database_signatures signatures;
    HRESULT hr = database_check_segment(check, buffer_view(segment), &signatures);
    if (SUCCEEDED(hr))
        hr = database_check_signatures(&signatures);
    if (SUCCEEDED(hr))
        hr = database_check_end(check);
    assert_hr(hr, want);
    database_check_free(check);
    buffer_deinit(segment);
}

static struct sealed_record written(struct bytes payload)
{
    struct sealed_record sealed;
    struct draft draft = {.type = {{1, 2, 3}}, .payload = payload};
    assert_ok(party_write(&member, &draft, &sealed));
    return sealed;
}

static void test_right(void **state)
{
    (void)state;
    struct buffer segment = BUFFER_NULL;
    struct sealed_record sealed = written(bytes_of_text("hello"));
    begin();
    add_chain(&segment);
    add_sealed(&sealed, &segment);
    expect(&segment, S_OK);
    sealed_record_deinit(&sealed);
}

/* A record before its signer's certificate; a certificate before its issuer's. */
static void test_order(void **state)
{
    (void)state;
    struct buffer segment = BUFFER_NULL;
    struct sealed_record sealed = written(bytes_of_text("hello"));
    begin();
    add_sealed(&sealed, &segment);
    add_chain(&segment);
    expect(&segment, E_INVALIDARG);
    struct bytes last = bytes_of(NULL, 0);
    struct wire_reader reader;
    wire_reader_init(&reader, buffer_view(&chain));
    while (wire_left(&reader) > 0)
        last = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
    begin();
    assert_ok(database_write_item(DATABASE_CERTIFICATE, last, &segment));
    expect(&segment, E_INVALIDARG);
    sealed_record_deinit(&sealed);
}

static void test_signature(void **state)
{
    (void)state;
    struct buffer segment = BUFFER_NULL;
    struct sealed_record sealed = written(bytes_of_text("hello"));
    sealed.seal.signature[3] ^= 1;
    begin();
    add_chain(&segment);
    add_sealed(&sealed, &segment);
    expect(&segment, E_INVALIDARG);
    sealed_record_deinit(&sealed);
}

/* Signed by the member, but not the member's to write. */
static void test_rules(void **state)
{
    (void)state;
    struct buffer segment = BUFFER_NULL;
    struct draft draft = {.type = {{1, 2, 3}}, .creator_is = &scene.founder};
    struct sealed_record sealed = party_force(&member, &draft);
    begin();
    add_chain(&segment);
    add_sealed(&sealed, &segment);
    expect(&segment, E_INVALIDARG);
    sealed_record_deinit(&sealed);
}

static void test_other_payload(void **state)
{
    (void)state;
    struct buffer segment = BUFFER_NULL;
    struct sealed_record sealed = written(bytes_of_text("hello"));
    sealed.payload.data[0] ^= 1;
    begin();
    add_chain(&segment);
    add_sealed(&sealed, &segment);
    expect(&segment, E_INVALIDARG);
    sealed_record_deinit(&sealed);
}

/* Pieces: right, altered, too few, abandoned, without a record, of another size. */
static void test_pieces(void **state)
{
    (void)state;
    uint8_t *data = mem_zalloc(LARGE);
    assert_non_null(data);
    struct sealed_record sealed = written(bytes_of(data, LARGE));
    for (int wrong = 0; wrong < 6; wrong++) {
        struct buffer segment = BUFFER_NULL;
        begin();
        add_chain(&segment);
        if (wrong != 4)
            add_sealed(&sealed, &segment);
        for (uint32_t i = 0; i < payload_piece_count(LARGE); i++) {
            struct bytes piece =
                bytes_of(data + (size_t)i * LIMIT_PIECE_SIZE, payload_piece_size(LARGE, i));
            if ((wrong == 2 || wrong == 3) && i == 2)
                break;
            piece.size -= wrong == 5 && i == 2;
            data[100] = wrong == 1;
            assert_ok(database_write_item(DATABASE_PIECE, piece, &segment));
            data[100] = 0;
        }
        if (wrong == 3)
            assert_ok(database_write_item(DATABASE_ABANDONED, bytes_of(NULL, 0), &segment));
        expect(&segment, wrong == 0 || wrong == 3 ? S_OK : E_INVALIDARG);
    }
    sealed_record_deinit(&sealed);
    mem_free(data);
}

/* A stranger's group with a right file of its own. */
static void test_other_group(void **state)
{
    (void)state;
    struct scene other;
    struct buffer segment = BUFFER_NULL, list = BUFFER_NULL;
    struct wire_reader reader;
    scene_init(&other);
    assert_ok(security_own_chain(other.founder.security, SCENE_NOW, &list));
    wire_reader_init(&reader, buffer_view(&list));
    begin();
    while (wire_left(&reader) > 0)
        assert_ok(database_write_item(DATABASE_CERTIFICATE,
                                      wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE), &segment));
    expect(&segment, E_INVALIDARG);
    buffer_deinit(&list);
    scene_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),         cmocka_unit_test(test_order),
        cmocka_unit_test(test_signature),     cmocka_unit_test(test_rules),
        cmocka_unit_test(test_other_payload), cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_other_group),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
