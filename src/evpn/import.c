/*
 * Import: which routes of others belong to which MAC-VRF, and which of them is best for a MAC.
 *
 * A route is kept only where it is imported, as few bytes as decisions need: the Loc-RIB has the
 * rest, and delivers all again when a MAC-VRF appears (routes_again). It is found through its IP or
 * its MAC, in each MAC-VRF that has routes of its Route Distinguisher: there is no table of routes.
 * Automatic import matches any AS with our VNI in the local part of the route target, as FRR does;
 * configured route targets match exactly.
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

	pool_init(&t->pool, sizeof(struct import_route));
	map_init(&t->origins, offsetof(struct origin, rd), sizeof(struct rd), seed);
	map_init(&t->vteps_by_ip, offsetof(struct vtep, ip), sizeof(struct ip), seed);
}

static void origin_free(struct origin *o)
{
	mem_free(o->vnis);
	mem_free(o);
}

/* Before the MACs, which list the routes. */
void imports_fini(struct evpn *v)
{
	struct import_table *t = &v->imports;
	struct mac_entry *m;
	struct origin *o;

	for (size_t at = 0; (m = map_next(&v->macs.map, &at)) != NULL;)
		for (struct import_route *r = m->routes, *next; r != NULL; r = next) {
			next = r->of_mac;
			pool_free(&t->pool, r);
		}
	pool_fini(&t->pool);
	for (size_t at = 0; (o = map_next(&t->origins, &at)) != NULL;)
		origin_free(o);
	map_fini(&t->origins);
	for (uint32_t i = 0; i < t->vtep_count; i++)
		mem_free(t->vteps[i]);
	mem_free(t->vteps);
	map_fini(&t->vteps_by_ip);
}

/* ---- VTEPs: few, named by many routes ------------------------------------------------------- */

static bool vtep_index(struct evpn *v, const struct ip *ip, uint16_t *index)
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
	*index = (uint16_t)found->index;
	return true;
}

const struct ip *import_vtep(const struct evpn *v, const struct import_route *r)
{
	return &v->imports.vteps[r->vtep]->ip;
}

struct ip import_ip(const struct import_route *r)
{
	return r->neigh == NULL ? (struct ip){0} : r->neigh->id.ip;
}

/* ---- origins --------------------------------------------------------------------------------- */

static struct origin *origin_get(struct evpn *v, const struct rd *rd)
{
	struct origin *o = map_find(&v->imports.origins, rd);

	if (o == NULL) {
		o = mem_new(sizeof(*o));
		o->rd = *rd;
		map_insert(&v->imports.origins, o);
	}
	return o;
}

static void origin_drop_if_empty(struct evpn *v, struct origin *o)
{
	if (o->routes > 0)
		return;
	map_remove(&v->imports.origins, &o->rd);
	origin_free(o);
}

/* Where that VNI stands, or would. */
static size_t origin_place(const struct origin *o, vni_t vni)
{
	size_t at = 0;

	while (at < o->vni_count && o->vnis[at].vni.v < vni.v)
		at++;
	return at;
}

static bool origin_has(const struct origin *o, vni_t vni)
{
	size_t at = origin_place(o, vni);

	return at < o->vni_count && vni_equal(o->vnis[at].vni, vni);
}

static void origin_count_more(struct origin *o, vni_t vni)
{
	size_t at = origin_place(o, vni);

	if (!origin_has(o, vni)) {
		o->vnis = mem_resize(o->vnis, (o->vni_count + 1) * sizeof(*o->vnis));
		memmove(&o->vnis[at + 1], &o->vnis[at], (o->vni_count - at) * sizeof(*o->vnis));
		o->vnis[at] = (struct origin_vni){.vni = vni};
		o->vni_count++;
	}
	o->vnis[at].routes++;
	o->routes++;
}

