/*
 * What a path looks like to a peer.
 *
 * Order, for it matters: may the path go there at all (split horizon, communities, reflection);
 * a MULTI_EXIT_DISC that is another AS's comes off, and AS numbers that are not to be seen
 * (`remove-private-AS`, `as-override`); the policy speaks, and sees everything that we know,
 * LOCAL_PREF included; what does not cross the kind of session comes off; then the marks of our own
 * passing go on (AS_PATH, NEXT_HOP, ORIGINATOR_ID, CLUSTER_LIST). So a route-map can set a
 * MULTI_EXIT_DISC for the peer, match a local preference that the peer never sees, and cannot forge
 * our AS. A reflected route it may deny, but not change, unless `bgp route-reflector
 * allow-outbound-policy` says so (RFC 4456 section 10). Communities that a route-map sets on the
 * way out are for the peer to honour (RFC 1997), not for us. Between clients of a
 * route server little of this happens (RFC 7947).
 *
 * EVPN routes keep the next hop on eBGP too: it is the VTEP (RFC 8365 section 5.1.2), and a leaf or
 * spine is none.
 */
#include "bgp/export.h"

#include <string.h>

#include "bgp/conditional.h"
#include "bgp/extcomm.h"
#include "bgp/filter.h"
#include "bgp/speaker.h"

static const struct neighbor_family *family_of(const struct peer *p, enum bgp_family family)
{
	return &p->settings->family[family];
}

/* RFC 4456 section 6: from clients to all, from others to clients; among clients only if they are
 * not a full mesh. */
static bool reflects(const struct peer *to, enum bgp_family family, const struct path *path)
{
	bool from_client = family_of(path->peer, family)->route_reflector_client;
	bool to_client = family_of(to, family)->route_reflector_client;

	if (from_client && to_client)
		return !to->bgp->settings.no_client_to_client;
	return from_client || to_client;
}

static bool is_reflected(const struct peer *to, const struct path *path)
{
	return !to->ebgp && path->peer != NULL && !path->peer->ebgp;
}

/* Between two clients of a route server (RFC 7947 section 2.2). */
static bool is_transparent(const struct peer *to, enum bgp_family family, const struct path *path)
{
	return path->peer != NULL && family_of(to, family)->route_server_client &&
	       family_of(path->peer, family)->route_server_client;
}

/* What its communities say about where it may go. */
static bool communities_allow(const struct peer *to, const struct attrs *a)
{
	if (attrs_have_community(a, COMMUNITY_NO_ADVERTISE))
		return false;
	return !to->ebgp || !(attrs_have_community(a, COMMUNITY_NO_EXPORT) ||
				attrs_have_community(a, COMMUNITY_NO_EXPORT_SUBCONFED));
}

bool export_allowed(const struct peer *to, enum bgp_family family, const struct path *path)
{
	const struct attrs *a = path->attrs;

	if (path->peer == to)
		return false;
	if (to->settings->spare_loops && as_path_count(a, to->remote_as) != 0)
		return false;
	if (family != BGP_L2VPN_EVPN && !role_may_send(peer_role(to), a))
		return false;
	if ((path->flags & PATH_SUPPRESSED) != 0 && family_of(to, family)->unsuppress_map == NULL)
		return false;
	if (a->community_count != 0) {
		if (to->ebgp && attrs_have_community(a, COMMUNITY_LLGR_STALE) &&
		    !to->up->open.long_lived)
			return false;
		if (!is_transparent(to, family, path) && !communities_allow(to, a))
			return false;
	}
	return !is_reflected(to, path) || reflects(to, family, path);
}

bool export_looks_at_nlri(struct peer *to, enum bgp_family family)
{
	struct filter f;

	return filter_find(to, family, DIRECTION_OUT, &f) && filter_looks_at_nlri(&f);
}

bool export_adds_up(const struct dest *d)
{
	return d->selected > 1 && attrs_link_bandwidth(dest_best(d)->attrs) != 0;
}

