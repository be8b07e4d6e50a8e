/*
 * Next hops of our own: which address of ours a peer is told, for the session's own family and for
 * the other one (RFC 4271 section 5.1.3, RFC 2545 section 3, RFC 8950).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "speakers.h"

/* The last word about each family at node 0: "next hop", "next hop(link-local)", "-" withdrawn or
 * never heard of. */
static char heard[BGP_FAMILIES][2 * IP_TEXT_MAX + 2];

static bool remember(struct world *w, int node, const struct bgp_best *best)
{
	const struct attrs *a = best->routes[0].attrs;
	char *to = heard[best->nlri.family], text[IP_TEXT_MAX], second[IP_TEXT_MAX];

	(void)w;
	if (node != 0)
		return true;
	if (best->count == 0)
		snprintf(to, sizeof(heard[0]), "-");
	else if (a->next_hop_link_local.family == IP_NONE)
		snprintf(to, sizeof(heard[0]), "%s", ip_text(&a->next_hop, text));
	else
		snprintf(to, sizeof(heard[0]), "%s(%s)", ip_text(&a->next_hop, text),
		    ip_text(&a->next_hop_link_local, second));
	return true;
}

struct setting {
	bool v6; /* the session runs over IPv6 */
	bool extended_nexthop;
	const char *eth1, *eth2; /* addresses of node 1 beside link-local ones */
};

static void node_address(struct world *w, int node, bool v6)
{
	char text[IP_TEXT_MAX];

	snprintf(text, sizeof(text), v6 ? "2001:db8::%d" : "10.0.0.%d", node + 1);
	assert_true(ip_parse(text, &w->node[node].address));
}

static struct world *announce(const struct setting *s)
{
	struct world *w = world_new(2);

	for (int f = 0; f < BGP_FAMILIES; f++)
		snprintf(heard[f], sizeof(heard[f]), "-");
	w->on_best = remember;
	for (int i = 0; i < 2; i++)
		node_address(w, i, s->v6);
	for (int i = 0; i < 2; i++) {
		struct neighbor_settings *n;

		world_speaker(w, i);
		w->node[i].settings.router_id = ip_from_u32(0x0a0000fe + (uint32_t)i);
		n = world_neighbor(w, i, 1 - i);
		n->family[BGP_IPV6_UNICAST].activate = true;
		n->extended_nexthop = s->extended_nexthop;
		world_configure(w, i);
	}
	world_link_addresses(w, 1, 1, s->eth1);
	world_link_addresses(w, 1, 2, s->eth2);
	world_originate(w, 1, "10.9.0.0/24");
	world_originate(w, 1, "2001:db8:9::/48");
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	return w;
}

/* Node 1's link-local addresses are fe80::201 on eth1 and fe80::202 on eth2; its router id is
 * 10.0.0.255. */
