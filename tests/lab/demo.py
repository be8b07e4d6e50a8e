"""The demo: the incident's migration once, told as a time line of who wrote what, what was advertised, when each host
switched, and what became of the orchestrator's entries."""

import os
import sys
import time

from fabric import HYPERVISORS, LOOPBACK
from lab import Lab
from rtnl import Fdb, Neigh

SOURCE, TARGET, OBSERVER, DELAY_MS = "hv2", "hv1", "hv3", 2000
COLOUR = os.environ.get("LAB_COLOUR") == "1"
HOSTS = {address: name for name, address in LOOPBACK.items()}


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def red(text):
    return paint("1;31", text)


def green(text):
    return paint("1;32", text)


def dim(text):
    return paint("2", text)


def say(text=""):
    print(text, flush=True)


def place(entry):
    """Where an entry points, in words."""
    if isinstance(entry, Fdb):
        if entry.self_table:
            return f"VXLAN entry to {HOSTS.get(entry.dst, entry.dst)}"
        kind = "sticky " * entry.sticky + ("static " if entry.state & 0x40 else "")
        return f"{kind}FDB entry on {entry.dev}"
    return f"neighbour {'from the fabric' if entry.flags & 0x10 else 'PERMANENT' if entry.state & 0x80 else 'gone' if entry.state & 0x20 else 'left to be learned anew'}"


def kernel_lines(lab, vm, since):
    """Kernel events in a reader's words. The failing half of a neighbour's deletion is left out."""
    for event in lab.watch.since(since):
        entry = event.entry
        if entry is None:
            if event.node in HYPERVISORS:
                yield event.time, event.node, event.who, paint("1", event.text)
            continue
        mine = entry.mac == vm.mac if isinstance(entry, Fdb) else entry.ip == vm.ip
        if not mine or isinstance(entry, Neigh) and entry.state & 0x20 and not event.removed:
            continue
        verb = "deletes the neighbour" if isinstance(entry, Neigh) and event.removed else f"{'deletes' if event.removed else 'writes'} {place(entry)}"
        harm = event.who not in ("agent", "kernel") and any(h.node == event.node and h.slot == entry.slot and abs(h.time - event.time) < 1e-3 for h in lab.watch.hits)
        yield event.time, event.node, event.who, red(verb + "   <- over the agent's entry") if harm else verb


def route_lines(lab, vm, since):
    for route in lab.collector.since(since, vm.mac):
        what = "MAC+IP" if route.ip else "MAC"
        if route.withdrawn:
            host = HOSTS.get(route.rd.split(":")[0], route.rd)
            yield route.time, "leaf1", "BGP", f"withdraw {what} route of {host}"
            continue
        host = HOSTS.get(route.nexthop, route.nexthop)
        mobility = "no sequence" if route.sequence is None else f"sequence {route.sequence}" + (", sticky" if route.sticky else "")
        detour = f", hunted over {len(route.path)} hops" if len(route.path) > 2 else ""
        yield route.time, "leaf1", "BGP", f"{what} route via {host}, {mobility}{detour}"


def decision_lines(lab, vm, since):
    """What each evpnd says of itself."""
    for node in HYPERVISORS:
        daemon = lab.fabric.daemons[node]
        if daemon.kind == "evpnd":
            yield from ((moment, node, "evpnd", dim(text)) for moment, kind, text in daemon.watched(vm.mac) if kind in ("decided", "alarm") and moment >= since)


def story(lab, vm, start):
    lines = sorted([*kernel_lines(lab, vm, start), *route_lines(lab, vm, start), *decision_lines(lab, vm, start)])
    previous, said = None, None
    for moment, node, who, text in lines:
        if (node, who, text) == said:
            continue
        said = (node, who, text)
        if previous is not None and moment - previous > 0.2:
            say(dim("            |"))
        previous = moment
        say(f"{1e3 * (moment - start):8.1f} ms {node:<6} {who:<9} {text}")


def switched(report, node, when):
    if when is None:
        return "never"
    if any(w.startswith(node) for w in report.wrong):
        return f"after {when:.0f} ms, and not any more"
    held = ", when its own agent let go" if node == SOURCE and when >= DELAY_MS else ""
    return f"after {when:.0f} ms{held}"


def verdict(lab, vm, report):
    def row(name, good, text):
        say(f"  {name:<34} {(green if good else red)(text)}")

    say()
    dark = ", and they still are at the end" if report.outage is None else ""
    row(f"packets of {OBSERVER} lost", report.outage is not None and report.outage < 500, f"{report.lost}, one sent every 10 ms{dark}")
    row("advertised by the target", report.advertised is not None, "never" if report.advertised is None else f"after {report.advertised:.0f} ms, " + ("MAC+IP only" if report.sequence is None else f"sequence {report.sequence}"))
    for node in (SOURCE, OBSERVER):
        when = report.switched.get(node)
        row(f"{node} sends to the target", when is not None and not any(w.startswith(node) for w in report.wrong), switched(report, node, when))
    row("agent's entries touched", report.touched == 0, f"{report.touched}" + (f" ({report.lost_entries} lost, {report.repaired} repaired)" if report.touched else ""))
    row("end state on all hosts", not report.wrong, "right" if not report.wrong else "WRONG")
    for sentence in report.wrong:
        say(f"      {sentence}")
    say()


def main():
    hypervisor, switch = os.environ.get("HV", "evpnd"), os.environ.get("LEAF", "evpnd")
    say(f"Three hypervisors run {hypervisor}; two leaves, two spines and a super-spine run {switch}. One Linux kernel, eight namespaces.")
    begin = time.monotonic()
    lab = Lab(hypervisor, switch)
    try:
        lab.converge()
        say(f"The fabric has converged ({time.monotonic() - begin:.0f} s).")
        agents, vm = lab.agents(), lab.vm()
        lab.place(vm, agents, SOURCE)
        say(f"A silent VM ({vm.mac}, {vm.ip}) runs on {SOURCE}; {OBSERVER} sends it a packet every 10 ms.")
        say(f"Now it migrates live to {TARGET}. The orchestrator's agent writes its entries there, and deletes the old ones {DELAY_MS} ms later.")
        say()
        for node in HYPERVISORS:
            if lab.fabric.kinds[node] == "evpnd":
                lab.fabric.daemons[node].watch()
        time.sleep(0.5)
        report = lab.migrate(vm, agents, SOURCE, TARGET, DELAY_MS, settle=DELAY_MS / 1e3 + 2)
        story(lab, vm, report.start)
        verdict(lab, vm, report)
        return 0 if not report.wrong and report.lost_entries == 0 or hypervisor == "frr" else 1
    finally:
        lab.fabric.save_logs(os.environ.get("LAB_RESULTS", "/tmp"))
        lab.close()


sys.exit(main())
