/*
 * Static routes, as FRR's staticd and zebra have them. The ways to one destination that have the
 * same distance are used together; the lowest distance of which a way can be used counts. A way can
 * be used when
 *
 *	- it has a gateway alone: the next hop tracker resolves that, through any route (a static
 *	  route may need another one) but the route's own, and none that this one would hide;
 *	- it names an interface: that is up, and a gateway is in one of its networks, is link-local,
 *	  or the statement says `onlink`;
 *	- it discards: always, if no other way of that distance can be used.
 *
 * Level-triggered, and without cleverness: there are few of them, so whatever may have changed
 * something makes all of them computed again, and the table of routes finds out what is new.
 */
#include "evpn/static_routes.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "evpn/host_routes.h"

struct static_routes {
	struct mirror *mirror;
	struct nexthops *nexthops;
	struct fib *fib;
	struct static_way *ways; /* owned; by destination, then distance */
	size_t count;
	bool dirty;
};

struct static_routes *static_routes_new(
    struct mirror *mirror, struct nexthops *nexthops, struct fib *fib)
{
	struct static_routes *s = mem_new(sizeof(*s));

	s->mirror = mirror;
	s->nexthops = nexthops;
	s->fib = fib;
	return s;
}

/* The next hop to be tracked for this way; false: none. */
static bool tracked(const struct static_way *w, struct bgp_nexthop *key)
{
	*key = (struct bgp_nexthop){.ip = w->gateway};
	return w->gateway.family != IP_NONE && w->interface[0] == '\0' && w->vrf[0] == '\0';
}

static void watch_all(struct static_routes *s, const struct static_way *ways, size_t count, bool on)
{
	struct bgp_nexthop key;

	for (size_t i = 0; i < count; i++) {
		if (!tracked(&ways[i], &key))
			continue;
		if (on)
			nexthops_watch(s->nexthops, &key);
		else
			nexthops_unwatch(s->nexthops, &key);
	}
}

void static_routes_free(struct static_routes *s)
{
	if (s == NULL)
		return;
	watch_all(s, s->ways, s->count, false);
	mem_free(s->ways);
	mem_free(s);
}

/* ---- the list ---- */

static int destination_compare(const void *x, const void *y)
{
	const struct static_way *a = x, *b = y;

	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return prefix_compare(&a->prefix, &b->prefix);
}

static int way_compare(const void *x, const void *y)
{
	const struct static_way *a = x, *b = y;
	int c = destination_compare(a, b);

	if (c == 0)
		c = a->distance - b->distance;
	if (c == 0)
		c = ip_compare(&a->gateway, &b->gateway);
	return c != 0 ? c : strcmp(a->interface, b->interface);
}

/* How many ways from here on have the destination of the first. */
static size_t ways_of_one(const struct static_way *ways, size_t count)
{
	size_t n = 1;

	while (n < count && destination_compare(&ways[0], &ways[n]) == 0)
		n++;
	return n;
}

void static_routes_configure(struct static_routes *s, const struct static_way *ways, size_t count)
{
	struct static_way *old = s->ways;
	size_t old_count = s->count;

	s->ways = mem_dup(ways, count * sizeof(*ways));
	s->count = count;
	if (count > 1)
		qsort(s->ways, count, sizeof(*s->ways), way_compare);
	watch_all(s, s->ways, count, true);
	watch_all(s, old, old_count, false);
	for (size_t i = 0; i < old_count; i += ways_of_one(&old[i], old_count - i))
		if (count == 0 ||
		    bsearch(&old[i], s->ways, count, sizeof(*s->ways), destination_compare) == NULL)
			fib_static_changed(s->fib, old[i].table, &old[i].prefix, NULL);
	mem_free(old);
	s->dirty = true;
}

/* ---- facts ---- */

void static_routes_nexthop_changed(struct static_routes *s)
{
	s->dirty = true;
}

void static_routes_kernel_changed(struct static_routes *s, const struct kernel_event *event)
{
	if (event->kind == KERNEL_LINK_NEW || event->kind == KERNEL_LINK_DEL ||
	    event->kind == KERNEL_ADDR_NEW || event->kind == KERNEL_ADDR_DEL)
		s->dirty = true;
}

/* ---- which ways can be used ---- */

/* The hops of one distance, each once. */
struct hops {
	struct route_nexthop list[ROUTE_NEXTHOPS_MAX];
	uint8_t count;
};

static void add(struct hops *h, const struct ip *gateway, ifindex_t dev, uint32_t weight)
{
	for (unsigned i = 0; i < h->count; i++)
		if (ip_equal(&h->list[i].gateway, gateway) && ifindex_equal(h->list[i].dev, dev))
			return;
	if (h->count < ROUTE_NEXTHOPS_MAX)
		h->list[h->count++] = (struct route_nexthop){*gateway, dev, weight};
}

