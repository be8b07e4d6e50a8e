/*
 * Import: which routes of others belong to which MAC-VRF, and which of them is best for a MAC.
 *
 * A route is kept only where it is imported, as few bytes as decisions need: the Loc-RIB has the
 * rest, and delivers all again when a MAC-VRF appears (routes_again). Automatic import matches any
 * AS with our VNI in the local part of the route target, as FRR does; configured route targets
 * match exactly.
 *
 * The best route of a MAC is chosen over all that carry it, MAC-only and MAC+IP alike, because
 * in mid-move the two can be best via different VTEPs, and a MAC has one place (RFC 7432
 * sections 7.7, 15; the design's order: sticky, sequence, VTEP).
 */
#include "evpn/import.h"

#include <string.h>

#include "base/mem.h"
#include "bgp/extcomm.h"
#include "evpn/instance.h"

void imports_init(struct evpn *v, uint64_t seed)
{
	struct import_table *t = &v->imports;

	map_init(&t->map, offsetof(struct import_route, key), sizeof(struct import_key), seed);
	map_init(&t->vteps_by_ip, offsetof(struct vtep, ip), sizeof(struct ip), seed);
}

void imports_fini(struct evpn *v)
{
	struct import_table *t = &v->imports;
	struct import_route *r, *next;

	for (size_t at = 0; (r = map_next(&t->map, &at)) != NULL;)
		for (; r != NULL; r = next) {
			next = r->elsewhere;
			mem_free(r);
		}
	for (uint32_t i = 0; i < t->vtep_count; i++)
		mem_free(t->vteps[i]);
	mem_free(t->vteps);
	map_fini(&t->map);
	map_fini(&t->vteps_by_ip);
}

/* ---- VTEPs: few, named by many routes ------------------------------------------------------- */

static bool vtep_index(struct evpn *v, const struct ip *ip, uint32_t *index)
{
	struct import_table *t = &v->imports;
	struct vtep *found = map_find(&t->vteps_by_ip, ip);

	if (found == NULL) {
		if (t->vtep_count == VTEPS_MAX)
			return false;
		if ((t->vtep_count & (t->vtep_count - 1)) == 0)
			t->vteps = mem_resize(t->vteps,
			    (t->vtep_count == 0 ? 1 : t->vtep_count * 2) * sizeof(*t->vteps));
		found = mem_new(sizeof(*found));
		found->ip = *ip;
		found->index = t->vtep_count;
		t->vteps[t->vtep_count++] = found;
		map_insert(&t->vteps_by_ip, found);
	}
	*index = found->index;
	return true;
}

const struct ip *import_vtep(const struct evpn *v, const struct import_route *r)
{
	return &v->imports.vteps[r->vtep]->ip;
}

struct ip import_ip(const struct import_route *r)
{
	struct ip ip = {.family = r->key.family};

	memcpy(ip.b, r->key.ip, sizeof(ip.b));
	return ip;
}

/* ---- who imports ---------------------------------------------------------------------------- */

static void add_target(struct mac_vrf *vrf, struct mac_vrf **targets, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (targets[i] == vrf)
			return;
	if (*count < IMPORT_TARGETS_MAX)
		targets[(*count)++] = vrf;
}

