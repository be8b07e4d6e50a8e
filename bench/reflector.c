/* bench-reflector: the least program that does a daemon's work, as the floor of every figure.
 *
 * A netlink notification becomes an UPDATE, an UPDATE becomes three kernel writes, at once and with
 * nothing between: no claims, no decision, no ledger, no reading of a slot before writing it. What
 * it takes is what the machine takes (two context switches, a veth, rtnetlink); what a daemon takes
 * beyond that is the daemon's own. */
#include <err.h>
#include <poll.h>
#include <stdlib.h>

#include "bgp.h"
#include "kernel.h"
#include "monitor.h"

enum {
	AS = 65001,
	TICK_MS = 1000,
};

struct reflector {
	struct bgp *bgp;
	struct kernel *kernel;
	struct monitor *monitor;
	struct wire out; /* UPDATEs of this turn */
};

static void slot_changed(void *arg, enum kernel_kind kind, uint32_t index, bool present)
{
	struct reflector *r = arg;
	struct route_range route = {{HOST_LOCAL, index}, 1, kind == KERNEL_NEIGH};

	if (present)
		route_announce(&r->out, AS, route);
	else
		route_withdraw(&r->out, route);
}

static void route_seen(void *arg, const struct route_seen *route)
{
	struct reflector *r = arg;

	for (enum kernel_kind kind = KERNEL_FDB; kind <= KERNEL_NEIGH; kind++)
		if (route->withdrawn)
			kernel_delete(r->kernel, kind, route->host);
		else
			kernel_add(r->kernel, kind, route->host);
}

static void update_seen(void *arg, const uint8_t *body, size_t length)
{
	route_walk(body, length, route_seen, arg);
}

static void turn(struct reflector *r)
{
	struct pollfd fds[2] = {
	    {.fd = bgp_fd(r->bgp), .events = bgp_backlog(r->bgp) ? POLLIN | POLLOUT : POLLIN},
	    {.fd = monitor_fd(r->monitor), .events = POLLIN},
	};

	if (poll(fds, 2, TICK_MS) < 0)
		err(1, "poll");
	monitor_drain(r->monitor);
	bgp_queue(r->bgp, &r->out);
	r->out.length = 0;
	bgp_turn(r->bgp, update_seen, r);
	kernel_flush(r->kernel);
}

int main(int argc, char **argv)
{
	struct reflector r = {0};

	if (argc != 2)
		errx(2, "usage: bench-reflector /run/netns/NAME");
	r.kernel = kernel_open(argv[1]);
	r.monitor = monitor_open(argv[1], HOST_LOCAL);
	monitor_watch(r.monitor, slot_changed, &r);
	r.bgp = bgp_accept(AS);
	for (;;)
		turn(&r);
}
