"""Writes `contracts/artifacts/`: ABI and code of what is deployed, the ABI of each interface."""

from __future__ import annotations

import json
from typing import Any

from contract_codegen.compiler import CompilationError

MAX_CODE_SIZE = 24_576  # bytes, EIP-170


def write_artifacts(answer: dict[str, Any]) -> dict[str, str]:
    """The files by name.

    Args:
        answer: the compiler's.

    Raises:
        CompilationError: a contract is too large to be deployed.
    """
    files: dict[str, str] = {}
    for source, contracts in answer["contracts"].items():
        is_interface = source.startswith("interfaces/")
        if "/" in source and not is_interface:
            continue
        for name, output in contracts.items():
            code = output["evm"]["deployedBytecode"]["object"]
            if len(code) // 2 > MAX_CODE_SIZE:
                raise CompilationError(
                    f"{name}: {len(code) // 2} bytes of code, at most {MAX_CODE_SIZE} are allowed"
                )
            if code or is_interface:
                files[f"{name}.json"] = _artifact(output, is_interface)
    return files


def _artifact(output: dict[str, Any], is_interface: bool) -> str:
    """One line for each item of the ABI, so that a change shows as a line."""
    items = sorted(json.dumps(item, sort_keys=True) for item in output["abi"])
    parts = ['"abi": [\n  ' + ",\n  ".join(items) + "\n ]"]
    if not is_interface:
        parts += [
            f'"{key}": "0x{output["evm"][key]["object"]}"'
            for key in ("bytecode", "deployedBytecode")
        ]
    return "{\n " + ",\n ".join(parts) + "\n}\n"
