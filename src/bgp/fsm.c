/*
 * The state machine of one connection. RFC 4271 section 8.2.2, one function per state, one case
 * per event; RFC 6608 for the subcodes of what must not come in a state, RFC 9687 for a peer that
 * does not read.
 *
 * What differs from the letter: DampPeerOscillations is a time in Idle that doubles with each
 * session that did not last (peer_back_off). The Idle state waits with the peer, which has two of
 * these machines (session.h): peer_run() starts them.
 */
#include <string.h>

#include "bgp/speaker.h"

/* RFC 4271 section 8.2.2 suggests 4 minutes for the wait for the peer's OPEN. */
#define OPEN_HOLD_S 240
/* A timer that is later than this was not served in time. */
#define OVERSLEPT_MS 2000

const char *bgp_state_name(enum bgp_state state)
{
	static const char *const names[] = {[BGP_IDLE] = "Idle",
	    [BGP_CONNECT] = "Connect",
	    [BGP_ACTIVE] = "Active",
	    [BGP_OPENSENT] = "OpenSent",
	    [BGP_OPENCONFIRM] = "OpenConfirm",
	    [BGP_ESTABLISHED] = "Established"};

	return names[state];
}

void fsm_change_state(struct session *s, enum bgp_state state, const char *why, mono_t now)
{
	struct peer *p = s->peer;
	enum bgp_state old = s->state;

	if (old == state)
		return;
	log_debug(p->bgp->log, LOG_BGP, "%s %s: %s -> %s: %s", peer_name(p),
	    s->passive ? "accepted" : "connecting", bgp_state_name(old), bgp_state_name(state),
	    why);
	s->state = state;
	s->graceful = s->graceful && state != BGP_ESTABLISHED;
	if (old == BGP_ESTABLISHED)
		peer_lost(p, s->graceful, why, now);
	if (state == BGP_ESTABLISHED)
		peer_established(p, s, now);
}

/* ---- actions ---- */

static void stop_timers(struct session *s)
{
	s->connect_retry = s->hold = s->keepalive = MONO_NEVER;
	s->send_hold = s->delay_open = MONO_NEVER;
}

static void restart_hold(struct session *s, mono_t now)
{
	if (s->hold_s != 0)
		s->hold = mono_add_s(now, s->hold_s);
}

static void note_end(
    struct peer *p, enum bgp_reset_by by, const struct notification *n, const char *why, mono_t now)
{
	static const char *const how[] = {"", "Notification sent: ", "Notification received: "};
	struct str text = {0};

	str_add(&text, how[by]);
	if (n != NULL)
		notification_text(n, &text);
	else
		str_add(&text, why);
	strncpy(p->last_reset, str_text(&text), sizeof(p->last_reset) - 1);
	p->reset = (struct bgp_reset){.at = now, .by = by, .why = why};
	if (n != NULL) {
		p->reset.code = n->code;
		p->reset.subcode = n->subcode;
	}
	log_info(p->bgp->log, LOG_BGP, "%s: %s", peer_name(p), p->last_reset);
	str_fini(&text);
}

/* To Idle; `n` is sent first if there is somebody to send it to. */
static void end(
    struct session *s, const struct notification *n, const char *why, bool penalty, mono_t now)
{
	struct peer *p = s->peer;
	bool talked = s->state >= BGP_OPENSENT || fsm_delays_open(s);
	uint8_t data[MESSAGE_MAX];

	if (talked && n != NULL) {
		struct notification out = restart_wrap(s, n, data);

		s->graceful = restart_survives(s, &out);
		session_send_notification(s, &out);
		note_end(p, BGP_RESET_SENT, &out, why, now);
	} else if (talked) {
		note_end(p, BGP_RESET_OTHER, NULL, why, now);
	}
	session_drop_connection(s);
	stop_timers(s);
	p->reason = why;
	fsm_change_state(s, BGP_IDLE, why, now);
	if (penalty)
		peer_back_off(p, now);
}

/* The connection is gone, and nobody has said that the session is over. */
static void end_by_transport(struct session *s, const char *why, mono_t now)
{
	s->graceful = true;
	end(s, NULL, why, true, now);
}

