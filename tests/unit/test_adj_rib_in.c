/*
 * Routes before policy: what `soft-reconfiguration inbound` keeps, and what happens to a change of
 * the inbound policy with and without it, with peers that know route refresh and that do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/message.h"
#include "settings_text.h"
#include "speakers.h"

/* Node 1 (AS 65002) between node 0, which the test speaks for, and node 2. */
static void configure(struct world *w, const char *lists, const char *family)
{
	struct node *n = &w->node[1];
	struct str text = {0};

	str_addf(&text,
	    "%s\nrouter bgp 65002\n bgp router-id 10.0.0.2\n no bgp ebgp-requires-policy\n"
	    " neighbor 10.0.0.1 remote-as 65001\n neighbor 10.0.0.3 remote-as 65003\n"
	    " address-family l2vpn evpn\n  neighbor 10.0.0.1 activate\n"
	    "  neighbor 10.0.0.3 activate\n%s\n address-family ipv4 unicast\n%s\n",
	    lists, strstr(family, "EVPN") != NULL ? family : "", family);
	bgp_settings_fini(&n->settings);
	settings_from_text(&n->settings, str_text(&text));
	str_fini(&text);
	world_configure(w, 1);
	world_settle(w);
}

static void say_from(struct world *w, const char *prefix, uint32_t path_id, uint32_t med, bool gone)
{
	struct nlri n = {.family = BGP_IPV4_UNICAST, .path_id = path_id};
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xe9};
	struct attrs a = {.next_hop = w->node[0].address,
	    .has_med = true,
	    .med = med,
	    .as_path = path,
	    .as_path_size = sizeof(path)};

	prefix_parse(prefix, &n.prefix);
	world_say_mac(w, 0, &n, gone ? NULL : &a);
}

static void say(struct world *w, const char *prefix, uint32_t med)
{
	say_from(w, prefix, 0, med, false);
}

/* Node 0 knows route refresh, or not, and announces three prefixes. */
static struct world *chain(bool refresh, const char *family)
{
	struct world *w = world_new(3);
	struct open o;

	world_speaker(w, 1);
	world_speaker(w, 2);
	world_neighbor(w, 2, 1);
	w->node[2].settings.as = w->node[2].as;
	w->node[0].refuses = true;
	configure(w, "", family);
	world_configure(w, 2);
	world_settle(w);
	o = world_open(w, 0);
	o.route_refresh = refresh;
	world_connect(w, 0, 1);
	world_say_open(w, 0, &o);
	world_say_keepalive(w, 0);
	assert_true(world_established(w, 1, 0));
	assert_true(world_established(w, 1, 2));
	say(w, "10.1.0.0/24", 1);
	say(w, "10.2.0.0/24", 2);
	say(w, "10.3.0.0/24", 3);
	return w;
}

static void visit_advertised(
    void *context, const struct nlri *n, const struct bgp_dest_route *routes, size_t count)
{
	struct str *out = context;

	assert_int_equal(count, 1);
	nlri_text(n, out);
	str_addf(out, "%s ", routes[0].denied ? "!" : "");
}

/* "10.1.0.0/24 10.2.0.0/24! ": what is kept of node 0, denied ones marked; "-" nothing is. */
static const char *received(struct world *w, enum bgp_family family)
{
	static char text[512];
	struct str out = {0};

	if (!bgp_walk_received(
		w->node[1].bgp, "10.0.0.1", family, &w->arena, &out, visit_advertised))
		str_add(&out, "-");
	snprintf(text, sizeof(text), "%s", str_text(&out));
	str_fini(&out);
	return text;
}

/* What node 1 has told node 2. */
static const char *advertised(struct world *w)
{
	static char text[512];
	struct str out = {0};

	assert_true(bgp_walk_advertised(
	    w->node[1].bgp, "10.0.0.3", BGP_IPV4_UNICAST, &w->arena, &out, visit_advertised));
	snprintf(text, sizeof(text), "%s", str_text(&out));
	str_fini(&out);
	return text;
}

