/*
 * Adj-RIB-Out: who has been told what. How it becomes UPDATEs is packer.c's.
 *
 * A destination whose best path changed is queued once, whatever happens to it before its turn; at
 * its turn the outcome is computed from what is true then and compared with what the peer has. So
 * nothing is sent that changes nothing, and a queue never grows beyond the number of destinations.
 * Local changes have a queue of their own and go first; the walk over the whole table (a new
 * session, a route refresh, a new policy) goes last and feeds the queue piece by piece.
 *
 * Ownership: an out belongs to its destination's list; it exists while the peer has the route or
 * may be about to be told. It keeps the destination alive.
 */
#include "bgp/adj_rib_out.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "bgp/conditional.h"
#include "bgp/default_route.h"
#include "bgp/export.h"
#include "bgp/packer.h"
#include "bgp/speaker.h"

#define BATCH_MAX 2048

void adj_rib_out_init(struct adj_rib_out *o, struct peer *p, enum bgp_family family)
{
	*o = (struct adj_rib_out){.peer = p, .number = p->number, .family = family};
}

static struct loc_rib *rib_of(const struct adj_rib_out *o)
{
	return &o->peer->bgp->rib;
}

/* ---- outs and their queues ---- */

/* Of an Adj-RIB-Out with add-path. */
static struct path_out *path_out_of(struct out *out)
{
	return (struct path_out *)out;
}

static bool is_of(const struct adj_rib_out *o, const struct out *out)
{
	return out->peer == o->number;
}

uint32_t adj_rib_out_path_id(const struct adj_rib_out *o, const struct out *out)
{
	return o->add_path ? ((const struct path_out *)out)->path_id : 0;
}

static void enqueue(struct adj_rib_out *o, struct dest *d, struct out *out, bool urgent, bool force)
{
	out->force |= force;
	if (out->queued)
		return;
	out->queued = true;
	out_queue_push(urgent ? &o->urgent : &o->queue, d, out);
}

static bool dequeue(struct adj_rib_out *o, struct queued_out *e)
{
	if (!out_queue_shift(&o->urgent, e) && !out_queue_shift(&o->queue, e))
		return false;
	e->out->queued = false;
	return true;
}

/* The one for this destination, or with add-path for this path of it. */
static struct out *out_find(
    struct dest *d, const struct adj_rib_out *o, const struct peer *from, uint32_t path_id)
{
	struct out *out = out_index_find(&rib_of(o)->outs, d, o);

	while (out != NULL && o->add_path &&
	       (!is_of(o, out) || path_out_of(out)->from != from ||
		   path_out_of(out)->from_path_id != path_id))
		out = out->next;
	return out;
}

/* The next Path Identifier that the peer does not know for this destination. */
static uint32_t free_path_id(const struct dest *d, const struct adj_rib_out *o)
{
	uint32_t id = 1;

	for (const struct out *out = d->outs; out != NULL; out = out->next)
		if (is_of(o, out) && adj_rib_out_path_id(o, out) >= id)
			id = adj_rib_out_path_id(o, out) + 1;
	return id;
}

static struct out *path_out_new(struct adj_rib_out *o, struct dest *d, const struct path *path)
{
	struct path_out *out = pool_new(&rib_of(o)->path_out_pool);

	out->path_id = free_path_id(d, o);
	out->from = path == NULL ? NULL : path->peer;
	out->from_path_id = path == NULL ? 0 : path->path_id;
	return &out->out;
}

static struct out *out_new(struct adj_rib_out *o, struct dest *d, const struct path *path)
{
	struct out *out = o->add_path ? path_out_new(o, d, path) : pool_new(&rib_of(o)->out_pool);

	out->peer = o->number;
	out_index_append(&rib_of(o)->outs, d, out);
	return out;
}

