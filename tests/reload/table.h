/*
 * The table of statements: which there are, what each is by default, and which of them a session
 * depends on. The last is said there, row by row, and is not taken from the code under test.
 */
#pragma once

#include "statements.h"

enum place {
	AT_TOP,
	AT_LIST,  /* top level, too */
	AT_ENTRY, /* of a route-map */
	AT_INTERFACE,
	AT_BGP,
	AT_PEER,
	AT_PEER_IPV4,
	AT_PEER_IPV6,
	AT_PEER_EVPN,
	AT_IPV4,
	AT_IPV6,
	AT_EVPN,
	AT_VNI,
	AT_AS /* the AS number itself */
};

enum {
	SESSION = 1 << 0, /* a session depends on it */
	OFTEN = 1 << 1,	  /* there mostly, or nothing would happen */
	NUMBERED = 1 << 2,
	UNNUMBERED = 1 << 3,
	GROUPS = 1 << 4, /* where alone; else everywhere */
	PEERS = NUMBERED | UNNUMBERED,
	POLICY = 1 << 5 /* says where a policy applies */
};

#define VALUES_MAX 16

/* "statement|meaning": what counts for the session, if that is not the whole statement. `@`: the
 * AS of the peer, an entry's number and 10, or a number of the owner; `$`: our own AS. Statements
 * of neighbors without `neighbor NAME`; of the entries of route-maps one "action", permit or deny,
 * without which there is no entry. */
struct row {
	enum place place;
	const char *key; /* the same at several levels: the nearest one wins */
	unsigned flags;
	const char *defaults[2]; /* by profile */
	const char *values[VALUES_MAX];
};

extern const struct row rows[];
extern const size_t row_count;
