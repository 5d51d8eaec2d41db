"""Nothing counts before its block is final, and what a re-organisation takes away is sent again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain import following
from ledger.chain.accounts import Call, OperatorAccount
from ledger.chain.client import Respond
from ledger.chain.finality import INSTANT, Finality
from ledger.chain.submitter import Receipt
from ledger.config import CONFIG_NAME, Config
from ledger.errors import ChainUnavailableError, MalformedInputError
from ledger.workspace import Workspace
from local_chain.embedded import EmbeddedChain
from tests.ledger.chain.acts import (
    Act,
    Crowd,
    count_anchored,
    make_submitter,
    unresolved,
    wait_until,
)
from tests.ledger.chain.faulty_node import answer, stand_between
from tests.support.consortium import Consortium, anchor


@pytest.mark.parametrize(
    ("text", "finality"),
    [
        ("", INSTANT),
        ("instant", INSTANT),
        ("tag:safe", Finality(tag="safe")),
        ("tag:finalized", Finality(tag="finalized")),
        ("confirmations:12", Finality(confirmations=12)),
    ],
)
def test_settings_of_finality_are_read(text: str, finality: Finality) -> None:
    assert Finality.parse(text) == finality
    assert Finality.parse(str(finality)) == finality


@pytest.mark.parametrize(
    "text",
    [
        "tag:",
        "tag:latest",
        "confirmations:0",
        "confirmations:-1",
        "confirmations:¹",
        "confirmations:10001",
        "confirmations: 3",
        "soon",
        "INSTANT",
    ],
)
def test_other_settings_are_refused(text: str) -> None:
    with pytest.raises(MalformedInputError, match="expected instant, tag:finalized"):
        Finality.parse(text)


def demand(consortium: Consortium, finality: str) -> None:
    path = consortium.home() / CONFIG_NAME
    replace(Config.load(path), finality=finality).store(path)


def grow(respond: Respond, chain_id: int, blocks: int) -> None:
    """Somebody else's transactions, a block each."""
    for _ in range(blocks):
        account = OperatorAccount(secrets.token_bytes(32))
        signed = account.sign(Call(account.address, b""), nonce=0, gas=21_000, chain_id=chain_id)
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction"}
        assert "result" in respond(request | {"params": [f"0x{signed.raw.hex()}"]})  # type: ignore[operator]
        number = {"jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionReceipt"}
        sought = [f"0x{signed.transaction_hash.hex()}"]
        wait_until(lambda: respond(number | {"params": sought})["result"] is not None)  # type: ignore[index]  # noqa: B023


@pytest.fixture
def workspace(consortium: Consortium) -> Iterator[Workspace]:
    demand(consortium, "confirmations:2")
    with consortium.open() as opened:
        opened.submitter  # noqa: B018 - opens the vault, and with it the outbox
        yield opened


def test_head_and_index_stay_behind_what_is_not_final(workspace: Workspace) -> None:
    gateway = workspace.gateway
    respond, chain_id = gateway.client._respond, gateway.chain_id
    grow(respond, chain_id, 2)
    size = workspace.sync_index().size
    newest = gateway.newest().block_number
    assert gateway.head().block_number == gateway.final_block_number() == newest - 2
    crowd = Crowd([Act(workspace)], workspace.submitter)
    wait_until(lambda: gateway.newest().block_number > newest)
    assert workspace.sync_index().size == size
    assert not crowd.results
    grow(respond, chain_id, 2)
    [receipt] = crowd.wait().values()
    assert isinstance(receipt, Receipt)
    assert workspace.sync_index().size == size + 1


def test_receipt_counts_once_its_block_is_final(workspace: Workspace) -> None:
    hasty, act = make_submitter(workspace, timeout_s=0.3), Act(workspace)
    with pytest.raises(ChainUnavailableError) as caught:
        act.submit(hasty)
    assert caught.value.code == "outcome_unknown"
    assert count_anchored(workspace, [act]) == [1]
    assert len(unresolved(workspace)) == 1
    grow(workspace.gateway.client._respond, workspace.gateway.chain_id, 2)
    assert len(hasty.resolve_unfinished()) == 1
    assert unresolved(workspace) == []


def test_act_that_a_reorganisation_took_away_is_sent_again(
    workspace: Workspace, consortium: Consortium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "CARE_S", 0.1)
    fork = consortium.copy(tmp_path / "fork")
    node, chain_id = stand_between(workspace), workspace.gateway.chain_id
    act, before = Act(workspace), workspace.gateway.newest().block_number
    with EmbeddedChain.open(fork.chain) as other:
        grow(other.respond, chain_id, 2)
        crowd = Crowd([act], workspace.submitter)
        wait_until(lambda: workspace.gateway.newest().block_number > before)
        assert count_anchored(workspace, [act]) == [1]
        node._respond = other.respond
        assert count_anchored(workspace, [act]) == [0]
        wait_until(lambda: count_anchored(workspace, [act]) == [1])
        assert not crowd.results
        grow(other.respond, chain_id, 2)
        [receipt] = crowd.wait().values()
        assert isinstance(receipt, Receipt)
        assert receipt.block_number > before + 2
        assert workspace.sync_index().size == workspace.gateway.log_size()


def test_tag_of_the_engine_is_followed(consortium: Consortium) -> None:
    demand(consortium, "tag:finalized")
    with consortium.open() as workspace:
        node = stand_between(workspace)
        head = workspace.gateway.newest().block_number

        def name(request: dict, respond: Respond) -> object:
            tag = request["params"][0]
            final = hex(head - 1) if tag == "finalized" else tag
            return respond(request | {"params": [final, False]})

        node.faults["eth_getBlockByNumber"] = name
        assert workspace.gateway.head().block_number == head - 1
        assert workspace.gateway.final_block_number() == head - 1
        node.faults["eth_getBlockByNumber"] = answer(None)
        with pytest.raises(ChainUnavailableError):
            workspace.gateway.head()


def test_engine_that_is_final_at_once_is_not_asked_what_is_final(consortium: Consortium) -> None:
    with consortium.open() as workspace:
        assert workspace.gateway.final_block_number() is None
        anchor(workspace)
        assert workspace.gateway.head().block_number == workspace.gateway.newest().block_number
