/*
 * rtnetlink decoder and encoder: what is written comes back as the event that the kernel would
 * send; noise is not taken for news; cut and damaged messages are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>

#include "kernel/reconcile.h"
#include "kernel/rtnl_decode.h"
#include "kernel/rtnl_encode.h"

#define PORTID 4711

static _Alignas(8) uint8_t buffer[RTNL_MESSAGE_MAX];
static struct kernel_event got;
static struct route_nexthop got_hops[ROUTE_NEXTHOPS_MAX];
static struct nexthop_member got_members[ROUTE_NEXTHOPS_MAX];
static struct port_vlan got_vlans[8];
static unsigned got_count;

static const ifindex_t vx = {11};
static const struct mac mac = {{2, 0, 0, 0, 0, 1}};

/* Keeps what the event points to. */
static void take(void *context, const struct kernel_event *event)
{
	(void)context;
	got_count++;
	got = *event;
	if (event->kind == KERNEL_ROUTE_NEW || event->kind == KERNEL_ROUTE_DEL) {
		memcpy(got_hops, event->route.entry.nexthops,
		    event->route.entry.nexthop_count * sizeof(*got_hops));
		got.route.entry.nexthops = got_hops;
	}
	if (event->kind == KERNEL_NEXTHOP_NEW)
		memcpy(got_members, event->nexthop.entry.members,
		    event->nexthop.entry.member_count * sizeof(*got_members));
	if (event->kind == KERNEL_PORT_VLANS) {
		assert_true(event->port_vlans.count <= 8);
		memcpy(got_vlans, event->port_vlans.vlans,
		    event->port_vlans.count * sizeof(*got_vlans));
	}
}

static bool decode(const struct nlmsghdr *h)
{
	got_count = 0;
	return rtnl_decode(h, PORTID, false, take, NULL);
}

/* The written message read as a notification: same slot, same content. */
static void comes_back(const struct kernel_op *op)
{
	struct nlmsghdr *h = rtnl_encode_write(buffer, op);
	struct slot_content content;
	struct slot_key key;
	bool present;

	assert_non_null(h);
	assert_int_equal(h->nlmsg_flags & NLM_F_REQUEST, NLM_F_REQUEST);
	if (op->key.kind == SLOT_FDB)
		mnl_attr_put_u32(h, NDA_MASTER, op->key.fdb.bridge.v);
	h->nlmsg_pid = PORTID;
	assert_true(decode(h));
	assert_int_equal(got_count, 1);
	assert_true(got.ours);
	assert_true(kernel_event_slot(&got, &key, &content, &present));
	assert_true(slot_key_equal(&key, &op->key));
	assert_int_equal(present, op->verb != KERNEL_DELETE);
	if (present)
		assert_true(slot_content_equal(key.kind, &content, &op->content));
}

static void each_way(struct kernel_op *op)
{
	static const enum kernel_verb verbs[] = {KERNEL_ADD, KERNEL_CHANGE, KERNEL_DELETE};

	for (size_t i = 0; i < 3; i++) {
		op->verb = verbs[i];
		comes_back(op);
	}
}

static void test_fdb(void **state)
{
	struct kernel_op op = {.key = slot_key_fdb((ifindex_t){10}, 99, &mac)};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		op.content.fdb.port = vx;
		op.content.fdb.nud = NUD_REACHABLE;
		op.content.fdb.ntf =
		    (uint8_t)((i & 1 ? NTF_EXT_LEARNED : 0) | (i & 2 ? NTF_STICKY : 0));
		each_way(&op);
	}
	/* the bridge's own table, and never both tables in one message */
	assert_int_equal(
	    ((struct ndmsg *)mnl_nlmsg_get_payload(rtnl_encode_write(buffer, &op)))->ndm_flags &
		(NTF_MASTER | NTF_SELF),
	    NTF_MASTER);
	op.verb = KERNEL_ADD;
	assert_int_equal(
	    rtnl_encode_write(buffer, &op)->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
}

