/*
 * The decision process of one destination: which path is best, which may share the load with it,
 * and by which step. RFC 4271 section 9.1.2.2, RFC 4456 section 9, RFC 7432 section 15, RFC 9494.
 */
#pragma once

#include "bgp/attr.h"

/* What LOCAL_PREF counts as where there is none, unless told otherwise. */
#define LOCAL_PREF_DEFAULT 100

/* In the order in which they are taken. */
enum decision_step {
	DECISION_ONLY,	       /* nothing to compare with */
	DECISION_NEXT_HOP,     /* RFC 4271 9.1.2: its next hop does not resolve */
	DECISION_LONG_LIVED,   /* RFC 9494: LLGR_STALE is the last choice */
	DECISION_OWN,	       /* EVPN: originated here */
	DECISION_STICKY,       /* EVPN: static MAC */
	DECISION_SEQUENCE,     /* EVPN: mobility sequence number */
	DECISION_WEIGHT,       /* of this speaker alone */
	DECISION_LOCAL_PREF,   /* RFC 4271 9.1.1 */
	DECISION_LOCAL,	       /* originated here */
	DECISION_AS_PATH,      /* 9.1.2.2 a */
	DECISION_ORIGIN,       /* b */
	DECISION_MED,	       /* c */
	DECISION_EBGP,	       /* d */
	DECISION_IGP_METRIC,   /* e */
	DECISION_IGP_CLUSTER,  /* CLUSTER_LIST as a part of e, on request */
	DECISION_ROUTER_ID,    /* f */
	DECISION_CLUSTER_LIST, /* RFC 4456 section 9 */
	DECISION_PEER_ADDRESS, /* g */
	DECISION_INTERFACE,    /* two links to one peer with one link-local address */
	DECISION_PATH_ID       /* several ways of one peer (RFC 7911) */
};

/* "AS Path", "MED", … as shows print it. */
const char *decision_step_text(enum decision_step step);

struct decision_rules {
	bool always_compare_med;
	bool has_default_local_pref; /* else 100 */
	uint32_t default_local_pref; /* of paths without LOCAL_PREF */
	bool med_missing_as_worst;
	bool as_path_ignore;
	bool multipath_relax;	   /* as long an AS_PATH will do; else it must be the same */
	bool peer_type_relax;	   /* step d breaks ties only: eBGP and iBGP share the load */
	bool equal_cluster_length; /* iBGP paths share the load only with an equal CLUSTER_LIST */
	uint16_t max_paths_ebgp;   /* 0 counts as 1 */
	uint16_t max_paths_ibgp;
};

struct decision_path {
	const struct attrs *attrs;
	void *owner; /* the caller's */
	bool local, ebgp;
	bool unreachable;      /* the next hop does not resolve */
	bool long_lived_stale; /* carries LLGR_STALE */
	bool evpn;
	bool sticky; /* EVPN MAC/IP routes, else zero */
	uint32_t sequence;
	uint32_t weight;     /* of this speaker alone */
	uint32_t igp_metric; /* to the next hop */
	uint32_t router_id;  /* ORIGINATOR_ID, else the peer's BGP Identifier */
	struct ip peer_address;
	ifindex_t peer_ifindex;
	uint32_t path_id;
};

/* Reorders `paths` so that the best comes first, then the others of the multipath set, then the
 * losers in no particular order. Returns the size of the set: 0 when there is no path, or none
 * with a reachable next hop. The outcome does not depend on the order given. */
size_t decision_select(const struct decision_rules *r, struct decision_path **paths, size_t n);

/* All of `paths` from best to worst, for shows; steps[i] is what put i below i - 1. */
void decision_rank(const struct decision_rules *r, struct decision_path **paths, size_t n,
    enum decision_step *steps);
