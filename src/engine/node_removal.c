/* node_removal.c - what a removal does to a node: others have left, or this one was put out.
 *
 * Happy path: after revocations were applied, each member that is none any more is told to the
 * application once. When this member is among them, it says goodbye and is offline, then hears
 * AUTHENTICATION_FAILED and CONNECTION_FAILED with PEER_E_NOT_AUTHORIZED; its records stay
 * readable, and it may try again, since a removal can be undone by one of higher rank. Failure: a
 * step that fails rolls the node back as always. */
#include "engine/engine_internal.h"
#include "group/removal.h"

enum { MEMBER_LEFT = 5 };

void node_hear_refusal(struct node *node, struct bytes body)
{
    struct graph_event event = {.type = GRAPH_REFUSED, .data = body};
    if (body.size > 0)
        node_step_quiet(node, &event);
}

static void tell_gone(void *context, const struct hash *key, const char *peer_name)
{
    struct node *node = context;
    (void)key;
    if (strcmp(peer_name, node->identity) != 0)
        node_post_member(node, MEMBER_LEFT, peer_name);
}

void node_revoked(struct node *node)
{
    HRESULT hr = security_gone_each(node->security, tell_gone, node);
    if (FAILED(hr)) {
        node->failed = hr;
        node_touch(node);
        return;
    }
    if (security_is_removed(node->security))
        node_leave(node, PEER_E_NOT_AUTHORIZED);
    else if (node->connected && graph_is_synchronised(node->graph))
        node_listen_or_leave(node); /* a removal that was undone */
}
