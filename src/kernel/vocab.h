/*
 * The vocabulary between the core and the Linux kernel: what the kernel tells us
 * (struct kernel_event), what we ask of it (struct kernel_op) and what it answered
 * (struct kernel_result). Plain data, no behaviour. NUD_*, NTF_* and RTPROT_* numbers are the
 * kernel's own (linux/neighbour.h, linux/rtnetlink.h).
 *
 * A "slot" is a kernel position that holds one entry. Every write names one slot, carries what
 * must be true of it before (its precondition) and is executed by os/netlink as one unit:
 * check, write, drain the monitor. docs/architecture.md, "Ownership".
 */
#pragma once

#include "base/types.h"

#include <linux/neighbour.h>

/* ---- slots ---------------------------------------------------------------------------- */

enum slot_kind {
	SLOT_FDB,	  /* bridge FDB: one entry, one port, per (bridge, VLAN, MAC) */
	SLOT_VXLAN_FDB,	  /* VXLAN device FDB, unicast MAC: one destination */
	SLOT_FLOOD,	  /* VXLAN device FDB, zero MAC: one destination of the flood list */
	SLOT_NEIGH,	  /* neighbour table */
	SLOT_ROUTE,	  /* route of our protocol */
	SLOT_BRIDGE_PORT, /* learning flag of a bridge port */
	SLOT_ADDR,	  /* address on an interface (`interface X` / `ip address A/L`) */
	SLOT_NEXTHOP,	  /* nexthop object: a gateway, or a group of gateways, by its id */
	SLOT_LINK	  /* a link up or down (`interface X` / `shutdown`) */
};

/* VLAN 0 on a bridge without VLAN filtering. */
struct fdb_key {
	ifindex_t bridge;
	struct mac mac;
	uint16_t vlan;
};

/* source_vni is 0 except on a device with external/vnifilter. */
struct vxlan_fdb_key {
	ifindex_t dev;
	vni_t source_vni;
	struct mac mac;
	uint8_t zero[2];
};

struct flood_key {
	ifindex_t dev;
	vni_t source_vni;
	struct ip vtep;
};

struct neigh_key {
	ifindex_t dev;
	struct ip ip;
};

struct route_key {
	uint32_t table;
	uint32_t metric;
	struct prefix prefix;
};

struct addr_key {
	ifindex_t dev;
	struct prefix prefix; /* addr keeps its host bits */
};

struct nexthop_key {
	uint32_t id;
};

struct slot_key {
	enum slot_kind kind;
	union {
		struct fdb_key fdb;
		struct vxlan_fdb_key vxlan_fdb;
		struct flood_key flood;
		struct neigh_key neigh;
		struct route_key route;
		ifindex_t bridge_port;
		struct addr_key addr;
		struct nexthop_key nexthop;
		ifindex_t link;
	};
};

/* ---- contents --------------------------------------------------------------------------- */

struct fdb_entry {
	ifindex_t port; /* == bridge for the bridge's own addresses */
	uint16_t
	    nud; /* NUD_REACHABLE dynamic, NUD_NOARP static, NUD_PERMANENT local; NUD_STALE aged */
	uint8_t ntf; /* NTF_EXT_LEARNED, NTF_STICKY; MASTER and SELF are not kept */
	bool locked; /* NTF_EXT_LOCKED: unauthenticated, never a claim */
};

struct vxlan_fdb_entry {
	struct ip dst;
	uint32_t nhid; /* nexthop group instead of dst; 0 none */
	uint16_t nud;
	uint8_t ntf;
	uint8_t zero;
};

/* Flags and state belong to the whole list of the zero MAC, not to one destination. */
struct flood_entry {
	uint16_t nud;
	uint8_t ntf;
	uint8_t zero;
};

struct neigh_entry {
	struct mac lladdr;
	uint16_t nud;
	uint8_t ntf;	  /* NTF_EXT_LEARNED, NTF_ROUTER, … */
	uint8_t protocol; /* RTPROT_*; survives the next writer (kernel keeps it) */
	uint8_t zero[2];
};

