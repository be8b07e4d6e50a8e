/*
 * Match clauses of route-maps: one case each.
 *
 * A clause about addresses of one family never holds for a route of the other. A clause that names
 * a list that does not exist never holds.
 */
#include <string.h>

#include "bgp/policy.h"

enum list_kind match_list_kind(const struct match_clause *m)
{
	bool v6 = m->family == IP_V6;

	switch (m->kind) {
	case MATCH_ADDRESS_ACCESS_LIST:
	case MATCH_NEXT_HOP_ACCESS_LIST:
	case MATCH_SOURCE_ACCESS_LIST:
		return v6 ? LIST_ACCESS6 : LIST_ACCESS4;
	case MATCH_ADDRESS_PREFIX_LIST:
	case MATCH_NEXT_HOP_PREFIX_LIST:
	case MATCH_SOURCE_PREFIX_LIST:
		return v6 ? LIST_PREFIX6 : LIST_PREFIX4;
	case MATCH_AS_PATH:
		return LIST_AS_PATH;
	case MATCH_COMMUNITY:
		return LIST_COMMUNITY;
	case MATCH_LARGE_COMMUNITY:
		return LIST_LARGE_COMMUNITY;
	case MATCH_EXTCOMMUNITY:
		return LIST_EXTCOMMUNITY;
	case MATCH_ADDRESS_PREFIX_LEN:
	case MATCH_NEXT_HOP_PREFIX_LEN:
	case MATCH_NEXT_HOP_ADDRESS:
	case MATCH_NEXT_HOP_BLACKHOLE:
	case MATCH_METRIC:
	case MATCH_LOCAL_PREFERENCE:
	case MATCH_ORIGIN:
	case MATCH_TAG:
	case MATCH_PEER:
	case MATCH_SOURCE_PROTOCOL:
	case MATCH_INTERFACE:
	case MATCH_EVPN_ROUTE_TYPE:
	case MATCH_EVPN_VNI:
	case MATCH_EVPN_RD:
	case MATCH_NEVER:
		break;
	}
	return LIST_KINDS;
}

bool match_looks_at_nlri(const struct match_clause *m)
{
	switch (m->kind) {
	case MATCH_ADDRESS_ACCESS_LIST:
	case MATCH_ADDRESS_PREFIX_LIST:
	case MATCH_ADDRESS_PREFIX_LEN:
	case MATCH_EVPN_ROUTE_TYPE:
	case MATCH_EVPN_VNI:
	case MATCH_EVPN_RD:
		return true;
	case MATCH_NEXT_HOP_ACCESS_LIST:
	case MATCH_NEXT_HOP_PREFIX_LIST:
	case MATCH_NEXT_HOP_PREFIX_LEN:
	case MATCH_NEXT_HOP_ADDRESS:
	case MATCH_NEXT_HOP_BLACKHOLE:
	case MATCH_SOURCE_ACCESS_LIST:
	case MATCH_SOURCE_PREFIX_LIST:
	case MATCH_AS_PATH:
	case MATCH_COMMUNITY:
	case MATCH_LARGE_COMMUNITY:
	case MATCH_EXTCOMMUNITY:
	case MATCH_METRIC:
	case MATCH_LOCAL_PREFERENCE:
	case MATCH_ORIGIN:
	case MATCH_TAG:
	case MATCH_PEER:
	case MATCH_SOURCE_PROTOCOL:
	case MATCH_INTERFACE:
	case MATCH_NEVER:
		break;
	}
	return false;
}

/* ---- prefixes and addresses ---- */

/* The prefix that address clauses look at: of an EVPN route the host or the prefix in it. */
static bool address_of(const struct nlri *n, struct prefix *p)
{
	const struct evpn_nlri *e = &n->evpn;

	if (n->family != BGP_L2VPN_EVPN) {
		*p = n->prefix;
		return true;
	}
	if (e->ip.family == IP_NONE || (e->type != EVPN_MAC_IP && e->type != EVPN_IP_PREFIX))
		return false;
	*p = prefix_from(
	    &e->ip, e->type == EVPN_IP_PREFIX ? e->prefix_len : (uint8_t)(8 * ip_size(&e->ip)));
	return true;
}

static struct prefix host(const struct ip *ip)
{
	return prefix_from(ip, (uint8_t)(8 * ip_size(ip)));
}

static bool list_permits(
    const struct policy *policy, const struct match_clause *m, const struct prefix *p)
{
	const struct policy_list *l = m->list == 0 ? NULL : &policy->lists[m->list - 1];

	if (l == NULL || p->addr.family != m->family)
		return false;
	return l->kind == LIST_PREFIX4 || l->kind == LIST_PREFIX6 ? prefix_list_permits(l, p)
								  : access_list_permits(l, p);
}

static bool address_holds(
    const struct policy *policy, const struct match_clause *m, const struct nlri *n)
{
	struct prefix p;

	if (!address_of(n, &p) || p.addr.family != m->family)
		return false;
	return m->kind == MATCH_ADDRESS_PREFIX_LEN ? p.len == m->number
						   : list_permits(policy, m, &p);
}

