/*
 * The insides of struct bgp, for the files of bgp/ alone.
 */
#pragma once

#include "bgp/aggregate.h"
#include "bgp/bgp.h"
#include "bgp/handover.h"
#include "bgp/loc_rib.h"
#include "bgp/peer.h"
#include "bgp/update_delay.h"

struct interface {
	ifindex_t ifindex; /* key */
	char name[16];
	bool up;
	struct prefix *addresses; /* owned; ours, host bits kept */
	size_t address_count;
	struct ip link_local, global, v4; /* the first of each kind; IP_NONE none */
	struct ip neighbor; /* link-local address told by router advertisements; IP_NONE unknown */
	mono_t neighbor_until; /* its lifetime */
};

/* Keys as the host was told them. */
struct key {
	struct prefix remote;
	struct tcp_auth *auth; /* owned */
};

/* What is made of one turn's messages to one peer before it is given to send(). */
#define SEND_BUFFER_SIZE (2u * MESSAGE_MAX_EXTENDED)

struct bgp {
	struct log *log;
	struct bgp_host host;
	struct bgp_settings settings;
	bool configured, stopped;
	bool restarted;	 /* a previous instance ran; since `restarted_at` */
	bool restarting; /* … and not all peers have told what they have yet (R bit) */
	mono_t restarted_at, restart_due;
	enum update_delay_phase update_delay;
	mono_t update_delay_since, update_delay_due; /* while it runs */
	bool originating; /* the host has not told its first routes yet: no End-of-RIB */
	bool fib_policy_changed[BGP_FAMILIES];
	uint64_t seed;	 /* of hash keys */
	uint64_t random; /* state of the jitter's generator */
	struct loc_rib rib;
	struct aggregates *aggregates; /* owned */
	struct peer **peers;	       /* owned, sorted by name */
	size_t peer_count;
	uint32_t peers_made;
	struct map interfaces;	/* struct interface, owned */
	mono_t neighbors_until; /* the earliest end of a lifetime */
	bool own_changed;	/* addresses of ours, or links that have them */
	uint32_t last_conn;
	bool listen_limit_told;
	bool keys_dirty;  /* keys or addresses of peers changed */
	struct key *keys; /* owned; as the host knows them, sorted by prefix */
	size_t key_count;
	struct inherited *inherited; /* owned; connections that wait to be taken over */
	size_t inherited_count;
	/* EVPN routes that a previous instance told; none once all were swept. */
	struct nlri *former; /* owned */
	size_t former_count, former_room;
	bool former_whole;  /* nothing is missing there */
	struct arena arena; /* scratch of one message or batch */
	uint8_t *buffer;    /* SEND_BUFFER_SIZE */
};

/* `ms` less up to a quarter, at random (RFC 4271 section 10). */
int64_t bgp_jitter_ms(struct bgp *b, int64_t ms);
/* RFC 4456 section 7: `bgp cluster-id`, or the router id; host order. */
uint32_t bgp_cluster_id(const struct bgp *b);
/* `bgp graceful-shutdown` marks what is originated here; arrays in the arena. */
void originate_graceful_shutdown(struct bgp *b, struct attrs *a);
/* The next free id for a connection that we open. */
uint32_t bgp_new_conn(struct bgp *b);
struct interface *bgp_interface_find(const struct bgp *b, ifindex_t ifindex);
/* NULL when there is none. */
struct interface *bgp_interface_named(const struct bgp *b, const char *name);
/* The interface that has this address of ours; the lowest index, if several have. NULL none. */
struct interface *bgp_interface_with(const struct bgp *b, const struct ip *address);
/* `ip` is in the subnet of one of our addresses on it. */
bool interface_reaches(const struct interface *i, const struct ip *ip);
/* Which next hops are addresses of ours, as far as that is news. */
void bgp_own_run(struct bgp *b);
/* Router advertisements whose lifetime is over are forgotten. */
void bgp_interfaces_run(struct bgp *b, mono_t now);
void bgp_interfaces_free(struct bgp *b);
/* Tells the host which keys changed, if there can be any. */
void bgp_keys_run(struct bgp *b);
/* Connections with this address are signed. */
bool bgp_has_key(const struct bgp *b, const struct ip *remote);
void bgp_keys_free(struct bgp *b);
/* ---- dynamic.c: `bgp listen range` ---- */
/* The peer for who connects from this address, made for it; NULL: no range, or too many already. */
struct peer *bgp_dynamic_peer(struct bgp *b, const struct ip *remote);
size_t bgp_dynamic_count(const struct bgp *b);
/* Frees those whose session is over. */
void bgp_dynamic_run(struct bgp *b, mono_t now);
/* What the ranges of the settings in force say of it: a copy, owned by the caller; NULL: nothing.
 */
struct neighbor_settings *bgp_dynamic_settings(const struct bgp *b, const struct ip *address);

/* Out of the list, its session closed, its routes gone, its memory freed. */
void bgp_remove_peer(struct bgp *b, size_t index, mono_t now);
/* What is told of a peer's routes is computed anew: it is another one now. */
void bgp_forget_outcomes(struct bgp *b);
/* Frees the destination if nothing is known or owed about it. */
void bgp_collect(struct bgp *b, struct dest *d);
