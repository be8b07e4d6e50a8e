"""Rows of the mobility table on the real kernel, against routes that a cell makes up at leaf1.

Route and VTEP are made up, sequence and sticky flag chosen: what no well-behaved PE would send at the right moment.
"""

import time

import pytest
import rtnl
from fabric import LOOPBACK, TRUNK
from lab import until

pytestmark = pytest.mark.fabric("evpnd/frr", "evpnd/evpnd")


@pytest.fixture
def announce(lab):
    """announce(mac, ip, host, sequence, sticky); what a cell announced is withdrawn at its end."""
    standing = set()

    def make(mac, ip, host, sequence=None, sticky=False):
        lab.collector.announce(mac, ip, LOOPBACK[host], TRUNK.vni, sequence, sticky)
        standing.add((mac, ip, host))

    def withdraw():
        for mac, ip, host in standing:
            lab.collector.withdraw(mac, ip, LOOPBACK[host], TRUNK.vni)
        standing.clear()

    make.withdraw = withdraw
    yield make
    withdraw()


def at(lab, node, vm, host):
    own = lab.rows(node, vm)[1]
    return own is not None and own.dst == LOOPBACK[host]


def bare(lab, vm, host):
    """The MAC-only route of a host as the collector has it."""
    return next((r for r in lab.collector.routes(vm.mac) if r.nexthop == LOOPBACK[host] and not r.ip and not r.rd.endswith(":999")), None)


def test_pin_is_not_answered(lab, tell, announce):
    """A higher sequence overtakes a pin in the fabric; the pin's host keeps its slot, its route and its sequence."""
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv1")
    # FRR's leaves hold a route back for a while: the collector may hear of it last.
    until(lambda: bare(lab, vm, "hv1"), 5, "the pin advertised")
    hits, before = len(lab.watch.hits), bare(lab, vm, "hv1")
    announce(vm.mac, "", "hv3", (before.sequence or 0) + 5, True)
    until(lambda: at(lab, "hv2", vm, "hv3"), 5, "hv2 follows the higher sequence")
    time.sleep(1)
    assert bare(lab, vm, "hv1").sequence == before.sequence
    row, own, neigh = lab.rows("hv1", vm)
    assert row.same(agents["hv1"].fdb(vm)) and own is None and neigh == agents["hv1"].neigh(vm)
    announce.withdraw()
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 5, lambda: f"all back at hv1: {lab.wrong(vm, 'hv1', agents['hv1'])}")
    assert len(lab.watch.hits) == hits
    tell("a pin overtaken by a made-up sequence 5 higher: not answered, not touched, taken up again when that goes")
    lab.retire(vm, agents)


def test_stale_lower_sequence_loses(lab, tell, announce):
    agents, vm = lab.agents(sticky=False), lab.vm()
    announce(vm.mac, "", "hv3", 4)
    until(lambda: at(lab, "hv1", vm, "hv3"), 5, "the made-up route installed")
    vm.plug("hv1")
    agents["hv1"].write(vm)
    until(lambda: (r := bare(lab, vm, "hv1")) and r.sequence == 5, 5, lambda: f"advertised above it: {bare(lab, vm, 'hv1')}")
    announce.withdraw()
    time.sleep(0.3)
    announce(vm.mac, "", "hv3", 4)
    time.sleep(0.5)
    assert at(lab, "hv2", vm, "hv1") and lab.rows("hv1", vm)[1] is None
    tell("a route withdrawn and hunted back with its old sequence: nobody follows it")
    announce.withdraw()
    lab.retire(vm, agents)


def learned(lab, host):
    vm = lab.vm(chatty=True)
    vm.plug(host)
    until(lambda: bare(lab, vm, host), 5, "the learned MAC advertised")
    return vm


def test_learned_yields_to_a_higher_sequence(lab, tell, announce):
    vm = learned(lab, "hv1")
    announce(vm.mac, "", "hv3", 3)
    until(lambda: at(lab, "hv1", vm, "hv3") and bare(lab, vm, "hv1") is None, 5, "replaced and withdrawn")
    assert lab.rows("hv1", vm)[0].dev == TRUNK.vxlan
    vm.announce()
    until(lambda: (r := bare(lab, vm, "hv1")) and r.sequence == 4, 5, lambda: f"it spoke again: {bare(lab, vm, 'hv1')}")
    assert lab.rows("hv1", vm)[1] is None and lab.rows("hv1", vm)[0].dev == TRUNK.access
    tell("a learned MAC yields to sequence 3 and comes back with 4 when it speaks")


@pytest.mark.parametrize("rival,wins", (("hv1", True), ("hv3", False)))
def test_tie_goes_to_the_lower_vtep(lab, tell, announce, rival, wins):
    vm = learned(lab, "hv2")
    announce(vm.mac, "", rival, bare(lab, vm, "hv2").sequence)
    if wins:
        until(lambda: at(lab, "hv2", vm, rival) and bare(lab, vm, "hv2") is None, 5, "the lower VTEP wins")
    else:
        time.sleep(1)
        assert lab.rows("hv2", vm)[0].dev == TRUNK.access and bare(lab, vm, "hv2") is not None
    tell(f"equal sequences: {LOOPBACK['hv2']} {'yields to' if wins else 'stays against'} {LOOPBACK[rival]}")


def test_learned_yields_to_sticky(lab, tell, announce):
    vm = learned(lab, "hv1")
    announce(vm.mac, "", "hv3", 0, True)
    until(lambda: at(lab, "hv1", vm, "hv3") and bare(lab, vm, "hv1") is None, 5, "replaced and withdrawn")
    vm.announce()
    time.sleep(0.5)
    row = lab.rows("hv1", vm)[0]
    assert row.dev == TRUNK.vxlan and row.sticky and not row.state & rtnl.NUD_NOARP
    # FRR leaves hunt the withdrawn route for a while; one that is advertised again would stay.
    until(lambda: bare(lab, vm, "hv1") is None, 5, "the learned MAC is advertised again")
    tell("a sticky route holds its MAC against a learned one, and against its next frame")


def test_own_mac_is_never_given_away(lab, tell, announce):
    """A route for the address of a hypervisor's own bridge, access port or uplink is not installed there."""
    own = "02:00:0a:00:00:02"
    before = lab.sockets["hv2"].get(("fdb", TRUNK.vlan, own), TRUNK.access)
    announce(own, "", "hv3", 100, True)
    until(lambda: (row := lab.sockets["hv1"].get(("self", TRUNK.vxlan, own))) and row.dst == LOOPBACK["hv3"], 5, "the others have no reason to doubt it")
    time.sleep(0.5)
    assert lab.sockets["hv2"].get(("fdb", TRUNK.vlan, own), TRUNK.access) == before
    assert lab.sockets["hv2"].get(("self", TRUNK.vxlan, own)) is None
    tell("a remote sticky route for hv2's own bridge address is not installed on hv2")
