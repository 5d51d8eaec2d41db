"""A disk of a few kilobytes, for a process that is to find it full."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_on_small_disk(
    disk: Path, size_kib: int, program: str, *arguments: object, with_postgresql: bool = False
) -> list[str]:
    """Runs a Python program that finds `disk` to be an empty disk of that size, as nobody else.

    Args:
        with_postgresql: whether it is to start a server, which will not be run as root, not even as
            one who is it only in there.

    Returns:
        The lines that it printed.
    """
    disk.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size={size_kib}k none '{disk}'"
    is_root, user = os.geteuid() == 0, "unshare --user --map-user=1000 --map-group=1000"
    as_whom = () if with_postgresql and is_root else ("--map-root-user",)
    again = user if with_postgresql and not is_root else ""
    inside = f'{mount} && exec {again} "$@"'
    wrapper = ("unshare", *as_whom, "--mount", "sh", "-c", inside, "sh")
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", program, str(disk), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
