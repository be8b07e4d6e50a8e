"""Peers that say what no daemon would, by real bytes against the daemon: each answer of RFC 4271 section 6 and of RFC 7606.

Every case comes from an address of its own in a `bgp listen range`, so none is held off for what another has done. A
witness on another link has to keep its session and its route through all of it.
"""

import contextlib
import select
import socket
import struct
import time

import netns
import pytest
import wire
from bed import Neighbor, config, wait
from wire import attribute, message, prefix_bytes

AS, LINK = 65008, 8
OPEN_ERROR, UPDATE_ERROR = 2, 3
IPV4 = struct.pack("!BBHBB", 1, 4, 1, 0, 1)
IPV6 = struct.pack("!BBHBB", 1, 4, 2, 0, 1)
AS4 = struct.pack("!BBI", 65, 4, AS)
ORIGIN, PATH, HOP = attribute(0x40, 1, b"\0"), attribute(0x40, 2, wire.as_path([[AS]])), attribute(0x40, 3, socket.inet_aton("10.0.8.2"))
GOOD = ORIGIN + PATH + HOP


class Raw:
    """One connection. `ended` is the NOTIFICATION that came before it was closed."""

    def __init__(self, bed, number):
        self.buffer, self.link = bytearray(), None
        with netns.inside(bed.link(LINK)):
            self.link = socket.socket()
        self.link.settimeout(10)
        self.link.bind((f"10.0.{LINK}.{number}", 0))
        self.link.connect((f"10.0.{LINK}.1", 179))

    def send(self, raw):
        with contextlib.suppress(OSError):
            self.link.sendall(raw)

    def next(self):
        """(type, body); None: closed."""
        while len(self.buffer) < 19 or len(self.buffer) < struct.unpack_from("!H", self.buffer, 16)[0]:
            try:
                some = self.link.recv(65536)
            except ConnectionResetError:
                some = b""
            if not some:
                return None
            self.buffer += some
        size, kind = struct.unpack_from("!HB", self.buffer, 16)
        body = bytes(self.buffer[19:size])
        del self.buffer[:size]
        return kind, body

    def until(self, kind):
        while True:
            got = self.next()
            assert got is not None and (got[0] == kind or got[0] != wire.NOTIFICATION), got
            if got[0] == kind:
                return got[1]

    def ended(self):
        last = None
        while (got := self.next()) is not None:
            last = got
        return last and last[0] == wire.NOTIFICATION and last[1]

    def stays(self):
        """Nothing but routes and keepalives comes for a moment."""
        return not select.select([self.link], [], [], 0.3)[0] or self.next()[0] != wire.NOTIFICATION

    def close(self):
        self.link.close()


def opening(asn=AS, hold=90, identifier="10.255.0.98", version=4, capabilities=IPV4 + AS4, parameters=None):
    if parameters is None:
        parameters = struct.pack("!BB", 2, len(capabilities)) + capabilities
    return struct.pack("!BHH4sB", version, asn, hold, socket.inet_aton(identifier), len(parameters)) + parameters


def update(attributes, routes=b"", withdrawn=b""):
    return message(wire.UPDATE, struct.pack("!H", len(withdrawn)) + withdrawn + struct.pack("!H", len(attributes)) + attributes + routes)


def start(bed, addresses=120, families=("ipv4",)):
    """evpnd with the range, a witness with a route behind it, and addresses for the cases."""
    number = bed.link(LINK)
    netns.batch(number, "ip", [f"addr add 10.0.{LINK}.{n}/24 dev l{LINK}" for n in range(10, 10 + addresses)])
    more = ["neighbor G peer-group", "neighbor G remote-as external", f"bgp listen range 10.0.{LINK}.0/24 peer-group G", "bgp listen limit 500"]
    inside = {"ipv4": ["neighbor G activate"]}
    for family in families[1:]:
        inside[family] = ["neighbor G activate"]
    bed.evpnd(config(Neighbor("10.0.9.2", 65009, ("ipv4",), more=["passive"]), more=more, families=inside))
    bed.witness_ = bed.witness()
    assert bed.witness_.up.wait(10)
    bed.witness_.announce(["10.99.0.0/24"], bed.attributes([[65009]]))
    assert wait(lambda: bed.routes().get("10.99.0.0/24"), 5)


def unharmed(bed):
    assert bed.row("10.0.9.2")["connectionsDropped"] == 0 and bed.witness_.established()
    assert bed.routes().get("10.99.0.0/24")


