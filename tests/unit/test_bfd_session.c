/*
 * One BFD session: every row of the state machine, the timers, the Poll Sequence, what is not sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bfd/session.h"

#define MS(n) ((n)*1000u)

static const mono_t start = {1000000000000};

static struct bfd_order order_50ms(void)
{
	return (struct bfd_order){.kind = BFD_ORDER_SET,
	    .id = 1,
	    .path = {.remote = ip_from_u32(0x0a000002)},
	    .params = {
		.transmit_us = MS(50), .receive_us = MS(50), .multiplier = 3, .minimum_ttl = 254}};
}

/* What the peer says: 100 ms both ways, times 3. */
static struct bfd_packet peer_says(enum bfd_state state)
{
	return (struct bfd_packet){.state = state,
	    .multiplier = 3,
	    .my_discriminator = 77,
	    .your_discriminator = state == BFD_DOWN || state == BFD_ADMIN_DOWN ? 0 : 42,
	    .desired_tx_us = MS(100),
	    .required_rx_us = MS(100)};
}

static void hear(struct bfd_session *s, enum bfd_state state, mono_t now)
{
	struct bfd_packet p = peer_says(state);

	bfd_session_received(s, &p, now);
}

static void drain(struct bfd_session *s, mono_t now)
{
	struct bfd_packet p;

	while (bfd_session_send(s, 0, &p, now))
		;
}

static struct bfd_session new_session(void)
{
	struct bfd_order o = order_50ms();
	struct bfd_session s;

	bfd_session_init(&s, &o, 42, start);
	return s;
}

/* In `state`, nothing owed. */
static struct bfd_session in_state(enum bfd_state state)
{
	struct bfd_order o = order_50ms();
	struct bfd_session s;

	o.params.shutdown = state == BFD_ADMIN_DOWN;
	bfd_session_init(&s, &o, 42, start);
	if (state == BFD_INIT || state == BFD_UP)
		hear(&s, BFD_DOWN, start);
	if (state == BFD_UP)
		hear(&s, BFD_UP, start);
	assert_int_equal(s.state, state);
	drain(&s, start);
	s.changed = false;
	return s;
}

/* The peer has confirmed what changed by going Up. */
static struct bfd_session settled(void)
{
	struct bfd_session s = in_state(BFD_UP);
	struct bfd_packet p = peer_says(BFD_UP);

	p.final = true;
	bfd_session_received(&s, &p, start);
	assert_false(s.poll);
	s.changed = false;
	return s;
}

/* RFC 5880 sections 6.2 and 6.8.6: from (row), the peer says (column), to. */
static void test_every_transition(void **state)
{
	static const struct {
		enum bfd_state from, said, to;
		enum bfd_diag diag;
	} rows[] = {
	    {BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN},
	    {BFD_ADMIN_DOWN, BFD_DOWN, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN},
	    {BFD_ADMIN_DOWN, BFD_INIT, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN},
	    {BFD_ADMIN_DOWN, BFD_UP, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN},
	    {BFD_DOWN, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NONE},
	    {BFD_DOWN, BFD_DOWN, BFD_INIT, BFD_DIAG_NONE},
	    {BFD_DOWN, BFD_INIT, BFD_UP, BFD_DIAG_NONE},
	    {BFD_DOWN, BFD_UP, BFD_DOWN, BFD_DIAG_NONE},
	    {BFD_INIT, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOR_DOWN},
	    {BFD_INIT, BFD_DOWN, BFD_INIT, BFD_DIAG_NONE},
	    {BFD_INIT, BFD_INIT, BFD_UP, BFD_DIAG_NONE},
	    {BFD_INIT, BFD_UP, BFD_UP, BFD_DIAG_NONE},
	    {BFD_UP, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOR_DOWN},
	    {BFD_UP, BFD_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOR_DOWN},
	    {BFD_UP, BFD_INIT, BFD_UP, BFD_DIAG_NONE},
	    {BFD_UP, BFD_UP, BFD_UP, BFD_DIAG_NONE},
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bfd_session s = in_state(rows[i].from);
		struct bfd_packet said = peer_says(rows[i].said), out;
		enum bfd_verdict v = bfd_session_received(&s, &said, start);

		assert_int_equal(s.state, rows[i].to);
		assert_int_equal(s.diag, rows[i].diag);
		assert_int_equal(
		    v, rows[i].from == BFD_ADMIN_DOWN ? BFD_WHILE_ADMIN_DOWN : BFD_ACCEPTED);
		/* A change is told at once, and nothing else is. */
		assert_int_equal(bfd_session_send(&s, 0, &out, start), rows[i].from != rows[i].to);
		if (rows[i].from != rows[i].to) {
			assert_int_equal(out.state, rows[i].to);
			assert_int_equal(out.diag, rows[i].diag);
			assert_true(s.changed);
		}
	}
}

