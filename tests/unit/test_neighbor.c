/*
 * What a neighbor's statements do to routes on their way in and out: AS numbers, next hops,
 * reflection. Node 1 is the one that is configured; node 2 says what a test makes it say, node 0
 * hears what comes of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/message.h"
#include "bgp/update.h"
#include "speakers.h"

#define OWN 100
#define HEARER 200
#define TELLER 65003

static struct attrs heard;
static bool heard_any;
static char heard_path[128];

static bool remember(struct world *w, int node, const struct bgp_best *best)
{
	struct str text = {0};

	(void)w;
	if (node != 0)
		return true;
	heard_any = best->count > 0;
	if (!heard_any)
		return true;
	heard = *best->routes[0].attrs;
	as_path_text(&heard, &text);
	snprintf(heard_path, sizeof(heard_path), "%s", str_text(&text));
	str_fini(&text);
	return true;
}

static struct neighbor_settings *towards(struct world *w, int to)
{
	struct bgp_settings *s = &w->node[1].settings;

	for (size_t i = 0; i < s->neighbor_count; i++)
		if (ip_equal(&s->neighbors[i].address, &w->node[to].address))
			return &s->neighbors[i];
	fail();
	return NULL;
}

/* Node 1 between the two; nothing is up yet. */
static struct world *between(uint32_t hearer, uint32_t teller)
{
	struct world *w = world_new(3);

	w->node[0].as = hearer;
	w->node[1].as = OWN;
	w->node[2].as = teller;
	w->node[2].refuses = true;
	w->on_best = remember;
	heard_any = false;
	heard_path[0] = '\0';
	world_speaker(w, 0);
	world_speaker(w, 1);
	world_neighbor(w, 0, 1)->enforce_first_as = false;
	w->node[0].settings.neighbors[0].remote_as_kind = REMOTE_AS_EXTERNAL;
	if (hearer == OWN)
		w->node[0].settings.neighbors[0].remote_as_kind = REMOTE_AS_INTERNAL;
	world_neighbor(w, 1, 0);
	world_neighbor(w, 1, 2);
	return w;
}

static void start(struct world *w)
{
	world_configure(w, 0);
	world_configure(w, 1);
	world_settle(w);
	assert_true(world_established(w, 0, 1));
	world_handshake(w, 2, 1);
	assert_true(world_established(w, 1, 2));
}

/* "65003 65010 {1,2}": one AS_SEQUENCE, sets in braces. */
static void path_of(struct attrs *a, const char *text, struct arena *arena)
{
	struct writer w = writer_to(arena_new(arena, 200), 200);
	uint8_t *count = NULL;
	bool set = false;

	for (const char *p = text; *p != '\0';) {
		char *end;

		if (count == NULL || *p == '{') {
			set = *p == '{';
			p += set;
			write_u8(&w, set ? 1 : 2);
			count = w.p;
			write_u8(&w, 0);
		}
		write_u32(&w, (uint32_t)strtoul(p, &end, 10));
		(*count)++;
		if (*end == '}')
			count = NULL;
		p = end + (*end == '}') + strspn(end + (*end == '}'), " ,");
	}
	a->as_path = w.start;
	a->as_path_size = (uint16_t)writer_size(&w);
}

static struct nlri some_prefix(void)
{
	struct nlri n = {.family = BGP_IPV4_UNICAST};

	assert_true(prefix_parse("10.9.0.0/24", &n.prefix));
	return n;
}

static void tell_with(struct world *w, const char *path, struct attrs a)
{
	struct nlri n = some_prefix();

	a.next_hop = w->node[2].address;
	path_of(&a, path, &w->arena);
	if (w->node[2].as == OWN && !a.has_local_pref) {
		a.has_local_pref = true;
		a.local_pref = 100;
	}
	world_say_mac(w, 2, &n, &a);
}

static void tell(struct world *w, const char *path)
{
	tell_with(w, path, (struct attrs){0});
}

/* ---- AS_PATH on its way out ---- */

static void as_override(struct neighbor_settings *n)
{
	n->family[BGP_IPV4_UNICAST].as_override = true;
}