def meet(bed, number, **words):
    raw = Raw(bed, number)
    raw.send(message(wire.OPEN, opening(**words)))
    raw.until(wire.OPEN)
    raw.send(message(wire.KEEPALIVE))
    raw.until(wire.KEEPALIVE)
    return raw


# ---- before a session ----

BAD_OPENS = {
    "version": (opening(version=3), b"\2\1\0\4"),
    "AS 0": (opening(asn=0, capabilities=IPV4), b"\2\2"),
    "AS 0 in the capability": (opening(capabilities=IPV4 + struct.pack("!BBI", 65, 4, 0)), b"\2\2"),
    "our AS where an external one is wanted": (opening(asn=65001, capabilities=IPV4), b"\2\2"),
    "hold time 1": (opening(hold=1), b"\2\6\0\1"),
    "hold time 2": (opening(hold=2), b"\2\6\0\2"),
    "identifier 0": (opening(identifier="0.0.0.0"), b"\2\3\0\0\0\0"),
    "authentication parameter": (opening(parameters=b"\1\1\0"), b"\2\4"),
    "capability that overruns its parameter": (opening(parameters=b"\2\2\1\4"), b"\2\0"),
    "parameter that overruns the message": (opening(parameters=b"\2\x20\2\0"), b"\2\0"),
    "AS capability of two bytes": (opening(capabilities=IPV4 + b"\x41\2\xfd\xf0"), b"\2\0"),
    "no family of ours": (opening(capabilities=IPV6 + AS4), b"\2\7" + IPV4),
    "extended length that overruns": (opening(parameters=b"\xff\xff\xff\2\0\0"), b"\2\0"),
}
BAD_HEADERS = {
    "marker": (b"\0" * 16 + struct.pack("!HB", 19, 4), b"\1\1"),
    "type 9": (message(9), b"\1\3\x09"),
    "length 18": (b"\xff" * 16 + struct.pack("!HB", 18, 4), b"\1\2\0\x12"),
    "length of an OPEN": (b"\xff" * 16 + struct.pack("!HB", 28, 1), b"\1\2\0\x1c"),
    "KEEPALIVE with a body": (message(wire.KEEPALIVE, b"\0"), b"\1\2\0\x14"),
    "5,000 bytes before anything was agreed on": (b"\xff" * 16 + struct.pack("!HB", 5000, 2), b"\1\2\x13\x88"),
    "KEEPALIVE before OPEN": (message(wire.KEEPALIVE), b"\5\1"),
    "UPDATE before OPEN": (update(GOOD, prefix_bytes("10.6.0.0/24")), b"\5\1"),
    "ROUTE-REFRESH before OPEN": (message(wire.REFRESH, b"\0\1\0\1"), b"\5\1"),
    "two OPENs": (message(wire.OPEN, opening()) * 2, b"\5\2"),
    "UPDATE before KEEPALIVE": (message(wire.OPEN, opening()) + update(GOOD, prefix_bytes("10.6.0.0/24")), b"\5\2"),
    "OPEN in Established": (message(wire.OPEN, opening()) + message(wire.KEEPALIVE) + message(wire.OPEN, opening()), b"\5\3"),
}


def test_refused(bed):
    """Every OPEN and every header that cannot be: code, subcode and data, then the connection is closed; OPENs in one
    piece and byte by byte."""
    start(bed)
    cases = [(f"{name}, {way}", message(wire.OPEN, raw), answer, way) for name, (raw, answer) in BAD_OPENS.items() for way in ("whole", "in pieces")]
    cases += [(name, raw, answer, "whole") for name, (raw, answer) in BAD_HEADERS.items()]
    for number, (name, raw, answer, way) in enumerate(cases, 10):
        peer = Raw(bed, number)
        for at in range(len(raw)) if way == "in pieces" else ():
            peer.send(raw[at : at + 1])
        if way == "whole":
            peer.send(raw)
        assert peer.ended() == answer, name
        peer.close()
    unharmed(bed)
    assert not bed.routes().get("10.6.0.0/24")


