/* cloud.h - finding members: clouds by name, and what can be registered and resolved in one.
 *
 * A cloud is a const vtable. "static" is the only kind so far: it lists the clouds of this machine
 * by the names of ruling 18 and finds nobody, since members know each other by hints, memory and
 * presence. */
#ifndef CLOUD_CLOUD_H
#define CLOUD_CLOUD_H

#include "base/bytes.h"
#include "wire/message.h"

enum cloud_scope { CLOUD_SCOPE_GLOBAL = 1, CLOUD_SCOPE_SITE_LOCAL = 2, CLOUD_SCOPE_LINK_LOCAL = 3 };
enum { CLOUD_NAME_SIZE = 64 };

struct cloud_info {
    char name[CLOUD_NAME_SIZE]; /* "Global_", "LinkLocal_eth0" */
    enum cloud_scope scope;
    uint32_t scope_id;
};
typedef HRESULT (*cloud_visitor)(void *context, const struct cloud_info *info);
typedef void (*cloud_found)(void *context, const struct address *address);

struct cloud;
struct cloud_ops {
    /* list visits every cloud that this machine takes part in now. */
    HRESULT (*list)(struct cloud *cloud, cloud_visitor visit, void *context);
    /* publish tells the cloud that this member of the rendezvous (32 bytes derived from the group's
     * secret) listens at these addresses, until withdraw. */
    HRESULT(*publish)
    (struct cloud *cloud, struct bytes rendezvous, const struct address_list *addresses);
    void (*withdraw)(struct cloud *cloud, struct bytes rendezvous);
    /* resolve reports members of a rendezvous as they are found, until cancel. */
    HRESULT(*resolve)
    (struct cloud *cloud, struct bytes rendezvous, cloud_found found, void *context);
    void (*cancel)(struct cloud *cloud, struct bytes rendezvous);
    void (*free)(struct cloud *cloud);
};
struct cloud {
    const struct cloud_ops *ops;
};

HRESULT cloud_static_new(struct cloud **cloud) MUST_CHECK;

/* cloud_select finds the cloud that a caller's words mean: NULL or "Global_" is the global one; a
 * name that is the beginning of exactly one cloud's name selects it. PEER_E_CLOUD_NAME_AMBIGUOUS,
 * PEER_E_NO_CLOUD. */
HRESULT cloud_select(struct cloud *cloud, const char *name, struct cloud_info *info) MUST_CHECK;
/* cloud_replace is for a name that came from an invitation or from storage: a private cloud that is
 * missing here is replaced by the first of the same scope. PEER_E_NO_CLOUD: there is none. */
HRESULT cloud_replace(struct cloud *cloud, const char *name, struct cloud_info *info) MUST_CHECK;

#endif
