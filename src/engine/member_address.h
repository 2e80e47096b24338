/* member_address.h - the address where each member answered last, as the store remembers it. */
#ifndef ENGINE_MEMBER_ADDRESS_H
#define ENGINE_MEMBER_ADDRESS_H

#include "store/store.h"
#include "wire/message.h"

/* A member's key and where it answered. S_FALSE stops. */
typedef HRESULT (*member_address_visitor)(void *context, const struct hash *key,
                                          const struct address *address);

/* member_address_put replaces what is remembered of this member. Codes of the store. */
HRESULT member_address_put(struct store *store, const struct hash *key,
                           const struct address *address) MUST_CHECK;
/* member_address_each leaves out what it cannot read. Codes of the store and of the visitor. */
HRESULT member_address_each(struct store *store, member_address_visitor visit,
                            void *context) MUST_CHECK;

#endif
