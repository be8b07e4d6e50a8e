"""Sessions with each daemon: who may be in which AS, over what, and what ends one. The table is in docs/interop.md."""

import struct
import time

import netns
import pytest
from bed import Neighbor, config, meet, stays, wait
from matrix import cells
from peer import Link

BIG, BIGGER = 4200000001, 4200000002


def both_tell(bed, peer, path="65001", back="65002"):
    """A route each way, with the AS_PATH that the two ASs make."""
    peer.announce("10.8.0.0/24")
    bed.reload(bed.daemon.config.replace(" address-family ipv4 unicast\n", " address-family ipv4 unicast\n  network 10.7.0.0/24\n"))
    assert wait(lambda: peer.one("10.7.0.0/24"), 10)
    assert peer.one("10.7.0.0/24")["path"] == path
    assert wait(lambda: [r["path"] for r in bed.routes().get("10.8.0.0/24", [])] == [back], 10), bed.routes()


@cells("eBGP over IPv4")
def test_external(bed, kind):
    both_tell(bed, meet(bed, kind))


@cells("iBGP over IPv4")
def test_internal(bed, kind):
    both_tell(bed, meet(bed, kind, Link(own_as=65001)), "", "")


@cells("eBGP over IPv6")
def test_over_ipv6(bed, kind):
    peer = meet(bed, kind, Link(over=6))
    peer.announce("2001:db8:80::/48", "ipv6")
    bed.reload(bed.daemon.config.replace(" address-family ipv6 unicast\n", " address-family ipv6 unicast\n  network 2001:db8:70::/48\n"))
    assert wait(lambda: peer.one("2001:db8:70::/48", "ipv6"), 10)
    assert peer.one("2001:db8:70::/48", "ipv6")["next_hop"] == "2001:db8:1::1"
    assert wait(lambda: bed.routes("ipv6").get("2001:db8:80::/48"), 10)
    assert bed.routes("ipv6")["2001:db8:80::/48"][0]["nexthops"][0]["ip"] == "2001:db8:1::2"


@pytest.mark.parametrize("bare", [False, True], ids=["other-addresses", "bare"])
@cells("unnumbered, IPv6 next hops for IPv4")
def test_unnumbered(bed, kind, bare):
    """BIRD is told our link-local address, the others find it on the link; with other addresses there, or none. The
    kernel's route follows (RFC 8950), for IPv6 too."""
    if bare:
        bed.link(1)
        bed.bare(1)
    peer = meet(bed, kind, Link(over="link", extended_nexthop=True), more=["capability extended-nexthop"])
    both_tell(bed, peer)
    assert ":" in peer.one("10.7.0.0/24")["next_hop"]
    assert [hop["ip"] for hop in bed.routes()["10.8.0.0/24"][0]["nexthops"]][-1] == "fe80::1:2"
    assert wait(lambda: "via inet6 fe80::1:2 dev l1" in netns.run(bed.node, "ip", "route", "show", "10.8.0.0/24"), 5)
    peer.announce("2001:db8:80::/48", "ipv6")
    assert wait(lambda: "via fe80::1:2 dev l1" in netns.run(bed.node, "ip", "-6", "route", "show", "2001:db8:80::/48"), 10), bed.routes("ipv6")


@cells("IPv4 over an IPv6 session, RFC 8950")
def test_extended_nexthop(bed, kind):
    peer = meet(bed, kind, Link(over=6, extended_nexthop=True), more=["capability extended-nexthop"])
    both_tell(bed, peer)
    assert peer.one("10.7.0.0/24")["next_hop"] == "2001:db8:1::1"
    assert [hop["ip"] for hop in bed.routes()["10.8.0.0/24"][0]["nexthops"]][0] == "2001:db8:1::2"


@cells("eBGP between loopbacks")
def test_multihop(bed, kind):
    both_tell(bed, meet(bed, kind, Link(multihop=True, families=("ipv4",)), more=["ebgp-multihop 2", "update-source lo"]))


