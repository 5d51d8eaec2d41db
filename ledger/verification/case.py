"""One certificate before the verifier: what was offered, what is asked, and what both imply."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from ledger.formats.certificate import Certificate
from ledger.formats.evidence import BatchProof, Evidence, Fact, LogHead
from ledger.identifiers import CertificateType, RegionCode
from ledger.verification.finding import Finding, indeterminate
from ledger.verification.ledger_view import CACHED_VIEWS, LedgerView, StatusState, open_view
from ledger.verification.policy import VerificationPolicy
from ledger.verification.reasons import Reason
from ledger.verification.recognition import (
    CACHED_RESOLUTIONS,
    RecognitionQuestion,
    Resolution,
    compute_seal_level,
    find_resolution,
)
from ledger.verification.recognition_book import open_book
from ledger.verification.standing import Anchoring, Standing, find_standing


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the checks look at.

    Args:
        certificate: what is judged.
        batch_proof: the proof offered for its place in its batch.
        policy: what is asked.
        now_unix: the time of verifying.
        as_of_unix: the time the verdict is about.
        log_problem: why no fact can be proven at all, None if they can.
        refused_facts: log indexes of facts whose proof does not lead to the trusted log.
        view: the other facts; none if there is no log to prove them by.
        standing: issuer, signing certificate and anchoring by these facts.
        status: the certificate's status at the as-of time by these facts, None if it is not
            anchored.
        recognition: who recognises it for the relying region, None where none is named or the
            issuer is not known.
    """

    certificate: Certificate
    batch_proof: BatchProof | None
    policy: VerificationPolicy
    now_unix: int
    as_of_unix: int
    log_problem: Reason | None
    refused_facts: tuple[int, ...]
    view: LedgerView
    standing: Standing
    status: StatusState | None
    recognition: Resolution | None

    @classmethod
    def open(cls, evidence: Evidence, policy: VerificationPolicy, now_unix: int) -> Self:
        """Prove the facts, and gather what they say."""
        certificate, trusted_log = evidence.certificate, policy.trusted_log
        problem = _compare_heads(evidence.log, trusted_log)
        facts = evidence.facts if problem is None else ()
        is_complete = problem is None and policy.has_complete_facts
        view, refused = _prove(facts, trusted_log, is_complete=is_complete)
        placement = certificate.placement
        standing = find_standing(
            view, certificate.issuer, certificate.type, certificate.x5c, placement.batch_key
        )
        as_of_unix = now_unix if policy.as_of_unix is None else policy.as_of_unix
        status = None
        if standing.anchoring is not None:
            status = view.status(standing.anchoring.fact, placement, as_of_unix)
        return cls(
            certificate=certificate,
            batch_proof=evidence.batch_proof,
            policy=policy,
            now_unix=now_unix,
            as_of_unix=as_of_unix,
            log_problem=problem,
            refused_facts=refused,
            view=view,
            standing=standing,
            status=status,
            recognition=_resolve(certificate, standing, policy, as_of_unix),
        )

    @property
    def anchoring(self) -> Anchoring | None:
        """The entry that anchored the batch."""
        return self.standing.anchoring

    def explain_missing_facts(self, finding: Finding) -> Finding:
        """A finding that lacks facts, with the reason why there are none."""
        if self.log_problem is not None and finding.reason is Reason.MISSING_ANCHORING:
            return indeterminate(self.log_problem)
        return finding


def _resolve(
    certificate: Certificate,
    standing: Standing,
    policy: VerificationPolicy,
    as_of_unix: int,
) -> Resolution | None:
    if policy.relying_region is None:
        return None
    suite = standing.seal_key.key.suite if standing.seal_key is not None else 0
    level = compute_seal_level(certificate, suite)
    return _resolve_once(standing, certificate.type, level, policy.relying_region, as_of_unix)


@lru_cache(maxsize=CACHED_RESOLUTIONS)
def _resolve_once(
    standing: Standing,
    certificate_type: CertificateType,
    seal_level: int,
    relying_region: RegionCode,
    as_of_unix: int,
) -> Resolution | None:
    department = standing.issuing_department
    if department is None or department.region is None or department.member is None:
        return None
    book = open_book(standing.view.facts, is_complete=standing.view.is_complete)
    question = RecognitionQuestion(
        relying_region=relying_region,
        issuing_region=department.region,
        issuing_member=department.member,
        certificate_type=certificate_type,
        seal_level=seal_level,
        at_unix=as_of_unix,
    )
    return find_resolution(book, question)


@lru_cache(maxsize=CACHED_VIEWS)
def _prove(
    facts: tuple[Fact, ...], trusted_log: LogHead | None, *, is_complete: bool
) -> tuple[LedgerView, tuple[int, ...]]:
    """The view on those facts that are proven, and the log indexes of the others; once for the
    certificates of a batch."""
    proven = tuple(
        [fact for fact in facts if _is_proven(fact, trusted_log, is_complete=is_complete)]
    )
    refused = () if len(proven) == len(facts) else {*facts} - {*proven}
    indexes = tuple(sorted([fact.index for fact in refused]))
    return open_view(proven, is_complete=is_complete), indexes


def _is_proven(fact: Fact, trusted_log: LogHead | None, *, is_complete: bool) -> bool:
    if trusted_log is None:
        return False
    if fact.path is None:
        return is_complete and fact.index < trusted_log.size
    return fact.is_included(trusted_log)


def _compare_heads(offered: LogHead | None, trusted: LogHead | None) -> Reason | None:
    if trusted is None:
        return Reason.NO_TRUSTED_LOG
    if offered is None:
        return None
    if offered.ledger_id != trusted.ledger_id:
        return Reason.LEDGER_MISMATCH
    if offered.size != trusted.size:
        return Reason.LOG_HEAD_UNKNOWN
    return None if offered.root == trusted.root else Reason.LOG_ROOT_MISMATCH
