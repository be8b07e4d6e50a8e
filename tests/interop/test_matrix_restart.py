"""Graceful restart with each daemon, in both roles, by SIGKILL; long-lived graceful restart; BFD. See docs/interop.md."""

import signal
import subprocess
import threading
import time

import netns
from bed import meet, stays, wait
from matrix import cells
from peer import Link

OURS, THEIRS = "10.7.0.0/24", "10.8.0.0/24"
GRACEFUL = ["bgp graceful-restart", "bgp graceful-restart preserve-fw-state", "bgp graceful-restart restart-time 100"]
NETWORK = {"ipv4": [f"network {OURS}"]}


class Watch:
    """Asks again and again: how often the answer was empty, and whether a route was ever stale."""

    def __init__(self, ask):
        self.ask, self.asked, self.missing, self.stale, self.running = ask, 0, 0, 0, True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.running:
            found = self.ask()
            self.asked += 1
            self.missing += not found
            self.stale += any(route.get("stale") for route in found or ())
            time.sleep(0.02)

    def look(self, times):
        """Waits until it has asked so often once more."""
        until = self.asked + times
        return wait(lambda: self.asked >= until, 10)

    def stop(self):
        self.running = False
        self.thread.join()


def in_kernel(bed, prefix):
    return prefix in netns.run(bed.node, "ip", "route", "show", "proto", "158")


@cells("graceful restart, the peer's")
def test_they_restart(bed, kind):
    """Killed and back: its route stays here and in the kernel, is stale meanwhile, and then is not."""
    peer = meet(bed, kind, Link(families=("ipv4",), graceful=100))
    peer.announce(THEIRS)
    assert wait(lambda: in_kernel(bed, THEIRS), 10)
    peer.announce("10.8.1.0/24")
    assert wait(lambda: "10.8.1.0/24" in bed.routes(), 10)
    watch = Watch(lambda: bed.routes().get(THEIRS) if in_kernel(bed, THEIRS) else None)
    peer.end(signal.SIGKILL)
    assert wait(lambda: watch.stale, 5)
    del peer.announced["ipv4"]["10.8.1.0/24"]
    peer.resume()
    assert wait(lambda: bed.up(peer.link.theirs) and not any(r.get("stale") for r in bed.routes().get(THEIRS, [{"stale": True}])), 30)
    watch.stop()
    assert watch.missing == 0, vars(watch)
    assert wait(lambda: "10.8.1.0/24" not in bed.routes(), 10), "what did not come back goes at End-of-RIB"


@cells("graceful restart, the peer's, too late")
def test_they_do_not_return(bed, kind):
    """Its route goes when its restart time is over, no earlier."""
    peer = meet(bed, kind, Link(families=("ipv4",), graceful=8))
    peer.announce(THEIRS)
    assert wait(lambda: in_kernel(bed, THEIRS), 10)
    peer.end(signal.SIGKILL)
    assert stays(lambda: bed.routes().get(THEIRS), 2)
    assert wait(lambda: not bed.routes() and not in_kernel(bed, THEIRS), 5)


@cells("graceful restart, ours")
def test_we_restart(bed, kind):
    """Killed and back: our route stays at the peer, the peer's in our kernel."""
    peer = meet(bed, kind, Link(families=("ipv4",), graceful=100), more_global=GRACEFUL, families=NETWORK)
    peer.announce(THEIRS)
    assert wait(lambda: peer.one(OURS) and in_kernel(bed, THEIRS), 10)
    watch = Watch(lambda: peer.routes().get(OURS) if in_kernel(bed, THEIRS) else None)
    bed.daemon.stop(signal.SIGKILL)
    assert watch.look(5)
    bed.daemon.start()
    assert wait(lambda: bed.up(peer.link.theirs) and peer.established(), 40)
    assert wait(lambda: peer.one(OURS) and not peer.one(OURS)["stale"], 10)
    assert stays(lambda: in_kernel(bed, THEIRS), 1)
    watch.stop()
    assert watch.missing == 0, vars(watch)


@cells("a NOTIFICATION that keeps routes")
def test_soft_reset(bed, kind):
    """RFC 8538: where both have sent the N bit, the peer's administrative reset is one after which all stays."""
    peer = meet(bed, kind, Link(families=("ipv4",), graceful=100, soft_reset=True))
    peer.announce(THEIRS)
    assert wait(lambda: in_kernel(bed, THEIRS), 10)
    watch = Watch(lambda: bed.routes().get(THEIRS) if in_kernel(bed, THEIRS) else None)
    peer.reset()
    assert wait(lambda: watch.stale, 5) and "Administrative Reset" in bed.log()
    assert wait(lambda: bed.up(peer.link.theirs) and not any(r.get("stale") for r in bed.routes().get(THEIRS, [{"stale": True}])), 30)
    watch.stop()
    assert watch.missing == 0, vars(watch)


