"""Nodes for tests: `node` is a test's own, `shared_node` is asked and left as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.consortium import PASSPHRASE, Consortium
from tests.support.node import RunningNode, run_node


@pytest.fixture
def node(consortium: Consortium) -> Iterator[RunningNode]:
    """Chongqing's node, on a ledger of its own with Sichuan's department."""
    with run_node(consortium.open(), PASSPHRASE) as running:
        yield running


@pytest.fixture(scope="session")
def shared_node(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningNode]:
    """The same, for requests that change nothing."""
    copied = founded_consortium.copy(tmp_path_factory.mktemp("shared") / "consortium")
    with run_node(copied.open(), PASSPHRASE) as running:
        yield running
