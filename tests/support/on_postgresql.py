"""Has homes of tests keep their vaults on a PostgreSQL server, each in a schema of its own.

Nothing is imitated: a home that is made gets the URL of an empty schema, and one that is copied has
its vault moved by what restores a backup to a server. What several tests share was made before, in
files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from ledger.config import CONFIG_NAME, Config
from ledger.vault.copies import KeyTerms, copy_vault, join_copies
from ledger.vault.server_rows import fill_server
from ledger.vault.store import DATABASE_NAME
from tests.ledger.actions import homes
from tests.support.postgresql import create_schema

POSTGRESQL = "postgresql"


class VaultServer:
    """A server that has the vaults of homes.

    Args:
        url: of the server.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: list[str] = []

    def create(self) -> str:
        """URL of a fresh schema."""
        self._made.append(create_schema(self._url))
        return self._made[-1]

    def take_over(self, home: Path) -> None:
        """Moves a home's vault here, from its file or from another home's schema."""
        path, settings = home / "vault" / DATABASE_NAME, home / CONFIG_NAME
        config = Config.load(settings)
        url = self.create()
        if config.vault_url:
            _clone(config.vault_url, url)
        else:
            fill_server(path, url)
            for file in path.parent.glob(f"{path.name}*"):
                file.unlink()
        replace(config, vault_url=url).store(settings)

    def close(self) -> None:
        """Drops everything that was made."""
        engine = create_engine(self._url)
        with engine.begin() as connection:
            for url in self._made:
                name = str(make_url(url).query["options"]).rpartition("=")[2]
                connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


def _clone(source: str, target: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        rest, keys = Path(name, "rest.db"), Path(name, "keys.db")
        copy_vault(Path(name), rest, keys, KeyTerms(0, 0), url=source)
        join_copies(rest, keys, ())
        fill_server(rest, target)


@pytest.fixture(autouse=True)
def place_of_vaults(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VaultServer | None]:
    """Where the vaults of a test's homes are."""
    if getattr(request, "param", None) != POSTGRESQL:
        yield None
        return
    server = VaultServer(request.getfixturevalue("postgresql"))
    copy, create = homes.Ledger.copy, homes.create_home

    def copy_ledger(ledger: homes.Ledger, directory: Path) -> homes.Ledger:
        made = copy(ledger, directory)
        for settings in sorted(directory.glob(f"*/{CONFIG_NAME}")):
            server.take_over(settings.parent)
        return made

    def create_home(*args: object, **options: object) -> object:
        return create(*args, **options, vault_url=server.create())  # type: ignore[arg-type]

    monkeypatch.setattr(homes.Ledger, "copy", copy_ledger)
    monkeypatch.setattr(homes, "create_home", create_home)
    yield server
    server.close()


def take_both_places(metafunc: pytest.Metafunc, tests: Collection[str]) -> None:
    """Runs these tests with their vaults in files, and once more with them on the server."""
    if metafunc.function.__name__ in tests:
        metafunc.parametrize("place_of_vaults", ["files", POSTGRESQL], indirect=True)
