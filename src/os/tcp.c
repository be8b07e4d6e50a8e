/*
 * BGP connections (RFC 4271 section 4 runs over one TCP connection each).
 *
 * A connection is in one of two containers. `known` maps the ids that the engine knows to
 * connections that are connecting, open, or failed and not yet told. `lingering` lists those that
 * the engine has closed and that still deliver what was sent: a NOTIFICATION must arrive, so the
 * write side is shut after the last byte and the read side drained until the peer has closed too
 * (a close() with unread input would answer with RST, and RST discards what the peer has not read
 * yet). Bounded by time and by number.
 *
 * Writes are gathered: tcp_send() queues, tcp_flush() at the end of the turn writes. A failure
 * found there is not an event yet; the connection waits in `pending` until the loop pulls it with
 * tcp_next(). If the engine closes the connection before that, the failure is never told, so an
 * id that the engine uses again cannot meet the failure of its former owner.
 */
#include "os/tcp.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "os/handover.h"
#include "os/listener.h"
#include "os/sendq.h"
#include "os/sockaddr.h"
#include "os/tcpauth.h"

#define READ_SIZE ((size_t)64 << 10)
#define LINGERING_MAX 256
#define ACCEPTED_MAX 1024
#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73 /* linux/in6.h has it, and another struct in6_addr */
#endif

enum conn_state { CONN_CONNECTING, CONN_OPEN, CONN_FAILED, CONN_LINGERING };

struct conn {
	uint32_t id;
	enum conn_state state;
	struct tcp *tcp;
	int fd; /* -1 once failed */
	sd_event_source *io, *linger_timer;
	struct sendq out;
	struct list_node dirty;	  /* has bytes to write at the end of the turn */
	struct list_node pending; /* has something to tell */
	struct list_node lingering;
	bool owes_drained;	   /* bytes were sent since the last PEER_DRAINED */
	bool shut;		   /* lingering: our side is closed */
	int error;		   /* CONN_FAILED */
	struct framing in;	   /* of what was received */
	bool handling;		   /* what was received is being handled */
	struct handover *handover; /* owned; NULL: it ends with us */
	uint32_t interest;	   /* epoll events asked for */
};

struct tcp {
	sd_event *event;
	struct event_sink sink;
	struct log *log;
	struct listener *listener;
	struct tcpauth *auth;
	struct map known; /* by conn.id */
	struct list dirty, pending, lingering;
	uint32_t next_accepted;
	size_t accepted_count;
	uint8_t buffer[READ_SIZE];
};

/* ---- life of a connection ------------------------------------------------------------------ */

static int on_conn_io(sd_event_source *source, int fd, uint32_t revents, void *context);

static struct conn *conn_find(const struct tcp *t, uint32_t id)
{
	return map_find(&t->known, &id);
}

static bool is_accepted(uint32_t id)
{
	return (id & CONN_ACCEPTED) != 0;
}

static struct conn *conn_new(struct tcp *t, uint32_t id, enum conn_state state)
{
	struct conn *c = mem_new(sizeof(*c));

	c->id = id;
	c->state = state;
	c->tcp = t;
	c->fd = -1;
	check(conn_find(t, id) == NULL);
	map_insert(&t->known, c);
	t->accepted_count += is_accepted(id);
	return c;
}

static void conn_forget(struct conn *c)
{
	map_remove(&c->tcp->known, &c->id);
	c->tcp->accepted_count -= is_accepted(c->id);
}

