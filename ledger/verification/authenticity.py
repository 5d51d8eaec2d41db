"""Checks 1, 2, 5 and 6: whether the certificate is what it claims to be. `standing` has 3 and 4."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from ledger.formats.certificate import compute_batch_key
from ledger.formats.jws import is_es256_signature
from ledger.formats.merkle import verify_inclusion
from ledger.schemas.conformance import find_misfit
from ledger.verification.case import Case
from ledger.verification.finding import Finding, Outcome, failed, indeterminate, passed, weigh
from ledger.verification.policy import ABSENCE_LAG_S, ANCHORING_DELAY_S, CLOCK_SKEW_S
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName
from ledger.verification.standing import Anchoring

_OTHER_LOG: Final = frozenset({Reason.LEDGER_MISMATCH, Reason.LOG_ROOT_MISMATCH})


def check_well_formed(case: Case) -> Finding:
    """1: what reading the document could not see: the chain is two certificates of P-256 keys."""
    error = case.standing.chain_error
    if error is None:
        return passed()
    return failed(
        Reason.NOT_WELL_FORMED,
        {"code": error.code, "message": error.message, "field": error.field},
    )


def check_seal_signature(case: Case) -> Finding:
    """2: the issuer-signed JWT bears the signature of the signing certificate's key."""
    signer = case.standing.chain
    if signer is None:
        return indeterminate(Reason.CERTIFICATE_UNREADABLE)
    certificate = case.certificate
    is_good = is_es256_signature(
        signer.public_key, certificate.signature, certificate.signing_digest
    )
    return passed() if is_good else failed(Reason.SEAL_INVALID)


def check_anchored(case: Case) -> Finding:
    """5: the certificate is in the batch that it names, and that batch is in the log."""
    detail: dict[str, object] = {"batch_key": case.certificate.placement.batch_key.hex()}
    facts = []
    if case.anchoring is not None:
        facts.append(case.anchoring.fact)
        detail["anchored_at_unix"] = case.anchoring.fact.time_unix
    findings = chain(
        _examine_log(case), _examine_proof(case), _examine_anchoring(case, case.anchoring)
    )
    return weigh(findings, passed(detail, *facts))


def _examine_log(case: Case) -> Iterator[Finding]:
    """The facts are in the log that the relying party trusts."""
    problem = case.log_problem
    if problem is not None:
        yield failed(problem) if problem in _OTHER_LOG else indeterminate(problem)
    if case.refused_facts:
        yield failed(Reason.LOG_PROOF_MISMATCH, {"indexes": case.refused_facts})


def _examine_proof(case: Case) -> Iterator[Finding]:
    """The batch proof is for the place that the issuer signed."""
    proof, placement = case.batch_proof, case.certificate.placement
    if proof is None:
        yield indeterminate(Reason.MISSING_BATCH_PROOF)
        return
    if proof.position != placement.position:
        yield failed(
            Reason.POSITION_MISMATCH, {"signed": placement.position, "proven": proof.position}
        )
    proven_key = compute_batch_key(case.certificate.issuer, proof.batch_id)
    if proven_key != placement.batch_key:
        yield failed(
            Reason.BATCH_KEY_MISMATCH,
            {"signed": placement.batch_key.hex(), "proven": proven_key.hex()},
        )


def _examine_anchoring(case: Case, anchoring: Anchoring | None) -> Iterator[Finding]:
    """What was anchored under that batch key is this issuer's batch and holds the leaf."""
    if anchoring is None:
        if case.log_problem is None:
            yield _judge_absence(case)
        return
    certificate, proof = case.certificate, case.batch_proof
    statement, fact = anchoring.statement, anchoring.fact
    if statement.issuer != certificate.issuer:
        yield failed(Reason.ISSUER_MISMATCH, {"anchored": str(statement.issuer)}, fact)
    if statement.certificate_type != certificate.type:
        yield failed(Reason.TYPE_MISMATCH, {"anchored": str(statement.certificate_type)}, fact)
    if proof is not None:
        if proof.batch_id != statement.batch_id:
            yield failed(Reason.BATCH_KEY_MISMATCH, {"anchored": statement.batch_id.hex()}, fact)
        if proof.count != statement.count:
            yield failed(Reason.BATCH_COUNT_MISMATCH, {"anchored": statement.count}, fact)
        if not verify_inclusion(
            certificate.leaf_hash, proof.position, proof.count, proof.path, statement.root
        ):
            yield failed(Reason.PROOF_ROOT_MISMATCH, {"root": statement.root.hex()}, fact)
    if certificate.sealed_at_unix > fact.time_unix + CLOCK_SKEW_S:
        yield failed(
            Reason.ISSUED_AFTER_ANCHORING,
            {"sealed_at_unix": certificate.sealed_at_unix, "anchored_at_unix": fact.time_unix},
            fact,
        )


def _judge_absence(case: Case) -> Finding:
    """What follows from there being no such batch in the log as it is known.

    Nobody knows a log up to this very moment. What was sealed a short while ago may have been
    anchored since the log was last seen; what is said to have been sealed later than now was not.
    """
    log, certificate = case.policy.trusted_log, case.certificate
    if case.view.is_complete and log is not None and log.time_unix < case.now_unix:
        is_of_the_future = certificate.sealed_at_unix > case.now_unix + CLOCK_SKEW_S
        is_old = certificate.sealed_at_unix + ANCHORING_DELAY_S <= log.time_unix
        is_recent = case.now_unix - log.time_unix <= ABSENCE_LAG_S
        if not is_of_the_future and not (is_old and is_recent):
            return indeterminate(
                Reason.NOT_ANCHORED_YET, {"log_time_unix": log.time_unix, "log_size": log.size}
            )
    return case.standing.absent(Reason.MISSING_ANCHORING, Reason.NOT_ANCHORED)


def is_catalogue_required(case: Case) -> bool:
    """Unless the policy asks nothing and it is known that the catalogue had no such type.

    Where somebody else selected the facts, absence is no knowledge: what was left out must not
    make the verdict better.
    """
    is_known_absent = case.view.is_complete and case.standing.type_version is None
    return CheckName.CATALOGUE in case.policy.required or not is_known_absent


def check_catalogue(case: Case) -> Finding:
    """6: the type had a version in the catalogue when the batch was anchored, and the fields that
    are shown fit that version's schema."""
    standing, certificate = case.standing, case.certificate
    version = standing.type_version
    if version is None:
        if not is_catalogue_required(case):
            return Finding(Outcome.NOT_REQUIRED)
        if standing.anchoring is None:
            return indeterminate(Reason.MISSING_ANCHORING)
        return standing.absent(Reason.MISSING_TYPE, Reason.TYPE_NOT_IN_CATALOGUE)
    detail: dict[str, object] = {
        "type": str(certificate.type),
        "version": version.version,
        "schema_hash": version.schema_hash.hex(),
    }
    schema = case.policy.schemas.get(version.schema_hash)
    if schema is None:
        return indeterminate(Reason.SCHEMA_UNKNOWN, detail)
    if schema.type != certificate.type:
        return failed(Reason.SCHEMA_MISMATCH, detail | {"of_type": str(schema.type)}, version.fact)
    misfit = find_misfit(schema, certificate.fields, is_whole=not certificate.hidden_fields)
    if misfit is not None:
        found = {"field": misfit.field, "problem": misfit.problem}
        return failed(Reason.SCHEMA_MISMATCH, detail | found, version.fact)
    return passed(detail, version.fact)
