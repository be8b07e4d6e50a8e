/*
 * Keys and contents of slots as values: made, compared, printed. What counts as "the same
 * content" is decided here, once: it is what ownership rests on.
 *
 * An aged bridge row (STALE) is still the row it was (REACHABLE), and a learned neighbour moves
 * through REACHABLE, STALE, DELAY and PROBE by itself: states of one class are equal. Nothing
 * else is forgiven.
 */
#include "kernel/vocab.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define NUD_LEARNED_NEIGH (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)
#define NUD_UNRESOLVED (NUD_INCOMPLETE | NUD_FAILED)

struct slot_key slot_key_fdb(ifindex_t bridge, uint16_t vlan, const struct mac *mac)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_FDB;
	key.fdb.bridge = bridge;
	key.fdb.vlan = vlan;
	key.fdb.mac = *mac;
	return key;
}

struct slot_key slot_key_vxlan_fdb(ifindex_t dev, vni_t source_vni, const struct mac *mac)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_VXLAN_FDB;
	key.vxlan_fdb.dev = dev;
	key.vxlan_fdb.source_vni = source_vni;
	key.vxlan_fdb.mac = *mac;
	return key;
}

struct slot_key slot_key_flood(ifindex_t dev, vni_t source_vni, const struct ip *vtep)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_FLOOD;
	key.flood.dev = dev;
	key.flood.source_vni = source_vni;
	key.flood.vtep = *vtep;
	return key;
}

struct slot_key slot_key_neigh(ifindex_t dev, const struct ip *ip)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_NEIGH;
	key.neigh.dev = dev;
	key.neigh.ip = *ip;
	return key;
}

struct slot_key slot_key_route(uint32_t table, uint32_t metric, const struct prefix *prefix)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_ROUTE;
	key.route.table = table;
	key.route.metric = metric;
	key.route.prefix = *prefix;
	return key;
}

struct slot_key slot_key_bridge_port(ifindex_t port)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_BRIDGE_PORT;
	key.bridge_port = port;
	return key;
}

struct slot_key slot_key_link(ifindex_t dev)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_LINK;
	key.link = dev;
	return key;
}

struct slot_key slot_key_addr(ifindex_t dev, const struct prefix *prefix)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_ADDR;
	key.addr.dev = dev;
	key.addr.prefix = *prefix;
	return key;
}

struct slot_key slot_key_nexthop(uint32_t id)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = SLOT_NEXTHOP;
	key.nexthop.id = id;
	return key;
}

bool kernel_event_slot(
    const struct kernel_event *e, struct slot_key *key, struct slot_content *content, bool *present)
{
	memset(content, 0, sizeof(*content));
	*present = false;
	switch (e->kind) {
	case KERNEL_FDB_NEW:
		*present = true;
		/* fall through */
	case KERNEL_FDB_DEL:
		*key = slot_key_fdb(e->fdb.key.bridge, e->fdb.key.vlan, &e->fdb.key.mac);
		content->fdb = e->fdb.entry;
		return true;
	case KERNEL_VXLAN_FDB_NEW:
		*present = true;
		/* fall through */
	case KERNEL_VXLAN_FDB_DEL:
		*key = slot_key_vxlan_fdb(
		    e->vxlan_fdb.key.dev, e->vxlan_fdb.key.source_vni, &e->vxlan_fdb.key.mac);
		content->vxlan_fdb = e->vxlan_fdb.entry;
		return true;
	case KERNEL_FLOOD_NEW:
		*present = true;
		/* fall through */
	case KERNEL_FLOOD_DEL:
		*key =
		    slot_key_flood(e->flood.key.dev, e->flood.key.source_vni, &e->flood.key.vtep);
		content->flood = e->flood.entry;
		return true;
	case KERNEL_NEIGH_NEW:
		*present = true;
		/* fall through */
	case KERNEL_NEIGH_DEL:
		*key = slot_key_neigh(e->neigh.key.dev, &e->neigh.key.ip);
		content->neigh = e->neigh.entry;
		return true;
	case KERNEL_ROUTE_NEW:
		*present = true;
		/* fall through */
	case KERNEL_ROUTE_DEL:
		*key =
		    slot_key_route(e->route.key.table, e->route.key.metric, &e->route.key.prefix);
		content->route = e->route.entry;
		return true;
	case KERNEL_ADDR_NEW:
		*present = true;
		/* fall through */
	case KERNEL_ADDR_DEL:
		*key = slot_key_addr(e->addr.dev, &e->addr.prefix);
		content->addr = e->addr.entry;
		return true;
	case KERNEL_NEXTHOP_NEW:
		*present = true;
		/* fall through */
	case KERNEL_NEXTHOP_DEL:
		*key = slot_key_nexthop(e->nexthop.key.id);
		content->nexthop = e->nexthop.entry;
		return true;
	case KERNEL_LINK_NEW:
	case KERNEL_LINK_DEL:
	case KERNEL_PORT_VLANS:
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
	case KERNEL_OVERRUN:
		break;
	}
	return false;
}

