/*
 * MACs and their slots: the incident's order of events, learned moves, debts of the start dump,
 * alarms, ports, refusals. Each line names all that happened, in order: nothing else did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "evpn_host.h"

#define M1 "fa:16:3e:7e:e3:5a"
#define M2 "fa:16:3e:00:00:02"
#define I1 "185.47.41.88"
#define REMOTE(...) bgp_route(&h, &(struct test_route){__VA_ARGS__})

static const char installed[] =
    "add vxlan " M1 "; add fdb " M1 "; add neigh " I1 "; change fdb " M1;

/* The source's routes as FRR makes them: MAC-only sticky sequence 0, MAC+IP without mobility. */
static void source(struct evpn_host_state *host, bool gone)
{
	bgp_route(host,
	    &(struct test_route){.mac = M1, .ip = I1, .vtep = 2, .sequence = -1, .gone = gone});
	bgp_route(host, &(struct test_route){
			    .mac = M1, .vtep = 2, .sequence = 0, .sticky = true, .gone = gone});
}

static void agent_writes(struct evpn_host_state *host)
{
	kernel_fdb(host, M1, PORT, NUD_NOARP, NTF_STICKY | NTF_EXT_LEARNED);
	kernel_neigh(host, I1, M1, NUD_PERMANENT);
}

/* The live migration of the outage, at the target. */
static void test_incident(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	source(&h, false);
	expect(&h, installed);
	agent_writes(&h);
	expect(&h, "+mac " M1 " 1 sticky; delete vxlan " M1 "; +ip " M1 " " I1 " 1 sticky");
	source(&h, true);
	expect(&h, "");
	source(&h, false);
	expect(&h, "");
	source(&h, true);
	expect(&h, "");
	host_stop(&h);
}

/* The agent writes after the withdrawals: the floor is what lifts the routes. */
static void test_agent_between(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	source(&h, false);
	expect(&h, installed);
	source(&h, true);
	expect(&h, "delete fdb " M1 "; delete vxlan " M1 "; delete neigh " I1);
	agent_writes(&h);
	expect(&h, "+mac " M1 " 1 sticky; +ip " M1 " " I1 " 1 sticky");
	source(&h, false);
	expect(&h, "");
	host_stop(&h);
}

/* After 180 s without claim and route nobody remembers: sequence 0. */
static void test_floor_ends(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	source(&h, false);
	host_run(&h);
	source(&h, true);
	host_run(&h);
	host_wait(&h, 182 * 1000);
	host_lines(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
	expect(&h, "+mac " M1 " 0");
	host_stop(&h);
}

/* The owner deletes the pin: withdrawn and installed in the same turn. */
static void test_make_before_break(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, NTF_STICKY);
	expect(&h, "+mac " M1 " 0 sticky");
	REMOTE(.mac = M1, .vtep = 3, .sequence = 1);
	expect(&h, "");
	assert_int_equal(evpn_counters(h.evpn)->contested, 1);
	host_wait(&h, 9000);
	assert_int_equal(evpn_counters(h.evpn)->alarms, 0);
	host_wait(&h, 1500);
	assert_int_equal(evpn_counters(h.evpn)->alarms, 1);
	assert_true(evpn_reclaim(
	    h.evpn, &(struct mac){{0xfa, 0x16, 0x3e, 0x7e, 0xe3, 0x5a}}, (vni_t){0}, h.now));
	expect(&h, "+mac " M1 " 2 sticky");
	kernel_fdb_gone(&h, M1);
	expect(&h, "-mac " M1 "; add vxlan " M1 "; add fdb " M1);
	host_stop(&h);
}

static void run_audit(struct evpn_host_state *h)
{
	do
		host_run(h);
	while (evpn_audit(h->evpn));
	host_run(h);
}

/* What the mirror knows and nobody acted on: repaired, counted; what waits after a refusal is no
 * difference. */
