/*
 * Nexthop groups. Owns sets, objects and leaves (one gateway on one link each); nexthop_id.c has
 * the ids of the two latter.
 *
 * What makes the failure of an uplink one write. A set resolves to the hops whose links are up.
 * When that changes, the object of its routes is changed in place; no route is written. BGP then
 * takes the paths of the dead uplink away, route by route: each wants a smaller set, finds that its
 * object holds just that already, and stays. When paths go without a link having failed, the routes
 * that were decided first wait for the others (fib_groups_settle()): if in the end all routes of an
 * object want the same, the object changes, else the majority keeps it and the others move.
 *
 * Kernel state is read from the mirror alone. The order is leaves, group, routes, and backwards:
 * what is used is not deleted (mirror_nexthop_used).
 */
#include "evpn/fib_group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "evpn/nexthop_id.h"

#define WEIGHT_MAX 256
/* Routes that wait for others to be decided wait no longer than this. */
#define SETTLE_MAX_MS 200

struct hops {
	struct route_nexthop *list; /* owned; sorted by device and gateway, each once */
	uint8_t count;
};

struct fib_set {
	uint64_t hash;		    /* key of the map: of the members */
	struct fib_set *next;	    /* same hash, other members */
	struct fib_member *members; /* owned */
	uint8_t count;
	struct hops hops;   /* resolved, links up */
	struct list places; /* struct fib_place, owned */
	struct list_node dirty;
};

struct fib_object {
	struct nexthop_id at;
	struct hops hops; /* that it is to hold */
	struct list places;
	struct list_node all, dirty, unsettled;
	mono_t unsettled_since;
	bool ready;	  /* the kernel has it so */
	uint32_t told_id; /* that its routes know */
};

struct leaf {
	struct nexthop_id at;
	struct route_nexthop hop; /* weight 0 */
	struct list_node all;
	bool needed; /* scratch */
};

struct fib_groups {
	struct log *log;
	struct mirror *mirror;	   /* lent */
	struct nexthops *nexthops; /* lent */
	struct fib_groups_host host;
	struct map sets;	/* struct fib_set, owned; those of one hash are chained */
	struct nexthop_ids ids; /* claimed by an object or a leaf */
	struct map hops;	/* struct leaf, by gateway and device */
	uint64_t seed[2];
	struct list objects, leaves; /* owned; in order of creation */
	struct list dirty_sets, dirty_objects, unsettled;
	bool plain; /* the kernel has no nexthop objects */
	bool underlay_weights, sweeping, flushing;
	bool collect_due, uncollected;
	mono_t now;
};

struct fib_groups *fib_groups_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct nexthops *nexthops, const struct fib_groups_host *host)
{
	struct fib_groups *g = mem_new(sizeof(*g));

	g->log = log;
	g->mirror = mirror;
	g->nexthops = nexthops;
	g->host = *host;
	g->seed[0] = seed;
	g->seed[1] = ~seed;
	map_init(&g->sets, offsetof(struct fib_set, hash), sizeof(uint64_t), seed);
	g->ids = (struct nexthop_ids){
	    .log = log, .mirror = mirror, .kernel_op = host->kernel_op, .context = host->context};
	map_init(&g->ids.map, offsetof(struct nexthop_id, id), sizeof(uint32_t), seed);
	map_init(
	    &g->hops, offsetof(struct leaf, hop), offsetof(struct route_nexthop, weight), seed);
	list_init(&g->objects);
	list_init(&g->leaves);
	list_init(&g->dirty_sets);
	list_init(&g->dirty_objects);
	list_init(&g->unsettled);
	return g;
}

static void object_free(struct fib_groups *g, struct fib_object *o);
static void leaf_free(struct fib_groups *g, struct leaf *l);

