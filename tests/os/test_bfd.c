/*
 * BFD's process and its sockets: two of them in network namespaces of the test's own, joined by a
 * veth, under orders of the test. Needs root; skipped without.
 */
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bfd/packet.h"
#include "collect.h"
#include "os/bfd_process.h"

/* One BFD process: a child in a namespace of its own. */
struct end {
	pid_t pid;
	int fd;
	struct bfd_report last;	 /* of kind SESSION */
	struct bfd_report error; /* of kind ERROR */
	struct bfd_report totals;
	unsigned errors, totals_count;
};

static struct end a, b;
static bool possible;

static void end_start(struct end *e, const char *before)
{
	int pair[2], ready[2];
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe(ready), 0);
	e->pid = fork();
	if (e->pid == 0) {
		close(pair[0]);
		if (e == &b)
			close(a.fd); /* or it would never see its end */
		if (unshare(CLONE_NEWNET) != 0 || system(before) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		bfd_process_run(pair[1], (uint64_t)getpid(), false);
		_exit(0);
	}
	close(pair[1]);
	close(ready[1]);
	e->fd = pair[0];
	possible = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
}

static void veth(void)
{
	char command[1200];

	snprintf(command, sizeof(command),
	    "nsenter -t %d -n sh -c '"
	    "ip link add e0 type veth peer name e0 netns %d && ip addr add 10.0.0.1/24 dev e0 && "
	    "ip link set e0 up && ip addr add fe80::1/64 dev e0 nodad' && "
	    "nsenter -t %d -n sh -c 'ip addr add 10.0.0.2/24 dev e0 && ip link set e0 up && "
	    "ip addr add fe80::2/64 dev e0 nodad'",
	    a.pid, b.pid, b.pid);
	possible = possible && system(command) == 0;
}

static int setup(void **state)
{
	(void)state;
	a = b = (struct end){0};
	if (geteuid() != 0)
		return 0;
	end_start(&a, "ip link set lo up");
	end_start(&b, "ip link set lo up");
	veth();
	return 0;
}

static void end_stop(struct end *e)
{
	if (e->pid == 0)
		return;
	close(e->fd);
	kill(e->pid, SIGKILL);
	waitpid(e->pid, NULL, 0);
	e->pid = 0;
}

static int teardown(void **state)
{
	(void)state;
	end_stop(&a);
	end_stop(&b);
	return 0;
}

static void end_read(struct end *e)
{
	struct bfd_report r;

	while (recv(e->fd, &r, sizeof(r), MSG_DONTWAIT) == sizeof(r)) {
		if (r.kind == BFD_REPORT_SESSION) {
			e->last = r;
		} else if (r.kind == BFD_REPORT_ERROR) {
			e->error = r;
			e->errors++;
		} else if (r.kind == BFD_REPORT_TOTALS) {
			e->totals = r;
			e->totals_count++;
		}
	}
}

/* Milliseconds that it took. */
static int64_t wait_for(struct end *e, bool (*condition)(const struct end *e))
{
	mono_t began = clock_now();

	for (;;) {
		end_read(e);
		if (condition(e))
			return mono_ms_between(began, clock_now());
		assert_true(mono_ms_between(began, clock_now()) < 60000);
		usleep(500);
	}
}

static bool is_up(const struct end *e)
{
	return e->last.session.state == BFD_UP;
}

/* The peer has confirmed the short intervals. */
static bool is_fast(const struct end *e)
{
	return is_up(e) && e->last.session.detection_us <= 150000;
}

static bool is_down(const struct end *e)
{
	return e->last.session.state == BFD_DOWN;
}

static bool has_totals(const struct end *e)
{
	return e->totals_count > 0;
}

static void give(struct end *e, const struct bfd_order *o)
{
	assert_int_equal(send(e->fd, o, sizeof(*o), 0), sizeof(*o));
}

static struct bfd_order order(const char *remote, bool linked)
{
	struct bfd_order o = {.kind = BFD_ORDER_SET,
	    .id = 1,
	    .params = {
		.transmit_us = 50000, .receive_us = 50000, .multiplier = 3, .minimum_ttl = 254}};

