/* cloud.c - which cloud a name means.
 *
 * A caller's own words are matched as the beginning of a name; a name from an invitation or from
 * storage may be private to another machine and then stands for its scope (ruling 18). Failure:
 * PEER_E_NO_CLOUD for none and PEER_E_CLOUD_NAME_AMBIGUOUS for several; nothing is chosen then. */
#include "cloud/cloud.h"

#include <string.h>

struct selection {
    const char *name;
    enum cloud_scope scope; /* 0: by name */
    struct cloud_info first;
    uint32_t exact;
    uint32_t count;
};

static HRESULT match(void *context, const struct cloud_info *info)
{
    struct selection *selection = context;
    bool fits = selection->scope
                    ? info->scope == selection->scope
                    : strncmp(info->name, selection->name, strlen(selection->name)) == 0;
    if (!fits)
        return S_OK;
    bool exact = strcmp(info->name, selection->name) == 0;
    if (selection->count == 0 || (exact && selection->exact == 0))
        selection->first = *info;
    selection->count += selection->count == 0 || strcmp(selection->first.name, info->name) != 0;
    selection->exact += exact;
    return S_OK;
}

static const char *effective(const char *name)
{
    return name && name[0] ? name : "Global_";
}

HRESULT cloud_select(struct cloud *cloud, const char *name, struct cloud_info *info)
{
    struct selection selection = {.name = effective(name)};
    HRESULT hr = cloud->ops->list(cloud, match, &selection);
    if (FAILED(hr))
        return hr;
    if (selection.count == 0)
        return PEER_E_NO_CLOUD;
    if (selection.count > 1 && selection.exact == 0)
        return PEER_E_CLOUD_NAME_AMBIGUOUS;
    *info = selection.first;
    return S_OK;
}

HRESULT cloud_replace(struct cloud *cloud, const char *name, struct cloud_info *info)
{
    name = effective(name);
    struct selection selection = {.name = name};
    HRESULT hr = cloud->ops->list(cloud, match, &selection);
    if (SUCCEEDED(hr) && selection.exact > 0) {
        *info = selection.first;
        return S_OK;
    }
    struct selection by_scope = {.name = name, .scope = CLOUD_SCOPE_GLOBAL};
    if (strncmp(name, "LinkLocal_", 10) == 0)
        by_scope.scope = CLOUD_SCOPE_LINK_LOCAL;
    else if (strncmp(name, "SiteLocal_", 10) == 0)
        by_scope.scope = CLOUD_SCOPE_SITE_LOCAL;
    if (SUCCEEDED(hr))
        hr = cloud->ops->list(cloud, match, &by_scope);
    if (FAILED(hr))
        return hr;
    if (by_scope.count == 0)
        return PEER_E_NO_CLOUD;
    *info = by_scope.first;
    return S_OK;
}
