/*
 * Origination: prefixes of the host into BGP.
 *
 * One object for each prefix holds the facts: a `network` statement, an interface that has it, a
 * static route of ours, the routes of others in the main table. From these alone it is recomputed
 * what is announced, when any of them changed: the statement first, then connected, static and
 * kernel routes, each if it is wanted and its route-map permits. (RFC 4271 section 9.4 leaves this
 * to configuration; FRR's statements.)
 *
 * Routes of others live here because nothing else wants them, and only while a statement asks for
 * them. A notification tells of one way to a prefix that went; another of the same kind may have
 * been behind it, and IPv4 routes go with their link without a word (docs/kernel.md). So after
 * either the table is dumped again, and what the dump does not show is gone.
 */
#include "evpn/originate.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "evpn/connected.h"
#include "kernel/reconcile.h"

#define MAIN_TABLE 254
#define RUN_BUDGET 1024
/* No table grows without limit: routes of others beyond this many are not announced. */
#define PREFIXES_MAX 1000000u

/* The protocols of FRR's daemons that iproute2 does not name (RTPROT_BGP and up it does). */
#define RTPROT_FRR_STATIC 196
#define RTPROT_FRR_LAST 199

/* A route of another protocol. */
struct host_route {
	bool present;
	bool seen; /* … in the dump under way, or notified since it began */
	uint8_t protocol;
	uint32_t metric;
	ifindex_t dev; /* 0 none: a blackhole */
};

struct prefix_facts {
	struct prefix prefix;			/* key */
	const struct network_settings *network; /* NULL none; in o->networks */
	ifindex_t connected;			/* the interface that has it; 0 none */
	/* The best one of each kind: lowest metric. */
	struct host_route routes[REDISTRIBUTES];
	struct own_static own_static;
	bool announced;
	struct list_node dirty;
};

struct origination {
	struct log *log;
	struct mirror *mirror;
	struct bgp *bgp;
	struct origination_host host;
	struct arena arena;
	struct map prefixes; /* struct prefix_facts, owned */
	struct list dirty;
	struct network_settings *networks; /* owned, with their route_map */
	size_t network_count;
	struct redistribute_settings redistribute[BGP_FAMILIES][REDISTRIBUTES]; /* owned names */
	bool import_check;
	bool links_dirty;
	bool dumping; /* the table of routes */
	bool full;    /* said */
};

struct origination *origination_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct bgp *bgp, const struct origination_host *host)
{
	struct origination *o = mem_new(sizeof(*o));

	o->log = log;
	o->mirror = mirror;
	o->bgp = bgp;
	o->host = *host;
	map_init(&o->prefixes, offsetof(struct prefix_facts, prefix), sizeof(struct prefix), seed);
	list_init(&o->dirty);
	return o;
}

static void settings_free(struct origination *o)
{
	for (size_t i = 0; i < o->network_count; i++)
		mem_free(o->networks[i].route_map);
	mem_free(o->networks);
	for (int f = 0; f < BGP_FAMILIES; f++)
		for (int r = 0; r < REDISTRIBUTES; r++)
			mem_free(o->redistribute[f][r].route_map);
}

void origination_free(struct origination *o)
{
	struct prefix_facts *p;

	if (o == NULL)
		return;
	for (size_t at = 0; (p = map_next(&o->prefixes, &at)) != NULL;)
		mem_free(p);
	map_fini(&o->prefixes);
	settings_free(o);
	arena_fini(&o->arena);
	mem_free(o);
}

/* ---- prefixes ---- */

static enum bgp_family family_of(const struct prefix *p)
{
	return p->addr.family == IP_V6 ? BGP_IPV6_UNICAST : BGP_IPV4_UNICAST;
}

static void mark(struct origination *o, struct prefix_facts *p)
{
	if (!list_linked(&p->dirty))
		list_append(&o->dirty, &p->dirty);
}

static struct prefix_facts *prefix_get(struct origination *o, const struct prefix *prefix)
{
	struct prefix_facts *p = map_find(&o->prefixes, prefix);

