/*
 * Sessions that outlive the daemon: node 0 is replaced by a new speaker that inherits its
 * connections. The peer must not notice, and has in the end exactly what the new one has to say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/message.h"
#include "bgp/update.h"
#include "speakers.h"

#define ONE "02:00:00:00:00:01"
#define TWO "02:00:00:00:00:02"
#define RD "10.0.0.1:2"

static const struct restart_settings restart = {
    .restart_s = 120, .stalepath_s = 360, .select_defer_s = 360, .rib_stale_s = 500};

static struct neighbor_settings *graceful_neighbor(struct world *w, int node, int to)
{
	struct neighbor_settings *s = world_neighbor(w, node, to);

	s->graceful_restart = GRACEFUL_RESTART_ON;
	s->family[BGP_IPV6_UNICAST].activate = true;
	return s;
}

static void originate_mac(struct world *w, int node, const char *mac)
{
	struct nlri n = world_mac(RD, mac, 100);

	bgp_originate(w->node[node].bgp, &n, &(struct attrs){.next_hop = w->node[node].address});
}

static void originated(struct world *w, int node)
{
	bgp_originated(w->node[node].bgp);
	world_settle(w);
}

/* Two speakers with `restart`, not configured yet. */
static struct world *pair(void)
{
	struct world *w = world_new(2);

	w->keeps = w->originating = true;
	for (int i = 0; i < 2; i++) {
		world_speaker(w, i);
		w->node[i].settings.restart = restart;
		graceful_neighbor(w, i, 1 - i);
	}
	return w;
}

static void start(struct world *w)
{
	for (int i = 0; i < w->nodes; i++) {
		world_configure(w, i);
		bgp_originated(w->node[i].bgp);
	}
	world_settle(w);
}

static struct world *pair_with_routes(void)
{
	struct world *w = pair();

	start(w);
	world_originate(w, 0, "10.1.0.0/24");
	world_originate(w, 0, "10.2.0.0/24");
	originate_mac(w, 0, ONE);
	originate_mac(w, 0, TWO);
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	return w;
}

/* What the state file says. */
static void formerly(struct world *w, const char *mac)
{
	struct nlri n = world_mac(RD, mac, 100);

	bgp_formerly(w->node[0].bgp, &n);
}

static void replace(struct world *w, int connections)
{
	assert_int_equal(world_replace(w, 0), connections);
	bgp_restarted(w->node[0].bgp, true, w->now);
	formerly(w, ONE);
	formerly(w, TWO);
	formerly(w, ONE);
}

static bool has(struct world *w, int node, enum bgp_family family, const char *what)
{
	return strstr(world_routes(w, node, family), what) != NULL;
}

static void test_the_peer_sees_nothing(void **state)
{
	struct world *w = pair_with_routes();
	unsigned up = w->node[1].up_calls, down = w->node[1].down_calls;

	(void)state;
	replace(w, 1);
	world_configure(w, 0);
	/* Nothing is done before the host is known, and what the peer says meanwhile waits. */
	world_originate(w, 1, "10.8.0.0/24");
	world_advance(w, 3000);
	assert_false(world_established(w, 0, 1));
	assert_true(world_established(w, 1, 0));
	world_originate(w, 0, "10.1.0.0/24");
	originate_mac(w, 0, ONE);
	originated(w, 0);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(w->node[1].down_calls, down);
	assert_int_equal(w->node[1].up_calls, up);
	assert_true(has(w, 1, BGP_IPV4_UNICAST, "10.1.0.0/24"));
	assert_false(has(w, 1, BGP_IPV4_UNICAST, "10.2.0.0/24"));
	assert_true(has(w, 1, BGP_L2VPN_EVPN, ONE));
	assert_false(has(w, 1, BGP_L2VPN_EVPN, TWO));
	assert_true(has(w, 0, BGP_IPV4_UNICAST, "10.9.0.0/24"));
	assert_true(has(w, 0, BGP_IPV4_UNICAST, "10.8.0.0/24"));
	assert_true(bgp_converged(w->node[0].bgp));
	/* It lives on, and can be handed over again. */
	world_advance(w, 60000);
	assert_int_equal(w->node[1].down_calls, down);
	replace(w, 1);
	world_configure(w, 0);
	originated(w, 0);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(w->node[1].down_calls, down);
	assert_string_equal(world_routes(w, 1, BGP_L2VPN_EVPN), "");
	world_free(w);
}

