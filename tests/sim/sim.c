/*
 * The simulator's time: a heap of future steps, the nodes' turns, and the executor that does for an
 * engine what os/ does: actions in order, operations as check, window and write, their
 * notifications ahead of their results.
 */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "evpn/evpn.h"

#define TURNS_MAX 2000000
#define FAULTS_FOR_S 25
#define SETTLE_FOR_S 60

uint64_t sim_random(struct sim *s, uint64_t below)
{
	uint64_t z = (s->random += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % below;
}

bool sim_chance(struct sim *s, unsigned percent)
{
	return sim_random(s, 100) < percent;
}

int64_t sim_between_us(struct sim *s, int64_t low_us, int64_t high_us)
{
	return (low_us + (int64_t)sim_random(s, (uint64_t)(high_us - low_us + 1))) * 1000;
}

void sim_trace(struct sim *s, const char *format, ...)
{
	va_list args;

	if (!s->verbose)
		return;
	va_start(args, format);
	printf("%10.6f ", (double)s->now.ns / 1e9);
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

void sim_fail(struct sim *s, const char *format, ...)
{
	va_list args;

	if (s->failure != NULL)
		return;
	va_start(args, format);
	vsnprintf(s->failure_text, sizeof(s->failure_text), format, args);
	va_end(args);
	s->failure = s->failure_text;
	sim_trace(s, "FAILED %s", s->failure);
}

/* ---- the heap of steps --------------------------------------------------------------------------
 */

static bool step_before(const struct sim_step *a, const struct sim_step *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void heap_swap(struct sim *s, size_t a, size_t b)
{
	struct sim_step t = s->heap[a];

	s->heap[a] = s->heap[b];
	s->heap[b] = t;
}

static void heap_push(struct sim *s, struct sim_step step)
{
	size_t i = s->heap_count++;

	if (s->heap_count > s->heap_room) {
		s->heap_room = s->heap_room != 0 ? s->heap_room * 2 : 256;
		s->heap = mem_resize(s->heap, s->heap_room * sizeof(*s->heap));
	}
	step.order = s->order++;
	s->heap[i] = step;
	for (; i > 0 && step_before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap_swap(s, i, (i - 1) / 2);
}

static struct sim_step heap_pop(struct sim *s)
{
	struct sim_step top = s->heap[0];
	size_t i = 0;

	s->heap[0] = s->heap[--s->heap_count];
	for (;;) {
		size_t least = i, left = 2 * i + 1;

		for (size_t c = left; c < left + 2 && c < s->heap_count; c++)
			if (step_before(&s->heap[c], &s->heap[least]))
				least = c;
		if (least == i)
			return top;
		heap_swap(s, i, least);
		i = least;
	}
}

void sim_at(struct sim *s, int64_t delay_ns, void (*call)(struct sim *, void *, uint32_t),
    void *argument, uint32_t number, bool agent)
{
	heap_push(s, (struct sim_step){.at_ns = s->now.ns + delay_ns,
			 .kind = STEP_CALL,
			 .call = call,
			 .argument = argument,
			 .number = number,
			 .agent = agent});
}

static void node_step(
    struct sim_node *n, int64_t delay_ns, enum sim_step_kind kind, uint32_t number)
{
	heap_push(n->sim, (struct sim_step){.at_ns = n->sim->now.ns + delay_ns,
			      .kind = kind,
			      .node = n,
			      .generation = n->generation,
			      .number = number});
}

/* ---- what waits for an engine
 * ---------------------------------------------------------------------- */

static void pending_add(struct sim_node *n, const struct event *event)
{
	struct sim_pending *p = mem_new(sizeof(*p));
	struct kernel_event *k = &p->event.kernel;

	p->event = *event;
	if (event->kind == EVENT_KERNEL && k->kind == KERNEL_PORT_VLANS) {
		memcpy(
		    p->extra, k->port_vlans.vlans, k->port_vlans.count * sizeof(struct port_vlan));
		k->port_vlans.vlans = (void *)p->extra;
	} else if (event->kind == EVENT_KERNEL &&
		   (k->kind == KERNEL_ROUTE_NEW || k->kind == KERNEL_ROUTE_DEL)) {
		memcpy(p->extra, k->route.entry.nexthops,
		    k->route.entry.nexthop_count * sizeof(struct route_nexthop));
		k->route.entry.nexthops = (void *)p->extra;
	} else if (event->kind == EVENT_KERNEL &&
		   (k->kind == KERNEL_NEXTHOP_NEW || k->kind == KERNEL_NEXTHOP_DEL)) {
		memcpy(p->extra, k->nexthop.entry.members,
		    k->nexthop.entry.member_count * sizeof(struct nexthop_member));
		k->nexthop.entry.members = (void *)p->extra;
	} else if (event->kind == EVENT_KERNEL_RESULT && event->result.slot == SLOT_NEXTHOP &&
		   event->result.seen_present) {
		struct nexthop_entry *seen = &p->event.result.seen.nexthop;

		memcpy(p->extra, seen->members, seen->member_count * sizeof(*seen->members));
		seen->members = (void *)p->extra;
	}
	*n->last = p;
	n->last = &p->next;
}

static struct sim_pending *pending_take(struct sim_node *n)
{
	struct sim_pending *p = n->first;

	if (p == NULL)
		return NULL;
	n->first = p->next;
	if (n->first == NULL)
		n->last = &n->first;
	return p;
}

static void pending_clear(struct sim_node *n)
{
	struct sim_pending *p;

	while ((p = pending_take(n)) != NULL)
		mem_free(p);
}

/* What no overrun tells of. Not what an operation causes, nor what hits its window: without those
 * no repair is possible. */
static bool lost_silently(struct sim_node *n, const struct kernel_event *event)
{
	struct sim *s = n->sim;

	if (!s->faults || !s->swarm.silent_losses || event->from_dump || n->executing)
		return false;
	if (!sim_chance(s, 5))
		return false;
	s->losses++;
	sim_trace(s, "%s: a notification is lost", n->name);
	return true;
}

static void kernel_notify(void *context, const struct kernel_event *event)
{
	struct sim_node *n = context;
	struct event e = {.kind = EVENT_KERNEL, .kernel = *event};
	struct sim *s = n->sim;

	if (n->engine == NULL || lost_silently(n, event))
		return;
	if (n->first == NULL && !n->draining)
		node_step(n,
		    s->swarm.slow_daemon ? sim_between_us(s, 10, 30000) : sim_between_us(s, 5, 200),
		    STEP_DELIVER, 0);
	pending_add(n, &e);
}

static void kernel_window(void *context, const struct slot_key *key)
{
	struct sim_node *n = context;

	if (n->sim->faults && n->sim->swarm.windows) {
		n->in_window = true;
		vms_into_window(n, key);
		n->in_window = false;
	}
}

/* The monitor's queue overflowed: the engine hears so first, then gets what is left of it. As in
 * os/, whatever reads the monitor finds that out: a drain, the start of a dump, and the drain right
 * before an operation, so that what happens in the window of an operation has room. */
static void overflow(struct sim_node *n)
{
	struct sim_pending **at = &n->first;
	struct sim_pending *mark;

	if (!n->overrun_next)
		return;
	mark = mem_new(sizeof(*mark));
	n->overrun_next = n->fdb_clean = false;
	while (*at != NULL) {
		struct sim_pending *p = *at;
		const struct kernel_event *k = &p->event.kernel;

		if (p->event.kind == EVENT_KERNEL && !k->from_dump &&
		    k->kind != KERNEL_DUMP_BEGIN && k->kind != KERNEL_DUMP_END &&
		    sim_chance(n->sim, 60)) {
			*at = p->next;
			mem_free(p);
		} else {
			at = &p->next;
		}
	}
	n->last = at;
	mark->event = (struct event){.kind = EVENT_KERNEL, .kernel.kind = KERNEL_OVERRUN};
	mark->next = n->first;
	n->first = mark;
	if (n->last == &n->first)
		n->last = &mark->next;
	n->sim->overruns++;
	sim_trace(n->sim, "%s overrun", n->name);
}

/* ---- executing actions
 * ---------------------------------------------------------------------------------- */

static bool same_slot(const struct kernel_event *e, const struct slot_key *key)
{
	struct slot_key k;

	if (e->kind == KERNEL_FDB_NEW || e->kind == KERNEL_FDB_DEL)
		k = slot_key_fdb(e->fdb.key.bridge, e->fdb.key.vlan, &e->fdb.key.mac);
	else if (e->kind == KERNEL_NEIGH_NEW || e->kind == KERNEL_NEIGH_DEL)
		k = slot_key_neigh(e->neigh.key.dev, &e->neigh.key.ip);
	else
		return false;
	return slot_key_equal(&k, key);
}

/* os/netlink in bulk: no single read, unless the slot was named by what was drained before or
 * may have been (overrun), or an FDB dump that missed rows leaves absence unproven. */
static bool needs_single(struct sim_node *n, const struct kernel_op *op)
{
	if (op->key.kind == SLOT_FDB && op->pre == PRE_ABSENT && !n->fdb_clean)
		return true;
	for (const struct sim_pending *p = n->first; p != NULL; p = p->next)
		if (p->event.kind == EVENT_KERNEL && (p->event.kernel.kind == KERNEL_OVERRUN ||
							 same_slot(&p->event.kernel, &op->key)))
			return true;
	return false;
}

static void execute_op(struct sim_node *n, const struct kernel_op *op)
{
	static const int errnos[] = {16, 28, 17, 2, 12};
	struct event e = {.kind = EVENT_KERNEL_RESULT};
	struct sim *s = n->sim;
	bool single;

	overflow(n);
	single = !s->swarm.bulk || needs_single(n, op);
	if (s->faults && s->swarm.errnos && sim_chance(s, 3))
		n->kernel.fail_errno = errnos[sim_random(s, 5)];
	n->executing = true;
	simkernel_execute(&n->kernel, op, single, &e.result);
	n->executing = false;
	n->kernel.fail_errno = 0;
	pending_add(n, &e);
	s->ops++;
	if (s->verbose) {
		char key[SLOT_TEXT_MAX], content[SLOT_TEXT_MAX];

		sim_trace(s, "%s op %u verb %d %s: %s -> outcome %d errno %d", n->name, op->id,
		    op->verb, slot_key_text(&op->key, key),
		    slot_content_text(op->key.kind, &op->content, content), e.result.outcome,
		    e.result.error);
	}
}

/* The start dump of a large table takes long: sessions are up before it is here. */
static int64_t dump_delay_ns(struct sim_node *n)
{
	bool slow = n->sim->swarm.slow_daemon && n->dumps++ < TABLE_COUNT;

	return sim_between_us(n->sim, 100, slow ? 2000000 : 5000);
}

static void execute(struct sim_node *n, const struct action *a)
{
	switch (a->kind) {
	case ACTION_KERNEL_DUMP:
		node_step(n, dump_delay_ns(n), STEP_DUMP, a->dump);
		break;
	case ACTION_KERNEL_OP:
		execute_op(n, &a->op);
		break;
	case ACTION_STATE_RESET:
		str_clear(&n->state);
		str_add_bytes(&n->state, a->state.bytes, a->state.size);
		break;
	case ACTION_STATE_APPEND:
		str_add_bytes(&n->state, a->state.bytes, a->state.size);
		break;
	case ACTION_PEER_CONNECT:
		fabric_connect(n, &a->connect);
		break;
	case ACTION_PEER_SEND:
		fabric_send(n, a->peer.conn, a->peer.bytes, a->peer.size);
		break;
	case ACTION_PEER_CLOSE:
		if (n->reloading)
			sim_fail(n->sim, "%s: a new policy closes a connection", n->name);
		fabric_close(n, a->peer.conn);
		break;
	case ACTION_PEER_HANDOVER:
		fabric_handover(n, a->peer.conn, a->peer.bytes, a->peer.size);
		break;
	case ACTION_PEER_RESUME:
		fabric_resume(n, a->peer.conn);
		break;
	case ACTION_RA_WATCH:
		n->watching[a->ra.ifindex.v & 15] = a->ra.on;
		break;
	case ACTION_RA_SEND:
		fabric_ra(n, a->ra.ifindex, a->ra.router_lifetime_s);
		break;
	case ACTION_LOG:
		sim_trace(n->sim, "%s log %d: %s", n->name, a->log.level, a->log.text);
		break;
	case ACTION_EXIT:
		if (!n->stopping)
			sim_fail(n->sim, "%s exits by itself", n->name);
		break;
	case ACTION_PEER_LISTEN:
	case ACTION_PEER_OPTIONS:
	case ACTION_PEER_AUTH:
	case ACTION_BFD:
	case ACTION_CTL_REPLY:
	case ACTION_LOG_FILE:
	case ACTION_READY:
		break;
	}
}

static void turn(struct sim_node *n, const struct event *event)
{
	struct action a;

	if (++n->sim->turns > TURNS_MAX)
		sim_fail(n->sim, "%s turns without end", n->name);
	n->reloading = event->kind == EVENT_CONFIG && n->keeps_sessions;
	engine_handle(n->engine, event, n->sim->now);
	while (engine_next_action(n->engine, &a))
		execute(n, &a);
	n->reloading = false;
}

static void drain(struct sim_node *n)
{
	struct sim_pending *p;

	overflow(n);
	while (n->engine != NULL && n->sim->failure == NULL && (p = pending_take(n)) != NULL) {
		p->event.more =
		    n->sim->swarm.long_turns && n->first != NULL && !sim_chance(n->sim, 10);
		turn(n, &p->event);
		mem_free(p);
		n->sim->now.ns += 1000;
	}
}

/* One event, then all that its actions caused, then the promises are checked. */
void sim_node_event(struct sim_node *n, const struct event *event)
{
	if (n->engine == NULL || n->sim->failure != NULL)
		return;
	n->draining = true;
	turn(n, event);
	if (n->first != NULL)
		drain(n);
	n->draining = false;
	check_step(n);
}

static void deliver(struct sim_node *n)
{
	n->draining = true;
	drain(n);
	n->draining = false;
	check_step(n);
}

/* ---- dumps
 * -------------------------------------------------------------------------------------------------
 */

static bool miss_row(void *context)
{
	struct sim_node *n = context;

	return n->miss_rows && sim_chance(n->sim, 20);
}

/* Rows come between BEGIN and END; what was notified meanwhile makes an FDB dump unclean, and only
 * such a dump misses rows. */
static void dump(struct sim_node *n, enum kernel_table table)
{
	struct event e = {
	    .kind = EVENT_KERNEL, .kernel.kind = KERNEL_DUMP_BEGIN, .kernel.dump.table = table};
	bool clean;

	overflow(n);
	clean = n->first == NULL;
	if (n->sim->swarm.missing_dump_rows && n->sim->faults && sim_chance(n->sim, 30))
		clean = false;
	n->miss_rows = !clean && n->sim->swarm.missing_dump_rows && n->sim->faults;
	if (table == TABLE_FDB)
		n->fdb_clean = clean;
	pending_add(n, &e);
	simkernel_dump(&n->kernel, table, miss_row);
	e.kernel.kind = KERNEL_DUMP_END;
	e.kernel.dump.clean = clean || table != TABLE_FDB;
	pending_add(n, &e);
	deliver(n);
}

/* ---- daemons
 * --------------------------------------------------------------------------------------------------
 */

void sim_node_start(struct sim_node *n)
{
	struct event e = {.kind = EVENT_START};

	check(n->engine == NULL);
	n->engine = engine_new();
	n->dumps = 0;
	n->fdb_clean = false;
	n->generation++;
	n->kernel.portid = 1000 + n->generation;
	e.start.seed = sim_random(n->sim, UINT64_MAX);
	e.start.bgp_port = 179;
	e.start.state_writable = true;
	strcpy(e.start.hostname, n->name);
	strcpy(e.start.boot_id, "simulated");
	e.start.netns = n->index + 1;
	sim_node_event(n, &e);
	e = (struct event){.kind = EVENT_STATE};
	if (n->state.size > 0) {
		uint8_t *copy = mem_dup(str_text(&n->state), n->state.size);

		e.state.bytes = copy;
		e.state.size = n->state.size;
		sim_node_event(n, &e);
		mem_free(copy);
	} else {
		sim_node_event(n, &e);
	}
	fabric_inherit(n);
	e = (struct event){.kind = EVENT_CONFIG, .config = {.file = "sim.conf", .text = n->config}};
	sim_node_event(n, &e);
}

uint64_t sim_differences(const struct sim_node *n)
{
	const struct kernel_counters *c =
	    &evpn_counters((struct evpn *)(uintptr_t)engine_evpn(n->engine))->kernel;

	return c->audit_kernel + c->audit_desired;
}

void sim_node_kill(struct sim_node *n)
{
	struct evpn *evpn = (struct evpn *)(uintptr_t)engine_evpn(n->engine);

	n->sim->repairs += evpn_counters(evpn)->kernel.repaired;
	n->sim->differences += sim_differences(n);
	engine_free(n->engine);
	n->engine = NULL;
	n->generation++;
	pending_clear(n);
	n->overrun_next = false;
	memset(n->watching, 0, sizeof(n->watching));
	fabric_node_gone(n);
}

void sim_node_stop(struct sim_node *n)
{
	struct event e = {.kind = EVENT_SHUTDOWN};

	n->stopping = true;
	sim_node_event(n, &e);
	sim_node_kill(n);
	n->stopping = false;
	n->sim->stops++;
}

void sim_node_reload(struct sim_node *n, unsigned policy)
{
	struct event e = {.kind = EVENT_CONFIG, .config = {.file = "sim.conf", .text = n->config}};
	unsigned changed = n->policy ^ policy;

	n->policy = policy;
	fabric_configure(n);
	n->keeps_sessions = (changed & POLICY_HOLD) == 0;
	sim_trace(n->sim, "%s reloads: policy %#x, changed %#x", n->name, policy, changed);
	n->sim->reloads += n->engine != NULL;
	sim_node_event(n, &e);
	n->keeps_sessions = false;
}

void sim_node_command(struct sim_node *n, const char *line)
{
	struct event e = {.kind = EVENT_CTL_REQUEST, .ctl = {.client = 1, .line = line}};

	sim_node_event(n, &e);
}

/* ---- the run
 * ------------------------------------------------------------------------------------------------------
 */

static struct sim_node *next_deadline(struct sim *s, int64_t *at)
{
	struct sim_node *next = NULL;

	*at = INT64_MAX;
	for (size_t i = 0; i < SIM_NODES; i++) {
		struct sim_node *n = &s->nodes[i];
		int64_t due = n->engine != NULL ? engine_deadline(n->engine).ns : INT64_MAX;

		if (due < *at) {
			*at = due;
			next = n;
		}
	}
	return next;
}

static void run_step(struct sim *s, const struct sim_step *step)
{
	bool current = step->node == NULL ||
		       (step->node->engine != NULL && step->node->generation == step->generation);

	if (!current)
		return;
	switch (step->kind) {
	case STEP_DELIVER:
		deliver(step->node);
		break;
	case STEP_DUMP:
		dump(step->node, (enum kernel_table)step->number);
		break;
	case STEP_CALL:
		if (step->call != NULL)
			step->call(s, step->argument, step->number);
		break;
	}
}

static void run_until(struct sim *s, int64_t end_ns)
{
	while (s->failure == NULL) {
		int64_t due;
		struct sim_node *n = next_deadline(s, &due);
		int64_t step = s->heap_count > 0 ? s->heap[0].at_ns : INT64_MAX;

		if ((due < step ? due : step) > end_ns)
			break;
		if (step <= due) {
			struct sim_step next = heap_pop(s);

			s->now.ns = next.at_ns > s->now.ns ? next.at_ns : s->now.ns;
			run_step(s, &next);
		} else {
			struct event e = {.kind = EVENT_TIMER};

			s->now.ns = due > s->now.ns ? due : s->now.ns + 1000;
			sim_node_event(n, &e);
		}
	}
	if (s->failure == NULL && end_ns > s->now.ns)
		s->now.ns = end_ns;
}

static void swarm_choose(struct sim *s)
{
	s->swarm = (struct sim_swarm){.crashes = sim_chance(s, 50),
	    .keep_state = sim_chance(s, 60),
	    .torn_state = sim_chance(s, 30),
	    .overruns = sim_chance(s, 50),
	    .errnos = sim_chance(s, 30),
	    .cables = sim_chance(s, 40),
	    .resets = sim_chance(s, 40),
	    .windows = sim_chance(s, 50),
	    .slow_daemon = sim_chance(s, 40),
	    .bulk = sim_chance(s, 30),
	    .port_flaps = sim_chance(s, 20),
	    .missing_dump_rows = sim_chance(s, 50),
	    .long_turns = sim_chance(s, 70),
	    .graceful = sim_chance(s, 50)};
	s->swarm.reloads = sim_chance(s, 40);
	s->swarm.handover = sim_chance(s, 50);
	s->swarm.dark = sim_chance(s, 40);
	/* In bulk the notifications stand for the read before a write. */
	s->swarm.silent_losses = !s->swarm.bulk && sim_chance(s, 25);
	if (s->swarm.graceful && sim_chance(s, 40))
		s->swarm = (struct sim_swarm){.crashes = true,
		    .keep_state = true,
		    .slow_daemon = s->swarm.slow_daemon,
		    .bulk = s->swarm.bulk,
		    .long_turns = s->swarm.long_turns,
		    .graceful = true,
		    .handover = s->swarm.handover,
		    .calm = true};
}

static void node_init(struct sim *s, size_t i)
{
	struct sim_node *n = &s->nodes[i];
	const char *kind = i < SIM_HYPERVISORS		      ? "hv"
			   : i < SIM_HYPERVISORS + SIM_LEAVES ? "leaf"
							      : "spine";

	n->sim = s;
	n->index = i;
	n->last = &n->first;
	snprintf(n->name, sizeof(n->name), "%s%zu", kind, i + 1);
	n->kernel.context = n;
	n->kernel.notify = kernel_notify;
	n->kernel.window = kernel_window;
	if (i < SIM_HYPERVISORS)
		n->vtep = ip_from_u32(0x0a000001u + (uint32_t)i);
}

/* Whatever reloads there were: a daemon that starts now would leave the kernel as it is. */
static void start_anew(struct sim *s)
{
	struct str before[SIM_HYPERVISORS] = {0}, after = {0};

	for (size_t i = 0; i < SIM_HYPERVISORS; i++) {
		check_snapshot(&s->nodes[i], &before[i]);
		sim_node_kill(&s->nodes[i]);
		sim_node_start(&s->nodes[i]);
	}
	run_until(s, s->now.ns + SETTLE_FOR_S * 1000000000LL);
	for (size_t i = 0; s->failure == NULL && i < SIM_HYPERVISORS; i++) {
		str_clear(&after);
		check_snapshot(&s->nodes[i], &after);
		if (strcmp(str_text(&before[i]), str_text(&after)) != 0)
			sim_fail(s, "%s: another state than after a start: %s, not %s",
			    s->nodes[i].name, str_text(&before[i]), str_text(&after));
	}
	for (size_t i = 0; i < SIM_HYPERVISORS; i++)
		str_fini(&before[i]);
	str_fini(&after);
}

static void sim_free(struct sim *s)
{
	for (size_t i = 0; i < SIM_NODES; i++) {
		pending_clear(&s->nodes[i]);
		str_fini(&s->nodes[i].state);
	}
	fabric_free(s);
	mem_free(s->heap);
	mem_free(s);
}

static bool run_seed(uint64_t seed, bool verbose, struct sim *totals)
{
	struct sim *s = mem_new(sizeof(*s));
	bool ok;

	s->seed = s->random = seed;
	s->verbose = verbose;
	s->now.ns = 1000000000;
	swarm_choose(s);
	for (size_t i = 0; i < SIM_NODES; i++)
		node_init(s, i);
	fabric_build(s);
	for (size_t i = 0; i < SIM_NODES; i++)
		sim_node_start(&s->nodes[i]);
	vms_start(s);
	s->faults = true;
	faults_start(s);
	run_until(s, s->now.ns + FAULTS_FOR_S * 1000000000LL);
	s->faults = false;
	faults_heal(s);
	vms_settle(s);
	run_until(s, s->now.ns + SETTLE_FOR_S * 1000000000LL);
	if (s->failure == NULL)
		check_end(s);
	if (s->failure == NULL && s->swarm.reloads)
		start_anew(s);
	ok = s->failure == NULL;
	if (!ok)
		printf("seed %llu FAILED at %.6f: %s\n", (unsigned long long)seed,
		    (double)s->now.ns / 1e9, s->failure);
	for (size_t i = 0; i < SIM_NODES; i++)
		if (s->nodes[i].engine != NULL)
			sim_node_kill(&s->nodes[i]);
	totals->turns += s->turns;
	totals->ops += s->ops;
	totals->repairs += s->repairs;
	totals->migrations += s->migrations;
	totals->crashes += s->crashes;
	totals->stops += s->stops;
	totals->overruns += s->overruns;
	totals->losses += s->losses;
	totals->differences += s->differences;
	totals->reloads += s->reloads;
	totals->inherited += s->inherited;
	sim_free(s);
	return ok;
}

/* usage: sim [-v] [FIRST [COUNT]]: runs COUNT seeds from FIRST; stops at the first that fails. */
int main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	char **args = argv + (verbose ? 2 : 1);
	uint64_t first = args[0] != NULL ? strtoull(args[0], NULL, 0) : 1;
	uint64_t count = args[0] != NULL && args[1] != NULL ? strtoull(args[1], NULL, 0) : 1;
	struct sim totals = {0};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t seed = first; seed < first + count; seed++) {
		if (run_seed(seed, verbose, &totals))
			continue;
		printf("repeat it with: %s -v %llu\n", argv[0], (unsigned long long)seed);
		return 1;
	}
	printf(
	    "%llu seeds passed: %llu turns, %llu kernel operations, %llu migrations, %llu crashes, "
	    "%llu stops, %llu overruns, %llu repairs, %llu silent losses, %llu differences found "
	    "by audits, %llu reloads, %llu connections inherited\n",
	    (unsigned long long)count, (unsigned long long)totals.turns,
	    (unsigned long long)totals.ops, (unsigned long long)totals.migrations,
	    (unsigned long long)totals.crashes, (unsigned long long)totals.stops,
	    (unsigned long long)totals.overruns, (unsigned long long)totals.repairs,
	    (unsigned long long)totals.losses, (unsigned long long)totals.differences,
	    (unsigned long long)totals.reloads, (unsigned long long)totals.inherited);
	return 0;
}
