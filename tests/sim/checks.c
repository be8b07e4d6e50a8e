/*
 * The promises. After every step of a hypervisor (a barrier: its monitor is drained):
 *
 *  - every entry that an agent wrote and did not delete is exactly what the agent wrote;
 *  - an advertised MAC has a local claim;
 *  - the sequence of a MAC does not fall while its claim lives;
 *  - audits find nothing where no notification was lost silently;
 *  - no route leads over a cable that has gone dark;
 *  - where daemons restart gracefully, one at a time, and nothing else goes wrong: a way to a VM
 *    that was right stays right until the VM moves, and so does a route to a VTEP.
 *
 * When faults have stopped and the fabric had time, every VM migrates once more, and is followed
 * before its source lets go; and at the end every kernel shows the truth, as policy has it. Where
 * there were reloads the hypervisors' daemons are then started anew, and their kernels stay as they
 * are. The checker knows the truth from the VMs and the kernels, never from an engine.
 */
#include "sim.h"

#include <string.h>

#include "evpn/evpn.h"

static uint32_t vm_vni(const struct sim_vm *vm)
{
	return vm->plain_vni ? SIM_PLAIN_VNI : SIM_VNI;
}

/* ---- safety
 * ------------------------------------------------------------------------------------------ */

static void check_foreign_fdb(struct sim_node *n, const struct sim_vm *vm)
{
	const struct fdb_entry *e = simkernel_fdb(&n->kernel, vm_bridge(vm), vm_vlan(vm), &vm->mac);

	if (e == NULL)
		sim_fail(n->sim, "%s: the agent's FDB entry of vm%zu is gone", n->name, vm->index);
	else if (e->port.v != vm_port(vm) || (e->nud & NUD_NOARP) == 0)
		sim_fail(n->sim, "%s: the agent's FDB entry of vm%zu was changed: port %u nud %#x",
		    n->name, vm->index, e->port.v, e->nud);
	else if (((e->ntf & NTF_STICKY) != 0) != vm->sticky)
		sim_fail(n->sim, "%s: the agent's FDB entry of vm%zu changed its sticky flag",
		    n->name, vm->index);
}

static void check_foreign_neigh(struct sim_node *n, const struct sim_vm *vm)
{
	const struct neigh_entry *e = simkernel_neigh(&n->kernel, vm_svi(vm), &vm->ip);

	if (e == NULL)
		sim_fail(n->sim, "%s: the agent's neighbour of vm%zu is gone", n->name, vm->index);
	else if (e->nud != NUD_PERMANENT || !mac_equal(&e->lladdr, &vm->mac) ||
		 (e->ntf & NTF_EXT_LEARNED) != 0)
		sim_fail(n->sim, "%s: the agent's neighbour of vm%zu was changed: nud %#x ntf %#x",
		    n->name, vm->index, e->nud, e->ntf);
}

static void check_claims(struct sim_node *n, const struct sim_vm *vm)
{
	struct sim *s = n->sim;
	struct evpn_mac_view v;
	bool had = s->own_known[n->index][vm->index];
	uint32_t before = s->own_before[n->index][vm->index];

	if (!evpn_mac_get(engine_evpn(n->engine), (vni_t){vm_vni(vm)}, &vm->mac, &v) ||
	    !v.memory.advertised) {
		s->own_known[n->index][vm->index] = false;
		return;
	}
	if (v.claim.kind != CLAIM_LEARNED && v.claim.kind != CLAIM_PINNED)
		sim_fail(s, "%s advertises vm%zu without a local claim", n->name, vm->index);
	if (had && v.memory.own < before)
		sim_fail(s, "%s: the sequence of vm%zu fell from %u to %u", n->name, vm->index,
		    before, v.memory.own);
	s->own_known[n->index][vm->index] = true;
	s->own_before[n->index][vm->index] = v.memory.own;
}

void check_forget_way(struct sim *s, const struct sim_vm *vm)
{
	for (size_t h = 0; h < SIM_HYPERVISORS; h++)
		s->way_seen[h][vm->index] = false;
}

