/*
 * Set clauses of route-maps: one case each. They change the working copy of the attributes; arrays
 * are made anew in the arena. What is not an attribute (keep the next hop; the source address of
 * the kernel's route) is left in struct policy_route for those whom it concerns.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/extcomm.h"
#include "bgp/policy.h"

enum list_kind set_list_kind(const struct set_clause *s)
{
	if (s->kind == SET_DELETE_COMMUNITY)
		return LIST_COMMUNITY;
	if (s->kind == SET_DELETE_EXTCOMMUNITY)
		return LIST_EXTCOMMUNITY;
	return s->kind == SET_DELETE_LARGE_COMMUNITY ? LIST_LARGE_COMMUNITY : LIST_KINDS;
}

bool set_looks_at_paths(const struct set_clause *s)
{
	return s->kind == SET_LINK_BANDWIDTH && s->bandwidth != BANDWIDTH_VALUE;
}

/* ---- numbers ---- */

/* Sums stay within 32 bits. */
static uint32_t adjusted(const struct set_clause *s, uint32_t old)
{
	switch ((enum set_by)s->by) {
	case SET_TO:
		return s->number;
	case SET_PLUS:
		return old > UINT32_MAX - s->number ? UINT32_MAX : old + s->number;
	case SET_MINUS:
		return old < s->number ? 0 : old - s->number;
	}
	return old;
}

static void set_local_preference(const struct set_clause *s, struct attrs *a)
{
	a->local_pref = adjusted(s, a->has_local_pref ? a->local_pref : 0);
	a->has_local_pref = true;
}

static void set_metric(const struct set_clause *s, struct attrs *a)
{
	a->med = adjusted(s, a->has_med ? a->med : 0);
	a->has_med = true;
}

/* ---- communities ---- */

/* The old elements and those of the clause, in the arena. */
static void *joined(
    const struct set_clause *s, const void *old, size_t old_count, size_t size, struct arena *arena)
{
	uint8_t *all = arena_new(arena, (old_count + s->count) * size + 1);

	check(s->count == 0 || s->size == size);
	if (old_count > 0)
		memcpy(all, old, old_count * size);
	if (s->count > 0)
		memcpy(all + old_count * size, s->values, s->count * size);
	return all;
}

static void set_community(const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	size_t old = s->additive ? a->community_count : 0;

	attrs_set_communities(
	    a, joined(s, a->communities, old, sizeof(uint32_t), arena), old + s->count, arena);
}

static void set_large(const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	size_t old = s->additive ? a->large_count : 0;

	attrs_set_large(a, joined(s, a->large, old, sizeof(struct large_community), arena),
	    old + s->count, arena);
}

static void set_extcommunity(const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	size_t old = s->additive ? a->extcomm_count : 0;

	attrs_set_extcomms(
	    a, joined(s, a->extcomms, old, sizeof(struct extcomm), arena), old + s->count, arena);
}

/* Several paths are added up on the way out, where they are known. */
static uint64_t bandwidth(const struct set_clause *s, const struct policy_route *route)
{
	uint64_t one = (uint64_t)s->number * 1000 * 1000 / 8;

	switch ((enum bandwidth_kind)s->bandwidth) {
	case BANDWIDTH_VALUE:
		return one;
	case BANDWIDTH_PER_PATH:
		return one * route->path_count;
	case BANDWIDTH_CUMULATIVE:
		return route->path_count > 1 ? route->path_bandwidth : 0;
	}
	return 0;
}

/* In place of another of its kind: a transitive and a non-transitive one stand side by side. */
static void set_link_bandwidth(
    const struct set_clause *s, struct policy_route *route, struct attrs *a, struct arena *arena)
{
	uint64_t bytes = bandwidth(s, route);
	struct extcomm own = extcomm_link_bandwidth(route->global_as, bytes, !s->non_transitive);
	struct extcomm *all = arena_new(arena, (a->extcomm_count + 1u) * sizeof(*all));
	size_t n = 0;

	if (bytes == 0)
		return;
	for (size_t i = 0; i < a->extcomm_count; i++)
		if (memcmp(a->extcomms[i].b, own.b, 2) != 0)
			all[n++] = a->extcomms[i];
	all[n++] = own;
	attrs_set_extcomms(a, all, n, arena);
	route->bandwidth_set = true;
}

static void delete_communities(
    const struct policy *policy, const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	if (s->list != 0)
		community_list_delete(&policy->lists[s->list - 1], a, arena);
}

/* ---- AS_PATH ---- */

/* A path near the length that an UPDATE can carry is left alone. */
#define AS_PATH_SIZE_MAX 60000u

static void prepend(const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	const uint32_t *as = s->values;

	for (size_t i = s->count; i-- > 0 && a->as_path_size < AS_PATH_SIZE_MAX;)
		as_path_prepend(a, as[i], 1, arena);
}

