/* fuzz_handshake.c - any bytes from a stranger: nothing is held beyond the limit for strangers, a
 * failure is final, and who is not admitted hears nothing. The first byte: 0x80 a caller's bytes,
 * 0x40 behind a right ADMISSION; the rest is the size of pieces. The group is founded once; its
 * authority is new each time, so seeds reach HELLO and MYGMC only through what the fuzzer finds. */
#include "group/handshake.h"

static struct security *group(void)
{
    static struct security *security;
    static struct store *store;
    if (security)
        return security;
    static const uint8_t seed[SEED_SIZE] = {1};
    struct signing_key *key, *group_key;
    uint8_t public_key[KEY_SIZE];
    struct hash hash;
    char name[HASH_TEXT_SIZE + 2];
    HRESULT hr = signing_key_from_seed(seed, &key);
    ASSERT(SUCCEEDED(hr));
    signing_key_public(key, public_key);
    key_hash(public_key, &hash);
    hash_format(&hash, name);
    name[40] = '.';
    name[41] = '\0';
    struct security_self self = {.peer_name = name, .key = key};
    struct group_wish wish = {.flags = 0};
    struct founding founding = {.wish = &wish, .utc = 133500000000000000ull};
    hr = store_memory_new(&store);
    ASSERT(SUCCEEDED(hr));
    hr = security_new_founder(store, &self, &founding, &group_key, &security);
    ASSERT(SUCCEEDED(hr));
    signing_key_free(group_key);
    signing_key_free(key);
    return security;
}

/* What somebody says who knows the group's name and has no certificate. */
static HRESULT admit(struct handshake *handshake, struct handshake_options options,
                     struct buffer *out)
{
    struct handshake *caller;
    struct buffer admission = BUFFER_NULL;
    options.accepting = false;
    HRESULT hr = handshake_start(group(), &options, &caller, &admission);
    ASSERT(SUCCEEDED(hr));
    hr = handshake_feed(handshake, buffer_view(&admission), out);
    ASSERT(hr == S_FALSE && out->size > 0);
    handshake_free(caller);
    buffer_deinit(&admission);
    return hr;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct handshake *handshake;
    struct buffer out = BUFFER_NULL;
    struct handshake_options options = {.accepting = (data[0] & 0x80) != 0,
                                        .kind = HANDSHAKE_NEIGHBOUR,
                                        .utc = 133500000000000000ull};
    size_t piece = (data[0] & 0x3F) + 1u;
    bool admitted = (data[0] & 0x40) != 0;
    HRESULT hr = handshake_start(group(), &options, &handshake, &out);
    ASSERT(SUCCEEDED(hr));
    ASSERT(options.accepting == (out.size == 0));
    hr = options.accepting && admitted ? admit(handshake, options, &out) : S_FALSE;
    size_t said = out.size;
    for (size_t at = 1; at < size && hr == S_FALSE; at += piece) {
        size_t take = size - at < piece ? size - at : piece;
        hr = handshake_feed(handshake, bytes_of(data + at, take), &out);
    }
    ASSERT(hr != S_OK);       /* no stranger has a certificate for the key of zeros */
    ASSERT(out.size == said); /* nor can one guess an ADMISSION */
    handshake_free(handshake);
    buffer_deinit(&out);
    return 0;
}
