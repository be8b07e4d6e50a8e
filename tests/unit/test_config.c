/*
 * config_load: the incident's own configuration, peer groups, profiles, errors, secrets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/config.h"

static struct config *load(const char *text, size_t errors_wanted)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(text, &errors);
	struct str s = {0};

	if (errors.error_count != errors_wanted)
		for (size_t i = 0; i < errors.count; i++) {
			str_clear(&s);
			config_error_text("text", &errors.list[i], &s);
			print_message("%s\n", str_text(&s));
		}
	assert_int_equal(errors.error_count, errors_wanted);
	statement_errors_fini(&errors);
	str_fini(&s);
	return c;
}

static const struct neighbor_settings *neighbor(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->bgp.neighbor_count; i++)
		if (strcmp(c->bgp.neighbors[i].name, name) == 0)
			return &c->bgp.neighbors[i];
	fail_msg("no neighbor %s", name);
	return NULL;
}

static char incident[8192];

static void read_incident(void)
{
	FILE *f = fopen(TEST_DATA "/incident.conf", "r");

	assert_non_null(f);
	incident[fread(incident, 1, sizeof(incident) - 1, f)] = '\0';
	fclose(f);
}

static void check_incident_neighbor(const struct neighbor_settings *n)
{
	assert_true(n->unnumbered && n->extended_nexthop && n->disable_connected_check);
	assert_int_equal(n->remote_as_kind, REMOTE_AS_EXTERNAL);
	assert_string_equal(n->peer_group, "LEAF");
	assert_int_equal(n->keepalive_s, 3);
	assert_int_equal(n->hold_s, 9);
	assert_int_equal(n->connect_retry_s, 10);
	assert_int_equal(n->ttl, 1);
	for (int f = 0; f < BGP_FAMILIES; f++) {
		assert_true(n->family[f].activate);
		assert_string_equal(n->family[f].route_map_in, "LEAF-IN");
		assert_null(n->family[f].route_map_out);
	}
}

static void check_incident_maps(const struct policy *maps)
{
	const struct set_clause *set;

	assert_int_equal(maps->map_count, 2);
	assert_string_equal(maps->maps[0].name, "LEAF-IN");
	assert_true(maps->maps[0].entries[0].permit);
	set = &maps->maps[0].entries[0].sets[0];
	assert_int_equal(set->kind, SET_COMMUNITY);
	assert_true(set->additive);
	assert_int_equal(set->count, 1);
	assert_int_equal(*(const uint32_t *)set->values, COMMUNITY_NO_EXPORT);
	assert_int_equal(maps->maps[1].entry_count, 2);
	assert_int_equal(maps->maps[1].entries[0].seq, 99);
	assert_int_equal(maps->maps[1].entries[0].matches[0].kind, MATCH_INTERFACE);
	assert_string_equal(maps->maps[1].entries[0].matches[0].name, "irb-99");
	assert_false(maps->maps[1].entries[1].permit);
}

static void test_incident(void **state)
{
	struct config *c;

	(void)state;
	read_incident();
	c = load(incident, 0);
	assert_string_equal(c->hostname, "frr1");
	assert_true(
	    (c->debug_topics >> LOG_KERNEL & 1) && (c->debug_topics >> LOG_BGP_UPDATE_IN & 1));
	assert_false(c->debug_topics >> LOG_BGP_UPDATE_OUT & 1);
	assert_int_equal(c->vrf_count, 1);
	assert_int_equal(c->vrfs[0].vni.v, 2);
	assert_int_equal(c->interface_count, 1);
	assert_int_equal(c->interfaces[0].addresses[0].len, 32);
	assert_true(c->bgp.enabled && c->bgp.multipath_relax && c->bgp.log_neighbor_changes);
	assert_false(c->bgp.ebgp_requires_policy);
	assert_true(c->fib.underlay_weights);
	assert_int_equal(c->bgp.as, 65001);
	assert_int_equal(ip_to_u32(&c->bgp.router_id), 0x0a000001);
	assert_int_equal(c->bgp.network_count, 1);
	assert_true(c->evpn.advertise_all_vni && c->evpn.duplicates.enabled);
	assert_int_equal(c->evpn.as, 65001);
	assert_int_equal(ip_to_u32(&c->evpn.router_id), 0x0a000001);
	assert_int_equal(c->bgp.neighbor_count, 2);
	check_incident_neighbor(neighbor(c, "eth4"));
	check_incident_neighbor(neighbor(c, "eth5"));
	check_incident_maps(&c->bgp.policy);
	config_free(c);
}

/* Every statement is kept; what has no effect yet is said exactly once. */
static void test_incident_warnings(void **state)
{
	static const char *const inert[] = {"router bgp 65001 vrf vrf-2"};
	struct statement_errors errors = {0};
	struct config *c;
	struct str kept = {0};
	char line[256];

	(void)state;
	read_incident();
	c = config_load(incident, &errors);
	statement_print(c->tree, &kept);
	assert_int_equal(errors.count, 1);
	for (size_t i = 0; i < 1; i++) {
		assert_true(errors.list[i].warning);
		assert_non_null(strstr(errors.list[i].message, inert[i]));
	}
	for (const char *p = incident; *p != '\0'; p += strspn(p, "\n")) {
		size_t n = strcspn(p, "\n");

		assert_true(n + 2 < sizeof(line));
		memcpy(line, p, n);
		memcpy(line + n, "\n", 2);
		if (strcmp(line, "end\n") != 0)
			assert_non_null(strstr(str_text(&kept), line));
		p += n;
	}
	str_fini(&kept);
	statement_errors_fini(&errors);
	config_free(c);
}

