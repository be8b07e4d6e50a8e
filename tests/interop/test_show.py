"""`show bgp neighbors` of evpnd and of FRR, who are each other's neighbor by mirrored statements: what a client of FRR's
JSON reads must be there, of the same type and, where it does not depend on the side or on time, with the same value."""

import json

import pytest
from pair import Pair, wait

STATEMENTS = """frr defaults traditional
hostname {host}
ip prefix-list P seq 5 deny 10.7.0.0/16 le 24
ip prefix-list P seq 10 permit any
ipv6 access-list A seq 5 permit any
bgp as-path access-list S seq 5 permit .*
route-map M permit 10
bfd
router bgp {own}
 bgp router-id 10.255.0.{n}
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor G peer-group
 neighbor 10.0.0.{m} remote-as {other}
 neighbor 10.0.0.{m} peer-group G
 neighbor 10.0.0.{m} description the other one
 neighbor 10.0.0.{m} timers 5 15
 neighbor 10.0.0.{m} timers connect 7
 neighbor 10.0.0.{m} bfd
 neighbor 10.0.0.{m} update-source 10.0.0.{n}
 neighbor 10.0.0.77 remote-as 65077
 neighbor 10.0.0.77 shutdown
 neighbor 10.0.0.78 remote-as 65078
 neighbor 10.0.0.78 passive
 neighbor 10.0.0.78 local-as 65500 no-prepend replace-as
 neighbor 10.0.0.78 ttl-security hops 2
 neighbor 10.0.0.78 advertisement-interval 3
 address-family ipv4 unicast
  network 10.{n}.0.0/16
  network 10.7.{n}.0/24
  neighbor 10.0.0.{m} soft-reconfiguration inbound
  neighbor 10.0.0.{m} prefix-list P in
  neighbor 10.0.0.{m} maximum-prefix 100 80 restart 5
  neighbor 10.0.0.78 route-map M in
  neighbor 10.0.0.78 route-map M out
  neighbor 10.0.0.78 prefix-list P out
  neighbor 10.0.0.78 filter-list S in
  neighbor 10.0.0.78 filter-list S out
  neighbor 10.0.0.78 next-hop-self force
  neighbor 10.0.0.78 remove-private-AS all replace-AS
  neighbor 10.0.0.78 as-override
  neighbor 10.0.0.78 default-originate route-map M
  neighbor 10.0.0.78 maximum-prefix 10 50 warning-only
  neighbor 10.0.0.78 addpath-tx-all-paths
  neighbor 10.0.0.78 maximum-prefix-out 7
  neighbor 10.0.0.78 unsuppress-map M
  neighbor 10.0.0.78 attribute-unchanged next-hop med
  no neighbor 10.0.0.78 send-community extended
 exit-address-family
 address-family ipv6 unicast
  network fd00:{n}::/32
  neighbor 10.0.0.{m} activate
  neighbor 10.0.0.{m} distribute-list A in
  neighbor 10.0.0.{m} next-hop-self
 exit-address-family
 address-family l2vpn evpn
  neighbor 10.0.0.{m} activate
 exit-address-family
"""

# What FRR has and nothing here corresponds to; and the other way round.
LEFT_OUT = {
    "bgpTimerConfiguredConditionalAdvertisementsSec", "longLivedGracefulRestartByPeer", "readThread", "writeThread",
    "updateGroupId", "subGroupId", "endOfRibSentAfterUpdate", "lastResetTimerMsecs", "lastResetCode", "lastResetDueTo", "bgpTimerLastWrite", "bgpTimerLastRead",
    "bgpInUpdateElapsedTimeMsecs", "defaultSent", "defaultNotSent", "estimatedRttInMsecs",
}  # fmt: skip
OWN = {"stateReason", "retained", "l2VpnEvpn"}
# … and with other values: by side, by time, by what each of the two offers.
DIFFERENT = {
    "remoteAs", "localAs", "hostname", "remoteRouterId", "localRouterId", "hostLocal", "hostForeign", "portLocal", "portForeign", "nexthop", "nexthopGlobal",
    "nexthopLocal", "updateSource", "advHostName", "rcvHostName", "bgpTimerUpMsec", "bgpTimerUpString", "bgpTimerUpEstablishedEpoch", "messageStats", "routeRefresh",
    "nextConnectTimerDueInMsecs", "bgpConnection", "lastUpdate", "rBit", "fBit", "sentPrefixCounter", "acceptedPrefixCounter", "addressFamiliesByPeer",
    "gracefulRestart", "longLivedGracefulRestart", "remoteGrMode", "localGrMode",
}  # fmt: skip


