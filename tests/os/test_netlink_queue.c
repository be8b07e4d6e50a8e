/*
 * The queue from netlink to the engine: what it still holds is what it says it names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "os/netlink_queue.h"

static struct event neigh_event(uint8_t last)
{
	struct event e = {.kind = EVENT_KERNEL};

	e.kernel.kind = KERNEL_NEIGH_NEW;
	e.kernel.neigh.key.dev = (ifindex_t){4};
	e.kernel.neigh.key.ip = (struct ip){.family = IP_V4, .b = {10, 0, 0, last}};
	return e;
}

static bool named(const struct netlink_queue *q, uint8_t last)
{
	struct event e = neigh_event(last);
	struct slot_key key = slot_key_neigh(e.kernel.neigh.key.dev, &e.kernel.neigh.key.ip);

	return netlink_queue_names(q, &key);
}

/* A queue that never runs empty, as under load, forgets what was taken all the same: an operation
 * without an exact read is refused for as long as its slot is named. */
static void test_named_while_queued(void **state)
{
	struct netlink_queue q = {0};
	struct event e;

	(void)state;
	for (uint8_t i = 1; i <= 3; i++) {
		e = neigh_event(i);
		netlink_queue_add(&q, &e);
	}
	e = neigh_event(3);
	netlink_queue_add(&q, &e);
	assert_true(named(&q, 1) && named(&q, 2) && named(&q, 3));
	assert_true(netlink_queue_take(&q, &e));
	assert_true(!named(&q, 1) && named(&q, 2));
	assert_true(netlink_queue_take(&q, &e) && netlink_queue_take(&q, &e));
	assert_true(!named(&q, 2) && named(&q, 3));
	assert_true(netlink_queue_take(&q, &e));
	assert_false(named(&q, 3));
	assert_false(netlink_queue_take(&q, &e));
	netlink_queue_fini(&q);
}

/* However much waits, what it does not name is not taken for named: each time that would be an
 * operation executed singly. */
static void test_much_is_queued(void **state)
{
	struct netlink_queue q = {0};
	struct event e = neigh_event(1);
	unsigned wrong = 0;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		e.kernel.neigh.key.ip = ip_from_u32(0x0b000000 + i);
		netlink_queue_add(&q, &e);
		if (i % 2 == 0)
			assert_true(netlink_queue_take(&q, &e));
	}
	for (uint32_t i = 0; i < 200000; i++) {
		struct ip ip = ip_from_u32(0x0b000000 + i);
		struct slot_key key = slot_key_neigh((ifindex_t){4}, &ip);

		if (i >= 100000)
			assert_true(netlink_queue_names(&q, &key));
		else
			wrong += netlink_queue_names(&q, &key);
	}
	assert_true(wrong < 100);
	netlink_queue_fini(&q);
}

/* While an overrun is not told yet any slot may have changed unseen. */
static void test_overrun_names_all(void **state)
{
	struct netlink_queue q = {0};
	struct event e = {.kind = EVENT_KERNEL};

	(void)state;
	e.kernel.kind = KERNEL_OVERRUN;
	netlink_queue_add(&q, &e);
	e = neigh_event(1);
	netlink_queue_add(&q, &e);
	assert_true(named(&q, 9));
	assert_true(netlink_queue_take(&q, &e));
	assert_true(!named(&q, 9) && named(&q, 1));
	netlink_queue_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_named_while_queued),
	    cmocka_unit_test(test_much_is_queued),
	    cmocka_unit_test(test_overrun_names_all),
	};

	return cmocka_run_group_tests_name("netlink_queue", tests, NULL, NULL);
}
