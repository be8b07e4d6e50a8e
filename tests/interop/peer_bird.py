"""BIRD 2.0 as a peer. Its routes are static ones of its configuration, which is written anew and reloaded."""

import contextlib
import os
import re
import signal
import time

import netns
from peer import Peer, extended_bytes, keepalive, rib


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
        deadline = time.monotonic() + 60
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
