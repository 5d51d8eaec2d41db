"""`zhenglian case`: cases from receipt to delivery, one module for each group of acts."""

from __future__ import annotations

import typer

from zhenglian.commands.cases import (
    accepting,
    clocks,
    concluding,
    deciding,
    filing,
    reading,
    travelling,
)


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this package."""
    case = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    for module in (filing, travelling, accepting, deciding, clocks, concluding, reading):
        module.add_commands(case)
    app.add_typer(case, name="case", help="Cases: from receipt to delivery, across provinces.")
