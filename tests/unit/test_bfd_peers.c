/*
 * What the engine wants of BFD: who gets a session, what is ordered when something changes, and who
 * hears of a failed path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bfd/peers.h"

static const mono_t start = {1000000000};

struct fixture {
	struct bfd_peers *peers;
	struct log log;
	struct bfd_settings settings;
	struct bfd_peer_settings peer[4];
	struct bfd_profile profile;
	struct bfd_want want[4];
	struct bfd_order orders[64];
	size_t order_count;
	uint32_t e0; /* index of the link "e0"; 0: there is none */
	char failed[128];
	unsigned errors;
};

static void on_log(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)topic;
	(void)text;
	((struct fixture *)context)->errors += level == LOG_LEVEL_ERROR;
}

static void on_order(void *context, const struct bfd_order *order)
{
	struct fixture *f = context;

	f->orders[f->order_count++] = *order;
}

static ifindex_t on_ifindex(void *context, const char *name)
{
	struct fixture *f = context;

	return strcmp(name, "e0") == 0 ? (ifindex_t){f->e0} : (ifindex_t){0};
}

static void on_failed(void *context, const char *client, const char *why)
{
	struct fixture *f = context;

	assert_true(strlen(why) > 2);
	strcat(f->failed, client);
	strcat(f->failed, " ");
}

static int setup(void **state)
{
	struct fixture *f = mem_new(sizeof(*f));
	struct bfd_peers_host host = {f, on_order, on_ifindex, on_failed};

	f->log = (struct log){.context = f, .write = on_log};
	f->peers = bfd_peers_new(&f->log, &host);
	f->settings.peers = f->peer;
	f->settings.profiles = &f->profile;
	strcpy(f->profile.name, "fast");
	f->profile.values.has = BFD_HAS_TRANSMIT | BFD_HAS_MULTIPLIER;
	f->profile.values.params.transmit_us = 50000;
	f->profile.values.params.multiplier = 5;
	f->settings.profile_count = 1;
	f->e0 = 4;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bfd_peers_free(f->peers);
	mem_free(f);
	return 0;
}

static struct bfd_key key(const char *remote, const char *interface)
{
	struct bfd_key k;

	memset(&k, 0, sizeof(k));
	assert_true(ip_parse(remote, &k.remote));
	strcpy(k.interface, interface);
	return k;
}

static void update(struct fixture *f, size_t wants)
{
	f->order_count = 0;
	bfd_peers_update(f->peers, &f->settings, f->want, wants, start);
}

static void report(struct fixture *f, uint32_t id, enum bfd_state state, uint32_t failures)
{
	struct bfd_report r = {.kind = BFD_REPORT_SESSION,
	    .id = id,
	    .session = {.state = state,
		.diag = state == BFD_DOWN ? BFD_DIAG_DETECTION_EXPIRED : BFD_DIAG_NONE,
		.failures = failures,
		.downs = failures}};

	f->failed[0] = '\0';
	bfd_peers_report(f->peers, &r, mono_add_ms(start, 5000));
}

static struct bfd_want want(const char *client, const char *remote, const char *interface)
{
	return (struct bfd_want){
	    .client = client, .key = key(remote, interface), .profile = "fast"};
}

