/*
 * NLRI: wire, key and text; what is malformed, and how much of an UPDATE it takes down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/nlri.h"
#include "generate.h"

#define ROUNDS 20000

static void test_decode_of_encode(void **state)
{
	struct arena arena = {0};
	struct generator g = {1, &arena};
	uint8_t bytes[300], key[NLRI_KEY_MAX], key2[NLRI_KEY_MAX];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct nlri n = generate_nlri(&g, (enum bgp_family)(i % BGP_FAMILIES)), m;
		struct writer w = writer_to(bytes, sizeof(bytes));
		struct reader r;
		bool skip;

		nlri_encode(&w, &n);
		assert_false(w.overflow);
		r = reader_from(bytes, writer_size(&w));
		assert_true(nlri_decode(&r, n.family, &m, &skip));
		assert_false(skip);
		assert_true(reader_done(&r));
		assert_true(nlri_equal(&n, &m));
		nlri_key(&n, key);
		nlri_from_key(n.family, key, &m);
		nlri_key(&m, key2);
		assert_memory_equal(key, key2, key[0] + 1u);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

/* The key has nothing of label, ESI and gateway, and all of the rest. */
static void test_key_is_the_identity(void **state)
{
	struct nlri a = {.family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_IP_PREFIX}}, b;
	uint8_t key[NLRI_KEY_MAX], other[NLRI_KEY_MAX];

	(void)state;
	prefix_parse("10.0.0.0/8", &a.prefix);
	a.evpn.ip = a.prefix.addr;
	a.evpn.prefix_len = 8;
	b = a;
	b.evpn.label1 = 7;
	b.evpn.gateway = ip_from_u32(1);
	b.evpn.esi.b[0] = 1;
	nlri_key(&a, key);
	nlri_key(&b, other);
	assert_int_equal(key[0], other[0]);
	assert_memory_equal(key, other, key[0] + 1u);
	b.evpn.prefix_len = 9;
	nlri_key(&b, other);
	assert_memory_not_equal(key, other, key[0] + 1u);
	b = a;
	a.evpn.type = b.evpn.type = EVPN_ETHERNET_AD;
	b.evpn.esi.b[9] = 1;
	nlri_key(&a, key);
	nlri_key(&b, other);
	assert_memory_not_equal(key, other, key[0] + 1u);
}

static void test_keys_sort_by_type(void **state)
{
	uint8_t key[NLRI_KEY_MAX], before[NLRI_KEY_MAX] = {0};

	(void)state;
	for (uint8_t type = EVPN_ETHERNET_AD; type <= EVPN_IP_PREFIX; type++) {
		struct nlri n = {.family = BGP_L2VPN_EVPN, .evpn = {.type = type}};

		n.evpn.rd.b[0] = (uint8_t)(9 - type);
		nlri_key(&n, key);
		assert_true(memcmp(before, key, 37) < 0);
		memcpy(before, key, sizeof(key));
	}
}

/* RFC 7432 section 7.2, bytes by hand. */
static void test_mac_ip_bytes(void **state)
{
	static const uint8_t wire[] = {2, 40, 0, 1, 10, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 0, 0, 48, 0xfa, 0x16, 0x3e, 0x7e, 0xe3, 0x5a, 32, 185, 47, 41, 88, 0, 0x27, 0x73,
	    0, 0, 2};
	struct reader r = reader_from(wire, sizeof(wire));
	struct str text = {0};
	struct nlri n;
	bool skip;

	(void)state;
	assert_true(nlri_decode(&r, BGP_L2VPN_EVPN, &n, &skip) && !skip);
	assert_int_equal(evpn_label_vni(n.evpn.label1).v, 10099);
	assert_true(n.evpn.has_label2);
	assert_int_equal(evpn_label_vni(n.evpn.label2).v, 2);
	nlri_text(&n, &text);
	assert_string_equal(
	    str_text(&text), "[2]:[0]:[48]:[fa:16:3e:7e:e3:5a]:[32]:[185.47.41.88]");
	str_fini(&text);
}

