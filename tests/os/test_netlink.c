/*
 * os/netlink with mirror, ledger and reconcile on the real kernel, in a network namespace of its
 * own: a bridge without VLAN filtering, a VXLAN port, two access ports. "Agent" is a second socket
 * that writes as an orchestrator does. Needs root; skipped without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kernel/mirror.h"
#include "kernel/reconcile.h"
#include "kernel/rtnl_encode.h"
#include "os/netlink.h"

#define UNDER_WAY_MAX 8192

struct world {
	struct netlink *nl;
	struct mirror *m;
	struct kernel_op under_way[UNDER_WAY_MAX]; /* by id */
	struct kernel_counters counters;
	struct kernel_result last;
	unsigned answered, overruns, dumps_ended, errors;
	uint32_t next_id;
	int agent; /* netlink socket */
	ifindex_t br, vx, vp;
};

static struct world *w;

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static ifindex_t index_of(const char *name)
{
	return (ifindex_t){if_nametoindex(name)};
}

static void submit(struct kernel_op op)
{
	op.id = w->next_id = w->next_id % (UNDER_WAY_MAX - 1) + 1;
	w->under_way[op.id] = op;
	ledger_issue(w->m, &op);
	netlink_submit(w->nl, &op);
}

static void take_result(const struct kernel_result *r)
{
	struct kernel_op repair, op = w->under_way[r->id];

	w->last = *r;
	w->answered++;
	w->errors += r->outcome == KERNEL_FAILED;
	if (ledger_result(w->m, &op, r, &repair, &w->counters))
		submit(repair);
}

/* As the loop does: events, then what they led to, until nothing is left. */
static void pump(void)
{
	struct event e;
	bool more;

	do {
		netlink_flush(w->nl);
		more = false;
		while (netlink_next(w->nl, &e)) {
			more = true;
			if (e.kind == EVENT_KERNEL_RESULT) {
				take_result(&e.result);
				continue;
			}
			w->overruns += e.kernel.kind == KERNEL_OVERRUN;
			w->dumps_ended += e.kernel.kind == KERNEL_DUMP_END;
			mirror_apply(w->m, &e.kernel, NULL, NULL);
		}
	} while (more);
}

static void listen_to_kernel(void)
{
	netlink_readable(w->nl);
	pump();
}

static void dump_all(void)
{
	unsigned before = w->dumps_ended;

	for (int t = 0; t < TABLE_COUNT; t++)
		netlink_dump(w->nl, (enum kernel_table)t);
	for (int i = 0; i < 100000 && w->dumps_ended < before + TABLE_COUNT; i++)
		listen_to_kernel();
	assert_int_equal(w->dumps_ended, before + TABLE_COUNT);
}

static void open_world(int receive_buffer, size_t bulk_min)
{
	struct netlink_options options = {receive_buffer, bulk_min};
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};

	w = calloc(1, sizeof(*w));
	run("ip link add br0 type bridge && ip link set br0 up && "
	    "ip link add vp type veth peer name vpp && ip link set vp master br0 up && "
	    "ip link set vpp up && "
	    "ip link add p2 type veth peer name p2p && ip link set p2 master br0 up && "
	    "ip link set p2p up && "
	    "ip link add vx type vxlan id 100 local 127.0.0.1 dstport 4789 nolearning && "
	    "ip link set vx master br0 up && bridge link set dev vx learning off && "
	    "ip link set lo up");
	w->br = index_of("br0");
	w->vx = index_of("vx");
	w->vp = index_of("vp");
	w->m = mirror_new(1);
	w->nl = netlink_open(&options);
	assert_non_null(w->nl);
	w->agent = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_int_equal(bind(w->agent, (struct sockaddr *)&any, sizeof(any)), 0);
	dump_all();
	assert_true(mirror_is_synced(w->m));
}

static int set_up(void **state)
{
	(void)state;
	open_world(0, SIZE_MAX);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	netlink_close(w->nl);
	mirror_free(w->m);
	close(w->agent);
	free(w);
	return system("ip link del vx 2>/dev/null; ip link del vp; ip link del p2; ip link del "
		      "br0") == 0
		   ? 0
		   : -1;
}

/* ---- the agent ---- */

static int agent_write(const struct kernel_op *op, uint16_t flags)
{
	static _Alignas(8) uint8_t buffer[RTNL_MESSAGE_MAX], answer[4096];
	struct nlmsghdr *h = rtnl_encode_write(buffer, op);
	const struct nlmsgerr *e;

	if (flags != 0)
		h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_flags |= NLM_F_ACK;
	if (send(w->agent, h, h->nlmsg_len, 0) < 0 || recv(w->agent, answer, sizeof(answer), 0) < 0)
		return errno;
	e = NLMSG_DATA((struct nlmsghdr *)(void *)answer);
	return -e->error;
}

