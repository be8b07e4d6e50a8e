/*
 * The underlay: multipath over nexthop groups, links that fail, paths that go one by one, what a
 * restart left behind, a kernel without nexthop objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/mem.h"
#include "base/str.h"
#include "evpn/fib.h"

struct host {
	struct log log;
	struct mirror *mirror;
	struct nexthops *nexthops;
	struct fib *fib;
	mono_t now;
	struct kernel_op *ops;
	size_t op_count;
	uint32_t next_id;
	int refuse; /* all */
	int refuse_nexthops;
	struct str lines;
	struct ip src; /* by policy */
	char denied;   /* first letter of an interface: by policy */
	struct kernel_counters counters;
};

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static void changed(void *context, const struct kernel_event *event)
{
	struct host *h = context;

	nexthops_kernel_changed(h->nexthops, event);
	fib_kernel_changed(h->fib, event);
}

static void nexthop_changed(
    void *context, const struct bgp_nexthop *key, const struct bgp_nexthop_state *state)
{
	(void)state;
	fib_nexthop_changed(((struct host *)context)->fib, key);
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

static void send(struct host *h, const struct kernel_event *event)
{
	nexthops_route_seen(h->nexthops, event);
	mirror_apply(h->mirror, event, changed, h);
}

static void nexthop_text(struct host *h, const struct nexthop_entry *e)
{
	char text[IP_TEXT_MAX];

	if (e->member_count == 0)
		str_addf(&h->lines, " %s@%u", ip_text(&e->gateway, text), e->dev.v);
	for (unsigned i = 0; i < e->member_count; i++)
		str_addf(
		    &h->lines, "%s#%u", i == 0 ? " " : "+", e->members[i].id - NEXTHOP_ID_FIRST);
	for (unsigned i = 0; i < e->member_count; i++)
		if (e->members[i].weight != 1)
			str_addf(&h->lines, " *%u", e->members[i].weight);
}

static void op_text(struct host *h, const struct kernel_op *op)
{
	static const char *const verbs[] = {"add", "change", "delete", "read"};
	const struct route_entry *r = &op->content.route;
	char text[PREFIX_TEXT_MAX];

	str_addf(&h->lines, "%s%s ", h->lines.size > 0 ? "; " : "", verbs[op->verb]);
	if (op->key.kind == SLOT_NEXTHOP) {
		str_addf(&h->lines, "#%u", op->key.nexthop.id - NEXTHOP_ID_FIRST);
		if (op->verb != KERNEL_DELETE)
			nexthop_text(h, &op->content.nexthop);
		return;
	}
	str_add(&h->lines, prefix_text(&op->key.route.prefix, text));
	if (op->verb == KERNEL_DELETE)
		return;
	if (r->nhid != 0)
		str_addf(&h->lines, " #%u", r->nhid - NEXTHOP_ID_FIRST);
	if (r->prefsrc.family != IP_NONE)
		str_addf(&h->lines, " src %s", ip_text(&r->prefsrc, text));
	for (size_t i = 0; i < r->nexthop_count; i++)
		str_addf(&h->lines, " %s@%u", ip_text(&r->nexthops[i].gateway, text),
		    r->nexthops[i].dev.v);
}

static void kernel_op(void *context, const struct kernel_op *op)
{
	struct host *h = context;
	struct kernel_op kept = *op;

	kept.id = ++h->next_id;
	ledger_issue(h->mirror, &kept);
	op_text(h, op);
	/* What the operation points to is lent for the call. */
	slot_content_keep(op->key.kind, &kept.content);
	h->ops = mem_resize(h->ops, (h->op_count + 1) * sizeof(*h->ops));
	h->ops[h->op_count++] = kept;
}

static void execute(struct host *h, struct kernel_op *op)
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
		send(h, &e);
	}
	ledger_result(h->mirror, op, &result, &repair, &h->counters);
	fib_slot_result(h->fib, op, &result, h->now);
	slot_content_drop(op->key.kind, &op->content);
}

