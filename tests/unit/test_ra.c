/*
 * When router advertisements are sent: quickly at first, then at the interval, at once when asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "bgp/ra.h"

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

static void start(struct host *h, uint16_t interval_s)
{
	*h = (struct host){.host = {h, watch, send}, .now = {1000000000}};
	ra_init(&h->schedule, 1);
	ra_set_link(&h->schedule, &h->host, link_7, true, interval_s, h->now);
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
	start(&h, RA_INTERVAL_S);
	assert_true(h.watched);
	assert_int_equal(sent_in(&h, 4), 4);
	assert_int_equal(sent_in(&h, 60), 6);
	/* a shorter one counts at once, the same one changes nothing */
	ra_set_link(&h.schedule, &h.host, link_7, true, 2, h.now);
	assert_int_equal(sent_in(&h, 20), 10);
	ra_set_link(&h.schedule, &h.host, link_7, true, 2, h.now);
	assert_int_equal(sent_in(&h, 20), 10);
	ra_set_link(&h.schedule, &h.host, link_7, true, 600, h.now);
	assert_in_range(sent_in(&h, 1200), 2, 3);
	stop(&h);
}

static void test_solicited(void **state)
{
	struct host h;

	(void)state;
	start(&h, 600);
	sent_in(&h, 10);
	ra_solicited(&h.schedule, link_7, h.now);
	assert_int_equal(sent_in(&h, 1), 1);
	stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_interval),
	    cmocka_unit_test(test_solicited),
	};

	return cmocka_run_group_tests_name("ra", tests, NULL, NULL);
}
