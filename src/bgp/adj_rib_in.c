/*
 * Adj-RIB-In: one UPDATE into the RIB.
 *
 * The Loc-RIB has paths after policy only. What was before is kept for a neighbor with
 * `soft-reconfiguration inbound` (received.h), and judged again when the inbound policy changes:
 * piece by piece, by the same steps in which an UPDATE is, while UPDATEs go on to come. All other
 * neighbors are asked to send again (RFC 2918).
 *
 * A route that is denied takes away what the same peer announced before (RFC 4271 section 9.1.1: an
 * implicit withdrawal). Checks look at the set of attributes, so they are made once per UPDATE;
 * only a route-map that looks at NLRI is applied to each.
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

/* `why` it is denied; NULL: it is not. */
static void log_route(
    const struct peer *p, const struct nlri *n, const char *outcome, const char *why)
{
	struct log *log = p->bgp->log;
	struct str text = {0};
	char rd[RD_TEXT_MAX];

	if (!log_debugs(log, LOG_BGP_UPDATE_IN))
		return;
	if (n->family == BGP_L2VPN_EVPN)
		str_addf(&text, "RD %s ", rd_text(&n->evpn.rd, rd));
	nlri_text(n, &text);
	log_debug(log, LOG_BGP_UPDATE_IN, "%s rcvd UPDATE about %s %s%s%s%s", peer_name(p),
	    str_text(&text), bgp_family_name(n->family), outcome, why == NULL ? "" : why,
	    why == NULL ? "" : ";");
	str_fini(&text);
}

static void withdraw(struct peer *p, struct nlri_run *run)
{
	struct received *kept = p->received[run->family];
	struct nlri n;

	while (nlri_run_next(run, &n)) {
		log_route(p, &n, " -- withdrawn", NULL);
		if (kept != NULL)
			received_unset(kept, &n);
		loc_rib_unset(&p->bgp->rib, p, &n);
	}
}

static void deny(struct peer *p, const struct nlri *n, const char *why)
{
	log_route(p, n, " -- DENIED due to: ", why);
	loc_rib_unset(&p->bgp->rib, p, n);
}

static void deny_run(struct peer *p, struct nlri_run *run, const char *why)
{
	struct nlri n;

	while (nlri_run_next(run, &n))
		deny(p, &n, why);
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
	    .as = p->local_as,
	    .global_as = p->bgp->settings.as};
	struct attrs a = *received;

	if (p->bgp->settings.reject_as_sets && as_path_has_set(received))
		return NULL;
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

	if (attrs == NULL) {
		deny(p, n, "policy");
		return;
	}
	log_route(p, n, "", NULL);
	if (!loc_rib_set(rib, p, n, attrs) && rib->refused == 1)
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

/* What stands in the way of routes with these attributes before any route is looked at; NULL: *f is
 * the policy, and *a as it is to see them. */
static const char *obstacle(
    struct peer *p, enum bgp_family family, struct attrs *a, struct filter *f)
{
	const char *why = infeasible(p, family, a);

	if (why == NULL && first_as_wrong(p, a))
		why = "as-path does not begin with the peer's AS";
	if (why == NULL && !filter_find(p, family, DIRECTION_IN, f))
		why = "no policy";
	if (why == NULL && family != BGP_L2VPN_EVPN && role_is_leak(peer_role(p), p->remote_as, a))
		why = "route leak";
	if (why != NULL)
		return why;
	mark_local_as(p, a);
	if (family != BGP_L2VPN_EVPN)
		role_mark_received(peer_role(p), p->remote_as, a);
	return NULL;
}

/* As it came, before anything is said about it. */
static void keep(struct peer *p, const struct update_reach *r)
{
	struct received *kept = p->received[r->run.family];
	struct attr_table *table = p->bgp->rib.attrs;
	struct nlri_run run = r->run;
	const struct attrs *attrs;
	struct nlri n;

	if (kept == NULL)
		return;
	attrs = attrs_intern(table, &r->attrs);
	while (nlri_run_next(&run, &n))
		received_set(kept, &n, attrs);
	attrs_release(table, attrs);
}

