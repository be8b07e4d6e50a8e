/*
 * A TCP listener: one socket for IPv4 and one for IPv6 on the same port.
 */
#pragma once

#include <systemd/sd-event.h>

#include "base/log.h"

struct listener;

struct listener_calls {
	void *context;
	/* A new listening socket, before it takes connections. */
	void (*opened)(void *context, int fd);
	/* It owns the descriptor, which is non-blocking and close-on-exec. It may call
	 * listener_set(), not listener_free(). */
	void (*accepted)(void *context, int fd);
};

struct listener *listener_new(sd_event *event, struct log *log, const struct listener_calls *calls);
void listener_free(struct listener *l);

/* Listen on `port` of all addresses; 0 stops. What cannot be bound is tried again every few
 * seconds, with one warning per port. */
void listener_set(struct listener *l, uint16_t port);

/* The sockets that listen now; their number, at most LISTENER_SOCKETS. */
#define LISTENER_SOCKETS 2
size_t listener_fds(const struct listener *l, int fds[LISTENER_SOCKETS]);