static struct mac mac_of(unsigned n)
{
	return (struct mac){
	    {2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct ip ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static struct kernel_op fdb_op(
    enum kernel_verb verb, unsigned n, ifindex_t port, uint16_t nud, uint8_t ntf)
{
	struct mac mac = mac_of(n);
	struct kernel_op op = {.verb = verb, .key = slot_key_fdb(w->br, 0, &mac)};

	op.content.fdb.port = port;
	op.content.fdb.nud = nud;
	op.content.fdb.ntf = ntf;
	return op;
}

static int agent_pins(unsigned n)
{
	struct kernel_op op = fdb_op(KERNEL_CHANGE, n, w->vp, NUD_NOARP, NTF_STICKY);

	return agent_write(&op, 0);
}

/* ---- bridge FDB ---- */

static struct fdb_slot *fdb(unsigned n)
{
	struct mac mac = mac_of(n);
	struct slot_key key = slot_key_fdb(w->br, 0, &mac);

	return mirror_fdb(w->m, &key.fdb);
}

/* Walks one slot to its end. */
static enum slot_status settle_fdb(unsigned n, bool wanted, bool sticky, bool displace)
{
	struct mac mac = mac_of(n);
	struct slot_key key = slot_key_fdb(w->br, 0, &mac);
	struct fdb_desired want = {wanted, w->vx, sticky, displace};
	enum slot_status status;
	struct kernel_op op;

	for (int i = 0; i < 8; i++) {
		if (!reconcile_fdb(fdb(n), &key.fdb, &want, &op, &status))
			return status;
		submit(op);
		pump();
	}
	fail_msg("slot does not settle");
	return status;
}

/* Reads what stands there, past the mirror. */
static bool kernel_shows(unsigned n, struct fdb_entry *e)
{
	struct kernel_op op = fdb_op(KERNEL_READ, n, w->vp, 0, 0);

	submit(op);
	pump();
	assert_int_equal(w->last.outcome, KERNEL_DONE);
	assert_true(w->last.checked);
	*e = w->last.seen.fdb;
	return w->last.seen_present;
}

static void test_fdb_plain_and_sticky(void **state)
{
	struct fdb_entry e;

	(void)state;
	assert_int_equal(settle_fdb(1, true, false, false), SLOT_SYNCED);
	assert_true(kernel_shows(1, &e));
	assert_int_equal(e.port.v, w->vx.v);
	assert_int_equal(e.ntf, NTF_EXT_LEARNED);
	assert_int_equal(settle_fdb(1, true, true, false), SLOT_SYNCED);
	assert_true(kernel_shows(1, &e));
	assert_int_equal(e.ntf, NTF_EXT_LEARNED | NTF_STICKY);
	assert_int_equal(e.nud, NUD_REACHABLE);
	assert_int_equal(settle_fdb(1, true, false, false), SLOT_SYNCED);
	assert_int_equal(settle_fdb(1, false, false, false), SLOT_EMPTY);
	assert_false(kernel_shows(1, &e));
	assert_int_equal(w->counters.failed + w->counters.mismatched + w->counters.repaired, 0);
}

static void test_fdb_foreign_stays(void **state)
{
	struct fdb_entry e;

	(void)state;
	assert_int_equal(agent_pins(2), 0);
	assert_int_equal(settle_fdb(2, true, false, true), SLOT_BLOCKED);
	listen_to_kernel();
	assert_int_equal(settle_fdb(2, true, true, true), SLOT_BLOCKED);
	assert_int_equal(settle_fdb(2, false, false, true), SLOT_FOREIGN);
	assert_true(kernel_shows(2, &e));
	assert_int_equal(e.port.v, w->vp.v);
	assert_int_equal(e.nud, NUD_NOARP);
	assert_int_equal(e.ntf, NTF_STICKY);
}

/* The agent writes over our row: extern_learn stays on it, and it is not ours any more. */
static void test_fdb_overwritten_is_foreign(void **state)
{
	struct fdb_entry e;

	(void)state;
	for (int sticky = 0; sticky < 2; sticky++) {
		unsigned n = 3 + (unsigned)sticky;

		assert_int_equal(settle_fdb(n, true, sticky, false), SLOT_SYNCED);
		assert_int_equal(agent_pins(n), 0);
		/* not heard of yet: the read before the delete must find it */
		assert_int_equal(settle_fdb(n, false, false, false), SLOT_FOREIGN);
		assert_int_equal(fdb(n)->slot.ledger, LEDGER_NONE);
		assert_true(kernel_shows(n, &e));
		assert_int_equal(e.port.v, w->vp.v);
		assert_int_equal(e.ntf, NTF_EXT_LEARNED | NTF_STICKY);
	}
	assert_int_equal(w->counters.mismatched, 2);
}

static void test_fdb_displaces_learned_only(void **state)
{
	struct fdb_entry e;

	(void)state;
	run("bridge fdb add 02:00:00:00:00:06 dev vp master dynamic");
	listen_to_kernel();
	assert_int_equal(settle_fdb(6, true, false, false), SLOT_BLOCKED);
	assert_int_equal(settle_fdb(6, true, true, true), SLOT_SYNCED);
	assert_true(kernel_shows(6, &e));
	assert_int_equal(e.port.v, w->vx.v);
	assert_int_equal(e.ntf, NTF_EXT_LEARNED | NTF_STICKY);
}

/* One frame that comes in on the access port vp. */
static void frame_from(unsigned n)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
	    .sll_ifindex = (int)index_of("vpp").v,
	    .sll_halen = 6,
	    .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct mac mac = mac_of(n);
	uint8_t frame[60];

	memset(frame, 0, sizeof(frame));
	memset(frame, 0xff, 6);
	memcpy(frame + 6, &mac, 6);
	frame[12] = 0x88;
	frame[13] = 0xb5; /* an EtherType for experiments */
	assert_int_equal(sendto(fd, frame, sizeof(frame), 0, (void *)&to, sizeof(to)), 60);
	close(fd);
	usleep(200000); /* the kernel may hand it over later */
	listen_to_kernel();
}

/* Traffic moves a plain row and makes it the kernel's; a sticky one stays ours, through ageing,
 * the port's flush and its going down, and returns after the bridge's flush. */
static void test_fdb_traffic_and_flush(void **state)
{
	struct fdb_entry e;

	(void)state;
	assert_int_equal(settle_fdb(8, true, false, false), SLOT_SYNCED);
	assert_int_equal(settle_fdb(9, true, true, false), SLOT_SYNCED);
	frame_from(8);
	frame_from(9);
	assert_int_equal(fdb(8)->entry.port.v, w->vp.v);
	assert_int_equal(fdb(8)->entry.ntf, 0);
	assert_int_equal(fdb(8)->slot.ledger, LEDGER_NONE);
	assert_int_equal(settle_fdb(9, true, true, false), SLOT_SYNCED);
	assert_true(kernel_shows(9, &e));
	assert_int_equal(e.port.v, w->vx.v);
	run("ip link set br0 type bridge ageing_time 100; sleep 2; "
	    "ip link set vx type bridge_slave fdb_flush; "
	    "ip link set vx down; ip link set vx up");
	listen_to_kernel();
	assert_true(kernel_shows(9, &e));
	assert_int_equal(e.ntf, NTF_EXT_LEARNED | NTF_STICKY);
	assert_int_equal(e.nud, NUD_REACHABLE);
	run("ip link set br0 type bridge fdb_flush");
	listen_to_kernel();
	assert_int_equal(kernel_shows(9, &e), fdb(9) != NULL && fdb(9)->slot.present);
	assert_int_equal(settle_fdb(9, true, true, false), SLOT_SYNCED);
	assert_true(kernel_shows(9, &e));
	assert_int_equal(e.ntf, NTF_EXT_LEARNED | NTF_STICKY);
}

/* After a restart without memory: a row with exactly our content is adopted, another is left. */
static void test_fdb_adoption(void **state)
{
	struct fdb_entry e;

	(void)state;
	run("bridge fdb replace 02:00:00:00:00:07 dev vx master extern_learn");
	listen_to_kernel();
	assert_int_equal(settle_fdb(7, false, false, false), SLOT_ORPHAN);
	assert_int_equal(settle_fdb(7, true, true, false), SLOT_ORPHAN);
	assert_int_equal(settle_fdb(7, true, false, false), SLOT_SYNCED);
	assert_int_equal(settle_fdb(7, false, false, false), SLOT_EMPTY);
	assert_false(kernel_shows(7, &e));
}

/* ---- VXLAN FDB and flood lists ---- */

static enum slot_status settle_vxlan(unsigned n, const char *dst)
{
	struct mac mac = mac_of(n);
	struct slot_key key = slot_key_vxlan_fdb(w->vx, (vni_t){0}, &mac);
	struct vxlan_fdb_desired want = {.wanted = dst != NULL};
	enum slot_status status;
	struct kernel_op op;

	if (dst != NULL)
		want.dst = ip_of(dst);
	for (int i = 0; i < 8; i++) {
		if (!reconcile_vxlan_fdb(mirror_vxlan_fdb(w->m, &key.vxlan_fdb), &key.vxlan_fdb,
			&want, &op, &status))
			return status;
		submit(op);
		pump();
	}
	fail_msg("slot does not settle");
	return status;
}

static void test_vxlan_fdb(void **state)
{
	(void)state;
	assert_int_equal(settle_vxlan(1, "10.0.0.1"), SLOT_SYNCED);
	assert_int_equal(settle_vxlan(1, "10.0.0.2"), SLOT_SYNCED);
	run("bridge fdb show dev vx | grep -q '02:00:00:00:00:01 dst 10.0.0.2 self extern_learn'");
	run("bridge fdb replace 02:00:00:00:00:01 dev vx dst 10.0.0.9 self permanent");
	assert_int_equal(settle_vxlan(1, "10.0.0.3"), SLOT_BLOCKED);
	assert_int_equal(settle_vxlan(1, NULL), SLOT_FOREIGN);
	run("bridge fdb show dev vx | grep -q '02:00:00:00:00:01 dst 10.0.0.9'");
	assert_int_equal(settle_vxlan(2, "10.0.0.1"), SLOT_SYNCED);
	assert_int_equal(settle_vxlan(2, NULL), SLOT_EMPTY);
	run("! bridge fdb show dev vx | grep -q 02:00:00:00:00:02");
}

static enum slot_status settle_flood(const char *vtep, bool wanted)
{
	struct ip ip = ip_of(vtep);
	struct slot_key key = slot_key_flood(w->vx, (vni_t){0}, &ip);
	enum slot_status status;
	struct kernel_op op;

	for (int i = 0; i < 4; i++) {
		if (!reconcile_flood(
			mirror_flood(w->m, &key.flood), &key.flood, wanted, &op, &status))
			return status;
		submit(op);
		pump();
	}
	fail_msg("slot does not settle");
	return status;
}

static void test_flood_ownership(void **state)
{
	(void)state;
	run("bridge fdb append 00:00:00:00:00:00 dev vx dst 10.0.0.9 self permanent");
	/* not heard of: our append is accepted without effect, and must not make it ours */
	assert_int_equal(settle_flood("10.0.0.9", true), SLOT_FOREIGN);
	assert_int_equal(settle_flood("10.0.0.1", true), SLOT_SYNCED);
	assert_int_equal(settle_flood("10.0.0.1", false), SLOT_EMPTY);
	assert_int_equal(settle_flood("10.0.0.9", false), SLOT_FOREIGN);
	run("bridge fdb show dev vx | grep -q '00:00:00:00:00:00 dst 10.0.0.9'");
	run("! bridge fdb show dev vx | grep -q '00:00:00:00:00:00 dst 10.0.0.1'");
}

/* ---- neighbours ---- */

static enum slot_status settle_neigh(const char *text, unsigned n, bool wanted, bool local_mac)
{
	struct ip ip = ip_of(text);
	struct slot_key key = slot_key_neigh(w->br, &ip);
	struct neigh_desired want = {wanted, mac_of(n), local_mac};
	enum slot_status status;
	struct kernel_op op;

	for (int i = 0; i < 8; i++) {
		if (!reconcile_neigh(
			mirror_neigh(w->m, &key.neigh), &key.neigh, &want, &op, &status))
			return status;
		submit(op);
		pump();
	}
	fail_msg("slot does not settle");
	return status;
}

static void test_neigh(void **state)
{
	static const char *const ips[] = {"10.1.0.1", "fd00::1"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ip ip = ip_of(ips[i]);
		struct slot_key key = slot_key_neigh(w->br, &ip);
		char command[200];

		assert_int_equal(settle_neigh(ips[i], 1, true, false), SLOT_SYNCED);
		assert_int_equal(settle_neigh(ips[i], 2, true, false), SLOT_SYNCED);
		/* the MAC becomes local: an ordinary entry that traffic corrects, not ours */
		assert_int_equal(settle_neigh(ips[i], 2, false, true), SLOT_FOREIGN);
		assert_int_equal(mirror_neigh(w->m, &key.neigh)->entry.nud, NUD_STALE);
		assert_int_equal(mirror_neigh(w->m, &key.neigh)->entry.ntf, 0);
		assert_int_equal(mirror_neigh(w->m, &key.neigh)->slot.ledger, LEDGER_NONE);
		/* and back: what the kernel learned gives way */
		assert_int_equal(settle_neigh(ips[i], 3, true, false), SLOT_SYNCED);
		snprintf(command, sizeof(command),
		    "ip neigh replace %s dev br0 lladdr 02:00:00:00:00:03 nud permanent", ips[i]);
		run(command);
		/* same lladdr, our protocol number still on it: not ours */
		assert_int_equal(settle_neigh(ips[i], 3, false, false), SLOT_FOREIGN);
		assert_int_equal(settle_neigh(ips[i], 4, true, false), SLOT_BLOCKED);
		snprintf(command, sizeof(command),
		    "ip neigh show %s dev br0 | grep -q '00:03 PERMANENT'", ips[i]);
		run(command);
	}
	assert_int_equal(settle_neigh("10.1.0.2", 5, true, false), SLOT_SYNCED);
	assert_int_equal(settle_neigh("10.1.0.2", 5, false, false), SLOT_EMPTY);
	run("! ip neigh show dev br0 | grep -q 10.1.0.2");
}

/* ---- routes and addresses ---- */

static enum slot_status settle_route(const char *prefix, struct route_nexthop *hops, uint8_t count)
{
	struct route_desired want = {.wanted = count != 0};
	struct slot_key key;
	enum slot_status status;
	struct kernel_op op;
	struct prefix p;

	assert_true(prefix_parse(prefix, &p));
	key = slot_key_route(RT_TABLE_MAIN, 20, &p);
	want.entry = (struct route_entry){.protocol = RTPROT_EVPND,
	    .type = RTN_UNICAST,
	    .nexthop_count = count,
	    .nexthops = hops};
	for (int i = 0; i < 4; i++) {
		if (!reconcile_route(
			mirror_route(w->m, &key.route), &key.route, &want, &op, &status))
			return status;
		submit(op);
		pump();
		if (w->last.outcome == KERNEL_FAILED)
			return SLOT_PENDING;
	}
	fail_msg("slot does not settle");
	return status;
}

static void test_routes(void **state)
{
	struct route_nexthop hops[2] = {
	    {ip_of("fe80::1"), index_of("vpp"), 1}, {ip_of("fe80::2"), index_of("p2p"), 1}};

	(void)state;
	assert_int_equal(settle_route("192.0.2.1/32", hops, 2), SLOT_SYNCED);
	run("ip route show 192.0.2.1 proto 158 | grep -q 'metric 20'");
	assert_int_equal(settle_route("192.0.2.1/32", hops, 1), SLOT_SYNCED);
	assert_int_equal(settle_route("2001:db8::/64", hops, 2), SLOT_SYNCED);
	assert_int_equal(settle_route("2001:db8::/64", hops, 1), SLOT_SYNCED);
	run("ip route add 192.0.2.1 dev vpp metric 20 proto static 2>/dev/null || true");
	run("ip route append 192.0.2.1 dev p2p metric 30 proto static");
	assert_int_equal(settle_route("192.0.2.1/32", hops, 0), SLOT_EMPTY);
	assert_int_equal(settle_route("2001:db8::/64", hops, 0), SLOT_EMPTY);
	run("ip route show 192.0.2.1 proto static | grep -q 'metric 30'");
	run("! ip route show proto 158 | grep -q .");
	run("ip route del 192.0.2.1 metric 30");
}

/* IPv4 routes leave silently with their device: the mirror must know. */
static void test_route_goes_with_its_device(void **state)
{
	struct route_nexthop hop = {ip_of("fe80::1"), index_of("vpp"), 1};

	(void)state;
	assert_int_equal(settle_route("192.0.2.2/32", &hop, 1), SLOT_SYNCED);
	run("ip link set vpp down");
	listen_to_kernel();
	run("! ip route show proto 158 | grep -q .");
	assert_int_equal(settle_route("192.0.2.2/32", &hop, 1), SLOT_PENDING);
	assert_int_equal(w->last.error, ENETDOWN);
	run("ip link set vpp up");
	listen_to_kernel();
	assert_int_equal(settle_route("192.0.2.2/32", &hop, 1), SLOT_SYNCED);
	assert_int_equal(settle_route("192.0.2.2/32", &hop, 0), SLOT_EMPTY);
}

static void test_address(void **state)
{
	struct prefix p = {.addr = ip_of("198.51.100.1"), .len = 24};
	struct slot_key key = slot_key_addr(w->br, &p);
	enum slot_status status;
	struct kernel_op op;

	(void)state;
	assert_true(reconcile_addr(mirror_addr(w->m, &key.addr), &key.addr, true, &op, &status));
	submit(op);
	pump();
	assert_false(reconcile_addr(mirror_addr(w->m, &key.addr), &key.addr, true, &op, &status));
	assert_int_equal(status, SLOT_SYNCED);
	assert_true(mirror_has_addr(w->m, w->br, &p.addr));
	assert_true(reconcile_addr(mirror_addr(w->m, &key.addr), &key.addr, false, &op, &status));
	submit(op);
	pump();
	assert_false(mirror_has_addr(w->m, w->br, &p.addr));
	run("ip addr add 198.51.100.1/24 dev br0");
	listen_to_kernel();
	assert_false(reconcile_addr(mirror_addr(w->m, &key.addr), &key.addr, true, &op, &status));
	assert_int_equal(status, SLOT_FOREIGN);
	assert_false(reconcile_addr(mirror_addr(w->m, &key.addr), &key.addr, false, &op, &status));
}

/* ---- bad weather ---- */

static void test_device_vanishes_before_the_write(void **state)
{
	struct mac mac = mac_of(1);
	struct slot_key key = slot_key_fdb(w->br, 0, &mac);
	struct fdb_desired want = {true, w->vx, false, false};
	enum slot_status status;
	struct kernel_op op;

	(void)state;
	assert_int_equal(settle_fdb(2, true, false, false), SLOT_SYNCED);
	assert_int_equal(settle_vxlan(2, "10.0.0.1"), SLOT_SYNCED);
	assert_true(reconcile_fdb(fdb(1), &key.fdb, &want, &op, &status));
	run("ip link del vx");
	submit(op);
	pump();
	assert_int_equal(w->last.outcome, KERNEL_FAILED);
	assert_int_equal(w->last.error, ENODEV);
	assert_null(mirror_link(w->m, w->vx));
	assert_null(fdb(1));
	assert_null(fdb(2)); /* gone with its port, ledger and all */
	mac = mac_of(2);
	key = slot_key_vxlan_fdb(w->vx, (vni_t){0}, &mac);
	assert_null(mirror_vxlan_fdb(w->m, &key.vxlan_fdb));
}

/* Every other kind of slot on a device that goes between decision and write. */
static void test_each_kind_on_a_device_that_vanishes(void **state)
{
	struct ip vtep = ip_of("10.0.0.1"), ip = ip_of("10.1.0.1");
	struct mac mac = mac_of(1);
	struct vxlan_fdb_desired vxlan = {.wanted = true, .dst = vtep};
	struct neigh_desired neigh = {true, mac, false};
	struct prefix host = {.addr = ip, .len = 32};
	struct kernel_op op[4];
	enum slot_status status;
	struct slot_key key;
	ifindex_t other;

	(void)state;
	run("ip link add br1 up type bridge");
	listen_to_kernel();
	other = index_of("br1");
	key = slot_key_vxlan_fdb(w->vx, (vni_t){0}, &mac);
	assert_true(reconcile_vxlan_fdb(NULL, &key.vxlan_fdb, &vxlan, &op[0], &status));
	key = slot_key_flood(w->vx, (vni_t){0}, &vtep);
	assert_true(reconcile_flood(NULL, &key.flood, true, &op[1], &status));
	key = slot_key_neigh(other, &ip);
	assert_true(reconcile_neigh(NULL, &key.neigh, &neigh, &op[2], &status));
	key = slot_key_addr(other, &host);
	assert_true(reconcile_addr(NULL, &key.addr, true, &op[3], &status));
	run("ip link del vx; ip link del br1");
	for (size_t i = 0; i < 4; i++) {
		submit(op[i]);
		pump();
		assert_int_equal(w->last.outcome, KERNEL_FAILED);
		assert_int_equal(w->last.error, ENODEV);
		assert_false(w->last.seen_present);
	}
	assert_null(mirror_link(w->m, w->vx));
	assert_null(mirror_link(w->m, other));
	assert_int_equal(w->counters.repaired, 0);
}

static void add_many(unsigned from, unsigned count)
{
	struct fdb_desired want = {true, w->vx, false, false};
	enum slot_status status;
	struct kernel_op op;

	for (unsigned n = from; n < from + count; n++) {
		struct mac mac = mac_of(n);
		struct slot_key key = slot_key_fdb(w->br, 0, &mac);

		if (reconcile_fdb(fdb(n), &key.fdb, &want, &op, &status))
			submit(op);
	}
	pump();
}

static void test_overrun(void **state)
{
	struct fdb_entry e;
	char command[120];

	(void)state;
	netlink_close(w->nl);
	w->nl = netlink_open(&(struct netlink_options){.receive_buffer = 4096, .bulk_min = 1});
	dump_all();
	add_many(1000, 2000);
	assert_true(w->overruns > 0);
	assert_true(mirror_is_stale(w->m));
	/* what went on unseen */
	assert_int_equal(agent_pins(1001), 0);
	snprintf(command, sizeof(command), "bridge fdb del 02:00:00:00:03:ea dev vx master");
	run(command);
	for (int i = 0; i < 10 && mirror_is_stale(w->m); i++)
		dump_all();
	assert_false(mirror_is_stale(w->m));
	assert_int_equal(settle_fdb(1001, false, false, false), SLOT_FOREIGN);
	assert_int_equal(settle_fdb(1000, true, false, false), SLOT_SYNCED);
	assert_int_equal(settle_fdb(1002, true, false, false), SLOT_SYNCED);
	for (unsigned n = 1000; n < 3000; n++)
		settle_fdb(n, false, false, false);
	for (unsigned n = 1000; n < 3000; n++)
		assert_true(kernel_shows(n, &e) == (n == 1001));
}

/* In a batch the foreign rows, heard of or not, stay what they are. */
static void test_bulk_spares_foreign(void **state)
{
	struct fdb_entry e;

	(void)state;
	netlink_close(w->nl);
	w->nl = netlink_open(&(struct netlink_options){.bulk_min = 1});
	dump_all();
	for (unsigned n = 5000; n < 9000; n += 100)
		assert_int_equal(agent_pins(n), 0);
	add_many(5000, 4000);
	assert_true(netlink_counters(w->nl)->bulk > 3500);
	for (unsigned n = 5000; n < 9000; n++) {
		assert_true(kernel_shows(n, &e));
		assert_int_equal(e.port.v, n % 100 == 0 ? w->vp.v : w->vx.v);
	}
	assert_int_equal(w->counters.repaired, 0);
}

/* ---- the window ---- */

#define TRIALS 4000
#define WINDOW_NS 30000

static struct {
	pthread_barrier_t barrier;
	unsigned n;
	bool neigh, stop;
} race;

static void wait_ns(long ns)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec < ns);
}