struct route_nexthop {
	struct ip gateway; /* IP_NONE: on link */
	ifindex_t dev;
	uint32_t weight; /* 1… */
};

#define ROUTE_NEXTHOPS_MAX 64

/* The ids of our nexthop objects (docs/decisions). Others in that range are left alone; those
 * outside are never looked at. */
#define NEXTHOP_ID_FIRST 0x45560000u
#define NEXTHOP_ID_LAST 0x4556ffffu
/* From here on: gateways that stand in their groups beside others (evpn/fib_object.c). */
#define NEXTHOP_ID_SHARED 0x45568000u

static inline bool nexthop_id_is_ours(uint32_t id)
{
	return id >= NEXTHOP_ID_FIRST && id <= NEXTHOP_ID_LAST;
}

struct route_entry {
	uint8_t protocol;
	uint8_t type; /* RTN_UNICAST, RTN_BLACKHOLE, … */
	uint8_t nexthop_count;
	struct ip prefsrc;
	uint32_t nhid; /* goes over this nexthop object; 0: over `nexthops`. With an id of ours
			* `nexthops` stay empty, with a foreign one they say what it holds */
	const struct route_nexthop *nexthops; /* lent with the message; the mirror keeps a copy */
};

struct nexthop_member {
	uint32_t id;
	uint32_t weight; /* 1…256 */
};

/* Members: a group. Else one gateway. */
struct nexthop_entry {
	uint8_t protocol;
	uint8_t member_count;
	bool foreign_kind; /* blackhole, fdb, encapsulation, resilient: nothing that we write */
	struct ip gateway;
	ifindex_t dev;
	const struct nexthop_member *members; /* as route_entry.nexthops */
};

struct bridge_port_entry {
	bool learning;
};

struct link_entry {
	bool up; /* administratively: IFF_UP */
};

struct addr_entry {
	uint8_t protocol; /* IFA_PROTO (since 5.18); 0 where the writer gave none */
};

struct slot_content {
	union {
		struct fdb_entry fdb;
		struct vxlan_fdb_entry vxlan_fdb;
		struct flood_entry flood;
		struct neigh_entry neigh;
		struct route_entry route;
		struct bridge_port_entry bridge_port;
		struct addr_entry addr;
		struct nexthop_entry nexthop;
		struct link_entry link;
	};
};

/* ---- links --------------------------------------------------------------------------------- */

enum link_kind { LINK_OTHER, LINK_BRIDGE, LINK_VXLAN, LINK_VLAN, LINK_VRF, LINK_LOOPBACK };

#define LINK_NAME_MAX 16

struct link_port {
	bool valid;    /* this link is a bridge port and the fields below were told */
	uint8_t state; /* BR_STATE_*: 3 forwarding */
	bool learning;
	bool neigh_suppress;
	bool locked;
};

struct link {
	ifindex_t ifindex;
	enum link_kind kind;
	char name[LINK_NAME_MAX];
	ifindex_t master; /* bridge or VRF it belongs to; 0 none */
	ifindex_t
	    lower; /* IFLA_LINK: the device that a VLAN device sits on; 0 none or other netns */
	struct mac mac;
	uint32_t mtu;
	bool admin_up;
	bool running;  /* IFF_RUNNING: carrier and operational */
	bool lower_up; /* IFF_LOWER_UP: carrier */
	struct {
		bool vlan_filtering;
		uint16_t default_pvid;
	} bridge;
	struct {
		vni_t vni;	 /* 0: external/vnifilter device */
		struct ip local; /* VTEP source; IP_NONE unset */
		uint16_t port;
		bool learning;
		bool external;
		bool vnifilter;
	} vxlan;
	uint16_t vlan_id;   /* LINK_VLAN */
	uint32_t vrf_table; /* LINK_VRF */
	struct link_port port;
};

