/*
 * Neighbours: IPs on a MAC-VRF's SVI. A local one (static or learned by the kernel) becomes a
 * MAC+IP route while its MAC is advertised here, with the MAC's one sequence and static flag (RFC
 * 9721). A remote one becomes a neighbour entry, unless its MAC is claimed here: then nothing of
 * ours may stand in the way of the host.
 *
 * A kernel-learned neighbour that went stale is probed, so that a silent host stays advertised and
 * a dead one goes. An IP that moves here from another MAC raises our MAC above it, once, when it
 * arrives.
 */
#include "evpn/neigh.h"

#include <string.h>

#include "base/mem.h"
#include "evpn/advertise.h"
#include "evpn/instance.h"

void neighs_init(struct evpn *v, uint64_t seed)
{
	map_init(&v->neighs.map, offsetof(struct neigh, id), sizeof(struct neigh_id), seed);
	pool_init(&v->neighs.pool, sizeof(struct neigh));
	list_init(&v->neighs.probes);
	v->neighs.dirty_end = &v->neighs.dirty;
}

void neighs_fini(struct evpn *v)
{
	struct neigh *n;

	for (size_t at = 0; (n = map_next(&v->neighs.map, &at)) != NULL;) {
		mem_free(n->local);
		pool_free(&v->neighs.pool, n);
	}
	pool_fini(&v->neighs.pool);
	map_fini(&v->neighs.map);
}

/* ---- the table --------------------------------------------------------------------------------
 */

int neigh_compare(const void *a, const void *b)
{
	const struct neigh *x = a, *y = b;

	if (!vni_equal(x->id.vni, y->id.vni))
		return x->id.vni.v < y->id.vni.v ? -1 : 1;
	return ip_compare(&x->id.ip, &y->id.ip);
}

struct neigh *neigh_find(const struct evpn *v, vni_t vni, const struct ip *ip)
{
	struct neigh_id id = {.vni = vni, .ip = *ip};

	return map_find(&v->neighs.map, &id);
}

struct neigh *neigh_get(struct evpn *v, struct mac_vrf *vrf, const struct ip *ip)
{
	struct neigh *n = neigh_find(v, vrf->vni, ip);

	if (n != NULL)
		return n;
	if (v->neighs.map.count >= NEIGHS_MAX) {
		v->counters.limit_reached++;
		return NULL;
	}
	n = pool_new(&v->neighs.pool);
	n->id = (struct neigh_id){.vni = vrf->vni, .ip = *ip};
	map_insert(&v->neighs.map, n);
	vrf->neigh_count++;
	return n;
}

void neigh_mark(struct evpn *v, struct neigh *n)
{
	if (n->dirty)
		return;
	n->dirty = true;
	n->next_dirty = NULL;
	*v->neighs.dirty_end = n;
	v->neighs.dirty_end = &n->next_dirty;
	v->neighs.dirty_count++;
}

struct neigh *neigh_take_dirty(struct evpn *v)
{
	struct neigh *n = v->neighs.dirty;

	if (n == NULL)
		return NULL;
	v->neighs.dirty = n->next_dirty;
	if (v->neighs.dirty == NULL)
		v->neighs.dirty_end = &v->neighs.dirty;
	v->neighs.dirty_count--;
	n->dirty = false;
	return n;
}

void neigh_mark_all(struct evpn *v)
{
	struct neigh **all = (struct neigh **)map_sorted(&v->neighs.map, &v->arena, neigh_compare);

	for (size_t i = 0; i < v->neighs.map.count; i++)
		neigh_mark(v, all[i]);
}

void neigh_mark_of_mac(struct evpn *v, const struct mac_entry *m)
{
	if (m->local != NULL)
		for (struct neigh *n = m->local->neighs; n != NULL; n = n->local->next_of_mac)
			neigh_mark(v, n);
	for (const struct import_route *r = m->routes; r != NULL; r = r->of_mac)
		if (r->neigh != NULL)
			neigh_mark(v, r->neigh);
}