static void test_audit(void **state)
{
	struct evpn_host_state h;
	struct mac m = {{0xfa, 0x16, 0x3e, 0x7e, 0xe3, 0x5a}};
	struct slot_key key = slot_key_vxlan_fdb((ifindex_t){VXLAN}, (vni_t){0}, &m);
	struct kernel_event e;
	struct slot_content c = {0};

	(void)state;
	host_ready(&h);
	source(&h, false);
	expect(&h, installed);
	run_audit(&h);
	expect(&h, "");
	assert_int_equal(evpn_counters(h.evpn)->kernel.audit_desired, 0);
	c.vxlan_fdb = mirror_vxlan_fdb(h.mirror, &key.vxlan_fdb)->entry;
	e = kernel_event_from_slot(&key, &c, false);
	mirror_apply(h.mirror, &e, NULL, NULL);
	expect(&h, "");
	run_audit(&h);
	expect(&h, "add vxlan " M1);
	assert_int_equal(evpn_counters(h.evpn)->kernel.audit_desired, 1);
	assert_non_null(strstr(str_text(&h.alarms), "audit: not as wanted"));
	h.refuse = 16;
	REMOTE(.mac = M2, .vtep = 3);
	host_run(&h);
	run_audit(&h);
	assert_int_equal(evpn_counters(h.evpn)->kernel.audit_desired, 1);
	h.refuse = 0;
	host_stop(&h);
}

/* Delete and write again inside one turn is a new will; a refresh is none. */
static void test_generations(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
	expect(&h, "+mac " M1 " 0");
	kernel_fdb(&h, M1, PORT, NUD_NOARP, NTF_EXT_LEARNED);
	expect(&h, "");
	kernel_fdb_gone(&h, M1);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, NTF_EXT_LEARNED);
	expect(&h, "+mac " M1 " 1");
	kernel_fdb(&h, M1, PORT, NUD_NOARP, NTF_STICKY);
	expect(&h, "+mac " M1 " 2 sticky");
	host_stop(&h);
}

/* Traffic moves our entry to a port: above the remote one, and the neighbour learns. */
static void test_learned_move(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 3);
	expect(&h, "add vxlan " M1 "; add fdb " M1 "; add neigh " I1);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	expect(&h, "+mac " M1 " 4; delete vxlan " M1 "; change neigh " I1 "; +ip " M1 " " I1 " 4");
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 5);
	expect(&h,
	    "-mac " M1 "; add vxlan " M1 "; add fdb " M1 "; -ip " M1 " " I1 "; change neigh " I1);
	host_stop(&h);
}

static void test_sticky_beats_learned(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	expect(&h, "+mac " M1 " 0");
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0, .sticky = true);
	expect(&h, "-mac " M1 "; add vxlan " M1 "; add fdb " M1 "; delete fdb " M1 "; add fdb " M1
		   "; change fdb " M1);
	assert_int_equal(evpn_counters(h.evpn)->alarms, 1);
	host_stop(&h);
}

/* The MAC-only and the MAC+IP route are best via different VTEPs: one place, the better one. */
static void test_best_over_all_routes(void **state)
{
	struct evpn_host_state h;
	struct evpn_remote_view *routes;
	struct mac mac = test_mac(M1);

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = -1);
	REMOTE(.mac = M1, .vtep = 3, .sequence = 2);
	expect(&h, "add vxlan " M1 "; add fdb " M1 "; add neigh " I1);
	assert_int_equal(evpn_mac_remotes(h.evpn, (vni_t){TEST_VNI}, &mac, &h.arena, &routes), 2);
	assert_int_equal(routes[0].vtep.b[3], 3);
	assert_string_equal(routes[1].step, "higher sequence");
	REMOTE(.mac = M1, .vtep = 3, .gone = true);
	expect(&h, "change vxlan " M1);
	host_stop(&h);
}

static void test_own_and_foreign_rows(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	/* An address of this host, with and without a row of the kernel's. */
	kernel_fdb(&h, "02:00:00:00:ff:03", PORT, NUD_PERMANENT, 0);
	REMOTE(.mac = "02:00:00:00:ff:03", .vtep = 2, .sequence = 0);
	REMOTE(.mac = "02:00:00:00:ff:04", .ip = I1, .vtep = 2, .sequence = 0);
	expect(&h, "");
	/* A static row on our VXLAN port, and one that is locked. */
	kernel_fdb(&h, M1, VXLAN, NUD_NOARP, 0);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0);
	expect(&h, "");
	kernel_fdb(&h, "01:00:5e:00:00:01", PORT, NUD_NOARP, 0);
	expect(&h, "");
	host_stop(&h);
}

static void test_port_without_carrier(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
	expect(&h, "+mac " M1 " 0");
	kernel_link(&h, PORT, false);
	expect(&h, "-mac " M1);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 1);
	expect(&h, "");
	kernel_link(&h, PORT, true);
	expect(&h, "+mac " M1 " 2");
	host_stop(&h);
}

