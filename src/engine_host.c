/*
 * What the parts of the engine ask of it: connections, operations, notes, actions of every kind.
 * Each part knows its host by a struct of functions alone; they are all here, and so is where the
 * parts are made.
 */
#include "engine_inside.h"

#include <string.h>

#include "action_queue.h"
#include "base/check.h"
#include "base/mem.h"
#include "bgp/bfd.h"
#include "bgp/bgp.h"
#include "bgp/ra.h"
#include "bgp/ra_message.h"
#include "config/config.h"
#include "ctl/ctl.h"
#include "ctl_queue.h"
#include "engine_bfd.h"
#include "evpn/evpn.h"
#include "evpn/fib.h"
#include "evpn/host_routes.h"
#include "evpn/nexthop.h"
#include "evpn/originate.h"
#include "evpn/static_routes.h"
#include "evpn/underlay.h"
#include "kernel/audit.h"
#include "kernel/event_text.h"
#include "op_ring.h"

void engine_log_line(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	struct engine *e = context;
	struct action *a;

	/* Which of the two is to have it, os/logger knows. */
	if (e->config != NULL && level > e->config->log_level &&
	    (e->config->log_file[0] == '\0' || level > e->config->log_file_level))
		return;
	a = action_push(&e->actions, ACTION_LOG);
	a->log.level = level;
	a->log.topic = topic;
	a->log.text = action_copy_text(&e->actions, text);
}

static void host_connect(void *context, const struct bgp_connect *to)
{
	struct engine *e = context;
	struct action *a = action_push(&e->actions, ACTION_PEER_CONNECT);

	a->connect = (struct action_connect){.conn = to->conn,
	    .remote = to->remote,
	    .ifindex = to->ifindex,
	    .port = to->port,
	    .source = to->source,
	    .options = to->options};
	if (to->source_dev != NULL)
		strncpy(a->connect.source_dev, to->source_dev, sizeof(a->connect.source_dev) - 1);
}

/* An action about a connection, with a copy of these bytes. */
static void push_bytes(
    struct engine *e, enum action_kind kind, uint32_t conn, const uint8_t *bytes, size_t size)
{
	struct action *a = action_push(&e->actions, kind);

	a->peer.conn = conn;
	a->peer.bytes = action_copy(&e->actions, bytes, size);
	a->peer.size = size;
}

static void host_send(void *context, uint32_t conn, const uint8_t *bytes, size_t size)
{
	push_bytes(context, ACTION_PEER_SEND, conn, bytes, size);
}

static void host_close(void *context, uint32_t conn)
{
	struct engine *e = context;

	action_push(&e->actions, ACTION_PEER_CLOSE)->peer.conn = conn;
}

static void host_handover(void *context, uint32_t conn, const uint8_t *note, size_t size)
{
	push_bytes(context, ACTION_PEER_HANDOVER, conn, note, size);
}

static void host_resume(void *context, uint32_t conn)
{
	struct engine *e = context;

	action_push(&e->actions, ACTION_PEER_RESUME)->peer.conn = conn;
}

static void host_set_options(void *context, uint32_t conn, const struct tcp_options *options)
{
	struct engine *e = context;
	struct action *a = action_push(&e->actions, ACTION_PEER_OPTIONS);

	a->peer.conn = conn;
	a->peer.options = *options;
}

static void host_set_auth(void *context, const struct prefix *remote, const struct tcp_auth *auth)
{
	struct engine *e = context;
	struct action *a = action_push(&e->actions, ACTION_PEER_AUTH);

	a->auth.remote = *remote;
	a->auth.keys = NULL;
	if (auth != NULL)
		a->auth.keys =
		    (const struct tcp_auth *)action_copy(&e->actions, auth, sizeof(*auth));
}

static bool host_fib_policy(void *context, const struct nlri *nlri, const struct attrs *attrs,
    const char *interface, struct ip *src)
{
	struct engine *e = context;

	return bgp_fib_policy(e->bgp, nlri, attrs, interface, src);
}