def config(n):
    return STATEMENTS.format(n=n, m=3 - n, own=65000 + n, other=65003 - n, host="our" if n == 1 else "their")


@pytest.fixture(scope="module")
def both():
    pair = Pair()
    try:
        pair.lay()
        pair.evpnd(config(1))
        pair.frr(config(2))
        assert wait(lambda: pair.up(pair.a, "10.0.0.2") and pair.up(pair.b, "10.0.0.1"), 40)
        assert wait(lambda: "10.2.0.0/16" in pair.routes(pair.a, "ipv4") and "10.1.0.0/16" in pair.routes(pair.b, "ipv4"), 20)
        yield pair
    finally:
        pair.clear()


def neighbor(pair, node, address):
    return json.loads(pair.daemons[node].show(f"show bgp neighbors {address} json"))[address]


def compare(ours, theirs, path=""):
    """What differs, as lines."""
    for key in sorted(ours.keys() | theirs.keys()):
        at = f"{path}.{key}"
        if key not in ours:
            if key not in LEFT_OUT:
                yield f"{at}: only FRR has it: {theirs[key]}"
        elif key not in theirs:
            if key not in OWN:
                yield f"{at}: only evpnd has it: {ours[key]}"
        elif type(ours[key]) is not type(theirs[key]):
            yield f"{at}: {ours[key]!r}, FRR {theirs[key]!r}"
        elif isinstance(ours[key], dict):
            yield from compare(ours[key], theirs[key], at)
        elif ours[key] != theirs[key] and key not in DIFFERENT and key not in LEFT_OUT:
            yield f"{at}: {ours[key]!r}, FRR {theirs[key]!r}"


def test_fields_of_a_neighbor_that_is_up(both):
    ours, theirs = neighbor(both, both.a, "10.0.0.2"), neighbor(both, both.b, "10.0.0.1")
    wait(lambda: neighbor(both, both.a, "10.0.0.2")["peerBfdInfo"]["status"] == "Up" or None, 5)
    ours["peerBfdInfo"]["status"] = theirs.get("peerBfdInfo", {}).get("status")
    ours["messageStats"] = {k: theirs["messageStats"][k] for k in ours["messageStats"]}
    assert list(compare(ours, theirs)) == []
    assert (ours["remoteAs"], ours["localAs"]) == (theirs["localAs"], theirs["remoteAs"])
    assert (ours["remoteRouterId"], ours["hostname"], ours["nexthop"]) == ("10.255.0.2", "their", "10.0.0.1")
    assert ours["addressFamilyInfo"]["ipv4Unicast"]["acceptedPrefixCounter"] == 1
    assert ours["bgpConnection"] == "sharedNetwork"


@pytest.mark.parametrize("address", ["10.0.0.77", "10.0.0.78"])
def test_fields_of_a_neighbor_that_is_not(both, address):
    ours, theirs = neighbor(both, both.a, address), neighbor(both, both.b, address)
    assert list(compare(ours, theirs)) == []


def test_messages_are_counted(both):
    """What one has sent, the other has received; keepalives may be under way, and a second connection may have been
    closed at the beginning."""

    def counters():
        return [neighbor(both, node, address)["messageStats"] for node, address in ((both.a, "10.0.0.2"), (both.b, "10.0.0.1"))]

    def agree(what):
        ours, theirs = counters()
        return ours[what + "Sent"] == theirs[what + "Recv"] and ours[what + "Recv"] == theirs[what + "Sent"]

    assert wait(lambda: agree("updates"), 2) and agree("routeRefresh"), counters()
    ours, _ = counters()
    assert ours["opensSent"] >= 1 and ours["opensRecv"] >= 1 and ours["updatesSent"] >= 1
    assert ours["opensSent"] > 1 or (agree("opens") and agree("notifications")), counters()
    assert ours["totalSent"] == sum(v for k, v in ours.items() if k.endswith("Sent") and k != "totalSent")