static void test_peer_group_override(void **state)
{
	struct config *c =
	    load("route-map A permit 1\nroute-map B permit 1\nrouter bgp 65001\n"
		 "neighbor G peer-group\nneighbor G remote-as 65002\n"
		 "neighbor G timers 5 15\nneighbor G timers connect 7\n"
		 "neighbor G description of the group\nneighbor G ebgp-multihop 4\n"
		 "neighbor 10.0.0.1 peer-group G\n"
		 "neighbor 10.0.0.2 peer-group G\nneighbor 10.0.0.2 remote-as 65003\n"
		 "neighbor 10.0.0.2 timers 20 60\nneighbor 10.0.0.3 remote-as internal\n"
		 "address-family ipv4 unicast\nno neighbor 10.0.0.2 activate\n"
		 "neighbor G route-map A in\nneighbor 10.0.0.2 route-map B in\n"
		 "address-family l2vpn evpn\nneighbor G activate\nneighbor G allowas-in\n",
		0);
	const struct neighbor_settings *a = neighbor(c, "10.0.0.1"), *b = neighbor(c, "10.0.0.2");

	(void)state;
	assert_int_equal(a->remote_as, 65002);
	assert_int_equal(b->remote_as, 65003);
	assert_int_equal(a->hold_s, 15);
	assert_int_equal(b->hold_s, 60);
	assert_int_equal(b->connect_retry_s, 7);
	assert_string_equal(b->description, "of the group");
	assert_int_equal(a->ttl, 4);
	assert_true(a->family[BGP_IPV4_UNICAST].activate);
	assert_false(b->family[BGP_IPV4_UNICAST].activate);
	assert_true(b->family[BGP_L2VPN_EVPN].activate);
	assert_int_equal(b->family[BGP_L2VPN_EVPN].allowas_in, 3);
	assert_string_equal(a->family[BGP_IPV4_UNICAST].route_map_in, "A");
	assert_string_equal(b->family[BGP_IPV4_UNICAST].route_map_in, "B");
	assert_int_equal(neighbor(c, "10.0.0.3")->ttl, 255);
	assert_false(neighbor(c, "10.0.0.3")->family[BGP_L2VPN_EVPN].activate);
	config_free(c);
}

/* RFC 5082, RFC 2385; the password is the rest of the line. */
static void test_connection_security(void **state)
{
	struct config *c;
	struct str out = {0};

	(void)state;
	c = load("router bgp 1\n neighbor G peer-group\n neighbor G password two words\n"
		 " neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 peer-group G\n"
		 " neighbor 1.1.1.1 ttl-security hops 1\n"
		 " neighbor 1.1.1.2 remote-as 1\n neighbor 1.1.1.2 peer-group G\n"
		 " neighbor 1.1.1.2 password own\n",
	    0);
	assert_string_equal(neighbor(c, "1.1.1.1")->auth->keys[0].secret, "two words");
	assert_int_equal(neighbor(c, "1.1.1.1")->ttl_security_hops, 1);
	assert_int_equal(neighbor(c, "1.1.1.1")->ttl, 255);
	assert_string_equal(neighbor(c, "1.1.1.2")->auth->keys[0].secret, "own");
	config_free(c);
	c = load("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n"
		 " neighbor 1.1.1.1 tcp-ao 1 2 aes-128-cmac-96 password new one\n"
		 " neighbor 1.1.1.1 tcp-ao 3 3 hmac-sha-1-96 password old\n",
	    0);
	assert_int_equal(neighbor(c, "1.1.1.1")->auth->count, 2);
	assert_int_equal(neighbor(c, "1.1.1.1")->auth->keys[0].kind, TCP_AUTH_AO_AES_CMAC);
	assert_int_equal(neighbor(c, "1.1.1.1")->auth->keys[0].send_id, 1);
	assert_int_equal(neighbor(c, "1.1.1.1")->auth->keys[0].recv_id, 2);
	assert_string_equal(neighbor(c, "1.1.1.1")->auth->keys[0].secret, "new one");
	assert_int_equal(neighbor(c, "1.1.1.1")->auth->keys[1].kind, TCP_AUTH_AO_HMAC_SHA1);
	config_free(c);
	config_free(load("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n"
			 " neighbor 1.1.1.1 password x\n"
			 " neighbor 1.1.1.1 tcp-ao 3 3 hmac-sha-1-96 password old\n",
	    1));
	config_free(load("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n"
			 " neighbor 1.1.1.1 ebgp-multihop 3\n"
			 " neighbor 1.1.1.1 ttl-security hops 3\n",
	    1));
	str_add(&out, "router bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 password ");
	for (int i = 0; i < 81; i++)
		str_add(&out, "x");
	config_free(load(str_text(&out), 1));
	str_fini(&out);
}

