/*
 * See device.h. Actions for peers only set facts here; device_pump() answers them with events when
 * the engine's turns are over, as sockets would.
 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "bgp/extcomm.h"
#include "bgp/message.h"
#include "bgp/update.h"

#define PORT 179
#define CALL_AFTER_S 4
#define KEEPALIVE_EVERY_S 3
#define RA_EVERY_S 5
#define PUMPS_MAX 100000

static struct ip ip_of(const char *text)
{
	struct ip ip;

	check(ip_parse(text, &ip));
	return ip;
}

/* ---- actions of the engine ------------------------------------------------------------------- */

static struct peer_script *peer_of_conn(struct device *d, uint32_t conn)
{
	for (size_t i = 0; i < NEIGHBORS; i++)
		if (d->peers[i].conn == conn && conn != 0)
			return &d->peers[i];
	return NULL;
}

static struct peer_script *peer_of_address(struct device *d, const struct action_connect *to)
{
	for (size_t i = 0; i < NEIGHBORS; i++)
		if (ip_equal(&d->peers[i].address, &to->remote) &&
		    (!neighbors[i].unnumbered || ifindex_equal(d->peers[i].ifindex, to->ifindex)))
			return &d->peers[i];
	return NULL;
}

static void connection_over(struct peer_script *p)
{
	p->drops += p->established;
	p->conn = 0;
	p->called = p->has_open = p->established = p->drained_due = false;
	p->rx_size = 0;
	while (p->told_count > 0) {
		mem_free(p->told[--p->told_count].route);
		mem_free(p->told[p->told_count].attrs);
	}
	p->idle_since = p->device->h.now;
}

/* The source of a connection: what `update-source` says, where it can. */
static struct ip local_address(const struct peer_script *p)
{
	static const char *const own[NEIGHBORS] = {
	    "10.0.1.1", "10.0.2.1", "2001:db8:1::1", "fe80::1:4", "fe80::1:5"};
	const char *source = choice_effect(p->device->choice, p->index, "update-source");

	return ip_of(source != NULL && p->index < 2 ? "10.0.0.1" : own[p->index]);
}

/* One connection at a time; nobody else listens. */
static bool called(struct device *d, const struct action_connect *to)
{
	struct peer_script *p = peer_of_address(d, to);

	if (p == NULL || p->conn != 0)
		return false;
	p->conn = to->conn;
	p->called = true;
	p->ttl = to->ttl;
	p->local = local_address(p);
	return true;
}

static void received(struct device *d, uint32_t conn, const uint8_t *bytes, size_t size)
{
	struct peer_script *p = peer_of_conn(d, conn);

	if (p == NULL)
		return;
	p->rx = mem_resize(p->rx, p->rx_size + size);
	memcpy(p->rx + p->rx_size, bytes, size);
	p->rx_size += size;
	p->drained_due = true;
}

static void note_write(struct device *d, const struct kernel_op *op)
{
	char key[SLOT_TEXT_MAX];

	if (op->verb == KERNEL_READ || op->verb == KERNEL_PROBE)
		return;
	d->writes++;
	str_addf(&d->acts, "kernel %d %s\n", op->verb, slot_key_text(&op->key, key));
}

/* Each order counts: one that changes nothing need not be given. */
static void ordered(struct device *d, const struct bfd_order *order)
{
	char text[IP_TEXT_MAX];
	size_t i = 0;

	d->writes++;
	str_addf(&d->acts, "bfd order %d %s\n", order->kind, ip_text(&order->path.remote, text));
	while (i < d->bfd_count && d->bfd[i].id != order->id)
		i++;
	if (order->kind == BFD_ORDER_SET) {
		check(i < BFD_MAX);
		d->bfd[i] = *order;
		d->bfd_count += i == d->bfd_count;
	} else if (order->kind == BFD_ORDER_REMOVE && i < d->bfd_count) {
		d->bfd[i] = d->bfd[--d->bfd_count];
	}
}

