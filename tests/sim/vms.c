/*
 * VMs and orchestrators. A VM lives on one hypervisor and migrates: the target's agent writes its
 * entries, the source's agent deletes its own before, with or after that, the traffic moves
 * somewhere in between. Agents differ in how they write (replace, append, exclusive add), in what
 * (FDB only, FDB and neighbour, with or without a protocol number) and in whether they look after
 * their entries in a loop. VMs are silent or chatty, pinned sticky or plain, or not pinned at all.
 */
#include "sim.h"

#include <errno.h>

#define MS 1000000LL
#define AGEING_MS 15000

uint32_t vm_port(const struct sim_vm *vm)
{
	return vm->plain_vni ? SIM_PLAIN_ACCESS : SIM_ACCESS;
}

uint32_t vm_bridge(const struct sim_vm *vm)
{
	return vm->plain_vni ? SIM_PLAIN_BRIDGE : SIM_BRIDGE;
}

uint32_t vm_vxlan(const struct sim_vm *vm)
{
	return vm->plain_vni ? SIM_PLAIN_VXLAN : SIM_VXLAN;
}

uint32_t vm_svi(const struct sim_vm *vm)
{
	return vm->plain_vni ? SIM_PLAIN_BRIDGE : SIM_SVI;
}

uint16_t vm_vlan(const struct sim_vm *vm)
{
	return vm->plain_vni ? 0 : SIM_VLAN;
}

/* ---- agents
 * --------------------------------------------------------------------------------------- */

static enum sim_write write_how(const struct sim_vm *vm)
{
	if (vm->how == ORCH_REPLACE)
		return SIM_REPLACE;
	return vm->how == ORCH_APPEND ? SIM_APPEND : SIM_EXCLUSIVE;
}

static void agent_write_fdb(struct sim *s, struct sim_vm *vm, size_t host)
{
	struct sim_node *n = &s->nodes[host];
	int error = simkernel_fdb_write(&n->kernel, vm_port(vm), vm_vlan(vm), &vm->mac,
	    write_how(vm), NUD_NOARP, vm->sticky ? NTF_STICKY : 0);

	if (error == 0)
		vm->fdb_written[host] = true;
	sim_trace(s, "agent %s writes FDB vm%zu: errno %d", n->name, vm->index, error);
}

static void agent_write_neigh(struct sim *s, struct sim_vm *vm, size_t host)
{
	struct sim_node *n = &s->nodes[host];
	enum sim_write how = vm->how == ORCH_EXCLUSIVE ? SIM_EXCLUSIVE : SIM_REPLACE;
	int error = simkernel_neigh_write(&n->kernel, vm_svi(vm), &vm->ip, how, &vm->mac,
	    NUD_PERMANENT, vm->no_protocol ? 0 : 255, SIM_AGENT_PORTID);

	if (error == 0)
		vm->neigh_written[host] = true;
	sim_trace(s, "agent %s writes neighbour vm%zu: errno %d", n->name, vm->index, error);
}

static bool complete(const struct sim_vm *vm, size_t host)
{
	return vm->fdb_written[host] && (!vm->neighbour || vm->neigh_written[host]);
}

/* One round of the agent: write what is wanted and not there yet; exclusive adds try again. */
static void agent_step(struct sim *s, void *argument, uint32_t host)
{
	struct sim_vm *vm = argument;

	if (!vm->wanted[host] || vm->how == ORCH_NONE)
		return;
	/* Paused from here on until it runs on the target. */
	vm->paused = vm->paused || (host == vm->target && host != vm->host);
	if (!vm->fdb_written[host] || vm->reconcile_loop)
		agent_write_fdb(s, vm, host);
	if (vm->neighbour && (!vm->neigh_written[host] || vm->reconcile_loop))
		agent_write_neigh(s, vm, host);
	if (vm->reconcile_loop || !complete(vm, host))
		sim_at(s, 1000 * MS, agent_step, vm, host, true);
}

