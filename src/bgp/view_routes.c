/*
 * The routes of one neighbor, as it sent them and as it was told: for shows.
 */
#include <stdlib.h>
#include <string.h>

#include "bgp/adj_rib_in.h"
#include "bgp/speaker.h"

static struct peer *find(const struct bgp *b, const char *name)
{
	for (size_t i = 0; i < b->peer_count; i++)
		if (strcmp(peer_name(b->peers[i]), name) == 0)
			return b->peers[i];
	return NULL;
}

static struct bgp_dest_route route_of(const struct peer *p, const struct attrs *attrs)
{
	return (struct bgp_dest_route){.route = {.attrs = attrs,
					   .peer_address = p->address,
					   .peer_ifindex = p->ifindex,
					   .ebgp = p->ebgp},
	    .peer = peer_name(p),
	    .router_id = p->router_id,
	    .valid = true};
}

/* ---- received ---- */

static int route_compare(const void *a, const void *b)
{
	const struct received_route *x = *(const struct received_route *const *)a,
				    *y = *(const struct received_route *const *)b;
	size_t n = x->key[0] < y->key[0] ? x->key[0] : y->key[0];
	int c = memcmp(x->key + 1, y->key + 1, n);

	if (c != 0 || x->key[0] != y->key[0])
		return c != 0 ? c : x->key[0] - y->key[0];
	return x->path_id < y->path_id ? -1 : x->path_id > y->path_id;
}

static bool same_nlri(const struct received_route *a, const struct received_route *b)
{
	return memcmp(a->key, b->key, (size_t)1 + a->key[0]) == 0;
}

/* The first of these, and others of its NLRI behind it; their number. */
static size_t visit_received(struct peer *p, const struct received *kept,
    const struct received_route **all, size_t count, struct arena *arena, void *context,
    bgp_visit *visit)
{
	struct bgp_dest_route *routes;
	struct nlri nlri;
	size_t n = 1;

	while (n < count && same_nlri(all[n], all[0]))
		n++;
	routes = arena_new(arena, n * sizeof(*routes));
	for (size_t i = n; i-- > 0;) {
		received_nlri(kept, all[i], &nlri);
		routes[i] = route_of(p, all[i]->attrs);
		routes[i].denied = adj_rib_in_denies(p, &nlri, all[i]->attrs);
	}
	visit(context, &nlri, routes, n);
	return n;
}

bool bgp_walk_received(const struct bgp *b, const char *peer, enum bgp_family family,
    struct arena *arena, void *context, bgp_visit *visit)
{
	struct peer *p = find(b, peer);
	const struct received *kept = p == NULL ? NULL : p->received[family];
	const struct received_route **all, *r = NULL;
	size_t n = 0;

	if (kept == NULL)
		return false;
	all = arena_new(arena, (kept->order.count + 1) * sizeof(struct received_route *));
	while ((r = received_after(kept, r)) != NULL)
		all[n++] = r;
	qsort(all, n, sizeof(struct received_route *), route_compare);
	for (size_t i = 0; i < n;)
		i += visit_received(p, kept, all + i, n - i, arena, context, visit);
	return true;
}

/* ---- advertised ---- */

static bool is_told(const struct peer *p, const struct out *out)
{
	return out->peer == p->number && out->attrs != NULL;
}

static void visit_advertised(const struct peer *p, const struct dest *d, struct arena *arena,
    void *context, bgp_visit *visit)
{
	struct bgp_dest_route *routes;
	struct nlri nlri;
	size_t n = 0, i = 0;

	for (const struct out *out = d->outs; out != NULL; out = out->next)
		n += is_told(p, out);
	if (n == 0)
		return;
	routes = arena_new(arena, n * sizeof(*routes));
	for (const struct out *out = d->outs; out != NULL; out = out->next)
		if (is_told(p, out)) {
			dest_nlri(d, out->extra, &nlri);
			routes[i++] = route_of(p, out->attrs);
		}
	visit(context, &nlri, routes, n);
}

bool bgp_walk_advertised(const struct bgp *b, const char *peer, enum bgp_family family,
    struct arena *arena, void *context, bgp_visit *visit)
{
	const struct peer *p = find(b, peer);

	if (p == NULL)
		return false;
	for (struct dest **d = loc_rib_sorted(&b->rib, family, arena); *d != NULL; d++)
		visit_advertised(p, *d, arena, context, visit);
	return true;
}