/* A malformed EVPN route of each known type between two good ones: these two arrive. */
static void test_malformed_evpn_goes_alone(void **state)
{
	static const struct {
		uint8_t type, size, at, value;
	} bad[] = {
	    {1, 24, 0, 0},
	    {1, 26, 0, 0},
	    {2, 0, 0, 0},
	    {2, 32, 0, 0},
	    {2, 33, 22, 47},
	    {2, 33, 29, 24},
	    {2, 33, 29, 32},
	    {2, 35, 0, 0},
	    {2, 34, 0, 0},
	    {2, 255, 0, 0},
	    {3, 17, 12, 33},
	    {3, 16, 0, 0},
	    {3, 13, 0, 0},
	    {4, 22, 18, 32},
	    {4, 19, 18, 0},
	    {5, 33, 0, 0},
	    {5, 34, 22, 33},
	    {5, 58, 22, 129},
	    {9, 255, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint8_t bytes[400] = {0};
		struct writer w = writer_to(bytes, sizeof(bytes));
		struct nlri good = {.family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_MAC_IP}}, n;
		struct nlri_run run = {.family = BGP_L2VPN_EVPN};
		uint8_t body[255] = {0};

		if (bad[i].type == 2)
			body[22] = 48;
		body[bad[i].at] = bad[i].value;
		nlri_encode(&w, &good);
		write_u8(&w, bad[i].type);
		write_u8(&w, bad[i].size);
		write_bytes(&w, body, bad[i].size);
		nlri_encode(&w, &good);
		run.bytes = reader_from(bytes, writer_size(&w));
		assert_true(nlri_run_check(&run));
		assert_true(nlri_run_next(&run, &n) && nlri_equal(&n, &good));
		assert_true(nlri_run_next(&run, &n) && nlri_equal(&n, &good));
		assert_false(nlri_run_next(&run, &n));
		assert_int_equal(run.skipped, 1);
	}
}

static void test_broken_framing_is_found(void **state)
{
	static const struct {
		enum bgp_family family;
		size_t size;
		uint8_t bytes[8];
	} bad[] = {
	    {BGP_IPV4_UNICAST, 5, {33, 10, 0, 0, 1}},
	    {BGP_IPV4_UNICAST, 3, {24, 10, 0}},
	    {BGP_IPV4_UNICAST, 4, {8, 10, 16, 172}},
	    {BGP_IPV6_UNICAST, 2, {129, 0}},
	    {BGP_IPV6_UNICAST, 3, {32, 0x20, 1}},
	    {BGP_L2VPN_EVPN, 1, {2}},
	    {BGP_L2VPN_EVPN, 4, {2, 3, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct nlri_run run = {
		    .family = bad[i].family, .bytes = reader_from(bad[i].bytes, bad[i].size)};
		struct nlri n;

		assert_false(nlri_run_check(&run));
		while (nlri_run_next(&run, &n))
			;
		assert_true(run.bytes.failed);
	}
}

static void test_host_bits_are_cleared(void **state)
{
	struct nlri_run run = {.bytes = reader_from("\x0a\x0a\xff", 3)};
	struct str text = {0};
	struct nlri n;

	(void)state;
	assert_true(nlri_run_next(&run, &n));
	nlri_text(&n, &text);
	assert_string_equal(str_text(&text), "10.192.0.0/10");
	str_fini(&text);
}

static void test_texts(void **state)
{
	static const char *const texts[] = {"[1]:[5]:[00:00:00:00:00:00:00:00:00:00]",
	    "[2]:[5]:[48]:[00:00:00:00:00:00]:[32]:[10.0.0.1]", "[3]:[5]:[32]:[10.0.0.1]",
	    "[4]:[00:00:00:00:00:00:00:00:00:00]:[32]:[10.0.0.1]", "[5]:[5]:[24]:[10.0.0.1]",
	    "[6]:[abcd]"};

	(void)state;
	for (uint8_t type = 1; type <= 6; type++) {
		struct nlri n = {.family = BGP_L2VPN_EVPN,
		    .evpn = {.type = type,
			.ethernet_tag = 5,
			.ip = ip_from_u32(0x0a000001),
			.prefix_len = 24,
			.opaque = (const uint8_t *)"\xab\xcd",
			.opaque_size = 2}};
		struct str text = {0};

		nlri_text(&n, &text);
		assert_string_equal(str_text(&text), texts[type - 1]);
		str_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decode_of_encode),
	    cmocka_unit_test(test_key_is_the_identity),
	    cmocka_unit_test(test_keys_sort_by_type),
	    cmocka_unit_test(test_mac_ip_bytes),
	    cmocka_unit_test(test_malformed_evpn_goes_alone),
	    cmocka_unit_test(test_broken_framing_is_found),
	    cmocka_unit_test(test_host_bits_are_cleared),
	    cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests_name("nlri", tests, NULL, NULL);
}
