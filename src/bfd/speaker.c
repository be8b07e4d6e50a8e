/*
 * All BFD sessions: which one a packet belongs to, and whose turn it is.
 *
 * A packet is looked at from the outside in. What is wrong by itself goes first (bfd/packet); then
 * the session is found: by Your Discriminator alone when it is not 0 (RFC 5880 section 6.3), else
 * by address, link and kind (RFC 5881 section 3, RFC 5883 section 4). TTL: what came over one hop
 * still has 255 (RFC 5881 section 5: GTSM), what came over many at least the session's minimum. The
 * reason of each discard is counted; nothing that can be sent to us costs more than a look at each
 * session.
 *
 * Session identity is the orderer's, discriminators are drawn from the seed.
 */
#include "bfd/speaker.h"

#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "bfd/session.h"

#define TTL_ONE_HOP 255

struct bfd {
	struct bfd_host host;
	uint64_t random;	       /* state of the generator */
	struct bfd_session **sessions; /* owned, in order of their orders */
	size_t count;
	struct map by_discriminator;
	bool loops; /* our kernel forwards */
	bool asked; /* all reports are owed, then the totals */
	uint64_t discards[BFD_VERDICTS];
};

struct bfd *bfd_new(uint64_t seed, const struct bfd_host *host)
{
	struct bfd *b = mem_new(sizeof(*b));

	b->host = *host;
	b->random = seed;
	b->sessions = mem_new_array(BFD_SESSIONS_MAX, sizeof(*b->sessions));
	map_init(&b->by_discriminator, offsetof(struct bfd_session, discriminator),
	    sizeof(uint32_t), seed);
	return b;
}

void bfd_free(struct bfd *b)
{
	for (size_t i = 0; i < b->count; i++)
		mem_free(b->sessions[i]);
	mem_free(b->sessions);
	map_fini(&b->by_discriminator);
	mem_free(b);
}

/* SplitMix64. */
static uint32_t random_next(struct bfd *b)
{
	uint64_t z = b->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

static uint32_t new_discriminator(struct bfd *b)
{
	uint32_t d;

	do
		d = random_next(b);
	while (d == 0 || map_find(&b->by_discriminator, &d) != NULL);
	return d;
}

/* That of a session which goes on, unless it was drawn for another meanwhile. */
static uint32_t discriminator_for(struct bfd *b, const struct bfd_resume *r)
{
	if (r->discriminator != 0 && map_find(&b->by_discriminator, &r->discriminator) == NULL)
		return r->discriminator;
	return new_discriminator(b);
}

/* ---- orders -------------------------------------------------------------------------------- */

static size_t find(const struct bfd *b, uint32_t id)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->sessions[i]->id == id)
			return i;
	return b->count;
}

/* A session on its way out makes room at once for a new one over the same path. */
static void remove_at(struct bfd *b, size_t index)
{
	struct bfd_session *s = b->sessions[index];

	map_remove(&b->by_discriminator, &s->discriminator);
	b->host.close(b->host.context, s->id);
	b->count--;
	memmove(b->sessions + index, b->sessions + index + 1,
	    (b->count - index) * sizeof(struct bfd_session *));
	mem_free(s);
}

static void remove_closing(struct bfd *b, const struct bfd_path *path)
{
	for (size_t i = b->count; i-- > 0;)
		if (b->sessions[i]->closing && bfd_path_equal(&b->sessions[i]->path, path))
			remove_at(b, i);
}

static void set(struct bfd *b, const struct bfd_order *order, mono_t now)
{
	size_t at = find(b, order->id);
	struct bfd_session *s;

	if (at < b->count) {
		check(!b->sessions[at]->closing);
		bfd_session_set(b->sessions[at], &order->params, now);
		return;
	}
	remove_closing(b, &order->path);
	if (b->count == BFD_SESSIONS_MAX)
		return;
	s = mem_new(sizeof(*s));
	bfd_session_init(s, order, discriminator_for(b, &order->resume), now);
	bfd_session_loops(s, b->loops);
	b->sessions[b->count++] = s;
	map_insert(&b->by_discriminator, s);
	b->host.open(b->host.context, s->id, s->discriminator, &s->path);
}

void bfd_order(struct bfd *b, const struct bfd_order *order, mono_t now)
{
	size_t at;

	switch (order->kind) {
	case BFD_ORDER_SET:
		set(b, order, now);
		return;
	case BFD_ORDER_REMOVE:
		at = find(b, order->id);
		if (at < b->count)
			bfd_session_close(b->sessions[at], now);
		return;
	case BFD_ORDER_ASK:
		b->asked = true;
		for (size_t i = 0; i < b->count; i++)
			b->sessions[i]->changed = true;
		return;
	case BFD_ORDER_BEGIN: /* for who passes orders on */
		return;
	}
}

void bfd_stop(struct bfd *b, mono_t now)
{
	for (size_t i = 0; i < b->count; i++)
		bfd_session_close(b->sessions[i], now);
}

bool bfd_idle(const struct bfd *b)
{
	return b->count == 0;
}

/* ---- in ------------------------------------------------------------------------------------ */

static bool path_takes(const struct bfd_path *p, const struct bfd_datagram *d)
{
	return ip_equal(&p->remote, &d->remote) && (p->multihop != 0) == d->multihop &&
	       (p->local.family == IP_NONE || ip_equal(&p->local, &d->local)) &&
	       (p->ifindex.v == 0 || ifindex_equal(p->ifindex, d->ifindex)) &&
	       ifindex_equal(p->vrf, d->vrf);
}

/* One whose path says more (local address, link) is preferred. */
static unsigned how_exact(const struct bfd_path *p)
{
	return (p->local.family != IP_NONE ? 1u : 0u) + (p->ifindex.v != 0 ? 1u : 0u);
}

