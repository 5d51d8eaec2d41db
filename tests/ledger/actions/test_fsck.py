"""Each kind of damage is found and named, erasure is none, and looking changes nothing.

What can be mended is damaged and mended in `test_repair`; here stands what is only found there, and
what must not be found.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from ledger.actions.authority import submit_authority_act
from ledger.actions.decisions import LifecycleAct
from ledger.actions.fsck import FsckReport, fsck
from ledger.actions.governance import propose_installation, vote
from ledger.actions.lifecycle import change_status
from ledger.chain.deployment import deploy_module
from ledger.errors import LedgerError
from ledger.formats.merkle import MerkleTree
from ledger.records import ProposalAction, ProposalStatement
from ledger.vault.tables import BatchState
from tests.ledger.actions.homes import CHONGQING, DECISION, Ledger, identify, write_file

FIRST, SECOND = range(20), range(20, 25)
ERASED = 3
COUNT = len(FIRST) + len(SECOND)


@pytest.fixture(scope="module")
def lived(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Two batches, a suspension by an officer, an erasure. Only to be copied or read."""
    ledger = founded.copy(tmp_path_factory.mktemp("lived") / "ledger")
    for number, rows in enumerate((FIRST, SECOND)):
        ledger.issue(write_file(ledger.directory / f"{number}.csv", rows))
    with ledger.open() as home:
        change_status(home, LifecycleAct.SUSPEND, [identify(0)], DECISION)
        home.vault.certificates.erase_key(str(identify(ERASED)), "retention ended")
        home.sync_index()
    return ledger


@pytest.fixture
def ledger(lived: Ledger, tmp_path: Path) -> Ledger:
    return lived.copy(tmp_path / "ledger")


def damage(ledger: Ledger, statement: str) -> None:
    """Alters the vault behind the ledger's back, past its constraints."""
    with closing(sqlite3.connect(ledger.home(CHONGQING) / "vault" / "vault.db")) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.executescript(statement)
        raw.commit()


def check(ledger: Ledger) -> FsckReport:
    with ledger.open() as home:
        return fsck(home)


def codes(report: FsckReport) -> Counter[str]:
    return Counter(problem.code for problem in report.problems)


def keys_of(ledger: Ledger) -> tuple[str, str]:
    """Of the two batches, in hexadecimal."""
    with ledger.open() as home:
        first, second, *_ = home.vault.batches.in_state(BatchState.ANCHORED)
    return first.batch_key.hex(), second.batch_key.hex()


def test_a_home_that_erased_on_purpose_has_no_problem(lived: Ledger) -> None:
    report = check(lived)
    assert (report.problems, report.remarks) == ((), ())
    assert (report.certificates, report.erased, report.batches) == (COUNT - 1, 1, 2)
    with lived.open() as home:
        assert report.log_size == home.gateway.log_size()
        assert report.chain_log_root == report.index_log_root == home.gateway.log_root()


def test_a_home_that_issued_nothing_has_no_problem(founded: Ledger, tmp_path: Path) -> None:
    report = check(founded.copy(tmp_path / "ledger"))
    assert (report.problems, report.remarks) == ((), ())
    assert (report.certificates, report.erased, report.batches) == (0, 0, 0)


def contents_of(ledger: Ledger) -> dict[str, object]:
    """Everything that a check could change: both databases' rows, and all other files."""
    home = ledger.home(CHONGQING)
    found: dict[str, object] = {}
    for name in ("vault/vault.db", "index.sqlite"):
        with closing(sqlite3.connect(home / name)) as raw:
            found[name] = [line for line in raw.iterdump() if '"cursor"' not in line]
    for path in home.rglob("*"):
        if path.is_file() and not path.name.startswith(("vault.db", "index.sqlite")):
            found[str(path)] = path.read_bytes()
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "UPDATE certificates SET leaf_hash = randomblob(32) WHERE position = 7",
        "UPDATE batches SET root = randomblob(32), log_index = 0",
        "DELETE FROM data_keys",
        "UPDATE outbox SET state = 'reverted'",
    ],
    ids=["healthy", "leaf hashes", "batches", "data keys", "outbox"],
)
def test_a_check_changes_nothing_whatever_it_finds(ledger: Ledger, statement: str) -> None:
    damage(ledger, statement)
    before = contents_of(ledger)
    with ledger.open() as home:
        size = home.gateway.log_size()
        first = fsck(home)
        assert bool(first.problems) is bool(statement)
        assert home.gateway.log_size() == size
    assert contents_of(ledger) == before
    assert check(ledger).problems == first.problems


