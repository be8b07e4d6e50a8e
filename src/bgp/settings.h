/*
 * What the configuration says about BGP, typed and final: peer groups are resolved, defaults are
 * filled in. Made by config/, consumed by bgp/. Comparable field by field, so that a reload resets
 * only the sessions whose OPEN-relevant settings changed.
 */
#pragma once

#include "base/tcp_auth.h"
#include "base/types.h"
#include "bgp/nlri.h"
#include "bgp/policy.h"
#include "bgp/role.h"

enum remote_as { REMOTE_AS_NONE, REMOTE_AS_NUMBER, REMOTE_AS_EXTERNAL, REMOTE_AS_INTERNAL };

/* `maximum-prefix`: how many routes of a family a peer may have here, after policy. */
struct prefix_limit {
	uint32_t max;	      /* 0: no limit */
	uint8_t threshold;    /* percent of it from which on we warn */
	bool warning_only;    /* the session stays */
	uint16_t restart_min; /* the session may come back after so many minutes; 0: when told */
};

enum add_path { ADD_PATH_NONE, ADD_PATH_ALL, ADD_PATH_BEST_PER_AS };

/* OFF: the peer hears nothing of it. HELPER: we keep its routes over its restart. ON: we ask it to
 * do so over ours, too. */
enum graceful_restart { GRACEFUL_RESTART_HELPER, GRACEFUL_RESTART_OFF, GRACEFUL_RESTART_ON };

struct restart_settings {
	bool notification;		/* RFC 8538 */
	bool hard_administrative_reset; /* Cease/Administrative Reset takes the routes along */
	bool preserve_forwarding;	/* F bit */
	bool disable_end_of_rib;
	uint16_t restart_s;	 /* told to peers; 12 bits */
	uint16_t stalepath_s;	 /* how long a peer's stale paths are kept at most */
	uint16_t select_defer_s; /* how long selection waits for End-of-RIB at most */
	uint16_t rib_stale_s;	 /* how long the kernel's entries wait for a route at most */
	uint32_t long_lived_s;	 /* told to peers, and the most that theirs gets; 24 bits; 0 off */
};

struct neighbor_family {
	bool activate;
	bool next_hop_self;
	bool next_hop_self_force;  /* for reflected routes, too */
	bool next_hop_unchanged;   /* attribute-unchanged next-hop; EVPN over eBGP does so anyway */
	bool link_local_unchanged; /* nexthop-local unchanged: it and the peer are on one link */
	bool as_path_unchanged, med_unchanged;
	bool route_server_client; /* RFC 7947: AS_PATH and NEXT_HOP stay, all between two such */
	bool no_communities, no_extcomms, no_large; /* `no send-community` of that kind */
	bool as_override;			    /* the peer's AS in an AS_PATH becomes ours */
	bool remove_private_as;	     /* private AS numbers come off if there are no others … */
	bool remove_private_all;     /* … or in any case … */
	bool remove_private_replace; /* … or become ours */
	bool route_reflector_client;
	bool soft_reconfiguration_in; /* what is received is kept as it was before policy */
	uint8_t allowas_in;	      /* occurrences of the own AS that are tolerated */
	bool allowas_in_origin;	      /* any number of them if we are the origin */
	struct prefix_limit limit;
	uint32_t max_out;	/* it is told of so many routes at most; 0 any */
	enum add_path add_path; /* what is sent of several ways to a destination (RFC 7911) */
	bool no_add_path_rx;	/* several ways are not taken */
	uint16_t weight;	/* of the routes received; a route-map may set another */
	bool default_originate;
	char *default_route_map; /* owned; NULL none; read with default_originate */
	char
	    *unsuppress_map; /* in the place of route_map_out: of routes that aggregates suppress */
	char *advertise_map; /* owned; NULL none; read with … */
	char *condition_map; /* owned; exist-map, or … */
	bool condition_absent; /* … non-exist-map */
	char *route_map_in;    /* owned; NULL none */
	char *route_map_out;
	char *distribute_list_in; /* access-list; owned; NULL none */
	char *distribute_list_out;
	char *prefix_list_in;
	char *prefix_list_out;
	char *filter_list_in; /* as-path list */
	char *filter_list_out;
};

