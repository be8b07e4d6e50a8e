/*
 * Storage of slots: one map per kind, made when somebody needs to remember something about a
 * kernel position, freed when mirror, ledger and operation are all gone. Owns the slots, their
 * copies of route nexthops, and the count of rows per interface, by which the end of a link finds
 * out cheaply that nothing names it any more.
 *
 * Invariants. The one entry of a slot is the mirror's while the slot is present, else the ledger's.
 * `apart` is set while the slot is present, the ledger has something, and the two differ
 * (slot_content_equal): then, and only then, the ledger's content stands in the table of aparts.
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
		    offsetof(struct type, entry), sizeof(struct content), table_                   \
	}

const struct slot_shape slot_shapes[SLOT_KINDS] = {
    [SLOT_FDB] = SHAPE(fdb_slot, TABLE_FDB, fdb_entry),
    [SLOT_VXLAN_FDB] = SHAPE(vxlan_fdb_slot, TABLE_FDB, vxlan_fdb_entry),
    [SLOT_FLOOD] = SHAPE(flood_slot, TABLE_FDB, flood_entry),
    [SLOT_NEIGH] = SHAPE(neigh_slot, TABLE_NEIGH, neigh_entry),
    [SLOT_ROUTE] = SHAPE(route_slot, TABLE_ROUTES, route_entry),
    [SLOT_ADDR] = SHAPE(addr_slot, TABLE_LINKS, addr_entry),
    [SLOT_NEXTHOP] = SHAPE(nexthop_slot, TABLE_NEXTHOPS, nexthop_entry),
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
	if (slot_is_flag(key->kind))
		return NULL;
	return map_find(&m->slots[key->kind], slot_key_part(key));
}

void *slot_make(struct mirror *m, const struct slot_key *key)
{
	const struct slot_shape *shape = &slot_shapes[key->kind];
	void *slot;

	check(!slot_is_flag(key->kind));
	slot = pool_new(&m->pools[key->kind]);
	memcpy(at(slot, shape->key_offset), slot_key_part(key), shape->key_size);
	map_insert(&m->slots[key->kind], slot);
	slot_state(key->kind, slot)->shown = m->audit_round;
	return slot;
}

void *slot_find_or_make(struct mirror *m, const struct slot_key *key)
{
	void *slot = slot_find(m, key);

	return slot != NULL ? slot : slot_make(m, key);
}

static struct slot_content content_get(enum slot_kind kind, const void *content);

/* Contents own what they point to. */
static void content_clear(enum slot_kind kind, void *content)
{
	if (kind == SLOT_ROUTE || kind == SLOT_NEXTHOP) {
		struct slot_content c = content_get(kind, content);

		slot_content_drop(kind, &c);
	}
	memset(content, 0, slot_shapes[kind].entry_size);
}

static void content_set(enum slot_kind kind, void *content, const struct slot_content *from)
{
	struct slot_content copy = *from;

	slot_content_keep(kind, &copy);
	content_clear(kind, content);
	memcpy(content, &copy.fdb, slot_shapes[kind].entry_size);
}

static struct slot_content content_get(enum slot_kind kind, const void *content)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	memcpy(&c.fdb, content, slot_shapes[kind].entry_size);
	return c;
}

static void *entry_of(enum slot_kind kind, void *slot)
{
	return at(slot, slot_shapes[kind].entry_offset);
}

static const struct slot *state_of(enum slot_kind kind, const void *slot)
{
	return const_at(slot, slot_shapes[kind].state_offset);
}

struct slot_content slot_mirror(enum slot_kind kind, const void *slot)
{
	if (!state_of(kind, slot)->present) {
		struct slot_content nothing;

		memset(&nothing, 0, sizeof(nothing));
		return nothing;
	}
	return content_get(kind, const_at(slot, slot_shapes[kind].entry_offset));
}

struct slot_content slot_ledger(const struct mirror *m, enum slot_kind kind, const void *slot)
{
	const struct slot *s = state_of(kind, slot);
	struct slot_content nothing;
	struct slot_key key;

	if (s->ledger != LEDGER_NONE && !s->apart)
		return content_get(kind, const_at(slot, slot_shapes[kind].entry_offset));
	if (s->apart) {
		key = slot_key_of(kind, slot);
		return ((const struct apart *)map_find(&m->aparts, &key))->content;
	}
	memset(&nothing, 0, sizeof(nothing));
	return nothing;
}

/* ---- where mirror and ledger differ ---- */

static void apart_set(
    struct mirror *m, const struct slot_key *key, void *slot, const struct slot_content *content)
{
	struct apart *a = slot_state(key->kind, slot)->apart ? map_find(&m->aparts, key) : NULL;