/* As the engine's turn does. */
static void turn(struct host *h)
{
	nexthops_run(h->nexthops);
	if (fib_switch(h->fib, h->now))
		return;
	while (fib_run(h->fib, h->now) || fib_settle(h->fib))
		;
}

static void run(struct host *h)
{
	for (int rounds = 0; rounds < 20; rounds++) {
		struct kernel_op *ops = h->ops;
		size_t count = h->op_count;

		h->ops = NULL;
		h->op_count = 0;
		for (size_t i = 0; i < count; i++)
			execute(h, &ops[i]);
		mem_free(ops);
		turn(h);
		if (h->op_count == 0)
			return;
	}
	fail_msg("no rest: %s", str_text(&h->lines));
}

#define expect(h, text)                                                                            \
	do {                                                                                       \
		run(h);                                                                            \
		assert_string_equal(str_text(&(h)->lines), text);                                  \
		str_clear(&(h)->lines);                                                            \
	} while (0)

static void link_is(struct host *h, uint32_t ifindex, bool up)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link.ifindex.v = ifindex;
	e.link.admin_up = e.link.running = up;
	e.link.name[0] = (char)('a' + ifindex);
	send(h, &e);
}

/* `ip protocol bgp route-map`: no way over the denied interface, and a source address. */
static bool policy(void *context, const struct nlri *nlri, const struct attrs *attrs,
    const char *interface, struct ip *src)
{
	const struct host *h = context;

	(void)nlri;
	(void)attrs;
	*src = h->src;
	return interface == NULL || interface[0] != h->denied;
}

static void object_is(struct host *h, uint32_t n, const struct nexthop_entry *entry)
{
	struct kernel_event e = {.kind = KERNEL_NEXTHOP_NEW, .from_dump = true};

	e.nexthop.key.id = NEXTHOP_ID_FIRST + n;
	e.nexthop.entry = *entry;
	e.nexthop.entry.protocol = RTPROT_EVPND;
	send(h, &e);
}

/* A route over group 11 of gateway 10, as another daemon of ours left it. */
static void left_nexthops(struct host *h, const char *gateway)
{
	const struct nexthop_member member = {NEXTHOP_ID_FIRST + 10, 1};
	struct nexthop_entry leaf = {.gateway = ip_of(gateway), .dev = {4}},
			     group = {.member_count = 1, .members = &member};

	object_is(h, 10, &leaf);
	object_is(h, 11, &group);
}

static void left_route(struct host *h, const char *prefix)
{
	struct prefix p = prefix_of(prefix);
	struct kernel_event r = {.kind = KERNEL_ROUTE_NEW, .from_dump = true};

	r.route.key = slot_key_route(254, 20, &p).route;
	r.route.entry = (struct route_entry){
	    .protocol = RTPROT_EVPND, .type = 1, .nhid = NEXTHOP_ID_FIRST + 11};
	send(h, &r);
}

/* `prefix` NULL: nothing was left behind. */
static void start(struct host *h, const char *prefix, const char *gateway)
{
	struct fib_host host = {.context = h, .kernel_op = kernel_op, .policy = policy};
	struct nexthops_host nexthops = {h, nexthop_changed, want_routes};

	*h = (struct host){.now = {1000000000}, .log = {.write = no_log}};
	h->mirror = mirror_new(1);
	h->nexthops = nexthops_new(1, h->mirror, &nexthops);
	h->fib = fib_new(1, &h->log, h->mirror, h->nexthops, &host);
	for (unsigned table = 0; table < TABLE_COUNT; table++) {
		struct kernel_event e = {.kind = KERNEL_DUMP_BEGIN};

		e.dump.table = (enum kernel_table)table;
		send(h, &e);
		for (uint32_t i = 4; table == TABLE_LINKS && i < 7; i++)
			link_is(h, i, true);
		if (table == TABLE_NEXTHOPS && prefix != NULL)
			left_nexthops(h, gateway);
		if (table == TABLE_ROUTES && prefix != NULL)
			left_route(h, prefix);
		e.kind = KERNEL_DUMP_END;
		e.dump.clean = true;
		send(h, &e);
	}
	run(h);
}

