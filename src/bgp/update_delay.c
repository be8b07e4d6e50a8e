/*
 * The delay at a start, FRR's read-only mode: a host that has just come up draws no traffic before
 * it knows where to send it.
 *
 * It ends when each peer that is up has sent End-of-RIB for all its families, and each that may
 * still come is up or has had M seconds. A peer that does not say End-of-RIB (RFC 4724) counts as
 * done a keepalive interval after it came up: FRR takes its first KEEPALIVE for the mark. Held back
 * are the selection of what others announced (loc_rib_hold) and all unicast UPDATEs. EVPN's own
 * routes go out at once, as over a restart (docs/decisions/own-routes-are-not-deferred.md): they
 * are about the VMs of this host alone.
 */
#include "bgp/update_delay.h"

#include "bgp/speaker.h"

static mono_t after(const struct bgp *b, uint16_t s)
{
	return mono_add_s(b->update_delay_since, s);
}

/* Of a peer that does not say so. */
static mono_t has_told_at(const struct peer *p)
{
	return mono_add_s(p->since, p->up->hold_s / 3);
}

static bool is_awaited(const struct peer *p, mono_t now)
{
	if (p->up == NULL)
		return peer_may_come(p) &&
		       !mono_reached(after(p->bgp, p->bgp->settings.update_delay_wait_s), now);
	if (!p->up->open.graceful_restart)
		return !mono_reached(has_told_at(p), now);
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		if (p->families[f] && !p->end_of_rib[f])
			return true;
	return false;
}

static bool any_up(const struct bgp *b)
{
	for (size_t i = 0; i < b->peer_count; i++)
		if (b->peers[i]->up != NULL)
			return true;
	return false;
}

static bool is_over(const struct bgp *b, mono_t now)
{
	if (mono_reached(after(b, b->settings.update_delay_s), now))
		return true;
	for (size_t i = 0; i < b->peer_count; i++)
		if (is_awaited(b->peers[i], now))
			return false;
	return true;
}

static mono_t sooner(mono_t due, mono_t t, mono_t now)
{
	return mono_reached(t, now) ? due : mono_min(due, t);
}

/* The next time at which it may be over without an event: those that have passed said nothing. */
static mono_t next_look(const struct bgp *b, mono_t now)
{
	mono_t due = sooner(MONO_NEVER, after(b, b->settings.update_delay_s), now);

	due = sooner(due, after(b, b->settings.update_delay_wait_s), now);
	for (size_t i = 0; i < b->peer_count; i++)
		if (b->peers[i]->up != NULL && !b->peers[i]->up->open.graceful_restart)
			due = sooner(due, has_told_at(b->peers[i]), now);
	return due;
}

static void set_phase(struct bgp *b, enum update_delay_phase phase)
{
	b->update_delay = phase;
	if (b->settings.update_delay_s > 0)
		log_info(b->log, LOG_BGP, "update-delay %s",
		    phase == UPDATE_DELAY_RUNS ? "begins" : "ends");
}

void update_delay_run(struct bgp *b, mono_t now)
{
	if (b->update_delay == UPDATE_DELAY_AHEAD && any_up(b)) {
		b->update_delay_since = now;
		set_phase(b, UPDATE_DELAY_RUNS);
	}
	if (b->update_delay == UPDATE_DELAY_RUNS && is_over(b, now))
		set_phase(b, UPDATE_DELAY_OVER);
	b->update_delay_due = update_delay_runs(b) ? next_look(b, now) : MONO_NEVER;
}

bool update_delay_runs(const struct bgp *b)
{
	return b->update_delay == UPDATE_DELAY_RUNS;
}

void update_delay_again(struct bgp *b)
{
	b->update_delay = UPDATE_DELAY_AHEAD;
}