BATCH_1, BATCH_2 = "(SELECT min(id) FROM batches)", "(SELECT max(id) FROM batches)"
OF_7 = f"(SELECT id FROM certificates WHERE position = 7 AND batch = {BATCH_1})"
SPOILT = "CAST(substr(ciphertext, 1, 99) || randomblob(9) || substr(ciphertext, 109) AS BLOB)"
OF_8 = f"(SELECT id FROM certificates WHERE position = 8 AND batch = {BATCH_1})"


def swap(table: str, column: str, key: str) -> str:
    """Exchanges a column of the certificates at positions 7 and 8."""
    return (
        f"CREATE TEMP TABLE old AS SELECT {key} AS k, {column} AS v FROM {table};"
        f"UPDATE {table} SET {column} = (SELECT v FROM old WHERE k = {OF_8}) WHERE {key} = {OF_7};"
        f"UPDATE {table} SET {column} = (SELECT v FROM old WHERE k = {OF_7}) WHERE {key} = {OF_8};"
    )


CERTIFICATES = {
    "altered ciphertext": (
        f"UPDATE certificates SET ciphertext = {SPOILT} WHERE id = {OF_7}",
        {"row_damaged": [7]},
    ),
    "empty ciphertext": (
        f"UPDATE certificates SET ciphertext = x'' WHERE id = {OF_7}",
        {"row_damaged": [7]},
    ),
    "swapped ciphertexts": (swap("certificates", "ciphertext", "id"), {"row_damaged": [7, 8]}),
    "swapped data keys": (swap("data_keys", "wrapped_key", "certificate"), {"row_damaged": [7, 8]}),
    "swapped contents": (
        swap("certificates", "ciphertext", "id")
        + "DROP TABLE old;"
        + swap("data_keys", "wrapped_key", "certificate"),
        {"row_damaged": [7, 8]},
    ),
    "altered data key": (
        f"UPDATE data_keys SET wrapped_key = randomblob(60) WHERE certificate = {OF_7}",
        {"row_damaged": [7]},
    ),
    "moved to another place": (
        f"UPDATE certificates SET position = 777 WHERE id = {OF_7}",
        {"certificate_differs": [7], "root_differs": []},
    ),
    "lost record of an erasure": ("DELETE FROM erasures", {"data_key_missing": [ERASED]}),
    "erasure of another": (
        f"UPDATE erasures SET identifier = '{identify(7)}'",
        {"data_key_missing": [ERASED], "erased_content_returned": [7]},
    ),
}


@pytest.mark.parametrize(("statement", "found"), CERTIFICATES.values(), ids=CERTIFICATES.keys())
def test_damage_to_a_certificate_is_named_by_its_identifier(
    ledger: Ledger, statement: str, found: dict[str, list[int]]
) -> None:
    damage(ledger, statement)
    report = check(ledger)
    assert set(codes(report)) == set(found)
    for code, numbers in found.items():
        subjects = {problem.subject for problem in report.problems if problem.code == code}
        assert [n for n in range(COUNT) if str(identify(n)) in subjects] == numbers
    assert report.erased == (0 if "data_key_missing" in found else 1)
    assert report.certificates == COUNT - 1 - len(found.get("row_damaged", []))


BATCHES = {
    "id": ("batch_id = randomblob(32)", {"batch_differs"}, "give another key"),
    "issuer": ("issuer = '91160101MA0000001K'", {"batch_differs"}, "91160101MA0000001K"),
    "no issuer": ("issuer = '证照'", {"batch_differs"}, "证照"),
    "type": ("certificate_type = '11100000000013338W012'", {"batch_differs"}, "W012"),
    "key": ("key_id = zeroblob(32)", {"batch_differs"}, "0" * 64),
    "header": ("header = randomblob(length(header))", {"header_damaged"}, "makes no certificate"),
    "header of nothing": ("header = x''", {"header_damaged"}, "makes no certificate"),
    "batch key": (
        "batch_key = zeroblob(32)",
        {"batch_differs", "batch_lost", "batch_not_on_chain", "certificate_differs"},
        "the chain has no such",
    ),
    "run": ("run_id = 999", {"vault_damaged"}, "run"),
}


@pytest.mark.parametrize(("change", "found", "told"), BATCHES.values(), ids=BATCHES.keys())
def test_damage_to_a_batch_is_named_and_the_other_batch_stays_good(
    ledger: Ledger, change: str, found: set[str], told: str
) -> None:
    damage(ledger, f"UPDATE batches SET {change} WHERE id = {BATCH_2}")
    report = check(ledger)
    assert set(codes(report)) == found
    assert any(told in problem.message for problem in report.problems)
    good, _ = keys_of(ledger)
    assert good not in {problem.subject for problem in report.problems}
    assert report.erased == 1