/* Neither waits for the other, whose OPEN could not tell that it restarts as well. */
static void test_both_restart(void **state)
{
	struct world *w = pair_with_routes();

	(void)state;
	replace(w, 1);
	assert_int_equal(world_replace(w, 1), 1);
	bgp_restarted(w->node[1].bgp, true, w->now);
	for (int i = 0; i < 2; i++)
		world_configure(w, i);
	world_settle(w);
	world_originate(w, 1, "10.9.0.0/24");
	originate_mac(w, 0, ONE);
	bgp_originated(w->node[1].bgp);
	originated(w, 0);
	for (int i = 0; i < 2; i++) {
		assert_true(world_established(w, i, 1 - i));
		assert_true(bgp_converged(w->node[i].bgp));
	}
	assert_true(has(w, 1, BGP_L2VPN_EVPN, ONE));
	assert_false(has(w, 1, BGP_L2VPN_EVPN, TWO));
	assert_true(has(w, 0, BGP_IPV4_UNICAST, "10.9.0.0/24"));
	world_free(w);
}

/* ---- a peer that the test plays: FRR 8.4 sweeps unicast at EoRR, one family at a time ---- */

struct story {
	char text[4096];
	unsigned withdrawn;
};

static void tell(struct story *s, const char *what)
{
	strcat(s->text, s->text[0] != '\0' ? " " : "");
	strcat(s->text, what);
}

static const char *refresh_word(const struct route_refresh *r)
{
	static const char *const words[BGP_FAMILIES][3] = {
	    {"ask4", "begin4", "end4"}, {"ask6", "begin6", "end6"}, {"askE", "beginE", "endE"}};

	return words[r->family][r->kind];
}

static unsigned withdrawn(const struct update *u)
{
	unsigned count = 0;
	struct nlri n;

	for (size_t i = 0; i < u->unreach_count; i++)
		for (struct nlri_run run = u->unreach[i]; nlri_run_next(&run, &n);)
			count++;
	return count;
}

/* The messages that node 1 has received since the last time. */
static const char *heard(struct world *w, struct story *s)
{
	struct node *n = &w->node[1];
	struct update_context c = {.as4 = true,
	    .ebgp = true,
	    .families = {true, true, true},
	    .max_size = MESSAGE_MAX_EXTENDED};
	struct notification error;
	struct message m;

	s->text[0] = '\0';
	s->withdrawn = 0;
	for (size_t at = 0; at < n->rx_size; at += m.size) {
		struct route_refresh r;
		struct update u;

		assert_int_equal(
		    message_frame(n->rx + at, n->rx_size - at, MESSAGE_MAX_EXTENDED, &m, &error),
		    FRAMING_MESSAGE);
		if (m.type == MESSAGE_ROUTE_REFRESH) {
			route_refresh_decode(m.body, m.body_size, &r, &error);
			tell(s, refresh_word(&r));
		} else if (m.type == MESSAGE_UPDATE) {
			update_decode(m.body, m.body_size, &c, &w->arena, &u);
			tell(s, u.end_of_rib ? "done" : u.reach_count > 0 ? "routes" : "gone");
			s->withdrawn += withdrawn(&u);
		} else {
			tell(s, m.type == MESSAGE_KEEPALIVE ? "alive" : "other");
		}
	}
	n->rx_size = 0;
	return s->text;
}

static struct open able_open(struct world *w)
{
	struct open o = world_open(w, 1);

	o.enhanced_refresh = o.graceful_restart = true;
	o.families[BGP_IPV6_UNICAST] = true;
	return o;
}

static struct world *played_as(const struct open *changed, void (*change)(struct world *w))
{
	struct world *w = world_new(2);
	struct open o = changed != NULL ? *changed : able_open(w);

	w->keeps = w->originating = true;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	w->node[0].settings.restart = restart;
	graceful_neighbor(w, 0, 1);
	if (change != NULL)
		change(w);
	world_configure(w, 0);
	bgp_originated(w->node[0].bgp);
	world_settle(w);
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	assert_true(world_established(w, 0, 1));
	w->node[1].rx_size = 0;
	return w;
}

static struct world *played(const struct open *changed)
{
	return played_as(changed, NULL);
}

