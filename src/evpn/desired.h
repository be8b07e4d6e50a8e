/*
 * Desired: from decisions to slots, from slots to operations. The only place of evpn/ that
 * issues one.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/mono.h"
#include "evpn/mobility.h"
#include "kernel/reconcile.h"

struct evpn;
struct mac_entry;
struct mac_vrf;
struct neigh;

/* A slot whose operation failed waits, longer each time; one is held for a moment. */
struct backoff {
	struct slot_key key;
	uint32_t attempts; /* that failed; 0: held */
	mono_t until;
	bool due; /* its time came; the next attempt is under way */
};

/* A slot that belongs to no MAC-VRF any more, to be emptied if it is ours. */
struct stray {
	struct slot_key key;
	struct stray *next;
};

struct desired_table {
	struct map backoffs; /* owning; few */
	mono_t next_retry;   /* the earliest of them */
	struct map strays;   /* owning: queued ones */
	struct stray *stray_first, **stray_end;
	uint64_t state_size;	  /* bytes in the state file, as far as we know */
	uint64_t state_rewritten; /* … after it was last rewritten */
	bool state_ready;	  /* the file has our head */
};

void desired_init(struct evpn *v, uint64_t seed);
void desired_fini(struct evpn *v);

/* Walk the two FDB slots of a MAC, or the slot of a neighbour or flood entry, one step towards
 * what is wanted. */
void desired_mac(struct evpn *v, const struct mac_vrf *vrf, struct mac_entry *m,
    const struct mobility_decision *d, const struct remote *r);
void desired_neigh(struct evpn *v, const struct mac_vrf *vrf, struct neigh *n);
void desired_flood(struct evpn *v, const struct mac_vrf *vrf, const struct ip *vtep, bool wanted);
/* How these slots stand, without a step. */
enum slot_status desired_fdb_status(
    const struct evpn *v, const struct mac_vrf *vrf, const struct mac_entry *m);
enum slot_status desired_vxlan_status(
    const struct evpn *v, const struct mac_vrf *vrf, const struct mac_entry *m);
enum slot_status desired_neigh_status(
    const struct evpn *v, const struct mac_vrf *vrf, const struct neigh *n);

/* Something about that slot changed: its owner looks again, or it is a stray. */
void desired_mark(struct evpn *v, const struct slot_key *key);
/* All slots of the mirror that are, or look like, ours: mark. */
void desired_mark_all(struct evpn *v);
bool desired_stray_step(struct evpn *v); /* false: none queued */
/* Issue, unless the slot waits: false. */
bool desired_issue(struct evpn *v, const struct kernel_op *op);
void desired_result(struct evpn *v, const struct kernel_op *op, const struct kernel_result *result);
/* A link changed: what was refused on it may be granted now. */
void desired_retry(struct evpn *v, ifindex_t dev);
void desired_timers(struct evpn *v);
mono_t desired_deadline(const struct evpn *v);

/* What stands there bears all our marks: it counts as written by us. */
void desired_adopt(struct evpn *v, const struct slot_key *key, const struct slot_content *content);
/* After a restart without file: neighbours of ours for MACs that are advertised here. */
unsigned desired_adopt_contradicted(struct evpn *v);
/* Make every orphan ours, so that it is treated as what it is: unwanted. How many. */
unsigned desired_adopt_orphans(struct evpn *v);
/* No slot of ours is left, and nothing under way. */
bool desired_empty(struct evpn *v);

/* ---- state.c ---- */

struct state_record;
/* Append to the state file. */
void state_remember(struct evpn *v, const struct state_record *record);
/* Read the state file, and replace it by what is still of use. True: a previous instance wrote it.
 */
enum state_found state_restore(struct evpn *v, const uint8_t *bytes, size_t size);
/* Once it has doubled, rewrite it with what is still true. */
void state_compact(struct evpn *v);
