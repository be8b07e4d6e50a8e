/*
 * The control socket: a Unix stream socket on which clients send command lines and get text.
 *
 *	request:  one line, ended by NUL (or by newline, for people with socat)
 *	answer:   text, then three NUL bytes and one status byte (0: accepted)
 *
 * The frame is the one of FRR's vtysh. A client may send its next line at any time; it is
 * looked at when the answer before is complete and has left.
 */
#pragma once

#include <systemd/sd-event.h>

#include "base/log.h"
#include "os/sink.h"

struct ctlsock;

/* Clients at a time; the next one is closed at once. */
#define CTL_CLIENTS_MAX 64
/* A longer line ends its client. */
#define CTL_LINE_MAX ((size_t)64 << 10)
/* A client that makes the answers waiting for all clients grow beyond this is closed; enough for a
 * table of a million rows. */
#define CTL_ANSWERS_MAX ((size_t)512 << 20)

/* Listens at `path` (its directory is made if missing), mode 0660, group `group` ("" keeps
 * ours). Never NULL: what cannot be made is logged as a warning, and nobody will come. Emits
 * CTL_REQUEST and CTL_CLOSED. `event`, `sink` and `log` are lent for its lifetime. */
struct ctlsock *ctlsock_new(sd_event *event, const struct event_sink *sink, struct log *log,
    const char *path, const char *group);
/* Removes the socket file, if it is still ours. */
void ctlsock_free(struct ctlsock *s);

/* Part of the answer; unknown clients are ignored. `end` completes it. */
void ctlsock_reply(
    struct ctlsock *s, uint32_t client, const char *text, size_t size, bool end, int status);

/* End of a turn: write what was queued, as far as it goes. */
void ctlsock_flush(struct ctlsock *s);

/* The oldest CTL_CLOSED that happened while actions were executed; false when there is none. */
bool ctlsock_next(struct ctlsock *s, struct event *event);
