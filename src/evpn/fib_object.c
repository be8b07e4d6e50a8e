/*
 * Objects that routes go over, as the kernel is to have them: a group for each, of leaves, one for
 * each gateway on a link; nexthop_id.c has the ids of both.
 *
 * Kernel state is read from the mirror alone. The order is leaves, group, routes, and backwards:
 * what is used is not deleted (mirror_nexthop_used).
 */
#include <string.h>

#include "base/mem.h"
#include "evpn/fib_group_inside.h"

/* ---- leaves ---- */

static struct nexthop_entry leaf_entry(const struct route_nexthop *hop)
{
	return (struct nexthop_entry){
	    .protocol = RTPROT_EVPND, .gateway = hop->gateway, .dev = hop->dev};
}

static struct fib_leaf *leaf_get(struct fib_groups *g, bool shared, const struct route_nexthop *hop)
{
	struct fib_leaf *l = map_find(&g->hops[shared], hop);
	struct nexthop_entry entry = leaf_entry(hop);

	if (l != NULL)
		return l;
	l = mem_new(sizeof(*l));
	l->hop = *hop;
	l->hop.weight = 0;
	l->at.is_leaf = true;
	l->at.shared = shared;
	nexthop_id_take(&g->ids, &l->at, &entry);
	map_insert(&g->hops[shared], l);
	list_append(&g->leaves, &l->all);
	return l;
}

void fib_leaf_free(struct fib_groups *g, struct fib_leaf *l)
{
	nexthop_id_drop(&g->ids, &l->at);
	map_remove(&g->hops[l->at.shared], &l->hop);
	list_remove(&g->leaves, &l->all);
	mem_free(l);
}

/* ---- objects ---- */

void fib_object_mark(struct fib_groups *g, struct fib_object *o)
{
	if (!list_linked(&o->dirty))
		list_append(&g->dirty_objects, &o->dirty);
}

void fib_objects_mark_all(struct fib_groups *g)
{
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n))
		fib_object_mark(g, list_entry(n, struct fib_object, all));
}

/* Is it a group of this shared leaf alone, that nobody claims? */
static bool is_remainder(
    const struct fib_groups *g, const struct nexthop_slot *s, const struct nexthop_entry *leaf)
{
	const struct nexthop_slot *member;
	struct slot_content a = {.nexthop = *leaf}, b = {0};

	if (!s->slot.present || s->entry.member_count != 1 ||
	    s->entry.members[0].id < NEXTHOP_ID_SHARED || map_find(&g->ids.map, &s->key.id) != NULL)
		return false;
	member = mirror_nexthop(g->mirror, s->entry.members[0].id);
	if (member == NULL || !member->slot.present)
		return false;
	b.nexthop = member->entry;
	return slot_content_equal(SLOT_NEXTHOP, &a, &b);
}

/* One way alone: but a daemon before us may have left it as what remains of several. */
static bool remains_shared(const struct fib_groups *g, const struct fib_hops *hops)
{
	const struct nexthop_entry leaf = leaf_entry(&hops->list[0]);
	struct arena arena = {0};
	struct nexthop_slot **all = mirror_nexthop_all(g->mirror, &arena);
	bool found = false;

	for (; !found && *all != NULL; all++)
		found = is_remainder(g, *all, &leaf);
	arena_fini(&arena);
	return found;
}

void fib_object_hold(struct fib_groups *g, struct fib_object *o, const struct fib_hops *hops)
{
	fib_hops_set(&o->hops, hops->list, hops->count);
	o->shared |=
	    hops->count > 1 || (hops->count == 1 && o->at.id == 0 && remains_shared(g, hops));
	fib_object_mark(g, o);
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
		struct fib_leaf *l = leaf_get(g, o->shared, &o->hops.list[i]);
		struct nexthop_desired want = {true, leaf_entry(&l->hop)};
		enum slot_status status =
		    l->at.id == 0 ? SLOT_BLOCKED : nexthop_id_step(&g->ids, &l->at, &want, issued);

		if (status == SLOT_BLOCKED && l->at.id != 0) {
			nexthop_id_take(&g->ids, &l->at, NULL); /* another has taken the old one */
			fib_object_mark(g, o);
		}
		pending |= status != SLOT_SYNCED && l->at.attempts == 0 && l->at.id != 0;
		if (status == SLOT_SYNCED)
			members[e->member_count++] =
			    (struct nexthop_member){l->at.id, o->hops.list[i].weight};
	}
	return e->member_count > 0 && !pending;
}

