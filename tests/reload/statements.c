/*
 * The table of statements, and what can be asked of a choice of them.
 *
 * Which statements a session depends on is said here, row by row, and is not taken from the code
 * under test. A row SESSION means: the OPEN message (RFC 4271 section 4.2: AS, hold time,
 * identifier, capabilities) or the connection (address, port, TTL, who may connect) is made of it.
 */
#include "statements.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum place {
	AT_TOP,
	AT_INTERFACE,
	AT_BGP,
	AT_PEER,
	AT_PEER_IPV4,
	AT_PEER_IPV6,
	AT_PEER_EVPN,
	AT_IPV4,
	AT_IPV6,
	AT_EVPN,
	AT_VNI,
	AT_AS /* the AS number itself */
};

enum {
	SESSION = 1 << 0, /* a session depends on it */
	OFTEN = 1 << 1,	  /* there mostly, or nothing would happen */
	NUMBERED = 1 << 2,
	UNNUMBERED = 1 << 3,
	GROUPS = 1 << 4, /* where alone; else everywhere */
	PEERS = NUMBERED | UNNUMBERED
};

#define VALUES_MAX 8

/* "statement|meaning": what counts for the session, if that is not the whole statement. `@`: the
 * AS of the peer, `$`: our own. Statements of neighbors without `neighbor NAME`. */
struct row {
	enum place place;
	const char *key; /* the same at several levels: the nearest one wins */
	unsigned flags;
	const char *defaults[2]; /* by profile */
	const char *values[VALUES_MAX];
};

#define NONE                                                                                       \
	{                                                                                          \
		NULL, NULL                                                                         \
	}
#define BOTH(text)                                                                                 \
	{                                                                                          \
		text, text                                                                         \
	}

