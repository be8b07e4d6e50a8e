/*
 * Per-turn scratch memory: allocate, use within the turn, reset at its end. Nothing in an arena
 * outlives the turn in which it was made.
 */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
};

/* Zeroed, aligned for any type; valid until arena_reset() or arena_fini(). */
void *arena_new(struct arena *a, size_t size);
/* Everything allocated becomes invalid; one block of the usual size is kept for reuse. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);
