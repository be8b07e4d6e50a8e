/*
 * Sessions: the RFC 4271 state machine between real speakers and against a peer that the test
 * plays, with scripted time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/message.h"
#include "speakers.h"

#define CODE(code, subcode) ((code)*256u + (subcode))

static struct world *pair(void)
{
	struct world *w = world_new(2);

	world_chain(w, 2);
	return w;
}

static struct world *unnumbered_pair(void)
{
	struct world *w = world_new(2);

	for (int i = 0; i < 2; i++) {
		world_speaker(w, i);
		world_unnumbered(w, i, 3 + i);
		world_configure(w, i);
	}
	world_link(w, 0, 3, 1, 4);
	return w;
}

/* Node 0 is a speaker with node 1 for a neighbor that the test plays. */
static struct world *scripted_pair(bool refuses)
{
	struct world *w = world_new(2);

	w->node[1].refuses = refuses;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1);
	world_configure(w, 0);
	world_settle(w);
	return w;
}

static void test_comes_up(void **state)
{
	struct world *w = pair();
	struct bgp_peer_view v;

	(void)state;
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	assert_true(world_established(w, 1, 0));
	v = world_peer(w, 0, 1);
	assert_int_equal(v.remote_as, 65002);
	assert_int_equal(v.hold_s, 9);
	assert_int_equal(v.keepalive_s, 3);
	assert_string_equal(v.hostname, "node1");
	assert_true(v.ebgp);
	assert_true(v.negotiated[BGP_IPV4_UNICAST] && v.negotiated[BGP_L2VPN_EVPN]);
	assert_false(v.negotiated[BGP_IPV6_UNICAST]);
	assert_true(bgp_converged(w->node[0].bgp));
	world_free(w);
}

/* Both connect at once: one connection stays, the one opened by the higher identifier. */
static void test_collision(void **state)
{
	struct world *w = pair();
	unsigned open = 0;

	(void)state;
	w->hold = true;
	world_settle(w);
	assert_int_equal(w->node[0].connects + w->node[1].connects, 2);
	w->hold = false;
	world_settle(w);
	for (int i = 0; i < w->conn_count; i++) {
		if (!w->conns[i].open)
			continue;
		open++;
		assert_int_equal(w->conns[i].node[0], 1);
	}
	assert_int_equal(open, 1);
	assert_true(world_established(w, 0, 1) && world_established(w, 1, 0));
	world_advance(w, 60000);
	assert_int_equal(w->node[0].down_calls + w->node[1].down_calls, 0);
	world_free(w);
}

static void test_stays_up_by_keepalives(void **state)
{
	struct world *w = pair();

	(void)state;
	world_advance(w, 3600 * 1000);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(w->node[0].up_calls, 3); /* and two End-of-RIB */
	assert_int_equal(w->node[0].down_calls, 0);
	/* one per 2.25 to 3 s, not more */
	assert_in_range(w->node[0].messages_out, 1200, 1620);
	world_free(w);
}

/* One side says 60 and 180 s, the other 3 and 9 s: the shorter hold time counts, and both keep it.
 * So they do with an interval above the hold time. RFC 4271 sections 4.2, 4.4. */
static void test_uneven_timers(void **state)
{
	static const uint16_t timers[][2] = {{60, 180}, {60, 30}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = pair();

		world_neighbor(w, 0, 1)->keepalive_s = timers[i][0];
		world_neighbor(w, 0, 1)->hold_s = timers[i][1];
		world_configure(w, 0);
		world_advance(w, 600 * 1000);
		assert_true(world_established(w, 0, 1) && world_established(w, 1, 0));
		assert_int_equal(world_peer(w, 0, 1).hold_s, 9);
		assert_int_equal(world_peer(w, 0, 1).keepalive_s, 3);
		assert_true(w->node[0].down_calls <= 1); /* the change itself */
		world_free(w);
	}
}

static void test_hold_timer(void **state)
{
	struct world *w = scripted_pair(true);
	unsigned count[6];

	(void)state;
	world_handshake(w, 1, 0);
	assert_true(world_established(w, 0, 1));
	world_advance(w, 8900);
	assert_true(world_established(w, 0, 1));
	world_say_keepalive(w, 1);
	world_advance(w, 8900);
	assert_true(world_established(w, 0, 1));
	world_advance(w, 200);
	assert_false(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_HOLD_TIMER, 0));
	assert_true(w->node[1].closed);
	assert_string_equal(
	    world_peer(w, 0, 1).last_reset, "Notification sent: Hold Timer Expired");
	world_free(w);
}

/* RFC 9687: it talks, but reads nothing: after 8 minutes that is over. One that reads now and then
 * stays. */
static void test_send_hold_timer(void **state)
{
	struct world *w = scripted_pair(true);
	unsigned count[6];

	(void)state;
	world_handshake(w, 1, 0);
	for (int s = 0; s < 1000; s += 5) {
		w->node[0].slow = s % 400 != 0;
		world_say_keepalive(w, 1);
		world_advance(w, 5000);
	}
	assert_true(world_established(w, 0, 1));
	w->node[0].slow = false;
	world_advance(w, 3000);
	w->node[0].slow = true;
	for (int s = 0; s < 475; s += 5) {
		world_say_keepalive(w, 1);
		world_advance(w, 5000);
	}
	assert_true(world_established(w, 0, 1));
	world_say_keepalive(w, 1);
	world_advance(w, 8500);
	assert_false(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_SEND_HOLD_TIMER, 0));
	assert_string_equal(
	    world_peer(w, 0, 1).last_reset, "Notification sent: Send Hold Timer Expired");
	world_free(w);
}

/* It was us who slept: what the peer sent meanwhile counts. If it sent nothing, it is gone. */
static void test_own_sleep(void **state)
{
	struct world *w = scripted_pair(true);

	(void)state;
	world_handshake(w, 1, 0);
	w->now = mono_add_s(w->now, 30);
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	world_say_keepalive(w, 1);
	world_advance(w, 8000);
	assert_true(world_established(w, 0, 1));
	w->now = mono_add_s(w->now, 30);
	world_advance(w, 2100);
	assert_false(world_established(w, 0, 1));
	world_free(w);
}

