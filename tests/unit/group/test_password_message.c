/* Are the messages and the signed bytes of joining by password those of protocol.md 8, byte for
 * byte, and is whatever is cut, longer or of another form refused? */
#include "support/test.h"

#include "base/label.h"
#include "group/password_message.h"
#include "wire/message.h"

#include <sodium.h>

static struct bytes body_of(const struct buffer *out)
{
    struct message message;
    assert_ok(message_next(buffer_view(out), &message));
    assert_int_equal(message.size, out->size);
    assert_int_equal(message.type, 0x23);
    return message.body;
}

typedef HRESULT (*decoder)(struct bytes body);

static HRESULT ask(struct bytes body)
{
    uint8_t mac[PASSWORD_MAC_SIZE];
    return password_decode_ask(body, mac);
}

static HRESULT offer(struct bytes body)
{
    struct password_offer out;
    return password_decode_offer(body, &out);
}

static HRESULT proof(struct bytes body)
{
    struct password_proof out;
    return password_decode_proof(body, &out);
}

/* Only the whole of it is one. */
static void assert_exact(struct bytes body, decoder right)
{
    static const decoder all[] = {ask, offer, proof};
    struct buffer copy = BUFFER_NULL;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        assert_hr(all[i](body), all[i] == right ? S_OK : PEER_E_INVALID_RECORD);
    for (size_t size = 0; size < body.size; size++)
        assert_hr(right(bytes_of(body.data, size)), PEER_E_INVALID_RECORD);
    assert_ok(buffer_append(&copy, body.data, body.size));
    assert_ok(buffer_append(&copy, "", 1));
    assert_hr(right(buffer_view(&copy)), PEER_E_INVALID_RECORD);
    buffer_deinit(&copy);
}

static void test_messages(void **state)
{
    (void)state;
    uint8_t mac[32] = {7}, signature[64] = {8};
    struct buffer out = BUFFER_NULL, want = BUFFER_NULL;
    assert_ok(password_encode_ask(mac, &out));
    assert_ok(buffer_append(&want, "\1", 1));
    assert_ok(buffer_append(&want, mac, 32));
    assert_true(bytes_equal(body_of(&out), buffer_view(&want)));
    assert_exact(body_of(&out), ask);
    out.size = want.size = 0;
    struct password_offer given = {.certificate = {{9}},
                                   .signature = bytes_of(signature, 64),
                                   .header = bytes_of_text("head"),
                                   .payload = bytes_of_text("load"),
                                   .deputy = bytes_of_text("der")};
    assert_ok(password_encode_offer(&given, &out));
    assert_ok(buffer_append(&want, "\2\11", 2));
    for (unsigned i = 0; i < 31; i++)
        assert_ok(buffer_append(&want, "", 1));
    assert_ok(buffer_append(&want, "\1\0\0\0\100", 5));
    assert_ok(buffer_append(&want, signature, 64));
    assert_ok(buffer_append(&want, "\0\0\0\4head\0\0\0\4load\0\0\0\3der", 23));
    assert_true(bytes_equal(body_of(&out), buffer_view(&want)));
    assert_exact(body_of(&out), offer);
    out.size = want.size = 0;
    struct password_proof signed_by = {bytes_of_text("Bea"), bytes_of(signature, 64)};
    assert_ok(password_encode_proof(&signed_by, &out));
    assert_ok(buffer_append(&want, "\3\0\0\0\3Bea", 8));
    assert_ok(buffer_append(&want, signature, 64));
    assert_true(bytes_equal(body_of(&out), buffer_view(&want)));
    assert_exact(body_of(&out), proof);
    buffer_deinit(&out);
    buffer_deinit(&want);
}

static void test_a_name_that_is_too_long_or_no_text(void **state)
{
    (void)state;
    uint8_t signature[64] = {8};
    char name[767];
    memset(name, 'x', sizeof(name));
    for (size_t size = 764; size < 767; size++) {
        struct buffer out = BUFFER_NULL;
        struct password_proof one = {bytes_of(name, size), bytes_of(signature, 64)};
        assert_ok(password_encode_proof(&one, &out));
        assert_hr(proof(body_of(&out)), size <= 765 ? S_OK : PEER_E_INVALID_RECORD);
        buffer_deinit(&out);
    }
    const char *const bad[] = {"\xff", "a\0b"};
    for (size_t i = 0; i < 2; i++) {
        struct buffer out = BUFFER_NULL;
        struct password_proof one = {bytes_of(bad[i], i == 0 ? 1 : 3), bytes_of(signature, 64)};
        assert_ok(password_encode_proof(&one, &out));
        assert_hr(proof(body_of(&out)), PEER_E_INVALID_RECORD);
        buffer_deinit(&out);
    }
}

static void pad_label(struct buffer *out, const char *text)
{
    char label[32] = "";
    memcpy(label, text, strlen(text));
    assert_ok(buffer_append(out, label, sizeof(label)));
}

/* Computed apart from what the library does. */
static void test_what_is_signed(void **state)
{
    (void)state;
    struct password_transcript transcript = {.link = {1},
                                             .graph_id = bytes_of_text("group"),
                                             .requestor = {2},
                                             .authenticator = {3},
                                             .properties = {{4}},
                                             .peer_name = bytes_of_text("me"),
                                             .friendly_name = bytes_of_text("Bea")};
    uint8_t got[64], hash[32], zeros[31] = {0};
    struct buffer text = BUFFER_NULL, want = BUFFER_NULL;
    assert_ok(buffer_append(&text, "\1", 1));
    assert_ok(buffer_append(&text, zeros, 31));
    assert_ok(buffer_append(&text, "\0\0\0\5group\2", 10));
    assert_ok(buffer_append(&text, zeros, 31));
    assert_ok(buffer_append(&text, "\3", 1));
    assert_ok(buffer_append(&text, zeros, 31));
    assert_ok(buffer_append(&text, "\4", 1));
    assert_ok(buffer_append(&text, zeros, 31));
    assert_ok(buffer_append(&text, "\0\0\0\2me\0\0\0\3Bea", 13));
    crypto_hash_sha256(hash, text.data, text.size);
    pad_label(&want, "peergroup/2 password proof");
    assert_ok(buffer_append(&want, hash, 32));
    password_signed_bytes(&transcript, got);
    assert_memory_equal(got, want.data, 64);
    struct rendezvous rendezvous = {.secret = {5}};
    uint8_t mac[32];
    want.size = 0;
    pad_label(&want, "peergroup/2 password ask");
    assert_ok(buffer_append(&want, "\1", 1));
    assert_ok(buffer_append(&want, zeros, 31));
    crypto_auth_hmacsha256(hash, want.data, want.size, rendezvous.secret);
    password_ask_mac(&rendezvous, transcript.link, mac);
    assert_memory_equal(mac, hash, 32);
    assert_string_equal((const char *)label_of(LABEL_PASSWORD_LINK), "peergroup/2 password link");
    buffer_deinit(&text);
    buffer_deinit(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_a_name_that_is_too_long_or_no_text),
        cmocka_unit_test(test_what_is_signed),
    };
    return cmocka_run_group_tests_name("group-password-message", tests, NULL, NULL);
}
