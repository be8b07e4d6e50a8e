/*
 * The service manager's file descriptor store, played by the test: a datagram socket takes what is
 * stored, a forked child is the next instance and finds it at descriptor 3 and up. The peer is a
 * plain socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "collect.h"
#include "os/handover.h"
#include "os/tcp.h"

#define NOTE "who we are"
#define KEPT_MAX 8

static const uint8_t keepalive[19] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 19, 4};

struct fixture {
	char directory[32], path[64];
	int notify;
	sd_event *event;
	struct collector seen;
	struct log log;
	struct event_sink sink;
	struct tcp *tcp;
	uint32_t conn;
	int peer;
	char names[KEPT_MAX][48];
	int kept[KEPT_MAX], kept_count;
	const char *password; /* what the next instance is told; NULL nothing */
};

#define PASSWORD "secret"

static struct tcp *tcp_here(struct fixture *f)
{
	assert_true(sd_event_new(&f->event) >= 0);
	f->log = (struct log){.write = log_nothing};
	f->sink = (struct event_sink){.context = &f->seen, .emit = collect};
	return tcp_new(f->event, &f->sink, &f->log);
}

static void turn(struct fixture *f)
{
	struct event event;

	assert_true(sd_event_run(f->event, 10000) >= 0);
	tcp_flush(f->tcp);
	while (tcp_next(f->tcp, &event))
		collect(&f->seen, &event);
}

static void turns(struct fixture *f)
{
	for (int i = 0; i < 10; i++)
		turn(f);
}

/* Reads what was notified: FDSTORE keeps, FDSTOREREMOVE forgets. */
static void serve(struct fixture *f)
{
	char text[256], control[CMSG_SPACE(4 * sizeof(int))];
	ssize_t size;

	for (;;) {
		struct iovec io = {text, sizeof(text) - 1};
		struct msghdr m = {.msg_iov = &io,
		    .msg_iovlen = 1,
		    .msg_control = control,
		    .msg_controllen = sizeof(control)};
		char *name;
		int fds[4], count = 0;

		size = recvmsg(f->notify, &m, MSG_DONTWAIT);
		if (size < 0)
			return;
		text[size] = '\0';
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
			if (c->cmsg_type == SCM_RIGHTS) {
				count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
				memcpy(fds, CMSG_DATA(c), (size_t)count * sizeof(int));
			}
		name = strstr(text, "FDNAME=");
		assert_non_null(name);
		name += strlen("FDNAME=");
		name[strcspn(name, "\n")] = '\0';
		for (int i = 0; i < count; i++) {
			snprintf(f->names[f->kept_count], sizeof(f->names[0]), "%s", name);
			f->kept[f->kept_count++] = fds[i];
		}
		for (int i = 0; strstr(text, "FDSTOREREMOVE=1") != NULL && i < f->kept_count; i++)
			if (strcmp(f->names[i], name) == 0) {
				close(f->kept[i]);
				f->kept_count--;
				f->kept[i] = f->kept[f->kept_count];
				memcpy(f->names[i], f->names[f->kept_count], sizeof(f->names[0]));
				i--;
			}
	}
}

static int listener(struct sockaddr_in *a)
{
	socklen_t size = sizeof(*a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)a, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)a, &size), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void set_password(struct tcp *tcp, const char *password)
{
	struct tcp_auth auth = {.count = 1, .keys = {{.kind = TCP_AUTH_MD5}}};
	struct prefix remote;

	assert_true(prefix_parse("127.0.0.1/32", &remote));
	snprintf(auth.keys[0].secret, sizeof(auth.keys[0].secret), "%s", password);
	tcp_set_auth(tcp, &remote, &auth);
}

static void peer_signs(int fd, const struct sockaddr_in *a)
{
	struct tcp_md5sig sig = {.tcpm_keylen = sizeof(PASSWORD) - 1};

	memcpy(&sig.tcpm_addr, a, sizeof(*a));
	memcpy(sig.tcpm_key, PASSWORD, sig.tcpm_keylen);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig)), 0);
}

static int setup_with(void **state, bool with_password)
{
	struct fixture *f = mem_new(sizeof(*f));
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct sockaddr_in a;
	struct action_connect to = {.conn = 1, .options.ttl = 1};
	int fd = listener(&a);

	strcpy(f->directory, "/tmp/handover-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/notify", f->directory);
	strcpy(at.sun_path, f->path);
	f->notify = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(f->notify, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", f->path, 1);
	f->tcp = tcp_here(f);
	if (with_password) {
		set_password(f->tcp, PASSWORD);
		peer_signs(fd, &a);
	}
	assert_true(ip_parse("127.0.0.1", &to.remote));
	to.port = ntohs(a.sin_port);
	tcp_connect(f->tcp, &to);
	turn(f);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_CONNECTED), 1);
	f->conn = 1;
	f->peer = accept(fd, NULL, NULL);
	close(fd);
	tcp_handover(f->tcp, f->conn, (const uint8_t *)NOTE, sizeof(NOTE));
	serve(f);
	assert_int_equal(f->kept_count, 2);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, false);
}

