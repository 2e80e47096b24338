/* cloud_static.c - the clouds of this machine by name, without any discovery behind them.
 *
 * list asks the system for its interfaces each time: "Global_" always, and "LinkLocal_<interface>"
 * for each one that is up, has a link-local address and is not loopback (ruling 18). Nothing is
 * published and nobody is found. */
#include "cloud/cloud.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static HRESULT visit_interface(const struct ifaddrs *entry, cloud_visitor visit, void *context)
{
    bool usable = entry->ifa_addr && entry->ifa_addr->sa_family == AF_INET6 &&
                  (entry->ifa_flags & IFF_UP) && !(entry->ifa_flags & IFF_LOOPBACK);
    if (!usable)
        return S_OK;
    const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)(const void *)entry->ifa_addr;
    if (!IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr))
        return S_OK;
    struct cloud_info info = {.scope = CLOUD_SCOPE_LINK_LOCAL,
                              .scope_id = if_nametoindex(entry->ifa_name)};
    snprintf(info.name, sizeof(info.name), "LinkLocal_%s", entry->ifa_name);
    return visit(context, &info);
}

static HRESULT static_list(struct cloud *cloud, cloud_visitor visit, void *context)
{
    (void)cloud;
    struct cloud_info global = {.name = "Global_", .scope = CLOUD_SCOPE_GLOBAL};
    HRESULT hr = visit(context, &global);
    struct ifaddrs *list = NULL;
    if (hr != S_OK || getifaddrs(&list) != 0)
        return hr;
    for (const struct ifaddrs *entry = list; entry && hr == S_OK; entry = entry->ifa_next)
        hr = visit_interface(entry, visit, context);
    freeifaddrs(list);
    return hr;
}

static HRESULT static_publish(struct cloud *cloud, struct bytes rendezvous,
                              const struct address_list *addresses)
{
    (void)cloud, (void)rendezvous, (void)addresses;
    return S_OK;
}

static void static_forget(struct cloud *cloud, struct bytes rendezvous)
{
    (void)cloud, (void)rendezvous;
}

static HRESULT static_resolve(struct cloud *cloud, struct bytes rendezvous, cloud_found found,
                              void *context)
{
    (void)cloud, (void)rendezvous, (void)found, (void)context;
    return S_OK;
}

static void static_free(struct cloud *cloud)
{
    mem_free(cloud);
}

static const struct cloud_ops static_ops = {
    .list = static_list,
    .publish = static_publish,
    .withdraw = static_forget,
    .resolve = static_resolve,
    .cancel = static_forget,
    .free = static_free,
};

HRESULT cloud_static_new(struct cloud **cloud)
{
    *cloud = mem_alloc(sizeof(**cloud));
    if (!*cloud)
        return E_OUTOFMEMORY;
    (*cloud)->ops = &static_ops;
    return S_OK;
}