	if (p != NULL)
		return p;
	if (o->prefixes.count >= PREFIXES_MAX) {
		if (!o->full)
			log_error(o->log, LOG_BGP,
			    "more than %u prefixes of the host: no more are announced",
			    PREFIXES_MAX);
		o->full = true;
		return NULL;
	}
	p = mem_new(sizeof(*p));
	p->prefix = *prefix;
	map_insert(&o->prefixes, p);
	return p;
}

static int prefix_facts_compare(const void *a, const void *b)
{
	const struct prefix_facts *x = a, *y = b;

	return prefix_compare(&x->prefix, &y->prefix);
}

/* Sorted, NULL-terminated, in the arena. */
static struct prefix_facts **all_prefixes(struct origination *o)
{
	return (struct prefix_facts **)map_sorted(&o->prefixes, &o->arena, prefix_facts_compare);
}

static bool has_route(const struct prefix_facts *p)
{
	return p->routes[REDISTRIBUTE_KERNEL].present || p->routes[REDISTRIBUTE_STATIC].present ||
	       p->own_static.present;
}

/* ---- what is announced ---- */

static const char *interface_name(const struct origination *o, ifindex_t dev)
{
	const struct mirror_link *l = mirror_link(o->mirror, dev);

	return l == NULL ? NULL : l->link.name;
}

static struct nlri nlri_of(const struct prefix *p)
{
	return (struct nlri){.family = family_of(p), .prefix = *p};
}

/* With a MULTI_EXIT_DISC of 0, as FRR has it. */
static bool announce_network(struct origination *o, const struct prefix_facts *p)
{
	struct bgp_local l = {
	    .nlri = nlri_of(&p->prefix), .origin = ORIGIN_IGP, .has_metric = true};

	if (p->network == NULL)
		return false;
	if (o->import_check && p->connected.v == 0 && !has_route(p))
		return false;
	l.route_map = p->network->route_map;
	l.interface = interface_name(o, p->connected);
	return bgp_originate_local(o->bgp, &l);
}

static bool is_there(const struct prefix_facts *p, enum redistribute from)
{
	if (from == REDISTRIBUTE_CONNECTED)
		return p->connected.v != 0;
	return p->routes[from].present || (from == REDISTRIBUTE_STATIC && p->own_static.present);
}

/* Metric, tag and link of the host's route. */
static void describe(const struct origination *o, const struct prefix_facts *p,
    enum redistribute from, struct bgp_local *l)
{
	ifindex_t dev = p->routes[from].dev;

	if (from == REDISTRIBUTE_CONNECTED) {
		dev = p->connected;
	} else if (from == REDISTRIBUTE_STATIC && p->own_static.present) {
		dev = p->own_static.dev;
		l->tag = p->own_static.tag;
	} else {
		l->metric = p->routes[from].metric;
	}
	l->interface = interface_name(o, dev);
}

static bool announce_redistributed(
    struct origination *o, const struct prefix_facts *p, enum redistribute from)
{
	const struct redistribute_settings *s = &o->redistribute[family_of(&p->prefix)][from];
	struct bgp_local l = {.nlri = nlri_of(&p->prefix),
	    .origin = ORIGIN_INCOMPLETE,
	    .has_metric = true,
	    .route_map = s->route_map,
	    .source = redistribute_name(from)};

	if (!s->enabled || !is_there(p, from))
		return false;
	describe(o, p, from, &l);
	if (s->has_metric)
		l.metric = s->metric;
	return bgp_originate_local(o->bgp, &l);
}

static bool announce(struct origination *o, const struct prefix_facts *p)
{
	static const enum redistribute order[] = {
	    REDISTRIBUTE_CONNECTED, REDISTRIBUTE_STATIC, REDISTRIBUTE_KERNEL};

	if (announce_network(o, p))
		return true;
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (announce_redistributed(o, p, order[i]))
			return true;
	return false;
}

static void evaluate(struct origination *o, struct prefix_facts *p)
{
	struct nlri nlri = nlri_of(&p->prefix);
	bool announced = announce(o, p);

	if (p->announced && !announced)
		bgp_withdraw(o->bgp, &nlri);
	p->announced = announced;
	if (p->network != NULL || p->connected.v != 0 || has_route(p))
		return;
	map_remove(&o->prefixes, &p->prefix);
	mem_free(p);
}

