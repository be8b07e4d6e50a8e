/*
 * The BGP speaker: bytes and time in, bytes and deadlines out. Owns peers, the attribute table,
 * Adj-RIB-In, Loc-RIB and Adj-RIB-Out. Knows nothing of kernel and EVPN meaning: it tells its host
 * when the best route of a destination changed, and takes locally originated routes.
 *
 * RFC 4271; 4760, 6793, 2918, 8950, 8654, 9003, 7606, 4724, 8538, 9234, 9494, 9687.
 */
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "base/mono.h"
#include "base/tcp_options.h"
#include "bgp/attr.h"
#include "bgp/message.h"
#include "bgp/nexthop.h"
#include "bgp/nlri.h"
#include "bgp/open.h"
#include "bgp/settings.h"

struct bgp;

/* One way to a destination, as consumers of the Loc-RIB see it. */
struct bgp_route {
	const struct attrs *attrs;
	struct ip peer_address; /* IP_NONE: originated here */
	ifindex_t peer_ifindex; /* of an unnumbered or link-local peer: scope of the next hop */
	bool ebgp;
	bool local;	/* originated here */
	bool aggregate; /* … for more specific routes: what none of them covers is dropped */
	bool stale;	/* kept over a lost session while a restart may come back */
	struct bgp_nexthop nexthop; /* what forwards, as it is tracked; zero for a local one */
	uint8_t share; /* of the load, by link bandwidth: relative to the others'; 0 none */
	struct esi esi;
	uint32_t label1, label2; /* EVPN */
	bool has_label2;
	struct ip gateway; /* EVPN type 5 */
};

#define BGP_PATHS_MAX 64

/* The outcome for one destination: best first, then the others of the multipath set. */
struct bgp_best {
	struct nlri nlri; /* lent */
	size_t count;	  /* 0: unreachable now */
	struct bgp_route routes[BGP_PATHS_MAX];
};

struct bgp_connect {
	uint32_t conn;
	struct ip remote, source;
	ifindex_t ifindex;
	const char *source_dev; /* "" none */
	uint16_t port;
	struct tcp_options options;
};

struct bgp_host {
	void *context;
	void (*connect)(void *context, const struct bgp_connect *to);
	void (*send)(void *context, uint32_t conn, const uint8_t *bytes, size_t size);
	/* After what was sent has left; no event follows, the id is free. */
	void (*close)(void *context, uint32_t conn);
	/* A destination's best set changed, or an attribute of one of it; called from bgp_run(), in
	 * order of arrival. It may call bgp_originate() and bgp_withdraw(). */
	void (*best_changed)(void *context, const struct bgp_best *best);
	/* Of a connection that was accepted; before anything is sent on it. */
	void (*set_options)(void *context, uint32_t conn, const struct tcp_options *options);
	/* Connections with these addresses, opened or accepted from now on, are signed so, and
	 * unsigned ones refused. NULL: not any more. */
	void (*set_auth)(void *context, const struct prefix *remote, const struct tcp_auth *auth);
	/* A next hop came into use, or is not used any more: tell bgp_nexthop_changed() what is
	 * known of it, now or later, until it goes. NULL: all next hops are taken for reachable. */
	void (*nexthop_watch)(void *context, const struct bgp_nexthop *nexthop, bool on);
	/* Keep this connection when we end, with a note for the next instance (bgp_inherit()); with
	 * size 0 not any more, as with close(). NULL: nobody can. */
	void (*handover)(void *context, uint32_t conn, const uint8_t *note, size_t size);
	/* An EVPN route that others originated is about to be told on such a connection: the next
	 * instance must hear of it by bgp_formerly(). False, or NULL: it will not. */
	bool (*told)(void *context, const struct nlri *nlri);
	/* Deliver what comes in on an inherited connection, from now on. It fails if its keys are
	 * not those that set_auth() was told. */
	void (*resume)(void *context, uint32_t conn);
	/* The paths of a peer are withdrawn, all at once: before the first of them is decided
	 * about, this is told of the peer's own address. Not while they are kept (graceful
	 * restart). */
	void (*peer_gone)(void *context, const struct bgp_nexthop *address);
	/* Peer went to or left Established, or its End-of-RIB came: for convergence and watch. */
	void (*peer_changed)(void *context, const char *peer, bool established, const char *why);
};

struct bgp_start {
	uint64_t seed; /* jitter of timers, hash keys */
	struct log *log;
	struct bgp_host host;
	bool originating; /* bgp_originated() will come: no End-of-RIB before */
};

struct bgp *bgp_new(const struct bgp_start *start);
void bgp_free(struct bgp *b);