/* `neighbor X bfd …`: a failed path ends the session at once (RFC 5882 section 4). */
struct neighbor_bfd {
	bool enabled;
	char profile[64];			      /* "" none */
	uint32_t multiplier, receive_ms, transmit_ms; /* 0: the profile's, or the defaults */
};
/* The names in it, for those who own or compare them. */
#define NEIGHBOR_NAMES 12
char **neighbor_family_name(struct neighbor_family *f, unsigned i);

struct neighbor_settings {
	char *name;	   /* as written: address or interface; owned; the key */
	bool unnumbered;   /* `neighbor IF interface` */
	struct ip address; /* numbered */
	enum remote_as remote_as_kind;
	uint32_t remote_as;
	uint32_t local_as;	  /* 0: the instance's */
	bool local_as_no_prepend; /* not put in front of what the peer sends */
	bool local_as_replace;	  /* the peer does not see the instance's AS behind it */
	bool enforce_first_as;	  /* an AS_PATH must begin with the peer's */
	bool spare_loops;	  /* it is not told of routes that have its AS in their path */
	enum bgp_role role;	  /* ours towards it (RFC 9234); of an external peer alone */
	bool role_strict;	  /* it must tell its own */
	char *description;	  /* owned; NULL none */
	char *peer_group;	  /* name, for shows; owned; NULL none */
	bool passive;
	bool shutdown;
	char *shutdown_message;	  /* owned; NULL none (RFC 9003) */
	bool extended_nexthop;	  /* RFC 8950; default on for unnumbered */
	bool no_capabilities;	  /* it is told of none, and its own are passed over */
	bool override_capability; /* the families are ours, whatever it says … */
	bool strict_capability;	  /* … or all of ours must be its own, and nothing unknown */
	bool extended_parameters; /* the long form of the OPEN, also without need (RFC 9072) */
	bool disable_connected_check;
	enum graceful_restart graceful_restart;
	bool graceful_restart_said; /* of its own or its group's; for shows */
	uint8_t ttl;		    /* 1 eBGP; N with ebgp-multihop N; 255 iBGP and ttl-security */
	uint8_t ttl_security_hops;  /* RFC 5082: so far away it may be at most; 0: no check */
	struct tcp_auth *auth;	    /* how connections are signed; owned; NULL: not */
	uint16_t port;		    /* 0: the one that we listen on */
	uint16_t keepalive_s, hold_s, connect_retry_s;
	uint16_t mss; /* of the connections that we open, at most; 0: as the kernel has it */
	uint16_t delay_open_s; /* RFC 4271 section 8.1.1: for so long the peer may speak first */
	uint16_t advertisement_interval_s; /* RFC 4271 section 9.2.1.1; 0: at once */
	struct ip update_source;
	char update_source_dev[16]; /* "" none */
	struct neighbor_bfd bfd;
	struct neighbor_family family[BGP_FAMILIES];
};

/* `bgp listen range`: who connects from there is a neighbor with the statements of the group. */
struct listen_range {
	struct prefix prefix;
	struct neighbor_settings neighbor; /* its name is the group's, its address is none */
};

/* What the link bandwidth community (draft-ietf-idr-link-bandwidth) means for the shares of a
 * multipath set. */
enum link_bandwidth {
	LINK_BANDWIDTH_ALL, /* shares by bandwidth if every path tells it, else equal ones */
	LINK_BANDWIDTH_IGNORE,
	LINK_BANDWIDTH_SKIP_MISSING,   /* paths that do not tell it get no share */
	LINK_BANDWIDTH_DEFAULT_MISSING /* … get the smallest one */
};

struct network_settings {
	enum bgp_family family;
	struct prefix prefix;
	char *route_map; /* owned; NULL none */
};

/* One route for all that are more specific. */
struct aggregate_settings {
	enum bgp_family family;
	struct prefix prefix;
	bool summary_only; /* neighbors hear none of these */
	bool as_set;	   /* with what these have of ASs and communities */
	bool matching_med; /* only while their MEDs are equal */
	bool has_origin;   /* … by the statement */
	enum attr_origin origin;
	char *route_map;    /* owned; NULL none */
	char *suppress_map; /* neighbors do not hear those that it permits; owned; NULL none */
};

