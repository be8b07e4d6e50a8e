/*
 * rtnetlink decoder: one function per object, a table of wanted attributes and sizes each.
 *
 * What it does not emit: SELF rows without a destination (6.1 and 6.12 repeat each request so),
 * rows of other devices' own filters, cloned and local routes, proxy neighbours.
 */
#include "kernel/rtnl_decode.h"

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

#ifndef NTF_EXT_LOCKED
#define NTF_EXT_LOCKED (1 << 1)
#endif

#define ATTRS_MAX 80
#define VLANS_MAX 4094 /* ranges on one port */
#define ALIGNED(size) (((size_t)(size) + 3) & ~(size_t)3)

/* libmnl's own walk compares lengths as signed numbers, and NLMSG_NEXT may step over the end. */
const struct nlmsghdr *rtnl_next(const void *bytes, size_t size, size_t *at)
{
	const struct nlmsghdr *h;

	if (*at > size || size - *at < sizeof(*h))
		return NULL;
	h = (const void *)((const uint8_t *)bytes + *at);
	if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > size - *at)
		return NULL;
	*at += ALIGNED(h->nlmsg_len);
	return h;
}

struct decoding {
	const struct nlmsghdr *h;
	bool from_dump;
	struct kernel_event event; /* the common fields are filled */
	rtnl_emit_fn *emit;
	void *context;
};

/* An attribute that is wanted: its type, and the one size that it may have; 0: any. */
struct wanted {
	uint16_t type;
	uint16_t size;
};

typedef const struct nlattr *attrs_t[ATTRS_MAX];

/* The wanted attributes of a run of `size` bytes; one of another size counts as absent. The last
 * of a repeated one wins. False when the run itself is malformed. */
static bool take_attrs(
    const void *bytes, size_t size, const struct wanted *wanted, size_t count, attrs_t out)
{
	const struct nlattr *a = bytes;
	size_t left = size;

	memset(out, 0, sizeof(attrs_t));
	while (left >= sizeof(*a)) {
		uint16_t type = a->nla_len >= sizeof(*a) ? mnl_attr_get_type(a) : 0;
		size_t step = ALIGNED(a->nla_len);

		if (a->nla_len < sizeof(*a) || a->nla_len > left)
			return false;
		for (size_t i = 0; i < count; i++)
			if (wanted[i].type == type &&
			    (wanted[i].size == 0 || mnl_attr_get_payload_len(a) == wanted[i].size))
				out[type] = a;
		if (step >= left)
			break;
		left -= step;
		a = (const void *)((const uint8_t *)a + step);
	}
	return true;
}

#define TAKE(bytes, size, wanted, out)                                                             \
	take_attrs(bytes, size, wanted, sizeof(wanted) / sizeof(*(wanted)), out)

/* The attributes behind the message's own header of `header` bytes. */
#define TAKE_MESSAGE(h, header, wanted, out)                                                       \
	(mnl_nlmsg_get_payload_len(h) >= ALIGNED(header) &&                                        \
	    TAKE(mnl_nlmsg_get_payload_offset(h, header),                                          \
		mnl_nlmsg_get_payload_len(h) - ALIGNED(header), wanted, out))

#define TAKE_NEST(a, wanted, out)                                                                  \
	((a) != NULL && TAKE(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), wanted, out))

static uint8_t get_u8(const struct nlattr *a)
{
	return a != NULL ? mnl_attr_get_u8(a) : 0;
}

static uint16_t get_u16(const struct nlattr *a)
{
	return a != NULL ? mnl_attr_get_u16(a) : 0;
}

static uint32_t get_u32(const struct nlattr *a)
{
	return a != NULL ? mnl_attr_get_u32(a) : 0;
}

static uint16_t get_be16(const struct nlattr *a)
{
	uint8_t b[2] = {0};

	if (a != NULL)
		memcpy(b, mnl_attr_get_payload(a), 2);
	return (uint16_t)(b[0] << 8 | b[1]);
}

static struct mac get_mac(const struct nlattr *a)
{
	struct mac m = {0};

	if (a != NULL)
		memcpy(&m, mnl_attr_get_payload(a), sizeof(m));
	return m;
}

/* An attribute of 4 or 16 bytes; IP_NONE for any other. */
static struct ip get_ip(const struct nlattr *a)
{
	size_t size = a != NULL ? mnl_attr_get_payload_len(a) : 0;

