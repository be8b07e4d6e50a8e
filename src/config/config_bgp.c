/*
 * `router bgp AS`: the default instance. Its neighbors are resolved in config_neighbor.c.
 */
#include "base/mem.h"
#include "config/loading.h"

#include <string.h>

void on_router_bgp(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bgp_settings *b = &l->c->bgp;

	if (b->enabled) {
		loading_report(l, s, false, NULL, "BGP runs as AS %u already", b->as);
		return;
	}
	l->bgp = s;
	b->enabled = true;
	word_asn(w->word[2], &b->as);
	b->router_id = l->router_id;
}

/* FRR keeps what a previous instance left for 500 s. Without peers that keep our routes as long,
 * half a minute is enough for them to connect. */
static uint16_t rib_stale_s(const struct loading *l)
{
	if (l->c->bgp.restart.rib_stale_s != 0)
		return l->c->bgp.restart.rib_stale_s;
	return l->graceful_restart == GRACEFUL_RESTART_ON ? 500 : 30;
}

void config_bgp_done(struct loading *l, const struct statement *bgp)
{
	struct evpn_settings *e = &l->c->evpn;

	l->c->bgp.restart.rib_stale_s = rib_stale_s(l);
	e->convergence_s = l->c->bgp.restart.rib_stale_s + l->c->bgp.update_delay_s;
	config_neighbors(l, bgp);
	if (e->as == 0)
		e->as = l->c->bgp.as;
	e->router_id = l->c->bgp.router_id;
}

void on_bgp_router_id(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	ip_parse(w->word[2], &l->c->bgp.router_id);
}

void on_default_family(struct loading *l, const struct statement *s, const struct words *w)
{
	static const char *const names[BGP_FAMILIES] = {
	    [BGP_IPV4_UNICAST] = "ipv4-unicast",
	    [BGP_IPV6_UNICAST] = "ipv6-unicast",
	    [BGP_L2VPN_EVPN] = "l2vpn-evpn",
	};

	for (int f = 0; f < BGP_FAMILIES; f++)
		if (strcmp(w->word[2], names[f]) == 0)
			l->family_default[f] = !s->no;
}

void on_connected_check(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	l->disable_connected_check = true;
	l->c->bgp.disable_connected_check = true;
}

void on_multipath_relax(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.multipath_relax = !s->no;
}

void on_peer_type_relax(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.peer_type_relax = !s->no;
}

void on_requires_policy(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.ebgp_requires_policy = !s->no;
}

void on_import_check(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.network_import_check = !s->no;
}

void on_log_neighbor_changes(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.log_neighbor_changes = !s->no;
}

void on_always_compare_med(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.always_compare_med = !s->no;
}

void on_as_path_ignore(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.as_path_ignore = !s->no;
}

/* `confed` says nothing here: there are no confederations. */
void on_bestpath_med(struct loading *l, const struct statement *s, const struct words *w)
{
	for (unsigned i = 3; i < w->count; i++)
		if (strcmp(w->word[i], "missing-as-worst") == 0)
			l->c->bgp.med_missing_as_worst = !s->no;
}

void on_bestpath_bandwidth(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	if (strcmp(w->word[3], "ignore") == 0)
		l->c->bgp.link_bandwidth = LINK_BANDWIDTH_IGNORE;
	else if (strcmp(w->word[3], "skip-missing") == 0)
		l->c->bgp.link_bandwidth = LINK_BANDWIDTH_SKIP_MISSING;
	else
		l->c->bgp.link_bandwidth = LINK_BANDWIDTH_DEFAULT_MISSING;
}

void on_underlay_weights(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->fib.underlay_weights = !s->no;
}

void on_resolve_via_default(struct loading *l, const struct statement *s, const struct words *w)
{
	l->c->bgp.resolve_via_default[strcmp(w->word[0], "ipv6") == 0] = !s->no;
}

void on_default_shutdown(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	l->default_shutdown = true;
}

void on_bgp_shutdown(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->shutdown = true;
	mem_free(l->shutdown_message);
	l->shutdown_message = w->count > 3 ? words_join(w, 3) : NULL;
}

void on_suppress_fib_pending(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.suppress_fib_pending = !s->no;
}

void on_reject_as_sets(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.reject_as_sets = !s->no;
}

void on_default_local_pref(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bgp_settings *b = &l->c->bgp;

	(void)s;
	b->has_default_local_pref = word_number(w->word[3], 0, UINT32_MAX, &b->default_local_pref);
}

void on_rr_outbound_policy(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.rr_outbound_policy = !s->no;
}