def test_odd_opens(bed):
    """What is unusual and allowed: no parameters, unknown capabilities, each capability in a parameter of its own, the
    long form, capabilities twice, our identifier (RFC 6286), a hold time of 0 or of 65,535."""
    start(bed)
    each = b"".join(struct.pack("!BB", 2, len(c)) + c for c in (IPV4, AS4, b"\xc8\3abc", b"\x80\0"))
    opens = [
        opening(parameters=b""), opening(parameters=b"\2\0"), opening(capabilities=IPV4 + b"\xc8\0" + AS4), opening(parameters=each),
        struct.pack("!BHH4sB", 4, AS, 90, b"\x0a\xff\0\x62", 255) + struct.pack("!BHBH", 255, 3 + len(IPV4 + AS4), 2, len(IPV4 + AS4)) + IPV4 + AS4,
        struct.pack("!BHH4sB", 4, AS, 90, b"\x0a\xff\0\x62", 1) + struct.pack("!BHBH", 255, 3 + len(IPV4 + AS4), 2, len(IPV4 + AS4)) + IPV4 + AS4,
        opening(capabilities=IPV4 + IPV4 + AS4 + AS4), opening(identifier="10.255.0.1"), opening(hold=0), opening(hold=65535),
    ]  # fmt: skip
    for number, raw in enumerate(opens, 10):
        peer = Raw(bed, number)
        peer.send(message(wire.OPEN, raw) + message(wire.KEEPALIVE))
        peer.until(wire.KEEPALIVE)
        assert wait(lambda: bed.up(f"10.0.8.{number}"), 5), raw
        peer.close()
    unharmed(bed)


# ---- UPDATEs ----

ROUTE = "10.6.{}.0/24"
EMPTY_PATH = attribute(0x40, 2, b"")
# What comes of a route that was there before, and then comes with these attributes.
WITHDRAWN = {
    "ORIGIN of 3": attribute(0x40, 1, b"\3") + PATH + HOP,
    "ORIGIN of two bytes": attribute(0x40, 1, b"\0\0") + PATH + HOP,
    "ORIGIN that is optional": attribute(0xC0, 1, b"\0") + PATH + HOP,
    "no ORIGIN": PATH + HOP,
    "no AS_PATH": ORIGIN + HOP,
    "no NEXT_HOP": ORIGIN + PATH,
    "segment of an unknown type": ORIGIN + attribute(0x40, 2, b"\x09\1" + struct.pack("!I", AS)) + HOP,
    "segment that overruns": ORIGIN + attribute(0x40, 2, b"\2\2" + struct.pack("!I", AS)) + HOP,
    "segment of nothing": ORIGIN + attribute(0x40, 2, b"\2\0") + HOP,
    "one byte behind the segments": ORIGIN + attribute(0x40, 2, wire.as_path([[AS]]) + b"\2") + HOP,
    "confederation segment": ORIGIN + attribute(0x40, 2, b"\3\1" + struct.pack("!I", AS)) + HOP,
    "AS_PATH of nothing from outside": ORIGIN + EMPTY_PATH + HOP,
    "AS_PATH of somebody else": ORIGIN + attribute(0x40, 2, wire.as_path([[65010, AS]])) + HOP,
    "NEXT_HOP of five bytes": ORIGIN + PATH + attribute(0x40, 3, b"\x0a\0\x08\2\0"),
    "NEXT_HOP of nobody": ORIGIN + PATH + attribute(0x40, 3, b"\xe0\0\0\1"),
    "MED of three bytes": GOOD + attribute(0x80, 4, b"\0\0\1"),
    "MED that is transitive": GOOD + attribute(0xC0, 4, b"\0\0\0\1"),
    "COMMUNITIES of five bytes": GOOD + attribute(0xC0, 8, b"\0\1\0\1\0"),
    "COMMUNITIES of nothing": GOOD + attribute(0xC0, 8, b""),
    "extended communities of seven bytes": GOOD + attribute(0xC0, 16, bytes(7)),
    "large communities of eleven bytes": GOOD + attribute(0xC0, 32, bytes(11)),
    "ONLY_TO_CUSTOMER of two bytes": GOOD + attribute(0xC0, 35, b"\xfd\xf0"),
    "an attribute that overruns the list": GOOD + b"\xc0\x08\x05\0\1\0\1",
    "half an attribute": GOOD + b"\xc0",
}  # fmt: skip
KEPT = {
    "ORIGIN twice": ORIGIN + attribute(0x40, 1, b"\3") + PATH + HOP,
    "ATOMIC_AGGREGATE of one byte": GOOD + attribute(0x40, 6, b"\0"),
    "AGGREGATOR of seven bytes": GOOD + attribute(0xC0, 7, bytes(7)),
    "AGGREGATOR of AS 0": GOOD + attribute(0xC0, 7, bytes(8)),
    "AS4_PATH from who has 4-octet AS numbers": GOOD + attribute(0xC0, 17, wire.as_path([[65011]])),
    "LOCAL_PREF from outside": GOOD + attribute(0x40, 5, b"\0\0\0\1"),
    "LOCAL_PREF of one byte from outside": GOOD + attribute(0x40, 5, b"\0"),
    "ORIGINATOR_ID and CLUSTER_LIST from outside": GOOD + attribute(0x80, 9, bytes(4)) + attribute(0x80, 10, bytes(3)),
    "MP_REACH_NLRI of a family that was not agreed on": attribute(0x80, 14, struct.pack("!HBB", 2, 1, 16) + bytes(16) + b"\0\x10\x20\1") + GOOD,
    "MP_UNREACH_NLRI of a family that nobody knows": attribute(0x80, 15, b"\x40\0\x63") + GOOD,
    "unknown, not transitive": GOOD + attribute(0x80, 99, b"x"),
    "extended length without need": b"\x50\1\0\1\0" + PATH + HOP,
    "in no order": HOP + PATH + ORIGIN,
}  # fmt: skip
UNKNOWN_WELL_KNOWN = attribute(0x40, 99, b"?")
MP_REACH = attribute(0x80, 14, struct.pack("!HBB", 1, 1, 4) + socket.inet_aton("10.0.8.2") + b"\0" + prefix_bytes("10.6.0.0/24"))
ENDED = {
    "well-known and unknown": (update(GOOD + UNKNOWN_WELL_KNOWN, prefix_bytes("10.6.0.0/24")), b"\3\2" + UNKNOWN_WELL_KNOWN),
    "MP_REACH_NLRI twice": (update(MP_REACH * 2 + ORIGIN + PATH), b"\3\1"),
    "MP_REACH_NLRI that ends early": (update(attribute(0x80, 14, b"\0\1") + ORIGIN + PATH), b"\3\x09"),
    "withdrawn routes longer than the message": (message(wire.UPDATE, struct.pack("!HH", 100, 0)), b"\3\1"),
    "attributes longer than the message": (message(wire.UPDATE, struct.pack("!HH", 0, 100) + GOOD), b"\3\1"),
    "prefix of 33 bits": (update(GOOD, b"\x21\x0a\6\0\0\0"), b"\3\x0a"),
    "half a prefix": (update(GOOD, b"\x18\x0a\6"), b"\3\x0a"),
    "withdrawn prefix of 33 bits": (update(b"", withdrawn=b"\x21\x0a\6\0\0\0"), b"\3\x0a"),
    "an error without a route to withdraw": (update(attribute(0x40, 1, b"\7")), b"\3\6"),
    "ROUTE-REFRESH of five bytes": (message(wire.REFRESH, b"\0\1\1\1\0"), b"\7\1" + message(wire.REFRESH, b"\0\1\1\1\0")),
}  # fmt: skip