static const struct neighbor_family *family4(const struct config *c, const char *name)
{
	return &neighbor(c, name)->family[BGP_IPV4_UNICAST];
}

static void test_backdoor(void **state)
{
	struct config *c =
	    load("router bgp 1\n address-family ipv4 unicast\n"
		 "  network 10.0.0.0/8 backdoor\n  network 10.1.0.0/16 route-map backdoor\n"
		 "  network 10.2.0.0/16 route-map M backdoor\n"
		 "  network 10.3.0.0/16 backdoor route-map M\n  network 10.4.0.0/16\n"
		 "route-map M permit 1\nroute-map backdoor permit 1\n",
		0);

	(void)state;
	assert_int_equal(c->bgp.network_count, 2);
	assert_string_equal(c->bgp.networks[0].route_map, "backdoor");
	assert_null(c->bgp.networks[1].route_map);
	assert_int_equal(c->fib.backdoor_count, 3);
	assert_int_equal(ip_to_u32(&c->fib.backdoors[2].addr), 0x0a030000);
	config_free(c);
}

/* What a group says holds for its members, until one says otherwise; `no` is a word, too. */
static void test_neighbor_statements(void **state)
{
	struct config *c = load("router bgp 100\n bgp cluster-id 10\n bgp minimum-holdtime 20\n"
				" no bgp client-to-client reflection\n no bgp enforce-first-as\n"
				" neighbor G peer-group\n neighbor G remote-as 5\n"
				" neighbor G local-as 300 no-prepend replace-as\n"
				" neighbor 1.1.1.1 peer-group G\n neighbor 1.1.1.2 peer-group G\n"
				" neighbor 1.1.1.2 enforce-first-as\n"
				" neighbor 1.1.1.2 local-as 301\n"
				" address-family ipv4 unicast\n"
				"  neighbor G next-hop-self force\n  neighbor G as-override\n"
				"  neighbor G remove-private-AS all replace-AS\n"
				"  neighbor G allowas-in origin\n"
				"  neighbor G maximum-prefix 100 50 restart 5\n"
				"  neighbor G attribute-unchanged\n"
				"  neighbor 1.1.1.2 next-hop-self\n"
				"  no neighbor 1.1.1.2 as-override\n"
				"  no neighbor 1.1.1.2 remove-private-AS\n"
				"  neighbor 1.1.1.2 allowas-in\n"
				"  neighbor 1.1.1.2 maximum-prefix 7 warning-only\n"
				"  neighbor 1.1.1.2 attribute-unchanged med\n",
	    0);
	const struct neighbor_family *f = family4(c, "1.1.1.1");

	(void)state;
	assert_int_equal(ip_to_u32(&c->bgp.cluster_id), 10);
	assert_int_equal(c->bgp.minimum_hold_s, 20);
	assert_true(c->bgp.no_client_to_client);
	assert_true(neighbor(c, "1.1.1.1")->local_as_no_prepend);
	assert_true(neighbor(c, "1.1.1.1")->local_as_replace);
	assert_false(neighbor(c, "1.1.1.1")->enforce_first_as);
	assert_true(f->next_hop_self && f->next_hop_self_force && f->as_override);
	assert_true(f->remove_private_as && f->remove_private_all && f->remove_private_replace);
	assert_true(f->allowas_in_origin && f->allowas_in == 0);
	assert_true(f->limit.max == 100 && f->limit.threshold == 50 && f->limit.restart_min == 5);
	assert_true(f->as_path_unchanged && f->next_hop_unchanged && f->med_unchanged);
	f = family4(c, "1.1.1.2");
	assert_true(neighbor(c, "1.1.1.2")->enforce_first_as);
	assert_int_equal(neighbor(c, "1.1.1.2")->local_as, 301);
	assert_false(neighbor(c, "1.1.1.2")->local_as_no_prepend);
	assert_true(f->next_hop_self && !f->next_hop_self_force && !f->as_override);
	assert_false(f->remove_private_as || f->remove_private_all || f->remove_private_replace);
	assert_true(!f->allowas_in_origin && f->allowas_in == 3);
	assert_true(f->limit.max == 7 && f->limit.threshold == 75 && f->limit.warning_only);
	assert_int_equal(f->limit.restart_min, 0);
	assert_true(!f->as_path_unchanged && !f->next_hop_unchanged && f->med_unchanged);
	config_free(c);
	config_free(load("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n"
			 " address-family ipv4 unicast\n"
			 "  neighbor 1.1.1.1 maximum-prefix 5 soon\n",
	    1));
	config_free(load("router bgp 1\n bgp cluster-id none\n", 1));
}

