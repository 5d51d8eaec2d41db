"""The schema files of a home, read again only when one of them has changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic

from ledger.errors import LedgerError
from ledger.identifiers import CertificateType
from ledger.schemas.certificate_schema import CertificateSchema, load_schema
from ledger.schemas.known_types import load_versions

COMMON_TITLES: Mapping[str, str] = {
    "certificate_number": "证书编号",
    "holder_name": "持证主体名称",
    "holder_code": "持证主体代码",
    "holder_code_type": "持证主体代码类型",
}


class SchemaShelf:
    """Schemas by type, those shipped and those in a directory.

    Args:
        directory: of schema files; it may not exist.
        hold_s: for so long the directory is not looked at again.
    """

    def __init__(self, directory: Path, hold_s: float = 0.0) -> None:
        self._hold_s = hold_s
        self._looked_at = -hold_s
        self._directory = directory
        self._name = str(directory)
        self._state: object = None
        self._versions: dict[CertificateType, dict[bytes, CertificateSchema]] = {}
        self._titles: dict[CertificateType, dict[str, str]] = {}

    def versions(self, certificate_type: CertificateType) -> Mapping[bytes, CertificateSchema]:
        """Every version of a type's schema that is at hand, by its SHA-256.

        Raises:
            MalformedInputError: a file of the type is no schema.
        """
        self._notice_changes()
        found = self._versions.get(certificate_type)
        if found is None:
            found = load_versions(certificate_type, self._directory)
            if found:  # else anybody could fill the shelf with types that there are not
                self._versions[certificate_type] = found
        return found

    def titles(self, certificate_type: CertificateType, names: Iterable[str]) -> dict[str, str]:
        """Chinese titles of fields, by name; a field that no schema knows has its name.

        As of the last `versions`.
        """
        known = self._titles.get(certificate_type)
        if known is None:
            known = read_titles(certificate_type, self._directory)
            if len(known) > len(COMMON_TITLES):
                self._titles[certificate_type] = known
        listed = list(names)
        return dict(zip(listed, map(known.get, listed, listed), strict=True))

    def _notice_changes(self) -> None:
        """A file that comes, goes or is replaced changes its directory."""
        now = monotonic()
        if self._state is not None and now - self._looked_at < self._hold_s:
            return
        self._looked_at = now
        try:
            state = os.stat(self._name).st_mtime_ns  # noqa: PTH116 - three times as quick
        except OSError:
            state = 0
        if state != self._state:
            self._versions, self._titles, self._state = {}, {}, state


def read_titles(certificate_type: CertificateType, directory: Path) -> dict[str, str]:
    """Chinese titles of every field of a type, by the schema it is issued by."""
    titles = dict(COMMON_TITLES)
    try:
        schema = load_schema(certificate_type, directory=directory)
    except LedgerError:
        return titles
    return titles | {
        each.draft_field.value if each.draft_field else each.property_name: each.column
        for each in schema.fields
    }
