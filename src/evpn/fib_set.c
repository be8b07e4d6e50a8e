/*
 * Sets of next hops as BGP gave them to routes, and what they resolve to: hops, sorted, each once.
 * Owns the sets; a set lives while a place is in it, and watches its members meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "evpn/fib_group_inside.h"

#define WEIGHT_MAX 256

/* ---- hops ---- */

int fib_hop_compare(const void *a, const void *b)
{
	const struct route_nexthop *x = a, *y = b;

	if (!ifindex_equal(x->dev, y->dev))
		return x->dev.v < y->dev.v ? -1 : 1;
	return ip_compare(&x->gateway, &y->gateway);
}

bool fib_hops_equal(const struct fib_hops *a, const struct fib_hops *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (fib_hop_compare(&a->list[i], &b->list[i]) != 0 ||
		    a->list[i].weight != b->list[i].weight)
			return false;
	return true;
}

void fib_hops_set(struct fib_hops *to, const struct route_nexthop *list, size_t count)
{
	struct route_nexthop *copy = mem_dup(list, count * sizeof(*list));

	mem_free(to->list);
	to->list = copy;
	to->count = (uint8_t)count;
}

/* Sorts; two ways over one hop are one with the sum of both weights. */
static size_t hops_merge(struct route_nexthop *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof(*list), fib_hop_compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && fib_hop_compare(&list[kept - 1], &list[i]) == 0)
			list[kept - 1].weight += list[i].weight;
		else
			list[kept++] = list[i];
	}
	for (size_t i = 0; i < kept; i++)
		if (list[i].weight > WEIGHT_MAX)
			list[i].weight = WEIGHT_MAX;
	return kept;
}

/* What the members resolve to, links up. */
static size_t set_hops(
    const struct fib_groups *g, const struct fib_set *s, bool doubted, struct route_nexthop *list)
{
	struct nexthop_view v;
	size_t n = 0;

	for (unsigned i = 0; i < s->count; i++) {
		if (!nexthops_get(g->nexthops, &s->members[i].nexthop, &v) || !v.state.reachable ||
		    (v.doubted && !doubted))
			continue;
		for (unsigned k = 0; k < v.hop_count && n < ROUTE_NEXTHOPS_MAX; k++) {
			if (!nexthops_hop_is_live(g->nexthops, &v.hops[k]))
				continue;
			list[n] = v.hops[k];
			if (!g->underlay_weights || v.hop_count == 1)
				list[n].weight = s->members[i].share;
			n++;
		}
	}
	return n;
}

/* True when the set leads elsewhere than before. */
bool fib_set_resolve(struct fib_groups *g, struct fib_set *s)
{
	struct route_nexthop list[ROUTE_NEXTHOPS_MAX];
	struct fib_hops before = s->hops;
	size_t n = set_hops(g, s, false, list);
	bool changed;

	if (n == 0)
		n = set_hops(g, s, true, list);
	s->hops = (struct fib_hops){0};
	fib_hops_set(&s->hops, list, hops_merge(list, n));
	changed = !fib_hops_equal(&before, &s->hops);
	mem_free(before.list);
	return changed;
}

/* ---- sets ---- */

bool fib_set_is(const struct fib_set *s, const struct fib_member *members, size_t count)
{
	return s->count == count && memcmp(s->members, members, count * sizeof(*members)) == 0;
}

struct fib_set *fib_set_get(struct fib_groups *g, const struct fib_member *members, size_t count)
{
	uint64_t hash = map_hash(g->seed, members, count * sizeof(*members));
	struct fib_set *first = map_find(&g->sets, &hash), *s = first;

	while (s != NULL && !fib_set_is(s, members, count))
		s = s->next;
	if (s != NULL)
		return s;
	s = mem_new(sizeof(*s));
	s->hash = hash;
	s->members = mem_dup(members, count * sizeof(*members));
	s->count = (uint8_t)count;
	list_init(&s->places);
	for (size_t i = 0; i < count; i++)
		nexthops_watch(g->nexthops, &members[i].nexthop);
	fib_set_resolve(g, s);
	if (first != NULL) {
		s->next = first->next;
		first->next = s;
	} else {
		map_insert(&g->sets, s);
	}
	return s;
}

static void set_unchain(struct fib_groups *g, struct fib_set *s)
{
	struct fib_set *first = map_remove(&g->sets, &s->hash);

	if (first == s) {
		first = s->next;
	} else {
		struct fib_set **at = &first->next;

		while (*at != s)
			at = &(*at)->next;
		*at = s->next;
	}
	if (first != NULL)
		map_insert(&g->sets, first);
}

void fib_set_free(struct fib_groups *g, struct fib_set *s)
{
	set_unchain(g, s);
	if (list_linked(&s->dirty))
		list_remove(&g->dirty_sets, &s->dirty);
	for (unsigned i = 0; i < s->count; i++)
		nexthops_unwatch(g->nexthops, &s->members[i].nexthop);
	mem_free(s->members);
	mem_free(s->hops.list);
	mem_free(s);
}

static void set_mark(struct fib_groups *g, struct fib_set *s)
{
	if (!list_linked(&s->dirty))
		list_append(&g->dirty_sets, &s->dirty);
}

/* Sorted by hash would depend on the seed: the order is that of the members. */
static int set_compare(const void *a, const void *b)
{
	const struct fib_set *x = a, *y = b;
	size_t n = x->count < y->count ? x->count : y->count;
	int c = memcmp(x->members, y->members, n * sizeof(*x->members));

	return c != 0 ? c : x->count - y->count;
}

static bool set_has(const struct fib_set *s, const struct bgp_nexthop *key)
{
	for (unsigned i = 0; i < s->count; i++)
		if (key == NULL || memcmp(&s->members[i].nexthop, key, sizeof(*key)) == 0)
			return true;
	return false;
}

/* NULL: all of them. */
static void sets_mark(struct fib_groups *g, const struct bgp_nexthop *key)
{
	struct arena arena = {0};
	size_t count = g->sets.count;
	struct fib_set **all = (struct fib_set **)map_sorted(&g->sets, &arena, set_compare);

	for (size_t i = 0; i < count; i++)
		for (struct fib_set *s = all[i]; s != NULL; s = s->next)
			if (set_has(s, key))
				set_mark(g, s);
	arena_fini(&arena);
}

void fib_groups_nexthop_changed(struct fib_groups *g, const struct bgp_nexthop *key)
{
	sets_mark(g, key);
}

void fib_groups_configure(struct fib_groups *g, bool underlay_weights)
{
	if (g->underlay_weights != underlay_weights)
		sets_mark(g, NULL);
	g->underlay_weights = underlay_weights;
}
