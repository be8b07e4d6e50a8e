/*
 * Control clients. Each is bounded: its line, its answer (together with the others'), one line
 * under way at a time. While an answer is under way, or waits to be read, nothing more is read
 * from that client: who never reads stops only himself.
 *
 * A client may close its sending side and still wait for its answer (`echo … | socat`), so the
 * end of its input is not the end of the client; EPOLLHUP is.
 */
#include "os/ctlsock.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/path.h"
#include "os/sendq.h"

#define ACCEPTS_PER_S 500

struct client {
	uint32_t id;
	struct ctlsock *socket;
	int fd; /* -1: gone, not yet told */
	sd_event_source *io;
	struct str in;	  /* received, not yet looked at; at most CTL_LINE_MAX */
	struct sendq out; /* answer */
	bool busy;	  /* a line is with the engine, its answer not complete */
	bool eof;	  /* nothing more will come */
	struct list_node node, dirty, gone;
};

struct ctlsock {
	sd_event *event;
	struct event_sink sink;
	struct log *log;
	int fd; /* -1 none */
	sd_event_source *io;
	struct sockaddr_un address;
	struct stat made; /* the socket file as we made it */
	struct list clients, dirty, gone;
	uint32_t next_id;
	struct str line; /* the line under way: lent to the engine */
};

/* ---- clients ------------------------------------------------------------------------------ */

static struct client *client_find(struct ctlsock *s, uint32_t id)
{
	struct list_node *n = list_first(&s->clients);

	for (; n != NULL; n = list_after(&s->clients, n))
		if (list_entry(n, struct client, node)->id == id)
			return list_entry(n, struct client, node);
	return NULL;
}

static void client_close_fd(struct client *c)
{
	c->io = sd_event_source_disable_unref(c->io);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	sendq_fini(&c->out);
	str_fini(&c->in);
}

static void client_free(struct client *c)
{
	struct ctlsock *s = c->socket;

	client_close_fd(c);
	list_remove(&s->clients, &c->node);
	if (list_linked(&c->dirty))
		list_remove(&s->dirty, &c->dirty);
	if (list_linked(&c->gone))
		list_remove(&s->gone, &c->gone);
	mem_free(c);
}

/* The engine will be told. */
static void client_gone(struct client *c)
{
	client_close_fd(c);
	if (!list_linked(&c->gone))
		list_append(&c->socket->gone, &c->gone);
}

/* Bytes of the first line in `in`, without its end; SIZE_MAX when it is not complete. */
static size_t client_line_size(const struct client *c)
{
	for (size_t i = 0; i < c->in.size; i++)
		if (c->in.text[i] == '\0' || c->in.text[i] == '\n')
			return i;
	return c->eof && c->in.size > 0 ? c->in.size : SIZE_MAX;
}

static void client_consume(struct client *c, size_t size)
{
	if (size > c->in.size)
		size = c->in.size;
	if (size == 0)
		return;
	c->in.size -= size;
	memmove(c->in.text, c->in.text + size, c->in.size + 1);
}

/* Empty lines are the second half of "\n\0" or somebody's return key. */
static void client_skip_empty(struct client *c)
{
	size_t n = 0;

	while (n < c->in.size && strchr("\n\r", c->in.text[n]) != NULL)
		n++;
	client_consume(c, n);
}

static bool client_idle(const struct client *c)
{
	return !c->busy && sendq_size(&c->out) == 0;
}

/* EPOLLOUT is also how the next of several lines already received wakes us up. */
static void client_want(struct client *c)
{
	bool line = client_idle(c) && client_line_size(c) != SIZE_MAX;
	uint32_t events = sendq_size(&c->out) > 0 || line ? EPOLLOUT : 0;

	if (client_idle(c) && !line && !c->eof)
		events |= EPOLLIN;
	check(sd_event_source_set_io_events(c->io, events) >= 0);
}

/* Everything was read, looked at and answered. */
static bool client_finished(const struct client *c)
{
	return c->eof && c->in.size == 0 && client_idle(c);
}

static void client_read(struct client *c)
{
	char bytes[4096];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->eof = true;
		return;
	}
	str_add_bytes(&c->in, bytes, (size_t)n);
	client_skip_empty(c);
}

/* Hands one line to the engine; the client may be gone afterwards. */
static void client_serve(struct client *c)
{
	struct ctlsock *s = c->socket;
	size_t size = client_line_size(c);
	struct event event = {.kind = EVENT_CTL_REQUEST, .ctl.client = c->id};

	str_clear(&s->line);
	str_add_bytes(&s->line, c->in.text, size);
	while (s->line.size > 0 && s->line.text[s->line.size - 1] == '\r')
		s->line.text[--s->line.size] = '\0';
	client_consume(c, size + 1);
	client_skip_empty(c);
	c->busy = true;
	client_want(c);
	event.ctl.line = str_text(&s->line);
	event_emit(&s->sink, &event);
}

static void client_write(struct client *c)
{
	if (sendq_send(&c->out, c->fd) != 0 || client_finished(c))
		client_gone(c);
	else
		client_want(c);
}

