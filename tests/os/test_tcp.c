/*
 * Connections over real sockets on loopback: two struct tcp talk to each other, or one to a plain
 * socket that misbehaves.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "collect.h"
#include "os/tcp.h"

struct fixture {
	sd_event *event;
	struct collector seen;
	struct log log;
	struct event_sink sink;
	struct tcp *tcp;
	uint16_t port;
};

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static int setup(void **state)
{
	struct fixture *f = mem_new(sizeof(*f));

	assert_true(sd_event_new(&f->event) >= 0);
	f->log = (struct log){.write = log_nothing};
	f->sink = (struct event_sink){.context = &f->seen, .emit = collect};
	f->tcp = tcp_new(f->event, &f->sink, &f->log);
	f->port = free_port();
	tcp_listen(f->tcp, f->port);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tcp_free(f->tcp);
	sd_event_unref(f->event);
	mem_free(f);
	return 0;
}

static void flush(struct fixture *f)
{
	struct event event;

	tcp_flush(f->tcp);
	while (tcp_next(f->tcp, &event))
		collect(&f->seen, &event);
}

/* One turn of the loop as os/loop does it. */
static void turn(struct fixture *f)
{
	assert_true(sd_event_run(f->event, 10000) >= 0);
	flush(f);
}

static void run_until(struct fixture *f, enum event_kind kind, size_t count)
{
	mono_t end = mono_add_s(clock_now(), 5);

	while (collected_count(&f->seen, kind) < count && !mono_reached(end, clock_now()))
		turn(f);
	assert_int_equal(collected_count(&f->seen, kind), count);
}

static void run_for_ms(struct fixture *f, int64_t ms)
{
	mono_t end = mono_add_ms(clock_now(), ms);

	while (!mono_reached(end, clock_now()))
		turn(f);
}

static struct action_connect to_address(const struct fixture *f, uint32_t conn, const char *text)
{
	struct action_connect to = {.conn = conn, .port = f->port, .options.ttl = 1};

	assert_true(ip_parse(text, &to.remote));
	return to;
}

static int plain_client(const struct fixture *f)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons(f->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void options(struct fixture *f, uint32_t conn, uint8_t ttl, uint8_t min_ttl)
{
	tcp_set_options(f->tcp, conn, &(struct tcp_options){.ttl = ttl, .min_ttl = min_ttl});
}

static void connects_and_talks(struct fixture *f, const char *address, const char *source)
{
	struct action_connect to = to_address(f, 7, address);
	const struct collected *accepted, *connected;
	char text[IP_TEXT_MAX];

	if (source != NULL)
		assert_true(ip_parse(source, &to.source));
	tcp_connect(f->tcp, &to);
	run_until(f, EVENT_PEER_CONNECTED, 1);
	run_until(f, EVENT_PEER_ACCEPTED, 1);
	connected = collected_last(&f->seen, EVENT_PEER_CONNECTED);
	accepted = collected_last(&f->seen, EVENT_PEER_ACCEPTED);
	assert_int_equal(connected->event.peer.conn, 7);
	assert_true(accepted->event.peer.conn >= CONN_ACCEPTED);
	assert_string_equal(ip_text(&connected->event.peer.remote, text), address);
	assert_true(ip_equal(&connected->event.peer.local, &accepted->event.peer.remote));
	if (source != NULL)
		assert_string_equal(ip_text(&connected->event.peer.local, text), source);

	tcp_send(f->tcp, 7, (const uint8_t *)"hello", 5);
	run_until(f, EVENT_PEER_BYTES, 1);
	assert_string_equal(collected_last(&f->seen, EVENT_PEER_BYTES)->text, "hello");
	run_until(f, EVENT_PEER_DRAINED, 1);
	tcp_close(f->tcp, 7);
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_int_equal(collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, 0);
	assert_int_equal(collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.conn,
	    accepted->event.peer.conn);
	/* The closer hears nothing of its own connection, which is soon really gone. */
	run_for_ms(f, 50);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_CLOSED), 1);
	assert_int_equal(tcp_lingering(f->tcp), 0);
}