/* New settings, complete; the speaker takes a copy. `network` prefixes are announced by who knows
 * whether the host has them (evpn/underlay). `router_id` must be set for any session to start.
 * Peers come, go, reset only if an OPEN-relevant setting changed, else adapt (route refresh, policy
 * re-evaluated). Start and reload are the same.
 */
void bgp_configure(struct bgp *b, const struct bgp_settings *s, mono_t now);

/* ---- links, for unnumbered peers and connected checks ---- */
struct bgp_interface {
	ifindex_t ifindex;
	const char *name;
	bool up;
	const struct prefix *addresses; /* our own on it, host bits kept, in the kernel's order */
	size_t address_count;
};
void bgp_interface_changed(struct bgp *b, const struct bgp_interface *i, mono_t now);
void bgp_interface_gone(struct bgp *b, ifindex_t ifindex, mono_t now);
/* A router advertisement told the link-local address of the peer on this link, and for how long
 * that is to be believed (RFC 4861 section 6.3.4): a session that is up goes on by its hold timer,
 * a new connection is not opened to an address whose time is over. Lifetime 0: it resigns. */
void bgp_neighbor_seen(
    struct bgp *b, ifindex_t ifindex, const struct ip *link_local, uint16_t lifetime_s, mono_t now);
/* Links on which unnumbered peers are configured: they need router advertisements. */
bool bgp_wants_ra(const struct bgp *b, ifindex_t ifindex);

/* ---- next hops (RFC 4271 section 9.1.2.1) ---- */
/* Decided again at the next bgp_run(): what has a path over it. One that nobody watches is ignored.
 */
void bgp_nexthop_changed(
    struct bgp *b, const struct bgp_nexthop *nexthop, const struct bgp_nexthop_state *state);

/* ---- the kernel's answer ---- */
/* The kernel has the best routes of this unicast destination as they were last told
 * (best_changed): with `bgp suppress-fib-pending` peers may hear of it now. `has` false: it is not
 * to have them, and peers hear of it no more. */
void bgp_installed(struct bgp *b, const struct prefix *prefix, bool has);

/* ---- connections (ids: event.h) ---- */
void bgp_connected(
    struct bgp *b, uint32_t conn, const struct ip *local, const struct ip *remote, mono_t now);
/* `port` numbers are not looked at; false: nobody configured wants it and it was closed. */
bool bgp_accepted(struct bgp *b, uint32_t conn, const struct ip *local, const struct ip *remote,
    ifindex_t ifindex, mono_t now);
void bgp_received(struct bgp *b, uint32_t conn, const uint8_t *bytes, size_t size, mono_t now);
/* All that was given to send() has left, also when it left at once: the speaker counts what it
 * sends and stops to generate UPDATEs for this peer beyond a limit, until this is called. */
void bgp_drained(struct bgp *b, uint32_t conn, mono_t now);
void bgp_closed(struct bgp *b, uint32_t conn, int error, mono_t now);

/* ---- local routes: interned and kept until withdrawn; equal content changes nothing ---- */
/* True: it was not originated before. */
bool bgp_originate(struct bgp *b, const struct nlri *nlri, const struct attrs *attrs);
void bgp_withdraw(struct bgp *b, const struct nlri *nlri);

/* The weight of a route that is originated here, unless its policy sets another. */
#define BGP_LOCAL_WEIGHT 32768u

/* A prefix of the host: `network` or `redistribute`. */
struct bgp_local {
	struct nlri nlri;
	enum attr_origin origin;
	bool has_metric;
	uint32_t metric;       /* MULTI_EXIT_DISC */
	const char *route_map; /* NULL none */
	const char *interface; /* of the host's route; NULL unknown */
	const char *source;    /* "connected", …; NULL a `network` */
	uint32_t tag;	       /* of the host's route; 0 none */
};

/* Originates it if its route-map, as of the settings in force, permits (so: again after
 * bgp_configure()), else withdraws it; which of the two. bgp_withdraw() undoes it. */
bool bgp_originate_local(struct bgp *b, const struct bgp_local *l);

/* Is this best route to go into the kernel (`table-map`, `ip protocol bgp route-map`), over
 * `interface` (NULL unknown)? *src: the source address that the map sets; IP_NONE none. */
bool bgp_fib_policy(struct bgp *b, const struct nlri *nlri, const struct attrs *attrs,
    const char *interface, struct ip *src);
/* The last bgp_configure() changed the answers of the above. */
bool bgp_fib_policy_changed(const struct bgp *b, enum bgp_family family);