void fib_groups_free(struct fib_groups *g)
{
	struct list_node *n;

	if (g == NULL)
		return;
	check(g->sets.count == 0);
	map_fini(&g->sets);
	while ((n = list_first(&g->objects)) != NULL)
		object_free(g, list_entry(n, struct fib_object, all));
	while ((n = list_first(&g->leaves)) != NULL)
		leaf_free(g, list_entry(n, struct leaf, all));
	map_fini(&g->ids.map);
	map_fini(&g->hops);
	mem_free(g);
}

/* ---- hops ---- */

static int hop_compare(const void *a, const void *b)
{
	const struct route_nexthop *x = a, *y = b;

	if (!ifindex_equal(x->dev, y->dev))
		return x->dev.v < y->dev.v ? -1 : 1;
	return ip_compare(&x->gateway, &y->gateway);
}

static bool hops_equal(const struct hops *a, const struct hops *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (hop_compare(&a->list[i], &b->list[i]) != 0 ||
		    a->list[i].weight != b->list[i].weight)
			return false;
	return true;
}

static void hops_set(struct hops *to, const struct route_nexthop *list, size_t count)
{
	struct route_nexthop *copy = mem_dup(list, count * sizeof(*list));

	mem_free(to->list);
	to->list = copy;
	to->count = (uint8_t)count;
}

/* Sorts; two ways over one hop are one with the sum of both weights. */
static size_t hops_merge(struct route_nexthop *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof(*list), hop_compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && hop_compare(&list[kept - 1], &list[i]) == 0)
			list[kept - 1].weight += list[i].weight;
		else
			list[kept++] = list[i];
	}
	for (size_t i = 0; i < kept; i++)
		if (list[i].weight > WEIGHT_MAX)
			list[i].weight = WEIGHT_MAX;
	return kept;
}

/* What the members resolve to, links up. */
static size_t set_hops(
    const struct fib_groups *g, const struct fib_set *s, bool doubted, struct route_nexthop *list)
{
	struct nexthop_view v;
	size_t n = 0;

	for (unsigned i = 0; i < s->count; i++) {
		if (!nexthops_get(g->nexthops, &s->members[i].nexthop, &v) || !v.state.reachable ||
		    (v.doubted && !doubted))
			continue;
		for (unsigned k = 0; k < v.hop_count && n < ROUTE_NEXTHOPS_MAX; k++) {
			if (!nexthops_hop_is_live(g->nexthops, &v.hops[k]))
				continue;
			list[n] = v.hops[k];
			if (!g->underlay_weights || v.hop_count == 1)
				list[n].weight = s->members[i].share;
			n++;
		}
	}
	return n;
}

/* True when the set leads elsewhere than before. */
static bool set_resolve(struct fib_groups *g, struct fib_set *s)
{
	struct route_nexthop list[ROUTE_NEXTHOPS_MAX];
	struct hops before = s->hops;
	size_t n = set_hops(g, s, false, list);
	bool changed;

	if (n == 0)
		n = set_hops(g, s, true, list);
	s->hops = (struct hops){0};
	hops_set(&s->hops, list, hops_merge(list, n));
	changed = !hops_equal(&before, &s->hops);
	mem_free(before.list);
	return changed;
}

/* ---- leaves ---- */

static struct nexthop_entry leaf_entry(const struct route_nexthop *hop)
{
	return (struct nexthop_entry){
	    .protocol = RTPROT_EVPND, .gateway = hop->gateway, .dev = hop->dev};
}

static struct leaf *leaf_get(struct fib_groups *g, const struct route_nexthop *hop)
{
	struct leaf *l = map_find(&g->hops, hop);
	struct nexthop_entry entry = leaf_entry(hop);

	if (l != NULL)
		return l;
	l = mem_new(sizeof(*l));
	l->hop = *hop;
	l->hop.weight = 0;
	l->at.is_leaf = true;
	nexthop_id_take(&g->ids, &l->at, &entry);
	map_insert(&g->hops, l);
	list_append(&g->leaves, &l->all);
	return l;
}

