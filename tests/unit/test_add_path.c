/*
 * Several paths of a destination (RFC 7911): which of them a peer is told, and that it follows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "speakers.h"

static struct neighbor_settings *towards(struct world *w, int to)
{
	struct bgp_settings *s = &w->node[1].settings;

	for (size_t i = 0; i < s->neighbor_count; i++)
		if (ip_equal(&s->neighbors[i].address, &w->node[to].address))
			return &s->neighbors[i];
	fail();
	return NULL;
}

/* Node 1 hears of one prefix from nodes 2 to 4 and tells nodes 0, by `mode`, and 5, which takes one
 * path alone. */
static struct world *several(enum add_path mode)
{
	struct world *w = world_new(6);

	w->node[3].as = w->node[2].as;
	for (int i = 0; i < 6; i++)
		world_speaker(w, i);
	for (int i = 0; i < 6; i++) {
		if (i == 1)
			continue;
		world_neighbor(w, i, 1);
		world_neighbor(w, 1, i);
	}
	towards(w, 0)->family[BGP_IPV4_UNICAST].add_path = mode;
	towards(w, 5)->family[BGP_IPV4_UNICAST].add_path = mode;
	w->node[5].settings.neighbors[0].family[BGP_IPV4_UNICAST].no_add_path_rx = true;
	for (int i = 0; i < 6; i++)
		world_configure(w, i);
	world_settle(w);
	for (int i = 2; i < 5; i++)
		world_originate_with(
		    w, i, "10.9.0.0/24", &(struct attrs){.has_med = true, .med = (uint32_t)i});
	world_settle(w);
	return w;
}

#define FROM3 "10.9.0.0/24 path 65002 65003 from 10.0.0.2"
#define FROM5 "10.9.0.0/24 path 65002 65005 from 10.0.0.2"

static void test_add_path_all(void **state)
{
	struct world *w = several(ADD_PATH_ALL);

	(void)state;
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), FROM3 "*\n" FROM3 "=\n" FROM5 "\n");
	assert_int_equal(world_peer(w, 1, 0).prefixes_sent[BGP_IPV4_UNICAST], 3);
	assert_int_equal(world_peer(w, 0, 1).prefixes_received[BGP_IPV4_UNICAST], 3);
	assert_string_equal(world_routes(w, 5, BGP_IPV4_UNICAST), FROM3 "*\n");
	/* one goes, that is not the best */
	world_withdraw(w, 4, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), FROM3 "*\n" FROM3 "=\n");
	/* the best goes; a neighbor goes with its path */
	world_withdraw(w, 2, "10.9.0.0/24");
	world_originate(w, 4, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), FROM3 "*\n" FROM5 "\n");
	assert_string_equal(world_routes(w, 5, BGP_IPV4_UNICAST), FROM3 "*\n");
	towards(w, 3)->shutdown = true;
	world_configure(w, 1);
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), FROM5 "*\n");
	/* nothing is left of it all, and nothing is told twice */
	world_withdraw(w, 4, "10.9.0.0/24");
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 0);
	assert_int_equal(bgp_dest_count(w->node[1].bgp, BGP_IPV4_UNICAST), 0);
	assert_int_equal(world_peer(w, 1, 0).prefixes_sent[BGP_IPV4_UNICAST], 0);
	world_free(w);
}

static void test_add_path_best_per_as(void **state)
{
	struct world *w = several(ADD_PATH_BEST_PER_AS);
	unsigned updates;

	(void)state;
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), FROM3 "*\n" FROM5 "\n");
	/* the other path of that AS has an identifier of its own, and is the younger one */
	world_withdraw(w, 2, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), FROM5 "*\n" FROM3 "\n");
	updates = w->node[1].updates_out;
	world_originate(w, 4, "10.9.0.0/24");
	world_withdraw(w, 4, "10.9.0.0/24");
	world_originate_with(w, 4, "10.9.0.0/24", &(struct attrs){.has_med = true, .med = 4});
	world_settle(w);
	assert_int_equal(w->node[1].updates_out, updates);
	/* all, without a new session; then one alone, which wants one */
	world_originate_with(w, 2, "10.9.0.0/24", &(struct attrs){.has_med = true, .med = 2});
	towards(w, 0)->family[BGP_IPV4_UNICAST].add_path = ADD_PATH_ALL;
	world_configure(w, 1);
	world_settle(w);
	assert_int_equal(w->node[0].down_calls, 0);
	assert_int_equal(world_peer(w, 0, 1).prefixes_received[BGP_IPV4_UNICAST], 3);
	towards(w, 0)->family[BGP_IPV4_UNICAST].add_path = ADD_PATH_NONE;
	world_configure(w, 1);
	world_advance(w, 3000);
	assert_int_equal(w->node[0].down_calls, 1);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), FROM3 "*\n");
	world_free(w);
}

static void reach(struct world *w, int to, bool reachable)
{
	struct bgp_nexthop n = {.ip = w->node[to].address};
	struct bgp_nexthop_state state = {.reachable = reachable, .connected = reachable};

	bgp_nexthop_changed(w->node[1].bgp, &n, &state);
	world_settle(w);
}

/* RFC 4271 section 9.1.2: a path whose next hop does not resolve is none, and whoever followed it
 * would send its packets here. */
static void test_unusable(void **state)
{
	(void)state;
	for (int mode = ADD_PATH_ALL; mode <= ADD_PATH_BEST_PER_AS; mode++) {
		struct world *w = several((enum add_path)mode);
		const char *all = world_routes(w, 0, BGP_IPV4_UNICAST);

		/* not the best one */
		reach(w, 4, false);
		assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST),
		    mode == ADD_PATH_ALL ? FROM3 "*\n" FROM3 "=\n" : FROM3 "*\n");
		/* the last one */
		reach(w, 2, false);
		assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), FROM3 "*\n");
		reach(w, 3, false);
		assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
		assert_string_equal(world_routes(w, 5, BGP_IPV4_UNICAST), "");
		assert_int_equal(world_peer(w, 1, 0).prefixes_sent[BGP_IPV4_UNICAST], 0);
		for (int i = 2; i < 5; i++)
			reach(w, i, true);
		assert_int_equal(strlen(world_routes(w, 0, BGP_IPV4_UNICAST)), strlen(all));
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_add_path_all),
	    cmocka_unit_test(test_add_path_best_per_as),
	    cmocka_unit_test(test_unusable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
