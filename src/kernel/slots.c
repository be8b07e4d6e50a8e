/*
 * Storage of slots: one map per kind, made when somebody needs to remember something about a
 * kernel position, freed when mirror, ledger and operation are all gone. Owns the slots, their
 * copies of route nexthops, and the count of rows per interface, by which the end of a link finds
 * out cheaply that nothing names it any more.
 *
 * Decides nothing and reports nothing.
 */
#include "kernel/slots.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define SHAPE(type, table_, content)                                                               \
	{                                                                                          \
		sizeof(struct type), offsetof(struct type, key),                                   \
		    sizeof(((struct type *)NULL)->key), offsetof(struct type, slot),               \
		    offsetof(struct type, mirror), offsetof(struct type, ledger),                  \
		    sizeof(struct content), table_                                                 \
	}

const struct slot_shape slot_shapes[SLOT_KINDS] = {
    [SLOT_FDB] = SHAPE(fdb_slot, TABLE_FDB, fdb_entry),
    [SLOT_VXLAN_FDB] = SHAPE(vxlan_fdb_slot, TABLE_FDB, vxlan_fdb_entry),
    [SLOT_FLOOD] = SHAPE(flood_slot, TABLE_FDB, flood_entry),
    [SLOT_NEIGH] = SHAPE(neigh_slot, TABLE_NEIGH, neigh_entry),
    [SLOT_ROUTE] = SHAPE(route_slot, TABLE_ROUTES, route_entry),
    [SLOT_ADDR] = SHAPE(addr_slot, TABLE_LINKS, addr_entry),
};

static const void *const_at(const void *slot, size_t offset)
{
	return (const char *)slot + offset;
}

static void *at(void *slot, size_t offset)
{
	return (char *)slot + offset;
}

struct slot_key slot_key_of(enum slot_kind kind, const void *slot)
{
	struct slot_key key;

	memset(&key, 0, sizeof(key));
	key.kind = kind;
	memcpy(&key.fdb, const_at(slot, slot_shapes[kind].key_offset), slot_shapes[kind].key_size);
	return key;
}

void *slot_find(const struct mirror *m, const struct slot_key *key)
{
	if (key->kind == SLOT_BRIDGE_PORT)
		return NULL;
	return map_find(&m->slots[key->kind], slot_key_part(key));
}

void *slot_find_or_make(struct mirror *m, const struct slot_key *key)
{
	const struct slot_shape *shape = &slot_shapes[key->kind];
	void *slot = slot_find(m, key);

	check(key->kind != SLOT_BRIDGE_PORT);
	if (slot == NULL) {
		slot = pool_new(&m->pools[key->kind]);
		memcpy(at(slot, shape->key_offset), slot_key_part(key), shape->key_size);
		map_insert(&m->slots[key->kind], slot);
		slot_state(key->kind, slot)->shown = m->audit_round;
	}
	return slot;
}

/* Route contents own their nexthops. */
static void content_clear(enum slot_kind kind, void *content)
{
	if (kind == SLOT_ROUTE) {
		struct route_entry *r = content;

		mem_free((void *)(uintptr_t)r->nexthops);
	}
	memset(content, 0, slot_shapes[kind].content_size);
}

static void content_set(enum slot_kind kind, void *content, const struct slot_content *from)
{
	const struct route_nexthop *copy = NULL;

	if (kind == SLOT_ROUTE)
		copy = mem_dup(
		    from->route.nexthops, from->route.nexthop_count * sizeof(struct route_nexthop));
	content_clear(kind, content);
	memcpy(content, &from->fdb, slot_shapes[kind].content_size);
	if (kind == SLOT_ROUTE)
		((struct route_entry *)content)->nexthops = copy;
}

static struct slot_content content_get(enum slot_kind kind, const void *content)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	memcpy(&c.fdb, content, slot_shapes[kind].content_size);
	return c;
}

struct slot_content slot_mirror(enum slot_kind kind, const void *slot)
{
	return content_get(kind, const_at(slot, slot_shapes[kind].mirror_offset));
}

struct slot_content slot_ledger(enum slot_kind kind, const void *slot)
{
	return content_get(kind, const_at(slot, slot_shapes[kind].ledger_offset));
}

/* ---- rows per interface ---- */

