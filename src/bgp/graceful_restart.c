/*
 * Graceful restart, both roles, per peer and family.
 *
 * Restarting: OPEN tells for which families the kernel goes on forwarding while this daemon is
 * away (the F bit), and that a previous instance ran (the R bit, until routes are selected again).
 * After a restart learned routes are not selected before all peers have sent End-of-RIB; the ones
 * we originate go out at once, for nothing that a peer could say changes them, and a migration must
 * not wait. The kernel's entries stay meanwhile (evpn/, fib).
 *
 * Receiving: when a session ends in a way that promises a return, the peer's paths stay, marked
 * stale, and are used as before. They go when the peer has not come back by its restart time, when
 * it comes back without having kept forwarding state, at its End-of-RIB, or at stalepath-time at
 * the latest. Where both ends agreed on a long-lived stale time, those that outlive the restart
 * time get the LLGR_STALE community instead, which makes them everybody's last choice
 * (decision.c, export.c).
 *
 * A path is stale by its flag alone (loc_rib.h); here is for which families, and until when.
 *
 * RFC 4724, 8538, 9494.
 */
#include "bgp/graceful_restart.h"

#include <string.h>

#include "bgp/speaker.h"

/* After our restart a configured peer has so long to connect, or to say a word on a connection that
 * was kept, before the others' routes are selected without it. One that is dead would hold up all
 * the others for select-defer-time. */
#define PEER_PATIENCE_S 15
/* The time that the decision process of a large table may take. */
#define SELECTION_S 2
/* A second connection of the peer so soon after the first one was established is the loser of a
 * collision, on its way before the winner was known; it is no restart. */
#define COLLISIONS_END_S 5

void restart_init(struct peer_restart *r)
{
	*r = (struct peer_restart){.back_by = MONO_NEVER, .stale_end = MONO_NEVER};
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		r->long_lived_end[f] = MONO_NEVER;
}

static bool takes_part(const struct peer *p)
{
	return p->settings->graceful_restart != GRACEFUL_RESTART_OFF;
}

static bool restarts(const struct peer *p)
{
	return p->settings->graceful_restart == GRACEFUL_RESTART_ON;
}

/* ---- our own restart ---- */

/* A first session after the start of the host has nothing that was kept for it; after that the
 * kernel forwards whether there is a session or not. */
static bool forwarding_kept(const struct peer *p)
{
	const struct bgp *b = p->bgp;

	return b->settings.restart.preserve_forwarding &&
	       (b->restarted || p->established_count > 0);
}

void restart_offer(const struct peer *p, struct open *o)
{
	const struct restart_settings *s = &p->bgp->settings.restart;

	if (!takes_part(p))
		return;
	o->graceful_restart = true;
	o->restarting = p->bgp->restarting;
	o->notification = s->notification;
	o->restart_s = s->restart_s;
	/* Without families: we keep what others say over their restart (RFC 4724 section 3, RFC
	 * 9494 section 4.1), and End-of-RIB is understood. Without it FRR sends none. */
	o->long_lived = true;
	for (size_t f = 0; restarts(p) && f < BGP_FAMILIES; f++) {
		if (!p->settings->family[f].activate)
			continue;
		o->restart_families[f] = true;
		o->forwarding_kept[f] = forwarding_kept(p);
		o->long_lived_families[f] = s->long_lived_s != 0;
		o->long_lived_kept[f] = forwarding_kept(p);
		o->long_lived_s[f] = s->long_lived_s;
	}
}

bool restart_peer_keeps_ours(const struct peer *p)
{
	return p->up != NULL && restarts(p) && p->up->open.graceful_restart;
}

static mono_t patience_end(const struct bgp *b)
{
	return mono_add_s(b->restarted_at, PEER_PATIENCE_S);
}

/* The peer died while we were away, which its hold time is long in telling. */
static bool seems_dead(const struct peer *p, mono_t now)
{
	return p->last_read.ns == MONO_NEVER.ns && mono_reached(patience_end(p->bgp), now);
}

/* Of a session that was taken over the OPEN is old news, and the refresh always ends; but one who
 * asks for all that we have restarts as well, and waits for us. */
static bool refresh_awaited(const struct peer *p, mono_t now)
{
	return !p->asked && !seems_dead(p, now);
}

/* RFC 4724 section 4.1: not from those that restart themselves, nor from those that do not say
 * when they are done. */
static bool end_of_rib_awaited(const struct peer *p, enum bgp_family f, mono_t now)
{
	const struct open *o = &p->up->open;

	if (p->up->taken_over ? !refresh_awaited(p, now) : !o->graceful_restart || o->restarting)
		return false;
	return p->families[f] && !p->end_of_rib[f];
}

