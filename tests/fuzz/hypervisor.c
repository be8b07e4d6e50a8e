/*
 * See hypervisor.h. Executes actions as tests/sim does, without faults: operations at once, their
 * notifications ahead of the result, dumps between BEGIN and END.
 */
#include "hypervisor.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "bgp/extcomm.h"
#include "bgp/message.h"
#include "bgp/open.h"
#include "bgp/update.h"

#define PEER_CONN (CONN_ACCEPTED + 1)
#define AGENT 4242
#define TURNS_MAX 10000
#define KEEPALIVE_MS 30000

struct hypervisor_pending {
	struct hypervisor_pending *next;
	struct event event;
	uint8_t extra[256]; /* what the event points to */
};

/* ---- turns --------------------------------------------------------------------------------- */

static void pending_add(struct hypervisor *h, const struct event *event)
{
	struct hypervisor_pending *p = mem_new(sizeof(*p));
	struct kernel_event *k = &p->event.kernel;

	p->event = *event;
	if (event->kind == EVENT_KERNEL && k->kind == KERNEL_PORT_VLANS) {
		memcpy(p->extra, k->port_vlans.vlans,
		    k->port_vlans.count * sizeof(*k->port_vlans.vlans));
		k->port_vlans.vlans = (void *)p->extra;
	} else if (event->kind == EVENT_KERNEL &&
		   (k->kind == KERNEL_ROUTE_NEW || k->kind == KERNEL_ROUTE_DEL)) {
		memcpy(p->extra, k->route.entry.nexthops,
		    k->route.entry.nexthop_count * sizeof(*k->route.entry.nexthops));
		k->route.entry.nexthops = (void *)p->extra;
	}
	*h->last = p;
	h->last = &p->next;
}

static void notified(void *context, const struct kernel_event *event)
{
	struct event e = {.kind = EVENT_KERNEL, .kernel = *event};

	pending_add(context, &e);
}

static bool misses_nothing(void *context)
{
	(void)context;
	return false;
}

static void dump(struct hypervisor *h, enum kernel_table table)
{
	struct event e = {.kind = EVENT_KERNEL};

	e.kernel.kind = KERNEL_DUMP_BEGIN;
	e.kernel.dump.table = table;
	pending_add(h, &e);
	simkernel_dump(&h->kernel, table, misses_nothing);
	e.kernel.kind = KERNEL_DUMP_END;
	e.kernel.dump.clean = true;
	pending_add(h, &e);
}

static void execute_op(struct hypervisor *h, const struct kernel_op *op)
{
	struct event e = {.kind = EVENT_KERNEL_RESULT};
	bool write = op->verb != KERNEL_READ && op->verb != KERNEL_PROBE;

	if (write && ++h->writes >= h->fail_from && h->writes <= h->fail_to)
		h->kernel.fail_errno = h->fail_errno;
	simkernel_execute(&h->kernel, op, true, &e.result);
	h->kernel.fail_errno = 0;
	pending_add(h, &e);
}

static void execute(struct hypervisor *h, const struct action *a)
{
	struct event e = {.kind = EVENT_PEER_CLOSED};

	h->others += a->kind != ACTION_CTL_REPLY && a->kind != ACTION_LOG;
	if (h->take != NULL && h->take(h->context, a))
		return;
	if (a->kind == ACTION_KERNEL_DUMP) {
		dump(h, a->dump);
	} else if (a->kind == ACTION_KERNEL_OP) {
		execute_op(h, &a->op);
	} else if (a->kind == ACTION_PEER_CONNECT) {
		e.peer.conn = a->connect.conn;
		e.peer.error = 111; /* nobody there */
		pending_add(h, &e);
	} else if (a->kind == ACTION_PEER_SEND && h->take == NULL) {
		h->peer_owed |= a->peer.conn == PEER_CONN;
	} else if (a->kind == ACTION_PEER_CLOSE) {
		h->peer_closed |= a->peer.conn == PEER_CONN;
	} else if (a->kind == ACTION_BFD && a->bfd.kind == BFD_ORDER_ASK) {
		e = (struct event){.kind = EVENT_BFD, .bfd = {.kind = BFD_REPORT_TOTALS}};
		pending_add(h, &e); /* no session has anything to say */
	} else if (a->kind == ACTION_CTL_REPLY && h->reply != NULL) {
		h->reply(h->context, a);
	}
}

