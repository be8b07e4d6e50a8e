/*
 * Framing of the flight record, and the two unions of the waist as bytes.
 *
 * Configuration text is blotted by config_redact() on its way in, so that no password is ever
 * recorded; actions that print the configuration (a `show running-config` answer) are blotted the
 * same way. A replay is fed the blotted text and says the blotted text: the comparison stays
 * exact.
 */
#include "record/record.h"

#include <string.h>

#include "config/config.h"
#include "record/kernel.h"

_Static_assert(sizeof(struct event_start) == 136 || sizeof(void *) != 8,
    "new field? code it in this file, then correct the size");
_Static_assert(sizeof(struct bfd_session_report) == 120 || sizeof(void *) != 8,
    "new field? code it in this file, then correct the size");
_Static_assert(sizeof(struct bfd_order) == 108 || sizeof(void *) != 8,
    "new field? code it in this file, then correct the size");
_Static_assert(sizeof(struct action_connect) == 80 || sizeof(void *) != 8,
    "new field? code it in this file, then correct the size");

static const uint8_t header[RECORD_HEADER_SIZE] = "evpnd-rec\0\0\0\0\0\4";

void record_write_header(struct writer *w)
{
	write_bytes(w, header, sizeof(header));
}

bool record_read_header(struct reader *r)
{
	const uint8_t *bytes = read_view(r, sizeof(header));

	return bytes != NULL && memcmp(bytes, header, sizeof(header)) == 0;
}

/* ---- events ------------------------------------------------------------------------------- */

static void code_start(struct coder *c, struct event_start *s)
{
	code_u64(c, &s->seed);
	code_i64(c, &s->wall_offset_ns);
	code_text_array(c, s->hostname, sizeof(s->hostname));
	code_text_array(c, s->boot_id, sizeof(s->boot_id));
	code_u64(c, &s->netns);
	code_bool(c, &s->flush_on_exit);
	code_bool(c, &s->state_writable);
	code_u16(c, &s->bgp_port);
}

/* The blotted text outlives this call in the caller's buffer only while encoding. */
static void code_config(struct coder *c, struct event_config *e)
{
	struct str blotted = {0};
	const char *text = e->text;

	if (!coder_decodes(c) && text != NULL) {
		config_redact(text, &blotted);
		text = str_text(&blotted);
	}
	code_text(c, &e->file);
	code_text(c, &text);
	code_text(c, &e->error);
	if (coder_decodes(c))
		e->text = text;
	str_fini(&blotted);
}

static void code_peer(struct coder *c, struct event_peer *p)
{
	code_u32(c, &p->conn);
	code_ip(c, &p->remote);
	code_ip(c, &p->local);
	code_ifindex(c, &p->ifindex);
	code_int(c, &p->error);
}

static void code_ra(struct coder *c, struct event_ra *ra)
{
	code_ifindex(c, &ra->ifindex);
	code_ip(c, &ra->source);
	code_bool(c, &ra->solicitation);
	code_u16(c, &ra->router_lifetime_s);
}

static void code_bfd_session(struct coder *c, struct bfd_session_report *r)
{
	code_enum(c, &r->state, BFD_UP + 1);
	code_enum(c, &r->remote_state, BFD_UP + 1);
	code_enum(c, &r->diag, 32);
	code_enum(c, &r->remote_diag, 32);
	code_u32(c, &r->discriminator);
	code_u32(c, &r->remote_discriminator);
	code_u32(c, &r->remote_transmit_us);
	code_u32(c, &r->remote_receive_us);
	code_u32(c, &r->remote_echo_us);
	code_u8(c, &r->remote_multiplier);
	code_u32(c, &r->detection_us);
	code_u32(c, &r->transmit_us);
	code_u32(c, &r->ups);
	code_u32(c, &r->downs);
	code_u32(c, &r->failures);
	code_u64(c, &r->received);
	code_u64(c, &r->sent);
	code_enum(c, &r->echo, BFD_ECHO_STATES);
	code_u32(c, &r->local_echo_us);
	code_u64(c, &r->echo_sent);
	code_u64(c, &r->echo_received);
	code_u32(c, &r->rtt_min_us);
	code_u32(c, &r->rtt_avg_us);
	code_u32(c, &r->rtt_max_us);
}