static void origin_count_less(struct origin *o, vni_t vni)
{
	size_t at = origin_place(o, vni);

	o->routes--;
	if (--o->vnis[at].routes > 0)
		return;
	o->vni_count--;
	memmove(&o->vnis[at], &o->vnis[at + 1], (o->vni_count - at) * sizeof(*o->vnis));
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

/* Whatever the AS: the VNI that an auto RT stands for. */
static vni_t auto_rt_vni(const struct evpn *v, const struct extcomm *rt)
{
	uint32_t number = extcomm_rt_number(rt);

	if (!v->settings.rfc8365_rt)
		return (vni_t){number};
	return (vni_t){(number & ~VNI_MAX) == AUTO_RT_VXLAN ? number & VNI_MAX : 0};
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
		vrf = mac_vrf_find(v, auto_rt_vni(v, e));
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

/* Its origin may be left without routes. */
static void route_free(struct evpn *v, struct import_route *r)
{
	mark(v, r);
	unlink_from(&r->mac->routes, r, true);
	if (r->neigh != NULL)
		unlink_from(&r->neigh->routes, r, false);
	origin_count_less(r->origin, r->mac->key.vni);
	pool_free(&v->imports.pool, r);
}

/* What one route is about. */
struct subject {
	struct origin *origin;
	struct mac mac;
	struct ip ip; /* IP_NONE: MAC-only */
};

/* In that MAC-VRF; NULL none. */
static struct import_route *route_find(const struct evpn *v, vni_t vni, const struct subject *s)
{
	struct import_route *r;

	if (!origin_has(s->origin, vni))
		return NULL;
	if (s->ip.family != IP_NONE) {
		const struct neigh *n = neigh_find(v, vni, &s->ip);

		r = n == NULL ? NULL : n->routes;
		while (
		    r != NULL && (r->origin != s->origin || !mac_equal(&r->mac->key.mac, &s->mac)))
			r = r->of_neigh;
	} else {
		const struct mac_entry *m = mac_find(v, vni, &s->mac);

		r = m == NULL ? NULL : m->routes;
		while (r != NULL && r->neigh == NULL && r->origin != s->origin)
			r = r->of_mac;
		if (r != NULL && r->neigh != NULL)
			r = NULL;
	}
	return r;
}

static void link_to_mac(struct import_route *r)
{
	struct import_route **at = &r->mac->routes;

	while (r->neigh != NULL && *at != NULL && (*at)->neigh == NULL)
		at = &(*at)->of_mac;
	r->of_mac = *at;
	*at = r;
}

static struct import_route *route_new(struct evpn *v, struct mac_vrf *vrf, const struct subject *s)
{
	struct import_route *r;
	struct mac_entry *mac;
	struct neigh *neigh = NULL;

	if (v->imports.pool.count >= IMPORTS_MAX) {
		v->counters.limit_reached++;
		return NULL;
	}
	mac = mac_get(v, vrf, &s->mac);
	if (mac == NULL || (s->ip.family != IP_NONE && (neigh = neigh_get(v, vrf, &s->ip)) == NULL))
		return NULL;
	r = pool_new(&v->imports.pool);
	r->origin = s->origin;
	r->mac = mac;
	r->neigh = neigh;
	link_to_mac(r);
	if (neigh != NULL) {
		r->of_neigh = neigh->routes;
		neigh->routes = r;
	}
	origin_count_more(s->origin, vrf->vni);
	return r;
}

struct content {
	uint32_t sequence;
	uint16_t vtep;
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

/* Our own VTEP as NEXT_HOP: a route of ours that came round, never a place to send to. */
static bool leads_here(const struct mac_vrf *vrf, const struct ip *next_hop)
{
	return ip_equal(&vrf->place.vtep, next_hop);
}

static void import_one(
    struct evpn *v, const struct subject *s, const struct content *c, struct mac_vrf *vrf)
{
	struct import_route *r = route_find(v, vrf->vni, s);
	bool fresh = r == NULL;

	if (fresh)
		r = route_new(v, vrf, s);
	if (r != NULL)
		route_set(v, r, c, fresh);
}

static bool is_target(struct mac_vrf *const *targets, size_t count, vni_t vni)
{
	for (size_t i = 0; i < count; i++)
		if (vni_equal(targets[i]->vni, vni))
			return true;
	return false;
}

static void import_into(struct evpn *v, const struct subject *s, const struct content *c,
    struct mac_vrf *const *targets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		import_one(v, s, c, targets[i]);
	/* From the end: a MAC-VRF that loses its last route leaves the list. */
	for (size_t i = s->origin->vni_count; i-- > 0;) {
		struct import_route *r;

		if (is_target(targets, count, s->origin->vnis[i].vni))
			continue;
		r = route_find(v, s->origin->vnis[i].vni, s);
		if (r != NULL)
			route_free(v, r);
	}
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

/* The MAC-VRFs that a route belongs to, and what it says there. */
static size_t find_targets(
    struct evpn *v, const struct attrs *a, struct content *c, struct mac_vrf **targets)
{
	size_t count = 0, kept = 0;

	if (a->next_hop.family != IP_NONE)
		count = import_targets(v, a, targets);
	for (size_t i = 0; i < count; i++)
		if (!leads_here(targets[i], &a->next_hop))
			targets[kept++] = targets[i];
	if (kept == 0)
		return 0;
	*c = content_of(a);
	if (vtep_index(v, &a->next_hop, &c->vtep))
		return kept;
	v->counters.limit_reached++;
	return 0;
}

void import_route_changed(struct evpn *v, const struct bgp_best *best)
{
	const struct evpn_nlri *n = &best->nlri.evpn;
	struct subject s = {.mac = n->mac, .ip = n->ip};
	struct mac_vrf *targets[IMPORT_TARGETS_MAX];
	struct content c = {0};
	size_t count = 0;

	/* VLAN-based service (RFC 7432 section 6.1): the tag is 0. */
	if (n->ethernet_tag != 0 || mac_is_group(&n->mac) || mac_is_zero(&n->mac))
		return;
	if (best->count > 0 && !best->routes[0].local)
		count = find_targets(v, best->routes[0].attrs, &c, targets);
	s.origin = count > 0 ? origin_get(v, &n->rd) : map_find(&v->imports.origins, &n->rd);
	if (s.origin == NULL)
		return;
	import_into(v, &s, &c, targets, count);
	origin_drop_if_empty(v, s.origin);
}

static void forget_mac(struct evpn *v, struct mac_entry *m)
{
	while (m->routes != NULL) {
		struct origin *o = m->routes->origin;

		route_free(v, m->routes);
		origin_drop_if_empty(v, o);
	}
}

void import_forget(struct evpn *v, const struct mac_vrf *vrf)
{
	struct mac_entry **all =
	    (struct mac_entry **)map_sorted(&v->macs.map, &v->arena, mac_compare);

	for (size_t i = 0; i < v->macs.map.count; i++)
		if (vni_equal(all[i]->key.vni, vrf->vni))
			forget_mac(v, all[i]);
}
