/*
 * `maximum-prefix`: a peer that announces more routes of a family than it should has a mishap that
 * is not to become ours (RFC 4486 section 4, Cease subcode 1).
 *
 * What counts are the routes in the RIB, after policy; but not those of its last session that are
 * kept until it has told all: their place is taken by what it tells. Looked at after each UPDATE,
 * so the limit may be passed by one message's worth. A warning is said once and again only after
 * the number has been below its mark. A session that was ended stays down until `restart` minutes
 * are over or the limit is changed.
 */
#include "bgp/message.h"
#include "bgp/speaker.h"

#define PERCENT 100

static enum limit_state state_of(const struct prefix_limit *l, uint32_t count)
{
	if (count > l->max)
		return LIMIT_EXCEEDED;
	return (uint64_t)count * PERCENT > (uint64_t)l->max * l->threshold ? LIMIT_NEAR
									   : LIMIT_KEPT;
}

static uint32_t count_of(const struct peer *p, enum bgp_family f)
{
	return p->accepted[f] - p->stale[f];
}

static void say(const struct peer *p, enum bgp_family f, enum limit_state state)
{
	const struct prefix_limit *l = &p->settings->family[f].limit;

	log_warning(p->bgp->log, LOG_BGP, "%%MAXPFX: %s: %u routes of %s from %s, the limit is %u",
	    state == LIMIT_EXCEEDED ? "exceeded" : "threshold", count_of(p, f), bgp_family_name(f),
	    peer_name(p), l->max);
}

/* The data of the NOTIFICATION: family and limit (RFC 4486 section 4). */
static void overflow(struct peer *p, enum bgp_family f, mono_t now)
{
	const struct prefix_limit *l = &p->settings->family[f].limit;
	uint8_t data[7];
	struct writer w = writer_to(data, sizeof(data));
	struct notification n = {.code = NOTIFY_CEASE,
	    .subcode = NOTIFY_CEASE_MAX_PREFIXES,
	    .data = data,
	    .data_size = sizeof(data)};

	write_u16(&w, bgp_family_afi(f));
	write_u8(&w, bgp_family_safi(f));
	write_u32(&w, l->max);
	p->overflowed = true;
	p->overflowed_until =
	    l->restart_min == 0 ? MONO_NEVER : mono_add_s(now, l->restart_min * 60);
	peer_reset(p, &n, "Maximum number of prefixes reached", now);
}

static void check_family(struct peer *p, enum bgp_family f, mono_t now)
{
	const struct prefix_limit *l = &p->settings->family[f].limit;
	enum limit_state before = p->limit[f];

	p->limit[f] = state_of(l, count_of(p, f));
	if (p->limit[f] > before)
		say(p, f, p->limit[f]);
	if (p->limit[f] == LIMIT_EXCEEDED && !l->warning_only)
		overflow(p, f, now);
}

void peer_check_limits(struct peer *p, mono_t now)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (p->up != NULL && p->families[f] && p->settings->family[f].limit.max != 0)
			check_family(p, f, now);
}

void peer_limit_changed(struct peer *p, enum bgp_family family, mono_t now)
{
	p->limit[family] = LIMIT_KEPT;
	p->overflowed = false;
	p->overflowed_until = MONO_NEVER;
	peer_wake(p, now);
	peer_check_limits(p, now);
}

void peer_limit_run(struct peer *p, mono_t now)
{
	if (!mono_reached(p->overflowed_until, now))
		return;
	p->overflowed = false;
	p->overflowed_until = MONO_NEVER;
	peer_wake(p, now);
}