/* FRR takes a statement back without its values. */
static void test_taken_back(void **state)
{
	struct config *c =
	    load("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n"
		 " neighbor 1.1.1.1 password foo\n no neighbor 1.1.1.1 password\n"
		 " neighbor 1.1.1.1 ttl-security hops 1\n"
		 " no neighbor 1.1.1.1 ttl-security hops\n"
		 " neighbor 1.1.1.1 local-as 5 no-prepend\n"
		 " no neighbor 1.1.1.1 local-as\n"
		 " address-family ipv4 unicast\n"
		 "  neighbor 1.1.1.1 maximum-prefix 5 80 restart 3\n"
		 "  no neighbor 1.1.1.1 maximum-prefix\n"
		 "  neighbor 1.1.1.1 allowas-in 3\n  no neighbor 1.1.1.1 allowas-in\n"
		 "  neighbor 1.1.1.1 attribute-unchanged\n"
		 "  no neighbor 1.1.1.1 attribute-unchanged\n",
		0);
	const struct neighbor_settings *n = neighbor(c, "1.1.1.1");
	const struct neighbor_family *f = family4(c, "1.1.1.1");

	(void)state;
	assert_null(n->auth);
	assert_true(n->ttl_security_hops == 0 && n->ttl == 1 && n->local_as == 0);
	assert_true(!n->local_as_no_prepend && f->limit.max == 0 && f->allowas_in == 0);
	assert_false(f->as_path_unchanged || f->next_hop_unchanged || f->med_unchanged);
	config_free(c);
}

static void test_send_community(void **state)
{
	struct config *c = load("router bgp 100\n neighbor G peer-group\n neighbor G remote-as 5\n"
				" neighbor 1.1.1.1 peer-group G\n neighbor 1.1.1.2 peer-group G\n"
				" address-family ipv4 unicast\n"
				"  no neighbor G send-community all\n"
				"  neighbor 1.1.1.1 send-community both\n"
				"  neighbor 1.1.1.2 send-community large\n"
				"  neighbor 1.1.1.2 route-server-client\n",
	    0);
	const struct neighbor_family *f = family4(c, "1.1.1.1");

	(void)state;
	assert_true(!f->no_communities && !f->no_extcomms && f->no_large);
	f = family4(c, "1.1.1.2");
	assert_true(f->no_communities && f->no_extcomms && !f->no_large);
	assert_true(f->route_server_client);
	config_free(c);
}

static void test_listen_ranges(void **state)
{
	struct config *c = load("router bgp 100\n neighbor G peer-group\n"
				" neighbor G remote-as external\n neighbor G timers 5 15\n"
				" neighbor G password rose\n neighbor G ebgp-multihop 4\n"
				" bgp listen limit 7\n bgp listen range 10.1.0.0/16 peer-group G\n"
				" bgp listen range 2001:db8::/32 peer-group G\n"
				" address-family l2vpn evpn\n  neighbor G activate\n",
	    0);

	(void)state;
	assert_int_equal(c->bgp.listen_limit, 7);
	assert_int_equal(c->bgp.range_count, 2);
	assert_int_equal(c->bgp.neighbor_count, 0);
	for (int i = 0; i < 2; i++) {
		const struct neighbor_settings *n = &c->bgp.ranges[i].neighbor;

		assert_string_equal(n->peer_group, "G");
		assert_int_equal(n->hold_s, 15);
		assert_int_equal(n->ttl, 4);
		assert_string_equal(n->auth->keys[0].secret, "rose");
		assert_true(n->family[BGP_L2VPN_EVPN].activate);
		assert_true(n->family[BGP_IPV4_UNICAST].activate);
	}
	config_free(c);
	config_free(load("router bgp 1\n bgp listen range 10.0.0.0/8 peer-group H\n", 1));
	c = load("router bgp 1\n neighbor G peer-group\n"
		 " bgp listen range 10.0.0.0/8 peer-group G\n",
	    0);
	assert_int_equal(c->bgp.range_count, 0);
	config_free(c);
}

#define THREE                                                                                      \
	" neighbor G peer-group\n neighbor G remote-as external\n"                                 \
	" neighbor 10.0.0.1 remote-as 2\n neighbor 10.0.0.2 remote-as 2\n"                         \
	" bgp listen range 10.1.0.0/16 peer-group G\n"

