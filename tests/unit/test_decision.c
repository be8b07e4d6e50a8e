/*
 * The decision process: each step by a pair that differs in nothing before it, in every order of
 * arrival; the whole ladder at once; MED, where pairs are not enough; multipath.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/bandwidth.h"
#include "bgp/decision.h"

/* AS_PATHs in wire form: one AS_SEQUENCE of 4-octet numbers. */
static const uint8_t path_a[] = {2, 2, 0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xf0};
static const uint8_t path_b[] = {2, 2, 0, 0, 0xfd, 0xea, 0, 0, 0xfd, 0xf0};
static const uint8_t path_long[] = {2, 3, 0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xeb, 0, 0, 0xfd, 0xf0};

struct sample {
	struct attrs attrs;
	struct decision_path path;
};

static void set_path(struct attrs *a, const uint8_t *path, size_t size)
{
	a->as_path = path;
	a->as_path_size = (uint16_t)size;
}

static void sample_init(struct sample *s)
{
	*s = (struct sample){0};
	set_path(&s->attrs, path_a, sizeof(path_a));
	s->path.attrs = &s->attrs;
	s->path.owner = s;
	s->path.ebgp = true;
	s->path.router_id = 10;
	s->path.peer_address = ip_from_u32(0x0a000001);
}

static void spoil(struct sample *worse, struct sample *better, enum decision_step step)
{
	switch (step) {
	case DECISION_ONLY:
		break;
	case DECISION_NEXT_HOP:
		worse->path.unreachable = true;
		break;
	case DECISION_OWN:
		better->path.evpn = better->path.local = true;
		break;
	case DECISION_LONG_LIVED:
		worse->path.long_lived_stale = true;
		break;
	case DECISION_STICKY:
		better->path.sticky = true;
		break;
	case DECISION_SEQUENCE:
		better->path.sequence = 1;
		break;
	case DECISION_WEIGHT:
		better->path.weight = worse->path.weight + 1;
		break;
	case DECISION_LOCAL:
		better->path.local = true;
		break;
	case DECISION_LOCAL_PREF:
		worse->attrs.has_local_pref = true;
		worse->attrs.local_pref = 99;
		break;
	case DECISION_AS_PATH:
		set_path(&worse->attrs, path_long, sizeof(path_long));
		break;
	case DECISION_ORIGIN:
		worse->attrs.origin = ORIGIN_INCOMPLETE;
		break;
	case DECISION_MED:
		worse->attrs.has_med = true;
		worse->attrs.med = 5;
		break;
	case DECISION_EBGP:
		worse->path.ebgp = false;
		break;
	case DECISION_IGP_METRIC:
		worse->path.igp_metric = 20;
		break;
	case DECISION_IGP_CLUSTER:
	case DECISION_ROUTER_ID:
		worse->path.router_id = 11;
		break;
	case DECISION_CLUSTER_LIST:
		worse->attrs.cluster_count = 1;
		break;
	case DECISION_PEER_ADDRESS:
		worse->path.peer_address = ip_from_u32(0x0a000002);
		break;
	case DECISION_INTERFACE:
		worse->path.peer_ifindex.v = 1;
		break;
	case DECISION_PATH_ID:
		worse->path.path_id = 1;
		break;
	}
}

/* Every order of n samples; each must choose `winner`. */
static void permute(const struct decision_rules *r, struct decision_path **p, size_t n, size_t at,
    const void *winner, size_t set)
{
	if (at == n) {
		struct decision_path *copy[8];

		memcpy(copy, p, n * sizeof(*p));
		assert_int_equal(decision_select(r, copy, n), set);
		assert_ptr_equal(copy[0]->owner, winner);
		return;
	}
	for (size_t i = at; i < n; i++) {
		struct decision_path *t = p[at];

		p[at] = p[i];
		p[i] = t;
		permute(r, p, n, at + 1, winner, set);
		p[i] = p[at];
		p[at] = t;
	}
}

static void test_each_step(void **state)
{
	struct decision_rules r = {0};

	(void)state;
	for (enum decision_step step = DECISION_NEXT_HOP; step <= DECISION_PATH_ID; step++) {
		struct sample better, worse;
		struct decision_path *p[2] = {&worse.path, &better.path};
		enum decision_step steps[2];

		sample_init(&better);
		sample_init(&worse);
		if (step == DECISION_IGP_CLUSTER)
			continue; /* test_equal_cluster_length */
		spoil(&worse, &better, step);
		/* whatever comes later in the ladder speaks for the other one */
		for (enum decision_step later = step + 1; later <= DECISION_PATH_ID; later++)
			spoil(&better, &worse, later);
		permute(&r, p, 2, 0, &better, 1);
		decision_rank(&r, p, 2, steps);
		assert_int_equal(steps[0], DECISION_ONLY);
		assert_int_equal(steps[1], step);
		assert_non_null(decision_step_text(step));
	}
}

