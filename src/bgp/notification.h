/*
 * NOTIFICATION: why a session ends. RFC 4271 sections 4.5 and 6; Cease subcodes RFC 4486, 8538,
 * 9384; FSM subcodes RFC 6608; ROUTE-REFRESH error RFC 7313; shutdown communication RFC 9003; send
 * hold timer RFC 9687.
 *
 * Any decoder of bgp/ that meets an error worth a session fills one of these; the session sends it.
 */
#pragma once

#include "base/bytes.h"
#include "base/str.h"

enum notification_code {
	NOTIFY_NONE = 0,
	NOTIFY_HEADER = 1,
	NOTIFY_OPEN = 2,
	NOTIFY_UPDATE = 3,
	NOTIFY_HOLD_TIMER = 4,
	NOTIFY_FSM = 5,
	NOTIFY_CEASE = 6,
	NOTIFY_ROUTE_REFRESH = 7,
	NOTIFY_SEND_HOLD_TIMER = 8
};

enum notification_header {
	NOTIFY_HEADER_NOT_SYNCHRONIZED = 1,
	NOTIFY_HEADER_BAD_LENGTH = 2,
	NOTIFY_HEADER_BAD_TYPE = 3
};

enum notification_open {
	NOTIFY_OPEN_UNSPECIFIC = 0,
	NOTIFY_OPEN_BAD_VERSION = 1,
	NOTIFY_OPEN_BAD_PEER_AS = 2,
	NOTIFY_OPEN_BAD_IDENTIFIER = 3,
	NOTIFY_OPEN_BAD_PARAMETER = 4,
	NOTIFY_OPEN_BAD_HOLD_TIME = 6,
	NOTIFY_OPEN_BAD_CAPABILITY = 7,
	NOTIFY_OPEN_ROLE_MISMATCH = 11 /* RFC 9234 */
};

enum notification_update {
	NOTIFY_UPDATE_MALFORMED_LIST = 1,
	NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN = 2,
	NOTIFY_UPDATE_MISSING_WELL_KNOWN = 3,
	NOTIFY_UPDATE_FLAGS = 4,
	NOTIFY_UPDATE_LENGTH = 5,
	NOTIFY_UPDATE_ORIGIN = 6,
	NOTIFY_UPDATE_NEXT_HOP = 8,
	NOTIFY_UPDATE_OPTIONAL = 9,
	NOTIFY_UPDATE_NETWORK = 10,
	NOTIFY_UPDATE_AS_PATH = 11
};

enum notification_fsm {
	NOTIFY_FSM_UNSPECIFIC = 0,
	NOTIFY_FSM_OPENSENT = 1,
	NOTIFY_FSM_OPENCONFIRM = 2,
	NOTIFY_FSM_ESTABLISHED = 3
};

enum notification_cease {
	NOTIFY_CEASE_MAX_PREFIXES = 1,
	NOTIFY_CEASE_SHUTDOWN = 2,
	NOTIFY_CEASE_DECONFIGURED = 3,
	NOTIFY_CEASE_RESET = 4,
	NOTIFY_CEASE_REJECTED = 5,
	NOTIFY_CEASE_CONFIG_CHANGE = 6,
	NOTIFY_CEASE_COLLISION = 7,
	NOTIFY_CEASE_OUT_OF_RESOURCES = 8,
	NOTIFY_CEASE_HARD_RESET = 9,
	NOTIFY_CEASE_BFD_DOWN = 10 /* RFC 9384 */
};

struct notification {
	uint8_t code, subcode;
	const uint8_t *data; /* lent: points into the message that was wrong, or to constants */
	size_t data_size;
};

/* Room for a shutdown communication (RFC 9003 section 2) with its length byte. */
#define SHUTDOWN_DATA_MAX 256

/* From the body of a NOTIFICATION; data points into it. False: shorter than two bytes. */
bool notification_decode(const uint8_t *body, size_t size, struct notification *n);

/* A whole message; data that does not fit the largest message is cut. */
void notification_encode(struct writer *w, const struct notification *n);

/* Cease with a shutdown communication, for NOTIFY_CEASE_SHUTDOWN and _RESET: `data` of
 * SHUTDOWN_DATA_MAX bytes is filled from `text` (NULL: none), cut at a UTF-8 boundary, and lent to
 * the result. */
struct notification notification_cease_with(uint8_t subcode, const char *text, uint8_t *data);

/* Appends the shutdown communication that came with a Cease; invalid UTF-8 and control characters
 * become '?'. False, nothing appended, when there is none (or its length byte is wrong). */
bool notification_communication(const struct notification *n, struct str *out);

/* What a Hard Reset wraps (RFC 8538 section 3.1). False: it is none, or wraps nothing. */
bool notification_unwrap(const struct notification *n, struct notification *inner);

/* "Hold Timer Expired", "Cease/Administrative Shutdown", "Cease/Hard Reset (Cease/…)", with `:
 * "text"` for a shutdown communication; unknown numbers as "code 9/1". Appends. */
void notification_text(const struct notification *n, struct str *out);
