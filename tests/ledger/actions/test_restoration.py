"""A backup becomes a home that does all the old one did; one that is not whole becomes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.actions.backup import DAY_S, make_backup, read_digest
from ledger.actions.backup_manifest import KEYS_NAME, MANIFEST_NAME, VAULT_NAME, parse_manifest
from ledger.actions.decisions import LifecycleAct
from ledger.actions.erasure import erase_certificate, place_hold
from ledger.actions.erasure_register import encode_register, export_register
from ledger.actions.fsck import fsck
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present, verify_document
from ledger.actions.restoration import RestoreSummary, restore_backup
from ledger.actions.showing import ErasedCertificate, ShownCertificate, show_certificate
from ledger.config import Config
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.formats.status_list import Status
from ledger.vault.key_files import KeyFiles
from ledger.vault.tables import metadata
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    PASSPHRASE,
    SICHUAN,
    Ledger,
    identify,
    make_row,
    write_rows,
)

EXPIRED = {"初次领证日期": "2010-01-05", "发证日期": "2012-01-05", "有效期起": "2012-01-05"}
OLD, VALID, OTHER_OLD = 1, 2, 3
FIRST = {"settings", "runs", "batches", "certificates", "data_keys", "erasures", "outbox"} | {
    "officers",
    "acts",
}
"""Tables of the first schema."""
REASON = "持证人申请"


@pytest.fixture(scope="module")
def issued(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing with three certificates, two of which may be erased. Only to be copied."""
    ledger = founded.copy(tmp_path_factory.mktemp("issued"))
    rows = [
        make_row(OLD, **EXPIRED, 有效期止="2015-01-04"),
        make_row(VALID),
        make_row(OTHER_OLD, **EXPIRED, 有效期止="2015-01-04"),
    ]
    assert ledger.issue(write_rows(ledger.directory / "rows.csv", rows)).issued == 3
    return ledger


@pytest.fixture
def ledger(issued: Ledger, tmp_path: Path) -> Ledger:
    """The same, for one test."""
    return issued.copy(tmp_path / "ledger")


@pytest.fixture
def backup(ledger: Ledger, tmp_path: Path) -> Path:
    """A backup of it."""
    with ledger.open() as workspace:
        return make_backup(workspace, tmp_path / "backup").directory