/* clang-format off */
static const struct row rows[] = {
	{AT_TOP, "profile", 0, {"frr defaults traditional", NULL}, {"frr defaults datacenter", "frr defaults datacenter", "frr defaults traditional"}},
	{AT_AS, "as", SESSION, NONE, {"65001", "65010"}},
	{AT_TOP, "hostname", 0, NONE, {"hostname alpha", "hostname beta"}},
	{AT_TOP, "router-id", SESSION, NONE, {"ip router-id 10.9.9.9|id 10.9.9.9", "router-id 10.9.9.8|id 10.9.9.8"}},
	{AT_TOP, "log", 0, BOTH("log syslog debugging"), {"log syslog errors", "log stdout informational"}},
	{AT_TOP, "debug", 0, NONE, {"debug bgp updates in", "debug zebra kernel", "debug bgp neighbor-events", "debug zebra vxlan"}},
	{AT_TOP, "sticky", 0, BOTH("evpn mac-mobility sticky-sequence bump"), {"evpn mac-mobility sticky-sequence zero"}},
	{AT_TOP, "learning", 0, BOTH("evpn port-learning off"), {"evpn port-learning keep"}},
	{AT_TOP, "alarm", 0, BOTH("evpn contested-alarm 10"), {"evpn contested-alarm 60"}},
	{AT_TOP, "audit", 0, BOTH("evpn audit-interval 300"), {"evpn audit-interval 0", "evpn audit-interval 20"}},
	{AT_TOP, "vrf", 0, NONE, {"vrf red\n vni 4001\nexit-vrf", "vrf red\nexit-vrf"}},
	{AT_TOP, "bfd", 0, NONE, {"bfd\n profile FAST\n  transmit-interval 50\n  receive-interval 50\n exit\nexit", "bfd\n profile FAST\n  detect-multiplier 7\n exit\nexit"}},
	{AT_TOP, "static", 0, NONE, {"ip route 203.0.113.0/24 Null0", "ip route 203.0.113.0/24 10.0.1.2 tag 7", "ip route 203.0.113.0/24 eth4 250\nip route 203.0.113.0/24 blackhole 251"}},
	{AT_TOP, "static 6", 0, NONE, {"ipv6 route 2001:db8:99::/48 fe80::9 eth5", "ipv6 route 2001:db8:99::/48 reject"}},
	{AT_TOP, "prefix list", 0, NONE, {"ip prefix-list P seq 5 permit 198.51.0.0/16 le 24", "ip prefix-list P seq 5 deny 192.0.2.0/24\nip prefix-list P seq 10 permit any"}},
	{AT_TOP, "M4", 0, NONE, {"route-map M4 permit 10\n match ip address prefix-list P\nexit", "route-map M4 permit 10\n match ip address prefix-list P\n set weight 7\nexit\nroute-map M4 permit 20\nexit"}},
	{AT_TOP, "M1 5", 0, NONE, {"route-map M1 deny 5\n match evpn route-type multicast\nexit", "route-map M1 permit 5\n match interface eth4\n set metric 7\nexit", "route-map M1 deny 5\n match evpn vni 10099\nexit"}},
	{AT_TOP, "M1 10", OFTEN, NONE, {"route-map M1 permit 10\nexit", "route-map M1 permit 10\n set community 65000:77 additive\nexit", "route-map M1 permit 10\n set community no-export additive\nexit", "route-map M1 deny 10\nexit", "route-map M1 permit 10\n set local-preference 200\n set metric 5\nexit"}},
	{AT_TOP, "M2 10", OFTEN, NONE, {"route-map M2 permit 10\nexit", "route-map M2 permit 10\n set community 65000:78\n set origin incomplete\nexit", "route-map M2 permit 10\n match evpn route-type macip\nexit\nroute-map M2 permit 20\n set metric 9\nexit"}},
	{AT_TOP, "M3 10", 0, NONE, {"route-map M3 permit 10\n set metric 30\nexit", "route-map M3 deny 10\nexit"}},

	{AT_INTERFACE, "description", 0, NONE, {"description uplink", "description other"}},
	{AT_INTERFACE, "address", 0, NONE, {"ip address 10.77.@.1/24", "ip address 10.78.@.1/24"}},
	{AT_INTERFACE, "address6", 0, NONE, {"ipv6 address 2001:db8:77:@::1/64"}},
	{AT_INTERFACE, "ra", 0, NONE, {"no ipv6 nd suppress-ra", "ipv6 nd ra-interval 5"}},

	{AT_BGP, "router-id", SESSION | OFTEN, NONE, {"bgp router-id 10.0.0.1|id 10.0.0.1", "bgp router-id 10.0.0.9|id 10.0.0.9"}},
	{AT_BGP, "requires-policy", OFTEN, {"bgp ebgp-requires-policy", "no bgp ebgp-requires-policy"}, {"no bgp ebgp-requires-policy", "no bgp ebgp-requires-policy", "bgp ebgp-requires-policy"}},
	{AT_BGP, "log-changes", 0, {"no bgp log-neighbor-changes", "bgp log-neighbor-changes"}, {"bgp log-neighbor-changes", "no bgp log-neighbor-changes"}},
	{AT_BGP, "deterministic", 0, {"no bgp deterministic-med", "bgp deterministic-med"}, {"bgp deterministic-med", "no bgp deterministic-med"}},
	{AT_BGP, "compare-med", 0, BOTH("no bgp always-compare-med"), {"bgp always-compare-med"}},
	{AT_BGP, "relax", 0, BOTH("no bgp bestpath as-path multipath-relax"), {"bgp bestpath as-path multipath-relax"}},
	{AT_BGP, "import-check", 0, BOTH("bgp network import-check"), {"no bgp network import-check"}},
	{AT_BGP, "activate4", SESSION, BOTH("bgp default ipv4-unicast|activate"), {"no bgp default ipv4-unicast|no activate"}},
	{AT_BGP, "activate6", SESSION, BOTH("no bgp default ipv6-unicast|no activate"), {"bgp default ipv6-unicast|activate"}},
	{AT_BGP, "activate-evpn", SESSION, BOTH("no bgp default l2vpn-evpn|no activate"), {"bgp default l2vpn-evpn|activate"}},
	{AT_BGP, "timers", SESSION, {"timers bgp 60 180|hold 180", "timers bgp 3 9|hold 9"}, {"timers bgp 10 30|hold 30", "timers bgp 5 30|hold 30", "timers bgp 0 0|hold 0"}},
	{AT_BGP, "cluster-id", 0, NONE, {"bgp cluster-id 10.0.0.77"}},
	{AT_BGP, "first-as", 0, BOTH("bgp enforce-first-as"), {"no bgp enforce-first-as"}},
	{AT_BGP, "minimum hold", 0, NONE, {"bgp minimum-holdtime 20"}},
	{AT_BGP, "client-to-client", 0, BOTH("bgp client-to-client reflection"), {"no bgp client-to-client reflection"}},
	{AT_BGP, "listen limit", 0, BOTH("bgp listen limit 100"), {"bgp listen limit 5"}},
	{AT_BGP, "listen range", 0, NONE, {"bgp listen range 10.0.0.0/8 peer-group G1", "bgp listen range 10.0.0.0/8 peer-group G2"}},
	{AT_BGP, "restart mode", SESSION, NONE, {"bgp graceful-restart|graceful-restart", "bgp graceful-restart-disable|graceful-restart-disable"}},
	{AT_BGP, "restart time", SESSION, BOTH("bgp graceful-restart restart-time 120"), {"bgp graceful-restart restart-time 60"}},
	{AT_BGP, "stale time", 0, BOTH("bgp graceful-restart stalepath-time 360"), {"bgp graceful-restart stalepath-time 100"}},
	{AT_BGP, "defer time", 0, BOTH("bgp graceful-restart select-defer-time 360"), {"bgp graceful-restart select-defer-time 60"}},
	{AT_BGP, "restart notification", SESSION, BOTH("bgp graceful-restart notification"), {"no bgp graceful-restart notification"}},
	{AT_BGP, "forwarding", SESSION, NONE, {"bgp graceful-restart preserve-fw-state"}},
	{AT_BGP, "hard reset", 0, BOTH("bgp hard-administrative-reset"), {"no bgp hard-administrative-reset"}},
	{AT_BGP, "long-lived", SESSION, NONE, {"bgp long-lived-graceful-restart stale-time 600", "bgp long-lived-graceful-restart stale-time 60"}},
	{AT_BGP, "connected-check", 0, NONE, {"bgp disable-ebgp-connected-route-check"}},

	{AT_PEER, "peer-group", PEERS, NONE, {"peer-group G1", "peer-group G2"}},
	{AT_PEER, "interface", SESSION | OFTEN | UNNUMBERED, NONE, {"interface|interface", "interface v6only|interface"}},
	{AT_PEER, "remote-as", SESSION | OFTEN, NONE, {"remote-as external", "remote-as external", "remote-as external", "remote-as @", "remote-as internal"}},
	{AT_PEER, "local-as", SESSION, NONE, {"local-as 65020", "local-as 65021", "local-as 65020 no-prepend|local-as 65020", "local-as 65020 no-prepend replace-as|local-as 65020"}},
	{AT_PEER, "password", SESSION, NONE, {"password one", "password other"}},
	{AT_PEER, "restart mode", SESSION, BOTH("graceful-restart-helper"), {"graceful-restart", "graceful-restart-disable"}},
	{AT_PEER, "bfd", 0, NONE, {"bfd", "bfd profile FAST", "bfd 5 100 100"}},
	{AT_PEER, "first-as", 0, BOTH("enforce-first-as"), {"no enforce-first-as"}},
	{AT_PEER, "interval", 0, BOTH("advertisement-interval 0"), {"advertisement-interval 2"}},
	{AT_PEER, "description", 0, NONE, {"description a peer", "description another"}},
	{AT_PEER, "shutdown", SESSION, BOTH("no shutdown"), {"shutdown|shutdown", "shutdown message gone fishing|shutdown"}},
	{AT_PEER, "port", SESSION, BOTH("port 179"), {"port 1790"}},
	{AT_PEER, "passive", 0, BOTH("no passive"), {"passive"}},
	{AT_PEER, "ttl", SESSION | PEERS, BOTH("ebgp-multihop 1"), {"ebgp-multihop|ebgp-multihop 255", "ebgp-multihop 3", "ebgp-multihop 255", "ttl-security hops 1", "ttl-security hops 2"}},
	{AT_PEER, "ttl", SESSION | GROUPS, NONE, {"ebgp-multihop 3", "ttl-security hops 1"}},
	{AT_PEER, "connected-check", 0, BOTH("no disable-connected-check"), {"disable-connected-check"}},
	{AT_PEER, "update-source", SESSION, NONE, {"update-source 10.0.0.1", "update-source lo"}},
	{AT_PEER, "timers", SESSION, {"timers 60 180|hold 180", "timers 3 9|hold 9"}, {"timers 10 30|hold 30", "timers 5 30|hold 30", "timers 4 12|hold 12"}},
	{AT_PEER, "connect", 0, {"timers connect 120", "timers connect 10"}, {"timers connect 5", "timers connect 30"}},
	{AT_PEER, "extended", SESSION | UNNUMBERED, BOTH("capability extended-nexthop"), {"no capability extended-nexthop"}},
	{AT_PEER, "extended", SESSION | NUMBERED, BOTH("no capability extended-nexthop"), {"capability extended-nexthop"}},
	{AT_PEER, "extended", SESSION | GROUPS, NONE, {"capability extended-nexthop", "no capability extended-nexthop"}},

	{AT_PEER_IPV4, "activate4", SESSION, BOTH("activate"), {"no activate"}},
	{AT_PEER_IPV6, "activate6", SESSION, BOTH("no activate"), {"activate"}},
	{AT_PEER_EVPN, "activate-evpn", SESSION | OFTEN, BOTH("no activate"), {"activate", "activate", "activate"}},
#define BY_FAMILY(at, key) \
	{at, key " send", SESSION, BOTH("no addpath-tx-all-paths|one path"), {"addpath-tx-all-paths|paths", "addpath-tx-bestpath-per-AS|paths"}}, \
	{at, key " receive", SESSION, BOTH("no disable-addpath-rx"), {"disable-addpath-rx"}}, \
	{at, key " limit", 0, NONE, {"maximum-prefix 2", "maximum-prefix 100", "maximum-prefix 2 warning-only"}}
	BY_FAMILY(AT_PEER_IPV4, "ipv4"),
	BY_FAMILY(AT_PEER_IPV6, "ipv6"),
	BY_FAMILY(AT_PEER_EVPN, "evpn"),
#define FAMILY(at) \
	{at, "next-hop-self", 0, BOTH("no next-hop-self"), {"next-hop-self", "next-hop-self force"}}, \
	{at, "reflector", 0, BOTH("no route-reflector-client"), {"route-reflector-client"}}, \
	{at, "soft", 0, BOTH("no soft-reconfiguration inbound"), {"soft-reconfiguration inbound"}}, \
	{at, "unchanged", 0, NONE, {"attribute-unchanged next-hop", "attribute-unchanged", "attribute-unchanged as-path med"}}, \
	{at, "allowas-in", 0, NONE, {"allowas-in", "allowas-in 1", "allowas-in 3", "allowas-in origin"}}, \
	{at, "private", 0, BOTH("no remove-private-AS"), {"remove-private-AS", "remove-private-AS all", "remove-private-AS all replace-AS"}}, \
	{at, "override", 0, BOTH("no as-override"), {"as-override"}}, \
	{at, "communities", 0, NONE, {"send-community", "no send-community", "no send-community extended", "send-community both"}}, \
	{at, "server", 0, BOTH("no route-server-client"), {"route-server-client"}}, \
	{at, "map in", 0, NONE, {"route-map M1 in", "route-map M2 in", "route-map M4 in", "route-map MISSING in"}}, \
	{at, "weight", 0, NONE, {"weight 5", "weight 9"}}, \
	{at, "map out", 0, NONE, {"route-map M1 out", "route-map M2 out", "route-map MISSING out"}}
	FAMILY(AT_PEER_IPV4),
	FAMILY(AT_PEER_IPV6),
	FAMILY(AT_PEER_EVPN),

	{AT_IPV4, "network 1", OFTEN, NONE, {"network 10.0.0.1/32", "network 10.0.0.1/32 route-map M3"}},
	{AT_PEER_IPV4, "list in", 0, NONE, {"prefix-list P in", "prefix-list MISSING in"}},
	{AT_PEER_IPV4, "list out", 0, NONE, {"prefix-list P out"}},
	{AT_PEER_IPV4, "default", 0, BOTH("no default-originate"), {"default-originate", "default-originate route-map M3"}},
	{AT_IPV4, "redistribute", 0, NONE, {"redistribute connected", "redistribute connected route-map M4"}},
	{AT_IPV4, "redistribute static", 0, NONE, {"redistribute static", "redistribute static route-map M4"}},
	{AT_BGP, "shutdown", 0, NONE, {"bgp graceful-shutdown"}},
	{AT_IPV4, "network 2", 0, NONE, {"network 10.0.1.0/24", "network 10.0.1.0/24 route-map M1"}},
	{AT_IPV4, "network 3", 0, NONE, {"network 203.0.113.0/24", "network 203.0.113.0/24 route-map M3"}},
	{AT_IPV4, "paths", 0, BOTH("maximum-paths 64"), {"maximum-paths 1", "maximum-paths 2"}},
	{AT_IPV4, "paths ibgp", 0, BOTH("maximum-paths ibgp 64"), {"maximum-paths ibgp 1"}},
	{AT_IPV6, "network 1", 0, NONE, {"network 2001:db8:1::/64", "network 2001:db8:1::/64 route-map M2"}},
	{AT_IPV6, "network 2", 0, NONE, {"network 2001:db8:77:4::/64"}},
	{AT_IPV6, "paths", 0, BOTH("maximum-paths 64"), {"maximum-paths 1"}},

	{AT_EVPN, "all-vni", OFTEN, BOTH("no advertise-all-vni"), {"advertise-all-vni"}},
	{AT_EVPN, "autort", 0, BOTH("autort as $"), {"autort as 64999"}},
	{AT_EVPN, "default-gw", 0, BOTH("no advertise-default-gw"), {"advertise-default-gw"}},
	{AT_EVPN, "svi-ip", 0, BOTH("no advertise-svi-ip"), {"advertise-svi-ip"}},
	{AT_EVPN, "duplicates", 0, BOTH("dup-addr-detection"), {"no dup-addr-detection"}},
	{AT_EVPN, "moves", 0, BOTH("dup-addr-detection max-moves 5 time 180"), {"dup-addr-detection max-moves 7 time 60"}},
	{AT_EVPN, "freeze", 0, NONE, {"dup-addr-detection freeze permanent", "dup-addr-detection freeze 60"}},
	{AT_EVPN, "flooding", 0, BOTH("flooding head-end-replication"), {"flooding disable"}},
	{AT_VNI, "rd", 0, NONE, {"rd 10.0.0.1:@", "rd 65001:88@"}},
	{AT_VNI, "import", 0, NONE, {"route-target import 65002:@", "route-target import 65004:@"}},
	{AT_VNI, "export", 0, NONE, {"route-target export 65001:7@", "route-target export 65001:8@"}},
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct neighbor neighbors[NEIGHBORS] = {
    {"10.0.1.2", false, 65002},
    {"10.0.2.2", false, 65001},
    {"2001:db8:1::2", false, 65003},
    {"eth4", true, 65004},
    {"eth5", true, 65005},
};

#define GROUP_COUNT 2
#define OWNERS (NEIGHBORS + GROUP_COUNT)
static const char *const groups[GROUP_COUNT] = {"G1", "G2"};
static const char *const interfaces[] = {"eth4", "irb-99", "lo"};
static const char *const vnis[] = {"10099", "10200"};
#define INTERFACES (sizeof(interfaces) / sizeof(interfaces[0]))
#define VNIS (sizeof(vnis) / sizeof(vnis[0]))

uint32_t dice_below(struct dice *d, uint32_t limit)
{
	uint64_t z = (d->state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) % limit);
}

