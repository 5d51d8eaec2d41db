"""`python -m tests.benches.plot`: draws what `make bench ONLY=issue_csv` measured, for the docs."""

from __future__ import annotations

from pathlib import Path

import orjson

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
    _draw("issuing-rate.svg", "rows sealed a second", rates)
    _draw("issuing-memory.svg", "MB of all processes (summed PSS)", memory)


def _draw(name: str, label: str, points: list[Point]) -> None:
    from matplotlib import pyplot  # takes a second to import, which collecting tests would pay

    pyplot.rcParams["svg.hashsalt"] = name
    figure, axes = pyplot.subplots(figsize=(7.2, 3.2))
    axes.plot([x for x, _ in points], [y for _, y in points])
    axes.set(xlabel="rows sealed", ylabel=label, ylim=(0, None))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    figure.savefig(DOCS / name, bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    main()
