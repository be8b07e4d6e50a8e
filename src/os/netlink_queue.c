/*
 * Ring of events. Doubles its room when full; how much waits is bounded by the receive buffers.
 */
#include "os/netlink_queue.h"

#include "base/mem.h"

#define BUCKET_STEPS_MAX 256

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

/* FNV-1a, never 0. The worst that chosen collisions can do is to make a batched operation a single
 * one (BUCKET_STEPS_MAX). */
static uint32_t hash_of(const struct slot_key *key)
{
	const uint8_t *b = (const void *)key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ b[i]) * 16777619u;
	return hash != 0 ? hash : 1;
}

static size_t bucket_of(uint32_t hash)
{
	return (hash ^ hash >> 16) % NAMED_BUCKETS;
}

static uint32_t named_slot(const struct event *event)
{
	struct slot_content content;
	struct slot_key key;
	bool present;

	if (event->kind != EVENT_KERNEL ||
	    !kernel_event_slot(&event->kernel, &key, &content, &present))
		return 0;
	return hash_of(&key);
}

/* Numbers of events that were taken end a bucket: nothing needs to be removed from it. A bucket
 * that is too full may have anything. */
static bool bucket_has(const struct netlink_queue *q, uint32_t hash)
{
	uint64_t number = q->named == NULL ? 0 : q->named[bucket_of(hash)];

	for (unsigned steps = 0; number > q->taken; steps++) {
		const struct queued *at =
		    &q->list[(q->first + (size_t)(number - q->taken - 1)) & (q->room - 1)];

		if (at->hash == hash || steps == BUCKET_STEPS_MAX)
			return true;
		number = at->older;
	}
	return false;
}

static bool tells_overrun(const struct event *event)
{
	return event->kind == EVENT_KERNEL && event->kernel.kind == KERNEL_OVERRUN;
}

bool netlink_queue_names(const struct netlink_queue *q, const struct slot_key *key)
{
	return q->overruns > 0 || bucket_has(q, hash_of(key));
}

void netlink_queue_add(struct netlink_queue *q, const struct event *event)
{
	struct queued *to;
	uint64_t *newest;

	if (q->count == q->room)
		queue_grow(q);
	to = &q->list[(q->first + q->count++) & (q->room - 1)];
	to->event = *event;
	copy_extra(to);
	q->overruns += tells_overrun(event);
	to->hash = named_slot(event);
	if (to->hash == 0)
		return;
	if (q->named == NULL)
		q->named = mem_new_array(NAMED_BUCKETS, sizeof(*q->named));
	newest = &q->named[bucket_of(to->hash)];
	to->older = *newest;
	*newest = q->taken + q->count;
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
	q->overruns -= tells_overrun(event);
	q->first = (q->first + 1) & (q->room - 1);
	q->count--;
	q->taken++;
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
