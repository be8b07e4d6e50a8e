/*
 * Destinations and their paths, and the running of the decision process over them.
 *
 * Owns destinations, paths and the table of extras. Handlers of messages record what a peer said
 * (loc_rib_set, loc_rib_unset) and mark the destination dirty; nothing is decided or freed before
 * bgp_run() takes it from the queue. So a withdrawal and a new announcement within one turn are
 * one change, or none.
 *
 * Invariants: a path with attributes is in its destination's list exactly once per peer and Path
 * Identifier; `first` is the storage of at most one of them; PATH_SELECTED is on `selected` paths,
 * PATH_BEST on one of these. The map is for lookup; the order in which destinations are walked is
 * that of creation. The queue is dirty.c.
 */
#include "bgp/loc_rib.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "bgp/adj_rib_out.h"
#include "bgp/bandwidth.h"
#include "bgp/extcomm.h"
#include "bgp/peer.h"
#include "bgp/recursion.h"

void loc_rib_init(struct loc_rib *rib, uint64_t seed)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		map_init(&rib->tables[f].dests, offsetof(struct dest, key), 0, seed);
		list_init(&rib->tables[f].order);
	}
	pool_init(&rib->path_pool, sizeof(struct path));
	pool_init(&rib->out_pool, sizeof(struct out));
	pool_init(&rib->path_out_pool, sizeof(struct path_out));
	rib->attrs = attr_table_new(seed);
	extra_table_init(&rib->extras, seed);
	nexthop_table_init(&rib->nexthops, seed);
}

static void path_release(struct loc_rib *rib, struct dest *d, struct path *p)
{
	attrs_release(rib->attrs, p->attrs);
	extra_release(&rib->extras, p->extra);
	nexthop_release(&rib->nexthops, p->nexthop);
	if (p == &d->first)
		*p = (struct path){0};
	else
		pool_free(&rib->path_pool, p);
}

void loc_rib_free_dest(struct loc_rib *rib, struct dest *d)
{
	struct rib_table *t = &rib->tables[d->family];

	out_index_forget(&rib->outs, d);
	map_remove(&t->dests, d->key);
	list_remove(&t->order, &d->order);
	rib->dest_count--;
	mem_free(d);
}

void loc_rib_fini(struct loc_rib *rib)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		struct dest *d;

		while ((d = loc_rib_after(rib, f, NULL)) != NULL) {
			check(d->outs == NULL);
			for (struct path *p = d->paths, *next; p != NULL; p = next) {
				next = p->next;
				path_release(rib, d, p);
			}
			loc_rib_free_dest(rib, d);
		}
		map_fini(&rib->tables[f].dests);
	}
	attr_table_free(rib->attrs);
	extra_table_fini(&rib->extras);
	nexthop_table_fini(&rib->nexthops);
	pool_fini(&rib->path_pool);
	pool_fini(&rib->out_pool);
	pool_fini(&rib->path_out_pool);
	mem_free(rib->scratch);
	mem_free(rib->ranked);
	mem_free(rib->overtaking.all);
}

/* ---- destinations ---- */

struct dest *loc_rib_find(const struct loc_rib *rib, const struct nlri *n)
{
	uint8_t key[NLRI_KEY_MAX];

	nlri_key(n, key);
	return map_find(&rib->tables[n->family].dests, key);
}

static size_t dest_size(const uint8_t *key)
{
	size_t size = offsetof(struct dest, key) + 1 + key[0];

	return size < sizeof(struct dest) ? sizeof(struct dest) : size;
}

struct dest *loc_rib_get(struct loc_rib *rib, const struct nlri *n)
{
	struct rib_table *t = &rib->tables[n->family];
	uint8_t key[NLRI_KEY_MAX];
	struct dest *d;

	nlri_key(n, key);
	d = map_find(&t->dests, key);
	if (d != NULL)
		return d;
	if (rib->dest_count >= RIB_DESTS_MAX) {
		rib->refused++;
		return NULL;
	}
	/* The key may begin inside the padding at the end of the struct. */
	d = mem_new(dest_size(key));
	memcpy(d->key, key, (size_t)1 + key[0]);
	d->family = (uint8_t)n->family;
	map_insert(&t->dests, d);
	list_append(&t->order, &d->order);
	rib->dest_count++;
	return d;
}