static void test_shutdown_of_all(void **state)
{
	struct config *c = load("router bgp 1\n bgp shutdown message gone  fishing\n" THREE
				" no neighbor 10.0.0.1 shutdown\n"
				" neighbor 10.0.0.2 shutdown message mine\n",
	    0);

	(void)state;
	assert_true(c->bgp.neighbors[0].shutdown && c->bgp.neighbors[1].shutdown);
	assert_true(c->bgp.ranges[0].neighbor.shutdown);
	assert_string_equal(c->bgp.neighbors[0].shutdown_message, "gone fishing");
	assert_string_equal(c->bgp.neighbors[1].shutdown_message, "mine");
	config_free(c);
	c = load(
	    "router bgp 1\n bgp default shutdown\n" THREE " no neighbor 10.0.0.1 shutdown\n", 0);
	assert_false(c->bgp.neighbors[0].shutdown);
	assert_true(c->bgp.neighbors[1].shutdown && c->bgp.ranges[0].neighbor.shutdown);
	assert_null(c->bgp.neighbors[1].shutdown_message);
	config_free(c);
}

static unsigned warnings(const char *text, const char *about)
{
	struct statement_errors errors = {0};
	unsigned n = 0;

	config_free(config_load(text, &errors));
	assert_int_equal(errors.error_count, 0);
	for (size_t i = 0; i < errors.count; i++)
		n += strstr(errors.list[i].message, about) != NULL;
	statement_errors_fini(&errors);
	return n;
}

/* What cannot be is refused, what can be and is not meant is told. */
static void test_contradictory_timers(void **state)
{
	(void)state;
	config_free(load("router bgp 1\n timers bgp 1 2\n", 1));
	config_free(
	    load("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 timers 0 1\n", 1));
	assert_int_equal(warnings("router bgp 1\n timers bgp 60 30\n", "every 10 s"), 1);
	assert_int_equal(warnings("router bgp 1\n timers bgp 3 9\n", "every"), 0);
	assert_int_equal(
	    warnings("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 timers 3 0\n",
		"hold time 0"),
	    1);
	assert_int_equal(
	    warnings("router bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 timers 0 0\n",
		"hold time"),
	    0);
}

/* What a session is agreed on, and what its connection is like. */
static void test_session_statements(void **state)
{
	struct config *c = load("bgp session-dscp 10\nrouter bgp 100\n bgp tcp-keepalive 5 6 7\n"
				" neighbor G peer-group\n neighbor G remote-as 5\n"
				" neighbor G strict-capability-match\n"
				" neighbor G dont-capability-negotiate\n"
				" neighbor G local-role customer strict-mode\n"
				" neighbor G timers delayopen 9\n neighbor G tcp-mss 500\n"
				" neighbor 1.1.1.1 peer-group G\n neighbor 1.1.1.2 peer-group G\n"
				" neighbor 1.1.1.2 override-capability\n"
				" no neighbor 1.1.1.2 dont-capability-negotiate\n"
				" neighbor 1.1.1.2 local-role peer\n"
				" neighbor 1.1.1.2 sender-as-path-loop-detection\n"
				" neighbor 1.1.1.2 extended-optional-parameters\n",
	    0);
	const struct neighbor_settings *n = neighbor(c, "1.1.1.1");

	(void)state;
	assert_int_equal(c->bgp.dscp, 10);
	assert_int_equal(c->bgp.alive_idle_s, 5);
	assert_int_equal(c->bgp.alive_interval_s, 6);
	assert_int_equal(c->bgp.alive_probes, 7);
	assert_true(n->strict_capability && !n->override_capability && n->no_capabilities);
	assert_true(n->role == ROLE_CUSTOMER && n->role_strict && !n->spare_loops);
	assert_int_equal(n->delay_open_s, 9);
	assert_int_equal(n->mss, 500);
	n = neighbor(c, "1.1.1.2");
	assert_true(!n->strict_capability && n->override_capability && !n->no_capabilities);
	assert_true(n->role == ROLE_PEER && !n->role_strict && n->spare_loops);
	assert_true(n->extended_parameters);
	config_free(c);
	c = load("router bgp 1\n", 0);
	assert_int_equal(c->bgp.dscp, 48);
	config_free(c);
	assert_int_equal(warnings("router bgp 1\n neighbor 1.1.1.1 remote-as 1\n"
				  " neighbor 1.1.1.1 local-role peer\n",
			     "means nothing there"),
	    1);
}

static void test_profiles(void **state)
{
	const char *text = "router bgp 1\nneighbor 1.1.1.1 remote-as 2\n";
	struct config *c = load(text, 0);

	(void)state;
	assert_int_equal(c->bgp.neighbors[0].keepalive_s, 60);
	assert_int_equal(c->bgp.neighbors[0].hold_s, 180);
	assert_int_equal(c->bgp.neighbors[0].connect_retry_s, 120);
	assert_true(c->bgp.ebgp_requires_policy);
	assert_false(c->bgp.log_neighbor_changes);
	assert_int_equal(c->bgp.neighbors[0].port, 0);
	config_free(c);
	/* the profile counts wherever it stands, `no` beats it */
	c = load("router bgp 1\nneighbor 1.1.1.1 remote-as 2\nno bgp log-neighbor-changes\n"
		 "frr defaults datacenter\n",
	    0);
	assert_int_equal(c->bgp.neighbors[0].hold_s, 9);
	assert_false(c->bgp.ebgp_requires_policy);
	assert_false(c->bgp.log_neighbor_changes);
	config_free(c);
}