static void leaf_free(struct fib_groups *g, struct leaf *l)
{
	nexthop_id_drop(&g->ids, &l->at);
	map_remove(&g->hops, &l->hop);
	list_remove(&g->leaves, &l->all);
	mem_free(l);
}

/* ---- objects ---- */

static void object_mark(struct fib_groups *g, struct fib_object *o)
{
	if (!list_linked(&o->dirty))
		list_append(&g->dirty_objects, &o->dirty);
}

static void objects_mark_all(struct fib_groups *g)
{
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n))
		object_mark(g, list_entry(n, struct fib_object, all));
}

static void object_hold(struct fib_groups *g, struct fib_object *o, const struct hops *hops)
{
	hops_set(&o->hops, hops->list, hops->count);
	object_mark(g, o);
	g->collect_due = true;
}

/* The group as the kernel is to have it; `members` has room for all. Leaves that the kernel refuses
 * are left out. False: nothing is there yet. */
static bool object_entry(struct fib_groups *g, struct fib_object *o, struct nexthop_member *members,
    struct nexthop_entry *e, bool *issued)
{
	bool pending = false;

	*e = (struct nexthop_entry){.protocol = RTPROT_EVPND, .members = members};
	for (unsigned i = 0; i < o->hops.count; i++) {
		struct leaf *l = leaf_get(g, &o->hops.list[i]);
		struct nexthop_desired want = {true, leaf_entry(&l->hop)};
		enum slot_status status =
		    l->at.id == 0 ? SLOT_BLOCKED : nexthop_id_step(&g->ids, &l->at, &want, issued);

		if (status == SLOT_BLOCKED && l->at.id != 0) {
			nexthop_id_take(&g->ids, &l->at, NULL); /* another has taken the old one */
			object_mark(g, o);
		}
		pending |= status != SLOT_SYNCED && l->at.attempts == 0 && l->at.id != 0;
		if (status == SLOT_SYNCED)
			members[e->member_count++] =
			    (struct nexthop_member){l->at.id, o->hops.list[i].weight};
	}
	return e->member_count > 0 && !pending;
}

static struct fib_object *object_new(struct fib_groups *g, const struct hops *hops)
{
	struct fib_object *o = mem_new(sizeof(*o));

	list_init(&o->places);
	list_append(&g->objects, &o->all);
	object_hold(g, o, hops);
	return o;
}

static void object_free(struct fib_groups *g, struct fib_object *o)
{
	nexthop_id_drop(&g->ids, &o->at);
	if (list_linked(&o->dirty))
		list_remove(&g->dirty_objects, &o->dirty);
	if (list_linked(&o->unsettled))
		list_remove(&g->unsettled, &o->unsettled);
	list_remove(&g->objects, &o->all);
	mem_free(o->hops.list);
	mem_free(o);
}

/* One that routes go over; those that nobody needs any more are about to be deleted. */
static struct fib_object *object_for(
    struct fib_groups *g, const struct hops *hops, const struct fib_object *but)
{
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n)) {
		struct fib_object *o = list_entry(n, struct fib_object, all);

		if (o != but && hops_equal(&o->hops, hops))
			return o;
	}
	return object_new(g, hops);
}

static void object_tell(struct fib_groups *g, struct fib_object *o, bool all)
{
	for (struct list_node *n = list_first(&o->places); n != NULL; n = list_after(&o->places, n))
		g->host.place_changed(
		    g->host.context, list_entry(n, struct fib_place, in_object), all);
}

/* Routes of this object that want these hops. */
static size_t votes(const struct fib_object *o, const struct hops *hops)
{
	size_t n = 0;

	for (struct list_node *at = list_first(&o->places); at != NULL;
	     at = list_after(&o->places, at)) {
		const struct fib_place *p = list_entry(at, struct fib_place, in_object);

		if (hops_equal(&p->set->hops, hops))
			n += p->routes.count;
	}
	return n;
}

