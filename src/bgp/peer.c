/*
 * Peers: when to connect, whom to believe, what to do when a session comes and goes.
 *
 * A numbered peer is reached at its address. An unnumbered one is whoever speaks BGP on a link: its
 * link-local address is told by router advertisements, for their lifetime, or by its own connection
 * while that lasts. Nothing is started while there is an obstacle (peer_obstacle); what takes it
 * away calls peer_wake(). A link that goes down ends the session at once, not after the hold time.
 */
#include "bgp/peer.h"

#include <string.h>

#include "base/mem.h"
#include "bgp/adj_rib_in.h"
#include "bgp/speaker.h"

/* A session that lasted as long as this was a good one: the next failure counts as the first. */
#define LASTING_S 60
#define BACK_OFF_MAX_S 64
/* From so many failures on, connections from the peer are not taken either while we wait. */
#define REFUSE_FAILURES 4
/* … but from one whose routes are kept until it is back, after so long. */
#define RETURN_S 1
/* An accepted connection has so long to come up before we try one of our own beside it. */
#define ACCEPTED_FIRST_S 5

struct peer *peer_new(struct bgp *b, const struct neighbor_settings *s)
{
	struct peer *p = mem_new(sizeof(*p));

	p->bgp = b;
	p->number = b->peers_made++;
	p->settings = s;
	p->address = s->unnumbered ? (struct ip){0} : s->address;
	p->idle_until = (mono_t){0};
	p->overflowed_until = MONO_NEVER;
	p->last_read = p->last_write = p->last_update = p->reset.at = MONO_NEVER;
	p->reason = "Waiting for peer to come up";
	session_init(&p->active, p, false);
	session_init(&p->passive, p, true);
	restart_init(&p->restart);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		adj_rib_out_init(&p->out[f], p, f);
	return p;
}

void peer_free(struct peer *p, mono_t now)
{
	struct notification n = {.code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_DECONFIGURED};

	peer_reset(p, &n, "Neighbor deleted", now);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		loc_rib_drop_paths(&p->bgp->rib, f, p, true);
	session_fini(&p->active);
	session_fini(&p->passive);
	neighbor_settings_free(p->own);
	mem_free(p);
}

const char *peer_name(const struct peer *p)
{
	return p->settings->name;
}

bool peer_is_dynamic(const struct peer *p)
{
	return p->own != NULL;
}

const char *peer_interface(const struct peer *p)
{
	return p->settings->unnumbered ? p->settings->name : NULL;
}

uint32_t peer_local_as(const struct peer *p)
{
	return p->settings->local_as != 0 ? p->settings->local_as : p->bgp->settings.as;
}

/* Before its OPEN is known, what the statements say it is. */
enum bgp_role peer_role(const struct peer *p)
{
	const struct neighbor_settings *n = p->settings;
	bool internal = p->up != NULL ? !p->ebgp
				      : n->remote_as_kind == REMOTE_AS_INTERNAL ||
					    (n->remote_as_kind == REMOTE_AS_NUMBER &&
						n->remote_as == peer_local_as(p));

	return internal ? ROLE_NONE : n->role;
}

struct tcp_options peer_tcp_options(const struct peer *p)
{
	const struct neighbor_settings *n = p->settings;
	const struct bgp_settings *g = &p->bgp->settings;

	return (struct tcp_options){.ttl = n->ttl,
	    .min_ttl = n->ttl_security_hops == 0 ? 0 : (uint8_t)(256 - n->ttl_security_hops),
	    .dscp = g->dscp,
	    .mss = n->mss,
	    .alive_idle_s = g->alive_idle_s,
	    .alive_interval_s = g->alive_interval_s,
	    .alive_probes = g->alive_probes};
}

enum bgp_state peer_state(const struct peer *p)
{
	return p->passive.state > p->active.state ? p->passive.state : p->active.state;
}

/* ---- obstacles ---- */

static const char *link_obstacle(const struct peer *p)
{
	const struct interface *i = bgp_interface_find(p->bgp, p->ifindex);

	if (p->ifindex.v == 0 || i == NULL)
		return "Interface does not exist";
	if (!i->up)
		return "Interface is down";
	if (i->link_local.family == IP_NONE)
		return "Interface has no link-local address";
	return NULL;
}

