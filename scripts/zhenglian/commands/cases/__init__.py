"""`zhenglian case`: cases from receipt to delivery, one module for each group of acts."""

from __future__ import annotations

import typer

from zhenglian.commands.cases import (
    accepting,
    clocks,
    concluding,
    deciding,
    erasing,
    filing,
    reading,
    travelling,
)

_IN_ORDER_OF_HELP = (
    filing,
    travelling,
    accepting,
    deciding,
    clocks,
    concluding,
    reading,
    erasing,
)


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this package."""
    case = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    for module in _IN_ORDER_OF_HELP:
        module.add_commands(case)
    app.add_typer(case, name="case", help="Cases: from receipt to delivery, across provinces.")
