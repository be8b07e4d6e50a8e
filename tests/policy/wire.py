"""BGP messages as the differential test needs them: UPDATEs of ipv4 and ipv6 unicast, made from and taken apart into
plain dictionaries (RFC 4271, 4760, 1997, 4360, 8092, 6793)."""

import ipaddress
import socket
import struct

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
AFI = {4: 1, 6: 2}


def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body


def open_message(asn, router_id, family, refresh=True):
    """4-octet AS, one address family, route refresh or not; graceful restart, because FRR sends End-of-RIB to who has it."""
    def capability(code, value):
        return struct.pack("!BB", code, len(value)) + value

    caps = capability(1, struct.pack("!HBB", AFI[family], 0, 1)) + (capability(2, b"") if refresh else b"") + capability(65, struct.pack("!I", asn)) + capability(64, b"\0\0")
    option = struct.pack("!BB", 2, len(caps)) + caps
    return message(OPEN, struct.pack("!BHH4sB", 4, min(asn, 23456) if asn > 65535 else asn, 180, socket.inet_aton(router_id), len(option)) + option)


def attribute(flags, kind, value):
    return struct.pack("!BBH", flags | 0x10, kind, len(value)) + value


def nlri(prefix):
    net = ipaddress.ip_network(prefix)
    return bytes([net.prefixlen]) + net.network_address.packed[: (net.prefixlen + 7) // 8]


def as_path(path):
    """`path` is a list of numbers (AS_SEQUENCE) and tuples (AS_SET)."""
    out, run = b"", []

    def flush():
        nonlocal out, run
        if run:
            out += struct.pack("!BB", 2, len(run)) + b"".join(struct.pack("!I", n) for n in run)
        run = []

    for hop in path:
        if isinstance(hop, tuple):
            flush()
            out += struct.pack("!BB", 1, len(hop)) + b"".join(struct.pack("!I", n) for n in hop)
        else:
            run.append(hop)
    flush()
    return out


def update(prefix, a):
    net = ipaddress.ip_network(prefix)
    body = attribute(0x40, 1, bytes([a["origin"]])) + attribute(0x40, 2, as_path(a["path"]))
    if net.version == 4:
        body += attribute(0x40, 3, socket.inet_aton(a["nexthop"]))
    if a.get("med") is not None:
        body += attribute(0x80, 4, struct.pack("!I", a["med"]))
    if a.get("localpref") is not None:
        body += attribute(0x40, 5, struct.pack("!I", a["localpref"]))
    if a.get("atomic"):
        body += attribute(0x40, 6, b"")
    if a.get("aggregator"):
        body += attribute(0xC0, 7, struct.pack("!I", a["aggregator"][0]) + socket.inet_aton(a["aggregator"][1]))
    if a.get("communities"):
        body += attribute(0xC0, 8, b"".join(struct.pack("!I", c) for c in a["communities"]))
    if a.get("originator"):
        body += attribute(0x80, 9, socket.inet_aton(a["originator"])) + attribute(0x80, 10, b"".join(map(socket.inet_aton, a["clusters"])))
    if net.version == 6:
        hops = b"".join(socket.inet_pton(socket.AF_INET6, a[key]) for key in ("nexthop", "link_local") if key in a)
        body += attribute(0x80, 14, struct.pack("!HBB", 2, 1, len(hops)) + hops + b"\0" + nlri(prefix))
    if a.get("ext"):
        body += attribute(0xC0, 16, b"".join(bytes.fromhex(e) for e in a["ext"]))
    if a.get("large"):
        body += attribute(0xC0, 32, b"".join(struct.pack("!III", *c) for c in a["large"]))
    if a.get("unknown"):
        body += attribute(0xC0, 99, bytes.fromhex(a["unknown"]))
    return message(UPDATE, struct.pack("!HH", 0, len(body)) + body + (nlri(prefix) if net.version == 4 else b""))


def end_of_rib(family):
    if family == 4:
        return message(UPDATE, bytes(4))
    body = attribute(0x80, 15, struct.pack("!HB", 2, 1))
    return message(UPDATE, struct.pack("!HH", 0, len(body)) + body)


def prefixes(raw, version):
    size = 4 if version == 4 else 16
    while raw:
        length, n = raw[0], (raw[0] + 7) // 8
        address = raw[1 : 1 + n] + bytes(size - n)
        yield f"{ipaddress.ip_address(address)}/{length}"
        raw = raw[1 + n :]


def text_path(raw):
    out = []
    while raw:
        kind, count = raw[0], raw[1]
        numbers = struct.unpack_from(f"!{count}I", raw, 2)
        out.append(" ".join(map(str, numbers)) if kind == 2 else "{" + ",".join(map(str, sorted(numbers))) + "}")
        raw = raw[2 + 4 * count :]
    return " ".join(out)


# An extended community that is set on the way in and out stands twice in what FRR sends: read as the set that it is.
def split(raw, size):
    return sorted(raw[i : i + size].hex() for i in range(0, len(raw), size))


NAMES = {1: "origin", 2: "path", 3: "nexthop", 4: "med", 5: "localpref", 6: "atomic", 7: "aggregator", 8: "communities", 9: "originator", 10: "clusters", 16: "ext", 32: "large"}
READ = {
    1: lambda v: v[0], 2: text_path, 3: lambda v: str(ipaddress.ip_address(v)), 4: lambda v: int.from_bytes(v, "big"), 5: lambda v: int.from_bytes(v, "big"),
    6: lambda v: True, 7: lambda v: f"{int.from_bytes(v[:4], 'big')} {ipaddress.ip_address(v[4:8])}", 8: lambda v: split(v, 4),
    9: lambda v: str(ipaddress.ip_address(v)), 10: lambda v: split(v, 4), 16: lambda v: sorted(set(split(v, 8))), 32: lambda v: split(v, 12),
}  # fmt: skip


def parse(body):
    """(withdrawn prefixes, announced prefixes, attributes); no prefix at all: End-of-RIB."""
    size, = struct.unpack_from("!H", body)
    gone = list(prefixes(body[2 : 2 + size], 4))
    body = body[2 + size :]
    size, = struct.unpack_from("!H", body)
    raw, come = body[2 : 2 + size], list(prefixes(body[2 + size :], 4))
    a = {}
    while raw:
        flags, kind = raw[0], raw[1]
        n, head = (struct.unpack_from("!H", raw, 2)[0], 4) if flags & 0x10 else (raw[2], 3)
        value, raw = raw[head : head + n], raw[head + n :]
        if kind == 14:
            hop = value[4 : 4 + value[3]]
            a["nexthop"] = str(ipaddress.ip_address(hop[:16] if len(hop) in (16, 32) else hop))
            if len(hop) == 32:
                a["link_local"] = str(ipaddress.ip_address(hop[16:]))
            come += prefixes(value[5 + value[3] :], 6)
        elif kind == 15:
            gone += prefixes(value[3:], 6)
        elif kind in NAMES:
            a[NAMES[kind]] = READ[kind](value)
        else:
            a[f"attribute {kind}"] = value.hex()
    return gone, come, a
