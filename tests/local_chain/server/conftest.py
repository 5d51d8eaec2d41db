"""A served chain for the tests that leave it running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local_chain.embedded.session import Session
from tests.local_chain.server.remote import RemoteChain
from tests.support.served_chain import ServedChain, serve_chain


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedChain]:
    with serve_chain(tmp_path_factory.mktemp("served") / "chain") as running:
        yield running


@pytest.fixture(scope="module")
def remote(served: ServedChain) -> Session:
    """An account at work over HTTP."""
    return Session.start(RemoteChain(served))


@pytest.fixture(scope="module")
def remote_notebook(remote: Session) -> str:
    return remote.deploy()
