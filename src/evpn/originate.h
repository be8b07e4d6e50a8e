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
/* After the mirror took it: a link or address. */
void origination_kernel_changed(struct origination *o, const struct kernel_event *event);
/* Recompute what changed, a bounded number of prefixes. True while there is more. */
bool origination_run(struct origination *o);
