/*
 * Where routes go: sets of next hops as BGP gave them, and the kernel's nexthop groups that stand
 * for them. A route is in one place: a set (what it wants) at an object (what it goes over in the
 * kernel). Several sets may share an object while they resolve to the same hops.
 */
#pragma once

#include "base/list.h"
#include "base/log.h"
#include "base/mono.h"
#include "evpn/nexthop.h"
#include "kernel/reconcile.h"

struct fib_groups;

struct fib_member {
	struct bgp_nexthop nexthop;
	uint32_t share;
};

struct fib_set;
struct fib_object;

struct fib_place {
	struct list_node in_set, in_object;
	struct fib_set *set;
	struct fib_object *object;
	struct list routes; /* of the caller, who may change their order: whoever is here */
};

struct fib_groups_host {
	void *context;
	void (*kernel_op)(void *context, const struct kernel_op *op);
	/* What routes here need has changed: look at those of place->routes again that were told to
	 * wait, or at all. */
	void (*place_changed)(void *context, struct fib_place *place, bool all);
	/* This route is at another place now (its node is in that list already). */
	void (*route_moved)(void *context, struct list_node *route, struct fib_place *to);
};

struct fib_groups *fib_groups_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct nexthops *nexthops, const struct fib_groups_host *host);
/* All places must have been left. */
void fib_groups_free(struct fib_groups *g);
/* `use-underlays-nexthop-weight`. */
void fib_groups_configure(struct fib_groups *g, bool underlay_weights);

/* Puts a route where these members (1…ROUTE_NEXTHOPS_MAX, sorted by next hop, each once, zeroed
 * padding) are wanted, and takes it away from where it was; `from` NULL: it is new. */
struct fib_place *fib_place_enter(struct fib_groups *g, const struct fib_member *members,
    size_t count, struct list_node *route, struct fib_place *from);
/* The route is no more; with the last one the place goes. */
void fib_place_leave(struct fib_groups *g, struct list_node *route, struct fib_place *place);

/* What a route here is to be in the kernel. */
enum fib_advice {
	FIB_UNREACHABLE, /* none of the next hops leads anywhere */
	FIB_WAIT,	 /* its group is not ready: the route stays as it is */
	FIB_OBJECT,	 /* over *nhid */
	FIB_PLAIN	 /* over *hops: the kernel has no nexthop objects, or ids ran out */
};
enum fib_advice fib_place_advice(const struct fib_groups *g, const struct fib_place *place,
    uint32_t *nhid, const struct route_nexthop **hops, uint8_t *count);

/* A next hop resolves differently. */
void fib_groups_nexthop_changed(struct fib_groups *g, const struct bgp_nexthop *key);
/* This nexthop object changed in the mirror. */
void fib_groups_object_changed(struct fib_groups *g, uint32_t id);
/* A route of ours changed or went: perhaps nothing goes over some object any more. */
void fib_groups_route_changed(struct fib_groups *g);
/* Of an operation on one of our objects. */
void fib_groups_result(struct fib_groups *g, const struct kernel_op *op,
    const struct kernel_result *result, mono_t now);

/* What next hops that changed demand of the kernel, at once: true when an operation was issued. */
bool fib_groups_switch(struct fib_groups *g, mono_t now);
/* The rest: new groups, retries, what nobody needs any more. */
void fib_groups_run(struct fib_groups *g, mono_t now);
/* Nothing more is about to change: routes that want something else than their object holds get it,
 * by one change of the object where they all want the same. */
void fib_groups_settle(struct fib_groups *g);
/* fib_groups_run() has work. */
bool fib_groups_pending(const struct fib_groups *g);
/* When the next refused operation is to be tried again; MONO_NEVER: none. */
mono_t fib_groups_deadline(const struct fib_groups *g);
/* From now on objects of our protocol that nobody claims are deleted. */
void fib_groups_sweep(struct fib_groups *g);
/* All objects are to go, once no route goes over them. */
void fib_groups_flush(struct fib_groups *g);
/* What was held back while the mirror was stale, and what changed unseen meanwhile. */
void fib_groups_resync(struct fib_groups *g);
/* No object of ours is left. */
bool fib_groups_empty(const struct fib_groups *g);
