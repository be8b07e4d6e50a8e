/*
 * New settings: start and reload are the same. Peers are matched by name; one that stays keeps its
 * session unless something that the session was set up with has changed (RFC 4486: Cease, Other
 * Configuration Change). After a change of the inbound policy routes are judged again: those that
 * were kept before policy, or the peer is asked to send them again (RFC 2918); a changed outbound
 * policy visits all destinations again and tells the differences.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bgp/adj_rib_in.h"
#include "bgp/filter.h"
#include "bgp/speaker.h"

static bool instance_equal(const struct bgp_settings *a, const struct bgp_settings *b)
{
	return a->as == b->as && ip_equal(&a->router_id, &b->router_id);
}

/* What our OPEN to a neighbor says of restarts (restart_offer()). RFC 4724 knows no other way to
 * tell it than a new session; where it is not said, none ends for it. */
static bool restart_equal(
    const struct bgp_settings *a, const struct bgp_settings *b, enum graceful_restart mode)
{
	const struct restart_settings *x = &a->restart, *y = &b->restart;

	if (mode == GRACEFUL_RESTART_OFF)
		return true;
	if (x->notification != y->notification || x->restart_s != y->restart_s)
		return false;
	return mode == GRACEFUL_RESTART_HELPER ||
	       (x->preserve_forwarding == y->preserve_forwarding &&
		   x->long_lived_s == y->long_lived_s);
}

static bool local_pref_equal(const struct bgp_settings *a, const struct bgp_settings *b)
{
	return a->has_default_local_pref == b->has_default_local_pref &&
	       a->default_local_pref == b->default_local_pref;
}

static bool rules_equal(
    const struct bgp_settings *a, const struct bgp_settings *b, enum bgp_family f)
{
	return a->multipath_relax == b->multipath_relax &&
	       a->peer_type_relax == b->peer_type_relax &&
	       a->always_compare_med == b->always_compare_med && local_pref_equal(a, b) &&
	       a->med_missing_as_worst == b->med_missing_as_worst &&
	       a->as_path_ignore == b->as_path_ignore &&
	       a->equal_cluster_length[f] == b->equal_cluster_length[f] &&
	       a->link_bandwidth == b->link_bandwidth &&
	       a->maximum_paths[f] == b->maximum_paths[f] &&
	       a->maximum_paths_ibgp[f] == b->maximum_paths_ibgp[f];
}

static bool default_equal(const struct bgp_settings *a, const struct neighbor_family *x,
    const struct bgp_settings *b, const struct neighbor_family *y)
{
	return x->default_originate == y->default_originate &&
	       policy_named_map_equal(
		   &a->policy, x->default_route_map, &b->policy, y->default_route_map);
}

static bool conditional_equal(const struct bgp_settings *a, const struct neighbor_family *x,
    const struct bgp_settings *b, const struct neighbor_family *y)
{
	return x->condition_absent == y->condition_absent &&
	       policy_named_map_equal(&a->policy, x->advertise_map, &b->policy, y->advertise_map) &&
	       policy_named_map_equal(&a->policy, x->condition_map, &b->policy, y->condition_map);
}

static bool fib_policy_equal(
    const struct bgp_settings *a, const struct bgp_settings *b, enum bgp_family f)
{
	return a->suppress_fib_pending == b->suppress_fib_pending &&
	       policy_named_map_equal(
		   &a->policy, a->fib_route_map[f], &b->policy, b->fib_route_map[f]) &&
	       policy_named_map_equal(&a->policy, a->table_map[f], &b->policy, b->table_map[f]);
}

static bool out_equal(const struct bgp_settings *a, const struct neighbor_family *x,
    const struct bgp_settings *b, const struct neighbor_family *y, enum bgp_family family)
{
	return filter_settings_equal(a, x, b, y, family, DIRECTION_OUT) &&
	       default_equal(a, x, b, y) && conditional_equal(a, x, b, y) &&
	       policy_named_map_equal(
		   &a->policy, x->unsuppress_map, &b->policy, y->unsuppress_map) &&
	       x->max_out == y->max_out && local_pref_equal(a, b) &&
	       a->graceful_shutdown == b->graceful_shutdown &&
	       x->next_hop_self == y->next_hop_self &&
	       x->next_hop_self_force == y->next_hop_self_force &&
	       x->next_hop_unchanged == y->next_hop_unchanged &&
	       x->link_local_unchanged == y->link_local_unchanged &&
	       x->as_path_unchanged == y->as_path_unchanged &&
	       x->med_unchanged == y->med_unchanged && x->as_override == y->as_override &&
	       x->no_communities == y->no_communities && x->no_extcomms == y->no_extcomms &&
	       x->no_large == y->no_large && x->remove_private_as == y->remove_private_as &&
	       x->remove_private_all == y->remove_private_all &&
	       x->remove_private_replace == y->remove_private_replace &&
	       x->route_reflector_client == y->route_reflector_client &&
	       x->route_server_client == y->route_server_client &&
	       a->link_bandwidth == b->link_bandwidth && x->add_path == y->add_path &&
	       a->no_client_to_client == b->no_client_to_client &&
	       a->rr_outbound_policy == b->rr_outbound_policy &&
	       ip_equal(&a->cluster_id, &b->cluster_id);
}