	if (size != 4 && size != 16)
		return (struct ip){0};
	return ip_from_bytes(mnl_attr_get_payload(a), size);
}

static bool kind_is(const struct nlattr *a, const char *kind)
{
	size_t n = strlen(kind), size = a != NULL ? mnl_attr_get_payload_len(a) : 0;

	return size >= n && memcmp(mnl_attr_get_payload(a), kind, n) == 0 &&
	       (size == n || ((const char *)mnl_attr_get_payload(a))[n] == '\0');
}

static bool is_new(uint16_t type)
{
	return type == RTM_NEWLINK || type == RTM_NEWADDR || type == RTM_NEWNEIGH ||
	       type == RTM_NEWROUTE;
}

static void emit(struct decoding *d, enum kernel_event_kind kind)
{
	d->event.kind = kind;
	d->emit(d->context, &d->event);
}

/* ---- links
 * --------------------------------------------------------------------------------------- */

static const struct wanted port_wanted[] = {{IFLA_BRPORT_STATE, 1}, {IFLA_BRPORT_LEARNING, 1},
    {IFLA_BRPORT_NEIGH_SUPPRESS, 1}, {IFLA_BRPORT_LOCKED, 1}};

static void decode_port(const struct nlattr *nest, struct link_port *port)
{
	attrs_t a;

	if (!TAKE_NEST(nest, port_wanted, a))
		return;
	port->valid = true;
	port->state = get_u8(a[IFLA_BRPORT_STATE]);
	port->learning = get_u8(a[IFLA_BRPORT_LEARNING]) != 0;
	port->neigh_suppress = get_u8(a[IFLA_BRPORT_NEIGH_SUPPRESS]) != 0;
	port->locked = get_u8(a[IFLA_BRPORT_LOCKED]) != 0;
}

static void decode_bridge(const struct nlattr *data, struct link *l)
{
	static const struct wanted wanted[] = {
	    {IFLA_BR_VLAN_FILTERING, 1}, {IFLA_BR_VLAN_DEFAULT_PVID, 2}};
	attrs_t a;

	l->kind = LINK_BRIDGE;
	if (!TAKE_NEST(data, wanted, a))
		return;
	l->bridge.vlan_filtering = get_u8(a[IFLA_BR_VLAN_FILTERING]) != 0;
	l->bridge.default_pvid = get_u16(a[IFLA_BR_VLAN_DEFAULT_PVID]);
}

#ifndef IFLA_VXLAN_VNIFILTER
#define IFLA_VXLAN_VNIFILTER (IFLA_VXLAN_DF + 1)
#endif

static void decode_vxlan(const struct nlattr *data, struct link *l)
{
	static const struct wanted wanted[] = {{IFLA_VXLAN_ID, 4}, {IFLA_VXLAN_LOCAL, 4},
	    {IFLA_VXLAN_LOCAL6, 16}, {IFLA_VXLAN_PORT, 2}, {IFLA_VXLAN_LEARNING, 1},
	    {IFLA_VXLAN_COLLECT_METADATA, 1}, {IFLA_VXLAN_VNIFILTER, 1}};
	attrs_t a;

	l->kind = LINK_VXLAN;
	if (!TAKE_NEST(data, wanted, a))
		return;
	l->vxlan.vni.v = get_u32(a[IFLA_VXLAN_ID]);
	l->vxlan.local =
	    get_ip(a[IFLA_VXLAN_LOCAL] != NULL ? a[IFLA_VXLAN_LOCAL] : a[IFLA_VXLAN_LOCAL6]);
	l->vxlan.port = get_be16(a[IFLA_VXLAN_PORT]);
	l->vxlan.learning = get_u8(a[IFLA_VXLAN_LEARNING]) != 0;
	l->vxlan.external = get_u8(a[IFLA_VXLAN_COLLECT_METADATA]) != 0;
	l->vxlan.vnifilter = get_u8(a[IFLA_VXLAN_VNIFILTER]) != 0;
}

