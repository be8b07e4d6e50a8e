/*
 * The RIBs of the speaker as one structure: a destination holds its paths (the Adj-RIBs-In after
 * policy, plus the route originated here), which of them are selected (the Loc-RIB), and what each
 * peer has been told (the Adj-RIBs-Out, adj_rib_out.h). RFC 4271 section 3.2 wants three
 * conceptual parts; a hypervisor wants 100,000 MACs in a few megabytes.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "bgp/bgp.h"
#include "bgp/decision.h"
#include "bgp/extra.h"
#include "bgp/nexthop.h"
#include "bgp/out_index.h"

struct peer;
struct out;

enum path_flag {
	PATH_WITHDRAWN = 1, /* gone; the next decision frees it (so that a quick return is seen) */
	PATH_ORPHAN = 2,    /* WITHDRAWN for good: the peer object is no more */
	PATH_BEST = 4,
	PATH_SELECTED = 8,     /* in the multipath set, the best included */
	PATH_CHANGED = 16,     /* not as it was when it was last selected */
	PATH_STALE = 32,       /* of a session that was lost; the peer may come back */
	PATH_REFRESH = 64,     /* not seen again since the peer's BoRR (RFC 7313) */
	PATH_SUPPRESSED = 128, /* neighbors hear an aggregate in its place (aggregate.c) */
	PATH_UNUSABLE = 256    /* loc_rib_usable() said no at the last decision */
};

/* Of a path from here: an aggregate, beside the route that is originated here. */
#define AGGREGATE_PATH_ID 1u

struct path {
	struct path *next;
	struct peer *peer;		/* NULL: originated here */
	const struct attrs *attrs;	/* held; NULL: this slot is free */
	const struct nlri_extra *extra; /* held */
	uint16_t flags;			/* enum path_flag */
	uint32_t path_id;		/* RFC 7911: the peer's; a peer may have several paths */
	uint32_t nexthop;		/* in loc_rib.nexthops; 0: needs none */
};

struct dest {
	struct list_node order; /* of creation, in rib_table.order */
	struct dest *dirty_next;
	struct path *paths;
	struct out *outs;  /* per peer: what it has been told or is to be told */
	struct path first; /* room for one path without an allocation */
	uint8_t family;
	uint8_t selected; /* paths with PATH_SELECTED as of the last decision */
	bool dirty, urgent;
	bool fib_pending; /* the kernel has not confirmed what was decided last; bgp_installed() */
	bool fib_refused; /* … and is not to have it */
	bool on_file;	  /* the next instance will know that it was passed on (handover.h) */
	uint8_t key[];	  /* nlri_key(): length byte first */
};

struct dest_queue {
	struct dest *first, *last;
	size_t count;
};

struct dest_list {
	struct dest **all; /* owned */
	size_t count, room;
	size_t taken; /* from the front */
};

struct rib_table {
	struct map dests;  /* struct dest, owned */
	struct list order; /* the same, in order of creation: what walks with effect follow */
};

/* No table grows without limit: beyond this many destinations new ones are refused. */
#define RIB_DESTS_MAX 8000000u

struct loc_rib {
	struct rib_table tables[BGP_FAMILIES];
	struct dest_queue urgent, dirty;	 /* to be decided: local changes first */
	struct dest_list overtaking;		 /* … before all, though they wait among others */
	struct dest_queue waiting[BGP_FAMILIES]; /* … once the family is held no more */
	struct attr_table *attrs;
	struct extra_table extras;
	struct nexthop_table nexthops;
	struct pool path_pool, out_pool, path_out_pool;
	struct out_index outs;
	size_t dest_count;
	bool held[BGP_FAMILIES]; /* only local changes are decided (RFC 4724 section 4.1) */
	uint64_t refused;	 /* for RIB_DESTS_MAX */
	struct decision_path *scratch;
	struct decision_path **ranked;
	size_t scratch_room;
	struct bgp_best best; /* scratch of loc_rib_decide(): large */
};

void loc_rib_init(struct loc_rib *rib, uint64_t seed);
/* All outs must have been dropped (adj_rib_out_close). */
void loc_rib_fini(struct loc_rib *rib);

/* NULL when there is none. */
struct dest *loc_rib_find(const struct loc_rib *rib, const struct nlri *n);
/* The same, made if there is none; NULL when the table is full. */
struct dest *loc_rib_get(struct loc_rib *rib, const struct nlri *n);
/* The path from this peer (NULL: here), of this Path Identifier, is now n with `attrs` (interned;
 * held if kept). False when the table is full. Nothing happens when it is that already. */
