/*
 * The policy of one neighbor, family and direction: distribute-list, prefix-list, filter-list, then
 * route-map. Private to bgp/.
 *
 * A name that is not defined denies everything (FRR), and so does the want of any policy towards an
 * external peer where one is required (RFC 8212); the log says so once per configuration.
 */
#pragma once

#include "bgp/settings.h"

struct peer;

enum direction { DIRECTION_IN, DIRECTION_OUT };

struct filter {
	const struct policy *policy;
	const struct policy_list *distribute, *prefix, *path; /* NULL: none */
	const struct route_map *map;
};

/* False: everything is denied. */
bool filter_find(struct peer *p, enum bgp_family family, enum direction d, struct filter *f);
/* The same for a route that an aggregate suppresses: out, with the `unsuppress-map` in the place of
 * the route-map, as in FRR. False also without one. */
bool filter_find_suppressed(struct peer *p, enum bgp_family family, struct filter *f);
/* Its outcome cannot be shared by routes with the same attributes. */
bool filter_looks_at_nlri(const struct filter *f);
/* False: denied. True: *a and the results in *route are as the route-map has set them; arrays in
 * the arena. */
bool filter_apply(
    const struct filter *f, struct policy_route *route, struct attrs *a, struct arena *arena);

/* The two settings give the same outcome for every route of a neighbor. */
bool filter_settings_equal(const struct bgp_settings *a, const struct neighbor_family *x,
    const struct bgp_settings *b, const struct neighbor_family *y, enum bgp_family family,
    enum direction d);
