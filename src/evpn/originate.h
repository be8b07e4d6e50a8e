/*
 * What the host has and BGP announces: `network` statements (while the host has that prefix, unless
 * `no bgp network import-check`) and `redistribute connected|kernel|static`.
 */
#pragma once

#include "base/log.h"
#include "bgp/bgp.h"
#include "kernel/mirror.h"

struct origination;

struct origination_host {
	void *context;
	/* Routes must be dumped again: what we know of those of others is not all. */
	void (*want_routes)(void *context);
};

struct origination *origination_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct bgp *bgp, const struct origination_host *host);
void origination_free(struct origination *o);

/* After bgp_configure() with the same settings: route-maps are applied anew. Takes copies. */
void origination_configure(struct origination *o, const struct bgp_settings *s);
/* Every event of the route table as it comes, dump rows included: the mirror keeps routes of our
 * protocol only. */
void origination_route_seen(struct origination *o, const struct kernel_event *event);
/* A static route of our own is in the main table, with this tag (0 none), over this link (0 none);
 * or (`present` false) is not. */
struct own_static {
	bool present;
	uint32_t tag;
	ifindex_t dev;
};
void origination_static(
    struct origination *o, const struct prefix *prefix, const struct own_static *route);
/* After the mirror took it: a link or address. */
void origination_kernel_changed(struct origination *o, const struct kernel_event *event);
/* Recompute what changed, a bounded number of prefixes. True while there is more. */
bool origination_run(struct origination *o);
/* There is more, now. */
bool origination_pending(const struct origination *o);
