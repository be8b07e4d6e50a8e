/*
 * One connection: bytes to messages, messages to the state machine, and messages out.
 *
 * Owns the bytes of an incomplete message. What a message means for the session is fsm.c's, what
 * an UPDATE means for the RIB is adj_rib_in.c's. Any of them may close the connection while
 * messages are still being taken from a run of bytes; the connection id tells.
 */
#include "bgp/session.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "bgp/adj_rib_in.h"
#include "bgp/speaker.h"

/* More than this on its way to a peer, and no more UPDATEs are made for it. */
#define UNSENT_MAX (256u * 1024)
#define SEND_HOLD_MIN_S 480

void session_init(struct session *s, struct peer *p, bool passive)
{
	*s = (struct session){.peer = p,
	    .passive = passive,
	    .state = BGP_IDLE,
	    .connect_retry = MONO_NEVER,
	    .hold = MONO_NEVER,
	    .keepalive = MONO_NEVER,
	    .send_hold = MONO_NEVER,
	    .delay_open = MONO_NEVER};
}

void session_fini(struct session *s)
{
	mem_free(s->rx);
	s->rx = NULL;
}

/* ---- out ---- */

static void transmit(
    struct session *s, enum message_type type, const uint8_t *bytes, size_t size, unsigned messages)
{
	struct bgp *b = s->peer->bgp;

	if (s->conn == 0 || size == 0)
		return;
	s->unsent += size;
	s->peer->sent_messages[type] += messages;
	b->host.send(b->host.context, s->conn, bytes, size);
}

static void restart_keepalive(struct session *s, mono_t now)
{
	if (s->keepalive_s != 0)
		s->keepalive = mono_add_ms(now, bgp_jitter_ms(s->peer->bgp, s->keepalive_s * 1000));
}

/* RFC 9687 section 4: 8 minutes, or twice the hold time if that is longer. */
static void start_send_hold(struct session *s, mono_t now)
{
	uint32_t twice_s = 2u * s->hold_s;

	if (s->send_hold.ns == MONO_NEVER.ns)
		s->send_hold =
		    mono_add_s(now, twice_s > SEND_HOLD_MIN_S ? twice_s : SEND_HOLD_MIN_S);
}

void session_drained(struct session *s)
{
	s->unsent = 0;
	s->send_hold = MONO_NEVER;
}

void session_send(
    struct session *s, const uint8_t *bytes, size_t size, unsigned updates, mono_t now)
{
	transmit(s, MESSAGE_UPDATE, bytes, size, updates);
	s->peer->last_write = now;
	start_send_hold(s, now);
	restart_keepalive(s, now);
}

struct open session_offer(const struct peer *p)
{
	const struct bgp_settings *g = &p->bgp->settings;
	struct open o = {.as = peer_local_as(p),
	    .hold_s = p->settings->hold_s,
	    .router_id = g->router_id,
	    .as4 = true,
	    .route_refresh = true,
	    .enhanced_refresh = true,
	    .extended_message = true};

	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		const struct neighbor_family *family = &p->settings->family[f];

		o.families[f] = family->activate;
		o.add_path_receive[f] = family->activate && !family->no_add_path_rx;
		o.add_path_send[f] = family->activate && family->add_path != ADD_PATH_NONE;
	}
	o.extended_nexthop[BGP_IPV4_UNICAST] =
	    p->settings->extended_nexthop && o.families[BGP_IPV4_UNICAST];
	memcpy(o.hostname, g->hostname, sizeof(o.hostname) - 1);
	o.role = peer_role(p);
	restart_offer(p, &o);
	if (p->settings->no_capabilities) {
		open_strip(&o);
		o.families[BGP_IPV4_UNICAST] = p->settings->family[BGP_IPV4_UNICAST].activate;
	}
	o.extended_parameters = p->settings->extended_parameters;
	return o;
}

void session_send_open(struct session *s)
{
	uint8_t message[1024];
	struct writer w = writer_to(message, sizeof(message));
	struct open o = session_offer(s->peer);

	open_encode(&w, &o);
	transmit(s, MESSAGE_OPEN, message, writer_size(&w), 1);
}

void session_send_keepalive(struct session *s, mono_t now)
{
	uint8_t message[MESSAGE_HEADER_SIZE];
	struct writer w = writer_to(message, sizeof(message));

	keepalive_encode(&w);
	transmit(s, MESSAGE_KEEPALIVE, message, writer_size(&w), 1);
	s->peer->last_write = now;
	start_send_hold(s, now);
	restart_keepalive(s, now);
}

void session_send_notification(struct session *s, const struct notification *n)
{
	uint8_t message[MESSAGE_MAX];
	struct writer w = writer_to(message, sizeof(message));

	notification_encode(&w, n);
	transmit(s, MESSAGE_NOTIFICATION, message, writer_size(&w), 1);
}