static struct fib_object *object_new(struct fib_groups *g, const struct fib_hops *hops)
{
	struct fib_object *o = mem_new(sizeof(*o));

	list_init(&o->places);
	list_append(&g->objects, &o->all);
	fib_object_hold(g, o, hops);
	return o;
}

void fib_object_free(struct fib_groups *g, struct fib_object *o)
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
struct fib_object *fib_object_for(
    struct fib_groups *g, const struct fib_hops *hops, const struct fib_object *but)
{
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n)) {
		struct fib_object *o = list_entry(n, struct fib_object, all);

		if (o != but && fib_hops_equal(&o->hops, hops))
			return o;
	}
	return object_new(g, hops);
}

void fib_object_tell(struct fib_groups *g, struct fib_object *o, bool all)
{
	for (struct list_node *n = list_first(&o->places); n != NULL; n = list_after(&o->places, n))
		g->host.place_changed(
		    g->host.context, list_entry(n, struct fib_place, in_object), all);
}

/* Routes of this object that want these hops. */
static size_t votes(const struct fib_object *o, const struct fib_hops *hops)
{
	size_t n = 0;

	for (struct list_node *at = list_first(&o->places); at != NULL;
	     at = list_after(&o->places, at)) {
		const struct fib_place *p = list_entry(at, struct fib_place, in_object);

		if (fib_hops_equal(&p->set->hops, hops))
			n += p->routes.count;
	}
	return n;
}

/* NULL: none of them leads anywhere. */
const struct fib_hops *fib_object_majority(const struct fib_object *o)
{
	const struct fib_hops *best = NULL;
	size_t most = 0;

	for (struct list_node *at = list_first(&o->places); at != NULL;
	     at = list_after(&o->places, at)) {
		const struct fib_hops *hops =
		    &list_entry(at, struct fib_place, in_object)->set->hops;
		size_t n = hops->count > 0 ? votes(o, hops) : 0;

		if (n > most) {
			most = n;
			best = hops;
		}
	}
	return best;
}

/* ---- a leaf that goes takes itself out of its groups ---- */

static struct fib_leaf *leaf_of(const struct fib_groups *g, uint32_t id)
{
	struct nexthop_id *at = map_find(&g->ids.map, &id);

	return at != NULL && at->is_leaf ? (struct fib_leaf *)(void *)at : NULL;
}

static bool is_leaving(const struct fib_groups *g, uint32_t id)
{
	const struct fib_leaf *l = leaf_of(g, id);

	return l != NULL && l->leaving;
}

/* The kernel's group, without the leaves that are being deleted, is as wanted. */
static bool is_shrinking(
    const struct fib_groups *g, const struct fib_object *o, const struct nexthop_entry *want)
{
	const struct nexthop_slot *s = mirror_nexthop(g->mirror, o->at.id);
	unsigned left = 0;
	bool equal = true;

	if (s == NULL || !s->slot.present || s->entry.protocol != RTPROT_EVPND)
		return false;
	for (unsigned i = 0; i < s->entry.member_count; i++) {
		const struct nexthop_member *m = &s->entry.members[i];

		if (is_leaving(g, m->id))
			continue;
		equal &= left < want->member_count && want->members[left].id == m->id &&
			 want->members[left].weight == m->weight;
		left++;
	}
	return equal && left == want->member_count && left < s->entry.member_count;
}

/* May the kernel take this leaf out of the group? A group that becomes empty goes, and its routes
 * with it; what it is about to hold is not known. */
static bool can_do_without(
    const struct fib_groups *g, const struct nexthop_slot *group, const struct fib_leaf *l)
{
	bool has = false, others = false;

	if (group->slot.op != 0)
		return group->entry.member_count == 0;
	for (unsigned i = 0; i < group->entry.member_count; i++)
		if (group->entry.members[i].id == l->at.id)
			has = true;
		else
			others |= !is_leaving(g, group->entry.members[i].id);
	return !has || !group->slot.present || (others && group->entry.protocol == RTPROT_EVPND);
}

static bool can_leave(const struct fib_groups *g, const struct fib_leaf *l)
{
	struct arena arena = {0};
	struct nexthop_slot **all = mirror_nexthop_all(g->mirror, &arena);
	bool can = true;

	for (; can && *all != NULL; all++)
		can = can_do_without(g, *all, l);
	arena_fini(&arena);
	return can;
}

