"""What a certificate that is about to be issued cites, as it was typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhenglian.door import Door

if TYPE_CHECKING:
    from ledger.actions.issuance.outcome import Citation


@dataclass(frozen=True, slots=True)
class Cited:
    """Attributes: case: how its id begins; related: a certificate's identifier; empty for none."""

    case: str
    related: str

    def resolve(self, door: Door) -> Citation | None:
        """What is meant; None where nothing is. Raises NotFoundError, ConflictError,
        MalformedInputError."""
        if not (self.case or self.related):
            return None
        from ledger.actions.cases.papers import resolve_case
        from ledger.actions.issuance.outcome import Citation
        from ledger.identifiers import CertificateId

        return Citation(
            CertificateId.parse(self.related) if self.related else None,
            door.call(resolve_case, self.case) if self.case else None,
        )
