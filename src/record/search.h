/* search.h - queries over records: "<peersearch>" with clauses, and, or.
 *
 * A query is parsed once and matched against many records. */
#ifndef RECORD_SEARCH_H
#define RECORD_SEARCH_H

#include "base/hash.h"
#include "record/attributes.h"

struct search;

/* What a query can ask of one record. All is borrowed for the call. */
struct search_subject {
    const char *creator;  /* peer name; NULL never matches */
    const char *modifier; /* peer name; NULL never matches */
    uint64_t creation_time;
    uint64_t modification_time;
    struct guid id;
    struct guid type;
    const struct attribute_list *attributes; /* NULL where they do not parse: never match */
};

/* search_parse reads a query into *out (free with search_free). Returns S_OK; E_INVALIDARG: a
 * backslash in a string value that is not followed by *, ? or a backslash; PEER_E_INVALID_SEARCH:
 * everything else that is wrong; E_OUTOFMEMORY. *out is NULL after a failure.
 *
 * A clause without a type is one of strings, one without a compare asks for equality. */
HRESULT search_parse(const char *xml, struct search **out) MUST_CHECK;
HRESULT search_parse_bytes(struct bytes xml, struct search **out) MUST_CHECK;
/* search_free takes NULL. */
void search_free(struct search *search);

/* search_match tells whether the record is one of those asked for.
 *
 * A clause matches when at least one attribute of its name and its type compares as asked: without
 * such an attribute nothing matches, notequal neither. Strings are compared by code point, case
 * counts; with equal and notequal * stands for any run and ? for any one character; with the other
 * comparisons they stand for themselves. Of peerrecordid and peerrecordtype neither braces nor case
 * count. Never fails, needs no memory; time grows with the product of a string and the longest
 * stretch of its pattern between two *. */
bool search_match(const struct search *search, const struct search_subject *subject);

#endif