bool export_looks_at_set(struct peer *to, enum bgp_family family, const struct dest *d)
{
	const struct path *best = dest_best(d);
	struct filter f;

	if (best == NULL || family == BGP_L2VPN_EVPN)
		return false;
	if (attrs_link_bandwidth(best->attrs) != 0)
		return true;
	return filter_find(to, family, DIRECTION_OUT, &f) && f.map != NULL &&
	       policy_map_looks_at_paths(f.policy, f.map);
}

/* ---- what comes off ---- */

/* RFC 4271 section 5.1.4: a received MED does not go on to another AS. Its number is still there
 * for the policy to match. */
static void forget_med(
    const struct peer *to, enum bgp_family family, struct attrs *a, const struct path *path)
{
	if (path->peer != NULL && !family_of(to, family)->med_unchanged &&
	    !is_transparent(to, family, path))
		a->has_med = false;
}

/* RFC 4360 section 6. */
static void strip_non_transitive(struct attrs *a, struct arena *arena)
{
	struct extcomm *kept = arena_new(arena, a->extcomm_count * sizeof(*kept) + 1);
	size_t n = 0;

	for (size_t i = 0; i < a->extcomm_count; i++)
		if (extcomm_is_transitive(&a->extcomms[i]))
			kept[n++] = a->extcomms[i];
	if (n < a->extcomm_count)
		attrs_set_extcomms(a, kept, n, arena);
}

/* RFC 4271 section 5.1.5: LOCAL_PREF stays inside. */
static void strip_for_ebgp(struct attrs *a, bool transparent, struct arena *arena)
{
	a->has_local_pref = false;
	a->local_pref = 0;
	if (!transparent)
		strip_non_transitive(a, arena);
}

/* RFC 4456 section 8: the marks of reflection are on reflected routes alone, whatever a policy has
 * set. */
static void strip_reflection(struct attrs *a)
{
	a->has_originator_id = false;
	a->originator_id = (struct ip){0};
	a->cluster_list = NULL;
	a->cluster_count = 0;
}

/* `remove-private-AS` and `as-override`. The peer's own number stays where it is private, or the
 * peer could not see its loop. */
static void rewrite_as_path(
    const struct peer *to, const struct neighbor_family *f, struct attrs *a, struct arena *arena)
{
	uint32_t as = to->bgp->settings.as;

	if (f->remove_private_as && (f->remove_private_all || as_path_is_private(a)))
		as_path_remove_private(a, to->remote_as, f->remove_private_replace ? as : 0, arena);
	if (f->as_override)
		as_path_replace(a, to->remote_as, as, arena);
}

/* What is of this host alone. */
static void strip_own(struct attrs *a)
{
	if (!a->has_med)
		a->med = 0;
	a->weight = 0;
	a->tag = 0;
	a->distance = 0;
}

/* ---- NEXT_HOP ---- */

/* RFC 2545 section 3 and RFC 8950 section 4: a global address, and on a common link the link-local
 * one too. A link without a global address gives the link-local one in both places. */
static bool self_v6(const struct peer *to, struct attrs *a, struct ip link_local)
{
	a->next_hop = to->self.v6;
	a->next_hop_link_local = link_local;
	a->next_hop_is_link_local = a->next_hop.family == IP_NONE;
	if (a->next_hop_is_link_local)
		a->next_hop = a->next_hop_link_local;
	return a->next_hop.family != IP_NONE;
}

/* RFC 8950, where it was negotiated, says how the session's own family reaches us. */
static bool self_v4(const struct peer *to, struct attrs *a)
{
	if (to->up->local.family == IP_V6 && to->up->extended_nexthop)
		return self_v6(to, a, to->self.link_local);
	a->next_hop = to->self.v4;
	a->next_hop_link_local = (struct ip){0};
	a->next_hop_is_link_local = false;
	return a->next_hop.family != IP_NONE;
}

