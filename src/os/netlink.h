/*
 * rtnetlink: three sockets behind one descriptor. The monitor receives every notification, the
 * request socket writes and reads single slots, the dump socket carries dumps; an overflow of one
 * never loses what belongs to another.
 *
 * Events are pulled, never pushed: whatever the kernel says is queued here in the order in which
 * the engine must see it, and the loop takes it out one by one. So nothing can re-enter
 * engine_handle(). One turn of the loop:
 *
 *	netlink_readable(nl)                      when netlink_fd() is readable
 *	while (netlink_next(nl, &event))
 *		engine_handle(e, &event, now)
 *		while (engine_next_action(e, &action))
 *			ACTION_KERNEL_OP:   netlink_submit(nl, &action.op)
 *			ACTION_KERNEL_DUMP: netlink_dump(nl, action.dump)
 *			…
 *		netlink_flush(nl)
 *
 * Operations are executed in the order submitted. For each one the notifications that it caused,
 * and all that came before it, are queued ahead of its EVENT_KERNEL_RESULT (the return of send()
 * is the kernel's barrier). docs/architecture.md, "Preconditions".
 */
#pragma once

#include "event.h"

#include <stddef.h>

struct netlink;

struct netlink_options {
	int receive_buffer; /* bytes asked for the monitor; 0: 64 MiB. Tests force overruns with it
			     */
	size_t bulk_min;    /* from so many operations in one flush on, batches; 0: 16. 1 and
			       SIZE_MAX force one or the other */
};

/* Opens the sockets in the network namespace of the calling thread and joins the groups. NULL
 * with errno set when the kernel refuses (EPERM only for the receive buffer is tolerated: then
 * the buffer is what the system allows). `options` may be NULL. */
struct netlink *netlink_open(const struct netlink_options *options);
void netlink_close(struct netlink *nl);

/* Readable (POLLIN) while netlink_readable() has work. Owned by `nl`. */
int netlink_fd(const struct netlink *nl);

/* Reads a bounded number of notifications and dump rows into the queue. What is left keeps
 * netlink_fd() readable. */
void netlink_readable(struct netlink *nl);

/* The oldest queued event; false when there is none. Its pointers are valid until the next call
 * of any function here. */
bool netlink_next(struct netlink *nl, struct event *event);

/* How many events are queued. */
size_t netlink_waiting(const struct netlink *nl);

/* Take an operation over (copied, with what it points to); netlink_flush() executes it. */
void netlink_submit(struct netlink *nl, const struct kernel_op *op);

/* Execute what was submitted: one by one with a read before each conditional write, or from
 * `bulk_min` operations on in batches of at most 32 behind a drained monitor, one by one again for
 * slots that were touched meanwhile. Queues notifications and one EVENT_KERNEL_RESULT for each. */
void netlink_flush(struct netlink *nl);

/* Ask for a dump of one table, after the dumps asked for before. Queues DUMP_BEGIN, the rows
 * (from_dump) as they are read by netlink_readable(), and DUMP_END. A table already waiting is
 * not queued twice. A bridge FDB dump that notifications ran into is repeated a few times. */
void netlink_dump(struct netlink *nl, enum kernel_table table);

/* The portid under which our writes show in notifications. */
uint32_t netlink_portid(const struct netlink *nl);

struct netlink_counters {
	uint64_t notifications, dump_rows, undecoded;
	uint64_t overruns;
	uint64_t single, bulk, batches, touched; /* operations by way; bulk ones that fell back */
};
const struct netlink_counters *netlink_counters(const struct netlink *nl);
