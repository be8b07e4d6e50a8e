/*
 * What goes wrong, each kind only if this seed's swarm has it: daemons are killed or stopped and
 * come back, with their state file, without, or with a torn one; connections break; cables are
 * pulled, or go dark; the monitor overflows; access ports flap; policy and timers change by a
 * reload. Kernel errors and window hits are the executor's (sim.c).
 */
#include "sim.h"

static void restart_step(struct sim *s, void *argument, uint32_t number)
{
	struct sim_node *n = argument;

	(void)number;
	if (n->engine != NULL)
		return;
	sim_trace(s, "%s starts", n->name);
	s->calm_since_ns = s->now.ns;
	sim_node_start(n);
}

static void lose_state(struct sim_node *n)
{
	struct sim *s = n->sim;

	if (!s->swarm.keep_state)
		str_clear(&n->state);
	else if (s->swarm.torn_state && n->state.size > 8)
		n->state.size -= 1 + sim_random(s, 7);
	else
		return;
	n->state_lost = true;
}

bool faults_under_way(const struct sim *s)
{
	for (size_t i = 0; i < SIM_NODES; i++)
		if (s->nodes[i].engine == NULL)
			return true;
	return s->now.ns < s->calm_since_ns + 3000000000;
}

static void crash(struct sim *s)
{
	struct sim_node *n = &s->nodes[sim_random(s, SIM_NODES)];

	if (n->engine == NULL || (s->swarm.calm && faults_under_way(s)))
		return;
	if (sim_chance(s, 50)) {
		sim_trace(s, "%s is killed", n->name);
		s->crashes++;
		sim_node_kill(n);
	} else {
		sim_trace(s, "%s is stopped", n->name);
		sim_node_stop(n);
	}
	lose_state(n);
	sim_at(s, sim_between_us(s, 100000, 6000000), restart_step, n, 0, false);
}

static void cable_back(struct sim *s, void *argument, uint32_t cable)
{
	(void)argument;
	fabric_cable_set(s, cable, true);
}

static void pull_cable(struct sim *s)
{
	uint32_t cable = (uint32_t)sim_random(s, SIM_LINKS);

	fabric_cable_set(s, cable, false);
	sim_at(s, sim_between_us(s, 100000, 5000000), cable_back, NULL, cable, false);
}

static void cable_lit(struct sim *s, void *argument, uint32_t cable)
{
	(void)argument;
	fabric_cable_dark(s, cable, false);
}

static void darken_cable(struct sim *s)
{
	uint32_t cable = (uint32_t)sim_random(s, SIM_LINKS);

	fabric_cable_dark(s, cable, true);
	sim_at(s, sim_between_us(s, 100000, 5000000), cable_lit, NULL, cable, false);
}

static void port_back(struct sim *s, void *argument, uint32_t port)
{
	struct sim_node *n = argument;

	sim_trace(s, "%s port %u up", n->name, port);
	simkernel_link_set(&n->kernel, port, true);
}

static void flap_port(struct sim *s)
{
	struct sim_node *n = &s->nodes[sim_random(s, SIM_HYPERVISORS)];
	uint32_t port = sim_chance(s, 50) ? SIM_ACCESS : SIM_PLAIN_ACCESS;

	sim_trace(s, "%s port %u down", n->name, port);
	simkernel_link_set(&n->kernel, port, false);
	sim_at(s, sim_between_us(s, 100000, 2000000), port_back, n, port, false);
}

/* Hypervisors change what they take in from their leaves; anybody changes timers. */
static void reload(struct sim *s)
{
	struct sim_node *n = &s->nodes[sim_random(s, SIM_NODES)];
	static const unsigned all[] = {
	    POLICY_KEEPALIVE, POLICY_HOLD, POLICY_TAG, POLICY_DENY, POLICY_TAG | POLICY_DENY};
	bool hypervisor = n->index < SIM_HYPERVISORS;

	sim_node_reload(n, n->policy ^ all[sim_random(s, hypervisor ? 5 : 2)]);
}

static void fault_step(struct sim *s, void *argument, uint32_t number)
{
	const struct sim_swarm *w = &s->swarm;

	if (!s->faults)
		return;
	if (w->crashes && sim_chance(s, w->calm ? 60 : 10))
		crash(s);
	if (w->resets && sim_chance(s, 15))
		fabric_reset_one(s);
	if (w->cables && sim_chance(s, 8))
		pull_cable(s);
	if (w->dark && sim_chance(s, 8))
		darken_cable(s);
	if (w->overruns && sim_chance(s, 30))
		s->nodes[sim_random(s, SIM_HYPERVISORS)].overrun_next = true;
	if (w->port_flaps && sim_chance(s, 10))
		flap_port(s);
	if (w->reloads && sim_chance(s, 20))
		reload(s);
	sim_at(s, sim_between_us(s, 50000, 900000), fault_step, argument, number, false);
}

void faults_start(struct sim *s)
{
	sim_at(s, 2000000000, fault_step, NULL, 0, false);
}

/* What was ours, is not in the file any more and is claimed by no route is an orphan, which a
 * command alone removes (the operator has seen it in the shows). Where no file was lost, none may
 * be left without it. */
static void operator_step(struct sim *s, void *argument, uint32_t number)
{
	struct sim_node *n = argument;

	(void)number;
	sim_trace(s, "%s: remove orphans", n->name);
	sim_node_command(n, "remove orphans");
}

void faults_heal(struct sim *s)
{
	sim_trace(s, "faults stop");
	for (uint32_t i = 0; i < SIM_LINKS; i++) {
		fabric_cable_set(s, i, true);
		fabric_cable_dark(s, i, false);
	}
	for (size_t i = 0; i < SIM_NODES; i++) {
		struct sim_node *n = &s->nodes[i];

		if (n->engine == NULL)
			restart_step(s, n, 0);
		/* One that denies for good must be right in the end, too. */
		if ((n->policy & POLICY_DENY) != 0 && sim_chance(s, 50))
			sim_node_reload(n, n->policy & ~(unsigned)POLICY_DENY);
		if (i < SIM_HYPERVISORS) {
			simkernel_link_set(&n->kernel, SIM_ACCESS, true);
			simkernel_link_set(&n->kernel, SIM_PLAIN_ACCESS, true);
			if (n->state_lost)
				sim_at(s, 50000000000, operator_step, n, 0, false);
		}
	}
}