@cells("neighbor by range")
def test_listen_range(bed, kind):
    """`bgp listen range`: it comes, is one of ours, and is forgotten when it goes."""
    link = Link(families=("ipv4",))
    peer = bed.peer(kind, link)
    bed.evpnd(config(more=["neighbor G peer-group", "neighbor G remote-as external", "neighbor G password tulip", "bgp listen range 10.0.1.0/24 peer-group G"],
                     families={"ipv4": ["neighbor G activate", "network 10.7.0.0/24"]}))
    peer.link.password = "tulip"
    peer.announced = {"ipv4": {"10.8.0.0/24": {}}}
    peer.begin()
    assert wait(lambda: peer.one("10.7.0.0/24") and "10.8.0.0/24" in bed.routes(), 20)
    assert bed.row(link.theirs)["dynamicPeer"]
    peer.end()
    assert wait(lambda: not bed.row(link.theirs) and not bed.routes().get("10.8.0.0/24"), 10)


@cells("another AS than expected")
def test_wrong_as(bed, kind):
    """NOTIFICATION 2/2 each time, at longer and longer intervals, and a session as soon as we expect the right one."""
    link = Link(families=("ipv4",))
    peer = bed.peer(kind, link)
    text = config(Neighbor(link.theirs, 65003, ("ipv4",)))
    bed.evpnd(text)
    peer.begin()
    assert wait(lambda: "Notification sent: OPEN Message Error/Bad Peer AS" in bed.log(), 10)
    assert stays(lambda: not bed.up(link.theirs) and not peer.established(), 3)
    assert bed.log().count("Bad Peer AS") < 8
    bed.reload(text.replace("remote-as 65003", "remote-as 65002"))
    assert wait(lambda: bed.up(link.theirs) and peer.established(), 30)


@cells("we stop")
def test_we_stop(bed, kind):
    """Without graceful restart asked for: the peer forgets our route at once, not after its hold time."""
    peer = meet(bed, kind, Link(families=("ipv4",), hold=90), families={"ipv4": ["network 10.7.0.0/24"]})
    assert wait(lambda: peer.one("10.7.0.0/24"), 10)
    bed.daemon.stop()
    assert wait(lambda: not peer.routes() and not peer.established(), 5)


@pytest.mark.parametrize("ours, theirs", [(BIG, 65002), (65001, BIG), (BIG, BIGGER)], ids=["here", "there", "both"])
@cells("4-octet AS numbers")
def test_four_octets(bed, kind, ours, theirs):
    both_tell(bed, meet(bed, kind, Link(own_as=theirs, remote_as=ours), own_as=ours), str(ours), str(theirs))


@cells("2-octet peer of a 4-octet AS")
def test_two_octets(bed, kind):
    """We are AS_TRANS to it. Behind us stands a 4-octet AS, which it cannot see but in AS4_PATH, and which sees all."""
    peer = meet(bed, kind, Link(remote_as=BIG, as4=False, families=("ipv4",)), own_as=BIG, witness={"asn": BIGGER})
    bed.witness_.announce(["10.9.0.0/24"], bed.attributes([[BIGGER, 7, BIG - 1]]))
    assert wait(lambda: peer.one("10.9.0.0/24"), 10)
    assert peer.one("10.9.0.0/24")["path"] in ("23456 23456 7 23456", f"{BIG} {BIGGER} 7 {BIG - 1}")
    peer.announce("10.8.0.0/24", path="7")
    assert wait(lambda: bed.witness_.routes().get("10.8.0.0/24"), 10)
    assert bed.witness_.routes()["10.8.0.0/24"][0]["path"] == f"{BIG} 65002 7"


@cells("2-octet peer, AS4_PATH")
def test_as4_path(bed, kind):
    """What it passes on in AS4_PATH from a 4-octet AS behind it is put together again here."""
    peer = meet(bed, kind, Link(as4=False, families=("ipv4",)), witness=True)
    peer.announce("10.8.0.0/24", path=f"{BIG} 7")
    assert wait(lambda: bed.witness_.routes().get("10.8.0.0/24"), 10)
    assert bed.witness_.routes()["10.8.0.0/24"][0]["path"] == f"65001 65002 {BIG} 7"


