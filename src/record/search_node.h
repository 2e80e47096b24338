/* search_node.h - the parsed query, shared by the files of search and by nothing else. */
#ifndef RECORD_SEARCH_NODE_H
#define RECORD_SEARCH_NODE_H

#include "record/search.h"

/* Bytes that UTF-8 never has stand for the wildcards in a value whose escapes are resolved. */
#define PATTERN_ANY_ONE '\xFE'
#define PATTERN_ANY_RUN '\xFF'

enum search_kind { SEARCH_CLAUSE, SEARCH_AND, SEARCH_OR };

enum search_compare {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_LESS,
    COMPARE_GREATER,
    COMPARE_LESS_OR_EQUAL,
    COMPARE_GREATER_OR_EQUAL,
};

struct search {
    enum search_kind kind;
    struct search *next;  /* sibling */
    struct search *first; /* children of and, or */

    /* A clause. */
    char *name;
    enum reserved_attribute reserved;
    enum value_type type;
    enum search_compare compare;
    char *text; /* the pattern of equal and notequal for strings */
    date_ticks date;
};

#endif
