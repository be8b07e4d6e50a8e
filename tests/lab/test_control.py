"""The control: the lab must be able to fail. With FRR on all nodes the incident happens, and the judge sees it."""

import pytest

pytestmark = pytest.mark.fabric("frr/frr")


def test_hunted_route_takes_the_entry_of_an_fdb_only_agent(lab, tell):
    """Incident lines 71-154: the source's routes are withdrawn, hunted back over the long way and withdrawn again, and
    zebra moves and deletes the entry that the agent wrote on the target."""
    agents, vm = lab.agents(neighbours=False), lab.vm()
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", 500, "control: sticky, FDB only, source deletes late", settle=3)
    tell(report.line())
    assert report.lost_entries >= 1 and report.advertised is None
    assert any("hv1: the agent's FDB entry is None" in sentence for sentence in report.wrong)


def test_migration_leaves_the_observer_dark(lab, tell):
    agents, vm = lab.agents(), lab.vm()
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", 500, "control: sticky, FDB and neighbour", settle=3)
    tell(report.line())
    assert report.lost_entries >= 1 and report.wrong and report.outage is None


def test_plain_pins(lab, tell):
    agents, vm = lab.agents(sticky=False), lab.vm()
    lab.place(vm, agents, "hv2")
    report = lab.migrate(vm, agents, "hv2", "hv1", 500, "control: plain, FDB and neighbour", settle=3)
    tell(report.line())
    assert report.lost_entries >= 1
