from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.actions.decisions import LifecycleAct
from ledger.actions.facts import current_head
from ledger.actions.holder_binding import HolderBinding
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import (
    MAX_FILE_BYTES,
    present,
    read_document,
    verify_document,
)
from ledger.errors import LedgerError, MalformedInputError, NotFoundError
from ledger.formats.evidence import Evidence, parse_evidence
from ledger.formats.key_binding import encode_holder_key
from ledger.identifiers import RegionCode
from ledger.schemas import CertificateSchema, load_schema
from ledger.verification.finding import Outcome
from ledger.verification.policy import VerificationPolicy
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName, Report
from ledger.verification.verifier import verify
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    SICHUAN,
    TYPE,
    Ledger,
    found,
    identify,
    make_row,
    write_file,
    write_rows,
)
from tests.ledger.actions.unreadable import revoke_unreadably

SHOWN = ("holder_name", "证书编号", "postCategory")
SICHUAN_REGION = RegionCode.parse("510000")
GUIZHOU_REGION = RegionCode.parse("520000")


def show(ledger: Ledger, number: int = 5, shown: tuple[str, ...] = SHOWN) -> Evidence:
    with ledger.open() as workspace:
        return present(workspace, identify(number), shown)


def judge(ledger: Ledger, document: bytes, as_of_unix: int | None = None) -> Report:
    with ledger.open(SICHUAN) as workspace:
        return verify_document(workspace, document, as_of_unix=as_of_unix)


