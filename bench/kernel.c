/* The bare batch writer.
 *
 * Owns one rtnetlink request socket and one batch buffer. Only the last message of a batch asks for
 * an acknowledgement; refusals are reported singly all the same, so nothing can fail unseen, and
 * one answer per 32 entries is what makes this the fastest honest writer to compare a daemon with.
 * It reads no slot before writing and keeps no ledger: it is the limit, not a model of a daemon. */
#include "kernel.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

enum {
	BATCH = 32, /* more gains nothing: the cost per message dominates from here */
	MESSAGE_MAX = 128,
	RECEIVE_BYTES = 65536,
};

struct kernel {
	int fd;
	struct kernel_ports ports;
	uint32_t seq;
	unsigned queued;
	size_t bytes;
	struct nlmsghdr *last;
	_Alignas(8) uint8_t batch[BATCH * MESSAGE_MAX];
};

static int netns_enter(const char *path)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int target = open(path, O_RDONLY | O_CLOEXEC);

	if (home < 0 || target < 0 || setns(target, CLONE_NEWNET) < 0)
		err(1, "%s", path);
	close(target);
	return home;
}

static void netns_leave(int home)
{
	if (setns(home, CLONE_NEWNET) < 0)
		err(1, "setns back");
	close(home);
}

int kernel_socket(const char *netns_path)
{
	int home = netns_enter(netns_path);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		err(1, "netlink");
	netns_leave(home);
	return fd;
}

static int port_index(const char *name)
{
	unsigned index = if_nametoindex(name);

	if (index == 0)
		err(1, "%s", name);
	return (int)index;
}

struct kernel *kernel_open(const char *netns_path)
{
	struct kernel *k = calloc(1, sizeof(*k));
	int home;

	if (k == NULL)
		err(1, "kernel");
	k->fd = kernel_socket(netns_path);
	home = netns_enter(netns_path);
	k->ports.bridge = port_index("br100");
	k->ports.vxlan = port_index("vx100");
	k->ports.access = port_index("acc0");
	netns_leave(home);
	return k;
}

void kernel_close(struct kernel *k)
{
	close(k->fd);
	free(k);
}

struct kernel_ports kernel_ports(const struct kernel *k)
{
	return k->ports;
}

static struct nlmsghdr *message_begin(struct kernel *k, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(k->batch + k->bytes);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = ++k->seq;
	return nlh;
}

static void message_end(struct kernel *k, struct nlmsghdr *nlh)
{
	k->last = nlh;
	k->bytes += nlh->nlmsg_len; /* a multiple of 4: mnl_attr_put pads */
	if (++k->queued == BATCH)
		kernel_flush(k);
}

/* Device, state and flags of a slot: the part of the message that differs by kind and side. */
static struct ndmsg slot_header(const struct kernel *k, enum kernel_kind kind, enum host_side side)
{
	bool remote = side == HOST_REMOTE;
	struct ndmsg ndm = {.ndm_flags = remote ? NTF_EXT_LEARNED : 0};

	switch (kind) {
	case KERNEL_FDB:
		ndm.ndm_family = AF_BRIDGE;
		ndm.ndm_ifindex = remote ? k->ports.vxlan : k->ports.access;
		ndm.ndm_state = remote ? NUD_REACHABLE : NUD_NOARP;
		ndm.ndm_flags |= NTF_MASTER;
		break;
	case KERNEL_VXLAN_FDB:
		ndm.ndm_family = AF_BRIDGE;
		ndm.ndm_ifindex = k->ports.vxlan;
		ndm.ndm_state = NUD_REACHABLE | NUD_NOARP;
		ndm.ndm_flags |= NTF_SELF;
		break;
	case KERNEL_NEIGH:
		ndm.ndm_family = AF_INET;
		ndm.ndm_ifindex = k->ports.bridge;
		ndm.ndm_state = remote ? NUD_NOARP : NUD_PERMANENT;
		break;
	}
	return ndm;
}

static void slot_put(
    struct kernel *k, struct nlmsghdr *nlh, enum kernel_kind kind, struct host host)
{
	static const uint8_t vtep[4] = {10, 0, 0, 2};
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	uint8_t mac[6], ip[4];

