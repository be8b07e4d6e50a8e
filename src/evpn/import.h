/*
 * Import: MAC/IP Advertisement routes of others, matched by route target to MAC-VRFs.
 */
#pragma once

#include "base/map.h"
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

/* The destination, as far as routes of different origin differ. */
struct import_key {
	struct rd rd;
	struct mac mac;
	uint8_t family; /* of the IP; 0: MAC-only */
	uint8_t zero;
	uint8_t ip[16];
};

/* One route in one MAC-VRF. */
struct import_route {
	struct import_key key;
	vni_t vni;
	uint32_t sequence;
	uint32_t vtep; /* index into the table of VTEPs */
	bool sticky, has_mobility;
	struct mac_entry *mac;
	struct neigh *neigh;	     /* NULL: MAC-only */
	struct import_route *of_mac; /* next that carries the same MAC */
	struct import_route *of_neigh;
	struct import_route *elsewhere; /* the same route in another MAC-VRF */
};

struct vtep {
	struct ip ip;
	uint32_t index;
};

struct import_table {
	struct map map; /* first of each key; owning, with its `elsewhere` chain */
	size_t count;
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
struct ip import_ip(const struct import_route *r);