static void conn_close_fd(struct conn *c)
{
	handover_forget(c->handover);
	c->handover = NULL;
	c->io = sd_event_source_disable_unref(c->io);
	c->linger_timer = sd_event_source_disable_unref(c->linger_timer);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void unlist(struct list *l, struct list_node *n)
{
	if (list_linked(n))
		list_remove(l, n);
}

/* Not in `known` any more. */
static void conn_free(struct conn *c)
{
	conn_close_fd(c);
	unlist(&c->tcp->dirty, &c->dirty);
	unlist(&c->tcp->pending, &c->pending);
	unlist(&c->tcp->lingering, &c->lingering);
	sendq_fini(&c->out);
	mem_free(c);
}

static void conn_tell_later(struct conn *c)
{
	if (!list_linked(&c->pending))
		list_append(&c->tcp->pending, &c->pending);
}

/* The connection is over; the engine will be told. 0: the peer closed it in order. */
static void conn_failed(struct conn *c, int error)
{
	conn_close_fd(c);
	unlist(&c->tcp->dirty, &c->dirty);
	sendq_fini(&c->out);
	c->state = CONN_FAILED;
	c->error = error;
	conn_tell_later(c);
}

static void conn_want(struct conn *c, uint32_t events)
{
	if (events == c->interest)
		return;
	c->interest = events;
	check(sd_event_source_set_io_events(c->io, events) >= 0);
}

static void conn_attach(struct conn *c, int fd, uint32_t events)
{
	struct tcp *t = c->tcp;

	c->fd = fd;
	c->interest = events;
	check(sd_event_add_io(t->event, &c->io, fd, events, on_conn_io, c) >= 0);
}

/* ---- writing ----------------------------------------------------------------------------- */

/* `moved`: the kernel took some. */
static void conn_written(struct conn *c, bool moved)
{
	if (moved && c->owes_drained && c->state == CONN_OPEN && sendq_size(&c->out) < TCP_LOW_MARK)
		conn_tell_later(c);
	if (c->state == CONN_LINGERING && sendq_size(&c->out) == 0 && !c->shut) {
		shutdown(c->fd, SHUT_WR);
		c->shut = true;
	}
	conn_want(c, sendq_size(&c->out) > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void conn_write(struct conn *c)
{
	size_t had = sendq_size(&c->out);
	int error;

	handover_busy(c->handover, HANDOVER_OUT, true);
	error = sendq_send(&c->out, c->fd);
	/* What was queued is whole messages. */
	handover_busy(c->handover, HANDOVER_OUT, error != 0 || sendq_size(&c->out) > 0);
	if (error == 0)
		conn_written(c, sendq_size(&c->out) < had);
	else if (c->state == CONN_LINGERING)
		conn_free(c);
	else
		conn_failed(c, error);
}

void tcp_send(struct tcp *t, uint32_t conn, const uint8_t *bytes, size_t size)
{
	struct conn *c = conn_find(t, conn);

	if (c == NULL || c->state == CONN_FAILED)
		return;
	if (sendq_size(&c->out) + size > TCP_QUEUE_MAX) {
		conn_failed(c, ENOBUFS);
		return;
	}
	sendq_add(&c->out, bytes, size);
	c->owes_drained = true;
	if (!list_linked(&c->dirty))
		list_append(&t->dirty, &c->dirty);
}

void tcp_flush(struct tcp *t)
{
	struct list_node *n;

	while ((n = list_shift(&t->dirty)) != NULL) {
		struct conn *c = list_entry(n, struct conn, dirty);

		/* While connecting the bytes wait for the connection. */
		if (c->state == CONN_OPEN || c->state == CONN_LINGERING)
			conn_write(c);
	}
}

/* Bytes sent since it was listed may have filled the queue again: then it is told later. */
static bool conn_has_news(const struct conn *c)
{
	return c->state == CONN_FAILED || sendq_size(&c->out) < TCP_LOW_MARK;
}

static void conn_tell(struct conn *c, struct event *event)
{
	*event = (struct event){.kind = EVENT_PEER_DRAINED, .peer.conn = c->id};
	c->owes_drained = false;
	if (c->state != CONN_FAILED)
		return;
	event->kind = EVENT_PEER_CLOSED;
	event->peer.error = c->error;
	conn_forget(c);
	conn_free(c);
}

bool tcp_next(struct tcp *t, struct event *event)
{
	struct list_node *n;

	while ((n = list_shift(&t->pending)) != NULL) {
		struct conn *c = list_entry(n, struct conn, pending);

		if (!conn_has_news(c))
			continue;
		conn_tell(c, event);
		return true;
	}
	return false;
}

/* ---- closing ----------------------------------------------------------------------------- */

static int on_linger_end(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	conn_free(context);
	return 0;
}

static void conn_linger(struct conn *c)
{
	struct tcp *t = c->tcp;

	c->state = CONN_LINGERING;
	handover_forget(c->handover);
	c->handover = NULL;
	unlist(&t->pending, &c->pending);
	if (t->lingering.count >= LINGERING_MAX)
		conn_free(list_entry(list_first(&t->lingering), struct conn, lingering));
	list_append(&t->lingering, &c->lingering);
	check(sd_event_add_time_relative(t->event, &c->linger_timer, CLOCK_MONOTONIC,
		  TCP_LINGER_MS * 1000u, 0, on_linger_end, c) >= 0);
	if (!list_linked(&c->dirty))
		list_append(&t->dirty, &c->dirty);
}

void tcp_close(struct tcp *t, uint32_t conn)
{
	struct conn *c = conn_find(t, conn);

	if (c == NULL)
		return;
	conn_forget(c);
	if (c->state == CONN_OPEN)
		conn_linger(c);
	else
		conn_free(c);
}

size_t tcp_lingering(const struct tcp *t)
{
	return t->lingering.count;
}

/* ---- reading ----------------------------------------------------------------------------- */

static struct event conn_event(const struct conn *c, enum event_kind kind)
{
	struct event event = {.kind = kind, .peer.conn = c->id};
	union sockaddr_ip local = {0}, remote = {0};
	socklen_t size = sizeof(local);

	if (getsockname(c->fd, &local.sa, &size) == 0)
		event.peer.local = sockaddr_ip(&local, NULL);
	size = sizeof(remote);
	if (getpeername(c->fd, &remote.sa, &size) == 0)
		event.peer.remote = sockaddr_ip(&remote, &event.peer.ifindex);
	return event;
}

/* What was read has had its effect, but for the beginning of a message. */
static void conn_handled(struct conn *c)
{
	c->handling = false;
	handover_busy(c->handover, HANDOVER_IN, c->in.at != 0);
}

/* The engine may close the connection inside emit(): it is looked for again afterwards. */
static void conn_read(struct conn *c)
{
	struct tcp *t = c->tcp;
	struct event event = {.kind = EVENT_PEER_BYTES, .peer.conn = c->id};
	ssize_t n;

	handover_busy(c->handover, HANDOVER_IN, true);
	n = recv(c->fd, t->buffer, sizeof(t->buffer), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		conn_handled(c);
		return;
	}
	if (n <= 0) {
		conn_failed(c, n < 0 ? errno : 0);
		return;
	}
	event.peer.bytes = t->buffer;
	event.peer.size = (size_t)n;
	framing_feed(&c->in, t->buffer, (size_t)n);
	c->handling = true;
	event_emit(&t->sink, &event);
	c = conn_find(t, event.peer.conn);
	if (c != NULL)
		conn_handled(c);
}

/* Discards what still comes in, until the peer closes. */
static void conn_read_lingering(struct conn *c)
{
	ssize_t n = recv(c->fd, c->tcp->buffer, sizeof(c->tcp->buffer), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_free(c);
}

static void conn_connect_done(struct conn *c)
{
	struct tcp *t = c->tcp;
	struct event event;
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error != 0) {
		conn_failed(c, error);
		return;
	}
	c->state = CONN_OPEN;
	conn_want(c, EPOLLIN);
	if (sendq_size(&c->out) > 0)
		list_append(&t->dirty, &c->dirty);
	event = conn_event(c, EVENT_PEER_CONNECTED);
	event_emit(&t->sink, &event);
}

static int on_conn_io(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct conn *c = context;

	(void)source;
	(void)fd;
	switch (c->state) {
	case CONN_CONNECTING:
		conn_connect_done(c);
		return 0;
	case CONN_OPEN:
		if ((revents & EPOLLOUT) != 0)
			conn_write(c);
		if (c->state == CONN_OPEN && (revents & ~(uint32_t)EPOLLOUT) != 0)
			conn_read(c);
		return 0;
	case CONN_LINGERING:
		if ((revents & EPOLLOUT) != 0)
			conn_write(c);
		else
			conn_read_lingering(c);
		return 0;
	case CONN_FAILED:
		return 0;
	}
	return 0;
}

/* ---- opening ----------------------------------------------------------------------------- */

static void set_number(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

/* RFC 1122 section 4.2.3.6. */
static void set_alive(int fd, const struct tcp_options *o)
{
	set_number(fd, SOL_SOCKET, SO_KEEPALIVE, o->alive_idle_s != 0);
	if (o->alive_idle_s == 0)
		return;
	set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, o->alive_idle_s);
	set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, o->alive_interval_s);
	set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, o->alive_probes);
}

/* Best effort, a connection with the wrong DSCP is better than none, but for the least TTL that is
 * received, which is no nicety: 0 or an errno. A segment size is asked for in the SYN: of a
 * connection that was accepted it changes nothing. */
static int set_options(int fd, int family, const struct tcp_options *o)
{
	int min_ttl = o->min_ttl, result;

	set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (o->mss != 0)
		set_number(fd, IPPROTO_TCP, TCP_MAXSEG, o->mss);
	set_alive(fd, o);
	if (family == AF_INET) {
		set_number(fd, IPPROTO_IP, IP_TOS, o->dscp << 2);
		set_number(fd, IPPROTO_IP, IP_TTL, o->ttl);
		result = setsockopt(fd, IPPROTO_IP, IP_MINTTL, &min_ttl, sizeof(min_ttl));
	} else {
		set_number(fd, IPPROTO_IPV6, IPV6_TCLASS, o->dscp << 2);
		set_number(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, o->ttl);
		result = setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &min_ttl, sizeof(min_ttl));
	}
	return result == 0 || min_ttl == 0 ? 0 : errno;
}

