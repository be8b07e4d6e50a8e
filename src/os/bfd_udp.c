/*
 * BFD's UDP sockets.
 *
 * One socket a session for sending: RFC 5881 section 4 wants a source port of its own for each,
 * from 49152 up, that never changes. It is opened when there is something to send and, when that
 * fails (an address that is not there yet), again with the next packet; what fails is told once,
 * not per packet. What comes to such a socket is dropped: nothing is ever sent to it rightly.
 *
 * Listeners are shared: one for each family, port and VRF that some session needs. A port that
 * somebody else holds is tried again each second. What cannot be of any session does not get into
 * their buffers (os/bfd_filter). TTL and arrival link come with each datagram;
 * what they must be is the speaker's to judge.
 */
#include "os/bfd_udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/bfd_filter.h"
#include "os/sockaddr.h"

#define SOURCE_PORT_MIN 49152
#define SOURCE_PORTS (65536 - SOURCE_PORT_MIN)
#define SOURCE_PORT_TRIES 64
#define HOPS 255
#define TOS_CS6 0xc0 /* network control: BFD must not starve behind data */
#define BATCH 32
#define BATCHES 4
#define BYTES_MAX 256 /* the length field of a packet cannot say more */
#define RETRY_MS 1000

struct session_socket {
	uint32_t id, discriminator;
	struct bfd_path path;
	int fd;	   /* -1: not open */
	int error; /* told last; 0 none */
	uint16_t port;
};

struct listener {
	int family;
	bool multihop;
	ifindex_t vrf;
	unsigned users;
	int fd;		 /* -1: not open */
	bool filter_due; /* its sessions are others now */
	int error;
};

struct bfd_udp {
	struct bfd_udp_host host;
	struct session_socket *sessions; /* owned */
	size_t count;
	struct listener listeners[BFD_LISTENERS_MAX];
	size_t listener_count;
	mono_t retry_at;
	uint16_t next_port; /* offset into the range */
	uint64_t dropped;   /* in front of listeners that are closed */
};

struct bfd_udp *bfd_udp_new(const struct bfd_udp_host *host)
{
	struct bfd_udp *u = mem_new(sizeof(*u));

	u->host = *host;
	return u;
}

void bfd_udp_free(struct bfd_udp *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->sessions[i].fd >= 0)
			close(u->sessions[i].fd);
	for (size_t i = 0; i < u->listener_count; i++)
		if (u->listeners[i].fd >= 0)
			close(u->listeners[i].fd);
	mem_free(u->sessions);
	mem_free(u);
}

/* ---- options ------------------------------------------------------------------------------- */

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static int socket_new(int family, ifindex_t vrf)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && ((vrf.v != 0 && !set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)vrf.v)) ||
			   (family == AF_INET6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)))) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* What may fail here is not worth a session. */
static void set_sending(int fd, int family)
{
	if (family == AF_INET) {
		set(fd, IPPROTO_IP, IP_TTL, HOPS);
		set(fd, IPPROTO_IP, IP_TOS, TOS_CS6);
	} else {
		set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS);
		set(fd, IPPROTO_IPV6, IPV6_TCLASS, TOS_CS6);
	}
	set(fd, SOL_SOCKET, SO_PRIORITY, 6);
	set(fd, SOL_SOCKET, SO_RCVBUF, 0);
}

static bool set_receiving(int fd, int family)
{
	set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	if (family == AF_INET)
		return set(fd, IPPROTO_IP, IP_PKTINFO, 1) && set(fd, IPPROTO_IP, IP_RECVTTL, 1);
	return set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
	       set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
}

static int family_of(const struct bfd_path *path)
{
	return path->remote.family == IP_V4 ? AF_INET : AF_INET6;
}

static struct ip any_of(int family)
{
	return family == AF_INET ? (struct ip){.family = IP_V4} : (struct ip){.family = IP_V6};
}

