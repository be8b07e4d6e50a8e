/*
 * What one peer has announced of one family, as it was received: the Adj-RIB-In before policy (RFC
 * 4271 section 3.2), kept for `soft-reconfiguration inbound` alone. Private to bgp/.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "bgp/attr.h"
#include "bgp/extra.h"

struct received_route {
	struct list_node order;		/* of arrival, in received.order */
	struct received_route *next;	/* same NLRI, another Path Identifier (RFC 7911) */
	const struct attrs *attrs;	/* held */
	const struct nlri_extra *extra; /* held */
	uint32_t path_id;
	bool refresh;  /* not seen again since the peer's BoRR (RFC 7313) */
	uint8_t key[]; /* nlri_key(): length byte first */
};

struct received {
	enum bgp_family family;
	struct attr_table *attrs;   /* lent */
	struct extra_table *extras; /* lent */
	struct map map;		    /* the first of each NLRI; owned */
	struct list order;	    /* all */
	struct list_node *cursor;   /* of a review: the next one to be judged; NULL: none is */
};

struct received *received_new(
    enum bgp_family family, struct attr_table *attrs, struct extra_table *extras, uint64_t seed);
/* NULL is allowed. */
void received_free(struct received *r);
/* `attrs`: interned; held if kept. */
void received_set(struct received *r, const struct nlri *n, const struct attrs *attrs);
/* Nothing happens when it is not there. */
void received_unset(struct received *r, const struct nlri *n);
/* RFC 7313: marks all. */
void received_refresh_begin(struct received *r);
/* The NLRI of a route; lent until the route goes. */
void received_nlri(const struct received *r, const struct received_route *route, struct nlri *n);

/* All routes are to be judged again, from the first on. */
void received_review(struct received *r);
/* The next one under review; NULL: all have been. */
const struct received_route *received_next(struct received *r);
/* In order of arrival; `route` NULL: the first. NULL at the end. */
const struct received_route *received_after(
    const struct received *r, const struct received_route *route);
