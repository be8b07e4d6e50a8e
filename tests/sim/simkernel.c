/*
 * Simulated kernel. Every rule below was measured; docs/kernel.md has the tables. Linear tables:
 * a simulated host has tens of rows.
 */
#include "simkernel.h"

#include <errno.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "base/check.h"

/* ---- tables ---------------------------------------------------------------------------------- */

#define FIND(table, wanted)                                                                        \
	for (size_t i = 0; i < SIM_ROWS; i++)                                                      \
		if (k->table[i].used && memcmp(&k->table[i].key, wanted, sizeof(*(wanted))) == 0)  \
			return (void *)(uintptr_t)&k->table[i];                                    \
	return NULL

static struct sim_fdb *fdb_find(const struct simkernel *k, const struct fdb_key *key)
{
	FIND(fdb, key);
}

static struct sim_vxlan_fdb *vxlan_find(const struct simkernel *k, const struct vxlan_fdb_key *key)
{
	FIND(vxlan_fdb, key);
}

static struct sim_flood *flood_find(const struct simkernel *k, const struct flood_key *key)
{
	FIND(flood, key);
}

static struct sim_neigh *neigh_find(const struct simkernel *k, const struct neigh_key *key)
{
	FIND(neigh, key);
}

static struct sim_route *route_find(const struct simkernel *k, const struct route_key *key)
{
	FIND(routes, key);
}

static struct sim_nexthop *nexthop_find(const struct simkernel *k, const struct nexthop_key *key)
{
	FIND(nexthops, key);
}

#define MAKE(table, wanted)                                                                        \
	for (size_t i = 0; i < SIM_ROWS; i++) {                                                    \
		if (k->table[i].used)                                                              \
			continue;                                                                  \
		memset(&k->table[i], 0, sizeof(k->table[i]));                                      \
		k->table[i].used = true;                                                           \
		k->table[i].key = *(wanted);                                                       \
		return &k->table[i];                                                               \
	}                                                                                          \
	check(false); /* the simulated table is full */                                            \
	return NULL

static struct sim_fdb *fdb_make(struct simkernel *k, const struct fdb_key *key)
{
	MAKE(fdb, key);
}

static struct sim_vxlan_fdb *vxlan_make(struct simkernel *k, const struct vxlan_fdb_key *key)
{
	MAKE(vxlan_fdb, key);
}

static struct sim_flood *flood_make(struct simkernel *k, const struct flood_key *key)
{
	MAKE(flood, key);
}

static struct sim_neigh *neigh_make(struct simkernel *k, const struct neigh_key *key)
{
	MAKE(neigh, key);
}

static struct sim_route *route_make(struct simkernel *k, const struct route_key *key)
{
	MAKE(routes, key);
}

static struct sim_nexthop *nexthop_make(struct simkernel *k, const struct nexthop_key *key)
{
	MAKE(nexthops, key);
}

struct sim_link *simkernel_link(struct simkernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < k->link_count; i++)
		if (k->links[i].link.ifindex.v == ifindex)
			return &k->links[i];
	return NULL;
}

bool simkernel_host_route(const struct simkernel *k, const struct ip *host)
{
	for (size_t i = 0; i < SIM_ROWS; i++)
		if (k->routes[i].used && ip_equal(&k->routes[i].key.prefix.addr, host) &&
		    k->routes[i].entry.nexthop_count > 0)
			return true;
	return false;
}

uint32_t simkernel_bridge_of(const struct simkernel *k, uint32_t port)
{
	const struct sim_link *l = simkernel_link((struct simkernel *)(uintptr_t)k, port);

	return l != NULL ? l->link.master.v : 0;
}

/* ---- notifications ------------------------------------------------------------------------------
 */

static void notify(struct simkernel *k, struct kernel_event *event)
{
	k->notify(k->context, event);
}

static void notify_fdb(struct simkernel *k, const struct sim_fdb *row, bool gone, bool dump)
{
	struct kernel_event e = {.kind = gone ? KERNEL_FDB_DEL : KERNEL_FDB_NEW, .from_dump = dump};

	e.fdb.key = row->key;
	e.fdb.entry = row->entry;
	notify(k, &e);
}

static void notify_vxlan(struct simkernel *k, const struct sim_vxlan_fdb *row, bool gone, bool dump)
{
	struct kernel_event e = {
	    .kind = gone ? KERNEL_VXLAN_FDB_DEL : KERNEL_VXLAN_FDB_NEW, .from_dump = dump};

	e.vxlan_fdb.key = row->key;
	e.vxlan_fdb.entry = row->entry;
	notify(k, &e);
}

static void notify_flood(struct simkernel *k, const struct sim_flood *row, bool gone, bool dump)
{
	struct kernel_event e = {
	    .kind = gone ? KERNEL_FLOOD_DEL : KERNEL_FLOOD_NEW, .from_dump = dump};

	e.flood.key = row->key;
	e.flood.entry.nud = NUD_REACHABLE | NUD_NOARP;
	e.flood.entry.ntf = NTF_EXT_LEARNED;
	notify(k, &e);
}

