/*
 * MAC-VRFs: discovery, identity, route targets, IMET and flood lists, devices that come and go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/extcomm.h"
#include "evpn_host.h"

#define M1 "fa:16:3e:00:00:01"
#define REMOTE(...) bgp_route(&h, &(struct test_route){__VA_ARGS__})

static void test_discovery(void **state)
{
	struct evpn_host_state h;
	struct evpn_vni_view view;
	char text[RD_TEXT_MAX];
	struct extcomm rt;

	(void)state;
	host_ready(&h);
	assert_true(evpn_vni_at(h.evpn, 0, &view));
	assert_false(evpn_vni_at(h.evpn, 1, &view));
	assert_true(evpn_vni_at(h.evpn, 0, &view));
	assert_true(view.active);
	assert_int_equal(view.vni.v, TEST_VNI);
	assert_int_equal(view.vlan, TEST_VLAN);
	assert_int_equal(view.svi.v, SVI);
	assert_string_equal(rd_text(&view.rd, text), "10.0.0.1:2");
	assert_true(extcomm_rt_parse("65001:10099", &rt));
	assert_true(extcomm_equal(&view.export_rts[0], &rt));
	host_stop(&h);
}

/* Any AS with our VNI; configured route targets match exactly. */
static void test_import(void **state)
{
	struct evpn_host_state h;
	struct extcomm rt;
	struct vni_settings vni = {.vni = {TEST_VNI}, .import_rts = &rt, .import_count = 1};

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0, .rt = "64999:10099");
	expect(&h, "add vxlan " M1 "; add fdb " M1);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0, .rt = "64999:10098");
	expect(&h, "delete fdb " M1 "; delete vxlan " M1);
	assert_true(extcomm_rt_parse("7:7", &rt));
	h.settings.vnis = &vni;
	h.settings.vni_count = 1;
	evpn_configure(h.evpn, &h.settings, h.now);
	host_lines(&h);
	assert_int_equal(h.routes_wanted, 2);
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0, .rt = "64999:10099");
	expect(&h, "");
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0, .rt = "7:7");
	expect(&h, "add vxlan " M1 "; add fdb " M1);
	host_stop(&h);
}

static void svi_address(struct evpn_host_state *h, const char *text, bool there)
{
	struct kernel_event e = {.kind = there ? KERNEL_ADDR_NEW : KERNEL_ADDR_DEL};

	e.addr.dev.v = SVI;
	e.addr.prefix = (struct prefix){.addr = test_ip(text), .len = 24};
	kernel_send(h, &e);
	host_run(h);
}

static void reconfigure(struct evpn_host_state *h)
{
	evpn_configure(h->evpn, &h->settings, h->now);
	host_run(h);
}

#define SVI_MAC "02:00:00:00:ff:04"

/* advertise-svi-ip, advertise-default-gw: of all and of one VNI, as addresses come and go. */
static void test_svi_addresses(void **state)
{
	struct evpn_host_state h;
	struct vni_settings vni = {.vni = {TEST_VNI}};

	(void)state;
	host_ready(&h);
	svi_address(&h, "10.1.0.254", true);
	expect(&h, "");
	h.settings.advertise_svi_ip = true;
	reconfigure(&h);
	expect(&h, "+ip " SVI_MAC " 10.1.0.254 0");
	reconfigure(&h);
	expect(&h, "");
	svi_address(&h, "2001:db8::254", true);
	expect(&h, "+ip " SVI_MAC " 2001:db8::254 0");
	svi_address(&h, "10.1.0.254", false);
	expect(&h, "-ip " SVI_MAC " 10.1.0.254");
	h.settings.advertise_svi_ip = false;
	vni.advertise_default_gw = true;
	h.settings.vnis = &vni;
	h.settings.vni_count = 1;
	reconfigure(&h);
	expect(&h, "-ip " SVI_MAC " 2001:db8::254; +ip " SVI_MAC " 2001:db8::254 0 gateway");
	kernel_link(&h, SVI, false);
	host_run(&h);
	expect(&h, "-ip " SVI_MAC " 2001:db8::254");
	kernel_link(&h, SVI, true);
	host_run(&h);
	expect(&h, "+ip " SVI_MAC " 2001:db8::254 0 gateway");
	h.settings.vni_count = 0;
	reconfigure(&h);
	expect(&h, "-ip " SVI_MAC " 2001:db8::254");
	host_stop(&h);
}

