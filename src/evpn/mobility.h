/*
 * MAC mobility: one pure function decides who has a MAC, what we advertise and what stands in the
 * kernel. RFC 7432 section 15, RFC 9721; docs/mobility.md has the table, row by row.
 */
#pragma once

#include "base/types.h"

/* The local claim, read from the bridge FDB slot. */
enum claim_kind {
	CLAIM_NONE,
	CLAIM_LEARNED, /* dynamic: the kernel saw traffic */
	CLAIM_PINNED,  /* static: somebody's will */
	CLAIM_OWN,     /* an address of the bridge, a port or an SVI of this host */
	CLAIM_BLOCKED  /* a foreign row on a VXLAN port, or LOCKED: not a claim, but it holds the
			  slot */
};

struct claim {
	enum claim_kind kind;
	bool sticky; /* PINNED with NTF_STICKY */
};

/* The best imported route that carries the MAC. */
enum remote_kind { REMOTE_NONE, REMOTE_PLAIN, REMOTE_STICKY };

struct remote {
	enum remote_kind kind;
	uint32_t sequence;	   /* of the best route */
	uint32_t highest_sequence; /* among all imported routes of the MAC: a bump goes above it */
	struct ip vtep;
};

/* What we remember about our side of the MAC. */
struct mobility_memory {
	bool advertised;  /* our route is out */
	bool own_valid;	  /* `own` means something: we advertised during this claim's life, or
			     restored */
	uint32_t own;	  /* the sequence last advertised */
	bool floor_valid; /* any sequence was seen or advertised within the floor's time */
	uint32_t floor;	  /* the highest of those */
	bool owes_bump;	  /* a new generation that was not evaluated yet */
	bool frozen;	  /* duplicate detection froze it */
	bool released;	  /* by command: room for an agent that adds exclusively */
};

enum kernel_slot_wish {
	WISH_NOTHING, /* our entry goes, others are not touched */
	WISH_REMOTE,  /* our entry to R's VTEP */
	WISH_KEEP     /* frozen: leave as it is */
};

/* Which row of the table decided: the words that `explain` and `watch` print. */
enum mobility_row {
	ROW_IDLE,	      /* none, none */
	ROW_REMOTE,	      /* none, any */
	ROW_RELEASED,	      /* none, any; by command */
	ROW_OWN,	      /* own, any */
	ROW_BLOCKED,	      /* foreign row on a VXLAN port, or LOCKED */
	ROW_PINNED_NEW,	      /* pinned, new generation */
	ROW_PINNED,	      /* pinned, unchanged */
	ROW_LEARNED_NEW,      /* learned, new generation; none or plain */
	ROW_LEARNED_LOST,     /* learned; plain with higher sequence */
	ROW_LEARNED_TIE_LOST, /* learned; plain, same sequence, R's VTEP is lower */
	ROW_LEARNED_TIE_WON,  /* learned; plain, same sequence, our VTEP is lower */
	ROW_LEARNED_HELD,     /* learned; plain with lower sequence, or none */
	ROW_LEARNED_STICKY,   /* learned; sticky */
	ROW_FROZEN
};

struct mobility_decision {
	enum mobility_row row;
	bool advertise;
	bool advertise_sticky;
	uint32_t sequence; /* of the advertisement, and the new `own` */
	bool bumped;	   /* the debt was paid */
	enum kernel_slot_wish wish;
	bool displace_learned; /* with WISH_REMOTE: a kernel-learned row may be replaced */
	bool contested;	       /* we advertise, and r > own */
	bool alarm_sticky;     /* learned here while a remote route says sticky */
};

/* `vtep` is ours, for the tie. No side effects, no time. */
struct mobility_decision mobility_decide(const struct claim *claim, const struct remote *remote,
    const struct mobility_memory *memory, const struct ip *vtep, bool sticky_sequence_zero);

const char *mobility_row_text(enum mobility_row row);
