/* bench-peer: the daemon's BGP neighbour and, at the same time, the observer of its kernel.
 *
 * One thread holds the session in its own network namespace and two netlink sockets in the
 * daemon's, so that both ends of every measured interval are stamped by one clock in one process.
 * Commands come on standard input, one a line; each is answered with one line of JSON:
 *
 *   load N       announce N routes, wait until 3 N kernel entries were notified
 *   unload       withdraw them, wait until they are gone
 *   in N         N times one route: UPDATE sent -> FDB, VXLAN FDB and neighbour all notified
 *   out N        N times: FDB entry written -> its UPDATE; neighbour written -> its UPDATE
 *   local N      write N FDB entries in bulk, wait for N MACs in UPDATEs
 *   quit
 *
 * A single event is timed from just before the system call that causes it. Outward it ends when
 * the UPDATE comes off the wire, by the kernel's receive time stamp; inward when this process has
 * been woken and has read the last notification, so that the figure contains one wake-up of the
 * bench. Events are apart by a few random milliseconds: a daemon that collects for a fixed time
 * must not be hit in step with its timer. A wait that lasts too long is reported ("timed_out"),
 * not hidden. */
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bgp.h"
#include "kernel.h"
#include "monitor.h"
#include "stamp.h"

enum {
	AS = 65002,
	ESTABLISH_WAIT_S = 30,
	WAIT_S = 60,
	LOOK_MS = 100,
	GAP_MIN_US = 2000,
	GAP_SPREAD_US = 10000,
	QUIET_MS = 300,
};

struct peer {
	const char *netns;
	struct bgp *bgp;
	struct kernel *kernel;
	struct monitor *monitor; /* open while a command watches the kernel */
	uint32_t loaded;
	uint32_t seed;
	bool timed_out;
	uint32_t macs;	    /* local hosts advertised at present, MAC-only */
	bool mac[HOST_MAX]; /* by local index */
	bool mac_ip[HOST_MAX];
};

static void route_seen(void *arg, const struct route_seen *route)
{
	struct peer *p = arg;
	bool *slot;

	if (route->host.side != HOST_LOCAL)
		return;
	slot = route->has_ip ? &p->mac_ip[route->host.index] : &p->mac[route->host.index];
	if (*slot == route->withdrawn && !route->has_ip)
		p->macs += route->withdrawn ? UINT32_MAX : 1;
	*slot = !route->withdrawn;
}

static void update_seen(void *arg, const uint8_t *body, size_t length)
{
	route_walk(body, length, route_seen, arg);
}

/* One look at everything; sleeps at most timeout_ms if there is nothing. */
static void pump(struct peer *p, int timeout_ms)
{
	struct pollfd fds[2] = {
	    {.fd = bgp_fd(p->bgp), .events = POLLIN}, {.fd = -1, .events = POLLIN}};

	if (bgp_backlog(p->bgp))
		fds[0].events |= POLLOUT;
	if (p->monitor)
		fds[1].fd = monitor_fd(p->monitor);
	if (timeout_ms)
		poll(fds, 2, timeout_ms);
	bgp_turn(p->bgp, update_seen, p);
	if (p->monitor)
		monitor_drain(p->monitor);
}

/* What a command waits for: count and target of a bulk, or one host's slots. */
struct goal {
	bool (*reached)(const struct peer *p, const struct goal *g);
	uint32_t number; /* how many, or which index */
	bool present;
};

static bool three_slots_count(const struct peer *p, const struct goal *g)
{
	for (enum kernel_kind kind = KERNEL_FDB; kind <= KERNEL_NEIGH; kind++)
		if (monitor_count(p->monitor, kind) != g->number)
			return false;
	return true;
}

static bool three_slots_of(const struct peer *p, const struct goal *g)
{
	for (enum kernel_kind kind = KERNEL_FDB; kind <= KERNEL_NEIGH; kind++)
		if (monitor_present(p->monitor, kind, g->number) != g->present)
			return false;
	return true;
}

static bool mac_of(const struct peer *p, const struct goal *g)
{
	return p->mac[g->number] == g->present;
}

static bool mac_ip_of(const struct peer *p, const struct goal *g)
{
	return p->mac_ip[g->number] == g->present;
}

static bool macs_count(const struct peer *p, const struct goal *g)
{
	return p->macs == g->number;
}

/* Pumps until the goal is reached and returns the time of that; sets timed_out instead of waiting
 * for ever. It sleeps between looks: behind a bench that spins, the scheduler would queue the
 * daemon for a time slice. */
