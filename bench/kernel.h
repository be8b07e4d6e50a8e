/* Writing bench entries into a namespace's kernel, batched, as fast as rtnetlink takes them. */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "host.h"

/* The three positions that one remote MAC+IP route fills. A local host uses the first and the last.
 */
enum kernel_kind {
	KERNEL_FDB, /* bridge FDB (MASTER): remote on the VXLAN port, local static on the access
		       port */
	KERNEL_VXLAN_FDB, /* VXLAN FDB (SELF): remote only */
	KERNEL_NEIGH,	  /* neighbour on the bridge: remote NOARP extern_learn, local PERMANENT */
};
enum { KERNEL_KINDS = 3 };

/* Interface indexes in the namespace under test. */
struct kernel_ports {
	int bridge;
	int vxlan;
	int access;
};

struct kernel;

/* A NETLINK_ROUTE socket that lives in the network namespace at path; the caller stays where it is.
 * Exits on error. */
int kernel_socket(const char *netns_path);

/* A request socket in the namespace, with br100, vx100 and acc0 resolved there. Exits on error. */
struct kernel *kernel_open(const char *netns_path);
void kernel_close(struct kernel *k);
struct kernel_ports kernel_ports(const struct kernel *k);

/* Queues one exclusive add (or, for remote FDB entries, which the kernel adds blindly, a plain
 * add). Flushes by itself when a batch is full. */
void kernel_add(struct kernel *k, enum kernel_kind kind, struct host host);
void kernel_delete(struct kernel *k, enum kernel_kind kind, struct host host);

/* Sends what is queued and reads every answer up to the last message's acknowledgement. The first
 * refusal is fatal: a bench whose writes fail measures nothing. */
void kernel_flush(struct kernel *k);

/* Counts the bench's own entries of one side by a dump. */
uint32_t kernel_count(struct kernel *k, enum kernel_kind kind, enum host_side side);

/* The payload of a neighbour or FDB message's attribute of that type and exact length, NULL if
 * there is none. */
const uint8_t *kernel_attr(const struct nlmsghdr *nlh, uint16_t type, uint16_t length);
