/*
 * See device.h. Actions for peers only set facts here; device_pump() answers them with events when
 * the engine's turns are over, as sockets would.
 */
#include "device.h"

#include <errno.h>
#include <linux/rtnetlink.h>
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
#define RESTART_S 10
#define STATIC_FRR 196
#define PATH " path "
#define C(n) (65000u << 16 | (n))
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
		    (neighbors[i].found != BY_LINK ||
			ifindex_equal(d->peers[i].ifindex, to->ifindex)))
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
	    "10.0.1.1", "10.0.2.1", "2001:db8:1::1", "fe80::1:4", "fe80::1:5", "10.0.1.1"};
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
	p->ttl = to->options.ttl;
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

static void device_fault(struct device *d, const char *text)
{
	if (d->fault.size == 0)
		str_addf(&d->fault, "%s\n", text);
}

static bool take(void *context, const struct action *a)
{
	struct device *d = context;
	struct peer_script *p;

	if (a->kind == ACTION_LOG && d->verbose)
		printf("%8.3f log %s\n", (double)d->h.now.ns / 1e9, a->log.text);
	if (a->kind == ACTION_EXIT)
		device_fault(d, "the configuration is refused");
	if (a->kind == ACTION_PEER_CONNECT)
		return called(d, &a->connect);
	if (a->kind == ACTION_PEER_SEND)
		received(d, a->peer.conn, a->peer.bytes, a->peer.size);
	if (a->kind == ACTION_PEER_CLOSE && (p = peer_of_conn(d, a->peer.conn)) != NULL)
		p->closed = true;
	if (a->kind == ACTION_PEER_OPTIONS && (p = peer_of_conn(d, a->peer.conn)) != NULL)
		p->ttl = a->peer.options.ttl;
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

static bool sends_paths(const struct peer_script *p)
{
	return p->index == 0 || p->index == 3;
}

static bool takes_paths(const struct peer_script *p)
{
	return p->index < 2 || p->index == 4;
}

static void offer_paths(const struct peer_script *p, struct open *o)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		o->add_path_send[f] = sends_paths(p);
		o->add_path_receive[f] = takes_paths(p);
	}
}

/* Whoever does not come back is forgotten before anybody compares. */
static void offer_restart(const struct peer_script *p, struct open *o)
{
	if (p->index % 2 != 0)
		return;
	o->graceful_restart = true;
	o->notification = p->index == 0;
	o->restart_s = RESTART_S;
	o->long_lived = p->index == 2;
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		o->restart_families[f] = true;
		o->long_lived_families[f] = o->long_lived;
		o->long_lived_s[f] = RESTART_S;
	}
}

/* It is what suits ours; every other one does not say so, unless it must. */
static enum bgp_role role_of(const struct peer_script *p)
{
	const char *text = choice_effect(p->device->choice, p->index, "role");
	char word[16] = "";

	if (text == NULL || sscanf(text, "local-role %15s", word) != 1 ||
	    (p->index % 2 != 0 && strstr(text, "strict-mode") == NULL))
		return ROLE_NONE;
	for (enum bgp_role r = ROLE_PROVIDER; r < ROLE_UNKNOWN; r++)
		if (role_fits(role_named(word), r))
			return r;
	return ROLE_NONE;
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

	offer_paths(p, &o);
	offer_restart(p, &o);
	o.role = role_of(p);
	snprintf(o.hostname, sizeof(o.hostname), "peer%zu", p->index);
	open_encode(&w, &o);
	say(p, bytes, writer_size(&w));
}

static bool is_external(const struct peer_script *p)
{
	return p->open.as != neighbors[p->index].as;
}

