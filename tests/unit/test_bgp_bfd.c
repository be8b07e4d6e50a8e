/*
 * What BGP wants of BFD, and what a failed path does to a session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/bfd.h"
#include "speakers.h"

static size_t wants(struct world *w, struct bgp_bfd_want **list)
{
	return bgp_bfd_wants(w->node[0].bgp, &w->arena, list);
}

static void test_wants(void **state)
{
	struct world *w = world_new(3);
	struct neighbor_settings *n;
	struct bgp_bfd_want *list;

	(void)state;
	for (int i = 0; i < 3; i++)
		world_speaker(w, i);
	n = world_neighbor(w, 0, 1);
	n->ttl = 1;
	n->bfd.enabled = true;
	strcpy(n->bfd.profile, "fast");
	n = world_neighbor(w, 0, 2);
	n->ttl = 1;
	world_configure(w, 0);
	assert_int_equal(wants(w, &list), 1);
	assert_string_equal(list[0].peer, "10.0.0.2");
	assert_string_equal(list[0].settings->profile, "fast");
	assert_true(ip_equal(&list[0].remote, &w->node[1].address));
	assert_int_equal(list[0].local.family, IP_NONE); /* nobody has connected yet */
	assert_false(list[0].many_hops || list[0].internal);
	n = &w->node[0].settings.neighbors[0];
	n->ttl = 3;
	n->update_source = ip_from_u32(0x0a090001);
	world_configure(w, 0);
	assert_int_equal(wants(w, &list), 1);
	assert_true(list[0].many_hops);
	assert_int_equal(list[0].hops, 3);
	assert_int_equal(ip_to_u32(&list[0].local), 0x0a090001);
	n->ttl = 255;
	n->ttl_security_hops = 1;
	world_configure(w, 0);
	assert_int_equal(wants(w, &list), 1);
	assert_false(list[0].many_hops);
	n->remote_as_kind = REMOTE_AS_INTERNAL;
	world_configure(w, 0);
	assert_int_equal(wants(w, &list), 1);
	assert_true(list[0].internal && !list[0].many_hops);
	n->shutdown = true; /* who does not want the session does not watch the path */
	world_configure(w, 0);
	assert_int_equal(wants(w, &list), 0);
	world_free(w);
}

/* An unnumbered peer has a path when its address is known. */
static void test_unnumbered(void **state)
{
	struct world *w = world_new(2);
	struct bgp_bfd_want *list;

	(void)state;
	for (int i = 0; i < 2; i++) {
		world_speaker(w, i);
		world_unnumbered(w, i, 0)->bfd.enabled = true;
	}
	world_link(w, 0, 0, 1, 0);
	world_configure(w, 0);
	world_configure(w, 1);
	assert_int_equal(wants(w, &list), 0);
	world_link_set(w, 0, 0, true, true);
	world_settle(w);
	assert_int_equal(wants(w, &list), 1);
	assert_string_equal(list[0].interface, list[0].peer);
	assert_true(ip_is_link_local(&list[0].remote) && ip_is_link_local(&list[0].local));
	world_free(w);
}

static void test_failed_path_ends_the_session(void **state)
{
	struct world *w = world_new(2);
	struct bgp_bfd_want *list;

	(void)state;
	world_chain(w, 2);
	w->node[0].settings.neighbors[0].bfd.enabled = true;
	world_configure(w, 0);
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(wants(w, &list), 1);
	assert_true(ip_equal(&list[0].local, &w->node[0].address));
	bgp_bfd_failed(w->node[0].bgp, "10.0.0.9", "somebody else's", w->now);
	assert_true(world_established(w, 0, 1));
	bgp_bfd_failed(w->node[0].bgp, "10.0.0.2", "control detection time expired", w->now);
	assert_false(world_established(w, 0, 1));
	assert_string_equal(world_peer(w, 0, 1).state_reason, "BFD down");
	assert_string_equal(world_peer(w, 0, 1).last_reset, "Notification sent: Cease/BFD Down");
	world_settle(w);
	assert_false(world_established(w, 1, 0));
	assert_string_equal(
	    world_peer(w, 1, 0).last_reset, "Notification received: Cease/BFD Down");
	/* Said while it is down already: nothing new. Then it is tried again. */
	bgp_bfd_failed(w->node[0].bgp, "10.0.0.2", "still", w->now);
	assert_int_equal(world_peer(w, 0, 1).dropped_count, 1);
	world_advance(w, 3000);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_wants),
	    cmocka_unit_test(test_unnumbered), cmocka_unit_test(test_failed_path_ends_the_session)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