def test_a_vault_rewritten_in_agreement_with_itself_contradicts_the_chain(ledger: Ledger) -> None:
    """Leaf hash and root are those of another certificate; only the chain has the old ones."""
    with ledger.open() as home:
        batch = home.vault.batches.in_state(BatchState.ANCHORED)[1]
        leaves = list(home.vault.batches.leaf_hashes(batch.pk))
    leaves[2] = b"\x07" * 32
    forged = MerkleTree(leaves).root_hash
    damage(
        ledger,
        f"UPDATE certificates SET leaf_hash = x'{leaves[2].hex()}'"
        f" WHERE batch = {BATCH_2} AND position = 2;"
        f"UPDATE batches SET root = x'{forged.hex()}' WHERE id = {BATCH_2};",
    )
    report = check(ledger)
    assert set(codes(report)) == {"batch_differs", "row_damaged"}
    assert {p.subject for p in report.problems} == {keys_of(ledger)[1], str(identify(22))}


def test_a_deleted_certificate_is_missed_by_count_and_root(ledger: Ledger) -> None:
    damage(ledger, f"PRAGMA foreign_keys = ON; DELETE FROM certificates WHERE id = {OF_7}")
    report = check(ledger)
    assert codes(report) == {"vault_damaged": 1, "root_differs": 1}
    (missed,) = [p.message for p in report.problems if p.code == "vault_damaged"]
    assert "should have 20 certificates, has 19" in missed
    assert report.certificates == COUNT - 2


def test_a_certificate_slipped_in_is_one_too_many(ledger: Ledger) -> None:
    damage(
        ledger,
        "INSERT INTO certificates SELECT 999, 'x', batch, 20, leaf_hash, ciphertext"
        f" FROM certificates WHERE id = {OF_7};"
        "INSERT INTO data_keys SELECT 999, wrapped_key, content_mac FROM data_keys"
        f" WHERE certificate = {OF_7};",
    )
    report = check(ledger)
    assert codes(report) == {"vault_damaged": 1, "root_differs": 1, "row_damaged": 1}
    assert any("should have 20 certificates, has 21" in p.message for p in report.problems)
    assert "x" in {problem.subject for problem in report.problems}


@pytest.mark.parametrize("column", ["ciphertext", "leaf_hash"])
def test_a_value_that_turned_from_bytes_to_text_is_told_and_the_rest_is_checked(
    ledger: Ledger, column: str
) -> None:
    """One flipped bit does that: SQLite keeps the type of a value beside it."""
    damage(
        ledger,
        f"UPDATE certificates SET {column} = CAST(x'{'ff' * 32}' AS TEXT) WHERE id = {OF_7};"
        f"UPDATE certificates SET ciphertext = x'' WHERE batch = {BATCH_2} AND position = 2",
    )
    report = check(ledger)
    found = {(problem.code, problem.subject) for problem in report.problems}
    told = {("row_damaged", str(identify(22))), ("value_malformed", "certificates 8")}
    assert found == told | {("batch_unreadable", "batches 1")}


def test_certificates_moved_to_another_batch_are_missed_there_and_strange_here(
    ledger: Ledger,
) -> None:
    damage(
        ledger,
        f"UPDATE certificates SET batch = {BATCH_1}, position = 99"
        f" WHERE batch = {BATCH_2} AND position = 4",
    )
    report = check(ledger)
    assert codes(report) == {"vault_damaged": 2, "root_differs": 2, "certificate_differs": 1}


def test_a_batch_that_was_never_anchored_does_not_become_so_by_a_word(ledger: Ledger) -> None:
    damage(
        ledger,
        "INSERT INTO batches SELECT 999, randomblob(32), randomblob(32), issuer, key_id,"
        " certificate_type, header, run_id, state, 0, root, valid_until_unix, signature,"
        " opened_at_unix, closed_at_unix, anchored_at_unix, log_index, transaction_hash"
        f" FROM batches WHERE id = {BATCH_1}",
    )
    report = check(ledger)
    assert set(codes(report)) == {"batch_not_on_chain", "root_differs", "batch_differs"}
    assert len({problem.subject for problem in report.problems}) == 1