/* NULL: none of them leads anywhere. */
static const struct hops *majority(const struct fib_object *o)
{
	const struct hops *best = NULL;
	size_t most = 0;

	for (struct list_node *at = list_first(&o->places); at != NULL;
	     at = list_after(&o->places, at)) {
		const struct hops *hops = &list_entry(at, struct fib_place, in_object)->set->hops;
		size_t n = hops->count > 0 ? votes(o, hops) : 0;

		if (n > most) {
			most = n;
			best = hops;
		}
	}
	return best;
}

/* True when it issued an operation. */
static bool object_run(struct fib_groups *g, struct fib_object *o)
{
	struct nexthop_member members[ROUTE_NEXTHOPS_MAX];
	struct nexthop_desired want = {.wanted = true};
	bool issued = false, was_ready = o->ready;
	enum slot_status status;

	if (g->plain || g->flushing || o->at.none_left)
		return false;
	o->ready = false;
	if (majority(o) != NULL && object_entry(g, o, members, &want.entry, &issued)) {
		/* Only now it is known what may have been left behind. */
		if (o->at.id == 0)
			nexthop_id_take(&g->ids, &o->at, &want.entry);
		status =
		    o->at.none_left ? SLOT_EMPTY : nexthop_id_step(&g->ids, &o->at, &want, &issued);
		o->ready = status == SLOT_SYNCED;
		if (status == SLOT_BLOCKED) {
			nexthop_id_take(&g->ids, &o->at, NULL);
			object_mark(g, o);
		}
	}
	if ((o->ready && !was_ready) || o->at.none_left)
		object_tell(g, o, o->told_id != o->at.id);
	if (o->ready)
		o->told_id = o->at.id;
	return issued;
}

static void objects_run(struct fib_groups *g, bool *issued)
{
	size_t count = g->dirty_objects.count;
	struct list_node *n;

	for (; count > 0 && (n = list_shift(&g->dirty_objects)) != NULL; count--)
		*issued |= object_run(g, list_entry(n, struct fib_object, dirty));
}

/* ---- sets ---- */

static bool members_are(const struct fib_set *s, const struct fib_member *members, size_t count)
{
	return s->count == count && memcmp(s->members, members, count * sizeof(*members)) == 0;
}

static struct fib_set *set_get(struct fib_groups *g, const struct fib_member *members, size_t count)
{
	uint64_t hash = map_hash(g->seed, members, count * sizeof(*members));
	struct fib_set *first = map_find(&g->sets, &hash), *s = first;

	while (s != NULL && !members_are(s, members, count))
		s = s->next;
	if (s != NULL)
		return s;
	s = mem_new(sizeof(*s));
	s->hash = hash;
	s->members = mem_dup(members, count * sizeof(*members));
	s->count = (uint8_t)count;
	list_init(&s->places);
	for (size_t i = 0; i < count; i++)
		nexthops_watch(g->nexthops, &members[i].nexthop);
	set_resolve(g, s);
	if (first != NULL) {
		s->next = first->next;
		first->next = s;
	} else {
		map_insert(&g->sets, s);
	}
	return s;
}

static void set_unchain(struct fib_groups *g, struct fib_set *s)
{
	struct fib_set *first = map_remove(&g->sets, &s->hash);

	if (first == s) {
		first = s->next;
	} else {
		struct fib_set **at = &first->next;

		while (*at != s)
			at = &(*at)->next;
		*at = s->next;
	}
	if (first != NULL)
		map_insert(&g->sets, first);
}

static void set_free(struct fib_groups *g, struct fib_set *s)
{
	set_unchain(g, s);
	if (list_linked(&s->dirty))
		list_remove(&g->dirty_sets, &s->dirty);
	for (unsigned i = 0; i < s->count; i++)
		nexthops_unwatch(g->nexthops, &s->members[i].nexthop);
	mem_free(s->members);
	mem_free(s->hops.list);
	mem_free(s);
}

