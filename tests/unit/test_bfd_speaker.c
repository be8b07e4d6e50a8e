/*
 * The BFD speaker: what is discarded and counted, which session a packet finds, and two speakers
 * that talk over a wire which loses what it is told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bfd/packet.h"
#include "bfd/speaker.h"

#define MS(n) ((n)*1000u)
#define WIRE_MAX 4096

static const mono_t start = {1000000000000};

/* One host and what came out of it. */
struct host {
	struct bfd *bfd;
	struct ip address;
	struct host *peer;
	bool cut;  /* what it sends is lost */
	bool deaf; /* its reports are refused */
	unsigned opened, closed, sent, polls;
	struct bfd_session_report last[4]; /* by id */
	unsigned reports, totals;
	uint64_t discards[BFD_VERDICTS];
	uint8_t wire[WIRE_MAX][BFD_PACKET_SIZE]; /* on its way to the peer */
	size_t waiting;
	uint8_t echoes[WIRE_MAX][24]; /* on their way back */
	size_t echo_count;
	bool loops; /* the peer's forwarding */
	unsigned echoes_sent;
	struct bfd_echo_path echo_path; /* of the last */
	mono_t up_at, down_at;
	enum bfd_diag down_diag; /* why, the last time */
	mono_t now;
};

static void on_open(void *context, uint32_t id, uint32_t discriminator, const struct bfd_path *path)
{
	(void)id;
	assert_int_not_equal(discriminator, 0);
	(void)path;
	((struct host *)context)->opened++;
}

static void on_close(void *context, uint32_t id)
{
	(void)id;
	((struct host *)context)->closed++;
}

static void on_send(void *context, uint32_t id, const uint8_t *bytes, size_t size)
{
	struct host *h = context;
	struct bfd_packet p;

	(void)id;
	assert_int_equal(bfd_packet_decode(bytes, size, &p), BFD_ACCEPTED);
	h->sent++;
	h->polls += p.poll;
	if (!h->cut && h->waiting < WIRE_MAX)
		memcpy(h->wire[h->waiting++], bytes, size);
}

static void on_echo(
    void *context, const struct bfd_echo_path *path, const uint8_t *bytes, size_t size)
{
	struct host *h = context;

	assert_int_equal(size, sizeof(h->echoes[0]));
	h->echoes_sent++;
	h->echo_path = *path;
	if (h->loops && h->echo_count < WIRE_MAX)
		memcpy(h->echoes[h->echo_count++], bytes, size);
}

static bool on_report(void *context, const struct bfd_report *r)
{
	struct host *h = context;

	if (h->deaf)
		return false;
	if (r->kind == BFD_REPORT_TOTALS) {
		h->totals++;
		memcpy(h->discards, r->discards, sizeof(h->discards));
		return true;
	}
	assert_int_equal(r->kind, BFD_REPORT_SESSION);
	h->reports++;
	if (r->session.state == BFD_UP && h->last[r->id].state != BFD_UP)
		h->up_at = h->now;
	if (r->session.state != BFD_UP && h->last[r->id].state == BFD_UP)
		h->down_at = h->now;
	if (h->down_at.ns == h->now.ns)
		h->down_diag = r->session.diag;
	h->last[r->id] = r->session;
	return true;
}

static struct host *host_new(uint64_t seed, uint32_t address)
{
	struct host *h = mem_new(sizeof(*h));
	struct bfd_host host = {h, on_open, on_close, on_send, on_echo, on_report};

	h->address = ip_from_u32(address);
	h->bfd = bfd_new(seed, &host);
	h->now = start;
	return h;
}

static void host_free(struct host *h)
{
	bfd_free(h->bfd);
	mem_free(h);
}

static struct bfd_order order(uint32_t id, uint32_t remote)
{
	return (struct bfd_order){.kind = BFD_ORDER_SET,
	    .id = id,
	    .path = {.remote = ip_from_u32(remote)},
	    .params = {
		.transmit_us = MS(50), .receive_us = MS(50), .multiplier = 3, .minimum_ttl = 254}};
}

/* ---- one speaker --------------------------------------------------------------------------- */

struct datagram {
	uint8_t bytes[64];
	struct bfd_datagram d;
};

