"""ExaBGP 4.2 as a peer: told by a pipe, and what it heard stands in a file."""

import contextlib
import json
import os
import signal

from pair import wait
from peer import AFI, Peer, rib

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
        """The pipe is read beside the sessions: its routes have to be in before one begins."""
        before = self.added()
        self.silence(True)
        self.begin()
        assert wait(lambda: self.added() - before == sum(map(len, self.announced.values())), 10)
        self.silence(False)

    def added(self):
        return self.logs()["exabgp.log"].count("route added to neighbor")

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
