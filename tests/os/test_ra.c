/*
 * Router advertisements over a veth pair in a network namespace of the test's own: what one end
 * says, the other hears; and what must not be believed is not. Needs root; skipped without.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net/if.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/ra_message.h"
#include "collect.h"
#include "os/ra.h"

struct fixture {
	sd_event *event;
	struct collector seen;
	struct log log;
	struct event_sink sink;
	struct ra *ra;
	ifindex_t a, b;
};

static bool in_namespace;

static int enter_namespace(void **state)
{
	(void)state;
	in_namespace = unshare(CLONE_NEWNET) == 0 &&
		       system("ip link set lo up && ip link add ra-a type veth peer name ra-b && "
			      "echo 0 >/proc/sys/net/ipv6/conf/ra-a/accept_dad && "
			      "echo 0 >/proc/sys/net/ipv6/conf/ra-b/accept_dad && "
			      "ip link set ra-a up && ip link set ra-b up") == 0;
	usleep(100000); /* link-local addresses */
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = mem_new(sizeof(*f));

	*state = f;
	if (!in_namespace)
		return 0;
	assert_true(sd_event_new(&f->event) >= 0);
	f->log = (struct log){.write = log_nothing};
	f->sink = (struct event_sink){.context = &f->seen, .emit = collect};
	f->ra = ra_new(f->event, &f->sink, &f->log);
	f->a.v = if_nametoindex("ra-a");
	f->b.v = if_nametoindex("ra-b");
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (in_namespace) {
		ra_free(f->ra);
		sd_event_unref(f->event);
	}
	mem_free(f);
	return 0;
}

static void run_for_ms(struct fixture *f, int64_t ms)
{
	mono_t end = mono_add_ms(clock_now(), ms);

	while (!mono_reached(end, clock_now()))
		assert_true(sd_event_run(f->event, 5000) >= 0);
}

static void advertise(struct fixture *f, ifindex_t ifindex, uint16_t lifetime_s)
{
	const struct ra_settings s = ra_settings_default();
	const struct mac mac = {{2, 0, 0, 0, 0, 1}};
	uint8_t bytes[RA_SIZE_MAX];
	size_t size = ra_message(&s, lifetime_s, 10000, &mac, bytes);

	ra_send(f->ra, ifindex, bytes, size, lifetime_s == 0);
}

static void test_heard_at_the_other_end(void **state)
{
	struct fixture *f = *state;
	const struct event_ra *ra;

	if (!in_namespace)
		skip();
	ra_watch(f->ra, f->b, true);
	advertise(f, f->a, 1800);
	run_for_ms(f, 100);
	assert_int_equal(f->seen.count, 1);
	ra = &f->seen.list[0].event.ra;
	assert_int_equal(ra->ifindex.v, f->b.v);
	assert_true(ip_is_link_local(&ra->source));
	assert_false(ra->solicitation);
	assert_int_equal(ra->router_lifetime_s, 1800);
	/* Nobody watches any more. */
	ra_watch(f->ra, f->b, false);
	advertise(f, f->a, 0);
	run_for_ms(f, 50);
	assert_int_equal(f->seen.count, 1);
	/* A link that has gone sends nothing and hurts nobody. */
	ra_watch(f->ra, (ifindex_t){9999}, true);
	advertise(f, (ifindex_t){9999}, 1800);
	ra_watch(f->ra, (ifindex_t){9999}, false);
}

/* Two of us on one link, one of which comes later: it asks, and hears without waiting. */
static void test_asks_until_it_has_heard(void **state)
{
	struct fixture *f = *state;

	if (!in_namespace)
		skip();
	ra_watch(f->ra, f->a, true);
	ra_watch(f->ra, f->b, true);
	advertise(f, f->a, 1800);
	run_for_ms(f, 100);
	assert_int_equal(f->seen.count, 2);
	assert_false(f->seen.list[0].event.ra.solicitation);
	assert_true(f->seen.list[1].event.ra.solicitation);
	assert_int_equal(f->seen.list[1].event.ra.ifindex.v, f->b.v);
	/* b has heard a, so it need not ask; from now on a neither. */
	advertise(f, f->b, 1800);
	advertise(f, f->a, 0);
	run_for_ms(f, 100);
	assert_int_equal(f->seen.count, 4);
	advertise(f, f->a, 1800);
	run_for_ms(f, 100);
	assert_int_equal(f->seen.count, 5);
	assert_false(f->seen.list[4].event.ra.solicitation);
}

/* Any ICMPv6 bytes with any hop limit, as an attacker on the link would send them. */
static void send_raw(
    const struct fixture *f, const uint8_t *bytes, size_t size, int hops, uint8_t group)
{
	int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
	    .sin6_addr.s6_addr = {0xff, 0x02, [15] = group},
	    .sin6_scope_id = f->a.v};

	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)), 0);
	assert_int_equal(
	    sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)size);
	close(fd);
}

static void test_solicitation(void **state)
{
	static const uint8_t rs[] = {ND_ROUTER_SOLICIT, 0, 0, 0, 0, 0, 0, 0};
	struct fixture *f = *state;

	if (!in_namespace)
		skip();
	ra_watch(f->ra, f->b, true);
	send_raw(f, rs, sizeof(rs), 255, 2); /* all-routers: needs the membership */
	run_for_ms(f, 100);
	assert_int_equal(f->seen.count, 1);
	assert_true(f->seen.list[0].event.ra.solicitation);
}

static void test_not_believed(void **state)
{
	static const uint8_t good[] = {
	    ND_ROUTER_ADVERT, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 1};
	uint8_t bad[sizeof(good)];
	struct fixture *f = *state;

	if (!in_namespace)
		skip();
	ra_watch(f->ra, f->b, true);
	send_raw(f, good, sizeof(good), 64, 1); /* crossed a router */
	memcpy(bad, good, sizeof(good));
	bad[1] = 1; /* code */
	send_raw(f, bad, sizeof(bad), 255, 1);
	memcpy(bad, good, sizeof(good));
	bad[17] = 0; /* option of length 0 */
	send_raw(f, bad, sizeof(bad), 255, 1);
	bad[17] = 2; /* option beyond the end */
	send_raw(f, bad, sizeof(bad), 255, 1);
	for (size_t size = 4; size < 16; size++)
		send_raw(f, good, size, 255, 1);
	send_raw(f, good, 17, 255, 1); /* half an option */
	run_for_ms(f, 100);
	assert_int_equal(f->seen.count, 0);
	send_raw(f, good, sizeof(good), 255, 1);
	run_for_ms(f, 100);
	assert_int_equal(f->seen.count, 1);
	assert_int_equal(f->seen.list[0].event.ra.router_lifetime_s, 0x0708);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_heard_at_the_other_end),
	    T(test_asks_until_it_has_heard), T(test_solicitation), T(test_not_believed)};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
