/*
 * Dumps and overruns. A row of a dump never overrides a notification received since that dump
 * began, nor does its end remove what was notified meanwhile; a dump of the FDB that was not clean
 * proves no absence: what it did not show is doubtful and read singly.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kernel/mirror_inside.h"
#include "kernel/slots.h"

static unsigned kinds_of(enum kernel_table table)
{
	unsigned kinds = 0;

	for (unsigned kind = 0; kind < SLOT_KINDS; kind++)
		if (!slot_is_flag(kind) && slot_shapes[kind].table == table)
			kinds |= 1u << kind;
	return kinds;
}

static void begin_slots(struct mirror *m, enum slot_kind kind)
{
	void *slot;

	for (size_t at = 0; (slot = map_next(&m->slots[kind], &at)) != NULL;) {
		slot_state(kind, slot)->seen = false;
		slot_state(kind, slot)->fresh = false;
	}
}

void mirror_dump_begin(struct mirror *m, enum kernel_table table)
{
	struct mirror_link *l;
	unsigned kinds = kinds_of(table);

	m->dumping[table] = true;
	m->overrun_in_dump[table] = false;
	for (unsigned kind = 0; kind < SLOT_KINDS; kind++)
		if ((kinds >> kind & 1) != 0)
			begin_slots(m, (enum slot_kind)kind);
	if (table != TABLE_LINKS)
		return;
	for (size_t at = 0; (l = map_next(&m->links, &at)) != NULL;)
		l->seen = l->fresh = l->vlans_seen = l->vlans_fresh = false;
}

static bool unseen(const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg)
{
	const struct slot *s = (const void *)((const char *)slot + slot_shapes[kind].state_offset);

	(void)m;
	(void)arg;
	return !s->seen && (s->present || s->ledger != LEDGER_NONE);
}

/* An FDB dump under churn misses rows (absence proves nothing): what it did not show is read. */
static void doubt_unseen(struct mirror *m)
{
	struct slot_key *keys;
	size_t count =
	    mirror_collect(m, 1u << SLOT_FDB | 1u << SLOT_VXLAN_FDB, unseen, NULL, &keys);

	for (size_t i = 0; i < count; i++)
		slot_state(keys[i].kind, slot_find(m, &keys[i]))->doubtful = true;
	mem_free(keys);
}

static void drop_tombstones(struct mirror *m, unsigned kinds)
{
	struct slot_key *keys;
	size_t count = 0, room = 0;
	void *slot;

	keys = NULL;
	for (unsigned kind = 0; kind < SLOT_KINDS; kind++) {
		if ((kinds >> kind & 1) == 0)
			continue;
		for (size_t at = 0; (slot = map_next(&m->slots[kind], &at)) != NULL;) {
			const struct slot *s = slot_state((enum slot_kind)kind, slot);

			if (s->present || s->ledger != LEDGER_NONE || s->op != 0)
				continue;
			if (count == room) {
				room = room == 0 ? 64 : room * 2;
				keys = mem_resize(keys, room * sizeof(*keys));
			}
			keys[count++] = slot_key_of((enum slot_kind)kind, slot);
		}
	}
	for (size_t i = 0; i < count; i++)
		slot_drop_if_empty(m, &keys[i], slot_find(m, &keys[i]));
	mem_free(keys);
}

static int compare_links(const void *a, const void *b)
{
	const struct mirror_link *x = a, *y = b;

	return x->link.ifindex.v < y->link.ifindex.v ? -1 : x->link.ifindex.v > y->link.ifindex.v;
}

static void end_links(const struct turn *t)
{
	struct arena arena = {0};
	size_t count = t->m->links.count;
	struct mirror_link **links =
	    (struct mirror_link **)map_sorted(&t->m->links, &arena, compare_links);

	for (size_t i = 0; i < count; i++) {
		struct kernel_event event;

		memset(&event, 0, sizeof(event));
		event.from_dump = true;
		if (!links[i]->seen) {
			event.kind = KERNEL_LINK_DEL;
			event.link_gone = links[i]->link.ifindex;
			mirror_link_del(t, &event);
		} else if (!links[i]->vlans_seen && links[i]->vlan_count != 0) {
			event.kind = KERNEL_PORT_VLANS;
			event.port_vlans.port = links[i]->link.ifindex;
			mirror_port_vlans(t, &event);
		}
	}
	arena_fini(&arena);
}

void mirror_dump_end(const struct turn *t, enum kernel_table table, bool clean)
{
	struct mirror *m = t->m;
	unsigned kinds = kinds_of(table);

	if (!m->dumping[table])
		return;
	/* Changes that were lost to an overrun meanwhile make it no cleaner. */
	if (table == TABLE_FDB && (!clean || m->overrun_in_dump[table])) {
		doubt_unseen(m);
		kinds = 1u << SLOT_FLOOD;
	}
	mirror_vanish_all(t, kinds, unseen, NULL, true);
	if (table == TABLE_LINKS)
		end_links(t);
	m->dumping[table] = false;
	m->dumped[table] = true;
	m->stale[table] = m->stale[table] && m->overrun_in_dump[table];
	drop_tombstones(m, kinds_of(table));
}

void mirror_overrun(struct mirror *m)
{
	for (unsigned i = 0; i < TABLE_COUNT; i++) {
		m->stale[i] = true;
		m->overrun_in_dump[i] = m->dumping[i];
	}
}
