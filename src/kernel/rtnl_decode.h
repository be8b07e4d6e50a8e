/*
 * rtnetlink messages to kernel events. Pure: bytes in, events out. Lengths are never trusted;
 * attributes are taken only in the size that is declared for them.
 *
 * linux/rtnetlink.h, linux/neighbour.h, linux/if_link.h, linux/if_bridge.h; docs/kernel.md.
 */
#pragma once

#include "kernel/vocab.h"

#include <linux/netlink.h>

/* Walks a run of messages: the one at *at, which then moves behind it; NULL when none fits into
 * what is left. Start with *at = 0. `bytes` is aligned as a message is. */
const struct nlmsghdr *rtnl_next(const void *bytes, size_t size, size_t *at);

typedef void rtnl_emit_fn(void *context, const struct kernel_event *event);

/* Decodes one message of `h->nlmsg_len` bytes, which the caller has checked to be there. `portid`
 * is that of our request socket. Emits no event (noise, other families, malformed), one, or for an
 * AF_BRIDGE link message one with the port's VLANs and flags. What an event points to is lent for
 * the call. False: malformed. */
bool rtnl_decode(
    const struct nlmsghdr *h, uint32_t portid, bool from_dump, rtnl_emit_fn *emit, void *context);