static void set_mark(struct fib_groups *g, struct fib_set *s)
{
	if (!list_linked(&s->dirty))
		list_append(&g->dirty_sets, &s->dirty);
}

/* Sorted by hash would depend on the seed: the order is that of the members. */
static int set_compare(const void *a, const void *b)
{
	const struct fib_set *x = a, *y = b;
	size_t n = x->count < y->count ? x->count : y->count;
	int c = memcmp(x->members, y->members, n * sizeof(*x->members));

	return c != 0 ? c : x->count - y->count;
}

static bool set_has(const struct fib_set *s, const struct bgp_nexthop *key)
{
	for (unsigned i = 0; i < s->count; i++)
		if (key == NULL || memcmp(&s->members[i].nexthop, key, sizeof(*key)) == 0)
			return true;
	return false;
}

/* NULL: all of them. */
static void sets_mark(struct fib_groups *g, const struct bgp_nexthop *key)
{
	struct arena arena = {0};
	size_t count = g->sets.count;
	struct fib_set **all = (struct fib_set **)map_sorted(&g->sets, &arena, set_compare);

	for (size_t i = 0; i < count; i++)
		for (struct fib_set *s = all[i]; s != NULL; s = s->next)
			if (set_has(s, key))
				set_mark(g, s);
	arena_fini(&arena);
}

void fib_groups_nexthop_changed(struct fib_groups *g, const struct bgp_nexthop *key)
{
	sets_mark(g, key);
}

void fib_groups_configure(struct fib_groups *g, bool underlay_weights)
{
	if (g->underlay_weights != underlay_weights)
		sets_mark(g, NULL);
	g->underlay_weights = underlay_weights;
}

/* ---- places ---- */

static struct fib_place *place_at(struct fib_set *s, struct fib_object *o)
{
	struct fib_place *p;

	for (struct list_node *n = list_first(&s->places); n != NULL; n = list_after(&s->places, n))
		if (list_entry(n, struct fib_place, in_set)->object == o)
			return list_entry(n, struct fib_place, in_set);
	p = mem_new(sizeof(*p));
	p->set = s;
	p->object = o;
	list_init(&p->routes);
	list_append(&s->places, &p->in_set);
	list_append(&o->places, &p->in_object);
	return p;
}

static void place_drop_if_empty(struct fib_groups *g, struct fib_place *p)
{
	if (p->routes.count > 0)
		return;
	list_remove(&p->set->places, &p->in_set);
	list_remove(&p->object->places, &p->in_object);
	if (p->set->places.count == 0)
		set_free(g, p->set);
	g->collect_due |= p->object->places.count == 0;
	mem_free(p);
}

static void object_unsettle(struct fib_groups *g, struct fib_object *o)
{
	if (list_linked(&o->unsettled))
		return;
	list_append(&g->unsettled, &o->unsettled);
	o->unsettled_since = g->now;
}

struct fib_place *fib_place_enter(struct fib_groups *g, const struct fib_member *members,
    size_t count, struct list_node *route, struct fib_place *from)
{
	struct fib_set *s;
	struct fib_object *o;
	struct fib_place *to;

	if (from != NULL && members_are(from->set, members, count))
		return from;
	if (from != NULL)
		list_remove(&from->routes, route);
	s = set_get(g, members, count);
	o = from != NULL ? from->object : object_for(g, &s->hops, NULL);
	to = place_at(s, o);
	list_append(&to->routes, route);
	if (from != NULL && !hops_equal(&s->hops, &o->hops))
		object_unsettle(g, o);
	if (!o->ready)
		object_mark(g, o);
	if (from != NULL)
		place_drop_if_empty(g, from);
	return to;
}

