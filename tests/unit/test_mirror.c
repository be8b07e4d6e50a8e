/*
 * The mirror: notifications against dump rows, overruns, silent removals, links and addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>

#include "kernel/mirror.h"
#include "kernel/reconcile.h"
#include "kernel/slots.h"

static const ifindex_t br = {10}, vx = {11}, svi = {12}, vp = {13}, other = {20};
static const struct mac mac = {{2, 0, 0, 0, 0, 1}};
static struct mirror *m;
static enum kernel_event_kind told[64];
static unsigned told_count;

static void remember(void *context, const struct kernel_event *event)
{
	(void)context;
	if (told_count < 64)
		told[told_count++] = event->kind;
}

static int set_up(void **state)
{
	(void)state;
	m = mirror_new(1);
	told_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mirror_free(m);
	return 0;
}

static void apply(const struct kernel_event *e)
{
	mirror_apply(m, e, remember, NULL);
}

static void mark(enum kernel_event_kind kind, enum kernel_table table, bool clean)
{
	struct kernel_event e = {.kind = kind};

	e.dump.table = table;
	e.dump.clean = clean;
	apply(&e);
	told_count = 0;
}

static void fdb_says(uint8_t n, ifindex_t port, bool present, bool from_dump)
{
	struct mac who = {{2, 0, 0, 0, 0, n}};
	struct slot_key key = slot_key_fdb(br, 99, &who);
	struct slot_content c;
	struct kernel_event e;

	memset(&c, 0, sizeof(c));
	c.fdb = (struct fdb_entry){port, NUD_NOARP, 0, false};
	e = kernel_event_from_slot(&key, &c, present);
	e.from_dump = from_dump;
	apply(&e);
}

static const struct fdb_slot *fdb(uint8_t n)
{
	struct mac who = {{2, 0, 0, 0, 0, n}};
	struct slot_key key = slot_key_fdb(br, 99, &who);

	return mirror_fdb(m, &key.fdb);
}

static void test_dump_rows_are_hints(void **state)
{
	(void)state;
	fdb_says(1, vp, true, false);
	mark(KERNEL_DUMP_BEGIN, TABLE_FDB, false);
	/* notified while the dump runs: its row is old news, either way */
	fdb_says(1, vx, true, false);
	fdb_says(2, vp, false, false);
	told_count = 0;
	fdb_says(1, vp, true, true);
	fdb_says(2, vp, true, true);
	assert_int_equal(told_count, 0);
	assert_int_equal(fdb(1)->entry.port.v, vx.v);
	/* and a row that nobody told of is news */
	fdb_says(3, vp, true, true);
	assert_int_equal(told_count, 1);
	mark(KERNEL_DUMP_END, TABLE_FDB, true);
	assert_null(fdb(2));
	assert_non_null(fdb(3));
}

static void test_unseen_rows(void **state)
{
	struct slot_key *doubts;
	struct arena arena = {0};
	struct kernel_event e = {.kind = KERNEL_DUMP_END, .dump.table = TABLE_FDB};

	(void)state;
	fdb_says(1, vp, true, false);
	fdb_says(2, vp, true, false);
	/* an unclean dump proves no absence: the row stays, in doubt */
	mark(KERNEL_DUMP_BEGIN, TABLE_FDB, false);
	fdb_says(2, vp, true, true);
	mark(KERNEL_DUMP_END, TABLE_FDB, false);
	assert_true(fdb(1)->slot.present);
	assert_int_equal(mirror_doubts(m, &arena, &doubts), 1);
	assert_memory_equal(&doubts[0].fdb.mac.b[5], "\x01", 1);
	/* a clean one does */
	mark(KERNEL_DUMP_BEGIN, TABLE_FDB, false);
	fdb_says(2, vp, true, true);
	e.dump.clean = true;
	apply(&e);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0], KERNEL_FDB_DEL);
	assert_int_equal(told[1], KERNEL_DUMP_END);
	assert_null(fdb(1));
	assert_int_equal(mirror_doubts(m, &arena, &doubts), 0);
	arena_fini(&arena);
}