static void notify_neigh(
    struct simkernel *k, const struct sim_neigh *row, bool gone, bool dump, uint32_t writer)
{
	struct kernel_event e = {.kind = gone ? KERNEL_NEIGH_DEL : KERNEL_NEIGH_NEW,
	    .from_dump = dump,
	    .writer = writer,
	    .ours = writer != 0 && writer == k->portid};

	e.neigh.key = row->key;
	e.neigh.entry = row->entry;
	notify(k, &e);
}

static void notify_route(struct simkernel *k, const struct sim_route *row, bool gone, bool dump)
{
	struct kernel_event e = {.kind = gone ? KERNEL_ROUTE_DEL : KERNEL_ROUTE_NEW,
	    .from_dump = dump,
	    .writer = k->portid,
	    .ours = true};

	if (dump) {
		e.ours = false;
		e.writer = 0;
	}
	e.route.key = row->key;
	e.route.entry = row->entry;
	e.route.entry.nexthops = row->nexthops;
	notify(k, &e);
}

static void notify_addr(
    struct simkernel *k, const struct sim_link *l, size_t i, bool gone, bool dump)
{
	struct kernel_event e = {
	    .kind = gone ? KERNEL_ADDR_DEL : KERNEL_ADDR_NEW, .from_dump = dump};

	e.addr.dev = l->link.ifindex;
	e.addr.prefix = l->addrs[i];
	e.addr.entry = l->addr_entries[i];
	notify(k, &e);
}

static void notify_nexthop(
    struct simkernel *k, const struct sim_nexthop *row, bool gone, bool dump, uint32_t writer)
{
	struct kernel_event e = {.kind = gone ? KERNEL_NEXTHOP_DEL : KERNEL_NEXTHOP_NEW,
	    .from_dump = dump,
	    .writer = writer,
	    .ours = writer != 0 && writer == k->portid};

	e.nexthop.key = row->key;
	e.nexthop.entry = row->entry;
	e.nexthop.entry.members = row->members;
	notify(k, &e);
}

static void notify_link(struct simkernel *k, const struct sim_link *l, bool dump)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW, .from_dump = dump};

	e.link = l->link;
	notify(k, &e);
	for (size_t i = 0; dump && i < l->addr_count; i++)
		notify_addr(k, l, i, false, true);
	if (l->vlan_count > 0) {
		struct kernel_event v = {.kind = KERNEL_PORT_VLANS, .from_dump = dump};

		v.port_vlans.port = l->link.ifindex;
		v.port_vlans.count = (uint16_t)l->vlan_count;
		v.port_vlans.vlans = l->vlans;
		v.port_vlans.flags = l->link.port;
		notify(k, &v);
	}
}

/* ---- links
 * ------------------------------------------------------------------------------------------ */

static struct sim_link *link_add(
    struct simkernel *k, uint32_t ifindex, const char *name, enum link_kind kind)
{
	struct sim_link *l = &k->links[k->link_count++];

	check(k->link_count <= sizeof(k->links) / sizeof(*k->links));
	l->link = (struct link){
	    .ifindex = {ifindex}, .kind = kind, .admin_up = true, .running = true, .mtu = 1500};
	strncpy(l->link.name, name, sizeof(l->link.name) - 1);
	l->link.mac = (struct mac){{2, 0, 0, 0, 0, (uint8_t)ifindex}};
	return l;
}

static void link_port(struct sim_link *l, uint32_t bridge, uint16_t vlan)
{
	l->link.master.v = bridge;
	l->link.port.valid = true;
	l->link.port.state = 3;
	l->link.port.learning = true;
	if (vlan == 0)
		return;
	l->vlans[0] = (struct port_vlan){
	    .first = vlan, .last = vlan, .flags = PORT_VLAN_PVID | PORT_VLAN_UNTAGGED};
	l->vlan_count = 1;
}

static void link_vxlan(struct sim_link *l, uint32_t vni, const struct ip *vtep)
{
	l->link.vxlan.vni.v = vni;
	l->link.vxlan.local = *vtep;
	l->link.vxlan.port = 4789;
}

