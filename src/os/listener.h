/*
 * A TCP listener: one socket for IPv4 and one for IPv6 on the same port.
 */
#pragma once

#include <systemd/sd-event.h>

#include "base/log.h"

struct listener;

/* `accepted` owns the descriptor, which is non-blocking and close-on-exec. It may call
 * listener_set(), not listener_free(). */
struct listener *listener_new(
    sd_event *event, struct log *log, void *context, void (*accepted)(void *context, int fd));
void listener_free(struct listener *l);

/* Listen on `port` of all addresses; 0 stops. What cannot be bound is tried again every few
 * seconds, with one warning per port. */
void listener_set(struct listener *l, uint16_t port);
