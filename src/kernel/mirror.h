/*
 * The mirror: what the kernel last said. And beside it, per slot, the ledger: what we wrote. A
 * slot is ours only while the two agree (docs/architecture.md, "Ownership").
 *
 * Fed by kernel events and by the results of our own operations; decides nothing. Facts are read
 * by evpn/ through the lookups below. The mirror owns all it returns; pointers are valid until
 * the next mirror_apply(), mirror_op_done() or ledger change.
 */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "kernel/vocab.h"

/* What the ledger says about one slot. */
enum ledger_state {
	LEDGER_NONE,
	LEDGER_INTENT, /* a write is under way */
	LEDGER_HALF,   /* sticky row: step 1 written, extern_learn not yet */
	LEDGER_WRITTEN
};

/* Common to every slot; one slot lives while it has a mirror row, a ledger row or an operation. A
 * hundred thousand MAC+IP routes are three hundred thousand slots: they are kept small. There is
 * one entry for mirror and ledger, which agree nearly always: what the kernel shows, or, while it
 * shows nothing (`present` is false), what we wrote. The ledger of a slot where they differ, and
 * what a repair needs, live in side tables for as long as an operation (slots.c, ledger.c). */
struct slot {
	bool present : 1;  /* the mirror has a row */
	bool doubtful : 1; /* … which the last dump did not show, or an answer put in doubt: to be
			      read, see mirror_doubts() */
	bool seen : 1;	   /* shown by the dump that is running */
	bool fresh : 1;	   /* notified since that dump began: its rows are older */
	bool evented : 1;  /* notified since the operation under way was issued */
	bool shown : 1;	   /* equal to mirror.audit_round: shown by the last audit's dump */
	bool apart : 1;	   /* the kernel shows another content than we wrote: mirror_ledger() */
	uint8_t ledger;	   /* enum ledger_state */
	uint32_t op;	   /* id of the operation under way; 0 none */
};

struct fdb_slot {
	struct fdb_key key;
	struct slot slot;
	struct fdb_entry entry;
};

struct vxlan_fdb_slot {
	struct vxlan_fdb_key key;
	struct slot slot;
	struct vxlan_fdb_entry entry;
};

struct flood_slot {
	struct flood_key key;
	struct slot slot;
	struct flood_entry entry;
};

struct neigh_slot {
	struct neigh_key key;
	struct slot slot;
	struct neigh_entry entry;
};

/* Routes of our protocol, and what a foreign writer put in the place of one. */
struct route_slot {
	struct route_key key;
	struct slot slot;
	struct route_entry entry; /* nexthops owned by the mirror */
};

struct addr_slot {
	struct addr_key key;
	struct slot slot;
	struct addr_entry entry;
};

/* Ids of our range, whoever wrote there. */
struct nexthop_slot {
	struct nexthop_key key;
	struct slot slot;
	struct nexthop_entry entry; /* members owned by the mirror */
};

struct mirror_link {
	struct link link;
	struct port_vlan *vlans; /* owned */
	uint16_t vlan_count;
	struct prefix *addrs; /* owned; host bits kept */
	uint16_t addr_count;
	bool seen, fresh; /* as in struct slot */
	bool vlans_seen, vlans_fresh;
};

struct mirror;

struct mirror *mirror_new(uint64_t seed);
void mirror_free(struct mirror *m);

/* Record one kernel event. Rows of a dump are hints: they never remove or overwrite newer facts;
 * at DUMP_END unseen rows are gone, but for bridge FDB rows of a dump that was not clean: they are
 * doubtful. With a link go the rows that name it and that the kernel drops silently. Every row that
 * this removes or changes is reported as an ordinary kernel event through `changed` (so that
 * handlers see a single form), the event itself included if it changed anything; DUMP_BEGIN,
 * DUMP_END and OVERRUN always. `changed` must not call back into the mirror with changes. */
typedef void mirror_changed_fn(void *context, const struct kernel_event *event);
void mirror_apply(
    struct mirror *m, const struct kernel_event *event, mirror_changed_fn *changed, void *context);

/* After an overrun until all tables were dumped again: no conditional operation may be issued. */
bool mirror_is_stale(const struct mirror *m);
/* All tables were dumped at least once. */
bool mirror_is_synced(const struct mirror *m);

/* ---- facts ---- */
const struct mirror_link *mirror_link(const struct mirror *m, ifindex_t ifindex);
const struct mirror_link *mirror_link_by_name(const struct mirror *m, const char *name);
/* Sorted by ifindex; NULL-terminated array in the arena. */
const struct mirror_link **mirror_links(const struct mirror *m, struct arena *arena);
bool mirror_port_has_vlan(const struct mirror_link *port, uint16_t vlan);
/* The VLAN of untagged frames that come in on this port; 0 none. */
uint16_t mirror_port_pvid(const struct mirror_link *port);
/* Is this one of our own addresses on that device? */
bool mirror_has_addr(const struct mirror *m, ifindex_t dev, const struct ip *ip);
/* Is this the link address of any interface of this host that is in, or on top of, this bridge? */
bool mirror_own_mac(const struct mirror *m, ifindex_t bridge, const struct mac *mac);

/* ---- slots: NULL when neither mirror nor ledger nor an operation knows the key ---- */
struct fdb_slot *mirror_fdb(const struct mirror *m, const struct fdb_key *key);
struct vxlan_fdb_slot *mirror_vxlan_fdb(const struct mirror *m, const struct vxlan_fdb_key *key);
struct flood_slot *mirror_flood(const struct mirror *m, const struct flood_key *key);
struct neigh_slot *mirror_neigh(const struct mirror *m, const struct neigh_key *key);
struct route_slot *mirror_route(const struct mirror *m, const struct route_key *key);
struct addr_slot *mirror_addr(const struct mirror *m, const struct addr_key *key);
struct nexthop_slot *mirror_nexthop(const struct mirror *m, uint32_t id);

/* What we wrote there; zero where the ledger has nothing. Next hops are lent. */
struct slot_content mirror_ledger(const struct mirror *m, const struct slot_key *key);

/* Sorted by key, NULL-terminated, in the arena: for shows, sweeps and audits. */
struct fdb_slot **mirror_fdb_all(const struct mirror *m, struct arena *arena);
struct vxlan_fdb_slot **mirror_vxlan_fdb_all(const struct mirror *m, struct arena *arena);
struct flood_slot **mirror_flood_all(const struct mirror *m, struct arena *arena);
struct neigh_slot **mirror_neigh_all(const struct mirror *m, struct arena *arena);
struct route_slot **mirror_route_all(const struct mirror *m, struct arena *arena);
struct addr_slot **mirror_addr_all(const struct mirror *m, struct arena *arena);
struct nexthop_slot **mirror_nexthop_all(const struct mirror *m, struct arena *arena);

/* Does a route or a group go over this object? Who is used may not be deleted: the kernel would
 * take the dependents along. */
bool mirror_nexthop_used(const struct mirror *m, uint32_t id);

/* Keys of the rows in doubt, sorted, in the arena: each wants a KERNEL_READ. */
size_t mirror_doubts(const struct mirror *m, struct arena *arena, struct slot_key **keys);
