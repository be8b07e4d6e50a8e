/*
 * The frame around every BGP message: 16 bytes of ones, a length, a type (RFC 4271 section 4.1).
 * A frame that is wrong ends the session, because where the next one begins is not known any more
 * (section 6.1); nothing here depends on a session's state beyond the longest message allowed.
 */
#include "bgp/message.h"

#include <string.h>

#define MARKER_SIZE 16

static const uint8_t marker[MARKER_SIZE] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static const struct {
	const char *name;
	size_t least; /* RFC 4271 section 6.1; RFC 2918 section 3 */
	bool extends; /* RFC 8654 section 4 */
} types[] = {
    [MESSAGE_OPEN] = {"OPEN", 29, false},
    [MESSAGE_UPDATE] = {"UPDATE", 23, true},
    [MESSAGE_NOTIFICATION] = {"NOTIFICATION", 21, true},
    [MESSAGE_KEEPALIVE] = {"KEEPALIVE", MESSAGE_HEADER_SIZE, false},
    [MESSAGE_ROUTE_REFRESH] = {"ROUTE-REFRESH", 23, true},
};

#define TYPES (sizeof(types) / sizeof(*types))

static enum framing frame_error(
    struct notification *error, uint8_t subcode, const uint8_t *data, size_t size)
{
	*error = (struct notification){NOTIFY_HEADER, subcode, data, size};
	return FRAMING_ERROR;
}

static bool length_fits(size_t length, uint8_t type, size_t max)
{
	if (type == MESSAGE_KEEPALIVE)
		return length == MESSAGE_HEADER_SIZE;
	return length >= types[type].least && length <= (types[type].extends ? max : MESSAGE_MAX);
}

enum framing message_frame(
    const uint8_t *bytes, size_t size, size_t max, struct message *m, struct notification *error)
{
	struct reader r;
	size_t length;
	uint8_t type;

	if (size < MESSAGE_HEADER_SIZE)
		return FRAMING_MORE;
	if (memcmp(bytes, marker, MARKER_SIZE) != 0)
		return frame_error(error, NOTIFY_HEADER_NOT_SYNCHRONIZED, NULL, 0);
	r = reader_from(bytes + MARKER_SIZE, MESSAGE_HEADER_SIZE - MARKER_SIZE);
	length = read_u16(&r);
	type = read_u8(&r);
	if (length < MESSAGE_HEADER_SIZE || length > max)
		return frame_error(error, NOTIFY_HEADER_BAD_LENGTH, bytes + MARKER_SIZE, 2);
	if (type >= TYPES || types[type].name == NULL)
		return frame_error(error, NOTIFY_HEADER_BAD_TYPE, bytes + MARKER_SIZE + 2, 1);
	if (!length_fits(length, type, max))
		return frame_error(error, NOTIFY_HEADER_BAD_LENGTH, bytes + MARKER_SIZE, 2);
	if (size < length)
		return FRAMING_MORE;
	*m = (struct message){.type = (enum message_type)type,
	    .body = bytes + MESSAGE_HEADER_SIZE,
	    .body_size = length - MESSAGE_HEADER_SIZE,
	    .size = length};
	return FRAMING_MESSAGE;
}

size_t message_begin(struct writer *w, enum message_type type)
{
	size_t start = writer_size(w);

	write_bytes(w, marker, MARKER_SIZE);
	write_u16(w, 0);
	write_u8(w, (uint8_t)type);
	return start;
}

/* Unlike write_end_u16() the length counts the marker, the length field and the type. */
void message_end(struct writer *w, size_t mark)
{
	size_t size = writer_size(w) - mark;

	if (w->overflow)
		return;
	if (size > MESSAGE_MAX_EXTENDED) {
		w->overflow = true;
		return;
	}
	w->start[mark + MARKER_SIZE] = (uint8_t)(size >> 8);
	w->start[mark + MARKER_SIZE + 1] = (uint8_t)size;
}

void keepalive_encode(struct writer *w)
{
	message_end(w, message_begin(w, MESSAGE_KEEPALIVE));
}

/* RFC 7313 section 5: a BoRR or EoRR of another length is an error, an unknown subtype is not.
 * A request may be followed by outbound filters (RFC 5291) that we did not negotiate. */
enum route_refresh_result route_refresh_decode(
    const uint8_t *body, size_t size, struct route_refresh *route, struct notification *error)
{
	struct reader r = reader_from(body, size);
	uint16_t afi = read_u16(&r);
	uint8_t subtype = read_u8(&r), safi = read_u8(&r);

	if (subtype > ROUTE_REFRESH_END)
		return ROUTE_REFRESH_IGNORE;
	if (r.failed || (subtype != ROUTE_REFRESH_REQUEST && size != 4)) {
		*error = (struct notification){NOTIFY_ROUTE_REFRESH, 1, body, size};
		return ROUTE_REFRESH_ERROR;
	}
	route->kind = (enum route_refresh_kind)subtype;
	return bgp_family_from(afi, safi, &route->family) ? ROUTE_REFRESH_OK : ROUTE_REFRESH_IGNORE;
}

void route_refresh_encode(struct writer *w, const struct route_refresh *route)
{
	size_t mark = message_begin(w, MESSAGE_ROUTE_REFRESH);

	write_u16(w, bgp_family_afi(route->family));
	write_u8(w, (uint8_t)route->kind);
	write_u8(w, bgp_family_safi(route->family));
	message_end(w, mark);
}

const char *message_type_name(enum message_type type)
{
	return types[type].name;
}
