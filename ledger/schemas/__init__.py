"""What each type of certificate says: one JSON Schema (2020-12) a type, named `<type>.json`.

The file is what departments agree on, so the catalogue names it by the SHA-256 of its exact bytes.
"""

from __future__ import annotations

from ledger.schemas.certificate_schema import (
    CertificateSchema,
    DraftField,
    FieldKind,
    SchemaField,
    load_schema,
    parse_schema,
)
from ledger.schemas.known_types import find_type, list_types, load_versions, name_version
from ledger.schemas.status_codes import StatusCode, find_status_code

__all__ = [
    "CertificateSchema",
    "DraftField",
    "FieldKind",
    "SchemaField",
    "StatusCode",
    "find_status_code",
    "find_type",
    "list_types",
    "load_schema",
    "load_versions",
    "name_version",
    "parse_schema",
]
