/* bench-table: many BGP neighbours of one daemon, for tables of IPv4 prefixes.
 *
 *   bench-table PEER-ADDRESS NETWORK      (NETWORK: two octets, "10.1"; sessions come from there)
 *
 * Session i connects from NETWORK.<1 + i / 250>.<2 + i % 250> with AS 65100 + i. The first two
 * announce, the others collect. Commands come on standard input, one a line; each is answered with
 * one line of JSON:
 *
 *   sessions N   open sessions, all at once, until there are N
 *   table N      the two, or the one there is, announce N prefixes; until all was sent and every
 *                collector has all of them
 *   fanout N     N times the first announcer's path to prefix 0 becomes better or worse than the
 *                second's; from the system call until the first and until the last collector heard
 *   quit
 *
 * One thread reads all sessions, so both ends of an interval are on one clock. A wait that lasts
 * too long is reported ("timed_out"), not hidden. */
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bgp.h"
#include "prefix.h"
#include "stamp.h"

enum {
	SESSIONS_MAX = 1000,
	ANNOUNCERS = 2,
	FIRST_AS = 65100,
	ESTABLISH_WAIT_S = 60,
	WAIT_S = 120,
	LOOK_MS = 100,
	GAP_MIN_US = 20000,
	GAP_SPREAD_US = 100000,
	PATH_BETTER = 1,
	PATH_WORSE = 12,
};

struct session {
	struct bgp *bgp;
	const char *peer;
	char source[16];
	uint32_t as;
	uint32_t prefixes; /* that it has at present */
	uint64_t heard;	   /* UPDATEs of prefix 0 */
	uint64_t *has;	   /* by prefix, one bit each; collectors only */
	pthread_t thread;  /* while it opens */
};

struct table {
	const char *peer, *network;
	unsigned count;
	uint32_t seed;
	bool timed_out;
	struct session sessions[SESSIONS_MAX];
	struct pollfd fds[SESSIONS_MAX];
};

static void prefix_seen(void *arg, uint32_t index, bool withdrawn)
{
	struct session *s = arg;
	uint64_t bit = 1ull << index % 64, *word = &s->has[index / 64];

	s->heard += index == 0;
	if (withdrawn == ((*word & bit) == 0))
		return;
	*word ^= bit;
	s->prefixes += withdrawn ? UINT32_MAX : 1;
}

static void update_seen(void *arg, const uint8_t *body, size_t length)
{
	struct session *s = arg;

	if (s->has)
		prefix_walk(body, length, prefix_seen, s);
}

/* One look at every session; sleeps at most timeout_ms if there is nothing. */
static void pump(struct table *t, int timeout_ms)
{
	for (unsigned i = 0; i < t->count; i++) {
		t->fds[i].fd = bgp_fd(t->sessions[i].bgp);
		t->fds[i].events =
		    (short)(bgp_backlog(t->sessions[i].bgp) ? POLLIN | POLLOUT : POLLIN);
	}
	if (timeout_ms)
		poll(t->fds, t->count, timeout_ms);
	for (unsigned i = 0; i < t->count; i++)
		bgp_turn(t->sessions[i].bgp, update_seen, &t->sessions[i]);
}

static void pause_us(struct table *t, uint32_t us)
{
	uint64_t until = stamp_now_ns() + (uint64_t)us * 1000u;

	while (stamp_now_ns() < until)
		pump(t, 1);
}

static double seconds(uint64_t from_ns, uint64_t to_ns)
{
	return (double)(to_ns - from_ns) / 1e9;
}

/* A session is reached through its End-of-RIB marker, so that nothing waits for it. */
static void *session_open(void *arg)
{
	struct session *s = arg;
	struct bgp_open open = {.as = s->as, .source = s->source, .ipv4 = true};
	struct wire w = {0};

	s->bgp = bgp_establish(s->peer, &open, ESTABLISH_WAIT_S);
	prefix_end_of_rib(&w);
	bgp_queue(s->bgp, &w);
	wire_free(&w);
	return NULL;
}

static void session_init(struct table *t, unsigned index)
{
	struct session *s = &t->sessions[index];

	s->peer = t->peer;
	s->as = FIRST_AS + index;
	snprintf(
	    s->source, sizeof(s->source), "%s.%u.%u", t->network, 1 + index / 250, 2 + index % 250);
	if (index >= ANNOUNCERS)
		s->has = calloc(PREFIX_COUNT_MAX / 64, sizeof(*s->has));
	if (index >= ANNOUNCERS && s->has == NULL)
		err(1, "collector");
}

static void command_sessions(struct table *t, uint32_t count)
{
	uint64_t from = stamp_now_ns();

	for (unsigned i = t->count; i < count; i++) {
		session_init(t, i);
		if (pthread_create(&t->sessions[i].thread, NULL, session_open, &t->sessions[i]))
			errx(1, "thread");
	}
	for (unsigned i = t->count; i < count; i++)
		pthread_join(t->sessions[i].thread, NULL);
	t->count = count;
	printf("{\"seconds\":%.4f}\n", seconds(from, stamp_now_ns()));
}