/* `update-delay N [M]`, in `router bgp` or for all instances: `bgp update-delay N [M]`. */
void on_update_delay(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bgp_settings *b = &l->c->bgp;
	unsigned at = strcmp(w->word[0], "bgp") == 0 ? 2 : 1;
	uint32_t limit = 0, wait;

	word_number(w->word[at], 0, 3600, &limit);
	wait = limit;
	if (w->count > at + 1)
		word_number(w->word[at + 1], 1, 3600, &wait);
	if (wait > limit)
		loading_report(l, s, false, NULL,
		    "peers cannot be waited for longer than the delay of %u s lasts", limit);
	b->update_delay_s = (uint16_t)limit;
	b->update_delay_wait_s = (uint16_t)wait;
}

void on_deterministic_med(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.deterministic_med = !s->no;
}

/* FRR: an address, or the number that it stands for. */
void on_cluster_id(struct loading *l, const struct statement *s, const struct words *w)
{
	struct ip *id = &l->c->bgp.cluster_id;
	uint32_t n;

	if (word_number(w->word[2], 1, UINT32_MAX, &n))
		*id = ip_from_u32(n);
	else if (!ip_parse(w->word[2], id) || id->family != IP_V4)
		loading_report(l, s, false, NULL,
		    "`%.80s` is not an IPv4 address or a number (1-4294967295)", w->word[2]);
}

void on_bgp_enforce_first_as(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->enforce_first_as = !s->no;
}

void on_client_to_client(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.no_client_to_client = s->no;
}

void on_minimum_holdtime(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n;

	(void)s;
	if (word_number(w->word[2], 1, UINT16_MAX, &n))
		l->c->bgp.minimum_hold_s = (uint16_t)n;
}

void loading_check_timers(
    struct loading *l, const struct statement *s, uint32_t keepalive_s, uint32_t hold_s)
{
	if (hold_s == 1 || hold_s == 2)
		loading_report(l, s, false, NULL, "the hold time must be 0 or at least 3 seconds");
	else if (hold_s == 0 && keepalive_s != 0)
		loading_report(l, s, true, NULL,
		    "with hold time 0 no keepalives are sent, whatever their interval");
	else if (keepalive_s > hold_s / 3)
		loading_report(l, s, true, NULL,
		    "keepalives every %u s do not keep a hold time of %u s: they are sent every %u "
		    "s",
		    keepalive_s, hold_s, hold_s / 3);
}

void on_timers_bgp(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t keepalive, hold;

	if (!word_number(w->word[2], 0, UINT16_MAX, &keepalive) ||
	    !word_number(w->word[3], 0, UINT16_MAX, &hold))
		return;
	loading_check_timers(l, s, keepalive, hold);
	l->keepalive_s = (uint16_t)keepalive;
	l->hold_s = (uint16_t)hold;
}

/* It announces nothing. */
static void backdoor_add(struct fib_settings *f, const struct prefix *p)
{
	f->backdoors = mem_resize(f->backdoors, (f->backdoor_count + 1) * sizeof(*f->backdoors));
	f->backdoors[f->backdoor_count++] = *p;
}

/* `network P [backdoor] [route-map M] [backdoor]` */
void on_network(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bgp_settings *b = &l->c->bgp;
	struct network_settings n = {.family = l->family};

	if (!prefix_parse(w->word[1], &n.prefix))
		return;
	if (w->count > 4 || (w->count > 2 && strcmp(w->word[2], "backdoor") == 0)) {
		backdoor_add(&l->c->fib, &n.prefix);
		return;
	}
	if (w->count > 3) {
		n.route_map = mem_strdup(w->word[3]);
		loading_refer(l, s, LIST_KINDS, w->word[3], "it denies everything");
	}
	b->networks = mem_resize(b->networks, (b->network_count + 1) * sizeof(*b->networks));
	b->networks[b->network_count++] = n;
}

static void aggregate_refer(struct loading *l, const struct statement *s, char **name,
    const char *word, const char *without)
{
	mem_free(*name);
	*name = mem_strdup(word);
	loading_refer(l, s, LIST_KINDS, word, without);
}

/* A word that another one follows; false: it is none. */
static bool aggregate_pair(struct loading *l, const struct statement *s, const char *word,
    const char *next, struct aggregate_settings *a)
{
	if (strcmp(word, "route-map") == 0) {
		aggregate_refer(l, s, &a->route_map, next, "the aggregate is not announced");
		return true;
	}
	if (strcmp(word, "suppress-map") == 0) {
		aggregate_refer(l, s, &a->suppress_map, next, "nothing is suppressed");
		return true;
	}
	a->has_origin = strcmp(word, "origin") == 0 && config_is_origin(next);
	a->origin = a->has_origin ? (enum attr_origin)config_origin(next) : ORIGIN_IGP;
	return a->has_origin;
}

static bool aggregate_flag(const char *word, struct aggregate_settings *a)
{
	bool *flag = strcmp(word, "as-set") == 0	      ? &a->as_set
		     : strcmp(word, "summary-only") == 0      ? &a->summary_only
		     : strcmp(word, "matching-MED-only") == 0 ? &a->matching_med
							      : NULL;

	if (flag != NULL)
		*flag = true;
	return flag != NULL;
}

