/*
 * Adj-RIB-In: one UPDATE into the RIB.
 *
 * Paths are kept after policy only; a change of the inbound policy asks the peer to send again
 * (RFC 2918). A route that is denied takes away what the same peer announced before (RFC 4271
 * section 9.1.1: an implicit withdrawal). Checks look at the set of attributes, so they are made
 * once per UPDATE; only a route-map that looks at NLRI is applied to each.
 */
#include "bgp/adj_rib_in.h"

#include "bgp/filter.h"
#include "bgp/speaker.h"

/* RFC 4271 section 9.1.2. */
static bool loops(const struct peer *p, const struct neighbor_family *f, const struct attrs *a)
{
	uint32_t as = p->bgp->settings.as;

	if (p->local_as != as && as_path_count(a, p->local_as) > f->allowas_in)
		return true;
	return as_path_count(a, as) > f->allowas_in &&
	       !(f->allowas_in_origin && as_path_origin(a) == as);
}

/* Why routes with these attributes are not usable here; NULL: they are. */
static const char *infeasible(const struct peer *p, enum bgp_family family, const struct attrs *a)
{
	const struct bgp_settings *g = &p->bgp->settings;

	if (loops(p, &p->settings->family[family], a))
		return "as-path contains our own AS";
	if (a->has_originator_id && ip_equal(&a->originator_id, &g->router_id))
		return "originator is us";
	for (size_t i = 0; i < a->cluster_count; i++)
		if (a->cluster_list[i] == bgp_cluster_id(p->bgp))
			return "reflected from the same cluster";
	/* RFC 4271 section 5.1.3: a next hop of our own leads nowhere. */
	if (a->next_hop.family != IP_NONE &&
	    (ip_equal(&a->next_hop, &p->up->local) || ip_equal(&a->next_hop, &p->self.v4) ||
		ip_equal(&a->next_hop, &p->self.v6) || ip_equal(&a->next_hop, &p->self.link_local)))
		return "next hop is us";
	return NULL;
}

/* RFC 4271 section 6.3, last lines on AS_PATH; RFC 7606 section 7.2 makes it a withdrawal. */
static bool first_as_wrong(const struct peer *p, const struct attrs *a)
{
	return p->ebgp && p->settings->enforce_first_as && as_path_first(a) != p->remote_as;
}

static void log_route(const struct peer *p, const struct nlri *n, const char *outcome)
{
	struct log *log = p->bgp->log;
	struct str text = {0};
	char rd[RD_TEXT_MAX];

	if (!log_debugs(log, LOG_BGP_UPDATE_IN))
		return;
	if (n->family == BGP_L2VPN_EVPN)
		str_addf(&text, "RD %s ", rd_text(&n->evpn.rd, rd));
	nlri_text(n, &text);
	log_debug(log, LOG_BGP_UPDATE_IN, "%s rcvd UPDATE about %s %s%s", peer_name(p),
	    str_text(&text), bgp_family_name(n->family), outcome);
	str_fini(&text);
}

static void withdraw_run(struct peer *p, struct nlri_run *run, const char *why)
{
	struct str outcome = {0};
	struct nlri n;

	str_add(&outcome, why == NULL ? " -- withdrawn" : " -- DENIED due to: ");
	if (why != NULL)
		str_addf(&outcome, "%s;", why);
	while (nlri_run_next(run, &n)) {
		log_route(p, &n, str_text(&outcome));
		loc_rib_unset(&p->bgp->rib, p, &n);
	}
	str_fini(&outcome);
}

/* RFC 8326 section 4: a route of which the neighbour says that it is about to go is the last choice
 * at once; and if it is us who go, our iBGP peers are to see that. */
static void graceful_shutdown(const struct peer *p, struct attrs *a, struct arena *arena)
{
	uint32_t community = COMMUNITY_GRACEFUL_SHUTDOWN;
	bool marked = attrs_have_community(a, community);

	if (!p->ebgp || (!marked && !p->bgp->settings.graceful_shutdown))
		return;
	if (!marked)
		attrs_add_communities(a, &community, 1, arena);
	a->has_local_pref = true;
	a->local_pref = 0;
}

/* RFC 7999 section 3.2: what is to be dropped here is nobody else's business. */
static void blackhole(const struct peer *p, struct attrs *a, struct arena *arena)
{
	uint32_t community = COMMUNITY_NO_EXPORT;

	if (p->ebgp && attrs_have_community(a, COMMUNITY_BLACKHOLE))
		attrs_add_communities(a, &community, 1, arena);
}

