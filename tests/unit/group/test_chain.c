/* Does a link hold exactly when every rule of it does (C27 to C36), and is a chain read whole and
 * in order (C37, C38)? */
#include "support/test.h"

#include "unit/group/cast.h"

#include "group/peer_name.h"

#include <time.h>

/* Forges a certificate as the row says, signs it, and judges it as the child of an issuer. */
static HRESULT judge(const struct certificate *says, int signer, int issuer, unsigned depth)
{
    struct forge forge;
    struct buffer der = BUFFER_NULL;
    struct certificate child;
    forge_from(&forge, says);
    forge_finish(&forge, cast.keys[signer], &der);
    assert_ok(certificate_parse(buffer_view(&der), &child)); /* good in itself */
    HRESULT hr =
        certificate_check_issued(buffer_view(&der), &child, &cast.certificates[issuer], depth);
    certificate_deinit(&child);
    buffer_deinit(&der);
    forge_deinit(&forge);
    return hr;
}

/* The member's row, issued by the inviter at depth 3; and the creator's, issued by the group. */
#define expect_member(says, want) assert_hr(judge((says), CAST_INVITER, CAST_INVITER, 3), (want))
#define expect_creator(says, want) assert_hr(judge((says), CAST_GROUP, CAST_GROUP, 1), (want))

static void test_good_links_hold(void **state)
{
    (void)state;
    for (int i = 1; i < CAST_COUNT; i++)
        assert_hr(judge(&cast.certificates[i], i - 1, i - 1, (unsigned)i), S_OK);
}

static void test_C27_kinds(void **state)
{
    (void)state;
    struct bytes der = buffer_view(&cast.ders[CAST_GROUP]);
    const struct certificate *group = &cast.certificates[CAST_GROUP];
    assert_hr(certificate_check_issued(der, group, group, 1), PEER_E_INVALID_RECORD);
    struct certificate identity = cast.certificates[CAST_CREATOR];
    identity.kind = CERTIFICATE_IDENTITY;
    assert_hr(certificate_check_issued(buffer_view(&cast.ders[CAST_INVITER]),
                                       &cast.certificates[CAST_INVITER], &identity, 2),
              PEER_E_INVALID_RECORD);
    assert_hr(certificate_check_issued(buffer_view(&cast.ders[CAST_CREATOR]), &identity, group, 1),
              PEER_E_INVALID_RECORD);
}

static void test_C28_issuer_hashes(void **state)
{
    (void)state;
    struct certificate says = cast.certificates[CAST_MEMBER];
    says.issuer.bytes[0] ^= 1;
    expect_member(&says, PEER_E_INVALID_RECORD);
    says = cast.certificates[CAST_MEMBER];
    says.issuer_key_hash.bytes[31] ^= 1; /* behind what the identifiers hold */
    expect_member(&says, PEER_E_INVALID_RECORD);
}

static void test_C29_issuer_names(void **state)
{
    (void)state;
    struct certificate says = cast.certificates[CAST_MEMBER];
    says.issuer_friendly_name = "Bob";
    expect_member(&says, PEER_E_INVALID_RECORD);
    says = cast.certificates[CAST_MEMBER];
    char *name;
    assert_ok(peer_name_make(&says.issuer_key_hash, "bob", &name));
    says.issuer_name = name;
    expect_member(&says, PEER_E_INVALID_RECORD);
    mem_free(name);
}

static void test_C30_same_group(void **state)
{
    (void)state;
    struct certificate says = cast.certificates[CAST_MEMBER];
    says.group_name = says.peer_name;
    expect_member(&says, PEER_E_INVALID_RECORD);
    says = cast.certificates[CAST_CREATOR];
    says.group_name = says.peer_name;
    expect_creator(&says, PEER_E_INVALID_RECORD);
}

