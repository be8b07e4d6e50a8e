/*
 * Routes that are originated here, and the policies that they meet before any neighbor's.
 */
#include "bgp/speaker.h"

static bool is_originated(const struct bgp *b, const struct nlri *nlri)
{
	const struct dest *d = loc_rib_find(&b->rib, nlri);

	for (const struct path *p = d == NULL ? NULL : d->paths; p != NULL; p = p->next)
		if (p->peer == NULL && p->path_id == nlri->path_id &&
		    (p->flags & (PATH_WITHDRAWN | PATH_ORPHAN)) == 0)
			return true;
	return false;
}

bool bgp_originate(struct bgp *b, const struct nlri *nlri, const struct attrs *attrs)
{
	const struct attrs *own = attrs_intern(b->rib.attrs, attrs);
	bool had = is_originated(b, nlri);

	if (!loc_rib_set(&b->rib, NULL, nlri, own) && b->rib.refused == 1)
		log_error(b->log, LOG_BGP, "the RIB is full: new destinations are refused");
	attrs_release(b->rib.attrs, own);
	return !had;
}

void bgp_withdraw(struct bgp *b, const struct nlri *nlri)
{
	loc_rib_unset(&b->rib, NULL, nlri);
}

/* RFC 8326 section 4: what we originate is to be left, too. */
void originate_graceful_shutdown(struct bgp *b, struct attrs *a)
{
	uint32_t community = COMMUNITY_GRACEFUL_SHUTDOWN;

	if (!b->settings.graceful_shutdown)
		return;
	attrs_add_communities(a, &community, 1, &b->arena);
	a->has_local_pref = true;
	a->local_pref = 0;
}

/* Its policy sees the local preference that it will have, and sets that from there. */
static bool permitted(struct bgp *b, const struct bgp_local *l, struct attrs *a)
{
	const struct policy *policy = &b->settings.policy;
	struct policy_route route = {.nlri = &l->nlri,
	    .interface = l->interface,
	    .source = l->source,
	    .as = b->settings.as,
	    .global_as = b->settings.as};
	bool permit;

	if (l->route_map == NULL)
		return true;
	a->has_local_pref = true;
	a->local_pref = bgp_default_local_pref(b);
	permit =
	    route_map_apply(policy, policy_map_find(policy, l->route_map), &route, a, &b->arena);
	if (a->local_pref == bgp_default_local_pref(b)) {
		a->has_local_pref = false;
		a->local_pref = 0;
	}
	return permit;
}

bool bgp_originate_local(struct bgp *b, const struct bgp_local *l)
{
	struct attrs a = {.origin = (uint8_t)l->origin,
	    .has_med = l->has_metric,
	    .med = l->metric,
	    .tag = l->tag,
	    .weight = BGP_LOCAL_WEIGHT};
	bool permit = permitted(b, l, &a);

	if (permit) {
		originate_graceful_shutdown(b, &a);
		bgp_originate(b, &l->nlri, &a);
	} else {
		bgp_withdraw(b, &l->nlri);
	}
	arena_reset(&b->arena);
	return permit;
}

static bool map_permits(
    struct bgp *b, const char *name, struct policy_route *route, struct attrs *a)
{
	const struct policy *policy = &b->settings.policy;

	return name == NULL ||
	       route_map_apply(policy, policy_map_find(policy, name), route, a, &b->arena);
}

bool bgp_fib_policy(struct bgp *b, const struct nlri *nlri, const struct attrs *attrs,
    const char *interface, struct ip *src)
{
	struct policy_route route = {.nlri = nlri,
	    .interface = interface,
	    .as = b->settings.as,
	    .global_as = b->settings.as};
	struct attrs a = *attrs;
	bool permit;

	permit = map_permits(b, b->settings.table_map[nlri->family], &route, &a) &&
		 map_permits(b, b->settings.fib_route_map[nlri->family], &route, &a);
	arena_reset(&b->arena);
	*src = route.src;
	return permit;
}

bool bgp_fib_policy_changed(const struct bgp *b, enum bgp_family family)
{
	return b->fib_policy_changed[family];
}