static void agent_delete(struct sim *s, void *argument, uint32_t host)
{
	struct sim_vm *vm = argument;
	struct sim_node *n = &s->nodes[host];

	vm->wanted[host] = false;
	if (vm->fdb_written[host])
		simkernel_fdb_delete(&n->kernel, vm_port(vm), vm_vlan(vm), &vm->mac);
	vm->fdb_written[host] = false;
	if (vm->neigh_written[host])
		simkernel_neigh_delete(&n->kernel, vm_svi(vm), &vm->ip, SIM_AGENT_PORTID);
	vm->neigh_written[host] = false;
	sim_trace(s, "agent %s deletes vm%zu", n->name, vm->index);
}

/* Would this VM's agent write that slot? */
static bool about_slot(const struct sim_vm *vm, const struct slot_key *key)
{
	if (key->kind == SLOT_FDB)
		return mac_equal(&key->fdb.mac, &vm->mac);
	return key->kind == SLOT_NEIGH && ip_equal(&key->neigh.ip, &vm->ip);
}

/* A write that is due within the next seconds on this node; with a key, one about that slot. */
static struct sim_step *step_due(struct sim_node *n, const struct slot_key *key)
{
	struct sim *s = n->sim;

	for (size_t i = 0; i < s->heap_count; i++) {
		struct sim_step *step = &s->heap[i];

		if (step->agent && step->call == agent_step && step->number == n->index &&
		    step->at_ns <= s->now.ns + 3000 * MS &&
		    (key == NULL || about_slot(step->argument, key)))
			return step;
	}
	return NULL;
}

void vms_into_window(struct sim_node *n, const struct slot_key *key)
{
	struct sim_step *step = step_due(n, key);

	if (step == NULL ? !sim_chance(n->sim, 10) : !sim_chance(n->sim, 50))
		return;
	if (step == NULL)
		step = step_due(n, NULL);
	if (step == NULL)
		return;
	step->call = NULL;
	sim_trace(n->sim, "into the window of %s:", n->name);
	agent_step(n->sim, step->argument, (uint32_t)n->index);
}

/* ---- traffic
 * --------------------------------------------------------------------------------------------- */

static void vm_talks(struct sim *s, struct sim_vm *vm)
{
	struct sim_node *n = &s->nodes[vm->host];

	if (vm->paused)
		return;
	simkernel_frame(&n->kernel, vm_port(vm), vm_vlan(vm), &vm->mac);
	simkernel_arp(&n->kernel, vm_svi(vm), &vm->ip, &vm->mac);
}

static void traffic_step(struct sim *s, void *argument, uint32_t number)
{
	struct sim_vm *vm = argument;

	vm_talks(s, vm);
	sim_at(s, sim_between_us(s, 200000, 1500000), traffic_step, vm, number, false);
}

/* What the kernel learned where the VM does not talk any more grows old. */
static void age_step(struct sim *s, void *argument, uint32_t host)
{
	struct sim_vm *vm = argument;

	if (vm->host == host)
		return;
	sim_trace(s, "vm%zu ages on %s", vm->index, s->nodes[host].name);
	simkernel_age(&s->nodes[host].kernel, vm_bridge(vm), vm_vlan(vm), &vm->mac);
}

static void traffic_moves(struct sim *s, void *argument, uint32_t host)
{
	struct sim_vm *vm = argument;

	sim_trace(s, "vm%zu runs on %s", vm->index, s->nodes[host].name);
	sim_at(s, AGEING_MS * MS, age_step, vm, (uint32_t)vm->host, false);
	vm->host = host;
	vm->paused = false;
	if (vm->chatty)
		vm_talks(s, vm);
}

/* ---- migrations
 * --------------------------------------------------------------------------------------------- */

static void moved(struct sim *s, void *argument, uint32_t number)
{
	struct sim_vm *vm = argument;

	(void)s;
	(void)number;
	vm->moving = false;
}

