/*
 * ctl: commands against a made-up speaker and a made-up host, whose views are defined here: layout
 * of tables as FRR 8.4 printed them, JSON field names, explanations, refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json.h>

#include "bgp/extcomm.h"
#include "ctl/ctl.h"

/* ---- the made-up speaker ---- */

static struct bgp_peer_view peers[2];
static struct attrs local_attrs, remote_attrs;
static struct extcomm communities[2];
static const uint8_t path_65002[] = {2, 1, 0, 0, 0xfd, 0xea};

bool bgp_peer_at(const struct bgp *b, size_t index, struct bgp_peer_view *view)
{
	(void)b;
	if (index >= 2)
		return false;
	*view = peers[index];
	return true;
}

#define NOW ((mono_t){1000 * 1000000000ll})

/* One that is up, one that is away and may come back. */
bool bgp_restart_at(const struct bgp *b, size_t index, struct bgp_restart_view *v)
{
	(void)b;
	*v = (struct bgp_restart_view){.name = "10.0.0.2",
	    .established = true,
	    .remote = true,
	    .remote_families = true,
	    .notification = true,
	    .remote_restart_s = 8,
	    .back_by = MONO_NEVER,
	    .stale_end = MONO_NEVER};
	for (size_t f = 0; f < BGP_FAMILIES; f++)
		v->family[f].long_lived_end = MONO_NEVER;
	v->family[BGP_IPV4_UNICAST].negotiated = v->family[BGP_IPV4_UNICAST].forwarding_kept = true;
	v->family[BGP_IPV4_UNICAST].end_of_rib_sent = true;
	v->family[BGP_IPV4_UNICAST].end_of_rib_received = true;
	if (index == 0)
		return true;
	*v = (struct bgp_restart_view){.name = "10.0.0.77",
	    .mode = GRACEFUL_RESTART_ON,
	    .own_mode = true,
	    .back_by = mono_add_ms(NOW, 5500),
	    .stale_end = mono_add_s(NOW, 300)};
	v->family[BGP_IPV4_UNICAST].long_lived_end = MONO_NEVER;
	v->family[BGP_IPV6_UNICAST].long_lived_end = MONO_NEVER;
	v->family[BGP_IPV4_UNICAST].retention = RETENTION_STALE;
	v->family[BGP_L2VPN_EVPN].retention = RETENTION_LLGR;
	v->family[BGP_L2VPN_EVPN].long_lived_end = mono_add_s(NOW, 77);
	return index == 1;
}

static struct neighbor_settings neighbor_settings[2];
static struct open their_open;

bool bgp_neighbor_at(const struct bgp *b, size_t index, struct bgp_neighbor_view *v)
{
	(void)b;
	*v = (struct bgp_neighbor_view){.settings = &neighbor_settings[index],
	    .ours = {.as4 = true, .hostname = "here"},
	    .last_read = MONO_NEVER,
	    .last_write = MONO_NEVER,
	    .last_update = MONO_NEVER,
	    .connect_at = MONO_NEVER,
	    .reset = {.at = mono_add_s(NOW, -70),
		.by = BGP_RESET_SENT,
		.code = 6,
		.subcode = 2,
		.why = "Admin. shutdown"}};
	v->sent[MESSAGE_OPEN] = 1;
	v->received[MESSAGE_ROUTE_REFRESH] = 4;
	if (index == 0) {
		v->theirs = &their_open;
		v->local = ip_from_u32(0x0a000001);
		v->remote = v->next_hop_v4 = ip_from_u32(0x0a000002);
		v->last_read = mono_add_s(NOW, -3);
	}
	return index < 2;
}

struct ip bgp_router_id(const struct bgp *b)
{
	(void)b;
	return ip_from_u32(0x0a000001);
}

uint32_t bgp_default_local_pref(const struct bgp *b)
{
	(void)b;
	return 100;
}

bool bgp_update_delayed(const struct bgp *b)
{
	(void)b;
	return false;
}

uint32_t bgp_as(const struct bgp *b)
{
	(void)b;
	return 65001;
}

static struct {
	char peer[40];
	bool families[BGP_FAMILIES];
	enum bgp_clear kind;
} bgp_cleared;

size_t bgp_clear(struct bgp *b, const char *peer, const bool families[BGP_FAMILIES],
    enum bgp_clear kind, mono_t now, const char **refused)
{
	(void)b;
	(void)now;
	snprintf(bgp_cleared.peer, sizeof(bgp_cleared.peer), "%s", peer == NULL ? "all" : peer);
	memcpy(bgp_cleared.families, families, sizeof(bgp_cleared.families));
	bgp_cleared.kind = kind;
	*refused = families[BGP_IPV6_UNICAST] && !families[BGP_IPV4_UNICAST] ? peer : NULL;
	return peer == NULL || strcmp(peer, "10.0.0.2") == 0;
}

size_t bgp_dest_count(const struct bgp *b, enum bgp_family family)
{
	(void)b;
	return family == BGP_L2VPN_EVPN ? 3 : 1;
}

static void visit_one(const char *prefix, bool denied, void *context, bgp_visit *visit)
{
	struct nlri n = {.family = BGP_IPV4_UNICAST};
	struct bgp_dest_route r = {
	    .route = {.attrs = &remote_attrs}, .peer = "10.0.0.2", .valid = true, .denied = denied};

	prefix_parse(prefix, &n.prefix);
	visit(context, &n, &r, 1);
}

bool bgp_walk_received(const struct bgp *b, const char *peer, enum bgp_family family,
    struct arena *arena, void *context, bgp_visit *visit)
{
	(void)b;
	(void)arena;
	assert_string_equal(peer, "10.0.0.2");
	if (family != BGP_IPV4_UNICAST)
		return false;
	visit_one("10.8.0.0/16", false, context, visit);
	visit_one("10.9.0.0/16", true, context, visit);
	return true;
}

