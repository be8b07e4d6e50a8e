/*
 * MAC-VRFs: which VNIs this host serves, found in the kernel and nowhere else
 * (`advertise-all-vni`). A VNI is a VXLAN device that is a port of a bridge: of a VLAN-aware
 * bridge, with the port's PVID as the VNI's VLAN, or of a plain bridge of its own (VLAN 0). Its SVI
 * is the VLAN device of that VLAN on the bridge, or the bridge itself.
 *
 * Discovery compares all links with what is served and is run again after any change of links or
 * settings: devices may come, change and go in any order. What changed its place or identity has
 * its facts taken over anew and its routes originated anew, through the same dirty keys as ever.
 *
 * RD: router-id:index, as FRR derives it (RFC 7432 section 7.9); the index is kept in the state
 * file. Route targets: (AS mod 65536):VNI, or as configured. A single VXLAN device for many VNIs
 * (external, vnifilter) is reported and not served.
 */
#include "evpn/mac_vrf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bgp/extcomm.h"
#include "evpn/imet.h"
#include "evpn/instance.h"
#include "evpn/svi.h"
#include "record/state.h"

static void maps_init(struct mac_vrf_table *t, uint64_t seed)
{
	map_init(&t->by_vlan, offsetof(struct mac_vrf, vlan_key), sizeof(struct vlan_key), seed);
	map_init(&t->by_vxlan, offsetof(struct mac_vrf, place.vxlan), sizeof(ifindex_t), seed);
	map_init(&t->by_svi, offsetof(struct mac_vrf, place.svi), sizeof(ifindex_t), seed);
}

static void maps_fini(struct mac_vrf_table *t)
{
	map_fini(&t->by_vlan);
	map_fini(&t->by_vxlan);
	map_fini(&t->by_svi);
}

void mac_vrfs_init(struct evpn *v, uint64_t seed)
{
	v->vrfs.seed = seed;
	v->vrfs.rd_next = RD_INDEX_FIRST;
	maps_init(&v->vrfs, seed);
}

static void rts_free(struct mac_vrf *vrf)
{
	mem_free(vrf->import_rts);
	mem_free(vrf->export_rts);
}

void mac_vrfs_fini(struct evpn *v)
{
	struct mac_vrf_table *t = &v->vrfs;

	maps_fini(t);
	for (size_t i = 0; i < t->count; i++) {
		rts_free(t->list[i]);
		svi_forget(t->list[i]);
		mem_free(t->list[i]->vteps);
		mem_free(t->list[i]->vtep_view);
		mem_free(t->list[i]);
	}
	mem_free(t->list);
	mem_free(t->rt_imports);
	mem_free(t->own_macs);
	mem_free(t->ports_off);
}

/* ---- lookups --------------------------------------------------------------------------------- */

static size_t place_of(const struct mac_vrf_table *t, vni_t vni)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (t->list[middle]->vni.v < vni.v)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct mac_vrf *mac_vrf_find(const struct evpn *v, vni_t vni)
{
	size_t at = place_of(&v->vrfs, vni);

	return at < v->vrfs.count && vni_equal(v->vrfs.list[at]->vni, vni) ? v->vrfs.list[at]
									   : NULL;
}

struct mac_vrf *mac_vrf_of_vlan(const struct evpn *v, ifindex_t bridge, uint16_t vlan)
{
	struct vlan_key key = {.bridge = bridge, .vlan = vlan};

	return map_find(&v->vrfs.by_vlan, &key);
}

struct mac_vrf *mac_vrf_of_vxlan(const struct evpn *v, ifindex_t dev)
{
	return map_find(&v->vrfs.by_vxlan, &dev);
}

struct mac_vrf *mac_vrf_of_svi(const struct evpn *v, ifindex_t dev)
{
	return map_find(&v->vrfs.by_svi, &dev);
}

static bool index_taken(const struct mac_vrf_table *t, uint16_t index)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i]->rd_index == index)
			return true;
	return false;
}

static uint16_t index_free(struct mac_vrf_table *t)
{
	while (index_taken(t, t->rd_next))
		t->rd_next++;
	return t->rd_next++;
}

