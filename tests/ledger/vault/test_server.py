"""Where a vault's database is, what opens it, and what is said when it cannot be had."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from ledger.errors import ConflictError, MalformedInputError, StorageError
from ledger.vault.database import Database
from ledger.vault.server import (
    PASSWORD_FILE_VARIABLE,
    PASSWORD_VARIABLE,
    parse_vault_url,
    read_password,
)
from ledger.vault.store import Vault
from tests.ledger.vault.vaults import CHEAP, PASSPHRASE, new_batch, stage
from tests.support.postgresql import use_schema

SECRET = "s3cret%"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            "postgresql://zhenglian@/zhenglian?host=/run/postgresql",
            "postgresql+psycopg://zhenglian@/zhenglian?host=/run/postgresql",
        ),
        (
            "postgresql+psycopg://z@db.example:5433/v?sslmode=verify-full",
            "postgresql+psycopg://z@db.example:5433/v?sslmode=verify-full",
        ),
    ],
)
def test_url_is_kept_with_its_driver(given: str, kept: str) -> None:
    assert parse_vault_url(given) == kept
    assert parse_vault_url(kept) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"postgresql://z:{SECRET}",
        f"postgresql://z:{SECRET}@db/v",
        f"postgresql://z@db/v?password={SECRET}",
        f"sqlite:///{SECRET}",
        f"mysql://z@db/{SECRET}",
        f"postgresql+asyncpg://z@db/{SECRET}",
        f"postgresql://z@db:port/{SECRET}",
    ],
)
def test_url_that_is_none_or_has_a_password_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_vault_url(url)
    assert (refusal.value.code, refusal.value.field) == ("vault_url", "vault_url")
    assert SECRET not in "".join(traceback.format_exception(refusal.value))


def test_password_comes_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    assert read_password({}) is None
    assert read_password({PASSWORD_FILE_VARIABLE: str(file)}) == SECRET
    assert read_password({PASSWORD_VARIABLE: "x", PASSWORD_FILE_VARIABLE: str(file)}) == "x"
    with pytest.raises(StorageError) as refusal:
        read_password({PASSWORD_FILE_VARIABLE: str(tmp_path / "none")})
    assert refusal.value.code == "password_unreadable"


def test_password_reaches_the_server_and_no_message(
    postgresql: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Read anew for every connection; the server itself would take any."""
    given: list[object] = []
    monkeypatch.setenv(PASSWORD_FILE_VARIABLE, str(tmp_path / "password"))
    database = Database.open_url(postgresql, read_only=True)
    monkeypatch.setattr(
        database._engine.dialect,
        "connect",
        lambda **named: (given.append(named.get("password")), 1 / 0),
    )
    for password in ("first", "second"):
        (tmp_path / "password").write_text(password)
        with pytest.raises(ZeroDivisionError), database.read():
            pass
    database.close()
    assert given == ["first", "second"]


def test_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    url = f"postgresql+psycopg://z@/v?host={tmp_path / 'none'}"
    with pytest.raises(StorageError) as refusal:
        Vault.open(tmp_path / "vault", PASSPHRASE, url=url)
    assert refusal.value.code == "vault_unavailable"


def test_schema_that_is_not_there_is_named(postgresql: str, tmp_path: Path) -> None:
    url = str(make_url(postgresql).update_query_dict({"options": "-csearch_path=nowhere"}))
    with pytest.raises(MalformedInputError) as refusal:
        Vault.create(tmp_path / "vault", PASSPHRASE, url=url, cost=CHEAP)
    assert refusal.value.code == "vault_url"


def test_what_a_server_refuses_has_a_code(postgresql: str, tmp_path: Path) -> None:
    states = {
        "53100": "disk_full",
        "57P03": "vault_unavailable",
        "53300": "vault_unavailable",
        "08006": "vault_unavailable",
        "XX001": "vault_damaged",
        "40P01": "vault_busy",
        "42501": "vault_refused",
        "58030": "disk_failed",
        "25006": "vault_read_only",
    }
    database = Database.open_url(postgresql, read_only=False)
    for state, code in states.items():
        raising = text(f"DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{state}'; END $$")
        with pytest.raises(StorageError) as refusal, database.write() as connection:
            connection.execute(raising)
        assert refusal.value.code == code
    database.close()


def test_server_that_takes_no_writes_says_so(postgresql: str, tmp_path: Path) -> None:
    with use_schema(postgresql) as url:
        Vault.create(tmp_path / "vault", PASSPHRASE, url=url, cost=CHEAP).close()
        options = make_url(url).query["options"]
        standby = make_url(url).update_query_dict(
            {"options": f"{options} -cdefault_transaction_read_only=on"}
        )
        with pytest.raises(StorageError) as refusal:
            Vault.open(tmp_path / "vault", PASSPHRASE, url=str(standby))
    assert refusal.value.code == "vault_read_only"


def test_refused_row_is_in_no_message(postgresql: str, tmp_path: Path) -> None:
    with (
        use_schema(postgresql) as url,
        Vault.create(tmp_path / "vault", PASSPHRASE, url=url, cost=CHEAP) as vault,
    ):
        batch = vault.batches.open(new_batch())
        stage(vault, batch, "someone's number")
        with (
            pytest.raises(ConflictError) as refusal,
            vault._database.write() as connection,
        ):
            connection.execute(
                text(
                    "INSERT INTO certificates SELECT 7, identifier, batch, 7, leaf_hash, "
                    "ciphertext FROM certificates"
                )
            )
        assert refusal.value.code == "vault_constraint"
        assert "someone" not in refusal.value.message