/* An EVPN route that names no VTEP is ours; its VTEP is then our best known address. */
static bool evpn_next_hop(const struct peer *to, struct attrs *a, bool self)
{
	a->next_hop_link_local = (struct ip){0}; /* it does not travel, whatever a policy has set */
	if (a->next_hop.family != IP_NONE && !self)
		return true;
	a->next_hop =
	    ip_is_link_local(&to->up->local) ? to->bgp->settings.router_id : to->up->local;
	a->next_hop_is_link_local = false;
	return true;
}

/* Can the peer make use of this next hop as it is? */
static bool carries(const struct peer *to, enum bgp_family family, const struct ip *next_hop)
{
	if (next_hop->family == IP_V6)
		return family == BGP_IPV6_UNICAST || to->up->extended_nexthop;
	return next_hop->family == IP_V4 && family == BGP_IPV4_UNICAST;
}

/* `nexthop-local unchanged`: the operator knows that all three are on one link. */
static bool keeps_link_local(
    const struct neighbor_family *s, enum bgp_family family, const struct attrs *a)
{
	return s->link_local_unchanged && family == BGP_IPV6_UNICAST &&
	       a->next_hop_link_local.family != IP_NONE;
}

/* A client of a route server hears the next hop as it is, unless attribute-unchanged says what is
 * to stay (FRR). */
static bool is_unchanged(const struct neighbor_family *s)
{
	return s->next_hop_unchanged ||
	       (s->route_server_client && !s->as_path_unchanged && !s->med_unchanged);
}

/* *ours: it is one of our addresses, without policy having said so. */
static bool set_next_hop(const struct peer *to, const struct policy_route *route,
    const struct path *path, struct attrs *a, bool *ours)
{
	enum bgp_family family = route->nlri->family;
	const struct neighbor_family *s = family_of(to, family);
	bool stays = route->next_hop_set || route->next_hop_unchanged || is_unchanged(s);
	bool keep =
	    stays || !to->ebgp; /* one of our own routes has none, unless its policy set it */
	bool self =
	    route->next_hop_peer ||
	    (!stays && (s->next_hop_self_force || (s->next_hop_self && !is_reflected(to, path))));

	bool keeps = keeps_link_local(s, family, a);
	struct ip link_local = a->next_hop_link_local;

	*ours = false;
	if (family == BGP_L2VPN_EVPN)
		return evpn_next_hop(to, a, self && path->peer != NULL);
	if (keep && !self && carries(to, family, &a->next_hop) &&
	    (!a->next_hop_is_link_local || keeps)) {
		/* A link-local address means nothing beyond its link. */
		if (!keeps)
			a->next_hop_link_local = (struct ip){0};
		return true;
	}
	*ours = !route->next_hop_peer;
	if (family == BGP_IPV4_UNICAST)
		return self_v4(to, a);
	return self_v6(to, a, keeps ? link_local : to->self.link_local);
}

/* `no send-community`. */
static void drop_communities(const struct neighbor_family *f, struct attrs *a)
{
	if (f->no_communities)
		a->community_count = 0;
	if (f->no_extcomms)
		a->extcomm_count = 0;
	if (f->no_large)
		a->large_count = 0;
}

/* ---- the marks of our passing ---- */

/* Behind a local-as. */
static bool hides_own_as(const struct peer *to, const struct neighbor_family *f)
{
	return to->settings->local_as_replace ||
	       (f->remove_private_as && as_is_private(to->bgp->settings.as));
}

/* A path with nothing in it cannot stay as it is: the peer would not know where it came from. */
static void mark_for_ebgp(
    const struct peer *to, const struct neighbor_family *f, struct attrs *a, struct arena *arena)
{
	uint32_t as = to->bgp->settings.as;

	if ((f->as_path_unchanged || f->route_server_client) && a->as_path_size != 0)
		return;
	if (to->local_as == as || !hides_own_as(to, f))
		as_path_prepend(a, as, 1, arena);
	if (to->local_as != as)
		as_path_prepend(a, to->local_as, 1, arena);
}