static struct kernel_op pinned_neigh(void)
{
	struct ip ip = ip_of("10.1.0.9");
	struct kernel_op op = {.verb = KERNEL_CHANGE, .key = slot_key_neigh(w->br, &ip)};

	op.content.neigh.lladdr = mac_of(9);
	op.content.neigh.nud = NUD_PERMANENT;
	op.content.neigh.protocol = 255;
	return op;
}

static void *race_agent(void *arg)
{
	struct kernel_op neigh = pinned_neigh();
	unsigned seed = 7;

	(void)arg;
	for (;;) {
		pthread_barrier_wait(&race.barrier);
		if (race.stop)
			return NULL;
		wait_ns((long)(rand_r(&seed) % WINDOW_NS));
		if (race.neigh)
			agent_write(&neigh, NLM_F_CREATE | NLM_F_REPLACE);
		else
			agent_pins(race.n);
		pthread_barrier_wait(&race.barrier);
	}
}

/* ---- what an outsider saw ----
 *
 * A socket that only listens, and reads the messages as they are on the wire. A bridge FDB row on
 * our port with NOARP is a static entry that our add hit; a neighbour that we deleted right after
 * another had written it is one that our delete hit. After a hit the foreign entry must return,
 * once.
 */

struct outsider {
	int fd;
	uint32_t ours;	       /* portid of the daemon's request socket, from what it wrote first */
	bool foreign, damaged; /* neighbour: the last writer was another; hit, not yet back */
	unsigned hits, restored;
};