static uint64_t await(struct peer *p, const struct goal *g)
{
	uint64_t deadline = stamp_now_ns() + (uint64_t)WAIT_S * 1000000000u;
	uint64_t now;

	for (;;) {
		pump(p, LOOK_MS);
		now = stamp_now_ns();
		if (g->reached(p, g))
			return now;
		if (now > deadline) {
			p->timed_out = true;
			return now;
		}
	}
}

static void pause_us(struct peer *p, uint32_t us)
{
	uint64_t until = stamp_now_ns() + (uint64_t)us * 1000u;

	while (stamp_now_ns() < until)
		pump(p, 1);
}

static void gap(struct peer *p)
{
	p->seed = p->seed * 1664525u + 1013904223u;
	pause_us(p, GAP_MIN_US + (p->seed >> 8) % GAP_SPREAD_US);
}

static double seconds(uint64_t from_ns, uint64_t to_ns)
{
	return (double)(to_ns - from_ns) / 1e9;
}

static const char *json_bool(bool b)
{
	return b ? "true" : "false";
}

static void announce(struct peer *p, uint32_t first, uint32_t count, bool withdraw)
{
	struct route_range range = {{HOST_REMOTE, first}, count, true};
	struct wire w = {0};

	if (withdraw)
		route_withdraw(&w, range);
	else
		route_announce(&w, AS, range);
	bgp_queue(p->bgp, &w);
	wire_free(&w);
}

static void command_load(struct peer *p, uint32_t count)
{
	struct goal all = {three_slots_count, count, true};
	uint64_t from, to;

	p->monitor = monitor_open(p->netns, HOST_REMOTE);
	announce(p, 0, count, false);
	from = stamp_now_ns();
	to = await(p, &all);
	pause_us(p, QUIET_MS * 1000);
	p->loaded = count;
	printf("{\"seconds\":%.4f,\"fdb\":%u,\"vxlan_fdb\":%u,\"neigh\":%u,\"timed_out\":%s}\n",
	    seconds(from, to), kernel_count(p->kernel, KERNEL_FDB, HOST_REMOTE),
	    kernel_count(p->kernel, KERNEL_VXLAN_FDB, HOST_REMOTE),
	    kernel_count(p->kernel, KERNEL_NEIGH, HOST_REMOTE), json_bool(p->timed_out));
	monitor_close(p->monitor);
	p->monitor = NULL;
}

/* Notifications tell when the last entry is gone; a dump beside the daemon's deletes would hold the
 * lock that those need. */
static void command_unload(struct peer *p)
{
	struct goal none = {three_slots_count, 0, false};
	uint64_t from, to;

	p->monitor = monitor_open(p->netns, HOST_REMOTE);
	monitor_assume(p->monitor, p->loaded);
	announce(p, 0, p->loaded, true);
	from = stamp_now_ns();
	to = await(p, &none);
	pause_us(p, QUIET_MS * 1000);
	p->loaded = 0;
	printf("{\"seconds\":%.4f,\"fdb\":%u,\"vxlan_fdb\":%u,\"neigh\":%u,\"timed_out\":%s}\n",
	    seconds(from, to), kernel_count(p->kernel, KERNEL_FDB, HOST_REMOTE),
	    kernel_count(p->kernel, KERNEL_VXLAN_FDB, HOST_REMOTE),
	    kernel_count(p->kernel, KERNEL_NEIGH, HOST_REMOTE), json_bool(p->timed_out));
	monitor_close(p->monitor);
	p->monitor = NULL;
}

static void command_in(struct peer *p, uint32_t count)
{
	struct stamps there = {0}, gone = {0};

	p->monitor = monitor_open(p->netns, HOST_REMOTE);
	for (uint32_t i = 0; i < count && !p->timed_out; i++) {
		uint32_t index = p->loaded + i;
		struct goal up = {three_slots_of, index, true},
			    down = {three_slots_of, index, false};
		uint64_t from;

		gap(p);
		announce(p, index, 1, false);
		from = stamp_now_ns();
		stamps_add(&there, await(p, &up) - from);
		gap(p);
		announce(p, index, 1, true);
		from = stamp_now_ns();
		stamps_add(&gone, await(p, &down) - from);
	}
	monitor_close(p->monitor);
	p->monitor = NULL;
	printf("{");
	stamps_print(&there, "announce", stdout);
	printf(",");
	stamps_print(&gone, "withdraw", stdout);
	printf(",\"timed_out\":%s}\n", json_bool(p->timed_out));
	stamps_free(&there);
	stamps_free(&gone);
}

