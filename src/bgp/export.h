/*
 * What a path of the Loc-RIB looks like to a peer: RFC 4271 sections 5.1 and 9.1.3, RFC 4456
 * section 8 and 10, RFC 1997, RFC 2545, RFC 8950, RFC 8365 section 5.1.2 (EVPN next hop). Private
 * to bgp/.
 */
#pragma once

#include "bgp/loc_rib.h"

struct adj_rib_out;

/* Cheap and final where false: this path may not go to this peer, whatever the policy says. */
bool export_allowed(const struct peer *to, enum bgp_family family, const struct path *path);

/* Interned attributes of a path of `d` for this peer, held for the caller; NULL: denied.
 * `conditional`: the advertise-map stands for the peer's route-map (conditional.h); else NULL. */
const struct attrs *export_attrs(struct peer *to, const struct dest *d, const struct nlri *n,
    const struct path *path, const struct adj_rib_out *conditional);

/* A route that is in no RIB, as the peer sees it; next hop ourselves. No policy is applied. */
const struct attrs *export_own(struct peer *to, const struct nlri *n, const struct attrs *own);

/* The outcome of export_attrs() depends on the NLRI too, so it cannot be remembered per set. */
/* What is told of d depends on its other selected paths: it is not of its attributes alone, */
bool export_adds_up(const struct dest *d);
/* and is to be told again when they change. */
bool export_looks_at_set(struct peer *to, enum bgp_family family, const struct dest *d);
bool export_looks_at_nlri(struct peer *to, enum bgp_family family);
