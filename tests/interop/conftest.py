import os

import pytest

from pair import Pair  # finds the modules of the lab, too
from bed import Bed  # isort: skip


@pytest.fixture
def pair(request):
    if os.geteuid() != 0:
        pytest.skip("network namespaces want root")
    pair = Pair()
    failures = request.session.testsfailed
    try:
        yield pair.lay()
    finally:
        if request.session.testsfailed > failures:
            print(pair.log(pair.a))
        pair.clear()


@pytest.fixture
def bed(request):
    if os.geteuid() != 0:
        pytest.skip("network namespaces want root")
    bed = Bed()
    failures = request.session.testsfailed
    try:
        yield bed
    finally:
        if request.session.testsfailed > failures:
            print(bed.describe())
        bed.clear()