static void stop(struct host *h)
{
	fib_free(h->fib);
	nexthops_free(h->nexthops);
	mirror_free(h->mirror);
	str_fini(&h->lines);
	mem_free(h->ops);
}

/* Paths over these links, each by the link-local address fe80::<link>. */
static void best(struct host *h, const char *prefix, unsigned first, unsigned second)
{
	const unsigned links[] = {first, second};
	struct attrs attrs[2] = {0};
	struct bgp_best b = {.nlri = {.family = BGP_IPV4_UNICAST, .prefix = prefix_of(prefix)}};

	for (size_t i = 0; i < 2; i++) {
		struct bgp_route *r = &b.routes[b.count];

		if (links[i] == 0)
			continue;
		b.count++;
		*r = (struct bgp_route){
		    .attrs = &attrs[i], .peer_ifindex = {links[i]}, .ebgp = true, .share = 1};
		r->nexthop.ip = ip_of("fe80::");
		r->nexthop.ip.b[15] = (uint8_t)links[i];
		r->nexthop.scope.v = links[i];
	}
	fib_route_changed(h->fib, &b);
}

static const char *const prefixes[] = {"10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32"};

static void best_of_all(struct host *h, unsigned first, unsigned second)
{
	for (size_t i = 0; i < 4; i++)
		best(h, prefixes[i], first, second);
}

static void test_multipath(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add #0 fe80::4@4; add #1 fe80::5@5; add #2 #0+#1; add 10.0.0.2/32 #2");
	best(&h, "10.0.0.2/32", 4, 5);
	expect(&h, "");
	/* another route the same way: one write */
	best(&h, "10.0.0.3/32", 4, 5);
	expect(&h, "add 10.0.0.3/32 #2");
	best(&h, "10.0.0.2/32", 0, 0);
	expect(&h, "delete 10.0.0.2/32");
	best(&h, "10.0.0.3/32", 0, 0);
	expect(&h, "delete 10.0.0.3/32; delete #2; delete #0; delete #1");
	stop(&h);
}

/* The kernel has taken the dead link's object out of the group by itself: nothing is written. When
 * the link is back, two writes bring it back for all routes. */
static void test_link_fails(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	fib_converged(h.fib);
	best_of_all(&h, 4, 5);
	run(&h);
	str_clear(&h.lines);
	link_is(&h, 5, false);
	expect(&h, "");
	/* BGP follows, route by route: each finds what it wants */
	best_of_all(&h, 4, 0);
	expect(&h, "");
	link_is(&h, 5, true);
	expect(&h, "");
	best_of_all(&h, 4, 5);
	expect(&h, "add #3 fe80::5@5; change #2 #0+#3");
	link_is(&h, 5, false);
	link_is(&h, 5, true);
	expect(&h, "add #3 fe80::5@5; change #2 #0+#3");
	stop(&h);
}

/* A link that is not operational but has a carrier: the kernel goes on forwarding there. One write
 * for all routes, and it comes before anything else. */
static void test_group_is_switched(void **state)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	best_of_all(&h, 4, 5);
	run(&h);
	str_clear(&h.lines);
	e.link.ifindex.v = 5;
	e.link.admin_up = e.link.lower_up = true;
	send(&h, &e);
	nexthops_run(h.nexthops);
	assert_true(fib_switch(h.fib, h.now));
	assert_string_equal(str_text(&h.lines), "change #2 #0");
	expect(&h, "change #2 #0; delete #1");
	stop(&h);
}

/* Paths go without a link having failed: the first routes wait for the others, and all move at
 * once. */
static void test_paths_go(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	best_of_all(&h, 4, 5);
	run(&h);
	str_clear(&h.lines);
	best_of_all(&h, 4, 0);
	expect(&h, "change #2 #0; delete #1");
	/* one of them alone: it moves, the others stay */
	best(&h, "10.0.0.2/32", 5, 0);
	expect(&h, "add #3 fe80::5@5; add #4 #3; change 10.0.0.2/32 #4");
	best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "change #4 #0; delete #3");
	stop(&h);
}

