"""Routes to and from each daemon, with every attribute that they can carry. The table is in docs/interop.md."""

import struct

import netns
import pytest
import wire
from bed import PATIENCE, Neighbor, meet, stays, wait
from matrix import cells
from peer import Link, extended_bytes

HELLO = (0xC0, 240, b"hello")
ATOMIC, AGGREGATOR = (0x40, 6, b""), (0xC0, 7, struct.pack("!I", 4200000000) + bytes((10, 255, 0, 99)))
RICH = {"origin": "egp", "med": 77, "communities": ["1:2", "65009:9"], "large": ["1:2:3", "4200000000:5:6"]}
EXTENDED = ["0002006400000001", "0203000111700002"]  # rt:100:1, soo:70000:2


def difference(found, **expected):
    """{key: (found, expected)} where they differ."""
    return {key: (found.get(key), value) for key, value in expected.items() if found.get(key) != value}


@cells("attributes to an external peer")
def test_attributes_out(bed, kind):
    """What the witness says of a route reaches the peer, but for what does not cross two borders."""
    peer = meet(bed, kind, Link(families=("ipv4",)), witness=True)
    bed.witness_.announce(["10.9.1.0/24", "10.9.2.0/24"], bed.attributes([[65009, 4200000000, 7], {3, 400000, 5}], extended=EXTENDED, unknown=[AGGREGATOR, ATOMIC, HELLO, (0x80, 241, b"local")], **RICH))
    assert wait(lambda: peer.one("10.9.1.0/24") and peer.one("10.9.2.0/24"), 10)
    expected = {"origin": "egp", "path": "65001 65009 4200000000 7 {3,5,400000}", "next_hop": "10.0.1.1", "communities": RICH["communities"], "large": RICH["large"], "extended": EXTENDED,
                "aggregator": "4200000000 10.255.0.99", "atomic": True}
    assert not difference(peer.one("10.9.1.0/24"), **expected)
    assert peer.one("10.9.1.0/24").get("med") in (None, 0)
    bed.witness_.withdraw(["10.9.1.0/24"])
    assert wait(lambda: not peer.routes().get("10.9.1.0/24"), 10)
    assert peer.one("10.9.2.0/24")


@cells("attributes to an internal peer")
def test_attributes_inside(bed, kind):
    """MED and a local preference of ours go along, and nothing is prepended."""
    peer = meet(bed, kind, Link(own_as=65001, families=("ipv4",)), witness={"inside": {"ipv4": ["route-map PREF in"]}}, inside=["next-hop-self"],
                tail="route-map PREF permit 10\n set local-preference 333\nexit\n")
    bed.witness_.announce(["10.9.1.0/24"], bed.attributes([[65009, 4200000000, 7], {3, 400000, 5}], extended=EXTENDED, **RICH))
    assert wait(lambda: peer.one("10.9.1.0/24"), 10)
    expected = {"path": "65009 4200000000 7 {3,5,400000}", "next_hop": "10.0.1.1", "local_pref": 333, "extended": EXTENDED, **RICH}
    assert not difference(peer.one("10.9.1.0/24"), **expected)


@cells("attributes from an external peer")
def test_attributes_in(bed, kind):
    peer = meet(bed, kind, Link(families=("ipv4",)), witness=True)
    path = "65077 4200000001" + " {3,5}" * peer.sets
    peer.announce("10.8.1.0/24", path=path, extended=["rt:100:1"], **RICH)
    assert wait(lambda: bed.witness_.routes().get("10.8.1.0/24"), 10)
    expected = {"origin": "egp", "path": f"65001 65002 {path}", "communities": RICH["communities"], "large": RICH["large"], "extended": [extended_bytes("rt:100:1")]}
    assert not difference(bed.witness_.routes()["10.8.1.0/24"][0], **expected)
    ours = bed.routes()["10.8.1.0/24"][0]
    assert [hop["ip"] for hop in ours["nexthops"]] == ["10.0.1.2"] and ours["metric"] == 77
    peer.withdraw("10.8.1.0/24")
    assert wait(lambda: "10.8.1.0/24" not in bed.routes() and not bed.witness_.routes(), 10)


