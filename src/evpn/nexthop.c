/*
 * Resolution of next hops: a link-local one by its link, any other by the longest match in the main
 * table, as the kernel would look it up. A route of ours that matches is a step of recursion, and
 * the only one: in the kernel its next hops are resolved already.
 *
 * Level-triggered. Events mark those that they may concern: a route those that its prefix contains,
 * a link those that go over it. nexthops_run() resolves the marked ones from the facts as they are
 * and tells the differences. A hop over a link that is down is remembered, for the link may come
 * back, and counts as none.
 *
 * The table is sorted by address, so that a route finds those that it contains without a walk.
 */
#include "evpn/nexthop.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "evpn/host_routes.h"
#include "kernel/reconcile.h"

struct entry {
	struct bgp_nexthop key;
	struct bgp_nexthop_state state;
	struct route_nexthop *hops; /* owned */
	uint8_t hop_count, protocol;
	unsigned watchers;
	bool told; /* the state above, at least once */
	bool doubted;
	struct list_node dirty;
};

struct nexthops {
	struct mirror *mirror; /* lent */
	struct nexthops_host host;
	struct host_routes others;
	struct entry **list; /* owned, sorted by key */
	size_t count, room;
	bool any_doubted;
	struct list dirty;
	bool ours[2][129]; /* lengths that our own routes have had: IPv4, IPv6 */
	bool resolve_via_default[2];
	bool synced;
};

struct nexthops *nexthops_new(
    uint64_t seed, struct mirror *mirror, const struct nexthops_host *host)
{
	struct nexthops *t = mem_new(sizeof(*t));

	t->mirror = mirror;
	t->host = *host;
	host_routes_init(&t->others, seed);
	list_init(&t->dirty);
	return t;
}

static void entry_free(struct entry *e)
{
	mem_free(e->hops);
	mem_free(e);
}

void nexthops_free(struct nexthops *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		entry_free(t->list[i]);
	mem_free(t->list);
	host_routes_fini(&t->others);
	mem_free(t);
}

static void mark(struct nexthops *t, struct entry *e)
{
	if (!list_linked(&e->dirty))
		list_append(&t->dirty, &e->dirty);
}

static void mark_all(struct nexthops *t)
{
	for (size_t i = 0; i < t->count; i++)
		mark(t, t->list[i]);
}

void nexthops_configure(struct nexthops *t, const bool resolve_via_default[2])
{
	memcpy(t->resolve_via_default, resolve_via_default, sizeof(t->resolve_via_default));
	mark_all(t);
}

/* ---- the table ---- */

static int key_compare(const struct bgp_nexthop *a, const struct bgp_nexthop *b)
{
	int c = ip_compare(&a->ip, &b->ip);

	if (c != 0)
		return c;
	return a->scope.v < b->scope.v ? -1 : a->scope.v > b->scope.v;
}