static void test_vxlan_and_flood(void **state)
{
	static const char *const vteps[] = {"10.0.0.1", "2001:db8::1"};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct kernel_op op = {
		    .key = slot_key_vxlan_fdb(vx, (vni_t){i & 1 ? 100 : 0}, &mac)};
		struct ip ip;

		assert_true(ip_parse(vteps[i >> 1], &ip));
		op.content.vxlan_fdb = (struct vxlan_fdb_entry){
		    .dst = ip, .nud = NUD_REACHABLE | NUD_NOARP, .ntf = NTF_EXT_LEARNED};
		each_way(&op);
		assert_int_equal(
		    ((struct ndmsg *)mnl_nlmsg_get_payload(rtnl_encode_write(buffer, &op)))
			    ->ndm_flags &
			(NTF_MASTER | NTF_SELF),
		    NTF_SELF);
		op = (struct kernel_op){.key = slot_key_flood(vx, (vni_t){i & 1 ? 100 : 0}, &ip)};
		op.content.flood.nud = NUD_REACHABLE | NUD_NOARP;
		op.content.flood.ntf = NTF_EXT_LEARNED;
		each_way(&op);
		op.verb = KERNEL_ADD;
		assert_int_equal(rtnl_encode_write(buffer, &op)->nlmsg_flags,
		    NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND);
	}
}

static void test_neigh(void **state)
{
	static const char *const ips[] = {"10.1.0.1", "fe80::1"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct kernel_op op;
		struct ip ip;

		assert_true(ip_parse(ips[i], &ip));
		op = (struct kernel_op){.key = slot_key_neigh(vx, &ip)};
		op.content.neigh = (struct neigh_entry){.lladdr = mac,
		    .nud = NUD_NOARP,
		    .ntf = NTF_EXT_LEARNED,
		    .protocol = RTPROT_EVPND};
		each_way(&op);
		op.verb = KERNEL_ADD;
		assert_int_equal(rtnl_encode_write(buffer, &op)->nlmsg_flags,
		    NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
		op.verb = KERNEL_PROBE;
		assert_int_equal(
		    ((struct ndmsg *)mnl_nlmsg_get_payload(rtnl_encode_write(buffer, &op)))
			->ndm_flags,
		    NTF_USE);
	}
}

static void test_route(void **state)
{
	static const char *const prefixes[] = {"192.0.2.0/24", "2001:db8::/64", "0.0.0.0/0"};
	struct route_nexthop hops[3] = {
	    {.dev = {1}, .weight = 1}, {.dev = {2}, .weight = 3}, {.dev = {3}, .weight = 1}};

	(void)state;
	assert_true(ip_parse("10.0.0.1", &hops[0].gateway));
	assert_true(ip_parse("fe80::1", &hops[1].gateway));
	for (unsigned i = 0; i < 3; i++)
		for (uint8_t count = 1; count <= 3; count++) {
			struct kernel_op op;
			struct prefix p;

			assert_true(prefix_parse(prefixes[i], &p));
			op = (struct kernel_op){.key = slot_key_route(1000 + i, 20, &p)};
			op.content.route = (struct route_entry){.protocol = RTPROT_EVPND,
			    .type = RTN_UNICAST,
			    .nexthop_count = count,
			    .nexthops = i == 1 ? hops + 1 : hops};
			if (i == 1 && count == 3)
				continue;
			op.verb = KERNEL_ADD;
			/* an IPv6 route over an IPv4 gateway does not exist, and weights are of
			 * multipath routes only */
			if (count == 1 && i == 1)
				hops[1].weight = 1;
			comes_back(&op);
			hops[1].weight = 3;
		}
}

static void test_addr(void **state)
{
	struct kernel_op op;
	struct prefix p = {.len = 24};

	(void)state;
	assert_true(ip_parse("198.51.100.7", &p.addr));
	op = (struct kernel_op){.verb = KERNEL_ADD, .key = slot_key_addr(vx, &p)};
	op.content.addr.protocol = RTPROT_EVPND;
	comes_back(&op);
	op.verb = KERNEL_DELETE;
	comes_back(&op);
}

/* ---- what the kernel sends and nobody writes ---- */

static struct nlmsghdr *neigh_message(uint8_t family, uint8_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof(*n));

	h->nlmsg_type = RTM_NEWNEIGH;
	n->ndm_family = family;
	n->ndm_ifindex = 11;
	n->ndm_state = NUD_REACHABLE;
	n->ndm_flags = flags;
	return h;
}

