/*
 * The host's links, as far as a BGP speaker must know them: is it up, which of our addresses are on
 * it, and who has told us by router advertisement that it is at the other end.
 *
 * Owns struct interface. Peers hold an ifindex and look here; what changes is told to those that it
 * concerns, and only if it is news to them.
 */
#include <string.h>

#include "base/mem.h"
#include "bgp/speaker.h"

struct interface *bgp_interface_find(const struct bgp *b, ifindex_t ifindex)
{
	return map_find(&b->interfaces, &ifindex);
}

struct interface *bgp_interface_named(const struct bgp *b, const char *name)
{
	size_t at = 0;
	struct interface *i;

	while ((i = map_next(&b->interfaces, &at)) != NULL)
		if (strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

static void links_changed(struct bgp *b, const char *name, mono_t now)
{
	for (size_t i = 0; i < b->peer_count; i++)
		if (strcmp(peer_name(b->peers[i]), name) == 0)
			peer_link_changed(b->peers[i], now);
}

static bool is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip->family == IP_V4 ? ip->b[0] == 127 : memcmp(ip->b, one, sizeof(one)) == 0;
}

static bool addresses_equal(const struct interface *own, const struct bgp_interface *i)
{
	return own->address_count == i->address_count &&
	       (i->address_count == 0 || memcmp(own->addresses, i->addresses,
					     i->address_count * sizeof(*i->addresses)) == 0);
}

/* The first address of each kind is the one that next hops name. */
static void addresses_take(struct interface *own, const struct bgp_interface *i)
{
	mem_free(own->addresses);
	own->addresses = mem_dup(i->addresses, i->address_count * sizeof(*i->addresses));
	own->address_count = i->address_count;
	own->link_local = own->global = own->v4 = (struct ip){0};
	for (size_t n = 0; n < i->address_count; n++) {
		const struct ip *ip = &i->addresses[n].addr;
		struct ip *to = ip->family == IP_V4    ? &own->v4
				: ip_is_link_local(ip) ? &own->link_local
						       : &own->global;

		if (to->family == IP_NONE && !is_loopback(ip))
			*to = *ip;
	}
}

struct interface *bgp_interface_with(const struct bgp *b, const struct ip *address)
{
	struct interface *i, *found = NULL;
	size_t at = 0;

	while ((i = map_next(&b->interfaces, &at)) != NULL)
		for (size_t n = 0; n < i->address_count; n++)
			if (ip_equal(&i->addresses[n].addr, address) &&
			    (found == NULL || i->ifindex.v < found->ifindex.v))
				found = i;
	return found;
}

bool interface_reaches(const struct interface *i, const struct ip *ip)
{
	for (size_t n = 0; n < i->address_count; n++) {
		struct prefix p = prefix_from(&i->addresses[n].addr, i->addresses[n].len);

		if (prefix_contains(&p, ip))
			return true;
	}
	return false;
}

/* A link that is down has none, as far as the kernel's forwarding goes. */
static bool is_own(const struct bgp *b, const struct bgp_nexthop *n)
{
	struct interface *i;
	size_t at = 0;

	while ((i = map_next(&b->interfaces, &at)) != NULL)
		for (size_t k = 0; i->up && k < i->address_count; k++)
			if (ip_equal(&i->addresses[k].addr, &n->ip) &&
			    (n->scope.v == 0 || ifindex_equal(n->scope, i->ifindex)))
				return true;
	return false;
}

void bgp_own_run(struct bgp *b)
{
	struct nexthop_table *t = &b->rib.nexthops;

	if (!b->own_changed && !t->fresh)
		return;
	for (uint32_t i = 1; i < t->room; i++)
		if (t->list[i] != NULL && (b->own_changed || t->list[i]->fresh))
			nexthop_set_own(t, t->list[i], is_own(b, &t->list[i]->key));
	b->own_changed = t->fresh = false;
}

static void next_hops_changed(struct bgp *b)
{
	for (size_t i = 0; i < b->peer_count; i++)
		peer_addresses_changed(b->peers[i]);
}

static struct interface *interface_get(struct bgp *b, const struct bgp_interface *i, mono_t now)
{
	struct interface *own = bgp_interface_find(b, i->ifindex);