/* What the peer has is now this (held already); NULL: nothing. */
static void out_take(struct adj_rib_out *o, struct out *out, const struct attrs *attrs,
    const struct nlri_extra *extra)
{
	struct loc_rib *rib = rib_of(o);

	o->advertised += (attrs != NULL) - (unsigned)(out->attrs != NULL);
	attrs_release(rib->attrs, out->attrs);
	extra_release(&rib->extras, out->extra);
	out->attrs = attrs;
	out->extra = extra;
}

/* The destination may go with it. */
static void out_free(struct adj_rib_out *o, struct dest *d, struct out *out)
{
	struct loc_rib *rib = rib_of(o);
	struct out **at = &d->outs;

	while (*at != out)
		at = &(*at)->next;
	*at = out->next;
	out_index_forget(&rib->outs, d);
	out_take(o, out, NULL, NULL);
	bgp_collect(o->peer->bgp, d);
	pool_free(o->add_path ? &rib->path_out_pool : &rib->out_pool, out);
}

/* ---- the cache of outcomes ---- */

void adj_rib_out_clear_cache(struct adj_rib_out *o)
{
	struct attr_table *attrs = rib_of(o)->attrs;

	for (size_t i = 0; i < EXPORT_CACHE_SIZE; i++) {
		attrs_release(attrs, o->cache[i].in);
		attrs_release(attrs, o->cache[i].out);
		o->cache[i] = (struct export_cache){0};
	}
}

static const struct attrs *exported(
    struct adj_rib_out *o, const struct dest *d, const struct path *path)
{
	struct nlri n;

	dest_nlri(d, path->extra, &n);
	return conditional_export(o, d, &n, path);
}

static const struct attrs *cached_export(
    struct adj_rib_out *o, const struct dest *d, const struct path *path)
{
	struct export_cache *c = &o->cache[path->attrs->id % EXPORT_CACHE_SIZE];

	if (c->in != path->attrs || c->from != path->peer) {
		struct attr_table *attrs = rib_of(o)->attrs;

		attrs_release(attrs, c->in);
		attrs_release(attrs, c->out);
		c->in = attrs_hold(path->attrs);
		c->from = path->peer;
		c->out = exported(o, d, path);
	}
	return c->out == NULL ? NULL : attrs_hold(c->out);
}

/* ---- opening, closing, walking ---- */

void adj_rib_out_open(struct adj_rib_out *o)
{
	o->open = true;
	o->add_path = o->peer->up->transmit.add_path[o->family];
	o->end_of_rib_owed = !o->peer->bgp->settings.restart.disable_end_of_rib;
	o->sweep_owed = o->peer->up->taken_over;
	adj_rib_out_walk(o, false);
}

/* The last one may take the destination with it. Without add-path there is one; when many peers go
 * in the order in which they came, it is among the first. */
static void free_outs(struct adj_rib_out *o, struct dest *d)
{
	struct out *out = d->outs, *next;

	for (; out != NULL; out = next) {
		next = out->next;
		if (!is_of(o, out))
			continue;
		out_free(o, d, out);
		if (!o->add_path)
			return;
	}
}

void adj_rib_out_close(struct adj_rib_out *o)
{
	struct loc_rib *rib = rib_of(o);
	struct dest *next;

	if (!o->open)
		return;
	o->walking = false;
	for (struct dest *d = loc_rib_after(rib, o->family, NULL); d != NULL; d = next) {
		next = loc_rib_after(rib, o->family, d);
		free_outs(o, d);
	}
	adj_rib_out_clear_cache(o);
	out_queue_fini(&o->urgent);
	out_queue_fini(&o->queue);
	check(o->advertised == 0);
	adj_rib_out_init(o, o->peer, o->family);
}

void adj_rib_out_walk(struct adj_rib_out *o, bool force)
{
	if (!o->open)
		return;
	default_route_prepare(o);
	conditional_prepare(o);
	o->walk_force = force || (o->walking && o->walk_force);
	o->walking = true;
	o->cursor = NULL;
	if (force && o->peer->up->enhanced_refresh) {
		session_send_refresh(o->peer->up, o->family, ROUTE_REFRESH_BEGIN);
		o->refresh_end_owed = true;
	}
}

