/*
 * One TCP connection with a peer, and the RFC 4271 state machine on it. Private to bgp/.
 *
 * A peer has two of these: the one that it opens and the one that we open. Usually one is Idle;
 * both live for a moment when the two sides connect at once (RFC 4271 section 6.8).
 */
#pragma once

#include "bgp/bgp.h"
#include "bgp/notification.h"
#include "bgp/open.h"
#include "bgp/update.h"

struct peer;

struct session {
	struct peer *peer;
	bool passive; /* the peer connected */
	enum bgp_state state;
	uint32_t conn; /* 0 none */
	struct ip local, remote;
	mono_t connect_retry, hold, keepalive; /* deadlines; MONO_NEVER: stopped */
	mono_t send_hold;		       /* runs while the peer owes us to read */
	mono_t delay_open; /* connected, in Connect or Active: we wait for its OPEN */
	uint8_t *rx;	   /* owned; an incomplete message */
	size_t rx_size, rx_room;
	size_t unsent; /* given to send() since it last drained */
	mono_t established_at;
	bool graceful;	 /* the way in which it ends leaves the peer's routes in place */
	bool taken_over; /* from the previous instance, Established (handover.h) */

	/* negotiated, from OpenConfirm on */
	struct open open; /* as received */
	bool open_received;
	bool ebgp;
	bool families[BGP_FAMILIES];
	bool extended_nexthop, route_refresh, enhanced_refresh;
	uint16_t hold_s, keepalive_s;
	struct update_context receive, transmit;
};

void session_init(struct session *s, struct peer *p, bool passive);
void session_fini(struct session *s);

/* ---- session.c: messages ---- */

/* The connection is there: the FSM hears of it. */
void session_connected(
    struct session *s, const struct ip *local, const struct ip *remote, mono_t now);
/* Bytes of the stream: whole messages go to the FSM, the rest waits. */
void session_received(struct session *s, const uint8_t *bytes, size_t size, mono_t now);
void session_closed(struct session *s, int error, mono_t now);

/* What our OPEN says to this peer. */
struct open session_offer(const struct peer *p);
void session_send_open(struct session *s);
void session_send_keepalive(struct session *s, mono_t now);
void session_send_notification(struct session *s, const struct notification *n);
void session_send_refresh(struct session *s, enum bgp_family family, uint8_t kind);
/* The peer has read on: what we sent has left. */
void session_drained(struct session *s);
/* UPDATEs made by others, so many in `size` bytes. They count as keepalive. */
void session_send(
    struct session *s, const uint8_t *bytes, size_t size, unsigned updates, mono_t now);
/* Forget and close the connection, if there is one. */
void session_drop_connection(struct session *s);
/* So much is on its way that making more would only fill memory. */
bool session_blocked(const struct session *s);
/* Judge an OPEN by what we expect of this peer. False: *error is filled. Else the fields
 * "negotiated" are set. */
bool session_negotiate(struct session *s, const struct open *o, struct notification *error);
/* Our keepalive interval is another one now; the peer need not know (RFC 4271 section 4.4). */
void session_keepalive_changed(struct session *s, mono_t now);

/* ---- fsm.c: RFC 4271 section 8 ---- */

enum fsm_event {
	FSM_START,		/* 1, 3: manual, automatic start */
	FSM_STOP,		/* 2, 8: the reason goes out as NOTIFICATION */
	FSM_CONNECT_RETRY,	/* 9 */
	FSM_HOLD_EXPIRES,	/* 10 */
	FSM_KEEPALIVE_EXPIRES,	/* 11 */
	FSM_DELAY_OPEN_EXPIRES, /* 12 */
	FSM_SEND_HOLD_EXPIRES,	/* 29 (RFC 9687) */
	FSM_TCP_CONFIRMED,	/* 16, 17 */
	FSM_TCP_FAILS,		/* 18 */
	FSM_OPEN,		/* 19, 20 */
	FSM_HEADER_ERROR,	/* 21 */
	FSM_OPEN_ERROR,		/* 22 */
	FSM_COLLISION,		/* 23 */
	FSM_NOTIFICATION,	/* 24, 25 */
	FSM_KEEPALIVE,		/* 26 */
	FSM_UPDATE,		/* 27 */
	FSM_UPDATE_ERROR,	/* 28 */
	FSM_ROUTE_REFRESH,	/* RFC 2918 */
	FSM_ROUTE_REFRESH_ERROR /* RFC 7313 section 5 */
};

struct fsm_input {
	enum fsm_event event;
	const struct notification *notification; /* to send (STOP, errors) or received */
	const char *why;			 /* constant text */
};

void fsm_handle(struct session *s, const struct fsm_input *in, mono_t now);
/* The event alone. */
void fsm_event(struct session *s, enum fsm_event event, mono_t now);
/* A connection of the previous instance, negotiated (session_negotiate): Established at once. */
void fsm_take_over(struct session *s, mono_t now);
/* The only place where s->state changes. */
void fsm_change_state(struct session *s, enum bgp_state state, const char *why, mono_t now);
/* Connected, and DelayOpen runs: its OPEN may come before ours has gone. */
bool fsm_delays_open(const struct session *s);
void fsm_timers(struct session *s, mono_t now);
mono_t fsm_deadline(const struct session *s);
const char *bgp_state_name(enum bgp_state state);
