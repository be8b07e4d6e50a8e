/*
 * Routes between speakers: what is taken in, what is best, what is passed on, and when the host is
 * told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/extcomm.h"
#include "bgp/message.h"
#include "speakers.h"

static struct bgp_best last_best;
static struct attrs last_attrs;
static char last_nlri[128];

static bool remember(struct world *w, int node, const struct bgp_best *best)
{
	struct str text = {0};

	(void)w;
	if (node != 0)
		return true;
	last_best.count = best->count;
	for (size_t i = 0; i < best->count; i++)
		last_best.routes[i] = best->routes[i];
	if (best->count > 0)
		last_attrs = *best->routes[0].attrs;
	nlri_text(&best->nlri, &text);
	strncpy(last_nlri, str_text(&text), sizeof(last_nlri) - 1);
	str_fini(&text);
	return true;
}

static void test_chain(void **state)
{
	struct world *w = world_new(4);

	(void)state;
	world_chain(w, 4);
	w->on_best = remember;
	world_settle(w);
	world_originate(w, 3, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST),
	    "10.9.0.0/24 path 65002 65003 65004 from 10.0.0.2*\n");
	assert_string_equal(last_nlri, "10.9.0.0/24");
	/* next-hop-self on eBGP */
	assert_true(ip_equal(&last_attrs.next_hop, &w->node[1].address));
	assert_false(last_attrs.has_local_pref);
	assert_int_equal(w->node[0].best_calls, 1);
	/* nothing goes back to where it came from */
	assert_int_equal(world_peer(w, 0, 1).prefixes_sent[BGP_IPV4_UNICAST], 0);
	assert_int_equal(world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST], 0);
	assert_int_equal(world_peer(w, 1, 0).prefixes_sent[BGP_IPV4_UNICAST], 1);
	world_withdraw(w, 3, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	assert_int_equal(last_best.count, 0);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 0);
	assert_int_equal(bgp_dest_count(w->node[1].bgp, BGP_IPV4_UNICAST), 0);
	world_free(w);
}

/* The same announced again, or withdrawn and announced within a turn, is no news. */
static void test_no_news(void **state)
{
	struct world *w = world_new(2);
	unsigned updates;

	(void)state;
	world_chain(w, 2);
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_int_equal(w->node[0].best_calls, 1);
	assert_int_equal(w->node[1].best_calls, 1);
	updates = w->node[1].updates_out;
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	world_withdraw(w, 1, "10.9.0.0/24");
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_int_equal(w->node[0].best_calls, 1);
	assert_int_equal(w->node[1].best_calls, 1);
	assert_int_equal(w->node[1].updates_out, updates);
	/* an attribute is news */
	world_originate_with(w, 1, "10.9.0.0/24", &(struct attrs){.has_med = true, .med = 3});
	world_settle(w);
	assert_int_equal(w->node[0].best_calls, 2);
	assert_int_equal(w->node[1].updates_out, updates + 1);
	world_free(w);
}

/* A triangle: the loop is seen by the AS path, and a route is not sent to where it came from. */
static void test_triangle_and_path_hunting(void **state)
{
	struct world *w = world_new(4);

	(void)state;
	for (int i = 0; i < 4; i++)
		world_speaker(w, i);
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 4; k++)
			if (i != k)
				world_neighbor(w, i, k);
		world_configure(w, i);
	}
	world_settle(w);
	world_originate(w, 0, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "10.9.0.0/24 path  from here*\n");
	assert_string_equal(world_routes(w, 3, BGP_IPV4_UNICAST),
	    "10.9.0.0/24 path 65001 from 10.0.0.1*\n"
	    "10.9.0.0/24 path 65002 65001 from 10.0.0.2\n"
	    "10.9.0.0/24 path 65003 65001 from 10.0.0.3\n");
	assert_non_null(w->node[0].bgp);
	/* one link lost: hunting over the longer paths, then stable */
	world_cut(w, 0, 3);
	w->node[0].refuses = true;
	world_settle(w);
	assert_non_null(
	    strstr(world_routes(w, 3, BGP_IPV4_UNICAST), "path 65002 65001 from 10.0.0.2*\n"));
	world_withdraw(w, 0, "10.9.0.0/24");
	world_settle(w);
	for (int i = 0; i < 4; i++)
		assert_string_equal(world_routes(w, i, BGP_IPV4_UNICAST), "");
	world_free(w);
}

