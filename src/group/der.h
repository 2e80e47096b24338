/* der.h - the little of DER that certificates and PKCS#7 need: a strict reader and a writer.
 *
 * Both keep a sticky failure, so that code that uses them reads as a list of what comes next and
 * looks at the outcome once. Internal to group/. */
#ifndef GROUP_DER_H
#define GROUP_DER_H

#include "base/bytes.h"
#include "base/limits.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_UTF8 = 0x0C,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_CONTEXT_0 = 0x80,             /* [0] primitive */
    DER_CONTEXT_0_CONSTRUCTED = 0xA0, /* [0] constructed */
    DER_CONTEXT_3_CONSTRUCTED = 0xA3
};

/* A reader over borrowed bytes. After a failure every further read gives an empty view. */
struct der {
    struct bytes rest;
    bool failed;
};

struct der der_of(struct bytes data);
/* der_take reads one element with this tag and gives its content; der_take_whole gives header and
 * content. Lengths are definite and minimal, at most 2^24 - 1. */
struct bytes der_take(struct der *der, enum der_tag tag);
struct bytes der_take_whole(struct der *der, enum der_tag tag);
/* der_enter reads one constructed element and opens its content; der_leave fails the outer reader
 * unless the inner one is done. */
struct der der_enter(struct der *der, enum der_tag tag);
void der_leave(struct der *outer, const struct der *inner);
/* der_expect reads exactly these bytes. */
void der_expect(struct der *der, const void *data, size_t size);
bool der_next_is(const struct der *der, enum der_tag tag);
/* der_more: nothing failed and something is left. der_done: nothing failed and nothing is left. */
bool der_more(const struct der *der);
bool der_done(const struct der *der);
/* der_take_time reads a date in the one form that RFC 5280 gives it: UTCTime from 1950 to 2049,
 * GeneralizedTime after, whole seconds, Z. */
uint64_t der_take_time(struct der *der);

enum { DER_HEADER_MAX = 5 };
/* der_header writes tag and length of a content of size (< 2^24) bytes; returns its own size. */
size_t der_header(enum der_tag tag, size_t size, uint8_t out[DER_HEADER_MAX]);

/* A writer with room for one certificate; it fails, and stays failed, when that is too little. */
struct der_writer {
    uint8_t data[LIMIT_CERTIFICATE_SIZE];
    size_t size;
    bool failed;
};

/* der_open begins a constructed element; der_close, given what der_open returned, sets its length.
 */
size_t der_open(struct der_writer *writer, enum der_tag tag);
void der_close(struct der_writer *writer, size_t opened);
void der_put(struct der_writer *writer, enum der_tag tag, struct bytes content);
/* der_put_raw writes bytes that are DER already. */
void der_put_raw(struct der_writer *writer, const void *data, size_t size);
/* der_put_time fails for what der_time_fits refuses; parts of a second are cut off. */
void der_put_time(struct der_writer *writer, uint64_t ticks);
/* der_time_fits: from 1950-01-01 to 9999-12-31 23:59:59. */
bool der_time_fits(uint64_t ticks);

#endif