/* RFC 5882 section 4.2: only a path that failed is a failure. */
static void test_what_is_a_failure(void **state)
{
	struct bfd_session s = settled();
	struct bfd_params p = s.params;

	(void)state;
	hear(&s, BFD_ADMIN_DOWN, start);
	assert_int_equal(s.downs, 1);
	assert_int_equal(s.failures, 0);
	s = settled();
	hear(&s, BFD_DOWN, start);
	assert_int_equal(s.downs, 1);
	assert_int_equal(s.failures, 1);
	s = settled();
	bfd_session_run(&s, mono_add_ms(start, 300));
	assert_int_equal(s.failures, 1);
	s = settled();
	p.shutdown = true;
	bfd_session_set(&s, &p, start);
	assert_int_equal(s.downs, 1);
	assert_int_equal(s.failures, 0);
	/* From Init there is nothing to lose. */
	s = in_state(BFD_INIT);
	bfd_session_run(&s, mono_add_ms(start, 3000));
	assert_int_equal(s.state, BFD_DOWN);
	assert_int_equal(s.downs + s.failures, 0);
}

static mono_t next_at(struct bfd_session *s)
{
	struct bfd_packet p;
	mono_t due = bfd_session_deadline(s);

	assert_false(bfd_session_send(s, 0, &p, (mono_t){due.ns - 1}));
	return due;
}

static void test_slow_until_up(void **state)
{
	struct bfd_session s = new_session();
	struct bfd_packet p;

	(void)state;
	assert_true(bfd_session_send(&s, 250, &p, start));
	assert_int_equal(p.desired_tx_us, 1000000);
	assert_int_equal(p.required_rx_us, MS(50));
	assert_int_equal(p.state, BFD_DOWN);
	assert_int_equal(p.my_discriminator, 42);
	assert_int_equal(p.your_discriminator, 0);
	assert_false(p.poll);
	assert_int_equal(mono_ms_between(start, next_at(&s)), 1000);
	/* Up: by the larger of what we want and what the peer can take, and a poll says so. */
	s = in_state(BFD_UP);
	assert_int_equal(s.desired_tx_us, MS(50));
	assert_true(s.poll);
	assert_true(bfd_session_send(&s, 250, &p, mono_add_ms(start, 100)));
	assert_true(p.poll);
	assert_int_equal(mono_ms_between(start, next_at(&s)), 200);
	/* A configured interval above a second is kept. */
	s = new_session();
	s.params.transmit_us = 3000000;
	bfd_session_set(&s, &s.params, start);
	assert_true(bfd_session_send(&s, 250, &p, start));
	assert_int_equal(p.desired_tx_us, 3000000);
}

