/*
 * ICMPv6 router advertisements and solicitations (RFC 4861 section 4.1, 4.2): how unnumbered
 * peers find each other's link-local address.
 */
#pragma once

#include <systemd/sd-event.h>

#include "base/log.h"
#include "os/sink.h"

struct ra;

/* One raw socket for all links. Never NULL: without the privilege for the socket it says so once
 * and does nothing. Emits EVENT_RA. `event`, `sink` and `log` are lent for its lifetime. */
struct ra *ra_new(sd_event *event, const struct event_sink *sink, struct log *log);
void ra_free(struct ra *r);

/* Receive, or not, on this link. Asking again for the same is nothing. */
void ra_watch(struct ra *r, ifindex_t ifindex, bool on);

/* One router advertisement (bgp/ra_message.h) to all nodes of the link; and, unless it is the
 * `last`, a solicitation while a watched link has not shown a router. Best effort: a link that is
 * down or has no link-local address yet sends nothing. */
void ra_send(struct ra *r, ifindex_t ifindex, const uint8_t *bytes, size_t size, bool last);
