/*
 * Mobility: a test per row of docs/mobility.md, the whole space of inputs against the invariants,
 * and every interleaving of two and three hosts that exchange routes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evpn/mobility.h"

static struct ip vtep_at(uint8_t n)
{
	return ip_from_u32(0x0a000000u + n);
}

/* ---- rows ---------------------------------------------------------------------------------- */

struct row_case {
	const char *name;
	struct claim claim;
	enum remote_kind remote;
	uint32_t r, highest;
	struct mobility_memory memory;
	uint8_t our_vtep, their_vtep;
	struct mobility_decision want;
};

#define PIN                                                                                        \
	{                                                                                          \
		CLAIM_PINNED, false                                                                \
	}
#define PIN_STICKY                                                                                 \
	{                                                                                          \
		CLAIM_PINNED, true                                                                 \
	}
#define LEARNED                                                                                    \
	{                                                                                          \
		CLAIM_LEARNED, false                                                               \
	}
#define OWNS(n) .own_valid = true, .own = (n), .advertised = true
#define FLOOR(n) .floor_valid = true, .floor = (n)

static const struct row_case rows[] = {
    {.name = "idle", .want = {.row = ROW_IDLE}},
    {.name = "remote",
	.remote = REMOTE_PLAIN,
	.r = 3,
	.want = {.row = ROW_REMOTE, .wish = WISH_REMOTE, .displace_learned = true}},
    {.name = "remote sticky",
	.remote = REMOTE_STICKY,
	.want = {.row = ROW_REMOTE, .wish = WISH_REMOTE, .displace_learned = true}},
    {.name = "own", .claim = {CLAIM_OWN, false}, .remote = REMOTE_STICKY, .want = {.row = ROW_OWN}},
    {.name = "blocked",
	.claim = {CLAIM_BLOCKED, false},
	.remote = REMOTE_PLAIN,
	.want = {.row = ROW_BLOCKED}},
    {.name = "pinned new, first of its kind",
	.claim = PIN,
	.memory = {.owes_bump = true},
	.want = {.row = ROW_PINNED_NEW, .advertise = true, .bumped = true}},
    {.name = "pinned new over remote sticky sequence 0: the incident",
	.claim = PIN_STICKY,
	.remote = REMOTE_STICKY,
	.memory = {.owes_bump = true, FLOOR(0)},
	.want = {.row = ROW_PINNED_NEW,
	    .advertise = true,
	    .advertise_sticky = true,
	    .sequence = 1,
	    .bumped = true}},
    {.name = "pinned new goes above the highest, not above the best",
	.claim = PIN,
	.remote = REMOTE_STICKY,
	.r = 2,
	.highest = 7,
	.memory = {.owes_bump = true},
	.want = {.row = ROW_PINNED_NEW, .advertise = true, .sequence = 8, .bumped = true}},
    {.name = "pinned new after the source withdrew: the floor remembers",
	.claim = PIN,
	.memory = {.owes_bump = true, FLOOR(4)},
	.want = {.row = ROW_PINNED_NEW, .advertise = true, .sequence = 5, .bumped = true}},
    {.name = "pinned unchanged, remote below",
	.claim = PIN_STICKY,
	.remote = REMOTE_STICKY,
	.r = 0,
	.memory = {OWNS(1), FLOOR(1)},
	.want = {.row = ROW_PINNED, .advertise = true, .advertise_sticky = true, .sequence = 1}},
    {.name = "pinned unchanged, overtaken",
	.claim = PIN,
	.remote = REMOTE_PLAIN,
	.r = 2,
	.memory = {OWNS(1), FLOOR(2)},
	.want = {.row = ROW_PINNED, .advertise = true, .sequence = 1, .contested = true}},
    {.name = "pinned unchanged, remote gone",
	.claim = PIN,
	.memory = {OWNS(1), FLOOR(2)},
	.want = {.row = ROW_PINNED, .advertise = true, .sequence = 1}},
    {.name = "a pin is never frozen",
	.claim = PIN,
	.memory = {OWNS(1), .frozen = true},
	.want = {.row = ROW_PINNED, .advertise = true, .sequence = 1}},
    {.name = "learned new, nothing seen",
	.claim = LEARNED,
	.memory = {.owes_bump = true},
	.want = {.row = ROW_LEARNED_NEW, .advertise = true, .bumped = true}},
    {.name = "learned new over plain",
	.claim = LEARNED,
	.remote = REMOTE_PLAIN,
	.r = 4,
	.memory = {.owes_bump = true},
	.want = {.row = ROW_LEARNED_NEW, .advertise = true, .sequence = 5, .bumped = true}},
    {.name = "learned, plain above",
	.claim = LEARNED,
	.remote = REMOTE_PLAIN,
	.r = 5,
	.memory = {OWNS(4)},
	.want = {.row = ROW_LEARNED_LOST,
	    .sequence = 4,
	    .wish = WISH_REMOTE,
	    .displace_learned = true}},
    {.name = "learned, tie, their VTEP is lower",
	.claim = LEARNED,
	.remote = REMOTE_PLAIN,
	.r = 4,
	.memory = {OWNS(4)},
	.our_vtep = 2,
	.their_vtep = 1,
	.want = {.row = ROW_LEARNED_TIE_LOST,
	    .sequence = 4,
	    .wish = WISH_REMOTE,
	    .displace_learned = true}},
    {.name = "learned, tie, our VTEP is lower",
	.claim = LEARNED,
	.remote = REMOTE_PLAIN,
	.r = 4,
	.memory = {OWNS(4)},
	.our_vtep = 1,
	.their_vtep = 2,
	.want = {.row = ROW_LEARNED_TIE_WON, .advertise = true, .sequence = 4}},
    {.name = "learned, plain below",
	.claim = LEARNED,
	.remote = REMOTE_PLAIN,
	.r = 3,
	.memory = {OWNS(4)},
	.want = {.row = ROW_LEARNED_HELD, .advertise = true, .sequence = 4}},
    {.name = "learned, remote gone",
	.claim = LEARNED,
	.memory = {OWNS(4)},
	.want = {.row = ROW_LEARNED_HELD, .advertise = true, .sequence = 4}},
    {.name = "learned against sticky, even when new",
	.claim = LEARNED,
	.remote = REMOTE_STICKY,
	.memory = {.owes_bump = true},
	.want = {.row = ROW_LEARNED_STICKY,
	    .wish = WISH_REMOTE,
	    .displace_learned = true,
	    .alarm_sticky = true}},
    {.name = "frozen, learned",
	.claim = LEARNED,
	.remote = REMOTE_PLAIN,
	.r = 9,
	.memory = {OWNS(4), .frozen = true},
	.want = {.row = ROW_FROZEN, .advertise = true, .sequence = 4, .wish = WISH_KEEP}},
    {.name = "frozen, remote",
	.remote = REMOTE_PLAIN,
	.memory = {.frozen = true},
	.want = {.row = ROW_FROZEN, .wish = WISH_KEEP}},
    {.name = "released, remote",
	.remote = REMOTE_STICKY,
	.memory = {.released = true},
	.want = {.row = ROW_RELEASED}},
    {.name = "released, frozen",
	.remote = REMOTE_PLAIN,
	.memory = {.released = true, .frozen = true},
	.want = {.row = ROW_RELEASED}},
    {.name = "frozen, nothing left", .memory = {.frozen = true}, .want = {.row = ROW_IDLE}},
};

