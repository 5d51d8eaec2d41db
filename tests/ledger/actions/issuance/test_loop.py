from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ledger.actions.fsck import fsck
from ledger.actions.governance import propose_freeze
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.outcome import IssuanceLimits, IssuanceProgress
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuers import change_mandate, register_department, rotate_seal_key
from ledger.actions.presentation import present, verify_document
from ledger.errors import ChainUnavailableError, NotFoundError, StorageError
from ledger.identifiers import CertificateType, RegionCode, Uscc
from ledger.records import BatchAnchored, FrozenError, IssuerNotMandatedError
from ledger.vault.tables import BatchState, RunState
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    HOUSING,
    TRANSPORT,
    TYPE,
    Ledger,
    identify,
    make_row,
    write_file,
    write_rows,
)

SMALL = IssuanceLimits(batch_rows=40, chunk_rows=16, chunks_in_flight=2, chunks_staged_together=1)
HOUR_S = 3_600


def issued_numbers(workspace: Workspace, upto: int) -> list[int]:
    found = workspace.vault.certificates.find_many([str(identify(n)) for n in range(upto)])
    anchored = {i for i, known in found.items() if known.batch_state is BatchState.ANCHORED}
    return [number for number in range(upto) if str(identify(number)) in anchored]


def verdict(ledger: Ledger, number: int) -> Outcome:
    with ledger.open() as workspace:
        evidence = present(workspace, identify(number), ["holder_name"])
        return verify_document(workspace, evidence.to_json()).outcome


def require_sound(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        report = fsck(workspace)
    assert report.problems == ()
    assert report.remarks == ()


def test_every_row_becomes_an_anchored_certificate(ledger: Ledger, tmp_path: Path) -> None:
    report = ledger.issue(write_file(tmp_path / "rows.csv", range(50)))
    assert (report.state, report.rows, report.issued) == (RunState.COMPLETED, 50, 50)
    (batch,) = report.batches
    with ledger.open() as workspace:
        record = workspace.gateway.batch(batch.batch_key)
        assert record is not None
        assert (record.root, record.count) == (batch.root, 50)
        for number in (0, 49):
            stored = find_stored(workspace, identify(number))
            certificate = read_certificate(workspace, stored)
            assert certificate.fields["holder_name"] == f"持证人{number}"
            assert certificate.placement.position == stored.position == number
    assert verdict(ledger, 49) is Outcome.PASSED
    require_sound(ledger)


def test_the_same_file_again_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(20))
    ledger.issue(source)
    with ledger.open() as workspace:
        before = workspace.gateway.log_size()
    again = ledger.issue(source)
    assert (again.state, again.issued, again.already_issued) == (RunState.COMPLETED, 0, 20)
    assert again.batches == ()
    with ledger.open() as workspace:
        assert workspace.gateway.log_size() == before
    require_sound(ledger)


def test_of_a_file_half_known_the_other_half_is_issued(ledger: Ledger, tmp_path: Path) -> None:
    ledger.issue(write_file(tmp_path / "first.csv", range(0, 30, 2)))
    report = ledger.issue(write_file(tmp_path / "second.csv", range(30)))
    assert (report.issued, report.already_issued) == (15, 15)
    with ledger.open() as workspace:
        assert issued_numbers(workspace, 30) == list(range(30))
    require_sound(ledger)


