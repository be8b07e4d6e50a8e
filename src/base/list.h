/*
 * Intrusive doubly linked list and FIFO of dirty keys. The list does not own its elements; an
 * element is in at most one list per node. A zeroed node is "not in a list".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *prev, *next;
};

struct list {
	struct list_node head; /* circular; list_init() first */
	size_t count;
};

#define list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->head.prev = l->head.next = &l->head;
	l->count = 0;
}

static inline bool list_linked(const struct list_node *n)
{
	return n->next != NULL;
}

static inline void list_append(struct list *l, struct list_node *n)
{
	n->prev = l->head.prev;
	n->next = &l->head;
	l->head.prev->next = n;
	l->head.prev = n;
	l->count++;
}

static inline void list_prepend(struct list *l, struct list_node *n)
{
	n->next = l->head.next;
	n->prev = &l->head;
	l->head.next->prev = n;
	l->head.next = n;
	l->count++;
}

static inline void list_remove(struct list *l, struct list_node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->prev = n->next = NULL;
	l->count--;
}

/* First node or NULL. */
static inline struct list_node *list_first(const struct list *l)
{
	return l->head.next == &l->head ? NULL : l->head.next;
}

/* Node after `n` or NULL. */
static inline struct list_node *list_after(const struct list *l, const struct list_node *n)
{
	return n->next == &l->head ? NULL : n->next;
}

/* Takes the first node out; NULL when empty. */
static inline struct list_node *list_shift(struct list *l)
{
	struct list_node *n = list_first(l);

	if (n != NULL)
		list_remove(l, n);
	return n;
}