static int bind_to(int fd, const struct ip *ip, uint16_t port, ifindex_t scope)
{
	union sockaddr_ip at;
	socklen_t size = sockaddr_from_ip(&at, ip, port, scope);

	return bind(fd, &at.sa, size);
}

/* ---- listeners ----------------------------------------------------------------------------- */

static uint16_t port_of(const struct listener *l)
{
	return l->multihop ? BFD_PORT_MULTIHOP : BFD_PORT;
}

static void listener_tell(struct bfd_udp *u, struct listener *l, int error)
{
	if (l->error != error)
		u->host.failed(u->host.context, 0, BFD_ERROR_LISTEN, port_of(l), error);
	l->error = error;
}

static bool is_of(const struct listener *l, const struct bfd_path *path)
{
	return l->family == family_of(path) && l->multihop == (path->multihop != 0) &&
	       ifindex_equal(l->vrf, path->vrf);
}

/* Without one (a kernel that has none, no memory) it works as well, while nobody floods it. */
static void listener_filter(const struct bfd_udp *u, struct listener *l, int fd)
{
	struct bfd_filter_session *list = mem_new_array(u->count + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < u->count; i++)
		if (is_of(l, &u->sessions[i].path))
			list[n++] = (struct bfd_filter_session){
			    u->sessions[i].discriminator, u->sessions[i].path.remote};
	bfd_filter_set(fd, l->family, l->multihop, list, n);
	mem_free(list);
	l->filter_due = false;
}

static void listener_try(struct bfd_udp *u, struct listener *l)
{
	struct ip any = any_of(l->family);
	int fd = socket_new(l->family, l->vrf);

	if (fd >= 0)
		listener_filter(u, l, fd);
	if (fd >= 0 && set_receiving(fd, l->family) &&
	    bind_to(fd, &any, port_of(l), (ifindex_t){0}) == 0) {
		l->fd = fd;
		listener_tell(u, l, 0);
		return;
	}
	listener_tell(u, l, errno);
	if (fd >= 0)
		close(fd);
}

mono_t bfd_udp_listen(struct bfd_udp *u, mono_t now)
{
	bool missing = false;

	for (size_t i = 0; i < u->listener_count; i++)
		if (u->listeners[i].fd >= 0 && u->listeners[i].filter_due)
			listener_filter(u, &u->listeners[i], u->listeners[i].fd);
	if (!mono_reached(u->retry_at, now))
		return u->retry_at;
	for (size_t i = 0; i < u->listener_count; i++) {
		if (u->listeners[i].fd < 0)
			listener_try(u, &u->listeners[i]);
		missing |= u->listeners[i].fd < 0;
	}
	u->retry_at = missing ? mono_add_ms(now, RETRY_MS) : MONO_NEVER;
	return u->retry_at;
}

static struct listener *listener_find(struct bfd_udp *u, const struct bfd_path *path)
{
	for (size_t i = 0; i < u->listener_count; i++) {
		if (is_of(&u->listeners[i], path))
			return &u->listeners[i];
	}
	return NULL;
}

static void listener_use(struct bfd_udp *u, const struct bfd_path *path)
{
	struct listener *l = listener_find(u, path);

	if (l == NULL && u->listener_count == BFD_LISTENERS_MAX) {
		u->host.failed(u->host.context, 0, BFD_ERROR_LISTEN, 0, EMFILE);
		return;
	}
	if (l == NULL) {
		l = &u->listeners[u->listener_count++];
		*l = (struct listener){.family = family_of(path),
		    .multihop = path->multihop != 0,
		    .vrf = path->vrf,
		    .fd = -1};
		u->retry_at = (mono_t){0};
	}
	l->users++;
	l->filter_due = true;
}

