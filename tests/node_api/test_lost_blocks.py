"""An older backup of the chain in its place, under a running node: named, and survived."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.identifiers import Uscc
from node_api.freshness import from_headers
from tests.support.consortium import ISSUER, PASSPHRASE, Consortium
from tests.support.node import RunningNode, run_node
from tests.support.served_chain import start_serving

PATIENCE_S = 60.0
FIRST, SECOND = (Uscc.build(f"1150000000000003{number}") for number in (1, 2))


class MovableChain:
    """A served chain whose directory is changed for another, at the same address."""

    def __init__(self, directory: Path) -> None:
        self._chain = start_serving(directory)
        self.url, self._port = self._chain.url, self._chain.port

    def stop(self) -> None:
        """As by a crash."""
        self._chain.process.kill()
        self._chain.process.communicate()

    def serve(self, directory: Path) -> None:
        """Another one answers instead."""
        self.stop()
        self._chain = start_serving(directory, port=self._port)


@contextmanager
def run_movable(directory: Path) -> Iterator[MovableChain]:
    chain = MovableChain(directory)
    try:
        yield chain
    finally:
        chain.stop()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


def register(node: RunningNode, issuer: Uscc, *, status: int = 201) -> Any:
    """A write."""
    return node.post(
        "/v1/issuers", issuer=str(issuer), name="某部门（虚构）", region="500103", status=status
    )


def problems(node: RunningNode) -> dict[str, str]:
    """What readiness says of chain and index."""
    told = node.local.get("/health/ready").json()["dependencies"]
    return {
        each["name"]: each.get("code", "") for each in told if each["name"] in ("chain", "index")
    }


def is_known(node: RunningNode, issuer: Uscc) -> bool:
    return node.local.get(f"/v1/issuers/{issuer}").status_code == 200


def require_refused_and_readable(node: RunningNode) -> None:
    wait_for(lambda: set(problems(node).values()) == {"chain_lost_blocks"})
    answer = node.local.get(f"/v1/issuers/{FIRST}")
    told = from_headers(answer.headers)
    assert answer.status_code == 200  # as was known
    assert told is not None
    assert told.problem == "chain_lost_blocks"
    refused = register(node, SECOND, status=503)
    assert refused["code"] == "chain_lost_blocks"
    assert "zhenglian index rebuild" in refused["detail"]


def test_a_running_node_survives_an_older_chain(consortium: Consortium, tmp_path: Path) -> None:
    older, right = tmp_path / "older", tmp_path / "right"
    shutil.copytree(consortium.chain, older)
    with run_movable(consortium.chain) as chain:
        consortium.set_chain(chain.url)
        with run_node(consortium.open(), PASSPHRASE) as node:
            register(node, FIRST)
            chain.stop()
            shutil.copytree(consortium.chain, right)

            chain.serve(older)
            require_refused_and_readable(node)
            chain.serve(right)  # the operator found the mistake
            wait_for(lambda: set(problems(node).values()) == {""})
            register(node, SECOND)
            assert is_known(node, FIRST)

            chain.serve(older)  # all members agree that it counts
            wait_for(lambda: "chain_lost_blocks" in problems(node).values())
            node.post("/v1/maintenance/index/rebuild")
            wait_for(lambda: set(problems(node).values()) == {""})
            assert not is_known(node, FIRST)
            register(node, SECOND)
            assert is_known(node, SECOND)
            assert is_known(node, ISSUER)
