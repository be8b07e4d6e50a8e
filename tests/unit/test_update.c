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
#include "generate.h"

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

/* With a Path Identifier where these were negotiated. */
static struct nlri identified(
    struct generator *g, const struct update_context *c, enum bgp_family family)
{
	struct nlri n = generate_nlri(g, family);

	n.path_id = c->add_path[family] ? generate_u32(g) : 0;
	return n;
}

/* Everything that can be said comes back: both AS sizes, both message sizes, all families. */
static void test_decode_of_encode(void **state)
{
	static uint8_t buffer[MESSAGE_MAX_EXTENDED];
	struct arena arena = {0};
	struct generator g = {3, &arena};

	(void)state;
	for (int i = 0; i < 6000; i++) {
		enum bgp_family family = (enum bgp_family)(i % BGP_FAMILIES);
		struct update_context c = context_all();
		struct nlri sent[40], got;
		struct update_writer w;
		struct attrs a;
		struct update u;
		size_t count = 0, seen = 0;

		c.as4 = generate_bool(&g);
		c.ebgp = generate_bool(&g);
		c.max_size = generate_bool(&g) ? MESSAGE_MAX : MESSAGE_MAX_EXTENDED;
		c.add_path[family] = generate_bool(&g);
		a = generate_attrs(&g, family, true, !c.ebgp);
		update_begin_reach(&w, buffer, &c, family, &a);
		do
			sent[count] = identified(&g, &c, family);
		while (update_add(&w, &sent[count]) && ++count < 40);
		if (count == 0) {
			assert_int_equal(update_end(&w), 0);
			arena_reset(&arena);
			continue;
		}
		decode(buffer, update_end(&w), &c, &arena, &u);
		assert_int_equal(u.disposition, UPDATE_OK);
		assert_int_equal(u.unreach_count, 0);
		assert_int_equal(u.reach_count, 1);
		assert_true(attrs_equal(&u.reach[0].attrs, &a));
		while (nlri_run_next(&u.reach[0].run, &got))
			assert_true(seen < count && nlri_equal(&got, &sent[seen++]));
		assert_int_equal(seen, count);
		assert_int_equal(u.reach[0].run.skipped, 0);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

static void test_withdrawals(void **state)
{
	static uint8_t buffer[MESSAGE_MAX];
	struct arena arena = {0};
	struct generator g = {5, &arena};

	(void)state;
	for (int i = 0; i < 600; i++) {
		enum bgp_family family = (enum bgp_family)(i % BGP_FAMILIES);
		struct update_context c = context_all();
		static struct nlri sent[MESSAGE_MAX];
		struct update_writer w;
		struct update u;
		struct nlri got;
		size_t count = 0, seen = 0;

		c.add_path[family] = generate_bool(&g);
		update_begin_unreach(&w, buffer, &c, family);
		do
			sent[count] = identified(&g, &c, family);
		while (update_add(&w, &sent[count]) && ++count < MESSAGE_MAX);
		decode(buffer, update_end(&w), &c, &arena, &u);
		assert_int_equal(u.disposition, UPDATE_OK);
		assert_false(u.end_of_rib);
		assert_int_equal(u.reach_count, 0);
		assert_int_equal(u.unreach_count, 1);
		while (nlri_run_next(&u.unreach[0], &got))
			assert_true(seen < count && nlri_equal(&got, &sent[seen++]));
		assert_int_equal(seen, count);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

static void test_end_of_rib(void **state)
{
	(void)state;
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		struct update_context c = context_all();
		struct arena arena = {0};
		uint8_t buffer[64];
		struct writer w = writer_to(buffer, sizeof(buffer));
		struct update u;

		end_of_rib_encode(&w, (enum bgp_family)f);
		decode(buffer, writer_size(&w), &c, &arena, &u);
		assert_int_equal(u.disposition, UPDATE_OK);
		assert_true(u.end_of_rib);
		assert_int_equal(u.end_of_rib_family, f);
		c.families[f] = false;
		decode(buffer, writer_size(&w), &c, &arena, &u);
		assert_false(u.end_of_rib);
		arena_fini(&arena);
	}
}

/* Attributes that fill a message leave no room, and nothing is written. */
static void test_no_room(void **state)
{
	static uint32_t communities[2000];
	static uint8_t buffer[MESSAGE_MAX];
	struct update_context c = context_all();
	struct nlri n = mac_ip(0), v4 = {.prefix = {.len = 8}};
	struct attrs a = {.next_hop = ip_from_u32(0x0a000001), .communities = communities};
	struct update_writer w;

	(void)state;
	for (uint16_t count = 900; count < 1100; count++) {
		bool added;

		a.community_count = count;
		update_begin_reach(&w, buffer, &c, BGP_L2VPN_EVPN, &a);
		added = update_add(&w, &n);
		assert_int_equal(added, update_end(&w) > 0);
		assert_true(w.count == 0 || writer_size(&w.w) <= MESSAGE_MAX);
		update_begin_reach(&w, buffer, &c, BGP_IPV4_UNICAST, &a);
		added = update_add(&w, &v4);
		assert_int_equal(added, update_end(&w) > 0);
	}
	assert_int_equal(update_end(&w), 0);
}

/* RFC 8950, 2545, 4760: lengths of the next hop in MP_REACH_NLRI. */
static void test_next_hop_lengths(void **state)
{
	static const struct {
		enum bgp_family family;
		uint8_t size;
		bool extended;
		enum disposition disposition;
	} cases[] = {
	    {BGP_IPV4_UNICAST, 4, false, UPDATE_OK},
	    {BGP_IPV4_UNICAST, 16, true, UPDATE_OK},
	    {BGP_IPV4_UNICAST, 32, true, UPDATE_OK},
	    {BGP_IPV4_UNICAST, 16, false, UPDATE_DISABLE_FAMILY},
	    {BGP_IPV4_UNICAST, 12, true, UPDATE_DISABLE_FAMILY},
	    {BGP_IPV6_UNICAST, 16, false, UPDATE_OK},
	    {BGP_IPV6_UNICAST, 32, false, UPDATE_OK},
	    {BGP_IPV6_UNICAST, 4, false, UPDATE_DISABLE_FAMILY},
	    {BGP_IPV6_UNICAST, 24, false, UPDATE_DISABLE_FAMILY},
	    {BGP_IPV6_UNICAST, 0, false, UPDATE_DISABLE_FAMILY},
	    {BGP_IPV6_UNICAST, 255, false, UPDATE_DISABLE_FAMILY},
	    {BGP_L2VPN_EVPN, 4, false, UPDATE_OK},
	    {BGP_L2VPN_EVPN, 16, false, UPDATE_OK},
	    {BGP_L2VPN_EVPN, 12, false, UPDATE_DISABLE_FAMILY},
	    {BGP_L2VPN_EVPN, 24, false, UPDATE_DISABLE_FAMILY},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t body[400], next_hop[255] = {0x20, 1, 0xd, 0xb8};
		struct writer w = writer_to(body, sizeof(body));
		struct nlri n = {.family = cases[i].family};
		struct update_context c = context_all();
		struct update u;
		size_t list, mp;

		c.extended_nexthop = cases[i].extended;
		n.prefix.len = 8;
		n.evpn.type = EVPN_MAC_IP;
		write_u16(&w, 0);
		list = write_begin_u16(&w);
		write_u16(&w, 0x900e);
		mp = write_begin_u16(&w);
		write_u16(&w, bgp_family_afi(n.family));
		write_u8(&w, bgp_family_safi(n.family));
		write_u8(&w, cases[i].size);
		write_bytes(&w, next_hop, cases[i].size == 255 ? 20 : cases[i].size);
		write_u8(&w, 0);
		nlri_encode(&w, &n);
		write_end_u16(&w, mp);
		write_bytes(&w, "\x40\x01\x01\x00\x40\x02\x00", 7);
		write_end_u16(&w, list);
		update_decode(body, writer_size(&w), &c, &arena, &u);
		assert_int_equal(u.disposition, cases[i].disposition);
		assert_int_equal(u.reach_count, cases[i].disposition == UPDATE_OK);
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			assert_int_equal(
			    u.disabled[f], f == cases[i].family && u.disposition != UPDATE_OK);
		/* the only family of its session: that would be left with nothing */
		memset(c.families, 0, sizeof(c.families));
		c.families[cases[i].family] = true;
		update_decode(body, writer_size(&w), &c, &arena, &u);
		assert_int_equal(
		    u.disposition, cases[i].disposition == UPDATE_OK ? UPDATE_OK : UPDATE_RESET);
		assert_false(u.disabled[cases[i].family]);
	}
	arena_fini(&arena);
}

/* A link-local next hop behind a global one, twice, or behind :: (BIRD); alone, :: is none. */
static void test_next_hops_on_a_link(void **state)
{
	static const struct ip global = {.family = IP_V6, .b = {0x20, 1, 0xd, 0xb8}};
	static const struct ip local = {.family = IP_V6, .b = {0xfe, 0x80, [15] = 7}};
	static const struct ip none = {.family = IP_V6};
	static const struct {
		const struct ip *first, *second;
		bool good, is_link_local;
	} cases[] = {
	    {&global, &local, true, false},
	    {&local, &local, true, true},
	    {&none, &local, true, true},
	    {&none, &global, false, false},
	    {&none, &none, false, false},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t body[400];
		struct writer w = writer_to(body, sizeof(body));
		struct nlri n = {.family = BGP_IPV6_UNICAST};
		struct update_context c = context_all();
		struct update u;
		size_t list, mp;

		n.prefix.len = 8;
		write_u16(&w, 0);
		list = write_begin_u16(&w);
		write_u16(&w, 0x900e);
		mp = write_begin_u16(&w);
		write_bytes(&w, "\0\2\1\x20", 4);
		write_bytes(&w, cases[i].first->b, 16);
		write_bytes(&w, cases[i].second->b, 16);
		write_u8(&w, 0);
		nlri_encode(&w, &n);
		write_end_u16(&w, mp);
		write_bytes(&w, "\x40\x01\x01\x00\x40\x02\x00", 7);
		write_end_u16(&w, list);
		update_decode(body, writer_size(&w), &c, &arena, &u);
		assert_int_equal(
		    u.disposition, cases[i].good ? UPDATE_OK : UPDATE_TREAT_AS_WITHDRAW);
		if (!cases[i].good)
			continue;
		assert_true(ip_equal(
		    &u.reach[0].attrs.next_hop, cases[i].first == &none ? &local : cases[i].first));
		assert_true(ip_equal(&u.reach[0].attrs.next_hop_link_local, &local));
		assert_int_equal(u.reach[0].attrs.next_hop_is_link_local, cases[i].is_link_local);
	}
	arena_fini(&arena);
}

/* What the three fields do when their lengths or their NLRI are wrong (RFC 7606 sections 3, 5.3).
 */
static void test_fields(void **state)
{
	static const struct {
		const char *body;
		size_t size;
		enum disposition disposition;
		uint8_t subcode;
	} cases[] = {
	    {"", 0, UPDATE_RESET, NOTIFY_UPDATE_MALFORMED_LIST},
	    {"\0\0\0", 3, UPDATE_RESET, NOTIFY_UPDATE_MALFORMED_LIST},
	    {"\0\1\0\0", 4, UPDATE_RESET, NOTIFY_UPDATE_MALFORMED_LIST},
	    {"\0\0\0\1", 4, UPDATE_RESET, NOTIFY_UPDATE_MALFORMED_LIST},
	    {"\xff\xff\xff\xff", 4, UPDATE_RESET, NOTIFY_UPDATE_MALFORMED_LIST},
	    {"\0\1\x21\0\0", 5, UPDATE_DISABLE_FAMILY, NOTIFY_UPDATE_NETWORK},
	    {"\0\1\x08\0\0", 5, UPDATE_DISABLE_FAMILY, NOTIFY_UPDATE_NETWORK},
	    {"\0\0\0\0\x21", 5, UPDATE_DISABLE_FAMILY, NOTIFY_UPDATE_NETWORK},
	    {"\0\1\x00\0\0", 5, UPDATE_OK, 0},
	    /* MP_UNREACH_NLRI: no room for a family, one we do not know, a broken NLRI */
	    {"\0\0\0\5\x80\x0f\2\0\1", 9, UPDATE_RESET, NOTIFY_UPDATE_OPTIONAL},
	    {"\0\0\0\6\x80\x0f\3\0\1\x55", 10, UPDATE_DISCARD_ATTRIBUTE, NOTIFY_UPDATE_OPTIONAL},
	    {"\0\0\0\7\x80\x0f\4\0\x19\x46\2", 11, UPDATE_DISABLE_FAMILY, NOTIFY_UPDATE_OPTIONAL},
	};
	struct update_context c = context_all();
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct update u;

		update_decode((const uint8_t *)cases[i].body, cases[i].size, &c, &arena, &u);
		assert_int_equal(u.disposition, cases[i].disposition);
		assert_int_equal(u.error.subcode, cases[i].subcode);
		assert_false(u.end_of_rib);
	}
	arena_fini(&arena);
}

/* Announced in two places, an attribute wrong: all of it is withdrawn, what was withdrawn too. */
static void test_treat_as_withdraw_takes_all(void **state)
{
	static const uint8_t body[] = {0, 2, 8, 20, 0, 58, 0x40, 1, 1, 9, 0x40, 2, 0, 0x40, 3, 4,
	    10, 0, 0, 1, 0x80, 14, 28, 0, 2, 1, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 1, 0, 48, 0x20, 1, 0xd, 0xb8, 0, 1, 0x80, 15, 6, 0, 2, 1, 16, 0x20, 2, 0x80, 4, 1,
	    1, 8, 10};
	struct update_context c = context_all();
	struct arena arena = {0};
	struct str text = {0};
	struct update u;

	(void)state;
	update_decode(body, sizeof(body), &c, &arena, &u);
	assert_int_equal(u.disposition, UPDATE_TREAT_AS_WITHDRAW);
	assert_int_equal(u.reach_count, 0);
	assert_int_equal(u.unreach_count, 4);
	update_text(&u, &text);
	assert_string_equal(str_text(&text),
	    "UPDATE (treat-as-withdraw: ORIGIN, undefined value) -ipv4Unicast 20.0.0.0/8 "
	    "-ipv6Unicast 2002::/16 -ipv4Unicast 10.0.0.0/8 "
	    "-ipv6Unicast 2001:db8:1::/48");
	str_fini(&text);
	arena_fini(&arena);
}

/* One family's routes cannot be read: those of the other are good, or withdrawn if an attribute is
 * wrong, too. */
static void test_disabled_beside_others(void **state)
{
	uint8_t body[] = {0, 0, 0, 34, 0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 10, 0, 0, 1, 0x80, 14,
	    17, 0, 2, 1, 4, 10, 0, 0, 1, 0, 48, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 8, 10};
	struct update_context c = context_all();
	struct arena arena = {0};
	struct str text = {0};
	struct update u;

	(void)state;
	update_decode(body, sizeof(body), &c, &arena, &u);
	update_text(&u, &text);
	assert_string_equal(str_text(&text),
	    "UPDATE (AFI/SAFI disable: MP_REACH_NLRI, wrong next hop length) w/ attr: nexthop "
	    "10.0.0.1, origin i +ipv4Unicast 10.0.0.0/8");
	assert_true(u.disabled[BGP_IPV6_UNICAST] && !u.disabled[BGP_IPV4_UNICAST]);
	body[7] = 9; /* ORIGIN */
	update_decode(body, sizeof(body), &c, &arena, &u);
	str_clear(&text);
	update_text(&u, &text);
	assert_string_equal(str_text(&text),
	    "UPDATE (AFI/SAFI disable: MP_REACH_NLRI, wrong next hop length) -ipv4Unicast "
	    "10.0.0.0/8");
	assert_true(u.disabled[BGP_IPV6_UNICAST]);
	str_fini(&text);
	arena_fini(&arena);
}

static void test_family_not_negotiated(void **state)
{
	struct update_context c = context_all();
	struct attrs a = {
	    .next_hop = ip_from_u32(0x0a000001), .as_path = path, .as_path_size = sizeof(path)};
	struct nlri n = mac_ip(1);
	struct arena arena = {0};
	uint8_t buffer[MESSAGE_MAX];
	struct update_writer w;
	struct update u;

	(void)state;
	update_begin_reach(&w, buffer, &c, BGP_L2VPN_EVPN, &a);
	assert_true(update_add(&w, &n));
	c.families[BGP_L2VPN_EVPN] = false;
	decode(buffer, update_end(&w), &c, &arena, &u);
	assert_int_equal(u.disposition, UPDATE_DISCARD_ATTRIBUTE);
	assert_int_equal(u.reach_count + u.unreach_count, 0);
	arena_fini(&arena);
}

/* A message cut short or with one byte changed never does more than it may: whatever comes out can
 * be walked to its end, and all that is walked encodes again. */
static void test_mutations(void **state)
{
	struct arena arena = {0};
	struct generator g = {11, &arena};
	uint8_t buffer[MESSAGE_MAX], out[300];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		enum bgp_family family = (enum bgp_family)(i % BGP_FAMILIES);
		struct update_context c = context_all();
		struct attrs a = generate_attrs(&g, family, true, false);
		struct update_writer w;
		struct update u;
		struct nlri n = generate_nlri(&g, family);
		size_t size;

		update_begin_reach(&w, buffer, &c, family, &a);
		update_add(&w, &n);
		n = generate_nlri(&g, family);
		update_add(&w, &n);
		size = update_end(&w);
		if (size > 0) {
			buffer[19 + generate_below(&g, (uint32_t)size - 19)] =
			    (uint8_t)generate_u32(&g);
			size -= generate_below(&g, 4) == 0 ? generate_below(&g, (uint32_t)size - 19)
							   : 0;
			update_decode(buffer + 19, size - 19, &c, &arena, &u);
			for (size_t k = 0; k < u.unreach_count + u.reach_count; k++) {
				struct nlri_run run = k < u.unreach_count
							  ? u.unreach[k]
							  : u.reach[k - u.unreach_count].run;

				while (nlri_run_next(&run, &n)) {
					struct writer again = writer_to(out, sizeof(out));

					nlri_encode(&again, &n);
					assert_false(again.overflow);
				}
				assert_false(run.bytes.failed);
			}
		}
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_evpn_packs_and_returns),
	    cmocka_unit_test(test_decode_of_encode),
	    cmocka_unit_test(test_withdrawals),
	    cmocka_unit_test(test_end_of_rib),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_next_hop_lengths),
	    cmocka_unit_test(test_next_hops_on_a_link),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_treat_as_withdraw_takes_all),
	    cmocka_unit_test(test_disabled_beside_others),
	    cmocka_unit_test(test_family_not_negotiated),
	    cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
