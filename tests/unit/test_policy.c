/*
 * Policy: each form of list, match and set, from the text of the configuration to the outcome for a
 * route; copies and comparison, which decide what a reload looks at again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/extcomm.h"
#include "bgp/settings.h"
#include "config/config.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct config *load(const char *text)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(text, &errors);

	for (size_t i = 0; i < errors.count; i++)
		if (!errors.list[i].warning)
			print_message("%s\n  %s\n", text, errors.list[i].message);
	assert_int_equal(errors.error_count, 0);
	statement_errors_fini(&errors);
	return c;
}

/* What the route-map M of the configuration makes of a route: "denied", or its attributes. */
static char *outcome(
    const struct config *c, struct policy_route *route, const struct attrs *received)
{
	struct arena arena = {0};
	struct attrs a = *received;
	struct str s = {0};
	char *text;

	if (route_map_apply(
		&c->bgp.policy, policy_map_find(&c->bgp.policy, "M"), route, &a, &arena))
		attrs_text(&a, &s);
	else
		str_add(&s, "denied");
	text = mem_strdup(str_text(&s));
	str_fini(&s);
	arena_fini(&arena);
	return text;
}

static const uint8_t path[] = {
    2, 3, 0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xe9, 0, 1, 0x11, 0x70, 1, 2, 0, 0, 0, 1, 0, 0, 0, 2};
static const uint32_t communities[] = {0xfde90064, 0xfde900c8, COMMUNITY_NO_EXPORT};
static const struct large_community larges[] = {{65001, 1, 2}, {65001, 1, 3}};

/* 10.1.2.0/24 via 192.0.2.1, path 65001 65001 70000 {1,2}, … */
static struct attrs sample(void)
{
	static struct extcomm ext[2];

	ext[0] = extcomm_rt_as(65001, 10099);
	extcomm_soo_parse("10.0.0.1:5", &ext[1]);
	return (struct attrs){.has_med = true,
	    .med = 100,
	    .has_local_pref = true,
	    .local_pref = 150,
	    .tag = 7,
	    .next_hop = {.family = IP_V4, .b = {192, 0, 2, 1}},
	    .as_path = path,
	    .as_path_size = sizeof(path),
	    .communities = communities,
	    .community_count = COUNT(communities),
	    .large = larges,
	    .large_count = COUNT(larges),
	    .extcomms = ext,
	    .extcomm_count = 2};
}

static const struct ip peer = {.family = IP_V4, .b = {192, 0, 2, 9}};

static struct nlri unicast(const char *text)
{
	struct nlri n = {0};

	assert_true(prefix_parse(text, &n.prefix));
	n.family = n.prefix.addr.family == IP_V6 ? BGP_IPV6_UNICAST : BGP_IPV4_UNICAST;
	return n;
}

static struct policy_route route_of(const struct nlri *n)
{
	return (struct policy_route){.nlri = n,
	    .interface = "eth4",
	    .peer = &peer,
	    .peer_group = "LEAF",
	    .ebgp = true,
	    .as = 64999,
	    .global_as = 65000};
}

/* ---- matches: does `route-map M permit 10` with this line, after these lists, hold? ---- */

struct match_row {
	const char *lists, *line, *prefix;
	bool holds;
};

static void check_match(const struct match_row *row)
{
	struct str text = {0};
	struct nlri n = unicast(row->prefix);
	struct policy_route route = route_of(&n);
	struct attrs a = sample();
	struct config *c;
	char *got;

	str_addf(&text, "%s\nroute-map M permit 10\n %s\n", row->lists, row->line);
	c = load(str_text(&text));
	got = outcome(c, &route, &a);
	if ((strcmp(got, "denied") != 0) != row->holds)
		fail_msg("%s\n%s: %s", str_text(&text), row->prefix, got);
	mem_free(got);
	config_free(c);
	str_fini(&text);
}

#define PL "match ip address prefix-list L"
#define PL6 "match ipv6 address prefix-list L"