static void test_loop_check_and_allowas(void **state)
{
	struct world *w = world_new(3);

	(void)state;
	w->node[2].as = 65001; /* as node 0 */
	world_chain(w, 3);
	world_settle(w);
	world_originate(w, 2, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	assert_int_equal(world_peer(w, 0, 1).prefixes_received[BGP_IPV4_UNICAST], 0);
	/* a reload asks for the routes again */
	w->node[0].settings.neighbors[0].family[BGP_IPV4_UNICAST].allowas_in = 1;
	world_configure(w, 0);
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65002 65001 from 10.0.0.2*\n");
	assert_int_equal(world_peer(w, 0, 1).prefixes_received[BGP_IPV4_UNICAST], 1);
	world_free(w);
}

static struct route_map *add_map(struct bgp_settings *s, const char *name)
{
	struct route_map *map = policy_map_get(&s->policy, name);

	map->entries = mem_new(sizeof(*map->entries));
	map->entries[0] = (struct route_map_entry){.seq = 1, .permit = true};
	map->entry_count = 1;
	return map;
}

static void add_community(struct route_map *map, uint32_t community)
{
	struct set_clause *set = mem_new(sizeof(*set));

	*set = (struct set_clause){.kind = SET_COMMUNITY,
	    .additive = true,
	    .values = mem_dup(&community, sizeof(community)),
	    .count = 1,
	    .size = sizeof(community)};
	map->entries[0].sets = set;
	map->entries[0].set_count = 1;
}

/* The incident's LEAF-IN: a hypervisor is not transit between its leaves. */
static void test_no_export(void **state)
{
	struct world *w = world_new(3);

	(void)state;
	for (int i = 0; i < 3; i++)
		world_speaker(w, i);
	add_community(add_map(&w->node[1].settings, "LEAF-IN"), COMMUNITY_NO_EXPORT);
	world_neighbor(w, 0, 1);
	world_neighbor(w, 2, 1);
	world_neighbor(w, 1, 0)->family[BGP_IPV4_UNICAST].route_map_in = mem_strdup("LEAF-IN");
	world_neighbor(w, 1, 2)->family[BGP_IPV4_UNICAST].route_map_in = mem_strdup("LEAF-IN");
	for (int i = 0; i < 3; i++)
		world_configure(w, i);
	world_originate(w, 0, "10.9.0.0/24");
	world_originate(w, 1, "10.1.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 1, BGP_IPV4_UNICAST),
	    "10.1.0.0/24 path  from here*\n10.9.0.0/24 path 65001 from 10.0.0.1*\n");
	assert_string_equal(
	    world_routes(w, 2, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65002 from 10.0.0.2*\n");
	assert_int_equal(world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST], 1);
	/* without the policy it is */
	mem_free(w->node[1].settings.neighbors[0].family[0].route_map_in);
	w->node[1].settings.neighbors[0].family[0].route_map_in = NULL;
	world_configure(w, 1);
	world_settle(w);
	assert_string_equal(world_routes(w, 2, BGP_IPV4_UNICAST),
	    "10.1.0.0/24 path 65002 from 10.0.0.2*\n10.9.0.0/24 path 65002 65001 from 10.0.0.2*\n");
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
}

static void test_no_advertise_and_missing_map(void **state)
{
	static const uint32_t no_advertise[] = {COMMUNITY_NO_ADVERTISE};
	struct world *w = world_new(2);

	(void)state;
	world_chain(w, 2);
	world_originate_with(w, 0, "10.1.0.0/24",
	    &(struct attrs){.communities = no_advertise, .community_count = 1});
	world_originate(w, 0, "10.2.0.0/24");
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 1, BGP_IPV4_UNICAST), "10.2.0.0/24 path 65001 from 10.0.0.1*\n");
	w->node[0].settings.neighbors[0].family[0].route_map_out = mem_strdup("GONE");
	world_configure(w, 0);
	world_settle(w);
	assert_string_equal(world_routes(w, 1, BGP_IPV4_UNICAST), "");
	assert_non_null(strstr(str_text(&w->node[0].logged), "there is no route-map GONE"));
	world_free(w);
}

static void test_requires_policy(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	world_chain(w, 2);
	w->node[0].settings.ebgp_requires_policy = true;
	world_configure(w, 0);
	world_originate(w, 0, "10.1.0.0/24");
	world_originate(w, 1, "10.2.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 1, BGP_IPV4_UNICAST), "10.2.0.0/24 path  from here*\n");
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "10.1.0.0/24 path  from here*\n");
	world_free(w);
}

/* Two leaves, two spines' worth of paths: the set is told, and shrinks when one goes. */
static void test_ecmp(void **state)
{
	struct world *w = world_new(4);

	(void)state;
	for (int i = 0; i < 4; i++)
		world_speaker(w, i);
	for (int mid = 1; mid <= 2; mid++) {
		world_neighbor(w, 0, mid);
		world_neighbor(w, 3, mid);
		world_neighbor(w, mid, 0);
		world_neighbor(w, mid, 3);
	}
	w->node[0].settings.multipath_relax = true;
	for (int i = 0; i < 4; i++)
		world_configure(w, i);
	w->on_best = remember;
	world_originate(w, 3, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST),
	    "10.9.0.0/24 path 65002 65004 from 10.0.0.2*\n"
	    "10.9.0.0/24 path 65003 65004 from 10.0.0.3=\n");
	assert_int_equal(last_best.count, 2);
	assert_true(ip_equal(&last_best.routes[0].peer_address, &w->node[1].address));
	assert_true(ip_equal(&last_best.routes[1].peer_address, &w->node[2].address));
	/* exact AS paths wanted: one remains */
	w->node[0].settings.multipath_relax = false;
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(last_best.count, 1);
	w->node[0].settings.multipath_relax = true;
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(last_best.count, 2);
	world_cut(w, 0, 1);
	w->node[1].refuses = true;
	world_settle(w);
	assert_int_equal(last_best.count, 1);
	assert_true(ip_equal(&last_best.routes[0].peer_address, &w->node[2].address));
	world_free(w);
}

