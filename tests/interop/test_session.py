"""Sessions and their next hops, between evpnd and Debian's FRR."""

from pair import LINK, stays, wait

EVPND = """
frr defaults datacenter
router bgp 65001
 bgp router-id 10.255.0.1
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor {peer} remote-as {remote}
{more}
 address-family ipv4 unicast
  network 10.255.0.1/32
  neighbor {peer} activate
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:ff::1/128
  neighbor {peer} activate
 exit-address-family
"""
FRR = EVPND.replace("65001", "65002").replace("10.255.0.1", "10.255.0.2").replace("ff::1", "ff::2")


def configs(over, more="", frr_more=None, remote=("65002", "65001")):
    a, b = ("10.0.0.2", "10.0.0.1") if over == 4 else ("2001:db8::2", "2001:db8::1")
    frr_more = more if frr_more is None else frr_more
    return (EVPND.format(peer=a, more=more.format(peer=a), remote=remote[0]),
            FRR.format(peer=b, more=frr_more.format(peer=b), remote=remote[1]))


def hops(pair, node, family, prefix):
    return [hop["ip"] for route in pair.routes(node, family).get(prefix, []) for hop in route["nexthops"]]


def test_ipv6_routes_over_ipv4(pair):
    """FRR takes a global and a link-local next hop, and gives the same."""
    ours, theirs = configs(4)
    pair.evpnd(ours)
    pair.frr(theirs)
    assert wait(lambda: hops(pair, pair.b, "ipv6 unicast", "2001:db8:ff::1/128"))
    assert wait(lambda: hops(pair, pair.a, "ipv6 unicast", "2001:db8:ff::2/128"))
    got = hops(pair, pair.b, "ipv6 unicast", "2001:db8:ff::1/128")
    assert got[0] == "2001:db8::1" and got[1].startswith("fe80::")
    assert hops(pair, pair.a, "ipv6 unicast", "2001:db8:ff::2/128")[0] == "2001:db8::2"
    assert hops(pair, pair.b, "ipv4 unicast", "10.255.0.1/32") == ["10.0.0.1"]


def test_ipv4_routes_over_ipv6(pair):
    """Without RFC 8950 the interface's IPv4 address is the next hop."""
    ours, theirs = configs(6)
    pair.evpnd(ours)
    pair.frr(theirs)
    assert wait(lambda: hops(pair, pair.b, "ipv4 unicast", "10.255.0.1/32")) == ["10.0.0.1"]
    assert wait(lambda: hops(pair, pair.a, "ipv4 unicast", "10.255.0.2/32")) == ["10.0.0.2"]


def test_ipv4_routes_over_ipv6_extended(pair):
    """With RFC 8950 it is the IPv6 one, also on a numbered session."""
    ours, theirs = configs(6, " neighbor {peer} capability extended-nexthop")
    pair.evpnd(ours)
    pair.frr(theirs)
    assert wait(lambda: hops(pair, pair.b, "ipv4 unicast", "10.255.0.1/32"))[0] == "2001:db8::1"
    assert wait(lambda: hops(pair, pair.a, "ipv4 unicast", "10.255.0.2/32"))[0] == "2001:db8::2"


def test_other_port(pair):
    """Two evpnd with --port 1790 find each other there; `neighbor port` wins over it."""
    ours, theirs = configs(4)
    pair.evpnd(ours, options=["--port", "1790"])
    pair.evpnd(theirs, node=pair.b, options=["--port", "1790"])
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"))
    pair.reload(pair.a, ours.replace(" no bgp default ipv4-unicast", " no bgp default ipv4-unicast\n neighbor 10.0.0.2 port 1791"))
    pair.reload(pair.b, theirs.replace(" no bgp default ipv4-unicast", " no bgp default ipv4-unicast\n neighbor 10.0.0.1 passive"))
    assert wait(lambda: not pair.up(pair.a, "10.0.0.2"))
    assert stays(lambda: not pair.up(pair.a, "10.0.0.2"), 3)
