"""Definitions of service matters (事项标准): what a department asks, decides and promises.

A definition is a JSON document beside the ledger; the catalogue keeps the SHA-256 of its canonical
form (RFC 8785) and what contracts need of it. A published version never changes. The names of its
members are in docs/spec/catalogue.md. Numbers of days are working days unless a name says
otherwise. Source of the terms: GB/T 39554.1 and 国办发〔2020〕35号, as far as public papers give
them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NoReturn, TypeVar

import rfc8785

from ledger.errors import MalformedInputError
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object
from ledger.identifiers import CertificateType, ItemCode, Uscc
from ledger.records import MatterStatement, MatterStep, StepRule

MATTER_FORMAT: Final = "zhenglian-matter/1"
MAX_DEFINITION_BYTES: Final = 1 << 20
_MAX_STEPS, _MAX_DECIDERS, _MAX_REQUIRED, _MAX_RESULTS, _MAX_LISTED = 16, 16, 32, 8, 64
_MAX_DAYS: Final = 0xFFFF
_MAX_SEAL_LEVEL: Final = 0xFF
_SHOWN_CHARACTERS = 40
_MEMBERS = frozenset(
    {
        *("format", "comment", "itemCode", "version", "name", "conditions", "channels"),
        *("acceptanceModes", "steps", "statutoryDays", "promisedDays", "delivery", "fee"),
        *("requiredTypes", "materials", "resultTypes"),
    }
)
_STEP_MEMBERS = frozenset({"name", "rule", "threshold", "deciders", "named", "vetoes", "limitDays"})
_REQUIRED_MEMBERS = frozenset(
    {"type", "replaces", "holder", "maximumAgeDays", "minimumSealLevel", "isOptional"}
)
_RULES = {"all": StepRule.ALL, "threshold": StepRule.THRESHOLD, "ordered": StepRule.ORDERED}

_T = TypeVar("_T", bound=StrEnum)
_V = TypeVar("_V")


class ApplicationChannel(StrEnum):
    """申报方式: by what an application comes in."""

    PC = "pc"
    MOBILE = "mobile"
    KIOSK = "kiosk"
    WINDOW = "window"


class AcceptanceMode(StrEnum):
    """受理模式 (国办发〔2020〕35号): wholly online, through a window elsewhere, or jointly."""

    ONLINE = "online"
    PROXY = "proxy"
    JOINT = "joint"


class Delivery(StrEnum):
    """发证方式: how the result reaches the applicant."""

    ELECTRONIC = "electronic"
    WINDOW = "window"
    POST = "post"


class HolderRule(StrEnum):
    """Whose certificate a material must be."""

    APPLICANT = "applicant"
    DELEGATION = "delegation"  # the applicant's, or another's under a recorded delegation
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Fee:
    """收费标准: what is charged, in hundredths of a yuan, and on what basis; 0 for nothing."""

    amount_fen: int
    basis: str


@dataclass(frozen=True, slots=True)
class RequiredCertificate:
    """A certificate that replaces a material (免提交), with the rules it must meet.

    Args:
        type: of the certificate.
        replaces: the material that need not be handed in.
        holder: whose it must be.
        maximum_age_days: calendar days since it was issued, None for any.
        minimum_seal_level: of the issuer's seal, 0 for any.
        is_optional: whether an application without it is complete.
    """

    type: CertificateType
    replaces: str
    holder: HolderRule
    maximum_age_days: int | None
    minimum_seal_level: int
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Material:
    """A material that no certificate replaces."""

    name: str
    is_optional: bool


@dataclass(frozen=True, slots=True)
class MatterDefinition:
    """One version of a matter. The document's hash is what the catalogue keeps.

    Args:
        comment: where it comes from; says so if it is synthetic.
        conditions: 申请条件.
        steps: 审核程序, as the catalogue has them.
        statutory_days: 法定时限.
        promised_days: 承诺时限, at most the statutory.
        document: its canonical JSON (RFC 8785).
    """

    item_code: ItemCode
    version: int
    name: str
    comment: str
    conditions: tuple[str, ...]
    channels: tuple[ApplicationChannel, ...]
    acceptance_modes: tuple[AcceptanceMode, ...]
    steps: tuple[MatterStep, ...]
    statutory_days: int
    promised_days: int
    delivery: tuple[Delivery, ...]
    fee: Fee
    required: tuple[RequiredCertificate, ...]
    materials: tuple[Material, ...]
    result_types: tuple[CertificateType, ...]
    document: bytes = field(repr=False)

    @property
    def definition_hash(self) -> bytes:
        """SHA-256 of the canonical document."""
        return hashlib.sha256(self.document).digest()

    def to_statement(self, key_id: bytes) -> MatterStatement:
        """What the matter's department seals to put this version into the catalogue.

        Args:
            key_id: of the department's seal key.
        """
        return MatterStatement(
            department=self.item_code.department,
            key_id=key_id,
            item_code=self.item_code,
            version=self.version,
            definition_hash=self.definition_hash,
            statutory_days=self.statutory_days,
            promised_days=self.promised_days,
            name=self.name,
            steps=self.steps,
            required_types=tuple(each.type for each in self.required),
            result_types=self.result_types,
        )


class _Member(JsonObject):
    """Definitions hold nothing personal, so that a refusal may say what was there."""

    __slots__ = ()

    def refuse(self, name: str, expected: str) -> NoReturn:
        if name not in self.value:
            super().refuse(name, f"{expected}; it is missing")
        shown = str(self.value[name])
        got = shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
        super().refuse(name, f"{expected}; got {got!r}")

    def bytes_text(self, name: str, max_bytes: int) -> str:
        """A text that a contract keeps, bounded in bytes of UTF-8."""
        text = self.text(name, max_bytes)
        if len(text.encode()) > max_bytes:
            self.refuse(name, f"a text of 1 to {max_bytes} bytes of UTF-8")
        return text

    def positive(self, name: str, highest: int = _MAX_DAYS) -> int:
        """A whole number from 1."""
        number = self.integer(name, highest)
        if number == 0:
            self.refuse(name, f"a whole number from 1 to {highest}")
        return number

    def flag(self, name: str) -> bool:
        """True or false; absent is false."""
        value = self.value.get(name, False)
        if not isinstance(value, bool):
            self.refuse(name, "true or false")
        return value

    def texts(self, name: str, max_items: int, *, min_items: int = 0) -> tuple[str, ...]:
        """An array of texts, each once."""
        value = self.value.get(name)
        if (
            not isinstance(value, list)
            or not min_items <= len(value) <= max_items
            or not all(isinstance(item, str) and item for item in value)
            or len(set(value)) != len(value)
        ):
            self.refuse(name, f"an array of {min_items} to {max_items} different texts")
        return tuple(value)

    def choices(self, name: str, kind: type[_T]) -> tuple[_T, ...]:
        """An array of one or more of the choices, each once."""
        try:
            return tuple(map(kind, self.texts(name, len(kind), min_items=1)))
        except ValueError:
            self.refuse(name, f"some of {', '.join(kind)}")

    def choice(self, name: str, kind: type[_T]) -> _T:
        try:
            return kind(self.text(name))
        except ValueError:
            self.refuse(name, f"one of {', '.join(kind)}")

    def parsed(self, name: str, parse: Callable[[str], _V]) -> _V:
        """A text that is read further; a refusal names this member."""
        return self._parse(name, parse, self.text(name))

    def all_parsed(self, name: str, parse: Callable[[str], _V], max_items: int) -> tuple[_V, ...]:
        """An array of such texts."""
        return tuple([self._parse(name, parse, text) for text in self.texts(name, max_items)])

    def _parse(self, name: str, parse: Callable[[str], _V], text: str) -> _V:
        try:
            return parse(text)
        except MalformedInputError as error:
            self.refuse(name, error.message)

    def require_distinct(self, name: str, values: list[str]) -> None:
        if len(set(values)) != len(values):
            self.refuse(name, "no two of the same name")


def parse_matter(data: bytes) -> MatterDefinition:
    """Read a definition; its spelling is free, its canonical form is what counts.

    Raises:
        MalformedInputError: `field` is the path of the member at fault, such as
            "steps[1].threshold"; the message says what was expected and what was there. Also
            definition_too_large and the codes of `parse_json_object`.
    """
    if len(data) > MAX_DEFINITION_BYTES:
        raise MalformedInputError(
            f"definition: expected at most {MAX_DEFINITION_BYTES} bytes, got {len(data)}",
            code="definition_too_large",
            field="definition",
        )
    tree = parse_json_object(data, "definition")
    root = _Member(tree)
    root.require_only(_MEMBERS)
    if root.text("format") != MATTER_FORMAT:
        root.refuse("format", MATTER_FORMAT)
    statutory = root.positive("statutoryDays")
    if (promised := root.positive("promisedDays")) > statutory:
        root.refuse("promisedDays", f"at most the {statutory} of statutoryDays")
    return MatterDefinition(
        item_code=root.parsed("itemCode", ItemCode.parse),
        version=root.positive("version", 0xFFFFFFFF),
        name=root.bytes_text("name", 256),
        comment=root.text("comment") if "comment" in root else "",
        conditions=root.texts("conditions", _MAX_LISTED),
        channels=root.choices("channels", ApplicationChannel),
        acceptance_modes=root.choices("acceptanceModes", AcceptanceMode),
        steps=_read_steps(root),
        statutory_days=statutory,
        promised_days=promised,
        delivery=root.choices("delivery", Delivery),
        fee=_read_fee(root.member("fee")),
        required=_read_required(root),
        materials=_read_materials(root),
        result_types=root.all_parsed("resultTypes", CertificateType.parse, _MAX_RESULTS),
        document=_canonicalise(tree),
    )


def _canonicalise(tree: dict[str, object]) -> bytes:
    try:
        return rfc8785.dumps(tree)  # type: ignore[arg-type]  # parsed from JSON
    except rfc8785.CanonicalizationError as error:
        raise MalformedInputError(
            f"definition: expected values of I-JSON (RFC 7493), got {error}", field="definition"
        ) from error


def _read_steps(root: _Member) -> tuple[MatterStep, ...]:
    """No step at all ends the matter: no case may cite such a version."""
    steps = tuple(map(_read_step, root.objects("steps", _MAX_STEPS)))
    root.require_distinct("steps", [step.name for step in steps])
    return steps


def _read_step(step: _Member) -> MatterStep:
    step.require_only(_STEP_MEMBERS)
    name, written = step.bytes_text("name", 128), step.text("rule")
    if (rule := _RULES.get(written)) is None:
        step.refuse("rule", f"one of {', '.join(_RULES)}")
    deciders = step.all_parsed("deciders", Uscc.parse, _MAX_DECIDERS)
    named = step.integer("named", _MAX_DECIDERS) if "named" in step else 0
    count = len(deciders) + named
    if not 1 <= count <= _MAX_DECIDERS:
        step.refuse("deciders", f"1 to {_MAX_DECIDERS} deciders with the {named} to be named")
    threshold, vetoes = count, 0
    if rule is StepRule.THRESHOLD:
        threshold = step.positive("threshold", count)
        vetoes = _read_vetoes(step, count)
    elif "threshold" in step or "vetoes" in step:
        extra = "threshold" if "threshold" in step else "vetoes"
        step.refuse(extra, "nothing, since every decider must approve")
    return MatterStep(name, rule, threshold, named, vetoes, step.positive("limitDays"), deciders)


def _read_vetoes(step: _Member, count: int) -> int:
    """Bit i for decider i; in the file an array of such positions."""
    positions = step.value.get("vetoes", [])
    if (
        not isinstance(positions, list)
        or not all(type(each) is int and 0 <= each < count for each in positions)
        or len(set(positions)) != len(positions)
    ):
        step.refuse("vetoes", f"different positions from 0 to {count - 1}")
    return sum(1 << position for position in positions)


def _read_fee(fee: _Member) -> Fee:
    fee.require_only(frozenset({"amountFen", "basis"}))
    return Fee(fee.integer("amountFen"), fee.text("basis"))


def _read_required(root: _Member) -> tuple[RequiredCertificate, ...]:
    required = tuple(map(_read_one_required, root.objects("requiredTypes", _MAX_REQUIRED)))
    root.require_distinct("requiredTypes", [str(each.type) for each in required])
    return required


def _read_one_required(entry: _Member) -> RequiredCertificate:
    entry.require_only(_REQUIRED_MEMBERS)
    has_age = entry.value.get("maximumAgeDays") is not None
    return RequiredCertificate(
        entry.parsed("type", CertificateType.parse),
        entry.text("replaces"),
        entry.choice("holder", HolderRule),
        entry.positive("maximumAgeDays") if has_age else None,
        entry.integer("minimumSealLevel", _MAX_SEAL_LEVEL) if "minimumSealLevel" in entry else 0,
        entry.flag("isOptional"),
    )


def _read_materials(root: _Member) -> tuple[Material, ...]:
    materials = []
    for entry in root.objects("materials", _MAX_LISTED):
        entry.require_only(frozenset({"name", "isOptional"}))
        materials.append(Material(entry.text("name"), entry.flag("isOptional")))
    root.require_distinct("materials", [each.name for each in materials])
    return tuple(materials)
