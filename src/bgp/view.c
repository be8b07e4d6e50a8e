/*
 * What shows want to know of the speaker: views by value, nothing that outlives the call but text
 * that belongs to the settings or is constant.
 */
#include <string.h>

#include "bgp/bandwidth.h"
#include "bgp/speaker.h"

static void view_of_session(const struct peer *p, struct bgp_peer_view *v)
{
	const struct session *s = p->up;

	if (s == NULL)
		return;
	v->hold_s = s->hold_s;
	v->keepalive_s = s->keepalive_s;
	v->router_id = p->router_id;
	v->hostname = p->hostname;
	v->remote_as = p->remote_as;
	v->ebgp = p->ebgp;
}

static void view_of_families(const struct peer *p, struct bgp_peer_view *v)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		v->activated[f] = p->settings->family[f].activate;
		v->negotiated[f] = p->families[f];
		v->disabled[f] = p->disabled[f];
		v->unjudged[f] = p->unjudged[f];
		v->prefixes_received[f] = p->accepted[f];
		v->prefixes_sent[f] = p->out[f].advertised;
		v->out_queue += (uint32_t)(p->out[f].urgent.count + p->out[f].queue.count);
	}
}

static uint64_t total(const uint64_t messages[MESSAGE_TYPES])
{
	uint64_t n = 0;

	for (size_t i = 0; i < MESSAGE_TYPES; i++)
		n += messages[i];
	return n;
}

bool bgp_peer_at(const struct bgp *b, size_t index, struct bgp_peer_view *v)
{
	const struct peer *p;
	const char *obstacle;

	if (index >= b->peer_count)
		return false;
	p = b->peers[index];
	obstacle = p->up == NULL ? peer_obstacle(p) : NULL;
	*v = (struct bgp_peer_view){.name = peer_name(p),
	    .hostname = "",
	    .description = p->settings->description == NULL ? "" : p->settings->description,
	    .address = p->address,
	    .ifindex = p->ifindex,
	    .remote_as = p->settings->remote_as_kind == REMOTE_AS_INTERNAL ? peer_local_as(p)
									   : p->settings->remote_as,
	    .local_as = peer_local_as(p),
	    .state = peer_state(p),
	    .state_reason = obstacle != NULL ? obstacle : p->reason,
	    .state_since = p->since,
	    .msg_received = total(p->received_messages),
	    .msg_sent = total(p->sent_messages),
	    .update_received = p->received_messages[MESSAGE_UPDATE],
	    .update_sent = p->sent_messages[MESSAGE_UPDATE],
	    .established_count = p->established_count,
	    .dropped_count = p->dropped_count,
	    .overflowed = p->overflowed,
	    .dynamic = peer_is_dynamic(p),
	    .shutdown = p->settings->shutdown,
	    .last_reset = p->last_reset,
	    .errors_withdrawn = p->errors_withdrawn,
	    .errors_discarded = p->errors_discarded};
	v->ebgp = p->settings->remote_as_kind == REMOTE_AS_EXTERNAL ||
		  (p->settings->remote_as_kind == REMOTE_AS_NUMBER && v->remote_as != v->local_as);
	view_of_session(p, v);
	view_of_families(p, v);
	return true;
}

static void neighbor_of_session(const struct peer *p, struct bgp_neighbor_view *v)
{
	const struct interface *i = bgp_interface_with(p->bgp, &p->up->local);

	v->theirs = &p->up->open;
	v->passive = p->up->passive;
	v->shared_link =
	    p->settings->unnumbered || (i != NULL && interface_reaches(i, &p->up->remote));
	v->extended_nexthop = p->up->extended_nexthop;
	v->route_refresh = p->up->route_refresh;
	v->local = p->up->local;
	v->remote = p->up->remote;
	v->next_hop_v4 = p->self.v4;
	v->next_hop_v6 = p->self.v6;
	v->next_hop_link_local = p->self.link_local;
}

bool bgp_neighbor_at(const struct bgp *b, size_t index, struct bgp_neighbor_view *v)
{
	const struct peer *p;

	if (index >= b->peer_count)
		return false;
	p = b->peers[index];
	*v = (struct bgp_neighbor_view){.settings = p->settings,
	    .ours = session_offer(p),
	    .last_read = p->last_read,
	    .last_write = p->last_write,
	    .last_update = p->last_update,
	    .connect_at =
		p->up != NULL ? MONO_NEVER : mono_min(p->active.connect_retry, p->idle_until),
	    .reset = p->reset};
	memcpy(v->sent, p->sent_messages, sizeof(v->sent));
	memcpy(v->received, p->received_messages, sizeof(v->received));
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		v->queued[f] = (uint32_t)(p->out[f].urgent.count + p->out[f].queue.count);
		v->kept[f] = p->received[f] != NULL;
	}
	if (p->up != NULL)
		neighbor_of_session(p, v);
	return true;
}

