"""Types and matters on a real chain: who may define what, and what follows for a certificate."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ledger.actions.catalogue import (
    compare,
    define_matter,
    define_type,
    import_file,
    propose_national,
    read_recorded,
)
from ledger.actions.catalogue_documents import NamedDefinition, compare_named
from ledger.actions.catalogue_listing import find_catalogued_type, find_matter, read_catalogue
from ledger.actions.issuers import register_department
from ledger.actions.presentation import present, verify_document
from ledger.actions.proposals import find_proposal
from ledger.errors import ConflictError, NotFoundError, StorageError
from ledger.formats.matter import parse_matter
from ledger.identifiers import ItemCode, RegionCode, Uscc
from ledger.records import (
    TypeDefined,
    TypeOfAnotherAuthorityError,
    TypeUnknownError,
    VersionUnexpectedError,
)
from ledger.schemas import load_schema, parse_schema
from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName
from tests.ledger.actions.homes import (
    CHONGQING,
    MINISTRY,
    SICHUAN,
    TYPE,
    Ledger,
    identify,
    write_file,
)

EXAMPLES = Path(__file__).parents[3] / "examples/matters"
HERE, THERE = (
    EXAMPLES / f"{province}-safety-licence.json" for province in ("chongqing", "sichuan")
)
SCHEMA = load_schema(TYPE)
NEXT = parse_schema(SCHEMA.document.replace(b'"version": 1', b'"version": 2'))
LAW = "《建设工程安全生产管理条例》第三十六条"


@pytest.fixture
def ledger(defined: Ledger, tmp_path: Path) -> Ledger:
    return defined.copy(tmp_path / "ledger")


def test_ministry_defines_its_type_and_everybody_sees_it(defined: Ledger) -> None:
    with defined.open(SICHUAN) as home:
        home.sync_index()
        found = find_catalogued_type(home.index, TYPE)
    (version,) = found.versions
    assert (version.version, version.schema_hash) == (1, SCHEMA.schema_hash)
    assert (version.name, version.member) == (SCHEMA.name, MINISTRY)
    assert not found.is_national


def test_province_cannot_define_a_ministry_s_type(ledger: Ledger) -> None:
    with ledger.open() as home, pytest.raises(TypeOfAnotherAuthorityError):
        define_type(home, NEXT)


def test_same_schema_is_not_defined_twice(ledger: Ledger) -> None:
    with ledger.open(MINISTRY) as home, pytest.raises(ConflictError) as caught:
        define_type(home, SCHEMA)
    assert caught.value.code == "type_defined"


def test_version_that_is_not_the_next_is_refused(ledger: Ledger) -> None:
    third = parse_schema(SCHEMA.document.replace(b'"version": 1', b'"version": 3'))
    with ledger.open(MINISTRY) as home:
        with pytest.raises(VersionUnexpectedError):
            define_type(home, third)
        assert home.schema(TYPE) == SCHEMA


def test_new_version_is_issued_by_and_the_old_stays_at_hand(ledger: Ledger) -> None:
    with ledger.open(MINISTRY) as home:
        result = define_type(home, NEXT)
        assert home.schema(TYPE).schema_hash == NEXT.schema_hash
        assert home.schema_versions(TYPE).keys() == {SCHEMA.schema_hash, NEXT.schema_hash}
        home.sync_index()
        found = find_catalogued_type(home.index, TYPE)
    assert [version.version for version in found.versions] == [1, 2]
    assert result.file.read_bytes() == NEXT.document


def test_definition_that_was_recorded_before_an_interruption_is_finished(ledger: Ledger) -> None:
    with ledger.open(MINISTRY) as home:
        first = define_type(home, NEXT)
        (home.home / "schemas" / f"{TYPE}.json").unlink()
        again = define_type(home, NEXT)
        assert again == first
        assert home.schema(TYPE).schema_hash == NEXT.schema_hash


def test_type_becomes_national_by_vote_and_the_voter_reads_the_law(ledger: Ledger) -> None:
    with ledger.open(MINISTRY) as home:
        proposal = propose_national(home, TYPE, LAW)
    assert proposal.action == "make type national"
    assert proposal.about == f"{TYPE}: {LAW}"
    ledger.carry(proposal, MINISTRY, CHONGQING, SICHUAN)
    with ledger.open(SICHUAN) as home:
        home.sync_index()
        found = find_catalogued_type(home.index, TYPE)
        assert find_proposal(home.index, proposal.proposal_id).state == "executed"
    assert (found.is_national, found.legal_basis) == (True, LAW)


def test_of_two_proposals_about_a_type_the_other_lapses(ledger: Ledger) -> None:
    with ledger.open(MINISTRY) as home:
        later = propose_national(home, TYPE, LAW, is_national=False)
        first = propose_national(home, TYPE, LAW)
    assert later.action == "end national type"
    ledger.carry(first, MINISTRY, CHONGQING, SICHUAN)
    with ledger.open() as home:
        home.sync_index()
        assert find_proposal(home.index, later.proposal_id).state == "lapsed"


def test_only_who_defines_a_type_may_propose_that_it_be_national(ledger: Ledger) -> None:
    with ledger.open() as home, pytest.raises(TypeOfAnotherAuthorityError):
        propose_national(home, TYPE, LAW)


def test_type_that_nobody_defined_cannot_become_national(joined: Ledger, tmp_path: Path) -> None:
    with joined.copy(tmp_path / "ledger").open(MINISTRY) as home:
        with pytest.raises(TypeUnknownError):
            propose_national(home, TYPE, LAW)
        with pytest.raises(NotFoundError, match="define-type"):
            find_catalogued_type(home.index, TYPE)


def test_certificate_of_a_defined_type_passes_the_catalogue_s_check(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.issue(write_file(tmp_path / "rows.csv", range(2)))
    with ledger.open() as home:
        shown = present(home, identify(1), ["姓名", "岗位类别"])
    assert any(isinstance(fact.record, TypeDefined) for fact in shown.facts)
    with ledger.open(SICHUAN) as home:
        report = verify_document(home, shown.to_json())
    check = report.check(CheckName.CATALOGUE)
    assert (report.outcome, check.outcome) == (Outcome.PASSED, Outcome.PASSED)
    assert check.is_required


@pytest.fixture
def renewed(ledger: Ledger, tmp_path: Path) -> Path:
    """The file of version 2 of the type, which the ministry has defined since."""
    with ledger.open(MINISTRY) as home:
        define_type(home, NEXT)
    file = tmp_path / "schema.json"
    file.write_bytes(NEXT.document)
    return file


def test_nobody_issues_by_a_schema_that_verifiers_would_refuse(
    ledger: Ledger, renewed: Path, tmp_path: Path
) -> None:
    rows = write_file(tmp_path / "rows.csv", range(1))
    with pytest.raises(ConflictError) as caught:
        ledger.issue(rows)
    assert caught.value.code == "schema_outdated"
    with ledger.open() as home:
        assert import_file(home, renewed).is_recorded
    assert ledger.issue(rows).issued == 1


def test_verifier_without_the_new_schema_is_in_doubt_until_it_is_imported(
    ledger: Ledger, renewed: Path, tmp_path: Path
) -> None:
    with ledger.open() as home:
        import_file(home, renewed)
    ledger.issue(write_file(tmp_path / "rows.csv", range(1)))
    with ledger.open() as home:
        document = present(home, identify(0), None).to_json()
    with ledger.open(SICHUAN) as home:
        check = verify_document(home, document).check(CheckName.CATALOGUE)
        assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.SCHEMA_UNKNOWN)
        import_file(home, renewed)
        report = verify_document(home, document)
    assert report.check(CheckName.CATALOGUE).outcome is Outcome.PASSED


def test_schema_nobody_recorded_is_kept_and_not_issued_by(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_bytes(NEXT.document)
    with ledger.open() as home:
        assert not import_file(home, file).is_recorded
        assert home.schema(TYPE) == SCHEMA


@pytest.fixture(scope="module")
def matters(joined: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing and Sichuan have each defined the same matter. Only to be copied."""
    ledger = joined.copy(tmp_path_factory.mktemp("matters"))
    with ledger.open(SICHUAN) as home:
        issuer = Uscc.build("11510000000000001")
        register_department(home, issuer, "四川省某部门（虚构）", RegionCode.parse("510000"))
    for member, file in ((CHONGQING, HERE), (SICHUAN, THERE)):
        with ledger.open(member) as home:
            result = define_matter(home, parse_matter(file.read_bytes()))
            assert hashlib.sha256(result.file.read_bytes()).digest() == result.hash
    return ledger


