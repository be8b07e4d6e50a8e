/* Just enough of RFC 4271 to hold a session: one way to open, no state machine, no error handling
 * but exit.
 *
 * The hold time is the smaller of the two offers and KEEPALIVEs go out at a third of it; the peer's
 * hold timer is its own affair. Both directions are non-blocking, since one thread generates,
 * collects and watches the kernel. */
#include "bgp.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stamp.h"

enum {
	HEADER = 19,
	RECEIVE_BYTES = 1 << 20,
	HOLD_TIME_S = 180,
	OPEN_WAIT_MS = 3000,
	RETRY_US = 100000,
};

enum message_type {
	MESSAGE_OPEN = 1,
	MESSAGE_UPDATE,
	MESSAGE_NOTIFICATION,
	MESSAGE_KEEPALIVE,
};

struct bgp {
	int fd;
	uint64_t keepalive_ns;
	uint64_t keepalive_due_ns;
	uint64_t arrival_ns;
	struct wire out;
	size_t sent;
	size_t received;
	uint8_t in[RECEIVE_BYTES];
};

static const uint8_t keepalive[HEADER] = {
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0,
    HEADER,
    MESSAGE_KEEPALIVE,
};

/* Options of the established connection: small messages at once, arrival times with what is read.
 */
static void tcp_options(int fd)
{
	int on = 1, stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)) < 0)
		err(1, "TCP options");
}

static void source_bind(int fd, const char *source)
{
	struct sockaddr_in from = {.sin_family = AF_INET};

	if (source && (inet_pton(AF_INET, source, &from.sin_addr) != 1 ||
			  bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0))
		err(1, "source %s", source);
}

static int tcp_connect(const char *peer, const char *source)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(179)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, peer, &to.sin_addr) != 1)
		err(1, "%s", peer);
	tcp_options(fd);
	source_bind(fd, source);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void be32(uint8_t *to, uint32_t value)
{
	value = htonl(value);
	memcpy(to, &value, sizeof(value));
}

static bool open_send(int fd, const struct bgp_open *open)
{
	struct in_addr id = {htonl(0x0a000002)};
	/* Version, AS, hold time, identifier; capabilities: multiprotocol, 4-octet AS. */
	uint8_t message[HEADER + 24] = {0}, *body = message + HEADER;
	const uint8_t options[] = {14, 2, 12, 1, 4, 0, 25, 0, 70, 65, 4};

	if (open->source)
		inet_pton(AF_INET, open->source, &id);
	memset(message, 0xff, 16);
	message[17] = sizeof(message);
	message[18] = MESSAGE_OPEN;
	body[0] = 4;
	body[1] = (uint8_t)(open->as >> 8);
	body[2] = (uint8_t)open->as;
	body[4] = HOLD_TIME_S;
	memcpy(body + 5, &id, 4);
	memcpy(body + 9, options, sizeof(options));
	if (open->ipv4)
		memcpy(body + 14, (const uint8_t[]){0, 1, 0, 1}, 4);
	be32(body + 20, open->as);
	return send(fd, message, sizeof(message), MSG_NOSIGNAL) == (ssize_t)sizeof(message) &&
	       send(fd, keepalive, sizeof(keepalive), MSG_NOSIGNAL) == (ssize_t)sizeof(keepalive);
}

static size_t message_length(const uint8_t *message)
{
	return (size_t)message[16] << 8 | message[17];
}

static bool read_exactly(int fd, uint8_t *p, size_t length)
{
	while (length) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t n = poll(&ready, 1, OPEN_WAIT_MS) == 1 ? recv(fd, p, length, 0) : -1;

		if (n <= 0)
			return false;
		p += n;
		length -= (size_t)n;
	}
	return true;
}

/* The peer's OPEN and its first KEEPALIVE; false when it sends anything else or nothing. */
static bool handshake_read(struct bgp *b)
{
	unsigned hold_s;

	if (!read_exactly(b->fd, b->in, HEADER) || b->in[18] != MESSAGE_OPEN ||
	    !read_exactly(b->fd, b->in + HEADER, message_length(b->in) - HEADER))
		return false;
	hold_s = (unsigned)b->in[HEADER + 3] << 8 | b->in[HEADER + 4];
	if (hold_s == 0 || hold_s > HOLD_TIME_S)
		hold_s = HOLD_TIME_S;
	b->keepalive_ns = (uint64_t)hold_s * 1000000000u / 3;
	b->keepalive_due_ns = stamp_now_ns() + b->keepalive_ns;
	return read_exactly(b->fd, b->in, HEADER) && b->in[18] == MESSAGE_KEEPALIVE;
}

