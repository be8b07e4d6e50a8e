/*
 * The waist: what a restart may sweep, and when. A daemon installs a thousand routes and is killed;
 * the next one finds its entries, and removes what no route claims: not before End-of-RIB, and not
 * before the routes that stand in front of it were looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "bgp/extcomm.h"
#include "bgp/message.h"
#include "bgp/open.h"
#include "bgp/update.h"
#include "engine.h"
#include "sim/simkernel.h"

#define CONN (CONN_ACCEPTED | 1)
#define MACS 9000 /* more than the rounds of one turn decide */

static const char config[] = "frr defaults datacenter\nrouter bgp 65001\n bgp router-id 10.0.0.1\n"
			     " neighbor 10.0.0.9 remote-as 65009\n"
			     " address-family l2vpn evpn\n  neighbor 10.0.0.9 activate\n"
			     "  advertise-all-vni\n";

/* An entry in the kernel. */
struct entry {
	struct slot_key key;
	struct slot_content content;
};

struct waiting {
	struct waiting *next;
	struct event event;
	uint8_t vlans[64];
};

struct bench {
	struct engine *engine;
	mono_t now;
	struct simkernel links; /* of it only the links */
	struct map entries;	/* owning */
	struct waiting *first, **last;
	struct str state;
	unsigned adds, deletes;
};

static void wait_add(void *context, const struct event *event)
{
	struct bench *b = context;
	struct waiting *w = mem_new(sizeof(*w));

	w->event = *event;
	if (event->kind == EVENT_KERNEL && event->kernel.kind == KERNEL_PORT_VLANS) {
		memcpy(w->vlans, event->kernel.port_vlans.vlans,
		    event->kernel.port_vlans.count * sizeof(struct port_vlan));
		w->event.kernel.port_vlans.vlans = (const void *)w->vlans;
	}
	*b->last = w;
	b->last = &w->next;
}

static void notify(void *context, const struct kernel_event *kernel)
{
	struct event e = {.kind = EVENT_KERNEL, .kernel = *kernel};

	wait_add(context, &e);
}

/* ---- the kernel: it does what it is told ---- */

static void kernel_write(struct bench *b, const struct kernel_op *op)
{
	struct entry *found = map_find(&b->entries, &op->key);
	struct kernel_event e =
	    kernel_event_from_slot(&op->key, &op->content, op->verb != KERNEL_DELETE);

	if (op->verb == KERNEL_DELETE) {
		b->deletes++;
		mem_free(map_remove(&b->entries, &op->key));
	} else {
		b->adds++;
		if (found == NULL) {
			found = mem_new(sizeof(*found));
			found->key = op->key;
			map_insert(&b->entries, found);
		}
		found->content = op->content;
	}
	notify(b, &e);
}

static void kernel_op(struct bench *b, const struct kernel_op *op)
{
	struct event e = {.kind = EVENT_KERNEL_RESULT};

	e.result = (struct kernel_result){.id = op->id, .slot = op->key.kind};
	if (op->verb == KERNEL_READ) {
		struct entry *found = map_find(&b->entries, &op->key);

		e.result.checked = true;
		e.result.seen_present = found != NULL;
		if (found != NULL)
			e.result.seen = found->content;
	} else if (op->key.kind == SLOT_FDB || op->key.kind == SLOT_VXLAN_FDB) {
		kernel_write(b, op);
	}
	wait_add(b, &e);
}

static bool miss_none(void *context)
{
	(void)context;
	return false;
}

static void kernel_dump(struct bench *b, enum kernel_table table)
{
	struct kernel_event e = {.kind = KERNEL_DUMP_BEGIN};
	struct arena arena = {0};
	void **all = map_sorted(&b->entries, &arena, NULL);

	e.dump.table = table;
	notify(b, &e);
	if (table == TABLE_LINKS)
		simkernel_dump(&b->links, table, miss_none);
	for (size_t i = 0; table == TABLE_FDB && i < b->entries.count; i++) {
		const struct entry *entry = all[i];

		e = kernel_event_from_slot(&entry->key, &entry->content, true);
		e.from_dump = true;
		notify(b, &e);
	}
	e = (struct kernel_event){.kind = KERNEL_DUMP_END};
	e.dump.table = table;
	e.dump.clean = true;
	notify(b, &e);
	arena_fini(&arena);
}

