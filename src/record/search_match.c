/* search_match.c - is this record one of those asked for?
 *
 * Happy path: the tree is walked, and and or stop at the first child that decides; a clause looks
 * at the record's own value or at each attribute of its name. Everything was checked when the query
 * and the attributes were parsed, so nothing can fail. A type that is not the attribute's never
 * matches: comparing an int with a date would be guessing. */
#include "record/search.h"

#include "record/search_node.h"

static bool holds(enum search_compare compare, int order)
{
    switch (compare) {
    case COMPARE_EQUAL:
        return order == 0;
    case COMPARE_NOT_EQUAL:
        return order != 0;
    case COMPARE_LESS:
        return order < 0;
    case COMPARE_GREATER:
        return order > 0;
    case COMPARE_LESS_OR_EQUAL:
        return order <= 0;
    case COMPARE_GREATER_OR_EQUAL:
        return order >= 0;
    }
    return false;
}

/* Moves over one character of UTF-8. */
static const char *after_character(const char *text)
{
    text++;
    while (((unsigned char)*text & 0xC0) == 0x80)
        text++;
    return text;
}

/* Only the last run met needs another try: whatever an earlier one could give, it can give too. */
static bool matches_pattern(const char *pattern, const char *text)
{
    const char *after_run = NULL;
    const char *retry = NULL;
    while (*text) {
        if (*pattern == PATTERN_ANY_RUN) {
            after_run = ++pattern;
            retry = text;
        } else if (*pattern == PATTERN_ANY_ONE) {
            pattern++;
            text = after_character(text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (after_run) {
            pattern = after_run;
            retry = after_character(retry);
            text = retry;
        } else {
            return false;
        }
    }
    while (*pattern == PATTERN_ANY_RUN)
        pattern++;
    return *pattern == '\0';
}

static bool match_string(const struct search *clause, const char *text)
{
    if (clause->type != VALUE_STRING || !text)
        return false;
    if (clause->compare == COMPARE_EQUAL)
        return matches_pattern(clause->text, text);
    if (clause->compare == COMPARE_NOT_EQUAL)
        return !matches_pattern(clause->text, text);
    return holds(clause->compare, strcmp(text, clause->text));
}

static bool match_int(const struct search *clause, const char *text)
{
    return clause->type == VALUE_INT &&
           holds(clause->compare, value_compare_int(text, clause->text));
}

static bool match_date(const struct search *clause, date_ticks date)
{
    int order = date < clause->date ? -1 : date > clause->date;
    return clause->type == VALUE_DATE && holds(clause->compare, order);
}

static bool match_ticks(const struct search *clause, uint64_t ticks)
{
    return match_date(clause, ticks > INT64_MAX ? INT64_MAX : (date_ticks)ticks);
}

static bool match_guid(const struct search *clause, const struct guid *guid)
{
    char text[GUID_TEXT_SIZE];
    guid_format(guid, text);
    return match_string(clause, text);
}

static bool match_attribute(const struct search *clause, const struct attribute *attribute)
{
    if (strcmp(clause->name, attribute->name) != 0)
        return false;
    switch (attribute->type) {
    case VALUE_STRING:
        return match_string(clause, attribute->text);
    case VALUE_INT:
        return match_int(clause, attribute->text);
    case VALUE_DATE:
        return match_date(clause, attribute->date);
    }
    return false;
}

static bool match_attributes(const struct search *clause, const struct attribute_list *list)
{
    for (size_t i = 0; list && i < list->count; i++) {
        if (match_attribute(clause, &list->entries[i]))
            return true;
    }
    return false;
}

static bool match_clause(const struct search *clause, const struct search_subject *subject)
{
    switch (clause->reserved) {
    case RESERVED_LAST_MODIFIED_BY:
        return match_string(clause, subject->modifier);
    case RESERVED_CREATOR_ID:
        return match_string(clause, subject->creator);
    case RESERVED_LAST_MODIFICATION_TIME:
        return match_ticks(clause, subject->modification_time);
    case RESERVED_CREATION_TIME:
        return match_ticks(clause, subject->creation_time);
    case RESERVED_RECORD_ID:
        return match_guid(clause, &subject->id);
    case RESERVED_RECORD_TYPE:
        return match_guid(clause, &subject->type);
    case RESERVED_NONE:
        break;
    }
    return match_attributes(clause, subject->attributes);
}

bool search_match(const struct search *search, const struct search_subject *subject)
{
    if (search->kind == SEARCH_CLAUSE)
        return match_clause(search, subject);
    bool wanted = search->kind == SEARCH_OR; /* the answer of a child that decides */
    for (const struct search *child = search->first; child; child = child->next) {
        if (search_match(child, subject) == wanted)
            return wanted;
    }
    return !wanted;
}
