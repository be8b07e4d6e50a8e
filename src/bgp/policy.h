/*
 * Route-maps: a sequence of entries with match and set clauses, applied to one route.
 * Clauses are a tagged union, so that a new one is one row in each of parse, apply and print.
 * FRR's semantics: the first entry all of whose matches hold decides; none: deny.
 */
#pragma once

#include "base/arena.h"
#include "base/types.h"
#include "bgp/attr.h"
#include "bgp/nlri.h"

enum match_kind {
	MATCH_INTERFACE,       /* name: outgoing interface of the route */
	MATCH_EVPN_ROUTE_TYPE, /* number */
	MATCH_EVPN_VNI,	       /* number */
	MATCH_UNSUPPORTED      /* a match that is kept but not applied yet: never holds */
};

struct match_clause {
	enum match_kind kind;
	uint32_t number;
	char *name; /* owned */
};

enum set_kind {
	SET_COMMUNITY, /* communities, count, additive; count 0 and not additive: none */
	SET_LOCAL_PREFERENCE,
	SET_METRIC,
	SET_ORIGIN
};

struct set_clause {
	enum set_kind kind;
	uint32_t number;
	bool additive;
	uint32_t *communities; /* owned */
	uint16_t count;
};

struct route_map_entry {
	uint32_t seq;
	bool permit;
	struct match_clause *matches; /* owned */
	size_t match_count;
	struct set_clause *sets; /* owned */
	size_t set_count;
};

struct route_map {
	char *name;			 /* owned */
	struct route_map_entry *entries; /* owned, by seq */
	size_t entry_count;
};

struct route_maps {
	struct route_map *maps; /* owned, sorted by name */
	size_t count;
};

void route_maps_fini(struct route_maps *maps);
/* NULL when there is none of that name (FRR: a missing route-map denies everything). */
const struct route_map *route_map_find(const struct route_maps *maps, const char *name);

struct policy_route {
	const struct nlri *nlri;
	const char *interface; /* NULL unknown */
};

/* False: denied. True: permitted, with *a changed as the sets say (arrays in the arena). */
bool route_map_apply(const struct route_map *map, const struct policy_route *route, struct attrs *a,
    struct arena *arena);

/* Deep: *to owns all that it points to. *to is overwritten, not freed. */
void route_maps_copy(struct route_maps *to, const struct route_maps *from);
/* Both give the same outcome for every route because they are written the same. NULL equals NULL
 * only. */
bool route_map_equal(const struct route_map *a, const struct route_map *b);
/* The outcome depends on the NLRI, not on the attributes alone: it cannot be shared among the
 * routes of an UPDATE. */
bool route_map_looks_at_nlri(const struct route_map *map);
