/*
 * Resolution of next hops: the longest match among routes of others and our own, link-local ones by
 * their link; what each kind of event makes of it, and what it does not touch.
 */
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "evpn/host_routes.h"
#include "evpn/nexthop.h"

struct fixture {
	struct mirror *mirror;
	struct nexthops *nexthops;
	unsigned told, wants;
};

static struct ip address(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static void changed(
    void *context, const struct bgp_nexthop *key, const struct bgp_nexthop_state *state)
{
	struct fixture *f = context;

	(void)key;
	(void)state;
	f->told++;
}

static void want_routes(void *context)
{
	((struct fixture *)context)->wants++;
}

static void forward(void *context, const struct kernel_event *event)
{
	struct fixture *f = context;

	nexthops_kernel_changed(f->nexthops, event);
}

static void send(struct fixture *f, const struct kernel_event *event)
{
	nexthops_route_seen(f->nexthops, event);
	mirror_apply(f->mirror, event, forward, f);
}

static void link_is(struct fixture *f, uint32_t ifindex, bool admin_up, bool running)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link.ifindex.v = ifindex;
	e.link.admin_up = admin_up;
	e.link.running = running;
	snprintf(e.link.name, sizeof(e.link.name), "eth%u", ifindex);
	send(f, &e);
}

static void mark(struct fixture *f, enum kernel_event_kind kind)
{
	for (size_t t = 0; t < TABLE_COUNT; t++) {
		struct kernel_event e = {.kind = kind};

		e.dump.table = (enum kernel_table)t;
		e.dump.clean = true;
		send(f, &e);
	}
}

static int setup(void **state)
{
	static struct fixture f;
	struct nexthops_host host = {.context = &f, .changed = changed, .want_routes = want_routes};

	f = (struct fixture){.mirror = mirror_new(1)};
	f.nexthops = nexthops_new(1, f.mirror, &host);
	mark(&f, KERNEL_DUMP_BEGIN);
	for (uint32_t i = 4; i <= 6; i++)
		link_is(&f, i, true, true);
	mark(&f, KERNEL_DUMP_END);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nexthops_free(f->nexthops);
	mirror_free(f->mirror);
	return 0;
}

/* Of others; dev 0: a route that discards. `gateway` NULL: the network is on the link. */
static void route(struct fixture *f, bool there, const char *prefix, uint32_t metric,
    const char *gateway, uint32_t dev)
{
	struct kernel_event e = {.kind = there ? KERNEL_ROUTE_NEW : KERNEL_ROUTE_DEL};
	struct route_nexthop hop = {.dev = {dev}, .weight = 1};

	if (gateway != NULL)
		hop.gateway = address(gateway);
	e.route.key.table = 254;
	e.route.key.metric = metric;
	assert_true(prefix_parse(prefix, &e.route.key.prefix));
	e.route.entry = (struct route_entry){.protocol = RTPROT_STATIC,
	    .type = dev != 0 ? RTN_UNICAST : RTN_BLACKHOLE,
	    .nexthop_count = dev != 0,
	    .nexthops = &hop};
	send(f, &e);
}

static struct bgp_nexthop key_of(const char *text, uint32_t scope)
{
	return (struct bgp_nexthop){.ip = address(text), .scope = {scope}};
}

static void watch(struct fixture *f, const char *text, uint32_t scope)
{
	struct bgp_nexthop key = key_of(text, scope);

	nexthops_watch(f->nexthops, &key);
	nexthops_run(f->nexthops);
}

