"""What can be rebuilt is mended; what cannot be is named with what to do; nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.fsck import FsckReport, fsck
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present, verify_document
from ledger.actions.repair import Repair, repair
from ledger.actions.status_check import find_status_damage
from ledger.config import CONFIG_NAME, Config
from ledger.errors import ChainUnavailableError
from ledger.vault.outbox import NewTransaction
from ledger.vault.tables import BatchState, TransactionState
from ledger.verification.finding import Outcome
from tests.ledger.actions.homes import CHONGQING, DECISION, Ledger, identify, write_file

COUNT = 300


@pytest.fixture(scope="module")
def issued(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing with three hundred certificates, three of them suspended. Only to be copied."""
    ledger = founded.copy(tmp_path_factory.mktemp("issued"))
    ledger.issue(write_file(ledger.directory / "rows.csv", range(COUNT)))
    with ledger.open() as workspace:
        for number in (0, 130, 299):
            change_status(workspace, LifecycleAct.SUSPEND, [identify(number)], DECISION)
        change_status(workspace, LifecycleAct.RESTORE, [identify(130)], _restoring())
        workspace.sync_index()
    return ledger


@pytest.fixture
def ledger(issued: Ledger, tmp_path: Path) -> Ledger:
    """The same, for one test."""
    return issued.copy(tmp_path / "ledger")


def _restoring() -> Decision:
    return replace(DECISION, reason_code=1)


def damage(ledger: Ledger, statement: str, *, file: str = "vault/vault.db") -> None:
    """Alters a database behind the ledger's back."""
    if url := Config.load(ledger.home(CHONGQING) / CONFIG_NAME).vault_url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()
        return
    raw = sqlite3.connect(ledger.home(CHONGQING) / file)
    raw.execute("PRAGMA ignore_check_constraints = ON")
    raw.executescript(statement)
    raw.commit()
    raw.close()


def check(ledger: Ledger) -> FsckReport:
    with ledger.open() as workspace:
        return fsck(workspace)


def mend(ledger: Ledger) -> list[Repair]:
    with ledger.open() as workspace:
        return repair(workspace)


def codes(report: FsckReport) -> set[str]:
    return {problem.code for problem in report.problems}


def require_healthy(ledger: Ledger) -> None:
    report = check(ledger)
    assert report.problems == ()
    assert (report.certificates, report.remarks) == (COUNT, ())
    with ledger.open() as workspace:
        document = present(workspace, identify(7), None).to_json()
        assert verify_document(workspace, document).outcome is Outcome.PASSED


def test_nothing_is_mended_in_a_healthy_home(ledger: Ledger) -> None:
    before = (ledger.home(CHONGQING) / "vault" / "vault.db").read_bytes()
    assert mend(ledger) == []
    assert (ledger.home(CHONGQING) / "vault" / "vault.db").read_bytes() == before
    require_healthy(ledger)


ROWS = {
    "leaf hash": "UPDATE certificates SET leaf_hash = randomblob(32) WHERE position = 7",
    "every leaf hash": "UPDATE certificates SET leaf_hash = randomblob(32)",
    "identifier": "UPDATE certificates SET identifier = 'x' WHERE position = 7",
    "identifier and leaf hash": (
        "UPDATE certificates SET identifier = 'x', leaf_hash = randomblob(32) WHERE position = 7"
    ),
    "position": "UPDATE certificates SET position = 9999 WHERE position = 7",
    "what recognises its request": (
        "UPDATE data_keys SET content_mac = randomblob(16) WHERE certificate ="
        " (SELECT id FROM certificates WHERE position = 7)"
    ),
    "leaf hash as text": (
        "UPDATE certificates SET leaf_hash = CAST(leaf_hash AS TEXT) WHERE position = 7"
    ),
    "content as text": (
        "UPDATE certificates SET ciphertext = CAST(ciphertext AS TEXT) WHERE position = 7"
    ),
    "position as text": "UPDATE certificates SET position = 'seven' WHERE position = 7",
    "number as leaf hash": "UPDATE certificates SET leaf_hash = 5 WHERE position = 7",
    "identifier that is no text": (
        "UPDATE certificates SET identifier = CAST(x'ff' AS TEXT) WHERE position = 7"
    ),
    "exchanged positions": (
        "UPDATE certificates SET position = -1 WHERE position = 7;"
        "UPDATE certificates SET position = 7 WHERE position = 8;"
        "UPDATE certificates SET position = 8 WHERE position = -1;"
    ),
}


