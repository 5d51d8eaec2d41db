"""Leaves a disk without room, bit by bit, until a node under load refuses for want of it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from tests.faults.node_load import NodeLoad

_LEFT = 4 << 10
_HOLD_S = 4.0


def fill_until_refused(disk: Path, load: NodeLoad) -> set[str]:
    """Keeps the disk full for a while.

    Returns:
        Statuses and codes of what clients got who wanted to change something, and the names of what
        the node then says that it is missing.
    """
    told: set[str] = set()
    before = load.answers.copy()
    until = time.monotonic() + _HOLD_S
    with (disk / "ballast").open("ab") as ballast:
        while time.monotonic() < until:
            room = os.statvfs(disk)
            free = room.f_bavail * room.f_frsize - _LEFT
            if free > 0:
                with suppress(OSError):  # somebody else had it
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), free)
            told |= set(load.world.node.get("/health/ready").json()["missing"])
            time.sleep(0.1)
    since = load.answers - before
    return told | {f"{status} {code}".strip() for kind, status, code in since if kind != "verify"}
