/*
 * show bfd …: FRR 8.4's text and field names, which peers are meant, and the wait for counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <json.h>

#include "ctl/ctl.h"

static struct bfd_peers *peers;
static bool fresh;

static void on_log(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)level;
	(void)topic;
	(void)text;
}

static void on_order(void *context, const struct bfd_order *order)
{
	(void)context;
	(void)order;
}

static ifindex_t on_ifindex(void *context, const char *name)
{
	(void)context;
	(void)name;
	return (ifindex_t){4};
}

static void configure(const char *text)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(text, &errors);

	assert_int_equal(errors.count, 0);
	bfd_peers_update(peers, &c->bfd, NULL, 0, (mono_t){0});
	config_free(c);
}

static int setup(void **state)
{
	static struct log log = {.write = on_log};
	struct bfd_peers_host host = {NULL, on_order, on_ifindex, NULL};
	struct bfd_report up = {.kind = BFD_REPORT_SESSION,
	    .id = 1,
	    .session = {.state = BFD_UP,
		.remote_state = BFD_UP,
		.discriminator = 451326808,
		.remote_discriminator = 77,
		.remote_transmit_us = 100000,
		.remote_receive_us = 200000,
		.remote_echo_us = 50000,
		.remote_multiplier = 3,
		.ups = 1,
		.received = 70,
		.sent = 71}};
	struct bfd_report totals = {.kind = BFD_REPORT_TOTALS, .discards = {[BFD_BAD_TTL] = 12}};

	(void)state;
	peers = bfd_peers_new(&log, &host);
	configure("bfd\n profile p\n  transmit-interval 100\n  receive-interval 200\n"
		  " peer 10.1.0.2 interface e0\n  profile p\n"
		  " peer 10.9.0.2 multihop local-address 10.9.0.1\n  passive-mode\n"
		  " peer 10.1.0.2 vrf red\n");
	bfd_peers_report(peers, &up, (mono_t){1000000000});
	bfd_peers_report(peers, &totals, (mono_t){1000000000});
	fresh = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bfd_peers_free(peers);
	return 0;
}

static enum ctl_outcome run(const char *line, struct str *out)
{
	struct arena arena = {0};
	struct ctl_context c = {
	    .bfd = peers, .bfd_fresh = fresh, .now = {12000000000}, .arena = &arena};
	enum ctl_outcome outcome;

	str_clear(out);
	outcome = ctl_run(&c, line, out);
	arena_fini(&arena);
	return outcome;
}

static const char peer_json[] =
    "{\"multihop\":false,\"peer\":\"10.1.0.2\",\"vrf\":\"default\",\"interface\":\"e0\","
    "\"id\":451326808,\"remote-id\":77,\"passive-mode\":false,\"status\":\"up\",\"uptime\":11,"
    "\"diagnostic\":\"ok\",\"remote-diagnostic\":\"ok\",\"receive-interval\":200,"
    "\"transmit-interval\":100,\"echo-receive-interval\":50,\"echo-transmit-interval\":0,"
    "\"detect-multiplier\":3,\"remote-receive-interval\":200,\"remote-transmit-interval\":100,"
    "\"remote-echo-receive-interval\":50,\"remote-detect-multiplier\":3,"
    "\"rtt-min\":0,\"rtt-avg\":0,\"rtt-max\":0}";

static void assert_json(const struct str *out, const char *wanted)
{
	struct json_object *a = json_tokener_parse(str_text(out)), *b = json_tokener_parse(wanted);

	assert_non_null(a);
	assert_string_equal(json_object_to_json_string(a), json_object_to_json_string(b));
	json_object_put(a);
	json_object_put(b);
}

static void test_json(void **state)
{
	struct json_object *list;
	struct str out = {0};

	(void)state;
	assert_int_equal(run("show bfd peer 10.1.0.2 json", &out), CTL_ACCEPTED);
	assert_json(&out, peer_json);
	assert_int_equal(run("show bfd peer 10.1.0.2 interface e0 json", &out), CTL_ACCEPTED);
	assert_json(&out, peer_json);
	assert_int_equal(run("show bfd peers json", &out), CTL_ACCEPTED);
	list = json_tokener_parse(str_text(&out));
	assert_int_equal(json_object_array_length(list), 2); /* not the VRF's */
	json_object_put(list);
	assert_int_equal(run("show bfd vrf red peers json", &out), CTL_ACCEPTED);
	list = json_tokener_parse(str_text(&out));
	assert_int_equal(json_object_array_length(list), 1);
	json_object_put(list);
	assert_int_equal(run("show bfd peer 10.1.0.2 counters json", &out), CTL_ACCEPTED);
	assert_json(&out,
	    "{\"multihop\":false,\"peer\":\"10.1.0.2\",\"vrf\":\"default\",\"interface\":\"e0\","
	    "\"control-packet-input\":70,\"control-packet-output\":71,\"echo-packet-input\":0,"
	    "\"echo-packet-output\":0,\"session-up\":1,\"session-down\":0,"
	    "\"zebra-notifications\":0}");
	str_fini(&out);
}