/* … and what it read meanwhile has to be noticed first. */
static void test_own_sleep_while_sending(void **state)
{
	struct world *w = scripted_pair(true);

	(void)state;
	world_handshake(w, 1, 0);
	w->node[0].slow = true;
	world_say_keepalive(w, 1);
	world_advance(w, 5000);
	w->now = mono_add_s(w->now, 600);
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	w->node[0].slow = false;
	world_say_keepalive(w, 1);
	world_advance(w, 5000);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

/* Refused: soon again, then ever slower up to the configured pace, with jitter. */
static void test_connect_retry(void **state)
{
	struct world *w = scripted_pair(true);

	(void)state;
	assert_int_equal(w->node[0].connects, 1);
	assert_int_equal(world_peer(w, 0, 1).state, BGP_ACTIVE);
	assert_string_equal(world_peer(w, 0, 1).state_reason, "Connection refused");
	world_advance(w, 700);
	assert_int_equal(w->node[0].connects, 1);
	world_advance(w, 400);
	assert_int_equal(w->node[0].connects, 2);
	world_advance(w, 600 * 1000);
	assert_in_range(w->node[0].connects, 60, 85);
	world_free(w);
}

static void test_peer_that_opens_and_stalls(void **state)
{
	struct world *w = scripted_pair(true);
	unsigned count[6];

	(void)state;
	world_connect(w, 1, 0);
	assert_int_equal(world_peer(w, 0, 1).state, BGP_OPENSENT);
	/* and a new connection from the same peer replaces it */
	world_advance(w, 230 * 1000);
	assert_false(w->node[1].closed);
	world_advance(w, 11 * 1000);
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_HOLD_TIMER, 0));
	assert_true(w->node[1].closed);
	world_connect(w, 1, 0);
	world_advance(w, 1000);
	world_handshake(w, 1, 0);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

static void expect_open_error(void (*spoil)(struct open *), unsigned code)
{
	struct world *w = scripted_pair(true);
	struct open o = world_open(w, 1);
	unsigned count[6];

	spoil(&o);
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	assert_int_equal(world_notified(w, 1, count), code);
	assert_true(w->node[1].closed);
	assert_int_equal(w->node[0].up_calls, 0);
	world_free(w);
}

static void spoil_as(struct open *o)
{
	o->as = 65099;
}

static void spoil_hold(struct open *o)
{
	o->hold_s = 2;
}

static void spoil_id(struct open *o)
{
	o->router_id = ip_from_u32(0);
}

static void spoil_families(struct open *o)
{
	memset(o->families, 0, sizeof(o->families));
	o->families[BGP_IPV6_UNICAST] = true;
}

static void test_bad_open(void **state)
{
	(void)state;
	expect_open_error(spoil_as, CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS));
	expect_open_error(spoil_hold, CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_HOLD_TIME));
	expect_open_error(spoil_id, CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_IDENTIFIER));
	expect_open_error(spoil_families, CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_CAPABILITY));
}

static void test_bad_version(void **state)
{
	struct world *w = scripted_pair(true);
	uint8_t b[MESSAGE_MAX];
	struct writer out = writer_to(b, sizeof(b));
	struct open o = world_open(w, 1);
	unsigned count[6];

	(void)state;
	open_encode(&out, &o);
	b[MESSAGE_HEADER_SIZE] = 3;
	world_connect(w, 1, 0);
	world_say(w, 1, b, writer_size(&out));
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_VERSION));
	world_free(w);
}

static void test_same_router_id_inside_as(void **state)
{
	struct world *w = world_new(2);
	struct open o;
	unsigned count[6];

	(void)state;
	w->node[1].refuses = true;
	w->node[1].as = 65001;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1)->remote_as_kind = REMOTE_AS_INTERNAL;
	world_configure(w, 0);
	o = world_open(w, 1);
	o.router_id = w->node[0].address;
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	assert_int_equal(
	    world_notified(w, 1, count), CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_IDENTIFIER));
	world_free(w);
}

/* RFC 6608: what does not belong into a state says so. */
static void test_fsm_errors(void **state)
{
	struct world *w = scripted_pair(true);
	struct open o = world_open(w, 1);
	unsigned count[6];

	(void)state;
	world_connect(w, 1, 0);
	world_say_keepalive(w, 1);
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_FSM, NOTIFY_FSM_OPENSENT));
	world_advance(w, 5000);
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	world_say_open(w, 1, &o);
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_FSM, NOTIFY_FSM_OPENCONFIRM));
	world_advance(w, 5000);
	world_handshake(w, 1, 0);
	assert_true(world_established(w, 0, 1));
	world_say_open(w, 1, &o);
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_FSM, NOTIFY_FSM_ESTABLISHED));
	assert_false(world_established(w, 0, 1));
	world_free(w);
}

static void test_garbage(void **state)
{
	struct world *w = scripted_pair(true);
	uint8_t garbage[4096];
	unsigned count[6];

	(void)state;
	memset(garbage, 0x5a, sizeof(garbage));
	world_connect(w, 1, 0);
	world_say(w, 1, garbage, sizeof(garbage));
	assert_int_equal(
	    world_notified(w, 1, count), CODE(NOTIFY_HEADER, NOTIFY_HEADER_NOT_SYNCHRONIZED));
	assert_true(w->node[1].closed);
	world_free(w);
}

/* The longest message there is, in pieces of every awkward size. */
static void longest_message(bool announced)
{
	struct world *w = scripted_pair(true);
	static uint8_t b[MESSAGE_MAX_EXTENDED];
	struct open o = world_open(w, 1);
	unsigned count[6];

	o.extended_message = announced;
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	memset(b, 0xff, 16);
	b[16] = b[17] = 0xff;
	b[18] = MESSAGE_UPDATE;
	/* withdrawn routes to the end: 10.x.y.0/24 */
	b[19] = (uint8_t)((sizeof(b) - 23) >> 8);
	b[20] = (uint8_t)(sizeof(b) - 23);
	for (size_t i = 0; i + 4 <= sizeof(b) - 23; i += 4)
		memcpy(b + 21 + i, (uint8_t[]){24, 10, (uint8_t)(i >> 10), (uint8_t)(i >> 2)}, 4);
	for (size_t at = 0, n; at < sizeof(b); at += n) {
		n = at % 1447 + 1;
		n = n < sizeof(b) - at ? n : sizeof(b) - at;
		world_say(w, 1, b + at, n);
	}
	assert_true(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), 0);
	assert_int_equal(world_peer(w, 0, 1).update_received, 1);
	world_free(w);
}

