"""材料智能核验 over honest and forged materials: what fails, and what is merely not known."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson
import pytest

from ledger.formats.case_documents import Application, Delegation, Party
from ledger.formats.case_materials import JudgedMaterials, Material, MaterialKind
from ledger.formats.matter import MatterDefinition, parse_matter
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateType, RegionCode
from ledger.verification.finding import Outcome, failed, indeterminate, passed
from ledger.verification.materials import Submitted, judge_materials
from ledger.verification.reasons import Reason
from ledger.verification.report import Check, CheckName, Report
from tests.support.departments import SAFETY_STAFF
from tests.support.ledger_world import DAY_S, LedgerWorld, prepare

SALT = bytes(32)
HOLDER = Party("张三", "111", "110101199003070011")
OTHER = Party("李四", "111", "160101199003071232")
FIRM = Party("某建设工程有限公司（虚构）", "001", "91160101MA0000001X")
SICHUAN = RegionCode.parse("510000")
TYPE = "11100000000013338W011"
WORLD, BATCH = prepare()
RULE: dict[str, object] = {
    "type": TYPE,
    "replaces": "考核合格证书复印件",
    "holder": "applicant",
    "maximumAgeDays": None,
    "minimumSealLevel": 0,
}


def define(*, materials: tuple[str, ...] = ("劳动合同",), **rule: object) -> MatterDefinition:
    return parse_matter(
        orjson.dumps(
            {
                "format": "zhenglian-matter/1",
                "itemCode": "11370800MB285591843370117002011",
                "version": 3,
                "name": "安全生产许可（虚构）",
                "conditions": [],
                "channels": ["window"],
                "acceptanceModes": ["proxy"],
                "steps": [],
                "statutoryDays": 20,
                "promisedDays": 10,
                "delivery": ["electronic"],
                "fee": {"amountFen": 0, "basis": "不收费"},
                "requiredTypes": [RULE | rule],
                "materials": [{"name": name} for name in materials],
                "resultTypes": [],
            }
        )
    )


def recognised(report: Report, outcome: Outcome = Outcome.PASSED, level: int = 2) -> Report:
    """The report as made for a region that recognises the certificate, or does not."""
    detail = {"seal_level": level}
    finding = {
        Outcome.PASSED: passed(detail),
        Outcome.FAILED: failed(Reason.SEAL_INVALID, detail),
        Outcome.INDETERMINATE: indeterminate(Reason.MISSING_POLICY),
    }[outcome]
    check = Check(CheckName.RECOGNITION, True, finding.outcome, finding.reason, finding.detail, ())
    at = CheckName.RECOGNITION.number - 1
    return replace(report, checks=(*report.checks[:at], check, *report.checks[at + 1 :]))


def verify(world: LedgerWorld = WORLD, position: int = 0, **rules: Any) -> Report:
    return recognised(world.verify(world.evidence(BATCH, position), **rules))


def certificate(
    report: Report | None, name: str = "证书", certificate_type: CertificateType = SAFETY_STAFF
) -> Submitted:
    commitment = sha256(name.encode()).digest()
    return Submitted(Material(name, MaterialKind.CERTIFICATE, certificate_type, commitment), report)


def paper(name: str, kind: MaterialKind = MaterialKind.DOCUMENT) -> Submitted:
    return Submitted(Material(name, kind, None, sha256(name.encode()).digest()))


CONTRACT = paper("劳动合同")
REPORT = verify()


def judge(
    *submitted: Submitted,
    definition: MatterDefinition | None = None,
    applicant: Party = HOLDER,
    delegations: tuple[Delegation, ...] = (),
    now_unix: int = WORLD.now_unix,
) -> JudgedMaterials:
    chosen = definition or define()
    application = Application(SALT, chosen.item_code, applicant, delegations)
    return judge_materials(chosen, application, submitted, now_unix)


def test_applicants_own_certificate_and_every_paper_pass() -> None:
    judged = judge(certificate(REPORT), CONTRACT)
    assert judged.outcome == "PASSED"
    assert judged.reasons == ()
    assert [v.reasons for v in judged.verdicts] == [(), ("presence_only",)]
    assert judged.verdicts[0].report_digest == sha256(REPORT.to_json()).digest()
    assert (judged.matter_version, judged.round) == (3, 1)
    assert JudgedMaterials.parse(judged.to_json()) == judged


def test_somebody_elses_genuine_certificate_fails() -> None:
    judged = judge(certificate(REPORT), CONTRACT, applicant=OTHER)
    assert judged.outcome == "FAILED"
    assert judged.verdicts[0].reasons == ("holder_is_not_applicant",)


def test_code_of_another_code_type_is_another_holder() -> None:
    judged = judge(certificate(REPORT), CONTRACT, applicant=replace(HOLDER, code_type="001"))
    assert judged.verdicts[0].reasons == ("holder_is_not_applicant",)


def test_certificate_that_does_not_show_its_holder_is_not_known_to_be_the_applicants() -> None:
    evidence = WORLD.evidence(BATCH)
    hidden = evidence.certificate.with_disclosures(["sex"])
    report = recognised(WORLD.verify(evidence.with_certificate(hidden)))
    judged = judge(certificate(report), CONTRACT)
    assert (judged.outcome, judged.verdicts[0].reasons) == ("INDETERMINATE", ("holder_not_shown",))


@pytest.mark.parametrize(
    ("rule", "principal", "agent", "late_s", "outcome"),
    [
        ("delegation", HOLDER, FIRM, 0, "PASSED"),
        ("delegation", HOLDER, FIRM, 1, "FAILED"),
        ("delegation", OTHER, FIRM, 0, "FAILED"),
        ("delegation", HOLDER, OTHER, 0, "FAILED"),
        ("applicant", HOLDER, FIRM, 0, "FAILED"),
        ("anyone", OTHER, OTHER, 0, "PASSED"),
    ],
)
def test_certificate_of_another_counts_only_under_a_delegation_in_force(
    rule: str, principal: Party, agent: Party, late_s: int, outcome: str
) -> None:
    delegation = Delegation(principal, agent, "劳动合同", WORLD.now_unix - late_s)
    judged = judge(
        certificate(REPORT),
        CONTRACT,
        definition=define(holder=rule),
        applicant=FIRM,
        delegations=(delegation,),
    )
    assert judged.outcome == outcome


def test_revoked_certificate_fails_with_the_reason_of_its_report() -> None:
    world, batch = prepare()
    world.change_status(batch, 0, Status.REVOKED)
    world.attest_all(batch)
    report = recognised(world.verify(world.evidence(batch)))
    judged = judge(certificate(report), CONTRACT, now_unix=world.now_unix)
    assert (judged.outcome, judged.verdicts[0].reasons) == ("FAILED", ("certificate_revoked",))


def test_certificate_that_is_not_recognised_fails() -> None:
    judged = judge(certificate(recognised(REPORT, Outcome.FAILED)), CONTRACT)
    assert judged.outcome == "FAILED"
    assert judged.verdicts[0].outcome == "FAILED"


@pytest.mark.parametrize(
    "report",
    [
        recognised(WORLD.verify(WORLD.evidence(BATCH), trusted_log=None)),
        recognised(REPORT, Outcome.INDETERMINATE),
    ],
)
def test_outage_is_no_failure(report: Report) -> None:
    judged = judge(certificate(report), CONTRACT)
    assert judged.outcome == "INDETERMINATE"
    assert judged.verdicts[0].outcome == "INDETERMINATE"
    assert judged.verdicts[0].reasons


def test_report_made_for_no_region_says_nothing_of_recognition() -> None:
    judged = judge(certificate(WORLD.verify(WORLD.evidence(BATCH))), CONTRACT)
    assert judged.verdicts[0].reasons == ("recognition_not_checked",)
    assert judged.outcome == "INDETERMINATE"


def test_certificate_without_a_report_is_not_judged() -> None:
    judged = judge(certificate(None), CONTRACT)
    assert (judged.outcome, judged.verdicts[0].reasons) == ("INDETERMINATE", ("report_missing",))


def test_failure_outweighs_an_outage() -> None:
    report = recognised(WORLD.verify(WORLD.evidence(BATCH), trusted_log=None))
    assert judge(certificate(report), CONTRACT, applicant=OTHER).outcome == "FAILED"


def test_certificate_handed_in_as_another_type_fails() -> None:
    other = "11100000000013338W050"
    judged = judge(
        certificate(REPORT, certificate_type=CertificateType.parse(other)),
        CONTRACT,
        definition=define(type=other),
    )
    assert judged.verdicts[0].reasons == ("certificate_of_another_type",)
    assert judged.outcome == "FAILED"


@pytest.mark.parametrize(("days", "outcome"), [(0, "PASSED"), (1, "FAILED")])
def test_certificate_older_than_the_rule_allows_fails(days: int, outcome: str) -> None:
    age = 222  # days from 1 March 2025 until then
    judged = judge(
        certificate(REPORT),
        CONTRACT,
        definition=define(maximumAgeDays=age),
        now_unix=WORLD.now_unix + days * DAY_S,
    )
    assert judged.outcome == outcome


@pytest.mark.parametrize(("level", "reasons"), [(2, ()), (3, ()), (1, ("seal_level_too_low",))])
def test_seal_below_the_level_of_the_rule_fails(level: int, reasons: tuple[str, ...]) -> None:
    judged = judge(
        certificate(recognised(REPORT, level=level)),
        CONTRACT,
        definition=define(minimumSealLevel=2),
    )
    assert judged.verdicts[0].reasons == reasons


def test_seal_of_unknown_level_is_not_known_to_do() -> None:
    report = recognised(REPORT, Outcome.INDETERMINATE)
    judged = judge(certificate(report), CONTRACT, definition=define(minimumSealLevel=2))
    assert "seal_level_unknown" in judged.verdicts[0].reasons
    assert judged.outcome == "INDETERMINATE"


def test_materials_that_are_missing_are_all_named() -> None:
    judged = judge()
    assert judged.outcome == "FAILED"
    assert judged.reasons == ("missing:考核合格证书复印件", "missing:劳动合同")


@pytest.mark.parametrize("kind", [MaterialKind.DOCUMENT, MaterialKind.COMMITMENT])
def test_paper_does_instead_of_the_certificate_that_replaces_it(kind: MaterialKind) -> None:
    judged = judge(paper("考核合格证书复印件", kind), CONTRACT)
    assert judged.outcome == "PASSED"


def test_certificate_does_not_do_for_a_paper_of_its_name() -> None:
    assert judge(certificate(REPORT), certificate(REPORT, "劳动合同")).outcome == "FAILED"


def test_optional_material_may_be_missing() -> None:
    definition = define(materials=(), isOptional=True)
    assert judge(definition=definition).outcome == "PASSED"


def test_what_nobody_asked_for_weighs_nothing() -> None:
    other = CertificateType.parse("11100000000013338W050")
    judged = judge(certificate(REPORT), CONTRACT, paper("照片"), certificate(None, "另一", other))
    assert judged.outcome == "PASSED"
    assert [v.reasons for v in judged.verdicts[2:]] == [("not_asked_for",)] * 2