static struct mac_vrf *vrf_new(struct evpn *v, vni_t vni, uint16_t rd_index)
{
	struct mac_vrf_table *t = &v->vrfs;
	size_t at = place_of(t, vni);
	struct mac_vrf *vrf = mem_new(sizeof(*vrf));

	vrf->vni = vni;
	vrf->inactive = "no VXLAN device";
	vrf->rd_index = rd_index;
	t->list = mem_resize(t->list, (t->count + 1) * sizeof(struct mac_vrf *));
	memmove(&t->list[at + 1], &t->list[at], (t->count - at) * sizeof(struct mac_vrf *));
	t->list[at] = vrf;
	t->count++;
	return vrf;
}

static struct mac_vrf *vrf_get(struct evpn *v, vni_t vni)
{
	struct mac_vrf *vrf = mac_vrf_find(v, vni);
	struct state_record record = {.kind = STATE_RD};

	if (vrf != NULL)
		return vrf;
	if (v->vrfs.count >= MAC_VRFS_MAX) {
		v->counters.limit_reached++;
		return NULL;
	}
	vrf = vrf_new(v, vni, index_free(&v->vrfs));
	record.rd = (struct state_rd){vni, vrf->rd_index};
	state_remember(v, &record);
	return vrf;
}

void mac_vrf_restore_rd(struct evpn *v, const struct state_rd *rd)
{
	struct mac_vrf *vrf = mac_vrf_find(v, rd->vni);

	if (rd->index < RD_INDEX_FIRST || index_taken(&v->vrfs, rd->index))
		return;
	if (vrf != NULL)
		vrf->rd_index = rd->index;
	else if (v->vrfs.count < MAC_VRFS_MAX)
		vrf_new(v, rd->vni, rd->index);
}

/* ---- addresses of this host ------------------------------------------------------------------ */

static int own_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct own_mac));
}

bool own_mac_is(const struct evpn *v, ifindex_t bridge, const struct mac *mac)
{
	struct own_mac key = {.bridge = bridge, .mac = *mac};

	return v->vrfs.own_mac_count > 0 && bsearch(&key, v->vrfs.own_macs, v->vrfs.own_mac_count,
						sizeof(key), own_compare) != NULL;
}

/* The bridge that a link is, is in, or sits on; 0 none. */
static ifindex_t bridge_of(const struct evpn *v, const struct link *l)
{
	const struct mirror_link *other;

	if (l->kind == LINK_BRIDGE)
		return l->ifindex;
	other = mirror_link(v->mirror, l->kind == LINK_VLAN ? l->lower : l->master);
	return other != NULL && other->link.kind == LINK_BRIDGE ? other->link.ifindex
								: (ifindex_t){0};
}

/* Whoever's address came or went is looked at again. */
static void mark_own(struct evpn *v, const struct own_mac *list, size_t count,
    const struct own_mac *other, size_t other_count)
{
	for (size_t i = 0; i < count; i++) {
		if (other_count > 0 &&
		    bsearch(&list[i], other, other_count, sizeof(*list), own_compare) != NULL)
			continue;
		for (size_t n = 0; n < v->vrfs.count; n++) {
			struct mac_entry *m;

			if (!ifindex_equal(v->vrfs.list[n]->place.bridge, list[i].bridge))
				continue;
			m = mac_find(v, v->vrfs.list[n]->vni, &list[i].mac);
			if (m != NULL)
				mac_mark(v, m);
		}
	}
}

static void find_own_macs(struct evpn *v, const struct mirror_link **links)
{
	struct mac_vrf_table *t = &v->vrfs;
	struct own_mac *old = t->own_macs, *list;
	size_t old_count = t->own_mac_count, room = 0, count = 0;

	while (links[room] != NULL)
		room++;
	list = mem_new_array(room + 1, sizeof(*list));
	for (size_t i = 0; i < room; i++) {
		ifindex_t bridge = bridge_of(v, &links[i]->link);

		if (bridge.v != 0 && !mac_is_zero(&links[i]->link.mac))
			list[count++] =
			    (struct own_mac){.bridge = bridge, .mac = links[i]->link.mac};
	}
	qsort(list, count, sizeof(*list), own_compare);
	t->own_macs = list;
	t->own_mac_count = count;
	mark_own(v, list, count, old, old_count);
	mark_own(v, old, old_count, list, count);
	mem_free(old);
}