/* What an overrun swallowed while the dump ran makes it no cleaner. */
static void test_overrun_in_a_dump(void **state)
{
	struct kernel_event overrun = {.kind = KERNEL_OVERRUN};

	(void)state;
	fdb_says(1, vp, true, false);
	mark(KERNEL_DUMP_BEGIN, TABLE_FDB, false);
	apply(&overrun);
	mark(KERNEL_DUMP_END, TABLE_FDB, true);
	assert_non_null(fdb(1));
	assert_true(fdb(1)->slot.present && fdb(1)->slot.doubtful);
	mark(KERNEL_DUMP_BEGIN, TABLE_FDB, false);
	mark(KERNEL_DUMP_END, TABLE_FDB, true);
	assert_null(fdb(1));
}

static void test_equal_rows_tell_nothing(void **state)
{
	(void)state;
	fdb_says(1, vp, true, false);
	told_count = 0;
	fdb_says(1, vp, true, false);
	mark(KERNEL_DUMP_BEGIN, TABLE_FDB, false);
	fdb_says(1, vp, true, true);
	assert_int_equal(told_count, 0);
}

static void test_overrun_is_over_after_whole_dumps(void **state)
{
	struct kernel_event e = {.kind = KERNEL_OVERRUN};

	(void)state;
	assert_false(mirror_is_synced(m));
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		mark(KERNEL_DUMP_BEGIN, (enum kernel_table)t, false);
		mark(KERNEL_DUMP_END, (enum kernel_table)t, true);
	}
	assert_true(mirror_is_synced(m));
	assert_false(mirror_is_stale(m));
	mark(KERNEL_DUMP_BEGIN, TABLE_FDB, false);
	apply(&e);
	assert_true(mirror_is_stale(m));
	/* this dump began before notifications were lost: it does not count */
	mark(KERNEL_DUMP_END, TABLE_FDB, true);
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		assert_true(mirror_is_stale(m));
		mark(KERNEL_DUMP_BEGIN, (enum kernel_table)t, false);
		mark(KERNEL_DUMP_END, (enum kernel_table)t, t != TABLE_FDB);
	}
	assert_false(mirror_is_stale(m));
}

/* ---- links ---- */

static void link_says(ifindex_t ifindex, ifindex_t master, ifindex_t lower, bool up, bool from_dump)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW, .from_dump = from_dump};

	e.link.ifindex = ifindex;
	snprintf(e.link.name, sizeof(e.link.name), "if%u", ifindex.v);
	e.link.master = master;
	e.link.lower = lower;
	e.link.mac = (struct mac){{2, 1, 0, 0, 0, (uint8_t)ifindex.v}};
	e.link.admin_up = e.link.running = up;
	apply(&e);
}

static void link_goes(ifindex_t ifindex)
{
	struct kernel_event e = {.kind = KERNEL_LINK_DEL, .link_gone = ifindex};

	apply(&e);
}

static void test_links(void **state)
{
	const ifindex_t none = {0};
	struct mac own = {{2, 1, 0, 0, 0, 13}}, svis = {{2, 1, 0, 0, 0, 12}},
		   far = {{2, 1, 0, 0, 0, 20}};
	const struct mirror_link **all;
	struct arena arena = {0};

	(void)state;
	link_says(vp, br, none, true, false);
	link_says(br, none, none, true, false);
	link_says(svi, none, br, true, false);
	link_says(other, none, none, true, false);
	all = mirror_links(m, &arena);
	for (unsigned i = 0; i < 4; i++)
		assert_true(all[i] != NULL &&
			    (i == 0 || all[i - 1]->link.ifindex.v < all[i]->link.ifindex.v));
	assert_null(all[4]);
	assert_int_equal(mirror_link_by_name(m, "if12")->link.ifindex.v, 12);
	assert_true(mirror_own_mac(m, br, &own));
	assert_true(mirror_own_mac(m, br, &svis));
	assert_false(mirror_own_mac(m, br, &far));
	assert_false(mirror_own_mac(m, br, &mac));
	/* gone without a word: the dump tells */
	told_count = 0;
	mark(KERNEL_DUMP_BEGIN, TABLE_LINKS, false);
	link_says(br, none, none, true, true);
	link_says(other, none, none, true, true);
	link_says(svi, none, br, true, true);
	mark(KERNEL_DUMP_END, TABLE_LINKS, true);
	assert_null(mirror_link(m, vp));
	assert_false(mirror_own_mac(m, br, &own));
	arena_fini(&arena);
}

