/*
 * Flight record: decode(encode(x)) = x for every kind of event and action with every field set,
 * every truncation is refused, random bytes are never believed, and passwords stay out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/record.h"
#include "record/state.h"

static uint8_t buffer[1 << 16], again[1 << 16];

static struct ip address(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static struct mac some_mac(void)
{
	return (struct mac){{0xfa, 0x16, 0x3e, 1, 2, 3}};
}

/* ---- one of each ------------------------------------------------------------------------------
 */

static const struct route_nexthop nexthops[2] = {
    {.gateway = {.family = IP_V6, .b = {0xfe, 0x80, [15] = 9}}, .dev = {4}, .weight = 1},
    {.gateway = {.family = IP_V4, .b = {10, 0, 0, 2}}, .dev = {5}, .weight = 7}};
static const struct port_vlan vlans[2] = {
    {.first = 1, .last = 1, .flags = PORT_VLAN_PVID | PORT_VLAN_UNTAGGED},
    {.first = 99, .last = 4000}};

static struct route_entry some_route(void)
{
	return (struct route_entry){.protocol = 158,
	    .type = 1,
	    .nexthop_count = 2,
	    .prefsrc = address("10.0.0.1"),
	    .nhid = 77,
	    .nexthops = nexthops};
}

/* Static: padding is zero, so that it can be compared as bytes. */
static const struct link full_link = {.ifindex = {12},
    .kind = LINK_VXLAN,
    .name = "vxlan-2",
    .master = {3},
    .lower = {2},
    .mac = {{0xfa, 0x16, 0x3e, 1, 2, 3}},
    .mtu = 9000,
    .admin_up = true,
    .running = true,
    .lower_up = true,
    .bridge = {.vlan_filtering = true, .default_pvid = 1},
    .vxlan = {.vni = {99},
	.local = {.family = IP_V4, .b = {10, 0, 0, 1}},
	.port = 4789,
	.learning = true,
	.external = true,
	.vnifilter = true},
    .vlan_id = 99,
    .vrf_table = 1002,
    .port = {.valid = true, .state = 3, .learning = true, .neigh_suppress = true, .locked = true}};

static const struct nexthop_member members[2] = {{NEXTHOP_ID_FIRST + 1, 1}, {7, 256}};

static struct kernel_event kernel_event_of(enum kernel_event_kind kind)
{
	struct kernel_event e = {.kind = kind, .from_dump = true, .ours = true, .writer = 4711};

	switch (kind) {
	case KERNEL_LINK_NEW:
		e.link = full_link;
		break;
	case KERNEL_LINK_DEL:
		e.link_gone.v = 77;
		break;
	case KERNEL_PORT_VLANS:
		e.port_vlans.port.v = 9;
		e.port_vlans.count = 2;
		e.port_vlans.vlans = vlans;
		e.port_vlans.flags = full_link.port;
		break;
	case KERNEL_ADDR_NEW:
	case KERNEL_ADDR_DEL:
		e.addr.dev.v = 1;
		e.addr.prefix = (struct prefix){.addr = address("fd00::1"), .len = 64};
		e.addr.entry.protocol = 3;
		e.addr.tentative = true;
		break;
	case KERNEL_FDB_NEW:
	case KERNEL_FDB_DEL:
		e.fdb.key = (struct fdb_key){.bridge = {3}, .mac = some_mac(), .vlan = 99};
		e.fdb.entry = (struct fdb_entry){
		    .port = {12}, .nud = NUD_NOARP, .ntf = NTF_STICKY, .locked = true};
		break;
	case KERNEL_VXLAN_FDB_NEW:
	case KERNEL_VXLAN_FDB_DEL:
		e.vxlan_fdb.key =
		    (struct vxlan_fdb_key){.dev = {12}, .source_vni = {99}, .mac = some_mac()};
		e.vxlan_fdb.entry = (struct vxlan_fdb_entry){.dst = address("10.0.0.2"),
		    .nhid = 5,
		    .nud = NUD_REACHABLE,
		    .ntf = NTF_EXT_LEARNED};
		break;
	case KERNEL_FLOOD_NEW:
	case KERNEL_FLOOD_DEL:
		e.flood.key = (struct flood_key){
		    .dev = {12}, .source_vni = {99}, .vtep = address("10.0.0.2")};
		e.flood.entry = (struct flood_entry){.nud = NUD_PERMANENT, .ntf = NTF_SELF};
		break;
	case KERNEL_NEIGH_NEW:
	case KERNEL_NEIGH_DEL:
		e.neigh.key = (struct neigh_key){.dev = {6}, .ip = address("192.0.2.1")};
		e.neigh.entry = (struct neigh_entry){.lladdr = some_mac(),
		    .nud = NUD_NOARP,
		    .ntf = NTF_EXT_LEARNED,
		    .protocol = 158};
		break;
	case KERNEL_ROUTE_NEW:
	case KERNEL_ROUTE_DEL:
		e.route.key = (struct route_key){
		    .table = 254, .metric = 20, .prefix = {.addr = address("10.1.0.0"), .len = 16}};
		e.route.entry = some_route();
		break;
	case KERNEL_NEXTHOP_NEW:
	case KERNEL_NEXTHOP_DEL:
		e.nexthop.key.id = NEXTHOP_ID_FIRST;
		e.nexthop.entry = (struct nexthop_entry){.protocol = 158,
		    .member_count = 2,
		    .foreign_kind = true,
		    .gateway = address("fe80::1"),
		    .dev = {4},
		    .members = members};
		break;
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
		e.dump.table = TABLE_ROUTES;
		e.dump.clean = true;
		break;
	case KERNEL_OVERRUN:
		break;
	}
	return e;
}