static void restart_of_session(const struct peer *p, struct bgp_restart_view *v)
{
	const struct open *o = &p->up->open;

	v->established = true;
	v->remote = o->graceful_restart;
	v->restarting = o->restarting;
	v->notification = o->notification;
	v->remote_restart_s = o->restart_s;
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		v->remote_families |= o->restart_families[f];
		v->family[f].negotiated = p->families[f];
		v->family[f].forwarding_kept = o->forwarding_kept[f];
		v->family[f].end_of_rib_sent = p->out[f].end_of_rib_sent;
		v->family[f].end_of_rib_received = p->end_of_rib[f];
	}
}

bool bgp_restart_at(const struct bgp *b, size_t index, struct bgp_restart_view *v)
{
	const struct peer *p;

	if (index >= b->peer_count)
		return false;
	p = b->peers[index];
	*v = (struct bgp_restart_view){.name = peer_name(p),
	    .mode = p->settings->graceful_restart,
	    .own_mode = p->settings->graceful_restart_said,
	    .back_by = p->restart.back_by,
	    .stale_end = p->restart.stale_end};
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		v->family[f].retention = p->restart.retention[f];
		v->family[f].long_lived_end = p->restart.long_lived_end[f];
	}
	if (p->up != NULL)
		restart_of_session(p, v);
	return true;
}

struct ip bgp_router_id(const struct bgp *b)
{
	return b->settings.router_id;
}

uint32_t bgp_default_local_pref(const struct bgp *b)
{
	const struct bgp_settings *s = &b->settings;

	return s->has_default_local_pref ? s->default_local_pref : LOCAL_PREF_DEFAULT;
}

bool bgp_update_delayed(const struct bgp *b)
{
	return b->settings.update_delay_s > 0 && update_delay_runs(b);
}

uint32_t bgp_as(const struct bgp *b)
{
	return b->settings.as;
}

static struct bgp_dest_route route_of(
    const struct dest *d, const struct decision_path *c, enum decision_step step)
{
	const struct path *p = c->owner;
	struct bgp_dest_route r = {.route = loc_rib_route(d, p),
	    .peer = p->peer == NULL ? NULL : peer_name(p->peer),
	    .best = (p->flags & PATH_BEST) != 0,
	    .multipath = (p->flags & PATH_SELECTED) != 0,
	    .valid = !c->unreachable,
	    .suppressed = (p->flags & PATH_SUPPRESSED) != 0,
	    .igp_metric = c->igp_metric,
	    .step = decision_step_text(step)};

	if (p->peer != NULL)
		r.router_id = p->peer->router_id;
	return r;
}

/* As loc_rib_decide() told them to consumers. */
static void add_shares(const struct bgp *b, struct decision_path *const *paths, size_t n,
    struct bgp_dest_route *routes)
{
	struct decision_path *selected[BGP_PATHS_MAX];
	uint8_t shares[BGP_PATHS_MAX];
	size_t count = 0, at = 0;

	for (size_t i = 0; i < n && count < BGP_PATHS_MAX; i++)
		if (routes[i].multipath)
			selected[count++] = paths[i];
	bandwidth_shares(b->settings.link_bandwidth, selected, count, shares);
	for (size_t i = 0; i < n && at < count; i++)
		if (routes[i].multipath)
			routes[i].route.share = shares[at++];
}

void bgp_walk(const struct bgp *b, enum bgp_family family, struct arena *arena, void *context,
    bgp_visit *visit)
{
	struct dest **all = loc_rib_sorted(&b->rib, family, arena);

	for (; *all != NULL; all++) {
		struct decision_path **paths;
		enum decision_step *steps;
		size_t n = loc_rib_ranked(&b->rib, &b->settings, *all, arena, &paths, &steps);
		struct bgp_dest_route *routes = arena_new(arena, (n + 1) * sizeof(*routes));
		struct nlri nlri;

		for (size_t i = 0; i < n; i++)
			routes[i] = route_of(*all, paths[i], steps[i]);
		if (n == 0)
			continue;
		add_shares(b, paths, n, routes);
		dest_nlri(*all, ((const struct path *)paths[0]->owner)->extra, &nlri);
		visit(context, &nlri, routes, n);
	}
}

static int nexthop_compare(const void *a, const void *b)
{
	const struct nexthop *x = a, *y = b;
	int c = ip_compare(&x->key.ip, &y->key.ip);

	if (c != 0)
		return c;
	return x->key.scope.v < y->key.scope.v ? -1 : x->key.scope.v > y->key.scope.v;
}

size_t bgp_nexthops(const struct bgp *b, struct arena *arena, const struct nexthop ***list)
{
	const struct map *m = &b->rib.nexthops.map;

	*list = (const struct nexthop **)map_sorted(m, arena, nexthop_compare);
	return m->count;
}

size_t bgp_dest_count(const struct bgp *b, enum bgp_family family)
{
	return b->rib.tables[family].dests.count;
}