static void datagram_from(struct datagram *g, const struct bfd_packet *p, uint32_t remote)
{
	struct writer w = writer_to(g->bytes, sizeof(g->bytes));

	bfd_packet_encode(&w, p);
	g->d = (struct bfd_datagram){.remote = ip_from_u32(remote),
	    .local = ip_from_u32(0x0a000001),
	    .ifindex = {3},
	    .ttl = 255,
	    .bytes = g->bytes,
	    .size = BFD_PACKET_SIZE};
}

static struct bfd_packet down_packet(void)
{
	return (struct bfd_packet){.state = BFD_DOWN,
	    .multiplier = 3,
	    .my_discriminator = 9,
	    .desired_tx_us = 1000000,
	    .required_rx_us = 1000000};
}

static enum bfd_verdict deliver(struct host *h, const struct datagram *g)
{
	return bfd_received(h->bfd, &g->d, start);
}

/* Each by itself wrong; the session behind it does not move; each is counted. */
static void test_discards(void **state)
{
	struct host *h = host_new(1, 0x0a000001);
	struct bfd_order one = order(1, 0x0a000002), many = order(2, 0x0a000003),
			 shut = order(3, 0x0a000004), ask = {.kind = BFD_ORDER_ASK};
	struct bfd_packet p = down_packet(), q;
	struct datagram g;

	(void)state;
	many.path.multihop = 1;
	shut.params.shutdown = true;
	bfd_order(h->bfd, &one, start);
	bfd_order(h->bfd, &many, start);
	bfd_order(h->bfd, &shut, start);

	datagram_from(&g, &p, 0x0a000002);
	g.bytes[0] = 0x00; /* version 0 */
	assert_int_equal(deliver(h, &g), BFD_BAD_VERSION);
	g.bytes[0] = 0x40;
	assert_int_equal(deliver(h, &g), BFD_BAD_VERSION);
	for (g.d.size = 1; g.d.size < 24; g.d.size++) {
		g.bytes[0] = 0x20;
		assert_int_equal(deliver(h, &g), BFD_BAD_LENGTH);
	}
	g.d.size = 0;
	assert_int_equal(deliver(h, &g), BFD_BAD_LENGTH);
	g.d.size = 24;
	g.bytes[3] = 23; /* shorter than the mandatory section */
	assert_int_equal(deliver(h, &g), BFD_BAD_LENGTH);
	g.bytes[3] = 25; /* longer than the datagram */
	assert_int_equal(deliver(h, &g), BFD_BAD_LENGTH);
	g.bytes[3] = 24;
	g.bytes[1] |= 4; /* A, but no room for the section */
	assert_int_equal(deliver(h, &g), BFD_BAD_LENGTH);
	g.bytes[3] = 26;
	g.d.size = 26;
	assert_int_equal(deliver(h, &g), BFD_AUTHENTICATED);
	q = p;
	q.multiplier = 0;
	datagram_from(&g, &q, 0x0a000002);
	assert_int_equal(deliver(h, &g), BFD_BAD_MULTIPLIER);
	datagram_from(&g, &p, 0x0a000002);
	g.bytes[1] |= 1;
	assert_int_equal(deliver(h, &g), BFD_BAD_MULTIPOINT);
	q = p;
	q.my_discriminator = 0;
	datagram_from(&g, &q, 0x0a000002);
	assert_int_equal(deliver(h, &g), BFD_BAD_DISCRIMINATOR);
	q = p;
	q.state = BFD_INIT;
	datagram_from(&g, &q, 0x0a000002);
	assert_int_equal(deliver(h, &g), BFD_BAD_STATE);
	q.state = BFD_UP;
	datagram_from(&g, &q, 0x0a000002);
	assert_int_equal(deliver(h, &g), BFD_BAD_STATE);
	datagram_from(&g, &p, 0x0a000002);
	g.d.ttl = 254;
	assert_int_equal(deliver(h, &g), BFD_BAD_TTL);
	datagram_from(&g, &p, 0x0a000003);
	g.d.multihop = true;
	g.d.ttl = 253;
	assert_int_equal(deliver(h, &g), BFD_BAD_TTL);
	q = p;
	q.your_discriminator = 12345;
	datagram_from(&g, &q, 0x0a000002);
	assert_int_equal(deliver(h, &g), BFD_UNKNOWN_DISCRIMINATOR);
	datagram_from(&g, &p, 0x0a000009);
	assert_int_equal(deliver(h, &g), BFD_UNKNOWN_PEER);
	datagram_from(&g, &p, 0x0a000003); /* a multihop peer, on the port of one hop */
	assert_int_equal(deliver(h, &g), BFD_UNKNOWN_PEER);
	datagram_from(&g, &p, 0x0a000004);
	assert_int_equal(deliver(h, &g), BFD_WHILE_ADMIN_DOWN);

	bfd_run(h->bfd, start);
	assert_int_equal(h->last[1].state, BFD_DOWN);
	assert_int_equal(h->last[1].received, 0);
	q = p;
	q.your_discriminator = h->last[2].discriminator;
	datagram_from(&g, &q, 0x0a000003);
	assert_int_equal(deliver(h, &g), BFD_WRONG_PORT);

	bfd_echoed(h->bfd, g.bytes, 24, start);
	bfd_dropped(h->bfd, 5);

	bfd_order(h->bfd, &ask, start);
	bfd_run(h->bfd, start);
	assert_int_equal(h->totals, 1);
	assert_int_equal(h->discards[BFD_ACCEPTED], 0);
	assert_int_equal(h->discards[BFD_BAD_VERSION], 2);
	assert_int_equal(h->discards[BFD_BAD_LENGTH], 27);
	assert_int_equal(h->discards[BFD_BAD_STATE], 2);
	assert_int_equal(h->discards[BFD_BAD_TTL], 2);
	assert_int_equal(h->discards[BFD_UNKNOWN_PEER], 2);
	for (int v = BFD_BAD_VERSION; v < BFD_VERDICTS; v++)
		assert_true(h->discards[v] > 0);
	host_free(h);
}

