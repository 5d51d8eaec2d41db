from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.catalogue import define_type
from ledger.schemas import load_schema
from tests.ledger.actions.homes import (
    CHONGQING,
    GUIZHOU,
    ISSUED,
    MINISTRY,
    SICHUAN,
    TYPE,
    Ledger,
    found,
    write_file,
)
from tests.support.over_http import take_both_ways, way_to_chain

__all__ = ["way_to_chain"]

BOTH_WAYS = (
    "test_anchoring",
    "test_audit",
    "test_departments",
    "test_erasure",
    "test_facts",
    "test_founding",
    "test_fsck",
    "test_issuers",
    "test_listing",
    "test_loop",
    "test_presentation",
    "test_proposals",
    "test_settlement",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    take_both_ways(metafunc, ("founded", "made", "ministry"), BOTH_WAYS)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing alone. Only to be copied."""
    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture(scope="session")
def admitted(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing, Sichuan and Guizhou. Only to be copied."""
    ledger = founded.copy(tmp_path_factory.mktemp("admitted"))
    for candidate, voters in ((SICHUAN, (CHONGQING,)), (GUIZHOU, (CHONGQING, SICHUAN))):
        ledger.create(candidate)
        ledger.admit(candidate, *voters)
    return ledger


@pytest.fixture(scope="session")
def joined(admitted: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing, Sichuan, Guizhou and the ministry. Only to be copied."""
    ledger = admitted.copy(tmp_path_factory.mktemp("joined"))
    ledger.create(MINISTRY)
    ledger.admit(MINISTRY, CHONGQING, SICHUAN, GUIZHOU)
    return ledger


@pytest.fixture(scope="session")
def defined(joined: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The same, with W011 in the catalogue. Only to be copied."""
    ledger = joined.copy(tmp_path_factory.mktemp("defined"))
    with ledger.open(MINISTRY) as home:
        define_type(home, load_schema(TYPE))
    return ledger


@pytest.fixture
def ledger(founded: Ledger, tmp_path: Path) -> Ledger:
    """Chongqing alone, for one test."""
    return founded.copy(tmp_path / "ledger")


@pytest.fixture(scope="session")
def issued(admitted: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Three provinces; Chongqing has issued the rows 0 to 39 in one batch. Only to be copied."""
    directory = tmp_path_factory.mktemp("issued")
    ledger = admitted.copy(directory / "ledger")
    assert ledger.issue(write_file(directory / "rows.csv", range(ISSUED))).issued == ISSUED
    return ledger


@pytest.fixture
def provinces(issued: Ledger, tmp_path: Path) -> Ledger:
    """Three provinces with certificates 0 to 39, for one test."""
    return issued.copy(tmp_path / "provinces")
