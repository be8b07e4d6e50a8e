/*
 * The waist: one turn of the daemon.
 *
 * A turn records its event as facts (mirror, Adj-RIB-In, settings), lets each part recompute what
 * became dirty, bounded, and leaves the actions in a queue. A turn of several events (`more`)
 * records them all first: a slot that a burst of notifications and results names three times is
 * looked at once. What an event asks for at once, such as the repair of a slot, does not wait.
 * Order within a turn: EVPN first, so that a local entry's routes are in the Loc-RIB before BGP
 * runs; then BGP, so that they leave in the same turn; then whatever BGP's decisions made dirty.
 *
 * Owns every part of the core and the operations under way. Decides nothing about routes or
 * entries itself. No system call below this line of the design.
 */
#include "engine_inside.h"

#include <string.h>

#include "action_queue.h"
#include "base/check.h"
#include "base/mem.h"
#include "bgp/bfd.h"
#include "bgp/bgp.h"
#include "bgp/ra.h"
#include "config/config.h"
#include "ctl_queue.h"
#include "engine_bfd.h"
#include "evpn/evpn.h"
#include "evpn/fib.h"
#include "evpn/nexthop.h"
#include "evpn/static_routes.h"
#include "evpn/underlay.h"
#include "kernel/audit.h"
#include "kernel/event_text.h"
#include "op_ring.h"

/* EVPN and BGP feed each other; what is left after these rounds is done in the next turn. */
#define ROUNDS_PER_TURN 3
#define DUMP_RETRY_MS 1000
#define DUMP_RETRIES 5

/* ---- life -------------------------------------------------------------------------------- */

struct engine *engine_new(void)
{
	return mem_new(sizeof(struct engine));
}

static bool started(const struct engine *e)
{
	return e->mirror != NULL;
}

void engine_free(struct engine *e)
{
	if (started(e)) {
		underlay_free(e->underlay);
		static_routes_free(e->statics);
		fib_free(e->fib);
		evpn_free(e->evpn);
		bgp_free(e->bgp);
		audit_fini(&e->audit);
		nexthops_free(e->nexthops);
		mirror_free(e->mirror);
		ra_fini(&e->ra);
		bfd_peers_free(e->bfd);
	}
	if (e->config != NULL)
		config_free(e->config);
	op_ring_fini(&e->ops);
	ctl_queue_fini(&e->asking);
	action_queue_fini(&e->actions);
	arena_fini(&e->arena);
	mem_free(e);
}

static void on_start(struct engine *e, const struct event_start *start)
{
	check(!started(e));
	e->start = *start;
	e->log = (struct log){.context = e, .write = engine_log_line};
	e->mirror = mirror_new(start->seed);
	e->dump_retry_at = MONO_NEVER;
	e->converge_by = MONO_NEVER;
	audit_init(&e->audit);
	ra_init(&e->ra, start->seed);
	engine_parts_new(e);
}

/* ---- configuration: start and reload are the same ---------------------------------------------
 */

static void report_errors(struct engine *e, const char *file, const struct statement_errors *errors)
{
	struct str text = {0};

	for (size_t i = 0; i < errors->count; i++) {
		str_clear(&text);
		config_error_text(file, &errors->list[i], &text);
		log_write(&e->log, errors->list[i].warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		    LOG_CONFIG, "%s", str_text(&text));
	}
	str_fini(&text);
}

/* The better router id of two: FRR's choice, the highest IPv4 address of a loopback, else of any
 * interface. */
static void consider_router_id(const struct mirror_link *l, struct ip *best, bool *best_is_loopback)
{
	bool loopback = l->link.kind == LINK_LOOPBACK;

	for (size_t i = 0; i < l->addr_count; i++) {
		const struct ip *ip = &l->addrs[i].addr;

		if (ip->family != IP_V4 || ip->b[0] == 127 || (*best_is_loopback && !loopback))
			continue;
		if (loopback == *best_is_loopback && ip_compare(ip, best) <= 0)
			continue;
		*best = *ip;
		*best_is_loopback = loopback;
	}
}

/* Once, from all that the host has: what configured addresses and reloads do later changes it no
 * more. */
static void derive_router_id(struct engine *e)
{
	const struct mirror_link **l;
	bool loopback = false;

	if (e->router_id.family != IP_NONE || !mirror_is_synced(e->mirror))
		return;
	for (l = mirror_links(e->mirror, &e->arena); *l != NULL; l++)
		consider_router_id(*l, &e->router_id, &loopback);
}

