from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.actions.cases.cases import prepare
from tests.ledger.actions.homes import Ledger


@pytest.fixture(scope="session")
def catalogued(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Three provinces, certificates 0 to 39, and the matter. Only to be copied."""
    return prepare(issued.copy(tmp_path_factory.mktemp("catalogued")))


@pytest.fixture
def two(catalogued: Ledger, tmp_path: Path) -> Ledger:
    """The same, for one test."""
    return catalogued.copy(tmp_path / "two")
