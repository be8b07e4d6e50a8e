/*
 * State file: every record comes back as it was, a file cut anywhere gives the whole records
 * before the cut, one flipped bit ends it there, and another boot's file is nobody's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/state.h"

#define RECORDS 12

static void make(struct state_record list[RECORDS])
{
	struct mac mac = {{1, 2, 3, 4, 5, 6}};
	struct ip v4 = ip_from_u32(0x0a000002), v6 = {.family = IP_V6, .b = {0x20, 1, 0xd, 0xb8}};

	memset(list, 0, RECORDS * sizeof(*list));
	list[0].kind = list[1].kind = list[2].kind = list[3].kind = list[4].kind = STATE_SLOT;
	list[0].slot.key = slot_key_fdb((ifindex_t){7}, 99, &mac);
	list[0].slot.content.fdb =
	    (struct fdb_entry){.port = {12}, .nud = NUD_REACHABLE, .ntf = NTF_EXT_LEARNED};
	list[1].slot.key = slot_key_vxlan_fdb((ifindex_t){12}, (vni_t){0}, &mac);
	list[1].slot.content.vxlan_fdb.dst = v4;
	list[1].slot.content.vxlan_fdb.nud = NUD_REACHABLE | NUD_NOARP;
	list[2].slot.key = slot_key_flood((ifindex_t){12}, (vni_t){5}, &v6);
	list[3].slot.key = slot_key_neigh((ifindex_t){13}, &v6);
	list[3].slot.content.neigh = (struct neigh_entry){
	    .lladdr = mac, .nud = NUD_NOARP, .ntf = NTF_EXT_LEARNED, .protocol = 158};
	list[4].slot.key = slot_key_bridge_port((ifindex_t){12});
	list[5].kind = STATE_RD;
	list[5].rd.vni.v = 0xfffffe;
	list[5].rd.index = 3;
	list[6].kind = STATE_MAC;
	list[6].mac.vni.v = 10099;
	list[6].mac.mac = mac;
	list[6].mac.claim = (struct claim){CLAIM_PINNED, true};
	list[6].mac.port.v = 14;
	list[6].mac.own = 0xfffffffe;
	list[6].mac.floor = 0xffffffff;
	list[7].kind = list[8].kind = STATE_ROUTE;
	list[7].route.family = list[8].route.family = BGP_L2VPN_EVPN;
	list[7].route.evpn.type = EVPN_MAC_IP;
	list[7].route.evpn.rd.b[7] = 2;
	list[7].route.evpn.mac = mac;
	list[7].route.evpn.ip = v6;
	list[7].route.evpn.label1 = 10099;
	list[8].route.evpn.type = EVPN_IMET;
	list[8].route.evpn.ip = v4;
	for (size_t i = 9; i < RECORDS; i++) {
		list[i].kind = STATE_ROUTE;
		list[i].route.family = BGP_L2VPN_EVPN;
		list[i].route.evpn.rd.b[7] = 3;
	}
	list[9].route.evpn.type = EVPN_ETHERNET_AD;
	list[9].route.evpn.esi.b[0] = 1;
	list[10].route.evpn.type = EVPN_ETHERNET_SEGMENT;
	list[10].route.evpn.ip = v4;
	list[11].route.evpn.type = EVPN_IP_PREFIX;
	list[11].route.evpn.ip = v6;
	list[11].route.evpn.prefix_len = 64;
	list[11].route.evpn.gateway.family = IP_V6;
}

static void test_routes_of_any_known_type(void **state)
{
	struct nlri n = {.family = BGP_L2VPN_EVPN};

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		n.evpn.type = (uint8_t)type;
		assert_int_equal(state_takes_route(&n), type >= 1 && type <= 5);
	}
	n = (struct nlri){.family = BGP_IPV4_UNICAST, .evpn.type = EVPN_MAC_IP};
	assert_false(state_takes_route(&n));
}

static size_t make_file(uint8_t *bytes, size_t room, size_t ends[RECORDS])
{
	struct state_record list[RECORDS];
	struct writer w = writer_to(bytes, room);

	make(list);
	state_write_head(&w, "boot", 7);
	for (size_t i = 0; i < RECORDS; i++) {
		size_t before = writer_size(&w);

		state_write(&w, &list[i]);
		ends[i] = writer_size(&w);
		assert_true(ends[i] - before <= STATE_RECORD_MAX);
	}
	assert_false(w.overflow);
	return writer_size(&w);
}

static size_t ends_at(size_t count)
{
	uint8_t bytes[2048];
	size_t ends[RECORDS], head;
	struct writer w = writer_to(bytes, sizeof(bytes));

	state_write_head(&w, "boot", 7);
	head = writer_size(&w);
	make_file(bytes, sizeof(bytes), ends);
	return count == 0 ? head : ends[count - 1];
}

static size_t read_all(const uint8_t *bytes, size_t size)
{
	struct state_record list[RECORDS], r;
	struct state_reader s;
	size_t count = 0;

	make(list);
	if (!state_open(&s, bytes, size, "boot", 7))
		return 0;
	for (; state_next(&s, &r); count++)
		assert_memory_equal(&r, &list[count], sizeof(r));
	/* Where something is missing that was written, it is known. */
	assert_true(s.damaged || count == RECORDS || size == ends_at(count));
	assert_false(s.damaged && count == RECORDS);
	return count;
}

static void test_round_trip(void **state)
{
	uint8_t bytes[2048];
	size_t ends[RECORDS], size = make_file(bytes, sizeof(bytes), ends);
	struct state_reader s;

	(void)state;
	assert_int_equal(read_all(bytes, size), RECORDS);
	assert_false(state_open(&s, bytes, size, "other", 7));
	assert_false(state_open(&s, bytes, size, "boot", 8));
	assert_false(state_open(&s, NULL, 0, "boot", 7));
}

static void test_torn(void **state)
{
	uint8_t bytes[2048];
	size_t ends[RECORDS], size = make_file(bytes, sizeof(bytes), ends);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = test_malloc(cut + 1);
		size_t whole = 0;

		memcpy(copy, bytes, cut);
		while (whole < RECORDS && ends[whole] <= cut)
			whole++;
		assert_int_equal(read_all(copy, cut), whole);
		test_free(copy);
	}
}

static void test_flipped_bits(void **state)
{
	uint8_t bytes[2048];
	size_t ends[RECORDS], size = make_file(bytes, sizeof(bytes), ends);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		size_t hit = 0;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		while (hit < RECORDS && ends[hit] <= bit / 8)
			hit++;
		assert_true(read_all(bytes, size) <= hit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_routes_of_any_known_type),
	    cmocka_unit_test(test_torn),
	    cmocka_unit_test(test_flipped_bits),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
