/*
 * The control socket against clients of every temper.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "collect.h"
#include "os/ctlsock.h"

struct fixture {
	sd_event *event;
	struct collector seen;
	struct log log;
	struct event_sink sink;
	char dir[64], path[96];
	struct ctlsock *ctl;
	bool mute; /* do not answer */
	size_t answer_size;
};

/* Answers "got LINE", or as much as the test asks for. */
static void answer(struct collector *c, const struct event *event)
{
	struct fixture *f = c->context;
	char text[512];

	if (event->kind != EVENT_CTL_REQUEST || f->mute)
		return;
	snprintf(text, sizeof(text), "got %.200s\n", event->ctl.line);
	ctlsock_reply(f->ctl, event->ctl.client, text, strlen(text), false, 0);
	if (f->answer_size > 0) {
		char *big = mem_new(f->answer_size);

		memset(big, 'x', f->answer_size);
		ctlsock_reply(f->ctl, event->ctl.client, big, f->answer_size, false, 0);
		mem_free(big);
	}
	ctlsock_reply(f->ctl, event->ctl.client, "", 0, true, 0);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/evpnd-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sub/ctl.sock", f->dir);
	assert_true(sd_event_new(&f->event) >= 0);
	f->log = (struct log){.write = log_nothing};
	f->seen.then = answer;
	f->seen.context = f;
	f->sink = (struct event_sink){.context = &f->seen, .emit = collect};
	f->ctl = ctlsock_new(f->event, &f->sink, &f->log, f->path, "");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char sub[96];

	ctlsock_free(f->ctl);
	assert_int_equal(access(f->path, F_OK), -1);
	sd_event_unref(f->event);
	snprintf(sub, sizeof(sub), "%s/sub", f->dir);
	rmdir(sub);
	assert_int_equal(rmdir(f->dir), 0);
	mem_free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	struct event event;

	assert_true(sd_event_run(f->event, 5000) >= 0);
	ctlsock_flush(f->ctl);
	while (ctlsock_next(f->ctl, &event))
		collect(&f->seen, &event);
}

static void run_for_ms(struct fixture *f, int64_t ms)
{
	mono_t end = mono_add_ms(clock_now(), ms);

	while (!mono_reached(end, clock_now()))
		turn(f);
}

static int client(const struct fixture *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, f->path, strlen(f->path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* What has come within a while, at most `size` bytes. */
static size_t receive(struct fixture *f, int fd, char *to, size_t size, size_t wanted)
{
	mono_t end = mono_add_s(clock_now(), 5);
	size_t got = 0;

	while (got < wanted && !mono_reached(end, clock_now())) {
		ssize_t n = recv(fd, to + got, size - got, MSG_DONTWAIT);

		if (n > 0)
			got += (size_t)n;
		turn(f);
	}
	return got;
}

static void say(int fd, const char *text, size_t size)
{
	assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void test_nul_and_newline(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char got[256] = {0};

	say(fd, "show one", 9); /* with its NUL */
	assert_int_equal(receive(f, fd, got, sizeof(got), 17), 17);
	assert_memory_equal(got, "got show one\n\0\0\0\0", 17);
	say(fd, "show two\r\n", 10);
	assert_int_equal(receive(f, fd, got, sizeof(got), 17), 17);
	assert_memory_equal(got, "got show two\n\0\0\0\0", 17);
	close(fd);
	run_for_ms(f, 30);
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_CLOSED), 1);
}

static void test_many_lines_at_once(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char got[256] = {0};

	say(fd, "a\nb\n\nc\n", 7);
	assert_int_equal(receive(f, fd, got, sizeof(got), 30), 30);
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_REQUEST), 3);
	assert_memory_equal(got + 20, "got c\n", 6);
	close(fd);
}

/* `echo show | socat - UNIX:…` closes its sending side and waits. */
static void test_half_closed_client_gets_its_answer(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char got[64] = {0};

	say(fd, "last words", 10);
	shutdown(fd, SHUT_WR);
	assert_int_equal(receive(f, fd, got, sizeof(got), 19), 19);
	assert_memory_equal(got, "got last words\n", 15);
	run_for_ms(f, 30);
	assert_int_equal(recv(fd, got, 1, 0), 0); /* and then it is closed */
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_CLOSED), 1);
	close(fd);
}

