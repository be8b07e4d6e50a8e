/*
 * Next hops that resolve through routes of BGP: none through the route itself, and the table comes
 * to rest. The host is a longest match over routes of others and our own best ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "bgp/loc_rib.h"
#include "bgp/peer.h"
#include "bgp/recursion.h"

#define MAX 8

struct host {
	struct loc_rib rib;
	struct bgp_settings settings;
	struct peer peer[2];
	struct prefix base[MAX]; /* routes of others */
	bool yields[MAX];
	size_t base_count;
	struct str text;
};

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static void base(struct host *h, const char *prefix, bool yields)
{
	h->base[h->base_count] = prefix_of(prefix);
	h->yields[h->base_count++] = yields;
}

static void start(struct host *h)
{
	memset(h, 0, sizeof(*h));
	loc_rib_init(&h->rib, 1);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		h->settings.maximum_paths[f] = h->settings.maximum_paths_ibgp[f] = 1;
	for (int i = 0; i < 2; i++)
		h->peer[i].address = ip_from_u32(0x0a000001u + (uint32_t)i);
	base(h, "10.8.0.0/24", false);
	base(h, "10.9.0.0/24", false);
}

static struct nlri nlri_of(const char *prefix)
{
	return (struct nlri){.family = BGP_IPV4_UNICAST, .prefix = prefix_of(prefix)};
}

static void route(struct host *h, int peer, const char *prefix, const char *next_hop)
{
	struct nlri n = nlri_of(prefix);
	struct attrs a = {0};
	const struct attrs *held;

	if (next_hop == NULL) {
		loc_rib_unset(&h->rib, &h->peer[peer], &n);
		return;
	}
	assert_true(ip_parse(next_hop, &a.next_hop));
	held = attrs_intern(h->rib.attrs, &a);
	assert_true(loc_rib_set(&h->rib, &h->peer[peer], &n, held));
	attrs_release(h->rib.attrs, held);
}

static bool better(const struct prefix *p, const struct ip *ip, int length)
{
	return prefix_contains(p, ip) && p->len > length;
}

/* As evpn/nexthop.c would. */
static struct bgp_nexthop_state resolve(struct host *h, const struct ip *ip)
{
	struct bgp_nexthop_state s = {0};
	int length = 0;

	for (size_t i = 0; i < h->base_count; i++)
		if (better(&h->base[i], ip, length)) {
			s = (struct bgp_nexthop_state){
			    .reachable = true, .yields = h->yields[i], .via = h->base[i]};
			length = s.via.len;
		}
	for (struct dest *d = loc_rib_after(&h->rib, BGP_IPV4_UNICAST, NULL); d != NULL;
	     d = loc_rib_after(&h->rib, BGP_IPV4_UNICAST, d)) {
		struct nlri n;

		dest_nlri(d, NULL, &n);
		if (dest_best(d) == NULL || !better(&n.prefix, ip, length - s.yields))
			continue;
		s = (struct bgp_nexthop_state){.reachable = true, .via_bgp = true, .via = n.prefix};
		length = s.via.len;
	}
	return s;
}

static void resolve_all(struct host *h)
{
	for (uint32_t i = 1; i < h->rib.nexthops.room; i++) {
		const struct nexthop *n = h->rib.nexthops.list[i];
		struct bgp_nexthop_state s;

		if (n == NULL)
			continue;
		s = resolve(h, &n->key.ip);
		nexthop_set_state(&h->rib.nexthops, &n->key, &s);
	}
}

static void run(struct host *h)
{
	for (int rounds = 0; rounds < 20; rounds++) {
		struct dest *d;

		resolve_all(h);
		if (h->rib.nexthops.changed)
			loc_rib_nexthops_changed(&h->rib);
		if (!loc_rib_pending(&h->rib))
			return;
		while ((d = loc_rib_next_dirty(&h->rib)) != NULL) {
			if (loc_rib_decide(&h->rib, &h->settings, d).best_changed)
				recursion_best_changed(&h->rib, d);
			if (dest_unused(d))
				loc_rib_free_dest(&h->rib, d);
		}
	}
	fail_msg("no rest");
}

