/*
 * See evpn_host.h. The kernel here executes one operation at a time, in order, and tells the
 * notification before the result, as os/netlink does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "evpn_host.h"

#include "base/mem.h"
#include "bgp/extcomm.h"

struct mac test_mac(const char *text)
{
	struct mac mac;

	assert_true(mac_parse(text, &mac));
	return mac;
}

struct ip test_ip(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

/* ---- what evpn asks for ---------------------------------------------------------------------- */

static void line(struct evpn_host_state *h, const char *format, ...)
{
	va_list args;

	if (h->lines.size > 0)
		str_add(&h->lines, "; ");
	va_start(args, format);
	str_addv(&h->lines, format, args);
	va_end(args);
}

static void route_line(struct evpn_host_state *h, char sign, const struct nlri *n)
{
	char mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX];

	if (n->evpn.type == EVPN_IMET)
		line(h, "%cimet %s", sign, ip_text(&n->evpn.ip, ip));
	else if (n->evpn.ip.family == IP_NONE)
		line(h, "%cmac %s", sign, mac_text(&n->evpn.mac, mac));
	else
		line(h, "%cip %s %s", sign, mac_text(&n->evpn.mac, mac), ip_text(&n->evpn.ip, ip));
}

static bool originate(void *context, const struct nlri *n, const struct attrs *a)
{
	struct evpn_host_state *h = context;
	bool sticky = false, encap = false;
	uint32_t sequence = 0;
	struct extcomm vxlan = extcomm_encap_vxlan();

	route_line(h, '+', n);
	for (size_t i = 0; i < a->extcomm_count; i++)
		encap |= extcomm_equal(&a->extcomms[i], &vxlan);
	assert_true(encap);
	if (n->evpn.type == EVPN_IMET) {
		assert_true(a->has_pmsi && a->pmsi.type == PMSI_INGRESS_REPLICATION);
		assert_int_equal(a->pmsi.label, TEST_VNI);
		assert_true(ip_equal(&a->pmsi.endpoint, &a->next_hop));
		return true;
	}
	assert_int_equal(n->evpn.label1, TEST_VNI);
	attrs_mac_mobility(a, &sequence, &sticky);
	str_addf(&h->lines, " %u%s%s", sequence, sticky ? " sticky" : "",
	    attrs_default_gateway(a) ? " gateway" : "");
	return true;
}

static void formerly(void *context, const struct nlri *n)
{
	struct evpn_host_state *h = context;

	nlri_text(n, &h->former);
	str_add(&h->former, "\n");
}

static void withdraw(void *context, const struct nlri *n)
{
	route_line(context, '-', n);
}

static const char *const verbs[] = {"add", "change", "delete", "read", "probe", "set"};

static void op_line(struct evpn_host_state *h, const struct kernel_op *op)
{
	char text[IP_TEXT_MAX];

	if (op->key.kind == SLOT_FDB)
		line(h, "%s fdb %s", verbs[op->verb], mac_text(&op->key.fdb.mac, text));
	else if (op->key.kind == SLOT_VXLAN_FDB)
		line(h, "%s vxlan %s", verbs[op->verb], mac_text(&op->key.vxlan_fdb.mac, text));
	else if (op->key.kind == SLOT_FLOOD)
		line(h, "%s flood %s", verbs[op->verb], ip_text(&op->key.flood.vtep, text));
	else if (op->key.kind == SLOT_NEIGH)
		line(h, "%s neigh %s", verbs[op->verb], ip_text(&op->key.neigh.ip, text));
	else
		line(h, "%s port %u %s", verbs[op->verb], op->key.bridge_port.v,
		    op->content.bridge_port.learning ? "learning" : "off");
}

static void kernel_op(void *context, const struct kernel_op *op)
{
	struct evpn_host_state *h = context;
	struct kernel_op kept = *op;

	kept.id = ++h->next_id;
	ledger_issue(h->mirror, &kept);
	op_line(h, &kept);
	h->ops = mem_resize(h->ops, (h->op_count + 1) * sizeof(*h->ops));
	h->ops[h->op_count++] = kept;
}

static void state_append(void *context, const uint8_t *bytes, size_t size)
{
	struct evpn_host_state *h = context;

	h->state = mem_resize(h->state, h->state_size + size);
	memcpy(h->state + h->state_size, bytes, size);
	h->state_size += size;
}

static void state_reset(void *context, const uint8_t *bytes, size_t size)
{
	struct evpn_host_state *h = context;
	uint8_t *copy = mem_dup(bytes, size);

	mem_free(h->state);
	h->state = copy;
	h->state_size = size;
}