@pytest.fixture(scope="module")
def unchanged(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """For tests that change nothing."""
    return issued.copy(tmp_path_factory.mktemp("presentation"))


def test_three_fields_are_shown_and_no_other_value_is_anywhere_in_the_file(
    unchanged: Ledger,
) -> None:
    document = show(unchanged).to_json()
    with unchanged.open() as workspace:
        whole = read_certificate(workspace, find_stored(workspace, identify(5)))
    shown = parse_evidence(document).certificate
    assert shown.fields == {
        "holder_name": "持证人5",
        "certificate_number": "渝建安C3（2024）0000005",
        "postCategory": "C3",
    }
    assert shown.hidden_fields == len(whole.disclosures) - 3
    everything = {*decode_everything(document)}
    hidden = [d for d in whole.disclosures if d.name not in shown.fields]
    assert len(hidden) > 5
    for disclosure in hidden:
        salt, _, value = orjson.loads(base64.urlsafe_b64decode(disclosure.encoded + "=="))
        told = str(value)
        if len(told.encode()) < 5:
            told = salt  # too short: it may be anywhere by chance
        for secret in (salt, told, disclosure.encoded):
            assert not any(secret.encode() in content for content in everything), secret
    for told in ("持证人5", "渝建安C3（2024）0000005"):
        assert any(told.encode() in content for content in everything)


def decode_everything(document: bytes) -> list[bytes]:
    """The file's bytes, and whatever of it decodes from base64 or hexadecimal."""
    found = [document]
    for part in document.replace(b'"', b".").replace(b"~", b".").split(b"."):
        with suppress(ValueError):
            found.append(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
        with suppress(ValueError):
            found.append(bytes.fromhex(part.decode("ascii", "replace")))
    return found


def test_another_province_verifies_without_the_issuers_home(provinces: Ledger) -> None:
    document = show(provinces).to_json()
    shutil.rmtree(provinces.home(CHONGQING))
    report = judge(provinces, document)
    assert report.outcome is Outcome.PASSED
    assert report.anchored_at_unix is not None
    assert {check.name for check in report.checks if check.outcome is Outcome.PASSED} >= {
        CheckName.WELL_FORMED,
        CheckName.SEAL_SIGNATURE,
        CheckName.SIGNING_CERTIFICATE,
        CheckName.ISSUER,
        CheckName.ANCHORED,
        CheckName.STATUS,
        CheckName.FRESHNESS,
    }


@pytest.fixture(scope="module")
def catalogued(
    defined: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ledger, dict[bytes, CertificateSchema]]:
    """A ledger whose catalogue has the type of its certificates, for tests that change only their
    status; and the schema."""
    directory = tmp_path_factory.mktemp("catalogued")
    ledger = defined.copy(directory / "ledger")
    ledger.issue(write_file(directory / "rows.csv", range(10)))
    schema = load_schema(TYPE)
    return ledger, {schema.schema_hash: schema}


def test_the_file_alone_is_enough_for_whoever_trusts_the_logs_head(
    catalogued: tuple[Ledger, dict[bytes, CertificateSchema]],
) -> None:
    ledger, schemas = catalogued
    evidence = show(ledger, 7)
    with ledger.open(SICHUAN) as workspace:
        workspace.sync_index()
        head = current_head(workspace.index)
    document = parse_evidence(evidence.to_json())
    policy = VerificationPolicy(trusted_log=evidence.log, schemas=schemas)
    assert evidence.log is not None
    assert evidence.log.root == head.root
    assert verify(document, policy, evidence.log.time_unix).outcome is Outcome.PASSED


def test_of_a_busy_word_only_what_concerns_the_certificate_goes_into_the_file(
    catalogued: tuple[Ledger, dict[bytes, CertificateSchema]], tmp_path: Path
) -> None:
    ledger, schemas = catalogued[0].copy(tmp_path / "own"), catalogued[1]
    with ledger.open() as workspace:
        for number in (1, 2, 5, 3, 4):
            change_status(workspace, LifecycleAct.SUSPEND, [identify(number)], DECISION)
        change_status(workspace, LifecycleAct.RESTORE, [identify(5)], DECISION)
        change_status(workspace, LifecycleAct.REVOKE, [identify(9)], DECISION)
    evidence = show(ledger)
    told = [fact for fact in evidence.facts if type(fact.record).__name__ == "StatusChanged"]
    assert [fact.record.statement.sequence for fact in told] == [3, 6, 7]  # type: ignore[attr-defined]
    policy = VerificationPolicy(trusted_log=evidence.log, schemas=schemas)
    assert evidence.log is not None
    assert verify(evidence, policy, evidence.log.time_unix).outcome is Outcome.PASSED
    assert judge(ledger, evidence.to_json()).outcome is Outcome.PASSED


def test_without_a_chain_the_verdict_is_indeterminate_and_no_chain_is_begun(
    provinces: Ledger,
) -> None:
    document = show(provinces).to_json()
    assert judge(provinces, document).outcome is Outcome.PASSED
    away = provinces.chain.rename(provinces.directory / "away")
    reasons: list[LedgerError] = []
    with provinces.open(SICHUAN) as workspace:
        report = verify_document(workspace, document, on_unavailable=reasons.append)
    assert report.outcome is Outcome.INDETERMINATE
    assert report.check(CheckName.ANCHORED).reason is Reason.NO_TRUSTED_LOG
    assert report.check(CheckName.SEAL_SIGNATURE).outcome is Outcome.PASSED
    assert [reason.code for reason in reasons] == ["chain_missing"]
    assert not provinces.chain.exists()
    away.rename(provinces.chain)
    assert judge(provinces, document).outcome is Outcome.PASSED


def test_without_a_chain_a_forgery_still_fails(provinces: Ledger) -> None:
    document = orjson.loads(show(provinces).to_json())
    header, payload, rest = document["certificate"].split(".", 2)
    forged = payload[:-4] + ("AAAA" if payload[-4:] != "AAAA" else "BBBB")
    document["certificate"] = ".".join((header, forged, rest))
    provinces.chain.rename(provinces.directory / "away")
    assert judge(provinces, orjson.dumps(document)).outcome is Outcome.FAILED


@pytest.mark.parametrize("damage", [b"not a database at all" * 400, bytes(8192)])
def test_a_damaged_index_gives_no_verdict_but_says_so(provinces: Ledger, damage: bytes) -> None:
    document = show(provinces).to_json()
    assert judge(provinces, document).outcome is Outcome.PASSED
    index = provinces.home(SICHUAN) / "index.sqlite"
    for path in index.parent.glob("index.sqlite-*"):
        path.unlink()
    index.write_bytes(damage)
    reasons: list[LedgerError] = []
    with provinces.open(SICHUAN) as workspace:
        try:
            report = verify_document(workspace, document, on_unavailable=reasons.append)
        except LedgerError as error:
            reasons.append(error)
        else:
            assert report.outcome is Outcome.INDETERMINATE
    assert "index rebuild" in reasons[0].message
    with provinces.open(SICHUAN) as workspace:
        workspace.rebuild_index()
    assert judge(provinces, document).outcome is Outcome.PASSED


def test_a_document_of_another_ledger_is_not_anchored_here(
    provinces: Ledger, tmp_path: Path
) -> None:
    other = found(tmp_path / "other")
    other.issue(write_file(tmp_path / "rows.csv", range(6)))
    document = show(other).to_json()
    report = judge(provinces, document)
    assert report.outcome is Outcome.FAILED
    assert report.check(CheckName.ANCHORED).reason is Reason.NOT_ANCHORED
    assert report.check(CheckName.SEAL_SIGNATURE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "document",
    [b"", b"\x00" * 100, b"{}", b"[" * 50_000, b'{"format": 1}', "证照".encode("utf-16")],
)
def test_garbage_gets_a_report_and_not_a_crash(unchanged: Ledger, document: bytes) -> None:
    report = judge(unchanged, document)
    assert report.outcome is Outcome.FAILED
    assert report.check(CheckName.WELL_FORMED).reason is Reason.NOT_WELL_FORMED
    assert report.certificate is None


def test_a_signing_certificate_that_is_none_gets_a_verdict(unchanged: Ledger) -> None:
    document = orjson.loads(show(unchanged).to_json())
    _, rest = document["certificate"].split(".", 1)
    junk = base64.b64encode(b"no DER").decode()
    header = orjson.dumps({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": [junk, junk]})
    encoded = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    document["certificate"] = f"{encoded}.{rest}"
    assert judge(unchanged, orjson.dumps(document)).outcome is Outcome.FAILED


def test_a_huge_file_is_read_no_further_than_needed(unchanged: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    content = read_document(path)
    assert len(content) <= MAX_FILE_BYTES + 1
    assert judge(unchanged, content).outcome is Outcome.FAILED


def test_a_bare_certificate_is_judged_too(unchanged: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "certificate.jwt"
    path.write_text(show(unchanged).certificate.compact + "\n")
    report = judge(unchanged, read_document(path))
    assert report.outcome is Outcome.INDETERMINATE
    assert report.check(CheckName.ANCHORED).reason is Reason.MISSING_BATCH_PROOF


@pytest.mark.parametrize("name", ["missing", "directory"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(NotFoundError, match=name):
        read_document(tmp_path / name)


def test_an_unknown_field_is_refused_and_the_fields_are_listed(unchanged: Ledger) -> None:
    with unchanged.open() as workspace, pytest.raises(NotFoundError, match="岗位类别") as caught:
        present(workspace, identify(5), ["holder_name", "工资"])
    assert caught.value.code == "disclosure_unknown"


def test_erased_content_can_be_presented_no_more_but_what_was_presented_still_verifies(
    provinces: Ledger,
) -> None:
    document = show(provinces).to_json()
    with provinces.open() as workspace:
        change_status(workspace, LifecycleAct.REVOKE, [identify(6)], DECISION)
        workspace.vault.certificates.erase_key(str(identify(5)), "申请删除（虚构）")
        with pytest.raises(NotFoundError) as caught:
            present(workspace, identify(5), SHOWN)
        assert caught.value.code == "content_erased"
    assert judge(provinces, document).outcome is Outcome.PASSED
    assert judge(provinces, show(provinces, 7).to_json()).outcome is Outcome.PASSED
    with provinces.open() as workspace:
        change_status(workspace, LifecycleAct.REVOKE, [identify(5)], DECISION)
    assert judge(provinces, document).check(CheckName.STATUS).reason == "certificate_revoked"


def test_a_revocation_that_cannot_be_read_is_never_overlooked(provinces: Ledger) -> None:
    document = show(provinces).to_json()
    with provinces.open() as workspace:
        index = revoke_unreadably(workspace, 5)
    reasons: list[LedgerError] = []
    with provinces.open(SICHUAN) as workspace:
        report = verify_document(workspace, document, on_unavailable=reasons.append)
    assert report.outcome is Outcome.INDETERMINATE
    assert reasons[0].code == "entry_unreadable"
    assert str(index) in reasons[0].message


@pytest.fixture(scope="module")
def holder() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def bindable(
    issued: Ledger,
    holder: ec.EllipticCurvePrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ledger:
    directory = tmp_path_factory.mktemp("bound")
    ledger = issued.copy(directory / "ledger")
    row = make_row(100, 持证人公钥=encode_holder_key(holder.public_key()))
    assert ledger.issue(write_rows(directory / "rows.csv", [row])).issued == 1
    return ledger


@pytest.fixture
def bind(bindable: Ledger, holder: ec.EllipticCurvePrivateKey) -> Callable[..., bytes]:
    def present_bound(**changes: object) -> bytes:
        with bindable.open() as workspace:
            values: dict[str, object] = {
                "key": holder,
                "audience": SICHUAN_REGION,
                "purpose": "企业资质核验",
                "expires_at_unix": workspace.now_unix() + 300,
                "nonce": "asked",
            }
            binding = HolderBinding(**(values | changes))  # type: ignore[arg-type]  # by name
            evidence = present(workspace, identify(100), SHOWN, binding=binding)
            return evidence.to_json()

    return present_bound


def judge_bound(ledger: Ledger, document: bytes, nonce: str | None = "asked") -> Report:
    with ledger.open(SICHUAN) as workspace:
        return verify_document(workspace, document, nonce=nonce)


def test_bound_the_right_reader_and_question_pass(
    bindable: Ledger, bind: Callable[..., bytes]
) -> None:
    report = judge_bound(bindable, bind())
    assert report.outcome is Outcome.PASSED
    assert report.presentation == "bound"


@pytest.mark.parametrize(
    ("changes", "nonce", "reason"),
    [
        ({"audience": GUIZHOU_REGION}, "asked", Reason.WRONG_AUDIENCE),
        ({"nonce": "of another day"}, "asked", Reason.WRONG_NONCE),
        ({"expires_at_unix": 1_700_000_000}, "asked", Reason.KEY_BINDING_EXPIRED),
    ],
)
def test_another_reader_question_or_time_fails(
    bindable: Ledger,
    bind: Callable[..., bytes],
    changes: dict[str, object],
    nonce: str,
    reason: Reason,
) -> None:
    report = judge_bound(bindable, bind(**changes), nonce)
    assert report.outcome is Outcome.FAILED
    assert report.check(CheckName.HOLDER_BINDING).reason is reason


def test_a_binding_by_somebody_else_fails(bindable: Ledger, bind: Callable[..., bytes]) -> None:
    thief = ec.generate_private_key(ec.SECP256R1())
    report = judge_bound(bindable, bind(key=thief))
    assert report.check(CheckName.HOLDER_BINDING).reason is Reason.KEY_BINDING_INVALID


def test_without_its_binding_it_is_a_bearers(bindable: Ledger, bind: Callable[..., bytes]) -> None:
    document = orjson.loads(bind())
    document["certificate"] = document["certificate"].rpartition("~")[0] + "~"
    report = judge_bound(bindable, orjson.dumps(document))
    assert (report.outcome, report.presentation) == (Outcome.PASSED, "bearer")


def test_a_certificate_without_a_holder_key_cannot_be_bound(
    bindable: Ledger, holder: ec.EllipticCurvePrivateKey
) -> None:
    binding = HolderBinding(holder, SICHUAN_REGION, None, 2_000_000_000)
    with bindable.open() as workspace, pytest.raises(MalformedInputError) as caught:
        present(workspace, identify(5), SHOWN, binding=binding)
    assert caught.value.field == "holder_key"


def test_a_verdict_about_the_past_is_about_the_past(provinces: Ledger) -> None:
    document = show(provinces).to_json()
    provinces.ahead_s += 3_600
    with provinces.open() as workspace:
        suspended_at = suspend(workspace)
    provinces.ahead_s += 3_600
    with provinces.open() as workspace:
        change_status(workspace, LifecycleAct.RESTORE, [identify(5)], DECISION)
    for as_of, reason in (
        (suspended_at - 1, None),
        (suspended_at, Reason.CERTIFICATE_SUSPENDED),
        (suspended_at + 3_500, Reason.CERTIFICATE_SUSPENDED),
        (None, None),
    ):
        check = judge(provinces, document, as_of).check(CheckName.STATUS)
        assert check.reason is reason


def suspend(workspace: Workspace) -> int:
    (result,) = change_status(workspace, LifecycleAct.SUSPEND, [identify(5)], DECISION)
    return result.recorded_at_unix
