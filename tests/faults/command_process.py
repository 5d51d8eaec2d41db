"""`python -m tests.faults.command_process`: runs commands of `zhenglian`, each in its own fork.

Loading the program takes longer than most of its commands, so that it is done once. For each line
of JSON on standard input ({"arguments", "environment", "out", "err"}) it prints the process id of
a fork, which runs the command after the next line; then its exit code (negative for a signal).
Issuing makes batches so small that a file of few rows needs several.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

from ledger.actions.issuance import loop
from tests.faults.stopping_process import LIMITS
from zhenglian.app import main

LOADED_LATER = (
    "contracts.artifacts",
    "encodings.utf_8_sig",
    "eth_abi",
    "ledger.actions.backup",
    "ledger.actions.fsck",
    "ledger.actions.issuance.clerk_files",
    "ledger.actions.repair",
    "local_chain.embedded.accounts",
    "local_chain.embedded.evm.machine",
    "local_chain.embedded.pending",
    "zhenglian.fsck_view",
)

PR_SET_PTRACER, PR_SET_PTRACER_ANY = 0x59616D61, ctypes.c_ulong(-1)  # prctl(2)


def run_command(
    arguments: list[str], environment: dict[str, str], out: Path, err: Path
) -> NoReturn:
    """The command, as a process of its own would run it."""
    for descriptor, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(environment)
    sys.argv = ["zhenglian", *arguments]
    main()
    sys.exit(0)


def serve() -> None:
    """Runs one command after the other, until nobody orders any more."""
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)
            os.read(reading, 1)
            os.close(reading)
            run_command(
                order["arguments"], order["environment"], Path(order["out"]), Path(order["err"])
            )
        os.close(reading)
        print(pid, flush=True)
        sys.stdin.readline()
        os.close(writing)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    for name in LOADED_LATER:
        importlib.import_module(name)
    loop.issue_file = partial(loop.issue_file, limits=LIMITS)
    gc.collect()
    gc.freeze()  # or each fork would copy what it only looks at
    print("ready", flush=True)
    serve()
