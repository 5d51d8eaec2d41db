"""Runs solc over the contracts; every warning about them is an error.

The compiler is the npm package `solc` behind `contracts/solc-shim`; imports are resolved here and
stand in its input, so that it reads no files.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from solcx import compile_standard
from solcx.exceptions import SolcError

EVM_VERSION = "paris"  # the widest set of permissioned engines
OPTIMIZER_RUNS = 1000
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]

_IMPORT = re.compile(r'^\s*(?:import|\}\s*from)\b[^;"]*"([^"]+)"', re.MULTILINE)
_FOLDERS = ("", "interfaces", "libraries", "types")


class CompilationError(Exception):
    """The compiler refused the sources or warned about them."""


def read_sources(contracts: Path) -> dict[str, str]:
    """Every source of ours and all it imports, by the name the compiler knows it under."""
    pending = sorted(
        path.relative_to(contracts).as_posix()
        for folder in _FOLDERS
        for path in (contracts / folder).glob("*.sol")
    )
    sources: dict[str, str] = {}
    while pending:
        name = pending.pop()
        if name in sources:
            continue
        sources[name] = _locate(contracts, name).read_text(encoding="utf-8")
        pending += [_resolve(name, target) for target in _IMPORT.findall(sources[name])]
    return dict(sorted(sources.items()))


def _locate(contracts: Path, name: str) -> Path:
    return contracts / ("node_modules" if name.startswith("@") else "") / name


def _resolve(importer: str, target: str) -> str:
    if not target.startswith("."):
        return target
    parts = importer.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def compile_sources(contracts: Path, sources: dict[str, str]) -> dict[str, Any]:
    """The compiler's standard JSON answer: `contracts` and `sources` (syntax trees).

    Raises:
        CompilationError: an error or a warning.
    """
    settings = {
        "evmVersion": EVM_VERSION,
        "viaIR": True,
        "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
        "metadata": {"bytecodeHash": "none", "appendCBOR": False},
        "outputSelection": {"*": {"*": OUTPUTS, "": ["ast"]}},
    }
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": settings,
    }
    try:
        answer: dict[str, Any] = compile_standard(request, solc_binary=contracts / "solc-shim")
    except SolcError as error:
        raise CompilationError(error.message) from error
    refusals = [e["formattedMessage"] for e in answer.get("errors", ()) if not _is_foreign(e)]
    if refusals:
        raise CompilationError("\n".join(refusals))
    return answer


def _is_foreign(message: dict[str, Any]) -> bool:
    """A warning about a dependency's source, which is not ours to change."""
    file: str = (message.get("sourceLocation") or {}).get("file", "")
    return bool(message["severity"] != "error" and file.startswith("@"))
