/*
 * The underlay: multipath, link-local next hops, links that fail, what a restart left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "evpn/fib.h"

struct host {
	struct log log;
	struct mirror *mirror;
	struct fib *fib;
	mono_t now;
	struct kernel_op *ops;
	size_t op_count;
	uint32_t next_id;
	int refuse;
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
	fib_kernel_changed(((struct host *)context)->fib, event);
}

static void send(struct host *h, const struct kernel_event *event)
{
	mirror_apply(h->mirror, event, changed, h);
}

static void kernel_op(void *context, const struct kernel_op *op)
{
	static const char *const verbs[] = {"add", "change", "delete", "read"};
	struct host *h = context;
	struct kernel_op kept = *op;
	const struct route_entry *r = &op->content.route;
	char text[PREFIX_TEXT_MAX];

	kept.id = ++h->next_id;
	ledger_issue(h->mirror, &kept);
	str_addf(&h->lines, "%s%s %s", h->lines.size > 0 ? "; " : "", verbs[op->verb],
	    prefix_text(&op->key.route.prefix, text));
	for (size_t i = 0; op->verb != KERNEL_DELETE && i < r->nexthop_count; i++)
		str_addf(&h->lines, " %s@%u", ip_text(&r->nexthops[i].gateway, text),
		    r->nexthops[i].dev.v);
	if (op->verb != KERNEL_DELETE && r->prefsrc.family != IP_NONE)
		str_addf(&h->lines, " src %s", ip_text(&r->prefsrc, text));
	/* What the operation points to is lent for the call. */
	kept.content.route.nexthops = mem_dup(r->nexthops, r->nexthop_count * sizeof(*r->nexthops));
	h->ops = mem_resize(h->ops, (h->op_count + 1) * sizeof(*h->ops));
	h->ops[h->op_count++] = kept;
}

static void execute(struct host *h, struct kernel_op *op)
{
	struct kernel_result result = {.id = op->id, .outcome = KERNEL_DONE};
	struct kernel_event e = {.kind = KERNEL_ROUTE_NEW, .ours = true};
	struct kernel_op repair;

	e.route.key = op->key.route;
	e.route.entry = op->content.route;
	if (op->verb == KERNEL_DELETE)
		e.kind = KERNEL_ROUTE_DEL;
	if (h->refuse != 0)
		result = (struct kernel_result){
		    .id = op->id, .outcome = KERNEL_FAILED, .error = h->refuse};
	else if (op->verb != KERNEL_READ)
		send(h, &e);
	ledger_result(h->mirror, op, &result, &repair, &h->counters);
	fib_slot_result(h->fib, op, &result, h->now);
	mem_free((void *)(uintptr_t)op->content.route.nexthops);
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
		while (fib_run(h->fib, h->now))
			;
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

static void start(struct host *h, const char *left_behind)
{
	struct fib_host host = {.context = h, .kernel_op = kernel_op, .policy = policy};
	struct route_nexthop nexthop = {.gateway = ip_of("fe80::9"), .dev = {4}, .weight = 1};

	*h = (struct host){.now = {1000000000}};
	h->mirror = mirror_new(1);
	h->fib = fib_new(1, &h->log, h->mirror, &host);
	for (unsigned table = 0; table < TABLE_COUNT; table++) {
		struct kernel_event e = {.kind = KERNEL_DUMP_BEGIN};

		e.dump.table = (enum kernel_table)table;
		send(h, &e);
		if (table == TABLE_LINKS) {
			link_is(h, 4, true);
			link_is(h, 5, true);
		}
		if (table == TABLE_ROUTES && left_behind != NULL) {
			struct prefix p = prefix_of(left_behind);
			struct kernel_event r = {.kind = KERNEL_ROUTE_NEW, .from_dump = true};

			r.route.key = slot_key_route(254, 20, &p).route;
			r.route.entry = (struct route_entry){.protocol = RTPROT_EVPND,
			    .type = 1,
			    .nexthop_count = 1,
			    .nexthops = &nexthop};
			send(h, &r);
		}
		e.kind = KERNEL_DUMP_END;
		e.dump.clean = true;
		send(h, &e);
	}
	run(h);
}

static void stop(struct host *h)
{
	fib_free(h->fib);
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
		if (links[i] == 0)
			continue;
		attrs[i].next_hop = ip_of("fe80::1");
		attrs[i].next_hop.b[15] = (uint8_t)links[i];
		b.routes[b.count++] = (struct bgp_route){
		    .attrs = &attrs[i], .peer_ifindex = {links[i]}, .ebgp = true};
	}
	fib_route_changed(h->fib, &b);
}

