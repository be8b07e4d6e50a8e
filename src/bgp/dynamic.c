/*
 * Neighbors that nobody has written down: `bgp listen range P peer-group G` makes one of each who
 * connects from P, with the statements of G, for as long as it has a session.
 *
 * Such a peer owns its settings, a copy of the range's under its address as name. It is never
 * connected to. When its session is over it is kept for its time in Idle (fsm.c), so that one that
 * comes and goes quickly is held off like any other, and then freed; always from bgp_run(), for
 * while a message is being handled others still point to it.
 */
#include <string.h>

#include "base/mem.h"
#include "bgp/speaker.h"

struct neighbor_settings *bgp_dynamic_settings(const struct bgp *b, const struct ip *address)
{
	const struct listen_range *range = bgp_settings_range(&b->settings, address);
	struct neighbor_settings *s;
	char text[IP_TEXT_MAX];

	if (range == NULL || !b->settings.enabled)
		return NULL;
	s = neighbor_settings_dup(&range->neighbor);
	mem_free(s->name);
	s->name = mem_strdup(ip_text(address, text));
	s->address = *address;
	return s;
}

size_t bgp_dynamic_count(const struct bgp *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->peer_count; i++)
		n += peer_is_dynamic(b->peers[i]);
	return n;
}

/* Peers are sorted by name: they take turns in that order. */
static void insert(struct bgp *b, struct peer *p)
{
	size_t at = b->peer_count;

	b->peers = mem_resize(b->peers, (b->peer_count + 1) * sizeof(*b->peers));
	for (; at > 0 && strcmp(peer_name(b->peers[at - 1]), peer_name(p)) > 0; at--)
		b->peers[at] = b->peers[at - 1];
	b->peers[at] = p;
	b->peer_count++;
}

struct peer *bgp_dynamic_peer(struct bgp *b, const struct ip *remote)
{
	struct neighbor_settings *s = bgp_dynamic_settings(b, remote);
	struct peer *p;

	if (s == NULL)
		return NULL;
	if (bgp_dynamic_count(b) >= b->settings.listen_limit) {
		if (!b->listen_limit_told)
			log_warning(b->log, LOG_BGP,
			    "connection from %s refused: bgp listen limit %u is reached", s->name,
			    b->settings.listen_limit);
		b->listen_limit_told = true;
		neighbor_settings_free(s);
		return NULL;
	}
	p = peer_new(b, s);
	p->own = s;
	insert(b, p);
	return p;
}

/* One that is held down by `maximum-prefix` stays: freed, it could come in again at once; and one
 * whose routes wait for it (graceful_restart.h). */
static bool is_over(const struct peer *p, mono_t now)
{
	return peer_is_dynamic(p) && peer_state(p) == BGP_IDLE && !p->overflowed &&
	       !restart_retains(p) && mono_reached(p->idle_until, now);
}

void bgp_dynamic_run(struct bgp *b, mono_t now)
{
	for (size_t i = 0; i < b->peer_count;) {
		const struct peer *p = b->peers[i];

		if (!is_over(p, now)) {
			i++;
			continue;
		}
		bgp_remove_peer(b, i, now);
		b->listen_limit_told = false;
	}
}
