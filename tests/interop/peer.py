"""What the other daemons have in common: a link as a cell wants it, and the verbs by which a daemon is driven.

A driver writes its daemon's configuration from a `Link` (what the cell wants of that end of the session), starts it,
and tells what it heard as plain dictionaries, {prefix: [route]}:

    next_hop, origin ("igp", "egp", "incomplete"), path ("65001 4200000000 {1,2}"), med and local_pref where the route
    has them, aggregator ("65001 10.255.0.1") and atomic likewise, communities, large and extended (sorted; extended as
    16 hex digits), originator, clusters, stale, unknown ({code: hex digits}; FRR shows none)

Nothing here knows what is right.
"""

import signal
import socket
import struct
from dataclasses import dataclass, field

import daemons
import netns

AFI = {"ipv4": "ipv4 unicast", "ipv6": "ipv6 unicast", "evpn": "l2vpn evpn"}


@dataclass
class Link:
    """What a cell wants of the peer's end. Addresses are those of the bed's link `number`."""

    number: int = 1
    own_as: int = 65002
    remote_as: int = 65001
    over: object = 4  # 4, 6 or "link": unnumbered
    families: tuple = ("ipv4", "ipv6")
    hold: int = 9
    as4: bool = True
    passive: bool = False
    password: str = ""
    ttl_security: bool = False
    add_path: bool = False
    graceful: int = 0  # restart time, s
    long_lived: int = 0  # stale time, s
    soft_reset: bool = False  # a reset is no Hard Reset, where the peer has the choice
    client: bool = False  # we are a route reflection client of the peer
    limit: int = 0  # maximum-prefix, IPv4
    extended_nexthop: bool = False
    extended_message: bool = True  # RFC 8654, where the daemon can leave it
    behind: tuple = ()  # ASs of further neighbors, on a link that we do not see: 10.0.10.2, .3, …
    bfd: bool = False
    multihop: bool = False  # between the addresses on lo
    retry: int = 1
    more: tuple = field(default=())  # statements in the daemon's own words, for its neighbor

    @property
    def name(self):
        return f"l{self.number}"

    @property
    def router_id(self):
        return f"10.255.0.{self.number + 1}"

    def address(self, end, over=None):
        over = over or self.over
        if self.multihop:
            return "10.255.0.1" if end == 1 else self.router_id
        return f"10.0.{self.number}.{end}" if over == 4 else f"2001:db8:{self.number}::{end}"

    @property
    def ours(self):
        return self.address(1)

    @property
    def theirs(self):
        return self.address(2)

    @property
    def internal(self):
        return self.own_as == self.remote_as


def keepalive(link):
    return max(link.hold // 3, min(link.hold, 1))


def rib(rows):
    """{prefix: [route]} of (prefix, route) pairs."""
    table = {}
    for prefix, route in rows:
        table.setdefault(prefix, []).append(route)
    return table


def extended_bytes(text):
    """`rt:65000:1` or `soo:…` as 16 hex digits."""
    kind, admin, value = text.split(":")
    subtype = {"rt": 2, "target": 2, "soo": 3, "ro": 3, "origin": 3}[kind.lower()]
    if admin.count(".") == 1:  # asdot
        high, low = map(int, admin.split("."))
        admin = str(high * 65536 + low)
    if "." in admin:
        return struct.pack("!BB4sH", 1, subtype, socket.inet_aton(admin), int(value)).hex()
    if int(admin) > 65535:
        return struct.pack("!BBIH", 2, subtype, int(admin), int(value)).hex()
    return struct.pack("!BBHI", 0, subtype, int(admin), int(value)).hex()


def vtep(vni, address):
    """For `ip -batch`: a bridge with a VXLAN port and an access port."""
    return [f"link add br{vni} type bridge", f"link add vxlan{vni} type vxlan id {vni} dstport 4789 local {address} nolearning", "link add vm0 type veth peer name vm0p",
            f"link set vxlan{vni} master br{vni}", f"link set vm0 master br{vni}", *(f"link set {name} up" for name in (f"br{vni}", f"vxlan{vni}", "vm0", "vm0p"))]


class Peer(daemons.Daemon):
    """What they share. `sets`: can announce AS_SETs. `rests`: how long it is idle after a session that failed, s."""

    sets, rests, resuming = False, 1, ()

    def __init__(self, node, link):
        self.link, self.announced, self.several = link, {}, {}
        super().__init__(node, "")

    def write(self, name, text):
        with open(f"{self.directory}/{name}", "w") as handle:
            handle.write(text)

    def begin(self):
        """Starts it, and returns when it can be asked."""
        self.start()

    def end(self, number=signal.SIGTERM):
        """Its processes are gone when this returns."""
        self.stop(number)

    def enhanced(self):
        """Whether it says that enhanced route refresh is in use; None: it does not say."""

    def resume(self):
        """Starts it after a crash: with what tells it that others have kept its routes, and with its own routes known
        to it before it has a session. Else it would say End-of-RIB first, rightly."""
        self.silence(True)
        self.begin(*self.resuming)
        self.silence(False)

    def silence(self, yes):
        """What it sends us gets lost, or no more."""
        verb = ("replace", "lladdr", "02:00:00:00:00:99", "nud", "permanent") if yes else ("del",)
        netns.run(self.node, "ip", "neigh", verb[0], self.link.address(1, 4), "dev", self.link.name, *verb[1:])

    def count(self, family="ipv4"):
        return len(self.routes(family))

    def has_path(self, prefix, path):
        found = self.one(prefix)
        return bool(found) and found["path"] == path

    def community_count(self, prefix):
        """How many the only route of a prefix has; None: there is none."""
        found = self.one(prefix)
        return found and len(found["communities"])

    def one(self, prefix, family="ipv4"):
        """The only route of a prefix, or None."""
        found = self.routes(family).get(prefix, [])
        return found[0] if len(found) == 1 else None
