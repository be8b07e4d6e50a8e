"""Sessions that outlive evpnd as a leaf: neighbors by `bgp listen range`, signed, with several paths, and EVPN routes
passed on between them. FRR on both sides of it sees no restart, and has in the end what a leaf without one would tell."""

import signal

import daemons
import pytest
from bed import wait
from fdstore import FdStore
from peer import Link
from test_matrix_restart import Watch

STAYS, GOES, VNI = "02:00:00:00:02:01", "02:00:00:00:02:02", 100
FAMILIES = ("ipv4", "evpn")
CONFIG = """
frr defaults datacenter
router bgp 65001
 bgp router-id 10.255.0.1
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 bgp graceful-restart
 neighbor HOSTS peer-group
 neighbor HOSTS remote-as external
 neighbor HOSTS password rose
 bgp listen range 10.0.0.0/16 peer-group HOSTS
 address-family ipv4 unicast
  neighbor HOSTS activate
  neighbor HOSTS addpath-tx-all-paths
 exit-address-family
 address-family l2vpn evpn
  neighbor HOSTS activate
 exit-address-family
"""


def macs(peer):
    return {route[1] for route in peer.evpn() if route[0] == 2}


def leaf(bed):
    """The peer that hears, and the one that tells."""
    peers = [bed.peer("frr", Link(number=number, own_as=65001 + number, families=FAMILIES, password="rose")) for number in (1, 2)]
    bed.daemon = daemons.Evpnd(bed.node, CONFIG)
    bed.daemon.store = FdStore(f"{bed.daemon.directory}/notify")
    bed.daemon.start()
    assert wait(bed.answers, 10, 0.02)
    for peer in peers:
        peer.begin()
    assert wait(lambda: all(bed.up(peer.link.theirs, "evpn") and peer.established() for peer in peers), 20)
    teller = peers[1]
    teller.vtep(VNI)
    for mac in (STAYS, GOES):
        teller.host(mac)
    for prefix in ("10.8.0.0/24", "10.8.1.0/24"):
        teller.announce(prefix)
    return peers


@pytest.mark.parametrize("how", (signal.SIGTERM, signal.SIGKILL), ids=("SIGTERM", "SIGKILL"))
def test_frr_sees_no_restart_of_its_leaf(bed, how):
    hearer, teller = leaf(bed)
    assert wait(lambda: macs(hearer) == {STAYS, GOES} and set(hearer.routes()) == {"10.8.0.0/24", "10.8.1.0/24"}, 10), hearer.evpn()
    watch = Watch(lambda: [{}] if STAYS in macs(hearer) else [])
    bed.daemon.stop(how)
    teller.host(GOES, "del")
    teller.withdraw("10.8.1.0/24")
    bed.daemon.start()
    assert wait(lambda: macs(hearer) == {STAYS} and set(hearer.routes()) == {"10.8.0.0/24"}, 15), (hearer.evpn(), hearer.routes())
    assert {route[0] for route in hearer.evpn()} == {2, 3}
    watch.stop()
    assert watch.missing == 0 and watch.asked > 3, (watch.asked, watch.missing)
    for peer in (hearer, teller):
        assert peer.neighbor().get("connectionsDropped") == 0
    assert bed.log().count("taken over from the previous instance") == 2