/* What the configuration leaves to the host. */
static void fill_in(struct engine *e)
{
	struct config *c = e->config;

	for (size_t i = 0; i < c->bgp.neighbor_count; i++)
		if (c->bgp.neighbors[i].port == 0)
			c->bgp.neighbors[i].port = e->start.bgp_port;
	if (c->bgp.hostname[0] == '\0')
		memcpy(c->bgp.hostname, e->start.hostname, sizeof(c->bgp.hostname));
	if (c->bgp.router_id.family == IP_NONE)
		c->bgp.router_id = c->evpn.router_id = e->router_id;
}

static void links_configure(struct engine *e)
{
	const struct config *c = e->config;
	struct link_wish *wishes = arena_new(&e->arena, (c->interface_count + 1) * sizeof(*wishes));
	size_t count = 0;

	for (size_t i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].said_up || c->interfaces[i].said_down)
			wishes[count++] =
			    (struct link_wish){c->interfaces[i].name, c->interfaces[i].said_up};
	underlay_links(e->underlay, wishes, count);
}

static void parts_configure(struct engine *e)
{
	const struct config *c = e->config;
	struct underlay_address *addresses;
	size_t count = 0;

	for (size_t i = 0; i < c->interface_count; i++)
		count += c->interfaces[i].address_count;
	addresses = arena_new(&e->arena, (count + 1) * sizeof(*addresses));
	count = 0;
	for (size_t i = 0; i < c->interface_count; i++)
		for (size_t n = 0; n < c->interfaces[i].address_count; n++)
			addresses[count++] = (struct underlay_address){
			    c->interfaces[i].name, c->interfaces[i].addresses[n]};
	fill_in(e);
	e->links_dirty = true;
	e->log.debug_topics = c->debug_topics;
	bgp_configure(e->bgp, &c->bgp, e->now);
	e->bfd_dirty = true;
	for (enum bgp_family f = BGP_IPV4_UNICAST; f <= BGP_IPV6_UNICAST; f++)
		if (bgp_fib_policy_changed(e->bgp, f))
			bgp_walk(e->bgp, f, &e->arena, e, engine_route_again);
	evpn_configure(e->evpn, &c->evpn, e->now);
	nexthops_configure(e->nexthops, c->bgp.resolve_via_default);
	fib_configure(e->fib, &c->fib);
	static_routes_configure(e->statics, c->static_ways, c->static_way_count);
	underlay_configure(e->underlay, &c->bgp, addresses, count, e->now);
	links_configure(e);
	if (e->converged)
		audit_schedule(&e->audit, c->evpn.audit_s, e->now);
}

/* At each reload: the file may have been moved away, to make room for a new one. */
static void log_file_again(struct engine *e)
{
	struct action *a = action_push(&e->actions, ACTION_LOG_FILE);

	a->log_file.path = action_copy_text(&e->actions, e->config->log_file);
	a->log_file.file_level = e->config->log_file_level;
	a->log_file.level = e->config->log_level;
}

static void first_config(struct engine *e)
{
	uint32_t wait_s = e->config->evpn.convergence_s;

	action_push(&e->actions, ACTION_PEER_LISTEN)->listen_port = e->start.bgp_port;
	for (size_t t = 0; t < TABLE_COUNT; t++)
		e->dump_wanted[t] = true;
	e->converge_by = mono_add_s(e->now, wait_s);
}

static void config_refused(struct engine *e, const char *file)
{
	if (e->config != NULL) {
		log_error(&e->log, LOG_CONFIG,
		    "%s: not loaded; the old configuration stays in force", file);
		return;
	}
	log_error(&e->log, LOG_CONFIG, "%s: not loaded", file);
	action_push(&e->actions, ACTION_EXIT)->exit_status = 1;
	e->exited = true;
}

static void on_config(struct engine *e, const struct event_config *event)
{
	struct statement_errors errors = {0};
	struct config *c, *old = e->config;

	if (event->text == NULL) {
		log_error(&e->log, LOG_CONFIG, "%s: %s", event->file, event->error);
		config_refused(e, event->file);
		return;
	}
	c = config_load(event->text, &errors);
	report_errors(e, event->file, &errors);
	if (errors.error_count > 0) {
		config_free(c);
		config_refused(e, event->file);
	} else {
		e->config = c;
		log_file_again(e);
		parts_configure(e);
		if (old == NULL)
			first_config(e);
		else
			config_free(old);
		log_info(&e->log, LOG_CONFIG, "%s: loaded", event->file);
	}
	statement_errors_fini(&errors);
}