/* What is deferred must have been selected when the kernel's unconfirmed entries go. */
static mono_t defer_end(const struct bgp *b)
{
	const struct restart_settings *s = &b->settings.restart;
	int64_t longest_s = s->rib_stale_s > SELECTION_S ? s->rib_stale_s - SELECTION_S : 0;

	return mono_add_s(
	    b->restarted_at, s->select_defer_s < longest_s ? s->select_defer_s : longest_s);
}

static bool awaited(const struct peer *p, enum bgp_family f, mono_t now)
{
	if (p->up != NULL)
		return end_of_rib_awaited(p, f, now);
	return p->settings->family[f].activate && peer_may_come(p) &&
	       !mono_reached(patience_end(p->bgp), now);
}

static bool family_waits(const struct bgp *b, enum bgp_family f, mono_t now)
{
	if (!b->restarting || mono_reached(defer_end(b), now))
		return false;
	if (b->originating)
		return true;
	for (size_t i = 0; i < b->peer_count; i++)
		if (awaited(b->peers[i], f, now))
			return true;
	return false;
}

void restart_run_own(struct bgp *b, mono_t now)
{
	mono_t patience = patience_end(b);
	bool waits[BGP_FAMILIES], any_waits = false, any_restarts = false;

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		any_waits |= waits[f] = family_waits(b, f, now);
	b->restarting = any_waits;
	for (size_t i = 0; b->restarting && i < b->peer_count; i++)
		any_restarts |= restarts(b->peers[i]);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		loc_rib_hold(&b->rib, f, (waits[f] && any_restarts) || update_delay_runs(b));
	b->restart_due = !b->restarting		       ? MONO_NEVER
			 : mono_reached(patience, now) ? defer_end(b)
						       : mono_min(patience, defer_end(b));
}

/* ---- NOTIFICATION (RFC 8538) ---- */

static bool both_know_hard_reset(const struct session *s)
{
	const struct peer *p = s->peer;

	return s->state == BGP_ESTABLISHED && takes_part(p) &&
	       p->bgp->settings.restart.notification && s->open.graceful_restart &&
	       s->open.notification;
}

bool restart_survives(const struct session *s, const struct notification *n)
{
	return both_know_hard_reset(s) &&
	       !(n->code == NOTIFY_CEASE && n->subcode == NOTIFY_CEASE_HARD_RESET);
}

/* Section 5.1, and FRR's `bgp hard-administrative-reset`. */
static bool is_hard(const struct bgp_settings *g, const struct notification *n)
{
	if (n->code != NOTIFY_CEASE)
		return false;
	switch (n->subcode) {
	case NOTIFY_CEASE_MAX_PREFIXES:
	case NOTIFY_CEASE_SHUTDOWN:
	case NOTIFY_CEASE_DECONFIGURED:
	case NOTIFY_CEASE_BFD_DOWN:
		return true;
	case NOTIFY_CEASE_RESET:
		return g->restart.hard_administrative_reset;
	default:
		return false;
	}
}

struct notification restart_hard_reset(const struct notification *n, uint8_t *data)
{
	struct writer w = writer_to(data, MESSAGE_MAX);

	write_u8(&w, n->code);
	write_u8(&w, n->subcode);
	write_bytes(&w, n->data, n->data_size);
	return (struct notification){.code = NOTIFY_CEASE,
	    .subcode = NOTIFY_CEASE_HARD_RESET,
	    .data = data,
	    .data_size = writer_size(&w)};
}

struct notification restart_wrap(
    const struct session *s, const struct notification *n, uint8_t *data)
{
	if (!both_know_hard_reset(s) || !is_hard(&s->peer->bgp->settings, n))
		return *n;
	return restart_hard_reset(n, data);
}

/* ---- the peer's restart ---- */

static bool lists_a_family(const struct open *o)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		if (o->restart_families[f])
			return true;
	return false;
}

bool restart_may_replace(const struct peer *p, mono_t now)
{
	return p->up != NULL && takes_part(p) && p->up->open.graceful_restart &&
	       lists_a_family(&p->up->open) &&
	       mono_reached(mono_add_s(p->up->established_at, COLLISIONS_END_S), now);
}

/* RFC 9494 section 4.2: no capability, or one that does not list the family, means zero; so does
 * a receiver that was not told to keep anything for long. */
static uint32_t long_lived_s(const struct peer *p, const struct open *o, enum bgp_family f)
{
	uint32_t ours = p->bgp->settings.restart.long_lived_s, theirs = o->long_lived_s[f];

	if (!o->graceful_restart || !o->long_lived_families[f])
		return 0;
	return ours < theirs ? ours : theirs;
}

static void family_forget(struct peer *p, enum bgp_family f)
{
	struct peer_restart *r = &p->restart;

	if (r->retention[f] != RETENTION_NONE)
		loc_rib_stale_end(&p->bgp->rib, f, p);
	r->retention[f] = RETENTION_NONE;
	r->long_lived_end[f] = MONO_NEVER;
}

