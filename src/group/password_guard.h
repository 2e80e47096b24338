/* password_guard.h - how often a group's password may be tried wrongly at one listener.
 *
 * Counts only attempts that were looked at and refused: at most LIMIT_PASSWORD_FAILURES in a minute
 * in all, LIMIT_PASSWORD_FAILURES_EACH of one key and of one IPv4 address or IPv6 /64. What comes
 * beyond is refused unseen and not counted, so as many entries as the limit hold all that matter.
 */
#ifndef GROUP_PASSWORD_GUARD_H
#define GROUP_PASSWORD_GUARD_H

#include "base/hash.h"
#include "base/limits.h"

struct password_attempt {
    struct hash key;
    uint8_t ip[16];
};

/* Zeros are a fresh one. now_ms (monotonic) is the owner's to set before each use. */
struct password_guard {
    uint64_t now_ms;
    uint32_t next;
    struct {
        bool used;
        uint64_t ms;
        struct password_attempt attempt;
    } failures[LIMIT_PASSWORD_FAILURES];
};

/* password_guard_allows: this attempt may be looked at. */
bool password_guard_allows(const struct password_guard *guard,
                           const struct password_attempt *attempt);
/* password_guard_failed notes one that was allowed and found wrong. */
void password_guard_failed(struct password_guard *guard, const struct password_attempt *attempt);

#endif