bool loc_rib_set(
    struct loc_rib *rib, struct peer *peer, const struct nlri *n, const struct attrs *attrs);
void loc_rib_unset(struct loc_rib *rib, struct peer *peer, const struct nlri *n);
/* Whom the paths from this peer come from has changed, though not the paths: to be decided and told
 * again. */
void loc_rib_touch_paths(struct loc_rib *rib, enum bgp_family family, const struct peer *peer);
/* All paths from this peer are withdrawn. `orphan`: the peer object is about to go away. */
void loc_rib_drop_paths(
    struct loc_rib *rib, enum bgp_family family, struct peer *peer, bool orphan);
/* RFC 7313: begin marks all paths from this peer, end withdraws those still marked. */
void loc_rib_refresh_begin(struct loc_rib *rib, enum bgp_family family, struct peer *peer);
void loc_rib_refresh_end(struct loc_rib *rib, enum bgp_family family, struct peer *peer);

/* RFC 4724 section 4.2: begin marks all paths from this peer as stale, end withdraws those that
 * still are: nobody announced them again. */
void loc_rib_stale_begin(struct loc_rib *rib, enum bgp_family family, struct peer *peer);
void loc_rib_stale_end(struct loc_rib *rib, enum bgp_family family, struct peer *peer);
/* RFC 9494 section 4.2: its stale paths get LLGR_STALE, but for those with NO_LLGR, which go.
 * `arena` is for scratch. */
void loc_rib_long_lived(
    struct loc_rib *rib, enum bgp_family family, struct peer *peer, struct arena *arena);

/* The next destination to decide, taken off the queue; NULL when there is none. */
struct dest *loc_rib_next_dirty(struct loc_rib *rib);
bool loc_rib_pending(const struct loc_rib *rib);
/* The rules of the decision changed. */
void loc_rib_mark_all_dirty(struct loc_rib *rib, enum bgp_family family);
/* Destinations that have a path over a next hop that changed are to be decided again. */
void loc_rib_nexthops_changed(struct loc_rib *rib);
/* `urgent`: before all that is not, also if it waits among that already. */
void loc_rib_mark_dirty(struct loc_rib *rib, struct dest *d, bool urgent);
/* What others announce in the family is decided later, when it is held no more. */
void loc_rib_hold(struct loc_rib *rib, enum bgp_family family, bool on);

struct loc_rib_change {
	bool visible;	   /* rib->best tells the new set */
	bool best_changed; /* the path to advertise is another one, or changed, or gone */
	bool any_changed;  /* one of the paths came, changed, became (un)usable, or went */
};

/* Runs the decision process. After this withdrawn paths are freed. */
struct loc_rib_change loc_rib_decide(
    struct loc_rib *rib, const struct bgp_settings *s, struct dest *d);
/* The path to advertise as of the last decision, NULL if there is none. One that was withdrawn
 * since stays until the next decision. */
struct path *dest_best(const struct dest *d);
/* Its next hop resolves, and not through the destination itself. */
bool loc_rib_usable(const struct loc_rib *rib, const struct bgp_settings *s, const struct dest *d,
    const struct path *p);
/* The best of the paths whose neighbouring AS is this one, whatever others there are; NULL: none.
 */
const struct path *loc_rib_best_of_as(
    struct loc_rib *rib, const struct bgp_settings *s, const struct dest *d, uint32_t as);
/* Nothing is known or owed about it. */
bool dest_unused(const struct dest *d);
void loc_rib_free_dest(struct loc_rib *rib, struct dest *d);
/* Next in order of creation; d NULL: the first. */
struct dest *loc_rib_after(const struct loc_rib *rib, enum bgp_family family, const struct dest *d);
/* As consumers see it; lent until the next change. */
struct bgp_route loc_rib_route(const struct dest *d, const struct path *p);
/* Key, and what the path carries beside it (NULL: key alone). */
void dest_nlri(const struct dest *d, const struct nlri_extra *extra, struct nlri *n);

/* For shows: destinations sorted by key, NULL-terminated, in the arena. */
struct dest **loc_rib_sorted(
    const struct loc_rib *rib, enum bgp_family family, struct arena *arena);
/* For shows: the paths of a destination as the decision process sees them, best first. Returns
 * their number; the arrays live in the arena. */
size_t loc_rib_ranked(const struct loc_rib *rib, const struct bgp_settings *s, const struct dest *d,
    struct arena *arena, struct decision_path ***paths, enum decision_step **steps);
