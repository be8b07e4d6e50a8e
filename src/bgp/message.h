/*
 * BGP messages: the frame around all of them, and the two small ones. RFC 4271 section 4.1 and 6.1,
 * KEEPALIVE 4.4; extended messages RFC 8654; ROUTE-REFRESH RFC 2918 and 7313.
 */
#pragma once

#include "base/bytes.h"
#include "bgp/nlri.h"
#include "bgp/notification.h"

enum message_type {
	MESSAGE_OPEN = 1,
	MESSAGE_UPDATE = 2,
	MESSAGE_NOTIFICATION = 3,
	MESSAGE_KEEPALIVE = 4,
	MESSAGE_ROUTE_REFRESH = 5
};
#define MESSAGE_TYPES 6 /* room for an array by type */

#define MESSAGE_HEADER_SIZE 19
#define MESSAGE_MAX 4096
#define MESSAGE_MAX_EXTENDED 65535

struct message {
	enum message_type type;
	const uint8_t *body; /* after the header; points into the input */
	size_t body_size;
	size_t size; /* of header and body: what to consume */
};

enum framing {
	FRAMING_MORE, /* not a whole message yet */
	FRAMING_MESSAGE,
	FRAMING_ERROR /* the stream is lost: send the notification and close */
};

/* The first message of a stream. `max` is the longest that the peer may send: MESSAGE_MAX, or
 * MESSAGE_MAX_EXTENDED once extended messages are negotiated (OPEN and KEEPALIVE never exceed
 * MESSAGE_MAX). Marker, length and type are judged as soon as the header is there, each type's
 * least length too. */
enum framing message_frame(
    const uint8_t *bytes, size_t size, size_t max, struct message *m, struct notification *error);

/* A message under construction: header, then what the caller writes, then the length. */
size_t message_begin(struct writer *w, enum message_type type);
void message_end(struct writer *w, size_t mark);

void keepalive_encode(struct writer *w);

enum route_refresh_kind {
	ROUTE_REFRESH_REQUEST = 0,
	ROUTE_REFRESH_BEGIN = 1, /* BoRR */
	ROUTE_REFRESH_END = 2	 /* EoRR */
};

struct route_refresh {
	enum route_refresh_kind kind;
	enum bgp_family family;
};

enum route_refresh_result {
	ROUTE_REFRESH_OK,
	ROUTE_REFRESH_IGNORE, /* a family or subtype that we do not speak */
	ROUTE_REFRESH_ERROR   /* *error is filled */
};

enum route_refresh_result route_refresh_decode(
    const uint8_t *body, size_t size, struct route_refresh *r, struct notification *error);
void route_refresh_encode(struct writer *w, const struct route_refresh *r);

/* "OPEN", "UPDATE", … */
const char *message_type_name(enum message_type type);
