"""The other daemons, each behind the same few verbs: FRR 8.4, BIRD 2.0, GoBGP 3.10 and ExaBGP 4.2 of Debian 12.

A driver writes its daemon's configuration from a `Link` (what the cell wants of that end of the session), starts it,
and tells what it heard as plain dictionaries, {prefix: [route]}:

    next_hop, origin ("igp", "egp", "incomplete"), path ("65001 4200000000 {1,2}"), med and local_pref where the route
    has them, aggregator ("65001 10.255.0.1") and atomic where it has them, communities, large and extended (sorted; extended as 16 hex digits), originator, clusters, stale, unknown
    ({code: hex digits}; FRR shows none)

Nothing here knows what is right.
"""

import base64
import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field

import daemons
import netns
from wire import attributes, prefix_bytes

OURS = "10.255.0.1"  # router id of evpnd
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


# ---- FRR ----


class Frr(Peer, daemons.Frr):
    kind, sets = "frr", False

    def __init__(self, node, link):
        daemons.Frr.__init__(self, node, "")
        self.link, self.announced, self.behind, self.more_family = link, {}, [], []

    def text(self):
        k = self.link
        who = k.name if k.over == "link" else k.ours
        lines = ["frr defaults datacenter", "hostname frr", f"router bgp {k.own_as}", f" bgp router-id {k.router_id}", " no bgp ebgp-requires-policy",
                 " no bgp network import-check", " no bgp default ipv4-unicast"]
        lines += [f" neighbor {who} interface remote-as external"] if k.over == "link" else [f" neighbor {who} remote-as {k.remote_as}"]
        one = [f"timers {keepalive(k)} {k.hold}", f"timers connect {k.retry}"]
        one += ["passive"] * k.passive + ["ttl-security hops 1"] * k.ttl_security + ["bfd"] * k.bfd
        one += [f"password {k.password}"] * bool(k.password) + ["dont-capability-negotiate"] * (not k.as4)
        one += ["capability extended-nexthop"] * k.extended_nexthop + ["ebgp-multihop 2", "update-source lo"] * k.multihop
        lines += [f" neighbor {who} {words}" for words in one + list(k.more)]
        if k.graceful:
            lines += [" bgp graceful-restart", " bgp graceful-restart preserve-fw-state", f" bgp graceful-restart restart-time {k.graceful}"]
        lines += [" no bgp hard-administrative-reset"] * k.soft_reset
        if k.long_lived:
            lines += [f" bgp long-lived-graceful-restart stale-time {k.long_lived}"]
        for i, asn in enumerate(k.behind):
            lines += [f" neighbor 10.0.10.{2 + i} remote-as {asn}", f" neighbor 10.0.10.{2 + i} passive"]
        for family in k.families:
            lines += [f" address-family {AFI[family]}", f"  neighbor {who} activate"]
            for i in range(len(k.behind)):
                lines += [f"  neighbor 10.0.10.{2 + i} activate"] + [f"  neighbor 10.0.10.{2 + i} route-reflector-client"] * k.client
            lines += [f"  neighbor {who} route-reflector-client"] * k.client
            lines += [f"  neighbor {who} addpath-tx-all-paths"] * (k.add_path and family != "evpn")
            lines += [f"  neighbor {who} maximum-prefix {k.limit}"] * (k.limit and family == "ipv4")
            lines += [f"  {line}" for line in self.more_family if family == "evpn"] + [" exit-address-family"]
        return "\n".join(lines) + "\n"

    def begin(self):
        self.config = self.text()
        self.start()
        self.start_late()
        if self.link.bfd:
            self.write("bfdd.conf", "")
            self.run("bfdd")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not os.path.exists(f"{self.state}/bgpd.vty"):
            time.sleep(0.02)
        for family, announced in self.announced.items():
            for prefix, words in announced.items():
                self.announce(prefix, family, **words)

    def end(self, number=signal.SIGTERM):
        self.stop(number)
        subprocess.run(["rm", "-f", f"{self.state}/bgpd.vty"], check=True)

    def configure(self, *lines):
        return netns.run(self.node, "vtysh", "-N", self.node, *[word for line in ("configure", *lines) for word in ("-c", line)])

    def established(self):
        return self.neighbor().get("bgpState") == "Established"

    def neighbor(self):
        try:
            return next(iter(json.loads(self.show("show bgp neighbors json")).values()))
        except (RuntimeError, ValueError, StopIteration):
            return {}

    def routes(self, family="ipv4"):
        try:
            table = json.loads(self.show(f"show bgp {AFI[family]} json detail")).get("routes", {})
        except (RuntimeError, ValueError):
            return {}
        return rib((prefix, self.row(route)) for prefix, paths in table.items() for route in paths if route.get("peer", {}).get("peerId", "0.0.0.0") != "0.0.0.0")

    @staticmethod
    def row(route):
        row = {"origin": route["origin"].lower(), "path": route["aspath"]["string"].replace("Local", ""), "next_hop": route["nexthops"][0]["ip"]}
        for ours, theirs in (("med", "metric"), ("local_pref", "locPrf"), ("originator", "originatorId"), ("atomic", "atomicAggregate")):
            if theirs in route:
                row[ours] = route[theirs]
        if "aggregatorAs" in route:
            row["aggregator"] = f"{route['aggregatorAs']} {route['aggregatorId']}"
        row["communities"] = sorted(FRR_COMMUNITY.get(c, c) for c in route.get("community", {}).get("list", []))
        row["large"] = sorted(route.get("largeCommunity", {}).get("list", []))
        row["extended"] = sorted(extended_bytes(c) for c in route.get("extendedCommunity", {}).get("string", "").split() if c.split(":")[0] in ("RT", "SoO"))
        if "clusterList" in route:
            row["clusters"] = route["clusterList"]["list"]
        row["stale"] = bool(route.get("stale"))
        return row

    def announce(self, prefix, family="ipv4", **words):
        self.announced.setdefault(family, {})[prefix] = words
        name = "M" + re.sub(r"\W", "-", prefix)
        sets = []
        for key, text in (("origin", "origin"), ("med", "metric"), ("local_pref", "local-preference")):
            sets += [f"set {text} {words[key]}"] if key in words else []
        sets += ["set community " + " ".join(words["communities"])] if words.get("communities") else []
        sets += ["set large-community " + " ".join(words["large"])] if words.get("large") else []
        sets += ["set extcommunity rt " + " ".join(e[3:] for e in words["extended"])] if words.get("extended") else []
        sets += ["set as-path prepend " + words["path"]] if words.get("path") else []
        self.configure(f"route-map {name} permit 10", *sets, "exit", f"router bgp {self.link.own_as}", f"address-family {AFI[family]}", f"network {prefix} route-map {name}")

    def withdraw(self, prefix, family="ipv4"):
        del self.announced[family][prefix]
        self.configure(f"router bgp {self.link.own_as}", f"address-family {AFI[family]}", f"no network {prefix}")

    def kernel_routes(self):
        found = re.search(r"^kernel +(\d+) ", self.show("show ip route summary"), re.M)
        return int(found.group(1)) if found else 0

    def announce_many(self, prefixes):
        """As routes of its kernel, at a pace that zebra's netlink socket can follow."""
        for start in range(0, len(prefixes), 1000):
            known = self.kernel_routes()
            some = prefixes[start : start + 1000]
            netns.batch(self.node, "ip", [f"route add blackhole {p} proto 99" for p in some])
            deadline = time.monotonic() + 10
            while self.kernel_routes() != known + len(some) and time.monotonic() < deadline:
                time.sleep(0.02)
        self.configure(f"router bgp {self.link.own_as}", "address-family ipv4 unicast", "redistribute kernel")

    def announce_paths(self, prefix, paths):
        """It has no two ways of its own: each comes from a neighbor behind it, whose AS is the first of the path."""
        for witness in self.behind:
            mine = [path for path in paths if path.split()[0] == str(witness.asn)]
            if mine:
                assert witness.up.wait(5)
                witness.announce([prefix], attributes(witness.local, [list(map(int, mine[0].split()))]))
            else:
                witness.withdraw([prefix])

    def evpn(self):
        """(type, mac, ip, next hop) of the EVPN routes that it has heard."""
        table = json.loads(self.show("show bgp l2vpn evpn route json"))
        paths = [path for group in table.values() if isinstance(group, dict) for found in group.values() if isinstance(found, dict) for some in found["paths"] for path in some]
        return {(p["routeType"], p.get("mac", ""), p.get("ip", ""), p["nexthops"][0]["ip"]) for p in paths if p["peerId"] != "(unspec)"}

    def vtep(self, vni):
        """A VTEP of the VNI, in the kernel of its own."""
        netns.batch(self.node, "ip", vtep(vni, self.link.router_id))
        self.configure(f"router bgp {self.link.own_as}", "address-family l2vpn evpn", "advertise-all-vni")

    def host(self, mac, verb="add"):
        netns.batch(self.node, "bridge", [f"fdb {verb} {mac} dev vm0 master static"])

    def resume_evpn(self, vni, mac):
        """All is in its kernel still."""
        self.more_family = ["advertise-all-vni"]
        self.resume()

    def reset(self):
        self.show("clear bgp *")

    def enhanced(self):
        return self.neighbor()["neighborCapabilities"].get("enhancedRouteRefresh") == "advertisedAndReceived"

    def refresh(self):
        self.show(f"clear bgp ipv4 unicast {self.link.ours} soft in")

    def shut(self, text):
        self.configure(f"router bgp {self.link.own_as}", f"neighbor {self.link.ours} shutdown message {text}")

    def last_error(self):
        """What it says of the end of the last session."""
        return self.show(f"show bgp neighbors {self.link.ours}") + self.logs().get("bgpd.log", "")