static void init_hypervisor(struct simkernel *k, const struct ip *vtep)
{
	struct sim_link *l = link_add(k, SIM_LO, "lo", LINK_LOOPBACK);

	l->addrs[l->addr_count++] = (struct prefix){.addr = *vtep, .len = 32};
	l = link_add(k, SIM_BRIDGE, "br-evpn", LINK_BRIDGE);
	l->link.bridge.vlan_filtering = true;
	l->vlans[0] = (struct port_vlan){.first = SIM_VLAN, .last = SIM_VLAN};
	l->vlan_count = 1;
	link_port(link_add(k, SIM_ACCESS, "veth-to-ovs", LINK_OTHER), SIM_BRIDGE, SIM_VLAN);
	simkernel_link(k, SIM_ACCESS)->vlans[0].flags = 0;
	l = link_add(k, SIM_VXLAN, "l2vni-10099", LINK_VXLAN);
	link_port(l, SIM_BRIDGE, SIM_VLAN);
	link_vxlan(l, SIM_VNI, vtep);
	l = link_add(k, SIM_SVI, "irb-99", LINK_VLAN);
	l->link.lower.v = SIM_BRIDGE;
	l->link.vlan_id = SIM_VLAN;
	link_add(k, SIM_PLAIN_BRIDGE, "br-10200", LINK_BRIDGE);
	link_port(link_add(k, SIM_PLAIN_ACCESS, "tap0", LINK_OTHER), SIM_PLAIN_BRIDGE, 0);
	l = link_add(k, SIM_PLAIN_VXLAN, "l2vni-10200", LINK_VXLAN);
	link_port(l, SIM_PLAIN_BRIDGE, 0);
	link_vxlan(l, SIM_PLAIN_VNI, vtep);
}

void simkernel_init(struct simkernel *k, const struct ip *vtep, size_t uplinks)
{
	for (size_t i = 0; i < uplinks; i++) {
		char name[LINK_NAME_MAX] = "eth4";
		uint32_t ifindex = SIM_UPLINK1 + (uint32_t)i;
		struct sim_link *l;

		name[3] = (char)('4' + i);
		l = link_add(k, ifindex, name, LINK_OTHER);
		l->addrs[l->addr_count++] = (struct prefix){.len = 64};
	}
	if (vtep->family != IP_NONE)
		init_hypervisor(k, vtep);
}

void simkernel_underlay(struct simkernel *k, size_t uplinks)
{
	const struct prefix vteps = {.addr = ip_from_u32(0x0a000000), .len = 16};
	const struct route_key key = slot_key_route(RT_TABLE_MAIN, 0, &vteps).route;
	struct sim_route *r = route_make(k, &key);

	r->entry = (struct route_entry){
	    .protocol = RTPROT_STATIC, .type = RTN_UNICAST, .nexthop_count = (uint8_t)uplinks};
	for (size_t i = 0; i < uplinks; i++) {
		r->nexthops[i] =
		    (struct route_nexthop){.dev = {SIM_UPLINK1 + (uint32_t)i}, .weight = 1};
		r->nexthops[i].gateway = (struct ip){.family = IP_V6, .b = {0xfe, 0x80}};
		r->nexthops[i].gateway.b[15] = (uint8_t)(1 + i);
	}
}

void simkernel_link_changed(struct simkernel *k, uint32_t ifindex)
{
	notify_link(k, simkernel_link(k, ifindex), false);
}

/* A port that goes down loses learned rows; static, sticky and externally learned ones stay. */
static void flush_learned(struct simkernel *k, uint32_t port)
{
	for (size_t i = 0; i < SIM_ROWS; i++) {
		struct sim_fdb *row = &k->fdb[i];

		if (!row->used || row->entry.port.v != port)
			continue;
		if ((row->entry.nud & (NUD_NOARP | NUD_PERMANENT)) != 0 || row->entry.ntf != 0)
			continue;
		row->used = false;
		notify_fdb(k, row, true, false);
	}
}

/* The object leaves its groups; an empty group and the routes over what is gone go with it. Told
 * only when somebody asked for it, and the routes never. */
static void nexthop_drop(struct simkernel *k, struct sim_nexthop *gone, uint32_t writer)
{
	uint32_t id = gone->key.id;

	gone->used = false;
	if (writer != 0)
		notify_nexthop(k, gone, true, false, writer);
	for (size_t i = 0; i < SIM_ROWS; i++)
		if (k->routes[i].used && k->routes[i].entry.nhid == id)
			k->routes[i].used = false;
	for (size_t i = 0; i < SIM_ROWS; i++) {
		struct sim_nexthop *g = &k->nexthops[i];
		uint8_t left = 0;

		for (uint8_t m = 0; g->used && m < g->entry.member_count; m++)
			if (g->members[m].id != id)
				g->members[left++] = g->members[m];
		if (!g->used || left == g->entry.member_count)
			continue;
		g->entry.member_count = left;
		if (left == 0)
			nexthop_drop(k, g, 0);
		else if (writer != 0)
			notify_nexthop(k, g, false, false, writer);
	}
}

/* Without a word. */
static void flush_nexthops(struct simkernel *k, uint32_t dev)
{
	for (size_t i = 0; i < SIM_ROWS; i++)
		if (k->nexthops[i].used && k->nexthops[i].entry.dev.v == dev)
			nexthop_drop(k, &k->nexthops[i], 0);
}

void simkernel_link_set(struct simkernel *k, uint32_t ifindex, bool up)
{
	struct sim_link *l = simkernel_link(k, ifindex);

	if (l->link.running == up)
		return;
	l->link.running = up;
	if (l->link.port.valid)
		l->link.port.state = up ? 3 : 0;
	l->link.lower_up = up;
	if (!up) {
		flush_learned(k, ifindex);
		flush_nexthops(k, ifindex);
	}
	simkernel_link_changed(k, ifindex);
}

