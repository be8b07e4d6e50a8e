"""A third implementation: GoBGP at leaf2 announces a VTEP with hosts, and hears what the hypervisors announce."""

import pytest
import rtnl
from fabric import HYPERVISORS, LOOPBACK, TRUNK
from gobgp import VTEP
from lab import until

pytestmark = pytest.mark.fabric("frr/frr", "evpnd/frr", "evpnd/evpnd")

HOST, HOST_IP, BARE = "aa:bb:cc:00:00:01", "185.47.41.77", "aa:bb:cc:00:00:02"


@pytest.fixture(scope="module")
def speaker(lab):
    speaker = lab.start_gobgp()
    speaker.announce_vtep()
    return speaker


def installed(lab, node, mac):
    socket = lab.sockets[node]
    row, own = socket.get(("fdb", TRUNK.vlan, mac), TRUNK.access), socket.get(("self", TRUNK.vxlan, mac))
    return bool(row and row.dev == TRUNK.vxlan and own and own.dst == VTEP)


def in_flood_list(lab, node):
    rows = lab.sockets[node].dump(rtnl.AF_BRIDGE)
    return any(e.dev == TRUNK.vxlan and e.self_table and e.mac == "00:00:00:00:00:00" and e.dst == VTEP for e in rows if isinstance(e, rtnl.Fdb))


def test_imet_route_is_a_flood_entry(lab, speaker, tell):
    speaker.multicast("add", TRUNK.vni)
    until(lambda: all(in_flood_list(lab, n) for n in HYPERVISORS), 5, "GoBGP's VTEP in every flood list")
    speaker.multicast("del", TRUNK.vni)
    until(lambda: not any(in_flood_list(lab, n) for n in HYPERVISORS), 5, "GoBGP's VTEP gone from every flood list")
    tell("GoBGP announces and withdraws IMET: flood entry comes and goes on every hypervisor")


def test_hosts_are_installed_and_removed(lab, speaker, tell):
    speaker.host("add", HOST, HOST_IP, TRUNK.vni)
    speaker.host("add", BARE, "0.0.0.0", TRUNK.vni)
    until(lambda: all(installed(lab, n, m) for n in HYPERVISORS for m in (HOST, BARE)), 5, "both hosts on every hypervisor")
    neigh = [lab.sockets[n].get(("neigh", TRUNK.svi, HOST_IP)) for n in HYPERVISORS]
    assert all(e and e.lladdr == HOST and e.flags & rtnl.NTF_EXT_LEARNED for e in neigh)
    speaker.host("del", HOST, HOST_IP, TRUNK.vni)
    speaker.host("del", BARE, "0.0.0.0", TRUNK.vni)
    until(lambda: not any(lab.sockets[n].get(("fdb", TRUNK.vlan, m), TRUNK.access) for n in HYPERVISORS for m in (HOST, BARE)), 5, "nothing left of GoBGP's hosts")
    until(lambda: not any(lab.sockets[n].get(("self", TRUNK.vxlan, m)) for n in HYPERVISORS for m in (HOST, BARE)), 5, "no VXLAN row left of GoBGP's hosts")
    tell("GoBGP announces and withdraws MAC and MAC+IP: bridge row, VXLAN row, neighbour come and go")


def test_hears_the_hypervisors(lab, speaker, tell):
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")

    def heard():
        return {(r["ip"] or "").strip("<nil>"): r for r in speaker.routes() if r["kind"] == 2 and r["mac"] == vm.mac and r["nexthop"] == LOOPBACK["hv2"]}

    until(lambda: {"", vm.ip} <= set(heard()), 5, lambda: f"both routes at GoBGP: {heard()}")
    bare = heard()[""]
    assert bare["sticky"]
    imet = {r["nexthop"] for r in speaker.routes() if r["kind"] == 3}
    assert imet >= {LOOPBACK[n] for n in HYPERVISORS}
    agents["hv2"].remove(vm)
    vm.unplug()
    until(lambda: not heard(), 5, "both routes withdrawn at GoBGP")
    tell(f"GoBGP hears MAC (sequence {bare['sequence']}, sticky) and MAC+IP of a pinned VM, IMET of every hypervisor, and the withdrawals")


@pytest.mark.not_on("frr/frr")  # zebra leaves its VXLAN row behind
def test_vm_moves_in_from_gobgp(lab, speaker, tell):
    """A host that GoBGP announced is pinned here: advertised above it, and GoBGP's late withdrawal hurts nothing."""
    agents, vm = lab.agents(), lab.vm()
    speaker.host("add", vm.mac, vm.ip, TRUNK.vni)
    until(lambda: all(installed(lab, n, vm.mac) for n in HYPERVISORS), 5, "GoBGP's host on every hypervisor")
    hits = len(lab.watch.hits)
    vm.plug("hv1")
    agents["hv1"].write(vm)
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 5, lambda: f"moved in: {lab.wrong(vm, 'hv1', agents['hv1'])}")
    speaker.host("del", vm.mac, vm.ip, TRUNK.vni)
    until(lambda: not lab.collector.routes(vm.mac) or all(r.nexthop == LOOPBACK["hv1"] for r in lab.collector.routes(vm.mac)), 5, "GoBGP's route withdrawn")
    lab.watch.audit(lab.sockets)
    assert not lab.wrong(vm, "hv1", agents["hv1"]) and len(lab.watch.hits) == hits
    tell("a VM moves in from GoBGP: advertised above it, its withdrawal touches nothing")