/* What is used: "10.9.0.0/28 10.8.0.2". */
static const char *used(struct host *h)
{
	struct arena arena = {0};
	struct dest **all;
	size_t count;

	run(h);
	str_clear(&h->text);
	count = h->rib.tables[BGP_IPV4_UNICAST].dests.count;
	all = loc_rib_sorted(&h->rib, BGP_IPV4_UNICAST, &arena);
	for (size_t i = 0; i < count; i++) {
		const struct path *best = dest_best(all[i]);
		char prefix[PREFIX_TEXT_MAX], ip[IP_TEXT_MAX];
		struct nlri n;

		dest_nlri(all[i], NULL, &n);
		if (best != NULL)
			str_addf(&h->text, "%s%s %s", h->text.size > 0 ? ", " : "",
			    prefix_text(&n.prefix, prefix), ip_text(&best->attrs->next_hop, ip));
	}
	arena_fini(&arena);
	return str_text(&h->text);
}

static void stop(struct host *h)
{
	struct dest *d;

	for (int i = 0; i < 2; i++)
		loc_rib_drop_paths(&h->rib, BGP_IPV4_UNICAST, &h->peer[i], false);
	while ((d = loc_rib_next_dirty(&h->rib)) != NULL) {
		loc_rib_decide(&h->rib, &h->settings, d);
		if (dest_unused(d))
			loc_rib_free_dest(&h->rib, d);
	}
	loc_rib_fini(&h->rib);
	str_fini(&h->text);
}

/* It would be the better match for its own next hop, once it were there. */
static void test_itself(void **state)
{
	static const struct {
		const char *prefix, *used;
	} cases[] = {{"10.9.0.0/28", ""}, {"10.9.0.2/32", ""},
	    {"10.9.0.0/24", "10.9.0.0/24 10.9.0.2"}, {"10.0.0.0/8", "10.0.0.0/8 10.9.0.2"},
	    {"10.9.0.16/28", "10.9.0.16/28 10.9.0.2"}, {"10.7.0.0/24", ""}};
	struct host h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start(&h);
		base(&h, "10.7.0.0/24", true);
		route(&h, 0, cases[i].prefix, i == 5 ? "10.7.0.2" : "10.9.0.2");
		assert_string_equal(used(&h), cases[i].used);
		stop(&h);
	}
}

/* A path that leads back is none; another of the same destination is. */
static void test_another_path(void **state)
{
	struct host h;

	(void)state;
	start(&h);
	route(&h, 0, "10.1.0.1/32", "10.1.0.1");
	assert_string_equal(used(&h), "");
	route(&h, 1, "10.1.0.1/32", "10.9.0.2");
	assert_string_equal(used(&h), "10.1.0.1/32 10.9.0.2");
	route(&h, 0, "10.5.0.0/16", "10.1.0.1");
	assert_string_equal(used(&h), "10.1.0.1/32 10.9.0.2, 10.5.0.0/16 10.1.0.1");
	route(&h, 1, "10.1.0.1/32", NULL);
	assert_string_equal(used(&h), "");
	stop(&h);
}

/* Two would lead to each other. */
static void test_each_other(void **state)
{
	static const char *const prefixes[] = {"10.8.0.0/28", "10.9.0.0/28"};
	static const char *const next_hops[] = {"10.9.0.2", "10.8.0.2"};
	static const char *const first[] = {"10.8.0.0/28 10.9.0.2", "10.9.0.0/28 10.8.0.2"};
	struct host h;

	(void)state;
	for (int i = 0; i < 2; i++) {
		start(&h);
		route(&h, 0, prefixes[i], next_hops[i]);
		run(&h);
		route(&h, 0, prefixes[1 - i], next_hops[1 - i]);
		assert_string_equal(used(&h), first[i]);
		/* the other one gets its turn */
		route(&h, 0, prefixes[i], NULL);
		assert_string_equal(used(&h), first[1 - i]);
		stop(&h);
	}
	/* at once: one of them */
	start(&h);
	for (int i = 0; i < 2; i++)
		route(&h, 0, prefixes[i], next_hops[i]);
	assert_true(strcmp(used(&h), first[0]) == 0 || strcmp(used(&h), first[1]) == 0);
	stop(&h);
}

/* What was refused because of another's best path is looked at again when that changes, though its
 * own next hop resolves as before. */
static void test_best_changes(void **state)
{
	struct host h;

	(void)state;
	start(&h);
	route(&h, 0, "10.9.0.0/28", "10.8.0.2");
	run(&h);
	route(&h, 0, "10.8.0.0/28", "10.9.0.2");
	assert_string_equal(used(&h), "10.9.0.0/28 10.8.0.2");
	route(&h, 0, "10.9.0.0/28", "10.9.0.200");
	assert_string_equal(used(&h), "10.8.0.0/28 10.9.0.2, 10.9.0.0/28 10.9.0.200");
	stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_itself),
	    cmocka_unit_test(test_another_path),
	    cmocka_unit_test(test_each_other),
	    cmocka_unit_test(test_best_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
