/*
 * The decision process, as the elimination that RFC 4271 describes: all paths of a destination
 * start as candidates, each step removes those that are worse than another candidate, until the
 * last steps leave one. Comparing pairs instead would not be transitive, because of step c; so the
 * outcome here cannot depend on the order of arrival. Age is not looked at for the same reason.
 *
 *  w	 The highest weight, which policy gives to a route on this host alone. A route originated
 *	 here has 32768, others 0; EVPN MAC/IP routes have none.
 *  0	 A route originated here wins over any copy of it from elsewhere.
 *  l	 LLGR_STALE is the last choice, whatever else speaks for it (RFC 9494 section 4.3).
 *  m	 EVPN MAC/IP routes (RFC 7432 section 15): with one key, Route Distinguisher included, two
 *	 paths are two reports of the same advertising PE about the same MAC, one of which is late.
 *	 So, before all policy: static MACs first (section 15.2), then the higher sequence number.
 *	 FRR does likewise, and leaves and hypervisors must agree. Choosing among *different* PEs is
 *	 not done here but in evpn/mobility.
 *  9.1.1 The highest degree of preference, LOCAL_PREF (100 if there is none).
 *  9.1.2.2 Breaking ties:
 *  a)	 the smallest number of AS numbers in AS_PATH, an AS_SET counting 1;
 *  b)	 the lowest ORIGIN;
 *  c)	 the lowest MULTI_EXIT_DISC among paths of the same neighbouring AS (none counts as 0);
 *  d)	 paths learned by eBGP over those learned by iBGP;
 *  e)	 the lowest interior cost: all are equal here, for a next hop is a link or a VTEP away;
 *	 what is left now may share the load (multipath);
 *  f)	 the lowest BGP Identifier, ORIGINATOR_ID standing in for it (RFC 4456 section 9),
 *  f')	 the shortest CLUSTER_LIST (same place);
 *  g)	 the lowest peer address; for two links with one link-local address the lower ifindex.
 */
#include "bgp/decision.h"

#include <string.h>

