"""The progress of an issuance on a terminal: rows, rate, time left, certificates anchored."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zhenglian.language import Language
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
        pick = output.language.pick
        task = progress.add_task(pick("打开", "opening"), total=None, told="")

        def notify(now: IssuanceProgress) -> None:
            elapsed_s = progress.tasks[0].elapsed or 0.0
            is_read = now.read_bytes >= now.total_bytes
            progress.update(
                task,
                description=pick("上链", "anchoring") if is_read else pick("读取", "reading"),
                total=max(now.total_bytes, 1),
                completed=now.read_bytes,
                told=_tell(now, elapsed_s, output.language),
            )

        yield notify


def _tell(now: IssuanceProgress, elapsed_s: float, language: Language) -> str:
    rate = now.rows / elapsed_s if elapsed_s > 0 else 0.0
    pick = language.pick
    parts = [
        f"{now.rows:,} {pick('行', 'rows')}",
        f"{rate:,.0f}/{pick('秒', 's')}",
        f"{now.anchored:,} {pick('张已上链', 'anchored')}",
    ]
    if now.errors:
        parts.append(f"{now.errors:,} {pick('处错误', 'errors')}")
    return " · ".join(parts)
