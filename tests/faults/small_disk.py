"""A disk of a few kilobytes, for a process that is to find it full."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_on_small_disk(disk: Path, size_kib: int, program: str, *arguments: object) -> list[str]:
    """Runs a Python program that finds `disk` to be an empty disk of that size, as nobody else.

    Returns:
        The lines that it printed.
    """
    disk.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size={size_kib}k none '{disk}'"
    wrapper = ("unshare", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh")
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
