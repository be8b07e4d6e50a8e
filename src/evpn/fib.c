/*
 * The underlay: best unicast routes of the Loc-RIB as routes of our own protocol in the main
 * table. Multipath is one route over a nexthop group (fib_group.h); an IPv4 route goes over the
 * IPv6 link-local address of an unnumbered peer (RFC 8950), any other next hop over what it
 * resolves to (nexthop.h). Ours are exactly those with our protocol number (the kernel enforces
 * it, no window), so they need no state file: after convergence what nothing confirms goes.
 *
 * An aggregate that is the best route is one that discards: what no more specific route leads
 * anywhere must not follow a default route back (RFC 4632 section 5.1).
 *
 * A destination is one slot of the kernel. Who wants it, BGP or a static route (static_routes.h),
 * is decided here, by distance; the kernel never sees both, so that one takes the place of the
 * other in one step. Static routes are few: their next hops stand in the route itself.
 */
#include "evpn/fib.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/pool.h"
#include "evpn/connected.h"
#include "evpn/fib_group.h"
#include "evpn/host_routes.h"

#define FIB_DESTS_MAX 1000000
#define RUN_BUDGET 1024
#define RTN_UNICAST_TYPE 1
#define RTN_BLACKHOLE_TYPE 6
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 30000

/* One destination: what BGP and static routes want, and when to try again. */
struct fib_dest {
	struct route_key key;
	struct fib_place *place; /* NULL: unreachable, denied by policy, or originated here */
	struct list_node at_place;
	bool ebgp;			 /* the best route is; read with place */
	uint8_t distance;		 /* the same: by policy; 0: as ebgp says */
	bool discards;			 /* … is an aggregate of ours; then there is no place */
	struct fib_static *static_route; /* owned, with its next hops; NULL none */
	bool static_counts;		 /* as the host was told … */
	bool static_news;		 /* … of another one */
	bool waits;			 /* for its group */
	struct ip src;			 /* by policy; IP_NONE: the kernel's choice */
	uint8_t attempts;
	bool audited;	 /* marked by the audit: an operation now is a difference */
	mono_t retry_at; /* MONO_NEVER: no failure */
	struct list_node dirty, waiting;
};

struct fib {
	struct log *log;
	struct mirror *mirror; /* lent */
	struct fib_host host;
	struct fib_groups *groups;
	struct fib_settings settings;
	struct map dests; /* owning */
	struct pool dest_pool;
	struct list dirty, waiting;
	struct connected connected;
	struct arena arena;
	mono_t now;
	bool links_dirty; /* connected prefixes may be others */
	bool converged, flushing, sweep_due;
	bool was_stale; /* operations were held back */
	uint64_t differences;
};

static void place_changed(void *context, struct fib_place *place, bool all);
static void route_moved(void *context, struct list_node *route, struct fib_place *to);

static void groups_kernel_op(void *context, const struct kernel_op *op)
{
	struct fib *f = context;

	f->host.kernel_op(f->host.context, op);
}

struct fib *fib_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct nexthops *nexthops, const struct fib_host *host)
{
	struct fib *f = mem_new(sizeof(*f));
	struct fib_groups_host groups = {f, groups_kernel_op, place_changed, route_moved};

	f->log = log;
	f->mirror = mirror;
	f->host = *host;
	f->groups = fib_groups_new(seed, log, mirror, nexthops, &groups);
	map_init(&f->dests, offsetof(struct fib_dest, key), sizeof(struct route_key), seed);
	pool_init(&f->dest_pool, sizeof(struct fib_dest));
	list_init(&f->dirty);
	list_init(&f->waiting);
	f->links_dirty = true;
	return f;
}

static void leave_place(struct fib *f, struct fib_dest *d)
{
	if (d->place != NULL)
		fib_place_leave(f->groups, &d->at_place, d->place);
	d->place = NULL;
}

static void static_free(struct fib_static *s)
{
	if (s != NULL)
		mem_free((void *)(uintptr_t)s->entry.nexthops);
	mem_free(s);
}

void fib_free(struct fib *f)
{
	struct fib_dest *d;

	if (f == NULL)
		return;
	for (size_t at = 0; (d = map_next(&f->dests, &at)) != NULL;) {
		leave_place(f, d);
		static_free(d->static_route);
		pool_free(&f->dest_pool, d);
	}
	map_fini(&f->dests);
	pool_fini(&f->dest_pool);
	fib_groups_free(f->groups);
	mem_free(f->settings.backdoors);
	connected_fini(&f->connected);
	arena_fini(&f->arena);
	mem_free(f);
}

