/*
 * The facade of evpn/: events to the file that owns the fact, and the run that evaluates what
 * became dirty. docs/architecture.md has the flow from a MAC to a route and back.
 *
 * A run goes: links (discovery of MAC-VRFs), routes that a new MAC-VRF has not seen, timers, then
 * dirty keys in order of arrival: MACs before neighbours, because a MAC+IP route depends on its
 * MAC, flood lists, strays. Bounded; the rest waits for the next run.
 */
#include "evpn/evpn.h"

#include <string.h>

#include "base/mem.h"
#include "evpn/instance.h"
#include "evpn/svi.h"

#define RUN_BUDGET 256
#define AUDIT_BATCH 256

struct evpn *evpn_new(const struct evpn_start *start)
{
	struct evpn *v = mem_new(sizeof(*v));

	v->log = start->log;
	v->mirror = start->mirror;
	v->host = start->host;
	v->netns = start->netns;
	if (start->boot_id != NULL)
		strncpy(v->boot_id, start->boot_id, sizeof(v->boot_id) - 1);
	mac_vrfs_init(v, start->seed);
	macs_init(v, start->seed);
	neighs_init(v, start->seed);
	imports_init(v, start->seed);
	imets_init(v, start->seed);
	desired_init(v, start->seed);
	return v;
}

void evpn_free(struct evpn *v)
{
	if (v == NULL)
		return;
	desired_fini(v);
	imets_fini(v);
	imports_fini(v);
	neighs_fini(v);
	macs_fini(v);
	mac_vrfs_fini(v);
	evpn_settings_fini(&v->settings);
	arena_fini(&v->arena);
	mem_free(v);
}

static struct evpn_settings settings_copy(const struct evpn_settings *s)
{
	struct evpn_settings copy = *s;

	copy.vnis = mem_dup(s->vnis, s->vni_count * sizeof(*s->vnis));
	for (size_t i = 0; i < s->vni_count; i++) {
		struct vni_settings *to = &copy.vnis[i];

		to->import_rts =
		    mem_dup(to->import_rts, to->import_count * sizeof(*to->import_rts));
		to->export_rts =
		    mem_dup(to->export_rts, to->export_count * sizeof(*to->export_rts));
	}
	return copy;
}

void evpn_configure(struct evpn *v, const struct evpn_settings *s, mono_t now)
{
	v->now = now;
	evpn_settings_fini(&v->settings);
	v->settings = settings_copy(s);
	v->discovery_due = true;
	if (!v->loaded)
		return;
	mac_mark_all(v);
	imet_mark_all(v);
}

/* ---- facts from the kernel --------------------------------------------------------------------
 */

static void fdb_changed(struct evpn *v, const struct fdb_key *key, const struct fdb_entry *row)
{
	struct mac_vrf *vrf = mac_vrf_of_vlan(v, key->bridge, key->vlan);

	if (vrf != NULL)
		mac_observe(v, vrf, &key->mac, row, false);
}

static void neigh_changed(
    struct evpn *v, const struct neigh_key *key, const struct neigh_entry *entry)
{
	struct mac_vrf *vrf = mac_vrf_of_svi(v, key->dev);

	if (vrf != NULL)
		neigh_observe(v, vrf, &key->ip, entry);
}

static void svi_address_changed(struct evpn *v, ifindex_t dev)
{
	struct mac_vrf *vrf = mac_vrf_of_svi(v, dev);

	if (vrf != NULL)
		svi_update(v, vrf, false);
}

static void link_changed(struct evpn *v, ifindex_t ifindex)
{
	v->discovery_due = true;
	mac_port_changed(v, ifindex);
	desired_retry(v, ifindex);
}

void evpn_kernel_changed(struct evpn *v, const struct kernel_event *event, mono_t now)
{
	struct slot_key key;

	v->now = now;
	/* Until the start dump is complete the mirror alone keeps the facts. */
	if (!v->loaded)
		return;
	v->writer = event->writer;
	switch (event->kind) {
	case KERNEL_LINK_NEW:
		link_changed(v, event->link.ifindex);
		break;
	case KERNEL_LINK_DEL:
		link_changed(v, event->link_gone);
		break;
	case KERNEL_PORT_VLANS:
		v->discovery_due = true;
		break;
	case KERNEL_ADDR_NEW:
	case KERNEL_ADDR_DEL:
		neigh_changed(
		    v, &(struct neigh_key){event->addr.dev, event->addr.prefix.addr}, NULL);
		svi_address_changed(v, event->addr.dev);
		break;
	case KERNEL_FDB_NEW:
		fdb_changed(v, &event->fdb.key, &event->fdb.entry);
		break;
	case KERNEL_FDB_DEL:
		fdb_changed(v, &event->fdb.key, NULL);
		break;
	case KERNEL_VXLAN_FDB_NEW:
	case KERNEL_VXLAN_FDB_DEL:
		key = slot_key_vxlan_fdb(event->vxlan_fdb.key.dev, event->vxlan_fdb.key.source_vni,
		    &event->vxlan_fdb.key.mac);
		desired_mark(v, &key);
		break;
	case KERNEL_FLOOD_NEW:
	case KERNEL_FLOOD_DEL:
		key = slot_key_flood(
		    event->flood.key.dev, event->flood.key.source_vni, &event->flood.key.vtep);
		desired_mark(v, &key);
		break;
	case KERNEL_NEIGH_NEW:
		neigh_changed(v, &event->neigh.key, &event->neigh.entry);
		break;
	case KERNEL_NEIGH_DEL:
		neigh_changed(v, &event->neigh.key, NULL);
		break;
	case KERNEL_OVERRUN:
		v->was_stale = true;
		v->audit = (struct evpn_audit){0};
		break;
	case KERNEL_ROUTE_NEW:
	case KERNEL_ROUTE_DEL:
	case KERNEL_NEXTHOP_NEW:
	case KERNEL_NEXTHOP_DEL:
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
		break;
	}
	v->writer = 0;
}

