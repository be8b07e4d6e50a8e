/*
 * BFD for BGP's neighbors. RFC 5882: a session that was Up and fails ends the BGP session at once;
 * one that is not Up yet, or is shut down on either side, means nothing (sections 3.2, 4.2, 4.3).
 *
 * The local address matters only where there are many hops: there both ends must have named the
 * same two addresses. Without `update-source` it is that of the TCP connection, and what was
 * learned so is kept while the session is down.
 */
#include "bgp/bfd.h"

#include <string.h>

#include "bgp/speaker.h"

static struct ip local_of(const struct peer *p)
{
	const struct interface *i = bgp_interface_find(p->bgp, p->ifindex);
	const struct session *s = p->passive.local.family != IP_NONE ? &p->passive : &p->active;

	if (p->settings->unnumbered)
		return i != NULL ? i->link_local : (struct ip){0};
	if (p->settings->update_source.family == p->address.family)
		return p->settings->update_source;
	if (p->up != NULL)
		s = p->up;
	return s->local.family == p->address.family ? s->local : (struct ip){0};
}

static bool is_internal(const struct peer *p)
{
	return p->settings->remote_as_kind == REMOTE_AS_INTERNAL ||
	       (p->settings->remote_as_kind == REMOTE_AS_NUMBER &&
		   p->settings->remote_as == peer_local_as(p));
}

/* `ttl-security hops N` says how far the peer is, as `ebgp-multihop N` does. */
static uint8_t hops_to(const struct peer *p)
{
	const struct neighbor_settings *s = p->settings;

	return s->ttl_security_hops != 0 ? s->ttl_security_hops : s->ttl;
}

static bool wants(const struct peer *p)
{
	return p->settings->bfd.enabled && !p->settings->shutdown && !p->bgp->stopped &&
	       p->address.family != IP_NONE;
}

size_t bgp_bfd_wants(const struct bgp *b, struct arena *arena, struct bgp_bfd_want **list)
{
	size_t n = 0;

	*list = arena_new(arena, (b->peer_count + 1) * sizeof(**list));
	for (size_t i = 0; i < b->peer_count; i++) {
		const struct peer *p = b->peers[i];
		bool internal = is_internal(p);

		if (!wants(p))
			continue;
		(*list)[n++] = (struct bgp_bfd_want){.peer = peer_name(p),
		    .remote = p->address,
		    .local = local_of(p),
		    .interface = p->settings->unnumbered ? p->settings->name : "",
		    .many_hops = !internal && hops_to(p) > 1,
		    .internal = internal,
		    .hops = hops_to(p),
		    .settings = &p->settings->bfd};
	}
	return n;
}

void bgp_bfd_failed(struct bgp *b, const char *peer, const char *why, mono_t now)
{
	struct notification n = {.code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_BFD_DOWN};

	for (size_t i = 0; i < b->peer_count; i++) {
		struct peer *p = b->peers[i];

		if (strcmp(peer_name(p), peer) != 0 || peer_state(p) < BGP_OPENSENT)
			continue;
		log_info(b->log, LOG_BGP, "%s: BFD: %s", peer, why);
		peer_reset(p, &n, "BFD down", now);
		peer_retry(p, now);
	}
}
