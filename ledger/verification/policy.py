"""What a relying party asks of a certificate, and what it itself holds true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ledger.formats.evidence import LogHead
from ledger.identifiers import RegionCode
from ledger.schemas import CertificateSchema
from ledger.verification.report import CheckName

POLICY_VERSION: Final = "zhenglian-policy/1"
CLOCK_SKEW_S: Final = 300
"""How far clocks of issuers and holders may run ahead of the ledger's and the verifier's."""

ANCHORING_DELAY_S: Final = 3_600
"""How long after its sealing a certificate is usually anchored at the latest: the time for which a
batch statement holds."""

ABSENCE_LAG_S: Final = 300
"""How old the known log may be for an absence in it to count against an older certificate."""

DEFAULT_REQUIRED: Final = frozenset(CheckName) - {
    CheckName.CATALOGUE,
    CheckName.RECOGNITION,
    CheckName.HOLDER_BINDING,
}


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """The rules of one verdict.

    Args:
        version: name of the rules, cited in the report.
        required: checks that must pass. The catalogue is added unless it is known that it had no
            such type at the anchoring, recognition when a relying region is named, holder binding
            when the presentation carries a key binding.
        as_of_unix: time the verdict is about, None for the time of verifying.
        relying_region: region for which the certificate must be recognised.
        max_fact_age_s: how old knowledge of status, key, mandate, department, member and of what
            recognises the certificate may be.
        trusted_log: the log as the relying party knows it to be, from its own node or from a
            checkpoint it checked.
        has_complete_facts: whether the facts were selected by the relying party from the whole
            log up to `trusted_log`. Then that a fact is absent is knowledge; otherwise each fact
            speaks only as of its own time.
        audience: region to which a key binding must be addressed.
        nonce: what a key binding must repeat, None if nothing was asked.
        schemas: the schemas of types that are at hand, by their SHA-256.
    """

    version: str = POLICY_VERSION
    required: frozenset[CheckName] = DEFAULT_REQUIRED
    as_of_unix: int | None = None
    relying_region: RegionCode | None = None
    max_fact_age_s: int = 86_400
    trusted_log: LogHead | None = None
    has_complete_facts: bool = False
    audience: RegionCode | None = None
    nonce: str | None = None
    schemas: Mapping[bytes, CertificateSchema] = field(default_factory=dict)


DEFAULT_POLICY: Final = VerificationPolicy()
