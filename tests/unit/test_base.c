/*
 * base/: reader and writer bounds, map against a plain array, value types and their text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/types.h"

static void test_reader_fails_sticky(void **state)
{
	struct reader r = reader_from("\x01\x02\x03", 3);

	(void)state;
	assert_int_equal(read_u16(&r), 0x0102);
	assert_int_equal(read_u16(&r), 0);
	assert_true(r.failed);
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(read_u8(&r), 0);
	assert_false(reader_done(&r));
}

static void test_reader_slice_is_bounded(void **state)
{
	struct reader r = reader_from("\x01\x02\x03\x04", 4);
	struct reader child = read_slice(&r, 2);

	(void)state;
	assert_int_equal(read_u24(&child), 0);
	assert_true(child.failed);
	assert_int_equal(read_u16(&r), 0x0304);
	assert_true(reader_done(&r));
	child = read_slice(&r, 1);
	assert_true(child.failed && r.failed);
}

static void test_writer_patches_lengths(void **state)
{
	uint8_t buffer[8];
	struct writer w = writer_to(buffer, sizeof(buffer));
	size_t outer = write_begin_u16(&w), inner = write_begin_u8(&w);

	(void)state;
	write_u24(&w, 0xaabbcc);
	write_end_u8(&w, inner);
	write_end_u16(&w, outer);
	assert_memory_equal(buffer, "\x00\x04\x03\xaa\xbb\xcc", 6);
	write_u32(&w, 1);
	assert_true(w.overflow);
	assert_int_equal(writer_size(&w), 6);
	write_u8(&w, 1);
	assert_int_equal(writer_size(&w), 6);
	writer_rewind(&w, 2);
	assert_false(w.overflow);
}

static void test_writer_refuses_long_length(void **state)
{
	uint8_t buffer[300];
	struct writer w = writer_to(buffer, sizeof(buffer));
	size_t mark = write_begin_u8(&w);

	(void)state;
	for (int i = 0; i < 256; i++)
		write_u8(&w, 0);
	write_end_u8(&w, mark);
	assert_true(w.overflow);
}

struct thing {
	uint32_t value;
	uint8_t key[4];
};

#define THINGS 2000

/* Insert, find and remove in a scrambled order; the map must agree with the array throughout. */
static void test_map_against_array(void **state)
{
	static struct thing things[THINGS];
	static bool in[THINGS];
	struct map m;
	uint32_t x = 1;

	(void)state;
	map_init(&m, offsetof(struct thing, key), 4, 42);
	for (uint32_t i = 0; i < THINGS; i++)
		memcpy(things[i].key, &i, 4);
	for (int step = 0; step < 50000; step++) {
		uint32_t i = (x = x * 1664525u + 1013904223u) >> 8 & 0x7ff;

		if (i >= THINGS)
			continue;
		assert_ptr_equal(map_find(&m, things[i].key), in[i] ? &things[i] : NULL);
		if (in[i])
			assert_ptr_equal(map_remove(&m, things[i].key), &things[i]);
		else
			map_insert(&m, &things[i]);
		in[i] = !in[i];
	}
	for (size_t i = 0; i < THINGS; i++)
		assert_ptr_equal(map_remove(&m, things[i].key), in[i] ? &things[i] : NULL);
	assert_int_equal(m.count, 0);
	map_fini(&m);
}

static void test_map_sorted_ignores_seed(void **state)
{
	struct {
		uint8_t key[4];
	} names[] = {{"\x02"
		      "bb"},
	    {"\x01"
	     "c"},
	    {"\x02"
	     "ba"}};
	struct arena arena = {0};

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct map m;
		void **all;

		map_init(&m, 0, 0, seed);
		for (size_t i = 0; i < 3; i++)
			map_insert(&m, &names[i]);
		all = map_sorted(&m, &arena, NULL);
		assert_ptr_equal(all[0], &names[1]);
		assert_ptr_equal(all[1], &names[2]);
		assert_ptr_equal(all[2], &names[0]);
		map_fini(&m);
	}
	arena_fini(&arena);
}

