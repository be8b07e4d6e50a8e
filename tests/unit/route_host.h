/*
 * A host for the table of routes: the real mirror, next hops, groups and static routes, and a
 * kernel that does what operations say (and tells so). Operations read as lines:
 *
 *	add #0 fe80::4@4		a nexthop object: gateway and link
 *	change #2 #0+#1			… a group
 *	add 10.0.0.1/32 #2		a route over an object
 *	add 10.0.0.1/32 10.4.0.2@4	… over its own next hops; "table 7", "blackhole" follow
 *	delete 10.0.0.1/32
 */
#pragma once

#include "base/str.h"
#include "evpn/fib.h"
#include "evpn/static_routes.h"

struct route_host {
	struct log log;
	struct mirror *mirror;
	struct nexthops *nexthops;
	struct fib *fib;
	struct static_routes *statics;
	mono_t now;
	struct kernel_op *ops;
	size_t op_count;
	uint32_t next_id;
	int refuse; /* all */
	int refuse_nexthops;
	struct str lines;
	struct str installed; /* BGP's routes that the kernel is told to have, each time */
	struct str counting;  /* static routes that came to count, or "no" longer do */
	struct ip src;	      /* by policy */
	uint8_t distance;     /* of routes that come: by policy */
	char denied;	      /* first letter of an interface: by policy */
	struct kernel_counters counters;
};

/* Links 4, 5 and 6 are up. `prefix` NULL: nothing was left behind; else a route over group 11 of
 * `gateway` 10 on link 4. */
void route_host_start(struct route_host *h, const char *prefix, const char *gateway);
void route_host_stop(struct route_host *h);
void route_host_send(struct route_host *h, const struct kernel_event *event);
/* To rest. */
void route_host_run(struct route_host *h);
/* One turn; what it wants of the kernel waits for route_host_run(). */
void route_host_decide(struct route_host *h);
void route_host_link(struct route_host *h, uint32_t ifindex, bool up);
/* An address and the route that the kernel makes for its network, there or gone. */
void route_host_address(struct route_host *h, uint32_t ifindex, const char *text, bool there);
void route_host_object(struct route_host *h, uint32_t n, const struct nexthop_entry *entry);
/* Paths of BGP over these links (0: none), each by the link-local address fe80::<link>. */
void route_host_best(struct route_host *h, const char *prefix, unsigned first, unsigned second);
struct prefix test_prefix(const char *text);
struct ip test_address(const char *text);

/* What was written since the last time. */
#define expect(h, text)                                                                            \
	do {                                                                                       \
		route_host_run(h);                                                                 \
		assert_string_equal(str_text(&(h)->lines), text);                                  \
		str_clear(&(h)->lines);                                                            \
	} while (0)
