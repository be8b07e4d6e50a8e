/*
 * Routes of others in the main table: what notifications, dumps and lost links leave of them.
 */
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "evpn/host_routes.h"
#include "kernel/reconcile.h"

struct fixture {
	struct host_routes routes;
	struct str changed; /* prefixes told, since the last time */
	uint32_t down;	    /* bit per link */
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	host_routes_init(&f.routes, 7);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	host_routes_fini(&f->routes);
	str_fini(&f->changed);
	return 0;
}

static void changed(void *context, const struct prefix *prefix)
{
	struct fixture *f = context;
	char text[PREFIX_TEXT_MAX];

	str_addf(&f->changed, "%s ", prefix_text(prefix, text));
}

#define TOLD(text)                                                                                 \
	do {                                                                                       \
		assert_string_equal(str_text(&f->changed), text);                                  \
		str_clear(&f->changed);                                                            \
	} while (0)

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

struct row {
	const char *prefix;
	uint32_t metric;
	uint8_t protocol;
	unsigned dev[3]; /* 0 ends */
	bool dump;
	uint32_t table; /* 0: main */
};

static void send(struct fixture *f, enum kernel_event_kind kind, const struct row *r)
{
	struct kernel_event e = {.kind = kind, .from_dump = r->dump};
	struct route_nexthop hops[3];
	uint8_t n = 0;

	for (; n < 3 && r->dev[n] != 0; n++)
		hops[n] = (struct route_nexthop){.gateway = ip_from_u32(0x0a000000 + r->dev[n]),
		    .dev = {r->dev[n]},
		    .weight = 1};
	e.route.key.table = r->table != 0 ? r->table : MAIN_TABLE;
	e.route.key.metric = r->metric;
	e.route.key.prefix = prefix_of(r->prefix);
	e.route.entry = (struct route_entry){
	    .protocol = r->protocol, .type = RTN_UNICAST, .nexthop_count = n, .nexthops = hops};
	host_routes_event(&f->routes, &e, changed, f);
}

#define ROW(p, m, from, ...)                                                                       \
	&(struct row)                                                                              \
	{                                                                                          \
		.prefix = p, .metric = m, .protocol = from, .dev = __VA_ARGS__                     \
	}
#define NEW(...) send(f, KERNEL_ROUTE_NEW, ROW(__VA_ARGS__))
#define DEL(...) send(f, KERNEL_ROUTE_DEL, ROW(__VA_ARGS__))

static void dump(struct fixture *f, bool begins)
{
	struct kernel_event e = {.kind = begins ? KERNEL_DUMP_BEGIN : KERNEL_DUMP_END};

	e.dump.table = TABLE_ROUTES;
	e.dump.clean = true;
	host_routes_event(&f->routes, &e, changed, f);
}

/* "4 5" the links of the best route; "" none. */
static const char *way(const struct fixture *f, const char *prefix)
{
	static char text[32];
	const struct prefix p = prefix_of(prefix);
	const struct host_route *r = host_routes_find(&f->routes, &p);

	text[0] = '\0';
	for (unsigned i = 0; r != NULL && i < r->hop_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u", i > 0 ? " " : "",
		    r->hops[i].dev.v);
	return text;
}

static void test_lowest_metric_counts(void **state)
{
	struct fixture *f = *state;

	NEW("10.0.0.0/8", 100, RTPROT_STATIC, {4});
	TOLD("10.0.0.0/8 ");
	NEW("10.0.0.0/8", 50, RTPROT_STATIC, {5});
	assert_string_equal(way(f, "10.0.0.0/8"), "5");
	/* the same once more changes nothing, others of the same metric stand beside it */
	TOLD("10.0.0.0/8 ");
	NEW("10.0.0.0/8", 50, RTPROT_STATIC, {5});
	TOLD("");
	NEW("10.0.0.0/8", 50, RTPROT_BOOT, {6});
	TOLD("10.0.0.0/8 ");
	DEL("10.0.0.0/8", 50, RTPROT_BOOT, {6});
	DEL("10.0.0.0/8", 50, RTPROT_STATIC, {5});
	assert_string_equal(way(f, "10.0.0.0/8"), "4");
	TOLD("10.0.0.0/8 10.0.0.0/8 ");
	DEL("10.0.0.0/8", 100, RTPROT_STATIC, {4});
	assert_string_equal(way(f, "10.0.0.0/8"), "");
	assert_int_equal(f->routes.count, 0);
	assert_int_equal(f->routes.lengths[0][8], 0);
}