/* ---- kernel -----------------------------------------------------------------------------------
 */

/* What nobody told. */
static void audit_found(struct engine *e, const struct kernel_event *event)
{
	struct str text = {0};

	evpn_counters(e->evpn)->kernel.audit_kernel++;
	kernel_event_text(e->mirror, event, &text);
	log_warning(&e->log, LOG_KERNEL, "audit: nobody told: %s", str_text(&text));
	str_fini(&text);
}

static void mirror_changed(void *context, const struct kernel_event *event)
{
	struct engine *e = context;

	if (event->kind == KERNEL_LINK_NEW || event->kind == KERNEL_LINK_DEL ||
	    event->kind == KERNEL_ADDR_NEW || event->kind == KERNEL_ADDR_DEL)
		e->links_dirty = true;
	if (audit_shown(&e->audit, event))
		audit_found(e, event);
	e->bfd_dirty |= e->links_dirty;
	underlay_kernel_changed(e->underlay, event, e->now);
	evpn_kernel_changed(e->evpn, event, e->now);
	nexthops_kernel_changed(e->nexthops, event);
	static_routes_kernel_changed(e->statics, event);
	fib_kernel_changed(e->fib, event);
}

/* A dump that raced with changes may have missed rows (a bridge FDB dump does): again, later. */
static void dump_ended(struct engine *e, enum kernel_table table, bool clean)
{
	e->dump_running[table] = false;
	e->links_dirty = true;
	if (clean || e->dump_retries[table] >= DUMP_RETRIES) {
		e->dump_retries[table] = 0;
		return;
	}
	e->dump_retries[table]++;
	e->dump_retry_at = mono_add_ms(e->now, DUMP_RETRY_MS);
	e->dump_wanted[table] = true;
}

/* Rows that the dump did not show, and that it may have missed: look at each. */
static void read_doubts(struct engine *e)
{
	struct slot_key *keys;
	size_t count = mirror_doubts(e->mirror, &e->arena, &keys);

	for (size_t i = 0; i < count; i++) {
		struct kernel_op op = {.verb = KERNEL_READ, .key = keys[i]};

		engine_kernel_op(e, &op);
	}
}

static void overrun(struct engine *e)
{
	if (e->audit.phase != AUDIT_IDLE)
		audit_break(&e->audit, e->now);
	evpn_counters(e->evpn)->kernel.overruns++;
	log_warning(
	    &e->log, LOG_KERNEL, "netlink overrun: notifications were lost, resynchronising");
	e->dump_retry_at = MONO_NEVER;
	for (size_t t = 0; t < TABLE_COUNT; t++)
		e->dump_wanted[t] = true;
}

/* The end of an audit's FDB dump: what it says of the flood lists. */
static void audit_flood_lists(struct engine *e, bool clean)
{
	struct kernel_event *events;
	size_t count = audit_floods(&e->audit, e->mirror, &e->arena, &events);

	if (!clean)
		e->audit.stats.unsure += count;
	for (size_t i = 0; clean && i < count; i++) {
		audit_found(e, &events[i]);
		mirror_apply(e->mirror, &events[i], mirror_changed, e);
	}
}

/* A mark or row of an audit's dump that is not for the mirror. */
static bool on_audit(struct engine *e, const struct kernel_event *event)
{
	bool reading = e->audit.phase == AUDIT_DUMPING;

	if (!audit_takes(&e->audit, e->mirror, event, e->now))
		return false;
	if (event->kind == KERNEL_DUMP_END) {
		e->dump_running[event->dump.table] = false;
		if (reading && event->dump.table == TABLE_FDB)
			audit_flood_lists(e, event->dump.clean);
	}
	return true;
}

static void on_kernel(struct engine *e, const struct kernel_event *event)
{
	bool audits;

	if (log_debugs(&e->log, LOG_KERNEL)) {
		struct str text = {0};

		kernel_event_text(e->mirror, event, &text);
		log_debug(&e->log, LOG_KERNEL, "%s", str_text(&text));
		str_fini(&text);
	}
	audits = event->kind == KERNEL_DUMP_END && e->audit.running[event->dump.table];
	if (on_audit(e, event))
		return;
	underlay_route_seen(e->underlay, event);
	nexthops_route_seen(e->nexthops, event);
	mirror_apply(e->mirror, event, mirror_changed, e);
	if (event->kind == KERNEL_OVERRUN)
		overrun(e);
	else if (event->kind == KERNEL_DUMP_END)
		dump_ended(e, event->dump.table, event->dump.clean);
	/* The audit reads what it doubts itself; this walks over all slots. */
	if (event->kind == KERNEL_DUMP_END && !audits && !mirror_is_stale(e->mirror))
		read_doubts(e);
}