/* "10.0.0.0/8 metric 5: 10.4.0.9@4", "dead", "connected …"; "-" not watched. */
static const char *state_of(struct fixture *f, const char *text, uint32_t scope)
{
	static char out[128];
	struct bgp_nexthop key = key_of(text, scope);
	char prefix[PREFIX_TEXT_MAX], ip[IP_TEXT_MAX];
	struct nexthop_view v;
	size_t at;

	nexthops_run(f->nexthops);
	if (!nexthops_get(f->nexthops, &key, &v))
		return "-";
	if (!v.state.reachable)
		return "dead";
	at = (size_t)snprintf(out, sizeof(out),
	    "%s%s metric %u:", v.state.connected ? "connected " : "",
	    v.state.via.addr.family != IP_NONE ? prefix_text(&v.state.via, prefix) : "link",
	    v.state.metric);
	for (unsigned i = 0; i < v.hop_count; i++)
		if (nexthops_hop_is_live(f->nexthops, &v.hops[i]))
			at += (size_t)snprintf(out + at, sizeof(out) - at, " %s@%u",
			    ip_text(&v.hops[i].gateway, ip), v.hops[i].dev.v);
	return out;
}

static void test_longest_match(void **state)
{
	struct fixture *f = *state;

	watch(f, "10.1.2.3", 0);
	assert_string_equal(state_of(f, "10.1.2.3", 0), "dead");
	route(f, true, "10.0.0.0/8", 7, "10.4.0.9", 4);
	assert_string_equal(state_of(f, "10.1.2.3", 0), "10.0.0.0/8 metric 7: 10.4.0.9@4");
	route(f, true, "10.1.2.0/24", 0, NULL, 5);
	assert_string_equal(
	    state_of(f, "10.1.2.3", 0), "connected 10.1.2.0/24 metric 0: 10.1.2.3@5");
	/* a route that discards is a match as well, and leads nowhere */
	route(f, true, "10.1.2.3/32", 0, NULL, 0);
	assert_string_equal(state_of(f, "10.1.2.3", 0), "dead");
	route(f, false, "10.1.2.3/32", 0, NULL, 0);
	route(f, false, "10.1.2.0/24", 0, NULL, 5);
	assert_string_equal(state_of(f, "10.1.2.3", 0), "10.0.0.0/8 metric 7: 10.4.0.9@4");
	/* each loss of a route that was needed asks whether another is there */
	assert_int_equal(f->wants, 2);
}

static void test_default_route(void **state)
{
	struct fixture *f = *state;
	const bool both[2] = {true, true}, none[2] = {false, false};

	watch(f, "10.1.2.3", 0);
	route(f, true, "0.0.0.0/0", 0, "10.4.0.9", 4);
	assert_string_equal(state_of(f, "10.1.2.3", 0), "dead");
	nexthops_configure(f->nexthops, both);
	assert_string_equal(state_of(f, "10.1.2.3", 0), "0.0.0.0/0 metric 0: 10.4.0.9@4");
	nexthops_configure(f->nexthops, none);
	assert_string_equal(state_of(f, "10.1.2.3", 0), "dead");
}

static bool yields(struct fixture *f, const char *text)
{
	struct bgp_nexthop key = key_of(text, 0);
	struct nexthop_view v;

	nexthops_run(f->nexthops);
	assert_true(nexthops_get(f->nexthops, &key, &v));
	return v.state.yields;
}

/* One of ours for the same prefix would stand before it: by metric, and not before what the kernel
 * has for an address. */
static void test_yields(void **state)
{
	struct fixture *f = *state;
	struct kernel_event e = {.kind = KERNEL_ADDR_NEW};

	watch(f, "2001:db8::1", 0);
	route(f, true, "2001:db8::/64", FIB_METRIC, NULL, 4);
	assert_false(yields(f, "2001:db8::1"));
	route(f, false, "2001:db8::/64", FIB_METRIC, NULL, 4);
	route(f, true, "2001:db8::/64", 256, NULL, 4);
	assert_true(yields(f, "2001:db8::1"));
	e.addr.dev.v = 4;
	e.addr.prefix = (struct prefix){.addr = address("2001:db8::9"), .len = 64};
	send(f, &e);
	route(f, false, "2001:db8::/64", 256, NULL, 4);
	route(f, true, "2001:db8::/64", 256, NULL, 4);
	assert_false(yields(f, "2001:db8::1"));
}

