"""Whatever is altered in what the vault keeps of cases, `fsck` names it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.actions.cases.accepting import accept_case
from ledger.actions.fsck import FsckReport, fsck
from ledger.vault.store import DATABASE_NAME
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    OFFICER,
    accept,
    at,
    present_certificate,
    send,
    submit,
)
from tests.ledger.actions.homes import SICHUAN, Ledger

UNREADABLE, DAMAGED = "case_paper_unreadable", "case_act_damaged"


@pytest.fixture(scope="module")
def accepted(catalogued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A case that Sichuan accepted, relying on a certificate. Only to be copied."""
    ledger = catalogued.copy(tmp_path_factory.mktemp("accepted"))
    case_id = submit(ledger, CONTRACT, present_certificate(ledger))
    send(ledger, case_id)
    at(ledger, SICHUAN, lambda home: accept_case(home, case_id, OFFICER, is_despite=True))
    return ledger


@pytest.fixture
def kept(accepted: Ledger, tmp_path: Path) -> Ledger:
    return accepted.copy(tmp_path / "kept")


def check(ledger: Ledger) -> FsckReport:
    return at(ledger, SICHUAN, fsck)


def alter(ledger: Ledger, statement: str) -> None:
    raw = sqlite3.connect(ledger.home(SICHUAN) / "vault" / DATABASE_NAME)
    raw.execute("PRAGMA ignore_check_constraints = ON")
    with raw:
        assert raw.execute(statement).rowcount >= 1
    raw.close()


def test_sound_cases_are_without_problems(kept: Ledger) -> None:
    assert check(kept).problems == ()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE cases SET item_code = '11370800MB285591843370117002011'", "case_differs"),
        ("UPDATE cases SET matter_version = 2", "case_differs"),
        ("UPDATE case_acts SET kind = 'pause' WHERE kind = 'accept'", DAMAGED),
        ("UPDATE case_acts SET sequence = 9 WHERE kind = 'accept'", DAMAGED),
        ("UPDATE case_acts SET signature = zeroblob(64) WHERE kind = 'accept'", DAMAGED),
        ("UPDATE case_acts SET statement = zeroblob(96) WHERE kind = 'accept'", DAMAGED),
        ("UPDATE case_acts SET state = 'refused' WHERE kind = 'accept'", DAMAGED),
        ("UPDATE case_acts SET officer = NULL WHERE kind = 'accept'", DAMAGED),
        ("UPDATE case_documents SET digest = zeroblob(32) WHERE id = 1", UNREADABLE),
        ("UPDATE case_documents SET kind = 'zhenglian-opinion/1'", "case_paper_damaged"),
        (
            "UPDATE case_documents SET ciphertext = zeroblob(99) WHERE id = 1",
            UNREADABLE,
        ),
        (
            "UPDATE case_keys SET wrapped_key = zeroblob(60) WHERE document = 1",
            UNREADABLE,
        ),
        ("DELETE FROM case_keys WHERE document = 1", "data_key_missing"),
        ("UPDATE reliances SET position = position + 1", "reliance_damaged"),
        ("UPDATE reliances SET batch_key = zeroblob(32)", "reliance_damaged"),
        ("UPDATE reliances SET salt = zeroblob(32)", "reliance_damaged"),
        ("UPDATE reliances SET act = 1", "reliance_damaged"),
    ],
)
def test_altered_value_is_named(kept: Ledger, statement: str, code: str) -> None:
    alter(kept, statement)
    assert code in {problem.code for problem in check(kept).problems}


def test_erased_case_is_no_damage(kept: Ledger) -> None:
    with kept.open(SICHUAN) as home:
        (case,) = home.vault.cases.all()
        home.vault.cases.erase(case.case_id, "保管期满", None)
        assert fsck(home).problems == ()


def test_case_without_a_certificate_is_no_damage(catalogued: Ledger, tmp_path: Path) -> None:
    ledger = catalogued.copy(tmp_path / "fresh")
    accept(ledger)
    assert check(ledger).problems == ()
