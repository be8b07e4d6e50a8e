/*
 * Chains of next hops. A next hop resolves through a route of ours, that is, through the best path
 * of a destination, whose next hop resolves again, until a route of somebody else's or a link is
 * found.
 *
 * A route that is not in the table yet is judged as if it were: where it covers a next hop of its
 * chain and is a better match than what that resolves through now, it would be resolved through
 * itself. To judge by what is there alone would be to install it, to see the loop, to take it away,
 * to see none, and so on without an end. FRR refuses the same (a prefix that "loops through
 * itself"; a match "against ourself").
 *
 * Where two routes would lead to each other, the one that is there first stays.
 */
#include "bgp/recursion.h"

#define CHAIN_MAX 16

static struct prefix prefix_of(const struct dest *d)
{
	struct nlri n;

	dest_nlri(d, NULL, &n);
	return n.prefix;
}

/* Does this next hop resolve through a route for the prefix, or would it if there were one? */
static bool attracts(const struct prefix *p, const struct nexthop *n)
{
	const struct prefix *via = &n->state.via;

	if (via->addr.family != p->addr.family || p->len < via->len)
		return false;
	if (p->len == via->len && !n->state.via_bgp && !n->state.yields)
		return false;
	return prefix_contains(p, &n->key.ip);
}

bool recursion_leads_back(const struct loc_rib *rib, const struct dest *d, const struct nexthop *n)
{
	const struct prefix prefix = prefix_of(d);

	for (int i = 0; i < CHAIN_MAX && n != NULL; i++) {
		struct nlri via = {.family = d->family, .prefix = n->state.via};
		const struct dest *next;
		const struct path *best;

		if (attracts(&prefix, n))
			return true;
		if (!n->state.via_bgp)
			return false;
		via.family = via.prefix.addr.family == IP_V4 ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST;
		next = loc_rib_find(rib, &via);
		best = next == NULL ? NULL : dest_best(next);
		n = best == NULL ? NULL : nexthop_at(&rib->nexthops, best->nexthop);
	}
	return n != NULL;
}

void recursion_refused(struct loc_rib *rib, uint32_t nexthop)
{
	struct nexthop *n = rib->nexthops.list[nexthop];

	rib->nexthops.refused |= n->state.via_bgp;
	n->refused |= n->state.via_bgp;
}

static bool is_resolved_through(const struct nexthop_table *t, const struct prefix *p)
{
	for (uint32_t i = 1; i < t->room; i++)
		if (t->list[i] != NULL && t->list[i]->state.via_bgp &&
		    prefix_equal(&t->list[i]->state.via, p))
			return true;
	return false;
}

void recursion_best_changed(struct loc_rib *rib, const struct dest *d)
{
	struct nexthop_table *t = &rib->nexthops;
	struct prefix p;

	if (!t->refused || d->family == BGP_L2VPN_EVPN)
		return;
	p = prefix_of(d);
	if (!is_resolved_through(t, &p))
		return;
	for (uint32_t i = 1; i < t->room; i++)
		if (t->list[i] != NULL && t->list[i]->refused) {
			t->list[i]->changed = t->changed = true;
			t->list[i]->refused = false;
		}
	t->refused = false;
}
