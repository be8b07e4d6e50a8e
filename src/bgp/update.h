/*
 * UPDATE: bytes to routes and back. RFC 4271 sections 4.3, 5 and 6.3; MP attributes RFC 4760; error
 * handling RFC 7606; IPv6 next hop of IPv4 routes RFC 8950; AS numbers RFC 6793; End-of-RIB
 * RFC 4724 section 2.
 */
#pragma once

#include "base/arena.h"
#include "bgp/attr.h"
#include "bgp/message.h"
#include "bgp/nlri.h"
#include "bgp/notification.h"

/* What RFC 7606 wants done, weakest first; the strongest of a message counts. */
enum disposition {
	UPDATE_OK,
	UPDATE_DISCARD_ATTRIBUTE, /* routes are good without it; count and log */
	UPDATE_TREAT_AS_WITHDRAW, /* all routes of the message are withdrawn */
	UPDATE_DISABLE_FAMILY,	  /* routes of a family could not be read: all that the peer told
				     of it goes, and the session ignores it from now on (RFC 4760
				     section 7); other families' routes are good */
	UPDATE_RESET		  /* nothing of the message is to be used */
};

/* "ok", "attribute discard", "treat-as-withdraw", "AFI/SAFI disable", "session reset" */
const char *disposition_name(enum disposition d);

/* What was negotiated, as far as it shapes an UPDATE. */
struct update_context {
	bool as4;	       /* both sides have 4-octet AS numbers */
	bool ebgp;	       /* then LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST are discarded */
	bool extended_nexthop; /* RFC 8950 for IPv4 unicast */
	bool families[BGP_FAMILIES];
	bool ignored[BGP_FAMILIES]; /* negotiated, and disabled since: passed over without a word */
	bool add_path[BGP_FAMILIES]; /* RFC 7911: Path Identifiers come, or go, with this family */
	size_t max_size;	     /* encoding: MESSAGE_MAX or MESSAGE_MAX_EXTENDED */
};

/* NLRI of one family with one set of attributes. */
struct update_reach {
	struct nlri_run run;
	struct attrs attrs; /* next hop included; arrays in the arena: intern to keep */
};

struct update {
	enum disposition disposition;
	struct notification error; /* RESET: what to send; else what RFC 4271 would have sent */
	uint8_t attribute;	   /* the attribute to blame; 0 none */
	const char *reason;	   /* constant text; NULL with UPDATE_OK */
	/* First the unreachable runs, then the reachable ones: a destination in both is reachable.
	 * With TREAT_AS_WITHDRAW what was announced is among `unreach` and `reach` is empty, and so
	 * it may be with DISABLE_FAMILY. */
	size_t unreach_count, reach_count;
	struct nlri_run unreach[4];
	struct update_reach reach[2];
	bool disabled[BGP_FAMILIES]; /* with DISABLE_FAMILY: which */
	bool end_of_rib;
	enum bgp_family end_of_rib_family;
};

/* From the body of an UPDATE. Fills *u and does nothing else; `body` and `a` must outlive its use.
 * The framing of all runs has been checked: nlri_run_next() cannot fail on them. Families that are
 * not negotiated are left out. */
void update_decode(const uint8_t *body, size_t size, const struct update_context *c,
    struct arena *a, struct update *u);

/*
 * One UPDATE under construction in a buffer of the caller's of at least c->max_size bytes:
 * begin, add NLRI until it says false, end. Fields are private.
 */
struct update_writer {
	struct writer w;
	uint8_t *buffer;
	enum bgp_family family;
	bool mp; /* the NLRI are inside MP_REACH_NLRI or MP_UNREACH_NLRI */
	bool reach;
	bool add_path;
	bool refused;			 /* the attributes alone do not fit */
	size_t message, list, attribute; /* marks */
	size_t tail_size;		 /* other attributes, parked at the end of the buffer */
	size_t max_size;
	size_t count;
};

/* The attributes go out as they are: what must not reach this peer has been taken off. An IPv4
 * unicast next hop that is IPv6 goes into MP_REACH_NLRI (RFC 8950). */
void update_begin_reach(struct update_writer *u, void *buffer, const struct update_context *c,
    enum bgp_family family, const struct attrs *attrs);
void update_begin_unreach(
    struct update_writer *u, void *buffer, const struct update_context *c, enum bgp_family family);
/* False: no room, the message is as before; end it and begin another. If that was the first one,
 * these attributes leave no room in a message of this size: the route cannot be advertised. */
bool update_add(struct update_writer *u, const struct nlri *n);
/* Size of the message in the buffer; 0 when nothing was added. */
size_t update_end(struct update_writer *u);

/* A whole End-of-RIB marker message. */
void end_of_rib_encode(struct writer *w, enum bgp_family family);

/* One line for "debug bgp updates": disposition, attributes, then all routes, "-" the withdrawn and
 * "+" the announced; appends. */
void update_text(const struct update *u, struct str *out);