static void test_text(void **state)
{
	struct str out = {0};

	(void)state;
	assert_int_equal(run("show bfd peer 10.9.0.2 multihop", &out), CTL_ACCEPTED);
	assert_string_equal(str_text(&out),
	    "BFD Peer:\n\tpeer 10.9.0.2 multihop local-address 10.9.0.1 vrf default\n"
	    "\t\tID: 0\n\t\tRemote ID: 0\n\t\tPassive mode\n\t\tMinimum TTL: 254\n"
	    "\t\tStatus: down\n\t\tDowntime: 12 second(s)\n\t\tDiagnostics: ok\n"
	    "\t\tRemote diagnostics: ok\n\t\tPeer Type: configured\n"
	    "\t\tRTT min/avg/max: 0/0/0 usec\n\t\tLocal timers:\n"
	    "\t\t\tDetect-multiplier: 3\n\t\t\tReceive interval: 300ms\n"
	    "\t\t\tTransmission interval: 300ms\n\t\t\tEcho receive interval: 50ms\n"
	    "\t\t\tEcho transmission interval: disabled\n\t\tRemote timers:\n"
	    "\t\t\tDetect-multiplier: 0\n\t\t\tReceive interval: 0ms\n"
	    "\t\t\tTransmission interval: 0ms\n\t\t\tEcho receive interval: disabled\n\n");
	assert_int_equal(run("show bfd peers brief", &out), CTL_ACCEPTED);
	assert_string_equal(str_text(&out),
	    "Session count: 2\n"
	    "SessionId  LocalAddress                             PeerAddress            "
	    "                 Status         \n"
	    "=========  ============                             ===========            "
	    "                 ======         \n"
	    "451326808  0.0.0.0                                  10.1.0.2               "
	    "                 up             \n"
	    "0          10.9.0.1                                 10.9.0.2               "
	    "                 down           \n");
	assert_int_equal(run("show bfd discards", &out), CTL_ACCEPTED);
	assert_non_null(strstr(str_text(&out), "TTL too low                      12\n"));
	str_fini(&out);
}

static void test_refusals(void **state)
{
	struct str out = {0};

	(void)state;
	assert_int_equal(run("show bfd peer 10.1.0.3 json", &out), CTL_REFUSED);
	assert_string_equal(str_text(&out), "% Unable to find 'peer 10.1.0.3'\n");
	assert_int_equal(run("show bfd peer 10.1.0.2 multihop", &out), CTL_REFUSED);
	assert_int_equal(run("show bfd peer 10.1.0.2 interface e1", &out), CTL_REFUSED);
	assert_int_equal(run("show bfd peer 10.9.0.2 local-address 10.9.0.7", &out), CTL_REFUSED);
	assert_int_equal(run("show bfd peer nonsense", &out), CTL_REFUSED);
	str_fini(&out);
}

/* Counters are asked for first; states are told as they change. */
static void test_counters_are_asked_for(void **state)
{
	static const char *const lines[] = {"show bfd peers counters json",
	    "show bfd vrf red peers counters", "show bfd peer 10.1.0.2 counters",
	    "show bfd discards json"};
	struct str out = {0};

	(void)state;
	fresh = false;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(run(lines[i], &out), CTL_ASK_BFD);
		assert_int_equal(out.size, 0);
	}
	assert_int_equal(run("show bfd peers", &out), CTL_ACCEPTED);
	str_fini(&out);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_json), T(test_text), T(test_refusals), T(test_counters_are_asked_for)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