static void end_fsm_error(struct session *s, enum notification_fsm subcode, mono_t now)
{
	struct notification n = {.code = NOTIFY_FSM, .subcode = (uint8_t)subcode};

	end(s, &n, "Message not expected in this state", true, now);
}

static void end_received(struct session *s, const struct fsm_input *in, mono_t now)
{
	/* The peer chose its other connection, or still believes in an old one (RFC 4271 6.8). */
	bool collision = in->notification->code == NOTIFY_CEASE &&
			 in->notification->subcode == NOTIFY_CEASE_COLLISION;

	s->graceful = restart_survives(s, in->notification);
	note_end(s->peer, BGP_RESET_RECEIVED, in->notification, "", now);
	session_drop_connection(s);
	stop_timers(s);
	s->peer->reason = "Notification received";
	fsm_change_state(s, BGP_IDLE, "Notification received", now);
	if (collision)
		peer_retry(s->peer, now);
	else
		peer_back_off(s->peer, now);
}

static void end_hold_expired(struct session *s, mono_t now)
{
	struct notification n = {.code = NOTIFY_HOLD_TIMER};

	end(s, &n, "Hold timer expired", true, now);
}

/* RFC 9687 section 3.3: what was queued before it will hardly arrive, nor will this. */
static void end_send_hold_expired(struct session *s, mono_t now)
{
	struct notification n = {.code = NOTIFY_SEND_HOLD_TIMER};

	log_error(
	    s->peer->bgp->log, LOG_BGP, "%s: it reads nothing of what we send", peer_name(s->peer));
	end(s, &n, "Send hold timer expired", true, now);
}

static void restart_connect_retry(struct session *s, int64_t ms, mono_t now)
{
	s->connect_retry = mono_add_ms(now, bgp_jitter_ms(s->peer->bgp, ms));
}

static int64_t connect_retry_ms(const struct peer *p)
{
	return p->settings->connect_retry_s == 0 ? 120000 : p->settings->connect_retry_s * 1000;
}

/* The first retries come quickly (a leaf that boots), then at the configured pace. After our own
 * restart more so: a peer that has just lost us refuses for a moment, and its routes wait. */
static int64_t quick_retry_ms(struct peer *p)
{
	int64_t first_ms = p->bgp->restarting ? 250 : 1000;
	int64_t ms = first_ms << (p->retries < 10 ? p->retries : 10);

	p->retries++;
	return ms < connect_retry_ms(p) ? ms : connect_retry_ms(p);
}

static void open_connection(struct session *s, mono_t now)
{
	struct peer *p = s->peer;
	const struct neighbor_settings *n = p->settings;
	struct bgp_connect to = {.conn = bgp_new_conn(p->bgp),
	    .remote = p->address,
	    .source = n->update_source,
	    .ifindex = p->ifindex,
	    .source_dev = n->update_source_dev,
	    .port = n->port != 0 ? n->port : 179,
	    .options = peer_tcp_options(p)};

	bgp_keys_run(p->bgp);
	s->conn = to.conn;
	restart_connect_retry(s, connect_retry_ms(p), now);
	fsm_change_state(s, BGP_CONNECT, "connecting", now);
	p->bgp->host.connect(p->bgp->host.context, &to);
}

/* A wrong key looks like a peer that is not there: the kernel drops what is badly signed. */
static const char *unanswered(const struct peer *p)
{
	return p->settings->auth == NULL
		   ? "No answer to the connection attempt"
		   : "No answer to the connection attempt; is the password the same?";
}

static void start_open(struct session *s, const char *why, mono_t now)
{
	s->delay_open = MONO_NEVER;
	session_send_open(s);
	s->hold = mono_add_s(now, OPEN_HOLD_S);
	fsm_change_state(s, BGP_OPENSENT, why, now);
}

/* Events 16, 17. With DelayOpen the state stays as it is. */
static void tcp_confirmed(struct session *s, mono_t now)
{
	uint16_t delay_s = s->peer->settings->delay_open_s;

	s->connect_retry = MONO_NEVER;
	s->hold_s = s->keepalive_s = 0;
	if (delay_s != 0)
		s->delay_open = mono_add_s(now, delay_s);
	else
		start_open(s, "TCP connection", now);
}

