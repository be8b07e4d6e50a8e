/*
 * Which out of a destination is of which Adj-RIB-Out. Outs are a list, and after a decision every
 * peer asks for its own: with two hundred peers the walks would be all the work. The index is of
 * one destination at a time, made by one walk when the first peer asks.
 */
#pragma once

#include <stdint.h>

struct adj_rib_out;
struct dest;
struct out;

#define OUT_INDEX_PLACES 1024u

/* Zero-initialised; owns nothing. */
struct out_index {
	const struct dest *dest; /* whose it is; NULL: nobody's */
	struct out **end;	 /* where its next out is linked */
	uint64_t generation;
	struct out_index_place {
		uint64_t generation; /* another than above: the place is free */
		struct out *out;     /* the first of its Adj-RIB-Out */
	} places[OUT_INDEX_PLACES];
};

/* The first out of `o` in the destination's list; NULL: it has none. */
struct out *out_index_find(struct out_index *x, struct dest *d, const struct adj_rib_out *o);
/* Links an out to the end of the list, so that peers leave it in the order in which they entered.
 */
void out_index_append(struct out_index *x, struct dest *d, struct out *out);
/* An out leaves the list, or the destination goes. */
void out_index_forget(struct out_index *x, const struct dest *d);