/* ---- connected prefixes ---- */

static void connected_again(struct origination *o)
{
	struct prefix_facts **all = all_prefixes(o);
	struct connected connected = {0};
	size_t count = o->prefixes.count;
	ifindex_t *before = arena_new(&o->arena, (count + 1) * sizeof(*before));

	for (size_t i = 0; i < count; i++) {
		before[i] = all[i]->connected;
		all[i]->connected = (ifindex_t){0};
	}
	connected_read(&connected, o->mirror, &o->arena);
	for (size_t i = 0; i < connected.count; i++) {
		struct prefix_facts *p = prefix_get(o, &connected.list[i].prefix);

		if (p != NULL)
			p->connected = connected.list[i].dev;
	}
	connected_fini(&connected);
	for (size_t i = 0; i < count; i++)
		if (!ifindex_equal(before[i], all[i]->connected))
			mark(o, all[i]);
	if (o->prefixes.count > count)
		for (all = all_prefixes(o); *all != NULL; all++)
			if (!(*all)->announced && (*all)->connected.v != 0)
				mark(o, *all);
}

void origination_kernel_changed(struct origination *o, const struct kernel_event *event)
{
	bool link = event->kind == KERNEL_LINK_NEW || event->kind == KERNEL_LINK_DEL;
	bool address = event->kind == KERNEL_ADDR_NEW || event->kind == KERNEL_ADDR_DEL;

	if (!link && !address)
		return;
	o->links_dirty = true;
	/* With a link or an address routes may have gone silently. */
	if (event->kind == KERNEL_LINK_DEL || event->kind == KERNEL_ADDR_DEL ||
	    (event->kind == KERNEL_LINK_NEW && !event->link.admin_up))
		o->host.want_routes(o->host.context);
}

void origination_static(
    struct origination *o, const struct prefix *prefix, const struct own_static *route)
{
	struct prefix_facts *p = prefix_get(o, prefix);

	if (p == NULL)
		return;
	p->own_static = *route;
	mark(o, p);
}

/* ---- routes of others ---- */

/* False: a route that is not to be announced: our own, one that the kernel makes for an address
 * (connected), one of a routing daemon. */
static bool kind_of(uint8_t protocol, enum redistribute *from)
{
	if (protocol == RTPROT_EVPND || protocol == RTPROT_KERNEL || protocol == RTPROT_REDIRECT)
		return false;
	/* FRR's own, of its `ip route`. What others mark static it counts as the kernel's. */
	*from = protocol == RTPROT_FRR_STATIC ? REDISTRIBUTE_STATIC : REDISTRIBUTE_KERNEL;
	return *from == REDISTRIBUTE_STATIC || protocol < RTPROT_BGP || protocol > RTPROT_FRR_LAST;
}

static bool wanted(const struct origination *o, const struct prefix *prefix)
{
	const struct redistribute_settings *r = o->redistribute[family_of(prefix)];
	const struct prefix_facts *p = map_find(&o->prefixes, prefix);

	return r[REDISTRIBUTE_KERNEL].enabled || r[REDISTRIBUTE_STATIC].enabled ||
	       (p != NULL && p->network != NULL);
}

static void route_new(struct origination *o, struct prefix_facts *p, enum redistribute from,
    const struct kernel_event *e)
{
	struct host_route *r = &p->routes[from];
	struct host_route news = {.present = true,
	    .seen = true,
	    .protocol = e->route.entry.protocol,
	    .metric = e->route.key.metric};

	if (e->route.entry.nexthop_count > 0)
		news.dev = e->route.entry.nexthops[0].dev;
	/* In a dump what is not shown yet may be gone. */
	if (r->present && (r->seen || !o->dumping) && r->metric < news.metric)
		return;
	if (!r->present || r->metric != news.metric || !ifindex_equal(r->dev, news.dev))
		mark(o, p);
	*r = news;
}