static void routes_again(void *context)
{
	((struct evpn_host_state *)context)->routes_wanted++;
}

static void note(void *context, const struct evpn_note *n)
{
	(void)context, (void)n;
}

static void log_line(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	struct evpn_host_state *h = context;

	(void)topic;
	if (level <= LOG_LEVEL_WARNING)
		str_addf(&h->alarms, "%s\n", text);
}

/* ---- the kernel ------------------------------------------------------------------------------ */

static void changed(void *context, const struct kernel_event *event)
{
	struct evpn_host_state *h = context;

	evpn_kernel_changed(h->evpn, event, h->now);
}

void kernel_send(struct evpn_host_state *h, const struct kernel_event *event)
{
	mirror_apply(h->mirror, event, changed, h);
}

static void tell_fdb(struct evpn_host_state *h, const struct kernel_op *op)
{
	struct kernel_event e = {.kind = KERNEL_FDB_NEW};

	e.fdb.key = op->key.fdb;
	e.fdb.entry = op->content.fdb;
	if (op->verb == KERNEL_DELETE)
		e.kind = KERNEL_FDB_DEL;
	kernel_send(h, &e);
}

static void tell_vxlan(struct evpn_host_state *h, const struct kernel_op *op)
{
	struct kernel_event e = {.kind = KERNEL_VXLAN_FDB_NEW};

	e.vxlan_fdb.key = op->key.vxlan_fdb;
	e.vxlan_fdb.entry = op->content.vxlan_fdb;
	if (op->verb == KERNEL_DELETE)
		e.kind = KERNEL_VXLAN_FDB_DEL;
	kernel_send(h, &e);
}

static void tell_flood(struct evpn_host_state *h, const struct kernel_op *op)
{
	struct kernel_event e = {.kind = KERNEL_FLOOD_NEW};

	e.flood.key = op->key.flood;
	e.flood.entry = op->content.flood;
	if (op->verb == KERNEL_DELETE)
		e.kind = KERNEL_FLOOD_DEL;
	kernel_send(h, &e);
}

static void tell_neigh(struct evpn_host_state *h, const struct kernel_op *op)
{
	struct kernel_event e = {.kind = KERNEL_NEIGH_NEW, .ours = true, .writer = 1};

	e.neigh.key = op->key.neigh;
	e.neigh.entry = op->content.neigh;
	if (op->verb == KERNEL_DELETE)
		e.kind = KERNEL_NEIGH_DEL;
	kernel_send(h, &e);
}

static void execute(struct evpn_host_state *h, const struct kernel_op *op)
{
	struct kernel_result result = {.id = op->id, .outcome = KERNEL_DONE};
	struct kernel_op repair;

	if (h->refuse != 0) {
		result.outcome = KERNEL_FAILED;
		result.error = h->refuse;
	} else if (op->verb == KERNEL_READ) {
		result.checked = result.seen_present = true;
		result.seen = op->expected;
	} else if (op->verb == KERNEL_PROBE) {
	} else if (op->key.kind == SLOT_FDB) {
		tell_fdb(h, op);
	} else if (op->key.kind == SLOT_VXLAN_FDB) {
		tell_vxlan(h, op);
	} else if (op->key.kind == SLOT_FLOOD) {
		tell_flood(h, op);
	} else if (op->key.kind == SLOT_NEIGH) {
		tell_neigh(h, op);
	}
	assert_false(
	    ledger_result(h->mirror, op, &result, &repair, &evpn_counters(h->evpn)->kernel));
	evpn_slot_result(h->evpn, op, &result, h->now);
}

void host_run(struct evpn_host_state *h)
{
	for (int rounds = 0; rounds < 100; rounds++) {
		struct kernel_op *ops = h->ops;
		size_t count = h->op_count;

		h->ops = NULL;
		h->op_count = 0;
		for (size_t i = 0; i < count; i++)
			execute(h, &ops[i]);
		mem_free(ops);
		while (evpn_run(h->evpn, h->now))
			;
		if (h->op_count == 0)
			return;
	}
	fail_msg("no rest: %s", str_text(&h->lines));
}

void host_wait(struct evpn_host_state *h, int64_t ms)
{
	h->now = mono_add_ms(h->now, ms);
	host_run(h);
}

const char *host_lines(struct evpn_host_state *h)
{
	static char text[4096];

	host_run(h);
	snprintf(text, sizeof(text), "%s", str_text(&h->lines));
	str_clear(&h->lines);
	return text;
}

/* ---- facts ----------------------------------------------------------------------------------- */