void fib_place_leave(struct fib_groups *g, struct list_node *route, struct fib_place *p)
{
	list_remove(&p->routes, route);
	place_drop_if_empty(g, p);
}

enum fib_advice fib_place_advice(const struct fib_groups *g, const struct fib_place *p,
    uint32_t *nhid, const struct route_nexthop **hops, uint8_t *count)
{
	*nhid = 0;
	*hops = p->set->hops.list;
	*count = p->set->hops.count;
	if (p->set->hops.count == 0)
		return FIB_UNREACHABLE;
	if (g->plain || p->object->at.none_left)
		return FIB_PLAIN;
	*nhid = p->object->at.id;
	*count = 0;
	if (!p->object->ready || !hops_equal(&p->set->hops, &p->object->hops))
		return FIB_WAIT;
	return FIB_OBJECT;
}

/* ---- an object whose routes want different things ---- */

static void place_move(struct fib_groups *g, struct fib_place *p)
{
	struct fib_place *to = place_at(p->set, object_for(g, &p->set->hops, p->object));
	struct list_node *route;

	while ((route = list_shift(&p->routes)) != NULL) {
		list_append(&to->routes, route);
		g->host.route_moved(g->host.context, route, to);
	}
	object_mark(g, to->object);
	g->host.place_changed(g->host.context, to, true);
	place_drop_if_empty(g, p);
}

static void object_settle(struct fib_groups *g, struct fib_object *o)
{
	const struct hops *wanted = majority(o);
	struct list_node *next;

	if (list_linked(&o->unsettled))
		list_remove(&g->unsettled, &o->unsettled);
	if (wanted == NULL)
		return;
	if (!hops_equal(&o->hops, wanted)) {
		object_hold(g, o, wanted);
		o->ready = false;
	}
	object_mark(g, o);
	for (struct list_node *at = list_first(&o->places); at != NULL; at = next) {
		struct fib_place *p = list_entry(at, struct fib_place, in_object);

		next = list_after(&o->places, at);
		if (p->set->hops.count > 0 && !hops_equal(&p->set->hops, &o->hops))
			place_move(g, p);
		else
			/* without a group each route carries the hops itself */
			g->host.place_changed(g->host.context, p, g->plain || o->at.none_left);
	}
}

void fib_groups_settle(struct fib_groups *g)
{
	struct list_node *n;

	while ((n = list_first(&g->unsettled)) != NULL)
		object_settle(g, list_entry(n, struct fib_object, unsettled));
}

/* ---- runs ---- */

/* Resolves the dirty sets; the objects that this concerns, each once, at most `room`, in *list. */
static size_t sets_run(struct fib_groups *g, struct fib_object **list, size_t room)
{
	struct list_node *n;
	size_t count = 0;

	while ((n = list_shift(&g->dirty_sets)) != NULL) {
		struct fib_set *s = list_entry(n, struct fib_set, dirty);
		bool reached = s->hops.count > 0;

		if (!set_resolve(g, s))
			continue;
		for (n = list_first(&s->places); n != NULL; n = list_after(&s->places, n)) {
			struct fib_place *p = list_entry(n, struct fib_place, in_set);
			size_t i = 0;

			if (reached != (s->hops.count > 0))
				g->host.place_changed(g->host.context, p, true);
			while (i < count && list[i] != p->object)
				i++;
			if (i == count && count < room)
				list[count++] = p->object;
		}
	}
	return count;
}

bool fib_groups_switch(struct fib_groups *g, mono_t now)
{
	size_t room = g->objects.count, count;
	struct fib_object **list;
	bool issued = false;

	g->now = now;
	if (g->dirty_sets.count == 0)
		return false;
	list = mem_new_array(room + 1, sizeof(*list));
	count = sets_run(g, list, room);
	for (size_t i = 0; i < count; i++)
		object_settle(g, list[i]);
	if (count > 0)
		objects_run(g, &issued);
	mem_free(list);
	return issued;
}