static void test_C31_roles(void **state)
{
    (void)state;
    for (unsigned roles = 1; roles < 8; roles++) {
        struct certificate says = cast.certificates[CAST_MEMBER];
        says.roles = roles;
        expect_member(&says, roles & ROLE_ADMIN ? PEER_E_INVALID_RECORD : S_OK);
        says = cast.certificates[CAST_INVITER];
        says.roles = roles;
        assert_hr(judge(&says, CAST_CREATOR, CAST_CREATOR, 2), S_OK);
        says = cast.certificates[CAST_CREATOR];
        says.roles = roles;
        expect_creator(&says, S_OK);
    }
    /* A member may issue nothing. */
    struct signing_key *key = cast_key(70);
    struct certificate_request request = cast_request(key, ROLE_MEMBER);
    struct certificate says = cast.certificates[CAST_MEMBER];
    const struct certificate *issuer = &cast.certificates[CAST_MEMBER];
    memcpy(says.key, request.key, KEY_SIZE);
    key_hash(says.key, &says.key_hash);
    says.peer_name = request.peer_name;
    says.issuer = issuer->hash;
    says.issuer_key_hash = issuer->key_hash;
    says.issuer_name = issuer->peer_name;
    assert_hr(judge(&says, CAST_MEMBER, CAST_MEMBER, 4), PEER_E_INVALID_RECORD);
    mem_free((char *)request.peer_name);
    signing_key_free(key);
}

static void test_C32_deputies_only_below_the_group(void **state)
{
    (void)state;
    struct certificate says = cast.certificates[CAST_CREATOR];
    says.deputy = true;
    expect_creator(&says, S_OK);
    says = cast.certificates[CAST_INVITER];
    says.deputy = true;
    assert_hr(judge(&says, CAST_CREATOR, CAST_CREATOR, 2), PEER_E_INVALID_RECORD);
}

static void test_C33_validity_nests(void **state)
{
    (void)state;
    struct certificate says = cast.certificates[CAST_MEMBER];
    says.not_after += TICKS_PER_SECOND;
    expect_member(&says, PEER_E_INVALID_RECORD);
    says = cast.certificates[CAST_MEMBER];
    says.not_before -= TICKS_PER_SECOND;
    expect_member(&says, PEER_E_INVALID_RECORD);
    says = cast.certificates[CAST_MEMBER];
    says.not_before += TICKS_PER_SECOND;
    says.not_after -= TICKS_PER_SECOND;
    expect_member(&says, S_OK);
    says = cast.certificates[CAST_CREATOR];
    says.not_after = TICKS_UNLIMITED;
    expect_creator(&says, PEER_E_INVALID_RECORD);
}

static void test_C34_depth(void **state)
{
    (void)state;
    const struct certificate *member = &cast.certificates[CAST_MEMBER];
    const struct certificate *creator = &cast.certificates[CAST_CREATOR];
    assert_hr(judge(member, CAST_INVITER, CAST_INVITER, 24), S_OK);
    assert_hr(judge(member, CAST_INVITER, CAST_INVITER, 25), PEER_E_CHAIN_TOO_LONG);
    assert_hr(judge(member, CAST_INVITER, CAST_INVITER, 1), PEER_E_INVALID_RECORD);
    assert_hr(judge(member, CAST_INVITER, CAST_INVITER, 0), PEER_E_INVALID_RECORD);
    assert_hr(judge(creator, CAST_GROUP, CAST_GROUP, 0), PEER_E_INVALID_RECORD);
    assert_hr(judge(creator, CAST_GROUP, CAST_GROUP, 2), PEER_E_INVALID_RECORD);
}

static void test_C35_not_ones_own_issuer(void **state)
{
    (void)state;
    const struct certificate *inviter = &cast.certificates[CAST_INVITER];
    struct certificate says = *inviter;
    says.issuer = inviter->hash;
    says.issuer_key_hash = inviter->key_hash;
    says.issuer_name = inviter->peer_name;
    says.issuer_friendly_name = inviter->friendly_name;
    assert_hr(judge(&says, CAST_INVITER, CAST_INVITER, 3), PEER_E_INVALID_RECORD);
}

