"""The routing daemons a node of the lab can run: Debian's FRR, evpnd and GoBGP behind one small set of verbs.

All read the same frr.conf. FRR 8.4 wants it cut in two (zebra, bgpd) and without the statements of later releases.
"""

import json
import os
import pwd
import re
import signal
import subprocess
import time

import netns

RUN = "/run/lab"
# Statements that FRR learnt after 8.4. They change nothing in what the lab looks at.
NEWER_THAN_8_4 = ("use-underlays-nexthop-weight",)


def source_root():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def blocks(text):
    """The top-level blocks of an frr.conf: lists of lines, a block ending at the `!` or `exit` of its level."""
    block, openers = [], ("router ", "vrf ", "interface ", "route-map ")
    for line in text.splitlines():
        bare = line.strip()
        if bare in ("", "!", "end"):
            continue
        if block and (bare.startswith(openers) and not line.startswith(" ") or bare in ("exit", "exit-vrf")):
            closes = bare in ("exit", "exit-vrf")
            yield block + ([bare] if closes else [])
            block = []
            if closes:
                continue
        if not block and not bare.startswith(openers):
            yield [bare]
            continue
        block.append(bare)
    if block:
        yield block


def split_for_frr(text):
    """(zebra.conf, bgpd.conf) of an integrated frr.conf, for the release that Debian 12 ships."""
    zebra, bgpd = [], []
    for block in blocks(text):
        block = [line for line in block if line not in NEWER_THAN_8_4]
        head = block[0]
        if head.startswith(("router bgp", "debug bgp", "bgp ")):
            bgpd += block
        elif head.startswith("route-map "):
            bgpd += block  # nothing that zebra does here uses one
        elif head.startswith(("vrf ", "interface ", "debug zebra")):
            zebra += block
        else:
            zebra += block
            bgpd += block
    return "\n".join(zebra) + "\n", "\n".join(bgpd) + "\n"


class Daemon:
    """One node's routing software. `start` returns at once; `alive` tells whether every process still runs."""

    kind = "?"

    def __init__(self, node, config):
        self.node, self.config = node, config
        self.directory = f"{RUN}/{node}"
        os.makedirs(self.directory, exist_ok=True)
        self.processes = []

    def spawn(self, command, log, **options):
        with open(f"{self.directory}/{log}", "ab") as handle, netns.inside(self.node):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, **options)
        self.processes.append(process)
        return process

    def start_late(self):
        """What has to wait until every node's first process runs."""

    def alive(self):
        return bool(self.processes) and all(p.poll() is None for p in self.processes)

    def kill(self, number):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=10):
        self.kill(number)
        for process in self.processes:
            process.wait(timeout)
        self.processes = []

    def logs(self):
        return {name: open(f"{self.directory}/{name}", errors="replace").read() for name in sorted(os.listdir(self.directory)) if name.endswith(".log")}


class Frr(Daemon):
    kind = "frr"
    libexec = "/usr/lib/frr"

    def __init__(self, node, config):
        super().__init__(node, config)
        user = pwd.getpwnam("frr")
        self.state = f"/run/frr/{node}"
        os.makedirs(self.state, exist_ok=True)
        for path in ("/run/frr", self.state, self.directory):
            os.chown(path, user.pw_uid, user.pw_gid)

    def start(self):
        """zebra only; bgpd follows in `start_late`."""
        zebra, bgpd = split_for_frr(self.config)
        for name, text in (("zebra", zebra), ("bgpd", bgpd)):
            with open(f"{self.directory}/{name}.conf", "w") as handle:
                handle.write(text)
        self.run("zebra", "-s", "1048576")

    def start_late(self):
        """bgpd, when zebra's socket is there; apart from `start` so that the zebras of all nodes come up together."""
        deadline = time.monotonic() + 20
        while not os.path.exists(f"{self.state}/zserv.api") and time.monotonic() < deadline:
            time.sleep(0.02)
        self.run("bgpd")

    def run(self, name, *more):
        # vtysh port 0, files in the node's own directory; -N is FRR's way of living several times on one host.
        self.spawn(
            [f"{self.libexec}/{name}", "-N", self.node, "-f", f"{self.directory}/{name}.conf", "-i", f"{self.state}/{name}.pid", "-P", "0", "--log", f"file:{self.directory}/{name}.log", *more],
            f"{name}.out.log",
        )

    def show(self, command):
        return netns.run(self.node, "vtysh", "-N", self.node, "-c", command)

    def established(self):
        """Addresses or interfaces of the peers with which l2vpn evpn is up."""
        try:
            summary = json.loads(self.show("show bgp l2vpn evpn summary json"))
        except (RuntimeError, ValueError):
            return set()
        return {name for name, peer in summary.get("peers", {}).items() if peer.get("state") == "Established"}

    def stop(self, number=signal.SIGTERM, timeout=10):
        super().stop(number, timeout)
        subprocess.run(["rm", "-f", f"{self.state}/zserv.api", f"{self.state}/zebra.pid", f"{self.state}/bgpd.pid"], check=False)


