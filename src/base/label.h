/* label.h - one 32-byte, zero-padded ASCII label for each purpose of a hash, a MAC or a signature.
 *
 * No label begins with 0x20 or 0x30, so that a key that signs labelled digests, TLS transcripts (64
 * spaces) and certificate bodies (0x30) can never be made to sign one as another. */
#ifndef BASE_LABEL_H
#define BASE_LABEL_H

#include <stdint.h>

enum { LABEL_SIZE = 32 };

enum label {
    LABEL_RECORD,        /* signature over a record's digest */
    LABEL_RECORD_ID,     /* hash that gives a record its id */
    LABEL_RECORD_DIGEST, /* hash over a record's canonical header */
    LABEL_REVOCATION,    /* reserved */
    LABEL_PASSWORD,      /* password proof */
    LABEL_SNI,           /* key that admits a caller */
    LABEL_INVITATION,    /* signature over an invitation */
    LABEL_FINGERPRINT,   /* TLS exporter value that keys fingerprints */
    LABEL_RENDEZVOUS,    /* reserved for discovery keys */
    LABEL_ADMISSION,     /* TLS exporter value that a caller's admission is over */
    LABEL_CONFIG,        /* what binds an exported configuration together */
    LABEL_PASSWORD_LINK, /* TLS exporter value that joining by password is bound to */
    LABEL_PASSWORD_ASK,  /* MAC that shows an invitation */
    LABEL_PASSWORD_FILE, /* hash that names the file of a password's key */
    LABEL_COUNT
};

/* label_of gives the LABEL_SIZE bytes of a label. */
const uint8_t *label_of(enum label label);

#endif