struct bgp *bgp_establish(const char *peer, const struct bgp_open *open, unsigned timeout_s)
{
	uint64_t deadline = stamp_now_ns() + (uint64_t)timeout_s * 1000000000u;
	struct bgp *b = calloc(1, sizeof(*b));

	if (b == NULL)
		err(1, "session");
	while (stamp_now_ns() < deadline) {
		b->fd = tcp_connect(peer, open->source);
		if (b->fd >= 0 && open_send(b->fd, open) && handshake_read(b))
			return b;
		if (b->fd >= 0)
			close(b->fd);
		usleep(RETRY_US);
	}
	errx(1, "no session with %s in %u s", peer, timeout_s);
}

static int tcp_accept(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(179)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1, fd;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(listener, 1) < 0)
		err(1, "port 179");
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		err(1, "accept");
	tcp_options(fd);
	close(listener);
	return fd;
}

struct bgp *bgp_accept(uint32_t as)
{
	struct bgp *b = calloc(1, sizeof(*b));

	if (b == NULL)
		err(1, "session");
	b->fd = tcp_accept();
	if (!open_send(b->fd, &(struct bgp_open){.as = as}) || !handshake_read(b))
		errx(1, "the peer did not open");
	return b;
}

void bgp_close(struct bgp *b)
{
	close(b->fd);
	wire_free(&b->out);
	free(b);
}

int bgp_fd(const struct bgp *b)
{
	return b->fd;
}

void bgp_queue(struct bgp *b, const struct wire *messages)
{
	wire_put(&b->out, messages->bytes, messages->length);
}

size_t bgp_backlog(const struct bgp *b)
{
	return b->out.length - b->sent;
}

static void keepalive_check(struct bgp *b)
{
	uint64_t now = stamp_now_ns();

	if (now < b->keepalive_due_ns)
		return;
	b->keepalive_due_ns = now + b->keepalive_ns;
	wire_put(&b->out, keepalive, sizeof(keepalive));
}

static void backlog_write(struct bgp *b)
{
	while (bgp_backlog(b)) {
		ssize_t n = send(
		    b->fd, b->out.bytes + b->sent, bgp_backlog(b), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			err(1, "BGP send");
		b->sent += (size_t)n;
	}
	b->out.length = b->sent = 0;
}

static void message_handle(const uint8_t *message, size_t length, update_seen_fn *seen, void *arg)
{
	if (message[18] == MESSAGE_NOTIFICATION)
		errx(1, "NOTIFICATION %u/%u from the peer", message[HEADER], message[HEADER + 1]);
	if (message[18] == MESSAGE_UPDATE)
		seen(arg, message + HEADER, length - HEADER);
}

static void messages_handle(struct bgp *b, update_seen_fn *seen, void *arg)
{
	size_t at = 0;

	while (b->received - at >= HEADER) {
		size_t length = message_length(b->in + at);

		if (length < HEADER)
			errx(1, "BGP message of %zu bytes", length);
		if (b->received - at < length)
			break;
		message_handle(b->in + at, length, seen, arg);
		at += length;
	}
	memmove(b->in, b->in + at, b->received - at);
	b->received -= at;
}

uint64_t bgp_arrival_ns(const struct bgp *b)
{
	return b->arrival_ns;
}

/* Receive time stamps are of CLOCK_REALTIME; the distance of the clocks is taken here and now. */
static uint64_t monotonic_of(const struct timespec *real)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return stamp_now_ns() -
	       (uint64_t)((now.tv_sec - real->tv_sec) * 1000000000 + now.tv_nsec - real->tv_nsec);
}

static void arrival_note(struct bgp *b, struct msghdr *msg)
{
	struct timespec stamps[3];

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(stamps, CMSG_DATA(c), sizeof(stamps));
			b->arrival_ns = monotonic_of(&stamps[0]);
		}
}

static ssize_t stamped_read(struct bgp *b)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct iovec iov = {b->in + b->received, sizeof(b->in) - b->received};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(b->fd, &msg, MSG_DONTWAIT);

	if (n > 0)
		arrival_note(b, &msg);
	return n;
}

bool bgp_turn(struct bgp *b, update_seen_fn *seen, void *arg)
{
	bool any = false;

	keepalive_check(b);
	backlog_write(b);
	for (;;) {
		ssize_t n = stamped_read(b);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return any;
		if (n <= 0)
			errx(1, "the peer closed the session");
		b->received += (size_t)n;
		messages_handle(b, seen, arg);
		any = true;
	}
}
