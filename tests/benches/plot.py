"""`python -m tests.benches.plot`: draws what `make bench ONLY=issue_csv` measured, for the docs."""

from __future__ import annotations

from pathlib import Path

import orjson
import pygal  # type: ignore[import-untyped]  # it has no types
from pygal.style import LightColorizedStyle  # type: ignore[import-untyped]  # likewise

from tests.benches.result import DIRECTORY

DOCS = Path("docs")
WINDOW = 8  # points of the trace over which a rate is taken

Point = tuple[float, float]


def main() -> None:
    """Draws `docs/issuing-rate.svg` and `docs/issuing-memory.svg` from the largest run."""
    measured = orjson.loads((DIRECTORY / "issue_csv.json").read_bytes())
    trace = max(measured["runs"], key=lambda run: run["rows"])["trace"]
    rates = [
        (later[1], (later[1] - earlier[1]) / (later[0] - earlier[0]))
        for earlier, later in zip(trace, trace[WINDOW:], strict=False)
        if later[1] > earlier[1]
    ]
    memory = [(rows, size / 1e6) for _, rows, size in trace if size]
    _draw("issuing-rate.svg", "Rows sealed a second", rates)
    _draw("issuing-memory.svg", "MB of all processes (summed PSS)", memory)


def _draw(name: str, y_title: str, points: list[Point]) -> None:
    chart = pygal.XY(
        x_title="rows sealed",
        y_title=y_title,
        style=LightColorizedStyle,
        width=720,
        height=360,
        show_legend=False,
        dots_size=1,
        range=(0, max(y for _, y in points) * 1.1),
        js=(),
    )
    chart.add(y_title, points)
    chart.render_to_file(str(DOCS / name))


if __name__ == "__main__":
    main()
