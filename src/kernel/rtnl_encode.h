/*
 * Operations to rtnetlink messages: one slot per message, never MASTER and SELF together. Pure.
 * The flags are those of the safe procedures (docs/kernel.md); sequence numbers and the
 * acknowledgement flag are the caller's.
 */
#pragma once

#include "kernel/vocab.h"

#include <linux/netlink.h>

/* Room for any message of these functions. */
#define RTNL_MESSAGE_MAX 8192

/* The write of *op into `buffer`; NULL for verbs that write nothing (READ) and kinds that do not
 * know the verb. */
struct nlmsghdr *rtnl_encode_write(void *buffer, const struct kernel_op *op);

/* A request for the single entry in this slot; NULL where the kernel has no exact read (flood
 * lists, routes, addresses, bridge ports). */
struct nlmsghdr *rtnl_encode_read(void *buffer, const struct slot_key *key);

/* The `step`th dump request of a table, from 0; NULL when there are no more steps. */
struct nlmsghdr *rtnl_encode_dump(void *buffer, enum kernel_table table, unsigned step);