/* FRR 8.4's values; who says nothing is a helper. */
static void test_graceful_restart_defaults(void **state)
{
	struct config *c = load("router bgp 1\nneighbor 1.1.1.1 remote-as 2\n", 0);
	const struct restart_settings *r = &c->bgp.restart;

	(void)state;
	assert_int_equal(c->bgp.neighbors[0].graceful_restart, GRACEFUL_RESTART_HELPER);
	assert_true(r->notification && r->hard_administrative_reset);
	assert_false(r->preserve_forwarding || r->disable_end_of_rib);
	assert_int_equal(r->restart_s, 120);
	assert_int_equal(r->stalepath_s, 360);
	assert_int_equal(r->select_defer_s, 360);
	assert_int_equal(r->rib_stale_s, 30);
	assert_int_equal(c->evpn.convergence_s, 30);
	assert_int_equal(r->long_lived_s, 0);
	config_free(c);
}

static void test_graceful_restart(void **state)
{
	struct config *c =
	    load("router bgp 1\nneighbor G peer-group\nneighbor G remote-as 2\n"
		 "neighbor G graceful-restart-helper\nneighbor 1.1.1.1 remote-as 2\n"
		 "neighbor 1.1.1.2 peer-group G\nneighbor 1.1.1.3 peer-group G\n"
		 "neighbor 1.1.1.3 graceful-restart\nneighbor 1.1.1.3 graceful-restart-disable\n"
		 "bgp graceful-restart\nbgp graceful-restart restart-time 10\n"
		 "bgp graceful-restart stalepath-time 20\nbgp graceful-restart preserve-fw-state\n"
		 "bgp graceful-restart select-defer-time 30\nbgp graceful-restart disable-eor\n"
		 "no bgp graceful-restart notification\nno bgp hard-administrative-reset\n"
		 "bgp long-lived-graceful-restart stale-time 16777215\n",
		0);
	const struct restart_settings *r = &c->bgp.restart;

	(void)state;
	assert_int_equal(neighbor(c, "1.1.1.1")->graceful_restart, GRACEFUL_RESTART_ON);
	assert_int_equal(neighbor(c, "1.1.1.2")->graceful_restart, GRACEFUL_RESTART_HELPER);
	/* The later one replaces the earlier. */
	assert_int_equal(neighbor(c, "1.1.1.3")->graceful_restart, GRACEFUL_RESTART_OFF);
	assert_int_equal(r->restart_s, 10);
	assert_int_equal(r->stalepath_s, 20);
	assert_int_equal(r->select_defer_s, 30);
	assert_int_equal(r->rib_stale_s, 500);
	assert_int_equal(c->evpn.convergence_s, 500);
	assert_int_equal(r->long_lived_s, 16777215);
	assert_true(r->preserve_forwarding && r->disable_end_of_rib);
	assert_false(r->notification || r->hard_administrative_reset);
	config_free(c);
	c = load("router bgp 1\nneighbor 1.1.1.1 remote-as 2\nbgp graceful-restart\n"
		 "bgp graceful-restart-disable\nbgp graceful-restart rib-stale-time 40\n",
	    0);
	assert_int_equal(c->bgp.neighbors[0].graceful_restart, GRACEFUL_RESTART_OFF);
	assert_int_equal(c->evpn.convergence_s, 40);
	config_free(c);
	c = load("router bgp 1\nbgp graceful-restart restart-time 4096\n", 1);
	config_free(c);
}

static void test_evpn(void **state)
{
	struct config *c =
	    load("evpn mac-mobility sticky-sequence zero\nevpn port-learning keep\n"
		 "router bgp 4200000001\naddress-family l2vpn evpn\nadvertise-all-vni\n"
		 "autort as 65000\ndup-addr-detection max-moves 7 time 60\n"
		 "dup-addr-detection freeze 90\nflooding disable\nadvertise-svi-ip\n"
		 "vni 200\nrd 1.2.3.4:5\nroute-target both 65001:7\n"
		 "route-target import 4200000001:8\nvni 100\n",
		0);
	const struct vni_settings *v = c->evpn.vnis;

	(void)state;
	assert_int_equal(c->evpn.vni_count, 2);
	assert_int_equal(v[0].vni.v, 100);
	assert_false(v[0].has_rd);
	assert_true(v[1].has_rd);
	assert_int_equal(v[1].import_count, 2);
	assert_int_equal(v[1].export_count, 1);
	assert_memory_equal(v[1].export_rts[0].b, "\x00\x02\xfd\xe9\x00\x00\x00\x07", 8);
	assert_memory_equal(v[1].import_rts[0].b, "\x02\x02\xfa\x56\xea\x01\x00\x08", 8);
	assert_int_equal(c->evpn.as, 65000);
	assert_int_equal(c->evpn.duplicates.max_moves, 7);
	assert_int_equal(c->evpn.duplicates.time_s, 60);
	assert_true(c->evpn.duplicates.freeze);
	assert_int_equal(c->evpn.duplicates.freeze_s, 90);
	assert_true(c->evpn.flooding_disabled && c->evpn.advertise_svi_ip);
	assert_true(c->evpn.keep_port_learning);
	assert_int_equal(c->evpn.sticky_sequence, STICKY_SEQUENCE_ZERO);
	config_free(c);
	c = load("router bgp 1\naddress-family l2vpn evpn\nno dup-addr-detection\n", 0);
	assert_false(c->evpn.duplicates.enabled);
	config_free(c);
}