/* ---- places ---------------------------------------------------------------------------------- */

struct svi {
	struct vlan_key key;
	ifindex_t ifindex;
};

static int svi_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct vlan_key));
}

/* All VLAN devices on bridges, sorted by bridge and VLAN; of two the lower index counts. */
static size_t find_svis(struct evpn *v, const struct mirror_link **links, struct svi **svis)
{
	size_t room = 0, count = 0, kept = 0;

	while (links[room] != NULL)
		room++;
	*svis = arena_new(&v->arena, (room + 1) * sizeof(struct svi));
	for (size_t i = 0; i < room; i++) {
		const struct link *l = &links[i]->link;

		if (l->kind == LINK_VLAN && bridge_of(v, l).v != 0)
			(*svis)[count++] =
			    (struct svi){{.bridge = l->lower, .vlan = l->vlan_id}, l->ifindex};
	}
	qsort(*svis, count, sizeof(struct svi), svi_compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && svi_compare(&(*svis)[i], &(*svis)[kept - 1]) == 0) {
			if ((*svis)[i].ifindex.v < (*svis)[kept - 1].ifindex.v)
				(*svis)[kept - 1].ifindex = (*svis)[i].ifindex;
			continue;
		}
		(*svis)[kept++] = (*svis)[i];
	}
	return kept;
}

static ifindex_t svi_of(
    const struct mirror_link *bridge, uint16_t vlan, const struct svi *svis, size_t count)
{
	struct svi key = {.key = {.bridge = bridge->link.ifindex, .vlan = vlan}};
	const struct svi *found =
	    count == 0 ? NULL : bsearch(&key, svis, count, sizeof(key), svi_compare);

	if (found != NULL)
		return found->ifindex;
	if (!bridge->link.bridge.vlan_filtering || mirror_port_pvid(bridge) == vlan)
		return bridge->link.ifindex;
	return (ifindex_t){0};
}

static const char *find_place(const struct evpn *v, const struct link *vxlan,
    const struct svi *svis, size_t svi_count, struct vrf_place *place)
{
	const struct mirror_link *port = mirror_link(v->mirror, vxlan->ifindex);
	const struct mirror_link *bridge = mirror_link(v->mirror, vxlan->master);

	*place = (struct vrf_place){.vxlan = vxlan->ifindex, .vtep = vxlan->vxlan.local};
	if (bridge == NULL || bridge->link.kind != LINK_BRIDGE)
		return "VXLAN device is not in a bridge";
	if (bridge->link.bridge.vlan_filtering) {
		place->vlan = mirror_port_pvid(port);
		if (place->vlan == 0)
			return "VXLAN port has no PVID";
	}
	if (mac_vrf_of_vlan(v, bridge->link.ifindex, place->vlan) != NULL)
		return "its VLAN belongs to another VNI";
	place->bridge = bridge->link.ifindex;
	place->svi = svi_of(bridge, place->vlan, svis, svi_count);
	if (place->vtep.family == IP_NONE)
		return "VXLAN device has no local address";
	if (v->settings.router_id.family != IP_V4)
		return "no router ID";
	if (!vxlan->admin_up || !bridge->link.admin_up)
		return vxlan->admin_up ? "bridge is down" : "VXLAN device is down";
	return NULL;
}

static void map_place(struct evpn *v, struct mac_vrf *vrf)
{
	struct mac_vrf_table *t = &v->vrfs;

	map_insert(&t->by_vxlan, vrf);
	if (vrf->place.bridge.v == 0)
		return;
	vrf->vlan_key = (struct vlan_key){.bridge = vrf->place.bridge, .vlan = vrf->place.vlan};
	map_insert(&t->by_vlan, vrf);
	if (vrf->place.svi.v != 0)
		map_insert(&t->by_svi, vrf);
}