static void check_row(const struct row_case *c)
{
	struct ip ours = vtep_at(c->our_vtep == 0 ? 1 : c->our_vtep);
	struct remote remote = {
	    c->remote, c->r, c->highest > c->r ? c->highest : c->r, vtep_at(c->their_vtep)};
	struct mobility_decision d = mobility_decide(&c->claim, &remote, &c->memory, &ours, false);
	const struct mobility_decision *w = &c->want;

	if (d.row != w->row || d.advertise != w->advertise || d.sequence != w->sequence ||
	    d.advertise_sticky != w->advertise_sticky || d.bumped != w->bumped ||
	    d.wish != w->wish || d.displace_learned != w->displace_learned ||
	    d.contested != w->contested || d.alarm_sticky != w->alarm_sticky)
		fail_msg("%s: got row %d (%s), sequence %u", c->name, d.row,
		    mobility_row_text(d.row), d.sequence);
}

static void test_rows(void **state)
{
	bool seen[ROW_FROZEN + 1] = {false};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		check_row(&rows[i]);
		seen[rows[i].want.row] = true;
	}
	for (size_t i = 0; i <= ROW_FROZEN; i++)
		assert_true(seen[i]);
}

static void test_sticky_sequence_zero(void **state)
{
	struct claim claim = PIN_STICKY;
	struct remote remote = {REMOTE_STICKY, 3, 3, vtep_at(2)};
	struct mobility_memory memory = {.owes_bump = true};
	struct ip ours = vtep_at(1);
	struct mobility_decision d = mobility_decide(&claim, &remote, &memory, &ours, true);

	(void)state;
	assert_true(d.advertise && d.advertise_sticky && d.contested && d.bumped);
	assert_int_equal(d.sequence, 0);
	claim.sticky = false;
	d = mobility_decide(&claim, &remote, &memory, &ours, true);
	assert_int_equal(d.sequence, 4);
}

