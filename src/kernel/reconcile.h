/*
 * Reconcile: one slot, what we want there, what the kernel last said and what we wrote: the next
 * operation, or none. Pure functions, one per kind of slot; the only place that knows the safe
 * procedures (docs/architecture.md, "Safe procedures"). Level-triggered: called again after every
 * change of its inputs and after every result, it walks the slot to the wanted content one
 * operation at a time, and never touches an entry that is not exactly ours.
 */
#pragma once

#include "kernel/mirror.h"
#include "kernel/vocab.h"

/* Our number in rtnetlink's protocol field (docs/decisions): registered in rt_protos.d. */
#define RTPROT_EVPND 158

/* How a slot stands between desired, mirror and ledger: for shows, and to tell why nothing is done.
 */
enum slot_status {
	SLOT_EMPTY,   /* nothing wanted, nothing of ours there */
	SLOT_SYNCED,  /* holds what is wanted, ours */
	SLOT_PENDING, /* an operation is under way or about to be */
	SLOT_BLOCKED, /* a foreign entry holds the slot; left alone */
	SLOT_FOREIGN, /* a foreign entry is there and nothing else is wanted: nothing at all, or
			 (flood, address) exactly that */
	SLOT_ORPHAN   /* looks like ours by its marks, but we did not write it */
};

struct fdb_desired {
	bool wanted;
	ifindex_t vxlan; /* the VXLAN port of this MAC-VRF: also says which rows are ours when not
			    wanted */
	bool sticky;
	bool displace_learned; /* mobility: the MAC has moved away, a kernel-learned row may go */
};

struct vxlan_fdb_desired {
	bool wanted;
	struct ip dst;
};

struct neigh_desired {
	bool wanted;
	struct mac lladdr;
	bool local_mac; /* the lladdr is claimed locally: our entry must be made learnable */
};

struct route_desired {
	bool wanted;
	struct route_entry entry;
};

struct nexthop_desired {
	bool wanted;
	struct nexthop_entry entry;
};

/* Each fills *op (without id) and returns true when an operation is due. *status may be NULL. The
 * slot may be NULL (nothing known there). */
bool reconcile_fdb(const struct fdb_slot *slot, const struct fdb_key *key,
    const struct fdb_desired *want, struct kernel_op *op, enum slot_status *status);
bool reconcile_vxlan_fdb(const struct vxlan_fdb_slot *slot, const struct vxlan_fdb_key *key,
    const struct vxlan_fdb_desired *want, struct kernel_op *op, enum slot_status *status);
bool reconcile_flood(const struct flood_slot *slot, const struct flood_key *key, bool wanted,
    struct kernel_op *op, enum slot_status *status);
bool reconcile_neigh(const struct neigh_slot *slot, const struct neigh_key *key,
    const struct neigh_desired *want, struct kernel_op *op, enum slot_status *status);
bool reconcile_route(const struct route_slot *slot, const struct route_key *key,
    const struct route_desired *want, struct kernel_op *op, enum slot_status *status);

/* An object of our range. `wanted` false: to be deleted; the caller has seen to it that nothing
 * goes over it (mirror_nexthop_used). What bears our protocol number is ours: a foreign write
 * would have changed it. */
bool reconcile_nexthop(const struct nexthop_slot *slot, uint32_t id,
    const struct nexthop_desired *want, struct kernel_op *op, enum slot_status *status);

/* `wanted`: an address that the configuration gives to the interface. */
bool reconcile_addr(const struct addr_slot *slot, const struct addr_key *key, bool wanted,
    struct kernel_op *op, enum slot_status *status);

/* Counters of what reconcile and the results found; all since start. */
struct kernel_counters {
	uint64_t ops, failed, mismatched;
	uint64_t repaired; /* foreign entries hit in the kernel's own window and restored */
	uint64_t blocked;  /* wanted, but a foreign entry holds the slot (transitions) */
	uint64_t overruns;
	uint64_t repairs_given_up; /* … or not: the kernel refused too often */
	uint64_t audit_kernel;	   /* the kernel had another content than we knew of */
	uint64_t audit_desired;	   /* known, but nobody had acted on it */
};

/* The ledger, driven by the one who issues operations (evpn/desired, evpn/fib): */

/* The operation is about to be issued under `op->id`: the slot is made if need be and marked. */
void ledger_issue(struct mirror *m, const struct kernel_op *op);
/* Its result: the ledger follows what was written, the mirror what was seen (without a call of
 * `changed`: whoever gets the result looks at the slot again). Returns true when a repair is due,
 * or its next step (a foreign entry was hit in the window): *repair must be issued at once, before
 * any other operation on that slot. Counts into *c. */
bool ledger_result(struct mirror *m, const struct kernel_op *op, const struct kernel_result *result,
    struct kernel_op *repair, struct kernel_counters *c);
/* From the state file: this content is ours if it bears our marks and the kernel shows exactly it,
 * at the latest when the dump of its table has ended. */
void ledger_restore(
    struct mirror *m, const struct slot_key *key, const struct slot_content *content);