static void test_port_vlans_and_flags(void **state)
{
	struct port_vlan vlans[] = {
	    {1, 1, PORT_VLAN_PVID | PORT_VLAN_UNTAGGED, {0}}, {99, 200, 0, {0}}};
	struct kernel_event e = {.kind = KERNEL_PORT_VLANS};
	const struct mirror_link *l;

	(void)state;
	link_says(vx, br, (ifindex_t){0}, true, false);
	e.port_vlans.port = vx;
	e.port_vlans.count = 2;
	e.port_vlans.vlans = vlans;
	e.port_vlans.flags = (struct link_port){true, 3, true, false, false};
	told_count = 0;
	apply(&e);
	apply(&e);
	assert_int_equal(told_count, 1);
	l = mirror_link(m, vx);
	assert_int_equal(mirror_port_pvid(l), 1);
	assert_true(mirror_port_has_vlan(l, 150));
	assert_false(mirror_port_has_vlan(l, 201));
	assert_true(l->link.port.learning);
	e.port_vlans.flags.learning = false;
	apply(&e);
	assert_int_equal(told_count, 2);
	assert_false(mirror_link(m, vx)->link.port.learning);
}

/* A link that goes takes the rows along that name it, in whatever way. */
static void test_rows_go_with_their_link(void **state)
{
	struct slot_key flood, neigh;
	struct ip ip = ip_from_u32(0x0a000001);
	struct slot_content c;
	struct kernel_event e;

	(void)state;
	memset(&c, 0, sizeof(c));
	flood = slot_key_flood(vx, (vni_t){0}, &ip);
	neigh = slot_key_neigh(vx, &ip);
	link_says(vx, br, (ifindex_t){0}, true, false);
	fdb_says(1, vx, true, false);
	fdb_says(2, vp, true, false);
	e = kernel_event_from_slot(&flood, &c, true);
	apply(&e);
	e = kernel_event_from_slot(&neigh, &c, true);
	apply(&e);
	told_count = 0;
	link_goes(vx);
	assert_int_equal(told_count, 4);
	assert_null(fdb(1));
	assert_non_null(fdb(2));
	assert_null(mirror_flood(m, &flood.flood));
	assert_null(mirror_neigh(m, &neigh.neigh));
	link_goes(br);
	assert_null(fdb(2));
}

/* ---- addresses and routes ---- */

static void addr_says(ifindex_t dev, const char *text, uint8_t len, bool present)
{
	struct kernel_event e = {.kind = present ? KERNEL_ADDR_NEW : KERNEL_ADDR_DEL};

	e.addr.dev = dev;
	assert_true(ip_parse(text, &e.addr.prefix.addr));
	e.addr.prefix.len = len;
	apply(&e);
}

static struct slot_key route_key(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return slot_key_route(RT_TABLE_MAIN, 20, &p);
}

static void route_says(const char *text, uint8_t protocol, ifindex_t a, ifindex_t b, bool present)
{
	struct route_nexthop hops[2] = {
	    {ip_from_u32(1), a, 1}, {ip_from_u32(2), b.v != 0 ? b : a, 1}};
	struct slot_key key = route_key(text);
	struct slot_content c;
	struct kernel_event e;

	memset(&c, 0, sizeof(c));
	c.route = (struct route_entry){.protocol = protocol,
	    .type = RTN_UNICAST,
	    .nexthop_count = b.v != 0 ? 2 : 1,
	    .nexthops = hops};
	e = kernel_event_from_slot(&key, &c, present);
	apply(&e);
}

