/*
 * The underlay: multipath over nexthop groups, links that fail, paths that go one by one, what a
 * restart left behind, a kernel without nexthop objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/mem.h"
#include "route_host.h"

static const char *const prefixes[] = {"10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32"};

/* Paths over links 4, 5, 6: bits 1, 2, 4. */
static void best_over(struct route_host *h, const char *prefix, unsigned links)
{
	struct attrs attrs = {0};
	struct bgp_best b = {.nlri = {.family = BGP_IPV4_UNICAST, .prefix = test_prefix(prefix)}};

	for (uint32_t i = 0; i < 3; i++) {
		struct bgp_route *r = &b.routes[b.count];

		if ((links >> i & 1) == 0)
			continue;
		b.count++;
		*r = (struct bgp_route){.attrs = &attrs, .ebgp = true, .share = 1};
		r->nexthop.ip = test_address("fe80::");
		r->nexthop.ip.b[15] = (uint8_t)(4 + i);
		r->nexthop.scope.v = 4 + i;
	}
	fib_route_changed(h->fib, &b);
}

static void best_of_all(struct route_host *h, unsigned first, unsigned second)
{
	for (size_t i = 0; i < 4; i++)
		route_host_best(h, prefixes[i], first, second);
}

static void test_multipath(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	route_host_best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add %0 fe80::4@4; add %1 fe80::5@5; add #0 %0+%1; add 10.0.0.2/32 #0");
	route_host_best(&h, "10.0.0.2/32", 4, 5);
	expect(&h, "");
	/* another route the same way: one write */
	route_host_best(&h, "10.0.0.3/32", 4, 5);
	expect(&h, "add 10.0.0.3/32 #0");
	route_host_best(&h, "10.0.0.2/32", 0, 0);
	expect(&h, "delete 10.0.0.2/32");
	route_host_best(&h, "10.0.0.3/32", 0, 0);
	expect(&h, "delete 10.0.0.3/32; delete #0; delete %0; delete %1");
	route_host_stop(&h);
}

/* The kernel has taken the dead link's object out of the group by itself: nothing is written. When
 * the link is back, two writes bring it back for all routes. */
static void test_link_fails(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	fib_converged(h.fib);
	best_of_all(&h, 4, 5);
	route_host_run(&h);
	str_clear(&h.lines);
	route_host_link(&h, 5, false);
	expect(&h, "");
	/* BGP follows, route by route: each finds what it wants */
	best_of_all(&h, 4, 0);
	expect(&h, "");
	route_host_link(&h, 5, true);
	expect(&h, "");
	best_of_all(&h, 4, 5);
	expect(&h, "add %2 fe80::5@5; change #0 %0+%2");
	route_host_link(&h, 5, false);
	route_host_link(&h, 5, true);
	expect(&h, "add %2 fe80::5@5; change #0 %0+%2");
	route_host_stop(&h);
}

/* A link that is not operational but has a carrier: the kernel goes on forwarding there. One write
 * for all routes, and it comes before anything else: its object goes, which takes it out of its
 * group. */
static void test_group_is_switched(void **state)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_of_all(&h, 4, 5);
	route_host_run(&h);
	str_clear(&h.lines);
	e.link.ifindex.v = 5;
	e.link.admin_up = e.link.lower_up = true;
	route_host_send(&h, &e);
	nexthops_run(h.nexthops);
	assert_true(fib_switch(h.fib, h.now));
	assert_string_equal(str_text(&h.lines), "delete %1");
	expect(&h, "delete %1");
	route_host_stop(&h);
}

/* A peer is gone, its link is not: one write before its paths have been decided about, none when
 * they have. Who has no other way keeps it that long, and the doubt ends with the decisions. */