FRR_COMMUNITY = {"noExport": "65535:65281", "noAdvertise": "65535:65282", "gracefulShutdown": "65535:0", "llgrStale": "65535:6", "noLlgr": "65535:7", "blackhole": "65535:666"}


# ---- BIRD ----


class Bird(Peer):
    kind, resuming = "bird", ("-R",)

    def channel(self, family):
        k = self.link
        # A MED goes to external neighbors only if the export filter has set it.
        lines = ["import all;", "export all;" if k.client else "export filter { if source != RTS_STATIC then reject; if defined(bgp_med) then bgp_med = bgp_med; accept; };"]
        lines += ["add paths on;"] * k.add_path + ["extended next hop on;"] * (k.extended_nexthop and family == "ipv4")
        lines += [f"receive limit {k.limit} action disable;"] * bool(k.limit and family == "ipv4")
        if k.long_lived:
            lines += [f"long lived graceful restart on; long lived stale time {k.long_lived};"]
        return f"  {family} {{ " + " ".join(lines) + " };\n"

    def text(self):
        k = self.link
        text = f"log \"{self.directory}/bird.log\" all;\nrouter id {k.router_id};\nprotocol device {{ scan time 1; }}\n"
        text += "protocol bfd { interface \"*\" { min rx interval 50 ms; min tx interval 50 ms; multiplier 3; }; }\n" * k.bfd
        for family in k.families:
            rows = "".join(self.static(prefix, **words) for prefix, words in self.announced.get(family, {}).items())
            text += f"protocol static static_{family} {{ {family};\n{rows}}}\n"
        hop = f"neighbor fe80::{k.number}:1 % 'l{k.number}'" if k.over == "link" else f"neighbor {k.ours}"
        lines = [f"local as {k.own_as};" if k.over == "link" else f"local {k.theirs} as {k.own_as};", f"{hop} as {k.remote_as};", f"hold time {k.hold};",
                 f"keepalive time {keepalive(k)};" if k.hold else "", f"connect retry time {k.retry}; connect delay time 1; error wait time 1, 2;"]
        lines += ["enable as4 off;"] * (not k.as4) + ["passive on;"] * k.passive + [f'password "{k.password}";'] * bool(k.password)
        lines += ["ttl security on;"] * k.ttl_security + ["rr client;"] * k.client + ["bfd on;"] * k.bfd
        lines += ["multihop 2;"] * k.multihop + ["enable extended messages on;"] * k.extended_message + list(k.more)
        lines += [f"graceful restart on; graceful restart time {k.graceful};"] * bool(k.graceful)
        lines += ["long lived graceful restart on;"] * bool(k.long_lived)
        text += "protocol bgp evpnd {\n" + "".join(f"  {line}\n" for line in lines) + "".join(map(self.channel, k.families)) + "}\n"
        for i, asn in enumerate(k.behind if k.client else ()):
            text += f"protocol bgp behind{i} {{\n  local 10.0.10.1 as {k.own_as};\n  neighbor 10.0.10.{2 + i} as {asn};\n  passive; rr client;\n" + self.channel("ipv4") + "}\n"
        for i, path in enumerate(self.several):
            text += f"protocol static several{i} {{ ipv4;\n" + "".join(self.static(prefix, path=path) for prefix in self.several[path]) + "}\n"
        return text

    @staticmethod
    def static(prefix, **words):
        code = []
        code += ["bgp_path.empty; " + " ".join(f"bgp_path.prepend({a});" for a in reversed(words["path"].split()))] if words.get("path") else []
        code += [f"bgp_origin = ORIGIN_{words['origin'].upper()};"] if "origin" in words else []
        code += [f"bgp_{key} = {words[key]};" for key in ("med", "local_pref") if key in words]
        code += [f"bgp_community.add(({c.replace(':', ',')}));" for c in words.get("communities", ())]
        code += [f"bgp_large_community.add(({c.replace(':', ',')}));" for c in words.get("large", ())]
        code += [f"bgp_ext_community.add(({c.replace(':', ',')}));" for c in words.get("extended", ())]
        return f"  route {prefix} blackhole" + (" { " + " ".join(code) + " }" if code else "") + ";\n"

    def begin(self, *options):
        self.write("bird.conf", self.text())
        self.spawn(["bird", "-f", "-c", f"{self.directory}/bird.conf", "-s", f"{self.directory}/bird.ctl", *options], "bird.out.log")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not os.path.exists(f"{self.directory}/bird.ctl"):
            time.sleep(0.02)

    def end(self, number=signal.SIGTERM):
        self.stop(number)
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{self.directory}/bird.ctl")

    def command(self, *words):
        return netns.run(self.node, "birdc", "-s", f"{self.directory}/bird.ctl", *words)

    def configure(self):
        self.write("bird.conf", self.text())
        answer = self.command("configure")
        assert "Reconfig" in answer, answer

    def established(self):
        try:
            return "Established" in self.command("show", "protocols", "evpnd")
        except RuntimeError:
            return False

    def count(self, family="ipv4"):
        found = re.search(r"(\d+) of", self.command("show", "route", "protocol", "evpnd", "table", "master" + family[-1], "count"))
        return int(found.group(1))

    def has_path(self, prefix, path):
        """It cuts what it shows: length, first and last are compared."""
        members = path.split()
        ends = f"bgp_path.len = {len(members)} && bgp_path.first = {members[0]} && bgp_path.last = {members[-1]}"
        return prefix in self.command("show", "route", prefix, "protocol", "evpnd", "where", ends)

    def community_count(self, prefix):
        """By halves: it can be asked for the size, but does not show it."""
        low, high = 0, 20000
        if not self.one(prefix):
            return None
        while low < high:
            middle = (low + high) // 2
            if prefix in self.command("show", "route", prefix, "protocol", "evpnd", "where", f"bgp_community.len > {middle}"):
                low = middle + 1
            else:
                high = middle
        return low

    def routes(self, family="ipv4"):
        try:
            text = self.command("show", "route", "table", "master" + family[-1], "all", "protocol", "evpnd")
        except RuntimeError:
            return {}
        rows, prefix = [], None
        for line in text.splitlines():
            head = re.match(r"(\S+/\d+)?\s+(?:unicast|unreachable|blackhole|unicast) \[evpnd.*\](.*)", line)
            if head:
                prefix = head.group(1) or prefix
                rows.append((prefix, {"communities": [], "large": [], "extended": [], "stale": bool(re.search(r"\(\d+-?s", line))}))
            elif rows and line.strip().startswith("BGP."):
                self.fill(rows[-1][1], *line.strip()[4:].split(": ", 1))
        return rib(rows)

    @staticmethod
    def fill(row, key, value=""):
        key, value = key.rstrip(":"), value.strip()
        groups = [g.replace(" ", "") for g in re.findall(r"\(([^)]*)\)", value)]
        if key == "origin":
            row["origin"] = value.lower()
        elif key == "as_path":
            row["path"] = re.sub(r"\{([^}]*)\}", lambda m: "{" + ",".join(sorted(m.group(1).split(), key=int)) + "}", value)
        elif key == "next_hop":
            row["next_hop"] = value.split()[0]
        elif key in ("med", "local_pref"):
            row[key] = int(value)
        elif key == "community":
            row["communities"] = sorted(g.replace(",", ":") for g in groups)
        elif key == "large_community":
            row["large"] = sorted(g.replace(",", ":") for g in groups)
        elif key == "ext_community":
            row["extended"] = sorted(extended_bytes(g.replace(",", ":")) for g in groups)
        elif key == "originator_id":
            row["originator"] = value
        elif key == "aggregator":
            row["aggregator"] = " ".join(reversed(value.replace("AS", "").split()))
        elif key == "atomic_aggr":
            row["atomic"] = True
        elif key == "cluster_list":
            row["clusters"] = value.split()
        elif re.match(r"[0-9a-f]{2} \[", key):
            row.setdefault("unknown", {})[int(key[:2], 16)] = value.replace(" ", "")

    def announce(self, prefix, family="ipv4", **words):
        self.announced.setdefault(family, {})[prefix] = words
        self.configure()

    def withdraw(self, prefix, family="ipv4"):
        del self.announced[family][prefix]
        self.configure()

    def announce_many(self, prefixes):
        self.announced.setdefault("ipv4", {}).update({p: {} for p in prefixes})
        self.configure()

    def announce_paths(self, prefix, paths):
        self.several = {path: [prefix] for path in paths}
        self.configure()

    def reset(self):
        self.command("restart", "evpnd")

    def enhanced(self):
        return self.command("show", "protocols", "all", "evpnd").count("Enhanced refresh") == 2

    def refresh(self):
        self.command("reload", "in", "evpnd")

    def shut(self, text):
        self.command("disable", "evpnd", f'"{text}"')

    def last_error(self):
        return self.command("show", "protocols", "all", "evpnd") + self.logs().get("bird.log", "")