static const struct route_slot *route(const char *text)
{
	struct slot_key key = route_key(text);

	return mirror_route(m, &key.route);
}

static void test_addresses(void **state)
{
	struct ip ip = ip_from_u32(0x0a000001);

	(void)state;
	link_says(vp, br, (ifindex_t){0}, true, false);
	addr_says(vp, "10.0.0.1", 24, true);
	assert_true(mirror_has_addr(m, vp, &ip));
	assert_false(mirror_has_addr(m, br, &ip));
	addr_says(vp, "10.0.0.1", 24, false);
	assert_false(mirror_has_addr(m, vp, &ip));
	assert_int_equal(mirror_link(m, vp)->addr_count, 0);
}

static void test_routes_go_silently(void **state)
{
	const ifindex_t none = {0};

	(void)state;
	link_says(vp, none, none, true, false);
	link_says(other, none, none, true, false);
	addr_says(vp, "10.0.0.1", 24, true);
	route_says("192.0.2.1/32", RTPROT_EVPND, vp, none, true);
	route_says("192.0.2.2/32", RTPROT_EVPND, vp, other, true);
	route_says("192.0.2.3/32", RTPROT_STATIC, vp, none, true);
	assert_null(route("192.0.2.3/32")); /* not ours, nor in the place of ours */
	/* a device goes down: what led over it alone is gone */
	link_says(vp, none, none, false, false);
	assert_null(route("192.0.2.1/32"));
	assert_non_null(route("192.0.2.2/32"));
	link_says(vp, none, none, true, false);
	route_says("192.0.2.1/32", RTPROT_EVPND, vp, none, true);
	/* its last IPv4 address goes: what led over it alone is gone, then the rest with the
	 * other's */
	addr_says(other, "10.0.1.1", 24, true);
	addr_says(vp, "10.0.0.1", 24, false);
	assert_null(route("192.0.2.1/32"));
	assert_non_null(route("192.0.2.2/32"));
	addr_says(other, "10.0.1.1", 24, false);
	assert_null(route("192.0.2.2/32"));
}

static void test_route_replaced_by_another(void **state)
{
	const ifindex_t none = {0};

	(void)state;
	route_says("192.0.2.1/32", RTPROT_EVPND, vp, none, true);
	route_says("192.0.2.1/32", RTPROT_STATIC, other, none, true);
	assert_int_equal(route("192.0.2.1/32")->entry.protocol, RTPROT_STATIC);
	route_says("192.0.2.1/32", RTPROT_EVPND, vp, none, false);
	assert_int_equal(route("192.0.2.1/32")->entry.protocol, RTPROT_STATIC);
	route_says("192.0.2.1/32", RTPROT_STATIC, other, none, false);
	assert_null(route("192.0.2.1/32"));
}

/* ---- one entry for mirror and ledger, against a model that keeps both ---- */

enum { CONTENTS = 3 };

struct model {
	bool present;
	enum ledger_state state;
	unsigned mirror, ledger; /* which content */
};

static struct slot_content content_of(enum slot_kind kind, unsigned n)
{
	static const struct route_nexthop nexthops[] = {
	    {.dev = {13}, .weight = 1}, {.dev = {20}, .weight = 1}};
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	if (kind == SLOT_FDB)
		c.fdb = (struct fdb_entry){vx, NUD_REACHABLE, n == 0 ? 0 : NTF_EXT_LEARNED, n > 1};
	else if (kind == SLOT_NEIGH)
		c.neigh = (struct neigh_entry){.lladdr = {{2, 0, 0, 0, 1, (uint8_t)n}}};
	else
		c.route = (struct route_entry){.protocol = RTPROT_EVPND,
		    .type = RTN_UNICAST,
		    .nexthop_count = n == 0 ? 2 : 1,
		    .nexthops = n == 2 ? &nexthops[1] : nexthops};
	return c;
}

