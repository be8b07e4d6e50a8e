/*
 * The queue of an Adj-RIB-Out. A place in it costs memory while something waits and not, as a link
 * in each out would, for all that was ever told.
 */
#include "bgp/out_queue.h"

#include <string.h>

#include "base/mem.h"

#define ROOM_FIRST 16

static void grow(struct out_queue *q)
{
	size_t room = q->room == 0 ? ROOM_FIRST : q->room * 2, tail = q->room - q->first;
	struct queued_out *ring = mem_new_array(room, sizeof(*ring));

	if (q->count > 0) { /* all places are taken */
		memcpy(ring, q->ring + q->first, tail * sizeof(*ring));
		memcpy(ring + tail, q->ring, q->first * sizeof(*ring));
	}
	mem_free(q->ring);
	q->ring = ring;
	q->first = 0;
	q->room = room;
}

void out_queue_push(struct out_queue *q, struct dest *d, struct out *out)
{
	if (q->count == q->room)
		grow(q);
	q->ring[(q->first + q->count++) & (q->room - 1)] = (struct queued_out){d, out};
}

bool out_queue_shift(struct out_queue *q, struct queued_out *e)
{
	if (q->count == 0)
		return false;
	*e = q->ring[q->first];
	q->first = (q->first + 1) & (q->room - 1);
	if (--q->count == 0)
		out_queue_fini(q);
	return true;
}

void out_queue_fini(struct out_queue *q)
{
	mem_free(q->ring);
	*q = (struct out_queue){0};
}