static bool way_is_right(const struct sim_node *n, const struct sim_vm *vm)
{
	const struct fdb_entry *fdb =
	    simkernel_fdb(&n->kernel, vm_bridge(vm), vm_vlan(vm), &vm->mac);
	const struct vxlan_fdb_entry *vx = simkernel_vxlan_fdb(&n->kernel, vm_vxlan(vm), &vm->mac);

	return fdb != NULL && fdb->port.v == vm_vxlan(vm) && vx != NULL &&
	       ip_equal(&vx->dst, &n->sim->nodes[vm->target].vtep);
}

/* Nobody writes anything about it any more. */
static bool at_rest(const struct sim *s, const struct sim_vm *vm)
{
	for (size_t h = 0; h < SIM_HYPERVISORS; h++)
		if (vm->fdb_written[h] != (h == vm->target && vm->how != ORCH_NONE))
			return false;
	return s->faults && !vm->moving;
}

static void check_way(struct sim_node *n, const struct sim_vm *vm)
{
	bool *seen = &n->sim->way_seen[n->index][vm->index];
	bool right = way_is_right(n, vm);

	if (!at_rest(n->sim, vm) || n->index == vm->target)
		*seen = false;
	else if (*seen && !right)
		sim_fail(n->sim, "%s lost its way to vm%zu over a restart", n->name, vm->index);
	else
		*seen = right;
}

/* What was told in this turn is done in it or in the next one, which is due at once. Paths of a
 * peer that may come back, and writes that fail or wait for a dump, may last longer. */
static bool follows_at_once(const struct sim_node *n)
{
	const struct sim_swarm *w = &n->sim->swarm;

	return n->engine != NULL && !w->graceful && !w->errnos && !w->overruns &&
	       !w->silent_losses && !mono_reached(engine_deadline(n->engine), n->sim->now);
}

static void check_dark(struct sim_node *n)
{
	for (size_t h = 0; h < SIM_HYPERVISORS; h++) {
		const struct prefix vtep = {.addr = n->sim->nodes[h].vtep, .len = 32};
		struct route_nexthop hops[8];
		size_t count = simkernel_route(&n->kernel, &vtep, hops);

		for (size_t i = 0; i < count; i++)
			if (fabric_is_dark(n, hops[i].dev))
				sim_fail(n->sim, "%s: the route to %s leads over a dark cable",
				    n->name, n->sim->nodes[h].name);
	}
}

static void check_routes(struct sim_node *n)
{
	for (size_t h = 0; h < SIM_HYPERVISORS; h++) {
		bool *seen = &n->sim->route_seen[n->index][h];
		bool there = simkernel_host_route(&n->kernel, &n->sim->nodes[h].vtep);

		if (*seen && !there)
			sim_fail(n->sim, "%s lost its route to %s over a restart", n->name,
			    n->sim->nodes[h].name);
		*seen = there;
	}
}

void check_step(struct sim_node *n)
{
	struct sim *s = n->sim;

	if (s->swarm.calm)
		check_routes(n);
	for (size_t i = 0; s->swarm.calm && n->index < SIM_HYPERVISORS && i < SIM_VMS; i++)
		check_way(n, &s->vms[i]);
	if (n->index >= SIM_HYPERVISORS)
		return;
	if (follows_at_once(n))
		check_dark(n);
	if (n->engine != NULL && !s->swarm.silent_losses && sim_differences(n) != 0)
		sim_fail(
		    s, "%s: the audit found a difference though no notification was lost", n->name);
	for (size_t i = 0; i < SIM_VMS; i++) {
		const struct sim_vm *vm = &s->vms[i];

		if (vm->fdb_written[n->index])
			check_foreign_fdb(n, vm);
		if (vm->neigh_written[n->index])
			check_foreign_neigh(n, vm);
		if (n->engine != NULL)
			check_claims(n, vm);
		else
			s->own_known[n->index][i] = false;
	}
}

/* ---- liveness
 * -------------------------------------------------------------------------------------------- */

