"""Every code that an error of ours may have, read from the sources."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ledger import records
from ledger.errors import LedgerError
from node_api.auth import access

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TABLES = {"ledger/vault/failures.py", "ledger/index/database.py"}
"""Modules with tables of what a database's faults mean: (code, what is told)."""
_NAMES = {"CORE_AWAY", "IN_USE"}
"""Constants that hold a code."""


def list_error_codes() -> Iterator[str]:
    """As a literal, a default, in a table, given to what makes an error of it, or by contracts."""
    for package in ("ledger", "node_api"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_bytes())
            yield from _find_named(tree)
            yield from _find_passed(tree, {"Problem": 1} if package == "node_api" else {})
            if str(path.relative_to(ROOT)) in _TABLES:
                yield from _find_tabled(tree)
    yield from _find_refused_objects()
    for _, kind in inspect.getmembers(records, inspect.isclass):
        if issubclass(kind, LedgerError):
            yield kind.default_code


def _find_named(tree: ast.AST) -> Iterator[str]:
    """`code="…"`, also one of two; `default_code = "…"`; constants for a code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "code":
            sides = [node.value]
            if isinstance(node.value, ast.IfExp):
                sides = [node.value.body, node.value.orelse]
            for side in sides:
                yield from _texts(side)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {each.id for each in targets if isinstance(each, ast.Name)}
            if names & {"default_code", *_NAMES}:
                yield from _texts(node.value)


def _find_passed(tree: ast.AST, known: Mapping[str, int]) -> Iterator[str]:
    """What a module gives to what makes an error of it: a function of its own, or what is known."""
    places = dict(known)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            if "code" in names and "code=code" in ast.unparse(node):
                places[node.name] = names.index("code")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in places and places[name] < len(node.args):
                yield from _texts(node.args[places[name]])


def _find_tabled(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield from _texts(node.elts[0])


def _find_refused_objects() -> Iterator[str]:
    yield from access._WORDS
    yield from (f"{kind}_unknown" for kind in ("batch", "case", "certificate", "delivery"))


def _texts(node: ast.AST) -> list[str]:
    value = node.value if isinstance(node, ast.Constant) else None
    return [value] if isinstance(value, str) and _CODE.fullmatch(value) else []
