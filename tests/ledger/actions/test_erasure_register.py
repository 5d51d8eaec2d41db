"""The register of erasures is read as it was written, and only by the home it is of."""

from __future__ import annotations

import json

import pytest

from ledger.actions.erasure_register import (
    RegisterFile,
    encode_register,
    export_register,
    parse_register,
    require_register_of,
)
from ledger.errors import ConflictError, MalformedInputError
from ledger.vault.erasures import Erasure
from tests.ledger.actions.homes import CHONGQING, Ledger, identify

ERASURES = (Erasure(str(identify(1)), 5, "持证人申请"), Erasure(str(identify(2)), 6, "two\nlines"))
REGISTER = RegisterFile("ab" * 32, CHONGQING, 7, ERASURES)


def test_register_is_read_as_it_was_written() -> None:
    assert parse_register(encode_register(REGISTER)) == REGISTER


def test_export_has_every_erasure_of_the_home(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        workspace.vault.erasures.reapply(ERASURES)
        register = export_register(workspace)
        assert register.erasures == ERASURES
        assert register.ledger_id == workspace.gateway.ledger_id.hex()
        require_register_of(workspace.config, register)


@pytest.mark.parametrize("change", [{"member": "510000"}, {"ledger_id": "00" * 32}])
def test_register_of_another_member_or_ledger_is_refused(
    ledger: Ledger, change: dict[str, str]
) -> None:
    with ledger.open() as workspace:
        assert workspace.gateway.ledger_id
        written = json.loads(encode_register(export_register(workspace)))
        register = parse_register(json.dumps(written | change).encode())
        with pytest.raises(ConflictError) as refusal:
            require_register_of(workspace.config, register)
    assert refusal.value.code == "register_of_another"


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{}", b"null", b"\xff"),
        encode_register(REGISTER)[:-20],
        encode_register(REGISTER).replace(b"erasures/1", b"erasures/2"),
        encode_register(REGISTER).replace(b": 5", b': "5"'),
        encode_register(REGISTER).replace(b'"reason"', b'"because"'),
        encode_register(REGISTER).replace(b"500000", b"5000"),
    ],
)
def test_bytes_that_are_no_register_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_register(data)
    assert refusal.value.code == "register_malformed"