static void test_multipath(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL);
	best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add 10.0.0.2/32 fe80::4@4 fe80::5@5");
	best(&h, "10.0.0.2/32", 4, 5);
	expect(&h, "");
	best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "change 10.0.0.2/32 fe80::4@4");
	best(&h, "10.0.0.2/32", 0, 0);
	expect(&h, "delete 10.0.0.2/32");
	stop(&h);
}

static void test_link_fails(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL);
	fib_converged(h.fib);
	best(&h, "10.0.0.2/32", 4, 5);
	run(&h);
	str_clear(&h.lines);
	link_is(&h, 5, false);
	expect(&h, "change 10.0.0.2/32 fe80::4@4");
	link_is(&h, 5, true);
	expect(&h, "change 10.0.0.2/32 fe80::4@4 fe80::5@5");
	stop(&h);
}

/* Somebody removed ours, or it vanished with a link: it comes back. */
static void test_comes_back(void **state)
{
	struct prefix p = prefix_of("10.0.0.2/32");
	struct kernel_event e = {.kind = KERNEL_ROUTE_DEL};
	struct host h;

	(void)state;
	start(&h, NULL);
	best(&h, "10.0.0.2/32", 4, 0);
	run(&h);
	str_clear(&h.lines);
	e.route.key = slot_key_route(254, 20, &p).route;
	e.route.entry.protocol = RTPROT_EVPND;
	send(&h, &e);
	expect(&h, "add 10.0.0.2/32 fe80::4@4");
	stop(&h);
}

/* Kept until convergence, then confirmed or removed. */
static void test_left_behind(void **state)
{
	struct host h;

	(void)state;
	start(&h, "10.0.0.9/32");
	expect(&h, "");
	fib_converged(h.fib);
	expect(&h, "delete 10.0.0.9/32");
	stop(&h);
	start(&h, "10.0.0.9/32");
	best(&h, "10.0.0.9/32", 4, 0);
	run(&h);
	str_clear(&h.lines);
	fib_converged(h.fib);
	expect(&h, "");
	fib_flush(h.fib);
	assert_false(fib_flushed(h.fib));
	expect(&h, "delete 10.0.0.9/32");
	assert_true(fib_flushed(h.fib));
	stop(&h);
}

static void test_refused(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL);
	h.refuse = 101;
	best(&h, "10.0.0.2/32", 4, 0);
	expect(&h, "add 10.0.0.2/32 fe80::4@4");
	assert_true(fib_deadline(h.fib).ns > h.now.ns);
	h.refuse = 0;
	h.now = fib_deadline(h.fib);
	expect(&h, "add 10.0.0.2/32 fe80::4@4");
	assert_int_equal(fib_deadline(h.fib).ns, INT64_MAX);
	stop(&h);
}

/* What the policy says of each way; a new policy comes with the same routes again. */
static void test_policy(void **state)
{
	struct host h;

	(void)state;
	start(&h, NULL);
	h.denied = 'e'; /* link 4 */
	best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "add 10.0.0.2/32 fe80::5@5");
	h.denied = 'f';
	h.src = ip_of("10.0.0.1");
	best(&h, "10.0.0.2/32", 5, 4);
	expect(&h, "change 10.0.0.2/32 fe80::4@4 src 10.0.0.1");
	best(&h, "10.0.0.2/32", 5, 0);
	expect(&h, "delete 10.0.0.2/32");
	stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_multipath),
	    cmocka_unit_test(test_policy),
	    cmocka_unit_test(test_link_fails),
	    cmocka_unit_test(test_comes_back),
	    cmocka_unit_test(test_left_behind),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("fib", tests, NULL, NULL);
}