/* The attributes after policy, interned and held; NULL: denied. */
static const struct attrs *apply_policy(
    struct peer *p, const struct filter *f, const struct nlri *n, const struct attrs *received)
{
	struct policy_route route = {.nlri = n,
	    .interface = peer_interface(p),
	    .peer = &p->address,
	    .peer_group = p->settings->peer_group,
	    .ebgp = p->ebgp,
	    .as = p->local_as};
	struct attrs a = *received;

	a.weight = p->settings->family[n->family].weight;
	if (!filter_apply(f, &route, &a, &p->bgp->arena))
		return NULL;
	graceful_shutdown(p, &a, &p->bgp->arena);
	blackhole(p, &a, &p->bgp->arena);
	return attrs_intern(p->bgp->rib.attrs, &a);
}

static void announce(struct peer *p, const struct nlri *n, const struct attrs *attrs)
{
	struct loc_rib *rib = &p->bgp->rib;

	log_route(p, n, attrs == NULL ? " -- DENIED due to: policy;" : "");
	if (attrs == NULL)
		loc_rib_unset(rib, p, n);
	else if (!loc_rib_set(rib, p, n, attrs) && rib->refused == 1)
		log_error(p->bgp->log, LOG_BGP, "the RIB is full: new destinations are refused");
}

static void announce_run(struct peer *p, struct update_reach *r, const struct filter *f)
{
	struct attr_table *table = p->bgp->rib.attrs;
	bool each = filter_looks_at_nlri(f);
	const struct attrs *attrs = NULL;
	bool applied = false;
	struct nlri n;

	while (nlri_run_next(&r->run, &n)) {
		if (!applied || each) {
			attrs_release(table, attrs);
			attrs = apply_policy(p, f, &n, &r->attrs);
			applied = true;
		}
		announce(p, &n, attrs);
	}
	attrs_release(table, attrs);
}

/* `local-as`: to others the peer's routes come through that AS. */
static void mark_local_as(const struct peer *p, struct attrs *a)
{
	if (p->ebgp && p->local_as != p->bgp->settings.as && !p->settings->local_as_no_prepend)
		as_path_prepend(a, p->local_as, 1, &p->bgp->arena);
}

static void reach(struct peer *p, struct update_reach *r)
{
	struct filter f;
	const char *why = infeasible(p, r->run.family, &r->attrs);

	if (why == NULL && first_as_wrong(p, &r->attrs)) {
		p->errors_withdrawn++;
		why = "as-path does not begin with the peer's AS";
	}
	if (why == NULL && !filter_find(p, r->run.family, DIRECTION_IN, &f))
		why = "no policy";
	if (why != NULL) {
		withdraw_run(p, &r->run, why);
		return;
	}
	mark_local_as(p, &r->attrs);
	announce_run(p, r, &f);
}

/* RFC 7606 section 2: count, and say so. */
static void note_disposition(struct peer *p, const struct update *u)
{
	switch (u->disposition) {
	case UPDATE_OK:
	case UPDATE_RESET:
		return;
	case UPDATE_DISCARD_ATTRIBUTE:
		p->errors_discarded++;
		break;
	case UPDATE_TREAT_AS_WITHDRAW:
	case UPDATE_DISABLE_FAMILY:
		p->errors_withdrawn++;
		break;
	}
	log_warning(p->bgp->log, LOG_BGP, "%s: UPDATE with errors, %s: attribute %u: %s",
	    peer_name(p), disposition_name(u->disposition), u->attribute,
	    u->reason == NULL ? "" : u->reason);
}

static void log_update(const struct peer *p, const struct update *u)
{
	struct str text = {0};

	if (!log_debugs(p->bgp->log, LOG_BGP_UPDATE_IN))
		return;
	update_text(u, &text);
	log_debug(p->bgp->log, LOG_BGP_UPDATE_IN, "%s rcvd %s", peer_name(p), str_text(&text));
	str_fini(&text);
}

void adj_rib_in_update(struct peer *p, struct update *u)
{
	log_update(p, u);
	note_disposition(p, u);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (u->disabled[f])
			peer_disable_family(p, f);
	for (size_t i = 0; i < u->unreach_count; i++)
		withdraw_run(p, &u->unreach[i], NULL);
	for (size_t i = 0; i < u->reach_count; i++)
		reach(p, &u->reach[i]);
	if (u->end_of_rib)
		peer_end_of_rib(p, u->end_of_rib_family);
}
