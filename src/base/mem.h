/*
 * Memory. Every object has exactly one owning container (docs/architecture.md has the table of
 * owners). Running out of memory is a programming error of ours (every table has a limit), so
 * these functions never return NULL for a size above zero.
 */
#pragma once

#include <stddef.h>

/* Zeroed memory of `size` bytes, owned by the caller. Free with mem_free(). */
void *mem_new(size_t size);

/* `count` zeroed elements of `size` bytes; aborts on overflow of the product. */
void *mem_new_array(size_t count, size_t size);

/* Resize; contents up to the smaller size are kept, new bytes are not zeroed. */
void *mem_resize(void *p, size_t size);

/* A copy of `size` bytes; NULL when size is 0. */
void *mem_dup(const void *p, size_t size);

/* A copy of a C string. */
char *mem_strdup(const char *s);

/* NULL is allowed. */
void mem_free(void *p);
