#include "route_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

struct prefix test_prefix(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

struct ip test_address(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static void changed(void *context, const struct kernel_event *event)
{
	struct route_host *h = context;

	nexthops_kernel_changed(h->nexthops, event);
	fib_kernel_changed(h->fib, event);
	static_routes_kernel_changed(h->statics, event);
}

static void nexthop_changed(
    void *context, const struct bgp_nexthop *key, const struct bgp_nexthop_state *state)
{
	(void)state;
	fib_nexthop_changed(((struct route_host *)context)->fib, key);
	static_routes_nexthop_changed(((struct route_host *)context)->statics);
}

static bool is_static(void *context, const struct prefix *prefix)
{
	return fib_static_counts(((struct route_host *)context)->fib, prefix);
}

static void static_counts(
    void *context, const struct route_key *key, const struct fib_static *route)
{
	struct route_host *h = context;
	char text[PREFIX_TEXT_MAX];

	str_addf(&h->counting, "%s%s%s", h->counting.size > 0 ? "; " : "",
	    route == NULL ? "no " : "", prefix_text(&key->prefix, text));
	if (route != NULL && route->tag != 0)
		str_addf(&h->counting, " tag %u", route->tag);
	nexthops_own_changed(h->nexthops, &key->prefix);
}

static void installed(void *context, const struct prefix *prefix, bool has)
{
	struct route_host *h = context;
	char text[PREFIX_TEXT_MAX];

	str_addf(&h->installed, "%s%s%s", h->installed.size > 0 ? "; " : "", has ? "" : "no ",
	    prefix_text(prefix, text));
}

static void no_log(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)level;
	(void)topic;
	(void)text;
}

static void want_routes(void *context)
{
	(void)context;
}

void route_host_send(struct route_host *h, const struct kernel_event *event)
{
	nexthops_route_seen(h->nexthops, event);
	mirror_apply(h->mirror, event, changed, h);
}

/* Of those beside others: %N; else #N. */
static void id_text(struct route_host *h, const char *before, uint32_t id)
{
	bool shared = id >= NEXTHOP_ID_SHARED;

	str_addf(&h->lines, "%s%c%u", before, shared ? '%' : '#',
	    id - (shared ? NEXTHOP_ID_SHARED : NEXTHOP_ID_FIRST));
}

static void nexthop_text(struct route_host *h, const struct nexthop_entry *e)
{
	char text[IP_TEXT_MAX];

	if (e->member_count == 0)
		str_addf(&h->lines, " %s@%u", ip_text(&e->gateway, text), e->dev.v);
	for (unsigned i = 0; i < e->member_count; i++)
		id_text(h, i == 0 ? " " : "+", e->members[i].id);
	for (unsigned i = 0; i < e->member_count; i++)
		if (e->members[i].weight != 1)
			str_addf(&h->lines, " *%u", e->members[i].weight);
}

static void op_text(struct route_host *h, const struct kernel_op *op)
{
	static const char *const verbs[] = {"add", "change", "delete", "read"};
	const struct route_entry *r = &op->content.route;
	char text[PREFIX_TEXT_MAX];

	str_addf(&h->lines, "%s%s ", h->lines.size > 0 ? "; " : "", verbs[op->verb]);
	if (op->key.kind == SLOT_NEXTHOP) {
		id_text(h, "", op->key.nexthop.id);
		if (op->verb != KERNEL_DELETE)
			nexthop_text(h, &op->content.nexthop);
		return;
	}
	str_add(&h->lines, prefix_text(&op->key.route.prefix, text));
	if (op->key.route.table != 254)
		str_addf(&h->lines, " table %u", op->key.route.table);
	if (op->verb == KERNEL_DELETE)
		return;
	if (r->type != 1)
		str_add(&h->lines, r->type == 6 ? " blackhole" : " unreachable");
	if (r->nhid != 0)
		id_text(h, " ", r->nhid);
	if (r->prefsrc.family != IP_NONE)
		str_addf(&h->lines, " src %s", ip_text(&r->prefsrc, text));
	for (size_t i = 0; i < r->nexthop_count; i++)
		str_addf(&h->lines, " %s@%u", ip_text(&r->nexthops[i].gateway, text),
		    r->nexthops[i].dev.v);
}

static void kernel_op(void *context, const struct kernel_op *op)
{
	struct route_host *h = context;
	struct kernel_op kept = *op;

	kept.id = ++h->next_id;
	ledger_issue(h->mirror, &kept);
	op_text(h, op);
	/* What the operation points to is lent for the call. */
	slot_content_keep(op->key.kind, &kept.content);
	h->ops = mem_resize(h->ops, (h->op_count + 1) * sizeof(*h->ops));
	h->ops[h->op_count++] = kept;
}

static void execute(struct route_host *h, struct kernel_op *op)
{
	struct kernel_result result = {.id = op->id, .slot = op->key.kind, .outcome = KERNEL_DONE};
	struct kernel_event e =
	    kernel_event_from_slot(&op->key, &op->content, op->verb != KERNEL_DELETE);
	int refuse = op->key.kind == SLOT_NEXTHOP ? h->refuse_nexthops : h->refuse;
	struct kernel_op repair;

	e.ours = true;
	if (refuse != 0) {
		result.outcome = KERNEL_FAILED;
		result.error = refuse;
	} else if (op->verb != KERNEL_READ) {
		route_host_send(h, &e);
	}
	ledger_result(h->mirror, op, &result, &repair, &h->counters);
	fib_slot_result(h->fib, op, &result, h->now);
	slot_content_drop(op->key.kind, &op->content);
}

/* As the engine's turn does. */
void route_host_decide(struct route_host *h)
{
	nexthops_run(h->nexthops);
	static_routes_run(h->statics);
	if (fib_switch(h->fib, h->now))
		return;
	while (fib_run(h->fib, h->now) || fib_settle(h->fib))
		;
}

void route_host_run(struct route_host *h)
{
	for (int rounds = 0; rounds < 20; rounds++) {
		struct kernel_op *ops = h->ops;
		size_t count = h->op_count;

		h->ops = NULL;
		h->op_count = 0;
		for (size_t i = 0; i < count; i++)
			execute(h, &ops[i]);
		mem_free(ops);
		route_host_decide(h);
		if (h->op_count == 0)
			return;
	}
	fail_msg("no rest: %s", str_text(&h->lines));
}

void route_host_link(struct route_host *h, uint32_t ifindex, bool up)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link.ifindex.v = ifindex;
	e.link.admin_up = e.link.running = up;
	e.link.name[0] = (char)('a' + ifindex);
	route_host_send(h, &e);
}

