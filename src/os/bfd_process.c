/*
 * BFD beside the daemon: a forked child with a loop of its own.
 *
 * The two ends exchange struct bfd_order and struct bfd_report as they are, one a message, over a
 * pair of SOCK_SEQPACKET sockets: same program, same layout. The child never waits for the daemon:
 * a report for which there is no room stays owed (bfd/speaker.h). So the daemon may wait for the
 * child to read an order.
 *
 * Between the daemon and the child is a keeper, which waits for the child to die and forks the next
 * one: the daemon cannot, behind its system call filter, and the child's end of the pipe must
 * outlive it. The keeper tells the daemon of either (BFD_REPORT_GONE, _BEGUN). Orders that were on
 * their way to the one that died wait in the pipe; its successor passes over all until
 * BFD_ORDER_BEGIN.
 *
 * The child's turn: orders, then what peers sent, then what is due. It reads before it judges
 * timers. What strangers send does not get so far (os/bfd_filter); of what could be a peer's each
 * read is bounded, so a flood delays a packet of ours by one batch and no more; and
 * when there was more to read than that, it is left to wait for a millisecond: the child runs
 * before all others, and a flood must not be able to make it run always.
 */
#include "os/bfd_process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "bfd/speaker.h"
#include "os/bfd_echo.h"
#include "os/bfd_udp.h"
#include "os/clock.h"
#include "os/privs.h"

#define ORDERS_PER_TURN 64
#define REPORTS_PER_TURN 64
#define ERRORS_MAX 16
#define BUFFER_SIZE (1 << 20)
#define NICE (-20)
#define REALTIME 1 /* the lowest: above everything ordinary, below all that others chose */
#define PAUSE_MS 1
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 10000
#define HEALTHY_MS 60000   /* who lived so long may die at once again */
#define FORWARDING_MS 1000 /* how often it is looked up */

/* ---- the child ----------------------------------------------------------------------------- */

struct child {
	int fd; /* -1: the daemon has gone */
	struct bfd *bfd;
	struct bfd_udp *udp;
	struct bfd_echo_io *echo;
	mono_t forwarding_at;		      /* when to look it up again */
	struct bfd_report errors[ERRORS_MAX]; /* not given yet */
	size_t error_count;
	bool waits;	/* for BFD_ORDER_BEGIN */
	bool full;	/* the pipe: until it can be written */
	mono_t read_at; /* before that nothing is read from peers */
	mono_t now;
};

static bool child_give(struct child *c, const struct bfd_report *r)
{
	if (c->fd < 0)
		return true; /* nobody wants to know */
	if (!c->full && send(c->fd, r, sizeof(*r), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*r))
		return true;
	c->full = true;
	return false;
}

static void child_open(
    void *context, uint32_t id, uint32_t discriminator, const struct bfd_path *path)
{
	bfd_udp_open(((struct child *)context)->udp, id, discriminator, path);
}

static void child_close(void *context, uint32_t id)
{
	bfd_udp_close(((struct child *)context)->udp, id);
}

static void child_send(void *context, uint32_t id, const uint8_t *bytes, size_t size)
{
	bfd_udp_send(((struct child *)context)->udp, id, bytes, size);
}

static void child_echo(
    void *context, const struct bfd_echo_path *path, const uint8_t *bytes, size_t size)
{
	bfd_echo_io_send(((struct child *)context)->echo, path, bytes, size);
}

static bool child_report(void *context, const struct bfd_report *r)
{
	return child_give(context, r);
}

/* Beyond ERRORS_MAX the newest is lost: its likes have been told. */
static void child_failed(void *context, uint32_t id, enum bfd_error what, uint16_t port, int error)
{
	struct child *c = context;

	if (c->error_count == ERRORS_MAX)
		return;
	c->errors[c->error_count++] =
	    (struct bfd_report){.kind = BFD_REPORT_ERROR, .id = id, .error = {what, error, port}};
}

static void child_echo_failed(void *context, int error)
{
	child_failed(context, 0, BFD_ERROR_ECHO, BFD_PORT_ECHO, error);
}

static void child_give_errors(struct child *c)
{
	size_t given = 0;

	while (given < c->error_count && child_give(c, &c->errors[given]))
		given++;
	c->error_count -= given;
	memmove(c->errors, c->errors + given, c->error_count * sizeof(c->errors[0]));
}

static void child_received(void *context, const struct bfd_datagram *d)
{
	struct child *c = context;

	bfd_received(c->bfd, d, c->now);
}

static void child_echoed(void *context, const uint8_t *bytes, size_t size)
{
	struct child *c = context;

	bfd_echoed(c->bfd, bytes, size, c->now);
}