/* RFC 8654 section 4: we announce that we take them; what the peer announces is what it takes. */
static void test_longest_message(void **state)
{
	(void)state;
	longest_message(true);
	longest_message(false);
}

/* OPEN, and then never a KEEPALIVE: the hold time of the OPEN counts. */
static void test_peer_that_stalls_after_open(void **state)
{
	struct world *w = scripted_pair(true);
	struct open o = world_open(w, 1);
	unsigned count[6];

	(void)state;
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	assert_int_equal(world_peer(w, 0, 1).state, BGP_OPENCONFIRM);
	world_advance(w, 8900);
	assert_false(w->node[1].closed);
	world_advance(w, 200);
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_HOLD_TIMER, 0));
	assert_true(w->node[1].closed);
	world_free(w);
}

/* Bytes alone are no sign of life: a message that never ends does not keep a session. */
static void test_peer_that_trickles(void **state)
{
	struct world *w = scripted_pair(true);
	uint8_t header[MESSAGE_HEADER_SIZE];
	unsigned count[6];

	(void)state;
	world_handshake(w, 1, 0);
	memset(header, 0xff, sizeof(header));
	header[18] = MESSAGE_UPDATE;
	world_say(w, 1, header, sizeof(header));
	for (int i = 0; i < 89; i++) {
		world_advance(w, 100);
		world_say(w, 1, "", 1);
	}
	assert_true(world_established(w, 0, 1));
	world_advance(w, 200);
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_HOLD_TIMER, 0));
	world_free(w);
}

/* Every header that cannot be: the session ends with the code for it (RFC 4271 section 6.1), and
 * the daemon is as it was. */
static void test_bad_headers(void **state)
{
	static const struct {
		uint16_t length;
		uint8_t type;
		uint8_t subcode;
	} cases[] = {
	    {0, MESSAGE_UPDATE, NOTIFY_HEADER_BAD_LENGTH},
	    {18, MESSAGE_KEEPALIVE, NOTIFY_HEADER_BAD_LENGTH},
	    {20, MESSAGE_KEEPALIVE, NOTIFY_HEADER_BAD_LENGTH},
	    {65535, MESSAGE_KEEPALIVE, NOTIFY_HEADER_BAD_LENGTH},
	    {28, MESSAGE_OPEN, NOTIFY_HEADER_BAD_LENGTH},
	    {4097, MESSAGE_OPEN, NOTIFY_HEADER_BAD_LENGTH},
	    {22, MESSAGE_UPDATE, NOTIFY_HEADER_BAD_LENGTH},
	    {20, MESSAGE_NOTIFICATION, NOTIFY_HEADER_BAD_LENGTH},
	    {22, MESSAGE_ROUTE_REFRESH, NOTIFY_HEADER_BAD_LENGTH},
	    {19, 0, NOTIFY_HEADER_BAD_TYPE},
	    {19, 6, NOTIFY_HEADER_BAD_TYPE},
	    {65535, 255, NOTIFY_HEADER_BAD_TYPE},
	};
	struct world *w = scripted_pair(true);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t header[MESSAGE_HEADER_SIZE];
		unsigned count[6];

		world_handshake(w, 1, 0);
		assert_true(world_established(w, 0, 1));
		memset(header, 0xff, sizeof(header));
		header[16] = (uint8_t)(cases[i].length >> 8);
		header[17] = (uint8_t)cases[i].length;
		header[18] = cases[i].type;
		for (size_t at = 0; at < sizeof(header); at++)
			world_say(w, 1, header + at, 1);
		assert_int_equal(
		    world_notified(w, 1, count), CODE(NOTIFY_HEADER, cases[i].subcode));
		assert_true(w->node[1].closed);
		world_advance(w, 100 * 1000);
	}
	world_free(w);
}

/* Whoever was there is looked for quickly again, however long it took to find it before. */
static void test_retries_begin_anew(void **state)
{
	struct world *w = world_new(2);
	unsigned connects;

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1)->connect_retry_s = 60;
	world_configure(w, 0);
	world_advance(w, 200 * 1000);
	w->node[1].refuses = false;
	world_speaker(w, 1);
	world_neighbor(w, 1, 0)->passive = true;
	world_configure(w, 1);
	world_advance(w, 70 * 1000);
	assert_true(world_established(w, 0, 1));
	connects = w->node[0].connects;
	w->node[1].refuses = true;
	world_cut(w, 0, 1);
	world_advance(w, 15 * 1000);
	assert_true(w->node[0].connects >= connects + 3);
	world_free(w);
}

/* RFC 7313 section 5: a BoRR that is too long comes back whole. */
static void test_bad_refresh(void **state)
{
	static const uint8_t body[] = {0, 25, MESSAGE_ROUTE_REFRESH, 0, 1, 1, 1, 0xaa, 0xbb};
	struct world *w = scripted_pair(true);
	uint8_t message[MESSAGE_HEADER_SIZE + 6];
	const struct node *n = &w->node[1];
	unsigned count[6];

	(void)state;
	memset(message, 0xff, 16);
	memcpy(message + 16, body, sizeof(body));
	world_handshake(w, 1, 0);
	world_say(w, 1, message, sizeof(message));
	assert_int_equal(world_notified(w, 1, count), CODE(NOTIFY_ROUTE_REFRESH, 1));
	assert_memory_equal(n->rx + n->rx_size - sizeof(message), message, sizeof(message));
	world_free(w);
}

static void test_oversized_before_negotiation(void **state)
{
	struct world *w = scripted_pair(true);
	uint8_t b[MESSAGE_HEADER_SIZE];
	unsigned count[6];

	(void)state;
	memset(b, 0xff, sizeof(b));
	b[18] = MESSAGE_OPEN;
	world_connect(w, 1, 0);
	world_say(w, 1, b, sizeof(b));
	assert_int_equal(
	    world_notified(w, 1, count), CODE(NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH));
	world_free(w);
}

