/*
 * MACs of a MAC-VRF: the local claim with its generation and debts, our memory of sequences, and
 * what follows from mobility_decide(). Small for a MAC that is only remote: `local` comes with the
 * first local fact.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/mono.h"
#include "base/pool.h"
#include "evpn/duplicates.h"
#include "evpn/mobility.h"
#include "kernel/vocab.h"

struct evpn;
struct history;
struct import_route;
struct mac_vrf;
struct neigh;
struct state_mac;

#define MACS_MAX 2000000
/* MACs that are gone but remembered, for their floor and history. */
#define MACS_REMEMBERED_MAX 65536
#define FLOOR_S 180

struct mac_key {
	vni_t vni;
	struct mac mac;
	uint8_t zero[2];
};

/* Why the claim's debt waits, if it does. */
enum mac_debt {
	DEBT_NONE,
	DEBT_HIDDEN, /* seen in the start dump: remote routes are not looked at until convergence */
	DEBT_EARLY   /* new before convergence: above what was known, looked at once more then */
};

struct mac_local {
	struct mac_entry *mac;
	/* ---- the claim ---- */
	struct claim row;   /* as the row alone says */
	struct claim claim; /* … and its port allows */
	ifindex_t port;
	uint32_t generation;
	struct port *on_port; /* NULL: no row on a local port */
	struct list_node port_node;
	/* ---- memory ---- */
	uint32_t own;
	bool own_valid, owes_bump, frozen;
	uint8_t debt; /* enum mac_debt */
	/* ---- what is out ---- */
	bool advertised, advertised_sticky;
	uint32_t advertised_sequence;
	/* ---- alarms ---- */
	mono_t contested_since; /* MONO_NEVER: not */
	struct list_node contested_node;
	bool contested_told, sticky_told;
	struct duplicates duplicates;
	struct list_node frozen_node;
	mono_t released_until; /* while linked */
	struct list_node released_node;
	uint8_t row_decided;	 /* enum mobility_row, of the last evaluation */
	struct neigh *neighs;	 /* local neighbours with this link address */
	struct history *history; /* owned; NULL none */
};

struct mac_entry {
	struct mac_key key;
	uint32_t floor;		      /* the highest sequence seen or advertised */
	struct import_route *routes;  /* those that carry this MAC; newest first */
	struct mac_local *local;      /* owned; NULL: nothing local ever */
	struct mac_entry *next_dirty; /* FIFO */
	uint32_t idle_since_s;
	bool floor_valid, dirty;
	bool idle;    /* neither claim nor route: kept for its floor only */
	bool audited; /* made dirty by the audit: an operation now is a difference */
};

struct port {
	ifindex_t ifindex;
	bool usable;
	struct list macs; /* struct mac_local.port_node, in order of arrival */
};

struct mac_idle {
	struct mac_key key;
	uint32_t since_s;
};

struct mac_table {
	struct map map;	  /* owning */
	struct pool pool; /* of struct mac_entry */
	struct map ports; /* owning */
	struct mac_entry *dirty, **dirty_end;
	size_t dirty_count;
	size_t local_count;	       /* MACs with a local part */
	struct list contested, frozen; /* oldest first */
	struct list released;	       /* few, in no order of time */
	struct mac_idle *idle;	       /* owned ring */
	size_t idle_first, idle_count;
	struct map restored; /* owning: struct mac_restored, until convergence */
};

void macs_init(struct evpn *v, uint64_t seed);
void macs_fini(struct evpn *v);

struct mac_entry *mac_find(const struct evpn *v, vni_t vni, const struct mac *mac);
/* Made if need be; NULL when the table is full (counted). */
struct mac_entry *mac_get(struct evpn *v, struct mac_vrf *vrf, const struct mac *mac);
/* The local part, made if need be. */
struct mac_local *mac_local_get(struct evpn *v, struct mac_entry *m);
void mac_mark(struct evpn *v, struct mac_entry *m);
/* Its next decision; a bounded amount of work. */
void mac_evaluate(struct evpn *v, struct mac_entry *m);
/* The oldest dirty one, no longer dirty; NULL none. */
struct mac_entry *mac_take_dirty(struct evpn *v);

/* The bridge FDB row as it is now; NULL: gone. `start`: from the first dump. */
void mac_observe(struct evpn *v, struct mac_vrf *vrf, const struct mac *mac,
    const struct fdb_entry *row, bool start);
/* A bridge port came, changed or went: pinned rows on it may be claims or not. */
void mac_port_changed(struct evpn *v, ifindex_t port);
/* A sequence was seen or advertised. */
void mac_raise_floor(struct mac_entry *m, uint32_t sequence);
/* Is our route out? Then the MAC's neighbours are advertised too. */
static inline bool mac_is_advertised(const struct mac_entry *m)
{
	return m != NULL && m->local != NULL && m->local->advertised;
}
/* Takes our route back, if it is out. */
void mac_withdraw(struct evpn *v, struct mac_entry *m);
/* RFC 9721: an IP moved here from another MAC; our sequence is at least this from now on. */
void mac_raise_own(struct evpn *v, struct mac_entry *m, uint32_t sequence);
void mac_mark_all(struct evpn *v);

/* For the state file; the MAC has a local part. */
struct state_mac mac_state(const struct mac_entry *m);

/* What decides, as it stands. */
struct mobility_memory mac_memory(const struct mac_entry *m);
struct claim mac_claim(const struct evpn *v, const struct mac_vrf *vrf, const struct mac_entry *m);
struct remote mac_remote(const struct evpn *v, const struct mac_entry *m);
struct mobility_decision mac_decision(const struct evpn *v, const struct mac_entry *m);
/* The same, by who has its VRF and mac_remote() at hand. */
struct mobility_decision mac_decide(const struct evpn *v, const struct mac_vrf *vrf,
    const struct mac_entry *m, const struct remote *r);

void mac_converged(struct evpn *v);
void mac_restore(struct evpn *v, const struct state_mac *mac);
bool mac_reclaim(struct evpn *v, struct mac_entry *m);
/* Our entries for it go and do not come back for so long, or until it is claimed here. False: it is
 * claimed here. */
bool mac_release(struct evpn *v, struct mac_entry *m, uint32_t seconds);
static inline bool mac_is_released(const struct mac_entry *m)
{
	return m->local != NULL && list_linked(&m->local->released_node);
}
/* Duplicate detection starts anew, and a frozen MAC thaws. False: it was not detected. */
bool mac_clear_duplicate(struct evpn *v, struct mac_entry *m);
/* Alarms, thaws and floors that are due. */
void mac_timers(struct evpn *v);
mono_t mac_deadline(const struct evpn *v);
/* Ordered by (VNI, MAC): compares the objects. */
int mac_compare(const void *a, const void *b);
