from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Issued, make_id, make_row, write_csv
from tests.support.consortium import Consortium


@pytest.fixture(scope="session")
def issued_once(founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    directory = tmp_path_factory.mktemp("issued")
    issued = Issued(
        founded_consortium.copy(directory / "ledger"),
        tuple(make_id(number) for number in range(1, 7)),
    )
    file = write_csv(directory / "six.csv", [make_row(number) for number in range(1, 7)])
    issued.chongqing.run("issue", file)
    issued.sichuan.run("recognise", "policy", "500000", "W011")
    return issued


@pytest.fixture
def issued(issued_once: Issued, tmp_path: Path) -> Issued:
    """One's own copy of it."""
    return issued_once.copy(tmp_path / "ledger")