static void say_refresh(struct world *w, enum bgp_family family, enum route_refresh_kind kind)
{
	uint8_t b[64];
	struct writer out = writer_to(b, sizeof(b));

	route_refresh_encode(&out, &(struct route_refresh){.kind = kind, .family = family});
	world_say(w, 1, b, writer_size(&out));
}

static void say_end_of_rib(struct world *w, enum bgp_family family)
{
	uint8_t b[64];
	struct writer out = writer_to(b, sizeof(b));

	end_of_rib_encode(&out, family);
	world_say(w, 1, b, writer_size(&out));
}

static void say_refreshed(struct world *w, enum bgp_family family)
{
	say_refresh(w, family, ROUTE_REFRESH_BEGIN);
	say_refresh(w, family, ROUTE_REFRESH_END);
}

static void test_what_the_peer_hears(void **state)
{
	struct world *w = played(NULL);
	struct story s;

	(void)state;
	replace(w, 1);
	world_configure(w, 0);
	world_originate(w, 0, "10.1.0.0/24");
	originate_mac(w, 0, ONE);
	world_settle(w);
	assert_string_equal(heard(w, &s), "");
	originated(w, 0);
	/* What originates here goes out at once; the refresh waits for what others have to say. */
	assert_string_equal(heard(w, &s), "alive ask4 ask6 askE routes routes");
	/* To whom the beginning was told is no more: the end of it means nothing. */
	say_refresh(w, BGP_IPV4_UNICAST, ROUTE_REFRESH_END);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		say_end_of_rib(w, f);
	assert_false(bgp_converged(w->node[0].bgp));
	assert_string_equal(heard(w, &s), "");
	say_refreshed(w, BGP_IPV4_UNICAST);
	say_refreshed(w, BGP_IPV6_UNICAST);
	assert_false(bgp_converged(w->node[0].bgp));
	say_refreshed(w, BGP_L2VPN_EVPN);
	assert_true(bgp_converged(w->node[0].bgp));
	/* Markers, then one family after the other, EVPN's with what is no more taken back. */
	assert_string_equal(
	    heard(w, &s), "done begin4 routes end4 done begin6 end6 done gone beginE routes endE");
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

/* ---- what is not taken over ---- */

static void no_change(struct world *w)
{
	(void)w;
}

/* `bgp listen range`, in the place of the neighbor. */
static void by_range(struct world *w)
{
	struct bgp_settings *s = &w->node[0].settings;

	s->ranges = mem_new_array(1, sizeof(*s->ranges));
	s->range_count = s->listen_limit = 1;
	s->ranges[0].neighbor = s->neighbors[0];
	assert_true(prefix_parse("10.0.0.0/24", &s->ranges[0].prefix));
	s->neighbor_count = 0;
}

static void other_hold_time(struct world *w)
{
	w->node[0].settings.neighbors[0].hold_s = 12;
}

static void other_family(struct world *w)
{
	w->node[0].settings.neighbors[0].family[BGP_IPV6_UNICAST].activate = false;
}

static void other_as(struct world *w)
{
	w->node[0].settings.neighbors[0].local_as = 65055;
}

static void other_remote_as(struct world *w)
{
	w->node[0].settings.neighbors[0].remote_as = 65099;
}

static void other_source(struct world *w)
{
	w->node[0].settings.neighbors[0].update_source = ip_from_u32(0x0a000063);
}

static void other_name(struct world *w)
{
	w->node[0].settings.hostname[0] = 'x';
}

static void password(struct world *w)
{
	w->node[0].settings.neighbors[0].auth = world_password("secret");
}

static void shut_down(struct world *w)
{
	w->node[0].settings.neighbors[0].shutdown = true;
}

static void no_graceful_restart(struct world *w)
{
	w->node[0].settings.neighbors[0].graceful_restart = GRACEFUL_RESTART_OFF;
}

/* What the OPEN says of our restart is no agreement with the peer. */
static void other_restart_time(struct world *w)
{
	w->node[0].settings.restart.restart_s = 60;
	w->node[0].settings.restart.preserve_forwarding = true;
}

static void n_bit(struct world *w)
{
	w->node[0].settings.restart.notification = true;
}

static void no_neighbor(struct world *w)
{
	bgp_settings_fini(&w->node[0].settings);
	w->node[0].settings = (struct bgp_settings){.enabled = true, .as = 65001};
	w->node[0].settings.router_id = w->node[0].address;
}

static const struct {
	void (*change)(struct world *w);
	bool taken;
	const char *why;
	unsigned said; /* code and subcode of a NOTIFICATION */
} changes[] = {
    {no_change, true, "taken over", 0},
    {other_restart_time, true, "taken over", 0},
    {other_name, true, "taken over", 0},
    {by_range, true, "taken over", 0},
    {other_hold_time, false, "OPEN would be another one", 0},
    {other_family, false, "OPEN would be another one", 0},
    {other_as, false, "OPEN would be another one", 0},
    {no_graceful_restart, false, "OPEN would be another one", 0},
    {other_remote_as, false, "The peer's OPEN would not be taken", 0},
    {other_source, false, "The connection would be another one", 0},
    {password, true, "taken over", 0}, /* then the host closes it: os/test_handover.c */
    {shut_down, false, "Admin. shutdown", NOTIFY_CEASE << 8 | NOTIFY_CEASE_SHUTDOWN},
    {no_neighbor, false, "No such neighbor", NOTIFY_CEASE << 8 | NOTIFY_CEASE_DECONFIGURED},
};

static void test_configuration_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct world *w = played(NULL);
		unsigned count[6];

		w->node[1].closed = false;
		replace(w, 1);
		changes[i].change(w);
		world_configure(w, 0);
		originated(w, 0);
		assert_int_equal(w->node[1].closed, !changes[i].taken);
		assert_int_equal(world_established(w, 0, 1), changes[i].taken);
		assert_int_equal(world_notified(w, 1, count), changes[i].said);
		if (strstr(str_text(&w->node[0].logged), changes[i].why) == NULL)
			fail_msg("%s: %s", changes[i].why, str_text(&w->node[0].logged));
		world_free(w);
	}
}

