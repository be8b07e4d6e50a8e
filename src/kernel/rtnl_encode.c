/*
 * rtnetlink encoder: one function per kind of slot. Each message names exactly one slot, with the
 * VLAN always given on a filtering bridge and the destination always given where there is one.
 */
#include "kernel/rtnl_encode.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <libmnl/libmnl.h>

#ifndef IFA_PROTO
#define IFA_PROTO 11
#endif

static struct nlmsghdr *begin(void *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return h;
}

static uint8_t family_of(const struct ip *ip)
{
	return ip->family == IP_V4 ? AF_INET : AF_INET6;
}

static void put_ip(struct nlmsghdr *h, uint16_t type, const struct ip *ip)
{
	mnl_attr_put(h, type, ip_size(ip), ip->b);
}

static void put_mac(struct nlmsghdr *h, const struct mac *mac)
{
	mnl_attr_put(h, NDA_LLADDR, sizeof(*mac), mac);
}

/* RTM_NEWNEIGH or RTM_DELNEIGH with its fixed part. */
static struct nlmsghdr *neigh_message(void *buffer, bool remove, uint16_t flags, uint8_t family,
    ifindex_t dev, uint16_t nud, uint8_t ntf)
{
	struct nlmsghdr *h =
	    begin(buffer, remove ? RTM_DELNEIGH : RTM_NEWNEIGH, remove ? 0 : flags);
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof(*n));

	n->ndm_family = family;
	n->ndm_ifindex = (int)dev.v;
	n->ndm_state = nud;
	n->ndm_flags = ntf;
	return h;
}

/* NLM_F_REPLACE means nothing to the bridge; exclusive counts only without NTF_EXT_LEARNED. */
static struct nlmsghdr *write_fdb(void *buffer, const struct kernel_op *op)
{
	const struct fdb_entry *e = &op->content.fdb;
	uint16_t flags = NLM_F_CREATE | (op->verb == KERNEL_ADD ? NLM_F_EXCL : NLM_F_REPLACE);
	struct nlmsghdr *h = neigh_message(buffer, op->verb == KERNEL_DELETE, flags, AF_BRIDGE,
	    e->port, e->nud, (uint8_t)(NTF_MASTER | (e->ntf & (NTF_EXT_LEARNED | NTF_STICKY))));

	put_mac(h, &op->key.fdb.mac);
	if (op->key.fdb.vlan != 0)
		mnl_attr_put_u16(h, NDA_VLAN, op->key.fdb.vlan);
	return h;
}

static struct nlmsghdr *write_vxlan_fdb(void *buffer, const struct kernel_op *op)
{
	const struct vxlan_fdb_entry *e = &op->content.vxlan_fdb;
	uint16_t flags = NLM_F_CREATE | (op->verb == KERNEL_ADD ? NLM_F_EXCL : NLM_F_REPLACE);
	struct nlmsghdr *h = neigh_message(buffer, op->verb == KERNEL_DELETE, flags, AF_BRIDGE,
	    op->key.vxlan_fdb.dev, e->nud, (uint8_t)(NTF_SELF | (e->ntf & NTF_EXT_LEARNED)));

	put_mac(h, &op->key.vxlan_fdb.mac);
	if (e->dst.family != IP_NONE)
		put_ip(h, NDA_DST, &e->dst);
	if (op->key.vxlan_fdb.source_vni.v != 0)
		mnl_attr_put_u32(h, NDA_SRC_VNI, op->key.vxlan_fdb.source_vni.v);
	return h;
}

static struct nlmsghdr *write_flood(void *buffer, const struct kernel_op *op)
{
	static const struct mac zero;
	const struct flood_entry *e = &op->content.flood;
	struct nlmsghdr *h =
	    neigh_message(buffer, op->verb == KERNEL_DELETE, NLM_F_CREATE | NLM_F_APPEND, AF_BRIDGE,
		op->key.flood.dev, e->nud, (uint8_t)(NTF_SELF | (e->ntf & NTF_EXT_LEARNED)));

