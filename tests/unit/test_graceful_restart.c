/*
 * Graceful restart: node 0 is the speaker under test. As receiver its peer is played by the test,
 * as restarting speaker it is killed and comes back. Time is scripted, so each timer is tested to
 * the second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/message.h"
#include "bgp/update.h"
#include "speakers.h"

#define CODE(code, subcode) ((code)*256u + (subcode))
#define ONE "02:00:00:00:00:01"
#define TWO "02:00:00:00:00:02"
#define NO_LLGR 0xffff0007u

/* ---- the peer that the test plays ---- */

static const struct restart_settings defaults = {.notification = true,
    .hard_administrative_reset = true,
    .restart_s = 120,
    .stalepath_s = 360,
    .select_defer_s = 360,
    .rib_stale_s = 500};

static struct world *helper_of(int nodes)
{
	struct world *w = world_new(nodes);

	w->node[1].refuses = true;
	world_speaker(w, 0);
	w->node[0].settings.restart = defaults;
	world_neighbor(w, 0, 1);
	return w;
}

static struct world *helper(void)
{
	struct world *w = helper_of(2);

	world_configure(w, 0);
	world_settle(w);
	return w;
}

/* A peer that restarts within 20 s, with both families kept. */
static struct open restarting_open(struct world *w)
{
	struct open o = world_open(w, 1);

	o.graceful_restart = o.notification = true;
	o.restart_s = 20;
	o.restart_families[BGP_IPV4_UNICAST] = o.restart_families[BGP_L2VPN_EVPN] = true;
	o.forwarding_kept[BGP_IPV4_UNICAST] = o.forwarding_kept[BGP_L2VPN_EVPN] = true;
	return o;
}

static void come(struct world *w, const struct open *o)
{
	world_connect(w, 1, 0);
	world_say_open(w, 1, o);
	world_say_keepalive(w, 1);
	assert_true(world_established(w, 0, 1));
}

static struct attrs attrs_of(uint32_t community)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xea};
	static uint32_t list[1];
	struct attrs a = {
	    .next_hop = ip_from_u32(0x0a000002), .as_path = path, .as_path_size = sizeof(path)};

	list[0] = community;
	a.communities = list;
	a.community_count = community != 0;
	return a;
}

static void say_mac_with(struct world *w, const char *mac, uint32_t community)
{
	struct nlri n = world_mac("10.0.0.2:2", mac, 10099);
	struct attrs a = attrs_of(community);

	world_say_mac(w, 1, &n, &a);
}

static void say_mac(struct world *w, const char *mac)
{
	say_mac_with(w, mac, 0);
}

static void say_prefix(struct world *w, const char *prefix)
{
	struct nlri n = {.family = BGP_IPV4_UNICAST};
	struct attrs a = attrs_of(0);

	assert_true(prefix_parse(prefix, &n.prefix));
	world_say_mac(w, 1, &n, &a);
}

static void say_end_of_rib(struct world *w, enum bgp_family family)
{
	uint8_t b[64];
	struct writer out = writer_to(b, sizeof(b));

	end_of_rib_encode(&out, family);
	world_say(w, 1, b, writer_size(&out));
}

static void say_all_eor(struct world *w)
{
	say_end_of_rib(w, BGP_IPV4_UNICAST);
	say_end_of_rib(w, BGP_L2VPN_EVPN);
}

static void say_notification(struct world *w, uint8_t code, uint8_t subcode)
{
	uint8_t b[64];
	static const uint8_t inner[] = {NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN};
	struct notification n = {.code = code, .subcode = subcode};
	struct writer out = writer_to(b, sizeof(b));

	if (code == NOTIFY_CEASE && subcode == NOTIFY_CEASE_HARD_RESET) {
		n.data = inner;
		n.data_size = sizeof(inner);
	}
	notification_encode(&out, &n);
	world_say(w, 1, b, writer_size(&out));
}

/* Keepalives for so long. */
static void idle(struct world *w, int seconds)
{
	for (; seconds > 0; seconds--) {
		world_advance(w, 1000);
		world_say_keepalive(w, 1);
	}
}

struct seen {
	const char *what;
	unsigned fresh, stale, best_stale;
	bool community;
};

static void visit(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct seen *s = context;
	struct str text = {0};

	nlri_text(nlri, &text);
	for (size_t i = 0; strstr(str_text(&text), s->what) != NULL && i < count; i++) {
		s->fresh += !routes[i].route.stale;
		s->stale += routes[i].route.stale;
		s->best_stale += routes[i].best && routes[i].route.stale;
		s->community |= attrs_have_community(routes[i].route.attrs, COMMUNITY_LLGR_STALE);
	}
	str_fini(&text);
}

/* "" gone, "fresh", "stale", "last" (LLGR_STALE). */
static const char *state_of(struct world *w, int node, const char *what)
{
	struct seen s = {.what = what};

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		bgp_walk(w->node[node].bgp, f, &w->arena, &s, visit);
	return s.community ? "last" : s.stale > 0 ? "stale" : s.fresh > 0 ? "fresh" : "";
}

/* Up, with two MACs and a prefix. */
static void come_with_routes(struct world *w, const struct open *o)
{
	come(w, o);
	say_mac(w, ONE);
	say_mac(w, TWO);
	say_prefix(w, "10.9.0.0/24");
	say_end_of_rib(w, BGP_IPV4_UNICAST);
	say_end_of_rib(w, BGP_L2VPN_EVPN);
	assert_string_equal(state_of(w, 0, ONE), "fresh");
	assert_string_equal(state_of(w, 0, "10.9"), "fresh");
}

#define ALL_ARE(state)                                                                             \
	do {                                                                                       \
		assert_string_equal(state_of(w, 0, ONE), state);                                   \
		assert_string_equal(state_of(w, 0, TWO), state);                                   \
		assert_string_equal(state_of(w, 0, "10.9"), state);                                \
	} while (0)

