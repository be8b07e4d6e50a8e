/*
 * Graceful restart of one peer, in both roles: what our OPEN says about our own restart, and what
 * becomes of a peer's routes when its session is lost. RFC 4724, 8538 (NOTIFICATION, Hard Reset),
 * 9494 (long-lived). Private to bgp/.
 */
#pragma once

#include "base/mono.h"
#include "bgp/bgp.h"
#include "bgp/notification.h"
#include "bgp/open.h"

struct peer;
struct session;

struct peer_restart {
	enum retention retention[BGP_FAMILIES];
	uint32_t long_lived_s[BGP_FAMILIES]; /* negotiated with the session that was lost; 0 none */
	mono_t back_by;	  /* the session must be up again; MONO_NEVER: none is waited for */
	mono_t stale_end; /* stalepath-time */
	mono_t long_lived_end[BGP_FAMILIES];
};

void restart_init(struct peer_restart *r);

/* ---- our own restart ---- */

/* The capabilities 64 and 71 of an OPEN to this peer. */
void restart_offer(const struct peer *p, struct open *o);
/* The peer keeps our routes when the connection closes without a word: it was told families. */
bool restart_peer_keeps_ours(const struct peer *p);
/* Ends the restart when its time has come, and holds back the selection of learned routes until
 * then (RFC 4724 section 4.1). b->restart_due is when to look again. */
void restart_run_own(struct bgp *b, mono_t now);

/* ---- the peer's restart ---- */

/* Does this NOTIFICATION, sent or received on an Established session, leave the peer's routes in
 * place (RFC 8538 section 4)? */
bool restart_survives(const struct session *s, const struct notification *n);
/* A Hard Reset around it (RFC 8538 section 3.1). `data` (MESSAGE_MAX) is lent to the result. */
struct notification restart_hard_reset(const struct notification *n, uint8_t *data);
/* The same: what goes out in its place: a Hard Reset around it where both ends know of
 * it and the routes are to go, else itself. `data` (MESSAGE_MAX) is lent to the result. */
struct notification restart_wrap(
    const struct session *s, const struct notification *n, uint8_t *data);
/* May another connection of the peer take the place of the Established one (RFC 4724 section 5)? */
bool restart_may_replace(const struct peer *p, mono_t now);

/* The Established session `s` ended. `graceful`: in a way that keeps the routes. True for a family
 * whose paths stay in the RIB; the others are the caller's to drop. */
void restart_lost(
    struct peer *p, const struct session *s, bool graceful, mono_t now, bool keeps[BGP_FAMILIES]);
void restart_established(struct peer *p, const struct session *s);
/* The peer has announced that End-of-RIB will come, on this connection, and it has not yet. */
bool restart_end_awaited(const struct peer *p, enum bgp_family family);
void restart_end_of_rib(struct peer *p, enum bgp_family family);
/* Routes of the peer are kept until it is back. */
bool restart_retains(const struct peer *p);
/* What is kept goes at once: the link is gone, the peer is shut down. */
void restart_forget(struct peer *p);
void restart_run(struct peer *p, mono_t now);
mono_t restart_deadline(const struct peer *p);
