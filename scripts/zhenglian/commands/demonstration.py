"""`zhenglian demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.session import Session


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "demo", Needs.NOTHING)(play)


def play(
    session: Session,
    input_file: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="Your own CSV; by default an invented one."),
    ] = None,
    work: Annotated[
        Path, typer.Option("--work", metavar="DIR", help="Where to play it; made anew.")
    ] = Path("build/demo"),
) -> int:
    """Plays one certificate's life in four provinces.

    Then come attacks, all of which must fail. Everything in it is invented.

    \b
    Example:
      zhenglian demo
      zhenglian demo --input my-certificates.csv
    """
    from zhenglian.demo.story import run_demo

    output = session.output
    console = output.notes if output.is_json else output.console
    code = run_demo(work, input_file, console)
    summary = work / "summary.json"
    if output.is_json and summary.is_file():
        output.document(summary.read_bytes())
    return code