static bool chance(struct dice *d, uint32_t percent)
{
	return dice_below(d, 100) < percent;
}

/* ---- slots --------------------------------------------------------------------------------- */

static size_t owner_count(const struct row *r)
{
	switch (r->place) {
	case AT_PEER:
	case AT_PEER_IPV4:
	case AT_PEER_IPV6:
	case AT_PEER_EVPN:
		return OWNERS;
	case AT_INTERFACE:
		return INTERFACES;
	case AT_VNI:
		return VNIS;
	case AT_TOP:
	case AT_BGP:
	case AT_IPV4:
	case AT_IPV6:
	case AT_EVPN:
	case AT_AS:
		return 1;
	}
	return 0;
}

static bool is_peer_row(const struct row *r)
{
	return r->place >= AT_PEER && r->place <= AT_PEER_EVPN;
}

size_t slot_count(void)
{
	size_t n = 0;

	for (size_t r = 0; r < ROWS; r++)
		n += owner_count(&rows[r]);
	check(n <= SLOTS_MAX);
	return n;
}

/* Slots of a row stand together, rows in order. */
static size_t slot_of(const struct row *row, size_t owner)
{
	size_t n = 0;

	for (const struct row *r = rows; r < row; r++)
		n += owner_count(r);
	return n + owner;
}

