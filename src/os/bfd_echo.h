/*
 * The packet socket of BFD's Echo function: RFC 5881 section 4. IPv4.
 */
#pragma once

#include "bfd/speaker.h"

struct bfd_echo_io;

struct bfd_echo_io_host {
	void *context;
	/* `error` 0: what failed before works again. Told when it changes. */
	void (*failed)(void *context, int error);
};

struct bfd_echo_io *bfd_echo_io_new(const struct bfd_echo_io_host *host);
void bfd_echo_io_free(struct bfd_echo_io *e);
/* Hands a packet to ourselves (path->local) to the peer's link address; opens the socket when it is
 * the first. */
void bfd_echo_io_send(
    struct bfd_echo_io *e, const struct bfd_echo_path *path, const uint8_t *bytes, size_t size);
/* -1: nothing was sent yet. */
int bfd_echo_io_fd(const struct bfd_echo_io *e);
/* A bounded number of those that came back. */
void bfd_echo_io_receive(struct bfd_echo_io *e, void *context,
    void (*received)(void *context, const uint8_t *bytes, size_t size));
/* This kernel forwards IPv4 (net.ipv4.ip_forward): so it sends back what peers hand it. */
bool bfd_echo_io_forwards(void);