static void decode_link_info(const struct nlattr *info, struct link *l)
{
	static const struct wanted wanted[] = {{IFLA_INFO_KIND, 0}, {IFLA_INFO_DATA, 0},
	    {IFLA_INFO_SLAVE_KIND, 0}, {IFLA_INFO_SLAVE_DATA, 0}};
	static const struct wanted vlan[] = {{IFLA_VLAN_ID, 2}};
	static const struct wanted vrf[] = {{IFLA_VRF_TABLE, 4}};
	attrs_t a, data;

	if (!TAKE_NEST(info, wanted, a))
		return;
	if (kind_is(a[IFLA_INFO_KIND], "bridge")) {
		decode_bridge(a[IFLA_INFO_DATA], l);
	} else if (kind_is(a[IFLA_INFO_KIND], "vxlan")) {
		decode_vxlan(a[IFLA_INFO_DATA], l);
	} else if (kind_is(a[IFLA_INFO_KIND], "vlan") && TAKE_NEST(a[IFLA_INFO_DATA], vlan, data)) {
		l->kind = LINK_VLAN;
		l->vlan_id = get_u16(data[IFLA_VLAN_ID]);
	} else if (kind_is(a[IFLA_INFO_KIND], "vrf") && TAKE_NEST(a[IFLA_INFO_DATA], vrf, data)) {
		l->kind = LINK_VRF;
		l->vrf_table = get_u32(data[IFLA_VRF_TABLE]);
	}
	if (kind_is(a[IFLA_INFO_SLAVE_KIND], "bridge"))
		decode_port(a[IFLA_INFO_SLAVE_DATA], &l->port);
}

static void get_name(const struct nlattr *a, char name[LINK_NAME_MAX])
{
	size_t size = a != NULL ? mnl_attr_get_payload_len(a) : 0;

	if (size > LINK_NAME_MAX - 1)
		size = LINK_NAME_MAX - 1;
	memset(name, 0, LINK_NAME_MAX);
	if (size > 0)
		memcpy(name, mnl_attr_get_payload(a), size);
}

static bool decode_link(struct decoding *d, const struct ifinfomsg *i)
{
	static const struct wanted wanted[] = {{IFLA_IFNAME, 0}, {IFLA_MASTER, 4}, {IFLA_LINK, 4},
	    {IFLA_LINK_NETNSID, 4}, {IFLA_ADDRESS, 6}, {IFLA_MTU, 4}, {IFLA_LINKINFO, 0}};
	struct link *l = &d->event.link;
	attrs_t a;

	if (!TAKE_MESSAGE(d->h, sizeof(*i), wanted, a))
		return false;
	*l = (struct link){.ifindex = {(uint32_t)i->ifi_index}};
	get_name(a[IFLA_IFNAME], l->name);
	l->kind = (i->ifi_flags & IFF_LOOPBACK) != 0 ? LINK_LOOPBACK : LINK_OTHER;
	l->master.v = get_u32(a[IFLA_MASTER]);
	l->lower.v = a[IFLA_LINK_NETNSID] == NULL ? get_u32(a[IFLA_LINK]) : 0;
	l->mac = get_mac(a[IFLA_ADDRESS]);
	l->mtu = get_u32(a[IFLA_MTU]);
	l->admin_up = (i->ifi_flags & IFF_UP) != 0;
	l->running = (i->ifi_flags & IFF_RUNNING) != 0;
	l->lower_up = (i->ifi_flags & IFF_LOWER_UP) != 0;
	decode_link_info(a[IFLA_LINKINFO], l);
	emit(d, KERNEL_LINK_NEW);
	return true;
}

/* One IFLA_BRIDGE_VLAN_INFO: a single VLAN, or one end of a range. */
static size_t take_vlan(const struct nlattr *a, uint16_t *first, struct port_vlan *vlan)
{
	struct bridge_vlan_info info;

	if (mnl_attr_get_type(a) != IFLA_BRIDGE_VLAN_INFO ||
	    mnl_attr_get_payload_len(a) != sizeof(info))
		return 0;
	memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
	if ((info.flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) != 0) {
		*first = info.vid;
		return 0;
	}
	if ((info.flags & BRIDGE_VLAN_INFO_RANGE_END) == 0)
		*first = info.vid;
	*vlan = (struct port_vlan){.first = *first, .last = info.vid};
	if ((info.flags & BRIDGE_VLAN_INFO_PVID) != 0)
		vlan->flags |= PORT_VLAN_PVID;
	if ((info.flags & BRIDGE_VLAN_INFO_UNTAGGED) != 0)
		vlan->flags |= PORT_VLAN_UNTAGGED;
	return 1;
}

