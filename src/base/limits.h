/* limits.h - every cap of the library by name: what it bounds and who pays.
 *
 * Limits of the documented interface are in UTF-16 units without the terminator. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* The interface. */
#define LIMIT_CLASSIFIER_UNITS 149
#define LIMIT_PEER_NAME_UNITS 190 /* 40 hex digits, a dot, a classifier */
#define LIMIT_FRIENDLY_NAME_UNITS 255
#define LIMIT_COMMENT_UNITS 255
#define LIMIT_PASSWORD_UNITS 255
#define LIMIT_IDENTITIES 1024
#define LIMIT_RECORD_SIZE (60u * 1024 * 1024) /* payload and attributes */
#define LIMIT_DATA_SIZE (4u * 1024 * 1024)    /* bytes of one PeerGroupSendData */
#define LIMIT_CHAIN_LENGTH 24                 /* certificates below the group's own */

/* XML from anywhere. */
#define LIMIT_XML_SIZE (64u * 1024)
#define LIMIT_XML_DEPTH 32
#define LIMIT_ATTRIBUTES 256
#define LIMIT_ATTRIBUTE_NAME 40

/* The wire. */
#define LIMIT_MESSAGE_SIZE (128u * 1024)
#define LIMIT_PIECE_SIZE (64u * 1024)
#define LIMIT_ATTRIBUTES_SIZE                                                                      \
    (60u * 1024)                           /* bytes of UTF-8: header and one piece fit a message   \
                                            */
#define LIMIT_CERTIFICATE_SIZE (4u * 1024) /* DER */
#define LIMIT_ADDRESSES 4                  /* in hints and presence */
#define LIMIT_CONNECT_ADDRESSES 30         /* in one call: as many as are dialled a minute */
#define LIMIT_CONNECT_KNOWN 64             /* addresses that Connect looks through */
#define LIMIT_REFERRALS 10
#define LIMIT_RANGES 16 /* in one reconciliation message */

/* Charged to a neighbour. */
#define LIMIT_UNVERIFIED_RECORDS 256
#define LIMIT_UNVERIFIED_BYTES (4u * 1024 * 1024)
#define LIMIT_DEFERRED_RECORDS 64
#define LIMIT_DEFERRED_BYTES (1024u * 1024)
#define LIMIT_SEND_QUEUE_BYTES (1024u * 1024)
#define LIMIT_UNFINISHED_BYTES (128u * 1024 * 1024) /* payloads not complete, all neighbours */

/* Links. */
#define LIMIT_NEIGHBOURS_MIN 2
#define LIMIT_NEIGHBOURS_IDEAL 3
#define LIMIT_NEIGHBOURS_MAX 7
#define LIMIT_NEIGHBOURS_INCOMING 4
#define LIMIT_UNAUTHENTICATED_LINKS 64
#define LIMIT_UNAUTHENTICATED_PER_ADDRESS 8
#define LIMIT_UNAUTHENTICATED_BYTES (32u * 1024)
#define LIMIT_UNAUTHENTICATED_MS 10000
#define LIMIT_PASSWORD_BYTES (128u * 1024) /* a joiner by password reads from who admits it */
#define LIMIT_PASSWORD_NAMES 3     /* certificates that a member gives one key for one password */
#define LIMIT_PASSWORD_MS 60000    /* and waits for it, its own Argon2id included */
#define LIMIT_PASSWORD_FAILURES 10 /* wrong attempts a minute at one group here */
#define LIMIT_PASSWORD_FAILURES_EACH 3 /* of one key; of one IPv4 address or /64 */

/* Times, in seconds unless the name says otherwise. */
#define PRESENCE_LIFETIME_MIN 300u
#define MEMBER_DATA_LIFETIME_DEFAULT 2419200u
#define MEMBER_DATA_LIFETIME_MIN 28800u
#define MEMBER_DATA_LIFETIME_MAX 315360000u

/* FILETIME ticks (100 ns since 1601) in a second and a millisecond. */
#define TICKS_PER_SECOND 10000000ull
#define TICKS_PER_MS 10000ull
/* 1970-01-01 in ticks, and 9999-12-31 23:59:59, which stands for "without end". */
#define TICKS_UNIX_EPOCH 116444736000000000ull
#define TICKS_UNLIMITED 2650467743990000000ull

/* Where a default port is free, groups listen here. */
#define GROUP_PORT 3587

#endif