static void count_row(struct mirror *m, ifindex_t ifindex, bool more)
{
	struct row_count *r = map_find(&m->rows, &ifindex);

	if (r == NULL) {
		r = mem_new(sizeof(*r));
		r->ifindex = ifindex;
		map_insert(&m->rows, r);
	}
	r->count = more ? r->count + 1 : r->count - 1;
	if (r->count == 0)
		mem_free(map_remove(&m->rows, &ifindex));
}

size_t slot_rows_naming(const struct mirror *m, ifindex_t ifindex)
{
	const struct row_count *r = map_find(&m->rows, &ifindex);

	return r == NULL ? 0 : r->count;
}

/* The interfaces that a present row names, each once; at most ROUTE_NEXTHOPS_MAX. */
static unsigned row_devices(enum slot_kind kind, const void *slot, ifindex_t *devs)
{
	const struct slot_key key = slot_key_of(kind, slot);
	const struct slot_content c = slot_mirror(kind, slot);

	switch (kind) {
	case SLOT_FDB:
		devs[0] = key.fdb.bridge;
		devs[1] = c.fdb.port;
		return ifindex_equal(devs[0], devs[1]) ? 1 : 2;
	case SLOT_VXLAN_FDB:
		devs[0] = key.vxlan_fdb.dev;
		return 1;
	case SLOT_FLOOD:
		devs[0] = key.flood.dev;
		return 1;
	case SLOT_NEIGH:
		devs[0] = key.neigh.dev;
		return 1;
	case SLOT_ADDR:
		devs[0] = key.addr.dev;
		return 1;
	case SLOT_ROUTE:
		for (unsigned i = 0; i < c.route.nexthop_count; i++)
			devs[i] = c.route.nexthops[i].dev;
		return c.route.nexthop_count;
	case SLOT_BRIDGE_PORT:
		break;
	}
	return 0;
}

static void count_devices(struct mirror *m, enum slot_kind kind, const void *slot, bool more)
{
	ifindex_t devs[ROUTE_NEXTHOPS_MAX];
	unsigned count = row_devices(kind, slot, devs);

	for (unsigned i = 0; i < count; i++)
		count_row(m, devs[i], more);
}

bool slot_names(enum slot_kind kind, const void *slot, ifindex_t ifindex)
{
	ifindex_t devs[ROUTE_NEXTHOPS_MAX];
	unsigned count = row_devices(kind, slot, devs);

	for (unsigned i = 0; i < count; i++)
		if (ifindex_equal(devs[i], ifindex))
			return true;
	return false;
}

/* ---- changes ---- */

void slot_set_mirror(
    struct mirror *m, const struct slot_key *key, void *slot, const struct slot_content *content)
{
	struct slot *s = slot_state(key->kind, slot);
	void *mirror = at(slot, slot_shapes[key->kind].mirror_offset);

	if (s->present)
		count_devices(m, key->kind, slot, false);
	if (content != NULL)
		content_set(key->kind, mirror, content);
	else
		content_clear(key->kind, mirror);
	s->present = content != NULL;
	s->doubtful = false;
	if (s->present)
		count_devices(m, key->kind, slot, true);
}

void slot_set_ledger(
    enum slot_kind kind, void *slot, enum ledger_state state, const struct slot_content *content)
{
	void *ledger = at(slot, slot_shapes[kind].ledger_offset);

	if (content != NULL)
		content_set(kind, ledger, content);
	else
		content_clear(kind, ledger);
	slot_state(kind, slot)->ledger = (uint8_t)(content != NULL ? state : LEDGER_NONE);
}

bool slot_agrees(enum slot_kind kind, const void *slot)
{
	const struct slot *s = const_at(slot, slot_shapes[kind].state_offset);
	const struct slot_content mirror = slot_mirror(kind, slot);
	const struct slot_content ledger = slot_ledger(kind, slot);

	return s->present && s->ledger != LEDGER_NONE && slot_content_equal(kind, &mirror, &ledger);
}

void slot_free(struct mirror *m, enum slot_kind kind, void *slot)
{
	content_clear(kind, at(slot, slot_shapes[kind].mirror_offset));
	content_clear(kind, at(slot, slot_shapes[kind].ledger_offset));
	pool_free(&m->pools[kind], slot);
}

void slot_drop_if_empty(struct mirror *m, const struct slot_key *key, void *slot)
{
	const struct slot *s = slot_state(key->kind, slot);

	if (s->present || s->ledger != LEDGER_NONE || s->op != 0 ||
	    m->dumping[slot_shapes[key->kind].table])
		return;
	map_remove(&m->slots[key->kind], slot_key_part(key));
	slot_free(m, key->kind, slot);
}