static struct event event_of(enum event_kind kind)
{
	struct event e = {.kind = kind};

	switch (kind) {
	case EVENT_START:
		e.start = (struct event_start){.seed = 0x123456789abcdef0,
		    .wall_offset_ns = -5,
		    .hostname = "hv1",
		    .boot_id = "6c0b",
		    .netns = 4026531840,
		    .flush_on_exit = true,
		    .state_writable = true,
		    .bgp_port = 1790};
		break;
	case EVENT_STATE:
		e.state = (struct event_bytes){.bytes = (const uint8_t *)"a\0b", .size = 3};
		break;
	case EVENT_CONFIG:
		e.config = (struct event_config){.file = "f", .text = "hostname a\n", .error = "e"};
		break;
	case EVENT_KERNEL:
		e.kernel = kernel_event_of(KERNEL_OVERRUN);
		break;
	case EVENT_KERNEL_RESULT:
		e.result = (struct kernel_result){.id = 5,
		    .slot = SLOT_ROUTE,
		    .outcome = KERNEL_FAILED,
		    .error = 17,
		    .checked = true,
		    .seen_present = true,
		    .seen.route = some_route()};
		break;
	case EVENT_PEER_BYTES:
		e.peer.conn = 3;
		e.peer.bytes = (const uint8_t *)"\xff\xff\0";
		e.peer.size = 3;
		break;
	case EVENT_PEER_HANDOVER:
		e.peer = (struct event_peer){.conn = CONN_ACCEPTED | 9,
		    .remote = address("fe80::1"),
		    .local = address("fe80::2"),
		    .ifindex = {4},
		    .bytes = (const uint8_t *)"note",
		    .size = 4};
		break;
	case EVENT_PEER_CONNECTED:
	case EVENT_PEER_ACCEPTED:
	case EVENT_PEER_DRAINED:
	case EVENT_PEER_CLOSED:
		e.peer = (struct event_peer){.conn = CONN_ACCEPTED | 9,
		    .remote = address("fe80::1"),
		    .local = address("fe80::2"),
		    .ifindex = {4},
		    .error = 111};
		break;
	case EVENT_RA:
		e.ra = (struct event_ra){.ifindex = {4},
		    .source = address("fe80::1"),
		    .solicitation = true,
		    .router_lifetime_s = 1800};
		break;
	case EVENT_BFD:
		e.bfd = (struct bfd_report){.id = 3,
		    .session = {.state = BFD_DOWN,
			.remote_state = BFD_INIT,
			.diag = BFD_DIAG_DETECTION_EXPIRED,
			.remote_diag = (enum bfd_diag)31,
			.discriminator = 0x01020304,
			.remote_discriminator = 0x05060708,
			.remote_transmit_us = 50000,
			.remote_receive_us = 60000,
			.remote_echo_us = 70000,
			.remote_multiplier = 3,
			.detection_us = 150000,
			.transmit_us = 1000000,
			.ups = 1,
			.downs = 2,
			.failures = 3,
			.received = 1ull << 40,
			.sent = 5}};
		break;
	case EVENT_CTL_REQUEST:
		e.ctl = (struct event_ctl){.client = 8, .line = "show evpn vni"};
		break;
	case EVENT_CTL_CLOSED:
		e.ctl.client = 8;
		break;
	case EVENT_TIMER:
	case EVENT_SHUTDOWN:
		break;
	}
	return e;
}

