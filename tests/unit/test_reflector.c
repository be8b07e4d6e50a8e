/*
 * A route reflector (RFC 4456): node 0 between its clients, nodes 1 and 3, which say what a test
 * makes them say, and node 2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "speakers.h"

static struct attrs heard; /* last */
static unsigned heard_count;

static bool remember(struct world *w, int node, const struct bgp_best *best)
{
	(void)w;
	if (node == 2 && best->count > 0) {
		heard = *best->routes[0].attrs;
		heard_count++;
	}
	return true;
}

static void neighbor(struct world *w, int node, int to, bool client)
{
	struct neighbor_settings *s = world_neighbor(w, node, to);

	s->remote_as_kind = REMOTE_AS_INTERNAL;
	s->graceful_restart = GRACEFUL_RESTART_HELPER;
	for (int f = 0; f < BGP_FAMILIES; f++)
		s->family[f].route_reflector_client = client;
}

static struct world *reflector(void)
{
	struct world *w = world_new(4);

	for (int i = 0; i < 4; i++)
		w->node[i].as = 65001;
	w->on_best = remember;
	w->node[1].refuses = w->node[3].refuses = true;
	world_speaker(w, 0);
	world_speaker(w, 2);
	w->node[0].settings.restart.stalepath_s = 360;
	neighbor(w, 0, 1, true);
	neighbor(w, 0, 2, true);
	neighbor(w, 0, 3, true);
	neighbor(w, 2, 0, false);
	world_configure(w, 0);
	world_configure(w, 2);
	world_settle(w);
	assert_true(world_established(w, 0, 2));
	return w;
}

static void come(struct world *w, int node, const char *id)
{
	struct open o = world_open(w, node);

	assert_true(ip_parse(id, &o.router_id));
	o.graceful_restart = true;
	o.restart_s = 60;
	for (int f = 0; f < BGP_FAMILIES; f++)
		o.restart_families[f] = o.forwarding_kept[f] = true;
	world_connect(w, node, 0);
	world_say_open(w, node, &o);
	world_say_keepalive(w, node);
	assert_true(world_established(w, 0, node));
}

/* The attributes are the same, whoever says it. */
static void say(struct world *w, int node)
{
	struct nlri n = world_mac("10.0.0.9:2", "fa:16:3e:00:00:00", 10);
	struct attrs a = {
	    .next_hop = w->node[1].address, .has_local_pref = true, .local_pref = 100};

	n.evpn.mac.b[5] = (uint8_t)node;
	world_say_mac(w, node, &n, &a);
}

static void assert_originator(const char *id)
{
	struct ip ip;

	assert_true(ip_parse(id, &ip));
	assert_true(heard.has_originator_id);
	assert_true(ip_equal(&heard.originator_id, &ip));
}

/* A client that comes back with another BGP Identifier is another originator: also of routes that
 * are as they were, whether they went with its session or were kept for it. */
static void test_another_identifier(void **state)
{
	struct world *w = reflector();
	struct nlri n = world_mac("10.0.0.9:2", "fa:16:3e:00:00:01", 10);

	(void)state;
	come(w, 1, "1.1.1.1");
	say(w, 1);
	assert_originator("1.1.1.1");
	/* kept */
	world_hang_up(w, 1);
	come(w, 1, "2.2.2.2");
	assert_originator("2.2.2.2");
	heard_count = 0;
	say(w, 1);
	assert_int_equal(heard_count, 0);
	/* gone, and the outcome of its attributes remembered */
	world_say_mac(w, 1, &n, NULL);
	world_hang_up(w, 1);
	come(w, 1, "3.3.3.3");
	say(w, 1);
	assert_originator("3.3.3.3");
	world_free(w);
}

/* Each client is the originator of its own routes, also if another says the same of its. */
static void test_two_originators(void **state)
{
	struct world *w = reflector();

	(void)state;
	come(w, 1, "1.1.1.1");
	come(w, 3, "3.3.3.3");
	say(w, 1);
	assert_originator("1.1.1.1");
	say(w, 3);
	assert_originator("3.3.3.3");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_another_identifier),
	    cmocka_unit_test(test_two_originators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
