/* The bench's EVPN routes on the wire: encoding for the generator, a walk for the collector. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "host.h"

/* A growing byte string. Zero-initialise; wire_free() when done. */
struct wire {
	uint8_t *bytes;
	size_t length;
	size_t capacity;
};

void wire_put(struct wire *w, const void *bytes, size_t length);
void wire_free(struct wire *w);

/* MAC/IP Advertisement routes (RFC 7432 type 2) of neighbouring indexes. */
struct route_range {
	struct host first;
	uint32_t count;
	bool has_ip; /* MAC+IP, else MAC-only */
};

/* Appends UPDATEs that announce the range, with the originator's VTEP (by side: 10.0.0.2
 * remote, 10.0.0.1 local) as next hop, the VNI as label, route target and VXLAN encapsulation; as
 * many routes per UPDATE as 4096 bytes hold. */
void route_announce(struct wire *w, uint32_t as, struct route_range range);

/* Appends UPDATEs that withdraw it. */
void route_withdraw(struct wire *w, struct route_range range);

/* Appends the IMET route of 10.0.0.2 and the End-of-RIB marker for l2vpn evpn. */
void route_announce_imet(struct wire *w, uint32_t as);
void route_end_of_rib(struct wire *w);

/* One MAC/IP Advertisement route of one of our hosts, met in an UPDATE. */
struct route_seen {
	struct host host;
	bool has_ip;
	bool withdrawn;
};
typedef void route_seen_fn(void *arg, const struct route_seen *route);

/* Walks the body of an UPDATE (after the 19-byte header) and calls seen for each MAC/IP route of
 * one of our hosts, in wire order; everything else is skipped. Lengths that contradict each other
 * are fatal. */
void route_walk(const uint8_t *body, size_t length, route_seen_fn *seen, void *arg);
