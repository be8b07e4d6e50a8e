/*
 * Inside of os/netlink, shared by its files only: netlink.c (sockets, monitor, dumps) and
 * netlink_op.c (execution of operations).
 */
#pragma once

#include <sys/socket.h>

#include "os/netlink.h"
#include "os/netlink_queue.h"

#define NETLINK_BATCH 32
#define MONITOR_BATCH 32
#define MONITOR_MESSAGE_MAX 16384

struct netlink {
	int request, monitor, dump, poll;
	uint32_t portid; /* of the request socket */
	uint32_t sequence;
	size_t bulk_min;
	struct netlink_queue queue;
	struct kernel_op *ops; /* submitted, not executed; owned with their next hops */
	size_t op_count, op_room;
	uint64_t noticed[TABLE_COUNT]; /* notifications so far, by table */
	/* the dump that is running */
	bool dump_asked[TABLE_COUNT], dumping;
	enum kernel_table dump_table;
	unsigned dump_step, dump_tries;
	uint32_t dump_sequence;
	uint64_t dump_noticed;
	bool fdb_clean; /* the last FDB dump was: absence in the mirror is proven */
	struct netlink_counters counters;
	uint8_t (*monitor_buffers)[MONITOR_MESSAGE_MAX];
	struct iovec monitor_parts[MONITOR_BATCH];
	struct mmsghdr monitor_messages[MONITOR_BATCH];
	uint8_t *request_buffer, *batch_buffer, *dump_buffer;
};

/* Every notification that the kernel has queued so far goes to our queue. */
void netlink_drain(struct netlink *nl);