struct kernel_event kernel_event_from_slot(
    const struct slot_key *key, const struct slot_content *content, bool present)
{
	struct kernel_event e;

	memset(&e, 0, sizeof(e));
	switch (key->kind) {
	case SLOT_FDB:
		e.kind = present ? KERNEL_FDB_NEW : KERNEL_FDB_DEL;
		e.fdb.key = key->fdb;
		e.fdb.entry = content->fdb;
		break;
	case SLOT_VXLAN_FDB:
		e.kind = present ? KERNEL_VXLAN_FDB_NEW : KERNEL_VXLAN_FDB_DEL;
		e.vxlan_fdb.key = key->vxlan_fdb;
		e.vxlan_fdb.entry = content->vxlan_fdb;
		break;
	case SLOT_FLOOD:
		e.kind = present ? KERNEL_FLOOD_NEW : KERNEL_FLOOD_DEL;
		e.flood.key = key->flood;
		e.flood.entry = content->flood;
		break;
	case SLOT_NEIGH:
		e.kind = present ? KERNEL_NEIGH_NEW : KERNEL_NEIGH_DEL;
		e.neigh.key = key->neigh;
		e.neigh.entry = content->neigh;
		break;
	case SLOT_ROUTE:
		e.kind = present ? KERNEL_ROUTE_NEW : KERNEL_ROUTE_DEL;
		e.route.key = key->route;
		e.route.entry = content->route;
		break;
	case SLOT_ADDR:
		e.kind = present ? KERNEL_ADDR_NEW : KERNEL_ADDR_DEL;
		e.addr.dev = key->addr.dev;
		e.addr.prefix = key->addr.prefix;
		e.addr.entry = content->addr;
		break;
	case SLOT_NEXTHOP:
		e.kind = present ? KERNEL_NEXTHOP_NEW : KERNEL_NEXTHOP_DEL;
		e.nexthop.key = key->nexthop;
		e.nexthop.entry = content->nexthop;
		break;
	case SLOT_BRIDGE_PORT:
	case SLOT_LINK:
		break;
	}
	return e;
}

static size_t key_size(enum slot_kind kind)
{
	switch (kind) {
	case SLOT_FDB:
		return sizeof(struct fdb_key);
	case SLOT_VXLAN_FDB:
		return sizeof(struct vxlan_fdb_key);
	case SLOT_FLOOD:
		return sizeof(struct flood_key);
	case SLOT_NEIGH:
		return sizeof(struct neigh_key);
	case SLOT_ROUTE:
		return sizeof(struct route_key);
	case SLOT_BRIDGE_PORT:
	case SLOT_LINK:
		return sizeof(ifindex_t);
	case SLOT_ADDR:
		return sizeof(struct addr_key);
	case SLOT_NEXTHOP:
		return sizeof(struct nexthop_key);
	}
	return 0;
}