void session_send_refresh(struct session *s, enum bgp_family family, uint8_t kind)
{
	uint8_t message[64];
	struct writer w = writer_to(message, sizeof(message));
	struct route_refresh r = {.kind = kind, .family = family};

	if (!s->route_refresh)
		return;
	route_refresh_encode(&w, &r);
	transmit(s, MESSAGE_ROUTE_REFRESH, message, writer_size(&w), 1);
}

bool session_blocked(const struct session *s)
{
	return s->unsent > UNSENT_MAX;
}

/* ---- the connection ---- */

void session_connected(
    struct session *s, const struct ip *local, const struct ip *remote, mono_t now)
{
	s->local = *local;
	s->remote = *remote;
	fsm_event(s, FSM_TCP_CONFIRMED, now);
}

void session_drop_connection(struct session *s)
{
	struct bgp *b = s->peer->bgp;

	if (s->conn != 0)
		b->host.close(b->host.context, s->conn);
	s->conn = 0;
	session_drained(s);
	s->rx_size = 0;
	s->open_received = s->taken_over = false;
}

void session_closed(struct session *s, int error, mono_t now)
{
	static const char *const words[] = {"Peer closed the session", "Connection refused",
	    "No route to host", "Connection timed out", "Connection reset",
	    "The kernel cannot sign connections so", "Signed by other keys than before",
	    "Peer is further away than `ttl-security` lets it", "Connection failed"};
	const char *why = error == 0		  ? words[0]
			  : error == ECONNREFUSED ? words[1]
			  : error == EHOSTUNREACH ? words[2]
			  : error == ETIMEDOUT	  ? words[3]
			  : error == ECONNRESET	  ? words[4]
			  : error == ENOPROTOOPT  ? words[5]
			  : error == EKEYREJECTED ? words[6]
			  : error == EMULTIHOP	  ? words[7]
						  : words[8];

	s->conn = 0;
	fsm_handle(s, &(struct fsm_input){.event = FSM_TCP_FAILS, .why = why}, now);
}

/* ---- OPEN ---- */

static bool as_expected(const struct peer *p, uint32_t as)
{
	switch (p->settings->remote_as_kind) {
	case REMOTE_AS_NUMBER:
		return as == p->settings->remote_as;
	case REMOTE_AS_EXTERNAL:
		return as != peer_local_as(p);
	case REMOTE_AS_INTERNAL:
		return as == peer_local_as(p);
	case REMOTE_AS_NONE:
		return false;
	}
	return false;
}

static bool refuse(struct notification *error, uint8_t subcode)
{
	*error = (struct notification){.code = NOTIFY_OPEN, .subcode = subcode};
	return false;
}

static uint16_t keepalive_interval(const struct session *s)
{
	uint16_t wanted = s->peer->settings->keepalive_s;

	return wanted != 0 && wanted < s->hold_s / 3 ? wanted : s->hold_s / 3;
}

static void negotiate_timers(struct session *s, const struct open *o)
{
	const struct neighbor_settings *n = s->peer->settings;

	s->hold_s = o->hold_s < n->hold_s ? o->hold_s : n->hold_s;
	s->keepalive_s = keepalive_interval(s);
}

void session_keepalive_changed(struct session *s, mono_t now)
{
	uint16_t interval = keepalive_interval(s);

	if (s->state < BGP_OPENCONFIRM || interval == s->keepalive_s)
		return;
	s->keepalive_s = interval;
	restart_keepalive(s, now);
}

/* RFC 7911 section 5: a direction wants the word of both. */
static void negotiate_add_path(struct session *s, const struct open *o)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		const struct neighbor_family *family = &s->peer->settings->family[f];

		s->receive.add_path[f] =
		    s->families[f] && o->add_path_send[f] && !family->no_add_path_rx;
		s->transmit.add_path[f] =
		    s->families[f] && o->add_path_receive[f] && family->add_path != ADD_PATH_NONE;
	}
}

/* RFC 5492 section 3: whoever misses capabilities tells which. */
static bool refuse_families(
    struct session *s, const bool missing[BGP_FAMILIES], struct notification *error)
{
	size_t room = 6 * BGP_FAMILIES;
	struct writer w = writer_to(arena_new(&s->peer->bgp->arena, room), room);

	open_families_encode(&w, missing);
	refuse(error, NOTIFY_OPEN_BAD_CAPABILITY);
	error->data = w.start;
	error->data_size = writer_size(&w);
	return false;
}

/* FRR: with `strict-capability-match` all of our families, and no capability that we do not know;
 * with `override-capability` ours are taken for the peer's. */
