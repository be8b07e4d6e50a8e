/*
 * From a BGP neighbor with `bfd` to the BFD session that it wants.
 *
 * One hop or many (RFC 5881 or 5883): eBGP says so itself (`ebgp-multihop`); with iBGP it is one
 * hop when the neighbor's address is in a network on one of our links, as in FRR. With many hops
 * the local address belongs to the session, and until it is known there is none.
 */
#include "engine_bfd.h"

#include <stdio.h>
#include <string.h>

#include "bgp/bfd.h"

static bool on_a_link(const struct mirror *mirror, const struct ip *ip, struct arena *arena)
{
	const struct mirror_link **l = mirror_links(mirror, arena);

	for (; *l != NULL; l++)
		for (size_t i = 0; i < (*l)->addr_count; i++) {
			struct prefix p = prefix_from(&(*l)->addrs[i].addr, (*l)->addrs[i].len);

			if (prefix_contains(&p, ip))
				return true;
		}
	return false;
}

static struct bfd_values values_of(const struct bgp_bfd_want *from, bool multihop)
{
	const struct neighbor_bfd *n = from->settings;
	struct bfd_values v = {.params = {.multiplier = (uint8_t)n->multiplier,
				   .receive_us = n->receive_ms * 1000,
				   .transmit_us = n->transmit_ms * 1000}};

	if (n->multiplier != 0)
		v.has = BFD_HAS_MULTIPLIER | BFD_HAS_RECEIVE | BFD_HAS_TRANSMIT;
	/* `ebgp-multihop N`: whatever crossed more than N routers is not from the peer. */
	if (multihop) {
		v.params.minimum_ttl = (uint8_t)(from->hops >= 255 ? 1 : 256 - from->hops);
		v.has |= BFD_HAS_MINIMUM_TTL;
	}
	return v;
}

/* False: something is not known yet. */
static bool want_from(const struct bgp_bfd_want *from, const struct mirror *mirror,
    struct arena *arena, struct bfd_want *to)
{
	bool multihop = from->many_hops || (from->internal && !ip_is_link_local(&from->remote) &&
					       !on_a_link(mirror, &from->remote, arena));

	if (multihop && from->local.family == IP_NONE)
		return false;
	memset(to, 0, sizeof(*to));
	to->client = from->peer;
	to->key.remote = from->remote;
	to->key.multihop = multihop;
	if (multihop || from->interface[0] != '\0')
		to->key.local = from->local;
	snprintf(to->key.interface, sizeof(to->key.interface), "%s", from->interface);
	to->profile = from->settings->profile;
	to->values = values_of(from, multihop);
	return true;
}

void engine_bfd_update(struct bfd_peers *peers, const struct bfd_settings *settings,
    const struct bgp *bgp, const struct mirror *mirror, struct arena *arena, mono_t now)
{
	struct bgp_bfd_want *from;
	size_t all = bgp_bfd_wants(bgp, arena, &from), count = 0;
	struct bfd_want *wants = arena_new(arena, (all + 1) * sizeof(*wants));

	for (size_t i = 0; i < all; i++)
		if (want_from(&from[i], mirror, arena, &wants[count]))
			count++;
	bfd_peers_update(peers, settings, wants, count, now);
}
