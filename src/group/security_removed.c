/* security_removed.c - who was removed: listed, noticed once, and whether it is this member.
 *
 * Happy path: the revocations of the set are brought into the order of key, T and signer, and those
 * that are parts of one removal are shown as one. A key is gone when all its certificates are dead;
 * that is noted in its rows, so that each is told once, and again only after a readmission.
 * Failure: memory, and what a visitor returns. */
#include "group/removal.h"
#include "group/security_internal.h"

#include <stdlib.h>

/* ---- listing ---- */

static int compare_views(const void *a, const void *b)
{
    const struct revocation_view *left = a, *right = b;
    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    int order = hash_compare(&left->key, &right->key);
    return order ? order : hash_compare(&left->seal->key_hash, &right->seal->key_hash);
}

static void fill_info(const struct security *security, const struct revocation_view *view,
                      struct removal_info *info)
{
    const struct certificate_row *row = certificate_table_of_key(security->table, &view->key);
    *info = (struct removal_info){
        .key = view->key,
        .peer_name = row ? row->peer_name : NULL,
        .friendly_name = row ? row->friendly_name : NULL,
        .time = view->time,
        .signer_name = view->seal->peer_name,
        .signer_friendly_name = view->seal->friendly_name,
        .by_group = view->seal->depth == 0,
        .in_force = view->in_force,
        .readmitted = security_best(security, &view->key, security->utc) != NULL,
        .kept = view->keep_count,
    };
}

static HRESULT visit_sorted(const struct security *security, const struct revocation_view *views,
                            uint32_t count, removal_visitor visit, void *context)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 0; i < count && hr == S_OK;) {
        struct removal_info info;
        const struct revocation_view *first = &views[i];
        fill_info(security, first, &info);
        for (i++; i < count && compare_views(first, &views[i]) == 0; i++) {
            info.kept += views[i].keep_count;
            info.in_force = info.in_force || views[i].in_force;
        }
        hr = visit(context, &info);
    }
    return FAILED(hr) ? hr : S_OK;
}

HRESULT security_removals_each(struct security *security, removal_visitor visit, void *context)
{
    uint32_t count = revocation_count(security->revocations);
    if (count == 0)
        return S_OK;
    CLEANUP_FREE struct revocation_view *views = mem_calloc(count, sizeof(*views));
    if (!views)
        return E_OUTOFMEMORY;
    for (uint32_t i = 0; i < count; i++)
        revocation_view_at(security->revocations, i, &views[i]);
    qsort(views, count, sizeof(*views), compare_views);
    return visit_sorted(security, views, count, visit, context);
}

/* ---- this member ---- */

static const struct certificate_row *newest_own(const struct security *security, uint64_t utc,
                                                uint64_t grace)
{
    const struct certificate_row *best = NULL;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        if (row->own && certificate_row_valid(row, utc, grace) &&
            (!best || certificate_row_preferred(row, best)))
            best = row;
    }
    return best;
}

bool security_is_removed(const struct security *security)
{
    const struct certificate_row *row;
    return security_own(security, security->utc, &row) == PEER_E_NOT_AUTHORIZED;
}

HRESULT security_shown(const struct security *security, uint64_t utc,
                       const struct certificate_row **row)
{
    HRESULT hr = security_own(security, utc, row);
    if (hr != PEER_E_NOT_AUTHORIZED)
        return hr;
    *row = newest_own(security, utc, VALIDITY_GRACE);
    return *row ? S_OK : hr;
}

HRESULT security_shown_chain(struct security *security, uint64_t utc, struct buffer *list)
{
    const struct certificate_row *row;
    HRESULT hr = security_shown(security, utc, &row);
    return SUCCEEDED(hr) ? security_certificate_chain(&security->provider, &row->hash, list) : hr;
}

/* The one removal that a revocation is a part of. */
struct one_removal {
    const struct revocation_view *wanted;
    removal_visitor visit;
    void *context;
};

static HRESULT show_wanted(void *context, const struct removal_info *info)
{
    const struct one_removal *one = context;
    bool same = info->time == one->wanted->time && hash_equal(&info->key, &one->wanted->key) &&
                info->signer_name == one->wanted->seal->peer_name;
    if (!same)
        return S_OK;
    HRESULT hr = one->visit(one->context, info);
    return FAILED(hr) ? hr : S_FALSE;
}

HRESULT security_removal(struct security *security, removal_visitor visit, void *context)
{
    struct revocation_view view;
    struct hash digests[REVOCATION_WHY_MAX];
    const struct certificate_row *row = newest_own(security, security->utc, UINT64_MAX);
    if (!security_is_removed(security) || !row ||
        revocation_why(security->revocations, row, digests) == 0)
        return S_FALSE;
    struct one_removal one = {.wanted = &view, .visit = visit, .context = context};
    for (uint32_t i = 0; i < revocation_count(security->revocations); i++) {
        revocation_view_at(security->revocations, i, &view);
        if (hash_equal(&view.digest, &digests[0]))
            return security_removals_each(security, show_wanted, &one);
    }
    return S_FALSE;
}

/* ---- who has gone ---- */

struct going {
    struct security *security;
    gone_visitor visit;
    void *context;
};

static HRESULT look_at_key(void *context, struct certificate_row *row)
{
    struct going *going = context;
    struct security *security = going->security;
    bool dead = true, news = false;
    struct certificate_row *first = certificate_table_of_key(security->table, &row->key_hash);
    if (row != first)
        return S_OK;
    for (row = first; row; row = row->next_of_key)
        dead = dead && revocation_certificate_dead(security->revocations, row);
    for (row = first; row; row = row->next_of_key) {
        news = news || !row->gone;
        row->gone = dead;
    }
    if (dead && news && going->visit)
        going->visit(going->context, &first->key_hash, first->peer_name);
    return S_OK;
}

HRESULT security_gone_each(struct security *security, gone_visitor visit, void *context)
{
    struct going going = {.security = security, .visit = visit, .context = context};
    HRESULT hr = S_OK;
    for (uint32_t depth = 1; depth <= LIMIT_CHAIN_LENGTH && SUCCEEDED(hr); depth++)
        hr = certificate_table_each(security->table, depth, look_at_key, &going);
    return hr;
}