static void test_table(void **state)
{
	static const struct {
		const char *what;
		struct setting s;
		const char *v4, *v6;
	} cases[] = {
	    {"IPv4 session, global IPv6 address on the link",
		{false, false, "10.0.0.2/24 2001:db8::2/64 2001:db8::3/64", NULL}, "10.0.0.2",
		"2001:db8::2(fe80::201)"},
	    {"IPv4 session, link-local alone", {false, false, "10.0.0.2/24", "2001:db8:1::9/64"},
		"10.0.0.2", "fe80::201(fe80::201)"},
	    {"IPv4 session between loopbacks",
		{false, false, "10.0.0.2/32 2001:db8:5::2/128", NULL}, "10.0.0.2", "2001:db8:5::2"},
	    {"IPv4 session between loopbacks without IPv6", {false, false, "10.0.0.2/32", NULL},
		"10.0.0.2", "-"},
	    {"IPv4 session, the address is nowhere", {false, false, "2001:db8::2/64", NULL},
		"10.0.0.2", "-"},
	    {"RFC 8950 is of no use where there is an IPv4 session",
		{false, true, "10.0.0.2/24 2001:db8::2/64", NULL}, "10.0.0.2",
		"2001:db8::2(fe80::201)"},
	    {"IPv6 session, IPv4 address on the link",
		{true, false, "2001:db8::2/64 10.0.1.2/24", "10.0.0.255/32"}, "10.0.1.2",
		"2001:db8::2(fe80::201)"},
	    {"IPv6 session, the router id is a loopback's",
		{true, false, "2001:db8::2/64", "10.0.0.255/32"}, "10.0.0.255",
		"2001:db8::2(fe80::201)"},
	    {"IPv6 session, no IPv4 address", {true, false, "2001:db8::2/64", NULL}, "-",
		"2001:db8::2(fe80::201)"},
	    {"IPv6 session between loopbacks", {true, false, "2001:db8::2/128 10.0.1.2/32", NULL},
		"10.0.1.2", "2001:db8::2"},
	    {"RFC 8950", {true, true, "2001:db8::2/64 10.0.1.2/24", NULL}, "2001:db8::2(fe80::201)",
		"2001:db8::2(fe80::201)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = announce(&cases[i].s);

		print_message("%s\n", cases[i].what);
		assert_string_equal(heard[BGP_IPV4_UNICAST], cases[i].v4);
		assert_string_equal(heard[BGP_IPV6_UNICAST], cases[i].v6);
		world_free(w);
	}
}

/* Addresses come and go while the session is up: the routes follow. */
static void test_addresses_change(void **state)
{
	struct world *w = announce(&(struct setting){false, false, "10.0.0.2/32", NULL});

	(void)state;
	assert_string_equal(heard[BGP_IPV6_UNICAST], "-");
	world_link_addresses(w, 1, 1, "10.0.0.2/32 2001:db8::2/128");
	world_settle(w);
	assert_string_equal(heard[BGP_IPV6_UNICAST], "2001:db8::2");
	world_link_addresses(w, 1, 1, "2001:db8::7/128 10.0.0.2/32");
	world_settle(w);
	assert_string_equal(heard[BGP_IPV6_UNICAST], "2001:db8::7");
	bgp_interface_gone(w->node[1].bgp, (ifindex_t){1}, w->now);
	world_settle(w);
	assert_string_equal(heard[BGP_IPV6_UNICAST], "-");
	assert_string_equal(heard[BGP_IPV4_UNICAST], "10.0.0.2");
	world_free(w);
}

/* `nexthop-local unchanged`: node 1 tells node 0 of the link-local address of node 2, beside its
 * own global one or, as a route server, beside node 2's. */
static void test_link_local_unchanged(void **state)
{
	struct world *w = world_new(3);
	struct neighbor_family *f;

	(void)state;
	w->on_best = remember;
	for (int i = 0; i < 3; i++) {
		node_address(w, i, false);
		world_speaker(w, i);
	}
	for (int i = 0; i < 2; i++) {
		world_neighbor(w, i, i + 1)->family[BGP_IPV6_UNICAST].activate = true;
		world_neighbor(w, i + 1, i)->family[BGP_IPV6_UNICAST].activate = true;
	}
	f = &w->node[1].settings.neighbors[0].family[BGP_IPV6_UNICAST];
	for (int i = 0; i < 3; i++)
		world_configure(w, i);
	world_link_addresses(w, 1, 1, "10.0.0.2/24 2001:db8::2/64");
	world_link_addresses(w, 2, 1, "10.0.0.3/24 2001:db8::3/64");
	world_originate(w, 2, "2001:db8:9::/48");
	world_settle(w);
	assert_string_equal(heard[BGP_IPV6_UNICAST], "2001:db8::2(fe80::201)");
	for (int i = 0; i < 4; i++) {
		f->link_local_unchanged = (i & 1) != 0;
		f->next_hop_unchanged = (i & 2) != 0;
		world_configure(w, 1);
		world_settle(w);
		assert_string_equal(heard[BGP_IPV6_UNICAST], i == 0   ? "2001:db8::2(fe80::201)"
							     : i == 1 ? "2001:db8::2(fe80::301)"
							     : i == 2 ? "2001:db8::3"
								      : "2001:db8::3(fe80::301)");
	}
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
}

/* What is no news about an address is told to nobody. */
static void test_no_news(void **state)
{
	struct world *w = announce(&(struct setting){false, false, "10.0.0.2/24", NULL});
	unsigned updates = w->node[1].updates_out;

	(void)state;
	world_link_addresses(w, 1, 1, "10.0.0.2/24");
	world_link_addresses(w, 1, 2, "192.0.2.1/24 2001:db8::77/64");
	world_settle(w);
	assert_int_equal(w->node[1].updates_out, updates);
	world_free(w);
}

/* RFC 4271 section 5.1.3: a route whose next hop is an address of ours, on whatever link, leads
 * nowhere, for as long as it is ours. */
static void test_own(void **state)
{
	struct world *w = announce(&(struct setting){false, false, "10.0.0.2/24", NULL});
	struct attrs a = {.next_hop = ip_from_u32(0x0a020001)}; /* 10.2.0.1 */

	(void)state;
	for (int n = 0; n < 2; n++)
		w->node[n].settings.neighbors[0].family[BGP_IPV4_UNICAST].next_hop_unchanged = true;
	world_configure(w, 0);
	world_configure(w, 1);
	world_link_addresses(w, 0, 3, "10.3.0.1/24 10.2.0.1/24");
	bgp_withdraw(
	    w->node[1].bgp, &(struct nlri){.prefix = {.addr = ip_from_u32(0x0a090000), .len = 24}});
	world_settle(w);
	assert_string_equal(heard[BGP_IPV4_UNICAST], "-");
	snprintf(heard[0], sizeof(heard[0]), "nothing");
	world_originate_with(w, 1, "10.9.1.0/24", &a);
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), "10.9.1.0/24 path 65002 from 10.0.0.2\n");
	world_link_addresses(w, 0, 3, "10.3.0.1/24");
	world_settle(w);
	assert_string_equal(heard[BGP_IPV4_UNICAST], "10.2.0.1");
	world_link_addresses(w, 0, 3, "10.3.0.1/24 10.2.0.1/24");
	world_settle(w);
	assert_string_equal(heard[BGP_IPV4_UNICAST], "-");
	bgp_interface_gone(w->node[0].bgp, (ifindex_t){3}, w->now);
	world_settle(w);
	assert_string_equal(heard[BGP_IPV4_UNICAST], "10.2.0.1");
	world_free(w);
}

