/* sweep.h - fails each allocation of a call in turn: every one of the first fifty, then ever fewer,
 * until the call gets by without meeting the failure. */
#ifndef SUPPORT_SWEEP_H
#define SUPPORT_SWEEP_H

#include "support/test.h"

#include "base/alloc.h"

#include <stdbool.h>

/* sweep runs call under each failure. It must return E_OUTOFMEMORY or succeed; after (may be NULL)
 * sees the result with allocations working again, checks that there was no effect or the full one,
 * and takes it back. Returns how many calls failed. */
static inline unsigned sweep(HRESULT (*call)(void), void (*after)(HRESULT hr))
{
    unsigned failures = 0;
    bool hit = true;
    for (uint64_t n = 1; hit; n += 1 + n / 50) {
        mem_fail_nth_tagged(n);
        HRESULT hr = call();
        hit = mem_fail_hit();
        mem_fail_nth(0);
        if (FAILED(hr))
            assert_hr(hr, E_OUTOFMEMORY);
        failures += FAILED(hr);
        if (after)
            after(hr);
    }
    return failures;
}

#endif