static void test_noise(void **state)
{
	struct nlmsghdr *h = neigh_message(AF_BRIDGE, NTF_SELF);

	(void)state;
	/* 6.1 and 6.12 repeat a SELF request without its destination, done or not */
	mnl_attr_put(h, NDA_LLADDR, 6, &mac);
	assert_true(decode(h));
	assert_int_equal(got_count, 0);
	/* proxy entries are no neighbours */
	h = neigh_message(AF_INET, NTF_PROXY);
	mnl_attr_put_u32(h, NDA_DST, 1);
	assert_true(decode(h));
	assert_int_equal(got_count, 0);
	h = mnl_nlmsg_put_header(buffer);
	h->nlmsg_type = RTM_NEWRULE;
	assert_true(decode(h));
	assert_int_equal(got_count, 0);
}

static void test_attribute_of_wrong_size_is_absent(void **state)
{
	struct nlmsghdr *h = neigh_message(AF_BRIDGE, 0);

	(void)state;
	mnl_attr_put(h, NDA_LLADDR, 5, &mac);
	mnl_attr_put_u32(h, NDA_MASTER, 10);
	assert_true(decode(h));
	assert_int_equal(got_count, 0);
}

static void test_locked_and_writer(void **state)
{
	struct nlmsghdr *h = neigh_message(AF_BRIDGE, 0);

	(void)state;
	mnl_attr_put(h, NDA_LLADDR, 6, &mac);
	mnl_attr_put_u32(h, NDA_MASTER, 10);
	mnl_attr_put_u32(h, NDA_FLAGS_EXT, 1 << 1);
	assert_true(decode(h));
	assert_true(got.fdb.entry.locked);
	h = neigh_message(AF_INET, 0);
	mnl_attr_put_u32(h, NDA_DST, 1);
	h->nlmsg_pid = 99;
	assert_true(decode(h));
	assert_false(got.ours);
	assert_int_equal(got.writer, 99);
	/* the rows of our own dump carry its portid: nobody wrote them */
	h->nlmsg_pid = PORTID;
	assert_true(rtnl_decode(h, PORTID, true, take, NULL));
	assert_int_equal(got.writer, 0);
	assert_false(got.ours);
}

static void test_bridge_port(void **state)
{
	static const struct bridge_vlan_info infos[] = {
	    {BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, 7},
	    {BRIDGE_VLAN_INFO_RANGE_BEGIN, 100}, {BRIDGE_VLAN_INFO_RANGE_END, 199}};
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	struct nlattr *nest;

	(void)state;
	h->nlmsg_type = RTM_NEWLINK;
	i->ifi_family = AF_BRIDGE;
	i->ifi_index = 11;
	nest = mnl_attr_nest_start(h, IFLA_PROTINFO);
	mnl_attr_put_u8(h, IFLA_BRPORT_STATE, 3);
	mnl_attr_put_u8(h, IFLA_BRPORT_LEARNING, 0);
	mnl_attr_nest_end(h, nest);
	nest = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	for (size_t n = 0; n < 3; n++)
		mnl_attr_put(h, IFLA_BRIDGE_VLAN_INFO, sizeof(infos[n]), &infos[n]);
	mnl_attr_nest_end(h, nest);
	assert_true(decode(h));
	assert_int_equal(got.kind, KERNEL_PORT_VLANS);
	assert_int_equal(got.port_vlans.count, 2);
	assert_int_equal(got_vlans[0].first, 7);
	assert_int_equal(got_vlans[0].flags, PORT_VLAN_PVID | PORT_VLAN_UNTAGGED);
	assert_int_equal(got_vlans[1].first, 100);
	assert_int_equal(got_vlans[1].last, 199);
	assert_true(got.port_vlans.flags.valid);
	assert_false(got.port_vlans.flags.learning);
	/* it left the bridge; the link is not gone */
	h->nlmsg_type = RTM_DELLINK;
	assert_true(decode(h));
	assert_int_equal(got.kind, KERNEL_PORT_VLANS);
	assert_int_equal(got.port_vlans.count, 0);
}