struct dest *loc_rib_after(const struct loc_rib *rib, enum bgp_family family, const struct dest *d)
{
	const struct list *order = &rib->tables[family].order;
	struct list_node *n = d == NULL ? list_first(order) : list_after(order, &d->order);

	return n == NULL ? NULL : list_entry(n, struct dest, order);
}

bool dest_unused(const struct dest *d)
{
	return d->paths == NULL && d->outs == NULL && !d->dirty;
}

void dest_nlri(const struct dest *d, const struct nlri_extra *extra, struct nlri *n)
{
	nlri_from_key(d->family, d->key, n);
	extra_apply(extra, n);
}

struct path *dest_best(const struct dest *d)
{
	struct path *p = d->paths;

	while (p != NULL && (p->flags & PATH_BEST) == 0)
		p = p->next;
	/* Without its peer nothing can be said about it. */
	return p == NULL || (p->flags & PATH_ORPHAN) != 0 ? NULL : p;
}

/* ---- paths ---- */

/* The first path of this peer from `p` on; NULL: there is no more. */
static struct path *path_of(struct path *p, const struct peer *peer)
{
	while (p != NULL && (p->peer != peer || (p->flags & PATH_ORPHAN) != 0))
		p = p->next;
	return p;
}

static struct path *path_find(const struct dest *d, const struct peer *peer, uint32_t path_id)
{
	struct path *p = path_of(d->paths, peer);

	while (p != NULL && p->path_id != path_id)
		p = path_of(p->next, peer);
	return p;
}

static struct path *path_add(
    struct loc_rib *rib, struct dest *d, struct peer *peer, uint32_t path_id)
{
	struct path *p = d->first.attrs == NULL ? &d->first : pool_new(&rib->path_pool);

	p->peer = peer;
	p->path_id = path_id;
	p->next = d->paths;
	d->paths = p;
	return p;
}

static void count_accepted(const struct dest *d, struct peer *peer, int by)
{
	if (peer != NULL)
		peer->accepted[d->family] += (uint32_t)by;
}

/* The peer is back and has said it again, or it goes. */
static void path_unstale(const struct dest *d, struct path *p)
{
	if ((p->flags & PATH_STALE) != 0)
		p->peer->stale[d->family]--;
	p->flags &= (uint16_t)~PATH_STALE;
}

static void path_stale(const struct dest *d, struct path *p)
{
	if ((p->flags & PATH_STALE) == 0)
		p->peer->stale[d->family]++;
	p->flags = (uint16_t)((p->flags & ~PATH_REFRESH) | PATH_STALE);
}

/* What forwards: on a link with an unnumbered peer its link-local address, else the global one. */
static struct bgp_nexthop nexthop_of(
    const struct dest *d, const struct peer *peer, const struct attrs *a)
{
	struct bgp_nexthop n = {0};

	if (peer == NULL)
		return n;
	n.ip = a->next_hop;
	if (a->next_hop_link_local.family != IP_NONE &&
	    (n.ip.family == IP_NONE || (d->family != BGP_L2VPN_EVPN && peer->ifindex.v != 0)))
		n.ip = a->next_hop_link_local;
	if (ip_is_link_local(&n.ip))
		n.scope = peer->ifindex;
	return n;
}

static void path_take(struct loc_rib *rib, const struct dest *d, struct path *p,
    const struct attrs *attrs, const struct nlri_extra *extra)
{
	const struct bgp_nexthop key = nexthop_of(d, p->peer, attrs);
	const struct attrs *old = p->attrs;
	uint32_t before = p->nexthop;

	p->nexthop = nexthop_hold(&rib->nexthops, &key);
	nexthop_release(&rib->nexthops, before);
	p->attrs = attrs_hold(attrs);
	attrs_release(rib->attrs, old);
	extra_release(&rib->extras, p->extra);
	p->extra = extra;
}

bool loc_rib_set(
    struct loc_rib *rib, struct peer *peer, const struct nlri *n, const struct attrs *attrs)
{
	struct dest *d = loc_rib_get(rib, n);
	struct path *p = d == NULL ? NULL : path_find(d, peer, n->path_id);
	const struct nlri_extra *extra;
	bool same;

