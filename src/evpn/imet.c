/*
 * IMET routes: ours says that we are in the broadcast domain and replicate at the ingress; those
 * of others make the flood list. A VTEP is in the list while at least one imported route names it
 * (in its PMSI tunnel attribute, else as NEXT_HOP).
 *
 * RFC 7432 sections 7.3, 11; RFC 6514 section 5; RFC 8365 section 9. Flood entries are reconciled
 * by desired.c.
 */
#include "evpn/imet.h"

#include <string.h>

#include "base/mem.h"
#include "evpn/advertise.h"
#include "evpn/instance.h"

void imets_init(struct evpn *v, uint64_t seed)
{
	map_init(&v->imets.map, offsetof(struct imet_route, key), sizeof(struct imet_key), seed);
}

void imets_fini(struct evpn *v)
{
	struct imet_route *r, *next;

	for (size_t at = 0; (r = map_next(&v->imets.map, &at)) != NULL;)
		for (; r != NULL; r = next) {
			next = r->elsewhere;
			mem_free(r);
		}
	map_fini(&v->imets.map);
}

/* ---- the flood list of one MAC-VRF ----------------------------------------------------------- */

static size_t place_of(const struct mac_vrf *vrf, const struct ip *vtep)
{
	size_t low = 0, high = vrf->vtep_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ip_compare(&vrf->vteps[middle].ip, vtep) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct imet_vtep *vtep_find(const struct mac_vrf *vrf, const struct ip *vtep)
{
	size_t at = place_of(vrf, vtep);

	return at < vrf->vtep_count && ip_equal(&vrf->vteps[at].ip, vtep) ? &vrf->vteps[at] : NULL;
}

static struct imet_vtep *vtep_get(struct mac_vrf *vrf, const struct ip *vtep)
{
	struct imet_vtep *found = vtep_find(vrf, vtep);
	size_t at = place_of(vrf, vtep);

	if (found != NULL)
		return found;
	vrf->vteps = mem_resize(vrf->vteps, (vrf->vtep_count + 1) * sizeof(*vrf->vteps));
	memmove(&vrf->vteps[at + 1], &vrf->vteps[at], (vrf->vtep_count - at) * sizeof(*vrf->vteps));
	vrf->vtep_count++;
	vrf->vteps[at] = (struct imet_vtep){.ip = *vtep};
	return &vrf->vteps[at];
}

static void vtep_mark(struct evpn *v, struct imet_vtep *t)
{
	if (!t->dirty)
		v->imets.dirty_count++;
	t->dirty = true;
}

void imet_mark(struct evpn *v, struct mac_vrf *vrf, const struct ip *vtep)
{
	vtep_mark(v, vtep_get(vrf, vtep));
}

void imet_mark_vrf(struct evpn *v, struct mac_vrf *vrf)
{
	for (size_t i = 0; i < vrf->vtep_count; i++)
		vtep_mark(v, &vrf->vteps[i]);
}

void imet_mark_all(struct evpn *v)
{
	for (size_t i = 0; i < v->vrfs.count; i++)
		imet_mark_vrf(v, v->vrfs.list[i]);
}

bool imet_wanted(const struct evpn *v, const struct mac_vrf *vrf, const struct ip *vtep)
{
	const struct imet_vtep *t = vtep_find(vrf, vtep);

	return t != NULL && t->routes > 0 && mac_vrf_active(vrf) && !v->flushing &&
	       !v->settings.flooding_disabled && !ip_equal(vtep, &vrf->place.vtep);
}

/* The dirty VTEPs of one MAC-VRF; those that nobody names any more leave the list. */
static unsigned evaluate_vrf(struct evpn *v, struct mac_vrf *vrf, unsigned budget)
{
	unsigned done = 0;
	size_t kept = 0;

	for (size_t i = 0; i < vrf->vtep_count; i++) {
		struct imet_vtep t = vrf->vteps[i];

		if (t.dirty && done < budget) {
			t.dirty = false;
			v->imets.dirty_count--;
			done++;
			desired_flood(v, vrf, &t.ip, imet_wanted(v, vrf, &t.ip));
		}
		if (t.routes > 0 || t.dirty)
			vrf->vteps[kept++] = t;
	}
	vrf->vtep_count = kept;
	return done;
}

unsigned imet_evaluate(struct evpn *v, unsigned budget)
{
	unsigned done = 0;

	for (size_t i = 0; i < v->vrfs.count && v->imets.dirty_count > 0 && done < budget; i++)
		done += evaluate_vrf(v, v->vrfs.list[i], budget - done);
	return done;
}

/* ---- routes of others ------------------------------------------------------------------------ */

static void count_route(struct evpn *v, const struct imet_route *r, bool in)
{
	struct imet_vtep *t = vtep_get(mac_vrf_find(v, r->vni), &r->vtep);

	t->routes = in ? t->routes + 1 : t->routes - 1;
	vtep_mark(v, t);
}

static void route_free(struct evpn *v, struct imet_route *r)
{
	count_route(v, r, false);
	v->imets.count--;
	mem_free(r);
}

static void chain_free(struct evpn *v, struct imet_route *r)
{
	while (r != NULL) {
		struct imet_route *next = r->elsewhere;

		route_free(v, r);
		r = next;
	}
}

/* Where the replicated frames go; IP_NONE: it is not ingress replication. */
static struct ip endpoint_of(const struct attrs *a)
{
	if (a->has_pmsi && a->pmsi.type != PMSI_INGRESS_REPLICATION)
		return (struct ip){0};
	return a->has_pmsi && a->pmsi.endpoint.family != IP_NONE ? a->pmsi.endpoint : a->next_hop;
}

void imet_route_changed(struct evpn *v, const struct bgp_best *best)
{
	struct imet_key key = {.rd = best->nlri.evpn.rd, .originator = best->nlri.evpn.ip};
	struct imet_route *old = map_remove(&v->imets.map, &key), *chain = NULL;
	struct mac_vrf *targets[IMPORT_TARGETS_MAX];
	struct ip endpoint = {0};
	size_t count = 0;

	if (best->count > 0 && !best->routes[0].local) {
		endpoint = endpoint_of(best->routes[0].attrs);
		if (endpoint.family != IP_NONE)
			count = import_targets(v, best->routes[0].attrs, targets);
	}
	for (size_t i = 0; i < count; i++) {
		struct imet_route *r;

		if (v->imets.count >= IMETS_MAX) {
			v->counters.limit_reached++;
			break;
		}
		r = mem_new(sizeof(*r));
		*r = (struct imet_route){
		    .key = key, .vni = targets[i]->vni, .vtep = endpoint, .elsewhere = chain};
		v->imets.count++;
		count_route(v, r, true);
		chain = r;
	}
	chain_free(v, old);
	if (chain != NULL)
		map_insert(&v->imets.map, chain);
}

void imet_forget(struct evpn *v, const struct mac_vrf *vrf)
{
	struct imet_route **all = (struct imet_route **)map_sorted(&v->imets.map, &v->arena, NULL);
	size_t count = v->imets.map.count;

	for (size_t i = 0; i < count; i++) {
		struct imet_route *chain = all[i], **at = &chain;

		while (*at != NULL && !vni_equal((*at)->vni, vrf->vni))
			at = &(*at)->elsewhere;
		if (*at == NULL)
			continue;
		map_remove(&v->imets.map, &all[i]->key);
		struct imet_route *gone = *at;
		*at = gone->elsewhere;
		if (chain != NULL)
			map_insert(&v->imets.map, chain);
		route_free(v, gone);
	}
}

/* ---- ours ------------------------------------------------------------------------------------ */

void imet_update(struct evpn *v, struct mac_vrf *vrf, bool again)
{
	bool wanted = mac_vrf_active(vrf) && !v->settings.flooding_disabled;

	if (vrf->imet_out && (!wanted || !rd_equal(&vrf->imet_rd, &vrf->rd) ||
				 !ip_equal(&vrf->imet_vtep, &vrf->place.vtep))) {
		withdraw_imet(v, &vrf->imet_rd, &vrf->imet_vtep);
		vrf->imet_out = false;
	}
	if (!wanted || (vrf->imet_out && !again))
		return;
	advertise_imet(v, vrf);
	vrf->imet_out = true;
	vrf->imet_rd = vrf->rd;
	vrf->imet_vtep = vrf->place.vtep;
}
