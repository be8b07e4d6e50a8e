/*
 * config/statement: blocks, merging, deletions, canonical text, positions and hints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/statement.h"

static char *canonical(const char *text, struct statement_errors *errors)
{
	struct statement *root = statement_parse(text, errors);
	struct str out = {0};
	char *copy;

	statement_print(root, &out);
	copy = mem_strdup(str_text(&out));
	str_fini(&out);
	statement_free(root);
	return copy;
}

/* `text` must give exactly `wanted`, which must be its own canonical form; no complaint. */
static void expect(const char *text, const char *wanted)
{
	struct statement_errors errors = {0};
	char *once = canonical(text, &errors), *twice = canonical(once, &errors);

	assert_string_equal(once, wanted);
	assert_string_equal(twice, wanted);
	assert_int_equal(errors.count, 0);
	mem_free(once);
	mem_free(twice);
	statement_errors_fini(&errors);
}

static void test_indent_and_ends(void **state)
{
	const char *wanted = "router bgp 65001\n"
			     " neighbor 10.0.0.2 remote-as 65002\n"
			     " !\n"
			     " address-family ipv4 unicast\n"
			     "  network 10.0.0.1/32\n"
			     " exit-address-family\n"
			     " !\n"
			     " address-family l2vpn evpn\n"
			     "  neighbor 10.0.0.2 activate\n"
			     "  vni 99\n"
			     "   rd 1.2.3.4:5\n"
			     "  exit-vni\n"
			     " exit-address-family\n"
			     "exit\n"
			     "!\n"
			     "route-map A permit 1\n"
			     "exit\n"
			     "!\n";

	(void)state;
	expect(wanted, wanted);
	/* no indent, no block ends, CRLF, tabs, comments */
	expect("router bgp 65001\r\n\tneighbor 10.0.0.2   remote-as 65002\n!\n# comment\n"
	       "address-family ipv4\nnetwork 10.0.0.1/32\naddress-family l2vpn evpn\n"
	       "neighbor 10.0.0.2 activate\nvni 99\nrd 1.2.3.4:5\nroute-map A permit 1\nend",
	    wanted);
	/* statements of the outer block close the inner ones; families opened twice merge; old
	 * style without an address family */
	expect("router bgp 65001\naddress-family l2vpn evpn\nvni 99\nrd 1.2.3.4:9\n"
	       "exit-address-family\naddress-family l2vpn evpn\nvni 99\nrd 1.2.3.4:5\nexit-vni\n"
	       "neighbor 10.0.0.2 remote-as 65002\nnetwork 10.0.0.1/32\nexit\nexit\nexit-vrf\n"
	       "router bgp 65001\naddress-family l2vpn evpn\nneighbor 10.0.0.2 activate\n"
	       "route-map A permit 1\nexit\nexit\n",
	    wanted);
}

static void test_order(void **state)
{
	(void)state;
	expect(
	    "route-map B permit 10\nexit\nroute-map B deny 9\nexit\nroute-map A permit 5\nexit\n"
	    "router bgp 1\nneighbor 10.0.0.10 remote-as 2\nneighbor eth10 interface remote-as 3\n"
	    "neighbor eth2 interface peer-group G\nneighbor 10.0.0.9 remote-as 2\n"
	    "neighbor G peer-group\nneighbor 10.0.0.10 description two  words\n"
	    "bgp router-id 1.1.1.1\ninterface b\ninterface a\nhostname h\nfrr version 8\n"
	    "debug bgp updates in\n",
	    "frr version 8\n"
	    "hostname h\n"
	    "!\n"
	    "debug bgp updates in\n"
	    "!\n"
	    "interface a\nexit\n!\ninterface b\nexit\n!\n"
	    "router bgp 1\n"
	    " bgp router-id 1.1.1.1\n"
	    " neighbor G peer-group\n"
	    " neighbor eth2 interface peer-group G\n"
	    " neighbor eth10 interface remote-as 3\n"
	    " neighbor 10.0.0.9 remote-as 2\n"
	    " neighbor 10.0.0.10 remote-as 2\n"
	    " neighbor 10.0.0.10 description two words\n"
	    "exit\n!\n"
	    "route-map A permit 5\nexit\n!\n"
	    "route-map B deny 9\nexit\n!\n"
	    "route-map B permit 10\nexit\n!\n");
}