void kernel_fdb(
    struct evpn_host_state *h, const char *mac, unsigned port, uint16_t nud, uint8_t ntf)
{
	struct kernel_event e = {.kind = KERNEL_FDB_NEW};
	struct mac m = test_mac(mac);

	e.fdb.key = slot_key_fdb((ifindex_t){BRIDGE}, TEST_VLAN, &m).fdb;
	e.fdb.entry = (struct fdb_entry){.port = {port}, .nud = nud, .ntf = ntf};
	kernel_send(h, &e);
}

void kernel_fdb_gone(struct evpn_host_state *h, const char *mac)
{
	struct kernel_event e = {.kind = KERNEL_FDB_DEL};
	struct mac m = test_mac(mac);
	const struct fdb_slot *slot;

	e.fdb.key = slot_key_fdb((ifindex_t){BRIDGE}, TEST_VLAN, &m).fdb;
	slot = mirror_fdb(h->mirror, &e.fdb.key);
	if (slot != NULL)
		e.fdb.entry = slot->entry;
	kernel_send(h, &e);
}

void kernel_neigh(struct evpn_host_state *h, const char *ip, const char *mac, uint16_t nud)
{
	struct kernel_event e = {.kind = KERNEL_NEIGH_NEW, .writer = 7};
	struct ip address = test_ip(ip);

	e.neigh.key = slot_key_neigh((ifindex_t){SVI}, &address).neigh;
	e.neigh.entry = (struct neigh_entry){.lladdr = test_mac(mac), .nud = nud};
	kernel_send(h, &e);
}

void kernel_neigh_gone(struct evpn_host_state *h, const char *ip)
{
	struct kernel_event e = {.kind = KERNEL_NEIGH_DEL};
	struct ip address = test_ip(ip);

	e.neigh.key = slot_key_neigh((ifindex_t){SVI}, &address).neigh;
	kernel_send(h, &e);
}

static struct link link_of(unsigned ifindex, bool up)
{
	static const char *const names[] = {
	    "", "br-evpn", "l2vni-10099", "veth-to-ovs", "irb-99", "tap1"};
	static const enum link_kind kinds[] = {
	    LINK_OTHER, LINK_BRIDGE, LINK_VXLAN, LINK_OTHER, LINK_VLAN, LINK_OTHER};
	struct link l = {
	    .ifindex = {ifindex}, .kind = kinds[ifindex], .admin_up = up, .running = up};

	strcpy(l.name, names[ifindex]);
	l.mac = (struct mac){{0x02, 0, 0, 0, 0xff, (uint8_t)ifindex}};
	l.bridge.vlan_filtering = ifindex == BRIDGE;
	if (ifindex == VXLAN) {
		l.vxlan.vni.v = TEST_VNI;
		l.vxlan.local = test_ip("10.0.0.1");
	}
	if (ifindex == SVI) {
		l.lower.v = BRIDGE;
		l.vlan_id = TEST_VLAN;
	} else if (ifindex != BRIDGE) {
		l.master.v = BRIDGE;
		l.port = (struct link_port){.valid = true, .state = up ? 3 : 0};
	}
	return l;
}

void kernel_link(struct evpn_host_state *h, unsigned ifindex, bool up)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link = link_of(ifindex, up);
	kernel_send(h, &e);
}

void kernel_port_learning(struct evpn_host_state *h, unsigned port, bool on)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link = link_of(port, true);
	e.link.port.learning = on;
	kernel_send(h, &e);
}

void kernel_link_gone(struct evpn_host_state *h, unsigned ifindex)
{
	struct kernel_event e = {.kind = KERNEL_LINK_DEL};

	e.link_gone.v = ifindex;
	kernel_send(h, &e);
}

void kernel_vlans(struct evpn_host_state *h, unsigned port)
{
	struct port_vlan vlan = {.first = TEST_VLAN,
	    .last = TEST_VLAN,
	    .flags = port == VXLAN ? PORT_VLAN_PVID | PORT_VLAN_UNTAGGED : 0};
	struct kernel_event e = {.kind = KERNEL_PORT_VLANS};

	e.port_vlans.port.v = port;
	e.port_vlans.count = 1;
	e.port_vlans.vlans = &vlan;
	kernel_send(h, &e);
}

static const struct attrs *route_attrs(
    struct evpn_host_state *h, uint32_t vtep, const char *rt, int64_t sequence, bool sticky)
{
	struct attrs *a = arena_new(&h->arena, sizeof(*a));
	struct extcomm list[2];
	size_t count = 1;

