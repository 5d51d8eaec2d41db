"""A request that was altered, or moved to another certificate, is told; so is a job."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.actions.fsck import fsck
from ledger.actions.issuance.group import GroupIssuer
from ledger.vault.jobs import NewJob
from tests.ledger.actions.homes import CHONGQING, HOUSING, TRANSPORT, Ledger, identify
from tests.ledger.actions.issuance.test_group import QUICK, ask, issue

CHANGES = {
    "of a certificate that is not there": ("identifier", "?"),
    "of a certificate in another batch": ("batch", 1),
    "of another department": ("issuer", str(TRANSPORT)),
}
OTHER_CERTIFICATE = str(identify(9))


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Ledger:
    """A home with three requests, each in a batch of its own, and a job."""
    with ledger.open() as workspace:
        with GroupIssuer(workspace, QUICK) as issuer:
            for number in (7, 8, 9):
                issue(issuer, ask(number))
        job = NewJob("0" * 32, "issue", HOUSING, "oidc:1", "a.csv", 5, bytes(32), {"a": 1})
        workspace.vault.jobs.add(job)
        assert fsck(workspace).problems == ()
    return ledger


def alter(ledger: Ledger, statement: str, *values: object) -> None:
    with sqlite3.connect(ledger.home(CHONGQING) / "vault" / "vault.db") as connection:
        connection.execute(statement, values)
    connection.close()


@pytest.mark.parametrize("change", CHANGES)
def test_an_altered_request_is_told(lived: Ledger, change: str) -> None:
    column, value = CHANGES[change]
    if value == "?":
        value = OTHER_CERTIFICATE.replace("0009", "0010")
    alter(lived, f"UPDATE requests SET {column} = ? WHERE reference = 'r-8'", value)
    with lived.open() as workspace:
        (problem,) = fsck(workspace).problems
        assert problem.code == "request_astray"
        assert "r-8" in problem.subject


def test_a_job_with_altered_options_is_told(lived: Ledger) -> None:
    alter(lived, "UPDATE jobs SET options = zeroblob(60)")
    with lived.open() as workspace:
        assert [problem.code for problem in fsck(workspace).problems] == ["row_damaged"]