/* Seven paths, each better than the next by one step of the ladder: 5040 orders, one winner, and
 * the ranking names each step. */
static void test_whole_ladder(void **state)
{
	struct decision_rules r = {.max_paths_ebgp = 64};
	struct sample s[7];
	struct decision_path *p[7];
	enum decision_step steps[7];
	enum decision_step order[7] = {DECISION_ONLY, DECISION_STICKY, DECISION_SEQUENCE,
	    DECISION_LOCAL_PREF, DECISION_AS_PATH, DECISION_ORIGIN, DECISION_EBGP};

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		sample_init(&s[i]);
		s[i].path.sequence = 9;
		p[i] = &s[i].path;
	}
	s[0].path.sticky = true;
	for (size_t i = 2; i < 7; i++)
		s[i].path.sequence = 8;
	for (size_t k = 3; k < 7; k++)
		for (size_t i = k; i < 7; i++)
			spoil(&s[i], &s[i], order[k]);
	permute(&r, p, 7, 0, &s[0], 1);
	decision_rank(&r, p, 7, steps);
	for (size_t i = 0; i < 7; i++) {
		assert_ptr_equal(p[i]->owner, &s[i]);
		assert_int_equal(steps[i], order[i]);
	}
}

/* MED compares within a neighbouring AS only, which is not transitive: x (AS a, MED 10), y (AS b,
 * no MED to speak of), z (AS a, MED 5). Pairwise x beats y beats z by router id, yet z beats x. */
static void test_med_is_not_transitive(void **state)
{
	struct decision_rules r = {0};
	struct sample x, y, z;
	struct decision_path *p[3] = {&x.path, &y.path, &z.path};

	(void)state;
	sample_init(&x);
	sample_init(&y);
	sample_init(&z);
	set_path(&y.attrs, path_b, sizeof(path_b));
	x.attrs.has_med = z.attrs.has_med = true;
	x.attrs.med = 10;
	z.attrs.med = 5;
	x.path.router_id = 1;
	y.path.router_id = 2;
	z.path.router_id = 3;
	permute(&r, p, 3, 0, &y, 1);
	r.always_compare_med = true;
	y.attrs.has_med = true;
	y.attrs.med = 7;
	permute(&r, p, 3, 0, &z, 1);
}

static void test_multipath(void **state)
{
	struct decision_rules r = {.max_paths_ebgp = 8, .max_paths_ibgp = 8};
	struct sample s[4];
	struct decision_path *p[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		sample_init(&s[i]);
		s[i].path.router_id = 20 - (uint32_t)i;
		p[i] = &s[i].path;
	}
	permute(&r, p, 4, 0, &s[3], 4);
	/* another path of the same length: shares only with multipath-relax */
	set_path(&s[0].attrs, path_b, sizeof(path_b));
	permute(&r, p, 4, 0, &s[3], 3);
	r.multipath_relax = true;
	permute(&r, p, 4, 0, &s[3], 4);
	r.max_paths_ebgp = 2;
	permute(&r, p, 4, 0, &s[3], 2);
	r.max_paths_ebgp = 0;
	permute(&r, p, 4, 0, &s[3], 1);
	r.max_paths_ebgp = 8;
	/* iBGP never shares with eBGP */
	s[3].path.ebgp = false;
	permute(&r, p, 4, 0, &s[2], 3);
	/* and a local route with nobody */
	s[1].path.local = true;
	permute(&r, p, 4, 0, &s[1], 1);
}

/* `peer-type multipath-relax`: eBGP and iBGP share the load; the cost comes before the kind of
 * peer, and CLUSTER_LISTs are compared among internal paths alone, whatever the order. */
static void test_peer_type_relax(void **state)
{
	struct decision_rules r = {
	    .max_paths_ebgp = 8, .max_paths_ibgp = 2, .peer_type_relax = true};
	struct sample s[4];
	struct decision_path *p[4];
	enum decision_step steps[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		sample_init(&s[i]);
		s[i].path.router_id = 20 - (uint32_t)i;
		s[i].path.ebgp = i == 0;
		p[i] = &s[i].path;
	}
	permute(&r, p, 4, 0, &s[0], 4);
	decision_rank(&r, p, 4, steps);
	assert_int_equal(steps[1], DECISION_EBGP);
	s[1].attrs.cluster_count = 2;
	s[2].attrs.cluster_count = 1;
	s[3].attrs.cluster_count = 1;
	r.equal_cluster_length = true;
	permute(&r, p, 4, 0, &s[0], 3);
	/* an internal path of lower cost is best, and counts by its kind */
	s[3].path.igp_metric = 1;
	s[2].path.igp_metric = 1;
	s[1].path.igp_metric = 1;
	s[0].path.igp_metric = 2;
	permute(&r, p, 4, 0, &s[3], 2);
	r.peer_type_relax = false;
	permute(&r, p, 4, 0, &s[0], 1);
}