/* One kernel write, and the UPDATE that it must cause. */
static void out_step(
    struct peer *p, struct stamps *s, enum kernel_kind kind, uint32_t index, bool add)
{
	struct goal update = {kind == KERNEL_FDB ? mac_of : mac_ip_of, index, add};
	struct host host = {HOST_LOCAL, index};
	uint64_t from;

	gap(p);
	if (add)
		kernel_add(p->kernel, kind, host);
	else
		kernel_delete(p->kernel, kind, host);
	from = stamp_now_ns();
	kernel_flush(p->kernel);
	await(p, &update);
	stamps_add(s, bgp_arrival_ns(p->bgp) - from);
}

static void command_out(struct peer *p, uint32_t count)
{
	struct stamps fdb = {0}, neigh = {0}, gone = {0};

	for (uint32_t i = 0; i < count && !p->timed_out; i++) {
		out_step(p, &fdb, KERNEL_FDB, i, true);
		out_step(p, &neigh, KERNEL_NEIGH, i, true);
		out_step(p, &gone, KERNEL_NEIGH, i, false);
		out_step(p, &gone, KERNEL_FDB, i, false);
	}
	printf("{");
	stamps_print(&fdb, "fdb", stdout);
	printf(",");
	stamps_print(&neigh, "neigh", stdout);
	printf(",");
	stamps_print(&gone, "withdraw", stdout);
	printf(",\"timed_out\":%s}\n", json_bool(p->timed_out));
	stamps_free(&fdb);
	stamps_free(&neigh);
	stamps_free(&gone);
}

static void command_local(struct peer *p, uint32_t count)
{
	struct goal all = {macs_count, count, true}, none = {macs_count, 0, false};
	uint64_t from = stamp_now_ns(), written, to, back;

	for (uint32_t i = 0; i < count; i++) {
		kernel_add(p->kernel, KERNEL_FDB, (struct host){HOST_LOCAL, i});
		if (i % 1024 == 0)
			pump(p, 0);
	}
	kernel_flush(p->kernel);
	written = stamp_now_ns();
	to = await(p, &all);
	pause_us(p, QUIET_MS * 1000);
	back = stamp_now_ns();
	for (uint32_t i = 0; i < count; i++)
		kernel_delete(p->kernel, KERNEL_FDB, (struct host){HOST_LOCAL, i});
	kernel_flush(p->kernel);
	printf("{\"write_seconds\":%.4f,\"seconds\":%.4f,\"withdraw_seconds\":%.4f,\"timed_out\":%"
	       "s}\n",
	    seconds(from, written), seconds(from, to), seconds(back, await(p, &none)),
	    json_bool(p->timed_out));
}

static bool command_run(struct peer *p, const char *line)
{
	uint32_t number = 0;
	char word[16] = "";

	sscanf(line, "%15s %u", word, &number);
	p->timed_out = false;
	if (number > HOST_MAX - 4096)
		errx(1, "at most %u hosts", HOST_MAX - 4096);
	if (strcmp(word, "load") == 0)
		command_load(p, number);
	else if (strcmp(word, "unload") == 0)
		command_unload(p);
	else if (strcmp(word, "in") == 0)
		command_in(p, number);
	else if (strcmp(word, "out") == 0)
		command_out(p, number);
	else if (strcmp(word, "local") == 0)
		command_local(p, number);
	else
		return false;
	fflush(stdout);
	return true;
}

static void commands_serve(struct peer *p)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[64];

	for (;;) {
		if (poll(&input, 1, LOOK_MS) == 0) {
			pump(p, 0);
			continue;
		}
		if (fgets(line, sizeof(line), stdin) == NULL || !command_run(p, line))
			return;
	}
}

/* The peer's IMET route and End-of-RIB, as a leaf would send them, then silence until the daemon
 * has settled. */
static void session_open(struct peer *p, const char *address)
{
	uint64_t from = stamp_now_ns();
	struct wire w = {0};

	p->bgp = bgp_establish(address, &(struct bgp_open){.as = AS}, ESTABLISH_WAIT_S);
	route_announce_imet(&w, AS);
	route_end_of_rib(&w);
	bgp_queue(p->bgp, &w);
	wire_free(&w);
	printf("{\"established_seconds\":%.3f}\n", seconds(from, stamp_now_ns()));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (argc != 3)
		errx(2, "usage: bench-peer /run/netns/NAME PEER-ADDRESS");
	if (p == NULL)
		err(1, "peer");
	p->netns = argv[1];
	p->kernel = kernel_open(p->netns);
	session_open(p, argv[2]);
	commands_serve(p);
	bgp_close(p->bgp);
	kernel_close(p->kernel);
	free(p);
	return 0;
}
