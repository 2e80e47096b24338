/* sim_memo.c - what one member has worked out about a key or a signature need not be for the next.
 *
 * Whether a key or a signature is good depends on the bytes alone, and every member of a group asks
 * the same: with real certificates that is most of the time of a run. So the linker hands the calls
 * of all other files (sim/meson.build: --wrap) to these, which ask the real ones once. A table of a
 * fixed size, filled for the program's life: what comes to a place that is taken replaces what is
 * there, and is asked again when it comes next. Questions are told apart by a hash of 256 bits. */
#include "group/certificate.h"

#include <sodium.h>

enum { PLACES = 1 << 16 };

static struct {
    struct hash question; /* all zero: none yet */
    bool good;
} answers[PLACES];

bool __real_key_check(const uint8_t public_key[KEY_SIZE]);
bool __real_signature_check(const uint8_t public_key[KEY_SIZE], const void *message, size_t size,
                            const uint8_t signature[CERTIFICATE_SIGNATURE_SIZE]);
bool __wrap_key_check(const uint8_t public_key[KEY_SIZE]);
bool __wrap_signature_check(const uint8_t public_key[KEY_SIZE], const void *message, size_t size,
                            const uint8_t signature[CERTIFICATE_SIGNATURE_SIZE]);

static uint32_t place_of(const struct hash *question)
{
    return (question->bytes[0] | (uint32_t)question->bytes[1] << 8) % PLACES;
}

bool __wrap_key_check(const uint8_t public_key[KEY_SIZE])
{
    struct hash question;
    crypto_generichash(question.bytes, HASH_SIZE, public_key, KEY_SIZE, (const uint8_t *)"key", 3);
    uint32_t place = place_of(&question);
    if (!hash_equal(&answers[place].question, &question)) {
        answers[place].question = question;
        answers[place].good = __real_key_check(public_key);
    }
    return answers[place].good;
}

bool __wrap_signature_check(const uint8_t public_key[KEY_SIZE], const void *message, size_t size,
                            const uint8_t signature[CERTIFICATE_SIGNATURE_SIZE])
{
    struct hash question;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update(&state, public_key, KEY_SIZE);
    crypto_generichash_update(&state, signature, CERTIFICATE_SIGNATURE_SIZE);
    crypto_generichash_update(&state, message, size);
    crypto_generichash_final(&state, question.bytes, HASH_SIZE);
    uint32_t place = place_of(&question);
    if (!hash_equal(&answers[place].question, &question)) {
        answers[place].question = question;
        answers[place].good = __real_signature_check(public_key, message, size, signature);
    }
    return answers[place].good;
}