static const struct tcp_auth some_keys = {.count = 2,
    .keys = {{.kind = TCP_AUTH_AO_HMAC_SHA1, .send_id = 1, .recv_id = 2, .secret = "swordfish"},
	{.kind = TCP_AUTH_AO_AES_CMAC, .secret = "swordfish"}}};

static struct action action_of(enum action_kind kind)
{
	struct action a = {.kind = kind};

	switch (kind) {
	case ACTION_KERNEL_DUMP:
		a.dump = TABLE_NEIGH;
		break;
	case ACTION_KERNEL_OP:
		a.op = (struct kernel_op){.id = 9,
		    .verb = KERNEL_CHANGE,
		    .key = {.kind = SLOT_ROUTE,
			.route = kernel_event_of(KERNEL_ROUTE_NEW).route.key},
		    .content.route = some_route(),
		    .pre = PRE_EQUAL,
		    .expected.route = some_route()};
		break;
	case ACTION_STATE_APPEND:
	case ACTION_STATE_RESET:
		a.state.bytes = (const uint8_t *)"state";
		a.state.size = 5;
		break;
	case ACTION_PEER_LISTEN:
		a.listen_port = 179;
		break;
	case ACTION_PEER_CONNECT:
		a.connect = (struct action_connect){.conn = 1,
		    .remote = address("fe80::1"),
		    .ifindex = {4},
		    .port = 179,
		    .source = address("fe80::2"),
		    .source_dev = "lo",
		    .options = {255, 254, 48, 500, 3, 60, 10}};
		break;
	case ACTION_PEER_OPTIONS:
		a.peer.conn = 0x80000001u;
		a.peer.options = (struct tcp_options){1, 254, 48, 500, 3, 60, 10};
		break;
	case ACTION_PEER_AUTH:
		assert_true(prefix_parse("10.0.0.2/32", &a.auth.remote));
		a.auth.keys = &some_keys;
		break;
	case ACTION_PEER_SEND:
	case ACTION_PEER_HANDOVER:
	case ACTION_PEER_RESUME:
	case ACTION_PEER_CLOSE:
		a.peer.conn = 1;
		if (kind == ACTION_PEER_CLOSE || kind == ACTION_PEER_RESUME)
			break;
		a.peer.bytes = (const uint8_t *)"update";
		a.peer.size = 6;
		break;
	case ACTION_RA_WATCH:
		a.ra.ifindex.v = 4;
		a.ra.on = true;
		break;
	case ACTION_RA_SEND:
		a.ra.ifindex.v = 4;
		a.ra.router_lifetime_s = 1800;
		a.ra.bytes = (const uint8_t *)"advertisement";
		a.ra.size = 13;
		break;
	case ACTION_BFD:
		a.bfd = (struct bfd_order){.kind = BFD_ORDER_REMOVE,
		    .id = 7,
		    .path = {.remote = address("fe80::1"),
			.local = address("fe80::2"),
			.ifindex = {4},
			.vrf = {5},
			.multihop = 1},
		    .params = {.transmit_us = 50000,
			.receive_us = 60000,
			.multiplier = 3,
			.minimum_ttl = 254,
			.passive = true,
			.shutdown = true}};
		break;
	case ACTION_CTL_REPLY:
		a.ctl.client = 8;
		a.ctl.text = "text";
		a.ctl.size = 4;
		a.ctl.end = true;
		a.ctl.status = 1;
		break;
	case ACTION_LOG:
		a.log.level = LOG_LEVEL_WARNING;
		a.log.topic = LOG_OS;
		a.log.text = "hello";
		break;
	case ACTION_LOG_FILE:
		a.log_file.path = "/var/log/file";
		a.log_file.file_level = LOG_LEVEL_DEBUG;
		a.log_file.level = LOG_LEVEL_WARNING;
		break;
	case ACTION_READY:
		break;
	case ACTION_EXIT:
		a.exit_status = 3;
		break;
	}
	return a;
}

