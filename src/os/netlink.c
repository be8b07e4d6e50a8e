/*
 * rtnetlink sockets: the monitor with its notifications and the dumps. How operations are executed
 * is netlink_op.c.
 *
 * Three sockets, since an overflow on one that is subscribed would eat answers. The monitor's
 * buffer is asked for by force (64 MiB hold about 160,000 notifications); an overflow is told to
 * the engine as KERNEL_OVERRUN, after the messages that were still there.
 */
#include "os/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "base/check.h"
#include "base/mem.h"
#include "kernel/rtnl_decode.h"
#include "kernel/rtnl_encode.h"
#include "os/netlink_inside.h"

#define MONITOR_BUFFER (64 << 20)
#define REQUEST_BUFFER (1 << 20)
#define DUMP_CHUNK 65536
#define READABLE_ROUNDS 8 /* monitor batches per call of netlink_readable() */
#define DRAIN_ROUNDS 4096
#define FDB_DUMP_TRIES 3

/* ---- sockets
 * -------------------------------------------------------------------------------------- */

static void set_buffer(int fd, int bytes)
{
	/* by force if we may, else what the system allows */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int open_socket(int receive_buffer, bool strict)
{
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (fd < 0)
		return -1;
	set_buffer(fd, receive_buffer);
	if (strict)
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool join_groups(int fd)
{
	static const int nexthops = RTNLGRP_NEXTHOP;
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR,
	    RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			sizeof(groups[i])) != 0)
			return false;
	/* Kernels before 5.3 have none, and then none are written. */
	setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nexthops, sizeof(nexthops));
	return true;
}

