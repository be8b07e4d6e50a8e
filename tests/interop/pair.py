"""evpnd and a second speaker, each in a network namespace of its own on the host's kernel, one veth link between them.

Faster than the lab's guest, for what needs a real TCP stack and real bytes of another implementation but no bridge.
`a` is always evpnd; `b` is FRR, or evpnd again.
"""

import contextlib
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import daemons  # noqa: E402
import netns  # noqa: E402

LINK = "link0"
PATIENCE = 6  # a busy machine, a slow one, or both: who waits in vain waits longer, nobody else does


def names():
    """Namespaces are named machine-wide: several runs live side by side."""
    return f"interop{os.getpid()}a", f"interop{os.getpid()}b"


class Pair:
    def __init__(self):
        self.a, self.b = names()
        self.daemons = {}

    def lay(self):
        for name in (self.a, self.b):
            subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "link", "add", LINK, "netns", self.a, "type", "veth", "peer", "name", LINK, "netns", self.b], check=True)
        for number, name in ((1, self.a), (2, self.b)):
            netns.sysctl(name, net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0)
            netns.batch(name, "ip", [
                "link set lo up", f"link set {LINK} up", f"addr add 10.0.0.{number}/24 dev {LINK}",
                f"addr add 2001:db8::{number}/64 dev {LINK} nodad", f"addr add 10.255.0.{number}/32 dev lo",
                f"addr add 2001:db8:ff::{number}/128 dev lo nodad"])
        return self

    def evpnd(self, config, node=None, options=()):
        return self._run(daemons.Evpnd, node or self.a, config, options)

    def frr(self, config, node=None):
        return self._run(daemons.Frr, node or self.b, config, ())

    def _run(self, kind, node, config, options):
        daemon = kind(node, config)
        daemon.options = list(options)
        daemon.start()
        daemon.start_late()
        self.daemons[node] = daemon
        return daemon

    def summary(self, node, family):
        """{peer: row} of the family ("ipv4Unicast", …) in `show bgp summary json`; {} while there is none."""
        try:
            return json.loads(self.daemons[node].show("show bgp summary json")).get(family, {}).get("peers", {})
        except (RuntimeError, ValueError):
            return {}

    def up(self, node, peer, family="ipv4Unicast"):
        return self.summary(node, family).get(peer, {}).get("state") == "Established"

    def routes(self, node, family):
        """{prefix: routes} of `show bgp FAMILY json`."""
        try:
            return json.loads(self.daemons[node].show(f"show bgp {family} json")).get("routes", {})
        except (RuntimeError, ValueError):
            return {}

    def reload(self, node, config):
        daemon = self.daemons[node]
        with open(f"{daemon.directory}/frr.conf", "w") as handle:
            handle.write(config)
        daemon.kill(1)

    def log(self, node, name="evpnd.log"):
        return self.daemons[node].logs().get(name, "")

    def clear(self):
        for daemon in self.daemons.values():
            daemon.kill(9)
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.stop(9, 5)
        for name in (self.a, self.b):
            subprocess.run(["ip", "netns", "del", name], check=False)
            for directory in (f"{daemons.RUN}/{name}", f"/run/frr/{name}"):
                subprocess.run(["rm", "-rf", directory], check=False)


def wait(condition, timeout=20, step=0.05):
    """The first true value of `condition()`, or its last one when the time is over: `timeout` on a machine that has
    nothing else to do, PATIENCE times that on any. What must not take longer is not asked so."""
    deadline = time.monotonic() + PATIENCE * timeout
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)


def stays(condition, seconds):
    """True if it holds all that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(0.1)
    return True
