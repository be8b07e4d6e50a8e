/*
 * Route-maps: ownership, comparison and application.
 *
 * Applying one never changes shared memory: the caller lends a working copy of the attributes, and
 * an array that a set clause replaces is made anew in the arena of the turn. Every kind of clause
 * is one case in match_holds() or set_apply(). Prefix lists and community lists come with the
 * policy issue.
 */
#include "bgp/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- ownership ---- */

static void entry_fini(struct route_map_entry *e)
{
	for (size_t i = 0; i < e->match_count; i++)
		mem_free(e->matches[i].name);
	for (size_t i = 0; i < e->set_count; i++)
		mem_free(e->sets[i].communities);
	mem_free(e->matches);
	mem_free(e->sets);
}

void route_maps_fini(struct route_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		struct route_map *m = &maps->maps[i];

		for (size_t j = 0; j < m->entry_count; j++)
			entry_fini(&m->entries[j]);
		mem_free(m->entries);
		mem_free(m->name);
	}
	mem_free(maps->maps);
	*maps = (struct route_maps){0};
}

static void entry_copy(struct route_map_entry *to, const struct route_map_entry *from)
{
	*to = *from;
	to->matches = mem_dup(from->matches, from->match_count * sizeof(*from->matches));
	to->sets = mem_dup(from->sets, from->set_count * sizeof(*from->sets));
	for (size_t i = 0; i < to->match_count; i++)
		if (to->matches[i].name != NULL)
			to->matches[i].name = mem_strdup(to->matches[i].name);
	for (size_t i = 0; i < to->set_count; i++)
		to->sets[i].communities =
		    mem_dup(to->sets[i].communities, to->sets[i].count * sizeof(uint32_t));
}

void route_maps_copy(struct route_maps *to, const struct route_maps *from)
{
	to->count = from->count;
	to->maps = mem_dup(from->maps, from->count * sizeof(*from->maps));
	for (size_t i = 0; i < to->count; i++) {
		struct route_map *m = &to->maps[i];

		m->name = mem_strdup(m->name);
		m->entries = mem_dup(m->entries, m->entry_count * sizeof(*m->entries));
		for (size_t j = 0; j < m->entry_count; j++)
			entry_copy(&m->entries[j], &from->maps[i].entries[j]);
	}
}

/* ---- comparison ---- */

static bool match_equal(const struct match_clause *a, const struct match_clause *b)
{
	if (a->kind != b->kind || a->number != b->number)
		return false;
	if (a->name == NULL || b->name == NULL)
		return a->name == b->name;
	return strcmp(a->name, b->name) == 0;
}

static bool set_equal(const struct set_clause *a, const struct set_clause *b)
{
	return a->kind == b->kind && a->number == b->number && a->additive == b->additive &&
	       a->count == b->count &&
	       (a->count == 0 ||
		   memcmp(a->communities, b->communities, a->count * sizeof(uint32_t)) == 0);
}

static bool entry_equal(const struct route_map_entry *a, const struct route_map_entry *b)
{
	if (a->permit != b->permit || a->match_count != b->match_count ||
	    a->set_count != b->set_count)
		return false;
	for (size_t i = 0; i < a->match_count; i++)
		if (!match_equal(&a->matches[i], &b->matches[i]))
			return false;
	for (size_t i = 0; i < a->set_count; i++)
		if (!set_equal(&a->sets[i], &b->sets[i]))
			return false;
	return true;
}

bool route_map_equal(const struct route_map *a, const struct route_map *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->entry_count != b->entry_count)
		return false;
	for (size_t i = 0; i < a->entry_count; i++)
		if (!entry_equal(&a->entries[i], &b->entries[i]))
			return false;
	return true;
}

const struct route_map *route_map_find(const struct route_maps *maps, const char *name)
{
	for (size_t i = 0; i < maps->count; i++)
		if (strcmp(maps->maps[i].name, name) == 0)
			return &maps->maps[i];
	return NULL;
}