/* What came before the options were set has gone by them. But from further away than is allowed no
 * SYN has come with that TTL: the kernel has kept it, unless there was a flood of them. */
static bool syn_came_too_far(int fd, int family, uint8_t min_ttl)
{
	uint8_t header[128];
	socklen_t size = sizeof(header);
	size_t ttl_at = family == AF_INET ? 8 : 7;

	return min_ttl != 0 && getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, header, &size) == 0 &&
	       size > ttl_at && header[ttl_at] < min_ttl;
}

void tcp_set_options(struct tcp *t, uint32_t conn, const struct tcp_options *o)
{
	struct conn *c = conn_find(t, conn);
	union sockaddr_ip local = {0};
	socklen_t size = sizeof(local);
	int error;

	if (c == NULL || c->fd < 0)
		return;
	error = getsockname(c->fd, &local.sa, &size) != 0
		    ? errno
		    : set_options(c->fd, local.sa.sa_family, o);
	if (error == 0 && syn_came_too_far(c->fd, local.sa.sa_family, o->min_ttl))
		error = EMULTIHOP;
	if (error != 0)
		conn_failed(c, error);
}

void tcp_set_auth(struct tcp *t, const struct prefix *remote, const struct tcp_auth *auth)
{
	int fds[LISTENER_SOCKETS];
	size_t count = listener_fds(t->listener, fds);

	tcpauth_set(t->auth, remote, auth, fds, count);
}

