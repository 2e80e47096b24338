/* records.h - records as commands show, find and digest them. */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include "cli/session.h"

#include <jansson.h>

/* record_json describes a record; with_data adds its payload. */
json_t *record_json(HGROUP group, const PEER_RECORD *record, bool with_data);
/* record_title says in a few words what is in it: its file name, its text, or its size (free). */
char *record_title(const PEER_RECORD *record);
/* record_utc turns one of a record's times into UTC ticks. */
uint64_t record_utc(HGROUP group, const FILETIME *peer_time);

/* record_find takes an id or the beginning of one. Returns an exit class, told already. */
int record_find(const struct context *context, HGROUP group, const char *wanted, GUID *id);

/* group_digest gives SHA-256 over all records, sorted by id: id, version, SHA-256 of the payload,
 * attributes. Two members hold the same records when their digests are equal. */
enum { DIGEST_TEXT_SIZE = 65 };
HRESULT group_digest(HGROUP group, char text[DIGEST_TEXT_SIZE], unsigned *count);

#endif
