/*
 * Inside of the nexthop groups, shared by their files only: fib_set.c (what routes want),
 * fib_object.c (what the kernel has for it), fib_group.c (which route is where).
 */
#pragma once

#include "base/map.h"
#include "evpn/fib_group.h"
#include "evpn/nexthop_id.h"

struct fib_hops {
	struct route_nexthop *list; /* owned; sorted by device and gateway, each once */
	uint8_t count;
};

struct fib_set {
	uint64_t hash;		    /* key of the map: of the members */
	struct fib_set *next;	    /* same hash, other members */
	struct fib_member *members; /* owned */
	uint8_t count;
	struct fib_hops hops; /* resolved, links up */
	struct list places;   /* struct fib_place, owned */
	struct list_node dirty;
};

struct fib_object {
	struct nexthop_id at;
	struct fib_hops hops; /* that it is to hold */
	struct list places;
	struct list_node all, dirty, unsettled;
	mono_t unsettled_since;
	bool ready;	  /* the kernel has it so */
	bool shared;	  /* it has, or has had, several ways: so are its leaves */
	uint32_t told_id; /* that its routes know */
};

struct fib_leaf {
	struct nexthop_id at;
	struct route_nexthop hop; /* weight 0 */
	struct list_node all;
	bool needed;  /* scratch */
	bool leaving; /* is being deleted, which takes it out of its groups */
};

struct fib_groups {
	struct log *log;
	struct mirror *mirror;	   /* lent */
	struct nexthops *nexthops; /* lent */
	struct fib_groups_host host;
	struct map sets;	/* struct fib_set, owned; those of one hash are chained */
	struct nexthop_ids ids; /* claimed by an object or a leaf */
	struct map hops[2];	/* struct fib_leaf, by gateway and device; [shared] */
	uint64_t seed[2];
	struct list objects, leaves; /* owned; in order of creation */
	struct list dirty_sets, dirty_objects, unsettled;
	bool plain; /* the kernel has no nexthop objects */
	bool underlay_weights, sweeping, flushing;
	bool collect_due, uncollected;
	mono_t now;
};

/* ---- hops ---- */

/* By device and gateway. */
int fib_hop_compare(const void *a, const void *b);
bool fib_hops_equal(const struct fib_hops *a, const struct fib_hops *b);
/* Copies. */
void fib_hops_set(struct fib_hops *to, const struct route_nexthop *list, size_t count);

/* ---- sets ---- */

bool fib_set_is(const struct fib_set *s, const struct fib_member *members, size_t count);
/* The set of these members, made and resolved if there is none. */
struct fib_set *fib_set_get(struct fib_groups *g, const struct fib_member *members, size_t count);
/* No place is in it any more. */
void fib_set_free(struct fib_groups *g, struct fib_set *s);
/* From facts as they are now: true when it leads elsewhere than before. */
bool fib_set_resolve(struct fib_groups *g, struct fib_set *s);

/* ---- objects and leaves ---- */

/* It is to be looked at by fib_objects_run(). */
void fib_object_mark(struct fib_groups *g, struct fib_object *o);
void fib_objects_mark_all(struct fib_groups *g);
/* It is to hold these hops, copied. */
void fib_object_hold(struct fib_groups *g, struct fib_object *o, const struct fib_hops *hops);
/* One that holds these hops or is to, another than `but`; made if there is none. */
struct fib_object *fib_object_for(
    struct fib_groups *g, const struct fib_hops *hops, const struct fib_object *but);
/* Its places changed: all of their routes are to be looked at, or those that wait. */
void fib_object_tell(struct fib_groups *g, struct fib_object *o, bool all);
/* What most of its routes want, lent; NULL: none of them leads anywhere. */
const struct fib_hops *fib_object_majority(const struct fib_object *o);
/* One step of each marked object towards the kernel; *issued is set when there was one. */
void fib_objects_run(struct fib_groups *g, bool *issued);
/* Deletes what nobody needs: objects without routes, then leaves without objects. */
void fib_objects_collect(struct fib_groups *g);
/* … and what a daemon before us left behind and nobody claims. */
void fib_objects_sweep(struct fib_groups *g);
/* An operation on this leaf is over. */
void fib_leaf_result(struct fib_groups *g, struct fib_leaf *l);
/* The kernel's object for this leaf changed. */
void fib_leaf_changed(struct fib_groups *g, const struct fib_leaf *l);
/* Ends of owned memory. */
void fib_object_free(struct fib_groups *g, struct fib_object *o);
void fib_leaf_free(struct fib_groups *g, struct fib_leaf *l);
