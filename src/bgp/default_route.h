/*
 * `neighbor X default-originate [route-map M]`: a default route that is told to one neighbor and is
 * in no RIB. Private to bgp/.
 *
 * It takes the place of the RIB's own default route towards that neighbor, and no other policy of
 * the neighbor is applied to it. With a route-map it is told while the map permits some route of
 * the family; the map's sets change the default route (FRR).
 */
#pragma once

#include "bgp/adj_rib_out.h"

/* The Adj-RIB-Out is about to be walked: its destination is there, the condition is looked at. */
void default_route_prepare(struct adj_rib_out *o);
/* `d` is where the neighbor's default route stands, or would. */
bool default_route_is(const struct adj_rib_out *o, const struct dest *d);
/* The best path of `d` changed: the condition may have, too. */
void default_route_look(struct adj_rib_out *o, struct dest *d);
/* `d` is about to be freed. */
void default_route_forget(struct adj_rib_out *o, const struct dest *d);
/* Interned attributes, held for the caller; NULL: not to be told now. */
const struct attrs *default_route_attrs(struct adj_rib_out *o);