/* ---- the engine's surroundings ---- */

static void execute(struct bench *b, const struct action *a)
{
	struct event closed = {.kind = EVENT_PEER_CLOSED};

	if (a->kind == ACTION_KERNEL_OP) {
		kernel_op(b, &a->op);
	} else if (a->kind == ACTION_KERNEL_DUMP) {
		kernel_dump(b, a->dump);
	} else if (a->kind == ACTION_PEER_CONNECT) {
		closed.peer.conn = a->connect.conn;
		closed.peer.error = 111;
		wait_add(b, &closed);
	} else if (a->kind == ACTION_STATE_APPEND || a->kind == ACTION_STATE_RESET) {
		if (a->kind == ACTION_STATE_RESET)
			str_clear(&b->state);
		str_add_bytes(&b->state, a->state.bytes, a->state.size);
	}
}

static void turn(struct bench *b, const struct event *event)
{
	struct action a;

	engine_handle(b->engine, event, b->now);
	while (engine_next_action(b->engine, &a))
		execute(b, &a);
}

/* The event, and all that follows while time stands still. */
static void happen(struct bench *b, const struct event *event)
{
	struct event timer = {.kind = EVENT_TIMER};
	struct waiting *w;

	turn(b, event);
	do {
		while ((w = b->first) != NULL) {
			b->first = w->next;
			if (b->first == NULL)
				b->last = &b->first;
			turn(b, &w->event);
			mem_free(w);
		}
		turn(b, &timer);
	} while (b->first != NULL || mono_reached(engine_deadline(b->engine), b->now));
}

static void pass(struct bench *b, int64_t seconds)
{
	mono_t end = mono_add_s(b->now, seconds);
	struct event timer = {.kind = EVENT_TIMER};

	while (mono_reached(engine_deadline(b->engine), end)) {
		mono_t due = engine_deadline(b->engine);

		b->now = mono_before(b->now, due) ? due : b->now;
		happen(b, &timer);
	}
	b->now = end;
}

static void start(struct bench *b)
{
	struct event e = {.kind = EVENT_START};

	b->engine = engine_new();
	b->adds = b->deletes = 0;
	e.start = (struct event_start){
	    .hostname = "hv", .boot_id = "boot", .bgp_port = 179, .state_writable = true};
	happen(b, &e);
	e = (struct event){.kind = EVENT_STATE};
	e.state.bytes = mem_dup(str_text(&b->state), b->state.size);
	e.state.size = b->state.size;
	turn(b, &e);
	mem_free((void *)(uintptr_t)e.state.bytes);
	e = (struct event){.kind = EVENT_CONFIG, .config = {.file = "t.conf", .text = config}};
	happen(b, &e);
}

static void bytes(struct bench *b, const void *data, size_t size)
{
	struct event e = {.kind = EVENT_PEER_BYTES};

	e.peer = (struct event_peer){.conn = CONN, .bytes = data, .size = size};
	happen(b, &e);
}

static void peer_up(struct bench *b)
{
	struct open open = {.as = 65009, .as4 = true, .families = {false, false, true}};
	struct event e = {.kind = EVENT_PEER_ACCEPTED};
	uint8_t buffer[MESSAGE_MAX];
	struct writer w = writer_to(buffer, sizeof(buffer));

	e.peer = (struct event_peer){
	    .conn = CONN, .remote = ip_from_u32(0x0a000009), .local = ip_from_u32(0x0a000001)};
	happen(b, &e);
	open.router_id = e.peer.remote;
	open_encode(&w, &open);
	keepalive_encode(&w);
	bytes(b, buffer, writer_size(&w));
}

static struct nlri route(unsigned i)
{
	struct ip vtep = ip_from_u32(0x0a000002);
	struct nlri n = {.family = BGP_L2VPN_EVPN};

	n.evpn.type = EVPN_MAC_IP;
	n.evpn.rd = rd_from_ip(&vtep, 2);
	n.evpn.mac = (struct mac){{0xfa, 0x16, 0x3e, 0, (uint8_t)(i >> 8), (uint8_t)i}};
	n.evpn.label1 = SIM_VNI;
	return n;
}

