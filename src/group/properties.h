/* properties.h - Security Properties: what a whole group agrees on, as its creator wrote it.
 *
 * The payload of the one record of RECORD_TYPE_SECURITY_PROPERTIES. See docs/protocol.md, "Security
 * Properties". */
#ifndef GROUP_PROPERTIES_H
#define GROUP_PROPERTIES_H

#include "base/bytes.h"
#include "group/password.h"

/* Values of PEER_GROUP_PROPERTY_FLAGS and PEER_GROUP_AUTHENTICATION_SCHEME. */
enum group_flag {
    GROUP_FLAG_MEMBER_DATA_OPTIONAL = 1,
    GROUP_FLAG_DISABLE_PRESENCE = 2,
    GROUP_FLAG_DEFER_EXPIRATION = 4,
    GROUP_FLAGS_ALL = 7
};
enum group_scheme {
    GROUP_SCHEME_CERTIFICATE = 1,
    GROUP_SCHEME_PASSWORD = 2,
    GROUP_SCHEMES_ALL = 3
};

enum { RENDEZVOUS_SECRET_SIZE = 32 };

/* From this secret come all discovery keys of the group; epoch counts its changes. */
struct rendezvous {
    uint8_t secret[RENDEZVOUS_SECRET_SIZE];
    uint32_t epoch;
};

/* How much one author, or all below one issuer, may store; 0 is the library's default. */
struct group_quota {
    uint64_t author_records;
    uint64_t author_bytes;
    uint64_t subtree_records;
    uint64_t subtree_bytes;
};

struct group_properties {
    uint32_t flags;
    uint32_t schemes;
    uint32_t member_data_lifetime; /* seconds */
    uint32_t presence_lifetime;    /* seconds */
    uint64_t created;              /* UTC */
    uint64_t required_features;    /* who lacks one of these bits cannot take part */
    struct group_quota quota;
    struct rendezvous rendezvous;
    struct group_password password; /* role 0 without the password scheme */
    /* Owned texts, never NULL in what these functions give ("" is absent). */
    char *cloud;
    char *classifier;
    char *group_name; /* peer name of the group */
    char *creator_name;
    char *friendly_name;
    char *comment;
    struct buffer extensions; /* fields of later versions, kept as they came */
};

void group_properties_deinit(struct group_properties *properties); /* wipes the secret */
HRESULT group_properties_copy(const struct group_properties *from,
                              struct group_properties *to) MUST_CHECK;

/* group_properties_encode appends the payload. E_OUTOFMEMORY. */
HRESULT group_properties_encode(const struct group_properties *properties,
                                struct buffer *out) MUST_CHECK;
/* group_properties_decode is total. PEER_E_INVALID_RECORD: not a payload;
 * PEER_E_UNSUPPORTED_VERSION: of a later major version. On success release with
 * group_properties_deinit. */
HRESULT group_properties_decode(struct bytes payload,
                                struct group_properties *properties) MUST_CHECK;

/* What an application asks for in PeerGroupCreate and PeerGroupSetProperties. Texts UTF-8, NULL is
 * absent, borrowed. */
struct group_wish {
    uint32_t flags;
    uint32_t schemes;
    uint32_t member_data_lifetime; /* 0: the default */
    uint32_t presence_lifetime;    /* 0: the default */
    const char *group_name;        /* must be absent at create */
    const char *classifier;
    const char *friendly_name;
    const char *comment;
    const char *password;
    unsigned password_role; /* one bit of enum role; 0: a GUID that is no role */
};

/* group_wish_check applies rulings 13 to 17 in the order of ruling 11: group peer name, flags,
 * schemes with role and password, lengths, lifetimes. PEER_E_INVALID_PEER_NAME,
 * PEER_E_INVALID_GROUP_PROPERTIES, PEER_E_PASSWORD_DOES_NOT_MEET_POLICY, PEER_E_INVALID_CLASSIFIER,
 * E_OUTOFMEMORY. The caller has checked pointers and creator before, and checks cloud and keys
 * after. For a group that exists, clear group_name and classifier first (they are compared, not
 * checked) and set password_kept: no new password is wanted. */
HRESULT group_wish_check(const struct group_wish *wish, bool password_kept) MUST_CHECK;

/* group_properties_apply writes a checked wish over properties, with the defaults of rulings 15
 * and 16. The names, the cloud, the password and the times stay. E_OUTOFMEMORY: properties are as
 * they were. */
HRESULT group_properties_apply(const struct group_wish *wish,
                               struct group_properties *properties) MUST_CHECK;

#endif
