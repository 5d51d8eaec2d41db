"""`python -m tests.faults.nursery SOCKET`: forks the processes whose actions are interrupted.

Each is one of its own, and is killed as any is; but what it needs is loaded already, so that it
costs its action alone. Is asked, and answers, in JSON over a Unix socket, and ends with it.
"""

from __future__ import annotations

import json
import os
import socket
import sys

LOADED = ("local_chain.embedded.evm.machine", "ledger.vault.schema", "sqlalchemy.dialects.sqlite")
"""What an action loads when it comes to it."""
_LARGEST = 65_536


def serve(connection: socket.socket) -> list[str] | None:
    """Until the socket ends; in each process that it forks, answers what that one is to do."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(connection, _LARGEST, 2)
        if not data:
            return None
        request = json.loads(data)
        if "arguments" in request:
            if (number := os.fork()) == 0:
                connection.close()
                for target, descriptor in enumerate(descriptors, 1):
                    os.dup2(descriptor, target)
                    os.close(descriptor)
                arguments: list[str] = request["arguments"]
                return arguments
            for descriptor in descriptors:
                os.close(descriptor)
            connection.send(json.dumps(number).encode())
            continue
        number, status = os.waitpid(request["process"], 0 if request["is_waiting"] else os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if number else None
        connection.send(json.dumps(code).encode())


if __name__ == "__main__":  # only here: sealing workers load this module, too
    from importlib import import_module

    from tests.faults.stopping_process import run

    for name in LOADED:
        import_module(name)
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        told = serve(asking)
    if told is not None:
        run(told)
