"""FRR as a remote PE. What each pairing does is the table in docs/interop.md; this file asserts its every row.

The fabric is `mixed`: hv2 runs FRR, hv1 and hv3 evpnd, so hv2 is source, target or observer by the move chosen.
"""

import itertools
import os
import re

import pytest
from daemons import source_root
from fabric import HYPERVISORS, LOOPBACK

pytestmark = pytest.mark.fabric("mixed/frr")

MARK = "<!-- asserted by tests/lab/test_interop.py -->"
# Which move puts FRR into which part; the third hypervisor observes.
MOVES = {"source": ("hv2", "hv1"), "target": ("hv1", "hv2"), "observer": ("hv1", "hv3")}


def table():
    """The rows of docs/interop.md as dictionaries of its own headings."""
    with open(os.path.join(source_root(), "docs", "interop.md")) as handle:
        lines = handle.read().split(MARK)[1].strip().splitlines()
    lines = itertools.takewhile(lambda line: line.startswith("|"), lines)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row)) for row in cells[2:]]


def within(text):
    """`< 500` as a bound in ms; `never` as None."""
    return None if text == "never" else float(re.match(r"< (\d+)", text).group(1))


ROWS = table()


@pytest.mark.parametrize("row", ROWS, ids=[f"frr-{r['FRR is']}-{r['pin']}-{r['VM']}-{r['deletes after ms']}" for r in ROWS])
def test_pairing(lab, tell, row):
    agents, vm = lab.agents(sticky=row["pin"] == "sticky"), lab.vm(chatty=row["VM"] == "chatty")
    source, target = MOVES[row["FRR is"]]
    lab.place(vm, agents, source)
    report = lab.migrate(vm, agents, source, target, int(row["deletes after ms"]), f"FRR is {row['FRR is']}, {row['pin']}, {row['VM']}, source deletes {row['deletes after ms']} ms after", settle=4)
    tell(report.line())
    told = [r for r in lab.collector.routes(vm.mac) if r.nexthop == LOOPBACK[target] and not r.ip]
    said = "nothing" if not told else "no sequence" if told[0].sequence is None else str(told[0].sequence)
    ours = [n for n in HYPERVISORS if lab.fabric.kinds[n] == "evpnd"]
    lost = [h for h in lab.watch.hits if h.lost and h.node in ours and h.time >= report.start]
    assert not lost, f"entries lost on evpnd hosts: {lost}"
    assert said in row["target says"].split(" or "), f"the target says {said}"
    bound = within(row["observer follows ms"])
    if bound is None:
        assert report.outage is None, "better than the table says"
    else:
        assert report.outage is not None and report.outage < bound, report.line()
    wrong = [w for w in report.wrong if w.split(":")[0] in ours]
    assert ("right" if not wrong else "wrong") == row["end on evpnd hosts"], wrong
