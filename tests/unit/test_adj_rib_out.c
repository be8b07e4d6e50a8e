/*
 * Adj-RIB-Out: packing, markers, refresh, back-pressure, order and bounded work.
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

#define MACS 3000

static struct nlri mac_number(int i)
{
	struct nlri n = world_mac("10.0.0.1:2", "fa:16:3e:00:00:00", 10099);

	n.evpn.mac.b[4] = (uint8_t)(i >> 8);
	n.evpn.mac.b[5] = (uint8_t)i;
	return n;
}

static void originate_macs(struct world *w, int node, int count, uint32_t vtep)
{
	for (int i = 0; i < count; i++) {
		struct nlri n = mac_number(i);

		bgp_originate(
		    w->node[node].bgp, &n, &(struct attrs){.next_hop = ip_from_u32(vtep)});
	}
}

static void withdraw_macs(struct world *w, int node, int count)
{
	for (int i = 0; i < count; i++) {
		struct nlri n = mac_number(i);

		bgp_withdraw(w->node[node].bgp, &n);
	}
}

/* What a scripted peer has received: destinations reached, withdrawn, markers. */
struct tally {
	unsigned updates, reach, unreach, end_of_rib[BGP_FAMILIES], borr, eorr;
	size_t longest;
	bool reach_after_end, borr_after_end;
};

static void tally_update(const struct message *m, struct tally *t)
{
	struct update_context c = {.as4 = true, .ebgp = true};
	struct arena arena = {0};
	struct update u;
	struct nlri n;

	memset(c.families, 1, sizeof(c.families));
	update_decode(m->body, m->body_size, &c, &arena, &u);
	assert_int_equal(u.disposition, UPDATE_OK);
	if (u.end_of_rib)
		t->end_of_rib[u.end_of_rib_family]++;
	else
		t->updates++;
	for (size_t i = 0; i < u.reach_count; i++)
		while (nlri_run_next(&u.reach[i].run, &n)) {
			t->reach++;
			t->reach_after_end |= t->end_of_rib[n.family] != 0;
		}
	for (size_t i = 0; i < u.unreach_count; i++)
		while (nlri_run_next(&u.unreach[i], &n))
			t->unreach++;
	arena_fini(&arena);
}

/* Counts and forgets what node 1 has received. */
static struct tally tally(struct world *w)
{
	struct node *node = &w->node[1];
	struct tally t = {0};
	struct notification error;
	struct route_refresh r;
	struct message m;

	for (size_t at = 0; at < node->rx_size; at += m.size) {
		assert_int_equal(message_frame(node->rx + at, node->rx_size - at,
				     MESSAGE_MAX_EXTENDED, &m, &error),
		    FRAMING_MESSAGE);
		if (m.size > t.longest)
			t.longest = m.size;
		if (m.type == MESSAGE_UPDATE)
			tally_update(&m, &t);
		if (m.type == MESSAGE_ROUTE_REFRESH &&
		    route_refresh_decode(m.body, m.body_size, &r, &error) == ROUTE_REFRESH_OK) {
			t.borr += r.kind == ROUTE_REFRESH_BEGIN;
			t.borr_after_end |= r.kind == ROUTE_REFRESH_BEGIN && t.end_of_rib[r.family];
			t.eorr += r.kind == ROUTE_REFRESH_END;
		}
	}
	node->rx_size = 0;
	return t;
}

/* Node 0 speaks, node 1 is the test with the given OPEN. */
static struct world *scripted(const struct open *change)
{
	struct world *w = world_new(2);
	struct open o;

	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1);
	world_configure(w, 0);
	o = world_open(w, 1);
	o.extended_message = change->extended_message;
	o.enhanced_refresh = change->enhanced_refresh;
	o.graceful_restart = change->graceful_restart;
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	assert_true(world_established(w, 0, 1));
	return w;
}

