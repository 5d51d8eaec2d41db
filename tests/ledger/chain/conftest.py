"""What asks a chain and writes to it does so in this process and over HTTP, and sees the same."""

from __future__ import annotations

import pytest

ANYWHERE = ("test_gateway", "test_submitter")
LOCATION = "chain_location"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of these modules at both locations, but for those that name one themselves."""
    module = metafunc.module.__name__.rpartition(".")[2]
    named = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if module in ANYWHERE and "consortium" in metafunc.fixturenames and LOCATION not in named:
        metafunc.parametrize(LOCATION, ["directory", "http"])