static void test_sequence_saturates(void **state)
{
	struct claim claim = PIN;
	struct remote remote = {REMOTE_PLAIN, UINT32_MAX, UINT32_MAX, vtep_at(2)};
	struct mobility_memory memory = {.owes_bump = true};
	struct ip ours = vtep_at(1);

	(void)state;
	assert_int_equal(
	    mobility_decide(&claim, &remote, &memory, &ours, false).sequence, UINT32_MAX);
}

/* ---- the whole space ----------------------------------------------------------------------- */

struct point {
	struct claim claim;
	struct remote remote;
	struct mobility_memory memory;
	struct ip vtep;
	bool zero;
};

static void check_advertisement(const struct point *p, const struct mobility_decision *d)
{
	bool literal_zero = p->zero && p->claim.kind == CLAIM_PINNED && p->claim.sticky;
	bool remote = p->remote.kind != REMOTE_NONE;

	if (d->advertise)
		assert_true(p->claim.kind == CLAIM_LEARNED || p->claim.kind == CLAIM_PINNED);
	if (p->claim.kind == CLAIM_PINNED)
		assert_true(d->advertise);
	assert_int_equal(d->advertise_sticky, p->claim.kind == CLAIM_PINNED && p->claim.sticky);
	if (d->bumped) {
		assert_true(p->memory.owes_bump && d->advertise);
		if (!literal_zero) {
			assert_true(!remote || d->sequence > p->remote.highest_sequence);
			assert_true(!p->memory.floor_valid || d->sequence > p->memory.floor);
		}
	} else if (!literal_zero) {
		assert_int_equal(d->sequence, p->memory.own_valid ? p->memory.own : 0);
	}
	if (p->memory.own_valid && !literal_zero)
		assert_true(d->sequence >= p->memory.own);
	if (!p->memory.own_valid && !remote && !p->memory.floor_valid)
		assert_int_equal(d->sequence, 0);
}

