/*
 * A simulated kernel: one host's links, bridge FDB, VXLAN FDB, flood lists, neighbours and routes,
 * with the semantics that were measured on Linux 6.1 to 6.18 (docs/kernel.md): which flags are
 * ignored, what survives an overwrite, what a delete says, what the data plane moves.
 *
 * Notifications go to `notify` in the order in which the kernel would queue them. Times and
 * interleavings are the simulator's business.
 */
#pragma once

#include "kernel/vocab.h"

/* Interfaces of every simulated hypervisor. */
enum {
	SIM_LO = 1,
	SIM_UPLINK1 = 4,
	SIM_UPLINK2 = 5,
	SIM_BRIDGE = 10,
	SIM_ACCESS = 11,
	SIM_VXLAN = 12,
	SIM_SVI = 13,
	/* the plain form: one bridge per VNI, the bridge itself is the SVI */
	SIM_PLAIN_BRIDGE = 20,
	SIM_PLAIN_ACCESS = 21,
	SIM_PLAIN_VXLAN = 22
};

#define SIM_VLAN 99
#define SIM_VNI 10099
#define SIM_PLAIN_VNI 10200

/* How a writer opens its request. */
enum sim_write {
	SIM_REPLACE,  /* NLM_F_CREATE|NLM_F_REPLACE: `bridge fdb replace`, `ip neigh replace` */
	SIM_APPEND,   /* NLM_F_CREATE|NLM_F_APPEND */
	SIM_EXCLUSIVE /* NLM_F_CREATE|NLM_F_EXCL: `bridge fdb add`, `ip neigh add` */
};

#define SIM_ROWS 256

struct sim_fdb {
	bool used;
	struct fdb_key key;
	struct fdb_entry entry;
};

struct sim_vxlan_fdb {
	bool used;
	struct vxlan_fdb_key key;
	struct vxlan_fdb_entry entry;
};

struct sim_flood {
	bool used;
	struct flood_key key;
};

struct sim_neigh {
	bool used;
	struct neigh_key key;
	struct neigh_entry entry;
};

struct sim_route {
	bool used;
	struct route_key key;
	struct route_entry entry;
	struct route_nexthop nexthops[8];
};

struct sim_nexthop {
	bool used;
	struct nexthop_key key;
	struct nexthop_entry entry;
	struct nexthop_member members[8];
};

struct sim_link {
	struct link link;
	struct prefix addrs[8];
	struct addr_entry addr_entries[8];
	size_t addr_count;
	struct port_vlan vlans[4];
	size_t vlan_count;
};

struct simkernel {
	void *context;
	void (*notify)(void *context, const struct kernel_event *event);
	/* Called between the check of an operation and its write: the kernel's own window. */
	void (*window)(void *context, const struct slot_key *key);
	struct sim_link links[16];
	size_t link_count;
	struct sim_fdb fdb[SIM_ROWS];
	struct sim_vxlan_fdb vxlan_fdb[SIM_ROWS];
	struct sim_flood flood[SIM_ROWS];
	struct sim_neigh neigh[SIM_ROWS];
	struct sim_route routes[SIM_ROWS];
	struct sim_nexthop nexthops[SIM_ROWS];
	uint32_t portid; /* of the daemon's request socket */
	int fail_errno;	 /* the next write fails with this; 0 none */
	uint64_t op_count;
};

/* A hypervisor with both bridge forms, or (vtep IP_NONE) a switch with uplinks only. */
void simkernel_init(struct simkernel *k, const struct ip *vtep, size_t uplinks);
/* The VTEPs of others are reached over the uplinks, by a route that somebody else made: for runs
 * whose peers announce no unicast routes. */
void simkernel_underlay(struct simkernel *k, size_t uplinks);
struct sim_link *simkernel_link(struct simkernel *k, uint32_t ifindex);
/* Announce the link after a change of its fields. */
void simkernel_link_changed(struct simkernel *k, uint32_t ifindex);
/* The carrier of a link goes or comes: the kernel flushes what it flushes. */
void simkernel_link_set(struct simkernel *k, uint32_t ifindex, bool up);

/* ---- the daemon's operations, executed as os/netlink does: check, window, write ---- */
void simkernel_execute(
    struct simkernel *k, const struct kernel_op *op, bool single, struct kernel_result *result);
/* Rows of one table as dump events; `miss` says which stable rows a racing FDB dump leaves out. */
void simkernel_dump(struct simkernel *k, enum kernel_table table, bool (*miss)(void *context));

/* ---- other writers: 0 or an errno; `writer` is their portid ---- */
int simkernel_fdb_write(struct simkernel *k, uint32_t port, uint16_t vlan, const struct mac *mac,
    enum sim_write how, uint16_t nud, uint8_t ntf);
int simkernel_fdb_delete(struct simkernel *k, uint32_t port, uint16_t vlan, const struct mac *mac);
int simkernel_neigh_write(struct simkernel *k, uint32_t dev, const struct ip *ip,
    enum sim_write how, const struct mac *lladdr, uint16_t nud, uint8_t protocol, uint32_t writer);
int simkernel_neigh_delete(struct simkernel *k, uint32_t dev, const struct ip *ip, uint32_t writer);

/* NULL gateway: the object is deleted. */
void simkernel_nexthop_write(struct simkernel *k, uint32_t id, uint8_t protocol,
    const struct ip *gateway, uint32_t dev, uint32_t writer);

/* ---- the data plane ---- */

/* A frame with this source comes in on an access port. */
void simkernel_frame(struct simkernel *k, uint32_t port, uint16_t vlan, const struct mac *source);
/* An ARP of a local host reaches the SVI. */
void simkernel_arp(struct simkernel *k, uint32_t svi, const struct ip *ip, const struct mac *mac);
/* A learned row ages out. */
void simkernel_age(struct simkernel *k, uint32_t bridge, uint16_t vlan, const struct mac *mac);

/* ---- lookups for checkers: NULL when absent ---- */
const struct fdb_entry *simkernel_fdb(
    const struct simkernel *k, uint32_t bridge, uint16_t vlan, const struct mac *mac);
const struct vxlan_fdb_entry *simkernel_vxlan_fdb(
    const struct simkernel *k, uint32_t dev, const struct mac *mac);
const struct neigh_entry *simkernel_neigh(
    const struct simkernel *k, uint32_t dev, const struct ip *ip);
/* Where packets to this prefix go now: the gateways of its route, those of a nexthop object
 * included; how many, 0 without a route. Room for 8. */
size_t simkernel_route(
    const struct simkernel *k, const struct prefix *prefix, struct route_nexthop *hops);
bool simkernel_flood(const struct simkernel *k, uint32_t dev, const struct ip *vtep);
/* A route of the main table to exactly this host over at least one next hop. */
bool simkernel_host_route(const struct simkernel *k, const struct ip *host);
/* The bridge a port belongs to; 0 none. */
uint32_t simkernel_bridge_of(const struct simkernel *k, uint32_t port);
