/*
 * Origination: `network` and `redistribute` over a host that changes, on the real mirror and a
 * speaker without peers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "evpn/originate.h"
#include "kernel/reconcile.h"
#include "settings_text.h"

#define MAIN_TABLE 254
#define PROTO_BOOT 3
#define PROTO_STATIC 4
#define PROTO_ZSTATIC 196
#define PROTO_BGP 186

struct host {
	struct log log;
	struct mirror *mirror;
	struct bgp *bgp;
	struct origination *origination;
	struct bgp_settings settings;
	unsigned dumps_wanted;
	struct str text;
};

static void want_routes(void *context)
{
	((struct host *)context)->dumps_wanted++;
}

static void changed(void *context, const struct kernel_event *event)
{
	origination_kernel_changed(((struct host *)context)->origination, event);
}

static void send(struct host *h, const struct kernel_event *event)
{
	origination_route_seen(h->origination, event);
	mirror_apply(h->mirror, event, changed, h);
}

static void run(struct host *h)
{
	while (origination_run(h->origination) || bgp_run(h->bgp, (mono_t){1}))
		;
}

static void link_is(struct host *h, uint32_t ifindex, bool up)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link.ifindex.v = ifindex;
	e.link.admin_up = e.link.running = up;
	snprintf(e.link.name, sizeof(e.link.name), "eth%u", ifindex);
	send(h, &e);
}

static void address(struct host *h, uint32_t ifindex, const char *text, bool present)
{
	struct kernel_event e = {.kind = present ? KERNEL_ADDR_NEW : KERNEL_ADDR_DEL};
	char ip[IP_TEXT_MAX];
	size_t n = strcspn(text, "/");

	memcpy(ip, text, n);
	ip[n] = '\0';
	e.addr.dev.v = ifindex;
	assert_true(prefix_parse(text, &e.addr.prefix));
	assert_true(ip_parse(ip, &e.addr.prefix.addr));
	send(h, &e);
}

static void route(struct host *h, const char *text, uint8_t protocol, uint32_t metric,
    enum kernel_event_kind kind, bool from_dump)
{
	struct route_nexthop hop = {.dev = {4}, .weight = 1};
	struct kernel_event e = {.kind = kind, .from_dump = from_dump};
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	e.route.key = slot_key_route(MAIN_TABLE, metric, &p).route;
	e.route.entry = (struct route_entry){
	    .protocol = protocol, .type = 1, .nexthop_count = 1, .nexthops = &hop};
	send(h, &e);
}

static void route_is(
    struct host *h, const char *text, uint8_t protocol, uint32_t metric, bool there)
{
	route(h, text, protocol, metric, there ? KERNEL_ROUTE_NEW : KERNEL_ROUTE_DEL, false);
}

static void dump(struct host *h, enum kernel_table table, bool begin)
{
	struct kernel_event e = {.kind = begin ? KERNEL_DUMP_BEGIN : KERNEL_DUMP_END};

	e.dump.table = table;
	e.dump.clean = true;
	send(h, &e);
}

static void visit(
    void *context, const struct nlri *n, const struct bgp_dest_route *routes, size_t count)
{
	struct host *h = context;
	const struct attrs *a = routes[0].route.attrs;
	char text[PREFIX_TEXT_MAX];

	assert_int_equal(count, 1);
	str_addf(&h->text, "%s%s %c%u", h->text.size > 0 ? "; " : "", prefix_text(&n->prefix, text),
	    attr_origin_letter(a->origin), a->med);
	if (a->community_count > 0) {
		str_add(&h->text, " ");
		communities_text(a, &h->text);
	}
	if (a->has_local_pref)
		str_addf(&h->text, " lp%u", a->local_pref);
}

/* "10.1.0.0/24 ?0": prefix, origin, metric, communities, local preference. */
#define expect(h, wanted)                                                                          \
	do {                                                                                       \
		struct arena arena = {0};                                                          \
		run(h);                                                                            \
		str_clear(&(h)->text);                                                             \
		bgp_walk((h)->bgp, BGP_IPV4_UNICAST, &arena, h, visit);                            \
		bgp_walk((h)->bgp, BGP_IPV6_UNICAST, &arena, h, visit);                            \
		assert_string_equal(str_text(&(h)->text), wanted);                                 \
		arena_fini(&arena);                                                                \
	} while (0)