static void test_C36_signature(void **state)
{
    (void)state;
    assert_hr(judge(&cast.certificates[CAST_MEMBER], CAST_CREATOR, CAST_INVITER, 3),
              PEER_E_INVALID_RECORD);
    /* Bytes of another certificate by the same issuer. */
    struct certificate_request request = cast_request(cast.keys[CAST_MEMBER], ROLE_MEMBER);
    struct buffer other = BUFFER_NULL;
    request.friendly_name = "Bob";
    assert_ok(certificate_issue(&request, &cast.certificates[CAST_INVITER], cast.keys[CAST_INVITER],
                                &other));
    assert_hr(certificate_check_issued(buffer_view(&other), &cast.certificates[CAST_MEMBER],
                                       &cast.certificates[CAST_INVITER], 3),
              PEER_E_INVALID_RECORD);
    buffer_deinit(&other);
    mem_free((char *)request.peer_name);
    assert_hr(certificate_check_issued(bytes_of(NULL, 0), &cast.certificates[CAST_MEMBER],
                                       &cast.certificates[CAST_INVITER], 3),
              PEER_E_INVALID_RECORD);
    struct buffer *der = &cast.ders[CAST_MEMBER];
    der->data[der->size - 1] ^= 1;
    assert_hr(certificate_check_issued(buffer_view(der), &cast.certificates[CAST_MEMBER],
                                       &cast.certificates[CAST_INVITER], 3),
              PEER_E_INVALID_RECORD);
    der->data[der->size - 1] ^= 1;
}

static void encode(const int *order, uint32_t count, struct buffer *list)
{
    struct bytes ders[32];
    for (uint32_t i = 0; i < count; i++)
        ders[i] = buffer_view(&cast.ders[order[i]]);
    list->size = 0;
    assert_ok(chain_encode(ders, count, list));
}

static void expect_chain(const int *order, uint32_t count, const char *group, HRESULT want)
{
    struct buffer list = BUFFER_NULL;
    struct chain chain;
    encode(order, count, &list);
    assert_hr(chain_parse(buffer_view(&list), group, &chain), want);
    assert_int_equal(chain.count, SUCCEEDED(want) ? count : 0);
    if (FAILED(want))
        assert_true(!chain.certificates && !chain.ders && !chain.owned);
    chain_deinit(&chain);
    buffer_deinit(&list);
}

static void test_C37_chain_begins_with_the_group(void **state)
{
    (void)state;
    const char *group = cast.certificates[CAST_GROUP].group_name;
    expect_chain((int[]){0, 1, 2, 3}, 4, NULL, S_OK);
    expect_chain((int[]){0, 1, 2, 3}, 4, group, S_OK);
    expect_chain((int[]){0}, 1, group, S_OK);
    expect_chain((int[]){0, 1, 2, 3}, 4, cast.certificates[CAST_MEMBER].peer_name,
                 PEER_E_INVALID_RECORD);
    expect_chain((int[]){1, 2, 3}, 3, NULL, PEER_E_INVALID_RECORD);
    expect_chain((int[]){0, 2, 3}, 3, NULL, PEER_E_INVALID_RECORD);
    expect_chain((int[]){0, 1, 3}, 3, NULL, PEER_E_INVALID_RECORD);
    expect_chain((int[]){1, 0}, 2, NULL, PEER_E_INVALID_RECORD);
    struct signing_key *key = cast_key(71); /* an identity's is no root */
    struct certificate_request request = cast_request(key, 0);
    struct buffer der = BUFFER_NULL, list = BUFFER_NULL;
    struct chain chain;
    request.kind = CERTIFICATE_IDENTITY;
    assert_ok(certificate_issue(&request, NULL, key, &der));
    assert_ok(chain_encode(&(struct bytes){der.data, der.size}, 1, &list));
    assert_hr(chain_parse(buffer_view(&list), NULL, &chain), PEER_E_INVALID_RECORD);
    buffer_deinit(&der);
    buffer_deinit(&list);
    mem_free((char *)request.peer_name);
    signing_key_free(key);
}