static int on_client_io(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct client *c = context;
	uint32_t wanted = 0;

	(void)fd;
	sd_event_source_get_io_events(source, &wanted);
	if ((wanted & EPOLLIN) != 0)
		client_read(c);
	if ((revents & EPOLLERR) != 0 || ((revents & EPOLLHUP) != 0 && !client_idle(c))) {
		client_gone(c);
		return 0;
	}
	if (client_idle(c) && client_line_size(c) != SIZE_MAX && c->in.size <= CTL_LINE_MAX) {
		client_serve(c);
		return 0;
	}
	if (c->in.size > CTL_LINE_MAX) {
		log_info(c->socket->log, LOG_OS, "control client closed: its line is too long");
		client_gone(c);
		return 0;
	}
	client_write(c);
	return 0;
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct ctlsock *s = context;
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	(void)source;
	(void)revents;
	if (peer < 0)
		return 0;
	if (s->clients.count >= CTL_CLIENTS_MAX) {
		close(peer);
		return 0;
	}
	c = mem_new(sizeof(*c));
	c->id = ++s->next_id;
	c->socket = s;
	c->fd = peer;
	list_append(&s->clients, &c->node);
	check(sd_event_add_io(s->event, &c->io, peer, EPOLLIN, on_client_io, c) >= 0);
	return 0;
}

/* ---- answers ------------------------------------------------------------------------------- */

static size_t answers_size(const struct ctlsock *s)
{
	size_t size = 0;
	struct list_node *n = list_first(&s->clients);

	for (; n != NULL; n = list_after(&s->clients, n))
		size += sendq_size(&list_entry(n, struct client, node)->out);
	return size;
}

void ctlsock_reply(
    struct ctlsock *s, uint32_t client, const char *text, size_t size, bool end, int status)
{
	struct client *c = client_find(s, client);
	char frame[4] = {0, 0, 0, (char)status};

	if (c == NULL || c->fd < 0)
		return;
	if (answers_size(s) + size > CTL_ANSWERS_MAX) {
		log_warning(s->log, LOG_OS, "control client closed: it does not read its answer");
		client_gone(c);
		return;
	}
	sendq_add(&c->out, text, size);
	if (end)
		sendq_add(&c->out, frame, sizeof(frame));
	c->busy = c->busy && !end;
	if (!list_linked(&c->dirty))
		list_append(&s->dirty, &c->dirty);
}

void ctlsock_flush(struct ctlsock *s)
{
	struct list_node *n;

	while ((n = list_shift(&s->dirty)) != NULL) {
		struct client *c = list_entry(n, struct client, dirty);

		if (c->fd >= 0)
			client_write(c);
	}
}

bool ctlsock_next(struct ctlsock *s, struct event *event)
{
	struct list_node *n = list_first(&s->gone);
	struct client *c;

	if (n == NULL)
		return false;
	c = list_entry(n, struct client, gone);
	*event = (struct event){.kind = EVENT_CTL_CLOSED, .ctl.client = c->id};
	client_free(c);
	return true;
}

/* ---- the socket ---------------------------------------------------------------------------- */

/* A socket file that nobody listens on is what a killed daemon leaves behind. */
static void remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
	    errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

/* 0 or an errno. */
static int socket_listen(struct ctlsock *s)
{
	mode_t mask;
	int bound;

	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return errno;
	remove_stale(&s->address);
	mask = umask(0117); /* never open wider, not even between bind and chmod */
	bound = bind(s->fd, (const struct sockaddr *)&s->address, sizeof(s->address));
	umask(mask);
	if (bound != 0 || listen(s->fd, 16) != 0)
		return errno;
	return stat(s->address.sun_path, &s->made) == 0 ? 0 : errno;
}

static int socket_open(struct ctlsock *s, const char *path)
{
	if (strlen(path) >= sizeof(s->address.sun_path))
		return ENAMETOOLONG;
	s->address.sun_family = AF_UNIX;
	memcpy(s->address.sun_path, path, strlen(path) + 1);
	if (!path_make_parent(path, 0755))
		return errno;
	return socket_listen(s);
}

static void socket_set_group(struct ctlsock *s, const char *group)
{
	const struct group *g;

	if (group[0] == '\0')
		return;
	g = getgrnam(group);
	if (g == NULL || chown(s->address.sun_path, (uid_t)-1, g->gr_gid) != 0)
		log_warning(s->log, LOG_OS, "control socket: cannot give it to group %s", group);
}

struct ctlsock *ctlsock_new(sd_event *event, const struct event_sink *sink, struct log *log,
    const char *path, const char *group)
{
	struct ctlsock *s = mem_new(sizeof(*s));
	int error;

	*s = (struct ctlsock){.event = event, .sink = *sink, .log = log, .fd = -1};
	list_init(&s->clients);
	list_init(&s->dirty);
	list_init(&s->gone);
	error = socket_open(s, path);
	if (error != 0) {
		log_warning(log, LOG_OS, "no control socket %s: %s", path, strerror(error));
		if (s->fd >= 0)
			close(s->fd);
		s->fd = -1;
		return s;
	}
	socket_set_group(s, group);
	check(sd_event_add_io(event, &s->io, s->fd, EPOLLIN, on_client, s) >= 0);
	/* Without descriptors left accept() fails and the socket stays readable: do not spin. */
	sd_event_source_set_ratelimit(s->io, 1000000, ACCEPTS_PER_S);
	return s;
}

static bool socket_is_ours(const struct ctlsock *s)
{
	struct stat st;

	return stat(s->address.sun_path, &st) == 0 && st.st_ino == s->made.st_ino &&
	       st.st_dev == s->made.st_dev;
}

void ctlsock_free(struct ctlsock *s)
{
	struct list_node *n;

	while ((n = list_first(&s->clients)) != NULL)
		client_free(list_entry(n, struct client, node));
	sd_event_source_disable_unref(s->io);
	if (s->fd >= 0) {
		close(s->fd);
		if (socket_is_ours(s))
			unlink(s->address.sun_path);
	}
	str_fini(&s->line);
	mem_free(s);
}