/* What is wrong in no way, however odd. */
static void test_accepted(void **state)
{
	struct host *h = host_new(1, 0x0a000001);
	struct bfd_order one = order(1, 0x0a000002), many = order(2, 0x0a000003);
	struct bfd_packet p = down_packet();
	struct datagram g;

	(void)state;
	many.path.multihop = 1;
	bfd_order(h->bfd, &one, start);
	bfd_order(h->bfd, &many, start);
	p.diag = 31; /* reserved numbers are allowed */
	p.desired_tx_us = p.required_echo_us = UINT32_MAX;
	datagram_from(&g, &p, 0x0a000002);
	g.d.size = 60; /* padding behind the packet */
	assert_int_equal(deliver(h, &g), BFD_ACCEPTED);
	datagram_from(&g, &p, 0x0a000003);
	g.d.multihop = true;
	g.d.ttl = 254;
	assert_int_equal(deliver(h, &g), BFD_ACCEPTED);
	bfd_run(h->bfd, start);
	assert_int_equal(h->last[1].remote_diag, 31);
	host_free(h);
}

/* Without a discriminator: address, kind, link, VRF and local address; the closest fit. */
static void test_session_by_path(void **state)
{
	struct host *h = host_new(1, 0x0a000001);
	struct bfd_order any = order(1, 0x0a000002), link = any, vrf = any;
	struct bfd_packet p = down_packet();
	struct datagram g;

	(void)state;
	link.id = 2;
	link.path.ifindex.v = 3;
	vrf.id = 3;
	vrf.path.vrf.v = 9;
	bfd_order(h->bfd, &any, start);
	bfd_order(h->bfd, &link, start);
	bfd_order(h->bfd, &vrf, start);
	datagram_from(&g, &p, 0x0a000002);
	deliver(h, &g);
	bfd_run(h->bfd, start);
	assert_int_equal(h->last[2].state, BFD_INIT);
	assert_int_equal(h->last[1].state, BFD_DOWN);
	g.d.ifindex.v = 4;
	deliver(h, &g);
	g.d.vrf.v = 9;
	deliver(h, &g);
	bfd_run(h->bfd, start);
	assert_int_equal(h->last[1].state, BFD_INIT);
	assert_int_equal(h->last[3].state, BFD_INIT);
	/* RFC 5880 section 6.3: with a discriminator, address and link may be others; the VRF not.
	 */
	p.your_discriminator = h->last[3].discriminator;
	p.state = BFD_INIT;
	datagram_from(&g, &p, 0x0a0000ff);
	assert_int_equal(deliver(h, &g), BFD_UNKNOWN_DISCRIMINATOR);
	g.d.vrf.v = 9;
	assert_int_equal(deliver(h, &g), BFD_ACCEPTED);
	host_free(h);
}

