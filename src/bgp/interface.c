/*
 * The host's links, as far as a BGP speaker must know them: is it up, which of our addresses are on
 * it, and who has told us by router advertisement that it is at the other end.
 *
 * Owns struct interface. Peers hold an ifindex and look here; what changes is told to those that it
 * concerns, and only if it is news to them.
 */
#include <string.h>

#include "base/mem.h"
#include "bgp/speaker.h"

struct interface *bgp_interface_find(const struct bgp *b, ifindex_t ifindex)
{
	return map_find(&b->interfaces, &ifindex);
}

struct interface *bgp_interface_named(const struct bgp *b, const char *name)
{
	size_t at = 0;
	struct interface *i;

	while ((i = map_next(&b->interfaces, &at)) != NULL)
		if (strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

static void links_changed(struct bgp *b, const char *name, mono_t now)
{
	for (size_t i = 0; i < b->peer_count; i++)
		if (strcmp(peer_name(b->peers[i]), name) == 0)
			peer_link_changed(b->peers[i], now);
}

/* Our next hops on this link changed. */
static void next_hops_changed(struct bgp *b, ifindex_t ifindex)
{
	for (size_t i = 0; i < b->peer_count; i++)
		for (size_t f = 0; f < BGP_FAMILIES; f++)
			if (ifindex_equal(b->peers[i]->ifindex, ifindex))
				adj_rib_out_policy_changed(&b->peers[i]->out[f]);
}

void bgp_interface_changed(struct bgp *b, const struct bgp_interface *i, mono_t now)
{
	struct interface *own = bgp_interface_find(b, i->ifindex);
	bool news, moved;

	if (own != NULL && strcmp(own->name, i->name) != 0) {
		bgp_interface_gone(b, i->ifindex, now);
		own = NULL;
	}
	if (own == NULL) {
		own = mem_new(sizeof(*own));
		own->ifindex = i->ifindex;
		strncpy(own->name, i->name, sizeof(own->name) - 1);
		map_insert(&b->interfaces, own);
	}
	/* Links tell much that is no news; a peer is not to be called upon for that. */
	news = own->up != i->up || !ip_equal(&own->link_local, &i->link_local);
	moved = !ip_equal(&own->global, &i->global);
	own->up = i->up;
	own->link_local = i->link_local;
	own->global = i->global;
	if (news)
		links_changed(b, own->name, now);
	if (moved)
		next_hops_changed(b, own->ifindex);
}

void bgp_interface_gone(struct bgp *b, ifindex_t ifindex, mono_t now)
{
	struct interface *i = map_remove(&b->interfaces, &ifindex);

	if (i == NULL)
		return;
	links_changed(b, i->name, now);
	mem_free(i);
}

void bgp_neighbor_seen(
    struct bgp *b, ifindex_t ifindex, const struct ip *link_local, uint16_t lifetime_s, mono_t now)
{
	struct interface *i = bgp_interface_find(b, ifindex);
	struct ip before;

	if (i == NULL || !ip_is_link_local(link_local) || ip_equal(link_local, &i->link_local))
		return;
	before = i->neighbor;
	if (lifetime_s != 0)
		i->neighbor = *link_local;
	else if (ip_equal(&before, link_local))
		i->neighbor = (struct ip){0};
	if (!ip_equal(&before, &i->neighbor))
		links_changed(b, i->name, now);
}

bool bgp_wants_ra(const struct bgp *b, ifindex_t ifindex)
{
	const struct interface *i = bgp_interface_find(b, ifindex);

	for (size_t k = 0; i != NULL && k < b->peer_count; k++) {
		const struct neighbor_settings *s = b->peers[k]->settings;

		if (s->unnumbered && !s->shutdown && strcmp(s->name, i->name) == 0)
			return true;
	}
	return false;
}
