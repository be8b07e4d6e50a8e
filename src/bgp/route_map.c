/*
 * Application of a route-map: which entries, in which order, and what follows from a match. What
 * the clauses mean is in route_map_match.c and route_map_set.c.
 *
 * Applying one never changes shared memory: the caller lends a working copy of the attributes, and
 * an array that a set replaces is made anew in the arena. The sets of an entry that matched stay
 * done when a later entry is the one that permits.
 *
 * The verdict is that of the last entry that was looked at. So a map that goes on after a match and
 * finds entries, but none that matches, denies; one that finds no entry any more permits (FRR 8.4;
 * FRR's manual does not say it).
 */
#include "bgp/policy.h"

/* FRR's limit: a deeper call denies, so maps that call each other in a circle deny. */
#define CALL_DEPTH_MAX 10

struct application {
	const struct policy *policy;
	struct policy_route *route;
	struct attrs *attrs;
	struct arena *arena;
	unsigned depth;
};

static bool entry_matches(const struct application *p, const struct route_map_entry *e)
{
	const struct attrs *seen = p->route->seen != NULL ? p->route->seen : p->attrs;

	for (size_t i = 0; i < e->match_count; i++)
		if (!match_holds(p->policy, &e->matches[i], p->route, seen))
			return false;
	return true;
}

static bool map_apply(struct application *p, const struct route_map *map);

/* A called map that does not exist is passed over. */
static bool call(struct application *p, const struct route_map_entry *e)
{
	bool permit;

	if (e->called == 0)
		return true;
	p->depth++;
	permit = map_apply(p, &p->policy->maps[e->called - 1]);
	p->depth--;
	return permit;
}

/* Where the map goes on after entry i matched; entry_count: it ends. */
static size_t after(const struct route_map *map, size_t i)
{
	const struct route_map_entry *e = &map->entries[i];

	if (e->on_match == ON_MATCH_END)
		return map->entry_count;
	i++;
	while (e->on_match == ON_MATCH_GOTO && i < map->entry_count &&
	       map->entries[i].seq < e->goto_seq)
		i++;
	return i;
}

static bool map_apply(struct application *p, const struct route_map *map)
{
	bool permit = false;

	if (p->depth > CALL_DEPTH_MAX)
		return false;
	for (size_t i = 0; i < map->entry_count;) {
		const struct route_map_entry *e = &map->entries[i];

		if (!entry_matches(p, e)) {
			permit = false;
			i++;
			continue;
		}
		if (!e->permit)
			return false;
		for (size_t j = 0; j < e->set_count; j++)
			set_apply(p->policy, &e->sets[j], p->route, p->attrs, p->arena);
		if (!call(p, e))
			return false;
		permit = true;
		i = after(map, i);
	}
	return permit;
}

bool route_map_apply(const struct policy *policy, const struct route_map *map,
    struct policy_route *route, struct attrs *a, struct arena *arena)
{
	struct application p = {policy, route, a, arena, 0};

	return map != NULL && map_apply(&p, map);
}