static void test_limit_and_seed(void **state)
{
	struct host *h = host_new(7, 0x0a000001), *again = host_new(7, 0x0a000001);
	uint32_t first;

	(void)state;
	for (uint32_t i = 1; i <= BFD_SESSIONS_MAX + 1; i++) {
		struct bfd_order o = order(i, 0x0b000000 + i);

		bfd_order(h->bfd, &o, start);
	}
	assert_int_equal(h->opened, BFD_SESSIONS_MAX);
	host_free(h);
	h = host_new(7, 0x0a000001);
	for (uint32_t i = 1; i <= 2; i++) {
		struct bfd_order o = order(i, 0x0b000000 + i);

		bfd_order(h->bfd, &o, start);
		bfd_order(again->bfd, &o, start);
	}
	bfd_run(h->bfd, start);
	bfd_run(again->bfd, start);
	first = h->last[1].discriminator;
	assert_int_equal(first, again->last[1].discriminator);
	assert_int_not_equal(first, h->last[2].discriminator);
	host_free(h);
	host_free(again);
}

/* A report that could not be given is owed, and says what is true when it can. */
static void test_reports_are_owed(void **state)
{
	struct host *h = host_new(1, 0x0a000001);
	struct bfd_order o = order(1, 0x0a000002);
	struct bfd_packet p = down_packet();
	struct datagram g;

	(void)state;
	h->deaf = true;
	bfd_order(h->bfd, &o, start);
	bfd_run(h->bfd, start);
	datagram_from(&g, &p, 0x0a000002);
	deliver(h, &g);
	assert_true(mono_reached(bfd_deadline(h->bfd), start));
	h->deaf = false;
	bfd_run(h->bfd, start);
	assert_int_equal(h->reports, 1);
	assert_int_equal(h->last[1].state, BFD_INIT);
	assert_false(mono_reached(bfd_deadline(h->bfd), start));
	host_free(h);
}

/* ---- two speakers -------------------------------------------------------------------------- */

static void carry(struct host *from, mono_t now)
{
	for (size_t i = 0; i < from->waiting; i++) {
		struct bfd_datagram d = {.remote = from->address,
		    .local = from->peer->address,
		    .ttl = 255,
		    .bytes = from->wire[i],
		    .size = BFD_PACKET_SIZE};

		bfd_received(from->peer->bfd, &d, now);
	}
	from->waiting = 0;
}

static void carry_echoes(struct host *h, mono_t now)
{
	for (size_t i = 0; i < h->echo_count; i++)
		bfd_echoed(h->bfd, h->echoes[i], sizeof(h->echoes[i]), now);
	h->echo_count = 0;
}

/* Milliseconds of both lives, a millisecond at a time. */
static mono_t run_ms(struct host *a, struct host *b, mono_t now, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		now = mono_add_ms(now, 1);
		a->now = b->now = now;
		carry(a, now);
		carry(b, now);
		carry_echoes(a, now);
		carry_echoes(b, now);
		bfd_run(a->bfd, now);
		bfd_run(b->bfd, now);
	}
	return now;
}

struct pair {
	struct host *a, *b;
	mono_t now;
};

static struct pair pair_up(void)
{
	struct pair p = {host_new(1, 0x0a000001), host_new(2, 0x0a000002), start};
	struct bfd_order to_b = order(1, 0x0a000002), to_a = order(1, 0x0a000001);

	p.a->peer = p.b;
	p.b->peer = p.a;
	to_a.params.transmit_us = MS(100);
	bfd_order(p.a->bfd, &to_b, start);
	bfd_order(p.b->bfd, &to_a, start);
	p.now = run_ms(p.a, p.b, start, 2500);
	assert_int_equal(p.a->last[1].state, BFD_UP);
	assert_int_equal(p.b->last[1].state, BFD_UP);
	return p;
}

static void pair_free(struct pair *p)
{
	host_free(p->a);
	host_free(p->b);
}