static bool is_up(const struct mirror_link *l)
{
	return l->link.admin_up && l->link.running;
}

static bool has_network_of(const struct mirror_link *l, const struct ip *ip)
{
	for (size_t i = 0; i < l->addr_count; i++) {
		struct prefix p = prefix_from(&l->addrs[i].addr, l->addrs[i].len);

		if (prefix_contains(&p, ip))
			return true;
	}
	return false;
}

static void add_over_interface(
    const struct static_routes *s, const struct static_way *w, struct hops *h)
{
	const struct mirror_link *l = mirror_link_by_name(s->mirror, w->interface);

	if (l == NULL || !is_up(l))
		return;
	if (w->gateway.family != IP_NONE && !w->onlink && !ip_is_link_local(&w->gateway) &&
	    !has_network_of(l, &w->gateway))
		return;
	add(h, &w->gateway, l->link.ifindex, 1);
}

/* `nexthop-vrf`: on a link of that VRF. */
static void add_in_vrf(const struct static_routes *s, const struct static_way *w, struct hops *h)
{
	const struct mirror_link *vrf = mirror_link_by_name(s->mirror, w->vrf);
	struct arena arena = {0};
	const struct mirror_link **l = mirror_links(s->mirror, &arena);

	for (; vrf != NULL && *l != NULL; l++)
		if (ifindex_equal((*l)->link.master, vrf->link.ifindex) && is_up(*l) &&
		    has_network_of(*l, &w->gateway)) {
			add(h, &w->gateway, (*l)->link.ifindex, 1);
			break;
		}
	arena_fini(&arena);
}

/* The way's gateway is found through this prefix. Would the route, where it is not there yet, be a
 * better match and lead to itself? Not to see that before would be to take it away and put it there
 * again for ever. */
static bool leads_back(const struct static_way *w, const struct prefix *via)
{
	return w->table == MAIN_TABLE && prefix_contains(&w->prefix, &w->gateway) &&
	       w->prefix.len >= via->len;
}

static void add_resolved(const struct static_routes *s, const struct static_way *w, struct hops *h)
{
	struct bgp_nexthop key;
	struct nexthop_view v;

	if (!tracked(w, &key) || !nexthops_get(s->nexthops, &key, &v) || !v.state.reachable)
		return;
	if (leads_back(w, &v.state.via))
		return;
	for (unsigned i = 0; i < v.hop_count; i++)
		if (nexthops_hop_is_live(s->nexthops, &v.hops[i]))
			add(h, &v.hops[i].gateway, v.hops[i].dev, v.hops[i].weight);
}

static void add_way(const struct static_routes *s, const struct static_way *w, struct hops *h)
{
	if (w->interface[0] != '\0')
		add_over_interface(s, w, h);
	else if (w->vrf[0] != '\0')
		add_in_vrf(s, w, h);
	else
		add_resolved(s, w, h);
}

/* The ways of one distance: false when none can be used. */
static bool use(const struct static_routes *s, const struct static_way *ways, size_t count,
    struct hops *h, struct fib_static *route)
{
	uint8_t discards = RTN_UNSPEC;

	*route = (struct fib_static){.distance = ways[0].distance,
	    .entry = {.protocol = RTPROT_EVPND, .type = RTN_UNICAST, .nexthops = h->list}};
	h->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (ways[i].type != RTN_UNICAST)
			discards = ways[i].type;
		else
			add_way(s, &ways[i], h);
		if (ways[i].tag != 0)
			route->tag = ways[i].tag;
	}
	route->entry.nexthop_count = h->count;
	if (h->count == 0)
		route->entry.type = discards;
	return route->entry.type != RTN_UNSPEC && route->distance != FIB_DISTANCE_NEVER;
}

/* `count` ways to one destination. */
static void evaluate(struct static_routes *s, const struct static_way *ways, size_t count)
{
	struct fib_static route;
	struct hops hops;
	bool found = false;

	for (size_t i = 0, n; i < count && !found; i += n) {
		for (n = 1; i + n < count && ways[i + n].distance == ways[i].distance; n++)
			;
		found = use(s, &ways[i], n, &hops, &route);
	}
	fib_static_changed(s->fib, ways[0].table, &ways[0].prefix, found ? &route : NULL);
}

void static_routes_run(struct static_routes *s)
{
	if (!s->dirty || !mirror_is_synced(s->mirror) || mirror_is_stale(s->mirror))
		return;
	s->dirty = false;
	for (size_t i = 0, n; i < s->count; i += n) {
		n = ways_of_one(&s->ways[i], s->count - i);
		evaluate(s, &s->ways[i], n);
	}
}