static void check_slot(const struct point *p, const struct mobility_decision *d)
{
	bool remote = p->remote.kind != REMOTE_NONE;

	if (d->wish == WISH_REMOTE) {
		assert_true(remote && !d->advertise);
		assert_true(p->claim.kind == CLAIM_NONE || p->claim.kind == CLAIM_LEARNED);
	}
	if (d->wish == WISH_KEEP)
		assert_true(p->memory.frozen && p->claim.kind != CLAIM_PINNED);
	if (d->displace_learned)
		assert_true(d->wish == WISH_REMOTE);
	if (p->claim.kind == CLAIM_NONE && !remote)
		assert_true(d->wish == WISH_NOTHING && !d->advertise);
	if (p->claim.kind == CLAIM_NONE && p->memory.released)
		assert_true(d->wish == WISH_NOTHING && !d->advertise);
	else if (p->claim.kind == CLAIM_NONE && remote && !p->memory.frozen)
		assert_true(d->wish == WISH_REMOTE);
	assert_int_equal(d->contested,
	    p->claim.kind == CLAIM_PINNED && remote && p->remote.sequence > d->sequence);
	assert_int_equal(d->alarm_sticky,
	    p->claim.kind == CLAIM_LEARNED && p->remote.kind == REMOTE_STICKY && !p->memory.frozen);
}

/* Exactly one side has a learned MAC: swap the roles and the answer is the other one. */
static void check_symmetry(const struct point *p, const struct mobility_decision *d)
{
	struct remote mirrored = {REMOTE_PLAIN, p->memory.own, p->memory.own, p->vtep};
	struct mobility_memory theirs = {OWNS(p->remote.sequence)};
	struct mobility_decision other;

	if (p->claim.kind != CLAIM_LEARNED || p->remote.kind != REMOTE_PLAIN ||
	    !p->memory.own_valid || p->memory.owes_bump || p->memory.frozen)
		return;
	other = mobility_decide(&p->claim, &mirrored, &theirs, &p->remote.vtep, p->zero);
	assert_int_not_equal(d->advertise, other.advertise);
}

static const struct claim claims[] = {
    {CLAIM_NONE, false}, LEARNED, PIN, PIN_STICKY, {CLAIM_OWN, false}, {CLAIM_BLOCKED, false}};

/* Point number n: its digits in mixed radix; false beyond the last. */
static bool point_at(unsigned n, struct point *p)
{
	unsigned digit[14], radix[14] = {6, 3, 4, 3, 4, 2, 4, 2, 2, 2, 2, 2, 2, 2};

	for (size_t i = 0; i < 14; i++) {
		digit[i] = n % radix[i];
		n /= radix[i];
	}
	p->claim = claims[digit[0]];
	p->remote = (struct remote){
	    (enum remote_kind)digit[1], digit[2], digit[2] + digit[3], vtep_at(digit[11] ? 1 : 3)};
	p->memory = (struct mobility_memory){.own = digit[4],
	    .own_valid = digit[5],
	    .floor = digit[6],
	    .floor_valid = digit[7],
	    .owes_bump = digit[8],
	    .frozen = digit[9],
	    .advertised = digit[10],
	    .released = digit[13]};
	p->vtep = vtep_at(2);
	p->zero = digit[12];
	return n == 0;
}

static void test_whole_space(void **state)
{
	struct point p;
	unsigned n;

	(void)state;
	for (n = 0; point_at(n, &p); n++) {
		struct mobility_decision d =
		    mobility_decide(&p.claim, &p.remote, &p.memory, &p.vtep, p.zero);

		check_advertisement(&p, &d);
		check_slot(&p, &d);
		check_symmetry(&p, &d);
	}
	assert_int_equal(n, 6 * 3 * 4 * 3 * 4 * 2 * 4 * 2 * 2 * 2 * 2 * 2 * 2 * 2);
}

/* ---- hosts that exchange routes ------------------------------------------------------------ */

/*
 * Each host is the decision plus the few lines of mac.c that feed it. Writes (pin, learn, delete)
 * come from outside, a bounded number of them; each route reaches each other host at its own
 * time. Depth first over all states. In a state without anything under way, everybody's idea of
 * the best route must be one VTEP.
 */
#define HOSTS_MAX 3

struct route {
	uint8_t present, sticky, sequence;
};

struct host {
	uint8_t claim; /* index into claims[] */
	uint8_t owes, own_valid, own, floor_valid, floor;
	struct route out;
	struct route in[HOSTS_MAX];
	uint8_t pending[HOSTS_MAX]; /* in[j] is not yet what host j advertises */
};