/* A flapping peer waits longer each time; one that lasted a minute begins anew. */
static void test_back_off(void **state)
{
	struct world *w = scripted_pair(false);
	struct open o = world_open(w, 1);
	int64_t waited[5];

	(void)state;
	o.as = 65099;
	for (int i = 0; i < 5; i++) {
		mono_t before;
		unsigned connects = w->node[0].connects;

		world_say_open(w, 1, &o);
		assert_int_equal(world_peer(w, 0, 1).state, BGP_IDLE);
		before = w->now;
		while (w->node[0].connects == connects)
			world_advance(w, 50);
		waited[i] = mono_ms_between(before, w->now);
	}
	assert_in_range(waited[0], 700, 1100);
	assert_in_range(waited[2], 2900, 4100);
	assert_in_range(waited[4], 11900, 16100);
	world_free(w);
}

/* A peer that comes and goes ten times a second for a minute is let in ever more rarely, each of
 * its sessions is counted, its routes are there while it is; and when it comes to rest it stays. */
static void test_flapping(void **state)
{
	struct world *w = scripted_pair(true);
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xea};
	struct nlri n = world_mac("10.0.0.2:2", "fa:16:3e:7e:e3:5a", 10099);
	struct attrs a = {.next_hop = ip_from_u32(0x0a000002), .as_path = path, .as_path_size = 6};
	unsigned accepted = 0;

	(void)state;
	for (int i = 0; i < 600; i++) {
		world_handshake(w, 1, 0);
		if (!w->node[1].closed) {
			accepted++;
			world_say_mac(w, 1, &n, &a);
			assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 1);
			world_hang_up(w, 1);
			assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 0);
		}
		world_advance(w, 100);
	}
	assert_in_range(accepted, 4, 12);
	assert_int_equal(world_peer(w, 0, 1).established_count, accepted);
	assert_int_equal(world_peer(w, 0, 1).dropped_count, accepted);
	assert_int_equal(w->node[0].down_calls, accepted);
	while (world_connect(w, 1, 0), w->node[1].closed)
		world_advance(w, 1000);
	assert_in_range(mono_ms_between((mono_t){0}, w->now), 60 * 1000, 130 * 1000);
	world_handshake(w, 1, 0);
	world_say_mac(w, 1, &n, &a);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 1);
	world_free(w);
}

static void test_shutdown_message(void **state)
{
	struct world *w = pair();

	(void)state;
	world_settle(w);
	w->node[1].settings.neighbors[0].shutdown = true;
	w->node[1].settings.neighbors[0].shutdown_message = mem_strdup("disk swap, back at 9");
	world_configure(w, 1);
	world_settle(w);
	assert_int_equal(world_peer(w, 0, 1).state, BGP_IDLE);
	assert_non_null(strstr(world_peer(w, 0, 1).last_reset, "disk swap, back at 9"));
	assert_non_null(strstr(str_text(&w->node[0].logged), "disk swap, back at 9"));
	world_advance(w, 300 * 1000);
	assert_false(world_established(w, 0, 1));
	w->node[1].settings.neighbors[0].shutdown = false;
	world_configure(w, 1);
	world_advance(w, 1000);
	assert_true(world_established(w, 1, 0));
	world_free(w);
}

static void test_stop(void **state)
{
	struct world *w = pair();

	(void)state;
	world_settle(w);
	bgp_stop(w->node[0].bgp, true, w->now);
	world_settle(w);
	assert_false(world_established(w, 1, 0));
	assert_non_null(strstr(world_peer(w, 1, 0).last_reset, "Shutdown"));
	world_advance(w, 100 * 1000);
	assert_false(world_established(w, 1, 0));
	world_free(w);
}

static void test_lost_connection_returns(void **state)
{
	struct world *w = pair();

	(void)state;
	world_settle(w);
	world_cut(w, 0, 1);
	world_settle(w);
	assert_false(world_established(w, 0, 1));
	world_advance(w, 1100);
	assert_true(world_established(w, 0, 1) && world_established(w, 1, 0));
	assert_int_equal(world_peer(w, 0, 1).dropped_count, 1);
	world_free(w);
}