/* With it the CLUSTER_LIST belongs to the cost, so it comes before the multipath set is made. */
static void test_equal_cluster_length(void **state)
{
	struct decision_rules r = {.max_paths_ibgp = 8};
	struct sample s[3];
	struct decision_path *p[3];
	enum decision_step steps[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		sample_init(&s[i]);
		s[i].path.ebgp = false;
		s[i].path.router_id = 10 + (uint32_t)i;
		p[i] = &s[i].path;
	}
	s[0].attrs.cluster_count = 2;
	permute(&r, p, 3, 0, &s[0], 3);
	r.equal_cluster_length = true;
	permute(&r, p, 3, 0, &s[1], 2);
	decision_rank(&r, p, 3, steps);
	assert_ptr_equal(p[2]->owner, &s[0]);
	assert_int_equal(steps[2], DECISION_IGP_CLUSTER);
}

/* The metric of the route to the next hop: it ranks, and only equal ones share the load. */
static void test_igp_metric(void **state)
{
	struct decision_rules r = {.max_paths_ebgp = 8};
	struct sample s[4];
	struct decision_path *p[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		sample_init(&s[i]);
		s[i].path.router_id = 10 + (uint32_t)i;
		s[i].path.igp_metric = i < 2 ? 20 : 10;
		p[i] = &s[i].path;
	}
	permute(&r, p, 4, 0, &s[2], 2);
}

/* Without a reachable next hop a path is none at all, whatever else speaks for it. */
static void test_unreachable(void **state)
{
	struct decision_rules r = {.max_paths_ebgp = 8};
	struct sample s[3];
	struct decision_path *p[3];
	enum decision_step steps[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		sample_init(&s[i]);
		s[i].path.unreachable = i != 1;
		p[i] = &s[i].path;
	}
	s[0].path.weight = 100;
	permute(&r, p, 3, 0, &s[1], 1);
	decision_rank(&r, p, 3, steps);
	assert_ptr_equal(p[0]->owner, &s[1]);
	assert_int_equal(steps[1], DECISION_NEXT_HOP);
	assert_ptr_equal(p[1]->owner, &s[0]);
	assert_int_equal(steps[2], DECISION_WEIGHT);
	s[1].path.unreachable = true;
	permute(&r, p, 3, 0, &s[0], 0);
	assert_int_equal(decision_select(&r, p, 1), 0);
}

static void test_rules(void **state)
{
	struct decision_rules r = {0};
	struct sample s[2];
	struct decision_path *p[2] = {&s[0].path, &s[1].path};

	(void)state;
	sample_init(&s[0]);
	sample_init(&s[1]);
	/* none is the best MED, or the worst */
	s[0].attrs.has_med = true;
	s[0].attrs.med = UINT32_MAX - 1;
	permute(&r, p, 2, 0, &s[1], 1);
	r.med_missing_as_worst = true;
	permute(&r, p, 2, 0, &s[0], 1);
	/* a path without LOCAL_PREF counts as 100, or as told */
	s[0].attrs = s[1].attrs;
	s[0].attrs.has_local_pref = true;
	s[0].attrs.local_pref = 120;
	permute(&r, p, 2, 0, &s[0], 1);
	r.has_default_local_pref = true;
	r.default_local_pref = 121;
	permute(&r, p, 2, 0, &s[1], 1);
	r.default_local_pref = 0;
	permute(&r, p, 2, 0, &s[0], 1);
	/* the length of AS_PATH is looked at, or not */
	sample_init(&s[0]);
	s[1].path.router_id = 11;
	set_path(&s[0].attrs, path_long, sizeof(path_long));
	permute(&r, p, 2, 0, &s[1], 1);
	r.as_path_ignore = true;
	permute(&r, p, 2, 0, &s[0], 1);
}

/* A cheap generator: the tests of the whole want many destinations, not good ones. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void random_sample(struct sample *s, uint32_t *seed, uint32_t nth)
{
	sample_init(s);
	if (next_random(seed) % 3 == 0)
		set_path(&s->attrs, path_b, sizeof(path_b));
	s->attrs.has_med = next_random(seed) % 2 == 0;
	s->attrs.med = s->attrs.has_med ? next_random(seed) % 3 : 0;
	s->attrs.has_local_pref = next_random(seed) % 4 == 0;
	s->attrs.local_pref = s->attrs.has_local_pref ? 100 : 0;
	s->attrs.cluster_count = (uint16_t)(next_random(seed) % 2);
	s->path.ebgp = next_random(seed) % 3 != 0;
	s->path.unreachable = next_random(seed) % 5 == 0;
	s->path.igp_metric = next_random(seed) % 4 == 0;
	s->path.router_id = 10 + next_random(seed) % 3;
	s->path.peer_address = ip_from_u32(0x0a000001 + nth);
}

static bool in_set(struct decision_path *const *set, size_t n, const struct decision_path *p)
{
	for (size_t i = 0; i < n; i++)
		if (set[i] == p)
			return true;
	return false;
}

/* Every order of arrival, two thousand destinations, all combinations of the rules: one best path,
 * one multipath set. */
