/*
 * Static routes (`ip route`, `ipv6 route`): which of the configured next hops can be used, as the
 * host is now. What remains of a destination is offered to the table of routes (fib.h), where BGP's
 * route for it stands, too.
 */
#pragma once

#include "evpn/fib.h"
#include "evpn/nexthop.h"

/* One statement: one way to a destination. */
struct static_way {
	uint32_t table;
	struct prefix prefix;
	uint8_t type;	   /* RTN_UNICAST, RTN_BLACKHOLE, RTN_UNREACHABLE */
	struct ip gateway; /* IP_NONE: the destination is on the link */
	char interface[LINK_NAME_MAX];
	char vrf[LINK_NAME_MAX]; /* where the gateway is, if not in the default one; "" */
	bool onlink;		 /* the gateway is on the link, whatever addresses that has */
	uint8_t distance;
	uint32_t tag; /* 0 none */
};

struct static_routes;

/* All are lent. */
struct static_routes *static_routes_new(
    struct mirror *mirror, struct nexthops *nexthops, struct fib *fib);
/* Before what was lent. */
void static_routes_free(struct static_routes *s);
/* The complete list, copied. */
void static_routes_configure(struct static_routes *s, const struct static_way *ways, size_t count);
/* Any next hop resolves differently. */
void static_routes_nexthop_changed(struct static_routes *s);
/* After the mirror took it. */
void static_routes_kernel_changed(struct static_routes *s, const struct kernel_event *event);
/* Tells the table of routes what changed. */
void static_routes_run(struct static_routes *s);
