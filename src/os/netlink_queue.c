/*
 * Ring of events. Doubles its room when full; how much waits is bounded by the receive buffers.
 */
#include "os/netlink_queue.h"

#include "base/mem.h"

static void queue_grow(struct netlink_queue *q)
{
	size_t room = q->room != 0 ? q->room * 2 : 256;
	struct queued *list = mem_new_array(room, sizeof(*list));

	for (size_t i = 0; i < q->count; i++)
		list[i] = q->list[(q->first + i) & (q->room - 1)];
	mem_free(q->list);
	q->list = list;
	q->room = room;
	q->first = 0;
}

/* The copy must not point into the buffers that it was decoded from. */
static void copy_extra(struct queued *to)
{
	struct kernel_event *k = &to->event.kernel;

	to->extra = NULL;
	if (to->event.kind != EVENT_KERNEL)
		return;
	if (k->kind == KERNEL_PORT_VLANS) {
		to->extra =
		    mem_dup(k->port_vlans.vlans, k->port_vlans.count * sizeof(struct port_vlan));
		k->port_vlans.vlans = to->extra;
	} else if (k->kind == KERNEL_ROUTE_NEW || k->kind == KERNEL_ROUTE_DEL) {
		to->extra = mem_dup(k->route.entry.nexthops,
		    k->route.entry.nexthop_count * sizeof(struct route_nexthop));
		k->route.entry.nexthops = to->extra;
	}
}

/* FNV-1a. The worst that chosen collisions can do is to make a batched operation a single one. */
static size_t bucket_of(const struct slot_key *key)
{
	const uint8_t *b = (const void *)key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ b[i]) * 16777619u;
	return (hash ^ hash >> 16) % NAMED_BUCKETS;
}

static void name_slot(struct netlink_queue *q, const struct event *event)
{
	struct slot_content content;
	struct slot_key key;
	bool present;

	if (event->kind != EVENT_KERNEL ||
	    !kernel_event_slot(&event->kernel, &key, &content, &present))
		return;
	if (q->named == NULL) {
		q->named = mem_new_array(NAMED_BUCKETS, sizeof(*q->named));
		q->round = 1;
	}
	q->named[bucket_of(&key)] = q->round;
}

bool netlink_queue_names(const struct netlink_queue *q, const struct slot_key *key)
{
	return q->overrun || (q->named != NULL && q->named[bucket_of(key)] == q->round);
}

void netlink_queue_add(struct netlink_queue *q, const struct event *event)
{
	struct queued *to;

	if (q->count == q->room)
		queue_grow(q);
	to = &q->list[(q->first + q->count++) & (q->room - 1)];
	to->event = *event;
	copy_extra(to);
	q->overrun |= event->kind == EVENT_KERNEL && event->kernel.kind == KERNEL_OVERRUN;
	name_slot(q, event);
}

bool netlink_queue_take(struct netlink_queue *q, struct event *event)
{
	const struct queued *from;

	mem_free(q->lent);
	q->lent = NULL;
	if (q->count == 0)
		return false;
	from = &q->list[q->first];
	*event = from->event;
	q->lent = from->extra;
	q->first = (q->first + 1) & (q->room - 1);
	if (--q->count == 0) {
		q->round++;
		q->overrun = false;
	}
	return true;
}

void netlink_queue_fini(struct netlink_queue *q)
{
	struct event e;

	while (netlink_queue_take(q, &e))
		continue;
	mem_free(q->list);
	mem_free(q->named);
	*q = (struct netlink_queue){0};
}