static void log_result(
    struct engine *e, const struct kernel_op *op, const struct kernel_result *result)
{
	struct str text = {0};
	bool failed = result->outcome == KERNEL_FAILED;

	if (!failed && !log_debugs(&e->log, LOG_KERNEL))
		return;
	kernel_op_text(e->mirror, op, &text);
	str_add(&text, ": ");
	kernel_result_text(result, &text);
	log_write(&e->log, failed ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, LOG_KERNEL, "%s",
	    str_text(&text));
	str_fini(&text);
}

static void on_result(struct engine *e, const struct kernel_result *result)
{
	struct kernel_op op, repair;
	bool repair_due;

	if (!op_ring_take(&e->ops, result->id, &op))
		return;
	log_result(e, &op, result);
	if (audit_read(&e->audit, e->mirror, &op, result)) {
		struct kernel_event event =
		    kernel_event_from_slot(&op.key, &result->seen, result->seen_present);

		audit_found(e, &event);
	}
	repair_due =
	    ledger_result(e->mirror, &op, result, &repair, &evpn_counters(e->evpn)->kernel);
	if (repair_due)
		engine_kernel_op(e, &repair);
	if (op.key.kind == SLOT_ROUTE || op.key.kind == SLOT_NEXTHOP)
		fib_slot_result(e->fib, &op, result, e->now);
	else if (op.key.kind == SLOT_LINK)
		underlay_slot_result(e->underlay, &op, result);
	else if (op.key.kind != SLOT_ADDR)
		evpn_slot_result(e->evpn, &op, result, e->now);
	op_release(&op);
}

static void request_dumps(struct engine *e)
{
	if (mono_reached(e->dump_retry_at, e->now))
		e->dump_retry_at = MONO_NEVER;
	else if (e->dump_retry_at.ns != INT64_MAX)
		return;
	for (size_t t = 0; t < TABLE_COUNT; t++) {
		if (!(e->dump_wanted[t] || e->audit.asked[t]) || e->dump_running[t])
			continue;
		if (!e->dump_wanted[t]) {
			e->audit.asked[t] = false;
			e->audit.running[t] = true;
		}
		e->dump_wanted[t] = false;
		e->dump_running[t] = true;
		action_push(&e->actions, ACTION_KERNEL_DUMP)->dump = (enum kernel_table)t;
	}
}

/* While a resynchronisation is under way, or waits for a quieter moment, an audit would find what
 * is known to be uncertain. */
static bool audit_may_begin(const struct engine *e)
{
	bool dumping = e->dump_retry_at.ns != INT64_MAX || mirror_is_stale(e->mirror);

	for (size_t t = 0; t < TABLE_COUNT; t++)
		dumping |= e->dump_wanted[t] || e->dump_running[t];
	return !dumping && !e->stopping;
}

/* One turn of the audit; docs/architecture.md. */
static void audit_run(struct engine *e)
{
	struct slot_key keys[AUDIT_READS];
	struct audit *a = &e->audit;
	size_t count;

	if (audit_due(a, e->now) && audit_may_begin(e))
		audit_begin(a, e->mirror, e->now);
	count = audit_reads(a, e->mirror, keys);
	for (size_t i = 0; i < count; i++) {
		struct kernel_op op = {.verb = KERNEL_READ, .key = keys[i], .audit = true};

		engine_kernel_op(e, &op);
	}
	if (a->phase == AUDIT_DESIRED && !evpn_audit(e->evpn)) {
		fib_audit(e->fib);
		audit_end(a, e->now);
	}
}

/* ---- peers and links ------------------------------------------------------------------------ */

static void on_ra(struct engine *e, const struct event_ra *ra)
{
	if (ra->solicitation) {
		ra_solicited(&e->ra, ra->ifindex, e->now);
		return;
	}
	e->bfd_dirty = true;
	bgp_neighbor_seen(e->bgp, ra->ifindex, &ra->source, ra->router_lifetime_s, e->now);
}

