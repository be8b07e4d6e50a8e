/*
 * `clear bgp`: sessions ended, or routes asked for and told again, because somebody says so
 * (RFC 4486: Administrative Reset; RFC 2918).
 */
#include <string.h>

#include "bgp/adj_rib_in.h"
#include "bgp/speaker.h"

/* What held it down or off is forgotten with the session. */
static void clear_session(struct peer *p, mono_t now)
{
	struct notification n = {.code = NOTIFY_CEASE, .subcode = NOTIFY_CEASE_RESET};

	p->overflowed = false;
	p->overflowed_until = MONO_NEVER;
	p->failures = 0;
	peer_reset(p, &n, "Cleared by operator", now);
}

/* False: it cannot be asked for its routes. */
static bool clear_family(struct peer *p, enum bgp_family f, enum bgp_clear kind)
{
	bool asked = true;

	if (p->up == NULL || !p->families[f])
		return true;
	if (kind != BGP_CLEAR_OUT)
		asked = adj_rib_in_again(p, f);
	if (kind != BGP_CLEAR_IN)
		adj_rib_out_refresh(&p->out[f]);
	return asked;
}

size_t bgp_clear(struct bgp *b, const char *peer, const bool families[BGP_FAMILIES],
    enum bgp_clear kind, mono_t now, const char **refused)
{
	size_t n = 0;

	*refused = NULL;
	if (peer == NULL && kind == BGP_CLEAR_SESSION)
		update_delay_again(b);
	for (size_t i = 0; i < b->peer_count; i++) {
		struct peer *p = b->peers[i];

		if (peer != NULL && strcmp(peer, peer_name(p)) != 0)
			continue;
		n++;
		if (kind == BGP_CLEAR_SESSION)
			clear_session(p, now);
		for (enum bgp_family f = 0; kind != BGP_CLEAR_SESSION && f < BGP_FAMILIES; f++)
			if (families[f] && !clear_family(p, f, kind))
				*refused = peer_name(p);
	}
	return n;
}
