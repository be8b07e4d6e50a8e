"""Migrations with evpnd on the hypervisors. Whatever the agent's habits: nothing of its entries is lost, the fabric
follows at once, and the end state is right on every host."""

import time

import pytest
from conftest import FULL
from fabric import PLAIN

pytestmark = pytest.mark.fabric("evpnd/frr", "evpnd/evpnd")

# One UPDATE crosses two daemons, and a switch that runs FRR holds its queue for some 50 ms.
OUTAGE_MS = 500


def right(report, outage_ms=OUTAGE_MS):
    """What every cell demands."""
    assert not report.wrong
    assert report.lost_entries == 0
    assert report.rewrites == 0
    if report.outage is None or report.outage > outage_ms:
        pytest.fail(f"observer dark: {report.line()}")


@pytest.mark.parametrize("sticky", (True, False), ids=("sticky", "plain"))
@pytest.mark.parametrize("chatty", (False, True), ids=("silent", "chatty"))
@pytest.mark.parametrize("delay", (0, 50, 500, 2000))
def test_source_deletes_later(lab, tell, delay, chatty, sticky):
    agents, vm = lab.agents(sticky=sticky), lab.vm(chatty)
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", delay, f"{'sticky' if sticky else 'plain'}, {'chatty' if chatty else 'silent'}, source deletes {delay} ms after")
    tell(report.line())
    right(report)
    lab.retire(vm, agents)


@pytest.mark.parametrize("delay", (-50, -300))
def test_source_deletes_first(lab, tell, delay):
    """The source's hunted route comes back after its withdrawal; it must not win over the target."""
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", delay, f"sticky, silent, source deletes {-delay} ms before")
    tell(report.line())
    right(report, OUTAGE_MS - delay)


@pytest.mark.parametrize("sticky", (True, False), ids=("sticky", "plain"))
def test_fdb_only_agent(lab, tell, sticky):
    agents, vm = lab.agents(neighbours=False, sticky=sticky), lab.vm()
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", 500, f"{'sticky' if sticky else 'plain'}, silent, agent writes FDB only")
    tell(report.line())
    right(report)


def test_reconcile_loop_finds_nothing_to_do(lab, tell):
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", 2000, "sticky, silent, agent with a reconcile loop", loop=True)
    tell(report.line())
    right(report)


def test_plain_bridge(lab, tell):
    """The one-bridge-per-VNI form: no VLANs, the bridge itself the SVI."""
    agents, vm = lab.agents(segment=PLAIN), lab.vm(segment=PLAIN)
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", 500, "sticky, silent, one bridge per VNI")
    tell(report.line())
    right(report)


@pytest.mark.parametrize("sticky", (True, False), ids=("sticky", "plain"))
def test_back_and_forth(lab, tell, sticky):
    if not sticky and not FULL:
        pytest.skip("in the whole matrix")
    agents, vm = lab.agents(sticky=sticky), lab.vm()
    lab.place(vm, agents, "hv2")
    hits, start, source, target, stuck, worst = len(lab.watch.hits), time.monotonic(), "hv2", "hv1", 0, 0.0
    for turn in range(50):
        report = lab.migrate(vm, agents, source, target, (0, 50, 200)[turn % 3], probe=False, linger=0.05)
        stuck += bool(report.wrong)
        worst = max(worst, report.settled or float("inf"))
        source, target = target, source
    lab.watch.audit(lab.sockets)
    hits = lab.watch.hits[hits:]
    lost = sum(h.lost for h in hits)
    for hit in hits:
        tell(f"  {hit}")
    tell(f"{'sticky' if sticky else 'plain'}, silent, 50 migrations back and forth: {time.monotonic() - start:.0f} s, stuck {stuck}, slowest settled {worst:.0f} ms, foreign touched {len(hits)} repaired {len(hits) - lost} lost {lost}")
    assert stuck == 0 and lost == 0


@pytest.mark.parametrize("chatty,sticky", ((False, True), (True, False)), ids=("silent-sticky", "chatty-plain"))
def test_exclusive_add(lab, tell, chatty, sticky):
    """`bridge fdb add`: the kernel refuses it while any row holds the slot, and tells nobody but the caller. A silent
    VM's agent gets through once the source has deleted its entry and our row is gone; a chatty VM is learned, which
    moves the fabric at once, and its agent is refused by the kernel's own row from then on. docs/interop.md."""
    agents, vm = lab.agents(neighbours=False, sticky=sticky), lab.vm(chatty)
    lab.place(vm, agents, "hv2")
    agents["hv1"].exclusive = True
    report = lab.migrate(vm, agents, "hv2", "hv1", 500, f"{'sticky' if sticky else 'plain'}, {'chatty' if chatty else 'silent'}, exclusive add, agent tries again", patient=not chatty)
    tell(report.line())
    assert report.lost_entries == 0
    if chatty:
        assert report.outage is not None and report.outage < OUTAGE_MS
    else:
        assert not report.wrong and report.refused is not None and report.refused < 3000


@pytest.mark.parametrize("sticky", (True, False), ids=("sticky", "plain"))
def test_exclusive_add_with_a_hook(lab, tell, sticky):
    """A hook of the orchestrator releases the MAC first: the exclusive add succeeds at once, and the fabric follows."""
    agents, vm = lab.agents(sticky=sticky), lab.vm()
    lab.place(vm, agents, "hv2")
    agents["hv1"].exclusive = True
    agents["hv1"].hook = lambda vm: lab.fabric.daemons["hv1"].show(f"release mac {vm.mac}")
    report = lab.migrate(vm, agents, "hv2", "hv1", 500, f"{'sticky' if sticky else 'plain'}, silent, exclusive add after a release")
    tell(report.line())
    right(report)
    lab.retire(vm, agents)


@pytest.mark.full
@pytest.mark.parametrize("pair", (("hv2", "hv3"), ("hv3", "hv1"), ("hv1", "hv2")), ids="-".join)
@pytest.mark.parametrize("neighbours", (True, False), ids=("both", "fdb-only"))
@pytest.mark.parametrize("sticky", (True, False), ids=("sticky", "plain"))
@pytest.mark.parametrize("chatty", (False, True), ids=("silent", "chatty"))
@pytest.mark.parametrize("delay", (-300, -50, 0, 50, 500, 2000))
def test_matrix(lab, tell, delay, chatty, sticky, neighbours, pair):
    agents, vm = lab.agents(sticky=sticky, neighbours=neighbours), lab.vm(chatty)
    lab.place(vm, agents, pair[0])
    report = lab.migrate(vm, agents, *pair, delay, f"{'-'.join(pair)} {'sticky' if sticky else 'plain'} {'chatty' if chatty else 'silent'} {'FDB+neigh' if neighbours else 'FDB only'} {delay:+d} ms")
    tell(report.line())
    right(report, OUTAGE_MS + max(0, -delay))
    lab.retire(vm, agents)
