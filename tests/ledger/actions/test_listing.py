"""What a home has issued is listed once each, in order, as it stands, and without its holders."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.lifecycle import LifecycleAct, change_status
from ledger.actions.listing import ListedCertificate, ListFilter, list_certificates
from ledger.errors import LedgerError
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId, CertificateType
from tests.ledger.actions.homes import DECISION, ISSUED, TYPE, Ledger, identify, write_file

FIRST = tuple(range(ISSUED))
SECOND = (100, 101, 102)
OTHER_TYPE = CertificateType.parse("11100000000013338W050")


@pytest.fixture(scope="module")
def listed(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Two batches; of them 3 and 102 are suspended, and 101 is revoked. To be left as it is."""
    directory = tmp_path_factory.mktemp("listed")
    ledger = issued.copy(directory / "ledger")
    ledger.ahead_s = 60.0
    ledger.issue(write_file(directory / "more.csv", SECOND))
    suspended, revoked = [identify(3), identify(102)], [identify(101)]
    with ledger.open() as workspace:
        change_status(workspace, LifecycleAct.SUSPEND, suspended, DECISION)
        change_status(workspace, LifecycleAct.REVOKE, revoked, DECISION)
        workspace.sync_index()
    return ledger


def read(
    ledger: Ledger, wanted: ListFilter, after: CertificateId | None = None
) -> list[ListedCertificate]:
    with ledger.open() as workspace:
        return list(list_certificates(workspace, wanted, after=after))


def read_names(ledger: Ledger, wanted: ListFilter, after: CertificateId | None = None) -> list[str]:
    return [each.certificate_id for each in read(ledger, wanted, after)]


def expect(*numbers: int) -> list[str]:
    return [str(identify(number)) for number in numbers]


def test_every_certificate_is_listed_once_in_the_order_of_its_issuing(listed: Ledger) -> None:
    found = read(listed, ListFilter())
    assert [each.certificate_id for each in found] == expect(*FIRST, *SECOND)
    assert [each.position for each in found[-3:]] == [0, 1, 2]
    assert found[0].log_index < found[-1].log_index
    assert not any(each.is_erased for each in found)


@pytest.mark.parametrize(
    ("status", "numbers"),
    [(Status.SUSPENDED, (3, 102)), (Status.REVOKED, (101,)), (Status.SUPERSEDED, ())],
)
def test_certificates_of_one_status(
    listed: Ledger, status: Status, numbers: tuple[int, ...]
) -> None:
    assert read_names(listed, ListFilter(status=status)) == expect(*numbers)


def test_those_of_each_status_are_together_all(listed: Ledger) -> None:
    found = [name for status in Status for name in read_names(listed, ListFilter(status=status))]
    assert sorted(found) == sorted(expect(*FIRST, *SECOND))


def test_restored_certificate_is_listed_as_valid(issued: Ledger, tmp_path: Path) -> None:
    ledger = issued.copy(tmp_path / "ledger")
    with ledger.open() as workspace:
        for act in (LifecycleAct.SUSPEND, LifecycleAct.RESTORE):
            change_status(workspace, act, [identify(3)], DECISION)
        workspace.sync_index()
    assert read(ledger, ListFilter(status=Status.SUSPENDED)) == []


def test_certificates_of_one_batch_by_the_beginning_of_its_key(listed: Ledger) -> None:
    key = read(listed, ListFilter())[-1].batch_key.hex()
    assert read_names(listed, ListFilter(batch=key)) == expect(*SECOND)
    assert read_names(listed, ListFilter(batch=key[:12].upper())) == expect(*SECOND)


def test_batch_that_was_never_anchored_here_is_refused(listed: Ledger) -> None:
    with pytest.raises(LedgerError) as caught:
        read(listed, ListFilter(batch="no"))
    assert (caught.value.code, caught.value.field) == ("batch_unknown", "batch")


def test_certificates_of_one_type(listed: Ledger) -> None:
    assert len(read(listed, ListFilter(certificate_type=TYPE))) == ISSUED + len(SECOND)
    assert read(listed, ListFilter(certificate_type=OTHER_TYPE)) == []


def test_certificates_of_a_time_include_its_first_second_and_not_its_end(listed: Ledger) -> None:
    first, *_, last = read(listed, ListFilter())
    early, late = first.anchored_at_unix, last.anchored_at_unix
    assert early < late
    assert read_names(listed, ListFilter(since_unix=late)) == expect(*SECOND)
    assert read_names(listed, ListFilter(before_unix=late)) == expect(*FIRST)
    assert read(listed, ListFilter(since_unix=late + 1)) == []


@pytest.mark.parametrize("last", [0, 38, 39, 100, 102])
def test_list_goes_on_behind_any_certificate(listed: Ledger, last: int) -> None:
    numbers = (*FIRST, *SECOND)
    rest = numbers[numbers.index(last) + 1 :]
    assert read_names(listed, ListFilter(), after=identify(last)) == expect(*rest)


def test_list_goes_on_behind_a_certificate_that_is_not_wanted_itself(listed: Ledger) -> None:
    key = read(listed, ListFilter())[-1].batch_key.hex()
    behind_first = read_names(listed, ListFilter(batch=key), after=identify(5))
    assert behind_first == expect(*SECOND)
    suspended = ListFilter(status=Status.SUSPENDED)
    assert read_names(listed, suspended, after=identify(20)) == expect(102)


def test_list_does_not_go_on_behind_what_was_never_issued(listed: Ledger) -> None:
    with pytest.raises(LedgerError) as caught:
        read(listed, ListFilter(), after=identify(999))
    assert caught.value.code == "certificate_unknown"
