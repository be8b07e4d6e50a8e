/*
 * Arena: a chain of blocks, the newest in front. Blocks are BLOCK_SIZE bytes, or as large as a
 * single request above that.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_SIZE 65536

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *block_new(struct arena *a, size_t size)
{
	struct arena_block *b = mem_new(sizeof(*b) + (size > BLOCK_SIZE ? size : BLOCK_SIZE));

	b->size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_new(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	void *p;

	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (b == NULL || b->size - b->used < size)
		b = block_new(a, size);
	p = b->bytes + b->used;
	b->used += size;
	return p;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = NULL;

	while (a->blocks != NULL) {
		struct arena_block *b = a->blocks;

		a->blocks = b->next;
		if (keep == NULL && b->size == BLOCK_SIZE)
			keep = b;
		else
			mem_free(b);
	}
	if (keep != NULL) {
		memset(keep->bytes, 0, keep->used);
		keep->used = 0;
		keep->next = NULL;
	}
	a->blocks = keep;
}

void arena_fini(struct arena *a)
{
	arena_reset(a);
	mem_free(a->blocks);
	a->blocks = NULL;
}
