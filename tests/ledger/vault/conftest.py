"""Fixtures of the vault's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.vault.store import Vault
from tests.ledger.vault.vaults import create_vault


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the vault lies."""
    return tmp_path / "vault"


@pytest.fixture
def vault(directory: Path) -> Iterator[Vault]:
    """A fresh vault, open."""
    with create_vault(directory) as opened:
        yield opened
