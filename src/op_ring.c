/*
 * Ring of operations under way. An operation with id 0 marks a free place; ids start at 1.
 */
#include "op_ring.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

static struct kernel_op *place(const struct op_ring *r, uint32_t id)
{
	return &r->list[id & (r->room - 1)];
}

static void ring_grow(struct op_ring *r)
{
	struct op_ring old = *r;

	r->room = old.room != 0 ? old.room * 2 : 256;
	r->list = mem_new_array(r->room, sizeof(*r->list));
	for (uint32_t id = old.first; id != old.next; id++)
		*place(r, id) = *place(&old, id);
	mem_free(old.list);
}

const struct kernel_op *op_ring_add(struct op_ring *r, const struct kernel_op *op)
{
	struct kernel_op *kept;

	if (r->next == 0) { /* the start, or wrapped: 0 is no id */
		r->next = 1;
		if (r->room == 0)
			r->first = 1;
	}
	if (r->room == 0 || r->next - r->first == r->room)
		ring_grow(r);
	kept = place(r, r->next);
	*kept = *op;
	kept->id = r->next++;
	slot_content_keep(op->key.kind, &kept->content);
	if (op->pre == PRE_EQUAL)
		slot_content_keep(op->key.kind, &kept->expected);
	return kept;
}

bool op_ring_take(struct op_ring *r, uint32_t id, struct kernel_op *op)
{
	struct kernel_op *kept;

	if (r->room == 0 || id - r->first >= r->next - r->first)
		return false;
	kept = place(r, id);
	if (kept->id != id)
		return false;
	*op = *kept;
	kept->id = 0;
	while (r->first != r->next && place(r, r->first)->id == 0)
		r->first++;
	return true;
}

void op_release(struct kernel_op *op)
{
	slot_content_drop(op->key.kind, &op->content);
	if (op->pre == PRE_EQUAL)
		slot_content_drop(op->key.kind, &op->expected);
}

void op_ring_fini(struct op_ring *r)
{
	for (uint32_t id = r->first; id != r->next; id++)
		if (place(r, id)->id != 0)
			op_release(place(r, id));
	mem_free(r->list);
	*r = (struct op_ring){0};
}