/* ---- bridge FDB
 * ---------------------------------------------------------------------------------------- */

static int fdb_write(struct simkernel *k, const struct fdb_key *key, const struct fdb_entry *entry,
    enum sim_write how)
{
	struct sim_fdb *row = fdb_find(k, key);
	bool external = (entry->ntf & NTF_EXT_LEARNED) != 0;
	struct fdb_entry before;

	if (row != NULL && how == SIM_EXCLUSIVE && !external)
		return EEXIST;
	if (row == NULL) {
		row = fdb_make(k, key);
		row->entry = *entry;
		if (external) {
			/* created REACHABLE whatever was asked, a sticky request is dropped */
			row->entry.nud = NUD_REACHABLE;
			row->entry.ntf = NTF_EXT_LEARNED;
		}
		notify_fdb(k, row, false, false);
		return 0;
	}
	before = row->entry;
	row->entry.port = entry->port;
	row->entry.locked = false;
	if (external) {
		/* moves whatever is there and keeps its static and sticky marks */
		row->entry.ntf |= NTF_EXT_LEARNED;
	} else {
		row->entry.nud = entry->nud;
		row->entry.ntf =
		    (uint8_t)((row->entry.ntf & NTF_EXT_LEARNED) | (entry->ntf & NTF_STICKY));
	}
	if (memcmp(&before, &row->entry, sizeof(before)) != 0)
		notify_fdb(k, row, false, false);
	return 0;
}

static struct fdb_key fdb_key_of(
    const struct simkernel *k, uint32_t port, uint16_t vlan, const struct mac *mac)
{
	return slot_key_fdb((ifindex_t){simkernel_bridge_of(k, port)}, vlan, mac).fdb;
}

int simkernel_fdb_write(struct simkernel *k, uint32_t port, uint16_t vlan, const struct mac *mac,
    enum sim_write how, uint16_t nud, uint8_t ntf)
{
	struct fdb_key key = fdb_key_of(k, port, vlan, mac);
	struct fdb_entry entry = {.port = {port}, .nud = nud, .ntf = ntf};

	return fdb_write(k, &key, &entry, how);
}

/* Scoped by port: the one race-free removal. */
static int fdb_delete(struct simkernel *k, const struct fdb_key *key, uint32_t port)
{
	struct sim_fdb *row = fdb_find(k, key);

	if (row == NULL || row->entry.port.v != port)
		return ENOENT;
	row->used = false;
	notify_fdb(k, row, true, false);
	return 0;
}

int simkernel_fdb_delete(struct simkernel *k, uint32_t port, uint16_t vlan, const struct mac *mac)
{
	struct fdb_key key = fdb_key_of(k, port, vlan, mac);

	return fdb_delete(k, &key, port);
}

void simkernel_frame(struct simkernel *k, uint32_t port, uint16_t vlan, const struct mac *source)
{
	struct fdb_key key = fdb_key_of(k, port, vlan, source);
	struct sim_fdb *row = fdb_find(k, &key);
	const struct sim_link *l = simkernel_link(k, port);

	if (!l->link.running || !l->link.port.learning)
		return;
	if (row == NULL) {
		row = fdb_make(k, &key);
		row->entry = (struct fdb_entry){.port = {port}, .nud = NUD_REACHABLE};
		notify_fdb(k, row, false, false);
		return;
	}
	if (row->entry.port.v == port || (row->entry.ntf & NTF_STICKY) != 0 ||
	    (row->entry.nud & NUD_PERMANENT) != 0)
		return;
	row->entry.port.v = port;
	row->entry.ntf &= (uint8_t)~NTF_EXT_LEARNED; /* static stays: the zombie of kernel facts */
	notify_fdb(k, row, false, false);
}

void simkernel_age(struct simkernel *k, uint32_t bridge, uint16_t vlan, const struct mac *mac)
{
	struct fdb_key key = slot_key_fdb((ifindex_t){bridge}, vlan, mac).fdb;
	struct sim_fdb *row = fdb_find(k, &key);

	if (row == NULL || row->entry.nud != NUD_REACHABLE || row->entry.ntf != 0)
		return;
	row->used = false;
	notify_fdb(k, row, true, false);
}

/* ---- VXLAN FDB and flood list
 * ------------------------------------------------------------------------- */

static int vxlan_write(struct simkernel *k, const struct kernel_op *op)
{
	struct sim_vxlan_fdb *row = vxlan_find(k, &op->key.vxlan_fdb);

	if (row != NULL && op->verb == KERNEL_ADD)
		return EEXIST;
	if (row == NULL)
		row = vxlan_make(k, &op->key.vxlan_fdb);
	row->entry = op->content.vxlan_fdb;
	notify_vxlan(k, row, false, false);
	return 0;
}

