"""What bench/run and bench/tables share: the namespaces, the daemons in them, the table that is printed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
FRR_DIR = "/usr/lib/frr"
DAEMON_ADDRESS = "10.1.1.1"
# State files are under /run, which is memory where a daemon is at home.
MEMORY_DIR = "/dev/shm" if os.path.isdir("/dev/shm") else None
START_WAIT_S = 10
STOP_WAIT_S = 5


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)


class Bed:
    """Two namespaces joined by a veth, removed with everything in them."""

    def __init__(self, tag):
        self.daemon_ns = f"bench-{os.getpid()}-{tag}"
        self.peer_ns = self.daemon_ns + "-peer"

    def __enter__(self):
        try:
            for ns in (self.daemon_ns, self.peer_ns):
                ip("netns", "add", ns)
                self.sysctl(ns, "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
                ip("-n", ns, "link", "set", "lo", "up")
            self.uplink()
            self.bridge()
        except subprocess.CalledProcessError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for ns in (self.daemon_ns, self.peer_ns):
            subprocess.run(["ip", "netns", "del", ns], check=False)

    @staticmethod
    def sysctl(ns, *settings):
        subprocess.run(["ip", "netns", "exec", ns, "sysctl", "-qw", *settings], check=True)

    def uplink(self):
        d, p = self.daemon_ns, self.peer_ns
        ip("-n", d, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", p)
        for ns, address, vtep, other in ((d, "10.1.1.1", "10.0.0.1", "10.0.0.2"), (p, "10.1.1.2", "10.0.0.2", "10.0.0.1")):
            ip("-n", ns, "addr", "add", f"{address}/30", "dev", "eth0")
            ip("-n", ns, "addr", "add", f"{vtep}/32", "dev", "lo")
            ip("-n", ns, "link", "set", "eth0", "up")
        ip("-n", d, "route", "add", "10.0.0.2/32", "via", "10.1.1.2")
        ip("-n", p, "route", "add", "10.0.0.1/32", "via", "10.1.1.1")

    def bridge(self):
        d = self.daemon_ns
        ip("-n", d, "link", "add", "br100", "address", "02:00:00:00:01:00", "type", "bridge")
        ip("-n", d, "link", "add", "vx100", "type", "vxlan", "id", "100", "local", "10.0.0.1", "dstport", "4789", "nolearning")
        ip("-n", d, "link", "add", "acc0", "type", "veth", "peer", "name", "vm0")
        for port in ("vx100", "acc0"):
            ip("-n", d, "link", "set", port, "master", "br100")
        ip("-n", d, "link", "set", "vx100", "type", "bridge_slave", "learning", "off", "neigh_suppress", "on")
        ip("-n", d, "addr", "add", "172.16.0.1/12", "dev", "br100")
        for link in ("vx100", "acc0", "vm0", "br100"):
            ip("-n", d, "link", "set", link, "up")


class Daemon:
    """Processes under test in the bed's namespace, their log and their peak memory."""

    config = os.path.join(HERE, "frr.conf")

    def __init__(self, bed):
        self.bed = bed
        self.dir = tempfile.mkdtemp(prefix="evpnd-bench-", dir=MEMORY_DIR)
        self.log = open(os.path.join(self.dir, "log"), "w", encoding="utf-8")
        self.children = []

    def start(self, *argv):
        child = subprocess.Popen(
            ["ip", "netns", "exec", self.bed.daemon_ns, *argv], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        self.children.append(child)

    def peak_kb(self):
        return sum(peak_kb(child.pid) for child in self.children)

    def stop(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.log.close()
        shutil.rmtree(self.dir)


def peak_kb(pid):
    """VmHWM; ip netns exec replaces itself by the daemon, so the child's id is the daemon's."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


class Reflector(Daemon):
    """The least program that does a daemon's work: the floor."""

    name = "bare"

    def __init__(self, bed, args):
        super().__init__(bed)
        self.start(os.path.join(args.build, "bench", "bench-reflector"), f"/run/netns/{bed.daemon_ns}")


class Frr(Daemon):
    """zebra and bgpd as Debian starts them (receive buffer 90 MB), with private sockets."""

    name = "frr"

    def __init__(self, bed, _args):
        super().__init__(bed)
        shutil.copy(self.config, os.path.join(self.dir, "frr.conf"))
        subprocess.run(["chown", "-R", "frr:frr", self.dir], check=True)
        self.start(*self.argv("zebra"), "-s", "90000000")
        self.wait_for("zserv.sock")
        self.start(*self.argv("bgpd"))

    def argv(self, program):
        at = self.dir
        return [
            f"{FRR_DIR}/{program}", "-f", f"{at}/frr.conf", "-i", f"{at}/{program}.pid", "-z", f"{at}/zserv.sock",
            "--vty_socket", at, "-P", "0", "--log", "stdout", "--log-level", "error",
        ]  # fmt: skip

    def wait_for(self, name):
        deadline = time.monotonic() + START_WAIT_S
        while not os.path.exists(os.path.join(self.dir, name)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"frr: no {name} after {START_WAIT_S} s")
            time.sleep(0.02)


class Evpnd(Daemon):
    """evpnd from the release build, everything private in one directory."""

    name = "evpnd"

    def __init__(self, bed, args):
        super().__init__(bed)
        self.start(
            os.path.join(args.build, "evpnd"), "-f", self.config, "--socket", f"{self.dir}/ctl",
            "--state-dir", f"{self.dir}/state", "--log", "stderr",
        )  # fmt: skip


class Bird(Daemon):
    """BIRD in the foreground, with a private control socket."""

    name = "bird"
    config = os.path.join(HERE, "bird.conf")

    def __init__(self, bed, _args):
        super().__init__(bed)
        self.start("/usr/sbin/bird", "-f", "-c", self.config, "-s", f"{self.dir}/ctl", "-P", f"{self.dir}/pid")


class Neighbours:
    """bench-table: one command, one line of JSON."""

    def __init__(self, bed, args, daemon, network):
        argv = [os.path.join(args.build, "bench", "bench-table"), daemon, network]
        self.child = subprocess.Popen(
            ["ip", "netns", "exec", bed.peer_ns, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def command(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"bench-table ended during: {text}")
        answer = json.loads(line)
        if answer.get("timed_out"):
            raise RuntimeError(f"timed out: {text}: {line.strip()}")
        return answer

    def stop(self):
        self.child.stdin.close()
        try:
            self.child.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def release_build():
    """Sanitizers off, optimised, assertions on: what a package would ship."""
    build = os.path.join(ROOT, "build-bench")
    if not os.path.exists(os.path.join(build, "build.ninja")):
        setup = ["meson", "setup", build, ROOT, "--buildtype=release", "-Db_lto=true", "-Dbench=true", "-Db_sanitize=none"]
        subprocess.run(setup, check=True, stdout=sys.stderr)
    subprocess.run(["ninja", "-C", build], check=True, stdout=sys.stderr)
    return build
