/*
 * Handover of sessions to the next instance of the daemon.
 *
 * Graceful restart asks the peer for a favour, and a peer may do it for some families alone
 * (FRR 8.4 drops EVPN with the session). So the best restart is one that the peer does not see:
 * whoever keeps our descriptors (os/handover.c) also keeps the connection, and the next instance
 * goes on with it. What it must know is little: who the peer is and the two OPENs, from which all
 * that was negotiated follows. The rest is learned again:
 *
 * - The peer's routes by ROUTE-REFRESH. Its EoRR, behind a BoRR of this time, stands for the
 *   End-of-RIB that it has sent long ago.
 * - What the peer has from us is told at once, and when that is done once more between BoRR and
 * EoRR, as a refresh that nobody asked for (RFC 7313 section 4): the peer drops what did not come
 * again. FRR 8.4 does so for unicast and forgets it for EVPN; therefore all EVPN routes that
 * the previous instance told, its own and those of others, are on file before they are told, and
 * those that are no more are withdrawn by name.
 *
 * A neighbor by `bgp listen range` is known by its address, and made again if a range still has it.
 * The keys of a signed connection are the host's business, which no note could have a part in: it
 * is resumed, and fails at once if they are others now.
 *
 * Path Identifiers (RFC 7911) are given anew: one that is used again names another path from then
 * on, and one that is not goes with the sweep.
 *
 * Not handed over is a session whose peer does not know enhanced refresh or would not keep our
 * routes anyway, one that takes several paths of EVPN routes, whose Path Identifiers are not on
 * file, and one on which we have passed on what cannot be: EVPN routes of a type that nobody knows.
 * Not taken over is one whose
 * OPEN would be another now, but for what says that we restart, or whose neighbor is not to be
 * connected to as it was. These end as if the daemon had died, and graceful restart does what it
 * can; but for neighbors that are none any more, which hear so.
 */
#include "bgp/handover.h"

#include <string.h>

#include "base/mem.h"
#include "bgp/speaker.h"

#define NOTE_VERSION 1

/* ---- the note ---- */

struct note {
	char name[256];
	bool passive;
	struct open ours, theirs;
};

static void write_open(struct writer *w, const struct open *o)
{
	size_t mark = write_begin_u16(w);

	open_encode(w, o);
	write_end_u16(w, mark);
}

static bool read_open(struct reader *r, struct open *o)
{
	struct reader bytes = read_slice(r, read_u16(r));
	struct notification error;
	struct message m;

	return message_frame(bytes.p, reader_left(&bytes), MESSAGE_MAX, &m, &error) ==
		   FRAMING_MESSAGE &&
	       m.type == MESSAGE_OPEN && m.size == reader_left(&bytes) &&
	       open_decode(m.body, m.body_size, o, &error);
}

static bool note_read(const struct inherited *h, struct note *n)
{
	struct reader r = reader_from(h->note, h->size), name;

	*n = (struct note){0};
	if (read_u8(&r) != NOTE_VERSION)
		return false;
	n->passive = read_u8(&r) != 0;
	name = read_slice(&r, read_u8(&r));
	read_bytes(&name, n->name, reader_left(&name));
	return read_open(&r, &n->ours) && read_open(&r, &n->theirs) && reader_done(&r);
}

/* ---- handing over ---- */

static bool may_outlive_us(const struct peer *p)
{
	return p->up->enhanced_refresh && strlen(peer_name(p)) < 256 &&
	       restart_peer_keeps_ours(p) && !p->up->transmit.add_path[BGP_L2VPN_EVPN];
}

void handover_offer(struct peer *p)
{
	struct bgp_host *host = &p->bgp->host;
	uint8_t note[HANDOVER_NOTE_MAX];
	struct writer w = writer_to(note, sizeof(note));
	struct open ours = session_offer(p);
	size_t mark;

	if (host->handover == NULL || !may_outlive_us(p))
		return;
	write_u8(&w, NOTE_VERSION);
	write_u8(&w, p->up->passive);
	mark = write_begin_u8(&w);
	write_bytes(&w, peer_name(p), strlen(peer_name(p)));
	write_end_u8(&w, mark);
	write_open(&w, &ours);
	write_open(&w, &p->up->open);
	if (w.overflow)
		return;
	p->handed_over = true;
	host->handover(host->context, p->up->conn, note, writer_size(&w));
}

static void revoke(struct peer *p)
{
	p->handed_over = false;
	p->bgp->host.handover(p->bgp->host.context, p->up->conn, NULL, 0);
}

void handover_tells(struct peer *p, struct dest *d, const struct path *path)
{
	struct bgp_host *host = &p->bgp->host;
	struct nlri n;

	if (!p->handed_over || d->on_file)
		return;
	dest_nlri(d, path->extra, &n);
	d->on_file = host->told != NULL && host->told(host->context, &n);
	if (!d->on_file)
		revoke(p);
}