static size_t decode_vlans(const struct nlattr *nest, struct port_vlan *vlans, size_t room)
{
	const uint8_t *p = mnl_attr_get_payload(nest);
	size_t left = mnl_attr_get_payload_len(nest), n = 0;
	uint16_t first = 0;

	while (left >= sizeof(struct nlattr) && n < room) {
		const struct nlattr *a = (const void *)p;

		if (a->nla_len < sizeof(*a) || a->nla_len > left)
			break;
		n += take_vlan(a, &first, &vlans[n]);
		if (ALIGNED(a->nla_len) >= left)
			break;
		p += ALIGNED(a->nla_len);
		left -= ALIGNED(a->nla_len);
	}
	return n;
}

/* An AF_BRIDGE link message: the port as its bridge sees it. RTM_DELLINK of this family means that
 * it left the bridge, not that the link is gone. */
static bool decode_bridge_port(struct decoding *d, const struct ifinfomsg *i)
{
	static const struct wanted wanted[] = {{IFLA_PROTINFO, 0}, {IFLA_AF_SPEC, 0}};
	struct port_vlan vlans[VLANS_MAX];
	attrs_t a;

	if (!TAKE_MESSAGE(d->h, sizeof(*i), wanted, a))
		return false;
	memset(&d->event.port_vlans, 0, sizeof(d->event.port_vlans));
	d->event.port_vlans.port.v = (uint32_t)i->ifi_index;
	d->event.port_vlans.vlans = vlans;
	if (d->h->nlmsg_type == RTM_NEWLINK) {
		decode_port(a[IFLA_PROTINFO], &d->event.port_vlans.flags);
		if (a[IFLA_AF_SPEC] != NULL)
			d->event.port_vlans.count = (uint16_t)decode_vlans(
			    a[IFLA_AF_SPEC], vlans, sizeof(vlans) / sizeof(*vlans));
	}
	emit(d, KERNEL_PORT_VLANS);
	return true;
}

static bool decode_link_message(struct decoding *d)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(d->h);

	if (mnl_nlmsg_get_payload_len(d->h) < sizeof(*i))
		return false;
	if (i->ifi_family == AF_BRIDGE)
		return decode_bridge_port(d, i);
	if (i->ifi_family != AF_UNSPEC)
		return true;
	if (d->h->nlmsg_type == RTM_NEWLINK)
		return decode_link(d, i);
	d->event.link_gone.v = (uint32_t)i->ifi_index;
	emit(d, KERNEL_LINK_DEL);
	return true;
}

/* ---- addresses
 * --------------------------------------------------------------------------------------- */

static bool decode_addr(struct decoding *d)
{
	static const struct wanted wanted[] = {
	    {IFA_LOCAL, 0}, {IFA_ADDRESS, 0}, {IFA_FLAGS, 4}, {IFA_PROTO, 1}};
	const struct ifaddrmsg *i = mnl_nlmsg_get_payload(d->h);
	uint32_t flags;
	attrs_t a;

	if (!TAKE_MESSAGE(d->h, sizeof(*i), wanted, a))
		return false;
	if (i->ifa_family != AF_INET && i->ifa_family != AF_INET6)
		return true;
	memset(&d->event.addr, 0, sizeof(d->event.addr));
	d->event.addr.dev.v = i->ifa_index;
	d->event.addr.prefix.addr = get_ip(a[IFA_LOCAL] != NULL ? a[IFA_LOCAL] : a[IFA_ADDRESS]);
	d->event.addr.prefix.len = i->ifa_prefixlen;
	d->event.addr.entry.protocol = get_u8(a[IFA_PROTO]);
	flags = a[IFA_FLAGS] != NULL ? get_u32(a[IFA_FLAGS]) : i->ifa_flags;
	d->event.addr.tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
	if (d->event.addr.prefix.addr.family == IP_NONE)
		return false;
	emit(d, d->h->nlmsg_type == RTM_NEWADDR ? KERNEL_ADDR_NEW : KERNEL_ADDR_DEL);
	return true;
}

/* ---- neighbours and FDB
 * ---------------------------------------------------------------------------------- */

static const struct wanted neigh_wanted[] = {{NDA_DST, 0}, {NDA_LLADDR, 6}, {NDA_VLAN, 2},
    {NDA_MASTER, 4}, {NDA_SRC_VNI, 4}, {NDA_PROTOCOL, 1}, {NDA_NH_ID, 4}, {NDA_FLAGS_EXT, 4}};