static void test_ipv4(void **state)
{
	connects_and_talks(*state, "127.0.0.1", "127.0.0.5");
}

static void test_ipv6(void **state)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool usable = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	if (fd >= 0)
		close(fd);
	if (!usable)
		skip();
	connects_and_talks(*state, "::1", NULL);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct action_connect to = to_address(f, 3, "127.0.0.1");

	to.port = free_port();
	tcp_connect(f->tcp, &to);
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_int_equal(
	    collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, ECONNREFUSED);
}

static void test_source_trouble(void **state)
{
	struct fixture *f = *state;
	struct action_connect to = to_address(f, 3, "127.0.0.1");

	assert_true(ip_parse("192.0.2.77", &to.source)); /* not ours */
	tcp_connect(f->tcp, &to);
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_int_equal(
	    collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, EADDRNOTAVAIL);
	to.source = (struct ip){0};
	memcpy(to.source_dev, "no-such-dev", 12);
	tcp_connect(f->tcp, &to);
	run_until(f, EVENT_PEER_CLOSED, 2);
}

/* A failure that the engine has not been told yet belongs to the old owner of the id. */
static void test_untold_failure_dies_with_its_connection(void **state)
{
	struct fixture *f = *state;
	struct action_connect to = to_address(f, 3, "127.0.0.1");
	struct event event;

	assert_true(ip_parse("192.0.2.77", &to.source));
	tcp_connect(f->tcp, &to);
	tcp_close(f->tcp, 3);
	to.source = (struct ip){0};
	tcp_connect(f->tcp, &to);
	assert_false(tcp_next(f->tcp, &event));
	run_until(f, EVENT_PEER_CONNECTED, 1);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_CLOSED), 0);
}

static void test_last_words_arrive(void **state)
{
	struct fixture *f = *state;
	int fd = plain_client(f);
	char bytes[64] = {0};
	uint32_t conn;

	run_until(f, EVENT_PEER_ACCEPTED, 1);
	conn = collected_last(&f->seen, EVENT_PEER_ACCEPTED)->event.peer.conn;
	/* Input that nobody reads: a plain close() would answer with RST and lose the message. */
	assert_int_equal(send(fd, "never read", 10, 0), 10);
	usleep(20000);
	tcp_send(f->tcp, conn, (const uint8_t *)"NOTIFICATION", 12);
	tcp_close(f->tcp, conn);
	assert_int_equal(tcp_lingering(f->tcp), 1);
	run_for_ms(f, 50);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 12);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 0);
	close(fd);
	for (int i = 0; i < 200 && tcp_lingering(f->tcp) > 0; i++)
		run_for_ms(f, 50);
	assert_int_equal(tcp_lingering(f->tcp), 0);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_CLOSED), 0);
}

/* What waits is little, but none of it leaves: that is not drained. */
static void test_stuck_below_the_low_mark(void **state)
{
	static uint8_t piece[1024], bytes[1 << 20];
	struct fixture *f = *state;
	int fd = plain_client(f);
	size_t sent = 0, got = 0;
	uint32_t conn;
	ssize_t n;

	run_until(f, EVENT_PEER_ACCEPTED, 1);
	conn = collected_last(&f->seen, EVENT_PEER_ACCEPTED)->event.peer.conn;
	do {
		f->seen.count = 0;
		tcp_send(f->tcp, conn, piece, sizeof(piece));
		sent += sizeof(piece);
		flush(f);
	} while (collected_count(&f->seen, EVENT_PEER_DRAINED) > 0);
	/* What the kernel holds, without a turn of ours. */
	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		got += (size_t)n;
	assert_in_range(sent - got, 1, TCP_LOW_MARK / 4);
	run_until(f, EVENT_PEER_DRAINED, 1);
	close(fd);
}