static void next_hop_make(const struct peer_script *p, enum bgp_family family, struct attrs *a)
{
	char text[IP_TEXT_MAX];

	if (family == BGP_L2VPN_EVPN) {
		a->next_hop = ip_from_u32(0x0a00090au + (uint32_t)p->index);
	} else if (neighbors[p->index].found == BY_LINK) {
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

/* It is told of families that it has not heard of: they exist. */
static bool is_overridden(const struct peer_script *p)
{
	const char *match = choice_effect(p->device->choice, p->index, "match");

	return match != NULL && strcmp(match, "override-capability") == 0;
}

/* Of what the engine sends, or (`saying`) what the peer does. */
static struct update_context context_of(const struct peer_script *p, bool saying)
{
	struct update_context c = {.as4 = p->open.as4,
	    .ebgp = is_external(p),
	    .extended_nexthop = p->open.extended_nexthop[BGP_IPV4_UNICAST],
	    .max_size = MESSAGE_MAX};

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		c.families[f] = p->open.families[f] || is_overridden(p);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		c.add_path[f] = saying ? sends_paths(p) && p->open.add_path_receive[f]
				       : takes_paths(p) && p->open.add_path_send[f];
	return c;
}

static void announce(struct peer_script *p, const struct nlri *n, struct attrs *a)
{
	struct update_context c = context_of(p, true);
	uint8_t bytes[MESSAGE_MAX];
	struct update_writer u;

	next_hop_make(p, n->family, a);
	if (!is_external(p)) {
		a->has_local_pref = true;
		a->local_pref = 100;
	}
	update_begin_reach(&u, bytes, &c, n->family, a);
	check(update_add(&u, n));
	say(p, bytes, update_end(&u));
}

/* Destinations of its own, one that all peers have, some that have gone through us or are for us
 * alone; each kind of policy tells some of them from the others. */
static const struct sent {
	enum bgp_family family;
	const char *prefix; /* the number of the peer in it: it is its own */
	size_t first;	    /* what is added to that number */
	uint32_t communities[2];
	const char *soo;
	struct large_community large;
	enum attr_origin origin;
	uint32_t tail[2]; /* of the path, the last first */
} sent[] = {
    {BGP_IPV4_UNICAST, "192.0.2.0/24", 0, {0}, NULL, {0}, ORIGIN_IGP, {0}},
    {BGP_IPV4_UNICAST, "198.51.%zu.0/24", 100, {C(1)}, NULL, {0}, ORIGIN_IGP, {64901}},
    {BGP_IPV4_UNICAST, "198.51.%zu.0/24", 110, {0}, NULL, {0}, ORIGIN_IGP, {65001}},
    {BGP_IPV4_UNICAST, "198.51.%zu.0/24", 120, {COMMUNITY_NO_EXPORT}, NULL, {0}, ORIGIN_IGP, {0}},
    {BGP_IPV4_UNICAST, "198.51.%zu.0/24", 130, {C(2)}, "65000:5", {65000, 1, 2}, ORIGIN_EGP, {0}},
    {BGP_IPV4_UNICAST, "198.51.%zu.0/24", 140, {C(1), C(2)}, NULL, {65000, 1, 3}, ORIGIN_INCOMPLETE,
	{64900, 64901}},
    {BGP_IPV4_UNICAST, "198.51.%zu.128/25", 150, {0}, "65000:6", {0}, ORIGIN_EGP, {64900}},
    {BGP_IPV6_UNICAST, "2001:db8:f9::/48", 0, {0}, NULL, {0}, ORIGIN_IGP, {64900}},
    {BGP_IPV6_UNICAST, "2001:db8:f%zu::/48", 0, {C(1)}, NULL, {65000, 1, 2}, ORIGIN_IGP, {0}},
    {BGP_IPV6_UNICAST, "2001:db8:e%zu:1::/64", 0, {C(2)}, "65000:5", {0}, ORIGIN_EGP, {64901}},
};

static void sent_attrs(struct peer_script *p, const struct sent *s, struct attrs *a)
{
	struct arena *arena = &p->device->arena;
	struct extcomm soo;

	*a = (struct attrs){
	    .origin = (uint8_t)s->origin, .has_med = true, .med = (uint32_t)(100 - 10 * p->index)};
	if (s->communities[0] != 0)
		attrs_set_communities(a, s->communities, s->communities[1] != 0 ? 2 : 1, arena);
	if (s->soo != NULL) {
		check(extcomm_soo_parse(s->soo, &soo));
		attrs_set_extcomms(a, &soo, 1, arena);
	}
	if (s->large.global != 0)
		attrs_set_large(a, &s->large, 1, arena);
	for (size_t i = 0; i < 2 && s->tail[i] != 0; i++)
		as_path_prepend(a, s->tail[i], 1, arena);
}

static void path_make(struct peer_script *p, struct attrs *a)
{
	if (is_external(p))
		as_path_prepend(a, neighbors[p->index].as, 1, &p->device->arena);
}

/* Who can send several paths sends another one, a longer one. */
static void announce_sent(struct peer_script *p, const struct sent *s)
{
	bool several = context_of(p, true).add_path[s->family];

	for (uint32_t path = 1; path <= (several ? 2 : 1); path++) {
		struct nlri n = {.family = s->family, .path_id = several ? path : 0};
		struct attrs a;
		char text[PREFIX_TEXT_MAX];

		snprintf(text, sizeof(text), s->prefix, s->first + p->index);
		check(prefix_parse(text, &n.prefix));
		sent_attrs(p, s, &a);
		if (path == 2)
			as_path_prepend(&a, 64902, 1, &p->device->arena);
		path_make(p, &a);
		announce(p, &n, &a);
	}
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
	path_make(p, &a);
	announce(p, &n, &a);
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
	path_make(p, &a);
	announce(p, &n, &a);
}

static void say_hosts(struct peer_script *p)
{
	size_t i = p->index;

	announce_vtep(p, SIM_VNI);
	announce_vtep(p, SIM_PLAIN_VNI);
	announce_host(p, SIM_VNI, (uint8_t)(100 + i), true, 0, false);
	announce_host(p, SIM_PLAIN_VNI, (uint8_t)(110 + i), false, 0, i == 0);
	announce_host(p, SIM_VNI, 120, true, i == 2, false);
}

static void say_routes(struct peer_script *p, enum bgp_family family)
{
	if (family == BGP_L2VPN_EVPN)
		say_hosts(p);
	else if (family == BGP_IPV6_UNICAST || neighbors[p->index].found != BY_LINK ||
		 p->open.extended_nexthop[family])
		for (size_t i = 0; i < sizeof(sent) / sizeof(*sent); i++)
			if (sent[i].family == family)
				announce_sent(p, &sent[i]);
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
	if (n->path_id != 0)
		str_addf(out, PATH "%u", n->path_id);
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
	struct update_context c = context_of(p, false);
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

	if (p->conn != 0 || !choice_has(d->choice, p->index) ||
	    (neighbors[p->index].found != BY_RANGE && strcmp(passive, "passive") != 0) ||
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

	if (neighbors[p->index].found != BY_LINK || !p->device->watching[p->ifindex.v])
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

static void route_of_another(
    struct simkernel *k, size_t row, const char *prefix, uint8_t protocol, const char *gateway)
{
	struct sim_route *r = &k->routes[row];
	struct prefix p;

	check(prefix_parse(prefix, &p) && !r->used);
	r->used = true;
	r->key = slot_key_route(RT_TABLE_MAIN, 0, &p).route;
	r->entry = (struct route_entry){
	    .protocol = protocol, .type = RTN_UNICAST, .nexthop_count = 1, .nexthops = r->nexthops};
	r->nexthops[0] = (struct route_nexthop){.gateway = ip_of(gateway),
	    .dev = {strcmp(gateway, "10.0.2.99") == 0 ? SIM_UPLINK2 : SIM_UPLINK1},
	    .weight = 1};
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
	route_of_another(k, 0, "203.0.113.0/24", STATIC_FRR, "10.0.1.99");
	route_of_another(k, 1, "203.0.114.0/24", RTPROT_BOOT, "10.0.2.99");
	route_of_another(k, 2, "2001:db8:5::/48", STATIC_FRR, "2001:db8:1::99");
	route_of_another(k, 3, "2001:db8:6::/48", RTPROT_BOOT, "2001:db8:1::98");
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
		if (neighbors[i].found == BY_LINK) {
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

static void add_way(const struct ip *gateway, ifindex_t dev, uint32_t weight, struct str *out)
{
	char text[IP_TEXT_MAX];

	str_addf(out, " %s if%u", ip_text(gateway, text), dev.v);
	if (weight > 0)
		str_addf(out, " x%u", weight);
}

/* Of an object: which number it got depends on the numbers that were taken then, and whether the
 * one way that is left is still in a group on what was lost meanwhile. Where it leads does not. */
static void add_ways(const struct simkernel *k, uint32_t id, uint32_t weight, struct str *out)
{
	for (size_t i = 0; i < SIM_ROWS; i++) {
		const struct sim_nexthop *n = &k->nexthops[i];
		uint8_t count = n->entry.member_count;

		if (!n->used || n->key.id != id)
			continue;
		if (count == 0)
			add_way(&n->entry.gateway, n->entry.dev, weight, out);
		for (size_t m = 0; m < count; m++)
			add_ways(k, n->members[m].id, count > 1 ? n->members[m].weight : 0, out);
	}
}

static void add_route(
    const struct simkernel *k, const struct slot_key *key, struct slot_content *c, struct str *out)
{
	char a[SLOT_TEXT_MAX], b[SLOT_TEXT_MAX];
	const struct route_entry route = c->route;

	c->route.nhid = 0;
	c->route.nexthop_count = 0;
	str_addf(out, "%s = %s", slot_key_text(key, a), slot_content_text(key->kind, c, b));
	for (size_t i = 0; i < route.nexthop_count; i++)
		add_way(&route.nexthops[i].gateway, route.nexthops[i].dev,
		    route.nexthop_count > 1 ? route.nexthops[i].weight : 0, out);
	add_ways(k, route.nhid, 0, out);
	str_add(out, "\n");
}

static bool nexthop_used(const struct simkernel *k, uint32_t id)
{
	for (size_t i = 0; i < SIM_ROWS; i++)
		if (k->routes[i].used && k->routes[i].entry.nhid == id)
			return true;
	for (size_t i = 0; i < SIM_ROWS; i++)
		for (size_t m = 0; k->nexthops[i].used && m < k->nexthops[i].entry.member_count;
		     m++)
			if (k->nexthops[i].members[m].id == id)
				return true;
	return false;
}

static void row_seen(void *context, const struct kernel_event *event)
{
	struct kernel_rows *rows = context;
	struct slot_key key;
	struct slot_content content;
	char a[SLOT_TEXT_MAX], b[SLOT_TEXT_MAX];
	bool present;

	if (!kernel_event_slot(event, &key, &content, &present))
		return;
	if (key.kind == SLOT_ROUTE) {
		add_route(rows->k, &key, &content, &rows->text);
	} else if (key.kind != SLOT_NEXTHOP) {
		str_addf(&rows->text, "%s = %s\n", slot_key_text(&key, a),
		    slot_content_text(key.kind, &content, b));
	} else if (!nexthop_used(rows->k, key.nexthop.id)) {
		str_add(&rows->text, "nexthop of no route:");
		add_ways(rows->k, key.nexthop.id, 0, &rows->text);
		str_add(&rows->text, "\n");
	}
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

static bool is_up(const struct device *d, const struct ip *remote)
{
	for (size_t i = 0; i < NEIGHBORS; i++)
		if (ip_equal(&d->peers[i].address, remote) && d->peers[i].established)
			return true;
	return false;
}

/* Over many hops the local address may be that of a connection of the past. */
static void add_bfd(struct device *d, struct str *out)
{
	char remote[IP_TEXT_MAX], local[IP_TEXT_MAX];
	struct str all = {0};

	for (size_t i = 0; i < d->bfd_count; i++) {
		const struct bfd_path *path = &d->bfd[i].path;
		const struct bfd_params *p = &d->bfd[i].params;

		if (path->multihop != 0 && !is_up(d, &path->remote))
			continue;
		str_addf(&all, "%s from %s if%u %s %u/%u x %u ttl %u %d %d echo %d %u/%u\n",
		    ip_text(&path->remote, remote), ip_text(&path->local, local), path->ifindex.v,
		    path->multihop != 0 ? "multihop" : "", p->transmit_us, p->receive_us,
		    p->multiplier, p->minimum_ttl, p->passive, p->shutdown, p->echo,
		    p->echo_transmit_us, p->echo_receive_us);
	}
	add_sorted("bfd", &all, out);
}

/* The number of a path depends on what numbers were taken. */
static void add_told(const struct peer_script *p, const struct told *t, struct str *out)
{
	const char *path = strstr(t->route, PATH);
	size_t size = path != NULL ? (size_t)(path - t->route) : strlen(t->route);

	str_addf(
	    out, "%s told of %.*s %s\n", neighbors[p->index].name, (int)size, t->route, t->attrs);
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
		add_told(p, &p->told[i], &told);
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
