/*
 * The UDP sockets of BFD: RFC 5881 section 4 and 5, RFC 5883 section 5. For one thread that polls.
 */
#pragma once

#include <poll.h>

#include "base/mono.h"
#include "bfd/speaker.h"

struct bfd_udp;

struct bfd_udp_host {
	void *context;
	/* `error` 0: what failed before works again. Told when it changes. */
	void (*failed)(void *context, uint32_t id, enum bfd_error what, uint16_t port, int error);
};

struct bfd_udp *bfd_udp_new(const struct bfd_udp_host *host);
void bfd_udp_free(struct bfd_udp *u);

/* A session is going to talk over this path; from now on what comes to its port is received. */
void bfd_udp_open(
    struct bfd_udp *u, uint32_t id, uint32_t discriminator, const struct bfd_path *path);
void bfd_udp_close(struct bfd_udp *u, uint32_t id);
/* One datagram with TTL 255, from the session's own port (49152-65535), which stays the same. */
void bfd_udp_send(struct bfd_udp *u, uint32_t id, const uint8_t *bytes, size_t size);

#define BFD_LISTENERS_MAX 64

/* Opens what is missing, at most once a second; says when it wants to be called again. */
mono_t bfd_udp_listen(struct bfd_udp *u, mono_t now);
/* Datagrams that the kernel has dropped in front of the listeners. */
uint64_t bfd_udp_dropped(const struct bfd_udp *u);
/* The descriptors to poll, at most BFD_LISTENERS_MAX; returns how many. */
size_t bfd_udp_poll(const struct bfd_udp *u, struct pollfd *fds);
/* A bounded number of datagrams from each descriptor that has some; true when there may be more. */
bool bfd_udp_receive(struct bfd_udp *u, void *context,
    void (*received)(void *context, const struct bfd_datagram *d));