static void remove_private(struct neighbor_settings *n)
{
	n->family[BGP_IPV4_UNICAST].remove_private_as = true;
}

static void remove_all(struct neighbor_settings *n)
{
	remove_private(n);
	n->family[BGP_IPV4_UNICAST].remove_private_all = true;
}

static void replace(struct neighbor_settings *n)
{
	remove_private(n);
	n->family[BGP_IPV4_UNICAST].remove_private_replace = true;
}

static void replace_all(struct neighbor_settings *n)
{
	remove_all(n);
	replace(n);
}

static void unchanged(struct neighbor_settings *n)
{
	n->family[BGP_IPV4_UNICAST].as_path_unchanged = true;
}

static void local_as(struct neighbor_settings *n)
{
	n->local_as = 300;
}

static void local_as_replace(struct neighbor_settings *n)
{
	local_as(n);
	n->local_as_no_prepend = n->local_as_replace = true;
}

static void nothing(struct neighbor_settings *n)
{
	(void)n;
}

static void test_paths_out(void **state)
{
	static const struct {
		const char *what;
		void (*set)(struct neighbor_settings *n);
		uint32_t hearer;
		const char *told, *heard;
	} cases[] = {
	    {"as it is", nothing, HEARER, "65003 5 65010", "100 65003 5 65010"},
	    {"as-override", as_override, HEARER, "65003 200 5 200", "100 65003 100 5 100"},
	    {"as-override, nothing to do", as_override, HEARER, "65003 5", "100 65003 5"},
	    {"remove-private-AS", remove_private, HEARER, "65003 65010", "100"},
	    {"remove-private-AS, 4-octet", remove_private, HEARER, "65003 4200000000 4294967294",
		"100"},
	    {"remove-private-AS, not all private", remove_private, HEARER, "65003 5",
		"100 65003 5"},
	    {"remove-private-AS, the reserved one", remove_private, HEARER, "65003 65535", "100"},
	    {"remove-private-AS all", remove_all, HEARER, "65003 5 65010 6", "100 5 6"},
	    {"remove-private-AS all, a set", remove_all, HEARER, "65003 {5,65010} 65011",
		"100 {5}"},
	    {"remove-private-AS all, the peer's own stays", remove_all, 65200, "65003 65200 5",
		"100 65200 5"},
	    {"remove-private-AS, the peer's own stays", remove_private, 65200, "65003 65200",
		"100 65200"},
	    {"remove-private-AS replace-AS", replace, HEARER, "65003 65010", "100 100 100"},
	    {"remove-private-AS replace-AS, not all private", replace, HEARER, "65003 5",
		"100 65003 5"},
	    {"remove-private-AS all replace-AS", replace_all, HEARER, "65003 5 65010",
		"100 100 5 100"},
	    {"attribute-unchanged as-path", unchanged, HEARER, "65003 5", "65003 5"},
	    {"local-as", local_as, HEARER, "65003 5", "300 100 65003 5"},
	    {"local-as no-prepend replace-as", local_as_replace, HEARER, "65003 5", "300 65003 5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = between(cases[i].hearer, TELLER);

		print_message("%s\n", cases[i].what);
		/* for as-override and the like: the hearer is to hear of its own AS */
		w->node[0].settings.neighbors[0].family[BGP_IPV4_UNICAST].allowas_in = 9;
		cases[i].set(towards(w, 0));
		start(w);
		tell(w, cases[i].told);
		assert_true(heard_any);
		assert_string_equal(heard_path, cases[i].heard);
		world_free(w);
	}
}

/* remove-private-AS is for our own number, too, where another stands for us. */
static void test_private_own_as(void **state)
{
	struct world *w = between(HEARER, TELLER);
	struct neighbor_settings *n = towards(w, 0);

	(void)state;
	w->node[1].settings.as = 64512;
	local_as(n);
	remove_private(n);
	start(w);
	tell(w, "65003 5");
	assert_string_equal(heard_path, "300 65003 5");
	n->family[BGP_IPV4_UNICAST].remove_private_as = false;
	world_configure(w, 1);
	world_settle(w);
	assert_string_equal(heard_path, "300 64512 65003 5");
	world_free(w);
}

/* ---- AS_PATH on its way in ---- */

static void allow_one(struct neighbor_settings *n)
{
	n->family[BGP_IPV4_UNICAST].allowas_in = 1;
}

static void allow_origin(struct neighbor_settings *n)
{
	n->family[BGP_IPV4_UNICAST].allowas_in_origin = true;
}

static void any_first(struct neighbor_settings *n)
{
	n->enforce_first_as = false;
}

static void local_as_no_prepend(struct neighbor_settings *n)
{
	local_as(n);
	n->local_as_no_prepend = true;
}

static void test_paths_in(void **state)
{
	static const struct {
		const char *what;
		void (*set)(struct neighbor_settings *n);
		const char *told, *heard; /* NULL: not taken */
	} cases[] = {
	    {"own AS", nothing, "65003 100 5", NULL},
	    {"allowas-in 1", allow_one, "65003 100 5", "100 65003 100 5"},
	    {"allowas-in 1, two", allow_one, "65003 100 100", NULL},
	    {"allowas-in origin", allow_origin, "65003 100 5 100", "100 65003 100 5 100"},
	    {"allowas-in origin, from another", allow_origin, "65003 100 5", NULL},
	    {"wrong first AS", nothing, "65004 5", NULL},
	    {"no enforce-first-as", any_first, "65004 5", "100 65004 5"},
	    {"no enforce-first-as, empty", any_first, "", "100"},
	    {"local-as", local_as, "65003 5", "100 300 65003 5"},
	    {"local-as no-prepend", local_as_no_prepend, "65003 5", "100 65003 5"},
	    {"local-as in the path", local_as, "65003 300", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = between(HEARER, TELLER);

		print_message("%s\n", cases[i].what);
		w->node[0].settings.neighbors[0].family[BGP_IPV4_UNICAST].allowas_in = 9;
		cases[i].set(towards(w, 2));
		start(w);
		tell(w, cases[i].told);
		assert_int_equal(heard_any, cases[i].heard != NULL);
		if (heard_any)
			assert_string_equal(heard_path, cases[i].heard);
		world_free(w);
	}
}

/* What the OPEN does not say is changed without a reset. */
static void test_local_as_reload(void **state)
{
	struct world *w = world_new(3);

	(void)state;
	world_chain(w, 3);
	w->on_best = remember;
	towards(w, 0)->local_as = 300;
	towards(w, 2)->local_as = 300;
	for (int i = 0; i < 3; i += 2) {
		w->node[i].settings.neighbors[0].remote_as = 300;
		world_configure(w, i);
	}
	world_configure(w, 1);
	world_originate(w, 2, "10.9.0.0/24");
	world_advance(w, 5000);
	assert_string_equal(heard_path, "300 65002 300 65003");
	w->node[0].down_calls = 0;
	towards(w, 2)->local_as_no_prepend = true;
	world_configure(w, 1);
	world_settle(w);
	assert_string_equal(heard_path, "300 65002 65003");
	towards(w, 0)->local_as_replace = true;
	world_configure(w, 1);
	world_settle(w);
	assert_string_equal(heard_path, "300 65003");
	assert_int_equal(w->node[0].down_calls, 0);
	world_free(w);
}

/* ---- MULTI_EXIT_DISC, next hop ---- */

static void test_med_unchanged(void **state)
{
	struct world *w = between(HEARER, TELLER);

	(void)state;
	start(w);
	tell_with(w, "65003", (struct attrs){.has_med = true, .med = 7});
	assert_false(heard.has_med);
	towards(w, 0)->family[BGP_IPV4_UNICAST].med_unchanged = true;
	world_configure(w, 1);
	world_settle(w);
	assert_true(heard.has_med && heard.med == 7);
	world_free(w);
}

/* `no send-community`: after the route-map, so that nothing slips through. */
static void test_communities(void **state)
{
	static const uint32_t communities[] = {0x00640001};
	static const struct extcomm extcomms[] = {{{0, 2, 0, 1, 0, 0, 0, 1}}};
	static const struct large_community large[] = {{1, 2, 3}};
	struct attrs a = {.communities = communities,
	    .community_count = 1,
	    .extcomms = extcomms,
	    .extcomm_count = 1,
	    .large = large,
	    .large_count = 1};

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct world *w = between(HEARER, TELLER);
		struct neighbor_family *f = &towards(w, 0)->family[BGP_IPV4_UNICAST];

		start(w);
		tell_with(w, "65003", a);
		assert_int_equal(
		    heard.community_count + heard.extcomm_count + heard.large_count, 3);
		f->no_communities = (i & 1) != 0;
		f->no_extcomms = (i & 2) != 0;
		f->no_large = (i & 4) != 0;
		world_configure(w, 1);
		world_settle(w);
		assert_int_equal(heard.community_count, (i & 1) == 0);
		assert_int_equal(heard.extcomm_count, (i & 2) == 0);
		assert_int_equal(heard.large_count, (i & 4) == 0);
		world_free(w);
	}
}

/* next-hop-self is for what comes from outside; only `force` takes reflected routes, too.
 * attribute-unchanged has the last word. */
static void test_next_hop_self(void **state)
{
	static const struct {
		uint32_t teller;
		bool self, force, unchanged, is_self;
	} cases[] = {
	    {TELLER, false, false, false, false},
	    {TELLER, true, false, false, true},
	    {TELLER, true, true, false, true},
	    {TELLER, true, true, true, false},
	    {OWN, false, false, false, false},
	    {OWN, true, false, false, false},
	    {OWN, true, true, false, true},
	    {OWN, true, true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = between(OWN, cases[i].teller);
		struct neighbor_family *f = &towards(w, 0)->family[BGP_IPV4_UNICAST];

		f->next_hop_self = cases[i].self;
		f->next_hop_self_force = cases[i].force;
		f->next_hop_unchanged = cases[i].unchanged;
		f->route_reflector_client = true;
		start(w);
		tell(w, cases[i].teller == OWN ? "" : "65003");
		assert_true(heard_any);
		assert_true(ip_equal(&heard.next_hop, &w->node[cases[i].is_self ? 1 : 2].address));
		world_free(w);
	}
}

/* `bgp default local-preference`: what an internal peer is told where there is none; a reload tells
 * it again. */
static void test_default_local_pref(void **state)
{
	struct world *w = between(OWN, TELLER);

	(void)state;
	start(w);
	tell(w, "65003");
	assert_true(heard_any && heard.has_local_pref);
	assert_int_equal(heard.local_pref, 100);
	w->node[1].settings.has_default_local_pref = true;
	w->node[1].settings.default_local_pref = 150;
	world_configure(w, 1);
	world_settle(w);
	assert_int_equal(heard.local_pref, 150);
	assert_int_equal(w->node[1].down_calls, 0);
	tell_with(w, "65003", (struct attrs){.has_local_pref = true, .local_pref = 7});
	assert_int_equal(heard.local_pref, 150); /* an external peer's does not count */
	world_free(w);
}

/* ---- route server (RFC 7947) ---- */

static void serve(struct world *w, bool hearer, bool teller)
{
	towards(w, 0)->family[BGP_IPV4_UNICAST].route_server_client = hearer;
	towards(w, 2)->family[BGP_IPV4_UNICAST].route_server_client = teller;
	world_configure(w, 1);
	world_settle(w);
	assert_int_equal(w->node[1].down_calls, 0);
}

/* To clients AS_PATH and NEXT_HOP stay as they are, unless attribute-unchanged says what does;
 * between clients all the rest, too. */
static void test_route_server(void **state)
{
	static const uint32_t no_export = COMMUNITY_NO_EXPORT;
	struct world *w = between(HEARER, TELLER);

	(void)state;
	start(w);
	tell_with(w, "65003 5", (struct attrs){.has_med = true, .med = 7});
	serve(w, true, false);
	assert_string_equal(heard_path, "65003 5");
	assert_false(heard.has_med);
	assert_true(ip_equal(&heard.next_hop, &w->node[2].address));
	towards(w, 0)->family[BGP_IPV4_UNICAST].as_path_unchanged = true;
	serve(w, true, false);
	assert_true(ip_equal(&heard.next_hop, &w->node[1].address));
	towards(w, 0)->family[BGP_IPV4_UNICAST].as_path_unchanged = false;
	serve(w, true, true);
	assert_string_equal(heard_path, "65003 5");
	assert_true(heard.has_med && heard.med == 7);
	assert_true(ip_equal(&heard.next_hop, &w->node[2].address));
	tell_with(w, "65003 5", (struct attrs){.communities = &no_export, .community_count = 1});
	assert_true(heard_any && heard.community_count == 1);
	serve(w, false, true);
	assert_false(heard_any);
	tell(w, "65003 5");
	assert_string_equal(heard_path, "100 65003 5");
	assert_true(ip_equal(&heard.next_hop, &w->node[1].address));
	world_free(w);
}

/* ---- reflection (RFC 4456) ---- */

static void set_client(struct world *w, int to, bool client)
{
	towards(w, to)->family[BGP_IPV4_UNICAST].route_reflector_client = client;
}

/* Who is a client is looked at when it changes, for the routes of both. */
static void test_clients(void **state)
{
	struct world *w = between(OWN, OWN);

	(void)state;
	start(w);
	tell(w, "");
	assert_false(heard_any);
	set_client(w, 2, true);
	world_configure(w, 1);
	world_settle(w);
	assert_true(heard_any);
	assert_int_equal(w->node[1].down_calls, 0);
	set_client(w, 0, true);
	world_configure(w, 1);
	world_settle(w);
	assert_true(heard_any);
	w->node[1].settings.no_client_to_client = true;
	world_configure(w, 1);
	world_settle(w);
	assert_false(heard_any);
	set_client(w, 2, false);
	world_configure(w, 1);
	world_settle(w);
	assert_true(heard_any);
	world_free(w);
}

static void add_map(struct world *w, const char *name, bool permit, uint32_t metric)
{
	struct route_map_entry *e = mem_new(sizeof(*e));
	struct set_clause *set = mem_new(2 * sizeof(*set));
	struct route_map *map = policy_map_get(&w->node[1].settings.policy, name);

	set[0] = (struct set_clause){.kind = SET_METRIC, .number = metric};
	set[1] = (struct set_clause){.kind = SET_NEXT_HOP, .ip = w->node[1].address};
	*e = (struct route_map_entry){.seq = 1, .permit = permit, .sets = set, .set_count = 2};
	map->entries = e;
	map->entry_count = 1;
}

/* FRR: a route-map out decides of a reflected route, and changes it only if told so. */
static void test_reflected_policy(void **state)
{
	struct world *w = between(OWN, OWN);
	struct neighbor_family *f = &towards(w, 0)->family[BGP_IPV4_UNICAST];

	(void)state;
	set_client(w, 0, true);
	add_map(w, "SETS", true, 77);
	add_map(w, "DENIES", false, 0);
	f->route_map_out = mem_strdup("SETS");
	start(w);
	tell(w, "");
	assert_true(heard_any);
	assert_false(heard.has_med);
	assert_true(ip_equal(&heard.next_hop, &w->node[2].address));
	w->node[1].settings.rr_outbound_policy = true;
	world_configure(w, 1);
	world_settle(w);
	assert_true(heard.has_med && heard.med == 77);
	assert_true(ip_equal(&heard.next_hop, &w->node[1].address));
	w->node[1].settings.rr_outbound_policy = false;
	mem_free(f->route_map_out);
	f->route_map_out = mem_strdup("DENIES");
	world_configure(w, 1);
	world_settle(w);
	assert_false(heard_any);
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
}

static void test_cluster_id(void **state)
{
	struct world *w = between(OWN, OWN);
	static const uint32_t list[] = {0x01020304};

	(void)state;
	set_client(w, 0, true);
	assert_true(ip_parse("1.2.3.4", &w->node[1].settings.cluster_id));
	start(w);
	tell(w, "");
	assert_int_equal(heard.cluster_count, 1);
	assert_int_equal(heard.cluster_list[0], 0x01020304);
	assert_true(ip_equal(&heard.originator_id, &w->node[2].address));
	/* reflected by another of the same cluster */
	tell_with(w, "", (struct attrs){.cluster_list = list, .cluster_count = 1});
	assert_false(heard_any);
	/* a list goes on with ours in front, and the originator stays */
	w->node[1].settings.cluster_id = (struct ip){0};
	world_configure(w, 1);
	world_settle(w);
	tell_with(w, "",
	    (struct attrs){.cluster_list = list,
		.cluster_count = 1,
		.has_originator_id = true,
		.originator_id = ip_from_u32(0x09090909)});
	assert_int_equal(heard.cluster_count, 2);
	assert_int_equal(heard.cluster_list[0], ip_to_u32(&w->node[1].address));
	assert_int_equal(heard.cluster_list[1], 0x01020304);
	assert_int_equal(ip_to_u32(&heard.originator_id), 0x09090909);
	/* our own, back to us */
	tell_with(
	    w, "", (struct attrs){.has_originator_id = true, .originator_id = w->node[1].address});
	assert_false(heard_any);
	world_free(w);
}

/* ---- OPEN ---- */

static void test_minimum_hold_time(void **state)
{
	struct world *w = between(HEARER, TELLER);
	struct open o = world_open(w, 2);
	unsigned count[6];

	(void)state;
	w->node[1].settings.minimum_hold_s = 10;
	towards(w, 2)->hold_s = 30;
	world_configure(w, 1);
	for (int i = 0; i < 2; i++) {
		o.hold_s = i == 0 ? 9 : 0;
		world_connect(w, 2, 1);
		world_say_open(w, 2, &o);
		assert_int_equal(
		    world_notified(w, 2, count), NOTIFY_OPEN * 256 + NOTIFY_OPEN_BAD_HOLD_TIME);
		world_advance(w, 5000);
	}
	o.hold_s = 10;
	world_connect(w, 2, 1);
	world_say_open(w, 2, &o);
	world_say_keepalive(w, 2);
	assert_true(world_established(w, 1, 2));
	world_free(w);
}

/* RFC 7911 section 5: with the same identifier it is the same path. */
static void test_path_identifiers(void **state)
{
	struct world *w = between(HEARER, TELLER);
	struct open o = world_open(w, 2);
	static uint8_t b[MESSAGE_MAX];
	unsigned count[6];

	(void)state;
	o.add_path_send[BGP_IPV4_UNICAST] = true;
	world_configure(w, 0);
	world_configure(w, 1);
	world_connect(w, 2, 1);
	world_say_open(w, 2, &o);
	world_say_keepalive(w, 2);
	for (uint32_t i = 0; i < 4; i++) {
		struct update_context c = {
		    .as4 = true, .families = {true}, .add_path = {true}, .max_size = sizeof(b)};
		struct nlri n = some_prefix();
		struct attrs a = {.next_hop = w->node[2].address, .has_med = true, .med = i};
		struct update_writer u;

		n.path_id = i % 3; /* 0, 1, 2, and 0 again */
		path_of(&a, "65003", &w->arena);
		update_begin_reach(&u, b, &c, BGP_IPV4_UNICAST, &a);
		assert_true(update_add(&u, &n));
		world_say(w, 2, b, update_end(&u));
	}
	assert_int_equal(world_notified(w, 2, count), 0);
	assert_int_equal(world_peer(w, 1, 2).prefixes_received[BGP_IPV4_UNICAST], 3);
	world_hang_up(w, 2);
	assert_int_equal(bgp_dest_count(w->node[1].bgp, BGP_IPV4_UNICAST), 0);
	world_free(w);
}

/* Withdrawn and announced again before anything is decided: one route, as before. */
static void test_counted_once(void **state)
{
	struct world *w = between(HEARER, TELLER);
	static uint8_t b[MESSAGE_MAX];
	struct update_context c = {.as4 = true, .families = {true}, .max_size = sizeof(b) / 2};
	struct attrs a = {.next_hop = w->node[2].address};
	struct nlri n = some_prefix();
	struct update_writer u;
	size_t size;

	(void)state;
	start(w);
	path_of(&a, "65003", &w->arena);
	world_say_mac(w, 2, &n, &a);
	update_begin_unreach(&u, b, &c, BGP_IPV4_UNICAST);
	assert_true(update_add(&u, &n));
	size = update_end(&u);
	update_begin_reach(&u, b + size, &c, BGP_IPV4_UNICAST, &a);
	assert_true(update_add(&u, &n));
	world_say(w, 2, b, size + update_end(&u));
	assert_int_equal(world_peer(w, 1, 2).prefixes_received[BGP_IPV4_UNICAST], 1);
	world_say_mac(w, 2, &n, NULL);
	assert_int_equal(world_peer(w, 1, 2).prefixes_received[BGP_IPV4_UNICAST], 0);
	world_free(w);
}

/* ---- maximum-prefix ---- */

static void tell_prefixes(struct world *w, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct nlri n = some_prefix();
		struct attrs a = {.next_hop = w->node[2].address};

		n.prefix.addr.b[2] = (uint8_t)i;
		path_of(&a, "65003", &w->arena);
		world_say_mac(w, 2, &n, &a);
	}
}

static struct world *limited(struct prefix_limit limit)
{
	struct world *w = between(HEARER, TELLER);

	towards(w, 2)->family[BGP_IPV4_UNICAST].limit = limit;
	start(w);
	return w;
}

static unsigned said(const struct world *w, const char *what)
{
	const char *at = str_text(&w->node[1].logged);
	unsigned n = 0;

	while ((at = strstr(at, what)) != NULL) {
		at++;
		n++;
	}
	return n;
}

/* The session goes with family and limit in the NOTIFICATION (RFC 4486), and stays down. */
static void test_maximum_prefix(void **state)
{
	struct world *w = limited((struct prefix_limit){.max = 4, .threshold = 75});
	unsigned count[6], connects;

	(void)state;
	tell_prefixes(w, 0, 4);
	assert_true(world_established(w, 1, 2));
	assert_int_equal(said(w, "MAXPFX: threshold"), 1);
	tell_prefixes(w, 4, 5);
	assert_false(world_established(w, 1, 2));
	assert_int_equal(
	    world_notified(w, 2, count), NOTIFY_CEASE * 256 + NOTIFY_CEASE_MAX_PREFIXES);
	assert_non_null(memmem(w->node[2].rx, w->node[2].rx_size, "\6\1\0\1\1\0\0\0\4", 9));
	assert_int_equal(said(w, "MAXPFX: exceeded"), 1);
	assert_string_equal(world_routes(w, 1, BGP_IPV4_UNICAST), "");
	assert_true(world_peer(w, 1, 2).overflowed);
	connects = w->node[1].connects;
	world_advance(w, 3600 * 1000);
	assert_int_equal(w->node[1].connects, connects);
	world_connect(w, 2, 1);
	assert_true(w->node[2].closed);
	/* somebody acts */
	towards(w, 2)->family[BGP_IPV4_UNICAST].limit.max = 5;
	world_configure(w, 1);
	world_handshake(w, 2, 1);
	tell_prefixes(w, 0, 5);
	assert_true(world_established(w, 1, 2));
	/* and narrows it again */
	towards(w, 2)->family[BGP_IPV4_UNICAST].limit.max = 2;
	world_configure(w, 1);
	world_settle(w);
	assert_false(world_established(w, 1, 2));
	world_free(w);
}

static void test_maximum_prefix_restart(void **state)
{
	struct world *w =
	    limited((struct prefix_limit){.max = 1, .threshold = 100, .restart_min = 2});
	unsigned connects;

	(void)state;
	tell_prefixes(w, 0, 2);
	assert_false(world_established(w, 1, 2));
	connects = w->node[1].connects;
	world_advance(w, 119 * 1000);
	assert_int_equal(w->node[1].connects, connects);
	world_advance(w, 2 * 1000);
	assert_true(w->node[1].connects > connects);
	world_handshake(w, 2, 1);
	assert_true(world_established(w, 1, 2));
	world_free(w);
}

/* Said once; again after the number has fallen. */
static void test_maximum_prefix_warning(void **state)
{
	struct world *w =
	    limited((struct prefix_limit){.max = 4, .threshold = 50, .warning_only = true});

	(void)state;
	tell_prefixes(w, 0, 8);
	assert_true(world_established(w, 1, 2));
	assert_int_equal(said(w, "MAXPFX: threshold"), 1);
	assert_int_equal(said(w, "MAXPFX: exceeded"), 1);
	for (unsigned i = 0; i < 7; i++) {
		struct nlri n = some_prefix();

		n.prefix.addr.b[2] = (uint8_t)i;
		world_say_mac(w, 2, &n, NULL);
	}
	tell_prefixes(w, 0, 8);
	assert_int_equal(said(w, "MAXPFX: threshold"), 2);
	assert_int_equal(said(w, "MAXPFX: exceeded"), 2);
	/* the same routes again are no more routes */
	tell_prefixes(w, 0, 8);
	assert_int_equal(said(w, "MAXPFX: exceeded"), 2);
	world_free(w);
}

/* ---- clear ---- */

static void test_clear(void **state)
{
	static const bool every[BGP_FAMILIES] = {true, true, true};
	static const bool none[BGP_FAMILIES];
	struct world *w = limited((struct prefix_limit){.max = 1, .threshold = 100});
	unsigned count[6], updates;
	struct bgp *b = w->node[1].bgp;
	const char *refused;

	(void)state;
	tell_prefixes(w, 0, 1);
	updates = w->node[1].updates_out;
	assert_int_equal(bgp_clear(b, NULL, none, BGP_CLEAR_BOTH, w->now, &refused), 2);
	world_settle(w);
	world_notified(w, 2, count);
	assert_int_equal(count[MESSAGE_ROUTE_REFRESH], 0);
	assert_int_equal(bgp_clear(b, "10.0.0.3", every, BGP_CLEAR_IN, w->now, &refused), 1);
	assert_int_equal(bgp_clear(b, "10.0.0.1", every, BGP_CLEAR_OUT, w->now, &refused), 1);
	assert_int_equal(bgp_clear(b, "10.0.0.9", every, BGP_CLEAR_OUT, w->now, &refused), 0);
	world_settle(w);
	world_notified(w, 2, count);
	assert_int_equal(count[MESSAGE_ROUTE_REFRESH], 2);
	assert_int_equal(w->node[1].updates_out, updates + 1);
	/* held down, and let in again */
	tell_prefixes(w, 1, 2);
	assert_true(world_peer(w, 1, 2).overflowed);
	assert_int_equal(bgp_clear(b, "10.0.0.3", every, BGP_CLEAR_SESSION, w->now, &refused), 1);
	world_settle(w);
	world_handshake(w, 2, 1);
	assert_true(world_established(w, 1, 2));
	bgp_clear(b, "10.0.0.3", every, BGP_CLEAR_SESSION, w->now, &refused);
	world_settle(w);
	assert_int_equal(world_notified(w, 2, count), NOTIFY_CEASE * 256 + NOTIFY_CEASE_RESET);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_paths_out),
	    cmocka_unit_test(test_private_own_as),
	    cmocka_unit_test(test_paths_in),
	    cmocka_unit_test(test_local_as_reload),
	    cmocka_unit_test(test_med_unchanged),
	    cmocka_unit_test(test_communities),
	    cmocka_unit_test(test_route_server),
	    cmocka_unit_test(test_next_hop_self),
	    cmocka_unit_test(test_default_local_pref),
	    cmocka_unit_test(test_clients),
	    cmocka_unit_test(test_reflected_policy),
	    cmocka_unit_test(test_cluster_id),
	    cmocka_unit_test(test_minimum_hold_time),
	    cmocka_unit_test(test_path_identifiers),
	    cmocka_unit_test(test_counted_once),
	    cmocka_unit_test(test_maximum_prefix),
	    cmocka_unit_test(test_maximum_prefix_restart),
	    cmocka_unit_test(test_maximum_prefix_warning),
	    cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