static const struct row *slot_row(size_t slot, size_t *owner)
{
	for (size_t r = 0; r < ROWS; r++) {
		size_t n = owner_count(&rows[r]);

		*owner = slot;
		if (slot < n)
			return &rows[r];
		slot -= n;
	}
	check(false);
	return NULL;
}

static const char *owner_name(const struct row *r, size_t owner)
{
	if (is_peer_row(r))
		return owner < NEIGHBORS ? neighbors[owner].name : groups[owner - NEIGHBORS];
	if (r->place == AT_INTERFACE)
		return interfaces[owner];
	return r->place == AT_VNI ? vnis[owner] : "";
}

static bool row_fits(const struct row *r, size_t owner)
{
	unsigned where = r->flags & (NUMBERED | UNNUMBERED | GROUPS);
	unsigned is = owner >= NEIGHBORS	    ? GROUPS
		      : neighbors[owner].unnumbered ? UNNUMBERED
						    : NUMBERED;

	return !is_peer_row(r) || where == 0 || (where & is) != 0;
}

static size_t value_count(const struct row *r)
{
	size_t n = 0;

	while (n < VALUES_MAX && r->values[n] != NULL)
		n++;
	return n;
}

/* Values count from 1; behind them stand the defaults, of both profiles. */
static const char *value_text(const struct row *r, uint8_t value)
{
	size_t n = value_count(r);

	return value == 0 ? NULL : value <= n ? r->values[value - 1] : r->defaults[value - n - 1];
}