bool bgp_walk_advertised(const struct bgp *b, const char *peer, enum bgp_family family,
    struct arena *arena, void *context, bgp_visit *visit)
{
	(void)b;
	(void)arena;
	(void)family;
	assert_string_equal(peer, "10.0.0.2");
	visit_one("10.8.0.0/16", false, context, visit);
	return true;
}

static struct nlri evpn_nlri(uint8_t type, uint32_t router)
{
	struct nlri n = {.family = BGP_L2VPN_EVPN, .evpn = {.type = type}};
	struct ip ip = ip_from_u32(router);

	n.evpn.rd = rd_from_ip(&ip, 2);
	mac_parse("02:00:00:00:00:22", &n.evpn.mac);
	if (type == EVPN_IMET)
		n.evpn.ip = ip;
	return n;
}

void bgp_walk(const struct bgp *b, enum bgp_family family, struct arena *arena, void *context,
    void (*visit)(
	void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count))
{
	const struct bgp_dest_route mine = {
	    .route = {.attrs = &local_attrs, .local = true}, .best = true, .valid = true};
	struct bgp_dest_route theirs = {.route = {.attrs = &remote_attrs,
					    .ebgp = true,
					    .peer_address = ip_from_u32(0x0a000002)},
	    .peer = "10.0.0.2",
	    .best = true,
	    .valid = true};
	struct nlri n;

	(void)b;
	(void)arena;
	if (family == BGP_L2VPN_EVPN) { /* by type first, as the RIB keeps them */
		n = evpn_nlri(EVPN_MAC_IP, 0x0a000002);
		visit(context, &n, &theirs, 1);
		n = evpn_nlri(EVPN_IMET, 0x0a000001);
		visit(context, &n, &mine, 1);
		n = evpn_nlri(EVPN_IMET, 0x0a000002);
		visit(context, &n, &theirs, 1);
	} else if (family == BGP_IPV4_UNICAST) {
		struct bgp_dest_route both[] = {mine, theirs};

		both[1].best = false;
		both[1].step = "Local Route";
		n = (struct nlri){.family = family};
		prefix_parse("10.0.0.0/24", &n.prefix);
		visit(context, &n, both, 2);
	}
}

static struct nexthop a_nexthop;

size_t bgp_nexthops(const struct bgp *b, struct arena *arena, const struct nexthop ***list)
{
	(void)b;
	*list = arena_new(arena, sizeof(**list));
	**list = &a_nexthop;
	return 1;
}

/* ---- the made-up host: VNI 99, one pinned MAC that is contested, one remote ---- */

static struct fdb_slot fdb;
static struct evpn_mac_view macs[2];
static struct ip vtep;
static struct evpn_counters counters = {.kernel = {.repaired = 7}};
static unsigned reclaimed;

bool evpn_vni_at(const struct evpn *v, size_t index, struct evpn_vni_view *view)
{
	(void)v;
	if (index > 0)
		return false;
	*view = (struct evpn_vni_view){.vni = {99},
	    .vxlan = {4},
	    .bridge = {3},
	    .svi = {3},
	    .vlan = 10,
	    .vtep = ip_from_u32(0x0a000001),
	    .active = true,
	    .mac_count = 2,
	    .arp_count = 1,
	    .remote_vteps = &vtep,
	    .remote_vtep_count = 1};
	return true;
}

void evpn_walk_macs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_mac_view *mac))
{
	(void)v;
	(void)arena;
	for (size_t i = 0; i < 2; i++)
		if (vni.v == 0 || vni.v == 99)
			visit(context, &macs[i]);
}

bool evpn_mac_get(
    const struct evpn *v, vni_t vni, const struct mac *mac, struct evpn_mac_view *view)
{
	(void)v;
	for (size_t i = 0; i < 2; i++)
		if (vni.v == 99 && mac_equal(mac, &macs[i].mac)) {
			*view = macs[i];
			return true;
		}
	return false;
}

size_t evpn_mac_remotes(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_remote_view **routes)
{
	struct evpn_remote_view *r = arena_new(arena, 2 * sizeof(*r));

	(void)v;
	(void)vni;
	(void)mac;
	r[0] = (struct evpn_remote_view){
	    .vtep = vtep, .sequence = 3, .sticky = true, .has_mobility = true, .step = "best"};
	r[1] = (struct evpn_remote_view){
	    .vtep = ip_from_u32(0x0a000003), .step = "plain behind sticky"};
	*routes = r;
	return 2;
}

size_t evpn_mac_history(const struct evpn *v, vni_t vni, const struct mac *mac, struct arena *arena,
    struct evpn_transition **transitions)
{
	struct evpn_transition *t = arena_new(arena, sizeof(*t));

	(void)v;
	(void)vni;
	(void)mac;
	t->at = (mono_t){3723 * 1000000000ll + 45000000};
	t->writer = 4711;
	snprintf(t->text, sizeof(t->text), "local claim pinned on tap0");
	*transitions = t;
	return 1;
}

void evpn_walk_neighs(const struct evpn *v, vni_t vni, struct arena *arena, void *context,
    void (*visit)(void *context, const struct evpn_neigh_view *neigh))
{
	struct evpn_neigh_view n = {.vni = {99},
	    .ip = ip_from_u32(0xc0a80965),
	    .mac = macs[0].mac,
	    .local = true,
	    .pinned = true,
	    .status = SLOT_FOREIGN};

	(void)v;
	(void)arena;
	if (vni.v == 0 || vni.v == 99)
		visit(context, &n);
}

struct evpn_counters *evpn_counters(struct evpn *v)
{
	(void)v;
	return &counters;
}

bool evpn_reclaim(struct evpn *v, const struct mac *mac, vni_t vni, mono_t now)
{
	(void)v;
	(void)mac;
	(void)vni;
	(void)now;
	reclaimed++;
	return true;
}

static uint32_t released_s;

unsigned evpn_release(
    struct evpn *v, const struct mac *mac, vni_t vni, uint32_t seconds, mono_t now)
{
	(void)v;
	(void)now;
	released_s = seconds;
	return mac->b[5] == 0x22 && (vni.v == 0 || vni.v == 99);
}

static char cleared[64];

