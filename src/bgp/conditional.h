/*
 * `neighbor X advertise-map A exist-map|non-exist-map C`: what A permits is told to one neighbor
 * while C permits some route of the family, or while it permits none. Private to bgp/.
 *
 * While the condition holds, A stands for the neighbor's route-map, its sets included (FRR); while
 * it does not, what A permits is withheld. Other routes are not concerned. If one of the two maps
 * does not exist, nothing is conditional.
 */
#pragma once

#include "bgp/adj_rib_out.h"

/* The neighbor's statement is in force for this family. */
bool conditional_is(const struct adj_rib_out *o);
/* export_attrs() with this statement looked at. */
const struct attrs *conditional_export(const struct adj_rib_out *o, const struct dest *d,
    const struct nlri *n, const struct path *path);
/* *a becomes the path's attributes with the sets of A, *to has their results. */
void conditional_apply(const struct adj_rib_out *o, const struct nlri *n, const struct path *path,
    struct policy_route *to, struct attrs *a);

/* The Adj-RIB-Out is about to be walked: the condition is looked at. */
void conditional_prepare(struct adj_rib_out *o);
/* Paths of `d` changed: the condition may have, too. */
void conditional_look(struct adj_rib_out *o, struct dest *d);
/* `d` is about to be freed. */
void conditional_forget(struct adj_rib_out *o, const struct dest *d);
/* When all is decided: what follows if the condition has changed. */
void conditional_run(struct adj_rib_out *o);
