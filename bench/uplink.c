/* bench-uplink: a host loses one of two uplinks; when does its kernel forward by the other alone?
 *
 *   bench-uplink /run/netns/HOST /run/netns/PEER DEV COUNT carrier|admin|PID
 *
 * COUNT prefixes (prefix.h) go over two devices of HOST, DEV is one of them. "carrier" takes the
 * other end down, in PEER; "admin" takes DEV itself down; PID, the neighbour behind DEV, is killed,
 * and the link stays. One line of JSON:
 *
 *   link_ms    from just before the system call until the kernel told of the link
 *   switch_ms  until no prefix led over DEV any more, and every one somewhere
 *   by_kernel  that was so as soon as the kernel told of the link: it did it itself
 *   quiet_ms   until the last route or nexthop object was written
 *   writes     how many messages of the daemon that took
 *   gaps       prefixes that were without a route meanwhile
 *
 * Notifications keep a model of the routes: which prefix leads over DEV, by itself or by its
 * nexthop object. What the kernel does to objects of a link that is gone it tells nobody: a sample
 * of prefixes is asked for (RTM_GETROUTE) when it has told of the link. In the end every prefix is
 * asked for once, and one that still leads over DEV is an error. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "kernel.h"
#include "prefix.h"
#include "stamp.h"

enum {
	FIRST_PREFIX = 20 << 24, /* prefix.c */
	OBJECTS_MAX = 4096,
	MEMBERS_MAX = 32,
	RECEIVE_BYTES = 1 << 20,
	MONITOR_BYTES = 512 << 20,
	QUIET_MS = 1000,
	SAMPLE = 50,
	WAIT_S = 60,
};

struct object {
	uint32_t id; /* 0: none */
	int dev;     /* not of a group */
	unsigned count;
	uint32_t members[MEMBERS_MAX];
};

struct way {
	bool present, over_dev; /* the latter by next hops of its own */
	uint32_t object;	/* 0: none */
};

struct uplink {
	int monitor, request;
	int dev;
	uint32_t count;
	struct way *ways;
	struct object objects[OBJECTS_MAX];
	uint32_t bad, gaps, writes;
	uint32_t last_portid, last_seq;
	uint64_t begun, link_told, switched, written;
	bool counting, by_kernel;
};

/* ---- the model ---- */

static struct object *object_at(struct uplink *u, uint32_t id, bool make)
{
	for (unsigned i = 0; i < OBJECTS_MAX; i++)
		if (u->objects[i].id == id)
			return &u->objects[i];
	for (unsigned i = 0; make && i < OBJECTS_MAX; i++)
		if (u->objects[i].id == 0) {
			u->objects[i].id = id;
			return &u->objects[i];
		}
	if (make)
		errx(1, "too many nexthop objects");
	return NULL;
}

static bool object_leads(struct uplink *u, uint32_t id)
{
	const struct object *o = object_at(u, id, false);

	if (o == NULL)
		return false;
	for (unsigned i = 0; i < o->count; i++)
		if (object_leads(u, o->members[i]))
			return true;
	return o->count == 0 && o->dev == u->dev;
}

static bool is_bad(struct uplink *u, const struct way *w)
{
	return !w->present || (w->object ? object_leads(u, w->object) : w->over_dev);
}

static void way_set(struct uplink *u, uint32_t index, struct way now)
{
	struct way *w = &u->ways[index];

	u->bad -= is_bad(u, w);
	u->gaps += u->counting && w->present && !now.present;
	*w = now;
	u->bad += is_bad(u, w);
}

static void count_all(struct uplink *u)
{
	u->bad = 0;
	for (uint32_t i = 0; i < u->count; i++)
		u->bad += is_bad(u, &u->ways[i]);
}

/* ---- messages ---- */