bool slot_key_equal(const struct slot_key *a, const struct slot_key *b)
{
	return a->kind == b->kind && memcmp(&a->fdb, &b->fdb, key_size(a->kind)) == 0;
}

/* One number for all states that the kernel changes among by itself. */
static uint16_t nud_class(uint16_t nud, uint16_t self_moving)
{
	if ((nud & self_moving) != 0)
		return self_moving;
	return (nud & NUD_UNRESOLVED) != 0 ? NUD_UNRESOLVED : nud;
}

static bool fdb_equal(const struct fdb_entry *a, const struct fdb_entry *b)
{
	return ifindex_equal(a->port, b->port) && a->ntf == b->ntf && a->locked == b->locked &&
	       nud_class(a->nud, NUD_REACHABLE | NUD_STALE) ==
		   nud_class(b->nud, NUD_REACHABLE | NUD_STALE);
}

static bool vxlan_fdb_equal(const struct vxlan_fdb_entry *a, const struct vxlan_fdb_entry *b)
{
	return ip_equal(&a->dst, &b->dst) && a->nhid == b->nhid && a->nud == b->nud &&
	       a->ntf == b->ntf;
}

static bool neigh_equal(const struct neigh_entry *a, const struct neigh_entry *b)
{
	return mac_equal(&a->lladdr, &b->lladdr) && a->ntf == b->ntf &&
	       a->protocol == b->protocol &&
	       nud_class(a->nud, NUD_LEARNED_NEIGH) == nud_class(b->nud, NUD_LEARNED_NEIGH);
}

static bool nexthop_equal(const struct route_nexthop *a, const struct route_nexthop *b)
{
	return ip_equal(&a->gateway, &b->gateway) && ifindex_equal(a->dev, b->dev) &&
	       a->weight == b->weight;
}

/* Nexthops are a set: the kernel may show them in another order. */
static bool nexthops_within(const struct route_entry *a, const struct route_entry *b)
{
	for (unsigned i = 0; i < a->nexthop_count; i++) {
		unsigned j = 0;

		while (j < b->nexthop_count && !nexthop_equal(&a->nexthops[i], &b->nexthops[j]))
			j++;
		if (j == b->nexthop_count)
			return false;
	}
	return true;
}

static bool route_equal(const struct route_entry *a, const struct route_entry *b)
{
	if (a->protocol != b->protocol || a->type != b->type ||
	    !ip_equal(&a->prefsrc, &b->prefsrc) || a->nhid != b->nhid)
		return false;
	return a->nexthop_count == b->nexthop_count && nexthops_within(a, b) &&
	       nexthops_within(b, a);
}

/* The kernel keeps members in the order given, and does not repeat any. */
static bool members_equal(const struct nexthop_entry *a, const struct nexthop_entry *b)
{
	for (unsigned i = 0; i < a->member_count; i++)
		if (a->members[i].id != b->members[i].id ||
		    a->members[i].weight != b->members[i].weight)
			return false;
	return true;
}

static bool nexthop_object_equal(const struct nexthop_entry *a, const struct nexthop_entry *b)
{
	return a->protocol == b->protocol && a->foreign_kind == b->foreign_kind &&
	       a->member_count == b->member_count && ip_equal(&a->gateway, &b->gateway) &&
	       ifindex_equal(a->dev, b->dev) && members_equal(a, b);
}

bool slot_content_equal(
    enum slot_kind kind, const struct slot_content *a, const struct slot_content *b)
{
	switch (kind) {
	case SLOT_FDB:
		return fdb_equal(&a->fdb, &b->fdb);
	case SLOT_VXLAN_FDB:
		return vxlan_fdb_equal(&a->vxlan_fdb, &b->vxlan_fdb);
	case SLOT_FLOOD:
		/* Flags and state are those of the zero MAC: they tell nothing of one
		 * destination. */
		return true;
	case SLOT_NEIGH:
		return neigh_equal(&a->neigh, &b->neigh);
	case SLOT_ROUTE:
		return route_equal(&a->route, &b->route);
	case SLOT_BRIDGE_PORT:
		return a->bridge_port.learning == b->bridge_port.learning;
	case SLOT_LINK:
		return a->link.up == b->link.up;
	case SLOT_ADDR:
		return a->addr.protocol == b->addr.protocol;
	case SLOT_NEXTHOP:
		return nexthop_object_equal(&a->nexthop, &b->nexthop);
	}
	return false;
}