/* ---- identity -------------------------------------------------------------------------------- */

static const struct vni_settings *settings_of(const struct evpn *v, vni_t vni)
{
	for (size_t i = 0; i < v->settings.vni_count; i++)
		if (vni_equal(v->settings.vnis[i].vni, vni))
			return &v->settings.vnis[i];
	return NULL;
}

/* Replaces *list if it differs. */
static bool set_rts(
    struct extcomm **list, size_t *count, const struct extcomm *from, size_t from_count)
{
	if (*count == from_count &&
	    (from_count == 0 || memcmp(*list, from, from_count * sizeof(*from)) == 0))
		return false;
	mem_free(*list);
	*list = mem_dup(from, from_count * sizeof(*from));
	*count = from_count;
	return true;
}

/* True when the import side changed; the export side is part of the identity. */
static bool set_identity(struct evpn *v, struct mac_vrf *vrf)
{
	const struct vni_settings *s = settings_of(v, vrf->vni);
	uint32_t service = vrf->vni.v | (v->settings.rfc8365_rt ? AUTO_RT_VXLAN : 0);
	struct extcomm rt = extcomm_rt_as(v->settings.as & 0xffff, service);
	struct rd rd =
	    s != NULL && s->has_rd ? s->rd : rd_from_ip(&v->settings.router_id, vrf->rd_index);
	bool import_set = s != NULL && s->import_count > 0;
	bool export_set = s != NULL && s->export_count > 0;
	bool import_changed = vrf->auto_import == import_set;

	if (set_rts(&vrf->export_rts, &vrf->export_count, export_set ? s->export_rts : &rt,
		export_set ? s->export_count : 1))
		vrf->identity_changed = true;
	if (set_rts(&vrf->import_rts, &vrf->import_count, import_set ? s->import_rts : &rt,
		import_set ? s->import_count : 1))
		import_changed = true;
	vrf->auto_import = !import_set;
	if (!rd_equal(&vrf->rd, &rd))
		vrf->identity_changed = true;
	vrf->rd_next = rd;
	return import_changed;
}

static int rt_compare(const void *a, const void *b)
{
	const struct rt_import *x = a, *y = b;
	int order = memcmp(x->rt.b, y->rt.b, sizeof(x->rt.b));

	if (order != 0)
		return order;
	return (x->vrf->vni.v > y->vrf->vni.v) - (x->vrf->vni.v < y->vrf->vni.v);
}

static void collect_rt_imports(struct mac_vrf_table *t)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++)
		count += t->list[i]->import_count;
	mem_free(t->rt_imports);
	t->rt_imports = mem_new_array(count + 1, sizeof(*t->rt_imports));
	t->rt_import_count = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct mac_vrf *vrf = t->list[i];

		for (size_t n = 0; n < vrf->import_count && vrf->present && !vrf->auto_import; n++)
			t->rt_imports[t->rt_import_count++] =
			    (struct rt_import){vrf->import_rts[n], vrf};
	}
	qsort(t->rt_imports, t->rt_import_count, sizeof(*t->rt_imports), rt_compare);
}

/* ---- following a change ---------------------------------------------------------------------- */

static void set_place(
    struct mac_vrf *vrf, const struct vrf_place *place, const char *inactive, bool present)
{
	bool was = mac_vrf_active(vrf), is = present && inactive == NULL;

	if (memcmp(&vrf->place, place, sizeof(*place)) != 0) {
		vrf->place_changed = true;
		if (!ip_equal(&vrf->place.vtep, &place->vtep))
			vrf->identity_changed = true;
	}
	if (was != is) {
		vrf->place_changed = true;
		vrf->identity_changed = true;
	}
	if (present != vrf->present) {
		vrf->import_changed = true;
		vrf->learning = LEARNING_UNTOUCHED;
	}
	vrf->place = *place;
	vrf->present = present;
	vrf->inactive = inactive;
}

