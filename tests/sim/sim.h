/*
 * The simulation: engines, a fabric that makes path hunting real, simulated kernels and
 * orchestrators that migrate VMs, all driven by one seed.
 *
 * sim.c     time: the queue of future events, the nodes and their turns
 * fabric.c  links, connections and router advertisements between nodes
 * vms.c     VMs, the orchestrators that write their entries, and their traffic
 * faults.c  what goes wrong: crashes, lost sessions, overruns, kernel errors
 * checks.c  what must hold after every step, and at the end
 */
#pragma once

#include "engine.h"
#include "simkernel.h"

#include "base/str.h"

#define SIM_HYPERVISORS 3
#define SIM_LEAVES 2
#define SIM_SPINES 2
#define SIM_NODES (SIM_HYPERVISORS + SIM_LEAVES + SIM_SPINES)
#define SIM_VMS 6
#define SIM_LINKS (SIM_HYPERVISORS * SIM_LEAVES + SIM_LEAVES * SIM_SPINES)
#define SIM_AGENT_PORTID 4242

struct sim;

/* One event that waits for a node's engine: a copy, with what it points to. */
struct sim_pending {
	struct sim_pending *next;
	struct event event;
	uint8_t extra[256]; /* VLANs or nexthops of the event */
};

struct sim_node {
	struct sim *sim;
	size_t index;
	char name[8];
	struct engine *engine; /* NULL while the daemon is down */
	struct simkernel kernel;
	struct ip vtep; /* IP_NONE on switches */
	char config[2048];
	unsigned policy;		   /* enum sim_policy: what reloads have changed */
	bool keeps_sessions, reloading;	   /* the configuration to come resets none; its turn */
	struct str state;		   /* the state file */
	struct sim_pending *first, **last; /* monitor and results, in order */
	bool overrun_next;		   /* the monitor's queue will have overflowed */
	bool draining, in_window;
	bool executing;	     /* an operation of the daemon: a unit with its notifications */
	bool state_lost;     /* once at least, all or a part of it */
	bool stopping;	     /* SIGTERM: it may exit */
	unsigned dumps;	     /* since its start */
	bool fdb_clean;	     /* nothing was notified during the last FDB dump */
	bool miss_rows;	     /* the dump that is running leaves rows out */
	bool watching[16];   /* router advertisements are received on this interface */
	uint32_t generation; /* of the engine: stale deliveries are dropped */
	uint32_t conn_next;
};

/* What a reload adds to the configuration, or takes away. */
enum sim_policy {
	POLICY_TAG = 1 << 0,	   /* one more community on all that comes in */
	POLICY_DENY = 1 << 1,	   /* nothing comes in from the first leaf */
	POLICY_KEEPALIVE = 1 << 2, /* another keepalive interval */
	POLICY_HOLD = 1 << 3	   /* another hold time: sessions are reset */
};

/* A cable between two nodes. */
struct sim_cable {
	struct sim_node *node[2];
	uint32_t ifindex[2];
	bool up;
	bool dark;	  /* both ends have carrier, and nothing gets through */
	uint32_t lost[2]; /* the generation of this end's engine that lost a connection so */
};

enum sim_orchestrator { ORCH_REPLACE, ORCH_APPEND, ORCH_EXCLUSIVE, ORCH_NONE };

struct sim_vm {
	size_t index;
	struct mac mac;
	struct ip ip;
	size_t host;   /* where its traffic comes from */
	size_t target; /* where it goes or is */
	bool moving;
	bool paused;	/* between two hosts: sends nothing */
	bool plain_vni; /* lives on the plain bridge */
	bool sticky, chatty, neighbour, no_protocol, reconcile_loop;
	enum sim_orchestrator how;
	/* what the agent of each host believes to have written and not deleted */
	bool fdb_written[SIM_HYPERVISORS], neigh_written[SIM_HYPERVISORS];
	bool wanted[SIM_HYPERVISORS];
};

/* Which troubles this seed has: whole features are off at random, to reach the corners. */
struct sim_swarm {
	bool crashes, keep_state, torn_state, overruns, errnos, cables, resets, windows,
	    slow_daemon, bulk;
	bool port_flaps, missing_dump_rows;
	bool reloads;
	bool silent_losses; /* notifications vanish, and no overrun tells */
	bool long_turns;    /* several kernel events are one turn, as in os/loop */
	bool graceful;	    /* all daemons restart gracefully */
	bool handover;	    /* … and their connections wait for them */
	bool dark;	    /* cables go dark */
	bool calm; /* nothing goes wrong but that, one daemon at a time, its state file kept */
};

enum sim_step_kind {
	STEP_DELIVER, /* notifications reach the engine */
	STEP_DUMP,
	STEP_CALL, /* a function of vms.c, faults.c or fabric.c */
};