static struct attrs mac_attrs(struct extcomm *mobility, uint32_t sequence, bool sticky)
{
	struct attrs a = {.next_hop = ip_from_u32(0x0a0000fe)};

	*mobility = extcomm_mac_mobility(sequence, sticky);
	a.extcomms = mobility;
	a.extcomm_count = 1;
	return a;
}

/* EVPN: the VTEP stays the next hop all the way; of two copies the one with the higher sequence
 * wins, however long its AS path. */
static void test_evpn(void **state)
{
	struct world *w = world_new(3);
	struct nlri n = world_mac("10.0.0.3:2", "fa:16:3e:7e:e3:5a", 10099);
	struct extcomm mobility;
	struct attrs a = mac_attrs(&mobility, 4, false);

	(void)state;
	world_chain(w, 3);
	w->on_best = remember;
	world_settle(w);
	bgp_originate(w->node[2].bgp, &n, &a);
	world_settle(w);
	assert_string_equal(last_nlri, "[2]:[0]:[48]:[fa:16:3e:7e:e3:5a]");
	assert_true(ip_equal(&last_attrs.next_hop, &a.next_hop));
	assert_int_equal(last_best.routes[0].label1, 10099);
	assert_true(last_best.routes[0].ebgp);
	assert_int_equal(w->node[0].best_calls, 1);
	/* another label is news although key and attributes are the same */
	n.evpn.label1 = 10098;
	bgp_originate(w->node[2].bgp, &n, &a);
	world_settle(w);
	assert_int_equal(w->node[0].best_calls, 2);
	assert_int_equal(last_best.routes[0].label1, 10098);
	world_free(w);
}

struct carried {
	const struct nlri *wanted;
	struct ip next_hop;
	unsigned found;
};

static void take_carried(
    void *context, const struct nlri *n, const struct bgp_dest_route *routes, size_t count)
{
	struct carried *c = context;
	uint8_t got[512], wanted[512];
	struct writer g = writer_to(got, sizeof(got)), w = writer_to(wanted, sizeof(wanted));
	struct nlri whole = *n;

	if (!nlri_equal(n, c->wanted))
		return;
	assert_int_equal(count, 1);
	assert_true(ip_equal(&routes[0].route.attrs->next_hop, &c->next_hop));
	whole.evpn.label1 = routes[0].route.label1;
	whole.evpn.gateway = routes[0].route.gateway;
	if (n->evpn.type == EVPN_IP_PREFIX)
		whole.evpn.esi = routes[0].route.esi;
	nlri_encode(&g, &whole);
	nlri_encode(&w, c->wanted);
	assert_int_equal(writer_size(&g), writer_size(&w));
	assert_memory_equal(got, wanted, writer_size(&w));
	c->found++;
}

/* The types that we have no use for reach the peer behind us as they were, unknown ones too. */
static void test_evpn_types_are_carried(void **state)
{
	static const uint8_t opaque[] = {0xab, 0, 0xcd, 0};
	struct ip ip = ip_from_u32(0x0a010000);
	const struct nlri types[] = {{.family = BGP_L2VPN_EVPN,
					 .evpn = {.type = EVPN_ETHERNET_AD,
					     .esi = {{0, 1, 2}},
					     .ethernet_tag = 7,
					     .label1 = 9}},
	    {.family = BGP_L2VPN_EVPN,
		.evpn = {.type = EVPN_ETHERNET_SEGMENT, .esi = {{0, 1, 2}}, .ip = ip}},
	    {.family = BGP_L2VPN_EVPN,
		.evpn = {.type = EVPN_IP_PREFIX,
		    .prefix_len = 16,
		    .ip = ip,
		    .gateway = ip_from_u32(0),
		    .label1 = 5000}},
	    {.family = BGP_L2VPN_EVPN,
		.evpn = {.type = 99, .opaque = opaque, .opaque_size = sizeof(opaque)}}};
	struct attrs a = {.next_hop = ip_from_u32(0x0a0000fe)};
	struct world *w = world_new(3);

	(void)state;
	world_chain(w, 3);
	world_settle(w);
	for (size_t i = 0; i < 4; i++)
		bgp_originate(w->node[2].bgp, &types[i], &a);
	world_settle(w);
	for (size_t i = 0; i < 4; i++) {
		struct carried c = {.wanted = &types[i], .next_hop = a.next_hop};

		bgp_walk(w->node[0].bgp, BGP_L2VPN_EVPN, &w->arena, &c, take_carried);
		assert_int_equal(c.found, 1);
	}
	assert_true(world_established(w, 0, 1) && world_established(w, 1, 2));
	world_free(w);
}