bool fsm_delays_open(const struct session *s)
{
	return s->delay_open.ns != MONO_NEVER.ns;
}

/* Event 19; with 20 ours is still to be sent. */
static void open_received(struct session *s, mono_t now)
{
	if (fsm_delays_open(s))
		session_send_open(s);
	s->delay_open = s->hold = MONO_NEVER;
	restart_hold(s, now);
	session_send_keepalive(s, now);
	fsm_change_state(s, BGP_OPENCONFIRM, "OPEN received", now);
}

/* In Connect and Active there is nobody to speak but one whom DelayOpen lets speak first. */
static void before_open(struct session *s, const struct fsm_input *in, mono_t now)
{
	if (!fsm_delays_open(s))
		end(s, NULL, "Message before OPEN was sent", true, now);
	else if (in->event == FSM_OPEN)
		open_received(s, now);
	else if (in->event == FSM_NOTIFICATION)
		end_received(s, in, now);
	else
		end(s, in->notification, "OPEN not acceptable", true, now);
}

void fsm_take_over(struct session *s, mono_t now)
{
	s->taken_over = true;
	restart_hold(s, now);
	fsm_change_state(s, BGP_ESTABLISHED, "taken over from the previous instance", now);
	session_send_keepalive(s, now);
}

/* Event 18 while we try to connect: wait, or be connected to. */
static void tcp_failed(struct session *s, const char *why, mono_t now)
{
	session_drop_connection(s);
	stop_timers(s);
	s->peer->reason = why;
	restart_connect_retry(s, quick_retry_ms(s->peer), now);
	fsm_change_state(s, BGP_ACTIVE, why, now);
}

/* ---- states ---- */

static void in_idle(struct session *s, const struct fsm_input *in, mono_t now)
{
	switch (in->event) {
	case FSM_START:
		if (s->passive || s->peer->settings->passive)
			fsm_change_state(s, BGP_ACTIVE, "waiting for a connection", now);
		else
			open_connection(s, now);
		break;
	case FSM_STOP:
	case FSM_CONNECT_RETRY:
	case FSM_HOLD_EXPIRES:
	case FSM_KEEPALIVE_EXPIRES:
	case FSM_DELAY_OPEN_EXPIRES:
	case FSM_SEND_HOLD_EXPIRES:
	case FSM_TCP_CONFIRMED:
	case FSM_TCP_FAILS:
	case FSM_OPEN:
	case FSM_HEADER_ERROR:
	case FSM_OPEN_ERROR:
	case FSM_COLLISION:
	case FSM_NOTIFICATION:
	case FSM_KEEPALIVE:
	case FSM_UPDATE:
	case FSM_UPDATE_ERROR:
	case FSM_ROUTE_REFRESH:
	case FSM_ROUTE_REFRESH_ERROR:
		break;
	}
}

static void in_connect(struct session *s, const struct fsm_input *in, mono_t now)
{
	switch (in->event) {
	case FSM_START:
	case FSM_KEEPALIVE_EXPIRES:
	case FSM_SEND_HOLD_EXPIRES:
		break;
	case FSM_STOP:
	case FSM_COLLISION:
		end(s, in->notification, in->why, false, now);
		break;
	case FSM_CONNECT_RETRY:
		s->peer->reason = unanswered(s->peer);
		session_drop_connection(s);
		open_connection(s, now);
		break;
	case FSM_TCP_CONFIRMED:
		tcp_confirmed(s, now);
		break;
	case FSM_DELAY_OPEN_EXPIRES:
		start_open(s, "DelayOpen is over", now);
		break;
	case FSM_TCP_FAILS:
		tcp_failed(s, in->why, now);
		break;
	case FSM_HOLD_EXPIRES:
	case FSM_OPEN:
	case FSM_HEADER_ERROR:
	case FSM_OPEN_ERROR:
	case FSM_NOTIFICATION:
	case FSM_KEEPALIVE:
	case FSM_UPDATE:
	case FSM_UPDATE_ERROR:
	case FSM_ROUTE_REFRESH:
	case FSM_ROUTE_REFRESH_ERROR:
		before_open(s, in, now);
		break;
	}
}

