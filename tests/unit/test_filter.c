/*
 * Policies between speakers: each place where a neighbor's policy is applied, what a reload looks
 * at again, default routes, graceful shutdown.
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
#include "settings_text.h"
#include "speakers.h"

/* The policies and the statements of neighbor 10.0.0.X of node 1 (AS 65002) in the chain 0-1-2,
 * read from text as a daemon reads them. */
static void configure(struct world *w, const char *lists, const char *top, const char *family)
{
	struct node *n = &w->node[1];
	struct str text = {0};

	str_addf(&text,
	    "%s\nrouter bgp 65002\n bgp router-id 10.0.0.2\n no bgp ebgp-requires-policy\n"
	    " neighbor 10.0.0.1 remote-as 65001\n neighbor 10.0.0.3 remote-as 65003\n%s\n"
	    " address-family l2vpn evpn\n  neighbor 10.0.0.1 activate\n"
	    "  neighbor 10.0.0.3 activate\n address-family ipv4 unicast\n%s\n",
	    lists, top, family);
	bgp_settings_fini(&n->settings);
	settings_from_text(&n->settings, str_text(&text));
	str_fini(&text);
	world_configure(w, 1);
	world_settle(w);
}

/* Node 0 announces three prefixes. */
static struct world *chain(void)
{
	struct world *w = world_new(3);

	world_chain(w, 3);
	configure(w, "", "", "");
	world_originate(w, 0, "10.1.0.0/24");
	world_originate(w, 0, "10.2.0.0/24");
	world_originate(w, 0, "10.2.0.0/25");
	world_settle(w);
	return w;
}

/* The prefixes that a node has: "10.1.0.0/24 10.2.0.0/24". */
static const char *prefixes(struct world *w, int node)
{
	static char out[512];
	const char *line = world_routes(w, node, BGP_IPV4_UNICAST);
	size_t size = 0;

	for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
		size_t n = strcspn(line, " ");

		assert_true(size + n + 2 < sizeof(out));
		if (size > 0)
			out[size++] = ' ';
		memcpy(out + size, line, n);
		size += n;
	}
	out[size] = '\0';
	return out;
}

#define ALL "10.1.0.0/24 10.2.0.0/24 10.2.0.0/25"

