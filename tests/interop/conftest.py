import os

import pytest

from pair import Pair


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