#define NTF_KEPT (NTF_EXT_LEARNED | NTF_STICKY | NTF_ROUTER)

static void decode_fdb(struct decoding *d, const struct ndmsg *n, attrs_t a)
{
	struct mac mac = get_mac(a[NDA_LLADDR]);

	d->event.fdb.key =
	    slot_key_fdb((ifindex_t){get_u32(a[NDA_MASTER])}, get_u16(a[NDA_VLAN]), &mac).fdb;
	d->event.fdb.entry = (struct fdb_entry){.port = {(uint32_t)n->ndm_ifindex},
	    .nud = n->ndm_state,
	    .ntf = n->ndm_flags & NTF_KEPT,
	    .locked = (get_u32(a[NDA_FLAGS_EXT]) & NTF_EXT_LOCKED) != 0};
	emit(d, is_new(d->h->nlmsg_type) ? KERNEL_FDB_NEW : KERNEL_FDB_DEL);
}

static void decode_flood(struct decoding *d, const struct ndmsg *n, attrs_t a)
{
	struct ip vtep = get_ip(a[NDA_DST]);

	if (vtep.family == IP_NONE)
		return;
	d->event.flood.key = slot_key_flood(
	    (ifindex_t){(uint32_t)n->ndm_ifindex}, (vni_t){get_u32(a[NDA_SRC_VNI])}, &vtep)
				 .flood;
	d->event.flood.entry =
	    (struct flood_entry){.nud = n->ndm_state, .ntf = n->ndm_flags & NTF_KEPT};
	emit(d, is_new(d->h->nlmsg_type) ? KERNEL_FLOOD_NEW : KERNEL_FLOOD_DEL);
}

static void decode_vxlan_fdb(struct decoding *d, const struct ndmsg *n, attrs_t a)
{
	struct mac mac = get_mac(a[NDA_LLADDR]);

	if (mac_is_zero(&mac)) {
		decode_flood(d, n, a);
		return;
	}
	d->event.vxlan_fdb.key = slot_key_vxlan_fdb(
	    (ifindex_t){(uint32_t)n->ndm_ifindex}, (vni_t){get_u32(a[NDA_SRC_VNI])}, &mac)
				     .vxlan_fdb;
	d->event.vxlan_fdb.entry = (struct vxlan_fdb_entry){.dst = get_ip(a[NDA_DST]),
	    .nhid = get_u32(a[NDA_NH_ID]),
	    .nud = n->ndm_state,
	    .ntf = n->ndm_flags & NTF_KEPT};
	emit(d, is_new(d->h->nlmsg_type) ? KERNEL_VXLAN_FDB_NEW : KERNEL_VXLAN_FDB_DEL);
}

static bool decode_neigh(struct decoding *d, const struct ndmsg *n, attrs_t a)
{
	struct ip ip = get_ip(a[NDA_DST]);

	if (ip.family == IP_NONE)
		return false;
	if ((n->ndm_flags & NTF_PROXY) != 0)
		return true;
	d->event.neigh.key = slot_key_neigh((ifindex_t){(uint32_t)n->ndm_ifindex}, &ip).neigh;
	d->event.neigh.entry = (struct neigh_entry){.lladdr = get_mac(a[NDA_LLADDR]),
	    .nud = n->ndm_state,
	    .ntf = n->ndm_flags & NTF_KEPT,
	    .protocol = get_u8(a[NDA_PROTOCOL])};
	emit(d, is_new(d->h->nlmsg_type) ? KERNEL_NEIGH_NEW : KERNEL_NEIGH_DEL);
	return true;
}

static bool decode_neigh_message(struct decoding *d)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(d->h);
	attrs_t a;

	if (!TAKE_MESSAGE(d->h, sizeof(*n), neigh_wanted, a))
		return false;
	if (n->ndm_family == AF_INET || n->ndm_family == AF_INET6)
		return decode_neigh(d, n, a);
	if (n->ndm_family != AF_BRIDGE || a[NDA_LLADDR] == NULL)
		return true;
	if (a[NDA_MASTER] != NULL)
		decode_fdb(d, n, a);
	else if ((n->ndm_flags & NTF_SELF) != 0 && (a[NDA_DST] != NULL || a[NDA_NH_ID] != NULL))
		decode_vxlan_fdb(d, n, a);
	return true;
}

/* ---- routes
 * ----------------------------------------------------------------------------------------------------
 */

