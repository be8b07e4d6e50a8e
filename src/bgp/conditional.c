/*
 * Conditional advertisement.
 *
 * FRR asks by a timer whether the condition holds. Here it is level-triggered: one destination that
 * fulfils it is remembered as evidence, and while it does, no other need be looked at. Only when
 * the evidence is lost are all destinations looked at, once, when everything that waits has been
 * decided: a route that goes and comes back within a turn changes nothing. If the answer is another
 * one then, the neighbor's table is gone through again, and the differences are told.
 *
 * As in FRR, C is asked of every path that was taken in, not of the best ones alone.
 */
#include "bgp/conditional.h"

#include "bgp/export.h"
#include "bgp/speaker.h"

static const struct neighbor_family *settings_of(const struct adj_rib_out *o)
{
	return &o->peer->settings->family[o->family];
}

static const struct policy *policy_of(const struct adj_rib_out *o)
{
	return &o->peer->bgp->settings.policy;
}

static const struct route_map *advertise_map(const struct adj_rib_out *o)
{
	return policy_map_find(policy_of(o), settings_of(o)->advertise_map);
}

static const struct route_map *condition_of(const struct adj_rib_out *o)
{
	return policy_map_find(policy_of(o), settings_of(o)->condition_map);
}

bool conditional_is(const struct adj_rib_out *o)
{
	return settings_of(o)->advertise_map != NULL && o->family != BGP_L2VPN_EVPN &&
	       advertise_map(o) != NULL && condition_of(o) != NULL;
}

/* Both maps see the path as one of the peer that it came from. *a: the sets are done. */
static bool apply(const struct adj_rib_out *o, const struct route_map *map, const struct nlri *n,
    const struct path *path, struct policy_route *route, struct attrs *a)
{
	const struct peer *from = path->peer;

	*route = (struct policy_route){.nlri = n, .as = o->peer->local_as};
	*a = *path->attrs;
	if (from != NULL) {
		route->interface = peer_interface(from);
		route->peer = &from->address;
		route->peer_group = from->settings->peer_group;
		route->ebgp = from->ebgp;
	}
	return route_map_apply(policy_of(o), map, route, a, &o->peer->bgp->arena);
}

static bool permits(const struct adj_rib_out *o, const struct route_map *map, const struct nlri *n,
    const struct path *path)
{
	struct policy_route route;
	struct attrs a;

	return apply(o, map, n, path, &route, &a);
}

void conditional_apply(const struct adj_rib_out *o, const struct nlri *n, const struct path *path,
    struct policy_route *to, struct attrs *a)
{
	struct policy_route route;

	apply(o, advertise_map(o), n, path, &route, a);
	to->next_hop_set = route.next_hop_set;
	to->next_hop_unchanged = route.next_hop_unchanged;
	to->next_hop_peer = route.next_hop_peer;
}

/* As the condition was when the table was last gone through. */
static bool is_told(const struct adj_rib_out *o)
{
	return o->had_evidence != settings_of(o)->condition_absent;
}

const struct attrs *conditional_export(const struct adj_rib_out *o, const struct dest *d,
    const struct nlri *n, const struct path *path)
{
	if (!conditional_is(o) || !permits(o, advertise_map(o), n, path))
		return export_attrs(o->peer, d, n, path, NULL);
	return is_told(o) ? export_attrs(o->peer, d, n, path, o) : NULL;
}

static bool is_evidence(const struct adj_rib_out *o, const struct dest *d)
{
	const struct route_map *map = condition_of(o);
	struct nlri n;

	for (const struct path *p = d->paths; p != NULL; p = p->next) {
		if ((p->flags & (PATH_WITHDRAWN | PATH_ORPHAN)) != 0)
			continue;
		dest_nlri(d, p->extra, &n);
		if (permits(o, map, &n, p))
			return true;
	}
	return false;
}

static void search(struct adj_rib_out *o)
{
	const struct loc_rib *rib = &o->peer->bgp->rib;
	struct dest *d = loc_rib_after(rib, o->family, NULL);

	while (d != NULL && !is_evidence(o, d))
		d = loc_rib_after(rib, o->family, d);
	o->evidence = d;
}

void conditional_prepare(struct adj_rib_out *o)
{
	o->evidence = NULL;
	o->condition_due = false;
	if (conditional_is(o))
		search(o);
	o->had_evidence = o->evidence != NULL;
}

void conditional_look(struct adj_rib_out *o, struct dest *d)
{
	if (!o->open || !conditional_is(o) || (o->evidence != NULL && o->evidence != d))
		return;
	o->evidence = is_evidence(o, d) ? d : NULL;
	o->condition_due = (o->evidence != NULL) != o->had_evidence;
}

void conditional_forget(struct adj_rib_out *o, const struct dest *d)
{
	if (o->evidence != d)
		return;
	o->evidence = NULL;
	o->condition_due = true;
}

void conditional_run(struct adj_rib_out *o)
{
	if (!o->condition_due || loc_rib_pending(&o->peer->bgp->rib))
		return;
	o->condition_due = false;
	if (o->evidence == NULL && conditional_is(o))
		search(o);
	if ((o->evidence != NULL) != o->had_evidence)
		adj_rib_out_policy_changed(o);
}