@cells("2-octet peer, AGGREGATOR")
def test_as4_aggregator(bed, kind):
    """A 4-octet AS in AGGREGATOR goes as AS_TRANS, with AS4_AGGREGATOR beside it."""
    peer = meet(bed, kind, Link(as4=False, families=("ipv4",)), witness=True)
    aggregator = (0xC0, 7, struct.pack("!I", BIG) + bytes((10, 255, 0, 99)))
    bed.witness_.announce(["10.9.0.0/24"], bed.attributes([[65009, BIGGER, 7]], unknown=[aggregator]))
    assert wait(lambda: peer.one("10.9.0.0/24"), 10)
    assert peer.one("10.9.0.0/24")["aggregator"] == f"{BIG} 10.255.0.99"
    assert peer.one("10.9.0.0/24")["path"] == f"65001 65009 {BIGGER} 7"


@cells("hold time of 3 s")
def test_short_hold_time(bed, kind):
    """Kept for 10 s, with the keepalives of both and nothing else."""
    peer = meet(bed, kind, Link(hold=3), more=["timers 1 3"])
    assert stays(lambda: bed.up(peer.link.theirs) and peer.established(), 10)
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0


@cells("hold time of 0")
def test_no_hold_time(bed, kind):
    """The peer wants none, so our 9 s do not count, and nobody sends keepalives."""
    peer = meet(bed, kind, Link(hold=0))
    assert stays(lambda: bed.up(peer.link.theirs) and peer.established(), 11)
    assert bed.row(peer.link.theirs)["msgRcvd"] < 8


@cells("timers that contradict")
def test_contradictory_timers(bed, kind):
    """The smaller hold time counts, whoever has it; a keepalive above a third of it is cut to that."""
    peer = meet(bed, kind, Link(hold=90), more=["timers 30 3"])
    assert stays(lambda: bed.up(peer.link.theirs) and peer.established(), 7)
    assert bed.row(peer.link.theirs)["connectionsDropped"] == 0


@cells("hold time refused")
def test_hold_time_refused(bed, kind):
    """`bgp minimum-holdtime`: NOTIFICATION 2/6, told on both sides, and no session."""
    link = Link(hold=9)
    peer = bed.peer(kind, link)
    bed.evpnd(config(Neighbor(link.theirs, link.own_as), more=["bgp minimum-holdtime 20"]))
    peer.begin()
    assert wait(lambda: "Unacceptable Hold Time" in bed.log(), 10)
    assert stays(lambda: not bed.up(link.theirs) and not peer.established(), 2)
    bed.reload(config(Neighbor(link.theirs, link.own_as)))
    assert wait(lambda: bed.up(link.theirs), 20)


@cells("both connect")
def test_collisions(bed, kind):
    """20 times a reset from one side, then the other, and both connect again: each time one session comes of it, with
    its routes. GoBGP rests for 5 s after each, for 30 s after its own, so it has less of it."""
    peer = meet(bed, kind)
    both_tell(bed, peer)
    name, rests = peer.link.theirs, peer.rests > 1
    for i in range(2 if rests else 20):
        before = bed.row(name)["connectionsEstablished"]
        if rests or i % 2 == 0:
            bed.show(f"clear bgp {name}")
        else:
            peer.reset()
        assert wait(lambda: bed.row(name).get("connectionsEstablished", 0) > before, 15), i  # noqa: B023
        assert wait(lambda: bed.up(name) and peer.established() and peer.one("10.7.0.0/24") and "10.8.0.0/24" in bed.routes(), 15), i
    assert stays(lambda: bed.up(name) and peer.established(), 2)


@pytest.mark.parametrize("over", [4, 6])
@cells("password")
def test_password(bed, kind, over):
    """TCP MD5, whoever connects (RFC 2385)."""
    peer = meet(bed, kind, Link(password="tulip", over=over), more=["password tulip"])
    if over == 4:
        both_tell(bed, peer)
    assert "tulip" not in bed.log()


@pytest.mark.parametrize("over", [4, 6])
@cells("password, the peer waits")
def test_password_we_connect(bed, kind, over):
    meet(bed, kind, Link(password="tulip", over=over, passive=True), more=["password tulip"])


@cells("wrong password")
def test_wrong_password(bed, kind):
    """No session while they differ; one as soon as we have the right one."""
    link = Link(password="tulip")
    peer = bed.peer(kind, link)
    text = config(Neighbor(link.theirs, link.own_as, more=["password daisy"]))
    bed.evpnd(text)
    peer.begin()
    assert stays(lambda: not bed.up(link.theirs) and not peer.established(), 4)
    bed.reload(text.replace("daisy", "tulip"))
    assert wait(lambda: bed.up(link.theirs) and peer.established(), 30)