	if (own != NULL && strcmp(own->name, i->name) != 0) {
		bgp_interface_gone(b, i->ifindex, now);
		own = NULL;
	}
	if (own != NULL)
		return own;
	own = mem_new(sizeof(*own));
	own->ifindex = i->ifindex;
	own->neighbor_until = MONO_NEVER;
	strncpy(own->name, i->name, sizeof(own->name) - 1);
	map_insert(&b->interfaces, own);
	return own;
}

void bgp_interface_changed(struct bgp *b, const struct bgp_interface *i, mono_t now)
{
	struct interface *own = interface_get(b, i, now);
	struct ip link_local = own->link_local;
	bool was_up = own->up, moved = !addresses_equal(own, i);

	own->up = i->up;
	if (moved)
		addresses_take(own, i);
	b->own_changed |= moved || was_up != i->up;
	/* Links tell much that is no news; a peer is not to be called upon for that. */
	if (was_up != i->up || !ip_equal(&own->link_local, &link_local))
		links_changed(b, own->name, now);
	if (moved)
		next_hops_changed(b);
}

static void interface_free(struct interface *i)
{
	mem_free(i->addresses);
	mem_free(i);
}

void bgp_interface_gone(struct bgp *b, ifindex_t ifindex, mono_t now)
{
	struct interface *i = map_remove(&b->interfaces, &ifindex);

	if (i == NULL)
		return;
	b->own_changed = true;
	links_changed(b, i->name, now);
	interface_free(i);
	next_hops_changed(b);
}

void bgp_interfaces_free(struct bgp *b)
{
	struct interface *i;
	size_t at = 0;

	while ((i = map_next(&b->interfaces, &at)) != NULL)
		interface_free(i);
	map_fini(&b->interfaces);
}

/* ---- router advertisements ---- */

static void neighbor_set(struct bgp *b, struct interface *i, const struct ip *neighbor, mono_t now)
{
	if (ip_equal(&i->neighbor, neighbor))
		return;
	i->neighbor = *neighbor;
	links_changed(b, i->name, now);
}

void bgp_neighbor_seen(
    struct bgp *b, ifindex_t ifindex, const struct ip *link_local, uint16_t lifetime_s, mono_t now)
{
	struct interface *i = bgp_interface_find(b, ifindex);

	if (i == NULL || !ip_is_link_local(link_local) || ip_equal(link_local, &i->link_local))
		return;
	if (lifetime_s != 0) {
		i->neighbor_until = mono_add_s(now, lifetime_s);
		b->neighbors_until = mono_min(b->neighbors_until, i->neighbor_until);
		neighbor_set(b, i, link_local, now);
	} else if (ip_equal(&i->neighbor, link_local)) {
		i->neighbor_until = MONO_NEVER;
		neighbor_set(b, i, &(struct ip){0}, now);
	}
}

void bgp_interfaces_run(struct bgp *b, mono_t now)
{
	struct interface **all;

	if (!mono_reached(b->neighbors_until, now))
		return;
	b->neighbors_until = MONO_NEVER;
	all = (struct interface **)map_sorted(&b->interfaces, &b->arena, NULL);
	for (size_t k = 0; k < b->interfaces.count; k++) {
		if (mono_reached(all[k]->neighbor_until, now)) {
			all[k]->neighbor_until = MONO_NEVER;
			neighbor_set(b, all[k], &(struct ip){0}, now);
		}
		b->neighbors_until = mono_min(b->neighbors_until, all[k]->neighbor_until);
	}
	arena_reset(&b->arena);
}

bool bgp_wants_ra(const struct bgp *b, ifindex_t ifindex)
{
	const struct interface *i = bgp_interface_find(b, ifindex);

	for (size_t k = 0; i != NULL && k < b->peer_count; k++) {
		const struct neighbor_settings *s = b->peers[k]->settings;

		if (s->unnumbered && !s->shutdown && strcmp(s->name, i->name) == 0)
			return true;
	}
	return false;
}
