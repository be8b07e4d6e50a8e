/*
 * The body of an UPDATE; the first byte says what was negotiated. Whatever is accepted can be
 * walked, and the same routes with the same attributes come back from our own encoding.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reach_again(const struct update_reach *reach, struct update_context c)
{
	static uint8_t bytes[MESSAGE_MAX_EXTENDED];
	struct nlri_run run = reach->run, other;
	struct arena arena = {0};
	struct update_writer w;
	struct update u;
	struct nlri n, m;
	size_t size;

	c.as4 = true;
	c.extended_nexthop = true;
	c.max_size = MESSAGE_MAX_EXTENDED;
	update_begin_reach(&w, bytes, &c, run.family, &reach->attrs);
	while (nlri_run_next(&run, &n) && update_add(&w, &n))
		;
	size = update_end(&w);
	if (size != 0) {
		update_decode(
		    bytes + MESSAGE_HEADER_SIZE, size - MESSAGE_HEADER_SIZE, &c, &arena, &u);
		check(u.disposition == UPDATE_OK && u.reach_count == 1);
		check(attrs_equal(&u.reach[0].attrs, &reach->attrs));
		run = reach->run;
		other = u.reach[0].run;
		while (nlri_run_next(&other, &m))
			check(nlri_run_next(&run, &n) && nlri_equal(&n, &m));
		check(other.skipped == 0 && !other.bytes.failed);
	}
	arena_fini(&arena);
}

static void walk(struct nlri_run run)
{
	struct nlri n;

	while (nlri_run_next(&run, &n))
		;
	check(!run.bytes.failed);
}

static void check_update(const struct update *u, const struct update_context *c)
{
	struct str text = {0};

	update_text(u, &text);
	str_fini(&text);
	check((u->disposition == UPDATE_OK) == (u->reason == NULL));
	check(u->disposition != UPDATE_TREAT_AS_WITHDRAW || u->reach_count == 0);
	check(u->disposition != UPDATE_RESET || u->reach_count + u->unreach_count == 0);
	for (size_t i = 0; i < u->unreach_count; i++)
		walk(u->unreach[i]);
	for (size_t i = 0; i < u->reach_count; i++) {
		walk(u->reach[i].run);
		reach_again(&u->reach[i], *c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct update_context c;
	struct update u;

	if (size == 0)
		return 0;
	c = (struct update_context){.as4 = (data[0] & 1) == 0,
	    .ebgp = (data[0] & 2) == 0,
	    .extended_nexthop = (data[0] & 4) == 0,
	    .families = {(data[0] & 8) == 0, (data[0] & 16) == 0, (data[0] & 32) == 0},
	    .add_path = {(data[0] & 64) != 0, (data[0] & 64) != 0, (data[0] & 128) != 0}};
	update_decode(data + 1, size - 1, &c, &arena, &u);
	check_update(&u, &c);
	arena_fini(&arena);
	return 0;
}