static void test_what_is_not_kept(void **state)
{
	struct fixture *f = *state;

	NEW("10.0.0.0/8", 0, RTPROT_STATIC, {4}, .table = 255);
	NEW("10.0.0.0/8", 20, RTPROT_EVPND, {4});
	NEW("fe80::/64", 256, RTPROT_KERNEL, {4});
	NEW("ff00::/8", 256, RTPROT_KERNEL, {4});
	TOLD("");
	assert_int_equal(f->routes.count, 0);
	DEL("10.9.0.0/16", 0, RTPROT_STATIC, {4});
	TOLD("");
}

/* IPv6 tells the end of each next hop alone; what is not named stays. */
static void test_hops_go_one_by_one(void **state)
{
	struct fixture *f = *state;

	NEW("2001:db8::/32", 1024, RTPROT_STATIC, {4, 5, 6});
	str_clear(&f->changed);
	DEL("2001:db8::/32", 1024, RTPROT_STATIC, {5});
	assert_string_equal(way(f, "2001:db8::/32"), "4 6");
	DEL("2001:db8::/32", 1024, RTPROT_STATIC, {5});
	TOLD("2001:db8::/32 ");
	DEL("2001:db8::/32", 1024, RTPROT_STATIC, {4, 6});
	assert_int_equal(f->routes.count, 0);
}

/* A dump's rows are hints: they override nothing that was notified since it began, and what it
 * does not show is gone at its end. */
static void test_dump(void **state)
{
	struct fixture *f = *state;

	NEW("10.1.0.0/16", 0, RTPROT_STATIC, {4});
	NEW("10.2.0.0/16", 0, RTPROT_STATIC, {4});
	NEW("10.3.0.0/16", 0, RTPROT_STATIC, {4});
	str_clear(&f->changed);
	dump(f, true);
	NEW("10.1.0.0/16", 0, RTPROT_STATIC, {5});
	NEW("10.1.0.0/16", 0, RTPROT_STATIC, {4}, .dump = true);
	NEW("10.2.0.0/16", 0, RTPROT_STATIC, {6}, .dump = true);
	NEW("10.4.0.0/16", 0, RTPROT_STATIC, {4});
	dump(f, false);
	assert_string_equal(way(f, "10.1.0.0/16"), "5");
	assert_string_equal(way(f, "10.2.0.0/16"), "6");
	assert_string_equal(way(f, "10.3.0.0/16"), "");
	assert_string_equal(way(f, "10.4.0.0/16"), "4");
	TOLD("10.1.0.0/16 10.2.0.0/16 10.4.0.0/16 10.3.0.0/16 ");
	/* an end without a beginning removes nothing */
	dump(f, false);
	TOLD("");
	assert_int_equal(f->routes.count, 3);
}

static bool is_down(const void *context, ifindex_t dev)
{
	const struct fixture *f = context;

	return (f->down >> dev.v & 1) != 0;
}

/* IPv4 routes vanish without a word with the last of their links, IPv6's when it is deleted. */
static void test_link_lost(void **state)
{
	struct fixture *f = *state;

	NEW("10.1.0.0/16", 0, RTPROT_STATIC, {4});
	NEW("10.2.0.0/16", 0, RTPROT_STATIC, {4, 5});
	NEW("10.3.0.0/16", 0, RTPROT_STATIC, {0});
	NEW("2001:db8::/32", 1024, RTPROT_STATIC, {4});
	str_clear(&f->changed);
	f->down = 1u << 4;
	host_routes_link_lost(&f->routes, true, f, is_down, changed, f);
	TOLD("10.1.0.0/16 ");
	host_routes_link_lost(&f->routes, false, f, is_down, changed, f);
	TOLD("2001:db8::/32 ");
	f->down |= 1u << 5;
	host_routes_link_lost(&f->routes, true, f, is_down, changed, f);
	TOLD("10.2.0.0/16 ");
	assert_int_equal(f->routes.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_lowest_metric_counts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_what_is_not_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hops_go_one_by_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_dump, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_link_lost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
