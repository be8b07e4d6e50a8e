/*
 * The underlay: best unicast routes of the Loc-RIB as routes of our own protocol in the main
 * table. Multipath is one route with several next hops; an IPv4 route goes over the IPv6
 * link-local address of an unnumbered peer (RFC 8950), a numbered peer's next hop over the link
 * that has its prefix. Ours are exactly those with our protocol number (the kernel enforces it,
 * no window), so they need no state file: after convergence what nothing confirms goes.
 *
 * Recursive next hops are not resolved: a next hop must be on a link.
 */
#include "evpn/fib.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"

#define FIB_TABLE 254 /* main */
#define FIB_METRIC 20
#define FIB_DESTS_MAX 1000000
#define RUN_BUDGET 1024
#define RTN_UNICAST_TYPE 1
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 30000

/* One destination: what BGP wants, and when to try again. */
struct fib_dest {
	struct prefix prefix;
	struct route_nexthop *nexthops; /* owned; wanted over these, sorted */
	uint8_t nexthop_count;
	struct ip *gateways; /* owned; as BGP gave them */
	ifindex_t *scopes;
	uint8_t gateway_count; /* 0: unreachable, denied by policy, or originated here */
	struct ip src;	       /* by policy; IP_NONE: the kernel's choice */
	uint8_t attempts;
	bool audited;	 /* marked by the audit: an operation now is a difference */
	mono_t retry_at; /* MONO_NEVER: no failure */
	struct list_node dirty, waiting;
};

struct fib {
	struct log *log;
	struct mirror *mirror; /* lent */
	struct fib_host host;
	struct map dests; /* owning */
	struct list dirty, waiting;
	struct arena arena;
	mono_t now;
	bool converged, flushing, sweep_due;
	bool was_stale; /* operations were held back */
	uint64_t differences;
};

struct fib *fib_new(
    uint64_t seed, struct log *log, struct mirror *mirror, const struct fib_host *host)
{
	struct fib *f = mem_new(sizeof(*f));

	f->log = log;
	f->mirror = mirror;
	f->host = *host;
	map_init(&f->dests, offsetof(struct fib_dest, prefix), sizeof(struct prefix), seed);
	list_init(&f->dirty);
	list_init(&f->waiting);
	return f;
}

static void dest_free(struct fib_dest *d)
{
	mem_free(d->nexthops);
	mem_free(d->gateways);
	mem_free(d->scopes);
	mem_free(d);
}

void fib_free(struct fib *f)
{
	struct fib_dest *d;

	if (f == NULL)
		return;
	for (size_t at = 0; (d = map_next(&f->dests, &at)) != NULL;)
		dest_free(d);
	map_fini(&f->dests);
	arena_fini(&f->arena);
	mem_free(f);
}

static void mark(struct fib *f, struct fib_dest *d)
{
	if (!list_linked(&d->dirty))
		list_append(&f->dirty, &d->dirty);
}

static struct fib_dest *dest_get(struct fib *f, const struct prefix *prefix)
{
	struct fib_dest *d = map_find(&f->dests, prefix);

	if (d != NULL || f->dests.count >= FIB_DESTS_MAX)
		return d;
	d = mem_new(sizeof(*d));
	d->prefix = *prefix;
	d->retry_at = MONO_NEVER;
	map_insert(&f->dests, d);
	return d;
}

/* ---- facts --------------------------------------------------------------------------------------
 */

/* An unnumbered peer's link-local address is what forwards; a numbered peer's is the global one. */
static struct ip gateway_of(const struct bgp_route *r)
{
	const struct attrs *a = r->attrs;

	if (r->peer_ifindex.v != 0 && a->next_hop_link_local.family != IP_NONE)
		return a->next_hop_link_local;
	return a->next_hop;
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

/* The first way that is allowed tells the source address. */
static bool allowed(
    struct fib *f, struct fib_dest *d, const struct nlri *nlri, const struct bgp_route *r)
{
	struct ip gateway = gateway_of(r), src;
	ifindex_t dev = r->peer_ifindex.v != 0 ? r->peer_ifindex : connected(f, &gateway);