static void needed_find(struct fib_groups *g);

/* One write for all groups that are to do without a gateway, and the kernel tells of none of their
 * routes, as it does where it replaces a group. */
static void leaves_shed(struct fib_groups *g, bool *issued)
{
	const struct nexthop_desired nothing = {.wanted = false};

	needed_find(g);
	for (struct list_node *n = list_first(&g->leaves); n != NULL;
	     n = list_after(&g->leaves, n)) {
		struct fib_leaf *l = list_entry(n, struct fib_leaf, all);
		bool now = false;

		if (l->needed || !l->at.shared || l->at.id == 0 || l->leaving ||
		    !mirror_nexthop_used(g->mirror, l->at.id) || !can_leave(g, l))
			continue;
		nexthop_id_step(&g->ids, &l->at, &nothing, &now);
		l->leaving = now;
		*issued |= now;
	}
}

void fib_leaf_result(struct fib_groups *g, struct fib_leaf *l)
{
	if (!l->leaving)
		return;
	l->leaving = false;
	fib_objects_mark_all(g);
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
	if (fib_object_majority(o) != NULL && object_entry(g, o, members, &want.entry, &issued)) {
		/* Only now it is known what may have been left behind. */
		if (o->at.id == 0)
			nexthop_id_take(&g->ids, &o->at, &want.entry);
		if (o->at.none_left)
			status = SLOT_EMPTY;
		else if (is_shrinking(g, o, &want.entry))
			status = SLOT_PENDING;
		else
			status = nexthop_id_step(&g->ids, &o->at, &want, &issued);
		o->ready = status == SLOT_SYNCED;
		if (status == SLOT_BLOCKED) {
			nexthop_id_take(&g->ids, &o->at, NULL);
			fib_object_mark(g, o);
		}
	}
	if ((o->ready && !was_ready) || o->at.none_left)
		fib_object_tell(g, o, o->told_id != o->at.id);
	if (o->ready)
		o->told_id = o->at.id;
	return issued;
}

void fib_objects_run(struct fib_groups *g, bool *issued)
{
	size_t count = g->dirty_objects.count;
	struct list_node *n;

	if (count > 0 && !g->plain && !g->flushing)
		leaves_shed(g, issued);
	for (; count > 0 && (n = list_shift(&g->dirty_objects)) != NULL; count--)
		*issued |= object_run(g, list_entry(n, struct fib_object, dirty));
}

/* ---- what is not needed ---- */

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

/* Which leaves objects are to hold. */
static void needed_find(struct fib_groups *g)
{
	for (struct list_node *n = list_first(&g->leaves); n != NULL; n = list_after(&g->leaves, n))
		list_entry(n, struct fib_leaf, all)->needed = false;
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n)) {
		const struct fib_object *o = list_entry(n, struct fib_object, all);

		for (unsigned i = 0; is_needed(g, o) && i < o->hops.count; i++)
			leaf_get(g, o->shared, &o->hops.list[i])->needed = true;
	}
}

static void leaves_collect(struct fib_groups *g)
{
	struct list_node *next;

	needed_find(g);
	for (struct list_node *n = list_first(&g->leaves); n != NULL; n = next) {
		struct fib_leaf *l = list_entry(n, struct fib_leaf, all);

		next = list_after(&g->leaves, n);
		if (l->needed)
			continue;
		if (delete_if_unused(g, &l->at))
			fib_leaf_free(g, l);
		else
			g->uncollected = true;
	}
}

/* Objects without routes, then leaves without objects. */
void fib_objects_collect(struct fib_groups *g)
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
			fib_object_free(g, o);
	}
	if (!g->plain)
		leaves_collect(g);
}

/* Left behind by a daemon before us, and claimed by nobody. */
void fib_objects_sweep(struct fib_groups *g)
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

void fib_leaf_changed(struct fib_groups *g, const struct fib_leaf *l)
{
	for (struct list_node *n = list_first(&g->objects); n != NULL;
	     n = list_after(&g->objects, n)) {
		struct fib_object *o = list_entry(n, struct fib_object, all);

		for (unsigned i = 0; i < o->hops.count; i++)
			if (fib_hop_compare(&o->hops.list[i], &l->hop) == 0)
				fib_object_mark(g, o);
	}
}