/* The VLANs of one bridge port (or of the bridge itself), complete. */
#define PORT_VLAN_PVID 1
#define PORT_VLAN_UNTAGGED 2

struct port_vlan {
	uint16_t first, last; /* inclusive range */
	uint8_t flags;	      /* PORT_VLAN_* */
	uint8_t zero[3];
};

/* ---- events --------------------------------------------------------------------------------- */

enum kernel_event_kind {
	KERNEL_LINK_NEW, /* new or changed; complete content */
	KERNEL_LINK_DEL,
	KERNEL_PORT_VLANS, /* complete list for one port, and the port's flags */
	KERNEL_ADDR_NEW,
	KERNEL_ADDR_DEL,
	KERNEL_FDB_NEW, /* new or changed; complete content */
	KERNEL_FDB_DEL,
	KERNEL_VXLAN_FDB_NEW,
	KERNEL_VXLAN_FDB_DEL,
	KERNEL_FLOOD_NEW,
	KERNEL_FLOOD_DEL,
	KERNEL_NEIGH_NEW,
	KERNEL_NEIGH_DEL,
	KERNEL_ROUTE_NEW,
	KERNEL_ROUTE_DEL,
	KERNEL_NEXTHOP_NEW, /* of an id in our range */
	KERNEL_NEXTHOP_DEL,
	KERNEL_DUMP_BEGIN, /* a full dump of one table starts; rows follow with from_dump set */
	KERNEL_DUMP_END, /* … ended; `dump.clean`: no notification of that table arrived meanwhile
			  */
	KERNEL_OVERRUN	 /* notifications were lost: the mirror is stale until dumped again */
};

enum kernel_table {
	TABLE_LINKS, /* links, port VLANs and addresses together */
	TABLE_FDB,   /* bridge FDB, VXLAN FDB and flood lists together (one kernel dump) */
	TABLE_NEIGH,
	TABLE_NEXTHOPS, /* before the routes, which name them */
	TABLE_ROUTES,
	TABLE_COUNT
};

struct kernel_event {
	enum kernel_event_kind kind;
	bool from_dump;	 /* a row of a dump: a hint, not a change */
	bool ours;	 /* the writer is our own request socket (neighbours and routes only) */
	uint32_t writer; /* netlink portid of the writer; 0: the kernel itself, or not told */
	union {
		struct link link;
		ifindex_t link_gone;
		struct {
			ifindex_t port;
			uint16_t count;
			const struct port_vlan *vlans; /* lent */
			struct link_port flags;	       /* told in the same message, when valid */
		} port_vlans;
		struct {
			ifindex_t dev;
			struct prefix prefix; /* addr keeps its host bits here */
			struct addr_entry entry;
			bool tentative;
		} addr;
		struct {
			struct fdb_key key;
			struct fdb_entry entry;
		} fdb;
		struct {
			struct vxlan_fdb_key key;
			struct vxlan_fdb_entry entry;
		} vxlan_fdb;
		struct {
			struct flood_key key;
			struct flood_entry entry;
		} flood;
		struct {
			struct neigh_key key;
			struct neigh_entry entry;
		} neigh;
		struct {
			struct route_key key;
			struct route_entry entry;
		} route;
		struct {
			struct nexthop_key key;
			struct nexthop_entry entry;
		} nexthop;
		struct {
			enum kernel_table table;
			bool clean;
		} dump;
	};
};

/* ---- operations ---------------------------------------------------------------------------------
 */

enum kernel_verb {
	KERNEL_ADD,    /* create. NEIGH, VXLAN_FDB, ROUTE, ADDR, NEXTHOP: exclusive (EEXIST when
			* occupied).     FDB without NTF_EXT_LEARNED in the content: exclusive; with
			* it:     the kernel     overwrites whatever is there, so the precondition is
			* what     protects. FLOOD:     append. */
	KERNEL_CHANGE, /* replace the content of an entry that is ours */
	KERNEL_DELETE, /* FDB: scoped by port. VXLAN_FDB and FLOOD: with destination */
	KERNEL_READ,   /* only look; the result says what is there. With PRE_EQUAL: adoption, the
			* ledger takes `content` if the slot holds exactly that */
	KERNEL_PROBE,  /* NEIGH: ask the kernel to probe a learned neighbour (NTF_USE) */
	KERNEL_SET     /* BRIDGE_PORT: learning on or off; LINK: up or down */
};

