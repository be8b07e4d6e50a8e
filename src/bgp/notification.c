/*
 * NOTIFICATION messages and their names. The tables below are the registries of RFC 4271 section
 * 4.5, 4486, 6608, 7313, 8538, 9234, 9384 and 9687; a number that is not in them is shown as a
 * number.
 */
#include "bgp/notification.h"

#include <string.h>

#include "bgp/message.h"

#define SUBCODES 12

static const struct {
	const char *name;
	const char *subcodes[SUBCODES];
} codes[] = {
    [NOTIFY_HEADER] = {"Message Header Error",
	{[NOTIFY_HEADER_NOT_SYNCHRONIZED] = "Connection Not Synchronized",
	    [NOTIFY_HEADER_BAD_LENGTH] = "Bad Message Length",
	    [NOTIFY_HEADER_BAD_TYPE] = "Bad Message Type"}},
    [NOTIFY_OPEN] = {"OPEN Message Error",
	{[NOTIFY_OPEN_UNSPECIFIC] = "Unspecific",
	    [NOTIFY_OPEN_BAD_VERSION] = "Unsupported Version Number",
	    [NOTIFY_OPEN_BAD_PEER_AS] = "Bad Peer AS",
	    [NOTIFY_OPEN_BAD_IDENTIFIER] = "Bad BGP Identifier",
	    [NOTIFY_OPEN_BAD_PARAMETER] = "Unsupported Optional Parameter",
	    [NOTIFY_OPEN_BAD_HOLD_TIME] = "Unacceptable Hold Time",
	    [NOTIFY_OPEN_BAD_CAPABILITY] = "Unsupported Capability",
	    [NOTIFY_OPEN_ROLE_MISMATCH] = "Role Mismatch"}},
    [NOTIFY_UPDATE] = {"UPDATE Message Error",
	{[NOTIFY_UPDATE_MALFORMED_LIST] = "Malformed Attribute List",
	    [NOTIFY_UPDATE_UNKNOWN_WELL_KNOWN] = "Unrecognized Well-known Attribute",
	    [NOTIFY_UPDATE_MISSING_WELL_KNOWN] = "Missing Well-known Attribute",
	    [NOTIFY_UPDATE_FLAGS] = "Attribute Flags Error",
	    [NOTIFY_UPDATE_LENGTH] = "Attribute Length Error",
	    [NOTIFY_UPDATE_ORIGIN] = "Invalid ORIGIN Attribute",
	    [NOTIFY_UPDATE_NEXT_HOP] = "Invalid NEXT_HOP Attribute",
	    [NOTIFY_UPDATE_OPTIONAL] = "Optional Attribute Error",
	    [NOTIFY_UPDATE_NETWORK] = "Invalid Network Field",
	    [NOTIFY_UPDATE_AS_PATH] = "Malformed AS_PATH"}},
    [NOTIFY_HOLD_TIMER] = {"Hold Timer Expired", {NULL}},
    [NOTIFY_FSM] = {"Finite State Machine Error",
	{[NOTIFY_FSM_UNSPECIFIC] = "Unspecified Error",
	    [NOTIFY_FSM_OPENSENT] = "Unexpected Message in OpenSent",
	    [NOTIFY_FSM_OPENCONFIRM] = "Unexpected Message in OpenConfirm",
	    [NOTIFY_FSM_ESTABLISHED] = "Unexpected Message in Established"}},
    [NOTIFY_CEASE] = {"Cease", {[NOTIFY_CEASE_MAX_PREFIXES] = "Maximum Number of Prefixes Reached",
				   [NOTIFY_CEASE_SHUTDOWN] = "Administrative Shutdown",
				   [NOTIFY_CEASE_DECONFIGURED] = "Peer De-configured",
				   [NOTIFY_CEASE_RESET] = "Administrative Reset",
				   [NOTIFY_CEASE_REJECTED] = "Connection Rejected",
				   [NOTIFY_CEASE_CONFIG_CHANGE] = "Other Configuration Change",
				   [NOTIFY_CEASE_COLLISION] = "Connection Collision Resolution",
				   [NOTIFY_CEASE_OUT_OF_RESOURCES] = "Out of Resources",
				   [NOTIFY_CEASE_HARD_RESET] = "Hard Reset",
				   [NOTIFY_CEASE_BFD_DOWN] = "BFD Down"}},
    [NOTIFY_ROUTE_REFRESH] = {"ROUTE-REFRESH Message Error", {[1] = "Invalid Message Length"}},
    [NOTIFY_SEND_HOLD_TIMER] = {"Send Hold Timer Expired", {NULL}},
};

