/* session.h - the identity and the group that a command works with. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/context.h"
#include "cli/text.h"

#include <jansson.h>

/* Pairs of peer name and friendly name. */
struct name {
    char *peer;
    char *friendly;
};
struct name_list {
    struct name *items;
    int count;
};
/* name_json makes the object that stands for such a pair. */
json_t *name_json(const char *peer, const char *friendly);
void name_list_add(struct name_list *list, PCWSTR peer, PCWSTR friendly);
void name_list_free(struct name_list *list);
/* name_list_find takes a peer name, a friendly name, or the beginning of one peer name. Returns the
 * index, NAME_NONE or NAME_SEVERAL. */
enum { NAME_NONE = -1, NAME_SEVERAL = -2 };
int name_list_find(const struct name_list *list, const char *wanted);

/* enumerate hands each item to visit, then closes the enumeration. */
HRESULT enumerate(HPEERENUM enumeration, void (*visit)(void *context, const void *item),
                  void *context);

HRESULT identity_names(struct name_list *list);
HRESULT group_names(const char *identity, struct name_list *list);
HRESULT member_names(HGROUP group, struct name_list *list);

struct session {
    HGROUP group;
    struct name identity;
    struct name name;
    bool borrowed; /* of the connected group */
};

/* identity_choose finds the identity that --identity, or wanted when not NULL, names, or the only
 * one. On success, *identity is set (free both strings); else the exit class, told already. */
int identity_choose(const struct context *context, const char *wanted, struct name *identity);
/* group_choose likewise: the group is wanted, --group, or the only one of the identity. */
int group_choose(const struct context *context, const char *wanted, struct name *identity,
                 struct name *group);
/* member_choose finds the member of an open group that wanted names; advice ends the line that says
 * that there is none. */
int member_choose(const struct context *context, const struct session *session, const char *wanted,
                  const char *advice, struct name *member);
void name_free(struct name *name);

/* library_start starts Grouping once; main ends it. */
int library_start(const struct context *context);
void library_stop(void);

/* session_open opens the chosen group, or gives the connected one. Returns an exit class, told
 * already. Close it in both cases. */
int session_open(const struct context *context, const char *wanted, struct session *session);
void session_close(struct session *session);
#define CLEANUP_SESSION __attribute__((cleanup(session_close)))
#define CLEANUP_NAME __attribute__((cleanup(name_free)))
#define CLEANUP_NAMES __attribute__((cleanup(name_list_free)))

/* session_holder_text says who has a group open: "process 123", or "another process" (free). */
char *session_holder_text(const struct name *identity, const struct name *group);

/* member_name gives the friendly name of a member, or the beginning of its peer name (free). */
char *member_name(HGROUP group, const char *peer);
/* short_name copies the part of a peer name that people can tell apart: 12 digits. */
char *short_name(const char *peer);

#endif
