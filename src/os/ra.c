/*
 * Router advertisements over one raw ICMPv6 socket.
 *
 * Valid only are messages that cannot have crossed a router (hop limit 255, RFC 4861 section
 * 6.1), of code 0, of full length, with options of non-zero length; an advertisement must come
 * from a link-local address. The kernel checks the checksum. Everything else is dropped without
 * a word: anybody on the link can send it.
 *
 * The socket gets the messages of all links of the namespace; those of links that are not
 * watched are dropped here. A watched link is joined to the all-routers group, where
 * solicitations go; all-nodes is joined by the kernel.
 *
 * Until a watched link has shown a router, each advertisement has a solicitation with it: who
 * starts again finds its peers at once, not when their next periodic advertisement is due.
 */
#include "os/ra.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "os/sockaddr.h"

#define READ_BURST 16
#define HOP_LIMIT 255
#define RA_SIZE_MIN 16
/* The first ones fail on every new link, until its own address has passed duplicate detection. */
#define FAILURES_TOLD 5

struct ra_link {
	ifindex_t ifindex;
	unsigned failures; /* in a row */
	bool heard;	   /* a router has advertised itself */
};

struct ra {
	sd_event_source *io;
	struct event_sink sink;
	struct log *log;
	int fd;		  /* -1: without the privilege */
	struct map links; /* watched, by ifindex */
};

static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
static const uint8_t all_routers[16] = {0xff, 0x02, [15] = 2};
/* RFC 4861 section 4.1; the checksum is the kernel's. */
static const uint8_t solicitation[8] = {ND_ROUTER_SOLICIT};

/* ---- receiving --------------------------------------------------------------------------- */

/* What recvmsg() told beside the bytes. */
struct ra_origin {
	int hop_limit; /* -1 not told */
	ifindex_t ifindex;
	struct ip source;
};

static struct ra_origin origin_of(struct msghdr *message, const union sockaddr_ip *source)
{
	struct ra_origin origin = {.hop_limit = -1, .source = sockaddr_ip(source, NULL)};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		struct in6_pktinfo info;

		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&origin.hop_limit, CMSG_DATA(c), sizeof(int));
		if (c->cmsg_type != IPV6_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		origin.ifindex.v = info.ipi6_ifindex;
	}
	return origin;
}

/* Options may be of any type, but have a length (RFC 4861 section 4.6). */
static bool options_valid(struct reader *r)
{
	while (reader_left(r) > 0) {
		uint8_t words;

		read_u8(r);
		words = read_u8(r);
		if (words == 0)
			return false;
		read_slice(r, words * 8u - 2u);
	}
	return reader_done(r);
}

/* RFC 4861 section 6.1.1 and 6.1.2. */
static bool ra_decode(
    const uint8_t *bytes, size_t size, const struct ra_origin *origin, struct event_ra *ra)
{
	struct reader r = reader_from(bytes, size);
	uint8_t type = read_u8(&r), code = read_u8(&r);

	ra->solicitation = type == ND_ROUTER_SOLICIT;
	if (origin->hop_limit != HOP_LIMIT || code != 0)
		return false;
	if (type == ND_ROUTER_ADVERT && !ip_is_link_local(&origin->source))
		return false;
	read_u16(&r); /* checksum: the kernel's */
	if (ra->solicitation) {
		read_u32(&r);
	} else {
		read_u16(&r); /* hop limit and flags for hosts */
		ra->router_lifetime_s = read_u16(&r);
		read_u64(&r); /* reachable and retransmission time for hosts */
	}
	ra->ifindex = origin->ifindex;
	ra->source = origin->source;
	return options_valid(&r);
}

