"""Who recognises what: nobody without a policy, nine cities by one pact, two provinces by another.

A pact writes its policies when every side has signed; before, it gives no right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ledger.actions.facts import current_head
from ledger.actions.pact_file import PactDraft
from ledger.actions.policies import Pact
from ledger.actions.presentation import present, read_document, verify_document
from ledger.actions.recognition import Terms, define_group, draft_pact, sign_pact
from ledger.errors import LedgerError
from ledger.formats.evidence import parse_evidence
from ledger.identifiers import CertificateType, MemberId, PartyId, RegionCode
from ledger.verification.policy import VerificationPolicy
from ledger.verification.report import CheckName, Report
from ledger.verification.verifier import verify
from zhenglian.demo.stage import CHONGQING, SICHUAN, Stage
from zhenglian.demo.summary import Recognition, Verdict

ALLIANCE = PartyId.parse("@CHUANYU-9")
CITIES = {
    "500000": "重庆",
    "510100": "成都",
    "510500": "泸州",
    "510900": "遂宁",
    "511000": "内江",
    "511300": "南充",
    "511500": "宜宾",
    "511600": "广安",
    "511700": "达州",
}
_MIANYANG = "510700"  # a city of Sichuan that is not of the alliance
_SICHUAN = str(SICHUAN)


def agree(stage: Stage) -> None:
    """An alliance of nine cities, and a pact of two provinces."""
    stage.act("4. Two provinces agree whose certificates they recognise 互认")
    _rely(stage, "成都市 before any policy", "510100", "not_recognised")
    _found_alliance(stage)
    _rely(stage, "成都市 in the alliance", "510100", "PASSED", str(ALLIANCE))
    _rely(stage, "绵阳市, which is not in it", _MIANYANG, "not_recognised")
    both = PartyId(CHONGQING.value), PartyId(SICHUAN.value)
    draft = _draft(stage, *both, types=())
    _sign(stage, draft, CHONGQING)
    _rely(stage, "四川省, its own pact signed by one side", _SICHUAN, "not_recognised")
    pact = _sign(stage, draft, SICHUAN)
    stage.say(f"pact {pact.pact_id.hex()[:16]}… of 重庆市 and 四川省: two signatures, two policies")
    _rely(stage, "四川省, signed by both", _SICHUAN, "PASSED", "500000")
    _rely(stage, "绵阳市, of that province", _MIANYANG, "PASSED", "500000")
    _verify_offline(stage)


def describe_basis(report: Report) -> str:
    """What recognised a certificate, in words; nothing if nothing did."""
    detail = report.check(CheckName.RECOGNITION).detail
    policy = detail.get("policy")
    if isinstance(policy, dict):
        number = policy["version"]  # a pact's policy has none in evidence before it is attested
        version = f"pact {policy['pact_id'][:16]}…" if number is None else f"version {number}"
        return f"policy {policy['relying']} → {policy['source']}, {version}"
    return str(detail.get("legal_basis") or detail.get("way") or "")


def _found_alliance(stage: Stage) -> None:
    with stage.open(CHONGQING) as workspace:
        cities = [PartyId.parse(code) for code in CITIES]
        group = define_group(workspace, ALLIANCE, "川渝九市证照互认联盟（虚构）", cities)
    draft = _draft(stage, ALLIANCE, ALLIANCE, types=[stage.source.certificate_type])
    for member in (CHONGQING, SICHUAN):
        pact = _sign(stage, draft, member)
    if pact.state != "concluded":
        raise LedgerError("the pact of the alliance was signed by every side")
    ways = len(group.parties) * (len(group.parties) - 1)
    stage.say(
        f"{ALLIANCE} {'、'.join(CITIES.values())}: {len(pact.signed)} signatures, "
        f"one policy instead of {ways}"
    )


def _draft(
    stage: Stage, party_a: PartyId, party_b: PartyId, *, types: Sequence[CertificateType]
) -> PactDraft:
    with stage.open(CHONGQING) as workspace:
        return draft_pact(workspace, party_a, party_b, types, Terms())


def _sign(stage: Stage, draft: PactDraft, member: MemberId) -> Pact:
    with stage.open(member) as workspace:
        return sign_pact(workspace, draft)


def _rely(stage: Stage, case: str, region: str, expected: str, expected_policy: str = "") -> None:
    """Sichuan's home asks for one of its regions."""
    with stage.open(SICHUAN) as workspace:
        report = verify_document(
            workspace,
            read_document(stage.holder_file),
            relying_region=RegionCode.parse(region),
        )
    check = report.check(CheckName.RECOGNITION)
    stage.keep_recognition(
        Recognition(
            case,
            region,
            str(CHONGQING),
            str(stage.source.certificate_type)[-4:],
            str(report.outcome),
            str(check.reason or ""),
            describe_basis(report),
            expected,
            expected_policy,
        )
    )


def _verify_offline(stage: Stage) -> None:
    """The file alone proves it to whoever knows the log's root: no chain, no Chongqing."""
    region = RegionCode.parse(_SICHUAN)
    shown = parse_evidence(read_document(stage.holder_file)).certificate.fields
    with stage.open(CHONGQING) as workspace:
        evidence = present(workspace, stage.source.chosen[0], list(shown), relying_regions=[region])
    stage.holder_file.write_bytes(evidence.to_json())
    with stage.open(SICHUAN) as workspace:
        workspace.sync_index()
        head = current_head(workspace.index)
        schemas = workspace.schema_versions(stage.source.certificate_type)
        now_unix = max(workspace.now_unix(), head.time_unix)
    policy = replace(VerificationPolicy(relying_region=region), trusted_log=head, schemas=schemas)
    read = parse_evidence(read_document(stage.holder_file))
    report = verify(read, policy, now_unix)
    stage.keep_verdict(
        Verdict(
            "the holder's file alone, with the log's root, no chain",
            str(report.outcome),
            next((str(c.reason) for c in report.checks if c.is_required and c.reason), ""),
            "PASSED",
        ),
        f" by {describe_basis(report)}",
    )
