/* password_guard.c - how often a password may be guessed here: see password_guard.h.
 *
 * A ring of the last failures. Only an allowed attempt is noted, and none is allowed while the ring
 * is full of failures of the last minute, so nothing that still counts is overwritten. Nothing here
 * allocates or fails. */
#include "group/password_guard.h"

enum { WINDOW_MS = 60 * 1000, IPV4_OFFSET = 12, IPV6_SITE_SIZE = 8 };

/* The same IPv4 address or the same IPv6 /64: what one stranger can be expected to hold. */
static bool same_site(const uint8_t a[16], const uint8_t b[16])
{
    static const uint8_t mapped[IPV4_OFFSET] = {[10] = 0xff, [11] = 0xff};
    bool ipv4 = memcmp(a, mapped, IPV4_OFFSET) == 0;
    return memcmp(a, b, ipv4 ? 16 : IPV6_SITE_SIZE) == 0;
}

bool password_guard_allows(const struct password_guard *guard,
                           const struct password_attempt *attempt)
{
    uint32_t all = 0, key = 0, site = 0;
    for (uint32_t i = 0; i < LIMIT_PASSWORD_FAILURES; i++) {
        const struct password_attempt *failed = &guard->failures[i].attempt;
        if (!guard->failures[i].used || guard->now_ms - guard->failures[i].ms >= WINDOW_MS)
            continue;
        all++;
        key += hash_equal(&failed->key, &attempt->key);
        site += same_site(failed->ip, attempt->ip);
    }
    return all < LIMIT_PASSWORD_FAILURES && key < LIMIT_PASSWORD_FAILURES_EACH &&
           site < LIMIT_PASSWORD_FAILURES_EACH;
}

void password_guard_failed(struct password_guard *guard, const struct password_attempt *attempt)
{
    uint32_t at = guard->next++ % LIMIT_PASSWORD_FAILURES;
    guard->failures[at].used = true;
    guard->failures[at].ms = guard->now_ms;
    guard->failures[at].attempt = *attempt;
}
