/*
 * The table of next hops: one object for each, counted by paths. A path remembers an index of four
 * bytes, because there are many paths and few next hops.
 *
 * Decides nothing. Whether a path may use its next hop is asked by loc_rib.c.
 */
#include "bgp/nexthop.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

void nexthop_table_init(struct nexthop_table *t, uint64_t seed)
{
	*t = (struct nexthop_table){0};
	map_init(&t->map, offsetof(struct nexthop, key), sizeof(struct bgp_nexthop), seed);
}

void nexthop_table_fini(struct nexthop_table *t)
{
	check(t->map.count == 0);
	map_fini(&t->map);
	mem_free(t->list);
}

static uint32_t free_index(struct nexthop_table *t)
{
	for (uint32_t n = 0; n < t->room; n++) {
		uint32_t i = (t->used + n) % t->room;

		if (i != 0 && t->list[i] == NULL) {
			t->used = i;
			return i;
		}
	}
	t->used = t->room == 0 ? 1 : t->room;
	t->room = t->room == 0 ? 16 : t->room * 2;
	t->list = mem_resize(t->list, t->room * sizeof(struct nexthop *));
	memset(t->list + (t->room == 16 ? 0 : t->room / 2), 0,
	    (t->room == 16 ? 16 : t->room / 2) * sizeof(struct nexthop *));
	return t->used;
}

uint32_t nexthop_hold(struct nexthop_table *t, const struct bgp_nexthop *key)
{
	struct nexthop *n = map_find(&t->map, key);

	if (key->ip.family == IP_NONE)
		return 0;
	if (n == NULL) {
		n = mem_new(sizeof(*n));
		n->key = *key;
		n->state.reachable = n->state.connected = t->watch == NULL;
		n->index = free_index(t);
		t->list[n->index] = n;
		map_insert(&t->map, n);
		n->paths = 1;
		n->fresh = t->fresh = true;
		if (t->watch != NULL)
			t->watch(t->context, key, true);
		return n->index;
	}
	n->paths++;
	return n->index;
}

void nexthop_release(struct nexthop_table *t, uint32_t index)
{
	struct nexthop *n;

	if (index == 0)
		return;
	n = t->list[index];
	check(n != NULL && n->paths > 0);
	if (--n->paths > 0)
		return;
	t->list[index] = NULL;
	map_remove(&t->map, &n->key);
	if (t->watch != NULL)
		t->watch(t->context, &n->key, false);
	mem_free(n);
}

const struct nexthop *nexthop_at(const struct nexthop_table *t, uint32_t index)
{
	return index == 0 ? NULL : t->list[index];
}

static bool state_equal(const struct bgp_nexthop_state *a, const struct bgp_nexthop_state *b)
{
	return a->reachable == b->reachable && a->connected == b->connected &&
	       a->via_bgp == b->via_bgp && a->yields == b->yields && a->metric == b->metric &&
	       prefix_equal(&a->via, &b->via);
}

bool nexthop_set_state(
    struct nexthop_table *t, const struct bgp_nexthop *key, const struct bgp_nexthop_state *state)
{
	struct nexthop *n = map_find(&t->map, key);

	if (n == NULL || state_equal(&n->state, state))
		return false;
	n->state = *state;
	n->changed = t->changed = true;
	return true;
}

void nexthop_set_own(struct nexthop_table *t, struct nexthop *n, bool own)
{
	n->fresh = false;
	if (n->own == own)
		return;
	n->own = own;
	n->changed = t->changed = true;
}

void nexthop_settle(struct nexthop_table *t)
{
	struct nexthop *n;

	t->changed = false;
	for (size_t at = 0; (n = map_next(&t->map, &at)) != NULL;)
		n->changed = false;
}