def routes(pair, node, address, what, family="ipv4 unicast"):
    return json.loads(pair.daemons[node].show(f"show bgp {family} neighbors {address} {what} json"))


def test_received_and_filtered_routes(both):
    ours, theirs = (routes(both, node, address, "received-routes") for node, address in ((both.a, "10.0.0.2"), (both.b, "10.0.0.1")))
    assert set(ours["receivedRoutes"]) >= {"10.2.0.0/16", "10.7.2.0/24"}
    assert ours["filteredPrefixCounter"] == theirs["filteredPrefixCounter"] == 1
    one, other = ours["receivedRoutes"]["10.7.2.0/24"], theirs["receivedRoutes"]["10.7.1.0/24"]
    assert one.keys() == other.keys() and one["path"] == "65002"
    assert ours.keys() | {"bgpStatusCodes", "bgpOriginCodes"} == theirs.keys()
    filtered = routes(both, both.a, "10.0.0.2", "filtered-routes")
    assert list(filtered["receivedRoutes"]) == ["10.7.2.0/24"]


def test_advertised_routes_are_what_the_other_received(both):
    told = routes(both, both.a, "10.0.0.2", "advertised-routes")["advertisedRoutes"]
    heard = routes(both, both.b, "10.0.0.1", "received-routes")["receivedRoutes"]
    assert told.keys() == heard.keys()
    for prefix, route in told.items():
        assert route["path"] and route["path"] == heard[prefix]["path"] and route["nextHop"] == heard[prefix]["nextHop"]


def test_routes_of_a_neighbor(both):
    ours, theirs = (routes(both, node, address, "routes") for node, address in ((both.a, "10.0.0.2"), (both.b, "10.0.0.1")))
    assert list(ours["routes"]) == ["10.2.0.0/16"] and ours.keys() == theirs.keys()
    one, other = ours["routes"]["10.2.0.0/16"][0], theirs["routes"]["10.1.0.0/16"][0]
    assert one.keys() | {"version"} == other.keys()
    six = routes(both, both.a, "10.0.0.2", "routes", "ipv6 unicast")
    assert list(six["routes"]) == ["fd00:2::/32"]
    assert routes(both, both.a, "10.0.0.2", "routes", "l2vpn evpn")["numPrefix"] == 0


def test_what_is_not_there(both):
    for node in (both.a, both.b):
        show = both.daemons[node].show
        assert json.loads(show("show bgp neighbors 10.9.9.9 json")) == {"bgpNoSuchNeighbor": True}
        other = "10.0.0.2" if node == both.a else "10.0.0.1"
        answer = json.loads(show(f"show bgp ipv6 unicast neighbors {other} received-routes json"))
        assert answer == {"warning": "Inbound soft reconfiguration not enabled"}
        assert set(json.loads(show("show bgp vrf all neighbors json"))["default"]) >= {"vrfId", "vrfName", other, "10.0.0.77"}
        assert other in json.loads(show("show bgp vrf default neighbors json"))


def test_text_has_frrs_lines(both):
    """Line for line where nothing is left out: the words before a value."""
    ours, theirs = (both.daemons[node].show(f"show bgp neighbors {address}") for node, address in ((both.a, "10.0.0.2"), (both.b, "10.0.0.1")))

    def heads(text):
        return {line.strip().split(":")[0].rstrip("0123456789 ") for line in text.splitlines() if line.strip()}

    left_out = {
        "Update group 1, subgroup", "Update group 2, subgroup", "Update group 3, subgroup", "Capability", "Read thread",
        "Configured conditional advertisements interval is 60 seconds", "Address families by peer", "Local host", "Foreign host", "Estimated round trip time", "End-of-RIB sent after update",
    }  # fmt: skip
    for line in heads(theirs) - left_out:
        words = line.split(" is ")[0].split(" are ")[0][:24]
        assert any(words in own for own in ours.splitlines()), f"{line!r} is not in\n{ours}"
