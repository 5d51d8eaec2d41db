"""Compiles the contracts and writes all that is generated from them (`make contracts`).

Writes contracts/artifacts/*.json, ledger/records.py and docs/errors.md; the same sources give the
same bytes. Needs node and `npm ci` in contracts/; running the product needs neither.
"""

from __future__ import annotations

import sys
from pathlib import Path

from contract_codegen.artifacts import write_artifacts
from contract_codegen.compiler import CompilationError, compile_sources, read_sources
from contract_codegen.error_docs import write_error_table
from contract_codegen.model import ModelError, build_model
from contract_codegen.python_records import write_records

ROOT = Path(__file__).resolve().parent.parent


def generate(contracts: Path) -> dict[str, str]:
    """All generated files, by path from the root of the repository.

    Raises:
        CompilationError: the compiler refused or warned, or a contract is too large.
        ModelError: a declaration has no place in Python.
    """
    sources = read_sources(contracts)
    answer = compile_sources(contracts, sources)
    model = build_model(answer["sources"], sources)
    files = {f"contracts/artifacts/{n}": text for n, text in write_artifacts(answer).items()}
    files["ledger/records.py"] = write_records(model)
    files["docs/errors.md"] = write_error_table(model)
    return files


def main() -> int:
    """Write the files and remove artifacts of contracts that are no more; 1 where it fails."""
    try:
        files = generate(ROOT / "contracts")
    except (CompilationError, ModelError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for stale in (ROOT / "contracts/artifacts").glob("*.json"):
        if stale.relative_to(ROOT).as_posix() not in files:
            stale.unlink()
    for path, text in files.items():
        (ROOT / path).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(files)} files written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