@pytest.mark.parametrize("statement", ROWS.values(), ids=ROWS.keys())
def test_row_is_put_right_by_its_content(ledger: Ledger, statement: str) -> None:
    damage(ledger, statement)
    found = check(ledger)
    told = {"root_differs", "row_damaged", "content_mac_differs", "value_malformed"}
    assert codes(found) & told
    mended = mend(ledger)
    assert mended
    require_healthy(ledger)
    assert mend(ledger) == []


BATCHES = {
    "time": "UPDATE batches SET anchored_at_unix = 1",
    "log index": "UPDATE batches SET log_index = 0",
    "transaction": "UPDATE batches SET transaction_hash = randomblob(32)",
    "root": "UPDATE batches SET root = randomblob(32)",
    "id": "UPDATE batches SET batch_id = randomblob(32)",
    "key": "UPDATE batches SET batch_key = randomblob(32)",
    "issuer": "UPDATE batches SET issuer = '91160101MA0000001K'",
    "no issuer": "UPDATE batches SET issuer = '证照'",
    "type": "UPDATE batches SET certificate_type = '11100000000013338W012'",
    "seal key": "UPDATE batches SET key_id = zeroblob(32)",
    "count": "UPDATE batches SET count = 301",
    "no number as count": "UPDATE batches SET count = 'many'",
    "validity": "UPDATE batches SET valid_until_unix = valid_until_unix + 1",
    "signature": "UPDATE batches SET signature = randomblob(64)",
    "no signature": "UPDATE batches SET signature = NULL",
    "root as text": "UPDATE batches SET root = CAST(root AS TEXT)",
    "text as root": "UPDATE batches SET root = 'x'",
    "unknown state": "UPDATE batches SET state = 'lost'",
}


@pytest.mark.parametrize("statement", BATCHES.values(), ids=BATCHES.keys())
def test_batch_is_marked_as_the_chain_has_it(ledger: Ledger, statement: str) -> None:
    damage(ledger, statement)
    assert codes(check(ledger)) & {"batch_differs", "root_differs", "value_malformed"}
    *_, done = mend(ledger)
    assert "as anchored by log entry" in done.message or "type again" in done.message
    require_healthy(ledger)


OF_ACT = "WHERE id = 2"
OF_ANCHORING = "WHERE purpose = 'anchor'"
SIGNED = {
    "act's kind": f"UPDATE acts SET kind = 'revoke' {OF_ACT}",
    "act's batch": f"UPDATE acts SET batch_key = NULL {OF_ACT}",
    "act's number": f"UPDATE acts SET sequence = 9 {OF_ACT}",
    "act's statement": f"UPDATE acts SET statement = randomblob(99) {OF_ACT}",
    "act's signature": f"UPDATE acts SET signature = randomblob(64) {OF_ACT}",
    "act's outcome": f"UPDATE acts SET state = 'refused' {OF_ACT}",
    "act's officer": f"UPDATE acts SET officer = NULL {OF_ACT}",
    "act's details": f"UPDATE acts SET details = '{{}}' {OF_ACT}",
    "no details": f"UPDATE acts SET details = 'what?' {OF_ACT}",
    "transaction's hash": f"UPDATE outbox SET transaction_hash = randomblob(32) {OF_ANCHORING}",
    "transaction's account": f"UPDATE outbox SET account = randomblob(20) {OF_ANCHORING}",
    "transaction's nonce": f"UPDATE outbox SET nonce = nonce + 99 {OF_ANCHORING}",
    "transaction's purpose": f"UPDATE outbox SET purpose = 'vote' {OF_ANCHORING}",
    "transaction's reference": f"UPDATE outbox SET reference = '' {OF_ANCHORING}",
    "transaction as text": (
        f"UPDATE outbox SET raw_transaction = CAST(raw_transaction AS TEXT) {OF_ANCHORING}"
    ),
}


@pytest.mark.parametrize("statement", SIGNED.values(), ids=SIGNED.keys())
def test_what_was_signed_or_recorded_is_taken_over(ledger: Ledger, statement: str) -> None:
    damage(ledger, statement)
    assert codes(check(ledger)) & {"act_differs", "outbox_differs", "value_malformed"}
    assert mend(ledger)
    require_healthy(ledger)
    assert mend(ledger) == []


def test_batch_whose_anchoring_was_not_noticed_is_marked(ledger: Ledger) -> None:
    damage(
        ledger,
        "UPDATE batches SET state = 'closed', anchored_at_unix = NULL, log_index = NULL,"
        " transaction_hash = NULL",
    )
    report = check(ledger)
    assert (report.problems, len(report.remarks)) == ((), 1)
    (done,) = mend(ledger)
    assert done.message.startswith("was closed")
    require_healthy(ledger)


