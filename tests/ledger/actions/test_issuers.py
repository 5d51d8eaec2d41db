"""Departments: who may register them, which key seals, and what issuing does after each act."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.actions.authority import NO_END_UNIX, submit_authority_act
from ledger.actions.issuers import (
    ActResult,
    change_mandate,
    choose_issuer,
    choose_type,
    declare_compromise,
    find_department,
    find_seal_key,
    register_department,
    rotate_seal_key,
)
from ledger.actions.presentation import present, verify_document
from ledger.errors import ConflictError, LedgerError, NotAuthorizedError, NotFoundError
from ledger.formats.signing_certificate import check_chain
from ledger.identifiers import CertificateType, RegionCode, Uscc
from ledger.records import (
    CompromiseInFutureError,
    DepartmentStatement,
    FieldMalformedError,
    IssuerEndedError,
    IssuerOfAnotherMemberError,
    IssuerUnknownError,
    MemberUnknownError,
    PeriodMalformedError,
    RegionOutsideMemberError,
    SealKeyUnknownError,
)
from ledger.verification.finding import Outcome
from ledger.verification.report import Report
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    HOUSING,
    ISSUED,
    SICHUAN,
    TRANSPORT,
    TYPE,
    YUNNAN,
    Ledger,
    identify,
    write_file,
)

OTHER_TYPE = CertificateType.parse("11100000000013338W012")
HERE, ELSEWHERE = RegionCode.parse("500000"), RegionCode.parse("510000")
HOUR_S, YEAR_S = 3_600, 365 * 86_400
OVERLAP_S = 60
ROWS = range(ISSUED, ISSUED + 2)


@pytest.fixture(scope="module")
def shared(admitted: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Three provinces, of which Chongqing has one department; for tests that change nothing."""
    return admitted.copy(tmp_path_factory.mktemp("shared"))


def register(home: Workspace, issuer: Uscc = TRANSPORT, name: str = "交通（虚构）") -> ActResult:
    return register_department(home, issuer, name, HERE)


def is_changed(home: Workspace, act: Callable[[], object]) -> bool:
    """Whether an act left anything in the log or among the keys, even one that was refused."""
    before = (home.gateway.log_size(), home.keys.names())
    with suppress(LedgerError):
        act()
    return before != (home.gateway.log_size(), home.keys.names())


def verdict(ledger: Ledger, number: int) -> Report:
    """What Sichuan finds of a certificate that Chongqing shows now."""
    with ledger.open() as home:
        document = present(home, identify(number), ["holder_name"]).to_json()
    with ledger.open(SICHUAN) as home:
        return verify_document(home, document)


def test_a_registered_department_has_a_key_under_its_provinces_root(ledger: Ledger) -> None:
    with ledger.open() as home:
        result = register(home)
        assert result.issuer == TRANSPORT
        assert result.log_index == home.gateway.log_size() - 1
        department = find_department(home, TRANSPORT)
        key = find_seal_key(home, TRANSPORT)
        root = home.keys.region_root().certificate
    assert (department.name, department.region, department.member) == (
        "交通（虚构）",
        HERE,
        str(CHONGQING),
    )
    assert department.mandates == ()
    (registered,) = department.seal_keys
    assert registered.key_id == key.key_id == result.key_id
    assert registered.compromised_since_unix is None
    assert registered.valid_until_unix - registered.valid_from_unix == 5 * YEAR_S
    assert registered.valid_from_unix <= result.recorded_at_unix
    assert key.x5c[1] == root
    finding = check_chain(key.x5c, result.recorded_at_unix)
    assert (finding.reason, finding.chain.organisation) == (None, str(TRANSPORT))


def test_a_long_name_is_registered_whole_though_its_certificate_has_its_beginning(
    ledger: Ledger,
) -> None:
    name = "局" * 85  # 255 bytes
    with ledger.open() as home:
        register(home, name=name)
        assert find_department(home, TRANSPORT).name == name
        assert check_chain(find_seal_key(home, TRANSPORT).x5c, home.latest_unix()).reason is None