/* BGP is slow: who wants something else does not wait for ever. */
static void test_wait_is_bounded(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	best_of_all(&h, 4, 5);
	run(&h);
	str_clear(&h.lines);
	best(&h, "10.0.0.2/32", 4, 0);
	nexthops_run(h.nexthops);
	fib_switch(h.fib, h.now);
	fib_run(h.fib, h.now);
	assert_string_equal(str_text(&h.lines), "");
	h.now = mono_add_ms(h.now, 200);
	fib_run(h.fib, h.now);
	expect(&h, "add #3 #0; change 10.0.0.2/32 #3");
	stop(&h);
}

static void test_both_links_fail(void **state)
{
	struct prefix p = prefix_of("10.0.0.2/32");
	struct slot_key key = slot_key_route(254, 20, &p);
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	fib_converged(h.fib);
	best(&h, "10.0.0.2/32", 4, 5);
	run(&h);
	str_clear(&h.lines);
	link_is(&h, 5, false);
	link_is(&h, 4, false);
	expect(&h, "");
	assert_null(mirror_route(h.mirror, &key.route));
	link_is(&h, 4, true);
	expect(&h, "add #0 fe80::4@4; add #2 #0; add 10.0.0.2/32 #2");
	stop(&h);
}

/* Somebody removed ours, or it vanished with a link: it comes back. */
static void test_comes_back(void **state)
{
	struct prefix p = prefix_of("10.0.0.2/32");
	struct kernel_event e = {.kind = KERNEL_ROUTE_DEL}, o = {.kind = KERNEL_NEXTHOP_DEL};
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	best(&h, "10.0.0.2/32", 4, 0);
	run(&h);
	str_clear(&h.lines);
	e.route.key = slot_key_route(254, 20, &p).route;
	e.route.entry.protocol = RTPROT_EVPND;
	send(&h, &e);
	expect(&h, "add 10.0.0.2/32 #1");
	o.nexthop.key.id = NEXTHOP_ID_FIRST;
	send(&h, &o);
	expect(&h, "add #0 fe80::4@4; add #1 #0; add 10.0.0.2/32 #1");
	stop(&h);
}

/* Another writes where our group was: it keeps the id, we take another. */
static void test_id_is_taken(void **state)
{
	struct kernel_event e = {.kind = KERNEL_NEXTHOP_NEW, .writer = 99};
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	best_of_all(&h, 4, 0);
	run(&h);
	str_clear(&h.lines);
	e.nexthop.key.id = NEXTHOP_ID_FIRST + 1;
	e.nexthop.entry = (struct nexthop_entry){.protocol = 4, .gateway = ip_of("fe80::66")};
	send(&h, &e);
	expect(&h, "add #2 #0; change 10.0.0.1/32 #2; change 10.0.0.2/32 #2; change 10.0.0.3/32 "
		   "#2; change 10.0.0.4/32 #2");
	stop(&h);
}

/* Kept until convergence, then confirmed or removed. */
static void test_left_behind(void **state)
{
	struct host h;

	(void)state;
	start(&h, "10.0.0.9/32", "fe80::4");
	expect(&h, "");
	fib_converged(h.fib);
	expect(&h, "delete 10.0.0.9/32; delete #11; delete #10");
	stop(&h);
	/* the same wish: everything is as it should be */
	start(&h, "10.0.0.9/32", "fe80::4");
	best(&h, "10.0.0.9/32", 4, 0);
	expect(&h, "read 10.0.0.9/32 #11");
	fib_converged(h.fib);
	expect(&h, "");
	fib_flush(h.fib);
	assert_false(fib_flushed(h.fib));
	expect(&h, "delete 10.0.0.9/32; delete #11; delete #10");
	assert_true(fib_flushed(h.fib));
	stop(&h);
	/* another: the route never stops */
	start(&h, "10.0.0.9/32", "fe80::44");
	best(&h, "10.0.0.9/32", 4, 0);
	expect(&h, "add #0 fe80::4@4; add #1 #0; change 10.0.0.9/32 #1");
	fib_converged(h.fib);
	expect(&h, "delete #11; delete #10");
	stop(&h);
}

