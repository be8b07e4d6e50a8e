/*
 * A BGP neighbour: its settings, its one or (while they collide) two connections, and what was
 * exchanged. Private to bgp/.
 */
#pragma once

#include "bgp/adj_rib_out.h"
#include "bgp/bgp.h"
#include "bgp/graceful_restart.h"
#include "bgp/message.h"
#include "bgp/session.h"

enum limit_state { LIMIT_KEPT, LIMIT_NEAR, LIMIT_EXCEEDED };

struct received;

struct peer {
	struct bgp *bgp;
	uint32_t number;			  /* of creation */
	const struct neighbor_settings *settings; /* in bgp->settings, or `own` */
	struct neighbor_settings *own; /* owned; of a peer by `bgp listen range`, else NULL */
	struct ip address; /* numbered: as configured; unnumbered: learned while it is believed, or
			      IP_NONE */
	ifindex_t ifindex; /* unnumbered: its link, 0 while there is none */
	struct session active;	/* the connection that we open */
	struct session passive; /* the connection that the peer opens */
	struct session *up;	/* which of the two is Established; NULL none */

	/* of the Established session */
	bool ebgp;
	uint32_t remote_as, local_as;
	struct ip router_id;
	/* ours, as next hops towards it; IP_NONE none */
	struct {
		struct ip v4, v6;     /* v6: global */
		struct ip link_local; /* of the link that we share with it */
	} self;
	char hostname[OPEN_NAME_MAX];
	bool families[BGP_FAMILIES];
	bool end_of_rib[BGP_FAMILIES]; /* received */
	bool refreshing[BGP_FAMILIES]; /* its BoRR was received, and no EoRR since */
	bool asked;		       /* for its routes, in this session */
	bool handed_over;	       /* the host keeps the connection for the next instance */
	bool disabled[BGP_FAMILIES];   /* what it says of the family is ignored (RFC 7606) */
	struct adj_rib_out out[BGP_FAMILIES];
	struct received *received[BGP_FAMILIES]; /* owned; NULL: not kept (adj_rib_in.h) */
	bool unjudged[BGP_FAMILIES];	 /* some of its routes were judged by a policy that was */
	uint32_t accepted[BGP_FAMILIES]; /* paths in the Loc-RIB structure … */
	uint32_t stale[BGP_FAMILIES];	 /* … of which with PATH_STALE */

	struct peer_restart restart; /* what of its routes is kept without it */

	/* limit.c */
	enum limit_state limit[BGP_FAMILIES]; /* what was said about it */
	bool overflowed;		      /* held down: it had more routes than it may have */
	mono_t overflowed_until;	      /* MONO_NEVER: until somebody acts */

	/* starting and backing off (RFC 4271 section 8.1.1, DampPeerOscillations) */
	mono_t idle_until; /* MONO_NEVER: not by time */
	unsigned failures; /* sessions in a row that did not last */
	unsigned retries;  /* TCP connects in a row that failed */

	/* for shows */
	mono_t since;
	const char *reason; /* why it is not Established: constant text */
	char last_reset[128];
	struct bgp_reset reset;
	uint64_t received_messages[MESSAGE_TYPES], sent_messages[MESSAGE_TYPES];
	mono_t last_read, last_write, last_update; /* MONO_NEVER: never */
	uint32_t established_count, dropped_count;
	uint64_t errors_withdrawn, errors_discarded;
	bool warned_policy; /* a missing route-map was reported since the last configuration */
};

struct peer *peer_new(struct bgp *b, const struct neighbor_settings *s);
/* Closes what is open, takes its routes out of the RIB, frees. */
void peer_free(struct peer *p, mono_t now);

const char *peer_name(const struct peer *p);
/* It exists because it has connected, by `bgp listen range`. */
bool peer_is_dynamic(const struct peer *p);
/* Interface of an unnumbered peer, for route-maps; NULL numbered. */
const char *peer_interface(const struct peer *p);
/* Of connections with it. */
struct tcp_options peer_tcp_options(const struct peer *p);
/* Ours towards this peer: `local-as`, or the instance's. */
uint32_t peer_local_as(const struct peer *p);
/* Ours towards this peer (RFC 9234): of an external one alone. */
enum bgp_role peer_role(const struct peer *p);
/* What stands in the way of a connection: constant text; NULL nothing. */
const char *peer_obstacle(const struct peer *p);
/* Nothing in the configuration and on our side keeps it away; it need not be known yet. */
bool peer_may_come(const struct peer *p);
/* The most advanced of its sessions. */
enum bgp_state peer_state(const struct peer *p);

/* Something that obstructed has gone: connect as soon as possible. */
void peer_wake(struct peer *p, mono_t now);
/* End all sessions with this NOTIFICATION (NULL: none), for this reason; no penalty. */
void peer_reset(struct peer *p, const struct notification *n, const char *why, mono_t now);
/* Called by the FSM: a session came up, or the one that was up ended. */
void peer_established(struct peer *p, struct session *s, mono_t now);
/* `graceful`: in a way that lets its routes stay, if it asked for that (graceful_restart.h). */
void peer_lost(struct peer *p, bool graceful, const char *why, mono_t now);
/* A session or an attempt failed: how long to stay Idle. */
void peer_back_off(struct peer *p, mono_t now);
/* An attempt came to nothing, without fault: again in about a second. */
void peer_retry(struct peer *p, mono_t now);

/* The peer connected. False: not wanted now, the caller closes it. */
bool peer_accept(
    struct peer *p, uint32_t conn, const struct ip *local, const struct ip *remote, mono_t now);
/* Why it was not wanted. */
const char *peer_refusal(const struct peer *p);
/* Its routes of the family go, and the session takes no more of them. */
void peer_disable_family(struct peer *p, enum bgp_family family);
/* ---- limit.c ---- */
/* Routes came: warns, or ends the session, if they are too many. */
void peer_check_limits(struct peer *p, mono_t now);
/* `maximum-prefix` changed: what was held down by it may try again. */
void peer_limit_changed(struct peer *p, enum bgp_family family, mono_t now);
/* The time for which it was held down is over. */
void peer_limit_run(struct peer *p, mono_t now);

void peer_end_of_rib(struct peer *p, enum bgp_family family);
void peer_refresh_received(struct peer *p, const struct route_refresh *r);

void peer_run(struct peer *p, mono_t now);
mono_t peer_deadline(const struct peer *p);
/* Link of an unnumbered peer came, changed, or went. */
void peer_link_changed(struct peer *p, mono_t now);
/* Addresses of our links changed: so may the next hops that it is told. */
void peer_addresses_changed(struct peer *p);
