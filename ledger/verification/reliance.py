"""Checks 7 to 10: whether to rely on the certificate at the as-of time. Each gives a Finding."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ledger.formats.status_list import Status
from ledger.records import StatusChanged
from ledger.verification.case import Case
from ledger.verification.finding import Finding, Outcome, failed, indeterminate, passed
from ledger.verification.ledger_view import StatusState
from ledger.verification.reasons import Reason
from ledger.verification.recognition import CACHED_RESOLUTIONS, Resolution, Step
from ledger.verification.report import CheckName
from ledger.verification.standing import Standing

CACHED_AGES: Final = 64
_STATUS_NAMES: Final = {status: status.name.lower() for status in Status}
_STATUS_REASONS = {
    Status.REVOKED: Reason.CERTIFICATE_REVOKED,
    Status.SUSPENDED: Reason.CERTIFICATE_SUSPENDED,
    Status.SUPERSEDED: Reason.CERTIFICATE_SUPERSEDED,
}


def check_validity_period(case: Case) -> Finding:
    """7: the as-of time lies within the certificate's own validity."""
    begins, ends = case.certificate.valid_from_unix, case.certificate.valid_until_unix
    detail = {"valid_from_unix": begins, "valid_until_unix": ends}
    if case.as_of_unix < begins:
        return failed(Reason.NOT_YET_VALID, detail)
    if ends is not None and case.as_of_unix >= ends:
        return failed(Reason.EXPIRED, detail)
    return passed(detail)


def check_status(case: Case) -> Finding:
    """8: the ledger had the certificate as valid, by what was recorded until the as-of time."""
    if case.anchoring is None or case.status is None:
        return indeterminate(Reason.MISSING_ANCHORING)
    anchoring, state = case.anchoring.fact, case.status
    if case.as_of_unix < anchoring.time_unix:
        return failed(Reason.NOT_YET_ISSUED, {"anchored_at_unix": anchoring.time_unix}, anchoring)
    detail = _describe_status(case, state)
    reason = _STATUS_REASONS.get(state.status)
    if reason is not None:
        return failed(
            reason, detail, anchoring, state.fact, *([state.change] if state.change else [])
        )
    return passed(detail, anchoring, state.fact)


def _describe_status(case: Case, state: StatusState) -> dict[str, object]:
    detail: dict[str, object] = {
        "status": _STATUS_NAMES[state.status],
        "known_until_unix": _known_whole_until(case) or state.known_until_unix,
    }
    if state.change is not None and isinstance(state.change.record, StatusChanged):
        statement = state.change.record.statement
        detail |= {
            "recorded_at_unix": state.change.time_unix,
            "reason_code": statement.reason_code,
            "legal_basis": statement.legal_basis,
            "effective_date": statement.effective_date,
        }
    return detail


def check_recognition(case: Case) -> Finding:
    """9: the relying region recognised such certificates of the issuing region then."""
    if case.policy.relying_region is None:
        if CheckName.RECOGNITION in case.policy.required:
            return indeterminate(Reason.MISSING_RELYING_REGION)
        return Finding(Outcome.NOT_REQUIRED)
    if case.anchoring is None:
        return indeterminate(Reason.MISSING_ANCHORING)
    resolution = case.recognition
    if resolution is None:
        return case.standing.absent(Reason.MISSING_DEPARTMENT, Reason.ISSUER_NOT_REGISTERED)
    return _judge_recognition(
        resolution,
        case.standing,
        _known_whole_until(case),
        case.as_of_unix,
        case.policy.max_fact_age_s,
    )


@lru_cache(maxsize=CACHED_RESOLUTIONS)
def _judge_recognition(
    resolution: Resolution, standing: Standing, whole: int | None, as_of_unix: int, max_age_s: int
) -> Finding:
    """What follows from a resolution, once for the certificates of a batch at one time."""
    basis = _find_basis(resolution, whole, as_of_unix - max_age_s)
    detail = _describe_question(resolution)
    if basis is not None:
        anchoring = [standing.anchoring.fact] if standing.anchoring else []
        return passed(detail | _describe_step(basis), *anchoring, *basis.facts)
    detail["refused"] = [_describe_step(step) for step in resolution.steps]
    if whole is None:
        return indeterminate(Reason.MISSING_POLICY, detail)
    if as_of_unix - whole > max_age_s:
        return indeterminate(Reason.STALE, detail)
    refusing = [fact for step in resolution.steps for fact in step.facts]
    return failed(Reason.NOT_RECOGNISED, detail, *refusing)


