/*
 * Aggregates: what contributes to each, and what it is therefore.
 *
 * All usable paths to more specific destinations contribute, best or not, as in FRR; aggregates do
 * not. Of each destination is remembered what it contributed last, so that a change is a difference
 * of two short lists and no table is walked. What an aggregate becomes depends on the *set* of the
 * contributed attributes alone, which are interned: it is counted how often each is contributed,
 * and only when one comes in or goes out for good is the aggregate computed again, once all other
 * destinations that wait have been decided.
 *
 * A path is suppressed by its flag (loc_rib.h), which says what neighbors hear of it and nothing
 * else. An aggregate that waits for its first computation suppresses already: nobody is told a
 * route for the moment that it takes. When it turns out that it does not (MEDs that differ, a
 * route-map that denies it), all its contributors are decided again.
 *
 * The aggregate is a path from here with a Path Identifier of its own, beside a `network` of the
 * same prefix. The host drops what no more specific route leads anywhere (bgp_route.aggregate).
 */
#include "bgp/aggregate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bgp/aggregate_attrs.h"
#include "bgp/speaker.h"

struct aggregate_key {
	uint32_t family;
	struct prefix prefix;
};

/* What one destination contributes. */
struct contributor {
	struct dest *dest; /* key; it has paths, so it is there */
	struct list_node order;
	size_t count;
	const struct attrs *attrs[]; /* held; of each usable path */
};

/* A set of attributes that is contributed. */
struct member {
	uint32_t id; /* key: attrs->id */
	uint32_t count;
	const struct attrs *attrs; /* held */
};

struct aggregate {
	struct aggregate_key key;
	const struct aggregate_settings *settings; /* in bgp->settings */
	struct map contributors;		   /* owned */
	struct list order;			   /* the same, in order of arrival */
	struct map members;			   /* owned */
	bool dirty, present;
	bool suppresses; /* as far as it is known */
};

struct aggregates {
	struct map all; /* owned, by family and prefix */
	/* Prefix lengths that there are: what a destination need be looked up with. */
	bool lengths[BGP_FAMILIES][129];
	bool dirty; /* one of them is */
	uint64_t seed;
};

struct aggregates *aggregates_new(uint64_t seed)
{
	struct aggregates *all = mem_new(sizeof(*all));

	all->seed = seed;
	map_init(&all->all, offsetof(struct aggregate, key), sizeof(struct aggregate_key), seed);
	return all;
}

_Static_assert(sizeof(struct aggregate_key) == 4 + sizeof(struct prefix), "padding in a map key");

static struct aggregate_key key_of(enum bgp_family family, const struct prefix *prefix)
{
	return (struct aggregate_key){.family = (uint32_t)family, .prefix = *prefix};
}

/* ---- contributions ---- */

static void member_add(struct aggregate *a, const struct attrs *attrs)
{
	struct member *m = map_find(&a->members, &attrs->id);

	if (m == NULL) {
		m = mem_new(sizeof(*m));
		m->id = attrs->id;
		m->attrs = attrs_hold(attrs);
		map_insert(&a->members, m);
		a->dirty = true;
	}
	m->count++;
}

static void member_remove(struct loc_rib *rib, struct aggregate *a, const struct attrs *attrs)
{
	struct member *m = map_find(&a->members, &attrs->id);

	if (--m->count != 0)
		return;
	map_remove(&a->members, &attrs->id);
	attrs_release(rib->attrs, m->attrs);
	mem_free(m);
	a->dirty = true;
}

static void contributor_free(struct loc_rib *rib, struct aggregate *a, struct contributor *c)
{
	map_remove(&a->contributors, &c->dest);
	list_remove(&a->order, &c->order);
	for (size_t i = 0; i < c->count; i++) {
		member_remove(rib, a, c->attrs[i]);
		attrs_release(rib->attrs, c->attrs[i]);
	}
	mem_free(c);
}

static void contributor_add(
    struct aggregate *a, struct dest *d, const struct attrs *const *attrs, size_t count)
{
	struct contributor *c = mem_new(sizeof(*c) + count * sizeof(*attrs));

	c->dest = d;
	c->count = count;
	for (size_t i = 0; i < count; i++) {
		c->attrs[i] = attrs_hold(attrs[i]);
		member_add(a, attrs[i]);
	}
	map_insert(&a->contributors, c);
	list_append(&a->order, &c->order);
}