/* Rows of the first dump: advertised at once, and paid for at convergence if others are as high. */
static void test_start_debts(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_start(&h, NULL, 0);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, NTF_STICKY);
	kernel_fdb(&h, M2, PORT, NUD_REACHABLE, 0);
	host_synced(&h);
	expect(&h, "+imet 10.0.0.1; +mac " M2 " 0; +mac " M1 " 0 sticky");
	REMOTE(.mac = M1, .vtep = 2, .sequence = 4);
	expect(&h, "");
	evpn_converged(h.evpn, h.now);
	expect(&h, "+mac " M1 " 5 sticky");
	host_stop(&h);
}

/* Learned between the first dump and convergence: an older route that comes meanwhile does not take
 * the row away, for what the claim owes is not paid yet. */
static void test_learned_before_convergence(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_start(&h, NULL, 0);
	host_synced(&h);
	expect(&h, "+imet 10.0.0.1");
	REMOTE(.mac = M2, .vtep = 2, .sequence = 1);
	host_run(&h);
	host_lines(&h);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	expect(&h, "+mac " M1 " 0");
	REMOTE(.mac = M1, .vtep = 2, .sequence = 1);
	expect(&h, "");
	kernel_fdb(&h, M2, PORT, NUD_REACHABLE, 0);
	expect(&h, "+mac " M2 " 2; delete vxlan " M2);
	evpn_converged(h.evpn, h.now);
	expect(&h, "+mac " M1 " 2");
	host_stop(&h);
}

/* With the state file: the same claim goes on with its sequence, slots of ours are known. */
static void test_restart_with_file(void **state)
{
	struct evpn_host_state h, again;

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 4);
	REMOTE(.mac = M2, .vtep = 2, .sequence = 0);
	host_run(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
	host_lines(&h);
	host_start(&again, h.state, h.state_size);
	assert_int_equal(again.found, STATE_WHOLE);
	/* What peers may have: in any order, and twice where it was originated twice. */
	assert_non_null(strstr(str_text(&again.former), M1));
	assert_non_null(strstr(str_text(&again.former), "[3]"));
	kernel_fdb(&again, M1, PORT, NUD_NOARP, 0);
	kernel_fdb(&again, M2, VXLAN, NUD_REACHABLE, NTF_EXT_LEARNED);
	host_synced(&again);
	expect(&again, "+imet 10.0.0.1; +mac " M1 " 5");
	evpn_converged(again.evpn, again.now);
	expect(&again, "delete fdb " M2);
	host_stop(&again);
	/* What is missing cannot be known, but that something is. */
	host_start(&again, h.state, h.state_size - 1);
	assert_int_equal(again.found, STATE_PART);
	host_stop(&again);
	host_stop(&h);
}

/* Without the file: what bears our marks is kept, adopted when a route claims it. */
static void test_restart_without_file(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_start(&h, NULL, 0);
	assert_int_equal(h.found, STATE_NOTHING);
	kernel_fdb(&h, M1, VXLAN, NUD_REACHABLE, NTF_EXT_LEARNED);
	kernel_fdb(&h, M2, VXLAN, NUD_REACHABLE, NTF_EXT_LEARNED);
	host_synced(&h);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 4);
	expect(&h, "+imet 10.0.0.1; add vxlan " M1 "; read fdb " M1);
	evpn_converged(h.evpn, h.now);
	expect(&h, "");
	assert_int_equal(evpn_remove_orphans(h.evpn, h.now), 1);
	expect(&h, "delete fdb " M2);
	host_stop(&h);
}

static void test_duplicates_freeze(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	h.settings.duplicates.freeze = true;
	h.settings.duplicates.freeze_s = 60;
	evpn_configure(h.evpn, &h.settings, h.now);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	host_lines(&h);
	for (unsigned i = 0; i < 2; i++) {
		REMOTE(.mac = M1, .vtep = 2, .sequence = 1 + 2 * i);
		host_run(&h);
		kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
		host_run(&h);
	}
	assert_int_equal(evpn_counters(h.evpn)->duplicates, 0);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 9);
	host_lines(&h);
	assert_int_equal(evpn_counters(h.evpn)->duplicates, 1);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	expect(&h, "");
	host_wait(&h, 61000);
	expect(&h, "+mac " M1 " 10; delete vxlan " M1);
	host_stop(&h);
}