@pytest.mark.parametrize("over", [4, 6])
@cells("TTL security")
def test_ttl_security(bed, kind, over):
    meet(bed, kind, Link(ttl_security=True, over=over), more=["ttl-security hops 1"])


@cells("TTL security violated")
def test_ttl_security_violated(bed, kind):
    """Only we ask for TTL 255: what comes with 1 or 64 is not heard, and there is no session here. The peer may think
    so for a moment: it hears us."""
    link = Link()
    peer = bed.peer(kind, link)
    text = config(Neighbor(link.theirs, link.own_as, more=["ttl-security hops 1"]))
    bed.evpnd(text)
    peer.begin()
    assert stays(lambda: not bed.up(link.theirs), 4)
    bed.reload(text.replace(f" neighbor {link.theirs} ttl-security hops 1\n", ""))
    assert wait(lambda: bed.up(link.theirs), 30)


@cells("TTL security violated by us")
def test_ttl_security_of_theirs(bed, kind):
    """It connects, and does not hear what we answer."""
    link = Link(ttl_security=True)
    peer = bed.peer(kind, link)
    bed.evpnd(config(Neighbor(link.theirs, link.own_as, more=["passive"])))
    peer.begin()
    assert stays(lambda: not peer.established(), 4)


@cells("maximum-prefix here")
def test_our_limit(bed, kind):
    """Too many: told with Cease/1 and held down; up again as soon as it has fewer and we are told so."""
    peer = meet(bed, kind, inside={"ipv4": ["maximum-prefix 3"]})
    name = peer.link.theirs
    for i in range(4):
        peer.announce(f"10.8.{i}.0/24")
    assert wait(lambda: bed.row(name).get("state") == "Idle (PfxCt)", 10)
    assert stays(lambda: bed.row(name)["state"] == "Idle (PfxCt)" and not peer.established() and not bed.routes(), 3)
    peer.withdraw("10.8.3.0/24")
    bed.show(f"clear bgp {name}")
    assert wait(lambda: bed.up(name) and len(bed.routes()) == 3, 20)


@cells("maximum-prefix there")
def test_their_limit(bed, kind):
    """Its Cease/1 is understood and told. FRR lets one more than its limit pass."""
    link = Link(limit=3)
    peer = bed.peer(kind, link)
    bed.evpnd(config(Neighbor(link.theirs, link.own_as), families={"ipv4": [f"network 10.7.{i}.0/24" for i in range(6)]}))
    peer.begin()
    assert wait(lambda: "Maximum Number of Prefixes Reached" in bed.log(), 10)


@cells("shutdown with a message, ours")
def test_our_message(bed, kind):
    """RFC 9003, in UTF-8."""
    peer = meet(bed, kind)
    bed.reload(bed.daemon.config.replace(" neighbor 10.0.1.2 timers connect 1\n", " neighbor 10.0.1.2 timers connect 1\n neighbor 10.0.1.2 shutdown message back at noon\n"))
    assert wait(lambda: not peer.established(), 10)
    assert wait(lambda: "back at noon" in peer.last_error(), 5), peer.last_error()
    assert bed.row(peer.link.theirs)["state"] == "Idle (Admin)"


@cells("shutdown with a message, theirs")
def test_their_message(bed, kind):
    peer = meet(bed, kind)
    peer.shut("gone fishing")
    assert wait(lambda: not bed.up(peer.link.theirs), 10)
    assert wait(lambda: "gone fishing" in bed.log(), 5)


@cells("restarts of the daemon")
def test_comes_and_goes(bed, kind):
    """Killed and started anew three times: its routes go and come, ours reach it each time."""
    peer = meet(bed, kind, Link(hold=3), more=["timers 1 3"])
    both_tell(bed, peer)
    for _ in range(3):
        peer.end(9)
        assert wait(lambda: "10.8.0.0/24" not in bed.routes(), 10)
        time.sleep(0.2)
        peer.begin()
        assert wait(lambda: "10.8.0.0/24" in bed.routes() and peer.one("10.7.0.0/24"), 20)
    assert bed.row(peer.link.theirs)["connectionsEstablished"] == 4
