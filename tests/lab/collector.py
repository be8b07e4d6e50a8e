"""A route collector: a BGP speaker attached to leaf1 that listens, and announces only what a cell makes up.

It answers, for any daemon and from outside, when a route was advertised, with which sequence and whether sticky.
It knows OPEN, KEEPALIVE and UPDATE with EVPN route types 2 and 3 (RFC 4271, 4760, 7432), and no more than that.
"""

import ipaddress
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

import netns
import rtnl

NAMESPACE, AS, ADDRESS, LEAF_ADDRESS, PORT = "collector", 65500, "192.0.2.1", "192.0.2.0", "collector0"
OPEN, UPDATE, NOTIFICATION, KEEPALIVE = 1, 2, 3, 4
# The datacenter defaults of frr.conf hold a session for 9 s, and the shorter hold time wins.
KEEPALIVE_S = 2
AFI_L2VPN, SAFI_EVPN = 25, 70


@dataclass(frozen=True)
class Route:
    """One EVPN NLRI heard; `nexthop` empty: withdrawn. `sequence` None: no MAC Mobility community."""

    time: float
    kind: int
    rd: str
    mac: str = ""
    ip: str = ""
    vni: int = 0
    vtep: str = ""
    nexthop: str = ""
    sequence: int = None
    sticky: bool = False
    path: tuple = ()
    targets: tuple = ()

    @property
    def withdrawn(self):
        return not self.nexthop

    @property
    def key(self):
        return (self.kind, self.rd, self.mac, self.ip, self.vtep)

    def __str__(self):
        what = f"MAC/IP {self.mac} {self.ip}".strip() if self.kind == 2 else f"IMET {self.vtep}" if self.kind == 3 else f"type {self.kind}"
        if self.withdrawn:
            return f"withdraw {what} RD {self.rd}"
        mobility = "" if self.sequence is None else f" sequence {self.sequence}" + (" sticky" if self.sticky else "")
        return f"{what} via {self.nexthop} VNI {self.vni}{mobility} path {' '.join(map(str, self.path))}"


def attribute(flags, kind, value):
    return struct.pack("!BBB", flags, kind, len(value)) + value


def mac_ip_nlri(mac, ip, vni, rd):
    address = socket.inet_aton(ip) if ip else b""
    admin, number = rd.split(":")
    body = struct.pack("!H4sH", 1, socket.inet_aton(admin), int(number)) + bytes(14) + bytes([48]) + rtnl.mac_bytes(mac)
    body += bytes([8 * len(address)]) + address + vni.to_bytes(3, "big")
    return bytes([2, len(body)]) + body


def announcement(nlri, vtep, vni, sequence, sticky):
    """The body of an UPDATE with one MAC/IP route: VXLAN, a route target of our AS, MAC Mobility if it has a sequence."""
    targets = struct.pack("!BBHI", 0, 2, AS, vni) + struct.pack("!BBIH", 3, 12, 0, 8)
    if sequence is not None:
        targets += struct.pack("!BBBBI", 6, 0, int(sticky), 0, sequence)
    reach = struct.pack("!HBB", AFI_L2VPN, SAFI_EVPN, 4) + socket.inet_aton(vtep) + b"\0" + nlri
    body = attribute(0x40, 1, b"\0") + attribute(0x40, 2, struct.pack("!BBI", 2, 1, AS)) + attribute(0xC0, 16, targets) + attribute(0x80, 14, reach)
    return struct.pack("!HH", 0, len(body)) + body


def withdrawal(nlri):
    body = attribute(0x80, 15, struct.pack("!HB", AFI_L2VPN, SAFI_EVPN) + nlri)
    return struct.pack("!HH", 0, len(body)) + body


def route_distinguisher(raw):
    kind, = struct.unpack_from("!H", raw)
    if kind == 1:
        return f"{socket.inet_ntoa(raw[2:6])}:{struct.unpack('!H', raw[6:8])[0]}"
    if kind == 0:
        return "%d:%d" % struct.unpack("!HI", raw[2:8])
    return "%d:%d" % struct.unpack("!IH", raw[2:8])


