/*
 * Route-maps: matching, setting, denying; copies and comparison of settings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/policy.h"
#include "bgp/settings.h"

#define NO_EXPORT COMMUNITY_NO_EXPORT

static uint32_t no_export[] = {NO_EXPORT};
static uint32_t two[] = {0x00640002, 0x00640001};

static bool apply(struct route_map_entry *entries, size_t count, const struct nlri *n,
    const char *interface, struct attrs *a, struct arena *arena)
{
	struct route_map map = {"M", entries, count};
	struct policy_route route = {n, interface};

	return route_map_apply(&map, &route, a, arena);
}

static void test_set_community(void **state)
{
	static const uint32_t had[] = {5, NO_EXPORT};
	struct arena arena = {0};
	struct set_clause set = {
	    .kind = SET_COMMUNITY, .additive = true, .communities = two, .count = 2};
	struct route_map_entry e = {1, true, NULL, 0, &set, 1};
	struct attrs a = {.communities = had, .community_count = 2};
	struct nlri n = {0};

	(void)state;
	assert_true(apply(&e, 1, &n, NULL, &a, &arena));
	assert_int_equal(a.community_count, 4);
	assert_int_equal(a.communities[0], 5);
	assert_int_equal(a.communities[1], 0x00640001);
	assert_int_equal(a.communities[3], NO_EXPORT);
	assert_int_equal(had[1], NO_EXPORT);
	/* once more changes nothing: sets are sets */
	assert_true(apply(&e, 1, &n, NULL, &a, &arena));
	assert_int_equal(a.community_count, 4);
	set.additive = false;
	assert_true(apply(&e, 1, &n, NULL, &a, &arena));
	assert_int_equal(a.community_count, 2);
	set.count = 0;
	assert_true(apply(&e, 1, &n, NULL, &a, &arena));
	assert_int_equal(a.community_count, 0);
	assert_null(a.communities);
	arena_fini(&arena);
}

static void test_other_sets(void **state)
{
	struct arena arena = {0};
	struct set_clause sets[] = {{.kind = SET_LOCAL_PREFERENCE, .number = 200},
	    {.kind = SET_METRIC, .number = 7}, {.kind = SET_ORIGIN, .number = ORIGIN_INCOMPLETE}};
	struct route_map_entry e = {1, true, NULL, 0, sets, 3};
	struct attrs a = {0};
	struct nlri n = {0};

	(void)state;
	assert_true(apply(&e, 1, &n, NULL, &a, &arena));
	assert_true(a.has_local_pref && a.has_med);
	assert_int_equal(a.local_pref, 200);
	assert_int_equal(a.med, 7);
	assert_int_equal(a.origin, ORIGIN_INCOMPLETE);
	arena_fini(&arena);
}

/* The first entry whose matches all hold decides; none: deny. A deny sets nothing. */
static void test_order(void **state)
{
	struct arena arena = {0};
	struct match_clause matches[] = {{MATCH_INTERFACE, 0, (char *)(uintptr_t) "irb-99"},
	    {MATCH_EVPN_ROUTE_TYPE, EVPN_IMET, NULL}, {MATCH_EVPN_VNI, 10099, NULL}};
	struct set_clause set = {.kind = SET_METRIC, .number = 1};
	struct route_map_entry e[] = {{1, true, &matches[0], 1, NULL, 0},
	    {2, false, &matches[1], 1, &set, 1}, {3, true, &matches[2], 1, &set, 1}};
	struct nlri imet = {.family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_IMET}};
	struct nlri mac = {
	    .family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_MAC_IP, .label1 = 10099}};
	struct nlri other = {
	    .family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_MAC_IP, .label1 = 10098}};
	struct attrs a = {0};

	(void)state;
	assert_true(apply(e, 3, &imet, "irb-99", &a, &arena));
	assert_false(apply(e, 3, &imet, "irb-98", &a, &arena));
	assert_false(a.has_med);
	assert_true(apply(e, 3, &mac, NULL, &a, &arena));
	assert_true(a.has_med);
	assert_false(apply(e, 3, &other, NULL, &a, &arena));
	assert_false(apply(e, 0, &mac, NULL, &a, &arena));
	/* an IMET route has its VNI in the PMSI tunnel attribute */
	a = (struct attrs){.has_pmsi = true, .pmsi = {.label = 10099}};
	assert_true(apply(&e[2], 1, &imet, NULL, &a, &arena));
	arena_fini(&arena);
}

static void settings_make(struct bgp_settings *s)
{
	struct set_clause *set = mem_new(sizeof(*set));
	struct route_map_entry *e = mem_new(sizeof(*e));

	*set = (struct set_clause){.kind = SET_COMMUNITY,
	    .additive = true,
	    .communities = mem_dup(no_export, sizeof(no_export)),
	    .count = 1};
	*e = (struct route_map_entry){1, true, NULL, 0, set, 1};
	*s = (struct bgp_settings){.enabled = true, .as = 65001};
	s->route_maps.count = 1;
	s->route_maps.maps = mem_new(sizeof(*s->route_maps.maps));
	s->route_maps.maps[0] = (struct route_map){mem_strdup("LEAF-IN"), e, 1};
	s->neighbor_count = 1;
	s->neighbors = mem_new(sizeof(*s->neighbors));
	s->neighbors[0].name = mem_strdup("eth4");
	s->neighbors[0].unnumbered = true;
	s->neighbors[0].family[0].activate = true;
	s->neighbors[0].family[0].route_map_in = mem_strdup("LEAF-IN");
	s->network_count = 1;
	s->networks = mem_new(sizeof(*s->networks));
	s->networks[0].route_map = mem_strdup("N");
}

static void test_copy_and_compare(void **state)
{
	struct bgp_settings a, b;
	const struct route_map *x, *y;

	(void)state;
	settings_make(&a);
	bgp_settings_copy(&b, &a);
	x = route_map_find(&a.route_maps, "LEAF-IN");
	y = route_map_find(&b.route_maps, "LEAF-IN");
	assert_ptr_not_equal(x, y);
	assert_true(route_map_equal(x, y));
	assert_false(route_map_equal(x, NULL));
	assert_null(route_map_find(&a.route_maps, "LEAF"));
	y->entries[0].sets[0].communities[0] = 1;
	assert_false(route_map_equal(x, y));
	assert_false(route_map_looks_at_nlri(x));
	assert_true(neighbor_session_equal(&a.neighbors[0], &b.neighbors[0]));
	b.neighbors[0].family[0].allowas_in = 1;
	assert_true(neighbor_session_equal(&a.neighbors[0], &b.neighbors[0]));
	b.neighbors[0].hold_s = 1;
	assert_false(neighbor_session_equal(&a.neighbors[0], &b.neighbors[0]));
	assert_ptr_equal(bgp_settings_neighbor(&b, "eth4"), &b.neighbors[0]);
	assert_null(bgp_settings_neighbor(&b, "eth5"));
	bgp_settings_fini(&a);
	bgp_settings_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set_community),
	    cmocka_unit_test(test_other_sets),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_copy_and_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
