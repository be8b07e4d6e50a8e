"""The lab as a whole: fabric, judge, collector and observer, and the one act that all cells are made of: a migration."""

import time
from dataclasses import dataclass, field

import collector
import fabric
import gobgp
import rtnl
import watch
from agent import Agent, patiently
from fabric import HYPERVISORS, LOOPBACK, PLAIN, TRUNK
from vms import Observer, Probe, Vm


@dataclass
class Report:
    """What one migration did. Times in ms after the VM stopped at the source; None: never. `outage` is how long the
    observer's packets were lost in all; None when they still are at the end."""

    cell: str
    start: float
    outage: float = None
    lost: int = 0
    advertised: float = None
    sequence: int = None
    sticky: bool = None
    switched: dict = field(default_factory=dict)
    touched: int = 0
    repaired: int = 0
    lost_entries: int = 0
    wrong: list = field(default_factory=list)
    settled: float = None
    refused: float = None
    rewrites: int = 0

    def line(self):
        def ms(value):
            return "never" if value is None else f"{value:.0f} ms"

        words = [f"{self.cell:<44}", "STILL DARK" if self.outage is None else f"outage {ms(self.outage):>8}", f"lost {self.lost:>3}", f"advertised {ms(self.advertised):>8}"]
        words += [f"seq {'-' if self.sequence is None else self.sequence}{'s' if self.sticky else ''}"]
        words += [f"foreign touched {self.touched} repaired {self.repaired} lost {self.lost_entries}"]
        words += [f"settled {ms(self.settled)}" if not self.wrong else f"WRONG END STATE ({len(self.wrong)})"]
        words += [f"refused for {ms(self.refused)}"] if self.refused is not None else []
        words += [f"agent rewrote {self.rewrites}"] if self.rewrites else []
        return "  ".join(words)