/* ---- round trips --------------------------------------------------------------------------- */

/* Bytes that a decoder accepted encode to the same bytes, and every prefix of them is refused. */
static void decodes_and_encodes_again(size_t size)
{
	struct arena arena = {0};
	struct record record;
	struct reader r = reader_from(buffer, size);
	struct writer w = writer_to(again, sizeof(again));
	enum record_kind kind = record_read(&r, &arena, &record);

	assert_true(kind == RECORD_EVENT || kind == RECORD_ACTION);
	assert_int_equal(record_read(&r, &arena, &(struct record){0}), RECORD_END);
	if (kind == RECORD_EVENT)
		assert_true(record_write_event(&w, &record.event, record.at));
	else
		assert_true(record_write_action(&w, &record.action));
	assert_int_equal(writer_size(&w), size);
	assert_memory_equal(buffer, again, size);
	for (size_t cut = 1; cut < size; cut++) {
		r = reader_from(buffer, cut);
		assert_int_equal(record_read(&r, &arena, &record), RECORD_BROKEN);
	}
	arena_fini(&arena);
}

/* A password in an action is not recorded, only that there is one. */
static void test_no_password_in_actions(void **state)
{
	struct action a = action_of(ACTION_PEER_AUTH);
	struct writer w = writer_to(buffer, sizeof(buffer));

	(void)state;
	assert_true(record_write_action(&w, &a));
	assert_null(memmem(buffer, writer_size(&w), "swordfish", 9));
}

/* What is in memory came from the bytes: wipe, decode, compare with the original field by field
 * through the text that the encoder makes of it, and with the struct itself where it is flat. */
static void test_events(void **state)
{
	(void)state;
	for (int k = 0; k <= EVENT_SHUTDOWN; k++) {
		struct event e = event_of((enum event_kind)k);
		struct writer w = writer_to(buffer, sizeof(buffer));

		assert_true(record_write_event(&w, &e, (mono_t){123456789}));
		decodes_and_encodes_again(writer_size(&w));
	}
}

static void test_kernel_events(void **state)
{
	(void)state;
	for (int k = 0; k <= KERNEL_OVERRUN; k++) {
		struct event e = {.kind = EVENT_KERNEL};
		struct writer w = writer_to(buffer, sizeof(buffer));

		e.kernel = kernel_event_of((enum kernel_event_kind)k);
		assert_true(record_write_event(&w, &e, (mono_t){-1}));
		decodes_and_encodes_again(writer_size(&w));
	}
}

static void test_actions(void **state)
{
	(void)state;
	for (int k = 0; k <= ACTION_EXIT; k++) {
		struct action a = action_of((enum action_kind)k);
		struct writer w = writer_to(buffer, sizeof(buffer));

		assert_true(record_write_action(&w, &a));
		decodes_and_encodes_again(writer_size(&w));
	}
}

static void decode_one(struct arena *arena, struct record *record, size_t size)
{
	struct reader r = reader_from(buffer, size);

	assert_int_not_equal(record_read(&r, arena, record), RECORD_BROKEN);
}

/* Every field arrives with its value: spot by spot where several are easily mixed up. */
static void test_values(void **state)
{
	struct arena arena = {0};
	struct record got;
	struct event e = {
	    .kind = EVENT_KERNEL, .more = true, .kernel = kernel_event_of(KERNEL_LINK_NEW)};
	struct action a = action_of(ACTION_KERNEL_OP);
	struct writer w = writer_to(buffer, sizeof(buffer));

	(void)state;
	record_write_event(&w, &e, (mono_t){42});
	decode_one(&arena, &got, writer_size(&w));
	assert_int_equal(got.at.ns, 42);
	assert_true(got.event.more);
	assert_true(got.event.kernel.from_dump && got.event.kernel.ours);
	assert_int_equal(got.event.kernel.writer, 4711);
	assert_memory_equal(&got.event.kernel.link, &full_link, sizeof(full_link));
	w = writer_to(buffer, sizeof(buffer));
	record_write_action(&w, &a);
	decode_one(&arena, &got, writer_size(&w));
	assert_int_equal(got.action.op.id, 9);
	assert_int_equal(got.action.op.expected.route.nexthop_count, 2);
	assert_memory_equal(got.action.op.expected.route.nexthops, nexthops, sizeof(nexthops));
	assert_int_equal(got.action.op.key.route.metric, 20);
	arena_fini(&arena);
}