	if (d == NULL)
		return false;
	extra = extra_intern(&rib->extras, n);
	if (p == NULL || (p->flags & PATH_WITHDRAWN) != 0)
		count_accepted(d, peer, 1);
	if (p == NULL)
		p = path_add(rib, d, peer, n->path_id);
	same = p->attrs == attrs && p->extra == extra;
	path_unstale(d, p);
	p->flags &= (uint16_t)~PATH_REFRESH;
	if (same && (p->flags & PATH_WITHDRAWN) == 0) {
		extra_release(&rib->extras, extra);
		return true;
	}
	p->flags &= (uint16_t)~PATH_WITHDRAWN;
	if (!same)
		p->flags |= PATH_CHANGED;
	path_take(rib, d, p, attrs, extra);
	loc_rib_mark_dirty(rib, d, peer == NULL);
	return true;
}

static void path_withdraw(struct loc_rib *rib, struct dest *d, struct path *p)
{
	if ((p->flags & PATH_WITHDRAWN) != 0)
		return;
	p->flags |= PATH_WITHDRAWN;
	path_unstale(d, p);
	count_accepted(d, p->peer, -1);
	loc_rib_mark_dirty(rib, d, p->peer == NULL);
}

void loc_rib_unset(struct loc_rib *rib, struct peer *peer, const struct nlri *n)
{
	struct dest *d = loc_rib_find(rib, n);
	struct path *p = d == NULL ? NULL : path_find(d, peer, n->path_id);

	if (p != NULL)
		path_withdraw(rib, d, p);
}

void loc_rib_touch_paths(struct loc_rib *rib, enum bgp_family family, const struct peer *peer)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d)) {
		struct path *p = path_of(d->paths, peer);

		if (p != NULL)
			loc_rib_mark_dirty(rib, d, false);
		for (; p != NULL; p = path_of(p->next, peer))
			p->flags |= PATH_CHANGED;
	}
}

void loc_rib_drop_paths(struct loc_rib *rib, enum bgp_family family, struct peer *peer, bool orphan)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d)) {
		struct path *p = path_of(d->paths, peer), *next;

		for (; p != NULL; p = next) {
			next = path_of(p->next, peer);
			path_withdraw(rib, d, p);
			if (orphan) {
				p->flags |= PATH_ORPHAN;
				p->peer = NULL;
			}
		}
	}
}

void loc_rib_refresh_begin(struct loc_rib *rib, enum bgp_family family, struct peer *peer)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d)) {
		struct path *p = path_of(d->paths, peer);

		for (; p != NULL; p = path_of(p->next, peer))
			p->flags |= PATH_REFRESH;
	}
}

void loc_rib_refresh_end(struct loc_rib *rib, enum bgp_family family, struct peer *peer)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d)) {
		struct path *p = path_of(d->paths, peer);

		for (; p != NULL; p = path_of(p->next, peer))
			if ((p->flags & PATH_REFRESH) != 0)
				path_withdraw(rib, d, p);
	}
}

/* ---- paths that outlive their session ---- */

void loc_rib_stale_begin(struct loc_rib *rib, enum bgp_family family, struct peer *peer)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d)) {
		struct path *p = path_of(d->paths, peer);

		for (; p != NULL; p = path_of(p->next, peer))
			if ((p->flags & PATH_WITHDRAWN) == 0)
				path_stale(d, p);
	}
}

void loc_rib_stale_end(struct loc_rib *rib, enum bgp_family family, struct peer *peer)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d)) {
		struct path *p = path_of(d->paths, peer);

		for (; p != NULL; p = path_of(p->next, peer))
			if ((p->flags & PATH_STALE) != 0)
				path_withdraw(rib, d, p);
	}
}

static void path_long_lived(
    struct loc_rib *rib, struct dest *d, struct path *p, struct arena *arena)
{
	const uint32_t stale = COMMUNITY_LLGR_STALE;
	struct attrs a = *p->attrs;
	const struct attrs *marked;

	if (attrs_have_community(&a, COMMUNITY_NO_LLGR)) {
		path_withdraw(rib, d, p);
		return;
	}
	attrs_add_communities(&a, &stale, 1, arena);
	marked = attrs_intern(rib->attrs, &a);
	path_take(rib, d, p, marked, extra_hold(p->extra));
	attrs_release(rib->attrs, marked);
	p->flags |= PATH_CHANGED;
	loc_rib_mark_dirty(rib, d, false);
}