static void code_bfd_report(struct coder *c, struct bfd_report *r)
{
	code_enum(c, &r->kind, BFD_REPORT_BEGUN + 1);
	code_u32(c, &r->id);
	switch (r->kind) {
	case BFD_REPORT_SESSION:
		code_bfd_session(c, &r->session);
		return;
	case BFD_REPORT_TOTALS:
		for (size_t i = 0; i < BFD_VERDICTS; i++)
			code_u64(c, &r->discards[i]);
		return;
	case BFD_REPORT_ERROR:
		code_enum(c, &r->error.what, BFD_ERROR_ECHO + 1);
		code_int(c, &r->error.error);
		code_u16(c, &r->error.port);
		return;
	case BFD_REPORT_GONE:
	case BFD_REPORT_BEGUN:
		return;
	}
}

static void code_event_body(struct coder *c, struct event *e)
{
	switch (e->kind) {
	case EVENT_START:
		code_start(c, &e->start);
		return;
	case EVENT_STATE:
		code_blob(c, &e->state.bytes, &e->state.size);
		return;
	case EVENT_CONFIG:
		code_config(c, &e->config);
		return;
	case EVENT_KERNEL:
		code_kernel_event(c, &e->kernel);
		return;
	case EVENT_KERNEL_RESULT:
		code_kernel_result(c, &e->result);
		return;
	case EVENT_PEER_BYTES:
		code_u32(c, &e->peer.conn);
		code_blob(c, &e->peer.bytes, &e->peer.size);
		return;
	case EVENT_PEER_HANDOVER:
		code_peer(c, &e->peer);
		code_blob(c, &e->peer.bytes, &e->peer.size);
		return;
	case EVENT_PEER_CONNECTED:
	case EVENT_PEER_ACCEPTED:
	case EVENT_PEER_DRAINED:
	case EVENT_PEER_CLOSED:
		code_peer(c, &e->peer);
		return;
	case EVENT_RA:
		code_ra(c, &e->ra);
		return;
	case EVENT_BFD:
		code_bfd_report(c, &e->bfd);
		return;
	case EVENT_CTL_REQUEST:
		code_u32(c, &e->ctl.client);
		code_text(c, &e->ctl.line);
		return;
	case EVENT_CTL_CLOSED:
		code_u32(c, &e->ctl.client);
		return;
	case EVENT_TIMER:
	case EVENT_SHUTDOWN:
		return;
	}
}

static void code_event(struct coder *c, struct event *e, mono_t *at)
{
	code_i64(c, &at->ns);
	code_enum(c, &e->kind, EVENT_SHUTDOWN + 1);
	code_bool(c, &e->more);
	code_event_body(c, e);
	/* Whoever is handed this event may read the text without asking. */
	if (e->kind == EVENT_CTL_REQUEST && e->ctl.line == NULL)
		coder_fail(c);
	if (e->kind == EVENT_CONFIG && e->config.file == NULL)
		coder_fail(c);
}

/* ---- actions ------------------------------------------------------------------------------ */

static void code_options(struct coder *c, struct tcp_options *o)
{
	code_u8(c, &o->ttl);
	code_u8(c, &o->min_ttl);
	code_u8(c, &o->dscp);
	code_u16(c, &o->mss);
	code_u8(c, &o->alive_probes);
	code_u16(c, &o->alive_idle_s);
	code_u16(c, &o->alive_interval_s);
}

static void code_connect(struct coder *c, struct action_connect *a)
{
	code_u32(c, &a->conn);
	code_ip(c, &a->remote);
	code_ifindex(c, &a->ifindex);
	code_u16(c, &a->port);
	code_ip(c, &a->source);
	code_text_array(c, a->source_dev, sizeof(a->source_dev));
	code_options(c, &a->options);
}

