"""Nodes for tests: `node` is a test's own, `shared_node` is asked and left as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.actions.homes import Ledger
from tests.support.consortium import PASSPHRASE, Consortium
from tests.support.node import RunningNode, run_node
from tests.support.verifying_home import VerifyingHome, make_presented, open_copy


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


@pytest.fixture(scope="session")
def presented(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, list[bytes]]:
    """Certificates, presented; whoever changes something gets a copy, see `verifying`."""
    return make_presented(tmp_path_factory.mktemp("presented"))


@pytest.fixture
def verifying(presented: tuple[Ledger, list[bytes]], tmp_path: Path) -> Iterator[VerifyingHome]:
    """A home of a test's own."""
    with open_copy(presented, tmp_path / "ledger") as made:
        yield made


@pytest.fixture(scope="session")
def unchanged(
    presented: tuple[Ledger, list[bytes]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VerifyingHome]:
    """The same, for tests that change nothing."""
    with open_copy(presented, tmp_path_factory.mktemp("unchanged") / "ledger") as made:
        yield made