enum precondition_kind {
	PRE_NONE,   /* the verb itself is safe (exclusive create, scoped delete) */
	PRE_ABSENT, /* the slot must be empty */
	PRE_EQUAL   /* the slot must hold exactly `expected` */
};

struct kernel_op {
	uint32_t id; /* comes back in the result */
	enum kernel_verb verb;
	struct slot_key key;
	struct slot_content content; /* ADD, CHANGE: what to write. DELETE: what stands there */
	enum precondition_kind pre;
	struct slot_content expected; /* PRE_EQUAL */
	bool audit;		      /* READ: asked by the audit */
};

enum kernel_outcome {
	KERNEL_DONE,	 /* written (or read) */
	KERNEL_MISMATCH, /* the precondition did not hold; nothing was written */
	KERNEL_FAILED	 /* the kernel refused; nothing was written */
};

struct kernel_result {
	uint32_t id;
	enum slot_kind slot; /* of the operation: says which member of `seen` is meant */
	enum kernel_outcome outcome;
	int error;	   /* positive errno of KERNEL_FAILED, else 0 */
	bool checked;	   /* a single read was made for this operation: before it (precondition,
			    * READ) or after EEXIST and ENOENT */
	bool seen_present; /* what that read saw; older than the events delivered before this */
	struct slot_content seen;
};

/* All of these zero what they do not set, so that keys compare as bytes. */
struct slot_key slot_key_fdb(ifindex_t bridge, uint16_t vlan, const struct mac *mac);
struct slot_key slot_key_vxlan_fdb(ifindex_t dev, vni_t source_vni, const struct mac *mac);
struct slot_key slot_key_flood(ifindex_t dev, vni_t source_vni, const struct ip *vtep);
struct slot_key slot_key_neigh(ifindex_t dev, const struct ip *ip);
struct slot_key slot_key_route(uint32_t table, uint32_t metric, const struct prefix *prefix);
struct slot_key slot_key_bridge_port(ifindex_t port);
struct slot_key slot_key_link(ifindex_t dev);
struct slot_key slot_key_addr(ifindex_t dev, const struct prefix *prefix);
struct slot_key slot_key_nexthop(uint32_t id);
bool slot_key_equal(const struct slot_key *a, const struct slot_key *b);

/* The slot that an event speaks of, its content, and whether the slot holds it now (NEW) or has
 * lost it (DEL). False for events that speak of no slot. */
bool kernel_event_slot(const struct kernel_event *event, struct slot_key *key,
    struct slot_content *content, bool *present);
/* The other way round: NEW or DEL of that slot, zero else. SLOT_BRIDGE_PORT and SLOT_LINK have
 * none. */
struct kernel_event kernel_event_from_slot(
    const struct slot_key *key, const struct slot_content *content, bool present);

/* Same content, by the fields of that kind (pointers are followed). */
bool slot_content_equal(
    enum slot_kind kind, const struct slot_content *a, const struct slot_content *b);

/* What the content points to becomes its own copy; drop frees that. */
void slot_content_keep(enum slot_kind kind, struct slot_content *content);
void slot_content_drop(enum slot_kind kind, struct slot_content *content);

/* One line for logs and shows: "fdb br-evpn vlan 99 aa:…" without interface names: ifindex numbers.
 */
#define SLOT_TEXT_MAX 128
const char *slot_key_text(const struct slot_key *key, char *text);
const char *slot_content_text(enum slot_kind kind, const struct slot_content *content, char *text);