/* ---- receiving speaker, RFC 4724 section 4.2 ---- */

static void test_kept_until_end_of_rib(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);
	struct bgp_restart_view v;
	unsigned calls;

	(void)state;
	come_with_routes(w, &o);
	calls = w->node[0].best_calls;
	world_hang_up(w, 1);
	assert_false(world_established(w, 0, 1));
	ALL_ARE("stale");
	assert_true(bgp_restart_at(w->node[0].bgp, 0, &v));
	assert_int_equal(v.family[BGP_L2VPN_EVPN].retention, RETENTION_STALE);
	assert_int_equal(mono_ms_between(w->now, v.back_by), 20000);
	assert_int_equal(mono_ms_between(w->now, v.stale_end), 360000);
	assert_false(v.established);
	world_advance(w, 19000);
	ALL_ARE("stale");
	o.restarting = true;
	come(w, &o);
	ALL_ARE("stale");
	say_mac(w, ONE);
	say_prefix(w, "10.9.0.0/24");
	assert_string_equal(state_of(w, 0, ONE), "fresh");
	assert_string_equal(state_of(w, 0, TWO), "stale");
	/* Nobody has been told anything: staleness changes no decision. */
	assert_int_equal(w->node[0].best_calls, calls);
	say_end_of_rib(w, BGP_IPV4_UNICAST);
	assert_string_equal(state_of(w, 0, TWO), "stale");
	say_end_of_rib(w, BGP_L2VPN_EVPN);
	assert_string_equal(state_of(w, 0, ONE), "fresh");
	assert_string_equal(state_of(w, 0, "10.9"), "fresh");
	assert_string_equal(state_of(w, 0, TWO), "");
	assert_true(bgp_restart_at(w->node[0].bgp, 0, &v));
	assert_true(v.established && v.remote_families && v.restarting && v.notification);
	assert_true(v.family[BGP_L2VPN_EVPN].end_of_rib_sent);
	assert_true(v.family[BGP_L2VPN_EVPN].end_of_rib_received);
	assert_int_equal(v.family[BGP_L2VPN_EVPN].retention, RETENTION_NONE);
	assert_true(v.back_by.ns == MONO_NEVER.ns && v.stale_end.ns == MONO_NEVER.ns);
	assert_int_equal(w->node[0].best_calls, calls + 1);
	idle(w, 400);
	assert_string_equal(state_of(w, 0, ONE), "fresh");
	world_free(w);
}

static void test_restart_time(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);

	(void)state;
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	assert_int_equal(w->node[0].gone.family, IP_NONE);
	world_advance(w, 19999);
	ALL_ARE("stale");
	world_advance(w, 1);
	ALL_ARE("");
	world_free(w);
}

/* Shorter than the peer's restart time: the upper bound wins. */
static void test_stalepath_time_without_session(void **state)
{
	struct world *w = helper_of(2);
	struct open o = restarting_open(w);

	(void)state;
	w->node[0].settings.restart.stalepath_s = 7;
	world_configure(w, 0);
	world_settle(w);
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	world_advance(w, 6999);
	ALL_ARE("stale");
	world_advance(w, 1);
	ALL_ARE("");
	world_free(w);
}

/* `maximum-prefix`: what is kept and what comes in its place are not both the peer's. */
static void test_limit(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);

	(void)state;
	w->node[0].settings.neighbors[0].family[BGP_IPV4_UNICAST].limit =
	    (struct prefix_limit){.max = 2, .threshold = 75};
	world_configure(w, 0);
	world_settle(w);
	come(w, &o);
	say_prefix(w, "10.1.0.0/24");
	say_prefix(w, "10.2.0.0/24");
	for (int i = 0; i < 2; i++) {
		world_hang_up(w, 1);
		come(w, &o);
		say_prefix(w, "10.1.0.0/24");
		say_prefix(w, i == 0 ? "10.3.0.0/24" : "10.4.0.0/24");
		assert_true(world_established(w, 0, 1));
	}
	say_end_of_rib(w, BGP_IPV4_UNICAST);
	assert_string_equal(state_of(w, 0, "10.3"), "");
	say_prefix(w, "10.5.0.0/24");
	assert_false(world_established(w, 0, 1));
	world_free(w);
}

static void test_stalepath_time_without_end_of_rib(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);

	(void)state;
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	world_advance(w, 10000);
	come(w, &o);
	say_mac(w, ONE);
	idle(w, 349);
	assert_string_equal(state_of(w, 0, TWO), "stale");
	idle(w, 1);
	assert_string_equal(state_of(w, 0, TWO), "");
	assert_string_equal(state_of(w, 0, "10.9"), "");
	assert_string_equal(state_of(w, 0, ONE), "fresh");
	world_free(w);
}