struct sim_step {
	int64_t at_ns;
	uint64_t order;
	enum sim_step_kind kind;
	struct sim_node *node;
	uint32_t generation;
	uint32_t number;
	void (*call)(struct sim *s, void *argument, uint32_t number);
	void *argument;
	bool agent; /* an agent's write: may be pulled into a kernel window */
};

struct sim_conn;

struct sim {
	uint64_t seed, random;
	mono_t now;
	struct sim_step *heap;
	size_t heap_count, heap_room;
	uint64_t order;
	struct sim_node nodes[SIM_NODES];
	struct sim_cable cables[SIM_LINKS];
	struct sim_conn *conns;
	struct sim_vm vms[SIM_VMS];
	struct sim_swarm swarm;
	bool faults; /* still allowed */
	bool verbose;
	const char *failure; /* the first broken promise */
	char failure_text[512];
	uint64_t turns, ops, repairs, migrations, crashes, overruns, losses, differences;
	uint64_t stops, reloads, inherited;
	int64_t calm_since_ns; /* the last restart was over */
	uint32_t own_before[SIM_HYPERVISORS][SIM_VMS];
	bool own_known[SIM_HYPERVISORS][SIM_VMS];
	/* This host's way to the VM was right since it moved last; to the VTEP, once. */
	bool way_seen[SIM_HYPERVISORS][SIM_VMS];
	bool route_seen[SIM_NODES][SIM_HYPERVISORS];
};

/* ---- sim.c ---- */
uint64_t sim_random(struct sim *s, uint64_t below);
bool sim_chance(struct sim *s, unsigned percent);
int64_t sim_between_us(struct sim *s, int64_t low_us, int64_t high_us); /* in nanoseconds */
void sim_at(struct sim *s, int64_t delay_ns, void (*call)(struct sim *, void *, uint32_t),
    void *argument, uint32_t number, bool agent);
void sim_node_event(struct sim_node *n, const struct event *event);
void sim_node_start(struct sim_node *n);
void sim_node_kill(struct sim_node *n);
/* What the audits of this daemon found. */
uint64_t sim_differences(const struct sim_node *n);
/* SIGTERM. */
void sim_node_stop(struct sim_node *n);
/* The configuration is written anew with this policy, and read if the daemon runs. */
void sim_node_reload(struct sim_node *n, unsigned policy);
/* A command of the operator. */
void sim_node_command(struct sim_node *n, const char *line);
void sim_trace(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- fabric.c ---- */
void fabric_build(struct sim *s);
/* n->config by n->policy. */
void fabric_configure(struct sim_node *n);
void fabric_free(struct sim *s);
void fabric_connect(struct sim_node *n, const struct action_connect *connect);
void fabric_send(struct sim_node *n, uint32_t conn, const uint8_t *bytes, size_t size);
void fabric_close(struct sim_node *n, uint32_t conn);
void fabric_ra(struct sim_node *n, ifindex_t ifindex, uint16_t lifetime_s);
void fabric_handover(struct sim_node *n, uint32_t conn, const uint8_t *note, size_t size);
void fabric_resume(struct sim_node *n, uint32_t conn);
/* The daemon is down; then, that it starts: connections of the one before. */
void fabric_node_gone(struct sim_node *n);
void fabric_inherit(struct sim_node *n);
void fabric_cable_set(struct sim *s, size_t cable, bool up);
/* No carrier is lost, but what runs over it is: as BFD tells, or a hold timer. */
void fabric_cable_dark(struct sim *s, size_t cable, bool dark);
/* The node's cable at this interface is dark, and its engine knows. */
bool fabric_is_dark(const struct sim_node *n, ifindex_t ifindex);
/* Break one random connection. */
void fabric_reset_one(struct sim *s);

/* ---- vms.c ---- */
void vms_start(struct sim *s);
/* An agent's step that is due soon on this node is done now, inside the kernel's window of an
 * operation on this slot: one that writes that slot where there is one, else any. */
void vms_into_window(struct sim_node *n, const struct slot_key *key);
/* Let every VM rest where it is, all agents done. */
void vms_settle(struct sim *s);
uint32_t vm_port(const struct sim_vm *vm);
uint32_t vm_bridge(const struct sim_vm *vm);
uint32_t vm_vxlan(const struct sim_vm *vm);
uint32_t vm_svi(const struct sim_vm *vm);
uint16_t vm_vlan(const struct sim_vm *vm);

/* ---- faults.c ---- */
void faults_start(struct sim *s);
void faults_heal(struct sim *s);
/* A daemon is down, or came back so lately that not all it has to say has got around. */
bool faults_under_way(const struct sim *s);

/* ---- checks.c ---- */
void check_step(struct sim_node *n);
/* Where every way to this VM led is no promise any more. */
void check_forget_way(struct sim *s, const struct sim_vm *vm);
void check_moved(struct sim *s, void *vm, uint32_t source);
void check_end(struct sim *s);
/* What a hypervisor's kernel has of ours, as text; appends. */
void check_snapshot(const struct sim_node *n, struct str *out);