static void test_peer_is_gone(void **state)
{
	struct bgp_nexthop gone = {.ip = test_address("fe80::5"), .scope = {5}};
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_of_all(&h, 4, 5);
	route_host_best(&h, "10.0.0.9/32", 5, 0);
	route_host_run(&h);
	str_clear(&h.lines);
	nexthops_doubt(h.nexthops, &gone);
	nexthops_run(h.nexthops);
	assert_true(fib_switch(h.fib, h.now));
	assert_string_equal(str_text(&h.lines), "delete %1");
	expect(&h, "delete %1");
	best_of_all(&h, 4, 0);
	expect(&h, "");
	assert_true(nexthops_trust(h.nexthops));
	assert_false(nexthops_trust(h.nexthops));
	expect(&h, "");
	/* nobody withdrew anything: as before */
	best_of_all(&h, 4, 5);
	expect(&h, "add %2 fe80::5@5; change #1 %0+%2");
	nexthops_doubt(h.nexthops, &gone);
	expect(&h, "delete %2");
	nexthops_trust(h.nexthops);
	expect(&h, "add %3 fe80::5@5; change #1 %0+%3");
	route_host_stop(&h);
}

/* Many groups do without a gateway: one write. A group that has no other keeps it, in an object of
 * its own. */
static void test_many_groups(void **state)
{
	struct bgp_nexthop gone = {.ip = test_address("fe80::5"), .scope = {5}};
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_over(&h, "10.0.0.1/32", 3);
	best_over(&h, "10.0.0.2/32", 6);
	best_over(&h, "10.0.0.3/32", 7);
	best_over(&h, "10.0.0.4/32", 2);
	route_host_run(&h);
	str_clear(&h.lines);
	nexthops_doubt(h.nexthops, &gone);
	expect(&h, "delete %1");
	/* while it comes back, nothing else is written */
	nexthops_trust(h.nexthops);
	expect(&h, "add %3 fe80::5@5; change #1 %0+%3; change #3 %3+%2; change #2 %0+%3+%2");
	/* refused: group by group */
	h.refuse_nexthops = EBUSY;
	nexthops_doubt(h.nexthops, &gone);
	route_host_run(&h);
	h.refuse_nexthops = 0;
	str_clear(&h.lines);
	h.now = fib_deadline(h.fib);
	route_host_run(&h);
	assert_non_null(strstr(str_text(&h.lines), "delete %3"));
	route_host_stop(&h);
}

/* Both ways of a group are to go, for another: the kernel would take the group along. */
static void test_not_the_last_way(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_over(&h, "10.0.0.1/32", 3);
	route_host_run(&h);
	str_clear(&h.lines);
	best_over(&h, "10.0.0.1/32", 4);
	expect(&h, "delete %0; add %2 fe80::6@6; change #0 %2; delete %1");
	route_host_stop(&h);
}

/* What the kernel has of a group is about to change to one way: that one is not taken out of it. */
static void test_group_in_flight(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_over(&h, "10.0.0.1/32", 3);
	best_over(&h, "10.0.0.2/32", 6);
	route_host_run(&h);
	best_over(&h, "10.0.0.2/32", 2);
	route_host_run(&h);
	str_clear(&h.lines);
	best_over(&h, "10.0.0.1/32", 1);
	route_host_decide(&h);
	assert_string_equal(str_text(&h.lines), "change #0 %0");
	best_over(&h, "10.0.0.1/32", 4);
	route_host_decide(&h);
	assert_null(strstr(str_text(&h.lines), "delete %0"));
	expect(&h, "change #0 %0; add %3 fe80::6@6; change #0 %3; delete %0");
	route_host_stop(&h);
}

/* Paths go without a link having failed: the first routes wait for the others, and all move at
 * once. */
static void test_paths_go(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_of_all(&h, 4, 5);
	route_host_run(&h);
	str_clear(&h.lines);
	best_of_all(&h, 4, 0);
	expect(&h, "delete %1");
	/* one of them alone: it moves, the others stay */
	route_host_best(&h, "10.0.0.2/32", 5, 0);
	expect(&h, "add #1 fe80::5@5; add #2 #1; change 10.0.0.2/32 #2");
	route_host_best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "add #3 fe80::4@4; change #2 #3; delete #1");
	route_host_stop(&h);
}

/* BGP is slow: who wants something else does not wait for ever. */
static void test_wait_is_bounded(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_of_all(&h, 4, 5);
	route_host_run(&h);
	str_clear(&h.lines);
	route_host_best(&h, "10.0.0.2/32", 4, 0);
	nexthops_run(h.nexthops);
	fib_switch(h.fib, h.now);
	fib_run(h.fib, h.now);
	assert_string_equal(str_text(&h.lines), "");
	h.now = mono_add_ms(h.now, 200);
	fib_run(h.fib, h.now);
	expect(&h, "add #1 fe80::4@4; add #2 #1; change 10.0.0.2/32 #2");
	route_host_stop(&h);
}