/* Under the old RD; what is still true is originated anew when its key is evaluated. */
static void withdraw_macs(struct evpn *v)
{
	struct mac_entry **all =
	    (struct mac_entry **)map_sorted(&v->macs.map, &v->arena, mac_compare);

	for (size_t i = 0; i < v->macs.map.count; i++) {
		struct mac_vrf *vrf = mac_vrf_find(v, all[i]->key.vni);

		if (vrf->identity_changed && mac_is_advertised(all[i]))
			mac_withdraw(v, all[i]);
		if (vrf->place_changed && all[i]->local != NULL)
			mac_observe(v, vrf, &all[i]->key.mac, NULL, !v->converged);
		if (vrf->identity_changed || vrf->place_changed)
			mac_mark(v, all[i]);
	}
}

static void withdraw_neighs(struct evpn *v)
{
	struct neigh **all = (struct neigh **)map_sorted(&v->neighs.map, &v->arena, neigh_compare);

	for (size_t i = 0; i < v->neighs.map.count; i++) {
		struct mac_vrf *vrf = mac_vrf_find(v, all[i]->id.vni);

		if (vrf->identity_changed)
			neigh_withdraw(v, all[i]);
		if (vrf->place_changed && all[i]->local != NULL)
			neigh_observe(v, vrf, &all[i]->id.ip, NULL);
		if (vrf->identity_changed || vrf->place_changed)
			neigh_mark(v, all[i]);
	}
}

/* What the mirror knows about the new places. */
static void load_places(struct evpn *v)
{
	struct fdb_slot **fdb = mirror_fdb_all(v->mirror, &v->arena);
	struct neigh_slot **neighs = mirror_neigh_all(v->mirror, &v->arena);

	for (; *fdb != NULL; fdb++) {
		struct mac_vrf *vrf = mac_vrf_of_vlan(v, (*fdb)->key.bridge, (*fdb)->key.vlan);

		if (vrf != NULL && vrf->place_changed && (*fdb)->slot.present)
			mac_observe(v, vrf, &(*fdb)->key.mac, &(*fdb)->entry, !v->converged);
	}
	for (; *neighs != NULL; neighs++) {
		struct mac_vrf *vrf = mac_vrf_of_svi(v, (*neighs)->key.dev);

		if (vrf != NULL && vrf->place_changed && (*neighs)->slot.present)
			neigh_observe(v, vrf, &(*neighs)->key.ip, &(*neighs)->entry);
	}
}

static void log_change(struct evpn *v, const struct mac_vrf *vrf)
{
	if (mac_vrf_active(vrf))
		log_info(v->log, LOG_EVPN, "VNI %u: served", vrf->vni.v);
	else
		log_info(v->log, LOG_EVPN, "VNI %u: not served: %s", vrf->vni.v, vrf->inactive);
}

static void follow(struct evpn *v)
{
	bool places = false, identities = false;

	for (size_t i = 0; i < v->vrfs.count; i++) {
		places |= v->vrfs.list[i]->place_changed;
		identities |= v->vrfs.list[i]->identity_changed;
	}
	if (places || identities) {
		withdraw_neighs(v);
		withdraw_macs(v);
	}
	for (size_t i = 0; i < v->vrfs.count; i++) {
		struct mac_vrf *vrf = v->vrfs.list[i];

		vrf->rd = vrf->rd_next;
		if (vrf->import_changed) {
			import_forget(v, vrf);
			imet_forget(v, vrf);
			v->routes_due |= vrf->present;
		}
		imet_update(v, vrf, vrf->identity_changed || vrf->place_changed);
		svi_update(v, vrf, vrf->identity_changed || vrf->place_changed);
		if (vrf->place_changed) {
			log_change(v, vrf);
			imet_mark_vrf(v, vrf);
		}
	}
	if (places) {
		load_places(v);
		desired_mark_all(v);
	}
}

static void look_at(struct evpn *v, const struct link *l, const struct svi *svis, size_t svi_count)
{
	struct mac_vrf *vrf;
	struct vrf_place place;
	const char *inactive;

	if (l->vxlan.external || l->vxlan.vni.v == 0) {
		if (!v->vrfs.single_device_told)
			log_warning(v->log, LOG_EVPN,
			    "%s: a single VXLAN device for many VNIs is not served yet", l->name);
		v->vrfs.single_device_told = true;
		return;
	}
	vrf = vrf_get(v, l->vxlan.vni);
	if (vrf == NULL || vrf->seen)
		return;
	vrf->seen = true;
	inactive = find_place(v, l, svis, svi_count, &place);
	set_place(vrf, &place, inactive, true);
	map_place(v, vrf);
}