/* All that the host originates at its start has been told: End-of-RIB may follow it. */
void bgp_originated(struct bgp *b);
/* A previous instance ran on this host since it booted, and its kernel entries are kept: peers are
 * told so, and learned routes are selected once all have come (RFC 4724 section 4.1). `whole`:
 * bgp_formerly() has named all that peers may have. Before the first bgp_configure(). */
void bgp_restarted(struct bgp *b, bool whole, mono_t now);

/* A connection of the previous instance, still open, with the note that host.handover() was given:
 * it is gone on with if it fits the settings once the host's routes are known (bgp_originated()),
 * else closed; so is every one if what peers may have is not known (bgp_restarted()). Before the
 * first bgp_configure(). */
struct bgp_inherited {
	uint32_t conn;
	struct ip local, remote;
	ifindex_t ifindex;   /* scope of a link-local remote */
	const uint8_t *note; /* copied */
	size_t size;
};
void bgp_inherit(struct bgp *b, const struct bgp_inherited *i);
/* An EVPN route that a previous instance originated, or passed on: a peer whose session is taken
 * over may have it, and is told when it is no more. */
void bgp_formerly(struct bgp *b, const struct nlri *nlri);
/* All EVPN routes that such a peer may have from here: of now, or before. */
void bgp_walk_told(
    const struct bgp *b, void *context, void (*visit)(void *context, const struct nlri *nlri));

/* A bounded amount of pending work: timers, decisions, then UPDATEs. True while more is pending. */
bool bgp_run(struct bgp *b, mono_t now);
mono_t bgp_deadline(const struct bgp *b);

/* Ends all sessions; connections are closed after what was sent. `back`: the kernel's entries stay
 * and we may return. Then peers that agreed to keep our routes get no NOTIFICATION, which would
 * end the agreement (RFC 4724 section 4); all others get Cease/administrative shutdown. */
void bgp_stop(struct bgp *b, bool back, mono_t now);
/* A neighbor on this link keeps our routes while we are away. */
bool bgp_restart_kept_by(const struct bgp *b, ifindex_t ifindex);
/* Every established peer sent End-of-RIB for every negotiated family (and there is at least one),
 * and after a restart of ours nobody else is waited for. */
bool bgp_converged(const struct bgp *b);

enum bgp_clear {
	BGP_CLEAR_SESSION, /* Cease, Administrative Reset; held down no longer */
	BGP_CLEAR_IN,	   /* judge the routes again, ask for them before (RFC 2918) */
	BGP_CLEAR_OUT,	   /* tell them again */
	BGP_CLEAR_BOTH
};
/* `peer` by name, NULL all; `families` count for routes alone. Returns the number of peers meant.
 * *refused: the name of one that can neither be asked nor has kept routes; NULL none. */
size_t bgp_clear(struct bgp *b, const char *peer, const bool families[BGP_FAMILIES],
    enum bgp_clear kind, mono_t now, const char **refused);

/* ---- views for shows ---- */
enum bgp_state {
	BGP_IDLE,
	BGP_CONNECT,
	BGP_ACTIVE,
	BGP_OPENSENT,
	BGP_OPENCONFIRM,
	BGP_ESTABLISHED
};

struct bgp_peer_view {
	const char *name;	 /* as configured */
	const char *hostname;	 /* of the hostname capability; "" unknown */
	const char *description; /* "" none */
	struct ip address;	 /* IP_NONE while an unnumbered peer is not known */
	ifindex_t ifindex;
	uint32_t remote_as, local_as;
	struct ip router_id;
	bool ebgp;
	bool dynamic;		      /* by `bgp listen range` */
	bool shutdown;		      /* by `neighbor … shutdown` */
	bool activated[BGP_FAMILIES]; /* here; `negotiated` wants the peer's word, too */
	enum bgp_state state;
	const char *state_reason; /* why it is not Established: for shows and logs */
	mono_t state_since;	  /* established or left established */
	uint64_t msg_received, msg_sent, update_received, update_sent;
	uint32_t established_count, dropped_count;
	const char *last_reset; /* text */
	bool negotiated[BGP_FAMILIES];
	bool overflowed;	     /* held down by `maximum-prefix` */
	bool disabled[BGP_FAMILIES]; /* its routes are ignored, after an error (RFC 7606) */
	bool unjudged[BGP_FAMILIES]; /* some are as a policy judged them that was before */
	uint32_t prefixes_received[BGP_FAMILIES]; /* accepted, in Adj-RIB-In */
	uint32_t prefixes_sent[BGP_FAMILIES];
	uint32_t out_queue;			     /* destinations waiting to be advertised */
	uint16_t hold_s, keepalive_s;		     /* negotiated */
	uint64_t errors_withdrawn, errors_discarded; /* RFC 7606 dispositions */
};
/* How the last session, or the last attempt that got as far as an OPEN, ended. */
enum bgp_reset_by { BGP_RESET_OTHER, BGP_RESET_SENT, BGP_RESET_RECEIVED };
struct bgp_reset {
	mono_t at; /* MONO_NEVER: none has */
	enum bgp_reset_by by;
	uint8_t code, subcode; /* of the NOTIFICATION */
	const char *why;       /* constant text; "" with one received */
};

