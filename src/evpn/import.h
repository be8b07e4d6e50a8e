/*
 * Import: MAC/IP Advertisement routes of others, matched by route target to MAC-VRFs.
 */
#pragma once

#include "base/map.h"
#include "base/pool.h"
#include "base/types.h"
#include "bgp/bgp.h"

struct evpn;
struct mac_entry;
struct mac_vrf;
struct neigh;

#define IMPORTS_MAX 4000000
#define VTEPS_MAX 65536
/* How many MAC-VRFs one route can be imported into. */
#define IMPORT_TARGETS_MAX 16

/* Whose routes: one Route Distinguisher, and the MAC-VRFs that have imported routes of it, nearly
 * always one. Lives as long as it has routes. */
struct origin {
	struct rd rd;
	size_t routes;
	struct origin_vni {
		vni_t vni;
		uint32_t routes;
	} * vnis; /* owned; sorted */
	size_t vni_count;
};

/* One route in one MAC-VRF. What it is about stands in its MAC and neighbour. */
struct import_route {
	struct origin *origin;
	struct mac_entry *mac;
	struct neigh *neigh;	     /* NULL: MAC-only */
	struct import_route *of_mac; /* next that carries the same MAC; MAC-only ones first */
	struct import_route *of_neigh;
	uint32_t sequence;
	uint16_t vtep; /* index into the table of VTEPs */
	bool sticky, has_mobility;
};

struct vtep {
	struct ip ip;
	uint32_t index;
};

struct import_table {
	struct pool pool;   /* of the routes, which their MACs list */
	struct map origins; /* owning */
	struct map vteps_by_ip;
	struct vtep **vteps; /* owned */
	uint32_t vtep_count;
};

void imports_init(struct evpn *v, uint64_t seed);
void imports_fini(struct evpn *v);
void import_route_changed(struct evpn *v, const struct bgp_best *best);
/* Takes all routes out of that MAC-VRF (gone, or its route targets changed). */
void import_forget(struct evpn *v, const struct mac_vrf *vrf);
/* The MAC-VRFs that import a route with these attributes; at most IMPORT_TARGETS_MAX. */
size_t import_targets(const struct evpn *v, const struct attrs *attrs, struct mac_vrf **targets);
/* Negative when `a` is better: sticky, higher sequence, lower VTEP. *step says what decided. */
int import_compare(const struct evpn *v, const struct import_route *a, const struct import_route *b,
    const char **step);
const struct import_route *import_best(const struct evpn *v, const struct mac_entry *m);
const struct ip *import_vtep(const struct evpn *v, const struct import_route *r);
/* IP_NONE: MAC-only. */
struct ip import_ip(const struct import_route *r);