/* Five moves: frozen. */
static void freeze(struct evpn_host_state *h, uint32_t seconds)
{
	h->settings.duplicates.freeze = true;
	h->settings.duplicates.freeze_s = seconds;
	evpn_configure(h->evpn, &h->settings, h->now);
	kernel_fdb(h, M1, PORT, NUD_REACHABLE, 0);
	host_lines(h);
	for (unsigned i = 0; i < 3; i++) {
		bgp_route(
		    h, &(struct test_route){.mac = M1, .ip = I1, .vtep = 2, .sequence = 1 + 2 * i});
		host_run(h);
		kernel_fdb(h, M1, PORT, NUD_REACHABLE, 0);
		host_run(h);
	}
	host_lines(h);
	assert_int_equal(evpn_counters(h->evpn)->duplicates, 1);
}

/* Without a time a frozen MAC waits for the command: by MAC, by the IP behind which it is, or all.
 */
static void test_duplicates_cleared(void **state)
{
	const struct mac m = {{0xfa, 0x16, 0x3e, 0x7e, 0xe3, 0x5a}}, other = {{2}};
	struct ip ip = test_ip(I1), unknown = test_ip("10.9.9.9");

	(void)state;
	for (unsigned how = 0; how < 3; how++) {
		struct evpn_host_state h;

		host_ready(&h);
		freeze(&h, 0);
		host_wait(&h, 4000 * 1000);
		expect(&h, "");
		assert_int_equal(evpn_clear_duplicates(h.evpn, (vni_t){0}, &other, NULL, h.now), 0);
		assert_int_equal(
		    evpn_clear_duplicates(h.evpn, (vni_t){0}, NULL, &unknown, h.now), 0);
		assert_int_equal(evpn_clear_duplicates(h.evpn, (vni_t){7}, NULL, NULL, h.now), 0);
		assert_int_equal(evpn_clear_duplicates(h.evpn, (vni_t){TEST_VNI},
				     how == 0 ? &m : NULL, how == 1 ? &ip : NULL, h.now),
		    1);
		assert_non_null(strstr(host_lines(&h), "+mac " M1 " 6"));
		assert_int_equal(evpn_clear_duplicates(h.evpn, (vni_t){0}, NULL, NULL, h.now), 0);
		host_stop(&h);
	}
}

/* What a route's VTEP does is no move: neither within one Ethernet segment nor between hosts; a
 * move is to or from a claim of ours. */
static void test_duplicates_not_between_vteps(void **state)
{
	struct evpn_host_state h;
	struct mac m = {{0xfa, 0x16, 0x3e, 0x7e, 0xe3, 0x5a}};
	struct evpn_mac_view view;

	(void)state;
	for (unsigned segment = 0; segment < 2; segment++) {
		host_ready(&h);
		kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
		host_run(&h);
		for (uint32_t i = 0; i < 10; i++) {
			const struct test_route r = {.mac = M1,
			    .vtep = 2 + i % 2,
			    .rd = 9,
			    .segment = segment,
			    .sequence = segment ? 1 : 1 + i};

			bgp_route(&h, &r);
			host_run(&h);
		}
		assert_true(evpn_mac_get(h.evpn, (vni_t){TEST_VNI}, &m, &view));
		assert_int_equal(view.remote.vtep.b[3], 3);
		assert_int_equal(view.detected_moves, 1);
		assert_int_equal(evpn_counters(h.evpn)->duplicates, 0);
		host_stop(&h);
	}
}

/* Room for an agent that adds exclusively: ours go, stay away for the time, and come back. */
static void test_release(void **state)
{
	static const struct mac m = {{0xfa, 0x16, 0x3e, 0x7e, 0xe3, 0x5a}};
	struct evpn_mac_view view;
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	assert_int_equal(evpn_release(h.evpn, &m, (vni_t){0}, 10, h.now), 0);
	source(&h, false);
	expect(&h, installed);
	assert_int_equal(evpn_release(h.evpn, &m, (vni_t){7}, 10, h.now), 0);
	assert_int_equal(evpn_release(h.evpn, &m, (vni_t){0}, 10, h.now), 1);
	expect(&h, "delete fdb " M1 "; delete vxlan " M1 "; delete neigh " I1);
	assert_true(evpn_mac_get(h.evpn, (vni_t){TEST_VNI}, &m, &view));
	assert_int_equal(view.decision.row, ROW_RELEASED);
	/* whatever BGP says meanwhile */
	bgp_route(&h, &(struct test_route){.mac = M1, .vtep = 3, .sequence = 1, .sticky = true});
	host_wait(&h, 9000);
	expect(&h, "");
	host_wait(&h, 1001);
	expect(&h, installed);
	host_stop(&h);
}

/* A claim ends it: what goes later does not leave the slot empty. And it may come before the route.
 */