static void test_garbage_without_end(void **state)
{
	static char garbage[1 << 16];
	struct fixture *f = *state;
	int fd = client(f), other = client(f);
	char got[64];

	memset(garbage, 'g', sizeof(garbage));
	for (int i = 0; i < 200; i++) {
		if (send(fd, garbage, sizeof(garbage), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
			break;
		turn(f);
	}
	run_for_ms(f, 100);
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_CLOSED), 1);
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_REQUEST), 0);
	say(other, "alive\n", 6);
	assert_int_equal(receive(f, other, got, sizeof(got), 14), 14);
	close(fd);
	close(other);
}

static void test_client_that_never_reads(void **state)
{
	struct fixture *f = *state;
	int lazy = client(f), other = client(f);
	char got[64];

	f->answer_size = (size_t)8 << 20;
	say(lazy, "show\n", 5);
	run_for_ms(f, 50);
	f->answer_size = 0;
	/* Nothing more is read from it … */
	for (int i = 0; i < 1000 && send(lazy, "more\n", 5, MSG_NOSIGNAL | MSG_DONTWAIT) > 0; i++)
		;
	run_for_ms(f, 50);
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_REQUEST), 1);
	/* … and nobody else notices. */
	say(other, "alive\n", 6);
	assert_int_equal(receive(f, other, got, sizeof(got), 14), 14);
	close(lazy);
	run_for_ms(f, 30);
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_CLOSED), 1);
	close(other);
}

static void test_hang_up_while_busy(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);

	f->mute = true;
	say(fd, "watch\n", 6);
	run_for_ms(f, 20);
	close(fd);
	run_for_ms(f, 20);
	assert_int_equal(collected_count(&f->seen, EVENT_CTL_CLOSED), 1);
	ctlsock_reply(f->ctl, 1, "too late", 8, true, 0); /* harmless */
}

/* Parts of an answer leave as they are made: `watch`. */
static void test_answer_in_parts(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	char got[64] = {0};

	f->mute = true;
	say(fd, "watch\n", 6);
	run_for_ms(f, 20);
	for (int i = 0; i < 3; i++) {
		ctlsock_reply(f->ctl, 1, "note\n", 5, false, 0);
		assert_int_equal(receive(f, fd, got, sizeof(got), 5), 5);
		assert_memory_equal(got, "note\n", 5);
	}
	close(fd);
}

static void test_too_many_clients(void **state)
{
	struct fixture *f = *state;
	int fds[CTL_CLIENTS_MAX + 1];
	char got[64];

	for (size_t i = 0; i <= CTL_CLIENTS_MAX; i++) {
		fds[i] = client(f);
		turn(f);
	}
	run_for_ms(f, 50);
	assert_int_equal(recv(fds[CTL_CLIENTS_MAX], got, 1, 0), 0);
	say(fds[0], "alive\n", 6);
	assert_int_equal(receive(f, fds[0], got, sizeof(got), 14), 14);
	for (size_t i = 0; i <= CTL_CLIENTS_MAX; i++)
		close(fds[i]);
}

static void test_mode_and_stale_file(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char stale[128], path[sizeof(f->path)];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct ctlsock *second;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	/* A second daemon on the same path must not take the first one's socket away. */
	second = ctlsock_new(f->event, &f->sink, &f->log, f->path, "");
	ctlsock_free(second);
	close(client(f));
	/* What a killed daemon left behind is taken over. */
	snprintf(stale, sizeof(stale), "%s/sub/stale", f->dir);
	memcpy(a.sun_path, stale, strlen(stale) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	second = ctlsock_new(f->event, &f->sink, &f->log, stale, "");
	memcpy(path, f->path, sizeof(path));
	memcpy(f->path, stale, strlen(stale) + 1);
	close(client(f));
	memcpy(f->path, path, sizeof(path));
	ctlsock_free(second);
	assert_int_equal(access(stale, F_OK), -1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_nul_and_newline), T(test_many_lines_at_once),
	    T(test_half_closed_client_gets_its_answer), T(test_garbage_without_end),
	    T(test_client_that_never_reads), T(test_hang_up_while_busy), T(test_answer_in_parts),
	    T(test_too_many_clients), T(test_mode_and_stale_file)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