/* RFC 7313 section 4: no BoRR before End-of-RIB. */
void adj_rib_out_refresh(struct adj_rib_out *o)
{
	if (o->end_of_rib_owed && o->peer->up->enhanced_refresh)
		o->refresh_owed = true;
	else
		adj_rib_out_walk(o, true);
}

void adj_rib_out_policy_changed(struct adj_rib_out *o)
{
	if (!o->open)
		return;
	adj_rib_out_clear_cache(o);
	adj_rib_out_walk(o, false);
}

static void consider_path(
    struct adj_rib_out *o, struct dest *d, const struct path *path, bool urgent, bool force)
{
	struct out *out =
	    path == NULL ? out_find(d, o, NULL, 0) : out_find(d, o, path->peer, path->path_id);

	if (out == NULL) {
		if (!default_route_is(o, d) &&
		    (path == NULL || !export_allowed(o->peer, o->family, path)))
			return;
		out = out_new(o, d, path);
	}
	enqueue(o, d, out, urgent, force);
}

static bool is_live(const struct path *p)
{
	return (p->flags & (PATH_WITHDRAWN | PATH_ORPHAN)) == 0;
}

/* `addpath-tx-bestpath-per-AS`: no better path came from the same neighbouring AS. */
static bool is_best_of_its_as(
    const struct adj_rib_out *o, const struct dest *d, const struct path *p)
{
	struct bgp *b = o->peer->bgp;

	return loc_rib_best_of_as(&b->rib, &b->settings, d, as_path_first(p->attrs)) == p;
}

/* What the peer is to have of this path now; the settings may have changed since it was told. One
 * that we cannot use ourselves is none (RFC 4271 section 9.1.2): packets that follow it come to us.
 */
static bool path_wanted(const struct adj_rib_out *o, const struct dest *d, const struct path *p)
{
	if ((p->flags & PATH_UNUSABLE) != 0)
		return false;
	switch (o->peer->settings->family[o->family].add_path) {
	case ADD_PATH_NONE:
		return (p->flags & PATH_BEST) != 0;
	case ADD_PATH_ALL:
		return true;
	case ADD_PATH_BEST_PER_AS:
		return is_best_of_its_as(o, d, p);
	}
	return false;
}

/* All that it has of this destination, and all that it is to have. */
static void consider_all_paths(struct adj_rib_out *o, struct dest *d, bool urgent, bool force)
{
	for (struct out *out = d->outs; out != NULL; out = out->next)
		if (is_of(o, out))
			enqueue(o, d, out, urgent, force);
	if (default_route_is(o, d)) {
		consider_path(o, d, NULL, urgent, force);
		return;
	}
	for (const struct path *p = d->paths; p != NULL; p = p->next)
		if (is_live(p) && path_wanted(o, d, p))
			consider_path(o, d, p, urgent, force);
}

static void consider(struct adj_rib_out *o, struct dest *d, bool urgent, bool force)
{
	if (!o->open)
		return;
	if (o->add_path)
		consider_all_paths(o, d, urgent, force);
	else
		consider_path(o, d, dest_best(d), urgent, force);
}

void adj_rib_out_changed(
    struct adj_rib_out *o, struct dest *d, const struct loc_rib_change *change, bool urgent)
{
	bool told =
	    change->best_changed || (change->visible && export_looks_at_set(o->peer, o->family, d));

	if (told || (o->add_path && change->any_changed))
		consider(o, d, urgent, false);
	if (change->best_changed || change->any_changed)
		default_route_look(o, d);
	if (change->best_changed || change->any_changed)
		conditional_look(o, d);
}

void adj_rib_out_consider(struct adj_rib_out *o, struct dest *d)
{
	consider(o, d, false, false);
}

void adj_rib_out_forget(struct adj_rib_out *o, const struct dest *d)
{
	const struct list *order = &rib_of(o)->tables[o->family].order;

	default_route_forget(o, d);
	conditional_forget(o, d);
	if (o->cursor == d)
		o->cursor = d->order.prev == &order->head
				? NULL
				: list_entry(d->order.prev, struct dest, order);
}