static void expect_error(const char *text, const char *wanted)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(text, &errors);
	struct str s = {0};

	for (size_t i = 0; i < errors.count && s.size == 0; i++)
		if (!errors.list[i].warning)
			config_error_text("frr.conf", &errors.list[i], &s);
	assert_string_equal(str_text(&s), wanted);
	str_fini(&s);
	statement_errors_fini(&errors);
	config_free(c);
}

static void test_errors(void **state)
{
	(void)state;
	expect_error(
	    "router bgp 1\nneighbor LEAF peer-group\n neighbor eth4 interface peer-group LEEF\n",
	    "frr.conf:3:2: error: peer group `LEEF` is not declared; did you mean `LEAF`?");
	expect_error("router bgp 1\n neighbor foo remote-as 2\n",
	    "frr.conf:2:2: error: `foo` is not an address, an interface neighbor or a peer group; "
	    "first "
	    "`neighbor NAME interface` or `neighbor NAME peer-group`");
	expect_error("router bgp 1\naddress-family l2vpn evpn\n neighbor 1.1.1.1 activate\n",
	    "frr.conf:3:2: error: neighbor 1.1.1.1 is not declared in `router bgp`; first "
	    "`neighbor NAME "
	    "peer-group`");
	expect_error(
	    "router bgp 1\nrouter bgp 2\n", "frr.conf:2:1: error: BGP runs as AS 1 already");
	expect_error("route-map A permit 1\nset community no-exprt\n",
	    "frr.conf:2:1: error: `no-exprt` is not a community; write AS:number, a number, or a "
	    "name "
	    "such as no-export");
	expect_error("router bgp 1\ntimers bgp 1 2\n",
	    "frr.conf:2:1: error: the hold time must be 0 or at least 3 seconds");
	expect_error("unknown\nrouter ospf\nrouter bgp 1\nneighbor 1.1.1.1 shutdown\n", "");
}

/* An entry whose `match` we cannot judge must not match everything. */
static void test_unsupported_match_never_matches(void **state)
{
	struct config *c = load("route-map A permit 1\nmatch probability 50\nset metric 1\n", 0);
	const struct route_map_entry *e = &c->bgp.policy.maps[0].entries[0];

	(void)state;
	assert_int_equal(e->match_count, 1);
	assert_int_equal(e->matches[0].kind, MATCH_NEVER);
	config_free(c);
}

static void test_redact(void **state)
{
	struct str s = {0};

	(void)state;
	config_redact("router bgp 1\n neighbor 1.1.1.1 password  my secret\nhostname x", &s);
	assert_string_equal(
	    str_text(&s), "router bgp 1\n neighbor 1.1.1.1 password  ********\nhostname x");
	str_fini(&s);
}

static void test_secret_is_kept_and_not_told(void **state)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(
	    "router bgp 1\nneighbor 1.1.1.1 remote-as 2\nneighbor 1.1.1.1 password sekrit\n"
	    "nieghbor 1.1.1.1 password sekrit\n",
	    &errors);
	struct str s = {0};

	(void)state;
	assert_int_equal(errors.count, 1);
	assert_null(strstr(errors.list[0].message, "sekrit"));
	statement_print(c->tree, &s);
	assert_non_null(strstr(str_text(&s), "password sekrit"));
	str_fini(&s);
	statement_errors_fini(&errors);
	config_free(c);
}