/* Comes before it goes: what is in both lists does not leave the members in between. */
static void contribute(struct loc_rib *rib, struct aggregate *a, struct dest *d,
    const struct attrs *const *attrs, size_t count)
{
	struct contributor *c = map_find(&a->contributors, &d);

	if (c != NULL && c->count == count &&
	    (count == 0 || memcmp(c->attrs, attrs, count * sizeof(*attrs)) == 0))
		return;
	for (size_t i = 0; c != NULL && i < count; i++)
		member_add(a, attrs[i]);
	if (c != NULL)
		contributor_free(rib, a, c);
	if (count > 0)
		contributor_add(a, d, attrs, count);
	for (size_t i = 0; c != NULL && i < count; i++)
		member_remove(rib, a, attrs[i]);
}

static bool is_aggregate(const struct path *p)
{
	return p->peer == NULL && p->path_id == AGGREGATE_PATH_ID;
}

static bool contributes(const struct bgp *b, const struct dest *d, const struct path *p)
{
	return (p->flags & PATH_WITHDRAWN) == 0 && !is_aggregate(p) &&
	       loc_rib_usable(&b->rib, &b->settings, d, p);
}

static size_t contributions(struct bgp *b, const struct dest *d, const struct attrs ***list)
{
	size_t n = 0;

	for (const struct path *p = d->paths; p != NULL; p = p->next)
		n++;
	*list = arena_new(&b->arena, (n + 1) * sizeof(**list));
	n = 0;
	for (const struct path *p = d->paths; p != NULL; p = p->next)
		if (contributes(b, d, p))
			(*list)[n++] = p->attrs;
	return n;
}

/* ---- suppression ---- */

static bool map_permits(struct bgp *b, const char *name, const struct nlri *n, const struct path *p)
{
	const struct policy *policy = &b->settings.policy;
	struct policy_route route = {.nlri = n, .as = b->settings.as, .global_as = b->settings.as};
	struct attrs a = *p->attrs;

	if (p->peer != NULL)
		route.peer = &p->peer->address;
	return route_map_apply(policy, policy_map_find(policy, name), &route, &a, &b->arena);
}

static bool suppresses(
    struct bgp *b, const struct aggregate *a, const struct nlri *n, const struct path *p)
{
	const char *map = a->settings->suppress_map;

	return a->suppresses &&
	       (a->settings->summary_only || (map != NULL && map_permits(b, map, n, p)));
}

static bool any_suppressed(const struct dest *d)
{
	for (const struct path *p = d->paths; p != NULL; p = p->next)
		if ((p->flags & PATH_SUPPRESSED) != 0)
			return true;
	return false;
}

static bool is_suppressed(struct bgp *b, const struct dest *d, const struct nlri *n,
    const struct path *p, struct aggregate **over, size_t count)
{
	/* What does not contribute is not found again when the aggregate changes. */
	if (count == 0 || !contributes(b, d, p))
		return false;
	for (size_t i = 0; i < count; i++)
		if (suppresses(b, over[i], n, p))
			return true;
	return false;
}

/* True: the flag of one of its paths changed. */
static bool set_suppressed(
    struct bgp *b, struct dest *d, const struct nlri *n, struct aggregate **over, size_t count)
{
	bool changed = false;

	for (struct path *p = d->paths; p != NULL; p = p->next) {
		bool suppressed = is_suppressed(b, d, n, p, over, count);
		uint16_t before = p->flags;

		p->flags = (uint16_t)(suppressed ? p->flags | PATH_SUPPRESSED
						 : p->flags & ~PATH_SUPPRESSED);
		changed |= p->flags != before;
	}
	return changed;
}

/* ---- a destination ---- */

/* The aggregates that cover it, not with its own prefix; their number. */
static size_t covering(const struct aggregates *all, const struct nlri *n, struct aggregate **over)
{
	size_t count = 0;

	for (uint8_t len = 0; len < n->prefix.len; len++) {
		struct prefix p;
		struct aggregate_key key;

		if (!all->lengths[n->family][len])
			continue;
		p = prefix_from(&n->prefix.addr, len);
		key = key_of(n->family, &p);
		over[count] = map_find(&all->all, &key);
		count += over[count] != NULL;
	}
	return count;
}