unsigned evpn_clear_duplicates(
    struct evpn *v, vni_t vni, const struct mac *mac, const struct ip *ip, mono_t now)
{
	(void)v;
	(void)now;
	snprintf(cleared, sizeof(cleared), "%u %d %d", vni.v, mac != NULL ? mac->b[5] : -1,
	    ip != NULL ? ip->b[3] : -1);
	return mac != NULL && mac->b[5] == 9 ? 0 : 2;
}

unsigned evpn_remove_orphans(struct evpn *v, mono_t now)
{
	(void)v;
	(void)now;
	return 3;
}

/* ---- the bench ---- */

static struct arena arena;
static struct mirror *mirror;
static struct audit audit;
static struct config *config;

static void ignore(void *context, const struct kernel_event *event)
{
	(void)context;
	(void)event;
}

static void add_link(uint32_t ifindex, const char *name)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link.ifindex = (ifindex_t){ifindex};
	snprintf(e.link.name, sizeof(e.link.name), "%s", name);
	mirror_apply(mirror, &e, ignore, NULL);
}

static void add_links(void)
{
	add_link(3, "br0");
	add_link(4, "vx99");
	add_link(6, "tap0");
}

static void make_peers(void)
{
	peers[0] = (struct bgp_peer_view){.name = "10.0.0.2",
	    .hostname = "vm",
	    .description = "",
	    .address = ip_from_u32(0x0a000002),
	    .remote_as = 65002,
	    .local_as = 65001,
	    .ebgp = true,
	    .state = BGP_ESTABLISHED,
	    .state_since = {992 * 1000000000ll},
	    .msg_received = 9,
	    .msg_sent = 9,
	    .established_count = 1,
	    .activated = {true, false, true},
	    .negotiated = {true, false, true},
	    .prefixes_received = {1, 0, 1},
	    .prefixes_sent = {1, 0, 2}};
	peers[1] = (struct bgp_peer_view){.name = "10.0.0.77",
	    .activated = {true, false, false},
	    .hostname = "",
	    .description = "a far peer",
	    .address = ip_from_u32(0x0a00004d),
	    .remote_as = 65077,
	    .local_as = 65001,
	    .ebgp = true,
	    .state = BGP_ACTIVE,
	    .state_reason = "Connection refused"};
}

static void make_macs(void)
{
	vtep = ip_from_u32(0x0a000002);
	fdb =
	    (struct fdb_slot){.slot = {.present = true}, .entry = {.port = {6}, .nud = NUD_NOARP}};
	macs[0] = (struct evpn_mac_view){.vni = {99},
	    .claim = {.kind = CLAIM_PINNED},
	    .port = {6},
	    .generation = 2,
	    .remote = {.kind = REMOTE_STICKY, .sequence = 3, .highest_sequence = 3, .vtep = vtep},
	    .memory = {.own_valid = true, .own = 1, .floor_valid = true, .floor = 3},
	    .decision = {.row = ROW_PINNED, .advertise = true, .sequence = 1, .contested = true},
	    .contested_since = {988 * 1000000000ll},
	    .fdb_status = SLOT_FOREIGN,
	    .fdb = &fdb,
	    .local_sequence = 1,
	    .remote_sequence = 3};
	mac_parse("02:00:00:00:00:01", &macs[0].mac);
	macs[1] = (struct evpn_mac_view){.vni = {99},
	    .remote = {.kind = REMOTE_STICKY, .vtep = vtep},
	    .decision = {.row = ROW_REMOTE, .wish = WISH_REMOTE},
	    .contested_since = MONO_NEVER};
	mac_parse("02:00:00:00:00:22", &macs[1].mac);
}

static int setup(void **state)
{
	struct statement_errors errors = {0};

	(void)state;
	communities[0] = extcomm_rt_as(65002, 99);
	communities[1] = extcomm_mac_mobility(0, true);
	local_attrs = (struct attrs){.next_hop = ip_from_u32(0x0a000001)};
	remote_attrs = (struct attrs){.next_hop = ip_from_u32(0x0a000002),
	    .as_path = path_65002,
	    .as_path_size = sizeof(path_65002),
	    .extcomms = communities,
	    .extcomm_count = 2};
	make_peers();
	make_macs();
	mirror = mirror_new(1);
	audit_init(&audit);
	audit_schedule(&audit, 300, (mono_t){900 * 1000000000ll});
	add_links();
	config = config_load("hostname h\nrouter bgp 65001\nneighbor 10.0.0.2 remote-as 65002\n"
			     "neighbor 10.0.0.77 remote-as 65077\naddress-family l2vpn evpn\n"
			     "neighbor 10.0.0.2 activate\nadvertise-all-vni\n",
	    &errors);
	assert_int_equal(errors.count, 0);
	statement_errors_fini(&errors);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(config);
	mirror_free(mirror);
	arena_fini(&arena);
	return 0;
}

static struct nexthops *nexthops;

static struct ctl_context context(void)
{
	return (struct ctl_context){.config = config,
	    .mirror = mirror,
	    .nexthops = nexthops,
	    .audit = &audit,
	    .fib_differences = 2,
	    .now = NOW,
	    .version = "1.2.3",
	    .arena = &arena};
}

static struct str run(const char *line, enum ctl_outcome wanted)
{
	struct ctl_context c = context();
	struct str out = {0};

	assert_int_equal(ctl_run(&c, line, &out), wanted);
	return out;
}

static void expect_text(const char *line, enum ctl_outcome wanted, const char *const *parts)
{
	struct str out = run(line, wanted);

	for (; *parts != NULL; parts++)
		if (strstr(str_text(&out), *parts) == NULL)
			fail_msg("`%s` lacks:\n%s\nin:\n%s", line, *parts, str_text(&out));
	str_fini(&out);
}

#define EXPECT(line, outcome, ...)                                                                 \
	expect_text(line, outcome, (const char *const[]){__VA_ARGS__, NULL})