@cells("attributes from an internal peer")
def test_attributes_from_inside(bed, kind):
    peer = meet(bed, kind, Link(own_as=65001, families=("ipv4",)))
    peer.announce("10.8.1.0/24", path="65077 4200000001", local_pref=333, **RICH)
    assert wait(lambda: bed.routes().get("10.8.1.0/24"), 10)
    ours = bed.routes()["10.8.1.0/24"][0]
    assert not difference(ours, path="65077 4200000001", locPrf=333, metric=77, origin="EGP", community="1:2 65009:9")


@cells("IPv6 routes")
def test_ipv6(bed, kind):
    """Over IPv4, both ways; next hops are those of the link."""
    peer = meet(bed, kind, witness={"families": ("ipv4", "ipv6")})
    peer.announce("2001:db8:80::/48", "ipv6", communities=["1:2"], large=["1:2:3"])
    assert wait(lambda: bed.witness_.routes("ipv6").get("2001:db8:80::/48"), 10)
    assert not difference(bed.witness_.routes("ipv6")["2001:db8:80::/48"][0], path="65001 65002", next_hop="2001:db8:9::1", communities=["1:2"], large=["1:2:3"])
    assert bed.routes("ipv6")["2001:db8:80::/48"][0]["nexthops"][0]["ip"] == "2001:db8:1::2"
    bed.reload(bed.daemon.config.replace(" address-family ipv6 unicast\n", " address-family ipv6 unicast\n  network 2001:db8:70::/48\n"))
    assert wait(lambda: peer.one("2001:db8:70::/48", "ipv6"), 10)
    assert peer.one("2001:db8:70::/48", "ipv6")["next_hop"] == "2001:db8:1::1"
    peer.withdraw("2001:db8:80::/48", "ipv6")
    assert wait(lambda: not bed.routes("ipv6").get("2001:db8:80::/48"), 10)


@cells("unknown attribute from the peer")
def test_unknown_attribute(bed, kind):
    """An optional transitive one goes on with the Partial bit (RFC 4271 section 5), one that is not transitive ends here."""
    peer = meet(bed, kind, Link(families=("ipv4",)), witness=True)
    peer.announce("10.8.1.0/24", unknown=[(0xC0, 240, b"hello"), (0x80, 241, b"local")])
    assert wait(lambda: bed.witness_.found("10.8.1.0/24"), 10)
    found = bed.witness_.found("10.8.1.0/24")
    assert found[240] == (0xE0, b"hello") and 241 not in found


@cells("unknown attribute to the peer")
def test_unknown_attribute_out(bed, kind):
    peer = meet(bed, kind, Link(families=("ipv4",)), witness=True)
    bed.witness_.announce(["10.9.1.0/24"], bed.attributes([[65009]], unknown=[HELLO]))
    assert wait(lambda: peer.one("10.9.1.0/24"), 10)
    assert peer.one("10.9.1.0/24")["unknown"] == {240: b"hello".hex()}


def prefixes(first, count):
    return [f"{first}.{i // 256}.{i % 256}.0/24" for i in range(count)]


@cells("10,000 routes each way")
def test_many(bed, kind):
    """At the same time, through us: the peer's to the witness, the witness's to the peer, then all away again."""
    peer = meet(bed, kind, Link(families=("ipv4",), hold=90), more=["timers 30 90"], witness=True)
    theirs, ours = prefixes(20, 10000), prefixes(30, 10000)
    for start in range(0, len(ours), 500):  # twenty sets of attributes
        bed.witness_.announce(ours[start : start + 500], bed.attributes([[65009, start + 1]]))
    peer.announce_many(theirs)
    assert wait(lambda: bed.witness_.count() == 10000, 60, 0.2), bed.witness_.count()
    assert wait(lambda: peer.count() == 10000, 60, 0.5), peer.count()
    row = bed.row(peer.link.theirs)
    assert row["pfxRcd"] == 10000 and row["pfxSnt"] == 10000 and row["connectionsDropped"] == 0
    bed.witness_.withdraw(ours)
    assert wait(lambda: peer.count() == 0, 60, 0.5), peer.count()
    peer.end(9)
    assert wait(lambda: bed.witness_.count() == 0, 30, 0.2)


@cells("2,000 IPv6 routes")
def test_many_ipv6(bed, kind):
    """Of our kernel, packed into MP_REACH_NLRI, and away again."""
    peer = meet(bed, kind, families={"ipv6": ["redistribute kernel"]})
    table = [f"2001:db8:a{i // 256:02x}:{i % 256:x}::/64" for i in range(2000)]
    netns.batch(bed.node, "ip", [f"route add blackhole {p}" for p in table])
    assert wait(lambda: peer.count("ipv6") == 2000, 20, 0.2), peer.count("ipv6")
    netns.batch(bed.node, "ip", [f"route del blackhole {p}" for p in table])
    assert wait(lambda: peer.count("ipv6") == 0, 20, 0.2), peer.count("ipv6")
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0


