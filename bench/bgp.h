/* The generator's end of one BGP session. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "route.h"

struct bgp;

/* Called for the body (after the 19-byte header) of each UPDATE read. */
typedef void update_seen_fn(void *arg, const uint8_t *body, size_t length);

/* What our OPEN says. The one address family offered is IPv4 unicast or l2vpn evpn. */
struct bgp_open {
	uint32_t as;
	const char *source; /* dotted IPv4 to connect from, also the BGP identifier; NULL any */
	bool ipv4;
};

/* Connects to peer (dotted IPv4) on TCP port 179 and exchanges OPENs (4-octet AS) and the first
 * KEEPALIVEs, again and again until the session is established or timeout_s has passed, which is
 * fatal: a daemon that has just started refuses for a while. */
struct bgp *bgp_establish(const char *peer, const struct bgp_open *open, unsigned timeout_s);

/* The other end of the same: listens on TCP port 179 and answers the first peer that opens. */
struct bgp *bgp_accept(uint32_t as);

void bgp_close(struct bgp *b);

int bgp_fd(const struct bgp *b);

/* Queues whole messages; the bytes are copied. They leave in bgp_turn(). */
void bgp_queue(struct bgp *b, const struct wire *messages);

/* Bytes queued that the socket has not taken yet. */
size_t bgp_backlog(const struct bgp *b);

/* Never blocks: writes what the socket takes, sends a KEEPALIVE if one is due, reads what is there
 * and shows each UPDATE. A NOTIFICATION or a closed session is fatal. Returns whether anything was
 * read. */
bool bgp_turn(struct bgp *b, update_seen_fn *seen, void *arg);

/* When the bytes read last came off the wire, by the kernel's receive time stamp, on
 * stamp_now_ns()'s clock. */
uint64_t bgp_arrival_ns(const struct bgp *b);
