/*
 * Views: what shows and `explain` read, as plain data. Nothing here changes anything.
 */
#include <string.h>

#include "base/mem.h"
#include "evpn/instance.h"

bool evpn_vni_at(const struct evpn *v, size_t index, struct evpn_vni_view *view)
{
	struct mac_vrf *vrf = NULL;

	/* VNIs that are gone keep their RD index, but are not shown. */
	for (size_t i = 0; i < v->vrfs.count && vrf == NULL; i++)
		if (v->vrfs.list[i]->present && index-- == 0)
			vrf = v->vrfs.list[i];
	if (vrf == NULL)
		return false;
	vrf->vtep_view = mem_resize(vrf->vtep_view, (vrf->vtep_count + 1) * sizeof(struct ip));
	for (size_t i = 0; i < vrf->vtep_count; i++)
		vrf->vtep_view[i] = vrf->vteps[i].ip;
	*view = (struct evpn_vni_view){.vni = vrf->vni,
	    .vxlan = vrf->place.vxlan,
	    .bridge = vrf->place.bridge,
	    .svi = vrf->place.svi,
	    .vlan = vrf->place.vlan,
	    .vtep = vrf->place.vtep,
	    .rd = vrf->rd,
	    .import_rts = vrf->import_rts,
	    .export_rts = vrf->export_rts,
	    .import_count = vrf->import_count,
	    .export_count = vrf->export_count,
	    .auto_rt = vrf->auto_import,
	    .active = mac_vrf_active(vrf),
	    .inactive_reason = vrf->inactive,
	    .mac_count = vrf->mac_count,
	    .arp_count = vrf->neigh_count,
	    .remote_vteps = vrf->vtep_view,
	    .remote_vtep_count = vrf->vtep_count};
	return true;
}

static struct evpn_mac_view mac_view(const struct evpn *v, const struct mac_entry *m)
{
	const struct mac_vrf *vrf = mac_vrf_find(v, m->key.vni);
	const struct slot_key fdb = slot_key_fdb(vrf->place.bridge, vrf->place.vlan, &m->key.mac);
	const struct slot_key vxlan = slot_key_vxlan_fdb(vrf->place.vxlan, (vni_t){0}, &m->key.mac);
	struct evpn_mac_view view = {.vni = m->key.vni,
	    .mac = m->key.mac,
	    .claim = mac_claim(v, vrf, m),
	    .remote = mac_remote(v, m),
	    .memory = mac_memory(m),
	    .decision = mac_decision(v, m),
	    .contested_since = MONO_NEVER,
	    .fdb_status = desired_fdb_status(v, vrf, m),
	    .vxlan_status = desired_vxlan_status(v, vrf, m),
	    .fdb = mirror_fdb(v->mirror, &fdb.fdb),
	    .vxlan_fdb = mirror_vxlan_fdb(v->mirror, &vxlan.vxlan_fdb)};

	view.remote_sequence = view.remote.sequence;
	if (m->local == NULL)
		return view;
	view.port = m->local->port;
	view.generation = m->local->generation;
	view.contested_since = m->local->contested_since;
	view.local_sequence = m->local->own;
	view.detected_moves = m->local->duplicates.moves;
	return view;
}

static bool shown(const struct mac_entry *m, vni_t vni)
{
	return !m->idle && (vni.v == 0 || vni_equal(m->key.vni, vni));
}

void evpn_walk_macs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_mac_view *mac))
{
	struct mac_entry **all = (struct mac_entry **)map_sorted(&v->macs.map, arena, mac_compare);

	for (size_t i = 0; i < v->macs.map.count; i++) {
		struct evpn_mac_view view;

		if (!shown(all[i], vni))
			continue;
		view = mac_view(v, all[i]);
		visit(context, &view);
	}
}

bool evpn_mac_get(
    const struct evpn *v, vni_t vni, const struct mac *mac, struct evpn_mac_view *view)
{
	const struct mac_entry *m = mac_find(v, vni, mac);

	if (m == NULL)
		return false;
	*view = mac_view(v, m);
	return true;
}

static void rank(const struct evpn *v, const struct import_route **list, size_t count)
{
	const char *step;

	for (size_t i = 1; i < count; i++)
		for (size_t n = i; n > 0 && import_compare(v, list[n], list[n - 1], &step) < 0;
		     n--) {
			const struct import_route *swapped = list[n];

			list[n] = list[n - 1];
			list[n - 1] = swapped;
		}
}

size_t evpn_mac_remotes(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_remote_view **routes)
{
	const struct mac_entry *m = mac_find(v, vni, mac);
	const struct import_route **list;
	size_t count = 0, at = 0;

	for (const struct import_route *r = m == NULL ? NULL : m->routes; r != NULL; r = r->of_mac)
		count++;
	list = arena_new(arena, (count + 1) * sizeof(struct import_route *));
	*routes = arena_new(arena, (count + 1) * sizeof(**routes));
	for (const struct import_route *r = m == NULL ? NULL : m->routes; r != NULL; r = r->of_mac)
		list[at++] = r;
	rank(v, list, count);
	for (size_t i = 0; i < count; i++) {
		struct evpn_remote_view *to = &(*routes)[i];

		*to = (struct evpn_remote_view){.rd = list[i]->origin->rd,
		    .ip = import_ip(list[i]),
		    .vtep = *import_vtep(v, list[i]),
		    .sequence = list[i]->sequence,
		    .sticky = list[i]->sticky,
		    .has_mobility = list[i]->has_mobility,
		    .step = "best"};
		if (i > 0)
			import_compare(v, list[i - 1], list[i], &to->step);
	}
	return count;
}

size_t evpn_mac_history(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_transition **transitions)
{
	const struct mac_entry *m = mac_find(v, vni, mac);

	return history_list(
	    v, m == NULL || m->local == NULL ? NULL : m->local->history, arena, transitions);
}

static struct evpn_neigh_view neigh_view(const struct evpn *v, const struct neigh *n)
{
	const struct mac_vrf *vrf = mac_vrf_find(v, n->id.vni);
	const struct slot_key key = slot_key_neigh(vrf->place.svi, &n->id.ip);
	const struct import_route *best = neigh_best(v, n);
	struct evpn_neigh_view view = {.vni = n->id.vni,
	    .ip = n->id.ip,
	    .remote = best != NULL,
	    .status = desired_neigh_status(v, vrf, n),
	    .slot = mirror_neigh(v->mirror, &key.neigh)};

	if (best != NULL) {
		view.mac = best->mac->key.mac;
		view.vtep = *import_vtep(v, best);
		view.remote_sequence = best->sequence;
	}
	if (n->local != NULL && n->local->present) {
		view.local = true;
		view.mac = n->local->lladdr;
		view.pinned = n->local->pinned;
		view.local_sequence = n->local->advertised_sequence;
	}
	return view;
}

void evpn_walk_neighs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_neigh_view *neigh))
{
	struct neigh **all = (struct neigh **)map_sorted(&v->neighs.map, arena, neigh_compare);

	for (size_t i = 0; i < v->neighs.map.count; i++) {
		struct evpn_neigh_view view;

		if (vni.v != 0 && !vni_equal(all[i]->id.vni, vni))
			continue;
		view = neigh_view(v, all[i]);
		visit(context, &view);
	}
}