/* Visits up to `budget` destinations; the number visited. */
static size_t walk(struct adj_rib_out *o, size_t budget)
{
	size_t n = 0;

	while (o->walking && n < budget) {
		struct dest *d = loc_rib_after(rib_of(o), o->family, o->cursor);

		if (d == NULL) {
			o->walking = false;
			break;
		}
		o->cursor = d;
		consider(o, d, false, o->walk_force);
		n++;
	}
	return n;
}

/* ---- what is told ---- */

/* The path that is to be told of; NULL: there is none any more. */
static const struct path *out_path(const struct adj_rib_out *o, const struct queued_out *e)
{
	const struct path *p = e->dest->paths;
	const struct path_out *out;

	if (!o->add_path)
		return dest_best(e->dest);
	out = path_out_of(e->out);
	while (
	    p != NULL && (!is_live(p) || p->peer != out->from || p->path_id != out->from_path_id))
		p = p->next;
	return p != NULL && path_wanted(o, e->dest, p) ? p : NULL;
}

/* `maximum-prefix-out`: one more than the peer is to have. What it has stays, unless the limit came
 * down; what is kept back is looked at again when there is room. */
static bool is_too_many(struct adj_rib_out *o, const struct out *out)
{
	uint32_t max = o->peer->settings->family[o->family].max_out;
	bool new = out->attrs == NULL;

	if (max == 0 || o->announced + new <= max)
		return false;
	o->left_out = true;
	return true;
}

/* `bgp suppress-fib-pending`: what the peer has stays until the kernel has what is new. */
static bool is_early(const struct adj_rib_out *o, const struct pending *p)
{
	return p->dest->fib_pending && o->peer->bgp->settings.suppress_fib_pending &&
	       !default_route_is(o, p->dest) && p->attrs != p->out->attrs;
}

/* … and if the kernel is not to have it, the peer has nothing. */
static bool is_refused(const struct adj_rib_out *o, const struct pending *p)
{
	return p->dest->fib_refused && o->peer->bgp->settings.suppress_fib_pending &&
	       !default_route_is(o, p->dest);
}

/* What the peer has is told again if it has asked: what it does not hear before EoRR it drops. */
static bool stay(struct adj_rib_out *o, bool again, struct pending *p)
{
	pending_forgo(o, p);
	if (!again || p->out->attrs == NULL)
		return false;
	p->attrs = attrs_hold(p->out->attrs);
	p->extra = extra_hold(p->out->extra);
	return true;
}

/* With add-path the default route takes the place of a path from here; those of others go. */
static bool stands_for_default(const struct adj_rib_out *o, struct out *out)
{
	return !o->add_path ||
	       (path_out_of(out)->from == NULL && path_out_of(out)->from_path_id == 0);
}

static void outcome(
    struct adj_rib_out *o, const struct path *best, bool per_nlri, struct pending *p)
{
	if (default_route_is(o, p->dest)) {
		if (stands_for_default(o, p->out))
			p->attrs = default_route_attrs(o);
		return;
	}
	if (best == NULL || !export_allowed(o->peer, o->family, best))
		return;
	p->attrs = per_nlri || (best->flags & PATH_SUPPRESSED) != 0 || export_adds_up(p->dest)
		       ? exported(o, p->dest, best)
		       : cached_export(o, p->dest, best);
	p->extra = p->attrs == NULL ? NULL : extra_hold(best->extra);
}

/* What is to be told about this destination now. False: nothing. */
static bool resolve(
    struct adj_rib_out *o, const struct queued_out *e, bool per_nlri, struct pending *p)
{
	const struct path *best = out_path(o, e);
	struct out *out = e->out;
	bool force = out->force;