static void test_bfd(void **state)
{
	struct config *c =
	    load("bfd\n profile fast\n  transmit-interval 50\n  no passive-mode\n"
		 " peer 10.0.0.2 vrf red interface e0\n  profile fast\n"
		 "  minimum-ttl 10\n  shutdown\n"
		 " peer fe80::2 interface e0 local-address fe80::1\n"
		 "router bgp 1\n neighbor G peer-group\n neighbor G bfd profile fast\n"
		 " neighbor 10.0.0.3 remote-as 2\n neighbor 10.0.0.3 peer-group G\n"
		 " neighbor 10.0.0.4 remote-as 2\n neighbor 10.0.0.4 bfd 5 60 70\n"
		 " neighbor 10.0.0.5 remote-as 2\n",
		0);
	const struct bfd_peer_settings *p = c->bfd.peers;
	const struct neighbor_bfd *n;

	(void)state;
	assert_int_equal(c->bfd.profile_count, 1);
	assert_int_equal(c->bfd.profiles[0].values.has, BFD_HAS_TRANSMIT | BFD_HAS_PASSIVE);
	assert_int_equal(c->bfd.peer_count, 2);
	assert_string_equal(p[0].key.interface, "e0");
	assert_string_equal(p[0].key.vrf, "red");
	assert_string_equal(p[0].profile, "fast");
	assert_int_equal(p[0].values.has, BFD_HAS_MINIMUM_TTL | BFD_HAS_SHUTDOWN);
	assert_true(p[0].values.params.shutdown);
	assert_int_equal(p[1].key.local.family, IP_V6);
	n = &neighbor(c, "10.0.0.3")->bfd;
	assert_true(n->enabled);
	assert_string_equal(n->profile, "fast");
	n = &neighbor(c, "10.0.0.4")->bfd;
	assert_int_equal(n->multiplier, 5);
	assert_int_equal(n->receive_ms, 60);
	assert_int_equal(n->transmit_ms, 70);
	assert_false(neighbor(c, "10.0.0.5")->bfd.enabled);
	config_free(c);
}

/* A peer that cannot be is left out, its values with it; the rest stays. */
static void test_bfd_faults(void **state)
{
	static const char *const peers[] = {"10.0.0.2 multihop", "fe80::2",
	    "10.0.0.2 local-address fe80::1", "10.0.0.2 sideways", "10.0.0.2 interface",
	    "10.0.0.2 multihop local-address 10.0.0.1 interface e0",
	    "10.0.0.2 interface abcdefghijklmnop"};

	(void)state;
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		struct statement_errors errors = {0};
		struct str text = {0};
		struct config *c;

		str_addf(
		    &text, "bfd\n peer 10.0.0.9\n peer %s\n  transmit-interval 77\n", peers[i]);
		c = config_load(str_text(&text), &errors);
		assert_int_equal(errors.error_count, 0);
		assert_int_equal(errors.count, 1);
		assert_int_equal(c->bfd.peer_count, 1);
		assert_int_equal(c->bfd.peers[0].values.has, 0);
		config_free(c);
		statement_errors_fini(&errors);
		str_fini(&text);
	}
}

static void test_bfd_warnings(void **state)
{
	static const char *const texts[] = {"bfd\n peer 10.0.0.2\n  profile none\n",
	    "router bgp 1\n neighbor 1.1.1.1 remote-as 2\n neighbor 1.1.1.1 bfd profile none\n",
	    "bfd\n peer fe80::2 interface a\n  echo-mode\n",
	    "bfd\n peer 10.0.0.2 interface a vrf b\n peer 10.0.0.2 vrf b interface a\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct statement_errors errors = {0};
		struct config *c = config_load(texts[i], &errors);

		assert_int_equal(errors.error_count, 0);
		assert_int_equal(errors.count, 1);
		config_free(c);
		statement_errors_fini(&errors);
	}
}

/* docs/configuration.md lists every statement with its level. */
static void test_statements_are_documented(void **state)
{
	static const char *const levels[] = {"works", "quiet", "no effect yet", "refused"};
	static char doc[65536];
	FILE *f = fopen(TEST_DATA "/../../../docs/configuration.md", "r");
	char line[1024];

	(void)state;
	assert_non_null(f);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; i < grammar_count; i++) {
		snprintf(line, sizeof(line), "    %-14s %s%s\n", levels[grammar[i].support],
		    (grammar[i].flags & ROW_KEEPS_NO) != 0 ? "[no] " : "", grammar[i].pattern);
		if (strstr(doc, line) == NULL)
			fail_msg("docs/configuration.md lacks: %s", line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_incident),
	    cmocka_unit_test(test_incident_warnings),
	    cmocka_unit_test(test_peer_group_override),
	    cmocka_unit_test(test_connection_security),
	    cmocka_unit_test(test_neighbor_statements),
	    cmocka_unit_test(test_backdoor),
	    cmocka_unit_test(test_taken_back),
	    cmocka_unit_test(test_send_community),
	    cmocka_unit_test(test_listen_ranges),
	    cmocka_unit_test(test_shutdown_of_all),
	    cmocka_unit_test(test_contradictory_timers),
	    cmocka_unit_test(test_session_statements),
	    cmocka_unit_test(test_profiles),
	    cmocka_unit_test(test_graceful_restart_defaults),
	    cmocka_unit_test(test_graceful_restart),
	    cmocka_unit_test(test_evpn),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_unsupported_match_never_matches),
	    cmocka_unit_test(test_redact),
	    cmocka_unit_test(test_bfd),
	    cmocka_unit_test(test_bfd_faults),
	    cmocka_unit_test(test_bfd_warnings),
	    cmocka_unit_test(test_statements_are_documented),
	    cmocka_unit_test(test_secret_is_kept_and_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
