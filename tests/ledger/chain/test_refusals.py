"""Engines word a refusal differently; what the contract said comes out the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from ledger.chain.refusals import to_error, translate_errors
from ledger.errors import ChainUnavailableError, LedgerError, NotAuthorizedError, StorageError
from ledger.records import IssuerNotMandatedError
from local_chain.embedded import (
    ChainClosedError,
    ChainDamagedError,
    ChainInUseError,
    ChainMismatchError,
    ChainStorageError,
    LockHolder,
)
from tests.support.consortium import ISSUER, SAFETY_STAFF

REFUSAL = IssuerNotMandatedError(ISSUER, SAFETY_STAFF, 1_700_000_000)
DATA = "0x" + REFUSAL.encode().hex()


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted", "data": DATA},  # geth, the embedded chain
        {"code": 3, "message": "execution reverted: custom error 0x1", "data": DATA},  # anvil
        {"code": -32000, "message": "Execution reverted", "data": DATA},  # Besu
        {"code": -32000, "message": "evm: execution reverted", "data": DATA},  # Klaytn
    ],
)
def test_revert_becomes_the_contracts_own_error(error: dict[str, object]) -> None:
    found = to_error(error, "trying anchorBatch")
    assert isinstance(found, IssuerNotMandatedError)
    assert isinstance(found, NotAuthorizedError)
    assert (found.issuer, found.certificate_type, found.at_unix) == (
        ISSUER,
        SAFETY_STAFF,
        1_700_000_000,
    )


@pytest.mark.parametrize("data", [None, "", "0x", "0xzz", "no", 5, {}, "0x01020304", DATA[:-2]])
def test_revert_without_readable_reason_is_a_refusal_all_the_same(data: object) -> None:
    found = to_error({"code": 3, "message": "execution reverted", "data": data}, "trying")
    assert type(found) is LedgerError
    assert found.code == "contract_refused"


@pytest.mark.parametrize(
    "error",
    [
        {"code": -32000, "message": "header not found"},
        {"code": -32005, "message": "limit exceeded"},
        {"code": -32601},
        "Unauthorized",
        ["?"],
    ],
)
def test_other_error_is_an_unavailable_chain_and_says_what_was_asked(error: object) -> None:
    found = to_error(error, "asking root")
    assert isinstance(found, ChainUnavailableError)
    assert found.code == "chain_refused"
    assert found.message.startswith("while asking root: ")


HERE = Path("/chain")


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (ChainInUseError(HERE, LockHolder(42, "zhenglian", None), 1.0), "chain", "chain_in_use"),
        (ChainStorageError("disk full"), "storage", "chain_storage"),
        (ChainDamagedError("no head"), "storage", "chain_storage"),
        (ChainMismatchError("chain id"), "storage", "chain_storage"),
        (ChainClosedError("closed"), "chain", "chain_unavailable"),
        (ConnectionRefusedError("refused"), "chain", "chain_unavailable"),
        (requests.Timeout("30 s"), "chain", "chain_unavailable"),
        (TimeoutError("30 s"), "chain", "chain_unavailable"),
    ],
)
def test_failures_on_the_way_are_told_apart(raised: Exception, kind: str, code: str) -> None:
    expected = ChainUnavailableError if kind == "chain" else StorageError
    with (
        pytest.raises(expected, match=re.escape(str(raised))) as caught,
        translate_errors("asking"),
    ):
        raise raised
    assert caught.value.code == code
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("raised", [REFUSAL, KeyError("a mistake of ours"), ValueError("another")])
def test_what_is_no_failure_of_the_chain_passes_as_it_is(raised: Exception) -> None:
    with pytest.raises(type(raised)) as caught, translate_errors("asking"):
        raise raised
    assert caught.value is raised