/* The rest of what there is to say of a peer. All is lent for the call. */
struct bgp_neighbor_view {
	const struct neighbor_settings *settings;
	struct open ours;	   /* what our OPEN says */
	const struct open *theirs; /* NULL: not Established */
	bool passive;		   /* the peer opened the connection */
	bool shared_link;	   /* it is one hop away, on a link of ours */
	bool extended_nexthop, route_refresh;
	struct ip local, remote; /* of the connection; IP_NONE: not Established */
	struct ip next_hop_v4, next_hop_v6, next_hop_link_local; /* ours, for it */
	uint64_t sent[MESSAGE_TYPES], received[MESSAGE_TYPES];
	mono_t last_read, last_write, last_update; /* MONO_NEVER: never */
	mono_t connect_at;			   /* the next attempt; MONO_NEVER: by event */
	struct bgp_reset reset;
	uint32_t queued[BGP_FAMILIES]; /* destinations waiting to be advertised */
	bool kept[BGP_FAMILIES];       /* `soft-reconfiguration inbound` is in force */
};
/* In the same order; false at the end. */
bool bgp_neighbor_at(const struct bgp *b, size_t index, struct bgp_neighbor_view *view);
/* Peers in order of name; false at the end. */
bool bgp_peer_at(const struct bgp *b, size_t index, struct bgp_peer_view *view);
/* What is kept of a peer's routes over the loss of its session. */
enum retention {
	RETENTION_NONE,
	RETENTION_STALE, /* RFC 4724: as they are */
	RETENTION_LLGR	 /* RFC 9494: as the last choice */
};

struct bgp_restart_view {
	const char *name;
	enum graceful_restart mode; /* ours towards this peer */
	bool own_mode;		    /* by a statement of its own */
	bool established;
	bool remote;		       /* its OPEN has the capability … */
	bool remote_families;	       /* … with families */
	bool restarting, notification; /* its R and N bit */
	uint16_t remote_restart_s;
	mono_t back_by, stale_end; /* MONO_NEVER: not running */
	struct {
		bool negotiated, forwarding_kept; /* its F bit */
		bool end_of_rib_sent, end_of_rib_received;
		enum retention retention;
		mono_t long_lived_end; /* MONO_NEVER: not running */
	} family[BGP_FAMILIES];
};
/* In the same order; false at the end. */
bool bgp_restart_at(const struct bgp *b, size_t index, struct bgp_restart_view *view);
struct ip bgp_router_id(const struct bgp *b);
uint32_t bgp_as(const struct bgp *b);
/* `update-delay` holds back what peers announce, and what they would be told. */
bool bgp_update_delayed(const struct bgp *b);
/* What LOCAL_PREF counts as, and to internal peers is, where a route has none. */
uint32_t bgp_default_local_pref(const struct bgp *b);

struct bgp_dest_route {
	struct bgp_route route;
	const char *peer; /* name; NULL local */
	struct ip router_id;
	bool best, multipath;
	bool valid;	 /* its next hop can be used */
	bool suppressed; /* by an aggregate */
	bool denied;	 /* by the inbound policy: of routes as they were received */
	uint32_t igp_metric;
	const char *step; /* the step of the decision process that ranked it below the one before */
};
/* All routes of all destinations of a family, destinations in key order, best first within each. */
typedef void bgp_visit(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count);
void bgp_walk(const struct bgp *b, enum bgp_family family, struct arena *arena, void *context,
    bgp_visit *visit);
/* The routes of one neighbor, in key order. False: there is none of that name, or what it has sent
 * is not kept (`soft-reconfiguration inbound`). */
bool bgp_walk_received(const struct bgp *b, const char *peer, enum bgp_family family,
    struct arena *arena, void *context, bgp_visit *visit);
/* What it has been told, as it was told. */
bool bgp_walk_advertised(const struct bgp *b, const char *peer, enum bgp_family family,
    struct arena *arena, void *context, bgp_visit *visit);
/* Next hops in use, sorted; returns their number. */
size_t bgp_nexthops(const struct bgp *b, struct arena *arena, const struct nexthop ***list);
size_t bgp_dest_count(const struct bgp *b, enum bgp_family family);
