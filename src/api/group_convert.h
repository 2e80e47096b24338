/* group_convert.h - single values between the interface's types and the engine's. */
#ifndef API_GROUP_CONVERT_H
#define API_GROUP_CONVERT_H

#include "api/block.h"
#include "engine/engine.h"

uint64_t convert_ticks(const FILETIME *time);
FILETIME convert_filetime(uint64_t ticks);

struct guid convert_guid_in(const GUID *guid);
GUID convert_guid_out(const struct guid *guid);

/* convert_address_in: E_INVALIDARG: another dwSize or family, or no port. */
HRESULT convert_address_in(const PEER_ADDRESS *address, struct address *out) MUST_CHECK;
PEER_ADDRESS convert_address_out(const struct address *address);

/* convert_roles_in gives bits of enum role, 0 for none. E_INVALIDARG: more than the three there
 * are, or a GUID that is no role. */
HRESULT convert_roles_in(ULONG count, const GUID *roles, unsigned *bits) MUST_CHECK;

/* convert_key_in takes an Ed25519 key of 32 bytes (ruling 9). E_INVALIDARG: anything else. */
HRESULT convert_key_in(const CERT_PUBLIC_KEY_INFO *info, uint8_t key[KEY_SIZE]) MUST_CHECK;

/* Each appends to a block what the pointer at an offset is to point to. E_OUTOFMEMORY.
 *
 * convert_roles_out gives the number of GUIDs in *count; no roles leave the pointer NULL. */
HRESULT convert_roles_out(struct block *block, size_t pointer_at, unsigned bits,
                          ULONG *count) MUST_CHECK;
HRESULT convert_key_out(struct block *block, size_t pointer_at,
                        const uint8_t key[KEY_SIZE]) MUST_CHECK;

#endif
