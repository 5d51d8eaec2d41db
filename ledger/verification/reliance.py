"""Checks 7 to 10: whether to rely on the certificate at the as-of time. Each gives a Finding."""

from __future__ import annotations

from ledger.formats.status_list import Status
from ledger.records import StatusChanged
from ledger.verification.case import Case
from ledger.verification.finding import Finding, Outcome, failed, indeterminate, passed
from ledger.verification.ledger_view import StatusState
from ledger.verification.reasons import Reason
from ledger.verification.recognition import Resolution, Step
from ledger.verification.report import CheckName
from ledger.verification.standing import Standing

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
        "status": state.status.name.lower(),
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
    basis = _find_basis(case)
    if basis is not None:
        detail = _describe_question(resolution) | _describe_step(basis)
        return passed(detail, case.anchoring.fact, *basis.facts)
    detail = _describe_question(resolution)
    detail["refused"] = [_describe_step(step) for step in resolution.steps]
    whole = _known_whole_until(case)
    if whole is None:
        return indeterminate(Reason.MISSING_POLICY, detail)
    if case.as_of_unix - whole > case.policy.max_fact_age_s:
        return indeterminate(Reason.STALE, detail)
    refusing = [fact for step in resolution.steps for fact in step.facts]
    return failed(Reason.NOT_RECOGNISED, detail, *refusing)


def _find_basis(case: Case) -> Step | None:
    """What recognises the certificate: the first that is known recently enough, else the first."""
    if case.recognition is None:
        return None
    oldest = case.as_of_unix - case.policy.max_fact_age_s
    bases = case.recognition.bases
    if not case.view.is_complete:
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
    whole = _known_whole_until(case)
    known = _known_until(case.standing, case.status) if whole is None else {"log": whole}
    basis = _find_basis(case)
    if whole is None and basis is not None and basis.known_until_unix is not None:
        known["recognition"] = basis.known_until_unix
    ages: dict[str, int] = {}
    for name, time_unix in known.items():
        if time_unix is None:
            return indeterminate(_MISSING[name])
        ages[name] = max(0, case.as_of_unix - time_unix)
    detail = {"ages_s": ages, "max_age_s": case.policy.max_fact_age_s}
    if max(ages.values()) > case.policy.max_fact_age_s:
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
