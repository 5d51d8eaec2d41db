"""`python -m tests.benches [NAME]`: runs one bench or all, prints a table, writes JSON."""

from __future__ import annotations

import importlib
import sys

from rich.console import Console
from rich.table import Table

from tests.benches.result import Result

NAMES = (
    "verify",
    "proofs",
    "anchor_gas",
    "revoke_gas",
    "index_rebuild",
    "issue_csv",
    "case",
    "audit",
    "submitter",
    "http_issue",
    "http_verify",
    "http_proof",
)


def main(arguments: list[str]) -> int:
    unknown = [name for name in arguments if name not in NAMES]
    if unknown:
        print(f"no bench {unknown[0]!r}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    table = Table("bench", "value", "unit", "limit", "ratio")
    for name in arguments or NAMES:
        module = importlib.import_module(f"tests.benches.{name}")
        result: Result = module.run()
        result.store()
        table.add_row(
            result.name,
            f"{result.value:,.1f}",
            result.unit,
            f"{result.limit.value:,.1f} ({result.limit.name})",
            f"{result.ratio:.3f}",
        )
    Console(soft_wrap=True).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