void loc_rib_long_lived(
    struct loc_rib *rib, enum bgp_family family, struct peer *peer, struct arena *arena)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d)) {
		struct path *p = path_of(d->paths, peer);

		for (; p != NULL; p = path_of(p->next, peer))
			if ((p->flags & (PATH_STALE | PATH_WITHDRAWN)) == PATH_STALE)
				path_long_lived(rib, d, p, arena);
	}
}

/* ---- the decision ---- */

static bool is_mac_ip(const struct dest *d)
{
	return d->family == BGP_L2VPN_EVPN && d->key[1] == EVPN_MAC_IP;
}

static uint32_t path_router_id(const struct path *p)
{
	if (p->attrs->has_originator_id)
		return ip_to_u32(&p->attrs->originator_id);
	return p->peer == NULL ? 0 : ip_to_u32(&p->peer->router_id);
}

/* No policy looks at EVPN routes of ours: their attributes need no number of this host. */
static uint32_t path_weight(const struct dest *d, const struct path *p)
{
	return p->peer == NULL && d->family == BGP_L2VPN_EVPN ? BGP_LOCAL_WEIGHT : p->attrs->weight;
}

/* FRR's connected check: the next hop of a peer one hop away is on a link of ours, unless one of
 * two statements says that it need not. */
static bool must_be_connected(const struct bgp_settings *s, const struct peer *peer)
{
	return peer != NULL && peer->ebgp && peer->settings->ttl == 1 &&
	       !peer->settings->disable_connected_check && !s->disable_connected_check;
}

bool loc_rib_usable(const struct loc_rib *rib, const struct bgp_settings *s, const struct dest *d,
    const struct path *p)
{
	const struct nexthop *n = nexthop_at(&rib->nexthops, p->nexthop);

	/* What others advertise of a MAC counts whether or not its VTEP can be reached just now:
	 * the next sequence must be above it (docs/decisions/vteps-do-not-decide.md). */
	if (n == NULL || d->family == BGP_L2VPN_EVPN)
		return true;
	return n->state.reachable && !n->own &&
	       (n->state.connected || !must_be_connected(s, p->peer)) &&
	       !recursion_leads_back(rib, d, n);
}

static struct decision_path decision_path_of(
    const struct loc_rib *rib, const struct dest *d, struct path *p, bool usable)
{
	const struct nexthop *n = nexthop_at(&rib->nexthops, p->nexthop);
	struct decision_path c = {.attrs = p->attrs,
	    .long_lived_stale = attrs_have_community(p->attrs, COMMUNITY_LLGR_STALE),
	    .owner = p,
	    .local = p->peer == NULL,
	    .unreachable = !usable,
	    .igp_metric = n == NULL || d->family == BGP_L2VPN_EVPN ? 0 : n->state.metric,
	    .evpn = d->family == BGP_L2VPN_EVPN,
	    .router_id = path_router_id(p),
	    .path_id = p->path_id};

	if (p->peer != NULL) {
		c.ebgp = p->peer->ebgp;
		c.peer_address = p->peer->address;
		c.peer_ifindex = p->peer->ifindex;
	}
	if (is_mac_ip(d))
		attrs_mac_mobility(p->attrs, &c.sequence, &c.sticky);
	else
		c.weight = path_weight(d, p);
	return c;
}

static struct decision_rules rules_of(const struct bgp_settings *s, const struct dest *d)
{
	struct decision_rules r = {.always_compare_med = s->always_compare_med,
	    .has_default_local_pref = s->has_default_local_pref,
	    .default_local_pref = s->default_local_pref,
	    .med_missing_as_worst = s->med_missing_as_worst,
	    .as_path_ignore = s->as_path_ignore,
	    .equal_cluster_length = s->equal_cluster_length[d->family],
	    .multipath_relax = s->multipath_relax,
	    .peer_type_relax = s->peer_type_relax,
	    .max_paths_ebgp = s->maximum_paths[d->family],
	    .max_paths_ibgp = s->maximum_paths_ibgp[d->family]};

