/* security_join.c - joining by an invitation, and what it leaves behind until the group answers.
 *
 * Happy path: the invitation is for this identity and holds now; its chain enters the table, and
 * what helps to find the group (hints, rendezvous secret, cloud) is kept as one value of the store,
 * read back at every opening. An invitation by password is for anybody: its issuer's chain enters,
 * which gives the group's certificate, and the list of own certificates is empty until a member
 * gives one. Failure: an invitation that is not for this identity is not trusted; the store is the
 * caller's to roll back. */
#include "group/security_internal.h"

#include "group/security_password.h"

#include <sodium.h>

#define VALUE_JOINING "own/joining"

enum { JOINING_VERSION = 1, TEXT_MAX = 4 * LIMIT_FRIENDLY_NAME_UNITS };

void security_joining_deinit(struct joining *joining)
{
    mem_free(joining->cloud);
    mem_free(joining->friendly_name);
    sodium_memzero(joining, sizeof(*joining));
}

static HRESULT joining_encode(const struct joining *joining, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, JOINING_VERSION);
    wire_write_blob(&writer, bytes_of_text(joining->cloud));
    wire_write_blob(&writer, bytes_of_text(joining->friendly_name));
    wire_write_addresses(&writer, &joining->hints);
    wire_write_fixed(&writer, joining->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    wire_write_u32(&writer, joining->rendezvous.epoch);
    wire_write_u32(&writer, joining->revocations.count);
    wire_write_fixed(&writer, joining->revocations.sum.bytes, HASH_SIZE);
    return writer.hr;
}

static HRESULT joining_decode(struct bytes bytes, struct joining *joining)
{
    struct wire_reader reader;
    wire_reader_init(&reader, bytes);
    uint8_t version = wire_read_u8(&reader);
    struct bytes cloud = wire_read_text(&reader, TEXT_MAX);
    struct bytes friendly_name = wire_read_text(&reader, TEXT_MAX);
    wire_read_addresses(&reader, &joining->hints);
    wire_read_fixed(&reader, joining->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    joining->rendezvous.epoch = wire_read_u32(&reader);
    joining->revocations.count = wire_read_u32(&reader);
    wire_read_fixed(&reader, joining->revocations.sum.bytes, HASH_SIZE);
    if (!wire_reader_done(&reader) || version != JOINING_VERSION)
        return PEER_E_INVALID_DATABASE;
    joining->cloud = mem_strndup((const char *)cloud.data, cloud.size);
    joining->friendly_name = mem_strndup((const char *)friendly_name.data, friendly_name.size);
    return joining->cloud && joining->friendly_name ? S_OK : E_OUTOFMEMORY;
}

HRESULT security_keep_joining(struct security *security, const struct joining *given)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_SECRET;
    struct joining read = {.cloud = NULL};
    HRESULT hr = joining_encode(given, &value);
    if (SUCCEEDED(hr))
        hr = security->store->ops->value_put(security->store, VALUE_JOINING, buffer_view(&value));
    if (SUCCEEDED(hr))
        hr = joining_decode(buffer_view(&value), &read);
    if (FAILED(hr)) {
        security_joining_deinit(&read);
        return hr;
    }
    security_joining_deinit(&security->joining);
    security->joining = read;
    security->store->ops->mark_durable(security->store);
    return S_OK;
}

static HRESULT keep_joining(struct security *security, const struct invitation *invitation)
{
    struct joining given = {.cloud = (char *)invitation->cloud,
                            .friendly_name = (char *)invitation->group_friendly_name,
                            .hints = {.count = invitation->hint_count},
                            .rendezvous = invitation->rendezvous,
                            .revocations = invitation->revocations};
    memcpy(given.hints.items, invitation->hints, sizeof(invitation->hints));
    return security_keep_joining(security, &given);
}