static void test_evpn_sequence_before_as_path(void **state)
{
	struct world *w = world_new(4);
	struct nlri n = world_mac("10.0.0.9:2", "fa:16:3e:7e:e3:5a", 10099);
	struct extcomm low, high;
	struct attrs a = mac_attrs(&low, 1, false), b = mac_attrs(&high, 2, false);

	(void)state;
	/* 3 announces the old sequence to 0 directly, 2 the new one through 1 */
	world_chain(w, 3);
	world_speaker(w, 3);
	world_neighbor(w, 3, 0);
	world_configure(w, 3);
	world_neighbor(w, 0, 3);
	world_configure(w, 0);
	world_settle(w);
	bgp_originate(w->node[3].bgp, &n, &a);
	bgp_originate(w->node[2].bgp, &n, &b);
	world_settle(w);
	assert_non_null(
	    strstr(world_routes(w, 0, BGP_L2VPN_EVPN), "path 65002 65003 from 10.0.0.2*\n"));
	world_free(w);
}

static void test_session_loss_takes_routes(void **state)
{
	struct world *w = world_new(3);

	(void)state;
	world_chain(w, 3);
	for (int i = 0; i < 50; i++) {
		struct nlri n = world_mac("10.0.0.3:2", "fa:16:3e:00:00:00", 10099);

		n.evpn.mac.b[5] = (uint8_t)i;
		bgp_originate(w->node[2].bgp, &n, &(struct attrs){.next_hop = w->node[2].address});
	}
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 50);
	assert_int_equal(world_peer(w, 1, 2).prefixes_received[BGP_L2VPN_EVPN], 50);
	assert_int_equal(world_peer(w, 1, 0).prefixes_sent[BGP_L2VPN_EVPN], 50);
	world_cut(w, 1, 2);
	w->node[1].refuses = w->node[2].refuses = true;
	world_settle(w);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 0);
	assert_int_equal(world_peer(w, 1, 0).prefixes_sent[BGP_L2VPN_EVPN], 0);
	w->node[1].refuses = w->node[2].refuses = false;
	world_advance(w, 3000);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 50);
	world_free(w);
}

/* iBGP: next hop and LOCAL_PREF; nothing is passed on but by a route reflector, which marks it. */
static void test_ibgp_and_reflection(void **state)
{
	struct world *w = world_new(4);

	(void)state;
	for (int i = 0; i < 3; i++)
		w->node[i].as = 65001;
	world_chain(w, 4);
	w->on_best = remember;
	world_originate(w, 3, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 1, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65004 from 10.0.0.3*\n");
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	w->node[1].settings.neighbors[0].family[BGP_IPV4_UNICAST].route_reflector_client = true;
	world_configure(w, 1);
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65004 from 10.0.0.2*\n");
	assert_true(ip_equal(&last_attrs.next_hop, &w->node[3].address));
	assert_true(last_attrs.has_local_pref && last_attrs.local_pref == 100);
	assert_true(ip_equal(&last_attrs.originator_id, &w->node[2].address));
	assert_int_equal(last_attrs.cluster_count, 1);
	assert_false(last_best.routes[0].ebgp);
	world_free(w);
}

static void test_med_stops_at_the_next_as(void **state)
{
	struct world *w = world_new(3);

	(void)state;
	world_chain(w, 3);
	w->on_best = remember;
	world_originate_with(w, 2, "10.9.0.0/24", &(struct attrs){.has_med = true, .med = 7});
	world_settle(w);
	assert_false(last_attrs.has_med);
	assert_int_equal(as_path_length(&last_attrs), 2);
	world_originate_with(w, 1, "10.8.0.0/24", &(struct attrs){.has_med = true, .med = 7});
	world_settle(w);
	assert_true(last_attrs.has_med && last_attrs.med == 7);
	world_free(w);
}

/* RFC 8950 over an unnumbered link: IPv4 with a link-local next hop, and a global one if there is
 * one. */
static void test_unnumbered_next_hops(void **state)
{
	struct world *w = world_new(2);
	struct ip ll;

	(void)state;
	for (int i = 0; i < 2; i++) {
		world_speaker(w, i);
		world_unnumbered(w, i, 1)->family[BGP_IPV6_UNICAST].activate = true;
		world_configure(w, i);
	}
	world_link(w, 0, 1, 1, 1);
	world_link_set(w, 0, 1, true, true);
	w->on_best = remember;
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_true(ip_parse("fe80::201", &ll));
	assert_true(last_attrs.next_hop_is_link_local);
	assert_true(ip_equal(&last_attrs.next_hop_link_local, &ll));
	assert_int_equal(last_best.routes[0].peer_ifindex.v, 1);
	world_originate(w, 1, "2001:db8:9::/48");
	world_settle(w);
	assert_string_equal(last_nlri, "2001:db8:9::/48");
	assert_true(ip_equal(&last_attrs.next_hop_link_local, &ll));
	/* a global address appears: the next hops follow */
	world_link_addresses(w, 1, 1, "2001:db8::1/64");
	world_settle(w);
	assert_false(last_attrs.next_hop_is_link_local);
	assert_true(ip_equal(&last_attrs.next_hop_link_local, &ll));
	assert_true(ip_parse("2001:db8::1", &ll));
	assert_true(ip_equal(&last_attrs.next_hop, &ll));
	world_free(w);
}

/* RFC 7606: the first AS is not the peer's: a withdrawal, counted, no reset. */
static void test_first_as(void **state)
{
	struct world *w = world_new(2);
	static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xff};
	struct nlri n = world_mac("10.0.0.2:2", "fa:16:3e:7e:e3:5a", 10099);
	struct attrs a = {.next_hop = ip_from_u32(0x0a000002), .as_path = path, .as_path_size = 6};

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1);
	world_configure(w, 0);
	world_handshake(w, 1, 0);
	world_say_mac(w, 1, &n, &a);
	assert_true(world_established(w, 0, 1));
	assert_string_equal(world_routes(w, 0, BGP_L2VPN_EVPN), "");
	assert_int_equal(world_peer(w, 0, 1).errors_withdrawn, 1);
	world_free(w);
}