static void host_best_changed(void *context, const struct bgp_best *best)
{
	struct engine *e = context;

	if (best->nlri.family == BGP_L2VPN_EVPN)
		evpn_route_changed(e->evpn, best, e->now);
	else
		fib_route_changed(e->fib, best);
}

static void host_nexthop_watch(void *context, const struct bgp_nexthop *nexthop, bool on)
{
	struct engine *e = context;

	if (on)
		nexthops_watch(e->nexthops, nexthop);
	else
		nexthops_unwatch(e->nexthops, nexthop);
}

static void host_nexthop_changed(
    void *context, const struct bgp_nexthop *nexthop, const struct bgp_nexthop_state *state)
{
	struct engine *e = context;

	bgp_nexthop_changed(e->bgp, nexthop, state);
	fib_nexthop_changed(e->fib, nexthop);
	static_routes_nexthop_changed(e->statics);
}

static bool host_is_static(void *context, const struct prefix *prefix)
{
	struct engine *e = context;

	return fib_static_counts(e->fib, prefix);
}

static void host_static_counts(
    void *context, const struct route_key *key, const struct fib_static *route)
{
	struct engine *e = context;
	struct own_static own = {.present = route != NULL};

	if (key->table != MAIN_TABLE)
		return;
	if (route != NULL)
		own.tag = route->tag;
	if (route != NULL && route->entry.nexthop_count > 0)
		own.dev = route->entry.nexthops[0].dev;
	underlay_static(e->underlay, &key->prefix, &own);
	nexthops_own_changed(e->nexthops, &key->prefix);
}

static void host_installed(void *context, const struct prefix *prefix, bool has)
{
	struct engine *e = context;

	bgp_installed(e->bgp, prefix, has);
}

static void host_peer_gone(void *context, const struct bgp_nexthop *address)
{
	struct engine *e = context;

	nexthops_doubt(e->nexthops, address);
}

static void host_peer_changed(void *context, const char *peer, bool established, const char *why)
{
	struct engine *e = context;

	e->bfd_dirty = true;
	if (e->config != NULL && e->config->bgp.log_neighbor_changes)
		log_info(
		    &e->log, LOG_BGP, "neighbor %s %s: %s", peer, established ? "up" : "down", why);
}

static bool host_originate(void *context, const struct nlri *nlri, const struct attrs *attrs)
{
	struct engine *e = context;

	return bgp_originate(e->bgp, nlri, attrs);
}

static void host_formerly(void *context, const struct nlri *nlri)
{
	struct engine *e = context;

	bgp_formerly(e->bgp, nlri);
}

static bool host_told(void *context, const struct nlri *nlri)
{
	struct engine *e = context;

	return evpn_remember_route(e->evpn, nlri);
}

static void host_walk_told(
    void *context, void *to, void (*visit)(void *to, const struct nlri *nlri))
{
	struct engine *e = context;

	bgp_walk_told(e->bgp, to, visit);
}

static void host_withdraw(void *context, const struct nlri *nlri)
{
	struct engine *e = context;

	bgp_withdraw(e->bgp, nlri);
}

void engine_kernel_op(void *context, const struct kernel_op *op)
{
	struct engine *e = context;
	struct action *a = action_push(&e->actions, ACTION_KERNEL_OP);
	const struct kernel_op *kept = op_ring_add(&e->ops, op);

	ledger_issue(e->mirror, kept);
	a->op = *kept;
	if (log_debugs(&e->log, LOG_KERNEL)) {
		struct str text = {0};

		kernel_op_text(e->mirror, kept, &text);
		log_debug(&e->log, LOG_KERNEL, "%s", str_text(&text));
		str_fini(&text);
	}
}

static void host_state_append(void *context, const uint8_t *bytes, size_t size)
{
	struct engine *e = context;
	struct action *a;

	if (!e->start.state_writable)
		return;
	a = action_push(&e->actions, ACTION_STATE_APPEND);
	a->state.bytes = action_copy(&e->actions, bytes, size);
	a->state.size = size;
}