	assert_true(ip_parse(remote, &o.path.remote));
	/* The only link beside lo in either namespace. */
	o.path.ifindex.v = linked ? 2 : 0;
	return o;
}

static void both_up(const char *of_a, const char *of_b, bool linked, bool multihop)
{
	struct bfd_order to_b = order(of_b, linked), to_a = order(of_a, linked);

	to_b.path.multihop = to_a.path.multihop = multihop;
	give(&a, &to_b);
	give(&b, &to_a);
	wait_for(&a, is_up);
	wait_for(&b, is_up);
}

static void test_forms(void **state)
{
	static const struct {
		const char *a, *b;
		bool linked, multihop;
	} forms[] = {{"10.0.0.1", "10.0.0.2", false, false}, {"10.0.0.1", "10.0.0.2", true, false},
	    {"10.0.0.1", "10.0.0.2", false, true}, {"fe80::1", "fe80::2", true, false}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (i > 0)
			setup(state);
		if (!possible)
			skip();
		both_up(forms[i].a, forms[i].b, forms[i].linked, forms[i].multihop);
		assert_int_equal(a.errors + b.errors, 0);
		if (i + 1 < sizeof(forms) / sizeof(forms[0]))
			teardown(state);
	}
}

/* A process that stops is missed, one that ends says so. */
static void test_stop_and_end(void **state)
{
	int64_t took_ms;

	(void)state;
	if (!possible)
		skip();
	both_up("10.0.0.1", "10.0.0.2", false, false);
	wait_for(&a, is_fast);
	wait_for(&b, is_fast);
	kill(b.pid, SIGSTOP);
	took_ms = wait_for(&a, is_down);
	kill(b.pid, SIGCONT);
	/* 100 to 150, and what the machine adds; by the slow intervals 3 s. */
	assert_in_range(took_ms, 90, 2500);
	assert_int_equal(a.last.session.diag, BFD_DIAG_DETECTION_EXPIRED);
	assert_int_equal(a.last.session.failures, 1);
	wait_for(&a, is_up);
	wait_for(&b, is_up);
	b.last.session.failures = 0;
	close(a.fd);
	wait_for(&b, is_down);
	assert_int_equal(b.last.session.remote_state, BFD_ADMIN_DOWN);
	/* It goes by itself when all are told. */
	assert_int_equal(waitpid(a.pid, NULL, 0), a.pid);
	a.pid = 0;
}

/* What is on the wire: TTL 255, network control, ports; one source port for good. */
static void check_wire(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	uint16_t source = 0;

	for (int seen = 0; seen < 8;) {
		uint8_t f[256];
		ssize_t n = recv(fd, f, sizeof(f), 0);
		const uint8_t *ip = f + 14, *udp = ip + 20;
		uint16_t from = (uint16_t)(udp[0] << 8 | udp[1]);

		if (n < 14 + 20 + 8 + BFD_PACKET_SIZE || ip[9] != IPPROTO_UDP || ip[15] != 1)
			continue;
		assert_int_equal(ip[8], 255);
		assert_int_equal(ip[1], 0xc0);
		assert_int_equal(udp[2] << 8 | udp[3], 3784);
		assert_true(from >= 49152);
		assert_true(source == 0 || source == from);
		source = from;
		seen++;
	}
	close(fd);
}

