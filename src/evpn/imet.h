/*
 * Inclusive Multicast Ethernet Tag routes: who else is in the MAC-VRF, and that we are.
 */
#pragma once

#include "base/map.h"
#include "base/types.h"
#include "bgp/bgp.h"
#include "kernel/vocab.h"

struct evpn;
struct mac_vrf;

#define IMETS_MAX 1000000

struct imet_key {
	struct rd rd;
	struct ip originator;
};

struct imet_route {
	struct imet_key key;
	vni_t vni;
	struct ip vtep;
	struct imet_route *elsewhere; /* the same route in another MAC-VRF */
};

/* One VTEP of a MAC-VRF's flood list. */
struct imet_vtep {
	struct ip ip;
	uint32_t routes; /* IMET routes that name it; 0: about to go */
	bool dirty;
};

struct imet_table {
	struct map map; /* first of each key; owning, with its chain */
	size_t count;
	size_t dirty_count; /* VTEPs in all MAC-VRFs */
};

void imets_init(struct evpn *v, uint64_t seed);
void imets_fini(struct evpn *v);
void imet_route_changed(struct evpn *v, const struct bgp_best *best);
void imet_forget(struct evpn *v, const struct mac_vrf *vrf);
/* Originate or withdraw ours as the MAC-VRF is; `again`: its attributes may differ. */
void imet_update(struct evpn *v, struct mac_vrf *vrf, bool again);
/* The flood entry to that VTEP may differ from what is wanted. */
void imet_mark(struct evpn *v, struct mac_vrf *vrf, const struct ip *vtep);
/* All VTEPs of that MAC-VRF, of all. */
void imet_mark_vrf(struct evpn *v, struct mac_vrf *vrf);
void imet_mark_all(struct evpn *v);
/* A bounded number of flood entries; returns how many were looked at. */
unsigned imet_evaluate(struct evpn *v, unsigned budget);
/* Is this VTEP wanted in the flood list of that MAC-VRF? */
bool imet_wanted(const struct evpn *v, const struct mac_vrf *vrf, const struct ip *vtep);