static void reach(struct peer *p, struct update_reach *r)
{
	struct filter f;
	const char *why;

	keep(p, r);
	p->errors_withdrawn += first_as_wrong(p, &r->attrs);
	why = obstacle(p, r->run.family, &r->attrs, &f);
	if (why != NULL)
		deny_run(p, &r->run, why);
	else
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
		withdraw(p, &u->unreach[i]);
	for (size_t i = 0; i < u->reach_count; i++)
		reach(p, &u->reach[i]);
	/* Of a session that was taken over it may be what the previous instance has heard the
	 * beginning of: there the refresh tells the end. */
	if (u->end_of_rib && !p->up->taken_over)
		peer_end_of_rib(p, u->end_of_rib_family);
}

/* ---- routes before policy ---- */

void adj_rib_in_open(struct peer *p, enum bgp_family family)
{
	struct bgp *b = p->bgp;

	if (p->received[family] == NULL && p->families[family] &&
	    p->settings->family[family].soft_reconfiguration_in)
		p->received[family] = received_new(family, b->rib.attrs, &b->rib.extras, b->seed);
}

void adj_rib_in_close(struct peer *p, enum bgp_family family)
{
	received_free(p->received[family]);
	p->received[family] = NULL;
}

void adj_rib_in_refresh_begin(struct peer *p, enum bgp_family family)
{
	if (p->received[family] != NULL)
		received_refresh_begin(p->received[family]);
	loc_rib_refresh_begin(&p->bgp->rib, family, p);
}

/* A review may have unmarked a path that the peer does not have any more; its route is still. */
void adj_rib_in_refresh_end(struct peer *p, enum bgp_family family)
{
	struct received *kept = p->received[family];
	const struct received_route *r = kept == NULL ? NULL : received_after(kept, NULL), *next;
	struct nlri n;

	for (; r != NULL; r = next) {
		next = received_after(kept, r);
		if (!r->refresh)
			continue;
		received_nlri(kept, r, &n);
		loc_rib_unset(&p->bgp->rib, p, &n);
		received_unset(kept, &n);
	}
	loc_rib_refresh_end(&p->bgp->rib, family, p);
}

/* The attributes after policy, interned and held; NULL: denied, *why. */
static const struct attrs *judge(
    struct peer *p, const struct nlri *n, const struct attrs *received, const char **why)
{
	const struct attrs *accepted = NULL;
	struct attrs a = *received;
	struct filter f;

	*why = obstacle(p, n->family, &a, &f);
	if (*why == NULL)
		accepted = apply_policy(p, &f, n, &a);
	arena_reset(&p->bgp->arena);
	return accepted;
}

bool adj_rib_in_denies(struct peer *p, const struct nlri *n, const struct attrs *received)
{
	const char *why;
	const struct attrs *accepted = judge(p, n, received, &why);

	attrs_release(p->bgp->rib.attrs, accepted);
	return accepted == NULL && why == NULL;
}

static void judge_again(struct peer *p, const struct nlri *n, const struct attrs *received)
{
	const char *why;
	const struct attrs *accepted = judge(p, n, received, &why);

	if (why != NULL)
		deny(p, n, why);
	else
		announce(p, n, accepted);
	attrs_release(p->bgp->rib.attrs, accepted);
}

bool adj_rib_in_again(struct peer *p, enum bgp_family family)
{
	if (p->received[family] != NULL)
		received_review(p->received[family]);
	else if (p->up->route_refresh)
		session_send_refresh(p->up, family, ROUTE_REFRESH_REQUEST);
	else
		return false;
	return true;
}

size_t adj_rib_in_run(struct peer *p, size_t budget, mono_t now)
{
	size_t before = budget;

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		const struct received_route *r;
		struct nlri n;

		while (budget > 0 && p->received[f] != NULL &&
		       (r = received_next(p->received[f])) != NULL) {
			received_nlri(p->received[f], r, &n);
			judge_again(p, &n, r->attrs);
			budget--;
		}
	}
	if (budget != before)
		peer_check_limits(p, now);
	return budget;
}

bool adj_rib_in_pending(const struct peer *p)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		if (p->received[f] != NULL && p->received[f]->cursor != NULL)
			return true;
	return false;
}
