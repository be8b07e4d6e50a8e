"""Boots one lab per run, of the fabric that $LAB_FABRIC names, and picks the cells that belong to it.

LAB_FABRIC=HYPERVISORS/SWITCHES, each frr or evpnd; `mixed` makes hv2 FRR and the other two evpnd.
LAB_FULL=1 runs the whole matrix instead of one cell of each kind.
"""

import os
import signal
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

FABRIC = os.environ.get("LAB_FABRIC", "frr/frr")
CELL_S = 150
FULL = os.environ.get("LAB_FULL", "") == "1"


def pytest_configure(config):
    config.addinivalue_line("markers", "fabric(*names): the fabrics on which a test runs")
    config.addinivalue_line("markers", "not_on(*names): of those, the ones on which it does not")
    config.addinivalue_line("markers", "full: only in the whole matrix")


def pytest_collection_modifyitems(config, items):
    keep, drop = [], []
    for item in items:
        names = [name for mark in item.iter_markers("fabric") for name in mark.args]
        names = [n for n in names if not any(n in mark.args for mark in item.iter_markers("not_on"))]
        wanted = FABRIC in names and (FULL or not any(item.iter_markers("full")))
        (keep if wanted else drop).append(item)
    config.hook.pytest_deselected(items=drop)
    items[:] = keep


@pytest.fixture(scope="session")
def lab(request):
    from lab import Lab

    hypervisor, switch = FABRIC.split("/")
    kinds = {"hv2": "frr"} if hypervisor == "mixed" else {}
    lab = Lab("evpnd" if hypervisor == "mixed" else hypervisor, switch, kinds)
    try:
        lab.converge()
        yield lab
    finally:
        if "LAB_RESULTS" in os.environ:
            lab.fabric.save_logs(os.environ["LAB_RESULTS"])
        lab.close()


@pytest.fixture
def tell(request):
    """Writes one line per cell, to the terminal and to cells.txt in the results."""
    capture = request.config.pluginmanager.get_plugin("capturemanager")

    def write(line):
        line = f"{FABRIC:<12} {line}"
        with capture.global_and_fixture_disabled():
            print(line, flush=True)
        if "LAB_RESULTS" in os.environ:
            with open(os.environ["LAB_RESULTS"] + "/cells.txt", "a") as handle:
                handle.write(line + "\n")

    return write


@pytest.fixture(autouse=True)
def cell(lab):
    """A story that is told of a failure begins with its cell."""
    lab.cell_start = time.monotonic()

    def late(*_):
        raise TimeoutError(f"the cell took more than {CELL_S} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(CELL_S)
    yield
    signal.alarm(0)


def pytest_report_teststatus(report, config):
    """The cells' own lines are the report; a letter more would only break them."""
    if report.when == "call" and report.passed:
        return "passed", "", "PASSED"
    return None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing cell shows what happened: the judge's hits and the time line of its VM."""
    outcome = yield
    report = outcome.get_result()
    lab = item.funcargs.get("lab") if hasattr(item, "funcargs") else None
    if report.when == "call" and report.failed and lab is not None:
        report.sections.append(("what happened", lab.story(lab.cell_start)))