static void mark(struct fib *f, struct fib_dest *d)
{
	if (!list_linked(&d->dirty))
		list_append(&f->dirty, &d->dirty);
}

static struct fib_dest *dest_get(struct fib *f, uint32_t table, const struct prefix *prefix)
{
	struct slot_key key = slot_key_route(table, FIB_METRIC, prefix);
	struct fib_dest *d = map_find(&f->dests, &key.route);

	if (d != NULL || f->dests.count >= FIB_DESTS_MAX)
		return d;
	d = pool_new(&f->dest_pool);
	d->key = key.route;
	d->retry_at = MONO_NEVER;
	map_insert(&f->dests, d);
	return d;
}

/* ---- facts --------------------------------------------------------------------------------------
 */

static int member_compare(const void *a, const void *b)
{
	const struct fib_member *x = a, *y = b;
	int c = memcmp(&x->nexthop, &y->nexthop, sizeof(x->nexthop));

	return c != 0 ? c : x->share < y->share ? -1 : x->share > y->share;
}

/* The link that has the gateway's prefix; 0 none. */
static ifindex_t connected(struct fib *f, const struct ip *gateway)
{
	const struct mirror_link **links = mirror_links(f->mirror, &f->arena);

	for (; *links != NULL; links++)
		for (size_t i = 0; i < (*links)->addr_count; i++) {
			struct prefix p =
			    prefix_from(&(*links)->addrs[i].addr, (*links)->addrs[i].len);

			if (prefix_contains(&p, gateway))
				return (*links)->link.ifindex;
		}
	return (ifindex_t){0};
}

static const char *link_name(const struct fib *f, ifindex_t dev)
{
	const struct mirror_link *l = mirror_link(f->mirror, dev);

	return l == NULL ? NULL : l->link.name;
}

/* `ip protocol bgp route-map`; the first way that is allowed tells the source address. */
static bool allowed(
    struct fib *f, struct ip *src, const struct nlri *nlri, const struct bgp_route *r, bool first)
{
	ifindex_t dev = r->nexthop.scope.v != 0 ? r->nexthop.scope : connected(f, &r->nexthop.ip);
	struct ip told;

	if (f->host.policy == NULL)
		return true;
	if (!f->host.policy(f->host.context, nlri, r->attrs, link_name(f, dev), &told))
		return false;
	if (first)
		*src = told;
	return true;
}

/* Sorted by next hop, each once, with the sum of the shares. */
static size_t members_of(
    struct fib *f, const struct bgp_best *best, struct fib_member *list, struct ip *src)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < best->count && n < ROUTE_NEXTHOPS_MAX; i++) {
		const struct bgp_route *r = &best->routes[i];

		if (r->local || r->share == 0 || r->nexthop.ip.family == IP_NONE ||
		    !allowed(f, src, &best->nlri, r, n == 0))
			continue;
		memset(&list[n], 0, sizeof(list[n]));
		list[n].nexthop = r->nexthop;
		list[n++].share = r->share;
	}
	qsort(list, n, sizeof(*list), member_compare);
	for (size_t i = 0; i < n; i++)
		if (kept > 0 &&
		    memcmp(&list[kept - 1].nexthop, &list[i].nexthop, sizeof(list[i].nexthop)) == 0)
			list[kept - 1].share += list[i].share;
		else
			list[kept++] = list[i];
	return kept;
}

void fib_route_changed(struct fib *f, const struct bgp_best *best)
{
	struct fib_dest *d = dest_get(f, MAIN_TABLE, &best->nlri.prefix);
	struct fib_member members[ROUTE_NEXTHOPS_MAX];
	size_t count = 0;

	if (d == NULL)
		return;
	d->src = (struct ip){0};
	d->ebgp = best->count > 0 && best->routes[0].ebgp;
	d->distance = best->count > 0 ? best->routes[0].attrs->distance : 0;
	d->discards = best->count > 0 && best->routes[0].aggregate &&
		      allowed(f, &d->src, &best->nlri, &best->routes[0], true);
	if (best->count > 0 && !best->routes[0].local)
		count = members_of(f, best, members, &d->src);
	if (count == 0)
		leave_place(f, d);
	else
		d->place = fib_place_enter(f->groups, members, count, &d->at_place, d->place);
	d->attempts = 0;
	mark(f, d);
}