/* ---- RFC 7606: UPDATEs by hand ---- */

#define ORIGIN_OK "\x40\x01\x01\x00"
#define ORIGIN_BAD "\x40\x01\x01\x09"
#define AS_PATH_OK "\x40\x02\x06\x02\x01\x00\x00\xfd\xea"
#define NEXT_HOP_OK "\x40\x03\x04\x0a\x00\x00\x02"
#define AGGREGATOR_BAD "\xc0\x07\x03\x01\x02\x03"
#define PREFIX_OK "\x18\x0a\x09\x00"
#define PREFIX_BAD "\x60\x0a\x09\x00"
#define SAY(w, attrs, nlri) say_update(w, attrs, sizeof(attrs) - 1, nlri, sizeof(nlri) - 1)

static void say_update(
    struct world *w, const char *attrs, size_t attrs_size, const char *nlri, size_t nlri_size)
{
	uint8_t b[256];
	struct writer out = writer_to(b, sizeof(b));
	size_t mark = message_begin(&out, MESSAGE_UPDATE), list;

	write_u16(&out, 0);
	list = write_begin_u16(&out);
	write_bytes(&out, attrs, attrs_size);
	write_end_u16(&out, list);
	write_bytes(&out, nlri, nlri_size);
	message_end(&out, mark);
	world_say(w, 1, b, writer_size(&out));
}

static struct world *update_peer(void)
{
	struct world *w = world_new(2);

	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1);
	world_configure(w, 0);
	world_handshake(w, 1, 0);
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, PREFIX_OK);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 1);
	return w;
}

/* A malformed attribute takes the routes of its UPDATE, and nothing else. */
static void test_treat_as_withdraw(void **state)
{
	struct world *w = update_peer();
	unsigned count[6];

	(void)state;
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, "\x18\x0a\x0a\x00");
	SAY(w, ORIGIN_BAD AS_PATH_OK NEXT_HOP_OK, PREFIX_OK);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), 0);
	assert_int_equal(world_peer(w, 0, 1).errors_withdrawn, 1);
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), "10.10.0.0/24 path 65002 from 10.0.0.2*\n");
	assert_non_null(strstr(str_text(&w->node[0].logged), "treat-as-withdraw"));
	world_free(w);
}

static void test_attribute_discard(void **state)
{
	struct world *w = update_peer();

	(void)state;
	w->on_best = remember;
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK AGGREGATOR_BAD, "\x18\x0a\x0a\x00");
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 2);
	assert_int_equal(world_peer(w, 0, 1).errors_discarded, 1);
	assert_false(last_attrs.has_aggregator);
	world_free(w);
}

/* NLRI that cannot be told apart: the family goes with its routes, the session and the other family
 * stay. What comes of the family afterwards is ignored, until the session has been reset. */
static void test_family_disabled(void **state)
{
	struct world *w = update_peer();
	struct nlri n = world_mac("10.0.0.2:2", "fa:16:3e:7e:e3:5a", 10099);
	struct attrs a = {.next_hop = ip_from_u32(0x0a000002),
	    .as_path = (const uint8_t *)"\x02\x01\x00\x00\xfd\xea",
	    .as_path_size = 6};
	unsigned count[6];

	(void)state;
	world_say_mac(w, 1, &n, &a);
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, PREFIX_BAD);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), 0);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_L2VPN_EVPN), 1);
	assert_non_null(strstr(str_text(&w->node[0].logged), "IPv4 Unicast is ignored"));
	str_clear(&w->node[0].logged);
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, PREFIX_OK);
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, PREFIX_BAD);
	assert_string_equal(str_text(&w->node[0].logged), "");
	assert_int_equal(world_peer(w, 0, 1).errors_discarded, 0);
	assert_true(world_established(w, 0, 1));
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	assert_true(world_peer(w, 0, 1).disabled[BGP_IPV4_UNICAST]);
	assert_false(world_peer(w, 0, 1).disabled[BGP_L2VPN_EVPN]);
	world_hang_up(w, 1);
	world_advance(w, 5000);
	world_handshake(w, 1, 0);
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, PREFIX_OK);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 1);
	world_free(w);
}

