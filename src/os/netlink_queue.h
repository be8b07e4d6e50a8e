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

struct netlink_queue {
	struct queued *list; /* owned ring */
	size_t room, first, count;
	void *lent; /* extra of the event that was taken last */
};

/* Copies the event and what it points to. */
void netlink_queue_add(struct netlink_queue *q, const struct event *event);
/* The oldest; its pointers are valid until the next take. */
bool netlink_queue_take(struct netlink_queue *q, struct event *event);
/* The i-th from the oldest, i < count. */
const struct event *netlink_queue_at(const struct netlink_queue *q, size_t i);
void netlink_queue_fini(struct netlink_queue *q);