void route_host_address(struct route_host *h, uint32_t ifindex, const char *text, bool there)
{
	struct kernel_event e = {.kind = there ? KERNEL_ADDR_NEW : KERNEL_ADDR_DEL};
	struct route_nexthop hop = {.dev = {ifindex}, .weight = 1};
	struct kernel_event r = {.kind = there ? KERNEL_ROUTE_NEW : KERNEL_ROUTE_DEL};
	struct prefix network = test_prefix(text);
	char ip[IP_TEXT_MAX];

	snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(text, "/"), text);
	e.addr.dev.v = ifindex;
	e.addr.prefix = network;
	e.addr.prefix.addr = test_address(ip);
	r.route.key = slot_key_route(254, 0, &network).route;
	r.route.entry =
	    (struct route_entry){.protocol = 2, .type = 1, .nexthop_count = 1, .nexthops = &hop};
	route_host_send(h, &e);
	route_host_send(h, &r);
}

/* `ip protocol bgp route-map`: no way over the denied interface, and a source address. */
static bool policy(void *context, const struct nlri *nlri, const struct attrs *attrs,
    const char *interface, struct ip *src)
{
	const struct route_host *h = context;

	(void)nlri;
	(void)attrs;
	*src = h->src;
	return interface == NULL || interface[0] != h->denied;
}

void route_host_object(struct route_host *h, uint32_t n, const struct nexthop_entry *entry)
{
	struct kernel_event e = {.kind = KERNEL_NEXTHOP_NEW, .from_dump = true};

	e.nexthop.key.id = NEXTHOP_ID_FIRST + n;
	e.nexthop.entry = *entry;
	e.nexthop.entry.protocol = RTPROT_EVPND;
	route_host_send(h, &e);
}