/* Only when there is something else to do: nobody waits for it. */
static void child_look_up_forwarding(struct child *c)
{
	if (!mono_reached(c->forwarding_at, c->now))
		return;
	bfd_loops(c->bfd, bfd_echo_io_forwards());
	c->forwarding_at = mono_add_ms(c->now, FORWARDING_MS);
}

static void child_orders(struct child *c)
{
	for (int i = 0; c->fd >= 0 && i < ORDERS_PER_TURN; i++) {
		struct bfd_order order;
		ssize_t n = recv(c->fd, &order, sizeof(order), MSG_DONTWAIT);

		if (n == sizeof(order) && c->waits) {
			c->waits = order.kind != BFD_ORDER_BEGIN;
		} else if (n == sizeof(order)) {
			bfd_dropped(c->bfd, bfd_udp_dropped(c->udp));
			bfd_order(c->bfd, &order, c->now);
		} else if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
			close(c->fd);
			c->fd = -1;
			bfd_stop(c->bfd, c->now);
		} else {
			return;
		}
	}
}

static struct timespec until(mono_t due, mono_t now)
{
	int64_t ns = mono_reached(due, now) ? 0 : due.ns - now.ns;

	return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

static void child_wait(struct child *c, mono_t due)
{
	struct pollfd fds[BFD_LISTENERS_MAX + 2];
	size_t n = mono_reached(c->read_at, c->now) ? bfd_udp_poll(c->udp, fds) : 0;
	struct timespec timeout = until(due, clock_now());

	if (bfd_echo_io_fd(c->echo) >= 0)
		fds[n++] = (struct pollfd){.fd = bfd_echo_io_fd(c->echo), .events = POLLIN};
	if (c->fd >= 0)
		fds[n++] = (struct pollfd){
		    .fd = c->fd, .events = (short)(POLLIN | (c->full ? POLLOUT : 0))};
	if (ppoll(fds, (nfds_t)n, due.ns == MONO_NEVER.ns ? NULL : &timeout, NULL) > 0 &&
	    c->fd >= 0 && (fds[n - 1].revents & POLLOUT) != 0)
		c->full = false;
}

static void child_turn(struct child *c)
{
	mono_t due = mono_min(bfd_udp_listen(c->udp, c->now), bfd_deadline(c->bfd));

	/* A report is owed, and waits for room in the pipe: that is not a deadline. */
	if (c->full && due.ns == 0)
		due = mono_add_ms(c->now, 1);
	if (!mono_reached(c->read_at, c->now))
		due = mono_min(due, c->read_at);
	child_wait(c, due);
	c->now = clock_now();
	child_look_up_forwarding(c);
	child_orders(c);
	bfd_echo_io_receive(c->echo, c, child_echoed);
	if (mono_reached(c->read_at, c->now) && bfd_udp_receive(c->udp, c, child_received))
		c->read_at = mono_add_ms(c->now, PAUSE_MS);
	c->now = clock_now();
	bfd_run(c->bfd, c->now);
	child_give_errors(c);
}

void bfd_process_run(int fd, uint64_t seed, bool successor)
{
	struct child c = {.fd = fd, .waits = successor, .now = clock_now()};
	struct bfd_host host = {&c, child_open, child_close, child_send, child_echo, child_report};
	struct bfd_udp_host udp = {&c, child_failed};
	struct bfd_echo_io_host echo = {&c, child_echo_failed};

	c.bfd = bfd_new(seed, &host);
	c.udp = bfd_udp_new(&udp);
	c.echo = bfd_echo_io_new(&echo);
	while (c.fd >= 0 || !bfd_idle(c.bfd))
		child_turn(&c);
	bfd_echo_io_free(c.echo);
	bfd_udp_free(c.udp);
	bfd_free(c.bfd);
}

static void log_nowhere(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)level;
	(void)topic;
	(void)text;
}

static void child_settle(bool sandbox)
{
	struct log log = {.write = log_nowhere};
	struct sched_param realtime = {.sched_priority = REALTIME};

	prctl(PR_SET_NAME, "evpnd-bfd");
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &realtime) != 0)
		setpriority(PRIO_PROCESS, 0, NICE);
	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	if (!sandbox)
		return;
	privs_drop_most(&log);
	privs_sandbox(true, &log);
}