static struct outsider outsider;

static void outsider_open(void)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_NEIGH};

	outsider =
	    (struct outsider){.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
	assert_int_equal(bind(outsider.fd, (struct sockaddr *)&to, sizeof(to)), 0);
}

static const void *attribute(const struct nlmsghdr *h, unsigned short type, size_t size)
{
	const struct ndmsg *n = NLMSG_DATA(h);
	const struct rtattr *a = (const void *)((const char *)n + NLMSG_ALIGN(sizeof(*n)));
	size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*n));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == type && RTA_PAYLOAD(a) == size)
			return RTA_DATA(a);
	return NULL;
}

static void outsider_sees_fdb(const struct nlmsghdr *h)
{
	const struct ndmsg *n = NLMSG_DATA(h);
	const struct mac *mac = attribute(h, NDA_LLADDR, 6);
	struct mac wanted = mac_of(race.n);

	if (mac == NULL || !mac_equal(mac, &wanted) || (n->ndm_state & NUD_NOARP) == 0 ||
	    h->nlmsg_type != RTM_NEWNEIGH)
		return;
	if ((unsigned)n->ndm_ifindex == w->vx.v) {
		outsider.hits++;
		outsider.damaged = true;
	} else if (outsider.damaged) {
		outsider.restored++;
		outsider.damaged = false;
	}
}