static bool watch(int poll, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static bool open_all(struct netlink *nl, int buffer)
{
	struct sockaddr_nl self = {0};
	socklen_t size = sizeof(self);

	nl->poll = epoll_create1(EPOLL_CLOEXEC);
	nl->request = open_socket(REQUEST_BUFFER, true);
	nl->monitor = open_socket(buffer, false);
	nl->dump = open_socket(REQUEST_BUFFER, true);
	if (nl->poll < 0 || nl->request < 0 || nl->monitor < 0 || nl->dump < 0)
		return false;
	if (!join_groups(nl->monitor) || !watch(nl->poll, nl->monitor) ||
	    !watch(nl->poll, nl->dump))
		return false;
	if (getsockname(nl->request, (struct sockaddr *)&self, &size) != 0)
		return false;
	nl->portid = self.nl_pid;
	return true;
}

static void prepare_monitor(struct netlink *nl)
{
	nl->monitor_buffers = mem_new_array(MONITOR_BATCH, MONITOR_MESSAGE_MAX);
	for (size_t i = 0; i < MONITOR_BATCH; i++) {
		nl->monitor_parts[i] = (struct iovec){nl->monitor_buffers[i], MONITOR_MESSAGE_MAX};
		nl->monitor_messages[i].msg_hdr =
		    (struct msghdr){.msg_iov = &nl->monitor_parts[i], .msg_iovlen = 1};
	}
}

struct netlink *netlink_open(const struct netlink_options *options)
{
	struct netlink *nl = mem_new(sizeof(*nl));
	int buffer = options != NULL && options->receive_buffer > 0 ? options->receive_buffer
								    : MONITOR_BUFFER;

	nl->request = nl->monitor = nl->dump = nl->poll = -1;
	nl->bulk_min = options != NULL && options->bulk_min > 0 ? options->bulk_min : 16;
	prepare_monitor(nl);
	nl->request_buffer = mem_new(DUMP_CHUNK);
	nl->batch_buffer = mem_new((size_t)NETLINK_BATCH * RTNL_MESSAGE_MAX);
	nl->dump_buffer = mem_new(DUMP_CHUNK);
	if (open_all(nl, buffer))
		return nl;
	netlink_close(nl);
	return NULL;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

void netlink_close(struct netlink *nl)
{
	int error = errno;

	close_one(nl->request);
	close_one(nl->monitor);
	close_one(nl->dump);
	close_one(nl->poll);
	check(nl->op_count == 0);
	mem_free(nl->ops);
	mem_free(nl->monitor_buffers);
	mem_free(nl->request_buffer);
	mem_free(nl->batch_buffer);
	mem_free(nl->dump_buffer);
	netlink_queue_fini(&nl->queue);
	mem_free(nl);
	errno = error;
}

int netlink_fd(const struct netlink *nl)
{
	return nl->poll;
}

uint32_t netlink_portid(const struct netlink *nl)
{
	return nl->portid;
}

const struct netlink_counters *netlink_counters(const struct netlink *nl)
{
	return &nl->counters;
}

bool netlink_next(struct netlink *nl, struct event *event)
{
	return netlink_queue_take(&nl->queue, event);
}

size_t netlink_waiting(const struct netlink *nl)
{
	return nl->queue.count;
}

/* ---- the monitor
 * ------------------------------------------------------------------------------------ */

static enum kernel_table table_of(enum kernel_event_kind kind)
{
	switch (kind) {
	case KERNEL_FDB_NEW:
	case KERNEL_FDB_DEL:
	case KERNEL_VXLAN_FDB_NEW:
	case KERNEL_VXLAN_FDB_DEL:
	case KERNEL_FLOOD_NEW:
	case KERNEL_FLOOD_DEL:
		return TABLE_FDB;
	case KERNEL_NEIGH_NEW:
	case KERNEL_NEIGH_DEL:
		return TABLE_NEIGH;
	case KERNEL_ROUTE_NEW:
	case KERNEL_ROUTE_DEL:
		return TABLE_ROUTES;
	case KERNEL_NEXTHOP_NEW:
	case KERNEL_NEXTHOP_DEL:
		return TABLE_NEXTHOPS;
	case KERNEL_LINK_NEW:
	case KERNEL_LINK_DEL:
	case KERNEL_PORT_VLANS:
	case KERNEL_ADDR_NEW:
	case KERNEL_ADDR_DEL:
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
	case KERNEL_OVERRUN:
		break;
	}
	return TABLE_LINKS;
}

static void take_event(void *context, const struct kernel_event *kernel)
{
	struct netlink *nl = context;
	struct event e = {.kind = EVENT_KERNEL, .kernel = *kernel};

	if (kernel->from_dump)
		nl->counters.dump_rows++;
	else
		nl->noticed[table_of(kernel->kind)]++;
	netlink_queue_add(&nl->queue, &e);
}

static void take_notifications(struct netlink *nl, const uint8_t *bytes, size_t size)
{
	const struct nlmsghdr *h;

	for (size_t at = 0; (h = rtnl_next(bytes, size, &at)) != NULL;) {
		nl->counters.notifications++;
		if (!rtnl_decode(h, nl->portid, false, take_event, nl))
			nl->counters.undecoded++;
	}
}

static void overrun(struct netlink *nl)
{
	struct event e = {.kind = EVENT_KERNEL, .kernel.kind = KERNEL_OVERRUN};

	nl->counters.overruns++;
	nl->fdb_clean = false;
	netlink_queue_add(&nl->queue, &e);
}

/* One batch of notifications; false when nothing is left for now. */
static bool read_monitor(struct netlink *nl)
{
	struct mmsghdr *messages = nl->monitor_messages;
	int n = recvmmsg(nl->monitor, messages, MONITOR_BATCH, MSG_DONTWAIT, NULL);

	if (n < 0 && errno == ENOBUFS)
		overrun(nl);
	if (n <= 0)
		return n < 0 && (errno == ENOBUFS || errno == EINTR);
	for (int i = 0; i < n; i++) {
		/* a notification that does not fit is lost like one that overflowed */
		if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0)
			overrun(nl);
		else
			take_notifications(nl, nl->monitor_buffers[i], messages[i].msg_len);
	}
	return n == MONITOR_BATCH;
}

void netlink_drain(struct netlink *nl)
{
	for (int i = 0; i < DRAIN_ROUNDS; i++)
		if (!read_monitor(nl))
			return;
	/* Others write faster than we read: what the mirror says is not to be relied on. */
	overrun(nl);
}

/* ---- dumps
 * ------------------------------------------------------------------------------------------------
 */

static void queue_dump_mark(struct netlink *nl, enum kernel_event_kind kind, bool clean)
{
	struct event e = {.kind = EVENT_KERNEL, .kernel.kind = kind};

	e.kernel.dump.table = nl->dump_table;
	e.kernel.dump.clean = clean;
	netlink_queue_add(&nl->queue, &e);
}

static bool send_request(int fd, const struct nlmsghdr *h)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return sendto(fd, h, h->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) ==
	       (ssize_t)h->nlmsg_len;
}

