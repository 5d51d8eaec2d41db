"""`zhenglian demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.failures import EXIT_FAILED
from zhenglian.output import Output
from zhenglian.row_errors import SHOWN_ERRORS, print_row_errors
from zhenglian.session import Session
from zhenglian.times import today_in_china

if TYPE_CHECKING:
    from zhenglian.demo.summary import Summary


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
) -> int | None:
    """Plays one certificate's life in four provinces.

    Then come attacks, all of which must fail. Everything in it is invented, except a file of your
    own, all of whose rows must be right. DIR/summary.json tells what it came to.

    \b
    Example:
      zhenglian demo
      zhenglian demo --input my-certificates.csv
    """
    from zhenglian.demo.source import EXAMPLE, RowsRefusedError, read_source
    from zhenglian.demo.story import run_demo

    output = session.output
    try:
        source = read_source(input_file or EXAMPLE, today_in_china())
    except RowsRefusedError as refusal:
        if not output.is_json:
            print_row_errors(session, refusal.errors, SHOWN_ERRORS)
        raise
    summary = run_demo(work, source, output.notes if output.is_json else output.console)
    return conclude(output, summary)


def conclude(output: Output, summary: Summary) -> int | None:
    """Prints what is not as it must be; the exit code tells whether anything is."""
    from zhenglian.demo.summary import judge

    failures = judge(summary)
    if output.is_json:
        output.document(summary.to_json())
    for failure in failures:
        output.note(f"Not as it must be: {failure}", "bold red")
    return EXIT_FAILED if failures else None
