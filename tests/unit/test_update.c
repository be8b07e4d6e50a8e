/*
 * UPDATE: what is written is read back, and what is wrong meets its RFC 7606 disposition.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "bgp/extcomm.h"
#include "bgp/update.h"

static const uint8_t path[] = {2, 2, 0, 0, 0xfd, 0xe9, 0x00, 0x01, 0xfd, 0xea};

static struct update_context context_all(void)
{
	return (struct update_context){.as4 = true,
	    .ebgp = true,
	    .extended_nexthop = true,
	    .families = {true, true, true},
	    .max_size = MESSAGE_MAX};
}

static struct nlri mac_ip(unsigned i)
{
	struct nlri n = {.family = BGP_L2VPN_EVPN,
	    .evpn = {.type = EVPN_MAC_IP,
		.rd = {{0, 1, 10, 0, 0, 1, 0, 2}},
		.mac = {{2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}},
		.label1 = 10099}};

	if (i % 2 != 0)
		n.evpn.ip = ip_from_u32(0x0a010000 + i);
	return n;
}

static size_t decode(const uint8_t *bytes, size_t size, const struct update_context *c,
    struct arena *arena, struct update *u)
{
	struct notification error;
	struct message m;

	assert_int_equal(message_frame(bytes, size, c->max_size, &m, &error), FRAMING_MESSAGE);
	assert_int_equal(m.type, MESSAGE_UPDATE);
	update_decode(m.body, m.body_size, c, arena, u);
	return m.size;
}

static void test_evpn_packs_and_returns(void **state)
{
	struct update_context c = context_all();
	struct extcomm extcomms[] = {extcomm_rt_as(65001, 10099), extcomm_encap_vxlan()};
	struct attrs a = {.as_path = path, .as_path_size = sizeof(path)};
	struct arena arena = {0};
	uint8_t buffer[MESSAGE_MAX];
	struct update_writer w;
	struct update u;
	struct nlri n;
	unsigned count = 0, seen = 0;
	size_t size;

	(void)state;
	a.next_hop = ip_from_u32(0x0a000001);
	attrs_set_extcomms(&a, extcomms, 2, &arena);
	update_begin_reach(&w, buffer, &c, BGP_L2VPN_EVPN, &a);
	do
		n = mac_ip(count);
	while (update_add(&w, &n) && ++count < 10000);
	assert_in_range(count, 100, 130);
	size = update_end(&w);
	assert_int_equal(decode(buffer, size, &c, &arena, &u), size);
	assert_int_equal(u.disposition, UPDATE_OK);
	assert_int_equal(u.reach_count, 1);
	assert_true(attrs_equal(&u.reach[0].attrs, &a));
	while (nlri_run_next(&u.reach[0].run, &n)) {
		struct nlri expected = mac_ip(seen++);

		assert_true(nlri_equal(&n, &expected));
	}
	assert_int_equal(seen, count);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_evpn_packs_and_returns),
	};

	return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
