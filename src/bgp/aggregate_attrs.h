/*
 * What the attributes of several routes become when one route stands for them. RFC 4271 section
 * 9.2.2.2 and 5.1.6, 5.1.7. Pure functions. Private to bgp/.
 */
#pragma once

#include "bgp/settings.h"

/* All have the same MULTI_EXIT_DISC; none counts as 0. */
bool attrs_same_med(const struct attrs *const *list, size_t count);
/* Of `count` > 0 different sets, in whatever order; arrays in the arena. AGGREGATOR is announced as
 * there and left to be filled, the next hop is none. */
struct attrs aggregate_attrs(const struct aggregate_settings *s, const struct attrs *const *list,
    size_t count, struct arena *arena);