def nlris(raw, now, **shared):
    while len(raw) >= 2:
        kind, length = raw[0], raw[1]
        body, raw = raw[2 : 2 + length], raw[2 + length :]
        rd = route_distinguisher(body)
        if kind == 2:
            mac = rtnl.mac_text(body[23:29])
            size = body[29] // 8
            ip = str(ipaddress.ip_address(body[30 : 30 + size])) if size else ""
            vni = int.from_bytes(body[30 + size : 33 + size], "big")
            yield Route(now, kind, rd, mac=mac, ip=ip, vni=vni, **shared)
        elif kind == 3:
            yield Route(now, kind, rd, vtep=str(ipaddress.ip_address(body[13 : 13 + body[12] // 8])), **shared)
        else:
            yield Route(now, kind, rd, **shared)


def update(body, now):
    """The routes of an UPDATE, withdrawn ones first."""
    withdrawn, = struct.unpack_from("!H", body)
    body = body[2 + withdrawn :]
    total, = struct.unpack_from("!H", body)
    body = body[2 : 2 + total]
    reach, unreach, shared = None, b"", {}
    while body:
        flags, kind = body[0], body[1]
        size, head = (struct.unpack_from("!H", body, 2)[0], 4) if flags & 0x10 else (body[2], 3)
        value, body = body[head : head + size], body[head + size :]
        if kind == 2:
            shared["path"] = as_path(value)
        elif kind == 14 and struct.unpack_from("!HB", value) == (AFI_L2VPN, SAFI_EVPN):
            shared["nexthop"] = str(ipaddress.ip_address(value[4 : 4 + value[3]]))
            reach = value[5 + value[3] :]
        elif kind == 15 and struct.unpack_from("!HB", value) == (AFI_L2VPN, SAFI_EVPN):
            unreach = value[3:]
        elif kind == 16:
            shared.update(communities(value))
    yield from nlris(unreach, now)
    if reach is not None:
        yield from nlris(reach, now, **shared)


def as_path(raw):
    path = []
    while raw:
        count = raw[1]
        path += struct.unpack_from(f"!{count}I", raw, 2)
        raw = raw[2 + 4 * count :]
    return tuple(path)


def communities(raw):
    found = {"targets": ()}
    for offset in range(0, len(raw), 8):
        one = raw[offset : offset + 8]
        if one[0:2] == b"\x06\x00":
            found["sticky"], found["sequence"] = bool(one[2] & 1), struct.unpack("!I", one[4:])[0]
        elif one[0:2] == b"\x00\x02":
            found["targets"] += ("%d:%d" % struct.unpack("!HI", one[2:]),)
    return found


def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body


def build():
    """The collector's namespace and its numbered link to leaf1."""
    netns.batch(None, "ip", [f"netns add {NAMESPACE}", f"link add eth0 netns {NAMESPACE} type veth peer name {PORT} netns leaf1"])
    netns.batch("leaf1", "ip", [f"address add {LEAF_ADDRESS}/31 dev {PORT}", f"link set {PORT} up"])
    netns.batch(NAMESPACE, "ip", [f"address add {ADDRESS}/31 dev eth0", "link set eth0 up"])


class Collector:
    def __init__(self):
        self.heard, self.rib, self.lock = [], {}, threading.Lock()
        self.running, self.up = True, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.running:
            try:
                self.session()
            except (OSError, EOFError, struct.error):
                pass
            self.up.clear()
            self.rib = {}
            time.sleep(0.3)

    def session(self):
        with netns.inside(NAMESPACE):
            link = socket.socket()
        self.link = link
        with link:
            link.settimeout(3)
            link.connect((LEAF_ADDRESS, 179))
            capabilities = struct.pack("!BBHBB", 1, 4, AFI_L2VPN, 0, SAFI_EVPN) + struct.pack("!BBI", 65, 4, AS)
            option = struct.pack("!BB", 2, len(capabilities)) + capabilities
            link.send(message(OPEN, struct.pack("!BHH4sB", 4, AS, 90, socket.inet_aton(ADDRESS), len(option)) + option))
            alive = 0.0
            pending = b""
            while self.running:
                if self.up.is_set() and time.monotonic() - alive > KEEPALIVE_S:
                    alive = time.monotonic()
                    link.send(message(KEEPALIVE))
                if not select.select([link], [], [], 0.5)[0]:
                    continue
                chunk = link.recv(65536)
                if not chunk:
                    raise EOFError
                pending = self.consume(link, pending + chunk)

    def consume(self, link, raw):
        now = time.monotonic()
        while len(raw) >= 19:
            size, kind = struct.unpack_from("!HB", raw, 16)
            if len(raw) < size:
                break
            body, raw = raw[19:size], raw[size:]
            if kind == OPEN:
                link.send(message(KEEPALIVE))
                self.up.set()
            elif kind == NOTIFICATION:
                raise EOFError
            elif kind == UPDATE:
                with self.lock:
                    self.store(update(body, now))
        return raw

    def store(self, routes):
        for route in routes:
            self.heard.append(route)
            if route.withdrawn:
                self.rib.pop(route.key, None)
            else:
                self.rib[route.key] = route

    def announce(self, mac, ip, vtep, vni, sequence=None, sticky=False):
        """A made-up MAC/IP route of `vtep`; it stands until `withdraw`, or until the session ends."""
        nlri = mac_ip_nlri(mac, ip, vni, f"{vtep}:999")
        self.link.send(message(UPDATE, announcement(nlri, vtep, vni, sequence, sticky)))

    def withdraw(self, mac, ip, vtep, vni):
        self.link.send(message(UPDATE, withdrawal(mac_ip_nlri(mac, ip, vni, f"{vtep}:999"))))

    def since(self, start, mac=None):
        with self.lock:
            return [r for r in self.heard if r.time >= start and (mac is None or r.mac == mac)]

    def routes(self, mac):
        with self.lock:
            return [r for r in self.rib.values() if r.mac == mac]

    def close(self):
        self.running = False
        self.thread.join()