static unsigned refreshes(struct world *w)
{
	unsigned count[6];

	world_notified(w, 0, count);
	return count[MESSAGE_ROUTE_REFRESH];
}

#define SOFT "neighbor 10.0.0.1 soft-reconfiguration inbound\n"
#define IN SOFT "neighbor 10.0.0.1 route-map IN in\n"
#define DENY_2                                                                                     \
	"ip prefix-list L permit 10.2.0.0/24\nroute-map IN deny 1\n match ip address prefix-list " \
	"L\nroute-map IN permit 2\n"
#define ALL "10.1.0.0/24 10.2.0.0/24 10.3.0.0/24 "

/* A policy comes, changes and goes, and nobody is asked. */
static void test_policy_changes(void **state)
{
	(void)state;
	for (int refresh = 0; refresh < 2; refresh++) {
		struct world *w = chain(refresh != 0, SOFT);

		assert_string_equal(received(w, BGP_IPV4_UNICAST), ALL);
		assert_string_equal(advertised(w), ALL);
		configure(w, DENY_2, IN);
		assert_string_equal(
		    received(w, BGP_IPV4_UNICAST), "10.1.0.0/24 10.2.0.0/24! 10.3.0.0/24 ");
		assert_string_equal(advertised(w), "10.1.0.0/24 10.3.0.0/24 ");
		/* what comes under this policy is kept, too, and what goes is not */
		say(w, "10.2.0.0/24", 7);
		say_from(w, "10.3.0.0/24", 0, 0, true);
		assert_string_equal(advertised(w), "10.1.0.0/24 ");
		configure(w, "route-map IN permit 1\n", IN);
		assert_string_equal(advertised(w), "10.1.0.0/24 10.2.0.0/24 ");
		configure(w, "", SOFT "neighbor 10.0.0.1 prefix-list NONE in\n");
		assert_string_equal(advertised(w), "");
		configure(w, "", SOFT);
		assert_string_equal(advertised(w), "10.1.0.0/24 10.2.0.0/24 ");
		assert_int_equal(refreshes(w), 0);
		assert_int_equal(w->node[1].down_calls, 0);
		world_free(w);
	}
}

/* What was let in is what a fresh start would have: the attributes before the old policy count. */
static void test_attributes_of_before(void **state)
{
	struct world *w = chain(false, SOFT);

	(void)state;
	configure(w, "route-map IN permit 1\n set metric +10\n set as-path prepend 65009\n", IN);
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65009 65001 from"));
	configure(w, "route-map IN permit 1\n set as-path prepend 65008\n", IN);
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65008 65001 from"));
	configure(w, "", SOFT);
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65001 from"));
	world_free(w);
}

