/*
 * Inside config/: the load under way, and the handlers that the grammar's rows name. A handler is
 * called for each statement of the tree in canonical order, with its words (without `no`; see
 * statement.no), whose types the grammar has checked already.
 */
#pragma once

#include "config/config.h"

/* A name that a statement uses; what it names may be defined further down. */
struct reference {
	const struct statement *statement;
	enum list_kind kind; /* LIST_KINDS: a route-map */
	char *name;	     /* owned */
	const char *without; /* what happens if it is not defined: constant text */
};

struct loading {
	struct config *c;
	struct statement_errors *errors;
	bool datacenter;		   /* `frr defaults datacenter` */
	bool family_default[BGP_FAMILIES]; /* neighbors are activated unless said otherwise */
	uint16_t keepalive_s, hold_s;
	bool disable_connected_check;		/* for all neighbors */
	bool enforce_first_as;			/* for neighbors that do not say otherwise */
	bool default_shutdown;			/* the same */
	bool shutdown;				/* all are */
	char *shutdown_message;			/* owned; NULL none */
	enum graceful_restart graceful_restart; /* the same */
	const struct statement *bgp;		/* the `router bgp` block that is being read */
	enum bgp_family family;			/* of the address-family block that is being read */
	bool in_family;
	struct neighbor_settings *neighbor; /* that a neighbor statement is applied to */
	struct interface_settings *interface;
	struct vrf_settings *vrf;
	struct vni_settings *vni;
	struct route_map_entry *entry;
	struct bfd_values *bfd_values;	    /* of the `bfd` peer or profile that is being read */
	struct bfd_peer_settings *bfd_peer; /* NULL: it is a profile */
	struct ip router_id;		    /* `ip router-id`: of the host */
	struct reference *references;	    /* owned */
	size_t reference_count;
};

/* An error or warning at a statement. `hint` is taken over; NULL none. */
__attribute__((format(printf, 5, 6))) void loading_report(struct loading *l,
    const struct statement *s, bool warning, char *hint, const char *format, ...);

/* *to, owned, becomes `text`, which is taken over; NULL none. */
void loading_text_set(char **to, char *text);

/* A keepalive time that the hold time does not bear out (RFC 4271 section 4.4) is said. */
void loading_check_timers(
    struct loading *l, const struct statement *s, uint32_t keepalive_s, uint32_t hold_s);

/* config_bgp.c: after all of `router bgp` was read. */
void config_bgp_done(struct loading *l, const struct statement *bgp);
/* config_neighbor.c: resolves peer groups: defaults, the group's statements, its own. */
void config_neighbors(struct loading *l, const struct statement *bgp);
/* config_routemap.c: after everything was read. */
void config_finish_policy(struct loading *l);
/* To be looked up when all is read; `name` is copied. */
void loading_refer(struct loading *l, const struct statement *s, enum list_kind kind,
    const char *name, const char *without);
/* Reports the names that are not defined. */
void config_check_names(struct loading *l);
/* config_set.c */
void config_sort_sets(struct route_map_entry *e);
/* "igp", … as enum attr_origin. */
uint32_t config_origin(const char *word);
bool config_is_origin(const char *word);
/* config_list.c: the communities from word `from` on as a set of that kind of list. False:
 * reported, nothing is owned. */
bool config_communities(struct loading *l, const struct statement *s, const struct words *w,
    unsigned from, enum list_kind kind, struct set_rule *rule);

/* config_bfd.c: profiles that are used and not defined. */
void config_check_bfd(struct loading *l);

/* config_system.c */
statement_handler on_defaults, on_hostname, on_log, on_log_file, on_debug_kernel, on_debug_evpn,
    on_debug_bgp_updates, on_debug_bgp, on_debug_bfd, on_router_id;
/* config_interface.c */
statement_handler on_interface, on_address, on_interface_description, on_interface_shutdown, on_vrf,
    on_vrf_vni;
/* config_ra.c */
statement_handler on_ra_suppress, on_ra_flag, on_ra_number, on_ra_interval_ms, on_ra_preference,
    on_ra_prefix, on_ra_server;