struct world {
	struct host hosts[HOSTS_MAX];
	uint8_t writes, generations;
};

struct explorer {
	struct world *seen;
	uint8_t *used;
	size_t capacity, count, quiescent;
	uint8_t hosts, writes;
};

static bool route_better(const struct route *a, const struct route *b)
{
	if (a->sticky != b->sticky)
		return a->sticky > b->sticky;
	return a->sequence > b->sequence;
}

/* The best of what this host has of others; ties go to the lower number, as VTEPs do. */
static struct remote best_of(const struct host *h, uint8_t hosts, uint8_t self)
{
	struct remote r = {.kind = REMOTE_NONE};
	const struct route *best = NULL;

	for (uint8_t j = 0; j < hosts; j++) {
		if (j == self || !h->in[j].present)
			continue;
		if (h->in[j].sequence > r.highest_sequence)
			r.highest_sequence = h->in[j].sequence;
		if (best != NULL && !route_better(&h->in[j], best))
			continue;
		best = &h->in[j];
		r.kind = best->sticky ? REMOTE_STICKY : REMOTE_PLAIN;
		r.sequence = best->sequence;
		r.vtep = vtep_at(j);
	}
	return r;
}

static void floor_raise(struct host *h, uint32_t sequence)
{
	if (!h->floor_valid || sequence > h->floor)
		h->floor = (uint8_t)sequence;
	h->floor_valid = 1;
}

static void advertise(struct world *w, uint8_t self, uint8_t hosts, struct route out)
{
	if (memcmp(&w->hosts[self].out, &out, sizeof(out)) == 0)
		return;
	w->hosts[self].out = out;
	for (uint8_t j = 0; j < hosts; j++)
		if (j != self)
			w->hosts[j].pending[self] = 1;
}

static void evaluate(struct world *w, uint8_t self, uint8_t hosts)
{
	struct host *h = &w->hosts[self];
	struct remote r = best_of(h, hosts, self);
	struct ip vtep = vtep_at(self);
	struct mobility_memory m = {.advertised = h->out.present,
	    .own_valid = h->own_valid,
	    .own = h->own,
	    .floor_valid = h->floor_valid,
	    .floor = h->floor,
	    .owes_bump = h->owes};
	struct mobility_decision d = mobility_decide(&claims[h->claim], &r, &m, &vtep, false);

	if (d.advertise) {
		assert_true(!h->own_valid || d.sequence >= h->own);
		h->own_valid = 1;
		h->own = (uint8_t)d.sequence;
		floor_raise(h, d.sequence);
	}
	if (d.bumped)
		h->owes = 0;
	advertise(w, self, hosts,
	    (struct route){d.advertise, d.advertise_sticky, d.advertise ? h->own : 0});
	/* A kernel-learned row that our entry replaces is no claim any more. */
	if (d.wish == WISH_REMOTE && claims[h->claim].kind == CLAIM_LEARNED) {
		h->claim = 0;
		h->own_valid = h->own = h->owes = 0;
		evaluate(w, self, hosts);
	}
}

static void write_claim(struct world *w, uint8_t self, uint8_t claim, uint8_t hosts)
{
	struct host *h = &w->hosts[self];

	h->claim = claim;
	h->owes = claim != 0;
	if (claim == 0)
		h->own_valid = h->own = 0;
	else
		w->generations++;
	w->writes++;
	evaluate(w, self, hosts);
}

static void deliver(struct world *w, uint8_t to, uint8_t from, uint8_t hosts)
{
	struct host *h = &w->hosts[to];

	h->pending[from] = 0;
	h->in[from] = w->hosts[from].out;
	if (h->in[from].present)
		floor_raise(h, h->in[from].sequence);
	evaluate(w, to, hosts);
}

