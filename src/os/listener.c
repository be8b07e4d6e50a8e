/*
 * The listener. Two sockets (IPV6_V6ONLY), so that addresses need no unmapping and a machine
 * without IPv6 loses nothing. Bounded: at most ACCEPT_BURST connections per turn of the loop.
 *
 * Two troubles are waited out instead of spun on, with one timer: a port that is taken or may
 * not be bound, and a process without descriptors left (accept() would fail, and the descriptor
 * stay readable, for ever).
 */
#include "os/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "os/sockaddr.h"

#define ACCEPT_BURST 16
#define BACKLOG 128
/* Of the SYN-ACK: whether the peer insists on 255 (RFC 5082) is not known before it has connected.
 * Who accepts the connection sets what it is to have then. */
#define TTL_MAX 255
#define RETRY_US 3000000u

struct listener_socket {
	struct listener *listener;
	int family;
	int fd; /* -1 closed */
	sd_event_source *io;
};

struct listener {
	sd_event *event;
	struct log *log;
	struct listener_calls calls;
	struct listener_socket sockets[LISTENER_SOCKETS];
	sd_event_source *retry;
	uint16_t port; /* 0: not listening */
	bool warned;   /* about this port */
};

static void listener_retry_later(struct listener *l);

static void socket_close(struct listener_socket *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static bool is_out_of_descriptors(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static int on_acceptable(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct listener_socket *s = context;
	struct listener *l = s->listener;

	(void)source;
	(void)revents;
	/* The callback may have closed this socket and opened another: look each time. */
	for (int i = 0; i < ACCEPT_BURST && s->fd == fd; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (peer >= 0) {
			l->calls.accepted(l->calls.context, peer);
			continue;
		}
		if (is_out_of_descriptors(errno)) {
			log_error(l->log, LOG_OS, "cannot accept: %s", strerror(errno));
			sd_event_source_set_enabled(s->io, SD_EVENT_OFF);
			listener_retry_later(l);
		}
		break;
	}
	return 0;
}

static int socket_open(const struct listener *l, struct listener_socket *s)
{
	union sockaddr_ip any;
	struct ip zero = {.family = s->family == AF_INET ? IP_V4 : IP_V6};
	socklen_t size = sockaddr_from_ip(&any, &zero, l->port, (ifindex_t){0});
	int on = 1, ttl = TTL_MAX;

	s->fd = socket(s->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (s->fd < 0)
		return errno == EAFNOSUPPORT ? 0 : errno;
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(s->fd, IPPROTO_TCP, TCP_SAVE_SYN, &on, sizeof(on)); /* for its TTL */
	if (s->family == AF_INET6) {
		setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(s->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
	} else {
		setsockopt(s->fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	}
	if (bind(s->fd, &any.sa, size) != 0)
		return errno;
	l->calls.opened(l->calls.context, s->fd);
	if (listen(s->fd, BACKLOG) != 0)
		return errno;
	check(sd_event_add_io(l->event, &s->io, s->fd, EPOLLIN, on_acceptable, s) >= 0);
	return 0;
}

static void listener_open(struct listener *l)
{
	for (size_t i = 0; i < LISTENER_SOCKETS; i++) {
		struct listener_socket *s = &l->sockets[i];
		int error;

		if (s->fd >= 0) {
			sd_event_source_set_enabled(s->io, SD_EVENT_ON);
			continue;
		}
		error = socket_open(l, s);
		/* IPv6 may be compiled in but switched off: then there is no such address. */
		if (error == 0 || (error == EADDRNOTAVAIL && s->family == AF_INET6))
			continue;
		socket_close(s);
		if (!l->warned)
			log_warning(l->log, LOG_OS, "cannot listen on port %u: %s; will try again",
			    l->port, strerror(error));
		l->warned = true;
		listener_retry_later(l);
	}
}

static int on_retry(sd_event_source *source, uint64_t usec, void *context)
{
	struct listener *l = context;

	(void)usec;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (l->port != 0)
		listener_open(l);
	return 0;
}

static void listener_retry_later(struct listener *l)
{
	sd_event_source_set_time_relative(l->retry, RETRY_US);
	sd_event_source_set_enabled(l->retry, SD_EVENT_ONESHOT);
}

void listener_set(struct listener *l, uint16_t port)
{
	if (port == l->port)
		return;
	for (size_t i = 0; i < LISTENER_SOCKETS; i++)
		socket_close(&l->sockets[i]);
	l->port = port;
	l->warned = false;
	if (port != 0)
		listener_open(l);
}

size_t listener_fds(const struct listener *l, int fds[LISTENER_SOCKETS])
{
	size_t n = 0;

	for (size_t i = 0; i < LISTENER_SOCKETS; i++)
		if (l->sockets[i].fd >= 0)
			fds[n++] = l->sockets[i].fd;
	return n;
}

struct listener *listener_new(sd_event *event, struct log *log, const struct listener_calls *calls)
{
	struct listener *l = mem_new(sizeof(*l));

	*l = (struct listener){.event = event, .log = log, .calls = *calls};
	l->sockets[0] = (struct listener_socket){.listener = l, .family = AF_INET, .fd = -1};
	l->sockets[1] = (struct listener_socket){.listener = l, .family = AF_INET6, .fd = -1};
	check(sd_event_add_time_relative(
		  event, &l->retry, CLOCK_MONOTONIC, RETRY_US, 0, on_retry, l) >= 0);
	sd_event_source_set_enabled(l->retry, SD_EVENT_OFF);
	return l;
}

void listener_free(struct listener *l)
{
	listener_set(l, 0);
	sd_event_source_disable_unref(l->retry);
	mem_free(l);
}