/* A route over group 11 of gateway 10, as another daemon of ours left it. */
static void left_nexthops(struct route_host *h, const char *gateway)
{
	const struct nexthop_member member = {NEXTHOP_ID_FIRST + 10, 1};
	struct nexthop_entry leaf = {.gateway = test_address(gateway), .dev = {4}},
			     group = {.member_count = 1, .members = &member};

	route_host_object(h, 10, &leaf);
	route_host_object(h, 11, &group);
}

static void left_route(struct route_host *h, const char *prefix)
{
	struct prefix p = test_prefix(prefix);
	struct kernel_event r = {.kind = KERNEL_ROUTE_NEW, .from_dump = true};

	r.route.key = slot_key_route(254, 20, &p).route;
	r.route.entry = (struct route_entry){
	    .protocol = RTPROT_EVPND, .type = 1, .nhid = NEXTHOP_ID_FIRST + 11};
	route_host_send(h, &r);
}

/* `prefix` NULL: nothing was left behind. */
void route_host_start(struct route_host *h, const char *prefix, const char *gateway)
{
	const struct fib_settings settings = {
	    .distance_ebgp = {20, 20}, .distance_ibgp = {200, 200}, .distance_local = {200, 200}};
	struct fib_host host = {.context = h,
	    .kernel_op = kernel_op,
	    .policy = policy,
	    .static_counts = static_counts,
	    .installed = installed};
	struct nexthops_host nexthops = {h, nexthop_changed, want_routes, is_static};

	*h = (struct route_host){.now = {1000000000}, .log = {.write = no_log}};
	h->mirror = mirror_new(1);
	h->nexthops = nexthops_new(1, h->mirror, &nexthops);
	h->fib = fib_new(1, &h->log, h->mirror, h->nexthops, &host);
	fib_configure(h->fib, &settings);
	h->statics = static_routes_new(h->mirror, h->nexthops, h->fib);
	for (unsigned table = 0; table < TABLE_COUNT; table++) {
		struct kernel_event e = {.kind = KERNEL_DUMP_BEGIN};

		e.dump.table = (enum kernel_table)table;
		route_host_send(h, &e);
		for (uint32_t i = 4; table == TABLE_LINKS && i < 7; i++)
			route_host_link(h, i, true);
		if (table == TABLE_NEXTHOPS && prefix != NULL)
			left_nexthops(h, gateway);
		if (table == TABLE_ROUTES && prefix != NULL)
			left_route(h, prefix);
		e.kind = KERNEL_DUMP_END;
		e.dump.clean = true;
		route_host_send(h, &e);
	}
	route_host_run(h);
}

void route_host_stop(struct route_host *h)
{
	static_routes_free(h->statics);
	fib_free(h->fib);
	nexthops_free(h->nexthops);
	mirror_free(h->mirror);
	str_fini(&h->lines);
	str_fini(&h->counting);
	str_fini(&h->installed);
	mem_free(h->ops);
}

/* Paths over these links, each by the link-local address fe80::<link>. */
void route_host_best(struct route_host *h, const char *prefix, unsigned first, unsigned second)
{
	const unsigned links[] = {first, second};
	struct attrs attrs[2] = {0};
	struct bgp_best b = {.nlri = {.family = BGP_IPV4_UNICAST, .prefix = test_prefix(prefix)}};

	for (size_t i = 0; i < 2; i++) {
		struct bgp_route *r = &b.routes[b.count];

		if (links[i] == 0)
			continue;
		attrs[i].distance = h->distance;
		b.count++;
		*r = (struct bgp_route){
		    .attrs = &attrs[i], .peer_ifindex = {links[i]}, .ebgp = true, .share = 1};
		r->nexthop.ip = test_address("fe80::");
		r->nexthop.ip.b[15] = (uint8_t)links[i];
		r->nexthop.scope.v = links[i];
	}
	fib_route_changed(h->fib, &b);
}
