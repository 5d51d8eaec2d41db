"""Commands of `zhenglian` whose system calls are counted, or made to fail one at a time.

strace(1) stands between the process and the kernel: the call it is told of is not carried out but
answered with an error, or the process is killed on entering it. It counts calls thread by thread.
Where it is missing or may not trace, tests are skipped and say so; in CI they fail.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.ledger.actions.homes import PASSPHRASE

ROOT = Path(__file__).parents[2]
CHANGING = (
    "write,pwrite64,pwritev,pwritev2,writev,fsync,fdatasync,msync,ftruncate,fallocate,"
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat"
)
MAY_BE_FULL = ("write", "pwrite64", "pwritev", "pwritev2", "writev", "fallocate", "rename")
EIO, ENOSPC, KILL = "error=EIO", "error=ENOSPC", "signal=KILL"
STORAGE_CODES = ("disk_full", "disk_failed", "chain_storage", "outcome_unknown")
PAGE = 4096
_CALL = re.compile(r'(\d+) +(\w+)\((?:\d+<([^>]*)>|"([^"]*)")', re.ASCII)
_WRITTEN = re.compile(r" = (\d+)$", re.ASCII)
_SIZE = re.compile(r", (\d+), \d+\) = ", re.ASCII)
_CAME = re.compile(r"\(INJECTED\)|killed by SIGKILL")


@dataclass(frozen=True, slots=True)
class Call:
    """Calls of one kind on one file. Attributes: size: bytes written; a page stands for more."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One system call of a command.

    Attributes:
        number: which of the calls of this name in its thread, from 1.
        path: whose calls are counted; None for those on any file.
    """

    name: str
    number: int
    path: Path | None

    def fail(self, fault: str) -> list[str]:
        """Options of strace that make it fail. Args: fault: EIO, ENOSPC or KILL."""
        paths = [] if self.path is None else ["-P", str(self.path)]
        inject = f"inject={self.name}:{fault}:when={self.number}"
        return [*paths, "-e", f"trace={self.name}", "-e", inject]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. Attributes: trace: of strace, empty if it was not there."""

    code: int
    out: str
    err: str
    trace: str = field(repr=False)

    @property
    def fault_came(self) -> bool:
        """Whether the call came that was to fail."""
        return _CAME.search(self.trace) is not None

    @property
    def faults(self) -> int:
        """How many calls failed: each thread's calls are counted by themselves."""
        return len(_CAME.findall(self.trace))

    def sizes_until_fault(self) -> list[int]:
        """How many bytes each write was to write, in their order; the last is the first to fail."""
        before, _, _ = self.trace.partition(" (INJECTED)")
        return [int(size) for size in _SIZE.findall(before)]

    def answer(self) -> Any:
        """The document on standard output."""
        return json.loads(self.out)

    def require_orderly(self) -> None:
        """It was killed, did all that it was told, or named what was wrong in so many words."""
        assert "Traceback" not in self.err, self
        if self.code > 0:
            error = self.answer()["error"]
            assert error["code"] in STORAGE_CODES, self
            assert error["message"], self


class Commands:
    """Runs commands in one home after the other. A context manager.

    Args:
        directory: for what commands print.
    """

    def __init__(self, directory: Path) -> None:
        _require_strace()
        self._directory = directory
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.command_process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._hear() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(self, home: Path, *arguments: object) -> Ended:
        """A command that nothing disturbs."""
        return self._run(home, arguments, None)

    def run_failing(
        self, home: Path, occurrence: Occurrence, fault: str, *arguments: object
    ) -> Ended:
        """A command one of whose system calls fails, if it comes."""
        return self._run(home, arguments, occurrence.fail(fault))

    def list_calls(
        self, home: Path, paths: Iterable[Path], *arguments: object
    ) -> dict[Call, list[Occurrence]]:
        """The calls of a command that nothing disturbs, which change one of these files.

        Args:
            paths: of the files and directories; none for all.

        Returns:
            All occurrences of each kind of call.
        """
        paths = list(paths)
        options = [part for path in paths for part in ("-P", str(path))]
        ended = self._run(home, arguments, [*options, "-e", f"trace={CHANGING}"])
        assert ended.code == 0, ended
        return _group(ended.trace.splitlines(), by_path=bool(paths))

    def _run(self, home: Path, arguments: Sequence[object], strace: list[str] | None) -> Ended:
        out, err, trace = (self._directory / name for name in ("out", "err", "trace"))
        order = {
            "arguments": [*map(str, arguments), "--json"],
            "environment": {"ZHENGLIAN_HOME": str(home), "ZHENGLIAN_PASSPHRASE": PASSPHRASE},
            "out": str(out),
            "err": str(err),
        }
        self._tell(json.dumps(order))
        pid = int(self._hear())
        tracer = None if strace is None else _attach(pid, trace, strace)
        self._tell("go")
        code = int(self._hear())
        if tracer is None:
            return Ended(code, out.read_text(), err.read_text(), "")
        tracer.wait()
        return Ended(code, out.read_text(), err.read_text(), trace.read_text())

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")


def _require_strace() -> None:
    if shutil.which("strace") is None:
        told = "strace is not installed (on Debian: apt-get install strace)"
    elif subprocess.run(["strace", "-o", os.devnull, "true"], check=False).returncode:
        told = "strace may not trace processes here (ptrace(2) is not permitted)"
    else:
        return
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


def _attach(pid: int, trace: Path, options: list[str]) -> subprocess.Popen[bytes]:
    """strace at a process that waits; it follows threads and ends with the process."""
    command = ["strace", "-f", "-qq", "-y", "-s", "0", "-o", str(trace), "-p", str(pid), *options]
    tracer = subprocess.Popen(command)
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        assert tracer.poll() is None, "strace could not attach itself to a process"
        time.sleep(0.002)
    return tracer


def _group(lines: Iterable[str], *, by_path: bool) -> dict[Call, list[Occurrence]]:
    found: dict[Call, list[Occurrence]] = {}
    numbers: dict[tuple[str, ...], int] = defaultdict(int)
    for line in lines:
        if (match := _CALL.match(line)) is None:
            continue
        thread, name, opened, named = match.groups()
        path = Path(opened or named)
        counted = (thread, name, str(path)) if by_path else (thread, name)
        numbers[counted] += 1
        written = _WRITTEN.search(line)
        call = Call(name, path, min(int(written[1]), PAGE) if written else PAGE)
        occurrence = Occurrence(name, numbers[counted], path if by_path else None)
        found.setdefault(call, []).append(occurrence)
    return found
