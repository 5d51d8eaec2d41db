"""The types, events and errors that the sources declare, read from the compiler's syntax trees.

The trees hold what the ABI lacks: names of enum members, of value types, and the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CATEGORIES = ("malformed_input", "not_found", "conflict", "not_authorized")

_TAG = re.compile(r"@([\w:]+)\s+([^@]*)")


class ModelError(Exception):
    """The sources declare something that has no place in Python."""


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A Solidity type: `kind` is elementary, struct, enum, value or array.

    `name` is the declared or elementary name; of a value type `base` is what it wraps, of an
    array what it holds.
    """

    kind: str
    name: str
    base: TypeRef | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct, or a parameter of an event or error."""

    name: str
    type: TypeRef
    comment: str
    is_indexed: bool


@dataclass(frozen=True, slots=True)
class Declaration:
    """A struct, event, error or enum (whose members have no types)."""

    node: str
    name: str
    notice: str
    category: str
    members: tuple[Member, ...]
    enum_members: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """All that is declared, in the order in which Python can define it."""

    enums: tuple[Declaration, ...]
    structs: tuple[Declaration, ...]
    events: tuple[Declaration, ...]
    errors: tuple[Declaration, ...]


def build_model(trees: dict[str, Any], sources: dict[str, str]) -> Model:
    """Read the declarations of our own sources.

    Args:
        trees: the compiler's answer under `sources`.
        sources: the texts, for the comments behind members.

    Raises:
        ModelError: an undocumented error, or two declarations of one name that differ.
    """
    reader = _Reader(trees, sources)
    found: dict[str, dict[str, Declaration]] = {}
    for name in sorted(sources):
        if name.startswith("@"):
            continue
        for node in _walk(trees[name]["ast"]):
            if node["nodeType"] in _KINDS and not _is_storage_layout(node, name):
                declaration = reader.declaration(node, sources[name])
                kind = found.setdefault(node["nodeType"], {})
                if kind.setdefault(declaration.name, declaration) != declaration:
                    raise ModelError(f"{declaration.name} is declared twice and differently")
    enums, structs, events, errors = (found.get(kind, {}) for kind in _KINDS)
    return Model(
        tuple(enums.values()),
        tuple(_in_order_of_use(structs)),
        tuple(events.values()),
        tuple(errors.values()),
    )


_KINDS = ("EnumDefinition", "StructDefinition", "EventDefinition", "ErrorDefinition")


def _is_storage_layout(node: dict[str, Any], source: str) -> bool:
    """Structs and enums inside contracts lay out storage; only those of types/ cross the ABI."""
    return node["nodeType"] in _KINDS[:2] and not source.startswith("types/")


class _Reader:
    def __init__(self, trees: dict[str, Any], sources: dict[str, str]) -> None:
        self._sources = sources
        self._by_id = {
            node["id"]: node
            for tree in trees.values()
            for node in _walk(tree["ast"])
            if node["nodeType"] in (*_KINDS, "UserDefinedValueTypeDefinition")
        }

    def declaration(self, node: dict[str, Any], text: str) -> Declaration:
        tags = _read_tags(node)
        members: list[dict[str, Any]] = []
        if node["nodeType"] == "StructDefinition":
            members = node["members"]
        elif node["nodeType"] != "EnumDefinition":
            members = node["parameters"]["parameters"]
        category = tags.get("custom:category", "")
        if node["nodeType"] == "ErrorDefinition" and category not in CATEGORIES:
            raise ModelError(f"error {node['name']}: expected @custom:category of {CATEGORIES}")
        if node["nodeType"] in _KINDS[2:] and not tags.get("notice"):
            raise ModelError(f"{node['name']}: expected a @notice")
        return Declaration(
            node["nodeType"],
            node["name"],
            tags.get("notice", ""),
            category,
            tuple(self._member(member, text) for member in members),
            tuple((m["name"], _read_comment(m, text)) for m in node.get("members", ()))
            if node["nodeType"] == "EnumDefinition"
            else (),
        )

    def _member(self, node: dict[str, Any], text: str) -> Member:
        return Member(
            node["name"],
            self._type(node["typeName"]),
            _read_comment(node, text),
            node.get("indexed", False),
        )

    def _type(self, node: dict[str, Any]) -> TypeRef:
        if node["nodeType"] == "ElementaryTypeName":
            return TypeRef("elementary", node["name"])
        if node["nodeType"] == "ArrayTypeName" and node.get("length") is None:
            element = self._type(node["baseType"])
            return TypeRef("array", f"{element.name}[]", element)
        if node["nodeType"] == "UserDefinedTypeName":
            target = self._by_id.get(node["referencedDeclaration"])
            if target is not None and target["nodeType"] in _REFERENCES:
                base = target.get("underlyingType")
                return TypeRef(
                    _REFERENCES[target["nodeType"]],
                    target["name"],
                    self._type(base) if base else None,
                )
            if target is None:  # a contract or interface stands as its address
                return TypeRef("elementary", "address")
        raise ModelError(f"no Python type for {node['typeDescriptions']['typeString']}")


_REFERENCES = {
    "StructDefinition": "struct",
    "EnumDefinition": "enum",
    "UserDefinedValueTypeDefinition": "value",
}


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    """Declarations stand in the unit or in a contract: no deeper walk is needed."""
    for child in node["nodes"]:
        yield child
        if child["nodeType"] == "ContractDefinition":
            yield from child["nodes"]


def _read_tags(node: dict[str, Any]) -> dict[str, str]:
    """NatSpec tags; text without a tag is the notice."""
    documentation = node.get("documentation") or ""
    text = documentation["text"] if isinstance(documentation, dict) else documentation
    text = " ".join(text.split())
    if not text.startswith("@"):
        text = f"@notice {text}"
    return {tag: value.strip() for tag, value in _TAG.findall(text)}


def _read_comment(node: dict[str, Any], text: str) -> str:
    """The `// comment` behind a member, on its line."""
    start, length, _ = (int(part) for part in node["src"].split(":"))
    rest = text.encode()[start + length :].decode().split("\n", 1)[0]
    found = re.match(r"[,;]?\s*//\s*(.*)", rest)
    return found[1].strip() if found else ""


def _in_order_of_use(structs: dict[str, Declaration]) -> list[Declaration]:
    """Each struct after those it contains."""
    ordered: dict[str, Declaration] = {}

    def place(name: str) -> None:
        if name in ordered:
            return
        for member in structs[name].members:
            inner = member.type.base if member.type.kind == "array" else member.type
            if inner is not None and inner.kind == "struct":
                place(inner.name)
        ordered[name] = structs[name]

    for name in structs:
        place(name)
    return list(ordered.values())