static void test_packing(void **state)
{
	struct world *w = scripted(&(struct open){0});
	struct tally t;

	(void)state;
	t = tally(w);
	assert_int_equal(t.end_of_rib[BGP_IPV4_UNICAST], 1);
	assert_int_equal(t.end_of_rib[BGP_L2VPN_EVPN], 1);
	assert_int_equal(t.end_of_rib[BGP_IPV6_UNICAST], 0);
	originate_macs(w, 0, MACS, 0x0a000001);
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach, MACS);
	/* 35 bytes each, 4096 bytes a message: 3000 * 35 / 4000 = 27, and a partial message for
	 * each turn's rest */
	assert_in_range(t.updates, 27, 29);
	assert_in_range(t.longest, 4000, MESSAGE_MAX);
	assert_int_equal(world_peer(w, 0, 1).prefixes_sent[BGP_L2VPN_EVPN], MACS);
	withdraw_macs(w, 0, MACS);
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.unreach, MACS);
	assert_int_equal(t.reach, 0);
	assert_in_range(t.updates, 26, 29);
	assert_int_equal(world_peer(w, 0, 1).prefixes_sent[BGP_L2VPN_EVPN], 0);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 0);
	world_free(w);
}

static void test_packing_extended(void **state)
{
	struct world *w = scripted(&(struct open){.extended_message = true});
	struct tally t;

	(void)state;
	tally(w);
	originate_macs(w, 0, MACS, 0x0a000001);
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach, MACS);
	assert_in_range(t.updates, 2, 3);
	assert_in_range(t.longest, 60000, MESSAGE_MAX_EXTENDED);
	world_free(w);
}

/* Interleaved attributes are grouped; within a turn each destination is told once. */
static void test_grouping(void **state)
{
	struct world *w = scripted(&(struct open){0});
	struct tally t;

	(void)state;
	tally(w);
	for (int i = 0; i < 40; i++) {
		struct nlri n = mac_number(i);

		bgp_originate(
		    w->node[0].bgp, &n, &(struct attrs){.next_hop = ip_from_u32(0x0a000007)});
		bgp_originate(w->node[0].bgp, &n,
		    &(struct attrs){.next_hop = ip_from_u32(0x0a000008 + (uint32_t)i % 4)});
	}
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach, 40);
	assert_int_equal(t.updates, 4);
	world_free(w);
}

/* The table goes before End-of-RIB, when the session comes up with one. */
static void test_end_of_rib_after_table(void **state)
{
	struct world *w = world_new(2);
	struct tally t;

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1);
	world_configure(w, 0);
	originate_macs(w, 0, MACS, 0x0a000001);
	world_settle(w);
	world_handshake(w, 1, 0);
	t = tally(w);
	assert_int_equal(t.reach, MACS);
	assert_int_equal(t.end_of_rib[BGP_L2VPN_EVPN], 1);
	assert_false(t.reach_after_end);
	world_free(w);
}

static void say_refresh(struct world *w, enum route_refresh_kind kind)
{
	uint8_t b[64];
	struct writer out = writer_to(b, sizeof(b));

	route_refresh_encode(&out, &(struct route_refresh){kind, BGP_L2VPN_EVPN});
	world_say(w, 1, b, writer_size(&out));
}

static void test_route_refresh(void **state)
{
	struct world *w = scripted(&(struct open){0});
	struct tally t;

	(void)state;
	originate_macs(w, 0, 10, 0x0a000001);
	world_settle(w);
	tally(w);
	say_refresh(w, ROUTE_REFRESH_REQUEST);
	t = tally(w);
	assert_int_equal(t.reach, 10);
	assert_int_equal(t.borr + t.eorr, 0);
	assert_int_equal(t.end_of_rib[BGP_L2VPN_EVPN], 0);
	world_free(w);
	w = scripted(&(struct open){.enhanced_refresh = true});
	originate_macs(w, 0, 10, 0x0a000001);
	world_settle(w);
	tally(w);
	say_refresh(w, ROUTE_REFRESH_REQUEST);
	t = tally(w);
	assert_int_equal(t.reach, 10);
	assert_int_equal(t.borr, 1);
	assert_int_equal(t.eorr, 1);
	world_free(w);
}

/* RFC 7313 section 4: asked for in the middle of the first table, it begins behind End-of-RIB. */
static void test_refresh_before_end_of_rib(void **state)
{
	struct world *w = scripted(&(struct open){.enhanced_refresh = true});
	struct open o = world_open(w, 1);
	struct tally t;

	(void)state;
	originate_macs(w, 0, 3 * MACS, 0x0a000001);
	world_settle(w);
	world_hang_up(w, 1);
	world_advance(w, 60000);
	w->node[0].slow = true;
	o.enhanced_refresh = true;
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	say_refresh(w, ROUTE_REFRESH_REQUEST);
	t = tally(w);
	assert_true(t.reach > 0);
	assert_int_equal(t.end_of_rib[BGP_L2VPN_EVPN], 0);
	assert_int_equal(t.borr, 0);
	w->node[0].slow = false;
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.end_of_rib[BGP_L2VPN_EVPN], 1);
	assert_true(t.borr_after_end);
	assert_int_equal(t.borr, 1);
	assert_int_equal(t.eorr, 1);
	world_free(w);
}