	if (f->host.policy == NULL)
		return true;
	if (!f->host.policy(f->host.context, nlri, r->attrs, link_name(f, dev), &src))
		return false;
	if (d->gateway_count == 0)
		d->src = src;
	return true;
}

void fib_route_changed(struct fib *f, const struct bgp_best *best)
{
	struct fib_dest *d = dest_get(f, &best->nlri.prefix);
	size_t count = best->count > 0 && best->routes[0].local ? 0 : best->count;

	if (d == NULL)
		return;
	if (count > ROUTE_NEXTHOPS_MAX)
		count = ROUTE_NEXTHOPS_MAX;
	mem_free(d->gateways);
	mem_free(d->scopes);
	d->gateways = mem_new_array(count + 1, sizeof(*d->gateways));
	d->scopes = mem_new_array(count + 1, sizeof(*d->scopes));
	d->gateway_count = 0;
	d->src = (struct ip){0};
	for (size_t i = 0; i < count; i++) {
		if (best->routes[i].local || !allowed(f, d, &best->nlri, &best->routes[i]))
			continue;
		d->gateways[d->gateway_count] = gateway_of(&best->routes[i]);
		d->scopes[d->gateway_count++] = best->routes[i].peer_ifindex;
	}
	d->attempts = 0;
	mark(f, d);
}

static bool goes_over(const struct fib_dest *d, ifindex_t dev)
{
	for (size_t i = 0; i < d->nexthop_count; i++)
		if (ifindex_equal(d->nexthops[i].dev, dev))
			return true;
	/* A next hop that no link had yet may be on this one. */
	return d->nexthop_count < d->gateway_count;
}

static int dest_compare(const void *a, const void *b)
{
	const struct fib_dest *x = a, *y = b;

	return prefix_compare(&x->prefix, &y->prefix);
}

static void mark_over(struct fib *f, ifindex_t dev)
{
	struct fib_dest **all = (struct fib_dest **)map_sorted(&f->dests, &f->arena, dest_compare);

	for (size_t i = 0; i < f->dests.count; i++)
		if (goes_over(all[i], dev)) {
			all[i]->attempts = 0;
			mark(f, all[i]);
		}
	arena_reset(&f->arena);
}

static void mark_prefix(struct fib *f, const struct route_key *key)
{
	struct fib_dest *d = key->table == FIB_TABLE ? map_find(&f->dests, &key->prefix) : NULL;

	if (d != NULL)
		mark(f, d);
}

void fib_kernel_changed(struct fib *f, const struct kernel_event *event)
{
	if (event->kind == KERNEL_ROUTE_NEW || event->kind == KERNEL_ROUTE_DEL)
		mark_prefix(f, &event->route.key);
	else if (event->kind == KERNEL_LINK_NEW)
		mark_over(f, event->link.ifindex);
	else if (event->kind == KERNEL_LINK_DEL)
		mark_over(f, event->link_gone);
	else if (event->kind == KERNEL_ADDR_NEW || event->kind == KERNEL_ADDR_DEL)
		mark_over(f, event->addr.dev);
	else if (event->kind == KERNEL_DUMP_END && event->dump.table == TABLE_ROUTES)
		f->sweep_due = true;
}

/* ---- next hops ----------------------------------------------------------------------------------
 */

static int nexthop_compare(const void *a, const void *b)
{
	const struct route_nexthop *x = a, *y = b;

	if (!ifindex_equal(x->dev, y->dev))
		return x->dev.v < y->dev.v ? -1 : 1;
	return ip_compare(&x->gateway, &y->gateway);
}

static bool link_is_up(struct fib *f, ifindex_t dev)
{
	const struct mirror_link *l = mirror_link(f->mirror, dev);

	return l != NULL && l->link.admin_up && l->link.running;
}

/* Those that are on a link that is up, sorted, each once. */
static void resolve(struct fib *f, struct fib_dest *d)
{
	uint8_t count = 0;

	mem_free(d->nexthops);
	d->nexthops = mem_new_array((size_t)d->gateway_count + 1, sizeof(*d->nexthops));
	for (size_t i = 0; i < d->gateway_count; i++) {
		const struct ip *gateway = &d->gateways[i];
		ifindex_t dev = ip_is_link_local(gateway) ? d->scopes[i] : connected(f, gateway);

		if (dev.v == 0)
			dev = d->scopes[i];
		if (gateway->family != IP_NONE && link_is_up(f, dev))
			d->nexthops[count++] =
			    (struct route_nexthop){.gateway = *gateway, .dev = dev, .weight = 1};
	}
	qsort(d->nexthops, count, sizeof(*d->nexthops), nexthop_compare);
	d->nexthop_count = 0;
	for (size_t i = 0; i < count; i++)
		if (d->nexthop_count == 0 ||
		    nexthop_compare(&d->nexthops[d->nexthop_count - 1], &d->nexthops[i]) != 0)
			d->nexthops[d->nexthop_count++] = d->nexthops[i];
}

/* ---- reconcile ----------------------------------------------------------------------------------
 */

static bool next_step(struct fib *f, const struct route_key *key, const struct route_desired *want,
    struct kernel_op *op)
{
	const struct route_slot *slot = mirror_route(f->mirror, key);
	enum slot_status status;
	bool due = reconcile_route(slot, key, want, op, &status);
	struct slot_key adopted = {.kind = SLOT_ROUTE};