static void ra_update_links(struct engine *e)
{
	const struct mirror_link **l;
	struct ra_host host = engine_ra_host(e);

	if (!e->links_dirty)
		return;
	e->links_dirty = false;
	l = mirror_links(e->mirror, &e->arena);
	for (; *l != NULL; l++) {
		struct ra_plan plan = engine_ra_plan(e, *l);

		ra_set_link(&e->ra, &host, (*l)->link.ifindex, &plan, e->now);
	}
}

/* ---- the turn
 * ------------------------------------------------------------------------------------- */

static void on_shutdown(struct engine *e)
{
	struct ra_host host = engine_ra_host(e);
	bool back = !e->start.flush_on_exit;

	e->stopping = true;
	ra_stop(&e->ra, &host, &e->arena);
	bgp_stop(e->bgp, back, e->now);
	if (e->start.flush_on_exit) {
		evpn_flush(e->evpn, e->now);
		fib_flush(e->fib);
	}
}

static void on_peer(struct engine *e, enum event_kind kind, const struct event_peer *p)
{
	if (kind == EVENT_PEER_CONNECTED)
		bgp_connected(e->bgp, p->conn, &p->local, &p->remote, e->now);
	else if (kind == EVENT_PEER_ACCEPTED)
		bgp_accepted(e->bgp, p->conn, &p->local, &p->remote, p->ifindex, e->now);
	else if (kind == EVENT_PEER_BYTES)
		bgp_received(e->bgp, p->conn, p->bytes, p->size, e->now);
	else if (kind == EVENT_PEER_DRAINED)
		bgp_drained(e->bgp, p->conn, e->now);
	else if (kind == EVENT_PEER_HANDOVER)
		bgp_inherit(e->bgp, &(struct bgp_inherited){p->conn, p->local, p->remote,
					p->ifindex, p->bytes, p->size});
	else
		bgp_closed(e->bgp, p->conn, p->error, e->now);
	/* A connection tells our own address, and that of an unnumbered peer. */
	e->bfd_dirty |= kind != EVENT_PEER_BYTES && kind != EVENT_PEER_DRAINED;
}

static void on_state(struct engine *e, const struct event_bytes *state)
{
	enum state_found found = evpn_restore(e->evpn, state->bytes, state->size, e->now);

	if (found != STATE_NOTHING)
		bgp_restarted(e->bgp, found == STATE_WHOLE, e->now);
}

static void record(struct engine *e, const struct event *event)
{
	switch (event->kind) {
	case EVENT_START:
		on_start(e, &event->start);
		break;
	case EVENT_STATE:
		on_state(e, &event->state);
		break;
	case EVENT_CONFIG:
		on_config(e, &event->config);
		break;
	case EVENT_TIMER:
		break;
	case EVENT_KERNEL:
		on_kernel(e, &event->kernel);
		break;
	case EVENT_KERNEL_RESULT:
		on_result(e, &event->result);
		break;
	case EVENT_PEER_CONNECTED:
	case EVENT_PEER_ACCEPTED:
	case EVENT_PEER_BYTES:
	case EVENT_PEER_DRAINED:
	case EVENT_PEER_CLOSED:
	case EVENT_PEER_HANDOVER:
		on_peer(e, event->kind, &event->peer);
		break;
	case EVENT_RA:
		on_ra(e, &event->ra);
		break;
	case EVENT_BFD:
		engine_bfd_reported(e, &event->bfd);
		break;
	case EVENT_CTL_REQUEST:
		engine_ctl_request(e, event->ctl.client, event->ctl.line);
		break;
	case EVENT_CTL_CLOSED:
		engine_ctl_closed(e, event->ctl.client);
		break;
	case EVENT_SHUTDOWN:
		on_shutdown(e);
		break;
	}
}

/* What the start dump shows has become routes of ours, so far as it does. */
static void originate(struct engine *e)
{
	if (e->originated || e->more || !mirror_is_synced(e->mirror))
		return;
	e->originated = true;
	bgp_originated(e->bgp);
	e->more = true;
}

/* End-of-RIB stands behind the routes it ends: those must have been decided and imported before
 * the sweep of what no route claims, or a restart would remove what it is about to install. */