static void test_replace_and_delete(void **state)
{
	(void)state;
	expect("hostname a\nhostname b\n", "hostname b\n!\n");
	expect("route-map A permit 1\nset metric 1\nroute-map A deny 1\nset metric 2\n",
	    "route-map A deny 1\n set metric 2\nexit\n!\n");
	expect("vrf x\nvni 2\nno vrf x\n", "");
	expect("vrf x\n vni 2\n no vni 2\n", "vrf x\nexit-vrf\n!\n");
	expect("router bgp 1\nneighbor 1.1.1.1 remote-as 2\nneighbor 1.1.1.10 remote-as 2\n"
	       "address-family l2vpn evpn\nneighbor 1.1.1.1 activate\nexit\nno neighbor 1.1.1.1\n",
	    "router bgp 1\n neighbor 1.1.1.10 remote-as 2\n !\n address-family l2vpn evpn\n"
	    " exit-address-family\nexit\n!\n");
	expect("router bgp 1\nneighbor 1.1.1.1 remote-as 2\nneighbor 1.1.1.1 description x\n"
	       "no neighbor 1.1.1.1 description\n",
	    "router bgp 1\n neighbor 1.1.1.1 remote-as 2\nexit\n!\n");
	expect("router bgp 1\nno router bgp 1\nhostname x\n", "hostname x\n!\n");
}

static void test_no_as_setting(void **state)
{
	(void)state;
	expect("router bgp 1\nbgp default ipv4-unicast\nno bgp default ipv4-unicast\n"
	       "no bgp ebgp-requires-policy\n",
	    "router bgp 1\n no bgp ebgp-requires-policy\n no bgp default ipv4-unicast\nexit\n!\n");
	expect("router bgp 1\nno bgp default ipv4-unicast\nbgp default ipv4-unicast\n",
	    "router bgp 1\n bgp default ipv4-unicast\nexit\n!\n");
}

/* Exactly one complaint. */
static void complaint(const char *text, unsigned line, unsigned column, bool warning,
    const char *message, const char *hint)
{
	struct statement_errors errors = {0};
	struct statement *root = statement_parse(text, &errors);

	statement_free(root);
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.error_count, !warning);
	assert_int_equal(errors.list[0].line, line);
	assert_int_equal(errors.list[0].column, column);
	assert_int_equal(errors.list[0].warning, warning);
	assert_non_null(strstr(errors.list[0].message, message));
	if (hint != NULL)
		assert_string_equal(errors.list[0].hint, hint);
	statement_errors_fini(&errors);
}

static void test_complaints(void **state)
{
	(void)state;
	complaint("\nhostnam x\n", 2, 1, true, "unknown statement `hostnam x`",
	    "did you mean `hostname`?");
	complaint("router bgp 1\n  bgp bestpat x\n", 2, 7, true, "unknown",
	    "did you mean `bgp bestpath`?");
	complaint("router bgp 1\n neighbor 1.1.1.1 remote-as 0\n", 2, 29, false,
	    "`0` is not `external`, `internal` or an AS number", NULL);
	complaint(
	    "router bgp 4294967296\n", 1, 12, false, "`4294967296` is not an AS number", NULL);
	complaint(
	    "interface a\nip address 10.0.0.1\n", 2, 12, false, "`10.0.0.1` is not an IPv4", NULL);
	complaint("interface a\nip address 10.0.0.1/33\n", 2, 12, false, "is not an IPv4", NULL);
	complaint("vrf a\nvni 16777216\n", 2, 5, false, "is not a number, 1-16777215", NULL);
	complaint(
	    "router bgp 1\nneighbor 1.1.1.1 timers 3\n", 2, 26, false, "is not complete", NULL);
	complaint("router ospf\n network 10.0.0.0/8 area 0\n foo bar\n exit\n", 1, 1, true,
	    "`router ospf` is not supported", NULL);
	complaint(
	    "interface a\n ip ospf area 0\n ip ospf cost 2\n", 2, 2, true, "not supported", NULL);
	complaint("hostname a b\n", 1, 12, true, "unknown", "nothing more can follow `a`");
}

/* A block that is not ours is swallowed to its end and the rest is loaded. */
static void test_foreign_block_ends(void **state)
{
	struct statement_errors errors = {0};
	char *text = canonical("router ospf\n network 1.0.0.0/8 area 0\nhostname x\n"
			       "router isis 1\n foo\nexit\nvrf y\nexit\n",
	    &errors);

	(void)state;
	assert_string_equal(text, "hostname x\n!\nvrf y\nexit-vrf\n!\n");
	assert_int_equal(errors.count, 2);
	mem_free(text);
	statement_errors_fini(&errors);
}

