/*
 * The BGP speaker: its calls. Owns peers, links and the RIB, and hands each event to whom it
 * concerns.
 *
 * In: connections, bytes, links, local routes, settings. These record facts, run state machines
 * and mark destinations dirty. Then bgp_run(): timers first, because a keepalive must not wait for
 * a table; then decisions, local changes before others; then UPDATEs. Each call does a bounded
 * amount and says whether more is pending. What a destination has become is told to the host and
 * to every Adj-RIB-Out from the one place where it is decided.
 *
 * RFC 4271; what each part implements stands at the head of its file: session, fsm, adj_rib_in,
 * decision, loc_rib, export, adj_rib_out, graceful_restart.
 */
#include "bgp/bgp.h"

#include <string.h>

#include "base/mem.h"
#include "bgp/adj_rib_in.h"
#include "bgp/adj_rib_out.h"
#include "bgp/recursion.h"
#include "bgp/speaker.h"

/* Destinations per bgp_run(): a millisecond or two of work. */
#define DECISIONS_PER_RUN 2048
#define REVIEWS_PER_RUN 2048
#define UPDATES_PER_RUN 2048

struct bgp *bgp_new(const struct bgp_start *start)
{
	struct bgp *b = mem_new(sizeof(*b));

	b->log = start->log;
	b->host = start->host;
	b->seed = b->random = start->seed;
	b->neighbors_until = MONO_NEVER;
	b->originating = start->originating;
	b->restart_due = b->update_delay_due = MONO_NEVER;
	loc_rib_init(&b->rib, start->seed);
	b->aggregates = aggregates_new(start->seed);
	b->rib.nexthops.context = start->host.context;
	b->rib.nexthops.watch = start->host.nexthop_watch;
	map_init(
	    &b->interfaces, offsetof(struct interface, ifindex), sizeof(ifindex_t), start->seed);
	b->buffer = mem_new(SEND_BUFFER_SIZE);
	return b;
}

void bgp_free(struct bgp *b)
{
	/* Nobody listens any more. */
	b->host = (struct bgp_host){0};
	b->rib.nexthops.watch = NULL;
	b->settings.log_neighbor_changes = false;
	while (b->peer_count > 0) {
		struct peer *p = b->peers[b->peer_count - 1];

		p->active.conn = p->passive.conn = 0;
		bgp_remove_peer(b, b->peer_count - 1, (mono_t){0});
	}
	mem_free(b->peers);
	bgp_interfaces_free(b);
	bgp_keys_free(b);
	handover_free(b);
	aggregates_free(b);
	loc_rib_fini(&b->rib);
	bgp_settings_fini(&b->settings);
	arena_fini(&b->arena);
	mem_free(b->buffer);
	mem_free(b);
}