static void child_main(int fd, bool successor, void *context)
{
	const bool *sandbox = context;
	uint64_t seed;

	check(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
	child_settle(*sandbox);
	bfd_process_run(fd, seed, successor);
}

/* ---- the keeper ---------------------------------------------------------------------------- */

/* False: the daemon has gone. */
static bool keeper_tell(int fd, enum bfd_report_kind kind)
{
	struct bfd_report r = {.kind = kind};

	return send(fd, &r, sizeof(r), MSG_NOSIGNAL) == sizeof(r);
}

/* False: the daemon has gone meanwhile. */
static bool keeper_rest(int fd, int ms)
{
	struct pollfd end = {.fd = fd};

	return poll(&end, 1, ms) == 0;
}

/* True: it has ended of itself, since there is no daemon any more. */
static bool keeper_run(
    int fd, bool successor, void (*run)(int fd, bool successor, void *context), void *context)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		run(fd, successor, context);
		_exit(0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void bfd_process_keep(int fd, void (*run)(int fd, bool successor, void *context), void *context)
{
	int backoff_ms = 0;

	for (bool successor = false;; successor = true) {
		mono_t began = clock_now();

		if (keeper_run(fd, successor, run, context) || !keeper_tell(fd, BFD_REPORT_GONE))
			return;
		if (mono_ms_between(began, clock_now()) > HEALTHY_MS)
			backoff_ms = 0;
		if (!keeper_rest(fd, backoff_ms) || !keeper_tell(fd, BFD_REPORT_BEGUN))
			return;
		backoff_ms = backoff_ms == 0		       ? BACKOFF_FIRST_MS
			     : backoff_ms < BACKOFF_MAX_MS / 2 ? backoff_ms * 2
							       : BACKOFF_MAX_MS;
	}
}

/* Signals meant for the daemon reach its whole group; keeper and child go by the pipe alone. */
__attribute__((noreturn)) static void keeper_main(int fd, bool sandbox)
{
	struct log log = {.write = log_nowhere};

	check(dup2(fd, STDERR_FILENO + 1) >= 0);
	close_range(STDERR_FILENO + 2, ~0u, 0);
	prctl(PR_SET_NAME, "evpnd-bfd-keep");
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (sandbox)
		privs_drop_to_children(&log);
	bfd_process_keep(STDERR_FILENO + 1, child_main, &sandbox);
	_exit(0);
}

/* ---- the daemon's end ---------------------------------------------------------------------- */

struct bfd_process {
	int fd; /* -1: there is no child */
	struct log *log;
	sd_event_source *io;
	struct event_sink sink;
	bool gone; /* to be told */
};

struct bfd_process *bfd_process_start(bool sandbox, struct log *log)
{
	struct bfd_process *p = mem_new(sizeof(*p));
	int size = BUFFER_SIZE, pair[2];
	pid_t child = -1;

	p->log = log;
	p->fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		log_error(log, LOG_OS, "no BFD: %s", strerror(errno));
		return p;
	}
	/* Beyond net.core.wmem_max only with a privilege; less will do. */
	for (int i = 0; i < 2; i++)
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
			setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	child = fork();
	if (child == 0)
		keeper_main(pair[1], sandbox);
	close(pair[1]);
	p->fd = pair[0];
	if (child < 0) {
		log_error(log, LOG_OS, "no BFD: fork: %s", strerror(errno));
		close(p->fd);
		p->fd = -1;
	}
	return p;
}

/* Once: afterwards there is nobody to order or to hear from. */
static void process_lost(struct bfd_process *p)
{
	p->io = sd_event_source_disable_unref(p->io);
	close(p->fd);
	p->fd = -1;
	p->gone = true;
}

static int on_report(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct bfd_process *p = context;

	(void)source;
	(void)fd;
	(void)revents;
	for (int i = 0; i < REPORTS_PER_TURN && p->fd >= 0; i++) {
		struct event event = {.kind = EVENT_BFD};
		ssize_t n = recv(p->fd, &event.bfd, sizeof(event.bfd), MSG_DONTWAIT);

		if (n == sizeof(event.bfd)) {
			event_emit(&p->sink, &event);
			continue;
		}
		if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
			process_lost(p);
			p->gone = false;
			event.bfd = (struct bfd_report){.kind = BFD_REPORT_GONE};
			event_emit(&p->sink, &event);
		}
		break;
	}
	return 0;
}

void bfd_process_attach(struct bfd_process *p, sd_event *event, const struct event_sink *sink)
{
	p->sink = *sink;
	if (p->fd >= 0)
		check(sd_event_add_io(event, &p->io, p->fd, EPOLLIN, on_report, p) >= 0);
}

void bfd_process_order(struct bfd_process *p, const struct bfd_order *order)
{
	ssize_t n;

	if (p->fd < 0)
		return;
	do
		n = send(p->fd, order, sizeof(*order), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		process_lost(p);
}

bool bfd_process_next(struct bfd_process *p, struct event *event)
{
	if (!p->gone)
		return false;
	p->gone = false;
	*event = (struct event){.kind = EVENT_BFD, .bfd = {.kind = BFD_REPORT_GONE}};
	return true;
}

void bfd_process_free(struct bfd_process *p)
{
	sd_event_source_disable_unref(p->io);
	if (p->fd >= 0)
		close(p->fd);
	mem_free(p);
}
