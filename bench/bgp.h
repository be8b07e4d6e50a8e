/* The generator's end of one BGP session. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "route.h"

struct bgp;

/* Connects to peer (dotted IPv4) on TCP port 179 and exchanges OPENs (4-octet AS, l2vpn evpn) and
 * the first KEEPALIVEs, again and again until the session is established or timeout_s has passed,
 * which is fatal: a daemon that has just started refuses for a while. */
struct bgp *bgp_establish(const char *peer, uint32_t as, unsigned timeout_s);

/* The other end of the same: listens on TCP port 179 and answers the first peer that opens. */
struct bgp *bgp_accept(uint32_t as);

void bgp_close(struct bgp *b);

int bgp_fd(const struct bgp *b);

/* Queues whole messages; the bytes are copied. They leave in bgp_turn(). */
void bgp_queue(struct bgp *b, const struct wire *messages);

/* Bytes queued that the socket has not taken yet. */
size_t bgp_backlog(const struct bgp *b);

/* Never blocks: writes what the socket takes, sends a KEEPALIVE if one is due, reads what is there
 * and walks each UPDATE. A NOTIFICATION or a closed session is fatal. Returns whether anything was
 * read. */
bool bgp_turn(struct bgp *b, route_seen_fn *seen, void *arg);

/* When the bytes read last came off the wire, by the kernel's receive time stamp, on
 * stamp_now_ns()'s clock. */
uint64_t bgp_arrival_ns(const struct bgp *b);