static struct bfd_session *by_path(const struct bfd *b, const struct bfd_datagram *d)
{
	struct bfd_session *best = NULL;

	for (size_t i = 0; i < b->count; i++) {
		struct bfd_session *s = b->sessions[i];

		if (!s->closing && path_takes(&s->path, d) &&
		    (best == NULL || how_exact(&s->path) > how_exact(&best->path)))
			best = s;
	}
	return best;
}

static enum bfd_verdict find_session(const struct bfd *b, const struct bfd_packet *p,
    const struct bfd_datagram *d, struct bfd_session **s)
{
	if (p->your_discriminator == 0) {
		*s = by_path(b, d);
		return *s != NULL ? BFD_ACCEPTED : BFD_UNKNOWN_PEER;
	}
	*s = map_find(&b->by_discriminator, &p->your_discriminator);
	if (*s == NULL || (*s)->closing || !ifindex_equal((*s)->path.vrf, d->vrf))
		return BFD_UNKNOWN_DISCRIMINATOR;
	return ((*s)->path.multihop != 0) == d->multihop ? BFD_ACCEPTED : BFD_WRONG_PORT;
}

static enum bfd_verdict receive(struct bfd *b, const struct bfd_datagram *d, mono_t now)
{
	struct bfd_packet p;
	struct bfd_session *s;
	enum bfd_verdict v;

	if (!d->multihop && d->ttl != TTL_ONE_HOP)
		return BFD_BAD_TTL;
	v = bfd_packet_decode(d->bytes, d->size, &p);
	if (v == BFD_ACCEPTED)
		v = find_session(b, &p, d, &s);
	if (v != BFD_ACCEPTED)
		return v;
	if (d->multihop && d->ttl < s->params.minimum_ttl)
		return BFD_BAD_TTL;
	s->arrived_at = d->local;
	s->arrived_over = d->ifindex;
	return bfd_session_received(s, &p, now);
}

void bfd_dropped(struct bfd *b, uint64_t total)
{
	b->discards[BFD_DROPPED] = total;
}

void bfd_loops(struct bfd *b, bool loops)
{
	b->loops = loops;
	for (size_t i = 0; i < b->count; i++)
		bfd_session_loops(b->sessions[i], loops);
}

void bfd_echoed(struct bfd *b, const uint8_t *bytes, size_t size, mono_t now)
{
	uint32_t discriminator = bfd_echo_discriminator(bytes, size);
	struct bfd_session *s = map_find(&b->by_discriminator, &discriminator);
	enum bfd_echo_state before = s != NULL ? s->echo.state : BFD_ECHO_OFF;

	if (s == NULL || !bfd_echo_received(&s->echo, bytes, size, now))
		b->discards[BFD_STRANGE_ECHO]++;
	else
		s->changed |= s->echo.state != before;
}

enum bfd_verdict bfd_received(struct bfd *b, const struct bfd_datagram *d, mono_t now)
{
	enum bfd_verdict v = receive(b, d, now);

	b->discards[v]++;
	return v;
}

/* ---- out ----------------------------------------------------------------------------------- */

static void send_due(struct bfd *b, struct bfd_session *s, mono_t now)
{
	uint8_t bytes[BFD_PACKET_SIZE];
	struct bfd_packet p;

	while (bfd_session_send(s, random_next(b), &p, now)) {
		struct writer w = writer_to(bytes, sizeof(bytes));

		bfd_packet_encode(&w, &p);
		check(!w.overflow);
		b->host.send(b->host.context, s->id, bytes, writer_size(&w));
	}
}

static void echo_due(struct bfd *b, struct bfd_session *s, mono_t now)
{
	struct bfd_echo_path path = {s->path.remote, s->arrived_at, s->arrived_over};
	uint8_t bytes[BFD_ECHO_SIZE];

	while (
	    s->echo.state != BFD_ECHO_OFF && bfd_session_send_echo(s, random_next(b), now, bytes))
		b->host.echo(b->host.context, &path, bytes, sizeof(bytes));
}

static bool report(struct bfd *b, struct bfd_session *s)
{
	struct bfd_report r = {.kind = BFD_REPORT_SESSION, .id = s->id};

	if (s->closing || !s->changed)
		return true;
	bfd_session_report(s, &r.session);
	if (!b->host.report(b->host.context, &r))
		return false;
	s->changed = false;
	return true;
}

static void report_all(struct bfd *b)
{
	struct bfd_report totals = {.kind = BFD_REPORT_TOTALS};

	for (size_t i = 0; i < b->count; i++)
		if (!report(b, b->sessions[i]))
			return;
	if (!b->asked)
		return;
	memcpy(totals.discards, b->discards, sizeof(totals.discards));
	if (b->host.report(b->host.context, &totals))
		b->asked = false;
}

void bfd_run(struct bfd *b, mono_t now)
{
	for (size_t i = 0; i < b->count; i++) {
		bfd_session_run(b->sessions[i], now);
		send_due(b, b->sessions[i], now);
		echo_due(b, b->sessions[i], now);
	}
	for (size_t i = b->count; i-- > 0;)
		if (bfd_session_closed(b->sessions[i], now))
			remove_at(b, i);
	report_all(b);
}

mono_t bfd_deadline(const struct bfd *b)
{
	mono_t due = b->asked ? (mono_t){0} : MONO_NEVER;

	for (size_t i = 0; i < b->count; i++) {
		const struct bfd_session *s = b->sessions[i];

		due = mono_min(due, bfd_session_deadline(s));
		if (s->changed && !s->closing)
			return (mono_t){0};
	}
	return due;
}