/* What we write is what we read back, and what others have outside our range is nothing. */
static void test_nexthop_objects(void **state)
{
	const struct nexthop_member members[2] = {
	    {NEXTHOP_ID_FIRST + 1, 1}, {NEXTHOP_ID_FIRST + 2, 256}};
	struct kernel_op op = {.verb = KERNEL_ADD, .key = slot_key_nexthop(NEXTHOP_ID_LAST)};
	struct nlmsghdr *h;

	(void)state;
	op.content.nexthop = (struct nexthop_entry){.protocol = RTPROT_EVPND, .dev = {4}};
	assert_true(ip_parse("fe80::1", &op.content.nexthop.gateway));
	h = rtnl_encode_write(buffer, &op);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
	assert_true(decode(h));
	assert_int_equal(got.kind, KERNEL_NEXTHOP_NEW);
	assert_int_equal(got.nexthop.key.id, NEXTHOP_ID_LAST);
	assert_int_equal(got.nexthop.entry.protocol, RTPROT_EVPND);
	assert_int_equal(got.nexthop.entry.dev.v, 4);
	assert_true(ip_equal(&got.nexthop.entry.gateway, &op.content.nexthop.gateway));
	assert_false(got.nexthop.entry.foreign_kind);
	mnl_attr_put(h, NHA_FDB, 0, NULL);
	assert_true(decode(h));
	assert_true(got.nexthop.entry.foreign_kind);
	op.verb = KERNEL_CHANGE;
	op.content.nexthop =
	    (struct nexthop_entry){.protocol = RTPROT_EVPND, .member_count = 2, .members = members};
	h = rtnl_encode_write(buffer, &op);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_REPLACE);
	assert_true(decode(h));
	assert_int_equal(got.nexthop.entry.member_count, 2);
	assert_int_equal(got_members[1].id, NEXTHOP_ID_FIRST + 2);
	assert_int_equal(got_members[1].weight, 256);
	assert_int_equal(got.nexthop.entry.dev.v, 0);
	op.verb = KERNEL_DELETE;
	h = rtnl_encode_write(buffer, &op);
	assert_true(decode(h));
	assert_int_equal(got.kind, KERNEL_NEXTHOP_DEL);
	op.key.nexthop.id = NEXTHOP_ID_FIRST - 1;
	h = rtnl_encode_write(buffer, &op);
	assert_true(decode(h));
	assert_int_equal(got_count, 0);
}

/* The kernel repeats in a route what its object holds: with an object of ours that is no news. */
static void test_route_over_object(void **state)
{
	struct kernel_op op = {.verb = KERNEL_ADD};
	struct prefix p;
	struct nlmsghdr *h;

	(void)state;
	assert_true(prefix_parse("192.0.2.0/24", &p));
	op.key = slot_key_route(254, 20, &p);
	op.content.route = (struct route_entry){
	    .protocol = RTPROT_EVPND, .type = RTN_UNICAST, .nhid = NEXTHOP_ID_FIRST};
	h = rtnl_encode_write(buffer, &op);
	mnl_attr_put_u32(h, RTA_OIF, 4);
	assert_true(decode(h));
	assert_int_equal(got.route.entry.nhid, NEXTHOP_ID_FIRST);
	assert_int_equal(got.route.entry.nexthop_count, 0);
	op.content.route.nhid = 7;
	h = rtnl_encode_write(buffer, &op);
	mnl_attr_put_u32(h, RTA_OIF, 4);
	assert_true(decode(h));
	assert_int_equal(got.route.entry.nhid, 7);
	assert_int_equal(got.route.entry.nexthop_count, 1);
}