static int vxlan_delete(struct simkernel *k, const struct kernel_op *op)
{
	struct sim_vxlan_fdb *row = vxlan_find(k, &op->key.vxlan_fdb);

	if (row == NULL)
		return ENOENT;
	if (!ip_equal(&row->entry.dst, &op->content.vxlan_fdb.dst))
		return 0; /* the kernel says OK and deletes nothing */
	row->used = false;
	notify_vxlan(k, row, true, false);
	return 0;
}

static int flood_write(struct simkernel *k, const struct kernel_op *op)
{
	if (flood_find(k, &op->key.flood) == NULL)
		notify_flood(k, flood_make(k, &op->key.flood), false, false);
	return 0;
}

static int flood_delete(struct simkernel *k, const struct kernel_op *op)
{
	struct sim_flood *row = flood_find(k, &op->key.flood);

	if (row == NULL)
		return 0;
	row->used = false;
	notify_flood(k, row, true, false);
	return 0;
}

/* ---- neighbours
 * -------------------------------------------------------------------------------------------- */

static int neigh_write(struct simkernel *k, const struct neigh_key *key,
    const struct neigh_entry *entry, enum sim_write how, uint32_t writer)
{
	struct sim_neigh *row = neigh_find(k, key);
	struct neigh_entry before = {0};
	uint8_t protocol;

	if (row != NULL && how == SIM_EXCLUSIVE)
		return EEXIST;
	if (row == NULL)
		row = neigh_make(k, key);
	else
		before = row->entry;
	/* the protocol stays when the writer gives none */
	protocol = entry->protocol != 0 ? entry->protocol : row->entry.protocol;
	row->entry = *entry;
	row->entry.protocol = protocol;
	before.protocol = protocol; /* a change of protocol alone is not notified */
	if (memcmp(&before, &row->entry, sizeof(before)) != 0)
		notify_neigh(k, row, false, false, writer);
	return 0;
}

int simkernel_neigh_write(struct simkernel *k, uint32_t dev, const struct ip *ip,
    enum sim_write how, const struct mac *lladdr, uint16_t nud, uint8_t protocol, uint32_t writer)
{
	struct neigh_key key = slot_key_neigh((ifindex_t){dev}, ip).neigh;
	struct neigh_entry entry = {.lladdr = *lladdr, .nud = nud, .protocol = protocol};

	return neigh_write(k, &key, &entry, how, writer);
}

/* No condition at all: whatever stands there goes. FAILED first, then the deletion. */
static int neigh_delete(struct simkernel *k, const struct neigh_key *key, uint32_t writer)
{
	struct sim_neigh *row = neigh_find(k, key);

	if (row == NULL)
		return ENOENT;
	row->entry = (struct neigh_entry){.nud = NUD_FAILED, .protocol = row->entry.protocol};
	notify_neigh(k, row, false, false, writer);
	row->used = false;
	notify_neigh(k, row, true, false, 0);
	return 0;
}

int simkernel_neigh_delete(struct simkernel *k, uint32_t dev, const struct ip *ip, uint32_t writer)
{
	struct neigh_key key = slot_key_neigh((ifindex_t){dev}, ip).neigh;

	return neigh_delete(k, &key, writer);
}

void simkernel_arp(struct simkernel *k, uint32_t svi, const struct ip *ip, const struct mac *mac)
{
	struct neigh_key key = slot_key_neigh((ifindex_t){svi}, ip).neigh;
	struct sim_neigh *row = neigh_find(k, &key);

	if (row != NULL && (row->entry.nud & (NUD_NOARP | NUD_PERMANENT)) != 0)
		return;
	if (row == NULL)
		row = neigh_make(k, &key);
	else if (mac_equal(&row->entry.lladdr, mac))
		return;
	row->entry.lladdr = *mac;
	row->entry.nud = NUD_STALE;
	notify_neigh(k, row, false, false, 0);
}

/* ---- routes
 * ---------------------------------------------------------------------------------------------------
 */

static int route_write(struct simkernel *k, const struct kernel_op *op)
{
	struct sim_route *row = route_find(k, &op->key.route);
	size_t n = op->content.route.nexthop_count;
	const struct nexthop_key over = {op->content.route.nhid};

	check(n <= sizeof(row->nexthops) / sizeof(*row->nexthops));
	if (row != NULL && op->verb == KERNEL_ADD)
		return EEXIST;
	if (over.id != 0 && nexthop_find(k, &over) == NULL)
		return EINVAL;
	if (row == NULL)
		row = route_make(k, &op->key.route);
	row->entry = op->content.route;
	if (n > 0)
		memcpy(row->nexthops, op->content.route.nexthops, n * sizeof(*row->nexthops));
	row->entry.nexthops = row->nexthops;
	notify_route(k, row, false, false);
	return 0;
}

static int route_delete(struct simkernel *k, const struct kernel_op *op)
{
	struct sim_route *row = route_find(k, &op->key.route);

	if (row == NULL)
		return ESRCH;
	row->used = false;
	notify_route(k, row, true, false);
	return 0;
}