static bool static_equal(const struct fib_static *a, const struct fib_static *b)
{
	const struct slot_content x = {.route = a->entry}, y = {.route = b->entry};

	return a->distance == b->distance && a->tag == b->tag &&
	       slot_content_equal(SLOT_ROUTE, &x, &y);
}

void fib_static_changed(
    struct fib *f, uint32_t table, const struct prefix *prefix, const struct fib_static *route)
{
	struct fib_dest *d = dest_get(f, table, prefix);

	if (d == NULL || (route == NULL && d->static_route == NULL) ||
	    (route != NULL && d->static_route != NULL && static_equal(route, d->static_route)))
		return;
	static_free(d->static_route);
	d->static_route = NULL;
	if (route != NULL) {
		d->static_route = mem_dup(route, sizeof(*route));
		d->static_route->entry.nexthops = mem_dup(route->entry.nexthops,
		    route->entry.nexthop_count * sizeof(*route->entry.nexthops));
	}
	d->static_news = true;
	d->attempts = 0;
	mark(f, d);
}

void fib_nexthop_changed(struct fib *f, const struct bgp_nexthop *key)
{
	fib_groups_nexthop_changed(f->groups, key);
}

static void place_changed(void *context, struct fib_place *place, bool all)
{
	struct fib *f = context;

	for (struct list_node *n = list_first(&place->routes); n != NULL;
	     n = list_after(&place->routes, n)) {
		struct fib_dest *d = list_entry(n, struct fib_dest, at_place);

		/* Who is here since its last run is marked already. */
		if (!all && !d->waits)
			return;
		mark(f, d);
	}
}

static void route_moved(void *context, struct list_node *route, struct fib_place *to)
{
	(void)context;
	list_entry(route, struct fib_dest, at_place)->place = to;
}

static int dest_compare(const void *a, const void *b)
{
	const struct fib_dest *x = a, *y = b;

	if (x->key.table != y->key.table)
		return x->key.table < y->key.table ? -1 : 1;
	return prefix_compare(&x->key.prefix, &y->key.prefix);
}

static void mark_prefix(struct fib *f, const struct route_key *key)
{
	struct slot_key ours = slot_key_route(key->table, FIB_METRIC, &key->prefix);
	struct fib_dest *d = map_find(&f->dests, &ours.route);

	if (d != NULL)
		mark(f, d);
}

void fib_kernel_changed(struct fib *f, const struct kernel_event *event)
{
	if (event->kind == KERNEL_ROUTE_NEW || event->kind == KERNEL_ROUTE_DEL) {
		mark_prefix(f, &event->route.key);
		fib_groups_route_changed(f->groups);
	} else if (event->kind == KERNEL_NEXTHOP_NEW || event->kind == KERNEL_NEXTHOP_DEL) {
		fib_groups_object_changed(f->groups, event->nexthop.key.id);
	} else if (event->kind == KERNEL_DUMP_END && event->dump.table == TABLE_ROUTES) {
		f->sweep_due = true;
	} else if (event->kind == KERNEL_LINK_NEW || event->kind == KERNEL_LINK_DEL ||
		   event->kind == KERNEL_ADDR_NEW || event->kind == KERNEL_ADDR_DEL) {
		f->links_dirty = true;
	}
}

/* ---- reconcile ----------------------------------------------------------------------------------
 */

static bool next_step(struct fib *f, const struct route_key *key, const struct route_desired *want,
    struct kernel_op *op, enum slot_status *status)
{
	const struct route_slot *slot = mirror_route(f->mirror, key);
	bool due = reconcile_route(slot, key, want, op, status);
	struct slot_key adopted = {.kind = SLOT_ROUTE};

	if (*status != SLOT_ORPHAN)
		return due;
	/* Our protocol is a mark that the kernel enforces. */
	adopted = slot_key_route(key->table, key->metric, &key->prefix);
	ledger_restore(f->mirror, &adopted, &(struct slot_content){.route = slot->entry});
	return reconcile_route(mirror_route(f->mirror, key), key, want, op, status);
}

static bool waits(const struct fib *f, const struct fib_dest *d)
{
	return d->attempts > 0 && !mono_reached(d->retry_at, f->now);
}

