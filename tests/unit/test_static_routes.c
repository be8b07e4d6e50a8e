/*
 * Static routes, from their statements to the kernel: what makes a way usable, several of them,
 * discards, distances among themselves and against BGP, a reload.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "route_host.h"

/* Links are "e", "f", "g": 4, 5, 6 (route_host_link). */
static void configure(struct route_host *h, const char *text)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(text, &errors);

	assert_int_equal(errors.count, 0);
	static_routes_configure(h->statics, c->static_ways, c->static_way_count);
	config_free(c);
	statement_errors_fini(&errors);
}

static void begin(struct route_host *h)
{
	route_host_start(h, NULL, NULL);
	fib_converged(h->fib);
	route_host_address(h, 4, "10.4.0.1/24", true);
	route_host_address(h, 5, "10.5.0.1/24", true);
	route_host_run(h);
}

#define expect_counting(h, text)                                                                   \
	do {                                                                                       \
		assert_string_equal(str_text(&(h)->counting), text);                               \
		str_clear(&(h)->counting);                                                         \
	} while (0)

static void test_gateway(void **state)
{
	struct route_host h;

	(void)state;
	begin(&h);
	configure(&h, "ip route 10.9.1.2/16 10.4.0.9");
	expect(&h, "add 10.9.0.0/16 10.4.0.9@4");
	expect_counting(&h, "10.9.0.0/16");
	configure(&h, "ip route 10.9.0.0/16 10.4.0.9\nip route 10.9.0.0/16 10.5.0.9 tag 7\n");
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4 10.5.0.9@5");
	expect_counting(&h, "10.9.0.0/16 tag 7");
	/* no network that has the gateway any more, and back again */
	route_host_address(&h, 5, "10.5.0.1/24", false);
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4");
	route_host_link(&h, 4, false);
	expect(&h, "");
	route_host_link(&h, 4, true);
	route_host_address(&h, 4, "10.4.0.1/24", true);
	expect(&h, "add 10.9.0.0/16 10.4.0.9@4");
	str_clear(&h.counting);
	configure(&h, "");
	expect(&h, "delete 10.9.0.0/16");
	expect_counting(&h, "no 10.9.0.0/16");
	route_host_stop(&h);
}

/* Carrier loss: the kernel keeps such a route. */
static void test_carrier(void **state)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};
	struct route_host h;

	(void)state;
	begin(&h);
	configure(&h, "ip route 10.9.0.0/16 10.4.0.9\nip route 10.9.0.0/16 10.5.0.9 50\n");
	expect(&h, "add 10.9.0.0/16 10.4.0.9@4");
	e.link.ifindex.v = 4;
	e.link.admin_up = true;
	memcpy(e.link.name, "e", 2);
	route_host_send(&h, &e);
	expect(&h, "change 10.9.0.0/16 10.5.0.9@5");
	route_host_link(&h, 4, true);
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4");
	route_host_stop(&h);
}

static void test_interface(void **state)
{
	struct route_host h;

	(void)state;
	begin(&h);
	configure(&h, "ip route 10.1.0.0/16 e\nip route 10.2.0.0/16 10.4.0.9 e\n"
		      "ip route 10.3.0.0/16 10.4.0.9 f\nip route 10.5.0.0/16 10.66.0.1 f onlink 3\n"
		      "ipv6 route 2001:db8::/32 fe80::1 g\nip route 10.6.0.0/16 nosuch\n");
	expect(&h, "add 10.1.0.0/16 @4; add 10.2.0.0/16 10.4.0.9@4; add 10.5.0.0/16 10.66.0.1@5; "
		   "add 2001:db8::/32 fe80::1@6");
	route_host_link(&h, 6, false);
	expect(&h, "");
	route_host_link(&h, 6, true);
	expect(&h, "add 2001:db8::/32 fe80::1@6");
	route_host_stop(&h);
}