static bool match_looks_at_nlri(const struct match_clause *m)
{
	switch (m->kind) {
	case MATCH_EVPN_ROUTE_TYPE:
	case MATCH_EVPN_VNI:
		return true;
	case MATCH_INTERFACE:
	case MATCH_UNSUPPORTED:
		return false;
	}
	return false;
}

bool route_map_looks_at_nlri(const struct route_map *map)
{
	for (size_t i = 0; i < map->entry_count; i++)
		for (size_t j = 0; j < map->entries[i].match_count; j++)
			if (match_looks_at_nlri(&map->entries[i].matches[j]))
				return true;
	return false;
}

/* ---- application ---- */

/* The VNI of a route stands in the label field of a MAC/IP route (RFC 8365 section 5.1.3) and in
 * the PMSI tunnel attribute of an IMET route. */
static bool evpn_vni_matches(
    const struct policy_route *route, const struct attrs *a, uint32_t number)
{
	const struct evpn_nlri *e = &route->nlri->evpn;

	if (route->nlri->family != BGP_L2VPN_EVPN)
		return false;
	if (e->type == EVPN_MAC_IP)
		return e->label1 == number || (e->has_label2 && e->label2 == number);
	return e->type == EVPN_IMET && a->has_pmsi && a->pmsi.label == number;
}

static bool match_holds(
    const struct match_clause *m, const struct policy_route *route, const struct attrs *a)
{
	switch (m->kind) {
	case MATCH_INTERFACE:
		return route->interface != NULL && m->name != NULL &&
		       strcmp(route->interface, m->name) == 0;
	case MATCH_EVPN_ROUTE_TYPE:
		return route->nlri->family == BGP_L2VPN_EVPN && route->nlri->evpn.type == m->number;
	case MATCH_EVPN_VNI:
		return evpn_vni_matches(route, a, m->number);
	case MATCH_UNSUPPORTED:
		return false;
	}
	return false;
}

static int community_compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Interned sets hold communities sorted and unique; keep that. */
static void set_communities(const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	size_t old = s->additive ? a->community_count : 0, n = 0;
	uint32_t *c = arena_new(arena, (old + s->count + 1) * sizeof(*c));

	if (old != 0)
		memcpy(c, a->communities, old * sizeof(*c));
	if (s->count != 0)
		memcpy(c + old, s->communities, s->count * sizeof(*c));
	qsort(c, old + s->count, sizeof(*c), community_compare);
	for (size_t i = 0; i < old + s->count; i++)
		if (n == 0 || c[n - 1] != c[i])
			c[n++] = c[i];
	a->communities = n == 0 ? NULL : c;
	a->community_count = (uint16_t)n;
}

static void set_apply(const struct set_clause *s, struct attrs *a, struct arena *arena)
{
	switch (s->kind) {
	case SET_COMMUNITY:
		set_communities(s, a, arena);
		break;
	case SET_LOCAL_PREFERENCE:
		a->has_local_pref = true;
		a->local_pref = s->number;
		break;
	case SET_METRIC:
		a->has_med = true;
		a->med = s->number;
		break;
	case SET_ORIGIN:
		a->origin = (uint8_t)s->number;
		break;
	}
}

static bool entry_matches(
    const struct route_map_entry *e, const struct policy_route *route, const struct attrs *a)
{
	for (size_t i = 0; i < e->match_count; i++)
		if (!match_holds(&e->matches[i], route, a))
			return false;
	return true;
}

bool route_map_apply(const struct route_map *map, const struct policy_route *route, struct attrs *a,
    struct arena *arena)
{
	for (size_t i = 0; i < map->entry_count; i++) {
		const struct route_map_entry *e = &map->entries[i];

		if (!entry_matches(e, route, a))
			continue;
		for (size_t j = 0; e->permit && j < e->set_count; j++)
			set_apply(&e->sets[j], a, arena);
		return e->permit;
	}
	return false;
}
