/* record.h - the record: its header, the bytes that are signed, its identifier and the order of its
 * versions.
 *
 * The canonical encoding (record_header_encode) is what travels, what is stored and what the digest
 * covers. See docs/protocol.md, "Records". */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "base/hash.h"
#include "base/limits.h"

enum { SIGNATURE_SIZE = 64, NONCE_SIZE = 16 };

/* Record types of the library itself; applications may not publish them. */
extern const struct guid RECORD_TYPE_MEMBERSHIP;
extern const struct guid RECORD_TYPE_SECURITY_PROPERTIES;
extern const struct guid RECORD_TYPE_GRAPH_INFO;
extern const struct guid RECORD_TYPE_SIGNATURE;
extern const struct guid RECORD_TYPE_CONTACT;
extern const struct guid RECORD_TYPE_PRESENCE;
extern const struct guid RECORD_TYPE_REVOCATION;

/* record_type_is_reserved: the types above and the whole ranges kept for later ones
 * (xx00....-0000-... whose last twelve bytes are zero). */
bool record_type_is_reserved(const struct guid *type);

/* One version of a record, without its payload. Texts are UTF-8, never NULL ("" is absent),
 * borrowed from the bytes it was decoded from (or from the caller's strings when it is made here).
 */
struct record {
    struct guid id;
    struct guid type;
    struct hash creator;  /* SHA-256 of the creator's public key (SubjectPublicKeyInfo) */
    struct hash modifier; /* of whoever wrote this version; all zero while the creator's first
                             version stands */
    struct bytes creator_name;
    struct bytes modifier_name;
    uint32_t version; /* 1, 2, ... */
    bool deleted;
    uint64_t created;
    uint64_t modified;
    uint64_t expiration;
    struct bytes attributes;
    uint8_t nonce[NONCE_SIZE];
    uint64_t payload_size;
    struct hash payload_root;
    struct bytes extensions; /* encoded (u16 type, u32 length, bytes)*, under the digest */
};

/* What makes a version believable: who signed, and the signature over (label, digest). */
struct record_seal {
    struct hash certificate;
    uint8_t signature[SIGNATURE_SIZE];
};

/* record_header_encode appends the canonical bytes. E_OUTOFMEMORY. */
HRESULT record_header_encode(const struct record *record, struct buffer *out) MUST_CHECK;

/* record_header_decode reads canonical bytes completely; views point into bytes.
 * PEER_E_INVALID_RECORD for anything that is not exactly one well-formed header within the limits,
 * or that contradicts itself: times out of order, expiration not after modification, a deleted
 * record with content, names that do not begin with their key, a version of 0, a first version with
 * a modifier. */
HRESULT record_header_decode(struct bytes bytes, struct record *record) MUST_CHECK;

/* record_digest is the SHA-256 of (label, graph id, canonical header). */
void record_digest(struct bytes graph_id, struct bytes header, struct hash *digest);

/* record_make_id computes the id that creator, type, creation time and nonce give; every receiver
 * recomputes it. */
void record_make_id(struct bytes graph_id, const struct record *record, struct guid *id);

/* record_signed_bytes: the 64 bytes (label, digest) that are signed. */
void record_signed_bytes(const struct hash *digest, uint8_t out[64]);

/* What decides between two versions of one id. */
struct record_rank {
    bool deleted;
    uint32_t version;
    struct hash modifier;
    uint64_t modified;
    struct hash digest;
};
void record_rank_of(const struct record *record, const struct hash *digest,
                    struct record_rank *rank);
/* record_rank_compare: > 0 when a stands against b, 0 only for the same version. */
int record_rank_compare(const struct record_rank *a, const struct record_rank *b);

/* record_key_names tells whether a peer name ("<40 hex>.<classifier>") begins with the authority of
 * the key. */
bool record_key_names(const struct hash *key, struct bytes peer_name);

/* ---- payload tree (payload_tree.c): SHA-256 over pieces of 64 KiB, RFC 6962 shape ---- */

uint32_t payload_piece_count(uint64_t size); /* 1 for an empty payload */
uint32_t payload_piece_size(uint64_t size, uint32_t index);
void payload_leaf(struct bytes piece, struct hash *leaf);
/* payload_leaves hashes all pieces of a payload: payload_piece_count(payload.size) leaves. */
void payload_leaves(struct bytes payload, struct hash *leaves);
/* payload_root_of_leaves folds count leaves (count >= 1) into the root. */
void payload_root_of_leaves(const struct hash *leaves, uint32_t count, struct hash *root);
/* payload_root hashes a whole payload. E_OUTOFMEMORY. */
HRESULT payload_root(struct bytes payload, struct hash *root) MUST_CHECK;
enum { PAYLOAD_PATH_MAX = 10 }; /* 2^10 pieces of 64 KiB are 64 MiB */
/* payload_path gives the hashes beside the way from a leaf to the root; returns how many. */
uint32_t payload_path(const struct hash *leaves, uint32_t count, uint32_t index,
                      struct hash path[PAYLOAD_PATH_MAX]);
/* payload_path_check tells whether the piece of that leaf belongs at index below root. */
bool payload_path_check(const struct hash *root, uint32_t count, uint32_t index,
                        const struct hash *leaf, const struct hash *path, uint32_t path_size);

#endif