/* Carrier, the administrator, or the link itself: each takes the way, and brings it back. */
static void test_links(void **state)
{
	struct fixture *f = *state;
	struct kernel_event gone = {.kind = KERNEL_LINK_DEL, .link_gone = {4}};

	watch(f, "fe80::4", 4);
	watch(f, "2001:db8::1", 0);
	route(f, true, "2001:db8::/64", 0, "fe80::9", 4);
	assert_string_equal(state_of(f, "fe80::4", 4), "connected link metric 0: fe80::4@4");
	link_is(f, 4, true, false);
	assert_string_equal(state_of(f, "fe80::4", 4), "dead");
	assert_string_equal(state_of(f, "2001:db8::1", 0), "dead");
	link_is(f, 4, true, true);
	assert_string_equal(state_of(f, "fe80::4", 4), "connected link metric 0: fe80::4@4");
	assert_string_equal(state_of(f, "2001:db8::1", 0), "2001:db8::/64 metric 0: fe80::9@4");
	link_is(f, 4, false, false);
	assert_string_equal(state_of(f, "fe80::4", 4), "dead");
	link_is(f, 4, true, true);
	send(f, &gone);
	assert_string_equal(state_of(f, "fe80::4", 4), "dead");
	/* the route went with its link, and does not come back with it */
	link_is(f, 4, true, true);
	assert_string_equal(state_of(f, "2001:db8::1", 0), "dead");
}

/* The other links' next hops are not even looked at. */
static void test_whom_it_concerns(void **state)
{
	struct fixture *f = *state;

	watch(f, "fe80::4", 4);
	watch(f, "fe80::5", 5);
	watch(f, "10.1.2.3", 0);
	f->told = 0;
	link_is(f, 5, true, false);
	nexthops_run(f->nexthops);
	assert_int_equal(f->told, 1);
	route(f, true, "10.9.0.0/16", 0, "10.4.0.9", 4);
	nexthops_run(f->nexthops);
	assert_int_equal(f->told, 1);
	route(f, true, "10.1.0.0/16", 0, "10.4.0.9", 4);
	nexthops_run(f->nexthops);
	assert_int_equal(f->told, 2);
	/* told again without being another: no */
	route(f, true, "10.1.0.0/16", 0, "10.4.0.9", 4);
	nexthops_run(f->nexthops);
	assert_int_equal(f->told, 2);
}

static void test_watchers(void **state)
{
	struct fixture *f = *state;
	struct bgp_nexthop key = key_of("fe80::4", 4), other = key_of("fe80::4", 5);

	watch(f, "fe80::4", 4);
	f->told = 0;
	/* whoever comes later is told as well */
	watch(f, "fe80::4", 4);
	assert_int_equal(f->told, 1);
	nexthops_unwatch(f->nexthops, &other);
	nexthops_unwatch(f->nexthops, &key);
	assert_string_equal(state_of(f, "fe80::4", 4), "connected link metric 0: fe80::4@4");
	nexthops_unwatch(f->nexthops, &key);
	assert_string_equal(state_of(f, "fe80::4", 4), "-");
	nexthops_unwatch(f->nexthops, &key);
}

/* An IPv4 address takes its routes along without a word: they are asked for. */
static void test_address_gone(void **state)
{
	struct fixture *f = *state;
	struct kernel_event e = {.kind = KERNEL_ADDR_DEL};

	watch(f, "10.1.2.3", 0);
	route(f, true, "10.1.2.0/24", 0, NULL, 4);
	assert_string_equal(
	    state_of(f, "10.1.2.3", 0), "connected 10.1.2.0/24 metric 0: 10.1.2.3@4");
	e.addr.prefix = (struct prefix){.addr = address("10.1.2.1"), .len = 24};
	for (uint32_t dev = 5; dev >= 4; dev--) {
		struct kernel_event come = {.kind = KERNEL_ADDR_NEW};

		come.addr = e.addr;
		come.addr.dev.v = e.addr.dev.v = dev;
		send(f, &come);
		send(f, &e);
		assert_int_equal(f->wants, dev == 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_longest_match, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_default_route, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_yields, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_links, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_whom_it_concerns, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_watchers, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_address_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