void evpn_slot_result(
    struct evpn *v, const struct kernel_op *op, const struct kernel_result *result, mono_t now)
{
	v->now = now;
	desired_result(v, op, result);
}

/* ---- facts from BGP ----------------------------------------------------------------------------
 */

void evpn_route_changed(struct evpn *v, const struct bgp_best *best, mono_t now)
{
	v->now = now;
	if (best->nlri.evpn.type == EVPN_MAC_IP)
		import_route_changed(v, best);
	else if (best->nlri.evpn.type == EVPN_IMET)
		imet_route_changed(v, best);
}

void evpn_converged(struct evpn *v, mono_t now)
{
	v->now = now;
	if (v->converged)
		return;
	v->converged = true;
	mac_converged(v);
	mac_mark_all(v);
	neigh_mark_all(v);
	imet_mark_all(v);
	desired_adopt_contradicted(v);
	desired_mark_all(v);
}

enum state_found evpn_restore(struct evpn *v, const uint8_t *bytes, size_t size, mono_t now)
{
	v->now = now;
	return state_restore(v, bytes, size);
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static bool work_left(const struct evpn *v)
{
	return v->macs.dirty_count > 0 || v->neighs.dirty_count > 0 || v->imets.dirty_count > 0 ||
	       v->slots.stray_first != NULL;
}

static void work(struct evpn *v)
{
	unsigned budget = RUN_BUDGET;

	while (budget > 0 && work_left(v)) {
		struct mac_entry *m = mac_take_dirty(v);
		struct neigh *n;
		unsigned done;

		budget--;
		if (m != NULL) {
			mac_evaluate(v, m);
		} else if ((n = neigh_take_dirty(v)) != NULL) {
			neigh_evaluate(v, n);
		} else if (v->imets.dirty_count > 0) {
			done = imet_evaluate(v, budget + 1);
			budget -= done > budget ? budget : done;
		} else {
			desired_stray_step(v);
		}
	}
}

/* What was held back while the mirror was stale, and what changed unseen meanwhile. */
static void mark_all(struct evpn *v)
{
	mac_mark_all(v);
	neigh_mark_all(v);
	imet_mark_all(v);
	desired_mark_all(v);
}

static void timers(struct evpn *v)
{
	mac_timers(v);
	neigh_timers(v);
	desired_timers(v);
}

bool evpn_run(struct evpn *v, mono_t now)
{
	v->now = now;
	if (!v->loaded && !mirror_is_synced(v->mirror))
		return false;
	if (!v->loaded)
		v->loaded = v->discovery_due = true;
	if (v->was_stale && !mirror_is_stale(v->mirror)) {
		v->was_stale = false;
		v->discovery_due = true;
		mark_all(v);
	}
	if (v->discovery_due) {
		v->discovery_due = false;
		mac_vrf_discover(v);
	}
	if (v->routes_due) {
		v->routes_due = false;
		v->host.routes_again(v->host.context);
	}
	timers(v);
	work(v);
	arena_reset(&v->arena);
	return work_left(v);
}

bool evpn_pending(const struct evpn *v)
{
	return v->loaded && work_left(v);
}

mono_t evpn_deadline(const struct evpn *v)
{
	mono_t due = mono_min(mac_deadline(v), neigh_deadline(v));

	if (!v->loaded)
		return MONO_NEVER;
	return mono_min(due, desired_deadline(v));
}

/* ---- the audit: the mirror against what is wanted -----------------------------------------------
 */

/* Some more MACs, then neighbours, in order of the table; sorted, since what they do is seen. */
static size_t audit_macs(struct evpn *v)
{
	void *batch[AUDIT_BATCH];
	size_t count = map_some(&v->macs.map, &v->audit.at, batch, AUDIT_BATCH, mac_compare);

	for (size_t i = 0; i < count; i++) {
		((struct mac_entry *)batch[i])->audited = true;
		mac_mark(v, batch[i]);
	}
	return count;
}

static size_t audit_neighs(struct evpn *v)
{
	void *batch[AUDIT_BATCH];
	size_t count = map_some(&v->neighs.map, &v->audit.at, batch, AUDIT_BATCH, neigh_compare);

	for (size_t i = 0; i < count; i++) {
		((struct neigh *)batch[i])->audited = true;
		neigh_mark(v, batch[i]);
	}
	return count;
}

/* Whoever then has a step to take differed without anybody having acted. Only in quiet moments:
 * what is dirty anyway is no difference. */
bool evpn_audit(struct evpn *v)
{
	struct evpn_audit *a = &v->audit;

	if (work_left(v) || mirror_is_stale(v->mirror))
		return true;
	if (a->part == AUDIT_MACS && audit_macs(v) > 0)
		return true;
	if (a->part == AUDIT_MACS)
		*a = (struct evpn_audit){.part = AUDIT_NEIGHS};
	if (a->part == AUDIT_NEIGHS && audit_neighs(v) > 0)
		return true;
	if (a->part == AUDIT_NEIGHS) {
		*a = (struct evpn_audit){.part = AUDIT_FLOODS};
		imet_mark_all(v);
		return true;
	}
	*a = (struct evpn_audit){0};
	return false;
}

/* ---- commands -----------------------------------------------------------------------------------
 */

void evpn_flush(struct evpn *v, mono_t now)
{
	v->now = now;
	mac_vrf_restore_learning(v);
	v->flushing = true;
	mark_all(v);
}

bool evpn_flushed(struct evpn *v)
{
	return !work_left(v) && desired_empty(v);
}

bool evpn_reclaim(struct evpn *v, const struct mac *mac, vni_t vni, mono_t now)
{
	bool any = false;

	v->now = now;
	for (size_t i = 0; i < v->vrfs.count; i++) {
		struct mac_entry *m;

		if (vni.v != 0 && !vni_equal(vni, v->vrfs.list[i]->vni))
			continue;
		m = mac_find(v, v->vrfs.list[i]->vni, mac);
		any |= m != NULL && mac_reclaim(v, m);
	}
	return any;
}

unsigned evpn_release(
    struct evpn *v, const struct mac *mac, vni_t vni, uint32_t seconds, mono_t now)
{
	unsigned count = 0;

