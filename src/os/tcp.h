/*
 * BGP's connections: one listener per address family, connections opened and accepted, and the
 * bytes that wait to leave. Non-blocking; a peer that never reads costs its queue and no more.
 *
 * Connection ids: event.h. Emits PEER_CONNECTED, PEER_ACCEPTED, PEER_BYTES, PEER_DRAINED, and
 * PEER_CLOSED exactly once for each connection that the engine still knows, after which the id is
 * free. For a connection that the engine closed itself nothing is emitted any more.
 */
#pragma once

#include <systemd/sd-event.h>

#include "action.h"
#include "os/sink.h"

struct tcp;

/* Below this many waiting bytes a connection counts as drained. */
#define TCP_LOW_MARK ((size_t)64 << 10)
/* A peer that lets more than this pile up is closed with ENOBUFS. */
#define TCP_QUEUE_MAX ((size_t)256 << 20)

/* Owned by the caller; `event`, `sink` and `log` are lent for its lifetime. */
struct tcp *tcp_new(sd_event *event, const struct event_sink *sink, struct log *log);
/* Closes everything at once; what was handed over goes on without us. */
void tcp_free(struct tcp *t);

/* Listen on `port` of all addresses, IPv4 and IPv6; 0 stops. A port that is taken is tried again
 * every few seconds, with one warning. */
void tcp_listen(struct tcp *t, uint16_t port);

/* Answered by PEER_CONNECTED or PEER_CLOSED, in a later turn. The id must be free. */
void tcp_connect(struct tcp *t, const struct action_connect *to);

/* From now on. Unknown ids are ignored; a connection for which the kernel cannot demand the least
 * TTL (RFC 5082) is closed, and so is one whose SYN came with less. */
void tcp_set_options(struct tcp *t, uint32_t conn, const struct tcp_options *o);

/* Connections with these addresses are signed so from now on, those that are open go on as they
 * are; NULL: not signed any more. */
void tcp_set_auth(struct tcp *t, const struct prefix *remote, const struct tcp_auth *auth);

/* ---- over the end of the daemon (os/handover.h) ---- */
/* Connections that the previous instance left: PEER_HANDOVER for each, within the call. */
void tcp_inherit(struct tcp *t);
/* What comes in on one of these is delivered from now on; PEER_CLOSED with EKEYREJECTED if its keys
 * are not those of tcp_set_auth(). */
void tcp_resume(struct tcp *t, uint32_t conn);
/* The connection stays when we end, with this note for the next instance; size 0: not any more. */
void tcp_handover(struct tcp *t, uint32_t conn, const uint8_t *note, size_t size);

/* Queue bytes (copied); an unknown id is ignored: its PEER_CLOSED is on the way to the engine. */
void tcp_send(struct tcp *t, uint32_t conn, const uint8_t *bytes, size_t size);

/* The engine forgets this connection; what was sent leaves first, for at most TCP_LINGER_MS. */
void tcp_close(struct tcp *t, uint32_t conn);
#define TCP_LINGER_MS 5000

/* End of a turn: write what was queued, as far as it goes. */
void tcp_flush(struct tcp *t);

/* The oldest thing that happened while actions were executed: PEER_CLOSED or PEER_DRAINED. False
 * when there is none. */
bool tcp_next(struct tcp *t, struct event *event);

/* Closed connections that still have bytes to deliver: wait for 0, a bounded time, before exit. */
size_t tcp_lingering(const struct tcp *t);