@cells("our AS in the path")
def test_loop(bed, kind):
    """Refused; with `allowas-in` taken so many times."""
    peer = meet(bed, kind, Link(families=("ipv4",)))
    peer.announce("10.8.1.0/24", path="65077 65001")
    peer.announce("10.8.2.0/24", path="65001 65077 65001")
    peer.announce("10.8.3.0/24", path="65077")
    assert wait(lambda: "10.8.3.0/24" in bed.routes(), 10)
    assert set(bed.routes()) == {"10.8.3.0/24"}
    name = peer.link.theirs
    if kind == "exabgp":  # it closes the connection when asked again
        return
    bed.reload(bed.daemon.config.replace(f"  neighbor {name} activate\n", f"  neighbor {name} activate\n  neighbor {name} allowas-in 1\n"))
    assert wait(lambda: set(bed.routes()) == {"10.8.1.0/24", "10.8.3.0/24"}, 10), bed.routes()


@cells("AS_PATH of 200")
def test_long_path(bed, kind):
    """200 members of 4 octets: the attribute has an extended length, in both directions."""
    path = [65009] + [4200000000 + i for i in range(199)]
    text = " ".join(map(str, path))
    peer = meet(bed, kind, Link(families=("ipv4",)), witness=True)
    bed.witness_.announce(["10.9.1.0/24"], bed.attributes([path]))
    assert wait(lambda: peer.one("10.9.1.0/24"), 10)
    assert peer.has_path("10.9.1.0/24", "65001 " + text)
    peer.announce("10.8.1.0/24", path=text.replace("65009", "65077"))
    assert wait(lambda: bed.witness_.routes().get("10.8.1.0/24"), 10)
    assert bed.witness_.routes()["10.8.1.0/24"][0]["path"] == "65001 65002 " + text.replace("65009", "65077")


def communities(count):
    return [f"{i // 1000 + 1}:{i % 1000}" for i in range(count)]


def boundary(bed, kind, link, fits):
    """Announces routes of which ours to the peer is around 4,096 bytes: it has those whose number of communities fits,
    whole, and no others."""
    peer = meet(bed, kind, link, witness={"extended": True})
    around = range(1001, 1012)
    for count in around:
        bed.witness_.announce([f"10.9.{count - 1000}.0/24"], bed.attributes([[65009]], communities=communities(count)), 65535)
    bed.witness_.announce(["10.9.99.0/24"], bed.attributes([[65009]]))
    assert wait(lambda: peer.one("10.9.99.0/24"), 10)
    assert wait(lambda: {count for count in around if peer.one(f"10.9.{count - 1000}.0/24")} == {count for count in around if fits(count)}, 10)
    heard = {count: peer.community_count(f"10.9.{count - 1000}.0/24") for count in around}
    assert heard == {count: count if fits(count) else None for count in around}
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0 and peer.established()


@cells("messages of 4,096 bytes, and no longer")
def test_longest_message(bed, kind):
    """Without extended messages: what fits into 4,096 bytes arrives, what does not is kept back, and only that.
    Header 19, two lengths 4, ORIGIN 4, AS_PATH 13, NEXT_HOP 7, prefix 4: 4,045 bytes are left, 4 of them for the head
    of COMMUNITIES, so 1,010 communities fit."""
    boundary(bed, kind, Link(families=("ipv4",), extended_message=False), lambda count: count <= 1010)


@cells("messages of more than 4,096 bytes")
def test_extended_message(bed, kind):
    """RFC 8654, where both have it."""
    boundary(bed, kind, Link(families=("ipv4",)), lambda _: True)