void mac_vrf_discover(struct evpn *v)
{
	struct mac_vrf_table *t = &v->vrfs;
	const struct mirror_link **links = mirror_links(v->mirror, &v->arena);
	const struct vrf_place nowhere = {0};
	struct svi *svis;
	size_t svi_count = find_svis(v, links, &svis);

	find_own_macs(v, links);
	maps_fini(t);
	maps_init(t, t->seed);
	for (size_t i = 0; i < t->count; i++) {
		struct mac_vrf *vrf = t->list[i];

		vrf->seen = false;
		vrf->place_changed = vrf->identity_changed = vrf->import_changed = false;
	}
	for (size_t i = 0; links[i] != NULL && v->settings.advertise_all_vni; i++)
		if (links[i]->link.kind == LINK_VXLAN)
			look_at(v, &links[i]->link, svis, svi_count);
	for (size_t i = 0; i < t->count; i++) {
		if (!t->list[i]->seen)
			set_place(t->list[i], &nowhere, "no VXLAN device", false);
		t->list[i]->import_changed |= set_identity(v, t->list[i]);
	}
	collect_rt_imports(t);
	follow(v);
	for (size_t i = 0; i < t->count; i++)
		mac_vrf_port_learning(v, t->list[i]);
}

/* ---- learning on the VXLAN port ---------------------------------------------------------------
 */

static bool port_was_off(const struct mac_vrf_table *t, ifindex_t port)
{
	for (size_t i = 0; i < t->port_off_count; i++)
		if (ifindex_equal(t->ports_off[i], port))
			return true;
	return false;
}

void mac_vrf_port_off(struct evpn *v, ifindex_t port)
{
	struct mac_vrf_table *t = &v->vrfs;

	if (port_was_off(t, port))
		return;
	t->ports_off = mem_resize(t->ports_off, (t->port_off_count + 1) * sizeof(*t->ports_off));
	t->ports_off[t->port_off_count++] = port;
}

static void set_learning(struct evpn *v, ifindex_t port, bool on)
{
	struct kernel_op op = {.verb = KERNEL_SET, .key = slot_key_bridge_port(port)};

	op.content.bridge_port.learning = on;
	desired_issue(v, &op);
}

void mac_vrf_port_learning(struct evpn *v, struct mac_vrf *vrf)
{
	const struct mirror_link *port = mirror_link(v->mirror, vrf->place.vxlan);

	if (!mac_vrf_active(vrf) || v->settings.keep_port_learning || v->flushing || port == NULL ||
	    !port->link.port.valid)
		return;
	if (!port->link.port.learning) {
		if (vrf->learning == LEARNING_ASKED || port_was_off(&v->vrfs, vrf->place.vxlan))
			vrf->learning = LEARNING_OFF;
	} else if (vrf->learning == LEARNING_UNTOUCHED) {
		log_info(v->log, LOG_EVPN, "%s: learning switched off on the VXLAN port",
		    port->link.name);
		vrf->learning = LEARNING_ASKED;
		mac_vrf_port_off(v, vrf->place.vxlan);
		set_learning(v, vrf->place.vxlan, false);
	} else if (vrf->learning == LEARNING_OFF) {
		log_error(v->log, LOG_EVPN,
		    "%s: somebody switched learning on again; remote frames may teach the bridge",
		    port->link.name);
		v->counters.alarms++;
		vrf->learning = LEARNING_GIVEN_UP;
	}
}

void mac_vrf_restore_learning(struct evpn *v)
{
	for (size_t i = 0; i < v->vrfs.port_off_count; i++) {
		const struct mirror_link *l = mirror_link(v->mirror, v->vrfs.ports_off[i]);

		if (l != NULL && l->link.port.valid && !l->link.port.learning)
			set_learning(v, v->vrfs.ports_off[i], true);
	}
}