bool aggregates_look(struct bgp *b, struct dest *d)
{
	struct aggregates *all = b->aggregates;
	struct aggregate *over[129];
	const struct attrs **list = NULL;
	size_t count, n;
	struct nlri nlri;
	bool changed;

	if (d->family == BGP_L2VPN_EVPN || (all->all.count == 0 && !any_suppressed(d)))
		return false;
	dest_nlri(d, NULL, &nlri);
	count = covering(all, &nlri, over);
	n = count == 0 ? 0 : contributions(b, d, &list);
	for (size_t i = 0; i < count; i++) {
		contribute(&b->rib, over[i], d, list, n);
		all->dirty |= over[i]->dirty;
	}
	changed = set_suppressed(b, d, &nlri, over, count);
	arena_reset(&b->arena);
	return changed;
}

/* ---- an aggregate ---- */

static int member_compare(const void *x, const void *y)
{
	const struct member *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

/* In order of the creation of the sets. */
static size_t members_of(const struct aggregate *a, struct arena *arena, const struct attrs ***list)
{
	void **sorted = map_sorted(&a->members, arena, member_compare);

	*list = arena_new(arena, (a->members.count + 1) * sizeof(**list));
	for (size_t i = 0; i < a->members.count; i++)
		(*list)[i] = ((const struct member *)sorted[i])->attrs;
	return a->members.count;
}

static struct nlri nlri_of(const struct aggregate *a)
{
	return (struct nlri){.family = (enum bgp_family)a->key.family,
	    .prefix = a->key.prefix,
	    .path_id = AGGREGATE_PATH_ID};
}

/* *to: what it is; false: there is none, for nothing contributes or policy denies it. */
static bool compute(struct bgp *b, const struct aggregate *a, struct attrs *to)
{
	const struct policy *policy = &b->settings.policy;
	const char *map = a->settings->route_map;
	struct nlri n = nlri_of(a);
	struct policy_route route = {.nlri = &n, .as = b->settings.as, .global_as = b->settings.as};
	const struct attrs **list;
	size_t count = members_of(a, &b->arena, &list);

	if (count == 0 || (a->settings->matching_med && !attrs_same_med(list, count)))
		return false;
	*to = aggregate_attrs(a->settings, list, count, &b->arena);
	to->aggregator_as = b->settings.as;
	to->aggregator = b->settings.router_id;
	to->weight = BGP_LOCAL_WEIGHT;
	if (map != NULL &&
	    !route_map_apply(policy, policy_map_find(policy, map), &route, to, &b->arena))
		return false;
	originate_graceful_shutdown(b, to);
	return true;
}

static void mark_contributors(struct bgp *b, const struct aggregate *a)
{
	for (struct list_node *n = list_first(&a->order); n != NULL; n = list_after(&a->order, n))
		loc_rib_mark_dirty(&b->rib, list_entry(n, struct contributor, order)->dest, false);
}

static void withdraw(struct bgp *b, struct aggregate *a)
{
	struct nlri n = nlri_of(a);

	if (a->present)
		loc_rib_unset(&b->rib, NULL, &n);
	a->present = false;
}

static void recompute(struct bgp *b, struct aggregate *a)
{
	struct nlri n = nlri_of(a);
	struct attrs attrs;
	bool present = compute(b, a, &attrs);
	bool suppressing = present || a->contributors.count == 0;

	a->dirty = false;
	if (present) {
		bgp_originate(b, &n, &attrs);
		a->present = true;
	} else {
		withdraw(b, a);
	}
	if (suppressing != a->suppresses) {
		a->suppresses = suppressing;
		mark_contributors(b, a);
	}
	arena_reset(&b->arena);
}

static int aggregate_compare(const void *x, const void *y)
{
	return memcmp(&((const struct aggregate *)x)->key, &((const struct aggregate *)y)->key,
	    sizeof(struct aggregate_key));
}

static struct aggregate **sorted(const struct aggregates *all, struct arena *arena)
{
	return (struct aggregate **)map_sorted(&all->all, arena, aggregate_compare);
}

void aggregates_run(struct bgp *b)
{
	struct arena arena = {0};
	struct aggregate **list;
	size_t count = b->aggregates->all.count;

	if (!b->aggregates->dirty)
		return;
	b->aggregates->dirty = false;
	list = sorted(b->aggregates, &arena);
	for (size_t i = 0; i < count; i++)
		if (list[i]->dirty)
			recompute(b, list[i]);
	arena_fini(&arena);
}

bool aggregates_pending(const struct bgp *b)
{
	return b->aggregates->dirty;
}

/* ---- settings ---- */

static const struct aggregate_settings *settings_find(
    const struct bgp_settings *s, const struct aggregate_key *key)
{
	for (size_t i = 0; s->enabled && i < s->aggregate_count; i++)
		if (s->aggregates[i].family == key->family &&
		    prefix_equal(&s->aggregates[i].prefix, &key->prefix))
			return &s->aggregates[i];
	return NULL;
}

static void aggregate_free(struct bgp *b, struct aggregate *a)
{
	struct list_node *n;

	mark_contributors(b, a);
	withdraw(b, a);
	while ((n = list_first(&a->order)) != NULL)
		contributor_free(&b->rib, a, list_entry(n, struct contributor, order));
	map_fini(&a->contributors);
	map_fini(&a->members);
	map_remove(&b->aggregates->all, &a->key);
	mem_free(a);
}

static void aggregate_add(struct bgp *b, const struct aggregate_settings *s)
{
	struct aggregate *a = mem_new(sizeof(*a));

	a->key = key_of(s->family, &s->prefix);
	a->settings = s;
	a->suppresses = true;
	map_init(&a->contributors, offsetof(struct contributor, dest), sizeof(struct dest *),
	    b->aggregates->seed);
	map_init(&a->members, offsetof(struct member, id), sizeof(uint32_t), b->aggregates->seed);
	list_init(&a->order);
	map_insert(&b->aggregates->all, a);
	/* Who contributes is found by deciding it. */
	for (struct dest *d = loc_rib_after(&b->rib, s->family, NULL); d != NULL;
	     d = loc_rib_after(&b->rib, s->family, d)) {
		struct nlri n;

		dest_nlri(d, NULL, &n);
		if (n.prefix.len > s->prefix.len && prefix_contains(&s->prefix, &n.prefix.addr))
			loc_rib_mark_dirty(&b->rib, d, false);
	}
}

static void aggregate_change(struct bgp *b, struct aggregate *a,
    const struct aggregate_settings *was, const struct bgp_settings *old)
{
	const struct aggregate_settings *is = a->settings;

	if (was->summary_only != is->summary_only ||
	    !policy_named_map_equal(
		&old->policy, was->suppress_map, &b->settings.policy, is->suppress_map))
		mark_contributors(b, a);
	/* Costs a computation, and changes nothing where nothing changed. */
	a->dirty = b->aggregates->dirty = true;
}

static void note_lengths(struct aggregates *all, const struct bgp_settings *s)
{
	memset(all->lengths, 0, sizeof(all->lengths));
	for (size_t i = 0; s->enabled && i < s->aggregate_count; i++)
		all->lengths[s->aggregates[i].family][s->aggregates[i].prefix.len] = true;
}

void aggregates_configure(struct bgp *b, const struct bgp_settings *old)
{
	struct aggregates *all = b->aggregates;
	const struct bgp_settings *s = &b->settings;
	struct arena arena = {0};
	struct aggregate **list = sorted(all, &arena);
	size_t count = all->all.count;

	for (size_t i = 0; i < count; i++) {
		struct aggregate *a = list[i];

		a->settings = settings_find(s, &a->key);
		if (a->settings == NULL)
			aggregate_free(b, a);
		else
			aggregate_change(b, a, settings_find(old, &a->key), old);
	}
	note_lengths(all, s);
	for (size_t i = 0; s->enabled && i < s->aggregate_count; i++) {
		struct aggregate_key key =
		    key_of(s->aggregates[i].family, &s->aggregates[i].prefix);

		if (map_find(&all->all, &key) == NULL)
			aggregate_add(b, &s->aggregates[i]);
	}
	arena_fini(&arena);
}

void aggregates_free(struct bgp *b)
{
	struct arena arena = {0};
	struct aggregate **list = sorted(b->aggregates, &arena);
	size_t count = b->aggregates->all.count;

	for (size_t i = 0; i < count; i++)
		aggregate_free(b, list[i]);
	map_fini(&b->aggregates->all);
	arena_fini(&arena);
	mem_free(b->aggregates);
}