/* … and a BoRR that comes before End-of-RIB is ignored, and so is what should end it. */
static void test_begin_before_end_of_rib(void **state)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xea};
	struct attrs a = {.next_hop = ip_from_u32(0x0a000002), .as_path = path, .as_path_size = 6};
	struct nlri x = mac_number(1);
	uint8_t end[64];
	struct writer out = writer_to(end, sizeof(end));

	(void)state;
	end_of_rib_encode(&out, BGP_L2VPN_EVPN);
	for (int told = 0; told < 2; told++) {
		struct world *w =
		    scripted(&(struct open){.enhanced_refresh = true, .graceful_restart = true});

		world_say_mac(w, 1, &x, &a);
		if (told)
			world_say(w, 1, end, writer_size(&out));
		say_refresh(w, ROUTE_REFRESH_BEGIN);
		say_refresh(w, ROUTE_REFRESH_END);
		assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), !told);
		world_free(w);
	}
}

/* RFC 7313: what is not repeated between BoRR and EoRR is gone. */
static void test_refresh_sweeps(void **state)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xea};
	struct world *w = scripted(&(struct open){.enhanced_refresh = true});
	struct attrs a = {.next_hop = ip_from_u32(0x0a000002), .as_path = path, .as_path_size = 6};
	struct nlri x = mac_number(1), y = mac_number(2);

	(void)state;
	world_say_mac(w, 1, &x, &a);
	world_say_mac(w, 1, &y, &a);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 2);
	say_refresh(w, ROUTE_REFRESH_BEGIN);
	world_say_mac(w, 1, &y, &a);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 2);
	assert_int_equal(w->node[0].best_calls, 2);
	say_refresh(w, ROUTE_REFRESH_END);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 1);
	assert_int_equal(world_peer(w, 0, 1).prefixes_received[BGP_L2VPN_EVPN], 1);
	world_free(w);
}

/* A peer that does not drain: we stop making UPDATEs, remember each destination once, and then
 * send the newest state; keepalives go on. */
static void test_back_pressure(void **state)
{
	struct world *w = scripted(&(struct open){0});
	struct tally t;
	size_t sent;

	(void)state;
	tally(w);
	w->node[0].slow = true;
	for (uint32_t round = 0; round < 12; round++) {
		originate_macs(w, 0, MACS, 0x0a000001 + round);
		world_settle(w);
	}
	sent = w->node[0].bytes_out;
	assert_in_range(sent, 256 * 1024, 256 * 1024 + 140 * 1024);
	assert_int_equal(world_peer(w, 0, 1).out_queue, MACS);
	t = tally(w);
	world_advance(w, 3100);
	assert_true(w->node[0].bytes_out > sent);
	assert_int_equal(tally(w).updates, 0);
	/* a local change does not wait for what is queued before it */
	world_originate(w, 0, "10.1.0.0/24");
	world_settle(w);
	w->node[0].slow = false;
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach, MACS + 1);
	assert_int_equal(world_peer(w, 0, 1).out_queue, 0);
	world_free(w);
}

/* A local route leaves in the same bgp_run(), however much else is waiting. */
/* RFC 4271 section 9.2.1.1: the first word at once, then one an interval, with what is true then.
 */
static void test_advertisement_interval(void **state)
{
	struct world *w = world_new(2);
	unsigned updates;

	(void)state;
	world_speaker(w, 0);
	world_speaker(w, 1);
	world_neighbor(w, 0, 1);
	world_neighbor(w, 1, 0)->advertisement_interval_s = 20;
	world_configure(w, 0);
	world_configure(w, 1);
	for (int i = 0; i < 200; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "10.9.%d.0/24", i);
		world_originate(w, 1, prefix);
	}
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 200);
	updates = w->node[1].updates_out;
	for (int i = 0; i < 10; i++) {
		world_withdraw(w, 1, "10.9.0.0/24");
		world_settle(w);
		world_originate_with(
		    w, 1, "10.9.0.0/24", &(struct attrs){.has_med = true, .med = (uint32_t)i});
		world_advance(w, 500);
	}
	assert_int_equal(w->node[1].updates_out, updates);
	world_advance(w, 20 * 1000);
	assert_int_equal(w->node[1].updates_out, updates + 1);
	/* no interval any more: what waited goes */
	world_withdraw(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 200);
	w->node[1].settings.neighbors[0].advertisement_interval_s = 0;
	world_configure(w, 1);
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 199);
	world_free(w);
}

