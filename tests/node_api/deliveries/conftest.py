"""A pair of nodes, shared by the tests of a module; `fresh_pair` is for those that spoil it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.node_api.deliveries.delivery_nodes import Pair, open_pair
from tests.support.consortium import Consortium
from tests.support.served_chain import serve_chain


@pytest.fixture(scope="module")
def pair(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with _open(founded_consortium, tmp_path_factory.mktemp("pair")) as pair:
        yield pair


@pytest.fixture
def fresh_pair(founded_consortium: Consortium, tmp_path: Path) -> Iterator[Pair]:
    with _open(founded_consortium, tmp_path) as pair:
        yield pair


@contextmanager
def _open(founded: Consortium, directory: Path) -> Iterator[Pair]:
    own = founded.copy(directory / "consortium")
    with serve_chain(own.chain) as served:
        own.set_chain_of_all(served.url)
        with open_pair(own, time.time) as pair:
            yield pair