def test_matters_of_two_provinces_are_recorded_with_their_steps(matters: Ledger) -> None:
    here, there = (parse_matter(file.read_bytes()) for file in (HERE, THERE))
    with matters.open() as home:
        home.sync_index()
        recorded = [matter.versions[-1] for matter in read_catalogue(home.index).matters]
    for version, definition in zip(recorded, (here, there), strict=True):
        assert version.definition_hash == definition.definition_hash
        assert version.steps == definition.steps
        assert (version.statutory_days, version.promised_days) == (
            definition.statutory_days,
            definition.promised_days,
        )


def test_recorded_definitions_are_compared_once_both_are_at_hand(
    matters: Ledger, tmp_path: Path
) -> None:
    here, there = (parse_matter(file.read_bytes()) for file in (HERE, THERE))
    with matters.copy(tmp_path / "ledger").open() as home:
        home.sync_index()
        sides = [
            NamedDefinition.parse(text) for text in (f"{here.item_code}@1", str(there.item_code))
        ]
        with pytest.raises(NotFoundError, match="catalogue import"):
            compare_named(home, *sides)
        assert import_file(home, THERE).is_recorded
        compared = compare_named(home, *sides)
    assert compared == compare(here, there)
    assert compared.differences


def test_definition_changed_in_the_home_is_not_taken_for_the_recorded(
    matters: Ledger, tmp_path: Path
) -> None:
    definition = parse_matter(HERE.read_bytes())
    with matters.copy(tmp_path / "ledger").open() as home:
        home.sync_index()
        (file,) = (home.home / "definitions").glob(f"{definition.item_code}.*.json")
        file.write_bytes(file.read_bytes().replace("不收费".encode(), "收费".encode()))
        with pytest.raises(StorageError) as caught:
            read_recorded(home, definition.item_code)
    assert caught.value.code == "definition_damaged"