static void test_C35_no_key_comes_twice(void **state)
{
    (void)state;
    expect_chain((int[]){0, 0}, 2, NULL, PEER_E_CIRCULAR_CHAIN_DETECTED);
    expect_chain((int[]){0, 1, 2, 1}, 4, NULL, PEER_E_CIRCULAR_CHAIN_DETECTED);
    /* Every link holds, but the inviter issues to the creator. */
    struct certificate_request request = cast_request(cast.keys[CAST_CREATOR], ROLE_MEMBER);
    struct buffer der = BUFFER_NULL, list = BUFFER_NULL;
    struct chain chain;
    assert_ok(certificate_issue(&request, &cast.certificates[CAST_INVITER], cast.keys[CAST_INVITER],
                                &der));
    encode((int[]){0, 1, 2}, 3, &list);
    assert_ok(chain_encode(&(struct bytes){der.data, der.size}, 1, &list));
    assert_hr(chain_parse(buffer_view(&list), NULL, &chain), PEER_E_CIRCULAR_CHAIN_DETECTED);
    buffer_deinit(&der);
    buffer_deinit(&list);
    mem_free((char *)request.peer_name);
}

static void test_C38_list_has_its_form(void **state)
{
    (void)state;
    struct buffer list = BUFFER_NULL;
    struct chain chain;
    encode((int[]){0, 1}, 2, &list);
    for (size_t size = 0; size < list.size; size++) {
        if (size == 4 + cast.ders[0].size)
            continue; /* the group alone */
        uint8_t *cut = mem_dup(list.data, size);
        assert_hr(chain_parse(bytes_of(cut, size), NULL, &chain), PEER_E_INVALID_RECORD);
        mem_free(cut);
    }
    assert_hr(chain_parse(bytes_of(NULL, 0), NULL, &chain), PEER_E_INVALID_RECORD);
    static const uint8_t huge[] = {0xFF, 0xFF, 0xFF, 0xFF, 0x30};
    assert_hr(chain_parse(bytes_of(huge, sizeof(huge)), NULL, &chain), PEER_E_INVALID_RECORD);
    static const uint8_t empties[26 * 4];
    assert_hr(chain_parse(bytes_of(empties, 25 * 4), NULL, &chain), PEER_E_INVALID_RECORD);
    assert_hr(chain_parse(bytes_of(empties, 26 * 4), NULL, &chain), PEER_E_CHAIN_TOO_LONG);
    assert_ok(buffer_append(&list, "", 1));
    assert_hr(chain_parse(buffer_view(&list), NULL, &chain), PEER_E_INVALID_RECORD);
    buffer_deinit(&list);
}

static void test_C34_longest_chain(void **state)
{
    (void)state;
    struct buffer list = BUFFER_NULL;
    struct chain chain;
    struct timespec before, after;
    cast_grow(&cast, 24, &list);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    assert_ok(chain_parse(buffer_view(&list), NULL, &chain));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    print_message("# 25 certificates read and verified in %ld us of processor time\n",
                  (after.tv_sec - before.tv_sec) * 1000000 +
                      (after.tv_nsec - before.tv_nsec) / 1000);
    assert_int_equal(chain.count, 25);
    for (uint32_t i = 1; i < chain.count; i++)
        assert_true(hash_equal(&chain.certificates[i].issuer, &chain.certificates[i - 1].hash));
    chain_deinit(&chain);
    cast_grow(&cast, 25, &list);
    assert_hr(chain_parse(buffer_view(&list), NULL, &chain), PEER_E_CHAIN_TOO_LONG);
    buffer_deinit(&list);
}

static void test_chain_keeps_what_it_was_given(void **state)
{
    (void)state;
    struct buffer list = BUFFER_NULL;
    struct chain chain;
    encode((int[]){0, 1, 2, 3}, 4, &list);
    assert_ok(chain_parse(buffer_view(&list), NULL, &chain));
    buffer_deinit(&list); /* the chain has its own copy */
    for (int i = 0; i < CAST_COUNT; i++) {
        assert_true(bytes_equal(chain.ders[i], buffer_view(&cast.ders[i])));
        assert_true(hash_equal(&chain.certificates[i].hash, &cast.certificates[i].hash));
    }
    chain_deinit(&chain);
}