@pytest.mark.parametrize("name", ["", "局" * 86], ids=["empty", "258 bytes"])
def test_a_name_that_is_none_leaves_neither_department_nor_key(shared: Ledger, name: str) -> None:
    with shared.open() as home:
        with pytest.raises(FieldMalformedError, match="name"):
            register(home, name=name)
        assert not is_changed(home, lambda: register(home, name=name))


def test_a_department_is_registered_once(shared: Ledger) -> None:
    with shared.open() as home:
        with pytest.raises(ConflictError, match="issuer rotate") as refusal:
            register(home, HOUSING)
        assert refusal.value.code == "issuer_registered"
        assert not is_changed(home, lambda: register(home, HOUSING))


def test_a_province_takes_no_department_of_another_and_none_beyond_its_border(
    shared: Ledger,
) -> None:
    with shared.open(SICHUAN) as home:
        with pytest.raises(IssuerOfAnotherMemberError):
            register_department(home, HOUSING, "冒名", ELSEWHERE)
        with pytest.raises(RegionOutsideMemberError):
            register_department(home, TRANSPORT, "越界", HERE)
        assert not is_changed(home, lambda: register_department(home, HOUSING, "冒名", ELSEWHERE))
        with pytest.raises(NotFoundError):
            choose_issuer(home)


def test_who_is_no_member_registers_nothing(admitted: Ledger, tmp_path: Path) -> None:
    ledger = admitted.copy(tmp_path / "ledger")
    ledger.create(YUNNAN)
    with ledger.open(YUNNAN) as home:
        with pytest.raises(MemberUnknownError):
            register_department(home, TRANSPORT, "未加入", RegionCode.parse("530000"))
        assert home.gateway.department(TRANSPORT).member is None


def test_a_department_ends_when_it_was_registered_to_end(issued: Ledger, tmp_path: Path) -> None:
    ledger = issued.copy(tmp_path / "ledger")
    with ledger.open() as home:
        ends = home.latest_unix() + HOUR_S
        with pytest.raises(PeriodMalformedError):
            register_department(home, TRANSPORT, "已撤", HERE, valid_until_unix=1)
        submit_authority_act(
            home,
            "IssuerRegistry",
            "registerDepartment",
            lambda sequence: DepartmentStatement(CHONGQING, HOUSING, HERE, "更名", ends, sequence),
        )
        assert find_department(home, HOUSING).name == "更名"
    ledger.issue(write_file(tmp_path / "rows.csv", ROWS[:1]))
    ledger.ahead_s += HOUR_S
    with pytest.raises(IssuerEndedError):
        ledger.issue(write_file(tmp_path / "rows.csv", ROWS[1:]))
    assert verdict(ledger, ROWS[0]).outcome is Outcome.PASSED


def test_the_newest_mandate_of_a_type_counts(ledger: Ledger) -> None:
    with ledger.open() as home:
        begins = home.latest_unix() + HOUR_S
        change_mandate(home, HOUSING, OTHER_TYPE, valid_until_unix=begins)
        result = change_mandate(home, HOUSING, TYPE, valid_from_unix=begins)
        mandates = find_department(home, HOUSING).mandates
        assert [(each.certificate_type, each.valid_from_unix) for each in mandates] == [
            (TYPE, begins),
            (OTHER_TYPE, 0),
        ]
        assert [each.valid_until_unix for each in mandates] == [NO_END_UNIX, begins]
        recorded = home.gateway.mandate_at(HOUSING, TYPE, home.latest_unix())
        assert (recorded.valid_from, recorded.recorded_at) == (begins, result.recorded_at_unix)
        assert choose_type(home, HOUSING) == OTHER_TYPE
    ledger.ahead_s += HOUR_S
    with ledger.open() as home:
        assert choose_type(home, HOUSING) == TYPE


def test_a_mandate_is_given_by_its_own_province_for_a_period(shared: Ledger) -> None:
    with shared.open(SICHUAN) as home, pytest.raises(IssuerOfAnotherMemberError):
        change_mandate(home, HOUSING, TYPE)
    with shared.open() as home:
        with pytest.raises(IssuerUnknownError):
            change_mandate(home, TRANSPORT, TYPE)
        with pytest.raises(PeriodMalformedError):
            change_mandate(home, HOUSING, TYPE, valid_from_unix=2, valid_until_unix=1)
        with pytest.raises(PeriodMalformedError):
            change_mandate(home, HOUSING, TYPE, valid_until_unix=NO_END_UNIX + 1)


