/*
 * Route-maps: a sequence of entries with match and set clauses, applied to one route.
 * Clauses are a tagged union: a new one is one case in each of route_map_match.c (or
 * route_map_set.c) and config/config_match.c (or config_set.c).
 *
 * FRR's semantics. Entries are tried in order of their sequence numbers. One matches when all its
 * match clauses hold. `deny`: the route is denied. `permit`: the sets are done, then the called map
 * is applied, whose denial is final; then the map ends, or goes on (`on-match next`, `on-match
 * goto N`, `continue`). The last entry that was looked at has the last word; one that does not
 * match denies.
 */
#pragma once

#include "base/arena.h"
#include "base/types.h"
#include "bgp/attr.h"
#include "bgp/nlri.h"
#include "bgp/policy_list.h"

enum match_kind {
	MATCH_ADDRESS_ACCESS_LIST, /* list: of the family of the clause */
	MATCH_ADDRESS_PREFIX_LIST,
	MATCH_ADDRESS_PREFIX_LEN, /* number */
	MATCH_NEXT_HOP_ACCESS_LIST,
	MATCH_NEXT_HOP_PREFIX_LIST,
	MATCH_NEXT_HOP_PREFIX_LEN, /* number */
	MATCH_NEXT_HOP_ADDRESS,	   /* ip */
	MATCH_NEXT_HOP_BLACKHOLE,
	MATCH_SOURCE_ACCESS_LIST, /* address of the peer it came from */
	MATCH_SOURCE_PREFIX_LIST,
	MATCH_AS_PATH,	 /* list */
	MATCH_COMMUNITY, /* list, exact */
	MATCH_LARGE_COMMUNITY,
	MATCH_EXTCOMMUNITY,
	MATCH_METRIC, /* number */
	MATCH_LOCAL_PREFERENCE,
	MATCH_ORIGIN,
	MATCH_TAG,
	MATCH_PEER,	       /* ip, or name of an interface or peer group; neither: local */
	MATCH_SOURCE_PROTOCOL, /* name */
	MATCH_INTERFACE,       /* name */
	MATCH_EVPN_ROUTE_TYPE, /* number */
	MATCH_EVPN_VNI,
	MATCH_EVPN_RD, /* rd */
	MATCH_NEVER    /* a match that cannot be judged here: never holds */
};

struct match_clause {
	enum match_kind kind;
	bool exact;
	uint8_t family; /* enum ip_family: of `match ip` and `match ipv6` */
	uint32_t number;
	struct ip ip;
	struct rd rd;
	char *name;    /* owned; NULL none */
	uint32_t list; /* its place in struct policy, from 1; 0: there is none of that name */
};

enum set_kind {
	SET_COMMUNITY, /* values, additive; without values and not additive: none */
	SET_LARGE_COMMUNITY,
	SET_EXTCOMMUNITY,     /* always additive, as in FRR; without values: none */
	SET_LINK_BANDWIDTH,   /* number: Mbit/s; times: of the paths */
	SET_DELETE_COMMUNITY, /* list */
	SET_DELETE_LARGE_COMMUNITY,
	SET_DELETE_EXTCOMMUNITY,
	SET_LOCAL_PREFERENCE, /* number, by */
	SET_METRIC,
	SET_WEIGHT, /* number */
	SET_ORIGIN,
	SET_TAG,
	SET_DISTANCE,
	SET_AS_PATH_PREPEND,	  /* values: AS numbers, the leftmost first */
	SET_AS_PATH_PREPEND_LAST, /* number: how often the leftmost AS of the path */
	SET_AS_PATH_EXCLUDE,	  /* values */
	SET_AS_PATH_REPLACE,	  /* number: by our own AS; 0: each */
	SET_ATOMIC_AGGREGATE,
	SET_AGGREGATOR,	   /* number, ip */
	SET_ORIGINATOR_ID, /* ip */
	SET_NEXT_HOP,	   /* ip */
	SET_NEXT_HOP_PEER,
	SET_NEXT_HOP_UNCHANGED,
	SET_NEXT_HOP6_GLOBAL, /* ip */
	SET_NEXT_HOP6_LOCAL,
	SET_NEXT_HOP6_PEER,
	SET_NEXT_HOP6_PREFER_GLOBAL,
	SET_SRC /* ip: of the kernel's route */
};