static void route_del(struct origination *o, struct prefix_facts *p, enum redistribute from,
    const struct kernel_event *e)
{
	struct host_route *r = &p->routes[from];

	o->host.want_routes(o->host.context);
	if (!r->present || r->metric != e->route.key.metric)
		return;
	r->present = false;
	mark(o, p);
}

static void route_changed(struct origination *o, const struct kernel_event *event)
{
	const struct prefix *prefix = &event->route.key.prefix;
	enum redistribute from;
	struct prefix_facts *p;

	if (event->route.key.table != MAIN_TABLE || !kind_of(event->route.entry.protocol, &from) ||
	    !wanted(o, prefix))
		return;
	p = event->kind == KERNEL_ROUTE_NEW ? prefix_get(o, prefix)
					    : map_find(&o->prefixes, prefix);
	if (p == NULL)
		return;
	if (event->kind == KERNEL_ROUTE_NEW)
		route_new(o, p, from, event);
	else
		route_del(o, p, from, event);
}

static void routes_unseen(struct origination *o, bool begin)
{
	struct prefix_facts **all = all_prefixes(o);

	o->dumping = begin;
	for (; *all != NULL; all++)
		for (int i = 0; i < REDISTRIBUTES; i++) {
			struct host_route *r = &(*all)->routes[i];

			if (!begin && r->present && !r->seen) {
				r->present = false;
				mark(o, *all);
			}
			r->seen = false;
		}
	arena_reset(&o->arena);
}

void origination_route_seen(struct origination *o, const struct kernel_event *event)
{
	if (event->kind == KERNEL_ROUTE_NEW || event->kind == KERNEL_ROUTE_DEL)
		route_changed(o, event);
	else if (event->kind == KERNEL_DUMP_BEGIN || event->kind == KERNEL_DUMP_END)
		if (event->dump.table == TABLE_ROUTES)
			routes_unseen(o, event->kind == KERNEL_DUMP_BEGIN);
}

/* ---- settings ---- */

static void settings_copy(struct origination *o, const struct bgp_settings *s)
{
	settings_free(o);
	o->networks = mem_dup(s->networks, s->network_count * sizeof(*o->networks));
	o->network_count = s->network_count;
	for (size_t i = 0; i < o->network_count; i++)
		if (o->networks[i].route_map != NULL)
			o->networks[i].route_map = mem_strdup(o->networks[i].route_map);
	memcpy(o->redistribute, s->redistribute, sizeof(o->redistribute));
	for (int f = 0; f < BGP_FAMILIES; f++)
		for (int r = 0; r < REDISTRIBUTES; r++) {
			char **name = &o->redistribute[f][r].route_map;

			*name = *name == NULL ? NULL : mem_strdup(*name);
		}
	o->import_check = s->network_import_check;
}

void origination_configure(struct origination *o, const struct bgp_settings *s)
{
	struct prefix_facts **all;

	settings_copy(o, s);
	for (all = all_prefixes(o); *all != NULL; all++) {
		(*all)->network = NULL;
		mark(o, *all);
	}
	for (size_t i = 0; i < o->network_count; i++) {
		struct prefix_facts *p = prefix_get(o, &o->networks[i].prefix);

		if (p == NULL)
			continue;
		p->network = &o->networks[i];
		mark(o, p);
	}
	arena_reset(&o->arena);
	o->host.want_routes(o->host.context);
}

static bool may_run(const struct origination *o)
{
	return mirror_is_synced(o->mirror) && !mirror_is_stale(o->mirror);
}

bool origination_pending(const struct origination *o)
{
	return may_run(o) && o->dirty.count > 0;
}

bool origination_run(struct origination *o)
{
	struct list_node *n;

	if (!may_run(o))
		return false;
	if (o->links_dirty)
		connected_again(o);
	o->links_dirty = false;
	for (int i = 0; i < RUN_BUDGET && (n = list_shift(&o->dirty)) != NULL; i++)
		evaluate(o, list_entry(n, struct prefix_facts, dirty));
	arena_reset(&o->arena);
	return o->dirty.count > 0;
}
