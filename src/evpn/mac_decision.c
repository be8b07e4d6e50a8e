/*
 * What mobility_decide() is asked about a MAC: its facts gathered from the tables. Reads alone.
 */
#include <string.h>

#include "evpn/instance.h"

struct mobility_memory mac_memory(const struct mac_entry *m)
{
	struct mobility_memory memory = {.floor = m->floor, .floor_valid = m->floor_valid};
	const struct mac_local *l = m->local;

	if (l == NULL)
		return memory;
	memory.advertised = l->advertised;
	memory.own = l->own;
	memory.own_valid = l->own_valid;
	memory.owes_bump = l->owes_bump;
	memory.frozen = l->frozen;
	memory.released = mac_is_released(m);
	return memory;
}

struct claim mac_claim(const struct evpn *v, const struct mac_vrf *vrf, const struct mac_entry *m)
{
	if (own_mac_is(v, vrf->place.bridge, &m->key.mac))
		return (struct claim){.kind = CLAIM_OWN};
	return m->local == NULL ? (struct claim){0} : m->local->claim;
}

struct remote mac_remote(const struct evpn *v, const struct mac_entry *m)
{
	const struct import_route *best = import_best(v, m);
	struct remote r = {0};

	if (best == NULL)
		return r;
	r.kind = best->sticky ? REMOTE_STICKY : REMOTE_PLAIN;
	r.sequence = best->sequence;
	r.vtep = *import_vtep(v, best);
	for (const struct import_route *i = m->routes; i != NULL; i = i->of_mac)
		if (i->sequence > r.highest_sequence)
			r.highest_sequence = i->sequence;
	return r;
}

/* A claim whose debt waits for convergence: until then routes that are only now heard of, older
 * ones as far as anybody can tell, do not take its row away. */
static bool looks_away(const struct mac_local *l)
{
	return l != NULL && (l->debt == DEBT_HIDDEN || (l->debt == DEBT_EARLY && !l->owes_bump));
}

struct mobility_decision mac_decide(const struct evpn *v, const struct mac_vrf *vrf,
    const struct mac_entry *m, const struct remote *r)
{
	const struct remote unseen = {0};
	struct claim claim = mac_claim(v, vrf, m);
	struct mobility_memory memory = mac_memory(m);
	struct mobility_decision d = mobility_decide(&claim, looks_away(m->local) ? &unseen : r,
	    &memory, &vrf->place.vtep, v->settings.sticky_sequence == STICKY_SEQUENCE_ZERO);

	if (mac_vrf_active(vrf) && !v->flushing)
		return d;
	d.advertise = d.bumped = d.contested = d.alarm_sticky = false;
	d.wish = WISH_NOTHING;
	return d;
}

struct mobility_decision mac_decision(const struct evpn *v, const struct mac_entry *m)
{
	struct remote r = mac_remote(v, m);

	return mac_decide(v, mac_vrf_find(v, m->key.vni), m, &r);
}