const struct import_route *neigh_best(const struct evpn *v, const struct neigh *n)
{
	const struct import_route *best = n->routes;
	const char *step;

	for (const struct import_route *r = best; r != NULL; r = r->of_neigh)
		if (import_compare(v, r, best, &step) < 0)
			best = r;
	return best;
}

/* ---- local facts -------------------------------------------------------------------------------
 */

/* Written by another, or learned by the kernel; the kernel's own rows (multicast, broadcast) and
 * what carries extern_learn are none. */
static bool is_local(const struct evpn *v, const struct mac_vrf *vrf, const struct ip *ip,
    const struct neigh_entry *e)
{
	const uint16_t valid =
	    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;

	if (e == NULL || (e->ntf & NTF_EXT_LEARNED) != 0 || (e->nud & valid) == 0)
		return false;
	if (mac_is_zero(&e->lladdr) || mac_is_group(&e->lladdr))
		return false;
	return !mirror_has_addr(v->mirror, vrf->place.svi, ip);
}

static void leave_mac(struct evpn *v, struct neigh *n)
{
	struct mac_entry *m = mac_find(v, n->id.vni, &n->local->lladdr);
	struct neigh **at;

	if (m == NULL || m->local == NULL)
		return;
	for (at = &m->local->neighs; *at != NULL && *at != n;)
		at = &(*at)->local->next_of_mac;
	if (*at == n)
		*at = n->local->next_of_mac;
	n->local->next_of_mac = NULL;
	mac_mark(v, m);
}

static void join_mac(struct evpn *v, struct mac_vrf *vrf, struct neigh *n)
{
	struct mac_entry *m = mac_get(v, vrf, &n->local->lladdr);

	if (m == NULL)
		return;
	n->local->next_of_mac = mac_local_get(v, m)->neighs;
	m->local->neighs = n;
}

static void set_probe(struct evpn *v, struct neigh_local *l, bool on)
{
	if (list_linked(&l->probe_node))
		list_remove(&v->neighs.probes, &l->probe_node);
	if (!on)
		return;
	l->probe_at = mono_add_s(v->now, NEIGH_PROBE_S);
	list_append(&v->neighs.probes, &l->probe_node);
}

static void set_local(
    struct evpn *v, struct mac_vrf *vrf, struct neigh *n, const struct neigh_entry *e)
{
	struct neigh_local *l = n->local;
	bool same = l != NULL && l->present && mac_equal(&l->lladdr, &e->lladdr);

	if (l == NULL) {
		l = n->local = mem_new(sizeof(*l));
		l->neigh = n;
	}
	if (!same) {
		if (l->present)
			leave_mac(v, n);
		l->present = true;
		l->lladdr = e->lladdr;
		l->fresh = v->converged;
		join_mac(v, vrf, n);
	}
	l->pinned = (e->nud & (NUD_PERMANENT | NUD_NOARP)) != 0;
	l->stale = e->nud == NUD_STALE;
	set_probe(v, l, l->stale);
}

void neigh_observe(
    struct evpn *v, struct mac_vrf *vrf, const struct ip *ip, const struct neigh_entry *entry)
{
	bool local = is_local(v, vrf, ip, entry);
	struct neigh *n = local ? neigh_get(v, vrf, ip) : neigh_find(v, vrf->vni, ip);

	if (n == NULL)
		return;
	neigh_mark(v, n);
	if (local) {
		set_local(v, vrf, n, entry);
	} else if (n->local != NULL && n->local->present) {
		n->local->present = false;
		set_probe(v, n->local, false);
		leave_mac(v, n);
	}
}

/* ---- routes ------------------------------------------------------------------------------------
 */

/* An IP that came here from another MAC: ours goes above it (RFC 9721), once. */
static void moved_here(struct evpn *v, struct neigh *n, struct mac_entry *m)
{
	for (const struct import_route *r = n->routes; r != NULL; r = r->of_neigh)
		if (!mac_equal(&r->mac->key.mac, &m->key.mac) && r->sequence != UINT32_MAX)
			mac_raise_own(v, m, r->sequence + 1);
	n->local->fresh = false;
}

