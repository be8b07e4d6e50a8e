/*
 * Neighbours: local ones to MAC+IP routes, remote ones to entries, IPs that move, silent hosts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "evpn_host.h"

#define M1 "fa:16:3e:00:00:01"
#define M2 "fa:16:3e:00:00:02"
#define I1 "10.1.0.1"
#define I6 "2001:db8::1"
#define REMOTE(...) bgp_route(&h, &(struct test_route){__VA_ARGS__})

/* Advertised while the MAC's claim is local, in whichever order the two come. */
static void test_local(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_neigh(&h, I1, M1, NUD_PERMANENT);
	expect(&h, "");
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	expect(&h, "+mac " M1 " 0; +ip " M1 " " I1 " 0");
	kernel_neigh(&h, I6, M1, NUD_REACHABLE);
	expect(&h, "+ip " M1 " " I6 " 0");
	kernel_neigh_gone(&h, I1);
	expect(&h, "-ip " M1 " " I1);
	kernel_fdb_gone(&h, M1);
	expect(&h, "-mac " M1 "; -ip " M1 " " I6);
	host_stop(&h);
}

/* One sequence per MAC: a bump re-advertises all of its routes. */
static void test_one_sequence(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, NTF_STICKY);
	kernel_neigh(&h, I1, M1, NUD_PERMANENT);
	expect(&h, "+mac " M1 " 0 sticky; +ip " M1 " " I1 " 0 sticky");
	kernel_fdb(&h, M1, PORT2, NUD_NOARP, NTF_STICKY);
	expect(&h, "+mac " M1 " 1 sticky; +ip " M1 " " I1 " 1 sticky");
	host_stop(&h);
}

/* RFC 9721: the IP came here from another MAC. */
static void test_ip_moves(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 6);
	kernel_fdb(&h, M2, PORT, NUD_REACHABLE, 0);
	host_lines(&h);
	kernel_neigh(&h, I1, M2, NUD_REACHABLE);
	expect(&h, "+mac " M2 " 7; +ip " M2 " " I1 " 7");
	/* Once: what the other side says next does not make us race. */
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 7);
	expect(&h, "");
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 8);
	expect(&h, "change neigh " I1 "; -ip " M2 " " I1);
	host_stop(&h);
}

/* The neighbour's link address changes: the old route goes, the new one comes. */
static void test_lladdr_changes(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	kernel_fdb(&h, M2, PORT, NUD_REACHABLE, 0);
	kernel_neigh(&h, I1, M1, NUD_REACHABLE);
	host_lines(&h);
	kernel_neigh(&h, I1, M2, NUD_REACHABLE);
	expect(&h, "-ip " M1 " " I1 "; +ip " M2 " " I1 " 0");
	host_stop(&h);
}

static void test_no_claims(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	host_lines(&h);
	kernel_neigh(&h, "224.0.0.1", "01:00:5e:00:00:01", NUD_NOARP);
	kernel_neigh(&h, I1, M1, NUD_FAILED);
	kernel_neigh(&h, "10.1.0.9", "00:00:00:00:00:00", NUD_INCOMPLETE);
	expect(&h, "");
	host_stop(&h);
}

/* A stale neighbour is asked; a static one is not. */
static void test_probe(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	kernel_neigh(&h, I1, M1, NUD_REACHABLE);
	kernel_neigh(&h, "10.1.0.2", M1, NUD_PERMANENT);
	host_lines(&h);
	host_wait(&h, 60000);
	expect(&h, "");
	kernel_neigh(&h, I1, M1, NUD_STALE);
	expect(&h, "");
	host_wait(&h, 21000);
	expect(&h, "probe neigh " I1);
	kernel_neigh(&h, I1, M1, NUD_REACHABLE);
	host_wait(&h, 60000);
	expect(&h, "");
	host_stop(&h);
}

/* Somebody else's neighbour holds the slot: left alone, ours comes when it goes. */
static void test_foreign_holds_the_slot(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_neigh(&h, I1, M2, NUD_PERMANENT);
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 0);
	expect(&h, "add vxlan " M1 "; add fdb " M1);
	kernel_neigh_gone(&h, I1);
	expect(&h, "add neigh " I1);
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .gone = true);
	expect(&h, "delete fdb " M1 "; delete vxlan " M1 "; delete neigh " I1);
	host_stop(&h);
}

/* The MAC is pinned here: its neighbour of ours is given away, but not under the agent's hands,
 * which write the FDB entry first and the neighbour right after it. */
static void test_agent_writes_both(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	for (uint32_t turn = 0; turn < 2; turn++) {
		REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 10 * turn);
		expect(&h, "add vxlan " M1 "; add fdb " M1 "; add neigh " I1);
		kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
		expect(&h, turn == 0 ? "+mac " M1 " 1; delete vxlan " M1
				     : "+mac " M1 " 11; delete vxlan " M1);
		host_wait(&h, 15);
		expect(&h, "");
		kernel_neigh(&h, I1, M1, NUD_PERMANENT);
		expect(&h, turn == 0 ? "+ip " M1 " " I1 " 1" : "+ip " M1 " " I1 " 11");
		host_wait(&h, 1000);
		REMOTE(.mac = M1, .ip = I1, .vtep = 2, .gone = true);
		expect(&h, "");
		kernel_neigh_gone(&h, I1);
		kernel_fdb_gone(&h, M1);
		host_lines(&h);
	}
	host_stop(&h);
}

static void test_agent_writes_the_fdb_entry_alone(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 0);
	host_lines(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
	expect(&h, "+mac " M1 " 1; delete vxlan " M1);
	host_wait(&h, 25);
	expect(&h, "change neigh " I1 "; +ip " M1 " " I1 " 1");
	host_stop(&h);
}

/* A learned MAC has no agent: nothing to wait for. */
static void test_learned_mac_gives_its_neighbour_away(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .ip = I1, .vtep = 2, .sequence = 0);
	host_lines(&h);
	kernel_fdb(&h, M1, PORT, NUD_REACHABLE, 0);
	expect(&h, "+mac " M1 " 1; delete vxlan " M1 "; change neigh " I1 "; +ip " M1 " " I1 " 1");
	host_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_local),
	    cmocka_unit_test(test_one_sequence),
	    cmocka_unit_test(test_ip_moves),
	    cmocka_unit_test(test_lladdr_changes),
	    cmocka_unit_test(test_no_claims),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_foreign_holds_the_slot),
	    cmocka_unit_test(test_agent_writes_both),
	    cmocka_unit_test(test_agent_writes_the_fdb_entry_alone),
	    cmocka_unit_test(test_learned_mac_gives_its_neighbour_away),
	};

	return cmocka_run_group_tests_name("neigh", tests, NULL, NULL);
}