static bool take(void *context, const struct action *a)
{
	struct device *d = context;
	struct peer_script *p;

	if (a->kind == ACTION_LOG && d->verbose)
		printf("%8.3f log %s\n", (double)d->h.now.ns / 1e9, a->log.text);
	check(a->kind != ACTION_EXIT); /* a made-up configuration has no errors */
	if (a->kind == ACTION_PEER_CONNECT)
		return called(d, &a->connect);
	if (a->kind == ACTION_PEER_SEND)
		received(d, a->peer.conn, a->peer.bytes, a->peer.size);
	if (a->kind == ACTION_PEER_CLOSE && (p = peer_of_conn(d, a->peer.conn)) != NULL)
		p->closed = true;
	if (a->kind == ACTION_PEER_TTL && (p = peer_of_conn(d, a->peer.conn)) != NULL)
		p->ttl = a->peer.ttl;
	if (a->kind == ACTION_RA_WATCH && a->ra.ifindex.v < 32)
		d->watching[a->ra.ifindex.v] = a->ra.on;
	if (a->kind == ACTION_BFD)
		ordered(d, &a->bfd);
	if (a->kind == ACTION_KERNEL_OP)
		note_write(d, &a->op);
	return false;
}

static void reply(void *context, const struct action *a)
{
	struct device *d = context;

	str_add_bytes(&d->reply, a->ctl.text, a->ctl.size);
}

/* ---- what a peer says ------------------------------------------------------------------------ */

static void event_for(struct peer_script *p, enum event_kind kind, struct event *e)
{
	*e = (struct event){.kind = kind};
	e->peer.conn = p->conn;
	e->peer.local = p->local;
	e->peer.remote = p->address;
	e->peer.ifindex = p->ifindex;
}

static void say(struct peer_script *p, const uint8_t *bytes, size_t size)
{
	struct event e;

	if (p->conn == 0 || p->closed)
		return;
	event_for(p, EVENT_PEER_BYTES, &e);
	e.peer.bytes = bytes;
	e.peer.size = size;
	hypervisor_event(&p->device->h, &e);
}

static void say_keepalive(struct peer_script *p)
{
	uint8_t bytes[MESSAGE_HEADER_SIZE];
	struct writer w = writer_to(bytes, sizeof(bytes));

	keepalive_encode(&w);
	say(p, bytes, writer_size(&w));
}