def test_one_type_need_not_be_named_none_and_two_are_told(ledger: Ledger) -> None:
    with ledger.open() as home:
        assert choose_type(home, HOUSING) == TYPE
        change_mandate(home, HOUSING, OTHER_TYPE)
        with pytest.raises(ConflictError, match=f"name one of {TYPE}, {OTHER_TYPE}") as refusal:
            choose_type(home, HOUSING)
        assert (refusal.value.code, refusal.value.field) == ("type_ambiguous", "type")
        for each in (TYPE, OTHER_TYPE):
            change_mandate(home, HOUSING, each, valid_until_unix=home.latest_unix())
    ledger.ahead_s += 1
    with ledger.open() as home, pytest.raises(NotFoundError, match=str(HOUSING)) as missing:
        choose_type(home, HOUSING)
    assert (missing.value.code, missing.value.field) == ("mandate_missing", "type")
    assert "issuer mandate" in missing.value.message


def test_one_department_need_not_be_named_none_and_two_are_told(
    admitted: Ledger, tmp_path: Path
) -> None:
    ledger = admitted.copy(tmp_path / "ledger")
    with ledger.open(SICHUAN) as home, pytest.raises(NotFoundError) as missing:
        choose_issuer(home)
    assert (missing.value.code, missing.value.field) == ("issuer_missing", "issuer")
    assert "issuer register" in missing.value.message
    with ledger.open() as home:
        assert choose_issuer(home) == HOUSING
        register(home)
        with pytest.raises(ConflictError, match=f"name one of {HOUSING}, {TRANSPORT}") as refusal:
            choose_issuer(home)
        assert (refusal.value.code, refusal.value.field) == ("issuer_ambiguous", "issuer")


def test_a_department_nobody_registered_is_not_found(shared: Ledger) -> None:
    with shared.open() as home:
        with pytest.raises(NotFoundError, match=f"no department {TRANSPORT}") as missing:
            find_department(home, TRANSPORT)
        assert (missing.value.code, missing.value.field) == ("issuer_unknown", "issuer")
        with pytest.raises(NotFoundError):
            rotate_seal_key(home, TRANSPORT)
        with pytest.raises(NotFoundError, match=f"issuer rotate {TRANSPORT}") as missing:
            find_seal_key(home, TRANSPORT)
        assert (missing.value.code, missing.value.field) == ("seal_key_missing", "issuer")
        assert not is_changed(home, lambda: rotate_seal_key(home, TRANSPORT))


def test_after_a_rotation_the_new_key_seals_and_the_old_ends_in_a_minute(
    provinces: Ledger, tmp_path: Path
) -> None:
    ledger = provinces
    with ledger.open() as home:
        old = find_seal_key(home, HOUSING)
        result = rotate_seal_key(home, HOUSING)
        assert find_seal_key(home, HOUSING).key_id == result.key_id != old.key_id
        first, second = find_department(home, HOUSING).seal_keys
    assert (first.key_id, second.key_id) == (old.key_id, result.key_id)
    assert 0 <= first.valid_until_unix - result.recorded_at_unix - OVERLAP_S < HOUR_S
    assert second.valid_until_unix == second.valid_from_unix + 5 * YEAR_S
    ledger.issue(write_file(tmp_path / "rows.csv", ROWS))
    ledger.ahead_s += HOUR_S
    with ledger.open() as home:
        assert find_seal_key(home, HOUSING).key_id == result.key_id
    assert verdict(ledger, 0).outcome is Outcome.PASSED
    assert verdict(ledger, ROWS[0]).outcome is Outcome.PASSED


def test_rotating_twice_leaves_one_key_in_force(ledger: Ledger) -> None:
    with ledger.open() as home:
        rotate_seal_key(home, HOUSING)
        newest = rotate_seal_key(home, HOUSING).key_id
    ledger.ahead_s += HOUR_S
    with ledger.open() as home:
        now_unix = home.latest_unix()
        keys = find_department(home, HOUSING).seal_keys
        assert [key.key_id for key in keys if key.valid_until_unix > now_unix] == [newest]
        assert len(keys) == 3