/* In any order. */
static void aggregate_words(struct loading *l, const struct statement *s, const struct words *w,
    struct aggregate_settings *a)
{
	for (unsigned at = 2; at < w->count; at++) {
		if (aggregate_flag(w->word[at], a))
			continue;
		if (at + 1 < w->count && aggregate_pair(l, s, w->word[at], w->word[at + 1], a)) {
			at++;
			continue;
		}
		loading_report(l, s, false,
		    mem_strdup("as-set, summary-only, route-map NAME, origin "
			       "egp|igp|incomplete, matching-MED-only, suppress-map NAME"),
		    "`%.80s` does not belong to `aggregate-address`", w->word[at]);
		return;
	}
	if (a->summary_only && a->suppress_map != NULL)
		loading_report(l, s, false, mem_strdup("one of them"),
		    "`summary-only` and `suppress-map` exclude each other");
}

void on_aggregate(struct loading *l, const struct statement *s, const struct words *w)
{
	struct bgp_settings *b = &l->c->bgp;
	struct aggregate_settings a = {.family = l->family};

	if (!prefix_parse(w->word[1], &a.prefix))
		return;
	aggregate_words(l, s, w, &a);
	b->aggregates =
	    mem_resize(b->aggregates, (b->aggregate_count + 1) * sizeof(*b->aggregates));
	b->aggregates[b->aggregate_count++] = a;
}

static enum redistribute redistribute_from(const char *word)
{
	for (enum redistribute r = 0; r < REDISTRIBUTES; r++)
		if (strcmp(redistribute_name(r), word) == 0)
			return r;
	return REDISTRIBUTE_KERNEL;
}

/* `redistribute FROM [route-map M] [metric N]`, in any order. */
void on_redistribute(struct loading *l, const struct statement *s, const struct words *w)
{
	struct redistribute_settings *r =
	    &l->c->bgp.redistribute[l->family][redistribute_from(w->word[1])];

	r->enabled = true;
	for (unsigned i = 2; i + 1 < w->count; i += 2) {
		if (strcmp(w->word[i], "metric") == 0) {
			r->has_metric = word_number(w->word[i + 1], 0, UINT32_MAX, &r->metric);
			if (!r->has_metric)
				loading_report(l, s, false, NULL,
				    "`%.80s` is not a metric (0-4294967295)", w->word[i + 1]);
			continue;
		}
		mem_free(r->route_map);
		r->route_map = mem_strdup(w->word[i + 1]);
		loading_refer(l, s, LIST_KINDS, w->word[i + 1], "it denies everything");
	}
}

void on_graceful_shutdown(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	l->c->bgp.graceful_shutdown = true;
}

void on_maximum_paths(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n;

	(void)s;
	if (word_number(w->word[1], 1, 256, &n))
		l->c->bgp.maximum_paths[l->family] = (uint16_t)n;
}

void on_maximum_paths_ibgp(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n;

	(void)s;
	if (word_number(w->word[2], 1, 256, &n))
		l->c->bgp.maximum_paths_ibgp[l->family] = (uint16_t)n;
	l->c->bgp.equal_cluster_length[l->family] = w->count > 3;
}

/* ---- graceful restart ---- */

void on_hard_reset(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->bgp.restart.hard_administrative_reset = !s->no;
}

void on_restart_mode(struct loading *l, const struct statement *s, const struct words *w)
{
	if (strcmp(w->word[1], "graceful-restart-disable") == 0)
		l->graceful_restart = GRACEFUL_RESTART_OFF;
	else if (l->graceful_restart != GRACEFUL_RESTART_OFF)
		l->graceful_restart = s->no ? GRACEFUL_RESTART_HELPER : GRACEFUL_RESTART_ON;
}

void on_restart_time(struct loading *l, const struct statement *s, const struct words *w)
{
	struct restart_settings *r = &l->c->bgp.restart;
	uint32_t n;

	(void)s;
	if (!word_number(w->word[3], 0, UINT16_MAX, &n))
		return;
	if (strcmp(w->word[2], "restart-time") == 0)
		r->restart_s = (uint16_t)n;
	else if (strcmp(w->word[2], "stalepath-time") == 0)
		r->stalepath_s = (uint16_t)n;
	else if (strcmp(w->word[2], "select-defer-time") == 0)
		r->select_defer_s = (uint16_t)n;
	else
		r->rib_stale_s = (uint16_t)n;
}

void on_restart_flag(struct loading *l, const struct statement *s, const struct words *w)
{
	struct restart_settings *r = &l->c->bgp.restart;

	if (strcmp(w->word[2], "notification") == 0)
		r->notification = !s->no;
	else if (strcmp(w->word[2], "preserve-fw-state") == 0)
		r->preserve_forwarding = true;
	else
		r->disable_end_of_rib = true;
}

void on_long_lived(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	word_number(w->word[3], 1, 0xffffff, &l->c->bgp.restart.long_lived_s);
}