static void say_open(struct peer_script *p)
{
	struct open o = {.as = neighbors[p->index].as,
	    .hold_s = 180,
	    .router_id = ip_from_u32(0x0a000902u + (uint32_t)p->index),
	    .as4 = true,
	    .route_refresh = true,
	    .enhanced_refresh = p->index % 2 == 0,
	    .families = {true, true, true},
	    .extended_nexthop = {true}};
	uint8_t bytes[MESSAGE_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	snprintf(o.hostname, sizeof(o.hostname), "peer%zu", p->index);
	open_encode(&w, &o);
	say(p, bytes, writer_size(&w));
}

static bool is_external(const struct peer_script *p)
{
	return p->open.as != neighbors[p->index].as;
}

/* An AS_SEQUENCE: the peer's own AS first, if we are another, then `tail` (0: none). */
static void path_make(
    const struct peer_script *p, uint32_t tail, struct attrs *a, struct arena *arena)
{
	if (tail != 0)
		as_path_prepend(a, tail, 1, arena);
	if (is_external(p))
		as_path_prepend(a, neighbors[p->index].as, 1, arena);
}

static void next_hop_make(const struct peer_script *p, enum bgp_family family, struct attrs *a)
{
	char text[IP_TEXT_MAX];

	if (family == BGP_L2VPN_EVPN) {
		a->next_hop = ip_from_u32(0x0a00090au + (uint32_t)p->index);
	} else if (neighbors[p->index].unnumbered) {
		a->next_hop = a->next_hop_link_local = p->address;
		a->next_hop_is_link_local = true;
	} else if (p->address.family == (family == BGP_IPV4_UNICAST ? IP_V4 : IP_V6)) {
		a->next_hop = p->address;
	} else {
		snprintf(text, sizeof(text),
		    family == BGP_IPV4_UNICAST ? "10.0.3.%zu" : "2001:db8:3::%zu", p->index + 1);
		a->next_hop = ip_of(text);
	}
}

static struct update_context context_of(const struct peer_script *p)
{
	struct update_context c = {.as4 = true,
	    .ebgp = is_external(p),
	    .extended_nexthop = p->open.extended_nexthop[BGP_IPV4_UNICAST],
	    .max_size = MESSAGE_MAX};

	memcpy(c.families, p->open.families, sizeof(c.families));
	return c;
}

static void announce(struct peer_script *p, const struct nlri *n, struct attrs *a, uint32_t tail)
{
	struct update_context c = context_of(p);
	uint8_t bytes[MESSAGE_MAX];
	struct update_writer u;

	path_make(p, tail, a, &p->device->arena);
	next_hop_make(p, n->family, a);
	if (!is_external(p)) {
		a->has_local_pref = true;
		a->local_pref = 100;
	}
	update_begin_reach(&u, bytes, &c, n->family, a);
	check(update_add(&u, n));
	say(p, bytes, update_end(&u));
}

static void announce_prefix(
    struct peer_script *p, const char *format, size_t number, uint32_t community, uint32_t tail)
{
	struct attrs a = {.has_med = true, .med = (uint32_t)(100 - 10 * p->index)};
	struct nlri n = {0};
	char text[PREFIX_TEXT_MAX];

	snprintf(text, sizeof(text), format, number);
	check(prefix_parse(text, &n.prefix));
	n.family = n.prefix.addr.family == IP_V4 ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST;
	if (community != 0)
		attrs_set_communities(&a, &community, 1, &p->device->arena);
	announce(p, &n, &a, tail);
}

static void announce_host(struct peer_script *p, uint32_t vni, uint8_t number, bool with_ip,
    uint32_t sequence, bool sticky)
{
	struct ip vtep = ip_from_u32(0x0a00090au + (uint32_t)p->index);
	struct nlri n = {.family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_MAC_IP}};
	struct extcomm list[] = {extcomm_rt_as(neighbors[p->index].as, vni), extcomm_encap_vxlan(),
	    extcomm_mac_mobility(sequence, sticky)};
	struct attrs a = {0};

	n.evpn.rd = rd_from_ip(&vtep, (uint16_t)(vni % 1000));
	n.evpn.label1 = evpn_vni_label((vni_t){vni});
	n.evpn.mac = (struct mac){{2, 0, 0, 0, 9, number}};
	if (with_ip)
		n.evpn.ip = ip_from_u32(0xc0a80900u + number);
	attrs_set_extcomms(&a, list, 3, &p->device->arena);
	announce(p, &n, &a, 0);
}

static void announce_vtep(struct peer_script *p, uint32_t vni)
{
	struct ip vtep = ip_from_u32(0x0a00090au + (uint32_t)p->index);
	struct nlri n = {.family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_IMET, .ip = vtep}};
	struct extcomm list[] = {extcomm_rt_as(neighbors[p->index].as, vni), extcomm_encap_vxlan()};
	struct attrs a = {.has_pmsi = true};

	n.evpn.rd = rd_from_ip(&vtep, (uint16_t)(vni % 1000));
	a.pmsi.type = PMSI_INGRESS_REPLICATION;
	a.pmsi.label = vni;
	a.pmsi.endpoint = vtep;
	attrs_set_extcomms(&a, list, 2, &p->device->arena);
	announce(p, &n, &a, 0);
}

/* Destinations of its own, one that all peers have, one that has gone through us, one for us
 * alone. */
static void say_routes(struct peer_script *p, enum bgp_family family)
{
	size_t i = p->index;

	if (family == BGP_IPV4_UNICAST) {
		if (neighbors[i].unnumbered && !p->open.extended_nexthop[BGP_IPV4_UNICAST])
			return;
		announce_prefix(p, "192.0.%zu.0/24", 2, 0, i % 2 != 0 ? 64900 : 0);
		announce_prefix(p, "198.51.%zu.0/24", 100 + i, 65000u << 16 | 1, 64901);
		announce_prefix(p, "198.51.%zu.0/24", 110 + i, 0, 65001);
		announce_prefix(p, "198.51.%zu.0/24", 120 + i, COMMUNITY_NO_EXPORT, 0);
	} else if (family == BGP_IPV6_UNICAST) {
		announce_prefix(p, "2001:db8:f%zu::/48", 9, 0, 64900);
		announce_prefix(p, "2001:db8:f%zu::/48", i, 0, 0);
	} else {
		announce_vtep(p, SIM_VNI);
		announce_vtep(p, SIM_PLAIN_VNI);
		announce_host(p, SIM_VNI, (uint8_t)(100 + i), true, 0, false);
		announce_host(p, SIM_PLAIN_VNI, (uint8_t)(110 + i), false, 0, i == 0);
		announce_host(p, SIM_VNI, 120, true, i == 2, false);
	}
}