	if (a == NULL) {
		a = mem_new(sizeof(*a));
		a->key = *key;
		map_insert(&m->aparts, a);
	}
	content_set(key->kind, &a->content, content);
	slot_state(key->kind, slot)->apart = true;
}

static void apart_drop(struct mirror *m, const struct slot_key *key, void *slot)
{
	struct apart *a;

	if (!slot_state(key->kind, slot)->apart)
		return;
	a = map_remove(&m->aparts, key);
	content_clear(key->kind, &a->content);
	mem_free(a);
	slot_state(key->kind, slot)->apart = false;
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
	case SLOT_NEXTHOP:
		devs[0] = c.nexthop.dev;
		return c.nexthop.dev.v != 0;
	case SLOT_BRIDGE_PORT:
	case SLOT_LINK:
		break;
	}
	return 0;
}

static void count_user(struct mirror *m, uint32_t id, bool more)
{
	struct nexthop_users *u = map_find(&m->users, &id);

	if (u == NULL) {
		u = mem_new(sizeof(*u));
		u->id = id;
		map_insert(&m->users, u);
	}
	u->count = more ? u->count + 1 : u->count - 1;
	if (u->count == 0)
		mem_free(map_remove(&m->users, &id));
}

static void count_devices(struct mirror *m, enum slot_kind kind, const void *slot, bool more)
{
	ifindex_t devs[ROUTE_NEXTHOPS_MAX];
	unsigned count = row_devices(kind, slot, devs);

	for (unsigned i = 0; i < count; i++)
		count_row(m, devs[i], more);
	if (kind == SLOT_ROUTE && ((const struct route_slot *)slot)->entry.nhid != 0)
		count_user(m, ((const struct route_slot *)slot)->entry.nhid, more);
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

/* What we wrote makes room for another content, and is at home again where it is shown. */
static void show(
    struct mirror *m, const struct slot_key *key, void *slot, const struct slot_content *content)
{
	struct slot *s = slot_state(key->kind, slot);
	struct slot_content ledger;
	bool same = false;

	if (s->ledger != LEDGER_NONE) {
		ledger = slot_ledger(m, key->kind, slot);
		same = slot_content_equal(key->kind, &ledger, content);
		if (!same && !s->apart)
			apart_set(m, key, slot, &ledger);
	}
	content_set(key->kind, entry_of(key->kind, slot), content);
	if (same)
		apart_drop(m, key, slot);
}

static void show_nothing(struct mirror *m, const struct slot_key *key, void *slot)
{
	struct slot *s = slot_state(key->kind, slot);
	struct slot_content ledger;

	if (s->ledger == LEDGER_NONE) {
		content_clear(key->kind, entry_of(key->kind, slot));
	} else if (s->apart) {
		ledger = slot_ledger(m, key->kind, slot);
		content_set(key->kind, entry_of(key->kind, slot), &ledger);
		apart_drop(m, key, slot);
	}
}

void slot_set_mirror(
    struct mirror *m, const struct slot_key *key, void *slot, const struct slot_content *content)
{
	struct slot *s = slot_state(key->kind, slot);

	if (s->present)
		count_devices(m, key->kind, slot, false);
	if (content != NULL)
		show(m, key, slot, content);
	else
		show_nothing(m, key, slot);
	s->present = content != NULL;
	s->doubtful = false;
	if (s->present)
		count_devices(m, key->kind, slot, true);
}

void slot_set_ledger(struct mirror *m, const struct slot_key *key, void *slot,
    enum ledger_state state, const struct slot_content *content)
{
	struct slot *s = slot_state(key->kind, slot);
	struct slot_content mirror;

	if (content == NULL) {
		apart_drop(m, key, slot);
		if (!s->present)
			content_clear(key->kind, entry_of(key->kind, slot));
		s->ledger = LEDGER_NONE;
		return;
	}
	s->ledger = (uint8_t)state;
	mirror = slot_mirror(key->kind, slot);
	if (!s->present)
		content_set(key->kind, entry_of(key->kind, slot), content);
	else if (slot_content_equal(key->kind, &mirror, content))
		apart_drop(m, key, slot);
	else
		apart_set(m, key, slot, content);
}

bool slot_agrees(enum slot_kind kind, const void *slot)
{
	const struct slot *s = state_of(kind, slot);

	return s->present && s->ledger != LEDGER_NONE && !s->apart;
}

void slot_free(struct mirror *m, enum slot_kind kind, void *slot)
{
	const struct slot_key key = slot_key_of(kind, slot);

	apart_drop(m, &key, slot);
	content_clear(kind, entry_of(kind, slot));
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
