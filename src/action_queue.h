/*
 * The actions of one turn, in order, with everything that they point to copied into the turn's
 * arena: producers may lend.
 */
#pragma once

#include "action.h"
#include "base/arena.h"

struct action_queue {
	struct action *list; /* owned */
	size_t count, room;
	size_t next; /* first one not taken yet */
	struct arena arena;
};

/* Forget the last turn's actions and what they pointed to. */
void action_queue_reset(struct action_queue *q);
void action_queue_fini(struct action_queue *q);
/* A new action of this kind at the end; the caller fills it. Valid until the next push. */
struct action *action_push(struct action_queue *q, enum action_kind kind);
/* Copies into the turn's memory; NULL for size 0. */
const uint8_t *action_copy(struct action_queue *q, const void *bytes, size_t size);
const char *action_copy_text(struct action_queue *q, const char *text);
/* The next one, false when all were taken. */
bool action_queue_take(struct action_queue *q, struct action *action);