static void configure(struct host *h, const char *lists, const char *ipv4, const char *ipv6)
{
	struct str text = {0};

	str_addf(&text,
	    "%s\nrouter bgp 65000\n bgp router-id 10.0.0.1\n address-family ipv4\n%s\n"
	    " address-family ipv6\n%s\n",
	    lists, ipv4, ipv6);
	bgp_settings_fini(&h->settings);
	settings_from_text(&h->settings, str_text(&text));
	bgp_configure(h->bgp, &h->settings, (mono_t){1});
	origination_configure(h->origination, &h->settings);
	str_fini(&text);
}

static void start(struct host *h)
{
	struct origination_host host = {h, want_routes};
	struct bgp_start bgp = {.seed = 1, .log = &h->log};

	*h = (struct host){0};
	h->mirror = mirror_new(1);
	h->bgp = bgp_new(&bgp);
	h->origination = origination_new(1, &h->log, h->mirror, h->bgp, &host);
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		dump(h, (enum kernel_table)t, true);
		dump(h, (enum kernel_table)t, false);
	}
	link_is(h, 4, true);
	address(h, 4, "10.4.0.1/24", true);
	address(h, 4, "127.0.0.1/8", true);
	address(h, 4, "fd00:4::1/64", true);
	address(h, 4, "fe80::1/64", true);
}

static void stop(struct host *h)
{
	origination_free(h->origination);
	bgp_free(h->bgp);
	mirror_free(h->mirror);
	bgp_settings_fini(&h->settings);
	str_fini(&h->text);
}

static void test_connected(void **state)
{
	struct host h;

	(void)state;
	start(&h);
	configure(&h, "", "redistribute connected", "");
	expect(&h, "10.4.0.0/24 ?0");
	configure(&h, "", "redistribute connected metric 7", "redistribute connected");
	expect(&h, "10.4.0.0/24 ?7; fd00:4::/64 ?0");
	link_is(&h, 5, true);
	address(&h, 5, "10.5.0.1/24", true);
	address(&h, 5, "10.4.0.2/24", true);
	configure(&h, "route-map M permit 1\n match interface eth5\n set community 1:1\n",
	    "redistribute connected route-map M", "");
	expect(&h, "10.5.0.0/24 ?0 1:1");
	/* the first of two interfaces goes: the other one has the prefix */
	link_is(&h, 4, false);
	expect(&h, "10.4.0.0/24 ?0 1:1; 10.5.0.0/24 ?0 1:1");
	address(&h, 5, "10.5.0.1/24", false);
	expect(&h, "10.4.0.0/24 ?0 1:1");
	configure(&h, "", "redistribute connected route-map GONE", "");
	expect(&h, "");
	stop(&h);
}

static void test_routes_of_others(void **state)
{
	struct host h;

	(void)state;
	start(&h);
	configure(&h, "", "redistribute kernel", "");
	route_is(&h, "10.50.0.0/16", PROTO_BOOT, 20, true);
	route_is(&h, "10.51.0.0/16", PROTO_STATIC, 0, true);
	route_is(&h, "10.52.0.0/16", PROTO_ZSTATIC, 0, true);
	route_is(&h, "10.53.0.0/16", PROTO_BGP, 0, true);
	route_is(&h, "10.54.0.0/16", RTPROT_EVPND, 20, true);
	expect(&h, "10.50.0.0/16 ?20; 10.51.0.0/16 ?0");
	/* a better one comes and goes */
	route_is(&h, "10.50.0.0/16", PROTO_BOOT, 5, true);
	expect(&h, "10.50.0.0/16 ?5; 10.51.0.0/16 ?0");
	h.dumps_wanted = 0;
	route_is(&h, "10.50.0.0/16", PROTO_BOOT, 5, false);
	assert_int_equal(h.dumps_wanted, 1);
	dump(&h, TABLE_ROUTES, true);
	route(&h, "10.50.0.0/16", PROTO_BOOT, 20, KERNEL_ROUTE_NEW, true);
	dump(&h, TABLE_ROUTES, false);
	expect(&h, "10.50.0.0/16 ?20");
	/* asked for, static ones are found by the dump that the settings ask for */
	h.dumps_wanted = 0;
	configure(&h, "", "redistribute static metric 3", "");
	assert_int_equal(h.dumps_wanted, 1);
	dump(&h, TABLE_ROUTES, true);
	route(&h, "10.50.0.0/16", PROTO_BOOT, 20, KERNEL_ROUTE_NEW, true);
	route(&h, "10.52.0.0/16", PROTO_ZSTATIC, 0, KERNEL_ROUTE_NEW, true);
	dump(&h, TABLE_ROUTES, false);
	expect(&h, "10.52.0.0/16 ?3");
	configure(&h, "", "", "");
	expect(&h, "");
	stop(&h);
}

