/*
 * A table of prefixes, each with its routes in order of metric. Owns both.
 *
 * The kernel's key is (prefix, metric), and appended routes share it; here it is (prefix, metric,
 * protocol) and the last one told counts. Who deletes one of several that differ in their next
 * hops leaves others that are not known here: whoever depends on the prefix asks for a dump.
 *
 * Level-triggered: rows of a dump are hints that never override what was notified since it began;
 * what it did not show is gone at its end.
 */
#include "evpn/host_routes.h"

#include <string.h>

#include "base/mem.h"
#include "kernel/reconcile.h"

struct host_prefix {
	struct prefix prefix; /* key */
	struct host_route *routes;
};

void host_routes_init(struct host_routes *h, uint64_t seed)
{
	*h = (struct host_routes){0};
	map_init(&h->prefixes, offsetof(struct host_prefix, prefix), sizeof(struct prefix), seed);
}

static void route_free(struct host_route *r)
{
	mem_free(r->hops);
	mem_free(r);
}

void host_routes_fini(struct host_routes *h)
{
	struct host_prefix *p;

	for (size_t at = 0; (p = map_next(&h->prefixes, &at)) != NULL;) {
		for (struct host_route *r = p->routes, *next; r != NULL; r = next) {
			next = r->next;
			route_free(r);
		}
		mem_free(p);
	}
	map_fini(&h->prefixes);
}

static uint32_t *length_of(struct host_routes *h, const struct prefix *p)
{
	return &h->lengths[p->addr.family == IP_V6][p->len];
}

static struct host_prefix *prefix_get(struct host_routes *h, const struct prefix *prefix)
{
	struct host_prefix *p = map_find(&h->prefixes, prefix);

	if (p != NULL)
		return p;
	p = mem_new(sizeof(*p));
	p->prefix = *prefix;
	map_insert(&h->prefixes, p);
	++*length_of(h, prefix);
	return p;
}

static void prefix_drop_if_empty(struct host_routes *h, struct host_prefix *p)
{
	if (p->routes != NULL)
		return;
	--*length_of(h, &p->prefix);
	map_remove(&h->prefixes, &p->prefix);
	mem_free(p);
}

/* Where the route is, or belongs. */
static struct host_route **place_of(struct host_prefix *p, uint32_t metric, uint8_t protocol)
{
	struct host_route **at = &p->routes;

	while (*at != NULL &&
	       ((*at)->metric < metric || ((*at)->metric == metric && (*at)->protocol < protocol)))
		at = &(*at)->next;
	return at;
}

static bool is_at(struct host_route *const *at, uint32_t metric, uint8_t protocol)
{
	return *at != NULL && (*at)->metric == metric && (*at)->protocol == protocol;
}

static bool hop_equal(const struct route_nexthop *a, const struct route_nexthop *b)
{
	return ip_equal(&a->gateway, &b->gateway) && ifindex_equal(a->dev, b->dev);
}

static bool same_content(const struct host_route *r, const struct route_entry *e)
{
	if (r->type != e->type || r->hop_count != e->nexthop_count)
		return false;
	for (unsigned i = 0; i < r->hop_count; i++)
		if (!hop_equal(&r->hops[i], &e->nexthops[i]) ||
		    r->hops[i].weight != e->nexthops[i].weight)
			return false;
	return true;
}

/* True when it is not as it was. */
static bool route_new(struct host_routes *h, const struct kernel_event *event)
{
	const struct route_entry *e = &event->route.entry;
	struct host_prefix *p = prefix_get(h, &event->route.key.prefix);
	struct host_route **at = place_of(p, event->route.key.metric, e->protocol), *r;
	bool known = is_at(at, event->route.key.metric, e->protocol);

	if (!known && h->count >= HOST_ROUTES_MAX) {
		h->refused++;
		prefix_drop_if_empty(h, p);
		return false;
	}
	if (known && event->from_dump && (*at)->fresh)
		return false;
	if (!known) {
		r = mem_new(sizeof(*r));
		*r = (struct host_route){
		    .next = *at, .metric = event->route.key.metric, .protocol = e->protocol};
		*at = r;
		h->count++;
	}
	r = *at;
	r->seen = true;
	r->fresh = !event->from_dump && h->dumping;
	if (known && same_content(r, e))
		return false;
	mem_free(r->hops);
	r->type = e->type;
	r->hop_count = e->nexthop_count;
	r->hops = mem_dup(e->nexthops, e->nexthop_count * sizeof(*e->nexthops));
	return true;
}

static void route_remove(struct host_routes *h, struct host_route **at)
{
	struct host_route *r = *at;

	*at = r->next;
	h->count--;
	route_free(r);
}

/* The hops that the deletion does not name stay: IPv6 tells of each alone. How many were named. */
static unsigned remove_hops(struct host_route *r, const struct route_entry *gone)
{
	uint8_t left = 0;
	unsigned before = r->hop_count;

	for (unsigned i = 0; i < r->hop_count; i++) {
		unsigned j = 0;

		while (j < gone->nexthop_count && !hop_equal(&gone->nexthops[j], &r->hops[i]))
			j++;
		if (j == gone->nexthop_count)
			r->hops[left++] = r->hops[i];
	}
	r->hop_count = left;
	return before - left;
}

