/*
 * Routes before policy, of one peer and family.
 *
 * A table of its own, beside the paths of the Loc-RIB: who does not ask for it pays nothing, and a
 * route that policy denies has a place that the decision process never sees. Attributes are
 * interned like all others, so a policy that changes nothing costs an entry and no second set.
 *
 * Invariants: a route is in `order`, and in the map or in the chain of its NLRI's first. The cursor
 * of a review is always a route that is there, or NULL.
 */
#include "bgp/received.h"

#include <string.h>

#include "base/mem.h"

struct received *received_new(
    enum bgp_family family, struct attr_table *attrs, struct extra_table *extras, uint64_t seed)
{
	struct received *r = mem_new(sizeof(*r));

	r->family = family;
	r->attrs = attrs;
	r->extras = extras;
	map_init(&r->map, offsetof(struct received_route, key), 0, seed);
	list_init(&r->order);
	return r;
}

static void route_free(struct received *r, struct received_route *route)
{
	if (r->cursor == &route->order)
		r->cursor = list_after(&r->order, &route->order);
	list_remove(&r->order, &route->order);
	attrs_release(r->attrs, route->attrs);
	extra_release(r->extras, route->extra);
	mem_free(route);
}

void received_free(struct received *r)
{
	struct list_node *n;

	if (r == NULL)
		return;
	while ((n = list_first(&r->order)) != NULL)
		route_free(r, list_entry(n, struct received_route, order));
	map_fini(&r->map);
	mem_free(r);
}

static struct received_route *route_add(
    struct received *r, struct received_route *first, const uint8_t *key, uint32_t path_id)
{
	struct received_route *route = mem_new(sizeof(*route) + 1 + key[0]);

	memcpy(route->key, key, (size_t)1 + key[0]);
	route->path_id = path_id;
	list_append(&r->order, &route->order);
	if (first == NULL) {
		map_insert(&r->map, route);
	} else { /* the first stays first: it is what the map points to */
		route->next = first->next;
		first->next = route;
	}
	return route;
}

void received_set(struct received *r, const struct nlri *n, const struct attrs *attrs)
{
	uint8_t key[NLRI_KEY_MAX];
	struct received_route *first, *route;
	const struct attrs *before;
	const struct nlri_extra *extra = extra_intern(r->extras, n);

	nlri_key(n, key);
	first = route = map_find(&r->map, key);
	while (route != NULL && route->path_id != n->path_id)
		route = route->next;
	if (route == NULL)
		route = route_add(r, first, key, n->path_id);
	before = route->attrs;
	route->attrs = attrs_hold(attrs);
	attrs_release(r->attrs, before);
	extra_release(r->extras, route->extra);
	route->extra = extra;
	route->refresh = false;
}

static void unlink_route(struct received *r, struct received_route *route)
{
	struct received_route *first = map_find(&r->map, route->key);

	if (first != route) {
		while (first->next != route)
			first = first->next;
		first->next = route->next;
		return;
	}
	map_remove(&r->map, route->key);
	if (route->next != NULL)
		map_insert(&r->map, route->next);
}

void received_unset(struct received *r, const struct nlri *n)
{
	uint8_t key[NLRI_KEY_MAX];
	struct received_route *route;

	nlri_key(n, key);
	route = map_find(&r->map, key);
	while (route != NULL && route->path_id != n->path_id)
		route = route->next;
	if (route == NULL)
		return;
	unlink_route(r, route);
	route_free(r, route);
}

void received_refresh_begin(struct received *r)
{
	for (struct list_node *n = list_first(&r->order); n != NULL; n = list_after(&r->order, n))
		list_entry(n, struct received_route, order)->refresh = true;
}

void received_nlri(const struct received *r, const struct received_route *route, struct nlri *n)
{
	nlri_from_key(r->family, route->key, n);
	extra_apply(route->extra, n);
	n->path_id = route->path_id;
}

void received_review(struct received *r)
{
	r->cursor = list_first(&r->order);
}

const struct received_route *received_next(struct received *r)
{
	struct list_node *n = r->cursor;

	if (n == NULL)
		return NULL;
	r->cursor = list_after(&r->order, n);
	return list_entry(n, struct received_route, order);
}

const struct received_route *received_after(
    const struct received *r, const struct received_route *route)
{
	struct list_node *n =
	    route == NULL ? list_first(&r->order) : list_after(&r->order, &route->order);

	return n == NULL ? NULL : list_entry(n, struct received_route, order);
}
