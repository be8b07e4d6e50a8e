/*
 * A neighbor's policy: its parts are found by name each time, for a lookup costs less than keeping
 * pointers right over a reload.
 */
#include "bgp/filter.h"

#include "bgp/speaker.h"

/* The names of one direction. */
struct names {
	const char *distribute, *prefix, *path, *map;
};

static struct names names_of(const struct neighbor_family *f, enum direction d)
{
	if (d == DIRECTION_IN)
		return (struct names){
		    f->distribute_list_in, f->prefix_list_in, f->filter_list_in, f->route_map_in};
	return (struct names){
	    f->distribute_list_out, f->prefix_list_out, f->filter_list_out, f->route_map_out};
}

static bool any(const struct names *n)
{
	return n->distribute != NULL || n->prefix != NULL || n->path != NULL || n->map != NULL;
}

static enum list_kind access_kind(enum bgp_family family)
{
	return family == BGP_IPV6_UNICAST ? LIST_ACCESS6 : LIST_ACCESS4;
}

static enum list_kind prefix_kind(enum bgp_family family)
{
	return family == BGP_IPV6_UNICAST ? LIST_PREFIX6 : LIST_PREFIX4;
}

static struct filter find(
    const struct policy *policy, const struct names *n, enum bgp_family family)
{
	return (struct filter){.policy = policy,
	    .distribute = policy_list_find(policy, access_kind(family), n->distribute),
	    .prefix = policy_list_find(policy, prefix_kind(family), n->prefix),
	    .path = policy_list_find(policy, LIST_AS_PATH, n->path),
	    .map = policy_map_find(policy, n->map)};
}

static void warn(struct peer *p, const char *what, const char *name)
{
	if (!p->warned_policy)
		log_warning(p->bgp->log, LOG_BGP, "%s: %s%s: all routes are denied", peer_name(p),
		    what, name);
	p->warned_policy = true;
}

/* What is named and does not exist; NULL: nothing. */
static const char *missing(const struct names *n, const struct filter *f, const char **what)
{
	if (n->distribute != NULL && f->distribute == NULL) {
		*what = "there is no access-list ";
		return n->distribute;
	}
	if (n->prefix != NULL && f->prefix == NULL) {
		*what = "there is no prefix-list ";
		return n->prefix;
	}
	if (n->path != NULL && f->path == NULL) {
		*what = "there is no as-path access-list ";
		return n->path;
	}
	*what = "there is no route-map ";
	return n->map != NULL && f->map == NULL ? n->map : NULL;
}

/* False: one of the names stands for nothing, or there must be one and is none. */
static bool find_all(
    struct peer *p, enum bgp_family family, const struct names *n, struct filter *f)
{
	const struct bgp_settings *s = &p->bgp->settings;
	const char *what, *name;

	*f = find(&s->policy, n, family);
	name = missing(n, f, &what);
	if (name != NULL) {
		warn(p, what, name);
		return false;
	}
	if (any(n) || !p->ebgp || !s->ebgp_requires_policy)
		return true;
	warn(p, "no policy, but bgp ebgp-requires-policy", "");
	return false;
}

bool filter_find(struct peer *p, enum bgp_family family, enum direction d, struct filter *f)
{
	struct names n = names_of(&p->settings->family[family], d);

	return find_all(p, family, &n, f);
}

bool filter_find_suppressed(struct peer *p, enum bgp_family family, struct filter *f)
{
	const struct neighbor_family *s = &p->settings->family[family];
	struct names n = names_of(s, DIRECTION_OUT);

	n.map = s->unsuppress_map;
	return n.map != NULL && find_all(p, family, &n, f);
}

bool filter_looks_at_nlri(const struct filter *f)
{
	return f->distribute != NULL || f->prefix != NULL ||
	       (f->map != NULL && policy_map_looks_at_nlri(f->policy, f->map));
}

bool filter_apply(
    const struct filter *f, struct policy_route *route, struct attrs *a, struct arena *arena)
{
	if (f->distribute != NULL && !access_list_permits(f->distribute, &route->nlri->prefix))
		return false;
	if (f->prefix != NULL && !prefix_list_permits(f->prefix, &route->nlri->prefix))
		return false;
	if (f->path != NULL && !as_path_list_permits(f->path, a))
		return false;
	return f->map == NULL || route_map_apply(f->policy, f->map, route, a, arena);
}

/* Named or not matters, too: a name that does not exist denies. */
static bool named_alike(const struct names *x, const struct names *y)
{
	return (x->distribute == NULL) == (y->distribute == NULL) &&
	       (x->prefix == NULL) == (y->prefix == NULL) &&
	       (x->path == NULL) == (y->path == NULL) && (x->map == NULL) == (y->map == NULL);
}

bool filter_settings_equal(const struct bgp_settings *a, const struct neighbor_family *x,
    const struct bgp_settings *b, const struct neighbor_family *y, enum bgp_family family,
    enum direction d)
{
	struct names n = names_of(x, d), m = names_of(y, d);
	struct filter f = find(&a->policy, &n, family), g = find(&b->policy, &m, family);

	return named_alike(&n, &m) &&
	       (any(&n) || a->ebgp_requires_policy == b->ebgp_requires_policy) &&
	       policy_list_equal(f.distribute, g.distribute) &&
	       policy_list_equal(f.prefix, g.prefix) && policy_list_equal(f.path, g.path) &&
	       policy_map_equal(f.policy, f.map, g.policy, g.map);
}
