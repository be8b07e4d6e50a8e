/*
 * Memory: thin wrappers that turn exhaustion into check(), so that no caller carries an error
 * path that no test can reach.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void *mem_new(size_t size)
{
	void *p = calloc(1, size);

	check(p != NULL || size == 0);
	return p;
}

void *mem_new_array(size_t count, size_t size)
{
	void *p = calloc(count, size);

	check(p != NULL || count == 0 || size == 0);
	return p;
}

void *mem_resize(void *p, size_t size)
{
	void *q = realloc(p, size);

	check(q != NULL || size == 0);
	return q;
}

void *mem_dup(const void *p, size_t size)
{
	void *q;

	if (size == 0)
		return NULL;
	q = mem_new(size);
	memcpy(q, p, size);
	return q;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

void mem_free(void *p)
{
	free(p);
}
