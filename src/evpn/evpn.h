/*
 * EVPN on this host: MAC-VRFs discovered from the kernel, local claims to routes, imported routes
 * to desired kernel state. The hinge between bgp/ and kernel/: it knows both, they do not know
 * each other.
 *
 * Handlers record facts and mark keys dirty; evpn_run() recomputes each dirty key from facts
 * alone and emits what is missing. Start, restart, overrun, reload and migration are one path.
 */
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "base/mono.h"
#include "bgp/bgp.h"
#include "evpn/mobility.h"
#include "evpn/settings.h"
#include "kernel/mirror.h"
#include "kernel/reconcile.h"

struct evpn;

/* One line of history for `watch` and `explain`: what was seen, decided, written. */
enum evpn_note_kind {
	NOTE_SEEN,
	NOTE_DECIDED,
	NOTE_WRITTEN,
	NOTE_RESULT,
	NOTE_REPAIRED,
	NOTE_ALARM
};

struct evpn_note {
	mono_t at;
	enum evpn_note_kind kind;
	vni_t vni;
	struct mac mac;
	struct ip ip;	 /* IP_NONE: about the MAC itself */
	uint32_t writer; /* portid of a foreign writer where known; 0 */
	const char *text;
};

struct evpn_host {
	void *context;
	/* True: it was not originated before. */
	bool (*originate)(void *context, const struct nlri *nlri, const struct attrs *attrs);
	void (*withdraw)(void *context, const struct nlri *nlri);
	/* The state file says that a previous instance told it. */
	void (*formerly)(void *context, const struct nlri *nlri);
	/* All that peers may have been told by this instance and those before. */
	void (*walk_told)(
	    void *context, void *to, void (*visit)(void *to, const struct nlri *nlri));
	/* Issue one operation; the host numbers it, keeps it until its result and updates the
	 * ledger. */
	void (*kernel_op)(void *context, const struct kernel_op *op);
	/* Append to the state file, before any operation issued after it. NULL: there is no file.
	 */
	void (*state_append)(void *context, const uint8_t *bytes, size_t size);
	/* Replace the whole state file (a fresh head, or what is still true of it). */
	void (*state_reset)(void *context, const uint8_t *bytes, size_t size);
	/* A MAC-VRF appeared or imports other route targets: deliver the best route of every EVPN
	 * destination again, through evpn_route_changed(), within this call. */
	void (*routes_again)(void *context);
	/* Only called while evpn_watch() is on. */
	void (*note)(void *context, const struct evpn_note *note);
};

struct evpn_start {
	uint64_t seed;
	struct log *log;
	struct mirror *mirror; /* lent; outlives evpn */
	const char *boot_id;   /* with netns: whose state file it is (copied) */
	uint64_t netns;
	struct evpn_host host;
};

struct evpn *evpn_new(const struct evpn_start *start);
void evpn_free(struct evpn *v);

void evpn_configure(struct evpn *v, const struct evpn_settings *s, mono_t now);

/* After the mirror took it: a link, port VLAN, address, FDB, VXLAN FDB, flood or neighbour event,
 * or the end of a dump. */
void evpn_kernel_changed(struct evpn *v, const struct kernel_event *event, mono_t now);
/* A slot's operation came back (the ledger has been updated): look at it again. An error backs
 * off: the slot is retried later, with growing delay, and counted. */
void evpn_slot_result(
    struct evpn *v, const struct kernel_op *op, const struct kernel_result *result, mono_t now);

/* From the Loc-RIB, family EVPN; count 0: gone. */
void evpn_route_changed(struct evpn *v, const struct bgp_best *best, mono_t now);
/* BGP converged (End-of-RIB from all, or the bounded time is over): debts of the start dump are
 * paid, unconfirmed entries of ours are swept. */
void evpn_converged(struct evpn *v, mono_t now);

/* Of a previous instance: nothing, what could be read before it was damaged, or all. */
enum state_found { STATE_NOTHING, STATE_PART, STATE_WHOLE };

/* The state file, whole, before the first kernel event. A file of another boot or namespace and
 * whatever follows a torn or damaged record is ignored and counted; so are unknown kinds.
 * Anything but STATE_NOTHING: a previous instance wrote it. */
enum state_found evpn_restore(struct evpn *v, const uint8_t *bytes, size_t size, mono_t now);

/* A bounded number of dirty keys. True while more are pending. No conditional operation is issued
 * while the mirror is stale. */
bool evpn_run(struct evpn *v, mono_t now);
/* Dirty keys wait for a run. */
bool evpn_pending(const struct evpn *v);
mono_t evpn_deadline(const struct evpn *v);

/* On file before a peer is told of it: a route that others originated. False: that cannot be. */
bool evpn_remember_route(struct evpn *v, const struct nlri *nlri);