/* `accepting`: the peer has connected, so its address need not be known before. */
static const char *obstacle(const struct peer *p, bool accepting)
{
	const struct bgp_settings *g = &p->bgp->settings;
	const char *link = NULL;
	bool any = false;

	if (p->bgp->stopped)
		return "Shutting down";
	if (p->settings->shutdown)
		return "Admin. shutdown";
	if (p->overflowed)
		return "Maximum number of prefixes reached";
	if (g->router_id.family == IP_NONE)
		return "No router id";
	if (p->settings->remote_as_kind == REMOTE_AS_NONE)
		return "No remote AS";
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		any |= p->settings->family[f].activate;
	if (!any)
		return "No address family is activated";
	if (p->settings->unnumbered)
		link = link_obstacle(p);
	if (link == NULL && !accepting && p->address.family == IP_NONE)
		link = "No router advertisement from the peer";
	if (link == NULL && !accepting && p->bgp->inherited_count > 0)
		link = "Sessions of the previous instance are looked at first";
	return link;
}

const char *peer_obstacle(const struct peer *p)
{
	return obstacle(p, false);
}

bool peer_may_come(const struct peer *p)
{
	return obstacle(p, true) == NULL;
}

const char *peer_refusal(const struct peer *p)
{
	const char *why = obstacle(p, true);

	if (why != NULL)
		return why;
	if (p->up != NULL)
		return "Established already";
	return p->settings->auth != NULL ? "Idle after failures, or not signed"
					 : "Idle after failures";
}

/* ---- starting ---- */

void peer_wake(struct peer *p, mono_t now)
{
	if (p->up != NULL || peer_is_dynamic(p) || peer_obstacle(p) != NULL)
		return;
	p->retries = 0;
	if (p->active.state == BGP_IDLE)
		p->idle_until = now;
	else if (p->active.state == BGP_ACTIVE && !p->settings->passive)
		fsm_event(&p->active, FSM_CONNECT_RETRY, now);
}

void peer_back_off(struct peer *p, mono_t now)
{
	int64_t s = BACK_OFF_MAX_S;

	if (p->failures < 6)
		s = (int64_t)1 << p->failures;
	p->failures++;
	p->idle_until = mono_add_ms(now, bgp_jitter_ms(p->bgp, s * 1000));
}

void peer_retry(struct peer *p, mono_t now)
{
	p->idle_until = mono_add_ms(now, bgp_jitter_ms(p->bgp, 1000));
}

void peer_reset(struct peer *p, const struct notification *n, const char *why, mono_t now)
{
	struct fsm_input in = {.event = FSM_STOP, .notification = n, .why = why};

	fsm_handle(&p->active, &in, now);
	fsm_handle(&p->passive, &in, now);
	p->reason = why;
	p->idle_until = now;
	p->retries = 0;
}

/* The kernel has seen to the signatures of addresses that have keys; an unnumbered peer may
 * have connected from another one, or before its own was known. */
static bool is_unsigned(const struct peer *p, const struct ip *remote)
{
	bgp_keys_run(p->bgp);
	return p->settings->auth != NULL && !bgp_has_key(p->bgp, remote);
}

/* Backing off: it failed too often of late, and comes without need. */
static bool refuses(const struct peer *p, mono_t now)
{
	if (p->failures < REFUSE_FAILURES || p->active.state != BGP_IDLE)
		return false;
	if (restart_retains(p) && mono_reached(mono_add_s(p->since, RETURN_S), now))
		return false;
	return !mono_reached(p->idle_until, now);
}

static void set_options(const struct peer *p, uint32_t conn)
{
	const struct bgp_host *h = &p->bgp->host;
	struct tcp_options options = peer_tcp_options(p);

	if (h->set_options != NULL)
		h->set_options(h->context, conn, &options);
}

bool peer_accept(
    struct peer *p, uint32_t conn, const struct ip *local, const struct ip *remote, mono_t now)
{
	struct notification n = {.code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_COLLISION};
	struct session *s = &p->passive;