def _find_basis(resolution: Resolution, whole: int | None, oldest: int) -> Step | None:
    """What recognises the certificate: the first that is known recently enough, else the first.

    Args:
        whole: until when everything is known, None if that is not so.
        oldest: known until before this is not recently enough.
    """
    bases = resolution.bases
    if whole is None:
        fresh = tuple(
            s for s in bases if s.known_until_unix is None or s.known_until_unix >= oldest
        )
        bases = fresh or bases
    return bases[0] if bases else None


def _describe_question(resolution: Resolution) -> dict[str, object]:
    """Between whom recognition was asked for, and of what."""
    question = resolution.question
    return {
        "relying_region": str(question.relying_region),
        "issuing_region": str(question.issuing_region),
        "issuing_member": str(question.issuing_member),
        "certificate_type": str(question.certificate_type),
        "seal_level": question.seal_level,
    }


def _describe_step(step: Step) -> dict[str, object]:
    """One way of recognition, with everything that identifies the policy's version."""
    detail: dict[str, object] = {"way": step.way, "result": step.result}
    if step.legal_basis is not None:
        detail["legal_basis"] = step.legal_basis
    if (policy := step.policy) is not None:
        detail["policy"] = {
            "relying": str(policy.key.relying),
            "source": str(policy.key.source),
            "certificate_type": policy.key.certificate_type and str(policy.key.certificate_type),
            "version": policy.version,
            "log_index": policy.log_index,
            "minimum_seal_level": policy.minimum_seal_level,
            "valid_from_unix": policy.valid_from_unix,
            "valid_until_unix": policy.valid_until_unix,
            "conditions_hash": policy.conditions_hash.hex(),
            "pact_id": policy.pact_id.hex(),
        }
    return detail


def check_freshness(case: Case) -> Finding:
    """10: what is known of status, department, member, key, mandate and of what recognises the
    certificate is recent enough."""
    if case.status is None:
        return indeterminate(Reason.MISSING_ANCHORING)
    as_of_unix, max_age_s = case.as_of_unix, case.policy.max_fact_age_s
    whole = _known_whole_until(case)
    if whole is not None:
        return _judge_whole_age(max(0, as_of_unix - whole), max_age_s)
    known = _known_until(case.standing, case.status)
    if case.recognition is not None:
        basis = _find_basis(case.recognition, whole, as_of_unix - max_age_s)
        if basis is not None and basis.known_until_unix is not None:
            known["recognition"] = basis.known_until_unix
    ages: dict[str, int] = {}
    for name, time_unix in known.items():
        if time_unix is None:
            return indeterminate(_MISSING[name])
        ages[name] = max(0, as_of_unix - time_unix)
    return _judge_ages(ages, max_age_s)


@lru_cache(maxsize=CACHED_AGES)
def _judge_whole_age(age_s: int, max_age_s: int) -> Finding:
    """Where everything is known until one time."""
    return _judge_ages({"log": age_s}, max_age_s)


def _judge_ages(ages_s: dict[str, int], max_age_s: int) -> Finding:
    detail = {"ages_s": ages_s, "max_age_s": max_age_s}
    if max(ages_s.values()) > max_age_s:
        return indeterminate(Reason.STALE, detail)
    return passed(detail)


_MISSING = {
    "department": Reason.MISSING_DEPARTMENT,
    "member": Reason.MISSING_MEMBER,
    "seal_key": Reason.MISSING_SEAL_KEY,
    "mandate": Reason.MISSING_MANDATE,
}


def _known_whole_until(case: Case) -> int | None:
    """Until when everything is known, if the facts were selected from the whole log."""
    log = case.policy.trusted_log
    return log.time_unix if log is not None and case.view.is_complete else None


def _known_until(standing: Standing, status: StatusState) -> dict[str, int | None]:
    """Until when each subject is known: the time of the newest fact about it."""
    departments, members, mandates = standing.departments, standing.members, standing.mandates
    return {
        "status": status.known_until_unix,
        "department": departments[-1].fact.time_unix if departments else None,
        "member": members[-1].fact.time_unix if members else None,
        "seal_key": standing.seal_key.newest.time_unix if standing.seal_key else None,
        "mandate": mandates[-1].fact.time_unix if mandates else None,
    }
