"""The table of docs/interop.md, which says what is tried with whom, and why not where it is not.

`@cells("row")` runs a test once with each daemon whose cell is `yes`, and skips it with the words of the cell
elsewhere. So the table is the test's own list, and cannot say `yes` to what does not work.
"""

import itertools
import os

import pytest
from peers import KINDS

MARK = "<!-- asserted by tests/interop/test_matrix.py -->"
DOC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "interop.md")
HEADINGS = {"FRR 8.4": "frr", "BIRD 2.0": "bird", "GoBGP 3.10": "gobgp", "ExaBGP 4.2": "exabgp"}


def table():
    """{feature: {kind: cell}} of the document."""
    with open(DOC) as handle:
        lines = handle.read().split(MARK)[1].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in itertools.takewhile(lambda line: line.startswith("|"), lines)]
    kinds = [HEADINGS[name] for name in rows[0][1:]]
    return {row[0]: dict(zip(kinds, row[1:])) for row in rows[2:]}


TABLE = table()


def cells(feature):
    row = TABLE[feature]
    marks = {kind: () if row[kind] == "yes" else pytest.mark.skip(reason=f"{kind}: {row[kind]}") for kind in KINDS}
    return pytest.mark.parametrize("kind", [pytest.param(kind, marks=marks[kind]) for kind in KINDS])
