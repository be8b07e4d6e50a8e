/*
 * The queue of an Adj-RIB-Out: first in, first out, however it grows and wraps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bgp/out_queue.h"

static char places[8192];

/* Stands for a destination: compared, never followed. */
static struct dest *number(size_t n)
{
	assert_true(n < sizeof(places));
	return (struct dest *)(void *)(places + n);
}

static void test_order(void **state)
{
	struct out_queue q = {0};
	struct queued_out e;
	size_t in = 0, out = 0;

	(void)state;
	for (size_t round = 1; round < 300; round++) {
		for (size_t i = 0; i < round % 37; i++)
			out_queue_push(&q, number(in++), NULL);
		for (size_t i = 0; i < round % 31 && out_queue_shift(&q, &e); i++)
			assert_ptr_equal(e.dest, number(out++));
		assert_int_equal(q.count, in - out);
	}
	assert_true(q.room > 512);
	while (out_queue_shift(&q, &e))
		assert_ptr_equal(e.dest, number(out++));
	assert_int_equal(out, in);
	assert_null(q.ring);
	out_queue_push(&q, number(0), NULL);
	out_queue_fini(&q);
	assert_false(out_queue_shift(&q, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