# ---- GoBGP ----


class Gobgp(Peer):
    kind, sets, rests, resuming = "gobgp", True, 5, ("-r",)
    NAMES = {"ipv4": "ipv4-unicast", "ipv6": "ipv6-unicast", "evpn": "l2vpn-evpn"}

    def text(self):
        k = self.link
        text = f"[global.config]\n  as = {k.own_as}\n  router-id = \"{k.router_id}\"\n[[neighbors]]\n  [neighbors.config]\n"
        if k.over == "link":
            text += f'    neighbor-interface = "l{k.number}"\n'
        else:
            text += f'    neighbor-address = "{k.ours}"\n    peer-as = {k.remote_as}\n'
        text += f'    auth-password = "{k.password}"\n' if k.password else ""
        text += f"  [neighbors.timers.config]\n    connect-retry = {k.retry}\n    hold-time = {k.hold}\n    keepalive-interval = {keepalive(k)}\n    idle-hold-time-after-reset = 1\n"
        text += "  [neighbors.transport.config]\n" + (f'    local-address = "{k.theirs}"\n' if k.over != "link" else "") + ("    passive-mode = true\n" if k.passive else "")
        text += "  [neighbors.ttl-security.config]\n    enabled = true\n    ttl-min = 255\n" if k.ttl_security else ""
        text += "  [neighbors.ebgp-multihop.config]\n    enabled = true\n    multihop-ttl = 2\n" if k.multihop else ""
        text += f'  [neighbors.route-reflector.config]\n    route-reflector-client = true\n    route-reflector-cluster-id = "{k.router_id}"\n' if k.client else ""
        text += "  [neighbors.add-paths.config]\n    receive = true\n    send-max = 8\n" if k.add_path else ""
        if k.graceful:
            text += f"  [neighbors.graceful-restart.config]\n    enabled = true\n    notification-enabled = true\n    restart-time = {k.graceful}\n"
            text += "    long-lived-enabled = true\n" if k.long_lived else ""
        text += "".join(f"  {line}\n" for line in k.more)
        for family in k.families:
            text += f'  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n      afi-safi-name = "{self.NAMES[family]}"\n'
            text += "    [neighbors.afi-safis.mp-graceful-restart.config]\n      enabled = true\n" if k.graceful else ""
            text += f"    [neighbors.afi-safis.long-lived-graceful-restart.config]\n      enabled = true\n      restart-time = {k.long_lived}\n" if k.long_lived else ""
            text += f"    [neighbors.afi-safis.prefix-limit.config]\n      max-prefixes = {k.limit}\n" if k.limit and family == "ipv4" else ""
        for i, asn in enumerate(k.behind if k.client else ()):
            text += f'[[neighbors]]\n  [neighbors.config]\n    neighbor-address = "10.0.10.{2 + i}"\n    peer-as = {asn}\n  [neighbors.transport.config]\n    passive-mode = true\n'
            text += f'  [neighbors.route-reflector.config]\n    route-reflector-client = true\n    route-reflector-cluster-id = "{k.router_id}"\n'
        return text

    def begin(self, *options):
        self.write("gobgpd.toml", self.text())
        self.spawn(["gobgpd", "-f", f"{self.directory}/gobgpd.toml", "--api-hosts", f"unix://{self.directory}/api.sock", "--log-plain", "--pprof-disable", *options], "gobgpd.log")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not self.answers():
            time.sleep(0.05)
        for family, announced in self.announced.items():
            for prefix, words in announced.items():
                self.announce(prefix, family, **words)

    def end(self, number=signal.SIGTERM):
        self.stop(number)
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{self.directory}/api.sock")

    def answers(self):
        with contextlib.suppress(RuntimeError):
            return "AS:" in self.command("global")

    def command(self, *words):
        return netns.run(self.node, "gobgp", "--target", f"unix://{self.directory}/api.sock", *words)

    def neighbors(self):
        try:
            return json.loads(self.command("neighbor", "-j"))
        except (RuntimeError, ValueError):
            return []

    def established(self):
        return any(n["state"].get("session_state") == 6 for n in self.neighbors())

    def address(self):
        return self.neighbors()[0]["state"]["neighbor_address"]

    def routes(self, family="ipv4"):
        try:
            table = json.loads(self.command("global", "rib", "-a", family, "-j") or "{}")
        except (RuntimeError, ValueError):
            return {}
        return rib((prefix, self.row(path)) for prefix, paths in table.items() for path in paths if path.get("source-id") == OURS)

    @staticmethod
    def row(path):
        row, by = {"communities": [], "large": [], "extended": [], "stale": bool(path.get("stale"))}, {a["type"]: a for a in path["attrs"]}
        row["origin"] = ("igp", "egp", "incomplete")[by[1]["value"]]
        words = []
        for segment in by.get(2, {}).get("as_paths", []):
            numbers = segment.get("asns", [])
            words += ["{" + ",".join(map(str, sorted(numbers))) + "}"] if segment["segment_type"] == 1 else list(map(str, numbers))
        row["path"] = " ".join(words)
        row["next_hop"] = by[3]["nexthop"] if 3 in by else by[14]["nexthop"]
        for code, key, name in ((4, "med", "metric"), (5, "local_pref", "value"), (9, "originator", "value"), (10, "clusters", "value")):
            if code in by:
                row[key] = by[code][name]
        if 6 in by:
            row["atomic"] = True
        if 7 in by:
            row["aggregator"] = f"{by[7]['as']} {by[7]['address']}"
        row["unknown"] = {code: base64.b64decode(a["value"]).hex() for code, a in by.items() if code > 200}
        row["communities"] = sorted(f"{c >> 16}:{c & 65535}" for c in by.get(8, {}).get("communities", []))
        row["large"] = sorted("%d:%d:%d" % (c["ASN"], c["LocalData1"], c["LocalData2"]) for c in by.get(32, {}).get("value", []))
        row["extended"] = sorted(extended_bytes(("rt:" if c["subtype"] == 2 else "soo:") + c["value"]) for c in by.get(16, {}).get("value", []) if c.get("subtype") in (2, 3) and "value" in c)
        return row

    def announce(self, prefix, family="ipv4", **words):
        self.announced.setdefault(family, {})[prefix] = words
        more = ["origin", words.get("origin", "igp")] + ["nexthop", self.link.address(2, 6)] * (family == "ipv6" and self.link.over != "link")
        more += ["aspath", words["path"]] if words.get("path") else []
        more += ["med", str(words["med"])] if "med" in words else []
        more += ["local-pref", str(words["local_pref"])] if "local_pref" in words else []
        more += ["community", ",".join(words["communities"])] if words.get("communities") else []
        more += ["large-community", ",".join(words["large"])] if words.get("large") else []
        for one in words.get("extended", ()):
            more += one.split(":", 1)
        self.command("global", "rib", "add", "-a", family, prefix, *more)

    def withdraw(self, prefix, family="ipv4"):
        del self.announced[family][prefix]
        self.command("global", "rib", "del", "-a", family, prefix)

    def announce_many(self, prefixes):
        """By a table dump (RFC 6396): one process instead of one for each prefix."""
        peer = struct.pack("!B4s4sI", 2, socket.inet_aton(self.link.router_id), socket.inet_aton(self.link.theirs), self.link.own_as)
        index = socket.inet_aton(self.link.router_id) + struct.pack("!HH", 0, 1) + peer
        for some in (prefixes, prefixes[::-1]):  # the command ends before the last that it has sent is taken
            raw = b"".join(record(number, prefix) for number, prefix in enumerate(some))
            with open(f"{self.directory}/table.mrt", "wb") as handle:
                handle.write(struct.pack("!IHHI", 0, 13, 1, len(index)) + index + raw)
            self.command("mrt", "inject", "global", "--nexthop", "0.0.0.0", f"{self.directory}/table.mrt")

    def announce_paths(self, prefix, paths):
        for path in self.several.get(prefix, ()):
            if path not in paths:
                self.command("global", "rib", "del", prefix, "identifier", path.split()[0])
        for path in paths:
            self.command("global", "rib", "add", prefix, "identifier", path.split()[0], "aspath", path, "origin", "igp")
        self.several[prefix] = paths

    def evpn(self):
        found = set()
        for path in sum(json.loads(self.command("global", "rib", "-a", "evpn", "-j") or "{}").values(), []):
            value, nlri = path["nlri"]["value"], path["nlri"]
            hop = next(a["nexthop"] for a in path["attrs"] if a["type"] == 14)
            if path.get("source-id") == OURS:
                found.add((nlri["type"], value.get("mac", ""), value.get("ip", "").replace("<nil>", ""), hop))
        return found

    def vtep(self, vni):
        self.vni, own = vni, self.link.router_id
        self.command("global", "rib", "add", "-a", "evpn", "multicast", own, "etag", "0", "rd", f"{own}:{vni}", "rt", f"{self.link.own_as}:{vni}", "encap", "vxlan",
                     "pmsi", "ingress-repl", str(vni), own, "nexthop", own)

    def host(self, mac, verb="add"):
        own = self.link.router_id
        self.command("global", "rib", verb, "-a", "evpn", "macadv", mac, "0.0.0.0", "esi", "0", "etag", "0", "label", str(self.vni), "rd", f"{own}:{self.vni}",
                     "rt", f"{self.link.own_as}:{self.vni}", "encap", "vxlan", "nexthop", own)

    def resume_evpn(self, vni, mac):
        self.silence(True)
        self.begin(*self.resuming)
        self.vtep(vni)
        self.host(mac)
        self.silence(False)

    def evpn_prefix(self, prefix):
        """A type 5 route."""
        own = self.link.router_id
        self.command("global", "rib", "add", "-a", "evpn", "prefix", prefix, "gw", own, "esi", "0", "etag", "0", "label", str(self.vni), "rd", f"{own}:{self.vni}",
                     "rt", f"{self.link.own_as}:{self.vni}", "encap", "vxlan", "nexthop", own)

    def reset(self):
        self.command("neighbor", self.address(), "reset")

    def refresh(self):
        self.command("neighbor", self.address(), "softresetin", "-a", "ipv4")

    def shut(self, text):
        self.command("neighbor", self.address(), "shutdown", "--reason", text)

    def last_error(self):
        return self.logs().get("gobgpd.log", "")


