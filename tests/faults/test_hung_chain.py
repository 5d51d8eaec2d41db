"""A chain that takes questions and answers none: reads do not wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from node_api.freshness import from_headers
from tests.support.consortium import ISSUER, PASSPHRASE, Consortium
from tests.support.fault_proxy import ANY, fault_proxy
from tests.support.node import RunningNode, run_node
from tests.support.served_chain import serve_chain

PATIENCE_S = 60.0


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def ask_problem(node: RunningNode) -> str:
    answer = node.local.get("/v1/catalogue")
    assert answer.status_code == 200
    told = from_headers(answer.headers)
    assert told is not None
    return told.problem


def test_reads_are_answered_while_every_question_to_the_chain_is_held(
    consortium: Consortium,
) -> None:
    let_go = threading.Event()

    def hold(_request: Any, forward: Callable[[], Any]) -> Any:
        let_go.wait(PATIENCE_S)
        return forward()

    with serve_chain(consortium.chain) as chain, fault_proxy(chain.url) as proxy:
        consortium.set_chain(proxy.url)
        with run_node(consortium.open(), PASSPHRASE) as node:
            wait_for(lambda: node.node.runtime.index_loop.health.succeeded_at_unix is not None)
            assert ask_problem(node) == ""
            proxy.script(ANY, hold, times=None)
            try:
                wait_for(lambda: node.workspace.outage.problem != "")
                for _ in range(20):
                    assert ask_problem(node) == "chain_unavailable"
                assert node.get(f"/v1/issuers/{ISSUER}")["issuer"] == str(ISSUER)
                assert not let_go.is_set()
            finally:
                let_go.set()
            wait_for(lambda: ask_problem(node) == "")
