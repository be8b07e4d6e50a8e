/*
 * Events on their way to the engine, in order, with what they point to.
 */
#pragma once

#include "event.h"

#include <stddef.h>

#define NAMED_BUCKETS 32768

struct queued {
	struct event event;
	void *extra;	/* owned: VLANs, next hops or members of the event */
	uint32_t hash;	/* of the slot that it names; 0: none */
	uint64_t older; /* number of the one before it in its bucket */
};

struct netlink_queue {
	struct queued *list; /* owned ring */
	size_t room, first, count;
	void *lent;	   /* extra of the event that was taken last */
	uint64_t taken;	   /* number of the event that was taken last; they count from 1 */
	uint64_t *named;   /* by hash: number of the newest event that names such a slot */
	unsigned overruns; /* queued events that say that notifications were lost */
};

/* Copies the event and what it points to; takes over the members that a result saw. */
void netlink_queue_add(struct netlink_queue *q, const struct event *event);
/* The oldest; its pointers are valid until the next take. */
bool netlink_queue_take(struct netlink_queue *q, struct event *event);
/* Does a kernel event name this slot that the engine has not seen yet, or may one that did have
 * been lost? May say so wrongly (hash). */
bool netlink_queue_names(const struct netlink_queue *q, const struct slot_key *key);
void netlink_queue_fini(struct netlink_queue *q);