/* False when there is nothing to read any more. */
static bool ra_receive(struct ra *r)
{
	uint8_t bytes[1500], control[256];
	union sockaddr_ip source = {0};
	struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {.msg_name = &source,
	    .msg_namelen = sizeof(source),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct event event = {.kind = EVENT_RA};
	ssize_t n = recvmsg(r->fd, &message, MSG_DONTWAIT);
	struct ra_origin origin;
	struct ra_link *link;

	if (n < 0)
		return errno == EINTR;
	origin = origin_of(&message, &source);
	link = map_find(&r->links, &origin.ifindex);
	if (link == NULL || (message.msg_flags & MSG_TRUNC) != 0)
		return true;
	if (!ra_decode(bytes, (size_t)n, &origin, &event.ra))
		return true;
	link->heard = link->heard || !event.ra.solicitation;
	event_emit(&r->sink, &event);
	return true;
}

static int on_ra_readable(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source;
	(void)fd;
	(void)revents;
	for (int i = 0; i < READ_BURST && ra_receive(context); i++)
		;
	return 0;
}

/* ---- sending ------------------------------------------------------------------------------ */

static int send_on_link(
    int fd, ifindex_t ifindex, const uint8_t to_group[16], const uint8_t *bytes, size_t size)
{
	struct ip group = ip_from_bytes(to_group, 16);
	union sockaddr_ip to;
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {0};
	struct in6_pktinfo info = {.ipi6_ifindex = ifindex.v};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
	struct msghdr message = {.msg_name = &to,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	message.msg_namelen = sockaddr_from_ip(&to, &group, 0, ifindex);
	to.in6.sin6_scope_id = ifindex.v;
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

void ra_send(struct ra *r, ifindex_t ifindex, const uint8_t *bytes, size_t size, bool last)
{
	struct ra_link *link = map_find(&r->links, &ifindex);
	int error;

	if (r->fd < 0)
		return;
	error = send_on_link(r->fd, ifindex, all_nodes, bytes, size);
	if (link == NULL)
		return;
	if (!link->heard && !last)
		send_on_link(r->fd, ifindex, all_routers, solicitation, sizeof(solicitation));
	link->failures = error != 0 ? link->failures + 1 : 0;
	if (link->failures == FAILURES_TOLD)
		log_info(r->log, LOG_OS, "no router advertisements on interface %u: %s", ifindex.v,
		    strerror(error));
}

/* ---- links -------------------------------------------------------------------------------- */

/* A link that has gone, or was left or joined before, is no trouble. */
static void set_membership(struct ra *r, ifindex_t ifindex, bool on)
{
	struct ipv6_mreq group = {.ipv6mr_interface = ifindex.v};

	memcpy(&group.ipv6mr_multiaddr, all_routers, sizeof(all_routers));
	if (r->fd >= 0)
		setsockopt(r->fd, IPPROTO_IPV6, on ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &group,
		    sizeof(group));
}

void ra_watch(struct ra *r, ifindex_t ifindex, bool on)
{
	struct ra_link *link = map_find(&r->links, &ifindex);

	/* Joined again when asked again: an interface that went and came back has lost it. */
	set_membership(r, ifindex, on);
	if (on && link == NULL) {
		link = mem_new(sizeof(*link));
		link->ifindex = ifindex;
		map_insert(&r->links, link);
	} else if (!on && link != NULL) {
		mem_free(map_remove(&r->links, &ifindex));
	}
}

static int ra_open(void)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int on = 1, hops = HOP_LIMIT, off = 0;
	struct icmp6_filter filter;

	if (fd < 0)
		return -1;
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &filter);
	ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
	setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off));
	return fd;
}

struct ra *ra_new(sd_event *event, const struct event_sink *sink, struct log *log)
{
	struct ra *r = mem_new(sizeof(*r));

	r->sink = *sink;
	r->log = log;
	map_init(&r->links, offsetof(struct ra_link, ifindex), sizeof(ifindex_t), 0);
	r->fd = ra_open();
	if (r->fd < 0)
		log_warning(log, LOG_OS,
		    "no router advertisements (unnumbered peers will not be found): %s",
		    strerror(errno));
	else
		check(sd_event_add_io(event, &r->io, r->fd, EPOLLIN, on_ra_readable, r) >= 0);
	return r;
}

void ra_free(struct ra *r)
{
	struct ra_link *link;
	size_t at = 0;

	sd_event_source_disable_unref(r->io);
	if (r->fd >= 0)
		close(r->fd);
	while ((link = map_next(&r->links, &at)) != NULL)
		mem_free(link);
	map_fini(&r->links);
	mem_free(r);
}