/* ---- nexthop objects
 * ---------------------------------------------------------------------------------------------------
 */

static bool members_exist(const struct simkernel *k, const struct nexthop_entry *e)
{
	for (uint8_t i = 0; i < e->member_count; i++) {
		const struct nexthop_key key = {e->members[i].id};
		const struct sim_nexthop *m = nexthop_find(k, &key);

		if (m == NULL || m->entry.member_count > 0)
			return false;
	}
	return true;
}

static int nexthop_write(struct simkernel *k, const struct nexthop_key *key,
    const struct nexthop_entry *entry, enum sim_write how, uint32_t writer)
{
	struct sim_nexthop *row = nexthop_find(k, key);
	const struct sim_link *l = simkernel_link(k, entry->dev.v);

	check(entry->member_count <= sizeof(row->members) / sizeof(*row->members));
	if (row != NULL && how == SIM_EXCLUSIVE)
		return EEXIST;
	if (row == NULL && how == SIM_REPLACE)
		return ENOENT;
	if (entry->member_count == 0 && (l == NULL || !l->link.running))
		return ENETDOWN;
	if (!members_exist(k, entry))
		return EINVAL;
	if (row == NULL)
		row = nexthop_make(k, key);
	row->entry = *entry;
	if (entry->member_count > 0)
		memcpy(row->members, entry->members, entry->member_count * sizeof(*row->members));
	notify_nexthop(k, row, false, false, writer);
	/* and what goes over it is told again */
	for (size_t i = 0; i < SIM_ROWS; i++)
		if (k->routes[i].used && k->routes[i].entry.nhid == key->id)
			notify_route(k, &k->routes[i], false, false);
	return 0;
}

static int nexthop_delete(struct simkernel *k, const struct nexthop_key *key, uint32_t writer)
{
	struct sim_nexthop *row = nexthop_find(k, key);

	if (row == NULL)
		return ENOENT;
	nexthop_drop(k, row, writer);
	return 0;
}

void simkernel_nexthop_write(struct simkernel *k, uint32_t id, uint8_t protocol,
    const struct ip *gateway, uint32_t dev, uint32_t writer)
{
	const struct nexthop_key key = {id};
	struct nexthop_entry entry = {.protocol = protocol, .dev = {dev}};

	if (gateway == NULL) {
		nexthop_delete(k, &key, writer);
		return;
	}
	entry.gateway = *gateway;
	nexthop_write(
	    k, &key, &entry, nexthop_find(k, &key) != NULL ? SIM_REPLACE : SIM_APPEND, writer);
}

/* ---- the daemon's operations
 * --------------------------------------------------------------------------------------- */

/* ---- addresses
 * --------------------------------------------------------------------------------------------------
 */

/* addr_count: the link does not have it. */
static size_t addr_find(const struct sim_link *l, const struct prefix *prefix)
{
	size_t i = 0;

	while (i < l->addr_count && !prefix_equal(&l->addrs[i], prefix))
		i++;
	return i;
}

static bool addr_read(struct simkernel *k, const struct addr_key *key, struct addr_entry *entry)
{
	const struct sim_link *l = simkernel_link(k, key->dev.v);
	size_t i = l != NULL ? addr_find(l, &key->prefix) : 0;

	if (l == NULL || i == l->addr_count)
		return false;
	*entry = l->addr_entries[i];
	return true;
}

static int addr_delete(struct simkernel *k, const struct addr_key *key)
{
	struct sim_link *l = simkernel_link(k, key->dev.v);
	size_t i = l != NULL ? addr_find(l, &key->prefix) : 0, behind;

	if (l == NULL)
		return ENODEV;
	if (i == l->addr_count)
		return EADDRNOTAVAIL;
	notify_addr(k, l, i, true, false);
	behind = --l->addr_count - i;
	memmove(&l->addrs[i], &l->addrs[i + 1], behind * sizeof(*l->addrs));
	memmove(&l->addr_entries[i], &l->addr_entries[i + 1], behind * sizeof(*l->addr_entries));
	return 0;
}

static int addr_write(
    struct simkernel *k, const struct addr_key *key, const struct addr_entry *entry)
{
	struct sim_link *l = simkernel_link(k, key->dev.v);

	if (l == NULL)
		return ENODEV;
	if (addr_find(l, &key->prefix) < l->addr_count)
		return EEXIST;
	check(l->addr_count < sizeof(l->addrs) / sizeof(*l->addrs));
	l->addrs[l->addr_count] = key->prefix;
	l->addr_entries[l->addr_count] = *entry;
	notify_addr(k, l, l->addr_count++, false, false);
	return 0;
}

