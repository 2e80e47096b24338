/* fuzz_revocation.c - any payload, and any set of revocations over a small tree: a payload that
 * decodes is written back as it came, and the verdicts do not depend on the order of the set. */
#include "group/revocation.h"

enum { ROWS = 8, REVOCATIONS_MAX = 6 };

static void check_payload(struct bytes bytes)
{
    struct revocation revocation;
    struct buffer again = BUFFER_NULL;
    if (FAILED(revocation_decode(bytes, &revocation)))
        return;
    HRESULT hr = revocation_encode(&revocation.key, revocation.time,
                                   (const struct hash *)revocation.keep.data,
                                   (uint32_t)(revocation.keep.size / HASH_SIZE), &again);
    ASSERT(SUCCEEDED(hr));
    ASSERT(bytes_equal(buffer_view(&again), bytes));
    buffer_deinit(&again);
}

/* Each row takes one byte: who issued it, its roles, whether it is a deputy. */
static void plant(struct certificate_row rows[ROWS], const uint8_t *data)
{
    for (unsigned i = 0; i < ROWS; i++) {
        struct certificate_row *issuer = i > 0 ? &rows[data[i] % i] : NULL;
        rows[i] = (struct certificate_row){.hash = {{(uint8_t)i, 1}},
                                           .key_hash = {{(uint8_t)(i % 6), 2}},
                                           .issuer = issuer,
                                           .depth = issuer ? issuer->depth + 1 : 0,
                                           .roles = (uint8_t)(1u << (data[i] >> 4) % 3),
                                           .deputy = issuer == &rows[0] && (data[i] & 0x80)};
        /* Only administrators issue administrators. */
        if (issuer && issuer != &rows[0] && !(issuer->roles & ROLE_ADMIN))
            rows[i].roles = ROLE_MEMBER;
    }
}

static unsigned verdict(const struct certificate_row rows[ROWS], const uint8_t *data,
                        unsigned count, bool backwards)
{
    struct revocation_set *set;
    unsigned dead = 0;
    if (FAILED(revocation_set_new(&set)))
        return 0;
    for (unsigned n = 0; n < count; n++) {
        unsigned i = backwards ? count - 1 - n : n;
        const uint8_t *plan = data + 3 * i;
        struct hash digest = {{(uint8_t)i, 3}};
        struct hash keep = plan[2] & 0x80 ? (struct hash){{plan[2] % ROWS, 1}}
                                          : (struct hash){{plan[2] % REVOCATIONS_MAX, 3}};
        struct revocation revocation = {.key = {{plan[1] % 6, 2}}, .time = plan[1] >> 7};
        if (plan[2] & 0x40)
            revocation.keep = bytes_of(keep.bytes, HASH_SIZE);
        HRESULT hr = revocation_set_add(set, &revocation, &digest, 0, &rows[plan[0] % ROWS]);
        ASSERT(hr == S_OK);
    }
    for (unsigned i = 0; i < ROWS; i++)
        dead |= (unsigned)revocation_certificate_dead(set, &rows[i]) << i;
    revocation_set_free(set);
    return dead;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct certificate_row rows[ROWS];
    check_payload(bytes_of(data, size));
    if (size < ROWS)
        return 0;
    size_t count = (size - ROWS) / 3;
    if (count > REVOCATIONS_MAX)
        count = REVOCATIONS_MAX;
    plant(rows, data);
    unsigned dead = verdict(rows, data + ROWS, (unsigned)count, false);
    ASSERT(verdict(rows, data + ROWS, (unsigned)count, true) == dead);
    ASSERT(!(dead & 1));
    return 0;
}