/* The peer restarted without a word: it connects anew while we believe in the old session. */
static void test_stale_session_ends_by_hold_time(void **state)
{
	struct world *w = scripted_pair(true);

	(void)state;
	world_handshake(w, 1, 0);
	world_connect(w, 1, 0);
	assert_true(w->node[1].closed);
	assert_true(world_established(w, 0, 1));
	world_advance(w, 9100);
	assert_false(world_established(w, 0, 1));
	world_handshake(w, 1, 0);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

static void test_unknown_peer_is_refused(void **state)
{
	struct world *w = world_new(3);

	(void)state;
	world_chain(w, 2);
	world_settle(w);
	world_connect(w, 2, 0);
	assert_true(w->node[2].closed);
	world_free(w);
}

static void test_passive(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1)->passive = true;
	world_configure(w, 0);
	world_advance(w, 20 * 1000);
	assert_int_equal(w->node[0].connects, 0);
	assert_int_equal(world_peer(w, 0, 1).state, BGP_ACTIVE);
	world_speaker(w, 1);
	world_neighbor(w, 1, 0);
	world_configure(w, 1);
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

/* What we send on a connection that the peer opened has the TTL of one that we open. */
static void test_accepted_ttl(void **state)
{
	(void)state;
	for (unsigned ttl = 1; ttl < 256; ttl += 127) {
		struct world *w = world_new(2);

		w->node[1].refuses = true;
		world_speaker(w, 0);
		world_neighbor(w, 0, 1)->ttl = (uint8_t)ttl;
		world_configure(w, 0);
		world_handshake(w, 1, 0);
		assert_true(world_established(w, 0, 1));
		assert_int_equal(w->conns[w->node[1].conn].accepted_options.ttl, ttl);
		world_free(w);
	}
}

/* RFC 5082: 255 goes out, and less than 255 less the hops is not taken in, on both kinds of
 * connection. */
static void test_ttl_security(void **state)
{
	struct world *w = world_new(2);
	struct neighbor_settings *n;

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	n = world_neighbor(w, 0, 1);
	n->ttl = 255;
	n->ttl_security_hops = 2;
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(w->node[0].last_connect.options.ttl, 255);
	assert_int_equal(w->node[0].last_connect.options.min_ttl, 254);
	world_handshake(w, 1, 0);
	assert_int_equal(w->conns[w->node[1].conn].accepted_options.ttl, 255);
	assert_int_equal(w->conns[w->node[1].conn].accepted_options.min_ttl, 254);
	/* the session cannot know what came before the change */
	w->node[0].settings.neighbors[0].ttl_security_hops = 1;
	world_configure(w, 0);
	world_settle(w);
	assert_false(world_established(w, 0, 1));
	assert_int_equal(w->node[0].last_connect.options.min_ttl, 255);
	world_free(w);
}

static const char *told(struct world *w, struct str *keep)
{
	str_clear(keep);
	str_add(keep, str_text(&w->node[0].keys));
	str_clear(&w->node[0].keys);
	return str_text(keep);
}

static struct neighbor_settings *settings_of(struct world *w, const char *name)
{
	struct bgp_settings *s = &w->node[0].settings;

	for (size_t i = 0; i < s->neighbor_count; i++)
		if (strcmp(s->neighbors[i].name, name) == 0)
			return &s->neighbors[i];
	fail();
	return NULL;
}

static void set_password(struct world *w, const char *name, const char *password)
{
	struct neighbor_settings *n = settings_of(w, name);

	mem_free(n->auth);
	n->auth = password == NULL ? NULL : world_password(password);
}

/* The host is told each password before the first connection that needs it, and each change once.
 */
static void test_passwords(void **state)
{
	struct world *w = world_new(3);
	struct str keep = {0};
	struct ip peer;

	(void)state;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1);
	world_neighbor(w, 0, 2);
	world_unnumbered(w, 0, 3);
	world_link(w, 0, 3, 1, 4);
	for (int i = 0; i < 2; i++)
		set_password(w, i == 0 ? "10.0.0.2" : "eth3", i == 0 ? "tulip" : "rose");
	world_configure(w, 0);
	assert_int_equal(w->node[0].connects, 0);
	world_settle(w);
	assert_string_equal(told(w, &keep), "10.0.0.2/32 tulip\n");
	/* an unnumbered peer has an address from its advertisement on */
	world_link_set(w, 0, 3, true, false);
	assert_true(ip_parse("fe80::204", &peer));
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 30, w->now);
	world_settle(w);
	assert_string_equal(told(w, &keep), "fe80::204/128 rose\n");
	world_advance(w, 31 * 1000);
	assert_string_equal(told(w, &keep), "fe80::204/128 -\n");
	/* no news, then changes */
	world_configure(w, 0);
	world_settle(w);
	assert_string_equal(told(w, &keep), "");
	set_password(w, "10.0.0.2", "daisy");
	set_password(w, "10.0.0.3", "iris");
	world_configure(w, 0);
	world_settle(w);
	assert_string_equal(told(w, &keep), "10.0.0.2/32 daisy\n10.0.0.3/32 iris\n");
	set_password(w, "10.0.0.2", NULL);
	world_configure(w, 0);
	world_settle(w);
	assert_string_equal(told(w, &keep), "10.0.0.2/32 -\n");
	assert_null(strstr(str_text(&w->node[0].logged), "daisy"));
	str_fini(&keep);
	world_free(w);
}

/* Who connects over the link of an unnumbered peer with a password before its address is known, or
 * from another one, was not asked for a signature. */
static void test_unsigned_is_refused(void **state)
{
	struct world *w = unnumbered_pair();
	struct ip peer;

	(void)state;
	for (int i = 0; i < 2; i++) {
		w->node[i].settings.neighbors[0].auth = i == 0 ? world_password("rose") : NULL;
		world_configure(w, i);
	}
	world_link_set(w, 0, 3, true, false);
	assert_true(ip_parse("fe80::103", &peer));
	bgp_neighbor_seen(w->node[1].bgp, (ifindex_t){4}, &peer, 1800, w->now);
	world_settle(w);
	assert_int_equal(w->node[1].connects, 1);
	assert_int_not_equal(world_peer_at(w, 0, 0).state, BGP_ESTABLISHED);
	assert_true(ip_parse("fe80::205", &peer));
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 1800, w->now);
	w->node[1].refuses = true;
	world_advance(w, 5000);
	assert_int_not_equal(world_peer_at(w, 0, 0).state, BGP_ESTABLISHED);
	w->node[1].refuses = false;
	assert_true(ip_parse("fe80::204", &peer));
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 1800, w->now);
	world_advance(w, 30000);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_ESTABLISHED);
	world_free(w);
}

/* A session that was set up with one password does not go on under another. */
static void test_password_change_resets(void **state)
{
	struct world *w = pair();

	(void)state;
	world_settle(w);
	set_password(w, "10.0.0.2", "tulip");
	world_configure(w, 0);
	assert_non_null(strstr(world_peer(w, 0, 1).last_reset, "Other Configuration Change"));
	world_free(w);
}

/* ---- bgp listen range ---- */

static struct listen_range *listen(struct world *w, const char *prefix, const char *group)
{
	struct bgp_settings *s = &w->node[0].settings;
	struct listen_range *r;

	s->ranges = mem_resize(s->ranges, (s->range_count + 1) * sizeof(*s->ranges));
	r = &s->ranges[s->range_count++];
	*r = (struct listen_range){.neighbor = {.name = mem_strdup(group),
				       .remote_as_kind = REMOTE_AS_EXTERNAL,
				       .ttl = 1,
				       .keepalive_s = 3,
				       .hold_s = 9,
				       .enforce_first_as = true}};
	assert_true(prefix_parse(prefix, &r->prefix));
	r->neighbor.family[BGP_IPV4_UNICAST].activate = true;
	return r;
}

/* Node 0 listens for the others, who know it as a neighbor. */
static struct world *listening(int nodes, uint16_t limit)
{
	struct world *w = world_new(nodes);

	world_speaker(w, 0);
	w->node[0].settings.listen_limit = limit;
	for (int i = 1; i < nodes; i++) {
		world_speaker(w, i);
		world_neighbor(w, i, 0);
	}
	return w;
}