/* config_bgp.c */
statement_handler on_router_bgp, on_bgp_router_id, on_default_family, on_connected_check,
    on_multipath_relax, on_peer_type_relax, on_requires_policy, on_import_check,
    on_log_neighbor_changes, on_always_compare_med, on_cluster_id, on_bgp_enforce_first_as,
    on_minimum_holdtime, on_client_to_client, on_deterministic_med, on_timers_bgp, on_network,
    on_aggregate, on_redistribute, on_graceful_shutdown, on_maximum_paths, on_maximum_paths_ibgp,
    on_hard_reset, on_restart_mode, on_restart_time, on_restart_flag, on_long_lived,
    on_as_path_ignore, on_bestpath_med, on_bestpath_bandwidth, on_default_shutdown,
    on_default_local_pref, on_rr_outbound_policy, on_update_delay, on_bgp_shutdown,
    on_reject_as_sets, on_suppress_fib_pending, on_underlay_weights, on_resolve_via_default;
/* config_neighbor.c */
statement_handler on_listen_range, on_listen_limit, on_advertisement_interval, on_tcp_ao,
    on_remote_as, on_neighbor_interface, on_local_as, on_description, on_shutdown, on_port,
    on_password, on_ttl_security, on_passive, on_ebgp_multihop, on_disable_connected_check,
    on_update_source, on_timers, on_timers_connect, on_extended_nexthop, on_neighbor_restart,
    on_enforce_first_as, on_neighbor_bfd, on_neighbor_bfd_profile, on_neighbor_bfd_timers;
/* config_session.c */
statement_handler on_delay_open, on_no_capabilities, on_capability_match, on_extended_parameters,
    on_local_role, on_sender_loops, on_tcp_mss, on_session_dscp, on_tcp_keepalive;
/* config_neighbor_family.c */
statement_handler on_activate, on_next_hop_self, on_remove_private_as, on_as_override,
    on_reflector_client, on_soft_reconfiguration, on_send_community, on_add_path_all,
    on_add_path_per_as, on_no_add_path_rx, on_route_server_client, on_attribute_unchanged,
    on_allowas_in, on_maximum_prefix, on_maximum_prefix_out, on_neighbor_policy, on_unsuppress_map,
    on_advertise_map, on_neighbor_weight, on_default_originate, on_nexthop_local;
/* config_evpn.c */
statement_handler on_advertise_all_vni, on_advertise_svi_ip, on_advertise_default_gw, on_flooding,
    on_autort, on_autort_rfc8365, on_vni_svi_ip, on_vni_default_gw, on_duplicates,
    on_duplicates_off, on_duplicates_freeze, on_sticky_sequence, on_port_learning,
    on_contested_alarm, on_audit_interval, on_vni, on_vni_rd, on_vni_rt;
/* config_list.c */
statement_handler on_prefix_list, on_prefix_list_description, on_access_list, on_access_list6,
    on_as_path_list, on_community_list;
/* config_routemap.c */
statement_handler on_route_map, on_call, on_on_match_next, on_on_match_goto, on_fib_route_map,
    on_table_map;
/* config_match.c */
statement_handler on_match_unsupported, on_match_ip_access_list, on_match_ip_prefix_list,
    on_match_ip_prefix_len, on_match_next_hop_address, on_match_next_hop_blackhole,
    on_match_as_path, on_match_community, on_match_metric, on_match_local_preference, on_match_tag,
    on_match_origin, on_match_peer, on_match_source_protocol, on_match_interface,
    on_match_evpn_type, on_match_evpn_vni, on_match_evpn_rd;
/* config_set.c */
statement_handler on_set_local_preference, on_set_metric, on_set_weight, on_set_tag,
    on_set_distance, on_set_origin, on_set_community, on_set_large_community,
    on_set_extcommunity_none, on_set_extcommunity, on_set_bandwidth, on_set_delete, on_set_prepend,
    on_set_exclude, on_set_replace, on_set_atomic, on_set_aggregator, on_set_originator,
    on_set_next_hop, on_set_next_hop6, on_set_src;
/* config_static.c */
statement_handler on_static_route, on_distance;
/* config_bfd.c */
statement_handler on_bfd_profile, on_bfd_peer, on_bfd_multiplier, on_bfd_receive, on_bfd_transmit,
    on_bfd_minimum_ttl, on_bfd_passive, on_bfd_shutdown, on_bfd_peer_profile, on_bfd_echo,
    on_bfd_echo_transmit, on_bfd_echo_receive, on_bfd_echo_interval;