	*p = (struct pending){.dest = e->dest, .out = out};
	out->force = false;
	outcome(o, best, per_nlri, p);
	if (p->attrs != NULL && (is_refused(o, p) || is_too_many(o, out)))
		pending_forgo(o, p);
	if (p->attrs == NULL)
		return out->attrs != NULL;
	if (o->family == BGP_L2VPN_EVPN && best != NULL && best->peer != NULL)
		handover_tells(o->peer, p->dest, best);
	if (p->attrs == out->attrs && p->extra == out->extra && !force) {
		pending_forgo(o, p);
		return false;
	}
	return !is_early(o, p) || stay(o, force, p);
}

/* The peer has it now. */
static void settle(struct adj_rib_out *o, struct pending *p, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		out_take(o, p[i].out, p[i].attrs, p[i].extra);
		if (p[i].attrs == NULL && !p[i].out->queued)
			out_free(o, p[i].dest, p[i].out);
	}
}

static uint64_t order_of(const struct attrs *attrs, size_t taken)
{
	return attrs == NULL ? taken : ((uint64_t)attrs->id + 1) << 32 | taken;
}

/* One batch off the queues. Returns how many were taken. */
static size_t flush_batch(struct adj_rib_out *o, size_t budget, mono_t now)
{
	struct bgp *b = o->peer->bgp;
	size_t waiting = o->urgent.count + o->queue.count;
	size_t max = waiting < budget ? waiting : budget;
	struct pending *p = arena_new(&b->arena, max * sizeof(*p));
	bool per_nlri = conditional_is(o) || export_looks_at_nlri(o->peer, o->family);
	size_t taken = 0, count = 0;
	struct queued_out e;

	o->announced = o->advertised;
	while (taken < max && dequeue(o, &e)) {
		taken++;
		if (resolve(o, &e, per_nlri, &p[count])) {
			o->announced += (p[count].attrs != NULL) - (unsigned)(e.out->attrs != NULL);
			p[count].order = order_of(p[count].attrs, taken);
			count++;
		} else if (e.out->attrs == NULL) {
			out_free(o, e.dest, e.out);
		}
	}
	packer_send(o, p, count, now);
	settle(o, p, count);
	arena_reset(&b->arena);
	return taken;
}

static bool queued(const struct adj_rib_out *o)
{
	return o->urgent.count != 0 || o->queue.count != 0;
}

static bool is_told(const struct adj_rib_out *o, const struct nlri *n)
{
	struct dest *d = loc_rib_find(rib_of(o), n);
	const struct out *out = d == NULL ? NULL : out_find(d, o, NULL, 0);

	return out != NULL && out->attrs != NULL;
}

/* What the peer may have from the previous instance, and is not told any more: a batch of it. False
 * when that was not all. */
static bool withdraw_former(struct adj_rib_out *o, mono_t now)
{
	struct bgp *b = o->peer->bgp;
	const struct nlri **gone = arena_new(&b->arena, BATCH_MAX * sizeof(*gone));
	size_t left = BATCH_MAX, count = 0;

	for (; o->former_at < b->former_count && left > 0; o->former_at++, left--) {
		const struct nlri *n = &b->former[o->former_at];

		if (n->family == o->family && !is_told(o, n))
			gone[count++] = n;
	}
	packer_withdraw(o, gone, count, now);
	arena_reset(&b->arena);
	return o->former_at == b->former_count;
}

/* FRR 8.4 ignores BoRR while a refresh of another family is under way: one after the other. */
static bool may_sweep(const struct adj_rib_out *o)
{
	const struct peer *p = o->peer;

	for (size_t f = 0; f < BGP_FAMILIES; f++)
		if (p->out[f].refresh_end_owed)
			return false;
	return o->sweep_owed;
}

/* All has been told. Once more, as a refresh that nobody asked for (RFC 7313 section 4): what the
 * peer has beyond that goes. */
static void sweep(struct adj_rib_out *o, mono_t now)
{
	if (!withdraw_former(o, now))
		return;
	o->sweep_owed = false;
	adj_rib_out_walk(o, true);
}

/* End-of-RIB and EoRR close what the walk began, when nothing of it is left to be told: a peer that
 * kept our routes over a restart drops at End-of-RIB what we have not announced again. */