static void start_all(struct world *w)
{
	for (int i = 0; i < w->nodes; i++)
		world_configure(w, i);
	world_settle(w);
}

static size_t peers_of(struct world *w)
{
	struct bgp_peer_view v;
	size_t n = 0;

	while (bgp_peer_at(w->node[0].bgp, n, &v))
		n++;
	return n;
}

static void test_listen_range(void **state)
{
	struct world *w = listening(3, 100);

	(void)state;
	listen(w, "10.0.0.0/30", "G");
	world_originate(w, 1, "10.9.0.0/24");
	start_all(w);
	assert_true(world_established(w, 0, 1) && world_established(w, 0, 2));
	assert_true(world_peer(w, 0, 1).dynamic);
	assert_int_equal(world_peer(w, 0, 1).remote_as, 65002);
	assert_int_equal(w->node[0].connects, 0);
	assert_string_equal(
	    world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65001 65002 from 10.0.0.1*\n");
	/* it goes with its session, and may come back */
	world_cut(w, 0, 1);
	world_settle(w);
	assert_string_equal(world_routes(w, 2, BGP_IPV4_UNICAST), "");
	world_advance(w, 3000);
	assert_true(world_established(w, 0, 1));
	w->node[1].settings.neighbors[0].shutdown = true;
	world_configure(w, 1);
	world_advance(w, 3000);
	assert_int_equal(peers_of(w), 1);
	assert_int_equal(w->node[0].connects, 0);
	world_free(w);
}

static void test_listen_limit(void **state)
{
	struct world *w = listening(5, 2);

	(void)state;
	listen(w, "10.0.0.0/24", "G");
	start_all(w);
	assert_int_equal(peers_of(w), 2);
	assert_non_null(strstr(str_text(&w->node[0].logged), "bgp listen limit 2 is reached"));
	/* one leaves, another finds room */
	w->node[1].settings.neighbors[0].shutdown = true;
	world_configure(w, 1);
	world_advance(w, 60 * 1000);
	assert_int_equal(peers_of(w), 2);
	assert_false(world_established(w, 0, 1));
	world_free(w);
}

/* The longest range, and what is written down before any; who is in none is refused. */
static void test_listen_ranges_and_neighbors(void **state)
{
	struct world *w = listening(5, 100);

	(void)state;
	listen(w, "10.0.0.0/29", "WIDE")->neighbor.hold_s = 30;
	listen(w, "10.0.0.2/31", "NARROW")->neighbor.hold_s = 6;
	world_neighbor(w, 0, 2)->hold_s = 12;
	for (int i = 1; i < 5; i++)
		w->node[i].settings.neighbors[0].hold_s = 180;
	w->node[4].address = ip_from_u32(0x0a000064);
	start_all(w);
	assert_int_equal(world_peer(w, 0, 1).hold_s, 6);
	assert_int_equal(world_peer(w, 0, 2).hold_s, 12);
	assert_false(world_peer(w, 0, 2).dynamic);
	assert_int_equal(world_peer(w, 0, 3).hold_s, 30);
	assert_false(world_established(w, 0, 4));
	world_free(w);
}

/* A reload: nothing changes, the statements of the group change, the range goes, the neighbor is
 * written down. */
static void test_listen_reload(void **state)
{
	struct world *w = listening(2, 100);
	struct bgp_settings *s = &w->node[0].settings;

	(void)state;
	listen(w, "10.0.0.0/24", "G");
	start_all(w);
	assert_true(world_established(w, 0, 1));
	world_configure(w, 0);
	s->ranges[0].neighbor.description = mem_strdup("hypervisors");
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(w->node[0].down_calls, 0);
	assert_string_equal(world_peer(w, 0, 1).description, "hypervisors");
	s->ranges[0].neighbor.hold_s = 6;
	world_configure(w, 0);
	world_advance(w, 3000);
	assert_int_equal(w->node[0].down_calls, 1);
	assert_int_equal(world_peer(w, 0, 1).hold_s, 6);
	world_neighbor(w, 0, 1);
	world_configure(w, 0);
	world_advance(w, 3000);
	assert_true(world_established(w, 0, 1));
	assert_false(world_peer(w, 0, 1).dynamic);
	assert_int_equal(peers_of(w), 1);
	world_free(w);
	w = listening(2, 100);
	listen(w, "10.0.0.0/24", "G");
	start_all(w);
	s = &w->node[0].settings;
	assert_true(prefix_parse("10.1.0.0/24", &s->ranges[0].prefix));
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(peers_of(w), 0);
	world_free(w);
}

static void test_listen_password(void **state)
{
	struct world *w = listening(2, 100);
	struct str keep = {0};

	(void)state;
	listen(w, "10.0.0.0/24", "G")->neighbor.auth = world_password("rose");
	start_all(w);
	assert_true(world_established(w, 0, 1));
	assert_string_equal(told(w, &keep), "10.0.0.0/24 rose\n");
	str_fini(&keep);
	world_free(w);
}

/* One that opens and stalls costs no time: nothing is due before its OPEN is overdue. */
static void test_listen_stalling(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	w->node[0].settings.listen_limit = 100;
	listen(w, "10.0.0.0/24", "G");
	world_configure(w, 0);
	world_connect(w, 1, 0);
	for (int i = 0; i < 23; i++) {
		assert_true(mono_before(w->now, bgp_deadline(w->node[0].bgp)));
		world_advance(w, 10 * 1000);
	}
	assert_int_equal(peers_of(w), 1);
	world_advance(w, 60 * 1000);
	assert_true(w->node[1].closed);
	assert_int_equal(peers_of(w), 0);
	world_free(w);
}

/* Held down by maximum-prefix, it does not come in by being forgotten. */
static void test_listen_overflow(void **state)
{
	struct world *w = listening(2, 100);
	struct listen_range *r = listen(w, "10.0.0.0/24", "G");

	(void)state;
	r->neighbor.family[BGP_IPV4_UNICAST].limit =
	    (struct prefix_limit){.max = 1, .threshold = 75};
	world_originate(w, 1, "10.9.0.0/24");
	world_originate(w, 1, "10.10.0.0/24");
	start_all(w);
	world_advance(w, 600 * 1000);
	assert_int_equal(peers_of(w), 1);
	assert_true(world_peer(w, 0, 1).overflowed);
	assert_int_equal(world_peer(w, 0, 1).established_count, 1);
	w->node[0].settings.ranges[0].neighbor.family[BGP_IPV4_UNICAST].limit.max = 9;
	world_configure(w, 0);
	world_advance(w, 120 * 1000);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

/* One that connects, fails and comes again is held off like any other, and forgotten in the end. */
static void test_listen_flapping(void **state)
{
	struct world *w = world_new(2);
	unsigned accepted = 0;

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	w->node[0].settings.listen_limit = 100;
	listen(w, "10.0.0.0/24", "G");
	world_configure(w, 0);
	for (int i = 0; i < 600; i++) {
		world_handshake(w, 1, 0);
		if (!w->node[1].closed) {
			accepted++;
			world_hang_up(w, 1);
		}
		world_advance(w, 100);
	}
	assert_in_range(accepted, 4, 40);
	assert_int_equal(w->node[0].up_calls, accepted);
	world_advance(w, 100 * 1000);
	assert_int_equal(peers_of(w), 0);
	world_free(w);
}

static void test_unnumbered(void **state)
{
	struct world *w = unnumbered_pair();
	struct bgp_peer_view v;

	(void)state;
	world_settle(w);
	assert_string_equal(world_peer_at(w, 0, 0).state_reason, "Interface does not exist");
	world_link_set(w, 0, 3, true, false);
	world_settle(w);
	v = world_peer_at(w, 0, 0);
	assert_int_equal(v.state, BGP_IDLE);
	assert_string_equal(v.state_reason, "No router advertisement from the peer");
	assert_true(bgp_wants_ra(w->node[0].bgp, (ifindex_t){3}));
	assert_false(bgp_wants_ra(w->node[0].bgp, (ifindex_t){2}));
	world_link_set(w, 0, 3, true, true);
	world_settle(w);
	v = world_peer_at(w, 0, 0);
	assert_int_equal(v.state, BGP_ESTABLISHED);
	assert_int_equal(v.ifindex.v, 3);
	assert_int_equal(v.remote_as, 65002);
	assert_string_equal(v.name, "eth3");
	world_free(w);
}

/* Only one side hears the other's advertisement: it connects, the other accepts by the link. */
static void test_unnumbered_accepts_by_link(void **state)
{
	struct world *w = unnumbered_pair();
	struct ip peer;

	(void)state;
	world_link_set(w, 0, 3, true, false);
	assert_true(ip_parse("fe80::204", &peer));
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 1800, w->now);
	world_settle(w);
	assert_int_equal(world_peer_at(w, 1, 0).state, BGP_ESTABLISHED);
	assert_int_equal(w->node[1].connects, 0);
	world_free(w);
}

/* RFC 4861 section 6.3.4: what an advertisement told is believed for its lifetime. A session that
 * is up stays up; no new one is opened to an address whose time is over. */
static void test_advertisement_expires(void **state)
{
	struct world *w = unnumbered_pair();
	struct ip peer;
	unsigned connects;

	(void)state;
	w->node[1].refuses = true;
	world_link_set(w, 0, 3, true, false);
	assert_true(ip_parse("fe80::204", &peer));
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 30, w->now);
	world_settle(w);
	assert_int_equal(w->node[0].connects, 1);
	world_advance(w, 20 * 1000);
	/* heard again: the lifetime begins anew */
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 30, w->now);
	world_advance(w, 29 * 1000);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_ACTIVE);
	world_advance(w, 2 * 1000);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_IDLE);
	assert_string_equal(
	    world_peer_at(w, 0, 0).state_reason, "No router advertisement from the peer");
	connects = w->node[0].connects;
	world_advance(w, 300 * 1000);
	assert_int_equal(w->node[0].connects, connects);
	/* and back */
	w->node[1].refuses = false;
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 30, w->now);
	world_settle(w);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_ESTABLISHED);
	connects = w->node[0].connects;
	world_advance(w, 300 * 1000);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_ESTABLISHED);
	assert_int_equal(world_peer_at(w, 0, 0).address.family, IP_V6);
	w->node[1].refuses = true;
	for (int i = 0; i < w->conn_count; i++)
		w->conns[i].open = false;
	world_advance(w, 300 * 1000);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_IDLE);
	assert_int_equal(world_peer_at(w, 0, 0).address.family, IP_NONE);
	assert_int_equal(w->node[0].connects, connects);
	world_free(w);
}