static int setup_signed(void **state)
{
	return setup_with(state, true);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->tcp != NULL) {
		tcp_free(f->tcp);
		sd_event_unref(f->event);
	}
	for (int i = 0; i < f->kept_count; i++)
		close(f->kept[i]);
	close(f->peer);
	close(f->notify);
	unlink(f->path);
	rmdir(f->directory);
	mem_free(f);
	return 0;
}

/* ---- the next instance ---- */

static void place(const struct fixture *f, int count)
{
	char text[32], names[KEPT_MAX * 48] = "";
	int high[KEPT_MAX];

	for (int i = 0; i < count; i++)
		high[i] = fcntl(f->kept[i], F_DUPFD, 100);
	for (int i = 0; i < count; i++) {
		assert_true(dup2(high[i], 3 + i) >= 0);
		close(high[i]);
		strcat(strcat(names, i > 0 ? ":" : ""), f->names[i]);
	}
	close_range((unsigned)(3 + count), ~0u, 0);
	snprintf(text, sizeof(text), "%d", count);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
}

/* 0: it could go on, and did: one message read, one written. 1: nothing was inherited. 5: its keys
 * are others. */
static int next_instance(struct fixture *f, int count)
{
	struct fixture n = {0};
	const struct collected *e;
	uint32_t conn;

	place(f, count);
	n.tcp = tcp_here(&n);
	tcp_inherit(n.tcp);
	if (collected_count(&n.seen, EVENT_PEER_HANDOVER) == 0)
		return 1;
	e = collected_last(&n.seen, EVENT_PEER_HANDOVER);
	if (e->event.peer.size != sizeof(NOTE) || memcmp(e->text, NOTE, sizeof(NOTE)) != 0)
		return 2;
	conn = e->event.peer.conn;
	turns(&n);
	if (collected_count(&n.seen, EVENT_PEER_BYTES) != 0)
		return 3;
	if (f->password != NULL)
		set_password(n.tcp, f->password);
	tcp_resume(n.tcp, conn);
	tcp_send(n.tcp, conn, keepalive, sizeof(keepalive));
	turns(&n);
	e = collected_last(&n.seen, EVENT_PEER_CLOSED);
	if (e != NULL && e->event.peer.error == EKEYREJECTED)
		return 5;
	e = collected_last(&n.seen, EVENT_PEER_BYTES);
	if (e == NULL || e->event.peer.conn != conn || e->event.peer.size != sizeof(keepalive))
		return 4;
	tcp_free(n.tcp);
	return 0;
}

/* The first one ends without a word, as by SIGKILL or at its exit. */
static int replaced(struct fixture *f, bool killed)
{
	int status;
	pid_t child;

	serve(f);
	if (!killed) {
		tcp_free(f->tcp);
		sd_event_unref(f->event);
		f->tcp = NULL;
		serve(f);
	}
	child = fork();
	if (child == 0)
		_exit(next_instance(f, f->kept_count));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	serve(f);
	return WEXITSTATUS(status);
}

static void peer_says(struct fixture *f, size_t from, size_t to)
{
	assert_int_equal(send(f->peer, keepalive + from, to - from, 0), (ssize_t)(to - from));
}

static void test_goes_on(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[64];

	peer_says(f, 0, sizeof(keepalive));
	turns(f);
	peer_says(f, 0, 10);
	turns(f);
	peer_says(f, 10, sizeof(keepalive));
	turns(f);
	tcp_send(f->tcp, f->conn, keepalive, sizeof(keepalive));
	turns(f);
	peer_says(f, 0, sizeof(keepalive)); /* read by the next one */
	assert_int_equal(replaced(f, false), 0);
	assert_int_equal(f->kept_count, 2);
	assert_int_equal(recv(f->peer, bytes, sizeof(bytes), MSG_DONTWAIT), 2 * sizeof(keepalive));
}

static void test_goes_on_when_killed(void **state)
{
	struct fixture *f = *state;

	peer_says(f, 0, sizeof(keepalive));
	assert_int_equal(replaced(f, true), 0);
}

