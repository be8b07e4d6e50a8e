/*
 * The loop with an engine that follows a script and an rtnetlink that only notes what it is
 * asked: order of actions, what follows from them, deadlines, signals. This file defines
 * engine_* and netlink_* itself, so the linker takes neither from the libraries.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/clock.h"
#include "os/loop.h"
#include "os/netlink.h"
#include "os/path.h"
#include "record/record.h"

/* ---- the journal of everything that happened, in order ------------------------------------- */

static struct str journal;
static char dir[64];

/* ---- scripted engine ------------------------------------------------------------------------ */

struct engine {
	struct action actions[64];
	size_t count, next;
	mono_t now, deadline;
	unsigned timers;
	void (*script)(struct engine *e, const struct event *event);
};

static struct action *engine_does(struct engine *e, enum action_kind kind)
{
	check(e->count < 64);
	e->actions[e->count] = (struct action){.kind = kind};
	return &e->actions[e->count++];
}

void engine_handle(struct engine *e, const struct event *event, mono_t now)
{
	static const char letters[] = "SsCTKRcaBDXHAbQqZ"; /* one per event kind */

	check(e->next == e->count); /* all actions were taken */
	check(!mono_before(now, e->now));
	e->now = now;
	e->count = e->next = 0;
	str_addf(&journal, "%c%s ", letters[event->kind], event->more ? "+" : "");
	e->script(e, event);
}

bool engine_next_action(struct engine *e, struct action *action)
{
	if (e->next == e->count)
		return false;
	*action = e->actions[e->next++];
	return true;
}

mono_t engine_deadline(const struct engine *e)
{
	return e->deadline;
}

/* ---- noting rtnetlink ------------------------------------------------------------------------ */

struct netlink {
	int fd;
	unsigned submitted;
	struct event queue[64]; /* a ring */
	size_t head, tail;
};

static struct netlink the_netlink;

struct netlink *netlink_open(const struct netlink_options *options)
{
	(void)options;
	the_netlink = (struct netlink){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	return &the_netlink;
}

void netlink_close(struct netlink *nl)
{
	close(nl->fd);
}

int netlink_fd(const struct netlink *nl)
{
	return nl->fd;
}

void netlink_readable(struct netlink *nl)
{
	eventfd_t n;

	check(eventfd_read(nl->fd, &n) == 0);
	nl->queue[nl->tail++ % 64] =
	    (struct event){.kind = EVENT_KERNEL, .kernel.kind = KERNEL_OVERRUN};
}

bool netlink_next(struct netlink *nl, struct event *event)
{
	if (nl->head == nl->tail)
		return false;
	*event = nl->queue[nl->head++ % 64];
	return true;
}

size_t netlink_waiting(const struct netlink *nl)
{
	return nl->tail - nl->head;
}

void netlink_submit(struct netlink *nl, const struct kernel_op *op)
{
	nl->submitted++;
	nl->queue[nl->tail++ % 64] =
	    (struct event){.kind = EVENT_KERNEL_RESULT, .result.id = op->id};
}

void netlink_flush(struct netlink *nl)
{
	if (nl->submitted > 0)
		str_addf(&journal, "ops:%u ", nl->submitted);
	nl->submitted = 0;
}

void netlink_dump(struct netlink *nl, enum kernel_table table)
{
	(void)nl;
	str_addf(&journal, "dump:%d ", table);
}

/* ---- fixture ----------------------------------------------------------------------------------
 */

struct fixture {
	struct engine engine;
	struct logger *logger;
	char config[96], socket[96], state[96], record[96];
	struct loop *loop;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(sizeof(*f));
	FILE *file;

