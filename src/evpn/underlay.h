/*
 * What BGP must know of the host's links and addresses, and what the configuration asks of them:
 * interface state for unnumbered peers, prefixes to announce (originate.h), and configured
 * interface addresses.
 */
#pragma once

#include "base/log.h"
#include "bgp/bgp.h"
#include "evpn/link_state.h"
#include "kernel/mirror.h"

struct underlay;

struct underlay_address {
	const char *interface;
	struct prefix prefix; /* host bits kept */
};

struct underlay_host {
	void *context;
	void (*kernel_op)(void *context, const struct kernel_op *op);
	/* Routes must be dumped again: a prefix that a `network` waits for may be there. */
	void (*want_routes)(void *context);
};

struct underlay *underlay_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct bgp *bgp, const struct underlay_host *host);
void underlay_free(struct underlay *u);

/* Takes copies. Addresses that left the configuration are removed if we had added them. */
void underlay_configure(struct underlay *u, const struct bgp_settings *bgp,
    const struct underlay_address *addresses, size_t count, mono_t now);
/* `interface X` / `[no] shutdown`, sorted by name; copied (link_state.h). */
void underlay_links(struct underlay *u, const struct link_wish *wishes, size_t count);
/* The answer to an operation on a link. */
void underlay_slot_result(
    struct underlay *u, const struct kernel_op *op, const struct kernel_result *result);
/* After the mirror took it. */
void underlay_kernel_changed(struct underlay *u, const struct kernel_event *event, mono_t now);
/* Every event of the route table as it comes, dump rows included: the mirror keeps routes of our
 * protocol only, a `network` waits for those of others. */
void underlay_route_seen(struct underlay *u, const struct kernel_event *event);
/* A static route of our own in the main table (originate.h). */
struct own_static;
void underlay_static(
    struct underlay *u, const struct prefix *prefix, const struct own_static *route);
/* Recompute what changed: BGP's interfaces, prefixes to announce, addresses; bounded. True while
 * there is more. */
bool underlay_run(struct underlay *u, mono_t now);
/* It has work: something was told since. */
bool underlay_pending(const struct underlay *u);