/* RFC 9494 section 4.6: inside the AS a route that may be wrong reaches also who does not know what
 * LLGR_STALE means, as one to be taken last and not to be told on. To other ASs it does not go. */
static void mark_long_lived(const struct peer *to, struct attrs *a, struct arena *arena)
{
	const uint32_t no_export = COMMUNITY_NO_EXPORT;

	if (to->up->open.long_lived || !attrs_have_community(a, COMMUNITY_LLGR_STALE))
		return;
	a->has_local_pref = true;
	a->local_pref = 0;
	attrs_add_communities(a, &no_export, 1, arena);
}

/* RFC 4456 section 8. */
static void mark_reflected(
    const struct peer *to, const struct path *path, struct attrs *a, struct arena *arena)
{
	uint32_t *list = arena_new(arena, (a->cluster_count + 1u) * sizeof(*list));

	if (!a->has_originator_id) {
		a->has_originator_id = true;
		a->originator_id = path->peer->router_id;
	}
	list[0] = bgp_cluster_id(to->bgp);
	if (a->cluster_count != 0)
		memcpy(list + 1, a->cluster_list, a->cluster_count * sizeof(*list));
	a->cluster_list = list;
	a->cluster_count++;
}

/* RFC 4271 section 5.1.5. */
static void default_local_pref(const struct bgp *b, struct attrs *a)
{
	if (!a->has_local_pref)
		a->local_pref = bgp_default_local_pref(b);
	a->has_local_pref = true;
}

/* RFC 8326 section 4: we are about to go. */
static void mark_shutdown(const struct peer *to, struct attrs *a, struct arena *arena)
{
	uint32_t community = COMMUNITY_GRACEFUL_SHUTDOWN;

	if (to->ebgp)
		attrs_add_communities(a, &community, 1, arena);
	else
		a->local_pref = 0;
}

static struct policy_route policy_route_to(const struct peer *to, const struct nlri *n)
{
	return (struct policy_route){.nlri = n,
	    .interface = peer_interface(to),
	    .peer = &to->address,
	    .peer_group = to->settings->peer_group,
	    .out = true,
	    .ebgp = to->ebgp,
	    .as = to->local_as,
	    .global_as = to->bgp->settings.as};
}

static void paths_told(struct policy_route *route, const struct dest *d)
{
	for (const struct path *p = d->paths; p != NULL; p = p->next) {
		if ((p->flags & PATH_SELECTED) == 0)
			continue;
		route->path_count++;
		route->path_weighted += attrs_link_bandwidth(p->attrs) != 0;
		route->path_bandwidth += attrs_link_bandwidth(p->attrs);
	}
}

/* Packets for the best path's route come to us, and we send them over several: their bandwidths add
 * up, under the conditions on which they count (FRR). One that policy has set stays. */
static bool adds_up(
    const struct peer *to, const struct policy_route *route, const struct path *path)
{
	enum link_bandwidth mode = to->bgp->settings.link_bandwidth;

	if ((path->flags & PATH_BEST) == 0 || route->path_count < 2 || route->bandwidth_set ||
	    mode == LINK_BANDWIDTH_IGNORE)
		return false;
	return mode == LINK_BANDWIDTH_ALL ? route->path_weighted == route->path_count
					  : route->path_weighted > 0;
}

static void sum_bandwidth(const struct peer *to, const struct policy_route *route,
    const struct path *path, struct attrs *a)
{
	struct arena *arena = &to->bgp->arena;
	struct extcomm *all;
	size_t at = 0;

	while (at < a->extcomm_count && !extcomm_is_link_bandwidth(&a->extcomms[at]))
		at++;
	if (at == a->extcomm_count || !extcomm_is_transitive(&a->extcomms[at]) ||
	    !adds_up(to, route, path))
		return;
	all = arena_new(arena, a->extcomm_count * sizeof(*all));
	memcpy(all, a->extcomms, a->extcomm_count * sizeof(*all));
	all[at] = extcomm_link_bandwidth(to->bgp->settings.as, route->path_bandwidth, true);
	attrs_set_extcomms(a, all, a->extcomm_count, arena);
}