/* RTA_VIA is an address of another family than the route's (RFC 8950 next hops). */
static struct ip get_via(const struct nlattr *via)
{
	size_t size = via != NULL ? mnl_attr_get_payload_len(via) : 0;
	const uint8_t *b = via != NULL ? mnl_attr_get_payload(via) : NULL;

	if (size != 2 + 4 && size != 2 + 16)
		return (struct ip){0};
	return ip_from_bytes(b + 2, size - 2);
}

static struct ip get_gateway(attrs_t a)
{
	return a[RTA_GATEWAY] != NULL ? get_ip(a[RTA_GATEWAY]) : get_via(a[RTA_VIA]);
}

static size_t decode_multipath(const struct nlattr *nest, struct route_nexthop *hops)
{
	static const struct wanted wanted[] = {{RTA_GATEWAY, 0}, {RTA_VIA, 0}};
	const uint8_t *p = mnl_attr_get_payload(nest);
	size_t left = mnl_attr_get_payload_len(nest), n = 0;

	while (left >= sizeof(struct rtnexthop) && n < ROUTE_NEXTHOPS_MAX) {
		struct rtnexthop hop;
		size_t step;
		attrs_t a;

		memcpy(&hop, p, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left ||
		    !TAKE(p + sizeof(hop), hop.rtnh_len - sizeof(hop), wanted, a))
			break;
		hops[n++] = (struct route_nexthop){.gateway = get_gateway(a),
		    .dev = {(uint32_t)hop.rtnh_ifindex},
		    .weight = hop.rtnh_hops + 1u};
		step = ALIGNED(hop.rtnh_len);
		if (step >= left)
			break;
		p += step;
		left -= step;
	}
	return n;
}

static bool route_wanted(const struct rtmsg *r)
{
	if (r->rtm_family != AF_INET && r->rtm_family != AF_INET6)
		return false;
	if ((r->rtm_flags & RTM_F_CLONED) != 0 || r->rtm_tos != 0)
		return false;
	return r->rtm_type == RTN_UNICAST || r->rtm_type == RTN_BLACKHOLE ||
	       r->rtm_type == RTN_UNREACHABLE || r->rtm_type == RTN_PROHIBIT;
}

static bool decode_prefix(const struct rtmsg *r, const struct nlattr *dst, struct prefix *p)
{
	static const uint8_t zero[16];
	size_t size = r->rtm_family == AF_INET ? 4 : 16;
	struct ip ip = ip_from_bytes(zero, size);

	if (dst != NULL && mnl_attr_get_payload_len(dst) == size)
		ip = get_ip(dst);
	else if (dst != NULL || r->rtm_dst_len != 0)
		return false;
	if (r->rtm_dst_len > size * 8)
		return false;
	*p = prefix_from(&ip, r->rtm_dst_len);
	return true;
}

static bool decode_route(struct decoding *d)
{
	static const struct wanted wanted[] = {{RTA_DST, 0}, {RTA_TABLE, 4}, {RTA_PRIORITY, 4},
	    {RTA_OIF, 4}, {RTA_GATEWAY, 0}, {RTA_VIA, 0}, {RTA_MULTIPATH, 0}, {RTA_PREFSRC, 0},
	    {RTA_NH_ID, 4}};
	const struct rtmsg *r = mnl_nlmsg_get_payload(d->h);
	struct route_nexthop hops[ROUTE_NEXTHOPS_MAX];
	struct route_entry *e = &d->event.route.entry;
	struct prefix prefix;
	attrs_t a;

	if (!TAKE_MESSAGE(d->h, sizeof(*r), wanted, a))
		return false;
	if (!route_wanted(r))
		return true;
	if (!decode_prefix(r, a[RTA_DST], &prefix))
		return false;
	d->event.route.key =
	    slot_key_route(a[RTA_TABLE] != NULL ? get_u32(a[RTA_TABLE]) : r->rtm_table,
		get_u32(a[RTA_PRIORITY]), &prefix)
		.route;
	*e = (struct route_entry){.protocol = r->rtm_protocol,
	    .type = r->rtm_type,
	    .prefsrc = get_ip(a[RTA_PREFSRC]),
	    .nhid = get_u32(a[RTA_NH_ID]),
	    .nexthops = hops};
	/* The kernel adds what the object holds now, each time that this changes. */
	if (nexthop_id_is_ours(e->nhid))
		e->nexthop_count = 0;
	else if (e->type != RTN_UNICAST) /* IPv6 names the loopback device with it */
		e->nexthop_count = 0;
	else if (a[RTA_MULTIPATH] != NULL) {
		e->nexthop_count = (uint8_t)decode_multipath(a[RTA_MULTIPATH], hops);
	} else if (a[RTA_OIF] != NULL) {
		hops[0] = (struct route_nexthop){
		    .gateway = get_gateway(a), .dev = {get_u32(a[RTA_OIF])}, .weight = 1};
		e->nexthop_count = 1;
	}
	emit(d, d->h->nlmsg_type == RTM_NEWROUTE ? KERNEL_ROUTE_NEW : KERNEL_ROUTE_DEL);
	return true;
}

