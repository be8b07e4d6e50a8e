/*
 * Kernel operations under way: numbered when issued, found again by their number when the result
 * comes. Results come nearly in order, so a ring indexed by number is enough.
 */
#pragma once

#include "kernel/vocab.h"

struct op_ring {
	struct kernel_op *list; /* owned; index: id & (room - 1) */
	uint32_t room;		/* power of two or 0 */
	uint32_t first, next;	/* ids in use: first … next - 1 */
};

/* Takes a copy (nexthops included), gives it the next id. Valid until the next add or take. */
const struct kernel_op *op_ring_add(struct op_ring *r, const struct kernel_op *op);
/* The operation leaves the ring into *op; false when no such id is under way. Its nexthops stay
 * valid until op_release(). */
bool op_ring_take(struct op_ring *r, uint32_t id, struct kernel_op *op);
void op_release(struct kernel_op *op);
void op_ring_fini(struct op_ring *r);