/* Which address has keys is recorded, and of which kinds and ids; the secrets are not. */
static void code_keys(struct coder *c, struct tcp_auth *auth)
{
	code_u8(c, &auth->count);
	if (auth->count == 0 || auth->count > TCP_AUTH_KEYS_MAX)
		coder_fail(c);
	for (size_t i = 0; coder_ok(c) && i < auth->count; i++) {
		code_enum(c, &auth->keys[i].kind, TCP_AUTH_AO_AES_CMAC + 1);
		code_u8(c, &auth->keys[i].send_id);
		code_u8(c, &auth->keys[i].recv_id);
	}
}

static void code_auth(struct coder *c, struct action *a)
{
	bool has = a->auth.keys != NULL;
	struct tcp_auth *auth;

	code_prefix(c, &a->auth.remote);
	code_bool(c, &has);
	if (!has)
		return;
	if (coder_decodes(c)) {
		auth = arena_new(c->arena, sizeof(*auth));
		*auth = (struct tcp_auth){0};
		code_keys(c, auth);
		a->auth.keys = auth;
	} else {
		struct tcp_auth copy = *a->auth.keys;

		code_keys(c, &copy);
	}
}

static void code_reply(struct coder *c, struct action *a)
{
	struct str plain = {0}, blotted = {0};
	const uint8_t *bytes = (const uint8_t *)a->ctl.text;

	if (!coder_decodes(c) && a->ctl.size > 0) {
		str_add_bytes(&plain, a->ctl.text, a->ctl.size);
		config_redact(str_text(&plain), &blotted);
		bytes = (const uint8_t *)str_text(&blotted);
		a->ctl.size = blotted.size;
	}
	code_u32(c, &a->ctl.client);
	code_blob(c, &bytes, &a->ctl.size);
	code_bool(c, &a->ctl.end);
	code_int(c, &a->ctl.status);
	a->ctl.text = coder_decodes(c) ? (const char *)bytes : NULL;
	str_fini(&plain);
	str_fini(&blotted);
}

static void code_log(struct coder *c, struct action *a)
{
	code_enum(c, &a->log.level, LOG_LEVEL_DEBUG + 1);
	code_enum(c, &a->log.topic, LOG_TOPICS);
	code_text(c, &a->log.text);
	if (a->log.text == NULL)
		coder_fail(c);
}

static void code_bfd_order(struct coder *c, struct bfd_order *o)
{
	code_enum(c, &o->kind, BFD_ORDER_BEGIN + 1);
	code_u32(c, &o->id);
	code_ip(c, &o->path.remote);
	code_ip(c, &o->path.local);
	code_ifindex(c, &o->path.ifindex);
	code_ifindex(c, &o->path.vrf);
	code_u32(c, &o->path.multihop);
	code_u32(c, &o->params.transmit_us);
	code_u32(c, &o->params.receive_us);
	code_u32(c, &o->params.echo_transmit_us);
	code_u32(c, &o->params.echo_receive_us);
	code_bool(c, &o->params.echo);
	code_u8(c, &o->params.multiplier);
	code_u8(c, &o->params.minimum_ttl);
	code_bool(c, &o->params.passive);
	code_bool(c, &o->params.shutdown);
	code_u32(c, &o->resume.discriminator);
	code_u32(c, &o->resume.remote_discriminator);
	code_u32(c, &o->resume.remote_transmit_us);
	code_u32(c, &o->resume.remote_receive_us);
	code_u32(c, &o->resume.remote_echo_us);
	code_u8(c, &o->resume.remote_multiplier);
}

