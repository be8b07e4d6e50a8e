/*
 * What a peer announces, through the checks and the inbound policy, into the RIB. RFC 4271 section
 * 9.1.2 (feasibility), RFC 4456 section 8 (loops), RFC 7606. Private to bgp/.
 */
#pragma once

#include "bgp/update.h"

struct peer;

/* `u` must not ask for a reset. */
void adj_rib_in_update(struct peer *p, struct update *u);