	/* RFC 4724 section 5: who restarts connects before its old connection is known to be
	 * dead. */
	if (restart_may_replace(p, now) && obstacle(p, true) == NULL && !is_unsigned(p, remote))
		fsm_handle(p->up,
		    &(struct fsm_input){.event = FSM_TCP_FAILS, .why = "Peer connected anew"}, now);
	/* RFC 4271 section 6.8: an Established session stays. */
	if (p->up != NULL || obstacle(p, true) != NULL || is_unsigned(p, remote))
		return false;
	if (refuses(p, now))
		return false;
	/* Who connects anew has lost the connection before. */
	if (s->state != BGP_IDLE)
		fsm_handle(s, &(struct fsm_input){.event = FSM_COLLISION, .notification = &n}, now);
	if (p->active.state == BGP_IDLE)
		p->idle_until = mono_add_s(now, ACCEPTED_FIRST_S);
	fsm_event(s, FSM_START, now);
	s->conn = conn;
	set_options(p, conn);
	session_connected(s, local, remote, now);
	return true;
}

/* ---- our next hops ---- */

/* The link that the session runs over, or the one that has its address: a loopback. */
static const struct interface *session_interface(const struct peer *p)
{
	if (p->ifindex.v != 0)
		return bgp_interface_find(p->bgp, p->ifindex);
	return bgp_interface_with(p->bgp, &p->up->local);
}

static bool shares_link(const struct peer *p, const struct interface *i)
{
	return p->settings->unnumbered || interface_reaches(i, &p->up->remote);
}

/* RFC 4271 section 5.1.3, RFC 2545 section 3. The address of the session comes first; the other
 * family's is looked for on the same interface, as FRR does. Without an IPv4 address there the
 * router id will do, if it is an address of ours. */
static void next_hops_find(
    const struct peer *p, struct ip *v4, struct ip *v6, struct ip *link_local)
{
	const struct interface *i = session_interface(p);
	const struct ip *local = &p->up->local, *id = &p->bgp->settings.router_id;

	*v4 = *v6 = *link_local = (struct ip){0};
	if (i != NULL) {
		*v4 = i->v4;
		*v6 = i->global;
		if (shares_link(p, i))
			*link_local = i->link_local;
	}
	if (v4->family == IP_NONE && bgp_interface_with(p->bgp, id) != NULL)
		*v4 = *id;
	if (local->family == IP_V4)
		*v4 = *local;
	else if (ip_is_link_local(local))
		*link_local = *local;
	else
		*v6 = *local;
}

/* Whether they are others than before. */
static bool next_hops_update(struct peer *p)
{
	struct ip v4, v6, link_local;
	bool same;

	next_hops_find(p, &v4, &v6, &link_local);
	same = ip_equal(&v4, &p->self.v4) && ip_equal(&v6, &p->self.v6) &&
	       ip_equal(&link_local, &p->self.link_local);
	p->self.v4 = v4;
	p->self.v6 = v6;
	p->self.link_local = link_local;
	return !same;
}

void peer_addresses_changed(struct peer *p)
{
	if (p->up == NULL || !next_hops_update(p))
		return;
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		adj_rib_out_policy_changed(&p->out[f]);
}

/* ---- up and down ---- */

static void stop_other(struct peer *p, struct session *s, mono_t now)
{
	struct notification n = {.code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_COLLISION};
	struct session *other = s == &p->active ? &p->passive : &p->active;

	fsm_handle(other, &(struct fsm_input){.event = FSM_COLLISION, .notification = &n}, now);
}

static void tell(struct peer *p, bool established, const char *why)
{
	struct bgp_host *h = &p->bgp->host;

	if (h->peer_changed != NULL)
		h->peer_changed(h->context, peer_name(p), established, why);
}

/* Of its paths some may be here: kept over its restart, or withdrawn and not looked at since. Its
 * BGP Identifier decides between them and others, and is their ORIGINATOR_ID. */
static void identity_take(struct peer *p, const struct session *s)
{
	bool another = p->established_count > 0 &&
		       (p->ebgp != s->ebgp || !ip_equal(&p->router_id, &s->open.router_id));

	p->ebgp = s->ebgp;
	p->router_id = s->open.router_id;
	if (!another)
		return;
	bgp_forget_outcomes(p->bgp);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		loc_rib_touch_paths(&p->bgp->rib, f, p);
}