static bool marker_due(const struct adj_rib_out *o)
{
	const struct bgp *b = o->peer->bgp;

	return (o->end_of_rib_owed || o->refresh_end_owed || may_sweep(o)) && !o->walking &&
	       !queued(o) && !b->rib.held[o->family] && !b->originating &&
	       !loc_rib_pending(rib_of(o));
}

static void send_markers(struct adj_rib_out *o, mono_t now)
{
	struct session *s = o->peer->up;

	if (o->end_of_rib_owed) {
		uint8_t message[64];
		struct writer w = writer_to(message, sizeof(message));

		end_of_rib_encode(&w, o->family);
		session_send(s, message, writer_size(&w), 1, now);
		o->end_of_rib_sent = true;
	}
	if (o->refresh_end_owed)
		session_send_refresh(s, o->family, ROUTE_REFRESH_END);
	o->end_of_rib_owed = o->refresh_end_owed = false;
	if (o->refresh_owed) {
		o->refresh_owed = false;
		adj_rib_out_walk(o, true);
	} else if (may_sweep(o)) {
		sweep(o, now);
	}
}

static bool can_send(const struct adj_rib_out *o)
{
	return o->open && !session_blocked(o->peer->up) &&
	       (o->family == BGP_L2VPN_EVPN || !update_delay_runs(o->peer->bgp));
}

/* There is room again for what was kept back. */
static bool has_room(const struct adj_rib_out *o)
{
	uint32_t max = o->peer->settings->family[o->family].max_out;

	return o->left_out && (max == 0 || o->advertised < max);
}

static bool has_routes(const struct adj_rib_out *o)
{
	return queued(o) || o->walking || has_room(o);
}

bool adj_rib_out_pending(const struct adj_rib_out *o)
{
	return o->condition_due ||
	       (can_send(o) && ((has_routes(o) && !o->holding) || marker_due(o)));
}

mono_t adj_rib_out_deadline(const struct adj_rib_out *o)
{
	return o->holding && can_send(o) && has_routes(o) ? o->hold_until : MONO_NEVER;
}

/* RFC 4271 section 9.2.1.1: two announcements of one destination are that far apart. Simpler and
 * stronger: once all that there was has been told, nothing is for that long. */
static void hold_back(struct adj_rib_out *o, mono_t now)
{
	int64_t ms = o->peer->settings->advertisement_interval_s * 1000;

	if (ms == 0 || !o->open || has_routes(o))
		return;
	o->holding = true;
	o->hold_until = mono_add_ms(now, bgp_jitter_ms(o->peer->bgp, ms));
}

/* The interval may have been changed meanwhile. */
static bool still_holding(struct adj_rib_out *o, mono_t now)
{
	if (o->holding &&
	    (mono_reached(o->hold_until, now) || o->peer->settings->advertisement_interval_s == 0))
		o->holding = false;
	return o->holding;
}

static void fill_up(struct adj_rib_out *o)
{
	if (o->walking || queued(o) || !has_room(o))
		return;
	o->left_out = false;
	adj_rib_out_walk(o, false);
}

static size_t flush_routes(struct adj_rib_out *o, size_t budget, mono_t now)
{
	uint64_t sent = o->peer->sent_messages[MESSAGE_UPDATE];

	while (budget > 0 && can_send(o)) {
		size_t max = budget < BATCH_MAX ? budget : BATCH_MAX, done;

		fill_up(o);
		done = queued(o) ? 0 : walk(o, max);
		if (queued(o))
			done += flush_batch(o, max, now);
		if (done == 0)
			break;
		budget -= done < budget ? done : budget;
	}
	if (o->peer->sent_messages[MESSAGE_UPDATE] != sent)
		hold_back(o, now);
	return budget;
}

size_t adj_rib_out_flush(struct adj_rib_out *o, size_t budget, mono_t now)
{
	conditional_run(o);
	if (!still_holding(o, now))
		budget = flush_routes(o, budget, now);
	if (marker_due(o) && can_send(o))
		send_markers(o, now);
	return budget;
}