static bool claimed(const struct sim_node *n, const struct sim_vm *vm)
{
	const struct fdb_entry *e = simkernel_fdb(&n->kernel, vm_bridge(vm), vm_vlan(vm), &vm->mac);

	return e != NULL && e->port.v == vm_port(vm);
}

static bool neigh_local(const struct sim_node *n, const struct sim_vm *vm)
{
	const struct neigh_entry *e = simkernel_neigh(&n->kernel, vm_svi(vm), &vm->ip);

	return e != NULL && mac_equal(&e->lladdr, &vm->mac) && (e->ntf & NTF_EXT_LEARNED) == 0;
}

static bool is_ours(const struct neigh_entry *e)
{
	return (e->ntf & NTF_EXT_LEARNED) != 0 && (e->nud & NUD_NOARP) != 0;
}

static void check_owner(struct sim_node *n, const struct sim_vm *vm)
{
	const struct neigh_entry *e = simkernel_neigh(&n->kernel, vm_svi(vm), &vm->ip);

	if (!claimed(n, vm)) {
		sim_fail(
		    n->sim, "%s: vm%zu lives here and has no local FDB entry", n->name, vm->index);
		return;
	}
	if (simkernel_vxlan_fdb(&n->kernel, vm_vxlan(vm), &vm->mac) != NULL)
		sim_fail(
		    n->sim, "%s: a VXLAN FDB entry is left for local vm%zu", n->name, vm->index);
	if (e != NULL && is_ours(e))
		sim_fail(
		    n->sim, "%s: a neighbour of ours is left for local vm%zu", n->name, vm->index);
}

static void check_observer(
    struct sim_node *n, const struct sim_node *owner, const struct sim_vm *vm)
{
	struct sim *s = n->sim;
	const struct fdb_entry *fdb =
	    simkernel_fdb(&n->kernel, vm_bridge(vm), vm_vlan(vm), &vm->mac);
	const struct vxlan_fdb_entry *vx = simkernel_vxlan_fdb(&n->kernel, vm_vxlan(vm), &vm->mac);
	const struct neigh_entry *e = simkernel_neigh(&n->kernel, vm_svi(vm), &vm->ip);

	if (fdb == NULL || fdb->port.v != vm_vxlan(vm) || (fdb->ntf & NTF_EXT_LEARNED) == 0)
		sim_fail(
		    s, "%s: no FDB entry towards vm%zu on %s", n->name, vm->index, owner->name);
	else if (vx == NULL || !ip_equal(&vx->dst, &owner->vtep))
		sim_fail(s, "%s: VXLAN FDB of vm%zu does not lead to %s", n->name, vm->index,
		    owner->name);
	else if (neigh_local(owner, vm) &&
		 (e == NULL || !is_ours(e) || !mac_equal(&e->lladdr, &vm->mac)))
		sim_fail(s, "%s: no neighbour for vm%zu on %s", n->name, vm->index, owner->name);
}

static void check_flood(struct sim_node *n, const struct sim_node *other)
{
	if (!simkernel_flood(&n->kernel, SIM_VXLAN, &other->vtep) ||
	    !simkernel_flood(&n->kernel, SIM_PLAIN_VXLAN, &other->vtep))
		sim_fail(n->sim, "%s: no flood entry to %s", n->name, other->name);
}

/* Nothing of one VNI in the tables of the other. */
static void check_isolation(struct sim_node *n, const struct sim_vm *vm)
{
	uint32_t bridge = vm->plain_vni ? SIM_BRIDGE : SIM_PLAIN_BRIDGE;
	uint32_t vxlan = vm->plain_vni ? SIM_VXLAN : SIM_PLAIN_VXLAN;

	if (simkernel_fdb(&n->kernel, bridge, vm->plain_vni ? SIM_VLAN : 0, &vm->mac) != NULL ||
	    simkernel_vxlan_fdb(&n->kernel, vxlan, &vm->mac) != NULL)
		sim_fail(n->sim, "%s: vm%zu leaked into the other VNI", n->name, vm->index);
}

/* A migration in a fabric at rest: the third hypervisor has followed, though the source has not
 * deleted its pin yet; the source as well where nothing was pinned. What an agent could not write,
 * since its exclusive add found our entry there, cannot have moved. */