/* The first configured import of `rt`, or the end. */
static size_t configured_from(const struct mac_vrf_table *t, const struct extcomm *rt)
{
	size_t low = 0, high = t->rt_import_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (memcmp(t->rt_imports[middle].rt.b, rt->b, sizeof(rt->b)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t import_targets(const struct evpn *v, const struct attrs *attrs, struct mac_vrf **targets)
{
	const struct mac_vrf_table *t = &v->vrfs;
	size_t count = 0;

	for (size_t i = 0; i < attrs->extcomm_count; i++) {
		const struct extcomm *e = &attrs->extcomms[i];
		struct mac_vrf *vrf;

		if (!extcomm_is_rt(e))
			continue;
		vrf = mac_vrf_find(v, (vni_t){extcomm_rt_number(e)});
		if (vrf != NULL && vrf->present && vrf->auto_import)
			add_target(vrf, targets, &count);
		for (size_t n = configured_from(t, e);
		     n < t->rt_import_count && extcomm_equal(&t->rt_imports[n].rt, e); n++)
			add_target(t->rt_imports[n].vrf, targets, &count);
	}
	return count;
}

/* ---- ranking -------------------------------------------------------------------------------- */

int import_compare(const struct evpn *v, const struct import_route *a, const struct import_route *b,
    const char **step)
{
	int order;

	*step = "sticky before plain";
	if (a->sticky != b->sticky)
		return a->sticky ? -1 : 1;
	*step = "higher sequence";
	if (a->sequence != b->sequence)
		return a->sequence > b->sequence ? -1 : 1;
	*step = "lower VTEP address";
	order = a->vtep == b->vtep ? 0 : ip_compare(import_vtep(v, a), import_vtep(v, b));
	if (order != 0)
		return order;
	*step = "same place";
	return 0;
}

const struct import_route *import_best(const struct evpn *v, const struct mac_entry *m)
{
	const struct import_route *best = m->routes;
	const char *step;

	for (const struct import_route *r = best; r != NULL; r = r->of_mac)
		if (import_compare(v, r, best, &step) < 0)
			best = r;
	return best;
}

/* ---- taking in and out ---------------------------------------------------------------------- */

static void mark(struct evpn *v, struct import_route *r)
{
	mac_mark(v, r->mac);
	if (r->neigh != NULL)
		neigh_mark(v, r->neigh);
}

static void unlink_from(struct import_route **at, struct import_route *r, bool of_mac)
{
	while (*at != r)
		at = of_mac ? &(*at)->of_mac : &(*at)->of_neigh;
	*at = of_mac ? r->of_mac : r->of_neigh;
}

/* Out of its chain already. */
static void route_free(struct evpn *v, struct import_route *r)
{
	mark(v, r);
	unlink_from(&r->mac->routes, r, true);
	if (r->neigh != NULL)
		unlink_from(&r->neigh->routes, r, false);
	v->imports.count--;
	mem_free(r);
}

static struct import_route *route_new(
    struct evpn *v, struct mac_vrf *vrf, const struct import_key *key)
{
	struct import_route *r;
	struct ip ip = {.family = key->family};
	struct mac_entry *mac;
	struct neigh *neigh = NULL;

	if (v->imports.count >= IMPORTS_MAX) {
		v->counters.limit_reached++;
		return NULL;
	}
	memcpy(ip.b, key->ip, sizeof(ip.b));
	mac = mac_get(v, vrf, &key->mac);
	if (mac == NULL || (ip.family != IP_NONE && (neigh = neigh_get(v, vrf, &ip)) == NULL))
		return NULL;
	r = mem_new(sizeof(*r));
	r->key = *key;
	r->vni = vrf->vni;
	r->mac = mac;
	r->neigh = neigh;
	r->of_mac = mac->routes;
	mac->routes = r;
	if (neigh != NULL) {
		r->of_neigh = neigh->routes;
		neigh->routes = r;
	}
	v->imports.count++;
	return r;
}

struct content {
	uint32_t sequence, vtep;
	bool sticky, has_mobility;
};

static void route_set(struct evpn *v, struct import_route *r, const struct content *c, bool fresh)
{
	if (!fresh && r->sequence == c->sequence && r->vtep == c->vtep && r->sticky == c->sticky &&
	    r->has_mobility == c->has_mobility)
		return;
	r->sequence = c->sequence;
	r->vtep = c->vtep;
	r->sticky = c->sticky;
	r->has_mobility = c->has_mobility;
	mac_raise_floor(r->mac, c->sequence);
	mark(v, r);
}

/* Takes the route of `vrf` out of the chain; NULL none. */
static struct import_route *chain_take(struct import_route **chain, const struct mac_vrf *vrf)
{
	for (struct import_route **at = chain; *at != NULL; at = &(*at)->elsewhere) {
		struct import_route *r = *at;

		if (!vni_equal(r->vni, vrf->vni))
			continue;
		*at = r->elsewhere;
		r->elsewhere = NULL;
		return r;
	}
	return NULL;
}

/* Our own VTEP as NEXT_HOP: a route of ours that came round, never a place to send to. */
static bool leads_here(const struct mac_vrf *vrf, const struct ip *next_hop)
{
	return ip_equal(&vrf->place.vtep, next_hop);
}

static void import_into(struct evpn *v, const struct import_key *key, const struct content *c,
    const struct ip *next_hop, struct mac_vrf **targets, size_t count)
{
	struct import_route *old = map_find(&v->imports.map, key), *rest = old, *chain = NULL;

	if (old != NULL)
		map_remove(&v->imports.map, key);
	for (size_t i = 0; i < count; i++) {
		struct import_route *r = chain_take(&rest, targets[i]);
		bool fresh = r == NULL;

		if (leads_here(targets[i], next_hop)) {
			if (!fresh)
				route_free(v, r);
			continue;
		}
		if (fresh && (r = route_new(v, targets[i], key)) == NULL)
			continue;
		route_set(v, r, c, fresh);
		r->elsewhere = chain;
		chain = r;
	}
	while (rest != NULL) {
		struct import_route *next = rest->elsewhere;

		route_free(v, rest);
		rest = next;
	}
	if (chain != NULL)
		map_insert(&v->imports.map, chain);
}

static struct content content_of(const struct attrs *a)
{
	struct content c = {0};

	c.has_mobility = attrs_mac_mobility(a, &c.sequence, &c.sticky);
	/* A default gateway does not move either (RFC 7432 section 10.1). */
	if (attrs_default_gateway(a))
		c.sticky = true;
	return c;
}

void import_route_changed(struct evpn *v, const struct bgp_best *best)
{
	const struct evpn_nlri *n = &best->nlri.evpn;
	struct import_key key = {.rd = n->rd, .mac = n->mac, .family = n->ip.family};
	struct mac_vrf *targets[IMPORT_TARGETS_MAX];
	struct content c = {0};
	struct ip next_hop = {0};
	size_t count = 0;

	memcpy(key.ip, n->ip.b, sizeof(key.ip));
	/* VLAN-based service (RFC 7432 section 6.1): the tag is 0. */
	if (n->ethernet_tag != 0 || mac_is_group(&n->mac) || mac_is_zero(&n->mac))
		return;
	if (best->count > 0 && !best->routes[0].local) {
		const struct attrs *a = best->routes[0].attrs;

		next_hop = a->next_hop;
		c = content_of(a);
		if (next_hop.family != IP_NONE)
			count = import_targets(v, a, targets);
		if (count > 0 && !vtep_index(v, &next_hop, &c.vtep)) {
			v->counters.limit_reached++;
			count = 0;
		}
	}
	if (count > 0 || map_find(&v->imports.map, &key) != NULL)
		import_into(v, &key, &c, &next_hop, targets, count);
}

void import_forget(struct evpn *v, const struct mac_vrf *vrf)
{
	struct import_route **all =
	    (struct import_route **)map_sorted(&v->imports.map, &v->arena, NULL);
	size_t count = v->imports.map.count;

	for (size_t i = 0; i < count; i++) {
		struct import_route *chain = all[i], *r = chain_take(&chain, vrf);

		if (r == NULL)
			continue;
		map_remove(&v->imports.map, &all[i]->key);
		if (chain != NULL)
			map_insert(&v->imports.map, chain);
		route_free(v, r);
	}
}
