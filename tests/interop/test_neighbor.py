"""Neighbor statements whose other side FRR has to see: ranges, limits, AS numbers, route refresh."""

from pair import wait
from test_session import configs

LISTEN = """
frr defaults datacenter
router bgp 65001
 bgp router-id 10.255.0.1
 no bgp ebgp-requires-policy
 neighbor HOSTS peer-group
 neighbor HOSTS remote-as external
 neighbor HOSTS password tulip
 bgp listen limit 10
 bgp listen range 10.0.0.0/24 peer-group HOSTS
 bgp listen range 2001:db8::/64 peer-group HOSTS
 address-family ipv4 unicast
  network 10.255.0.1/32
 exit-address-family
"""


def test_listen_range(pair):
    """FRR connects from two addresses of the ranges, signed with the group's password; it goes, and so do the neighbors."""
    pair.evpnd(LISTEN)
    pair.frr("""
frr defaults datacenter
router bgp 65002
 bgp router-id 10.255.0.2
 no bgp ebgp-requires-policy
 neighbor 10.0.0.1 remote-as external
 neighbor 10.0.0.1 password tulip
 neighbor 2001:db8::1 remote-as external
 neighbor 2001:db8::1 password tulip
 address-family ipv4 unicast
  network 10.255.0.2/32
 exit-address-family
""")
    assert wait(lambda: pair.up(pair.a, "10.0.0.2") and pair.up(pair.a, "2001:db8::2"), 30)
    row = pair.summary(pair.a, "ipv4Unicast")["10.0.0.2"]
    assert row["dynamicPeer"] and row["remoteAs"] == 65002
    assert wait(lambda: "10.255.0.1/32" in pair.routes(pair.b, "ipv4 unicast"))
    pair.daemons[pair.b].stop()
    assert wait(lambda: not pair.summary(pair.a, "ipv4Unicast"))
    assert not pair.routes(pair.a, "ipv4 unicast").get("10.255.0.2/32")


def test_maximum_prefix(pair):
    """FRR announces two networks too many and understands why it is told off."""
    ours, theirs = configs(4)
    pair.evpnd(ours.replace("  neighbor 10.0.0.2 activate\n", "  neighbor 10.0.0.2 activate\n  neighbor 10.0.0.2 maximum-prefix 1\n", 1))
    pair.frr(theirs.replace("  network 10.255.0.2/32\n", "  network 10.255.0.2/32\n  network 10.0.0.0/24\n"))
    assert wait(lambda: pair.summary(pair.a, "ipv4Unicast").get("10.0.0.2", {}).get("state") == "Idle (PfxCt)")
    assert wait(lambda: "Cease/Maximum Number of Prefixes Reached" in pair.daemons[pair.b].show("show bgp neighbors 10.0.0.1"))


def paths(pair, node, prefix):
    return [route["path"] for route in pair.routes(node, "ipv4 unicast").get(prefix, [])]


def test_local_as(pair):
    """We are AS 65077 to FRR, and FRR to us; with and without the AS behind it."""
    ours, theirs = configs(4, remote=("65002", "65077"))
    pair.evpnd(ours.replace("{more}", "").replace(" neighbor 10.0.0.2 remote-as 65002\n", " neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 local-as 65077\n"))
    pair.frr(theirs)
    assert wait(lambda: paths(pair, pair.b, "10.255.0.1/32")) == ["65077 65001"]
    assert wait(lambda: paths(pair, pair.a, "10.255.0.2/32")) == ["65077 65002"]
    pair.reload(pair.a, ours.replace(" neighbor 10.0.0.2 remote-as 65002\n", " neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 local-as 65077 no-prepend replace-as\n"))
    assert wait(lambda: paths(pair, pair.b, "10.255.0.1/32") == ["65077"])
    assert wait(lambda: paths(pair, pair.a, "10.255.0.2/32") == ["65002"])


ADD_PATH = """
frr defaults datacenter
router bgp {own}
 bgp router-id 10.255.0.{number}
 no bgp ebgp-requires-policy
 neighbor 10.0.0.{other} remote-as external
 neighbor 2001:db8::{other} remote-as external
 address-family ipv4 unicast
  network 10.255.0.{number}/32
  neighbor 10.0.0.{other} addpath-tx-all-paths
 exit-address-family
"""


def test_add_path(pair):
    """Both sides announce and take several paths. FRR has two ways to our network over two sessions and sends the one
    it heard over IPv6 back over IPv4 with an identifier of its own, which we understand, and refuse as a loop."""
    pair.evpnd(ADD_PATH.format(own=65001, number=1, other=2))
    pair.frr(ADD_PATH.format(own=65002, number=2, other=1))
    assert wait(lambda: len(pair.routes(pair.b, "ipv4 unicast").get("10.255.0.1/32", [])) == 2)
    assert wait(lambda: len(pair.routes(pair.a, "ipv4 unicast").get("10.255.0.2/32", [])) == 2)
    neighbor = pair.daemons[pair.b].show("show bgp neighbors 10.0.0.1")
    assert "IPv4 Unicast: RX advertised and received" in neighbor and "IPv4 Unicast: TX advertised and received" in neighbor
    # (FRR may close a connection that comes while it still reads its configuration.)
    dropped = pair.summary(pair.a, "ipv4Unicast")["10.0.0.2"]["connectionsDropped"]
    # and what is withdrawn is withdrawn by its identifier
    pair.reload(pair.a, ADD_PATH.format(own=65001, number=1, other=2).replace("  network 10.255.0.1/32\n", ""))
    assert wait(lambda: "10.255.0.1/32" not in pair.routes(pair.b, "ipv4 unicast"))
    assert pair.up(pair.a, "10.0.0.2") and pair.summary(pair.a, "ipv4Unicast")["10.0.0.2"]["connectionsDropped"] == dropped
    assert "Notification sent" not in pair.log(pair.a)


def test_route_refresh(pair):
    """A new inbound policy asks FRR again, without a reset; FRR's `soft in` asks us."""
    ours, theirs = configs(4)
    pair.evpnd(ours)
    pair.frr(theirs)
    assert wait(lambda: paths(pair, pair.a, "10.255.0.2/32"))
    pair.reload(pair.a, ours.replace("  neighbor 10.0.0.2 activate\n", "  neighbor 10.0.0.2 activate\n  neighbor 10.0.0.2 route-map MED in\n", 1) +
                "route-map MED permit 10\n set metric 77\nexit\n")
    assert wait(lambda: [r.get("metric") for r in pair.routes(pair.a, "ipv4 unicast").get("10.255.0.2/32", [])] == [77])
    sent = pair.summary(pair.a, "ipv4Unicast")["10.0.0.2"]["msgSent"]
    pair.daemons[pair.a].show("clear bgp ipv4 10.0.0.2 soft in")
    pair.daemons[pair.b].show("clear bgp ipv4 unicast 10.0.0.1 soft in")
    assert wait(lambda: pair.summary(pair.a, "ipv4Unicast")["10.0.0.2"]["msgSent"] > sent + 1)
    assert pair.summary(pair.a, "ipv4Unicast")["10.0.0.2"]["connectionsDropped"] == 0