static const struct nlattr *attr_next(
    const struct nlmsghdr *h, size_t header, const struct nlattr *a)
{
	const uint8_t *end = mnl_nlmsg_get_payload_tail(h);

	a = a == NULL ? mnl_nlmsg_get_payload_offset(h, header) : mnl_attr_next(a);
	return mnl_attr_ok(a, (int)(end - (const uint8_t *)a)) ? a : NULL;
}

static bool hops_lead(const struct uplink *u, const struct nlattr *multipath)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	int left = mnl_attr_get_payload_len(multipath);

	for (; RTNH_OK(hop, left); left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		if (hop->rtnh_ifindex == u->dev && !(hop->rtnh_flags & RTNH_F_DEAD))
			return true;
	return false;
}

/* False: not a route of ours. */
static bool route_read(
    const struct uplink *u, const struct nlmsghdr *h, uint32_t *index, struct way *w)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	const struct nlattr *a = NULL;
	uint32_t address = 0;

	*w = (struct way){.present = h->nlmsg_type == RTM_NEWROUTE};
	if (rt->rtm_family != AF_INET || rt->rtm_dst_len != 24)
		return false;
	while ((a = attr_next(h, sizeof(*rt), a)) != NULL) {
		unsigned type = mnl_attr_get_type(a);

		if (type == RTA_DST)
			address = ntohl(mnl_attr_get_u32(a));
		else if (type == RTA_OIF && !(rt->rtm_flags & RTNH_F_DEAD))
			w->over_dev |= (int)mnl_attr_get_u32(a) == u->dev;
		else if (type == RTA_MULTIPATH)
			w->over_dev |= hops_lead(u, a);
		else if (type == RTA_NH_ID)
			w->object = mnl_attr_get_u32(a);
	}
	*index = (address - FIRST_PREFIX) >> 8;
	return *index < u->count;
}

static void object_take(struct uplink *u, const struct nlmsghdr *h)
{
	const struct nlattr *a = NULL;
	struct object now = {0}, *o;

	while ((a = attr_next(h, sizeof(struct nhmsg), a)) != NULL) {
		unsigned type = mnl_attr_get_type(a);

		if (type == NHA_ID)
			now.id = mnl_attr_get_u32(a);
		else if (type == NHA_OIF)
			now.dev = (int)mnl_attr_get_u32(a);
		else if (type == NHA_GROUP) {
			const struct nexthop_grp *g = mnl_attr_get_payload(a);

			now.count = mnl_attr_get_payload_len(a) / (unsigned)sizeof(*g);
			for (unsigned i = 0; i < now.count && i < MEMBERS_MAX; i++)
				now.members[i] = g[i].id;
		}
	}
	o = object_at(u, now.id, h->nlmsg_type == RTM_NEWNEXTHOP);
	if (o == NULL)
		return;
	*o = now;
	if (h->nlmsg_type == RTM_DELNEXTHOP)
		*o = (struct object){0};
	count_all(u);
}

static void write_seen(struct uplink *u, const struct nlmsghdr *h, uint64_t now)
{
	u->written = now;
	u->writes += h->nlmsg_pid != u->last_portid || h->nlmsg_seq != u->last_seq;
	u->last_portid = h->nlmsg_pid;
	u->last_seq = h->nlmsg_seq;
}

static void message_take(struct uplink *u, const struct nlmsghdr *h)
{
	uint64_t now = stamp_now_ns();
	struct way way;
	uint32_t index;

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
		if (u->link_told == 0 &&
		    ((const struct ifinfomsg *)mnl_nlmsg_get_payload(h))->ifi_index == u->dev)
			u->link_told = now;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (!route_read(u, h, &index, &way))
			break;
		way_set(u, index, way);
		write_seen(u, h, now);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		object_take(u, h);
		write_seen(u, h, now);
		break;
	default:
		break;
	}
	if (u->bad == 0 && u->switched == 0)
		u->switched = now;
	if (u->bad > 0)
		u->switched = 0;
}