static void timers_settle(struct peer_restart *r)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		if (r->retention[f] == RETENTION_STALE)
			return;
	r->back_by = r->stale_end = MONO_NEVER;
}

/* The restart time is over. */
static void family_outlives(struct peer *p, enum bgp_family f, mono_t now)
{
	struct peer_restart *r = &p->restart;

	if (r->long_lived_s[f] == 0) {
		family_forget(p, f);
		return;
	}
	r->retention[f] = RETENTION_LLGR;
	/* Section 4.2: one that runs goes on until the peer has synchronised. */
	if (r->long_lived_end[f].ns == MONO_NEVER.ns)
		r->long_lived_end[f] = mono_add_s(now, r->long_lived_s[f]);
	loc_rib_long_lived(&p->bgp->rib, f, p, &p->bgp->arena);
	arena_reset(&p->bgp->arena);
}

/* Whether paths of the family stay, marked; RFC 4724 section 4.2 on consecutive restarts: those
 * that were stale already do not, which RFC 9494 section 4.2 lifts where its timer bounds them. */
static bool family_lost(struct peer *p, const struct open *o, enum bgp_family f, mono_t now)
{
	struct peer_restart *r = &p->restart;
	bool listed = o->restart_families[f] && o->restart_s > 0;

	r->long_lived_s[f] = long_lived_s(p, o, f);
	if (!listed && r->long_lived_s[f] == 0)
		return false;
	if (r->long_lived_s[f] == 0)
		family_forget(p, f);
	loc_rib_stale_begin(&p->bgp->rib, f, p);
	r->retention[f] = RETENTION_STALE;
	if (!listed || r->long_lived_end[f].ns != MONO_NEVER.ns)
		family_outlives(p, f, now);
	return true;
}

void restart_lost(
    struct peer *p, const struct session *s, bool graceful, mono_t now, bool keeps[BGP_FAMILIES])
{
	struct peer_restart *r = &p->restart;
	const struct open *o = &s->open;

	graceful = graceful && takes_part(p) && o->graceful_restart;
	r->back_by = mono_add_s(now, o->restart_s);
	r->stale_end = mono_add_s(now, p->bgp->settings.restart.stalepath_s);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		keeps[f] = graceful && s->families[f] && family_lost(p, o, f, now);
		if (!keeps[f])
			family_forget(p, f);
	}
	timers_settle(r);
}

/* RFC 4724 section 4.2, RFC 9494 section 4.2: does the new session confirm what was kept? */
static bool confirms(const struct session *s, enum bgp_family f, enum retention retention)
{
	const struct open *o = &s->open;

	if (!s->families[f] || !o->graceful_restart)
		return false;
	if (retention == RETENTION_LLGR)
		return o->long_lived_families[f] && o->long_lived_kept[f];
	return o->restart_families[f] && o->forwarding_kept[f];
}

void restart_established(struct peer *p, const struct session *s)
{
	struct peer_restart *r = &p->restart;

	r->back_by = MONO_NEVER;
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (!takes_part(p) || !confirms(s, f, r->retention[f]))
			family_forget(p, f);
	timers_settle(r);
}

bool restart_end_awaited(const struct peer *p, enum bgp_family family)
{
	return takes_part(p) && p->up->open.graceful_restart && !p->up->taken_over &&
	       !p->end_of_rib[family];
}

void restart_end_of_rib(struct peer *p, enum bgp_family family)
{
	family_forget(p, family);
	timers_settle(&p->restart);
}

bool restart_retains(const struct peer *p)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		if (p->restart.retention[f] != RETENTION_NONE)
			return true;
	return false;
}

void restart_forget(struct peer *p)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		family_forget(p, f);
	timers_settle(&p->restart);
}

static void stale_time_over(struct peer *p, mono_t now)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (p->restart.retention[f] != RETENTION_STALE)
			continue;
		if (p->up == NULL)
			family_outlives(p, f, now);
		else
			family_forget(p, f);
	}
	timers_settle(&p->restart);
}

void restart_run(struct peer *p, mono_t now)
{
	struct peer_restart *r = &p->restart;

	if (mono_reached(r->back_by, now) || mono_reached(r->stale_end, now))
		stale_time_over(p, now);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (mono_reached(r->long_lived_end[f], now))
			family_forget(p, f);
}

mono_t restart_deadline(const struct peer *p)
{
	const struct peer_restart *r = &p->restart;
	mono_t due = mono_min(r->back_by, r->stale_end);

	for (size_t f = 0; f < BGP_FAMILIES; f++)
		due = mono_min(due, r->long_lived_end[f]);
	return due;
}
