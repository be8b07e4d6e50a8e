/*
 * The index of outs against a walk over the list, whatever comes and goes; numbers of peers that
 * share a place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bgp/adj_rib_out.h"

#define RIBS 8
#define DESTS 3

static struct adj_rib_out ribs[RIBS];
static struct dest *dests[DESTS];
static struct out_index x;
static uint32_t seed = 1;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct out *walk(const struct dest *d, const struct adj_rib_out *o)
{
	struct out *out = d->outs;

	while (out != NULL && out->peer != o->number)
		out = out->next;
	return out;
}

static void unlink_out(struct dest *d, struct out *out)
{
	struct out **at = &d->outs;

	while (*at != out)
		at = &(*at)->next;
	*at = out->next;
	out_index_forget(&x, d);
	mem_free(out);
}

/* As a destination is collected and another is made where it was. */
static void renew(size_t at)
{
	struct dest *d = dests[at];

	while (d->outs != NULL)
		unlink_out(d, d->outs);
	out_index_forget(&x, d);
	mem_free(d);
	dests[at] = mem_new(sizeof(struct dest));
}

static void step(void)
{
	size_t at = below(DESTS);
	struct dest *d = dests[at];
	const struct adj_rib_out *o = &ribs[below(RIBS)];
	struct out *out = out_index_find(&x, d, o);

	assert_ptr_equal(out, walk(d, o));
	if (below(200) == 0) {
		renew(at);
	} else if (below(3) == 0 && out != NULL) {
		unlink_out(d, out);
	} else if (below(2) == 0 && (out == NULL || o->add_path)) {
		out = mem_new(sizeof(*out));
		out->peer = o->number;
		out_index_append(&x, d, out);
		assert_null(out->next);
	}
}

static void test_as_the_list(void **state)
{
	static const uint32_t numbers[RIBS] = {
	    0, 1, 2, OUT_INDEX_PLACES, OUT_INDEX_PLACES + 1, 2 * OUT_INDEX_PLACES, 77, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < RIBS; i++)
		ribs[i] = (struct adj_rib_out){.number = numbers[i], .add_path = i % 4 == 2};
	for (size_t i = 0; i < DESTS; i++)
		dests[i] = mem_new(sizeof(struct dest));
	for (unsigned i = 0; i < 200000; i++)
		step();
	for (size_t i = 0; i < DESTS; i++) {
		renew(i);
		mem_free(dests[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_the_list)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