/* A value by path, "peers/10.0.0.2/state"; keys may not contain `/`. */
static void expect_json(struct json_object *o, const char *path, const char *wanted)
{
	char key[64];

	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		if (json_object_is_type(o, json_type_array))
			o = json_object_array_get_idx(o, (size_t)(key[0] - '0'));
		else if (!json_object_object_get_ex(o, key, &o))
			fail_msg("no %s", key);
		path += n;
		path += *path == '/';
	}
	assert_string_equal(json_object_get_string(o), wanted);
}

static struct json_object *json_of(const char *line)
{
	struct str out = run(line, CTL_ACCEPTED);
	struct json_object *o = json_tokener_parse(str_text(&out));

	assert_non_null(o);
	str_fini(&out);
	return o;
}

static void test_bgp_summary(void **state)
{
	(void)state;
	EXPECT("show bgp summary", CTL_ACCEPTED,
	    "\nIPv4 Unicast Summary (VRF default):\n"
	    "BGP router identifier 10.0.0.1, local AS number 65001 vrf-id 0\n",
	    "Neighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down "
	    "State/PfxRcd   PfxSnt Desc\n"
	    "vm(10.0.0.2)    4      65002         9         9        0    0    0 00:00:08          "
	    "  1 "
	    "       1 N/A\n"
	    "10.0.0.77       4      65077         0         0        0    0    0    never       "
	    "Active "
	    "       0 a far peer\n"
	    "\nTotal number of neighbors 2\n"
	    "\n10.0.0.77: Connection refused\n"
	    "\nL2VPN EVPN Summary (VRF default):\n",
	    "Total number of neighbors 1\n");
}

/* Held down, or here by range. */
static void test_bgp_summary_states(void **state)
{
	struct json_object *o;

	(void)state;
	peers[1].overflowed = true;
	peers[1].dynamic = true;
	peers[1].state = BGP_IDLE;
	EXPECT("show bgp summary", CTL_ACCEPTED, "*10.0.0.77      4", " Idle (PfxCt) ",
	    "* - dynamic neighbor\n1 dynamic neighbor(s), limit 100\n");
	o = json_of("show bgp summary json");
	expect_json(o, "ipv4Unicast/peers/10.0.0.77/state", "Idle (PfxCt)");
	expect_json(o, "ipv4Unicast/peers/10.0.0.77/peerState", "PfxCt");
	expect_json(o, "ipv4Unicast/peers/10.0.0.77/dynamicPeer", "true");
	expect_json(o, "ipv4Unicast/dynamicPeers", "1");
	json_object_put(o);
	peers[1].shutdown = true;
	EXPECT("show bgp summary", CTL_ACCEPTED, " Idle (Admin) ");
	peers[0].disabled[BGP_IPV4_UNICAST] = true;
	EXPECT("show bgp summary", CTL_ACCEPTED,
	    "\n10.0.0.2: after an UPDATE with errors its routes are ignored");
	make_peers();
}

static void test_clear_bgp(void **state)
{
	static const struct {
		const char *line, *peer;
		bool ipv4, ipv6, evpn;
		enum bgp_clear kind;
	} cases[] = {
	    {"clear bgp *", "all", true, true, true, BGP_CLEAR_SESSION},
	    {"clear ip bgp 10.0.0.2", "10.0.0.2", true, true, true, BGP_CLEAR_SESSION},
	    {"clear bgp 10.0.0.2 soft", "10.0.0.2", true, true, true, BGP_CLEAR_BOTH},
	    {"clear bgp * soft in", "all", true, true, true, BGP_CLEAR_IN},
	    {"clear bgp * out", "all", true, true, true, BGP_CLEAR_OUT},
	    {"clear bgp ipv4 10.0.0.2 soft out", "10.0.0.2", true, false, false, BGP_CLEAR_OUT},
	    {"clear bgp ipv6 unicast * in", "all", false, true, false, BGP_CLEAR_IN},
	    {"clear bgp l2vpn evpn 10.0.0.2 soft", "10.0.0.2", false, false, true, BGP_CLEAR_BOTH},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		EXPECT(cases[i].line, CTL_ACCEPTED, "");
		assert_string_equal(bgp_cleared.peer, cases[i].peer);
		assert_int_equal(bgp_cleared.families[BGP_IPV4_UNICAST], cases[i].ipv4);
		assert_int_equal(bgp_cleared.families[BGP_IPV6_UNICAST], cases[i].ipv6);
		assert_int_equal(bgp_cleared.families[BGP_L2VPN_EVPN], cases[i].evpn);
		assert_int_equal(bgp_cleared.kind, cases[i].kind);
	}
	EXPECT("clear bgp 10.0.0.99", CTL_REFUSED, "There is no neighbor 10.0.0.99");
	EXPECT("clear bgp 10.0.0.2 hard", CTL_REFUSED, "%");
}

static void test_bgp_summary_json(void **state)
{
	struct json_object *o = json_of("show bgp summary json");

	(void)state;
	expect_json(o, "ipv4Unicast/routerId", "10.0.0.1");
	expect_json(o, "ipv4Unicast/failedPeers", "1");
	expect_json(o, "ipv4Unicast/peers/10.0.0.2/state", "Established");
	expect_json(o, "ipv4Unicast/peers/10.0.0.2/peerUptimeMsec", "8000");
	expect_json(o, "ipv4Unicast/peers/10.0.0.77/peerUptime", "never");
	expect_json(o, "ipv4Unicast/peers/10.0.0.77/desc", "a far peer");
	expect_json(o, "l2VpnEvpn/totalPeers", "1");
	expect_json(o, "l2VpnEvpn/peers/10.0.0.2/pfxSnt", "2");
	json_object_put(o);
	o = json_of("show bgp l2vpn evpn summary json");
	expect_json(o, "peers/10.0.0.2/remoteAs", "65002");
	json_object_put(o);
}