static void assert_is(const struct slot_key *key, const void *slot, const struct model *is)
{
	struct slot_content mirror = slot_mirror(key->kind, slot);
	struct slot_content ledger = mirror_ledger(m, key), want;
	bool agree = is->present && is->state != LEDGER_NONE && is->mirror == is->ledger;

	assert_int_equal(slot_agrees(key->kind, slot), agree);
	assert_int_equal(m->aparts.count, is->present && is->state != LEDGER_NONE && !agree);
	if (is->present) {
		want = content_of(key->kind, is->mirror);
		assert_true(slot_content_equal(key->kind, &mirror, &want));
	}
	if (is->state != LEDGER_NONE) {
		want = content_of(key->kind, is->ledger);
		assert_true(slot_content_equal(key->kind, &ledger, &want));
	}
}

static void change(const struct slot_key *key, void *slot, struct model *is, unsigned n)
{
	unsigned which = n / 8 % CONTENTS;
	struct slot_content c = content_of(key->kind, which);

	if (n % 8 < 3) {
		slot_set_mirror(m, key, slot, &c);
		is->present = true;
		is->mirror = which;
	} else if (n % 8 < 4) {
		slot_set_mirror(m, key, slot, NULL);
		is->present = false;
	} else if (n % 8 < 7) {
		is->state = n % 8 == 4 ? LEDGER_INTENT : LEDGER_WRITTEN;
		slot_set_ledger(m, key, slot, is->state, &c);
		is->ledger = which;
	} else {
		slot_set_ledger(m, key, slot, LEDGER_NONE, NULL);
		is->state = LEDGER_NONE;
	}
}

static void test_mirror_and_ledger_share_an_entry(void **state)
{
	struct ip ip = ip_from_u32(0x0a000001);
	struct prefix prefix = prefix_from(&ip, 32);
	const struct slot_key keys[] = {
	    slot_key_fdb(br, 99, &mac), slot_key_neigh(svi, &ip), slot_key_route(254, 20, &prefix)};
	uint32_t random = 1;

	(void)state;
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		void *slot = slot_find_or_make(m, &keys[k]);
		struct model is = {0};

		for (unsigned i = 0; i < 5000; i++) {
			random = random * 1664525u + 1013904223u;
			change(&keys[k], slot, &is, random >> 16);
			assert_is(&keys[k], slot, &is);
		}
		slot_set_mirror(m, &keys[k], slot, NULL);
		slot_set_ledger(m, &keys[k], slot, LEDGER_NONE, NULL);
		slot_drop_if_empty(m, &keys[k], slot);
		assert_null(slot_find(m, &keys[k]));
	}
}

/* ---- nexthop objects ---- */

static void object(uint32_t n, ifindex_t dev, const struct nexthop_member *members, uint8_t count)
{
	struct kernel_event e = {.kind = KERNEL_NEXTHOP_NEW};

	e.nexthop.key.id = NEXTHOP_ID_FIRST + n;
	e.nexthop.entry = (struct nexthop_entry){
	    .protocol = RTPROT_EVPND, .dev = dev, .member_count = count, .members = members};
	apply(&e);
}

static void route_over(uint32_t n)
{
	struct kernel_event e = {.kind = KERNEL_ROUTE_NEW};
	struct prefix p = {.addr = ip_from_u32(0xc0000200 + n), .len = 32};

	e.route.key = slot_key_route(254, 20, &p).route;
	e.route.entry = (struct route_entry){
	    .protocol = RTPROT_EVPND, .type = RTN_UNICAST, .nhid = NEXTHOP_ID_FIRST + n};
	apply(&e);
}

static uint8_t members_of(uint32_t n)
{
	const struct nexthop_slot *s = mirror_nexthop(m, NEXTHOP_ID_FIRST + n);

	return s != NULL && s->slot.present ? s->entry.member_count : 0;
}

/* What the kernel does without a word when a link loses its carrier: the objects over it go, they
 * leave their groups, empty groups go, and the routes over those. Other routes stay. */
