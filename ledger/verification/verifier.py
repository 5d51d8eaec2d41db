"""Judging certificates. Pure: no input or output, no clock; equal arguments give equal reports."""

from __future__ import annotations

from functools import lru_cache

from ledger.errors import MalformedInputError
from ledger.formats.evidence import Evidence, parse_evidence
from ledger.verification.authenticity import (
    check_anchored,
    check_catalogue,
    check_seal_signature,
    check_well_formed,
    is_catalogue_required,
)
from ledger.verification.case import Case
from ledger.verification.finding import Finding, Outcome, failed, indeterminate
from ledger.verification.holder_binding import check_holder_binding
from ledger.verification.policy import VerificationPolicy
from ledger.verification.reasons import Reason
from ledger.verification.reliance import (
    check_freshness,
    check_recognition,
    check_status,
    check_validity_period,
)
from ledger.verification.report import (
    CHECK_NAMES,
    RELIANCE,
    CheckName,
    Presentation,
    Report,
    compute_outcome,
    make_check,
)
from ledger.verification.standing import check_issuer, check_signing_certificate


def verify(evidence: Evidence, policy: VerificationPolicy, now_unix: int) -> Report:
    """Judge a certificate by the evidence offered.

     1. It is well-formed: one accepted encoding, known algorithms, every disclosure signed.
     2. Its seal is the signature of the key in its signing certificate.
     3. That signing certificate leads to the root its region had registered, is the issuer's
        registered one, and was in validity when the batch was anchored.
     4. The issuer was then registered and mandated, its key in force and, by the newest record,
        not compromised.
     5. It is anchored: its leaf is in the batch that it names at the place that it names, that
        batch is in the trusted log under the same issuer and type, and it was not sealed later.
     6. Its type was in the catalogue when anchored, and what is shown fits that version's schema.
     7. The as-of time lies within its own validity.
     8. The ledger had it as valid at the as-of time.
     9. The relying region recognised it then: as of its own province, as of a national type, or by
        the policy that the report cites.
    10. Every fact this rests on is recent enough.
    11. Its holder is bound to this presentation, where that is asked for.

    Every check runs, whatever the ones before it found, as far as its own evidence goes.

    Args:
        evidence: certificate and proofs.
        policy: what is asked, and the log that is trusted.
        now_unix: the time of verifying.

    Returns:
        The report; a certificate that does not pass is an answer and raises nothing.
    """
    case = Case.open(evidence, policy, now_unix)
    findings = (
        check_well_formed(case),  # 1
        check_seal_signature(case),  # 2
        case.explain_missing_facts(check_signing_certificate(case.standing)),  # 3
        case.explain_missing_facts(check_issuer(case.standing)),  # 4
        check_anchored(case),  # 5
        case.explain_missing_facts(check_catalogue(case)),  # 6
        check_validity_period(case),  # 7
        case.explain_missing_facts(check_status(case)),  # 8
        case.explain_missing_facts(check_recognition(case)),  # 9
        case.explain_missing_facts(check_freshness(case)),  # 10
        check_holder_binding(case),  # 11
    )
    return _compose(findings, policy, now_unix, case)


def verify_document(data: bytes, policy: VerificationPolicy, now_unix: int) -> Report:
    """Judge an evidence document as it came in.

    Args:
        data: the bytes of a `.zhenglian.json`.
        policy: what is asked, and the log that is trusted.
        now_unix: the time of verifying.

    Returns:
        The report; for what cannot be read, one whose first check failed with the error's code.
    """
    try:
        evidence = parse_evidence(data)
    except MalformedInputError as error:
        return report_malformed(error, policy, now_unix)
    return verify(evidence, policy, now_unix)


def report_malformed(
    error: MalformedInputError, policy: VerificationPolicy, now_unix: int
) -> Report:
    """The report on what could not be read: its first check failed with the error's code."""
    return _compose(_refuse(error), policy, now_unix, None)


def _refuse(error: MalformedInputError) -> tuple[Finding, ...]:
    detail = {"code": error.code, "message": error.message, "field": error.field}
    unreadable = indeterminate(Reason.CERTIFICATE_UNREADABLE)
    return (
        failed(Reason.NOT_WELL_FORMED, detail),
        *(unreadable for _ in range(len(CHECK_NAMES) - 1)),
    )


def _compose(
    findings: tuple[Finding, ...], policy: VerificationPolicy, now_unix: int, case: Case | None
) -> Report:
    required = _find_required(
        policy.required,
        is_recognition=policy.relying_region is not None,
        is_catalogue=case is not None and is_catalogue_required(case),
        is_binding=case is not None and case.certificate.key_binding is not None,
    )
    checks = [
        make_check((name, is_required, *found))
        for name, is_required, found in zip(CHECK_NAMES, required, findings, strict=True)
    ]
    outcomes = tuple([found.outcome for found in findings])
    outcome, authenticity, reliance = _compute_outcomes(required, outcomes)
    is_bound = outcomes[-1] is Outcome.PASSED  # holder binding is the last
    return Report(
        outcome=outcome,
        authenticity=authenticity,
        reliance=reliance,
        policy_version=policy.version,
        verified_at_unix=now_unix,
        as_of_unix=now_unix if policy.as_of_unix is None else policy.as_of_unix,
        trusted_log=policy.trusted_log,
        certificate=None if case is None else case.certificate,
        anchored_at_unix=case.anchoring.fact.time_unix if case and case.anchoring else None,
        presentation=Presentation.BOUND if is_bound else Presentation.BEARER,
        checks=tuple(checks),
    )


@lru_cache(maxsize=256)
def _find_required(
    asked: frozenset[CheckName], *, is_recognition: bool, is_catalogue: bool, is_binding: bool
) -> tuple[bool, ...]:
    """Which of the eleven checks must pass."""
    added = {
        CheckName.RECOGNITION: is_recognition,
        CheckName.CATALOGUE: is_catalogue,
        CheckName.HOLDER_BINDING: is_binding,
    }
    return tuple([name in asked or added.get(name, False) for name in CHECK_NAMES])


@lru_cache(maxsize=4096)
def _compute_outcomes(
    required: tuple[bool, ...], outcomes: tuple[Outcome, ...]
) -> tuple[Outcome, Outcome, Outcome]:
    """What follows for the whole, for authenticity and for reliance."""
    rely = RELIANCE
    return (
        compute_outcome(required, outcomes),
        compute_outcome(
            required[: rely.start] + required[rely.stop :],
            outcomes[: rely.start] + outcomes[rely.stop :],
        ),
        compute_outcome(required[rely], outcomes[rely]),
    )