void check_moved(struct sim *s, void *argument, uint32_t source)
{
	const struct sim_vm *vm = argument;
	struct sim_node *target = &s->nodes[vm->target];

	if (vm->how != ORCH_NONE && !vm->fdb_written[vm->target])
		return;
	for (size_t h = 0; h < SIM_HYPERVISORS; h++)
		if (h != vm->target && (h != source || vm->how == ORCH_NONE))
			check_observer(&s->nodes[h], target, vm);
}

/* At rest the way to each VTEP goes over all uplinks, but for those that policy denies. */
static void check_underlay(struct sim_node *n, const struct sim_node *other)
{
	const struct prefix vtep = {.addr = other->vtep, .len = 32};
	struct route_nexthop hops[8];
	size_t count = simkernel_route(&n->kernel, &vtep, hops);
	size_t wanted = (n->policy & POLICY_DENY) != 0 ? 1 : 2;

	if (count != wanted || (count == 2 && ifindex_equal(hops[0].dev, hops[1].dev)))
		sim_fail(n->sim, "%s: %zu ways to the VTEP of %s, not %zu", n->name, count,
		    other->name, wanted);
	else if (wanted == 1 && hops[0].dev.v == SIM_UPLINK1)
		sim_fail(n->sim, "%s: the way to the VTEP of %s is one that policy denies", n->name,
		    other->name);
}

void check_end(struct sim *s)
{
	for (size_t i = 0; i < SIM_VMS; i++) {
		const struct sim_vm *vm = &s->vms[i];
		struct sim_node *owner = &s->nodes[vm->target];

		check_owner(owner, vm);
		for (size_t h = 0; h < SIM_HYPERVISORS; h++) {
			check_isolation(&s->nodes[h], vm);
			if (h != vm->target)
				check_observer(&s->nodes[h], owner, vm);
		}
	}
	for (size_t a = 0; a < SIM_HYPERVISORS; a++)
		for (size_t b = 0; b < SIM_HYPERVISORS; b++)
			if (a != b) {
				check_flood(&s->nodes[a], &s->nodes[b]);
				check_underlay(&s->nodes[a], &s->nodes[b]);
			}
}

/* ---- what a kernel has of ours ---- */

static void snapshot_vm(const struct sim_node *n, const struct sim_vm *vm, struct str *out)
{
	const struct fdb_entry *fdb =
	    simkernel_fdb(&n->kernel, vm_bridge(vm), vm_vlan(vm), &vm->mac);
	const struct vxlan_fdb_entry *vx = simkernel_vxlan_fdb(&n->kernel, vm_vxlan(vm), &vm->mac);
	const struct neigh_entry *e = simkernel_neigh(&n->kernel, vm_svi(vm), &vm->ip);
	char text[IP_TEXT_MAX];

	str_addf(out, " vm%zu", vm->index);
	if (fdb != NULL && fdb->port.v == vm_vxlan(vm))
		str_addf(out, " fdb %#x/%#x", fdb->nud, fdb->ntf);
	if (vx != NULL)
		str_addf(out, " vxlan %s", ip_text(&vx->dst, text));
	if (e != NULL && is_ours(e))
		str_add(out, " neigh");
}

void check_snapshot(const struct sim_node *n, struct str *out)
{
	for (size_t i = 0; i < SIM_VMS; i++)
		snapshot_vm(n, &n->sim->vms[i], out);
	for (size_t h = 0; h < SIM_HYPERVISORS; h++) {
		const struct prefix vtep = {.addr = n->sim->nodes[h].vtep, .len = 32};
		struct route_nexthop hops[8];
		size_t count = simkernel_route(&n->kernel, &vtep, hops);
		unsigned over = 0;

		for (size_t i = 0; i < count; i++)
			over |= 1u << (hops[i].dev.v & 31);
		str_addf(out, " to %s: %zu ways %#x flood %d", n->sim->nodes[h].name, count, over,
		    simkernel_flood(&n->kernel, SIM_VXLAN, &vtep.addr));
	}
}