void neigh_withdraw(struct evpn *v, struct neigh *n)
{
	const struct mac_vrf *vrf = mac_vrf_find(v, n->id.vni);

	if (n->local == NULL || !n->local->advertised)
		return;
	withdraw_mac_ip(v, &vrf->rd, &n->local->advertised_mac, &n->id.ip);
	n->local->advertised = false;
}

static void advertise(
    struct evpn *v, const struct mac_vrf *vrf, struct neigh *n, const struct mac_entry *m)
{
	struct neigh_local *l = n->local;

	if (l->advertised && !mac_equal(&l->advertised_mac, &m->key.mac))
		neigh_withdraw(v, n);
	if (l->advertised && l->advertised_sequence == m->local->advertised_sequence &&
	    l->advertised_sticky == m->local->advertised_sticky)
		return;
	l->advertised = true;
	l->advertised_mac = m->key.mac;
	l->advertised_sequence = m->local->advertised_sequence;
	l->advertised_sticky = m->local->advertised_sticky;
	advertise_mac_ip(
	    v, vrf, &m->key.mac, &n->id.ip, l->advertised_sequence, l->advertised_sticky);
}

static void follow_local(struct evpn *v, const struct mac_vrf *vrf, struct neigh *n)
{
	struct mac_entry *m = n->local->present ? mac_find(v, n->id.vni, &n->local->lladdr) : NULL;

	if (!mac_vrf_active(vrf) || !mac_is_advertised(m)) {
		neigh_withdraw(v, n);
		return;
	}
	if (n->local->fresh)
		moved_here(v, n, m);
	/* Raised: this one follows when the MAC was evaluated. */
	if (m->dirty)
		neigh_mark(v, n);
	else
		advertise(v, vrf, n, m);
}

static void forget(struct evpn *v, struct mac_vrf *vrf, struct neigh *n)
{
	map_remove(&v->neighs.map, &n->id);
	vrf->neigh_count--;
	if (n->local != NULL)
		set_probe(v, n->local, false);
	mem_free(n->local);
	pool_free(&v->neighs.pool, n);
}

void neigh_evaluate(struct evpn *v, struct neigh *n)
{
	struct mac_vrf *vrf = mac_vrf_find(v, n->id.vni);

	if (n->local != NULL)
		follow_local(v, vrf, n);
	desired_neigh(v, vrf, n);
	n->audited = false;
	if (n->routes == NULL && (n->local == NULL || !n->local->present) && !n->dirty)
		forget(v, vrf, n);
}

/* ---- probing -----------------------------------------------------------------------------------
 */

static void probe(struct evpn *v, struct neigh *n)
{
	const struct mac_vrf *vrf = mac_vrf_find(v, n->id.vni);
	struct kernel_op op = {.verb = KERNEL_PROBE};
	const struct neigh_slot *slot;

	if (vrf->place.svi.v == 0 || !n->local->advertised || n->local->pinned)
		return;
	op.key = slot_key_neigh(vrf->place.svi, &n->id.ip);
	op.content.neigh.lladdr = n->local->lladdr;
	slot = mirror_neigh(v->mirror, &op.key.neigh);
	if (slot == NULL || slot->slot.op != 0)
		return;
	desired_issue(v, &op);
}

void neigh_timers(struct evpn *v)
{
	struct list_node *node;

	while ((node = list_first(&v->neighs.probes)) != NULL) {
		struct neigh_local *l = list_entry(node, struct neigh_local, probe_node);

		if (!mono_reached(l->probe_at, v->now))
			return;
		/* Asked again later should the answer be lost. */
		set_probe(v, l, l->stale);
		probe(v, l->neigh);
	}
}

mono_t neigh_deadline(const struct evpn *v)
{
	struct list_node *n = list_first(&v->neighs.probes);

	return n == NULL ? MONO_NEVER : list_entry(n, struct neigh_local, probe_node)->probe_at;
}