static void host_state_reset(void *context, const uint8_t *bytes, size_t size)
{
	struct engine *e = context;
	struct action *a;

	if (!e->start.state_writable)
		return;
	a = action_push(&e->actions, ACTION_STATE_RESET);
	a->state.bytes = action_copy(&e->actions, bytes, size);
	a->state.size = size;
}

void engine_route_again(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct engine *e = context;
	struct bgp_best best;

	best.nlri = *nlri;
	best.count = 0;
	for (size_t i = 0; i < count && best.count < BGP_PATHS_MAX; i++)
		if (routes[i].best || routes[i].multipath)
			best.routes[best.count++] = routes[i].route;
	host_best_changed(e, &best);
}

static void host_routes_again(void *context)
{
	struct engine *e = context;

	bgp_walk(e->bgp, BGP_L2VPN_EVPN, &e->arena, e, engine_route_again);
}

static void host_note(void *context, const struct evpn_note *note)
{
	engine_watchers_send(context, note);
}

static void host_want_routes(void *context)
{
	struct engine *e = context;

	e->dump_wanted[TABLE_ROUTES] = true;
}

static void host_ra_watch(void *context, ifindex_t ifindex, bool on)
{
	struct engine *e = context;
	struct action *a = action_push(&e->actions, ACTION_RA_WATCH);

	a->ra.ifindex = ifindex;
	a->ra.on = on;
}

/* `ipv6 nd …` of this link. */
static struct ra_settings ra_settings_of(const struct engine *e, const struct mirror_link *l)
{
	struct ra_settings s = ra_settings_default();
	const struct config *c = e->config;

	for (size_t i = 0; c != NULL && i < c->interface_count; i++)
		if (strcmp(c->interfaces[i].name, l->link.name) == 0)
			s = c->interfaces[i].ra;
	for (size_t i = 0; i < l->addr_count; i++)
		ra_settings_add_network(&s, &l->addrs[i]);
	return s;
}

static uint32_t ra_interval_ms(const struct ra_settings *s, bool unnumbered)
{
	if (s->interval_ms != 0)
		return s->interval_ms;
	return unnumbered ? RA_INTERVAL_MS : RA_INTERVAL_MANY_MS;
}

/* Three intervals (RFC 4861 section 6.2.1). The peer's side of a session depends on it, so for an
 * unnumbered one it is never short unless that is said. */
static uint16_t ra_lifetime_s(const struct ra_settings *s, bool unnumbered)
{
	uint32_t three = ra_interval_ms(s, unnumbered) * 3 / 1000;

	if (s->router_lifetime_s != RA_LIFETIME_UNSAID)
		return (uint16_t)s->router_lifetime_s;
	if (unnumbered && three < RA_LIFETIME_S)
		return RA_LIFETIME_S;
	return (uint16_t)(three > 0 ? three : 1);
}

static size_t ra_message_of(const struct engine *e, const struct mirror_link *l, bool last,
    uint16_t *lifetime_s, uint8_t to[RA_SIZE_MAX])
{
	struct ra_settings s = ra_settings_of(e, l);
	bool unnumbered = bgp_wants_ra(e->bgp, l->link.ifindex);

	*lifetime_s = last ? 0 : ra_lifetime_s(&s, unnumbered);
	return ra_message(&s, *lifetime_s, ra_interval_ms(&s, unnumbered), &l->link.mac, to);
}

struct ra_plan engine_ra_plan(const struct engine *e, const struct mirror_link *l)
{
	struct ra_settings s = ra_settings_of(e, l);
	bool unnumbered = bgp_wants_ra(e->bgp, l->link.ifindex);
	/* Hosts are told once all addresses are known; a session does not wait for that. */
	bool asked = s.send && l->link.kind != LINK_LOOPBACK && mirror_is_synced(e->mirror);
	struct ra_plan plan = {
	    .wanted = l->link.admin_up && l->link.running && (unnumbered || asked),
	    .many = !unnumbered,
	    .interval_ms = ra_interval_ms(&s, unnumbered),
	    .digest = 2166136261u};
	uint8_t bytes[RA_SIZE_MAX];
	uint16_t lifetime_s;
	size_t size;

