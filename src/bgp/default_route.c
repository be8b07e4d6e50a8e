/*
 * The default route for one neighbor.
 *
 * Its condition is "some route of the family is permitted by the route-map". One destination that
 * fulfils it is remembered as witness; while it does, other changes need not be looked at. Without
 * a witness a changed destination alone can become one. Only when the witness is lost, or the
 * policy changed, all destinations are looked at, up to the first that fulfils it. If several do,
 * and the map sets something different for each, the witness decides.
 */
#include "bgp/default_route.h"

#include "bgp/export.h"
#include "bgp/speaker.h"

static const struct neighbor_family *settings_of(const struct adj_rib_out *o)
{
	return &o->peer->settings->family[o->family];
}

static struct nlri default_nlri(enum bgp_family family)
{
	return (struct nlri){
	    .family = family, .prefix.addr.family = family == BGP_IPV6_UNICAST ? IP_V6 : IP_V4};
}

bool default_route_is(const struct adj_rib_out *o, const struct dest *d)
{
	struct nlri n;

	if (!settings_of(o)->default_originate || o->family == BGP_L2VPN_EVPN)
		return false;
	dest_nlri(d, NULL, &n);
	return n.prefix.len == 0;
}

static bool path_permits(const struct adj_rib_out *o, const struct route_map *map,
    const struct dest *d, const struct path *path, struct attrs *a)
{
	const struct peer *from = path->peer;
	struct policy_route route = {
	    .as = o->peer->local_as, .global_as = o->peer->bgp->settings.as, .seen = path->attrs};
	struct nlri n;

	if (from != NULL) {
		route.interface = peer_interface(from);
		route.peer = &from->address;
		route.peer_group = from->settings->peer_group;
	}
	dest_nlri(d, path->extra, &n);
	route.nlri = &n;
	return route_map_apply(
	    &o->peer->bgp->settings.policy, map, &route, a, &o->peer->bgp->arena);
}

/* *a, the default route, with the sets of the map; false: no path of the destination, be it the
 * best or not, permits it. */
static bool permits(const struct adj_rib_out *o, const struct dest *d, struct attrs *a)
{
	const struct attrs plain = *a;
	const struct route_map *map =
	    policy_map_find(&o->peer->bgp->settings.policy, settings_of(o)->default_route_map);

	for (const struct path *p = d->paths; p != NULL; p = p->next) {
		if ((p->flags & (PATH_WITHDRAWN | PATH_ORPHAN)) != 0)
			continue;
		*a = plain;
		if (path_permits(o, map, d, p, a))
			return true;
	}
	return false;
}

static struct attrs plain(const struct adj_rib_out *o)
{
	return (struct attrs){.origin = ORIGIN_IGP,
	    .has_med = true,
	    .has_local_pref = true,
	    .local_pref = bgp_default_local_pref(o->peer->bgp)};
}

static bool is_witness(const struct adj_rib_out *o, const struct dest *d)
{
	struct attrs a = plain(o);

	return permits(o, d, &a);
}

static void search(struct adj_rib_out *o)
{
	const struct loc_rib *rib = &o->peer->bgp->rib;
	struct dest *d = loc_rib_after(rib, o->family, NULL);

	while (d != NULL && !is_witness(o, d))
		d = loc_rib_after(rib, o->family, d);
	o->witness = d;
}

static bool has_condition(const struct adj_rib_out *o)
{
	const struct neighbor_family *s = settings_of(o);

	return s->default_originate && s->default_route_map != NULL && o->family != BGP_L2VPN_EVPN;
}

void default_route_prepare(struct adj_rib_out *o)
{
	struct nlri n = default_nlri(o->family);
	struct dest *d;

	o->witness = NULL;
	if (!settings_of(o)->default_originate || o->family == BGP_L2VPN_EVPN)
		return;
	if (has_condition(o))
		search(o);
	d = loc_rib_get(&o->peer->bgp->rib, &n);
	if (d != NULL)
		adj_rib_out_consider(o, d);
}

/* What is told depends on the witness: told again, which changes nothing if it is the same. */
static void tell(struct adj_rib_out *o)
{
	struct nlri n = default_nlri(o->family);
	struct dest *d = loc_rib_get(&o->peer->bgp->rib, &n);

	if (d != NULL)
		adj_rib_out_consider(o, d);
}

void default_route_look(struct adj_rib_out *o, struct dest *d)
{
	if (!o->open || !has_condition(o) || (o->witness != NULL && o->witness != d))
		return;
	if (is_witness(o, d))
		o->witness = d;
	else if (o->witness == d)
		search(o);
	tell(o);
}

void default_route_forget(struct adj_rib_out *o, const struct dest *d)
{
	if (o->witness == d)
		o->witness = NULL;
}

const struct attrs *default_route_attrs(struct adj_rib_out *o)
{
	struct nlri n = default_nlri(o->family);
	struct attrs a = plain(o);

	if (has_condition(o) && (o->witness == NULL || !permits(o, o->witness, &a)))
		return NULL;
	originate_graceful_shutdown(o->peer->bgp, &a);
	return export_own(o->peer, &n, &a);
}