	if (r.max_paths_ebgp > BGP_PATHS_MAX)
		r.max_paths_ebgp = BGP_PATHS_MAX;
	if (r.max_paths_ibgp > BGP_PATHS_MAX)
		r.max_paths_ibgp = BGP_PATHS_MAX;
	return r;
}

static void scratch_fit(struct loc_rib *rib, size_t n)
{
	if (n <= rib->scratch_room)
		return;
	rib->scratch_room = n * 2;
	rib->scratch = mem_resize(rib->scratch, rib->scratch_room * sizeof(*rib->scratch));
	rib->ranked = mem_resize(rib->ranked, rib->scratch_room * sizeof(*rib->ranked));
}

/* Frees what was withdrawn. *best_gone, *lost: the best path, one of the set was among it. */
static size_t sweep(struct loc_rib *rib, struct dest *d, struct loc_rib_change *change)
{
	size_t n = 0;

	for (struct path **at = &d->paths, *p; (p = *at) != NULL;) {
		if ((p->flags & PATH_WITHDRAWN) == 0) {
			n++;
			at = &p->next;
			continue;
		}
		change->any_changed = true;
		change->visible |= (p->flags & PATH_SELECTED) != 0;
		change->best_changed |= (p->flags & PATH_BEST) != 0;
		*at = p->next;
		path_release(rib, d, p);
	}
	return n;
}

/* Says whether it may use its next hop, and notes it. */
static bool note_usable(struct loc_rib *rib, const struct bgp_settings *s, const struct dest *d,
    struct path *p, struct loc_rib_change *change)
{
	bool usable = loc_rib_usable(rib, s, d, p);

	if (!usable)
		recursion_refused(rib, p->nexthop);
	if (usable != ((p->flags & PATH_UNUSABLE) == 0)) {
		p->flags ^= PATH_UNUSABLE;
		change->any_changed = true;
	}
	return usable;
}

/* Fills rib->ranked with the paths, the selected ones first; their number. */
static size_t rank(struct loc_rib *rib, const struct bgp_settings *s, struct dest *d, size_t n,
    struct loc_rib_change *change)
{
	struct decision_rules rules = rules_of(s, d);
	size_t i = 0;

	scratch_fit(rib, n);
	for (struct path *p = d->paths; p != NULL; p = p->next, i++) {
		bool usable = note_usable(rib, s, d, p, change);

		rib->ranked[i] = &rib->scratch[i];
		if (n == 1)
			rib->scratch[i] = (struct decision_path){.attrs = p->attrs,
			    .owner = p,
			    .local = p->peer == NULL,
			    .unreachable = !usable};
		else
			rib->scratch[i] = decision_path_of(rib, d, p, usable);
	}
	return decision_select(&rules, rib->ranked, n);
}

const struct path *loc_rib_best_of_as(
    struct loc_rib *rib, const struct bgp_settings *s, const struct dest *d, uint32_t as)
{
	struct decision_rules rules = rules_of(s, d);
	size_t n = 0;

	for (struct path *p = d->paths; p != NULL; p = p->next) {
		if ((p->flags & PATH_WITHDRAWN) != 0 || as_path_first(p->attrs) != as)
			continue;
		scratch_fit(rib, n + 1);
		rib->scratch[n++] = decision_path_of(rib, d, p, (p->flags & PATH_UNUSABLE) == 0);
	}
	for (size_t i = 0; i < n; i++)
		rib->ranked[i] = &rib->scratch[i];
	decision_select(&rules, rib->ranked, n);
	return n == 0 ? NULL : rib->ranked[0]->owner;
}

struct bgp_route loc_rib_route(const struct dest *d, const struct path *p)
{
	struct bgp_route r = {
	    .attrs = p->attrs, .local = p->peer == NULL, .stale = (p->flags & PATH_STALE) != 0};
	struct nlri n;

	r.nexthop = nexthop_of(d, p->peer, p->attrs);
	r.aggregate = p->peer == NULL && p->path_id == AGGREGATE_PATH_ID;
	if (p->peer != NULL) {
		r.peer_address = p->peer->address;
		r.peer_ifindex = p->peer->ifindex;
		r.ebgp = p->peer->ebgp;
	}
	if (p->extra == NULL)
		return r;
	dest_nlri(d, p->extra, &n);
	r.esi = n.evpn.esi;
	r.label1 = n.evpn.label1;
	r.label2 = n.evpn.label2;
	r.has_label2 = n.evpn.has_label2;
	r.gateway = n.evpn.gateway;
	return r;
}