	assert_true(extcomm_rt_parse(rt == NULL ? "65002:10099" : rt, &list[0]));
	if (sequence >= 0)
		list[count++] = extcomm_mac_mobility((uint32_t)sequence, sticky);
	a->next_hop = ip_from_u32(0x0a000000u + vtep);
	attrs_set_extcomms(a, list, count, &h->arena);
	return a;
}

static void deliver(
    struct evpn_host_state *h, const struct nlri *n, const struct attrs *a, bool gone)
{
	struct bgp_best best = {.nlri = *n, .count = gone ? 0 : 1};

	best.routes[0].attrs = a;
	evpn_route_changed(h->evpn, &best, h->now);
}

void bgp_route(struct evpn_host_state *h, const struct test_route *r)
{
	struct ip rd = ip_from_u32(0x0a000000u + (r->rd != 0 ? r->rd : r->vtep));
	struct nlri n = {.family = BGP_L2VPN_EVPN};

	n.evpn.type = EVPN_MAC_IP;
	n.evpn.rd = rd_from_ip(&rd, 2);
	n.evpn.mac = test_mac(r->mac);
	if (r->ip != NULL)
		n.evpn.ip = test_ip(r->ip);
	n.evpn.esi.b[9] = (uint8_t)r->segment;
	n.evpn.label1 = TEST_VNI;
	deliver(h, &n, route_attrs(h, r->vtep, r->rt, r->sequence, r->sticky), r->gone);
}

void bgp_imet(struct evpn_host_state *h, uint32_t vtep, bool gone)
{
	struct ip address = ip_from_u32(0x0a000000u + vtep);
	struct nlri n = {.family = BGP_L2VPN_EVPN};
	struct attrs a = *route_attrs(h, vtep, NULL, -1, false);

	n.evpn.type = EVPN_IMET;
	n.evpn.rd = rd_from_ip(&address, 2);
	n.evpn.ip = address;
	a.has_pmsi = true;
	a.pmsi.type = PMSI_INGRESS_REPLICATION;
	a.pmsi.endpoint = address;
	deliver(h, &n, &a, gone);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void dump(struct evpn_host_state *h, enum kernel_event_kind kind)
{
	for (size_t t = 0; t < TABLE_COUNT; t++) {
		struct kernel_event e = {.kind = kind};

		e.dump.table = (enum kernel_table)t;
		e.dump.clean = true;
		kernel_send(h, &e);
	}
}

void host_start(struct evpn_host_state *h, const uint8_t *state, size_t state_size)
{
	struct evpn_start start = {.log = &h->log, .boot_id = "boot-1", .netns = 7};

	*h = (struct evpn_host_state){.log = {h, log_line, 0}, .now = {1000000000}};
	h->mirror = mirror_new(1);
	start.mirror = h->mirror;
	start.host = (struct evpn_host){.context = h,
	    .originate = originate,
	    .withdraw = withdraw,
	    .formerly = formerly,
	    .kernel_op = kernel_op,
	    .state_append = state_append,
	    .state_reset = state_reset,
	    .routes_again = routes_again,
	    .note = note};
	h->evpn = evpn_new(&start);
	evpn_watch(h->evpn, true);
	h->found = evpn_restore(h->evpn, state, state_size, h->now);
	h->settings = (struct evpn_settings){.advertise_all_vni = true,
	    .as = 65001,
	    .router_id = test_ip("10.0.0.1"),
	    .contested_alarm_s = 10,
	    .duplicates = {.enabled = true, .max_moves = 5, .time_s = 180}};
	evpn_configure(h->evpn, &h->settings, h->now);
	dump(h, KERNEL_DUMP_BEGIN);
	for (unsigned i = BRIDGE; i <= PORT2; i++)
		kernel_link(h, i, true);
	for (unsigned i = VXLAN; i <= PORT2; i++)
		if (i != SVI)
			kernel_vlans(h, i);
}

void host_synced(struct evpn_host_state *h)
{
	dump(h, KERNEL_DUMP_END);
	host_run(h);
}

void host_ready(struct evpn_host_state *h)
{
	host_start(h, NULL, 0);
	host_synced(h);
	assert_string_equal(str_text(&h->lines), "+imet 10.0.0.1");
	evpn_converged(h->evpn, h->now);
	host_run(h);
	str_clear(&h->lines);
}

void host_stop(struct evpn_host_state *h)
{
	assert_true(evpn_deadline(h->evpn).ns > h->now.ns);
	evpn_free(h->evpn);
	mirror_free(h->mirror);
	str_fini(&h->lines);
	str_fini(&h->alarms);
	str_fini(&h->former);
	mem_free(h->ops);
	mem_free(h->state);
	arena_fini(&h->arena);
}
