/*
 * The note that a connection of the previous instance comes with (bgp/handover.c): bytes that lay
 * in the service manager's hands. Either the session goes on, and speaks in whole messages, or the
 * connection is closed, once, with no other word than a NOTIFICATION.
 */
#include <string.h>

#include "base/check.h"
#include "bgp/bgp.h"
#include "bgp/message.h"

#define CONN 0x80000001u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct host {
	unsigned resumed, closed;
};

static void on_connect(void *context, const struct bgp_connect *to)
{
	(void)context;
	check(to->conn != CONN);
}

static void on_send(void *context, uint32_t conn, const uint8_t *bytes, size_t size)
{
	const struct host *h = context;
	struct notification error;
	struct message m;

	check(conn == CONN && h->closed == 0);
	for (size_t at = 0; at < size; at += m.size) {
		check(message_frame(bytes + at, size - at, MESSAGE_MAX_EXTENDED, &m, &error) ==
		      FRAMING_MESSAGE);
		check(h->resumed == 1 || m.type == MESSAGE_NOTIFICATION);
	}
}

static void on_close(void *context, uint32_t conn)
{
	struct host *h = context;

	h->closed += conn == CONN;
}

static void on_resume(void *context, uint32_t conn)
{
	struct host *h = context;

	check(conn == CONN);
	h->resumed++;
}

static void on_handover(void *context, uint32_t conn, const uint8_t *note, size_t size)
{
	(void)context;
	check(conn == CONN && (note != NULL || size == 0));
}

static void on_log(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)level;
	(void)topic;
	check(text != NULL);
}

/* The settings that the notes in the corpus were written with. */
static void configure(struct bgp *b)
{
	char name[] = "10.0.0.2";
	struct neighbor_settings n = {.name = name,
	    .address = ip_from_u32(0x0a000002),
	    .remote_as_kind = REMOTE_AS_EXTERNAL,
	    .hold_s = 9,
	    .keepalive_s = 3,
	    .ttl = 1,
	    .port = 179,
	    .connect_retry_s = 10,
	    .graceful_restart = GRACEFUL_RESTART_ON};
	struct bgp_settings s = {.enabled = true,
	    .as = 65001,
	    .hostname = "node0",
	    .router_id = ip_from_u32(0x0a000001),
	    .restart = {.restart_s = 120},
	    .neighbors = &n,
	    .neighbor_count = 1};

	for (int f = 0; f < BGP_FAMILIES; f++)
		n.family[f].activate = true;
	bgp_configure(b, &s, (mono_t){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host h = {0};
	struct log log = {NULL, on_log, ~0u};
	struct bgp_start start = {.seed = 1,
	    .log = &log,
	    .host = {.context = &h,
		.connect = on_connect,
		.send = on_send,
		.close = on_close,
		.resume = on_resume,
		.handover = on_handover}};
	struct bgp *b = bgp_new(&start);
	struct bgp_peer_view v;

	bgp_restarted(b, true, (mono_t){0});
	bgp_inherit(b, &(struct bgp_inherited){.conn = CONN,
			   .local = ip_from_u32(0x0a000001),
			   .remote = ip_from_u32(0x0a000002),
			   .note = data,
			   .size = size});
	configure(b);
	while (bgp_run(b, (mono_t){1000000000}))
		;
	check(h.resumed + h.closed == 1);
	check(bgp_peer_at(b, 0, &v) && (v.state == BGP_ESTABLISHED) == (h.resumed == 1));
	bgp_free(b);
	return 0;
}
