/*
 * Events on their way to the engine, in order, with what they point to.
 */
#pragma once

#include "event.h"

#include <stddef.h>

struct queued {
	struct event event;
	void *extra; /* owned: VLANs or next hops of the event */
};

#define NAMED_BUCKETS 65536

struct netlink_queue {
	struct queued *list; /* owned ring */
	size_t room, first, count;
	void *lent;	 /* extra of the event that was taken last */
	uint32_t *named; /* by hash of the key: `round` where a queued event names such a slot */
	uint32_t round;	 /* counts how often the queue ran empty */
	bool overrun;	 /* a queued event says that notifications were lost */
};

/* Copies the event and what it points to. */
void netlink_queue_add(struct netlink_queue *q, const struct event *event);
/* The oldest; its pointers are valid until the next take. */
bool netlink_queue_take(struct netlink_queue *q, struct event *event);
/* Does a kernel event name this slot that the engine has not seen yet, or may one that did have
 * been lost? May say so wrongly (hash). */
bool netlink_queue_names(const struct netlink_queue *q, const struct slot_key *key);
void netlink_queue_fini(struct netlink_queue *q);
