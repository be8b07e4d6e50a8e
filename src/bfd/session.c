/*
 * One BFD session. RFC 5880: state machine section 6.2 and 6.8.6, timers 6.8.2 to 6.8.4, Poll
 * Sequence 6.5, what is sent when 6.8.7, AdminDown 6.8.16.
 *
 * Time and randomness come in with the calls; packets go out when asked for. Three rules of the RFC
 * decide most of the code:
 *
 * - While a session is not Up it says, and keeps to, at least one second between packets. Going Up
 *   is therefore always a change of timing, which a Poll Sequence confirms.
 * - While it is Up a longer transmit interval, or a shorter receive interval, takes force only when
 *   the peer has confirmed it with Final: until then the peer may count on the old one. The other
 *   direction takes force at once.
 * - A peer that was not heard for the detection time is forgotten: its discriminator, its timers.
 *
 * Echo (bfd/echo) is a second witness of a session that is Up over one hop of IPv4; the pace of
 * control packets does not depend on it. What peers may ask of us is what our kernel can do: if it
 * does not forward, Required Min Echo RX is 0.
 *
 * Not there: Demand mode of our own (a peer's is honoured), authentication.
 */
#include "bfd/session.h"

#include <string.h>

#define SLOW_US 1000000u /* RFC 5880 section 6.8.3 */
/* How long a session that is being removed may go on telling so. */
#define CLOSING_MAX_US 3000000u

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static mono_t add_us(mono_t t, uint64_t us)
{
	return (mono_t){t.ns + (int64_t)us * 1000};
}

/* ---- timing -------------------------------------------------------------------------------- */

static uint32_t wanted_tx_us(const struct bfd_session *s)
{
	return s->state == BFD_UP ? s->params.transmit_us : max_u32(s->params.transmit_us, SLOW_US);
}

static void take_force(struct bfd_session *s)
{
	s->tx_us = s->desired_tx_us;
	s->rx_us = s->required_rx_us;
}

/* After a change of state or parameters: what to advertise, what of it counts already. */
static void retime(struct bfd_session *s)
{
	uint32_t tx_us = wanted_tx_us(s), rx_us = s->params.receive_us;
	bool changed = tx_us != s->desired_tx_us || rx_us != s->required_rx_us;

	s->desired_tx_us = tx_us;
	s->required_rx_us = rx_us;
	if (s->state != BFD_UP) {
		s->poll = s->poll_again = false;
		take_force(s);
		return;
	}
	if (changed) {
		s->poll_again = s->poll;
		s->poll = true;
	}
	if (tx_us < s->tx_us)
		s->tx_us = tx_us;
	if (rx_us > s->rx_us)
		s->rx_us = rx_us;
}

/* A Final that came while the values changed again answers the old ones: ask again. */
static void poll_answered(struct bfd_session *s)
{
	if (s->poll_again) {
		s->poll_again = false;
		return;
	}
	s->poll = false;
	take_force(s);
	s->changed = true;
}

/* RFC 5880 section 6.8.7: when nothing may be sent but the answer to a poll. */
static bool silent(const struct bfd_session *s)
{
	if (s->remote.required_rx_us == 0)
		return true;
	if (s->params.passive && !s->heard)
		return true;
	return s->remote.demand && s->state == BFD_UP && s->remote.state == BFD_UP && !s->poll;
}

/* Between two packets, before jitter; 0: none are sent. */
static uint32_t interval_us(const struct bfd_session *s)
{
	if (silent(s))
		return 0;
	if (s->fast_us != 0 && !mono_before(s->fast_until, add_us(s->sent_at, s->fast_us)))
		return s->fast_us;
	return max_u32(s->tx_us, s->remote.required_rx_us);
}

static mono_t send_at(const struct bfd_session *s)
{
	uint64_t us = interval_us(s);

	if (s->owes_final)
		return s->heard_at;
	if (us == 0)
		return MONO_NEVER;
	return s->prompt ? (mono_t){0} : add_us(s->sent_at, us * s->jitter / 1000);
}

