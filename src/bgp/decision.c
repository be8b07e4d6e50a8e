/*
 * The decision process, as the elimination that RFC 4271 describes: all paths of a destination
 * start as candidates, each step removes those that are worse than another candidate, until the
 * last steps leave one. Comparing pairs instead would not be transitive, because of step c; so the
 * outcome here cannot depend on the order of arrival.
 *
 *  9.1.2 A path whose next hop does not resolve is no candidate.
 *  l	 LLGR_STALE is the last choice, whatever else speaks for it (RFC 9494 section 4.3).
 *  m	 EVPN MAC/IP routes (RFC 7432 section 15): with one key, Route Distinguisher included, two
 *	 paths are two reports of the same advertising PE about the same MAC, one of which is late.
 *	 So, before all policy: our own report of our own MACs, then static MACs (section 15.2),
 *	 then the higher sequence number. FRR does likewise, and leaves and hypervisors must agree.
 *	 Choosing among *different* PEs is not done here but in evpn/mobility.
 *  w	 The highest weight: a number of this speaker alone, 32768 for what it originates.
 *  9.1.1 The highest degree of preference, LOCAL_PREF (100 if there is none, or what
 *	 `bgp default local-preference` says); then a route
 *	 originated here over any copy of it from elsewhere.
 *  9.1.2.2 Breaking ties:
 *  a)	 the smallest number of AS numbers in AS_PATH, an AS_SET counting 1;
 *  b)	 the lowest ORIGIN;
 *  c)	 the lowest MULTI_EXIT_DISC among paths of the same neighbouring AS (none counts as 0, or
 *	 as the worst);
 *  d)	 paths learned by eBGP over those learned by iBGP; with `peer-type multipath-relax` only
 *	 after step e, so that the two may share the load;
 *  e)	 the lowest interior cost: the metric of the kernel's route to the next hop; with
 *	 `equal-cluster-length` the shortest CLUSTER_LIST goes for a part of it;
 *	 what is left now may share the load (multipath);
 *  f)	 the lowest BGP Identifier, ORIGINATOR_ID standing in for it (RFC 4456 section 9),
 *  f')	 the shortest CLUSTER_LIST (same place);
 *  g)	 the lowest peer address; for two links with one link-local address the lower ifindex.
 *
 * Age is not looked at. RFC 5004 would keep the best external path while another ties with it up
 * to step e: a decision that depends on which came first, which nobody can repeat
 * (docs/decisions/age-does-not-decide.md).
 */
#include "bgp/decision.h"

#include <string.h>

const char *decision_step_text(enum decision_step step)
{
	static const char *const text[] = {[DECISION_ONLY] = "First path received",
	    [DECISION_NEXT_HOP] = "Next hop not reachable",
	    [DECISION_LONG_LIVED] = "LLGR Stale",
	    [DECISION_OWN] = "EVPN own route",
	    [DECISION_STICKY] = "EVPN Sticky MAC",
	    [DECISION_SEQUENCE] = "EVPN sequence number",
	    [DECISION_WEIGHT] = "Weight",
	    [DECISION_LOCAL_PREF] = "Local Pref",
	    [DECISION_LOCAL] = "Local Route",
	    [DECISION_AS_PATH] = "AS Path",
	    [DECISION_ORIGIN] = "Origin",
	    [DECISION_MED] = "MED",
	    [DECISION_EBGP] = "Peer Type",
	    [DECISION_IGP_METRIC] = "IGP Metric",
	    [DECISION_IGP_CLUSTER] = "Cluster length",
	    [DECISION_ROUTER_ID] = "Router ID",
	    [DECISION_CLUSTER_LIST] = "Cluster length",
	    [DECISION_PEER_ADDRESS] = "Neighbor IP",
	    [DECISION_INTERFACE] = "Interface",
	    [DECISION_PATH_ID] = "Path ID"};

	return text[step];
}

