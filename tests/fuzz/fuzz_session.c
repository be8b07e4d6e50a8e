/*
 * A session with a peer that says anything. The first byte chooses how far the session is, then
 * messages follow as type, length (two bytes) and body; they are put into frames. Whatever was
 * said: time passes, the peer hangs up, and nothing of its routes remains, at the latest when the
 * times of a graceful restart are over (STALE_S, LONG_LIVED_S).
 */
#include <string.h>

#include "base/check.h"
#include "bgp/bgp.h"
#include "bgp/message.h"
#include "bgp/open.h"

#define CONN 0x80000001u
#define STALE_S 30
#define LONG_LIVED_S 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_connect(void *context, const struct bgp_connect *to)
{
	(void)context;
	(void)to;
}

static void on_send(void *context, uint32_t conn, const uint8_t *bytes, size_t size)
{
	struct notification error;
	struct message m;

	(void)context;
	(void)conn;
	for (size_t at = 0; at < size; at += m.size)
		check(message_frame(bytes + at, size - at, MESSAGE_MAX_EXTENDED, &m, &error) ==
		      FRAMING_MESSAGE);
}

static void on_close(void *context, uint32_t conn)
{
	if (conn == CONN)
		*(bool *)context = true;
}

static void on_log(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)level;
	(void)topic;
	check(text != NULL);
}

static void configure(struct bgp *b)
{
	static const char name[] = "10.0.0.2";
	struct neighbor_settings n = {.remote_as_kind = REMOTE_AS_EXTERNAL,
	    .hold_s = 9,
	    .keepalive_s = 3,
	    .connect_retry_s = 10,
	    .passive = true,
	    .extended_nexthop = true};
	struct bgp_settings s = {
	    .enabled = true, .as = 65001, .neighbors = &n, .neighbor_count = 1};
	char own[sizeof(name)];

	memcpy(own, name, sizeof(name));
	n.name = own;
	n.address = ip_from_u32(0x0a000002);
	s.router_id = ip_from_u32(0x0a000001);
	s.restart = (struct restart_settings){
	    .notification = true, .stalepath_s = STALE_S, .long_lived_s = LONG_LIVED_S};
	for (int f = 0; f < BGP_FAMILIES; f++)
		n.family[f].activate = true;
	bgp_configure(b, &s, (mono_t){0});
}

static void say(struct bgp *b, uint8_t type, const uint8_t *body, size_t size, mono_t now)
{
	uint8_t frame[MESSAGE_MAX_EXTENDED];
	struct writer w = writer_to(frame, sizeof(frame));
	size_t mark = message_begin(&w, type);

	write_bytes(&w, body, size);
	message_end(&w, mark);
	if (!w.overflow)
		bgp_received(b, CONN, frame, writer_size(&w), now);
}

static void handshake(struct bgp *b, uint8_t how_far, mono_t now)
{
	struct open o = {.as = 65002,
	    .hold_s = 9,
	    .router_id = ip_from_u32(0x0a000002),
	    .as4 = (how_far & 4) == 0,
	    .route_refresh = true,
	    .enhanced_refresh = true,
	    .extended_message = true,
	    .families = {true, true, true},
	    .extended_nexthop = {true}};
	uint8_t frame[MESSAGE_MAX];
	struct writer w = writer_to(frame, sizeof(frame));

	o.graceful_restart = o.notification = o.long_lived = (how_far & 8) != 0;
	o.restart_s = 20;
	for (int f = 0; o.graceful_restart && f < BGP_FAMILIES; f++) {
		o.restart_families[f] = o.long_lived_families[f] = true;
		o.long_lived_s[f] = 1000;
	}
	if ((how_far & 3) == 0)
		return;
	open_encode(&w, &o);
	bgp_received(b, CONN, frame, writer_size(&w), now);
	if ((how_far & 3) != 1)
		say(b, MESSAGE_KEEPALIVE, NULL, 0, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool closed = false;
	struct log log = {NULL, on_log, ~0u};
	struct bgp_start start = {.seed = 1,
	    .log = &log,
	    .host = {
		.context = &closed, .connect = on_connect, .send = on_send, .close = on_close}};
	struct bgp *b = bgp_new(&start);
	struct ip local = ip_from_u32(0x0a000001), remote = ip_from_u32(0x0a000002);
	struct reader r = reader_from(data, size);
	mono_t now = {1000000000};
	uint8_t how_far = read_u8(&r);

	configure(b);
	bgp_run(b, now);
	bgp_accepted(b, CONN, &local, &remote, (ifindex_t){0}, now);
	handshake(b, how_far, now);
	while (reader_left(&r) > 0 && !closed) {
		uint8_t type = read_u8(&r);
		size_t length = read_u16(&r);
		struct reader body =
		    read_slice(&r, length < reader_left(&r) ? length : reader_left(&r));

		say(b, type, body.p, reader_left(&body), now);
		while (bgp_run(b, now))
			;
		now = mono_add_ms(now, 100);
	}
	if (!closed)
		bgp_closed(b, CONN, 0, now);
	for (int s = 0; s < 3; s++) {
		while (bgp_run(b, now))
			;
		now = mono_add_s(now, s == 0 ? STALE_S : LONG_LIVED_S);
	}
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		check(bgp_dest_count(b, f) == 0);
	bgp_free(b);
	return 0;
}