size_t slot_statement(size_t slot)
{
	size_t owner;

	return (size_t)(slot_row(slot, &owner) - rows);
}

void slot_text(size_t slot, struct str *out)
{
	size_t owner;
	const struct row *r = slot_row(slot, &owner);

	str_addf(out, "%s / %s", owner_name(r, owner), r->key);
}

/* ---- what holds ---------------------------------------------------------------------------- */

static const struct row *row_find(enum place place, const char *key)
{
	for (size_t r = 0; r < ROWS; r++)
		if (rows[r].place == place && strcmp(rows[r].key, key) == 0)
			return &rows[r];
	return NULL;
}

static const char *chosen(const struct choice *c, const struct row *r, size_t owner)
{
	return value_text(r, c->value[slot_of(r, owner)]);
}

enum profile choice_profile(const struct choice *c)
{
	const char *text = chosen(c, row_find(AT_TOP, "profile"), 0);

	return text != NULL && strstr(text, "datacenter") != NULL ? DATACENTER : TRADITIONAL;
}

static const char *own_as(const struct choice *c)
{
	const char *text = chosen(c, row_find(AT_AS, "as"), 0);

	return text != NULL ? text : "65001";
}

/* The owner number of the neighbor's group; OWNERS: none. */
static size_t group_of(const struct choice *c, size_t neighbor)
{
	const char *text = chosen(c, row_find(AT_PEER, "peer-group"), neighbor);

	for (size_t g = 0; text != NULL && g < GROUP_COUNT; g++)
		if (strcmp(strchr(text, ' ') + 1, groups[g]) == 0)
			return NEIGHBORS + g;
	return OWNERS;
}

