"""The same vault in a PostgreSQL database.

The server is the tests' own, or the one ZHENGLIAN_TEST_POSTGRESQL_URL names by an SQLAlchemy URL.
Each test has a schema of its own there and drops it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import ConflictError, NotFoundError, StorageError
from ledger.roles import Role
from ledger.vault.access_log import NewRecord, RecordKind
from ledger.vault.access_tables import ApprovalState
from ledger.vault.acts import NewAct, OfficerCommitment
from ledger.vault.api_keys import KeyLimits
from ledger.vault.outbox import NewTransaction
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import CHEAP, NOW_UNIX, PASSPHRASE, new_batch, stage
from tests.support.postgresql import use_schema


@pytest.fixture
def url(postgresql: str) -> Iterator[str]:
    """URL of an empty schema."""
    with use_schema(postgresql) as url:
        yield url


@pytest.fixture
def vault(url: str, directory: Path) -> Iterator[Vault]:
    """A fresh vault, open."""
    with Vault.create(directory, PASSPHRASE, url=url, cost=CHEAP, clock=lambda: NOW_UNIX) as opened:
        yield opened


def test_certificates_are_staged_found_and_erased(vault: Vault) -> None:
    run = vault.runs.begin("source", b"digest")
    batch = vault.batches.open(new_batch(run.id))
    names = [f"n{number}" for number in range(1500)]
    stage(vault, batch, *names)
    with pytest.raises(ConflictError, match="certificate n5 is in the vault"):
        stage(vault, batch, "x", "n5", first=1500)
    assert len(vault.certificates.find_many([*names, "x"])) == 1500
    assert [c.identifier for c in vault.certificates.iterate(batch.pk)] == names
    assert len(vault.batches.leaf_hashes(batch.pk)) == 1500
    vault.certificates.erase_key("n7", "because")
    erased, other = vault.certificates.find("n7"), vault.certificates.find("n8")
    assert erased is not None
    assert other is not None
    assert erased.wrapped_key is None
    assert vault.certificates.decrypt(other) == b"n8"
    vault.batches.close(batch.pk, b"r" * 32, 1500, NOW_UNIX, b"s" * 64)
    vault.batches.mark_anchored(batch.pk, NOW_UNIX, 0, b"t" * 32)
    assert vault.certificates.count_by_batch_state()[BatchState.ANCHORED] == 1500
    assert vault.integrity_check() == []


def test_refusals_are_named_as_on_sqlite(vault: Vault) -> None:
    with pytest.raises(NotFoundError, match="no run 77"):
        vault.batches.open(new_batch(77))
    vault.outbox.add(NewTransaction("anchor", "", b"a" * 20, 1, b"raw", b"h" * 32))
    with pytest.raises(ConflictError) as refusal:
        vault.outbox.add(NewTransaction("anchor", "", b"a" * 20, 1, b"raw", b"i" * 32))
    assert refusal.value.code == "nonce_taken"


def test_refusal_inside_a_transaction_undoes_only_what_was_refused(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    with vault.transaction():
        stage(vault, batch, "a")
        with pytest.raises(ConflictError):
            stage(vault, batch, "b", "a", first=1)
    assert vault.certificates.find_many(["a", "b"]).keys() == {"a"}


def test_officer_is_kept_behind_the_commitment(vault: Vault) -> None:
    officer = OfficerCommitment.make("王五")
    row = vault.acts.record(NewAct("status", None, 1, b"x", b"s" * 64, officer, {"a": [1]}))
    assert vault.acts.open_officer(officer.commitment) == officer
    assert vault.acts.get(row.pk).details == {"a": [1]}


def test_keys_approvals_and_the_access_log_are_kept_as_on_sqlite(vault: Vault) -> None:
    limits = KeyLimits(("11100000000013338W",), scopes=("read",))
    made = vault.api_keys.add(
        "0123456789abcdef",
        b"h" * 32,
        name="window",
        owner="oidc:a",
        role=Role.CLERK,
        limits=limits,
        created_by="local",
        expires_at_unix=NOW_UNIX + 1,
    )
    vault.api_keys.note_use(made.key_id)
    assert vault.api_keys.get(made.key_id).last_used_at_unix == NOW_UNIX
    assert vault.api_keys.revoke(made.key_id, "local").limits == limits
    wanted = {"made_by": "oidc:a", "people": ["oidc:a"], "lifetime_s": 60}
    first = vault.approvals.add("revoke", b"d" * 32, b"request", **wanted)
    assert vault.approvals.add("revoke", b"d" * 32, b"request", **wanted) == first
    vault.approvals.decide(first.approval_id, ApprovalState.APPROVED, "oidc:b")
    done = vault.approvals.end(first.approval_id, ApprovalState.DONE, result=b"result")
    assert vault.approvals.read_result(done.approval_id) == b"result"
    record = NewRecord(RecordKind.ACCESS, "show_certificate", "oidc:a")
    threads = [
        threading.Thread(target=vault.access_log.append, args=([record] * 3,)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vault.access_log.count() == 12
    assert vault.access_log.find_damage() == []
    assert vault.access_log.forget_before(NOW_UNIX + 1) == 11
    assert vault.access_log.find_damage() == []


def test_writer_from_another_directory_is_refused_and_a_reader_is_not(
    vault: Vault, url: str, directory: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(StorageError) as refusal:
        Vault.open(other, PASSPHRASE, url=url, lock_timeout_s=0.0)
    assert refusal.value.code == "vault_in_use"
    with Vault.open(other, PASSPHRASE, url=url, read_only=True) as reader:
        assert reader.runs.unfinished() == []
        with pytest.raises(StorageError) as refusal:
            reader.runs.begin("source", b"digest")
        assert refusal.value.code == "vault_read_only"
    vault.close()
    Vault.open(other, PASSPHRASE, url=url, lock_timeout_s=0.0).close()


def test_vault_is_never_made_over_another(vault: Vault, url: str, tmp_path: Path) -> None:
    vault.close()
    with pytest.raises(ConflictError) as refusal:
        Vault.create(tmp_path / "other", PASSPHRASE, url=url, cost=CHEAP)
    assert refusal.value.code == "vault_exists"