/* Lifetime 0: the peer is no router any more. */
static void test_advertisement_resigns(void **state)
{
	struct world *w = unnumbered_pair();
	struct ip peer, other;

	(void)state;
	w->node[1].refuses = true;
	world_link_set(w, 0, 3, true, false);
	assert_true(ip_parse("fe80::204", &peer) && ip_parse("fe80::205", &other));
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 1800, w->now);
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &other, 0, w->now);
	world_settle(w);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_ACTIVE);
	bgp_neighbor_seen(w->node[0].bgp, (ifindex_t){3}, &peer, 0, w->now);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_IDLE);
	world_free(w);
}

static void test_link_down_and_up(void **state)
{
	struct world *w = unnumbered_pair();
	unsigned connects;

	(void)state;
	world_link_set(w, 0, 3, true, true);
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65002 from eth3*\n");
	world_link_set(w, 0, 3, false, false);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_IDLE);
	assert_string_equal(world_peer_at(w, 0, 0).state_reason, "Interface is down");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	/* down for long, then back: no waiting for a timer */
	world_advance(w, 120 * 1000);
	world_link_set(w, 0, 3, true, false);
	world_settle(w);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_ESTABLISHED);
	/* a notification without news disturbs nobody */
	connects = w->node[0].connects + w->node[1].connects;
	world_link_set(w, 0, 3, true, true);
	world_settle(w);
	assert_int_equal(w->node[0].connects + w->node[1].connects, connects);
	assert_int_equal(world_peer_at(w, 0, 0).dropped_count, 1);
	bgp_interface_gone(w->node[0].bgp, (ifindex_t){3}, w->now);
	assert_int_equal(world_peer_at(w, 0, 0).state, BGP_IDLE);
	world_free(w);
}

