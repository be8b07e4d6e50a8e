/*
 * MAC-VRFs: one per VNI, found in the kernel. Identity (RD, route targets, VTEP) and the devices
 * that carry it: VXLAN device, bridge, VLAN, SVI.
 */
#pragma once

#include "base/map.h"
#include "base/types.h"

struct evpn;
struct state_rd;

/* FRR's first VNI has index 2: index 1 is its default instance. */
#define RD_INDEX_FIRST 2
#define MAC_VRFS_MAX 16384

/* Where a MAC-VRF lives; free of padding, compared as bytes. */
struct vrf_place {
	ifindex_t vxlan, bridge, svi; /* svi 0: none */
	uint16_t vlan;		      /* 0: bridge without VLAN filtering */
	uint16_t zero;
	struct ip vtep;
};

struct vlan_key {
	ifindex_t bridge;
	uint16_t vlan;
	uint16_t zero;
};

/* `learning off` on the VXLAN port: ours once, never a fight. */
enum port_learning { LEARNING_UNTOUCHED, LEARNING_ASKED, LEARNING_OFF, LEARNING_GIVEN_UP };

/* Lives as long as the instance once its VNI was seen, so that its RD index is stable. */
/* A route for an address of the SVI (svi.c). */
struct svi_route {
	struct rd rd;
	struct mac mac;
	struct ip ip;
	bool gateway;
};

struct mac_vrf {
	vni_t vni;
	bool present;	      /* its VXLAN device exists */
	const char *inactive; /* why it is not served; NULL: it is */
	struct vrf_place place;
	struct vlan_key vlan_key; /* of by_vlan */
	uint16_t rd_index;
	struct rd rd, rd_next; /* rd_next: what rd becomes once old routes are withdrawn */
	struct extcomm *import_rts, *export_rts; /* owned; sorted */
	size_t import_count, export_count;
	bool auto_import;
	bool imet_out;	   /* our IMET route is originated */
	struct rd imet_rd; /* … under these */
	struct ip imet_vtep;
	struct svi_route *svi_routes; /* owned; those that are out */
	size_t svi_route_count;
	uint32_t mac_count, neigh_count; /* entries */
	enum port_learning learning;
	struct imet_vtep *vteps; /* owned; sorted by address (imet.c) */
	size_t vtep_count;
	struct ip *vtep_view; /* owned; their addresses alone, for views */
	/* Set during discovery, for the pass that follows. */
	bool seen, place_changed, identity_changed, import_changed;
};

/* A configured import route target and who asks for it, sorted by route target. */
struct rt_import {
	struct extcomm rt;
	struct mac_vrf *vrf;
};

struct own_mac {
	ifindex_t bridge;
	struct mac mac;
	uint8_t zero[2];
};

struct mac_vrf_table {
	struct mac_vrf **list; /* owned; sorted by VNI */
	size_t count;
	struct map by_vlan, by_vxlan, by_svi; /* present ones with a bridge; not owning */
	struct rt_import *rt_imports;	      /* owned */
	size_t rt_import_count;
	struct own_mac *own_macs; /* owned; sorted */
	size_t own_mac_count;
	ifindex_t *ports_off; /* owned; ports whose learning we switched off */
	size_t port_off_count;
	uint16_t rd_next; /* where to look for a free RD index */
	uint64_t seed;
	bool single_device_told; /* the log said that such a device is not served */
};

void mac_vrfs_init(struct evpn *v, uint64_t seed);
void mac_vrfs_fini(struct evpn *v);

/* NULL when this VNI was never seen. */
struct mac_vrf *mac_vrf_find(const struct evpn *v, vni_t vni);
/* NULL: that VLAN, device or SVI belongs to no MAC-VRF. */
struct mac_vrf *mac_vrf_of_vlan(const struct evpn *v, ifindex_t bridge, uint16_t vlan);
struct mac_vrf *mac_vrf_of_vxlan(const struct evpn *v, ifindex_t dev);
struct mac_vrf *mac_vrf_of_svi(const struct evpn *v, ifindex_t dev);
/* Is it served: devices there and up, identity known? */
static inline bool mac_vrf_active(const struct mac_vrf *vrf)
{
	return vrf->present && vrf->inactive == NULL;
}

/* An address of this host in, or on top of, that bridge. */
bool own_mac_is(const struct evpn *v, ifindex_t bridge, const struct mac *mac);

/* Compare the kernel's links and the settings with what is served and follow: facts of changed
 * MAC-VRFs are taken over anew, their routes originated anew. */
void mac_vrf_discover(struct evpn *v);
/* The VXLAN port's learning flag: off while we serve it, unless the settings or somebody else
 * will not have it. */
void mac_vrf_port_learning(struct evpn *v, struct mac_vrf *vrf);
/* We switched learning off on this port (as the state file says). */
void mac_vrf_port_off(struct evpn *v, ifindex_t port);
/* --flush-on-exit: back on, where we switched it off. */
void mac_vrf_restore_learning(struct evpn *v);
/* From the state file. */
void mac_vrf_restore_rd(struct evpn *v, const struct state_rd *rd);
