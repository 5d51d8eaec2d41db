"""The verdict: ordered checks, each with outcome and reason, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple, TypeAlias

import orjson

from ledger.formats.certificate import Certificate
from ledger.formats.evidence import LogHead
from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason

REPORT_FORMAT: Final = "zhenglian-report/1"


class CheckName(StrEnum):
    """The checks in the order of the plan."""

    WELL_FORMED = "well_formed"
    SEAL_SIGNATURE = "seal_signature"
    SIGNING_CERTIFICATE = "signing_certificate"
    ISSUER = "issuer"
    ANCHORED = "anchored"
    CATALOGUE = "catalogue"
    VALIDITY_PERIOD = "validity_period"
    STATUS = "status"
    RECOGNITION = "recognition"
    FRESHNESS = "freshness"
    HOLDER_BINDING = "holder_binding"

    __hash__ = str.__hash__  # as quick as a text's: every report asks it dozens of times

    @property
    def number(self) -> int:
        """Its number in the plan, from 1."""
        return _NUMBERS[self]


CHECK_NAMES: Final = tuple(CheckName)
_NUMBERS: Final = {name: number for number, name in enumerate(CHECK_NAMES, 1)}

RELIANCE: Final = slice(CheckName.VALIDITY_PERIOD.number - 1, CheckName.FRESHNESS.number)
"""Where the checks of relying on the certificate stand among the eleven. The others are of its
authenticity: whether it is what it claims to be."""


class Presentation(StrEnum):
    """Whether the holder showed, for this occasion, to own the certificate's key."""

    BOUND = "bound"
    BEARER = "bearer"


class Check(NamedTuple):
    """A finding under its name. Only a required check moves the verdict."""

    name: CheckName
    is_required: bool
    outcome: Outcome
    reason: Reason | None
    detail: Mapping[str, object]
    evidence: tuple[int, ...]


_Parts: TypeAlias = tuple[
    CheckName, bool, Outcome, Reason | None, Mapping[str, object], tuple[int, ...]
]
make_check: Callable[[_Parts], Check] = partial(tuple.__new__, Check)
"""As `Check(*parts)`, which is a call of a function in Python for each of the eleven."""


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict: never without a time, a policy and reasons.

    Args:
        outcome: PASSED if every required check passed, FAILED if one failed, else INDETERMINATE.
        authenticity: the same over the checks of authenticity.
        reliance: the same over the others.
        policy_version: which rules were applied.
        verified_at_unix: when.
        as_of_unix: the time the verdict speaks of.
        trusted_log: the log the verdict rests on, None if none was trusted.
        certificate: what was judged, None if it could not be read.
        anchored_at_unix: when it was issued: the time of the log entry that anchored its batch.
        presentation: bound to its holder, or shown by a bearer.
        checks: all eleven, in order.
    """

    outcome: Outcome
    authenticity: Outcome
    reliance: Outcome
    policy_version: str
    verified_at_unix: int
    as_of_unix: int
    trusted_log: LogHead | None
    certificate: Certificate | None
    anchored_at_unix: int | None
    presentation: Presentation
    checks: tuple[Check, ...]

    def check(self, name: CheckName) -> Check:
        """One check by name."""
        return self.checks[name.number - 1]

    def to_document(self) -> dict[str, object]:
        """The report as values that JSON has, shown fields included."""
        return self.summarise() | {
            "checks": [
                {
                    "number": check.name.number,
                    "name": check.name,
                    "required": check.is_required,
                    "outcome": check.outcome,
                    "reason": check.reason,
                    "detail": check.detail,
                    "evidence": check.evidence,
                }
                for check in self.checks
            ],
        }

    def summarise(self) -> dict[str, object]:
        """The document without its checks."""
        log = None
        if self.trusted_log is not None:
            log = {
                "ledger_id": self.trusted_log.ledger_id.hex(),
                "size": self.trusted_log.size,
                "time_unix": self.trusted_log.time_unix,
            }
        return {
            "format": REPORT_FORMAT,
            "outcome": self.outcome,
            "authenticity": self.authenticity,
            "reliance": self.reliance,
            "policy_version": self.policy_version,
            "verified_at_unix": self.verified_at_unix,
            "as_of_unix": self.as_of_unix,
            "log": log,
            "certificate": self.certificate and _describe(self.certificate),
            "anchored_at_unix": self.anchored_at_unix,
            "presentation": self.presentation,
        }

    def to_json(self) -> bytes:
        """The report as a JSON document."""
        return orjson.dumps(self.to_document())


def compute_outcome(required: Iterable[bool], outcomes: Iterable[Outcome]) -> Outcome:
    """What follows from the outcomes of those checks that are required, by their places;
    NOT_REQUIRED if none is."""
    weighed = [found for is_required, found in zip(required, outcomes, strict=True) if is_required]
    if Outcome.FAILED in weighed:
        return Outcome.FAILED
    if Outcome.INDETERMINATE in weighed:
        return Outcome.INDETERMINATE
    return Outcome.PASSED if weighed else Outcome.NOT_REQUIRED


def _describe(certificate: Certificate) -> dict[str, object]:
    related, document = certificate.related_certificate_id, certificate.document
    return {
        "certificate_id": str(certificate.certificate_id),
        "certificate_type": str(certificate.type),
        "certificate_name": certificate.certificate_name,
        "issuer": str(certificate.issuer),
        "issuer_name": certificate.issuer_name,
        "issued_on": certificate.issued_on.isoformat(),
        "valid_from_unix": certificate.valid_from_unix,
        "valid_until_unix": certificate.valid_until_unix,
        "batch_key": certificate.placement.batch_key.hex(),
        "position": certificate.placement.position,
        "related_certificate_id": related and str(related),
        "case_id": certificate.case_id and certificate.case_id.hex(),
        "document": document
        and {
            "format": document.format,
            "algorithm": document.algorithm,
            "digest": document.digest,
        },
        "fields": certificate.fields,
        "hidden_fields": certificate.hidden_fields,
    }