INDICES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "no database": lambda path: path.write_bytes(b"x" * 9000),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("destroy", INDICES.values(), ids=INDICES.keys())
def test_index_is_rebuilt(ledger: Ledger, destroy: Callable[[Path], object]) -> None:
    for suffix in ("-wal", "-shm"):
        (ledger.home(CHONGQING) / f"index.sqlite{suffix}").unlink(missing_ok=True)
    destroy(ledger.home(CHONGQING) / "index.sqlite")
    mend(ledger)
    require_healthy(ledger)


ALTERED = {
    "entry": "UPDATE entries SET time_unix = time_unix + 1 WHERE entry_index = 2",
    "payload": "UPDATE entries SET payload = randomblob(9) WHERE entry_index = 3",
    "schema": "UPDATE cursor SET schema_number = 0",
    "words": "DELETE FROM statuses",
}


@pytest.mark.parametrize("statement", ALTERED.values(), ids=ALTERED.keys())
def test_altered_index_is_rebuilt(ledger: Ledger, statement: str) -> None:
    damage(ledger, statement, file="index.sqlite")
    assert check(ledger).problems
    (done,) = mend(ledger)
    assert done.subject == "index"
    require_healthy(ledger)


def test_index_with_another_history_is_kept_as_evidence(ledger: Ledger) -> None:
    damage(ledger, "UPDATE nodes SET hash = zeroblob(32)", file="index.sqlite")
    kept, rebuilt = mend(ledger)
    assert "another history" in kept.message
    (evidence,) = ledger.home(CHONGQING).glob("index.sqlite.*.mismatch")
    raw = sqlite3.connect(evidence)
    assert raw.execute("SELECT max(hash) FROM nodes").fetchone() == (bytes(32),)
    raw.close()
    assert rebuilt.message.startswith("rebuilt")
    require_healthy(ledger)


def test_index_of_a_chain_that_lost_blocks_is_not_rebuilt(ledger: Ledger) -> None:
    damage(ledger, "UPDATE cursor SET next_block = 99999", file="index.sqlite")
    before = (ledger.home(CHONGQING) / "index.sqlite").read_bytes()
    with ledger.open() as workspace, pytest.raises(ChainUnavailableError) as refusal:
        repair(workspace)
    assert refusal.value.code == "chain_lost_blocks"
    assert (ledger.home(CHONGQING) / "index.sqlite").read_bytes() == before


def test_lost_content_is_named_and_not_touched(ledger: Ledger) -> None:
    damage(ledger, "UPDATE certificates SET ciphertext = zeroblob(900) WHERE position = 7")
    assert mend(ledger) == []
    report = check(ledger)
    assert [(p.code, p.subject) for p in report.problems] == [("row_damaged", str(identify(7)))]
    assert "restore a backup" in report.problems[0].message
    assert report.certificates == COUNT - 1


def test_lost_data_key_is_damage_and_no_erasure(ledger: Ledger) -> None:
    damage(ledger, "DELETE FROM data_keys WHERE certificate = 7")
    report = check(ledger)
    assert [p.code for p in report.problems] == ["data_key_missing"]
    assert report.erased == 0
    assert mend(ledger) == []
    assert codes(check(ledger)) == {"data_key_missing"}