def record(number, prefix):
    """A RIB_IPV4_UNICAST record of a table dump, one entry."""
    raw = attributes("0.0.0.0", [])
    body = struct.pack("!I", number) + prefix_bytes(prefix) + struct.pack("!HHIH", 1, 0, 0, len(raw)) + raw
    return struct.pack("!IHHI", 0, 13, 2, len(body)) + body


# ---- ExaBGP ----

# Its helper: what it is told goes into a file, what comes by the pipe is a command to it.
HELPER = """
import os, select, sys
heard, pipe = os.open("{0}/heard.json", os.O_WRONLY | os.O_CREAT | os.O_APPEND), os.open("{0}/pipe", os.O_RDWR)
while True:
    ready = select.select([0, pipe], [], [])[0]
    if 0 in ready:
        try:
            data = os.read(0, 1 << 20)
        except BlockingIOError:
            data = None
        if data == b"":
            break
        if data:
            os.write(heard, data)
    if pipe in ready:
        sys.stdout.write(os.read(pipe, 1 << 16).decode())
        sys.stdout.flush()
"""
EXABGP_ENV = {"exabgp.daemon.user": "root", "exabgp.daemon.drop": "false", "exabgp.api.cli": "false", "exabgp.api.ack": "false", "exabgp.log.all": "true", "exabgp.log.level": "INFO",
              "exabgp.tcp.delay": "0"}
