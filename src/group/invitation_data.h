/* invitation_data.h - inside invitation.c and invitation_data.c: the signed element of an
 * invitation. */
#ifndef GROUP_INVITATION_DATA_H
#define GROUP_INVITATION_DATA_H

#include "group/invitation.h"

/* The documented fields in the form that is hashed. */
struct invitation_fields {
    const char *cloud;
    const char *scope;
    const char *cloud_flags;
    struct bytes certificates; /* decoded GMC; with the certificate scheme */
    const char *group_name;    /* with the password scheme, and the next */
    const char *group_friendly_name;
};
void invitation_fields_hash(enum group_scheme scheme, const struct invitation_fields *fields,
                            struct hash *hash);

/* What the element holds besides what goes straight into the invitation. */
struct invitation_data {
    struct hash fields;
    struct bytes chain; /* the issuer's; empty with the certificate scheme */
    struct bytes body;  /* what is signed */
    const uint8_t *signature;
};
/* invitation_data_encode appends the signed element. */
HRESULT invitation_data_encode(const struct invitation *invitation, const struct hash *fields,
                               const struct signing_key *key, struct buffer *out) MUST_CHECK;
/* invitation_data_decode is total: PEER_E_INVITATION_NOT_TRUSTED. Views point into bytes. */
HRESULT invitation_data_decode(struct bytes bytes, struct invitation *invitation,
                               struct invitation_data *data) MUST_CHECK;
bool invitation_data_signed_by(const struct invitation_data *data, const uint8_t key[KEY_SIZE]);

#endif