/* What the peer promised decides what is kept when it goes. */
static void test_what_was_promised(void **state)
{
	static const struct {
		bool capability, v4, evpn;
		uint16_t restart_s;
		const char *v4_after, *evpn_after;
	} cases[] = {{false, false, false, 0, "", ""}, {true, false, false, 20, "", ""},
	    {true, true, false, 20, "stale", ""}, {true, false, true, 20, "", "stale"},
	    {true, true, true, 0, "", ""}, {true, true, true, 1, "stale", "stale"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = helper();
		struct open o = world_open(w, 1);

		o.graceful_restart = cases[i].capability;
		o.restart_s = cases[i].restart_s;
		o.restart_families[BGP_IPV4_UNICAST] = cases[i].v4;
		o.restart_families[BGP_L2VPN_EVPN] = cases[i].evpn;
		come_with_routes(w, &o);
		world_hang_up(w, 1);
		assert_string_equal(state_of(w, 0, "10.9"), cases[i].v4_after);
		assert_string_equal(state_of(w, 0, ONE), cases[i].evpn_after);
		world_free(w);
	}
}

/* What the peer says when it is back decides what stays. */
static void test_what_came_back(void **state)
{
	static const struct {
		const char *how;
		bool capability, v4, v4_kept, v4_family;
		const char *v4_after;
	} cases[] = {{"confirmed", true, true, true, true, "stale"},
	    {"without F", true, true, false, true, ""},
	    {"family not listed", true, false, false, true, ""},
	    {"no capability", false, false, false, true, ""},
	    {"family not negotiated", true, true, true, false, ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = helper();
		struct open o = restarting_open(w);

		come_with_routes(w, &o);
		world_hang_up(w, 1);
		ALL_ARE("stale");
		o.graceful_restart = cases[i].capability;
		o.restart_families[BGP_IPV4_UNICAST] = cases[i].v4;
		o.forwarding_kept[BGP_IPV4_UNICAST] = cases[i].v4_kept;
		o.families[BGP_IPV4_UNICAST] = cases[i].v4_family;
		come(w, &o);
		assert_string_equal(state_of(w, 0, "10.9"), cases[i].v4_after);
		assert_string_equal(state_of(w, 0, ONE), cases[i].capability ? "stale" : "");
		world_free(w);
	}
}

/* Lost again before End-of-RIB: what was not announced in between is not kept twice. */
static void test_consecutive_restarts(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);

	(void)state;
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	come(w, &o);
	say_mac(w, ONE);
	world_hang_up(w, 1);
	assert_string_equal(state_of(w, 0, ONE), "stale");
	assert_string_equal(state_of(w, 0, TWO), "");
	assert_string_equal(state_of(w, 0, "10.9"), "");
	world_advance(w, 20000);
	assert_string_equal(state_of(w, 0, ONE), "");
	world_free(w);
}

/* RFC 4724 section 5: the peer is back before its old connection is known to be dead. */
static void test_new_connection_replaces(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);

	(void)state;
	come_with_routes(w, &o);
	/* So early it is the loser of a collision. */
	world_connect(w, 1, 0);
	assert_true(w->node[1].closed);
	assert_true(world_established(w, 0, 1));
	world_free(w);

	w = helper();
	come_with_routes(w, &o);
	world_advance(w, 5000);
	world_connect(w, 1, 0);
	assert_false(w->node[1].closed);
	assert_false(world_established(w, 0, 1));
	ALL_ARE("stale");
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	assert_true(world_established(w, 0, 1));
	ALL_ARE("stale");
	say_end_of_rib(w, BGP_IPV4_UNICAST);
	say_end_of_rib(w, BGP_L2VPN_EVPN);
	ALL_ARE("");
	world_free(w);
}

/* Whoever fails again and again is not let in for a while; whose routes wait for it, once a second.
 */
static void test_return_after_failures(void **state)
{
	(void)state;
	for (int kept = 0; kept < 2; kept++) {
		struct world *w = helper();
		struct open o = restarting_open(w);

		o.graceful_restart = kept != 0;
		for (int i = 0; i < 4; i++) {
			come(w, &o);
			world_hang_up(w, 1);
		}
		world_connect(w, 1, 0);
		assert_true(w->node[1].closed);
		world_advance(w, 1000);
		world_connect(w, 1, 0);
		assert_int_equal(w->node[1].closed, !kept);
		world_free(w);
	}
}

/* Two paths of one peer to one destination (RFC 7911): each is kept and confirmed for itself. */
static void test_add_path(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);
	struct update_context c = {
	    .as4 = true, .families = {true}, .add_path = {true}, .max_size = MESSAGE_MAX_EXTENDED};
	struct nlri n = {.family = BGP_IPV4_UNICAST};
	struct attrs a = attrs_of(0);
	uint8_t b[1024];

	(void)state;
	assert_true(prefix_parse("10.9.0.0/24", &n.prefix));
	o.add_path_send[BGP_IPV4_UNICAST] = true;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct seen s = {.what = "10.9"};
		struct update_writer u;

		come(w, &o);
		for (n.path_id = 1; n.path_id <= 2 - turn; n.path_id++) {
			update_begin_reach(&u, b, &c, BGP_IPV4_UNICAST, &a);
			assert_true(update_add(&u, &n));
			world_say(w, 1, b, update_end(&u));
		}
		if (turn == 1)
			say_all_eor(w);
		world_hang_up(w, 1);
		bgp_walk(w->node[0].bgp, BGP_IPV4_UNICAST, &w->arena, &s, visit);
		assert_int_equal(s.stale, 2 - turn);
		assert_int_equal(s.fresh, 0);
	}
	world_free(w);
}

/* A neighbor by `bgp listen range` outlives its session while its routes wait for it. */
static void test_dynamic_neighbor(void **state)
{
	struct world *w = helper_of(2);
	struct bgp_settings *s = &w->node[0].settings;
	struct open o = restarting_open(w);
	struct bgp_peer_view v;

	(void)state;
	s->ranges = mem_new_array(1, sizeof(*s->ranges));
	s->range_count = 1;
	s->listen_limit = 10;
	s->ranges[0].neighbor = s->neighbors[0];
	assert_true(prefix_parse("10.0.0.0/24", &s->ranges[0].prefix));
	s->neighbor_count = 0;
	world_configure(w, 0);
	world_settle(w);
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	world_advance(w, 19999);
	ALL_ARE("stale");
	assert_true(bgp_peer_at(w->node[0].bgp, 0, &v));
	come(w, &o);
	say_mac(w, ONE);
	say_all_eor(w);
	assert_string_equal(state_of(w, 0, ONE), "fresh");
	assert_string_equal(state_of(w, 0, TWO), "");
	world_hang_up(w, 1);
	world_advance(w, 22000);
	assert_string_equal(state_of(w, 0, ONE), "");
	assert_false(bgp_peer_at(w->node[0].bgp, 0, &v));
	world_free(w);
}