static void test_comes_up(void **state)
{
	struct pair p = pair_up();
	unsigned sent_a = p.a->sent, sent_b = p.b->sent, polls = p.a->polls;

	(void)state;
	/* Two exchanges suffice: no waiting for slow timers. */
	assert_true(mono_ms_between(start, p.a->up_at) < 10);
	assert_true(p.a->polls > 0 && p.b->polls > 0);
	p.now = run_ms(p.a, p.b, p.now, 10000);
	assert_int_equal(p.a->polls, polls);
	/* 50 and 100 ms, jitter takes an eighth: 228 and 114 packets in 10 s. */
	assert_in_range(p.a->sent - sent_a, 215, 240);
	assert_in_range(p.b->sent - sent_b, 108, 122);
	assert_int_equal(p.a->last[1].remote_transmit_us, MS(100));
	assert_int_equal(p.a->last[1].detection_us, MS(300));
	assert_int_equal(p.b->last[1].detection_us, MS(150));
	assert_int_equal(p.a->last[1].ups, 1);
	assert_int_equal(p.a->last[1].downs, 0);
	pair_free(&p);
}

/* The link is cut in one direction: the deaf side finds out, the other is told. */
static void test_cut_is_detected(void **state)
{
	struct pair p = pair_up();
	mono_t cut = p.now;

	(void)state;
	p.a->cut = true;
	p.now = run_ms(p.a, p.b, p.now, 1000);
	assert_in_range(mono_ms_between(cut, p.b->down_at), 100, 152);
	assert_int_equal(p.b->last[1].diag, BFD_DIAG_DETECTION_EXPIRED);
	assert_in_range(mono_ms_between(cut, p.a->down_at), 100, 153);
	assert_int_equal(p.a->last[1].diag, BFD_DIAG_NEIGHBOR_DOWN);
	assert_int_equal(p.a->last[1].failures, 1);
	assert_int_equal(p.b->last[1].failures, 1);
	p.a->cut = false;
	p.now = run_ms(p.a, p.b, p.now, 3000);
	assert_int_equal(p.a->last[1].state, BFD_UP);
	assert_int_equal(p.b->last[1].ups, 2);
	pair_free(&p);
}

/* Another speaker in the place of a's, that goes on where it was after so many milliseconds. */
static void replace_speaker(struct pair *p, unsigned after_ms)
{
	struct bfd_session_report was =
	    p->a->last[p->a->last[2].ups > 0 || p->a->last[2].state == BFD_UP ? 2 : 1];
	struct bfd_order o = order(2, 0x0a000002);
	struct host *next = host_new(77, 0x0a000001);

	o.resume =
	    (struct bfd_resume){was.discriminator, was.remote_discriminator, was.remote_transmit_us,
		was.remote_receive_us, was.remote_echo_us, was.remote_multiplier};
	for (unsigned i = 0; i < after_ms; i++) {
		p->now = mono_add_ms(p->now, 1);
		p->b->now = p->now;
		p->b->waiting = 0;
		bfd_run(p->b->bfd, p->now);
	}
	host_free(p->a);
	p->a = next;
	next->peer = p->b;
	p->b->peer = next;
	next->now = p->now;
	bfd_order(next->bfd, &o, p->now);
	bfd_run(next->bfd, p->now);
	assert_int_equal(next->last[2].state, BFD_UP);
	assert_int_equal(next->last[2].discriminator, was.discriminator);
}

/* The peer does not notice; and the path is watched from the first moment. */
static void test_resumed(void **state)
{
	struct pair p = pair_up();
	mono_t cut;

	(void)state;
	replace_speaker(&p, 80);
	p.now = run_ms(p.a, p.b, p.now, 3000);
	assert_int_equal(p.b->last[1].downs, 0);
	assert_int_equal(p.a->last[2].downs, 0);
	assert_true(p.a->polls > 0);
	replace_speaker(&p, 10);
	cut = p.now;
	p.b->cut = true;
	p.now = run_ms(p.a, p.b, p.now, 1000);
	assert_in_range(mono_ms_between(cut, p.a->down_at), 290, 303);
	assert_int_equal(p.a->last[2].failures, 1);
	pair_free(&p);
}

/* It has noticed: its session is down, which is not the path's fault. Later failures are. */
static void test_resumed_too_late(void **state)
{
	struct pair p = pair_up();

	(void)state;
	replace_speaker(&p, 400);
	assert_int_equal(p.b->last[1].downs, 1);
	p.now = run_ms(p.a, p.b, p.now, 3000);
	assert_int_equal(p.a->last[2].downs, 1);
	assert_int_equal(p.a->last[2].failures, 0);
	assert_int_equal(p.a->last[2].state, BFD_UP);
	p.b->cut = true;
	p.now = run_ms(p.a, p.b, p.now, 1000);
	assert_int_equal(p.a->last[2].failures, 1);
	pair_free(&p);
}

