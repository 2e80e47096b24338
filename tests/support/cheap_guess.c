/* cheap_guess.c - what makes the guess of a password dear is left out, where very many are made.
 *
 * The program's own definitions come before those of the libraries: Argon2id becomes one hash, and
 * a PFX is written with two rounds. Both allocate outside our reach; what the library does before
 * and after them is the same. */
#include <dlfcn.h>
#include <openssl/pkcs12.h>
#include <sodium.h>

/* A test that looks at the real rounds looks whether this is linked. */
const int cheap_guess = 1;

int crypto_pwhash(unsigned char *out, unsigned long long size, const char *password,
                  unsigned long long password_size, const unsigned char *salt,
                  unsigned long long passes, size_t memory, int algorithm)
{
    (void)passes;
    (void)memory;
    (void)algorithm;
    return crypto_generichash(out, (size_t)size, (const unsigned char *)password, password_size,
                              salt, crypto_pwhash_SALTBYTES);
}

PKCS7 *PKCS12_pack_p7encdata(int cipher, const char *password, int password_size,
                             unsigned char *salt, int salt_size, int rounds,
                             STACK_OF(PKCS12_SAFEBAG) * bags)
{
    (void)rounds;
    __typeof__(&PKCS12_pack_p7encdata) next;
    *(void **)&next = dlsym(RTLD_NEXT, "PKCS12_pack_p7encdata");
    return next(cipher, password, password_size, salt, salt_size, 2, bags);
}

PKCS12_SAFEBAG *PKCS12_SAFEBAG_create_pkcs8_encrypt(int cipher, const char *password,
                                                    int password_size, unsigned char *salt,
                                                    int salt_size, int rounds,
                                                    PKCS8_PRIV_KEY_INFO *info)
{
    (void)rounds;
    __typeof__(&PKCS12_SAFEBAG_create_pkcs8_encrypt) next;
    *(void **)&next = dlsym(RTLD_NEXT, "PKCS12_SAFEBAG_create_pkcs8_encrypt");
    return next(cipher, password, password_size, salt, salt_size, 2, info);
}

int PKCS12_set_mac(PKCS12 *pfx, const char *password, int password_size, unsigned char *salt,
                   int salt_size, int rounds, const EVP_MD *digest)
{
    (void)rounds;
    __typeof__(&PKCS12_set_mac) next;
    *(void **)&next = dlsym(RTLD_NEXT, "PKCS12_set_mac");
    return next(pfx, password, password_size, salt, salt_size, 4, digest);
}