	str_clear(&journal);
	snprintf(dir, sizeof(dir), "/tmp/evpnd-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(f->config, sizeof(f->config), "%s/frr.conf", dir);
	snprintf(f->socket, sizeof(f->socket), "%s/ctl", dir);
	snprintf(f->state, sizeof(f->state), "%s/state.d", dir);
	snprintf(f->record, sizeof(f->record), "%s/record", dir);
	file = fopen(f->config, "w");
	fputs("hostname test\n", file);
	fclose(file);
	f->engine.deadline = MONO_NEVER;
	f->logger = logger_new(LOGGER_STDERR, "test");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	logger_free(f->logger);
	mem_free(f);
	str_fini(&journal);
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
	return 0;
}

static int run(struct fixture *f, void (*script)(struct engine *, const struct event *))
{
	struct loop_options options = {.config_file = f->config,
	    .socket_path = f->socket,
	    .socket_group = "",
	    .state_dir = f->state,
	    .record_file = f->record,
	    .bgp_port = 1790,
	    .logger = f->logger};
	int status;

	f->engine.script = script;
	alarm(20); /* a loop that never ends is a failure */
	f->loop = loop_new(&options, &f->engine);
	assert_non_null(f->loop);
	status = loop_run(f->loop);
	loop_free(f->loop);
	alarm(0);
	return status;
}

static void exit_on(struct engine *e, const struct event *event, enum event_kind kind, int status)
{
	if (event->kind == kind)
		engine_does(e, ACTION_EXIT)->exit_status = status;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void start_script(struct engine *e, const struct event *event)
{
	if (event->kind == EVENT_START) {
		check(event->start.state_writable);
		check(event->start.bgp_port == 1790);
		check(event->start.seed != 0 && event->start.netns != 0);
	}
	if (event->kind == EVENT_CONFIG)
		check(strcmp(event->config.text, "hostname test\n") == 0);
	exit_on(e, event, EVENT_CONFIG, 7);
}

static void test_start(void **state)
{
	assert_int_equal(run(*state, start_script), 7);
	assert_string_equal(str_text(&journal), "S s C ");
}

static void batch_script(struct engine *e, const struct event *event)
{
	if (event->kind == EVENT_CONFIG) {
		for (uint32_t i = 0; i < 3; i++) {
			struct action *append = engine_does(e, ACTION_STATE_APPEND);

			append->state.bytes = (const uint8_t *)"wrote;";
			append->state.size = 6;
			engine_does(e, ACTION_KERNEL_OP)->op.id = i;
		}
		engine_does(e, ACTION_PEER_SEND)->peer.conn = 99; /* nobody: still a boundary */
		engine_does(e, ACTION_KERNEL_OP)->op.id = 3;
		engine_does(e, ACTION_KERNEL_DUMP)->dump = TABLE_FDB;
	}
	if (event->kind == EVENT_KERNEL_RESULT && event->result.id == 3)
		engine_does(e, ACTION_EXIT);
}

/* A run of operations is one batch; what they cause comes after all actions of the turn. */
static void test_order(void **state)
{
	struct fixture *f = *state;
	char path[128], *text;

	assert_int_equal(run(f, batch_script), 0);
	assert_string_equal(str_text(&journal), "S s C ops:3 ops:1 dump:1 R+ R+ R+ R ");
	snprintf(path, sizeof(path), "%s/state", f->state);
	text = path_read_text(path, 1000);
	assert_string_equal(text, "wrote;wrote;wrote;");
	mem_free(text);
}

static void repair_script(struct engine *e, const struct event *event)
{
	if (event->kind == EVENT_CONFIG)
		for (uint32_t i = 0; i < 3; i++)
			engine_does(e, ACTION_KERNEL_OP)->op.id = i;
	if (event->kind != EVENT_KERNEL_RESULT)
		return;
	if (event->result.id == 0)
		engine_does(e, ACTION_KERNEL_OP)->op.id = 3;
	if (event->result.id == 3)
		engine_does(e, ACTION_EXIT);
}

/* Events that wait are one turn, but what the engine does in the middle of it does not wait. */
static void test_repair_in_a_turn_of_many(void **state)
{
	assert_int_equal(run(*state, repair_script), 0);
	assert_string_equal(str_text(&journal), "S s C ops:3 R+ ops:1 R+ R+ R ");
}

static void connect_script(struct engine *e, const struct event *event)
{
	if (event->kind == EVENT_CONFIG) {
		struct action *a = engine_does(e, ACTION_PEER_CONNECT);

		a->connect.conn = 1;
		a->connect.port = 1;
		check(ip_parse("127.0.0.1", &a->connect.remote));
		memcpy(a->connect.source_dev, "nonesuch", 9);
		engine_does(e, ACTION_KERNEL_OP)->op.id = 1;
	}
	exit_on(e, event, EVENT_KERNEL_RESULT, 0);
}

static void test_connect_failure_follows_the_turn(void **state)
{
	assert_int_equal(run(*state, connect_script), 0);
	assert_string_equal(str_text(&journal), "S s C ops:1 X R ");
}

static void timer_script(struct engine *e, const struct event *event)
{
	if (event->kind == EVENT_CONFIG)
		e->deadline = mono_add_ms(e->now, 30);
	if (event->kind != EVENT_TIMER)
		return;
	check(mono_reached(e->deadline, e->now)); /* never early */
	if (e->timers++ == 0) {
		e->deadline = (mono_t){0}; /* pending work: at once, but sources are polled */
		check(eventfd_write(the_netlink.fd, 1) == 0);
		return;
	}
	e->deadline = MONO_NEVER;
	engine_does(e, ACTION_EXIT);
}

static void test_deadlines(void **state)
{
	mono_t begin = clock_now();

	assert_int_equal(run(*state, timer_script), 0);
	assert_true(mono_ms_between(begin, clock_now()) >= 30);
	assert_string_equal(str_text(&journal), "S s C T K T ");
}

static void signal_script(struct engine *e, const struct event *event)
{
	static unsigned configs;

	if (event->kind == EVENT_CONFIG)
		kill(getpid(), configs++ == 0 ? SIGHUP : SIGTERM);
	exit_on(e, event, EVENT_SHUTDOWN, 0);
}

static void test_signals(void **state)
{
	assert_int_equal(run(*state, signal_script), 0);
	assert_string_equal(str_text(&journal), "S s C C Z ");
}

static void stubborn_script(struct engine *e, const struct event *event)
{
	(void)e;
	if (event->kind == EVENT_CONFIG || event->kind == EVENT_SHUTDOWN)
		kill(getpid(), SIGTERM);
}

static void contention_script(struct engine *e, const struct event *event)
{
	if (event->kind == EVENT_CONFIG)
		kill(getpid(), SIGTERM);
	if (event->kind == EVENT_CONFIG || event->kind == EVENT_KERNEL_RESULT)
		engine_does(e, ACTION_KERNEL_OP);
	exit_on(e, event, EVENT_SHUTDOWN, 0);
}

/* Each result is answered by another operation, without end: the other sources are heard. */
static void test_contention(void **state)
{
	assert_int_equal(run(*state, contention_script), 0);
	assert_string_equal(str_text(&journal) + journal.size - 2, "Z ");
}

static void test_second_sigterm_ends_it(void **state)
{
	assert_int_equal(run(*state, stubborn_script), 1);
	assert_string_equal(str_text(&journal), "S s C Z ");
}

static void reload_script(struct engine *e, const struct event *event)
{
	static bool reloaded;

	if (event->kind != EVENT_CONFIG)
		return;
	if (!reloaded) {
		char path[96];

		reloaded = true;
		snprintf(path, sizeof(path), "%s/frr.conf", dir);
		check(unlink(path) == 0);
		kill(getpid(), SIGHUP);
		return;
	}
	check(event->config.text == NULL);
	check(strstr(event->config.error, "No such file") != NULL);
	engine_does(e, ACTION_EXIT);
}

static void test_reload_without_file(void **state)
{
	assert_int_equal(run(*state, reload_script), 0);
}

/* The record says what happened, in the same order. */
static void test_recorded(void **state)
{
	static const enum event_kind events[] = {EVENT_START, EVENT_STATE, EVENT_CONFIG};
	struct fixture *f = *state;
	struct arena arena = {0};
	struct record record;
	struct reader r;
	struct stat st;
	FILE *file;
	char *bytes;

	assert_int_equal(run(f, start_script), 7);
	assert_int_equal(stat(f->record, &st), 0);
	bytes = mem_new((size_t)st.st_size);
	file = fopen(f->record, "r");
	assert_int_equal(fread(bytes, 1, (size_t)st.st_size, file), (size_t)st.st_size);
	fclose(file);
	r = reader_from(bytes, (size_t)st.st_size);
	assert_true(record_read_header(&r));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(record_read(&r, &arena, &record), RECORD_EVENT);
		assert_int_equal(record.event.kind, events[i]);
	}
	assert_int_equal(record_read(&r, &arena, &record), RECORD_ACTION);
	assert_int_equal(record.action.exit_status, 7);
	assert_int_equal(record_read(&r, &arena, &record), RECORD_END);
	arena_fini(&arena);
	mem_free(bytes);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_start), T(test_order),
	    T(test_repair_in_a_turn_of_many), T(test_connect_failure_follows_the_turn),
	    T(test_deadlines), T(test_signals), T(test_contention), T(test_second_sigterm_ends_it),
	    T(test_reload_without_file), T(test_recorded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
