"""Calls are encoded as the compiler's ABI says; what is not so encoded is refused."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from eth_utils.abi import function_signature_to_4byte_selector

from ledger.chain.artifacts import MODULE_NAMES, Artifact, load_artifact
from ledger.records import EVENTS_BY_TOPIC, BatchStatement, Signature, StatusStatement, WordChange
from tests.support.consortium import ISSUER, SAFETY_STAFF

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from web3 import Web3

NAMES = ("EntryLog", "Consortium", *MODULE_NAMES)
BATCH = BatchStatement(ISSUER, b"k" * 32, SAFETY_STAFF, b"b" * 32, b"r" * 32, 128, 1 << 33)
STATUS = StatusStatement(
    ISSUER,
    b"k" * 32,
    b"b" * 32,
    1,
    2,
    20261122,
    bytes(32),
    "《某规定》第一条",
    (WordChange(0, bytes(32), b"\1" * 32), WordChange(3, b"\1" * 32, b"\2" * 32)),
)
SEAL = Signature(1, b"r" * 32, b"s" * 32)


def theirs(artifact: Artifact) -> Any:
    return Web3().eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)


@pytest.mark.parametrize(
    ("name", "function", "arguments"),
    [
        ("CertificateLedger", "anchorBatch", (BATCH.to_abi(), SEAL.to_abi())),
        ("CertificateLedger", "changeStatus", (STATUS.to_abi(), SEAL.to_abi())),
        ("CertificateLedger", "statusWord", (b"b" * 32, 511)),
        ("Consortium", "activeMembers", ()),
        ("Consortium", "execute", (b"p" * 32, b"payload")),
    ],
)
def test_calls_are_encoded_as_web3_encodes_them(
    name: str, function: str, arguments: tuple[Any, ...]
) -> None:
    artifact = load_artifact(name)
    expected = theirs(artifact).encode_abi(function, args=list(arguments))
    assert f"0x{artifact.encode_call(function, arguments).hex()}" == expected


@pytest.mark.parametrize("name", ["EntryLog", *MODULE_NAMES])
def test_creation_is_bytecode_and_encoded_arguments(name: str) -> None:
    address = "0x" + "11" * 20
    arguments = (address, 0, []) if name == "EntryLog" else (address, address)
    artifact = load_artifact(name)
    creation = artifact.encode_creation(arguments)
    assert creation.startswith(artifact.bytecode)
    expected = theirs(artifact).constructor(*arguments).data_in_transaction
    assert f"0x{creation.hex()}" == expected


@pytest.mark.parametrize("name", NAMES)
def test_no_function_is_overloaded_and_every_event_is_known(name: str) -> None:
    artifact = load_artifact(name)
    functions = [entry["name"] for entry in artifact.abi if entry["type"] == "function"]
    assert len(functions) == len(set(functions))
    assert set(artifact.event_topics) <= set(EVENTS_BY_TOPIC)


def test_selector_is_of_the_canonical_signature() -> None:
    data = load_artifact("IssuerRegistry").encode_call("sealKey", (ISSUER.to_chain(), bytes(32)))
    assert data[:4] == function_signature_to_4byte_selector("sealKey(bytes18,bytes32)")


@pytest.mark.parametrize(
    "arguments", [(), (b"b" * 32,), (b"b" * 33, 1), (b"b" * 32, -1), (b"b" * 32, 1 << 16), (1, 1)]
)
def test_arguments_of_another_shape_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_artifact("CertificateLedger").encode_call("statusWord", arguments)


def test_unknown_function_is_refused() -> None:
    with pytest.raises(KeyError, match="CertificateLedger has no function burn"):
        load_artifact("CertificateLedger").encode_call("burn", ())


@pytest.mark.parametrize("data", [b"", b"\1", b"\xff" * 32])
def test_answer_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_artifact("IssuerRegistry").decode_answer("isMandatedAt", data)