static void test_both_links_fail(void **state)
{
	struct prefix p = test_prefix("10.0.0.2/32");
	struct slot_key key = slot_key_route(254, 20, &p);
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	fib_converged(h.fib);
	route_host_best(&h, "10.0.0.2/32", 4, 5);
	route_host_run(&h);
	str_clear(&h.lines);
	route_host_link(&h, 5, false);
	route_host_link(&h, 4, false);
	expect(&h, "");
	assert_null(mirror_route(h.mirror, &key.route));
	route_host_link(&h, 4, true);
	expect(&h, "add %0 fe80::4@4; add #0 %0; add 10.0.0.2/32 #0");
	route_host_stop(&h);
}

/* Somebody removed ours, or it vanished with a link: it comes back. */
static void test_comes_back(void **state)
{
	struct prefix p = test_prefix("10.0.0.2/32");
	struct kernel_event e = {.kind = KERNEL_ROUTE_DEL}, o = {.kind = KERNEL_NEXTHOP_DEL};
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	route_host_best(&h, "10.0.0.2/32", 4, 0);
	route_host_run(&h);
	str_clear(&h.lines);
	e.route.key = slot_key_route(254, 20, &p).route;
	e.route.entry.protocol = RTPROT_EVPND;
	route_host_send(&h, &e);
	expect(&h, "add 10.0.0.2/32 #1");
	o.nexthop.key.id = NEXTHOP_ID_FIRST;
	route_host_send(&h, &o);
	expect(&h, "add #0 fe80::4@4; add #1 #0; add 10.0.0.2/32 #1");
	route_host_stop(&h);
}

/* Another writes where our group was: it keeps the id, we take another. */
static void test_id_is_taken(void **state)
{
	struct kernel_event e = {.kind = KERNEL_NEXTHOP_NEW, .writer = 99};
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	best_of_all(&h, 4, 0);
	route_host_run(&h);
	str_clear(&h.lines);
	e.nexthop.key.id = NEXTHOP_ID_FIRST + 1;
	e.nexthop.entry =
	    (struct nexthop_entry){.protocol = 4, .gateway = test_address("fe80::66")};
	route_host_send(&h, &e);
	expect(&h, "add #2 #0; change 10.0.0.4/32 #2; change 10.0.0.3/32 #2; change 10.0.0.2/32 "
		   "#2; change 10.0.0.1/32 #2");
	route_host_stop(&h);
}

/* Kept until convergence, then confirmed or removed. */
static void test_left_behind(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, "10.0.0.9/32", "fe80::4");
	expect(&h, "");
	fib_converged(h.fib);
	expect(&h, "delete 10.0.0.9/32; delete #11; delete #10");
	route_host_stop(&h);
	/* the same wish: everything is as it should be */
	route_host_start(&h, "10.0.0.9/32", "fe80::4");
	route_host_best(&h, "10.0.0.9/32", 4, 0);
	expect(&h, "read 10.0.0.9/32 #11");
	fib_converged(h.fib);
	expect(&h, "");
	fib_flush(h.fib);
	assert_false(fib_flushed(h.fib));
	expect(&h, "delete 10.0.0.9/32; delete #11; delete #10");
	assert_true(fib_flushed(h.fib));
	route_host_stop(&h);
	/* another: the route never stops */
	route_host_start(&h, "10.0.0.9/32", "fe80::44");
	route_host_best(&h, "10.0.0.9/32", 4, 0);
	expect(&h, "add #0 fe80::4@4; add #1 #0; change 10.0.0.9/32 #1");
	fib_converged(h.fib);
	expect(&h, "delete #11; delete #10");
	route_host_stop(&h);
}

/* A daemon before us left what an uplink's failure had made of a group of two: it stays, and so do
 * the routes over it. */
