/*
 * The host's routes of other protocols in the main table: what a next hop may be reached through,
 * beside our own routes (those are in the mirror).
 */
#pragma once

#include "base/map.h"
#include "kernel/vocab.h"

#define MAIN_TABLE 254
#define FIB_METRIC 20 /* of our own routes there */

struct host_route {
	struct host_route *next; /* of the same prefix; ascending metric */
	uint32_t metric;
	uint8_t protocol, type;
	uint8_t hop_count;
	bool seen, fresh;	    /* shown by the running dump; notified since it began */
	struct route_nexthop *hops; /* owned */
};

struct host_routes {
	struct map prefixes;	  /* struct host_prefix, owned */
	uint32_t lengths[2][129]; /* prefixes of each length: IPv4, IPv6 */
	size_t count;
	uint64_t refused; /* for HOST_ROUTES_MAX */
	bool dumping;
};

#define HOST_ROUTES_MAX 1000000

void host_routes_init(struct host_routes *h, uint64_t seed);
void host_routes_fini(struct host_routes *h);

typedef void host_routes_changed_fn(void *context, const struct prefix *prefix);

/* Any event as the kernel sends it, dump rows and marks included; `changed` is told each prefix
 * whose routes are not what they were. */
void host_routes_event(struct host_routes *h, const struct kernel_event *event,
    host_routes_changed_fn *changed, void *context);
/* The link is gone, or (v4_only) administratively down: what the kernel drops without a word.
 * `is_down` tells of any link. */
void host_routes_link_lost(struct host_routes *h, bool v4_only, const void *links,
    bool (*is_down)(const void *links, ifindex_t dev), host_routes_changed_fn *changed,
    void *context);

/* The route of exactly this prefix with the lowest metric; NULL when there is none. */
const struct host_route *host_routes_find(const struct host_routes *h, const struct prefix *prefix);
