/*
 * What belongs to a route but neither to the key of its destination nor to its path attributes:
 * ESI, labels and gateway of EVPN routes. Most routes of a VNI have the same, so it is interned;
 * equal content is the same pointer, and NULL is "all zero" (every unicast route).
 */
#pragma once

#include "base/map.h"
#include "bgp/nlri.h"

struct nlri_extra;

struct extra_table {
	struct map all;		 /* struct nlri_extra; owned by their holders */
	struct nlri_extra *last; /* asked for: the next route of an UPDATE mostly has the same */
};

void extra_table_init(struct extra_table *t, uint64_t seed);
void extra_table_fini(struct extra_table *t);

/* The shared form of what `n` carries outside its key, held for the caller. */
const struct nlri_extra *extra_intern(struct extra_table *t, const struct nlri *n);
const struct nlri_extra *extra_hold(const struct nlri_extra *x);
void extra_release(struct extra_table *t, const struct nlri_extra *x);
/* Fills the fields of *n outside the key. */
void extra_apply(const struct nlri_extra *x, struct nlri *n);