/* With one family only, the session goes, with its routes. */
static void test_update_reset(void **state)
{
	struct world *w = world_new(2);
	struct open o = world_open(w, 1);
	unsigned count[6];

	(void)state;
	o.families[BGP_L2VPN_EVPN] = false;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_neighbor(w, 0, 1);
	world_configure(w, 0);
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, PREFIX_OK);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 1);
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK, PREFIX_BAD);
	assert_false(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), NOTIFY_UPDATE * 256 + NOTIFY_UPDATE_NETWORK);
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), 0);
	world_free(w);
}

/* An AS_PATH of 2-octet numbers doubles: one that would leave no room for those that we put in
 * front is malformed, the longest that is not goes on with ours in front. */
static void longest_path(size_t numbers, bool taken)
{
	static uint8_t b[MESSAGE_MAX_EXTENDED];
	struct world *w = world_new(3);
	struct open o = world_open(w, 1);
	struct writer out = writer_to(b, sizeof(b));
	size_t mark, list, path;

	o.as4 = false;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_speaker(w, 2);
	world_neighbor(w, 0, 1);
	world_neighbor(w, 0, 2);
	world_neighbor(w, 2, 0);
	world_configure(w, 0);
	world_configure(w, 2);
	world_connect(w, 1, 0);
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	mark = message_begin(&out, MESSAGE_UPDATE);
	write_u16(&out, 0);
	list = write_begin_u16(&out);
	write_bytes(&out, ORIGIN_OK NEXT_HOP_OK "\x50\x02", 13);
	path = write_begin_u16(&out);
	for (size_t i = 0; i < numbers; i++) {
		size_t left = numbers - i < 255 ? numbers - i : 255;

		if (i % 255 == 0)
			write_u16(&out, (uint16_t)(0x0200 | left));
		write_u16(&out, 65002);
	}
	write_end_u16(&out, path);
	write_end_u16(&out, list);
	write_bytes(&out, PREFIX_OK, 4);
	message_end(&out, mark);
	world_say(w, 1, b, writer_size(&out));
	assert_true(world_established(w, 0, 1));
	assert_int_equal(bgp_dest_count(w->node[0].bgp, BGP_IPV4_UNICAST), taken);
	assert_int_equal(bgp_dest_count(w->node[2].bgp, BGP_IPV4_UNICAST), taken);
	world_free(w);
}

static void test_longest_path(void **state)
{
	(void)state;
	longest_path(64 * 255 + 31, false);
	longest_path(33 * 255, false);
	longest_path(32 * 255, true);
}

static void unknown_of(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	(void)nlri;
	assert_int_equal(count, 1);
	assert_int_equal(routes[0].route.attrs->unknown_size, 5);
	*(const uint8_t **)context = routes[0].route.attrs->unknown;
}