/* RFC 5880 section 6.8.4; 0 while the peer is not heard. */
static uint64_t detection_us(const struct bfd_session *s)
{
	if (!s->heard)
		return 0;
	return (uint64_t)s->remote.multiplier * max_u32(s->rx_us, s->remote.desired_tx_us);
}

static mono_t detect_at(const struct bfd_session *s)
{
	return s->heard ? add_us(s->heard_at, detection_us(s)) : MONO_NEVER;
}

/* ---- state --------------------------------------------------------------------------------- */

static void forget_peer(struct bfd_session *s)
{
	/* RFC 5880 section 6.8.1: initial values. */
	s->remote = (struct bfd_packet){.state = BFD_DOWN, .required_rx_us = 1};
	s->heard = false;
}

/* The one place where s->state changes. */
static void change_state(struct bfd_session *s, enum bfd_state state, enum bfd_diag diag)
{
	bool was_up = s->state == BFD_UP;

	s->state = state;
	s->diag = diag;
	s->fast_us = 0;
	if (state == BFD_UP)
		s->ups++;
	if (was_up)
		s->downs++;
	/* A peer that found no speaker of ours for too long has taken its session down: that is not
	 * the path's fault. */
	if (was_up && state == BFD_DOWN && s->remote.state != BFD_ADMIN_DOWN && !s->resumed)
		s->failures++;
	retime(s);
	s->prompt = s->changed = true;
}

static void to_admin_down(struct bfd_session *s, mono_t now)
{
	uint32_t us = interval_us(s);

	if (s->state == BFD_ADMIN_DOWN)
		return;
	change_state(s, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN);
	/* The peer is told at the pace that it expects: else it would take the slow one for a
	 * failure if the first packet is lost. RFC 5880 section 6.8.16. */
	s->fast_us = us;
	s->fast_until = add_us(now, (uint64_t)us * s->params.multiplier);
}

/* ---- echo ---------------------------------------------------------------------------------- */

/* RFC 5883 section 3: not over many hops. Over IPv6 a packet to ourselves that comes from the peer
 * is none that every kernel forwards: FRR's says so too. */
static bool may_echo(const struct bfd_session *s)
{
	return s->path.multihop == 0 && s->path.remote.family == IP_V4;
}

static uint32_t local_echo_us(const struct bfd_session *s)
{
	return s->loops && may_echo(s) ? s->params.echo_receive_us : 0;
}

/* RFC 5880 section 6.8.9: while both are Up, and no faster than the peer wants. */
static uint32_t echo_us(const struct bfd_session *s)
{
	if (!s->params.echo || !may_echo(s) || s->state != BFD_UP || s->remote.state != BFD_UP ||
	    s->remote.required_echo_us == 0)
		return 0;
	return max_u32(s->params.echo_transmit_us, s->remote.required_echo_us);
}

static void run_echo(struct bfd_session *s, mono_t now)
{
	enum bfd_echo_state before = s->echo.state;

	bfd_echo_set(&s->echo, echo_us(s), now);
	if (bfd_echo_lost(&s->echo, s->params.multiplier, now)) {
		change_state(s, BFD_DOWN, BFD_DIAG_ECHO_FAILED);
		bfd_echo_set(&s->echo, 0, now);
	}
	s->changed |= s->echo.state != before;
}

bool bfd_session_send_echo(
    struct bfd_session *s, uint32_t random, mono_t now, uint8_t bytes[BFD_ECHO_SIZE])
{
	return !s->closing && bfd_echo_send(&s->echo, s->discriminator, random, now, bytes);
}

void bfd_session_loops(struct bfd_session *s, bool loops)
{
	uint32_t before = local_echo_us(s);

	s->loops = loops;
	if (local_echo_us(s) != before)
		s->changed = s->prompt = true;
}

/* It goes on as it was: the timers in force, the detection time from now. A peer that has taken its
 * session down meanwhile speaks once a second; to a poll it answers at once (RFC 5880 section 6.5).
 */
