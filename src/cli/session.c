/* session.c - which identity, which group, and opening it.
 *
 * People name things by a friendly name or by the beginning of a peer name, and not at all where
 * there is only one. An ambiguous or unknown name ends in one line that lists what there is. While
 * `run` or `chat` is connected, its group is the one that all commands work with; otherwise a group
 * is opened for one command. A group that another process holds is told with that process's id. */
#include "cli/session.h"
#include "cli/error.h"
#include "cli/live.h"
#include "cli/output.h"
#include "cli/text.h"

#include <peergroup/extensions.h>

#include <stdio.h>
#include <string.h>

/* ---- lists of names ---- */

json_t *name_json(const char *peer, const char *friendly)
{
    return json_pack("{s:o, s:o}", "peer_name", output_text(peer), "name", output_text(friendly));
}

void name_list_add(struct name_list *list, PCWSTR peer, PCWSTR friendly)
{
    list->items = text_realloc(list->items, (size_t)(list->count + 1) * sizeof(*list->items));
    list->items[list->count++] =
        (struct name){.peer = text_from_wide(peer), .friendly = text_from_wide(friendly)};
}

void name_free(struct name *name)
{
    free(name->peer);
    free(name->friendly);
    *name = (struct name){.peer = NULL};
}

void name_list_free(struct name_list *list)
{
    for (int i = 0; i < list->count; i++)
        name_free(&list->items[i]);
    free(list->items);
    *list = (struct name_list){.items = NULL};
}

int name_list_find(const struct name_list *list, const char *wanted)
{
    int friendly = NAME_NONE, beginning = NAME_NONE;
    for (int i = 0; i < list->count; i++) {
        const struct name *name = &list->items[i];
        if (strcmp(name->peer, wanted) == 0)
            return i;
        if (name->friendly && strcmp(name->friendly, wanted) == 0)
            friendly = friendly == NAME_NONE ? i : NAME_SEVERAL;
        if (wanted[0] && strncmp(name->peer, wanted, strlen(wanted)) == 0)
            beginning = beginning == NAME_NONE ? i : NAME_SEVERAL;
    }
    return friendly != NAME_NONE ? friendly : beginning;
}

HRESULT enumerate(HPEERENUM enumeration, void (*visit)(void *context, const void *item),
                  void *context)
{
    HRESULT hr;
    for (;;) {
        ULONG count = 64;
        PVOID *items = NULL;
        hr = PeerGetNextItem(enumeration, &count, &items);
        if (FAILED(hr) || count == 0)
            break;
        for (ULONG i = 0; i < count; i++)
            visit(context, items[i]);
        PeerFreeData(items);
    }
    PeerEndEnumeration(enumeration);
    return hr;
}

static void visit_pair(void *context, const void *item)
{
    const PEER_NAME_PAIR *pair = item;
    name_list_add(context, pair->pwzPeerName, pair->pwzFriendlyName);
}

static void visit_member(void *context, const void *item)
{
    const PEER_MEMBER *member = item;
    name_list_add(context, member->pwzIdentity,
                  member->pCredentialInfo ? member->pCredentialInfo->pwzFriendlyName : NULL);
}

HRESULT identity_names(struct name_list *list)
{
    HPEERENUM enumeration;
    HRESULT hr = PeerEnumIdentities(&enumeration);
    return SUCCEEDED(hr) ? enumerate(enumeration, visit_pair, list) : hr;
}

HRESULT group_names(const char *identity, struct name_list *list)
{
    HPEERENUM enumeration;
    WCHAR *wide CLEANUP_TEXT = text_to_wide(identity);
    HRESULT hr = PeerEnumGroups(wide, &enumeration);
    return SUCCEEDED(hr) ? enumerate(enumeration, visit_pair, list) : hr;
}

HRESULT member_names(HGROUP group, struct name_list *list)
{
    HPEERENUM enumeration;
    HRESULT hr = PeerGroupEnumMembers(group, 0, NULL, &enumeration);
    return SUCCEEDED(hr) ? enumerate(enumeration, visit_member, list) : hr;
}

char *short_name(const char *peer)
{
    size_t length = strcspn(peer, ".");
    return text_format("%.*s", (int)(length < 12 ? length : 12), peer);
}

char *member_name(HGROUP group, const char *peer)
{
    struct name_list list CLEANUP_NAMES = {.items = NULL};
    WCHAR *wide CLEANUP_TEXT = text_to_wide(peer);
    HPEERENUM enumeration;
    HRESULT hr = wide ? PeerGroupEnumMembers(group, 0, wide, &enumeration) : E_INVALIDARG;
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_member, &list);
    const char *friendly = SUCCEEDED(hr) && list.count > 0 ? list.items[0].friendly : NULL;
    if (!friendly || !friendly[0])
        return short_name(peer);
    return text_one_line(friendly, strlen(friendly), 60);
}

/* ---- choosing ---- */

/* "Anna, Boris", at most a few. */
static char *list_text(const struct name_list *list)
{
    struct text_buffer text = {.data = NULL};
    for (int i = 0; i < list->count && i < 5; i++) {
        const struct name *name = &list->items[i];
        char *peer CLEANUP_TEXT = short_name(name->peer);
        char *both CLEANUP_TEXT =
            text_format("%s%s (%s)", i ? ", " : "", name->friendly ? name->friendly : peer, peer);
        text_append_string(&text, both);
    }
    text_append_string(&text, list->count > 5 ? ", ..." : "");
    return text.data;
}