static bool negotiate_families(struct session *s, const struct open *o, struct notification *error)
{
	const struct neighbor_settings *n = s->peer->settings;
	bool missing[BGP_FAMILIES], any = false, all = true;

	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		s->families[f] =
		    n->family[f].activate && (o->families[f] || n->override_capability);
		missing[f] = n->family[f].activate && !s->families[f];
		any |= s->families[f];
		all &= !missing[f];
	}
	if (!any || (n->strict_capability && !all))
		return refuse_families(s, missing, error);
	if (n->strict_capability && o->unknown)
		return refuse(error, NOTIFY_OPEN_BAD_CAPABILITY);
	return true;
}

/* RFC 9234 section 4.2. */
static bool role_acceptable(const struct session *s, const struct open *o)
{
	enum bgp_role ours = s->ebgp ? s->peer->settings->role : ROLE_NONE;

	if (ours == ROLE_NONE)
		return true;
	return o->role == ROLE_NONE ? !s->peer->settings->role_strict : role_fits(ours, o->role);
}

static void negotiate_updates(struct session *s, const struct open *o)
{
	s->receive = (struct update_context){.as4 = o->as4,
	    .ebgp = s->ebgp,
	    .extended_nexthop = s->extended_nexthop,
	    .max_size = MESSAGE_MAX_EXTENDED};
	memcpy(s->receive.families, s->families, sizeof(s->families));
	s->transmit = s->receive;
	negotiate_add_path(s, o);
	s->transmit.max_size = o->extended_message ? MESSAGE_MAX_EXTENDED : MESSAGE_MAX;
}

bool session_negotiate(struct session *s, const struct open *received, struct notification *error)
{
	const struct peer *p = s->peer;
	struct open o = *received;

	if (!as_expected(p, o.as))
		return refuse(error, NOTIFY_OPEN_BAD_PEER_AS);
	s->ebgp = o.as != peer_local_as(p);
	/* RFC 6286 section 2.2: the identifier is unique within an AS. */
	if (!s->ebgp && ip_equal(&o.router_id, &p->bgp->settings.router_id))
		return refuse(error, NOTIFY_OPEN_BAD_IDENTIFIER);
	if (o.hold_s < p->bgp->settings.minimum_hold_s)
		return refuse(error, NOTIFY_OPEN_BAD_HOLD_TIME);
	/* What we do not offer cannot be agreed on. */
	if (p->settings->no_capabilities)
		open_strip(&o);
	if (!negotiate_families(s, &o, error))
		return false;
	if (!role_acceptable(s, &o))
		return refuse(error, NOTIFY_OPEN_ROLE_MISMATCH);
	s->open = o;
	s->open_received = true;
	s->extended_nexthop = o.extended_nexthop[BGP_IPV4_UNICAST] && p->settings->extended_nexthop;
	s->route_refresh = o.route_refresh;
	s->enhanced_refresh = o.route_refresh && o.enhanced_refresh;
	negotiate_timers(s, &o);
	negotiate_updates(s, &o);
	return true;
}

/* ---- messages in ---- */

static void fail(struct session *s, enum fsm_event event, const struct notification *n, mono_t now)
{
	fsm_handle(s, &(struct fsm_input){.event = event, .notification = n}, now);
}

/* RFC 4271 section 6.8: is there another connection with this peer, further on, that stays? */
static bool loses_collision(
    const struct session *s, const struct session *other, const struct open *o)
{
	const struct peer *p = s->peer;
	uint32_t local = ip_to_u32(&p->bgp->settings.router_id), remote = ip_to_u32(&o->router_id);
	bool ours_stays;

	if (other->state == BGP_ESTABLISHED)
		return true;
	if (other->state != BGP_OPENCONFIRM)
		return false;
	/* The connection opened by the higher identifier stays; RFC 6286 section 2.3: by the higher
	 * AS number if these are equal. */
	ours_stays = local != remote ? local > remote : peer_local_as(p) > o->as;
	return ours_stays == s->passive;
}

static void collide(struct session *s, const struct open *o, mono_t now)
{
	static const struct notification collision = {
	    .code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_COLLISION};
	struct session *other = s->passive ? &s->peer->active : &s->peer->passive;
	bool loses = loses_collision(s, other, o);

	if (loses)
		fail(s, FSM_COLLISION, &collision, now);
	else if (other->state == BGP_OPENCONFIRM)
		fail(other, FSM_COLLISION, &collision, now);
}

static void receive_open(struct session *s, const struct message *m, mono_t now)
{
	struct notification error = {0};
	uint32_t conn = s->conn;
	struct open o;

	/* In any other state it is not the content that is wrong. */
	if (s->state != BGP_OPENSENT && !fsm_delays_open(s)) {
		fsm_event(s, FSM_OPEN, now);
		return;
	}
	if (!open_decode(m->body, m->body_size, &o, &error) || !session_negotiate(s, &o, &error)) {
		fail(s, FSM_OPEN_ERROR, &error, now);
		return;
	}
	collide(s, &o, now);
	if (s->conn == conn)
		fsm_event(s, FSM_OPEN, now);
}

