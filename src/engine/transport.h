/* transport.h - TLS links over TCP: one listener per process, dialling, flow control, limits before
 * authentication.
 *
 * A link carries bytes between two identities. The transport proves who holds which key (TLS 1.3,
 * protocol.md 3) and which group a caller means (SNI); whether that identity belongs to the group
 * is decided above it. All calls and callbacks on the loop thread; TLS handshakes run in the thread
 * pool. */
#ifndef ENGINE_TRANSPORT_H
#define ENGINE_TRANSPORT_H

#include "base/bytes.h"
#include "base/hash.h"
#include "engine/loop.h"
#include "group/certificate.h"

#include <netinet/in.h>

struct transport;
struct link;

/* One group of one identity as the transport sees it: what admits callers and what this side
 * presents. */
struct transport_owner;

/* Callbacks of an owner. A link exists for the owner from link_opened until link_closed, which is
 * always called once for every link that was opened and for every dial that failed (link is then
 * NULL and token tells which). */
struct transport_callbacks {
    /* TLS is up; nothing is authenticated but the key. incoming or dialled (token as given to
     * transport_dial). The owner sets its context with link_set_context. */
    void (*link_opened)(void *context, struct link *link, bool incoming, uint64_t token);
    void (*link_data)(void *context, struct link *link, struct bytes data);
    /* The send queue fell to half its limit after link_send had reported it full. */
    void (*link_drained)(void *context, struct link *link);
    /* reason: S_OK closed by this side, PEER_E_CONNECTION_REFUSED, PEER_E_CONNECTION_FAILED
     * (network, or the other side went away), PEER_E_CONNECTION_NOT_AUTHENTICATED (wrong
     * certificate or key). link is invalid afterwards. */
    void (*link_closed)(void *context, struct link *link, uint64_t token, HRESULT reason);
};

HRESULT transport_new(struct loop *loop, struct transport **transport) MUST_CHECK;
/* transport_free closes everything without callbacks, owners that are left included; asynchronous
 * parts end on the loop, then done (if any) is called. */
void transport_free(struct transport *transport, void (*done)(void *), void *context);

/* transport_listen opens the process's listener, once for all owners (counted): at
 * PEERGROUP_LISTEN's address if that is set, else at [::]. Without a port there: GROUP_PORT, else
 * the port remembered (0: none), else a free one. *bound is where it really listens.
 * PEER_E_UNABLE_TO_LISTEN; E_INVALIDARG: PEERGROUP_LISTEN does not parse; E_OUTOFMEMORY. */
HRESULT transport_listen(struct transport *transport, uint16_t remembered_port,
                         struct sockaddr_in6 *bound) MUST_CHECK;
void transport_unlisten(struct transport *transport);
/* transport_addresses fills at most max addresses that others can reach this listener at (global
 * and on-link unicast of interfaces that are up; loopback only when PEERGROUP_LISTEN named it);
 * returns how many. */
unsigned transport_addresses(struct transport *transport, struct sockaddr_in6 *addresses,
                             unsigned max);

/* transport_owner_new: graph_id, key and callbacks are copied. Callers find an owner (by SNI) once
 * it is accepting, which it is not at first. E_OUTOFMEMORY. */
HRESULT transport_owner_new(struct transport *transport, const char *graph_id,
                            struct signing_key *key, const struct transport_callbacks *callbacks,
                            void *context, struct transport_owner **owner) MUST_CHECK;
void transport_owner_set_accepting(struct transport_owner *owner, bool accepting);
/* transport_owner_free closes its links without callbacks: at once, but for those that link_close
 * has left flushing. */
void transport_owner_free(struct transport_owner *owner);

/* transport_dial starts a link; the outcome is link_opened or link_closed(NULL, token). expected
 * NULL: any identity. timeout_ms bounds TCP connect and TLS together. E_INVALIDARG: not an address
 * to dial (address_may_dial); E_OUTOFMEMORY. */
HRESULT transport_dial(struct transport_owner *owner, const struct sockaddr_in6 *address,
                       const struct hash *expected, uint32_t timeout_ms, uint64_t token) MUST_CHECK;

void link_set_context(struct link *link, void *context);
void *link_context(const struct link *link);
const uint8_t *link_peer_key(const struct link *link); /* KEY_SIZE bytes */
const struct sockaddr_in6 *link_address(const struct link *link);
/* link_export derives size bytes under a label of label.h from the TLS session (RFC 8446 7.5). */
HRESULT link_export(struct link *link, const uint8_t *label, uint8_t *out, size_t size) MUST_CHECK;

/* link_send queues; what one turn of the loop queues goes out as one write at its end. *full tells
 * the caller to wait for link_drained before sending bulk; sending on regardless is allowed up to 8
 * times LIMIT_SEND_QUEUE_BYTES, then the link is closed as too slow. E_OUTOFMEMORY: nothing queued.
 * PEER_E_CONNECTION_FAILED: the link is closing (link_closed comes or has come). */
HRESULT link_send(struct link *link, struct bytes data, bool *full) MUST_CHECK;
/* link_pause stops reading (the other side feels it through TCP): no link_data comes after it;
 * link_resume goes on, in a later turn. */
void link_pause(struct link *link);
void link_resume(struct link *link);
/* link_authenticated lifts the limits for strangers. Every link, dialled ones too, is under them at
 * first: no more than LIMIT_UNAUTHENTICATED_BYTES are read from it (it then waits), and it ends
 * LIMIT_UNAUTHENTICATED_MS after it was accepted, or opened when it was dialled. Incoming ones
 * count among LIMIT_UNAUTHENTICATED_LINKS and _PER_ADDRESS. */
void link_authenticated(struct link *link);
/* link_trusted lifts the limit of bytes on a dialled link whose other side is known as a member; it
 * ends within_ms from now unless link_authenticated comes before. */
void link_trusted(struct link *link, uint32_t within_ms);
/* link_close sends what is queued (bounded by 2 s), closes, and calls link_closed later with
 * reason. No link_data or link_drained comes after it. A link that is closing already stays as it
 * is. */
void link_close(struct link *link, HRESULT reason);

#endif
