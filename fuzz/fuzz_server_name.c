/* fuzz_server_name.c - the server name extension of a stranger's ClientHello: at most one host name
 * inside it, and of that at most one spelling that is ours. */
#include "engine/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes name;
    uint8_t sni[SNI_SIZE], again[SNI_SIZE];
    struct sni_key key;
    uint32_t day = 0;
    if (!tls_server_name(bytes_of(data, size), &name))
        name = bytes_of(data, size); /* the second decoder alone */
    ASSERT(name.size <= size);
    if (!sni_decode(name, sni))
        return 0;
    ASSERT(name.size == SNI_LENGTH && sni_decode(name, again) && memcmp(sni, again, SNI_SIZE) == 0);
    sni_key_derive("group.example", &key);
    struct hash own = HASH_NULL;
    if (sni_matches(&key, sni, 20000, &own, &day)) {
        char text[SNI_LENGTH + 1];
        sni_make(&key, sni, day, NULL, text);
        ASSERT(memcmp(text, name.data, SNI_LENGTH) == 0);
    }
    return 0;
}