static void in_active(struct session *s, const struct fsm_input *in, mono_t now)
{
	switch (in->event) {
	case FSM_START:
	case FSM_KEEPALIVE_EXPIRES:
	case FSM_SEND_HOLD_EXPIRES:
		break;
	case FSM_TCP_FAILS:
		if (!fsm_delays_open(s))
			break;
		end(s, NULL, in->why, false, now);
		peer_retry(s->peer, now);
		break;
	case FSM_STOP:
	case FSM_COLLISION:
		end(s, in->notification, in->why, false, now);
		break;
	case FSM_CONNECT_RETRY:
		open_connection(s, now);
		break;
	case FSM_TCP_CONFIRMED:
		tcp_confirmed(s, now);
		break;
	case FSM_DELAY_OPEN_EXPIRES:
		start_open(s, "DelayOpen is over", now);
		break;
	case FSM_HOLD_EXPIRES:
	case FSM_OPEN:
	case FSM_HEADER_ERROR:
	case FSM_OPEN_ERROR:
	case FSM_NOTIFICATION:
	case FSM_KEEPALIVE:
	case FSM_UPDATE:
	case FSM_UPDATE_ERROR:
	case FSM_ROUTE_REFRESH:
	case FSM_ROUTE_REFRESH_ERROR:
		before_open(s, in, now);
		break;
	}
}

static void in_open_sent(struct session *s, const struct fsm_input *in, mono_t now)
{
	switch (in->event) {
	case FSM_START:
	case FSM_CONNECT_RETRY:
	case FSM_DELAY_OPEN_EXPIRES:
	case FSM_KEEPALIVE_EXPIRES:
	case FSM_SEND_HOLD_EXPIRES:
	case FSM_TCP_CONFIRMED:
		break;
	case FSM_STOP:
	case FSM_COLLISION:
		end(s, in->notification, in->why, false, now);
		break;
	case FSM_HOLD_EXPIRES:
		end_hold_expired(s, now);
		break;
	case FSM_TCP_FAILS:
		if (!s->passive) {
			tcp_failed(s, in->why, now);
			break;
		}
		end(s, NULL, in->why, false, now);
		peer_retry(s->peer, now);
		break;
	case FSM_OPEN:
		open_received(s, now);
		break;
	case FSM_HEADER_ERROR:
	case FSM_OPEN_ERROR:
		end(s, in->notification, "OPEN not acceptable", true, now);
		break;
	case FSM_NOTIFICATION:
		end_received(s, in, now);
		break;
	case FSM_KEEPALIVE:
	case FSM_UPDATE:
	case FSM_UPDATE_ERROR:
	case FSM_ROUTE_REFRESH:
	case FSM_ROUTE_REFRESH_ERROR:
		end_fsm_error(s, NOTIFY_FSM_OPENSENT, now);
		break;
	}
}

static void in_open_confirm(struct session *s, const struct fsm_input *in, mono_t now)
{
	switch (in->event) {
	case FSM_START:
	case FSM_CONNECT_RETRY:
	case FSM_DELAY_OPEN_EXPIRES:
	case FSM_TCP_CONFIRMED:
		break;
	case FSM_STOP:
	case FSM_COLLISION:
		end(s, in->notification, in->why, false, now);
		break;
	case FSM_HOLD_EXPIRES:
		end_hold_expired(s, now);
		break;
	case FSM_KEEPALIVE_EXPIRES:
		session_send_keepalive(s, now);
		break;
	case FSM_SEND_HOLD_EXPIRES:
		end_send_hold_expired(s, now);
		break;
	case FSM_TCP_FAILS:
		end(s, NULL, in->why, true, now);
		break;
	case FSM_HEADER_ERROR:
	case FSM_OPEN_ERROR:
		end(s, in->notification, "Message malformed", true, now);
		break;
	case FSM_NOTIFICATION:
		end_received(s, in, now);
		break;
	case FSM_KEEPALIVE:
		restart_hold(s, now);
		fsm_change_state(s, BGP_ESTABLISHED, "KEEPALIVE received", now);
		break;
	case FSM_OPEN:
	case FSM_UPDATE:
	case FSM_UPDATE_ERROR:
	case FSM_ROUTE_REFRESH:
	case FSM_ROUTE_REFRESH_ERROR:
		end_fsm_error(s, NOTIFY_FSM_OPENCONFIRM, now);
		break;
	}
}