/* All in one piece, as a socket may well deliver it: `count` routes, and End-of-RIB if `ended`. */
static void routes(struct bench *b, unsigned count, bool ended)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xf1};
	struct extcomm rt = extcomm_rt_as(65009, SIM_VNI);
	struct attrs a = {.extcomms = &rt,
	    .extcomm_count = 1,
	    .as_path = path,
	    .as_path_size = sizeof(path),
	    .next_hop = ip_from_u32(0x0a000002)};
	struct update_context c = {
	    .as4 = true, .ebgp = true, .families = {false, false, true}, .max_size = MESSAGE_MAX};
	struct str all = {0};
	uint8_t buffer[MESSAGE_MAX];
	unsigned i = 0;

	while (i < count) {
		struct update_writer u;

		update_begin_reach(&u, buffer, &c, BGP_L2VPN_EVPN, &a);
		for (struct nlri n; i < count && (n = route(i), update_add(&u, &n)); i++)
			continue;
		str_add_bytes(&all, buffer, update_end(&u));
	}
	if (ended) {
		struct writer w = writer_to(buffer, sizeof(buffer));

		end_of_rib_encode(&w, BGP_L2VPN_EVPN);
		str_add_bytes(&all, buffer, writer_size(&w));
	}
	if (all.size > 0)
		bytes(b, str_text(&all), all.size);
	str_fini(&all);
}

/* A daemon ran here and was killed: `count` MACs stand in the kernel, two entries each. */
static void killed(struct bench *b, unsigned count)
{
	static const struct ip vtep = {.family = IP_V4, .b = {10, 0, 0, 1}};

	*b = (struct bench){.now = {1000000000}};
	b->last = &b->first;
	map_init(&b->entries, offsetof(struct entry, key), sizeof(struct slot_key), 1);
	b->links.context = b;
	b->links.notify = notify;
	simkernel_init(&b->links, &vtep, 2);
	start(b);
	peer_up(b);
	routes(b, count, true);
	pass(b, 1);
	assert_int_equal(b->entries.count, 2 * count);
	assert_int_equal(b->deletes, 0);
	engine_free(b->engine);
	start(b);
}

static void stop(struct bench *b)
{
	struct entry *e;

	engine_free(b->engine);
	for (size_t at = 0; (e = map_next(&b->entries, &at)) != NULL;)
		mem_free(e);
	map_fini(&b->entries);
	str_fini(&b->state);
}

/* End-of-RIB comes with the routes: they are looked at first, and nothing of theirs is touched. */
static void test_sweep_waits_for_pending_routes(void **state)
{
	struct bench b;

	(void)state;
	killed(&b, MACS);
	peer_up(&b);
	pass(&b, 5);
	assert_int_equal(b.deletes, 0);
	routes(&b, MACS - 1, true);
	pass(&b, 1);
	assert_int_equal(b.adds, 0);
	assert_int_equal(b.deletes, 2);
	assert_int_equal(b.entries.count, 2 * (MACS - 1));
	stop(&b);
}

/* Routes alone end no wait: what is not there yet may follow, until the time is over. */
static void test_sweep_waits_for_end_of_rib(void **state)
{
	struct bench b;

	(void)state;
	killed(&b, 10);
	peer_up(&b);
	routes(&b, 7, false);
	pass(&b, 20);
	assert_int_equal(b.deletes, 0);
	routes(&b, 8, true);
	pass(&b, 1);
	assert_int_equal(b.deletes, 4);
	assert_int_equal(b.adds, 0);
	stop(&b);
}

static void test_sweep_waits_a_bounded_time(void **state)
{
	struct bench b;

	(void)state;
	killed(&b, 10);
	peer_up(&b);
	routes(&b, 7, false);
	pass(&b, 29);
	assert_int_equal(b.deletes, 0);
	pass(&b, 2);
	assert_int_equal(b.deletes, 6);
	assert_int_equal(b.adds, 0);
	stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sweep_waits_for_pending_routes),
	    cmocka_unit_test(test_sweep_waits_for_end_of_rib),
	    cmocka_unit_test(test_sweep_waits_a_bounded_time),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