static bool in_equal(const struct bgp_settings *a, const struct neighbor_family *x,
    const struct bgp_settings *b, const struct neighbor_family *y, enum bgp_family family)
{
	return filter_settings_equal(a, x, b, y, family, DIRECTION_IN) &&
	       a->graceful_shutdown == b->graceful_shutdown && x->weight == y->weight &&
	       a->reject_as_sets == b->reject_as_sets && x->allowas_in == y->allowas_in &&
	       x->allowas_in_origin == y->allowas_in_origin &&
	       ip_equal(&a->cluster_id, &b->cluster_id);
}

static bool limit_equal(const struct prefix_limit *a, const struct prefix_limit *b)
{
	return a->max == b->max && a->threshold == b->threshold &&
	       a->warning_only == b->warning_only && a->restart_min == b->restart_min;
}

static void reset_for_change(struct peer *p, mono_t now)
{
	uint8_t data[SHUTDOWN_DATA_MAX];
	struct notification n = {.code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_CONFIG_CHANGE};

	if (p->settings->shutdown)
		n = notification_cease_with(
		    NOTIFY_CEASE_SHUTDOWN, p->settings->shutdown_message, data);
	peer_reset(p, &n, p->settings->shutdown ? "Admin. shutdown" : "Configuration changed", now);
	if (p->settings->shutdown)
		restart_forget(p);
}

/* Routes already taken in were judged by the old policy, and so were those that were too many. A
 * peer that can neither be asked nor has been listened to keeps its session, as in FRR: a reload
 * that was to tighten a filter must not become an outage of everything else. */
static void inbound_changed(struct peer *p, enum bgp_family f, mono_t now)
{
	if (p->overflowed)
		peer_limit_changed(p, f, now);
	if (!p->families[f] || adj_rib_in_again(p, f))
		return;
	p->unjudged[f] = true;
	log_warning(p->bgp->log, LOG_BGP,
	    "%s: knows no route refresh: what it has announced of %s stays as the old policy "
	    "judged "
	    "it, until `clear bgp %s`; `soft-reconfiguration inbound` would help",
	    peer_name(p), bgp_family_name(f), peer_name(p));
}

/* `soft-reconfiguration inbound`: what was not kept must come again, and if it cannot be asked for,
 * with a new session (as FRR does). */
static void keeping_changed(struct peer *p, enum bgp_family f, mono_t now)
{
	if (!p->settings->family[f].soft_reconfiguration_in) {
		adj_rib_in_close(p, f);
		return;
	}
	adj_rib_in_open(p, f);
	if (!p->families[f])
		return;
	if (p->up->route_refresh)
		session_send_refresh(p->up, f, ROUTE_REFRESH_REQUEST);
	else
		reset_for_change(p, now);
}

/* Who is a client decides what others are told of its routes. */
static bool clients_equal(const struct neighbor_family *x, const struct neighbor_family *y)
{
	return x->route_reflector_client == y->route_reflector_client &&
	       x->route_server_client == y->route_server_client;
}

static void clients_changed(struct bgp *b, enum bgp_family f)
{
	for (size_t i = 0; i < b->peer_count; i++)
		adj_rib_out_policy_changed(&b->peers[i]->out[f]);
}

static void check_changed(
    struct peer *p, const struct bgp_settings *old, const struct neighbor_settings *was)
{
	if (was->disable_connected_check == p->settings->disable_connected_check &&
	    old->disable_connected_check == p->bgp->settings.disable_connected_check)
		return;
	loc_rib_mark_all_dirty(&p->bgp->rib, BGP_IPV4_UNICAST);
	loc_rib_mark_all_dirty(&p->bgp->rib, BGP_IPV6_UNICAST);
}

static void adapt(
    struct peer *p, const struct bgp_settings *old, const struct neighbor_settings *was, mono_t now)
{
	const struct bgp_settings *g = &p->bgp->settings;

	session_keepalive_changed(&p->active, now);
	session_keepalive_changed(&p->passive, now);
	check_changed(p, old, was);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		bool judged_alike = in_equal(old, &was->family[f], g, &p->settings->family[f], f) &&
				    was->enforce_first_as == p->settings->enforce_first_as &&
				    was->local_as_no_prepend == p->settings->local_as_no_prepend;