/* ---- nexthop objects
 * ----------------------------------------------------------------------------------------------------
 */

/* False: more than we ever write, or none. */
static bool decode_group(const struct nlattr *a, struct nexthop_member *to, uint8_t *count)
{
	const uint8_t *p = mnl_attr_get_payload(a);
	size_t n = mnl_attr_get_payload_len(a) / sizeof(struct nexthop_grp);

	if (n == 0 || n > ROUTE_NEXTHOPS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct nexthop_grp g;

		memcpy(&g, p + i * sizeof(g), sizeof(g));
		to[i] = (struct nexthop_member){.id = g.id, .weight = g.weight + 1u};
	}
	*count = (uint8_t)n;
	return true;
}

static bool nexthop_is_foreign_kind(const struct nhmsg *n, attrs_t a)
{
	return a[NHA_BLACKHOLE] != NULL || a[NHA_FDB] != NULL || a[NHA_ENCAP_TYPE] != NULL ||
	       (a[NHA_GROUP_TYPE] != NULL &&
		   get_u16(a[NHA_GROUP_TYPE]) != NEXTHOP_GRP_TYPE_MPATH) ||
	       (a[NHA_GROUP] == NULL && (n->nh_flags & RTNH_F_ONLINK) == 0);
}

static bool decode_nexthop(struct decoding *d)
{
	static const struct wanted wanted[] = {{NHA_ID, 4}, {NHA_GROUP, 0}, {NHA_GROUP_TYPE, 2},
	    {NHA_BLACKHOLE, 0}, {NHA_OIF, 4}, {NHA_GATEWAY, 0}, {NHA_ENCAP_TYPE, 2}, {NHA_FDB, 0}};
	const struct nhmsg *n = mnl_nlmsg_get_payload(d->h);
	struct nexthop_member members[ROUTE_NEXTHOPS_MAX];
	struct nexthop_entry *e = &d->event.nexthop.entry;
	attrs_t a;

	if (!TAKE_MESSAGE(d->h, sizeof(*n), wanted, a) || a[NHA_ID] == NULL)
		return false;
	if (!nexthop_id_is_ours(get_u32(a[NHA_ID])))
		return true;
	d->event.nexthop.key = slot_key_nexthop(get_u32(a[NHA_ID])).nexthop;
	*e = (struct nexthop_entry){.protocol = n->nh_protocol,
	    .gateway = get_ip(a[NHA_GATEWAY]),
	    .dev = {get_u32(a[NHA_OIF])},
	    .foreign_kind = nexthop_is_foreign_kind(n, a),
	    .members = members};
	if (a[NHA_GROUP] != NULL && !decode_group(a[NHA_GROUP], members, &e->member_count))
		e->foreign_kind = true;
	emit(d, d->h->nlmsg_type == RTM_NEWNEXTHOP ? KERNEL_NEXTHOP_NEW : KERNEL_NEXTHOP_DEL);
	return true;
}

bool rtnl_decode(
    const struct nlmsghdr *h, uint32_t portid, bool from_dump, rtnl_emit_fn *emit_fn, void *context)
{
	struct decoding d = {.h = h, .from_dump = from_dump, .emit = emit_fn, .context = context};

	d.event.from_dump = from_dump;
	d.event.writer = from_dump ? 0 : h->nlmsg_pid;
	d.event.ours = !from_dump && portid != 0 && h->nlmsg_pid == portid;
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return decode_link_message(&d);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return decode_addr(&d);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return decode_neigh_message(&d);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return decode_route(&d);
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		return decode_nexthop(&d);
	default:
		return true;
	}
}
