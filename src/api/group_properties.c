/* group_properties.c - PEER_GROUP_PROPERTIES in both directions: PeerGroupCreate,
 * PeerGroupSetProperties and PeerGroupGetProperties.
 *
 * The structure comes in the size of XP or in that of Vista; of the shorter one nothing is read
 * behind its end. Its texts are converted here and judged by the engine, in the order of ruling 11.
 * So that the order holds for texts that cannot even be converted (too long, a lone surrogate),
 * such a one is replaced by a text that its own check refuses. The password is wiped from the copy
 * as soon as the engine has answered; it never comes back out. */
#include "api/api.h"
#include "api/group_convert.h"
#include "api/group_handle.h"

#define X16 "xxxxxxxxxxxxxxxx"
/* No name of anything, and over every limit of length. */
static const char no_name[] = "\x01";
static const char too_long[] = X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16;
_Static_assert(sizeof(too_long) - 1 > LIMIT_FRIENDLY_NAME_UNITS &&
                   sizeof(too_long) - 1 > LIMIT_COMMENT_UNITS &&
                   sizeof(too_long) - 1 > LIMIT_PASSWORD_UNITS,
               "too_long is not");

enum { XP_SIZE = offsetof(PEER_GROUP_PROPERTIES, dwAuthenticationSchemes) };
enum { CLOUD_UNITS_MAX = 255 };

/* What a program gave, converted. */
struct given {
    char *cloud;
    char *classifier;
    char *group_name;
    char *creator;
    char *friendly_name;
    char *comment;
    char *password;
    struct group_wish wish;
    bool long_form;
};

static void given_deinit(struct given *given)
{
    mem_free(given->cloud);
    mem_free(given->classifier);
    mem_free(given->group_name);
    mem_free(given->creator);
    mem_free(given->friendly_name);
    mem_free(given->comment);
    mem_wipe_textp(&given->password);
}

static HRESULT take_text(PCWSTR units, size_t limit, const char *refused, char **text)
{
    HRESULT hr = api_text(units, limit, E_INVALIDARG, text);
    if (hr != E_INVALIDARG)
        return hr;
    *text = mem_strdup(refused);
    return *text ? S_OK : E_OUTOFMEMORY;
}

static HRESULT take_texts(const PEER_GROUP_PROPERTIES *from, struct given *given)
{
    const struct {
        PCWSTR units;
        size_t limit;
        const char *refused;
        char **text;
    } texts[] = {
        {from->pwzCloud, CLOUD_UNITS_MAX, no_name, &given->cloud},
        {from->pwzClassifier, LIMIT_CLASSIFIER_UNITS, no_name, &given->classifier},
        {from->pwzGroupPeerName, LIMIT_PEER_NAME_UNITS, no_name, &given->group_name},
        {from->pwzCreatorPeerName, LIMIT_PEER_NAME_UNITS, no_name, &given->creator},
        {from->pwzFriendlyName, LIMIT_FRIENDLY_NAME_UNITS, too_long, &given->friendly_name},
        {from->pwzComment, LIMIT_COMMENT_UNITS, too_long, &given->comment},
        {given->long_form ? from->pwzGroupPassword : NULL, LIMIT_PASSWORD_UNITS, too_long,
         &given->password},
    };
    HRESULT hr = S_OK;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && SUCCEEDED(hr); i++)
        hr = take_text(texts[i].units, texts[i].limit, texts[i].refused, texts[i].text);
    return hr;
}

/* Reads the structure. Release with given_deinit in any case. */
static HRESULT take(const PEER_GROUP_PROPERTIES *from, struct given *given)
{
    *given = (struct given){.long_form = from->dwSize == sizeof(*from)};
    HRESULT hr = take_texts(from, given);
    if (FAILED(hr))
        return hr;
    given->wish = (struct group_wish){.flags = from->dwFlags,
                                      .member_data_lifetime = from->ulMemberDataLifetime,
                                      .presence_lifetime = from->ulPresenceLifetime,
                                      .group_name = given->group_name,
                                      .classifier = given->classifier,
                                      .friendly_name = given->friendly_name,
                                      .comment = given->comment,
                                      .password = given->password};
    if (given->long_form) {
        struct guid role = convert_guid_in(&from->groupPasswordRole);
        given->wish.schemes = from->dwAuthenticationSchemes;
        given->wish.password_role = role_of_guid(&role);
    }
    return S_OK;
}