static void test_peer_that_never_reads(void **state)
{
	static uint8_t chunk[1 << 20];
	struct fixture *f = *state;
	int fd = plain_client(f);
	uint32_t conn;

	run_until(f, EVENT_PEER_ACCEPTED, 1);
	conn = collected_last(&f->seen, EVENT_PEER_ACCEPTED)->event.peer.conn;
	for (int i = 0; i < 32; i++)
		tcp_send(f->tcp, conn, chunk, sizeof(chunk));
	run_for_ms(f, 50);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_DRAINED), 0);
	/* Read it all: drained exactly once, nothing lost. */
	for (size_t got = 0; got < 32 * sizeof(chunk);) {
		static uint8_t bytes[1 << 20];
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n > 0)
			got += (size_t)n;
		turn(f);
	}
	run_for_ms(f, 20);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_DRAINED), 1);
	/* The limit ends it, once. */
	for (size_t i = 0; i <= TCP_QUEUE_MAX / sizeof(chunk) + 1; i++)
		tcp_send(f->tcp, conn, chunk, sizeof(chunk));
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_int_equal(collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, ENOBUFS);
	close(fd);
}

static void test_half_close_delivers_first(void **state)
{
	struct fixture *f = *state;
	int fd = plain_client(f);

	assert_int_equal(send(fd, "bye", 3, 0), 3);
	shutdown(fd, SHUT_WR);
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_string_equal(collected_last(&f->seen, EVENT_PEER_BYTES)->text, "bye");
	assert_int_equal(collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, 0);
	close(fd);
}

static void test_reset(void **state)
{
	struct fixture *f = *state;
	int fd = plain_client(f);
	struct linger hard = {.l_onoff = 1};

	run_until(f, EVENT_PEER_ACCEPTED, 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_int_equal(collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, ECONNRESET);
}

static void close_from_inside(struct collector *c, const struct event *event)
{
	struct fixture *f = c->context;

	if (event->kind == EVENT_PEER_BYTES)
		tcp_close(f->tcp, event->peer.conn);
}

/* The engine closes a connection inside the very event that its read made. */
static void test_closed_inside_emit(void **state)
{
	struct fixture *f = *state;
	int fd = plain_client(f);
	char byte;

	f->seen.then = close_from_inside;
	f->seen.context = f;
	assert_int_equal(send(fd, "x", 1, 0), 1);
	run_until(f, EVENT_PEER_BYTES, 1);
	run_for_ms(f, 20);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	run_for_ms(f, 20);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_CLOSED), 0);
}

/* The SYN-ACK has the greatest TTL, for who insists on it; then what the engine says. The judge is
 * the client's kernel, which drops what has less than it demands (RFC 5082). */
static void test_ttl(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons(f->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), least = 255;
	uint32_t conn;
	char byte;

	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MINTTL, &least, sizeof(least)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	run_until(f, EVENT_PEER_ACCEPTED, 1);
	conn = collected_last(&f->seen, EVENT_PEER_ACCEPTED)->event.peer.conn;
	options(f, conn, 254, 0);
	options(f, conn + 1, 254, 255); /* nobody */
	tcp_send(f->tcp, conn, (const uint8_t *)"x", 1);
	tcp_flush(f->tcp);
	run_for_ms(f, 100);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	/* sent again by the kernel, with the TTL of then */
	options(f, conn, 255, 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	close(fd);
}

static void set_ttl(int fd, int ttl)
{
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)), 0);
}

static int client_with_ttl(struct fixture *f, int ttl)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons(f->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	set_ttl(fd, ttl);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* RFC 5082 the other way: what a client sends with less than we demand never arrives. */
static void test_least_ttl(void **state)
{
	struct fixture *f = *state;
	int fd = client_with_ttl(f, 255);
	uint32_t conn;

	run_until(f, EVENT_PEER_ACCEPTED, 1);
	conn = collected_last(&f->seen, EVENT_PEER_ACCEPTED)->event.peer.conn;
	options(f, conn, 255, 255);
	set_ttl(fd, 254);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	run_for_ms(f, 100);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_BYTES), 0);
	set_ttl(fd, 255);
	run_until(f, EVENT_PEER_BYTES, 1);
	close(fd);
}