void slot_content_keep(enum slot_kind kind, struct slot_content *c)
{
	if (kind == SLOT_ROUTE)
		c->route.nexthops =
		    mem_dup(c->route.nexthops, c->route.nexthop_count * sizeof(*c->route.nexthops));
	else if (kind == SLOT_NEXTHOP)
		c->nexthop.members = mem_dup(
		    c->nexthop.members, c->nexthop.member_count * sizeof(*c->nexthop.members));
}

void slot_content_drop(enum slot_kind kind, struct slot_content *c)
{
	if (kind == SLOT_ROUTE)
		mem_free((void *)(uintptr_t)c->route.nexthops);
	else if (kind == SLOT_NEXTHOP)
		mem_free((void *)(uintptr_t)c->nexthop.members);
}

const char *slot_key_text(const struct slot_key *key, char *text)
{
	char mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX], prefix[PREFIX_TEXT_MAX];

	switch (key->kind) {
	case SLOT_FDB:
		snprintf(text, SLOT_TEXT_MAX, "fdb if%u vlan %u %s", key->fdb.bridge.v,
		    key->fdb.vlan, mac_text(&key->fdb.mac, mac));
		break;
	case SLOT_VXLAN_FDB:
		snprintf(text, SLOT_TEXT_MAX, "vxlan-fdb if%u vni %u %s", key->vxlan_fdb.dev.v,
		    key->vxlan_fdb.source_vni.v, mac_text(&key->vxlan_fdb.mac, mac));
		break;
	case SLOT_FLOOD:
		snprintf(text, SLOT_TEXT_MAX, "flood if%u vni %u %s", key->flood.dev.v,
		    key->flood.source_vni.v, ip_text(&key->flood.vtep, ip));
		break;
	case SLOT_NEIGH:
		snprintf(text, SLOT_TEXT_MAX, "neigh if%u %s", key->neigh.dev.v,
		    ip_text(&key->neigh.ip, ip));
		break;
	case SLOT_ROUTE:
		snprintf(text, SLOT_TEXT_MAX, "route table %u metric %u %s", key->route.table,
		    key->route.metric, prefix_text(&key->route.prefix, prefix));
		break;
	case SLOT_BRIDGE_PORT:
		snprintf(text, SLOT_TEXT_MAX, "port if%u", key->bridge_port.v);
		break;
	case SLOT_LINK:
		snprintf(text, SLOT_TEXT_MAX, "link if%u", key->link.v);
		break;
	case SLOT_ADDR:
		snprintf(text, SLOT_TEXT_MAX, "addr if%u %s", key->addr.dev.v,
		    prefix_text(&key->addr.prefix, prefix));
		break;
	case SLOT_NEXTHOP:
		snprintf(text, SLOT_TEXT_MAX, "nexthop id %u", key->nexthop.id);
		break;
	}
	return text;
}

static const char *nud_text(uint16_t nud)
{
	switch (nud) {
	case NUD_PERMANENT:
		return "permanent";
	case NUD_NOARP:
		return "noarp";
	case NUD_REACHABLE | NUD_NOARP:
		return "reachable,noarp";
	case NUD_REACHABLE:
		return "reachable";
	case NUD_STALE:
		return "stale";
	case NUD_DELAY:
		return "delay";
	case NUD_PROBE:
		return "probe";
	case NUD_INCOMPLETE:
		return "incomplete";
	case NUD_FAILED:
		return "failed";
	case NUD_NONE:
		return "none";
	default: /* any other combination of the kernel's bits */
		return "mixed";
	}
}