static void test_discard(void **state)
{
	struct route_host h;

	(void)state;
	begin(&h);
	configure(&h, "ip route 10.1.0.0/16 Null0\nip route 10.2.0.0/16 blackhole 254\n"
		      "ipv6 route 2001:db8::/32 reject\nip route 10.3.0.0/16 10.4.0.9 table 77\n");
	expect(&h, "add 10.3.0.0/16 table 77 10.4.0.9@4; add 10.1.0.0/16 blackhole; "
		   "add 10.2.0.0/16 blackhole; add 2001:db8::/32 unreachable");
	expect_counting(&h, "10.3.0.0/16; 10.1.0.0/16; 10.2.0.0/16; 2001:db8::/32");
	/* instead of a way that is lost, by a higher distance */
	configure(&h, "ip route 10.1.0.0/16 10.4.0.9\nip route 10.1.0.0/16 null0 200\n");
	expect(&h, "delete 10.3.0.0/16 table 77; delete 10.2.0.0/16; delete 2001:db8::/32; "
		   "change 10.1.0.0/16 10.4.0.9@4");
	route_host_address(&h, 4, "10.4.0.1/24", false);
	expect(&h, "add 10.1.0.0/16 blackhole");
	route_host_stop(&h);
}

/* One route through another one's gateway, and none through itself. */
static void test_recursion(void **state)
{
	struct route_host h;

	(void)state;
	begin(&h);
	configure(&h, "ip route 10.9.0.0/16 10.77.0.1\nip route 10.77.0.0/16 10.4.0.9\n"
		      "ip route 10.8.0.0/16 10.8.0.1\n");
	expect(&h, "add 10.77.0.0/16 10.4.0.9@4; add 10.9.0.0/16 10.4.0.9@4");
	/* nor would it be found through itself as soon as it were there */
	configure(&h, "ip route 10.9.0.0/16 10.77.0.1\nip route 10.77.0.0/16 10.4.0.9\n"
		      "ip route 10.4.0.0/28 10.4.0.9\nip route 10.4.0.9/32 10.4.0.9\n"
		      "ip route 10.4.0.16/28 10.4.0.9\n");
	expect(&h, "add 10.4.0.16/28 10.4.0.9@4");
	configure(&h, "ip route 10.9.0.0/16 10.77.0.1\nip route 10.77.0.0/16 10.5.0.9\n");
	expect(&h,
	    "delete 10.4.0.16/28; change 10.77.0.0/16 10.5.0.9@5; change 10.9.0.0/16 10.5.0.9@5");
	configure(&h, "ip route 10.9.0.0/16 10.77.0.1\n");
	expect(&h, "delete 10.77.0.0/16; delete 10.9.0.0/16");
	/* a way of its own that it led through: it does not hold itself up */
	route_host_address(&h, 4, "10.44.0.1/24", true);
	configure(&h, "ip route 10.4.0.0/16 10.4.0.9\n");
	expect(&h, "add 10.4.0.0/16 10.4.0.9@4");
	route_host_address(&h, 4, "10.4.0.1/24", false);
	expect(&h, "delete 10.4.0.0/16");
	route_host_stop(&h);
}

/* `network P backdoor`: the other way comes before BGP's, whatever the kind of session. */
static void test_backdoor(void **state)
{
	struct fib_settings s = {
	    .distance_ebgp = {20, 20}, .distance_ibgp = {200, 200}, .distance_local = {200, 200}};
	struct prefix doors[2];
	struct route_host h;

	(void)state;
	begin(&h);
	assert_true(prefix_parse("10.9.0.0/16", &doors[0]));
	assert_true(prefix_parse("10.8.0.0/16", &doors[1]));
	route_host_best(&h, "10.9.0.0/16", 6, 0);
	configure(&h, "ip route 10.9.0.0/16 10.4.0.9 150\n");
	expect(&h, "add #0 fe80::6@6; add #1 #0; add 10.9.0.0/16 #1");
	s.backdoors = doors;
	s.backdoor_count = 2;
	fib_configure(h.fib, &s);
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4");
	s.backdoors = doors + 1;
	s.backdoor_count = 1;
	fib_configure(h.fib, &s);
	expect(&h, "change 10.9.0.0/16 #1");
	route_host_stop(&h);
}