static void test_prefix_lists(void **state)
{
	static const struct match_row rows[] = {
	    {"ip prefix-list L permit 10.1.2.0/24", PL, "10.1.2.0/24", true},
	    {"ip prefix-list L permit 10.1.2.0/24", PL, "10.1.2.0/25", false},
	    {"ip prefix-list L permit 10.0.0.0/8", PL, "10.1.2.0/24", false},
	    {"ip prefix-list L permit 10.0.0.0/8 le 24", PL, "10.1.2.0/24", true},
	    {"ip prefix-list L permit 10.0.0.0/8 le 23", PL, "10.1.2.0/24", false},
	    {"ip prefix-list L permit 10.0.0.0/8 le 24", PL, "10.0.0.0/8", true},
	    {"ip prefix-list L permit 10.0.0.0/8 ge 24", PL, "10.1.2.0/24", true},
	    {"ip prefix-list L permit 10.0.0.0/8 ge 24", PL, "10.1.2.3/32", true},
	    {"ip prefix-list L permit 10.0.0.0/8 ge 25", PL, "10.1.2.0/24", false},
	    {"ip prefix-list L permit 10.0.0.0/8 ge 24 le 25", PL, "10.1.2.0/26", false},
	    {"ip prefix-list L permit 10.0.0.0/8 le 25 ge 24", PL, "10.1.2.0/25", true},
	    {"ip prefix-list L permit any", PL, "0.0.0.0/0", true},
	    {"ip prefix-list L permit any", PL, "10.1.2.3/32", true},
	    {"ip prefix-list L seq 9 permit any\nip prefix-list L seq 8 deny 10.0.0.0/8 le 32", PL,
		"10.1.2.0/24", false},
	    {"ip prefix-list L seq 9 permit any\nip prefix-list L seq 10 deny 10.0.0.0/8 le 32", PL,
		"10.1.2.0/24", true},
	    /* without numbers: as written, and a repeated line is nothing new */
	    {"ip prefix-list L permit any\nip prefix-list L deny any\nip prefix-list L permit any",
		PL, "10.1.2.0/24", true},
	    {"ip prefix-list L deny any\nip prefix-list L permit any", PL, "10.1.2.0/24", false},
	    {"ip prefix-list L seq 5 permit any\nip prefix-list L seq 5 deny any", PL,
		"10.1.2.0/24", false},
	    {"ip prefix-list L seq 5 deny 10.0.0.0/8 le 32\nip prefix-list L seq 5 permit any", PL,
		"10.1.2.0/24", true},
	    {"ip prefix-list L deny any\nip prefix-list L permit any\nno ip prefix-list L deny any",
		PL, "10.1.2.0/24", true},
	    {"ip prefix-list L description nothing in it", PL, "10.1.2.0/24", true},
	    {"", PL, "10.1.2.0/24", false},
	    /* the lists of the two families are apart */
	    {"ipv6 prefix-list L permit any", PL, "10.1.2.0/24", false},
	    {"ip prefix-list L permit any", PL6, "fd00::/64", false},
	    {"ipv6 prefix-list L permit any", PL6, "fd00::/64", true},
	    {"ipv6 prefix-list L permit fd00::/16 ge 64 le 128", PL6, "fd00::1/128", true},
	    {"ipv6 prefix-list L permit fd00::/16", PL6, "fd00::1/128", false},
	    {"ipv6 prefix-list L permit any", PL6, "10.1.2.0/24", false},
	    {"", "match ip address prefix-len 24", "10.1.2.0/24", true},
	    {"", "match ip address prefix-len 24", "10.1.2.0/25", false},
	    {"", "match ipv6 address prefix-len 64", "fd00::/64", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_match(&rows[i]);
}

#define ACL "match ip address L"

static void test_access_lists(void **state)
{
	static const struct match_row rows[] = {
	    {"access-list L permit 10.0.0.0/8", ACL, "10.1.2.0/24", true},
	    {"access-list L permit 10.0.0.0/8 exact-match", ACL, "10.1.2.0/24", false},
	    {"access-list L permit 10.1.2.0/24 exact-match", ACL, "10.1.2.0/24", true},
	    {"access-list L permit 10.1.2.0/25", ACL, "10.1.2.0/24", false},
	    {"access-list L permit any", ACL, "10.1.2.0/24", true},
	    {"access-list L deny 10.1.0.0/16\naccess-list L permit any", ACL, "10.1.2.0/24", false},
	    {"access-list L seq 7 deny 10.1.0.0/16\naccess-list L seq 6 permit any", ACL,
		"10.1.2.0/24", true},
	    {"access-list L deny 11.0.0.0/8", ACL, "10.1.2.0/24", false},
	    {"access-list L remark nothing", ACL, "10.1.2.0/24", false},
	    {"", ACL, "10.1.2.0/24", false},
	    {"access-list 1 permit 10.1.2.0", "match ip address 1", "10.1.2.0/24", true},
	    {"access-list 1 permit host 10.1.2.0", "match ip address 1", "10.1.2.0/28", true},
	    {"access-list 1 permit 10.1.0.0 0.0.255.255", "match ip address 1", "10.1.2.0/24",
		true},
	    {"access-list 1 permit 10.1.0.0 0.0.253.255", "match ip address 1", "10.1.2.0/24",
		false},
	    {"access-list 100 permit ip 10.1.0.0 0.0.255.255 any", "match ip address 100",
		"10.1.2.0/24", true},
	    {"access-list 100 permit ip any host 255.255.255.0", "match ip address 100",
		"10.1.2.0/24", true},
	    {"access-list 100 permit ip any host 255.255.255.0", "match ip address 100",
		"10.1.2.0/25", false},
	    {"access-list 100 permit ip host 10.1.2.0 255.255.0.0 0.0.255.255",
		"match ip address 100", "10.1.2.0/24", true},
	    {"ipv6 access-list L permit fd00::/16", "match ipv6 address L", "fd00:1::/64", true},
	    {"ipv6 access-list L permit fd00::/16 exact-match", "match ipv6 address L",
		"fd00:1::/64", false},
	    {"ipv6 access-list L permit any", "match ipv6 address L", "fd00:1::/64", true},
	    {"access-list L permit any", "match ipv6 address L", "fd00:1::/64", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_match(&rows[i]);
}

#define C "match community L"
#define STANDARD "bgp community-list standard L permit "
#define EXPANDED "bgp community-list expanded L permit "
#define LARGE "bgp large-community-list standard L permit "
#define LARGE_X "bgp large-community-list expanded L permit "
#define EXT "bgp extcommunity-list standard L permit "
#define EXT_X "bgp extcommunity-list expanded L permit "
#define P "10.1.2.0/24"

static void test_community_lists(void **state)
{
	static const struct match_row rows[] = {
	    {STANDARD "65001:100", C, P, true},
	    {STANDARD "65001:101", C, P, false},
	    {STANDARD "65001:100 65001:200", C, P, true},
	    {STANDARD "65001:100 65001:300", C, P, false},
	    {STANDARD "no-export", C, P, true},
	    {STANDARD "no-advertise", C, P, false},
	    {STANDARD "4259905636", C, P, true},
	    {STANDARD "internet", C, P, true},
	    {STANDARD "65001:100", C " exact-match", P, false},
	    {STANDARD "no-export 65001:200 65001:100", C " exact-match", P, true},
	    {"bgp community-list standard L deny 65001:100\n" STANDARD "no-export", C, P, false},
	    {"bgp community-list 5 permit 65001:100", "match community 5", P, true},
	    {"bgp community-list 105 permit ^65001:100_", "match community 105", P, true},
	    {EXPANDED "65001:[12]00", C, P, true},
	    {EXPANDED "^65001:100 65001:200 no-export$", C, P, true},
	    {EXPANDED "_65001:2_", C, P, false},
	    {EXPANDED ".*", C, P, true},
	    {EXPANDED "^$", C, P, false},
	    {"", C, P, false},
	    {LARGE "65001:1:2", "match large-community L", P, true},
	    {LARGE "65001:1:4", "match large-community L", P, false},
	    {LARGE "65001:1:2", "match large-community L exact-match", P, false},
	    {LARGE "65001:1:2 65001:1:3", "match large-community L exact-match", P, true},
	    {LARGE_X "_65001:.*:3", "match large-community L", P, true},
	    {"bgp large-community-list 1 permit 65001:1:2", "match large-community 1", P, true},
	    {EXT "rt 65001:10099", "match extcommunity L", P, true},
	    {EXT "rt 65001:10098", "match extcommunity L", P, false},
	    {EXT "soo 10.0.0.1:5 rt 65001:10099", "match extcommunity L", P, true},
	    {EXT "soo 65001:10099", "match extcommunity L", P, false},
	    {EXT_X "RT:65001:100", "match extcommunity L", P, true},
	    {EXT_X "RT:65002", "match extcommunity L", P, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_match(&rows[i]);
}

#define AS "bgp as-path access-list L permit "

static void test_as_path_lists(void **state)
{
	static const struct match_row rows[] = {
	    {AS "^65001_", "match as-path L", P, true},
	    {AS "_70000_", "match as-path L", P, true},
	    {AS "_7000_", "match as-path L", P, false},
	    {AS "^65001 65001 70000 .1,2.$", "match as-path L", P, true},
	    {AS "_2_$", "match as-path L", P, true},
	    {AS "(_65001){2}", "match as-path L", P, true},
	    {AS "^$", "match as-path L", P, false},
	    {AS ".*", "match as-path L", P, true},
	    {"bgp as-path access-list L deny _70000_\n" AS ".*", "match as-path L", P, false},
	    {"bgp as-path access-list L seq 20 deny _70000_\nbgp as-path access-list L seq 10 "
	     "permit .*",
		"match as-path L", P, true},
	    {"", "match as-path L", P, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_match(&rows[i]);
}

static void test_other_matches(void **state)
{
	static const struct match_row rows[] = {
	    {"", "match metric 100", P, true},
	    {"", "match metric 0", P, false},
	    {"", "match local-preference 150", P, true},
	    {"", "match local-preference 100", P, false},
	    {"", "match origin igp", P, true},
	    {"", "match origin incomplete", P, false},
	    {"", "match tag 7", P, true},
	    {"", "match tag 8", P, false},
	    {"", "match interface eth4", P, true},
	    {"", "match interface eth5", P, false},
	    {"", "match peer 192.0.2.9", P, true},
	    {"", "match peer 192.0.2.8", P, false},
	    {"", "match peer eth4", P, true},
	    {"", "match peer LEAF", P, true},
	    {"", "match peer SPINE", P, false},
	    {"", "match peer local", P, false},
	    {"", "match source-protocol bgp", P, true},
	    {"", "match source-protocol static", P, false},
	    {"", "match ip next-hop address 192.0.2.1", P, true},
	    {"", "match ip next-hop address 192.0.2.2", P, false},
	    {"", "match ip next-hop prefix-len 32", P, true},
	    {"", "match ip next-hop type blackhole", P, false},
	    {"access-list L permit 192.0.2.0/24", "match ip next-hop L", P, true},
	    {"access-list L permit 192.0.3.0/24", "match ip next-hop L", P, false},
	    {"ip prefix-list L permit 192.0.2.1/32", "match ip next-hop prefix-list L", P, true},
	    {"ip prefix-list L permit 192.0.2.0/24", "match ip next-hop prefix-list L", P, false},
	    {"ip prefix-list L permit 192.0.2.9/32", "match ip route-source prefix-list L", P,
		true},
	    {"access-list L permit 192.0.2.8/32", "match ip route-source L", P, false},
	    {"ipv6 prefix-list L permit any", "match ipv6 next-hop prefix-list L", P, false},
	    {"", "match evpn vni 10099", P, false},
	    {"", "match probability 50", P, false},
	    /* all of an entry must hold */
	    {"", "match metric 100\n match origin igp", P, true},
	    {"", "match metric 100\n match origin egp", P, false},
	    /* a clause that is written again replaces */
	    {"", "match metric 100\n match metric 5", P, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_match(&rows[i]);
}

/* ---- EVPN ---- */

static bool evpn_holds(
    const char *lists, const char *line, const struct nlri *n, const struct attrs *a)
{
	struct policy_route route = {.nlri = n};
	struct str text = {0};
	struct config *c;
	char *got;
	bool holds;

	str_addf(&text, "%s\nroute-map M permit 1\n %s\n", lists, line);
	c = load(str_text(&text));
	got = outcome(c, &route, a);
	holds = strcmp(got, "denied") != 0;
	mem_free(got);
	config_free(c);
	str_fini(&text);
	return holds;
}

static void test_evpn(void **state)
{
	struct nlri mac = {.family = BGP_L2VPN_EVPN,
	    .evpn = {.type = EVPN_MAC_IP,
		.label1 = 10099,
		.has_label2 = true,
		.label2 = 2,
		.ip = {.family = IP_V4, .b = {10, 1, 2, 3}}}};
	struct nlri imet = {.family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_IMET}};
	struct attrs a = {0}, pmsi = {.has_pmsi = true, .pmsi = {.label = 10099}};

	(void)state;
	assert_true(rd_parse("10.0.0.1:7", &mac.evpn.rd));
	assert_true(evpn_holds("", "match evpn route-type macip", &mac, &a));
	assert_true(evpn_holds("", "match evpn route-type 2", &mac, &a));
	assert_false(evpn_holds("", "match evpn route-type multicast", &mac, &a));
	assert_true(evpn_holds("", "match evpn route-type multicast", &imet, &a));
	assert_true(evpn_holds("", "match evpn vni 10099", &mac, &a));
	assert_true(evpn_holds("", "match evpn vni 2", &mac, &a));
	assert_false(evpn_holds("", "match evpn vni 3", &mac, &a));
	/* an IMET route has its VNI in the PMSI tunnel attribute */
	assert_true(evpn_holds("", "match evpn vni 10099", &imet, &pmsi));
	assert_false(evpn_holds("", "match evpn vni 10099", &imet, &a));
	assert_true(evpn_holds("", "match evpn rd 10.0.0.1:7", &mac, &a));
	assert_false(evpn_holds("", "match evpn rd 10.0.0.1:8", &mac, &a));
	assert_true(evpn_holds("ip prefix-list L permit 10.1.2.3/32", PL, &mac, &a));
	assert_false(evpn_holds("ip prefix-list L permit 10.1.2.4/32", PL, &mac, &a));
}

/* ---- sets ---- */

struct set_row {
	const char *lists, *lines, *wanted; /* part of the text; NULL: denied */
};

static void check_set(const struct set_row *row, struct policy_route *route)
{
	struct str text = {0};
	struct attrs a = sample();
	struct config *c;
	char *got;

	str_addf(&text, "%s\nroute-map M permit 10\n%s\n", row->lists, row->lines);
	c = load(str_text(&text));
	got = outcome(c, route, &a);
	if (strstr(got, row->wanted == NULL ? "denied" : row->wanted) == NULL)
		fail_msg("%s\n%s\nwanted: %s", str_text(&text), got,
		    row->wanted == NULL ? "denied" : row->wanted);
	mem_free(got);
	config_free(c);
	str_fini(&text);
}

static void check_sets(const struct set_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct nlri n = unicast(P);
		struct policy_route route = route_of(&n);

		check_set(&rows[i], &route);
	}
}

static void test_set_communities(void **state)
{
	static const struct set_row rows[] = {
	    {"", "set community 1:1", "community 1:1, "},
	    {"", "set community 1:1 additive", "community 1:1 65001:100 65001:200 no-export, "},
	    {"", "set community additive no-export 1:1",
		"community 1:1 65001:100 65001:200 no-export, "},
	    {"", "set community none", "metric 100, largecommunity"},
	    {"", "set community 2:2 1:1 2:2", "community 1:1 2:2, "},
	    {"", "set community graceful-shutdown local-AS 0:0",
		"community internet graceful-shutdown local-AS, "},
	    {"bgp community-list standard L permit 65001:100 no-export", "set comm-list L delete",
		"community 65001:200, "},
	    {"bgp community-list standard L deny 65001:100\n"
	     "bgp community-list standard L permit internet",
		"set comm-list L delete", "community 65001:100, "},
	    {"bgp community-list expanded L permit :[12]00$", "set comm-list L delete",
		"community no-export, "},
	    {"bgp community-list expanded L permit .*", "set comm-list L delete",
		"metric 100, largecommunity"},
	    {"", "set comm-list GONE delete", "community 65001:100 65001:200 no-export, "},
	    /* in the order in which they are written */
	    {"bgp community-list standard L permit 1:1",
		"set comm-list L delete\nset community 1:1 additive", "community 1:1 65001:100"},
	    {"bgp community-list standard L permit 1:1",
		"set community 1:1 additive\nset comm-list L delete", "community 65001:100"},
	    {"", "set large-community 1:2:3", "largecommunity 1:2:3, "},
	    {"", "set large-community 1:2:3 additive",
		"largecommunity 1:2:3 65001:1:2 65001:1:3, "},
	    {"", "set large-community none", "no-export, extcommunity"},
	    {"bgp large-community-list standard L permit 65001:1:2", "set large-comm-list L delete",
		"largecommunity 65001:1:3, "},
	    {EXT "rt 65001:10099", "set extended-comm-list L delete",
		"extcommunity SoO:10.0.0.1:5, "},
	    {"", "set extcommunity rt 1:2 3:4",
		"extcommunity RT:1:2 RT:3:4 RT:65001:10099 SoO:10.0.0.1:5, "},
	    {"", "set extcommunity soo 1:2", "SoO:1:2"},
	    {"", "set extcommunity none", "65001:1:3, path"},
	    {"", "set extcommunity bandwidth 1000", "LB:65000:125000000 (1.000 Gbps)"},
	    {"", "set extcommunity bandwidth 8 non-transitive", "LB:65000:1000000 (8.000 Mbps)"},
	    {"", "set extcommunity bandwidth num-multipaths", "LB:65000:375000 (3.000 Mbps)"},
	    {"", "set extcommunity bandwidth cumulative", "LB:65000:500 (4.000 Kbps)"},
	};
	/* on the way in there is no set of paths yet */
	static const struct set_row in[] = {
	    {"", "set extcommunity bandwidth num-multipaths", "RT:65001:10099 SoO:10.0.0.1:5"},
	    {"", "set extcommunity bandwidth cumulative", "RT:65001:10099 SoO:10.0.0.1:5"},
	    {"", "set extcommunity bandwidth 8", "LB:65000:1000000 (8.000 Mbps)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) + COUNT(in); i++) {
		struct nlri n = unicast(P);
		struct policy_route route = route_of(&n);

		route.path_count = i < COUNT(rows) ? 3 : 0;
		route.path_bandwidth = 500;
		check_set(i < COUNT(rows) ? &rows[i] : &in[i - COUNT(rows)], &route);
	}
}

static void test_set_others(void **state)
{
	static const struct set_row rows[] = {
	    {"", "set metric 7", "metric 7,"},
	    {"", "set metric +7", "metric 107,"},
	    {"", "set metric -7", "metric 93,"},
	    {"", "set metric -101", "metric 0,"},
	    {"", "set metric +4294967295", "metric 4294967295,"},
	    {"", "set local-preference 200", "localpref 200,"},
	    {"", "set local-preference +50", "localpref 200,"},
	    {"", "set local-preference -200", "localpref 0,"},
	    {"", "set origin egp", "origin e,"},
	    {"", "set origin incomplete", "origin ?,"},
	    {"", "set atomic-aggregate", "atomic-aggregate yes,"},
	    {"", "set aggregator as 65005 10.0.0.5", "aggregated by 65005 10.0.0.5,"},
	    {"", "set originator-id 10.0.0.5", "originator 10.0.0.5,"},
	    {"", "set as-path prepend 5 6", "path 5 6 65001 65001 70000 {1,2}"},
	    {"", "set as-path prepend last-as 2", "path 65001 65001 65001 65001 70000 {1,2}"},
	    {"", "set as-path exclude 65001", "path 70000 {1,2}"},
	    {"", "set as-path exclude 1 2", "path 65001 65001 70000"},
	    {"", "set as-path exclude 1 2 65001 70000", "SoO:10.0.0.1:5"},
	    {"", "set as-path replace 65001", "path 64999 64999 70000 {1,2}"},
	    {"", "set as-path replace any", "path 64999 64999 64999 {64999,64999}"},
	    {"", "set ip next-hop 192.0.2.77", "nexthop 192.0.2.77,"},
	    {"", "set ip next-hop peer-address", "nexthop 192.0.2.9,"},
	    {"", "set ipv6 next-hop global fd00::1", "nexthop fd00::1,"},
	};

	(void)state;
	check_sets(rows, COUNT(rows));
}

/* What is not an attribute on the wire. */
static void test_set_beside_attributes(void **state)
{
	struct config *c = load(
	    "route-map M permit 1\n set weight 9\n set tag 8\n set distance 30\n set src 10.0.0.1\n"
	    " set ip next-hop unchanged\n");
	struct nlri n = unicast(P);
	struct policy_route route = route_of(&n);
	struct arena arena = {0};
	struct attrs a = sample();

	(void)state;
	assert_true(route_map_apply(
	    &c->bgp.policy, policy_map_find(&c->bgp.policy, "M"), &route, &a, &arena));
	assert_int_equal(a.weight, 9);
	assert_int_equal(a.tag, 8);
	assert_int_equal(a.distance, 30);
	assert_int_equal(ip_to_u32(&route.src), 0x0a000001);
	assert_true(route.next_hop_unchanged);
	arena_fini(&arena);
	config_free(c);
}

/* Our own address is put in later: no later entry matches the old one. Where a route comes from is
 * asked on the way in alone. */
static void test_out(void **state)
{
	static const struct set_row rows[] = {
	    {"", "match ip next-hop address 192.0.2.1", "metric 100"},
	    {"",
		"set ip next-hop peer-address\non-match next\nroute-map M permit 20\n"
		" match ip next-hop address 192.0.2.1",
		NULL},
	    {"ip prefix-list L permit any", "match ip route-source prefix-list L", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nlri n = unicast(P);
		struct policy_route route = route_of(&n);

		route.out = true;
		check_set(&rows[i], &route);
	}
}

/* ---- flow ---- */

#define TAIL "\nroute-map M permit 90\n set origin egp\n"

static void test_flow(void **state)
{
	static const struct set_row rows[] = {
	    /* the first entry that matches decides; a deny sets nothing; none: deny */
	    {"route-map M deny 5\n match metric 100", "set metric 1", NULL},
	    {"route-map M deny 5\n match metric 1", "set metric 1", "metric 1,"},
	    {"", "match metric 1", NULL},
	    {"", "set metric 1" TAIL, "origin i, localpref 150, metric 1,"},
	    {"", "set metric 1\non-match next" TAIL, "origin e, localpref 150, metric 1,"},
	    {"", "set metric 1\ncontinue" TAIL, "origin e, localpref 150, metric 1,"},
	    {"route-map M deny 20\n", "on-match next" TAIL, NULL},
	    {"route-map M deny 20\n", "on-match goto 21" TAIL, "origin e,"},
	    {"route-map M deny 20\n", "continue 90" TAIL, "origin e,"},
	    /* nothing there: permitted by what matched before */
	    {"", "set metric 1\non-match goto 99" TAIL, "origin i, localpref 150, metric 1,"},
	    /* something there that does not match: denied, as by the end of a map */
	    {"route-map M permit 20\n match metric 5\n", "set metric 1\non-match next", NULL},
	    {"route-map M permit 20\n match metric 5\n",
		"set metric 1\non-match next\nroute-map M permit 30", "metric 1,"},
	    /* later entries see what earlier ones set */
	    {"route-map M permit 20\n match metric 5\n set origin egp\n",
		"set metric 5\non-match next", "origin e,"},
	    {"route-map N permit 1\n set origin egp\n", "set metric 1\ncall N",
		"origin e, localpref 150, metric 1,"},
	    {"route-map N deny 1\n", "set metric 1\ncall N" TAIL, NULL},
	    {"route-map N deny 1\n match metric 5\nroute-map N permit 2\n", "set metric 5\ncall N",
		NULL},
	    {"", "set metric 1\ncall GONE", "metric 1,"},
	    {"route-map N permit 1\n call M\n", "call N", NULL}, /* a circle */
	    {"route-map N permit 1\n set metric +1\n",
		"call N\non-match next\n"
		"route-map M permit 20\n call N",
		"metric 102,"},
	};

	(void)state;
	check_sets(rows, COUNT(rows));
}

/* ---- copies and comparison ---- */

#define BASE                                                                                       \
	"ip prefix-list P permit 10.0.0.0/8\nbgp community-list expanded X permit ^1:\n"           \
	"route-map N permit 1\n match community X\nroute-map O permit 1\n set metric 1\n"          \
	"route-map M permit 1\n match ip address prefix-list P\n call N\n set community 1:1\n"

static bool same(const struct policy *p, const struct policy *q, const char *name)
{
	return policy_map_equal(p, policy_map_find(p, name), q, policy_map_find(q, name));
}

static void check_change(const char *extra, bool m, bool n, bool o)
{
	struct config *a = load(BASE), *b;
	struct str text = {0};

	str_addf(&text, "%s%s", BASE, extra);
	b = load(str_text(&text));
	assert_int_equal(same(&a->bgp.policy, &b->bgp.policy, "M"), m);
	assert_int_equal(same(&a->bgp.policy, &b->bgp.policy, "N"), n);
	assert_int_equal(same(&a->bgp.policy, &b->bgp.policy, "O"), o);
	str_fini(&text);
	config_free(a);
	config_free(b);
}

static void test_comparison_follows_references(void **state)
{
	(void)state;
	check_change("", true, true, true);
	check_change("ip prefix-list UNUSED permit any\n", true, true, true);
	check_change("ip prefix-list P permit any\n", false, true, true);
	check_change("no ip prefix-list P\n", false, true, true);
	check_change("bgp community-list expanded X permit ^2:\n", false, false, true);
	check_change("route-map N permit 1\n set metric 1\n", false, false, true);
	check_change("route-map O permit 1\n set metric 2\n", true, true, false);
	check_change("no route-map O\n", true, true, false);
	check_change("route-map O permit 1\n set metric 1\n", true, true, true);
}

static void test_circles_are_compared(void **state)
{
	struct config *a = load("route-map A permit 1\n call B\nroute-map A permit 2\n call B\n"
				"route-map B permit 1\n call A\nroute-map B permit 2\n call A\n");
	struct bgp_settings copy;

	(void)state;
	bgp_settings_copy(&copy, &a->bgp);
	assert_true(same(&a->bgp.policy, &copy.policy, "A"));
	assert_false(policy_map_looks_at_nlri(&copy.policy, policy_map_find(&copy.policy, "A")));
	bgp_settings_fini(&copy);
	config_free(a);
}

static void test_copy(void **state)
{
	struct config *a = load(BASE "router bgp 1\n neighbor 10.0.0.1 remote-as 2\n"
				     " address-family ipv4\n neighbor 10.0.0.1 prefix-list P in\n"
				     " neighbor 10.0.0.1 default-originate route-map M\n"
				     " network 10.0.0.0/8 route-map M\n"
				     " redistribute kernel route-map M metric 5\n"
				     "ip protocol bgp route-map M\n");
	struct bgp_settings b, c;

	(void)state;
	bgp_settings_copy(&b, &a->bgp);
	config_free(a);
	bgp_settings_copy(&c, &b);
	assert_true(same(&b.policy, &c.policy, "M"));
	assert_true(policy_map_looks_at_nlri(&c.policy, policy_map_find(&c.policy, "M")));
	assert_string_equal(c.neighbors[0].family[0].prefix_list_in, "P");
	assert_string_equal(c.neighbors[0].family[0].default_route_map, "M");
	assert_string_equal(c.redistribute[0][REDISTRIBUTE_KERNEL].route_map, "M");
	assert_int_equal(c.redistribute[0][REDISTRIBUTE_KERNEL].metric, 5);
	assert_string_equal(c.fib_route_map[0], "M");
	assert_null(policy_map_find(&c.policy, NULL));
	assert_null(policy_map_find(&c.policy, "GONE"));
	bgp_settings_fini(&b);
	bgp_settings_fini(&c);
}

/* ---- what is wrong with a text ---- */

static void check_message(const char *text, bool warning, const char *wanted)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(text, &errors);

	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.list[0].warning, warning);
	if (strstr(errors.list[0].message, wanted) == NULL)
		fail_msg("%s: %s", text, errors.list[0].message);
	statement_errors_fini(&errors);
	config_free(c);
}

static void test_messages(void **state)
{
	(void)state;
	check_message("ip prefix-list L permit 10.0.0.0/8 le 7\n", false, "describes no prefix");
	check_message("ip prefix-list L permit 10.0.0.0/8 ge 9 le 8\n", false, "no prefix");
	check_message("ip prefix-list L permit any le 7\n", false, "describes no prefix");
	check_message("access-list L permit 10.0.0.0/8 exactly\n", false, "not complete");
	check_message("access-list L permit any any\n", false, "not complete");
	check_message("access-list 100 permit ip host\n", false, "not complete");
	check_message("access-list 100 permit ip any any any\n", false, "not complete");
	check_message("bgp community-list standard L permit 1:70000\n", false, "not a community");
	check_message("bgp community-list 1 permit foo\n", false, "not a community");
	check_message("bgp large-community-list standard L permit 1:2\n", false, "not a community");
	check_message("bgp extcommunity-list standard L permit rt\n", false, "not a community");
	check_message("bgp as-path access-list L permit (1\n", false, "not a regular expression");
	check_message("bgp as-path access-list L permit ^a\n", false, "`a` cannot be in");
	check_message("bgp as-path access-list L permit ((1{99}){99}){99}\n", false, "multiply");
	check_message("bgp community-list standard L permit 1:1\n"
		      "bgp community-list expanded L permit 1:1\n",
	    false, "standard and expanded at once");
	check_message("route-map M permit 10\n on-match goto 10\n", false, "forward only");
	check_message("route-map M permit 10\n set metric x\n", false, "not a number");
	check_message("route-map M permit 10\n set as-path prepend x\n", false, "not an AS number");
	check_message("route-map M permit 10\n set as-path prepend last-as 11\n", false, "1-10");
	check_message("route-map M permit 1\n match as-path L\n", true,
	    "as-path access-list L is not defined: this entry never matches");
	check_message("route-map M permit 1\n match ipv6 address L\n", true,
	    "ipv6 access-list L is not defined");
	check_message("route-map M permit 1\n call N\n", true, "the call is passed over");
	check_message(
	    "route-map M permit 1\n set comm-list L delete\n", true, "nothing is deleted");
	check_message(
	    "ip protocol bgp route-map N\n", true, "no route of BGP goes into the kernel");
	check_message("router bgp 1\n neighbor 10.0.0.1 remote-as 2\n address-family ipv6\n"
		      "  neighbor 10.0.0.1 prefix-list L out\n",
	    true, "ipv6 prefix-list L is not defined: it denies everything");
	check_message("router bgp 1\n address-family ipv4\n  redistribute kernel route-map R\n",
	    true, "route-map R is not defined");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_prefix_lists),
	    cmocka_unit_test(test_access_lists),
	    cmocka_unit_test(test_community_lists),
	    cmocka_unit_test(test_as_path_lists),
	    cmocka_unit_test(test_other_matches),
	    cmocka_unit_test(test_evpn),
	    cmocka_unit_test(test_set_communities),
	    cmocka_unit_test(test_set_others),
	    cmocka_unit_test(test_set_beside_attributes),
	    cmocka_unit_test(test_out),
	    cmocka_unit_test(test_flow),
	    cmocka_unit_test(test_comparison_follows_references),
	    cmocka_unit_test(test_circles_are_compared),
	    cmocka_unit_test(test_copy),
	    cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