static void test_disabled(void **state)
{
	struct world *w = helper_of(2);
	struct open o = restarting_open(w);
	unsigned count[6];

	(void)state;
	w->node[0].settings.neighbors[0].graceful_restart = GRACEFUL_RESTART_OFF;
	world_configure(w, 0);
	world_settle(w);
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	ALL_ARE("");
	/* And what we send is no Hard Reset, which the peer could not know of. */
	come_with_routes(w, &o);
	w->node[0].settings.neighbors[0].shutdown = true;
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN));
	world_free(w);
}

/* The operator's word counts more than the promise, at once or later. */
static void test_shut_down_or_removed(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct world *w = helper();
		struct open o = restarting_open(w);
		struct bgp_settings *s = &w->node[0].settings;
		unsigned count[6];

		come_with_routes(w, &o);
		if (i < 2)
			world_hang_up(w, 1);
		s->neighbors[0].shutdown = i % 2 == 0;
		s->enabled = i % 2 == 0;
		world_configure(w, 0);
		world_settle(w);
		ALL_ARE("");
		if (i >= 2)
			assert_int_equal(world_notified(w, 1, count),
			    CODE(NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET));
		world_free(w);
	}
}

/* A route over a link that is down leads nowhere. */
static void test_link_down(void **state)
{
	(void)state;
	for (int later = 0; later < 2; later++) {
		struct world *w = world_new(2);

		for (int i = 0; i < 2; i++) {
			world_speaker(w, i);
			w->node[i].settings.restart = defaults;
			world_unnumbered(w, i, 1)->graceful_restart = GRACEFUL_RESTART_ON;
			world_configure(w, i);
		}
		world_link(w, 0, 1, 1, 1);
		world_link_set(w, 0, 1, true, true);
		world_originate(w, 1, "10.9.0.0/24");
		world_advance(w, 6000);
		assert_string_equal(state_of(w, 0, "10.9"), "fresh");
		if (later) {
			world_kill(w, 1);
			world_settle(w);
			assert_string_equal(state_of(w, 0, "10.9"), "stale");
		}
		world_link_set(w, 0, 1, false, false);
		world_settle(w);
		assert_string_equal(state_of(w, 0, "10.9"), "");
		world_free(w);
	}
}

/* ---- NOTIFICATION, RFC 8538 ---- */