enum set_by { SET_TO, SET_PLUS, SET_MINUS };

enum bandwidth_kind { BANDWIDTH_VALUE, BANDWIDTH_PER_PATH, BANDWIDTH_CUMULATIVE };

struct set_clause {
	enum set_kind kind;
	bool additive;
	bool non_transitive;
	uint8_t by;	   /* enum set_by */
	uint8_t bandwidth; /* enum bandwidth_kind */
	uint32_t number;
	struct ip ip;
	void *values; /* owned: communities or AS numbers; sorted and unique where a set */
	uint16_t count;
	uint16_t size;	/* of a value */
	char *name;	/* owned; NULL none */
	uint32_t list;	/* as in struct match_clause */
	unsigned order; /* as written */
};

enum on_match { ON_MATCH_END, ON_MATCH_NEXT, ON_MATCH_GOTO };

struct route_map_entry {
	uint32_t seq;
	bool permit;
	uint8_t on_match; /* enum on_match */
	uint32_t goto_seq;
	char *call;		      /* owned: name of a map; NULL none */
	uint32_t called;	      /* its place in struct policy, from 1; 0 none */
	struct match_clause *matches; /* owned */
	size_t match_count;
	struct set_clause *sets; /* owned, in the order in which they are done */
	size_t set_count;
};

struct route_map {
	char *name;			 /* owned */
	struct route_map_entry *entries; /* owned, by seq */
	size_t entry_count;
};

/* What a route-map may look at beside the attributes, and what its sets say beyond them. */
struct policy_route {
	const struct nlri *nlri;
	const char *interface;	  /* outgoing interface; NULL unknown */
	const char *source;	  /* "connected", "kernel", …; NULL: by BGP */
	const struct ip *peer;	  /* the peer it came from, or on the way out goes to; NULL local */
	const char *peer_group;	  /* of that peer; NULL none */
	bool out;		  /* on the way to a peer */
	const struct attrs *seen; /* what the matches look at; NULL: what the sets change */
	bool ebgp;		  /* that peer is external */
	uint32_t as;		  /* ours, as that peer knows it */
	uint32_t global_as;	  /* the instance's, for a link bandwidth */
	uint32_t path_count;	  /* of the multipath set; 0: not known, as on the way in */
	uint32_t path_weighted;	  /* so many of it tell their bandwidth */
	uint64_t path_bandwidth;  /* bytes/s: sum over the multipath set */
	/* ---- results ---- */
	bool next_hop_set;	 /* by the map: it is not to be replaced by ours */
	bool next_hop_unchanged; /* keep the one of the path */
	bool next_hop_peer;	 /* out: our own address of the session */
	bool bandwidth_set;	 /* the sum of the multipath set is not to replace it */
	struct ip src;		 /* IP_NONE: not set */
};

struct policy;

/* False: denied. True: permitted, with *a and the results in *route changed as the sets say (arrays
 * in the arena). `map` NULL, as of a name that does not exist, denies. */
bool route_map_apply(const struct policy *p, const struct route_map *map,
    struct policy_route *route, struct attrs *a, struct arena *arena);

/* ---- between the files of route-maps ---- */

bool match_holds(const struct policy *p, const struct match_clause *m,
    const struct policy_route *route, const struct attrs *a);
/* It depends on the NLRI. */
bool match_looks_at_nlri(const struct match_clause *m);
void set_apply(const struct policy *p, const struct set_clause *s, struct policy_route *route,
    struct attrs *a, struct arena *arena);
/* It depends on the other paths of the destination. */
bool set_looks_at_paths(const struct set_clause *s);
/* The kind of list that the clause's name is looked up in; LIST_KINDS: it names none. */
enum list_kind match_list_kind(const struct match_clause *m);
enum list_kind set_list_kind(const struct set_clause *s);
