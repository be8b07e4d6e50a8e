"""FRR 8.4 as a peer: zebra and bgpd, bfdd where asked for; told by vtysh."""

import json
import os
import re
import signal
import subprocess
import time

import daemons
import netns
from pair import PATIENCE
from peer import AFI, Peer, extended_bytes, keepalive, rib, vtep
from wire import attributes


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
        deadline = time.monotonic() + 60
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
            deadline = time.monotonic() + 60
            while self.kernel_routes() != known + len(some) and time.monotonic() < deadline:
                time.sleep(0.02)
        self.configure(f"router bgp {self.link.own_as}", "address-family ipv4 unicast", "redistribute kernel")

    def announce_paths(self, prefix, paths):
        """It has no two ways of its own: each comes from a neighbor behind it, whose AS is the first of the path."""
        for witness in self.behind:
            mine = [path for path in paths if path.split()[0] == str(witness.asn)]
            if mine:
                assert witness.up.wait(PATIENCE * 5)
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