class Lab:
    """One kernel, one fabric. Boot it once and run many cells; every cell brings a VM of its own."""

    def __init__(self, hypervisor="frr", switch="frr", kinds=None, delay_ms=60):
        fabric.build(delay_ms)
        collector.build()
        gobgp.build()
        guests = {"leaf1": [(collector.ADDRESS, collector.AS)], "leaf2": [(gobgp.ADDRESS, gobgp.AS)]}
        self.fabric = fabric.Fabric(hypervisor, switch, kinds, guests)
        self.watch = watch.Watch(HYPERVISORS, {n: self.fabric.kinds[n] for n in HYPERVISORS})
        self.sockets = {node: rtnl.Rtnl(node) for node in HYPERVISORS}
        self.fabric.start()
        self.collector = collector.Collector()
        self.gobgp = None
        self.number = 1
        self.cell_start = time.monotonic()
        self.observers = {}

    def converge(self, timeout=60):
        self.fabric.wait_converged(timeout)
        if not self.collector.up.wait(timeout):
            raise RuntimeError("the route collector has no session")
        until(lambda: all(self.flooded(n, s) for n in HYPERVISORS for s in (TRUNK, PLAIN)), timeout, "flood lists")
        self.observers = {(host, TRUNK): Observer(host) for host in HYPERVISORS}
        self.observers["hv3", PLAIN] = Observer("hv3", PLAIN)

    def flooded(self, node, segment):
        """The flood list of a hypervisor names exactly the two other VTEPs."""
        rows = [e for e in self.sockets[node].dump(rtnl.AF_BRIDGE) if isinstance(e, rtnl.Fdb) and e.dev == segment.vxlan and e.self_table and e.mac == "00:00:00:00:00:00"]
        return {e.dst for e in rows} == {LOOPBACK[n] for n in HYPERVISORS if n != node}

    def start_gobgp(self):
        """GoBGP only where a cell wants it: it is one more process on the one CPU."""
        if self.gobgp is None:
            self.gobgp = gobgp.Speaker()
            self.gobgp.start()
            until(self.gobgp.established, 30, "GoBGP's session")
        return self.gobgp

    def close(self):
        if self.gobgp:
            self.gobgp.stop()
        self.collector.close()
        self.watch.close()
        self.fabric.stop()

    # --- VMs and agents -------------------------------------------------------------------------------------------

    def vm(self, chatty=False, segment=TRUNK):
        self.number += 1
        vm = Vm(f"vm{self.number}", self.number, chatty, segment)
        for (_, theirs), observer in self.observers.items():
            if theirs == segment:
                observer.know(vm)
        return vm

    def agents(self, **options):
        return {node: Agent(node, self.watch, **options) for node in HYPERVISORS}

    def place(self, vm, agents, host, timeout=10):
        """Let a VM start at `host` and wait until the whole fabric has it there."""
        vm.plug(host)
        agents[host].write(vm)
        until(lambda: not self.wrong(vm, host, agents[host]), timeout, lambda: f"{vm.mac} at {host}: {self.wrong(vm, host, agents[host])}")

    def retire(self, vm, agents):
        """The VM ends: its entries go, and with them everything about it on every host."""
        agents[vm.place].remove(vm)
        vm.unplug()
        until(lambda: not self.leftovers(vm), 5, lambda: f"nothing left: {self.leftovers(vm)}")
        vm.close()

    # --- the truth ------------------------------------------------------------------------------------------------

    def rows(self, node, vm):
        """What a hypervisor has of a VM: bridge row, VXLAN row, neighbour."""
        socket, segment = self.sockets[node], vm.segment
        neigh = socket.get(("neigh", segment.svi, vm.ip))
        if neigh and neigh.state & (rtnl.NUD_FAILED | rtnl.NUD_INCOMPLETE):
            neigh = None
        return socket.get(("fdb", segment.vlan, vm.mac), segment.access), socket.get(("self", segment.vxlan, vm.mac)), neigh

    def wrong(self, vm, host, agent):
        """Everything that is not as it has to be when the VM is at `host` and only there, as sentences."""
        found = []
        for node in HYPERVISORS:
            found += self.wrong_at_home(node, vm, agent) if node == host else self.wrong_abroad(node, vm, host, agent)
        return found

    def wrong_at_home(self, node, vm, agent):
        row, own, neigh = self.rows(node, vm)
        found = []
        if not (row and row.same(agent.fdb(vm))):
            found.append(f"{node}: the agent's FDB entry is {row}")
        if own:
            found.append(f"{node}: left over {own}")
        if agent.neighbours and neigh != agent.neigh(vm):
            found.append(f"{node}: the agent's neighbour is {neigh}")
        return found

    def wrong_abroad(self, node, vm, host, agent):
        row, own, neigh = self.rows(node, vm)
        found = []
        if not (row and row.dev == vm.segment.vxlan):
            found.append(f"{node}: bridge row is {row}")
        if not (own and own.dst == LOOPBACK[host]):
            found.append(f"{node}: VXLAN row is {own}")
        if agent.neighbours and not (neigh and neigh.lladdr == vm.mac and neigh.flags & rtnl.NTF_EXT_LEARNED):
            found.append(f"{node}: remote neighbour is {neigh}")
        return found

    def leftovers(self, vm):
        """Rows of a VM that is nowhere any more."""
        return [f"{node}: {row}" for node in HYPERVISORS for row in self.rows(node, vm) if row]

    def hunted(self, vm, since):
        """Routes of a VM's that came the long way round after `since`: the fabric's path hunting."""
        return [r for r in self.collector.since(since, vm.mac) if len(r.path) > 2]

    def story(self, since, vm=None):
        """The time line from `since` on, kernel events of all hypervisors and routes together, in ms from its begin."""
        lines = [(e.time, e.node, e.who, e.text) for e in self.watch.since(since) if vm is None or vm.mac in e.text or vm.ip in e.text]
        lines += [(r.time, "leaf1", "BGP", str(r)) for r in self.collector.since(since, vm.mac if vm else None)]
        text = "\n".join(f"{1e3 * (t - since):8.1f} {node:<6} {who:<8} {what}" for t, node, who, what in sorted(lines))
        return text + "".join(f"\nhit: {hit}" for hit in self.watch.hits if hit.time >= since)

    # --- the act --------------------------------------------------------------------------------------------------

    def migrate(self, vm, agents, source, target, delay_ms, cell="", settle=6.0, patient=False, before_delete=None, loop=False, probe=True, linger=0.7):
        """Move a VM that is at `source` to `target`; the source's entries are deleted `delay_ms` after the target's are
        written, or that long before if negative. Returns the Report when the end state has been right for a while, or
        after `settle` seconds."""
        observer = next(n for n in reversed(HYPERVISORS) if n not in (source, target))
        probe = Probe(self.observers[observer, vm.segment], vm) if probe else None
        time.sleep(0.2 if probe else 0)
        first_hit, report = len(self.watch.hits), Report(cell, time.monotonic())
        self.watch.note(source, "operator", f"{vm.name} stops here")
        vm.unplug()
        if delay_ms < 0:
            agents[source].remove(vm)
            time.sleep(-delay_ms / 1e3)
        vm.plug(target)
        self.watch.note(target, "operator", f"{vm.name} resumes here")
        error = agents[target].write(vm)
        written = time.monotonic()
        if loop:
            agents[target].start_loop(vm)
        if before_delete:
            before_delete()
        if delay_ms >= 0:
            time.sleep(max(0.0, written + delay_ms / 1e3 - time.monotonic()))
            agents[source].remove(vm)
        if error and patient:
            waited = patiently(agents[target], vm)
            report.refused = None if waited is None else 1e3 * (time.monotonic() - written)
        self.settle(vm, agents[target], target, report, settle, linger)
        if probe:
            time.sleep(0.3)
            probe.stop()
        agents[target].stop_loop()
        self.measure(vm, agents, target, report, probe, first_hit)
        return report

    def settle(self, vm, agent, target, report, limit, linger):
        """Wait for the right end state, then long enough for a late echo of the fabric to spoil it."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            report.wrong = self.wrong(vm, target, agent)
            if report.wrong:
                report.settled = None
            elif report.settled is None:
                report.settled = 1e3 * (time.monotonic() - report.start)
            elif 1e3 * (time.monotonic() - report.start) > report.settled + 1e3 * linger:
                return
            time.sleep(0.02)

    def measure(self, vm, agents, target, report, probe, first_hit):
        self.watch.audit(self.sockets)
        hits = self.watch.hits[first_hit:]
        report.touched, report.lost_entries = len(hits), sum(h.lost for h in hits)
        report.repaired = report.touched - report.lost_entries
        report.rewrites = agents[target].rewrites
        if probe:
            report.lost = probe.lost(report.start)
            recovered = probe.first_at(target, probe.sent[-1] - 0.25) is not None
            report.outage = 1e3 * report.lost * probe.interval if recovered else None
        told = [r for r in self.collector.since(report.start, vm.mac) if r.nexthop == LOOPBACK[target]]
        if told:
            report.advertised = 1e3 * (told[0].time - report.start)
            final = [r for r in self.collector.routes(vm.mac) if r.nexthop == LOOPBACK[target] and not r.ip]
            report.sequence, report.sticky = (final[0].sequence, final[0].sticky) if final else (None, None)
        for event in self.watch.since(report.start):
            entry = event.entry
            if isinstance(entry, rtnl.Fdb) and entry.self_table and entry.mac == vm.mac and entry.dst == LOOPBACK[target] and not event.removed:
                report.switched.setdefault(event.node, 1e3 * (event.time - report.start))


def until(condition, timeout, what):
    """Poll until the condition holds; the failure says what was waited for."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(0.03)
