/* query.h - the XML of attributes and searches, made from and shown as name=value. */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

#include "cli/arguments.h"

#include <jansson.h>

/* attributes_make turns every --attribute NAME[:TYPE]=VALUE into the XML of a record's attributes
 * (free with free), with "filename" for a file when file is not NULL and no option names it. *xml
 * is NULL when there are none. Returns an exit class, told already. */
int attributes_make(const struct context *context, const struct arguments *arguments,
                    const char *file, char **xml);
/* attributes_read lists what stands in the XML of attributes: [{"name", "type", "value"}]. What it
 * does not understand it leaves out: it is for showing only. */
json_t *attributes_read(const char *xml);

/* query_make turns words NAME[:TYPE]OPERATOR VALUE (= != < > <= >=), all of which must hold, into
 * the XML of a search (free with free). peer_name translates a member's name for creator= and
 * modifier=; it returns NULL or a string to free. */
int query_make(const struct context *context, const struct arguments *arguments,
               char *(*peer_name)(void *names, const char *name), void *names, char **xml);

/* record_type_parse reads "note", "chat" or a GUID; record_type_text is the other way (free). */
bool record_type_parse(const char *text, GUID *type);
char *record_type_text(const GUID *type);
extern const GUID record_type_note;
extern const GUID record_type_chat;

#endif