static void test_remainder_is_left_behind(void **state)
{
	const uint32_t shared = NEXTHOP_ID_SHARED - NEXTHOP_ID_FIRST;
	const struct nexthop_member member = {NEXTHOP_ID_SHARED, 1};
	struct nexthop_entry leaf = {.gateway = test_address("fe80::4"), .dev = {4}},
			     group = {.member_count = 1, .members = &member};
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	route_host_object(&h, shared, &leaf);
	route_host_object(&h, 11, &group);
	route_host_best(&h, "10.0.0.9/32", 4, 0);
	expect(&h, "add 10.0.0.9/32 #11");
	route_host_best(&h, "10.0.0.9/32", 4, 5);
	expect(&h, "add %1 fe80::5@5; change #11 %0+%1");
	route_host_stop(&h);
}

static void test_refused(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	h.refuse = ENETUNREACH;
	route_host_best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "add #0 fe80::4@4; add #1 #0; add 10.0.0.2/32 #1");
	assert_true(fib_deadline(h.fib).ns > h.now.ns);
	h.refuse = 0;
	h.now = fib_deadline(h.fib);
	expect(&h, "add 10.0.0.2/32 #1");
	assert_int_equal(fib_deadline(h.fib).ns, INT64_MAX);
	/* objects: the route stays as it is, until they can be had */
	h.refuse_nexthops = ENETDOWN;
	route_host_best(&h, "10.0.0.2/32", 4, 5);
	expect(&h, "add %0 fe80::4@4; add %1 fe80::5@5");
	assert_true(fib_deadline(h.fib).ns > h.now.ns);
	h.refuse_nexthops = 0;
	h.now = fib_deadline(h.fib);
	expect(&h, "add %0 fe80::4@4; add %1 fe80::5@5; change #1 %0+%1; delete #0");
	/* one of them: the others serve alone */
	h.refuse_nexthops = ENETDOWN;
	route_host_link(&h, 6, true);
	best_over(&h, "10.0.0.2/32", 7);
	expect(&h, "add %2 fe80::6@6");
	h.refuse_nexthops = 0;
	h.now = fib_deadline(h.fib);
	expect(&h, "add %2 fe80::6@6; change #1 %0+%1+%2");
	route_host_stop(&h);
}

static void test_kernel_without_objects(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	fib_converged(h.fib);
	h.refuse_nexthops = EOPNOTSUPP;
	best_of_all(&h, 4, 5);
	route_host_run(&h);
	str_clear(&h.lines);
	route_host_best(&h, "10.0.0.5/32", 4, 5);
	expect(&h, "add 10.0.0.5/32 fe80::4@4 fe80::5@5");
	route_host_best(&h, "10.0.0.5/32", 0, 0);
	best_of_all(&h, 0, 0);
	route_host_best(&h, "10.0.0.2/32", 4, 5);
	route_host_run(&h);
	str_clear(&h.lines);
	route_host_link(&h, 5, false);
	expect(&h, "change 10.0.0.2/32 fe80::4@4");
	route_host_link(&h, 5, true);
	expect(&h, "change 10.0.0.2/32 fe80::4@4 fe80::5@5");
	route_host_stop(&h);
}

/* Shares of the load become weights of the group. */
static void test_shares(void **state)
{
	struct attrs attrs = {0};
	struct bgp_best b = {
	    .nlri = {.family = BGP_IPV4_UNICAST, .prefix = test_prefix("10.0.0.2/32")}, .count = 3};
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	for (uint32_t i = 0; i < 3; i++) {
		b.routes[i] =
		    (struct bgp_route){.attrs = &attrs, .share = i == 2 ? 0 : (uint8_t)(3 + i)};
		b.routes[i].nexthop =
		    (struct bgp_nexthop){.ip = test_address("fe80::1"), .scope = {4 + i}};
	}
	fib_route_changed(h.fib, &b);
	expect(&h, "add %0 fe80::1@4; add %1 fe80::1@5; add #0 %0+%1 *3 *4; add 10.0.0.2/32 #0");
	route_host_stop(&h);
}

/* What the policy says of each way; a new policy comes with the same routes again. */
static void test_policy(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	h.denied = 'e'; /* link 4 */
	route_host_best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add #0 fe80::5@5; add #1 #0; add 10.0.0.2/32 #1");
	h.denied = 'f';
	h.src = test_address("10.0.0.1");
	route_host_best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add #2 fe80::4@4; change #1 #2; delete #0; change 10.0.0.2/32 #1 src 10.0.0.1");
	route_host_best(&h, "10.0.0.2/32", 5, 0);
	expect(&h, "delete 10.0.0.2/32; delete #1; delete #2");
	route_host_stop(&h);
}