/* A link that goes may have taken IPv4 routes with it silently. */
static void test_silent_removal(void **state)
{
	struct host h;

	(void)state;
	start(&h);
	configure(&h, "", "redistribute kernel", "");
	route_is(&h, "10.50.0.0/16", PROTO_BOOT, 0, true);
	expect(&h, "10.50.0.0/16 ?0");
	h.dumps_wanted = 0;
	link_is(&h, 4, false);
	assert_true(h.dumps_wanted > 0);
	dump(&h, TABLE_ROUTES, true);
	expect(&h, "10.50.0.0/16 ?0");
	dump(&h, TABLE_ROUTES, false);
	expect(&h, "");
	stop(&h);
}

static void test_network(void **state)
{
	struct host h;

	(void)state;
	start(&h);
	configure(&h, "route-map N permit 1\n set community 2:2\n set metric 9\n",
	    "network 10.4.0.0/24 route-map N\nnetwork 10.50.0.0/16", "network fd00:4::/64");
	expect(&h, "10.4.0.0/24 i9 2:2; fd00:4::/64 i0");
	route_is(&h, "10.50.0.0/16", PROTO_BOOT, 7, true);
	route_is(&h, "10.51.0.0/16", PROTO_BOOT, 7, true);
	expect(&h, "10.4.0.0/24 i9 2:2; 10.50.0.0/16 i0; fd00:4::/64 i0");
	/* its policy starts from the local preference of a route that has none */
	configure(&h,
	    "route-map N permit 1\n match local-preference 100\n set local-preference +5\n set "
	    "metric 8\n",
	    "network 10.4.0.0/24 route-map N", "");
	expect(&h, "10.4.0.0/24 i8 lp105");
	/* a statement comes before redistribution, and if its map denies, redistribution is left */
	configure(&h, "route-map N deny 1\n",
	    "network 10.4.0.0/24 route-map N\nredistribute connected", "");
	expect(&h, "10.4.0.0/24 ?0");
	configure(&h, "", "network 10.4.0.0/24\nredistribute connected", "");
	expect(&h, "10.4.0.0/24 i0");
	address(&h, 4, "10.4.0.1/24", false);
	expect(&h, "");
	configure(&h, "", "network 10.99.0.0/16\n exit\n no bgp network import-check\n", "");
	expect(&h, "10.99.0.0/16 i0");
	stop(&h);
}

static void own_static(struct host *h, const char *text, bool present, uint32_t tag)
{
	const struct own_static route = {.present = present, .tag = tag, .dev = {4}};
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	origination_static(h->origination, &p, &route);
}

/* Our own are told by name and tag; what the kernel shows of them is not looked at. */
static void test_own_static(void **state)
{
	const char *map = "route-map M permit 1\n match tag 7\n set community 7:7\n"
			  "route-map M permit 2\n match interface eth4\n";
	struct host h;

	(void)state;
	start(&h);
	configure(&h, map, "redistribute static route-map M\nnetwork 10.52.0.0/16", "");
	route_is(&h, "10.50.0.0/16", RTPROT_EVPND, 20, true);
	expect(&h, "");
	own_static(&h, "10.50.0.0/16", true, 0);
	own_static(&h, "10.51.0.0/16", true, 7);
	own_static(&h, "10.52.0.0/16", true, 7);
	expect(&h, "10.50.0.0/16 ?0; 10.51.0.0/16 ?0 7:7; 10.52.0.0/16 i0");
	own_static(&h, "10.50.0.0/16", true, 7);
	own_static(&h, "10.51.0.0/16", false, 0);
	own_static(&h, "10.52.0.0/16", false, 0);
	expect(&h, "10.50.0.0/16 ?0 7:7");
	configure(&h, map, "redistribute static metric 9", "");
	expect(&h, "10.50.0.0/16 ?9");
	stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_connected),
	    cmocka_unit_test(test_routes_of_others),
	    cmocka_unit_test(test_silent_removal),
	    cmocka_unit_test(test_network),
	    cmocka_unit_test(test_own_static),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
