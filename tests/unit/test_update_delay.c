/*
 * `update-delay`: node 1 tells node 0 nothing of unicast until node 2, which the test plays, has
 * told what it has, or until its time is over. Time is scripted: each bound is tested to the
 * second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/message.h"
#include "bgp/update.h"
#include "speakers.h"

static struct world *delayed(uint16_t limit_s, uint16_t wait_s)
{
	struct world *w = world_new(3);

	w->node[2].refuses = true;
	world_speaker(w, 0);
	world_speaker(w, 1);
	world_neighbor(w, 0, 1);
	world_neighbor(w, 1, 0);
	world_neighbor(w, 1, 2);
	w->node[1].settings.update_delay_s = limit_s;
	w->node[1].settings.update_delay_wait_s = wait_s;
	world_configure(w, 0);
	world_configure(w, 1);
	world_settle(w);
	assert_true(world_established(w, 1, 0));
	world_originate(w, 1, "10.8.0.0/24");
	world_settle(w);
	return w;
}

static void teller_comes(struct world *w, bool says_end_of_rib)
{
	struct open o = world_open(w, 2);

	o.graceful_restart = says_end_of_rib;
	world_connect(w, 2, 1);
	world_say_open(w, 2, &o);
	world_say_keepalive(w, 2);
	assert_true(world_established(w, 1, 2));
}

static void teller_announces(struct world *w)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xeb};
	struct attrs a = {
	    .next_hop = w->node[2].address, .as_path = path, .as_path_size = sizeof(path)};
	struct nlri n = {.family = BGP_IPV4_UNICAST};

	assert_true(prefix_parse("10.9.0.0/24", &n.prefix));
	world_say_mac(w, 2, &n, &a);
}

static void teller_ends(struct world *w, enum bgp_family family)
{
	uint8_t b[64];
	struct writer out = writer_to(b, sizeof(b));

	end_of_rib_encode(&out, family);
	world_say(w, 2, b, writer_size(&out));
}

static unsigned told(struct world *w)
{
	return world_peer(w, 1, 0).prefixes_sent[BGP_IPV4_UNICAST];
}

/* Advances a second less, sees nothing, and then something. */
static void ends_after(struct world *w, int seconds)
{
	world_advance(w, seconds * 1000 - 1);
	assert_int_equal(told(w), 0);
	assert_false(bgp_converged(w->node[1].bgp));
	world_advance(w, 1);
	assert_int_equal(told(w), 1);
}

static void test_ends_with_end_of_rib(void **state)
{
	struct world *w = delayed(60, 60);
	struct nlri mac = world_mac("10.0.0.2:2", "fa:16:3e:00:00:01", 10099);

	(void)state;
	teller_comes(w, true);
	teller_announces(w);
	bgp_originate(w->node[1].bgp, &mac, &(struct attrs){.next_hop = w->node[1].address});
	world_settle(w);
	assert_int_equal(told(w), 0);
	assert_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65003 from 10.0.0.3*"));
	assert_int_equal(world_peer(w, 1, 0).prefixes_sent[BGP_L2VPN_EVPN], 1);
	teller_ends(w, BGP_IPV4_UNICAST);
	assert_int_equal(told(w), 0);
	teller_ends(w, BGP_L2VPN_EVPN);
	assert_int_equal(told(w), 2);
	assert_non_null(strstr(world_routes(w, 0, BGP_IPV4_UNICAST), "10.9.0.0/24"));
	world_free(w);
}

static void test_ends_by_time(void **state)
{
	struct world *w = delayed(60, 60);

	(void)state;
	ends_after(w, 60);
	world_free(w);
	/* who does not come is not waited for longer */
	w = delayed(60, 10);
	ends_after(w, 10);
	world_free(w);
	/* who came in time is; it says nothing, and the hold time is its own */
	w = delayed(7, 5);
	teller_comes(w, true);
	ends_after(w, 7);
	world_free(w);
	/* who does not say End-of-RIB counts as done after 9 s / 3 */
	w = delayed(60, 60);
	teller_comes(w, false);
	ends_after(w, 3);
	world_free(w);
}

/* A bound that has passed while somebody else is waited for is no reason to look at once. */
static void test_sleeps_in_between(void **state)
{
	struct world *w = delayed(60, 5);

	(void)state;
	teller_comes(w, true);
	world_advance(w, 6000);
	assert_int_equal(told(w), 0);
	assert_true(bgp_deadline(w->node[1].bgp).ns > w->now.ns);
	world_free(w);
	w = delayed(60, 60);
	teller_comes(w, false);
	world_advance(w, 2000);
	assert_true(bgp_deadline(w->node[1].bgp).ns > w->now.ns);
	world_free(w);
}

/* It is about the start: a reload that asks for it comes too late, `clear bgp *` does not. */
static void test_begins_at_a_start(void **state)
{
	static const bool all[BGP_FAMILIES] = {true, true, true};
	struct world *w = delayed(0, 0);
	const char *refused;

	(void)state;
	assert_int_equal(told(w), 1);
	w->node[1].settings.update_delay_s = w->node[1].settings.update_delay_wait_s = 5;
	world_configure(w, 1);
	world_originate(w, 1, "10.7.0.0/24");
	world_settle(w);
	assert_int_equal(told(w), 2);
	bgp_clear(w->node[1].bgp, NULL, all, BGP_CLEAR_SESSION, w->now, &refused);
	world_settle(w);
	for (int i = 0; i < 60 && !world_established(w, 1, 0); i++)
		world_advance(w, 1000);
	assert_true(world_established(w, 1, 0));
	assert_int_equal(told(w), 0);
	world_advance(w, 5000);
	assert_int_equal(told(w), 2);
	/* taken away while it runs: over */
	bgp_clear(w->node[1].bgp, NULL, all, BGP_CLEAR_SESSION, w->now, &refused);
	world_settle(w);
	for (int i = 0; i < 60 && !world_established(w, 1, 0); i++)
		world_advance(w, 1000);
	assert_int_equal(told(w), 0);
	w->node[1].settings.update_delay_s = 0;
	world_configure(w, 1);
	world_settle(w);
	assert_int_equal(told(w), 2);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ends_with_end_of_rib),
	    cmocka_unit_test(test_ends_by_time),
	    cmocka_unit_test(test_sleeps_in_between),
	    cmocka_unit_test(test_begins_at_a_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
