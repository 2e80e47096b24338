/* Does a server name admit exactly whom it should, is there one spelling of it, and is it good only
 * once? */
#include "support/test.h"

#include "base/limits.h"
#include "group/sni.h"

/* Computed apart from this code: HMAC and HKDF of Python's hmac and hashlib, base32 of its base64.
 */
static const char name_anybody[] = "aaaqeayeaudaocajbifqydiob6ipfwp75cyszhmq5dw5wpfdt4ya";
static const char name_dialled[] = "aaaqeayeaudaocajbifqydiob74mdl6uvtbne2qg3q6jxkh3mcra";
enum { DAY = 20000 };

static struct hash filled(uint8_t value)
{
    struct hash hash;
    memset(hash.bytes, value, sizeof(hash.bytes));
    return hash;
}

static void counting_nonce(uint8_t nonce[SNI_NONCE_SIZE])
{
    for (unsigned i = 0; i < SNI_NONCE_SIZE; i++)
        nonce[i] = (uint8_t)i;
}

static void test_the_names_are_those_of_the_protocol(void **state)
{
    (void)state;
    struct sni_key key;
    struct hash dialled = filled(7);
    uint8_t nonce[SNI_NONCE_SIZE];
    char text[SNI_LENGTH + 1];
    counting_nonce(nonce);
    sni_key_derive("group.example", &key);
    sni_make(&key, nonce, DAY, NULL, text);
    assert_string_equal(text, name_anybody);
    sni_make(&key, nonce, DAY, &dialled, text);
    assert_string_equal(text, name_dialled);
}

static void test_days_are_counted_from_1970(void **state)
{
    (void)state;
    const uint64_t a_day = 86400 * TICKS_PER_SECOND;
    assert_int_equal(sni_day(0), 0);
    assert_int_equal(sni_day(TICKS_UNIX_EPOCH), 0);
    assert_int_equal(sni_day(TICKS_UNIX_EPOCH + a_day * DAY - 1), DAY - 1);
    assert_int_equal(sni_day(TICKS_UNIX_EPOCH + a_day * DAY), DAY);
}

static void test_it_admits_the_group_the_day_and_the_member(void **state)
{
    (void)state;
    struct sni_key key, other;
    struct hash own = filled(7), stranger = filled(8);
    uint8_t sni[SNI_SIZE];
    uint32_t day = 0;
    sni_key_derive("group.example", &key);
    sni_key_derive("group.example2", &other);
    assert_true(sni_decode(bytes_of_text(name_dialled), sni));
    for (uint32_t today = DAY - SNI_DAYS; today <= DAY + SNI_DAYS; today++) {
        assert_true(sni_matches(&key, sni, today, &own, &day));
        assert_int_equal(day, DAY);
    }
    assert_false(sni_matches(&key, sni, DAY - SNI_DAYS - 1, &own, &day));
    assert_false(sni_matches(&key, sni, DAY + SNI_DAYS + 1, &own, &day));
    assert_false(sni_matches(&key, sni, DAY, &stranger, &day));
    assert_false(sni_matches(&other, sni, DAY, &own, &day));
    assert_true(sni_decode(bytes_of_text(name_anybody), sni));
    assert_true(sni_matches(&key, sni, DAY, &stranger, &day));
    for (unsigned i = 0; i < SNI_SIZE; i++) {
        sni[i] ^= 1;
        assert_false(sni_matches(&key, sni, DAY, &own, &day));
        sni[i] ^= 1;
    }
}

static void test_only_one_spelling_is_read(void **state)
{
    (void)state;
    uint8_t sni[SNI_SIZE];
    char text[SNI_LENGTH + 2];
    for (unsigned i = 0; i < SNI_LENGTH; i++) {
        static const char bad[] = {'A', '1', '8', '=', '.', '\0', '\x80'};
        for (unsigned j = 0; j < sizeof(bad); j++) {
            memcpy(text, name_anybody, sizeof(name_anybody));
            text[i] = bad[j];
            assert_false(sni_decode(bytes_of(text, SNI_LENGTH), sni));
        }
    }
    memcpy(text, name_anybody, sizeof(name_anybody));
    text[SNI_LENGTH - 1]++; /* a bit beyond the 32 bytes */
    assert_false(sni_decode(bytes_of(text, SNI_LENGTH), sni));
    assert_false(sni_decode(bytes_of(name_anybody, SNI_LENGTH - 1), sni));
    memset(text, 'a', sizeof(text));
    assert_false(sni_decode(bytes_of(text, SNI_LENGTH + 1), sni));
    assert_false(sni_decode(bytes_of("", 0), sni));
}