static struct bfd_order echo_order(uint32_t id, uint32_t remote)
{
	struct bfd_order o = order(id, remote);

	o.params.echo = true;
	o.params.echo_transmit_us = MS(20);
	o.params.echo_receive_us = MS(40);
	return o;
}

/* b's kernel forwards and b says so; a uses it. */
static struct pair echo_pair(void)
{
	struct pair p = pair_up();
	struct bfd_order to_b = echo_order(1, 0x0a000002), to_a = order(1, 0x0a000001);

	to_a.params.echo_receive_us = MS(30);
	bfd_loops(p.b->bfd, true);
	p.a->loops = true;
	bfd_order(p.a->bfd, &to_b, p.now);
	bfd_order(p.b->bfd, &to_a, p.now);
	p.now = run_ms(p.a, p.b, p.now, 1000);
	return p;
}

/* RFC 5880 section 6.8.9: not faster than the peer wants; not without its word; only when asked. */
static void test_echo(void **state)
{
	struct pair p = echo_pair();
	unsigned sent = p.a->echoes_sent;

	(void)state;
	assert_int_equal(p.a->last[1].echo, BFD_ECHO_LOOPED);
	assert_int_equal(p.a->last[1].remote_echo_us, MS(30));
	assert_int_equal(p.b->last[1].remote_echo_us, 0); /* a does not forward */
	assert_int_equal(p.b->echoes_sent, 0);
	assert_true(ip_equal(&p.a->echo_path.remote, &p.b->address));
	assert_true(ip_equal(&p.a->echo_path.local, &p.a->address));
	p.now = run_ms(p.a, p.b, p.now, 10000);
	assert_in_range(p.a->echoes_sent - sent, 333, 440); /* 30 ms, 75 to 100 % */
	assert_int_equal(p.a->last[1].downs, 0);
	/* The pace of control packets is what it was. */
	assert_int_equal(p.b->last[1].detection_us, MS(150));
	/* b ceases to forward, and says so: no failure. */
	bfd_loops(p.b->bfd, false);
	p.a->loops = false;
	p.now = run_ms(p.a, p.b, p.now, 1000);
	assert_int_equal(p.a->last[1].echo, BFD_ECHO_OFF);
	assert_int_equal(p.a->last[1].downs, 0);
	pair_free(&p);
}

static void test_echo_fails(void **state)
{
	struct pair p = echo_pair();
	mono_t cut = p.now;

	(void)state;
	p.a->loops = false;
	p.now = run_ms(p.a, p.b, p.now, 200);
	assert_in_range(mono_ms_between(cut, p.a->down_at), 60, 92);
	assert_int_equal(p.a->down_diag, BFD_DIAG_ECHO_FAILED);
	assert_int_equal(p.a->last[1].failures, 1);
	assert_int_equal(p.b->down_diag, BFD_DIAG_NEIGHBOR_DOWN);
	pair_free(&p);
}

/* A peer that says that it loops and does not: the session stays, and it is tried now and then. */
static void test_echo_is_not_looped(void **state)
{
	struct pair p = pair_up();
	struct bfd_order to_b = echo_order(1, 0x0a000002), to_a = echo_order(1, 0x0a000001);
	unsigned sent;

	(void)state;
	to_a.params.echo = false;
	bfd_loops(p.b->bfd, true);
	bfd_order(p.b->bfd, &to_a, p.now);
	bfd_order(p.a->bfd, &to_b, p.now);
	p.now = run_ms(p.a, p.b, p.now, 1000);
	assert_int_equal(p.a->last[1].echo, BFD_ECHO_NOT_LOOPED);
	sent = p.a->echoes_sent;
	assert_in_range(sent, 3, 5);
	p.now = run_ms(p.a, p.b, p.now, 29000);
	assert_int_equal(p.a->last[1].downs, 0);
	assert_int_equal(p.a->echoes_sent, sent);
	p.a->loops = true;
	p.now = run_ms(p.a, p.b, p.now, 2000);
	assert_int_equal(p.a->last[1].echo, BFD_ECHO_LOOPED);
	assert_true(p.a->echoes_sent > sent + 10);
	pair_free(&p);
}