static void test_valid_at_asks_every_certificate(void **state)
{
    (void)state;
    struct buffer list = BUFFER_NULL;
    struct chain chain;
    const uint64_t minute = 60 * TICKS_PER_SECOND;
    encode((int[]){0, 1, 2, 3}, 4, &list);
    assert_ok(chain_parse(buffer_view(&list), NULL, &chain));
    assert_true(chain_valid_at(&chain, CAST_FROM, 0));
    assert_true(chain_valid_at(&chain, CAST_UNTIL, 0));
    assert_false(chain_valid_at(&chain, CAST_FROM - 1, 0));
    assert_false(chain_valid_at(&chain, CAST_UNTIL + 1, 0));
    assert_true(chain_valid_at(&chain, CAST_FROM - minute, minute));
    assert_true(chain_valid_at(&chain, CAST_UNTIL + minute, minute));
    assert_false(chain_valid_at(&chain, CAST_FROM - minute - 1, minute));
    assert_false(chain_valid_at(&chain, CAST_UNTIL + minute + 1, minute));
    assert_true(chain_valid_at(&chain, 0, UINT64_MAX));
    assert_true(chain_valid_at(&chain, UINT64_MAX, UINT64_MAX));
    chain.certificates[2].not_after = CAST_FROM + minute; /* one in the middle ends */
    assert_false(chain_valid_at(&chain, CAST_FROM + minute + 1, 0));
    chain_deinit(&chain);
    assert_false(chain_valid_at(&chain, CAST_FROM, 0));
    buffer_deinit(&list);
}

static void test_parse_survives_every_failed_allocation(void **state)
{
    (void)state;
    struct buffer list = BUFFER_NULL;
    encode((int[]){0, 1, 2, 3}, 4, &list);
    uint64_t n = 0;
    for (bool hit = true; hit;) {
        struct chain chain;
        mem_fail_nth(++n);
        HRESULT hr = chain_parse(buffer_view(&list), NULL, &chain);
        hit = mem_fail_hit();
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_int_equal(chain.count, hit ? 0 : 4);
        chain_deinit(&chain);
    }
    mem_fail_nth(0);
    assert_true(n > 7);
    buffer_deinit(&list);
}

static void test_encode_that_fails_leaves_the_buffer(void **state)
{
    (void)state;
    struct bytes ders[] = {buffer_view(&cast.ders[0]), buffer_view(&cast.ders[1])};
    for (uint64_t n = 1; n <= 2; n++) {
        struct buffer list = BUFFER_NULL;
        assert_ok(buffer_append(&list, "x", 1));
        mem_fail_nth(n);
        assert_hr(chain_encode(ders, 2, &list), E_OUTOFMEMORY);
        assert_int_equal(list.size, 1);
        buffer_deinit(&list);
    }
    mem_fail_nth(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_links_hold),
        cmocka_unit_test(test_C27_kinds),
        cmocka_unit_test(test_C28_issuer_hashes),
        cmocka_unit_test(test_C29_issuer_names),
        cmocka_unit_test(test_C30_same_group),
        cmocka_unit_test(test_C31_roles),
        cmocka_unit_test(test_C32_deputies_only_below_the_group),
        cmocka_unit_test(test_C33_validity_nests),
        cmocka_unit_test(test_C34_depth),
        cmocka_unit_test(test_C34_longest_chain),
        cmocka_unit_test(test_C35_not_ones_own_issuer),
        cmocka_unit_test(test_C35_no_key_comes_twice),
        cmocka_unit_test(test_C36_signature),
        cmocka_unit_test(test_C37_chain_begins_with_the_group),
        cmocka_unit_test(test_C38_list_has_its_form),
        cmocka_unit_test(test_chain_keeps_what_it_was_given),
        cmocka_unit_test(test_valid_at_asks_every_certificate),
        cmocka_unit_test(test_parse_survives_every_failed_allocation),
        cmocka_unit_test(test_encode_that_fails_leaves_the_buffer),
    };
    return cmocka_run_group_tests_name("group-chain", tests, cast_setup, cast_teardown);
}