def test_a_deleted_batch_is_missed_by_its_rows_and_by_the_chain(ledger: Ledger) -> None:
    _, lost = keys_of(ledger)
    damage(ledger, f"DELETE FROM batches WHERE id = {BATCH_2}")
    report = check(ledger)
    assert set(codes(report)) == {"batch_lost", "vault_damaged"}
    assert {p.subject for p in report.problems if p.code == "batch_lost"} == {lost}
    assert report.certificates == len(FIRST) - 1


def test_damage_to_what_was_erased_is_no_damage(ledger: Ledger) -> None:
    damage(ledger, f"UPDATE certificates SET ciphertext = x'' WHERE identifier = '{identify(3)}'")
    report = check(ledger)
    assert (report.problems, report.erased) == ((), 1)


@pytest.mark.parametrize("column", ["ciphertext", "wrapped_key"])
def test_an_officer_who_can_be_read_no_more_is_named_by_the_commitment(
    ledger: Ledger, column: str
) -> None:
    damage(ledger, f"UPDATE officers SET {column} = randomblob(length({column}))")
    (problem,) = check(ledger).problems
    assert problem.code == "officer_unreadable"
    with closing(sqlite3.connect(ledger.home(CHONGQING) / "vault" / "vault.db")) as raw:
        (commitment,) = raw.execute("SELECT commitment FROM officers").fetchone()
    assert problem.subject == commitment.hex()
    assert "restore a backup" in problem.message


def test_an_officer_whom_this_home_never_knew_is_no_damage(ledger: Ledger) -> None:
    damage(ledger, "DELETE FROM acts; DELETE FROM officers")
    assert check(ledger).problems == ()


def test_several_damages_are_all_told_at_once(ledger: Ledger) -> None:
    damage(
        ledger,
        f"UPDATE certificates SET ciphertext = x'' WHERE id = {OF_7};"
        f"UPDATE batches SET log_index = 0 WHERE id = {BATCH_2};"
        "UPDATE outbox SET state = 'reverted' WHERE id = (SELECT max(id) FROM outbox);"
        "DELETE FROM erasures;",
    )
    assert codes(check(ledger)) == {
        "row_damaged": 1,
        "batch_differs": 1,
        "outbox_differs": 1,
        "data_key_missing": 1,
    }


def test_an_altered_index_does_not_keep_the_vault_from_being_checked(ledger: Ledger) -> None:
    """Nor does it accuse the vault of what only the index says."""
    damage(ledger, f"UPDATE certificates SET ciphertext = x'' WHERE id = {OF_7}")
    with closing(sqlite3.connect(ledger.home(CHONGQING) / "index.sqlite")) as raw:
        raw.execute("UPDATE entries SET time_unix = time_unix + 1")
        raw.commit()
    report = check(ledger)
    assert set(codes(report)) == {"index_altered", "row_damaged"}
    advice = {p.message for p in report.problems if p.code == "index_altered"}
    assert all("index rebuild" in message for message in advice)


def test_a_chain_that_forgot_what_its_log_recorded_is_accused(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Members install, past this program, a module that reads through an older one than that in
    force: a revocation is undone and a batch is gone, while the log still has both."""
    with ledger.open() as home:
        stale = deploy_module(home.gateway, home.submitter, "CertificateLedger")
        first = propose_installation(home, "CertificateLedger")
        assert vote(home, first.proposal_id, approve=True).executed
        change_status(home, LifecycleAct.REVOKE, [identify(1)], DECISION)
    ledger.issue(write_file(tmp_path / "third.csv", [COUNT]))
    assert check(ledger).problems == ()
    with ledger.open() as home:
        expires_at = home.latest_unix() + 3_600
        receipt = submit_authority_act(
            home,
            "Consortium",
            "propose",
            lambda sequence: ProposalStatement(
                CHONGQING, ProposalAction.INSTALL_MODULE, stale.encode(), expires_at, sequence
            ),
        )
        home.sync_index()
        assert vote(home, receipt.entries[0].entry.subject, approve=True).executed
        report = fsck(home)
        third = home.vault.batches.in_state(BatchState.ANCHORED)[2].batch_key.hex()
    assert codes(report) == {"status_differs": 1, "batch_not_on_chain": 1}
    by_code = {problem.code: problem for problem in report.problems}
    assert by_code["batch_not_on_chain"].subject == third
    assert by_code["status_differs"].subject == keys_of(ledger)[0]
    assert "word 0 is" in by_code["status_differs"].message
    assert "the chain contradicts its own log" in by_code["status_differs"].message


def test_a_chain_that_is_away_gives_no_report(ledger: Ledger) -> None:
    shutil.rmtree(ledger.chain)
    with pytest.raises(LedgerError, match=str(ledger.chain)):
        check(ledger)
