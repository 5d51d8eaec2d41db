"""The compiler's own description of the contracts, as a second opinion on the generated types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ARTIFACTS = Path(__file__).resolve().parents[2] / "contracts" / "artifacts"


def read_items(kind: str) -> list[dict[str, Any]]:
    """All items of a kind ("event", "error", "function") in the committed artifacts."""
    found = [json.loads(path.read_text()) for path in sorted(ARTIFACTS.glob("*.json"))]
    return [item for artifact in found for item in artifact["abi"] if item["type"] == kind]


def canonical_type(component: dict[str, Any]) -> str:
    """A parameter's type as signatures write it."""
    kind = str(component["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(canonical_type(part) for part in component["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def signature(item: dict[str, Any]) -> str:
    """`Name(type,type)`."""
    return f"{item['name']}({','.join(canonical_type(part) for part in item['inputs'])})"


def walk_structs() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Name and members of every struct that a function, event or error mentions."""
    pending: list[dict[str, Any]] = []
    for kind in ("function", "event", "error", "constructor"):
        for item in read_items(kind):
            pending += [*item.get("inputs", ()), *item.get("outputs", ())]
    while pending:
        part = pending.pop()
        if part["type"].startswith("tuple"):
            name = part["internalType"].removeprefix("struct ").removesuffix("[]")
            yield name, part["components"]
            pending += part["components"]
