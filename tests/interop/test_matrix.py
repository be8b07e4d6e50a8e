"""Keeps the table of docs/interop.md and the tests together."""

import glob
import os
import re

from matrix import TABLE
from peers import KINDS

HERE = os.path.dirname(os.path.abspath(__file__))


def test_every_row_is_tried():
    """No row without a test, no cell that is neither `yes` nor a reason."""
    tried = set()
    for path in glob.glob(os.path.join(HERE, "test_*.py")):
        with open(path) as handle:
            tried |= set(re.findall(r'^@cells\("(.*)"\)$', handle.read(), re.M))
    assert tried == set(TABLE)
    for feature, row in TABLE.items():
        assert set(row) == set(KINDS)
        assert "yes" in row.values(), feature
        assert all(cell == "yes" or len(cell) > 8 for cell in row.values()), (feature, row)
