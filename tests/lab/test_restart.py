"""Graceful restart: two VMs on two hypervisors talk all the time, the daemon of one of the hosts is restarted, by SIGTERM
as systemd does or by SIGKILL, and every packet is counted, in both directions.

Kept: somebody holds the connections meanwhile, as systemd does (fdstore.py); the leaves notice nothing. Closed: the
leaves are helpers, which both kinds are by default. FRR 8.4 as helper keeps IPv4 and IPv6 routes over the restart, but not
EVPN's: there the underlay loses nothing, and what the overlay loses is the time until the daemon is back.
"""

import contextlib
import re
import signal
import subprocess
import time

import netns
import pytest
from fabric import LOOPBACK, TRUNK
from fdstore import FdStore
from lab import until
from vms import Probe

pytestmark = pytest.mark.fabric("evpnd/frr", "evpnd/evpnd")

# An evpnd leaf holds off who was up for less than a minute, time and again: for up to 64 s.
RECONNECT_S = 90
GRACEFUL = "bgp graceful-restart\nbgp graceful-restart preserve-fw-state\n"
# From the loss of the sessions to the first retry, the way around and FRR's queues.
FRR_OVERLAY_S = 8


def sessions(lab, node):
    return {"eth4", "eth5"} <= lab.fabric.daemons[node].established()


def configure(lab, node, config):
    """A changed OPEN resets the sessions; nothing is counted before all is as it was."""
    daemon = lab.fabric.daemons[node]
    daemon.config = config
    with open(f"{daemon.directory}/frr.conf", "w") as handle:
        handle.write(config)
    daemon.kill(signal.SIGHUP)
    time.sleep(0.5)
    until(lambda: sessions(lab, node), RECONNECT_S, f"{node}'s sessions after the reload")


@contextlib.contextmanager
def graceful(lab, node, kept):
    daemon = lab.fabric.daemons[node]
    before = daemon.config
    configure(lab, node, before.replace("bgp bestpath", GRACEFUL + "bgp bestpath", 1))
    if kept:
        daemon.store = FdStore(f"{daemon.directory}/notify")
        restart(lab, daemon, signal.SIGTERM)
        until(lambda: len(daemon.store.names()) == 2, 10, "both connections are kept")
    try:
        yield daemon
    finally:
        configure(lab, node, before)
        if kept:
            daemon.store.close()
            daemon.store = None


class Ping:
    """Every 10 ms an echo request from one VTEP to another."""

    def __init__(self, source, target):
        with netns.inside(source):
            self.process = subprocess.Popen(["ping", "-q", "-i", "0.01", "-I", LOOPBACK[source], LOOPBACK[target]],
                                            stdout=subprocess.PIPE, text=True)

    def lost(self):
        self.process.send_signal(signal.SIGINT)
        sent, received = re.search(r"(\d+) packets transmitted, (\d+) received", self.process.communicate()[0]).groups()
        return int(sent) - int(received)


def restart(lab, daemon, how):
    daemon.stop(how)
    daemon.start()
    until(lambda: sessions(lab, daemon.node), RECONNECT_S, f"{daemon.node}'s sessions")


@pytest.mark.parametrize("how", (signal.SIGTERM, signal.SIGKILL), ids=("SIGTERM", "SIGKILL"))
@pytest.mark.parametrize("node, kept", (("hv1", False), ("hv3", False), ("hv1", True)), ids=("target-closed", "observer-closed", "target-kept"))
def test_graceful_restart_loses_nothing(lab, tell, node, how, kept):
    agents, vm = lab.agents(), lab.vm(chatty=True)
    helper = lab.fabric.kinds["leaf1"]
    lab.place(vm, agents, "hv1")
    with graceful(lab, node, kept) as daemon:
        until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 10, lambda: f"before the restart: {lab.wrong(vm, 'hv1', agents['hv1'])}")
        time.sleep(6)  # whoever comes again so soon is taken for a collision, not for a restart
        probe, ping, start = Probe(lab.observers["hv3", TRUNK], vm), Ping("hv3", "hv1"), time.monotonic()
        time.sleep(0.5)
        restart(lab, daemon, how)
        away = time.monotonic() - start - 0.5
        until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), 10, lambda: f"after the restart: {lab.wrong(vm, 'hv1', agents['hv1'])}")
        time.sleep(3)
        underlay, end = ping.lost(), time.monotonic()
        time.sleep(0.5)
        probe.stop()
    lost, unanswered, sent = probe.lost(start, end), probe.unanswered(start, end), sum(start <= t < end for t in probe.sent)
    tell(f"{how.name} of {node}, connections {'kept' if kept else 'closed'}, leaves {helper}: sessions back after {away:.1f} s, of {sent} packets "
         f"{lost} lost there, {unanswered} there and back, underlay {underlay}")
    assert underlay == 0
    if kept:
        assert daemon.logs()["evpnd.log"].count("session taken over from the previous instance") >= 2
    if kept or helper == "evpnd":
        assert (lost, unanswered) == (0, 0)
    else:
        assert unanswered < FRR_OVERLAY_S * 100
    lab.retire(vm, agents)
