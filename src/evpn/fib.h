/*
 * The underlay: best unicast routes of the Loc-RIB to routes of our protocol in the main table,
 * ECMP over all of the multipath set, IPv4 over IPv6 link-local next hops (RFC 8950).
 */
#pragma once

#include "base/log.h"
#include "bgp/bgp.h"
#include "evpn/nexthop.h"
#include "kernel/reconcile.h"

struct fib;

struct fib_host {
	void *context;
	void (*kernel_op)(void *context, const struct kernel_op *op);
	/* `ip protocol bgp route-map`: false: this way is not to be used. *src: the source address
	 * of the kernel's route; IP_NONE: the kernel's choice. NULL: no policy. */
	bool (*policy)(void *context, const struct nlri *nlri, const struct attrs *attrs,
	    const char *interface, struct ip *src);
};

struct fib *fib_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct nexthops *nexthops, const struct fib_host *host);
void fib_free(struct fib *f);
/* `use-underlays-nexthop-weight`. */
void fib_configure(struct fib *f, bool underlay_weights);
/* From the Loc-RIB, a unicast family; routes originated here are not installed. */
void fib_route_changed(struct fib *f, const struct bgp_best *best);
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
