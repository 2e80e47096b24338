/* password.c - the system's password policy, and Argon2id from a password to a signing key.
 *
 * Happy path: libpwquality with the system's configuration accepts the password; a random salt and
 * the default cost give the seed of an Ed25519 key, of which the group keeps the public half.
 * Failure: a refusal of the policy has its own code. A dictionary that is missing refuses every
 * password, so after a refusal by the dictionary a password that no dictionary holds is tried; when
 * that is refused too, the dictionary is what is wrong, and the check is repeated without it.
 * libcrack is not thread-safe, hence the lock. */
#include "group/password.h"

#include "base/log.h"
#include "base/text.h"

#include <pthread.h>
#include <pwquality.h>
#include <sodium.h>

static pthread_mutex_t policy_lock = PTHREAD_MUTEX_INITIALIZER;

bool password_cost_check(const struct password_cost *cost)
{
    return cost->memory_kib >= PASSWORD_MEMORY_MIN && cost->memory_kib <= PASSWORD_MEMORY_MAX &&
           cost->passes >= 1 && cost->passes <= PASSWORD_PASSES_MAX;
}

/* Frees the text that libpwquality hangs on some errors. */
static void forget_detail(int code, void *detail)
{
    char text[1];
    (void)pwquality_strerror(text, sizeof(text), code, detail);
}

static int check(pwquality_settings_t *settings, const char *password)
{
    void *detail = NULL;
    int code = pwquality_check(settings, password, NULL, NULL, &detail);
    if (code < 0)
        forget_detail(code, detail);
    return code;
}

/* dictionary_answers: a password that cannot be in it passes, so the dictionary is there. */
static bool dictionary_answers(pwquality_settings_t *settings)
{
    const char *path = NULL;
    pwquality_settings_t *plain = pwquality_default_settings();
    if (!plain)
        return true;
    if (pwquality_get_str_value(settings, PWQ_SETTING_DICT_PATH, &path) == 0 && path)
        (void)pwquality_set_str_value(plain, PWQ_SETTING_DICT_PATH, path);
    int code = check(plain, "w7K#pZ2!mX9@vR4$tB6%hQ8&");
    pwquality_free_settings(plain);
    return code != PWQ_ERROR_CRACKLIB_CHECK;
}

static void log_missing_dictionary(void)
{
    static bool logged;
    if (!logged)
        log_line(LOG_WARNING, "password dictionary missing: passwords are checked without it");
    logged = true;
}

static int check_by_policy(pwquality_settings_t *settings, const char *password)
{
    int code = check(settings, password);
    if (code != PWQ_ERROR_CRACKLIB_CHECK || dictionary_answers(settings))
        return code;
    log_missing_dictionary();
    (void)pwquality_set_int_value(settings, PWQ_SETTING_DICT_CHECK, 0);
    return check(settings, password);
}

HRESULT password_check_policy_with(const char *password, const char *dictionary)
{
    if (!password || !password[0] || text_units(password) > LIMIT_PASSWORD_UNITS)
        return PEER_E_PASSWORD_DOES_NOT_MEET_POLICY;
    pthread_mutex_lock(&policy_lock);
    int code = PWQ_ERROR_MEM_ALLOC;
    pwquality_settings_t *settings = pwquality_default_settings();
    if (settings) {
        void *detail = NULL;
        code = pwquality_read_config(settings, NULL, &detail);
        if (code < 0) {
            log_line(LOG_WARNING, "the system's password policy cannot be read; using defaults");
            forget_detail(code, detail);
        }
        if (dictionary)
            (void)pwquality_set_str_value(settings, PWQ_SETTING_DICT_PATH, dictionary);
        code = check_by_policy(settings, password);
        pwquality_free_settings(settings);
    }
    pthread_mutex_unlock(&policy_lock);
    if (code == PWQ_ERROR_MEM_ALLOC)
        return E_OUTOFMEMORY;
    return code < 0 ? PEER_E_PASSWORD_DOES_NOT_MEET_POLICY : S_OK;
}

HRESULT password_check_policy(const char *password)
{
    return password_check_policy_with(password, NULL);
}

HRESULT password_derive(const char *password, const uint8_t salt[PASSWORD_SALT_SIZE],
                        const struct password_cost *cost, struct signing_key **key)
{
    _Static_assert(PASSWORD_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "salt of Argon2id");
    *key = NULL;
    if (!password_cost_check(cost))
        return E_INVALIDARG;
    uint8_t seed[SEED_SIZE];
    size_t memory = (size_t)cost->memory_kib * 1024;
    if (crypto_pwhash(seed, sizeof(seed), password, strlen(password), salt, cost->passes, memory,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return E_OUTOFMEMORY;
    HRESULT hr = signing_key_from_seed(seed, key);
    sodium_memzero(seed, sizeof(seed));
    return hr;
}

HRESULT password_key_derive(const char *password, const uint8_t salt[PASSWORD_SALT_SIZE],
                            const struct password_cost *cost, struct password_key *key)
{
    *key = (struct password_key){.cost = *cost};
    memcpy(key->salt, salt, PASSWORD_SALT_SIZE);
    return password_derive(password, salt, cost, &key->key);
}

void password_key_deinit(struct password_key *key)
{
    signing_key_free(key->key);
    *key = PASSWORD_KEY_NULL;
}

struct password_key password_key_share(const struct password_key *key)
{
    struct password_key shared = *key;
    if (key->key)
        shared.key = signing_key_share(key->key);
    return shared;
}

bool password_key_fits(const struct password_key *key, const uint8_t salt[PASSWORD_SALT_SIZE],
                       const struct password_cost *cost)
{
    return key->key && memcmp(key->salt, salt, PASSWORD_SALT_SIZE) == 0 &&
           key->cost.memory_kib == cost->memory_kib && key->cost.passes == cost->passes;
}

HRESULT password_make(const char *password, unsigned role, struct group_password *made)
{
    struct signing_key *key;
    *made = (struct group_password){
        .role = role,
        .cost = {.memory_kib = PASSWORD_MEMORY_DEFAULT, .passes = PASSWORD_PASSES_DEFAULT}};
    randombytes_buf(made->salt, sizeof(made->salt));
    HRESULT hr = password_derive(password, made->salt, &made->cost, &key);
    if (FAILED(hr)) {
        *made = (struct group_password){.role = 0};
        return hr;
    }
    signing_key_public(key, made->public_key);
    signing_key_free(key);
    return S_OK;
}