static void listener_leave(struct bfd_udp *u, const struct bfd_path *path)
{
	struct listener *l = listener_find(u, path);

	if (l == NULL)
		return;
	l->filter_due = true;
	if (--l->users > 0)
		return;
	if (l->fd >= 0) {
		u->dropped += bfd_filter_drops(l->fd);
		close(l->fd);
	}
	*l = u->listeners[--u->listener_count];
}

/* ---- sessions ------------------------------------------------------------------------------ */

static struct session_socket *session_find(struct bfd_udp *u, uint32_t id)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->sessions[i].id == id)
			return &u->sessions[i];
	return NULL;
}

void bfd_udp_open(
    struct bfd_udp *u, uint32_t id, uint32_t discriminator, const struct bfd_path *path)
{
	u->sessions = mem_resize(u->sessions, (u->count + 1) * sizeof(*u->sessions));
	u->sessions[u->count++] = (struct session_socket){
	    .id = id, .discriminator = discriminator, .path = *path, .fd = -1};
	listener_use(u, path);
}

void bfd_udp_close(struct bfd_udp *u, uint32_t id)
{
	struct session_socket *s = session_find(u, id);
	struct bfd_path path;

	if (s == NULL)
		return;
	path = s->path;
	if (s->fd >= 0)
		close(s->fd);
	*s = u->sessions[--u->count];
	listener_leave(u, &path);
}

static void session_tell(
    struct bfd_udp *u, struct session_socket *s, enum bfd_error what, int error)
{
	if (s->error != error)
		u->host.failed(u->host.context, s->id, what, 0, error);
	s->error = error;
}

/* A port that nobody else has; the same one as before, if it had one. */
static bool bind_source(struct bfd_udp *u, struct session_socket *s, int fd)
{
	struct ip any = any_of(family_of(&s->path));
	const struct ip *local = s->path.local.family != IP_NONE ? &s->path.local : &any;

	if (s->port != 0 && bind_to(fd, local, s->port, s->path.ifindex) == 0)
		return true;
	for (int i = 0; i < SOURCE_PORT_TRIES; i++) {
		uint16_t port = (uint16_t)(SOURCE_PORT_MIN + u->next_port);

		u->next_port = (uint16_t)((u->next_port + 1) % SOURCE_PORTS);
		if (bind_to(fd, local, port, s->path.ifindex) == 0) {
			s->port = port;
			return true;
		}
		if (errno != EADDRINUSE)
			return false;
	}
	return false;
}

static bool session_socket_open(struct bfd_udp *u, struct session_socket *s)
{
	int fd = socket_new(family_of(&s->path), s->path.vrf);

	if (fd >= 0 && bind_source(u, s, fd)) {
		set_sending(fd, family_of(&s->path));
		s->fd = fd;
		return true;
	}
	session_tell(u, s, BFD_ERROR_OPEN, errno);
	if (fd >= 0)
		close(fd);
	return false;
}

union control {
	struct cmsghdr align;
	uint8_t bytes[128];
};

/* The link to send over, where the path names one. */
static size_t add_link(union control *control, const struct bfd_path *path)
{
	struct cmsghdr *c = &control->align;
	struct in_pktinfo v4 = {.ipi_ifindex = (int)path->ifindex.v};
	struct in6_pktinfo v6 = {.ipi6_ifindex = path->ifindex.v};
	bool is_v4 = path->remote.family == IP_V4;
	size_t size = is_v4 ? sizeof(v4) : sizeof(v6);

	if (path->ifindex.v == 0)
		return 0;
	memset(control, 0, sizeof(*control));
	c->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(size);
	if (is_v4)
		memcpy(CMSG_DATA(c), &v4, size);
	else
		memcpy(CMSG_DATA(c), &v6, size);
	return CMSG_SPACE(size);
}