/* One step of an audit: a bounded number of slots is looked at again, when nothing else is to be
 * done; what turns out to be due is a difference, logged and counted. False: all were. */
bool evpn_audit(struct evpn *v);

/* Remove everything of ours, and only that, from the kernel (--flush-on-exit): issues operations;
 * evpn_flushed() when none is left. */
void evpn_flush(struct evpn *v, mono_t now);
bool evpn_flushed(struct evpn *v);

/* `evpnctl reclaim mac M [vni N]`: pay one bump for a contested pin. False: no such pin. */
bool evpn_reclaim(struct evpn *v, const struct mac *mac, vni_t vni, mono_t now);
/* `evpnctl release mac M [vni N] [for SECONDS]`: an agent adds exclusively, and our entries for the
 * MAC, FDB and neighbours, go and stay away until it is claimed here or the time is over. In how
 * many VNIs; with a VNI given the MAC need not be known yet. */
unsigned evpn_release(
    struct evpn *v, const struct mac *mac, vni_t vni, uint32_t seconds, mono_t now);
/* `evpnctl clear evpn dup-addr`: of one MAC (or the MAC behind an IP), or NULL and NULL all, in one
 * VNI or (0) all. How many were detected. */
unsigned evpn_clear_duplicates(
    struct evpn *v, vni_t vni, const struct mac *mac, const struct ip *ip, mono_t now);
/* Somebody watches (or nobody any more): notes are built only then. */
void evpn_watch(struct evpn *v, bool on);
/* Remove orphan slots by command: how many are about to go. */
unsigned evpn_remove_orphans(struct evpn *v, mono_t now);

/* ---- views for shows: plain data, strings lent until the next change ---- */

struct evpn_vni_view {
	vni_t vni;
	ifindex_t vxlan, bridge, svi; /* svi 0: none */
	uint16_t vlan;		      /* 0: bridge without VLAN filtering */
	struct ip vtep;		      /* ours */
	struct rd rd;
	const struct extcomm *import_rts, *export_rts;
	size_t import_count, export_count;
	bool auto_rt;
	bool active;		       /* device up, VTEP address known: IMET is out */
	const char *inactive_reason;   /* NULL when active */
	uint32_t mac_count, arp_count; /* local and remote */
	const struct ip *remote_vteps; /* sorted */
	size_t remote_vtep_count;
};
bool evpn_vni_at(const struct evpn *v, size_t index, struct evpn_vni_view *view);

#define EVPN_HISTORY 32

struct evpn_transition {
	mono_t at;
	uint32_t writer;
	char text[96];
};

struct evpn_remote_view {
	struct rd rd;
	struct ip ip; /* of a MAC+IP route; IP_NONE MAC-only */
	struct ip vtep;
	uint32_t sequence;
	bool sticky;
	bool has_mobility; /* the route carries the community */
	const char *step;  /* why it ranks below the one before; "best" for the first */
};

struct evpn_mac_view {
	vni_t vni;
	struct mac mac;
	struct claim claim;
	ifindex_t port; /* local claim: where */
	uint32_t generation;
	struct remote remote;
	struct mobility_memory memory;
	struct mobility_decision decision;
	mono_t contested_since; /* MONO_NEVER: not */
	enum slot_status fdb_status, vxlan_status;
	const struct fdb_slot *fdb; /* NULL none */
	const struct vxlan_fdb_slot *vxlan_fdb;
	uint32_t local_sequence, remote_sequence;
	uint32_t detected_moves;
};
/* In order of (VNI, MAC); vni 0: all. */
void evpn_walk_macs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_mac_view *mac));
bool evpn_mac_get(
    const struct evpn *v, vni_t vni, const struct mac *mac, struct evpn_mac_view *view);
/* All imported routes of the MAC, best first, as an array in the arena. */
size_t evpn_mac_remotes(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_remote_view **routes);
/* Its last transitions, oldest first. */
size_t evpn_mac_history(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_transition **transitions);

struct evpn_neigh_view {
	vni_t vni;
	struct ip ip;
	struct mac mac;
	bool local, remote;
	bool pinned;	/* local: PERMANENT or NOARP by another */
	struct ip vtep; /* remote */
	uint32_t local_sequence, remote_sequence;
	enum slot_status status;
	const struct neigh_slot *slot; /* NULL none */
};
void evpn_walk_neighs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_neigh_view *neigh));

struct evpn_counters {
	struct kernel_counters kernel; /* kept by the host through ledger_result; shown together */
	uint64_t contested, alarms, duplicates, restored, state_records_ignored;
	uint64_t limit_reached; /* a table was full */
};
struct evpn_counters *evpn_counters(struct evpn *v);