static void nonce_of(uint32_t number, uint8_t nonce[SNI_NONCE_SIZE])
{
    memset(nonce, 0xA5, SNI_NONCE_SIZE);
    memcpy(nonce, &number, sizeof(number));
}

static void test_a_nonce_is_good_once(void **state)
{
    (void)state;
    struct sni_nonces nonces = {.slots = NULL};
    uint8_t nonce[SNI_NONCE_SIZE];
    for (uint32_t i = 0; i < SNI_NONCES_MAX; i++) {
        nonce_of(i, nonce);
        assert_ok(sni_nonces_take(&nonces, nonce, DAY, DAY));
        assert_hr(sni_nonces_take(&nonces, nonce, DAY, DAY + SNI_DAYS), E_ACCESSDENIED);
    }
    for (uint32_t i = 0; i < SNI_NONCES_MAX; i += 97) {
        nonce_of(i, nonce);
        assert_hr(sni_nonces_take(&nonces, nonce, DAY, DAY), E_ACCESSDENIED);
    }
    /* One more pushes out the oldest and no other, and takes no more memory. */
    nonce_of(SNI_NONCES_MAX, nonce);
    assert_ok(sni_nonces_take(&nonces, nonce, DAY, DAY));
    assert_int_equal(nonces.capacity, SNI_NONCES_MAX);
    nonce_of(1, nonce);
    assert_hr(sni_nonces_take(&nonces, nonce, DAY, DAY), E_ACCESSDENIED);
    nonce_of(0, nonce);
    assert_ok(sni_nonces_take(&nonces, nonce, DAY, DAY));
    sni_nonces_deinit(&nonces);
}

static void test_nonces_that_cannot_match_any_more_make_room(void **state)
{
    (void)state;
    struct sni_nonces nonces = {.slots = NULL};
    uint8_t nonce[SNI_NONCE_SIZE];
    for (uint32_t i = 0; i < 100; i++) {
        nonce_of(i, nonce);
        assert_ok(sni_nonces_take(&nonces, nonce, DAY, DAY));
    }
    nonce_of(100, nonce);
    assert_ok(sni_nonces_take(&nonces, nonce, DAY + 2, DAY + SNI_DAYS));
    assert_int_equal(nonces.count, 101);
    nonce_of(101, nonce);
    assert_ok(sni_nonces_take(&nonces, nonce, DAY + 3, DAY + SNI_DAYS + 1));
    assert_int_equal(nonces.count, 2);
    sni_nonces_deinit(&nonces);
}

static void test_without_memory_nothing_is_taken(void **state)
{
    (void)state;
    struct sni_nonces nonces = {.slots = NULL};
    uint8_t nonce[SNI_NONCE_SIZE];
    uint32_t taken = 0;
    nonce_of(0, nonce);
    mem_fail_nth(1);
    assert_hr(sni_nonces_take(&nonces, nonce, DAY, DAY), E_OUTOFMEMORY);
    for (; nonces.count < nonces.capacity || taken == 0; taken++) {
        nonce_of(taken, nonce);
        assert_ok(sni_nonces_take(&nonces, nonce, DAY, DAY));
    }
    nonce_of(taken, nonce);
    mem_fail_nth(1);
    assert_hr(sni_nonces_take(&nonces, nonce, DAY, DAY), E_OUTOFMEMORY);
    assert_int_equal(nonces.count, taken);
    assert_ok(sni_nonces_take(&nonces, nonce, DAY, DAY));
    nonce_of(0, nonce);
    assert_hr(sni_nonces_take(&nonces, nonce, DAY, DAY), E_ACCESSDENIED);
    sni_nonces_deinit(&nonces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_names_are_those_of_the_protocol),
        cmocka_unit_test(test_days_are_counted_from_1970),
        cmocka_unit_test(test_it_admits_the_group_the_day_and_the_member),
        cmocka_unit_test(test_only_one_spelling_is_read),
        cmocka_unit_test(test_a_nonce_is_good_once),
        cmocka_unit_test(test_nonces_that_cannot_match_any_more_make_room),
        cmocka_unit_test(test_without_memory_nothing_is_taken),
    };
    return cmocka_run_group_tests_name("group-sni", tests, NULL, NULL);
}
