/*
 * Inside ctl/: one command under way, and the handlers that the table of ctl.c names.
 */
#pragma once

#include "config/words.h"
#include "ctl/ctl.h"

#include <json.h>

struct command {
	const struct ctl_context *c;
	const struct words *w;
	bool json;
	struct str *out;
};

typedef enum ctl_outcome command_handler(struct command *k);

/* ---- helpers (command.c) ---- */

/* "% …": what vtysh says when it refuses. */
__attribute__((format(printf, 2, 3))) enum ctl_outcome command_refuse(
    struct command *k, const char *format, ...);
/* Prints and releases the object. */
enum ctl_outcome command_json(struct command *k, struct json_object *o);
/* The word after `keyword`; NULL when the command has none. */
const char *command_word(const struct command *k, const char *keyword);
/* The VNI after the word `vni`; 0 none or `all`. */
vni_t command_vni(const struct command *k);
/* False: no such VNI on this host. */
bool command_find_vni(const struct command *k, vni_t vni, struct evpn_vni_view *view);
/* The family of `show bgp ipv4|ipv6 …`. */
enum bgp_family command_unicast_family(const struct command *k);
/* "Established", … */
const char *peer_state_word(enum bgp_state state);
/* "eth4", or "if7" for a link that is gone. */
#define PORT_TEXT_MAX 24
const char *port_text(const struct ctl_context *c, ifindex_t ifindex, char *text);
/* "00:01:02", "1d02h03m", "01w2d03h", as FRR. */
#define UPTIME_TEXT_MAX 16
const char *uptime_text(int64_t seconds, char *text);
/* "10:12:14.123", UTC. */
#define CLOCK_TEXT_MAX 24
const char *clock_text(const struct ctl_context *c, mono_t at, char *text);

void json_add_text(struct json_object *o, const char *key, const char *text);
/* For a key that is somebody's name. Takes the value over. */
void json_add_named(struct json_object *o, const char *name, struct json_object *value);
void json_add_number(struct json_object *o, const char *key, int64_t n);
void json_add_bool(struct json_object *o, const char *key, bool b);
void json_add_ip(struct json_object *o, const char *key, const struct ip *ip);

/* ---- commands ---- */

/* show_bgp.c */
command_handler show_bgp_summary, show_bgp_evpn_summary, show_bgp_family_summary;
/* show_routes.c */
command_handler show_bgp_evpn, show_bgp_unicast, show_neighbor_routes;
/* show_neighbor.c */
command_handler show_bgp_neighbors;
/* show_restart.c */
command_handler show_bgp_restart;
/* Of one peer, without its name: also part of `show bgp neighbors`. */
void restart_text(struct command *k, const struct bgp_restart_view *v);
void restart_json(const struct command *k, const struct bgp_restart_view *v, struct json_object *o);
/* clear_bgp.c */
command_handler clear_bgp, clear_bgp_family;
/* show_evpn.c */
command_handler show_evpn, show_evpn_vnis, show_evpn_vni, show_evpn_vni_detail, show_evpn_macs,
    show_evpn_mac, show_evpn_neighs;
/* show_bfd.c */
command_handler show_bfd_peers, show_bfd_counters, show_bfd_brief, show_bfd_peer,
    show_bfd_peer_counters, show_bfd_discards;
/* show_nexthop.c */
command_handler show_nht, show_bgp_nexthop, show_bgp_bestpath;
/* show_config.c */
command_handler show_running_config, show_version, show_counters;
/* operate.c */
command_handler show_audit, audit_now, clear_duplicates, release_mac;
/* explain.c */
command_handler explain_mac, explain_ip, reclaim_mac, remove_orphans;
