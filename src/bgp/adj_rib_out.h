/*
 * Adj-RIB-Out of one peer and family: what the peer has been told, what it is to be told, and the
 * packing of that into UPDATEs. RFC 4271 section 9.2, RFC 4724 section 2 (End-of-RIB), RFC 7313.
 */
#pragma once

#include "bgp/loc_rib.h"
#include "bgp/out_queue.h"

/* One destination as the peer sees it; with add-path, one path of it. Owned by the destination's
 * list. There are as many as routes times peers: what can be known otherwise is not in it. */
struct out {
	struct out *next;		/* of the destination */
	const struct attrs *attrs;	/* held; what the peer has; NULL: nothing */
	const struct nlri_extra *extra; /* held */
	uint32_t peer;			/* its number (peer.h) */
	bool queued;
	bool force; /* tell again even if nothing changed (route refresh) */
};

/* Each of an Adj-RIB-Out with add-path (RFC 7911) is one of these: which path, and what the peer
 * knows it by. The path's peer is compared, never followed: it may be gone. */
struct path_out {
	struct out out;
	const struct peer *from;
	uint32_t from_path_id, path_id;
};

/* What the last few sets of attributes became for this peer: thousands of MACs share a set. */
#define EXPORT_CACHE_SIZE 16

struct export_cache {
	const struct peer *from;
	const struct attrs *in;	 /* held; NULL: empty slot */
	const struct attrs *out; /* held; NULL: denied */
};

struct adj_rib_out {
	struct peer *peer;
	uint32_t number; /* the peer's; what its outs know it by */
	enum bgp_family family;
	bool open;     /* the family is negotiated and the session up */
	bool add_path; /* the peer takes several paths, and is to have them */
	struct out_queue urgent, queue;
	struct dest *cursor; /* last destination visited by the walk; NULL: at the start */
	bool walking;	     /* all destinations are being visited: start, refresh, new policy */
	bool walk_force;
	bool end_of_rib_owed, end_of_rib_sent;
	bool refresh_owed;     /* asked for, before End-of-RIB was sent */
	bool refresh_end_owed; /* EoRR */
	bool sweep_owed;      /* taken over: the peer may have what the previous instance told it */
	size_t former_at;     /* … by name, up to which of those in `struct bgp` */
	bool holding;	      /* all was told, and the next is not to be told before … */
	mono_t hold_until;    /* … this (MinRouteAdvertisementInterval) */
	uint32_t advertised;  /* outs with attrs */
	uint32_t announced;   /* … when the batch under way has been sent */
	bool left_out;	      /* `maximum-prefix-out` keeps something back */
	struct dest *witness; /* for a conditional default route; NULL: the condition fails */
	struct dest *evidence; /* for conditional advertisement; NULL: there is none */
	bool had_evidence;     /* … when the table was gone through last */
	bool condition_due;    /* … may be another one now */
	struct export_cache cache[EXPORT_CACHE_SIZE];
};

void adj_rib_out_init(struct adj_rib_out *o, struct peer *p, enum bgp_family family);
/* The session is up: begin with the whole table, then End-of-RIB. */
void adj_rib_out_open(struct adj_rib_out *o);
/* The session ended: forget all that the peer knew. */
void adj_rib_out_close(struct adj_rib_out *o);
/* Visit all destinations again: because the policy changed, or (force) to tell all of them again.
 */
void adj_rib_out_walk(struct adj_rib_out *o, bool force);
/* All is to be told again, because the peer, or somebody here, asked for it (RFC 2918, 7313). */
void adj_rib_out_refresh(struct adj_rib_out *o);
/* The paths of a destination changed, as the decision process tells. */
void adj_rib_out_changed(
    struct adj_rib_out *o, struct dest *d, const struct loc_rib_change *change, bool urgent);
/* What the peer has of this destination is to be looked at. */
void adj_rib_out_consider(struct adj_rib_out *o, struct dest *d);
/* The destination is about to be freed: it must not be where the walk stands. */
void adj_rib_out_forget(struct adj_rib_out *o, const struct dest *d);
/* Up to about `budget` destinations become UPDATEs, unless the peer is slow. Returns how much of
 * the budget is left. */
size_t adj_rib_out_flush(struct adj_rib_out *o, size_t budget, mono_t now);
/* There is something to do and the peer can take it now. */
bool adj_rib_out_pending(const struct adj_rib_out *o);
/* When what is held back may go; MONO_NEVER: nothing is. */
mono_t adj_rib_out_deadline(const struct adj_rib_out *o);
/* The Path Identifier that the peer knows it by; 0 without add-path. */
uint32_t adj_rib_out_path_id(const struct adj_rib_out *o, const struct out *out);
/* Outcomes are not remembered any more: a peer, whose pointer is in the memory, goes away. */
void adj_rib_out_clear_cache(struct adj_rib_out *o);
/* Settings changed: all outcomes are to be computed again. */
void adj_rib_out_policy_changed(struct adj_rib_out *o);