/* Two links to one leaf: two sessions with one router id, both paths used. */
static void test_parallel_links(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	for (int i = 0; i < 2; i++) {
		world_speaker(w, i);
		world_unnumbered(w, i, 1);
		world_unnumbered(w, i, 2);
		world_configure(w, i);
	}
	for (int iface = 1; iface <= 2; iface++) {
		world_link(w, 0, iface, 1, iface);
		world_link_set(w, 0, iface, true, true);
	}
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST),
	    "10.9.0.0/24 path 65002 from eth1*\n10.9.0.0/24 path 65002 from eth2=\n");
	world_link_set(w, 0, 1, false, false);
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65002 from eth2*\n");
	world_free(w);
}

/* `local-as`: the peer sees that AS in OPEN and in front of the path. */
static void test_local_as(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	world_speaker(w, 0);
	world_speaker(w, 1);
	world_neighbor(w, 0, 1)->local_as = 65077;
	world_neighbor(w, 1, 0)->remote_as = 65077;
	world_configure(w, 0);
	world_configure(w, 1);
	world_originate(w, 0, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 1, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65077 65001 from 10.0.0.1*\n");
	world_free(w);
}

static void test_remote_as_external(void **state)
{
	struct world *w = unnumbered_pair();

	(void)state;
	w->node[1].settings.as = 65001;
	world_configure(w, 1);
	world_link_set(w, 0, 3, true, true);
	world_advance(w, 10000);
	assert_int_not_equal(world_peer_at(w, 0, 0).state, BGP_ESTABLISHED);
	assert_non_null(strstr(str_text(&w->node[0].logged), "Bad Peer AS"));
	world_free(w);
}

static void test_reload_without_reset(void **state)
{
	struct world *w = pair();

	(void)state;
	world_settle(w);
	w->node[0].settings.neighbors[0].description = mem_strdup("leaf");
	w->node[0].settings.multipath_relax = true;
	w->node[0].settings.neighbors[0].keepalive_s = 1; /* the OPEN does not tell it */
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(w->node[0].down_calls, 0);
	assert_int_equal(world_peer(w, 0, 1).keepalive_s, 1);
	assert_string_equal(world_peer(w, 0, 1).description, "leaf");
	/* a setting of the OPEN: reset, and up again at once */
	w->node[0].settings.neighbors[0].hold_s = 30;
	w->node[0].settings.neighbors[0].family[BGP_L2VPN_EVPN].activate = false;
	world_configure(w, 0);
	world_advance(w, 1500);
	assert_int_equal(w->node[0].down_calls, 1);
	assert_true(world_established(w, 0, 1));
	assert_false(world_peer(w, 0, 1).negotiated[BGP_L2VPN_EVPN]);
	assert_non_null(strstr(world_peer(w, 1, 0).last_reset, "Other Configuration Change"));
	world_free(w);
}

static void test_neighbor_removed(void **state)
{
	struct world *w = pair();
	struct bgp_settings none = {.enabled = true, .as = 65001};
	struct bgp_peer_view v;

	(void)state;
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	none.router_id = w->node[0].address;
	bgp_configure(w->node[0].bgp, &none, w->now);
	world_settle(w);
	assert_false(bgp_peer_at(w->node[0].bgp, 0, &v));
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	assert_non_null(strstr(world_peer(w, 1, 0).last_reset, "De-configured"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_comes_up),
	    cmocka_unit_test(test_collision),
	    cmocka_unit_test(test_stays_up_by_keepalives),
	    cmocka_unit_test(test_uneven_timers),
	    cmocka_unit_test(test_hold_timer),
	    cmocka_unit_test(test_send_hold_timer),
	    cmocka_unit_test(test_own_sleep),
	    cmocka_unit_test(test_own_sleep_while_sending),
	    cmocka_unit_test(test_connect_retry),
	    cmocka_unit_test(test_peer_that_opens_and_stalls),
	    cmocka_unit_test(test_bad_open),
	    cmocka_unit_test(test_bad_version),
	    cmocka_unit_test(test_same_router_id_inside_as),
	    cmocka_unit_test(test_fsm_errors),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_longest_message),
	    cmocka_unit_test(test_peer_that_stalls_after_open),
	    cmocka_unit_test(test_peer_that_trickles),
	    cmocka_unit_test(test_bad_headers),
	    cmocka_unit_test(test_retries_begin_anew),
	    cmocka_unit_test(test_bad_refresh),
	    cmocka_unit_test(test_oversized_before_negotiation),
	    cmocka_unit_test(test_back_off),
	    cmocka_unit_test(test_flapping),
	    cmocka_unit_test(test_shutdown_message),
	    cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_lost_connection_returns),
	    cmocka_unit_test(test_stale_session_ends_by_hold_time),
	    cmocka_unit_test(test_unknown_peer_is_refused),
	    cmocka_unit_test(test_passive),
	    cmocka_unit_test(test_accepted_ttl),
	    cmocka_unit_test(test_ttl_security),
	    cmocka_unit_test(test_passwords),
	    cmocka_unit_test(test_unsigned_is_refused),
	    cmocka_unit_test(test_password_change_resets),
	    cmocka_unit_test(test_listen_range),
	    cmocka_unit_test(test_listen_limit),
	    cmocka_unit_test(test_listen_ranges_and_neighbors),
	    cmocka_unit_test(test_listen_reload),
	    cmocka_unit_test(test_listen_password),
	    cmocka_unit_test(test_listen_stalling),
	    cmocka_unit_test(test_listen_overflow),
	    cmocka_unit_test(test_listen_flapping),
	    cmocka_unit_test(test_unnumbered),
	    cmocka_unit_test(test_unnumbered_accepts_by_link),
	    cmocka_unit_test(test_advertisement_expires),
	    cmocka_unit_test(test_advertisement_resigns),
	    cmocka_unit_test(test_link_down_and_up),
	    cmocka_unit_test(test_parallel_links),
	    cmocka_unit_test(test_local_as),
	    cmocka_unit_test(test_remote_as_external),
	    cmocka_unit_test(test_reload_without_reset),
	    cmocka_unit_test(test_neighbor_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
