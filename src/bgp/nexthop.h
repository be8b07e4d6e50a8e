/*
 * Next hops of the paths in the RIB, and what is known of each: does it resolve, at what cost.
 * Who resolves them is the host (evpn/nexthop.h on Linux); bgp/ only counts who uses which.
 * RFC 4271 sections 5.1.3 and 9.1.2.1.
 */
#pragma once

#include "base/map.h"
#include "base/types.h"

/* `scope` says on which link a link-local address is meant; else 0. No padding. */
struct bgp_nexthop {
	struct ip ip;
	ifindex_t scope;
};

struct bgp_nexthop_state {
	bool reachable;
	bool connected;	   /* … without another router */
	bool via_bgp;	   /* … over a route of our own: `via` */
	bool yields;	   /* … over a route of another's that one of ours would stand before */
	uint32_t metric;   /* of the route to it */
	struct prefix via; /* that it resolved through; IP_NONE: a link */
};

struct nexthop {
	struct bgp_nexthop key; /* of the map */
	struct bgp_nexthop_state state;
	uint32_t index; /* in nexthop_table.list: what a path remembers; 0 is none */
	uint32_t paths; /* how many use it */
	bool changed;	/* since the last bgp_run() */
	bool fresh;	/* … it came */
	bool own;	/* an address of ours (RFC 4271 section 5.1.3): it leads nowhere */
	bool refused;	/* to a path, for what others resolve through: recursion.h */
};

struct nexthop_table {
	struct map map;		      /* struct nexthop, owned */
	struct nexthop **list;	      /* by index; NULL: free */
	uint32_t room, used;	      /* used: where to look for a free place last */
	bool changed, fresh, refused; /* one of them is */
	void *context;
	/* Told when the first path comes and the last one goes. NULL: nobody resolves anything, and
	 * all are reachable. */
	void (*watch)(void *context, const struct bgp_nexthop *key, bool on);
};

void nexthop_table_init(struct nexthop_table *t, uint64_t seed);
void nexthop_table_fini(struct nexthop_table *t);
/* The index of this next hop, one path more. 0 for IP_NONE. */
uint32_t nexthop_hold(struct nexthop_table *t, const struct bgp_nexthop *key);
void nexthop_release(struct nexthop_table *t, uint32_t index);
/* NULL for 0. */
const struct nexthop *nexthop_at(const struct nexthop_table *t, uint32_t index);
/* False: unknown, or nothing new. */
bool nexthop_set_state(
    struct nexthop_table *t, const struct bgp_nexthop *key, const struct bgp_nexthop_state *state);
/* Whether it is an address of ours is known now. */
void nexthop_set_own(struct nexthop_table *t, struct nexthop *n, bool own);
/* Nothing is marked as changed any more. */
void nexthop_settle(struct nexthop_table *t);