static void every_order(const struct decision_rules *r, struct decision_path **p, size_t n,
    size_t at, struct decision_path *const *want, size_t set)
{
	struct decision_path *copy[8];

	for (size_t i = at; i < n; i++) {
		struct decision_path *t = p[at];

		p[at] = p[i];
		p[i] = t;
		every_order(r, p, n, at + 1, want, set);
		p[i] = p[at];
		p[at] = t;
	}
	if (at < n)
		return;
	memcpy(copy, p, n * sizeof(*p));
	assert_int_equal(decision_select(r, copy, n), set);
	for (size_t i = 0; i < set; i++)
		assert_true(in_set(want, set, copy[i]));
	assert_ptr_equal(set == 0 ? NULL : copy[0], set == 0 ? NULL : want[0]);
}

static void test_every_order(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct decision_rules r = {.max_paths_ebgp = 2,
		    .max_paths_ibgp = 3,
		    .always_compare_med = (round & 1) != 0,
		    .med_missing_as_worst = (round & 2) != 0,
		    .as_path_ignore = (round & 4) != 0,
		    .multipath_relax = (round & 8) != 0,
		    .equal_cluster_length = (round & 16) != 0,
		    .peer_type_relax = (round & 32) != 0};
		struct sample s[5];
		struct decision_path *p[5], *want[5];
		size_t set;

		for (uint32_t i = 0; i < 5; i++) {
			random_sample(&s[i], &seed, i);
			p[i] = want[i] = &s[i].path;
		}
		set = decision_select(&r, want, 5);
		every_order(&r, p, 5, 0, want, set);
	}
}

/* Type 0x40, subtype 4: 1e6, 3e6 bytes per second as IEEE floats. */
static const struct extcomm slow = {{0x40, 4, 0xfd, 0xe9, 0x49, 0x74, 0x24, 0x00}};
static const struct extcomm fast = {{0x00, 4, 0xfd, 0xe9, 0x4a, 0x37, 0x1b, 0x00}};
static const struct extcomm nonsense = {{0x40, 4, 0xfd, 0xe9, 0xff, 0xc0, 0x00, 0x00}};

static void test_bandwidth(void **state)
{
	const struct extcomm *const told[] = {&slow, &fast, &nonsense};
	static const uint8_t want[][3] = {[LINK_BANDWIDTH_ALL] = {1, 1, 1},
	    [LINK_BANDWIDTH_IGNORE] = {1, 1, 1},
	    [LINK_BANDWIDTH_SKIP_MISSING] = {1, 3, 0},
	    [LINK_BANDWIDTH_DEFAULT_MISSING] = {25, 75, 1}};
	struct sample s[3];
	struct decision_path *p[3];
	uint8_t shares[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		sample_init(&s[i]);
		s[i].attrs.extcomms = told[i];
		s[i].attrs.extcomm_count = 1;
		p[i] = &s[i].path;
	}
	for (unsigned mode = 0; mode < 4; mode++) {
		bandwidth_shares((enum link_bandwidth)mode, p, 3, shares);
		assert_memory_equal(shares, want[mode], 3);
	}
	bandwidth_shares(LINK_BANDWIDTH_ALL, p, 2, shares);
	assert_int_equal(shares[0], 1);
	assert_int_equal(shares[1], 3);
}

static void test_none_and_one(void **state)
{
	struct decision_rules r = {0};
	struct sample s;
	struct decision_path *p[1] = {&s.path};

	(void)state;
	sample_init(&s);
	assert_int_equal(decision_select(&r, p, 0), 0);
	assert_int_equal(decision_select(&r, p, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_step),
	    cmocka_unit_test(test_whole_ladder),
	    cmocka_unit_test(test_med_is_not_transitive),
	    cmocka_unit_test(test_multipath),
	    cmocka_unit_test(test_equal_cluster_length),
	    cmocka_unit_test(test_peer_type_relax),
	    cmocka_unit_test(test_igp_metric),
	    cmocka_unit_test(test_unreachable),
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_every_order),
	    cmocka_unit_test(test_bandwidth),
	    cmocka_unit_test(test_none_and_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
