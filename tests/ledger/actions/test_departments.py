"""Departments and their keys as the log tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.departments import (
    Department,
    SealKeyView,
    find_key_id,
    list_departments,
    read_department,
)
from ledger.actions.issuers import (
    change_mandate,
    declare_compromise,
    register_department,
    rotate_seal_key,
)
from ledger.errors import ConflictError, NotFoundError
from ledger.identifiers import RegionCode, Uscc
from tests.ledger.actions.homes import (
    CHONGQING,
    HOUSING,
    HOUSING_NAME,
    SICHUAN,
    TRANSPORT,
    TYPE,
    Ledger,
)

HERE = RegionCode.parse("500000")
THEIRS = Uscc.build("11510000000000001")


def test_every_member_lists_the_departments_of_all(admitted: Ledger, tmp_path: Path) -> None:
    ledger = admitted.copy(tmp_path / "ledger")
    with ledger.open(SICHUAN) as home:
        register_department(home, THEIRS, "四川某厅（虚构）", RegionCode.parse("510000"))
        home.sync_index()
        listed = list_departments(home.index)
        assert listed == [read_department(home.index, issuer) for issuer in (HOUSING, THEIRS)]
    assert [(each.name, each.member) for each in listed] == [
        (HOUSING_NAME, str(CHONGQING)),
        ("四川某厅（虚构）", str(SICHUAN)),
    ]
    with ledger.open() as home:
        home.sync_index()
        assert list_departments(home.index) == listed


def test_a_departments_keys_tell_when_they_ended_and_since_when_they_are_compromised(
    ledger: Ledger,
) -> None:
    with ledger.open() as home:
        home.sync_index()
        (first,) = read_department(home.index, HOUSING).seal_keys
        new = rotate_seal_key(home, HOUSING).key_id
        declare_compromise(home, HOUSING, first.key_id, 7)
        change_mandate(home, HOUSING, TYPE, valid_from_unix=1, valid_until_unix=2)
        home.sync_index()
        department = read_department(home.index, HOUSING)
        on_chain = [home.gateway.seal_key(HOUSING, key.key_id) for key in department.seal_keys]
    old, current = department.seal_keys
    assert (old.key_id, current.key_id) == (first.key_id, new)
    assert [key.valid_until_unix for key in (old, current)] == [k.valid_until for k in on_chain]
    assert [key.valid_from_unix for key in (old, current)] == [k.valid_from for k in on_chain]
    assert old.valid_until_unix < first.valid_until_unix
    assert (old.compromised_since_unix, current.compromised_since_unix) == (7, None)
    (mandate,) = department.mandates
    assert (mandate.valid_from_unix, mandate.valid_until_unix) == (1, 2)


def test_a_department_that_the_log_does_not_have_is_not_found(ledger: Ledger) -> None:
    with ledger.open() as home, pytest.raises(NotFoundError, match=str(TRANSPORT)) as missing:
        read_department(home.index, TRANSPORT)
    assert (missing.value.code, missing.value.field) == ("issuer_unknown", "issuer")


def department_with(*key_ids: bytes) -> Department:
    keys = tuple(SealKeyView(key_id, 1, 2, None) for key_id in key_ids)
    return Department(HOUSING, str(CHONGQING), HOUSING_NAME, HERE, keys, ())


def test_a_key_is_found_by_the_beginning_of_its_id() -> None:
    first, second = b"\xab\xcd" + bytes(30), b"\xab\xce" + bytes(30)
    department = department_with(first, second)
    for prefix in ("abcd", "ABCD", first.hex()):
        assert find_key_id(department, prefix) == first
    with pytest.raises(ConflictError, match="2 seal keys begin with 'abc'") as refusal:
        find_key_id(department, "abc")
    assert (refusal.value.code, refusal.value.field) == ("seal_key_ambiguous", "key")


@pytest.mark.parametrize("prefix", ["", "ff", "xyz"])
def test_of_a_key_that_is_not_there_those_that_are_are_listed(prefix: str) -> None:
    key_id = b"\xab" * 32
    with pytest.raises(NotFoundError, match="it has abababababababab") as missing:
        find_key_id(department_with(key_id), prefix)
    assert (missing.value.code, missing.value.field) == ("seal_key_unknown", "key")
    assert repr(prefix) in missing.value.message
    with pytest.raises(NotFoundError, match="it has none"):
        find_key_id(department_with(), prefix)