@cells("add-path, ours")
def test_add_path_out(bed, kind):
    """Two ways to one prefix, from two witnesses; one goes, the other stays."""
    peer = meet(bed, kind, Link(families=("ipv4",), add_path=True), inside={"ipv4": ["addpath-tx-all-paths"]}, witness=True,
                others=[Neighbor("10.0.8.2", 65008, ("ipv4",), more=["passive"])])
    second = bed.witness(65008, 8)
    assert second.up.wait(PATIENCE * 5)
    bed.witness_.announce(["10.9.1.0/24"], bed.attributes([[65009]]))
    second.announce(["10.9.1.0/24"], wire.attributes("10.0.8.2", [[65008, 7]]))
    assert wait(lambda: sorted(r["path"] for r in peer.routes().get("10.9.1.0/24", [])) == ["65001 65008 7", "65001 65009"], 10), peer.routes()
    bed.witness_.withdraw(["10.9.1.0/24"])
    assert wait(lambda: [r["path"] for r in peer.routes().get("10.9.1.0/24", [])] == ["65001 65008 7"], 10), peer.routes()
    second.withdraw(["10.9.1.0/24"])
    assert wait(lambda: not peer.routes(), 10)


@cells("add-path, theirs")
def test_add_path_in(bed, kind):
    """Two ways of the peer's, by identifier; one goes, the other stays."""
    peer = meet(bed, kind, Link(families=("ipv4",), add_path=True, behind=(65077, 65078)))
    peer.announce_paths("10.8.1.0/24", ["65077", "65078 7"])
    assert wait(lambda: sorted(r["path"] for r in bed.routes().get("10.8.1.0/24", [])) == ["65002 65077", "65002 65078 7"], 15), bed.routes()
    peer.announce_paths("10.8.1.0/24", ["65078 7"])
    assert wait(lambda: [r["path"] for r in bed.routes().get("10.8.1.0/24", [])] == ["65002 65078 7"], 15), bed.routes()


@cells("route refresh, we ask")
def test_we_ask(bed, kind):
    """A new inbound policy, and the peer says all again: the new MED is there without a reset."""
    peer = meet(bed, kind, Link(families=("ipv4",)))
    for i in range(3):
        peer.announce(f"10.8.{i}.0/24")
    assert wait(lambda: len(bed.routes()) == 3, 10)
    bed.reload(bed.daemon.config.replace(f"  neighbor {peer.link.theirs} activate\n", f"  neighbor {peer.link.theirs} activate\n  neighbor {peer.link.theirs} route-map MED in\n")
               + "route-map MED permit 10\n set metric 99\nexit\n")
    assert wait(lambda: [r[0].get("metric") for r in bed.routes().values()] == [99] * 3, 10), bed.routes()
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0


@cells("route refresh, they ask")
def test_they_ask(bed, kind):
    """All is told again, between the marks of RFC 7313 where the peer has it; nothing is lost of it."""
    peer = meet(bed, kind, Link(families=("ipv4",)), families={"ipv4": ["network 10.7.0.0/24"]})
    assert wait(lambda: peer.one("10.7.0.0/24"), 10)
    assert peer.enhanced() in (None, True)
    before = bed.row(peer.link.theirs)["msgSent"]
    peer.refresh()
    assert wait(lambda: bed.row(peer.link.theirs)["msgSent"] > before, 5)
    assert stays(lambda: peer.one("10.7.0.0/24") and bed.up(peer.link.theirs), 1)
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0


POLICY = """
ip prefix-list NINE seq 5 permit 10.9.0.0/16 ge 24
ip prefix-list HOSTS seq 5 permit 0.0.0.0/0 ge 32
bgp community-list standard SECRET seq 5 permit 65009:66
bgp as-path access-list FAR seq 5 permit _7_
route-map OUT deny 10
 match community SECRET
exit
route-map OUT deny 20
 match ip address prefix-list HOSTS
exit
route-map OUT permit 30
 match as-path FAR
 set community 65001:7 additive
 set as-path prepend 65001 65001
 set metric 4711
exit
route-map OUT permit 40
 set large-community 65001:1:1
 set origin incomplete
exit
route-map IN deny 10
 match ip address prefix-list HOSTS
exit
route-map IN permit 20
 set local-preference 222
 set community no-export additive
exit
"""