static void resume(struct bfd_session *s, const struct bfd_resume *from, mono_t now)
{
	s->state = BFD_UP;
	s->remote = (struct bfd_packet){.state = BFD_UP,
	    .multiplier = from->remote_multiplier,
	    .my_discriminator = from->remote_discriminator,
	    .desired_tx_us = from->remote_transmit_us,
	    .required_rx_us = from->remote_receive_us,
	    .required_echo_us = from->remote_echo_us};
	s->heard = s->resumed = s->poll = true;
	s->heard_at = now;
	s->desired_tx_us = s->params.transmit_us;
	s->required_rx_us = s->params.receive_us;
	take_force(s);
}

void bfd_session_init(
    struct bfd_session *s, const struct bfd_order *order, uint32_t discriminator, mono_t now)
{
	*s = (struct bfd_session){.id = order->id,
	    .path = order->path,
	    .params = order->params,
	    .discriminator = discriminator,
	    .state = order->params.shutdown ? BFD_ADMIN_DOWN : BFD_DOWN,
	    .diag = order->params.shutdown ? BFD_DIAG_ADMIN_DOWN : BFD_DIAG_NONE,
	    .jitter = 1000,
	    .sent_at = now,
	    .prompt = true,
	    .changed = true};
	forget_peer(s);
	if (order->resume.discriminator == discriminator && !order->params.shutdown)
		resume(s, &order->resume, now);
	retime(s);
}

void bfd_session_set(struct bfd_session *s, const struct bfd_params *params, mono_t now)
{
	s->params = *params;
	s->changed = true;
	if (params->shutdown)
		to_admin_down(s, now);
	else if (s->state == BFD_ADMIN_DOWN)
		change_state(s, BFD_DOWN, BFD_DIAG_NONE);
	retime(s);
	s->prompt = true;
}

/* ---- in ------------------------------------------------------------------------------------ */

static void in_down(struct bfd_session *s, enum bfd_state remote)
{
	if (remote == BFD_DOWN)
		change_state(s, BFD_INIT, s->diag);
	else if (remote == BFD_INIT)
		change_state(s, BFD_UP, BFD_DIAG_NONE);
}

static void in_init(struct bfd_session *s, enum bfd_state remote)
{
	if (remote == BFD_INIT || remote == BFD_UP)
		change_state(s, BFD_UP, BFD_DIAG_NONE);
}

static void in_up(struct bfd_session *s, enum bfd_state remote)
{
	if (remote == BFD_DOWN)
		change_state(s, BFD_DOWN, BFD_DIAG_NEIGHBOR_DOWN);
}

static void remote_state_seen(struct bfd_session *s, enum bfd_state remote)
{
	if (remote == BFD_ADMIN_DOWN) {
		if (s->state != BFD_DOWN)
			change_state(s, BFD_DOWN, BFD_DIAG_NEIGHBOR_DOWN);
		return;
	}
	switch (s->state) {
	case BFD_DOWN:
		in_down(s, remote);
		return;
	case BFD_INIT:
		in_init(s, remote);
		return;
	case BFD_UP:
		in_up(s, remote);
		return;
	case BFD_ADMIN_DOWN: /* not asked */
		return;
	}
}

/* But for what differs from packet to packet. */
static bool same_news(const struct bfd_packet *a, const struct bfd_packet *b)
{
	return a->state == b->state && a->diag == b->diag &&
	       a->my_discriminator == b->my_discriminator && a->multiplier == b->multiplier &&
	       a->desired_tx_us == b->desired_tx_us && a->required_rx_us == b->required_rx_us &&
	       a->required_echo_us == b->required_echo_us;
}

enum bfd_verdict bfd_session_received(struct bfd_session *s, const struct bfd_packet *p, mono_t now)
{
	s->changed |= !same_news(&s->remote, p);
	s->remote = *p;
	s->heard = true;
	s->heard_at = now;
	if (p->final && s->poll)
		poll_answered(s);
	if (s->state == BFD_ADMIN_DOWN)
		return BFD_WHILE_ADMIN_DOWN;
	s->received++;
	remote_state_seen(s, p->state);
	s->resumed = false;
	s->owes_final |= p->poll;
	return BFD_ACCEPTED;
}