static void turn(struct hypervisor *h, const struct event *event)
{
	struct event drained = {.kind = EVENT_PEER_DRAINED, .peer.conn = PEER_CONN};
	struct action a;

	engine_handle(h->engine, event, h->now);
	while (engine_next_action(h->engine, &a))
		execute(h, &a);
	if (h->peer_owed)
		pending_add(h, &drained);
	h->peer_owed = false;
}

void hypervisor_deliver(struct hypervisor *h)
{
	struct event timer = {.kind = EVENT_TIMER};
	unsigned turns = 0;

	while (h->first != NULL || mono_reached(engine_deadline(h->engine), h->now)) {
		struct hypervisor_pending *p = h->first;

		check(++turns < TURNS_MAX);
		if (p == NULL) {
			turn(h, &timer);
			continue;
		}
		h->first = p->next;
		if (h->first == NULL)
			h->last = &h->first;
		turn(h, &p->event);
		mem_free(p);
	}
}

void hypervisor_event(struct hypervisor *h, const struct event *event)
{
	turn(h, event);
	hypervisor_deliver(h);
}

static void pass(struct hypervisor *h, mono_t end)
{
	mono_t due;

	while (due = engine_deadline(h->engine), !mono_before(end, due)) {
		if (mono_before(h->now, due))
			h->now = due;
		hypervisor_deliver(h);
	}
	h->now = end;
}

