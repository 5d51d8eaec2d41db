"""One request for one certificate: its fields read as a row's cells are, and what came of it.

A field is named by the schema's property, by the name under which a certificate shows it, or by its
column's title; all that is wrong with a request is told at once, with the codes of rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.actions.issuance.duplicates import EarlierRow, SeenIdentifiers
from ledger.actions.issuance.header import Header
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.row_reader import RowReader
from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.draft import CertificateDraft
from ledger.identifiers import CertificateId, CertificateType, Uscc
from ledger.schemas import CertificateSchema, FieldKind
from ledger.vault.requests import CertificatePlace
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace

LONGEST_REFERENCE = 200
_REFERENCE = re.compile(f"[\\x21-\\x7e]{{1,{LONGEST_REFERENCE}}}", re.ASCII)


class RequestState(StrEnum):
    """pending is stored and will be anchored · issued is anchored and final · refused was given up
    before it was anchored, and may be handed in again."""

    PENDING = "pending"
    ISSUED = "issued"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class IssuanceRequest:
    """What an issuer asks for.

    Attributes:
        reference: the issuer's own, 1 to 200 visible ASCII characters; no personal data. One
            reference stands for one certificate for ever.
        fields: values by name.
        related_certificate_id: the certificate it replaces or continues.
        case_id: of the case whose result it is, 32 bytes.
    """

    issuer: Uscc
    certificate_type: CertificateType
    reference: str
    fields: Mapping[str, object]
    related_certificate_id: CertificateId | None = None
    case_id: bytes | None = None

    def __repr__(self) -> str:
        return f"IssuanceRequest({self.issuer}, {self.reference!r})"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of one field, as `RowError` has it.

    Attributes:
        got: what was there, shortened; empty where it may name a person.
    """

    field: str
    column: str
    code: str
    expected: str
    expected_en: str
    got: str


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that is sealed, stored, anchored and final.

    Attributes:
        anchored_at_unix: when it was issued, by the chain.
        log_index: of the entry that anchored its batch.
        was_issued_before: whether an earlier request had it issued.
        warnings: what was accepted all the same.
    """

    certificate_id: CertificateId
    issuer: Uscc
    certificate_type: CertificateType
    reference: str
    batch_key: bytes
    position: int
    leaf_hash: bytes
    anchored_at_unix: int
    log_index: int
    was_issued_before: bool = False
    warnings: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """How far a request has come.

    Attributes:
        accepted_at_unix: when it was stored, by this node's clock.
        batch_key and those after it: None while it is not known.
    """

    issuer: Uscc
    reference: str
    state: RequestState
    certificate_id: CertificateId
    accepted_at_unix: int
    batch_key: bytes | None = None
    position: int | None = None
    leaf_hash: bytes | None = None
    anchored_at_unix: int | None = None
    log_index: int | None = None


class FieldsMalformedError(MalformedInputError):
    """Fields that do not make a certificate. Attributes: errors: every fault, as JSON has it."""

    default_code = "fields_malformed"

    def __init__(self, faults: Sequence[FieldError]) -> None:
        first = faults[0]
        super().__init__(
            f"{first.field or first.column}: {first.expected_en}"
            + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""),
            field=first.field or None,
        )
        self.faults = tuple(faults)
        self.errors = tuple(
            {name: getattr(fault, name) for name in FieldError.__slots__} for fault in faults
        )


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request's draft, and what was accepted all the same."""

    draft: CertificateDraft
    warnings: tuple[FieldError, ...]


_TOLD_BACK = frozenset({FieldKind.CERTIFICATE_ID, FieldKind.DATE, FieldKind.DATE_OR_LONG_TERM})
"""What an error repeats of a request: nothing that may name a person, since errors go into logs."""


