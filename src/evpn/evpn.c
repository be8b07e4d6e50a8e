/*
 * The facade of evpn/. Being filled in.
 */
#include "evpn/evpn.h"

#include "base/mem.h"

struct evpn {
	struct evpn_counters counters;
};

struct evpn *evpn_new(const struct evpn_start *start)
{
	(void)start;
	return mem_new(sizeof(struct evpn));
}

void evpn_free(struct evpn *v)
{
	mem_free(v);
}

void evpn_configure(struct evpn *v, const struct evpn_settings *s, mono_t now)
{
	(void)v, (void)s, (void)now;
}

void evpn_kernel_changed(struct evpn *v, const struct kernel_event *event, mono_t now)
{
	(void)v, (void)event, (void)now;
}

void evpn_slot_result(
    struct evpn *v, const struct kernel_op *op, const struct kernel_result *result, mono_t now)
{
	(void)v, (void)op, (void)result, (void)now;
}

void evpn_route_changed(struct evpn *v, const struct bgp_best *best, mono_t now)
{
	(void)v, (void)best, (void)now;
}

void evpn_converged(struct evpn *v, mono_t now)
{
	(void)v, (void)now;
}

void evpn_restore(struct evpn *v, const uint8_t *bytes, size_t size, mono_t now)
{
	(void)v, (void)bytes, (void)size, (void)now;
}

bool evpn_run(struct evpn *v, mono_t now)
{
	(void)v, (void)now;
	return false;
}

mono_t evpn_deadline(const struct evpn *v)
{
	(void)v;
	return MONO_NEVER;
}

void evpn_flush(struct evpn *v, mono_t now)
{
	(void)v, (void)now;
}

bool evpn_flushed(const struct evpn *v)
{
	(void)v;
	return true;
}

bool evpn_reclaim(struct evpn *v, const struct mac *mac, vni_t vni, mono_t now)
{
	(void)v, (void)mac, (void)vni, (void)now;
	return false;
}

void evpn_watch(struct evpn *v, bool on)
{
	(void)v, (void)on;
}

unsigned evpn_remove_orphans(struct evpn *v, mono_t now)
{
	(void)v, (void)now;
	return 0;
}

bool evpn_vni_at(const struct evpn *v, size_t index, struct evpn_vni_view *view)
{
	(void)v, (void)index, (void)view;
	return false;
}

void evpn_walk_macs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_mac_view *mac))
{
	(void)v, (void)vni, (void)arena, (void)context, (void)visit;
}

bool evpn_mac_get(
    const struct evpn *v, vni_t vni, const struct mac *mac, struct evpn_mac_view *view)
{
	(void)v, (void)vni, (void)mac, (void)view;
	return false;
}

size_t evpn_mac_remotes(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_remote_view **routes)
{
	(void)v, (void)vni, (void)mac, (void)arena, (void)routes;
	return 0;
}

size_t evpn_mac_history(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_transition **transitions)
{
	(void)v, (void)vni, (void)mac, (void)arena, (void)transitions;
	return 0;
}

void evpn_walk_neighs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_neigh_view *neigh))
{
	(void)v, (void)vni, (void)arena, (void)context, (void)visit;
}

struct evpn_counters *evpn_counters(struct evpn *v)
{
	return &v->counters;
}