@cells("graceful restart of IPv6, both")
def test_ipv6_restarts(bed, kind):
    """First the peer is killed and comes back, then we: neither loses the other's route."""
    families = ("ipv4", "ipv6")
    peer = meet(bed, kind, Link(families=families, graceful=100), more_global=GRACEFUL, families={"ipv6": ["network 2001:db8:70::/48"]})
    peer.announce("2001:db8:80::/48", "ipv6")
    assert wait(lambda: bed.routes("ipv6").get("2001:db8:80::/48") and peer.one("2001:db8:70::/48", "ipv6"), 10)
    watch = Watch(lambda: bed.routes("ipv6").get("2001:db8:80::/48"))
    peer.end(signal.SIGKILL)
    assert wait(lambda: watch.stale, 5)
    peer.resume()
    assert wait(lambda: bed.up(peer.link.theirs, "ipv6") and not bed.routes("ipv6").get("2001:db8:80::/48", [{"stale": True}])[0].get("stale"), 30)
    watch.stop()
    assert watch.missing == 0, vars(watch)
    assert wait(lambda: peer.one("2001:db8:70::/48", "ipv6"), 10)
    watch = Watch(lambda: peer.routes("ipv6").get("2001:db8:70::/48"))
    bed.daemon.stop(signal.SIGKILL)
    assert watch.look(5)
    bed.daemon.start()
    assert wait(lambda: bed.up(peer.link.theirs, "ipv6") and peer.established(), 40)
    assert wait(lambda: peer.one("2001:db8:70::/48", "ipv6") and not peer.one("2001:db8:70::/48", "ipv6")["stale"], 10)
    watch.stop()
    assert watch.missing == 0, vars(watch)


@cells("long-lived graceful restart, the peer's")
def test_they_stay_away(bed, kind):
    """After its restart time its route is kept on, least preferred, marked LLGR_STALE for others, for the stale time."""
    link = Link(families=("ipv4",), graceful=1, long_lived=8)
    llgr = bytes((71, 0))
    peer = meet(bed, kind, link, more_global=["bgp long-lived-graceful-restart stale-time 100"], witness={"capabilities": llgr})
    peer.announce(THEIRS)
    assert wait(lambda: bed.witness_.routes().get(THEIRS), 10)
    peer.end(signal.SIGKILL)
    assert wait(lambda: "65535:6" in bed.witness_.routes().get(THEIRS, [{"communities": ()}])[0]["communities"], 6)
    assert in_kernel(bed, THEIRS)
    assert stays(lambda: bed.routes().get(THEIRS), 2)
    assert wait(lambda: not bed.routes() and not bed.witness_.routes() and not in_kernel(bed, THEIRS), 6)


@cells("long-lived graceful restart, ours")
def test_we_stay_away(bed, kind):
    """The peer keeps our route beyond our restart time of 1 s, and drops it after the stale time of 10 s."""
    more = [*GRACEFUL[:2], "bgp graceful-restart restart-time 1", "bgp long-lived-graceful-restart stale-time 10"]
    peer = meet(bed, kind, Link(families=("ipv4",), graceful=100, long_lived=100), more_global=more, families=NETWORK)
    assert wait(lambda: peer.one(OURS), 10)
    bed.daemon.stop(signal.SIGKILL)
    assert wait(lambda: "65535:6" in (peer.one(OURS) or {"communities": ()})["communities"] or peer.one(OURS)["stale"], 5)
    assert stays(lambda: peer.one(OURS), 3)
    assert wait(lambda: not peer.routes(), 10)


@cells("BFD")
def test_bfd(bed, kind):
    """A path that swallows packets both ways ends the session within the detection time, on both sides, not by the
    hold time; it comes back by itself."""
    peer = meet(bed, kind, Link(hold=90, bfd=True), more=["bfd", "timers 30 90"], tail="bfd\n peer 10.0.1.2\n  receive-interval 50\n  transmit-interval 50\n exit\nexit\n")
    name = peer.link.theirs
    assert wait(lambda: any(p["status"] == "up" for p in bed.json("show bfd peers")), 10)
    # Filters want modules: a route to nowhere and a neighbor that is nobody do.
    swallow = [("10.0.1.1", peer.node), ("10.0.1.2", bed.node)]
    for address, node in swallow:
        subprocess.run(["ip", "-n", node, "neigh", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", "l1", "nud", "permanent"], check=True)
    start = time.monotonic()
    assert wait(lambda: not bed.up(name), 5) and wait(lambda: not peer.established(), 5)
    assert time.monotonic() - start < 30  # the hold time is 90 s; figures are bench/bfd's
    assert wait(lambda: "BFD Down" in bed.log() or "BFD" in bed.show("show bgp summary"), 3)
    for address, node in swallow:
        subprocess.run(["ip", "-n", node, "neigh", "del", address, "dev", "l1"], check=True)
    assert wait(lambda: bed.up(name) and peer.established(), 30)
