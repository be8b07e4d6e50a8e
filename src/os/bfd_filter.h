/*
 * What BFD's listeners take from the kernel: a classic BPF program, made from the sessions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/types.h"

struct bfd_filter_session {
	uint32_t discriminator; /* ours */
	struct ip remote;
};

/* Only datagrams that could be of one of these sessions get into the buffer of this UDP socket;
 * the others count as its drops (bfd_filter_drops()). With more sessions than a program has room
 * for, who they are from is not looked at. False: errno; the socket is as it was. */
bool bfd_filter_set(
    int fd, int family, bool multihop, const struct bfd_filter_session *sessions, size_t count);
/* Datagrams that this socket has dropped so far: by its filter, or for want of room. */
uint32_t bfd_filter_drops(int fd);
