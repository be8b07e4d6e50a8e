/*
 * Attributes of an aggregate.
 *
 * ORIGIN is the worst of all, unless a statement names it. Without `as-set` nothing else is taken
 * over, and ATOMIC_AGGREGATE says that ASs may be missing from the path; with it the path begins
 * with what all paths begin with, and an AS_SET has the rest (RFC 4271 section 9.2.2.2), and the
 * communities are those of all. GRACEFUL_SHUTDOWN is of one route and not of the whole. What is
 * done to a MULTI_EXIT_DISC is FRR's: it is 0.
 */
#include "bgp/aggregate_attrs.h"

#include <string.h>

static uint32_t med_of(const struct attrs *a)
{
	return a->has_med ? a->med : 0;
}

bool attrs_same_med(const struct attrs *const *list, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (med_of(list[i]) != med_of(list[0]))
			return false;
	return true;
}

static void communities_of_all(
    struct attrs *to, const struct attrs *const *list, size_t count, struct arena *arena)
{
	size_t total = 0, n = 0;
	uint32_t *all;

	for (size_t i = 0; i < count; i++)
		total += list[i]->community_count;
	all = arena_new(arena, (total + 1) * sizeof(*all));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < list[i]->community_count; j++)
			if (list[i]->communities[j] != COMMUNITY_GRACEFUL_SHUTDOWN)
				all[n++] = list[i]->communities[j];
	attrs_set_communities(to, all, n, arena);
}

static void extcomms_of_all(
    struct attrs *to, const struct attrs *const *list, size_t count, struct arena *arena)
{
	size_t total = 0, n = 0;
	struct extcomm *all;

	for (size_t i = 0; i < count; i++)
		total += list[i]->extcomm_count;
	all = arena_new(arena, (total + 1) * sizeof(*all));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < list[i]->extcomm_count; j++)
			all[n++] = list[i]->extcomms[j];
	attrs_set_extcomms(to, all, n, arena);
}

static void large_of_all(
    struct attrs *to, const struct attrs *const *list, size_t count, struct arena *arena)
{
	size_t total = 0, n = 0;
	struct large_community *all;

	for (size_t i = 0; i < count; i++)
		total += list[i]->large_count;
	all = arena_new(arena, (total + 1) * sizeof(*all));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < list[i]->large_count; j++)
			all[n++] = list[i]->large[j];
	attrs_set_large(to, all, n, arena);
}

static void take_over(
    struct attrs *to, const struct attrs *const *list, size_t count, struct arena *arena)
{
	to->atomic_aggregate = !as_path_aggregate(to, list, count, arena);
	for (size_t i = 0; i < count; i++)
		to->atomic_aggregate |= list[i]->atomic_aggregate;
	communities_of_all(to, list, count, arena);
	extcomms_of_all(to, list, count, arena);
	large_of_all(to, list, count, arena);
}

struct attrs aggregate_attrs(const struct aggregate_settings *s, const struct attrs *const *list,
    size_t count, struct arena *arena)
{
	struct attrs to = {.origin = ORIGIN_IGP,
	    .has_med = true,
	    .has_aggregator = true,
	    .atomic_aggregate = true};

	for (size_t i = 0; i < count; i++)
		if (list[i]->origin > to.origin)
			to.origin = list[i]->origin;
	if (s->has_origin)
		to.origin = (uint8_t)s->origin;
	if (s->as_set)
		take_over(&to, list, count, arena);
	return to;
}