static void test_objects_go_with_their_link(void **state)
{
	const struct nexthop_member both[] = {{NEXTHOP_ID_FIRST + 1, 1}, {NEXTHOP_ID_FIRST + 2, 5}};
	const ifindex_t none = {0}, one = {21}, two = {22};
	const enum kernel_event_kind first[] = {KERNEL_LINK_NEW, KERNEL_NEXTHOP_DEL,
	    KERNEL_NEXTHOP_NEW, KERNEL_NEXTHOP_DEL, KERNEL_ROUTE_DEL};
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	(void)state;
	link_says(one, none, none, true, false);
	link_says(two, none, none, true, false);
	object(1, one, NULL, 0);
	object(2, two, NULL, 0);
	object(10, none, both, 2);
	object(11, none, both, 1);
	route_over(10);
	route_over(11);
	assert_true(mirror_nexthop_used(m, NEXTHOP_ID_FIRST + 1));
	assert_true(mirror_nexthop_used(m, NEXTHOP_ID_FIRST + 11));
	told_count = 0;
	link_says(one, none, none, false, false);
	assert_int_equal(told_count, 5);
	assert_memory_equal(told, first, sizeof(first));
	assert_int_equal(members_of(10), 1);
	assert_int_equal(members_of(11), 0);
	assert_false(mirror_nexthop_used(m, NEXTHOP_ID_FIRST + 11));
	assert_true(mirror_nexthop_used(m, NEXTHOP_ID_FIRST + 10));
	/* not operational but with a carrier: the kernel keeps them */
	e.link.ifindex = two;
	e.link.admin_up = e.link.lower_up = true;
	apply(&e);
	assert_int_equal(members_of(10), 1);
	e.kind = KERNEL_LINK_DEL;
	e.link_gone = two;
	apply(&e);
	assert_int_equal(members_of(10), 0);
	assert_false(mirror_nexthop_used(m, NEXTHOP_ID_FIRST + 10));
}

/* A deleted member takes along what depended on it; the notification of the smaller group is then
 * no news. */
static void test_object_deleted(void **state)
{
	const struct nexthop_member both[] = {{NEXTHOP_ID_FIRST + 1, 1}, {NEXTHOP_ID_FIRST + 2, 1}};
	const ifindex_t none = {0}, one = {21};
	struct kernel_event e = {.kind = KERNEL_NEXTHOP_DEL};

	(void)state;
	object(1, one, NULL, 0);
	object(2, one, NULL, 0);
	object(10, none, both, 2);
	route_over(10);
	e.nexthop.key.id = NEXTHOP_ID_FIRST + 1;
	apply(&e);
	assert_int_equal(members_of(10), 1);
	told_count = 0;
	object(10, none, both + 1, 1);
	assert_int_equal(told_count, 0);
	e.nexthop.key.id = NEXTHOP_ID_FIRST + 2;
	apply(&e);
	assert_int_equal(members_of(10), 0);
	assert_false(mirror_nexthop_used(m, NEXTHOP_ID_FIRST + 10));
}

/* The slots of one MAC+IP route: what a hundred thousand of them cost. */
static void test_slots_are_small(void **state)
{
	(void)state;
	assert_true(
	    sizeof(struct fdb_slot) + sizeof(struct vxlan_fdb_slot) + sizeof(struct neigh_slot) <=
	    124);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_dump_rows_are_hints),
	    TEST(test_unseen_rows),
	    TEST(test_overrun_in_a_dump),
	    TEST(test_equal_rows_tell_nothing),
	    TEST(test_overrun_is_over_after_whole_dumps),
	    TEST(test_links),
	    TEST(test_port_vlans_and_flags),
	    TEST(test_rows_go_with_their_link),
	    TEST(test_addresses),
	    TEST(test_routes_go_silently),
	    TEST(test_route_replaced_by_another),
	    TEST(test_mirror_and_ledger_share_an_entry),
	    TEST(test_objects_go_with_their_link),
	    TEST(test_object_deleted),
	    TEST(test_slots_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