static void families_open(struct peer *p)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		p->families[f] = p->up->families[f];
		p->end_of_rib[f] = p->disabled[f] = p->refreshing[f] = false;
		p->limit[f] = LIMIT_KEPT;
		if (p->families[f])
			adj_rib_out_open(&p->out[f]);
		adj_rib_in_open(p, f);
	}
}

void peer_established(struct peer *p, struct session *s, mono_t now)
{
	stop_other(p, s, now);
	p->up = s;
	if (p->settings->unnumbered)
		p->address = s->remote;
	p->bgp->keys_dirty = true;
	identity_take(p, s);
	p->remote_as = s->open.as;
	p->local_as = peer_local_as(p);
	memcpy(p->hostname, s->open.hostname, sizeof(p->hostname));
	p->since = now;
	p->reason = "";
	p->idle_until = MONO_NEVER;
	p->retries = 0;
	p->established_count++;
	p->asked = false;
	s->established_at = now;
	next_hops_update(p);
	if (p->bgp->settings.log_neighbor_changes)
		log_info(p->bgp->log, LOG_BGP, "%%ADJCHANGE: neighbor %s(%s) in vrf default Up",
		    peer_name(p), p->hostname[0] != '\0' ? p->hostname : "Unknown");
	families_open(p);
	restart_established(p, s);
	handover_offer(p);
	tell(p, true, "Established");
}

/* It was believed as long as the session stood for it; now the advertisements count again. */
static void forget_address(struct peer *p)
{
	const struct interface *i = bgp_interface_find(p->bgp, p->ifindex);

	p->address = i == NULL ? (struct ip){0} : i->neighbor;
	p->bgp->keys_dirty = true;
}

static void tell_gone(struct peer *p)
{
	struct bgp_nexthop address = {.ip = p->address};
	struct bgp_host *h = &p->bgp->host;

	if (ip_is_link_local(&p->address))
		address.scope = p->ifindex;
	if (h->peer_gone != NULL)
		h->peer_gone(h->context, &address);
}

/* True: unicast paths went, all that there were of a family. */
static bool families_close(struct peer *p, const bool keeps[BGP_FAMILIES])
{
	bool drops = false;

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (!p->families[f])
			continue;
		adj_rib_out_close(&p->out[f]);
		adj_rib_in_close(p, f);
		if (!keeps[f])
			loc_rib_drop_paths(&p->bgp->rib, f, p, false);
		drops |= !keeps[f] && f != BGP_L2VPN_EVPN;
		p->families[f] = p->end_of_rib[f] = p->disabled[f] = p->unjudged[f] = false;
	}
	return drops;
}

void peer_lost(struct peer *p, bool graceful, const char *why, mono_t now)
{
	bool keeps[BGP_FAMILIES];

	if (mono_reached(mono_add_s(p->up->established_at, LASTING_S), now))
		p->failures = 0;
	restart_lost(p, p->up, graceful, now, keeps);
	if (families_close(p, keeps))
		tell_gone(p);
	p->up = NULL;
	p->handed_over = false;
	p->since = now;
	p->reason = why;
	if (p->settings->unnumbered)
		forget_address(p);
	p->dropped_count++;
	if (p->bgp->settings.log_neighbor_changes)
		log_info(p->bgp->log, LOG_BGP,
		    "%%ADJCHANGE: neighbor %s(%s) in vrf default Down %s", peer_name(p),
		    p->hostname[0] != '\0' ? p->hostname : "Unknown", why);
	tell(p, false, why);
}

void peer_end_of_rib(struct peer *p, enum bgp_family family)
{
	if (!p->families[family] || p->end_of_rib[family])
		return;
	p->end_of_rib[family] = true;
	restart_end_of_rib(p, family);
	tell(p, true, "End-of-RIB received");
}