/* A TTL of its own beside one of its group may contradict it: then it does not speak. */
static const char *peer_says(const struct choice *c, const struct row *r, size_t owner)
{
	const struct row *of_group = r;
	size_t group = owner < NEIGHBORS ? group_of(c, owner) : OWNERS;

	if (strcmp(r->key, "ttl") == 0 && group < OWNERS) {
		while (!row_fits(of_group, group))
			of_group++;
		if (chosen(c, of_group, group) != NULL)
			return NULL;
	}
	return chosen(c, r, owner);
}

static const char *meaning(const char *text)
{
	const char *bar = strchr(text, '|');

	return bar == NULL ? text : bar + 1;
}

/* What a neighbor or group itself says; NULL nothing. */
static const char *said(const struct choice *c, size_t owner, const char *key)
{
	for (size_t r = 0; owner < OWNERS && r < ROWS; r++) {
		const char *text;

		if (!is_peer_row(&rows[r]) || strcmp(rows[r].key, key) != 0 ||
		    !row_fits(&rows[r], owner))
			continue;
		text = peer_says(c, &rows[r], owner);
		if (text != NULL)
			return text;
	}
	return NULL;
}

static const char *default_of(const struct choice *c, size_t neighbor, const char *key)
{
	for (size_t r = 0; r < ROWS; r++)
		if (is_peer_row(&rows[r]) && strcmp(rows[r].key, key) == 0 &&
		    row_fits(&rows[r], neighbor))
			return rows[r].defaults[choice_profile(c)];
	return NULL;
}

const char *choice_effect(const struct choice *c, size_t neighbor, const char *key)
{
	const struct row *bgp = row_find(AT_BGP, key), *top = row_find(AT_TOP, key);
	const char *text = said(c, neighbor, key);

	if (text == NULL)
		text = said(c, group_of(c, neighbor), key);
	if (text == NULL && bgp != NULL)
		text = chosen(c, bgp, 0);
	if (text == NULL && top != NULL)
		text = chosen(c, top, 0);
	if (text == NULL)
		text = default_of(c, neighbor, key);
	return text == NULL ? NULL : meaning(text);
}