def test_leaf_hash_of_an_erased_certificate_cannot_be_rebuilt_and_is_named(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        workspace.vault.certificates.erase_key(str(identify(7)), "because")
    damage(ledger, "UPDATE certificates SET leaf_hash = randomblob(32) WHERE position = 7")
    assert mend(ledger) == []
    report = check(ledger)
    assert (codes(report), report.erased) == ({"root_differs"}, 1)


def test_lost_row_is_named_and_stops_no_repair_of_others(ledger: Ledger) -> None:
    damage(
        ledger,
        "PRAGMA foreign_keys = ON; DELETE FROM certificates WHERE position = 9;"
        "UPDATE certificates SET leaf_hash = randomblob(32) WHERE position = 7",
    )
    assert [done.subject for done in mend(ledger)] == [str(identify(7))]
    report = check(ledger)
    assert codes(report) == {"vault_damaged", "root_differs"}


def test_content_that_came_back_is_erased_again(ledger: Ledger) -> None:
    name = str(identify(7))
    with ledger.open() as workspace:
        stored = workspace.vault.certificates.find(name)
        assert stored is not None
        assert stored.wrapped_key is not None
        assert stored.content_mac is not None
        workspace.vault.certificates.erase_key(name, "because")
    key, mac = stored.wrapped_key.hex(), stored.content_mac.hex()
    damage(
        ledger,
        f"INSERT INTO data_keys SELECT id, x'{key}', x'{mac}' FROM certificates WHERE position = 7",
    )
    report = check(ledger)
    assert [(p.code, p.subject) for p in report.problems] == [("erased_content_returned", name)]
    assert [done.subject for done in mend(ledger)] == [name]
    report = check(ledger)
    assert (report.problems, report.erased) == ((), 1)
    raw = (ledger.home(CHONGQING) / "vault" / "vault.db").read_bytes()
    assert stored.wrapped_key not in raw


@pytest.mark.parametrize("state", ["prepared", "sent"])
def test_transaction_whose_receipt_was_not_seen_is_resolved(ledger: Ledger, state: str) -> None:
    damage(ledger, f"UPDATE outbox SET state = '{state}' WHERE id = (SELECT max(id) FROM outbox)")
    assert any("no receipt yet" in remark for remark in check(ledger).remarks)
    (done,) = mend(ledger)
    assert done.message.endswith("mined")
    require_healthy(ledger)


@pytest.mark.parametrize("state", ["reverted", "superseded"])
def test_transaction_marked_against_its_receipt_is_marked_by_it(ledger: Ledger, state: str) -> None:
    damage(ledger, f"UPDATE outbox SET state = '{state}' WHERE id = (SELECT max(id) FROM outbox)")
    assert codes(check(ledger)) == {"outbox_differs"}
    (done,) = mend(ledger)
    assert "it was carried out" in done.message
    require_healthy(ledger)


def test_transaction_without_a_receipt_is_named_and_left(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        row = workspace.vault.outbox.add(
            NewTransaction("anchor", "", bytes(20), 0, b"raw", b"t" * 32)
        )
        workspace.vault.outbox.mark_mined(row.pk)
    assert codes(check(ledger)) == {"outbox_differs"}
    assert mend(ledger) == []
    with ledger.open() as workspace:
        assert workspace.vault.outbox.get(row.pk).state is TransactionState.MINED


def test_act_left_prepared_is_settled(ledger: Ledger) -> None:
    damage(ledger, "UPDATE acts SET state = 'prepared' WHERE id = (SELECT max(id) FROM acts)")
    (done,) = mend(ledger)
    assert done.message == "now recorded"
    require_healthy(ledger)


def test_open_batch_that_the_chain_has_anchored_is_named(ledger: Ledger) -> None:
    """As in an older copy of the vault, made while the batch was being filled."""
    damage(ledger, "UPDATE batches SET state = 'open'")
    report = check(ledger)
    (problem,) = report.problems
    assert problem.code == "batch_state_differs"
    assert "restore a newer backup" in problem.message
    mend(ledger)
    with ledger.open() as workspace:
        (batch,) = workspace.vault.batches.in_state(*BatchState)
        assert batch.state is BatchState.OPEN


def test_every_word_is_what_its_changes_come_to(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        workspace.sync_index()
        (batch,) = workspace.vault.batches.in_state(BatchState.ANCHORED)
        assert list(find_status_damage(workspace, batch)) == []


def test_change_that_the_log_has_not_is_found(ledger: Ledger) -> None:
    """An index that lacks a change stands for a chain whose words were changed without one."""
    with ledger.open() as workspace:
        workspace.sync_index()
        (batch,) = workspace.vault.batches.in_state(BatchState.ANCHORED)
    for position in (0, 130):
        damage(
            ledger,
            "DELETE FROM entries WHERE entry_index = (SELECT entry_index FROM statuses "
            f"WHERE word_index = {position // 128} LIMIT 1)",
            file="index.sqlite",
        )
        with ledger.open() as workspace:
            found = list(find_status_damage(workspace, batch))
        assert any(f"word {position // 128}" in message for message in found)


def test_status_of_a_mended_row_is_as_before(ledger: Ledger) -> None:
    damage(ledger, "UPDATE certificates SET leaf_hash = randomblob(32) WHERE position = 0")
    mend(ledger)
    with ledger.open() as workspace:
        document = present(workspace, identify(0), None).to_json()
        report = verify_document(workspace, document)
        failed = {check.name for check in report.checks if check.outcome is Outcome.FAILED}
    assert failed == {"status"}