static void test_release_ends_with_a_claim(void **state)
{
	static const struct mac m = {{0xfa, 0x16, 0x3e, 0x7e, 0xe3, 0x5a}};
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	assert_int_equal(evpn_release(h.evpn, &m, (vni_t){TEST_VNI}, 10, h.now), 1);
	source(&h, false);
	expect(&h, "");
	agent_writes(&h);
	expect(&h, "+mac " M1 " 1 sticky; +ip " M1 " " I1 " 1 sticky");
	assert_int_equal(evpn_release(h.evpn, &m, (vni_t){0}, 10, h.now), 0);
	kernel_fdb_gone(&h, M1);
	kernel_neigh_gone(&h, I1);
	assert_non_null(strstr(host_lines(&h), "add vxlan " M1 "; add fdb " M1));
	/* released and gone: nothing is left to end */
	assert_int_equal(evpn_release(h.evpn, &m, (vni_t){0}, 10, h.now), 1);
	host_run(&h);
	source(&h, true);
	host_wait(&h, 11000);
	host_wait(&h, 200 * 1000);
	host_lines(&h);
	source(&h, false);
	expect(&h, installed);
	host_stop(&h);
}

/* Refused operations come again, later each time, and only so often. */
static void test_backoff(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	h.refuse = 28;
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0);
	expect(&h, "add vxlan " M1 "; add fdb " M1);
	host_wait(&h, 20);
	expect(&h, "");
	host_wait(&h, 40);
	expect(&h, "add vxlan " M1 "; add fdb " M1);
	host_wait(&h, 60);
	expect(&h, "");
	h.refuse = 0;
	host_wait(&h, 60);
	expect(&h, "add vxlan " M1 "; add fdb " M1);
	host_stop(&h);
}

static void test_flush(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	source(&h, false);
	bgp_imet(&h, 2, false);
	host_lines(&h);
	assert_false(evpn_flushed(h.evpn));
	evpn_flush(h.evpn, h.now);
	host_lines(&h);
	assert_true(evpn_flushed(h.evpn));
	assert_false(mirror_fdb_all(h.mirror, &h.arena)[0] != NULL);
	assert_false(mirror_vxlan_fdb_all(h.mirror, &h.arena)[0] != NULL);
	assert_false(mirror_flood_all(h.mirror, &h.arena)[0] != NULL);
	assert_false(mirror_neigh_all(h.mirror, &h.arena)[0] != NULL);
	host_stop(&h);
}

static void test_history(void **state)
{
	struct evpn_host_state h;
	struct evpn_transition *list;
	struct mac mac = test_mac(M1);
	size_t count;

	(void)state;
	host_ready(&h);
	for (unsigned i = 0; i < 40; i++) {
		kernel_fdb(&h, M1, i % 2 ? PORT : PORT2, NUD_NOARP, 0);
		host_run(&h);
	}
	count = evpn_mac_history(h.evpn, (vni_t){TEST_VNI}, &mac, &h.arena, &list);
	assert_int_equal(count, EVPN_HISTORY);
	assert_string_equal(list[count - 2].text, "local claim pinned on veth-to-ovs");
	assert_string_equal(list[count - 1].text,
	    "pinned here, newly written: advertised above all others; sequence 39");
	host_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_incident),
	    cmocka_unit_test(test_agent_between),
	    cmocka_unit_test(test_floor_ends),
	    cmocka_unit_test(test_make_before_break),
	    cmocka_unit_test(test_generations),
	    cmocka_unit_test(test_audit),
	    cmocka_unit_test(test_learned_move),
	    cmocka_unit_test(test_sticky_beats_learned),
	    cmocka_unit_test(test_best_over_all_routes),
	    cmocka_unit_test(test_own_and_foreign_rows),
	    cmocka_unit_test(test_port_without_carrier),
	    cmocka_unit_test(test_start_debts),
	    cmocka_unit_test(test_learned_before_convergence),
	    cmocka_unit_test(test_restart_with_file),
	    cmocka_unit_test(test_restart_without_file),
	    cmocka_unit_test(test_duplicates_freeze),
	    cmocka_unit_test(test_duplicates_cleared),
	    cmocka_unit_test(test_duplicates_not_between_vteps),
	    cmocka_unit_test(test_release),
	    cmocka_unit_test(test_release_ends_with_a_claim),
	    cmocka_unit_test(test_backoff),
	    cmocka_unit_test(test_flush),
	    cmocka_unit_test(test_history),
	};

	return cmocka_run_group_tests_name("mac", tests, NULL, NULL);
}
