/*
 * Aggregates: what contributes, what comes of it, what neighbors hear instead, and that all of this
 * follows every change, in the same turn and without a word too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "bgp/aggregate_attrs.h"
#include "settings_text.h"
#include "speakers.h"

/* Node 1 (AS 65002) between 0 (AS 65001) and 2 (AS 65003). */
static void configure(struct world *w, const char *lists, const char *family)
{
	struct node *n = &w->node[1];
	struct str text = {0};

	str_addf(&text,
	    "%s\nrouter bgp 65002\n bgp router-id 10.0.0.2\n no bgp ebgp-requires-policy\n"
	    " neighbor 10.0.0.1 remote-as 65001\n neighbor 10.0.0.3 remote-as 65003\n"
	    " address-family ipv6 unicast\n  neighbor 10.0.0.3 activate\n"
	    "  aggregate-address fd00:1::/32 summary-only\n"
	    " address-family l2vpn evpn\n  neighbor 10.0.0.1 activate\n"
	    "  neighbor 10.0.0.3 activate\n address-family ipv4 unicast\n%s\n",
	    lists, family);
	bgp_settings_fini(&n->settings);
	settings_from_text(&n->settings, str_text(&text));
	str_fini(&text);
	world_configure(w, 1);
	world_settle(w);
}

static void say(struct world *w, int node, const char *prefix, uint32_t med, uint8_t origin)
{
	world_originate_with(
	    w, node, prefix, &(struct attrs){.has_med = true, .med = med, .origin = origin});
	world_settle(w);
}

static void withdraw(struct world *w, int node, const char *prefix)
{
	world_withdraw(w, node, prefix);
	world_settle(w);
}

static struct world *chain(const char *lists, const char *family)
{
	struct world *w = world_new(3);

	world_chain(w, 3);
	w->node[2].settings.neighbors[0].family[BGP_IPV6_UNICAST].activate = true;
	world_configure(w, 2);
	configure(w, lists, family);
	assert_true(world_established(w, 1, 0));
	assert_true(world_established(w, 1, 2));
	return w;
}

static void visit(
    void *context, const struct nlri *n, const struct bgp_dest_route *routes, size_t count)
{
	struct str *out = context;
	const struct attrs *a = routes[0].route.attrs;

	(void)count;
	nlri_text(n, out);
	str_add(out, "(");
	as_path_text(a, out);
	str_addf(out, "%s%s%s) ", a->atomic_aggregate ? " atomic" : "",
	    a->has_aggregator ? " aggregator" : "", a->origin == ORIGIN_IGP ? "" : " worse");
}

/* What node 2 hears of node 1: "10.0.0.0/8(65002 atomic aggregator) ". */
static const char *heard(struct world *w)
{
	static char text[1024];
	struct str out = {0};

	bgp_walk_advertised(w->node[1].bgp, "10.0.0.3", BGP_IPV4_UNICAST, &w->arena, &out, visit);
	snprintf(text, sizeof(text), "%s", str_text(&out));
	str_fini(&out);
	return text;
}

#define AGGREGATE "10.0.0.0/8(65002 atomic aggregator) "
#define FIRST "10.1.0.0/24(65002 65001) "
#define SECOND "10.2.0.0/24(65002 65001) "

/* It is there while something more specific is. */
static void test_comes_and_goes(void **state)
{
	struct world *w = chain("", "aggregate-address 10.0.0.0/8\n");

	(void)state;
	assert_string_equal(heard(w), "");
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE FIRST);
	say(w, 0, "10.2.0.0/24", 0, ORIGIN_INCOMPLETE);
	assert_string_equal(heard(w),
	    "10.0.0.0/8(65002 atomic aggregator worse) " FIRST "10.2.0.0/24(65002 65001 worse) ");
	withdraw(w, 0, "10.2.0.0/24");
	assert_string_equal(heard(w), AGGREGATE FIRST);
	/* its own prefix is none that is more specific, nor is one elsewhere */
	say(w, 0, "10.0.0.0/8", 0, ORIGIN_IGP);
	say(w, 0, "11.0.0.0/24", 0, ORIGIN_IGP);
	withdraw(w, 0, "10.1.0.0/24");
	assert_string_equal(heard(w), "10.0.0.0/8(65002 65001) 11.0.0.0/24(65002 65001) ");
	world_free(w);
}