static void in_established(struct session *s, const struct fsm_input *in, mono_t now)
{
	switch (in->event) {
	case FSM_START:
	case FSM_CONNECT_RETRY:
	case FSM_DELAY_OPEN_EXPIRES:
	case FSM_TCP_CONFIRMED:
		break;
	case FSM_STOP:
	case FSM_COLLISION:
		end(s, in->notification, in->why, false, now);
		break;
	case FSM_HOLD_EXPIRES:
		end_hold_expired(s, now);
		break;
	case FSM_KEEPALIVE_EXPIRES:
		session_send_keepalive(s, now);
		break;
	case FSM_SEND_HOLD_EXPIRES:
		end_send_hold_expired(s, now);
		break;
	case FSM_TCP_FAILS:
		end_by_transport(s, in->why, now);
		break;
	case FSM_KEEPALIVE:
	case FSM_UPDATE:
	case FSM_ROUTE_REFRESH:
		restart_hold(s, now);
		break;
	case FSM_HEADER_ERROR:
	case FSM_OPEN_ERROR:
	case FSM_UPDATE_ERROR:
	case FSM_ROUTE_REFRESH_ERROR:
		end(s, in->notification, "Message malformed", true, now);
		break;
	case FSM_NOTIFICATION:
		end_received(s, in, now);
		break;
	case FSM_OPEN:
		end_fsm_error(s, NOTIFY_FSM_ESTABLISHED, now);
		break;
	}
}

void fsm_handle(struct session *s, const struct fsm_input *input, mono_t now)
{
	struct fsm_input in = *input;

	if (in.why == NULL)
		in.why = in.event == FSM_COLLISION ? "Connection collision" : "Stopped";
	switch (s->state) {
	case BGP_IDLE:
		in_idle(s, &in, now);
		break;
	case BGP_CONNECT:
		in_connect(s, &in, now);
		break;
	case BGP_ACTIVE:
		in_active(s, &in, now);
		break;
	case BGP_OPENSENT:
		in_open_sent(s, &in, now);
		break;
	case BGP_OPENCONFIRM:
		in_open_confirm(s, &in, now);
		break;
	case BGP_ESTABLISHED:
		in_established(s, &in, now);
		break;
	}
}

void fsm_event(struct session *s, enum fsm_event event, mono_t now)
{
	fsm_handle(s, &(struct fsm_input){.event = event}, now);
}

/* ---- timers ---- */

static void fire(struct session *s, mono_t *timer, enum fsm_event event, mono_t now)
{
	if (!mono_reached(*timer, now))
		return;
	*timer = MONO_NEVER;
	fsm_event(s, event, now);
}

/* A hold timer that is found long overdue tells that we have slept, not the peer: what it sent
 * meanwhile still waits to be read, and what it read to be noticed. Give it the time for that. */
static void forgive_own_sleep(mono_t *timer, mono_t now)
{
	if (mono_reached(mono_add_ms(mono_min(*timer, now), OVERSLEPT_MS), now))
		*timer = mono_add_ms(now, OVERSLEPT_MS);
}

void fsm_timers(struct session *s, mono_t now)
{
	forgive_own_sleep(&s->hold, now);
	forgive_own_sleep(&s->send_hold, now);
	fire(s, &s->connect_retry, FSM_CONNECT_RETRY, now);
	fire(s, &s->hold, FSM_HOLD_EXPIRES, now);
	fire(s, &s->keepalive, FSM_KEEPALIVE_EXPIRES, now);
	fire(s, &s->delay_open, FSM_DELAY_OPEN_EXPIRES, now);
	fire(s, &s->send_hold, FSM_SEND_HOLD_EXPIRES, now);
}

mono_t fsm_deadline(const struct session *s)
{
	mono_t open = mono_min(s->connect_retry, s->delay_open);

	return mono_min(open, mono_min(s->hold, mono_min(s->keepalive, s->send_hold)));
}