static void count_difference(struct fib *f, struct fib_dest *d)
{
	char text[PREFIX_TEXT_MAX];

	if (!d->audited)
		return;
	d->audited = false;
	f->differences++;
	log_warning(f->log, LOG_KERNEL, "audit: not as wanted: route %s",
	    prefix_text(&d->key.prefix, text));
}

static int backdoor_compare(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

/* Another way there, an IGP's or a static one, is to come before that by BGP. */
static bool has_backdoor(const struct fib *f, const struct prefix *p)
{
	const struct fib_settings *s = &f->settings;

	return s->backdoor_count > 0 && bsearch(p, s->backdoors, s->backdoor_count,
					    sizeof(*s->backdoors), backdoor_compare) != NULL;
}

static uint8_t distance(const struct fib *f, const struct fib_dest *d)
{
	bool v6 = d->key.prefix.addr.family == IP_V6;

	if (d->distance != 0)
		return d->distance;
	if (d->discards || has_backdoor(f, &d->key.prefix))
		return f->settings.distance_local[v6];
	return d->ebgp ? f->settings.distance_ebgp[v6] : f->settings.distance_ibgp[v6];
}

/* What BGP has for this destination. */
static enum fib_advice bgp_wants(
    const struct fib *f, const struct fib_dest *d, struct route_entry *entry)
{
	*entry = (struct route_entry){
	    .protocol = RTPROT_EVPND, .type = RTN_UNICAST_TYPE, .prefsrc = d->src};
	if ((d->place == NULL && !d->discards) || distance(f, d) == FIB_DISTANCE_NEVER)
		return FIB_UNREACHABLE;
	if (d->discards) {
		*entry = (struct route_entry){.protocol = RTPROT_EVPND, .type = RTN_BLACKHOLE_TYPE};
		return FIB_PLAIN;
	}
	return fib_place_advice(
	    f->groups, d->place, &entry->nhid, &entry->nexthops, &entry->nexthop_count);
}

/* Kept over a restart until BGP has told what there is. */
static bool may_come_back(const struct fib *f, const struct fib_dest *d)
{
	const struct route_slot *slot = mirror_route(f->mirror, &d->key);
	bool v6 = d->key.prefix.addr.family == IP_V6;

	if (f->converged || slot == NULL || !slot->slot.present)
		return false;
	if (d->static_route == NULL)
		return d->place != NULL;
	return d->static_route->distance > f->settings.distance_ebgp[v6] ||
	       d->static_route->distance > f->settings.distance_ibgp[v6];
}

/* A static route wins a draw, as its metric is the lower one in FRR. */
static bool static_wins(const struct fib *f, const struct fib_dest *d)
{
	return d->static_route != NULL && d->static_route->distance <= distance(f, d);
}

/* The kernel's own route stands there, and nothing is better than to be on the link. */
static bool is_connected(const struct fib *f, const struct fib_dest *d)
{
	return d->key.table == MAIN_TABLE && connected_has(&f->connected, &d->key.prefix);
}

/* What the kernel is to have. False: it stays as it is. */
static bool wanted(
    const struct fib *f, const struct fib_dest *d, struct route_desired *want, bool *is_static)
{
	enum fib_advice advice = FIB_UNREACHABLE;

	*want = (struct route_desired){0};
	*is_static = false;
	if (is_connected(f, d))
		return true;
	*is_static = !f->flushing && static_wins(f, d);
	if (!*is_static && !f->flushing)
		advice = bgp_wants(f, d, &want->entry);
	if (advice == FIB_UNREACHABLE && !f->flushing && !*is_static && may_come_back(f, d))
		return false;
	*is_static |= advice == FIB_UNREACHABLE && !f->flushing && d->static_route != NULL;
	if (*is_static)
		want->entry = d->static_route->entry;
	want->wanted = *is_static || advice == FIB_OBJECT || advice == FIB_PLAIN;
	return advice != FIB_WAIT;
}

static void tell_static(struct fib *f, struct fib_dest *d, bool counts)
{
	if (counts == d->static_counts && !(counts && d->static_news))
		return;
	d->static_counts = counts;
	d->static_news = false;
	if (f->host.static_counts != NULL)
		f->host.static_counts(f->host.context, &d->key, counts ? d->static_route : NULL);
}

/* Who waits stands in front, where place_changed() finds it without a walk over all. */
static void set_waits(struct fib_dest *d, bool waits)
{
	bool before = d->waits;

	d->waits = waits;
	if (d->place == NULL || (!before && !waits))
		return;
	list_remove(&d->place->routes, &d->at_place);
	if (waits)
		list_prepend(&d->place->routes, &d->at_place);
	else
		list_append(&d->place->routes, &d->at_place);
}

static void tell_installed(const struct fib *f, const struct fib_dest *d, bool has)
{
	if (f->host.installed != NULL && d->key.table == MAIN_TABLE && !f->flushing)
		f->host.installed(f->host.context, &d->key.prefix, has);
}

static void dest_run(struct fib *f, struct fib_dest *d)
{
	enum slot_status status = SLOT_PENDING;
	struct route_desired want;
	struct kernel_op op;
	bool is_static;

	set_waits(d, !wanted(f, d, &want, &is_static));
	if (d->waits)
		return;
	tell_static(f, d, is_static);
	if (!want.wanted || is_static)
		tell_installed(f, d, false);
	if (!waits(f, d) && !mirror_is_stale(f->mirror) &&
	    next_step(f, &d->key, &want, &op, &status)) {
		f->host.kernel_op(f->host.context, &op);
		count_difference(f, d);
		return;
	}
	if (want.wanted && !is_static && status == SLOT_SYNCED)
		tell_installed(f, d, true);
	d->audited = false;
	if (d->place != NULL || d->discards || d->static_route != NULL ||
	    list_linked(&d->waiting) || mirror_route(f->mirror, &d->key) != NULL)
		return;
	map_remove(&f->dests, &d->key);
	pool_free(&f->dest_pool, d);
}

static void wait_longer(struct fib *f, struct fib_dest *d)
{
	int64_t ms = BACKOFF_FIRST_MS;

	for (uint8_t i = 0; i < d->attempts && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	if (d->attempts < UINT8_MAX)
		d->attempts++;
	d->retry_at = mono_add_ms(f->now, ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS);
	if (!list_linked(&d->waiting))
		list_append(&f->waiting, &d->waiting);
}

void fib_slot_result(
    struct fib *f, const struct kernel_op *op, const struct kernel_result *result, mono_t now)
{
	struct fib_dest *d;

	f->now = now;
	if (op->key.kind == SLOT_NEXTHOP) {
		fib_groups_result(f->groups, op, result, now);
		return;
	}
	d = dest_get(f, op->key.route.table, &op->key.route.prefix);
	if (d == NULL)
		return;
	if (result->outcome == KERNEL_FAILED)
		wait_longer(f, d);
	else
		d->attempts = 0;
	mark(f, d);
}

/* Every route of ours has a destination, which then wants it or not. */
static void sweep(struct fib *f)
{
	struct route_slot **all = mirror_route_all(f->mirror, &f->arena);

	for (; *all != NULL; all++) {
		struct fib_dest *d;

		if ((*all)->key.metric != FIB_METRIC)
			continue;
		d = dest_get(f, (*all)->key.table, &(*all)->key.prefix);
		if (d != NULL)
			mark(f, d);
	}
}

void fib_converged(struct fib *f)
{
	f->converged = f->sweep_due = true;
	fib_groups_sweep(f->groups);
}

void fib_flush(struct fib *f)
{
	struct fib_dest *d;

	f->flushing = f->sweep_due = true;
	fib_groups_flush(f->groups);
	for (size_t at = 0; (d = map_next(&f->dests, &at)) != NULL;)
		d->attempts = 0;
}

bool fib_static_counts(const struct fib *f, const struct prefix *prefix)
{
	struct slot_key key = slot_key_route(MAIN_TABLE, FIB_METRIC, prefix);
	const struct fib_dest *d = map_find(&f->dests, &key.route);

	return d != NULL && d->static_counts;
}

bool fib_flushed(const struct fib *f)
{
	struct arena arena = {0};
	struct route_slot **all = mirror_route_all(f->mirror, &arena);
	bool left = false;

	for (; *all != NULL; all++)
		left |= (*all)->slot.present && (*all)->entry.protocol == RTPROT_EVPND &&
			(*all)->key.metric == FIB_METRIC;
	arena_fini(&arena);
	return !left && fib_groups_empty(f->groups);
}

static void mark_all(struct fib *f)
{
	struct fib_dest **all = (struct fib_dest **)map_sorted(&f->dests, &f->arena, dest_compare);

	for (size_t i = 0; i < f->dests.count; i++)
		mark(f, all[i]);
}

static bool settings_equal(const struct fib_settings *a, const struct fib_settings *b)
{
	bool same =
	    a->underlay_weights == b->underlay_weights && a->backdoor_count == b->backdoor_count;

	for (size_t v6 = 0; v6 < 2; v6++)
		same = same && a->distance_ebgp[v6] == b->distance_ebgp[v6] &&
		       a->distance_ibgp[v6] == b->distance_ibgp[v6] &&
		       a->distance_local[v6] == b->distance_local[v6];
	for (size_t i = 0; same && i < a->backdoor_count; i++)
		same = prefix_equal(&a->backdoors[i], &b->backdoors[i]);
	return same;
}

void fib_configure(struct fib *f, const struct fib_settings *settings)
{
	struct fib_settings s = *settings;
	bool same;

	s.backdoors = mem_dup(s.backdoors, s.backdoor_count * sizeof(*s.backdoors));
	if (s.backdoor_count > 1)
		qsort(s.backdoors, s.backdoor_count, sizeof(*s.backdoors), backdoor_compare);
	same = settings_equal(&s, &f->settings);
	fib_groups_configure(f->groups, s.underlay_weights);
	mem_free(f->settings.backdoors);
	f->settings = s;
	if (!same)
		mark_all(f);
	arena_reset(&f->arena);
}

void fib_audit(struct fib *f)
{
	struct fib_dest *d;

	for (size_t at = 0; (d = map_next(&f->dests, &at)) != NULL;)
		d->audited = !list_linked(&d->dirty) && !list_linked(&d->waiting);
	mark_all(f);
}

uint64_t fib_differences(const struct fib *f)
{
	return f->differences;
}

static void mark_connected(struct fib *f, const struct connected *of, const struct connected *but)
{
	for (size_t i = 0; i < of->count; i++) {
		const struct prefix *prefix = &of->list[i].prefix;
		struct slot_key key = slot_key_route(MAIN_TABLE, FIB_METRIC, prefix);

		if (!connected_has(but, prefix))
			mark_prefix(f, &key.route);
	}
}

static void connected_again(struct fib *f)
{
	struct connected before = f->connected;

	f->connected = (struct connected){0};
	connected_read(&f->connected, f->mirror, &f->arena);
	mark_connected(f, &before, &f->connected);
	mark_connected(f, &f->connected, &before);
	connected_fini(&before);
	f->links_dirty = false;
}

static void retry_due(struct fib *f)
{
	struct list_node *next;

	for (struct list_node *n = list_first(&f->waiting); n != NULL; n = next) {
		struct fib_dest *d = list_entry(n, struct fib_dest, waiting);

		next = list_after(&f->waiting, n);
		if (d->attempts > 0 && !mono_reached(d->retry_at, f->now))
			continue;
		list_remove(&f->waiting, n);
		mark(f, d);
	}
}

static bool pending(const struct fib *f)
{
	return f->dirty.count > 0 || fib_groups_pending(f->groups);
}

bool fib_run(struct fib *f, mono_t now)
{
	struct list_node *n;

	f->now = now;
	if (!mirror_is_synced(f->mirror))
		return false;
	if (f->sweep_due && (f->converged || f->flushing)) {
		f->sweep_due = false;
		sweep(f);
	}
	f->was_stale |= mirror_is_stale(f->mirror);
	if (f->was_stale && !mirror_is_stale(f->mirror)) {
		f->was_stale = false;
		mark_all(f);
		fib_groups_resync(f->groups);
	}
	if (f->links_dirty)
		connected_again(f);
	retry_due(f);
	fib_groups_run(f->groups, now);
	for (int i = 0; i < RUN_BUDGET && (n = list_shift(&f->dirty)) != NULL; i++)
		dest_run(f, list_entry(n, struct fib_dest, dirty));
	arena_reset(&f->arena);
	return pending(f);
}

bool fib_switch(struct fib *f, mono_t now)
{
	f->now = now;
	return mirror_is_synced(f->mirror) && fib_groups_switch(f->groups, now);
}

bool fib_settle(struct fib *f)
{
	fib_groups_settle(f->groups);
	return pending(f);
}

mono_t fib_deadline(const struct fib *f)
{
	mono_t due = fib_groups_deadline(f->groups);

	for (struct list_node *n = list_first(&f->waiting); n != NULL;
	     n = list_after(&f->waiting, n))
		due = mono_min(due, list_entry(n, struct fib_dest, waiting)->retry_at);
	return due;
}