#define CODES (sizeof(codes) / sizeof(*codes))

bool notification_decode(const uint8_t *body, size_t size, struct notification *n)
{
	struct reader r = reader_from(body, size);

	*n = (struct notification){.code = read_u8(&r)};
	n->subcode = read_u8(&r);
	n->data_size = reader_left(&r);
	n->data = n->data_size > 0 ? read_view(&r, n->data_size) : NULL;
	return !r.failed;
}

void notification_encode(struct writer *w, const struct notification *n)
{
	size_t room = MESSAGE_MAX - MESSAGE_HEADER_SIZE - 2;
	size_t mark = message_begin(w, MESSAGE_NOTIFICATION);

	write_u8(w, n->code);
	write_u8(w, n->subcode);
	write_bytes(w, n->data, n->data_size < room ? n->data_size : room);
	message_end(w, mark);
}

struct notification notification_cease_with(uint8_t subcode, const char *text, uint8_t *data)
{
	struct notification n = {.code = NOTIFY_CEASE, .subcode = subcode};
	size_t size = text != NULL ? strlen(text) : 0;
	size_t fits = size < SHUTDOWN_DATA_MAX ? size : SHUTDOWN_DATA_MAX - 1;

	if (size == 0)
		return n;
	while (fits < size && fits > 0 && ((uint8_t)text[fits] & 0xc0) == 0x80)
		fits--; /* not between the bytes of one character */
	data[0] = (uint8_t)fits;
	memcpy(data + 1, text, fits);
	n.data = data;
	n.data_size = fits + 1;
	return n;
}

static bool has_communication(const struct notification *n)
{
	return n->code == NOTIFY_CEASE &&
	       (n->subcode == NOTIFY_CEASE_SHUTDOWN || n->subcode == NOTIFY_CEASE_RESET) &&
	       n->data_size > 1 && n->data[0] == n->data_size - 1;
}

bool notification_communication(const struct notification *n, struct str *out)
{
	if (!has_communication(n))
		return false;
	for (size_t i = 1; i < n->data_size;) {
		const uint8_t *at = n->data + i;
		size_t size = utf8_sequence(at, n->data_size - i);

		if (size == 0 || at[0] < ' ' || at[0] == 0x7f)
			str_add(out, "?");
		else
			str_add_bytes(out, at, size);
		i += size > 0 ? size : 1;
	}
	return true;
}

bool notification_unwrap(const struct notification *n, struct notification *inner)
{
	return n->code == NOTIFY_CEASE && n->subcode == NOTIFY_CEASE_HARD_RESET &&
	       notification_decode(n->data, n->data_size, inner);
}

static void reason_text(const struct notification *n, struct str *out)
{
	const char *name = n->code < CODES ? codes[n->code].name : NULL;
	const char *sub = NULL;

	if (name == NULL) {
		str_addf(out, "code %u/%u", n->code, n->subcode);
		return;
	}
	if (n->subcode < SUBCODES)
		sub = codes[n->code].subcodes[n->subcode];
	str_add(out, name);
	if (sub != NULL)
		str_addf(out, "/%s", sub);
	else if (n->subcode != 0)
		str_addf(out, "/%u", n->subcode);
	if (has_communication(n)) {
		str_add(out, ": \"");
		notification_communication(n, out);
		str_add(out, "\"");
	}
}

void notification_text(const struct notification *n, struct str *out)
{
	struct notification inner;

	reason_text(n, out);
	if (!notification_unwrap(n, &inner))
		return;
	str_add(out, " (");
	reason_text(&inner, out);
	str_add(out, ")");
}