	v->now = now;
	for (size_t i = 0; i < v->vrfs.count; i++) {
		struct mac_vrf *vrf = v->vrfs.list[i];
		struct mac_entry *m;

		if (!vrf->present || (vni.v != 0 && !vni_equal(vni, vrf->vni)))
			continue;
		m = vni.v != 0 ? mac_get(v, vrf, mac) : mac_find(v, vrf->vni, mac);
		count += m != NULL && mac_release(v, m, seconds);
	}
	return count;
}

/* The MAC behind an address: where a host of ours answers, else where it is said to be. */
static const struct mac *mac_behind(const struct evpn *v, vni_t vni, const struct ip *ip)
{
	const struct neigh *n = neigh_find(v, vni, ip);

	if (n == NULL)
		return NULL;
	if (n->local != NULL && n->local->present)
		return &n->local->lladdr;
	return n->routes != NULL ? &neigh_best(v, n)->mac->key.mac : NULL;
}

static unsigned clear_all(struct evpn *v, vni_t vni)
{
	struct mac_entry **all =
	    (struct mac_entry **)map_sorted(&v->macs.map, &v->arena, mac_compare);
	unsigned count = 0;

	for (size_t i = 0; i < v->macs.map.count; i++)
		if (vni.v == 0 || vni_equal(vni, all[i]->key.vni))
			count += mac_clear_duplicate(v, all[i]);
	return count;
}

unsigned evpn_clear_duplicates(
    struct evpn *v, vni_t vni, const struct mac *mac, const struct ip *ip, mono_t now)
{
	unsigned count = 0;

	v->now = now;
	if (mac == NULL && ip == NULL)
		return clear_all(v, vni);
	for (size_t i = 0; i < v->vrfs.count; i++) {
		vni_t at = v->vrfs.list[i]->vni;
		const struct mac *whose = ip != NULL ? mac_behind(v, at, ip) : mac;
		struct mac_entry *m;

		if ((vni.v != 0 && !vni_equal(vni, at)) || whose == NULL)
			continue;
		m = mac_find(v, at, whose);
		count += m != NULL && mac_clear_duplicate(v, m);
	}
	return count;
}

unsigned evpn_remove_orphans(struct evpn *v, mono_t now)
{
	v->now = now;
	return desired_adopt_orphans(v);
}

void evpn_watch(struct evpn *v, bool on)
{
	v->watched = on && v->host.note != NULL;
}

struct evpn_counters *evpn_counters(struct evpn *v)
{
	return &v->counters;
}