static void test_notification_received(void **state)
{
	static const struct {
		uint8_t code, subcode;
		bool hard;
	} kinds[] = {{NOTIFY_HEADER, 2, false}, {NOTIFY_UPDATE, 1, false},
	    {NOTIFY_HOLD_TIMER, 0, false}, {NOTIFY_FSM, 3, false},
	    {NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN, false}, {NOTIFY_CEASE, NOTIFY_CEASE_RESET, false},
	    {NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, false},
	    {NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET, true}, {9, 9, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (int n = 0; n < 4; n++) {
			struct world *w = helper_of(2);
			struct open o = restarting_open(w);
			bool ours = (n & 1) != 0, theirs = (n & 2) != 0;

			w->node[0].settings.restart.notification = ours;
			o.notification = theirs;
			world_configure(w, 0);
			world_settle(w);
			come_with_routes(w, &o);
			say_notification(w, kinds[i].code, kinds[i].subcode);
			assert_false(world_established(w, 0, 1));
			ALL_ARE(ours && theirs && !kinds[i].hard ? "stale" : "");
			if (kinds[i].hard)
				assert_string_equal(world_peer(w, 0, 1).last_reset,
				    "Notification received: Cease/Hard Reset (Cease/Administrative "
				    "Shutdown)");
			world_free(w);
		}
}

/* Ours: the hold timer, and an UPDATE that is beyond repair. */
static void test_notification_sent(void **state)
{
	uint8_t bad[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	    255, 0, 23, 2, 255, 255, 0, 0};

	(void)state;
	for (int n = 0; n < 4; n++) {
		struct world *w = helper();
		struct open o = restarting_open(w);
		unsigned count[6];

		o.notification = (n & 1) != 0;
		come_with_routes(w, &o);
		if ((n & 2) != 0)
			world_say(w, 1, bad, sizeof(bad));
		else
			world_advance(w, 9100);
		assert_false(world_established(w, 0, 1));
		assert_int_equal(world_notified(w, 1, count) >> 8,
		    (n & 2) != 0 ? NOTIFY_UPDATE : NOTIFY_HOLD_TIMER);
		ALL_ARE((n & 1) != 0 ? "stale" : "");
		world_free(w);
	}
}

/* Restart settings end the sessions to whose neighbor they are told, and no other. */
static void test_reload_resets_whom_it_concerns(void **state)
{
	static const enum graceful_restart modes[] = {
	    GRACEFUL_RESTART_OFF, GRACEFUL_RESTART_HELPER, GRACEFUL_RESTART_ON};

	(void)state;
	for (int mode = 0; mode < 3; mode++)
		for (int what = 0; what < 6; what++) {
			struct world *w = helper_of(2);
			struct restart_settings *r = &w->node[0].settings.restart;
			struct open o = restarting_open(w);
			bool told = what < 2 ? mode > 0 : what < 4 ? mode > 1 : false;

			w->node[0].settings.neighbors[0].graceful_restart = modes[mode];
			world_configure(w, 0);
			come(w, &o);
			r->restart_s = what == 0 ? 60 : r->restart_s;
			r->notification ^= what == 1;
			r->preserve_forwarding ^= what == 2;
			r->long_lived_s = what == 3 ? 100 : r->long_lived_s;
			r->stalepath_s = what == 4 ? 60 : r->stalepath_s;
			r->select_defer_s = what == 5 ? 60 : r->select_defer_s;
			world_configure(w, 0);
			world_settle(w);
			assert_int_equal(world_established(w, 0, 1), !told);
			world_free(w);
		}
}

/* A changed OPEN setting resets the session, and the routes may stay over that. */
static void test_configuration_change(void **state)
{
	struct world *w = helper();
	struct open o = restarting_open(w);

	(void)state;
	come_with_routes(w, &o);
	w->node[0].settings.restart.restart_s = 60;
	world_configure(w, 0);
	world_settle(w);
	assert_false(world_established(w, 0, 1));
	ALL_ARE("stale");
	come(w, &o);
	say_all_eor(w);
	/* What only we look at changes nothing. */
	w->node[0].settings.restart.stalepath_s = 60;
	w->node[0].settings.restart.select_defer_s = 60;
	w->node[0].settings.restart.rib_stale_s = 60;
	w->node[0].settings.restart.hard_administrative_reset = false;
	world_configure(w, 0);
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

/* ---- long-lived, RFC 9494 ---- */

static struct world *long_lived(struct open *o, uint32_t ours_s)
{
	struct world *w = helper_of(2);

	w->node[0].settings.restart.long_lived_s = ours_s;
	world_configure(w, 0);
	world_settle(w);
	*o = restarting_open(w);
	o->long_lived = true;
	o->long_lived_families[BGP_L2VPN_EVPN] = true;
	o->long_lived_kept[BGP_L2VPN_EVPN] = true;
	o->long_lived_s[BGP_L2VPN_EVPN] = 100;
	return w;
}

static void test_long_lived(void **state)
{
	struct open o;
	struct world *w = long_lived(&o, 200);

	(void)state;
	come_with_routes(w, &o);
	say_mac_with(w, TWO, NO_LLGR);
	world_hang_up(w, 1);
	world_advance(w, 19999);
	ALL_ARE("stale");
	world_advance(w, 1);
	assert_string_equal(state_of(w, 0, ONE), "last");
	assert_string_equal(state_of(w, 0, TWO), "");	 /* NO_LLGR */
	assert_string_equal(state_of(w, 0, "10.9"), ""); /* not listed */
	world_advance(w, 99999);
	assert_string_equal(state_of(w, 0, ONE), "last");
	world_advance(w, 1);
	assert_string_equal(state_of(w, 0, ONE), "");
	world_free(w);
}

/* The shorter of the two times; not told to keep for long: not at all. */
static void test_long_lived_time(void **state)
{
	(void)state;
	for (uint32_t ours_s = 0; ours_s <= 30; ours_s += 30) {
		struct open o;
		struct world *w = long_lived(&o, ours_s);

		come_with_routes(w, &o);
		world_hang_up(w, 1);
		world_advance(w, 20000);
		assert_string_equal(state_of(w, 0, ONE), ours_s == 0 ? "" : "last");
		world_advance(w, ours_s * 1000);
		assert_string_equal(state_of(w, 0, ONE), "");
		world_free(w);
	}
}

/* Not in capability 64, or a restart time of 0: at once. */
static void test_long_lived_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct open o;
		struct world *w = long_lived(&o, 200);

		if (i == 0)
			o.restart_families[BGP_L2VPN_EVPN] = false;
		else
			o.restart_s = 0;
		come_with_routes(w, &o);
		world_hang_up(w, 1);
		assert_string_equal(state_of(w, 0, ONE), "last");
		world_advance(w, 99999);
		assert_string_equal(state_of(w, 0, ONE), "last");
		world_advance(w, 1);
		assert_string_equal(state_of(w, 0, ONE), "");
		world_free(w);
	}
}

/* Back: confirmed or not; and the timer runs on over a second loss until End-of-RIB. */
static void test_long_lived_return(void **state)
{
	struct open o;
	struct world *w = long_lived(&o, 200);

	(void)state;
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	world_advance(w, 60000);
	assert_string_equal(state_of(w, 0, ONE), "last");
	come(w, &o);
	assert_string_equal(state_of(w, 0, ONE), "last");
	say_mac(w, TWO);
	assert_string_equal(state_of(w, 0, TWO), "fresh");
	world_hang_up(w, 1);
	assert_string_equal(state_of(w, 0, ONE), "last");
	assert_string_equal(state_of(w, 0, TWO), "last");
	world_advance(w, 59999);
	assert_string_equal(state_of(w, 0, ONE), "last");
	world_advance(w, 1);
	assert_string_equal(state_of(w, 0, ONE), "");
	world_free(w);

	w = long_lived(&o, 200);
	come_with_routes(w, &o);
	world_hang_up(w, 1);
	world_advance(w, 60000);
	come(w, &o);
	say_mac(w, ONE);
	say_end_of_rib(w, BGP_L2VPN_EVPN);
	assert_string_equal(state_of(w, 0, ONE), "fresh");
	assert_string_equal(state_of(w, 0, TWO), "");
	world_hang_up(w, 1);
	world_advance(w, 119999);
	assert_string_equal(state_of(w, 0, ONE), "last");
	o.long_lived_kept[BGP_L2VPN_EVPN] = false;
	come(w, &o);
	assert_string_equal(state_of(w, 0, ONE), "");
	world_free(w);
}

static struct bgp_route told; /* the best of ONE at node 2 */

static bool keep_told(struct world *w, int node, const struct bgp_best *best)
{
	static struct attrs copy;
	static uint32_t communities[8];

	(void)w;
	if (node != 2 || best->nlri.family != BGP_L2VPN_EVPN)
		return true;
	told = (struct bgp_route){0};
	if (best->count == 0)
		return true;
	told = best->routes[0];
	copy = *told.attrs;
	assert_true(copy.community_count <= 8);
	if (copy.community_count != 0)
		memcpy(communities, copy.communities, copy.community_count * sizeof(uint32_t));
	copy.communities = communities;
	told.attrs = &copy;
	return true;
}

/* Sections 4.3 and 4.6: who knows of it, who does not, inside and outside the AS. */
static void test_long_lived_is_told_on(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		bool internal = (i & 1) != 0, knows = (i & 2) != 0;
		struct world *w = helper_of(3);
		struct neighbor_settings *s = world_neighbor(w, 0, 2);
		struct open o = restarting_open(w);

		told = (struct bgp_route){0};
		w->on_best = keep_told;
		o.long_lived = o.long_lived_families[BGP_L2VPN_EVPN] = true;
		o.long_lived_s[BGP_L2VPN_EVPN] = 100;
		w->node[0].settings.restart.long_lived_s = 200;
		if (internal) {
			w->node[2].as = w->node[0].as;
			s->remote_as_kind = REMOTE_AS_INTERNAL;
		}
		world_speaker(w, 2);
		s = world_neighbor(w, 2, 0);
		s->graceful_restart = knows ? GRACEFUL_RESTART_HELPER : GRACEFUL_RESTART_OFF;
		world_configure(w, 0);
		world_configure(w, 2);
		world_settle(w);
		come(w, &o);
		say_mac(w, ONE);
		assert_non_null(told.attrs);
		assert_int_equal(told.attrs->community_count, 0);
		world_hang_up(w, 1);
		world_advance(w, 20000);
		assert_string_equal(state_of(w, 0, ONE), "last");
		assert_string_equal(state_of(w, 2, ONE), knows || internal ? "last" : "");
		if (told.attrs != NULL) {
			bool marked = attrs_have_community(told.attrs, COMMUNITY_NO_EXPORT);

			assert_int_equal(marked, internal && !knows);
			assert_int_equal(
			    told.attrs->has_local_pref && told.attrs->local_pref == 0, marked);
		}
		world_free(w);
	}
}