def test_updates_with_errors(bed):
    """RFC 7606: withdrawn, or taken without the attribute, on one session that lasts; then what ends one."""
    start(bed)
    peer = meet(bed, 10)
    name = f"10.0.{LINK}.10"
    routes = {what: ROUTE.format(n) for n, what in enumerate([*WITHDRAWN, *KEPT])}
    for prefix in routes.values():
        peer.send(update(GOOD + attribute(0x80, 4, b"\0\0\0\7"), prefix_bytes(prefix)))
    assert wait(lambda: set(routes.values()) <= set(bed.routes()), 10)
    for what, raw in {**WITHDRAWN, **KEPT}.items():
        peer.send(update(raw, prefix_bytes(routes[what])))
    peer.send(update(GOOD, prefix_bytes("10.7.0.0/24")))
    assert wait(lambda: "10.7.0.0/24" in bed.routes(), 10)
    there = bed.routes()
    assert [what for what in WITHDRAWN if routes[what] in there] == []
    assert [what for what in KEPT if routes[what] not in there or there[routes[what]][0].get("metric")] == []
    assert peer.stays() and bed.up(name)
    for number, (what, (raw, answer)) in enumerate(ENDED.items(), 20):
        other = meet(bed, number)
        other.send(raw)
        got = other.ended()
        assert got and got[:2] == answer[:2] and (len(answer) == 2 or got == answer), (what, got)
        other.close()
    assert bed.up(name)
    unharmed(bed)