void hypervisor_wait(struct hypervisor *h, int64_t ms)
{
	mono_t end = mono_add_ms(h->now, ms);

	while (mono_before(h->now, end)) {
		pass(h, mono_min(mono_add_ms(h->now, KEEPALIVE_MS), end));
		if (h->peer_open)
			hypervisor_peer_says(h, MESSAGE_KEEPALIVE, NULL, 0);
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

static void configure(struct hypervisor *h)
{
	char text[2048];
	struct event e = {.kind = EVENT_CONFIG, .config = {.file = "fuzz.conf", .text = h->config}};

	if (h->config == NULL) {
		snprintf(text, sizeof(text),
		    "hostname hv1\nrouter bgp 65001\n bgp router-id 10.0.0.1\n"
		    " no bgp ebgp-requires-policy\n"
		    " neighbor 10.0.0.2 remote-as external\n neighbor 10.0.0.2 passive\n"
		    "%s%.512s\n neighbor eth4 interface remote-as external\n"
		    " neighbor t\xfcr interface remote-as external\n"
		    " address-family ipv4 unicast\n  network 10.0.0.1/32\n exit-address-family\n"
		    " address-family l2vpn evpn\n  neighbor 10.0.0.2 activate\n"
		    "  advertise-all-vni\n exit-address-family\nexit\n",
		    h->description != NULL ? " neighbor 10.0.0.2 description " : "!",
		    h->description != NULL ? h->description : "");
		e.config.text = text;
	}
	hypervisor_event(h, &e);
}

void hypervisor_start(struct hypervisor *h, const uint8_t *state, size_t size)
{
	struct event e = {.kind = EVENT_START,
	    .start = {.seed = 1, .boot_id = FUZZ_BOOT_ID, .netns = FUZZ_NETNS, .bgp_port = 179}};

	h->engine = engine_new();
	h->last = &h->first;
	h->now = (mono_t){1000000000};
	h->kernel.context = h;
	h->kernel.notify = notified;
	h->kernel.portid = 1000;
	strcpy(e.start.hostname, "hv1");
	e.start.state_writable = true;
	hypervisor_event(h, &e);
	e = (struct event){.kind = EVENT_STATE};
	e.state.bytes = state;
	e.state.size = size;
	hypervisor_event(h, &e);
	configure(h);
}

void hypervisor_free(struct hypervisor *h)
{
	engine_free(h->engine);
	check(h->first == NULL);
}

/* ---- the peer ------------------------------------------------------------------------------ */

static void peer_bytes(struct hypervisor *h, const uint8_t *bytes, size_t size)
{
	struct event e = {.kind = EVENT_PEER_BYTES};

	if (h->peer_closed)
		return;
	e.peer.conn = PEER_CONN;
	e.peer.bytes = bytes;
	e.peer.size = size;
	hypervisor_event(h, &e);
}

void hypervisor_peer_says(struct hypervisor *h, uint8_t type, const uint8_t *body, size_t size)
{
	uint8_t frame[MESSAGE_MAX];
	struct writer w = writer_to(frame, sizeof(frame));
	size_t mark = message_begin(&w, type);

	write_bytes(&w, body, size);
	message_end(&w, mark);
	if (!w.overflow)
		peer_bytes(h, frame, writer_size(&w));
}

static void peer_opens(struct hypervisor *h)
{
	struct open o = {.as = 65002,
	    .hold_s = 180,
	    .router_id = ip_from_u32(0x0a000002),
	    .as4 = true,
	    .route_refresh = true,
	    .families = {true, true, true}};
	struct event e = {.kind = EVENT_PEER_ACCEPTED};
	uint8_t frame[MESSAGE_MAX];
	struct writer w = writer_to(frame, sizeof(frame));

	e.peer.conn = PEER_CONN;
	e.peer.local = ip_from_u32(0x0a000001);
	e.peer.remote = ip_from_u32(0x0a000002);
	hypervisor_event(h, &e);
	h->peer_open = true;
	strcpy(o.hostname, "leaf2");
	open_encode(&w, &o);
	peer_bytes(h, frame, writer_size(&w));
	hypervisor_peer_says(h, MESSAGE_KEEPALIVE, NULL, 0);
}

static void peer_withdraws(struct hypervisor *h, const struct nlri *n)
{
	struct update_context c = {.as4 = true, .max_size = MESSAGE_MAX};
	uint8_t message[MESSAGE_MAX];
	struct update_writer u;

	c.families[n->family] = true;
	update_begin_unreach(&u, message, &c, n->family);
	check(update_add(&u, n));
	peer_bytes(h, message, update_end(&u));
}

static void peer_announces(
    struct hypervisor *h, const struct nlri *n, const struct extcomm *list, size_t count)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xea}; /* 65002 */
	struct attrs a = {
	    .next_hop = ip_from_u32(0x0a000002), .as_path = path, .as_path_size = sizeof(path)};
	struct update_context c = {.as4 = true, .max_size = MESSAGE_MAX};
	uint8_t message[MESSAGE_MAX];
	struct update_writer u;
	struct arena arena = {0};

	attrs_set_extcomms(&a, list, count, &arena);
	if (n->evpn.type == EVPN_IMET) {
		a.has_pmsi = true;
		a.pmsi.type = PMSI_INGRESS_REPLICATION;
		a.pmsi.label = SIM_VNI;
		a.pmsi.endpoint = a.next_hop;
	}
	c.families[n->family] = true;
	update_begin_reach(&u, message, &c, n->family, &a);
	check(update_add(&u, n));
	peer_bytes(h, message, update_end(&u));
	arena_fini(&arena);
}

static struct nlri evpn_route(uint8_t type, uint32_t vni)
{
	struct ip peer = ip_from_u32(0x0a000002);
	struct nlri n = {.family = BGP_L2VPN_EVPN, .evpn = {.type = type}};

	n.evpn.rd = rd_from_ip(&peer, (uint16_t)(vni % 1000));
	n.evpn.label1 = evpn_vni_label((vni_t){vni});
	if (type == EVPN_IMET)
		n.evpn.ip = peer;
	return n;
}

static struct mac host_mac(uint8_t number)
{
	return (struct mac){{2, 0, 0, 0, 1, number}};
}

static struct ip host_ip(uint8_t number)
{
	return ip_from_u32(0xc0a80900u + number);
}

static struct nlri host_route(uint32_t vni, uint8_t number, bool with_ip)
{
	struct nlri n = evpn_route(EVPN_MAC_IP, vni);

	n.evpn.mac = host_mac(number);
	if (with_ip)
		n.evpn.ip = host_ip(number);
	return n;
}