/* The first peer is FRR 8.4's text, but for a line of its own between the two End-of-RIB. */
static void test_bgp_graceful_restart(void **state)
{
	struct json_object *o;

	(void)state;
	EXPECT("show bgp neighbors graceful-restart", CTL_ACCEPTED,
	    "\nBGP neighbor is 10.0.0.2\n    Local GR Mode: Helper*\n    Remote GR Mode: Restart\n"
	    "    R bit: False\n    N bit: True\n    Timers:\n"
	    "      Configured Restart Time(sec): 120\n      Received Restart Time(sec): 8\n"
	    "    IPv4 Unicast:\n      F bit: True\n      End-of-RIB sent: Yes\n"
	    "      End-of-RIB received: Yes\n      Timers:\n"
	    "        Configured Stale Path Time(sec): 360\n\nBGP neighbor is 10.0.0.77\n"
	    "    Local GR Mode: Restart\n    Remote GR Mode: NotApplicable\n",
	    "      Restart Time Remaining(sec): 6\n", "      Retained: stale\n",
	    "        Stale Path Remaining(sec): 300\n", "      Retained: long-lived\n",
	    "        Long-lived Stale Remaining(sec): 77\n");
	o = json_of("show bgp ipv4 neighbors graceful-restart json");
	expect_json(o, "10.0.0.2/localGrMode", "Helper*");
	expect_json(o, "10.0.0.2/timers/receivedRestartTimer", "8");
	expect_json(o, "10.0.0.2/ipv4Unicast/endOfRibStatus/endOfRibRecv", "true");
	expect_json(o, "10.0.0.77/remoteGrMode", "NotApplicable");
	expect_json(o, "10.0.0.77/timers/restartTimerRemaining", "6");
	expect_json(o, "10.0.0.77/l2VpnEvpn/retained", "long-lived");
	expect_json(o, "10.0.0.77/l2VpnEvpn/timers/longLivedTimerRemaining", "77");
	json_object_put(o);
}

/* Lent until the next. */
static const char *accepted(const char *line)
{
	static char text[16384];
	struct str out = run(line, CTL_ACCEPTED);

	snprintf(text, sizeof(text), "%s", str_text(&out));
	str_fini(&out);
	return text;
}

static void assert_refused(const char *line, const char *why)
{
	struct str out = run(line, CTL_REFUSED);

	assert_non_null(strstr(str_text(&out), why));
	str_fini(&out);
}

static void test_neighbors(void **state)
{
	const char *text;

	(void)state;
	peers[0].established_count = 2;
	peers[1].description = "the second";
	peers[0].last_reset = peers[1].last_reset = "Notification sent: Cease";
	neighbor_settings[0].family[BGP_IPV4_UNICAST].route_map_in = "IN";
	neighbor_settings[1].passive = true;
	snprintf(their_open.hostname, sizeof(their_open.hostname), "there");
	text = accepted("show bgp neighbors");
	assert_non_null(strstr(text, "BGP neighbor is 10.0.0.2, remote AS 65002, local AS 65001"));
	assert_non_null(strstr(text, "  Last read 00:00:03, Last write never\n"));
	assert_non_null(strstr(text, "    Route Refresh:          0          4\n"));
	assert_non_null(strstr(text, "  Route map for incoming advertisements is *IN\n"));
	assert_non_null(strstr(text, "\nBGP neighbor is 10.0.0.77"));
	assert_null(strstr(accepted("show bgp neighbors 10.0.0.2"), "10.0.0.77,"));
	assert_refused("show bgp neighbors 10.9.9.9", "No such neighbor");
	assert_refused("show bgp vrf red neighbors", "BGP instance not found");
	text = accepted("show ip bgp neighbor 10.0.0.2 json");
	assert_non_null(strstr(text, "\"4byteAs\":\"advertised\""));
	assert_non_null(strstr(text, "\"lastErrorCodeSubcode\":\"0602\""));
	assert_non_null(strstr(text, "\"lastResetDueTo\":\"Admin. shutdown\""));
	assert_non_null(strstr(text, "\"rcvHostName\":\"there\""));
	neighbor_settings[0].family[BGP_IPV4_UNICAST].route_map_in = NULL;
}

static void test_neighbor_routes(void **state)
{
	const char *text;

	(void)state;
	text = accepted("show bgp ipv4 unicast neighbors 10.0.0.2 received-routes");
	assert_non_null(strstr(text, "*> 10.8.0.0/16"));
	assert_non_null(strstr(text, "Total number of prefixes 2 (1 filtered)\n"));
	text = accepted("show ip bgp neighbors 10.0.0.2 filtered-routes");
	assert_null(strstr(text, "10.8.0.0/16"));
	assert_non_null(strstr(text, "Total number of prefixes 1\n"));
	text = accepted("show bgp ipv4 neighbors 10.0.0.2 advertised-routes json");
	assert_non_null(strstr(text, "\"advertisedRoutes\""));
	assert_non_null(strstr(text, "\"totalPrefixCounter\":1"));
	assert_refused("show bgp ipv4 neighbors 10.9.9.9 routes", "No such neighbor");
	assert_refused("show bgp l2vpn evpn neighbors 10.0.0.2 received-routes",
	    "Inbound soft reconfiguration not enabled");
	/* only what came from there */
	text = accepted("show bgp ipv4 neighbors 10.0.0.2 routes");
	assert_non_null(strstr(text, "10.0.0.0/24"));
	assert_null(strstr(text, "32768"));
}

static void test_bgp_evpn(void **state)
{
	(void)state;
	EXPECT("show bgp l2vpn evpn", CTL_ACCEPTED,
	    "   Network          Next Hop            Metric LocPrf Weight Path\n"
	    "Route Distinguisher: 10.0.0.1:2\n"
	    "*> [3]:[0]:[32]:[10.0.0.1]\n"
	    "                    10.0.0.1                           32768 i\n"
	    "Route Distinguisher: 10.0.0.2:2\n"
	    "*> [2]:[0]:[48]:[02:00:00:00:00:22]\n"
	    "                    10.0.0.2                               0 65002 i\n"
	    "                    RT:65002:99 MM:0, sticky MAC\n"
	    "*> [3]:[0]:[32]:[10.0.0.2]\n",
	    "\nDisplayed 3 out of 3 total prefixes\n");
	EXPECT("show bgp l2vpn evpn route type macip", CTL_ACCEPTED, "Displayed 1 out of 3");
}