/* `summary-only`: in one turn the aggregate comes and the others are not told, or go. */
static void test_summary_only(void **state)
{
	struct world *w = chain("", "aggregate-address 10.0.0.0/8 summary-only\n");
	unsigned updates;

	(void)state;
	updates = w->node[1].updates_out;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE);
	assert_int_equal(w->node[1].updates_out, updates + 2); /* to 2, and to 0 */
	say(w, 0, "10.2.0.0/24", 0, ORIGIN_IGP);
	assert_int_equal(w->node[1].updates_out, updates + 2);
	assert_non_null(strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65001"));
	configure(w, "", "aggregate-address 10.0.0.0/8\n");
	assert_string_equal(heard(w), AGGREGATE FIRST SECOND);
	configure(w, "", "aggregate-address 10.0.0.0/8 summary-only\n");
	assert_string_equal(heard(w), AGGREGATE);
	/* the last aggregate goes, and with it what it did */
	configure(w, "", "");
	assert_string_equal(heard(w), FIRST SECOND);
	configure(w, "", "aggregate-address 10.0.0.0/8 summary-only\n");
	withdraw(w, 0, "10.1.0.0/24");
	withdraw(w, 0, "10.2.0.0/24");
	assert_string_equal(heard(w), "");
	world_free(w);
}