static bool is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip->family == IP_V4 ? ip->b[0] == 127 : memcmp(ip->b, one, sizeof(one)) == 0;
}

/* The first global address of that family on the interface; IP_NONE when it has none. */
static struct ip device_address(const char *device, uint8_t family)
{
	struct ifaddrs *all, *a;
	struct ip found = {0};

	if (getifaddrs(&all) != 0)
		return found;
	for (a = all; a != NULL && found.family == IP_NONE; a = a->ifa_next) {
		union sockaddr_ip address = {0};
		struct ip ip;

		if (a->ifa_addr == NULL || strcmp(a->ifa_name, device) != 0)
			continue;
		if (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6)
			continue;
		memcpy(&address, a->ifa_addr,
		    a->ifa_addr->sa_family == AF_INET ? sizeof(address.in) : sizeof(address.in6));
		ip = sockaddr_ip(&address, NULL);
		if (ip.family == family && !ip_is_link_local(&ip) && !is_loopback(&ip))
			found = ip;
	}
	freeifaddrs(all);
	return found;
}

/* 0 or an errno. */
static int bind_source(int fd, const struct action_connect *to)
{
	union sockaddr_ip address;
	struct ip source = to->source;
	socklen_t size;
	int on = 1;

	if (source.family == IP_NONE && to->source_dev[0] != '\0') {
		source = device_address(to->source_dev, to->remote.family);
		if (source.family == IP_NONE)
			return EADDRNOTAVAIL;
	}
	if (source.family == IP_NONE)
		return 0;
	if (source.family != to->remote.family)
		return EAFNOSUPPORT;
	/* The port is chosen at connect(), when the whole 4-tuple is known. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	size = sockaddr_from_ip(&address, &source, 0, to->ifindex);
	return bind(fd, &address.sa, size) == 0 ? 0 : errno;
}

/* Starts connecting; 0 or an errno. */
static int conn_open(struct conn *c, const struct action_connect *to)
{
	int family = to->remote.family == IP_V4 ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	union sockaddr_ip address;
	socklen_t size;
	int error;

	if (fd < 0)
		return errno;
	conn_attach(c, fd, EPOLLOUT);
	error = set_options(fd, family, &to->options);
	if (error == 0)
		error = tcpauth_sign(c->tcp->auth, fd, &to->remote);
	if (error == 0)
		error = bind_source(fd, to);
	if (error != 0)
		return error;
	size = sockaddr_from_ip(&address, &to->remote, to->port, to->ifindex);
	return connect(fd, &address.sa, size) == 0 || errno == EINPROGRESS ? 0 : errno;
}

void tcp_connect(struct tcp *t, const struct action_connect *to)
{
	struct conn *c = conn_new(t, to->conn, CONN_CONNECTING);
	int error = conn_open(c, to);

	if (error != 0)
		conn_failed(c, error);
}

static uint32_t accepted_id(struct tcp *t)
{
	uint32_t id;

	do
		id = CONN_ACCEPTED | t->next_accepted++;
	while (conn_find(t, id) != NULL);
	return id;
}

/* False: it should be signed, and the kernel does not see to it. */
static bool sign_accepted(struct tcp *t, int fd)
{
	union sockaddr_ip remote = {0};
	socklen_t size = sizeof(remote);
	struct ip ip;

	if (getpeername(fd, &remote.sa, &size) != 0)
		return false;
	ip = sockaddr_ip(&remote, NULL);
	return tcpauth_sign(t->auth, fd, &ip) == 0;
}

static void on_listening(void *context, int fd)
{
	struct tcp *t = context;

	tcpauth_listen(t->auth, fd);
}

static void on_accepted(void *context, int fd)
{
	struct tcp *t = context;
	union sockaddr_ip local = {0};
	socklen_t size = sizeof(local);
	struct event event;
	struct conn *c;

	if (!sign_accepted(t, fd)) {
		close(fd);
		return;
	}
	if (t->accepted_count >= ACCEPTED_MAX || getsockname(fd, &local.sa, &size) != 0) {
		log_warning(t->log, LOG_OS, "connection refused: %zu are open", t->accepted_count);
		close(fd);
		return;
	}
	c = conn_new(t, accepted_id(t), CONN_OPEN);
	conn_attach(c, fd, EPOLLIN);
	event = conn_event(c, EVENT_PEER_ACCEPTED);
	event_emit(&t->sink, &event);
}

void tcp_listen(struct tcp *t, uint16_t port)
{
	listener_set(t->listener, port);
}

/* ---- over the end of the daemon ----------------------------------------------------------- */

/* The keys that connections with its peer are to have; NULL none. */
static const struct tcp_auth *conn_keys(const struct conn *c)
{
	union sockaddr_ip remote = {0};
	socklen_t size = sizeof(remote);
	struct ip ip = {0};

	if (getpeername(c->fd, &remote.sa, &size) == 0)
		ip = sockaddr_ip(&remote, NULL);
	return ip.family == IP_NONE ? NULL : tcpauth_of(c->tcp->auth, &ip);
}

void tcp_handover(struct tcp *t, uint32_t conn, const uint8_t *note, size_t size)
{
	struct conn *c = conn_find(t, conn);

	if (c == NULL || c->state != CONN_OPEN)
		return;
	handover_forget(c->handover);
	c->handover = size != 0 ? handover_store(c->fd, conn_keys(c), note, size, t->log) : NULL;
	handover_busy(c->handover, HANDOVER_IN, c->handling || c->in.at != 0);
	handover_busy(c->handover, HANDOVER_OUT, sendq_size(&c->out) > 0);
}

static void inherit_one(struct tcp *t, struct handover_found *found)
{
	struct conn *c = conn_new(t, accepted_id(t), CONN_OPEN);
	struct event event;

	conn_attach(c, found->fd, 0);
	c->handover = found->handover;
	event = conn_event(c, EVENT_PEER_HANDOVER);
	event.peer.bytes = found->note;
	event.peer.size = found->size;
	event_emit(&t->sink, &event);
}

void tcp_inherit(struct tcp *t)
{
	struct handover_found *list;
	size_t count = handover_take(&list, t->log);

	for (size_t i = 0; i < count; i++)
		inherit_one(t, &list[i]);
	mem_free(list);
}

void tcp_resume(struct tcp *t, uint32_t conn)
{
	struct conn *c = conn_find(t, conn);

	if (c == NULL || c->state != CONN_OPEN)
		return;
	if (c->handover != NULL && !handover_has_keys(c->handover, conn_keys(c)))
		conn_failed(c, EKEYREJECTED);
	else
		conn_want(c, c->interest | EPOLLIN);
}

/* ---- the whole ---------------------------------------------------------------------------- */

struct tcp *tcp_new(sd_event *event, const struct event_sink *sink, struct log *log)
{
	struct tcp *t = mem_new(sizeof(*t));
	struct listener_calls calls = {t, on_listening, on_accepted};

	t->event = event;
	t->sink = *sink;
	t->log = log;
	t->auth = tcpauth_new(log);
	t->listener = listener_new(event, log, &calls);
	map_init(&t->known, offsetof(struct conn, id), sizeof(uint32_t), 0);
	list_init(&t->dirty);
	list_init(&t->pending);
	list_init(&t->lingering);
	return t;
}

void tcp_free(struct tcp *t)
{
	struct list_node *n;
	struct conn *c;
	size_t at = 0;

	listener_free(t->listener);
	tcpauth_free(t->auth);
	while ((n = list_first(&t->lingering)) != NULL)
		conn_free(list_entry(n, struct conn, lingering));
	while ((c = map_next(&t->known, &at)) != NULL) {
		handover_leave(c->handover);
		c->handover = NULL;
		conn_free(c);
	}
	map_fini(&t->known);
	mem_free(t);
}
