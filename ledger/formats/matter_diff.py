"""Where two definitions of a matter differ, member by member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.formats.matter import MatterDefinition
from ledger.identifiers import Uscc
from ledger.records import MatterStep

OWN_DEPARTMENT: Final = "own department"
"""Stands for the matter's own department among deciders, which is another in each definition."""

_KEYS: Final[Mapping[str, str]] = {"steps": "name", "requiredTypes": "type", "materials": "name"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One member in which two definitions differ.

    Args:
        path: where it stands, such as "steps[审查].limitDays".
        left, right: its values as JSON has them, None where it is absent.
    """

    path: str
    left: object
    right: object


def compare_matters(left: MatterDefinition, right: MatterDefinition) -> tuple[Difference, ...]:
    """Every difference, in the order of the members' names.

    Steps, certificates and materials are matched by their names or types, not by their place; a
    changed order of steps is a difference of its own. What is each definition's own (code,
    version, comment) is not compared, nor whether a default is spelled out.
    """
    return tuple(_compare("", _describe(left), _describe(right)))


def _describe(matter: MatterDefinition) -> dict[str, object]:
    """The definition by the names of its file, every default spelled out."""
    own = matter.item_code.department
    return {
        "name": matter.name,
        "conditions": list(matter.conditions),
        "channels": list(map(str, matter.channels)),
        "acceptanceModes": list(map(str, matter.acceptance_modes)),
        "steps": [_describe_step(step, own) for step in matter.steps],
        "statutoryDays": matter.statutory_days,
        "promisedDays": matter.promised_days,
        "delivery": list(map(str, matter.delivery)),
        "fee": {"amountFen": matter.fee.amount_fen, "basis": matter.fee.basis},
        "requiredTypes": [
            {
                "type": str(each.type),
                "replaces": each.replaces,
                "holder": str(each.holder),
                "maximumAgeDays": each.maximum_age_days,
                "minimumSealLevel": each.minimum_seal_level,
                "isOptional": each.is_optional,
            }
            for each in matter.required
        ],
        "materials": [
            {"name": each.name, "isOptional": each.is_optional} for each in matter.materials
        ],
        "resultTypes": list(map(str, matter.result_types)),
    }


def _describe_step(step: MatterStep, own: Uscc) -> dict[str, object]:
    return {
        "name": step.name,
        "rule": step.rule.name.lower(),
        "threshold": step.threshold,
        "deciders": [OWN_DEPARTMENT if each == own else str(each) for each in step.deciders],
        "named": step.named,
        "vetoes": [position for position in range(16) if step.vetoes >> position & 1],
        "limitDays": step.limit_days,
    }


def _compare(path: str, left: object, right: object) -> Iterator[Difference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            inner = f"{path}.{name}" if path else name
            yield from _compare_member(inner, name, left.get(name), right.get(name))
    elif left != right:
        yield Difference(path, left, right)


def _compare_member(path: str, name: str, left: object, right: object) -> Iterator[Difference]:
    if not (isinstance(left, list) and isinstance(right, list)):
        yield from _compare(path, left, right)
    elif name in _KEYS:
        yield from _compare_keyed(path, _KEYS[name], left, right)
    else:
        for value in left:
            if value not in right:
                yield Difference(path, value, None)
        for value in right:
            if value not in left:
                yield Difference(path, None, value)


def _compare_keyed(
    path: str, key: str, left: list[dict[str, object]], right: list[dict[str, object]]
) -> Iterator[Difference]:
    by_key = [{str(each[key]): each for each in side} for side in (left, right)]
    for name in dict.fromkeys([*by_key[0], *by_key[1]]):
        yield from _compare(f"{path}[{name}]", by_key[0].get(name), by_key[1].get(name))
    orders = [[name for name in side if name in by_key[0] and name in by_key[1]] for side in by_key]
    if path == "steps" and orders[0] != orders[1]:
        yield Difference(f"{path}.order", *orders)