/* What it has sent before it was accepted is no way in, whatever comes after it. */
static void test_least_ttl_of_the_syn(void **state)
{
	struct fixture *f = *state;
	int fd = client_with_ttl(f, 254);
	uint32_t conn;

	set_ttl(fd, 255);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	run_until(f, EVENT_PEER_ACCEPTED, 1);
	conn = collected_last(&f->seen, EVENT_PEER_ACCEPTED)->event.peer.conn;
	options(f, conn, 255, 255);
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_int_equal(collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, EMULTIHOP);
	close(fd);
}

static int number_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

/* The only connected socket of this process with that port on the other side. */
static int socket_to(uint16_t port)
{
	for (int fd = 3; fd < 64; fd++) {
		struct sockaddr_in a;
		socklen_t size = sizeof(a);

		if (getpeername(fd, (struct sockaddr *)&a, &size) == 0 && a.sin_family == AF_INET &&
		    a.sin_port == htons(port))
			return fd;
	}
	fail();
	return -1;
}

/* The other side hears of the segment size, and all that it sends has no more. */
static void test_options(void **state)
{
	struct fixture *f = *state;
	struct action_connect to = to_address(f, 7, "127.0.0.1");
	int fd;

	to.options = (struct tcp_options){.ttl = 9,
	    .dscp = 10,
	    .mss = 500,
	    .alive_idle_s = 50,
	    .alive_interval_s = 5,
	    .alive_probes = 3};
	tcp_connect(f->tcp, &to);
	run_until(f, EVENT_PEER_CONNECTED, 1);
	fd = socket_to(f->port);
	assert_int_equal(number_of(fd, IPPROTO_IP, IP_TTL), 9);
	assert_int_equal(number_of(fd, IPPROTO_IP, IP_TOS), 10 << 2);
	assert_int_equal(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(number_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 50);
	assert_int_equal(number_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 5);
	assert_int_equal(number_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
	assert_in_range(number_of(fd, IPPROTO_TCP, TCP_MAXSEG), 400, 500);
	to.options = (struct tcp_options){.ttl = 9};
	tcp_set_options(f->tcp, 7, &to.options);
	assert_int_equal(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
}

static void test_least_ttl_connecting(void **state)
{
	struct fixture *f = *state;
	struct action_connect to = to_address(f, 7, "127.0.0.1");

	/* our own listener answers with 255 */
	to.options.min_ttl = 255;
	tcp_connect(f->tcp, &to);
	run_until(f, EVENT_PEER_CONNECTED, 1);
}

static void set_auth(
    struct fixture *f, const char *remote, enum tcp_auth_kind kind, const char *password)
{
	struct tcp_auth auth = {.count = 1, .keys = {{.kind = (uint8_t)kind}}};
	struct prefix p;

	assert_true(prefix_parse(remote, &p));
	if (password != NULL)
		strcpy(auth.keys[0].secret, password);
	tcp_set_auth(f->tcp, &p, password == NULL ? NULL : &auth);
}

static void set_key(struct fixture *f, const char *remote, const char *password)
{
	set_auth(f, remote, TCP_AUTH_MD5, password);
}

static void connect_from(struct fixture *f, uint32_t conn, const char *to, const char *from)
{
	struct action_connect a = to_address(f, conn, to);

	assert_true(ip_parse(from, &a.source));
	tcp_connect(f->tcp, &a);
}

/* Signed on both sides with the same password: the two ends are both ours, so both directions of
 * address have one. */
static void test_password(void **state)
{
	struct fixture *f = *state;
	int plain = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons(f->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	set_key(f, "127.0.0.7/32", "tulip");
	set_key(f, "127.0.0.1/32", "tulip");
	connect_from(f, 1, "127.0.0.1", "127.0.0.7");
	run_until(f, EVENT_PEER_CONNECTED, 1);
	run_until(f, EVENT_PEER_ACCEPTED, 1);
	/* without a signature there is no connection */
	assert_int_equal(connect(plain, (struct sockaddr *)&a, sizeof(a)), -1);
	run_for_ms(f, 200);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_ACCEPTED), 1);
	close(plain);
	/* a listener that opens later knows the passwords, too */
	tcp_listen(f->tcp, 0);
	tcp_listen(f->tcp, f->port);
	set_key(f, "127.0.0.1/32", "daisy");
	connect_from(f, 2, "127.0.0.1", "127.0.0.7");
	run_for_ms(f, 200);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_CONNECTED), 1);
	/* and one that was taken away is forgotten */
	set_key(f, "127.0.0.1/32", NULL);
	set_key(f, "127.0.0.7/32", NULL);
	connect_from(f, 3, "127.0.0.1", "127.0.0.7");
	run_until(f, EVENT_PEER_CONNECTED, 2);
}

