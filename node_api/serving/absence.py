"""Why there is no core: what the last one could say before it ended, for the fronts to tell.

A file in the home, which a core writes when it cannot go on and removes when it can.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from ledger.errors import LedgerError

ABSENCE_NAME: Final = "run/core.absent"
CORE_AWAY: Final = "core_unavailable"
_MAX_CODE = 64
_TOLD: Final = {
    "vault_in_use": "another process writes this node's vault",
    "vault_unavailable": "the vault's database cannot be reached",
    "disk_full": "the disk is full",
}


@dataclass(frozen=True, slots=True)
class Absence:
    """Attributes: code: of the error that ended it; detail: for a person, with no address."""

    code: str
    detail: str


NOT_RUNNING: Final = Absence(CORE_AWAY, "the core is not running")


def tell_absence(home: Path, error: LedgerError) -> None:
    """Leaves word of why this core ends. A disk that takes no word is no reason not to end."""
    word = {"code": error.code, "since_unix": int(time.time())}
    path = home / ABSENCE_NAME
    part = path.with_suffix(".part")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        part.write_bytes(orjson.dumps(word))
        part.replace(path)


def clear_absence(home: Path) -> None:
    """This core goes on."""
    with suppress(OSError):
        (home / ABSENCE_NAME).unlink(missing_ok=True)


def find_absence(home: Path) -> Absence:
    """What the last core said, or that it said nothing."""
    try:
        code = orjson.loads((home / ABSENCE_NAME).read_bytes())["code"]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return NOT_RUNNING
    if not isinstance(code, str) or not code.isidentifier() or len(code) > _MAX_CODE:
        return NOT_RUNNING
    return Absence(code, _TOLD.get(code, "the core could not start; its log tells why"))
