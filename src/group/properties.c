/* properties.c - Security Properties: the payload's bytes, and what an application may ask for.
 *
 * Happy path: a wish is checked in the documented order, applied with its defaults, encoded, and
 * decoded by every member. The decoder accepts only what a correct creator writes; fields that it
 * does not know stand behind the known ones as (type, length, bytes) and are kept as they came, so
 * that an older creator's program does not lose them. Failure: PEER_E_INVALID_RECORD says the
 * payload is wrong in itself. */
#include "group/properties.h"

#include "base/text.h"
#include "group/peer_name.h"
#include "wire/wire.h"

#include <sodium.h>

enum { PAYLOAD_VERSION = 2, EXTENSIONS_MAX = 4096, TEXT_MAX = 3 * LIMIT_COMMENT_UNITS };

void group_properties_deinit(struct group_properties *properties)
{
    sodium_memzero(&properties->rendezvous, sizeof(properties->rendezvous));
    mem_free(properties->cloud);
    mem_free(properties->classifier);
    mem_free(properties->group_name);
    mem_free(properties->creator_name);
    mem_free(properties->friendly_name);
    mem_free(properties->comment);
    buffer_deinit(&properties->extensions);
    *properties = (struct group_properties){.flags = 0};
}

HRESULT group_properties_copy(const struct group_properties *from, struct group_properties *to)
{
    *to = *from;
    to->cloud = mem_strdup(from->cloud);
    to->classifier = mem_strdup(from->classifier);
    to->group_name = mem_strdup(from->group_name);
    to->creator_name = mem_strdup(from->creator_name);
    to->friendly_name = mem_strdup(from->friendly_name);
    to->comment = mem_strdup(from->comment);
    to->extensions = BUFFER_NULL;
    HRESULT hr = buffer_append(&to->extensions, from->extensions.data, from->extensions.size);
    if (SUCCEEDED(hr) && to->cloud && to->classifier && to->group_name && to->creator_name &&
        to->friendly_name && to->comment)
        return S_OK;
    group_properties_deinit(to);
    return E_OUTOFMEMORY;
}

HRESULT group_properties_encode(const struct group_properties *properties, struct buffer *out)
{
    const struct group_password *password = &properties->password;
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, PAYLOAD_VERSION);
    wire_write_u32(&writer, properties->flags);
    wire_write_u32(&writer, properties->schemes);
    wire_write_u32(&writer, properties->member_data_lifetime);
    wire_write_u32(&writer, properties->presence_lifetime);
    wire_write_u64(&writer, properties->created);
    wire_write_u64(&writer, properties->required_features);
    wire_write_u64(&writer, properties->quota.author_records);
    wire_write_u64(&writer, properties->quota.author_bytes);
    wire_write_u64(&writer, properties->quota.subtree_records);
    wire_write_u64(&writer, properties->quota.subtree_bytes);
    wire_write_fixed(&writer, properties->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    wire_write_u32(&writer, properties->rendezvous.epoch);
    wire_write_u8(&writer, (uint8_t)password->role);
    wire_write_fixed(&writer, password->public_key, KEY_SIZE);
    wire_write_fixed(&writer, password->salt, PASSWORD_SALT_SIZE);
    wire_write_u32(&writer, password->cost.memory_kib);
    wire_write_u32(&writer, password->cost.passes);
    wire_write_blob(&writer, bytes_of_text(properties->cloud));
    wire_write_blob(&writer, bytes_of_text(properties->classifier));
    wire_write_blob(&writer, bytes_of_text(properties->group_name));
    wire_write_blob(&writer, bytes_of_text(properties->creator_name));
    wire_write_blob(&writer, bytes_of_text(properties->friendly_name));
    wire_write_blob(&writer, bytes_of_text(properties->comment));
    wire_write_fixed(&writer, properties->extensions.data, properties->extensions.size);
    return writer.hr;
}

/* Sticky like the reader: once *hr failed, nothing more is allocated. */
static char *read_text(struct wire_reader *reader, size_t units_max, HRESULT *hr)
{
    struct bytes view = wire_read_text(reader, TEXT_MAX);
    if (FAILED(*hr) || reader->failed)
        return NULL;
    char *text = mem_strndup((const char *)view.data, view.size);
    if (!text)
        *hr = E_OUTOFMEMORY;
    else if (text_units(text) > units_max)
        *hr = PEER_E_INVALID_RECORD;
    return text;
}

