/*
 * Routes of our protocol: best unicast routes of the Loc-RIB into the main table, ECMP over all of
 * the multipath set, IPv4 over IPv6 link-local next hops (RFC 8950); static routes into theirs. One
 * of the two for each destination: that of the lower administrative distance.
 */
#pragma once

#include "base/log.h"
#include "bgp/bgp.h"
#include "evpn/nexthop.h"
#include "kernel/reconcile.h"

struct fib;

/* `distance bgp`: of routes by eBGP and by iBGP. 255: not for the kernel. */
#define FIB_DISTANCE_EBGP 20
#define FIB_DISTANCE_IBGP 200
#define FIB_DISTANCE_LOCAL 200
#define FIB_DISTANCE_NEVER 255

/* What a static route has for one destination. */
struct fib_static {
	uint8_t distance;
	uint32_t tag; /* 0 none */
	struct route_entry entry;
};

struct fib_host {
	void *context;
	void (*kernel_op)(void *context, const struct kernel_op *op);
	/* `ip protocol bgp route-map`: false: this way is not to be used. *src: the source address
	 * of the kernel's route; IP_NONE: the kernel's choice. NULL: no policy. */
	bool (*policy)(void *context, const struct nlri *nlri, const struct attrs *attrs,
	    const char *interface, struct ip *src);
	/* From fib_run(): this static route is the one that counts for its destination, or (NULL)
	 * none does any more. May be NULL. */
	void (*static_counts)(
	    void *context, const struct route_key *key, const struct fib_static *route);
	/* From fib_run(): the main table has BGP's route of this destination as it is wanted; or
	 * (`has` false) it is not to have one. Told more often than it changes. May be NULL. */
	void (*installed)(void *context, const struct prefix *prefix, bool has);
};

struct fib *fib_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct nexthops *nexthops, const struct fib_host *host);
void fib_free(struct fib *f);
struct fib_settings {
	bool underlay_weights; /* `use-underlays-nexthop-weight` */
	/* IPv4, IPv6; local: of aggregates and of prefixes behind a backdoor */
	uint8_t distance_ebgp[2], distance_ibgp[2], distance_local[2];
	struct prefix *backdoors; /* `network P backdoor`; owned by whoever fills it in */
	size_t backdoor_count;
};
/* Takes copies. */
void fib_configure(struct fib *f, const struct fib_settings *settings);
/* From the Loc-RIB, a unicast family; routes originated here are not installed. */
void fib_route_changed(struct fib *f, const struct bgp_best *best);
/* The static route of this destination, copied; NULL: there is none, or it leads nowhere. */
void fib_static_changed(
    struct fib *f, uint32_t table, const struct prefix *prefix, const struct fib_static *route);
/* In the main table a static route is the one that counts. */
bool fib_static_counts(const struct fib *f, const struct prefix *prefix);
/* A next hop resolves differently. */
void fib_nexthop_changed(struct fib *f, const struct bgp_nexthop *key);
/* A route or nexthop object changed in the mirror: what depends on it is looked at again. */
void fib_kernel_changed(struct fib *f, const struct kernel_event *event);
void fib_slot_result(
    struct fib *f, const struct kernel_op *op, const struct kernel_result *result, mono_t now);
/* All routes are looked at again; what turns out to be due is a difference, logged and counted. */
void fib_audit(struct fib *f);
uint64_t fib_differences(const struct fib *f);
/* Routes of our protocol that nothing confirms are removed from now on. */
void fib_converged(struct fib *f);
/* What next hops that changed demand of the kernel, before anything else: true when an operation
 * was issued. */
bool fib_switch(struct fib *f, mono_t now);
/* BGP has nothing more to tell for now: groups whose routes waited for each other are settled. True
 * when fib_run() has work. */
bool fib_settle(struct fib *f);
bool fib_run(struct fib *f, mono_t now);
mono_t fib_deadline(const struct fib *f);
/* Remove all routes of our protocol. */
void fib_flush(struct fib *f);
bool fib_flushed(const struct fib *f);