/* ---- our own restart ---- */

/* The OPEN that a scripted node got from node 0. */
static struct open got_open(struct world *w, int node)
{
	struct notification error;
	struct message m;
	struct open o;

	assert_int_equal(
	    message_frame(w->node[node].rx, w->node[node].rx_size, MESSAGE_MAX, &m, &error),
	    FRAMING_MESSAGE);
	assert_int_equal(m.type, MESSAGE_OPEN);
	assert_true(open_decode(m.body, m.body_size, &o, &error));
	return o;
}

static void test_what_we_offer(void **state)
{
	(void)state;
	for (int i = 0; i < 24; i++) {
		enum graceful_restart mode = (enum graceful_restart)(i % 3);
		bool restarted = (i / 3) % 2 != 0, preserve = (i / 6) % 2 != 0, n = i / 12 != 0;
		struct world *w = helper_of(2);
		struct open o;

		w->node[0].settings.neighbors[0].graceful_restart = mode;
		w->node[0].settings.restart.preserve_forwarding = preserve;
		w->node[0].settings.restart.notification = n;
		w->node[0].settings.restart.long_lived_s = 300;
		if (restarted)
			bgp_restarted(w->node[0].bgp, true, w->now);
		world_configure(w, 0);
		world_settle(w);
		world_connect(w, 1, 0);
		o = got_open(w, 1);
		assert_int_equal(o.graceful_restart, mode != GRACEFUL_RESTART_OFF);
		assert_int_equal(o.restarting, o.graceful_restart && restarted);
		assert_int_equal(o.notification, o.graceful_restart && n);
		assert_int_equal(o.restart_s, o.graceful_restart ? 120 : 0);
		assert_int_equal(o.long_lived, o.graceful_restart);
		for (size_t f = 0; f < BGP_FAMILIES; f++) {
			bool listed = mode == GRACEFUL_RESTART_ON && o.families[f];

			assert_int_equal(o.restart_families[f], listed);
			assert_int_equal(o.forwarding_kept[f], listed && preserve && restarted);
			assert_int_equal(o.long_lived_families[f], listed);
			assert_int_equal(o.long_lived_s[f], listed ? 300 : 0);
		}
		world_free(w);
	}
}

/* A session that was lost without a restart: the kernel forwarded all the time. */
static void test_forwarding_bit_of_a_second_session(void **state)
{
	struct world *w = helper_of(2);
	struct open o = restarting_open(w);

	(void)state;
	w->node[0].settings.neighbors[0].graceful_restart = GRACEFUL_RESTART_ON;
	w->node[0].settings.restart.preserve_forwarding = true;
	world_configure(w, 0);
	world_settle(w);
	come(w, &o);
	assert_false(got_open(w, 1).forwarding_kept[BGP_L2VPN_EVPN]);
	world_hang_up(w, 1);
	come(w, &o);
	assert_true(got_open(w, 1).forwarding_kept[BGP_L2VPN_EVPN]);
	assert_false(got_open(w, 1).restarting);
	world_free(w);
}

/* Node 0 after its restart, between the scripted 1 and the speaker 2. */
static struct world *restarted(void)
{
	struct world *w = helper_of(3);
	struct bgp_settings *s = &w->node[0].settings;

	world_neighbor(w, 0, 2);
	s->neighbors[0].graceful_restart = s->neighbors[1].graceful_restart = GRACEFUL_RESTART_ON;
	w->node[2].refuses = true;
	bgp_restarted(w->node[0].bgp, true, w->now);
	world_configure(w, 0);
	world_settle(w);
	return w;
}