static bool slot_read(struct simkernel *k, const struct slot_key *key, struct slot_content *content)
{
	const struct sim_fdb *fdb;
	const struct sim_vxlan_fdb *vx;
	const struct sim_neigh *neigh;
	struct sim_route *route;
	struct sim_nexthop *nexthop;
	const struct sim_link *l;

	memset(content, 0, sizeof(*content));
	switch (key->kind) {
	case SLOT_FDB:
		fdb = fdb_find(k, &key->fdb);
		if (fdb != NULL)
			content->fdb = fdb->entry;
		return fdb != NULL;
	case SLOT_VXLAN_FDB:
		vx = vxlan_find(k, &key->vxlan_fdb);
		if (vx != NULL)
			content->vxlan_fdb = vx->entry;
		return vx != NULL;
	case SLOT_FLOOD:
		return flood_find(k, &key->flood) != NULL;
	case SLOT_NEIGH:
		neigh = neigh_find(k, &key->neigh);
		if (neigh != NULL)
			content->neigh = neigh->entry;
		return neigh != NULL;
	case SLOT_ROUTE:
		route = route_find(k, &key->route);
		if (route != NULL)
			content->route = route->entry;
		return route != NULL;
	case SLOT_BRIDGE_PORT:
		l = simkernel_link(k, key->bridge_port.v);
		if (l != NULL)
			content->bridge_port.learning = l->link.port.learning;
		return l != NULL;
	case SLOT_LINK:
		l = simkernel_link(k, key->link.v);
		if (l != NULL)
			content->link.up = l->link.admin_up;
		return l != NULL;
	case SLOT_NEXTHOP:
		nexthop = nexthop_find(k, &key->nexthop);
		if (nexthop != NULL) {
			content->nexthop = nexthop->entry;
			content->nexthop.members = nexthop->members;
		}
		return nexthop != NULL;
	case SLOT_ADDR:
		return addr_read(k, &key->addr, &content->addr);
	}
	return false;
}

static bool precondition_holds(
    struct simkernel *k, const struct kernel_op *op, struct kernel_result *result)
{
	result->checked = true;
	result->seen_present = slot_read(k, &op->key, &result->seen);
	if (op->pre == PRE_ABSENT)
		return !result->seen_present;
	if (op->pre == PRE_EQUAL)
		return result->seen_present &&
		       slot_content_equal(op->key.kind, &result->seen, &op->expected);
	return true;
}

static int set_port(struct simkernel *k, const struct kernel_op *op)
{
	struct sim_link *l = simkernel_link(k, op->key.bridge_port.v);

	if (l == NULL)
		return ENODEV;
	l->link.port.learning = op->content.bridge_port.learning;
	notify_link(k, l, false);
	return 0;
}

static int set_link(struct simkernel *k, const struct kernel_op *op)
{
	struct sim_link *l = simkernel_link(k, op->key.link.v);

	if (l == NULL)
		return ENODEV;
	l->link.admin_up = l->link.running = l->link.lower_up = op->content.link.up;
	notify_link(k, l, false);
	return 0;
}

static int write_slot(struct simkernel *k, const struct kernel_op *op)
{
	bool remove = op->verb == KERNEL_DELETE;
	enum sim_write how = op->verb == KERNEL_ADD ? SIM_EXCLUSIVE : SIM_REPLACE;

	switch (op->key.kind) {
	case SLOT_FDB:
		return remove ? fdb_delete(k, &op->key.fdb, op->content.fdb.port.v)
			      : fdb_write(k, &op->key.fdb, &op->content.fdb, how);
	case SLOT_VXLAN_FDB:
		return remove ? vxlan_delete(k, op) : vxlan_write(k, op);
	case SLOT_FLOOD:
		return remove ? flood_delete(k, op) : flood_write(k, op);
	case SLOT_NEIGH:
		if (op->verb == KERNEL_PROBE)
			return 0;
		return remove ? neigh_delete(k, &op->key.neigh, k->portid)
			      : neigh_write(k, &op->key.neigh, &op->content.neigh, how, k->portid);
	case SLOT_ROUTE:
		return remove ? route_delete(k, op) : route_write(k, op);
	case SLOT_BRIDGE_PORT:
		return set_port(k, op);
	case SLOT_LINK:
		return set_link(k, op);
	case SLOT_NEXTHOP:
		return remove ? nexthop_delete(k, &op->key.nexthop, k->portid)
			      : nexthop_write(
				    k, &op->key.nexthop, &op->content.nexthop, how, k->portid);
	case SLOT_ADDR:
		return remove ? addr_delete(k, &op->key.addr)
			      : addr_write(k, &op->key.addr, &op->content.addr);
	}
	return EOPNOTSUPP;
}