/* what: "identity" or "group". Takes the chosen one out of the list. */
static int choose(const struct context *context, struct name_list *list, const char *what,
                  const char *wanted, struct name *chosen)
{
    if (list->count == 0)
        return error_say(context, EXIT_NOT_FOUND, "PEER_E_NOT_FOUND",
                         "there is no %s here; make one: peergroup %s create NAME%s", what, what,
                         what[0] == 'g' ? ", or join one: peergroup join FILE" : "");
    char *names CLEANUP_TEXT = list_text(list);
    int index = wanted ? name_list_find(list, wanted) : list->count == 1 ? 0 : NAME_SEVERAL;
    if (index == NAME_NONE)
        return error_say(context, EXIT_NOT_FOUND, "PEER_E_NOT_FOUND",
                         "no %s is called \"%s\"; there is %s", what, wanted, names);
    if (index == NAME_SEVERAL && wanted)
        return error_usage(context, "several are called \"%s\": %s; give more of the peer name",
                           wanted, names);
    if (index == NAME_SEVERAL)
        return error_usage(context, "which %s? Choose with --%s: %s", what, what, names);
    *chosen = list->items[index];
    list->items[index] = list->items[--list->count];
    return EXIT_OK;
}

int identity_choose(const struct context *context, const char *wanted, struct name *identity)
{
    struct name_list list CLEANUP_NAMES = {.items = NULL};
    HRESULT hr = identity_names(&list);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the identities");
    return choose(context, &list, "identity", wanted ? wanted : context->identity, identity);
}

int group_choose(const struct context *context, const char *wanted, struct name *identity,
                 struct name *group)
{
    struct name_list list CLEANUP_NAMES = {.items = NULL};
    int result = identity_choose(context, NULL, identity);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = group_names(identity->peer, &list);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the groups");
    return choose(context, &list, "group", wanted ? wanted : context->group, group);
}

int member_choose(const struct context *context, const struct session *session, const char *wanted,
                  const char *advice, struct name *member)
{
    struct name_list names CLEANUP_NAMES = {.items = NULL};
    HRESULT hr = member_names(session->group, &names);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot list the members");
    int index = name_list_find(&names, wanted);
    if (index == NAME_SEVERAL)
        return error_usage(context, "several members are called \"%s\"; give the peer name",
                           wanted);
    if (index == NAME_NONE)
        return error_say(context, EXIT_NOT_FOUND, "PEER_E_IDENTITY_NOT_FOUND",
                         "no member is called \"%s\"; see %s", wanted, advice);
    *member = names.items[index];
    names.items[index] = names.items[--names.count];
    return EXIT_OK;
}

/* ---- opening ---- */

static bool started;

int library_start(const struct context *context)
{
    PEER_VERSION_DATA version;
    if (started)
        return EXIT_OK;
    HRESULT hr = PeerGroupStartup(PEER_GROUP_VERSION, &version);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot start");
    started = true;
    return EXIT_OK;
}

void library_stop(void)
{
    if (started)
        PeerGroupShutdown();
    started = false;
}

char *session_holder_text(const struct name *identity, const struct name *group)
{
    WCHAR *identity_wide CLEANUP_TEXT = text_to_wide(identity->peer);
    WCHAR *group_wide CLEANUP_TEXT = text_to_wide(group->peer);
    DWORD process = 0;
    HRESULT hr = PeerGroupGetHolder(identity_wide, group_wide, &process);
    if (FAILED(hr) || process == 0)
        return text_copy("another process");
    return text_format("process %u", (unsigned)process);
}

static int report_open(const struct context *context, HRESULT hr, const struct session *session)
{
    const char *name = session->name.friendly ? session->name.friendly : session->name.peer;
    if (hr != PEER_E_GROUP_IN_USE)
        return error_hr(context, hr, "cannot open the group \"%s\"", name);
    char *holder CLEANUP_TEXT = session_holder_text(&session->identity, &session->name);
    return error_say(context, EXIT_BUSY, "PEER_E_GROUP_IN_USE",
                     "the group \"%s\" is open in %s; type the command there, or end it", name,
                     holder);
}

int session_open(const struct context *context, const char *wanted, struct session *session)
{
    *session = (struct session){.group = NULL};
    if (context->live) {
        *session = *live_session(context->live);
        session->borrowed = true;
        return EXIT_OK;
    }
    int result = library_start(context);
    if (result == EXIT_OK)
        result = group_choose(context, wanted, &session->identity, &session->name);
    if (result != EXIT_OK)
        return result;
    WCHAR *identity CLEANUP_TEXT = text_to_wide(session->identity.peer);
    WCHAR *group CLEANUP_TEXT = text_to_wide(session->name.peer);
    HRESULT hr = PeerGroupOpen(identity, group, NULL, &session->group);
    return SUCCEEDED(hr) ? EXIT_OK : report_open(context, hr, session);
}

void session_close(struct session *session)
{
    if (session->borrowed)
        return;
    if (session->group)
        PeerGroupClose(session->group);
    name_free(&session->identity);
    name_free(&session->name);
    *session = (struct session){.group = NULL};
}
