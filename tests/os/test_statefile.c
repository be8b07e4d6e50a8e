/*
 * The state file on a real file system.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "os/statefile.h"

static char dir[64], deep[96];
static unsigned warnings;

static void count_warnings(
    void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)topic;
	(void)text;
	warnings += level <= LOG_LEVEL_WARNING;
}

static struct log sink = {.write = count_warnings};

static int setup(void **state)
{
	(void)state;
	warnings = 0;
	snprintf(dir, sizeof(dir), "/tmp/evpnd-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(deep, sizeof(deep), "%s/a/b", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

static void append(struct statefile *s, const char *text)
{
	statefile_append(s, (const uint8_t *)text, strlen(text));
}

static void holds(const char *text)
{
	struct statefile *s = statefile_open(deep, &sink);
	size_t size;
	uint8_t *bytes = statefile_read(s, &size);

	assert_int_equal(size, strlen(text));
	if (size > 0)
		assert_memory_equal(bytes, text, size);
	mem_free(bytes);
	statefile_close(s);
}

static void test_appends_survive(void **state)
{
	struct statefile *s = statefile_open(deep, &sink);

	(void)state;
	assert_true(statefile_writable(s));
	append(s, "one ");
	append(s, "two ");
	statefile_flush(s);
	append(s, "three");
	statefile_close(s); /* flushes */
	holds("one two three");
	assert_int_equal(warnings, 0);
}

static void test_reset_replaces(void **state)
{
	struct statefile *s = statefile_open(deep, &sink);

	(void)state;
	append(s, "old");
	statefile_flush(s);
	append(s, "dropped, because it came before");
	statefile_reset(s, (const uint8_t *)"new ", 4);
	append(s, "more");
	statefile_close(s);
	holds("new more");
	statefile_close(statefile_open(deep, &sink));
	s = statefile_open(deep, &sink);
	statefile_reset(s, NULL, 0);
	statefile_close(s);
	holds("");
}

static void test_second_instance_keeps_out(void **state)
{
	struct statefile *first = statefile_open(deep, &sink), *second;
	size_t size;

	(void)state;
	append(first, "mine");
	statefile_flush(first);
	second = statefile_open(deep, &sink);
	assert_false(statefile_writable(second));
	assert_int_equal(warnings, 1);
	assert_null(statefile_read(second, &size));
	append(second, "not mine");
	statefile_flush(second);
	statefile_close(second);
	statefile_close(first);
	holds("mine");
}

/* The file system is full at so many bytes a file. */
static void room_for(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What did not fit follows when there is room; until then the end says that it is missing. */
static void test_no_room(void **state)
{
	struct statefile *s = statefile_open(deep, &sink);
	char file[128], text[16] = "";
	FILE *f;

	(void)state;
	append(s, "one ");
	statefile_flush(s);
	room_for(7);
	for (int i = 0; i < 3; i++) {
		append(s, "two ");
		statefile_flush(s);
	}
	assert_int_equal(warnings, 1);
	snprintf(file, sizeof(file), "%s/state", deep);
	f = fopen(file, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "one \xff");
	room_for(0);
	append(s, "three");
	statefile_close(s);
	holds("one two two two three");
}

/* Not even for that byte: then it is empty, and so tells nothing. */
static void test_no_room_at_all(void **state)
{
	struct statefile *s = statefile_open(deep, &sink);

	(void)state;
	append(s, "one ");
	statefile_flush(s);
	room_for(4);
	append(s, "two ");
	statefile_flush(s);
	statefile_reset(s, (const uint8_t *)"three", 5);
	statefile_close(s);
	holds("");
	s = statefile_open(deep, &sink);
	statefile_reset(s, (const uint8_t *)"four", 4);
	room_for(0);
	append(s, " five");
	statefile_close(s);
	holds("four five");
}

static void test_impossible_directory(void **state)
{
	struct statefile *s = statefile_open("/proc/evpnd/state", &sink);
	size_t size;

	(void)state;
	assert_false(statefile_writable(s));
	assert_int_equal(warnings, 1);
	assert_null(statefile_read(s, &size));
	append(s, "nowhere");
	statefile_reset(s, (const uint8_t *)"x", 1);
	statefile_close(s);
	assert_int_equal(warnings, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_appends_survive), T(test_reset_replaces),
	    T(test_second_instance_keeps_out), T(test_impossible_directory), T(test_no_room),
	    T(test_no_room_at_all)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
