"""Cases in the vault: kept whole or not at all, found again, and erased for good."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import NotFoundError, StorageError
from ledger.formats.case_materials import CertificateReference
from ledger.vault.acts import OfficerCommitment
from ledger.vault.case_rows import CaseRole, NewCaseAct, Paper
from ledger.vault.copies import KeyTerms, copy_vault, join_copies
from ledger.vault.failures import ConstraintViolatedError
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import ActState
from tests.ledger.vault.vaults import NOW_UNIX, create_vault, open_vault, raw_bytes

CASE = b"c" * 32
ITEM = "11370800MB285591843370117002011"
OPINION = Paper("zhenglian-opinion/1", "意见（虚构）".encode())
NOTICE = Paper("zhenglian-notice/1", "通知（虚构）".encode())


@pytest.fixture
def vault(directory: Path) -> Iterator[Vault]:
    with create_vault(directory) as opened:
        opened.cases.add(CASE, CaseRole.HANDLER, ITEM, 3)
        yield opened


def new_act(kind: str = "accept", **changes: object) -> NewCaseAct:
    values: dict[str, object] = {
        "case_id": CASE,
        "kind": kind,
        "sequence": 2,
        "request": b"what was asked for",
        "statement": b"statement",
        "signature": bytes(64),
        "officer": OfficerCommitment.make("经办人（虚构）丁一"),
        "papers": (OPINION, NOTICE),
        "references": (CertificateReference(b"b" * 32, 7, os.urandom(32)),),
    }
    return NewCaseAct(**values | changes)  # type: ignore[arg-type] # by name


def test_case_is_kept_once_in_the_role_it_first_had(vault: Vault) -> None:
    assert not vault.cases.add(CASE, CaseRole.RECEIVER, ITEM, 4)
    found = vault.cases.find(CASE)
    assert found is not None
    assert (found.role, found.item_code, found.matter_version) == (CaseRole.HANDLER, ITEM, 3)
    assert vault.cases.all() == [found]
    assert vault.cases.find(b"d" * 32) is None


def test_act_is_kept_with_its_officer_papers_and_references(vault: Vault) -> None:
    new = new_act()
    act = vault.cases.record(new)
    assert act.state is ActState.PREPARED
    assert vault.cases.open_acts() == vault.cases.acts_of(CASE) == [act]
    assert [vault.cases.read(each) for each in vault.cases.papers_of(CASE)] == [OPINION, NOTICE]
    assert [each.reference for each in vault.cases.references_of(CASE)] == list(new.references)
    assert act.officer is not None
    assert vault.acts.open_officer(act.officer) == new.officer


def test_same_request_is_recognised_once_it_is_on_the_chain(vault: Vault) -> None:
    act = vault.cases.record(new_act())
    assert vault.cases.find_act(CASE, "accept", b"what was asked for") is None
    vault.cases.mark(act.pk, ActState.RECORDED)
    found = vault.cases.find_act(None, "accept", b"what was asked for")
    assert found is not None
    assert found.pk == act.pk
    assert vault.cases.find_act(CASE, "accept", b"something else") is None
    assert vault.cases.find_act(CASE, "pause", b"what was asked for") is None
    assert vault.cases.open_acts() == []


def test_refused_act_takes_what_came_with_it_along(vault: Vault) -> None:
    vault.cases.keep(CASE, [NOTICE])
    act = vault.cases.record(new_act())
    vault.cases.mark(act.pk, ActState.REFUSED)
    assert [vault.cases.read(each) for each in vault.cases.papers_of(CASE)] == [NOTICE]
    assert vault.cases.references_of(CASE) == []
    assert vault.cases.acts_of(CASE)[0].state is ActState.REFUSED


def test_paper_that_is_here_is_not_kept_twice(vault: Vault) -> None:
    for _ in range(2):
        vault.cases.keep(CASE, [OPINION, NOTICE])
    assert len(vault.cases.papers_of(CASE)) == 2


def test_act_on_a_case_that_is_not_here_leaves_nothing(vault: Vault) -> None:
    with pytest.raises(ConstraintViolatedError):
        vault.cases.record(new_act(case_id=b"d" * 32))
    assert vault.cases.all_acts() == []
    assert vault.cases.papers_of(b"d" * 32) == []


def test_reliance_is_found_by_batch_and_position(vault: Vault) -> None:
    vault.cases.record(new_act())
    assert [each.case_id for each in vault.cases.references_to(b"b" * 32)] == [CASE]
    assert [each.case_id for each in vault.cases.references_to(b"b" * 32, 7)] == [CASE]
    assert vault.cases.references_to(b"b" * 32, 8) == []
    assert vault.cases.referenced_batches() == [b"b" * 32]


def test_nothing_of_a_paper_lies_in_clear(vault: Vault, directory: Path) -> None:
    vault.cases.record(new_act())
    raw = raw_bytes(directory)
    assert OPINION.content not in raw
    assert "丁一".encode() not in raw


def test_erased_case_cannot_be_read_and_its_acts_stay(vault: Vault, directory: Path) -> None:
    act = vault.cases.record(new_act())
    wrapped = vault.cases.papers_of(CASE)[0].wrapped_key
    salt = vault.cases.references_of(CASE)[0].reference.salt
    assert wrapped is not None
    erasure = vault.cases.erase(CASE, "保管期满", OfficerCommitment.make("档案员（虚构）"))
    assert vault.cases.find_erasure(CASE) == erasure
    assert vault.erasures.all() == [erasure]
    assert vault.cases.references_of(CASE) == []
    assert [each.pk for each in vault.cases.acts_of(CASE)] == [act.pk]
    for paper in vault.cases.papers_of(CASE):
        with pytest.raises(NotFoundError) as refusal:
            vault.cases.read(paper)
        assert refusal.value.code == "content_erased"
    raw = raw_bytes(directory)
    assert wrapped not in raw
    assert salt not in raw
    assert vault.cases.erase(CASE, "again", None) == erasure


def test_case_that_is_not_here_cannot_be_erased(vault: Vault) -> None:
    with pytest.raises(NotFoundError) as refusal:
        vault.cases.erase(b"d" * 32, "reason", None)
    assert refusal.value.code == "case_missing"


def test_erasure_of_a_case_is_repeated_after_a_restored_backup(vault: Vault) -> None:
    vault.cases.record(new_act())
    erasure = vault.cases.erase(CASE, "保管期满", None)
    vault.cases.keep(CASE, [Paper("zhenglian-notice/1", b"returned")])
    assert vault.erasures.undone() == [erasure]
    assert vault.erasures.reapply([erasure]) == 0
    assert vault.erasures.undone() == []


def test_paper_moved_to_another_case_does_not_decrypt(vault: Vault, directory: Path) -> None:
    vault.cases.add(b"d" * 32, CaseRole.HANDLER, ITEM, 3)
    vault.cases.keep(CASE, [OPINION])
    vault.close()
    raw = sqlite3.connect(directory / DATABASE_NAME)
    with raw:
        raw.execute("UPDATE case_documents SET case_id = ?", (b"d" * 32,))
    raw.close()
    with open_vault(directory) as opened:
        (moved,) = opened.cases.papers_of(b"d" * 32)
        with pytest.raises(StorageError) as refusal:
            opened.cases.read(moved)
    assert refusal.value.code == "row_damaged"


@pytest.mark.parametrize("is_erased", [False, True])
def test_copy_brings_a_case_back_unless_it_was_erased(
    vault: Vault, directory: Path, tmp_path: Path, is_erased: bool
) -> None:
    vault.cases.record(new_act())
    rest, keys = tmp_path / "rest.db", tmp_path / "keys.db"
    copy_vault(directory, rest, keys, KeyTerms(NOW_UNIX, NOW_UNIX + 1))
    salt = vault.cases.references_of(CASE)[0].reference.salt
    assert salt not in rest.read_bytes()
    join_copies(rest, keys, ["case:" + CASE.hex()] if is_erased else [])
    vault.close()
    for path in directory.glob(f"{DATABASE_NAME}*"):
        path.unlink()
    rest.rename(directory / DATABASE_NAME)
    with open_vault(directory) as opened:
        assert len(opened.cases.references_of(CASE)) == (0 if is_erased else 1)
        keys_there = [paper.wrapped_key for paper in opened.cases.papers_of(CASE)]
        assert [key is None for key in keys_there] == [is_erased] * 2
