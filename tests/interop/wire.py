"""A BGP speaker that keeps what it hears as bytes, and says what no daemon would.

It stands behind evpnd where a cell has to see attributes that evpnd's own shows leave out, and in front of it where
routes have to come by the thousand or in messages of an exact size. It takes part in OPEN, KEEPALIVE and UPDATE, IPv4
and IPv6 unicast (RFC 4271, 4760, 6793, 7911, 8654), and knows nothing of policy or best paths.
"""

import contextlib
import ipaddress
import select
import socket
import struct
import threading
import time

import netns

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
IPV4, IPV6, EVPN = (1, 1), (2, 1), (25, 70)
FAMILIES = {"ipv4": IPV4, "ipv6": IPV6, "evpn": EVPN}
ORIGINS = ("igp", "egp", "incomplete")
MESSAGE_MAX = 4096
KEEPALIVE_S = 1


def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body


# ---- prefixes ----


def prefix_bytes(prefix, path_id=None):
    network = ipaddress.ip_network(prefix)
    head = b"" if path_id is None else struct.pack("!I", path_id)
    return head + bytes([network.prefixlen]) + network.network_address.packed[: (network.prefixlen + 7) // 8]


def prefixes(raw, size, add_path):
    """(prefix, path identifier) of each NLRI; `size` is that of an address."""
    while raw:
        path_id = 0
        if add_path:
            path_id, = struct.unpack_from("!I", raw)
            raw = raw[4:]
        used = (raw[0] + 7) // 8
        address = raw[1 : 1 + used].ljust(size, b"\0")
        yield f"{ipaddress.ip_address(address)}/{raw[0]}", path_id
        raw = raw[1 + used :]


# ---- attributes ----


def attribute(flags, code, value):
    if len(value) > 255:
        return struct.pack("!BBH", flags | 0x10, code, len(value)) + value
    return struct.pack("!BBB", flags, code, len(value)) + value


def as_path(segments, width=4):
    """`segments`: lists are sequences, sets are sets."""
    letter, raw = {2: "H", 4: "I"}[width], b""
    for segment in segments:
        members = sorted(segment) if isinstance(segment, (set, frozenset)) else segment
        for start in range(0, len(members), 255):
            some = members[start : start + 255]
            raw += struct.pack(f"!BB{len(some)}{letter}", 1 if isinstance(segment, (set, frozenset)) else 2, len(some), *some)
    return raw


def as_path_text(raw, width=4):
    """As FRR and evpnd print it: `1 2 {3,4}`."""
    letter, words = {2: "H", 4: "I"}[width], []
    while raw:
        members = struct.unpack_from(f"!{raw[1]}{letter}", raw, 2)
        words += ["{" + ",".join(map(str, sorted(members))) + "}"] if raw[0] == 1 else list(map(str, members))
        raw = raw[2 + width * raw[1] :]
    return " ".join(words)


def attributes(next_hop, path, origin="igp", med=None, local_pref=None, communities=(), large=(), extended=(), unknown=()):
    """The attributes of IPv4 routes, ready to send. `unknown`: (flags, code, value) each."""
    raw = attribute(0x40, 1, bytes([ORIGINS.index(origin)])) + attribute(0x40, 2, as_path(path))
    raw += attribute(0x40, 3, socket.inet_aton(next_hop))
    if med is not None:
        raw += attribute(0x80, 4, struct.pack("!I", med))
    if local_pref is not None:
        raw += attribute(0x40, 5, struct.pack("!I", local_pref))
    if communities:
        raw += attribute(0xC0, 8, b"".join(struct.pack("!HH", *map(int, c.split(":"))) for c in communities))
    if extended:
        raw += attribute(0xC0, 16, b"".join(map(bytes.fromhex, extended)))
    if large:
        raw += attribute(0xC0, 32, b"".join(struct.pack("!III", *map(int, c.split(":"))) for c in large))
    return raw + b"".join(attribute(*one) for one in unknown)


def split_attributes(raw):
    """{code: (flags, value)}."""
    found = {}
    while raw:
        flags, code = raw[0], raw[1]
        size, head = (struct.unpack_from("!H", raw, 2)[0], 4) if flags & 0x10 else (raw[2], 3)
        found[code] = (flags, raw[head : head + size])
        raw = raw[head + size :]
    return found


def chunks(raw, size):
    return [raw[i : i + size] for i in range(0, len(raw), size)]


def plain(found, width=4):
    """A route as all drivers give it: see peer.py."""
    route, value = {}, {code: v for code, (_, v) in found.items()}
    route["origin"] = ORIGINS[value[1][0]]
    route["path"] = as_path_text(value[2], width)
    if 3 in value:
        route["next_hop"] = socket.inet_ntoa(value[3])
    elif 14 in value:
        route["next_hop"] = str(ipaddress.ip_address(value[14][4 : 4 + (16 if value[14][3] == 32 else value[14][3])]))
    for code, name in ((4, "med"), (5, "local_pref")):
        if code in value:
            route[name], = struct.unpack("!I", value[code])
    route["communities"] = sorted("%d:%d" % struct.unpack("!HH", c) for c in chunks(value.get(8, b""), 4))
    route["extended"] = sorted(c.hex() for c in chunks(value.get(16, b""), 8))
    route["large"] = sorted("%d:%d:%d" % struct.unpack("!III", c) for c in chunks(value.get(32, b""), 12))
    if 9 in value:
        route["originator"] = socket.inet_ntoa(value[9])
    if 10 in value:
        route["clusters"] = [socket.inet_ntoa(c) for c in chunks(value[10], 4)]
    return route


# ---- the speaker ----


class Witness:
    """Connects from `local` to `remote` in `namespace` until it is closed. `heard` {(family, prefix, path identifier):
    {code: (flags, value)}} is what stands now; `messages` [(time, type, body)] is everything that came."""

    def __init__(self, namespace, local, remote, asn, families=("ipv4",), capabilities=b"", hold=90, as4=True, add_path=False, extended=False):
        self.namespace, self.local, self.remote, self.asn, self.hold = namespace, local, remote, asn, hold
        self.families, self.as4, self.add_path, self.extended = families, as4, add_path, extended
        self.more, self.lock, self.sending = capabilities, threading.Lock(), threading.Lock()
        self.heard, self.messages, self.sessions, self.link = {}, [], 0, None
        self.running, self.up = True, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def capabilities(self):
        raw = b"".join(struct.pack("!BBHBB", 1, 4, afi, 0, safi) for afi, safi in (FAMILIES[f] for f in self.families))
        if self.as4:
            raw += struct.pack("!BBI", 65, 4, self.asn)
        if self.extended:
            raw += struct.pack("!BB", 6, 0)
        if self.add_path:
            raw += struct.pack("!BBHBB", 69, 4, 1, 1, 3)
        return raw + self.more

    def open(self):
        raw = self.capabilities()
        option = struct.pack("!BB", 2, len(raw)) + raw
        asn = self.asn if self.asn < 65536 else 23456
        return message(OPEN, struct.pack("!BHH4sB", 4, asn, self.hold, socket.inet_aton("10.255.0.99"), len(option)) + option)

    def run(self):
        while self.running:
            with contextlib.suppress(OSError, EOFError):
                self.session()
            self.up.clear()
            with self.lock:
                self.heard = {}
            time.sleep(0.05)

    def session(self):
        with netns.inside(self.namespace):
            link = socket.socket(socket.AF_INET6 if ":" in self.remote else socket.AF_INET)
        self.link = link
        with link:
            link.settimeout(60)
            link.bind((self.local, 0))
            link.connect((self.remote, 179))
            link.sendall(self.open())
            alive, pending = time.monotonic(), bytearray()
            while self.running:
                if self.up.is_set() and time.monotonic() - alive > KEEPALIVE_S:
                    alive = time.monotonic()
                    self.send(message(KEEPALIVE))
                if not select.select([link], [], [], 0.2)[0]:
                    continue
                chunk = link.recv(262144)
                if not chunk:
                    raise EOFError
                pending += chunk
                self.consume(pending)

    def send(self, raw):
        """Whole messages; also from other threads."""
        with self.sending:
            self.link.sendall(raw)

    def consume(self, pending):
        while len(pending) >= 19:
            size, kind = struct.unpack_from("!HB", pending, 16)
            if len(pending) < size:
                break
            body = bytes(pending[19:size])
            del pending[:size]
            self.messages.append((time.monotonic(), kind, body))
            if kind == OPEN:
                self.send(message(KEEPALIVE))
            elif kind == KEEPALIVE and not self.up.is_set():
                self.sessions += 1
                self.up.set()
            elif kind == NOTIFICATION:
                raise EOFError
            elif kind == UPDATE:
                with self.lock:
                    self.take(body)

    def take(self, body):
        gone, = struct.unpack_from("!H", body)
        total, = struct.unpack_from("!H", body, 2 + gone)
        found = split_attributes(body[4 + gone : 4 + gone + total])
        for key in prefixes(body[2 : 2 + gone], 4, self.add_path):
            self.heard.pop(("ipv4", *key), None)
        if 15 in found and found[15][1][:3] == b"\0\2\1":
            for key in prefixes(found[15][1][3:], 16, False):
                self.heard.pop(("ipv6", *key), None)
        for key in prefixes(body[4 + gone + total :], 4, self.add_path):
            self.heard[("ipv4", *key)] = found
        if 14 in found and found[14][1][:3] == b"\0\2\1":
            for key in prefixes(found[14][1][5 + found[14][1][3] :], 16, False):
                self.heard[("ipv6", *key)] = found

    def established(self):
        return self.up.is_set()

    def routes(self, family="ipv4"):
        """{prefix: [routes]} heard, as of any driver."""
        with self.lock:
            heard = [(key, found) for key, found in self.heard.items() if key[0] == family]
        rows = {}
        for (_, prefix, _), found in heard:
            rows.setdefault(prefix, []).append(plain(found, 4 if self.as4 else 2))
        return rows

    def count(self, family="ipv4"):
        with self.lock:
            return sum(key[0] == family for key in self.heard)

    def found(self, prefix, family="ipv4"):
        """The raw attributes {code: (flags, value)} of one prefix; None: not heard."""
        with self.lock:
            return self.heard.get((family, prefix, 0))

    def announce(self, some, raw, limit=MESSAGE_MAX):
        """IPv4 prefixes that share the attributes `raw`, in as few messages as there is room in."""
        head = struct.pack("!HH", 0, len(raw)) + raw
        room, body = limit - 19 - len(head), b""
        for one in map(prefix_bytes, some):
            if len(body) + len(one) > room:
                self.send(message(UPDATE, head + body))
                body = b""
            body += one
        self.send(message(UPDATE, head + body))

    def withdraw(self, some):
        body = b""
        for one in map(prefix_bytes, some):
            if len(body) + len(one) > 4000:
                self.send(message(UPDATE, struct.pack("!H", len(body)) + body + b"\0\0"))
                body = b""
            body += one
        self.send(message(UPDATE, struct.pack("!H", len(body)) + body + b"\0\0"))

    def close(self):
        self.running = False
        self.thread.join()