/* ---- taking over ---- */

/* What says that we restart, for how long routes are kept and who we are called is no part of the
 * agreement. */
static void forget_news(struct open *o)
{
	memset(o->hostname, 0, sizeof(o->hostname));
	o->restarting = false;
	o->restart_s = 0;
	memset(o->forwarding_kept, 0, sizeof(o->forwarding_kept));
	memset(o->long_lived_kept, 0, sizeof(o->long_lived_kept));
	memset(o->long_lived_s, 0, sizeof(o->long_lived_s));
}

static bool same_open(struct open a, struct open b)
{
	uint8_t x[MESSAGE_MAX], y[MESSAGE_MAX];
	struct writer v = writer_to(x, sizeof(x)), w = writer_to(y, sizeof(y));

	forget_news(&a);
	forget_news(&b);
	open_encode(&v, &a);
	open_encode(&w, &b);
	return !v.overflow && !w.overflow && writer_size(&v) == writer_size(&w) &&
	       memcmp(x, y, writer_size(&v)) == 0;
}

/* From there to there, as a connection of today would be. */
static bool same_ends(const struct peer *p, const struct inherited *h)
{
	const struct neighbor_settings *s = p->settings;

	if (s->update_source_dev[0] != '\0' ||
	    (s->update_source.family != IP_NONE && !ip_equal(&s->update_source, &h->local)))
		return false;
	if (s->unnumbered)
		return ip_is_link_local(&h->remote) && ifindex_equal(p->ifindex, h->ifindex);
	return ip_equal(&s->address, &h->remote);
}

static struct peer *peer_named(const struct bgp *b, const char *name)
{
	for (size_t i = 0; i < b->peer_count; i++)
		if (strcmp(peer_name(b->peers[i]), name) == 0)
			return b->peers[i];
	return NULL;
}

/* Whoever the note names; by its address, one that a range makes room for. */
static struct peer *peer_of(struct bgp *b, const struct inherited *h, const struct note *n)
{
	struct peer *p = peer_named(b, n->name);
	char text[IP_TEXT_MAX];

	if (p == NULL && strcmp(ip_text(&h->remote, text), n->name) == 0)
		p = bgp_dynamic_peer(b, &h->remote);
	return p;
}

/* What stands in the way of taking it over: constant text; NULL nothing. */
static const char *misfit(const struct peer *p, const struct inherited *h, const struct note *n)
{
	struct open ours = session_offer(p);

	if ((peer_is_dynamic(p) && !n->passive) || peer_state(p) != BGP_IDLE)
		return "The neighbor is another one now";
	if (!peer_may_come(p))
		return peer_refusal(p);
	if (!same_ends(p, h))
		return "The connection would be another one now";
	return same_open(ours, n->ours) && ours.graceful_restart ? NULL
								 : "OPEN would be another one now";
}

/* Keys belong to addresses, and of an unnumbered neighbor's that is known by the connection. */
static void take_address(struct peer *p, const struct inherited *h)
{
	if (!p->settings->unnumbered)
		return;
	p->address = h->remote;
	p->bgp->keys_dirty = true;
	bgp_keys_run(p->bgp);
}

static void resume(struct peer *p, const struct inherited *h, const struct note *n, mono_t now)
{
	struct session *s = n->passive ? &p->passive : &p->active;
	struct bgp_host *host = &p->bgp->host;
	struct tcp_options options = peer_tcp_options(p);

	s->conn = h->conn;
	s->local = h->local;
	s->remote = h->remote;
	take_address(p, h);
	if (host->set_options != NULL)
		host->set_options(host->context, h->conn, &options);
	host->resume(host->context, h->conn);
	log_info(p->bgp->log, LOG_BGP, "%s: session taken over from the previous instance",
	    peer_name(p));
	fsm_take_over(s, now);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (s->families[f])
			session_send_refresh(s, f, ROUTE_REFRESH_REQUEST);
}

/* Nobody will come back to this peer, which would keep our routes for the restart time. `p` NULL:
 * it is no neighbor any more. */
static void part(struct bgp *b, const struct inherited *h, const struct note *n, struct peer *p)
{
	uint8_t text[SHUTDOWN_DATA_MAX], data[MESSAGE_MAX], message[MESSAGE_MAX];
	struct notification out = {.code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_DECONFIGURED};
	struct writer w = writer_to(message, sizeof(message));

	if (p != NULL)
		out = notification_cease_with(
		    NOTIFY_CEASE_SHUTDOWN, p->settings->shutdown_message, text);
	if (n->ours.notification && n->theirs.notification)
		out = restart_hard_reset(&out, data);
	notification_encode(&w, &out);
	b->host.send(b->host.context, h->conn, message, writer_size(&w));
}