class Evpnd(Daemon):
    kind = "evpnd"

    def __init__(self, node, config):
        super().__init__(node, config)
        self.build = os.environ.get("EVPND_BUILD", source_root() + "/build")
        self.socket, self.state = f"{self.directory}/evpnd.sock", f"{self.directory}/state"
        self.options = []
        self.store = None  # fdstore.FdStore: connections outlive the daemon
        os.makedirs(self.state, exist_ok=True)

    @staticmethod
    def built():
        return os.access(os.environ.get("EVPND_BUILD", source_root() + "/build") + "/evpnd", os.X_OK)

    def start(self):
        path = f"{self.directory}/frr.conf"
        with open(path, "w") as handle:
            handle.write(self.config)
        command = [f"{self.build}/evpnd", "-f", path, "--socket", self.socket, "--state-dir", self.state, "--log", "stderr", *self.options]
        command, options = self.store.options(command) if self.store else (command, {})
        self.spawn(command, "evpnd.log", **options)

    def show(self, command):
        return netns.run(self.node, f"{self.build}/evpnctl", "--socket", self.socket, *command.split())

    def established(self):
        try:
            summary = json.loads(self.show("show bgp l2vpn evpn summary json"))
        except (RuntimeError, ValueError):
            return set()
        return {name for name, peer in summary.get("peers", {}).items() if peer.get("state") == "Established"}

    def watch(self):
        """Start `evpnctl watch` into a log of its own; `watched` reads it."""
        with open(f"{self.directory}/watch.log", "ab") as handle, netns.inside(self.node):
            self.watcher = subprocess.Popen([f"{self.build}/evpnctl", "--socket", self.socket, "watch"], stdin=subprocess.DEVNULL, stdout=handle, stderr=handle)

    def watched(self, mac):
        """(monotonic time, kind, text) of what it told about a MAC: what was seen, decided, written. Its times are cut
        to whole ms; the end of that ms is taken, lest an answer come before what it answers."""
        offset = time.time() - time.monotonic()
        midnight = time.time() // 86400 * 86400
        for line in self.logs().get("watch.log", "").splitlines():
            found = re.match(r"(\d\d):(\d\d):(\d\d\.\d+)  vni \d+\s+(\S+)  (\w+)\s+(.*)", line)
            if found and found[4] == mac:
                yield midnight + int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) + 0.001 - offset, found[5], found[6]

    def overruns(self):
        """How often its netlink socket overflowed, by its log."""
        return len(log_lines(self.logs()["evpnd.log"], "(?i)overrun"))

    def forget(self):
        """Remove the state file, as a host does that lost its /run."""
        subprocess.run(["rm", "-rf", self.state], check=True)
        os.makedirs(self.state)


class Gobgp(Daemon):
    kind = "gobgp"

    def start(self):
        path = f"{self.directory}/gobgpd.toml"
        with open(path, "w") as handle:
            handle.write(self.config)
        self.spawn(["gobgpd", "-f", path, "--api-hosts", f"unix://{self.directory}/api.sock", "--log-plain"], "gobgpd.log")

    def command(self, *words):
        return netns.run(self.node, "gobgp", "--target", f"unix://{self.directory}/api.sock", *words)

    def established(self):
        try:
            peers = json.loads(self.command("neighbor", "-j"))
        except (RuntimeError, ValueError):
            return set()
        return {p["state"]["neighbor_address"] for p in peers if p["state"].get("session_state") == 6}


KINDS = {"frr": Frr, "evpnd": Evpnd}


def log_lines(text, pattern):
    return [line for line in text.splitlines() if re.search(pattern, line)]