/* Our own AS in a path: kept, and let in when that is allowed. */
static void test_loops_are_kept(void **state)
{
	static const uint8_t path[] = {2, 2, 0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xea};
	struct world *w = chain(false, SOFT);
	struct nlri n = {.family = BGP_IPV4_UNICAST};
	struct attrs a = {
	    .next_hop = w->node[0].address, .as_path = path, .as_path_size = sizeof(path)};

	(void)state;
	prefix_parse("10.4.0.0/24", &n.prefix);
	world_say_mac(w, 0, &n, &a);
	assert_string_equal(received(w, BGP_IPV4_UNICAST), ALL "10.4.0.0/24 ");
	assert_null(strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.4.0.0/24"));
	configure(w, "", SOFT "neighbor 10.0.0.1 allowas-in 1\n");
	assert_string_equal(received(w, BGP_IPV4_UNICAST), ALL "10.4.0.0/24 ");
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.4.0.0/24 path 65001 65002"));
	configure(w, "", SOFT);
	assert_null(strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.4.0.0/24"));
	world_free(w);
}

/* Without the statement: who can be asked is asked; who cannot keeps its session, and is named. */
static void test_without_the_statement(void **state)
{
	static const char said[] = "10.0.0.1: knows no route refresh";
	struct world *w = chain(true, "");

	(void)state;
	assert_string_equal(received(w, BGP_IPV4_UNICAST), "-");
	configure(w, DENY_2, "neighbor 10.0.0.1 route-map IN in\n");
	assert_int_equal(refreshes(w), 1);
	assert_null(strstr(str_text(&w->node[1].logged), said));
	world_free(w);
	w = chain(false, "");
	configure(w, DENY_2, "neighbor 10.0.0.1 route-map IN in\n");
	assert_int_equal(w->node[1].down_calls, 0);
	assert_non_null(strstr(str_text(&w->node[1].logged), said));
	assert_string_equal(advertised(w), ALL);
	assert_true(world_peer(w, 1, 0).unjudged[BGP_IPV4_UNICAST]);
	/* what it says from now on is judged */
	say(w, "10.2.0.0/24", 9);
	assert_string_equal(advertised(w), "10.1.0.0/24 10.3.0.0/24 ");
	world_free(w);
}

/* The statement comes by a reload: what was not kept must come again. */
static void test_statement_comes_and_goes(void **state)
{
	struct world *w = chain(true, "");

	(void)state;
	configure(w, "", SOFT);
	assert_int_equal(refreshes(w), 1);
	assert_string_equal(received(w, BGP_IPV4_UNICAST), "");
	say(w, "10.1.0.0/24", 1);
	assert_string_equal(received(w, BGP_IPV4_UNICAST), "10.1.0.0/24 ");
	assert_string_equal(advertised(w), ALL);
	configure(w, "", "");
	assert_string_equal(received(w, BGP_IPV4_UNICAST), "-");
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
	w = chain(false, "");
	configure(w, "", SOFT);
	assert_int_equal(w->node[1].down_calls, 1);
	assert_false(world_established(w, 1, 0));
	world_free(w);
}

/* A session ends: nothing is kept of it. */
static void test_session_ends(void **state)
{
	struct world *w = chain(true, SOFT);

	(void)state;
	world_hang_up(w, 0);
	assert_string_equal(received(w, BGP_IPV4_UNICAST), "-");
	world_handshake(w, 0, 1);
	assert_string_equal(received(w, BGP_IPV4_UNICAST), "");
	world_free(w);
}

/* `clear bgp X soft in` looks at them; without them, and without route refresh, it is refused. */
static void test_clear_in(void **state)
{
	static const bool every[BGP_FAMILIES] = {true, true, true};
	struct world *w = chain(false, SOFT);
	const char *refused;

	(void)state;
	configure(w, "", SOFT "neighbor 10.0.0.1 maximum-prefix 2 warning-only\n");
	bgp_clear(w->node[1].bgp, NULL, every, BGP_CLEAR_IN, w->now, &refused);
	assert_string_equal(refused, "10.0.0.1"); /* for EVPN */
	world_settle(w);
	assert_string_equal(advertised(w), ALL);
	assert_int_equal(w->node[1].down_calls, 0);
	bgp_clear(w->node[1].bgp, "10.0.0.1", (const bool[BGP_FAMILIES]){true}, BGP_CLEAR_BOTH,
	    w->now, &refused);
	assert_null(refused);
	world_free(w);
}

/* A limit that the new policy passes ends the session like any other. */
static void test_limit(void **state)
{
	struct world *w = chain(false, SOFT "neighbor 10.0.0.1 prefix-list NONE in\n"
					    "neighbor 10.0.0.1 maximum-prefix 2\n");

	(void)state;
	assert_string_equal(advertised(w), "");
	configure(w, "", SOFT "neighbor 10.0.0.1 maximum-prefix 2\n");
	assert_true(world_peer(w, 1, 0).overflowed);
	assert_string_equal(advertised(w), "");
	world_free(w);
}

static void say_refresh(struct world *w, uint8_t kind)
{
	uint8_t b[64];
	struct writer out = writer_to(b, sizeof(b));

	route_refresh_encode(
	    &out, &(struct route_refresh){.kind = kind, .family = BGP_IPV4_UNICAST});
	world_say(w, 0, b, writer_size(&out));
}

/* RFC 7313: what was not said between BoRR and EoRR is gone, though the policy changed meanwhile
 * and everything was judged again. */
static void test_refresh_during_review(void **state)
{
	struct world *w = world_new(3);
	struct open o;

	(void)state;
	world_speaker(w, 1);
	configure(w, "", SOFT);
	o = world_open(w, 0);
	o.enhanced_refresh = true;
	world_connect(w, 0, 1);
	world_say_open(w, 0, &o);
	world_say_keepalive(w, 0);
	say(w, "10.1.0.0/24", 1);
	say(w, "10.2.0.0/24", 1);
	say(w, "10.3.0.0/24", 1);
	say_refresh(w, ROUTE_REFRESH_BEGIN);
	say(w, "10.1.0.0/24", 1);
	configure(w, "route-map IN permit 1\n set local-preference 7\n", IN);
	say(w, "10.3.0.0/24", 1);
	say_refresh(w, ROUTE_REFRESH_END);
	assert_string_equal(received(w, BGP_IPV4_UNICAST), "10.1.0.0/24 10.3.0.0/24 ");
	assert_null(strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.2.0.0/24"));
	assert_non_null(strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.3.0.0/24"));
	world_free(w);
}

/* More than one turn's worth, some of it withdrawn and more announced in between. */
static void test_many(void **state)
{
	struct world *w = chain(false, SOFT);
	char prefix[32];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", 16 + i / 256, i % 256);
		say(w, prefix, 1);
	}
	assert_int_equal(world_peer(w, 1, 0).prefixes_received[BGP_IPV4_UNICAST], 5003);
	configure(w,
	    "ip prefix-list L permit 10.2.0.0/24\nip prefix-list L permit 10.20.0.0/16 le 24\n",
	    SOFT "neighbor 10.0.0.1 prefix-list L in\n");
	assert_int_equal(world_peer(w, 1, 0).prefixes_received[BGP_IPV4_UNICAST], 257);
	say_from(w, "10.20.7.0/24", 0, 0, true);
	configure(w, "", SOFT);
	assert_int_equal(world_peer(w, 1, 0).prefixes_received[BGP_IPV4_UNICAST], 5002);
	assert_int_equal(world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST], 5002);
	world_free(w);
}

/* EVPN: labels beside the key come back, too. */
static void test_evpn(void **state)
{
	struct world *w = chain(false, "");
	struct nlri n = world_mac("10.0.0.1:2", "02:00:00:00:00:01", 77);
	struct attrs a = {.next_hop = w->node[0].address};
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xe9};

	(void)state;
	world_free(w);
	w = chain(false, "! EVPN\n" SOFT);
	a.as_path = path;
	a.as_path_size = sizeof(path);
	world_say_mac(w, 0, &n, &a);
	configure(w, "route-map IN deny 1\n", "! EVPN\n" IN);
	assert_string_equal(world_routes(w, 1, BGP_L2VPN_EVPN), "");
	assert_string_equal(received(w, BGP_L2VPN_EVPN), "[2]:[0]:[48]:[02:00:00:00:00:01]! ");
	configure(w, "", "! EVPN\n" SOFT);
	assert_non_null(strstr(world_routes(w, 2, BGP_L2VPN_EVPN), "[02:00:00:00:00:01]"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_policy_changes),
	    cmocka_unit_test(test_attributes_of_before),
	    cmocka_unit_test(test_loops_are_kept),
	    cmocka_unit_test(test_without_the_statement),
	    cmocka_unit_test(test_statement_comes_and_goes),
	    cmocka_unit_test(test_session_ends),
	    cmocka_unit_test(test_clear_in),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_refresh_during_review),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_evpn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
