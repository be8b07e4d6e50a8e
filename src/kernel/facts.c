/*
 * Lookups in the mirror: what evpn/, ctl/ and the engine ask of it. No changes.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/slots.h"

const struct mirror_link *mirror_link(const struct mirror *m, ifindex_t ifindex)
{
	return map_find(&m->links, &ifindex);
}

/* Names are asked for by people and configuration, not per event: a walk will do. */
const struct mirror_link *mirror_link_by_name(const struct mirror *m, const char *name)
{
	const struct mirror_link *l;

	for (size_t at = 0; (l = map_next(&m->links, &at)) != NULL;)
		if (strncmp(l->link.name, name, LINK_NAME_MAX) == 0)
			return l;
	return NULL;
}

static int compare_links(const void *a, const void *b)
{
	const struct mirror_link *x = a, *y = b;

	return x->link.ifindex.v < y->link.ifindex.v ? -1 : x->link.ifindex.v > y->link.ifindex.v;
}

/* The sorted objects with a NULL behind them. */
static void *terminated(
    const struct map *map, struct arena *arena, int (*compare)(const void *, const void *))
{
	void **sorted = map_sorted(map, arena, compare);
	void **array = arena_new(arena, (map->count + 1) * sizeof(*array));

	if (map->count != 0)
		memcpy(array, sorted, map->count * sizeof(*array));
	return array;
}

const struct mirror_link **mirror_links(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->links, arena, compare_links);
}

bool mirror_port_has_vlan(const struct mirror_link *port, uint16_t vlan)
{
	for (unsigned i = 0; i < port->vlan_count; i++)
		if (vlan >= port->vlans[i].first && vlan <= port->vlans[i].last)
			return true;
	return false;
}

uint16_t mirror_port_pvid(const struct mirror_link *port)
{
	for (unsigned i = 0; i < port->vlan_count; i++)
		if ((port->vlans[i].flags & PORT_VLAN_PVID) != 0)
			return port->vlans[i].first;
	return 0;
}

bool mirror_has_addr(const struct mirror *m, ifindex_t dev, const struct ip *ip)
{
	const struct mirror_link *l = mirror_link(m, dev);

	for (unsigned i = 0; l != NULL && i < l->addr_count; i++)
		if (ip_equal(&l->addrs[i].addr, ip))
			return true;
	return false;
}

#define LOWER_DEPTH_MAX 8 /* VLAN on VLAN on … bridge */

static bool is_in_or_on(const struct mirror *m, const struct mirror_link *l, ifindex_t bridge)
{
	if (ifindex_equal(l->link.master, bridge))
		return true;
	for (unsigned i = 0; l != NULL && i < LOWER_DEPTH_MAX; i++) {
		if (ifindex_equal(l->link.ifindex, bridge))
			return true;
		l = l->link.lower.v != 0 ? mirror_link(m, l->link.lower) : NULL;
	}
	return false;
}

bool mirror_own_mac(const struct mirror *m, ifindex_t bridge, const struct mac *mac)
{
	const struct mirror_link *l;

	if (map_find(&m->macs, mac) == NULL)
		return false;
	for (size_t at = 0; (l = map_next(&m->links, &at)) != NULL;)
		if (mac_equal(&l->link.mac, mac) && is_in_or_on(m, l, bridge))
			return true;
	return false;
}

struct fdb_slot *mirror_fdb(const struct mirror *m, const struct fdb_key *key)
{
	return map_find(&m->slots[SLOT_FDB], key);
}

struct vxlan_fdb_slot *mirror_vxlan_fdb(const struct mirror *m, const struct vxlan_fdb_key *key)
{
	return map_find(&m->slots[SLOT_VXLAN_FDB], key);
}

struct flood_slot *mirror_flood(const struct mirror *m, const struct flood_key *key)
{
	return map_find(&m->slots[SLOT_FLOOD], key);
}

struct neigh_slot *mirror_neigh(const struct mirror *m, const struct neigh_key *key)
{
	return map_find(&m->slots[SLOT_NEIGH], key);
}

struct route_slot *mirror_route(const struct mirror *m, const struct route_key *key)
{
	return map_find(&m->slots[SLOT_ROUTE], key);
}

struct nexthop_slot *mirror_nexthop(const struct mirror *m, uint32_t id)
{
	return map_find(&m->slots[SLOT_NEXTHOP], &id);
}

bool mirror_nexthop_used(const struct mirror *m, uint32_t id)
{
	const struct nexthop_slot *s;

	if (map_find(&m->users, &id) != NULL)
		return true;
	for (size_t at = 0; (s = map_next(&m->slots[SLOT_NEXTHOP], &at)) != NULL;)
		for (unsigned i = 0; s->slot.present && i < s->entry.member_count; i++)
			if (s->entry.members[i].id == id)
				return true;
	return false;
}

struct addr_slot *mirror_addr(const struct mirror *m, const struct addr_key *key)
{
	return map_find(&m->slots[SLOT_ADDR], key);
}

struct slot_content mirror_ledger(const struct mirror *m, const struct slot_key *key)
{
	const void *slot = slot_find(m, key);
	struct slot_content nothing;

	if (slot != NULL)
		return slot_ledger(m, key->kind, slot);
	memset(&nothing, 0, sizeof(nothing));
	return nothing;
}

struct fdb_slot **mirror_fdb_all(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->slots[SLOT_FDB], arena, NULL);
}

struct vxlan_fdb_slot **mirror_vxlan_fdb_all(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->slots[SLOT_VXLAN_FDB], arena, NULL);
}

struct flood_slot **mirror_flood_all(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->slots[SLOT_FLOOD], arena, NULL);
}

struct neigh_slot **mirror_neigh_all(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->slots[SLOT_NEIGH], arena, NULL);
}

struct route_slot **mirror_route_all(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->slots[SLOT_ROUTE], arena, NULL);
}

struct nexthop_slot **mirror_nexthop_all(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->slots[SLOT_NEXTHOP], arena, NULL);
}

struct addr_slot **mirror_addr_all(const struct mirror *m, struct arena *arena)
{
	return terminated(&m->slots[SLOT_ADDR], arena, NULL);
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct slot_key));
}

static size_t count_doubts(const struct mirror *m, enum slot_kind kind, struct slot_key *keys)
{
	size_t count = 0;
	void *slot;

	for (size_t at = 0; (slot = map_next(&m->slots[kind], &at)) != NULL;) {
		if (!slot_state(kind, slot)->doubtful || slot_state(kind, slot)->op != 0)
			continue;
		if (keys != NULL)
			keys[count] = slot_key_of(kind, slot);
		count++;
	}
	return count;
}

size_t mirror_doubts(const struct mirror *m, struct arena *arena, struct slot_key **keys)
{
	static const enum slot_kind kinds[] = {SLOT_FDB, SLOT_VXLAN_FDB, SLOT_NEIGH};
	size_t count = 0, at = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		count += count_doubts(m, kinds[i], NULL);
	*keys = arena_new(arena, (count + 1) * sizeof(**keys));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		at += count_doubts(m, kinds[i], *keys + at);
	qsort(*keys, count, sizeof(**keys), compare_keys);
	return count;
}