static bool size_is_valid(const PEER_GROUP_PROPERTIES *properties)
{
    return properties->dwSize == sizeof(*properties) || properties->dwSize == XP_SIZE;
}

HRESULT WINAPI PeerGroupCreate(PPEER_GROUP_PROPERTIES pProperties, HGROUP *phGroup)
{
    struct given given CLEANUP(given_deinit) = {.cloud = NULL};
    struct group_opening opening;
    if (phGroup)
        *phGroup = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pProperties || !phGroup || !size_is_valid(pProperties))
        return E_INVALIDARG;
    hr = take(pProperties, &given);
    if (SUCCEEDED(hr))
        hr = group_opening_begin(&opening);
    if (FAILED(hr))
        return hr;
    const struct engine_create create = {
        .creator = given.creator, .cloud = given.cloud, .wish = given.wish};
    hr = engine_group_create(&create, &opening.session);
    return group_opening_end(&opening, hr, phGroup);
}

HRESULT WINAPI PeerGroupSetProperties(HGROUP hGroup, PPEER_GROUP_PROPERTIES pProperties)
{
    struct given given CLEANUP(given_deinit) = {.cloud = NULL};
    uint64_t session;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pProperties || !size_is_valid(pProperties))
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = take(pProperties, &given);
    if (FAILED(hr))
        return hr;
    const struct engine_set_properties set = {.wish = given.wish,
                                              .cloud = given.cloud,
                                              .creator = given.creator,
                                              .long_form = given.long_form};
    return engine_group_set_properties(session, &set);
}

/* "" is absent inside, NULL outside. */
static const char *present(const char *text)
{
    return text && text[0] ? text : NULL;
}

static HRESULT add_texts(struct block *block, const struct group_properties *from)
{
    const struct {
        size_t pointer_at;
        const char *text;
    } texts[] = {
        {offsetof(PEER_GROUP_PROPERTIES, pwzCloud), present(from->cloud)},
        {offsetof(PEER_GROUP_PROPERTIES, pwzClassifier), present(from->classifier)},
        {offsetof(PEER_GROUP_PROPERTIES, pwzGroupPeerName), present(from->group_name)},
        {offsetof(PEER_GROUP_PROPERTIES, pwzCreatorPeerName), present(from->creator_name)},
        {offsetof(PEER_GROUP_PROPERTIES, pwzFriendlyName), present(from->friendly_name)},
        {offsetof(PEER_GROUP_PROPERTIES, pwzComment), present(from->comment)},
    };
    HRESULT hr = S_OK;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && SUCCEEDED(hr); i++)
        hr = block_add_text(block, texts[i].pointer_at, texts[i].text);
    return hr;
}

static HRESULT give(const struct group_properties *from, PPEER_GROUP_PROPERTIES *result)
{
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    void *finished;
    size_t offset;
    HRESULT hr = block_add(&block, sizeof(PEER_GROUP_PROPERTIES), &offset);
    if (FAILED(hr))
        return hr;
    PEER_GROUP_PROPERTIES *to = block_at(&block, offset);
    to->dwSize = sizeof(*to);
    to->dwFlags = from->flags;
    to->ulMemberDataLifetime = from->member_data_lifetime;
    to->ulPresenceLifetime = from->presence_lifetime;
    to->dwAuthenticationSchemes = from->schemes;
    if (from->password.role != 0) {
        struct guid role;
        role_guid(from->password.role, &role);
        to->groupPasswordRole = convert_guid_out(&role);
    }
    hr = add_texts(&block, from);
    if (SUCCEEDED(hr))
        hr = block_finish(&block, &finished);
    if (SUCCEEDED(hr))
        *result = finished;
    return hr;
}

HRESULT WINAPI PeerGroupGetProperties(HGROUP hGroup, PPEER_GROUP_PROPERTIES *ppProperties)
{
    struct group_properties properties CLEANUP(group_properties_deinit) = {.flags = 0};
    uint64_t session;
    if (ppProperties)
        *ppProperties = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!ppProperties)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = engine_group_properties(session, &properties);
    return SUCCEEDED(hr) ? give(&properties, ppProperties) : hr;
}
