/*
 * `aggregate-address`: one route in the place of, or beside, all that are more specific. RFC 4271
 * section 9.2.2.2. Private to bgp/.
 */
#pragma once

#include "bgp/loc_rib.h"

struct bgp;
struct aggregates;

struct aggregates *aggregates_new(uint64_t seed);
/* Lets go of what it holds in the RIB. */
void aggregates_free(struct bgp *b);
/* The settings in force are others than `old`: aggregates come, go and are computed again. */
void aggregates_configure(struct bgp *b, const struct bgp_settings *old);
/* A destination was decided: what it contributes is what it has now. True: one of its paths is to
 * be told to neighbors, or not, otherwise than before. */
bool aggregates_look(struct bgp *b, struct dest *d);
/* Those whose contributions changed are computed again, which marks destinations as dirty. */
void aggregates_run(struct bgp *b);
/* aggregates_run() has work. */
bool aggregates_pending(const struct bgp *b);