	put_mac(h, &zero);
	put_ip(h, NDA_DST, &op->key.flood.vtep);
	if (op->key.flood.source_vni.v != 0)
		mnl_attr_put_u32(h, NDA_SRC_VNI, op->key.flood.source_vni.v);
	return h;
}

/* NTF_USE makes the kernel ask the neighbour as if there were traffic; it changes nothing else. */
static struct nlmsghdr *probe_neigh(void *buffer, const struct kernel_op *op)
{
	struct nlmsghdr *h = neigh_message(
	    buffer, false, 0, family_of(&op->key.neigh.ip), op->key.neigh.dev, NUD_NONE, NTF_USE);

	put_ip(h, NDA_DST, &op->key.neigh.ip);
	return h;
}

static struct nlmsghdr *write_neigh(void *buffer, const struct kernel_op *op)
{
	const struct neigh_entry *e = &op->content.neigh;
	uint16_t flags = op->verb == KERNEL_ADD ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_REPLACE;
	struct nlmsghdr *h = neigh_message(buffer, op->verb == KERNEL_DELETE, flags,
	    family_of(&op->key.neigh.ip), op->key.neigh.dev, e->nud, e->ntf);

	put_ip(h, NDA_DST, &op->key.neigh.ip);
	if (op->verb == KERNEL_DELETE)
		return h;
	if (!mac_is_zero(&e->lladdr))
		put_mac(h, &e->lladdr);
	if (e->protocol != 0)
		mnl_attr_put_u8(h, NDA_PROTOCOL, e->protocol);
	return h;
}

/* The gateway of a route of `family`: of another family it goes into RTA_VIA (RFC 8950). */
static void put_gateway(struct nlmsghdr *h, uint8_t family, const struct ip *gateway)
{
	struct {
		uint16_t family;
		uint8_t b[16];
	} via = {.family = family_of(gateway)};

	if (gateway->family == IP_NONE)
		return;
	memcpy(via.b, gateway->b, 16);
	if (family_of(gateway) == family)
		put_ip(h, RTA_GATEWAY, gateway);
	else
		mnl_attr_put(h, RTA_VIA, 2 + ip_size(gateway), &via);
}

static void put_multipath(struct nlmsghdr *h, uint8_t family, const struct route_entry *e)
{
	struct nlattr *nest = mnl_attr_nest_start(h, RTA_MULTIPATH);

	for (size_t i = 0; i < e->nexthop_count; i++) {
		const struct route_nexthop *hop = &e->nexthops[i];
		struct rtnexthop *r = mnl_nlmsg_get_payload_tail(h);

		memset(r, 0, sizeof(*r));
		r->rtnh_ifindex = (int)hop->dev.v;
		r->rtnh_hops = (uint8_t)(hop->weight > 0 ? hop->weight - 1 : 0);
		r->rtnh_flags = hop->gateway.family != IP_NONE ? RTNH_F_ONLINK : 0;
		h->nlmsg_len += (uint32_t)sizeof(*r);
		put_gateway(h, family, &hop->gateway);
		r->rtnh_len = (uint16_t)((uint8_t *)mnl_nlmsg_get_payload_tail(h) - (uint8_t *)r);
	}
	mnl_attr_nest_end(h, nest);
}

static void put_nexthops(struct nlmsghdr *h, struct rtmsg *r, const struct route_entry *e)
{
	if (e->nexthop_count > 1) {
		put_multipath(h, r->rtm_family, e);
	} else if (e->nexthop_count == 1) {
		put_gateway(h, r->rtm_family, &e->nexthops[0].gateway);
		mnl_attr_put_u32(h, RTA_OIF, e->nexthops[0].dev.v);
		if (e->nexthops[0].gateway.family != IP_NONE)
			r->rtm_flags = RTNH_F_ONLINK;
	}
}