static void outsider_sees_neigh(const struct nlmsghdr *h)
{
	const struct ndmsg *n = NLMSG_DATA(h);
	static const uint8_t wanted[] = {10, 1, 0, 9};
	const void *ip = attribute(h, NDA_DST, 4);

	if (ip == NULL || memcmp(ip, wanted, 4) != 0 || h->nlmsg_type != RTM_NEWNEIGH)
		return;
	if (n->ndm_state == NUD_NOARP)
		outsider.ours = h->nlmsg_pid;
	if (n->ndm_state == NUD_FAILED && outsider.foreign && h->nlmsg_pid == outsider.ours) {
		outsider.hits++;
		outsider.damaged = true;
	} else if (n->ndm_state == NUD_PERMANENT && outsider.damaged) {
		outsider.restored++;
		outsider.damaged = false;
	}
	outsider.foreign = n->ndm_state == NUD_PERMANENT;
}

/* Everything so far; then the daemon's count must be his. */
static void outsider_agrees(void)
{
	static _Alignas(8) uint8_t buffer[16384];
	ssize_t size;

	while ((size = recv(outsider.fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *h = (const void *)buffer;

		for (; NLMSG_OK(h, size); h = NLMSG_NEXT(h, size))
			if (((const struct ndmsg *)NLMSG_DATA(h))->ndm_family == AF_BRIDGE)
				outsider_sees_fdb(h);
			else
				outsider_sees_neigh(h);
	}
	assert_int_equal(errno, EAGAIN); /* nothing was lost */
	assert_false(outsider.damaged);
	assert_int_equal(outsider.restored, outsider.hits);
	assert_int_equal(w->counters.repaired, outsider.hits);
}

static void start_race(pthread_t *thread)
{
	outsider_open();
	race.stop = false;
	assert_int_equal(pthread_barrier_init(&race.barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(thread, NULL, race_agent, NULL), 0);
}

static void end_race(pthread_t thread)
{
	race.stop = true;
	pthread_barrier_wait(&race.barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&race.barrier);
	close(outsider.fd);
}

/* The agent pins at a random moment around our add: whatever happens, its row stands at the end. */
static void test_race_fdb_add(void **state)
{
	pthread_t thread;
	struct fdb_entry e;

	(void)state;
	start_race(&thread);
	for (unsigned i = 0; i < TRIALS; i++) {
		struct kernel_op clear;

		race.n = 100000 + i;
		race.neigh = false;
		pthread_barrier_wait(&race.barrier);
		wait_ns(WINDOW_NS / 2);
		settle_fdb(race.n, true, false, false);
		pthread_barrier_wait(&race.barrier);
		listen_to_kernel();
		assert_true(kernel_shows(race.n, &e));
		assert_int_equal(e.port.v, w->vp.v);
		assert_int_equal(e.nud, NUD_NOARP);
		assert_int_equal(e.ntf & NTF_STICKY, NTF_STICKY);
		outsider_agrees();
		clear = fdb_op(KERNEL_DELETE, race.n, w->vp, 0, 0);
		assert_int_equal(agent_write(&clear, 0), 0);
		listen_to_kernel();
	}
	end_race(thread);
	print_message(
	    "fdb add against a pin: %u trials, %u hits seen, %llu repaired, %llu refused\n", TRIALS,
	    outsider.hits, (unsigned long long)w->counters.repaired,
	    (unsigned long long)w->counters.mismatched);
}

static void test_race_neigh_delete(void **state)
{
	struct kernel_op foreign = pinned_neigh(), clear = foreign;
	pthread_t thread;

	(void)state;
	clear.verb = KERNEL_DELETE;
	start_race(&thread);
	for (unsigned i = 0; i < TRIALS; i++) {
		struct kernel_op op = {.verb = KERNEL_READ, .key = foreign.key};

		assert_int_equal(settle_neigh("10.1.0.9", 1, true, false), SLOT_SYNCED);
		race.neigh = true;
		pthread_barrier_wait(&race.barrier);
		wait_ns(WINDOW_NS / 2);
		settle_neigh("10.1.0.9", 1, false, false);
		pthread_barrier_wait(&race.barrier);
		listen_to_kernel();
		submit(op);
		pump();
		assert_true(w->last.seen_present);
		assert_int_equal(w->last.seen.neigh.nud, NUD_PERMANENT);
		assert_int_equal(w->last.seen.neigh.protocol, 255);
		outsider_agrees();
		assert_int_equal(agent_write(&clear, 0), 0);
		listen_to_kernel();
	}
	end_race(thread);
	print_message("neighbour delete against a pin: %u trials, %u hits seen, %llu repaired, "
		      "%llu refused\n",
	    TRIALS, outsider.hits, (unsigned long long)w->counters.repaired,
	    (unsigned long long)w->counters.mismatched);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_fdb_plain_and_sticky),
	    TEST(test_fdb_foreign_stays),
	    TEST(test_fdb_overwritten_is_foreign),
	    TEST(test_fdb_displaces_learned_only),
	    TEST(test_fdb_traffic_and_flush),
	    TEST(test_fdb_adoption),
	    TEST(test_vxlan_fdb),
	    TEST(test_flood_ownership),
	    TEST(test_neigh),
	    TEST(test_routes),
	    TEST(test_route_goes_with_its_device),
	    TEST(test_address),
	    TEST(test_device_vanishes_before_the_write),
	    TEST(test_each_kind_on_a_device_that_vanishes),
	    TEST(test_overrun),
	    TEST(test_bulk_spares_foreign),
	    TEST(test_race_fdb_add),
	    TEST(test_race_neigh_delete),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		print_message("needs root and a network namespace: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