static void test_session_of_a_neighbor(void **state)
{
	struct fixture *f = *state;
	struct bfd_peer_view v;

	f->want[0] = want("leaf", "fe80::2", "e0");
	update(f, 1);
	assert_int_equal(f->order_count, 1);
	assert_int_equal(f->orders[0].kind, BFD_ORDER_SET);
	assert_int_equal(f->orders[0].path.ifindex.v, 4);
	/* The profile's, and the defaults beside it. */
	assert_int_equal(f->orders[0].params.transmit_us, 50000);
	assert_int_equal(f->orders[0].params.multiplier, 5);
	assert_int_equal(f->orders[0].params.receive_us, 300000);
	assert_int_equal(f->orders[0].params.minimum_ttl, 254);
	/* Nothing new: nothing ordered. */
	update(f, 1);
	assert_int_equal(f->order_count, 0);
	report(f, 1, BFD_UP, 0);
	assert_string_equal(f->failed, "");
	assert_true(bfd_peer_of_client(f->peers, "leaf", &v));
	assert_int_equal(v.report.state, BFD_UP);
	assert_false(v.configured);
	assert_int_equal(mono_ms_between(start, v.since), 5000);
	assert_false(bfd_peer_of_client(f->peers, "spine", &v));
	/* Other parameters: the same session. */
	f->profile.values.params.transmit_us = 60000;
	update(f, 1);
	assert_int_equal(f->order_count, 1);
	assert_int_equal(f->orders[0].kind, BFD_ORDER_SET);
	assert_int_equal(f->orders[0].id, 1);
	report(f, 1, BFD_DOWN, 1);
	assert_string_equal(f->failed, "leaf ");
	update(f, 0);
	assert_int_equal(f->order_count, 1);
	assert_int_equal(f->orders[0].kind, BFD_ORDER_REMOVE);
	assert_false(bfd_peer_at(f->peers, 0, &v));
	report(f, 1, BFD_DOWN, 2); /* of a session that we gave up: nobody cares */
	assert_string_equal(f->failed, "");
}

/* Two states between two reports are still a failure. */
static void test_failure_that_healed(void **state)
{
	struct fixture *f = *state;

	f->want[0] = want("leaf", "10.0.0.2", "");
	update(f, 1);
	report(f, 1, BFD_UP, 0);
	report(f, 1, BFD_UP, 1);
	assert_string_equal(f->failed, "leaf ");
	report(f, 1, BFD_UP, 1);
	assert_string_equal(f->failed, "");
	/* AdminDown counts no failure (bfd/session). */
	report(f, 1, BFD_DOWN, 1);
	assert_string_equal(f->failed, "");
}

static void test_link_comes_and_goes(void **state)
{
	struct fixture *f = *state;
	struct bfd_peer_view v;

	f->e0 = 0;
	f->want[0] = want("leaf", "fe80::2", "e0");
	f->want[1] = want("nowhere", "fe80::3", ""); /* link-local needs a link */
	update(f, 2);
	assert_int_equal(f->order_count, 0);
	assert_true(bfd_peer_at(f->peers, 0, &v));
	assert_false(v.running);
	f->e0 = 4;
	update(f, 2);
	assert_int_equal(f->order_count, 1);
	report(f, 1, BFD_UP, 0);
	f->e0 = 9; /* deleted and made again */
	update(f, 2);
	assert_int_equal(f->order_count, 2);
	assert_int_equal(f->orders[0].kind, BFD_ORDER_REMOVE);
	assert_int_equal(f->orders[0].id, 1);
	assert_int_equal(f->orders[1].kind, BFD_ORDER_SET);
	assert_int_not_equal(f->orders[1].id, 1);
	assert_int_equal(f->orders[1].path.ifindex.v, 9);
	assert_true(bfd_peer_of_client(f->peers, "leaf", &v));
	assert_int_equal(v.report.state, BFD_DOWN);
	f->e0 = 0;
	update(f, 2);
	assert_int_equal(f->order_count, 1);
	assert_int_equal(f->orders[0].kind, BFD_ORDER_REMOVE);
}

/* As FRR: the configured peer serves the neighbor, by its own values. */
static void test_configured_peer_serves(void **state)
{
	struct fixture *f = *state;
	struct bfd_peer_view v;

	f->peer[0].key = key("10.0.0.2", "e0");
	f->peer[0].values.has = BFD_HAS_RECEIVE;
	f->peer[0].values.params.receive_us = 70000;
	f->settings.peer_count = 1;
	f->want[0] = want("a", "10.0.0.2", "");
	f->want[1] = want("b", "10.0.0.3", "");
	f->want[2] = want("c", "10.0.0.2", "");
	f->want[2].key.multihop = true;
	update(f, 3);
	assert_int_equal(f->order_count, 3);
	assert_int_equal(f->orders[0].params.receive_us, 70000);
	assert_int_equal(f->orders[0].params.transmit_us, 300000);
	report(f, f->orders[0].id, BFD_DOWN, 1);
	assert_string_equal(f->failed, "a ");
	/* The statement goes, the neighbor's wish stays: another path, so another session. */
	f->settings.peer_count = 0;
	update(f, 3);
	assert_true(bfd_peer_of_client(f->peers, "a", &v));
	assert_false(v.configured);
	assert_int_equal(v.params.transmit_us, 50000);
}