static void in_namespace_of(const struct end *e, void (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char path[64];
		FILE *ns;

		snprintf(path, sizeof(path), "/proc/%d/ns/net", e->pid);
		ns = fopen(path, "r");
		if (ns == NULL || setns(fileno(ns), CLONE_NEWNET) != 0)
			_exit(1);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_wire(void **state)
{
	(void)state;
	if (!possible)
		skip();
	both_up("10.0.0.1", "10.0.0.2", false, false);
	in_namespace_of(&b, check_wire);
}

/* Packets as anybody could send them: from b's namespace to a, TTL 64, 255, and other nonsense. */
static void send_rubbish(void)
{
	static const uint8_t unknown[BFD_PACKET_SIZE] = {0x20, 0xc0, 3, 24, 0, 0, 0, 1, 9, 9, 9, 9};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(3784)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ttl = 255;

	to.sin_addr.s_addr = htonl(0x0a000001);
	for (int i = 0; i < 50; i++)
		sendto(fd, unknown, sizeof(unknown), 0, (struct sockaddr *)&to, sizeof(to));
	setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	for (int i = 0; i < 50; i++)
		sendto(fd, unknown, sizeof(unknown), 0, (struct sockaddr *)&to, sizeof(to));
	for (int i = 0; i < 50; i++)
		sendto(fd, unknown, 23, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

static bool has_counted_rubbish(const struct end *e)
{
	struct bfd_order ask = {.kind = BFD_ORDER_ASK};

	if (e->totals.discards[BFD_DROPPED] >= 150)
		return true;
	give(&a, &ask);
	return false;
}

static void test_rubbish_is_counted(void **state)
{
	(void)state;
	if (!possible)
		skip();
	both_up("10.0.0.1", "10.0.0.2", false, false);
	in_namespace_of(&b, send_rubbish);
	wait_for(&a, has_counted_rubbish);
	/* By the filter, with what came before a could listen. */
	assert_in_range(a.totals.discards[BFD_DROPPED], 150, 160);
	assert_int_equal(a.last.session.state, BFD_UP);
	assert_int_equal(a.last.session.downs, 0);
}

/* As fast as one core can, of all kinds. */
static void flood(void)
{
	static const uint8_t kinds[][BFD_PACKET_SIZE] = {
	    {0x20, 0x40, 3, 24, 0, 0, 0, 1}, {0x20, 0xc0, 3, 24, 0, 0, 0, 1, 9, 9, 9, 9}, {0x40}};
	mono_t until = mono_add_ms(clock_now(), 3000);
	struct iovec iov[64];
	struct mmsghdr batch[64];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(3784)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ttl = 255;

	to.sin_addr.s_addr = htonl(0x0a000001);
	connect(fd, (struct sockaddr *)&to, sizeof(to));
	setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	for (size_t i = 0; i < 64; i++) {
		iov[i] = (struct iovec){(void *)(uintptr_t)kinds[1 + i % 2], BFD_PACKET_SIZE};
		batch[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
	}
	for (unsigned n = 0; !mono_reached(until, clock_now()); n++) {
		/* TTL 64 with anything; 255 with what is of no session. */
		ttl = n % 2 == 0 ? 64 : 255;
		iov[0].iov_base = (void *)(uintptr_t)kinds[n % 2];
		setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
		sendmmsg(fd, batch, 64, 0);
	}
	close(fd);
}

/* RFC 5880 section 9: what strangers send costs the session nothing, and is counted. */
static void test_flood(void **state)
{
	struct bfd_order ask = {.kind = BFD_ORDER_ASK};

	(void)state;
	if (!possible)
		skip();
	both_up("10.0.0.1", "10.0.0.2", false, false);
	wait_for(&a, is_fast);
	wait_for(&b, is_fast);
	in_namespace_of(&b, flood);
	give(&a, &ask);
	wait_for(&a, has_totals);
	assert_true(a.totals.discards[BFD_DROPPED] > 10000);
	assert_int_equal(a.last.session.state, BFD_UP);
	assert_int_equal(a.last.session.downs, 0);
}

/* ---- the keeper ---- */

static void dies_once(int fd, bool successor, void *context)
{
	struct bfd_report r = {.kind = BFD_REPORT_ERROR};
	char byte;

	(void)context;
	if (!successor)
		raise(SIGKILL);
	send(fd, &r, sizeof(r), 0);
	recv(fd, &byte, 1, 0); /* until the end */
}

static void dies(int fd, bool successor, void *context)
{
	(void)fd;
	(void)successor;
	(void)context;
	raise(SIGKILL);
}

static pid_t keep(void (*run)(int fd, bool successor, void *context), int *fd)
{
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		bfd_process_keep(pair[1], run, NULL);
		_exit(0);
	}
	close(pair[1]);
	*fd = pair[0];
	return pid;
}

static void test_keeper(void **state)
{
	static const enum bfd_report_kind kinds[] = {
	    BFD_REPORT_GONE, BFD_REPORT_BEGUN, BFD_REPORT_ERROR};
	struct bfd_report r;
	int fd;
	pid_t pid = keep(dies_once, &fd);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(recv(fd, &r, sizeof(r), 0), sizeof(r));
		assert_int_equal(r.kind, kinds[i]);
	}
	close(fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* At once, then after 100 ms, 200, 400. */
static void test_keeper_backs_off(void **state)
{
	mono_t began = clock_now();
	struct bfd_report r;
	unsigned gone = 0;
	int fd;
	pid_t pid = keep(dies, &fd);

	(void)state;
	while (gone < 5) {
		assert_int_equal(recv(fd, &r, sizeof(r), 0), sizeof(r));
		gone += r.kind == BFD_REPORT_GONE;
	}
	assert_in_range(mono_ms_between(began, clock_now()), 700, 60000);
	close(fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool has_error(const struct end *e)
{
	return e->errors > 0 && e->error.error.error != 0;
}

static bool has_recovered(const struct end *e)
{
	return e->errors > 0 && e->error.error.error == 0;
}

static int holder;

static void hold_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(3784)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t pid;

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (write(holder, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
}

/* Somebody else has the port: told once, tried again. Then a peer to which there is no route. */
static void test_errors(void **state)
{
	struct bfd_order to_b = order("10.0.0.2", false), nowhere = order("192.0.2.1", false);
	int ends[2];
	pid_t pid;

	(void)state;
	if (!possible)
		skip();
	assert_int_equal(pipe(ends), 0);
	holder = ends[1];
	in_namespace_of(&a, hold_port);
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	give(&a, &to_b);
	wait_for(&a, has_error);
	assert_int_equal(a.error.error.what, BFD_ERROR_LISTEN);
	assert_int_equal(a.error.error.error, EADDRINUSE);
	assert_int_equal(a.error.error.port, 3784);
	usleep(1500000);
	end_read(&a);
	assert_int_equal(a.errors, 1);
	kill(pid, SIGKILL);
	wait_for(&a, has_recovered);
	a.errors = 0;
	nowhere.id = 2;
	give(&a, &nowhere);
	wait_for(&a, has_error);
	assert_int_equal(a.error.id, 2);
	assert_int_equal(a.error.error.what, BFD_ERROR_SEND);
	assert_int_equal(a.error.error.error, ENETUNREACH);
	close(ends[0]);
	close(ends[1]);
}

/* ---- the daemon's end ---------------------------------------------------------------------- */

static void test_daemons_end(void **state)
{
	struct collector seen = {0};
	struct log log = {.write = log_nothing};
	struct event_sink sink = {.context = &seen, .emit = collect};
	struct bfd_order o = order("127.0.0.1", false), ask = {.kind = BFD_ORDER_ASK};
	struct bfd_process *p = bfd_process_start(false, &log);
	const struct collected *last;
	sd_event *event;
	struct event e;

	(void)state;
	assert_true(sd_event_new(&event) >= 0);
	bfd_process_attach(p, event, &sink);
	bfd_process_order(p, &o);
	bfd_process_order(p, &ask);
	for (int i = 0; i < 1000; i++) {
		sd_event_run(event, 10000);
		last = collected_last(&seen, EVENT_BFD);
		if (last != NULL && last->event.bfd.kind == BFD_REPORT_TOTALS)
			break;
	}
	assert_int_equal(last->event.bfd.kind, BFD_REPORT_TOTALS);
	assert_true(seen.count >= 2);
	assert_false(bfd_process_next(p, &e));
	bfd_process_free(p);
	sd_event_unref(event);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_forms), T(test_stop_and_end), T(test_wire),
	    T(test_rubbish_is_counted), T(test_flood), T(test_errors),
	    cmocka_unit_test(test_daemons_end), cmocka_unit_test(test_keeper),
	    cmocka_unit_test(test_keeper_backs_off)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
