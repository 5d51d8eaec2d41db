"""Fixtures that any test may use. What they need is imported when the first one asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.consortium import Consortium

settings.register_profile("steady", deadline=None)  # a busy machine is no failure
settings.load_profile("steady")


@pytest.fixture(scope="session")
def founded_consortium(tmp_path_factory: pytest.TempPathFactory) -> Consortium:
    """Two members and their departments on one chain; to be read, copied and left as it is."""
    from tests.support.consortium import found_consortium

    return found_consortium(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def chain_location() -> str:
    """Where the homes of `consortium` find their chain: in its "directory", or by "http"."""
    return "directory"


@pytest.fixture
def consortium(
    founded_consortium: Consortium, tmp_path: Path, chain_location: str
) -> Iterator[Consortium]:
    """One's own copy of it."""
    own = founded_consortium.copy(tmp_path / "consortium")
    if chain_location == "directory":
        yield own
        return
    from tests.support.served_chain import serve_chain

    with serve_chain(own.chain) as served:
        own.set_chain_of_all(served.url)
        yield own


@pytest.fixture(scope="session", autouse=True)
def blocks_in_quick_succession() -> Iterator[None]:
    """Whoever sends one transaction after the other waits little for each block."""
    from local_chain.embedded import EmbeddedChain

    defaults = EmbeddedChain.open.__func__.__kwdefaults__
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(defaults, "seal_interval_s", 0.02)
        yield
