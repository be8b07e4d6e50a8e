/*
 * Next hops resolved against the host: its links, its routes in the main table, those of our own
 * included. What BGP decides with (reachable, metric) and what routes are forwarded by (gateways
 * and devices) come from here, so the two never disagree.
 */
#pragma once

#include "bgp/nexthop.h"
#include "kernel/mirror.h"

struct nexthops;

struct nexthops_host {
	void *context;
	/* What is known of it changed; from nexthops_run(). */
	void (*changed)(
	    void *context, const struct bgp_nexthop *key, const struct bgp_nexthop_state *state);
	/* A route that a next hop needed was deleted, and another of the same prefix may be there.
	 */
	void (*want_routes)(void *context);
	/* Our own route of this prefix is a static one. NULL: none is. */
	bool (*is_static)(void *context, const struct prefix *prefix);
};

struct nexthops *nexthops_new(
    uint64_t seed, struct mirror *mirror, const struct nexthops_host *host);
void nexthops_free(struct nexthops *t);
/* `ip|ipv6 nht resolve-via-default`. */
void nexthops_configure(struct nexthops *t, const bool resolve_via_default[2]);

/* Each watch is undone by one unwatch. */
void nexthops_watch(struct nexthops *t, const struct bgp_nexthop *key);
void nexthops_unwatch(struct nexthops *t, const struct bgp_nexthop *key);

/* Every event as it comes, for the routes of others, which the mirror does not keep. */
void nexthops_route_seen(struct nexthops *t, const struct kernel_event *event);
/* After the mirror took it. */
void nexthops_kernel_changed(struct nexthops *t, const struct kernel_event *event);
/* Our own route of this prefix is a static one now, or is not any more. */
void nexthops_own_changed(struct nexthops *t, const struct prefix *prefix);
/* A peer is gone whose address this is. Until its paths have been decided about, an address that
 * nobody answers for is used only where there is no other. */
void nexthops_doubt(struct nexthops *t, const struct bgp_nexthop *key);
/* They have. True when there was any doubt. */
bool nexthops_trust(struct nexthops *t);
/* Resolves what may have changed. Nothing happens before the first dump is complete. */
void nexthops_run(struct nexthops *t);
/* Some wait for that. */
bool nexthops_pending(const struct nexthops *t);

struct nexthop_view {
	struct bgp_nexthop key;
	struct bgp_nexthop_state state;
	uint8_t protocol; /* of the route that it resolved through; 0: a link, or none */
	unsigned watchers;
	bool doubted;
	const struct route_nexthop *hops; /* lent; with those whose link is down */
	uint8_t hop_count;
};
/* False when nobody watches it. */
bool nexthops_get(const struct nexthops *t, const struct bgp_nexthop *key, struct nexthop_view *v);
/* In order of address and scope; false at the end. */
bool nexthops_at(const struct nexthops *t, size_t index, struct nexthop_view *v);
/* Is this hop's link up? Those of a view that is are what forwards. */
bool nexthops_hop_is_live(const struct nexthops *t, const struct route_nexthop *hop);