static void code_action_body(struct coder *c, struct action *a)
{
	switch (a->kind) {
	case ACTION_KERNEL_DUMP:
		code_enum(c, &a->dump, TABLE_COUNT);
		return;
	case ACTION_KERNEL_OP:
		code_kernel_op(c, &a->op);
		return;
	case ACTION_STATE_APPEND:
	case ACTION_STATE_RESET:
		code_blob(c, &a->state.bytes, &a->state.size);
		return;
	case ACTION_PEER_LISTEN:
		code_u16(c, &a->listen_port);
		return;
	case ACTION_PEER_CONNECT:
		code_connect(c, &a->connect);
		return;
	case ACTION_PEER_SEND:
	case ACTION_PEER_HANDOVER:
		code_u32(c, &a->peer.conn);
		code_blob(c, &a->peer.bytes, &a->peer.size);
		return;
	case ACTION_PEER_CLOSE:
	case ACTION_PEER_RESUME:
		code_u32(c, &a->peer.conn);
		return;
	case ACTION_PEER_OPTIONS:
		code_u32(c, &a->peer.conn);
		code_options(c, &a->peer.options);
		return;
	case ACTION_PEER_AUTH:
		code_auth(c, a);
		return;
	case ACTION_RA_WATCH:
		code_ifindex(c, &a->ra.ifindex);
		code_bool(c, &a->ra.on);
		return;
	case ACTION_RA_SEND:
		code_ifindex(c, &a->ra.ifindex);
		code_u16(c, &a->ra.router_lifetime_s);
		code_blob(c, &a->ra.bytes, &a->ra.size);
		return;
	case ACTION_BFD:
		code_bfd_order(c, &a->bfd);
		return;
	case ACTION_CTL_REPLY:
		code_reply(c, a);
		return;
	case ACTION_LOG:
		code_log(c, a);
		return;
	case ACTION_LOG_FILE:
		code_text(c, &a->log_file.path);
		code_enum(c, &a->log_file.file_level, LOG_LEVEL_DEBUG + 1);
		code_enum(c, &a->log_file.level, LOG_LEVEL_DEBUG + 1);
		return;
	case ACTION_EXIT:
		code_int(c, &a->exit_status);
		return;
	case ACTION_READY:
		return;
	}
}

static void code_action(struct coder *c, struct action *a)
{
	code_enum(c, &a->kind, ACTION_EXIT + 1);
	code_action_body(c, a);
}

/* ---- framing ------------------------------------------------------------------------------- */

/* Length (patched at the end) and kind. */
static size_t frame_begin(struct writer *w, enum record_kind kind)
{
	size_t mark = writer_size(w);

	write_u32(w, 0);
	write_u8(w, (uint8_t)kind);
	return mark;
}

static bool frame_end(struct writer *w, size_t mark)
{
	struct writer length;

	if (w->overflow) {
		writer_rewind(w, mark);
		return false;
	}
	length = writer_to(w->start + mark, 4);
	write_u32(&length, (uint32_t)(writer_size(w) - mark - 4));
	return true;
}

bool record_write_event(struct writer *w, const struct event *event, mono_t at)
{
	struct coder c = {.writer = w};
	struct event copy = *event;
	size_t mark = frame_begin(w, RECORD_EVENT);

	code_event(&c, &copy, &at);
	return frame_end(w, mark);
}

bool record_write_action(struct writer *w, const struct action *action)
{
	struct coder c = {.writer = w};
	struct action copy = *action;
	size_t mark = frame_begin(w, RECORD_ACTION);

	code_action(&c, &copy);
	return frame_end(w, mark);
}

static enum record_kind record_broken(struct reader *r, struct record *record)
{
	reader_fail(r);
	record->kind = RECORD_BROKEN;
	return RECORD_BROKEN;
}

static enum record_kind record_decode(struct reader body, struct arena *arena, struct record *to)
{
	struct coder c = {.reader = &body, .arena = arena};
	uint8_t kind = read_u8(&body);

	if (kind == RECORD_EVENT)
		code_event(&c, &to->event, &to->at);
	else if (kind == RECORD_ACTION)
		code_action(&c, &to->action);
	if ((kind != RECORD_EVENT && kind != RECORD_ACTION) || !reader_done(&body))
		return RECORD_BROKEN;
	return (enum record_kind)kind;
}

enum record_kind record_read(struct reader *r, struct arena *arena, struct record *record)
{
	uint32_t size;

	memset(record, 0, sizeof(*record));
	if (reader_left(r) == 0)
		return RECORD_END;
	size = read_u32(r);
	if (!r->failed && size == 0)
		return RECORD_END;
	record->size = size;
	record->bytes = read_view(r, size);
	if (record->bytes == NULL)
		return record_broken(r, record);
	record->kind = record_decode(reader_from(record->bytes, size), arena, record);
	return record->kind == RECORD_BROKEN ? record_broken(r, record) : record->kind;
}
