"""What a fabric owes before any VM moves: the underlay, no transit, own MACs kept private, devices that come and go."""

import json
import signal
import time

import netns
import pytest
import rtnl
from fabric import AS, HYPERVISORS, LOOPBACK, PLAIN, TRUNK, segment_lines
from lab import until
from vms import Probe

pytestmark = pytest.mark.fabric("evpnd/frr", "evpnd/evpnd")

RECONNECT_S = 40


def routes(node):
    return {r["dst"]: r for r in json.loads(netns.run(node, "ip", "-json", "route", "show"))}


def test_underlay(lab, tell):
    """Every loopback is reachable, the other hypervisors over both uplinks, next hops are IPv6 link-local."""
    table = routes("hv1")
    for node in set(AS) - {"hv1"}:
        route = table[LOOPBACK[node]]
        hops = route.get("nexthops", [route])
        assert all(hop["via"]["family"] == "inet6" for hop in hops)
        if node in HYPERVISORS:
            assert {hop["dev"] for hop in hops} == {"eth4", "eth5"}
    for node in set(AS) - {"hv1"}:
        netns.run("hv1", "ping", "-c", "1", "-W", "2", "-I", LOOPBACK["hv1"], LOOPBACK[node])
    tell(f"underlay: {len(table)} routes, ECMP over both uplinks, protocol {table[LOOPBACK['hv2']]['protocol']}")


def test_no_transit(lab, tell):
    """`set community no-export additive` on what the leaves send keeps a hypervisor from passing it on."""
    middle = [r for r in lab.collector.since(0) if set(r.path[:-1]) & {AS[n] for n in HYPERVISORS}]
    assert not middle
    tell("no hypervisor is transit between its leaves")


def test_own_macs_stay_private(lab, tell):
    own = set()
    for node in HYPERVISORS:
        own |= {link["address"] for link in json.loads(netns.run(node, "ip", "-json", "link", "show"))}
    told = {r.mac for r in lab.collector.since(0) if r.kind == 2}
    assert not told & own, told & own
    tell(f"none of {len(own)} device addresses was ever advertised")


def test_learned_host_moves(lab, tell):
    """No agent at all: the bridge learns a chatty VM, and learns it elsewhere when it has moved."""
    vm = lab.vm(chatty=True)
    vm.plug("hv2")
    until(lambda: lab.collector.routes(vm.mac), 5, "the learned MAC advertised")
    first = lab.collector.routes(vm.mac)[0]
    probe = Probe(lab.observers["hv3", TRUNK], vm)
    time.sleep(0.3)
    start = time.monotonic()
    vm.unplug()
    vm.plug("hv1")
    until(lambda: any(r.nexthop == LOOPBACK["hv1"] for r in lab.collector.routes(vm.mac)), 5, "the MAC advertised by its new host")
    until(lambda: all((own := lab.rows(n, vm)[1]) and own.dst == LOOPBACK["hv1"] for n in ("hv2", "hv3")), 5, "both others follow")
    until(lambda: {r.nexthop for r in lab.collector.routes(vm.mac)} == {LOOPBACK["hv1"]}, 5, "the old host withdraws")
    time.sleep(0.5)
    probe.stop()
    row = lab.rows("hv1", vm)[0]
    assert row and row.dev == TRUNK.access and row.state & rtnl.NUD_NOARP == 0
    sequence = [r.sequence for r in lab.collector.routes(vm.mac)]
    tell(f"learned, no agent: sequence {first.sequence} -> {sequence}, {probe.lost(start)} packets lost")
    assert set(sequence) == {(first.sequence or 0) + 1} and probe.lost(start) < 50


def test_uplink_lost(lab, tell):
    """One uplink of two goes and comes back: no route is lost, and nothing of the agent's."""
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv1")
    hits = len(lab.watch.hits)
    probe, start = Probe(lab.observers["hv3", TRUNK], vm), time.monotonic()
    time.sleep(0.2)
    netns.run("leaf1", "ip", "link", "set", "hv1", "down")
    time.sleep(2)
    assert not lab.wrong(vm, "hv1", agents["hv1"])
    netns.run("leaf1", "ip", "link", "set", "hv1", "up")
    until(lambda: "eth4" in lab.fabric.daemons["hv1"].established(), RECONNECT_S, "hv1's session with leaf1")
    until(lambda: len(routes("hv1")[LOOPBACK["hv2"]].get("nexthops", ())) == 2, 10, "both uplinks in use again")
    probe.stop()
    assert not lab.wrong(vm, "hv1", agents["hv1"]) and len(lab.watch.hits) == hits
    tell(f"an uplink lost for 2 s: {probe.lost(start)} packets lost until the fabric routed around it")
    assert probe.lost(start) < 150