static void test_jitter(void **state)
{
	static const struct {
		uint8_t multiplier;
		int64_t most_us;
	} rows[] = {{3, 100000}, {1, 90000}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int64_t least_us = INT64_MAX, most_us = 0;
		struct bfd_session s = settled();
		struct bfd_packet p;
		mono_t now = mono_add_ms(start, 100);

		s.params.multiplier = rows[i].multiplier;
		for (uint32_t random = 0; random < 10000; random++) {
			int64_t us;

			assert_true(bfd_session_send(&s, random * 7919, &p, now));
			hear(&s, BFD_UP, now);
			us = (bfd_session_deadline(&s).ns - now.ns) / 1000;
			least_us = us < least_us ? us : least_us;
			most_us = us > most_us ? us : most_us;
			now = bfd_session_deadline(&s);
		}
		assert_int_equal(least_us, 75000);
		assert_int_equal(most_us, rows[i].most_us);
	}
}

/* RFC 5880 section 6.8.4: the peer's multiplier, the larger of our receive and its transmit. */
static void test_detection_time(void **state)
{
	static const struct {
		uint32_t ours_us, theirs_us;
		uint8_t multiplier;
		int64_t ms;
	} rows[] = {{MS(50), MS(100), 3, 300}, {MS(200), MS(100), 3, 600}, {MS(50), MS(50), 1, 50},
	    {MS(50), MS(10), 255, 12750}, {MS(50), UINT32_MAX, 255, 1095216661}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bfd_order o = order_50ms();
		struct bfd_packet p = peer_says(BFD_UP);
		struct bfd_session s;
		mono_t last = mono_add_ms(start, 10), lost;

		o.params.receive_us = rows[i].ours_us;
		bfd_session_init(&s, &o, 42, start);
		hear(&s, BFD_DOWN, start);
		p.desired_tx_us = rows[i].theirs_us;
		p.multiplier = rows[i].multiplier;
		bfd_session_received(&s, &p, last);
		lost = mono_add_ms(last, rows[i].ms);
		bfd_session_run(&s, (mono_t){lost.ns - 1});
		if (rows[i].theirs_us != UINT32_MAX)
			assert_int_equal(s.state, BFD_UP);
		bfd_session_run(&s, lost);
		assert_int_equal(s.state, BFD_DOWN);
		assert_int_equal(s.diag, BFD_DIAG_DETECTION_EXPIRED);
	}
}

/* RFC 5880 section 6.8.1: the discriminator of a peer that is not heard is forgotten; its intervals
 * too. */
static void test_silence_forgets_the_peer(void **state)
{
	struct bfd_session s = in_state(BFD_DOWN);
	struct bfd_session_report r;
	struct bfd_packet p;

	(void)state;
	hear(&s, BFD_ADMIN_DOWN, start);
	assert_int_equal(s.remote.my_discriminator, 77);
	bfd_session_run(&s, mono_add_ms(start, 300));
	assert_int_equal(s.state, BFD_DOWN);
	assert_int_equal(s.diag, BFD_DIAG_NONE);
	assert_true(bfd_session_send(&s, 0, &p, mono_add_ms(start, 2000)));
	assert_int_equal(p.your_discriminator, 0);
	bfd_session_report(&s, &r);
	assert_int_equal(r.remote_state, BFD_DOWN);
	assert_int_equal(r.remote_receive_us + r.remote_transmit_us + r.detection_us, 0);
}

static void set_intervals(struct bfd_session *s, uint32_t tx_us, uint32_t rx_us)
{
	struct bfd_params p = s->params;

	p.transmit_us = tx_us;
	p.receive_us = rx_us;
	bfd_session_set(s, &p, start);
}

static void final_comes(struct bfd_session *s)
{
	struct bfd_packet p = peer_says(BFD_UP);

	p.required_rx_us = MS(10);
	p.desired_tx_us = MS(10);
	p.final = true;
	bfd_session_received(s, &p, start);
}