/* Attributes that we do not know go on to others, marked Partial (RFC 4271 section 9). */
static void test_unknown_attribute_is_passed_on(void **state)
{
	struct world *w = world_new(3);
	const uint8_t *a;

	(void)state;
	w->node[1].refuses = true;
	world_speaker(w, 0);
	world_speaker(w, 2);
	world_neighbor(w, 0, 1);
	world_neighbor(w, 0, 2);
	world_neighbor(w, 2, 0);
	world_configure(w, 0);
	world_configure(w, 2);
	world_handshake(w, 1, 0);
	w->on_best = NULL;
	SAY(w, ORIGIN_OK AS_PATH_OK NEXT_HOP_OK "\xc0\xc8\x02\x01\x02", PREFIX_OK);
	assert_non_null(
	    strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.9.0.0/24 path 65001 65002"));
	bgp_walk(w->node[2].bgp, BGP_IPV4_UNICAST, &w->arena, &a, unknown_of);
	assert_memory_equal(a, "\xe0\xc8\x02\x01\x02", 5);
	world_free(w);
}

static void originate_network(struct bgp *b, const struct network_settings *n)
{
	struct bgp_local l = {
	    .nlri = {.family = n->family, .prefix = n->prefix}, .route_map = n->route_map};

	bgp_originate_local(b, &l);
}

/* `network` prefixes: with their route-map, and again when that changes. */
static void test_network_statements(void **state)
{
	struct world *w = world_new(2);
	struct network_settings *n = mem_new(sizeof(*n));

	(void)state;
	world_chain(w, 2);
	w->on_best = remember;
	assert_true(prefix_parse("10.0.0.1/32", &n->prefix));
	n->route_map = mem_strdup("N");
	add_community(add_map(&w->node[1].settings, "N"), 0x00640001);
	w->node[1].settings.networks = n;
	w->node[1].settings.network_count = 1;
	world_configure(w, 1);
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	originate_network(w->node[1].bgp, n);
	world_settle(w);
	assert_string_equal(
	    world_routes(w, 0, BGP_IPV4_UNICAST), "10.0.0.1/32 path 65002 from 10.0.0.2*\n");
	assert_true(attrs_have_community(last_best.routes[0].attrs, 0x00640001));
	*(uint32_t *)w->node[1].settings.policy.maps[0].entries[0].sets[0].values = 0x00640002;
	world_configure(w, 1);
	originate_network(w->node[1].bgp, n);
	world_settle(w);
	assert_true(attrs_have_community(last_best.routes[0].attrs, 0x00640002));
	w->node[1].settings.policy.maps[0].entries[0].permit = false;
	world_configure(w, 1);
	originate_network(w->node[1].bgp, n);
	world_settle(w);
	assert_string_equal(world_routes(w, 0, BGP_IPV4_UNICAST), "");
	world_free(w);
}

/* The host may answer a change by a route of its own: it leaves within the same call of
 * bgp_run(). */
static bool answer(struct world *w, int node, const struct bgp_best *best)
{
	struct nlri n = best->nlri;

	if (node != 0 || best->nlri.prefix.addr.b[1] == 200)
		return true;
	n.prefix.addr.b[1] = 200;
	bgp_originate(w->node[0].bgp, &n, &(struct attrs){0});
	return true;
}

static void test_host_answers(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	world_chain(w, 2);
	world_settle(w);
	w->on_best = answer;
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	assert_non_null(strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.200.0.0/24 path 65001"));
	world_free(w);
}

/* Keys: what goes in comes out, zeros at the end included, and the order is that of the fields. */
static void test_keys(void **state)
{
	static const uint8_t opaque[] = {1, 0, 0};
	struct nlri n[9] = {{.evpn = {.type = EVPN_ETHERNET_AD, .esi = {{1, 0}}}},
	    {.evpn = {.type = EVPN_MAC_IP}}, {.evpn = {.type = EVPN_MAC_IP}},
	    {.evpn = {.type = EVPN_MAC_IP}}, {.evpn = {.type = EVPN_MAC_IP}},
	    {.evpn = {.type = EVPN_IMET}}, {.evpn = {.type = EVPN_ETHERNET_SEGMENT}},
	    {.evpn = {.type = EVPN_IP_PREFIX}},
	    {.evpn = {.type = 99, .opaque = opaque, .opaque_size = 3}}};
	uint8_t key[NLRI_KEY_MAX], before[NLRI_KEY_MAX] = {0};

	(void)state;
	n[2].evpn.mac.b[0] = 2;
	n[3].evpn.mac.b[0] = 2;
	n[3].evpn.ip = ip_from_u32(0x0a000000);
	n[4].evpn.mac.b[5] = n[4].evpn.mac.b[0] = 2;
	n[5].evpn.ip = ip_from_u32(0x0a000100);
	n[7].evpn.ip = ip_from_u32(0);
	for (size_t i = 0; i < 9; i++) {
		struct nlri out;
		size_t least;

		n[i].family = BGP_L2VPN_EVPN;
		nlri_key(&n[i], key);
		nlri_from_key(BGP_L2VPN_EVPN, key, &out);
		assert_true(nlri_equal(&n[i], &out));
		least = key[0] < before[0] ? key[0] : before[0];
		assert_true(memcmp(before + 1, key + 1, least) <= 0);
		assert_false(key[0] == before[0] && memcmp(before, key, 1u + key[0]) == 0);
		memcpy(before, key, sizeof(key));
	}
}

/* ---- any history, one truth ---- */

#define MESH 5
#define PREFIXES 12

static uint64_t random_state;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

struct mesh {
	bool linked[MESH][MESH];
	bool announced[MESH][PREFIXES];
};

static void mesh_distances(const struct mesh *m, int from, int distance[MESH])
{
	for (int i = 0; i < MESH; i++)
		distance[i] = i == from ? 0 : -1;
	for (int round = 0; round < MESH; round++)
		for (int i = 0; i < MESH; i++)
			for (int k = 0; k < MESH; k++)
				if (m->linked[i][k] && distance[i] == round && distance[k] < 0)
					distance[k] = round + 1;
}

struct expected {
	int distance[PREFIXES]; /* -1: nobody reachable announces it */
	unsigned seen;
};

static void check_dest(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct expected *e = context;
	int want = e->distance[nlri->prefix.addr.b[1]];

	assert_true(routes[0].best);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(routes[i].route.share, routes[i].multipath || routes[i].best);
	assert_int_equal(as_path_length(routes[0].route.attrs), want);
	e->seen++;
}

static void check_mesh(struct world *w, const struct mesh *m)
{
	for (int i = 0; i < MESH; i++) {
		struct expected e = {.seen = 0};
		unsigned wanted = 0;
		int distance[MESH];

		mesh_distances(m, i, distance);
		for (int p = 0; p < PREFIXES; p++) {
			e.distance[p] = -1;
			for (int k = 0; k < MESH; k++)
				if (m->announced[k][p] && distance[k] >= 0 &&
				    (e.distance[p] < 0 || distance[k] < e.distance[p]))
					e.distance[p] = distance[k];
			wanted += e.distance[p] >= 0;
		}
		bgp_walk(w->node[i].bgp, BGP_IPV4_UNICAST, &w->arena, &e, check_dest);
		assert_int_equal(e.seen, wanted);
		assert_int_equal(bgp_dest_count(w->node[i].bgp, BGP_IPV4_UNICAST), wanted);
	}
	arena_reset(&w->arena);
}

static void set_link(struct world *w, struct mesh *m, int a, int b, bool up)
{
	m->linked[a][b] = m->linked[b][a] = up;
	for (int side = 0; side < 2; side++) {
		int here = side == 0 ? a : b, there = side == 0 ? b : a;
		struct bgp_settings *s = &w->node[here].settings;

		for (size_t i = 0; i < s->neighbor_count; i++)
			if (ip_equal(&s->neighbors[i].address, &w->node[there].address))
				s->neighbors[i].shutdown = !up;
		world_configure(w, here);
	}
}

static void random_step(struct world *w, struct mesh *m)
{
	char prefix[PREFIX_TEXT_MAX];
	int a = (int)random_below(MESH), b = (int)random_below(MESH);
	int p = (int)random_below(PREFIXES);

	snprintf(prefix, sizeof(prefix), "10.%d.0.0/16", p);
	switch (random_below(6)) {
	case 0:
	case 1:
		world_originate(w, a, prefix);
		m->announced[a][p] = true;
		break;
	case 2:
	case 3:
		world_withdraw(w, a, prefix);
		m->announced[a][p] = false;
		break;
	case 4:
		if (a != b)
			set_link(w, m, a, b, random_below(3) != 0);
		break;
	case 5:
		if (a != b)
			world_cut(w, a, b);
		break;
	default:
		fail();
	}
}

/* The order of events differs with each seed; what everybody knows in the end does not. */
static void run_mesh(uint64_t seed, size_t bytes[MESH])
{
	struct world *w = world_new(MESH);
	struct neighbor_settings *n;
	struct mesh m = {0};

	random_state = seed;
	for (int i = 0; i < MESH; i++)
		world_speaker(w, i);
	for (int i = 0; i < MESH; i++) {
		for (int k = 0; k < MESH; k++) {
			m.linked[i][k] = i != k;
			if (i == k)
				continue;
			n = world_neighbor(w, i, k);
			n->connect_retry_s = 2;
			/* two seeds tell of several paths */
			n->family[BGP_IPV4_UNICAST].add_path =
			    seed > 2 ? ADD_PATH_NONE : (enum add_path)seed;
		}
		world_configure(w, i);
	}
	for (int round = 0; round < 6; round++) {
		for (int step = 0; step < 25 && w->conn_count < CONNS_MAX - 60; step++) {
			random_step(w, &m);
			if (random_below(3) == 0)
				world_advance(w, random_below(300));
		}
		world_advance(w, 90 * 1000);
		check_mesh(w, &m);
	}
	for (int i = 0; i < MESH; i++)
		bytes[i] = w->node[i].bytes_out;
	world_free(w);
}

static void test_random_mesh(void **state)
{
	size_t first[MESH], second[MESH];

	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++)
		run_mesh(seed, first);
	run_mesh(7, first);
	run_mesh(7, second);
	assert_memory_equal(first, second, sizeof(first));
}

/* Who is gone is told before anything is decided about its paths: groups switch at once. */
static void test_peer_gone_goes_first(void **state)
{
	struct world *w = world_new(2);
	unsigned before;

	(void)state;
	world_chain(w, 2);
	world_originate(w, 1, "10.9.0.0/24");
	world_settle(w);
	before = w->node[0].best_calls;
	world_cut(w, 0, 1);
	world_settle(w);
	assert_true(ip_equal(&w->node[0].gone, &w->node[1].address));
	assert_int_equal(w->node[0].best_calls_when_gone, before);
	assert_true(w->node[0].best_calls > before);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_peer_gone_goes_first),
	    cmocka_unit_test(test_chain),
	    cmocka_unit_test(test_no_news),
	    cmocka_unit_test(test_triangle_and_path_hunting),
	    cmocka_unit_test(test_loop_check_and_allowas),
	    cmocka_unit_test(test_no_export),
	    cmocka_unit_test(test_no_advertise_and_missing_map),
	    cmocka_unit_test(test_requires_policy),
	    cmocka_unit_test(test_ecmp),
	    cmocka_unit_test(test_evpn),
	    cmocka_unit_test(test_evpn_types_are_carried),
	    cmocka_unit_test(test_evpn_sequence_before_as_path),
	    cmocka_unit_test(test_session_loss_takes_routes),
	    cmocka_unit_test(test_ibgp_and_reflection),
	    cmocka_unit_test(test_med_stops_at_the_next_as),
	    cmocka_unit_test(test_unnumbered_next_hops),
	    cmocka_unit_test(test_first_as),
	    cmocka_unit_test(test_treat_as_withdraw),
	    cmocka_unit_test(test_attribute_discard),
	    cmocka_unit_test(test_family_disabled),
	    cmocka_unit_test(test_update_reset),
	    cmocka_unit_test(test_longest_path),
	    cmocka_unit_test(test_unknown_attribute_is_passed_on),
	    cmocka_unit_test(test_network_statements),
	    cmocka_unit_test(test_host_answers),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_random_mesh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