/* What a host without claim would install; the seat of the winner or -1. */
static int winner(const struct world *w, uint8_t hosts)
{
	const struct route *best = NULL;
	int at = -1;

	for (uint8_t j = 0; j < hosts; j++) {
		const struct route *out = &w->hosts[j].out;

		if (!out->present || (best != NULL && !route_better(out, best)))
			continue;
		best = out;
		at = j;
	}
	return at;
}

static void check_quiescent(const struct explorer *x, const struct world *w)
{
	int won = winner(w, x->hosts);
	bool claimed = false;

	for (uint8_t i = 0; i < x->hosts; i++) {
		const struct host *h = &w->hosts[i];
		struct remote r = best_of(h, x->hosts, i);

		claimed |= h->claim != 0;
		assert_int_equal(h->out.present, h->claim != 0);
		assert_int_equal(h->owes, 0);
		/* Bounded by what was written: nobody races. */
		assert_true(h->own <= w->generations);
		/* A learned claim that survives is the winner: losers gave up. */
		if (claims[h->claim].kind == CLAIM_LEARNED)
			assert_int_equal(won, i);
		/* Who has none sends to the one winner. */
		if (h->claim == 0 && won >= 0) {
			struct ip vtep = vtep_at((uint8_t)won);

			assert_true(ip_equal(&r.vtep, &vtep));
		}
	}
	assert_int_equal(won >= 0, claimed);
}

static bool seen_before(struct explorer *x, const struct world *w)
{
	uint64_t hash = 14695981039346656037u;
	size_t at;

	for (size_t i = 0; i < sizeof(*w); i++)
		hash = (hash ^ ((const uint8_t *)w)[i]) * 1099511628211u;
	for (at = hash & (x->capacity - 1); x->used[at]; at = (at + 1) & (x->capacity - 1))
		if (memcmp(&x->seen[at], w, sizeof(*w)) == 0)
			return true;
	x->used[at] = 1;
	x->seen[at] = *w;
	assert_true(++x->count < x->capacity / 2);
	return false;
}

static void explore(struct explorer *x, const struct world *w)
{
	bool under_way = false;

	if (seen_before(x, w))
		return;
	for (uint8_t i = 0; i < x->hosts; i++)
		for (uint8_t j = 0; j < x->hosts; j++) {
			struct world next = *w;

			if (!w->hosts[i].pending[j])
				continue;
			under_way = true;
			deliver(&next, i, j, x->hosts);
			explore(x, &next);
		}
	if (!under_way) {
		check_quiescent(x, w);
		x->quiescent++;
	}
	if (w->writes == x->writes)
		return;
	for (uint8_t i = 0; i < x->hosts; i++)
		for (uint8_t c = 0; c < 4; c++) {
			struct world next = *w;

			if (c == w->hosts[i].claim)
				continue;
			write_claim(&next, i, c, x->hosts);
			explore(x, &next);
		}
}

static void explore_all(uint8_t hosts, uint8_t writes)
{
	struct explorer x = {.capacity = 1 << 21, .hosts = hosts, .writes = writes};
	struct world start;

	memset(&start, 0, sizeof(start));
	x.seen = calloc(x.capacity, sizeof(*x.seen));
	x.used = calloc(x.capacity, 1);
	explore(&x, &start);
	print_message(
	    "%u hosts, %u writes: %zu states, %zu at rest\n", hosts, writes, x.count, x.quiescent);
	assert_true(x.quiescent > 100);
	free(x.seen);
	free(x.used);
}

static void test_two_hosts(void **state)
{
	(void)state;
	explore_all(2, 7);
}

static void test_three_hosts(void **state)
{
	(void)state;
	explore_all(3, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_sticky_sequence_zero),
	    cmocka_unit_test(test_sequence_saturates),
	    cmocka_unit_test(test_whole_space),
	    cmocka_unit_test(test_two_hosts),
	    cmocka_unit_test(test_three_hosts),
	};

	return cmocka_run_group_tests_name("mobility", tests, NULL, NULL);
}
