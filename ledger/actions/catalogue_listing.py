"""What the log tells of the catalogue: types with their versions, and matters with theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ledger.errors import NotFoundError
from ledger.identifiers import CertificateType, ItemCode, MemberId, Uscc
from ledger.index.store import IndexStore
from ledger.records import (
    EVENTS_BY_TOPIC,
    MatterDefined,
    MatterStep,
    NationalTypeChanged,
    TypeDefined,
)


@dataclass(frozen=True, slots=True)
class TypeVersion:
    """One version of a type."""

    version: int
    name: str
    schema_hash: bytes
    member: MemberId
    recorded_at_unix: int
    log_index: int


@dataclass(frozen=True, slots=True)
class CataloguedType:
    """A type with all its versions, the newest last.

    Attributes:
        legal_basis: of its being national or no longer so; empty if that was never voted on.
    """

    certificate_type: CertificateType
    versions: tuple[TypeVersion, ...]
    is_national: bool = False
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class MatterVersion:
    """One version of a matter. Attributes: statutory_days, promised_days: working days."""

    version: int
    name: str
    definition_hash: bytes
    statutory_days: int
    promised_days: int
    steps: tuple[MatterStep, ...]
    required_types: tuple[CertificateType, ...]
    result_types: tuple[CertificateType, ...]
    recorded_at_unix: int
    log_index: int

    @property
    def is_ended(self) -> bool:
        """Whether this version ends the matter: no case may cite it."""
        return not self.steps


@dataclass(frozen=True, slots=True)
class CataloguedMatter:
    """A matter with all its versions, the newest last."""

    item_code: ItemCode
    department: Uscc
    versions: tuple[MatterVersion, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything the catalogue has, by code."""

    types: tuple[CataloguedType, ...]
    matters: tuple[CataloguedMatter, ...]


def read_catalogue(index: IndexStore) -> Catalogue:
    """The catalogue by the log, as far as the index has read it."""
    types: dict[CertificateType, CataloguedType] = {}
    matters: dict[ItemCode, CataloguedMatter] = {}
    for row in index.entries_of_kind(*_TOPICS):
        if row.payload is None:
            continue
        match EVENTS_BY_TOPIC[row.kind].decode_payload(row.payload):
            case TypeDefined(statement=told):
                version = TypeVersion(
                    told.version,
                    told.name,
                    told.schema_hash,
                    told.member,
                    row.time_unix,
                    row.entry_index,
                )
                before = types.get(told.certificate_type)
                types[told.certificate_type] = (
                    CataloguedType(told.certificate_type, (version,))
                    if before is None
                    else replace(before, versions=(*before.versions, version))
                )
            case NationalTypeChanged(change=change) if change.certificate_type in types:
                types[change.certificate_type] = replace(
                    types[change.certificate_type],
                    is_national=change.is_national,
                    legal_basis=change.legal_basis,
                )
            case MatterDefined(statement=sealed):
                of_matter = matters.get(sealed.item_code)
                earlier = () if of_matter is None else of_matter.versions
                newest = MatterVersion(
                    sealed.version,
                    sealed.name,
                    sealed.definition_hash,
                    sealed.statutory_days,
                    sealed.promised_days,
                    sealed.steps,
                    sealed.required_types,
                    sealed.result_types,
                    row.time_unix,
                    row.entry_index,
                )
                matters[sealed.item_code] = CataloguedMatter(
                    sealed.item_code, sealed.department, (*earlier, newest)
                )
    return Catalogue(
        tuple(types[code] for code in sorted(types)),
        tuple(matters[code] for code in sorted(matters)),
    )


def find_catalogued_type(index: IndexStore, certificate_type: CertificateType) -> CataloguedType:
    """Raises NotFoundError: type_not_catalogued."""
    for each in read_catalogue(index).types:
        if each.certificate_type == certificate_type:
            return each
    raise NotFoundError(
        f"the catalogue has no type {certificate_type}; its authority defines it with "
        "`zhenglian catalogue define-type`",
        code="type_not_catalogued",
        field="type",
    )


def find_matter(index: IndexStore, item_code: ItemCode) -> CataloguedMatter:
    """Raises NotFoundError: matter_not_catalogued."""
    for each in read_catalogue(index).matters:
        if each.item_code == item_code:
            return each
    raise NotFoundError(
        f"the catalogue has no matter {item_code}; its department defines it with "
        "`zhenglian catalogue define-matter`",
        code="matter_not_catalogued",
        field="item_code",
    )


def find_matter_version(
    index: IndexStore, item_code: ItemCode, version: int | None = None
) -> MatterVersion:
    """A version of a matter, by default the newest. Raises NotFoundError: matter_not_catalogued."""
    matter = find_matter(index, item_code)
    if version is None:
        return matter.versions[-1]
    for each in matter.versions:
        if each.version == version:
            return each
    raise NotFoundError(
        f"{item_code} has no version {version}; it has {len(matter.versions)}",
        code="matter_not_catalogued",
        field="version",
    )


_TOPICS = (TypeDefined.TOPIC, NationalTypeChanged.TOPIC, MatterDefined.TOPIC)
