/*
 * Next hops that resolve through routes of BGP. RFC 4271 section 9.1.2.1: a route must not be what
 * its own next hop resolves through, at once or by way of others.
 */
#pragma once

#include "bgp/loc_rib.h"

/* Would a route of this destination over this next hop be that? The answer is the same whether or
 * not the route is there already. */
bool recursion_leads_back(const struct loc_rib *rib, const struct dest *d, const struct nexthop *n);
/* A path over this next hop (an index) was refused for it. */
void recursion_refused(struct loc_rib *rib, uint32_t nexthop);
/* The destination has another best path: what was refused because of it is to be decided again. */
void recursion_best_changed(struct loc_rib *rib, const struct dest *d);