static void converge(struct engine *e)
{
	if (e->converged || !mirror_is_synced(e->mirror))
		return;
	if ((e->more || !bgp_converged(e->bgp)) && !mono_reached(e->converge_by, e->now))
		return;
	e->converged = true;
	evpn_converged(e->evpn, e->now);
	fib_converged(e->fib);
	audit_schedule(&e->audit, e->config->evpn.audit_s, e->now);
	e->more = true;
}

static void become_ready(struct engine *e)
{
	if (e->ready || e->config == NULL || !mirror_is_synced(e->mirror))
		return;
	e->ready = true;
	action_push(&e->actions, ACTION_READY);
}

static void exit_when_flushed(struct engine *e)
{
	if (!e->stopping || e->exited)
		return;
	if (e->start.flush_on_exit && !(evpn_flushed(e->evpn) && fib_flushed(e->fib)))
		return;
	e->exited = true;
	action_push(&e->actions, ACTION_EXIT)->exit_status = 0;
}

/* Each part makes those behind it dirty, BGP also EVPN, and both BGP and routes next hops, and
 * routes what the host has for BGP. */
static void parts_run(struct engine *e)
{
	int rounds = ROUNDS_PER_TURN;

	do {
		nexthops_run(e->nexthops);
		static_routes_run(e->statics);
		e->more = underlay_run(e->underlay, e->now);
		e->more |= evpn_run(e->evpn, e->now);
		e->more |= bgp_run(e->bgp, e->now);
		e->more |= fib_run(e->fib, e->now);
		e->more |= nexthops_pending(e->nexthops) || evpn_pending(e->evpn) ||
			   underlay_pending(e->underlay);
	} while (e->more && --rounds > 0);
}

static void recompute(struct engine *e)
{
	struct ra_host host = engine_ra_host(e);

	/* Without a router id no session starts: as soon as the host has an address, there is one.
	 */
	if (e->links_dirty)
		derive_router_id(e);
	if (e->router_id.family != IP_NONE && e->config->bgp.enabled &&
	    e->config->bgp.router_id.family == IP_NONE)
		parts_configure(e);
	ra_update_links(e);
	if (e->bfd_dirty)
		engine_bfd_update(e->bfd, &e->config->bfd, e->bgp, e->mirror, &e->arena, e->now);
	e->bfd_dirty = false;
	ra_run(&e->ra, &host, &e->arena, e->now);
	audit_run(e);
	request_dumps(e);
	nexthops_run(e->nexthops);
	/* An uplink that failed goes before everything: the rest is done in the next turn, at once.
	 */
	if (fib_switch(e->fib, e->now)) {
		e->more = true;
		return;
	}
	parts_run(e);
	/* All is decided: what a peer that is gone leaves behind counts as it is. */
	if (!e->more)
		e->more = nexthops_trust(e->nexthops);
	if (!e->more)
		e->more = fib_settle(e->fib);
	e->more |= audit_goes_on(&e->audit);
	originate(e);
	converge(e);
	become_ready(e);
	exit_when_flushed(e);
}

void engine_handle(struct engine *e, const struct event *event, mono_t now)
{
	check(started(e) || event->kind == EVENT_START);
	check(!mono_before(now, e->now));
	action_queue_reset(&e->actions);
	e->now = now;
	if (e->exited)
		return;
	record(e, event);
	if (event->more) {
		e->more = true;
		arena_reset(&e->arena);
		return;
	}
	/* Who stops without flushing leaves the kernel as it is: the routes that end with our own
	 * sessions must not be taken for withdrawn ones, so nothing is recomputed any more. */
	if (e->stopping && !e->start.flush_on_exit)
		exit_when_flushed(e);
	if (e->config != NULL && !e->exited)
		recompute(e);
	arena_reset(&e->arena);
}

bool engine_next_action(struct engine *e, struct action *action)
{
	return action_queue_take(&e->actions, action);
}

mono_t engine_deadline(const struct engine *e)
{
	mono_t due;

	if (!started(e) || e->config == NULL || e->exited)
		return MONO_NEVER;
	if (e->more)
		return e->now;
	due = mono_min(bgp_deadline(e->bgp), evpn_deadline(e->evpn));
	due = mono_min(due, fib_deadline(e->fib));
	due = mono_min(due, ra_deadline(&e->ra));
	due = mono_min(due, e->dump_retry_at);
	if (audit_may_begin(e))
		due = mono_min(due, e->audit.next);
	return e->converged ? due : mono_min(due, e->converge_by);
}

const struct evpn *engine_evpn(const struct engine *e)
{
	return e->evpn;
}
