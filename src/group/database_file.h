/* database_file.h - a group's database as one file: what PeerGroupExportDatabase writes
 * (docs/export.md).
 *
 * A header, then items: certificates, each after its issuer, records, each after its signer's
 * certificate, pieces of the large payload just begun; then a trailer with their number and the
 * SHA-256 of all before. Written and read in order, never held whole. */
#ifndef GROUP_DATABASE_FILE_H
#define GROUP_DATABASE_FILE_H

#include "record/record.h"
#include "wire/wire.h"

enum {
    DATABASE_VERSION = 1,
    DATABASE_ITEM_MAX = 132 * 1024,    /* body of one item */
    DATABASE_SEGMENT_ITEMS = 128,      /* a segment ends with this many items ... */
    DATABASE_SEGMENT_SIZE = 256 * 1024 /* ... or when it has this many bytes */
};

enum database_item_type {
    DATABASE_CERTIFICATE = 1,
    DATABASE_RECORD = 2,
    DATABASE_PIECE = 3,
    DATABASE_ABANDONED = 4, /* the large record just begun was replaced while it was written */
    DATABASE_END = 255
};

/* Texts are borrowed on the way in; on the way out they are views into the reader. */
struct database_header {
    struct bytes group; /* peer names */
    struct bytes identity;
    bool synchronised; /* whoever wrote it held the whole database */
    uint64_t written;  /* UTC */
};

struct database_item {
    enum database_item_type type;
    struct bytes body;
    struct bytes framed; /* u32 length and the body: a certificate as a list of one */
    /* RECORD: */
    struct record record; /* views into header */
    struct hash digest;
    struct record_seal seal;
    struct bytes header;
    struct bytes payload;
};

/* ---- writing ---- */

/* Each appends to out; E_OUTOFMEMORY. database_write_end needs the number of items and the hash of
 * everything before it. */
HRESULT database_write_header(const struct database_header *header, struct buffer *out) MUST_CHECK;
HRESULT database_write_item(enum database_item_type type, struct bytes body,
                            struct buffer *out) MUST_CHECK;
HRESULT database_write_record(const struct hash *certificate, struct bytes signature,
                              struct bytes header, struct bytes payload,
                              struct buffer *out) MUST_CHECK;
HRESULT database_write_end(uint64_t items, const struct hash *hash, struct buffer *out) MUST_CHECK;

/* ---- reading ---- */

/* Where bytes come from: gives up to size bytes, 0 at the end. Its failures are passed on. */
struct database_source {
    HRESULT (*read)(void *context, uint8_t *data, size_t size, size_t *got);
    void *context;
};

struct database_reader {
    struct database_source source;
    struct sha256 sha;
    uint64_t items;
    struct buffer head;
    struct database_header header;
    bool ended;
};

/* database_reader_open reads the header. Release with database_reader_deinit, also after a failure.
 * E_INVALIDARG: not such a file, or of another version. */
HRESULT database_reader_open(struct database_reader *reader,
                             const struct database_source *source) MUST_CHECK;
void database_reader_deinit(struct database_reader *reader);

/* Whole items, as they stand in the file, and the hash of the file up to their end: the same file
 * always falls into the same segments. */
struct database_segment {
    struct buffer data;
    struct hash hash;
};
/* database_reader_next replaces the segment's content. S_FALSE: nothing is left, and the trailer
 * was right. E_INVALIDARG: framing, trailer or end are wrong. E_OUTOFMEMORY. */
HRESULT database_reader_next(struct database_reader *reader,
                             struct database_segment *segment) MUST_CHECK;

/* database_item_next decodes the next item of a segment; group: the group's peer name, which ids
 * and digests depend on. A record's id, payload size and small payload are checked here. S_FALSE:
 * no more. E_INVALIDARG. */
HRESULT database_item_next(struct wire_reader *segment, struct bytes group,
                           struct database_item *item) MUST_CHECK;

#endif