static void receive_notification(struct session *s, const struct message *m, mono_t now)
{
	struct notification n = {0};

	/* RFC 4271 section 6.4: an erroneous NOTIFICATION is not answered. */
	notification_decode(m->body, m->body_size, &n);
	fail(s, FSM_NOTIFICATION, &n, now);
}

static void receive_update(struct session *s, const struct message *m, mono_t now)
{
	struct bgp *b = s->peer->bgp;
	struct update u;

	if (s->state != BGP_ESTABLISHED) {
		fsm_event(s, FSM_UPDATE, now);
		return;
	}
	s->peer->last_update = now;
	update_decode(m->body, m->body_size, &s->receive, &b->arena, &u);
	if (u.disposition == UPDATE_RESET) {
		fail(s, FSM_UPDATE_ERROR, &u.error, now);
	} else {
		fsm_event(s, FSM_UPDATE, now);
		adj_rib_in_update(s->peer, &u);
		peer_check_limits(s->peer, now);
	}
	arena_reset(&b->arena);
}

static void receive_refresh(struct session *s, const struct message *m, mono_t now)
{
	struct notification error = {0};
	struct route_refresh r;

	if (s->state != BGP_ESTABLISHED) {
		fsm_event(s, FSM_ROUTE_REFRESH, now);
		return;
	}
	switch (route_refresh_decode(m->body, m->body_size, &r, &error)) {
	case ROUTE_REFRESH_ERROR:
		/* RFC 7313 section 5: the complete message. */
		error.data = m->body - MESSAGE_HEADER_SIZE;
		error.data_size = m->size;
		fail(s, FSM_ROUTE_REFRESH_ERROR, &error, now);
		return;
	case ROUTE_REFRESH_IGNORE:
		break;
	case ROUTE_REFRESH_OK:
		peer_refresh_received(s->peer, &r);
		break;
	}
	fsm_event(s, FSM_ROUTE_REFRESH, now);
}

static void receive_message(struct session *s, const struct message *m, mono_t now)
{
	s->peer->received_messages[m->type]++;
	s->peer->last_read = now;
	switch (m->type) {
	case MESSAGE_OPEN:
		receive_open(s, m, now);
		break;
	case MESSAGE_UPDATE:
		receive_update(s, m, now);
		break;
	case MESSAGE_NOTIFICATION:
		receive_notification(s, m, now);
		break;
	case MESSAGE_KEEPALIVE:
		fsm_event(s, FSM_KEEPALIVE, now);
		break;
	case MESSAGE_ROUTE_REFRESH:
		receive_refresh(s, m, now);
		break;
	}
}

/* Takes all whole messages; the number of bytes consumed. Ends early when the connection goes. */
static size_t take_messages(struct session *s, const uint8_t *bytes, size_t size, mono_t now)
{
	uint32_t conn = s->conn;
	size_t at = 0;

	while (s->conn == conn) {
		/* RFC 8654 section 4: who announces extended messages takes them. */
		size_t max = s->open_received ? MESSAGE_MAX_EXTENDED : MESSAGE_MAX;
		struct notification error = {0};
		struct message m;

		switch (message_frame(bytes + at, size - at, max, &m, &error)) {
		case FRAMING_MORE:
			return at;
		case FRAMING_ERROR:
			fail(s, FSM_HEADER_ERROR, &error, now);
			return size;
		case FRAMING_MESSAGE:
			at += m.size;
			receive_message(s, &m, now);
			break;
		}
	}
	return size;
}

static void keep_rest(struct session *s, const uint8_t *bytes, size_t size)
{
	if (size > s->rx_room) {
		s->rx_room = size * 2;
		s->rx = mem_resize(s->rx, s->rx_room);
	}
	if (size != 0)
		memmove(s->rx, bytes, size);
	s->rx_size = size;
}

void session_received(struct session *s, const uint8_t *bytes, size_t size, mono_t now)
{
	uint32_t conn = s->conn;
	size_t had = s->rx_size, taken;
	uint8_t *joined = NULL;

	/* Messages are taken from memory that nobody else touches meanwhile: the caller's, or the
	 * rest of last time with the new bytes behind it. */
	if (had != 0) {
		joined = mem_resize(s->rx, had + size);
		s->rx = NULL;
		s->rx_size = s->rx_room = 0;
		memcpy(joined + had, bytes, size);
		bytes = joined;
		size += had;
	}
	taken = take_messages(s, bytes, size, now);
	if (s->conn == conn)
		keep_rest(s, bytes + taken, size - taken);
	mem_free(joined);
}
