/* carry.h - two data folders in one test: the machine that exports, and the one that imports. */
#ifndef CONTRACT_CARRY_H
#define CONTRACT_CARRY_H

#include "group.h"

#include "base/bytes.h"
#include "base/text.h"

static const WCHAR secret[] = u"p\u00E4ss word";
static char home_a[128], home_b[160];

static inline void use(const char *home)
{
    assert_int_equal(setenv("PEERGROUP_HOME", home, 1), 0);
}

static inline int carry_setup(void **state)
{
    if (group_setup(state) != 0)
        return -1;
    strcpy(home_a, test_home);
    snprintf(home_b, sizeof(home_b), "%s/other", home_a);
    return mkdir(home_b, 0700);
}

static inline int carry_teardown(void **state)
{
    use(home_a);
    return group_teardown(state);
}

/* Brings an identity of folder A to folder B, where the test goes on. */
static inline void carry_identity(PCWSTR identity)
{
    PWSTR xml = NULL, got = NULL;
    use(home_a);
    assert_ok(PeerIdentityExport(identity, secret, &xml));
    use(home_b);
    assert_ok(PeerIdentityImport(xml, secret, &got));
    assert_wide_equal(got, identity);
    PeerFreeData(got);
    PeerFreeData(xml);
}

/* Free with PeerFreeData. */
static inline PWSTR config_of(HGROUP group)
{
    PWSTR xml = NULL;
    assert_ok(PeerGroupExportConfig(group, secret, &xml));
    assert_non_null(xml);
    return xml;
}

/* Imports a configuration and opens the group. */
static inline HGROUP open_config(PCWSTR xml)
{
    PWSTR identity = NULL, name = NULL;
    HGROUP group = NULL;
    assert_ok(PeerGroupImportConfig(xml, secret, FALSE, &identity, &name));
    assert_ok(PeerGroupOpen(identity, name, NULL, &group));
    PeerFreeData(identity);
    PeerFreeData(name);
    return group;
}

/* Free with mem_free. */
static __attribute__((noinline, unused)) char *narrow(PCWSTR text)
{
    char *result = NULL;
    assert_ok(text_from_utf16(text, wide_length(text), &result));
    return result;
}

/* Free with free. */
static inline WCHAR *widen(const char *text)
{
    size_t count = 0;
    assert_ok(text_to_utf16(text, NULL, 0, &count));
    WCHAR *wide = calloc(count + 1, sizeof(WCHAR));
    assert_ok(text_to_utf16(text, wide, count + 1, &count));
    return wide;
}

static inline char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    char *result = calloc(1, strlen(text) + strlen(to) + 1);
    memcpy(result, text, (size_t)(at - text));
    strcat(result, to);
    strcat(result, at + strlen(from));
    return result;
}

#endif
