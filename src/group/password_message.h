/* password_message.h - what is said and signed when somebody joins by password (docs/protocol.md,
 * "Passwords").
 *
 * Bodies of PASSWORD, and the two values that bind them to one TLS connection. Decoders are total:
 * PEER_E_INVALID_RECORD; views point into the body. Encoders append one whole message: S_OK or
 * E_OUTOFMEMORY. */
#ifndef GROUP_PASSWORD_MESSAGE_H
#define GROUP_PASSWORD_MESSAGE_H

#include "group/properties.h"
#include "record/record.h"

/* The first byte of the body. */
enum password_form { PASSWORD_ASK = 1, PASSWORD_OFFER = 2, PASSWORD_PROOF = 3 };
enum { PASSWORD_LINK_SIZE = 32, PASSWORD_MAC_SIZE = 32, PASSWORD_SIGNED_SIZE = 64 };

/* The Security Properties as their record stands at who admits. */
struct password_offer {
    struct hash certificate; /* that sealed it */
    struct bytes signature;  /* SIGNATURE_SIZE */
    struct bytes header;
    struct bytes payload;
    struct bytes deputy; /* DER of that certificate when it is not the group's, else empty */
};
struct password_proof {
    struct bytes friendly_name; /* wanted in the certificate; may be empty */
    struct bytes signature;     /* CERTIFICATE_SIGNATURE_SIZE */
};

HRESULT password_encode_ask(const uint8_t mac[PASSWORD_MAC_SIZE], struct buffer *out) MUST_CHECK;
HRESULT password_decode_ask(struct bytes body, uint8_t mac[PASSWORD_MAC_SIZE]) MUST_CHECK;
HRESULT password_encode_offer(const struct password_offer *offer, struct buffer *out) MUST_CHECK;
HRESULT password_decode_offer(struct bytes body, struct password_offer *offer) MUST_CHECK;
HRESULT password_encode_proof(const struct password_proof *proof, struct buffer *out) MUST_CHECK;
HRESULT password_decode_proof(struct bytes body, struct password_proof *proof) MUST_CHECK;

/* password_ask_mac shows that the asking side has the rendezvous secret, which is in invitations.
 * link is the TLS exporter's value under LABEL_PASSWORD_LINK. */
void password_ask_mac(const struct rendezvous *rendezvous, const uint8_t link[PASSWORD_LINK_SIZE],
                      uint8_t mac[PASSWORD_MAC_SIZE]);

/* All that a proof is bound to. */
struct password_transcript {
    uint8_t link[PASSWORD_LINK_SIZE];
    struct bytes graph_id;
    uint8_t requestor[KEY_SIZE];
    uint8_t authenticator[KEY_SIZE];
    struct hash properties; /* digest of the offered record */
    struct bytes peer_name; /* the requestor's, as AUTH_INFO says */
    struct bytes friendly_name;
};
void password_signed_bytes(const struct password_transcript *transcript,
                           uint8_t out[PASSWORD_SIGNED_SIZE]);

#endif