def test_department_of_another_province_cannot_define_the_matter(
    matters: Ledger, tmp_path: Path
) -> None:
    with matters.copy(tmp_path / "ledger").open() as home, pytest.raises(NotFoundError) as caught:
        define_matter(home, parse_matter(THERE.read_bytes()))
    assert caught.value.code == "seal_key_missing"


def test_version_of_a_matter_that_is_recorded_already_is_refused(
    matters: Ledger, tmp_path: Path
) -> None:
    definition = parse_matter(HERE.read_bytes())
    with (
        matters.copy(tmp_path / "ledger").open() as home,
        pytest.raises(VersionUnexpectedError),
    ):
        define_matter(home, definition)


def test_version_without_steps_ends_the_matter(matters: Ledger, tmp_path: Path) -> None:
    last = json.loads(HERE.read_bytes()) | {"version": 2, "steps": []}
    definition = parse_matter(json.dumps(last).encode())
    with matters.copy(tmp_path / "ledger").open() as home:
        define_matter(home, definition)
        home.sync_index()
        first, second = find_matter(home.index, definition.item_code).versions
        assert read_recorded(home, definition.item_code, 1).steps == first.steps
    assert (first.is_ended, second.is_ended) == (False, True)


def test_file_nobody_recorded_is_imported_and_said_to_count_for_nothing(
    matters: Ledger, tmp_path: Path
) -> None:
    file = tmp_path / "other.json"
    file.write_bytes(HERE.read_bytes().replace("不收费".encode(), "收费".encode()))
    with matters.copy(tmp_path / "ledger").open() as home:
        assert not import_file(home, file).is_recorded


def test_matter_nobody_defined_is_not_found(matters: Ledger) -> None:
    with matters.open() as home:
        home.sync_index()
        with pytest.raises(NotFoundError, match="define-matter"):
            find_matter(home.index, ItemCode.parse("11500000000000001G0117009009000"))
        with pytest.raises(NotFoundError, match="no version 2"):
            read_recorded(home, ItemCode.parse("11500000000000001G0117001001000"), 2)
