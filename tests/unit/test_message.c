/*
 * Framing, KEEPALIVE, ROUTE-REFRESH, NOTIFICATION and OPEN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/message.h"
#include "bgp/open.h"

static void header(uint8_t *bytes, size_t length, uint8_t type)
{
	memset(bytes, 0xff, 16);
	bytes[16] = (uint8_t)(length >> 8);
	bytes[17] = (uint8_t)length;
	bytes[18] = type;
}

/* ---- framing: RFC 4271 section 6.1 ---- */

static void test_frames(void **state)
{
	static const struct {
		size_t length, max;
		uint8_t type;
		enum framing framing;
		uint8_t subcode;
	} cases[] = {
	    {19, MESSAGE_MAX, MESSAGE_KEEPALIVE, FRAMING_MESSAGE, 0},
	    {20, MESSAGE_MAX, MESSAGE_KEEPALIVE, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {18, MESSAGE_MAX, MESSAGE_KEEPALIVE, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {0, MESSAGE_MAX, MESSAGE_KEEPALIVE, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {28, MESSAGE_MAX, MESSAGE_OPEN, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {29, MESSAGE_MAX, MESSAGE_OPEN, FRAMING_MESSAGE, 0},
	    {22, MESSAGE_MAX, MESSAGE_UPDATE, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {4096, MESSAGE_MAX, MESSAGE_UPDATE, FRAMING_MESSAGE, 0},
	    {4097, MESSAGE_MAX, MESSAGE_UPDATE, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {4097, MESSAGE_MAX_EXTENDED, MESSAGE_UPDATE, FRAMING_MESSAGE, 0},
	    {65535, MESSAGE_MAX_EXTENDED, MESSAGE_UPDATE, FRAMING_MESSAGE, 0},
	    {4097, MESSAGE_MAX_EXTENDED, MESSAGE_OPEN, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {20, MESSAGE_MAX, MESSAGE_NOTIFICATION, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {22, MESSAGE_MAX, MESSAGE_ROUTE_REFRESH, FRAMING_ERROR, NOTIFY_HEADER_BAD_LENGTH},
	    {23, MESSAGE_MAX, MESSAGE_ROUTE_REFRESH, FRAMING_MESSAGE, 0},
	    {23, MESSAGE_MAX, 0, FRAMING_ERROR, NOTIFY_HEADER_BAD_TYPE},
	    {23, MESSAGE_MAX, 6, FRAMING_ERROR, NOTIFY_HEADER_BAD_TYPE},
	    {23, MESSAGE_MAX, 255, FRAMING_ERROR, NOTIFY_HEADER_BAD_TYPE},
	};
	static uint8_t bytes[MESSAGE_MAX_EXTENDED + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct notification error = {0};
		struct message m = {0};

		header(bytes, cases[i].length, cases[i].type);
		assert_int_equal(message_frame(bytes, sizeof(bytes), cases[i].max, &m, &error),
		    cases[i].framing);
		if (cases[i].framing == FRAMING_MESSAGE) {
			assert_int_equal(m.size, cases[i].length);
			assert_int_equal(m.body_size, cases[i].length - 19);
			assert_int_equal(message_frame(bytes, m.size - 1, cases[i].max, &m, &error),
			    FRAMING_MORE);
		} else {
			assert_int_equal(error.code, NOTIFY_HEADER);
			assert_int_equal(error.subcode, cases[i].subcode);
			/* Judged by the header alone. */
			assert_int_equal(
			    message_frame(bytes, 19, cases[i].max, &m, &error), FRAMING_ERROR);
		}
		assert_int_equal(message_frame(bytes, 18, cases[i].max, &m, &error), FRAMING_MORE);
	}
	header(bytes, 19, MESSAGE_KEEPALIVE);
	bytes[15] = 0xfe;
	assert_int_equal(
	    message_frame(bytes, 19, MESSAGE_MAX, &(struct message){0}, &(struct notification){0}),
	    FRAMING_ERROR);
}

static void test_route_refresh(void **state)
{
	uint8_t bytes[64];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct route_refresh r = {ROUTE_REFRESH_END, BGP_L2VPN_EVPN}, got;
	struct notification error;
	struct message m;

	(void)state;
	route_refresh_encode(&w, &r);
	assert_int_equal(writer_size(&w), 23);
	assert_int_equal(message_frame(bytes, 23, MESSAGE_MAX, &m, &error), FRAMING_MESSAGE);
	assert_memory_equal(m.body, "\0\x19\x02\x46", 4);
	assert_int_equal(route_refresh_decode(m.body, m.body_size, &got, &error), ROUTE_REFRESH_OK);
	assert_int_equal(got.kind, r.kind);
	assert_int_equal(got.family, r.family);
	assert_int_equal(route_refresh_decode((const uint8_t *)"\0\1\3\1", 4, &got, &error),
	    ROUTE_REFRESH_IGNORE);
	assert_int_equal(route_refresh_decode((const uint8_t *)"\0\1\0\x80", 4, &got, &error),
	    ROUTE_REFRESH_IGNORE);
	assert_int_equal(route_refresh_decode((const uint8_t *)"\0\1\1\1\0", 5, &got, &error),
	    ROUTE_REFRESH_ERROR);
	assert_int_equal(error.code, NOTIFY_ROUTE_REFRESH);
	assert_int_equal(route_refresh_decode((const uint8_t *)"\0\1\0\1\1\1", 6, &got, &error),
	    ROUTE_REFRESH_OK);
	assert_int_equal(
	    route_refresh_decode((const uint8_t *)"\0\1", 2, &got, &error), ROUTE_REFRESH_ERROR);
}

/* ---- NOTIFICATION ---- */

static void test_communication(void **state)
{
	static const char text[] = "r\xc3\xa9paration \xe2\x82\xac";
	uint8_t bytes[MESSAGE_MAX], data[SHUTDOWN_DATA_MAX];
	struct notification n = notification_cease_with(NOTIFY_CEASE_SHUTDOWN, text, data), got;
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct str out = {0};

	(void)state;
	notification_encode(&w, &n);
	assert_true(notification_decode(bytes + 19, writer_size(&w) - 19, &got));
	notification_text(&got, &out);
	assert_string_equal(
	    str_text(&out), "Cease/Administrative Shutdown: \"r\xc3\xa9paration \xe2\x82\xac\"");
	str_fini(&out);
}

/* 254 letters and a two-byte character: cut in front of it, not inside. */
static void test_communication_is_cut_between_characters(void **state)
{
	char text[300] = {0};
	uint8_t data[SHUTDOWN_DATA_MAX];
	struct notification n;

	(void)state;
	memset(text, 'a', 254);
	strcpy(text + 254, "\xc3\xa9");
	n = notification_cease_with(NOTIFY_CEASE_RESET, text, data);
	assert_int_equal(n.data_size, 255);
	assert_int_equal(data[0], 254);
	memset(text, 'a', 299);
	n = notification_cease_with(NOTIFY_CEASE_RESET, text, data);
	assert_int_equal(n.data_size, 256);
}

static void test_notification_texts(void **state)
{
	static const struct {
		struct notification n;
		const char *text;
	} cases[] = {
	    {{NOTIFY_HOLD_TIMER, 0, NULL, 0}, "Hold Timer Expired"},
	    {{NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, NULL, 0}, "OPEN Message Error/Bad Peer AS"},
	    {{NOTIFY_OPEN, 5, NULL, 0}, "OPEN Message Error/5"},
	    {{NOTIFY_CEASE, 200, NULL, 0}, "Cease/200"},
	    {{9, 1, NULL, 0}, "code 9/1"},
	    {{0, 0, NULL, 0}, "code 0/0"},
	    /* Not UTF-8, a control character, a wrong length byte: nothing harmful is shown. */
	    {{NOTIFY_CEASE, 2, (const uint8_t *)"\3a\xff\x1b", 4},
		"Cease/Administrative Shutdown: \"a??\""},
	    {{NOTIFY_CEASE, 2, (const uint8_t *)"\3\xed\xa0\x80", 4},
		"Cease/Administrative Shutdown: \"???\""},
	    {{NOTIFY_CEASE, 2, (const uint8_t *)"\2\xc0\xaf", 3},
		"Cease/Administrative Shutdown: \"??\""},
	    {{NOTIFY_CEASE, 2, (const uint8_t *)"\2\xe2\x82", 3},
		"Cease/Administrative Shutdown: \"??\""},
	    {{NOTIFY_CEASE, 2,
		 (const uint8_t *)"\x09"
				  "abc",
		 4},
		"Cease/Administrative Shutdown"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str out = {0};

		notification_text(&cases[i].n, &out);
		assert_string_equal(str_text(&out), cases[i].text);
		str_fini(&out);
	}
	assert_false(notification_decode((const uint8_t *)"\6", 1, &(struct notification){0}));
}

/* ---- OPEN ---- */

static bool open_again(const struct open *o, struct open *got)
{
	uint8_t bytes[MESSAGE_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct notification error;
	struct message m;

	open_encode(&w, o);
	assert_int_equal(
	    message_frame(bytes, writer_size(&w), MESSAGE_MAX, &m, &error), FRAMING_MESSAGE);
	return open_decode(m.body, m.body_size, got, &error);
}

/* Every combination of the flags. */
static void test_open_decode_of_encode(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1 << 15; bits++) {
		struct open o, got;

		memset(&o, 0, sizeof(o));
		o.as = (bits & 1) != 0 ? 4200000000 : 65001;
		o.hold_s = 9;
		o.router_id = ip_from_u32(0x0a000001);
		o.as4 = (bits & 1) != 0;
		o.route_refresh = (bits & 2) != 0;
		o.enhanced_refresh = (bits & 4) != 0;
		o.extended_message = (bits & 8) != 0;
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			o.families[f] = (bits & (16u << f)) != 0;
		if ((bits & 0x70) == 0)
			o.families[BGP_IPV4_UNICAST] = true;
		o.extended_nexthop[BGP_IPV4_UNICAST] = (bits & 128) != 0;
		o.add_path_receive[BGP_IPV4_UNICAST] = (bits & 3) == 3;
		o.add_path_send[BGP_L2VPN_EVPN] = (bits & 5) == 5;
		o.add_path_send[BGP_IPV4_UNICAST] = (bits & 9) == 9;
		o.graceful_restart = (bits & 256) != 0;
		o.long_lived = (bits & 0x300) == 0x300;
		if (o.long_lived) {
			o.long_lived_families[BGP_IPV6_UNICAST] = (bits & 2) != 0;
			o.long_lived_kept[BGP_IPV6_UNICAST] = (bits & 6) == 6;
			o.long_lived_s[BGP_IPV6_UNICAST] = (bits & 2) != 0 ? 0xfffffe : 0;
		}
		if (o.graceful_restart) {
			o.restarting = (bits & 512) != 0;
			o.notification = (bits & 1024) != 0;
			o.restart_s = 120;
			o.restart_families[BGP_L2VPN_EVPN] = (bits & 2048) != 0;
			o.forwarding_kept[BGP_L2VPN_EVPN] = (bits & 0x1800) == 0x1800;
		}
		strcpy(o.hostname, (bits & 8192) != 0 ? "leaf1" : "");
		if ((bits & 0x6000) == 0x6000)
			strcpy(o.domain, "example.net");
		assert_true(open_again(&o, &got));
		assert_memory_equal(&o, &got, sizeof(o));
	}
}

/* As FRR 8.4 sends them with `bgp graceful-restart`, `preserve-fw-state` and a long-lived stale
 * time of 100 s: R and N bit, 120 s, ipv4 unicast and l2vpn evpn. */
static void test_open_restart_bytes(void **state)
{
	static const uint8_t capabilities[] = {64, 10, 0xc0, 0x78, 0, 1, 1, 0x80, 0, 25, 70, 0x80,
	    71, 14, 0, 1, 1, 0x80, 0, 0, 100, 0, 25, 70, 0x80, 0, 0, 100};
	struct open o = {.as = 65001,
	    .hold_s = 9,
	    .router_id = ip_from_u32(0x0a000001),
	    .graceful_restart = true,
	    .restarting = true,
	    .notification = true,
	    .restart_s = 120,
	    .restart_families = {[BGP_IPV4_UNICAST] = true, [BGP_L2VPN_EVPN] = true},
	    .forwarding_kept = {[BGP_IPV4_UNICAST] = true, [BGP_L2VPN_EVPN] = true},
	    .long_lived = true,
	    .long_lived_families = {[BGP_IPV4_UNICAST] = true, [BGP_L2VPN_EVPN] = true},
	    .long_lived_kept = {[BGP_IPV4_UNICAST] = true, [BGP_L2VPN_EVPN] = true},
	    .long_lived_s = {[BGP_IPV4_UNICAST] = 100, [BGP_L2VPN_EVPN] = 100}};
	uint8_t bytes[MESSAGE_MAX], body[64] = "\4\xfd\xe9\0\x09\x0a\0\0\1";
	struct writer w = writer_to(bytes, sizeof(bytes));
	struct notification error;
	struct open got;

	(void)state;
	open_encode(&w, &o);
	assert_memory_equal(
	    bytes + writer_size(&w) - sizeof(capabilities), capabilities, sizeof(capabilities));
	body[9] = sizeof(capabilities) + 2;
	body[10] = 2;
	body[11] = sizeof(capabilities);
	memcpy(body + 12, capabilities, sizeof(capabilities));
	assert_true(open_decode(body, 12 + sizeof(capabilities), &got, &error));
	o.families[BGP_IPV4_UNICAST] = true; /* no multiprotocol capability */
	assert_memory_equal(&o, &got, sizeof(o));
	/* Not a whole number of families. */
	for (size_t cut = 1; cut < 7; cut++) {
		body[9] = (uint8_t)(sizeof(capabilities) + 2 - cut);
		body[11] = (uint8_t)(sizeof(capabilities) - cut);
		body[12 + 13] = (uint8_t)(14 - cut);
		assert_false(open_decode(body, 12 + sizeof(capabilities) - cut, &got, &error));
	}
}

static void test_open_errors(void **state)
{
	static const struct {
		const char *body;
		size_t size;
		uint8_t subcode;
	} cases[] = {
	    {"\3\xfd\xe9\0\x09\x0a\0\0\1\0", 10, NOTIFY_OPEN_BAD_VERSION},
	    {"\4\0\0\0\x09\x0a\0\0\1\0", 10, NOTIFY_OPEN_BAD_PEER_AS},
	    {"\4\xfd\xe9\0\1\x0a\0\0\1\0", 10, NOTIFY_OPEN_BAD_HOLD_TIME},
	    {"\4\xfd\xe9\0\2\x0a\0\0\1\0", 10, NOTIFY_OPEN_BAD_HOLD_TIME},
	    {"\4\xfd\xe9\0\x09\0\0\0\0\0", 10, NOTIFY_OPEN_BAD_IDENTIFIER},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\2\1\0", 12, NOTIFY_OPEN_BAD_PARAMETER},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\1\2", 11, NOTIFY_OPEN_UNSPECIFIC}, /* half a parameter */
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\1", 10, NOTIFY_OPEN_UNSPECIFIC},   /* shorter than said */
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\0\0", 11, NOTIFY_OPEN_UNSPECIFIC}, /* longer than said */
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\3\2\1\2", 13,
		NOTIFY_OPEN_UNSPECIFIC}, /* half a capability */
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\4\2\2\2\1", 14, NOTIFY_OPEN_UNSPECIFIC},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\5\2\3\1\1\0", 15, NOTIFY_OPEN_UNSPECIFIC},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\5\2\3\x41\1\0", 15, NOTIFY_OPEN_UNSPECIFIC},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\x08\2\6\x41\4\0\0\0\0", 18, NOTIFY_OPEN_BAD_PEER_AS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct notification error = {0};
		struct open o;

		assert_false(
		    open_decode((const uint8_t *)cases[i].body, cases[i].size, &o, &error));
		assert_int_equal(error.code, NOTIFY_OPEN);
		assert_int_equal(error.subcode, cases[i].subcode);
	}
}

/* No capability at all is a speaker of RFC 4271; unknown ones, ORF, and a hostname that overruns
 * itself harm nobody; RFC 9072 long form. */
static void test_open_tolerates(void **state)
{
	static const struct {
		const char *body;
		size_t size;
	} cases[] = {
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\0", 10},
	    {"\4\xfd\xe9\0\0\x0a\0\0\1\4\2\2\xc8\0", 14},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\6\2\4\x49\2\x09x", 16},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\xff\xff\0\x05\2\0\2\x03\0", 18},
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\x08\2\2\x03\0\2\2\x45\0", 18},
	    /* add-path: Send/Receive of 4 */
	    {"\4\xfd\xe9\0\x09\x0a\0\0\1\x08\2\6\x45\4\0\1\1\4", 18},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct notification error;
		struct open o;

		assert_true(open_decode((const uint8_t *)cases[i].body, cases[i].size, &o, &error));
		assert_int_equal(o.as, 65001);
		assert_true(o.families[BGP_IPV4_UNICAST]);
		assert_false(o.families[BGP_L2VPN_EVPN]);
		assert_false(o.add_path_send[BGP_IPV4_UNICAST] || o.add_path_receive[0]);
		assert_string_equal(o.domain, "");
	}
}

static void test_open_text(void **state)
{
	struct open o = {.as = 65001,
	    .hold_s = 9,
	    .router_id = ip_from_u32(0x0a000001),
	    .as4 = true,
	    .families = {true, false, true},
	    .hostname = "tor1"};
	struct str out = {0};

	(void)state;
	open_text(&o, &out);
	assert_string_equal(str_text(&out),
	    "AS 65001 id 10.0.0.1 hold 9 mp(ipv4Unicast,l2VpnEvpn) as4 hostname=tor1");
	str_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_route_refresh),
	    cmocka_unit_test(test_communication),
	    cmocka_unit_test(test_communication_is_cut_between_characters),
	    cmocka_unit_test(test_notification_texts),
	    cmocka_unit_test(test_open_decode_of_encode),
	    cmocka_unit_test(test_open_restart_bytes),
	    cmocka_unit_test(test_open_errors),
	    cmocka_unit_test(test_open_tolerates),
	    cmocka_unit_test(test_open_text),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
