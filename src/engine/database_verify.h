/* database_verify.h - the first reading of a database file: all of it is verified, nothing is
 * taken.
 */
#ifndef ENGINE_DATABASE_VERIFY_H
#define ENGINE_DATABASE_VERIFY_H

#include "group/database_file.h"

/* database_verify reads the reader to its end and appends to hashes what each segment must hash to;
 * chain: of the group's own certificate. On the caller's thread. E_INVALIDARG: the file is not what
 * it claims to be; E_OUTOFMEMORY; PEER_E_NOT_INITIALIZED; codes of the reader's source. */
HRESULT database_verify(struct database_reader *reader, const char *group, struct bytes chain,
                        struct buffer *hashes) MUST_CHECK;

#endif