/* A bridge FDB dump misses rows that are there when others come and go meanwhile: once more, in
 * the hope of a quiet moment, and the rows of all together are less likely to lack one. */
static bool dump_again(struct netlink *nl, bool clean)
{
	if (clean || nl->dump_table != TABLE_FDB || ++nl->dump_tries >= FDB_DUMP_TRIES)
		return false;
	nl->dump_step = 0;
	nl->dump_noticed = nl->noticed[nl->dump_table];
	return true;
}

/* False: the dump starts again. */
static bool dump_end(struct netlink *nl)
{
	bool clean;

	netlink_drain(nl);
	clean = nl->noticed[nl->dump_table] == nl->dump_noticed;
	if (dump_again(nl, clean))
		return false;
	if (nl->dump_table == TABLE_FDB)
		nl->fdb_clean = clean;
	nl->dumping = false;
	queue_dump_mark(nl, KERNEL_DUMP_END, clean);
	return true;
}

static void dump_next_step(struct netlink *nl)
{
	struct nlmsghdr *h;

	for (;;) {
		h = rtnl_encode_dump(nl->request_buffer, nl->dump_table, nl->dump_step++);
		if (h == NULL && dump_end(nl))
			return;
		if (h == NULL)
			continue;
		h->nlmsg_seq = nl->dump_sequence = ++nl->sequence;
		if (send_request(nl->dump, h))
			return;
		/* the kernel refused the request: these rows were not shown */
		nl->noticed[nl->dump_table]++;
	}
}

static void dump_start_next(struct netlink *nl)
{
	for (int t = 0; t < TABLE_COUNT && !nl->dumping; t++) {
		if (!nl->dump_asked[t])
			continue;
		nl->dump_asked[t] = false;
		nl->dumping = true;
		nl->dump_table = (enum kernel_table)t;
		nl->dump_step = 0;
		nl->dump_tries = 0;
		netlink_drain(nl);
		nl->dump_noticed = nl->noticed[t];
		queue_dump_mark(nl, KERNEL_DUMP_BEGIN, false);
		dump_next_step(nl);
	}
}

void netlink_dump(struct netlink *nl, enum kernel_table table)
{
	nl->dump_asked[table] = true;
	dump_start_next(nl);
}

/* Rows of one chunk; true when the step is over. */
static bool take_rows(struct netlink *nl, size_t size)
{
	const struct nlmsghdr *h;

	/* What was notified before these rows were made goes first: the mirror then knows which
	 * rows are old news. */
	netlink_drain(nl);
	for (size_t at = 0; (h = rtnl_next(nl->dump_buffer, size, &at)) != NULL;) {
		if (h->nlmsg_seq != nl->dump_sequence)
			continue;
		if ((h->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			nl->noticed[nl->dump_table]++;
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
			/* both carry an error; after one, rows are missing */
			if (mnl_nlmsg_get_payload_len(h) >= sizeof(int) &&
			    *(const int *)mnl_nlmsg_get_payload(h) != 0)
				nl->noticed[nl->dump_table]++;
			return true;
		}
		if (!rtnl_decode(h, 0, true, take_event, nl))
			nl->counters.undecoded++;
	}
	return false;
}

/* One chunk of the dump that is running; false when nothing is there. */
static bool read_dump(struct netlink *nl)
{
	ssize_t n = recv(nl->dump, nl->dump_buffer, DUMP_CHUNK, MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR || errno == ENOBUFS;
	if (!nl->dumping || !take_rows(nl, (size_t)n))
		return true;
	dump_next_step(nl);
	dump_start_next(nl);
	return true;
}

void netlink_readable(struct netlink *nl)
{
	uint64_t before = nl->counters.notifications;

	for (int i = 0; i < READABLE_ROUNDS && read_monitor(nl); i++)
		continue;
	/* One chunk, then everything else has its turn: an audit dumps while the daemon works.
	 * Without a dump there is nothing, unless it is not the monitor that made us readable. */
	if (nl->dumping || nl->counters.notifications == before)
		read_dump(nl);
}
