/*
 * Nexthop groups: which route is where. Sets are fib_set.c's, objects fib_object.c's.
 *
 * What makes the failure of an uplink one write. A set resolves to the hops whose links are up.
 * When that changes, the object of its routes is changed in place; no route is written. BGP then
 * takes the paths of the dead uplink away, route by route: each wants a smaller set, finds that its
 * object holds just that already, and stays. When paths go without a link having failed, the routes
 * that were decided first wait for the others (fib_groups_settle()): if in the end all routes of an
 * object want the same, the object changes, else the majority keeps it and the others move.
 */
#include "evpn/fib_group.h"

#include <errno.h>

#include "base/check.h"
#include "base/mem.h"
#include "evpn/fib_group_inside.h"

/* Routes that wait for others to be decided wait no longer than this. */
#define SETTLE_MAX_MS 200

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
	for (int shared = 0; shared < 2; shared++)
		map_init(&g->hops[shared], offsetof(struct fib_leaf, hop),
		    offsetof(struct route_nexthop, weight), seed);
	list_init(&g->objects);
	list_init(&g->leaves);
	list_init(&g->dirty_sets);
	list_init(&g->dirty_objects);
	list_init(&g->unsettled);
	return g;
}

void fib_groups_free(struct fib_groups *g)
{
	struct list_node *n;

	if (g == NULL)
		return;
	check(g->sets.count == 0);
	map_fini(&g->sets);
	while ((n = list_first(&g->objects)) != NULL)
		fib_object_free(g, list_entry(n, struct fib_object, all));
	while ((n = list_first(&g->leaves)) != NULL)
		fib_leaf_free(g, list_entry(n, struct fib_leaf, all));
	map_fini(&g->ids.map);
	map_fini(&g->hops[false]);
	map_fini(&g->hops[true]);
	mem_free(g);
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
		fib_set_free(g, p->set);
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

	if (from != NULL && fib_set_is(from->set, members, count))
		return from;
	if (from != NULL)
		list_remove(&from->routes, route);
	s = fib_set_get(g, members, count);
	o = from != NULL ? from->object : fib_object_for(g, &s->hops, NULL);
	to = place_at(s, o);
	list_append(&to->routes, route);
	if (from != NULL && !fib_hops_equal(&s->hops, &o->hops))
		object_unsettle(g, o);
	if (!o->ready)
		fib_object_mark(g, o);
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
	if (!p->object->ready || !fib_hops_equal(&p->set->hops, &p->object->hops))
		return FIB_WAIT;
	return FIB_OBJECT;
}

/* ---- an object whose routes want different things ---- */

static void place_move(struct fib_groups *g, struct fib_place *p)
{
	struct fib_place *to = place_at(p->set, fib_object_for(g, &p->set->hops, p->object));
	struct list_node *route;

	while ((route = list_shift(&p->routes)) != NULL) {
		list_append(&to->routes, route);
		g->host.route_moved(g->host.context, route, to);
	}
	fib_object_mark(g, to->object);
	g->host.place_changed(g->host.context, to, true);
	place_drop_if_empty(g, p);
}

static void object_settle(struct fib_groups *g, struct fib_object *o)
{
	const struct fib_hops *wanted = fib_object_majority(o);
	struct list_node *next;

	if (list_linked(&o->unsettled))
		list_remove(&g->unsettled, &o->unsettled);
	if (wanted == NULL)
		return;
	if (!fib_hops_equal(&o->hops, wanted)) {
		fib_object_hold(g, o, wanted);
		o->ready = false;
	}
	fib_object_mark(g, o);
	for (struct list_node *at = list_first(&o->places); at != NULL; at = next) {
		struct fib_place *p = list_entry(at, struct fib_place, in_object);

		next = list_after(&o->places, at);
		if (p->set->hops.count > 0 && !fib_hops_equal(&p->set->hops, &o->hops))
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

		if (!fib_set_resolve(g, s))
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
		fib_objects_run(g, &issued);
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
		due = mono_min(due, retry_of(&list_entry(n, struct fib_leaf, all)->at));
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
		retry_one(g, &list_entry(n, struct fib_leaf, all)->at);
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n))
		retry_one(g, &list_entry(n, struct fib_object, all)->at);
	fib_objects_mark_all(g);
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
	fib_objects_run(g, &issued);
	if (g->collect_due)
		fib_objects_collect(g);
	if (g->sweeping)
		fib_objects_sweep(g);
}

void fib_groups_object_changed(struct fib_groups *g, uint32_t id)
{
	struct nexthop_id *at = map_find(&g->ids.map, &id);

	g->collect_due |= g->uncollected;
	if (at == NULL)
		return;
	if (at->is_leaf)
		fib_leaf_changed(g, (struct fib_leaf *)(void *)at);
	else
		fib_object_mark(g, (struct fib_object *)(void *)at);
}

void fib_groups_route_changed(struct fib_groups *g)
{
	g->collect_due |= g->uncollected;
}

void fib_groups_resync(struct fib_groups *g)
{
	fib_objects_mark_all(g);
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
		fib_object_tell(g, list_entry(n, struct fib_object, all), true);
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
		*at =
		    (struct nexthop_id){.id = at->id, .is_leaf = at->is_leaf, .shared = at->shared};
	if (at != NULL && at->is_leaf)
		fib_leaf_result(g, (struct fib_leaf *)(void *)at);
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