static void prepend_last(const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	uint32_t as = as_path_first(a);

	if (as != 0 && a->as_path_size < AS_PATH_SIZE_MAX)
		as_path_prepend(a, as, s->number, arena);
}

/* ---- NEXT_HOP ---- */

static void next_hop_become(struct attrs *a, const struct ip *ip)
{
	a->next_hop = *ip;
	a->next_hop_link_local = (struct ip){0};
	a->next_hop_is_link_local = false;
}

static void set_next_hop(const struct set_clause *s, struct policy_route *route, struct attrs *a)
{
	next_hop_become(a, &s->ip);
	route->next_hop_set = true;
	route->next_hop_peer = false;
}

/* On the way in the peer's address, on the way out our own one. */
static void set_next_hop_peer(struct policy_route *route, struct attrs *a, uint8_t family)
{
	if (route->out) {
		next_hop_become(a, &(struct ip){0}); /* nor is it there to be matched any more */
		route->next_hop_peer = true;
		route->next_hop_set = route->next_hop_unchanged = false;
	} else if (route->peer != NULL && route->peer->family == family) {
		next_hop_become(a, route->peer);
	}
}

static void set_next_hop6_global(
    const struct set_clause *s, struct policy_route *route, struct attrs *a)
{
	a->next_hop = s->ip;
	a->next_hop_is_link_local = false;
	route->next_hop_set = true;
}

static void set_next_hop6_local(const struct set_clause *s, struct attrs *a)
{
	a->next_hop_link_local = s->ip;
	if (a->next_hop_is_link_local)
		a->next_hop = s->ip;
}

/* The kernel's route then goes over the global address. */
static void prefer_global(struct attrs *a)
{
	if (a->next_hop_is_link_local || a->next_hop.family != IP_V6)
		return;
	a->next_hop_link_local = (struct ip){0};
}

/* ---- all ---- */

void set_apply(const struct policy *policy, const struct set_clause *s, struct policy_route *route,
    struct attrs *a, struct arena *arena)
{
	switch (s->kind) {
	case SET_COMMUNITY:
		set_community(s, a, arena);
		break;
	case SET_LARGE_COMMUNITY:
		set_large(s, a, arena);
		break;
	case SET_EXTCOMMUNITY:
		set_extcommunity(s, a, arena);
		break;
	case SET_LINK_BANDWIDTH:
		set_link_bandwidth(s, route, a, arena);
		break;
	case SET_DELETE_COMMUNITY:
	case SET_DELETE_LARGE_COMMUNITY:
	case SET_DELETE_EXTCOMMUNITY:
		delete_communities(policy, s, a, arena);
		break;
	case SET_LOCAL_PREFERENCE:
		set_local_preference(s, a);
		break;
	case SET_METRIC:
		set_metric(s, a);
		break;
	case SET_WEIGHT:
		a->weight = s->number;
		break;
	case SET_ORIGIN:
		a->origin = (uint8_t)s->number;
		break;
	case SET_TAG:
		a->tag = s->number;
		break;
	case SET_DISTANCE:
		a->distance = (uint8_t)s->number;
		break;
	case SET_AS_PATH_PREPEND:
		prepend(s, a, arena);
		break;
	case SET_AS_PATH_PREPEND_LAST:
		prepend_last(s, a, arena);
		break;
	case SET_AS_PATH_EXCLUDE:
		as_path_exclude(a, s->values, s->count, arena);
		break;
	case SET_AS_PATH_REPLACE:
		if (route->ebgp) /* FRR: for external peers only */
			as_path_replace(a, s->number, route->as, arena);
		break;
	case SET_ATOMIC_AGGREGATE:
		a->atomic_aggregate = true;
		break;
	case SET_AGGREGATOR:
		a->has_aggregator = true;
		a->aggregator_as = s->number;
		a->aggregator = s->ip;
		break;
	case SET_ORIGINATOR_ID:
		a->has_originator_id = true;
		a->originator_id = s->ip;
		break;
	case SET_NEXT_HOP:
		set_next_hop(s, route, a);
		break;
	case SET_NEXT_HOP_PEER:
		set_next_hop_peer(route, a, IP_V4);
		break;
	case SET_NEXT_HOP_UNCHANGED:
		route->next_hop_unchanged = true;
		break;
	case SET_NEXT_HOP6_GLOBAL:
		set_next_hop6_global(s, route, a);
		break;
	case SET_NEXT_HOP6_LOCAL:
		set_next_hop6_local(s, a);
		break;
	case SET_NEXT_HOP6_PEER:
		set_next_hop_peer(route, a, IP_V6);
		break;
	case SET_NEXT_HOP6_PREFER_GLOBAL:
		prefer_global(a);
		break;
	case SET_SRC:
		route->src = s->ip;
		break;
	}
}