class RequestReader:
    """Reads the requests of one department for one type on one day.

    Args:
        today: the latest date of issue admitted.
    """

    def __init__(self, schema: CertificateSchema, issuer: Uscc, today: date) -> None:
        self.schema = schema
        self.today = today
        positions = {each.property_name: at for at, each in enumerate(schema.fields)}
        header = Header(positions, len(positions))
        self._reader = RowReader(schema, header, issuer=issuer, today=today, seen=_NothingSeen())
        self._names = {each.column: each.property_name for each in schema.fields}
        self._told_back = {each.column for each in schema.fields if each.kind in _TOLD_BACK}
        self._places: dict[str, int] = {}
        for at, each in enumerate(schema.fields):
            names = {each.property_name, each.column}
            if each.draft_field is not None:
                names.add(each.draft_field.value)
            self._places |= dict.fromkeys(names, at)

    def read(self, fields: Mapping[str, object]) -> ReadRequest:
        """The draft of a request.

        Raises:
            FieldsMalformedError: tells every fault.
        """
        cells = [""] * len(self._names)
        filled: set[int] = set()
        faults: list[FieldError] = []
        for name, value in fields.items():
            at = self._places.get(name)
            if at is None:
                faults.append(_unknown(name))
            elif at in filled:
                faults.append(_of(RowErrorCode.DUPLICATE_COLUMN, name, position=len(filled)))
            elif isinstance(value, str):
                filled.add(at)
                cells[at] = value
            elif value is not None:
                filled.add(at)
                faults.append(_not_text(name, value))
        result = self._reader.read(1, cells)
        told = {fault.field for fault in faults}
        if result.errors:
            found = (self._to_fault(error) for error in result.errors)
            faults += [fault for fault in found if fault.field not in told]
        if faults or result.draft is None:
            raise FieldsMalformedError(faults)
        return ReadRequest(result.draft, tuple(map(self._to_fault, result.warnings)))

    def to_cells(self, fields: Mapping[str, str]) -> dict[str, str]:
        """What `read` took, by the columns of a clerk's file."""
        columns = [each.column for each in self.schema.fields]
        return {columns[self._places[name]]: value for name, value in fields.items()}

    def _to_fault(self, error: RowError) -> FieldError:
        return FieldError(
            self._names.get(error.column, ""),
            error.column,
            error.code,
            error.expected_zh,
            error.expected_en,
            error.value if error.column in self._told_back else "",
        )


def parse_reference(text: str) -> str:
    """An issuer's reference. Raises MalformedInputError, code `reference_malformed`."""
    if not _REFERENCE.fullmatch(text):
        raise MalformedInputError(
            f"reference: expected 1 to {LONGEST_REFERENCE} visible ASCII characters, got "
            f"{len(text)} characters",
            code="reference_malformed",
            field="reference",
        )
    return text


def find_request(workspace: Workspace, issuer: Uscc, reference: str) -> RequestStatus:
    """What has become of a request. Asks the vault alone.

    Raises:
        NotFoundError: code `request_missing`.
    """
    row = workspace.vault.requests.find(issuer, reference)
    if row is None:
        raise NotFoundError(
            f"no request {reference[:LONGEST_REFERENCE]} of {issuer} was accepted here",
            code="request_missing",
        )
    place = workspace.vault.requests.places([row.identifier]).get(row.identifier)
    if row.batch_state is BatchState.ABANDONED or place is None:
        return RequestStatus(
            issuer,
            reference,
            RequestState.REFUSED,
            CertificateId.parse(row.identifier),
            row.accepted_at_unix,
        )
    is_issued = place.batch_state is BatchState.ANCHORED
    return RequestStatus(
        issuer,
        reference,
        RequestState.ISSUED if is_issued else RequestState.PENDING,
        CertificateId.parse(row.identifier),
        row.accepted_at_unix,
        place.batch_key,
        place.position,
        place.leaf_hash,
        place.anchored_at_unix,
        place.log_index,
    )


def to_issued(
    request: IssuanceRequest, read: ReadRequest, place: CertificatePlace
) -> IssuedCertificate:
    """The answer to a request whose certificate was anchored before."""
    assert place.anchored_at_unix is not None  # noqa: S101 - for the type checker
    assert place.log_index is not None  # noqa: S101 - likewise
    return IssuedCertificate(
        read.draft.certificate_id,
        request.issuer,
        request.certificate_type,
        request.reference,
        place.batch_key,
        place.position,
        place.leaf_hash,
        place.anchored_at_unix,
        place.log_index,
        was_issued_before=True,
        warnings=read.warnings,
    )


class _NothingSeen(SeenIdentifiers):
    """Requests are compared with what the vault has, not with each other."""

    def __init__(self) -> None:
        pass

    def remember(self, *_: object) -> EarlierRow | None:
        return None


def _of(code: RowErrorCode, name: str, got: str = "", **details: object) -> FieldError:
    error = RowError.of(code, 1, name, got, **details)
    return FieldError(name, name, code, error.expected_zh, error.expected_en, error.value)


def _unknown(name: str) -> FieldError:
    name = name[:LONGEST_REFERENCE]
    return FieldError(
        name,
        "",
        RowErrorCode.UNKNOWN_COLUMN,
        "本证照类型没有此字段",
        "This certificate type has no such field",
        "",
    )


def _not_text(name: str, value: object) -> FieldError:
    return FieldError(name, "", "not_text", "应为文本", "Expected text", type(value).__name__)