/* RFC 5880 section 6.8.3. */
static void test_poll_sequence(void **state)
{
	struct bfd_session s = settled();
	struct bfd_packet p;

	(void)state;
	final_comes(&s); /* nobody asked: 10 ms in both directions from now on */
	assert_int_equal(s.tx_us, MS(50));
	/* Slower: both only when confirmed; the receive side keeps the old detection at once. */
	set_intervals(&s, MS(400), MS(20));
	assert_int_equal(s.tx_us, MS(50));
	assert_int_equal(s.rx_us, MS(50));
	assert_true(bfd_session_send(&s, 0, &p, start));
	assert_true(p.poll);
	assert_int_equal(p.desired_tx_us, MS(400));
	assert_int_equal(p.required_rx_us, MS(20));
	/* Every packet polls until the answer. */
	assert_true(bfd_session_send(&s, 0, &p, mono_add_ms(start, 50)));
	assert_true(p.poll);
	final_comes(&s);
	assert_int_equal(s.tx_us, MS(400));
	assert_int_equal(s.rx_us, MS(20));
	assert_true(bfd_session_send(&s, 0, &p, mono_add_ms(start, 500)));
	assert_false(p.poll);
	/* Faster sending and slower receiving need no leave. */
	set_intervals(&s, MS(30), MS(500));
	assert_int_equal(s.tx_us, MS(30));
	assert_int_equal(s.rx_us, MS(500));
	assert_true(s.poll);
	/* A change during a poll: the first answer is for the old values. */
	set_intervals(&s, MS(600), MS(500));
	final_comes(&s);
	assert_true(s.poll);
	assert_int_equal(s.tx_us, MS(30));
	final_comes(&s);
	assert_false(s.poll);
	assert_int_equal(s.tx_us, MS(600));
	/* The same parameters again: no poll. */
	set_intervals(&s, MS(600), MS(500));
	assert_false(s.poll);
	/* Down ends it: what is said then counts at once. */
	set_intervals(&s, MS(700), MS(500));
	hear(&s, BFD_DOWN, start);
	assert_false(s.poll);
	assert_int_equal(s.tx_us, 1000000);
}

static void test_answers_a_poll(void **state)
{
	struct bfd_session s = settled();
	struct bfd_packet p = peer_says(BFD_UP);
	mono_t due = bfd_session_deadline(&s);

	(void)state;
	set_intervals(&s, MS(400), MS(50)); /* we poll at the same time */
	drain(&s, start);
	p.poll = true;
	bfd_session_received(&s, &p, start);
	assert_true(mono_reached(bfd_session_deadline(&s), start));
	assert_true(bfd_session_send(&s, 0, &p, start));
	assert_true(p.final);
	assert_false(p.poll); /* never both */
	assert_false(bfd_session_send(&s, 0, &p, start));
	/* The schedule went on beside it. */
	assert_true(mono_reached(bfd_session_deadline(&s), mono_add_ms(due, 100)));
}

static void test_peer_wants_none(void **state)
{
	struct bfd_session s = settled();
	struct bfd_packet p = peer_says(BFD_UP);

	(void)state;
	p.required_rx_us = 0;
	bfd_session_received(&s, &p, start);
	assert_false(bfd_session_send(&s, 0, &p, mono_add_ms(start, 100000)));
	p = peer_says(BFD_UP);
	p.required_rx_us = 0;
	p.poll = true;
	bfd_session_received(&s, &p, start);
	assert_true(bfd_session_send(&s, 0, &p, start));
	assert_true(p.final);
}

/* RFC 5880 section 6.6: a peer in Demand mode wants nothing but polls. */
static void test_peer_in_demand_mode(void **state)
{
	struct bfd_session s = settled();
	struct bfd_packet p = peer_says(BFD_UP);

	(void)state;
	p.demand = true;
	bfd_session_received(&s, &p, start);
	assert_false(bfd_session_send(&s, 0, &p, mono_add_ms(start, 250)));
	set_intervals(&s, MS(400), MS(50));
	assert_true(bfd_session_send(&s, 0, &p, mono_add_ms(start, 250)));
	assert_true(p.poll);
	assert_false(p.demand);
}