static void test_absent_is_not_empty(void **state)
{
	struct arena arena = {0};
	struct record got;
	struct event e = {.kind = EVENT_CONFIG, .config = {.file = "f", .error = "no such file"}};
	struct writer w = writer_to(buffer, sizeof(buffer));

	(void)state;
	record_write_event(&w, &e, (mono_t){1});
	decode_one(&arena, &got, writer_size(&w));
	assert_null(got.event.config.text);
	assert_string_equal(got.event.config.error, "no such file");
	arena_fini(&arena);
}

static void test_secrets_stay_out(void **state)
{
	struct event e = {.kind = EVENT_CONFIG,
	    .config = {
		.file = "f", .text = "router bgp 1\n neighbor 10.0.0.2 password s3cr3t\nexit\n"}};
	struct action a = {.kind = ACTION_CTL_REPLY};
	struct writer w = writer_to(buffer, sizeof(buffer));

	(void)state;
	a.ctl.text = e.config.text;
	a.ctl.size = strlen(e.config.text);
	assert_true(record_write_event(&w, &e, (mono_t){1}));
	assert_true(record_write_action(&w, &a));
	assert_null(memmem(buffer, writer_size(&w), "s3cr3t", 6));
	assert_non_null(memmem(buffer, writer_size(&w), "neighbor 10.0.0.2 password", 26));
}

static void test_full(void **state)
{
	struct event e = event_of(EVENT_START);
	struct writer w = writer_to(buffer, 300);

	(void)state;
	assert_true(record_write_event(&w, &e, (mono_t){1}));
	assert_true(writer_size(&w) > 130);
	while (record_write_event(&w, &e, (mono_t){1}))
		;
	assert_false(w.overflow);
	decodes_and_encodes_again(writer_size(&w) / 2);
}

static void test_header(void **state)
{
	struct writer w = writer_to(buffer, sizeof(buffer));
	struct reader r;

	(void)state;
	record_write_header(&w);
	r = reader_from(buffer, writer_size(&w));
	assert_true(record_read_header(&r));
	buffer[15]++;
	r = reader_from(buffer, writer_size(&w));
	assert_false(record_read_header(&r));
	r = reader_from(buffer, 3);
	assert_false(record_read_header(&r));
}

/* ---- state file --------------------------------------------------------------------------------
 */

#define STATE_RECORDS 3

/* How many whole records are in a copy of exactly that size: a read beyond it is found out. */
static unsigned whole_records(size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	struct state_record record;
	struct state_reader r;
	unsigned count = 0;

	memcpy(copy, buffer, size);
	if (state_open(&r, copy, size, "boot", 7))
		while (state_next(&r, &record))
			count++;
	free(copy);
	return count;
}

/* A file that a crash cut off anywhere gives the records before the cut. */
static void test_torn_state(void **state)
{
	struct state_record record = {.kind = STATE_MAC};
	struct writer w = writer_to(buffer, sizeof(buffer));
	size_t ends[STATE_RECORDS + 1];

	(void)state;
	record.mac.mac = some_mac();
	state_write_head(&w, "boot", 7);
	ends[0] = writer_size(&w);
	for (unsigned i = 0; i < STATE_RECORDS; i++) {
		state_write(&w, &record);
		ends[i + 1] = writer_size(&w);
	}
	for (size_t size = 0; size <= ends[STATE_RECORDS]; size++) {
		unsigned whole = 0;

		while (whole < STATE_RECORDS && ends[whole + 1] <= size)
			whole++;
		assert_int_equal(whole_records(size), whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_password_in_actions),
	    cmocka_unit_test(test_events), cmocka_unit_test(test_kernel_events),
	    cmocka_unit_test(test_actions), cmocka_unit_test(test_values),
	    cmocka_unit_test(test_absent_is_not_empty), cmocka_unit_test(test_secrets_stay_out),
	    cmocka_unit_test(test_full), cmocka_unit_test(test_header),
	    cmocka_unit_test(test_torn_state)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