static void peer_lacks_host(struct hypervisor *h, uint32_t vni, uint8_t number, bool with_ip)
{
	struct nlri n = host_route(vni, number, with_ip);

	peer_withdraws(h, &n);
}

/* sequence -1: no mobility community. */
static void peer_has_host(
    struct hypervisor *h, uint32_t vni, uint8_t number, bool with_ip, int64_t sequence, bool sticky)
{
	struct nlri n = host_route(vni, number, with_ip);
	struct extcomm list[3] = {extcomm_rt_as(65002, vni), extcomm_encap_vxlan()};

	if (sequence >= 0)
		list[2] = extcomm_mac_mobility((uint32_t)sequence, sticky);
	peer_announces(h, &n, list, sequence >= 0 ? 3 : 2);
}

static void peer_has_vnis(struct hypervisor *h)
{
	static const uint32_t vnis[] = {SIM_VNI, SIM_PLAIN_VNI};
	struct nlri underlay = {.family = BGP_IPV4_UNICAST};

	prefix_parse("10.0.9.0/24", &underlay.prefix);
	peer_announces(h, &underlay, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		struct nlri n = evpn_route(EVPN_IMET, vnis[i]);
		struct extcomm list[] = {extcomm_rt_as(65002, vnis[i]), extcomm_encap_vxlan()};

		peer_announces(h, &n, list, 2);
	}
}

/* ---- hosts --------------------------------------------------------------------------------- */

static void host_pinned(struct hypervisor *h, uint8_t number, uint8_t ntf)
{
	struct mac mac = host_mac(number);
	struct ip ip = host_ip(number);

	simkernel_fdb_write(&h->kernel, SIM_ACCESS, SIM_VLAN, &mac, SIM_REPLACE, NUD_NOARP, ntf);
	simkernel_neigh_write(
	    &h->kernel, SIM_SVI, &ip, SIM_REPLACE, &mac, NUD_PERMANENT, 255, AGENT);
	hypervisor_deliver(h);
}

static void host_learned(struct hypervisor *h, uint8_t number)
{
	struct mac mac = host_mac(number);
	struct ip ip = host_ip(number);

	simkernel_frame(&h->kernel, SIM_ACCESS, SIM_VLAN, &mac);
	simkernel_arp(&h->kernel, SIM_SVI, &ip, &mac);
	hypervisor_deliver(h);
}

void hypervisor_populate(struct hypervisor *h)
{
	struct mac mac = host_mac(77);

	peer_opens(h);
	peer_has_vnis(h);
	host_pinned(h, 1, NTF_STICKY); /* stays ours, uncontested */
	host_pinned(h, 2, 0);
	peer_has_host(h, SIM_VNI, 2, true, 5, false); /* contested */
	host_learned(h, 3);
	host_learned(h, 4);
	peer_has_host(h, SIM_VNI, 4, false, 5, false); /* moved away */
	peer_has_host(h, SIM_VNI, 5, false, 0, true);
	peer_has_host(h, SIM_VNI, 5, true, -1, false);
	peer_has_host(h, SIM_VNI, 6, true, -1, false);
	peer_has_host(h, SIM_PLAIN_VNI, 7, true, 1, false);
	/* a row that looks like ours and that nobody claims */
	simkernel_fdb_write(
	    &h->kernel, SIM_VXLAN, SIM_VLAN, &mac, SIM_REPLACE, NUD_REACHABLE, NTF_EXT_LEARNED);
	hypervisor_deliver(h);
	hypervisor_wait(h, 11000); /* alarms of contested pins */
}

void hypervisor_depopulate(struct hypervisor *h)
{
	struct mac mac = host_mac(2);
	struct ip ip = host_ip(2);

	peer_lacks_host(h, SIM_VNI, 5, true);
	peer_lacks_host(h, SIM_VNI, 5, false);
	peer_lacks_host(h, SIM_PLAIN_VNI, 7, true);
	simkernel_fdb_delete(&h->kernel, SIM_ACCESS, SIM_VLAN, &mac);
	simkernel_neigh_delete(&h->kernel, SIM_SVI, &ip, AGENT);
	hypervisor_deliver(h);
}