def test_unknown_attributes_pass(bed):
    """Transitive ones with the Partial bit, whatever they hold; those that are not stay here (RFC 4271 section 5)."""
    start(bed)
    peer = meet(bed, 10)
    peer.send(update(GOOD + attribute(0xC0, 99, b"\1\2\3") + attribute(0xE0, 100, bytes(300)) + attribute(0x80, 101, b"x") + attribute(0xC0, 102, b""), prefix_bytes("10.6.0.0/24")))
    found = wait(lambda: bed.witness_.found("10.6.0.0/24"), 10)
    assert found[99] == (0xE0, b"\1\2\3") and found[100] == (0xF0, bytes(300)) and found[102] == (0xE0, b"") and 101 not in found


# ---- too much, too little ----


def test_floods(bed):
    """100,000 KEEPALIVEs at once; 400 UPDATEs of 4,000 bytes with one route each; UPDATEs with nothing in them. The
    session stays, all routes come, others are served meanwhile."""
    start(bed)
    peer = meet(bed, 10)
    peer.send(message(wire.KEEPALIVE) * 100000 + update(b"") * 1000)
    for n in range(400):
        peer.send(update(GOOD + attribute(0xC0, 99, struct.pack("!I", n) + bytes(3900)), prefix_bytes(f"10.{20 + n // 200}.{n % 200}.0/24")))
    assert wait(lambda: bed.witness_.count() >= 400, 30), bed.witness_.count()
    assert bed.witness_.found("10.21.199.0/24")[99][1][:4] == struct.pack("!I", 399)
    assert bed.row("10.0.8.10")["connectionsDropped"] == 0
    peer.close()
    assert wait(lambda: bed.witness_.count() == 0, 20)
    unharmed(bed)


def test_silent_connections(bed):
    """100 connections that say nothing, 100 that end inside an OPEN, 300 of who is no neighbor: the next peer is
    served as ever."""
    start(bed)
    silent = [Raw(bed, 10 + n) for n in range(100)]
    for peer in silent[50:]:
        peer.send(message(wire.OPEN, opening())[:25])
    for peer in silent[75:]:
        peer.close()
    netns.batch(bed.link(7), "ip", ["addr add 10.0.7.3/24 dev l7"])
    strangers = []
    with netns.inside(bed.link(7)):
        for _ in range(300):
            strangers.append(socket.create_connection(("10.0.7.1", 179), 30))
    begun = time.monotonic()
    peer = meet(bed, 115)
    peer.send(update(GOOD, prefix_bytes("10.6.0.0/24")))
    assert wait(lambda: bed.witness_.found("10.6.0.0/24"), 10) and time.monotonic() - begun < 60
    for one in strangers:
        one.settimeout(30)
        assert one.recv(100) == b""
        one.close()
    unharmed(bed)


def test_another_identity(bed):
    """It comes back as another router, then as another AS: each time it is believed, and nothing of before is left."""
    start(bed)
    for asn, identifier, route in ((AS, "10.255.0.98", "10.6.1.0/24"), (AS, "10.255.0.97", "10.6.2.0/24"), (65018, "10.255.0.97", "10.6.3.0/24")):
        peer = meet(bed, 10, asn=asn, identifier=identifier, capabilities=IPV4 + struct.pack("!BBI", 65, 4, asn))
        peer.send(update(ORIGIN + attribute(0x40, 2, wire.as_path([[asn]])) + HOP, prefix_bytes(route)))
        assert wait(lambda: set(bed.routes()) == {route, "10.99.0.0/24"}, 10), bed.routes().keys()
        assert bed.json("show bgp neighbors 10.0.8.10")["10.0.8.10"]["remoteRouterId"] == identifier
        assert bed.row("10.0.8.10")["remoteAs"] == asn
        peer.close()
        assert wait(lambda: set(bed.routes()) == {"10.99.0.0/24"}, 10)
    unharmed(bed)


@pytest.mark.parametrize("end", ["shutdown", "reset"])
def test_cut_in_a_message(bed, end):
    """The connection ends in the middle of an UPDATE: what was whole counted, the rest never happens."""
    start(bed)
    peer = meet(bed, 10)
    whole = update(GOOD, prefix_bytes("10.6.0.0/24"))
    peer.send(whole + update(GOOD, prefix_bytes("10.7.0.0/24"))[:-1])
    assert wait(lambda: "10.6.0.0/24" in bed.routes(), 10) and "10.7.0.0/24" not in bed.routes()
    if end == "reset":
        peer.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    assert wait(lambda: set(bed.routes()) == {"10.99.0.0/24"}, 10)
    again = meet(bed, 11)
    assert again.stays()
    unharmed(bed)