static void test_local_goes_first(void **state)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xea};
	struct world *w = world_new(3);
	struct attrs a = {.next_hop = ip_from_u32(0x0a000002), .as_path = path, .as_path_size = 6};
	static uint8_t b[MESSAGE_MAX_EXTENDED];
	struct update_context c = {.as4 = true, .max_size = MESSAGE_MAX_EXTENDED};

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_speaker(w, 2);
	world_neighbor(w, 0, 1);
	world_neighbor(w, 0, 2);
	world_neighbor(w, 2, 0);
	world_configure(w, 0);
	world_configure(w, 2);
	world_settle(w);
	world_handshake(w, 1, 0);
	c.families[BGP_L2VPN_EVPN] = true;
	w->hold = true;
	for (int k = 0; k < 10; k++) {
		struct update_writer u;

		update_begin_reach(&u, b, &c, BGP_L2VPN_EVPN, &a);
		for (int i = 0; i < 1500; i++) {
			struct nlri n = mac_number(k * 1500 + i);

			assert_true(update_add(&u, &n));
		}
		bgp_received(
		    w->node[0].bgp, w->conns[w->node[1].conn].conn[1], b, update_end(&u), w->now);
	}
	world_originate(w, 0, "10.1.0.0/24");
	assert_true(bgp_run(w->node[0].bgp, w->now));
	assert_int_equal(world_peer(w, 0, 2).prefixes_sent[BGP_IPV4_UNICAST], 1);
	/* and the rest comes in bounded pieces */
	assert_in_range(world_peer(w, 0, 2).prefixes_sent[BGP_L2VPN_EVPN], 1, 2048);
	assert_int_equal(bgp_deadline(w->node[0].bgp).ns, 0);
	w->hold = false;
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[2].bgp, BGP_L2VPN_EVPN), 15000);
	assert_true(bgp_deadline(w->node[0].bgp).ns > w->now.ns);
	world_free(w);
}

/* Policy of the way out changes: only the differences are told. */
static void test_policy_change(void **state)
{
	struct world *w = scripted(&(struct open){0});
	struct route_map_entry *e = mem_new(2 * sizeof(*e));
	struct match_clause *m = mem_new(sizeof(*m));
	struct bgp_settings *s = &w->node[0].settings;
	struct route_map *map;
	struct tally t;

	(void)state;
	originate_macs(w, 0, 10, 0x0a000001);
	world_settle(w);
	tally(w);
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(tally(w).updates, 0);
	/* deny VNI 10099 */
	*m = (struct match_clause){.kind = MATCH_EVPN_VNI, .number = 10099};
	e[0] = (struct route_map_entry){.seq = 1, .matches = m, .match_count = 1};
	e[1] = (struct route_map_entry){.seq = 2, .permit = true};
	map = policy_map_get(&s->policy, "OUT");
	map->entries = e;
	map->entry_count = 2;
	s->neighbors[0].family[BGP_L2VPN_EVPN].route_map_out = mem_strdup("OUT");
	world_configure(w, 0);
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.unreach, 10);
	assert_int_equal(t.reach, 0);
	m->number = 10098;
	world_configure(w, 0);
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach, 10);
	assert_int_equal(t.unreach, 0);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

static void another_policy(struct world *w)
{
	w->node[0].settings.no_client_to_client ^= true;
	world_configure(w, 0);
	world_settle(w);
}

/* A new policy in the middle of a refresh begins anew, and what it began is still owed: all is told
 * between BoRR and EoRR. After it nothing is told that is no news. */