static void read_numbers(struct wire_reader *reader, struct group_properties *properties)
{
    struct group_password *password = &properties->password;
    properties->flags = wire_read_u32(reader);
    properties->schemes = wire_read_u32(reader);
    properties->member_data_lifetime = wire_read_u32(reader);
    properties->presence_lifetime = wire_read_u32(reader);
    properties->created = wire_read_u64(reader);
    properties->required_features = wire_read_u64(reader);
    properties->quota.author_records = wire_read_u64(reader);
    properties->quota.author_bytes = wire_read_u64(reader);
    properties->quota.subtree_records = wire_read_u64(reader);
    properties->quota.subtree_bytes = wire_read_u64(reader);
    wire_read_fixed(reader, properties->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    properties->rendezvous.epoch = wire_read_u32(reader);
    password->role = wire_read_u8(reader);
    wire_read_fixed(reader, password->public_key, KEY_SIZE);
    wire_read_fixed(reader, password->salt, PASSWORD_SALT_SIZE);
    password->cost.memory_kib = wire_read_u32(reader);
    password->cost.passes = wire_read_u32(reader);
}

/* Reads over the fields behind the known ones, which must be whole and of ascending type, and keeps
 * them. */
static HRESULT read_extensions(struct wire_reader *reader, struct buffer *extensions)
{
    struct bytes all = bytes_of(reader->next, wire_left(reader));
    if (all.size > EXTENSIONS_MAX)
        return PEER_E_INVALID_RECORD;
    int32_t last = -1;
    while (wire_left(reader) > 0) {
        int32_t type = wire_read_u16(reader);
        wire_read_blob(reader, EXTENSIONS_MAX);
        if (type <= last)
            return PEER_E_INVALID_RECORD;
        last = type;
    }
    if (reader->failed)
        return PEER_E_INVALID_RECORD;
    return buffer_append(extensions, all.data, all.size);
}

static bool all_zero(const void *data, size_t size)
{
    return sodium_is_zero(data, size) == 1;
}

static bool password_is_consistent(uint32_t schemes, const struct group_password *password)
{
    if (schemes & GROUP_SCHEME_PASSWORD)
        return (password->role == ROLE_ADMIN || password->role == ROLE_INVITING_MEMBER ||
                password->role == ROLE_MEMBER) &&
               password_cost_check(&password->cost) && key_check(password->public_key);
    return password->role == 0 && password->cost.memory_kib == 0 && password->cost.passes == 0 &&
           all_zero(password->public_key, KEY_SIZE) && all_zero(password->salt, PASSWORD_SALT_SIZE);
}

static bool numbers_are_valid(const struct group_properties *properties)
{
    return !(properties->flags & ~(uint32_t)GROUP_FLAGS_ALL) &&
           (properties->schemes & GROUP_SCHEME_CERTIFICATE) &&
           !(properties->schemes & ~(uint32_t)GROUP_SCHEMES_ALL) &&
           properties->member_data_lifetime >= MEMBER_DATA_LIFETIME_MIN &&
           properties->member_data_lifetime <= MEMBER_DATA_LIFETIME_MAX &&
           properties->presence_lifetime >= PRESENCE_LIFETIME_MIN &&
           password_is_consistent(properties->schemes, &properties->password);
}

static bool names_are_valid(const struct group_properties *properties)
{
    struct peer_name group, creator;
    return SUCCEEDED(peer_name_parse(properties->group_name, &group)) && group.secure &&
           strcmp(group.classifier, properties->classifier) == 0 &&
           SUCCEEDED(peer_name_parse(properties->creator_name, &creator)) && creator.secure;
}

static HRESULT decode_body(struct wire_reader *reader, struct group_properties *properties)
{
    HRESULT hr = S_OK;
    read_numbers(reader, properties);
    properties->cloud = read_text(reader, LIMIT_COMMENT_UNITS, &hr);
    properties->classifier = read_text(reader, LIMIT_CLASSIFIER_UNITS, &hr);
    properties->group_name = read_text(reader, LIMIT_PEER_NAME_UNITS, &hr);
    properties->creator_name = read_text(reader, LIMIT_PEER_NAME_UNITS, &hr);
    properties->friendly_name = read_text(reader, LIMIT_FRIENDLY_NAME_UNITS, &hr);
    properties->comment = read_text(reader, LIMIT_COMMENT_UNITS, &hr);
    if (FAILED(hr))
        return hr;
    if (reader->failed || !numbers_are_valid(properties) || !names_are_valid(properties))
        return PEER_E_INVALID_RECORD;
    return read_extensions(reader, &properties->extensions);
}

HRESULT group_properties_decode(struct bytes payload, struct group_properties *properties)
{
    *properties = (struct group_properties){.flags = 0};
    struct wire_reader reader;
    wire_reader_init(&reader, payload);
    uint8_t version = wire_read_u8(&reader);
    if (version > PAYLOAD_VERSION)
        return PEER_E_UNSUPPORTED_VERSION;
    if (version != PAYLOAD_VERSION)
        return PEER_E_INVALID_RECORD;
    HRESULT hr = decode_body(&reader, properties);
    if (FAILED(hr))
        group_properties_deinit(properties);
    return hr;
}

static bool is_set(const char *text)
{
    return text && text[0];
}

/* [ruling 13] The library makes the group's name. */
static HRESULT check_group_name(const char *group_name)
{
    struct peer_name name;
    if (!is_set(group_name))
        return S_OK;
    return SUCCEEDED(peer_name_parse(group_name, &name)) ? PEER_E_INVALID_GROUP_PROPERTIES
                                                         : PEER_E_INVALID_PEER_NAME;
}

/* [rulings 14, 16, 17] */
static HRESULT check_schemes(const struct group_wish *wish, bool password_kept)
{
    if (wish->schemes & ~(uint32_t)GROUP_SCHEMES_ALL)
        return PEER_E_INVALID_GROUP_PROPERTIES;
    if (!(wish->schemes & GROUP_SCHEME_PASSWORD))
        return is_set(wish->password) ? PEER_E_INVALID_GROUP_PROPERTIES : S_OK;
    if (wish->password_role != ROLE_ADMIN && wish->password_role != ROLE_INVITING_MEMBER &&
        wish->password_role != ROLE_MEMBER)
        return PEER_E_INVALID_GROUP_PROPERTIES;
    if (!wish->password)
        return password_kept ? S_OK : PEER_E_INVALID_GROUP_PROPERTIES;
    return password_check_policy(wish->password);
}

static bool is_within(const char *text, size_t units_max)
{
    return !text || text_units(text) <= units_max;
}

HRESULT group_wish_check(const struct group_wish *wish, bool password_kept)
{
    HRESULT hr = check_group_name(wish->group_name);
    if (FAILED(hr))
        return hr;
    if (wish->flags & ~(uint32_t)GROUP_FLAGS_ALL)
        return PEER_E_INVALID_GROUP_PROPERTIES;
    hr = check_schemes(wish, password_kept);
    if (FAILED(hr))
        return hr;
    hr = classifier_check(wish->classifier);
    if (FAILED(hr))
        return hr;
    if (!is_within(wish->friendly_name, LIMIT_FRIENDLY_NAME_UNITS) ||
        !is_within(wish->comment, LIMIT_COMMENT_UNITS))
        return PEER_E_INVALID_GROUP_PROPERTIES;
    if (wish->member_data_lifetime != 0 && (wish->member_data_lifetime < MEMBER_DATA_LIFETIME_MIN ||
                                            wish->member_data_lifetime > MEMBER_DATA_LIFETIME_MAX))
        return PEER_E_INVALID_GROUP_PROPERTIES;
    return S_OK;
}

HRESULT group_properties_apply(const struct group_wish *wish, struct group_properties *properties)
{
    char *friendly_name = mem_strdup(wish->friendly_name ? wish->friendly_name : "");
    char *comment = mem_strdup(wish->comment ? wish->comment : "");
    if (!friendly_name || !comment) {
        mem_free(friendly_name);
        mem_free(comment);
        return E_OUTOFMEMORY;
    }
    mem_free(properties->friendly_name);
    mem_free(properties->comment);
    properties->friendly_name = friendly_name;
    properties->comment = comment;
    properties->flags = wish->flags;
    /* [ruling 16] A password group admits certificates too. */
    properties->schemes = wish->schemes | GROUP_SCHEME_CERTIFICATE;
    /* [ruling 15] */
    properties->member_data_lifetime =
        wish->member_data_lifetime ? wish->member_data_lifetime : MEMBER_DATA_LIFETIME_DEFAULT;
    properties->presence_lifetime = wish->presence_lifetime < PRESENCE_LIFETIME_MIN
                                        ? PRESENCE_LIFETIME_MIN
                                        : wish->presence_lifetime;
    return S_OK;
}