static void test_each_place(void **state)
{
	static const struct {
		const char *lists, *statement, *at1, *at2;
	} rows[] = {
	    {"", "", ALL, ALL},
	    {"ip prefix-list L permit 10.2.0.0/24 le 32", "neighbor 10.0.0.1 prefix-list L in",
		"10.2.0.0/24 10.2.0.0/25", "10.2.0.0/24 10.2.0.0/25"},
	    {"ip prefix-list L permit 10.2.0.0/24", "neighbor 10.0.0.3 prefix-list L out", ALL,
		"10.2.0.0/24"},
	    {"access-list L permit 10.1.0.0/16", "neighbor 10.0.0.1 distribute-list L in",
		"10.1.0.0/24", "10.1.0.0/24"},
	    {"access-list L deny 10.1.0.0/16\naccess-list L permit any",
		"neighbor 10.0.0.3 distribute-list L out", ALL, "10.2.0.0/24 10.2.0.0/25"},
	    {"bgp as-path access-list L permit ^65009", "neighbor 10.0.0.1 filter-list L in", "",
		""},
	    {"bgp as-path access-list L permit ^65001$", "neighbor 10.0.0.3 filter-list L out", ALL,
		ALL},
	    {"bgp as-path access-list L deny ^65001$", "neighbor 10.0.0.3 filter-list L out", ALL,
		""},
	    {"ip prefix-list L permit 10.2.0.0/24\nroute-map M deny 1\n match ip address "
	     "prefix-list L\nroute-map M permit 2\n",
		"neighbor 10.0.0.1 route-map M in", "10.1.0.0/24 10.2.0.0/25",
		"10.1.0.0/24 10.2.0.0/25"},
	    {"ip prefix-list L permit 10.2.0.0/16 le 32\nbgp as-path access-list S permit .*\n"
	     "route-map M permit 1\n match ip address prefix-len 25\n",
		"neighbor 10.0.0.3 prefix-list L out\n neighbor 10.0.0.3 filter-list S out\n"
		" neighbor 10.0.0.3 route-map M out",
		ALL, "10.2.0.0/25"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world *w = chain();

		configure(w, rows[i].lists, "", rows[i].statement);
		assert_string_equal(prefixes(w, 1), rows[i].at1);
		assert_string_equal(prefixes(w, 2), rows[i].at2);
		assert_int_equal(w->node[1].down_calls, 0);
		/* and back */
		configure(w, "", "", "");
		assert_string_equal(prefixes(w, 2), ALL);
		world_free(w);
	}
}

/* What is named and not defined denies, and the log says so once. */
static void test_missing(void **state)
{
	static const char *const rows[][2] = {{"prefix-list", "there is no prefix-list GONE"},
	    {"distribute-list", "there is no access-list GONE"},
	    {"filter-list", "there is no as-path access-list GONE"},
	    {"route-map", "there is no route-map GONE"}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct world *w = chain();
		const char *said;
		char statement[80];

		snprintf(statement, sizeof(statement), "neighbor 10.0.0.3 %s GONE out", rows[i][0]);
		configure(w, "", "", statement);
		assert_string_equal(prefixes(w, 1), ALL);
		assert_string_equal(prefixes(w, 2), "");
		said = strstr(str_text(&w->node[1].logged), rows[i][1]);
		assert_non_null(said);
		assert_null(strstr(said + 1, rows[i][1]));
		world_free(w);
	}
}

/* A list changes: who depends on it hears the difference, nobody else hears anything. */
static void test_reload_looks_at_what_depends(void **state)
{
	struct world *w = chain();
	const char *out = "neighbor 10.0.0.3 route-map OUT out\nneighbor 10.0.0.1 route-map IN in";
	const char *maps = "ip prefix-list L permit 10.1.0.0/24\nip prefix-list OTHER permit any\n"
			   "route-map OUT permit 1\n match ip address prefix-list L\n"
			   "route-map IN permit 1\n";
	unsigned updates;
	char text[512];

	(void)state;
	configure(w, maps, "", out);
	assert_string_equal(prefixes(w, 2), "10.1.0.0/24");
	updates = w->node[1].updates_out + w->node[0].updates_out;
	snprintf(text, sizeof(text), "%sip prefix-list OTHER deny 10.0.0.0/8\n", maps);
	configure(w, text, "", out);
	assert_int_equal(w->node[1].updates_out + w->node[0].updates_out, updates);
	snprintf(text, sizeof(text), "%sip prefix-list L permit 10.2.0.0/25\n", maps);
	configure(w, text, "", out);
	assert_string_equal(prefixes(w, 2), "10.1.0.0/24 10.2.0.0/25");
	/* one route more for node 2; node 0 was asked for nothing */
	assert_int_equal(w->node[1].updates_out + w->node[0].updates_out, updates + 1);
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
}

/* ---- weight ---- */

static void test_weight(void **state)
{
	struct world *w = chain();

	(void)state;
	world_originate(w, 2, "10.1.0.0/24");
	world_settle(w);
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65001 from 10.0.0.1*"));
	configure(w, "", "", "neighbor 10.0.0.3 weight 5");
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65003 from 10.0.0.3*"));
	/* a route-map has the last word, and a route of our own 32768 */
	configure(w, "route-map W permit 1\n set weight 4\n", "",
	    "neighbor 10.0.0.3 weight 5\nneighbor 10.0.0.3 route-map W in\n"
	    "neighbor 10.0.0.1 weight 4\n");
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65001 from 10.0.0.1*"));
	world_originate_with(w, 1, "10.1.0.0/24", &(struct attrs){.weight = BGP_LOCAL_WEIGHT});
	world_settle(w);
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path  from here*"));
	configure(w, "route-map W permit 1\n set weight 40000\n", "",
	    "neighbor 10.0.0.1 route-map W in\n");
	assert_non_null(
	    strstr(world_routes(w, 1, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65001 from 10.0.0.1*"));
	/* nobody else hears of weights */
	assert_non_null(strstr(prefixes(w, 2), "10.1.0.0/24"));
	world_free(w);
}

/* A policy can take its weight from a route of our own, which is then one as others. */
static void test_weight_of_our_own(void **state)
{
	struct attrs own = {.has_local_pref = true, .local_pref = 50, .weight = BGP_LOCAL_WEIGHT};
	struct world *w = chain();

	(void)state;
	world_originate_with(w, 1, "10.1.0.0/24", &own);
	world_settle(w);
	assert_non_null(
	    strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65002 from"));
	own.weight = 0;
	world_originate_with(w, 1, "10.1.0.0/24", &own);
	world_settle(w);
	assert_non_null(
	    strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "10.1.0.0/24 path 65002 65001 from"));
	world_free(w);
}

/* ---- default routes ---- */

#define DEFAULT "neighbor 10.0.0.3 default-originate"

static void test_default_originate(void **state)
{
	struct world *w = chain();

	(void)state;
	configure(w, "", "", DEFAULT);
	assert_string_equal(prefixes(w, 2), "0.0.0.0/0 " ALL);
	assert_non_null(
	    strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "0.0.0.0/0 path 65002 from 10.0.0.2*"));
	/* in no RIB, and for nobody else */
	assert_string_equal(prefixes(w, 1), ALL);
	assert_string_equal(prefixes(w, 0), ALL);
	/* it stands in front of a default route of the RIB */
	world_originate(w, 0, "0.0.0.0/0");
	world_settle(w);
	assert_non_null(
	    strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "0.0.0.0/0 path 65002 from 10.0.0.2*"));
	configure(w, "", "", "");
	assert_non_null(strstr(world_routes(w, 2, BGP_IPV4_UNICAST), "0.0.0.0/0 path 65002 65001"));
	world_withdraw(w, 0, "0.0.0.0/0");
	world_settle(w);
	assert_string_equal(prefixes(w, 2), ALL);
	/* no other policy concerns it */
	configure(w, "", "", DEFAULT "\nneighbor 10.0.0.3 route-map GONE out");
	assert_string_equal(prefixes(w, 2), "0.0.0.0/0");
	world_free(w);
}

static void test_conditional_default(void **state)
{
	const char *lists = "ip prefix-list L permit 10.8.0.0/15 le 24\n"
			    "route-map D permit 1\n match ip address prefix-list L\n";
	struct world *w = chain();

	(void)state;
	configure(w, lists, "", DEFAULT " route-map D");
	assert_string_equal(prefixes(w, 2), ALL);
	world_originate(w, 0, "10.8.0.0/24");
	world_originate(w, 0, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(prefixes(w, 2), "0.0.0.0/0 " ALL " 10.8.0.0/24 10.9.0.0/24");
	/* the witness goes, another one is found; then the last */
	world_withdraw(w, 0, "10.8.0.0/24");
	world_settle(w);
	assert_string_equal(prefixes(w, 2), "0.0.0.0/0 " ALL " 10.9.0.0/24");
	world_withdraw(w, 0, "10.9.0.0/24");
	world_settle(w);
	assert_string_equal(prefixes(w, 2), ALL);
	/* a reload that changes the condition */
	configure(w,
	    "ip prefix-list L permit 10.1.0.0/24\nroute-map D permit 1\n match ip address "
	    "prefix-list L\n",
	    "", DEFAULT " route-map D");
	assert_string_equal(prefixes(w, 2), "0.0.0.0/0 " ALL);
	configure(w, "", "", DEFAULT " route-map GONE");
	assert_string_equal(prefixes(w, 2), ALL);
	world_free(w);
}

/* A route fulfils the condition that is not the best one: it is one of the two. */
static void test_default_of_any_path(void **state)
{
	static const char *const first[] = {"65001", "65003"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *w = chain();
		char lists[128];

		snprintf(lists, sizeof(lists),
		    "bgp as-path access-list S permit ^%s$\nroute-map D permit 1\n match as-path "
		    "S\n",
		    first[i]);
		world_withdraw(w, 0, "10.1.0.0/24");
		world_withdraw(w, 0, "10.2.0.0/24");
		world_withdraw(w, 0, "10.2.0.0/25");
		configure(w, lists, "", DEFAULT " route-map D");
		world_originate(w, i ? 0 : 2, "10.8.0.0/24");
		world_settle(w);
		assert_null(strstr(prefixes(w, 2), "0.0.0.0/0"));
		world_originate(w, i ? 2 : 0, "10.8.0.0/24");
		world_settle(w);
		assert_non_null(strstr(prefixes(w, 2), "0.0.0.0/0"));
		world_withdraw(w, i ? 2 : 0, "10.8.0.0/24");
		world_settle(w);
		assert_null(strstr(prefixes(w, 2), "0.0.0.0/0"));
		world_free(w);
	}
}

/* The session ends and comes back: so does the default route. */
static void test_default_over_a_session(void **state)
{
	struct world *w = chain();

	(void)state;
	configure(w, "route-map D permit 1\n", "", DEFAULT " route-map D");
	assert_string_equal(prefixes(w, 2), "0.0.0.0/0 " ALL);
	world_cut(w, 1, 2);
	world_settle(w);
	assert_string_equal(prefixes(w, 2), "");
	world_advance(w, 300000);
	assert_string_equal(prefixes(w, 2), "0.0.0.0/0 " ALL);
	world_free(w);
}

/* ---- well-known communities ---- */

static const char *wanted;
static const struct attrs *found;

static void look(
    void *context, const struct nlri *n, const struct bgp_dest_route *routes, size_t count)
{
	char text[PREFIX_TEXT_MAX];

	(void)context;
	if (count > 0 && strcmp(prefix_text(&n->prefix, text), wanted) == 0)
		found = routes[0].route.attrs;
}

static const struct attrs *attrs_at(struct world *w, int node, const char *prefix)
{
	wanted = prefix;
	found = NULL;
	bgp_walk(w->node[node].bgp, BGP_IPV4_UNICAST, &w->arena, NULL, look);
	assert_non_null(found);
	return found;
}

/* RFC 8326: received, the last choice; about to go, everybody is told. */
static void test_graceful_shutdown(void **state)
{
	static const uint32_t community = COMMUNITY_GRACEFUL_SHUTDOWN;
	struct world *w = chain();
	const struct attrs *a;

	(void)state;
	world_originate_with(
	    w, 0, "10.3.0.0/24", &(struct attrs){.communities = &community, .community_count = 1});
	world_settle(w);
	a = attrs_at(w, 1, "10.3.0.0/24");
	assert_true(a->has_local_pref);
	assert_int_equal(a->local_pref, 0);
	assert_false(attrs_at(w, 1, "10.1.0.0/24")->has_local_pref);
	configure(w, "", " bgp graceful-shutdown", "");
	assert_true(attrs_have_community(attrs_at(w, 1, "10.1.0.0/24"), community));
	assert_true(attrs_have_community(attrs_at(w, 2, "10.1.0.0/24"), community));
	assert_int_equal(attrs_at(w, 2, "10.1.0.0/24")->local_pref, 0);
	configure(w, "", " bgp graceful-shutdown", DEFAULT);
	assert_true(attrs_have_community(attrs_at(w, 2, "0.0.0.0/0"), community));
	configure(w, "", "", "");
	assert_false(attrs_have_community(attrs_at(w, 2, "10.1.0.0/24"), community));
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
}

/* RFC 6472: what comes with an AS_SET, when it is not wanted and when it is again. */
static void test_reject_as_sets(void **state)
{
	static const uint8_t path[] = {1, 2, 0, 0, 0, 7, 0, 0, 0, 8}, plain[] = {2, 1, 0, 0, 0, 7};
	struct world *w = chain();

	(void)state;
	world_originate_with(
	    w, 0, "10.3.0.0/24", &(struct attrs){.as_path = path, .as_path_size = sizeof(path)});
	world_originate_with(
	    w, 0, "10.5.0.0/24", &(struct attrs){.as_path = plain, .as_path_size = sizeof(plain)});
	world_settle(w);
	assert_string_equal(prefixes(w, 2), ALL " 10.3.0.0/24 10.5.0.0/24");
	configure(w, "", " bgp reject-as-sets", "");
	assert_string_equal(prefixes(w, 2), ALL " 10.5.0.0/24");
	configure(w, "", "", "");
	assert_string_equal(prefixes(w, 2), ALL " 10.3.0.0/24 10.5.0.0/24");
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
}

/* What node 1 would put into its kernel of a route with this community: its source address, "yes"
 * without one, "no". */
static const char *in_kernel(struct world *w, const char *prefix)
{
	static const uint32_t community = 0xfde90001; /* 65001:1 */
	struct attrs a = {.communities = &community, .community_count = 1};
	struct nlri n = {.family = BGP_IPV4_UNICAST};
	static char text[IP_TEXT_MAX];
	struct ip src;

	assert_true(prefix_parse(prefix, &n.prefix));
	if (!bgp_fib_policy(w->node[1].bgp, &n, &a, "eth0", &src))
		return "no";
	return src.family == IP_NONE ? "yes" : ip_text(&src, text);
}

/* `table-map` and `ip protocol bgp route-map`: what they permit, and whether a reload says that
 * routes are to be asked about again. */
static void test_kernel_policy(void **state)
{
#define KERNEL_MAP                                                                                 \
	"ip prefix-list L permit 10.1.0.0/16 le 32\nbgp community-list standard C permit "         \
	"65001:1\n"                                                                                \
	"route-map M permit 1\n match ip address prefix-list L\n match community C\n"              \
	" match interface eth0\n set src 10.0.0.9\nexit\n"
	struct world *w = chain();
	struct bgp *b = w->node[1].bgp;

	(void)state;
	assert_string_equal(in_kernel(w, "10.2.0.0/24"), "yes");
	configure(w, KERNEL_MAP "ip protocol bgp route-map M\n", "", "");
	assert_true(bgp_fib_policy_changed(b, BGP_IPV4_UNICAST));
	assert_string_equal(in_kernel(w, "10.1.0.0/24"), "10.0.0.9");
	assert_string_equal(in_kernel(w, "10.2.0.0/24"), "no");
	configure(w, KERNEL_MAP "ip protocol bgp route-map M\n", "", "");
	assert_false(bgp_fib_policy_changed(b, BGP_IPV4_UNICAST));
	configure(w, "ip protocol bgp route-map GONE\n", "", "");
	assert_string_equal(in_kernel(w, "10.1.0.0/24"), "no");
	configure(w, KERNEL_MAP, "", "table-map M");
	assert_true(bgp_fib_policy_changed(b, BGP_IPV4_UNICAST));
	assert_string_equal(in_kernel(w, "10.1.0.0/24"), "10.0.0.9");
	assert_string_equal(in_kernel(w, "10.2.0.0/24"), "no");
	configure(w, KERNEL_MAP "route-map M deny 1\nexit\n", "", "table-map M");
	assert_true(bgp_fib_policy_changed(b, BGP_IPV4_UNICAST));
	assert_false(bgp_fib_policy_changed(b, BGP_IPV6_UNICAST));
	assert_string_equal(in_kernel(w, "10.1.0.0/24"), "no");
	configure(w, "", "", "");
	assert_string_equal(in_kernel(w, "10.2.0.0/24"), "yes");
	world_free(w);
}

/* RFC 7999 section 3.2; RFC 1997. */
static void test_well_known(void **state)
{
	static const uint32_t blackhole = COMMUNITY_BLACKHOLE, local_as = 0xffffff03;
	struct world *w = chain();

	(void)state;
	world_originate_with(
	    w, 0, "10.3.0.0/24", &(struct attrs){.communities = &blackhole, .community_count = 1});
	world_originate(w, 1, "10.5.0.0/24");
	world_settle(w);
	assert_true(attrs_have_community(attrs_at(w, 1, "10.3.0.0/24"), COMMUNITY_NO_EXPORT));
	assert_string_equal(prefixes(w, 2), ALL " 10.5.0.0/24");
	world_originate_with(
	    w, 1, "10.5.0.0/24", &(struct attrs){.communities = &local_as, .community_count = 1});
	world_settle(w);
	assert_string_equal(prefixes(w, 2), ALL);
	world_free(w);
}

/* What is of this host, or does not cross the session, is not told. */
static void test_what_does_not_cross(void **state)
{
	struct world *w = chain();
	const struct attrs *a;

	(void)state;
	configure(w,
	    "route-map M permit 1\n set local-preference 7\n set weight 8\n set tag 9\n"
	    " set originator-id 1.2.3.4\n set extcommunity bandwidth 8 non-transitive\n",
	    "", "neighbor 10.0.0.3 route-map M out");
	a = attrs_at(w, 2, "10.1.0.0/24");
	assert_false(a->has_local_pref || a->has_originator_id);
	assert_int_equal(a->weight + a->tag, 0);
	assert_int_equal(a->extcomm_count, 0);
	world_free(w);
}

/* `attribute-unchanged as-path`: a path that is empty cannot stay so, towards another AS. */
static void test_empty_path_unchanged(void **state)
{
	struct world *w = chain();

	(void)state;
	configure(w, "", "",
	    "neighbor 10.0.0.3 attribute-unchanged as-path\nneighbor 10.0.0.1 attribute-unchanged "
	    "as-path");
	w->node[2].settings.neighbors[0].enforce_first_as = false;
	world_configure(w, 2);
	world_originate(w, 1, "10.5.0.0/24");
	world_settle(w);
	assert_int_equal(as_path_first(attrs_at(w, 2, "10.5.0.0/24")), 65002);
	assert_int_equal(as_path_length(attrs_at(w, 2, "10.5.0.0/24")), 1);
	world_free(w);
}

/* … and where nothing else changes, nothing is told: it would be what the peer has. */
static void test_no_news(void **state)
{
	struct world *w = chain();
	unsigned updates;
	char map[128];

	(void)state;
	updates = w->node[1].updates_out;
	for (int i = 1; i < 3; i++) {
		snprintf(map, sizeof(map),
		    "route-map M permit 1\n set tag %d\n set weight %d\n set distance %d\n", i, i,
		    i);
		configure(w, map, "", "neighbor 10.0.0.1 route-map M in");
		assert_int_equal(attrs_at(w, 1, "10.1.0.0/24")->tag, i);
	}
	/* from another AS, so it does not go on */
	world_originate_with(w, 0, "10.1.0.0/24", &(struct attrs){.has_med = true, .med = 7});
	world_settle(w);
	assert_int_equal(attrs_at(w, 1, "10.1.0.0/24")->med, 7);
	assert_int_equal(w->node[1].updates_out, updates);
	world_free(w);
}

static void tell_bandwidth(struct world *w, int node, uint64_t bytes)
{
	struct extcomm e = extcomm_link_bandwidth(65001, bytes, true);

	world_originate_with(
	    w, node, "10.1.0.0/24", &(struct attrs){.extcomms = &e, .extcomm_count = bytes > 0});
	world_settle(w);
}

/* Who sends us packets is to know what all our ways can carry together. */
static void test_sum_of_bandwidths(void **state)
{
	static const char relax[] =
	    " neighbor 10.0.0.4 remote-as 65004\n bgp bestpath as-path multipath-relax\n";
	static const char ignore[] =
	    " neighbor 10.0.0.4 remote-as 65004\n bgp bestpath as-path multipath-relax\n"
	    " bgp bestpath bandwidth ignore\n";
	struct world *w = world_new(4);

	(void)state;
	world_chain(w, 3);
	world_speaker(w, 3);
	world_neighbor(w, 3, 1);
	world_configure(w, 3);
	configure(w, "", relax, "maximum-paths 8");
	tell_bandwidth(w, 0, 1000);
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1000);
	tell_bandwidth(w, 3, 500);
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1500);
	tell_bandwidth(w, 3, 250);
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1250);
	/* one does not tell: none count */
	tell_bandwidth(w, 3, 0);
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1000);
	tell_bandwidth(w, 3, 250);
	configure(w, "", ignore, "maximum-paths 8");
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1000);
	configure(w, "", relax, "maximum-paths 8");
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1250);
	/* what policy says stays */
	configure(w, "route-map M permit 1\n set extcommunity bandwidth 8\n", relax,
	    "maximum-paths 8\nneighbor 10.0.0.3 route-map M out");
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1000000);
	configure(w, "", relax, "maximum-paths 8");
	world_withdraw(w, 3, "10.1.0.0/24");
	world_settle(w);
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), 1000);
	world_free(w);
}