/* One in the other: the smaller is not suppressed, and does not keep the greater alive. */
static void test_nested(void **state)
{
	struct world *w = chain("", "aggregate-address 10.0.0.0/8 summary-only\n"
				    "aggregate-address 10.1.0.0/16 summary-only\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE "10.1.0.0/16(65002 atomic aggregator) ");
	withdraw(w, 0, "10.1.0.0/24");
	assert_string_equal(heard(w), "");
	say(w, 0, "10.2.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE);
	world_free(w);
}

/* Two aggregates over one route: it is told again only when neither suppresses it. */
static void test_two_suppressors(void **state)
{
	struct world *w = chain("", "aggregate-address 10.0.0.0/8 summary-only\n"
				    "aggregate-address 10.1.0.0/16 summary-only\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	configure(w, "", "aggregate-address 10.1.0.0/16 summary-only\n");
	assert_string_equal(heard(w), "10.1.0.0/16(65002 atomic aggregator) ");
	configure(w, "", "");
	assert_string_equal(heard(w), FIRST);
	world_free(w);
}

#define MAPS                                                                                       \
	"ip prefix-list ONE permit 10.1.0.0/24\nroute-map ONE permit 1\n match ip address "        \
	"prefix-list ONE\nroute-map DENY deny 1\nroute-map SET permit 1\n set community 1:2\n"     \
	" set metric 9\nbgp community-list standard C permit 1:2\nroute-map C permit 1\n match "   \
	"community C\n"

static void test_suppress_map(void **state)
{
	struct world *w = chain(MAPS, "aggregate-address 10.0.0.0/8 suppress-map ONE\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	say(w, 0, "10.2.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE SECOND);
	/* the list behind the map changes */
	configure(w,
	    MAPS "no ip prefix-list ONE permit 10.1.0.0/24\nip prefix-list ONE seq 1 permit "
		 "10.2.0.0/24\nip prefix-list ONE seq 5 deny any\n",
	    "aggregate-address 10.0.0.0/8 suppress-map ONE\n");
	assert_string_equal(heard(w), AGGREGATE FIRST);
	configure(w, MAPS, "aggregate-address 10.0.0.0/8 suppress-map GONE\n");
	assert_string_equal(heard(w), AGGREGATE FIRST SECOND);
	world_free(w);
}

/* Of what is suppressed the unsuppress-map decides, in the place of the neighbor's own. */
static void test_unsuppress_map(void **state)
{
	struct world *w = chain(MAPS, "aggregate-address 10.0.0.0/8 summary-only\n"
				      "neighbor 10.0.0.3 unsuppress-map ONE\n"
				      "neighbor 10.0.0.3 route-map DENY out\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	say(w, 0, "10.2.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), FIRST);
	configure(w, MAPS,
	    "aggregate-address 10.0.0.0/8 summary-only\n"
	    "neighbor 10.0.0.3 unsuppress-map ONE\n");
	assert_string_equal(heard(w), AGGREGATE FIRST);
	configure(w, MAPS,
	    "aggregate-address 10.0.0.0/8 summary-only\n"
	    "neighbor 10.0.0.3 unsuppress-map GONE\n");
	assert_string_equal(heard(w), AGGREGATE);
	/* a route-map that is not asked need not be there */
	configure(w, MAPS,
	    "aggregate-address 10.0.0.0/8 summary-only\n"
	    "neighbor 10.0.0.3 unsuppress-map ONE\n"
	    "neighbor 10.0.0.3 route-map GONE out\n");
	assert_string_equal(heard(w), FIRST);
	/* the same attributes, suppressed and not, are not taken for each other */
	configure(w, MAPS,
	    "aggregate-address 10.0.0.0/8 suppress-map ONE\n"
	    "neighbor 10.0.0.3 unsuppress-map SET\n");
	assert_string_equal(heard(w), AGGREGATE FIRST SECOND);
	assert_non_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.1.0.0/24"));
	world_free(w);
}

/* A route-map that denies the aggregate lets the others be heard again. */
static void test_route_map(void **state)
{
	struct world *w = chain(MAPS, "aggregate-address 10.0.0.0/8 summary-only route-map DENY\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), FIRST);
	configure(w, MAPS,
	    "aggregate-address 10.0.0.0/8 summary-only route-map SET\n"
	    "neighbor 10.0.0.3 route-map C out\n");
	assert_string_equal(heard(w), AGGREGATE);
	configure(w, MAPS, "aggregate-address 10.0.0.0/8 summary-only route-map GONE\n");
	assert_string_equal(heard(w), FIRST);
	configure(w, MAPS, "aggregate-address 10.0.0.0/8 origin incomplete\n");
	assert_string_equal(heard(w), "10.0.0.0/8(65002 atomic aggregator worse) " FIRST);
	world_free(w);
}

static void test_matching_med(void **state)
{
	struct world *w =
	    chain("", "aggregate-address 10.0.0.0/8 summary-only matching-MED-only\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 5, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE);
	say(w, 0, "10.2.0.0/24", 6, ORIGIN_IGP);
	assert_string_equal(heard(w), FIRST SECOND);
	say(w, 0, "10.2.0.0/24", 5, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE);
	say(w, 0, "10.1.0.0/24", 6, ORIGIN_IGP);
	assert_string_equal(heard(w), FIRST SECOND);
	withdraw(w, 0, "10.2.0.0/24");
	assert_string_equal(heard(w), AGGREGATE);
	withdraw(w, 0, "10.1.0.0/24");
	assert_string_equal(heard(w), "");
	/* nothing is remembered of the quarrel */
	say(w, 0, "10.2.0.0/24", 7, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE);
	/* by a reload */
	configure(w, "", "aggregate-address 10.0.0.0/8 summary-only\n");
	say(w, 0, "10.1.0.0/24", 6, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE);
	configure(w, "", "aggregate-address 10.0.0.0/8 summary-only matching-MED-only\n");
	assert_string_equal(heard(w), FIRST SECOND);
	configure(w, "", "");
	configure(w, "", "aggregate-address 10.0.0.0/8 summary-only matching-MED-only\n");
	assert_string_equal(heard(w), FIRST SECOND);
	configure(w, "", "aggregate-address 10.0.0.0/12 summary-only matching-MED-only\n");
	assert_string_equal(heard(w), FIRST SECOND);
	world_free(w);
}

/* The path is what all begin with, then the others; node 2's route contributes, too. */
static void test_as_set(void **state)
{
	struct world *w = chain("route-map P permit 1\n set as-path prepend 65001 7\n",
	    "aggregate-address 10.0.0.0/8 as-set summary-only\n"
	    "neighbor 10.0.0.1 allowas-in\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), "10.0.0.0/8(65002 65001 aggregator) ");
	say(w, 2, "10.3.0.0/24", 0, ORIGIN_IGP);
	/* node 2 is in it, so it is not for node 2 */
	assert_non_null(strstr(heard(w), "10.0.0.0/8(65002 {65001,65003} aggregator)"));
	assert_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.0.0.0/8"));
	withdraw(w, 2, "10.3.0.0/24");
	assert_string_equal(heard(w), "10.0.0.0/8(65002 65001 aggregator) ");
	world_originate(w, 1, "10.4.0.0/24");
	world_settle(w);
	assert_string_equal(heard(w), "10.0.0.0/8(65002 {65001} aggregator) ");
	world_free(w);
}

/* A session that ends takes its contributions along. */
static void test_session_lost(void **state)
{
	struct world *w = chain("", "aggregate-address 10.0.0.0/8 summary-only\n");

	(void)state;
	say(w, 0, "10.1.0.0/24", 0, ORIGIN_IGP);
	assert_string_equal(heard(w), AGGREGATE);
	world_kill(w, 0);
	world_settle(w);
	assert_string_equal(heard(w), "");
	world_free(w);
}

static void test_ipv6(void **state)
{
	struct world *w = chain("", "");

	(void)state;
	world_link_addresses(w, 1, 1, "2001:db8::1/64 10.0.0.2/24");
	world_link_addresses(w, 2, 1, "2001:db8::2/64 10.0.0.3/24");
	say(w, 1, "fd00:1:2::/48", 0, ORIGIN_IGP);
	assert_non_null(strstr(world_routes(w, 2, BGP_IPV6_UNICAST), "fd00:1::/32 path 65002"));
	assert_null(strstr(world_routes(w, 2, BGP_IPV6_UNICAST), "fd00:1:2::/48"));
	world_free(w);
}

/* Many routes in one turn: those beyond the turn are not heard either, and all of the memory goes.
 */
static void test_many(void **state)
{
	struct world *w = chain("", "aggregate-address 10.0.0.0/8 summary-only\n");
	char prefix[32];
	unsigned updates = w->node[1].updates_out;

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", i / 256, i % 256);
		world_originate(w, 0, prefix);
	}
	world_settle(w);
	assert_string_equal(heard(w), AGGREGATE);
	assert_int_equal(w->node[1].updates_out, updates + 2);
	configure(w, "", "");
	assert_int_equal(world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST], 6000);
	configure(w, "", "aggregate-address 10.0.0.0/8 summary-only\n");
	assert_int_equal(world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST], 1);
	world_free(w);
}

/* ---- attributes alone ---- */

static struct attrs path_of(const uint8_t *path, size_t size)
{
	return (struct attrs){.as_path = path, .as_path_size = (uint16_t)size};
}

static const char *aggregated(const struct attrs *const *list, size_t count)
{
	static char text[256];
	struct aggregate_settings s = {.as_set = true};
	struct arena arena = {0};
	struct str out = {0};
	struct attrs a = aggregate_attrs(&s, list, count, &arena);

	as_path_text(&a, &out);
	snprintf(text, sizeof(text), "%s%s", str_text(&out), a.atomic_aggregate ? " atomic" : "");
	str_fini(&out);
	arena_fini(&arena);
	return text;
}

static void test_paths(void **state)
{
	static const uint8_t p123[] = {2, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};
	static const uint8_t p124[] = {2, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4};
	static const uint8_t p12[] = {2, 2, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t p1s54[] = {2, 1, 0, 0, 0, 1, 1, 2, 0, 0, 0, 5, 0, 0, 0, 4};
	static const uint8_t s9[] = {1, 1, 0, 0, 0, 9};
	const struct attrs a = path_of(p123, sizeof(p123)), b = path_of(p124, sizeof(p124)),
			   c = path_of(p12, sizeof(p12)), d = path_of(p1s54, sizeof(p1s54)),
			   e = path_of(s9, sizeof(s9)), none = {0};
	static const char *const wanted[] = {
	    "1 2 3", "1 2 {3,4}", "1 2 {3}", "1 {2,3,4,5}", "1 {5,4}", "{1,2,3,9}", "{1,2,3}"};
	const struct attrs *const rows[][3] = {
	    {&a, &a}, {&a, &b}, {&c, &a}, {&a, &b, &d}, {&d}, {&a, &e}, {&none, &a}};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		size_t n = rows[i][1] == NULL ? 1 : rows[i][2] == NULL ? 2 : 3;
		const struct attrs *turned[3];

		assert_string_equal(aggregated(rows[i], n), wanted[i]);
		for (size_t k = 0; k < n; k++)
			turned[k] = rows[i][n - 1 - k];
		assert_string_equal(aggregated(turned, n), wanted[i]);
	}
}

/* More ASs than a path has room for. */
static void test_longest_path(void **state)
{
	static uint8_t wire[40][2 + 4 * 255];
	struct attrs all[40];
	const struct attrs *list[40];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		wire[i][0] = 2;
		wire[i][1] = 255;
		for (unsigned k = 0; k < 255; k++) {
			wire[i][2 + 4 * k + 2] = (uint8_t)(i + 1);
			wire[i][2 + 4 * k + 3] = (uint8_t)k;
		}
		all[i] = path_of(wire[i], sizeof(wire[i]));
		list[i] = &all[i];
	}
	assert_non_null(strstr(aggregated(list, 15), "{"));
	{
		struct aggregate_settings s = {.as_set = true};
		struct arena arena = {0};
		struct attrs some = aggregate_attrs(&s, list, 15, &arena),
			     most = aggregate_attrs(&s, list, 40, &arena);

		assert_false(some.atomic_aggregate);
		assert_true(most.atomic_aggregate);
		assert_true(most.as_path_size < 16384 + 64);
		arena_fini(&arena);
	}
}

static void test_communities(void **state)
{
	const uint32_t one[] = {1, 7, COMMUNITY_GRACEFUL_SHUTDOWN}, other[] = {2, 7};
	struct attrs a = {0}, b = {.atomic_aggregate = true}, plain, set;
	const struct attrs *list[] = {&a, &b};
	struct aggregate_settings s = {.as_set = false};
	struct arena arena = {0};

	(void)state;
	attrs_set_communities(&a, one, 3, &arena);
	attrs_set_communities(&b, other, 2, &arena);
	plain = aggregate_attrs(&s, list, 2, &arena);
	s.as_set = true;
	set = aggregate_attrs(&s, list, 2, &arena);
	assert_int_equal(plain.community_count, 0);
	assert_int_equal(set.community_count, 3);
	assert_true(set.atomic_aggregate);
	assert_true(set.has_aggregator);
	arena_fini(&arena);
}

/* Segments of an AS_PATH with these numbers. */
static void path_make(struct attrs *a, const uint32_t *numbers, size_t count, struct arena *arena)
{
	size_t room = count * 4 + (count / 250 + 1) * 2;
	struct writer w = writer_to(arena_new(arena, room), room);

	for (size_t i = 0; i < count; i++) {
		if (i % 250 == 0) {
			write_u8(&w, 2);
			write_u8(&w, (uint8_t)(count - i < 250 ? count - i : 250));
		}
		write_u32(&w, numbers[i]);
	}
	assert_false(w.overflow);
	a->as_path = w.start;
	a->as_path_size = (uint16_t)writer_size(&w);
}

/* More than one attribute can carry: a full table has more ASs than that, and a few UPDATEs can say
 * more communities. What there is no room for is left out. */
static void test_too_many(void **state)
{
	enum { SETS = 9, EACH = 8000 };
	struct aggregate_settings s = {.as_set = true};
	struct attrs all[SETS] = {{0}}, set;
	const struct attrs *list[SETS];
	struct arena arena = {0};
	uint32_t *n = arena_new(&arena, 3 * EACH * sizeof(*n));

	(void)state;
	for (uint32_t i = 0; i < SETS; i++) {
		for (uint32_t j = 0; j < 3 * EACH; j++)
			n[j] = 1 + (i * 3 * EACH) + j;
		path_make(&all[i], n, EACH, &arena);
		attrs_set_communities(&all[i], n, EACH, &arena);
		attrs_set_extcomms(&all[i], (const struct extcomm *)n, EACH, &arena);
		attrs_set_large(&all[i], (const struct large_community *)n, EACH, &arena);
		list[i] = &all[i];
	}
	set = aggregate_attrs(&s, list, SETS, &arena);
	assert_true(set.atomic_aggregate);
	assert_int_equal(set.community_count, UINT16_MAX / 4);
	assert_int_equal(set.communities[0], 1);
	assert_int_equal(set.extcomm_count, UINT16_MAX / 8);
	assert_int_equal(set.large_count, UINT16_MAX / 12);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_comes_and_goes),
	    cmocka_unit_test(test_summary_only),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_two_suppressors),
	    cmocka_unit_test(test_suppress_map),
	    cmocka_unit_test(test_unsuppress_map),
	    cmocka_unit_test(test_route_map),
	    cmocka_unit_test(test_matching_med),
	    cmocka_unit_test(test_as_set),
	    cmocka_unit_test(test_session_lost),
	    cmocka_unit_test(test_ipv6),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_longest_path),
	    cmocka_unit_test(test_communities),
	    cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
