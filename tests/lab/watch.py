"""The judge: it hears every FDB and neighbour event on the hypervisors and knows what the agent wrote there.

A foreign entry is one that the agent wrote and has not deleted. Each event that shows its slot with other content is a
*hit*. A hit is *repaired* if the content comes back by other hands than the agent's, otherwise the entry is *lost*,
also if the agent's own loop later writes it again. Hits are what evpnd promises not to make.

Whose an event is: a neighbour event carries the writer's port id. An FDB event never says, so the agent's writes go
through `write` and `remove` below, which hold the lock and drain the monitor right before and after: the kernel queues
the notification before the request returns, so the agent's own echo is found among very few, and what stands before it
is judged by the old state and what comes after it by the new.
"""

import select
import threading
import time
from dataclasses import dataclass, replace

import rtnl
from fabric import PLAIN, TRUNK

DEVICES = TRUNK.devices | PLAIN.devices
TUNNELS = {TRUNK.vxlan, PLAIN.vxlan}


@dataclass
class Hit:
    node: str
    slot: tuple
    time: float
    who: str
    found: str
    restored: float = None
    lost: bool = False

    def __str__(self):
        end = f"restored after {1e3 * (self.restored - self.time):.1f} ms" if self.restored else "LOST"
        return f"{self.node} {self.slot}: {self.who} made it [{self.found}], {end}"


@dataclass(frozen=True)
class Event:
    """One line of the time line."""

    time: float
    node: str
    who: str
    text: str
    entry: object = None
    removed: bool = False


class Watch:
    def __init__(self, nodes, daemon_kinds):
        self.monitors = {node: rtnl.Monitor(node) for node in nodes}
        self.kinds = dict(daemon_kinds)
        self.agents = {}
        self.expected = {node: {} for node in nodes}
        self.open, self.hits, self.events = {}, [], []
        self.lock = threading.RLock()
        self.running = True
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        poll = select.poll()
        nodes = {}
        for node, monitor in self.monitors.items():
            poll.register(monitor, select.POLLIN)
            nodes[monitor.fileno()] = node
        while self.running:
            for fd, _ in poll.poll(200):
                with self.lock:
                    self.take(nodes[fd])

    def close(self):
        self.running = False
        self.thread.join()

    def note(self, node, who, text):
        """Put something that is no kernel event on the time line."""
        with self.lock:
            self.events.append(Event(time.monotonic(), node, who, text))

    def take(self, node):
        for note in self.monitors[node].drain():
            self.judge(node, note)

    def judge(self, node, note, who=None):
        entry = note.entry
        if entry.dev not in DEVICES:
            return
        who = who or self.writer(node, note)
        gone = note.removed or isinstance(entry, rtnl.Neigh) and entry.state & rtnl.NUD_FAILED
        self.events.append(Event(note.time, node, who, ("delete " if note.removed else "") + str(entry), entry, note.removed))
        wanted = self.expected[node].get(entry.slot)
        if wanted is None:
            return
        hit = self.open.get((node, entry.slot))
        if not gone and entry.same(wanted):
            if hit:
                hit.restored, hit.lost = note.time, who == "agent"
                del self.open[node, entry.slot]
        elif hit is None:
            found = "gone" if gone else str(entry)
            self.open[node, entry.slot] = hit = Hit(node, entry.slot, note.time, who, found)
            self.hits.append(hit)

    def writer(self, node, note):
        entry = note.entry
        if isinstance(entry, rtnl.Neigh):
            return "kernel" if note.pid == 0 else self.agents.get((node, note.pid), self.kinds[node])
        static = entry.state & (rtnl.NUD_NOARP | rtnl.NUD_PERMANENT)
        if entry.dev in TUNNELS or entry.flags & rtnl.NTF_EXT_LEARNED or static:
            return self.kinds[node]
        return "kernel"

    def write(self, node, entry, send, portid):
        """The agent writes `entry` with `send()`, which returns an errno. What it wrote is foreign from its echo on."""
        with self.lock:
            self.take(node)
            began = time.monotonic()
            error = send()
            notes = self.monitors[node].drain()
            echo = next((i for i, n in enumerate(notes) if not n.removed and n.entry.same(entry) and n.pid in (0, portid)), len(notes))
            for note in notes[:echo]:
                self.judge(node, note)
            if error == 0:
                hit = self.open.pop((node, entry.slot), None)
                if hit:
                    hit.lost = True
                self.expected[node][entry.slot] = entry
            for index, note in enumerate(notes[echo:]):
                mine = index == 0 and error == 0
                # Others may have answered before this thread came to read; what was written first is told first.
                self.judge(node, replace(note, time=began) if mine else note, "agent" if mine else None)
            return error

    def remove(self, node, entry, send, portid):
        """The agent deletes `entry`; from then on the slot is nobody's. A hit still open then was a loss."""
        with self.lock:
            self.take(node)
            began = time.monotonic()
            error = send()
            notes = self.monitors[node].drain()
            ours = [n.entry.slot == entry.slot and (n.pid == portid or n.pid == 0 and n.removed) for n in notes]
            echo = ours.index(True) if error == 0 and True in ours else len(notes)
            for note in notes[:echo]:
                self.judge(node, note)
            hit = self.open.pop((node, entry.slot), None)
            if hit:
                hit.lost = True
            self.expected[node].pop(entry.slot, None)
            for index, note in enumerate(notes[echo:]):
                mine = ours[echo + index]
                self.judge(node, replace(note, time=began) if mine else note, "agent" if mine else None)
            return error

    def audit(self, sockets):
        """Read every foreign slot in the kernel; what differs and made no event is a hit all the same."""
        with self.lock:
            for node in self.monitors:
                self.take(node)
                for slot, wanted in self.expected[node].items():
                    found = sockets[node].get(slot, wanted.dev)
                    if not (found and found.same(wanted)) and (node, slot) not in self.open:
                        hit = Hit(node, slot, time.monotonic(), "unknown", str(found))
                        self.open[node, slot] = hit
                        self.hits.append(hit)
            for hit in self.open.values():
                hit.lost = True

    def since(self, start):
        with self.lock:
            return [e for e in self.events if e.time >= start]
