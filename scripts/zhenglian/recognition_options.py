"""Options that policies and pacts have in common, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.session import Session
from zhenglian.times import parse_end_of_day, parse_first_moment

if TYPE_CHECKING:
    from ledger.actions.recognition import Terms
    from ledger.identifiers import CertificateType

SealLevelOption = Annotated[
    int,
    typer.Option(
        "--seal-level", min=1, max=3, help="1 seal key, 2 also a sealed OFD or PDF, 3 SM2 seal."
    ),
]
EndOption = Annotated[
    str, typer.Option("--until", metavar="DATE", help="Last day; by default without end.")
]
ConditionsOption = Annotated[
    Path | None,
    typer.Option(
        "--conditions", metavar="FILE", help="Conditions in words; their SHA-256 is recorded."
    ),
]


def make_terms(seal_level: int, begins: str, ends: str, conditions: Path | None) -> Terms:
    """What the options describe.

    Raises:
        MalformedInputError: a date is none. NotFoundError: the conditions cannot be read.
    """
    from hashlib import sha256

    from ledger.actions.authority import NO_END_UNIX
    from ledger.actions.recognition import NO_CONDITIONS, Terms
    from ledger.errors import NotFoundError

    digest = NO_CONDITIONS
    if conditions is not None:
        try:
            digest = sha256(conditions.read_bytes()).digest()
        except OSError as error:
            raise NotFoundError(
                f"conditions: {conditions} cannot be read: {error.strerror}", field="conditions"
            ) from error
    return Terms(
        seal_level,
        parse_first_moment(begins, "from") if begins else None,
        parse_end_of_day(ends, "until") if ends else NO_END_UNIX,
        digest,
    )


def pick_type(session: Session, text: str) -> CertificateType:
    """A certificate type by its code or the end of it. Raises NotFoundError, ConflictError."""
    from ledger.schemas import find_type

    return find_type(text, session.schemas)
