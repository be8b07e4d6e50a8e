/*
 * Chunks of 64 KiB, cut into objects from the front; what is freed is used first. Where
 * AddressSanitizer watches, each object comes from the heap, so that it sees a use after the end.
 */
#include "base/pool.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define CHUNK_SIZE ((size_t)64 << 10)

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#if !defined(WATCHED) && defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif !defined(WATCHED)
#define WATCHED 0
#endif

struct pool_chunk {
	struct pool_chunk *next;
	_Alignas(16) uint8_t bytes[];
};

void pool_init(struct pool *p, size_t size)
{
	check(size >= sizeof(void *) && size <= CHUNK_SIZE / 4);
	*p = (struct pool){.size = size};
}

/* Frees the chunks from `c` on. */
static void chunks_free(struct pool_chunk *c)
{
	struct pool_chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		mem_free(c);
	}
}

/* Empty: the newest chunk stays, for a table that has one entry now and none the next moment. */
static void rewind_to_one(struct pool *p)
{
	struct pool_chunk *c = p->chunks;

	chunks_free(c->next);
	c->next = NULL;
	memset(c->bytes, 0, (size_t)(p->fresh - c->bytes));
	p->fresh = c->bytes;
	p->free = NULL;
}

void pool_fini(struct pool *p)
{
	check(p->count == 0);
	chunks_free(p->chunks);
	pool_init(p, p->size);
}

static void chunk_add(struct pool *p)
{
	struct pool_chunk *c = mem_new(CHUNK_SIZE);

	c->next = p->chunks;
	p->chunks = c;
	p->fresh = c->bytes;
	p->fresh_end = (uint8_t *)c + CHUNK_SIZE;
}

void *pool_new(struct pool *p)
{
	void *object = p->free;

	p->count++;
	if (WATCHED)
		return mem_new(p->size);
	if (object != NULL) {
		memcpy(&p->free, object, sizeof(p->free));
		return memset(object, 0, p->size);
	}
	if ((size_t)(p->fresh_end - p->fresh) < p->size)
		chunk_add(p);
	object = p->fresh;
	p->fresh += p->size;
	return object;
}

void pool_free(struct pool *p, void *object)
{
	if (object == NULL)
		return;
	check(p->count > 0);
	p->count--;
	if (WATCHED) {
		mem_free(object);
		return;
	}
	memcpy(object, &p->free, sizeof(p->free));
	p->free = object;
	if (p->count == 0)
		rewind_to_one(p);
}