static bool host_holds(
    const struct policy *policy, const struct match_clause *m, const struct ip *ip)
{
	struct prefix p;

	if (ip == NULL || ip->family == IP_NONE)
		return false;
	p = host(ip);
	return list_permits(policy, m, &p);
}

static bool next_hop_holds(
    const struct policy *policy, const struct match_clause *m, const struct attrs *a)
{
	if (m->kind == MATCH_NEXT_HOP_ADDRESS)
		return ip_equal(&m->ip, &a->next_hop) || ip_equal(&m->ip, &a->next_hop_link_local);
	if (m->kind == MATCH_NEXT_HOP_PREFIX_LEN)
		return a->next_hop.family == m->family && m->number == 8 * ip_size(&a->next_hop);
	return host_holds(policy, m, &a->next_hop);
}

/* ---- communities ---- */

static bool community_holds(
    const struct policy *policy, const struct match_clause *m, const struct attrs *a)
{
	return m->list != 0 && community_list_permits(&policy->lists[m->list - 1], a, m->exact);
}

/* ---- where it comes from ---- */

/* On the way out that is where it goes to. No address and no name: `match peer local`. */
static bool peer_holds(const struct match_clause *m, const struct policy_route *route)
{
	if (m->ip.family != IP_NONE)
		return route->peer != NULL && ip_equal(route->peer, &m->ip);
	if (m->name == NULL)
		return route->peer == NULL;
	return (route->interface != NULL && strcmp(route->interface, m->name) == 0) ||
	       (route->peer_group != NULL && strcmp(route->peer_group, m->name) == 0);
}

static bool name_is(const char *name, const char *wanted)
{
	return name != NULL && wanted != NULL && strcmp(name, wanted) == 0;
}

/* ---- EVPN ---- */

/* The VNI of a route stands in the label field of a MAC/IP route (RFC 8365 section 5.1.3) and in
 * the PMSI tunnel attribute of an IMET route. */
static bool evpn_vni_matches(const struct nlri *n, const struct attrs *a, uint32_t number)
{
	const struct evpn_nlri *e = &n->evpn;

	if (e->type == EVPN_MAC_IP)
		return e->label1 == number || (e->has_label2 && e->label2 == number);
	if (e->type == EVPN_IP_PREFIX)
		return e->label1 == number;
	return e->type == EVPN_IMET && a->has_pmsi && a->pmsi.label == number;
}

static bool evpn_holds(const struct match_clause *m, const struct nlri *n, const struct attrs *a)
{
	if (n->family != BGP_L2VPN_EVPN)
		return false;
	if (m->kind == MATCH_EVPN_ROUTE_TYPE)
		return n->evpn.type == m->number;
	if (m->kind == MATCH_EVPN_RD)
		return rd_equal(&n->evpn.rd, &m->rd);
	return evpn_vni_matches(n, a, m->number);
}

/* ---- all ---- */

bool match_holds(const struct policy *policy, const struct match_clause *m,
    const struct policy_route *route, const struct attrs *a)
{
	switch (m->kind) {
	case MATCH_ADDRESS_ACCESS_LIST:
	case MATCH_ADDRESS_PREFIX_LIST:
	case MATCH_ADDRESS_PREFIX_LEN:
		return address_holds(policy, m, route->nlri);
	case MATCH_NEXT_HOP_ACCESS_LIST:
	case MATCH_NEXT_HOP_PREFIX_LIST:
	case MATCH_NEXT_HOP_PREFIX_LEN:
	case MATCH_NEXT_HOP_ADDRESS:
		return next_hop_holds(policy, m, a);
	case MATCH_NEXT_HOP_BLACKHOLE: /* not a type that a BGP route has */
		return false;
	case MATCH_SOURCE_ACCESS_LIST:
	case MATCH_SOURCE_PREFIX_LIST: /* on the way out nobody is asked, as in FRR */
		return !route->out && host_holds(policy, m, route->peer);
	case MATCH_AS_PATH:
		return m->list != 0 && as_path_list_permits(&policy->lists[m->list - 1], a);
	case MATCH_COMMUNITY:
	case MATCH_LARGE_COMMUNITY:
	case MATCH_EXTCOMMUNITY:
		return community_holds(policy, m, a);
	case MATCH_METRIC:
		return a->med == m->number;
	case MATCH_LOCAL_PREFERENCE:
		return a->local_pref == m->number;
	case MATCH_ORIGIN:
		return a->origin == m->number;
	case MATCH_TAG:
		return a->tag == m->number;
	case MATCH_PEER:
		return peer_holds(m, route);
	case MATCH_SOURCE_PROTOCOL:
		return name_is(route->source != NULL ? route->source : "bgp", m->name);
	case MATCH_INTERFACE:
		return name_is(route->interface, m->name);
	case MATCH_EVPN_ROUTE_TYPE:
	case MATCH_EVPN_VNI:
	case MATCH_EVPN_RD:
		return evpn_holds(m, route->nlri, a);
	case MATCH_NEVER:
		break;
	}
	return false;
}
