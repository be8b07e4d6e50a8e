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
	/* what a read saw is handed over */
	if (to->event.kind == EVENT_KERNEL_RESULT && to->event.result.slot == SLOT_NEXTHOP)
		to->extra = (void *)(uintptr_t)to->event.result.seen.nexthop.members;
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
	} else if (k->kind == KERNEL_NEXTHOP_NEW || k->kind == KERNEL_NEXTHOP_DEL) {
		to->extra = mem_dup(k->nexthop.entry.members,
		    k->nexthop.entry.member_count * sizeof(struct nexthop_member));
		k->nexthop.entry.members = to->extra;
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

static uint32_t names_slot(const struct event *event)
{
	struct slot_content content;
	struct slot_key key;
	bool present;

	if (event->kind != EVENT_KERNEL ||
	    !kernel_event_slot(&event->kernel, &key, &content, &present))
		return NAMED_BUCKETS;
	return (uint32_t)bucket_of(&key);
}

static bool tells_overrun(const struct event *event)
{
	return event->kind == EVENT_KERNEL && event->kernel.kind == KERNEL_OVERRUN;
}

bool netlink_queue_names(const struct netlink_queue *q, const struct slot_key *key)
{
	return q->overruns > 0 || (q->named != NULL && q->named[bucket_of(key)] > 0);
}

void netlink_queue_add(struct netlink_queue *q, const struct event *event)
{
	struct queued *to;

	if (q->count == q->room)
		queue_grow(q);
	to = &q->list[(q->first + q->count++) & (q->room - 1)];
	to->event = *event;
	copy_extra(to);
	q->overruns += tells_overrun(event);
	to->bucket = names_slot(event);
	if (to->bucket == NAMED_BUCKETS)
		return;
	if (q->named == NULL)
		q->named = mem_new_array(NAMED_BUCKETS, sizeof(*q->named));
	q->named[to->bucket]++;
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
	if (from->bucket != NAMED_BUCKETS)
		q->named[from->bucket]--;
	q->overruns -= tells_overrun(event);
	q->first = (q->first + 1) & (q->room - 1);
	q->count--;
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
