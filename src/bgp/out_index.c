/*
 * A place is found by the number of the peer, modulo their count. Invariants while `dest` is set: a
 * free place means that no Adj-RIB-Out with such a number has an out in the list; one that is taken
 * by another leads to a walk. Making it anew frees all places, by the next generation.
 */
#include "bgp/out_index.h"

#include "bgp/adj_rib_out.h"

static struct out_index_place *place_of(struct out_index *x, uint32_t peer)
{
	return &x->places[peer % OUT_INDEX_PLACES];
}

static void enter(struct out_index *x, struct out *out)
{
	struct out_index_place *place = place_of(x, out->peer);

	if (place->generation == x->generation)
		return;
	place->generation = x->generation;
	place->out = out;
}

static void make(struct out_index *x, struct dest *d)
{
	if (x->dest == d)
		return;
	x->dest = d;
	x->generation++;
	for (x->end = &d->outs; *x->end != NULL; x->end = &(*x->end)->next)
		enter(x, *x->end);
}

struct out *out_index_find(struct out_index *x, struct dest *d, const struct adj_rib_out *o)
{
	const struct out_index_place *place = place_of(x, o->number);
	struct out *out;

	make(x, d);
	if (place->generation != x->generation)
		return NULL;
	for (out = place->out; out != NULL && out->peer != o->number; out = out->next)
		;
	return out;
}

void out_index_append(struct out_index *x, struct dest *d, struct out *out)
{
	make(x, d);
	*x->end = out;
	x->end = &out->next;
	enter(x, out);
}

void out_index_forget(struct out_index *x, const struct dest *d)
{
	if (x->dest == d)
		x->dest = NULL;
}
