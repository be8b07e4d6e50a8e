"""GoBGP 3.10 as a peer, told by its command line."""

import base64
import contextlib
import json
import os
import signal
import socket
import struct
import time

import netns
from peer import Peer, extended_bytes, keepalive, rib
from wire import attributes, prefix_bytes

OURS = "10.255.0.1"  # router id of evpnd


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
        deadline = time.monotonic() + 60
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