def test_same_identifier_with_other_content_is_an_error_and_nothing_is_issued(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.issue(write_file(tmp_path / "first.csv", range(3)))
    rows = [make_row(2, 姓名="另一人"), make_row(7)]
    report = ledger.issue(write_rows(tmp_path / "second.csv", rows))
    assert report.state is RunState.FAILED
    ((error, value),) = [(error.code, error.value) for error in report.errors]
    assert (error, value) == (RowErrorCode.CONFLICTING_CERTIFICATE, str(identify(2)))
    with ledger.open() as workspace:
        assert issued_numbers(workspace, 8) == [0, 1, 2]
        stored = find_stored(workspace, identify(2))
        assert read_certificate(workspace, stored).fields["holder_name"] == "持证人2"
    require_sound(ledger)


def test_errors_leave_nothing_staged(ledger: Ledger, tmp_path: Path) -> None:
    rows = [make_row(number) for number in range(100)]
    rows[90]["身份证号"] = "160101199003071233"
    source = write_rows(tmp_path / "rows.csv", rows)
    report = ledger.issue(source, limits=SMALL)
    assert (report.state, report.issued, report.invalid_rows) == (RunState.FAILED, 0, 1)
    assert report.errors[0].line == 92
    with ledger.open() as workspace:
        identifiers = [str(identify(number)) for number in range(100)]
        assert workspace.vault.certificates.find_many(identifiers) == {}
        assert workspace.vault.runs.unfinished() == []
        states = {batch.state for batch in workspace.vault.batches.in_state(*BatchState)}
        assert states == {BatchState.ABANDONED}
        workspace.sync_index()
        assert workspace.index.entries_of_kind(BatchAnchored.TOPIC) == []
    require_sound(ledger)


def test_invalid_rows_can_be_skipped(ledger: Ledger, tmp_path: Path) -> None:
    rows = [make_row(number) for number in range(20)]
    rows[3]["性别"] = "其他"
    rows[9]["发证日期"] = "2024-02-30"
    source = write_rows(tmp_path / "rows.csv", rows)
    report = ledger.issue(source, skip_invalid=True)
    assert (report.state, report.issued, report.invalid_rows) == (RunState.COMPLETED, 18, 2)
    with ledger.open() as workspace:
        assert set(range(20)) - set(issued_numbers(workspace, 20)) == {3, 9}
    rows[3], rows[9] = make_row(3), make_row(9)
    corrected = ledger.issue(write_rows(tmp_path / "corrected.csv", rows))
    assert (corrected.issued, corrected.already_issued) == (2, 18)
    require_sound(ledger)


def test_a_file_without_one_good_row_fails_even_when_invalid_rows_are_skipped(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("证照标识,姓名\n1,2\n", "utf-8")
    report = ledger.issue(source, skip_invalid=True)
    assert (report.state, report.issued) == (RunState.FAILED, 0)
    assert {error.code for error in report.errors} == {RowErrorCode.MISSING_COLUMN}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", RowErrorCode.EMPTY_FILE),
        (b"PK\x03\x04rest of a workbook", RowErrorCode.DAMAGED_WORKBOOK),
        ("证照标识\n".encode("utf-16"), RowErrorCode.UNSUPPORTED_ENCODING),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_not_raised(
    ledger: Ledger, tmp_path: Path, content: bytes, code: RowErrorCode
) -> None:
    source = tmp_path / "rows.csv"
    source.write_bytes(content)
    report = ledger.issue(source)
    assert report.state is RunState.FAILED
    assert [error.code for error in report.errors] == [code]


def test_reading_stops_once_there_are_too_many_errors(ledger: Ledger, tmp_path: Path) -> None:
    rows = [make_row(number, 性别="无") for number in range(60)]
    source = write_rows(tmp_path / "rows.csv", rows)
    report = ledger.issue(source, limits=dataclasses.replace(SMALL, errors=20))
    assert report.is_cut
    assert report.rows == 32


def test_batches_are_cut_at_their_limit(ledger: Ledger, tmp_path: Path) -> None:
    report = ledger.issue(write_file(tmp_path / "rows.csv", range(100)), limits=SMALL)
    assert [batch.count for batch in report.batches] == [40, 40, 20]
    with ledger.open() as workspace:
        batches = [find_stored(workspace, identify(n)).batch.batch_key for n in range(100)]
    assert sorted(Counter(batches).values()) == [20, 40, 40]
    assert verdict(ledger, 39) is verdict(ledger, 40) is Outcome.PASSED
    require_sound(ledger)


def test_nothing_is_anchored_before_the_last_row_was_read(ledger: Ledger, tmp_path: Path) -> None:
    rows = [make_row(number) for number in range(200)]
    source = write_rows(tmp_path / "rows.csv", [*rows, make_row(200, 性别="无")])
    told: list[IssuanceProgress] = []
    report = ledger.issue(source, limits=SMALL, notify=told.append)
    assert (report.issued, report.batches) == (0, ())
    assert {each.anchored for each in told} == {0}
    with ledger.open() as workspace:
        workspace.sync_index()
        assert workspace.index.entries_of_kind(BatchAnchored.TOPIC) == []


def test_where_invalid_rows_are_skipped_batches_are_anchored_while_others_are_sealed(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [make_row(number) for number in range(400)]
    rows[399]["性别"] = "无"
    source = write_rows(tmp_path / "rows.csv", rows)
    told: list[IssuanceProgress] = []

    def slowly(progress: IssuanceProgress) -> None:
        told.append(progress)
        time.sleep(0.05)  # lets the anchoring thread on

    report = ledger.issue(source, limits=SMALL, notify=slowly, skip_invalid=True)
    assert (report.issued, report.invalid_rows) == (399, 1)
    assert [batch.count for batch in report.batches] == [40] * 9 + [39]
    assert any(each.anchored and each.rows < 400 for each in told)
    require_sound(ledger)


def test_batch_of_some_age_takes_no_more_rows(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(64))
    at_once = dataclasses.replace(SMALL, batch_age_s=0.0)
    report = ledger.issue(source, limits=at_once, skip_invalid=True)
    assert [batch.count for batch in report.batches] == [16] * 4
    require_sound(ledger)


def test_interrupted_while_anchoring_beside_sealing_no_row_is_issued_twice(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(400))

    def stop(progress: IssuanceProgress) -> None:
        if progress.anchored:
            raise KeyboardInterrupt
        time.sleep(0.05)

    with pytest.raises(KeyboardInterrupt):
        ledger.issue(source, limits=SMALL, notify=stop, skip_invalid=True)
    report = ledger.issue(source, limits=SMALL, skip_invalid=True)
    assert report.issued + report.already_issued == 400
    assert report.already_issued >= 40
    require_sound(ledger)
    with ledger.open() as workspace:
        workspace.sync_index()
        counts = [
            BatchAnchored.decode_payload(row.payload or b"").statement.count
            for row in workspace.index.entries_of_kind(BatchAnchored.TOPIC)
        ]
    assert sum(counts) == 400


def test_refused_anchoring_ends_the_run_and_nothing_is_lost(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(400))
    with ledger.open() as workspace:
        until = workspace.latest_unix() + HOUR_S
        proposal = propose_freeze(workspace, str(CHONGQING), until)
    ledger.carry(proposal, CHONGQING)
    with pytest.raises(FrozenError):
        ledger.issue(source, limits=SMALL, skip_invalid=True)
    ledger.ahead_s += HOUR_S + 1
    report = ledger.issue(source, limits=SMALL, skip_invalid=True)
    assert report.issued + report.already_issued == 400
    require_sound(ledger)


def test_workers_give_what_sealing_in_place_gives(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(100))
    elsewhere = ledger.copy(tmp_path / "elsewhere")
    in_workers = dataclasses.replace(SMALL, workers_from_bytes=0)
    reports = [ledger.issue(source, limits=SMALL), elsewhere.issue(source, limits=in_workers)]
    assert [[batch.count for batch in report.batches] for report in reports] == [[40, 40, 20]] * 2
    for number in (0, 57, 99):
        told = []
        for each in (ledger, elsewhere):
            with each.open() as workspace:
                certificate = read_certificate(workspace, find_stored(workspace, identify(number)))
            told.append((certificate.fields, certificate.issued_on, certificate.valid_from_unix))
        assert told[0] == told[1]
    require_sound(elsewhere)


def test_progress_is_told_and_ends_at_the_whole(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(50))
    told: list[IssuanceProgress] = []
    ledger.issue(source, limits=SMALL, notify=told.append)
    last = told[-1]
    assert (last.rows, last.sealed, last.anchored, last.errors) == (50, 50, 50, 0)
    assert last.read_bytes == last.total_bytes == source.stat().st_size
    assert [each.rows for each in told] == sorted(each.rows for each in told)


def test_a_missing_file_type_or_department_is_named(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(1))
    other_type = CertificateType.parse("11100000000013338W999")
    with ledger.open() as workspace:
        with pytest.raises(NotFoundError, match="no file"):
            issue_file(workspace, tmp_path / "other.csv", HOUSING, TYPE)
        with pytest.raises(NotFoundError, match="W999"):
            issue_file(workspace, source, HOUSING, other_type)
        with pytest.raises(NotFoundError, match=str(TRANSPORT)):
            issue_file(workspace, source, TRANSPORT, TYPE)


def test_a_mandate_that_ended_stops_issuing_before_anything_is_sealed(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(5))
    with ledger.open() as workspace:
        ends = workspace.latest_unix() + 60
        change_mandate(workspace, HOUSING, TYPE, valid_until_unix=ends)
    assert ledger.issue(source).issued == 5
    ledger.ahead_s += 61
    later = write_file(tmp_path / "later.csv", range(5, 10))
    with pytest.raises(IssuerNotMandatedError):
        ledger.issue(later)
    with ledger.open() as workspace:
        assert workspace.vault.runs.unfinished() == []
        change_mandate(workspace, HOUSING, TYPE)
    assert ledger.issue(later).issued == 5
    assert verdict(ledger, 0) is Outcome.PASSED


def test_a_frozen_member_cannot_issue_and_resumes_when_the_freeze_ends(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(5))
    with ledger.open() as workspace:
        until = workspace.latest_unix() + HOUR_S
        proposal = propose_freeze(workspace, str(CHONGQING), until)
    ledger.carry(proposal, CHONGQING)
    for _ in range(2):
        with pytest.raises(FrozenError):
            ledger.issue(source)
    with ledger.open() as workspace:
        assert issued_numbers(workspace, 5) == []
        assert len(workspace.vault.batches.in_state(BatchState.CLOSED)) == 1
    ledger.ahead_s += HOUR_S + 1
    report = ledger.issue(source)
    assert (report.issued, report.already_issued, len(report.batches)) == (0, 5, 1)
    require_sound(ledger)
    assert verdict(ledger, 4) is Outcome.PASSED


def test_a_refused_batch_of_one_department_does_not_stop_another(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(5))
    with ledger.open() as workspace:
        register_department(workspace, TRANSPORT, "交通（虚构）", RegionCode.parse("500000"))
        change_mandate(workspace, TRANSPORT, TYPE)
    stop_at_anchoring(ledger, source)
    with ledger.open() as workspace:
        change_mandate(workspace, HOUSING, TYPE, valid_until_unix=workspace.latest_unix())
    with ledger.open() as workspace:
        theirs = write_file(tmp_path / "theirs.csv", range(5), issuer=TRANSPORT)
        report = issue_file(workspace, theirs, TRANSPORT, TYPE)
        assert (report.issued, report.given_up) == (5, ())
        assert len(workspace.vault.batches.in_state(BatchState.CLOSED)) == 1
        change_mandate(workspace, HOUSING, TYPE)
    again = ledger.issue(source)
    assert (again.issued, again.already_issued) == (0, 5)
    require_sound(ledger)


def stop_at_anchoring(ledger: Ledger, source: Path) -> None:
    """Leaves a closed batch behind, as an interruption right before its sending does."""
    with ledger.open() as workspace:
        freeze = propose_freeze(workspace, str(CHONGQING), workspace.latest_unix() + 30)
    ledger.carry(freeze, CHONGQING)
    with pytest.raises(FrozenError):
        ledger.issue(source)
    ledger.ahead_s += 31


def test_a_closed_batch_of_an_ended_key_is_abandoned_and_its_rows_are_sealed_anew(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(5))
    stop_at_anchoring(ledger, source)
    with ledger.open() as workspace:
        (closed,) = workspace.vault.batches.in_state(BatchState.CLOSED)
        new_key = rotate_seal_key(workspace, HOUSING).key_id
    ledger.ahead_s += 61  # past the overlap
    report = ledger.issue(source)
    assert (report.state, report.issued) == (RunState.COMPLETED, 5)
    with ledger.open() as workspace:
        assert workspace.gateway.batch(closed.batch_key) is None
        (anchored,) = workspace.vault.batches.in_state(BatchState.ANCHORED)
        assert anchored.key_id == new_key != closed.key_id
        (abandoned,) = workspace.vault.batches.in_state(BatchState.ABANDONED)
        assert abandoned.batch_key == closed.batch_key
    assert verdict(ledger, 0) is Outcome.PASSED
    require_sound(ledger)


def test_a_closed_batch_of_a_rotated_key_still_in_force_is_anchored_with_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(5))
    stop_at_anchoring(ledger, source)
    with ledger.open() as workspace:
        (closed,) = workspace.vault.batches.in_state(BatchState.CLOSED)
        rotate_seal_key(workspace, HOUSING)
    report = ledger.issue(source)
    assert [batch.batch_key for batch in report.batches] == [closed.batch_key]
    assert (report.issued, report.already_issued) == (0, 5)
    assert verdict(ledger, 0) is Outcome.PASSED


def test_another_file_gives_up_what_an_interrupted_one_had_staged(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(50))

    def stop(progress: IssuanceProgress) -> None:
        if progress.sealed:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.issue(source, limits=SMALL, notify=stop)
    with ledger.open() as workspace:
        assert workspace.vault.certificates.count_by_batch_state()[BatchState.OPEN] > 0
    other = ledger.issue(write_file(tmp_path / "other.csv", range(10, 20)))
    assert (other.issued, other.given_up) == (10, ("rows.csv",))
    again = ledger.issue(source, limits=SMALL)
    assert (again.issued, again.already_issued, again.given_up) == (40, 10, ())
    require_sound(ledger)


def test_an_interrupted_file_goes_on_where_it_was(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(100))

    def stop(progress: IssuanceProgress) -> None:
        if progress.rows >= 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.issue(source, limits=SMALL, notify=stop)
    with ledger.open() as workspace:
        before = {batch.batch_key for batch in workspace.vault.batches.in_state(BatchState.OPEN)}
        staged = workspace.vault.certificates.count_by_batch_state()[BatchState.OPEN]
    report = ledger.issue(source, limits=SMALL)
    assert (report.issued, report.already_issued) == (100, 0)
    assert 0 < staged < 100
    assert before < {batch.batch_key for batch in report.batches}
    require_sound(ledger)


def test_a_chain_in_use_names_its_holder_and_loses_nothing(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(5))
    program = (
        "import sys; from pathlib import Path; from local_chain.embedded import EmbeddedChain\n"
        "with EmbeddedChain.open(Path(sys.argv[1])):\n"
        "    print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(ledger.chain)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    with ledger.open(lock_timeout_s=0.0) as workspace:
        with pytest.raises(ChainUnavailableError, match=str(holder.pid)) as caught:
            issue_file(workspace, source, HOUSING, TYPE)
        assert caught.value.code == "chain_in_use"
    holder.communicate("")
    assert ledger.issue(source).issued == 5


def test_a_vault_in_use_names_its_holder(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(5))
    with ledger.open() as first, ledger.open(lock_timeout_s=0.0) as second:
        assert first.vault.runs.unfinished() == []
        with pytest.raises(StorageError, match="process") as caught:
            second.vault.runs.unfinished()
        assert caught.value.code == "vault_in_use"
        assert issue_file(first, source, HOUSING, TYPE).issued == 5


def test_no_identifier_of_another_department_is_issued(ledger: Ledger, tmp_path: Path) -> None:
    other = Uscc.build("11500000000000009")
    report = ledger.issue(write_file(tmp_path / "rows.csv", range(3), issuer=other))
    assert (report.state, report.issued) == (RunState.FAILED, 0)
    assert {error.code for error in report.errors} == {RowErrorCode.WRONG_ISSUER}


def test_columns_that_a_spreadsheet_left_empty_are_left_out(ledger: Ledger, tmp_path: Path) -> None:
    source = write_file(tmp_path / "rows.csv", range(3))
    lines = source.read_text("utf-8-sig").splitlines()
    source.write_text("\n".join(f"{line},," for line in lines), "utf-8")
    assert ledger.issue(source).issued == 3
    source.write_text("\n".join([f"{lines[0]},,", f"{lines[1]},,备注"]), "utf-8")
    report = ledger.issue(source)
    assert [error.code for error in report.errors] == [RowErrorCode.RAGGED_ROW]