/* Negative: a is better. */
static int lower(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static uint32_t local_pref(const struct decision_rules *r, const struct decision_path *p)
{
	if (p->attrs->has_local_pref)
		return p->attrs->local_pref;
	return r->has_default_local_pref ? r->default_local_pref : LOCAL_PREF_DEFAULT;
}

static uint32_t med(const struct decision_rules *r, const struct decision_path *p)
{
	if (p->attrs->has_med)
		return p->attrs->med;
	return r->med_missing_as_worst ? UINT32_MAX : 0;
}

/* Negative: a is better by this step. */
typedef int compare_fn(
    const struct decision_rules *r, const struct decision_path *a, const struct decision_path *b);

#define STEP(name)                                                                                 \
	static int name(const struct decision_rules *r, const struct decision_path *a,             \
	    const struct decision_path *b)

STEP(by_weight)
{
	(void)r;
	return lower(b->weight, a->weight);
}

STEP(by_long_lived)
{
	(void)r;
	return lower(a->long_lived_stale, b->long_lived_stale);
}

STEP(by_next_hop)
{
	(void)r;
	return lower(a->unreachable, b->unreachable);
}

STEP(by_own)
{
	(void)r;
	return lower(b->evpn && b->local, a->evpn && a->local);
}

STEP(by_sticky)
{
	(void)r;
	return lower(b->sticky, a->sticky);
}

STEP(by_sequence)
{
	(void)r;
	return lower(b->sequence, a->sequence);
}

STEP(by_local_pref)
{
	return lower(local_pref(r, b), local_pref(r, a));
}

STEP(by_local)
{
	(void)r;
	return lower(b->local, a->local);
}

STEP(by_as_path)
{
	if (r->as_path_ignore)
		return 0;
	return lower(as_path_length(a->attrs), as_path_length(b->attrs));
}

STEP(by_origin)
{
	(void)r;
	return lower(a->attrs->origin, b->attrs->origin);
}

STEP(by_med)
{
	return lower(med(r, a), med(r, b));
}

STEP(by_ebgp)
{
	(void)r;
	return lower(b->ebgp, a->ebgp);
}

STEP(by_peer_type)
{
	return r->peer_type_relax ? 0 : by_ebgp(r, a, b);
}

STEP(by_igp_metric)
{
	(void)r;
	return lower(a->igp_metric, b->igp_metric);
}

STEP(by_router_id)
{
	(void)r;
	return lower(a->router_id, b->router_id);
}

STEP(by_cluster_list)
{
	(void)r;
	return lower(a->attrs->cluster_count, b->attrs->cluster_count);
}

STEP(by_igp_cluster)
{
	if (!r->equal_cluster_length || a->ebgp || b->ebgp)
		return 0;
	return by_cluster_list(r, a, b);
}

STEP(by_peer_address)
{
	(void)r;
	return ip_compare(&a->peer_address, &b->peer_address);
}

STEP(by_interface)
{
	(void)r;
	return lower(a->peer_ifindex.v, b->peer_ifindex.v);
}

STEP(by_path_id)
{
	(void)r;
	return lower(a->path_id, b->path_id);
}

struct rung {
	enum decision_step step;
	compare_fn *compare;
};

static const struct rung ladder[] = {
    {DECISION_NEXT_HOP, by_next_hop},	   /* 9.1.2 */
    {DECISION_LONG_LIVED, by_long_lived},  /* l */
    {DECISION_OWN, by_own},		   /* m */
    {DECISION_STICKY, by_sticky},	   /* m */
    {DECISION_SEQUENCE, by_sequence},	   /* m */
    {DECISION_WEIGHT, by_weight},	   /* w */
    {DECISION_LOCAL_PREF, by_local_pref},  /* 9.1.1 */
    {DECISION_LOCAL, by_local},		   /* 9.1.1 */
    {DECISION_AS_PATH, by_as_path},	   /* a */
    {DECISION_ORIGIN, by_origin},	   /* b */
    {DECISION_MED, by_med},		   /* c */
    {DECISION_EBGP, by_peer_type},	   /* d */
    {DECISION_IGP_METRIC, by_igp_metric},  /* e */
    {DECISION_IGP_CLUSTER, by_igp_cluster} /* e */
};

static const struct rung tie_ladder[] = {
    {DECISION_EBGP, by_ebgp},		      /* d, relaxed */
    {DECISION_ROUTER_ID, by_router_id},	      /* f */
    {DECISION_CLUSTER_LIST, by_cluster_list}, /* f' */
    {DECISION_PEER_ADDRESS, by_peer_address}, /* g */
    {DECISION_INTERFACE, by_interface},	      /* g */
    {DECISION_PATH_ID, by_path_id},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void swap(struct decision_path **paths, size_t i, size_t j)
{
	struct decision_path *p = paths[i];

	paths[i] = paths[j];
	paths[j] = p;
}

/* The candidates that no other beats, moved to the front; their number. */
static size_t keep_best(
    const struct decision_rules *r, struct decision_path **paths, size_t n, compare_fn *compare)
{
	const struct decision_path *best = paths[0];
	size_t kept = 0;

	for (size_t i = 1; i < n; i++)
		if (compare(r, paths[i], best) < 0)
			best = paths[i];
	for (size_t i = 0; i < n; i++)
		if (compare(r, paths[i], best) == 0)
			swap(paths, kept++, i);
	return kept;
}

/* Step c: only paths of the same neighbouring AS are compared. */
STEP(by_med_of_as)
{
	return as_path_first(a->attrs) == as_path_first(b->attrs) ? by_med(r, a, b) : 0;
}

static bool beaten(const struct decision_rules *r, struct decision_path *const *paths, size_t n,
    const struct decision_path *p, compare_fn *compare)
{
	for (size_t i = 0; i < n; i++)
		if (compare(r, paths[i], p) < 0)
			return true;
	return false;
}

/* The usual case, and with many paths what keeps step c from being quadratic. */
static bool med_is_one(const struct decision_rules *r, struct decision_path *const *paths, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (by_med(r, paths[i], paths[0]) != 0)
			return false;
	return true;
}

/* Where only some pairs are compared, by a number that is each path's own. Whoever is beaten is
 * beaten by one that stays, so those moved behind may be forgotten while the walk goes on. */
static size_t keep_unbeaten(
    const struct decision_rules *r, struct decision_path **paths, size_t n, compare_fn *compare)
{
	for (size_t i = 0; i < n;)
		if (beaten(r, paths, n, paths[i], compare))
			swap(paths, i, --n);
		else
			i++;
	return n;
}

static size_t take_step(
    const struct decision_rules *r, const struct rung *rung, struct decision_path **paths, size_t n)
{
	if (rung->step == DECISION_MED && !r->always_compare_med)
		return med_is_one(r, paths, n) ? n : keep_unbeaten(r, paths, n, by_med_of_as);
	/* Else all candidates are of one kind here. */
	if (rung->step == DECISION_IGP_CLUSTER && r->peer_type_relax)
		return keep_unbeaten(r, paths, n, rung->compare);
	return keep_best(r, paths, n, rung->compare);
}

/* Steps up to e. *decided: the last one that removed a candidate. */
static size_t eliminate(const struct decision_rules *r, struct decision_path **paths, size_t n,
    enum decision_step *decided)
{
	for (size_t i = 0; i < COUNT(ladder) && n > 1; i++) {
		size_t left = take_step(r, &ladder[i], paths, n);

		if (left < n)
			*decided = ladder[i].step;
		n = left;
	}
	return n;
}

/* Steps f and g, and what was left of d: a total order. */
static int tie_compare(const struct decision_rules *r, const struct decision_path *a,
    const struct decision_path *b, enum decision_step *decided)
{
	for (size_t i = 0; i < COUNT(tie_ladder); i++) {
		int c = tie_ladder[i].compare(r, a, b);

		*decided = tie_ladder[i].step;
		if (c != 0)
			return c;
	}
	return 0;
}

static void tie_sort(const struct decision_rules *r, struct decision_path **paths, size_t n)
{
	enum decision_step unused;

	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && tie_compare(r, paths[j], paths[j - 1], &unused) < 0;
		     j--)
			swap(paths, j, j - 1);
}

static bool same_as_path(const struct attrs *a, const struct attrs *b)
{
	return a->as_path_size == b->as_path_size &&
	       (a->as_path_size == 0 || memcmp(a->as_path, b->as_path, a->as_path_size) == 0);
}

static size_t max_paths(const struct decision_rules *r, const struct decision_path *best)
{
	uint16_t max = best->ebgp ? r->max_paths_ebgp : r->max_paths_ibgp;

	return best->local || max == 0 ? 1 : max;
}

/* Of n candidates that are equal up to step e and sorted: those that share the load, in front. */
static size_t multipath(const struct decision_rules *r, struct decision_path **paths, size_t n)
{
	size_t max = max_paths(r, paths[0]), kept = 1;

	for (size_t i = 1; i < n && kept < max; i++)
		if (r->multipath_relax || same_as_path(paths[i]->attrs, paths[0]->attrs))
			swap(paths, kept++, i);
	return kept;
}

size_t decision_select(const struct decision_rules *r, struct decision_path **paths, size_t n)
{
	enum decision_step unused;

	if (n > 1) {
		n = eliminate(r, paths, n, &unused);
		tie_sort(r, paths, n);
	}
	/* The first step leaves none of these while there is another. */
	if (n == 0 || paths[0]->unreachable)
		return 0;
	return multipath(r, paths, n);
}

static enum decision_step step_between(
    const struct decision_rules *r, struct decision_path *winner, struct decision_path *loser)
{
	struct decision_path *pair[2] = {winner, loser};
	enum decision_step step = DECISION_ONLY;

	if (eliminate(r, pair, 2, &step) == 2)
		tie_compare(r, winner, loser, &step);
	return step;
}

void decision_rank(const struct decision_rules *r, struct decision_path **paths, size_t n,
    enum decision_step *steps)
{
	for (size_t i = 0; i < n; i++) {
		decision_select(r, paths + i, n - i);
		steps[i] = i == 0 ? DECISION_ONLY : step_between(r, paths[i - 1], paths[i]);
	}
}