bool choice_has(const struct choice *c, size_t neighbor)
{
	return choice_effect(c, neighbor, "remote-as") != NULL &&
	       (!neighbors[neighbor].unnumbered || said(c, neighbor, "interface") != NULL);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* iBGP sends with the full TTL whatever `ebgp-multihop` says. */
static bool is_internal(const struct choice *c, size_t neighbor)
{
	const char *as = choice_effect(c, neighbor, "remote-as");
	const char *local = choice_effect(c, neighbor, "local-as");
	char own[16], number[16];

	snprintf(own, sizeof(own), "%s", local != NULL ? strrchr(local, ' ') + 1 : own_as(c));
	snprintf(number, sizeof(number), "%u", neighbors[neighbor].as);
	return as != NULL && (strcmp(as, "remote-as internal") == 0 ||
				 (strcmp(as, "remote-as @") == 0 && strcmp(own, number) == 0));
}

static bool matters(const struct row *r, size_t neighbor)
{
	return (r->flags & SESSION) != 0 && (!is_peer_row(r) || row_fits(r, neighbor));
}

static const char *session_effect(const struct choice *c, size_t neighbor, const char *key)
{
	const char *text = choice_effect(c, neighbor, key);

	if (text != NULL && strncmp(text, "ebgp-multihop", 13) == 0 && is_internal(c, neighbor))
		return "internal";
	return text;
}

/* Whose very purpose is to end a session. */
static bool may_overflow(const struct choice *c, size_t neighbor)
{
	static const char *const keys[] = {"ipv4 limit", "ipv6 limit", "evpn limit"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *text = choice_effect(c, neighbor, keys[i]);

		if (text != NULL && strcmp(text, "maximum-prefix 2") == 0)
			return true;
	}
	return false;
}

bool choice_may_reset(
    const struct choice *from, const struct choice *to, size_t neighbor, const char **why)
{
	for (size_t r = 0; r < ROWS; r++) {
		*why = rows[r].key;
		if (!matters(&rows[r], neighbor))
			continue;
		if (rows[r].place == AT_AS) {
			if (strcmp(own_as(from), own_as(to)) != 0)
				return true;
		} else if (!same_text(session_effect(from, neighbor, rows[r].key),
			       session_effect(to, neighbor, rows[r].key))) {
			return true;
		}
	}
	*why = "maximum-prefix";
	return may_overflow(to, neighbor);
}

/* The same statement, if the group has it. */
static bool group_says(const struct choice *c, const struct row *row, size_t group)
{
	for (size_t r = 0; group < OWNERS && r < ROWS; r++)
		if (rows[r].place == row->place && strcmp(rows[r].key, row->key) == 0 &&
		    row_fits(&rows[r], group) && chosen(c, &rows[r], group) != NULL)
			return true;
	return false;
}

static bool level_says(const struct choice *c, enum place place, const char *key)
{
	const struct row *r = row_find(place, key);

	return r != NULL && chosen(c, r, 0) != NULL;
}

uint8_t slot_default(const struct choice *c, size_t slot)
{
	size_t owner;
	const struct row *r = slot_row(slot, &owner);
	enum profile p = choice_profile(c);

	if (r->defaults[p] == NULL || !row_fits(r, owner) || c->value[slot] != 0)
		return 0;
	if (is_peer_row(r) && (level_says(c, AT_BGP, r->key) || level_says(c, AT_TOP, r->key)))
		return 0;
	if (is_peer_row(r) && owner < NEIGHBORS && group_says(c, r, group_of(c, owner)))
		return 0;
	if (r->place == AT_BGP && level_says(c, AT_TOP, r->key))
		return 0;
	return (uint8_t)(value_count(r) + p + 1);
}

/* ---- making -------------------------------------------------------------------------------- */

static uint8_t value_make(const struct choice *c, const struct row *r, struct dice *d)
{
	const char *standard = r->defaults[choice_profile(c)];
	size_t n = value_count(r);
	uint8_t value = (uint8_t)(1 + dice_below(d, (uint32_t)n + (standard != NULL)));

	return value <= n ? value : (uint8_t)(n + 1 + choice_profile(c));
}

static void slot_make(struct choice *c, size_t slot, uint32_t percent, struct dice *d)
{
	size_t owner;
	const struct row *r = slot_row(slot, &owner);

	if ((r->flags & OFTEN) != 0)
		percent = 80;
	c->value[slot] = 0;
	if (row_fits(r, owner) && chance(d, percent))
		c->value[slot] = value_make(c, r, d);
}

struct choice choice_empty(enum profile profile)
{
	struct choice c = {{0}};

	c.value[slot_of(row_find(AT_TOP, "profile"), 0)] = profile == DATACENTER ? 1 : 0;
	return c;
}

/* The profile stands in the first slot: what is written out as default depends on it. */
void choice_make(struct choice *c, struct dice *d)
{
	static const uint32_t percents[] = {3, 10, 25};
	uint32_t percent = percents[dice_below(d, 3)];

	*c = choice_empty(chance(d, 50) ? DATACENTER : TRADITIONAL);
	for (size_t slot = 1; slot < slot_count(); slot++)
		slot_make(c, slot, percent, d);
}

void choice_make_room(struct choice *c, struct dice *d)
{
	for (size_t slot = 1; slot < slot_count(); slot++) {
		size_t owner;
		const struct row *r = slot_row(slot, &owner);

		if (r->defaults[choice_profile(c)] != NULL && chance(d, 60))
			c->value[slot] = 0;
	}
}

void choice_change(const struct choice *from, struct choice *to, struct dice *d)
{
	size_t changes = 1 + dice_below(d, chance(d, 70) ? 3 : 20);

	if (chance(d, 10)) {
		choice_make(to, d);
		return;
	}
	*to = *from;
	while (changes-- > 0) {
		size_t slot = dice_below(d, (uint32_t)slot_count());

		slot_make(to, slot, from->value[slot] == 0 ? 100 : 50, d);
	}
}

/* ---- text ---------------------------------------------------------------------------------- */

static void add_text(const struct choice *c, const char *text, const char *at, struct str *out)
{
	for (; *text != '\0' && *text != '|'; text++) {
		if (*text == '@')
			str_add(out, at);
		else if (*text == '$')
			str_add(out, own_as(c));
		else
			str_add_bytes(out, text, 1);
	}
	str_add(out, "\n");
}

static void add_peer_text(
    const struct choice *c, size_t owner, const char *text, const char *indent, struct str *out)
{
	bool no = strncmp(text, "no ", 3) == 0;
	char as[16];

	snprintf(as, sizeof(as), "%u", owner < NEIGHBORS ? neighbors[owner].as : 65002);
	str_addf(out, "%s%sneighbor %s ", indent, no ? "no " : "",
	    owner < NEIGHBORS ? neighbors[owner].name : groups[owner - NEIGHBORS]);
	add_text(c, no ? text + 3 : text, as, out);
}

static void add_peers(const struct choice *c, enum place place, const char *indent, struct str *out)
{
	for (size_t r = 0; r < ROWS; r++)
		for (size_t o = 0; rows[r].place == place && o < OWNERS; o++) {
			const char *text = peer_says(c, &rows[r], o);

			if (text != NULL && (o >= NEIGHBORS || choice_has(c, o)))
				add_peer_text(c, o, text, indent, out);
		}
}

static void add_plain(const struct choice *c, enum place place, size_t owner, const char *at,
    const char *indent, struct str *out)
{
	for (size_t r = 0; r < ROWS; r++) {
		const char *text = rows[r].place == place ? chosen(c, &rows[r], owner) : NULL;

		if (text == NULL)
			continue;
		str_add(out, indent);
		add_text(c, text, at, out);
	}
}

static void add_family(
    const struct choice *c, const char *name, enum place plain, enum place peers, struct str *out)
{
	str_addf(out, " address-family %s\n", name);
	add_plain(c, plain, 0, "", "  ", out);
	add_peers(c, peers, "  ", out);
	for (size_t v = 0; plain == AT_EVPN && v < VNIS; v++) {
		str_addf(out, "  vni %s\n", vnis[v]);
		add_plain(c, AT_VNI, v, vnis[v], "   ", out);
		str_add(out, "  exit-vni\n");
	}
	str_add(out, " exit-address-family\n");
}

void choice_text(const struct choice *c, struct str *out)
{
	add_plain(c, AT_TOP, 0, "", "", out);
	for (size_t i = 0; i < INTERFACES; i++) {
		char at[2] = {(char)('1' + i), '\0'};

		str_addf(out, "interface %s\n", interfaces[i]);
		add_plain(c, AT_INTERFACE, i, at, " ", out);
		str_add(out, "exit\n");
	}
	str_addf(out, "router bgp %s\n", own_as(c));
	for (size_t g = 0; g < GROUP_COUNT; g++)
		str_addf(out, " neighbor %s peer-group\n", groups[g]);
	add_plain(c, AT_BGP, 0, "", " ", out);
	add_peers(c, AT_PEER, " ", out);
	add_family(c, "ipv4 unicast", AT_IPV4, AT_PEER_IPV4, out);
	add_family(c, "ipv6 unicast", AT_IPV6, AT_PEER_IPV6, out);
	add_family(c, "l2vpn evpn", AT_EVPN, AT_PEER_EVPN, out);
	str_add(out, "exit\n");
}