static void say_end_of_rib(struct peer_script *p, enum bgp_family family)
{
	uint8_t bytes[MESSAGE_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	end_of_rib_encode(&w, family);
	say(p, bytes, writer_size(&w));
}

static void say_refresh_mark(
    struct peer_script *p, enum bgp_family family, enum route_refresh_kind kind)
{
	struct route_refresh r = {.kind = kind, .family = family};
	uint8_t bytes[MESSAGE_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	if (p->index % 2 != 0)
		return;
	route_refresh_encode(&w, &r);
	say(p, bytes, writer_size(&w));
}

static void device_fault(struct device *d, const char *text)
{
	if (d->fault.size == 0)
		str_addf(&d->fault, "%s\n", text);
}

/* ---- what a peer hears ----------------------------------------------------------------------- */

static struct told *told_find(struct peer_script *p, const char *route)
{
	for (size_t i = 0; i < p->told_count; i++)
		if (strcmp(p->told[i].route, route) == 0)
			return &p->told[i];
	return NULL;
}

static void route_name(const struct nlri *n, struct str *out)
{
	char rd[RD_TEXT_MAX];

	str_clear(out);
	if (n->family == BGP_L2VPN_EVPN)
		str_addf(out, "%s ", rd_text(&n->evpn.rd, rd));
	nlri_text(n, out);
}

/* `attrs` NULL: withdrawn. Whoever says what the peer knows already is counted. */
static void tell(struct peer_script *p, const struct nlri *n, const char *attrs)
{
	struct str route = {0};
	struct told *t;

	route_name(n, &route);
	str_addf(&p->device->acts, "%s %s %s%s\n", neighbors[p->index].name, str_text(&route),
	    attrs != NULL ? "" : "withdrawn", attrs != NULL ? attrs : "");
	t = told_find(p, str_text(&route));
	if (attrs == NULL) {
		p->redundant += t == NULL;
		if (t != NULL) {
			mem_free(t->route);
			mem_free(t->attrs);
			*t = p->told[--p->told_count];
		}
	} else if (t != NULL) {
		p->redundant += strcmp(t->attrs, attrs) == 0;
		mem_free(t->attrs);
		t->attrs = mem_strdup(attrs);
	} else {
		check(p->told_count < TOLD_MAX);
		p->told[p->told_count++] =
		    (struct told){mem_strdup(str_text(&route)), mem_strdup(attrs)};
	}
	str_fini(&route);
}

static void hear_update(struct peer_script *p, const uint8_t *body, size_t size)
{
	struct update_context c = context_of(p);
	struct arena arena = {0};
	struct str text = {0};
	struct update u;
	struct nlri n;

	update_decode(body, size, &c, &arena, &u);
	if (u.disposition != UPDATE_OK) {
		str_addf(&text, "%s: attribute %u: %s", disposition_name(u.disposition),
		    u.attribute, u.reason);
		device_fault(p->device, str_text(&text));
	}
	for (size_t i = 0; i < u.unreach_count; i++)
		while (nlri_run_next(&u.unreach[i], &n))
			tell(p, &n, NULL);
	for (size_t i = 0; i < u.reach_count; i++)
		while (nlri_run_next(&u.reach[i].run, &n)) {
			str_clear(&text);
			attrs_text(&u.reach[i].attrs, &text);
			str_addf(&text, " label %u/%u", n.evpn.label1, n.evpn.label2);
			tell(p, &n, str_text(&text));
		}
	str_fini(&text);
	arena_fini(&arena);
}

static void hear_refresh(struct peer_script *p, const uint8_t *body, size_t size)
{
	struct notification error;
	struct route_refresh r;

	check(route_refresh_decode(body, size, &r, &error) == ROUTE_REFRESH_OK);
	if (r.kind != ROUTE_REFRESH_REQUEST)
		return;
	say_refresh_mark(p, r.family, ROUTE_REFRESH_BEGIN);
	say_routes(p, r.family);
	say_refresh_mark(p, r.family, ROUTE_REFRESH_END);
}

static void hear_keepalive(struct peer_script *p)
{
	if (p->established || !p->has_open)
		return;
	p->established = true;
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (!p->open.families[f])
			continue;
		say_routes(p, f);
		say_end_of_rib(p, f);
	}
}

static void hear(struct peer_script *p, const struct message *m)
{
	struct notification error;

	if (m->type != MESSAGE_KEEPALIVE && p->established) {
		p->messages++;
		str_addf(&p->device->acts, "%s %s\n", neighbors[p->index].name,
		    message_type_name(m->type));
	}
	switch (m->type) {
	case MESSAGE_OPEN:
		check(open_decode(m->body, m->body_size, &p->open, &error));
		p->has_open = true;
		say_keepalive(p);
		break;
	case MESSAGE_UPDATE:
		hear_update(p, m->body, m->body_size);
		break;
	case MESSAGE_NOTIFICATION:
		break; /* the engine closes */
	case MESSAGE_KEEPALIVE:
		hear_keepalive(p);
		break;
	case MESSAGE_ROUTE_REFRESH:
		hear_refresh(p, m->body, m->body_size);
		break;
	}
}

/* The bytes are taken first: what the peer says makes the engine say more. */
static void hear_all(struct peer_script *p)
{
	uint8_t *bytes = p->rx;
	size_t size = p->rx_size, at = 0;
	struct notification error;
	struct message m;

	p->rx = NULL;
	p->rx_size = 0;
	while (p->conn != 0 &&
	       message_frame(bytes + at, size - at, MESSAGE_MAX, &m, &error) == FRAMING_MESSAGE) {
		hear(p, &m);
		at += m.size;
	}
	check(p->conn == 0 || at == size); /* the engine sends whole messages */
	mem_free(bytes);
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool pump_peer(struct peer_script *p)
{
	struct event e;

	if (p->called) {
		p->called = false;
		event_for(p, EVENT_PEER_CONNECTED, &e);
		hypervisor_event(&p->device->h, &e);
		say_open(p);
	} else if (p->rx_size > 0) {
		hear_all(p);
	} else if (p->closed) {
		p->closed = false;
		connection_over(p);
	} else if (p->drained_due) {
		p->drained_due = false;
		event_for(p, EVENT_PEER_DRAINED, &e);
		hypervisor_event(&p->device->h, &e);
	} else {
		return false;
	}
	return true;
}

static void pump(struct device *d)
{
	bool busy = true;

	for (unsigned n = 0; busy; n++) {
		check(n < PUMPS_MAX);
		busy = false;
		for (size_t i = 0; i < NEIGHBORS; i++)
			busy |= pump_peer(&d->peers[i]);
	}
	arena_reset(&d->arena);
}

/* Who is not called, calls. */
static void call(struct peer_script *p)
{
	struct device *d = p->device;
	const char *passive = choice_effect(d->choice, p->index, "passive");
	struct event e;

	if (p->conn != 0 || !choice_has(d->choice, p->index) || strcmp(passive, "passive") != 0 ||
	    !mono_reached(mono_add_s(p->idle_since, CALL_AFTER_S), d->h.now))
		return;
	p->conn = CONN_ACCEPTED + ++d->conn_next;
	p->ttl = 0;
	p->local = local_address(p);
	event_for(p, EVENT_PEER_ACCEPTED, &e);
	hypervisor_event(&d->h, &e);
	say_open(p);
	pump(d);
}

static void advertise(struct peer_script *p)
{
	struct event e = {.kind = EVENT_RA};

	if (!neighbors[p->index].unnumbered || !p->device->watching[p->ifindex.v])
		return;
	e.ra.ifindex = p->ifindex;
	e.ra.source = p->address;
	e.ra.router_lifetime_s = 1800;
	hypervisor_event(&p->device->h, &e);
	pump(p->device);
}

void device_wait(struct device *d, int64_t seconds)
{
	for (int64_t s = 0; s < seconds; s++) {
		pump(d);
		for (size_t i = 0; i < NEIGHBORS; i++) {
			if (s % RA_EVERY_S == 0)
				advertise(&d->peers[i]);
			if (s % KEEPALIVE_EVERY_S == 0 && d->peers[i].established)
				say_keepalive(&d->peers[i]);
			call(&d->peers[i]);
		}
		pump(d);
		hypervisor_wait(&d->h, 1000);
	}
	pump(d);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void no_notify(void *context, const struct kernel_event *event)
{
	(void)context;
	(void)event;
}

static void add_address(struct simkernel *k, uint32_t ifindex, const char *text)
{
	struct sim_link *l = simkernel_link(k, ifindex);
	const char *slash = strchr(text, '/');
	char address[IP_TEXT_MAX];

	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	l->addrs[l->addr_count++] =
	    (struct prefix){.addr = ip_of(address), .len = (uint8_t)atoi(slash + 1)};
}

static void local_host(struct simkernel *k, uint8_t number, bool plain, bool pinned)
{
	struct mac mac = {{2, 0, 0, 0, 1, number}};
	struct ip ip = ip_from_u32(0xc0a80900u + number);
	uint32_t port = plain ? SIM_PLAIN_ACCESS : SIM_ACCESS,
		 svi = plain ? SIM_PLAIN_BRIDGE : SIM_SVI;
	uint16_t vlan = plain ? 0 : SIM_VLAN;

	if (pinned) {
		simkernel_fdb_write(
		    k, port, vlan, &mac, SIM_REPLACE, NUD_NOARP, number % 2 != 0 ? NTF_STICKY : 0);
		simkernel_neigh_write(k, svi, &ip, SIM_REPLACE, &mac, NUD_PERMANENT, 255, 4242);
	} else {
		simkernel_frame(k, port, vlan, &mac);
		simkernel_arp(k, svi, &ip, &mac);
	}
}

static void kernel_make(struct simkernel *k)
{
	struct ip vtep = ip_of("10.0.0.1");

	simkernel_init(k, &vtep, 2);
	simkernel_link(k, SIM_UPLINK1)->addrs[0].addr = ip_of("fe80::1:4");
	simkernel_link(k, SIM_UPLINK2)->addrs[0].addr = ip_of("fe80::1:5");
	add_address(k, SIM_UPLINK1, "10.0.1.1/24");
	add_address(k, SIM_UPLINK1, "2001:db8:1::1/64");
	add_address(k, SIM_UPLINK2, "10.0.2.1/24");
	add_address(k, SIM_SVI, "192.168.9.254/24");
	k->notify = no_notify;
	local_host(k, 1, false, true);
	local_host(k, 2, false, true);
	local_host(k, 3, false, false);
	local_host(k, 4, true, true);
}

static void peers_make(struct device *d)
{
	for (size_t i = 0; i < NEIGHBORS; i++) {
		struct peer_script *p = &d->peers[i];

		p->device = d;
		p->index = i;
		if (neighbors[i].unnumbered) {
			p->ifindex.v = i == 3 ? SIM_UPLINK1 : SIM_UPLINK2;
			p->address = ip_of(i == 3 ? "fe80::2:4" : "fe80::2:5");
		} else {
			p->address = ip_of(neighbors[i].name);
		}
	}
}

struct device *device_start(const struct choice *c, bool verbose)
{
	struct device *d = mem_new(sizeof(*d));
	struct str text = {0};

	d->choice = c;
	d->verbose = verbose;
	kernel_make(&d->h.kernel);
	peers_make(d);
	choice_text(c, &text);
	d->h.config = str_text(&text);
	d->h.context = d;
	d->h.take = take;
	d->h.reply = reply;
	hypervisor_start(&d->h, NULL, 0);
	d->h.config = NULL;
	str_fini(&text);
	pump(d);
	return d;
}

void device_free(struct device *d)
{
	hypervisor_free(&d->h);
	for (size_t i = 0; i < NEIGHBORS; i++) {
		connection_over(&d->peers[i]);
		mem_free(d->peers[i].rx);
	}
	str_fini(&d->reply);
	str_fini(&d->acts);
	str_fini(&d->fault);
	arena_fini(&d->arena);
	mem_free(d);
}

void device_reload_text(struct device *d, const char *text)
{
	struct event e = {.kind = EVENT_CONFIG, .config = {.file = "reload.conf", .text = text}};

	hypervisor_event(&d->h, &e);
	pump(d);
}

void device_reload(struct device *d, const struct choice *c)
{
	struct str text = {0};

	d->choice = c;
	choice_text(c, &text);
	device_reload_text(d, str_text(&text));
	str_fini(&text);
}

void device_count_from_here(struct device *d)
{
	for (size_t i = 0; i < NEIGHBORS; i++)
		d->peers[i].drops = d->peers[i].messages = d->peers[i].redundant = 0;
	d->writes = 0;
	str_clear(&d->acts);
}

unsigned device_disturbance(const struct device *d)
{
	unsigned n = d->writes;

	for (size_t i = 0; i < NEIGHBORS; i++)
		n += d->peers[i].messages + d->peers[i].drops;
	return n;
}

/* ---- what can be seen ------------------------------------------------------------------------ */

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of `text`, which is taken apart, in order, each behind `title`. */
static void add_sorted(const char *title, struct str *text, struct str *out)
{
	char *lines[4096], *line = text->text, *end;
	size_t count = 0;

	for (; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		check(count < sizeof(lines) / sizeof(*lines));
		lines[count++] = line;
	}
	qsort(lines, count, sizeof(*lines), line_compare);
	for (size_t i = 0; i < count; i++)
		str_addf(out, "%s: %s\n", title, lines[i]);
	str_fini(text);
}

static bool is_volatile(const char *line)
{
	static const char *const keys[] = {"\"peerUptime", "\"msgRcvd\"", "\"msgSent\"", "\"outq\"",
	    "\"connectionsEstablished\"", "\"connectionsDropped\"", "\"hostname\""};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strstr(line, keys[i]) != NULL)
			return true;
	/* Idle, Connect and Active take turns. */
	return strstr(line, "\"state\"") != NULL && strstr(line, "Established") == NULL;
}

static void add_show(struct device *d, const char *command, struct str *out)
{
	struct event e = {.kind = EVENT_CTL_REQUEST, .ctl = {.client = 1, .line = command}};
	char *line, *end;

	str_clear(&d->reply);
	hypervisor_event(&d->h, &e);
	for (line = d->reply.text; line != NULL && (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		*end = '\0';
		if (!is_volatile(line))
			str_addf(out, "%s: %s\n", command, line);
	}
}

struct kernel_rows {
	const struct simkernel *k;
	struct str text;
};

/* Which number an object got depends on the numbers that were taken then; where it leads does not.
 */
static void add_ways(const struct simkernel *k, uint32_t id, struct str *out)
{
	char gateway[IP_TEXT_MAX];

	for (size_t i = 0; i < SIM_ROWS; i++) {
		const struct sim_nexthop *n = &k->nexthops[i];

		if (!n->used || n->key.id != id)
			continue;
		if (n->entry.member_count == 0)
			str_addf(
			    out, " %s if%u", ip_text(&n->entry.gateway, gateway), n->entry.dev.v);
		for (size_t m = 0; m < n->entry.member_count; m++) {
			add_ways(k, n->members[m].id, out);
			str_addf(out, " x%u", n->members[m].weight);
		}
	}
}

/* Those of one content are one: routes that were decided early have moved to a group of their own,
 * and stay there when the others' group comes to hold the same (evpn/fib_group.c). */
static void add_object(struct kernel_rows *rows, uint32_t id)
{
	struct str line = {0};

	str_add(&line, "nexthop");
	add_ways(rows->k, id, &line);
	str_add(&line, "\n");
	if (strstr(str_text(&rows->text), str_text(&line)) == NULL)
		str_add(&rows->text, str_text(&line));
	str_fini(&line);
}

static void row_seen(void *context, const struct kernel_event *event)
{
	struct kernel_rows *rows = context;
	struct slot_key key;
	struct slot_content content;
	char a[SLOT_TEXT_MAX], b[SLOT_TEXT_MAX];
	uint32_t id = 0;
	bool present;

	if (!kernel_event_slot(event, &key, &content, &present))
		return;
	if (key.kind == SLOT_NEXTHOP) {
		add_object(rows, key.nexthop.id);
		return;
	}
	if (key.kind == SLOT_ROUTE) {
		id = content.route.nhid;
		content.route.nhid = 0;
	}
	str_addf(&rows->text, "%s = %s", slot_key_text(&key, a),
	    slot_content_text(key.kind, &content, b));
	add_ways(rows->k, id, &rows->text);
	str_addf(&rows->text, "\n");
}

static bool none_missed(void *context)
{
	(void)context;
	return false;
}

static void add_kernel(struct device *d, struct str *out)
{
	struct simkernel *k = &d->h.kernel;
	void (*notify)(void *, const struct kernel_event *) = k->notify;
	void *context = k->context;
	struct kernel_rows rows = {.k = k};

	k->notify = row_seen;
	k->context = &rows;
	for (enum kernel_table t = 0; t < TABLE_COUNT; t++)
		simkernel_dump(k, t, none_missed);
	k->notify = notify;
	k->context = context;
	add_sorted("kernel", &rows.text, out);
}

/* Ports that are not served, or with `keep`, stay as they are, whoever has set them. */
static void add_learning(struct device *d, struct str *out)
{
	struct str text = {0};
	bool sets;

	choice_text(d->choice, &text);
	sets = strstr(str_text(&text), "\n  advertise-all-vni") != NULL &&
	       strstr(str_text(&text), "port-learning keep") == NULL;
	for (size_t i = 0; i < d->h.kernel.link_count; i++) {
		const struct link *l = &d->h.kernel.links[i].link;

		if (sets && l->kind == LINK_VXLAN)
			str_addf(out, "kernel: %s learning %d\n", l->name, l->port.learning);
	}
	str_fini(&text);
}

static void add_bfd(struct device *d, struct str *out)
{
	char remote[IP_TEXT_MAX], local[IP_TEXT_MAX];
	struct str all = {0};

	for (size_t i = 0; i < d->bfd_count; i++) {
		const struct bfd_path *path = &d->bfd[i].path;
		const struct bfd_params *p = &d->bfd[i].params;

		str_addf(&all, "%s from %s if%u %s %u/%u x %u ttl %u %d %d\n",
		    ip_text(&path->remote, remote), ip_text(&path->local, local), path->ifindex.v,
		    path->multihop != 0 ? "multihop" : "", p->transmit_us, p->receive_us,
		    p->multiplier, p->minimum_ttl, p->passive, p->shutdown);
	}
	add_sorted("bfd", &all, out);
}

static void add_peer(struct peer_script *p, struct str *out)
{
	struct open o = p->open;
	struct str told = {0}, text = {0};

	/* Another hostname waits for the next session; what was kept over a restart is history. */
	o.hostname[0] = '\0';
	o.restarting = false;
	memset(o.forwarding_kept, 0, sizeof(o.forwarding_kept));
	memset(o.long_lived_kept, 0, sizeof(o.long_lived_kept));
	open_text(&o, &text);
	str_addf(out, "peer %s: %s\n", neighbors[p->index].name,
	    p->established ? "established" : "down");
	if (p->established)
		str_addf(out, "peer %s: ttl %u, heard %s\n", neighbors[p->index].name, p->ttl,
		    str_text(&text));
	for (size_t i = 0; i < p->told_count; i++)
		str_addf(&told, "%s told of %s %s\n", neighbors[p->index].name, p->told[i].route,
		    p->told[i].attrs);
	add_sorted("peer", &told, out);
	str_fini(&text);
}

void device_state(struct device *d, bool text, struct str *out)
{
	static const char *const shows[] = {"show bgp summary json", "show bgp ipv4 summary json",
	    "show bgp ipv6 summary json", "show bgp l2vpn evpn summary json", "show bgp ipv4 json",
	    "show bgp ipv6 json", "show bgp l2vpn evpn json", "show evpn json",
	    "show evpn vni detail json", "show evpn mac vni all json",
	    "show evpn arp-cache vni all json"};

	for (size_t i = 0; i < sizeof(shows) / sizeof(*shows); i++)
		add_show(d, shows[i], out);
	if (text)
		add_show(d, "show running-config no-header", out);
	add_kernel(d, out);
	add_learning(d, out);
	add_bfd(d, out);
	for (size_t i = 0; i < NEIGHBORS; i++)
		add_peer(&d->peers[i], out);
	for (size_t i = 0; i < 32; i++)
		if (d->watching[i])
			str_addf(out, "advertisements on link %zu\n", i);
}