static void test_against_bgp(void **state)
{
	const struct fib_settings far = {.distance_ebgp = {200, 200}, .distance_ibgp = {200, 200}},
				  never = {.distance_ebgp = {255, 20}, .distance_ibgp = {20, 20}};
	struct route_host h;

	(void)state;
	begin(&h);
	route_host_best(&h, "10.9.0.0/16", 6, 0);
	expect(&h, "add #0 fe80::6@6; add #1 #0; add 10.9.0.0/16 #1");
	configure(&h, "ip route 10.9.0.0/16 10.4.0.9 21\n");
	expect(&h, "");
	expect_counting(&h, "");
	fib_configure(h.fib, &far);
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4");
	expect_counting(&h, "10.9.0.0/16");
	configure(&h, "ip route 10.9.0.0/16 10.4.0.9 250\n");
	expect(&h, "change 10.9.0.0/16 #1");
	expect_counting(&h, "no 10.9.0.0/16");
	/* BGP's next hop fails: what floats comes */
	route_host_link(&h, 6, false);
	expect(&h, "add 10.9.0.0/16 10.4.0.9@4");
	route_host_link(&h, 6, true);
	route_host_run(&h);
	str_clear(&h.lines);
	h.distance = 251;
	route_host_best(&h, "10.9.0.0/16", 6, 0);
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4");
	h.distance = 0;
	route_host_best(&h, "10.9.0.0/16", 6, 0);
	expect(&h, "change 10.9.0.0/16 #1");
	fib_configure(h.fib, &never);
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4");
	configure(&h, "");
	expect(&h, "delete 10.9.0.0/16");
	route_host_stop(&h);
}

/* What a previous instance left is changed in place, or goes when it has converged. */
static void test_left_behind(void **state)
{
	struct route_host h;

	(void)state;
	route_host_start(&h, "10.9.0.0/16", "10.4.0.9");
	route_host_address(&h, 4, "10.4.0.1/24", true);
	configure(&h, "ip route 10.9.0.0/16 10.4.0.9\n");
	expect(&h, "change 10.9.0.0/16 10.4.0.9@4");
	/* one that BGP might have had is left until then */
	configure(&h, "ip route 10.9.0.0/16 10.4.0.8 250\n");
	expect(&h, "");
	fib_converged(h.fib);
	expect(&h, "delete #11; change 10.9.0.0/16 10.4.0.8@4; delete #10");
	route_host_stop(&h);
}

static void test_errors(void **state)
{
	static const char *const wrong[] = {"ip route 10.0.0.0/8 fe80::1",
	    "ip route 10.0.0.0/8 10.4.0.9 far away", "ip route 10.0.0.0/8 10.4.0.9 300",
	    "ipv6 route 2001:db8::/32 fe80::1", "ip route 10.0.0.0/8 10.4.0.9 onlink",
	    "ip route 10.0.0.0/8 an-interface-name", "ip route 10.0.0.0/8 10.4.0.9 tag"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct statement_errors errors = {0};
		struct config *c = config_load(wrong[i], &errors);

		assert_int_equal(errors.error_count, 1);
		assert_int_equal(c->static_way_count, 0);
		config_free(c);
		statement_errors_fini(&errors);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gateway),
	    cmocka_unit_test(test_carrier),
	    cmocka_unit_test(test_interface),
	    cmocka_unit_test(test_discard),
	    cmocka_unit_test(test_recursion),
	    cmocka_unit_test(test_against_bgp),
	    cmocka_unit_test(test_backdoor),
	    cmocka_unit_test(test_left_behind),
	    cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