static void settle_overdue(struct fib_groups *g)
{
	struct list_node *n;

	while ((n = list_first(&g->unsettled)) != NULL) {
		struct fib_object *o = list_entry(n, struct fib_object, unsettled);

		if (!mono_reached(mono_add_ms(o->unsettled_since, SETTLE_MAX_MS), g->now))
			return;
		object_settle(g, o);
	}
}

static bool delete_if_unused(struct fib_groups *g, struct nexthop_id *at)
{
	const struct nexthop_desired nothing = {.wanted = false};
	bool issued;

	if (at->id == 0 || mirror_nexthop(g->mirror, at->id) == NULL)
		return true;
	if (mirror_nexthop_used(g->mirror, at->id))
		return false;
	switch (nexthop_id_step(&g->ids, at, &nothing, &issued)) {
	case SLOT_EMPTY:
	case SLOT_FOREIGN:
		return true;
	case SLOT_SYNCED:
	case SLOT_PENDING:
	case SLOT_BLOCKED:
	case SLOT_ORPHAN:
		break;
	}
	return false;
}

static bool is_needed(const struct fib_groups *g, const struct fib_object *o)
{
	return o->places.count > 0 && !g->flushing;
}

static void leaves_collect(struct fib_groups *g)
{
	struct list_node *next;

	for (struct list_node *n = list_first(&g->leaves); n != NULL; n = list_after(&g->leaves, n))
		list_entry(n, struct leaf, all)->needed = false;
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n)) {
		const struct fib_object *o = list_entry(n, struct fib_object, all);

		for (unsigned i = 0; is_needed(g, o) && i < o->hops.count; i++)
			leaf_get(g, &o->hops.list[i])->needed = true;
	}
	for (struct list_node *n = list_first(&g->leaves); n != NULL; n = next) {
		struct leaf *l = list_entry(n, struct leaf, all);

		next = list_after(&g->leaves, n);
		if (l->needed)
			continue;
		if (delete_if_unused(g, &l->at))
			leaf_free(g, l);
		else
			g->uncollected = true;
	}
}

/* Objects without routes, then leaves without objects. */
static void collect(struct fib_groups *g)
{
	struct list_node *next;

	g->collect_due = g->uncollected = false;
	for (struct list_node *n = list_first(&g->objects); n != NULL; n = next) {
		struct fib_object *o = list_entry(n, struct fib_object, all);

		next = list_after(&g->objects, n);
		if (is_needed(g, o))
			continue;
		if (!delete_if_unused(g, &o->at))
			g->uncollected = true;
		else if (o->places.count == 0)
			object_free(g, o);
	}
	if (!g->plain)
		leaves_collect(g);
}

/* Left behind by a daemon before us, and claimed by nobody. */
static void sweep(struct fib_groups *g)
{
	struct arena arena = {0};
	struct nexthop_slot **all = mirror_nexthop_all(g->mirror, &arena);
	bool left = false;

	for (; *all != NULL; all++) {
		struct nexthop_id at = {.id = (*all)->key.id};

		if ((*all)->slot.present && (*all)->entry.protocol == RTPROT_EVPND &&
		    map_find(&g->ids.map, &at.id) == NULL)
			left |= !delete_if_unused(g, &at);
	}
	g->sweeping = left;
	arena_fini(&arena);
}

static mono_t retry_of(const struct nexthop_id *at)
{
	return at->waits ? at->retry_at : MONO_NEVER;
}

bool fib_groups_pending(const struct fib_groups *g)
{
	return g->dirty_sets.count > 0 || g->dirty_objects.count > 0;
}

mono_t fib_groups_deadline(const struct fib_groups *g)
{
	mono_t due = MONO_NEVER;

	for (struct list_node *n = list_first(&g->leaves); n != NULL; n = list_after(&g->leaves, n))
		due = mono_min(due, retry_of(&list_entry(n, struct leaf, all)->at));
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n))
		due = mono_min(due, retry_of(&list_entry(n, struct fib_object, all)->at));
	return due;
}

