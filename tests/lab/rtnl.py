"""rtnetlink from bytes, as much as the lab needs: forwarding entries, neighbours, and the master of a link.

Written apart from evpnd's own decoder on purpose: the judge shares no code with the judged.
An entry is a plain tuple-like value; equality of two entries means that nothing an owner cares about differs.
"""

import errno
import socket
import struct
import time
from dataclasses import dataclass, replace

from netns import inside

AF_BRIDGE = 7
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_NEWLINK, RTM_GETLINK = 16, 18
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTMGRP_NEIGH = 4
NDA_DST, NDA_LLADDR, NDA_VLAN, NDA_MASTER, NDA_PROTOCOL = 1, 2, 5, 9, 12
NUD_INCOMPLETE, NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE = 1, 2, 4, 8, 16
NUD_FAILED, NUD_NOARP, NUD_PERMANENT = 0x20, 0x40, 0x80
NTF_SELF, NTF_MASTER, NTF_EXT_LEARNED, NTF_STICKY = 2, 4, 0x10, 0x40
SO_RCVBUFFORCE = 33
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1

NUD_NAMES = {1: "INCOMPLETE", 2: "REACHABLE", 4: "STALE", 8: "DELAY", 16: "PROBE", 32: "FAILED", 64: "NOARP", 128: "PERMANENT"}
PROTO_NAMES = {11: "zebra", 186: "bgp"}


def mac_bytes(text):
    return bytes(int(x, 16) for x in text.split(":"))


def mac_text(raw):
    return ":".join(f"{b:02x}" for b in raw)


@dataclass(frozen=True)
class Fdb:
    """A row of a bridge's table (`self` false) or of a VXLAN device's own table (`self` true)."""

    dev: str
    mac: str
    vlan: int = 0
    state: int = 0
    flags: int = 0
    dst: str = ""

    @property
    def self_table(self):
        return bool(self.flags & NTF_SELF)

    @property
    def slot(self):
        """What holds one entry: a bridge has one per (VLAN, MAC), a VXLAN device one per MAC."""
        return ("self", self.dev, self.mac) if self.self_table else ("fdb", self.vlan, self.mac)

    @property
    def sticky(self):
        return bool(self.flags & NTF_STICKY)

    def same(self, other):
        """Equal but for extern_learn, which survives a foreign overwrite and so belongs to nobody."""
        mask = ~NTF_EXT_LEARNED
        return isinstance(other, Fdb) and replace(self, flags=self.flags & mask) == replace(other, flags=other.flags & mask)

    def __str__(self):
        words = [f"fdb {self.mac} dev {self.dev}"]
        words += [f"dst {self.dst}"] if self.dst else []
        words += [f"vlan {self.vlan}"] if self.vlan else []
        words += ["self" if self.self_table else "", {NUD_NOARP: "static", NUD_PERMANENT: "permanent"}.get(self.state, "")]
        words += ["sticky" if self.sticky else "", "extern_learn" if self.flags & NTF_EXT_LEARNED else ""]
        return " ".join(w for w in words if w)


@dataclass(frozen=True)
class Neigh:
    dev: str
    ip: str
    lladdr: str = ""
    state: int = 0
    flags: int = 0
    proto: int = 0

    @property
    def slot(self):
        return ("neigh", self.dev, self.ip)

    def same(self, other):
        return self == other

    def __str__(self):
        words = [f"neigh {self.ip} dev {self.dev}"]
        words += [f"lladdr {self.lladdr}"] if self.lladdr else []
        words += ["extern_learn"] if self.flags & NTF_EXT_LEARNED else []
        words += [name for bit, name in NUD_NAMES.items() if self.state & bit]
        words += [f"proto {PROTO_NAMES.get(self.proto, self.proto)}"] if self.proto else []
        return " ".join(words)


@dataclass(frozen=True)
class Note:
    """One notification: when it was read, whether it removes, the entry, and the writer's port id (0: kernel)."""

    time: float
    removed: bool
    entry: object
    pid: int


def attribute(kind, payload):
    raw = struct.pack("=HH", len(payload) + 4, kind) + payload
    return raw + b"\0" * (-len(raw) % 4)


def attributes(raw):
    found = {}
    while len(raw) >= 4:
        length, kind = struct.unpack_from("=HH", raw)
        if length < 4:
            break
        found[kind & 0x3FFF] = raw[4:length]
        raw = raw[(length + 3) & ~3 :]
    return found