static void migrate(struct sim *s, struct sim_vm *vm, size_t target)
{
	static const int64_t delays_ms[] = {-300, 0, 1, 50, 500, 2000};
	int64_t delete_ms = delays_ms[sim_random(s, 6)];
	int64_t write_ms = delete_ms < 0 ? -delete_ms : 0;
	size_t source = vm->target;

	sim_trace(s, "vm%zu migrates from %s to %s, source deletes at %+lld ms", vm->index,
	    s->nodes[source].name, s->nodes[target].name, (long long)delete_ms);
	s->migrations++;
	check_forget_way(s, vm);
	vm->moving = true;
	vm->target = target;
	vm->wanted[target] = true;
	sim_at(
	    s, write_ms * MS + sim_between_us(s, 0, 300), agent_step, vm, (uint32_t)target, true);
	/* A paused VM sends nothing from the source any more once the target's agent writes. */
	sim_at(
	    s, sim_between_us(s, 0, write_ms * 1000), traffic_moves, vm, (uint32_t)target, false);
	sim_at(s, (delete_ms + write_ms) * MS, agent_delete, vm, (uint32_t)source, false);
	sim_at(s, 2500 * MS, moved, vm, 0, false);
}

static void migrate_step(struct sim *s, void *argument, uint32_t number)
{
	struct sim_vm *vm = argument;

	if (!s->faults)
		return;
	/* What a host learned while its daemon was down is news to it when it is back, however old:
	 * that a VM has moved on meanwhile is another story than that ways stay over a restart. */
	if (!vm->moving && !(s->swarm.calm && faults_under_way(s))) {
		size_t away = 1 + sim_random(s, SIM_HYPERVISORS - 1);

		migrate(s, vm, (vm->target + away) % SIM_HYPERVISORS);
	}
	sim_at(s, sim_between_us(s, 500000, 8000000), migrate_step, vm, number, false);
}

static void vm_init(struct sim *s, size_t i)
{
	struct sim_vm *vm = &s->vms[i];

	vm->index = i;
	vm->mac = (struct mac){{0xfa, 0x16, 0x3e, 0, 0, (uint8_t)(i + 1)}};
	vm->plain_vni = sim_chance(s, 25);
	vm->ip = ip_from_u32((vm->plain_vni ? 0xc0a80200u : 0xb92f2900u) + (uint32_t)i + 10);
	vm->host = vm->target = sim_random(s, SIM_HYPERVISORS);
	vm->how = (enum sim_orchestrator)sim_random(s, 4);
	vm->chatty = vm->how == ORCH_NONE || sim_chance(s, 50);
	vm->sticky = sim_chance(s, 60);
	vm->neighbour = sim_chance(s, 70);
	vm->no_protocol = sim_chance(s, 30);
	vm->reconcile_loop = sim_chance(s, 30);
	vm->wanted[vm->host] = true;
}

void vms_start(struct sim *s)
{
	for (size_t i = 0; i < SIM_VMS; i++) {
		struct sim_vm *vm = &s->vms[i];

		vm_init(s, i);
		sim_at(s, sim_between_us(s, 0, 3000000), agent_step, vm, (uint32_t)vm->host, true);
		if (vm->chatty)
			sim_at(s, sim_between_us(s, 0, 3000000), traffic_step, vm, 0, false);
		sim_at(s, sim_between_us(s, 1000000, 9000000), migrate_step, vm, 0, false);
	}
}

/* The promise of a live migration, in a fabric at rest: the source keeps its entry for long, and
 * all others have moved to the target before it is gone. */
static void last_migration(struct sim *s, void *argument, uint32_t target)
{
	struct sim_vm *vm = argument;
	uint32_t source = (uint32_t)vm->target;

	sim_trace(s, "vm%zu migrates at last from %s to %s", vm->index, s->nodes[source].name,
	    s->nodes[target].name);
	s->migrations++;
	check_forget_way(s, vm);
	vm->target = target;
	vm->wanted[target] = true;
	agent_step(s, vm, target);
	traffic_moves(s, vm, target);
	sim_at(s, 3000 * MS, check_moved, vm, source, false);
	sim_at(s, 5000 * MS, agent_delete, vm, source, false);
}

void vms_settle(struct sim *s)
{
	for (size_t i = 0; i < SIM_VMS; i++) {
		struct sim_vm *vm = &s->vms[i];
		size_t away = 1 + sim_random(s, SIM_HYPERVISORS - 1);

		sim_trace(s, "vm%zu rests on %s", i, s->nodes[vm->target].name);
		sim_at(s, (25000 + 200 * (int64_t)i) * MS, last_migration, vm,
		    (uint32_t)((vm->target + away) % SIM_HYPERVISORS), false);
	}
}
