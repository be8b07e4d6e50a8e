/*
 * BGP settings: ownership, copies, and the question that a reload asks: may the session go on?
 */
#include "bgp/settings.h"

#include <string.h>

#include "base/mem.h"

char **neighbor_family_name(struct neighbor_family *f, unsigned i)
{
	char **all[NEIGHBOR_NAMES] = {&f->default_route_map, &f->route_map_in, &f->route_map_out,
	    &f->distribute_list_in, &f->distribute_list_out, &f->prefix_list_in,
	    &f->prefix_list_out, &f->filter_list_in, &f->filter_list_out, &f->unsuppress_map,
	    &f->advertise_map, &f->condition_map};

	return all[i];
}

const char *redistribute_name(enum redistribute from)
{
	static const char *const names[REDISTRIBUTES] = {[REDISTRIBUTE_CONNECTED] = "connected",
	    [REDISTRIBUTE_KERNEL] = "kernel",
	    [REDISTRIBUTE_STATIC] = "static"};

	return names[from];
}

static void family_fini(struct neighbor_family *f)
{
	for (unsigned i = 0; i < NEIGHBOR_NAMES; i++)
		mem_free(*neighbor_family_name(f, i));
}

static void neighbor_fini(struct neighbor_settings *n)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		family_fini(&n->family[f]);
	mem_free(n->name);
	mem_free(n->description);
	mem_free(n->peer_group);
	mem_free(n->auth);
	mem_free(n->shutdown_message);
}

void bgp_settings_fini(struct bgp_settings *s)
{
	for (size_t i = 0; i < s->neighbor_count; i++)
		neighbor_fini(&s->neighbors[i]);
	for (size_t i = 0; i < s->range_count; i++)
		neighbor_fini(&s->ranges[i].neighbor);
	for (size_t i = 0; i < s->network_count; i++)
		mem_free(s->networks[i].route_map);
	for (size_t i = 0; i < s->aggregate_count; i++) {
		mem_free(s->aggregates[i].route_map);
		mem_free(s->aggregates[i].suppress_map);
	}
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		for (size_t i = 0; i < REDISTRIBUTES; i++)
			mem_free(s->redistribute[f][i].route_map);
		mem_free(s->fib_route_map[f]);
		mem_free(s->table_map[f]);
	}
	mem_free(s->neighbors);
	mem_free(s->ranges);
	mem_free(s->networks);
	mem_free(s->aggregates);
	policy_fini(&s->policy);
	*s = (struct bgp_settings){0};
}

static char *text_dup(const char *s)
{
	return s == NULL ? NULL : mem_strdup(s);
}

static void neighbor_own(struct neighbor_settings *n)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		for (unsigned i = 0; i < NEIGHBOR_NAMES; i++) {
			char **name = neighbor_family_name(&n->family[f], i);

			*name = text_dup(*name);
		}
	n->name = text_dup(n->name);
	n->description = text_dup(n->description);
	n->peer_group = text_dup(n->peer_group);
	if (n->auth != NULL)
		n->auth = mem_dup(n->auth, sizeof(*n->auth));
	n->shutdown_message = text_dup(n->shutdown_message);
}

void bgp_settings_copy(struct bgp_settings *to, const struct bgp_settings *from)
{
	*to = *from;
	to->neighbors = mem_dup(from->neighbors, from->neighbor_count * sizeof(*from->neighbors));
	to->ranges = mem_dup(from->ranges, from->range_count * sizeof(*from->ranges));
	to->networks = mem_dup(from->networks, from->network_count * sizeof(*from->networks));
	to->aggregates =
	    mem_dup(from->aggregates, from->aggregate_count * sizeof(*from->aggregates));
	for (size_t i = 0; i < to->neighbor_count; i++)
		neighbor_own(&to->neighbors[i]);
	for (size_t i = 0; i < to->range_count; i++)
		neighbor_own(&to->ranges[i].neighbor);
	for (size_t i = 0; i < to->network_count; i++)
		to->networks[i].route_map = text_dup(to->networks[i].route_map);
	for (size_t i = 0; i < to->aggregate_count; i++) {
		to->aggregates[i].route_map = text_dup(to->aggregates[i].route_map);
		to->aggregates[i].suppress_map = text_dup(to->aggregates[i].suppress_map);
	}
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		for (size_t i = 0; i < REDISTRIBUTES; i++)
			to->redistribute[f][i].route_map =
			    text_dup(from->redistribute[f][i].route_map);
		to->fib_route_map[f] = text_dup(from->fib_route_map[f]);
		to->table_map[f] = text_dup(from->table_map[f]);
	}
	policy_copy(&to->policy, &from->policy);
}

struct neighbor_settings *neighbor_settings_dup(const struct neighbor_settings *n)
{
	struct neighbor_settings *copy = mem_dup(n, sizeof(*n));

	neighbor_own(copy);
	return copy;
}

void neighbor_settings_free(struct neighbor_settings *n)
{
	if (n == NULL)
		return;
	neighbor_fini(n);
	mem_free(n);
}

const struct listen_range *bgp_settings_range(const struct bgp_settings *s, const struct ip *ip)
{
	const struct listen_range *best = NULL;

	for (size_t i = 0; i < s->range_count; i++)
		if (prefix_contains(&s->ranges[i].prefix, ip) &&
		    (best == NULL || s->ranges[i].prefix.len > best->prefix.len))
			best = &s->ranges[i];
	return best;
}

const struct neighbor_settings *bgp_settings_neighbor(
    const struct bgp_settings *s, const char *name)
{
	for (size_t i = 0; i < s->neighbor_count; i++)
		if (strcmp(s->neighbors[i].name, name) == 0)
			return &s->neighbors[i];
	return NULL;
}

static bool auth_equal(const struct tcp_auth *a, const struct tcp_auth *b)
{
	return a == NULL || b == NULL ? a == b : memcmp(a, b, sizeof(*a)) == 0;
}

static bool family_session_equal(const struct neighbor_family *a, const struct neighbor_family *b)
{
	return a->activate == b->activate && a->no_add_path_rx == b->no_add_path_rx &&
	       (a->add_path == ADD_PATH_NONE) == (b->add_path == ADD_PATH_NONE);
}

static bool capabilities_equal(const struct neighbor_settings *a, const struct neighbor_settings *b)
{
	return a->no_capabilities == b->no_capabilities &&
	       a->override_capability == b->override_capability &&
	       a->strict_capability == b->strict_capability &&
	       a->extended_parameters == b->extended_parameters && a->role == b->role &&
	       a->role_strict == b->role_strict;
}

bool neighbor_session_equal(const struct neighbor_settings *a, const struct neighbor_settings *b)
{
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		if (!family_session_equal(&a->family[f], &b->family[f]))
			return false;
	return a->unnumbered == b->unnumbered && ip_equal(&a->address, &b->address) &&
	       a->remote_as_kind == b->remote_as_kind && a->remote_as == b->remote_as &&
	       a->local_as == b->local_as && a->shutdown == b->shutdown &&
	       a->extended_nexthop == b->extended_nexthop && capabilities_equal(a, b) &&
	       a->graceful_restart == b->graceful_restart && a->ttl == b->ttl &&
	       a->ttl_security_hops == b->ttl_security_hops && auth_equal(a->auth, b->auth) &&
	       a->port == b->port && a->hold_s == b->hold_s &&
	       ip_equal(&a->update_source, &b->update_source) &&
	       strcmp(a->update_source_dev, b->update_source_dev) == 0;
}