static bool route_del(struct host_routes *h, const struct kernel_event *event)
{
	const struct route_entry *e = &event->route.entry;
	struct host_prefix *p = map_find(&h->prefixes, &event->route.key.prefix);
	struct host_route **at;
	bool named;

	if (p == NULL)
		return false;
	at = place_of(p, event->route.key.metric, e->protocol);
	if (!is_at(at, event->route.key.metric, e->protocol))
		return false;
	named = (*at)->hop_count == 0 || e->nexthop_count == 0 || remove_hops(*at, e) > 0;
	if (named && ((*at)->hop_count == 0 || e->nexthop_count == 0))
		route_remove(h, at);
	prefix_drop_if_empty(h, p);
	return named;
}

/* ---- what goes without being named ---- */

struct sweep {
	host_routes_changed_fn *changed;
	void *context;
	bool (*goes)(
	    const struct sweep *s, const struct host_prefix *p, const struct host_route *r);
	bool v4_only;
	const void *links;
	bool (*is_down)(const void *links, ifindex_t dev);
};

static bool sweep_prefix(struct host_routes *h, const struct sweep *s, struct host_prefix *p)
{
	bool any = false;

	for (struct host_route **at = &p->routes; *at != NULL;)
		if (s->goes(s, p, *at)) {
			route_remove(h, at);
			any = true;
		} else {
			at = &(*at)->next;
		}
	return any;
}

static void sweep(struct host_routes *h, const struct sweep *s)
{
	struct arena arena = {0};
	size_t count = h->prefixes.count;
	struct host_prefix **all = (struct host_prefix **)map_sorted(&h->prefixes, &arena, NULL);

	for (size_t i = 0; i < count; i++) {
		struct prefix prefix = all[i]->prefix;

		if (!sweep_prefix(h, s, all[i]))
			continue;
		prefix_drop_if_empty(h, all[i]);
		s->changed(s->context, &prefix);
	}
	arena_fini(&arena);
}

static bool unseen(const struct sweep *s, const struct host_prefix *p, const struct host_route *r)
{
	(void)s;
	(void)p;
	return !r->seen;
}

static bool without_link(
    const struct sweep *s, const struct host_prefix *p, const struct host_route *r)
{
	if (r->hop_count == 0 || (s->v4_only && p->prefix.addr.family != IP_V4))
		return false;
	for (unsigned i = 0; i < r->hop_count; i++)
		if (!s->is_down(s->links, r->hops[i].dev))
			return false;
	return true;
}

void host_routes_link_lost(struct host_routes *h, bool v4_only, const void *links,
    bool (*is_down)(const void *links, ifindex_t dev), host_routes_changed_fn *changed,
    void *context)
{
	const struct sweep s = {changed, context, without_link, v4_only, links, is_down};

	sweep(h, &s);
}

static void dump_begin(struct host_routes *h)
{
	struct host_prefix *p;

	h->dumping = true;
	for (size_t at = 0; (p = map_next(&h->prefixes, &at)) != NULL;)
		for (struct host_route *r = p->routes; r != NULL; r = r->next)
			r->seen = r->fresh = false;
}

/* A link-local prefix is on every link: there is nothing to be reached through it. */
static bool is_ours_to_keep(const struct kernel_event *event)
{
	const struct route_key *key = &event->route.key;

	return key->table == MAIN_TABLE && event->route.entry.protocol != RTPROT_EVPND &&
	       !ip_is_link_local(&key->prefix.addr) &&
	       !(key->prefix.addr.family == IP_V6 && key->prefix.addr.b[0] == 0xff);
}

void host_routes_event(struct host_routes *h, const struct kernel_event *event,
    host_routes_changed_fn *changed, void *context)
{
	const struct sweep s = {.changed = changed, .context = context, .goes = unseen};
	bool news = false;

	if (event->kind == KERNEL_DUMP_BEGIN && event->dump.table == TABLE_ROUTES) {
		dump_begin(h);
	} else if (event->kind == KERNEL_DUMP_END && event->dump.table == TABLE_ROUTES) {
		if (h->dumping)
			sweep(h, &s);
		h->dumping = false;
	} else if (event->kind == KERNEL_ROUTE_NEW && is_ours_to_keep(event)) {
		news = route_new(h, event);
	} else if (event->kind == KERNEL_ROUTE_DEL && is_ours_to_keep(event)) {
		news = route_del(h, event);
	}
	if (news)
		changed(context, &event->route.key.prefix);
}

const struct host_route *host_routes_find(const struct host_routes *h, const struct prefix *prefix)
{
	const struct host_prefix *p = map_find(&h->prefixes, prefix);

	return p != NULL ? p->routes : NULL;
}
