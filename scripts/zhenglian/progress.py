"""The progress of an issuance on a terminal: rows, rate, time left, certificates anchored."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zhenglian.output import Output

if TYPE_CHECKING:
    from ledger.actions.issuance.outcome import IssuanceProgress, ProgressCallback


@contextmanager
def show_progress(output: Output) -> Iterator[ProgressCallback]:
    """A bar on standard error while the block runs, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=output.notes, transient=True) as progress:
        task = progress.add_task("opening", total=None, told="")

        def notify(now: IssuanceProgress) -> None:
            elapsed_s = progress.tasks[0].elapsed or 0.0
            progress.update(
                task,
                description="anchoring" if now.read_bytes >= now.total_bytes else "reading",
                total=max(now.total_bytes, 1),
                completed=now.read_bytes,
                told=_tell(now, elapsed_s),
            )

        yield notify


def _tell(now: IssuanceProgress, elapsed_s: float) -> str:
    rate = now.rows / elapsed_s if elapsed_s > 0 else 0.0
    parts = [f"{now.rows:,} rows", f"{rate:,.0f}/s", f"{now.anchored:,} anchored"]
    if now.errors:
        parts.append(f"{now.errors:,} errors")
    return " · ".join(parts)
