"""Which certificate types there are schema files of, and finding one by the end of its code."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from ledger.errors import ConflictError, NotFoundError
from ledger.identifiers import CertificateType

_SUFFIX = ".json"


def list_types(directory: Path | None = None) -> tuple[CertificateType, ...]:
    """The types with a schema file in `directory` or among those shipped, by code."""
    names = {place.name for place in resources.files(__package__).iterdir()}
    if directory is not None and directory.is_dir():
        names |= {path.name for path in directory.iterdir()}
    stems = sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return tuple(CertificateType.parse(stem) for stem in stems)


def find_type(text: str, directory: Path | None = None) -> CertificateType:
    """A type by its 21 characters, or by the end of its code if only one type ends so.

    >>> str(find_type("W011"))
    '11100000000013338W011'

    Raises:
        NotFoundError: no known type ends so; the message lists those there are.
        ConflictError: several do.
        MalformedInputError: 21 characters that are no type.
    """
    if len(text) == 21:
        return CertificateType.parse(text)
    known = list_types(directory)
    found = [each for each in known if text and each.code.endswith(text.upper())]
    if not found:
        listed = ", ".join(map(str, known))
        raise NotFoundError(
            f"type: expected a code of 21 characters or the end of one of {listed}; got {text!r}",
            code="type_unknown",
            field="type",
        )
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        raise ConflictError(
            f"type: {text!r} is the end of {listed}; give more of it",
            code="type_ambiguous",
            field="type",
        )
    return found[0]