	*ndm = slot_header(k, kind, host.side);
	host_mac(host, mac);
	host_ip(host, ip);
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(mac), mac);
	if (kind == KERNEL_VXLAN_FDB)
		mnl_attr_put(nlh, NDA_DST, sizeof(vtep), vtep);
	if (kind == KERNEL_NEIGH)
		mnl_attr_put(nlh, NDA_DST, sizeof(ip), ip);
}

void kernel_add(struct kernel *k, enum kernel_kind kind, struct host host)
{
	struct nlmsghdr *nlh = message_begin(k, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);

	slot_put(k, nlh, kind, host);
	message_end(k, nlh);
}

void kernel_delete(struct kernel *k, enum kernel_kind kind, struct host host)
{
	struct nlmsghdr *nlh = message_begin(k, RTM_DELNEIGH, 0);

	slot_put(k, nlh, kind, host);
	message_end(k, nlh);
}

/* True once the acknowledgement of seq was among the answers. */
static bool answers_read(const uint8_t *buf, ssize_t received, uint32_t seq)
{
	const struct nlmsghdr *nlh = (const void *)buf;
	int left = (int)received;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *answer = mnl_nlmsg_get_payload(nlh);

		if (nlh->nlmsg_type != NLMSG_ERROR)
			errx(1, "unexpected netlink answer %u", nlh->nlmsg_type);
		if (answer->error)
			errx(1, "kernel refused message %u: %s", nlh->nlmsg_seq,
			    strerror(-answer->error));
		if (nlh->nlmsg_seq == seq)
			return true;
	}
	return false;
}

void kernel_flush(struct kernel *k)
{
	_Alignas(8) uint8_t buf[RECEIVE_BYTES];
	ssize_t received;

	if (k->queued == 0)
		return;
	k->last->nlmsg_flags |= NLM_F_ACK;
	if (send(k->fd, k->batch, k->bytes, 0) != (ssize_t)k->bytes)
		err(1, "netlink send");
	k->queued = 0;
	k->bytes = 0;
	do {
		received = recv(k->fd, buf, sizeof(buf), 0);
		if (received < 0)
			err(1, "netlink answer");
	} while (!answers_read(buf, received, k->seq));
}

struct count {
	const struct kernel *k;
	enum kernel_kind kind;
	enum host_side side;
	uint32_t entries;
};

const uint8_t *kernel_attr(const struct nlmsghdr *nlh, uint16_t type, uint16_t length)
{
	const char *end = mnl_nlmsg_get_payload_tail(nlh);
	const struct nlattr *attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct ndmsg));

	for (; mnl_attr_ok(attr, (int)(end - (const char *)attr)); attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == type && mnl_attr_get_payload_len(attr) == length)
			return mnl_attr_get_payload(attr);
	return NULL;
}

static int count_row(const struct nlmsghdr *nlh, void *data)
{
	struct count *count = data;
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const uint8_t *mac = kernel_attr(nlh, NDA_LLADDR, 6);
	struct ndmsg want = slot_header(count->k, count->kind, count->side);
	bool self = ndm->ndm_flags & NTF_SELF;
	struct host host;

	if (mac && host_from_mac(mac, &host) && host.side == count->side &&
	    ndm->ndm_ifindex == want.ndm_ifindex && self == (count->kind == KERNEL_VXLAN_FDB))
		count->entries++;
	return MNL_CB_OK;
}

uint32_t kernel_count(struct kernel *k, enum kernel_kind kind, enum host_side side)
{
	struct count count = {.k = k, .kind = kind, .side = side};
	_Alignas(8) uint8_t buf[RECEIVE_BYTES];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	int more = MNL_CB_OK;

	nlh->nlmsg_type = RTM_GETNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++k->seq;
	ndm->ndm_family = slot_header(k, kind, side).ndm_family;
	if (send(k->fd, nlh, nlh->nlmsg_len, 0) < 0)
		err(1, "dump");
	while (more > MNL_CB_STOP) {
		ssize_t received = recv(k->fd, buf, sizeof(buf), 0);

		more = received < 0
			   ? -1
			   : mnl_cb_run(buf, (size_t)received, k->seq, 0, count_row, &count);
		if (more < 0)
			err(1, "dump");
	}
	return count.entries;
}