static unsigned announcers(const struct table *t)
{
	return t->count < ANNOUNCERS ? t->count : ANNOUNCERS;
}

/* All was sent, and reached every collector. */
static bool all_have(const struct table *t, uint64_t count)
{
	for (unsigned i = 0; i < announcers(t); i++)
		if (bgp_backlog(t->sessions[i].bgp) > 0)
			return false;
	for (unsigned i = ANNOUNCERS; i < t->count; i++)
		if (t->sessions[i].prefixes != count)
			return false;
	return true;
}

static bool all_heard(const struct table *t, uint64_t count)
{
	for (unsigned i = ANNOUNCERS; i < t->count; i++)
		if (t->sessions[i].heard < count)
			return false;
	return true;
}

static bool one_heard(const struct table *t, uint64_t count)
{
	for (unsigned i = ANNOUNCERS; i < t->count; i++)
		if (t->sessions[i].heard >= count)
			return true;
	return false;
}

/* Pumps until reached() and returns the time of that; sets timed_out instead of waiting for ever.
 */
static uint64_t await(
    struct table *t, bool (*reached)(const struct table *t, uint64_t count), uint64_t count)
{
	uint64_t deadline = stamp_now_ns() + (uint64_t)WAIT_S * 1000000000u, now = 0;

	do {
		if (now)
			pump(t, LOOK_MS);
		now = stamp_now_ns();
		if (reached(t, count))
			return now;
	} while (now < deadline);
	t->timed_out = true;
	return now;
}

static const char *json_bool(bool b)
{
	return b ? "true" : "false";
}

static void command_table(struct table *t, uint32_t count)
{
	uint64_t from, to;

	for (unsigned i = 0; i < announcers(t); i++) {
		struct wire w = {0};

		prefix_announce(&w, t->sessions[i].as, t->sessions[i].source, count);
		bgp_queue(t->sessions[i].bgp, &w);
		wire_free(&w);
	}
	from = stamp_now_ns();
	to = await(t, all_have, count);
	printf("{\"seconds\":%.4f,\"timed_out\":%s}\n", seconds(from, to), json_bool(t->timed_out));
}

static void flap(struct table *t, bool better)
{
	struct session *s = &t->sessions[0];
	struct wire w = {0};

	prefix_announce_one(&w, s->as, s->source, 0, better ? PATH_BETTER : PATH_WORSE);
	bgp_queue(s->bgp, &w);
	wire_free(&w);
}

static void command_fanout(struct table *t, uint32_t count)
{
	struct stamps first = {0}, last = {0};

	for (uint32_t i = 0; i < count && !t->timed_out; i++) {
		uint64_t from;

		t->seed = t->seed * 1664525u + 1013904223u;
		pause_us(t, GAP_MIN_US + (t->seed >> 8) % GAP_SPREAD_US);
		for (unsigned k = 0; k < t->count; k++)
			t->sessions[k].heard = 0;
		flap(t, i % 2 == 0);
		from = stamp_now_ns();
		stamps_add(&first, await(t, one_heard, 1) - from);
		stamps_add(&last, await(t, all_heard, 1) - from);
	}
	printf("{");
	stamps_print(&first, "first", stdout);
	printf(",");
	stamps_print(&last, "last", stdout);
	printf(",\"timed_out\":%s}\n", json_bool(t->timed_out));
	stamps_free(&first);
	stamps_free(&last);
}

static bool command_run(struct table *t, const char *line)
{
	uint32_t number = 0;
	char word[16] = "";

	sscanf(line, "%15s %u", word, &number);
	t->timed_out = false;
	if (strcmp(word, "sessions") == 0 && number <= SESSIONS_MAX)
		command_sessions(t, number);
	else if (strcmp(word, "table") == 0 && number <= PREFIX_COUNT_MAX)
		command_table(t, number);
	else if (strcmp(word, "fanout") == 0)
		command_fanout(t, number);
	else
		return false;
	fflush(stdout);
	return true;
}

static void commands_serve(struct table *t)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[64];

	for (;;) {
		if (poll(&input, 1, LOOK_MS) == 0) {
			pump(t, 0);
			continue;
		}
		if (fgets(line, sizeof(line), stdin) == NULL || !command_run(t, line))
			return;
	}
}

int main(int argc, char **argv)
{
	struct table *t = calloc(1, sizeof(*t));

	if (argc != 3)
		errx(2, "usage: bench-table PEER-ADDRESS NETWORK");
	if (t == NULL)
		err(1, "table");
	t->peer = argv[1];
	t->network = argv[2];
	commands_serve(t);
	for (unsigned i = 0; i < t->count; i++) {
		bgp_close(t->sessions[i].bgp);
		free(t->sessions[i].has);
	}
	free(t);
	return 0;
}
