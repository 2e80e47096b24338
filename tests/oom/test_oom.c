/* Does every function of the interface survive every failing allocation (style rule 13)?
 *
 * For each case the n-th allocation of one call fails, our own or one that SQLite or libxml2 makes
 * for us: one child process for each n, every n up to 300, then ever fewer, until the call gets by
 * without meeting the failure. The outcome must be E_OUTOFMEMORY and no effect, or success; the
 * same call must succeed afterwards; under AddressSanitizer, with fewer n, no child may leak.
 * tools/contract-coverage tells which function has no case.
 *
 * Not covered, since they abort or keep their own memory: OpenSSL, libuv, libpwquality
 * (docs/deviations.md). Usage: test-oom [NAME...]; TAP on stdout. With PEERGROUP_OOM_PART=I/N every
 * N-th case from the I-th (1..N), so that several of these share the work; with PEERGROUP_OOM_LONG
 * every n there is, and under AddressSanitizer every n up to 300, then ever fewer. */
#include "oom.h"

#include <malloc.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
static const struct oom_steps usual = {.dense = 6, .spread = 2};
static const struct oom_steps longer = {.dense = 300, .spread = 8};
#else
static const struct oom_steps usual = {.dense = 300, .spread = 8};
static const struct oom_steps longer = {.spread = 0};
#endif

static const struct oom_case *const lists[] = {
    oom_cases_common, oom_cases_group,   oom_cases_record,  oom_cases_link,
    oom_cases_carry,  oom_cases_removal, oom_cases_password};

static bool wanted(const struct oom_case *oom, int count, char **names)
{
    for (int i = 1; i < count; i++) {
        if (strncmp(oom->name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return count < 2;
}

/* What the cryptographic libraries do once in a process, so that no child need do it: they are not
 * covered. */
static bool warm_up(void)
{
#ifdef __SANITIZE_ADDRESS__
    __lsan_disable();
#endif
    unsigned char signature[64];
    size_t size = sizeof(signature);
    SSL_CTX *tls = SSL_CTX_new(TLS_method());
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool well = tls && key && digest && sodium_init() >= 0 &&
                EVP_DigestSignInit(digest, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(digest, signature, &size, signature, 1) == 1 &&
                RAND_bytes(signature, sizeof(signature)) == 1;
    EVP_MD_CTX_free(digest);
    EVP_PKEY_free(key);
    SSL_CTX_free(tls);
#ifdef __SANITIZE_ADDRESS__
    __lsan_enable();
#endif
    return well;
}

static struct oom_template *make_template(void)
{
    struct oom_template *template =
        mmap(NULL, sizeof(*template), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (template == MAP_FAILED || !oom_home_new())
        return NULL;
    oom_home_is_template();
    pid_t process = fork();
    if (process == 0) {
        oom_template_make(template);
        exit(0);
    }
    int status = 0;
    bool well = process > 0 && waitpid(process, &status, 0) == process && status == 0;
    return well ? template : NULL;
}

int main(int count, char **names)
{
    unsigned number = 0, failed = 0, seen = 0, part = 1, parts = 1;
    const char *share = getenv("PEERGROUP_OOM_PART");
    if (share && (sscanf(share, "%u/%u", &part, &parts) != 2 || part < 1 || part > parts)) {
        printf("Bail out! PEERGROUP_OOM_PART is not I/N\n");
        return 1;
    }
    setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1);
    mallopt(M_ARENA_MAX, 1); /* makes children cheaper */
    oom_now.template = warm_up() ? make_template() : NULL;
    if (!oom_now.template) {
        printf("Bail out! no template\n");
        oom_home_clear_template();
        return 1;
    }
    const struct oom_steps *steps = getenv("PEERGROUP_OOM_LONG") ? &longer : &usual;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        for (const struct oom_case *oom = lists[i]; oom->name; oom++) {
            if (seen++ % parts == part - 1 && wanted(oom, count, names))
                failed += !oom_sweep(oom, steps, ++number);
        }
    }
    printf("1..%u\n", number);
    oom_home_clear_template();
    return failed != 0;
}
