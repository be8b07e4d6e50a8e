/*
 * A stream of BGP messages, and the decoders of all but UPDATE behind the frame. What an OPEN or a
 * ROUTE-REFRESH says is said again by our encoding of it.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/message.h"
#include "bgp/open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_again(const struct message *m)
{
	uint8_t bytes[MESSAGE_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct notification error;
	struct open o, again;
	struct str text = {0};

	if (!open_decode(m->body, m->body_size, &o, &error)) {
		check(error.code == NOTIFY_OPEN);
		return;
	}
	if (o.as > UINT16_MAX)
		check(o.as4);
	open_text(&o, &text);
	str_fini(&text);
	open_encode(&w, &o);
	check(open_decode(
	    bytes + MESSAGE_HEADER_SIZE, writer_size(&w) - MESSAGE_HEADER_SIZE, &again, &error));
	if (o.hostname[0] == '\0') /* a domain alone is not sent */
		memset(o.domain, 0, sizeof(o.domain));
	if (o.families[0] || o.families[1] || o.families[2]) /* none known: our OPEN says IPv4 */
		check(memcmp(&o.families, &again.families, sizeof(o.families)) == 0);
	check(o.as == again.as && o.hold_s == again.hold_s && o.as4 == again.as4);
	check(o.graceful_restart == again.graceful_restart && o.long_lived == again.long_lived);
	check(memcmp(o.restart_families, again.restart_families, sizeof(o.restart_families)) == 0);
	check(memcmp(o.forwarding_kept, again.forwarding_kept, sizeof(o.forwarding_kept)) == 0);
	check(memcmp(o.long_lived_s, again.long_lived_s, sizeof(o.long_lived_s)) == 0);
	check(strcmp(o.hostname, again.hostname) == 0 && strcmp(o.domain, again.domain) == 0);
}

static void refresh_again(const struct message *m)
{
	uint8_t bytes[64];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct notification error = {0};
	struct route_refresh r;

	switch (route_refresh_decode(m->body, m->body_size, &r, &error)) {
	case ROUTE_REFRESH_OK:
		route_refresh_encode(&w, &r);
		check(memcmp(bytes + MESSAGE_HEADER_SIZE, m->body, 4) == 0);
		break;
	case ROUTE_REFRESH_ERROR:
		check(error.code == NOTIFY_ROUTE_REFRESH);
		break;
	case ROUTE_REFRESH_IGNORE:
		break;
	}
}

static void notification_again(const struct message *m)
{
	struct notification n;
	struct str text = {0};

	check(notification_decode(m->body, m->body_size, &n));
	notification_text(&n, &text);
	check(text.size > 0);
	for (size_t i = 0; i < text.size; i++)
		check((uint8_t)text.text[i] >= ' ');
	str_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t max = size > 0 && data[size - 1] % 2 != 0 ? MESSAGE_MAX_EXTENDED : MESSAGE_MAX;
	struct notification error = {0};
	struct message m;

	for (;;) {
		enum framing framing = message_frame(data, size, max, &m, &error);

		if (framing == FRAMING_ERROR)
			check(error.code == NOTIFY_HEADER);
		if (framing != FRAMING_MESSAGE)
			return 0;
		if (m.type == MESSAGE_OPEN)
			open_again(&m);
		else if (m.type == MESSAGE_NOTIFICATION)
			notification_again(&m);
		else if (m.type == MESSAGE_ROUTE_REFRESH)
			refresh_again(&m);
		data += m.size;
		size -= m.size;
	}
}