static void test_passive(void **state)
{
	struct bfd_order o = order_50ms();
	struct bfd_packet p;
	struct bfd_session s;

	(void)state;
	o.params.passive = true;
	bfd_session_init(&s, &o, 42, start);
	assert_int_equal(bfd_session_deadline(&s).ns, MONO_NEVER.ns);
	assert_false(bfd_session_send(&s, 0, &p, mono_add_ms(start, 10000)));
	hear(&s, BFD_DOWN, start);
	assert_true(bfd_session_send(&s, 0, &p, start));
	assert_int_equal(p.state, BFD_INIT);
	hear(&s, BFD_UP, start);
	assert_int_equal(s.state, BFD_UP);
	drain(&s, start);
	/* Silent again once the peer has gone; but a state that was not told is told. */
	bfd_session_run(&s, mono_add_ms(start, 300));
	assert_int_equal(s.state, BFD_DOWN);
	assert_false(bfd_session_send(&s, 0, &p, mono_add_ms(start, 5000)));
}

static unsigned sent_within(struct bfd_session *s, mono_t from, int64_t ms, struct bfd_packet *last)
{
	struct bfd_packet p;
	unsigned n = 0;

	for (int64_t at = 0; at <= ms; at++)
		while (bfd_session_send(s, 250, &p, mono_add_ms(from, at))) {
			*last = p;
			n++;
		}
	return n;
}

/* RFC 5880 section 6.8.16: at the old pace for the peer's detection time, then slowly. */
static void test_shutdown(void **state)
{
	struct bfd_session s = settled();
	struct bfd_params params = s.params;
	struct bfd_packet p = {0};

	(void)state;
	params.shutdown = true;
	bfd_session_set(&s, &params, start);
	assert_int_equal(s.state, BFD_ADMIN_DOWN);
	assert_int_equal(sent_within(&s, start, 350, &p), 4); /* 0, 100, 200, 300 */
	assert_int_equal(p.state, BFD_ADMIN_DOWN);
	assert_int_equal(p.diag, BFD_DIAG_ADMIN_DOWN);
	assert_int_equal(sent_within(&s, mono_add_ms(start, 351), 2900, &p), 2);
	params.shutdown = false;
	bfd_session_set(&s, &params, start);
	assert_int_equal(s.state, BFD_DOWN);
	assert_int_equal(s.diag, BFD_DIAG_NONE);
}

static void test_close(void **state)
{
	struct bfd_session s = settled();
	struct bfd_packet p = {0};

	(void)state;
	bfd_session_close(&s, start);
	assert_false(bfd_session_closed(&s, start));
	assert_int_equal(sent_within(&s, start, 1000, &p), 3); /* 0, 100, 200 */
	assert_int_equal(p.state, BFD_ADMIN_DOWN);
	assert_false(bfd_session_closed(&s, mono_add_ms(start, 299)));
	assert_true(bfd_session_closed(&s, mono_add_ms(start, 300)));
	/* Nobody to tell. */
	s = new_session();
	bfd_session_close(&s, start);
	assert_true(bfd_session_closed(&s, start));
	/* A peer that wants a packet a minute does not hold us for three. */
	s = settled();
	p = peer_says(BFD_UP);
	p.required_rx_us = 60000000;
	bfd_session_received(&s, &p, start);
	bfd_session_close(&s, start);
	assert_true(bfd_session_closed(&s, mono_add_ms(start, 3000)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_transition),
	    cmocka_unit_test(test_what_is_a_failure), cmocka_unit_test(test_slow_until_up),
	    cmocka_unit_test(test_jitter), cmocka_unit_test(test_detection_time),
	    cmocka_unit_test(test_silence_forgets_the_peer), cmocka_unit_test(test_poll_sequence),
	    cmocka_unit_test(test_answers_a_poll), cmocka_unit_test(test_peer_wants_none),
	    cmocka_unit_test(test_peer_in_demand_mode), cmocka_unit_test(test_passive),
	    cmocka_unit_test(test_shutdown), cmocka_unit_test(test_close)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
