"""Statement digests against eth_account, which implements EIP-712 on its own.

Its types are read from the compiler's ABI rather than from the generated classes.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_hash.backends.pysha3 import keccak256
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import records
from ledger.abi import Statement
from ledger.errors import MalformedInputError
from ledger.formats import statements
from ledger.identifiers import MemberId
from tests.support.contract_abi import walk_structs
from tests.support.record_strategies import records as any_record

LEDGER_ID = bytes(range(32))
STATEMENTS: list[type[Statement]] = [
    value
    for value in vars(records).values()
    if isinstance(value, type) and issubclass(value, Statement)
]
STRUCTS = dict(walk_structs())


def typed_data_types(name: str) -> dict[str, list[dict[str, str]]]:
    """The EIP-712 types of a struct and of those it refers to."""
    types: dict[str, list[dict[str, str]]] = {name: []}
    for part in STRUCTS[name]:
        kind = str(part["type"])
        if kind.startswith("tuple"):
            inner = part["internalType"].removeprefix("struct ").removesuffix("[]")
            types |= typed_data_types(inner)
            kind = inner + kind.removeprefix("tuple")
        types[name].append({"name": part["name"], "type": kind})
    return types


def as_message(components: list[dict[str, Any]], plain: Any) -> dict[str, Any]:
    """Plain nested tuples as the dictionary that eth_account takes."""
    message = {}
    for part, value in zip(components, plain, strict=True):
        if part["type"] == "tuple":
            value = as_message(part["components"], value)
        elif part["type"] == "tuple[]":
            value = [as_message(part["components"], element) for element in value]
        message[part["name"]] = value
    return message


def independent_digest(statement: Any, ledger_id: bytes) -> bytes:
    name = type(statement).__name__
    signable = encode_typed_data(
        domain_data={"name": "Zhenglian", "version": "1", "salt": ledger_id},
        message_types=typed_data_types(name),
        message_data=as_message(STRUCTS[name], statement.to_abi()),
    )
    return keccak256(b"\x19" + signable.version + signable.header + signable.body)


def test_there_are_statements_of_every_act() -> None:
    assert len(STATEMENTS) >= 12


@pytest.mark.parametrize("cls", STATEMENTS)
@settings(max_examples=20)
@given(data=st.data())
def test_digests_are_those_of_an_independent_implementation(
    cls: type[Statement], data: st.DataObject
) -> None:
    statement = data.draw(any_record(cls))
    ledger_id = data.draw(st.binary(min_size=32, max_size=32))

    assert statements.compute_digest(statement, ledger_id) == independent_digest(
        statement, ledger_id
    )


def test_the_domain_separator_follows_from_its_type_string() -> None:
    expected = keccak256(
        keccak256(b"EIP712Domain(string name,string version,bytes32 salt)")
        + keccak256(b"Zhenglian")
        + keccak256(b"1")
        + LEDGER_ID
    )

    assert statements.compute_domain_separator(LEDGER_ID) == expected


def test_type_strings_append_referenced_structs_by_name() -> None:
    assert records.FoundingStatement.EIP712_TYPE == (
        "FoundingStatement(Admission founder)"
        "Admission(bytes18 member,string name,MemberKeys keys)"
        "MemberKeys(uint16 suite,bytes32 authorityX,bytes32 authorityY,bytes32 caFingerprint,"
        "bytes32 checkpointKey,bytes32 encryptionX,bytes32 encryptionY,address validator)"
    )
    assert records.StatusStatement.EIP712_TYPE.endswith(
        "WordChange[] changes)WordChange(uint16 index,bytes32 wordBefore,bytes32 wordAfter)"
    )


VOTE = records.VoteStatement(MemberId.parse("500000"), bytes(32), True, 1)


def test_a_digest_is_bound_to_its_ledger() -> None:
    digests = {statements.compute_digest(VOTE, bytes([n]) * 32) for n in range(3)}

    assert len(digests) == 3


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("member", MemberId.parse("510000")),
        ("proposal_id", b"\x01" * 32),
        ("approve", False),
        ("sequence", 2),
    ],
)
def test_every_member_of_a_statement_counts(member: str, value: object) -> None:
    changed = dataclasses.replace(VOTE, **{member: value})

    assert statements.compute_digest(changed, LEDGER_ID) != statements.compute_digest(
        VOTE, LEDGER_ID
    )


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_ledger_id_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(MalformedInputError, match="ledger id of 32 bytes"):
        statements.compute_digest(VOTE, bytes(size))
