from __future__ import annotations

import pytest

from tests.support.over_http import take_both_ways, way_to_chain

__all__ = ["way_to_chain"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    take_both_ways(metafunc, ("consortium",), ())