/* Moves the flags to the new set; tells whether that is to be seen. */
static void select_paths(
    struct loc_rib *rib, struct dest *d, size_t count, struct loc_rib_change *change)
{
	change->visible |= count != d->selected;
	/* The paths are still there, but none has a reachable next hop any more. */
	change->best_changed |= count == 0 && d->selected > 0;
	for (size_t i = 0; i < count; i++) {
		struct path *p = rib->ranked[i]->owner;
		bool was_best = (p->flags & PATH_BEST) != 0;

		change->visible |= (p->flags & (PATH_SELECTED | PATH_CHANGED)) != PATH_SELECTED ||
				   was_best != (i == 0);
		change->best_changed |= i == 0 && (!was_best || (p->flags & PATH_CHANGED) != 0);
	}
	for (struct path *p = d->paths; p != NULL; p = p->next) {
		change->any_changed |= (p->flags & PATH_CHANGED) != 0;
		p->flags &= (uint16_t) ~(PATH_SELECTED | PATH_BEST | PATH_CHANGED);
	}
	for (size_t i = 0; i < count; i++) {
		struct path *p = rib->ranked[i]->owner;

		p->flags |= i == 0 ? PATH_SELECTED | PATH_BEST : PATH_SELECTED;
	}
	d->selected = (uint8_t)count;
}

struct loc_rib_change loc_rib_decide(
    struct loc_rib *rib, const struct bgp_settings *s, struct dest *d)
{
	struct loc_rib_change change = {0};
	size_t n = sweep(rib, d, &change);
	size_t count = rank(rib, s, d, n, &change);
	uint8_t shares[BGP_PATHS_MAX];
	const struct path *best;

	select_paths(rib, d, count, &change);
	if (!change.visible)
		return change;
	best = count == 0 ? NULL : rib->ranked[0]->owner;
	dest_nlri(d, best == NULL ? NULL : best->extra, &rib->best.nlri);
	rib->best.count = count;
	bandwidth_shares(s->link_bandwidth, rib->ranked, count, shares);
	for (size_t i = 0; i < count; i++) {
		rib->best.routes[i] = loc_rib_route(d, rib->ranked[i]->owner);
		rib->best.routes[i].share = shares[i];
	}
	return change;
}

/* ---- shows ---- */

static int dest_compare(const void *a, const void *b)
{
	const struct dest *x = a, *y = b;
	size_t n = x->key[0] < y->key[0] ? x->key[0] : y->key[0];
	int c = memcmp(x->key + 1, y->key + 1, n);

	return c != 0 ? c : x->key[0] - y->key[0];
}

struct dest **loc_rib_sorted(const struct loc_rib *rib, enum bgp_family family, struct arena *arena)
{
	const struct map *m = &rib->tables[family].dests;
	void **sorted = map_sorted(m, arena, dest_compare);
	struct dest **all = arena_new(arena, (m->count + 1) * sizeof(struct dest *));

	for (size_t i = 0; i < m->count; i++)
		all[i] = sorted[i];
	return all;
}

size_t loc_rib_ranked(const struct loc_rib *rib, const struct bgp_settings *s, const struct dest *d,
    struct arena *arena, struct decision_path ***paths, enum decision_step **steps)
{
	struct decision_rules rules = rules_of(s, d);
	struct decision_path *c;
	size_t n = 0, i = 0;

	for (const struct path *p = d->paths; p != NULL; p = p->next)
		n += (p->flags & PATH_WITHDRAWN) == 0;
	c = arena_new(arena, (n + 1) * sizeof(*c));
	*paths = arena_new(arena, (n + 1) * sizeof(**paths));
	*steps = arena_new(arena, (n + 1) * sizeof(**steps));
	for (struct path *p = d->paths; p != NULL; p = p->next) {
		if ((p->flags & PATH_WITHDRAWN) != 0)
			continue;
		c[i] = decision_path_of(rib, d, p, loc_rib_usable(rib, s, d, p));
		(*paths)[i] = &c[i];
		i++;
	}
	decision_rank(&rules, *paths, n, *steps);
	return n;
}