/* Half of it is lost with who has read it. */
static void test_inside_a_message_in(void **state)
{
	struct fixture *f = *state;

	peer_says(f, 0, 10);
	turns(f);
	peer_says(f, 10, sizeof(keepalive));
	assert_int_equal(replaced(f, true), 1);
	assert_int_equal(f->kept_count, 0);
}

static void test_inside_a_message_out(void **state)
{
	struct fixture *f = *state;
	uint8_t *much = mem_new(16 << 20);

	tcp_send(f->tcp, f->conn, much, 16 << 20);
	tcp_flush(f->tcp);
	mem_free(much);
	peer_says(f, 0, sizeof(keepalive));
	assert_int_equal(replaced(f, true), 1);
}

static void test_the_peer_has_closed(void **state)
{
	struct fixture *f = *state;

	shutdown(f->peer, SHUT_WR);
	assert_int_equal(replaced(f, true), 1);
	assert_int_equal(f->kept_count, 0);
}

static void test_half_a_pair(void **state)
{
	struct fixture *f = *state;

	close(f->kept[--f->kept_count]);
	assert_int_equal(replaced(f, true), 1);
	assert_int_equal(f->kept_count, 0);
}

static void test_another_version(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++)
		if (pwrite(f->kept[i], "evpnd handover 9", 16, 0) < 0)
			assert_int_equal(errno, ESPIPE);
	assert_int_equal(replaced(f, true), 1);
}

/* The key stays in the socket: what goes either way is still signed, or the other end would not
 * take it. */
static void test_signed(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[64];

	f->password = PASSWORD;
	peer_says(f, 0, sizeof(keepalive));
	assert_int_equal(replaced(f, true), 0);
	assert_int_equal(recv(f->peer, bytes, sizeof(bytes), MSG_DONTWAIT), sizeof(keepalive));
	assert_int_equal(f->kept_count, 2);
}

static void nothing_more(struct fixture *f)
{
	uint8_t byte;

	peer_says(f, 0, sizeof(keepalive));
	assert_int_equal(replaced(f, true), 5);
	assert_int_equal(f->kept_count, 0);
	assert_true(recv(f->peer, &byte, 1, MSG_DONTWAIT) <= 0);
}

static void test_password_changed(void **state)
{
	struct fixture *f = *state;

	f->password = "Secret";
	nothing_more(f);
}

static void test_password_gone(void **state)
{
	nothing_more(*state);
}

static void test_password_new(void **state)
{
	struct fixture *f = *state;

	f->password = PASSWORD;
	nothing_more(f);
}

static void test_close_ends_it(void **state)
{
	struct fixture *f = *state;
	uint8_t byte;

	tcp_close(f->tcp, f->conn);
	turns(f);
	serve(f);
	assert_int_equal(f->kept_count, 0);
	assert_int_equal(recv(f->peer, &byte, 1, 0), 0);
}

static void test_not_any_more(void **state)
{
	struct fixture *f = *state;

	tcp_handover(f->tcp, f->conn, NULL, 0);
	serve(f);
	assert_int_equal(f->kept_count, 0);
	peer_says(f, 0, sizeof(keepalive));
	turns(f);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_BYTES), 1);
}

/* Cut anywhere, the count is right at the end of each message and at no other byte. */
static void test_framing(void **state)
{
	static const uint16_t sizes[] = {19, 23, 4096, 19, 65535, 300, 19};
	static uint8_t bytes[80000];
	size_t size = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(bytes + size, 0xff, 16);
		bytes[size + 16] = (uint8_t)(sizes[i] >> 8);
		bytes[size + 17] = (uint8_t)sizes[i];
		size += sizes[i];
	}
	for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
		struct framing f = {0};
		size_t message = 0, begun = 0;

		for (size_t at = 0; at < size; at += piece) {
			size_t n = at + piece < size ? piece : size - at;

			framing_feed(&f, bytes + at, n);
			while (message < 7 && begun + sizes[message] <= at + n)
				begun += sizes[message++];
			assert_int_equal(f.at, at + n - begun);
		}
		assert_int_equal(f.at, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_goes_on, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_goes_on_when_killed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_inside_a_message_in, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_inside_a_message_out, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_the_peer_has_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_half_a_pair, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_another_version, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_signed, setup_signed, teardown),
	    cmocka_unit_test_setup_teardown(test_password_changed, setup_signed, teardown),
	    cmocka_unit_test_setup_teardown(test_password_gone, setup_signed, teardown),
	    cmocka_unit_test_setup_teardown(test_password_new, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_close_ends_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_any_more, setup, teardown),
	    cmocka_unit_test(test_framing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