class Rtnl:
    """A request socket inside one namespace. `portid` is what the kernel puts on the neighbour events it causes."""

    def __init__(self, namespace):
        with inside(namespace):
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
            self.socket.bind((0, 0))
            self.indexes = {name: index for index, name in socket.if_nameindex()}
        self.names = {index: name for name, index in self.indexes.items()}
        self.namespace = namespace
        self.portid = self.socket.getsockname()[0]
        self.sequence = 0

    def index(self, name):
        if name not in self.indexes:
            self.refresh()
        return self.indexes[name]

    def name(self, index):
        if index not in self.names:
            self.refresh()
        return self.names.get(index, f"if{index}")

    def refresh(self):
        with inside(self.namespace):
            for index, name in socket.if_nameindex():
                self.indexes[name], self.names[index] = index, name

    def request(self, kind, flags, body):
        """Send one message; return 0 or an errno. Replies other than the acknowledgement are collected."""
        self.sequence += 1
        head = struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags, self.sequence, 0)
        self.socket.send(head + body)
        self.replies = []
        while True:
            for kind_in, sequence, payload in messages(self.socket.recv(1 << 18)):
                if sequence != self.sequence:
                    continue
                if kind_in in (NLMSG_ERROR, NLMSG_DONE):
                    return -struct.unpack_from("=i", payload)[0]
                self.replies.append((kind_in, payload))

    def fdb(self, kind, entry, flags=0):
        state = entry.state
        body = struct.pack("=BxxxIHBB", AF_BRIDGE, self.index(entry.dev), state, entry.flags, 0)
        body += attribute(NDA_LLADDR, mac_bytes(entry.mac))
        if entry.vlan:
            body += attribute(NDA_VLAN, struct.pack("=H", entry.vlan))
        if entry.dst:
            body += attribute(NDA_DST, socket.inet_aton(entry.dst))
        return self.request(kind, flags, body)

    def neigh(self, kind, entry, flags=0):
        family = socket.AF_INET6 if ":" in entry.ip else socket.AF_INET
        body = struct.pack("=BxxxIHBB", family, self.index(entry.dev), entry.state, entry.flags, 0)
        body += attribute(NDA_DST, socket.inet_pton(family, entry.ip))
        if entry.lladdr:
            body += attribute(NDA_LLADDR, mac_bytes(entry.lladdr))
        if entry.proto:
            body += attribute(NDA_PROTOCOL, bytes([entry.proto]))
        return self.request(kind, flags, body)

    def get(self, slot, port=None):
        """Read one slot: ("fdb", vlan, mac), ("self", dev, mac) or ("neigh", dev, ip). None when it is empty."""
        if slot[0] == "neigh":
            error = self.neigh(RTM_GETNEIGH, Neigh(slot[1], slot[2]))
        elif slot[0] == "self":
            error = self.fdb(RTM_GETNEIGH, Fdb(slot[1], slot[2], flags=NTF_SELF))
        else:
            error = self.fdb(RTM_GETNEIGH, Fdb(port, slot[2], slot[1], flags=NTF_MASTER))
        if error == errno.ENOENT:
            return None
        if error:
            raise OSError(error, f"get {slot}")
        return next((self.decode(payload) for kind, payload in self.replies if kind == RTM_NEWNEIGH), None)

    def dump(self, family):
        error = self.request(RTM_GETNEIGH, NLM_F_DUMP, struct.pack("=BxxxIHBB", family, 0, 0, 0, 0))
        if error:
            raise OSError(error, "dump")
        return [e for e in (self.decode(p) for k, p in self.replies if k == RTM_NEWNEIGH) if e]

    def set_master(self, link, master):
        body = struct.pack("=BxHiII", 0, 0, self.index(link), 0, 0)
        body += attribute(10, struct.pack("=I", self.index(master) if master else 0))
        error = self.request(RTM_NEWLINK, 0, body)
        if error:
            raise OSError(error, f"{link} master {master}")

    def decode(self, payload):
        """The body of a neighbour message as Fdb or Neigh; None for what is neither (multicast rows, other families)."""
        if len(payload) < 12:
            return None
        family, index, state, flags, _ = struct.unpack_from("=BxxxIHBB", payload)
        found = attributes(payload[12:])
        lladdr = mac_text(found[NDA_LLADDR]) if len(found.get(NDA_LLADDR, b"")) == 6 else ""
        if family == AF_BRIDGE:
            vlan = struct.unpack("=H", found[NDA_VLAN])[0] if NDA_VLAN in found else 0
            dst = socket.inet_ntoa(found[NDA_DST]) if len(found.get(NDA_DST, b"")) == 4 else ""
            # Notifications of the bridge's own table carry NDA_MASTER and no flag; of the device's table, SELF.
            flags &= NTF_SELF | NTF_EXT_LEARNED | NTF_STICKY
            return Fdb(self.name(index), lladdr, vlan, state, flags, dst)
        if family in (socket.AF_INET, socket.AF_INET6) and NDA_DST in found:
            proto = found.get(NDA_PROTOCOL, b"\0")[0]
            return Neigh(self.name(index), socket.inet_ntop(family, found[NDA_DST]), lladdr, state, flags & NTF_EXT_LEARNED, proto)
        return None


def messages(raw):
    """(type, sequence, payload) of each message in what recv() returned."""
    for kind, _, sequence, payload in headers(raw):
        yield kind, sequence, payload


def headers(raw):
    while len(raw) >= 16:
        length, kind, _, sequence, pid = struct.unpack_from("=IHHII", raw)
        if length < 16:
            return
        yield kind, pid, sequence, raw[16:length]
        raw = raw[(length + 3) & ~3 :]


class Monitor(Rtnl):
    """A socket that hears every FDB and neighbour event of one namespace, with a buffer no churn here can fill."""

    def __init__(self, namespace):
        super().__init__(namespace)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 3)
        self.socket.setblocking(False)

    def fileno(self):
        return self.socket.fileno()

    def drain(self):
        """All notes queued by now. The kernel queues an event before the request that caused it returns."""
        notes = []
        while True:
            try:
                raw = self.socket.recv(65536)
            except BlockingIOError:
                return notes
            now = time.monotonic()
            for kind, pid, _, payload in headers(raw):
                if kind not in (RTM_NEWNEIGH, RTM_DELNEIGH):
                    continue
                entry = self.decode(payload)
                if entry is None or self.echo_without_destination(entry):
                    continue
                notes.append(Note(now, kind == RTM_DELNEIGH, entry, pid))

    @staticmethod
    def echo_without_destination(entry):
        """Kernels before 6.13 send a second message per VXLAN request, without destination and not to be believed."""
        return isinstance(entry, Fdb) and entry.self_table and not entry.dst