static void test_bgp_evpn_json(void **state)
{
	struct json_object *o = json_of("show bgp l2vpn evpn json");
	const char *path = "10.0.0.2:2/[2]:[0]:[48]:[02:00:00:00:00:22]/paths/0";
	char key[128];

	(void)state;
	snprintf(key, sizeof(key), "%s/%s", path, "mac");
	expect_json(o, key, "02:00:00:00:00:22");
	snprintf(key, sizeof(key), "%s/%s", path, "nexthops/0/ip");
	expect_json(o, key, "10.0.0.2");
	snprintf(key, sizeof(key), "%s/%s", path, "path");
	expect_json(o, key, "65002");
	expect_json(o, "numPrefix", "3");
	json_object_put(o);
	o = json_of("show bgp l2vpn evpn route json");
	snprintf(key, sizeof(key), "%s/0/%s", path, "bestpath");
	expect_json(o, key, "true");
	expect_json(o, "numPaths", "3");
	json_object_put(o);
}

static void test_bgp_unicast(void **state)
{
	struct json_object *o;

	(void)state;
	EXPECT("show bgp ipv4 unicast", CTL_ACCEPTED,
	    "*> 10.0.0.0/24      10.0.0.1                           32768 i\n"
	    "*                   10.0.0.2                               0 65002 i\n",
	    "Displayed  1 routes and 2 total paths");
	EXPECT("show bgp ipv6 unicast", CTL_ACCEPTED, "No BGP prefixes displayed, 0 exist");
	o = json_of("show bgp ipv4 unicast json");

	expect_json(json_object_object_get(json_object_object_get(o, "routes"), "10.0.0.0/24"),
	    "0/selectionReason", "Local Route");
	json_object_put(o);
}

static void test_evpn_shows(void **state)
{
	(void)state;
	EXPECT("show evpn", CTL_ACCEPTED, "L2 VNIs: 1\n", "Detection max-moves 5, time 180\n");
	EXPECT("show evpn vni", CTL_ACCEPTED,
	    "VNI        Type VxLAN IF              # MACs   # ARPs   # Remote VTEPs  Tenant VRF",
	    "99         L2   vx99                  2        1        1               default");
	EXPECT("show evpn vni 99", CTL_ACCEPTED, " VxLAN interface: vx99\n",
	    " SVI interface: br0\n", "  10.0.0.2 flood: HER\n");
	EXPECT("show evpn mac vni 99", CTL_ACCEPTED,
	    "Number of MACs (local and remote) known for this VNI: 2\n",
	    "MAC               Type   Flags Intf/Remote ES/VTEP            VLAN  Seq #'s\n"
	    "02:00:00:00:00:01 local  C     tap0                           10    1/3\n"
	    "02:00:00:00:00:22 remote S     10.0.0.2                             0/0\n");
	EXPECT("show evpn mac vni 99 vtep 10.0.0.2", CTL_ACCEPTED, "this VNI: 1\n");
	EXPECT("show evpn mac vni 99 mac 02:00:00:00:00:22", CTL_ACCEPTED,
	    " Remote VTEP: 10.0.0.2 Sticky Mac\n", "No Neighbors");
	EXPECT("show evpn arp-cache vni 99", CTL_ACCEPTED,
	    "Neighbor        Type   Flags State    MAC               Remote ES/VTEP                "
	    " Seq "
	    "#'s\n192.168.9.101   local  P     active   02:00:00:00:00:01                          "
	    "    "
	    "  0/0\n");
	EXPECT("show evpn vni 98", CTL_REFUSED, "% VNI 98 does not exist");
	EXPECT("show evpn mac vni 99 mac 02:00:00:00:00:99", CTL_REFUSED, "% Requested MAC");
	EXPECT("show evpnd counters", CTL_ACCEPTED, "restored             7\n");
}

static void test_evpn_json(void **state)
{
	struct json_object *o = json_of("show evpn mac vni all json");

	(void)state;
	expect_json(o, "99/numMacs", "2");
	expect_json(o, "99/macs/02:00:00:00:00:01/type", "local");
	expect_json(o, "99/macs/02:00:00:00:00:01/intf", "tap0");
	expect_json(o, "99/macs/02:00:00:00:00:01/vlan", "10");
	expect_json(o, "99/macs/02:00:00:00:00:22/remoteVtep", "10.0.0.2");
	json_object_put(o);
	o = json_of("show evpn mac vni 99 mac 02:00:00:00:00:01 json");
	expect_json(o, "02:00:00:00:00:01/neighbors/active/0", "192.168.9.101");
	json_object_put(o);
	o = json_of("show evpn arp-cache vni 99 json");
	expect_json(o, "numArpNd", "1");
	expect_json(o, "192.168.9.101/mac", "02:00:00:00:00:01");
	json_object_put(o);
	o = json_of("show evpn vni json");
	expect_json(o, "99/vxlanIf", "vx99");
	expect_json(o, "99/remoteVteps/0", "10.0.0.2");
	json_object_put(o);
	o = json_of("show evpn vni detail json");
	expect_json(o, "0/sviInterface", "br0");
	json_object_put(o);
	o = json_of("show evpnd counters json");
	expect_json(o, "repaired", "7");
	json_object_put(o);
	o = json_of("show evpn json");
	expect_json(o, "isDuplicateAddrDetection", "true");
	json_object_put(o);
}

