"""Fixtures that any test may use. What they need is imported when the first one asks."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.ledger.actions.homes import Ledger
    from tests.support.consortium import Consortium

settings.register_profile("steady", deadline=None)  # a busy machine is no failure
settings.load_profile("steady")

HEAVY = ("tests/faults", "tests/node_api", "tests/e2e", "tests/docs", "tests/attacks")
"""Where tests start processes; the others compute."""


def pytest_configure() -> None:
    """Keeps nodes' answers for the OpenAPI document, if somebody asks for them: `make answers`."""
    if file := os.environ.get("ZHENGLIAN_RECORD_ANSWERS"):
        from tests.support.recorded_answers import listen

        listen(file)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing of what is loaded and collected becomes garbage: it is never looked through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Heavy modules come first, so that no worker is left with one while the others are done."""
    items.sort(key=lambda item: not item.nodeid.startswith(HEAVY))


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


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing alone. Only to be copied."""
    from tests.ledger.actions.homes import found

    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture(scope="session")
def admitted(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing, Sichuan and Guizhou. Only to be copied."""
    from tests.ledger.actions.homes import CHONGQING, GUIZHOU, SICHUAN

    ledger = founded.copy(tmp_path_factory.mktemp("admitted"))
    for candidate, voters in ((SICHUAN, (CHONGQING,)), (GUIZHOU, (CHONGQING, SICHUAN))):
        ledger.create(candidate)
        ledger.admit(candidate, *voters)
    return ledger


@pytest.fixture(scope="session")
def issued(admitted: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Three provinces; Chongqing has issued the rows 0 to 39 in one batch. Only to be copied."""
    from tests.ledger.actions.homes import ISSUED, write_file

    directory = tmp_path_factory.mktemp("issued")
    ledger = admitted.copy(directory / "ledger")
    assert ledger.issue(write_file(directory / "rows.csv", range(ISSUED))).issued == ISSUED
    return ledger


@pytest.fixture
def ledger(founded: Ledger, tmp_path: Path) -> Ledger:
    """Chongqing alone, for one test."""
    return founded.copy(tmp_path / "ledger")


@pytest.fixture
def provinces(issued: Ledger, tmp_path: Path) -> Ledger:
    """Three provinces with certificates 0 to 39, for one test."""
    return issued.copy(tmp_path / "provinces")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of the PostgreSQL server that the tests of this process share, each in its own schema."""
    from tests.support.postgresql import share_postgresql

    with share_postgresql() as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def blocks_in_quick_succession() -> Iterator[None]:
    """Whoever sends one transaction after the other waits little for each block."""
    from local_chain.embedded import EmbeddedChain

    defaults = EmbeddedChain.open.__func__.__kwdefaults__
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(defaults, "seal_interval_s", 0.02)
        yield


@pytest.fixture(scope="session", autouse=True)
def passphrases_stretched_hardly() -> Iterator[None]:
    """Homes that tests make and open by the thousand cost no guesser's work."""
    from tests.support.stretching import stretch_hardly

    with stretch_hardly():
        yield
