/*
 * Pool: many objects of one size. A hundred thousand routes are seven hundred thousand small
 * objects, and the heap's header and rounding would be a fifth of their memory.
 *
 * The owner of the objects owns the pool. Memory goes back when the last object does,
 * but for one chunk.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pool_chunk;

struct pool {
	size_t size; /* of an object */
	size_t count;
	struct pool_chunk *chunks;
	uint8_t *fresh, *fresh_end; /* never used yet, of the newest chunk */
	void *free;		    /* list through the first bytes of free objects */
};

/* `size`: sizeof of the type, at least that of a pointer. */
void pool_init(struct pool *p, size_t size);
/* All objects must have been freed. */
void pool_fini(struct pool *p);
/* A zeroed object. */
void *pool_new(struct pool *p);
/* NULL is allowed. */
void pool_free(struct pool *p, void *object);