@cells("policy, as the peer sees it")
def test_policy_out(bed, kind):
    peer = meet(bed, kind, Link(families=("ipv4",)), inside={"ipv4": ["route-map OUT out", "prefix-list NINE out"]}, witness=True, tail=POLICY)
    bed.witness_.announce(["10.9.1.0/24", "10.10.1.0/24"], bed.attributes([[65009]], communities=["65009:1"]))
    bed.witness_.announce(["10.9.2.0/24"], bed.attributes([[65009]], communities=["65009:66"]))
    bed.witness_.announce(["10.9.3.0/24"], bed.attributes([[65009, 7]], communities=["65009:1"]))
    bed.witness_.announce(["10.9.4.1/32"], bed.attributes([[65009]]))
    bed.witness_.announce(["10.9.255.0/24"], bed.attributes([[65009]]))
    assert wait(lambda: peer.one("10.9.255.0/24"), 10)
    assert set(peer.routes()) == {"10.9.1.0/24", "10.9.3.0/24", "10.9.255.0/24"}
    assert not difference(peer.one("10.9.1.0/24"), path="65001 65009", origin="incomplete", communities=["65009:1"], large=["65001:1:1"])
    assert not difference(peer.one("10.9.3.0/24"), path="65001 65001 65001 65009 7", origin="igp", communities=["65001:7", "65009:1"], large=[], med=4711)


@cells("policy, on what the peer says")
def test_policy_in(bed, kind):
    """NO_EXPORT added on the way in: it is ours, and goes to nobody outside."""
    peer = meet(bed, kind, Link(families=("ipv4",)), inside={"ipv4": ["route-map IN in"]}, witness=True, tail=POLICY)
    peer.announce("10.8.9.1/32")
    peer.announce("10.8.1.0/24", communities=["65002:1"])
    assert wait(lambda: bed.routes().get("10.8.1.0/24"), 10)
    assert set(bed.routes()) == {"10.8.1.0/24"}
    assert not difference(bed.routes()["10.8.1.0/24"][0], locPrf=222, community="65002:1 no-export")
    assert stays(lambda: not bed.witness_.routes(), 1)


@pytest.mark.parametrize("to", ["client", "other"])
@cells("reflection by evpnd")
def test_we_reflect(bed, kind, to):
    """From a client of that kind to a second one of the same kind, client too or not: ORIGINATOR_ID, CLUSTER_LIST, and
    the rest as it was."""
    other = Neighbor("10.0.2.2", 65001, ("ipv4",), inside=["route-reflector-client"] if to == "client" else [])
    first = meet(bed, kind, Link(own_as=65001, families=("ipv4",)), inside={"ipv4": ["route-reflector-client"]}, others=[other])
    second = bed.peer(kind, Link(number=2, own_as=65001, families=("ipv4",)))
    second.begin()
    assert wait(lambda: bed.up("10.0.2.2") and second.established(), 15)
    first.announce("10.8.1.0/24", path="65077", local_pref=333, **RICH)
    assert wait(lambda: second.one("10.8.1.0/24"), 10)
    expected = {"path": "65077", "next_hop": "10.0.1.2", "local_pref": 333, "originator": "10.255.0.2", "clusters": ["10.255.0.1"], **RICH}
    assert not difference(second.one("10.8.1.0/24"), **expected)
    assert stays(lambda: not first.routes(), 0.5)
    first.withdraw("10.8.1.0/24")
    assert wait(lambda: not second.routes(), 10)


@cells("reflection by the peer")
def test_they_reflect(bed, kind):
    """Our route comes to the other client; a route of ours that comes back, and one that has been in our cluster, are
    refused (RFC 4456 section 8)."""
    peer = meet(bed, kind, Link(own_as=65001, families=("ipv4",), client=True, behind=(65001,)), families={"ipv4": ["network 10.7.0.0/24"]})
    other, = peer.behind
    assert wait(lambda: other.routes().get("10.7.0.0/24"), 15)
    route = other.routes()["10.7.0.0/24"][0]
    assert not difference(route, originator="10.255.0.1", clusters=["10.255.0.2"], next_hop="10.0.1.1")
    other.announce(["10.9.1.0/24"], wire.attributes("10.0.10.2", [], local_pref=100))
    looped = [(0x80, 10, b"\x0a\xff\x00\x01")]  # CLUSTER_LIST with ours
    other.announce(["10.9.2.0/24"], wire.attributes("10.0.10.2", [], local_pref=100, unknown=looped))
    other.announce(["10.9.3.0/24"], wire.attributes("10.0.10.2", [], local_pref=100, unknown=[(0x80, 9, b"\x0a\xff\x00\x01")]))
    other.announce(["10.9.4.0/24"], wire.attributes("10.0.10.2", [], local_pref=100))
    assert wait(lambda: "10.9.4.0/24" in bed.routes(), 10)
    assert {"10.9.1.0/24", "10.9.4.0/24"} <= set(bed.routes()) and not {"10.9.2.0/24", "10.9.3.0/24"} & set(bed.routes())