static void test_policy_change_in_refresh(void **state)
{
	struct world *w = scripted(&(struct open){.enhanced_refresh = true});
	struct tally t;

	(void)state;
	originate_macs(w, 0, 3 * MACS, 0x0a000001);
	world_settle(w);
	tally(w);
	w->node[0].slow = true;
	say_refresh(w, ROUTE_REFRESH_REQUEST);
	t = tally(w);
	assert_in_range(t.reach, 1, 3 * MACS - 1);
	another_policy(w);
	w->node[0].slow = false;
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach, 3 * MACS);
	assert_int_equal(t.eorr, 1);
	another_policy(w);
	assert_int_equal(tally(w).updates, 0);
	world_free(w);
}

/* End-of-RIB waits for what is held back by the advertisement interval. */
static void test_end_of_rib_after_interval(void **state)
{
	struct world *w = world_new(2);
	struct tally t;

	(void)state;
	w->originating = true;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1)->advertisement_interval_s = 5;
	world_configure(w, 0);
	originate_macs(w, 0, 10, 0x0a000001);
	world_handshake(w, 1, 0);
	assert_int_equal(tally(w).reach, 10);
	originate_macs(w, 0, 20, 0x0a000001);
	bgp_originated(w->node[0].bgp);
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach + t.end_of_rib[BGP_L2VPN_EVPN], 0);
	world_advance(w, 5000);
	t = tally(w);
	assert_int_equal(t.reach, 10);
	assert_int_equal(t.end_of_rib[BGP_L2VPN_EVPN], 1);
	assert_false(t.reach_after_end);
	world_free(w);
}

/* Attributes that fill a message by themselves: that route stays, the others go. */
static void test_attributes_too_large(void **state)
{
	static uint32_t communities[1020];
	struct world *w = scripted(&(struct open){0});
	struct nlri n = mac_number(1), other = mac_number(2);
	struct tally t;

	(void)state;
	tally(w);
	for (uint32_t i = 0; i < 1020; i++)
		communities[i] = 0x00640000 + i;
	bgp_originate(w->node[0].bgp, &n, &(struct attrs){.next_hop = ip_from_u32(0x0a000007)});
	world_settle(w);
	assert_int_equal(tally(w).reach, 1);
	bgp_originate(w->node[0].bgp, &n,
	    &(struct attrs){.next_hop = ip_from_u32(0x0a000007),
		.communities = communities,
		.community_count = 1020});
	bgp_originate(w->node[0].bgp, &other, &(struct attrs){.next_hop = ip_from_u32(0x0a000007)});
	world_settle(w);
	t = tally(w);
	assert_int_equal(t.reach, 1);
	assert_int_equal(t.unreach, 1);
	assert_non_null(strstr(str_text(&w->node[0].logged), "attributes too large"));
	assert_int_equal(world_peer(w, 0, 1).prefixes_sent[BGP_L2VPN_EVPN], 1);
	world_free(w);
}

/* … and if they are many, what was remembered of such a set is forgotten while it waits. */
static void test_attributes_too_large_and_forgotten(void **state)
{
	static uint32_t communities[1020];
	struct world *w = scripted(&(struct open){0});

	(void)state;
	tally(w);
	for (uint32_t i = 0; i < 1020; i++)
		communities[i] = 0x00640000 + i;
	for (int i = 0; i < 40; i++) {
		struct nlri n = mac_number(i);

		bgp_originate(w->node[0].bgp, &n,
		    &(struct attrs){.next_hop = ip_from_u32(0x0a000007 + (uint32_t)i),
			.communities = communities,
			.community_count = i == 0 ? 1020 : 0});
	}
	world_settle(w);
	assert_int_equal(tally(w).reach, 39);
	world_free(w);
}

/* A table that shrinks while a new session walks over it. */
static void test_walk_survives_removal(void **state)
{
	struct world *w = world_new(3);

	(void)state;
	world_chain(w, 3);
	world_cut(w, 1, 2);
	originate_macs(w, 0, MACS * 2, 0x0a000001);
	world_settle(w);
	/* the session 1-2 comes up; before its walk has ended the table goes */
	while (!world_established(w, 1, 2))
		world_advance(w, 10);
	w->node[1].slow = true;
	world_cut(w, 1, 2);
	withdraw_macs(w, 0, MACS);
	world_settle(w);
	w->node[1].slow = false;
	world_advance(w, 5000);
	assert_int_equal(bgp_dest_count(w->node[2].bgp, BGP_L2VPN_EVPN), MACS);
	withdraw_macs(w, 0, MACS * 2);
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[2].bgp, BGP_L2VPN_EVPN), 0);
	assert_int_equal(bgp_dest_count(w->node[1].bgp, BGP_L2VPN_EVPN), 0);
	world_free(w);
}

