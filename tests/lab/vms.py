"""VMs and the prober that counts what reaches them.

A VM has a twin namespace on every hypervisor with the same MAC and IP address; it runs where its tap is a port of
br-ovs (or the like of another segment), and a migration moves that. A *silent* VM sends nothing at all (no IPv6, nothing asks it by ARP); a *chatty* one
announces itself when it resumes and answers every probe.

The observer sends a numbered datagram every 10 ms and the twins write down what arrives, so the count is one-way and a
silent VM stays silent.
"""

import select
import socket
import struct
import threading
import time

import netns
import rtnl
from fabric import HYPERVISORS, TRUNK

PORT = 9000
ETH_P_ARP = 0x0806


class Vm:
    def __init__(self, name, number, chatty=False, segment=TRUNK, hosts=HYPERVISORS):
        self.name, self.chatty, self.segment = name, chatty, segment
        self.mac = f"fa:16:3e:7e:{number >> 8:02x}:{number & 255:02x}"
        self.ip = f"{segment.prefix}{number}"
        self.tap = f"tap-{name}"
        self.place = None
        self.twins = {host: f"{host}.{name}" for host in hosts}
        for host, twin in self.twins.items():
            self.make_twin(host, twin)
        self.sockets = {host: self.open(twin) for host, twin in self.twins.items()}
        self.links = {host: rtnl.Rtnl(host) for host in hosts}

    def make_twin(self, host, twin):
        netns.batch(None, "ip", [f"netns add {twin}"])
        netns.sysctl(twin, net__ipv6__conf__all__disable_ipv6=1, net__ipv6__conf__default__disable_ipv6=1)
        netns.batch(host, "ip", [f"link add {self.tap} type veth peer name eth0 netns {twin} address {self.mac}", f"link set {self.tap} up"])
        netns.batch(twin, "ip", ["link set eth0 arp on up", f"address add {self.ip}/24 dev eth0"])

    @staticmethod
    def open(twin):
        with netns.inside(twin):
            handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            handle.bind(("", PORT))
        return handle

    def plug(self, host):
        self.links[host].set_master(self.tap, self.segment.plug)
        self.place = host
        if self.chatty:
            self.announce()

    def unplug(self):
        if self.place:
            self.links[self.place].set_master(self.tap, None)
            self.place = None

    def announce(self):
        """A gratuitous ARP from the running twin."""
        mac, ip = rtnl.mac_bytes(self.mac), socket.inet_aton(self.ip)
        frame = b"\xff" * 6 + mac + struct.pack("!HHHBBH", ETH_P_ARP, 1, 0x0800, 6, 4, 1) + mac + ip + b"\0" * 6 + ip
        with netns.inside(self.twins[self.place]):
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
                raw.bind(("eth0", 0))
                raw.send(frame)

    def close(self):
        for handle in self.sockets.values():
            handle.close()
        for host, twin in self.twins.items():
            netns.batch(host, "ip", [f"link del {self.tap}"])
            netns.batch(None, "ip", [f"netns del {twin}"])


class Observer:
    """The namespace from which VMs are probed; a host like any other, with its own MAC."""

    def __init__(self, host="hv3", segment=TRUNK):
        self.vm = Vm(f"obs{segment.vni}", 250 + int(host[2:]), segment=segment, hosts=(host,))
        self.host, self.namespace = host, self.vm.twins[host]
        self.vm.plug(host)

    def know(self, vm):
        """A fixed neighbour, so that the observer need not ask and the VM need not answer."""
        netns.batch(self.namespace, "ip", [f"neigh replace {vm.ip} lladdr {vm.mac} dev eth0 nud permanent"])
        for host, twin in vm.twins.items():
            netns.batch(twin, "ip", [f"neigh replace {self.vm.ip} lladdr {self.vm.mac} dev eth0 nud permanent"])

    def close(self):
        self.vm.close()


class Probe:
    """Probes one VM from one observer until `stop`; then has the figures."""

    def __init__(self, observer, vm, interval=0.01):
        self.observer, self.vm, self.interval = observer, vm, interval
        self.sent, self.arrived, self.answered = [], {}, set()
        self.running = True
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()

    def send(self):
        handle = self.observer.vm.sockets[self.observer.host]
        due = time.monotonic()
        while self.running:
            try:
                handle.sendto(struct.pack("!I", len(self.sent)), (self.vm.ip, PORT))
            except OSError:
                pass
            self.sent.append(time.monotonic())
            due = max(due + self.interval, time.monotonic() - self.interval)
            time.sleep(max(0.0, due - time.monotonic()))

    def receive(self):
        poll = select.poll()
        hosts = {}
        for host, handle in self.vm.sockets.items():
            poll.register(handle, select.POLLIN)
            hosts[handle.fileno()] = host
        answers = self.observer.vm.sockets[self.observer.host]
        poll.register(answers, select.POLLIN)
        while self.running:
            for fd, _ in poll.poll(100):
                try:
                    if fd == answers.fileno():
                        self.answered.add(struct.unpack("!I", answers.recv(64))[0])
                    else:
                        self.arrive(hosts[fd])
                except BlockingIOError:
                    pass

    def arrive(self, host):
        handle = self.vm.sockets[host]
        raw, sender = handle.recvfrom(64)
        number = struct.unpack("!I", raw)[0]
        self.arrived.setdefault(number, (time.monotonic(), host))
        if self.vm.chatty and host == self.vm.place:
            handle.sendto(raw, sender)

    def stop(self):
        self.running = False
        for thread in self.threads:
            thread.join()

    def lost(self, start, end=None):
        """Number of probes sent from `start` to `end` that never arrived. The last 50 ms do not count."""
        end = end or self.sent[-1] - 0.05
        return sum(1 for n, t in enumerate(self.sent) if start <= t < end and n not in self.arrived)

    def unanswered(self, start, end):
        """The same for the way there and back."""
        return sum(1 for n, t in enumerate(self.sent) if start <= t < end and n not in self.answered)

    def first_at(self, host, start):
        """When the first probe sent after `start` arrived at `host`; None if none did."""
        return min((t for n, (t, h) in self.arrived.items() if h == host and self.sent[n] >= start), default=None)
