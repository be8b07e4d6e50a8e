/*
 * Destinations of which one peer is to be told, in order: a ring that grows. Private to bgp/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct dest;
struct out;

struct queued_out {
	struct dest *dest;
	struct out *out; /* of its list */
};

/* Zero-initialised. */
struct out_queue {
	struct queued_out *ring; /* owned */
	size_t first, count;
	size_t room; /* a power of two, or 0 */
};

void out_queue_push(struct out_queue *q, struct dest *d, struct out *out);
/* False: it is empty. The memory goes when the last one does. */
bool out_queue_shift(struct out_queue *q, struct queued_out *e);
void out_queue_fini(struct out_queue *q);
