"""What must not matter: the daemon dies in the middle, the agent writes while it is away, notifications are lost."""

import contextlib
import signal
import time

import pytest
import rtnl
from fabric import TRUNK
from lab import until

pytestmark = pytest.mark.fabric("evpnd/frr", "evpnd/evpnd")

# A restarted speaker has to find its peers again before anybody can hear of the move.
RECONNECT_S = 40


def judge(lab, hits):
    lab.watch.audit(lab.sockets)
    hits = lab.watch.hits[hits:]
    return len(hits), sum(h.lost for h in hits)


def restart(lab, node, forget=False):
    daemon = lab.fabric.daemons[node]
    if forget:
        daemon.forget()
    daemon.start()


def remove_orphan(lab, node, vm, agent):
    """Without its state file a daemon does not know a row of its own for a MAC that nobody claims from afar any more: the
    row does no harm, is shown as an orphan, and goes by command only."""
    left_over = lambda: lab.wrong(vm, node, agent)
    until(lambda: all("left over" in w for w in left_over()), RECONNECT_S, lambda: f"end state but for orphans: {left_over()}")
    time.sleep(2)
    if left_over():
        lab.fabric.daemons[node].show("remove orphans")


def finish(lab, tell, vm, agents, hits, start, text, forgot=False):
    if forgot:
        remove_orphan(lab, "hv1", vm, agents["hv1"])
    until(lambda: not lab.wrong(vm, "hv1", agents["hv1"]), RECONNECT_S, lambda: f"end state: {lab.wrong(vm, 'hv1', agents['hv1'])}")
    settled = time.monotonic() - start
    time.sleep(1)
    touched, lost = judge(lab, hits)
    tell(f"{text}: right after {settled:.1f} s, foreign touched {touched} lost {lost}")
    assert lost == 0 and not lab.wrong(vm, "hv1", agents["hv1"])


@pytest.mark.parametrize("forget", (False, True), ids=("state-file", "no-state-file"))
@pytest.mark.parametrize("node", ("hv1", "hv2"), ids=("target", "source"))
def test_killed_in_mid_migration(lab, tell, node, forget):
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")
    hits, start = len(lab.watch.hits), time.monotonic()
    vm.unplug()
    vm.plug("hv1")
    agents["hv1"].write(vm)
    time.sleep(0.02)
    lab.fabric.daemons[node].stop(signal.SIGKILL)
    time.sleep(0.3)
    agents["hv2"].remove(vm)
    restart(lab, node, forget)
    finish(lab, tell, vm, agents, hits, start, f"{'target' if node == 'hv1' else 'source'} killed in mid-migration, restarted {'without' if forget else 'with'} its state file", forget)


@pytest.mark.parametrize("forget", (False, True), ids=("state-file", "no-state-file"))
def test_agent_writes_while_the_daemon_is_down(lab, tell, forget):
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")
    lab.fabric.daemons["hv1"].stop(signal.SIGKILL)
    hits, start = len(lab.watch.hits), time.monotonic()
    vm.unplug()
    vm.plug("hv1")
    agents["hv1"].write(vm)
    agents["hv2"].remove(vm)
    time.sleep(0.3)
    restart(lab, "hv1", forget)
    finish(lab, tell, vm, agents, hits, start, f"agent writes while the target's daemon is down, started {'without' if forget else 'with'} its state file", forget)


def test_forwarding_survives_a_kill(lab, tell):
    """The kernel's state stays while the daemon is dead: nothing of ours goes, no packet is lost."""
    from vms import Probe

    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")
    probe, start = Probe(lab.observers["hv3", TRUNK], vm), time.monotonic()
    time.sleep(0.2)
    lab.fabric.daemons["hv3"].stop(signal.SIGKILL)
    time.sleep(1)
    restart(lab, "hv3")
    until(lambda: {"eth4", "eth5"} <= lab.fabric.daemons["hv3"].established(), RECONNECT_S, "hv3's sessions")
    time.sleep(2)
    probe.stop()
    tell(f"observer's daemon killed and restarted: {probe.lost(start)} of {len(probe.sent)} packets lost in {time.monotonic() - start:.0f} s")
    assert probe.lost(start) == 0
    assert not lab.wrong(vm, "hv2", agents["hv2"])


def churn(lab, node, count, rounds):
    """Foreign FDB rows come and go on the access port, faster than a stopped daemon reads."""
    socket = rtnl.Rtnl(node)
    for turn in range(rounds):
        for kind, flags in ((rtnl.RTM_NEWNEIGH, rtnl.NLM_F_CREATE | rtnl.NLM_F_REPLACE), (rtnl.RTM_DELNEIGH, 0)):
            for number in range(count):
                mac = f"02:cc:{turn & 255:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
                socket.fdb(kind, rtnl.Fdb(TRUNK.access, mac, TRUNK.vlan, rtnl.NUD_NOARP, rtnl.NTF_MASTER), flags)
    socket.socket.close()


def test_netlink_overrun(lab, tell):
    """The target's daemon is stopped while more events pass than its socket holds; the agent writes in the midst."""
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")
    daemon = lab.fabric.daemons["hv1"]
    with small_buffer(daemon):
        until(lambda: not lab.wrong(vm, "hv2", agents["hv2"]), RECONNECT_S, lambda: f"hv1 up again: {lab.wrong(vm, 'hv2', agents['hv2'])}")
        hits, start = len(lab.watch.hits), time.monotonic()
        before = daemon.overruns()
        daemon.kill(signal.SIGSTOP)
        try:
            churn(lab, "hv1", 400, 1)
            vm.unplug()
            vm.plug("hv1")
            agents["hv1"].write(vm)
            churn(lab, "hv1", 400, 1)
            agents["hv2"].remove(vm)
        finally:
            daemon.kill(signal.SIGCONT)
        finish(lab, tell, vm, agents, hits, start, "netlink overrun while the agent writes")
        assert daemon.overruns() > before, "the socket did not overrun: the cell proved nothing"


@contextlib.contextmanager
def small_buffer(daemon):
    """The daemon with a netlink buffer that some eighty notifications fill; the usual one takes 64 MiB."""
    daemon.stop()
    daemon.options += ["--netlink-buffer", "32768"]
    daemon.start()
    try:
        until(lambda: {"eth4", "eth5"} <= daemon.established(), RECONNECT_S, "sessions with a small buffer")
        yield
    finally:
        del daemon.options[-2:]
        daemon.stop()
        daemon.start()
        until(lambda: {"eth4", "eth5"} <= daemon.established(), RECONNECT_S, "sessions again")
