/* bench-bfd: a BFD peer (RFC 5880, one hop, IPv4) that measures how regularly the other side sends.
 *
 * usage: bench-bfd LOCAL REMOTE INTERVAL_MS MULTIPLIER
 *
 * It comes up, keeps its own pace, and notes the time between the arrivals of two packets while the
 * session is Up, by the kernel's receive time stamp: whether this program was scheduled in time
 * does not matter. Each line on standard input is answered with one line of JSON about the time
 * since the last one: the gaps, how many were longer than the detection time, how often the other
 * side said that it had lost us, and how often we lost it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stamp.h"

enum { PORT = 3784, SOURCE_PORT = 50001, SIZE = 24, DOWN = 1, INIT = 2, UP = 3, OURS = 0x1234 };

struct peer {
	int in, out;
	uint32_t interval_ms, multiplier;
	int state, remote_state;
	uint32_t theirs, their_interval_us, their_min_rx_us;
	bool poll, answer; /* we ask; they have asked */
	uint64_t last_ns;  /* arrival of the last packet; 0: none to count from */
	uint64_t heard_ns, sent_ns;
	struct stamps gaps;
	unsigned long late, lost_by_them, lost_by_us;
};

static uint32_t get(const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, 4);
	return ntohl(n);
}

static void put(uint8_t *p, uint32_t n)
{
	n = htonl(n);
	memcpy(p, &n, 4);
}

static int udp(const char *local, uint16_t port, const char *remote)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1, ttl = 255;

	inet_pton(AF_INET, local, &at.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) != 0)
		err(1, "socket");
	at.sin_port = htons(PORT);
	inet_pton(AF_INET, remote, &at.sin_addr);
	if (port != PORT && connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		err(1, "connect");
	return fd;
}

static uint64_t pace_ns(const struct peer *p)
{
	uint64_t us = p->state == UP ? p->interval_ms * 1000 : 1000000;

	/* Jitter is for networks with many sessions. */
	return (us > p->their_min_rx_us ? us : p->their_min_rx_us) * 900;
}

static void send_packet(struct peer *p, bool final)
{
	uint8_t b[SIZE] = {0x20, (uint8_t)(p->state << 6), (uint8_t)p->multiplier, SIZE};

	if (final)
		b[1] |= 0x10;
	else if (p->poll)
		b[1] |= 0x20;
	put(b + 4, OURS);
	put(b + 8, p->theirs);
	put(b + 12, p->state == UP ? p->interval_ms * 1000 : 1000000);
	put(b + 16, p->interval_ms * 1000);
	send(p->out, b, SIZE, 0);
	if (!final)
		p->sent_ns = stamp_now_ns();
}

static void to_state(struct peer *p, int state)
{
	if (state == p->state)
		return;
	p->state = state;
	p->poll = state == UP;
	p->last_ns = 0;
	send_packet(p, false);
}

static void take(struct peer *p, const uint8_t *b, uint64_t arrived_ns)
{
	int said = b[1] >> 6;

	p->theirs = get(b + 4);
	p->their_interval_us = get(b + 12);
	p->their_min_rx_us = get(b + 16);
	p->heard_ns = stamp_now_ns();
	if ((b[1] & 0x10) != 0)
		p->poll = false;
	if ((b[1] & 0x20) != 0)
		send_packet(p, true);
	if (p->state == UP && said <= DOWN) {
		p->lost_by_them++;
		to_state(p, DOWN);
	} else if (p->state == DOWN && said == DOWN) {
		to_state(p, INIT);
	} else if (said >= INIT) {
		to_state(p, UP);
	}
	if (p->state != UP || said != UP)
		return;
	/* An answer to a poll comes beside the schedule. */
	if (p->last_ns != 0 && (b[1] & 0x10) == 0)
		stamps_add(&p->gaps, arrived_ns - p->last_ns);
	if (p->last_ns != 0 &&
	    arrived_ns - p->last_ns > p->multiplier * 1000000ull * p->interval_ms)
		p->late++;
	p->last_ns = arrived_ns;
}

static void read_packets(struct peer *p)
{
	uint8_t bytes[64], control[128];
	struct iovec iov = {bytes, sizeof(bytes)};

	for (;;) {
		struct msghdr m = {.msg_iov = &iov,
		    .msg_iovlen = 1,
		    .msg_control = control,
		    .msg_controllen = sizeof(control)};
		struct timespec at;

		if (recvmsg(p->in, &m, 0) < SIZE)
			return;
		memcpy(&at, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(at));
		take(p, bytes, (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec);
	}
}

static void detect(struct peer *p)
{
	uint64_t limit_ns = p->multiplier * 1000ull * p->their_interval_us;

	/* Every 100 ms at most would do: this is about the count, not the moment. */
	if (p->state != UP || stamp_now_ns() - p->heard_ns < limit_ns)
		return;
	p->lost_by_us++;
	p->theirs = 0;
	to_state(p, DOWN);
}

static void answer(struct peer *p)
{
	printf("{");
	stamps_print(&p->gaps, "gaps", stdout);
	printf(",\"late\":%lu,\"lost_by_them\":%lu,\"lost_by_us\":%lu,\"up\":%s}\n", p->late,
	    p->lost_by_them, p->lost_by_us, p->state == UP ? "true" : "false");
	fflush(stdout);
	stamps_free(&p->gaps);
	p->gaps = (struct stamps){0};
	p->late = p->lost_by_them = p->lost_by_us = 0;
}

int main(int argc, char **argv)
{
	struct peer p = {.state = DOWN, .their_min_rx_us = 1};
	char line[16];

	if (argc != 5)
		errx(2, "usage: bench-bfd LOCAL REMOTE INTERVAL_MS MULTIPLIER");
	p.interval_ms = (uint32_t)atoi(argv[3]);
	p.multiplier = (uint32_t)atoi(argv[4]);
	sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});
	p.in = udp(argv[1], PORT, argv[2]);
	p.out = udp(argv[1], SOURCE_PORT, argv[2]);
	for (;;) {
		struct pollfd fds[2] = {{p.in, POLLIN, 0}, {0, POLLIN, 0}};
		uint64_t now = stamp_now_ns(), due = p.sent_ns + pace_ns(&p);

		poll(fds, 2, due > now ? (int)((due - now) / 1000000) + 1 : 0);
		read_packets(&p);
		detect(&p);
		if (stamp_now_ns() >= p.sent_ns + pace_ns(&p))
			send_packet(&p, false);
		if ((fds[1].revents & (POLLIN | POLLHUP)) == 0)
			continue;
		if (read(0, line, sizeof(line)) <= 0)
			return 0;
		answer(&p);
	}
}