static void speaker_2_comes(struct world *w)
{
	w->node[2].refuses = false;
	world_speaker(w, 2);
	w->node[2].settings.restart = defaults;
	world_neighbor(w, 2, 0);
	world_configure(w, 2);
	world_settle(w);
	assert_true(world_established(w, 0, 2));
}

static unsigned end_of_ribs(const struct world *w, int node)
{
	const struct node *n = &w->node[node];
	static const uint8_t ipv4[] = {0, 23, 2, 0, 0, 0, 0};
	unsigned count = 0;

	for (size_t i = 16; i + sizeof(ipv4) <= n->rx_size; i++)
		count += memcmp(n->rx + i, ipv4, sizeof(ipv4)) == 0;
	return count;
}

/* Selected at node 0 as best. */
static bool selected(struct world *w, const char *what)
{
	enum bgp_family f = strchr(what, ':') != NULL ? BGP_L2VPN_EVPN : BGP_IPV4_UNICAST;
	const char *line = strstr(world_routes(w, 0, f), what);
	const char *end = line == NULL ? NULL : strchr(line, '\n');

	return end != NULL && end[-1] == '*';
}

static void test_selection_waits_for_all(void **state)
{
	struct world *w = restarted();
	struct open o = restarting_open(w);

	(void)state;
	come(w, &o);
	say_mac(w, ONE);
	say_all_eor(w);
	world_originate(w, 0, "10.1.0.0/24");
	world_settle(w);
	assert_false(selected(w, ONE));
	assert_false(bgp_converged(w->node[0].bgp));
	/* Ours is told at once, End-of-RIB not before the rest. */
	assert_int_equal(world_peer(w, 0, 1).prefixes_sent[BGP_IPV4_UNICAST], 1);
	assert_int_equal(end_of_ribs(w, 1), 0);
	speaker_2_comes(w);
	assert_true(selected(w, ONE));
	assert_true(bgp_converged(w->node[0].bgp));
	assert_int_equal(end_of_ribs(w, 1), 1);
	world_free(w);
}

/* … also what a peer has announced before, and what waits for that. */
static void test_ours_overtakes(void **state)
{
	struct world *w = restarted();
	struct open o = restarting_open(w);

	(void)state;
	come(w, &o);
	say_prefix(w, "10.1.0.0/24");
	assert_false(selected(w, "10.1.0.0/24"));
	for (int i = 0; i < 2; i++) {
		world_originate(w, 0, "10.1.0.0/24");
		world_settle(w);
		assert_true(selected(w, "10.1.0.0/24 path  from here"));
		assert_int_equal(world_peer(w, 0, 1).prefixes_sent[BGP_IPV4_UNICAST], 1);
		world_withdraw(w, 0, "10.1.0.0/24");
		world_settle(w);
		assert_int_equal(world_peer(w, 0, 1).prefixes_sent[BGP_IPV4_UNICAST], 0);
	}
	world_hang_up(w, 1);
	world_free(w);
}

/* A peer that does not come is not waited for longer than a while. */
static void test_selection_without_an_absent_peer(void **state)
{
	struct world *w = restarted();
	struct open o = restarting_open(w);

	(void)state;
	come(w, &o);
	say_mac(w, ONE);
	say_all_eor(w);
	idle(w, 14);
	assert_false(selected(w, ONE));
	idle(w, 1);
	assert_true(selected(w, ONE));
	world_hang_up(w, 1);
	o.restarting = false;
	come(w, &o);
	assert_false(got_open(w, 1).restarting);
	world_free(w);
}

/* A peer that has just lost us refuses for a moment. */
static void test_retries_quickly(void **state)
{
	struct world *w = helper_of(2);

	(void)state;
	bgp_restarted(w->node[0].bgp, true, w->now);
	world_configure(w, 0);
	world_advance(w, 1800);
	assert_in_range(w->node[0].connects, 4, 5);
	world_advance(w, 20000);
	assert_in_range(w->node[0].connects, 7, 9);
	world_free(w);
}

/* RFC 4724 section 4.1: neither one that restarts, too, nor one that never ends its table. */
static void test_selection_does_not_wait_for(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *w = restarted();
		struct open o = restarting_open(w);

		o.restarting = i == 0;
		o.graceful_restart = i == 0;
		speaker_2_comes(w);
		come(w, &o);
		say_mac(w, ONE);
		assert_true(selected(w, ONE));
		world_free(w);
	}
}

static void test_select_defer_time(void **state)
{
	struct world *w = restarted();
	struct open o = restarting_open(w);

	(void)state;
	come(w, &o);
	say_mac(w, ONE);
	say_prefix(w, "10.9.0.0/24");
	say_end_of_rib(w, BGP_IPV4_UNICAST);
	/* Each family by itself: the one that is complete waits for who has not come, no longer. */
	idle(w, 14);
	assert_false(selected(w, "10.9"));
	idle(w, 1);
	assert_true(selected(w, "10.9"));
	idle(w, 344);
	assert_false(selected(w, ONE));
	idle(w, 1);
	assert_true(selected(w, ONE));
	assert_int_equal(end_of_ribs(w, 1), 1);
	world_free(w);
}

/* Routes of the host come after the session; End-of-RIB closes them. */
static void test_end_of_rib_waits_for_our_routes(void **state)
{
	struct world *w = helper_of(2);
	struct open o = restarting_open(w);

	(void)state;
	world_kill(w, 0);
	w->originating = true;
	world_revive(w, 0);
	world_configure(w, 0);
	world_settle(w);
	come(w, &o);
	assert_int_equal(end_of_ribs(w, 1), 0);
	world_originate(w, 0, "10.1.0.0/24");
	bgp_originated(w->node[0].bgp);
	world_settle(w);
	assert_int_equal(end_of_ribs(w, 1), 1);
	world_free(w);
}

