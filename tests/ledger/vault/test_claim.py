"""A vault on a server outlives its connections, and never has two writers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from ledger.errors import StorageError
from ledger.vault.claim import WriterClaim
from ledger.vault.store import Vault
from tests.ledger.vault.vaults import CHEAP, NOW_UNIX, PASSPHRASE, new_batch, stage
from tests.support.postgresql import use_schema

NAME = "zhenglian-claim-test"
OF_OURS = "FROM pg_stat_activity WHERE application_name = %s"
LOCKING = "AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"


@pytest.fixture
def url(postgresql: str) -> Iterator[str]:
    """URL of an empty schema, whose connections can be told by their name."""
    with use_schema(postgresql) as url:
        yield str(make_url(url).update_query_dict({"application_name": NAME}))


@pytest.fixture
def vault(url: str, directory: Path) -> Iterator[Vault]:
    with Vault.create(directory, PASSPHRASE, url=url, cost=CHEAP, clock=lambda: NOW_UNIX) as opened:
        yield opened


@pytest.fixture
def administrator(postgresql: str) -> Iterator[psycopg.Connection]:
    found = make_url(postgresql).set(drivername="postgresql")
    with closing(psycopg.connect(found.render_as_string(False), autocommit=True)) as connection:
        yield connection


def end_connections(administrator: psycopg.Connection, which: str = "") -> None:
    """As a restart of the server does, or an administrator."""
    ended = administrator.execute(f"SELECT pg_terminate_backend(pid) {OF_OURS} {which}", [NAME])
    assert ended.fetchall()
    while administrator.execute(f"SELECT 1 {OF_OURS} {which}", [NAME]).fetchall():
        pass


def open_elsewhere(directory: Path, url: str) -> Vault:
    """As another machine would."""
    return Vault.open(directory, PASSPHRASE, url=url, lock_timeout_s=0.0, clock=lambda: NOW_UNIX)


def is_refused(code: str, action: object) -> bool:
    with pytest.raises(StorageError) as refusal:
        action()  # type: ignore[operator]
    return refusal.value.code == code


def test_after_its_connections_were_ended_the_next_call_works(
    vault: Vault, administrator: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    batch = vault.batches.open(new_batch())
    for number in range(3):
        end_connections(administrator)
        if number % 2:
            assert vault.batches.get(batch.batch_key).count == number
        stage(vault, batch, f"n{number}", first=number)
        assert is_refused("vault_in_use", lambda: open_elsewhere(tmp_path / "other", url))
    assert len(list(vault.certificates.iterate(batch.pk))) == 3


def test_a_transaction_in_flight_is_lost_whole(
    vault: Vault, administrator: psycopg.Connection
) -> None:
    batch = vault.batches.open(new_batch())

    def stage_all() -> None:
        with vault.transaction():
            stage(vault, batch, "a", "b")
            end_connections(administrator)
            stage(vault, batch, "c", first=2)

    def stage_on() -> None:
        with vault.transaction():
            stage(vault, batch, "a", "b")
            end_connections(administrator)
            for _ in range(2):  # whoever does not notice the first time
                assert is_refused("vault_unavailable", lambda: stage(vault, batch, "c", first=2))

    assert is_refused("vault_unavailable", stage_all)
    assert is_refused("vault_unavailable", stage_on)
    assert list(vault.certificates.iterate(batch.pk)) == []
    stage(vault, batch, "a")
    assert [c.identifier for c in vault.certificates.iterate(batch.pk)] == ["a"]


def test_who_lost_the_lock_to_another_writes_no_more_until_it_opens_the_vault_anew(
    vault: Vault, administrator: psycopg.Connection, url: str, directory: Path, tmp_path: Path
) -> None:
    batch = vault.batches.open(new_batch())
    end_connections(administrator)
    with open_elsewhere(tmp_path / "other", url) as successor:
        assert is_refused("vault_in_use", lambda: stage(vault, batch, "a"))
        stage(successor, batch, "b")
    assert is_refused("vault_in_use", lambda: stage(vault, batch, "a", first=1))
    assert vault.batches.get(batch.batch_key).count == 1
    vault.close()
    with open_elsewhere(directory, url) as again:
        stage(again, batch, "a", first=1)


def test_a_lock_that_nobody_took_is_taken_again_without_a_write(
    vault: Vault, administrator: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    vault.batches.open(new_batch())
    for _ in range(2):
        end_connections(administrator)
        vault.confirm_writer()
        assert is_refused("vault_in_use", lambda: open_elsewhere(tmp_path / "other", url))
    assert not vault.is_taken_over


def test_who_only_looks_hears_that_another_wrote_though_it_has_gone_again(
    vault: Vault, administrator: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    vault.batches.open(new_batch())
    end_connections(administrator)
    with open_elsewhere(tmp_path / "other", url) as successor:
        assert is_refused("vault_in_use", vault.confirm_writer)
        assert not vault.is_taken_over  # whoever has the lock may be ourselves, before the cut
        successor.batches.open(new_batch())
    assert is_refused("vault_in_use", vault.confirm_writer)
    assert vault.is_taken_over


def test_a_writer_that_does_not_know_yet_is_refused_by_the_vault_itself(
    vault: Vault, administrator: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    """Its lock ends while a transaction is open: the successor waits for that one, and no more."""
    batch = vault.batches.open(new_batch())
    opened: list[Vault] = []
    successor = threading.Thread(
        target=lambda: opened.append(open_elsewhere(tmp_path / "other", url))
    )
    with vault.transaction():
        stage(vault, batch, "a")
        end_connections(administrator, LOCKING)
        successor.start()
        while not administrator.execute(f"SELECT 1 {OF_OURS} {LOCKING}", [NAME]).fetchall():
            pass
        stage(vault, batch, "b", first=1)
        assert not opened
    successor.join()
    with opened[0] as other:
        assert other.batches.get(batch.batch_key).count == 2
        stage(other, batch, "c", first=2)
        assert is_refused("vault_in_use", lambda: stage(vault, batch, "d", first=3))


def test_threads_of_the_one_writer_follow_each_other(vault: Vault) -> None:
    batches = [vault.batches.open(new_batch()) for _ in range(4)]

    def work(number: int) -> None:
        for position in range(10):
            stage(vault, batches[number], f"{number} {position}", first=position)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert [vault.batches.get(batch.batch_key).count for batch in batches] == [10] * 4


def test_vaults_of_two_schemas_have_a_writer_each(
    vault: Vault, postgresql: str, tmp_path: Path
) -> None:
    with (
        use_schema(postgresql) as other,
        Vault.create(tmp_path / "other", PASSPHRASE, url=other, cost=CHEAP) as second,
    ):
        second.batches.open(new_batch())
        vault.batches.open(new_batch())


def test_threads_that_wait_for_a_lock_in_vain_hear_it_together(
    vault: Vault, administrator: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    batch = vault.batches.open(new_batch())
    end_connections(administrator)
    attempts: list[float] = []
    take = WriterClaim.take

    def count(claim: WriterClaim, timeout_s: float) -> None:
        attempts.append(timeout_s)
        take(claim, timeout_s)

    with (
        open_elsewhere(tmp_path / "other", url),
        pytest.MonkeyPatch.context() as counting,
        ThreadPoolExecutor(8) as threads,
    ):
        counting.setattr(WriterClaim, "take", count)
        told = threads.map(
            lambda _: is_refused("vault_in_use", lambda: stage(vault, batch, "a")), range(8)
        )
        assert all(told)
    assert len(attempts) < 8