/* Where the first key that is not below this one stands. */
static size_t place_of(const struct nexthops *t, const struct bgp_nexthop *key)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (key_compare(&t->list[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *find(const struct nexthops *t, const struct bgp_nexthop *key)
{
	size_t at = place_of(t, key);

	return at < t->count && key_compare(&t->list[at]->key, key) == 0 ? t->list[at] : NULL;
}

void nexthops_watch(struct nexthops *t, const struct bgp_nexthop *key)
{
	size_t at = place_of(t, key);
	struct entry *e = find(t, key);

	if (e == NULL) {
		if (t->count == t->room) {
			t->room = t->room == 0 ? 64 : t->room * 2;
			t->list = mem_resize(t->list, t->room * sizeof(struct entry *));
		}
		memmove(t->list + at + 1, t->list + at, (t->count - at) * sizeof(struct entry *));
		e = mem_new(sizeof(*e));
		e->key = *key;
		t->list[at] = e;
		t->count++;
	}
	e->watchers++;
	/* The one who comes now has not been told. */
	e->told = false;
	mark(t, e);
}

void nexthops_unwatch(struct nexthops *t, const struct bgp_nexthop *key)
{
	size_t at = place_of(t, key);
	struct entry *e = find(t, key);

	if (e == NULL || --e->watchers > 0)
		return;
	if (list_linked(&e->dirty))
		list_remove(&t->dirty, &e->dirty);
	t->count--;
	memmove(t->list + at, t->list + at + 1, (t->count - at) * sizeof(struct entry *));
	entry_free(e);
}

/* ---- facts ---- */

/* True when one was marked. */
static bool mark_within(struct nexthops *t, const struct prefix *p)
{
	const struct bgp_nexthop first = {.ip = p->addr};
	bool any = false;

	for (size_t i = place_of(t, &first); i < t->count; i++) {
		if (!prefix_contains(p, &t->list[i]->key.ip))
			break;
		mark(t, t->list[i]);
		any = true;
	}
	return any;
}

static bool goes_over(const struct entry *e, ifindex_t dev)
{
	if (ifindex_equal(e->key.scope, dev))
		return true;
	for (unsigned i = 0; i < e->hop_count; i++)
		if (ifindex_equal(e->hops[i].dev, dev))
			return true;
	return false;
}

static void mark_over(struct nexthops *t, ifindex_t dev)
{
	for (size_t i = 0; i < t->count; i++)
		if (goes_over(t->list[i], dev))
			mark(t, t->list[i]);
}

/* What our routes go over changed; which of them is not worth asking. */
static void mark_recursive(struct nexthops *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i]->state.via_bgp)
			mark(t, t->list[i]);
}

static void route_changed(void *context, const struct prefix *prefix)
{
	mark_within(context, prefix);
}

void nexthops_route_seen(struct nexthops *t, const struct kernel_event *event)
{
	host_routes_event(&t->others, event, route_changed, t);
	if (event->kind == KERNEL_ROUTE_DEL && !event->ours &&
	    event->route.key.table == MAIN_TABLE && event->route.entry.protocol != RTPROT_EVPND &&
	    mark_within(t, &event->route.key.prefix))
		t->host.want_routes(t->host.context);
}

static bool is_up(const struct mirror *m, ifindex_t dev)
{
	const struct mirror_link *l = mirror_link(m, dev);

	return l != NULL && l->link.admin_up && l->link.running;
}

static bool is_admin_down(const void *mirror, ifindex_t dev)
{
	const struct mirror_link *l = mirror_link(mirror, dev);

	return l == NULL || !l->link.admin_up;
}

static void link_changed(struct nexthops *t, ifindex_t dev, bool gone)
{
	mark_over(t, dev);
	if (gone || is_admin_down(t->mirror, dev))
		host_routes_link_lost(
		    &t->others, !gone, t->mirror, is_admin_down, route_changed, t);
}

/* An IPv4 address takes routes along without a word. */
static void address_gone(struct nexthops *t, ifindex_t dev)
{
	bool needed = false;

	for (size_t i = 0; i < t->count; i++)
		needed |= t->list[i]->protocol != 0 && goes_over(t->list[i], dev);
	if (needed)
		t->host.want_routes(t->host.context);
}

void nexthops_own_changed(struct nexthops *t, const struct prefix *p)
{
	t->ours[p->addr.family == IP_V6][p->len] = true;
	mark_within(t, p);
}

void nexthops_kernel_changed(struct nexthops *t, const struct kernel_event *event)
{
	switch (event->kind) {
	case KERNEL_LINK_NEW:
		link_changed(t, event->link.ifindex, false);
		break;
	case KERNEL_LINK_DEL:
		link_changed(t, event->link_gone, true);
		break;
	case KERNEL_ADDR_DEL:
		address_gone(t, event->addr.dev);
		break;
	case KERNEL_ROUTE_NEW:
	case KERNEL_ROUTE_DEL:
		if (event->route.key.table == MAIN_TABLE)
			nexthops_own_changed(t, &event->route.key.prefix);
		break;
	case KERNEL_NEXTHOP_NEW:
	case KERNEL_NEXTHOP_DEL:
		mark_recursive(t);
		break;
	case KERNEL_ADDR_NEW:
	case KERNEL_PORT_VLANS:
	case KERNEL_FDB_NEW:
	case KERNEL_FDB_DEL:
	case KERNEL_VXLAN_FDB_NEW:
	case KERNEL_VXLAN_FDB_DEL:
	case KERNEL_FLOOD_NEW:
	case KERNEL_FLOOD_DEL:
	case KERNEL_NEIGH_NEW:
	case KERNEL_NEIGH_DEL:
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
	case KERNEL_OVERRUN:
		break;
	}
}

/* ---- doubt ---- */

static void doubt(struct nexthops *t, struct entry *e, bool on)
{
	e->doubted = on;
	e->told = false;
	t->any_doubted |= on;
	mark(t, e);
}

void nexthops_doubt(struct nexthops *t, const struct bgp_nexthop *key)
{
	struct entry *e = find(t, key);

	if (e != NULL && !e->doubted)
		doubt(t, e, true);
}

bool nexthops_trust(struct nexthops *t)
{
	bool any = t->any_doubted;

	for (size_t i = 0; any && i < t->count; i++)
		if (t->list[i]->doubted)
			doubt(t, t->list[i], false);
	t->any_doubted = false;
	return any;
}

/* ---- resolution ---- */

/* What a next hop turned out to be. */
struct found {
	struct bgp_nexthop_state state;
	struct route_nexthop hops[ROUTE_NEXTHOPS_MAX];
	uint8_t hop_count, protocol;
};

/* A route of ours as the mirror has it, its nexthop objects looked up. */
static uint8_t hops_of_object(
    const struct mirror *m, uint32_t id, struct route_nexthop *to, unsigned depth)
{
	const struct nexthop_slot *s = mirror_nexthop(m, id);
	uint8_t n = 0;

	if (s == NULL || !s->slot.present || depth > 1)
		return 0;
	if (s->entry.member_count == 0) {
		to[0] = (struct route_nexthop){
		    .gateway = s->entry.gateway, .dev = s->entry.dev, .weight = 1};
		return s->entry.dev.v != 0;
	}
	for (unsigned i = 0; i < s->entry.member_count && n < ROUTE_NEXTHOPS_MAX; i++)
		if (hops_of_object(m, s->entry.members[i].id, to + n, depth + 1) == 1)
			to[n++].weight = s->entry.members[i].weight;
	return n;
}

static void take_route(const struct nexthops *t, struct found *f, const struct bgp_nexthop *key,
    const struct route_entry *e)
{
	f->protocol = e->protocol;
	f->hop_count = e->nexthop_count;
	if (nexthop_id_is_ours(e->nhid))
		f->hop_count = hops_of_object(t->mirror, e->nhid, f->hops, 0);
	else if (e->nexthop_count > 0) /* else it discards, and has no list */
		memcpy(f->hops, e->nexthops, e->nexthop_count * sizeof(*e->nexthops));
	f->state.connected = f->hop_count > 0 && e->type == RTN_UNICAST;
	for (unsigned i = 0; i < f->hop_count; i++) {
		f->state.connected &= f->hops[i].gateway.family == IP_NONE;
		if (f->hops[i].gateway.family == IP_NONE)
			f->hops[i].gateway = key->ip;
		f->state.reachable |= e->type == RTN_UNICAST && is_up(t->mirror, f->hops[i].dev);
	}
	f->state.connected &= f->state.reachable;
}

/* A static route has no metric in FRR, and BGP's decision does not hang on it. */
static void take_own(const struct nexthops *t, struct found *f, const struct bgp_nexthop *key,
    const struct route_entry *e)
{
	bool is_static =
	    t->host.is_static != NULL && t->host.is_static(t->host.context, &f->state.via);

	f->state.via_bgp = !is_static;
	f->state.metric = is_static ? 0 : FIB_METRIC;
	take_route(t, f, key, e);
	if (is_static)
		f->protocol = RTPROT_STATIC;
}

/* The kernel's own for an address, in whose place none of ours is put (fib.c). */
static bool is_of_an_address(
    const struct nexthops *t, const struct host_route *r, const struct prefix *prefix)
{
	const struct mirror_link *l =
	    r->hop_count == 0 ? NULL : mirror_link(t->mirror, r->hops[0].dev);

	for (size_t i = 0; l != NULL && i < l->addr_count; i++) {
		struct prefix p = prefix_from(&l->addrs[i].addr, l->addrs[i].len);

		if (prefix_equal(&p, prefix))
			return true;
	}
	return false;
}

/* The better route of exactly this prefix: the lower metric, as in the kernel. */
static bool resolve_through(const struct nexthops *t, struct found *f,
    const struct bgp_nexthop *key, const struct prefix *prefix)
{
	const struct slot_key own = slot_key_route(MAIN_TABLE, FIB_METRIC, prefix);
	const struct route_slot *slot = mirror_route(t->mirror, &own.route);
	const struct host_route *other = host_routes_find(&t->others, prefix);
	bool ours = slot != NULL && slot->slot.present && slot->entry.protocol == RTPROT_EVPND;

	if (!ours && other == NULL)
		return false;
	f->state.via = *prefix;
	if (ours && (other == NULL || other->metric > FIB_METRIC)) {
		take_own(t, f, key, &slot->entry);
	} else {
		f->state.metric = other->metric;
		f->state.yields = other->metric > FIB_METRIC && !is_of_an_address(t, other, prefix);
		take_route(t, f, key,
		    &(struct route_entry){.protocol = other->protocol,
			.type = other->type,
			.nexthop_count = other->hop_count,
			.nexthops = other->hops});
	}
	return true;
}

static void resolve(const struct nexthops *t, const struct bgp_nexthop *key, struct found *f)
{
	bool v6 = key->ip.family == IP_V6;
	uint8_t shortest = t->resolve_via_default[v6] ? 0 : 1;

	memset(f, 0, sizeof(*f));
	if (ip_is_link_local(&key->ip)) {
		f->state.reachable = f->state.connected = is_up(t->mirror, key->scope);
		f->hops[0] = (struct route_nexthop){key->ip, key->scope, 1};
		f->hop_count = key->scope.v != 0;
		return;
	}
	for (unsigned len = v6 ? 128 : 32; len + 1 > shortest; len--) {
		struct prefix p;

		if (t->others.lengths[v6][len] != 0 || t->ours[v6][len]) {
			p = prefix_from(&key->ip, (uint8_t)len);
			if (resolve_through(t, f, key, &p))
				return;
		}
		if (len == 0)
			return;
	}
}

static bool same(const struct entry *e, const struct found *f)
{
	if (e->state.reachable != f->state.reachable || e->state.connected != f->state.connected ||
	    e->state.via_bgp != f->state.via_bgp || e->state.yields != f->state.yields ||
	    e->state.metric != f->state.metric || !prefix_equal(&e->state.via, &f->state.via) ||
	    e->protocol != f->protocol || e->hop_count != f->hop_count)
		return false;
	for (unsigned i = 0; i < e->hop_count; i++)
		if (!ip_equal(&e->hops[i].gateway, &f->hops[i].gateway) ||
		    !ifindex_equal(e->hops[i].dev, f->hops[i].dev) ||
		    e->hops[i].weight != f->hops[i].weight)
			return false;
	return true;
}

static void evaluate(struct nexthops *t, struct entry *e)
{
	struct found f;

	resolve(t, &e->key, &f);
	/* One of several links may have changed without a change of the rest: always tell then. */
	if (e->told && same(e, &f) && f.hop_count < 2)
		return;
	mem_free(e->hops);
	e->hops = mem_dup(f.hops, f.hop_count * sizeof(*f.hops));
	e->hop_count = f.hop_count;
	e->protocol = f.protocol;
	e->state = f.state;
	e->told = true;
	t->host.changed(t->host.context, &e->key, &e->state);
}

void nexthops_run(struct nexthops *t)
{
	struct list_node *n;

	if (!mirror_is_synced(t->mirror))
		return;
	if (!t->synced)
		mark_all(t);
	t->synced = true;
	while ((n = list_shift(&t->dirty)) != NULL)
		evaluate(t, list_entry(n, struct entry, dirty));
}

bool nexthops_pending(const struct nexthops *t)
{
	return t->dirty.count > 0 && mirror_is_synced(t->mirror);
}

/* ---- views ---- */

static void view_of(const struct entry *e, struct nexthop_view *v)
{
	*v = (struct nexthop_view){.key = e->key,
	    .state = e->state,
	    .protocol = e->protocol,
	    .watchers = e->watchers,
	    .doubted = e->doubted,
	    .hops = e->hops,
	    .hop_count = e->hop_count};
}

bool nexthops_get(const struct nexthops *t, const struct bgp_nexthop *key, struct nexthop_view *v)
{
	const struct entry *e = find(t, key);

	if (e != NULL)
		view_of(e, v);
	return e != NULL;
}

bool nexthops_at(const struct nexthops *t, size_t index, struct nexthop_view *v)
{
	if (index >= t->count)
		return false;
	view_of(t->list[index], v);
	return true;
}

bool nexthops_hop_is_live(const struct nexthops *t, const struct route_nexthop *hop)
{
	return is_up(t->mirror, hop->dev);
}