/* Where both know of it, it is a Hard Reset: a plain one would leave our routes. */
static void test_neighbor_is_gone_hard(void **state)
{
	struct world *scratch = world_new(2), *w;
	struct open o = able_open(scratch);
	unsigned count[6];

	(void)state;
	o.notification = true;
	w = played_as(&o, n_bit);
	replace(w, 1);
	no_neighbor(w);
	world_configure(w, 0);
	originated(w, 0);
	assert_int_equal(world_notified(w, 1, count), NOTIFY_CEASE << 8 | NOTIFY_CEASE_HARD_RESET);
	world_free(w);
	world_free(scratch);
}

/* A session that does not go on is made anew, at once. */
static void test_falls_back(void **state)
{
	struct world *w = pair_with_routes();

	(void)state;
	replace(w, 1);
	other_hold_time(w);
	world_configure(w, 0);
	originated(w, 0);
	assert_true(world_peer(w, 1, 0).dropped_count == 1);
	world_advance(w, 3000);
	assert_true(world_established(w, 0, 1) && world_established(w, 1, 0));
	world_free(w);
}

static void range_elsewhere(struct world *w)
{
	assert_true(prefix_parse("10.1.0.0/24", &w->node[0].settings.ranges[0].prefix));
}

static void range_full(struct world *w)
{
	w->node[0].settings.listen_limit = 0;
}

static void range_holds_longer(struct world *w)
{
	w->node[0].settings.ranges[0].neighbor.hold_s = 12;
}

/* A neighbor that nobody has written down is there again, if a range still makes room for it; else
 * nothing of it is left. */
