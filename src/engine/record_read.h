/* record_read.h - stored records as plain values, for the calls that read them. */
#ifndef ENGINE_RECORD_READ_H
#define ENGINE_RECORD_READ_H

#include "engine/engine_internal.h"

/* A payload in pieces is read a part at a time, so that other traffic goes on in between. */
struct payload_read {
    struct guid id;
    struct hash digest; /* of the version that is read */
    struct hash root;
    uint64_t size;
    uint32_t next;       /* piece */
    struct buffer *into; /* borrowed */
};

/* record_read makes *out of a whole row. Of a payload in pieces nothing is read; *rest tells what
 * is to be read (rest->size 0: nothing), into out->payload, which must not move until then. */
HRESULT record_read(const struct store_record *row, struct engine_record *out,
                    struct payload_read *rest) MUST_CHECK;
/* record_read_pieces reads up to limit pieces, on the loop thread. S_OK: all is read; S_FALSE:
 * there is more. PEER_E_RECORD_NOT_FOUND: another version stands, or none. */
HRESULT record_read_pieces(struct node *node, struct payload_read *read, uint32_t limit) MUST_CHECK;
/* record_copy makes another of the same content. */
HRESULT record_copy(const struct engine_record *from, struct engine_record *out) MUST_CHECK;
size_t record_memory(const struct engine_record *record);
/* record_passes tells whether the row is one that the search asks for. Any thread. */
HRESULT record_passes(const struct search *search, const struct store_record *row,
                      bool *passes) MUST_CHECK;

/* snapshot.c */
/* snapshots_changing: a record of the node is about to change (graph_config.changing). */
void snapshots_changing(void *node, const struct guid *id, const struct store_record *held);
void snapshots_deinit(struct node *node);

#endif