static void aggregate(struct route_host *h, const char *prefix, bool there)
{
	static const struct attrs own;
	struct bgp_best best = {.count = there};

	best.nlri = (struct nlri){.family = BGP_IPV4_UNICAST, .prefix = test_prefix(prefix)};
	best.routes[0] = (struct bgp_route){.attrs = &own, .local = true, .aggregate = true};
	fib_route_changed(h->fib, &best);
}

/* What no more specific route covers is dropped; a better way to the same prefix takes its place.
 */
static void test_aggregate(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	aggregate(&h, "10.0.0.0/8", true);
	expect(&h, "add 10.0.0.0/8 blackhole");
	aggregate(&h, "10.0.0.0/8", true);
	expect(&h, "");
	route_host_best(&h, "10.0.0.0/8", 4, 0);
	expect(&h, "add #0 fe80::4@4; add #1 #0; change 10.0.0.0/8 #1");
	aggregate(&h, "10.0.0.0/8", true);
	expect(&h, "change 10.0.0.0/8 blackhole; delete #1; delete #0");
	aggregate(&h, "10.0.0.0/8", false);
	expect(&h, "delete 10.0.0.0/8");
	route_host_stop(&h);
}

/* For `bgp suppress-fib-pending`: not before the kernel has said so. */
static void test_installed(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	h.refuse = ENOMEM;
	route_host_best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "add #0 fe80::4@4; add #1 #0; add 10.0.0.2/32 #1");
	assert_string_equal(str_text(&h.installed), "");
	h.refuse = 0;
	h.now = mono_add_s(h.now, 60);
	expect(&h, "add 10.0.0.2/32 #1");
	assert_string_equal(str_text(&h.installed), "10.0.0.2/32");
	str_clear(&h.installed);
	/* Another best path, the same for the kernel: told again. */
	route_host_best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "");
	assert_string_equal(str_text(&h.installed), "10.0.0.2/32");
	str_clear(&h.installed);
	route_host_best(&h, "10.0.0.2/32", 0, 0);
	expect(&h, "delete 10.0.0.2/32; delete #1; delete #0");
	assert_non_null(strstr(str_text(&h.installed), "no 10.0.0.2/32"));
	route_host_stop(&h);
}

/* A peer tells the network of one of our own links. The kernel's IPv6 route for it has metric 256,
 * so one of ours would take its place. */
static void test_connected(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, NULL, NULL);
	route_host_address(&h, 5, "2001:db8:5::1/64", true);
	route_host_best(&h, "2001:db8:5::/64", 4, 0);
	route_host_best(&h, "2001:db8:6::/64", 4, 0);
	expect(&h, "add #0 fe80::4@4; add #1 #0; add 2001:db8:6::/64 #1");
	route_host_address(&h, 5, "2001:db8:5::1/64", false);
	expect(&h, "add 2001:db8:5::/64 #1");
	route_host_address(&h, 6, "2001:db8:6::1/64", true);
	expect(&h, "delete 2001:db8:6::/64");
	route_host_link(&h, 6, false);
	expect(&h, "add 2001:db8:6::/64 #1");
	route_host_link(&h, 6, true);
	expect(&h, "delete 2001:db8:6::/64");
	route_host_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_multipath),
	    cmocka_unit_test(test_policy),
	    cmocka_unit_test(test_aggregate),
	    cmocka_unit_test(test_connected),
	    cmocka_unit_test(test_installed),
	    cmocka_unit_test(test_link_fails),
	    cmocka_unit_test(test_group_is_switched),
	    cmocka_unit_test(test_peer_is_gone),
	    cmocka_unit_test(test_many_groups),
	    cmocka_unit_test(test_not_the_last_way),
	    cmocka_unit_test(test_group_in_flight),
	    cmocka_unit_test(test_paths_go),
	    cmocka_unit_test(test_wait_is_bounded),
	    cmocka_unit_test(test_both_links_fail),
	    cmocka_unit_test(test_comes_back),
	    cmocka_unit_test(test_id_is_taken),
	    cmocka_unit_test(test_left_behind),
	    cmocka_unit_test(test_remainder_is_left_behind),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_kernel_without_objects),
	    cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests_name("fib", tests, NULL, NULL);
}