/* The marks of the way that it goes. */
static void mark(
    const struct peer *to, enum bgp_family family, const struct path *path, struct attrs *a)
{
	const struct neighbor_family *f = family_of(to, family);
	struct arena *arena = &to->bgp->arena;

	if (to->ebgp)
		mark_for_ebgp(to, f, a, arena);
	else
		mark_long_lived(to, a, arena);
	if (!to->ebgp && is_reflected(to, path))
		mark_reflected(to, path, a, arena);
	if (family != BGP_L2VPN_EVPN)
		role_mark_sent(peer_role(to), to->local_as, a);
}

/* After policy: what does not cross comes off, the marks go on. */
static const struct attrs *finish(
    struct peer *to, enum bgp_family family, const struct path *path, struct attrs *a)
{
	struct bgp *b = to->bgp;

	if (b->settings.graceful_shutdown)
		mark_shutdown(to, a, &b->arena);
	if (to->ebgp)
		strip_for_ebgp(a, is_transparent(to, family, path), &b->arena);
	if (!is_reflected(to, path))
		strip_reflection(a);
	drop_communities(family_of(to, family), a);
	strip_own(a);
	mark(to, family, path, a);
	return attrs_intern(b->rib.attrs, a);
}

const struct attrs *export_own(struct peer *to, const struct nlri *n, const struct attrs *own)
{
	struct policy_route route = {.nlri = n};
	struct path local = {.attrs = own};
	struct attrs a = *own;
	bool ours;

	if (!to->ebgp)
		default_local_pref(to->bgp, &a);
	return set_next_hop(to, &route, &local, &a, &ours) ? finish(to, n->family, &local, &a)
							   : NULL;
}

static bool judge(const struct peer *to, const struct path *path, const struct filter *filter,
    struct policy_route *route, struct attrs *a)
{
	struct arena *arena = &to->bgp->arena;
	struct policy_route unused = *route;
	struct attrs judged = *a;

	if (!is_reflected(to, path) || to->bgp->settings.rr_outbound_policy)
		return filter_apply(filter, route, a, arena);
	return filter_apply(filter, &unused, &judged, arena);
}

const struct attrs *export_attrs(struct peer *to, const struct dest *d, const struct nlri *n,
    const struct path *path, const struct adj_rib_out *conditional)
{
	struct bgp *b = to->bgp;
	const struct neighbor_family *f = family_of(to, n->family);
	struct attrs a = *path->attrs;
	struct policy_route route = policy_route_to(to, n);
	bool suppressed = (path->flags & PATH_SUPPRESSED) != 0;
	struct filter filter;
	bool ours;

	if (!export_allowed(to, n->family, path) ||
	    !(suppressed ? filter_find_suppressed(to, n->family, &filter)
			 : filter_find(to, n->family, DIRECTION_OUT, &filter)))
		return NULL;
	paths_told(&route, d);
	if (conditional != NULL) {
		filter.map = NULL;
		conditional_apply(conditional, n, path, &route, &a);
	}
	if (to->ebgp) {
		forget_med(to, n->family, &a, path);
		rewrite_as_path(to, f, &a, &b->arena);
	}
	if (!to->ebgp || path->peer == NULL)
		default_local_pref(b, &a);
	if (!judge(to, path, &filter, &route, &a) || !set_next_hop(to, &route, path, &a, &ours))
		return NULL;
	if (ours)
		sum_bandwidth(to, &route, path, &a);
	return finish(to, n->family, path, &a);
}