/* A neighbor is deleted while its routes are being passed on. */
static void test_neighbor_deleted_in_mid_walk(void **state)
{
	struct world *w = world_new(3);
	struct bgp_settings *s = &w->node[1].settings;

	(void)state;
	world_chain(w, 3);
	world_settle(w);
	originate_macs(w, 2, MACS * 2, 0x0a000003);
	world_settle(w);
	/* neighbors sort by address: 10.0.0.1, 10.0.0.3 */
	s->neighbors[1].shutdown = true;
	s->neighbor_count = 1;
	w->hold = true;
	for (int i = 0; i < MACS; i++) {
		struct nlri n = mac_number(i);

		bgp_originate(w->node[2].bgp, &n, &(struct attrs){.next_hop = w->node[0].address});
	}
	world_settle(w);
	w->hold = false;
	world_configure(w, 1);
	s->neighbor_count = 2;
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[1].bgp, BGP_L2VPN_EVPN), 0);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 0);
	world_free(w);
}

/* `bgp suppress-fib-pending`: a route goes on when the kernel has it, what it was stays until then,
 * and what is gone goes at once. */
static void test_kernel_first(void **state)
{
	static const struct attrs other = {.origin = ORIGIN_INCOMPLETE};
	static const bool all[BGP_FAMILIES] = {true, true, true};
	struct world *w = world_new(3);
	struct prefix prefix;
	const char *refused;

	(void)state;
	assert_true(prefix_parse("10.9.0.0/24", &prefix));
	world_chain(w, 3);
	w->node[1].settings.suppress_fib_pending = true;
	world_configure(w, 1);
	world_originate(w, 0, "10.9.0.0/24");
	world_originate(w, 1, "10.8.0.0/24");
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 2, BGP_IPV4_UNICAST), "10.8.0.0/24 path 65002 from 10.0.0.2*\n");
	bgp_installed(w->node[1].bgp, &prefix, true);
	world_settle(w);
	assert_non_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24"));
	w->node[1].updates_out = 0;
	world_originate_with(w, 0, "10.9.0.0/24", &other);
	world_settle(w);
	assert_int_equal(w->node[1].updates_out, 0);
	/* a refresh does not take away what stays */
	assert_int_equal(bgp_clear(w->node[2].bgp, NULL, all, BGP_CLEAR_IN, w->now, &refused), 1);
	world_settle(w);
	assert_non_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24"));
	w->node[1].updates_out = 0;
	bgp_installed(w->node[1].bgp, &prefix, true);
	world_settle(w);
	assert_int_equal(w->node[1].updates_out, 1);
	/* A better static route takes its place, and goes. */
	bgp_installed(w->node[1].bgp, &prefix, false);
	world_settle(w);
	assert_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24"));
	bgp_installed(w->node[1].bgp, &prefix, true);
	world_settle(w);
	assert_non_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24"));
	world_withdraw(w, 0, "10.9.0.0/24");
	world_settle(w);
	assert_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24"));
	world_originate(w, 0, "10.9.0.0/24");
	world_settle(w);
	w->node[1].settings.suppress_fib_pending = false;
	world_configure(w, 1);
	world_settle(w);
	assert_non_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packing),
	    cmocka_unit_test(test_kernel_first),
	    cmocka_unit_test(test_packing_extended),
	    cmocka_unit_test(test_grouping),
	    cmocka_unit_test(test_end_of_rib_after_table),
	    cmocka_unit_test(test_route_refresh),
	    cmocka_unit_test(test_refresh_before_end_of_rib),
	    cmocka_unit_test(test_begin_before_end_of_rib),
	    cmocka_unit_test(test_refresh_sweeps),
	    cmocka_unit_test(test_back_pressure),
	    cmocka_unit_test(test_advertisement_interval),
	    cmocka_unit_test(test_local_goes_first),
	    cmocka_unit_test(test_policy_change),
	    cmocka_unit_test(test_policy_change_in_refresh),
	    cmocka_unit_test(test_end_of_rib_after_interval),
	    cmocka_unit_test(test_attributes_too_large),
	    cmocka_unit_test(test_attributes_too_large_and_forgotten),
	    cmocka_unit_test(test_walk_survives_removal),
	    cmocka_unit_test(test_neighbor_deleted_in_mid_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
