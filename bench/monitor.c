/* The observer's view of the kernel: which of the bench's slots exist, according to notifications
 * alone.
 *
 * Slots are bits by host index, so that a notification costs a few nanoseconds and the listener is
 * never the slow part. The socket's buffer holds a whole bulk run; an overrun would make every
 * count a lie and ends the program. */
#include "monitor.h"

#include <err.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

enum {
	RECEIVE_BUFFER_BYTES = 512 << 20,
	MESSAGES = 64,
	MESSAGE_BYTES = 1024,
};

struct monitor {
	int fd;
	enum host_side side;
	monitor_changed_fn *changed; /* or NULL */
	void *changed_arg;
	uint32_t count[KERNEL_KINDS];
	uint64_t present[KERNEL_KINDS][HOST_MAX / 64];
	_Alignas(8) uint8_t buf[MESSAGES][MESSAGE_BYTES];
	struct iovec iov[MESSAGES];
	struct mmsghdr msg[MESSAGES];
};

static void buffers_init(struct monitor *m)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		m->iov[i] = (struct iovec){.iov_base = m->buf[i], .iov_len = MESSAGE_BYTES};
		m->msg[i].msg_hdr = (struct msghdr){.msg_iov = &m->iov[i], .msg_iovlen = 1};
	}
}

struct monitor *monitor_open(const char *netns_path, enum host_side side)
{
	struct monitor *m = calloc(1, sizeof(*m));
	struct sockaddr_nl all = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_NEIGH};
	int bytes = RECEIVE_BUFFER_BYTES;

	if (m == NULL)
		err(1, "monitor");
	m->fd = kernel_socket(netns_path);
	m->side = side;
	if (setsockopt(m->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    bind(m->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		err(1, "monitor");
	buffers_init(m);
	return m;
}

void monitor_close(struct monitor *m)
{
	close(m->fd);
	free(m);
}

int monitor_fd(const struct monitor *m)
{
	return m->fd;
}

void monitor_watch(struct monitor *m, monitor_changed_fn *changed, void *arg)
{
	m->changed = changed;
	m->changed_arg = arg;
}

bool monitor_present(const struct monitor *m, enum kernel_kind kind, uint32_t index)
{
	return m->present[kind][index / 64] >> (index % 64) & 1;
}

uint32_t monitor_count(const struct monitor *m, enum kernel_kind kind)
{
	return m->count[kind];
}

static void slot_set(struct monitor *m, enum kernel_kind kind, uint32_t index, bool present)
{
	if (monitor_present(m, kind, index) == present)
		return;
	m->present[kind][index / 64] ^= (uint64_t)1 << (index % 64);
	m->count[kind] += present ? 1 : UINT32_MAX;
	if (m->changed)
		m->changed(m->changed_arg, kind, index, present);
}

void monitor_assume(struct monitor *m, uint32_t hosts)
{
	for (enum kernel_kind kind = KERNEL_FDB; kind <= KERNEL_NEIGH; kind++)
		for (uint32_t i = 0; i < hosts; i++)
			slot_set(m, kind, i, true);
}

static enum kernel_kind kind_of(const struct ndmsg *ndm)
{
	if (ndm->ndm_family != AF_BRIDGE)
		return KERNEL_NEIGH;
	return ndm->ndm_flags & NTF_SELF ? KERNEL_VXLAN_FDB : KERNEL_FDB;
}

/* A neighbour that goes is announced as FAILED, without its MAC; FDB rows carry no address of ours
 * but the MAC. */
static bool host_find(const struct nlmsghdr *nlh, enum kernel_kind kind, struct host *host)
{
	bool neigh = kind == KERNEL_NEIGH;
	const uint8_t *address = kernel_attr(nlh, neigh ? NDA_DST : NDA_LLADDR, neigh ? 4 : 6);

	if (address == NULL)
		return false;
	return neigh ? host_from_ip(address, host) : host_from_mac(address, host);
}

static void notification_apply(struct monitor *m, const uint8_t *buf, size_t length)
{
	const struct nlmsghdr *nlh = (const void *)buf;
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	enum kernel_kind kind;
	struct host host;

	if (!mnl_nlmsg_ok(nlh, (int)length) || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ndm))
		return;
	kind = kind_of(ndm);
	if (!host_find(nlh, kind, &host) || host.side != m->side)
		return;
	slot_set(
	    m, kind, host.index, nlh->nlmsg_type == RTM_NEWNEIGH && !(ndm->ndm_state & NUD_FAILED));
}

uint32_t monitor_drain(struct monitor *m)
{
	uint32_t total = 0;
	int received;

	while ((received = recvmmsg(m->fd, m->msg, MESSAGES, MSG_DONTWAIT, NULL)) > 0) {
		for (int i = 0; i < received; i++)
			notification_apply(m, m->buf[i], m->msg[i].msg_len);
		total += (uint32_t)received;
	}
	if (received < 0 && errno != EAGAIN && errno != EINTR)
		err(1, "monitor");
	return total;
}
