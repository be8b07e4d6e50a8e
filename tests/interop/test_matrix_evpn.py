"""EVPN routes to and from each daemon that has the family, with a VNI in our kernel. The table is in docs/interop.md."""

import signal

import netns
from bed import Neighbor, meet, stays, wait
from matrix import cells
from peer import Link, vtep

VNI, OUR_MAC, THEIR_MAC, OUR_IP = 100, "02:00:00:00:01:01", "02:00:00:00:02:02", "192.0.2.1"
FAMILIES = ("ipv4", "evpn")


def with_vni(bed, kind, link, **words):
    """A session, and VNI 100 in our kernel with a static host on its access port."""
    netns.batch(bed.node, "ip", vtep(VNI, "10.255.0.1"))
    netns.batch(bed.node, "bridge", [f"fdb add {OUR_MAC} dev vm0 master static"])
    netns.batch(bed.node, "ip", [f"neigh add {OUR_IP} lladdr {OUR_MAC} dev br{VNI} nud permanent"])
    return meet(bed, kind, link, families={"evpn": ["advertise-all-vni"]}, **words)


def fdb(bed):
    return netns.run(bed.node, "bridge", "fdb", "show", "dev", f"vxlan{VNI}")


@cells("EVPN types 2 and 3 to the peer")
def test_evpn_out(bed, kind):
    peer = with_vni(bed, kind, Link(families=FAMILIES))
    hop = "10.255.0.1"
    imet = {(3, "", hop, hop)}
    macs = {(2, OUR_MAC, "", hop), (2, OUR_MAC, OUR_IP, hop)}
    assert wait(lambda: peer.evpn() == imet | macs, 10), peer.evpn()
    netns.batch(bed.node, "bridge", [f"fdb del {OUR_MAC} dev vm0 master static"])
    assert wait(lambda: peer.evpn() == imet, 10), peer.evpn()


@cells("EVPN types 2 and 3 from the peer")
def test_evpn_in(bed, kind):
    """Its host and its VTEP come into our kernel, and go from it. GoBGP sends End-of-RIB only with graceful restart."""
    peer = with_vni(bed, kind, Link(families=FAMILIES, graceful=1))
    peer.vtep(VNI)
    peer.host(THEIR_MAC)
    assert wait(lambda: f"{THEIR_MAC} dst 10.255.0.2" in fdb(bed) and "00:00:00:00:00:00 dst 10.255.0.2" in fdb(bed), 10), fdb(bed)
    peer.host(THEIR_MAC, "del")
    assert wait(lambda: THEIR_MAC not in fdb(bed), 10)
    assert "00:00:00:00:00:00 dst 10.255.0.2" in fdb(bed)
    peer.end(9)
    assert wait(lambda: "10.255.0.2" not in fdb(bed), 15), fdb(bed)


@cells("EVPN type 5 from the peer")
def test_evpn_prefix(bed, kind):
    """Carried, shown, of no effect here; what else is there stays."""
    peer = with_vni(bed, kind, Link(families=FAMILIES))
    peer.vtep(VNI)
    peer.host(THEIR_MAC)
    peer.evpn_prefix("198.51.100.0/24")
    assert wait(lambda: "[5]:[0]:[24]:[198.51.100.0]" in bed.show("show bgp l2vpn evpn"), 10)
    assert stays(lambda: bed.up(peer.link.theirs, "evpn") and THEIR_MAC in fdb(bed), 1)
    assert bed.row(peer.link.theirs, "evpn")["connectionsDropped"] == 0


@cells("EVPN reflected by evpnd")
def test_evpn_reflected(bed, kind):
    """Between two clients of that kind; the next hop, which is the VTEP, stays."""
    peer = meet(bed, kind, Link(own_as=65001, families=FAMILIES), inside=["route-reflector-client"],
                others=[Neighbor("10.0.2.2", 65001, FAMILIES, inside=["route-reflector-client"])])
    second = bed.peer(kind, Link(number=2, own_as=65001, families=FAMILIES))
    second.begin()
    assert wait(lambda: bed.up("10.0.2.2", "evpn") and second.established(), 15)
    peer.vtep(VNI)
    peer.host(THEIR_MAC)
    assert wait(lambda: {route[0] for route in second.evpn()} == {2, 3}, 10), second.evpn()
    assert {route[3] for route in second.evpn()} == {"10.255.0.2"}
    peer.host(THEIR_MAC, "del")
    assert wait(lambda: {route[0] for route in second.evpn()} == {3}, 10), second.evpn()


@cells("graceful restart of EVPN, the peer's")
def test_evpn_restart(bed, kind):
    """Killed and back: its host and its VTEP stay in our kernel, and stay when all has been told anew."""
    peer = with_vni(bed, kind, Link(families=FAMILIES, graceful=20))
    peer.vtep(VNI)
    peer.host(THEIR_MAC)
    rows = (f"{THEIR_MAC} dst 10.255.0.2", "00:00:00:00:00:00 dst 10.255.0.2")
    assert wait(lambda: all(row in fdb(bed) for row in rows), 10), fdb(bed)
    peer.end(signal.SIGKILL)
    assert stays(lambda: all(row in fdb(bed) for row in rows), 2), fdb(bed)
    peer.resume_evpn(VNI, THEIR_MAC)
    held = stays(lambda: all(row in fdb(bed) for row in rows), 8)
    assert held and bed.up(peer.link.theirs, "evpn"), fdb(bed)
    peer.host(THEIR_MAC, "del")
    assert wait(lambda: THEIR_MAC not in fdb(bed), 10), "and go when withdrawn"
