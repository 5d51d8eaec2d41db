"""The result of a bench, on paper and on the screen."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path

import orjson

DIRECTORY = Path("build/bench")


@dataclass(frozen=True, slots=True)
class Limit:
    """What bounds a value, measured in the same run."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Result:
    """One bench.

    Attributes:
        ratio: value / limit.value, in the direction in which more is better.
        details: further figures by name.
    """

    name: str
    unit: str
    value: float
    limit: Limit
    ratio: float
    details: dict[str, object] = field(default_factory=dict)

    def store(self) -> Path:
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        path = DIRECTORY / f"{self.name}.json"
        document = {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "limit": {"name": self.limit.name, "value": self.limit.value},
            "ratio": self.ratio,
            **self.details,
            "machine": {
                "cores": os.cpu_count(),
                "load": os.getloadavg()[0],
                "python": platform.python_version(),
                "processor": _processor(),
            },
            "measured_at_unix": int(time.time()),
        }
        path.write_bytes(
            orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
        return path


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