WITHDRAWN = object()


class Exabgp(Peer):
    kind, sets = "exabgp", True

    def text(self):
        k = self.link
        text = f"process helper {{\n    run /usr/bin/python3 {self.directory}/helper.py;\n    encoder json;\n}}\nneighbor {k.ours} {{\n"
        text += f"    router-id {k.router_id};\n    local-address {k.theirs};\n    local-as {k.own_as};\n    peer-as {k.remote_as if k.as4 or k.remote_as < 65536 else 23456};\n    hold-time {k.hold};\n    adj-rib-out true;\n"
        text += f'    md5-password "{k.password}";\n' if k.password else ""
        text += "    incoming-ttl 255;\n    outgoing-ttl 255;\n" if k.ttl_security else ""
        text += "    passive;\n" if k.passive else ""
        text += "    family {\n" + "".join(f"        {AFI[f]};\n" for f in k.families) + "    }\n    capability {\n"
        text += "        asn4 disable;\n" if not k.as4 else ""
        text += "        add-path send/receive;\n" if k.add_path else ""
        text += "        extended-message enable;\n" if k.extended_message else "        extended-message disable;\n"
        text += f"        graceful-restart {k.graceful};\n" if k.graceful else ""
        text += "        nexthop enable;\n" if k.extended_nexthop else ""
        text += "        route-refresh;\n" + "".join(f"        {line}\n" for line in k.more) + "    }\n"
        text += "    nexthop {\n        ipv4 unicast ipv6;\n    }\n" if k.extended_nexthop else ""
        text += "    api {\n        processes [ helper ];\n        neighbor-changes;\n        receive {\n            parsed;\n            update;\n            open;\n        }\n    }\n}\n"
        return text

    def begin(self):
        self.write("helper.py", HELPER.format(self.directory))
        self.write("exabgp.conf", self.text())
        for name in ("heard.json", "pipe"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(f"{self.directory}/{name}")
        os.mkfifo(f"{self.directory}/pipe")
        self.pipe = os.open(f"{self.directory}/pipe", os.O_RDWR)
        more = {"exabgp.tcp.bind": self.link.theirs, "exabgp.tcp.port": "179"} if self.link.passive else {}
        self.spawn(["/usr/sbin/exabgp", f"{self.directory}/exabgp.conf"], "exabgp.log", env=dict(os.environ, **EXABGP_ENV, **more))
        for family, announced in self.announced.items():
            for prefix, words in announced.items():
                self.announce(prefix, family, **words)

    def resume(self):
        self.silence(True)
        self.begin()
        time.sleep(1)  # until it has read the pipe
        self.silence(False)

    def end(self, number=signal.SIGTERM):
        os.close(self.pipe)
        self.stop(number)

    def messages(self):
        try:
            with open(f"{self.directory}/heard.json", errors="replace") as lines:
                return [json.loads(line, strict=False) for line in lines if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def established(self):
        states = [m["neighbor"]["state"] for m in self.messages() if m.get("type") == "state"]
        return bool(states) and states[-1] == "up"

    def routes(self, family="ipv4"):
        table = {}
        for message in self.messages():
            if message.get("type") == "state" and message["neighbor"]["state"] == "down":
                table = {}
            update = message.get("neighbor", {}).get("message", {}).get("update", {})
            for gone in update.get("withdraw", {}).get(AFI[family], []):
                table.pop((gone["nlri"], gone.get("path-information")), None)
            # A global and a link-local next hop are told as two announcements, in this order.
            for next_hop, nlris in reversed(update.get("announce", {}).get(AFI[family], {}).items()):
                for nlri in nlris:
                    table[(nlri["nlri"], nlri.get("path-information"))] = (next_hop, update["attribute"])
        return rib((key[0], self.row(*value)) for key, value in table.items())

    def evpn(self):
        table = {}
        for message in self.messages():
            update = message.get("neighbor", {}).get("message", {}).get("update", {})
            for gone in update.get("withdraw", {}).get(AFI["evpn"], []):
                table.pop(self.evpn_key(gone), None)
            for next_hop, nlris in update.get("announce", {}).get(AFI["evpn"], {}).items():
                for nlri in nlris:
                    table[self.evpn_key(nlri)] = (nlri["code"], nlri.get("mac", ""), nlri.get("ip", ""), next_hop)
        return set(table.values())

    @staticmethod
    def evpn_key(nlri):
        return nlri["code"], nlri.get("mac"), nlri.get("ip")

    @staticmethod
    def row(next_hop, found):
        row = {"next_hop": next_hop.split()[0], "origin": found["origin"], "stale": False}
        words = [str(a) for a in found.get("as-path", [])] + ["{" + ",".join(map(str, sorted(found["as-set"]))) + "}" for _ in range("as-set" in found)]
        row["path"] = " ".join(words)
        for ours, theirs in (("med", "med"), ("local_pref", "local-preference"), ("originator", "originator-id"), ("clusters", "cluster-list")):
            if theirs in found:
                row[ours] = found[theirs]
        row["communities"] = sorted(f"{a}:{b}" for a, b in found.get("community", []))
        row["large"] = sorted(":".join(map(str, c)) for c in found.get("large-community", []))
        if "atomic-aggregate" in found:
            row["atomic"] = True
        if "aggregator" in found:
            row["aggregator"] = found["aggregator"].replace(":", " ")
        row["unknown"] = {int(key.split("-")[1], 16): value[2:].lower() for key, value in found.items() if key.startswith("attribute-")}
        row["extended"] = sorted(f"{c['value']:016x}" for c in found.get("extended-community", []))
        return row

    def send(self, text):
        os.write(self.pipe, (text + "\n").encode())

    def words(self, next_hop, words):
        """It sends the AS_PATH that it is given, without its own AS in front."""
        text = f" next-hop {words.get('next_hop', next_hop)}"
        text += f" origin {words['origin']}" if "origin" in words else ""
        if words.get("path"):
            path = "" if self.link.internal else f"{self.link.own_as} "
            text += " as-path [ " + path + words["path"].replace("{", "( ").replace("}", " )").replace(",", " ") + " ]"
        text += f" med {words['med']}" if "med" in words else ""
        text += f" local-preference {words['local_pref']}" if "local_pref" in words else ""
        text += " community [ " + " ".join(words["communities"]) + " ]" if words.get("communities") else ""
        text += " large-community [ " + " ".join(words["large"]) + " ]" if words.get("large") else ""
        text += " extended-community [ " + " ".join(c.replace("rt:", "target:") for c in words["extended"]) + " ]" if words.get("extended") else ""
        return text + "".join(f" attribute [ 0x{code:02x} 0x{flags:02x} 0x{value.hex()} ]" for flags, code, value in words.get("unknown", ()))

    def announce(self, prefix, family="ipv4", **words):
        self.announced.setdefault(family, {})[prefix] = words
        self.send(f"announce route {prefix}" + self.words(self.hop(family), words))

    def hop(self, family):
        return self.link.address(2, 6 if family == "ipv6" or self.link.over == 6 and self.link.extended_nexthop else 4)

    def withdraw(self, prefix, family="ipv4"):
        del self.announced[family][prefix]
        self.send(f"withdraw route {prefix} next-hop {self.hop(family)}")

    def announce_many(self, prefixes):
        hop = self.link.address(2, 4)
        for start in range(0, len(prefixes), 250):
            self.send(f"announce attributes next-hop {hop} nlri " + " ".join(prefixes[start : start + 250]))

    def announce_paths(self, prefix, paths):
        hop = self.link.address(2, 4)
        for path in self.several.get(prefix, ()):
            if path not in paths:
                self.send(f"withdraw route {prefix} path-information {path.split()[0]} next-hop {hop}")
        for path in paths:
            self.send(f"announce route {prefix} path-information {path.split()[0]}" + self.words(hop, {"path": path}))
        self.several[prefix] = paths

    def reset(self):
        self.send(f"neighbor {self.link.ours} teardown 4")

    def shut(self, text):
        self.send(f"neighbor {self.link.ours} teardown 2")

    def last_error(self):
        return json.dumps([m for m in self.messages() if m.get("type") in ("notification", "state")]) + self.logs().get("exabgp.log", "")


KINDS = {"frr": Frr, "bird": Bird, "gobgp": Gobgp, "exabgp": Exabgp}