void bfd_session_run(struct bfd_session *s, mono_t now)
{
	if (mono_reached(detect_at(s), now)) {
		forget_peer(s);
		s->changed = true;
		s->resumed = false;
		if (s->state == BFD_INIT || s->state == BFD_UP)
			change_state(s, BFD_DOWN, BFD_DIAG_DETECTION_EXPIRED);
	}
	run_echo(s, now);
}

/* ---- out ----------------------------------------------------------------------------------- */

/* RFC 5880 section 6.8.7: 75 to 100 % of the interval; to 90 % if one lost packet is too many. */
static unsigned draw_jitter(const struct bfd_session *s, uint32_t random)
{
	return 750 + random % (s->params.multiplier == 1 ? 151 : 251);
}

static void fill(const struct bfd_session *s, struct bfd_packet *p)
{
	*p = (struct bfd_packet){.diag = (uint8_t)s->diag,
	    .state = s->state,
	    .multiplier = s->params.multiplier,
	    .my_discriminator = s->discriminator,
	    .your_discriminator = s->remote.my_discriminator,
	    .desired_tx_us = s->desired_tx_us,
	    .required_rx_us = s->required_rx_us,
	    .required_echo_us = local_echo_us(s)};
}

bool bfd_session_send(struct bfd_session *s, uint32_t random, struct bfd_packet *p, mono_t now)
{
	if (!mono_reached(send_at(s), now) || bfd_session_closed(s, now))
		return false;
	fill(s, p);
	s->sent++;
	if (s->owes_final) {
		/* Beside the schedule, and it tells all that a prompt packet would. */
		p->final = true;
		s->owes_final = s->prompt = false;
		return true;
	}
	p->poll = s->poll;
	s->prompt = false;
	s->sent_at = now;
	s->jitter = draw_jitter(s, random);
	return true;
}

mono_t bfd_session_deadline(const struct bfd_session *s)
{
	mono_t due = mono_min(send_at(s), detect_at(s));

	due = mono_min(due, bfd_echo_deadline(&s->echo, s->params.multiplier));
	return s->closing ? mono_min(due, s->fast_until) : due;
}

void bfd_session_close(struct bfd_session *s, mono_t now)
{
	mono_t latest = add_us(now, CLOSING_MAX_US);
	bool known = s->heard && s->state != BFD_ADMIN_DOWN;

	if (s->closing)
		return;
	to_admin_down(s, now);
	s->closing = true;
	s->fast_until = known ? mono_min(s->fast_until, latest) : now;
}

bool bfd_session_closed(const struct bfd_session *s, mono_t now)
{
	return s->closing && mono_reached(s->fast_until, now);
}

void bfd_session_report(const struct bfd_session *s, struct bfd_session_report *r)
{
	uint64_t detection = detection_us(s);

	*r = (struct bfd_session_report){.state = s->state,
	    .remote_state = s->remote.state,
	    .diag = s->diag,
	    .remote_diag = (enum bfd_diag)s->remote.diag,
	    .discriminator = s->discriminator,
	    .remote_discriminator = s->remote.my_discriminator,
	    .remote_transmit_us = s->remote.desired_tx_us,
	    .remote_receive_us = s->heard ? s->remote.required_rx_us : 0,
	    .remote_echo_us = s->remote.required_echo_us,
	    .remote_multiplier = s->remote.multiplier,
	    .detection_us = detection > UINT32_MAX ? UINT32_MAX : (uint32_t)detection,
	    .transmit_us = interval_us(s),
	    .ups = s->ups,
	    .downs = s->downs,
	    .failures = s->failures,
	    .received = s->received,
	    .sent = s->sent,
	    .local_echo_us = local_echo_us(s)};
	bfd_echo_report(&s->echo, r);
}