static size_t take(struct uplink *u, int fd, int flags, bool *done)
{
	static _Alignas(8) uint8_t buffer[RECEIVE_BYTES];
	ssize_t n = recv(fd, buffer, sizeof(buffer), flags);
	int left = (int)n;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		err(1, "netlink");
	if (n <= 0)
		return 0;
	for (const struct nlmsghdr *h = (const void *)buffer; mnl_nlmsg_ok(h, left);
	     h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			*done = true;
		else
			message_take(u, h);
	}
	return (size_t)n;
}

/* ---- the kernel ---- */

static void dump(struct uplink *u, uint16_t type, size_t header)
{
	_Alignas(8) uint8_t buffer[256] = {0};
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	bool done = false;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*(uint8_t *)mnl_nlmsg_put_extra_header(h, header) = type == RTM_GETROUTE ? AF_INET : 0;
	if (send(u->request, h, h->nlmsg_len, 0) < 0)
		err(1, "dump");
	while (!done)
		take(u, u->request, 0, &done);
}

static void way_answer(struct uplink *u, const uint8_t *bytes, size_t size, struct way *w)
{
	const struct nlmsghdr *h = (const void *)bytes;
	uint32_t index;

	*w = (struct way){0};
	if (mnl_nlmsg_ok(h, (int)size) && h->nlmsg_type == RTM_NEWROUTE)
		route_read(u, h, &index, w);
}

/* Whether that prefix's route, as the kernel has it, leads elsewhere. */
static bool ask(struct uplink *u, uint32_t index)
{
	_Alignas(8) uint8_t buffer[8192] = {0};
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct rtmsg *rt;
	struct way way;
	ssize_t n;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST;
	rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));
	rt->rtm_family = AF_INET;
	rt->rtm_dst_len = 32;
	rt->rtm_flags = RTM_F_FIB_MATCH;
	mnl_attr_put_u32(h, RTA_DST, htonl(FIRST_PREFIX + (index << 8) + 1));
	if (send(u->request, h, h->nlmsg_len, 0) < 0)
		err(1, "route");
	n = recv(u->request, buffer, sizeof(buffer), 0);
	if (n < 0)
		err(1, "route");
	way_answer(u, buffer, (size_t)n, &way);
	/* The answer names the object and the hops behind it: these count. */
	return way.present && !way.over_dev;
}

static uint32_t ask_all(struct uplink *u)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < u->count; i++)
		good += ask(u, i);
	return good;
}

static int netns_enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		err(1, "%s", path);
	return fd;
}