void simkernel_execute(
    struct simkernel *k, const struct kernel_op *op, bool single, struct kernel_result *result)
{
	*result =
	    (struct kernel_result){.id = op->id, .slot = op->key.kind, .outcome = KERNEL_DONE};
	k->op_count++;
	if (op->verb == KERNEL_READ) {
		if (!precondition_holds(k, op, result))
			result->outcome = KERNEL_MISMATCH;
		return;
	}
	if (single && op->pre != PRE_NONE && !precondition_holds(k, op, result)) {
		result->outcome = KERNEL_MISMATCH;
		return;
	}
	if (k->window != NULL)
		k->window(k->context, &op->key);
	result->error = k->fail_errno;
	if (result->error == 0)
		result->error = write_slot(k, op);
	k->fail_errno = 0;
	if (result->error != 0)
		result->outcome = KERNEL_FAILED;
	/* Somebody has changed the world: what is there now? */
	if (result->error == EEXIST || result->error == ENOENT) {
		result->checked = true;
		result->seen_present = slot_read(k, &op->key, &result->seen);
	}
}

/* ---- dumps
 * --------------------------------------------------------------------------------------------------------------
 */

static void dump_fdb(struct simkernel *k, bool (*miss)(void *context))
{
	for (size_t i = 0; i < SIM_ROWS; i++) {
		if (k->fdb[i].used && !miss(k->context))
			notify_fdb(k, &k->fdb[i], false, true);
		if (k->vxlan_fdb[i].used && !miss(k->context))
			notify_vxlan(k, &k->vxlan_fdb[i], false, true);
		if (k->flood[i].used && !miss(k->context))
			notify_flood(k, &k->flood[i], false, true);
	}
}

void simkernel_dump(struct simkernel *k, enum kernel_table table, bool (*miss)(void *context))
{
	switch (table) {
	case TABLE_LINKS:
		for (size_t i = 0; i < k->link_count; i++)
			notify_link(k, &k->links[i], true);
		break;
	case TABLE_FDB:
		dump_fdb(k, miss);
		break;
	case TABLE_NEIGH:
		for (size_t i = 0; i < SIM_ROWS; i++)
			if (k->neigh[i].used)
				notify_neigh(k, &k->neigh[i], false, true, 0);
		break;
	case TABLE_NEXTHOPS:
		for (size_t i = 0; i < SIM_ROWS; i++)
			if (k->nexthops[i].used)
				notify_nexthop(k, &k->nexthops[i], false, true, 0);
		break;
	case TABLE_ROUTES:
		for (size_t i = 0; i < SIM_ROWS; i++)
			if (k->routes[i].used)
				notify_route(k, &k->routes[i], false, true);
		break;
	case TABLE_COUNT:
		break;
	}
}

/* ---- lookups
 * ----------------------------------------------------------------------------------------------------------------
 */

const struct fdb_entry *simkernel_fdb(
    const struct simkernel *k, uint32_t bridge, uint16_t vlan, const struct mac *mac)
{
	struct fdb_key key = slot_key_fdb((ifindex_t){bridge}, vlan, mac).fdb;
	const struct sim_fdb *row = fdb_find(k, &key);

	return row != NULL ? &row->entry : NULL;
}

const struct vxlan_fdb_entry *simkernel_vxlan_fdb(
    const struct simkernel *k, uint32_t dev, const struct mac *mac)
{
	struct vxlan_fdb_key key = slot_key_vxlan_fdb((ifindex_t){dev}, (vni_t){0}, mac).vxlan_fdb;
	const struct sim_vxlan_fdb *row = vxlan_find(k, &key);

	return row != NULL ? &row->entry : NULL;
}

const struct neigh_entry *simkernel_neigh(
    const struct simkernel *k, uint32_t dev, const struct ip *ip)
{
	struct neigh_key key = slot_key_neigh((ifindex_t){dev}, ip).neigh;
	const struct sim_neigh *row = neigh_find(k, &key);

	return row != NULL ? &row->entry : NULL;
}

bool simkernel_flood(const struct simkernel *k, uint32_t dev, const struct ip *vtep)
{
	struct flood_key key = slot_key_flood((ifindex_t){dev}, (vni_t){0}, vtep).flood;

	return flood_find(k, &key) != NULL;
}

static size_t hops_of(const struct simkernel *k, uint32_t id, struct route_nexthop *hops)
{
	const struct nexthop_key key = {id};
	const struct sim_nexthop *g = nexthop_find(k, &key);
	size_t n = 0;

	for (uint8_t i = 0; g != NULL && i < g->entry.member_count; i++)
		n += hops_of(k, g->members[i].id, hops + n);
	if (g != NULL && g->entry.member_count == 0)
		hops[n++] = (struct route_nexthop){
		    .gateway = g->entry.gateway, .dev = g->entry.dev, .weight = 1};
	return n;
}

size_t simkernel_route(
    const struct simkernel *k, const struct prefix *prefix, struct route_nexthop *hops)
{
	for (size_t i = 0; i < SIM_ROWS; i++) {
		const struct sim_route *r = &k->routes[i];

		if (!r->used || !prefix_equal(&r->key.prefix, prefix))
			continue;
		if (r->entry.nhid != 0)
			return hops_of(k, r->entry.nhid, hops);
		memcpy(hops, r->nexthops, r->entry.nexthop_count * sizeof(*hops));
		return r->entry.nexthop_count;
	}
	return 0;
}