static void test_speaker_gone(void **state)
{
	struct fixture *f = *state;
	struct bfd_report gone = {.kind = BFD_REPORT_GONE};
	struct bfd_peer_view v;

	f->want[0] = want("leaf", "10.0.0.2", "");
	update(f, 1);
	report(f, 1, BFD_UP, 0);
	assert_true(bfd_peers_ask(f->peers));
	f->failed[0] = '\0';
	bfd_peers_report(f->peers, &gone, start);
	assert_int_equal(f->errors, 1);
	assert_string_equal(f->failed, ""); /* our fault, not the path's */
	assert_false(bfd_peers_ask(f->peers));
	update(f, 1);
	assert_int_equal(f->order_count, 0);
	assert_true(bfd_peer_at(f->peers, 0, &v));
	assert_false(v.running);
	assert_int_equal(v.report.state, BFD_DOWN);
}

/* Up over its first life, with what the peer said. */
static void report_up(struct fixture *f, uint32_t id)
{
	struct bfd_report r = {.kind = BFD_REPORT_SESSION,
	    .id = id,
	    .session = {.state = BFD_UP,
		.remote_state = BFD_UP,
		.discriminator = 11,
		.remote_discriminator = 22,
		.remote_transmit_us = 100000,
		.remote_receive_us = 200000,
		.remote_multiplier = 4,
		.transmit_us = 200000,
		.ups = 1}};

	bfd_peers_report(f->peers, &r, start);
}

/* RFC 5882 section 3.2: a speaker that dies is no path that failed. The next one goes on, unless
 * the peer has missed us: 5 times 200 ms. */
static void test_speaker_restarts(void **state)
{
	static const unsigned after_ms[] = {990, 1010};
	struct fixture *f = *state;
	struct bfd_report gone = {.kind = BFD_REPORT_GONE}, begun = {.kind = BFD_REPORT_BEGUN};

	f->want[0] = want("leaf", "10.0.0.2", "");
	update(f, 1);
	bfd_peers_report(f->peers, &begun, start);
	assert_int_equal(f->order_count, 1); /* the first one needs no word */
	for (uint32_t i = 0; i < 2; i++) {
		report_up(f, i + 1);
		f->order_count = 0;
		bfd_peers_report(f->peers, &gone, start);
		bfd_peers_report(f->peers, &begun, mono_add_ms(start, after_ms[i]));
		assert_int_equal(f->order_count, 2);
		assert_int_equal(f->orders[0].kind, BFD_ORDER_BEGIN);
		assert_int_equal(f->orders[1].kind, BFD_ORDER_SET);
		assert_int_equal(f->orders[1].id, i + 2);
		assert_int_equal(f->orders[1].resume.discriminator, i == 0 ? 11 : 0);
		assert_int_equal(f->orders[1].resume.remote_multiplier, 4);
		assert_int_equal(bfd_peers_restarts(f->peers), i + 1);
	}
	/* Once: another change is not another beginning. */
	f->settings.peer_count = 0;
	f->want[0].values.has = BFD_HAS_RECEIVE;
	f->want[0].values.params.receive_us = 70000;
	report_up(f, 3);
	update(f, 1);
	assert_int_equal(f->order_count, 1);
	assert_int_equal(f->orders[0].resume.discriminator, 0);
	assert_string_equal(f->failed, "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_session_of_a_neighbor),
	    T(test_failure_that_healed), T(test_link_comes_and_goes),
	    T(test_configured_peer_serves), T(test_speaker_gone), T(test_speaker_restarts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
