/*
 * What a peer announces, through the checks and the inbound policy, into the RIB. RFC 4271 section
 * 9.1.2 (feasibility), RFC 4456 section 8 (loops), RFC 7606. Private to bgp/.
 */
#pragma once

#include "base/mono.h"
#include "bgp/received.h"
#include "bgp/update.h"

struct peer;

/* `u` must not ask for a reset. */
void adj_rib_in_update(struct peer *p, struct update *u);

/* ---- routes before policy: of a peer with `soft-reconfiguration inbound`, while it is up ---- */

/* From now on they are kept, if the settings say so and the family was negotiated. */
void adj_rib_in_open(struct peer *p, enum bgp_family family);
void adj_rib_in_close(struct peer *p, enum bgp_family family);
/* RFC 7313: what was not announced in between is withdrawn; routes that are not kept included. */
void adj_rib_in_refresh_begin(struct peer *p, enum bgp_family family);
void adj_rib_in_refresh_end(struct peer *p, enum bgp_family family);
/* The peer's routes are to be judged by the policy in force: those that are kept in the next turns,
 * others when the peer, which is asked, has sent them again (RFC 2918). False: it cannot be. */
bool adj_rib_in_again(struct peer *p, enum bgp_family family);
/* Judges up to `budget` routes; what is left of it. The session may end by `maximum-prefix`. */
size_t adj_rib_in_run(struct peer *p, size_t budget, mono_t now);
bool adj_rib_in_pending(const struct peer *p);
/* For shows: the policy in force denies a route with these attributes, as received; false also if
 * it is not feasible anyway. */
bool adj_rib_in_denies(struct peer *p, const struct nlri *n, const struct attrs *received);
