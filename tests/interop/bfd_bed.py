"""Two network namespaces on this host joined by a veth, and BFD speakers to put into them.

Addresses, n being 1 for our side and 2 for the peer's: 10.1.0.n/24 and fe80::n on e0, 10.9.0.n/32 on lo, routed over
e0. Everything a bed makes carries its name and goes with it.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("EVPND_BUILD", os.path.join(ROOT, "build"))
FRR = "/usr/lib/frr"
PATIENCE = 6


def wait_for(what, seconds, condition):
    """The first true value of condition(); an error that names `what` otherwise. A machine that does other work has
    PATIENCE times as long."""
    end = time.monotonic() + PATIENCE * seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {PATIENCE * seconds} s: {what}"
        time.sleep(0.02)


def output(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


class Bed:
    def __init__(self):
        self.ours, self.theirs = f"bfd-{os.getpid()}-1", f"bfd-{os.getpid()}-2"
        self.speakers = []

    def __enter__(self):
        for ns in (self.ours, self.theirs):
            self.ip("netns", "add", ns)
            for key in ("net/ipv6/conf/all/accept_dad", "net/ipv6/conf/default/accept_dad"):
                self.run(ns, "sysctl", "-qw", f"{key}=0")
            self.run(ns, "sysctl", "-qw", "net/ipv6/conf/default/addr_gen_mode=1")
            self.ip("-n", ns, "link", "set", "lo", "up")
        self.ip("-n", self.ours, "link", "add", "e0", "type", "veth", "peer", "name", "e0", "netns", self.theirs)
        for n, ns in ((1, self.ours), (2, self.theirs)):
            self.ip("-n", ns, "addr", "add", f"10.1.0.{n}/24", "dev", "e0")
            self.ip("-n", ns, "addr", "add", f"10.9.0.{n}/32", "dev", "lo")
            self.ip("-n", ns, "link", "set", "e0", "up")
            self.ip("-n", ns, "addr", "add", f"fe80::{n}/64", "dev", "e0")
            self.ip("-n", ns, "route", "add", f"10.9.0.{3 - n}", "via", f"10.1.0.{3 - n}")
        return self

    def __exit__(self, *_):
        for speaker in reversed(self.speakers):
            speaker.stop()
        for ns in (self.ours, self.theirs):
            subprocess.run(["ip", "netns", "del", ns], check=False)

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    @staticmethod
    def run(ns, *argv):
        subprocess.run(["ip", "netns", "exec", ns, *argv], check=True)

    def add(self, kind, ns, config):
        """Starts a speaker: Evpnd, Frr or Bird."""
        speaker = kind(ns, config)
        self.speakers.append(speaker)
        speaker.start()
        return speaker


class Speaker:
    # A machine that does other work keeps theirs from sending in time: that is not what is tested.
    first = ("chrt", "--rr", "1")

    def __init__(self, ns, config):
        self.ns, self.dir, self.children = ns, tempfile.mkdtemp(prefix="bfd-"), []
        self.write(config)
        self.log = open(self.path("log"), "w", encoding="utf-8")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, config):
        with open(self.path("conf"), "w", encoding="utf-8") as file:
            file.write(config)

    def spawn(self, *argv):
        child = subprocess.Popen(
            ["ip", "netns", "exec", self.ns, *self.first, *argv], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        self.children.append(child)
        return child

    def logged(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGCONT)
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(3)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.log.close()
        shutil.rmtree(self.dir)


class Evpnd(Speaker):
    first = ()

    def start(self):
        self.child = self.spawn(f"{BUILD}/evpnd", "-f", self.path("conf"), "--socket", self.path("ctl"),
                                "--state-dir", self.path("state"), "--log", "stderr", "--record", self.path("record"))  # fmt: skip
        wait_for("evpnd answers", 10, lambda: self.show("show version").startswith("evpnd "))

    def show(self, command):
        return output(f"{BUILD}/evpnctl", "--socket", self.path("ctl"), *command.split())

    def json(self, command):
        text = self.show(command + " json")
        assert text[:1] in "[{", text
        return json.loads(text)

    def peer(self, address):
        return next(p for p in self.json("show bfd peers") if p["peer"] == address)

    def state(self, address="10.1.0.2"):
        return self.peer(address)["status"]

    def counters(self, address="10.1.0.2"):
        return next(p for p in self.json("show bfd peers counters") if p["peer"] == address)

    def configure(self, config):
        self.write(config)
        self.child.send_signal(signal.SIGHUP)

    def bfd_pid(self):
        """The speaker: the child of the keeper beside the daemon."""
        pid = self.child.pid
        for _ in range(2):
            with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
                pid = int(file.read().split()[0])
        return pid

    def replays(self):
        return subprocess.run([f"{BUILD}/evpnreplay", self.path("record")], stdout=subprocess.PIPE, text=True, check=False)


class Frr(Speaker):
    daemons = ("zebra", "bfdd", "bgpd")

    def start(self):
        subprocess.run(["chown", "-R", "frr:frr", self.dir], check=True)
        for name in self.daemons:
            extra = ["--bfdctl", self.path("bfdd.sock")] if name == "bfdd" else []
            child = self.spawn(f"{FRR}/{name}", "-f", self.path("conf"), "-i", self.path(name + ".pid"),
                               "-z", self.path("zserv.api"), "--vty_socket", self.dir, "--log", "stdout", *extra)  # fmt: skip
            setattr(self, name, child)
            wait_for(f"{name} is up", 10, lambda path=self.path(name + ".vty"): os.path.exists(path))

    def vtysh(self, *commands):
        return output("vtysh", "--vty_socket", self.dir, *[word for c in commands for word in ("-c", c)])

    def peer(self, address):
        return next((p for p in json.loads(self.vtysh("show bfd peers json")) if p["peer"] == address), {"status": "none"})

    def state(self, address="10.1.0.1"):
        return self.peer(address)["status"]

    def session_change(self, peer, *commands):
        self.vtysh("configure", "bfd", f"peer {peer}", *commands)

    def bgp(self, neighbor):
        return json.loads(self.vtysh("show bgp neighbors json"))[neighbor]


class Bird(Speaker):
    def start(self):
        self.spawn("bird", "-f", "-c", self.path("conf"), "-s", self.path("bird.ctl"))
        wait_for("bird is up", 10, lambda: os.path.exists(self.path("bird.ctl")))

    def show(self):
        return output("birdc", "-s", self.path("bird.ctl"), "show bfd sessions")

    def state(self, address="10.1.0.1"):
        found = re.search(rf"^{re.escape(address)}\s+\S+\s+(\S+)", self.show(), re.M)
        return found.group(1).lower() if found else "none"

    def configure(self, config):
        self.write(config)
        output("birdc", "-s", self.path("bird.ctl"), "configure")
