/*
 * When router advertisements are sent: quickly at first, then at the interval, at once when asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "bgp/ra.h"
#include "config/config.h"

static const ifindex_t link_7 = {7};

struct host {
	struct ra_schedule schedule;
	struct ra_host host;
	struct arena arena;
	unsigned sent;
	uint16_t lifetime_s;
	bool watched;
	mono_t now;
};

static void watch(void *context, ifindex_t ifindex, bool on)
{
	(void)ifindex;
	((struct host *)context)->watched = on;
}

static void send(void *context, ifindex_t ifindex, uint16_t lifetime_s)
{
	struct host *h = context;

	assert_int_equal(ifindex.v, link_7.v);
	h->sent++;
	h->lifetime_s = lifetime_s;
}

static void plan(struct host *h, uint32_t interval_s, bool many, uint32_t digest)
{
	const struct ra_plan p = {true, many, interval_s * 1000, digest};

	ra_set_link(&h->schedule, &h->host, link_7, &p, h->now);
}

static void start(struct host *h, uint32_t interval_s, bool many)
{
	*h = (struct host){.host = {h, watch, send}, .now = {1000000000}};
	ra_init(&h->schedule, 1);
	plan(h, interval_s, many, 1);
}

static void stop(struct host *h)
{
	ra_stop(&h->schedule, &h->host, &h->arena);
	assert_int_equal(h->lifetime_s, 0);
	assert_false(h->watched);
	ra_fini(&h->schedule);
	arena_fini(&h->arena);
}

/* How many are sent in that time, looked at ten times a second. */
static unsigned sent_in(struct host *h, unsigned seconds)
{
	unsigned before = h->sent;

	for (unsigned i = 0; i < seconds * 10; i++) {
		ra_run(&h->schedule, &h->host, &h->arena, h->now);
		h->now = mono_add_ms(h->now, 100);
	}
	return h->sent - before;
}

static void test_interval(void **state)
{
	struct host h;

	(void)state;
	start(&h, RA_INTERVAL_MS / 1000, false);
	assert_true(h.watched);
	assert_int_equal(sent_in(&h, 4), 4);
	assert_int_equal(sent_in(&h, 60), 6);
	/* a shorter one counts at once, the same one changes nothing */
	plan(&h, 2, false, 1);
	assert_int_equal(sent_in(&h, 20), 10);
	plan(&h, 2, false, 1);
	assert_int_equal(sent_in(&h, 20), 10);
	plan(&h, 600, false, 1);
	assert_in_range(sent_in(&h, 1200), 2, 3);
	/* another content is told soon, and again */
	plan(&h, 600, false, 2);
	assert_int_equal(sent_in(&h, 10), 4);
	stop(&h);
}

/* RFC 4861 section 6.2.6: where there may be hosts, at least 3 s lie between two. */
static void test_many(void **state)
{
	struct host h;

	(void)state;
	start(&h, 600, true);
	assert_int_equal(sent_in(&h, 3), 1);
	assert_int_equal(sent_in(&h, 20), 3);
	for (unsigned i = 0; i < 12; i++) {
		ra_solicited(&h.schedule, link_7, h.now);
		sent_in(&h, 1);
	}
	assert_in_range(h.sent, 4 + 3, 4 + 4);
	stop(&h);
}

static void test_solicited(void **state)
{
	struct host h;

	(void)state;
	start(&h, 600, false);
	sent_in(&h, 10);
	ra_solicited(&h.schedule, link_7, h.now);
	assert_int_equal(sent_in(&h, 1), 1);
	stop(&h);
}

/* The settings of the first interface; if they have prefixes, addresses are on it, too. */
static struct ra_settings settings(const char *lines)
{
	static const char *const addresses[] = {"2001:db8:5::/64", "fe80::/64", "10.0.0.0/24"};
	struct prefix p;

	struct statement_errors errors = {0};
	struct str text = {0};
	struct config *c;
	struct ra_settings s;

	str_addf(&text, "interface e\n%s", lines);
	c = config_load(str_text(&text), &errors);
	assert_int_equal(errors.count, 0);
	s = c->interfaces[0].ra;
	for (size_t i = 0; strstr(lines, "prefix") != NULL && i < 3; i++) {
		assert_true(prefix_parse(addresses[i], &p));
		ra_settings_add_network(&s, &p);
		ra_settings_add_network(&s, &p);
	}
	config_free(c);
	statement_errors_fini(&errors);
	str_fini(&text);
	return s;
}

static void expect_message(const char *lines, const char *wanted)
{
	const struct mac mac = {{2, 0, 0, 0, 0, 1}};
	const struct ra_settings s = settings(lines);
	uint8_t bytes[RA_SIZE_MAX];
	size_t size = ra_message(&s, 1800, 600000, &mac, bytes);
	struct str hex = {0};

	for (size_t i = 0; i < size; i++)
		str_addf(&hex, "%s%02x", i % 8 == 0 && i > 0 ? " " : "", bytes[i]);
	assert_string_equal(str_text(&hex), wanted);
	str_fini(&hex);
}

static void test_message(void **state)
{
	(void)state;
	expect_message("", "8600000040000708 0000000000000000 0101020000000001");
	expect_message("ipv6 nd managed-config-flag\nipv6 nd other-config-flag\n"
		       "ipv6 nd router-preference high\nipv6 nd ra-hop-limit 0\n"
		       "ipv6 nd reachable-time 1000\nipv6 nd ra-retrans-interval 2000\n"
		       "ipv6 nd mtu 1400\nipv6 nd adv-interval-option\n",
	    "8600000000c80708 000003e8000007d0 07010000000927c0 0101020000000001 "
	    "0501000000000578");
	expect_message("ipv6 nd prefix 2001:db8:1::7/64\n"
		       "ipv6 nd prefix 2001:db8:2::/64 infinite 600 no-autoconfig off-link\n"
		       "ipv6 nd rdnss 2001:db8::53\nipv6 nd rdnss 2001:db8::54 infinite\n",
	    "8600000040000708 0000000000000000 030440c000278d00 00093a8000000000 "
	    "20010db800010000 0000000000000000 03044000ffffffff 0000025800000000 "
	    "20010db800020000 0000000000000000 030440c000278d00 00093a8000000000 "
	    "20010db800050000 0000000000000000 0101020000000001 1903000000000708 "
	    "20010db800000000 0000000000000053 19030000ffffffff 20010db800000000 "
	    "0000000000000054");
}

/* However much is configured, it is one message. */
static void test_largest(void **state)
{
	struct ra_settings s = ra_settings_default();
	const struct mac mac = {{2, 0, 0, 0, 0, 1}};
	uint8_t bytes[RA_SIZE_MAX];

	(void)state;
	s.prefix_count = RA_PREFIXES_MAX;
	s.server_count = RA_SERVERS_MAX;
	s.mtu = 1500;
	s.tell_interval = true;
	assert_in_range(ra_message(&s, 1800, 600000, &mac, bytes), 1180, RA_SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_interval),
	    cmocka_unit_test(test_solicited),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_message),
	    cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests_name("ra", tests, NULL, NULL);
}