	if (!plan.wanted)
		return plan;
	size = ra_message_of(e, l, false, &lifetime_s, bytes);
	for (size_t i = 0; i < size; i++) /* FNV-1a */
		plan.digest = (plan.digest ^ bytes[i]) * 16777619u;
	return plan;
}

static void host_ra_send(void *context, ifindex_t ifindex, uint16_t lifetime_s)
{
	struct engine *e = context;
	const struct mirror_link *l = mirror_link(e->mirror, ifindex);
	uint8_t bytes[RA_SIZE_MAX];
	struct action *a;
	size_t size;

	/* A peer that keeps our routes must not lose the next hop that it takes from here. */
	if (lifetime_s == 0 && !e->start.flush_on_exit && bgp_restart_kept_by(e->bgp, ifindex))
		return;
	if (l == NULL)
		return;
	size = ra_message_of(e, l, lifetime_s == 0, &lifetime_s, bytes);
	a = action_push(&e->actions, ACTION_RA_SEND);
	a->ra.ifindex = ifindex;
	a->ra.router_lifetime_s = lifetime_s;
	a->ra.bytes = action_copy(&e->actions, bytes, size);
	a->ra.size = size;
}

static void host_bfd_order(void *context, const struct bfd_order *order)
{
	struct engine *e = context;

	action_push(&e->actions, ACTION_BFD)->bfd = *order;
}

static ifindex_t host_ifindex_of(void *context, const char *name)
{
	struct engine *e = context;
	const struct mirror_link *l = mirror_link_by_name(e->mirror, name);

	return l != NULL ? l->link.ifindex : (ifindex_t){0};
}

static void host_bfd_failed(void *context, const char *client, const char *why)
{
	struct engine *e = context;

	bgp_bfd_failed(e->bgp, client, why, e->now);
}

struct ra_host engine_ra_host(struct engine *e)
{
	return (struct ra_host){.context = e, .watch = host_ra_watch, .send = host_ra_send};
}

void engine_parts_new(struct engine *e)
{
	struct bgp_start bgp = {.seed = e->start.seed,
	    .log = &e->log,
	    .originating = true,
	    .host = {.context = e,
		.connect = host_connect,
		.send = host_send,
		.close = host_close,
		.best_changed = host_best_changed,
		.set_options = host_set_options,
		/* What we told is in the state file, or nowhere. */
		.handover = e->start.state_writable ? host_handover : NULL,
		.told = host_told,
		.resume = host_resume,
		.set_auth = host_set_auth,
		.nexthop_watch = host_nexthop_watch,
		.peer_gone = host_peer_gone,
		.peer_changed = host_peer_changed}};
	struct evpn_start evpn = {.seed = e->start.seed,
	    .log = &e->log,
	    .mirror = e->mirror,
	    .boot_id = e->start.boot_id,
	    .netns = e->start.netns,
	    .host = {.context = e,
		.originate = host_originate,
		.withdraw = host_withdraw,
		.formerly = host_formerly,
		.walk_told = host_walk_told,
		.kernel_op = engine_kernel_op,
		.state_append = host_state_append,
		.state_reset = host_state_reset,
		.routes_again = host_routes_again,
		.note = host_note}};
	struct nexthops_host nexthops = {e, host_nexthop_changed, host_want_routes, host_is_static};
	struct fib_host fib = {
	    e, engine_kernel_op, host_fib_policy, host_static_counts, host_installed};
	struct underlay_host underlay = {e, engine_kernel_op, host_want_routes};
	struct bfd_peers_host bfd = {e, host_bfd_order, host_ifindex_of, host_bfd_failed};

	e->bgp = bgp_new(&bgp);
	e->evpn = evpn_new(&evpn);
	e->nexthops = nexthops_new(e->start.seed, e->mirror, &nexthops);
	e->fib = fib_new(e->start.seed, &e->log, e->mirror, e->nexthops, &fib);
	e->statics = static_routes_new(e->mirror, e->nexthops, e->fib);
	e->underlay = underlay_new(e->start.seed, &e->log, e->mirror, e->bgp, &underlay);
	e->bfd = bfd_peers_new(&e->log, &bfd);
}