/* NULL: it goes on. */
static const char *take_over(struct bgp *b, const struct inherited *h, mono_t now)
{
	struct notification error;
	struct note n;
	struct peer *p;
	const char *why;

	/* Without what the state file remembers nothing could be taken back by name. */
	if (!b->former_whole || b->host.handover == NULL)
		return b->restarted ? "The state file does not tell all that was told"
				    : "No state file tells what was told";
	if (!note_read(h, &n))
		return "The note is not readable";
	p = peer_of(b, h, &n);
	if (p == NULL || p->settings->shutdown)
		part(b, h, &n, p);
	if (p == NULL)
		return "No such neighbor";
	why = misfit(p, h, &n);
	if (why != NULL)
		return why;
	if (!session_negotiate(n.passive ? &p->passive : &p->active, &n.theirs, &error))
		return "The peer's OPEN would not be taken now";
	resume(p, h, &n, now);
	return NULL;
}

void bgp_inherit(struct bgp *b, const struct bgp_inherited *i)
{
	struct inherited *h;

	b->inherited = mem_resize(b->inherited, (b->inherited_count + 1) * sizeof(*b->inherited));
	h = &b->inherited[b->inherited_count++];
	*h = (struct inherited){.conn = i->conn,
	    .local = i->local,
	    .remote = i->remote,
	    .ifindex = i->ifindex,
	    .note = mem_dup(i->note, i->size),
	    .size = i->size};
}

static void run_one(struct bgp *b, const struct inherited *h, mono_t now)
{
	const char *why = h->conn != 0 ? take_over(b, h, now) : NULL;
	char text[IP_TEXT_MAX];

	if (why == NULL)
		return;
	log_info(b->log, LOG_BGP, "connection of the previous instance with %s closed: %s",
	    ip_text(&h->remote, text), why);
	b->host.close(b->host.context, h->conn);
}

/* Whoever was told by the previous instance has been told what is no more. */
static bool all_swept(const struct bgp *b)
{
	for (size_t i = 0; i < b->peer_count; i++) {
		const struct adj_rib_out *o = &b->peers[i]->out[BGP_L2VPN_EVPN];

		if (o->sweep_owed || o->refresh_end_owed)
			return false;
	}
	return true;
}

static void former_free(struct bgp *b)
{
	mem_free(b->former);
	b->former = NULL;
	b->former_count = b->former_room = 0;
}

static void inherited_free(struct bgp *b)
{
	for (size_t i = 0; i < b->inherited_count; i++)
		mem_free(b->inherited[i].note);
	mem_free(b->inherited);
	b->inherited = NULL;
	b->inherited_count = 0;
}

void handover_run(struct bgp *b, mono_t now)
{
	if (b->originating || b->stopped)
		return;
	if (b->inherited_count == 0) {
		if (b->former_count > 0 && all_swept(b))
			former_free(b);
		return;
	}
	for (size_t i = 0; i < b->inherited_count; i++)
		run_one(b, &b->inherited[i], now);
	inherited_free(b);
	for (size_t i = 0; i < b->peer_count; i++)
		peer_wake(b->peers[i], now);
}

void handover_closed(struct bgp *b, uint32_t conn)
{
	for (size_t i = 0; i < b->inherited_count; i++)
		if (b->inherited[i].conn == conn)
			b->inherited[i].conn = 0;
}

/* ---- what the previous instance told ---- */

void bgp_formerly(struct bgp *b, const struct nlri *nlri)
{
	if (b->former_count == b->former_room) {
		b->former_room = b->former_room * 2 + 64;
		b->former = mem_resize(b->former, b->former_room * sizeof(*b->former));
	}
	b->former[b->former_count++] = *nlri;
}

static bool originates(const struct dest *d)
{
	for (const struct path *p = d->paths; p != NULL; p = p->next)
		if (p->peer == NULL && (p->flags & (PATH_WITHDRAWN | PATH_ORPHAN)) == 0)
			return true;
	return false;
}

void bgp_walk_told(
    const struct bgp *b, void *context, void (*visit)(void *context, const struct nlri *nlri))
{
	const struct dest *d = NULL;
	struct nlri n;

	for (size_t i = 0; i < b->former_count; i++)
		visit(context, &b->former[i]);
	while ((d = loc_rib_after(&b->rib, BGP_L2VPN_EVPN, d)) != NULL) {
		if (!d->on_file && !originates(d))
			continue;
		/* The key is all that a withdrawal needs. */
		dest_nlri(d, NULL, &n);
		visit(context, &n);
	}
}

void handover_free(struct bgp *b)
{
	inherited_free(b);
	former_free(b);
}