static void retry_one(struct fib_groups *g, struct nexthop_id *at)
{
	if (mono_reached(retry_of(at), g->now))
		at->waits = false;
}

static void retry_due(struct fib_groups *g)
{
	for (struct list_node *n = list_first(&g->leaves); n != NULL; n = list_after(&g->leaves, n))
		retry_one(g, &list_entry(n, struct leaf, all)->at);
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n))
		retry_one(g, &list_entry(n, struct fib_object, all)->at);
	objects_mark_all(g);
	g->collect_due = true;
}

void fib_groups_run(struct fib_groups *g, mono_t now)
{
	bool issued = false;

	g->now = now;
	if (mono_reached(fib_groups_deadline(g), now))
		retry_due(g);
	fib_groups_switch(g, now);
	settle_overdue(g);
	objects_run(g, &issued);
	if (g->collect_due)
		collect(g);
	if (g->sweeping)
		sweep(g);
}

static void leaf_changed(struct fib_groups *g, const struct leaf *l)
{
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n)) {
		struct fib_object *o = list_entry(n, struct fib_object, all);

		for (unsigned i = 0; i < o->hops.count; i++)
			if (hop_compare(&o->hops.list[i], &l->hop) == 0)
				object_mark(g, o);
	}
}

void fib_groups_object_changed(struct fib_groups *g, uint32_t id)
{
	struct nexthop_id *at = map_find(&g->ids.map, &id);

	g->collect_due |= g->uncollected;
	if (at == NULL)
		return;
	if (at->is_leaf)
		leaf_changed(g, (struct leaf *)(void *)at);
	else
		object_mark(g, (struct fib_object *)(void *)at);
}

void fib_groups_route_changed(struct fib_groups *g)
{
	g->collect_due |= g->uncollected;
}

void fib_groups_resync(struct fib_groups *g)
{
	objects_mark_all(g);
	g->collect_due = true;
}

/* The first object that the kernel refuses for that reason is the last one. */
static void go_plain(struct fib_groups *g)
{
	log_info(
	    g->log, LOG_KERNEL, "this kernel has no nexthop objects: routes carry their next hops");
	g->plain = true;
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n))
		object_tell(g, list_entry(n, struct fib_object, all), true);
}

void fib_groups_result(struct fib_groups *g, const struct kernel_op *op,
    const struct kernel_result *result, mono_t now)
{
	struct nexthop_id *at = map_find(&g->ids.map, &op->key.nexthop.id);
	bool failed = result->outcome == KERNEL_FAILED && result->error != EEXIST &&
		      result->error != ENOENT; /* those were looked into, and tell what to do */

	g->now = now;
	if (result->outcome == KERNEL_FAILED && result->error == EOPNOTSUPP && !g->plain)
		go_plain(g);
	if (at == NULL && failed)
		g->sweeping = false; /* what the kernel keeps, it keeps */
	else if (at != NULL && failed)
		nexthop_id_failed(at, g->now);
	else if (at != NULL)
		*at = (struct nexthop_id){.id = at->id, .is_leaf = at->is_leaf};
	fib_groups_object_changed(g, op->key.nexthop.id);
}

void fib_groups_flush(struct fib_groups *g)
{
	g->flushing = true;
	fib_groups_sweep(g);
}

void fib_groups_sweep(struct fib_groups *g)
{
	g->sweeping = g->collect_due = true;
}

bool fib_groups_empty(const struct fib_groups *g)
{
	struct arena arena = {0};
	struct nexthop_slot **all = mirror_nexthop_all(g->mirror, &arena);
	bool left = false;

	for (; *all != NULL; all++)
		left |= (*all)->slot.present && (*all)->entry.protocol == RTPROT_EVPND;
	arena_fini(&arena);
	return !left;
}
