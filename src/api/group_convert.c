/* group_convert.c - times, GUIDs, addresses, roles and keys across the border.
 *
 * Inside, times are one number, GUIDs bytes in wire order, addresses carry their port in the
 * machine's order, roles are bits. Values of programs are checked here; values of the engine are
 * ours and only written out. Nothing but memory for a block can be missing. */
#include "api/group_convert.h"
#include "group/certificate.h"

#include <arpa/inet.h>

/* Ed25519 by its object identifier, as RFC 8410 names it (ruling 9). */
static const char ED25519_OID[] = "1.3.101.112";

uint64_t convert_ticks(const FILETIME *time)
{
    return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

FILETIME convert_filetime(uint64_t ticks)
{
    return (FILETIME){.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
}

struct guid convert_guid_in(const GUID *guid)
{
    struct guid out;
    uint32_t first = htonl(guid->Data1);
    uint16_t second = htons(guid->Data2), third = htons(guid->Data3);
    memcpy(out.bytes, &first, sizeof(first));
    memcpy(out.bytes + 4, &second, sizeof(second));
    memcpy(out.bytes + 6, &third, sizeof(third));
    memcpy(out.bytes + 8, guid->Data4, sizeof(guid->Data4));
    return out;
}

GUID convert_guid_out(const struct guid *guid)
{
    GUID out;
    uint32_t first;
    uint16_t second, third;
    memcpy(&first, guid->bytes, sizeof(first));
    memcpy(&second, guid->bytes + 4, sizeof(second));
    memcpy(&third, guid->bytes + 6, sizeof(third));
    out.Data1 = ntohl(first);
    out.Data2 = ntohs(second);
    out.Data3 = ntohs(third);
    memcpy(out.Data4, guid->bytes + 8, sizeof(out.Data4));
    return out;
}

HRESULT convert_address_in(const PEER_ADDRESS *address, struct address *out)
{
    if (address->dwSize != sizeof(*address) || address->sin6.sin6_family != AF_INET6 ||
        address->sin6.sin6_port == 0)
        return E_INVALIDARG;
    *out = (struct address){.port = ntohs(address->sin6.sin6_port),
                            .scope_id = address->sin6.sin6_scope_id};
    memcpy(out->ip, &address->sin6.sin6_addr, sizeof(out->ip));
    return S_OK;
}

PEER_ADDRESS convert_address_out(const struct address *address)
{
    PEER_ADDRESS out = {.dwSize = sizeof(out)};
    out.sin6.sin6_family = AF_INET6;
    out.sin6.sin6_port = htons(address->port);
    out.sin6.sin6_scope_id = address->scope_id;
    memcpy(&out.sin6.sin6_addr, address->ip, sizeof(address->ip));
    return out;
}

static const enum role all_roles[] = {ROLE_ADMIN, ROLE_INVITING_MEMBER, ROLE_MEMBER};
enum { ROLE_COUNT = sizeof(all_roles) / sizeof(all_roles[0]) };

HRESULT convert_roles_in(ULONG count, const GUID *roles, unsigned *bits)
{
    *bits = 0;
    if (count > ROLE_COUNT)
        return E_INVALIDARG;
    for (ULONG i = 0; i < count; i++) {
        struct guid guid = convert_guid_in(&roles[i]);
        unsigned role = role_of_guid(&guid);
        if (role == 0)
            return E_INVALIDARG;
        *bits |= role;
    }
    return S_OK;
}

HRESULT convert_roles_out(struct block *block, size_t pointer_at, unsigned bits, ULONG *count)
{
    GUID guids[ROLE_COUNT];
    *count = 0;
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        struct guid guid;
        if (!(bits & all_roles[i]))
            continue;
        role_guid(all_roles[i], &guid);
        guids[(*count)++] = convert_guid_out(&guid);
    }
    return block_add_bytes(block, pointer_at, bytes_of(guids, *count * sizeof(guids[0])));
}

HRESULT convert_key_in(const CERT_PUBLIC_KEY_INFO *info, uint8_t key[KEY_SIZE])
{
    const char *algorithm = info->Algorithm.pszObjId;
    if (!algorithm || strcmp(algorithm, ED25519_OID) != 0 || !info->PublicKey.pbData ||
        info->PublicKey.cbData != KEY_SIZE)
        return E_INVALIDARG;
    memcpy(key, info->PublicKey.pbData, KEY_SIZE);
    return S_OK;
}

HRESULT convert_key_out(struct block *block, size_t pointer_at, const uint8_t key[KEY_SIZE])
{
    size_t offset;
    HRESULT hr = block_add(block, sizeof(CERT_PUBLIC_KEY_INFO), &offset);
    if (FAILED(hr))
        return hr;
    CERT_PUBLIC_KEY_INFO *info = block_at(block, offset);
    info->PublicKey.cbData = KEY_SIZE;
    hr = block_link(block, pointer_at, offset);
    if (SUCCEEDED(hr))
        hr = block_add_bytes(block, offset + offsetof(CERT_PUBLIC_KEY_INFO, Algorithm.pszObjId),
                             bytes_of(ED25519_OID, sizeof(ED25519_OID)));
    if (SUCCEEDED(hr))
        hr = block_add_bytes(block, offset + offsetof(CERT_PUBLIC_KEY_INFO, PublicKey.pbData),
                             bytes_of(key, KEY_SIZE));
    return hr;
}