/* What follows a block that is not ours in its outer block is not lost with it, whether the
 * generator closes it or not; closing words of blocks in it do not end it. */
static void test_beside_a_foreign_block(void **state)
{
	const char *wanted = "router bgp 1\n neighbor 1.1.1.1 remote-as 2\n !\n"
			     " address-family l2vpn evpn\n  neighbor 1.1.1.1 activate\n"
			     "  advertise-all-vni\n exit-address-family\nexit\n!\n";
	const char *const texts[] = {
	    "router bgp 1\n neighbor 1.1.1.1 remote-as 2\n address-family ipv4 vpn\n"
	    "  neighbor 1.1.1.1 activate\n exit-address-family\n address-family l2vpn evpn\n"
	    "  neighbor 1.1.1.1 activate\n  advertise-all-vni\n exit-address-family\nexit\n",
	    "router bgp 1\nneighbor 1.1.1.1 remote-as 2\naddress-family ipv4 vpn\n"
	    "neighbor 1.1.1.1 activate\naddress-family l2vpn evpn\nneighbor 1.1.1.1 activate\n"
	    "advertise-all-vni\n",
	    "router bgp 1\n address-family ipv6 vpn\n  neighbor 1.1.1.1 activate\n"
	    " exit-address-family\n neighbor 1.1.1.1 remote-as 2\n address-family l2vpn evpn\n"
	    "  neighbor 1.1.1.1 activate\n  advertise-all-vni\nexit\n",
	    "router bgp 1\n segment-routing srv6\n  locator X\n   foo\n  exit\n  bar\n exit\n"
	    " neighbor 1.1.1.1 remote-as 2\n address-family l2vpn evpn\n"
	    "  neighbor 1.1.1.1 activate\n  advertise-all-vni\nexit\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct statement_errors errors = {0};
		char *text = canonical(texts[i], &errors);

		assert_string_equal(text, wanted);
		assert_int_equal(errors.count, 1);
		mem_free(text);
		statement_errors_fini(&errors);
	}
}

/* Profiles one after the other, none of them closed: in a profile `profile` is the next one, in a
 * peer the peer's own. */
static void test_bfd_profiles(void **state)
{
	(void)state;
	expect("bfd\nprofile a\nreceive-interval 43\nprofile b\nreceive-interval 44\n"
	       "peer 10.0.0.1\nprofile a\npeer 10.0.0.2\nprofile b\n",
	    "bfd\n profile a\n  receive-interval 43\n exit\n"
	    " profile b\n  receive-interval 44\n exit\n"
	    " peer 10.0.0.1\n  profile a\n exit\n peer 10.0.0.2\n  profile b\n exit\nexit\n!\n");
}

static void test_secrets_are_not_told(void **state)
{
	struct statement_errors errors = {0};
	char *text =
	    canonical("password sekrit\nenable password sekrit\nfoo password sekrit\n", &errors);

	(void)state;
	assert_int_equal(errors.count, 3);
	for (size_t i = 0; i < errors.count; i++)
		assert_null(strstr(errors.list[i].message, "sekrit"));
	mem_free(text);
	statement_errors_fini(&errors);
}

static void test_limits(void **state)
{
	struct statement_errors errors = {0};
	struct str s = {0};

	(void)state;
	for (int i = 0; i < 3000; i++)
		str_addf(&s, "junk%d\n", i);
	str_add(&s, "set");
	for (int i = 0; i < 300; i++)
		str_add(&s, " x");
	statement_free(statement_parse(str_text(&s), &errors));
	assert_int_equal(errors.count, STATEMENT_ERRORS_MAX);
	assert_int_equal(errors.suppressed, 2001);
	assert_int_equal(errors.error_count, 1);
	statement_errors_fini(&errors);
	str_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_indent_and_ends),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_replace_and_delete),
	    cmocka_unit_test(test_no_as_setting),
	    cmocka_unit_test(test_complaints),
	    cmocka_unit_test(test_foreign_block_ends),
	    cmocka_unit_test(test_beside_a_foreign_block),
	    cmocka_unit_test(test_bfd_profiles),
	    cmocka_unit_test(test_secrets_are_not_told),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