@pytest.fixture
def new_home(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "home"


def restore(backup: Path, home: Path, **options: object) -> RestoreSummary:
    return restore_backup(backup, home, PASSPHRASE, **options)  # type: ignore[arg-type]  # by name


def require_refusal(
    kind: type[LedgerError], code: str, backup: Path, home: Path, **options: object
) -> LedgerError:
    """The restoration is refused, and nothing is there that was not."""
    home.parent.mkdir(exist_ok=True)
    before = sorted(home.parent.rglob("*"))
    with pytest.raises(kind) as refusal:
        restore(backup, home, **options)
    assert refusal.value.code == code
    assert sorted(home.parent.rglob("*")) == before
    return refusal.value


def erase(ledger: Ledger, number: int) -> bytes:
    """Erases a certificate in the old home; its wrapped key."""
    with ledger.open() as workspace:
        stored = workspace.vault.certificates.find(str(identify(number)))
        assert stored is not None
        assert stored.wrapped_key is not None
        erase_certificate(workspace, identify(number), REASON)
    return stored.wrapped_key


def export(ledger: Ledger, path: Path) -> Path:
    with ledger.open() as workspace:
        path.write_bytes(encode_register(export_register(workspace)))
    return path


def raw_files(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def test_restored_home_presents_verifies_revokes_and_issues(
    ledger: Ledger, backup: Path, new_home: Path
) -> None:
    shutil.rmtree(ledger.home(CHONGQING))
    summary = restore(backup, new_home)
    assert summary.report is not None
    assert (summary.report.problems, summary.report.certificates) == ((), 3)
    assert (summary.erasures, summary.erased_since) == (0, 0)
    with Workspace.open(new_home, PASSPHRASE) as workspace:
        document = present(workspace, identify(VALID), None).to_json()
        assert verify_document(workspace, document).outcome is Outcome.PASSED
        change_status(workspace, LifecycleAct.SUSPEND, [identify(VALID)], DECISION)
        assert show_certificate(workspace, identify(VALID)).status is Status.SUSPENDED
    new_home.rename(ledger.home(CHONGQING))
    more = write_rows(ledger.directory / "more.csv", [make_row(VALID), make_row(9)])
    report = ledger.issue(more)
    assert (report.issued, report.already_issued) == (1, 1)
    with ledger.open() as workspace:
        assert fsck(workspace).problems == ()


def test_chain_may_be_elsewhere_on_the_new_machine(
    ledger: Ledger, backup: Path, new_home: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved chain"
    ledger.chain.rename(moved)
    summary = restore(backup, new_home, chain=str(moved))
    assert summary.report is not None
    assert summary.report.problems == ()
    assert Config.load(new_home / "zhenglian.toml").chain == str(moved)


def test_restoration_without_a_chain_says_that_nothing_was_checked(
    ledger: Ledger, backup: Path, new_home: Path
) -> None:
    shutil.rmtree(ledger.chain)
    summary = restore(backup, new_home)
    assert summary.report is None
    assert str(ledger.chain) in summary.unchecked
    assert (new_home / "vault" / "vault.db").exists()


def test_backup_needs_neither_passphrase_nor_chain_nor_the_vaults_lock(
    ledger: Ledger, tmp_path: Path, new_home: Path
) -> None:
    def ask() -> str:
        raise AssertionError("asked for the passphrase")

    with (
        ledger.open() as writer,
        Workspace.open(ledger.home(CHONGQING), ask, lock_timeout_s=0.0) as workspace,
    ):
        assert writer.vault.integrity_check() == []
        writer.gateway.head()
        summary = make_backup(workspace, tmp_path / "backup")
    assert summary.certificates == 3
    assert restore(tmp_path / "backup", new_home).certificates == 3


def test_what_was_erased_before_the_backup_is_not_in_it(
    ledger: Ledger, tmp_path: Path, new_home: Path
) -> None:
    key = erase(ledger, OLD)
    with ledger.open() as workspace:
        assert make_backup(workspace, tmp_path / "backup").erasures == 1
    assert key not in raw_files(tmp_path / "backup")
    summary = restore(tmp_path / "backup", new_home)
    assert (summary.erasures, summary.erased_since) == (1, 0)


def test_what_was_erased_since_the_backup_comes_back_without_a_register(
    ledger: Ledger, backup: Path, new_home: Path
) -> None:
    """That is why copies of data keys expire."""
    key = erase(ledger, OLD)
    restore(backup, new_home)
    assert key in raw_files(new_home)


def test_register_keeps_what_was_erased_since_from_coming_back(
    ledger: Ledger, backup: Path, new_home: Path, tmp_path: Path
) -> None:
    key = erase(ledger, OLD)
    register = export(ledger, tmp_path / "register.json")
    summary = restore(backup, new_home, registers=[register])
    assert (summary.erasures, summary.erased_since) == (1, 1)
    assert summary.report is not None
    assert (summary.report.problems, summary.report.erased) == ((), 1)
    assert key not in raw_files(new_home)
    with ledger.open() as old, Workspace.open(new_home, PASSPHRASE) as workspace:
        (there,) = old.vault.erasures.all()
        shown = show_certificate(workspace, identify(OLD))
        assert isinstance(shown, ErasedCertificate)
        assert (shown.erasure_reason, shown.erased_at_unix) == (REASON, there.erased_at_unix)


def test_register_of_a_newer_backup_serves_as_well(
    ledger: Ledger, backup: Path, new_home: Path, tmp_path: Path
) -> None:
    key = erase(ledger, OLD)
    first = export(ledger, tmp_path / "first.json")
    other = erase(ledger, OTHER_OLD)
    with ledger.open() as workspace:
        newer = make_backup(workspace, tmp_path / "newer").directory / "erasures.json"
    summary = restore(backup, new_home, registers=[first, newer])
    assert summary.erased_since == 2
    assert key not in raw_files(new_home)
    assert other not in raw_files(new_home)


def test_hold_released_after_the_backup_does_not_undo_the_erasure(
    ledger: Ledger, new_home: Path, tmp_path: Path
) -> None:
    with ledger.open() as workspace:
        hold = place_hold(workspace, identify(OLD), "诉讼")
        backup = make_backup(workspace, tmp_path / "backup").directory
        workspace.vault.holds.release(hold.number, "done", None)
    erase(ledger, OLD)
    register = export(ledger, tmp_path / "register.json")
    summary = restore(backup, new_home, registers=[register])
    assert summary.report is not None
    assert (summary.report.problems, summary.report.erased) == ((), 1)


def test_register_of_another_home_is_refused(
    admitted: Ledger, backup: Path, new_home: Path, tmp_path: Path
) -> None:
    sichuan = admitted.copy(tmp_path / "sichuan")
    with sichuan.open(SICHUAN) as workspace:
        register = encode_register(export_register(workspace))
    (tmp_path / "register.json").write_bytes(register)
    options = {"registers": [tmp_path / "register.json"]}
    require_refusal(ConflictError, "register_of_another", backup, new_home, **options)
    options = {"registers": [tmp_path / "missing.json"]}
    require_refusal(NotFoundError, "not_found", backup, new_home, **options)
    (tmp_path / "register.json").write_bytes(register[:-20])
    options = {"registers": [tmp_path / "register.json"]}
    require_refusal(MalformedInputError, "register_malformed", backup, new_home, **options)


def test_expired_data_keys_are_refused_and_used_only_on_demand(
    ledger: Ledger, new_home: Path, tmp_path: Path
) -> None:
    with ledger.open() as workspace:
        summary = make_backup(workspace, tmp_path / "backup", keep_keys_days=2)
    assert summary.data_keys_expire_at_unix == summary.made_at_unix + 2 * DAY_S

    def later() -> float:
        return summary.made_at_unix + 5 * DAY_S

    refusal = require_refusal(
        ConflictError, "data_keys_expired", summary.directory, new_home, clock=later
    )
    assert "expired 3 days ago" in refusal.message
    assert "would come back" in refusal.message
    restored = restore(summary.directory, new_home, clock=later, allow_expired_keys=True)
    assert restored.certificates == 3


def test_backup_whose_data_keys_were_destroyed_is_refused(
    backup: Path, new_home: Path, tmp_path: Path
) -> None:
    kept = (backup / KEYS_NAME).rename(tmp_path / "kept elsewhere.db")
    require_refusal(NotFoundError, "data_keys_missing", backup, new_home)
    assert restore(backup, new_home, data_keys=kept).certificates == 3


def test_data_keys_of_another_backup_are_refused(
    ledger: Ledger, backup: Path, new_home: Path, tmp_path: Path
) -> None:
    with ledger.open() as workspace:
        other = make_backup(workspace, tmp_path / "other", keep_keys_days=90).data_keys
    require_refusal(StorageError, "backup_damaged", backup, new_home, data_keys=other)


def test_wrong_passphrase_makes_nothing(backup: Path, new_home: Path) -> None:
    with pytest.raises(NotAuthorizedError) as refusal:
        restore_backup(backup, new_home, "another passphrase")
    assert refusal.value.code == "wrong_passphrase"
    assert list(new_home.parent.iterdir()) == []


def test_key_file_of_another_passphrase_makes_nothing(
    ledger: Ledger, new_home: Path, tmp_path: Path
) -> None:
    keys = ledger.home(CHONGQING) / "keys"
    KeyFiles(keys, "another one").take_over("authority", KeyFiles(keys, PASSPHRASE))
    with ledger.open() as workspace:
        backup = make_backup(workspace, tmp_path / "backup").directory
    refusal = require_refusal(NotAuthorizedError, "wrong_passphrase", backup, new_home)
    assert "authority" in refusal.message


@pytest.mark.parametrize("there", ["home", "file"])
def test_home_that_is_not_empty_is_left_alone(backup: Path, tmp_path: Path, there: str) -> None:
    home = tmp_path / "homes" / "home"
    home.parent.mkdir()
    if there == "home":
        home.mkdir()
        (home / "mine").write_bytes(b"mine")
    else:
        home.write_bytes(b"mine")
    require_refusal(ConflictError, "target_not_empty", backup, home)


def _names(backup: Path) -> list[str]:
    return sorted(parse_manifest((backup / MANIFEST_NAME).read_bytes()).files)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _extend(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\n")


@pytest.mark.parametrize("damage", [_flip, _cut, _extend, Path.unlink])
def test_every_file_of_a_backup_is_verified(
    backup: Path, new_home: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    for name in _names(backup):
        copy = tmp_path / "copy"
        shutil.copytree(backup, copy)
        damage(copy / name)
        is_gone = name == KEYS_NAME and not (copy / name).exists()
        code = "data_keys_missing" if is_gone else "backup_damaged"
        require_refusal(LedgerError, code, copy, new_home)
        shutil.rmtree(copy)


def test_directory_without_a_manifest_is_no_backup(new_home: Path, tmp_path: Path) -> None:
    require_refusal(NotFoundError, "backup_missing", tmp_path / "none", new_home)


def test_content_altered_together_with_its_manifest_is_found_by_the_check(
    ledger: Ledger, backup: Path, new_home: Path
) -> None:
    """Digests guard against accidents; against a forger guard the bindings and the chain."""
    raw = sqlite3.connect(backup / VAULT_NAME)
    raw.execute("UPDATE certificates SET ciphertext = zeroblob(500) WHERE position = 1")
    raw.commit()
    raw.close()
    _forge_manifest(backup)
    summary = restore(backup, new_home)
    assert summary.report is not None
    assert [p.subject for p in summary.report.problems] == [str(identify(VALID))]


def test_backup_of_an_older_schema_is_brought_up_to_date(
    ledger: Ledger, backup: Path, new_home: Path
) -> None:
    raw = sqlite3.connect(backup / VAULT_NAME)
    raw.execute("PRAGMA foreign_keys = OFF")
    later = [table.name for table in reversed(metadata.sorted_tables) if table.name not in FIRST]
    for table in later:
        raw.execute(f"DROP TABLE IF EXISTS {table}")
    raw.execute("ALTER TABLE erasures DROP COLUMN officer")
    raw.execute("UPDATE vault_revision SET version_num = '0001'")
    raw.commit()
    raw.close()
    with closing(sqlite3.connect(backup / KEYS_NAME)) as keys:
        for table in later:
            keys.execute(f"DROP TABLE IF EXISTS {table}")
        keys.commit()
    _forge_manifest(backup)
    assert restore(backup, new_home).report is not None
    with Workspace.open(new_home, PASSPHRASE) as workspace:
        place_hold(workspace, identify(OLD), "审计")


def test_backup_of_a_newer_schema_makes_nothing(backup: Path, new_home: Path) -> None:
    raw = sqlite3.connect(backup / VAULT_NAME)
    raw.execute("UPDATE vault_revision SET version_num = '9999'")
    raw.commit()
    raw.close()
    _forge_manifest(backup)
    require_refusal(StorageError, "vault_newer", backup, new_home)


def _forge_manifest(backup: Path) -> None:
    manifest = parse_manifest((backup / MANIFEST_NAME).read_bytes())
    files = {name: read_digest(backup / name) for name in manifest.files}
    (backup / MANIFEST_NAME).write_bytes(replace(manifest, files=files).to_json())


def test_older_backup_is_told_from_the_newest_by_what_the_chain_has(
    ledger: Ledger, backup: Path, new_home: Path
) -> None:
    ledger.issue(write_rows(ledger.directory / "more.csv", [make_row(9)]))
    summary = restore(backup, new_home)
    assert summary.report is not None
    assert [problem.code for problem in summary.report.problems] == ["batch_lost"]


def test_files_of_a_backup_and_of_a_restored_home_are_private(backup: Path, new_home: Path) -> None:
    restore(backup, new_home)
    for directory in (backup, new_home):
        assert directory.stat().st_mode & 0o777 == 0o700
        keys = [path for path in directory.rglob("*") if path.suffix in (".p12", ".db")]
        assert len(keys) > 5
        assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_shown_certificate_is_the_same_in_the_restored_home(
    ledger: Ledger, backup: Path, new_home: Path
) -> None:
    restore(backup, new_home)
    with ledger.open() as old:
        before = show_certificate(old, identify(VALID))
    with Workspace.open(new_home, PASSPHRASE) as new:
        after = show_certificate(new, identify(VALID))
    assert isinstance(before, ShownCertificate)
    assert before == after