/* How many paths share the load is told though the best one stays what it was. */
static void test_bandwidth_follows_paths(void **state)
{
	struct world *w = world_new(4);
	const struct attrs *a;
	uint64_t one;

	(void)state;
	world_chain(w, 3);
	world_speaker(w, 3);
	world_neighbor(w, 3, 1);
	world_configure(w, 3);
	configure(w, "route-map M permit 1\n set extcommunity bandwidth num-multipaths\n",
	    " neighbor 10.0.0.4 remote-as 65004\n bgp bestpath as-path multipath-relax\n",
	    "maximum-paths 8\nneighbor 10.0.0.3 route-map M out");
	world_originate(w, 0, "10.1.0.0/24");
	world_settle(w);
	one = attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24"));
	assert_true(one > 0);
	world_originate(w, 3, "10.1.0.0/24");
	world_settle(w);
	a = attrs_at(w, 2, "10.1.0.0/24");
	assert_int_equal(as_path_origin(a), 65001);
	assert_int_equal(attrs_link_bandwidth(a), 2 * one);
	world_withdraw(w, 3, "10.1.0.0/24");
	world_settle(w);
	assert_int_equal(attrs_link_bandwidth(attrs_at(w, 2, "10.1.0.0/24")), one);
	world_free(w);
}