/* A password for a range: what comes from inside must be signed, what comes from outside need not.
 */
static void test_password_of_a_range(void **state)
{
	struct fixture *f = *state;

	set_key(f, "127.1.0.0/16", "tulip");
	set_key(f, "127.0.0.1/32", "tulip");
	connect_from(f, 1, "127.0.0.1", "127.1.2.3");
	run_until(f, EVENT_PEER_ACCEPTED, 1);
	set_key(f, "127.0.0.1/32", NULL);
	connect_from(f, 2, "127.0.0.1", "127.1.2.4");
	run_for_ms(f, 200);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_ACCEPTED), 1);
	connect_from(f, 3, "127.0.0.1", "127.2.0.1");
	run_until(f, EVENT_PEER_ACCEPTED, 2);
}

static bool kernel_has_ao(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char nothing[300] = {0};
	bool has =
	    setsockopt(fd, IPPROTO_TCP, 38 /* TCP_AO_ADD_KEY */, nothing, sizeof(nothing)) != 0 &&
	    errno != ENOPROTOOPT;

	close(fd);
	return has;
}

/* TCP-AO: signed, or nothing. A kernel without it refuses to connect, and what is accepted without
 * a signature is closed before anybody hears of it. */
static void test_ao(void **state)
{
	struct fixture *f = *state;
	int fd;

	set_auth(f, "127.0.0.7/32", TCP_AUTH_AO_HMAC_SHA1, "tulip");
	set_auth(f, "127.0.0.1/32", TCP_AUTH_AO_HMAC_SHA1, "tulip");
	connect_from(f, 1, "127.0.0.1", "127.0.0.7");
	if (kernel_has_ao()) {
		run_until(f, EVENT_PEER_CONNECTED, 1);
		run_until(f, EVENT_PEER_ACCEPTED, 1);
		return;
	}
	run_until(f, EVENT_PEER_CLOSED, 1);
	assert_int_equal(
	    collected_last(&f->seen, EVENT_PEER_CLOSED)->event.peer.error, ENOPROTOOPT);
	fd = plain_client(f);
	run_for_ms(f, 50);
	assert_int_equal(collected_count(&f->seen, EVENT_PEER_ACCEPTED), 0);
	close(fd);
	set_auth(f, "127.0.0.1/32", TCP_AUTH_AO_HMAC_SHA1, NULL);
	fd = plain_client(f);
	run_until(f, EVENT_PEER_ACCEPTED, 1);
	close(fd);
}

static void test_listener_stops(void **state)
{
	struct fixture *f = *state;
	struct action_connect to = to_address(f, 1, "127.0.0.1");

	tcp_listen(f->tcp, 0);
	tcp_connect(f->tcp, &to);
	run_until(f, EVENT_PEER_CLOSED, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_ipv4), T(test_ipv6), T(test_refused),
	    T(test_source_trouble), T(test_untold_failure_dies_with_its_connection),
	    T(test_last_words_arrive), T(test_stuck_below_the_low_mark),
	    T(test_peer_that_never_reads), T(test_half_close_delivers_first), T(test_reset),
	    T(test_closed_inside_emit), T(test_listener_stops), T(test_ttl), T(test_least_ttl),
	    T(test_least_ttl_of_the_syn), T(test_options), T(test_least_ttl_connecting),
	    T(test_password), T(test_password_of_a_range), T(test_ao)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