/* What a route names stays where that is wanted, but for a link-local address: it means nothing
 * beyond its link. */
static void test_kept(void **state)
{
	struct world *w = announce(&(struct setting){true, false, "2001:db8::2/64", NULL});
	struct attrs a = {0};

	(void)state;
	w->node[1].settings.neighbors[0].family[BGP_IPV6_UNICAST].next_hop_unchanged = true;
	world_configure(w, 1);
	assert_true(ip_parse("2001:db8::77", &a.next_hop));
	assert_true(ip_parse("fe80::77", &a.next_hop_link_local));
	world_originate_with(w, 1, "2001:db8:9::/48", &a);
	world_settle(w);
	assert_string_equal(heard[BGP_IPV6_UNICAST], "2001:db8::77");
	world_free(w);
}

/* An EVPN route that names no VTEP, over a session between link-local addresses. */
static void test_evpn_unnumbered(void **state)
{
	struct world *w = world_new(2);
	struct nlri n = world_mac("10.0.0.2:2", "fa:16:3e:00:00:01", 10);

	(void)state;
	w->on_best = remember;
	world_link(w, 0, 1, 1, 1);
	for (int i = 0; i < 2; i++) {
		world_speaker(w, i);
		world_unnumbered(w, i, 1);
		world_configure(w, i);
	}
	world_link_set(w, 0, 1, true, true);
	world_advance(w, 5000);
	bgp_originate(w->node[1].bgp, &n, &(struct attrs){0});
	world_settle(w);
	assert_string_equal(heard[BGP_L2VPN_EVPN], "10.0.0.2");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_addresses_change),
	    cmocka_unit_test(test_link_local_unchanged),
	    cmocka_unit_test(test_no_news),
	    cmocka_unit_test(test_own),
	    cmocka_unit_test(test_kept),
	    cmocka_unit_test(test_evpn_unnumbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
