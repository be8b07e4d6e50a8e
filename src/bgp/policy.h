/*
 * The policy of a configuration: its route-maps and the lists that these and neighbors refer to.
 * References by name are resolved once (policy_link); those to what does not exist stay empty, and
 * mean what they mean in FRR: a match that does not hold, a filter that denies everything.
 */
#pragma once

#include "bgp/route_map.h"

struct policy {
	struct policy_list *lists; /* owned, sorted by kind and name */
	size_t list_count;
	struct route_map *maps; /* owned, sorted by name */
	size_t map_count;
};

void policy_fini(struct policy *p);
/* Deep: *to owns all that it points to. *to is overwritten, not freed. */
void policy_copy(struct policy *to, const struct policy *from);

/* The list of that kind and name, made if there is none; pointers to others become invalid. */
struct policy_list *policy_list_get(struct policy *p, enum list_kind kind, const char *name);
struct route_map *policy_map_get(struct policy *p, const char *name);
/* NULL when there is none of that name, or `name` is NULL. */
const struct policy_list *policy_list_find(
    const struct policy *p, enum list_kind kind, const char *name);
const struct route_map *policy_map_find(const struct policy *p, const char *name);

/* Resolves the names in all clauses: once, when everything is there. */
void policy_link(struct policy *p);

/* The two give the same outcome for every route because they, and all that they refer to, are
 * written the same; NULL equals NULL only. */
bool policy_map_equal(const struct policy *p, const struct route_map *a, const struct policy *q,
    const struct route_map *b);
/* The same of the maps with these names (NULL: none is named); one that is named and is not there
 * differs from none. */
bool policy_named_map_equal(
    const struct policy *p, const char *a, const struct policy *q, const char *b);
/* The outcome depends on the NLRI, not on the attributes alone: it cannot be shared among the
 * routes of an UPDATE. */
bool policy_map_looks_at_nlri(const struct policy *p, const struct route_map *map);
/* … or on how many paths are selected: sets of a bandwidth. */
bool policy_map_looks_at_paths(const struct policy *p, const struct route_map *map);