/* Nothing more will come that convergence could wait for. */
void peer_disable_family(struct peer *p, enum bgp_family family)
{
	p->disabled[family] = true;
	p->up->receive.families[family] = false;
	p->up->receive.ignored[family] = true;
	adj_rib_in_close(p, family);
	loc_rib_drop_paths(&p->bgp->rib, family, p, false);
	log_error(p->bgp->log, LOG_BGP, "%s: %s is ignored until the session is reset",
	    peer_name(p), bgp_family_name(family));
	peer_end_of_rib(p, family);
}

/* RFC 7313 section 4: BoRR counts after End-of-RIB, EoRR after BoRR. */
void peer_refresh_received(struct peer *p, const struct route_refresh *r)
{
	if (!p->families[r->family])
		return;
	switch (r->kind) {
	case ROUTE_REFRESH_REQUEST:
		p->asked = true;
		adj_rib_out_refresh(&p->out[r->family]);
		break;
	case ROUTE_REFRESH_BEGIN:
		if (restart_end_awaited(p, r->family))
			break;
		adj_rib_in_refresh_begin(p, r->family);
		p->refreshing[r->family] = true;
		break;
	case ROUTE_REFRESH_END:
		if (!p->refreshing[r->family])
			break;
		adj_rib_in_refresh_end(p, r->family);
		/* To the previous instance End-of-RIB was sent; this one asked for all again. */
		if (p->up->taken_over)
			peer_end_of_rib(p, r->family);
		p->refreshing[r->family] = false;
		break;
	}
}

/* ---- time and links ---- */

void peer_run(struct peer *p, mono_t now)
{
	peer_limit_run(p, now);
	fsm_timers(&p->active, now);
	fsm_timers(&p->passive, now);
	restart_run(p, now);
	if (p->up == NULL && p->active.state == BGP_IDLE && mono_reached(p->idle_until, now) &&
	    !peer_is_dynamic(p) && peer_obstacle(p) == NULL) {
		p->idle_until = MONO_NEVER;
		fsm_event(&p->active, FSM_START, now);
	}
}

/* Until something is to be done about it: connect, or free one that came by range. */
static bool waits_in_idle(const struct peer *p)
{
	if (peer_is_dynamic(p))
		return peer_state(p) == BGP_IDLE && !p->overflowed && !restart_retains(p);
	return p->up == NULL && p->active.state == BGP_IDLE && peer_obstacle(p) == NULL;
}

mono_t peer_deadline(const struct peer *p)
{
	mono_t d = mono_min(fsm_deadline(&p->active), fsm_deadline(&p->passive));

	d = mono_min(d, restart_deadline(p));
	d = mono_min(d, p->overflowed_until);
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		d = mono_min(d, adj_rib_out_deadline(&p->out[f]));
	if (waits_in_idle(p))
		d = mono_min(d, p->idle_until);
	return d;
}

/* What router advertisements say counts for connections that we open; one that is up, or that the
 * peer has opened, speaks for itself. */
static void take_neighbor(struct peer *p, const struct interface *i, mono_t now)
{
	const char *why = i->neighbor.family == IP_NONE ? "No router advertisement from the peer"
							: "Peer's address changed";

	if (p->up != NULL || ip_equal(&p->address, &i->neighbor))
		return;
	if (p->active.state == BGP_CONNECT || p->active.state == BGP_ACTIVE)
		fsm_handle(&p->active, &(struct fsm_input){.event = FSM_STOP, .why = why}, now);
	p->address = i->neighbor;
	p->bgp->keys_dirty = true;
}

void peer_link_changed(struct peer *p, mono_t now)
{
	const struct interface *i = bgp_interface_named(p->bgp, p->settings->name);
	bool up = i != NULL && i->up;

	if (!p->settings->unnumbered)
		return;
	if ((!up || !ifindex_equal(i->ifindex, p->ifindex)) && peer_state(p) != BGP_IDLE)
		peer_reset(p, NULL, "Interface down", now);
	p->ifindex = i == NULL ? (ifindex_t){0} : i->ifindex;
	if (!up) {
		restart_forget(p);
		p->address = (struct ip){0};
		p->bgp->keys_dirty = true;
		p->idle_until = (mono_t){0};
		return;
	}
	take_neighbor(p, i, now);
	peer_wake(p, now);
}