/* ---- maximum-prefix-out ---- */

static unsigned told(struct world *w)
{
	return world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST];
}

/* Never more than that; room that comes is used, and what was told stays told. */
static void test_maximum_prefix_out(void **state)
{
	struct world *w = chain();
	char prefix[32];

	(void)state;
	configure(w, "", "", "neighbor 10.0.0.3 maximum-prefix-out 4");
	assert_string_equal(prefixes(w, 2), ALL);
	world_originate(w, 0, "10.3.0.0/24");
	world_originate(w, 0, "10.4.0.0/24");
	world_originate(w, 0, "10.5.0.0/24");
	world_settle(w);
	assert_string_equal(prefixes(w, 2), ALL " 10.3.0.0/24");
	/* what is told may change */
	world_originate_with(w, 0, "10.3.0.0/24", &(struct attrs){.origin = ORIGIN_INCOMPLETE});
	world_settle(w);
	assert_int_equal(told(w), 4);
	world_withdraw(w, 0, "10.1.0.0/24");
	world_settle(w);
	assert_string_equal(prefixes(w, 2), "10.2.0.0/24 10.2.0.0/25 10.3.0.0/24 10.4.0.0/24");
	/* one goes while another comes */
	world_withdraw(w, 0, "10.2.0.0/25");
	world_originate(w, 0, "10.6.0.0/24");
	world_settle(w);
	assert_int_equal(told(w), 4);
	configure(w, "", "", "neighbor 10.0.0.3 maximum-prefix-out 2");
	assert_int_equal(told(w), 2);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", 20 + i / 256, i % 256);
		world_originate(w, 0, prefix);
	}
	world_settle(w);
	assert_int_equal(told(w), 2);
	configure(w, "", "", "neighbor 10.0.0.3 maximum-prefix-out 3000");
	assert_int_equal(told(w), 3000);
	configure(w, "", "", "");
	assert_int_equal(told(w), 5005);
	assert_int_equal(w->node[1].down_calls, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_place),
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_reload_looks_at_what_depends),
	    cmocka_unit_test(test_weight),
	    cmocka_unit_test(test_weight_of_our_own),
	    cmocka_unit_test(test_default_originate),
	    cmocka_unit_test(test_default_of_any_path),
	    cmocka_unit_test(test_conditional_default),
	    cmocka_unit_test(test_default_over_a_session),
	    cmocka_unit_test(test_graceful_shutdown),
	    cmocka_unit_test(test_reject_as_sets),
	    cmocka_unit_test(test_kernel_policy),
	    cmocka_unit_test(test_well_known),
	    cmocka_unit_test(test_what_does_not_cross),
	    cmocka_unit_test(test_empty_path_unchanged),
	    cmocka_unit_test(test_no_news),
	    cmocka_unit_test(test_sum_of_bandwidths),
	    cmocka_unit_test(test_bandwidth_follows_paths),
	    cmocka_unit_test(test_maximum_prefix_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