/* A gateway is looked up on links only, so a route to a link must say that it is one. */
static uint8_t scope_of(const struct route_entry *e)
{
	for (size_t i = 0; i < e->nexthop_count; i++)
		if (e->nexthops[i].gateway.family != IP_NONE)
			return RT_SCOPE_UNIVERSE;
	return e->nexthop_count > 0 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/* With protocol and metric given, a delete never meets another writer's route. */
static struct nlmsghdr *write_route(void *buffer, const struct kernel_op *op)
{
	const struct route_key *key = &op->key.route;
	const struct route_entry *e = &op->content.route;
	bool remove = op->verb == KERNEL_DELETE;
	uint16_t flags = NLM_F_CREATE | (op->verb == KERNEL_ADD ? NLM_F_EXCL : NLM_F_REPLACE);
	struct nlmsghdr *h =
	    begin(buffer, remove ? RTM_DELROUTE : RTM_NEWROUTE, remove ? 0 : flags);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->rtm_family = family_of(&key->prefix.addr);
	r->rtm_dst_len = key->prefix.len;
	r->rtm_table = key->table < 256 ? (uint8_t)key->table : RT_TABLE_UNSPEC;
	r->rtm_protocol = e->protocol;
	r->rtm_scope = remove ? RT_SCOPE_NOWHERE : scope_of(e);
	r->rtm_type = remove ? RTN_UNSPEC : e->type;
	put_ip(h, RTA_DST, &key->prefix.addr);
	mnl_attr_put_u32(h, RTA_TABLE, key->table);
	mnl_attr_put_u32(h, RTA_PRIORITY, key->metric);
	if (remove)
		return h;
	if (e->nhid != 0)
		mnl_attr_put_u32(h, RTA_NH_ID, e->nhid);
	else
		put_nexthops(h, r, e);
	if (e->prefsrc.family != IP_NONE)
		put_ip(h, RTA_PREFSRC, &e->prefsrc);
	return h;
}

static struct nlmsghdr *write_bridge_port(void *buffer, const struct kernel_op *op)
{
	struct nlmsghdr *h = begin(buffer, RTM_SETLINK, 0);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	struct nlattr *nest;

	i->ifi_family = AF_BRIDGE;
	i->ifi_index = (int)op->key.bridge_port.v;
	nest = mnl_attr_nest_start(h, IFLA_PROTINFO);
	mnl_attr_put_u8(h, IFLA_BRPORT_LEARNING, op->content.bridge_port.learning);
	mnl_attr_nest_end(h, nest);
	return h;
}

static struct nlmsghdr *write_link(void *buffer, const struct kernel_op *op)
{
	struct nlmsghdr *h = begin(buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));

	i->ifi_family = AF_UNSPEC;
	i->ifi_index = (int)op->key.link.v;
	i->ifi_change = IFF_UP;
	i->ifi_flags = op->content.link.up ? IFF_UP : 0;
	return h;
}

static struct nlmsghdr *write_addr(void *buffer, const struct kernel_op *op)
{
	const struct prefix *p = &op->key.addr.prefix;
	bool remove = op->verb == KERNEL_DELETE;
	struct nlmsghdr *h = begin(
	    buffer, remove ? RTM_DELADDR : RTM_NEWADDR, remove ? 0 : NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));

	i->ifa_family = family_of(&p->addr);
	i->ifa_prefixlen = p->len;
	i->ifa_index = op->key.addr.dev.v;
	put_ip(h, IFA_LOCAL, &p->addr);
	put_ip(h, IFA_ADDRESS, &p->addr);
	if (!remove && op->content.addr.protocol != 0)
		mnl_attr_put_u8(h, IFA_PROTO, op->content.addr.protocol);
	return h;
}

