"""Graceful restart between evpnd and Debian's FRR, in both roles: whose daemon dies loses no route at the other."""

import contextlib
import signal
import threading
import time

import netns
import pytest
from pair import LINK, wait
from test_session import configs

GRACEFUL = " bgp graceful-restart\n bgp graceful-restart preserve-fw-state"
SLOW = " neighbor {peer} timers 300 900"
OURS, THEIRS = "10.255.0.1/32", "10.255.0.2/32"


class Witness:
    """Looks at a prefix all the time: how often it was gone, whether it was ever stale."""

    def __init__(self, pair, node, prefix):
        self.pair, self.node, self.prefix = pair, node, prefix
        self.looks, self.missing, self.stale, self.unrouted = 0, 0, 0, 0
        self.running = True
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while self.running:
            found = self.pair.routes(self.node, "ipv4 unicast").get(self.prefix, [])
            with contextlib.suppress(RuntimeError):
                self.unrouted += self.prefix.split("/")[0] not in netns.run(self.node, "ip", "route")
            self.looks += 1
            self.missing += not found
            self.stale += any(route.get("stale") for route in found)
            time.sleep(0.02)

    def stop(self):
        self.running = False
        self.thread.join()


def start(pair, ours="", theirs=""):
    ours, theirs = configs(4, ours, theirs)
    evpnd, frr = pair.evpnd(ours), pair.frr(theirs)
    assert wait(lambda: OURS in pair.routes(pair.b, "ipv4 unicast") and THEIRS in pair.routes(pair.a, "ipv4 unicast"))
    return evpnd, frr


@pytest.mark.parametrize("how", (signal.SIGTERM, signal.SIGKILL), ids=("SIGTERM", "SIGKILL"))
def test_evpnd_restarts(pair, how):
    evpnd, _ = start(pair, GRACEFUL)
    witness = Witness(pair, pair.b, OURS)
    before = netns.run(pair.a, "ip", "route", "show", "proto", "158")
    evpnd.stop(how)
    time.sleep(2)
    assert netns.run(pair.a, "ip", "route", "show", "proto", "158") == before
    evpnd.start()
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"), 40)
    assert wait(lambda: not any(r.get("stale") for r in pair.routes(pair.b, "ipv4 unicast").get(OURS, [{"stale": True}])), 20)
    assert netns.run(pair.a, "ip", "route", "show", "proto", "158") == before
    witness.stop()
    assert witness.stale > 0 and witness.missing == 0 and witness.unrouted == 0, vars(witness)


def test_evpnd_without_graceful_restart_says_good_bye(pair):
    """Not by the hold time."""
    evpnd, _ = start(pair, SLOW, SLOW)
    evpnd.stop()
    assert wait(lambda: OURS not in pair.routes(pair.b, "ipv4 unicast"), 5)


@pytest.mark.parametrize("how", (signal.SIGTERM, signal.SIGKILL), ids=("SIGTERM", "SIGKILL"))
def test_frr_restarts(pair, how):
    """FRR in the restarting role; evpnd keeps its route, in the kernel too."""
    _, frr = start(pair, "", GRACEFUL)
    witness = Witness(pair, pair.a, THEIRS)
    frr.stop(how)
    time.sleep(2)
    # It has its route before it has a session: else it would say End-of-RIB first, rightly.
    netns.run(pair.b, "ip", "neigh", "replace", "10.0.0.1", "lladdr", "02:00:00:00:00:99", "dev", LINK, "nud", "permanent")
    frr.start()
    frr.start_late()
    assert wait(lambda: THEIRS in pair.routes(pair.b, "ipv4 unicast"))
    netns.run(pair.b, "ip", "neigh", "del", "10.0.0.1", "dev", LINK)
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"), 40)
    assert wait(lambda: not any(r.get("stale") for r in pair.routes(pair.a, "ipv4 unicast").get(THEIRS, [{"stale": True}])), 20)
    witness.stop()
    assert witness.stale > 0 and witness.missing == 0 and witness.unrouted == 0, vars(witness)


def test_frr_resets_hard(pair):
    """`clear bgp` is a Hard Reset between two that know it (RFC 8538), and takes the routes along."""
    _, frr = start(pair, "", GRACEFUL)
    frr.show("clear bgp *")
    assert wait(lambda: "Hard Reset (Cease/Administrative Reset)" in pair.log(pair.a), 5)
    assert wait(lambda: THEIRS in pair.routes(pair.a, "ipv4 unicast"), 30)
    assert "stale" not in str(pair.routes(pair.a, "ipv4 unicast"))


def test_frr_resets_softly(pair):
    """With `no bgp hard-administrative-reset` the same leaves them in place."""
    _, frr = start(pair, "", GRACEFUL + "\n no bgp hard-administrative-reset")
    witness = Witness(pair, pair.a, THEIRS)
    frr.show("clear bgp *")
    assert wait(lambda: witness.stale > 0, 5)
    assert wait(lambda: pair.up(pair.a, "10.0.0.2"), 30)
    witness.stop()
    assert witness.missing == 0 and witness.unrouted == 0, vars(witness)