static void test_by_listen_range(void **state)
{
	static const struct {
		void (*change)(struct world *w);
		bool taken;
	} ranges[] = {{no_change, true}, {range_elsewhere, false}, {range_full, false},
	    {range_holds_longer, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct world *w = played_as(NULL, by_range);
		struct bgp_peer_view v;

		w->node[1].closed = false;
		replace(w, 1);
		ranges[i].change(w);
		world_configure(w, 0);
		originated(w, 0);
		assert_int_equal(w->node[1].closed, !ranges[i].taken);
		assert_int_equal(bgp_peer_at(w->node[0].bgp, 0, &v), ranges[i].taken);
		assert_int_equal(world_established(w, 0, 1), ranges[i].taken);
		/* Like any other that came by the range: with its session it goes. */
		world_hang_up(w, 1);
		world_advance(w, 400000);
		assert_false(bgp_peer_at(w->node[0].bgp, 0, &v));
		world_free(w);
	}
}

/* What the previous instance told is not known: it could not be taken back. */
static void test_no_state_file(void **state)
{
	static const char *const why[] = {"No state file", "does not tell all"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *w = played(NULL);

		w->node[1].closed = false;
		assert_int_equal(world_replace(w, 0), 1);
		if (i == 1)
			bgp_restarted(w->node[0].bgp, false, w->now);
		world_configure(w, 0);
		originated(w, 0);
		assert_true(w->node[1].closed);
		assert_non_null(strstr(str_text(&w->node[0].logged), why[i]));
		world_free(w);
	}
}

static void test_closes_while_it_waits(void **state)
{
	struct world *w = pair_with_routes();

	(void)state;
	replace(w, 1);
	world_configure(w, 0);
	world_cut(w, 0, 1);
	world_settle(w);
	assert_false(world_established(w, 1, 0));
	originated(w, 0);
	world_advance(w, 3000);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

static void test_bad_notes(void **state)
{
	struct world *w = pair_with_routes();
	struct str note = {0};

	(void)state;
	for (int i = 0; i < w->conn_count; i++)
		for (int side = 0; side < 2; side++)
			if (w->conns[i].node[side] == 0 && w->conns[i].note[side].size > 0) {
				str_clear(&note);
				str_add_bytes(&note, str_text(&w->conns[i].note[side]),
				    w->conns[i].note[side].size);
			}
	assert_true(note.size > 0);
	world_kill(w, 0);
	world_revive(w, 0);
	for (size_t size = 0; size < note.size; size++)
		bgp_inherit(
		    w->node[0].bgp, &(struct bgp_inherited){
					.note = (const uint8_t *)str_text(&note), .size = size});
	world_configure(w, 0);
	originated(w, 0);
	world_advance(w, 3000);
	assert_true(world_established(w, 0, 1));
	str_fini(&note);
	world_free(w);
}

/* ---- what is not handed over ---- */

static bool handed_over(const struct world *w, int node)
{
	for (int i = 0; i < w->conn_count; i++)
		for (int side = 0; side < 2; side++)
			if (w->conns[i].node[side] == node && w->conns[i].conn[side] != 0 &&
			    w->conns[i].note[side].size > 0)
				return true;
	return false;
}

static void test_peers_that_cannot(void **state)
{
	struct world *scratch = world_new(2);
	struct open able = able_open(scratch), o;
	struct world *w;

	(void)state;
	w = played(&able);
	assert_true(handed_over(w, 0));
	world_free(w);
	o = able;
	o.enhanced_refresh = false;
	w = played(&o);
	assert_false(handed_over(w, 0));
	world_free(w);
	o = able;
	o.graceful_restart = false;
	w = played(&o);
	assert_false(handed_over(w, 0));
	world_free(w);
	world_free(scratch);
}

static void test_settings_that_forbid(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *w = pair();
		struct neighbor_settings *a = &w->node[0].settings.neighbors[0];

		if (i == 0)
			a->graceful_restart = GRACEFUL_RESTART_HELPER;
		a->family[BGP_L2VPN_EVPN].add_path = i == 1 ? ADD_PATH_ALL : ADD_PATH_NONE;
		start(w);
		assert_true(world_established(w, 0, 1));
		assert_false(handed_over(w, 0));
		assert_true(handed_over(w, 1));
		world_free(w);
	}
}

/* ---- EVPN routes of others ---- */

/* What the file says; node 0 is replaced, and knows its host at once. */
static void replace_leaf(struct world *w, int connections)
{
	struct node *n = &w->node[0];

	assert_int_equal(world_replace(w, 0), connections);
	bgp_restarted(n->bgp, true, w->now);
	for (int i = 0; i < n->told_count; i++)
		bgp_formerly(n->bgp, &n->told[i]);
	n->told_count = 0;
	world_configure(w, 0);
}

/* A leaf between a speaker (2) that originates and a peer (1). */
static struct world *leaf_with(bool peer_is_played, uint16_t hold_s)
{
	struct world *w = world_new(3);
	struct open o = able_open(w);

	w->keeps = w->originating = true;
	for (int i = 0; i < 3; i++) {
		if (i == 1 && peer_is_played)
			continue;
		world_speaker(w, i);
		w->node[i].settings.restart = restart;
	}
	o.hold_s = hold_s;
	graceful_neighbor(w, 0, 1)->hold_s = hold_s;
	graceful_neighbor(w, 0, 2);
	graceful_neighbor(w, 1, 0);
	graceful_neighbor(w, 2, 0);
	w->node[1].refuses = peer_is_played;
	for (int i = 0; i < 3; i++)
		if (w->node[i].bgp != NULL) {
			world_configure(w, i);
			bgp_originated(w->node[i].bgp);
		}
	world_settle(w);
	if (peer_is_played) {
		world_connect(w, 1, 0);
		world_say_open(w, 1, &o);
		world_say_keepalive(w, 1);
	}
	assert_true(world_established(w, 0, 1) && world_established(w, 0, 2));
	return w;
}

static struct world *leaf(bool peer_is_played)
{
	return leaf_with(peer_is_played, 9);
}

static void withdraw_mac(struct world *w, int node, const char *mac)
{
	struct nlri n = world_mac(RD, mac, 100);

	bgp_withdraw(w->node[node].bgp, &n);
}

static void count_one(void *context, const struct nlri *nlri)
{
	(void)nlri;
	++*(unsigned *)context;
}

static unsigned told_count(struct world *w)
{
	unsigned count = 0;

	bgp_walk_told(w->node[0].bgp, &count, count_one);
	return count;
}

static void test_passes_on_evpn(void **state)
{
	struct world *w = leaf(false);

	(void)state;
	originate_mac(w, 2, ONE);
	originate_mac(w, 2, TWO);
	world_settle(w);
	assert_true(has(w, 1, BGP_L2VPN_EVPN, ONE) && has(w, 1, BGP_L2VPN_EVPN, TWO));
	assert_int_equal(told_count(w), 2);
	for (int i = 0; i < 2; i++) {
		replace_leaf(w, 2);
		withdraw_mac(w, 2, TWO);
		world_settle(w);
		assert_true(has(w, 1, BGP_L2VPN_EVPN, ONE));
		originated(w, 0);
		assert_true(has(w, 1, BGP_L2VPN_EVPN, ONE));
		assert_false(has(w, 1, BGP_L2VPN_EVPN, TWO));
		/* What is no more need not be on file any more. */
		assert_int_equal(told_count(w), 1);
		assert_int_equal(w->node[0].told_count, 1);
	}
	for (int i = 1; i < 3; i++)
		assert_int_equal(world_peer(w, i, 0).dropped_count, 0);
	world_free(w);
}

/* One that sweeps no EVPN hears by name what is gone, once it is known to be: not before the other
 * one has told all. */
static void test_what_a_peer_of_a_leaf_hears(void **state)
{
	struct world *w = leaf(true);
	struct story s;

	(void)state;
	originate_mac(w, 2, ONE);
	originate_mac(w, 2, TWO);
	world_settle(w);
	heard(w, &s);
	replace_leaf(w, 2);
	withdraw_mac(w, 2, TWO);
	w->hold = true;
	originated(w, 0);
	w->hold = false;
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		say_refreshed(w, f);
	world_settle(w);
	assert_string_equal(heard(w, &s),
	    "alive ask4 ask6 askE done begin4 end4 done begin6 end6 routes done gone beginE routes "
	    "endE");
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

static bool is_best(struct world *w, int node, const char *what)
{
	const char *at = strstr(world_routes(w, node, BGP_L2VPN_EVPN), what);

	return at != NULL && strcspn(at, "*") < strcspn(at, "\n");
}

/* Its connection is there, and it is not: the others' routes do not wait for its hold time. */
static void test_a_peer_is_dead(void **state)
{
	struct world *w = leaf_with(true, 180);

	(void)state;
	replace_leaf(w, 2);
	originate_mac(w, 2, ONE);
	originated(w, 0);
	assert_true(world_established(w, 0, 1) && world_established(w, 0, 2));
	world_advance(w, 14000);
	assert_false(is_best(w, 0, ONE));
	world_advance(w, 2000);
	assert_true(is_best(w, 0, ONE));
	assert_true(world_established(w, 0, 1));
	world_advance(w, 180000);
	assert_false(world_established(w, 0, 1));
	world_free(w);
}

/* Thousands are taken back in pieces. */
static void test_many_are_gone(void **state)
{
	struct world *w = leaf(true);
	struct story s;

	(void)state;
	replace_leaf(w, 2);
	for (unsigned i = 0; i < 5000; i++) {
		struct nlri n = world_mac(RD, ONE, 100);

		n.evpn.ethernet_tag = i;
		bgp_formerly(w->node[0].bgp, &n);
	}
	originated(w, 0);
	heard(w, &s);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		say_refreshed(w, f);
	world_settle(w);
	heard(w, &s);
	assert_int_equal(s.withdrawn, 5000);
	assert_non_null(strstr(s.text, "gone beginE endE"));
	assert_int_equal(told_count(w), 0);
	world_free(w);
}

/* What no file can hold. */
static void test_passes_on_what_is_unknown(void **state)
{
	struct world *w = leaf(false);
	struct nlri n = {.family = BGP_L2VPN_EVPN,
	    .evpn = {.type = 77, .opaque = (const uint8_t *)"what", .opaque_size = 4}};

	(void)state;
	bgp_originate(w->node[2].bgp, &n, &(struct attrs){.next_hop = w->node[2].address});
	world_settle(w);
	/* The one that it came from still has nothing but what we can take back. */
	assert_int_equal(world_replace(w, 0), 1);
	assert_true(world_established(w, 2, 0));
	world_settle(w);
	assert_false(world_established(w, 1, 0));
	world_free(w);
}

/* Several paths of a prefix, of which one is gone when all is told again under new Path
 * Identifiers: the peer is left with the other. */
static void test_several_paths(void **state)
{
	struct world *w = world_new(4);
	const char *left;

	(void)state;
	w->keeps = w->originating = true;
	for (int i = 0; i < 4; i++) {
		world_speaker(w, i);
		w->node[i].settings.restart = restart;
	}
	for (int i = 1; i < 4; i++) {
		graceful_neighbor(w, 0, i)->family[BGP_IPV4_UNICAST].add_path = ADD_PATH_ALL;
		graceful_neighbor(w, i, 0);
	}
	start(w);
	world_originate(w, 2, "10.9.0.0/24");
	world_settle(w);
	world_originate(w, 3, "10.9.0.0/24");
	world_settle(w);
	left = world_routes(w, 1, BGP_IPV4_UNICAST);
	assert_true(strstr(left, "65001 65003") != NULL && strstr(left, "65001 65004") != NULL);
	assert_int_equal(world_replace(w, 0), 3);
	bgp_restarted(w->node[0].bgp, true, w->now);
	world_configure(w, 0);
	world_withdraw(w, 2, "10.9.0.0/24");
	originated(w, 0);
	for (int i = 1; i < 4; i++) {
		assert_true(world_established(w, i, 0));
		assert_int_equal(world_peer(w, i, 0).dropped_count, 0);
	}
	assert_string_equal(
	    world_routes(w, 1, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65001 65004 from 10.0.0.1*\n");
	world_free(w);
}

/* ---- the end of the first ---- */

static void test_stop(void **state)
{
	unsigned count[6];

	(void)state;
	for (int back = 0; back < 2; back++) {
		struct world *w = played(NULL);

		w->node[1].closed = false;
		w->node[1].rx_size = 0;
		bgp_stop(w->node[0].bgp, back != 0, w->now);
		world_settle(w);
		assert_int_equal(w->node[1].closed, !back);
		assert_int_equal(world_notified(w, 1, count) != 0, !back);
		assert_int_equal(handed_over(w, 0), back);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_peer_sees_nothing),
	    cmocka_unit_test(test_both_restart),
	    cmocka_unit_test(test_what_the_peer_hears),
	    cmocka_unit_test(test_configuration_changed),
	    cmocka_unit_test(test_by_listen_range),
	    cmocka_unit_test(test_neighbor_is_gone_hard),
	    cmocka_unit_test(test_falls_back),
	    cmocka_unit_test(test_no_state_file),
	    cmocka_unit_test(test_closes_while_it_waits),
	    cmocka_unit_test(test_bad_notes),
	    cmocka_unit_test(test_peers_that_cannot),
	    cmocka_unit_test(test_settings_that_forbid),
	    cmocka_unit_test(test_passes_on_evpn),
	    cmocka_unit_test(test_what_a_peer_of_a_leaf_hears),
	    cmocka_unit_test(test_a_peer_is_dead),
	    cmocka_unit_test(test_many_are_gone),
	    cmocka_unit_test(test_passes_on_what_is_unknown),
	    cmocka_unit_test(test_several_paths),
	    cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