static void test_refused(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	h.refuse = ENETUNREACH;
	best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "add #0 fe80::4@4; add #1 #0; add 10.0.0.2/32 #1");
	assert_true(fib_deadline(h.fib).ns > h.now.ns);
	h.refuse = 0;
	h.now = fib_deadline(h.fib);
	expect(&h, "add 10.0.0.2/32 #1");
	assert_int_equal(fib_deadline(h.fib).ns, INT64_MAX);
	/* an object: the other gateway serves alone, until it can be had */
	h.refuse_nexthops = ENETDOWN;
	best(&h, "10.0.0.2/32", 4, 5);
	expect(&h, "add #2 fe80::5@5");
	assert_true(fib_deadline(h.fib).ns > h.now.ns);
	h.refuse_nexthops = 0;
	h.now = fib_deadline(h.fib);
	expect(&h, "add #2 fe80::5@5; change #1 #0+#2");
	stop(&h);
}

static void test_kernel_without_objects(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	fib_converged(h.fib);
	h.refuse_nexthops = EOPNOTSUPP;
	best_of_all(&h, 4, 5);
	run(&h);
	str_clear(&h.lines);
	best(&h, "10.0.0.5/32", 4, 5);
	expect(&h, "add 10.0.0.5/32 fe80::4@4 fe80::5@5");
	best(&h, "10.0.0.5/32", 0, 0);
	best_of_all(&h, 0, 0);
	best(&h, "10.0.0.2/32", 4, 5);
	run(&h);
	str_clear(&h.lines);
	link_is(&h, 5, false);
	expect(&h, "change 10.0.0.2/32 fe80::4@4");
	link_is(&h, 5, true);
	expect(&h, "change 10.0.0.2/32 fe80::4@4 fe80::5@5");
	stop(&h);
}

/* Shares of the load become weights of the group. */
static void test_shares(void **state)
{
	struct attrs attrs = {0};
	struct bgp_best b = {
	    .nlri = {.family = BGP_IPV4_UNICAST, .prefix = prefix_of("10.0.0.2/32")}, .count = 3};
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	for (uint32_t i = 0; i < 3; i++) {
		b.routes[i] =
		    (struct bgp_route){.attrs = &attrs, .share = i == 2 ? 0 : (uint8_t)(3 + i)};
		b.routes[i].nexthop =
		    (struct bgp_nexthop){.ip = ip_of("fe80::1"), .scope = {4 + i}};
	}
	fib_route_changed(h.fib, &b);
	expect(&h, "add #0 fe80::1@4; add #1 fe80::1@5; add #2 #0+#1 *3 *4; add 10.0.0.2/32 #2");
	stop(&h);
}

/* What the policy says of each way; a new policy comes with the same routes again. */
static void test_policy(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL, NULL);
	h.denied = 'e'; /* link 4 */
	best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add #0 fe80::5@5; add #1 #0; add 10.0.0.2/32 #1");
	h.denied = 'f';
	h.src = ip_of("10.0.0.1");
	best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add #2 fe80::4@4; change #1 #2; delete #0; change 10.0.0.2/32 #1 src 10.0.0.1");
	best(&h, "10.0.0.2/32", 5, 0);
	expect(&h, "delete 10.0.0.2/32; delete #1; delete #2");
	stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_multipath),
	    cmocka_unit_test(test_policy),
	    cmocka_unit_test(test_link_fails),
	    cmocka_unit_test(test_group_is_switched),
	    cmocka_unit_test(test_paths_go),
	    cmocka_unit_test(test_wait_is_bounded),
	    cmocka_unit_test(test_both_links_fail),
	    cmocka_unit_test(test_comes_back),
	    cmocka_unit_test(test_id_is_taken),
	    cmocka_unit_test(test_left_behind),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_kernel_without_objects),
	    cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests_name("fib", tests, NULL, NULL);
}