/* RFC 8365 section 5.1.2.1, out and in. */
static void test_rfc8365_target(void **state)
{
	struct evpn_host_state h;
	struct evpn_vni_view view;
	struct extcomm rt;

	(void)state;
	host_ready(&h);
	h.settings.rfc8365_rt = true;
	reconfigure(&h);
	host_lines(&h);
	assert_true(evpn_vni_at(h.evpn, 0, &view));
	assert_true(extcomm_rt_parse("65001:268445555", &rt));
	assert_true(extcomm_equal(&view.export_rts[0], &rt));
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0, .rt = "64999:10099");
	expect(&h, "");
	REMOTE(.mac = M1, .vtep = 2, .sequence = 0, .rt = "64999:268445555");
	expect(&h, "add vxlan " M1 "; add fdb " M1);
	host_stop(&h);
}

/* A route of ours that came round is no place to send to. */
static void test_own_next_hop(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	REMOTE(.mac = M1, .vtep = 1, .sequence = 0);
	bgp_imet(&h, 1, false);
	expect(&h, "");
	host_stop(&h);
}

static void test_flood(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	bgp_imet(&h, 3, false);
	bgp_imet(&h, 2, false);
	expect(&h, "add flood 10.0.0.2; add flood 10.0.0.3");
	bgp_imet(&h, 2, false);
	expect(&h, "");
	bgp_imet(&h, 2, true);
	expect(&h, "delete flood 10.0.0.2");
	host_stop(&h);
}

/* The VXLAN device goes: routes withdrawn, what is left of ours removed; it comes: all is back. */
static void test_device_goes_and_comes(void **state)
{
	struct evpn_host_state h;
	struct evpn_vni_view view;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
	REMOTE(.mac = "fa:16:3e:00:00:02", .ip = "10.1.0.2", .vtep = 2, .sequence = 0);
	host_lines(&h);
	kernel_link_gone(&h, VXLAN);
	expect(&h, "-mac " M1 "; -imet 10.0.0.1; delete neigh 10.1.0.2");
	assert_false(evpn_vni_at(h.evpn, 0, &view));
	kernel_link(&h, VXLAN, true);
	host_run(&h);
	assert_true(evpn_vni_at(h.evpn, 0, &view));
	assert_string_equal(view.inactive_reason, "VXLAN port has no PVID");
	kernel_vlans(&h, VXLAN);
	expect(&h, "+imet 10.0.0.1; +mac " M1 " 1");
	assert_true(h.routes_wanted >= 2);
	REMOTE(.mac = "fa:16:3e:00:00:02", .ip = "10.1.0.2", .vtep = 2, .sequence = 0);
	expect(&h, "add vxlan fa:16:3e:00:00:02; add fdb fa:16:3e:00:00:02; add neigh 10.1.0.2");
	host_stop(&h);
}

/* A reload that changes the router ID moves all routes to the new RD. */
static void test_router_id_changes(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_fdb(&h, M1, PORT, NUD_NOARP, 0);
	kernel_neigh(&h, "10.1.0.1", M1, NUD_PERMANENT);
	host_lines(&h);
	h.settings.router_id = test_ip("10.0.0.9");
	evpn_configure(h.evpn, &h.settings, h.now);
	expect(&h, "-ip " M1 " 10.1.0.1; -mac " M1 "; -imet 10.0.0.1; +imet 10.0.0.1; +mac " M1
		   " 0; +ip " M1 " 10.1.0.1 0");
	evpn_configure(h.evpn, &h.settings, h.now);
	expect(&h, "");
	host_stop(&h);
}

static void test_port_learning(void **state)
{
	struct evpn_host_state h;

	(void)state;
	host_ready(&h);
	kernel_port_learning(&h, VXLAN, true);
	expect(&h, "set port 2 off");
	kernel_port_learning(&h, VXLAN, false);
	expect(&h, "");
	kernel_port_learning(&h, VXLAN, true);
	expect(&h, "");
	assert_int_equal(evpn_counters(h.evpn)->alarms, 1);
	kernel_port_learning(&h, VXLAN, false);
	evpn_flush(h.evpn, h.now);
	assert_non_null(strstr(host_lines(&h), "set port 2 learning"));
	host_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_discovery),
	    cmocka_unit_test(test_import),
	    cmocka_unit_test(test_svi_addresses),
	    cmocka_unit_test(test_rfc8365_target),
	    cmocka_unit_test(test_own_next_hop),
	    cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_device_goes_and_comes),
	    cmocka_unit_test(test_router_id_changes),
	    cmocka_unit_test(test_port_learning),
	};

	return cmocka_run_group_tests_name("mac_vrf", tests, NULL, NULL);
}
