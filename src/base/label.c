/* label.c - the table of labels that keep signatures and hashes of different purposes apart.
 *
 * Each use names its label by its enum; nothing else may write one out. A unit test holds the
 * table to its rules: distinct, padded with zeros, never 0x20 or 0x30 first. Nothing here can
 * fail. */
#include "base/label.h"

#include "base/result.h"

static const char table[LABEL_COUNT][LABEL_SIZE] = {
    [LABEL_RECORD] = "peergroup/2 record",
    [LABEL_RECORD_ID] = "peergroup/2 record id",
    [LABEL_RECORD_DIGEST] = "peergroup/2 record digest",
    [LABEL_REVOCATION] = "peergroup/2 revocation",
    [LABEL_PASSWORD] = "peergroup/2 password proof",
    [LABEL_SNI] = "peergroup/2 sni",
    [LABEL_INVITATION] = "peergroup/2 invitation",
    [LABEL_FINGERPRINT] = "peergroup/2 fingerprint",
    [LABEL_RENDEZVOUS] = "peergroup/2 rendezvous",
    [LABEL_ADMISSION] = "peergroup/2 admission",
    [LABEL_CONFIG] = "peergroup/2 config",
    [LABEL_PASSWORD_LINK] = "peergroup/2 password link",
    [LABEL_PASSWORD_ASK] = "peergroup/2 password ask",
    [LABEL_PASSWORD_FILE] = "peergroup/2 password file",
};

const uint8_t *label_of(enum label label)
{
    ASSERT(label < LABEL_COUNT);
    return (const uint8_t *)table[label];
}