static void test_pool_zeroes_reused_memory(void **state)
{
	enum { OBJECTS = 10000, SIZE = 28 };
	static uint8_t *objects[OBJECTS];
	struct pool p;

	(void)state;
	pool_init(&p, SIZE);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < OBJECTS; i++) {
			objects[i] = pool_new(&p);
			for (size_t n = 0; n < SIZE; n++)
				assert_int_equal(objects[i][n], 0);
			memset(objects[i], (int)(i % 251) + 1, SIZE);
		}
		assert_int_equal(p.count, OBJECTS);
		/* Every other one goes and comes back; the rest is untouched. */
		for (size_t i = 0; i < OBJECTS; i += 2)
			pool_free(&p, objects[i]);
		for (size_t i = 0; i < OBJECTS; i += 2)
			objects[i] = pool_new(&p);
		for (size_t i = 0; i < OBJECTS; i++)
			assert_int_equal(objects[i][SIZE - 1], i % 2 == 0 ? 0 : i % 251 + 1);
		for (size_t i = 0; i < OBJECTS; i++)
			pool_free(&p, objects[i]);
		assert_int_equal(p.count, 0);
	}
	pool_free(&p, NULL);
	pool_fini(&p);
}

static void test_arena_zeroes_reused_memory(void **state)
{
	struct arena a = {0};
	uint8_t *p = arena_new(&a, 100);

	(void)state;
	memset(p, 0xff, 100);
	arena_new(&a, 1 << 20);
	arena_reset(&a);
	p = arena_new(&a, 100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	arena_fini(&a);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"", ""}, {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"}, {"caf\xe9", "caf?"},
	    {"\xc3", "?"}, {"\xe2\x82\xac", "\xe2\x82\xac"}, {"\xe2\x82", "??"},
	    {"\xc0\x80", "??"},	     /* overlong */
	    {"\xed\xa0\x80", "???"}, /* a surrogate */
	    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}, {"\xf4\x90\x80\x80", "????"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str s = {0};

		str_add_utf8(&s, rows[i].in);
		assert_string_equal(str_text(&s), rows[i].out);
		str_fini(&s);
	}
}

static void test_text_forms(void **state)
{
	static const char *const bad_macs[] = {
	    "", "aa:bb:cc:dd:ee", "aa:bb:cc:dd:ee:ff:00", "aa-bb-cc-dd-ee-ff", "g0:00:00:00:00:00"};
	static const char *const bad_prefixes[] = {
	    "10.0.0.1", "10.0.0.1/33", "::/129", "10.0.0.1/", "x/8"};
	char text[PREFIX_TEXT_MAX];
	struct prefix p;
	struct mac m;
	struct rd rd;

	(void)state;
	assert_true(mac_parse("FA:16:3e:7e:e3:5a", &m));
	assert_string_equal(mac_text(&m, text), "fa:16:3e:7e:e3:5a");
	for (size_t i = 0; i < sizeof(bad_macs) / sizeof(*bad_macs); i++)
		assert_false(mac_parse(bad_macs[i], &m));
	assert_true(prefix_parse("10.1.2.3/20", &p));
	assert_string_equal(prefix_text(&p, text), "10.1.0.0/20");
	assert_true(prefix_parse("2001:db8::ff/127", &p));
	assert_string_equal(prefix_text(&p, text), "2001:db8::fe/127");
	for (size_t i = 0; i < sizeof(bad_prefixes) / sizeof(*bad_prefixes); i++)
		assert_false(prefix_parse(bad_prefixes[i], &p));
	assert_true(rd_parse("10.0.0.2:2", &rd));
	assert_memory_equal(rd.b, "\x00\x01\x0a\x00\x00\x02\x00\x02", 8);
	assert_true(rd_parse("65001:10099", &rd));
	assert_memory_equal(rd.b, "\x00\x00\xfd\xe9\x00\x00\x27\x73", 8);
	assert_true(rd_parse("4200000000:7", &rd));
	assert_string_equal(rd_text(&rd, text), "4200000000:7");
	assert_false(rd_parse("4200000000:70000", &rd));
	assert_false(rd_parse("1:", &rd));
}

static void test_str_grows(void **state)
{
	struct str s = {0};

	(void)state;
	assert_string_equal(str_text(&s), "");
	for (int i = 0; i < 100; i++)
		str_addf(&s, "%03d,", i);
	assert_int_equal(s.size, 400);
	assert_memory_equal(str_text(&s) + 396, "099,", 5);
	str_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reader_fails_sticky),
	    cmocka_unit_test(test_reader_slice_is_bounded),
	    cmocka_unit_test(test_writer_patches_lengths),
	    cmocka_unit_test(test_writer_refuses_long_length),
	    cmocka_unit_test(test_map_against_array),
	    cmocka_unit_test(test_map_sorted_ignores_seed),
	    cmocka_unit_test(test_pool_zeroes_reused_memory),
	    cmocka_unit_test(test_arena_zeroes_reused_memory),
	    cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_text_forms),
	    cmocka_unit_test(test_str_grows),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