static HRESULT check_invitation(const struct security_self *self,
                                const struct invitation *invitation, uint64_t utc)
{
    uint8_t public_key[KEY_SIZE];
    if (invitation->scheme != GROUP_SCHEME_CERTIFICATE)
        return E_INVALIDARG;
    signing_key_public(self->key, public_key);
    if (memcmp(invitation->subject->key, public_key, KEY_SIZE) != 0 ||
        strcmp(invitation->subject->peer_name, self->peer_name) != 0)
        return PEER_E_INVITATION_NOT_TRUSTED;
    return chain_valid_at(&invitation->parsed, utc, 0) ? S_OK : PEER_E_INVALID_TIME_PERIOD;
}

static HRESULT take_invitation(struct security *security, const struct invitation *invitation)
{
    HRESULT hr = security_certificate_take(&security->provider, invitation->chain);
    if (hr == PEER_E_INVALID_RECORD)
        return PEER_E_INVITATION_NOT_TRUSTED;
    if (FAILED(hr))
        return hr;
    struct certificate_row *row =
        certificate_table_find(security->table, &invitation->subject->hash);
    ASSERT(row);
    hr = security_own_take(security, row);
    if (hr == S_FALSE)
        return PEER_E_INVITATION_NOT_TRUSTED;
    return SUCCEEDED(hr) ? keep_joining(security, invitation) : hr;
}

HRESULT security_adopt_invitation(struct store *store, const struct security_self *self,
                                  const struct invitation *invitation, uint64_t utc,
                                  struct security **security)
{
    *security = NULL;
    HRESULT hr = check_invitation(self, invitation, utc);
    if (FAILED(hr))
        return hr;
    hr = security_new(store, self, invitation->group_name, utc, security);
    if (FAILED(hr))
        return hr;
    hr = take_invitation(*security, invitation);
    if (SUCCEEDED(hr))
        hr = security_put_names(*security);
    if (FAILED(hr)) {
        security_free(*security);
        *security = NULL;
    }
    return hr;
}

static HRESULT take_password_invitation(struct security *security,
                                        const struct invitation *invitation)
{
    HRESULT hr = security_certificate_take(&security->provider, invitation->chain);
    if (SUCCEEDED(hr))
        hr = keep_joining(security, invitation);
    return hr == PEER_E_INVALID_RECORD ? PEER_E_INVITATION_NOT_TRUSTED : hr;
}

HRESULT security_adopt_password(struct store *store, const struct security_self *self,
                                const struct invitation *invitation, uint64_t utc,
                                struct security **security)
{
    *security = NULL;
    if (invitation->scheme != GROUP_SCHEME_PASSWORD)
        return E_INVALIDARG;
    HRESULT hr = security_new(store, self, invitation->group_name, utc, security);
    if (FAILED(hr))
        return hr;
    hr = take_password_invitation(*security, invitation);
    if (SUCCEEDED(hr))
        hr = security_own_put(*security);
    if (SUCCEEDED(hr))
        hr = security_put_names(*security);
    if (FAILED(hr)) {
        security_free(*security);
        *security = NULL;
    }
    return hr;
}

HRESULT security_adopt_password_again(struct security *security,
                                      const struct invitation *invitation)
{
    if (invitation->scheme != GROUP_SCHEME_PASSWORD)
        return E_INVALIDARG;
    if (strcmp(invitation->group_name, security->graph_id) != 0)
        return PEER_E_INVITATION_NOT_TRUSTED;
    return take_password_invitation(security, invitation);
}

HRESULT security_renew(struct security *security, const struct invitation *invitation, uint64_t utc)
{
    const struct security_self self = {.peer_name = security->peer_name, .key = security->key};
    HRESULT hr = check_invitation(&self, invitation, utc);
    if (FAILED(hr))
        return hr;
    if (strcmp(invitation->group_name, security->graph_id) != 0)
        return PEER_E_INVITATION_NOT_TRUSTED;
    return take_invitation(security, invitation);
}

HRESULT security_load_joining(struct security *security)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_SECRET;
    HRESULT hr = security->store->ops->value_get(security->store, VALUE_JOINING, &value);
    if (hr == PEER_E_NOT_FOUND)
        return S_OK;
    if (SUCCEEDED(hr))
        hr = joining_decode(buffer_view(&value), &security->joining);
    return hr;
}
