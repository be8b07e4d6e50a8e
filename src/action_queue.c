/*
 * Action queue: one growing array, reset each turn; payloads live in the arena.
 */
#include "action_queue.h"

#include <string.h>

#include "base/mem.h"

void action_queue_reset(struct action_queue *q)
{
	q->count = 0;
	q->next = 0;
	arena_reset(&q->arena);
}

void action_queue_fini(struct action_queue *q)
{
	mem_free(q->list);
	arena_fini(&q->arena);
	*q = (struct action_queue){0};
}

struct action *action_push(struct action_queue *q, enum action_kind kind)
{
	struct action *a;

	if (q->count == q->room) {
		q->room = q->room != 0 ? q->room * 2 : 64;
		q->list = mem_resize(q->list, q->room * sizeof(*q->list));
	}
	a = &q->list[q->count++];
	memset(a, 0, sizeof(*a));
	a->kind = kind;
	return a;
}

const uint8_t *action_copy(struct action_queue *q, const void *bytes, size_t size)
{
	uint8_t *copy;

	if (size == 0)
		return NULL;
	copy = arena_new(&q->arena, size);
	memcpy(copy, bytes, size);
	return copy;
}

const char *action_copy_text(struct action_queue *q, const char *text)
{
	return (const char *)action_copy(q, text, strlen(text) + 1);
}

bool action_queue_take(struct action_queue *q, struct action *action)
{
	if (q->next == q->count)
		return false;
	*action = q->list[q->next++];
	return true;
}
