"""Fixtures that any test may use. What they need is imported when the first one asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.consortium import Consortium


@pytest.fixture(scope="session")
def founded_consortium(tmp_path_factory: pytest.TempPathFactory) -> Consortium:
    """Two members and their departments on one chain; to be read, copied and left as it is."""
    from tests.support.consortium import found_consortium

    return found_consortium(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def consortium(founded_consortium: Consortium, tmp_path: Path) -> Consortium:
    """One's own copy of it."""
    return founded_consortium.copy(tmp_path / "consortium")