enum redistribute {
	REDISTRIBUTE_CONNECTED,
	REDISTRIBUTE_KERNEL,
	REDISTRIBUTE_STATIC,
	REDISTRIBUTES
};

/* "connected", … as statements and route-maps name it. */
const char *redistribute_name(enum redistribute from);

struct redistribute_settings {
	bool enabled;
	bool has_metric;
	uint32_t metric;
	char *route_map; /* owned; NULL none */
};

struct bgp_settings {
	bool enabled; /* there is a `router bgp` for the default instance */
	uint32_t as;
	struct ip router_id; /* IP_NONE: derive from the loopback's, then highest address */
	char hostname[64];
	bool ebgp_requires_policy;
	bool multipath_relax;
	bool peer_type_relax;	   /* paths by eBGP and by iBGP share the load */
	bool network_import_check; /* for evpn/underlay */
	bool log_neighbor_changes;
	bool deterministic_med; /* always so (decision.c) */
	bool always_compare_med;
	bool has_default_local_pref; /* else 100 */
	uint32_t default_local_pref; /* of routes without LOCAL_PREF */
	struct ip cluster_id;	     /* RFC 4456; IP_NONE: the router id */
	bool rr_outbound_policy;  /* what a route-map out sets counts for reflected routes, too */
	bool no_client_to_client; /* clients are a full mesh among themselves */
	uint16_t minimum_hold_s;  /* of the peer's OPEN; 0 any */
	uint8_t dscp;		  /* of connections */
	uint8_t alive_probes;	  /* TCP keepalives (base/tcp_options.h) */
	uint16_t alive_idle_s, alive_interval_s;
	bool med_missing_as_worst;
	bool as_path_ignore;
	bool reject_as_sets;
	uint16_t update_delay_s, update_delay_wait_s; /* at a start; 0 off (update_delay.h) */
	bool suppress_fib_pending; /* others hear of a route once the kernel has it */
	bool equal_cluster_length[BGP_FAMILIES];
	enum link_bandwidth link_bandwidth;
	bool disable_connected_check; /* next hops of single-hop eBGP peers need not be on a link */
	bool resolve_via_default[2];  /* IPv4, IPv6: the default route may lead to a next hop */
	uint16_t maximum_paths[BGP_FAMILIES], maximum_paths_ibgp[BGP_FAMILIES];
	struct neighbor_settings *neighbors; /* owned, sorted by name */
	size_t neighbor_count;
	struct listen_range *ranges; /* owned */
	size_t range_count;
	uint16_t listen_limit;		   /* neighbors by range at a time */
	struct network_settings *networks; /* owned */
	size_t network_count;
	struct aggregate_settings *aggregates; /* owned; each prefix once */
	size_t aggregate_count;
	struct restart_settings restart;
	struct redistribute_settings redistribute[BGP_FAMILIES][REDISTRIBUTES];
	bool graceful_shutdown;		   /* RFC 8326: this speaker is about to leave */
	char *fib_route_map[BGP_FAMILIES]; /* owned; `ip protocol bgp route-map`; NULL none */
	char *table_map[BGP_FAMILIES];	   /* the same, before it */
	struct policy policy;
};

void bgp_settings_fini(struct bgp_settings *s);

/* Deep: *to owns all that it points to. *to is overwritten, not freed. */
void bgp_settings_copy(struct bgp_settings *to, const struct bgp_settings *from);

/* A copy of one neighbor's, and its end. */
struct neighbor_settings *neighbor_settings_dup(const struct neighbor_settings *n);
void neighbor_settings_free(struct neighbor_settings *n);
/* The longest range with the address in it; NULL none. */
const struct listen_range *bgp_settings_range(const struct bgp_settings *s, const struct ip *ip);

/* NULL when there is none of that name. */
const struct neighbor_settings *bgp_settings_neighbor(
    const struct bgp_settings *s, const char *name);

/* Everything that an OPEN message or the way of connecting depends on is equal: a session that was
 * set up with one may go on with the other. */
bool neighbor_session_equal(const struct neighbor_settings *a, const struct neighbor_settings *b);
