"""A pair of nodes for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.node_api.deliveries.delivery_nodes import Pair, open_pair
from tests.support.consortium import Consortium


@pytest.fixture
def chain_location() -> str:
    return "http"


@pytest.fixture
def pair(consortium: Consortium) -> Iterator[Pair]:
    with open_pair(consortium, time.time) as pair:
        yield pair