static void link_down(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {0};

	strncpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		err(1, "%s", name);
	r.ifr_flags = (short)(r.ifr_flags & ~IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		err(1, "%s", name);
	close(fd);
}

static void open_sockets(struct uplink *u, const char *netns)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_NEXTHOP};
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int bytes = MONITOR_BYTES;

	u->request = kernel_socket(netns);
	u->monitor = kernel_socket(netns);
	if (setsockopt(u->monitor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    bind(u->monitor, (struct sockaddr *)&any, sizeof(any)) < 0)
		err(1, "monitor");
	for (unsigned i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (setsockopt(u->monitor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			sizeof(groups[i])) < 0)
			err(1, "monitor");
}

/* ---- the run ---- */

/* Until all prefixes lead over both devices and nothing is written any more. */
static void settle(struct uplink *u, const char *name)
{
	uint64_t deadline = stamp_now_ns() + (uint64_t)WAIT_S * 1000000000u;
	struct pollfd p = {.fd = u->monitor, .events = POLLIN};
	bool done = false;

	do {
		while (poll(&p, 1, QUIET_MS) > 0)
			take(u, u->monitor, MSG_DONTWAIT, &done);
		memset(u->objects, 0, sizeof(u->objects));
		memset(u->ways, 0, u->count * sizeof(*u->ways));
		count_all(u);
		dump(u, RTM_GETNEXTHOP, sizeof(struct nhmsg));
		dump(u, RTM_GETROUTE, sizeof(struct rtmsg));
		u->bad = 0;
		for (uint32_t i = 0; i < u->count; i++)
			u->bad += u->ways[i].present && is_bad(u, &u->ways[i]);
		if (u->bad == u->count)
			return;
	} while (stamp_now_ns() < deadline);
	errx(1, "only %u of %u prefixes lead over %s", u->bad, u->count, name);
}

static void watch(struct uplink *u)
{
	uint64_t deadline = u->begun + (uint64_t)WAIT_S * 1000000000u;
	struct pollfd p = {.fd = u->monitor, .events = POLLIN};
	bool done = false;

	while (stamp_now_ns() < deadline) {
		if (take(u, u->monitor, MSG_DONTWAIT, &done) > 0)
			continue;
		if (poll(&p, 1, QUIET_MS) == 0 && (u->switched != 0 || u->by_kernel))
			return;
	}
}

static double ms(const struct uplink *u, uint64_t at)
{
	return at == 0 ? 0 : (double)(at - u->begun) / 1e6;
}

/* Until the kernel has told of the device. */
static void await_link(struct uplink *u)
{
	struct pollfd p = {.fd = u->monitor, .events = POLLIN};
	bool done = false;

	while (u->link_told == 0 && poll(&p, 1, WAIT_S * 1000) > 0)
		take(u, u->monitor, MSG_DONTWAIT, &done);
}

/* Nexthop objects on a device that goes are taken out of their groups without a word. */
static bool kernel_did_it(struct uplink *u)
{
	for (uint32_t i = 0; i < SAMPLE; i++)
		if (!ask(u, i * (u->count / SAMPLE)))
			return false;
	return true;
}

static void trigger(struct uplink *u, const char *peer, const char *name, const char *mode)
{
	long pid = strtol(mode, NULL, 10);

	if (pid == 0)
		netns_enter(strcmp(mode, "carrier") == 0 ? peer : "/proc/self/ns/net");
	u->counting = true;
	u->switched = u->written = u->link_told = 0;
	u->writes = u->gaps = 0;
	u->begun = stamp_now_ns();
	if (pid != 0) {
		if (kill((pid_t)pid, SIGKILL) < 0)
			err(1, "kill %ld", pid);
		return;
	}
	link_down(name);
	await_link(u);
	u->by_kernel = kernel_did_it(u);
}

static void measure(struct uplink *u, const char *peer, const char *name, const char *mode)
{
	bool over;

	trigger(u, peer, name, mode);
	watch(u);
	if (u->by_kernel)
		u->switched = u->link_told;
	over = ask_all(u) == u->count && u->switched != 0;
	printf("{\"link_ms\":%.3f,\"switch_ms\":%.3f,\"quiet_ms\":%.3f,\"writes\":%u,\"gaps\":%u,"
	       "\"by_kernel\":%s,\"timed_out\":%s}\n",
	    ms(u, u->link_told), ms(u, u->switched), ms(u, u->written), u->writes, u->gaps,
	    u->by_kernel ? "true" : "false", over ? "false" : "true");
}

int main(int argc, char **argv)
{
	struct uplink *u = calloc(1, sizeof(*u));

	if (argc != 6 || u == NULL)
		errx(2, "usage: bench-uplink NETNS PEER-NETNS DEV COUNT carrier|admin|PID");
	u->count = (uint32_t)strtoul(argv[4], NULL, 10);
	u->ways = calloc(u->count + 1, sizeof(*u->ways));
	if (u->ways == NULL || u->count > PREFIX_COUNT_MAX)
		errx(1, "too many prefixes");
	open_sockets(u, argv[1]);
	netns_enter(argv[1]);
	u->dev = (int)if_nametoindex(argv[3]);
	settle(u, argv[3]);
	measure(u, argv[2], argv[3], argv[5]);
	return 0;
}