static void test_audit(void **state)
{
	struct json_object *o;

	(void)state;
	EXPECT("audit", CTL_REFUSED, "being read anyway");
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		for (unsigned ended = 0; ended < 2; ended++) {
			struct kernel_event e = {
			    .kind = ended ? KERNEL_DUMP_END : KERNEL_DUMP_BEGIN};

			e.dump.table = (enum kernel_table)t;
			mirror_apply(mirror, &e, ignore, NULL);
		}
	add_links();
	counters.kernel.audit_kernel = 3;
	counters.kernel.audit_desired = 4;
	EXPECT("show evpn audit", CTL_ACCEPTED, "State: idle", "Interval: 300 s",
	    "Next: 00:20:00.000",
	    "differences that the kernel had not told                         3",
	    "differences that nobody had acted on                             6");
	o = json_of("show evpn audit json");
	expect_json(o, "kernelDifferences", "3");
	expect_json(o, "desiredDifferences", "6");
	expect_json(o, "nextInMsecs", "200000");
	json_object_put(o);
	o = json_of("show evpnd counters json");
	expect_json(o, "auditDifferences", "9");
	json_object_put(o);
	EXPECT("audit", CTL_ACCEPTED, "Begun");
	assert_true(audit_due(&audit, (mono_t){1000 * 1000000000ll}));
	audit.phase = AUDIT_READING;
	EXPECT("audit", CTL_REFUSED, "under way");
	audit.phase = AUDIT_IDLE;
}

static void test_release(void **state)
{
	(void)state;
	EXPECT("release mac 02:00:00:00:00:22", CTL_ACCEPTED, "released for 10 s in 1 VNI\n");
	assert_int_equal(released_s, 10);
	EXPECT("release mac 02:00:00:00:00:22 vni 99 for 3", CTL_ACCEPTED, "for 3 s");
	EXPECT("release mac 02:00:00:00:00:22 for 30", CTL_ACCEPTED, "for 30 s");
	EXPECT("release mac 02:00:00:00:00:22 for 301", CTL_REFUSED, "`301` is not");
	EXPECT("release mac 02:00:00:00:00:01", CTL_REFUSED, "nothing to release");
}

static void test_clear_duplicates(void **state)
{
	(void)state;
	EXPECT("clear evpn dup-addr vni all", CTL_ACCEPTED, "2 cleared");
	assert_string_equal(cleared, "0 -1 -1");
	EXPECT("clear evpn dup-addr vni 99", CTL_ACCEPTED, "2 cleared");
	assert_string_equal(cleared, "99 -1 -1");
	EXPECT("clear evpn dup-addr vni 99 mac 02:00:00:00:00:07", CTL_ACCEPTED, "2 cleared");
	assert_string_equal(cleared, "99 7 -1");
	EXPECT("clear evpn dup-addr vni 99 ip 10.0.0.8", CTL_ACCEPTED, "2 cleared");
	assert_string_equal(cleared, "99 -1 8");
	EXPECT("clear evpn dup-addr vni 99 mac 02:00:00:00:00:09", CTL_REFUSED, "not detected");
	EXPECT("clear evpn dup-addr vni all mac 02:00:00:00:00:09", CTL_REFUSED, "%");
}

static void test_explain(void **state)
{
	(void)state;
	EXPECT("explain mac 02:00:00:00:00:01 vni 99", CTL_ACCEPTED,
	    "MAC 02:00:00:00:00:01 in VNI 99 (VLAN 10 of br0, vx99)",
	    "It is here, on tap0, and we advertise it with sequence 1.\n"
	    "Decided by: pinned here: stays as advertised.\n"
	    "Contested for 12 s",
	    "Others keep the remote sticky route",
	    "Local claim: pinned by a static entry on tap0, generation 2.\n"
	    "Memory: own sequence 1, floor 3",
	    "  1. VTEP 10.0.0.2", "sequence 3, sticky  <- best\n",
	    "(no mobility community)  <- plain behind sticky\n",
	    "bridge FDB:   somebody else's entry: left alone; the kernel has tap0 static; we wrote "
	    "nothing.\n",
	    "neighbour 192.168.9.101", "01:02:03.045  local claim pinned on tap0 (writer 4711)\n");
	EXPECT("explain mac 02:00:00:00:00:22", CTL_ACCEPTED,
	    "It is behind VTEP 10.0.0.2, and we send its frames there.\n");
	EXPECT("explain ip 192.168.9.101", CTL_ACCEPTED,
	    "192.168.9.101 in VNI 99 belongs to 02:00:00:00:00:01, pinned here.\n",
	    "It is here, on tap0");
	EXPECT("explain mac 02:00:00:00:00:77", CTL_REFUSED, "is not known in any VNI");
	EXPECT("explain mac 02:00:00:00:00:01 vni 98", CTL_REFUSED, "is not known in VNI 98");
	EXPECT("explain ip 192.168.9.1", CTL_REFUSED, "is not known");
}

/* Only a contested pin is reclaimed. */
static void test_reclaim(void **state)
{
	(void)state;
	reclaimed = 0;
	EXPECT("reclaim mac 02:00:00:00:00:22", CTL_REFUSED, "nothing to reclaim");
	assert_int_equal(reclaimed, 0);
	EXPECT("reclaim mac 02:00:00:00:00:01", CTL_ACCEPTED, "VNI 99");
	assert_int_equal(reclaimed, 1);
	EXPECT("remove orphans", CTL_ACCEPTED, "3 entries");
}

static void test_refusals(void **state)
{
	(void)state;
	EXPECT("show evp", CTL_REFUSED, "% Unknown command: `evp`; did you mean `show evpn`?");
	EXPECT("sho evpn", CTL_REFUSED, "did you mean `show`?");
	EXPECT("show bgp sumary", CTL_REFUSED, "did you mean `show bgp summary`?");
	EXPECT("show evpn mac vni", CTL_REFUSED, "% Command incomplete");
	EXPECT("show evpn mac vni 99999999", CTL_REFUSED,
	    "`99999999` is not `all` or a number, 1-16777215");
	EXPECT("explain mac 1.2.3.4", CTL_REFUSED, "`1.2.3.4` is not a MAC address");
	EXPECT("show version now", CTL_REFUSED, "nothing more can follow `version`");
	EXPECT("", CTL_REFUSED, "try `help`");
	EXPECT("\x01\xff \t", CTL_REFUSED, "try `help`");
	EXPECT("help", CTL_ACCEPTED, "explain mac MAC", "show evpn vni");
}