/* The scope of a delete is its id alone: a protocol in its header is refused. */
static struct nlmsghdr *delete_nexthop(void *buffer, uint32_t id)
{
	struct nlmsghdr *h = begin(buffer, RTM_DELNEXTHOP, 0);

	mnl_nlmsg_put_extra_header(h, sizeof(struct nhmsg));
	mnl_attr_put_u32(h, NHA_ID, id);
	return h;
}

static void put_group(struct nlmsghdr *h, const struct nexthop_entry *e)
{
	struct nexthop_grp group[ROUTE_NEXTHOPS_MAX] = {0};

	for (size_t i = 0; i < e->member_count; i++) {
		group[i].id = e->members[i].id;
		group[i].weight = (uint8_t)(e->members[i].weight - 1);
	}
	mnl_attr_put(h, NHA_GROUP, e->member_count * sizeof(*group), group);
}

/* Replace without create: an object that has vanished is not ours any more. */
static struct nlmsghdr *write_nexthop(void *buffer, const struct kernel_op *op)
{
	const struct nexthop_entry *e = &op->content.nexthop;
	uint16_t flags = op->verb == KERNEL_ADD ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_REPLACE;
	struct nlmsghdr *h;
	struct nhmsg *n;

	if (op->verb == KERNEL_DELETE)
		return delete_nexthop(buffer, op->key.nexthop.id);
	h = begin(buffer, RTM_NEWNEXTHOP, flags);
	n = mnl_nlmsg_put_extra_header(h, sizeof(*n));
	n->nh_protocol = e->protocol;
	mnl_attr_put_u32(h, NHA_ID, op->key.nexthop.id);
	if (e->member_count > 0) {
		n->nh_family = AF_UNSPEC;
		put_group(h, e);
		return h;
	}
	n->nh_family = family_of(&e->gateway);
	n->nh_flags = RTNH_F_ONLINK;
	put_ip(h, NHA_GATEWAY, &e->gateway);
	mnl_attr_put_u32(h, NHA_OIF, e->dev.v);
	return h;
}

struct nlmsghdr *rtnl_encode_write(void *buffer, const struct kernel_op *op)
{
	if (op->verb == KERNEL_READ)
		return NULL;
	if (op->verb == KERNEL_PROBE)
		return op->key.kind == SLOT_NEIGH ? probe_neigh(buffer, op) : NULL;
	switch (op->key.kind) {
	case SLOT_FDB:
		return write_fdb(buffer, op);
	case SLOT_VXLAN_FDB:
		return write_vxlan_fdb(buffer, op);
	case SLOT_FLOOD:
		return write_flood(buffer, op);
	case SLOT_NEIGH:
		return write_neigh(buffer, op);
	case SLOT_ROUTE:
		return write_route(buffer, op);
	case SLOT_BRIDGE_PORT:
		return write_bridge_port(buffer, op);
	case SLOT_LINK:
		return write_link(buffer, op);
	case SLOT_ADDR:
		return write_addr(buffer, op);
	case SLOT_NEXTHOP:
		return write_nexthop(buffer, op);
	}
	return NULL;
}

/* ---- reads
 * --------------------------------------------------------------------------------------- */

static struct nlmsghdr *read_message(void *buffer, uint8_t family, ifindex_t dev, uint8_t ntf)
{
	struct nlmsghdr *h = begin(buffer, RTM_GETNEIGH, 0);
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof(*n));

	n->ndm_family = family;
	n->ndm_ifindex = (int)dev.v;
	n->ndm_flags = ntf;
	return h;
}

/* By the bridge alone: the entry is returned wherever it points. */
static struct nlmsghdr *read_fdb(void *buffer, const struct fdb_key *key)
{
	struct nlmsghdr *h = read_message(buffer, AF_BRIDGE, (ifindex_t){0}, NTF_MASTER);

	put_mac(h, &key->mac);
	mnl_attr_put_u32(h, NDA_MASTER, key->bridge.v);
	if (key->vlan != 0)
		mnl_attr_put_u16(h, NDA_VLAN, key->vlan);
	return h;
}

