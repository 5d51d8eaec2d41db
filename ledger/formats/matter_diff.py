"""Where two definitions of a matter differ, member by member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from ledger.formats.matter import MatterDefinition

_KEYS: Final[Mapping[str, str]] = {"steps": "name", "requiredTypes": "type", "materials": "name"}
_OF_EACH_ITS_OWN: Final = frozenset({"format", "comment", "itemCode", "version"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One member in which two definitions differ.

    Args:
        path: where it stands, such as "steps[审查].limitDays".
        left, right: its values as parsed JSON, None where it is absent.
    """

    path: str
    left: object
    right: object


def compare_matters(left: MatterDefinition, right: MatterDefinition) -> tuple[Difference, ...]:
    """Every difference, in the order of the members' names.

    Steps, certificates and materials are matched by their names or types, not by their place; a
    changed order of steps is a difference of its own. What is each definition's own (code,
    version, comment) is not compared.
    """
    trees = [
        {name: value for name, value in tree.items() if name not in _OF_EACH_ITS_OWN}
        for tree in (orjson.loads(left.document), orjson.loads(right.document))
    ]
    return tuple(_compare("", *trees))


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