static uint8_t scope_of(const struct nlmsghdr *h)
{
	return ((const struct rtmsg *)mnl_nlmsg_get_payload(h))->rtm_scope;
}

/* A route to a link says so in its scope; one that discards has no device, though IPv6 names one.
 */
static void test_route_without_gateway(void **state)
{
	struct route_nexthop hop = {.dev = {4}, .weight = 1};
	struct kernel_op op = {.verb = KERNEL_ADD};
	struct prefix p;
	struct nlmsghdr *h;

	(void)state;
	assert_true(prefix_parse("2001:db8::/32", &p));
	op.key = slot_key_route(254, 20, &p);
	op.content.route = (struct route_entry){
	    .protocol = RTPROT_EVPND, .type = RTN_UNICAST, .nexthop_count = 1, .nexthops = &hop};
	assert_int_equal(scope_of(rtnl_encode_write(buffer, &op)), RT_SCOPE_LINK);
	comes_back(&op);
	hop.gateway = ip_from_u32(7);
	assert_int_equal(scope_of(rtnl_encode_write(buffer, &op)), RT_SCOPE_UNIVERSE);
	op.content.route = (struct route_entry){.protocol = RTPROT_EVPND, .type = RTN_UNREACHABLE};
	h = rtnl_encode_write(buffer, &op);
	assert_int_equal(scope_of(h), RT_SCOPE_UNIVERSE);
	mnl_attr_put_u32(h, RTA_OIF, 1);
	assert_true(decode(h));
	assert_int_equal(got.route.entry.nexthop_count, 0);
	assert_int_equal(got.route.entry.type, RTN_UNREACHABLE);
}

/* Cut anywhere, and with each byte damaged: no read outside (the copy is exact), no crash. */
static void test_cut_and_damaged(void **state)
{
	struct route_nexthop hops[2] = {{.dev = {1}, .weight = 1}, {.dev = {2}, .weight = 3}};
	struct kernel_op op;
	struct prefix p;
	struct nlmsghdr *h;
	size_t size;

	(void)state;
	assert_true(prefix_parse("192.0.2.0/24", &p));
	assert_true(ip_parse("fe80::1", &hops[0].gateway));
	op = (struct kernel_op){.verb = KERNEL_ADD, .key = slot_key_route(254, 20, &p)};
	op.content.route = (struct route_entry){
	    .protocol = RTPROT_EVPND, .type = RTN_UNICAST, .nexthop_count = 2, .nexthops = hops};
	h = rtnl_encode_write(buffer, &op);
	size = h->nlmsg_len;
	for (size_t cut = sizeof(*h); cut <= size; cut++) {
		struct nlmsghdr *copy = malloc(cut);

		memcpy(copy, buffer, cut);
		copy->nlmsg_len = (uint32_t)cut;
		decode(copy);
		free(copy);
	}
	for (size_t at = sizeof(*h); at < size; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct nlmsghdr *copy = malloc(size);

			memcpy(copy, buffer, size);
			((uint8_t *)copy)[at] ^= (uint8_t)(1u << bit);
			decode(copy);
			free(copy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fdb),
	    cmocka_unit_test(test_vxlan_and_flood),
	    cmocka_unit_test(test_neigh),
	    cmocka_unit_test(test_route),
	    cmocka_unit_test(test_addr),
	    cmocka_unit_test(test_noise),
	    cmocka_unit_test(test_attribute_of_wrong_size_is_absent),
	    cmocka_unit_test(test_locked_and_writer),
	    cmocka_unit_test(test_bridge_port),
	    cmocka_unit_test(test_nexthop_objects),
	    cmocka_unit_test(test_route_over_object),
	    cmocka_unit_test(test_route_without_gateway),
	    cmocka_unit_test(test_cut_and_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