/* What was not sent in this run does not count as an answer. */
static void test_echo_of_others(void **state)
{
	struct pair p = echo_pair();
	uint8_t forged[24] = {1, 24};

	(void)state;
	p.a->loops = false;
	p.a->echo_count = 0;
	memcpy(forged + 4, &(uint32_t){__builtin_bswap32(p.a->last[1].discriminator)}, 4);
	for (int i = 0; i < 50; i++) {
		bfd_echoed(p.a->bfd, forged, sizeof(forged), p.now);
		bfd_echoed(p.a->bfd, forged, 23, p.now);
		p.now = run_ms(p.a, p.b, p.now, 4);
	}
	assert_int_equal(p.a->down_diag, BFD_DIAG_ECHO_FAILED);
	bfd_order(p.a->bfd, &(struct bfd_order){.kind = BFD_ORDER_ASK}, p.now);
	bfd_run(p.a->bfd, p.now);
	assert_int_equal(p.a->discards[BFD_STRANGE_ECHO], 100);
	pair_free(&p);
}

/* One loss in three is not three in a row. */
static void test_losses_are_survived(void **state)
{
	struct pair p = pair_up();

	(void)state;
	for (int i = 0; i < 200; i++) {
		p.a->cut = i % 2 == 0;
		p.now = run_ms(p.a, p.b, p.now, 49);
	}
	assert_int_equal(p.b->last[1].downs, 0);
	pair_free(&p);
}

static void test_remove_is_no_failure(void **state)
{
	struct pair p = pair_up();
	struct bfd_order remove = {.kind = BFD_ORDER_REMOVE, .id = 1}, set = order(2, 0x0a000002);

	(void)state;
	bfd_order(p.a->bfd, &remove, p.now);
	p.now = run_ms(p.a, p.b, p.now, 10);
	assert_int_equal(p.b->last[1].state, BFD_DOWN);
	assert_int_equal(p.b->last[1].remote_state, BFD_ADMIN_DOWN);
	assert_int_equal(p.b->last[1].failures, 0);
	assert_false(bfd_idle(p.a->bfd));
	/* Wanted again meanwhile: the path is free at once. */
	bfd_order(p.a->bfd, &set, p.now);
	assert_int_equal(p.a->closed, 1);
	p.now = run_ms(p.a, p.b, p.now, 2500);
	assert_int_equal(p.b->last[1].state, BFD_UP);
	bfd_stop(p.a->bfd, p.now);
	p.now = run_ms(p.a, p.b, p.now, 500);
	assert_true(bfd_idle(p.a->bfd));
	assert_int_equal(p.b->last[1].failures, 0);
	pair_free(&p);
}

/* New parameters travel by a Poll Sequence; the session stays. */
static void test_change_of_intervals(void **state)
{
	struct pair p = pair_up();
	struct bfd_order slower = order(1, 0x0a000002);

	(void)state;
	slower.params.transmit_us = slower.params.receive_us = MS(400);
	bfd_order(p.a->bfd, &slower, p.now);
	p.now = run_ms(p.a, p.b, p.now, 3000);
	assert_int_equal(p.b->last[1].remote_transmit_us, MS(400));
	assert_int_equal(p.a->last[1].transmit_us, MS(400));
	slower = order(1, 0x0a000002);
	bfd_order(p.a->bfd, &slower, p.now);
	p.now = run_ms(p.a, p.b, p.now, 3000);
	assert_int_equal(p.a->last[1].transmit_us, MS(50));
	assert_int_equal(p.a->last[1].downs + p.b->last[1].downs, 0);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_discards),
	    cmocka_unit_test(test_accepted), cmocka_unit_test(test_session_by_path),
	    cmocka_unit_test(test_limit_and_seed), cmocka_unit_test(test_reports_are_owed),
	    cmocka_unit_test(test_comes_up), cmocka_unit_test(test_cut_is_detected),
	    cmocka_unit_test(test_losses_are_survived), cmocka_unit_test(test_resumed),
	    cmocka_unit_test(test_resumed_too_late), cmocka_unit_test(test_echo),
	    cmocka_unit_test(test_echo_fails), cmocka_unit_test(test_echo_is_not_looped),
	    cmocka_unit_test(test_echo_of_others), cmocka_unit_test(test_remove_is_no_failure),
	    cmocka_unit_test(test_change_of_intervals)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