static const char *ntf_text(uint8_t ntf)
{
	switch (ntf & (NTF_EXT_LEARNED | NTF_STICKY)) {
	case NTF_EXT_LEARNED | NTF_STICKY:
		return " extern_learn sticky";
	case NTF_EXT_LEARNED:
		return " extern_learn";
	case NTF_STICKY:
		return " sticky";
	default:
		return "";
	}
}

static void route_text(const struct route_entry *r, char *text)
{
	int at = snprintf(text, SLOT_TEXT_MAX, "proto %u", r->protocol);
	char ip[IP_TEXT_MAX];

	if (r->nhid != 0 && at > 0)
		at += snprintf(text + at, SLOT_TEXT_MAX - (size_t)at, " nhid %u", r->nhid);

	for (unsigned i = 0; i < r->nexthop_count && at > 0 && at < SLOT_TEXT_MAX; i++)
		at += snprintf(text + at, SLOT_TEXT_MAX - (size_t)at, " via %s if%u",
		    ip_text(&r->nexthops[i].gateway, ip), r->nexthops[i].dev.v);
}

static void nexthop_text(const struct nexthop_entry *e, char *text)
{
	int at = snprintf(text, SLOT_TEXT_MAX, "proto %u", e->protocol);
	char ip[IP_TEXT_MAX];

	if (at > 0 && e->member_count == 0)
		snprintf(text + at, SLOT_TEXT_MAX - (size_t)at, " via %s if%u%s",
		    ip_text(&e->gateway, ip), e->dev.v,
		    e->foreign_kind ? " of a foreign kind" : "");
	for (unsigned i = 0; i < e->member_count && at > 0 && at < SLOT_TEXT_MAX; i++)
		at += snprintf(text + at, SLOT_TEXT_MAX - (size_t)at, "%s%u,%u",
		    i == 0 ? " group " : "/", e->members[i].id, e->members[i].weight);
}

const char *slot_content_text(enum slot_kind kind, const struct slot_content *c, char *text)
{
	char mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX];

	switch (kind) {
	case SLOT_FDB:
		snprintf(text, SLOT_TEXT_MAX, "if%u %s%s%s", c->fdb.port.v, nud_text(c->fdb.nud),
		    ntf_text(c->fdb.ntf), c->fdb.locked ? " locked" : "");
		break;
	case SLOT_VXLAN_FDB:
		snprintf(text, SLOT_TEXT_MAX, "dst %s nhid %u %s%s", ip_text(&c->vxlan_fdb.dst, ip),
		    c->vxlan_fdb.nhid, nud_text(c->vxlan_fdb.nud), ntf_text(c->vxlan_fdb.ntf));
		break;
	case SLOT_FLOOD:
		snprintf(
		    text, SLOT_TEXT_MAX, "%s%s", nud_text(c->flood.nud), ntf_text(c->flood.ntf));
		break;
	case SLOT_NEIGH:
		snprintf(text, SLOT_TEXT_MAX, "%s %s%s proto %u", mac_text(&c->neigh.lladdr, mac),
		    nud_text(c->neigh.nud), ntf_text(c->neigh.ntf), c->neigh.protocol);
		break;
	case SLOT_ROUTE:
		route_text(&c->route, text);
		break;
	case SLOT_BRIDGE_PORT:
		snprintf(
		    text, SLOT_TEXT_MAX, "learning %s", c->bridge_port.learning ? "on" : "off");
		break;
	case SLOT_LINK:
		snprintf(text, SLOT_TEXT_MAX, "%s", c->link.up ? "up" : "down");
		break;
	case SLOT_ADDR:
		snprintf(text, SLOT_TEXT_MAX, "proto %u", c->addr.protocol);
		break;
	case SLOT_NEXTHOP:
		nexthop_text(&c->nexthop, text);
		break;
	}
	return text;
}