const char *decision_step_text(enum decision_step step)
{
	static const char *const text[] = {[DECISION_ONLY] = "First path received",
	    [DECISION_WEIGHT] = "Weight",
	    [DECISION_LOCAL] = "Local Route",
	    [DECISION_LONG_LIVED] = "LLGR Stale",
	    [DECISION_STICKY] = "EVPN Sticky MAC",
	    [DECISION_SEQUENCE] = "EVPN sequence number",
	    [DECISION_LOCAL_PREF] = "Local Pref",
	    [DECISION_AS_PATH] = "AS Path",
	    [DECISION_ORIGIN] = "Origin",
	    [DECISION_MED] = "MED",
	    [DECISION_EBGP] = "Peer Type",
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

static uint32_t local_pref(const struct decision_path *p)
{
	return p->attrs->has_local_pref ? p->attrs->local_pref : 100;
}

static uint32_t med(const struct decision_path *p)
{
	return p->attrs->has_med ? p->attrs->med : 0;
}

static int by_weight(const struct decision_path *a, const struct decision_path *b)
{
	return lower(b->weight, a->weight);
}

static int by_local(const struct decision_path *a, const struct decision_path *b)
{
	return lower(b->local, a->local);
}

static int by_long_lived(const struct decision_path *a, const struct decision_path *b)
{
	return lower(a->long_lived_stale, b->long_lived_stale);
}

static int by_sticky(const struct decision_path *a, const struct decision_path *b)
{
	return lower(b->sticky, a->sticky);
}

static int by_sequence(const struct decision_path *a, const struct decision_path *b)
{
	return lower(b->sequence, a->sequence);
}

static int by_local_pref(const struct decision_path *a, const struct decision_path *b)
{
	return lower(local_pref(b), local_pref(a));
}

static int by_as_path(const struct decision_path *a, const struct decision_path *b)
{
	return lower(as_path_length(a->attrs), as_path_length(b->attrs));
}

static int by_origin(const struct decision_path *a, const struct decision_path *b)
{
	return lower(a->attrs->origin, b->attrs->origin);
}

static int by_med(const struct decision_path *a, const struct decision_path *b)
{
	return lower(med(a), med(b));
}

static int by_ebgp(const struct decision_path *a, const struct decision_path *b)
{
	return lower(b->ebgp, a->ebgp);
}

static int by_router_id(const struct decision_path *a, const struct decision_path *b)
{
	return lower(a->router_id, b->router_id);
}

static int by_cluster_list(const struct decision_path *a, const struct decision_path *b)
{
	return lower(a->attrs->cluster_count, b->attrs->cluster_count);
}

static int by_peer_address(const struct decision_path *a, const struct decision_path *b)
{
	return ip_compare(&a->peer_address, &b->peer_address);
}

static int by_interface(const struct decision_path *a, const struct decision_path *b)
{
	return lower(a->peer_ifindex.v, b->peer_ifindex.v);
}

static int by_path_id(const struct decision_path *a, const struct decision_path *b)
{
	return lower(a->path_id, b->path_id);
}

typedef int compare_fn(const struct decision_path *a, const struct decision_path *b);

struct rung {
	enum decision_step step;
	compare_fn *compare;
};

static const struct rung ladder[] = {
    {DECISION_WEIGHT, by_weight},	  /* w */
    {DECISION_LOCAL, by_local},		  /* 0 */
    {DECISION_LONG_LIVED, by_long_lived}, /* l */
    {DECISION_STICKY, by_sticky},	  /* m */
    {DECISION_SEQUENCE, by_sequence},	  /* m */
    {DECISION_LOCAL_PREF, by_local_pref}, /* 9.1.1 */
    {DECISION_AS_PATH, by_as_path},	  /* a */
    {DECISION_ORIGIN, by_origin},	  /* b */
    {DECISION_MED, by_med},		  /* c */
    {DECISION_EBGP, by_ebgp},		  /* d */
};

static const struct rung tie_ladder[] = {
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
static size_t keep_best(struct decision_path **paths, size_t n, compare_fn *compare)
{
	const struct decision_path *best = paths[0];
	size_t kept = 0;

	for (size_t i = 1; i < n; i++)
		if (compare(paths[i], best) < 0)
			best = paths[i];
	for (size_t i = 0; i < n; i++)
		if (compare(paths[i], best) == 0)
			swap(paths, kept++, i);
	return kept;
}

/* Is there a candidate of the same neighbouring AS with a lower MED? */
static bool med_beaten(struct decision_path *const *paths, size_t n, const struct decision_path *p)
{
	uint32_t as = as_path_first(p->attrs);

	for (size_t i = 0; i < n; i++)
		if (by_med(paths[i], p) < 0 && as_path_first(paths[i]->attrs) == as)
			return true;
	return false;
}

/* Step c. Whoever is beaten is beaten by one that stays, so those moved behind may be forgotten
 * while the walk goes on. */
static size_t keep_lowest_med(struct decision_path **paths, size_t n)
{
	for (size_t i = 0; i < n;)
		if (med_beaten(paths, n, paths[i]))
			swap(paths, i, --n);
		else
			i++;
	return n;
}

/* Steps 0 to d. *decided: the last one that removed a candidate. */
static size_t eliminate(const struct decision_rules *r, struct decision_path **paths, size_t n,
    enum decision_step *decided)
{
	for (size_t i = 0; i < COUNT(ladder) && n > 1; i++) {
		size_t left = ladder[i].step == DECISION_MED && !r->always_compare_med
				  ? keep_lowest_med(paths, n)
				  : keep_best(paths, n, ladder[i].compare);

		if (left < n)
			*decided = ladder[i].step;
		n = left;
	}
	return n;
}

/* Steps f and g: a total order. */
static int tie_compare(
    const struct decision_path *a, const struct decision_path *b, enum decision_step *decided)
{
	for (size_t i = 0; i < COUNT(tie_ladder); i++) {
		int c = tie_ladder[i].compare(a, b);

		*decided = tie_ladder[i].step;
		if (c != 0)
			return c;
	}
	return 0;
}

static void tie_sort(struct decision_path **paths, size_t n)
{
	enum decision_step unused;

	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && tie_compare(paths[j], paths[j - 1], &unused) < 0; j--)
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

	if (n <= 1)
		return n;
	n = eliminate(r, paths, n, &unused);
	tie_sort(paths, n);
	return multipath(r, paths, n);
}

static enum decision_step step_between(
    const struct decision_rules *r, struct decision_path *winner, struct decision_path *loser)
{
	struct decision_path *pair[2] = {winner, loser};
	enum decision_step step = DECISION_ONLY;

	if (eliminate(r, pair, 2, &step) == 2)
		tie_compare(winner, loser, &step);
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