		if (was->family[f].soft_reconfiguration_in !=
		    p->settings->family[f].soft_reconfiguration_in)
			keeping_changed(p, f, now);
		if (!judged_alike)
			inbound_changed(p, f, now);
		if (!limit_equal(&was->family[f].limit, &p->settings->family[f].limit))
			peer_limit_changed(p, f, now);
		if (!out_equal(old, &was->family[f], g, &p->settings->family[f], f) ||
		    was->local_as_replace != p->settings->local_as_replace ||
		    was->spare_loops != p->settings->spare_loops ||
		    old->suppress_fib_pending != g->suppress_fib_pending)
			adj_rib_out_policy_changed(&p->out[f]);
		if (!clients_equal(&was->family[f], &p->settings->family[f]))
			clients_changed(p->bgp, f);
	}
}

/* A peer that stays. Its old settings are still there. */
static void update_peer(
    struct peer *p, const struct bgp_settings *old, const struct neighbor_settings *s, mono_t now)
{
	const struct neighbor_settings *was = p->settings;

	p->settings = s;
	p->warned_policy = false;
	if (neighbor_session_equal(was, s) && instance_equal(old, &p->bgp->settings) &&
	    restart_equal(old, &p->bgp->settings, s->graceful_restart)) {
		adapt(p, old, was, now);
		return;
	}
	reset_for_change(p, now);
	p->failures = 0;
	if (!s->unnumbered)
		p->address = s->address;
	else if (!was->unnumbered)
		p->address = (struct ip){0};
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		peer_limit_changed(p, f, now);
}

static struct peer *take_peer(struct peer **peers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		struct peer *p = peers[i];

		if (p == NULL || strcmp(peer_name(p), name) != 0)
			continue;
		peers[i] = NULL;
		return p;
	}
	return NULL;
}

static size_t neighbor_count(const struct bgp_settings *s)
{
	return s->enabled ? s->neighbor_count : 0;
}

/* A written neighbor of the same name takes the place of one by range, with a new session. */
static bool is_wanted(const struct peer *p, const struct bgp_settings *s)
{
	bool written = s->enabled && bgp_settings_neighbor(s, peer_name(p)) != NULL;

	if (peer_is_dynamic(p))
		return s->enabled && !written && bgp_settings_range(s, &p->address) != NULL;
	return written;
}

static void remove_peers(struct bgp *b, const struct bgp_settings *wanted, mono_t now)
{
	for (size_t i = 0; i < b->peer_count;) {
		if (is_wanted(b->peers[i], wanted))
			i++;
		else
			bgp_remove_peer(b, i, now);
	}
}

static int peer_compare(const void *a, const void *b)
{
	return strcmp(peer_name(*(struct peer *const *)a), peer_name(*(struct peer *const *)b));
}

/* The peers of the new settings, each where it was, and those by range that stay; sorted by name,
 * which is the order in which they take turns. */
static void gather_peers(struct bgp *b)
{
	size_t n = neighbor_count(&b->settings), had = b->peer_count;
	struct peer **before = b->peers;

	b->peers = mem_new_array(n + had + 1, sizeof(struct peer *));
	for (size_t i = 0; i < n; i++) {
		const struct neighbor_settings *s = &b->settings.neighbors[i];
		struct peer *p = take_peer(before, had, s->name);

		b->peers[i] = p != NULL ? p : peer_new(b, s);
	}
	for (size_t i = 0; i < had; i++)
		if (before[i] != NULL)
			b->peers[n++] = before[i];
	b->peer_count = n;
	if (n > 1)
		qsort(b->peers, n, sizeof(struct peer *), peer_compare);
	mem_free(before);
}

/* A peer by range has a copy of what its range says now. */
static void renew_settings(struct peer *p, const struct bgp_settings *old, mono_t now)
{
	struct neighbor_settings *was = p->own;

	if (was == NULL) {
		const struct neighbor_settings *s =
		    bgp_settings_neighbor(&p->bgp->settings, peer_name(p));

		if (p->settings != s)
			update_peer(p, old, s, now);
		return;
	}
	p->own = bgp_dynamic_settings(p->bgp, &p->address);
	update_peer(p, old, p->own, now);
	neighbor_settings_free(was);
}

static void update_peers(struct bgp *b, const struct bgp_settings *old, mono_t now)
{
	gather_peers(b);
	for (size_t i = 0; i < b->peer_count; i++) {
		renew_settings(b->peers[i], old, now);
		if (peer_state(b->peers[i]) == BGP_IDLE)
			peer_link_changed(b->peers[i], now);
	}
}

void bgp_configure(struct bgp *b, const struct bgp_settings *s, mono_t now)
{
	struct bgp_settings old = b->settings;

	remove_peers(b, s, now);
	bgp_settings_copy(&b->settings, s);
	b->keys_dirty = true;
	update_peers(b, &old, now);
	aggregates_configure(b, &old);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		b->fib_policy_changed[f] = !fib_policy_equal(&old, &b->settings, f);
		if (!rules_equal(&old, &b->settings, f))
			loc_rib_mark_all_dirty(&b->rib, f);
	}
	if (s->enabled && s->router_id.family == IP_NONE)
		log_warning(b->log, LOG_BGP, "no router id is known: no session is started");
	arena_reset(&b->arena);
	bgp_settings_fini(&old);
}
