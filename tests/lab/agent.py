"""The orchestrator's agent on a hypervisor: it writes a VM's forwarding entry and neighbour, and later deletes them.

    bridge fdb replace MAC dev veth-to-ovs master static [sticky] vlan 99        (or `bridge fdb add`: exclusive)
    ip neigh replace IP lladdr MAC dev irb-99 nud permanent proto 255

The messages are those of the two commands; they are sent from here so that the time of the write is known to the
millisecond and the neighbour's port id is the agent's.
"""

import threading
import time

import rtnl
from fabric import TRUNK

PROTO = 255


class Agent:
    def __init__(self, node, watch, sticky=True, neighbours=True, exclusive=False, segment=TRUNK):
        self.node, self.watch = node, watch
        self.sticky, self.neighbours, self.exclusive = sticky, neighbours, exclusive
        self.segment = segment
        self.socket = rtnl.Rtnl(node)
        watch.agents[node, self.socket.portid] = "agent"
        self.hook = None  # called with the VM before its entries are written
        self.loop, self.rewrites = None, 0

    def fdb(self, vm):
        return rtnl.Fdb(self.segment.access, vm.mac, self.segment.vlan, rtnl.NUD_NOARP, rtnl.NTF_STICKY if self.sticky else 0)

    def neigh(self, vm):
        return rtnl.Neigh(self.segment.svi, vm.ip, vm.mac, rtnl.NUD_PERMANENT, 0, PROTO)

    def write_fdb(self, vm):
        entry = self.fdb(vm)
        request = rtnl.Fdb(entry.dev, entry.mac, entry.vlan, entry.state, entry.flags | rtnl.NTF_MASTER)
        flags = rtnl.NLM_F_CREATE | (rtnl.NLM_F_EXCL if self.exclusive else rtnl.NLM_F_REPLACE)
        return self.watch.write(self.node, entry, lambda: self.socket.fdb(rtnl.RTM_NEWNEIGH, request, flags), self.socket.portid)

    def write_neigh(self, vm):
        entry = self.neigh(vm)
        flags = rtnl.NLM_F_CREATE | rtnl.NLM_F_REPLACE
        return self.watch.write(self.node, entry, lambda: self.socket.neigh(rtnl.RTM_NEWNEIGH, entry, flags), self.socket.portid)

    def write(self, vm):
        """Write both entries; return the error of the first, which an exclusive agent meets when the slot is taken."""
        if self.hook:
            self.hook(vm)
        error = self.write_fdb(vm)
        if self.neighbours:
            self.write_neigh(vm)
        return error

    def remove(self, vm):
        entry = self.fdb(vm)
        request = rtnl.Fdb(entry.dev, entry.mac, entry.vlan, 0, rtnl.NTF_MASTER)
        self.watch.remove(self.node, entry, lambda: self.socket.fdb(rtnl.RTM_DELNEIGH, request), self.socket.portid)
        if self.neighbours:
            entry = self.neigh(vm)
            self.watch.remove(self.node, entry, lambda: self.socket.neigh(rtnl.RTM_DELNEIGH, rtnl.Neigh(self.segment.svi, vm.ip)), self.socket.portid)

    def missing(self, vm):
        found = self.socket.get(self.fdb(vm).slot, self.segment.access)
        neigh = self.socket.get(self.neigh(vm).slot) if self.neighbours else None
        return not (found and found.same(self.fdb(vm))) or self.neighbours and neigh != self.neigh(vm)

    def start_loop(self, vm, interval=1.0):
        """The reconcile loop: look every second, write again what is not as wanted."""
        stop = threading.Event()

        def run():
            while not stop.wait(interval):
                if self.missing(vm):
                    self.rewrites += 1
                    self.write(vm)

        self.loop = (stop, threading.Thread(target=run, daemon=True))
        self.loop[1].start()

    def stop_loop(self):
        if self.loop:
            self.loop[0].set()
            self.loop[1].join()
            self.loop = None


def patiently(agent, vm, interval=0.1, timeout=10.0):
    """What an exclusive agent has to do when its add is refused: try again until the slot is free. Seconds it took."""
    start = time.monotonic()
    while agent.write_fdb(vm) != 0:
        if time.monotonic() - start > timeout:
            return None
        time.sleep(interval)
    return time.monotonic() - start