/* SplitMix64. */
static uint64_t random_next(struct bgp *b)
{
	uint64_t z = b->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

int64_t bgp_jitter_ms(struct bgp *b, int64_t ms)
{
	return ms - (int64_t)(random_next(b) % ((uint64_t)ms / 4 + 1));
}

uint32_t bgp_cluster_id(const struct bgp *b)
{
	const struct bgp_settings *s = &b->settings;

	return ip_to_u32(s->cluster_id.family != IP_NONE ? &s->cluster_id : &s->router_id);
}

static struct session *session_of(const struct bgp *b, uint32_t conn)
{
	for (size_t i = 0; conn != 0 && i < b->peer_count; i++) {
		if (b->peers[i]->active.conn == conn)
			return &b->peers[i]->active;
		if (b->peers[i]->passive.conn == conn)
			return &b->peers[i]->passive;
	}
	return NULL;
}

/* Ids above are those of accepted connections (event.h). */
uint32_t bgp_new_conn(struct bgp *b)
{
	do
		b->last_conn = (b->last_conn + 1) & 0x7fffffff;
	while (b->last_conn == 0 || session_of(b, b->last_conn) != NULL);
	return b->last_conn;
}

void bgp_remove_peer(struct bgp *b, size_t index, mono_t now)
{
	struct peer *p = b->peers[index];

	b->peer_count--;
	memmove(b->peers + index, b->peers + index + 1,
	    (b->peer_count - index) * sizeof(struct peer *));
	bgp_forget_outcomes(b); /* they remember by pointer from whom a route came */
	peer_free(p, now);
}

void bgp_forget_outcomes(struct bgp *b)
{
	for (size_t i = 0; i < b->peer_count; i++)
		for (size_t f = 0; f < BGP_FAMILIES; f++)
			adj_rib_out_clear_cache(&b->peers[i]->out[f]);
}

void bgp_collect(struct bgp *b, struct dest *d)
{
	if (!dest_unused(d))
		return;
	for (size_t i = 0; i < b->peer_count; i++)
		adj_rib_out_forget(&b->peers[i]->out[d->family], d);
	loc_rib_free_dest(&b->rib, d);
}

/* ---- connections ---- */

void bgp_connected(
    struct bgp *b, uint32_t conn, const struct ip *local, const struct ip *remote, mono_t now)
{
	struct session *s = session_of(b, conn);

	if (s != NULL)
		session_connected(s, local, remote, now);
}

static struct peer *peer_for(const struct bgp *b, const struct ip *remote, ifindex_t ifindex)
{
	for (size_t i = 0; i < b->peer_count; i++) {
		struct peer *p = b->peers[i];

		if (p->settings->unnumbered && ip_is_link_local(remote)
			? ifindex.v != 0 && ifindex_equal(p->ifindex, ifindex)
			: ip_equal(&p->address, remote))
			return p;
	}
	return NULL;
}

bool bgp_accepted(struct bgp *b, uint32_t conn, const struct ip *local, const struct ip *remote,
    ifindex_t ifindex, mono_t now)
{
	struct peer *p = peer_for(b, remote, ifindex);
	char text[IP_TEXT_MAX];

	if (p == NULL && !ip_is_link_local(remote))
		p = bgp_dynamic_peer(b, remote);
	if (p != NULL && peer_accept(p, conn, local, remote, now))
		return true;
	log_debug(b->log, LOG_BGP, "connection from %s not wanted: %s", ip_text(remote, text),
	    p == NULL ? "no such neighbor" : peer_refusal(p));
	b->host.close(b->host.context, conn);
	return false;
}

void bgp_received(struct bgp *b, uint32_t conn, const uint8_t *bytes, size_t size, mono_t now)
{
	struct session *s = session_of(b, conn);

	if (s != NULL)
		session_received(s, bytes, size, now);
}

void bgp_drained(struct bgp *b, uint32_t conn, mono_t now)
{
	struct session *s = session_of(b, conn);

	(void)now;
	if (s != NULL)
		session_drained(s);
}

void bgp_closed(struct bgp *b, uint32_t conn, int error, mono_t now)
{
	struct session *s = session_of(b, conn);

	if (s != NULL)
		session_closed(s, error, now);
	else
		handover_closed(b, conn);
}

/* ---- next hops ---- */

void bgp_nexthop_changed(
    struct bgp *b, const struct bgp_nexthop *nexthop, const struct bgp_nexthop_state *state)
{
	nexthop_set_state(&b->rib.nexthops, nexthop, state);
}

/* ---- the kernel's answer ---- */

/* `bgp suppress-fib-pending` is about routes that packets would follow to us. */
static bool awaits_kernel(const struct bgp *b, const struct dest *d)
{
	const struct path *best = dest_best(d);

	return b->settings.suppress_fib_pending && d->family != BGP_L2VPN_EVPN && best != NULL &&
	       best->peer != NULL;
}

void bgp_installed(struct bgp *b, const struct prefix *prefix, bool has)
{
	struct nlri n = {.prefix = *prefix,
	    .family = prefix->addr.family == IP_V4 ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST};
	struct dest *d = b->settings.suppress_fib_pending ? loc_rib_find(&b->rib, &n) : NULL;
	bool pending = !has && d != NULL && awaits_kernel(b, d);

	if (d == NULL || (d->fib_pending == pending && d->fib_refused == pending))
		return;
	d->fib_pending = d->fib_refused = pending;
	for (size_t i = 0; i < b->peer_count; i++)
		adj_rib_out_consider(&b->peers[i]->out[n.family], d);
}

/* ---- restart and start ---- */

void bgp_originated(struct bgp *b)
{
	b->originating = false;
}

void bgp_restarted(struct bgp *b, bool whole, mono_t now)
{
	b->restarted = b->restarting = true;
	b->former_whole = whole;
	b->restarted_at = now;
}

/* ---- the turn ---- */

static void decide(struct bgp *b, struct dest *d)
{
	bool urgent = d->urgent;
	struct loc_rib_change change = loc_rib_decide(&b->rib, &b->settings, d);

	d->urgent = false; /* it may still wait, overtaken, in another queue */
	if (change.best_changed)
		recursion_best_changed(&b->rib, d);
	if (aggregates_look(b, d))
		change.best_changed = change.any_changed = true;
	for (size_t i = 0; i < b->peer_count; i++)
		adj_rib_out_changed(&b->peers[i]->out[d->family], d, &change, urgent);
	if (change.visible) {
		d->fib_pending = awaits_kernel(b, d);
		d->fib_refused = false;
	}
	if (change.visible && b->host.best_changed != NULL)
		b->host.best_changed(b->host.context, &b->rib.best);
	bgp_collect(b, d);
}

/* Aggregates are computed when all that they might consist of has been decided. */
static struct dest *next_dirty(struct bgp *b)
{
	struct dest *d = loc_rib_next_dirty(&b->rib);

	if (d != NULL)
		return d;
	aggregates_run(b);
	return loc_rib_next_dirty(&b->rib);
}

static void review(struct bgp *b, mono_t now)
{
	size_t budget = REVIEWS_PER_RUN;

	for (size_t i = 0; i < b->peer_count; i++)
		budget = adj_rib_in_run(b->peers[i], budget, now);
}

static void flush(struct peer *p, mono_t now)
{
	size_t budget = UPDATES_PER_RUN;

	for (size_t f = 0; f < BGP_FAMILIES; f++)
		budget = adj_rib_out_flush(&p->out[f], budget, now);
}

static bool pending(const struct bgp *b)
{
	if (loc_rib_pending(&b->rib) || b->rib.nexthops.changed || aggregates_pending(b))
		return true;
	for (size_t i = 0; i < b->peer_count; i++)
		if (adj_rib_in_pending(b->peers[i]))
			return true;
	for (size_t i = 0; i < b->peer_count; i++)
		for (size_t f = 0; f < BGP_FAMILIES; f++)
			if (adj_rib_out_pending(&b->peers[i]->out[f]))
				return true;
	return false;
}

bool bgp_run(struct bgp *b, mono_t now)
{
	struct dest *d;

	bgp_interfaces_run(b, now);
	bgp_keys_run(b);
	handover_run(b, now);
	for (size_t i = 0; i < b->peer_count; i++)
		peer_run(b->peers[i], now);
	update_delay_run(b, now);
	restart_run_own(b, now);
	review(b, now);
	bgp_own_run(b);
	if (b->rib.nexthops.changed)
		loc_rib_nexthops_changed(&b->rib);
	for (size_t n = 0; n < DECISIONS_PER_RUN && (d = next_dirty(b)) != NULL; n++)
		decide(b, d);
	for (size_t i = 0; i < b->peer_count; i++)
		flush(b->peers[i], now);
	bgp_dynamic_run(b, now);
	return pending(b);
}

mono_t bgp_deadline(const struct bgp *b)
{
	mono_t d = mono_min(b->neighbors_until, b->restart_due);

	d = mono_min(d, b->update_delay_due);
	if (pending(b))
		return (mono_t){0};
	for (size_t i = 0; i < b->peer_count; i++)
		d = mono_min(d, peer_deadline(b->peers[i]));
	return d;
}

void bgp_stop(struct bgp *b, bool back, mono_t now)
{
	b->stopped = true;
	for (size_t i = 0; i < b->peer_count; i++) {
		struct peer *p = b->peers[i];
		uint8_t data[SHUTDOWN_DATA_MAX];
		struct notification n = notification_cease_with(
		    NOTIFY_CEASE_SHUTDOWN, p->settings->shutdown_message, data);

		/* Its connection is kept: nothing is said on it, nor is it closed. */
		if (back && p->handed_over)
			continue;
		peer_reset(p, back && restart_peer_keeps_ours(p) ? NULL : &n, "Shutting down", now);
	}
}

bool bgp_restart_kept_by(const struct bgp *b, ifindex_t ifindex)
{
	for (size_t i = 0; i < b->peer_count; i++)
		if (ifindex_equal(b->peers[i]->ifindex, ifindex) &&
		    restart_peer_keeps_ours(b->peers[i]))
			return true;
	return false;
}

bool bgp_converged(const struct bgp *b)
{
	bool any = false;

	for (size_t i = 0; i < b->peer_count; i++) {
		const struct peer *p = b->peers[i];

		any |= p->up != NULL;
		for (size_t f = 0; f < BGP_FAMILIES; f++)
			if (p->families[f] && !p->end_of_rib[f])
				return false;
	}
	return any && !b->restarting && !update_delay_runs(b);
}
