/*
 * Connections that outlive the daemon: the service manager's file descriptor store keeps each one
 * as two descriptors of one name, the socket and a page of memory with what the next instance must
 * know (FDSTORE=1, sd_pid_notify_with_fds(3); FileDescriptorStoreMax=).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/tcp_auth.h"

/* The page of one connection. */
struct handover;

/* Which direction stands inside a message. */
enum handover_side { HANDOVER_IN, HANDOVER_OUT, HANDOVER_SIDES };

/* What fits on the page. */
#define HANDOVER_NOTE_MAX_SIZE 3000

/* Into the store; NULL: there is no service manager, or it cannot be done (logged). Both sides are
 * between two messages. `auth`: the keys that the socket has; NULL none. */
struct handover *handover_store(
    int fd, const struct tcp_auth *auth, const uint8_t *note, size_t size, struct log *log);
/* Its socket has these keys (NULL: none), no others. */
bool handover_has_keys(const struct handover *h, const struct tcp_auth *auth);
/* The service manager forgets it; frees. NULL is fine. */
void handover_forget(struct handover *h);
/* We end and the store keeps it; frees. NULL is fine. */
void handover_leave(struct handover *h);

/* Before the socket is touched: from now on, bytes of a message may have been taken or given that
 * the next instance knows nothing of. After it, if that was a whole number of messages, not any
 * more. NULL is fine. */
void handover_busy(struct handover *h, enum handover_side side, bool busy);

struct handover_found {
	struct handover *handover; /* owned by whoever takes it */
	int fd;
	const uint8_t *note; /* on the page */
	size_t size;
};
/* What the service manager kept for us and can be used: an open connection between two messages
 * each way. All else is closed, also in the store. Once, early; the list is the caller's. Returns
 * the number. */
size_t handover_take(struct handover_found **list, struct log *log);

/* Where the messages of a BGP stream begin: RFC 4271 section 4.1, a header of 19 bytes with the
 * length in its 17th and 18th. */
struct framing {
	size_t at;     /* bytes of the message that is under way */
	uint16_t size; /* its length, once that is known */
};
void framing_feed(struct framing *f, const uint8_t *bytes, size_t size);