@pytest.mark.parametrize("segment", (PLAIN,), ids=("one-bridge-per-VNI",))
def test_vxlan_device_comes_and_goes(lab, tell, segment):
    agents, vm = lab.agents(segment=segment), lab.vm(segment=segment)
    lab.place(vm, agents, "hv1")
    netns.run("hv3", "ip", "link", "del", segment.vxlan)
    until(lambda: all(LOOPBACK["hv3"] not in flood(lab, n, segment) for n in ("hv1", "hv2")), 10, "hv3 out of the flood lists")
    netns.batch("hv3", "ip", segment_lines("hv3", segment)[:2])
    lab.sockets["hv3"].refresh()
    until(lambda: all(lab.flooded(n, segment) for n in HYPERVISORS), 10, "flood lists whole again")
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 10, lambda: f"{lab.wrong(vm, 'hv1', agents['hv1'])}")
    tell("a VXLAN device deleted and made again: IMET withdrawn and advertised, hosts installed again")


def flood(lab, node, segment):
    rows = [e for e in lab.sockets[node].dump(rtnl.AF_BRIDGE) if isinstance(e, rtnl.Fdb)]
    return {e.dst for e in rows if e.dev == segment.vxlan and e.self_table and e.mac == "00:00:00:00:00:00"}


def test_reload_keeps_sessions(lab, tell):
    daemon = lab.fabric.daemons["hv1"]
    before = json.loads(daemon.show("show bgp l2vpn evpn summary json"))["peers"]
    daemon.kill(signal.SIGHUP)
    time.sleep(2)
    after = json.loads(daemon.show("show bgp l2vpn evpn summary json"))["peers"]
    assert daemon.alive() and {n: p["state"] for n, p in after.items()} == {n: p["state"] for n, p in before.items()}
    tell("SIGHUP with the same file: no session lost")


def test_stop_keeps_the_kernel_state(lab, tell):
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv1")
    daemon = lab.fabric.daemons["hv3"]
    before, ways = lab.rows("hv3", vm), routes("hv3")
    daemon.stop()
    time.sleep(0.5)
    after, left = lab.rows("hv3", vm), routes("hv3")
    daemon.start()
    assert after == before and set(left) == set(ways)
    until(lambda: {"eth4", "eth5"} <= daemon.established(), RECONNECT_S, "hv3's sessions")
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 10, lambda: f"{lab.wrong(vm, 'hv1', agents['hv1'])}")
    tell("SIGTERM keeps routes, rows and neighbours; the next start adopts them")


def test_flush_on_exit(lab, tell):
    """--flush-on-exit removes what is ours and only that."""
    agents, vm, other = lab.agents(), lab.vm(), lab.vm()
    lab.place(vm, agents, "hv1")
    lab.place(other, agents, "hv3")
    daemon, hits = lab.fabric.daemons["hv3"], len(lab.watch.hits)
    daemon.stop()
    daemon.options.append("--flush-on-exit")
    daemon.start()
    until(lambda: {"eth4", "eth5"} <= daemon.established(), RECONNECT_S, "hv3's sessions")
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 10, "hv3 up again")
    daemon.stop()
    daemon.options.remove("--flush-on-exit")
    left = [row for row in lab.rows("hv3", vm) if row] + sorted(flood(lab, "hv3", TRUNK)) + [d for d in routes("hv3") if d in LOOPBACK.values()]
    lab.watch.audit(lab.sockets)
    touched = len(lab.watch.hits) - hits
    daemon.start()
    until(lambda: {"eth4", "eth5"} <= daemon.established(), RECONNECT_S, "hv3's sessions")
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]) and not lab.wrong(other, "hv3", agents["hv3"]), 10, "all as before")
    tell(f"--flush-on-exit: {len(left)} of our entries left, {touched} of the agent's touched")
    assert not left and touched == 0


def audited(daemon):
    """The outcome of an audit that begins now."""
    runs = json.loads(daemon.show("show evpn audit json"))["runs"]
    daemon.show("audit")
    until(lambda: json.loads(daemon.show("show evpn audit json"))["runs"] > runs, 20, "the audit's end")
    return json.loads(daemon.show("show evpn audit json"))


def differences(outcome):
    return outcome["kernelDifferences"], outcome["desiredDifferences"]


def test_audit(lab, tell):
    """The kernel told everything: audits find nothing, but for a change that no kernel tells, of a neighbour's protocol."""
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv1")
    for node in HYPERVISORS:
        outcome = audited(lab.fabric.daemons[node])
        tell(f"audit on {node}: {outcome['rows']} rows, {outcome['reads']} read singly, {outcome['lastDumpMsecs']} ms, differences {differences(outcome)}")
        assert differences(outcome) == (0, 0)
    taken = ["ip", "neigh", "replace", vm.ip, "lladdr", vm.mac, "dev", TRUNK.svi, "nud", "noarp", "extern_learn", "protocol", "99"]
    netns.run("hv3", *taken)
    outcome = audited(lab.fabric.daemons["hv3"])
    assert differences(outcome) == (1, 0)
    netns.run("hv3", "ip", "neigh", "del", vm.ip, "dev", TRUNK.svi)
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 10, lambda: f"{lab.wrong(vm, 'hv1', agents['hv1'])}")
    tell("a neighbour taken over without a notification: the audit tells")