def test_a_key_that_was_lost_is_ended_by_making_a_new_one(ledger: Ledger) -> None:
    with ledger.open() as home:
        lost = find_seal_key(home, HOUSING)
        (ledger.home(CHONGQING) / f"keys/seals/{HOUSING}/{lost.key_id.hex()}.p12").unlink()
        with pytest.raises(NotFoundError, match=f"issuer rotate {HOUSING}"):
            find_seal_key(home, HOUSING)
        assert rotate_seal_key(home, HOUSING).key_id == find_seal_key(home, HOUSING).key_id
        record = home.gateway.seal_key(HOUSING, lost.key_id)
        assert record.valid_until < home.latest_unix() + HOUR_S


def test_another_provinces_department_is_not_rotated_and_leaves_no_key_here(
    shared: Ledger,
) -> None:
    """A key kept for it would count as a department of this home ever after."""
    with shared.open(SICHUAN) as home:
        with pytest.raises(IssuerOfAnotherMemberError, match=str(HOUSING)):
            rotate_seal_key(home, HOUSING)
        assert not is_changed(home, lambda: rotate_seal_key(home, HOUSING))
        with pytest.raises(NotFoundError):
            choose_issuer(home)


def test_after_a_compromise_nothing_is_sealed_until_a_new_key_is_made(
    provinces: Ledger, tmp_path: Path
) -> None:
    ledger = provinces
    rows = write_file(tmp_path / "rows.csv", ROWS)
    ledger.ahead_s += HOUR_S
    with ledger.open() as home:
        key_id = find_seal_key(home, HOUSING).key_id
        since = home.latest_unix()
        result = declare_compromise(home, HOUSING, key_id, since)
        assert (result.issuer, result.key_id) == (HOUSING, key_id)
        assert result.log_index == home.gateway.log_size() - 1
        (key,) = find_department(home, HOUSING).seal_keys
        assert key.compromised_since_unix == since
        with pytest.raises(NotFoundError, match="issuer rotate"):
            find_seal_key(home, HOUSING)
    with pytest.raises(NotFoundError) as missing:
        ledger.issue(rows)
    assert missing.value.code == "seal_key_missing"
    with ledger.open() as home:
        rotate_seal_key(home, HOUSING)
    assert ledger.issue(rows).issued == len(ROWS)
    assert verdict(ledger, ROWS[0]).outcome is Outcome.PASSED
    assert verdict(ledger, 0).outcome is Outcome.PASSED  # it was anchored an hour before


def test_the_newest_declaration_says_since_when_a_key_is_compromised(provinces: Ledger) -> None:
    ledger = provinces
    ledger.ahead_s += HOUR_S
    outcomes = []
    with ledger.open() as home:
        key_id = find_seal_key(home, HOUSING).key_id
        times = [home.latest_unix(), 1, home.latest_unix()]
    for since in times:
        with ledger.open() as home:
            declare_compromise(home, HOUSING, key_id, since)
        outcomes.append(verdict(ledger, 0).outcome)
    assert outcomes == [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED]


def test_a_compromise_is_declared_of_an_own_key_and_of_the_past(shared: Ledger) -> None:
    with shared.open() as home:
        key_id = find_seal_key(home, HOUSING).key_id
        size = home.gateway.log_size()
        with pytest.raises(CompromiseInFutureError):
            declare_compromise(home, HOUSING, key_id, home.latest_unix() + HOUR_S)
        with pytest.raises(FieldMalformedError, match="compromisedSince"):
            declare_compromise(home, HOUSING, key_id, 0)
        with pytest.raises(SealKeyUnknownError):
            declare_compromise(home, HOUSING, bytes(32), 1)
        with pytest.raises(IssuerUnknownError):
            declare_compromise(home, TRANSPORT, key_id, 1)
        assert home.gateway.log_size() == size
    with shared.open(SICHUAN) as home, pytest.raises(NotAuthorizedError):
        declare_compromise(home, HOUSING, key_id, 1)
