/* member_address.c - one value of the store for each member: "address/" and its key in hexadecimal
 * digits, with 16 bytes address and two bytes port.
 *
 * Happy path: put when a link comes up, each when there is somebody to be called. Failure: the
 * store's; values of another form are passed over. */
#include "engine/member_address.h"

#include "wire/wire.h"

#include <stdio.h>

#define PREFIX "address/"
enum { PREFIX_SIZE = sizeof(PREFIX) - 1, VALUE_SIZE = 18 };

HRESULT member_address_put(struct store *store, const struct hash *key,
                           const struct address *address)
{
    char name[PREFIX_SIZE + HASH_TEXT_SIZE] = PREFIX;
    uint8_t value[VALUE_SIZE];
    hash_format(key, name + PREFIX_SIZE);
    memcpy(value, address->ip, sizeof(address->ip));
    value[16] = (uint8_t)(address->port >> 8);
    value[17] = (uint8_t)address->port;
    return store->ops->value_put(store, name, bytes_of(value, sizeof(value)));
}

static bool hash_of_hex(struct bytes hex, struct hash *hash)
{
    if (hex.size != HASH_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        const char pair[3] = {(char)hex.data[2 * i], (char)hex.data[2 * i + 1]};
        unsigned value;
        if (sscanf(pair, "%2x", &value) != 1)
            return false;
        hash->bytes[i] = (uint8_t)value;
    }
    return true;
}

struct visit {
    member_address_visitor visit;
    void *context;
};

static HRESULT visit_value(void *context, struct bytes name, struct bytes value)
{
    const struct visit *this = context;
    struct hash key;
    struct address address = {.port = 0};
    struct wire_reader reader;
    wire_reader_init(&reader, value);
    wire_read_fixed(&reader, address.ip, sizeof(address.ip));
    address.port = wire_read_u16(&reader);
    bool good = wire_reader_done(&reader) && name.size > PREFIX_SIZE &&
                hash_of_hex(bytes_of(name.data + PREFIX_SIZE, name.size - PREFIX_SIZE), &key);
    return good ? this->visit(this->context, &key, &address) : S_OK;
}

HRESULT member_address_each(struct store *store, member_address_visitor visit, void *context)
{
    struct visit this = {.visit = visit, .context = context};
    return store->ops->value_each(store, PREFIX, visit_value, &this);
}
