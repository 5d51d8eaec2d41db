"""Which certificate types there are schema files of, and finding one by the end of its code."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from ledger.errors import ConflictError, NotFoundError
from ledger.identifiers import CertificateType
from ledger.schemas.certificate_schema import CertificateSchema, parse_schema

_SUFFIX = ".json"
_NAME_DIGITS = 16


def list_types(directory: Path | None = None) -> tuple[CertificateType, ...]:
    """The types with a schema file in `directory` or among those shipped, by code."""
    names = {place.name for place in resources.files(__package__).iterdir()}
    if directory is not None and directory.is_dir():
        names |= {path.name for path in directory.iterdir()}
    stems = sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    stems = [stem for stem in stems if "." not in stem]  # the others are kept versions
    return tuple(CertificateType.parse(stem) for stem in stems)


def name_version(schema: CertificateSchema) -> str:
    """File name under which a home keeps one version of a schema beside the one it issues by."""
    return f"{schema.type}.{schema.schema_hash.hex()[:_NAME_DIGITS]}{_SUFFIX}"


def load_versions(
    certificate_type: CertificateType, directory: Path | None = None
) -> dict[bytes, CertificateSchema]:
    """Every version of a type's schema that is at hand, by its SHA-256.

    Raises:
        MalformedInputError: a file of the type is no schema.
    """
    files = [resources.files(__package__) / f"{certificate_type}{_SUFFIX}"]
    if directory is not None:
        files += [directory / f"{certificate_type}{_SUFFIX}"]
        files += sorted(directory.glob(f"{certificate_type}.*{_SUFFIX}"))
    schemas = [parse_schema(file.read_bytes()) for file in files if file.is_file()]
    return {schema.schema_hash: schema for schema in schemas}


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