	if (status != SLOT_ORPHAN)
		return due;
	/* Our protocol is a mark that the kernel enforces. */
	adopted = slot_key_route(key->table, key->metric, &key->prefix);
	ledger_restore(f->mirror, &adopted, &(struct slot_content){.route = slot->entry});
	return reconcile_route(mirror_route(f->mirror, key), key, want, op, NULL);
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
	log_warning(
	    f->log, LOG_KERNEL, "audit: not as wanted: route %s", prefix_text(&d->prefix, text));
}

static void dest_run(struct fib *f, struct fib_dest *d)
{
	struct slot_key key = slot_key_route(FIB_TABLE, FIB_METRIC, &d->prefix);
	struct route_desired want = {0};
	struct kernel_op op;

	resolve(f, d);
	want.wanted = d->nexthop_count > 0 && !f->flushing;
	want.entry = (struct route_entry){.protocol = RTPROT_EVPND,
	    .type = RTN_UNICAST_TYPE,
	    .prefsrc = d->src,
	    .nexthop_count = d->nexthop_count,
	    .nexthops = d->nexthops};
	/* Kept over a restart until BGP has told what there is. */
	if (!want.wanted && !f->converged && !f->flushing && d->gateway_count > 0)
		return;
	if (!waits(f, d) && !mirror_is_stale(f->mirror) && next_step(f, &key.route, &want, &op)) {
		f->host.kernel_op(f->host.context, &op);
		count_difference(f, d);
		return;
	}
	d->audited = false;
	if (d->gateway_count > 0 || list_linked(&d->waiting) ||
	    mirror_route(f->mirror, &key.route) != NULL)
		return;
	map_remove(&f->dests, &d->prefix);
	dest_free(d);
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
	struct fib_dest *d = dest_get(f, &op->key.route.prefix);

	f->now = now;
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

		if ((*all)->key.table != FIB_TABLE || (*all)->key.metric != FIB_METRIC)
			continue;
		d = dest_get(f, &(*all)->key.prefix);
		if (d != NULL)
			mark(f, d);
	}
}

void fib_converged(struct fib *f)
{
	f->converged = f->sweep_due = true;
}

void fib_flush(struct fib *f)
{
	struct fib_dest *d;

	f->flushing = f->sweep_due = true;
	for (size_t at = 0; (d = map_next(&f->dests, &at)) != NULL;)
		d->attempts = 0;
}

bool fib_flushed(const struct fib *f)
{
	struct arena arena = {0};
	struct route_slot **all = mirror_route_all(f->mirror, &arena);
	bool left = false;

	for (; *all != NULL; all++)
		left |= (*all)->slot.present && (*all)->entry.protocol == RTPROT_EVPND &&
			(*all)->key.table == FIB_TABLE && (*all)->key.metric == FIB_METRIC;
	arena_fini(&arena);
	return !left;
}

static void mark_all(struct fib *f)
{
	struct fib_dest **all = (struct fib_dest **)map_sorted(&f->dests, &f->arena, dest_compare);

	for (size_t i = 0; i < f->dests.count; i++)
		mark(f, all[i]);
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
	if (f->was_stale && !mirror_is_stale(f->mirror)) {
		f->was_stale = false;
		mark_all(f);
	}
	retry_due(f);
	for (int i = 0; i < RUN_BUDGET && (n = list_shift(&f->dirty)) != NULL; i++)
		dest_run(f, list_entry(n, struct fib_dest, dirty));
	arena_reset(&f->arena);
	return f->dirty.count > 0;
}

mono_t fib_deadline(const struct fib *f)
{
	mono_t due = MONO_NEVER;

	for (struct list_node *n = list_first(&f->waiting); n != NULL;
	     n = list_after(&f->waiting, n))
		due = mono_min(due, list_entry(n, struct fib_dest, waiting)->retry_at);
	return due;
}
