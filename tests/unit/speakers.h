/*
 * BGP speakers wired back to back in one process, with scripted time: what one sends, the other
 * receives, in order, in the pieces in which it was sent. A node without a speaker is the test's
 * own: it says what the test makes it say.
 */
#pragma once

#include "bgp/bgp.h"
#include "bgp/notification.h"
#include "bgp/open.h"

#define NODES_MAX 8
#define CONNS_MAX 4096
#define IFACES_MAX 8
#define TOLD_MAX 64
#define IFACE_ADDRESSES_MAX 8

struct world_conn {
	bool open;	  /* not closed by either side */
	int node[2];	  /* 0: who connected */
	uint32_t conn[2]; /* ids, each side's own; 0: that side has let go */
	bool accepted;
	struct tcp_options accepted_options; /* what the accepting side set */
	struct str note[2];    /* handed over with it; empty: it ends with the speaker */
	bool paused[2];	       /* inherited, not read yet */
	struct str waiting[2]; /* what came meanwhile */
	struct ip ends[2];
};

struct node {
	struct bgp *bgp; /* NULL: scripted */
	struct log log;
	struct ip address;
	uint32_t as;
	struct bgp_settings settings; /* built by the test, then configured */
	bool refuses;		      /* connections to it fail */
	bool slow;		      /* nothing that it sends drains */
	int conn;		      /* scripted: index of the last connection; -1 none */
	uint8_t rx[1 << 20];	      /* scripted: what it has received */
	size_t rx_size;
	bool closed; /* scripted: the other side closed the last connection */
	unsigned best_calls, connects, up_calls, down_calls;
	struct ip gone; /* address of the peer whose paths went last, and how much was decided */
	unsigned best_calls_when_gone;
	unsigned updates_out, messages_out;
	size_t bytes_out;
	char last_why[64];
	struct str logged;
	struct str keys;	    /* "10.0.0.2/32 password\n", "… -\n", as told */
	struct nlri told[TOLD_MAX]; /* put on file before they were passed on */
	int told_count;
	struct bgp_connect last_connect;
	struct {
		int peer, peer_if;
		bool up;
	} ifaces[IFACES_MAX];
};

struct world {
	mono_t now;
	int nodes;
	struct node node[NODES_MAX];
	struct world_conn conns[CONNS_MAX];
	int conn_count;
	struct world_event *first, *last;
	bool hold;	  /* events stay in the queue */
	bool originating; /* new speakers wait for bgp_originated() */
	bool keeps;	  /* connections can be handed over */
	bool (*on_best)(struct world *w, int node, const struct bgp_best *best);
	struct arena arena;
};

struct world *world_new(int nodes);
void world_free(struct world *w);
/* Node i speaks BGP as AS 65001 + i at 10.0.0.(i + 1), without neighbors yet. */
void world_speaker(struct world *w, int node);
/* A neighbor statement at `node` towards `to`; more can be set on the result before configuring.
 * IPv4 and EVPN are activated. */
struct neighbor_settings *world_neighbor(struct world *w, int node, int to);
/* `neighbor ethN interface remote-as external`. */
struct neighbor_settings *world_unnumbered(struct world *w, int node, int iface);
void world_link(struct world *w, int a, int iface_a, int b, int iface_b);
/* Both ends; then both ends tell each other by router advertisement if `ra`. */
void world_link_set(struct world *w, int a, int iface_a, bool up, bool ra);
/* "2001:db8::1/64 10.1.0.1/24": what is on it beside the link-local address. */
void world_link_addresses(struct world *w, int a, int iface, const char *addresses);
void world_configure(struct world *w, int node);
/* A full mesh of neighbors for these speakers in a chain: 0-1-2-… */
void world_chain(struct world *w, int nodes);
/* Deliver and run until nothing happens; time stands still. */
void world_settle(struct world *w);
/* Settle, then let time pass, stopping at each deadline. */
void world_advance(struct world *w, int64_t ms);
/* Lose all connections between the two, as a cable cut does: both see an error. */
void world_cut(struct world *w, int a, int b);
/* The daemon dies: its connections end without a word. It refuses new ones until world_revive():
 * a new speaker with the same settings, not configured yet. */
void world_kill(struct world *w, int node);
void world_revive(struct world *w, int node);
/* The daemon is replaced by a new one, not configured yet: it inherits what was handed over, and
 * the rest ends as with world_kill(). Returns the number of connections. */
int world_replace(struct world *w, int node);
bool world_established(struct world *w, int node, int to);
struct bgp_peer_view world_peer(struct world *w, int node, int to);
struct bgp_peer_view world_peer_at(struct world *w, int node, size_t index);

void world_originate(struct world *w, int node, const char *prefix);
void world_originate_with(struct world *w, int node, const char *prefix, const struct attrs *a);
void world_withdraw(struct world *w, int node, const char *prefix);
/* For settings, which own it: TCP MD5. */
struct tcp_auth *world_password(const char *password);
struct nlri world_mac(const char *rd, const char *mac, uint32_t vni);
/* "10.9.0.0/24 path 65002 65001 from 10.0.0.2*\n": all routes, best marked *, multipath = */
const char *world_routes(struct world *w, int node, enum bgp_family family);

/* ---- scripted nodes ---- */
void world_connect(struct world *w, int node, int to);
void world_say(struct world *w, int node, const void *bytes, size_t size);
void world_say_open(struct world *w, int node, const struct open *o);
struct open world_open(struct world *w, int node);
void world_say_keepalive(struct world *w, int node);
void world_say_mac(struct world *w, int node, const struct nlri *n, const struct attrs *a);
void world_hang_up(struct world *w, int node);
/* OPEN, KEEPALIVE: Established. */
void world_handshake(struct world *w, int node, int to);
/* The code of the first NOTIFICATION in what it has received as code * 256 + subcode; 0 none.
 * Counts of messages by type. */
unsigned world_notified(struct world *w, int node, unsigned count[6]);
