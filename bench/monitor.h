/* A netlink listener that knows the bench's hosts. */
#pragma once

#include "kernel.h"

struct monitor;

/* Subscribes to neighbour and FDB notifications of the namespace; counts only entries of side.
 * Exits on error. */
struct monitor *monitor_open(const char *netns_path, enum host_side side);
void monitor_close(struct monitor *m);
int monitor_fd(const struct monitor *m);

/* Starts as if the first hosts' slots had all been notified: what goes is counted down. */
void monitor_assume(struct monitor *m, uint32_t hosts);

/* From now on calls changed whenever a slot appears or goes. */
typedef void monitor_changed_fn(void *arg, enum kernel_kind kind, uint32_t index, bool present);
void monitor_watch(struct monitor *m, monitor_changed_fn *changed, void *arg);

/* Reads all that is queued and returns how many notifications that was. A lost notification is
 * fatal. */
uint32_t monitor_drain(struct monitor *m);

/* Whether the last notification for that slot said that it exists, and how many slots of that kind
 * do. */
bool monitor_present(const struct monitor *m, enum kernel_kind kind, uint32_t index);
uint32_t monitor_count(const struct monitor *m, enum kernel_kind kind);
