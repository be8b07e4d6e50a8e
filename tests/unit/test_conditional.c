/*
 * Conditional advertisement: what a neighbor hears follows the table, in the turn in which this
 * changes, and neither the order of events nor what comes and goes within a turn matters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "settings_text.h"
#include "speakers.h"

#define LISTS                                                                                      \
	"ip prefix-list THERE permit 10.1.0.0/16 le 24\n"                                          \
	"ip prefix-list TOLD permit 10.2.0.0/16 le 24\n"                                           \
	"route-map THERE permit 1\n match ip address prefix-list THERE\n"                          \
	"route-map TOLD permit 1\n match ip address prefix-list TOLD\n set metric 7\n"             \
	" set community 65002:7\n"                                                                 \
	"route-map MINE permit 1\n set metric 9\n"

/* Node 1 (AS 65002) between 0 (AS 65001) and 2 (AS 65003): what it says towards 2. */
static void configure(struct world *w, const char *statements)
{
	struct node *n = &w->node[1];
	struct str text = {0};

	str_addf(&text,
	    LISTS "router bgp 65002\n bgp router-id 10.0.0.2\n no bgp ebgp-requires-policy\n"
		  " neighbor 10.0.0.1 remote-as 65001\n neighbor 10.0.0.3 remote-as 65003\n"
		  " address-family l2vpn evpn\n  neighbor 10.0.0.1 activate\n"
		  "  neighbor 10.0.0.3 activate\n address-family ipv4 unicast\n%s\n",
	    statements);
	bgp_settings_fini(&n->settings);
	settings_from_text(&n->settings, str_text(&text));
	str_fini(&text);
	world_configure(w, 1);
	world_settle(w);
}

static struct world *chain(const char *statements)
{
	struct world *w = world_new(3);

	world_chain(w, 3);
	configure(w, statements);
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
	if (a->has_med)
		str_addf(out, " med %u", a->med);
	str_addf(out, "%s; ", a->community_count > 0 ? " marked" : "");
}

/* "10.2.0.0/24 marked; " */
static const char *heard(struct world *w)
{
	static char text[1024];
	struct str out = {0};

	bgp_walk_advertised(w->node[1].bgp, "10.0.0.3", BGP_IPV4_UNICAST, &w->arena, &out, visit);
	snprintf(text, sizeof(text), "%s", str_text(&out));
	str_fini(&out);
	return text;
}

static void come(struct world *w, const char *prefix)
{
	world_originate(w, 0, prefix);
	world_settle(w);
}

static void go(struct world *w, const char *prefix)
{
	world_withdraw(w, 0, prefix);
	world_settle(w);
}

static void test_exist(void **state)
{
	struct world *w = chain("neighbor 10.0.0.3 advertise-map TOLD exist-map THERE\n");

	(void)state;
	come(w, "10.2.0.0/24");
	come(w, "10.3.0.0/24");
	assert_string_equal(heard(w), "10.3.0.0/24; ");
	come(w, "10.1.0.0/24");
	/* the sets count, but a MULTI_EXIT_DISC comes off as one that was received does */
	assert_string_equal(heard(w), "10.1.0.0/24; 10.2.0.0/24 marked; 10.3.0.0/24; ");
	come(w, "10.1.7.0/24");
	go(w, "10.1.0.0/24");
	assert_string_equal(heard(w), "10.1.7.0/24; 10.2.0.0/24 marked; 10.3.0.0/24; ");
	go(w, "10.1.7.0/24");
	assert_string_equal(heard(w), "10.3.0.0/24; ");
	world_free(w);
}

static void test_non_exist(void **state)
{
	struct world *w = chain("neighbor 10.0.0.3 advertise-map TOLD non-exist-map THERE\n"
				"neighbor 10.0.0.3 route-map MINE out\n");

	(void)state;
	come(w, "10.2.0.0/24");
	come(w, "10.3.0.0/24");
	assert_string_equal(heard(w), "10.2.0.0/24 marked; 10.3.0.0/24 med 9; ");
	come(w, "10.1.0.0/24");
	assert_string_equal(heard(w), "10.1.0.0/24 med 9; 10.3.0.0/24 med 9; ");
	go(w, "10.1.0.0/24");
	assert_string_equal(heard(w), "10.2.0.0/24 marked; 10.3.0.0/24 med 9; ");
	world_free(w);
}

/* Gone and back within a turn, and another in its place within a turn: not a word. */
static void test_within_a_turn(void **state)
{
	struct world *w = chain("neighbor 10.0.0.3 advertise-map TOLD exist-map THERE\n");
	unsigned updates;

	(void)state;
	come(w, "10.1.0.0/24");
	come(w, "10.2.0.0/24");
	updates = w->node[1].updates_out;
	w->hold = true;
	world_withdraw(w, 0, "10.1.0.0/24");
	world_originate(w, 0, "10.1.7.0/24");
	world_settle(w);
	w->hold = false;
	world_settle(w);
	assert_string_equal(heard(w), "10.1.7.0/24; 10.2.0.0/24 marked; ");
	/* the one that went, the one that came: to 2, and back to nobody */
	assert_int_equal(w->node[1].updates_out, updates + 2);
	world_free(w);
}

/* A reload and a session that comes up later lead to the same. */
static void test_settings_and_sessions(void **state)
{
	struct world *w = chain("");

	(void)state;
	come(w, "10.2.0.0/24");
	assert_string_equal(heard(w), "10.2.0.0/24; ");
	configure(w, "neighbor 10.0.0.3 advertise-map TOLD exist-map THERE\n");
	assert_string_equal(heard(w), "");
	come(w, "10.1.0.0/24");
	assert_string_equal(heard(w), "10.1.0.0/24; 10.2.0.0/24 marked; ");
	configure(w, "neighbor 10.0.0.3 advertise-map TOLD exist-map MISSING\n");
	assert_string_equal(heard(w), "10.1.0.0/24; 10.2.0.0/24; ");
	configure(w, "neighbor 10.0.0.3 advertise-map TOLD non-exist-map THERE\n");
	assert_string_equal(heard(w), "10.1.0.0/24; ");
	world_cut(w, 1, 2);
	world_advance(w, 200000);
	assert_true(world_established(w, 1, 2));
	assert_string_equal(heard(w), "10.1.0.0/24; ");
	world_cut(w, 1, 0);
	world_settle(w);
	assert_string_equal(heard(w), "");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exist),
	    cmocka_unit_test(test_non_exist),
	    cmocka_unit_test(test_within_a_turn),
	    cmocka_unit_test(test_settings_and_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