static struct nlmsghdr *read_vxlan_fdb(void *buffer, const struct vxlan_fdb_key *key)
{
	struct nlmsghdr *h = read_message(buffer, AF_BRIDGE, key->dev, NTF_SELF);

	put_mac(h, &key->mac);
	if (key->source_vni.v != 0)
		mnl_attr_put_u32(h, NDA_VNI, key->source_vni.v);
	return h;
}

struct nlmsghdr *rtnl_encode_read(void *buffer, const struct slot_key *key)
{
	struct nlmsghdr *h;

	switch (key->kind) {
	case SLOT_FDB:
		return read_fdb(buffer, &key->fdb);
	case SLOT_VXLAN_FDB:
		return read_vxlan_fdb(buffer, &key->vxlan_fdb);
	case SLOT_NEIGH:
		h = read_message(buffer, family_of(&key->neigh.ip), key->neigh.dev, 0);
		put_ip(h, NDA_DST, &key->neigh.ip);
		return h;
	case SLOT_NEXTHOP:
		h = begin(buffer, RTM_GETNEXTHOP, 0);
		mnl_nlmsg_put_extra_header(h, sizeof(struct nhmsg));
		mnl_attr_put_u32(h, NHA_ID, key->nexthop.id);
		return h;
	case SLOT_FLOOD:
	case SLOT_ROUTE:
	case SLOT_BRIDGE_PORT:
	case SLOT_LINK:
	case SLOT_ADDR:
		break;
	}
	return NULL;
}

/* ---- dumps
 * --------------------------------------------------------------------------------------------- */

static struct nlmsghdr *dump_links(void *buffer, uint8_t family)
{
	struct nlmsghdr *h = begin(buffer, RTM_GETLINK, NLM_F_DUMP);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));

	i->ifi_family = family;
	mnl_attr_put_u32(h, IFLA_EXT_MASK,
	    family == AF_BRIDGE ? RTEXT_FILTER_BRVLAN_COMPRESSED : RTEXT_FILTER_SKIP_STATS);
	return h;
}

static struct nlmsghdr *dump_addrs(void *buffer)
{
	struct nlmsghdr *h = begin(buffer, RTM_GETADDR, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(h, sizeof(struct ifaddrmsg));
	return h;
}

static struct nlmsghdr *dump_neighs(void *buffer, uint8_t family)
{
	struct nlmsghdr *h = begin(buffer, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof(*n));

	n->ndm_family = family;
	return h;
}

static struct nlmsghdr *dump_routes(void *buffer, uint8_t family)
{
	struct nlmsghdr *h = begin(buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->rtm_family = family;
	return h;
}

struct nlmsghdr *rtnl_encode_dump(void *buffer, enum kernel_table table, unsigned step)
{
	struct nlmsghdr *h;

	switch (table) {
	case TABLE_LINKS:
		if (step < 2)
			return dump_links(buffer, step == 0 ? AF_UNSPEC : AF_BRIDGE);
		return step == 2 ? dump_addrs(buffer) : NULL;
	case TABLE_FDB:
		return step == 0 ? dump_neighs(buffer, AF_BRIDGE) : NULL;
	case TABLE_NEIGH:
		return step < 2 ? dump_neighs(buffer, step == 0 ? AF_INET : AF_INET6) : NULL;
	case TABLE_NEXTHOPS:
		if (step > 0)
			return NULL;
		h = begin(buffer, RTM_GETNEXTHOP, NLM_F_DUMP);
		mnl_nlmsg_put_extra_header(h, sizeof(struct nhmsg));
		return h;
	case TABLE_ROUTES:
		return step < 2 ? dump_routes(buffer, step == 0 ? AF_INET : AF_INET6) : NULL;
	case TABLE_COUNT:
		break;
	}
	return NULL;
}