static void test_config_and_version(void **state)
{
	struct str out = run("show running-config no-header", CTL_ACCEPTED);

	(void)state;
	assert_ptr_equal(
	    strstr(str_text(&out), "hostname h\n!\nrouter bgp 65001\n"), str_text(&out));
	assert_string_equal(str_text(&out) + out.size - 6, "!\nend\n");
	str_fini(&out);
	EXPECT("show running-config", CTL_ACCEPTED,
	    "Building configuration...\n\nCurrent configuration:\n!\nhostname h\n");
	EXPECT("show version", CTL_ACCEPTED, "evpnd 1.2.3 (h)\n");
}

/* Before the first configuration nothing is known, and nothing breaks. */
static void test_without_config(void **state)
{
	struct config *kept = config;

	(void)state;
	config = NULL;
	EXPECT("show bgp summary", CTL_REFUSED, "BGP instance not found");
	EXPECT("show running-config", CTL_ACCEPTED, "!\nend\n");
	EXPECT("show evpn", CTL_ACCEPTED, "L2 VNIs: 1");
	EXPECT("show version", CTL_ACCEPTED, "evpnd 1.2.3\n");
	config = kept;
}

static void test_watch(void **state)
{
	struct evpn_note note = {
	    .at = {1500000000}, .kind = NOTE_DECIDED, .vni = {99}, .text = "moved"};
	struct ctl_context c = context();
	struct str out = run("watch", CTL_WATCH);

	(void)state;
	mac_parse("02:00:00:00:00:01", &note.mac);
	ctl_note_text(&c, &note, &out);
	assert_string_equal(
	    str_text(&out), "00:00:01.500  vni 99       02:00:00:00:00:01  decided   moved\n");
	str_fini(&out);
}

/* ---- next hops ---- */

static void told_nobody(
    void *context, const struct bgp_nexthop *key, const struct bgp_nexthop_state *state)
{
	(void)context;
	(void)state;
	assert_true(ip_equal(&key->ip, &a_nexthop.key.ip));
	a_nexthop.state = *state;
}

static void link_with_a_route(void)
{
	const struct route_nexthop hop = {.dev = {4}, .weight = 1};
	struct kernel_event link = {.kind = KERNEL_LINK_NEW}, e = {.kind = KERNEL_ROUTE_NEW};
	struct prefix p;

	link.link =
	    (struct link){.ifindex = {4}, .name = "eth4", .admin_up = true, .running = true};
	mirror_apply(mirror, &link, NULL, NULL);
	assert_true(prefix_parse("10.9.0.0/24", &p));
	e.route.key = slot_key_route(254, 5, &p).route;
	e.route.entry =
	    (struct route_entry){.protocol = 2, .type = 1, .nexthop_count = 1, .nexthops = &hop};
	nexthops_route_seen(nexthops, &e);
}

static void test_nexthops(void **state)
{
	struct nexthops_host host = {.changed = told_nobody};

	(void)state;
	nexthops = nexthops_new(1, mirror, &host);
	a_nexthop = (struct nexthop){.key.ip = ip_from_u32(0x0a090002), .paths = 3};
	nexthops_watch(nexthops, &a_nexthop.key);
	EXPECT("show ip nht", CTL_ACCEPTED, "10.9.0.2\n unresolved\n");
	EXPECT("show bgp nexthop", CTL_ACCEPTED, " 10.9.0.2 invalid, #paths 3\n");
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		for (unsigned end = 0; end < 2; end++) {
			struct kernel_event e = {.kind = end ? KERNEL_DUMP_END : KERNEL_DUMP_BEGIN};

			e.dump.table = (enum kernel_table)t;
			mirror_apply(mirror, &e, NULL, NULL);
		}
	link_with_a_route();
	nexthops_run(nexthops);
	EXPECT("show ip nht", CTL_ACCEPTED,
	    "10.9.0.2\n resolved via connected\n is directly connected, eth4\n");
	EXPECT("show bgp nexthop", CTL_ACCEPTED,
	    " 10.9.0.2 valid [IGP metric 5], #paths 3\n  if eth4\n");
	EXPECT("show ip nht json", CTL_ACCEPTED, "\"prefix\":\"10.9.0.0/24\"");
	EXPECT("show bgp nexthop json", CTL_ACCEPTED, "\"pathCount\":3");
	nexthops_free(nexthops);
	nexthops = NULL;
}

static void test_bestpath(void **state)
{
	(void)state;
	EXPECT("show bgp ipv4 unicast bestpath", CTL_ACCEPTED, "10.0.0.0/24\n", "1. from local",
	    "2. from 10.0.0.2", "below by Local Route");
	EXPECT("show bgp ipv4 10.0.0.0/24 bestpath json", CTL_ACCEPTED,
	    "\"belowPreviousBy\":\"Local Route\"");
	EXPECT("show bgp l2vpn evpn bestpath", CTL_ACCEPTED, "from 10.0.0.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bgp_summary_states),
	    cmocka_unit_test(test_bgp_summary),
	    cmocka_unit_test(test_clear_bgp),
	    cmocka_unit_test(test_bgp_summary_json),
	    cmocka_unit_test(test_bgp_graceful_restart),
	    cmocka_unit_test(test_neighbors),
	    cmocka_unit_test(test_neighbor_routes),
	    cmocka_unit_test(test_bgp_evpn),
	    cmocka_unit_test(test_bgp_evpn_json),
	    cmocka_unit_test(test_bgp_unicast),
	    cmocka_unit_test(test_evpn_shows),
	    cmocka_unit_test(test_evpn_json),
	    cmocka_unit_test(test_audit),
	    cmocka_unit_test(test_release),
	    cmocka_unit_test(test_clear_duplicates),
	    cmocka_unit_test(test_explain),
	    cmocka_unit_test(test_reclaim),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_config_and_version),
	    cmocka_unit_test(test_without_config),
	    cmocka_unit_test(test_nexthops),
	    cmocka_unit_test(test_bestpath),
	    cmocka_unit_test(test_watch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
