/*
 * Neighbours of a MAC-VRF: IPs on its SVI, local and remote.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/mono.h"
#include "base/pool.h"
#include "kernel/vocab.h"

struct evpn;
struct import_route;
struct mac_entry;
struct mac_vrf;

#define NEIGHS_MAX 2000000
/* A learned neighbour that went STALE is asked whether it lives, so long after. */
#define NEIGH_PROBE_S 20

struct neigh_id {
	vni_t vni;
	struct ip ip;
};

struct neigh_local {
	struct neigh *neigh;
	bool present, pinned, stale;
	bool fresh; /* new here: the rule for IPs that move is due */
	struct mac lladdr;
	struct neigh *next_of_mac; /* the same link address */
	/* ---- what is out ---- */
	bool advertised, advertised_sticky;
	struct mac advertised_mac;
	uint32_t advertised_sequence;
	mono_t probe_at;
	struct list_node probe_node;
};

struct neigh {
	struct neigh_id id;
	struct import_route *routes; /* those that carry this IP; newest first */
	struct neigh_local *local;   /* owned; NULL: nothing local ever */
	struct neigh *next_dirty;    /* FIFO */
	bool dirty;
	bool audited;
};

struct neigh_table {
	struct map map;	  /* owning */
	struct pool pool; /* of struct neigh */
	struct neigh *dirty, **dirty_end;
	size_t dirty_count;
	struct list probes; /* oldest first */
};

void neighs_init(struct evpn *v, uint64_t seed);
void neighs_fini(struct evpn *v);
struct neigh *neigh_find(const struct evpn *v, vni_t vni, const struct ip *ip);
/* Made if need be; NULL when the table is full (counted). */
struct neigh *neigh_get(struct evpn *v, struct mac_vrf *vrf, const struct ip *ip);
void neigh_mark(struct evpn *v, struct neigh *n);
struct neigh *neigh_take_dirty(struct evpn *v);
void neigh_evaluate(struct evpn *v, struct neigh *n);

/* The neighbour entry as it is now; NULL: gone. */
void neigh_observe(
    struct evpn *v, struct mac_vrf *vrf, const struct ip *ip, const struct neigh_entry *entry);
/* Everything that depends on this MAC: local ones with its link address, remote ones of its
 * routes. */
void neigh_mark_of_mac(struct evpn *v, const struct mac_entry *m);
/* Takes our MAC+IP route back, if it is out. */
void neigh_withdraw(struct evpn *v, struct neigh *n);
/* The best imported route for the IP, NULL none. */
const struct import_route *neigh_best(const struct evpn *v, const struct neigh *n);
void neigh_mark_all(struct evpn *v);
void neigh_timers(struct evpn *v);
mono_t neigh_deadline(const struct evpn *v);
int neigh_compare(const void *a, const void *b);