void bfd_udp_send(struct bfd_udp *u, uint32_t id, const uint8_t *bytes, size_t size)
{
	struct session_socket *s = session_find(u, id);
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
	union sockaddr_ip to;
	union control control;
	struct msghdr m = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1};
	int error;

	if (s == NULL || (s->fd < 0 && !session_socket_open(u, s)))
		return;
	m.msg_namelen = sockaddr_from_ip(&to, &s->path.remote,
	    s->path.multihop != 0 ? BFD_PORT_MULTIHOP : BFD_PORT, s->path.ifindex);
	m.msg_controllen = add_link(&control, &s->path);
	if (m.msg_controllen > 0)
		m.msg_control = &control;
	if (sendmsg(s->fd, &m, MSG_NOSIGNAL) >= 0) {
		session_tell(u, s, BFD_ERROR_SEND, 0);
		return;
	}
	error = errno;
	session_tell(u, s, BFD_ERROR_SEND, error);
	if (error == EINVAL || error == EADDRNOTAVAIL) { /* its address went: bind anew */
		close(s->fd);
		s->fd = -1;
	}
}

uint64_t bfd_udp_dropped(const struct bfd_udp *u)
{
	uint64_t total = u->dropped;

	for (size_t i = 0; i < u->listener_count; i++)
		if (u->listeners[i].fd >= 0)
			total += bfd_filter_drops(u->listeners[i].fd);
	return total;
}

/* ---- receiving ----------------------------------------------------------------------------- */

size_t bfd_udp_poll(const struct bfd_udp *u, struct pollfd *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < u->listener_count; i++)
		if (u->listeners[i].fd >= 0)
			fds[n++] = (struct pollfd){.fd = u->listeners[i].fd, .events = POLLIN};
	return n;
}

static void read_control(struct msghdr *m, struct bfd_datagram *d)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;
		int hops;

		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			memcpy(&hops, CMSG_DATA(c), sizeof(hops));
			d->ttl = (uint8_t)hops;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			d->ifindex.v = (uint32_t)v4.ipi_ifindex;
			d->local = ip_from_bytes(&v4.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			d->ifindex.v = v6.ipi6_ifindex;
			d->local = ip_from_bytes(&v6.ipi6_addr, 16);
		}
	}
}

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	union sockaddr_ip from[BATCH];
	union control control[BATCH];
	uint8_t bytes[BATCH][BYTES_MAX];
};

static int batch_read(struct batch *b, int fd)
{
	for (size_t i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){.iov_base = b->bytes[i], .iov_len = BYTES_MAX};
		b->messages[i].msg_hdr = (struct msghdr){.msg_name = &b->from[i],
		    .msg_namelen = sizeof(b->from[i]),
		    .msg_iov = &b->iov[i],
		    .msg_iovlen = 1,
		    .msg_control = &b->control[i],
		    .msg_controllen = sizeof(b->control[i])};
	}
	return recvmmsg(fd, b->messages, BATCH, MSG_DONTWAIT, NULL);
}

/* Returns how many there were. */
static int listener_read(const struct listener *l, struct batch *b, void *context,
    void (*received)(void *context, const struct bfd_datagram *d))
{
	int n = batch_read(b, l->fd);

	for (int i = 0; i < n; i++) {
		struct bfd_datagram d = {.remote = sockaddr_ip(&b->from[i], NULL),
		    .vrf = l->vrf,
		    .multihop = l->multihop,
		    .bytes = b->bytes[i],
		    .size = b->messages[i].msg_len};

		read_control(&b->messages[i].msg_hdr, &d);
		received(context, &d);
	}
	return n;
}

bool bfd_udp_receive(
    struct bfd_udp *u, void *context, void (*received)(void *context, const struct bfd_datagram *d))
{
	struct batch b;
	bool more = false;

	for (size_t i = 0; i < u->listener_count; i++) {
		int n = BATCH;

		for (int k = 0; u->listeners[i].fd >= 0 && k < BATCHES && n == BATCH; k++)
			n = listener_read(&u->listeners[i], &b, context, received);
		more |= u->listeners[i].fd >= 0 && n == BATCH;
	}
	return more;
}