/* Before the links are known nobody could come: that is no reason to stop waiting. */
static void test_restart_lasts_until_the_host_is_known(void **state)
{
	struct world *w = helper_of(2);
	struct neighbor_settings *s = &w->node[0].settings.neighbors[0];

	(void)state;
	world_kill(w, 0);
	w->originating = true;
	world_revive(w, 0);
	bgp_restarted(w->node[0].bgp, true, w->now);
	s->shutdown = true;
	world_configure(w, 0);
	world_advance(w, 100);
	s->shutdown = false;
	world_configure(w, 0);
	world_connect(w, 1, 0);
	assert_true(got_open(w, 1).restarting);
	world_free(w);
}

static void test_disable_eor(void **state)
{
	struct world *w = helper_of(2);
	struct open o = restarting_open(w);

	(void)state;
	w->node[0].settings.restart.disable_end_of_rib = true;
	world_configure(w, 0);
	world_settle(w);
	come(w, &o);
	assert_int_equal(end_of_ribs(w, 1), 0);
	world_free(w);
}

/* SIGTERM: who keeps our routes gets no NOTIFICATION; flushing says that they are to go. */
static void test_stop(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		bool on = (i & 1) != 0, back = (i & 2) != 0, n = (i & 4) != 0;
		struct world *w = helper_of(2);
		struct open o = restarting_open(w);
		unsigned count[6], want;

		w->node[0].settings.neighbors[0].graceful_restart =
		    on ? GRACEFUL_RESTART_ON : GRACEFUL_RESTART_HELPER;
		o.notification = n;
		world_configure(w, 0);
		world_settle(w);
		come(w, &o);
		bgp_stop(w->node[0].bgp, back, w->now);
		world_settle(w);
		assert_true(w->node[1].closed);
		want = CODE(NOTIFY_CEASE, n ? NOTIFY_CEASE_HARD_RESET : NOTIFY_CEASE_SHUTDOWN);
		assert_int_equal(world_notified(w, 1, count), on && back ? 0 : want);
		world_free(w);
	}
}

/* Both roles at once: 0 dies and returns, 1 keeps its routes, 2 hears nothing of it. */
static void test_nobody_notices(void **state)
{
	struct world *w = world_new(3);
	unsigned calls, updates;

	(void)state;
	world_chain(w, 3);
	for (int i = 0; i < 3; i++) {
		struct bgp_settings *s = &w->node[i].settings;

		s->restart = defaults;
		s->restart.preserve_forwarding = true;
		for (size_t k = 0; k < s->neighbor_count; k++)
			s->neighbors[k].graceful_restart = GRACEFUL_RESTART_ON;
		world_configure(w, i);
	}
	world_originate(w, 0, "10.1.0.0/24");
	world_originate(w, 2, "10.3.0.0/24");
	world_advance(w, 10000);
	assert_string_equal(state_of(w, 2, "10.1"), "fresh");
	calls = w->node[1].best_calls + w->node[2].best_calls;
	updates = w->node[1].updates_out;
	world_kill(w, 0);
	world_advance(w, 3000);
	assert_string_equal(state_of(w, 1, "10.1"), "stale");
	assert_int_equal(w->node[1].updates_out, updates);
	world_revive(w, 0);
	bgp_restarted(w->node[0].bgp, true, w->now);
	world_configure(w, 0);
	world_originate(w, 0, "10.1.0.0/24");
	world_advance(w, 20000);
	assert_true(world_established(w, 0, 1));
	assert_string_equal(state_of(w, 0, "10.3"), "fresh");
	assert_string_equal(state_of(w, 1, "10.1"), "fresh");
	assert_string_equal(state_of(w, 2, "10.1"), "fresh");
	assert_int_equal(w->node[1].best_calls + w->node[2].best_calls, calls);
	world_free(w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kept_until_end_of_rib),
	    cmocka_unit_test(test_restart_time),
	    cmocka_unit_test(test_stalepath_time_without_session),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_stalepath_time_without_end_of_rib),
	    cmocka_unit_test(test_what_was_promised),
	    cmocka_unit_test(test_what_came_back),
	    cmocka_unit_test(test_consecutive_restarts),
	    cmocka_unit_test(test_new_connection_replaces),
	    cmocka_unit_test(test_return_after_failures),
	    cmocka_unit_test(test_add_path),
	    cmocka_unit_test(test_dynamic_neighbor),
	    cmocka_unit_test(test_disabled),
	    cmocka_unit_test(test_shut_down_or_removed),
	    cmocka_unit_test(test_link_down),
	    cmocka_unit_test(test_notification_received),
	    cmocka_unit_test(test_notification_sent),
	    cmocka_unit_test(test_reload_resets_whom_it_concerns),
	    cmocka_unit_test(test_configuration_change),
	    cmocka_unit_test(test_long_lived),
	    cmocka_unit_test(test_long_lived_time),
	    cmocka_unit_test(test_long_lived_alone),
	    cmocka_unit_test(test_long_lived_return),
	    cmocka_unit_test(test_long_lived_is_told_on),
	    cmocka_unit_test(test_what_we_offer),
	    cmocka_unit_test(test_forwarding_bit_of_a_second_session),
	    cmocka_unit_test(test_selection_waits_for_all),
	    cmocka_unit_test(test_ours_overtakes),
	    cmocka_unit_test(test_selection_without_an_absent_peer),
	    cmocka_unit_test(test_retries_quickly),
	    cmocka_unit_test(test_selection_does_not_wait_for),
	    cmocka_unit_test(test_select_defer_time),
	    cmocka_unit_test(test_end_of_rib_waits_for_our_routes),
	    cmocka_unit_test(test_restart_lasts_until_the_host_is_known),
	    cmocka_unit_test(test_disable_eor),
	    cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_nobody_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
